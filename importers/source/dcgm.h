/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_DCGM_H
#define TS_IMPORTERS_SOURCE_DCGM_H
/* Why: dcgm-exporter measures what devices do, not who holds them: evidence beside the allocation,
 * and never a bill by itself. A device that reports a fatal XID error while a pod or job holds it
 * is down; on request that becomes lines of an excluded class, which service credits count. */
#include "importers/frame/source.h"

extern const struct ts_source ts_dcgm_source;

#endif
