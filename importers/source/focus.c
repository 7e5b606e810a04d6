/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/focus.h"
#include "importers/frame/catalog.h"
#include "importers/source/aws.h"
#include "importers/source/billed.h"
#include "importers/source/focus_row.h"
#include <stdio.h>
#include <string.h>

struct focus {
	const struct ts_source_options *options;
	struct ts_focus_heading heading;
};

static enum ts_err focus_open(const struct ts_source_options *options, struct ts_region *region,
	void **state, struct ts_why *why)
{
	const char *profile = ts_source_setting(options, "profile");
	const char *version = ts_source_setting(options, "version");
	struct focus *focus = ts_region_alloc(region, sizeof(*focus));
	if (!focus)
		return TS_E_NO_MEMORY;
	*focus = (struct focus){.options = options, .heading.minor = -1};
	if (profile && strcmp(profile, "lenient") != 0 && strcmp(profile, "strict") != 0)
		return ts_why(
			why, TS_E_INVALID, "profile", "\"%s\" is not strict or lenient", profile);
	focus->heading.lenient = profile && strcmp(profile, "lenient") == 0;
	if (version) {
		if (strlen(version) != 3 || memcmp(version, "1.", 2) != 0 || version[2] < '0' ||
			version[2] > '0' + TS_FOCUS_MINOR_MAX)
			return ts_why(why, TS_E_INVALID, "version", "\"%s\" is not 1.0 to 1.%d",
				version, TS_FOCUS_MINOR_MAX);
		focus->heading.minor = version[2] - '0';
	}
	*state = focus;
	return TS_OK;
}

static enum ts_err focus_heading(
	void *state, const struct ts_str *names, size_t n, struct ts_why *why)
{
	struct focus *focus = state;
	return ts_focus_heading(&focus->heading, names, n, why);
}

static struct ts_str provider_of(const struct ts_str *cells)
{
	return cells[TS_FOCUS_ServiceProviderName].len ? cells[TS_FOCUS_ServiceProviderName]
						       : cells[TS_FOCUS_ProviderName];
}

/* Where a row may tell its device, most certain first. */
struct search {
	const struct ts_catalog *catalog;
	int64_t at_ms;
	const struct ts_catalog_entry *entry; /* NULL: not found */
	struct ts_str unknown; /* a code that must be one, and is in no table */
	const char *table; /* where it should be */
};

static bool look(struct search *s, const char *table, struct ts_str code)
{
	return code.len && ts_catalog_find(s->catalog, table, code, s->at_ms, &s->entry) == TS_OK;
}

static bool look_instance(struct search *s, struct ts_str instance)
{
	if (look(s, "aws-instance", instance) || look(s, "azure-instance", instance))
		return true;
	if (ts_aws_is_accelerated(instance) && memchr(instance.at, '.', instance.len)) {
		s->unknown = instance;
		s->table = "aws-instance";
	}
	return false;
}

/* "$98.32 per On Demand Linux p5.48xlarge Instance Hour" */
static bool look_words(struct search *s, struct ts_str text)
{
	while (text.len)
		if (look_instance(s, ts_str_cut(&text, ' ')))
			return true;
	return false;
}

/* False: no device is told, or an unknown one (s->unknown). */
static bool find_device(
	struct search *s, const struct ts_focus_row *f, const struct ts_node *details)
{
	const struct ts_str *cells = f->cells;
	struct ts_str provider = provider_of(cells);
	if (look(s, "focus-sku", cells[TS_FOCUS_SkuPriceId]) ||
		look(s, "focus-sku", cells[TS_FOCUS_SkuId]) ||
		look_instance(s, ts_node_text(ts_node_get(details, "InstanceType"))) ||
		look_instance(s, ts_aws_usage_split(cells[TS_FOCUS_x_UsageType]).instance) ||
		look_instance(s, ts_aws_usage_split(cells[TS_FOCUS_SkuMeter]).instance))
		return true;
	if (ts_billed_contains(provider, "google"))
		return look(s, "gcp-sku", cells[TS_FOCUS_SkuId]) ||
		       ts_catalog_match(s->catalog, "gcp-description",
			       cells[TS_FOCUS_ChargeDescription], s->at_ms, &s->entry) == TS_OK;
	if (ts_billed_contains(provider, "aws") || ts_billed_contains(provider, "amazon"))
		return look_words(s, cells[TS_FOCUS_ChargeDescription]);
	return ts_catalog_match(s->catalog, "azure-meter", cells[TS_FOCUS_SkuMeter], s->at_ms,
		       &s->entry) == TS_OK;
}

/* A row that tells of GPUs, or of a family of them, may not pass as something else. */
static bool judge_device(const struct search *s, const struct ts_focus_row *f,
	const struct ts_node *details, struct ts_row *row)
{
	int64_t gpus = 0;
	struct ts_str count = ts_node_text(ts_node_get(details, "GpuCount"));
	bool counted = count.len && ts_number(count, 3, &gpus) == TS_OK && gpus > 0;
	if (s->entry) {
		if (ts_billed_is_none(s->entry, row))
			return false;
		if (!counted || gpus == s->entry->devices_milli ||
			!ts_str_eq(s->entry->table, TS_STR("aws-instance")))
			return true;
		ts_row_judge(row, TS_ROW_QUARANTINED, "stated_mismatch",
			"GpuCount %.*s, but the catalog's %.*s has %lld thousandths",
			TS_SHOW(count), TS_SHOW(s->entry->code),
			(long long)s->entry->devices_milli);
		return false;
	}
	if (s->unknown.len)
		ts_row_judge(row, TS_ROW_QUARANTINED, "sku_unknown",
			"%s \"%.*s\" is not in the catalog at that time", s->table,
			TS_SHOW(s->unknown));
	else if (counted || ts_billed_contains(f->cells[TS_FOCUS_ResourceType], "gpu") ||
		 ts_billed_contains(f->cells[TS_FOCUS_ChargeDescription], "gpu"))
		ts_row_judge(row, TS_ROW_QUARANTINED, "sku_unknown",
			"focus-sku \"%.*s\" (%.*s) is not in the catalog at that time",
			TS_SHOW(f->cells[TS_FOCUS_SkuId]),
			TS_SHOW(f->cells[TS_FOCUS_ChargeDescription]));
	else
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_accelerator", "%.*s",
			TS_SHOW(f->cells[TS_FOCUS_ServiceName]));
	return false;
}

/* What is no use of anything; NULL: it is. */
static const char *money_reason(const struct ts_str *cells)
{
	static const char *const reasons[][2] = {{"Purchase", "purchase"}, {"Tax", "tax"},
		{"Credit", "credit"}, {"Adjustment", "adjustment"}};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (ts_str_is(cells[TS_FOCUS_ChargeCategory], reasons[i][0]))
			return reasons[i][1];
	if (ts_str_is(cells[TS_FOCUS_CommitmentDiscountStatus], "Unused"))
		return "commitment_unused";
	return NULL;
}

static struct ts_str find_class(const struct focus *focus, const struct ts_focus_row *f,
	const struct ts_catalog_entry *entry)
{
	const struct ts_str *cells = f->cells;
	if (entry->class.len)
		return entry->class;
	if (ts_str_is(cells[TS_FOCUS_CapacityReservationStatus], "Unused"))
		return TS_STR("unused_reservation");
	if (ts_str_is(cells[TS_FOCUS_PricingCategory], "Committed"))
		return TS_STR("committed");
	if (ts_str_is(cells[TS_FOCUS_PricingCategory], "Dynamic"))
		return TS_STR("spot");
	return ts_str(focus->options->class);
}

/* Time that was consumed, or that was priced; false: the row was judged. */
static bool find_amount(
	const struct ts_focus_row *f, struct ts_str *amount, int64_t *unit_ms, struct ts_row *row)
{
	const struct ts_str *cells = f->cells;
	*amount = cells[TS_FOCUS_ConsumedQuantity];
	*unit_ms = ts_billed_unit_ms(cells[TS_FOCUS_ConsumedUnit]);
	if (amount->len == 0 || *unit_ms == 0) {
		*amount = cells[TS_FOCUS_PricingQuantity];
		*unit_ms = ts_billed_unit_ms(cells[TS_FOCUS_PricingUnit]);
	}
	if (amount->len == 0 || *unit_ms == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "unit_unknown",
			"ConsumedUnit \"%.*s\", PricingUnit \"%.*s\": no unit of time",
			TS_SHOW(cells[TS_FOCUS_ConsumedUnit]),
			TS_SHOW(cells[TS_FOCUS_PricingUnit]));
		return false;
	}
	/* A correction may take back what was used in an earlier period. */
	if (ts_str_is(cells[TS_FOCUS_ChargeClass], "Correction") && amount->at[0] == '-') {
		ts_row_judge(row, TS_ROW_QUARANTINED, "correction_negative",
			"takes back %.*s %.*s: the earlier period is to be delivered anew",
			TS_SHOW(*amount), TS_SHOW(cells[TS_FOCUS_ConsumedUnit]));
		return false;
	}
	return true;
}

static void set_keys(const struct ts_focus_row *f, struct ts_row *row)
{
	const struct ts_str *cells = f->cells;
	char period[24];
	snprintf(period, sizeof(period), "%lld", (long long)f->period_ms);
	const struct ts_str group[] = {TS_STR("focus"), provider_of(cells),
		cells[TS_FOCUS_BillingAccountId], ts_str(period)};
	const struct ts_str key[] = {TS_STR("focus"), provider_of(cells),
		cells[TS_FOCUS_BillingAccountId], ts_str(period), cells[TS_FOCUS_SubAccountId],
		cells[TS_FOCUS_ResourceId], cells[TS_FOCUS_SkuId], cells[TS_FOCUS_SkuPriceId],
		cells[TS_FOCUS_RegionId], cells[TS_FOCUS_ChargePeriodStart],
		cells[TS_FOCUS_ChargePeriodEnd], cells[TS_FOCUS_ChargeDescription],
		cells[TS_FOCUS_PricingCategory], cells[TS_FOCUS_CommitmentDiscountId],
		cells[TS_FOCUS_CapacityReservationId], cells[TS_FOCUS_ChargeClass]};
	row->repeatable = true;
	if (cells[TS_FOCUS_BillingPeriodStart].len) /* else nobody knows what a delivery replaces */
		ts_row_set_group(row, group, sizeof(group) / sizeof(group[0]));
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
}

static void read_usage(const struct focus *focus, const struct ts_focus_row *f,
	const struct ts_item *item, struct ts_row *row)
{
	const struct ts_str *cells = f->cells;
	const struct ts_node *details = NULL;
	struct ts_usage use = {.start_ms = f->start_ms, .end_ms = f->end_ms};
	struct search search = {.catalog = focus->options->catalog, .at_ms = f->start_ms};
	struct ts_str amount = {0};
	int64_t unit_ms = 0;
	struct ts_why why = {0};
	if (cells[TS_FOCUS_SkuPriceDetails].len &&
		ts_billed_literal(cells[TS_FOCUS_SkuPriceDetails], item->region, &details, &why) !=
			TS_OK)
		details = NULL;
	if (!find_device(&search, f, details))
		search.entry = NULL;
	if (!judge_device(&search, f, details, row) ||
		!ts_row_span(use.start_ms, use.end_ms, row) ||
		!find_amount(f, &amount, &unit_ms, row))
		return;
	ts_row_accept(row);
	use.sku = search.entry->sku;
	use.class = ts_row_token(row, find_class(focus, f, search.entry));
	use.workload = ts_row_token(
		row, ts_billed_last(cells[TS_FOCUS_CapacityReservationId], '/'));
	use.resource = ts_row_token(row, ts_billed_last(cells[TS_FOCUS_ResourceId], '/'));
	use.account = ts_row_token(row, cells[TS_FOCUS_SubAccountId].len
						? cells[TS_FOCUS_SubAccountId]
						: cells[TS_FOCUS_BillingAccountId]);
	if (row->verdict == TS_ROW_ACCEPTED &&
		ts_billed_add(row, &use, amount, unit_ms, search.entry->devices_milli))
		set_keys(f, row);
}

/* Costs, and what was put right; behind what the detail says already. */
static void tell(const struct ts_focus_row *f, struct ts_row *row)
{
	char billed[TS_BILLED_MONEY_CHARS];
	char effective[TS_BILLED_MONEY_CHARS];
	char more[32] = "";
	if (f->more)
		snprintf(more, sizeof(more), " and %d more", f->more);
	snprintf(row->detail, sizeof(row->detail), "BilledCost %s, EffectiveCost %s %.*s%s%s%s",
		ts_billed_show(f->billed, billed), ts_billed_show(f->effective, effective),
		TS_SHOW(f->cells[TS_FOCUS_BillingCurrency]), f->coerced[0] ? "; coerced: " : "",
		f->coerced, more);
}

static enum ts_err focus_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct focus *focus = state;
	struct ts_focus_row f;
	(void)why;
	if (!ts_focus_read(&focus->heading, item, &f, row))
		return TS_OK;
	const char *reason = money_reason(f.cells);
	if (reason)
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, reason, " ");
	else
		read_usage(focus, &f, item, row);
	if (row->verdict == TS_ROW_ACCEPTED || row->verdict == TS_ROW_NOT_BILLABLE)
		tell(&f, row);
	return TS_OK;
}

static const struct ts_source_value settings[] = {
	{"profile", "strict (default): what breaks the specification is refused; lenient: put "
		    "right, each coercion in the verdict's detail"},
	{"version", "1.0 to 1.3; without it seen from the columns"},
};
static const struct ts_form forms[] = {
	{
		.kind = TS_FORM_TABLE,
		.fields = ts_focus_fields,
		.fields_n = TS_FOCUS_FIELDS,
		.separators = ",",
		.flags = TS_TABLE_QUOTED,
		.heading = focus_heading,
		.row = focus_row,
	},
};
const struct ts_source ts_focus_source = {
	.name = "focus",
	.summary = "FOCUS 1.0 to 1.3 cost and usage (CSV) of any provider",
	.time_note = "times carry a zone; in the lenient profile UTC where they do not",
	.forms = forms,
	.forms_n = 1,
	.settings = settings,
	.settings_n = sizeof(settings) / sizeof(settings[0]),
	.open = focus_open,
};
