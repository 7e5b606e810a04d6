/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_ALIBABA_H
#define TS_IMPORTERS_SOURCE_ALIBABA_H
/* Why: the pod list of Alibaba's cluster-trace-gpu-v2023 (CSV under a heading): a public trace of a
 * shared cluster with fractions of GPUs. Times are seconds from an unnamed zero, which the option
 * epoch_ms pins. A pod holds gpu_milli of one GPU, or num_gpu whole ones, from scheduled_time to
 * deletion_time; docs/formats/importers.md, "alibaba-gpu". */
#include "importers/frame/source.h"

extern const struct ts_source ts_alibaba_source;

#endif
