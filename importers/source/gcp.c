/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/gcp.h"
#include "importers/frame/catalog.h"
#include "importers/source/billed.h"
#include <stdio.h>
#include <string.h>

#define CREDITS_MAX 1000
#define SERVICE_COMPUTE "6F81-5844-456A" /* Compute Engine: GPUs, TPU v5 and later */
#define SERVICE_TPU "E000-3F24-B8AA" /* Cloud TPU: v2 to v4 */

enum field {
	BILLING,
	SERVICE,
	SKU,
	TEXT,
	START,
	END,
	PROJECT,
	REGION,
	ZONE,
	EXPORTED,
	COST,
	CURRENCY,
	AMOUNT,
	UNIT,
	PRICED,
	PRICED_UNIT,
	CREDITS,
	MONTH,
	COST_TYPE,
	RESOURCE,
	RESOURCE_PATH,
	LABELS,
	FIELDS
};
static const struct ts_field fields[FIELDS] = {
	[BILLING] = {"billing_account_id", true},
	[SERVICE] = {"service.id|service_id", true},
	[SKU] = {"sku.id|sku_id", true},
	[TEXT] = {"sku.description|sku_description", true},
	[START] = {"usage_start_time", true},
	[END] = {"usage_end_time", true},
	[PROJECT] = {"project.id|project_id", false},
	[REGION] = {"location.region|location_region", false},
	[ZONE] = {"location.zone|location_zone", false},
	[EXPORTED] = {"export_time", true},
	[COST] = {"cost", true},
	[CURRENCY] = {"currency", false},
	[AMOUNT] = {"usage.amount|usage_amount", true},
	[UNIT] = {"usage.unit|usage_unit", true},
	[PRICED] = {"usage.amount_in_pricing_units|usage_amount_in_pricing_units", false},
	[PRICED_UNIT] = {"usage.pricing_unit|usage_pricing_unit", false},
	[CREDITS] = {"credits", false},
	[MONTH] = {"invoice.month|invoice_month", false},
	[COST_TYPE] = {"cost_type", false},
	[RESOURCE] = {"resource.name|resource_name", false},
	[RESOURCE_PATH] = {"resource.global_name|resource_global_name", false},
	[LABELS] = {"labels", false},
};

struct gcp {
	const struct ts_source_options *options;
	const char *label; /* whose value is the workload; NULL: none */
	int64_t after_ms; /* rows exported in (after, until] */
	int64_t until_ms;
};

static enum ts_err read_instant(
	const struct ts_source_options *options, const char *name, int64_t *ms, struct ts_why *why)
{
	const char *text = ts_source_setting(options, name);
	if (!text || ts_stamp(ts_str(text), TS_STAMP_ZONED, ms) == TS_OK)
		return TS_OK;
	return ts_why(why, TS_E_INVALID, name, "\"%s\" is no instant with a zone", text);
}

static enum ts_err gcp_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	struct gcp *gcp = ts_region_alloc(region, sizeof(*gcp));
	if (!gcp)
		return TS_E_NO_MEMORY;
	*gcp = (struct gcp){.options = options, .after_ms = INT64_MIN, .until_ms = INT64_MAX};
	gcp->label = ts_source_setting(options, "workload-label");
	TS_TRY(read_instant(options, "exported-after", &gcp->after_ms, why));
	TS_TRY(read_instant(options, "exported-until", &gcp->until_ms, why));
	*state = gcp;
	return TS_OK;
}

/* A list in the row: part of the tree, or a literal in a cell. NULL: empty; false: it is none. */
static bool read_list(const struct ts_item *item, enum field field, const char *name,
	const struct ts_node **list, struct ts_row *row)
{
	struct ts_why why = {0};
	*list = ts_node_get(item->tree, name);
	if (*list && (*list)->kind == TS_NODE_NULL)
		*list = NULL;
	if (!*list && item->cells[field].len &&
		ts_billed_literal(item->cells[field], item->region, list, &why) != TS_OK)
		*list = NULL;
	else if (!*list || (*list)->kind == TS_NODE_ARRAY)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED, "list_malformed", "%s: %.*s", name,
		TS_SHOW(item->cells[field]));
	return false;
}

struct money {
	ts_i128 cost;
	ts_i128 credits;
	ts_i128 net;
};

/* Cost, the sum of its credits, and both together; false: the row was judged. */
static bool read_money(const struct ts_item *item, struct money *money, struct ts_row *row)
{
	const struct ts_node *list = NULL;
	size_t n = 0;
	*money = (struct money){0};
	if (item->cells[COST].len == 0 ||
		ts_billed_money(item->cells[COST], &money->cost) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "number_malformed", "cost \"%.*s\"",
			TS_SHOW(item->cells[COST]));
		return false;
	}
	if (!read_list(item, CREDITS, "credits", &list, row))
		return false;
	for (const struct ts_node *at = list ? list->first : NULL; at; at = at->next) {
		struct ts_str text = ts_node_text(ts_node_get(at, "amount"));
		ts_i128 amount = 0;
		if (++n > CREDITS_MAX || ts_billed_money(text, &amount) != TS_OK ||
			ts_add128(money->credits, amount, &money->credits) != TS_OK) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "list_malformed",
				"credit %zu: amount \"%.*s\"", n, TS_SHOW(text));
			return false;
		}
	}
	if (ts_add128(money->cost, money->credits, &money->net) == TS_OK)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED, "number_out_of_range", "cost and credits");
	return false;
}

static void tell_money(const struct ts_item *item, const struct money *money, struct ts_row *row)
{
	char cost[TS_BILLED_MONEY_CHARS];
	char credits[TS_BILLED_MONEY_CHARS];
	char net[TS_BILLED_MONEY_CHARS];
	snprintf(row->detail, sizeof(row->detail), "%.*s: cost %s, credits %s, net %s %.*s",
		TS_SHOW(item->cells[TEXT]), ts_billed_show(money->cost, cost),
		ts_billed_show(money->credits, credits), ts_billed_show(money->net, net),
		TS_SHOW(item->cells[CURRENCY]));
}

/* Rows that are money only. */
static const char *money_reason(const struct ts_item *item)
{
	static const char *const types[][2] = {
		{"tax", "tax"}, {"adjustment", "adjustment"}, {"rounding_error", "rounding"}};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (ts_str_is(item->cells[COST_TYPE], types[i][0]))
			return types[i][1];
	struct ts_str text = item->cells[TEXT];
	if (text.len >= 10 && memcmp(text.at, "Commitment", 10) == 0)
		return "purchase"; /* what it covers stands in the usage rows, with a credit */
	return NULL;
}

/* By id, in any service; by description in the two that sell devices. */
static bool find_sku(const struct gcp *gcp, const struct ts_item *item, int64_t at_ms,
	const struct ts_catalog_entry **entry, struct ts_row *row)
{
	const struct ts_str *cells = item->cells;
	const struct ts_catalog *catalog = gcp->options->catalog;
	bool sells = ts_str_is(cells[SERVICE], SERVICE_COMPUTE) ||
		     ts_str_is(cells[SERVICE], SERVICE_TPU);
	bool fee = ts_billed_contains(cells[TEXT], "licensing fee");
	if (ts_catalog_find(catalog, "gcp-sku", cells[SKU], at_ms, entry) == TS_OK)
		return true;
	if (sells && !fee &&
		ts_catalog_match(catalog, "gcp-description", cells[TEXT], at_ms, entry) == TS_OK)
		return true;
	if (!fee &&
		(ts_billed_contains(cells[TEXT], "tpu") || ts_billed_contains(cells[TEXT], "gpu")))
		ts_row_judge(row, TS_ROW_QUARANTINED, "sku_unknown",
			"gcp-sku \"%.*s\" (%.*s) is not in the catalog at that time",
			TS_SHOW(cells[SKU]), TS_SHOW(cells[TEXT]));
	else
		ts_row_judge(
			row, TS_ROW_NOT_BILLABLE, "no_accelerator", "%.*s", TS_SHOW(cells[TEXT]));
	return false;
}

static struct ts_str find_class(
	const struct gcp *gcp, struct ts_str text, const struct ts_catalog_entry *entry)
{
	static const char *const words[][2] = {
		{"spot", "spot"},
		{"preemptible", "spot"},
		{"calendar", "calendar"},
		{"dws", "flex_start"},
		{"flex", "flex_start"},
		{"reserved", "reserved"},
	};
	if (entry->class.len)
		return entry->class;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (ts_billed_contains(text, words[i][0]))
			return ts_str(words[i][1]);
	return ts_str(gcp->options->class);
}

/* False: the row was judged. */
static bool in_watermarks(const struct gcp *gcp, const struct ts_item *item, struct ts_row *row)
{
	int64_t exported_ms = 0;
	if (!ts_cell_stamp(item, fields, EXPORTED, TS_STAMP_ZONED, &exported_ms, row))
		return false;
	if (exported_ms > gcp->until_ms)
		ts_row_judge(row, TS_ROW_PENDING, "after_watermark", "exported %.*s",
			TS_SHOW(item->cells[EXPORTED]));
	else if (exported_ms <= gcp->after_ms)
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "before_watermark", "exported %.*s",
			TS_SHOW(item->cells[EXPORTED]));
	else
		return true;
	return false;
}

/* usage.amount and the amount in pricing units say the same, but for a float's rounding. */
static bool agrees(const struct ts_item *item, int64_t unit_ms, struct ts_row *row)
{
	const struct ts_str *cells = item->cells;
	int64_t priced_ms = ts_billed_unit_ms(cells[PRICED_UNIT]);
	ts_i128 amount = 0;
	ts_i128 priced = 0;
	if (cells[PRICED].len == 0 || priced_ms == 0)
		return true;
	if (ts_number_rounded(cells[AMOUNT], 9, &amount) == TS_OK &&
		ts_number_rounded(cells[PRICED], 9, &priced) == TS_OK &&
		ts_mul128(amount, unit_ms, &amount) == TS_OK &&
		ts_mul128(priced, priced_ms, &priced) == TS_OK) {
		ts_i128 apart = amount > priced ? amount - priced : priced - amount;
		ts_i128 most = (amount < 0 ? -amount : amount) / 1000000;
		if (apart <= most + (ts_i128)1000 * 1000000000) /* a second */
			return true;
	}
	ts_row_judge(row, TS_ROW_QUARANTINED, "stated_mismatch", "%.*s %.*s, but %.*s %.*s",
		TS_SHOW(cells[AMOUNT]), TS_SHOW(cells[UNIT]), TS_SHOW(cells[PRICED]),
		TS_SHOW(cells[PRICED_UNIT]));
	return false;
}

/* The value of a label; empty: the row has none of that name. */
static struct ts_str find_label(const struct ts_node *labels, const char *name)
{
	for (const struct ts_node *at = labels ? labels->first : NULL; at; at = at->next)
		if (ts_str_is(ts_node_text(ts_node_get(at, "key")), name))
			return ts_node_text(ts_node_get(at, "value"));
	return ts_str("");
}

static void set_key(const struct ts_item *item, struct ts_row *row)
{
	const struct ts_str *cells = item->cells;
	const struct ts_str key[] = {TS_STR("gcp-billing"), cells[BILLING], cells[SERVICE],
		cells[SKU], cells[START], cells[END], cells[PROJECT], cells[REGION], cells[ZONE],
		cells[EXPORTED], cells[COST], cells[AMOUNT], cells[MONTH], cells[COST_TYPE],
		cells[RESOURCE], cells[RESOURCE_PATH]};
	row->repeatable = true;
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
}

static bool read_span(const struct ts_item *item, struct ts_usage *use, struct ts_row *row)
{
	return ts_cell_stamp(item, fields, START, TS_STAMP_ZONED, &use->start_ms, row) &&
	       ts_cell_stamp(item, fields, END, TS_STAMP_ZONED, &use->end_ms, row) &&
	       ts_row_span(use->start_ms, use->end_ms, row);
}

static void read_usage(const struct gcp *gcp, const struct ts_item *item, struct ts_row *row)
{
	const struct ts_str *cells = item->cells;
	const struct ts_catalog_entry *entry = NULL;
	const struct ts_node *labels = NULL;
	struct ts_usage use = {0};
	if (!read_span(item, &use, row) || !find_sku(gcp, item, use.start_ms, &entry, row) ||
		ts_billed_is_none(entry, row) || !in_watermarks(gcp, item, row))
		return;
	int64_t unit_ms = ts_billed_unit_ms(cells[UNIT]);
	if (unit_ms == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "unit_unknown", "usage unit \"%.*s\"",
			TS_SHOW(cells[UNIT]));
		return;
	}
	if (!agrees(item, unit_ms, row) ||
		(gcp->label && !read_list(item, LABELS, "labels", &labels, row)))
		return;
	ts_row_accept(row);
	use.sku = entry->sku;
	use.class = ts_row_token(row, find_class(gcp, cells[TEXT], entry));
	use.workload = ts_row_token(row, gcp->label ? find_label(labels, gcp->label) : ts_str(""));
	use.resource = ts_row_token(row, cells[RESOURCE].len ? cells[RESOURCE]
					 : cells[ZONE].len   ? cells[ZONE]
							     : cells[REGION]);
	use.account = ts_row_token(row, cells[PROJECT].len ? cells[PROJECT] : cells[BILLING]);
	if (row->verdict == TS_ROW_ACCEPTED &&
		ts_billed_add(row, &use, cells[AMOUNT], unit_ms, entry->devices_milli))
		set_key(item, row);
}

static enum ts_err gcp_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct gcp *gcp = state;
	struct money money;
	(void)why;
	if (!read_money(item, &money, row))
		return TS_OK;
	const char *reason = money_reason(item);
	if (reason)
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, reason, " ");
	else
		read_usage(gcp, item, row);
	if (row->verdict == TS_ROW_ACCEPTED || row->verdict == TS_ROW_NOT_BILLABLE)
		tell_money(item, &money, row);
	return TS_OK;
}

static const struct ts_source_value settings[] = {
	{"exported-after", "INSTANT: rows exported until then are not_billable, they were read"},
	{"exported-until", "INSTANT: rows exported later stay pending, for the next time"},
	{"workload-label", "NAME of the label whose value is the workload"},
};
static const struct ts_form forms[] = {
	{
		.kind = TS_FORM_TABLE,
		.fields = fields,
		.fields_n = FIELDS,
		.separators = ",",
		.flags = TS_TABLE_QUOTED,
		.row = gcp_row,
	},
	{
		.kind = TS_FORM_JSON,
		.fields = fields,
		.fields_n = FIELDS,
		.items = "",
		.row = gcp_row,
	},
};
const struct ts_source ts_gcp_billing_source = {
	.name = "gcp-billing",
	.summary = "Google Cloud's detailed billing export (CSV, JSON)",
	.time_note = "times carry a zone, as written",
	.forms = forms,
	.forms_n = sizeof(forms) / sizeof(forms[0]),
	.settings = settings,
	.settings_n = sizeof(settings) / sizeof(settings[0]),
	.open = gcp_open,
};
