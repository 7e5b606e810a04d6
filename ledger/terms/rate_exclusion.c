/* SPDX-License-Identifier: Apache-2.0 */
/* Usage that is not billed and counts all the same toward what was promised: the provider's own
 * downtime must not make the consumer fall short. */
#include "terms/cover.h"
#include "terms/rate_build.h"
#include <string.h>

enum ts_err ts_rate_excluded(
	const struct ts_rate_builder *b, size_t price, size_t month, ts_i128 *out)
{
	const struct ts_terms *t = b->terms;
	ts_i128 sum = 0;
	for (size_t i = 0; i < t->watches_n; i++) {
		const struct ts_exclusion *e = &t->exclusions[t->watches[i].exclusion];
		if (e->counts && t->watches[i].sku == t->prices[price].sku &&
			strcmp(e->counts_as, t->prices[price].pricing_class) == 0)
			TS_TRY(ts_add128(
				sum, b->sums[(t->prices_n + i) * b->months + month], &sum));
	}
	*out = sum;
	return TS_OK;
}

/* What it would have cost: with that of the versions before, less theirs. */
static enum ts_err value_of(
	const struct ts_rate_builder *b, size_t price, size_t month, int64_t *out)
{
	const struct ts_price *p = &b->terms->prices[price];
	ts_i128 others = 0, all = 0, divisor = b->terms->skus[p->sku].divisor;
	int64_t less = 0;
	for (size_t i = price; ts_join_follows(b, TS_JOIN_PRICES, i); i--) {
		ts_i128 part = 0;
		TS_TRY(ts_rate_excluded(b, i - 1, month, &part));
		TS_TRY(ts_add128(others, part, &others));
	}
	TS_TRY(ts_rate_excluded(b, price, month, &all));
	TS_TRY(ts_add128(all, others, &all));
	TS_TRY(ts_money_extend(
		all, p->unit_price, divisor, b->terms->currency, b->terms->rounding, out));
	TS_TRY(ts_money_extend(
		others, p->unit_price, divisor, b->terms->currency, b->terms->rounding, &less));
	return ts_sub64(*out, less, out);
}

enum ts_err ts_rate_excluded_minor(
	const struct ts_rate_builder *b, const struct ts_cover *on, size_t month, int64_t *out)
{
	int64_t sum = 0;
	for (size_t p = 0; b->terms->watches_n > 0 && p < b->terms->prices_n; p++) {
		int64_t minor = 0;
		if (!ts_cover_price(on, p))
			continue;
		if (b->terms->prices[p].model == TS_PRICE_PER_UNIT)
			TS_TRY(value_of(b, p, month, &minor));
		TS_TRY(ts_add64(sum, minor, &sum));
	}
	*out = sum;
	return TS_OK;
}
