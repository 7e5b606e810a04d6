/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/rate.h"

/* Every line is built the same way: a function of the months up to and including month i gives
 * the line's target so far, and month i's share is the difference to the month before. So the
 * months sum to the last value, which is rounded once, however the usage came in. */

struct builder {
	const struct ts_terms *terms;
	const struct ts_period *period;
	struct ts_region *region;
	int32_t as_of_day;
	int32_t first_month;
	size_t months;
	ts_i128 *sums; /* billable quantity up to and including a month: [price][month] */
	struct ts_charge *charges;
	size_t n, cap;
	struct ts_why *why;
};

static enum ts_err too_big(const struct builder *b, enum ts_err err, const char *id)
{
	if (err != TS_E_OVERFLOW)
		return err;
	return ts_why(b->why, err, id, "the amount of \"%s\" in one period overflows", id);
}

static void put(struct builder *b, const struct ts_charge *line, size_t month, ts_i128 quantity,
	int64_t amount_minor)
{
	if (quantity == 0 && amount_minor == 0)
		return;
	TS_ASSERT(b->n < b->cap);
	struct ts_charge *charge = &b->charges[b->n++];
	*charge = *line;
	charge->period = b->period->index;
	charge->month = b->first_month + (int32_t)month;
	charge->quantity = quantity;
	charge->amount_minor = amount_minor;
}

/* round(x + flat) for a tie of half_even: the flat moves the neighbours, so the even one is the
 * other when the flat is odd. */
static enum ts_err tie_to_even(const struct ts_terms *terms, ts_i128 quantity,
	struct ts_decimal unit_price, ts_i128 divisor, int64_t flat_minor, int64_t *minor)
{
	ts_i128 twice = 0;
	int64_t low = 0, high = 0, sum = 0;
	TS_TRY(ts_mul128(quantity, 2, &twice));
	TS_TRY(ts_money_extend(twice, unit_price, divisor, terms->currency, TS_ROUND_DOWN, &low));
	TS_TRY(ts_money_extend(twice, unit_price, divisor, terms->currency, TS_ROUND_UP, &high));
	if (low != high || (low & 1) == 0)
		return ts_add64(*minor, flat_minor, minor);
	TS_TRY(ts_add64(low / 2, flat_minor, &sum));
	*minor = sum + (sum & 1);
	return TS_OK;
}

/* The one rounding of a usage line: round(quantity * unit price / divisor + flat). */
static enum ts_err extend(const struct ts_terms *terms, const struct ts_price *price,
	ts_i128 quantity, struct ts_decimal unit_price, int64_t flat_minor, int64_t *minor)
{
	ts_i128 divisor = terms->skus[price->sku].divisor;
	int64_t v = 0;
	TS_TRY(ts_money_extend(
		quantity, unit_price, divisor, terms->currency, terms->rounding, &v));
	if (terms->rounding == TS_ROUND_HALF_EVEN && (flat_minor & 1) != 0)
		TS_TRY(tie_to_even(terms, quantity, unit_price, divisor, flat_minor, &v));
	else
		TS_TRY(ts_add64(v, flat_minor, &v));
	*minor = v;
	return TS_OK;
}

/* The part of the first `sum` units that lies in (low, high]. */
static ts_i128 part_of(ts_i128 sum, const struct ts_tier *below, const struct ts_tier *tier)
{
	ts_i128 low = below ? below->up_to : 0;
	ts_i128 top = tier->open || sum < tier->up_to ? sum : tier->up_to;
	return top > low ? top - low : 0;
}

/* A tier's line over the months. below is NULL when all units up to the sum are the tier's. The
 * flat is due once the tier is reached; the first tier is reached when the period begins. */
static enum ts_err rate_tier(struct builder *b, size_t item, int32_t tier_number,
	const struct ts_tier *below, const struct ts_tier *tier)
{
	const struct ts_price *price = &b->terms->prices[item];
	const ts_i128 *sums = &b->sums[item * b->months];
	struct ts_charge line = {.kind = TS_CHARGE_USAGE, .item = item, .tier = tier_number};
	ts_i128 quantity_before = 0;
	int64_t target_before = 0;
	for (size_t i = 0; i < b->months; i++) {
		ts_i128 quantity = part_of(sums[i], below, tier);
		bool begun = b->as_of_day >= b->period->first_day || sums[i] > 0;
		bool reached = below ? quantity > 0 : begun;
		int64_t target = 0;
		TS_TRY(extend(b->terms, price, quantity, tier->unit_price,
			reached ? tier->flat_minor : 0, &target));
		put(b, &line, i, quantity - quantity_before, target - target_before);
		quantity_before = quantity;
		target_before = target;
	}
	return TS_OK;
}

static enum ts_err rate_graduated(struct builder *b, size_t item)
{
	const struct ts_price *price = &b->terms->prices[item];
	for (size_t t = 0; t < price->tiers_n; t++) {
		const struct ts_tier *below = t > 0 ? &price->tiers[t - 1] : NULL;
		TS_TRY(rate_tier(b, item, (int32_t)t + 1, below, &price->tiers[t]));
	}
	return TS_OK;
}

/* All units at the price of the tier that the period's whole quantity reaches. */
static enum ts_err rate_volume(struct builder *b, size_t item)
{
	const struct ts_price *price = &b->terms->prices[item];
	ts_i128 total = b->sums[item * b->months + b->months - 1];
	size_t t = 0;
	while (!price->tiers[t].open && total > price->tiers[t].up_to)
		t++;
	TS_ASSERT(t < price->tiers_n);
	struct ts_tier all = price->tiers[t];
	all.open = true;
	return rate_tier(b, item, (int32_t)t + 1, NULL, &all);
}

static enum ts_err rate_price(struct builder *b, size_t item)
{
	const struct ts_price *price = &b->terms->prices[item];
	switch (price->model) {
	case TS_PRICE_PER_UNIT: {
		struct ts_tier all = {.open = true, .unit_price = price->unit_price};
		return rate_tier(b, item, 0, NULL, &all);
	}
	case TS_PRICE_GRADUATED:
		return rate_graduated(b, item);
	case TS_PRICE_VOLUME:
		return rate_volume(b, item);
	}
	return TS_E_INTERNAL;
}

/* What segments give for the period's days before end_day: exact amount x days, and the days. */
static enum ts_err add_segments(const struct builder *b, const struct ts_segment *segments,
	size_t n, int64_t end_day, ts_i128 *product, int64_t *days)
{
	*product = 0;
	*days = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t from = segments[i].from_day, to = segments[i].to_day;
		from = from > b->period->first_day ? from : b->period->first_day;
		to = to < end_day ? to : end_day;
		if (from >= to)
			continue;
		ts_i128 part = 0;
		TS_TRY(ts_mul128(segments[i].amount_minor, to - from, &part));
		TS_TRY(ts_add128(*product, part, product));
		*days += to - from;
	}
	return TS_OK;
}

/* Pro rata by contract days of the unclipped period, rounded once. */
static enum ts_err pro_rata(const struct builder *b, ts_i128 product, int64_t *minor)
{
	ts_i128 amount = 0;
	int32_t full_days = b->period->full_end_day - b->period->full_first_day;
	TS_TRY(ts_muldiv(product, 1, full_days, b->terms->rounding, &amount));
	return ts_to64(amount, minor);
}

static enum ts_err rate_fee(struct builder *b, size_t item)
{
	const struct ts_fee *fee = &b->terms->fees[item];
	struct ts_charge line = {.kind = TS_CHARGE_FEE, .item = item};
	int64_t days_before = 0, target_before = 0;
	for (size_t i = 0; i < b->months; i++) {
		int64_t end = ts_month_first_day(b->first_month + (int32_t)i + 1);
		end = end < b->period->end_day ? end : b->period->end_day;
		end = end < (int64_t)b->as_of_day + 1 ? end : (int64_t)b->as_of_day + 1;
		ts_i128 product = 0;
		int64_t days = 0, target = 0;
		TS_TRY(add_segments(b, fee->segments, fee->segments_n, end, &product, &days));
		TS_TRY(pro_rata(b, product, &target));
		put(b, &line, i, days - days_before, target - target_before);
		days_before = days;
		target_before = target;
	}
	return TS_OK;
}

/* From the rounded lines, so that what counts and the true-up add up to the minimum exactly. */
static enum ts_err rate_minimum(struct builder *b, size_t item, size_t counted_n)
{
	const struct ts_minimum *minimum = &b->terms->minimums[item];
	ts_i128 product = 0;
	int64_t days = 0, due = 0, counted = 0;
	TS_TRY(add_segments(
		b, minimum->segments, minimum->segments_n, b->period->end_day, &product, &days));
	TS_TRY(pro_rata(b, product, &due));
	for (size_t i = 0; i < counted_n; i++) {
		const struct ts_charge *charge = &b->charges[i];
		bool counts = charge->kind == TS_CHARGE_USAGE ? minimum->counts_usage
							      : minimum->counts_fees;
		if (counts)
			TS_TRY(ts_add64(counted, charge->amount_minor, &counted));
	}
	struct ts_charge line = {.kind = TS_CHARGE_TRUE_UP, .item = item};
	if (due > counted)
		put(b, &line, b->months - 1, 0, due - counted);
	return TS_OK;
}

static enum ts_err gather(struct builder *b, const struct ts_measure *measures, size_t n)
{
	b->sums = ts_region_array(b->region, b->terms->prices_n * b->months, sizeof *b->sums);
	if (!b->sums)
		return ts_why(b->why, TS_E_NO_MEMORY, "", "no memory to rate a period");
	for (size_t i = 0; i < n; i++) {
		TS_ASSERT(measures[i].price < b->terms->prices_n && measures[i].quantity >= 0);
		TS_ASSERT(measures[i].month >= b->first_month);
		size_t month = (size_t)(measures[i].month - b->first_month);
		TS_ASSERT(month < b->months);
		ts_i128 *sum = &b->sums[measures[i].price * b->months + month];
		TS_TRY(too_big(b, ts_add128(*sum, measures[i].quantity, sum),
			b->terms->prices[measures[i].price].id));
	}
	for (size_t p = 0; p < b->terms->prices_n; p++) {
		for (size_t i = 1; i < b->months; i++) {
			ts_i128 *sum = &b->sums[p * b->months + i];
			TS_TRY(too_big(b, ts_add128(sum[0], sum[-1], sum), b->terms->prices[p].id));
		}
	}
	return TS_OK;
}

static enum ts_err make_room(struct builder *b)
{
	size_t lines = b->terms->fees_n + b->terms->minimums_n;
	for (size_t i = 0; i < b->terms->prices_n; i++)
		lines += b->terms->prices[i].tiers_n + 1;
	b->cap = lines * b->months;
	b->charges = ts_region_array(b->region, b->cap, sizeof *b->charges);
	if (!b->charges)
		return ts_why(b->why, TS_E_NO_MEMORY, "", "no memory for %zu charges", b->cap);
	return TS_OK;
}

enum ts_err ts_rate_period(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_measure *measures, size_t n, int32_t as_of_day, struct ts_region *region,
	const struct ts_charge **out, size_t *out_n, struct ts_why *why)
{
	int32_t first_month = ts_month_of_day(period->first_day);
	int32_t last_month = ts_month_of_day(period->end_day - 1);
	struct builder b = {
		.terms = terms,
		.period = period,
		.region = region,
		.as_of_day = as_of_day,
		.first_month = first_month,
		.months = (size_t)(last_month - first_month) + 1,
		.why = why,
	};
	TS_TRY(gather(&b, measures, n));
	TS_TRY(make_room(&b));
	for (size_t i = 0; i < terms->prices_n; i++)
		TS_TRY(too_big(&b, rate_price(&b, i), terms->prices[i].id));
	for (size_t i = 0; i < terms->fees_n; i++)
		TS_TRY(too_big(&b, rate_fee(&b, i), terms->fees[i].id));
	size_t counted_n = b.n;
	for (size_t i = 0; i < terms->minimums_n && as_of_day >= period->end_day - 1; i++)
		TS_TRY(too_big(&b, rate_minimum(&b, i, counted_n), terms->minimums[i].id));
	*out = b.charges;
	*out_n = b.n;
	return TS_OK;
}

enum ts_err ts_rate_tax(const struct ts_terms *terms, int64_t net_minor, struct ts_decimal percent,
	int64_t *tax_minor)
{
	ts_i128 tax = 0;
	TS_TRY(ts_muldiv(net_minor, percent.pico, 100 * TS_PICO, terms->rounding, &tax));
	return ts_to64(tax, tax_minor);
}
