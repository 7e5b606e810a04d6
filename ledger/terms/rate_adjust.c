/* SPDX-License-Identifier: Apache-2.0 */
/* Discounts and caps: lines of their own, computed from rounded lines, so that a document adds up.
 */
#include "terms/cover.h"
#include "terms/rate_build.h"

#define ALL_KINDS (~0U)
#define KIND(kind) (1U << (unsigned)(kind))

enum ts_err ts_rate_counted(const struct ts_rate_builder *b, const struct ts_rate_count *count,
	size_t n, size_t month, int64_t *out)
{
	int64_t sum = 0;
	for (size_t i = 0; i < n; i++) {
		const struct ts_charge *charge = &b->charges[i];
		if (charge->month > b->first_month + (int32_t)month ||
			(count->kinds & KIND(charge->kind)) == 0 ||
			!ts_cover_line(b->terms, count->on, charge->kind, charge->item))
			continue;
		bool of_fees = ts_line_of_fees(b->terms, charge->kind, charge->item);
		if (of_fees ? count->fees : count->usage)
			TS_TRY(ts_add64(sum, charge->amount_minor, &sum));
	}
	*out = sum;
	return TS_OK;
}

/* The first units of a price: what it costs less what it would cost without them. */
static enum ts_err give_quantity(const struct ts_rate_builder *b, const struct ts_discount *d,
	size_t month, ts_i128 *quantity, int64_t *whole, int64_t *target)
{
	ts_i128 sum = b->sums[d->price * b->months + month];
	int64_t rest = 0;
	*quantity = sum < d->quantity ? sum : d->quantity;
	TS_TRY(ts_rate_price_at(b, d->price, 0, month, whole));
	TS_TRY(ts_rate_price_at(b, d->price, d->quantity, month, &rest));
	return ts_sub64(rest, *whole, target);
}

static enum ts_err give_percent(const struct ts_rate_builder *b, const struct ts_discount *d,
	size_t counted_n, size_t month, int64_t *whole, int64_t *target)
{
	struct ts_rate_count count = {
		.on = &d->on, .usage = true, .fees = true, .kinds = ALL_KINDS};
	ts_i128 part = 0;
	TS_TRY(ts_rate_counted(b, &count, counted_n, month, whole));
	TS_TRY(ts_muldiv(*whole, d->percent.pico, 100 * TS_PICO, b->terms->rounding, &part));
	return ts_to64(-part, target);
}

enum ts_err ts_rate_discount(struct ts_rate_builder *b, size_t item, size_t counted_n)
{
	const struct ts_discount *d = &b->terms->discounts[item];
	struct ts_charge line = {.kind = TS_CHARGE_DISCOUNT, .item = item};
	int64_t before = 0;
	for (size_t i = 0; i < b->months; i++) {
		ts_i128 quantity = 0;
		int64_t whole = 0, target = 0;
		if (d->quantity > 0)
			TS_TRY(give_quantity(b, d, i, &quantity, &whole, &target));
		else
			TS_TRY(give_percent(b, d, counted_n, i, &whole, &target));
		line.basis = whole;
		line.limit = quantity;
		TS_TRY(ts_rate_put(b, &line, i, 0, target - before));
		before = target;
	}
	return TS_OK;
}

enum ts_err ts_rate_cap(struct ts_rate_builder *b, size_t item)
{
	const struct ts_cap *cap = &b->terms->caps[item];
	struct ts_rate_count count = {
		.on = &cap->on, .usage = true, .fees = true, .kinds = ALL_KINDS};
	struct ts_charge line = {.kind = TS_CHARGE_CAP, .item = item};
	size_t counted_n = b->n;
	int64_t room = 0, days = 1, before = 0, counted = 0;
	if (cap->term)
		TS_TRY(ts_sub64(cap->amount_minor, b->chain->spent[item], &room));
	else
		TS_TRY(ts_rate_due(
			b, cap->segments, cap->segments_n, b->period->end_day, &days, &room));
	room = room > 0 ? room : 0;
	for (size_t i = 0; days > 0 && i < b->months; i++) {
		TS_TRY(ts_rate_counted(b, &count, counted_n, i, &counted));
		int64_t target = counted > room ? room - counted : 0;
		line.basis = counted;
		line.limit = room;
		TS_TRY(ts_rate_put(b, &line, i, 0, target - before));
		before = target;
	}
	if (days > 0)
		ts_rate_gauge(b, TS_CHARGE_CAP, item, counted, room);
	TS_TRY(ts_add64(b->chain->spent[item], counted, &b->chain->spent[item]));
	return ts_add64(b->chain->spent[item], before, &b->chain->spent[item]);
}
