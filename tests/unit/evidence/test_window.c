/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include "evidence/window.h"

#define HOUR INT64_C(3600000)

static struct ts_region *region;
static struct ts_windows windows;

static int setup(void **state)
{
	(void)state;
	region = ts_region_create(1 << 20);
	if (region == NULL)
		return -1;
	ts_windows_init(&windows, region, 1000, HOUR);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_region_free(region);
	return 0;
}

static void add(int64_t index, int64_t start_ms, const char *sku, int64_t quantity)
{
	struct ts_usage usage = {.start_ms = start_ms,
		.end_ms = start_ms + 1,
		.sku = ts_str(sku),
		.quantity = quantity};
	assert_ok(ts_windows_add(&windows, index, &usage));
}

static enum ts_err close_at(
	int64_t index, int64_t number, const char *sku, int64_t first, int64_t count, int64_t sum)
{
	const char *reason = NULL;
	struct ts_close c = {.start_ms = 1000 + number * HOUR,
		.end_ms = 1000 + (number + 1) * HOUR,
		.sku = ts_str(sku),
		.first = first,
		.count = count,
		.quantity_sum = sum};
	enum ts_err err = ts_windows_close(&windows, index, &c, &reason);
	assert_true(err == TS_OK || reason != NULL);
	return err;
}

static void test_close(void **state)
{
	(void)state;
	assert_int_equal(ts_window_start(&windows, 1000), 1000);
	assert_int_equal(ts_window_start(&windows, 999), 1000 - HOUR);
	assert_int_equal(ts_window_start(&windows, 1000 + HOUR - 1), 1000);
	add(1, 1000, "a", 5);
	add(2, 1000 + HOUR - 1, "a", 7);
	add(3, 1000 + HOUR, "a", 11);
	add(4, 2000, "b", 13);
	assert_err(close_at(5, 0, "a", 1, 2, 11), TS_E_INVALID);
	assert_err(close_at(5, 0, "a", 1, 3, 12), TS_E_INVALID);
	assert_err(close_at(5, 0, "a", 2, 1, 7), TS_E_INVALID);
	assert_err(close_at(5, 0, "a", 6, 2, 12), TS_E_INVALID);
	assert_err(close_at(5, 0, "-", 1, 0, 0), TS_E_INVALID);
	assert_ok(close_at(5, 0, "a", 1, 2, 12));
	assert_ok(close_at(6, 0, "b", 0, 1, 13));
	/* Nothing is left to count in window 0. */
	assert_err(close_at(7, 0, "a", 1, 2, 12), TS_E_INVALID);
	assert_ok(close_at(7, 0, "a", 7, 0, 0));
	assert_ok(close_at(8, 0, "-", 8, 0, 0));
}

static void test_late_line(void **state)
{
	(void)state;
	add(1, 1000, "a", 5);
	assert_ok(close_at(2, 0, "a", 1, 1, 5));
	add(3, 1500, "a", 8);
	/* The supplementary c1 counts the late line only, from behind the first one. */
	assert_err(close_at(4, 0, "a", 1, 2, 13), TS_E_INVALID);
	assert_err(close_at(4, 0, "a", 2, 1, 8), TS_E_INVALID);
	assert_ok(close_at(4, 0, "a", 3, 1, 8));
}

static void test_no_window(void **state)
{
	(void)state;
	const char *reason = NULL;
	struct ts_close off = {.start_ms = 0, .end_ms = HOUR, .sku = TS_STR("a")};
	struct ts_close twice = {.start_ms = 1000, .end_ms = 1000 + 2 * HOUR, .sku = TS_STR("a")};
	assert_err(ts_windows_close(&windows, 1, &off, &reason), TS_E_INVALID);
	assert_err(ts_windows_close(&windows, 1, &twice, &reason), TS_E_INVALID);
}

/* What was kept in a database goes on where it stood. */
static void test_restore_and_forget(void **state)
{
	(void)state;
	struct ts_windows again;
	add(1, 1000, "a", 5);
	add(2, 1000 + HOUR, "a", 6);
	assert_ok(close_at(3, 0, "a", 1, 1, 5));
	ts_windows_init(&again, region, 1000, HOUR);
	for (size_t i = windows.n; i > 0; i--)
		assert_ok(ts_windows_restore(&again, &windows.list[i - 1]));
	assert_err(ts_windows_restore(&again, &windows.list[0]), TS_E_CONFLICT);
	windows = again;
	assert_err(close_at(4, 0, "a", 1, 0, 0), TS_E_INVALID);
	ts_windows_forget(&windows, 1000 + 2 * HOUR);
	assert_int_equal(windows.n, 1); /* window 1 waits for its c1 */
	assert_ok(close_at(4, 1, "a", 2, 1, 6));
	ts_windows_forget(&windows, 1000 + 2 * HOUR);
	assert_int_equal(windows.n, 0);
}

/* Only what waits counts against the cap: closed windows no longer void good lines. */
static void closed_windows_do_not_fill_the_cap(void **state)
{
	(void)state;
	struct ts_region *large = ts_region_create(64 << 20);
	assert_non_null(large);
	ts_windows_init(&windows, large, 1000, HOUR);
	struct ts_usage usage = {.sku = TS_STR("a"), .quantity = 1};
	for (int64_t i = 0; i < TS_WINDOW_OPEN_MAX + 5; i++) {
		add(2 * i + 1, 1000 + i * HOUR, "a", 1);
		assert_ok(close_at(2 * i + 2, i, "a", 2 * i + 1, 1, 1));
	}
	assert_int_equal(windows.open, 0);
	assert_int_equal(windows.n, TS_WINDOW_OPEN_MAX + 5);
	for (int64_t i = 0; i < TS_WINDOW_OPEN_MAX; i++)
		add(200000 + i, 1000 + i * HOUR, "a", 1);
	usage.start_ms = 1000 + TS_WINDOW_OPEN_MAX * HOUR;
	usage.end_ms = usage.start_ms + 1;
	assert_err(ts_windows_add(&windows, 400000, &usage), TS_E_LIMIT);
	add(400000, 1000, "a", 1); /* one that is open already still counts */
	assert_ok(close_at(400001, 0, "a", 200000, 2, 2));
	assert_ok(ts_windows_add(&windows, 400002, &usage));
	ts_windows_forget(&windows, 0);
	assert_int_equal(windows.n, TS_WINDOW_OPEN_MAX + 5); /* below both caps: all are kept */
	ts_windows_forget(&windows, INT64_MAX);
	assert_int_equal(windows.n, TS_WINDOW_OPEN_MAX);
	ts_region_free(large);
}

static void heartbeats_are_bounded(void **state)
{
	(void)state;
	struct ts_region *large = ts_region_create(64 << 20);
	const char *reason = NULL;
	assert_non_null(large);
	ts_windows_init(&windows, large, 1000, HOUR);
	for (int64_t i = 0; i < TS_WINDOW_CLOSED_MAX; i++)
		assert_ok(close_at(i + 1, i, "-", 0, 0, 0));
	struct ts_close c = {.start_ms = 1000 + TS_WINDOW_CLOSED_MAX * HOUR, .sku = TS_STR("-")};
	c.end_ms = c.start_ms + HOUR;
	assert_err(ts_windows_close(&windows, 70000, &c, &reason), TS_E_LIMIT);
	assert_non_null(reason);
	ts_region_free(large);
}

static void test_many(void **state)
{
	(void)state;
	/* Out of order, several SKUs: the list stays sorted, each window counts its own. */
	for (int64_t i = 0; i < 300; i++)
		add(1 + i, 1000 + (i * 7 % 60) * HOUR, i % 3 == 0 ? "x" : "y", i);
	for (size_t i = 1; i < windows.n; i++)
		assert_true(windows.list[i - 1].start_ms <= windows.list[i].start_ms);
	int64_t sum = 0;
	int64_t count = 0;
	for (size_t i = 0; i < windows.n; i++) {
		sum += windows.list[i].quantity_sum;
		count += windows.list[i].count;
	}
	assert_int_equal(count, 300);
	assert_int_equal(sum, 299 * 300 / 2);
	struct ts_usage most = {
		.start_ms = 1000, .end_ms = 1001, .sku = TS_STR("z"), .quantity = INT64_MAX};
	assert_ok(ts_windows_add(&windows, 301, &most));
	assert_err(ts_windows_add(&windows, 302, &most), TS_E_OVERFLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_window, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restore_and_forget, setup, teardown),
		cmocka_unit_test_setup_teardown(
			closed_windows_do_not_fill_the_cap, setup, teardown),
		cmocka_unit_test_setup_teardown(heartbeats_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
