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

/* Everything fixed that one period can be charged must fit an amount, even before usage. */
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
	if (err == TS_OK)
		return TS_OK;
	return ts_why(d->why, TS_E_OVERFLOW, "/",
		"fees, minimums and flat fees of one period together overflow an amount");
}

/* Models whose lines of two versions are no parts of one function. */
static bool is_alone(const struct ts_terms *t)
{
	bool alone = t->chained || t->counters_n > 0 || t->discounts_n > 0 ||
		     t->commitments_n > 0 || t->caps_n > 0 || t->slas_n > 0;
	for (size_t i = 0; i < t->minimums_n; i++)
		alone = alone || t->minimums[i].has_overage || t->minimums[i].on.prices != NULL;
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
	return check_sums(d);
}
