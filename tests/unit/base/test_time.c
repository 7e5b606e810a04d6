/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "base/time.h"
#include <string.h>

static void days_follow_each_other(void **state)
{
	(void)state;
	/* Against plain counting, every day of the range that is printed. */
	int32_t day = 0;
	for (int32_t year = 1970; year < 10000; year++) {
		for (int32_t month = 1; month <= 12; month++) {
			int32_t number = year * 12 + month - 1;
			if (ts_month_first_day(number) != day)
				fail_msg("month %d-%d starts at %d", year, month, day);
			for (int32_t d = 1; d <= ts_days_in_month(year, month); d++, day++) {
				struct ts_date date = ts_date_of_day(day);
				if (date.year != year || date.month != month || date.day != d ||
					ts_day_of_date(date) != day ||
					ts_month_of_day(day) != number)
					fail_msg("day %d is not %d-%d-%d", day, year, month, d);
			}
		}
	}
	assert_true(day == TS_TIME_MAX / TS_US_PER_DAY);
	for (int32_t d = -800000; d < 0; d++) {
		if (ts_day_of_date(ts_date_of_day(d)) != d)
			fail_msg("day %d", d);
	}
	assert_int_equal(ts_days_in_month(2000, 2), 29);
	assert_int_equal(ts_days_in_month(2100, 2), 28);
	assert_int_equal(ts_days_in_month(2024, 2), 29);
}

static void instants_round_trip(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t us;
	} cases[] = {{"1970-01-01T00:00:00Z", 0}, {"1970-01-01T00:00:00.000001Z", 1},
		{"1970-01-01T00:00:00.001Z", 1000},
		{"2001-09-09T01:46:40Z", INT64_C(1000000000000000)},
		{"2024-02-29T23:59:59.999Z", INT64_C(1709251199999000)},
		{"9999-12-31T23:59:59.999999Z", TS_TIME_MAX - 1}};
	char out[TS_TIME_CHARS];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t us = -1;
		assert_ok(ts_time_parse(ts_str(cases[i].text), &us));
		assert_true(us == cases[i].us);
		assert_string_equal(ts_time_format(us, out), cases[i].text);
	}
	int64_t us = -1;
	assert_ok(ts_time_parse(TS_STR("1970-01-02T00:00:00.000Z"), &us));
	assert_true(us == TS_US_PER_DAY);
	assert_string_equal(ts_time_format(-1, out), "(out of range)");
	assert_string_equal(ts_time_format(TS_TIME_MAX, out), "(out of range)");
}

static void instants_refused(void **state)
{
	(void)state;
	int64_t us = 42;
	static const char *const malformed[] = {"", "2024-01-01", "2024-01-01T00:00:00",
		"2024-01-01T00:00:00z", "2024-01-01t00:00:00Z", "2024-01-01 00:00:00Z",
		"2024-01-01T00:00:00+00:00", "2024-01-01T00:00Z", "2024-01-01T00:00:00.Z",
		"2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00.1234Z", "2024-01-01T00:00:00,123Z",
		"2024-01-01T00:00:00.1234567Z", "2024-01-01T00:00:00.12 Z", "2024-1-01T00:00:00Z",
		"2024-01-01T00:00:00ZZ", "-024-01-01T00:00:00Z", "20240101T000000Z"};
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		assert_err(ts_time_parse(ts_str(malformed[i]), &us), TS_E_MALFORMED);
	static const char *const range[] = {"2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
		"2016-12-31T23:59:60Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
		"2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z", "1969-12-31T23:59:59Z"};
	for (size_t i = 0; i < sizeof range / sizeof range[0]; i++)
		assert_err(ts_time_parse(ts_str(range[i]), &us), TS_E_RANGE);
	assert_true(us == 42);
}

static void dates_and_months(void **state)
{
	(void)state;
	char out[TS_TIME_CHARS];
	int32_t day = -1;
	assert_ok(ts_date_parse(TS_STR("2025-12-01"), &day));
	assert_int_equal(day, 20423);
	assert_string_equal(ts_date_format(day, out), "2025-12-01");
	assert_string_equal(ts_month_format(ts_month_of_day(day), out), "2025-12");
	assert_string_equal(ts_date_format(-1, out), "(out of range)");
	assert_string_equal(ts_month_format(0, out), "(out of range)");
	assert_err(ts_date_parse(TS_STR("2025-12-01T"), &day), TS_E_MALFORMED);
	assert_err(ts_date_parse(TS_STR("2025-12-1"), &day), TS_E_MALFORMED);
	assert_err(ts_date_parse(TS_STR("2025-06-31"), &day), TS_E_RANGE);
	assert_int_equal(day, 20423);
}

/* The property that settlement needs: t in [start d, start d+1) exactly when day(t) = d. */
static void check_partition(const struct ts_zone *zone, int32_t first, int32_t last)
{
	for (int32_t d = first; d <= last; d++) {
		int64_t start = ts_zone_day_start(zone, d);
		int64_t next = ts_zone_day_start(zone, d + 1);
		assert_true(start <= next);
		assert_true(ts_zone_day(zone, start - 1) < d);
		assert_true(ts_zone_day(zone, start) >= d);
		for (int64_t t = start; t < next; t += TS_US_PER_QUARTER)
			assert_int_equal(ts_zone_day(zone, t), d);
		if (start < next)
			assert_int_equal(ts_zone_day(zone, next - 1), d);
	}
}

static int64_t at(const char *text)
{
	int64_t us = 0;
	assert_ok(ts_time_parse(ts_str(text), &us));
	return us;
}

static void zones_cut_days(void **state)
{
	(void)state;
	const struct ts_zone_offset utc[] = {{INT64_MIN, 0}};
	const struct ts_zone plain = {"UTC", utc, 1};
	check_partition(&plain, 20000, 20010);
	assert_int_equal(ts_zone_day(&plain, -1), -1);
	assert_int_equal(ts_zone_day(&plain, INT64_MAX), 106751991);
	assert_int_equal(ts_zone_day(&plain, INT64_MIN), -106751992);
	assert_true(ts_zone_day_start(&plain, INT32_MAX) == INT64_MAX);
	assert_true(ts_zone_day_start(&plain, INT32_MIN) == INT64_MIN);

	/* New York 2025: 23 and 25 hours. */
	const struct ts_zone_offset ny[] = {{INT64_MIN, -300}, {at("2025-03-09T07:00:00Z"), -240},
		{at("2025-11-02T06:00:00Z"), -300}};
	const struct ts_zone new_york = {"America/New_York", ny, 3};
	int32_t spring = 0, autumn = 0;
	assert_ok(ts_date_parse(TS_STR("2025-03-09"), &spring));
	assert_ok(ts_date_parse(TS_STR("2025-11-02"), &autumn));
	check_partition(&new_york, spring - 3, spring + 3);
	check_partition(&new_york, autumn - 3, autumn + 3);
	assert_true(ts_zone_day_start(&new_york, spring) == at("2025-03-09T05:00:00Z"));
	assert_true(ts_zone_day_start(&new_york, spring + 1) == at("2025-03-10T04:00:00Z"));
	assert_true(
		ts_zone_day_start(&new_york, autumn + 1) - ts_zone_day_start(&new_york, autumn) ==
		25 * TS_US_PER_HOUR);
}

static void zones_that_skip_and_repeat(void **state)
{
	(void)state;
	/* Samoa left out 2011-12-30. */
	const struct ts_zone_offset samoa[] = {
		{INT64_MIN, -600}, {at("2011-12-30T10:00:00Z"), 840}};
	const struct ts_zone apia = {"Pacific/Apia", samoa, 2};
	int32_t day = 0;
	assert_ok(ts_date_parse(TS_STR("2011-12-30"), &day));
	check_partition(&apia, day - 3, day + 3);
	assert_true(ts_zone_day_start(&apia, day) == ts_zone_day_start(&apia, day + 1));
	/* A clock set back from 00:15 to 23:15 shows a day's end twice. */
	const struct ts_zone_offset back[] = {
		{INT64_MIN, -180}, {at("2025-11-02T03:15:00Z"), -240}};
	const struct ts_zone repeat = {"Test/Repeat", back, 2};
	assert_ok(ts_date_parse(TS_STR("2025-11-02"), &day));
	check_partition(&repeat, day - 3, day + 3);
	assert_true(ts_zone_day_start(&repeat, day) == at("2025-11-02T03:00:00Z"));
	assert_int_equal(ts_zone_day(&repeat, at("2025-11-02T03:30:00Z")), day);
	/* Set back exactly at midnight: the day begins when midnight is reached for good. */
	const struct ts_zone_offset midnight[] = {
		{INT64_MIN, -180}, {at("2025-11-02T03:00:00Z"), -240}};
	const struct ts_zone at_midnight = {"Test/Midnight", midnight, 2};
	check_partition(&at_midnight, day - 3, day + 3);
	assert_true(ts_zone_day_start(&at_midnight, day) == at("2025-11-02T04:00:00Z"));
	/* Two steps within a day. */
	const struct ts_zone_offset steps[] = {{INT64_MIN, 60}, {at("2025-11-02T03:00:00Z"), 345},
		{at("2025-11-02T09:00:00Z"), -720}};
	const struct ts_zone stepped = {"Test/Steps", steps, 3};
	check_partition(&stepped, day - 3, day + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_follow_each_other),
		cmocka_unit_test(instants_round_trip),
		cmocka_unit_test(instants_refused),
		cmocka_unit_test(dates_and_months),
		cmocka_unit_test(zones_cut_days),
		cmocka_unit_test(zones_that_skip_and_repeat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
