/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_KUBERNETES_H
#define TS_IMPORTERS_SOURCE_KUBERNETES_H
/* Why: what a pod holds of a cluster's accelerators is what its containers request while it runs;
 * kube-state-metrics says so, Prometheus keeps it, and query_range hands it over. Held time is
 * billed, used or not. Rows are cut at UTC hours, so that queries of whole hours may overlap. */
#include "importers/frame/source.h"

extern const struct ts_source ts_kubernetes_source;

#endif
