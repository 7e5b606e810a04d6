/* SPDX-License-Identifier: Apache-2.0 */
/* Discounts, commitments, minimums with overage and caps against a plain calculation that puts
 * units down one by one and hours into pigeonholes: what every kind of line comes to in every
 * period. The calculation can break one rule; each broken rule must be noticed. */
#include "support/seed.h"
#include "support/terms.h"
#include "terms/rate.h"
#include <inttypes.h>
#include <stdlib.h>

#define CONTRACTS 400
#define CELLS 40
#define PERIODS 3 /* from 15 January to 15 April */
#define HOURS (24 * 31)

enum fault {
	NO_FAULT,
	FAULT_NO_CARRY,
	FAULT_HOURS_NET,
	FAULT_CAP_RESTARTS,
	FAULT_DISCOUNT_AFTER,
	FAULT_CARRY_LAST,
	FAULTS
};

struct cell {
	int64_t quarter_us, quantity;
};
struct world {
	struct ts_region *region;
	const struct ts_terms *terms;
	struct cell cells[CELLS];
	int n;
	/* tenths of a cent per unit */
	int64_t unit, over, short_;
	int64_t committed, carry_percent, free, percent, minimum, factor_percent, cap;
	bool hourly, cap_term;
};

static void make_world(struct world *w, struct ts_rng *rng)
{
	w->region = terms_region();
	w->unit = ts_rng_range(rng, 1, 3000);
	w->over = ts_rng_range(rng, 0, 5000);
	w->short_ = ts_rng_range(rng, 1, 3000);
	w->hourly = ts_rng_below(rng, 2) == 0;
	w->committed = w->hourly ? 4 * ts_rng_range(rng, 1, 5) : ts_rng_range(rng, 1, 500);
	w->carry_percent = w->hourly ? 0 : 25 * ts_rng_range(rng, 0, 4);
	w->free = ts_rng_range(rng, 1, 60);
	w->percent = ts_rng_range(rng, 1, 100);
	w->minimum = ts_rng_range(rng, 0, 60000);
	w->factor_percent = 25 * ts_rng_range(rng, 0, 12);
	w->cap_term = ts_rng_below(rng, 2) == 0;
	w->cap = ts_rng_range(rng, 0, 200000);
	char cap[160], rollover[40] = "";
	snprintf(cap, sizeof cap,
		w->cap_term ? "'per':'term','amount':'%" PRId64 ".%02d'"
			    : "'per':'period','schedule':[{'from':'2026-01-15','amount':'%" PRId64
			      ".%02d'}]",
		w->cap / 100, (int)(w->cap % 100));
	if (w->carry_percent > 0)
		snprintf(rollover, sizeof rollover, ",'rollover':'%d.%02d'",
			(int)w->carry_percent / 100, (int)w->carry_percent % 100);
	const char *text = ts_region_printf(w->region,
		"{'currency':'USD','term':{'from':'2026-01-15','to':'2026-04-15'},"
		"'calendar':{'anchor_day':15},'skus':[{'sku':'a','unit':'h','divisor':'1'}],"
		"'prices':[{'id':'p','sku':'a','model':'per_unit','unit_price':'%" PRId64
		".%03d'}],"
		"'discounts':[{'id':'free','price':'p','quantity':'%" PRId64 "'},"
		"{'id':'part','percent':'%" PRId64 "'}],"
		"'commitments':[{'id':'c','price':'p','per':'%s','schedule':[{'from':'2026-01-15',"
		"'quantity':'%" PRId64 "'}],'overage_unit_price':'%" PRId64 ".%03d',"
		"'shortfall_unit_price':'%" PRId64 ".%03d'%s}],"
		"'minimums':[{'id':'m','overage_factor':'%d.%02d','schedule':["
		"{'from':'2026-01-15','amount':'%" PRId64 ".%02d'}]}],'caps':[{'id':'k',%s}]}",
		w->unit / 1000, (int)(w->unit % 1000), w->free, w->percent,
		w->hourly ? "hour" : "period", w->committed, w->over / 1000, (int)(w->over % 1000),
		w->short_ / 1000, (int)(w->short_ % 1000), rollover, (int)w->factor_percent / 100,
		(int)w->factor_percent % 100, w->minimum / 100, (int)(w->minimum % 100), cap);
	w->terms = terms_of(w->region, text);
	w->n = (int)ts_rng_range(rng, 0, CELLS);
	for (int i = 0; i < w->n; i++) {
		int64_t quarters = (w->terms->to_us - w->terms->from_us) / TS_US_PER_QUARTER;
		if (ts_rng_below(rng, 3) == 0) /* several in one hour */
			quarters = 8;
		w->cells[i] = (struct cell){
			w->terms->from_us + ts_rng_range(rng, 0, quarters - 1) * TS_US_PER_QUARTER,
			ts_rng_range(rng, 1, 60)};
	}
}

/* numerator / denominator, half away from zero. */
static int64_t part(int64_t numerator, int64_t denominator)
{
	int64_t sign = numerator < 0 ? -1 : 1;
	return sign * ((2 * sign * numerator + denominator) / (2 * denominator));
}

struct sheet {
	int64_t minor[PERIODS][TS_CHARGE_KINDS];
};

struct commitment {
	int64_t over, short_, rolled;
};

/* Every unit takes a place: first those carried, then the committed, then beyond. */
static struct commitment by_units(
	const struct world *w, int64_t units, int64_t *carried, enum fault fault)
{
	struct commitment c = {0};
	int64_t places = fault == FAULT_NO_CARRY ? 0 : *carried, own = w->committed;
	for (int64_t u = 0; u < units; u++) {
		bool carry_first = fault != FAULT_CARRY_LAST;
		if (places > 0 && (carry_first || own == 0)) {
			places--;
			c.rolled++;
		} else if (own > 0) {
			own--;
		} else {
			c.over++;
		}
	}
	c.short_ = own;
	*carried = own * w->carry_percent / 100;
	return c;
}

static struct commitment by_hours(
	const struct world *w, const struct ts_period *period, enum fault fault)
{
	struct commitment c = {0};
	int64_t holes[HOURS] = {0}, balance = 0;
	for (int i = 0; i < w->n; i++) {
		int64_t us = w->cells[i].quarter_us;
		if (us >= period->from_us && us < period->to_us)
			holes[(us - period->from_us) / TS_US_PER_HOUR] += w->cells[i].quantity;
	}
	for (int64_t h = 0; h < (period->to_us - period->from_us) / TS_US_PER_HOUR; h++) {
		c.over += holes[h] > w->committed ? holes[h] - w->committed : 0;
		c.short_ += holes[h] < w->committed ? w->committed - holes[h] : 0;
		balance += holes[h] - w->committed;
	}
	if (fault == FAULT_HOURS_NET) {
		c.over = balance > 0 ? balance : 0;
		c.short_ = balance < 0 ? -balance : 0;
	}
	return c;
}

static void write_period(const struct world *w, const struct ts_period *period, int64_t *carried,
	int64_t *spent, int64_t *minor, enum fault fault)
{
	int64_t units = 0;
	for (int i = 0; i < w->n; i++)
		if (w->cells[i].quarter_us >= period->from_us &&
			w->cells[i].quarter_us < period->to_us)
			units += w->cells[i].quantity;
	struct commitment c = w->hourly ? by_hours(w, period, fault)
					: by_units(w, units, carried, fault);
	int64_t rest = units > w->free ? units - w->free : 0;
	minor[TS_CHARGE_USAGE] = part(units * w->unit, 10);
	int64_t given = part(rest * w->unit, 10) - minor[TS_CHARGE_USAGE];
	minor[TS_CHARGE_OVERAGE] = part(c.over * (w->over - w->unit), 10);
	minor[TS_CHARGE_SHORTFALL] = part(c.short_ * w->short_, 10);
	minor[TS_CHARGE_ROLLOVER] = w->carry_percent > 0 ? -part(c.rolled * w->short_, 10) : 0;
	int64_t base = minor[TS_CHARGE_USAGE] + given;
	if (fault == FAULT_DISCOUNT_AFTER)
		base += minor[TS_CHARGE_OVERAGE];
	minor[TS_CHARGE_DISCOUNT] = given - part(base * w->percent, 100);
	int64_t counted = minor[TS_CHARGE_USAGE] + minor[TS_CHARGE_DISCOUNT] +
			  minor[TS_CHARGE_OVERAGE] + minor[TS_CHARGE_SHORTFALL] +
			  minor[TS_CHARGE_ROLLOVER];
	minor[TS_CHARGE_TRUE_UP] = counted < w->minimum ? w->minimum - counted : 0;
	if (counted > w->minimum)
		minor[TS_CHARGE_EXCESS] = part(
			(counted - w->minimum) * (w->factor_percent - 100), 100);
	int64_t sum = counted + minor[TS_CHARGE_TRUE_UP] + minor[TS_CHARGE_EXCESS];
	int64_t room = w->cap_term && fault != FAULT_CAP_RESTARTS ? w->cap - *spent : w->cap;
	room = room > 0 ? room : 0;
	minor[TS_CHARGE_CAP] = sum > room ? room - sum : 0;
	*spent += sum + minor[TS_CHARGE_CAP];
}

static void write_sheet(const struct world *w, struct sheet *s, enum fault fault)
{
	int64_t carried = 0, spent = 0;
	memset(s, 0, sizeof *s);
	for (int32_t p = 0; p < PERIODS; p++) {
		struct ts_period period;
		assert_ok(ts_period_get(w->terms, p, &period));
		write_period(w, &period, &carried, &spent, s->minor[p], fault);
	}
}

static bool agrees(const struct world *w, enum fault fault)
{
	struct ts_fine fine[CELLS];
	struct ts_measure measures[CELLS];
	struct ts_rate_usage usage = {.fine = fine, .measures = measures};
	struct sheet want;
	write_sheet(w, &want, fault);
	for (int i = 0; i < w->n; i++) {
		struct ts_period period;
		int64_t us = w->cells[i].quarter_us;
		assert_ok(ts_period_at(w->terms, us, &period));
		if (w->hourly)
			fine[usage.fine_n++] = (struct ts_fine){.period = period.index,
				.quarter_us = us,
				.pricing_class = "",
				.account = "",
				.origin = "",
				.quantity = w->cells[i].quantity};
		else
			measures[usage.measures_n++] = (struct ts_measure){.period = period.index,
				.month = ts_month_of_day((int32_t)(us / TS_US_PER_DAY)),
				.quantity = w->cells[i].quantity};
	}
	for (int32_t p = 0; p < PERIODS; p++) {
		const struct ts_charge *charges = NULL;
		const struct ts_charge_line *lines = NULL;
		struct ts_period period;
		int64_t got[TS_CHARGE_KINDS] = {0};
		size_t n = 0, lines_n = 0;
		assert_ok(ts_period_get(w->terms, p, &period));
		assert_ok(ts_rate(w->terms, &period, &usage, period.end_day - 1, w->region,
			&charges, &n, NULL));
		assert_ok(
			ts_rate_lines(w->terms, &period, charges, n, w->region, &lines, &lines_n));
		for (size_t i = 0; i < lines_n; i++)
			got[lines[i].kind] += lines[i].amount_minor;
		if (memcmp(got, want.minor[p], sizeof got) != 0)
			return false;
	}
	return true;
}

static void test_equals_plain(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state);
	for (int c = 0; c < CONTRACTS; c++) {
		struct world w;
		make_world(&w, &rng);
		if (!agrees(&w, NO_FAULT))
			fail_msg("contract %d differs from the plain calculation", c);
		ts_region_free(w.region);
	}
}

static void test_broken_rules_are_noticed(void **state)
{
	static const char *const names[FAULTS] = {"none", "nothing is carried",
		"hours net each other", "cap restarts", "discount after commitment",
		"carried used last"};
	for (int fault = NO_FAULT + 1; fault < FAULTS; fault++) {
		struct ts_rng rng = ts_rng_create(*(uint64_t *)*state);
		int noticed = 0;
		for (int c = 0; c < CONTRACTS / 2; c++) {
			struct world w;
			make_world(&w, &rng);
			noticed += agrees(&w, (enum fault)fault) ? 0 : 1;
			ts_region_free(w.region);
		}
		print_message("%s: noticed in %d of %d\n", names[fault], noticed, CONTRACTS / 2);
		assert_true(noticed > 0);
	}
}

int main(void)
{
	uint64_t seed = ts_seed(20261013);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_equals_plain, &seed),
		cmocka_unit_test_prestate(test_broken_rules_are_noticed, &seed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
