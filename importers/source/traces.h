/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_TRACES_H
#define TS_IMPORTERS_SOURCE_TRACES_H
/* Why: published traces of GPU clusters, for benchmarks and demonstrations: jobs of Philly with
 * their attempts, rows of Acme, and series by the minute of Philly's nodes and Helios' clusters.
 * docs/formats/importers.md says what each bills. */
#include "importers/frame/source.h"

extern const struct ts_source ts_philly_source; /* jobs (JSON) */
extern const struct ts_source ts_acme_source; /* jobs (CSV) */
extern const struct ts_source ts_series_source; /* running devices or nodes, by the minute (CSV) */

#endif
