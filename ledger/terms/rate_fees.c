/* SPDX-License-Identifier: Apache-2.0 */
/* Fees by days, and the minimums that usage and fees are measured against. */
#include "terms/rate_build.h"

static const struct ts_segment *segments_of(
	const struct ts_terms *terms, enum ts_join_table table, size_t item, size_t *n)
{
	const struct ts_minimum *minimum = &terms->minimums[item];
	const struct ts_cap *cap = &terms->caps[item];
	if (table == TS_JOIN_MINIMUMS) {
		*n = minimum->segments_n;
		return minimum->segments;
	}
	if (table == TS_JOIN_CAPS) {
		*n = cap->segments_n;
		return cap->segments;
	}
	TS_ASSERT(table == TS_JOIN_FEES);
	*n = terms->fees[item].segments_n;
	return terms->fees[item].segments;
}

/* What a schedule gives for the period's days before end_day: exact amount x days, and the days.
 * Both are added. */
static enum ts_err add_segments(const struct ts_rate_builder *b, const struct ts_segment *segments,
	size_t n, int64_t end_day, ts_i128 *product, int64_t *days)
{
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
static enum ts_err pro_rata(const struct ts_rate_builder *b, ts_i128 product, int64_t *minor)
{
	ts_i128 amount = 0;
	int32_t full_days = b->period->full_end_day - b->period->full_first_day;
	TS_TRY(ts_muldiv(product, 1, full_days, b->terms->rounding, &amount));
	return ts_to64(amount, minor);
}

enum ts_err ts_rate_due(const struct ts_rate_builder *b, const struct ts_rate_items *items,
	int64_t end_day, int64_t *days, int64_t *minor)
{
	ts_i128 product = 0;
	*days = 0;
	for (size_t i = items->first; i <= items->last; i++) {
		size_t n = 0;
		const struct ts_segment *segments = segments_of(b->terms, items->table, i, &n);
		TS_TRY(add_segments(b, segments, n, end_day, &product, days));
	}
	return pro_rata(b, product, minor);
}

enum ts_err ts_rate_segments(const struct ts_rate_builder *b, const struct ts_segment *segments,
	size_t n, int64_t *minor)
{
	ts_i128 product = 0;
	int64_t days = 0;
	TS_TRY(add_segments(b, segments, n, b->period->end_day, &product, &days));
	return pro_rata(b, product, minor);
}

int64_t ts_rate_month_end(const struct ts_rate_builder *b, size_t month)
{
	int64_t end = ts_month_first_day(b->first_month + (int32_t)month + 1);
	end = end < b->period->end_day ? end : b->period->end_day;
	return end < (int64_t)b->as_of_day + 1 ? end : (int64_t)b->as_of_day + 1;
}

/* One cumulative function of days over the versions; the line is what this one adds. */
enum ts_err ts_rate_fee(struct ts_rate_builder *b, size_t item)
{
	struct ts_charge line = {.kind = TS_CHARGE_FEE, .item = item};
	struct ts_rate_items with = {TS_JOIN_FEES, ts_join_first(b, TS_JOIN_FEES, item), item};
	int64_t days_before = 0, target_before = 0;
	for (size_t i = 0; i < b->months; i++) {
		int64_t end = ts_rate_month_end(b, i);
		int64_t days = 0, target = 0, others_days = 0, others = 0;
		struct ts_rate_items less = with;
		TS_TRY(ts_rate_due(b, &with, end, &days, &target));
		if (with.first < item) {
			less.last = item - 1;
			TS_TRY(ts_rate_due(b, &less, end, &others_days, &others));
		}
		days -= others_days;
		target -= others;
		TS_TRY(ts_rate_put(b, &line, i, days - days_before, target - target_before));
		days_before = days;
		target_before = target;
	}
	return TS_OK;
}

static struct ts_rate_count counts_of(const struct ts_minimum *minimum)
{
	return (struct ts_rate_count){.on = &minimum->on,
		.usage = minimum->counts_usage,
		.fees = minimum->counts_fees,
		.kinds = ~0U};
}

/* Rounded lines, and what excluded usage that counts would have cost under any of the versions. */
static enum ts_err counted_all(const struct ts_rate_builder *b, size_t item,
	const struct ts_rate_count *count, size_t n, size_t month, int64_t *out)
{
	TS_TRY(ts_rate_counted(b, count, n, month, out));
	for (size_t i = ts_join_first(b, TS_JOIN_MINIMUMS, item); count->usage && i <= item; i++) {
		int64_t excluded = 0;
		TS_TRY(ts_rate_excluded_minor(b, &b->terms->minimums[i].on, month, &excluded));
		TS_TRY(ts_add64(*out, excluded, out));
	}
	return TS_OK;
}

/* What is short by each month's end, of the days so far. When the period is over, that is what it
 * would have been at once. */
static enum ts_err put_short_so_far(struct ts_rate_builder *b, size_t item, size_t counted_n)
{
	struct ts_rate_count count = counts_of(&b->terms->minimums[item]);
	struct ts_rate_items all = ts_join_items(b, TS_JOIN_MINIMUMS, item);
	struct ts_charge line = {.kind = TS_CHARGE_TRUE_UP, .item = item};
	int64_t short_before = 0;
	for (size_t i = 0; i < b->months; i++) {
		int64_t days = 0, due = 0, counted = 0, before = 0;
		TS_TRY(ts_rate_due(b, &all, ts_rate_month_end(b, i), &days, &due));
		TS_TRY(counted_all(b, item, &count, counted_n, i, &counted));
		TS_TRY(ts_rate_counted_before(
			b, TS_JOIN_MINIMUMS, item, &count, counted_n, i, &before));
		TS_TRY(ts_add64(counted, before, &counted));
		int64_t target = due > counted ? due - counted : 0;
		line.basis = counted;
		line.limit = due;
		TS_TRY(ts_rate_put(b, &line, i, 0, target - short_before));
		short_before = target;
	}
	return TS_OK;
}

/* From the rounded lines, so that what counts and the true-up add up to the minimum exactly. The
 * last version that has the minimum makes it up. */
enum ts_err ts_rate_minimum(struct ts_rate_builder *b, size_t item, size_t counted_n)
{
	struct ts_rate_count count = counts_of(&b->terms->minimums[item]);
	struct ts_rate_items all = ts_join_items(b, TS_JOIN_MINIMUMS, item);
	int64_t days = 0, due = 0, counted = 0, before = 0;
	bool over = b->as_of_day >= b->period->end_day - 1;
	bool by_days = b->terms->minimums[item].proportional;
	if (item != all.last)
		return TS_OK;
	if (by_days)
		TS_TRY(put_short_so_far(b, item, counted_n));
	if (b->gauges == NULL && (by_days || !over))
		return TS_OK;
	TS_TRY(ts_rate_due(b, &all, b->period->end_day, &days, &due));
	TS_TRY(counted_all(b, item, &count, counted_n, b->months - 1, &counted));
	TS_TRY(ts_rate_counted_before(
		b, TS_JOIN_MINIMUMS, item, &count, counted_n, b->months - 1, &before));
	TS_TRY(ts_add64(counted, before, &counted));
	struct ts_charge line = {
		.kind = TS_CHARGE_TRUE_UP, .item = item, .basis = counted, .limit = due};
	ts_rate_gauge(b, TS_CHARGE_TRUE_UP, item, counted, due);
	if (by_days || !over || due <= counted)
		return TS_OK;
	return ts_rate_put(b, &line, b->months - 1, 0, due - counted);
}

static enum ts_err excess_of(
	const struct ts_rate_builder *b, size_t item, int64_t counted, int64_t due, int64_t *target)
{
	ts_i128 more = 0;
	TS_TRY(ts_muldiv(counted > due ? counted - due : 0,
		b->terms->minimums[item].overage_factor.pico - TS_PICO, TS_PICO, b->terms->rounding,
		&more));
	return ts_to64(more, target);
}

/* What counts beyond the minimum costs factor times as much: the rest of it is a line of its own.
 */
enum ts_err ts_rate_excess(struct ts_rate_builder *b, size_t item, size_t counted_n)
{
	const struct ts_minimum *minimum = &b->terms->minimums[item];
	struct ts_rate_count count = counts_of(minimum);
	struct ts_rate_items all = ts_join_items(b, TS_JOIN_MINIMUMS, item);
	struct ts_charge line = {.kind = TS_CHARGE_EXCESS, .item = item};
	int64_t days = 0, due = 0, before = 0;
	if (!minimum->has_overage)
		return TS_OK;
	TS_TRY(ts_rate_due(b, &all, b->period->end_day, &days, &due));
	for (size_t i = 0; days > 0 && i < b->months; i++) {
		int64_t counted = 0, target = 0, others = 0, less = 0;
		TS_TRY(ts_rate_counted_before(
			b, TS_JOIN_MINIMUMS, item, &count, counted_n, i, &others));
		TS_TRY(excess_of(b, item, others, due, &less));
		TS_TRY(ts_rate_counted(b, &count, counted_n, i, &counted));
		TS_TRY(ts_add64(counted, others, &counted));
		TS_TRY(excess_of(b, item, counted, due, &target));
		TS_TRY(ts_sub64(target, less, &target));
		line.basis = counted;
		line.limit = due;
		TS_TRY(ts_rate_put(b, &line, i, 0, target - before));
		before = target;
	}
	return TS_OK;
}
