/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/match.h"
#include <string.h>

#define MINUTES_PER_QUARTER 15
#define QUARTERS_PER_DAY 96

static bool names(const char *const *list, size_t n, struct ts_str text)
{
	for (size_t i = 0; i < n; i++)
		if (ts_str_is(text, list[i]))
			return true;
	return false;
}

static int32_t region_of(const struct ts_terms *terms, struct ts_str cluster)
{
	for (size_t i = 0; i < terms->regions_n; i++)
		if (names(terms->regions[i].clusters, terms->regions[i].clusters_n, cluster))
			return (int32_t)i + 1;
	return TS_SELECT_REST;
}

/* The account decides first: it is the narrower statement. */
static int32_t purpose_of(const struct ts_terms *terms, const struct ts_usage_key *key)
{
	for (size_t i = 0; i < terms->purposes_n; i++)
		if (names(terms->purposes[i].accounts, terms->purposes[i].accounts_n, key->account))
			return (int32_t)i + 1;
	for (size_t i = 0; i < terms->purposes_n; i++)
		if (names(terms->purposes[i].classes, terms->purposes[i].classes_n,
			    key->pricing_class))
			return (int32_t)i + 1;
	return TS_SELECT_REST;
}

size_t ts_week_quarter(const struct ts_zone *zone, int64_t us)
{
	int64_t minutes = 0;
	for (size_t i = 0; i < zone->n && us >= zone->offsets[i].from_us; i++)
		minutes = zone->offsets[i].offset_minutes;
	int64_t quarters = us / TS_US_PER_QUARTER + minutes / MINUTES_PER_QUARTER;
	int64_t monday = 3 * QUARTERS_PER_DAY; /* 1970-01-01 was a Thursday */
	int64_t q = (quarters + monday) % TS_WEEK_QUARTERS;
	return (size_t)(q < 0 ? q + TS_WEEK_QUARTERS : q);
}

bool ts_window_has(const struct ts_terms *terms, int32_t window, size_t quarter)
{
	if (window == TS_SELECT_ANY)
		return true;
	TS_ASSERT(quarter < TS_WEEK_QUARTERS);
	uint64_t bit = UINT64_C(1) << (quarter % 64);
	if (window != TS_SELECT_REST)
		return (terms->windows[window - 1].quarters[quarter / 64] & bit) != 0;
	for (size_t i = 0; i < terms->windows_n; i++)
		if ((terms->windows[i].quarters[quarter / 64] & bit) != 0)
			return false;
	return true;
}

static bool selects(int32_t selector, int32_t value)
{
	return selector == TS_SELECT_ANY || selector == value;
}

enum ts_match ts_terms_match(
	const struct ts_terms *terms, const struct ts_usage_key *key, size_t *index)
{
	for (size_t i = 0; i < terms->exclusions_n; i++) {
		if (ts_str_is(key->pricing_class, terms->exclusions[i].pricing_class)) {
			*index = i;
			return TS_MATCH_EXCLUDED;
		}
	}
	int32_t region = terms->regions_n > 0 ? region_of(terms, key->cluster) : TS_SELECT_REST;
	int32_t purpose = terms->purposes_n > 0 ? purpose_of(terms, key) : TS_SELECT_REST;
	size_t quarter = terms->windows_n > 0 ? ts_week_quarter(&terms->zone, key->quarter_us) : 0;
	for (size_t i = 0; i < terms->prices_n; i++) {
		const struct ts_price *p = &terms->prices[i];
		if (!ts_str_is(key->sku, terms->skus[p->sku].id) || !selects(p->region, region) ||
			!selects(p->purpose, purpose) || !ts_window_has(terms, p->window, quarter))
			continue;
		if (strcmp(p->pricing_class, "*") == 0 ||
			ts_str_is(key->pricing_class, p->pricing_class)) {
			*index = i;
			return TS_MATCH_PRICE;
		}
	}
	return TS_MATCH_NONE;
}

static bool windows_overlap(const struct ts_terms *terms, int32_t a, int32_t b)
{
	for (size_t q = 0; q < TS_WEEK_QUARTERS; q++)
		if (ts_window_has(terms, a, q) && ts_window_has(terms, b, q))
			return true;
	return false;
}

static bool selectors_overlap(int32_t a, int32_t b)
{
	return a == b || a == TS_SELECT_ANY || b == TS_SELECT_ANY;
}

bool ts_prices_overlap(
	const struct ts_terms *terms, const struct ts_price *a, const struct ts_price *b)
{
	bool class = strcmp(a->pricing_class, b->pricing_class) == 0 ||
		     strcmp(a->pricing_class, "*") == 0 || strcmp(b->pricing_class, "*") == 0;
	return a->sku == b->sku && class && selectors_overlap(a->region, b->region) &&
	       selectors_overlap(a->purpose, b->purpose) &&
	       windows_overlap(terms, a->window, b->window);
}

struct ts_str ts_origin_cluster(struct ts_str origin)
{
	(void)ts_str_cut(&origin, '/'); /* domain */
	(void)ts_str_cut(&origin, '/'); /* contract */
	struct ts_str cluster = ts_str_cut(&origin, '/');
	return cluster.at != NULL ? cluster : TS_STR("");
}
