/* SPDX-License-Identifier: Apache-2.0 */
/* One stream of hour windows over a day, by hand: what ends an expectation, what is late. */
#include "vector.h"

#include "evidence/completeness.h"

#define HOUR INT64_C(3600000)
#define ORIGIN "d/00112233445566778899aabbccddeeff/c/a/g1"

static struct ts_region *region;
static struct ts_closings closings;
static struct ts_completeness_stream stream;

/* Hours 0 to 9 are closed, hour 3 by a heartbeat. */
static int setup(void **state)
{
	(void)state;
	region = ts_region_create(1 << 20);
	if (region == NULL)
		return -1;
	ts_closings_init(&closings, region, 24 * HOUR, HOUR);
	for (int64_t k = 0; k < 10; k++)
		if (ts_closings_add(&closings, (24 + k) * HOUR, k == 3 ? 0 : 5) != TS_OK)
			return -1;
	stream = (struct ts_completeness_stream){.origin = TS_STR(ORIGIN),
		.active_to_ms = TS_COMPLETENESS_NEVER,
		.successor_ms = TS_COMPLETENESS_NEVER,
		.revoked_ms = TS_COMPLETENESS_NEVER,
		.closings = &closings};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_region_free(region);
	return 0;
}

static void assert_counts(
	int64_t from, int64_t to, int64_t expected, int64_t closed, int64_t late, int64_t missing)
{
	struct ts_completeness got;
	ts_completeness_of(&stream, from, to, &got);
	assert_int_equal(got.expected, expected);
	assert_int_equal(got.closed, closed);
	assert_int_equal(got.late, late);
	assert_int_equal(got.missing, missing);
}

static void windows_that_end_in_the_period(void **state)
{
	(void)state;
	assert_counts(0, 48 * HOUR, 24, 10, 0, 14);
	assert_counts(24 * HOUR, 48 * HOUR, 24, 10, 0, 14);
	/* The window that ends where the period begins was the one before's. */
	assert_counts(25 * HOUR, 26 * HOUR, 1, 1, 0, 0);
	/* One that crosses the period's end is the next one's. */
	assert_counts(24 * HOUR, 25 * HOUR + HOUR / 2, 1, 1, 0, 0);
	assert_counts(25 * HOUR + HOUR / 2, 27 * HOUR, 2, 2, 0, 0);
	assert_counts(0, 24 * HOUR, 0, 0, 0, 0);
}

static void a_successor_ends_the_expectation(void **state)
{
	(void)state;
	stream.successor_ms = 34 * HOUR; /* end of the last c1 */
	assert_counts(0, 48 * HOUR, 10, 10, 0, 0);
}

static void a_revocation_ends_the_expectation(void **state)
{
	(void)state;
	stream.revoked_ms = 36 * HOUR + 1;
	assert_counts(0, 48 * HOUR, 12, 10, 0, 2);
	stream.revoked_ms = 36 * HOUR - 1;
	assert_counts(0, 48 * HOUR, 11, 10, 0, 1);
	assert_counts(36 * HOUR, 48 * HOUR, 0, 0, 0, 0);
}

static void late_lines_of_a_closed_window(void **state)
{
	const struct ts_window open[] = {
		{.start_ms = 22 * HOUR, .sku = TS_STR("a"), .count = 1}, /* before the interval */
		{.start_ms = 26 * HOUR, .sku = TS_STR("a"), .count = 0},
		{.start_ms = 27 * HOUR, .sku = TS_STR("a"), .count = 1},
		{.start_ms = 27 * HOUR, .sku = TS_STR("b"), .count = 1},
		{.start_ms = 40 * HOUR, .sku = TS_STR("a"), .count = 1}, /* has no c1 at all */
	};
	struct ts_completeness got;
	(void)state;
	stream.open = open;
	stream.open_n = sizeof open / sizeof open[0];
	assert_counts(0, 48 * HOUR, 24, 9, 1, 14);
	ts_completeness_of(&stream, 0, 48 * HOUR, &got);
	assert_int_equal(got.heartbeats, 0); /* the only one got lines */
	assert_int_equal(got.tail, 14);
}

static void the_list_is_canonical(void **state)
{
	const struct ts_window open[] = {{.start_ms = 25 * HOUR, .sku = TS_STR("a"), .count = 1}};
	static const char expected[] = ORIGIN "\t90000000\t93600000\n" ORIGIN
					      "\t122400000\t126000000\n";
	struct ts_hasher hasher = {0};
	struct ts_gap_list list;
	struct ts_hash hash, again;
	struct ts_buf text;
	(void)state;
	stream.open = open;
	stream.open_n = 1;
	assert_ok(ts_hasher_init(&hasher));
	ts_buf_init(&text, 1024);
	ts_gap_list_begin(&list, &hasher, &text, 0, 35 * HOUR);
	ts_gap_list_add(&list, &stream);
	ts_gap_list_end(&list, &hash);
	assert_string_equal(ts_buf_str(&text), expected);
	ts_sha256(expected, strlen(expected), &again);
	assert_true(ts_hash_eq(&hash, &again));
	assert_int_equal(list.total.late, 1);
	assert_int_equal(list.total.missing, 1);
	ts_gap_list_begin(&list, &hasher, NULL, 24 * HOUR, 25 * HOUR); /* nothing to list */
	ts_gap_list_add(&list, &stream);
	ts_gap_list_end(&list, &hash);
	assert_true(ts_hash_eq(&hash, &ts_hash_empty));
	ts_buf_free(&text);
	ts_hasher_free(&hasher);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(windows_that_end_in_the_period),
		TEST(a_successor_ends_the_expectation),
		TEST(a_revocation_ends_the_expectation),
		TEST(late_lines_of_a_closed_window),
		TEST(the_list_is_canonical),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
