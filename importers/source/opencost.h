/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_OPENCOST_H
#define TS_IMPORTERS_SOURCE_OPENCOST_H
/* Why: OpenCost and Kubecost tell GPU hours as sampled floats: good to compare a bill with, never
 * to write one. Rows bill nothing; on request they become lines of a class that is excluded from
 * every price, in a stream of the company that compares. */
#include "importers/frame/source.h"

#define TS_OPENCOST_CLASS "excluded_reconciliation"

extern const struct ts_source ts_opencost_source;

#endif
