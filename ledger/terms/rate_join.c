/* SPDX-License-Identifier: Apache-2.0 */
/* Where an item stands among those of the other versions that have it too. */
#include "terms/rate_build.h"

static size_t items_n(const struct ts_terms *terms, enum ts_join_table table)
{
	const size_t n[TS_JOIN_TABLES] = {
		[TS_JOIN_PRICES] = terms->prices_n,
		[TS_JOIN_FEES] = terms->fees_n,
		[TS_JOIN_DISCOUNTS] = terms->discounts_n,
		[TS_JOIN_COMMITMENTS] = terms->commitments_n,
		[TS_JOIN_MINIMUMS] = terms->minimums_n,
		[TS_JOIN_CAPS] = terms->caps_n,
		[TS_JOIN_SLAS] = terms->slas_n,
	};
	return n[table];
}

size_t ts_join_group(const struct ts_rate_builder *b, enum ts_join_table table, size_t item)
{
	return b->join != NULL ? b->join->group[table][item] : item;
}

bool ts_join_follows(const struct ts_rate_builder *b, enum ts_join_table table, size_t item)
{
	return b->join != NULL && item > 0 &&
	       b->join->group[table][item - 1] == b->join->group[table][item];
}

bool ts_join_followed(const struct ts_rate_builder *b, enum ts_join_table table, size_t item)
{
	return item + 1 < items_n(b->terms, table) && ts_join_follows(b, table, item + 1);
}

size_t ts_join_first(const struct ts_rate_builder *b, enum ts_join_table table, size_t item)
{
	while (ts_join_follows(b, table, item))
		item--;
	return item;
}

size_t ts_join_last(const struct ts_rate_builder *b, enum ts_join_table table, size_t item)
{
	while (ts_join_followed(b, table, item))
		item++;
	return item;
}

struct ts_rate_items ts_join_items(
	const struct ts_rate_builder *b, enum ts_join_table table, size_t item)
{
	return (struct ts_rate_items){
		table, ts_join_first(b, table, item), ts_join_last(b, table, item)};
}

enum ts_err ts_join_used(const struct ts_rate_builder *b, enum ts_join_table table, size_t item,
	size_t month, ts_i128 *out)
{
	ts_i128 sum = 0;
	for (; ts_join_follows(b, table, item); item--) {
		size_t price = table == TS_JOIN_PRICES ? item - 1
						       : b->terms->commitments[item - 1].price;
		TS_TRY(ts_add128(sum, b->sums[price * b->months + month], &sum));
	}
	*out = sum;
	return TS_OK;
}
