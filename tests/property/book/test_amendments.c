/* SPDX-License-Identifier: Apache-2.0 */
/* Random contracts that are amended: in the middle of a period, for a window, back in time behind
 * cuts, and ended by notice. Whatever the order in which usage, ticks, cuts and the amendment come
 * in, the sums are those of a contract that was signed so from the start, and those of a plain
 * calculation from the raw cells; an amendment that changes nothing changes no sum. Each comparison
 * is shown to notice planted faults. TS_HISTORIES=<n>, TS_SEED=<n> as in test_histories.c. */
#include "told.h"
#include <stdlib.h>

#define DEALS 150

/* --- comparisons --- */

/* What two histories are compared by: lines as they are, or an id's sum over versions and tiers. */
enum view { LINES, IDS };

static bool same_key(const struct sum *a, const struct sum *b, enum view view)
{
	bool documents = (a->month < 0) == (b->month < 0);
	if (view == LINES)
		return a->month == b->month && ts_line_key_eq(&a->line, &b->line);
	return documents && a->line.kind == b->line.kind && a->line.item == b->line.item &&
	       a->line.period == b->line.period;
}

static int64_t sum_like(const struct history *h, const struct sum *key, enum view view)
{
	int64_t minor = 0;
	for (size_t i = 0; i < h->sums_n; i++)
		if (same_key(&h->sums[i], key, view))
			minor += h->sums[i].minor;
	return minor;
}

static bool within(const struct history *a, const struct history *b, enum view view)
{
	for (size_t i = 0; i < a->sums_n; i++)
		if (sum_like(a, &a->sums[i], view) != sum_like(b, &a->sums[i], view))
			return false;
	return true;
}

static bool same(const struct history *a, const struct history *b, enum view view)
{
	return within(a, b, view) && within(b, a, view);
}

/* Measures of one version from the raw cells. */
static size_t measure(const struct deal *deal, const struct history *h, int version,
	const struct ts_period *period, struct ts_measure *out)
{
	size_t n = 0, price = 0;
	for (int i = 0; i < deal->n; i++) {
		const struct raw *r = &deal->raw[i];
		if (r->day < period->first_day || r->day >= period->end_day || h->late[i] ||
			deal_version(deal, r->cell.quarter_us) != version ||
			deal_match(deal->terms[version], &r->cell, &price) != TS_MATCH_PRICE)
			continue;
		size_t k = 0;
		while (k < n && !(out[k].price == price && out[k].month == ts_month_of_day(r->day)))
			k++;
		if (k == n)
			out[n++] = (struct ts_measure){
				.price = price, .month = ts_month_of_day(r->day)};
		out[k].quantity += r->cell.quantity;
	}
	return n;
}

static int64_t usage_of(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_measure *measures, size_t n, size_t price, struct ts_region *region)
{
	struct ts_terms copy = *terms;
	const struct ts_charge *charges = NULL;
	size_t charges_n = 0;
	int64_t minor = 0;
	copy.fees_n = copy.minimums_n = 0;
	assert_ok(ts_rate_period(
		&copy, period, measures, n, period->end_day, region, &charges, &charges_n, NULL));
	for (size_t i = 0; i < charges_n; i++)
		minor += charges[i].item == price ? charges[i].amount_minor : 0;
	return minor;
}

static int64_t by_days(const struct deal *deal, const struct ts_period *period, bool minimum,
	int only, enum fault fault, int64_t *days)
{
	ts_i128 sum = 0, minor = 0;
	*days = 0;
	for (int32_t day = period->first_day; day < period->end_day; day++) {
		int version = deal_version(deal, ts_zone_day_start(&deal->terms[0]->zone, day));
		if (fault == FAULT_FEE_DAY && day == deal->from_day)
			version = version == 1 ? 0 : 1;
		if (version < 0 || (only >= 0 && version != only))
			continue;
		const struct ts_terms *terms = deal->terms[version];
		sum += minimum ? terms->minimums[0].segments[0].amount_minor
			       : terms->fees[0].segments[0].amount_minor;
		++*days;
	}
	assert_ok(ts_muldiv(sum, 1, period->full_end_day - period->full_first_day,
		deal->terms[0]->rounding, &minor));
	return (int64_t)minor;
}

/* What a period comes to per id, by the rules in docs/formats/terms.md. */
static void calculate(const struct deal *deal, const struct history *h, int32_t index,
	struct ts_region *region, enum fault fault, struct history *out)
{
	struct ts_period period, part;
	struct ts_measure measures[2][CELLS_MAX], both[2 * CELLS_MAX];
	size_t n[2];
	int64_t days = 0, counted[2] = {0};
	assert_ok(ts_period_get(deal->terms[0], index, &period));
	for (int v = 0; v < 2; v++)
		n[v] = measure(deal, h, v, &period, measures[v]);
	bool first = deal_starts(deal, 0, &period) < deal_starts(deal, 1, &period);
	bool go_on = deal->terms[1]->counters_continue != (fault == FAULT_COUNTERS);
	for (int v = 0; v < 2; v++) {
		int32_t begins = deal_first_day(deal, v, &period);
		if (begins == INT32_MAX)
			continue;
		int other = 1 - v;
		bool carried = go_on && v == (first ? 1 : 0) &&
			       deal_first_day(deal, other, &period) != INT32_MAX;
		part = period;
		part.first_day = carried ? deal_first_day(deal, other, &period) : begins;
		size_t both_n = 0;
		for (size_t i = 0; i < n[0] + n[1]; i++)
			both[both_n++] = i < n[0] ? measures[0][i] : measures[1][i - n[0]];
		for (size_t p = 0; p < PRICES; p++) {
			struct ts_line_key key = {0, TS_CHARGE_USAGE, (int32_t)p, 0, index};
			const struct ts_terms *terms = deal->terms[v];
			int64_t minor =
				carried ? usage_of(terms, &part, both, both_n, p, region) -
						  usage_of(terms, &part, measures[other], n[other],
							  p, region)
					: usage_of(terms, &part, measures[v], n[v], p, region);
			counted[v] += minor;
			add_sum(out, &key, 0, minor);
		}
	}
	struct ts_line_key fee = {0, TS_CHARGE_FEE, 0, 0, index},
			   top = {0, TS_CHARGE_TRUE_UP, 0, 0, index};
	int64_t fees = by_days(deal, &period, false, -1, fault, &days);
	add_sum(out, &fee, 0, fees);
	int64_t due = by_days(deal, &period, true, -1, fault, &days) - counted[0] - counted[1];
	if (fault == FAULT_MINIMUM) {
		due = 0;
		for (int v = 0; v < 2; v++) {
			int64_t own = by_days(deal, &period, true, v, fault, &days) - counted[v] -
				      by_days(deal, &period, false, v, fault, &days);
			due += own > 0 ? own : 0;
		}
		add_sum(out, &top, 0, due);
	} else if (due > fees) {
		add_sum(out, &top, 0, due - fees);
	}
}

static bool agrees(const struct deal *deal, const struct history *h, struct ts_region *region,
	enum fault fault)
{
	struct history *plain = calloc(1, sizeof *plain);
	assert_non_null(plain);
	for (int32_t p = 0; p < PERIODS; p++)
		calculate(deal, h, p, region, fault, plain);
	bool equal = true;
	for (size_t i = 0; i < plain->sums_n; i++) {
		struct sum key = plain->sums[i];
		equal = equal && sum_like(h, &key, IDS) == key.minor;
		key.month = -1; /* and what the documents billed */
		equal = equal && sum_like(h, &key, IDS) == plain->sums[i].minor;
	}
	free(plain);
	return equal;
}

/* --- the tests --- */

static int deals(void)
{
	const char *text = getenv("TS_HISTORIES");
	return text != NULL ? (int)strtol(text, NULL, 10) : DEALS;
}

static int32_t some_day(struct stage *s)
{
	const struct deal *d = &s->deal;
	return d->terms[0]->from_day +
	       (int32_t)ts_rng_range(&s->rng, 1, d->last_day - d->terms[0]->from_day - 1);
}

/* Signed at first, or whenever: the same lines, months and documents' sums. */
static void test_as_if_signed_from_the_start(void **state)
{
	struct stage s;
	stage_open(&s, *(uint64_t *)*state);
	for (int c = 0; c < deals(); c++) {
		deal_make(&s.deal, s.keep, &s.rng, DEAL_OTHER);
		uint64_t one = ts_rng_next(&s.rng), two = ts_rng_next(&s.rng);
		struct history *first = told(&s.deal, s.region, one, false, 0, NO_FAULT);
		if (!agrees(&s.deal, first, s.keep, NO_FAULT))
			fail_msg("deal %d: not what the raw cells give", c);
		struct history *back = told(&s.deal, s.region, two, true, some_day(&s), NO_FAULT);
		if (!agrees(&s.deal, back, s.keep, NO_FAULT))
			fail_msg("deal %d: back in time, not what the raw cells give", c);
		struct history *known = told(&s.deal, s.region, two, true, 0, NO_FAULT);
		if (!same(known, back, LINES))
			fail_msg("deal %d: when the amendment was signed matters", c);
		if (s.deal.late_days == LATE_NEVER && !same(first, back, LINES))
			fail_msg("deal %d: order, ticks or cuts matter", c);
		end(first);
		end(back);
		end(known);
	}
	stage_close(&s);
}

static void test_no_change_changes_nothing(void **state)
{
	struct stage s;
	stage_open(&s, *(uint64_t *)*state + 1);
	for (int c = 0; c < deals(); c++) {
		deal_make(&s.deal, s.keep, &s.rng, DEAL_SAME);
		uint64_t one = ts_rng_next(&s.rng);
		struct history *never = told(&s.deal, s.region, one, true, -1, NO_FAULT);
		struct history *amended = told(
			&s.deal, s.region, one, true, some_day(&s), NO_FAULT);
		if (!same(never, amended, IDS))
			fail_msg("deal %d: an amendment of equal content changes a sum", c);
		end(never);
		end(amended);
	}
	stage_close(&s);
}

/* A notice ends the term as if it had been agreed to end then. */
static void test_notice_ends_the_term(void **state)
{
	struct stage s;
	stage_open(&s, *(uint64_t *)*state + 2);
	for (int c = 0; c < deals(); c++) {
		deal_make(&s.deal, s.keep, &s.rng, DEAL_NOTICE);
		uint64_t one = ts_rng_next(&s.rng);
		struct history *given = told(
			&s.deal, s.region, one, true, s.deal.notice_day, NO_FAULT);
		struct deal *agreed = &s.deal;
		agreed->terms[0] = agreed->ended;
		struct history *known = told(agreed, s.region, one, true, -1, NO_FAULT);
		if (!same(given, known, IDS))
			fail_msg("deal %d: the notice's end is not that of a term", c);
		end(given);
		end(known);
	}
	stage_close(&s);
}

static bool notices(struct stage *s, enum fault fault, bool *planted)
{
	uint64_t one = ts_rng_next(&s->rng);
	bool in_ledger = fault == FAULT_CELL_KEPT || fault == FAULT_CELL_TWICE;
	struct history *h = told(
		&s->deal, s->region, one, true, some_day(s), in_ledger ? fault : NO_FAULT);
	*planted = !in_ledger || h->faulted;
	bool noticed = h->refused || !agrees(&s->deal, h, s->keep, in_ledger ? NO_FAULT : fault);
	end(h);
	return noticed;
}

static void test_faults_are_noticed(void **state)
{
	static const char *const names[] = {[FAULT_CELL_KEPT] = "a cell is not matched anew",
		[FAULT_CELL_TWICE] = "a cell is taken for two",
		[FAULT_FEE_DAY] = "a day goes to the other version",
		[FAULT_COUNTERS] = "counters restart or go on",
		[FAULT_MINIMUM] = "a minimum per version"};
	struct stage s;
	stage_open(&s, *(uint64_t *)*state + 3);
	for (int fault = FAULT_CELL_KEPT; fault <= FAULT_MINIMUM; fault++) {
		int planted = 0, noticed = 0;
		for (int c = 0; c < 80; c++) {
			bool occasion = false;
			deal_make(&s.deal, s.keep, &s.rng, DEAL_OTHER);
			bool seen = notices(&s, (enum fault)fault, &occasion);
			planted += occasion ? 1 : 0;
			noticed += occasion && seen ? 1 : 0;
			assert_false(!occasion && seen);
		}
		print_message("%s: noticed in %d of %d\n", names[fault], noticed, planted);
		assert_true(planted >= 10 && noticed * 5 >= planted);
	}
	stage_close(&s);
}

int main(void)
{
	uint64_t seed = ts_seed(20260801);
	uint64_t *at = &seed;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_as_if_signed_from_the_start, at),
		cmocka_unit_test_prestate(test_no_change_changes_nothing, at),
		cmocka_unit_test_prestate(test_notice_ends_the_term, at),
		cmocka_unit_test_prestate(test_faults_are_noticed, at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
