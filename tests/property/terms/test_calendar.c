/* SPDX-License-Identifier: Apache-2.0 */
/* Billing periods of any contract tile its term: no gap, no overlap, no instant in two periods,
 * from 2024 to 2032 with its leap days, in zones that change their clocks. The tiling check is run
 * on broken calendars too, which it must refuse. */
#include "support/test.h"
#include "support/seed.h"
#include "terms/calendar.h"
#include <string.h>

#define CASES 3000
#define OFFSETS_MAX 20

struct world {
	struct ts_terms terms;
	struct ts_zone_offset offsets[OFFSETS_MAX];
};

/* A zone with a change of an hour (or none) about every half year, on the quarter-hour grid. */
static void make_zone(struct world *w, struct ts_rng *rng)
{
	int32_t base = (int32_t)ts_rng_range(rng, -48, 52) * 15;
	int64_t at = INT64_C(1704067200) * TS_US_PER_S; /* 2024-01-01 */
	size_t n = ts_rng_below(rng, 3) == 0 ? 1 : OFFSETS_MAX;
	for (size_t i = 0; i < n; i++) {
		w->offsets[i].from_us = i == 0 ? INT64_MIN : at;
		w->offsets[i].offset_minutes = base + (i % 2 == 1 ? 60 : 0);
		at += ts_rng_range(rng, 150 * 96, 215 * 96) * TS_US_PER_QUARTER;
	}
	w->terms.zone = (struct ts_zone){"test", w->offsets, n};
}

static void make_world(struct world *w, struct ts_rng *rng)
{
	int32_t first = ts_day_of_date((struct ts_date){2024, 1, 1});
	int32_t end = ts_day_of_date((struct ts_date){2033, 1, 1});
	memset(w, 0, sizeof *w);
	make_zone(w, rng);
	struct ts_terms *t = &w->terms;
	t->anchor_day = ts_rng_range(rng, 1, 28);
	t->from_day = (int32_t)ts_rng_range(rng, first, end - 1);
	t->to_day = (int32_t)ts_rng_range(rng, t->from_day + 1, end);
	if (ts_rng_below(rng, 4) == 0) { /* whole periods */
		t->from_day = ts_month_first_day(ts_month_of_day(t->from_day));
		t->anchor_day = 1;
	}
	t->from_us = ts_zone_day_start(&t->zone, t->from_day);
	t->to_us = ts_zone_day_start(&t->zone, t->to_day);
}

typedef enum ts_err (*period_get)(
	const struct ts_terms *terms, int32_t index, struct ts_period *out);

static bool fits(const struct ts_terms *t, const struct ts_period *p)
{
	int32_t days = p->full_end_day - p->full_first_day;
	return p->first_day < p->end_day && p->from_us < p->to_us &&
	       p->full_first_day <= p->first_day && p->end_day <= p->full_end_day && days >= 28 &&
	       days <= 31 && ts_date_of_day(p->full_first_day).day == t->anchor_day &&
	       p->from_us == ts_zone_day_start(&t->zone, p->first_day) &&
	       p->from_us % TS_US_PER_QUARTER == 0;
}

/* Whether the periods tile the term; the last one's end is found by walking, not by asking. */
static bool tiles(const struct ts_terms *t, period_get get)
{
	struct ts_period p;
	int64_t at_us = t->from_us;
	int32_t at_day = t->from_day;
	int32_t i = 0;
	for (; get(t, i, &p) == TS_OK; i++) {
		bool partial = p.first_day != p.full_first_day || p.end_day != p.full_end_day;
		bool end = p.first_day == t->from_day || p.end_day == t->to_day;
		if (p.index != i || p.from_us != at_us || p.first_day != at_day || !fits(t, &p) ||
			(partial && !end))
			return false;
		at_us = p.to_us;
		at_day = p.end_day;
		if (i > 12 * 10)
			return false;
	}
	return i > 0 && at_us == t->to_us && at_day == t->to_day;
}

static void test_periods_tile_the_term(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state);
	for (int c = 0; c < CASES; c++) {
		struct world w;
		make_world(&w, &rng);
		if (!tiles(&w.terms, ts_period_get))
			fail_msg("case %d: the periods do not tile the term", c);
	}
}

/* Every instant of the term lies in exactly the period that is found for it; none outside. */
static void test_instants(void **state)
{
	struct ts_rng rng = ts_rng_create(*(uint64_t *)*state + 1);
	for (int c = 0; c < CASES; c++) {
		struct world w;
		struct ts_period p, same;
		make_world(&w, &rng);
		int64_t us = ts_rng_range(&rng, w.terms.from_us, w.terms.to_us - 1);
		assert_ok(ts_period_at(&w.terms, us, &p));
		assert_true(p.from_us <= us && us < p.to_us);
		assert_ok(ts_period_get(&w.terms, p.index, &same));
		assert_true(p.from_us == same.from_us && p.to_us == same.to_us);
		int64_t edges[] = {p.from_us, p.to_us - 1};
		for (size_t i = 0; i < 2; i++) {
			assert_ok(ts_period_at(&w.terms, edges[i], &same));
			assert_int_equal(same.index, p.index);
		}
		assert_err(ts_period_at(&w.terms, w.terms.from_us - 1, &p), TS_E_NOT_FOUND);
		assert_err(ts_period_at(&w.terms, w.terms.to_us, &p), TS_E_NOT_FOUND);
	}
}

/* Days of 24 hours, whatever the zone says. */
static enum ts_err without_zone(const struct ts_terms *t, int32_t index, struct ts_period *out)
{
	TS_TRY(ts_period_get(t, index, out));
	out->from_us = t->from_us + (out->first_day - t->from_day) * TS_US_PER_DAY;
	out->to_us = t->from_us + (out->end_day - t->from_day) * TS_US_PER_DAY;
	return TS_OK;
}

/* An anchor of 30 days each: February is swallowed. */
static enum ts_err thirty_days(const struct ts_terms *t, int32_t index, struct ts_period *out)
{
	TS_TRY(ts_period_get(t, index, out));
	out->end_day = out->first_day + 30 < t->to_day ? out->first_day + 30 : t->to_day;
	out->to_us = ts_zone_day_start(&t->zone, out->end_day);
	return TS_OK;
}

static enum ts_err closed_end(const struct ts_terms *t, int32_t index, struct ts_period *out)
{
	TS_TRY(ts_period_get(t, index, out));
	out->to_us -= 1;
	return TS_OK;
}

static void test_broken_calendars_are_noticed(void **state)
{
	static const period_get broken[] = {without_zone, thirty_days, closed_end};
	for (size_t b = 0; b < sizeof broken / sizeof broken[0]; b++) {
		struct ts_rng rng = ts_rng_create(*(uint64_t *)*state);
		int noticed = 0;
		for (int c = 0; c < CASES / 10; c++) {
			struct world w;
			make_world(&w, &rng);
			noticed += tiles(&w.terms, broken[b]) ? 0 : 1;
		}
		print_message("broken calendar %zu noticed in %d of %d\n", b, noticed, CASES / 10);
		assert_true(noticed > CASES / 20);
	}
}

int main(void)
{
	uint64_t seed = ts_seed(20240229);
	uint64_t *at = &seed;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_periods_tile_the_term, at),
		cmocka_unit_test_prestate(test_instants, at),
		cmocka_unit_test_prestate(test_broken_calendars_are_noticed, at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
