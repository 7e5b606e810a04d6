/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/records.h"

static enum ts_err records_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	(void)options;
	(void)region;
	(void)why;
	*state = NULL;
	return TS_OK;
}

/* Other lines of a stream belong to the agent that wrote it. */
static void judge_tag(enum ts_record_tag tag, struct ts_row *row)
{
	switch (tag) {
	case TS_RECORD_USAGE:
		return;
	case TS_RECORD_GENESIS:
	case TS_RECORD_CLOSE:
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "not_usage",
			"a line about a stream, not about usage");
		return;
	case TS_RECORD_REVERSAL:
		ts_row_judge(row, TS_ROW_QUARANTINED, "reversal",
			"names a line of another stream: reverse it there");
		return;
	}
}

static enum ts_err records_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	(void)state;
	(void)why;
	struct ts_record record;
	const char *reason = "";
	if (ts_record_parse(item->raw, &record, &reason) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "record_malformed", "%s", reason);
		return TS_OK;
	}
	if (record.tag != TS_RECORD_USAGE) {
		judge_tag(record.tag, row);
		return TS_OK;
	}
	const struct ts_usage *use = &record.usage;
	struct ts_str times = {item->raw.at, (size_t)(use->sku.at - item->raw.at)};
	const struct ts_str key[] = {TS_STR("records"), times, use->sku, use->class, use->workload,
		use->resource, use->account};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	row->uses[0] = *use;
	row->n = 1;
	ts_row_accept(row);
	return TS_OK;
}

static const struct ts_form forms[] = {{.kind = TS_FORM_LINES, .row = records_row}};

const struct ts_source ts_records_source = {
	.name = "records",
	.summary = "u1 record lines, as `tallystick simulate` writes them",
	.time_note = "times are UTC milliseconds, as written",
	.forms = forms,
	.forms_n = 1,
	.open = records_open,
};
