/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_WORLD_H
#define TS_TESTS_WORLD_H
/* Why: one random contract and its raw cells, from which every history of test_histories.c is told.
 * One file, included by one test. */
#include "support/desk.h"
#include "support/seed.h"

#define CELLS_MAX 48
#define PERIODS 3 /* cut; usage falls into these */
#define DAYS_AFTER 45 /* of the last period's end: the last usage arrives */
#define USAGE_UNTIL 2

struct raw {
	struct ts_usage_cell cell;
	int32_t day; /* contract day, counted here by hand */
	int reverses; /* index of the cell that this one takes back; -1 */
};
struct world {
	const struct ts_terms *terms;
	struct raw raw[CELLS_MAX];
	int n;
	int32_t last_day; /* the log day on which everything has arrived */
	int64_t late_days;
	bool front; /* most usage in the first period, often taken back */
};

static inline int32_t world_day(const struct ts_zone *zone, int64_t us)
{
	int64_t offset = 0;
	for (size_t i = 0; i < zone->n; i++)
		if (us >= zone->offsets[i].from_us)
			offset = zone->offsets[i].offset_minutes;
	return (int32_t)((us + offset * 60 * TS_US_PER_S) / TS_US_PER_DAY);
}

/* The price that bills the cell; -1: none. */
static inline int world_price(const struct ts_usage_cell *cell)
{
	static const char *const skus[] = {"unit", "tier", "bulk"};
	for (int i = 0; i < 3; i++)
		if (ts_str_is(cell->sku, skus[i]) && !ts_str_is(cell->pricing_class, "maint"))
			return i;
	return -1;
}

#define WORLD_VOLUME                                                                               \
	"'model':'volume','tiers':[{'up_to':'400','unit_price':'0.1'},{'unit_price':'0.07'}]"
#define WORLD_COUNTERS "'counters':[{'id':'k','scope':'term'},{'id':'m','scope':'period'}],"

/* What the same cells can cost: every model stands in some contract. */
struct world_model {
	const char *counters, *flat, *tier, *bulk, *more;
};
static const struct world_model world_models[] = {
	{"", ",'flat':'7'", "", WORLD_VOLUME, ""},
	{"", ",'flat':'3'", ",'counter':'term'", WORLD_VOLUME, ""},
	{WORLD_COUNTERS, "", ",'counter':'k'", WORLD_VOLUME, ""},
	{WORLD_COUNTERS, "", ",'counter':'m'", WORLD_VOLUME ",'counter':'m'", ""},
	{"", ",'flat':'7'", "", "'model':'package','package_size':'50','package_price':'1.25'", ""},
	{"", "", ",'counter':'term'",
		"'model':'package','package_size':'70','package_price':'2.5','counter':'term'", ""},
	{"", ",'flat':'7'", "", WORLD_VOLUME,
		"'discounts':[{'id':'few','price':'tier','quantity':'30'},{'id':'part',"
		"'percent':'12.5','on':{'prices':['unit','bulk']}}],"
		"'caps':[{'id':'all','per':'term','amount':'20','on':{'prices':['unit','bulk']}}]"
		","},
	{"", "", ",'counter':'term'", WORLD_VOLUME,
		"'commitments':[{'id':'q','price':'unit','per':'period','schedule':[{'from':'@',"
		"'quantity':'40'}],'overage_factor':'1.5','shortfall_unit_price':'0.02',"
		"'rollover':'0.5'}],'caps':[{'id':'c','per':'period','schedule':[{'from':'@',"
		"'amount':'9'}],'on':{'prices':['tier']}}],"},
	{"", "", "", WORLD_VOLUME,
		"'commitments':[{'id':'h','price':'unit','per':'hour','schedule':[{'from':'@',"
		"'quantity':'1.5'}],'overage_unit_price':'0.001','shortfall_unit_price':'0.001'}],"
		"'discounts':[{'id':'fees','percent':'3','on':{'fees':['fee']}}],"},
	{"", "", "", WORLD_VOLUME,
		"'slas':[{'id':'s','sku':'unit','classes':['maint'],'on':{'prices':['unit','bulk']}"
		","
		"'base':'after_true_up','capacity':[{'from':'@','quantity':'0.5'}],'tiers':["
		"{'below':'99.9','percent':'10'},{'below':'90','percent':'40'}],"
		"'cap_percent':'30'}],"},
};

/* The first day of the term for every @. */
static inline const char *world_dated(struct ts_region *region, const char *text, const char *from)
{
	const char *out = "";
	for (const char *at; (at = strchr(text, '@')) != NULL; text = at + 1) {
		out = ts_region_printf(region, "%s%.*s%s", out, (int)(at - text), text, from);
		assert_non_null(out);
	}
	out = ts_region_printf(region, "%s%s", out, text);
	assert_non_null(out);
	return out;
}

/* Where the terms keep the cell's sum; -1: nowhere. */
static inline int world_slot(const struct ts_terms *terms, const struct ts_usage_cell *cell)
{
	bool down = ts_str_is(cell->sku, "unit") && ts_str_is(cell->pricing_class, "maint");
	return down && terms->watches_n > 0 ? (int)terms->prices_n : world_price(cell);
}

static inline const struct ts_terms *world_terms(
	struct ts_region *region, struct ts_rng *rng, int64_t late_days)
{
	static const char *const currencies[] = {"USD", "JPY", "KWD"};
	static const char *const roundings[] = {"half_away_from_zero", "half_even", "down", "up"};
	static const char *const starts[][2] = {{"2026-03-10", "2026-04-20"},
		{"2026-10-15", "2026-11-20"}, {"2026-05-01", "2026-06-01"},
		{"2026-10-05", "2026-11-07"}};
	static const char *const zones[] = {"{'name':'UTC','offsets':[{'offset_minutes':0}]}",
		"{'name':'Europe/Berlin','offsets':[{'offset_minutes':60},"
		"{'from':'2026-03-29T01:00:00Z','offset_minutes':120},"
		"{'from':'2026-10-25T01:00:00Z','offset_minutes':60}]}",
		"{'name':'Asia/Kathmandu','offsets':[{'offset_minutes':345}]}"};
	int64_t fixed = ts_rng_range(rng, 0, 1); /* without fees, documents can turn negative */
	const char *const *start = starts[ts_rng_below(rng, 4)];
	const struct world_model *model =
		&world_models[ts_rng_below(rng, sizeof world_models / sizeof world_models[0])];
	const char *text = ts_region_printf(region,
		"{'currency':'%s','zone':%s,'term':{'from':'%s'},'calendar':{'anchor_day':%d},"
		"'rounding':'%s','skus':[{'sku':'unit','unit':'h','divisor':'8'},"
		"{'sku':'tier','unit':'h','divisor':'3'},{'sku':'bulk','unit':'h','divisor':'3'}],%"
		"s"
		"'prices':[{'id':'unit','sku':'unit','model':'per_unit','unit_price':'0.%03d',"
		"'treatment':'s'},{'id':'tier','sku':'tier','model':'graduated','tiers':["
		"{'up_to':'%d','unit_price':'0.5'},{'up_to':'900','unit_price':'0.25'%s},"
		"{'unit_price':'0.%03d'}]%s,'treatment':'r'},{'id':'bulk','sku':'bulk',"
		"%s,'treatment':'s'}],%s"
		"'exclusions':[{'class':'maint','reason':'repair'}],"
		"'fees':[{'id':'fee','schedule':[{'from':'%s','to':'%s','amount':'%d'},"
		"{'from':'%s','amount':'%d'}],'treatment':'r'}],"
		"'minimums':[{'id':'floor','schedule':[{'from':'%s','amount':'%d'}],"
		"'treatment':'s'}],'tax':{'treatments':[{'id':'s','category':'S',"
		"'jurisdiction':'DE','rate':'n','recoverable':true},{'id':'r','category':'AE',"
		"'jurisdiction':'DE','reason':'Reverse charge','reverse_percent':'19',"
		"'recoverable':false}],'rates':[{'rate':'n','jurisdiction':'DE',"
		"'from':'2026-01-01','percent':'19'}]},"
		"'late':{'usage_until_days':%d,'late_usage_until_days':%d}}",
		currencies[ts_rng_below(rng, 3)], zones[ts_rng_below(rng, 3)], start[0],
		ts_rng_below(rng, 2) ? 1 : 15, roundings[ts_rng_below(rng, 4)], model->counters,
		(int)ts_rng_range(rng, 1, 999), (int)ts_rng_range(rng, 1, 300), model->flat,
		(int)ts_rng_range(rng, 1, 999), model->tier, model->bulk,
		world_dated(region, model->more, start[0]), start[0], start[1],
		(int)(fixed * ts_rng_range(rng, 0, 70)), start[1],
		(int)(fixed * ts_rng_range(rng, 0, 200)), start[0],
		(int)(fixed * ts_rng_range(rng, 0, 900)), USAGE_UNTIL, (int)late_days);
	assert_non_null(text);
	return desk_terms(region, text);
}

static inline void world_cell(struct world *w, struct ts_rng *rng, const struct ts_period *last)
{
	static const char *const skus[] = {"unit", "tier", "bulk", "free"};
	struct raw *r = &w->raw[w->n];
	struct ts_period period;
	int64_t quarters = (last->to_us - w->terms->from_us) / TS_US_PER_QUARTER;
	if (w->front && ts_rng_below(rng, 8) != 0)
		quarters /= PERIODS;
	*r = (struct raw){.reverses = -1};
	if (w->n > 0 && ts_rng_below(rng, w->front ? 2 : 5) == 0) {
		int of = (int)ts_rng_below(rng, (uint64_t)w->n);
		bool again = w->raw[of].reverses >= 0;
		for (int i = 0; i < w->n; i++)
			again = again || w->raw[i].reverses == of;
		if (again)
			return;
		*r = w->raw[of];
		r->cell.quantity = -r->cell.quantity;
		r->reverses = of;
		w->n++;
		return;
	}
	r->cell.quarter_us = w->terms->from_us +
			     ts_rng_range(rng, 0, quarters - 1) * TS_US_PER_QUARTER;
	if (!w->front && ts_rng_below(rng, 6) == 0) { /* the edges of periods */
		assert_ok(ts_period_get(w->terms, (int32_t)ts_rng_below(rng, PERIODS), &period));
		r->cell.quarter_us = ts_rng_below(rng, 2) ? period.from_us
							  : period.to_us - TS_US_PER_QUARTER;
	}
	r->cell.sku = ts_str(skus[ts_rng_below(rng, 16) == 0 ? 3 : ts_rng_below(rng, 3)]);
	r->cell.pricing_class = ts_str(ts_rng_below(rng, 12) == 0 ? "maint" : "od");
	r->cell.quantity = ts_rng_range(rng, 1, 400);
	r->day = world_day(&w->terms->zone, r->cell.quarter_us);
	w->n++;
}

static inline void world_make(
	struct world *w, struct ts_region *region, struct ts_rng *rng, int64_t late_days)
{
	struct ts_period last;
	*w = (struct world){.late_days = late_days, .front = ts_rng_below(rng, 3) == 0};
	w->terms = world_terms(region, rng, late_days);
	assert_ok(ts_period_get(w->terms, PERIODS - 1, &last));
	w->last_day = last.end_day + DAYS_AFTER;
	int n = (int)ts_rng_range(rng, 1, CELLS_MAX);
	for (int i = 0; i < n; i++)
		world_cell(w, rng, &last);
}

#endif
