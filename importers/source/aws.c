/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/aws.h"
#include "importers/frame/catalog.h"
#include "importers/source/billed.h"
#include <string.h>

enum field {
	LINE_TYPE,
	PRODUCT,
	USAGE_TYPE,
	OPERATION,
	START,
	END,
	AMOUNT,
	UNIT,
	ACCOUNT,
	RESOURCE,
	ZONE,
	PAYER,
	PERIOD,
	INVOICE,
	RESERVATION,
	PLAN,
	CAPACITY,
	CAPACITY_STATUS,
	COST,
	CURRENCY,
	FIELDS
};
static const struct ts_field fields[FIELDS] = {
	[LINE_TYPE] = {"line_item_line_item_type|lineItem/LineItemType", true},
	[PRODUCT] = {"line_item_product_code|lineItem/ProductCode", true},
	[USAGE_TYPE] = {"line_item_usage_type|lineItem/UsageType", true},
	[OPERATION] = {"line_item_operation|lineItem/Operation", false},
	[START] = {"line_item_usage_start_date|lineItem/UsageStartDate", true},
	[END] = {"line_item_usage_end_date|lineItem/UsageEndDate", true},
	[AMOUNT] = {"line_item_usage_amount|lineItem/UsageAmount", true},
	[UNIT] = {"pricing_unit|pricing/unit", false},
	[ACCOUNT] = {"line_item_usage_account_id|lineItem/UsageAccountId", true},
	[RESOURCE] = {"line_item_resource_id|lineItem/ResourceId", false},
	[ZONE] = {"line_item_availability_zone|lineItem/AvailabilityZone", false},
	[PAYER] = {"bill_payer_account_id|bill/PayerAccountId", true},
	[PERIOD] = {"bill_billing_period_start_date|bill/BillingPeriodStartDate", true},
	[INVOICE] = {"bill_invoice_id|bill/InvoiceId", false},
	[RESERVATION] = {"reservation_reservation_a_r_n|reservation_reservation_arn|"
			 "reservation/ReservationARN|reservation_subscription_id",
		false},
	[PLAN] = {"savings_plan_savings_plan_a_r_n|savings_plan_savings_plan_arn|"
		  "savingsPlan/SavingsPlanARN|savingsPlan/SavingsPlanArn",
		false},
	[CAPACITY] = {"capacity_reservation_capacity_reservation_arn|"
		      "capacityReservation/CapacityReservationArn",
		false},
	[CAPACITY_STATUS] = {"capacity_reservation_capacity_reservation_status|"
			     "capacityReservation/CapacityReservationStatus",
		false},
	[COST] = {"line_item_unblended_cost|lineItem/UnblendedCost", false},
	[CURRENCY] = {"line_item_currency_code|lineItem/CurrencyCode", false},
};

/* What a line is. Of the three that are usage each hour has one; a negation of it carries the same
 * hours again, and is money. */
static const struct line_type {
	const char *name;
	const char *class; /* NULL: as it was held */
	const char *money; /* NULL: usage; else why it is none */
} line_types[] = {
	{"Usage", NULL, NULL},
	{"DiscountedUsage", "reserved", NULL},
	{"SavingsPlanCoveredUsage", "savings_plan", NULL},
	{"SavingsPlanNegation", NULL, "negation"},
	{"Credit", NULL, "credit"},
	{"Refund", NULL, "refund"},
	{"Discount", NULL, "discount"},
	{"BundledDiscount", NULL, "discount"},
	{"EdpDiscount", NULL, "discount"},
	{"EnterpriseDiscountProgramDiscount", NULL, "discount"},
	{"PrivateRateDiscount", NULL, "discount"},
	{"RiVolumeDiscount", NULL, "discount"},
	{"SppDiscount", NULL, "discount"},
	{"DistributorDiscount", NULL, "discount"},
	{"Fee", NULL, "purchase"},
	{"RIFee", NULL, "purchase"},
	{"SavingsPlanUpfrontFee", NULL, "purchase"},
	{"SavingsPlanRecurringFee", NULL, "purchase"},
	{"Tax", NULL, "tax"},
};

/* How an instance was held. `other`: the line names an instance, and counts no time of it. */
static const struct kind {
	const char *name;
	const char *class; /* NULL: --class */
	const char *other;
} kinds[] = {
	{"BoxUsage", NULL, NULL},
	{"SpotUsage", "spot", NULL},
	{"DedicatedUsage", "dedicated", NULL},
	{"HostBoxUsage", "dedicated_host", NULL},
	{"UnusedBox", "unused_reservation", NULL},
	{"UnusedDed", "unused_reservation", NULL},
	{"Reservation", NULL, "reservation_total"}, /* used and unused, which stand beside it */
	{"DedicatedRes", NULL, "reservation_total"},
	{"CapacityBlockFee", NULL, "capacity_block_fee"},
	{"CapacityBlock", NULL, "capacity_block_fee"},
	{"HostUsage", NULL, "purchase"},
	{"EBSOptimized", NULL, "no_accelerator"},
	{"CPUCredits", NULL, "no_accelerator"},
	/* SageMaker: ml.TYPE */
	{"Cluster", NULL, NULL},
	{"Train", NULL, NULL},
	{"SpotTraining", "spot", NULL},
	{"Tune", NULL, NULL},
	{"Host", NULL, NULL},
	{"AsyncInf", NULL, NULL},
	{"Tsform", NULL, NULL},
	{"Processing", NULL, NULL},
	{"Notebk", NULL, NULL},
	{"Studio", NULL, NULL},
};

struct ts_aws_usage ts_aws_usage_split(struct ts_str usage_type)
{
	struct ts_aws_usage out = {0};
	struct ts_str rest = usage_type;
	struct ts_str kind = ts_str_cut(&rest, ':');
	out.kind = ts_billed_last(kind, '-'); /* "USW2-BoxUsage" */
	if (rest.len > 3 && memcmp(rest.at, "ml.", 3) == 0)
		rest = (struct ts_str){rest.at + 3, rest.len - 3};
	if (rest.len && memchr(rest.at, '.', rest.len))
		out.instance = rest;
	return out;
}

bool ts_aws_is_accelerated(struct ts_str instance)
{
	static const char *const families[] = {"p", "g", "gr", "trn", "inf", "dl", "vt"};
	size_t n = 0;
	while (n < instance.len && instance.at[n] >= 'a' && instance.at[n] <= 'z')
		n++;
	if (n == instance.len || instance.at[n] < '0' || instance.at[n] > '9')
		return false;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (ts_str_is((struct ts_str){instance.at, n}, families[i]))
			return true;
	return false;
}

static const struct line_type *find_line_type(struct ts_str name)
{
	for (size_t i = 0; i < sizeof(line_types) / sizeof(line_types[0]); i++)
		if (ts_str_is(name, line_types[i].name))
			return &line_types[i];
	return NULL;
}

static const struct kind *find_kind(struct ts_str name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (ts_str_is(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

/* A line that is money: its cost is read, so that a damaged one is seen, and told. */
static void judge_money(const struct ts_item *item, const char *reason, struct ts_row *row)
{
	const struct ts_str *cells = item->cells;
	char text[TS_BILLED_MONEY_CHARS] = "0";
	ts_i128 cost = 0;
	if (cells[COST].len && ts_billed_money(cells[COST], &cost) != TS_OK) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "number_malformed", "cost \"%.*s\"",
			TS_SHOW(cells[COST]));
		return;
	}
	ts_row_judge(row, TS_ROW_NOT_BILLABLE, reason, "%.*s %.*s: %s %.*s",
		TS_SHOW(cells[LINE_TYPE]), TS_SHOW(cells[USAGE_TYPE]), ts_billed_show(cost, text),
		TS_SHOW(cells[CURRENCY]));
}

/* Hours of a capacity block run at no charge: its price was the fee. */
static bool is_capacity_block(
	const struct ts_source_options *options, const struct ts_item *item, const char *class)
{
	struct ts_str blocks = ts_str("");
	ts_i128 cost = 0;
	if (class || item->cells[CAPACITY].len == 0)
		return false;
	if (ts_source_setting(options, "capacity-blocks"))
		blocks = ts_str(ts_source_setting(options, "capacity-blocks"));
	while (blocks.at)
		if (ts_str_eq(ts_str_cut(&blocks, ','), ts_billed_last(item->cells[CAPACITY], '/')))
			return true;
	return item->cells[COST].len && ts_billed_money(item->cells[COST], &cost) == TS_OK &&
	       cost == 0;
}

/* The class by the kind of holding; false: the row was judged. */
static bool read_class(const struct ts_source_options *options, const struct ts_item *item,
	const struct line_type *type, int64_t at_ms, struct ts_str *class, struct ts_row *row)
{
	struct ts_aws_usage usage = ts_aws_usage_split(item->cells[USAGE_TYPE]);
	const struct kind *kind = find_kind(usage.kind);
	const struct ts_catalog_entry *entry = NULL;
	if (ts_str_is(item->cells[CAPACITY_STATUS], "reserved") ||
		ts_str_is(item->cells[CAPACITY_STATUS], "Reserved")) {
		judge_money(item, "reservation_total", row);
		return false;
	}
	if (ts_catalog_find(options->catalog, "aws-usage", usage.kind, at_ms, &entry) == TS_OK) {
		*class = entry->class.len ? entry->class : ts_str(options->class);
		return true;
	}
	if (!kind) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "usage_type_unknown",
			"%.*s of %.*s: not in the catalog's aws-usage", TS_SHOW(usage.kind),
			TS_SHOW(usage.instance));
		return false;
	}
	if (kind->other) {
		judge_money(item, kind->other, row);
		return false;
	}
	*class = ts_str(kind->class ? kind->class : options->class);
	if (type->class && !kind->class)
		*class = ts_str(type->class);
	else if (is_capacity_block(options, item, kind->class))
		*class = TS_STR("capacity_block");
	return true;
}

/* The accelerators of an instance; false: the row was judged. */
static bool find_instance(const struct ts_source_options *options, const struct ts_item *item,
	int64_t at_ms, const struct ts_catalog_entry **entry, struct ts_row *row)
{
	struct ts_str product = item->cells[PRODUCT];
	struct ts_str instance = ts_aws_usage_split(item->cells[USAGE_TYPE]).instance;
	bool known = ts_catalog_find(options->catalog, "aws-instance", instance, at_ms, entry) ==
		     TS_OK;
	if (!known && !ts_aws_is_accelerated(instance)) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "no_accelerator", "%.*s %.*s",
			TS_SHOW(product), TS_SHOW(item->cells[USAGE_TYPE]));
		return false;
	}
	/* Surcharges of other products (EMR, Marketplace) name the instance again. */
	if (!ts_str_is(product, "AmazonEC2") && !ts_str_is(product, "AmazonSageMaker")) {
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "other_product", "%.*s %.*s",
			TS_SHOW(product), TS_SHOW(item->cells[USAGE_TYPE]));
		return false;
	}
	if (!known) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "sku_unknown",
			"aws-instance \"%.*s\" is not in the catalog at that time",
			TS_SHOW(instance));
		return false;
	}
	return true;
}

/* Accounts, period, and all that makes a line the same line in the next report. */
static void set_keys(const struct ts_item *item, struct ts_row *row)
{
	const struct ts_str *cells = item->cells;
	const struct ts_str group[] = {TS_STR("aws-cur"), cells[PAYER], cells[PERIOD]};
	const struct ts_str key[] = {TS_STR("aws-cur"), cells[PAYER], cells[PERIOD], cells[ACCOUNT],
		cells[LINE_TYPE], cells[PRODUCT], cells[USAGE_TYPE], cells[OPERATION],
		cells[RESOURCE], cells[ZONE], cells[START], cells[END], cells[RESERVATION],
		cells[PLAN], cells[CAPACITY]};
	row->repeatable = true;
	ts_row_set_group(row, group, sizeof(group) / sizeof(group[0]));
	ts_row_set_key(row, key, sizeof(key) / sizeof(key[0]));
}

static bool read_span(const struct ts_item *item, struct ts_usage *use, struct ts_row *row)
{
	const unsigned stamps = TS_STAMP_ZONED | TS_STAMP_UTC;
	return ts_cell_stamp(item, fields, START, stamps, &use->start_ms, row) &&
	       ts_cell_stamp(item, fields, END, stamps, &use->end_ms, row) &&
	       ts_row_span(use->start_ms, use->end_ms, row);
}

static bool is_final(
	const struct ts_source_options *options, const struct ts_item *item, struct ts_row *row)
{
	const char *wanted = ts_source_setting(options, "final");
	if (!wanted || strcmp(wanted, "yes") != 0 || item->cells[INVOICE].len)
		return true;
	ts_row_judge(row, TS_ROW_PENDING, "not_final", "no invoice id yet");
	return false;
}

static enum ts_err aws_row(
	void *state, const struct ts_item *item, struct ts_row *row, struct ts_why *why)
{
	const struct ts_source_options *const *options = state;
	const struct ts_str *cells = item->cells;
	const struct line_type *type = find_line_type(cells[LINE_TYPE]);
	const struct ts_catalog_entry *entry = NULL;
	struct ts_usage use = {0};
	struct ts_str class = {0};
	(void)why;
	if (!type) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "line_type_unknown",
			"line item type \"%.*s\"", TS_SHOW(cells[LINE_TYPE]));
		return TS_OK;
	}
	if (type->money) {
		judge_money(item, type->money, row);
		return TS_OK;
	}
	if (!read_span(item, &use, row) ||
		!find_instance(*options, item, use.start_ms, &entry, row) ||
		ts_billed_is_none(entry, row) ||
		!read_class(*options, item, type, use.start_ms, &class, row) ||
		!is_final(*options, item, row))
		return TS_OK;
	int64_t unit_ms = cells[UNIT].len ? ts_billed_unit_ms(cells[UNIT]) : 3600000;
	if (unit_ms == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "unit_unknown", "pricing unit \"%.*s\"",
			TS_SHOW(cells[UNIT]));
		return TS_OK;
	}
	if (cells[PAYER].len == 0 || cells[PERIOD].len == 0 || cells[ACCOUNT].len == 0) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "field_missing",
			"no payer, billing period or account");
		return TS_OK;
	}
	ts_row_accept(row);
	use.sku = entry->sku;
	use.class = ts_row_token(row, class);
	use.workload = ts_row_token(row, ts_billed_last(cells[CAPACITY], '/'));
	use.resource = ts_row_token(row, ts_billed_last(cells[RESOURCE], '/'));
	use.account = ts_row_token(row, cells[ACCOUNT]);
	if (row->verdict == TS_ROW_ACCEPTED &&
		ts_billed_add(row, &use, cells[AMOUNT], unit_ms, entry->devices_milli))
		set_keys(item, row);
	return TS_OK;
}

static const struct ts_source_value settings[] = {
	{"final", "yes: lines without an invoice id stay pending, until the bill is final"},
	{"capacity-blocks", "reservation ids (cr-1,cr-2) whose hours were paid by a fee"},
};
static const struct ts_form forms[] = {
	{
		.kind = TS_FORM_TABLE,
		.fields = fields,
		.fields_n = FIELDS,
		.separators = ",",
		.flags = TS_TABLE_QUOTED,
		.row = aws_row,
	},
};
const struct ts_source ts_aws_cur_source = {
	.name = "aws-cur",
	.summary = "AWS Cost and Usage Reports: CUR 2.0 and legacy (CSV)",
	.time_note = "times without a zone were taken as UTC, which AWS writes",
	.forms = forms,
	.forms_n = 1,
	.settings = settings,
	.settings_n = sizeof(settings) / sizeof(settings[0]),
	.open = ts_billed_open,
};
