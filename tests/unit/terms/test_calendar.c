/* SPDX-License-Identifier: Apache-2.0 */
/* Named edges of billing periods; the property test beside covers every term. */
#include "support/test.h"
#include "terms/calendar.h"

static const struct ts_zone_offset berlin_offsets[] = {
	{INT64_MIN, 60}, {INT64_C(1774746000) * TS_US_PER_S, 120}, /* 2026-03-29T01:00:00Z */
	{INT64_C(1792890000) * TS_US_PER_S, 60}, /* 2026-10-25T01:00:00Z */
};
static const struct ts_zone berlin = {"Europe/Berlin", berlin_offsets, 3};
static const struct ts_zone_offset utc_offsets[] = {{INT64_MIN, 0}};
static const struct ts_zone utc = {"UTC", utc_offsets, 1};

static int32_t day(const char *text)
{
	int32_t v = 0;
	assert_ok(ts_date_parse(ts_str(text), &v));
	return v;
}

static struct ts_terms make(
	const struct ts_zone *zone, const char *from, const char *to, int64_t anchor)
{
	struct ts_terms terms = {.zone = *zone, .anchor_day = anchor};
	terms.from_day = day(from);
	terms.to_day = to ? day(to) : INT32_MAX;
	terms.from_us = ts_zone_day_start(zone, terms.from_day);
	terms.to_us = to ? ts_zone_day_start(zone, terms.to_day) : INT64_MAX;
	return terms;
}

static void check(const struct ts_terms *terms, int32_t index, const char *from, const char *end,
	const char *name)
{
	struct ts_period p;
	char text[TS_TIME_CHARS];
	assert_ok(ts_period_get(terms, index, &p));
	assert_string_equal(ts_date_format(p.first_day, text), from);
	assert_string_equal(ts_date_format(p.end_day, text), end);
	assert_string_equal(ts_period_name(&p, text), name);
}

static void test_months(void **state)
{
	(void)state;
	struct ts_terms t = make(&utc, "2026-05-01", "2026-08-01", 1);
	check(&t, 0, "2026-05-01", "2026-06-01", "2026-05");
	check(&t, 2, "2026-07-01", "2026-08-01", "2026-07");
	struct ts_period p;
	assert_err(ts_period_get(&t, 3, &p), TS_E_NOT_FOUND);
	assert_err(ts_period_get(&t, -1, &p), TS_E_NOT_FOUND);
	assert_err(ts_period_at(&t, t.from_us - 1, &p), TS_E_NOT_FOUND);
	assert_err(ts_period_at(&t, t.to_us, &p), TS_E_NOT_FOUND);
}

static void test_partial_ends(void **state)
{
	(void)state;
	struct ts_terms t = make(&utc, "2026-05-20", "2026-07-10", 15);
	check(&t, 0, "2026-05-20", "2026-06-15", "2026-05-20..2026-06-15");
	check(&t, 1, "2026-06-15", "2026-07-10", "2026-06-15..2026-07-10");
	struct ts_period p;
	assert_ok(ts_period_get(&t, 0, &p));
	assert_int_equal(p.full_first_day, day("2026-05-15"));
	assert_int_equal(p.full_end_day, day("2026-06-15"));
	/* The term begins before its month's anchor day. */
	t = make(&utc, "2026-05-03", NULL, 15);
	check(&t, 0, "2026-05-03", "2026-05-15", "2026-05-03..2026-05-15");
	check(&t, 1, "2026-05-15", "2026-06-15", "2026-05-15..2026-06-15");
}

static void test_zone_edges(void **state)
{
	(void)state;
	struct ts_terms t = make(&berlin, "2026-03-01", NULL, 1);
	struct ts_period p;
	char text[TS_TIME_CHARS];
	assert_ok(ts_period_get(&t, 0, &p));
	assert_string_equal(ts_time_format(p.from_us, text), "2026-02-28T23:00:00Z");
	assert_string_equal(ts_time_format(p.to_us, text), "2026-03-31T22:00:00Z");
	assert_int_equal((p.to_us - p.from_us) / TS_US_PER_HOUR, 743);
	assert_ok(ts_period_get(&t, 7, &p));
	assert_int_equal((p.to_us - p.from_us) / TS_US_PER_HOUR, 745);
	assert_ok(ts_period_at(&t, p.to_us - 1, &p));
	assert_int_equal(p.index, 7);
	assert_ok(ts_period_at(&t, p.to_us, &p));
	assert_int_equal(p.index, 8);
}

static void test_end_of_time(void **state)
{
	(void)state;
	struct ts_terms t = make(&utc, "2026-01-01", NULL, 1);
	struct ts_period p;
	assert_err(ts_period_get(&t, INT32_MAX, &p), TS_E_NOT_FOUND);
	assert_err(ts_period_at(&t, INT64_MAX - 1, &p), TS_E_NOT_FOUND);
	check(&t, (9999 - 2026) * 12 + 10, "9999-11-01", "9999-12-01", "9999-11");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_months),
		cmocka_unit_test(test_partial_ends),
		cmocka_unit_test(test_zone_edges),
		cmocka_unit_test(test_end_of_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
