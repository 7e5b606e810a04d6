/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/prom.h"
#include <string.h>

struct ts_str ts_prom_label(const struct ts_prom_series *series, const char *names)
{
	struct ts_str rest = ts_str(names);
	while (rest.at) {
		struct ts_str name = ts_str_cut(&rest, '|');
		for (const struct ts_node *at = series->metric ? series->metric->first : NULL; at;
			at = at->next)
			if (ts_str_eq(at->name, name) && at->text.len)
				return ts_node_text(at);
	}
	return (struct ts_str){0};
}

static bool read_sample(const struct ts_node *node, struct ts_prom_sample *out, struct ts_row *row)
{
	const struct ts_node *time = node->kind == TS_NODE_ARRAY ? node->first : NULL;
	const struct ts_node *value = time ? time->next : NULL;
	struct ts_str text = ts_node_text(time);
	if (!value || value->next || ts_stamp(text, TS_STAMP_EPOCH_S, &out->at_ms) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "time_malformed",
			"a sample is [seconds, value]: \"%.*s\"", TS_SHOW(text));
		return false;
	}
	out->value = ts_node_text(value);
	return true;
}

/* Samples lie on the grid of the query; gaps are whole steps. */
static bool check_step(struct ts_prom_series *series, int64_t step_ms, struct ts_row *row)
{
	int64_t smallest = 0;
	for (size_t i = 1; i < series->n; i++) {
		int64_t apart = series->samples[i].at_ms - series->samples[i - 1].at_ms;
		if (apart <= 0) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "samples_unordered",
				"a sample at %lld ms is not after the one before",
				(long long)series->samples[i].at_ms);
			return false;
		}
		if (smallest == 0 || apart < smallest)
			smallest = apart;
	}
	series->step_ms = step_ms ? step_ms : smallest;
	bool wrong = series->step_ms && step_ms && smallest && smallest < step_ms;
	for (size_t i = 1; i < series->n && !wrong; i++)
		wrong = (series->samples[i].at_ms - series->samples[i - 1].at_ms) %
				series->step_ms !=
			0;
	/* Never two in a row: the step that was given is too small. */
	wrong = wrong || (step_ms && series->n > 2 && smallest > step_ms);
	if (!wrong)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED, "step_mismatch",
		"samples %lld ms apart at the least, step %lld ms", (long long)smallest,
		(long long)series->step_ms);
	return false;
}

bool ts_prom_read(
	const struct ts_item *item, int64_t step_ms, struct ts_prom_series *out, struct ts_row *row)
{
	const struct ts_node *values = ts_node_get(item->tree, "values");
	const struct ts_node *single = ts_node_get(item->tree, "value");
	size_t n = values ? values->n : single != NULL;
	*out = (struct ts_prom_series){.metric = ts_node_get(item->tree, "metric")};
	if (!out->metric || out->metric->kind != TS_NODE_OBJECT || n == 0 ||
		(values && values->kind != TS_NODE_ARRAY)) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "field_missing", "no metric, or no values");
		return false;
	}
	out->name = ts_prom_label(out, "__name__");
	out->samples = ts_region_array(item->region, n, sizeof(*out->samples));
	if (!out->samples) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "item_too_large", "%zu samples", n);
		return false;
	}
	if (!values)
		return read_sample(single, &out->samples[out->n++], row) &&
		       check_step(out, step_ms, row);
	for (const struct ts_node *at = values->first; at; at = at->next)
		if (!read_sample(at, &out->samples[out->n++], row))
			return false;
	return check_step(out, step_ms, row);
}

void ts_prom_hold(
	struct ts_prom_held *list, size_t *n, int64_t start_ms, int64_t end_ms, int64_t count)
{
	const int64_t hour_ms = 3600000;
	while (start_ms < end_ms) {
		int64_t cut_ms = start_ms / hour_ms * hour_ms + hour_ms;
		int64_t stop_ms = cut_ms < end_ms ? cut_ms : end_ms;
		struct ts_prom_held *last = *n ? &list[*n - 1] : NULL;
		if (last && last->end_ms == start_ms && last->count == count &&
			start_ms % hour_ms != 0)
			last->end_ms = stop_ms;
		else
			list[(*n)++] = (struct ts_prom_held){start_ms, stop_ms, count};
		start_ms = stop_ms;
	}
}

enum ts_err ts_prom_member(
	void *state, struct ts_str path, const struct ts_node *node, struct ts_why *why)
{
	struct ts_str text = ts_node_text(node);
	(void)state;
	if (ts_str_is(path, "status") && !ts_str_is(text, "success"))
		return ts_why(why, TS_E_INVALID, "status", "\"%.*s\": not the answer of a query",
			TS_SHOW(text));
	if (ts_str_is(path, "data.resultType") && !ts_str_is(text, "matrix") &&
		!ts_str_is(text, "vector"))
		return ts_why(why, TS_E_INVALID, "data.resultType",
			"\"%.*s\" is not matrix or vector", TS_SHOW(text));
	return TS_OK;
}

enum ts_err ts_prom_step(const struct ts_source_options *options, int64_t *ms, struct ts_why *why)
{
	const char *text = ts_source_setting(options, "step");
	int64_t seconds = 0;
	*ms = 0;
	if (!text)
		return TS_OK;
	if (ts_text_u63(ts_str(text), &seconds) != TS_OK || seconds < 1 ||
		seconds > TS_PROM_STEP_MS_MAX / 1000)
		return ts_why(why, TS_E_INVALID, "step", "\"%s\" is not 1 to %d seconds", text,
			TS_PROM_STEP_MS_MAX / 1000);
	*ms = seconds * 1000;
	return TS_OK;
}
