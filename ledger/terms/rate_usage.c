/* SPDX-License-Identifier: Apache-2.0 */
/* From quantities to the lines of a price: tiers, packages, and counters of a period, of the term,
 * or shared by several prices. */
#include "terms/rate_build.h"

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
static enum ts_err extend(const struct ts_terms *terms, ts_i128 divisor, ts_i128 quantity,
	struct ts_decimal unit_price, int64_t flat_minor, int64_t *minor)
{
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
	TS_ASSERT(tier != NULL);
	ts_i128 low = below ? below->up_to : 0;
	ts_i128 top = tier->open || sum < tier->up_to ? sum : tier->up_to;
	return top > low ? top - low : 0;
}

static ts_i128 packages(ts_i128 quantity, ts_i128 size)
{
	return quantity / size + (quantity % size != 0);
}

/* A tier of one price in one period, before it is charged. */
struct tier_line {
	int32_t number; /* as printed; 0: the price has no tiers */
	const struct ts_tier *tier;
	ts_i128 before; /* of the counter, in this tier, from earlier periods */
	const ts_i128 *upto; /* of this period, in this tier, up to and including each month */
	bool first; /* it counts as reached when the period has begun */
	bool reached_before; /* its flat is paid */
	bool follows; /* versions before this one had the price in this period: */
	const ts_i128 *others; /* what they had of the tier by then */
};

/* The target of the line at a quantity. */
static enum ts_err tier_target(const struct ts_rate_builder *b, size_t item,
	const struct tier_line *l, ts_i128 quantity, bool reached, ts_i128 *packages_n,
	int64_t *target)
{
	const struct ts_price *price = &b->terms->prices[item];
	int64_t flat = reached ? l->tier->flat_minor : 0;
	*packages_n = 0;
	if (l->tier->package == 0)
		return extend(b->terms, b->terms->skus[price->sku].divisor, quantity,
			l->tier->unit_price, flat, target);
	ts_i128 sum = 0;
	TS_TRY(ts_add128(l->before, quantity, &sum));
	*packages_n = packages(sum, l->tier->package) - packages(l->before, l->tier->package);
	return extend(b->terms, 1, *packages_n, l->tier->unit_price, flat, target);
}

/* The first day on which the price's first tier counts as reached. */
static int32_t begins(const struct ts_rate_builder *b, size_t item)
{
	return b->join != NULL ? b->join->begins[item] : b->period->first_day;
}

/* The line's target up to a month: what it comes to with this version, less without. */
static enum ts_err tier_upto_month(const struct ts_rate_builder *b, size_t item,
	const struct tier_line *l, size_t month, struct ts_charge *line, int64_t *target)
{
	bool begun = b->as_of_day >= begins(b, item) || l->upto[month] > 0;
	ts_i128 others = l->follows ? l->others[month] : 0, others_n = 0;
	bool paid = l->follows && (l->first || others > 0);
	bool reached = paid || (l->first ? begun : l->upto[month] > 0);
	int64_t before = 0;
	line->flat_due = reached && !l->reached_before && !paid;
	TS_TRY(tier_target(b, item, l, others + l->upto[month], reached && !l->reached_before,
		&line->basis, target));
	if (!l->follows)
		return TS_OK;
	TS_TRY(tier_target(b, item, l, others, paid && !l->reached_before, &others_n, &before));
	line->basis -= others_n;
	return ts_sub64(*target, before, target);
}

static enum ts_err put_tier(struct ts_rate_builder *b, size_t item, const struct tier_line *l)
{
	struct ts_charge line = {.kind = TS_CHARGE_USAGE, .item = item, .tier = l->number};
	ts_i128 quantity_before = 0;
	int64_t target_before = 0;
	for (size_t i = 0; i < b->months; i++) {
		int64_t target = 0;
		TS_TRY(tier_upto_month(b, item, l, i, &line, &target));
		TS_TRY(ts_rate_put(
			b, &line, i, l->upto[i] - quantity_before, target - target_before));
		quantity_before = l->upto[i];
		target_before = target;
	}
	return TS_OK;
}

/* Where the price's own counter stands when the period begins. */
static ts_i128 opening_of(const struct ts_rate_builder *b, size_t item)
{
	bool term = b->terms->prices[item].counter == TS_COUNTER_TERM;
	return term ? b->chain->counted[ts_join_group(b, TS_JOIN_PRICES, item)] : 0;
}

/* What a shared counter gave to a tier of the versions before. */
static ts_i128 shared_others(const struct ts_rate_builder *b, size_t item, size_t t, size_t month)
{
	ts_i128 sum = 0;
	for (size_t i = item; ts_join_follows(b, TS_JOIN_PRICES, i); i--)
		if (b->parts[i - 1] != NULL && t < b->terms->prices[i - 1].tiers_n)
			sum += b->parts[i - 1][t * b->months + month];
	return sum;
}

/* Quantities of one tier up to each month, of this version and of those before it: from the price's
 * own counter, or as the shared one gave them out. */
static enum ts_err tier_upto(const struct ts_rate_builder *b, size_t item, size_t t,
	ts_i128 opening, struct tier_line *l)
{
	const struct ts_price *price = &b->terms->prices[item];
	const struct ts_tier *below = t > 0 ? &price->tiers[t - 1] : NULL;
	ts_i128 *upto = ts_region_array(b->region, 2 * b->months, sizeof *upto);
	if (!upto)
		return TS_E_NO_MEMORY;
	ts_i128 *others = upto + b->months;
	for (size_t i = 0; i < b->months; i++) {
		ts_i128 used = 0, before = 0, sum = 0;
		if (b->parts[item] != NULL) {
			upto[i] = b->parts[item][t * b->months + i];
			others[i] = shared_others(b, item, t, i);
			continue;
		}
		TS_TRY(ts_join_used(b, TS_JOIN_PRICES, item, i, &used));
		TS_TRY(ts_add128(opening, used, &before));
		TS_TRY(ts_add128(before, b->sums[item * b->months + i], &sum));
		others[i] = part_of(before, below, &price->tiers[t]) - l->before;
		upto[i] = part_of(sum, below, &price->tiers[t]) - l->before - others[i];
	}
	l->upto = upto;
	l->others = others;
	return TS_OK;
}

static enum ts_err rate_graduated(struct ts_rate_builder *b, size_t item)
{
	const struct ts_price *price = &b->terms->prices[item];
	bool term = price->counter == TS_COUNTER_TERM;
	bool later = b->join != NULL ? b->chain->begun[ts_join_group(b, TS_JOIN_PRICES, item)]
				     : b->period->index > 0;
	ts_i128 opening = opening_of(b, item);
	for (size_t t = 0; t < price->tiers_n; t++) {
		const struct ts_tier *below = t > 0 ? &price->tiers[t - 1] : NULL;
		struct tier_line l = {
			.number = price->model == TS_PRICE_PACKAGE ? 0 : (int32_t)t + 1,
			.tier = &price->tiers[t],
			.before = part_of(opening, below, &price->tiers[t]),
			.first = t == 0,
			.follows = ts_join_follows(b, TS_JOIN_PRICES, item)};
		l.reached_before = t == 0 ? term && later : l.before > 0;
		TS_TRY(tier_upto(b, item, t, opening, &l));
		TS_TRY(put_tier(b, item, &l));
	}
	return TS_OK;
}

/* The tier that a total reaches. */
static size_t tier_of(const struct ts_price *price, ts_i128 total)
{
	size_t t = 0;
	while (!price->tiers[t].open && total > price->tiers[t].up_to)
		t++;
	TS_ASSERT(t < price->tiers_n);
	return t;
}

/* Versions before had the price: what all units cost now, less what theirs would. */
static enum ts_err put_volume(
	struct ts_rate_builder *b, size_t item, ts_i128 others_total, ts_i128 total)
{
	const struct ts_price *price = &b->terms->prices[item];
	struct ts_charge line = {
		.kind = TS_CHARGE_USAGE, .item = item, .tier = (int32_t)tier_of(price, total) + 1};
	struct tier_line now = {.tier = &price->tiers[tier_of(price, total)]},
			 then = {.tier = &price->tiers[tier_of(price, others_total)]};
	ts_i128 before = 0;
	int64_t target_before = 0;
	for (size_t i = 0; i < b->months; i++) {
		ts_i128 own = b->sums[item * b->months + i], others = 0, others_n = 0;
		int64_t target = 0, less = 0;
		TS_TRY(ts_join_used(b, TS_JOIN_PRICES, item, i, &others));
		TS_TRY(tier_target(b, item, &then, others, true, &others_n, &less));
		TS_TRY(tier_target(b, item, &now, others + own, true, &line.basis, &target));
		line.basis -= others_n;
		TS_TRY(ts_sub64(target, less, &target));
		TS_TRY(ts_rate_put(b, &line, i, own - before, target - target_before));
		before = own;
		target_before = target;
	}
	return TS_OK;
}

/* All units at the price of the tier that the counter's whole quantity reaches. */
static enum ts_err rate_volume(struct ts_rate_builder *b, size_t item)
{
	const struct ts_price *price = &b->terms->prices[item];
	ts_i128 others = 0, total = 0;
	TS_TRY(ts_join_used(b, TS_JOIN_PRICES, item, b->months - 1, &others));
	TS_TRY(ts_add128(others, b->sums[item * b->months + b->months - 1], &total));
	if (price->counter > 0)
		total = b->pool_totals[price->counter - 1];
	if (ts_join_follows(b, TS_JOIN_PRICES, item))
		return put_volume(b, item, price->counter > 0 ? total : others, total);
	size_t t = tier_of(price, total);
	struct tier_line l = {.number = (int32_t)t + 1,
		.tier = &price->tiers[t],
		.upto = &b->sums[item * b->months],
		.first = true};
	return put_tier(b, item, &l);
}

static enum ts_err price_tier_at(const struct ts_rate_builder *b, size_t item,
	const struct tier_line *l, ts_i128 quantity, bool begun, int64_t *sum)
{
	ts_i128 packages_n = 0;
	int64_t target = 0;
	TS_TRY(tier_target(
		b, item, l, quantity, l->first ? begun : quantity > 0, &packages_n, &target));
	return ts_add64(*sum, target, sum);
}

/* What `sum` units cost in a period whose counter comes to `total`. */
static enum ts_err cost_of(const struct ts_rate_builder *b, size_t item, ts_i128 sum, ts_i128 total,
	bool begun, int64_t *minor)
{
	const struct ts_price *price = &b->terms->prices[item];
	struct ts_tier all = {.open = true, .unit_price = price->unit_price};
	*minor = 0;
	if (price->model == TS_PRICE_PER_UNIT)
		return price_tier_at(b, item, &(struct tier_line){.tier = &all, .first = true}, sum,
			begun, minor);
	for (size_t t = 0; t < price->tiers_n; t++) {
		const struct ts_tier *tier = &price->tiers[t];
		const struct ts_tier *below = t > 0 ? &price->tiers[t - 1] : NULL;
		bool volume = price->model == TS_PRICE_VOLUME;
		struct tier_line l = {.tier = tier, .first = volume || t == 0};
		if (!volume)
			TS_TRY(price_tier_at(b, item, &l, part_of(sum, below, tier), begun, minor));
		else if ((tier->open || total <= tier->up_to) && (!below || total > below->up_to))
			TS_TRY(price_tier_at(b, item, &l, sum, begun, minor));
	}
	return TS_OK;
}

enum ts_err ts_rate_price_at(
	const struct ts_rate_builder *b, size_t item, ts_i128 less, size_t month, int64_t *minor)
{
	ts_i128 others = 0, others_total = 0, sum = 0, total = 0;
	int64_t before = 0;
	TS_ASSERT(b->terms->prices[item].counter == TS_COUNTER_PERIOD);
	TS_TRY(ts_join_used(b, TS_JOIN_PRICES, item, month, &others));
	TS_TRY(ts_join_used(b, TS_JOIN_PRICES, item, b->months - 1, &others_total));
	TS_TRY(ts_add128(others, b->sums[item * b->months + month], &sum));
	TS_TRY(ts_add128(others_total, b->sums[item * b->months + b->months - 1], &total));
	bool begun = b->as_of_day >= b->period->first_day || sum > 0;
	sum = sum > less ? sum - less : 0;
	total = total > less ? total - less : 0;
	TS_TRY(cost_of(b, item, sum, total, begun, minor));
	if (!ts_join_follows(b, TS_JOIN_PRICES, item))
		return TS_OK;
	others = others > less ? others - less : 0;
	others_total = others_total > less ? others_total - less : 0;
	TS_TRY(cost_of(b, item, others, others_total, begun, &before));
	return ts_sub64(*minor, before, minor);
}

static enum ts_err put_plain(struct ts_rate_builder *b, size_t item, const struct ts_tier *all)
{
	struct tier_line l = {.tier = all,
		.upto = &b->sums[item * b->months],
		.first = true,
		.follows = ts_join_follows(b, TS_JOIN_PRICES, item)};
	ts_i128 *others = ts_region_array(b->region, b->months, sizeof *others);
	if (!others)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < b->months; i++)
		TS_TRY(ts_join_used(b, TS_JOIN_PRICES, item, i, &others[i]));
	l.others = others;
	return put_tier(b, item, &l);
}

enum ts_err ts_rate_price(struct ts_rate_builder *b, size_t item)
{
	const struct ts_price *price = &b->terms->prices[item];
	switch (price->model) {
	case TS_PRICE_PER_UNIT: {
		struct ts_tier all = {.open = true, .unit_price = price->unit_price};
		return put_plain(b, item, &all);
	}
	case TS_PRICE_GRADUATED:
	case TS_PRICE_PACKAGE:
		return rate_graduated(b, item);
	case TS_PRICE_VOLUME:
		return rate_volume(b, item);
	}
	return TS_E_INTERNAL;
}

static enum ts_err add_month(
	struct ts_rate_builder *b, size_t price, int32_t month, ts_i128 quantity)
{
	TS_ASSERT(month >= b->first_month && (size_t)(month - b->first_month) < b->months);
	ts_i128 *sum = &b->sums[price * b->months + (size_t)(month - b->first_month)];
	return ts_rate_too_big(
		b, ts_add128(*sum, quantity, sum), ts_terms_slot_id(b->terms, price));
}

/* Gives one quarter-hour out to the tiers of its price, from the counter's position on. */
static enum ts_err feed(
	struct ts_rate_builder *b, const struct ts_fine *row, int32_t month, ts_i128 *position)
{
	const struct ts_price *price = &b->terms->prices[row->price];
	ts_i128 end = 0;
	TS_TRY(ts_rate_too_big(b, ts_add128(*position, row->quantity, &end), price->id));
	for (size_t t = 0; b->parts[row->price] != NULL && t < price->tiers_n; t++) {
		const struct ts_tier *below = t > 0 ? &price->tiers[t - 1] : NULL;
		b->parts[row->price][t * b->months + (size_t)(month - b->first_month)] +=
			part_of(end, below, &price->tiers[t]) -
			part_of(*position, below, &price->tiers[t]);
	}
	*position = end;
	return TS_OK;
}

/* Rows come in the order of sort_fine. Quarter-hours behind the as-of day wait. */
static enum ts_err gather_fine(struct ts_rate_builder *b)
{
	ts_i128 *positions = ts_region_array(
		b->region, b->terms->counters_n + 1, sizeof *positions);
	if (!positions)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < b->terms->counters_n; i++)
		positions[i] = b->terms->counters[i].term ? b->chain->pools[i] : 0;
	for (size_t i = 0; i < b->usage->fine_n; i++) {
		const struct ts_fine *row = &b->usage->fine[i];
		int32_t day = row->period == b->period->index
				      ? ts_zone_day(&b->terms->zone, row->quarter_us)
				      : INT32_MAX;
		int32_t counter = b->terms->prices[row->price].counter;
		if (day > b->as_of_day)
			continue;
		TS_TRY(add_month(b, row->price, ts_month_of_day(day), row->quantity));
		if (counter <= 0)
			continue;
		TS_TRY(feed(b, row, ts_month_of_day(day), &positions[counter - 1]));
		TS_TRY(ts_rate_too_big(b,
			ts_add128(b->pool_totals[counter - 1], row->quantity,
				&b->pool_totals[counter - 1]),
			b->terms->counters[counter - 1].id));
	}
	return TS_OK;
}

static enum ts_err make_tables(struct ts_rate_builder *b)
{
	const struct ts_terms *t = b->terms;
	b->sums = ts_region_array(b->region, ts_terms_slots(t) * b->months, sizeof *b->sums);
	b->parts = ts_region_array(b->region, t->prices_n + 1, sizeof *b->parts);
	b->pool_totals = ts_region_array(b->region, t->counters_n + 1, sizeof *b->pool_totals);
	bool whole = b->sums && b->parts && b->pool_totals;
	for (size_t i = 0; whole && i < t->prices_n; i++) {
		if (t->prices[i].counter <= 0 || t->prices[i].model != TS_PRICE_GRADUATED)
			continue;
		b->parts[i] = ts_region_array(
			b->region, t->prices[i].tiers_n * b->months, sizeof **b->parts);
		whole = b->parts[i] != NULL;
	}
	return whole ? TS_OK : ts_why(b->why, TS_E_NO_MEMORY, "", "no memory to rate a period");
}

static enum ts_err cumulate(struct ts_rate_builder *b, ts_i128 *row, const char *id)
{
	for (size_t i = 1; i < b->months; i++)
		TS_TRY(ts_rate_too_big(b, ts_add128(row[i], row[i - 1], &row[i]), id));
	return TS_OK;
}

enum ts_err ts_rate_gather(struct ts_rate_builder *b)
{
	const struct ts_terms *t = b->terms;
	TS_TRY(make_tables(b));
	for (size_t i = 0; i < b->usage->measures_n; i++) {
		const struct ts_measure *m = &b->usage->measures[i];
		TS_ASSERT(m->price < ts_terms_slots(t) && m->quantity >= 0);
		if (m->period == b->period->index)
			TS_TRY(add_month(b, m->price, m->month, m->quantity));
	}
	TS_TRY(gather_fine(b));
	for (size_t i = t->prices_n; i < ts_terms_slots(t); i++)
		TS_TRY(cumulate(b, &b->sums[i * b->months], ts_terms_slot_id(t, i)));
	for (size_t p = 0; p < t->prices_n; p++) {
		TS_TRY(cumulate(b, &b->sums[p * b->months], t->prices[p].id));
		for (size_t k = 0; b->parts[p] != NULL && k < t->prices[p].tiers_n; k++)
			TS_TRY(cumulate(b, &b->parts[p][k * b->months], t->prices[p].id));
	}
	return TS_OK;
}
