/* SPDX-License-Identifier: Apache-2.0 */
/* Random contracts that are amended or ended, with and without periods that depend on those before:
 * whoever goes on from the text of the state at a cut posts, byte for byte, what one posts who has
 * seen everything, also when the amendment comes behind the state and reaches over usage from
 * before it. A state that lacks one cell is noticed. TS_HISTORIES=<n>, TS_SEED=<n> as in
 * test_histories.c.
 */
#include "told.h"

#define DEALS 30

static int deals(void)
{
	const char *text = getenv("TS_HISTORIES");
	return text != NULL ? (int)strtol(text, NULL, 10) : DEALS;
}

static struct history *told_from_states(
	const struct history *like, struct stage *s, enum fault fault)
{
	struct history *h = calloc(1, sizeof *h);
	assert_non_null(h);
	h->order = like->order;
	h->cuts = like->cuts;
	h->signed_on = like->signed_on;
	h->fault = fault;
	h->restates = true;
	return tell(h, &s->deal, s->region);
}

static bool same_journal(const struct history *a, const struct history *b)
{
	return a->d.journal.len == b->d.journal.len &&
	       memcmp(a->d.journal.data, b->d.journal.data, a->d.journal.len) == 0;
}

/* Most are signed so that a state lies between usage and the amendment that is over it. */
static int32_t signed_on(struct stage *s, enum deal_kind kind)
{
	const struct deal *d = &s->deal;
	int32_t last = d->last_day - 1, first = d->terms[0]->from_day + 1;
	if (kind == DEAL_NOTICE)
		return d->notice_day;
	if (ts_rng_below(&s->rng, 3) > 0)
		first = d->from_day + (int32_t)ts_rng_range(&s->rng, -3, 12);
	if (first <= d->terms[0]->from_day)
		first = d->terms[0]->from_day + 1;
	return first < last ? first + (int32_t)ts_rng_range(&s->rng, 0, last - first) : last;
}

static void test_a_state_is_enough(void **state)
{
	struct stage s;
	int states = 0, before = 0;
	stage_open(&s, *(uint64_t *)*state);
	for (int c = 0; c < deals() * 4; c++) {
		enum deal_kind kind = (enum deal_kind)(c % 4);
		deal_make(&s.deal, s.keep, &s.rng, kind);
		struct history *whole = told(&s.deal, s.region, ts_rng_next(&s.rng), true,
			signed_on(&s, kind), NO_FAULT);
		struct history *parts = told_from_states(whole, &s, NO_FAULT);
		if (!same_journal(whole, parts))
			fail_msg("deal %d, kind %d: other entries behind a state", c, (int)kind);
		states += parts->restated;
		before += parts->base_used;
		end(whole);
		end(parts);
	}
	print_message("%d states, %d amendments over their cells\n", states, before);
	assert_true(states > deals() && before > deals() / 10);
	stage_close(&s);
}

static void test_a_cell_too_few_is_noticed(void **state)
{
	struct stage s;
	int planted = 0, noticed = 0;
	stage_open(&s, *(uint64_t *)*state + 1);
	for (int c = 0; c < deals() * 4; c++) {
		deal_make(&s.deal, s.keep, &s.rng, DEAL_OTHER);
		struct history *whole = told(&s.deal, s.region, ts_rng_next(&s.rng), true,
			signed_on(&s, DEAL_OTHER), NO_FAULT);
		struct history *parts = told_from_states(whole, &s, FAULT_STATE_CELL);
		planted += parts->faulted ? 1 : 0;
		noticed += parts->faulted && (parts->refused || !same_journal(whole, parts)) ? 1
											     : 0;
		if (!parts->faulted)
			assert_true(same_journal(whole, parts));
		end(whole);
		end(parts);
	}
	print_message("noticed in %d of %d\n", noticed, planted);
	assert_true(planted >= deals() / 12 && noticed * 5 >= planted);
	stage_close(&s);
}

int main(void)
{
	uint64_t seed = ts_seed(20261125);
	uint64_t *at = &seed;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_a_state_is_enough, at),
		cmocka_unit_test_prestate(test_a_cell_too_few_is_noticed, at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
