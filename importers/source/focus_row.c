/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/focus_row.h"
#include "importers/source/billed.h"
#include <stdio.h>
#include <string.h>

enum kind {
	TEXT,
	DECIMAL,
	PRICE, /* a decimal that is not negative */
	CURRENCY,
	TIME,
	JSON,
	CATEGORY,
	CLASS,
	FREQUENCY,
	STATUS,
	SPEND,
	PRICING,
	KINDS
};
static const char *const words[KINDS][6] = {
	[CATEGORY] = {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
	[CLASS] = {"Correction"},
	[FREQUENCY] = {"One-Time", "Recurring", "Usage-Based"},
	[STATUS] = {"Used", "Unused"},
	[SPEND] = {"Spend", "Usage"},
	[PRICING] = {"Standard", "Committed", "Dynamic", "Other"},
};

static const struct column {
	const char *name;
	int since;
	int until;
	char must;
	enum kind kind;
} columns[TS_FOCUS_FIELDS] = {
#define COLUMN(name, since, until, must, kind) {#name, since, until, must, kind},
	TS_FOCUS_COLUMNS(COLUMN)
#undef COLUMN
};
const struct ts_field ts_focus_fields[TS_FOCUS_FIELDS] = {
#define FIELD(name, since, until, must, kind) {#name, false},
	TS_FOCUS_COLUMNS(FIELD)
#undef FIELD
};
/* Texts without a rule, which are not read; and the version that has them first. */
static const struct {
	const char *name;
	int since;
} others[] = {
	{"BillingAccountName", 0},
	{"CommitmentDiscountName", 0},
	{"RegionName", 0},
	{"ResourceName", 0},
	{"SubAccountName", 0},
	{"ServiceSubcategory", 1},
	{"SubAccountType", 2},
	{"AllocatedMethodDetails", 3},
	{"AllocatedMethodId", 3},
	{"AllocatedResourceId", 3},
	{"AllocatedResourceName", 3},
	{"AllocatedTags", 3},
};

/* The minor version that first has a column; -1: none has it. */
static int since(struct ts_str name)
{
	for (size_t i = 0; i < TS_FOCUS_FIELDS; i++)
		if (ts_str_is(name, columns[i].name))
			return columns[i].since;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (ts_str_is(name, others[i].name))
			return others[i].since;
	return -1;
}

static bool has(const struct ts_str *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (ts_str_is(names[i], name))
			return true;
	return false;
}

/* Columns that must be there; before 1.1 as after, a version has them all. */
static enum ts_err check_heading(
	int minor, const struct ts_str *names, size_t n, struct ts_why *why)
{
	for (size_t i = 0; i < n; i++) {
		int first = since(names[i]);
		bool own = names[i].len > 2 && memcmp(names[i].at, "x_", 2) == 0;
		if (!own && (first < 0 || first > minor))
			return ts_why(why, TS_E_UNKNOWN_FIELD, "heading",
				"\"%.*s\" is no column of FOCUS 1.%d (own ones begin with x_); "
				"--set profile=lenient leaves it out",
				TS_SHOW(names[i]), minor);
	}
	for (size_t i = 0; i < TS_FOCUS_FIELDS; i++)
		if (columns[i].must != '-' && columns[i].since <= minor &&
			columns[i].until >= minor && !has(names, n, columns[i].name))
			return ts_why(why, TS_E_MISSING_FIELD, "heading",
				"FOCUS 1.%d has a column %s; --set profile=lenient does without",
				minor, columns[i].name);
	return TS_OK;
}

/* What no reading does without. */
static enum ts_err check_needed(const struct ts_str *names, size_t n, struct ts_why *why)
{
	static const char *const needed[] = {
		"BilledCost", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd"};
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!has(names, n, needed[i]))
			return ts_why(
				why, TS_E_MISSING_FIELD, "heading", "no column %s", needed[i]);
	return TS_OK;
}

enum ts_err ts_focus_heading(
	struct ts_focus_heading *heading, const struct ts_str *names, size_t n, struct ts_why *why)
{
	int minor = heading->minor;
	for (size_t i = 0; i < n && heading->minor < 0; i++) {
		int first = since(names[i]);
		minor = first > minor ? first : minor;
	}
	TS_TRY(check_needed(names, n, why));
	return heading->lenient ? TS_OK : check_heading(minor, names, n, why);
}

static bool is_word(struct ts_str text, const char *const list[6])
{
	for (size_t i = 0; i < 6 && list[i]; i++)
		if (ts_str_is(text, list[i]))
			return true;
	return false;
}

/* YYYY-MM-DDTHH:mm:ssZ, nothing else. */
static bool is_strict_time(struct ts_str text, int64_t *ms)
{
	return text.len == 20 && text.at[10] == 'T' && text.at[19] == 'Z' &&
	       ts_stamp(text, TS_STAMP_ZONED, ms) == TS_OK;
}

/* "5/1/25" and "5/1/2025", as spreadsheets write months, days and years. */
static bool is_slashed(struct ts_str text, int64_t *ms)
{
	int64_t part[3] = {0};
	char date[32];
	for (size_t i = 0; i < 3; i++)
		if (ts_text_u63(ts_str_cut(&text, '/'), &part[i]) != TS_OK || part[i] > 9999)
			return false;
	if (text.at)
		return false;
	snprintf(date, sizeof(date), "%04d-%02d-%02d",
		(int)(part[2] < 100 ? 2000 + part[2] : part[2]), (int)part[0], (int)part[1]);
	return ts_stamp(ts_str(date), TS_STAMP_DATE, ms) == TS_OK;
}

/* What does not fit is counted. */
static void note(struct ts_focus_row *out, const char *what, const char *column)
{
	size_t len = strlen(out->coerced);
	if (out->more == 0 && len + strlen(what) + strlen(column) + 4 < sizeof(out->coerced))
		snprintf(out->coerced + len, sizeof(out->coerced) - len, "%s%s %s", len ? ", " : "",
			what, column);
	else
		out->more++;
}

/* "$10,000.00 " without signs and separators, in the item's region. */
static struct ts_str plain_number(struct ts_str text, struct ts_region *region)
{
	char *out = ts_region_alloc(region, text.len + 1);
	size_t len = 0;
	if (!out)
		return text;
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '$' && text.at[i] != ',' && text.at[i] != ' ' &&
			!(text.at[i] == '+' && len == 0))
			out[len++] = text.at[i];
	return (struct ts_str){out, len};
}

struct reading {
	const struct ts_focus_heading *heading;
	const struct ts_item *item;
	struct ts_focus_row *out;
	struct ts_row *row;
};

static bool broken(const struct reading *r, size_t i, const char *rule)
{
	ts_row_judge(r->row, TS_ROW_QUARANTINED, "focus_rule", "%s \"%.*s\": %s", columns[i].name,
		TS_SHOW(r->item->cells[i]), rule);
	return false;
}

static bool read_time(const struct reading *r, size_t i)
{
	struct ts_str text = r->out->cells[i];
	int64_t ms = 0;
	if (!is_strict_time(text, &ms)) {
		const unsigned accept = TS_STAMP_ZONED | TS_STAMP_UTC | TS_STAMP_DATE;
		if (!r->heading->lenient)
			return broken(r, i, "is not YYYY-MM-DDTHH:mm:ssZ");
		if (ts_stamp(text, accept, &ms) != TS_OK && !is_slashed(text, &ms))
			return broken(r, i, "is no time");
		note(r->out, "time", columns[i].name);
	}
	if (i == TS_FOCUS_ChargePeriodStart)
		r->out->start_ms = ms;
	else if (i == TS_FOCUS_ChargePeriodEnd)
		r->out->end_ms = ms;
	else if (i == TS_FOCUS_BillingPeriodStart)
		r->out->period_ms = ms;
	return true;
}

static bool read_decimal(const struct reading *r, size_t i)
{
	ts_i128 value = 0;
	if (ts_billed_money(r->out->cells[i], &value) != TS_OK) {
		struct ts_str text = plain_number(r->out->cells[i], r->item->region);
		if (!r->heading->lenient || ts_billed_money(text, &value) != TS_OK)
			return broken(r, i, "is no number");
		r->out->cells[i] = text;
		note(r->out, "number", columns[i].name);
	}
	if (columns[i].kind == PRICE && value < 0) {
		if (!r->heading->lenient)
			return broken(r, i, "is negative");
		note(r->out, "negative", columns[i].name);
	}
	if (i == TS_FOCUS_BilledCost)
		r->out->billed = value;
	else if (i == TS_FOCUS_EffectiveCost)
		r->out->effective = value;
	return true;
}

static bool is_currency(struct ts_str text)
{
	bool good = text.len == 3;
	for (size_t i = 0; i < text.len && good; i++)
		good = text.at[i] >= 'A' && text.at[i] <= 'Z';
	return good;
}

static bool read_value(const struct reading *r, size_t i)
{
	struct ts_str text = r->out->cells[i];
	const struct ts_node *node = NULL;
	const char *reason = "";
	struct ts_why why = {0};
	switch (columns[i].kind) {
	case TIME:
		return read_time(r, i);
	case DECIMAL:
	case PRICE:
		return read_decimal(r, i);
	case CURRENCY:
		return is_currency(text) || r->heading->lenient ||
		       broken(r, i, "is no currency of three letters");
	case JSON:
		return r->heading->lenient ||
		       ts_node_json(text, r->item->region, &node, &reason, &why) == TS_OK ||
		       broken(r, i, "is no JSON");
	case CATEGORY:
		return is_word(text, words[CATEGORY]) || broken(r, i, "is none of its values");
	case CLASS:
	case FREQUENCY:
	case STATUS:
	case SPEND:
	case PRICING:
		return is_word(text, words[columns[i].kind]) || r->heading->lenient ||
		       broken(r, i, "is none of its values");
	case TEXT:
	case KINDS:
		break;
	}
	return true;
}

static bool read_column(const struct reading *r, size_t i, int *nulls)
{
	struct ts_str *cell = &r->out->cells[i];
	const char must = columns[i].must;
	bool needed = i == TS_FOCUS_ChargePeriodStart || i == TS_FOCUS_ChargePeriodEnd ||
		      i == TS_FOCUS_BilledCost || i == TS_FOCUS_ChargeCategory;
	if (ts_str_is(*cell, "NULL") || ts_str_is(*cell, "null")) {
		if (!r->heading->lenient)
			return broken(r, i, "null is an empty cell");
		*cell = (struct ts_str){0};
		++*nulls;
	}
	if (cell->len)
		return read_value(r, i);
	bool there = r->item->cells[i].at != NULL;
	if (must != 'N' || (r->heading->lenient ? !needed : !there))
		return true;
	return broken(r, i, "may not be null");
}

/* Rules between columns. */
static bool agree(const struct reading *r)
{
	const struct ts_str *cells = r->out->cells;
	bool usage = ts_str_is(cells[TS_FOCUS_ChargeCategory], "Usage");
	bool unused = ts_str_is(cells[TS_FOCUS_CommitmentDiscountStatus], "Unused");
	if (r->heading->lenient)
		return true;
	if (cells[TS_FOCUS_ConsumedQuantity].len && (!usage || unused))
		return broken(r, TS_FOCUS_ConsumedQuantity, "is null but for used usage");
	if (cells[TS_FOCUS_ConsumedQuantity].len && cells[TS_FOCUS_ConsumedUnit].len == 0)
		return broken(r, TS_FOCUS_ConsumedUnit, "is not null where there is a quantity");
	if (cells[TS_FOCUS_PricingQuantity].len && cells[TS_FOCUS_PricingUnit].len == 0)
		return broken(r, TS_FOCUS_PricingUnit, "is not null where there is a quantity");
	return true;
}

bool ts_focus_read(const struct ts_focus_heading *heading, const struct ts_item *item,
	struct ts_focus_row *out, struct ts_row *row)
{
	const struct reading r = {heading, item, out, row};
	int nulls = 0;
	*out = (struct ts_focus_row){0};
	memcpy(out->cells, item->cells, sizeof(out->cells));
	for (size_t i = 0; i < TS_FOCUS_FIELDS; i++)
		if (!read_column(&r, i, &nulls))
			return false;
	if (nulls) {
		char count[24];
		snprintf(count, sizeof(count), "in %d columns", nulls);
		note(out, "NULL", count);
	}
	return agree(&r);
}
