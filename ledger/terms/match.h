/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_MATCH_H
#define TS_TERMS_MATCH_H
/* Why: which one price of the terms a usage cell falls under, by what the cell says of itself: SKU,
 * class, account, cluster and quarter-hour. That at most one price can match any cell is checked
 * when the terms are parsed, with the same functions. */
#include "terms/terms.h"

struct ts_usage_key {
	struct ts_str sku, pricing_class;
	struct ts_str account; /* "" or "-" where the records name none */
	struct ts_str cluster; /* of the stream's origin; "" or "-" where there is none */
	int64_t quarter_us; /* start of the quarter-hour */
};

/* What a cell means under the terms; *index: of the price, or of the exclusion. */
enum ts_match { TS_MATCH_PRICE, TS_MATCH_EXCLUDED, TS_MATCH_NONE };
enum ts_match ts_terms_match(
	const struct ts_terms *terms, const struct ts_usage_key *key, size_t *index);

/* Quarter-hour of the week by the wall clock of the zone, Monday 00:00 = 0. On the day of a change
 * of offset a quarter that is skipped never comes, one that is repeated comes twice. */
size_t ts_week_quarter(const struct ts_zone *zone, int64_t us);
/* True when the selector's window holds the quarter-hour of the week. */
bool ts_window_has(const struct ts_terms *terms, int32_t window, size_t quarter);
/* True when some cell could match both. */
bool ts_prices_overlap(
	const struct ts_terms *terms, const struct ts_price *a, const struct ts_price *b);
/* The cluster in an origin `<domain>/<contract>/<cluster>/<agent>/g<n>`; "" when it has none. */
struct ts_str ts_origin_cluster(struct ts_str origin);

#endif
