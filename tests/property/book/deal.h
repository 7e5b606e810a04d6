/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_DEAL_H
#define TS_TESTS_DEAL_H
/* Why: one random contract, its amendment (or notice) and its raw cells, from which the histories
 * of test_amendments.c are told. One file, included by one test. */
#include "terms/match.h"
#include "support/desk.h"
#include "support/seed.h"

#define CELLS_MAX 40
#define PERIODS 3
#define PERIODS_MAX 12
#define PRICES 3
#define SUMS_MAX 1024
#define DAYS_AFTER 75
#define LATE_NEVER 400

struct raw {
	struct ts_usage_cell cell;
	int32_t day;
};
/* CHAINED: a period depends on those before it, under both versions. */
enum deal_kind { DEAL_OTHER, DEAL_SAME, DEAL_NOTICE, DEAL_CHAINED };
struct deal {
	const struct ts_terms *terms[2];
	const struct ts_terms *ended; /* NOTICE: agreed to end then */
	int64_t from_us, to_us; /* the amendment is effective */
	int32_t from_day;
	int64_t end_us; /* NOTICE */
	int32_t notice_day;
	struct raw raw[CELLS_MAX];
	int n;
	int32_t last_day;
	int64_t late_days;
};

static const char *const deal_ids[] = {"unit", "tier", "bulk"};

/* Documents name items by id; versions of these deals have them in one order. */
static inline int32_t deal_item(const char *id)
{
	for (int32_t i = 0; i < PRICES; i++)
		if (strcmp(id, deal_ids[i]) == 0)
			return i;
	return 0; /* the fee, the minimum */
}

static inline enum ts_match deal_match(
	const struct ts_terms *terms, const struct ts_usage_cell *cell, size_t *price)
{
	const struct ts_usage_key key = {.sku = cell->sku,
		.pricing_class = cell->pricing_class,
		.quarter_us = cell->quarter_us};
	return ts_terms_match(terms, &key, price);
}

/* Under either version. */
static inline bool deal_priced(const struct deal *deal, const struct ts_usage_cell *cell)
{
	size_t price = 0;
	for (int v = 0; v < 2; v++)
		if (deal_match(deal->terms[v], cell, &price) == TS_MATCH_PRICE)
			return true;
	return false;
}

/* 0, 1, or -1 outside the term. */
static inline int deal_version(const struct deal *deal, int64_t us)
{
	if (us < deal->terms[0]->from_us)
		return -1;
	return us >= deal->from_us && us < deal->to_us ? 1 : 0;
}

/* The first instant in the period that the version governs; INT64_MAX: none. */
static inline int64_t deal_starts(
	const struct deal *deal, int version, const struct ts_period *period)
{
	for (int64_t us = period->from_us; us < period->to_us; us += TS_US_PER_QUARTER)
		if (deal_version(deal, us) == version)
			return us;
	return INT64_MAX;
}

static inline int32_t deal_first_day(
	const struct deal *deal, int version, const struct ts_period *period)
{
	int64_t us = deal_starts(deal, version, period);
	return us == INT64_MAX ? INT32_MAX : ts_zone_day(&deal->terms[0]->zone, us);
}

struct deal_frame { /* what no amendment changes */
	const char *currency, *zone, *from, *rounding;
	int anchor, late_days;
	const char *counter, *more; /* of the graduated price; members of the terms */
};

static inline const struct ts_terms *deal_terms(struct ts_region *region, struct ts_rng *rng,
	const struct deal_frame *f, int version, bool go_on, const char *to)
{
	const char *text = ts_region_printf(region,
		"{'version':%d,'currency':'%s','zone':%s,'term':{'from':'%s'%s},"
		"'calendar':{'anchor_day':%d},'rounding':'%s','counters_on_amendment':'%s',"
		"'termination':{'notice_days':10},"
		"'skus':[{'sku':'unit','unit':'h','divisor':'8'},"
		"{'sku':'tier','unit':'h','divisor':'4'},{'sku':'bulk','unit':'h','divisor':'3'}],"
		"'prices':[{'id':'unit','sku':'unit','model':'per_unit','unit_price':'0.%03d'},"
		"{'id':'tier','sku':'tier','model':'graduated','tiers':["
		"{'up_to':'%d','unit_price':'0.5','flat':'%d'},{'up_to':'900','unit_price':'0.25',"
		"'flat':'%d'},{'unit_price':'0.%03d'}]%s},{'id':'bulk','sku':'bulk',"
		"'model':'volume','tiers':[{'up_to':'%d','unit_price':'0.1'},"
		"{'unit_price':'0.0%02d'}]}],'exclusions':[{'class':'%s','reason':'repair'}],"
		"'fees':[{'id':'fee','schedule':[{'from':'%s','amount':'%d'}]}],"
		"'minimums':[{'id':'floor','schedule':[{'from':'%s','amount':'%d'}]}],"
		"'late':{'usage_until_days':0,'late_usage_until_days':%d}%s}",
		version, f->currency, f->zone, f->from, to, f->anchor, f->rounding,
		go_on ? "continue" : "restart", (int)ts_rng_range(rng, 1, 999),
		(int)ts_rng_range(rng, 1, 300), (int)ts_rng_range(rng, 0, 3),
		(int)ts_rng_range(rng, 0, 9), (int)ts_rng_range(rng, 1, 999), f->counter,
		(int)ts_rng_range(rng, 50, 400), (int)ts_rng_range(rng, 1, 99),
		ts_rng_below(rng, 2) ? "maint" : "spare", f->from, (int)ts_rng_range(rng, 0, 70),
		f->from, (int)ts_rng_range(rng, 0, 900), f->late_days, f->more);
	assert_non_null(text);
	return desk_terms(region, text);
}

static inline void deal_cells(struct deal *deal, struct ts_rng *rng, int64_t quarters)
{
	static const char *const classes[] = {"od", "od", "od", "maint", "spare"};
	deal->n = (int)ts_rng_range(rng, 1, CELLS_MAX);
	for (int i = 0; i < deal->n; i++) {
		struct raw *r = &deal->raw[i];
		r->cell.quarter_us = deal->terms[0]->from_us +
				     ts_rng_range(rng, 0, quarters - 1) * TS_US_PER_QUARTER;
		if (ts_rng_below(rng, 6) == 0 && deal->from_us > deal->terms[0]->from_us)
			r->cell.quarter_us = deal->from_us -
					     (int64_t)ts_rng_below(rng, 2) * TS_US_PER_QUARTER;
		r->cell.sku = ts_str(deal_ids[ts_rng_below(rng, PRICES)]);
		r->cell.pricing_class = ts_str(classes[ts_rng_below(rng, 5)]);
		r->cell.quantity = ts_rng_range(rng, 1, 900);
		r->day = ts_zone_day(&deal->terms[0]->zone, r->cell.quarter_us);
	}
}

static inline void deal_amendment(
	struct deal *deal, struct ts_rng *rng, const struct ts_period *last, int64_t quarters)
{
	const struct ts_zone *zone = &deal->terms[0]->zone;
	deal->from_us = deal->terms[0]->from_us +
			ts_rng_range(rng, 0, quarters - 1) * TS_US_PER_QUARTER;
	if (ts_rng_below(rng, 3) == 0) /* most begin with a day */
		deal->from_us = ts_zone_day_start(zone, ts_zone_day(zone, deal->from_us));
	deal->to_us = INT64_MAX;
	if (ts_rng_below(rng, 4) == 0)
		deal->to_us = deal->from_us +
			      ts_rng_range(
				      rng, 1, (last->to_us - deal->from_us) / TS_US_PER_QUARTER) *
				      TS_US_PER_QUARTER;
	int32_t day = ts_zone_day(zone, deal->from_us);
	deal->from_day = ts_zone_day_start(zone, day) == deal->from_us ? day : day + 1;
}

/* What may change at the beginning of a day only. */
static inline void deal_at_days(struct deal *deal)
{
	const struct ts_zone *zone = &deal->terms[0]->zone;
	deal->from_us = ts_zone_day_start(zone, deal->from_day);
	if (deal->to_us == INT64_MAX)
		return;
	int32_t to = ts_zone_day(zone, deal->to_us);
	deal->to_us = ts_zone_day_start(zone, to > deal->from_day ? to : deal->from_day + 1);
}

static inline const char *deal_chain(struct ts_region *region, struct ts_rng *rng, const char *from)
{
	return ts_region_printf(region,
		",'commitments':[{'id':'c','price':'unit','per':'period','schedule':[{'from':'%s',"
		"'quantity':'%d'}],'shortfall_unit_price':'0.%02d','rollover':'0.%d'}],"
		"'caps':[{'id':'k','per':'term','amount':'%d'}]",
		from, (int)ts_rng_range(rng, 1, 300), (int)ts_rng_range(rng, 1, 99),
		(int)ts_rng_range(rng, 1, 9), (int)ts_rng_range(rng, 100, 900));
}

static inline void deal_make(
	struct deal *deal, struct ts_region *region, struct ts_rng *rng, enum deal_kind kind)
{
	static const char *const currencies[] = {"USD", "JPY", "KWD"};
	static const char *const roundings[] = {"half_away_from_zero", "half_even", "down", "up"};
	static const char *const starts[] = {"2026-03-10", "2026-10-15", "2026-05-01"};
	static const char *const zones[] = {"{'name':'UTC','offsets':[{'offset_minutes':0}]}",
		"{'name':'Europe/Berlin','offsets':[{'offset_minutes':60},"
		"{'from':'2026-03-29T01:00:00Z','offset_minutes':120},"
		"{'from':'2026-10-25T01:00:00Z','offset_minutes':60}]}",
		"{'name':'Asia/Kathmandu','offsets':[{'offset_minutes':345}]}"};
	struct ts_period last;
	ts_region_reset(region);
	*deal = (struct deal){.late_days = ts_rng_below(rng, 4) == 0 ? 7 : LATE_NEVER};
	struct deal_frame f = {currencies[ts_rng_below(rng, 3)], zones[ts_rng_below(rng, 3)],
		starts[ts_rng_below(rng, 3)], roundings[ts_rng_below(rng, 4)],
		ts_rng_below(rng, 2) ? 1 : 15, (int)deal->late_days, "", ""};
	if (kind == DEAL_CHAINED) {
		f.counter = ",'counter':'term'";
		f.more = deal_chain(region, rng, f.from);
	}
	struct ts_rng draw = *rng, again = draw; /* the same content is drawn again */
	deal->terms[0] = deal_terms(region, &draw, &f, 1, false, "");
	*rng = draw;
	assert_ok(ts_period_get(deal->terms[0], PERIODS - 1, &last));
	deal->last_day = last.end_day + DAYS_AFTER;
	int64_t quarters = (last.to_us - deal->terms[0]->from_us) / TS_US_PER_QUARTER;
	deal_amendment(deal, rng, &last, quarters);
	if (kind == DEAL_CHAINED)
		deal_at_days(deal);
	if (kind == DEAL_NOTICE) { /* the days before it are more than the notice needs */
		char text[TS_TIME_CHARS];
		int32_t first = deal->terms[0]->from_day;
		int32_t end = first + (int32_t)ts_rng_range(rng, 30, last.end_day - first - 1);
		deal->end_us = ts_zone_day_start(&deal->terms[0]->zone, end);
		deal->notice_day = end - (int32_t)ts_rng_range(rng, 25, 29);
		deal->from_us = deal->to_us = INT64_MAX;
		const char *to = ts_region_printf(region, ",'to':'%s'", ts_date_format(end, text));
		deal->ended = deal_terms(region, &again, &f, 1, false, to);
	} else {
		bool equal = kind == DEAL_SAME;
		deal->terms[1] = deal_terms(region, equal ? &again : rng, &f, 2,
			equal || ts_rng_below(rng, 2) == 0, "");
	}
	deal_cells(deal, rng, quarters);
}

#endif
