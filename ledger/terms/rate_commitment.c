/* SPDX-License-Identifier: Apache-2.0 */
/* Committed quantities: what is beyond them, what of them is not used, what was paid before and is
 * used now. Each is a line of its own; the usage line stays as it is. */
#include "terms/match.h"
#include "terms/rate_build.h"

#define QUARTERS_PER_HOUR 4

/* Cumulative quantities of one commitment's lines, by month. */
struct shares {
	ts_i128 *over, *short_, *rolled, *used, *committed;
	ts_i128 *over_before, *short_before, *rolled_before; /* under the versions before */
};

static enum ts_err make_shares(const struct ts_rate_builder *b, struct shares *s)
{
	ts_i128 *all = ts_region_array(b->region, 8 * b->months, sizeof *all);
	if (!all)
		return TS_E_NO_MEMORY;
	*s = (struct shares){.over = all,
		.short_ = all + b->months,
		.rolled = all + 2 * b->months,
		.used = all + 3 * b->months,
		.committed = all + 4 * b->months,
		.over_before = all + 5 * b->months,
		.short_before = all + 6 * b->months,
		.rolled_before = all + 7 * b->months};
	return TS_OK;
}

/* The committed quantity of the period, by days of every version, and for how many it holds. */
static enum ts_err committed_of(const struct ts_rate_builder *b, size_t item, int64_t end_day,
	ts_i128 *quantity, int32_t *days)
{
	ts_i128 product = 0;
	*days = 0;
	for (size_t k = ts_join_first(b, TS_JOIN_COMMITMENTS, item);
		k <= ts_join_last(b, TS_JOIN_COMMITMENTS, item); k++) {
		const struct ts_commitment *c = &b->terms->commitments[k];
		for (size_t i = 0; i < c->levels_n; i++) {
			int32_t from = c->levels[i].from_day, to = c->levels[i].to_day;
			ts_i128 part = 0;
			from = from > b->period->first_day ? from : b->period->first_day;
			to = to < end_day ? to : (int32_t)end_day;
			if (from >= to)
				continue;
			TS_TRY(ts_mul128(c->levels[i].quantity, to - from, &part));
			TS_TRY(ts_add128(product, part, &product));
			*days += to - from;
		}
	}
	return ts_muldiv(product, 1, b->period->full_end_day - b->period->full_first_day,
		TS_ROUND_DOWN, quantity);
}

/* What was carried is used first; what of the period's own is left over is short. */
static ts_i128 short_of(ts_i128 own, ts_i128 carried, ts_i128 used)
{
	if (used < carried)
		return own;
	return used > own + carried ? 0 : own + carried - used;
}

/* What counts as used when it comes to what is short: of all versions, billed or excluded. */
static enum ts_err used_for_short(
	const struct ts_rate_builder *b, size_t item, size_t month, ts_i128 used, ts_i128 *out)
{
	*out = used;
	for (size_t i = ts_join_first(b, TS_JOIN_COMMITMENTS, item); i <= item; i++) {
		ts_i128 excluded = 0;
		TS_TRY(ts_rate_excluded(b, b->terms->commitments[i].price, month, &excluded));
		TS_TRY(ts_add128(*out, excluded, out));
	}
	return TS_OK;
}

/* By each month's end, of the days so far. */
static enum ts_err short_so_far(
	const struct ts_rate_builder *b, size_t item, ts_i128 carried, struct shares *s)
{
	for (size_t i = 0; i < b->months; i++) {
		ts_i128 own = 0;
		int32_t days = 0;
		TS_TRY(committed_of(b, item, ts_rate_month_end(b, i), &own, &days));
		ts_i128 used = 0;
		TS_TRY(used_for_short(b, item, i, s->used[i], &used));
		s->short_[i] = short_of(own, carried, used);
	}
	return TS_OK;
}

/* What was carried is used first; what of the period's own is left over is short, and part of it
 * is carried on. The last version that has the commitment makes up what is short. */
static enum ts_err per_period(struct ts_rate_builder *b, size_t item, struct shares *s)
{
	const struct ts_commitment *c = &b->terms->commitments[item];
	ts_i128 *carry = &b->chain->carried[ts_join_group(b, TS_JOIN_COMMITMENTS, item)];
	ts_i128 carried = *carry, own = 0, whole = 0, next = 0, others = 0, used = 0;
	int32_t days = 0;
	TS_TRY(committed_of(b, item, b->period->end_day, &own, &days));
	TS_TRY(ts_add128(own, carried, &whole));

	for (size_t i = 0; i < b->months; i++) {
		TS_TRY(ts_join_used(b, TS_JOIN_COMMITMENTS, item, i, &others));
		TS_TRY(ts_add128(others, b->sums[c->price * b->months + i], &used));
		s->over_before[i] = days > 0 && others > whole ? others - whole : 0;
		s->rolled_before[i] = others < carried ? others : carried;
		s->used[i] = used;
		s->committed[i] = whole;
		s->rolled[i] = used < carried ? used : carried;
		s->over[i] = days > 0 && used > whole ? used - whole : 0;
	}
	if (ts_join_followed(b, TS_JOIN_COMMITMENTS, item))
		return TS_OK;
	TS_TRY(used_for_short(b, item, b->months - 1, used, &used));
	ts_i128 rest = short_of(own, carried, used);
	if (c->proportional)
		TS_TRY(short_so_far(b, item, carried, s));
	else if (b->as_of_day >= b->period->end_day - 1)
		s->short_[b->months - 1] = rest;
	TS_TRY(ts_muldiv(rest, c->rollover.pico, TS_PICO, TS_ROUND_DOWN, &next));
	*carry = next;
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
static enum ts_err one_hour(const struct ts_rate_builder *b, size_t item, ts_i128 per_hour,
	int64_t from_us, int64_t to_us, size_t *row, struct shares *s, size_t month)
{
	const struct ts_commitment *c = &b->terms->commitments[item];
	const struct ts_terms *terms = b->join != NULL ? b->join->windows[item] : b->terms;
	ts_i128 committed = 0, used = 0;
	for (int64_t us = from_us; us < to_us; us += TS_US_PER_QUARTER) {
		bool holds = c->window == TS_SELECT_ANY ||
			     ts_window_has(terms, c->window, ts_week_quarter(&b->terms->zone, us));
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
static enum ts_err hours_of(const struct ts_rate_builder *b, size_t item, struct shares *s)
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
			TS_TRY(one_hour(b, item, quantity, us, us + step < end ? us + step : end,
				&row, s, month));
	}
	ts_i128 *const rows[] = {s->over, s->short_, s->used, s->committed};
	for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
		for (size_t i = 1; i < b->months; i++)
			TS_TRY(ts_add128(rows[k][i], rows[k][i - 1], &rows[k][i]));
	return TS_OK;
}

/* Hours of several versions are apart; what they sum to is rounded once. */
static enum ts_err per_hour(const struct ts_rate_builder *b, size_t item, struct shares *s)
{
	TS_TRY(hours_of(b, item, s));
	for (size_t k = item; ts_join_follows(b, TS_JOIN_COMMITMENTS, k); k--) {
		struct shares other;
		TS_TRY(make_shares(b, &other));
		TS_TRY(hours_of(b, k - 1, &other));
		for (size_t i = 0; i < b->months; i++) {
			TS_TRY(ts_add128(s->over_before[i], other.over[i], &s->over_before[i]));
			TS_TRY(ts_add128(s->short_before[i], other.short_[i], &s->short_before[i]));
		}
	}
	for (size_t i = 0; i < b->months; i++) {
		TS_TRY(ts_add128(s->over[i], s->over_before[i], &s->over[i]));
		TS_TRY(ts_add128(s->short_[i], s->short_before[i], &s->short_[i]));
	}
	return TS_OK;
}

/* Quantities and what they were before the version; price may be negative: an overage that is
 * cheaper than the unit price. */
static enum ts_err put_shares(struct ts_rate_builder *b, const struct ts_charge *kind,
	const struct shares *s, const ts_i128 *quantities, const ts_i128 *others,
	struct ts_decimal price)
{
	const struct ts_commitment *c = &b->terms->commitments[kind->item];
	ts_i128 divisor = b->terms->skus[b->terms->prices[c->price].sku].divisor;
	ts_i128 quantity_before = 0;
	int64_t before = 0;
	for (size_t i = 0; i < b->months; i++) {
		struct ts_charge line = *kind;
		ts_i128 quantity = quantities[i] - others[i];
		int64_t target = 0, less = 0;
		TS_TRY(ts_money_extend(
			others[i], price, divisor, b->terms->currency, b->terms->rounding, &less));
		TS_TRY(ts_money_extend(quantities[i], price, divisor, b->terms->currency,
			b->terms->rounding, &target));
		TS_TRY(ts_sub64(target, less, &target));
		line.basis = s->used[i];
		line.limit = s->committed[i];
		TS_TRY(ts_rate_put(b, &line, i, quantity - quantity_before, target - before));
		quantity_before = quantity;
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
	if (!ts_join_followed(b, TS_JOIN_COMMITMENTS, item))
		ts_rate_gauge(b, TS_CHARGE_SHORTFALL, item, used, committed);
	if (c->has_overage)
		TS_TRY(put_shares(b, &line, &s, s.over, s.over_before, more));
	line.kind = TS_CHARGE_SHORTFALL;
	if (c->has_shortfall)
		TS_TRY(put_shares(b, &line, &s, s.short_, s.short_before, c->shortfall_price));
	line.kind = TS_CHARGE_ROLLOVER;
	return c->rollover.pico > 0 ? put_shares(b, &line, &s, s.rolled, s.rolled_before, back)
				    : TS_OK;
}
