/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include "terms/match.h"
#include <string.h>

static enum ts_err check_matches(const struct ts_decode *d)
{
	const struct ts_terms *t = d->terms;
	for (size_t i = 0; i < t->prices_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		const struct ts_price *price = &t->prices[i];
		ts_decode_pointer(at, "", "prices", i);
		for (size_t k = 0; k < i; k++) {
			if (ts_prices_overlap(t, &t->prices[k], price))
				return ts_why(d->why, TS_E_INVALID, at,
					"ambiguous: sku \"%s\" class \"%s\" is priced by \"%s\" "
					"(/prices/%zu) already",
					t->skus[price->sku].id, price->pricing_class,
					t->prices[k].id, k);
		}
		for (size_t k = 0; k < t->exclusions_n; k++) {
			if (strcmp(t->exclusions[k].pricing_class, price->pricing_class) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"class \"%s\" has a price and is excluded too",
					price->pricing_class);
		}
	}
	return TS_OK;
}

/* The largest amount of a schedule per full period. */
static int64_t segments_max(const struct ts_segment *segments, size_t n)
{
	int64_t max = 0;
	for (size_t i = 0; i < n; i++)
		max = segments[i].amount_minor > max ? segments[i].amount_minor : max;
	return max;
}

/* The longest billing period, with the hour that a change of offset may add. */
static ts_i128 period_hours(const struct ts_terms *t)
{
	return (ts_i128)(t->months > 0 ? t->months : 1) * 31 * 24 + 1;
}

/* What a quantity costs at most under one price: every unit at the dearest tier, or at what its
 * commitments ask beyond it. Flat fees are counted elsewhere. */
static enum ts_err dearest(
	const struct ts_terms *t, const struct ts_price *price, ts_i128 quantity, int64_t *minor)
{
	ts_i128 divisor = t->skus[price->sku].divisor;
	struct ts_decimal highest = price->unit_price;
	*minor = 0;
	for (size_t i = 0; i < t->commitments_n; i++) {
		const struct ts_commitment *c = &t->commitments[i];
		if (&t->prices[c->price] == price && c->has_overage &&
			c->overage_price.pico > highest.pico)
			highest = c->overage_price;
	}
	if (price->tiers_n == 0)
		return ts_money_extend(quantity, highest, divisor, t->currency, t->rounding, minor);
	for (size_t i = 0; i < price->tiers_n; i++) {
		const struct ts_tier *tier = &price->tiers[i];
		bool package = tier->package > 0;
		int64_t own = 0;
		TS_TRY(ts_money_extend(package ? quantity / tier->package + 1 : quantity,
			tier->unit_price, package ? 1 : divisor, t->currency, t->rounding, &own));
		*minor = own > *minor ? own : *minor;
	}
	return TS_OK;
}

static enum ts_err too_much(const struct ts_decode *d)
{
	return ts_why(d->why, TS_E_OVERFLOW, "/",
		"everything fixed, committed and used at capacity in one period overflows an "
		"amount");
}

/* A cell has one price, so a SKU at its capacity costs at most what its dearest price asks. */
static enum ts_err add_capacity(const struct ts_decode *d, size_t sku, int64_t *sum)
{
	const struct ts_terms *t = d->terms;
	char at[TS_TERMS_POINTER_CHARS], text[TS_DECIMAL_CHARS];
	int64_t most = 0;
	for (size_t i = 0; t->skus[sku].capacity > 0 && i < t->prices_n; i++) {
		ts_i128 quantity = 0;
		int64_t minor = 0;
		if (t->prices[i].sku != sku)
			continue;
		enum ts_err err = ts_mul128(t->skus[sku].capacity, period_hours(t), &quantity);
		if (err == TS_OK)
			err = dearest(t, &t->prices[i], quantity, &minor);
		ts_decode_pointer(at, "", "prices", i);
		if (err != TS_OK)
			return ts_why(d->why, TS_E_OVERFLOW, at,
				"a billing period at the capacity of sku \"%s\" (%s %s an hour) "
				"overflows an amount",
				t->skus[sku].id,
				ts_ratio_format(
					t->skus[sku].capacity, t->skus[sku].divisor, 9, text),
				t->skus[sku].unit);
		most = minor > most ? minor : most;
	}
	return ts_add64(*sum, most, sum) == TS_OK ? TS_OK : too_much(d);
}

/* A quantity that is paid used or not needs no capacity to be too much. */
static enum ts_err add_commitment(const struct ts_decode *d, size_t item, int64_t *sum)
{
	const struct ts_terms *t = d->terms;
	const struct ts_commitment *c = &t->commitments[item];
	char at[TS_TERMS_POINTER_CHARS];
	ts_i128 quantity = 0;
	int64_t minor = 0;
	for (size_t i = 0; i < c->levels_n; i++)
		quantity = c->levels[i].quantity > quantity ? c->levels[i].quantity : quantity;
	enum ts_err err = ts_mul128(
		quantity, c->per == TS_PER_PERIOD ? 1 : period_hours(t), &quantity);
	if (err == TS_OK)
		err = ts_money_extend(quantity, c->shortfall_price,
			t->skus[t->prices[c->price].sku].divisor, t->currency, t->rounding, &minor);
	ts_decode_pointer(at, "", "commitments", item);
	if (err != TS_OK)
		return ts_why(d->why, TS_E_OVERFLOW, at,
			"what a billing period commits to overflows an amount");
	return ts_add64(*sum, minor, sum) == TS_OK ? TS_OK : too_much(d);
}

/* The highest factor by which a minimum makes what counts beyond it dearer; at least 1. */
static enum ts_err times_overage(const struct ts_terms *t, int64_t *sum)
{
	ts_i128 factor = TS_PICO, product = 0;
	for (size_t i = 0; i < t->minimums_n; i++)
		if (t->minimums[i].has_overage && t->minimums[i].overage_factor.pico > factor)
			factor = t->minimums[i].overage_factor.pico;
	TS_TRY(ts_muldiv(*sum, factor, TS_PICO, TS_ROUND_UP, &product));
	return ts_to64(product, sum);
}

/* Everything that one period can be charged must fit an amount: what is fixed, and what is used at
 * the capacity that is declared. */
static enum ts_err check_sums(const struct ts_decode *d)
{
	const struct ts_terms *t = d->terms;
	int64_t sum = 0;
	enum ts_err err = TS_OK;
	for (size_t i = 0; i < t->fees_n && err == TS_OK; i++)
		err = ts_add64(sum, segments_max(t->fees[i].segments, t->fees[i].segments_n), &sum);
	for (size_t i = 0; i < t->minimums_n && err == TS_OK; i++)
		err = ts_add64(sum,
			segments_max(t->minimums[i].segments, t->minimums[i].segments_n), &sum);
	for (size_t i = 0; i < t->prices_n && err == TS_OK; i++) {
		const struct ts_price *price = &t->prices[i];
		for (size_t k = 0; k < price->tiers_n && err == TS_OK; k++)
			err = ts_add64(sum, price->tiers[k].flat_minor, &sum);
	}
	if (err != TS_OK)
		return ts_why(d->why, TS_E_OVERFLOW, "/",
			"fees, minimums and flat fees of one period together overflow an amount");
	for (size_t i = 0; i < t->skus_n; i++)
		TS_TRY(add_capacity(d, i, &sum));
	for (size_t i = 0; i < t->commitments_n; i++)
		TS_TRY(add_commitment(d, i, &sum));
	return times_overage(t, &sum) == TS_OK ? TS_OK : too_much(d);
}

/* A SKU that is declared and priced nowhere would be counted and never billed. What-if terms may
 * leave prices out. */
static enum ts_err check_priced(const struct ts_decode *d)
{
	const struct ts_terms *t = d->terms;
	for (size_t i = 0; i < t->skus_n && !d->what_if; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		bool used = false;
		for (size_t k = 0; k < t->prices_n; k++)
			used = used || t->prices[k].sku == i;
		for (size_t k = 0; k < t->slas_n; k++)
			used = used || t->slas[k].sku == i;
		ts_decode_pointer(at, "", "skus", i);
		if (!used)
			return ts_why(d->why, TS_E_INVALID, at,
				"no price matches sku \"%s\": price it or leave it out",
				t->skus[i].id);
	}
	return TS_OK;
}

/* Models whose lines of two versions are no parts of one function. */
static bool is_alone(const struct ts_terms *t)
{
	bool alone = t->chained || t->counters_n > 0 || t->discounts_n > 0 ||
		     t->commitments_n > 0 || t->caps_n > 0 || t->slas_n > 0;
	for (size_t i = 0; i < t->minimums_n; i++)
		alone = alone || t->minimums[i].has_overage || t->minimums[i].proportional ||
			t->minimums[i].on.prices != NULL;
	for (size_t i = 0; i < t->exclusions_n; i++)
		alone = alone || t->exclusions[i].counts;
	for (size_t i = 0; i < t->prices_n; i++) {
		alone = alone || t->prices[i].fine;
		for (size_t k = 0; k < t->prices[i].tiers_n; k++)
			alone = alone || t->prices[i].tiers[k].package > 0;
	}
	return alone;
}

enum ts_err ts_terms_check(const struct ts_decode *d)
{
	d->terms->alone = is_alone(d->terms);
	TS_TRY(check_matches(d));
	TS_TRY(check_priced(d));
	return check_sums(d);
}
