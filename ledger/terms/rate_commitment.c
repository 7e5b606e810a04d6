/* SPDX-License-Identifier: Apache-2.0 */
/* Committed quantities: what is beyond them, what of them is not used, what was paid before and is
 * used now. Each is a line of its own; the usage line stays as it is. */
#include "terms/match.h"
#include "terms/rate_build.h"

#define QUARTERS_PER_HOUR 4

/* Cumulative quantities of one commitment's lines, by month. */
struct shares {
	ts_i128 *over, *short_, *rolled, *used, *committed;
};

static enum ts_err make_shares(const struct ts_rate_builder *b, struct shares *s)
{
	ts_i128 *all = ts_region_array(b->region, 5 * b->months, sizeof *all);
	if (!all)
		return TS_E_NO_MEMORY;
	*s = (struct shares){all, all + b->months, all + 2 * b->months, all + 3 * b->months,
		all + 4 * b->months};
	return TS_OK;
}

/* The committed quantity of the period, by days, and for how many days it holds. */
static enum ts_err committed_of(const struct ts_rate_builder *b, const struct ts_commitment *c,
	ts_i128 *quantity, int32_t *days)
{
	ts_i128 product = 0;
	*days = 0;
	for (size_t i = 0; i < c->levels_n; i++) {
		int32_t from = c->levels[i].from_day, to = c->levels[i].to_day;
		ts_i128 part = 0;
		from = from > b->period->first_day ? from : b->period->first_day;
		to = to < b->period->end_day ? to : b->period->end_day;
		if (from >= to)
			continue;
		TS_TRY(ts_mul128(c->levels[i].quantity, to - from, &part));
		TS_TRY(ts_add128(product, part, &product));
		*days += to - from;
	}
	return ts_muldiv(product, 1, b->period->full_end_day - b->period->full_first_day,
		TS_ROUND_DOWN, quantity);
}

/* What was carried is used first; what of the period's own is left over is short, and part of it
 * is carried on. */
static enum ts_err per_period(struct ts_rate_builder *b, size_t item, struct shares *s)
{
	const struct ts_commitment *c = &b->terms->commitments[item];
	ts_i128 carried = b->chain->carried[item], own = 0, whole = 0, next = 0;
	int32_t days = 0;
	TS_TRY(committed_of(b, c, &own, &days));
	TS_TRY(ts_add128(own, carried, &whole));
	for (size_t i = 0; i < b->months; i++) {
		ts_i128 used = b->sums[c->price * b->months + i];
		s->used[i] = used;
		s->committed[i] = whole;
		s->rolled[i] = used < carried ? used : carried;
		s->over[i] = days > 0 && used > whole ? used - whole : 0;
	}
	ts_i128 used = b->sums[c->price * b->months + b->months - 1];
	ts_i128 rest = used > whole ? 0 : used < carried ? own : whole - used;
	if (b->as_of_day >= b->period->end_day - 1)
		s->short_[b->months - 1] = rest;
	TS_TRY(ts_muldiv(rest, c->rollover.pico, TS_PICO, TS_ROUND_DOWN, &next));
	b->chain->carried[item] = next;
	return TS_OK;
}

/* The quantity of an hour that holds on a day. */
static ts_i128 hour_quantity(const struct ts_commitment *c, int32_t day)
{
	for (size_t i = 0; i < c->levels_n; i++)
		if (day >= c->levels[i].from_day && day < c->levels[i].to_day)
			return c->levels[i].quantity;
	return 0;
}

/* One hour, or quarter-hour, of a day: [from_us, to_us). Rows before it are behind *row. */
static enum ts_err one_hour(const struct ts_rate_builder *b, const struct ts_commitment *c,
	ts_i128 per_hour, int64_t from_us, int64_t to_us, size_t *row, struct shares *s,
	size_t month)
{
	ts_i128 committed = 0, used = 0;
	for (int64_t us = from_us; us < to_us; us += TS_US_PER_QUARTER) {
		bool holds = c->window == TS_SELECT_ANY ||
			     ts_window_has(
				     b->terms, c->window, ts_week_quarter(&b->terms->zone, us));
		if (holds)
			TS_TRY(ts_add128(committed, per_hour / QUARTERS_PER_HOUR, &committed));
		for (; *row < b->usage->fine_n && b->usage->fine[*row].quarter_us <= us; (*row)++) {
			const struct ts_fine *f = &b->usage->fine[*row];
			if (holds && f->price == c->price && f->quarter_us == us)
				TS_TRY(ts_add128(used, f->quantity, &used));
		}
	}
	TS_TRY(ts_add128(s->used[month], used, &s->used[month]));
	TS_TRY(ts_add128(s->committed[month], committed, &s->committed[month]));
	if (committed == 0)
		return TS_OK;
	if (used > committed)
		return ts_add128(s->over[month], used - committed, &s->over[month]);
	return ts_add128(s->short_[month], committed - used, &s->short_[month]);
}

/* Hours are counted from the beginning of each contract day; days up to the as-of day are over. */
static enum ts_err per_hour(struct ts_rate_builder *b, size_t item, struct shares *s)
{
	const struct ts_commitment *c = &b->terms->commitments[item];
	int64_t step = c->per == TS_PER_HOUR ? TS_US_PER_HOUR : TS_US_PER_QUARTER;
	size_t row = 0, month = 0;
	for (int32_t day = b->period->first_day; day < b->period->end_day && day <= b->as_of_day;
		day++) {
		ts_i128 quantity = hour_quantity(c, day);
		int64_t end = ts_zone_day_start(&b->terms->zone, day + 1);
		month = (size_t)(ts_month_of_day(day) - b->first_month);
		if (quantity == 0)
			continue;
		for (int64_t us = ts_zone_day_start(&b->terms->zone, day); us < end; us += step)
			TS_TRY(one_hour(b, c, quantity, us, us + step < end ? us + step : end, &row,
				s, month));
	}
	ts_i128 *const rows[] = {s->over, s->short_, s->used, s->committed};
	for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
		for (size_t i = 1; i < b->months; i++)
			TS_TRY(ts_add128(rows[k][i], rows[k][i - 1], &rows[k][i]));
	return TS_OK;
}

/* price may be negative: an overage that is cheaper than the unit price. */
static enum ts_err put_shares(struct ts_rate_builder *b, const struct ts_charge *kind,
	const struct shares *s, const ts_i128 *quantities, struct ts_decimal price)
{
	const struct ts_commitment *c = &b->terms->commitments[kind->item];
	ts_i128 divisor = b->terms->skus[b->terms->prices[c->price].sku].divisor;
	ts_i128 quantity_before = 0;
	int64_t before = 0;
	for (size_t i = 0; i < b->months; i++) {
		struct ts_charge line = *kind;
		int64_t target = 0;
		TS_TRY(ts_money_extend(quantities[i], price, divisor, b->terms->currency,
			b->terms->rounding, &target));
		line.basis = s->used[i];
		line.limit = s->committed[i];
		TS_TRY(ts_rate_put(b, &line, i, quantities[i] - quantity_before, target - before));
		quantity_before = quantities[i];
		before = target;
	}
	return TS_OK;
}

enum ts_err ts_rate_commitment(struct ts_rate_builder *b, size_t item, bool asked)
{
	const struct ts_commitment *c = &b->terms->commitments[item];
	struct ts_decimal more = {
		c->overage_price.pico - b->terms->prices[c->price].unit_price.pico};
	struct ts_decimal back = {-c->shortfall_price.pico};
	struct ts_charge line = {.kind = TS_CHARGE_OVERAGE, .item = item};
	struct shares s;
	TS_TRY(make_shares(b, &s));
	if (c->per == TS_PER_PERIOD)
		TS_TRY(per_period(b, item, &s));
	else if (asked)
		TS_TRY(per_hour(b, item, &s));
	if (!asked)
		return TS_OK;
	ts_i128 committed = s.committed[b->months - 1], used = s.used[b->months - 1];
	if (c->per != TS_PER_PERIOD)
		used = committed - s.short_[b->months - 1];
	ts_rate_gauge(b, TS_CHARGE_SHORTFALL, item, used, committed);
	if (c->has_overage)
		TS_TRY(put_shares(b, &line, &s, s.over, more));
	line.kind = TS_CHARGE_SHORTFALL;
	if (c->has_shortfall)
		TS_TRY(put_shares(b, &line, &s, s.short_, c->shortfall_price));
	line.kind = TS_CHARGE_ROLLOVER;
	return c->rollover.pico > 0 ? put_shares(b, &line, &s, s.rolled, back) : TS_OK;
}
