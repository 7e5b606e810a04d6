/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_PROM_H
#define TS_IMPORTERS_SOURCE_PROM_H
/* Why: answers of Prometheus's query_range (and query) hold series of samples; what a sample says
 * until the next one depends on the step, which is a query's parameter and not in its answer. */
#include "importers/frame/cell.h"

#define TS_PROM_STEP_MS_MAX 3600000 /* coarser than an hour is no metering */

struct ts_prom_sample {
	int64_t at_ms;
	struct ts_str value; /* as sent: "8", "NaN" */
};
struct ts_prom_series {
	const struct ts_node *metric; /* its labels */
	struct ts_str name; /* __name__; empty: an expression's result */
	size_t n;
	struct ts_prom_sample *samples; /* strictly later one after another */
	int64_t step_ms; /* as given, else the smallest distance; 0: one sample, none given */
};
/* From an item of data.result. step_ms 0: none given. False: the row was judged: field_missing,
 * time_malformed, samples_unordered, step_mismatch. */
bool ts_prom_read(const struct ts_item *item, int64_t step_ms, struct ts_prom_series *out,
	struct ts_row *row);
/* The first of the labels, names with '|' between them, that is there and not empty. */
struct ts_str ts_prom_label(const struct ts_prom_series *series, const char *names);
/* Held without a change, within one hour of UTC. */
struct ts_prom_held {
	int64_t start_ms;
	int64_t end_ms;
	int64_t count;
};
/* Adds [start, end), at most a step, with a count, cut at hours: two more at the most. What goes on
 * within the hour prolongs the last one. */
void ts_prom_hold(
	struct ts_prom_held *list, size_t *n, int64_t start_ms, int64_t end_ms, int64_t count);
/* For forms: an answer that is no success, or holds no series, is refused. */
enum ts_err ts_prom_member(
	void *state, struct ts_str path, const struct ts_node *node, struct ts_why *why);
/* The setting "step" in seconds (1 to 3600) as ms; 0: not given. TS_E_INVALID. */
enum ts_err ts_prom_step(
	const struct ts_source_options *options, int64_t *ms, struct ts_why *why) TS_MUST;

#endif
