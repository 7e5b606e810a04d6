/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/trace.h"

#define QUANTITY_DECIMALS 9 /* as printed everywhere; exact base units stand beside */

const char *ts_trace_rounding(enum ts_rounding rounding)
{
	switch (rounding) {
	case TS_ROUND_HALF_AWAY:
		return "half away from zero";
	case TS_ROUND_HALF_EVEN:
		return "half to even";
	case TS_ROUND_DOWN:
		return "down";
	case TS_ROUND_UP:
		return "up";
	}
	return "";
}

const char *ts_trace_quantity(
	const struct ts_terms *terms, const struct ts_price *price, ts_i128 quantity, char *out)
{
	return ts_ratio_format(quantity, terms->skus[price->sku].divisor, QUANTITY_DECIMALS, out);
}

/* "121 units = 13 packages of 10 begun x 100 EUR". */
static enum ts_err package_words(const struct ts_terms *terms, const struct ts_charge_line *line,
	const struct ts_tier *tier, struct ts_region *region, const char **out)
{
	const struct ts_price *price = &terms->prices[line->item];
	char quantity[TS_DECIMAL_CHARS], size[TS_DECIMAL_CHARS], each[TS_DECIMAL_CHARS],
		n[TS_I128_CHARS];
	*out = ts_region_printf(region, "%s %s = %s packages of %s begun x %s %s",
		ts_trace_quantity(terms, price, line->quantity, quantity),
		terms->skus[price->sku].unit, ts_i128_format(line->basis, n),
		ts_trace_quantity(terms, price, tier->package, size),
		ts_decimal_format(line->unit_price, 0, each), terms->currency->code);
	return *out ? TS_OK : TS_E_NO_MEMORY;
}

/* "12.5 GPU-hour x 2.35", then the exact product, dots where it has more than 12 decimals. */
static enum ts_err product_words(const struct ts_terms *terms, const struct ts_charge_line *line,
	struct ts_region *region, const char **out)
{
	const struct ts_price *price = &terms->prices[line->item];
	const struct ts_tier *package = ts_charge_tier(price, line->tier);
	if (package != NULL && package->package > 0)
		return package_words(terms, line, package, region, out);
	ts_i128 divisor = terms->skus[price->sku].divisor;
	char quantity[TS_DECIMAL_CHARS], unit_price[TS_DECIMAL_CHARS], product[TS_DECIMAL_CHARS];
	struct ts_decimal low = {0}, high = {0};
	ts_i128 p = line->unit_price.pico;
	TS_TRY(ts_muldiv(line->quantity, p, divisor, TS_ROUND_DOWN, &low.pico));
	TS_TRY(ts_muldiv(line->quantity, p, divisor, TS_ROUND_UP, &high.pico));
	int decimals = terms->currency->exponent;
	*out = ts_region_printf(region, "%s %s x %s %s = %s%s %s",
		ts_trace_quantity(terms, price, line->quantity, quantity),
		terms->skus[price->sku].unit, ts_decimal_format(line->unit_price, 0, unit_price),
		terms->currency->code, ts_decimal_format(low, decimals, product),
		low.pico == high.pico ? "" : "...", terms->currency->code);
	return *out ? TS_OK : TS_E_NO_MEMORY;
}

/* "tier 2 (over 1000 to 10000 GPU-hour)". */
static const char *tier_words(
	const struct ts_terms *terms, const struct ts_charge_line *line, struct ts_region *region)
{
	const struct ts_price *price = &terms->prices[line->item];
	const char *unit = terms->skus[price->sku].unit;
	if (line->tier == 0)
		return "";
	const struct ts_tier *tier = &price->tiers[line->tier - 1];
	char low[TS_DECIMAL_CHARS], high[TS_DECIMAL_CHARS];
	if (line->tier == 1 && tier->open)
		return ts_region_printf(region, "tier 1: ");
	if (line->tier == 1)
		return ts_region_printf(region, "tier 1 (up to %s %s): ",
			ts_trace_quantity(terms, price, tier->up_to, high), unit);
	ts_trace_quantity(terms, price, price->tiers[line->tier - 2].up_to, low);
	if (tier->open)
		return ts_region_printf(region, "tier %d (over %s %s): ", line->tier, low, unit);
	return ts_region_printf(region, "tier %d (over %s to %s %s): ", line->tier, low,
		ts_trace_quantity(terms, price, tier->up_to, high), unit);
}

static enum ts_err trace_usage(const struct ts_terms *terms, const struct ts_charge_line *line,
	ts_i128 whole, struct ts_region *region, const char **out)
{
	const struct ts_price *price = &terms->prices[line->item];
	char amount[TS_DECIMAL_CHARS], flat[TS_DECIMAL_CHARS], all[TS_DECIMAL_CHARS];
	const char *tier = tier_words(terms, line, region);
	const char *product = NULL, *of = "", *plus = "";
	TS_TRY(product_words(terms, line, region, &product));
	if (price->counter == TS_COUNTER_TERM)
		of = "counted over the term: ";
	else if (price->counter > 0)
		of = ts_region_printf(
			region, "counter \"%s\": ", terms->counters[price->counter - 1].id);
	else if (price->model == TS_PRICE_VOLUME)
		of = "all of ";
	else if (whole != line->quantity)
		of = ts_region_printf(
			region, "of %s: ", ts_trace_quantity(terms, price, whole, all));
	if (line->flat_minor != 0)
		plus = ts_region_printf(region, ", plus the tier's flat fee %s",
			ts_money_format(line->flat_minor, terms->currency, flat));
	if (!tier || !of || !plus)
		return TS_E_NO_MEMORY;
	*out = ts_region_printf(region, "%s%s%s%s; rounded once, %s, to %s %s; terms version %lld",
		tier, of, product, plus, ts_trace_rounding(terms->rounding),
		ts_money_format(line->amount_minor, terms->currency, amount), terms->currency->code,
		(long long)terms->version);
	return *out ? TS_OK : TS_E_NO_MEMORY;
}

/* "1,000.00 x 20/31 days + 2,000.00 x 11/31 days": the segments over the first `days` of the
 * period that they cover. */
static enum ts_err schedule_words(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_segment *segments, size_t n, ts_i128 days, struct ts_region *region,
	const char **out)
{
	const char *text = "";
	int32_t full_days = period->full_end_day - period->full_first_day;
	for (size_t i = 0; i < n && days > 0; i++) {
		int32_t from = segments[i].from_day, to = segments[i].to_day;
		from = from > period->first_day ? from : period->first_day;
		to = to < period->end_day ? to : period->end_day;
		if (from >= to)
			continue;
		int32_t part = days < to - from ? (int32_t)days : to - from;
		char amount[TS_DECIMAL_CHARS];
		ts_money_group(segments[i].amount_minor, terms->currency, amount);
		text = ts_region_printf(region, "%s%s%s x %d/%d days", text, *text ? " + " : "",
			amount, part, full_days);
		if (!text)
			return TS_E_NO_MEMORY;
		days -= part;
	}
	*out = text;
	return TS_OK;
}

static enum ts_err trace_fee(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_charge_line *line, struct ts_region *region, const char **out)
{
	const struct ts_fee *fee = &terms->fees[line->item];
	const char *schedule = NULL;
	char amount[TS_DECIMAL_CHARS];
	TS_TRY(schedule_words(
		terms, period, fee->segments, fee->segments_n, line->quantity, region, &schedule));
	*out = ts_region_printf(region, "%s; rounded once, %s, to %s %s; terms version %lld",
		schedule, ts_trace_rounding(terms->rounding),
		ts_money_format(line->amount_minor, terms->currency, amount), terms->currency->code,
		(long long)terms->version);
	return *out ? TS_OK : TS_E_NO_MEMORY;
}

static enum ts_err trace_true_up(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_charge_line *line, struct ts_region *region, const char **out)
{
	const struct ts_minimum *minimum = &terms->minimums[line->item];
	int64_t counted = 0, due = 0;
	TS_TRY(ts_to64(line->basis, &counted));
	TS_TRY(ts_to64(line->limit, &due));
	const char *schedule = NULL;
	TS_TRY(schedule_words(terms, period, minimum->segments, minimum->segments_n, INT32_MAX,
		region, &schedule));
	const char *what = !minimum->counts_fees    ? "usage"
			   : !minimum->counts_usage ? "fees"
						    : "usage and fees";
	char due_text[TS_DECIMAL_CHARS], counted_text[TS_DECIMAL_CHARS], amount[TS_DECIMAL_CHARS];
	*out = ts_region_printf(region,
		"minimum %s; rounded once, %s, to %s; less %s of the period %s = shortfall %s %s; "
		"terms version %lld",
		schedule, ts_trace_rounding(terms->rounding),
		ts_money_format(due, terms->currency, due_text), what,
		ts_money_format(counted, terms->currency, counted_text),
		ts_money_format(line->amount_minor, terms->currency, amount), terms->currency->code,
		(long long)terms->version);
	return *out ? TS_OK : TS_E_NO_MEMORY;
}

static bool same_price(const struct ts_charge_line *a, const struct ts_charge_line *b)
{
	return a->kind == b->kind && a->item == b->item;
}

/* Over all tiers of the line's price; they stand side by side. */
static enum ts_err whole_quantity(
	const struct ts_charge_line *lines, size_t n, size_t i, ts_i128 *whole)
{
	size_t first = i;
	while (first > 0 && same_price(&lines[first - 1], &lines[i]))
		first--;
	for (size_t k = first; k < n && same_price(&lines[k], &lines[i]); k++)
		TS_TRY(ts_add128(*whole, lines[k].quantity, whole));
	return TS_OK;
}

enum ts_err ts_trace_line(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_charge_line *lines, size_t n, size_t i, struct ts_region *region,
	const char **out)
{
	TS_ASSERT(i < n);
	switch (lines[i].kind) {
	case TS_CHARGE_USAGE: {
		ts_i128 whole = 0;
		TS_TRY(whole_quantity(lines, n, i, &whole));
		return trace_usage(terms, &lines[i], whole, region, out);
	}
	case TS_CHARGE_FEE:
		return trace_fee(terms, period, &lines[i], region, out);
	case TS_CHARGE_TRUE_UP:
		return trace_true_up(terms, period, &lines[i], region, out);
	case TS_CHARGE_DISCOUNT:
	case TS_CHARGE_OVERAGE:
	case TS_CHARGE_SHORTFALL:
	case TS_CHARGE_ROLLOVER:
	case TS_CHARGE_EXCESS:
	case TS_CHARGE_CAP:
	case TS_CHARGE_SLA:
		return ts_trace_adjust(terms, &lines[i], region, out);
	case TS_CHARGE_CREDIT:
	case TS_CHARGE_SETTLEMENT:
	case TS_CHARGE_PREPAYMENT: /* the ledger's, which explains them */
	case TS_CHARGE_DRAWDOWN:
	case TS_CHARGE_BREAKAGE:
	case TS_CHARGE_DEPOSIT:
		break;
	}
	return TS_E_INTERNAL;
}
