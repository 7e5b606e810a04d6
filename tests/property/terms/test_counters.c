/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of a period, of the term and shared ones, and packages, against units counted one by
 * one: every unit is put down on a list in its order, and told its tier or package by its place. */
#include "support/seed.h"
#include "support/terms.h"
#include "terms/rate.h"
#include <inttypes.h>
#include <stdlib.h>

#define CONTRACTS 400
#define CELLS 40
#define PRICES 5
#define PERIODS 3
#define TIERS 3
#define MONTHS 4 /* the term: from 15 January to 15 April */

enum fault { NO_FAULT, FAULT_ORDER, FAULT_RESTART, FAULT_EDGE, FAULTS };

struct cell {
	int price;
	int64_t quarter_us;
	const char *pricing_class, *origin;
	int64_t quantity;
};
struct world {
	struct ts_region *region;
	const struct ts_terms *terms;
	struct cell cells[CELLS];
	int n;
	int64_t cents[PRICES][TIERS]; /* tenths of a cent per unit or package */
	int64_t edges[PRICES][TIERS];
	int64_t package[PRICES];
	bool shared_term; /* the shared counter runs over the term */
};
/* Prices 0 and 1 share a counter; 2 counts over the term; 3 and 4 are packages. */
static const char *const skus[PRICES] = {"b", "a", "c", "d", "e"};

static void make_world(struct world *w, struct ts_rng *rng)
{
	char tiers[PRICES][256];
	w->region = terms_region();
	w->shared_term = ts_rng_below(rng, 2) == 0;
	for (int p = 0; p < PRICES; p++) {
		w->package[p] = p < 3 ? 0 : ts_rng_range(rng, 1, 9);
		for (int t = 0; t < TIERS; t++) {
			w->cents[p][t] = ts_rng_range(rng, 1, 3000);
			w->edges[p][t] = ts_rng_range(rng, 1, 40) +
					 (t > 0 ? w->edges[p][t - 1] : 0);
		}
		snprintf(tiers[p], sizeof tiers[p],
			"[{'up_to':'%" PRId64 "','unit_price':'%" PRId64
			".%03d'},{'up_to':'%" PRId64 "','unit_price':'%" PRId64
			".%03d'},{'unit_price':'%" PRId64 ".%03d'}]",
			w->edges[p][0], w->cents[p][0] / 1000, (int)(w->cents[p][0] % 1000),
			w->edges[p][1], w->cents[p][1] / 1000, (int)(w->cents[p][1] % 1000),
			w->cents[p][2] / 1000, (int)(w->cents[p][2] % 1000));
	}
	const char *text = ts_region_printf(w->region,
		"{'currency':'USD','term':{'from':'2026-01-15','to':'2026-04-15'},"
		"'calendar':{'anchor_day':15},'skus':[{'sku':'a','unit':'h','divisor':'1'},"
		"{'sku':'b','unit':'h','divisor':'1'},{'sku':'c','unit':'h','divisor':'1'},"
		"{'sku':'d','unit':'h','divisor':'1'},{'sku':'e','unit':'h','divisor':'1'}],"
		"'counters':[{'id':'both','scope':'%s'}],'prices':["
		"{'id':'p0','sku':'b','model':'graduated','counter':'both','tiers':%s},"
		"{'id':'p1','sku':'a','model':'graduated','counter':'both','tiers':%s},"
		"{'id':'p2','sku':'c','model':'graduated','counter':'term','tiers':%s},"
		"{'id':'p3','sku':'d','model':'package','package_size':'%" PRId64
		"','package_price':'%" PRId64 ".%03d'},"
		"{'id':'p4','sku':'e','model':'package','package_size':'%" PRId64
		"','package_price':'%" PRId64 ".%03d','counter':'term'}]}",
		w->shared_term ? "term" : "period", tiers[0], tiers[1], tiers[2], w->package[3],
		w->cents[3][0] / 1000, (int)(w->cents[3][0] % 1000), w->package[4],
		w->cents[4][0] / 1000, (int)(w->cents[4][0] % 1000));
	w->terms = terms_of(w->region, text);
	w->n = (int)ts_rng_range(rng, 1, CELLS);
	for (int i = 0; i < w->n; i++) {
		int64_t quarters = (w->terms->to_us - w->terms->from_us) / TS_US_PER_QUARTER;
		if (ts_rng_below(rng, 3) == 0) /* many in the same quarter-hour */
			quarters = 2;
		w->cells[i] = (struct cell){.price = (int)ts_rng_below(rng, PRICES),
			.quarter_us = w->terms->from_us +
				      ts_rng_range(rng, 0, quarters - 1) * TS_US_PER_QUARTER,
			.pricing_class = ts_rng_below(rng, 2) ? "x" : "y",
			.origin = ts_rng_below(rng, 2) ? "o1" : "o2",
			.quantity = ts_rng_range(rng, 1, 30)};
	}
}

/* True when b is fed before a: time, SKU, class, origin. */
static bool before(const struct cell *b, const struct cell *a)
{
	if (b->quarter_us != a->quarter_us)
		return b->quarter_us < a->quarter_us;
	int sku = strcmp(skus[b->price], skus[a->price]);
	int class = strcmp(b->pricing_class, a->pricing_class);
	return sku != 0 ? sku < 0 : class != 0 ? class < 0 : strcmp(b->origin, a->origin) < 0;
}

/* Units by period, price, tier and month. */
struct sheet {
	int64_t units[PERIODS][PRICES][TIERS][MONTHS];
	int64_t packages[PERIODS][PRICES][MONTHS];
};

static void put_unit(const struct world *w, struct sheet *s, const struct cell *c, int32_t period,
	int64_t place, int month, enum fault fault)
{
	int t = 0;
	if (w->package[c->price] > 0) {
		s->units[period][c->price][0][month]++;
		s->packages[period][c->price][month] += (place - 1) % w->package[c->price] == 0;
		return;
	}
	while (t < TIERS - 1 && (fault == FAULT_EDGE ? place >= w->edges[c->price][t]
						     : place > w->edges[c->price][t]))
		t++;
	s->units[period][c->price][t][month]++;
}

static void write_sheet(const struct world *w, struct sheet *s, enum fault fault)
{
	struct cell list[CELLS];
	int64_t shared = 0, own[PRICES] = {0};
	int32_t period_before = 0;
	memset(s, 0, sizeof *s);
	memcpy(list, w->cells, sizeof list);
	for (int i = 0; i < w->n; i++)
		for (int k = i + 1; fault != FAULT_ORDER && k < w->n; k++)
			if (before(&list[k], &list[i])) {
				struct cell swap = list[i];
				list[i] = list[k];
				list[k] = swap;
			}
	for (int32_t p = 0; p < PERIODS; p++)
		for (int i = 0; i < w->n; i++) {
			struct ts_period period;
			assert_ok(ts_period_at(w->terms, list[i].quarter_us, &period));
			if (period.index != p)
				continue;
			if (p != period_before) {
				own[3] = 0;
				shared = w->shared_term ? shared : 0;
				if (fault == FAULT_RESTART)
					own[2] = own[4] = 0;
			}
			period_before = p;
			int month = ts_month_of_day((int32_t)(list[i].quarter_us / TS_US_PER_DAY)) -
				    2026 * 12;
			for (int64_t u = 0; u < list[i].quantity; u++)
				put_unit(w, s, &list[i], p,
					list[i].price < 2 ? ++shared : ++own[list[i].price], month,
					fault);
		}
}

/* Half away from zero, of tenths of cents. */
static int64_t rounded(int64_t tenths)
{
	return (tenths + 5) / 10;
}

static bool same_lines(const struct world *w, const struct sheet *s, int32_t p,
	const struct ts_charge *charges, size_t n)
{
	size_t found = 0;
	for (int price = 0; price < PRICES; price++)
		for (int t = 0; t < TIERS; t++) {
			int64_t units = 0, packages = 0, amount = 0;
			for (int m = 0; m < MONTHS; m++) {
				int64_t here = s->units[p][price][t][m];
				units += here;
				packages += t == 0 ? s->packages[p][price][m] : 0;
				int64_t target = rounded(
					w->cents[price][t] *
					(w->package[price] > 0 ? packages : units));
				if (here == 0)
					continue;
				size_t k = 0;
				while (k < n &&
					!(charges[k].item == (size_t)price &&
						charges[k].tier ==
							(w->package[price] > 0 ? 0 : t + 1) &&
						charges[k].month == 2026 * 12 + m))
					k++;
				if (k == n || charges[k].quantity != here ||
					charges[k].amount_minor != target - amount)
					return false;
				found++;
				amount = target;
			}
		}
	return found == n;
}

static bool agrees(const struct world *w, bool backwards, enum fault fault)
{
	struct ts_fine fine[CELLS];
	struct ts_measure measures[CELLS];
	struct ts_rate_usage usage = {.fine = fine, .measures = measures};
	struct sheet sheet;
	write_sheet(w, &sheet, fault);
	for (int k = 0; k < w->n; k++) {
		const struct cell *c = &w->cells[backwards ? w->n - 1 - k : k];
		struct ts_period period;
		assert_ok(ts_period_at(w->terms, c->quarter_us, &period));
		if (c->price < 2)
			fine[usage.fine_n++] = (struct ts_fine){.price = (size_t)c->price,
				.period = period.index,
				.quarter_us = c->quarter_us,
				.pricing_class = c->pricing_class,
				.account = "",
				.origin = c->origin,
				.quantity = c->quantity};
		else
			measures[usage.measures_n++] = (struct ts_measure){
				.price = (size_t)c->price,
				.period = period.index,
				.month = ts_month_of_day((int32_t)(c->quarter_us / TS_US_PER_DAY)),
				.quantity = c->quantity};
	}
	for (int32_t p = 0; p < PERIODS; p++) {
		const struct ts_charge *charges = NULL;
		struct ts_period period;
		size_t n = 0;
		assert_ok(ts_period_get(w->terms, p, &period));
		assert_ok(ts_rate(w->terms, &period, &usage, period.end_day - 1, w->region,
			&charges, &n, NULL));
		if (!same_lines(w, &sheet, p, charges, n))
			return false;
	}
	return true;
}

static void test_equals_units_one_by_one(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state);
	for (int c = 0; c < CONTRACTS; c++) {
		struct world w;
		make_world(&w, &rng);
		if (!agrees(&w, false, NO_FAULT) || !agrees(&w, true, NO_FAULT))
			fail_msg("contract %d differs from its units counted one by one", c);
		ts_region_free(w.region);
	}
}

static void test_broken_rules_are_noticed(void **state)
{
	static const char *const names[FAULTS] = {
		"none", "order of arrival", "term counters restart", "edge exclusive"};
	for (int fault = NO_FAULT + 1; fault < FAULTS; fault++) {
		struct ts_rng rng = ts_rng_create(*(uint64_t *)*state);
		int noticed = 0;
		for (int c = 0; c < CONTRACTS / 4; c++) {
			struct world w;
			make_world(&w, &rng);
			noticed += agrees(&w, false, (enum fault)fault) ? 0 : 1;
			ts_region_free(w.region);
		}
		print_message("%s: noticed in %d of %d\n", names[fault], noticed, CONTRACTS / 4);
		assert_true(noticed > 0);
	}
}

int main(void)
{
	uint64_t seed = ts_seed(20260815);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_equals_units_one_by_one, &seed),
		cmocka_unit_test_prestate(test_broken_rules_are_noticed, &seed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
