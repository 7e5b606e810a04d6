/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/alibaba.h"
#include "importers/frame/cell.h"

#define SECONDS_MAX INT64_C(10000000000) /* three centuries: a damaged row */
#define DEVICES_MAX 100000

enum field { NAME, NUM_GPU, GPU_MILLI, GPU_SPEC, CREATION, DELETION, SCHEDULED, FIELDS };
static const struct ts_field fields[FIELDS] = {
	[NAME] = {"name", true},
	[NUM_GPU] = {"num_gpu", true},
	[GPU_MILLI] = {"gpu_milli", true},
	[GPU_SPEC] = {"gpu_spec", true},
	[CREATION] = {"creation_time", true},
	[DELETION] = {"deletion_time", true},
	[SCHEDULED] = {"scheduled_time", true},
};

struct alibaba {
	const struct ts_source_options *options;
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

/* Thousandths of a device: the fraction counts only for a pod of one GPU. */
static bool read_devices(const struct ts_item *item, int64_t *milli, struct ts_row *row)
{
	int64_t devices = 0;
	int64_t fraction = 0;
	if (!ts_cell_number(item, fields, NUM_GPU, 0, 0, DEVICES_MAX, &devices, row))
		return false;
	if (devices == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_gpu", "num_gpu 0");
		return false;
	}
	if (!ts_cell_number(item, fields, GPU_MILLI, 0, 0, 1000, &fraction, row))
		return false;
	*milli = devices == 1 ? fraction : devices * 1000;
	if (*milli == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "fraction_zero", "num_gpu 1, gpu_milli 0");
		return false;
	}
	return true;
}

static enum ts_err alibaba_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct alibaba *alibaba = state;
	const struct ts_source_options *options = alibaba->options;
	const struct ts_str *cells = item->cells;
	int64_t milli = 0;
	int64_t scheduled_s = 0;
	int64_t deletion_s = 0;
	(void)why;
	if (!read_devices(item, &milli, row))
		return TS_OK;
	if (cells[SCHEDULED].len == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "never_scheduled", "no scheduled_time");
		return TS_OK;
	}
	if (!ts_cell_number(item, fields, SCHEDULED, 0, 0, SECONDS_MAX, &scheduled_s, row))
		return TS_OK;
	if (cells[DELETION].len == 0) {
		ts_row_judge(row, TS_ROW_PENDING, "not_ended", "no deletion_time");
		return TS_OK;
	}
	if (!ts_cell_number(item, fields, DELETION, 0, 0, SECONDS_MAX, &deletion_s, row))
		return TS_OK;
	int64_t start_ms = options->epoch_ms + scheduled_s * 1000;
	int64_t end_ms = options->epoch_ms + deletion_s * 1000;
	if (!ts_row_span(start_ms, end_ms, row))
		return TS_OK;
	const char *account = options->account ? options->account : "";
	struct ts_str sku = cells[GPU_SPEC].len ? cells[GPU_SPEC] : ts_str(options->sku);
	ts_row_accept(row);
	const struct ts_usage use = {
		.start_ms = start_ms,
		.end_ms = end_ms,
		.sku = ts_row_token(row, sku),
		.class = ts_row_token(row, ts_str(options->class)),
		.workload = ts_row_token(row, cells[NAME]),
		.resource = TS_STR("-"),
		.account = ts_row_token(row, ts_str(account)),
	};
	const struct ts_str key[] = {TS_STR("alibaba-gpu"), cells[NAME], cells[CREATION]};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	if (row->verdict == TS_ROW_ACCEPTED)
		ts_row_add(row, &use, milli, use.end_ms - use.start_ms);
	return TS_OK;
}

static const struct ts_form forms[] = {
	{
		.kind = TS_FORM_TABLE,
		.fields = fields,
		.fields_n = FIELDS,
		.separators = ",",
		.flags = TS_TABLE_QUOTED,
		.row = alibaba_row,
	},
};

const struct ts_source ts_alibaba_source = {
	.name = "alibaba-gpu",
	.summary = "pod list of Alibaba's cluster-trace-gpu-v2023 (CSV under a heading)",
	.time_note = "times are seconds from an epoch that --epoch sets",
	.relative = true,
	.forms = forms,
	.forms_n = sizeof(forms) / sizeof(forms[0]),
	.open = alibaba_open,
};
