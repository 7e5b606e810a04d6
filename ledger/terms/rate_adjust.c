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
			((count->not_kind & KIND(charge->kind)) != 0 &&
				charge->item >= count->not_from && charge->item < count->not_to) ||
			!ts_cover_line(b->terms, count->on, charge->kind, charge->item))
			continue;
		bool of_fees = ts_line_of_fees(b->terms, charge->kind, charge->item);
		if (of_fees ? count->fees : count->usage)
			TS_TRY(ts_add64(sum, charge->amount_minor, &sum));
	}
	*out = sum;
	return TS_OK;
}

static const struct ts_cover *cover_of(
	const struct ts_terms *terms, enum ts_join_table table, size_t item)
{
	switch (table) {
	case TS_JOIN_DISCOUNTS:
		return &terms->discounts[item].on;
	case TS_JOIN_MINIMUMS:
		return &terms->minimums[item].on;
	case TS_JOIN_CAPS:
		return &terms->caps[item].on;
	case TS_JOIN_SLAS:
		return &terms->slas[item].on;
	case TS_JOIN_PRICES:
	case TS_JOIN_FEES:
	case TS_JOIN_COMMITMENTS:
		break;
	}
	TS_ASSERT(false);
	return NULL;
}

enum ts_err ts_rate_counted_before(const struct ts_rate_builder *b, enum ts_join_table table,
	size_t item, const struct ts_rate_count *count, size_t n, size_t month, int64_t *out)
{
	static const unsigned own[TS_JOIN_TABLES] = {[TS_JOIN_DISCOUNTS] = KIND(TS_CHARGE_DISCOUNT),
		[TS_JOIN_CAPS] = KIND(TS_CHARGE_CAP)};
	*out = 0;
	for (size_t i = item; ts_join_follows(b, table, i); i--) {
		struct ts_rate_count part = *count;
		int64_t sum = 0;
		part.on = cover_of(b->terms, table, i - 1);
		part.not_kind = own[table];
		part.not_from = ts_join_first(b, table, item);
		part.not_to = item;
		TS_TRY(ts_rate_counted(b, &part, n, month, &sum));
		TS_TRY(ts_add64(*out, sum, out));
	}
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

static enum ts_err percent_of(
	const struct ts_rate_builder *b, size_t item, int64_t whole, int64_t *target)
{
	ts_i128 part = 0;
	TS_TRY(ts_muldiv(whole, b->terms->discounts[item].percent.pico, 100 * TS_PICO,
		b->terms->rounding, &part));
	return ts_to64(-part, target);
}

static enum ts_err give_percent(const struct ts_rate_builder *b, size_t item, size_t counted_n,
	size_t month, int64_t *whole, int64_t *target)
{
	struct ts_rate_count count = {.on = &b->terms->discounts[item].on,
		.usage = true,
		.fees = true,
		.kinds = ALL_KINDS};
	int64_t others = 0, less = 0;
	TS_TRY(ts_rate_counted(b, &count, counted_n, month, whole));
	TS_TRY(ts_rate_counted_before(
		b, TS_JOIN_DISCOUNTS, item, &count, counted_n, month, &others));
	TS_TRY(ts_add64(*whole, others, whole));
	TS_TRY(percent_of(b, item, others, &less));
	TS_TRY(percent_of(b, item, *whole, target));
	return ts_sub64(*target, less, target);
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
			TS_TRY(give_percent(b, item, counted_n, i, &whole, &target));
		line.basis = whole;
		line.limit = quantity;
		TS_TRY(ts_rate_put(b, &line, i, 0, target - before));
		before = target;
	}
	return TS_OK;
}

/* What is left of the cap when the period begins; the cap's lines of this period are not in yet, or
 * are those of versions before. */
static enum ts_err room_of(const struct ts_rate_builder *b, size_t item, int64_t others,
	int64_t capped, int64_t *days, int64_t *room)
{
	const struct ts_cap *cap = &b->terms->caps[item];
	struct ts_rate_items all = ts_join_items(b, TS_JOIN_CAPS, item);
	int64_t spent = b->chain->spent[ts_join_group(b, TS_JOIN_CAPS, item)];
	*days = 1;
	if (cap->term) {
		TS_TRY(ts_sub64(spent, others, &spent));
		TS_TRY(ts_sub64(spent, capped, &spent));
		TS_TRY(ts_sub64(cap->amount_minor, spent, room));
	} else {
		TS_TRY(ts_rate_due(b, &all, b->period->end_day, days, room));
	}
	*room = *room > 0 ? *room : 0;
	return TS_OK;
}

/* What the cap took off under the versions before. */
static enum ts_err capped_before(const struct ts_rate_builder *b, size_t item, int64_t *out)
{
	size_t first = ts_join_first(b, TS_JOIN_CAPS, item);
	*out = 0;
	for (size_t i = 0; i < b->n; i++)
		if (b->charges[i].kind == TS_CHARGE_CAP && b->charges[i].item >= first &&
			b->charges[i].item < item)
			TS_TRY(ts_add64(*out, b->charges[i].amount_minor, out));
	return TS_OK;
}

enum ts_err ts_rate_cap(struct ts_rate_builder *b, size_t item)
{
	const struct ts_cap *cap = &b->terms->caps[item];
	struct ts_rate_count count = {
		.on = &cap->on, .usage = true, .fees = true, .kinds = ALL_KINDS};
	struct ts_charge line = {.kind = TS_CHARGE_CAP, .item = item};
	size_t counted_n = b->n;
	int64_t room = 0, days = 1, counted = 0, before = 0, others = 0, capped = 0;
	int64_t *spent = &b->chain->spent[ts_join_group(b, TS_JOIN_CAPS, item)];
	TS_TRY(ts_rate_counted_before(
		b, TS_JOIN_CAPS, item, &count, counted_n, b->months - 1, &others));
	TS_TRY(capped_before(b, item, &capped));
	TS_TRY(room_of(b, item, others, capped, &days, &room));
	for (size_t i = 0; days > 0 && i < b->months; i++) {
		int64_t all = 0;
		TS_TRY(ts_rate_counted(b, &count, counted_n, i, &counted));
		TS_TRY(ts_rate_counted_before(
			b, TS_JOIN_CAPS, item, &count, counted_n, i, &others));
		TS_TRY(ts_add64(counted, others, &all));
		line.basis = all;
		line.limit = room;
		int64_t target = all > room ? room - all : 0;
		target -= others > room ? room - others : 0;
		TS_TRY(ts_rate_put(b, &line, i, 0, target - before));
		before = target;
	}
	if (days > 0 && !ts_join_followed(b, TS_JOIN_CAPS, item))
		ts_rate_gauge(b, TS_CHARGE_CAP, item, (ts_i128)counted + others, room);
	TS_TRY(ts_add64(*spent, counted, spent));
	return ts_add64(*spent, before, spent);
}
