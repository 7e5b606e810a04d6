/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/alibaba.h"
#include <string.h>

#define COLUMNS_MAX 32
#define SECONDS_MAX INT64_C(10000000000) /* three centuries: a damaged row */
#define DEVICES_MAX 100000

enum column { NAME, NUM_GPU, GPU_MILLI, GPU_SPEC, CREATION, DELETION, SCHEDULED, COLUMNS };
static const char *const column_names[COLUMNS] = {
	[NAME] = "name",
	[NUM_GPU] = "num_gpu",
	[GPU_MILLI] = "gpu_milli",
	[GPU_SPEC] = "gpu_spec",
	[CREATION] = "creation_time",
	[DELETION] = "deletion_time",
	[SCHEDULED] = "scheduled_time",
};

struct alibaba {
	const struct ts_source_options *options;
	size_t n; /* columns; 0: no heading yet */
	size_t at[COLUMNS];
};

static enum ts_err alibaba_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	(void)why;
	struct alibaba *alibaba = ts_region_alloc(region, sizeof(*alibaba));
	if (!alibaba)
		return TS_E_NO_MEMORY;
	alibaba->options = options;
	*state = alibaba;
	return TS_OK;
}

static enum ts_err set_layout(struct alibaba *alibaba, struct ts_str line, struct ts_why *why)
{
	bool found[COLUMNS] = {false};
	alibaba->n = 0;
	while (line.at) {
		struct ts_str name = ts_str_cut(&line, ',');
		if (alibaba->n == COLUMNS_MAX)
			return ts_why(
				why, TS_E_LIMIT, "columns", "more than %d columns", COLUMNS_MAX);
		for (size_t i = 0; i < COLUMNS; i++) {
			if (!ts_str_is(name, column_names[i]))
				continue;
			found[i] = true;
			alibaba->at[i] = alibaba->n;
		}
		alibaba->n++;
	}
	for (size_t i = 0; i < COLUMNS; i++)
		if (!found[i])
			return ts_why(why, TS_E_MISSING_FIELD, "columns",
				"no column %s in the heading", column_names[i]);
	return TS_OK;
}

static bool split(const struct alibaba *alibaba, struct ts_str line, struct ts_str out[COLUMNS],
	struct ts_row *row)
{
	struct ts_str cells[COLUMNS_MAX] = {{0}};
	size_t n = 0;
	while (line.at && n < alibaba->n)
		cells[n++] = ts_str_cut(&line, ',');
	if (n != alibaba->n || line.at) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "column_count", "%s than %zu columns",
			line.at ? "more" : "fewer", alibaba->n);
		return false;
	}
	for (size_t i = 0; i < COLUMNS; i++)
		out[i] = cells[alibaba->at[i]];
	return true;
}

static bool number(const struct ts_str *cells, enum column column, int64_t max, int64_t *out,
	struct ts_row *row)
{
	struct ts_str text = cells[column];
	if (ts_text_u63(text, out) == TS_OK && *out <= max)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED, "number_malformed", "%s \"%.*s\" is not 0..%lld",
		column_names[column], text.len > 60 ? 60 : (int)text.len, text.at ? text.at : "",
		(long long)max);
	return false;
}

/* Thousandths of a device: the fraction counts only for a pod of one GPU. */
static bool read_devices(const struct ts_str *cells, int64_t *milli, struct ts_row *row)
{
	int64_t devices = 0;
	int64_t fraction = 0;
	if (!number(cells, NUM_GPU, DEVICES_MAX, &devices, row))
		return false;
	if (devices == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_gpu", "num_gpu 0");
		return false;
	}
	if (!number(cells, GPU_MILLI, 1000, &fraction, row))
		return false;
	*milli = devices == 1 ? fraction : devices * 1000;
	if (*milli == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "fraction_zero", "num_gpu 1, gpu_milli 0");
		return false;
	}
	return true;
}

static enum ts_err alibaba_row(
	void *state, struct ts_str line, struct ts_row *row, struct ts_why *why)
{
	struct alibaba *alibaba = state;
	const struct ts_source_options *options = alibaba->options;
	if (alibaba->n == 0) {
		row->header = true;
		return set_layout(alibaba, line, why);
	}
	struct ts_str cells[COLUMNS];
	int64_t milli = 0;
	int64_t scheduled_s = 0;
	int64_t deletion_s = 0;
	if (!split(alibaba, line, cells, row) || !read_devices(cells, &milli, row))
		return TS_OK;
	if (cells[SCHEDULED].len == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "never_scheduled", "no scheduled_time");
		return TS_OK;
	}
	if (!number(cells, SCHEDULED, SECONDS_MAX, &scheduled_s, row))
		return TS_OK;
	if (cells[DELETION].len == 0) {
		ts_row_judge(row, TS_ROW_PENDING, "not_ended", "no deletion_time");
		return TS_OK;
	}
	if (!number(cells, DELETION, SECONDS_MAX, &deletion_s, row))
		return TS_OK;
	if (deletion_s == scheduled_s) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "zero_elapsed", "deleted when scheduled");
		return TS_OK;
	}
	if (deletion_s < scheduled_s) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "end_before_start",
			"scheduled %lld, deleted %lld", (long long)scheduled_s,
			(long long)deletion_s);
		return TS_OK;
	}
	const char *account = options->account ? options->account : "";
	struct ts_str sku = cells[GPU_SPEC].len ? cells[GPU_SPEC] : ts_str(options->sku);
	const struct ts_usage use = {
		.start_ms = options->epoch_ms + scheduled_s * 1000,
		.end_ms = options->epoch_ms + deletion_s * 1000,
		.sku = ts_row_token(row, sku),
		.class = ts_row_token(row, ts_str(options->class)),
		.workload = ts_row_token(row, cells[NAME]),
		.resource = TS_STR("-"),
		.account = ts_row_token(row, ts_str(account)),
	};
	const struct ts_str key[] = {TS_STR("alibaba-gpu"), cells[NAME], cells[CREATION]};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	row->verdict = TS_ROW_ACCEPTED;
	row->reason = "";
	ts_row_add(row, &use, milli, use.end_ms - use.start_ms);
	return TS_OK;
}

const struct ts_source ts_alibaba_source = {
	.name = "alibaba-gpu",
	.summary = "pod list of Alibaba's cluster-trace-gpu-v2023 (CSV under a heading)",
	.time_note = "times are seconds from an epoch that --epoch sets",
	.relative = true,
	.open = alibaba_open,
	.row = alibaba_row,
};
