/* SPDX-License-Identifier: Apache-2.0 */
/* Fees by days, and the minimums that usage and fees are measured against. */
#include "terms/rate_build.h"

/* What segments give for the period's days before end_day: exact amount x days, and the days. */
static enum ts_err add_segments(const struct ts_rate_builder *b, const struct ts_segment *segments,
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
static enum ts_err pro_rata(const struct ts_rate_builder *b, ts_i128 product, int64_t *minor)
{
	ts_i128 amount = 0;
	int32_t full_days = b->period->full_end_day - b->period->full_first_day;
	TS_TRY(ts_muldiv(product, 1, full_days, b->terms->rounding, &amount));
	return ts_to64(amount, minor);
}

enum ts_err ts_rate_due(const struct ts_rate_builder *b, const struct ts_segment *segments,
	size_t n, int64_t end_day, int64_t *days, int64_t *minor)
{
	ts_i128 product = 0;
	TS_TRY(add_segments(b, segments, n, end_day, &product, days));
	return pro_rata(b, product, minor);
}

enum ts_err ts_rate_fee(struct ts_rate_builder *b, size_t item)
{
	const struct ts_fee *fee = &b->terms->fees[item];
	struct ts_charge line = {.kind = TS_CHARGE_FEE, .item = item};
	int64_t days_before = 0, target_before = 0;
	for (size_t i = 0; i < b->months; i++) {
		int64_t end = ts_month_first_day(b->first_month + (int32_t)i + 1);
		end = end < b->period->end_day ? end : b->period->end_day;
		end = end < (int64_t)b->as_of_day + 1 ? end : (int64_t)b->as_of_day + 1;
		int64_t days = 0, target = 0;
		TS_TRY(ts_rate_due(b, fee->segments, fee->segments_n, end, &days, &target));
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

/* From the rounded lines, so that what counts and the true-up add up to the minimum exactly. */
enum ts_err ts_rate_minimum(struct ts_rate_builder *b, size_t item, size_t counted_n)
{
	const struct ts_minimum *minimum = &b->terms->minimums[item];
	struct ts_rate_count count = counts_of(minimum);
	int64_t days = 0, due = 0, counted = 0;
	bool over = b->as_of_day >= b->period->end_day - 1;
	if (!over && b->gauges == NULL)
		return TS_OK;
	TS_TRY(ts_rate_due(
		b, minimum->segments, minimum->segments_n, b->period->end_day, &days, &due));
	TS_TRY(ts_rate_counted(b, &count, counted_n, b->months - 1, &counted));
	struct ts_charge line = {
		.kind = TS_CHARGE_TRUE_UP, .item = item, .basis = counted, .limit = due};
	ts_rate_gauge(b, TS_CHARGE_TRUE_UP, item, counted, due);
	if (!over || due <= counted)
		return TS_OK;
	return ts_rate_put(b, &line, b->months - 1, 0, due - counted);
}

/* What counts beyond the minimum costs factor times as much: the rest of it is a line of its own.
 */
enum ts_err ts_rate_excess(struct ts_rate_builder *b, size_t item, size_t counted_n)
{
	const struct ts_minimum *minimum = &b->terms->minimums[item];
	struct ts_rate_count count = counts_of(minimum);
	struct ts_charge line = {.kind = TS_CHARGE_EXCESS, .item = item};
	int64_t days = 0, due = 0, before = 0;
	if (!minimum->has_overage)
		return TS_OK;
	TS_TRY(ts_rate_due(
		b, minimum->segments, minimum->segments_n, b->period->end_day, &days, &due));
	for (size_t i = 0; days > 0 && i < b->months; i++) {
		int64_t counted = 0, target = 0;
		ts_i128 more = 0;
		TS_TRY(ts_rate_counted(b, &count, counted_n, i, &counted));
		TS_TRY(ts_muldiv(counted > due ? counted - due : 0,
			minimum->overage_factor.pico - TS_PICO, TS_PICO, b->terms->rounding,
			&more));
		TS_TRY(ts_to64(more, &target));
		line.basis = counted;
		line.limit = due;
		TS_TRY(ts_rate_put(b, &line, i, 0, target - before));
		before = target;
	}
	return TS_OK;
}
