/* SPDX-License-Identifier: Apache-2.0 */
/* Slices against an oracle that computes every boundary from the definition, and proof that the
 * oracle bites: a slicing with a planted fault is caught. */
#include "base/num.h"
#include "importers/xoshiro.h"
#include "importers/frame/slice.h"
#include "support/test.h"

#define HOUR_MS INT64_C(3600000)
#define CASES 20000

struct sums {
	ts_i128 quantity;
	int64_t slices;
	bool good; /* each property, as far as it was looked */
};

/* What the share of [start, end) is by definition, in 128 bits. */
static int64_t share(const struct ts_usage *whole, int64_t from_ms, int64_t to_ms)
{
	ts_i128 span = whole->end_ms - whole->start_ms;
	ts_i128 before = (ts_i128)whole->quantity * (from_ms - whole->start_ms) / span;
	ts_i128 after = (ts_i128)whole->quantity * (to_ms - whole->start_ms) / span;
	return (int64_t)(after - before);
}

/* fault 0: none; 1: every share by itself, rounded down; 2: the last millisecond is left out. */
static struct sums check(const struct ts_usage *whole, int64_t step_ms, int fault)
{
	struct sums sums = {.good = true};
	struct ts_slices slices;
	struct ts_usage slice;
	int64_t at = whole->start_ms;
	ts_slices_begin(&slices, whole, step_ms);
	while (ts_slices_next(&slices, &slice)) {
		int64_t length = slice.end_ms - slice.start_ms;
		if (fault == 1)
			slice.quantity = (int64_t)((ts_i128)whole->quantity * length /
						   (whole->end_ms - whole->start_ms));
		if (fault == 2 && slice.end_ms == whole->end_ms)
			slice.end_ms--;
		sums.good = sums.good && slice.start_ms == at && slice.end_ms > at &&
			    slice.end_ms <= whole->end_ms && length <= TS_RECORD_SPAN_MS_MAX &&
			    (!step_ms || at / step_ms == (slice.end_ms - 1) / step_ms) &&
			    slice.quantity == share(whole, slice.start_ms, slice.end_ms) &&
			    (ts_i128)slice.quantity <= (ts_i128)whole->devices_milli * length;
		at = slice.end_ms;
		sums.quantity += slice.quantity;
		sums.slices++;
	}
	sums.good = sums.good && at == whole->end_ms && sums.quantity == whole->quantity;
	return sums;
}

static struct ts_usage draw(struct ts_xoshiro *rng, int64_t *step_ms)
{
	struct ts_usage use = {.start_ms = (int64_t)ts_xoshiro_below(rng, 4000000000000)};
	int64_t span = 1 + (int64_t)ts_xoshiro_below(rng, 1) +
		       ts_xoshiro_exponential(
			       rng, ts_xoshiro_below(rng, 2) ? 400 * HOUR_MS : 3 * HOUR_MS);
	use.end_ms = use.start_ms + span;
	use.devices_milli = 1 + (int64_t)ts_xoshiro_below(rng, 2000000);
	use.quantity = use.devices_milli * span;
	if (ts_xoshiro_below(rng, 2)) /* some of it suspended */
		use.quantity = (int64_t)ts_xoshiro_below(rng, (uint64_t)use.quantity + 1);
	*step_ms = (int64_t)ts_xoshiro_below(rng, 4) * HOUR_MS *
		   (1 + (int64_t)ts_xoshiro_below(rng, 24));
	return use;
}

static void slices_sum_to_the_whole(void **state)
{
	(void)state;
	struct ts_xoshiro rng;
	ts_xoshiro_seed(&rng, 20260601);
	int caught[3] = {0};
	int64_t slices = 0;
	for (int i = 0; i < CASES; i++) {
		int64_t step_ms = 0;
		struct ts_usage whole = draw(&rng, &step_ms);
		for (int fault = 0; fault < 3; fault++)
			caught[fault] += !check(&whole, step_ms, fault).good;
		slices += check(&whole, step_ms, 0).slices;
	}
	assert_int_equal(caught[0], 0);
	assert_true(caught[1] > CASES / 10);
	assert_int_equal(caught[2], CASES);
	assert_true(slices > 2 * CASES);
}

/* A record of the largest quantity and the longest span does not overflow on the way. */
static void extremes(void **state)
{
	(void)state;
	struct ts_usage whole = {
		.start_ms = 0, .end_ms = INT64_C(253402300799999), .quantity = INT64_MAX};
	whole.devices_milli = INT64_MAX;
	assert_true(check(&whole, 0, 0).good);
	whole.end_ms = 1;
	assert_true(check(&whole, HOUR_MS, 0).good);
	whole.quantity = 0;
	assert_true(check(&whole, HOUR_MS, 0).good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_sum_to_the_whole),
		cmocka_unit_test(extremes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
