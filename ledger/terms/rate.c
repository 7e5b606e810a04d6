/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/rate.h"
#include "terms/rate_build.h"
#include <stdlib.h>
#include <string.h>

enum ts_err ts_rate_too_big(const struct ts_rate_builder *b, enum ts_err err, const char *id)
{
	if (err != TS_E_OVERFLOW)
		return err;
	return ts_why(b->why, err, id, "the amount of \"%s\" in one period overflows", id);
}

static enum ts_err make_room(struct ts_rate_builder *b)
{
	if (b->n < b->cap)
		return TS_OK;
	size_t cap = b->cap > 0 ? b->cap * 2 : 64;
	struct ts_charge *grown = ts_region_array(b->region, cap, sizeof *grown);
	if (!grown)
		return ts_why(b->why, TS_E_NO_MEMORY, "", "no memory for %zu charges", cap);
	if (b->n > 0)
		memcpy(grown, b->charges, b->n * sizeof *grown);
	b->charges = grown;
	b->cap = cap;
	return TS_OK;
}

enum ts_err ts_rate_put(struct ts_rate_builder *b, const struct ts_charge *line, size_t month,
	ts_i128 quantity, int64_t amount_minor)
{
	if (quantity == 0 && amount_minor == 0)
		return TS_OK;
	TS_TRY(make_room(b));
	struct ts_charge *charge = &b->charges[b->n++];
	*charge = *line;
	charge->period = b->period->index;
	charge->month = b->first_month + (int32_t)month;
	charge->quantity = quantity;
	charge->amount_minor = amount_minor;
	return TS_OK;
}

void ts_rate_gauge(
	struct ts_rate_builder *b, enum ts_charge_kind kind, size_t item, ts_i128 used, ts_i128 of)
{
	if (b->gauges != NULL && of > 0)
		b->gauges[b->gauges_n++] = (struct ts_gauge){kind, item, used, of};
}

static enum ts_err rate_lines_of(struct ts_rate_builder *b)
{
	const struct ts_terms *terms = b->terms;
	for (size_t i = 0; i < terms->prices_n; i++)
		TS_TRY(ts_rate_too_big(b, ts_rate_price(b, i), terms->prices[i].id));
	for (size_t i = 0; i < terms->fees_n; i++)
		TS_TRY(ts_rate_too_big(b, ts_rate_fee(b, i), terms->fees[i].id));
	/* Quantities given away, then percentages of what is left. */
	for (int pass = 0; pass < 2; pass++) {
		size_t counted_n = b->n;
		for (size_t i = 0; i < terms->discounts_n; i++)
			if ((terms->discounts[i].quantity == 0) == (pass == 1))
				TS_TRY(ts_rate_too_big(b, ts_rate_discount(b, i, counted_n),
					terms->discounts[i].id));
	}
	for (size_t i = 0; i < terms->commitments_n; i++)
		TS_TRY(ts_rate_too_big(
			b, ts_rate_commitment(b, i, true), terms->commitments[i].id));
	size_t counted_n = b->n;
	for (size_t i = 0; i < terms->minimums_n; i++) {
		TS_TRY(ts_rate_too_big(b, ts_rate_minimum(b, i, counted_n), terms->minimums[i].id));
		TS_TRY(ts_rate_too_big(b, ts_rate_excess(b, i, counted_n), terms->minimums[i].id));
	}
	for (size_t i = 0; i < terms->caps_n; i++)
		TS_TRY(ts_rate_too_big(b, ts_rate_cap(b, i), terms->caps[i].id));
	counted_n = b->n;
	for (size_t i = 0; i < terms->slas_n; i++)
		TS_TRY(ts_rate_too_big(b, ts_rate_sla(b, i, counted_n), terms->slas[i].id));
	return TS_OK;
}

static int charge_cmp(const void *a, const void *b)
{
	const struct ts_charge *x = a, *y = b;
	const int64_t left[] = {ts_charge_kind_order(x->kind), (int64_t)x->item, x->tier, x->month};
	const int64_t right[] = {
		ts_charge_kind_order(y->kind), (int64_t)y->item, y->tier, y->month};
	for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}

/* What the next period begins with. */
static enum ts_err hand_on(struct ts_rate_builder *b)
{
	struct ts_rate_chain *chain = b->chain;
	for (size_t i = 0; i < b->terms->prices_n; i++) {
		size_t group = ts_join_group(b, TS_JOIN_PRICES, i);
		TS_TRY(ts_rate_too_big(b,
			ts_add128(chain->counted[group], b->sums[i * b->months + b->months - 1],
				&chain->counted[group]),
			b->terms->prices[i].id));
		chain->begun[group] = true;
	}
	for (size_t i = 0; i < b->terms->counters_n; i++)
		TS_TRY(ts_rate_too_big(b,
			ts_add128(chain->pools[i], b->pool_totals[i], &chain->pools[i]),
			b->terms->counters[i].id));
	return TS_OK;
}

enum ts_err ts_rate_run(struct ts_rate_builder *b, bool asked, bool amounts)
{
	const struct ts_terms *terms = b->terms;
	bool lines = asked || amounts;
	b->first_month = ts_month_of_day(b->period->first_day);
	b->months = (size_t)(ts_month_of_day(b->period->end_day - 1) - b->first_month) + 1;
	TS_TRY(ts_rate_gather(b));
	if (lines)
		TS_TRY(rate_lines_of(b));
	for (size_t i = 0; !lines && i < terms->commitments_n; i++)
		TS_TRY(ts_rate_too_big(
			b, ts_rate_commitment(b, i, false), terms->commitments[i].id));
	if (b->n > 1)
		qsort(b->charges, b->n, sizeof *b->charges, charge_cmp);
	return hand_on(b);
}

static enum ts_err begin_chain(
	const struct ts_terms *terms, struct ts_region *region, struct ts_rate_chain *chain)
{
	chain->counted = ts_region_array(region, terms->prices_n, sizeof *chain->counted);
	chain->begun = ts_region_array(region, terms->prices_n, sizeof *chain->begun);
	chain->pools = ts_region_array(region, terms->counters_n, sizeof *chain->pools);
	chain->carried = ts_region_array(region, terms->commitments_n, sizeof *chain->carried);
	chain->spent = ts_region_array(region, terms->caps_n, sizeof *chain->spent);
	return chain->counted && chain->begun && chain->pools && chain->carried && chain->spent
		       ? TS_OK
		       : TS_E_NO_MEMORY;
}

/* Time, then SKU, class, account and origin by bytes: the order in which shared counters are fed.
 * Rows know their price, so the terms are what the comparison needs besides. */
struct fine_order {
	const struct ts_fine *row;
	const char *sku;
};
static int fine_cmp(const void *a, const void *b)
{
	const struct fine_order *x = a, *y = b;
	if (x->row->quarter_us != y->row->quarter_us)
		return x->row->quarter_us < y->row->quarter_us ? -1 : 1;
	const char *const left[] = {x->sku, x->row->pricing_class, x->row->account, x->row->origin};
	const char *const right[] = {
		y->sku, y->row->pricing_class, y->row->account, y->row->origin};
	for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
		int cmp = strcmp(left[i], right[i]);
		if (cmp != 0)
			return cmp;
	}
	return (x->row->price > y->row->price) - (x->row->price < y->row->price);
}

enum ts_err ts_rate_sort_fine(const struct ts_terms *terms, const struct ts_rate_usage *usage,
	struct ts_region *region, struct ts_fine **out)
{
	size_t n = usage->fine_n;
	struct fine_order *order = ts_region_array(region, n + 1, sizeof *order);
	struct ts_fine *sorted = ts_region_array(region, n + 1, sizeof *sorted);
	if (!order || !sorted)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		TS_ASSERT(usage->fine[i].price < terms->prices_n && usage->fine[i].quantity >= 0);
		order[i] = (struct fine_order){
			&usage->fine[i], terms->skus[terms->prices[usage->fine[i].price].sku].id};
	}
	if (n > 1)
		qsort(order, n, sizeof *order, fine_cmp);
	for (size_t i = 0; i < n; i++)
		sorted[i] = *order[i].row;
	*out = sorted;
	return TS_OK;
}

/* gauges NULL: not asked for; else it has room for one of each. */
static enum ts_err rate(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_rate_usage *usage, int32_t as_of_day, struct ts_region *region,
	const struct ts_charge **out, size_t *out_n, struct ts_gauge *gauges, size_t *gauges_n,
	struct ts_why *why)
{
	struct ts_rate_usage sorted = *usage;
	struct ts_rate_chain chain;
	struct ts_fine *fine = NULL;
	TS_TRY(begin_chain(terms, region, &chain));
	TS_TRY(ts_rate_sort_fine(terms, usage, region, &fine));
	sorted.fine = fine;
	for (int32_t i = terms->chained ? 0 : period->index; i <= period->index; i++) {
		struct ts_period p = *period;
		if (i < period->index)
			TS_TRY(ts_period_get(terms, i, &p));
		struct ts_rate_builder b = {.terms = terms,
			.period = &p,
			.usage = &sorted,
			.chain = &chain,
			.region = region,
			.as_of_day = as_of_day,
			.gauges = i == period->index ? gauges : NULL,
			.why = why};
		TS_TRY(ts_rate_run(&b, i == period->index, terms->chained_amounts));
		*out = b.charges;
		*out_n = b.n;
		*gauges_n = b.gauges_n;
	}
	return TS_OK;
}

enum ts_err ts_rate(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_rate_usage *usage, int32_t as_of_day, struct ts_region *region,
	const struct ts_charge **out, size_t *out_n, struct ts_why *why)
{
	size_t none = 0;
	return rate(terms, period, usage, as_of_day, region, out, out_n, NULL, &none, why);
}

enum ts_err ts_rate_gauged(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_rate_usage *usage, int32_t as_of_day, struct ts_region *region,
	const struct ts_charge **out, size_t *out_n, const struct ts_gauge **gauges,
	size_t *gauges_n, struct ts_why *why)
{
	struct ts_gauge *list = ts_region_array(
		region, terms->minimums_n + terms->commitments_n + terms->caps_n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	*gauges = list;
	return rate(terms, period, usage, as_of_day, region, out, out_n, list, gauges_n, why);
}

enum ts_err ts_rate_period(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_measure *measures, size_t n, int32_t as_of_day, struct ts_region *region,
	const struct ts_charge **out, size_t *out_n, struct ts_why *why)
{
	struct ts_measure *own = ts_region_array(region, n + 1, sizeof *own);
	if (!own)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory to rate a period");
	for (size_t i = 0; i < n; i++) {
		own[i] = measures[i];
		own[i].period = period->index;
	}
	struct ts_rate_usage usage = {.measures = own, .measures_n = n};
	return ts_rate(terms, period, &usage, as_of_day, region, out, out_n, why);
}

enum ts_err ts_rate_tax(const struct ts_terms *terms, int64_t net_minor, struct ts_decimal percent,
	int64_t *tax_minor)
{
	ts_i128 tax = 0;
	TS_TRY(ts_muldiv(net_minor, percent.pico, 100 * TS_PICO, terms->rounding, &tax));
	return ts_to64(tax, tax_minor);
}
