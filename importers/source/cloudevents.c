/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/cloudevents.h"
#include "importers/frame/cell.h"
#include <string.h>

#define DEVICES_MILLI_MAX INT64_C(1000000000)

enum field {
	ID,
	SOURCE,
	SPECVERSION,
	TYPE,
	SUBJECT,
	TIME,
	CONTENT_TYPE,
	START,
	END,
	SKU,
	DEVICES,
	EXCLUDED,
	CLASS,
	WORKLOAD,
	RESOURCE,
	ACCOUNT,
	FIELDS
};
static const struct ts_field fields[FIELDS] = {
	[ID] = {"id", true},
	[SOURCE] = {"source", true},
	[SPECVERSION] = {"specversion", true},
	[TYPE] = {"type", true},
	[SUBJECT] = {"subject", false},
	[TIME] = {"time", false},
	[CONTENT_TYPE] = {"datacontenttype", false},
	[START] = {"data.start", false},
	[END] = {"data.end", false},
	[SKU] = {"data.sku", false},
	[DEVICES] = {"data.devices", false},
	[EXCLUDED] = {"data.excluded_s", false},
	[CLASS] = {"data.class", false},
	[WORKLOAD] = {"data.workload", false},
	[RESOURCE] = {"data.resource", false},
	[ACCOUNT] = {"data.account", false},
};
static const char *const data_members[] = {
	"start", "end", "sku", "devices", "excluded_s", "class", "workload", "resource", "account"};

static enum ts_err events_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	(void)why;
	const struct ts_source_options **kept = ts_region_alloc(region, sizeof(*kept));
	if (!kept)
		return TS_E_NO_MEMORY;
	*kept = options;
	*state = kept;
	return TS_OK;
}

/* The envelope: a version and type of ours, and data that is JSON with known members. */
static bool judge_envelope(const struct ts_item *item, struct ts_row *row)
{
	const struct ts_str *cells = item->cells;
	const struct ts_node *data = ts_node_get(item->tree, "data");
	if (!ts_str_is(cells[SPECVERSION], "1.0")) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "specversion_unknown",
			"specversion \"%.*s\" is not 1.0", TS_SHOW(cells[SPECVERSION]));
		return false;
	}
	if (!ts_str_is(cells[TYPE], TS_CLOUDEVENTS_TYPE)) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "other_type",
			"type \"%.*s\" is not " TS_CLOUDEVENTS_TYPE, TS_SHOW(cells[TYPE]));
		return false;
	}
	if (!data || data->kind != TS_NODE_OBJECT ||
		(cells[CONTENT_TYPE].len && !ts_str_is(cells[CONTENT_TYPE], "application/json"))) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "data_malformed",
			"data is no JSON object (data_base64 is not read)");
		return false;
	}
	for (const struct ts_node *at = data->first; at; at = at->next) {
		bool known = false;
		for (size_t i = 0; i < sizeof(data_members) / sizeof(data_members[0]); i++)
			known = known || ts_str_is(at->name, data_members[i]);
		if (known)
			continue;
		ts_row_judge(row, TS_ROW_QUARANTINED, "member_unknown",
			"data has a member \"%.*s\"", TS_SHOW(at->name));
		return false;
	}
	return true;
}

static struct ts_str either(struct ts_str a, const char *b)
{
	return a.len ? a : ts_str(b ? b : "");
}

static enum ts_err events_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct ts_source_options *const *options = state;
	const struct ts_str *cells = item->cells;
	struct ts_usage use = {0};
	int64_t milli = 0;
	int64_t excluded_ms = 0;
	(void)why;
	if (!judge_envelope(item, row) ||
		!ts_cell_stamp(item, fields, START, TS_STAMP_ZONED, &use.start_ms, row) ||
		!ts_cell_stamp(item, fields, END, TS_STAMP_ZONED, &use.end_ms, row) ||
		!ts_cell_number(item, fields, DEVICES, 3, 0, DEVICES_MILLI_MAX, &milli, row) ||
		!ts_row_span(use.start_ms, use.end_ms, row))
		return TS_OK;
	int64_t span_ms = use.end_ms - use.start_ms;
	if (cells[EXCLUDED].len &&
		!ts_cell_number(item, fields, EXCLUDED, 3, 0, span_ms, &excluded_ms, row))
		return TS_OK;
	if (milli == 0 || excluded_ms == span_ms) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "zero_elapsed",
			"no devices, or all of the time is excluded");
		return TS_OK;
	}
	ts_row_accept(row);
	use.sku = ts_row_token(row, either(cells[SKU], (*options)->sku));
	use.class = ts_row_token(row, either(cells[CLASS], (*options)->class));
	use.workload = ts_row_token(row, either(cells[WORKLOAD], NULL));
	use.resource = ts_row_token(row, either(cells[RESOURCE], NULL));
	struct ts_str account = cells[ACCOUNT].len ? cells[ACCOUNT] : cells[SUBJECT];
	use.account = ts_row_token(row, either(account, (*options)->account));
	const struct ts_str key[] = {TS_STR("cloudevents"), cells[SOURCE], cells[ID]};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	if (row->verdict == TS_ROW_ACCEPTED)
		ts_row_add(row, &use, milli, span_ms - excluded_ms);
	return TS_OK;
}

static const struct ts_form forms[] = {
	{
		.kind = TS_FORM_JSON,
		.fields = fields,
		.fields_n = FIELDS,
		.items = "",
		.row = events_row,
	},
};

const struct ts_source ts_cloudevents_source = {
	.name = "cloudevents",
	.summary = "CloudEvents 1.0 of type " TS_CLOUDEVENTS_TYPE ": one, a batch, or one a line",
	.time_note = "times carry a zone, as written",
	.forms = forms,
	.forms_n = sizeof(forms) / sizeof(forms[0]),
	.open = events_open,
};
