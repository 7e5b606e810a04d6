/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/opencost.h"
#include "importers/source/billed.h"
#include <stdio.h>
#include <string.h>

#define DECIMALS 6 /* of hours: floats are noise behind */
#define HOUR_MS 3600000

struct opencost {
	const struct ts_source_options *options;
	bool reconcile;
	const struct ts_node *next; /* allocation of the set at hand */
};

static enum ts_err opencost_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	const char *reconcile = ts_source_setting(options, "reconcile");
	struct opencost *o = ts_region_alloc(region, sizeof(*o));
	if (!o)
		return TS_E_NO_MEMORY;
	if (reconcile && strcmp(reconcile, "yes") != 0 && strcmp(reconcile, "no") != 0)
		return ts_why(why, TS_E_INVALID, "reconcile", "\"%s\" is not yes or no", reconcile);
	*o = (struct opencost){
		.options = options, .reconcile = reconcile && strcmp(reconcile, "yes") == 0};
	*state = o;
	return TS_OK;
}

static enum ts_err opencost_member(
	void *state, struct ts_str path, const struct ts_node *node, struct ts_why *why)
{
	(void)state;
	if (ts_str_is(path, "code") && !ts_str_is(ts_node_text(node), "200"))
		return ts_why(why, TS_E_INVALID, "code", "\"%.*s\": not an answer",
			TS_SHOW(ts_node_text(node)));
	return TS_OK;
}

static bool read_instant(
	const struct ts_node *allocation, const char *name, int64_t *ms, struct ts_row *row)
{
	struct ts_str text = ts_node_text(ts_node_get(allocation, name));
	enum ts_err err = ts_stamp(text, TS_STAMP_ZONED, ms);
	if (err == TS_OK)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED,
		err == TS_E_RANGE ? "time_out_of_range" : "time_malformed", "%s \"%.*s\"", name,
		TS_SHOW(text));
	return false;
}

/* gpuHours, rounded, as a decimal; false: the row was judged. */
static bool read_hours(
	const struct ts_node *allocation, char out[TS_BILLED_MONEY_CHARS], struct ts_row *row)
{
	struct ts_str text = ts_node_text(ts_node_get(allocation, "gpuHours"));
	ts_i128 value = 0;
	enum ts_err err = text.len ? ts_number_rounded(text, DECIMALS, &value) : TS_OK;
	if (err != TS_OK || value < 0 || value > INT64_MAX) {
		ts_row_judge(row, TS_ROW_QUARANTINED,
			err == TS_E_MALFORMED ? "number_malformed" : "number_out_of_range",
			"gpuHours \"%.*s\"", TS_SHOW(text));
		return false;
	}
	if (value == 0) {
		ts_row_judge(
			row, TS_ROW_NOT_BILLABLE, "no_gpu", "gpuHours \"%.*s\"", TS_SHOW(text));
		return false;
	}
	snprintf(out, TS_BILLED_MONEY_CHARS, "%lld.%06lld", (long long)(value / 1000000),
		(long long)(value % 1000000));
	return true;
}

static struct ts_str property(const struct ts_node *allocation, const char *name)
{
	return ts_node_text(ts_node_get(ts_node_get(allocation, "properties"), name));
}

static void read_allocation(
	const struct opencost *o, const struct ts_node *allocation, struct ts_row *row)
{
	struct ts_usage use = {.sku = ts_str(o->options->sku), .class = TS_STR(TS_OPENCOST_CLASS)};
	struct ts_str name = allocation->name;
	char hours[TS_BILLED_MONEY_CHARS];
	if (name.len > 2 && memcmp(name.at, "__", 2) == 0) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "idle", "%.*s is nobody's", TS_SHOW(name));
		return;
	}
	if (!read_hours(allocation, hours, row) ||
		!read_instant(allocation, "start", &use.start_ms, row) ||
		!read_instant(allocation, "end", &use.end_ms, row) ||
		!ts_row_span(use.start_ms, use.end_ms, row))
		return;
	if (!o->reconcile) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "reconciliation_only",
			"%.*s: %s GPU-hours, sampled", TS_SHOW(name), hours);
		return;
	}
	ts_row_accept(row);
	use.workload = ts_row_token(row, property(allocation, "pod"));
	use.resource = ts_row_token(row, property(allocation, "node"));
	use.account = ts_row_token(row, property(allocation, "namespace"));
	const struct ts_str key[] = {TS_STR("opencost"), property(allocation, "cluster"), name,
		ts_node_text(ts_node_get(allocation, "start"))};
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
	if (row->verdict == TS_ROW_ACCEPTED)
		(void)ts_billed_add(row, &use, ts_str(hours), HOUR_MS, 1000);
}

/* An item is a set: the allocations of one window by name. */
static enum ts_err opencost_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	struct opencost *o = state;
	(void)why;
	if (item->part == 0)
		o->next = item->tree && item->tree->kind == TS_NODE_OBJECT ? item->tree->first
									   : NULL;
	if (!o->next) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_gpu", "an empty window");
		return TS_OK;
	}
	const struct ts_node *allocation = o->next;
	o->next = allocation->next;
	row->more = o->next != NULL;
	if (allocation->kind == TS_NODE_OBJECT)
		read_allocation(o, allocation, row);
	else
		ts_row_judge(row, TS_ROW_QUARANTINED, "field_missing", "%.*s is no allocation",
			TS_SHOW(allocation->name));
	return TS_OK;
}

static const struct ts_source_value settings[] = {
	{"reconcile", "yes: lines of class " TS_OPENCOST_CLASS ", to compare with a bill"},
};
static const struct ts_form forms[] = {
	{
		.kind = TS_FORM_JSON,
		.items = "data",
		.member = opencost_member,
		.row = opencost_row,
	},
};
const struct ts_source ts_opencost_source = {
	.name = "opencost",
	.summary = "OpenCost and Kubecost allocations (JSON): to reconcile, never to bill",
	.time_note = "GPU hours are sampled floats, rounded to six decimals",
	.forms = forms,
	.forms_n = 1,
	.settings = settings,
	.settings_n = sizeof(settings) / sizeof(settings[0]),
	.open = opencost_open,
};
