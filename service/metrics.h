/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_METRICS_H
#define TS_SERVICE_METRICS_H
/* Why: counters, gauges and histograms of metrics.def in Prometheus text. Series are bounded: past
 * the limit further label texts are dropped, and a counter of their own says so. */
#include "base/buf.h"
#include <stdint.h>

enum ts_metric {
#define X(name, wire, kind, help) TS_METRIC_##name,
#include "service/metrics.def"
#undef X
	TS_METRIC_COUNT
};

#define TS_METRICS_SERIES_MAX 4096
#define TS_METRICS_LABELS_MAX 160

struct ts_metrics;
struct ts_metrics *ts_metrics_create(void); /* NULL without memory */
void ts_metrics_free(struct ts_metrics *metrics); /* NULL is allowed */

/* Thread safe; metrics NULL is allowed and does nothing. labels: `route="/v1/x",code="200"` or "".
 */
void ts_metrics_add(
	struct ts_metrics *metrics, enum ts_metric metric, const char *labels, int64_t delta);
void ts_metrics_set(
	struct ts_metrics *metrics, enum ts_metric metric, const char *labels, int64_t value);
void ts_metrics_observe_us(
	struct ts_metrics *metrics, enum ts_metric metric, const char *labels, int64_t us);
int64_t ts_metrics_read(struct ts_metrics *metrics, enum ts_metric metric, const char *labels);
void ts_metrics_render(struct ts_metrics *metrics, struct ts_buf *out);

#endif
