/* SPDX-License-Identifier: Apache-2.0 */
/* Published billing cases of days, months and zones. */
#include "case_run.h"

static json_t *fee(const char *from, const char *to, const char *amount)
{
	return json_pack("[{s:s,s:[{s:s,s:s*,s:s}]}]", "id", "fee", "schedule", "from", from, "to",
		to, "amount", amount);
}

static const char *cents(int64_t v, char out[32])
{
	snprintf(out, 32, "%" PRId64 ".%02d", v / 100, (int)(v % 100));
	return out;
}

/* The amount for the first `days` of a month that has so many days. */
static int64_t prorated(
	const char *currency, const char *amount, int64_t days, int64_t days_in_period)
{
	static const char *const months[] = {"2023-02", "2024-02", "2024-04", "2024-03"}; /* 28.. */
	char from[16], to[16];
	assert_true(days_in_period >= 28 && days_in_period <= 31);
	const char *month = months[days_in_period - 28];
	snprintf(from, sizeof from, "%s-01", month);
	snprintf(to, sizeof to, "%s-%02d", month, (int)days + 1);
	json_t *terms = case_terms(currency, from, NULL, NULL, fee(from, to, amount), NULL);
	struct rated r = rate_case(terms, 0, NULL, true);
	int64_t minor = r.total_minor;
	ts_region_free(r.region);
	return minor;
}

/* Credit for the old amount, charge for the new one: each rounded, the net is their sum. */
static struct outcome proration_change(const json_t *in, const json_t *expected)
{
	int64_t days = int_of(in, "days_remaining"), of = int_of(in, "days_in_period");
	int64_t credit = -prorated("USD", text_of(in, "old_amount"), days, of);
	int64_t charge = prorated("USD", text_of(in, "new_amount"), days, of);
	assert_int_equal(credit, parse_cents(text_of(expected, "credit")));
	assert_int_equal(charge, parse_cents(text_of(expected, "charge")));
	assert_int_equal(credit + charge, parse_cents(text_of(expected, "net")));
	return run;
}

static struct outcome proration_cents(const json_t *in, const json_t *expected)
{
	char amount[32];
	int64_t minor = prorated("EUR", cents(int_of(in, "amount_cents"), amount),
		int_of(in, "days"), int_of(in, "days_in_period"));
	if (has(in, "tax_multiplier")) {
		struct ts_decimal factor = {0};
		int64_t tax = 0;
		assert_ok(ts_decimal_parse(ts_str(text_of(in, "tax_multiplier")), &factor));
		struct ts_decimal percent = {(factor.pico - TS_PICO) * 100};
		struct ts_terms terms = {.rounding = TS_ROUND_HALF_AWAY};
		assert_ok(ts_rate_tax(&terms, minor, percent, &tax));
		minor += tax;
	}
	assert_int_equal(minor, int_of(expected, "amount_cents"));
	return run;
}

static json_t *zone_of(const char *name)
{
	if (strcmp(name, "UTC") == 0)
		return json_pack("{s:s,s:[{s:i}]}", "name", name, "offsets", "offset_minutes", 0);
	if (strcmp(name, "America/New_York") == 0)
		return json_pack("{s:s,s:[{s:i},{s:s,s:i},{s:s,s:i},{s:s,s:i}]}", "name", name,
			"offsets", "offset_minutes", -300, "from", "2023-03-12T07:00:00Z",
			"offset_minutes", -240, "from", "2023-11-05T06:00:00Z", "offset_minutes",
			-300, "from", "2024-03-10T07:00:00Z", "offset_minutes", -240);
	return NULL;
}

static struct outcome proration_days(const json_t *in, const json_t *expected)
{
	char from[16], to[16];
	snprintf(from, sizeof from, "%.10s", text_of(in, "start"));
	snprintf(to, sizeof to, "%.10s", text_of(in, "end"));
	json_t *zone = zone_of(text_of(in, "timezone"));
	if (!zone)
		return not_covered("a zone whose offsets this test does not carry");
	json_t *json = case_terms("USD", from, to, NULL, NULL, NULL);
	json_object_set_new(json, "zone", zone);
	struct ts_region *region = ts_region_create(CASE_REGION_BYTES);
	const struct ts_terms *terms = terms_from(json, region);
	int64_t days = ts_zone_day(&terms->zone, terms->to_us) -
		       ts_zone_day(&terms->zone, terms->from_us);
	assert_int_equal(days, int_of(expected, "days"));
	ts_region_free(region);
	return run;
}

/* A period of several months that the term cuts: whole days over the days of the whole period. */
static struct outcome proration_quarter(const json_t *in, const json_t *expected)
{
	int32_t last = 0, from = 0, end = 0;
	char to[TS_TIME_CHARS], amount[32];
	assert_ok(ts_date_parse(ts_str(text_of(in, "to_inclusive")), &last));
	assert_ok(ts_date_parse(ts_str(text_of(in, "period_from")), &from));
	assert_ok(ts_date_parse(ts_str(text_of(in, "period_to_exclusive")), &end));
	ts_date_format(last + 1, to);
	int months = ts_month_of_day(end) - ts_month_of_day(from);
	json_t *terms = case_terms("EUR", text_of(in, "from"), to, NULL,
		fee(text_of(in, "from"), to, cents(int_of(in, "amount_cents"), amount)), NULL);
	json_object_set_new(terms, "calendar",
		json_pack("{s:i,s:i,s:i}", "anchor_day", ts_date_of_day(from).day, "month",
			ts_date_of_day(from).month, "months", months));
	struct rated r = rate_case(terms, 0, NULL, true);
	assert_int_equal(r.lines[0].quantity, int_of(expected, "days"));
	assert_int_equal(r.period.full_end_day - r.period.full_first_day,
		int_of(expected, "days_in_period"));
	assert_int_equal(r.total_minor, int_of(expected, "amount_cents"));
	ts_region_free(r.region);
	return run;
}

static struct outcome proration_span(const json_t *in, const json_t *expected)
{
	const char *to = text_of(in, "to_exclusive");
	if (has(in, "to_inclusive"))
		return proration_quarter(in, expected);
	if (!to || !has(in, "amount"))
		return not_covered("another shape of a span");
	json_t *terms = case_terms("USD", text_of(in, "period_from"),
		text_of(in, "period_to_exclusive"), NULL,
		fee(text_of(in, "from"), to, text_of(in, "amount")), NULL);
	struct rated r = rate_case(terms, 0, NULL, true);
	assert_int_equal(r.total_minor, parse_cents(text_of(expected, "amount")));
	ts_region_free(r.region);
	return run;
}

static struct outcome case_proration(const json_t *in, const json_t *expected)
{
	if (has(in, "days_remaining"))
		return proration_change(in, expected);
	if (has(in, "amount_cents") && has(in, "days"))
		return proration_cents(in, expected);
	if (has(in, "timezone"))
		return proration_days(in, expected);
	if (has(in, "period_from"))
		return proration_span(in, expected);
	if (has(expected, "factor")) { /* nine decimals: as minor units of a billion yen */
		char want[32];
		snprintf(want, sizeof want, "%s", text_of(expected, "factor"));
		int64_t factor = prorated(
			"JPY", "1000000000", int_of(in, "days"), int_of(in, "days_in_period"));
		assert_int_equal(factor, strtoll(strchr(want, '.') + 1, NULL, 10));
		return run;
	}
	return not_covered("another shape of proration");
}

/* "2023-03-01T04:00:00-05:00" to microseconds. */
static int64_t instant(const char *text)
{
	char local[24];
	int64_t us = 0;
	snprintf(local, sizeof local, "%.19sZ", text);
	assert_ok(ts_time_parse(ts_str(local), &us));
	if (text[19] == 'Z' || text[19] == '.')
		return us + (text[19] == '.' ? strtol(text + 20, NULL, 10) * TS_US_PER_MS : 0);
	assert_int_equal(strlen(text), 25);
	int64_t minutes = strtol(text + 20, NULL, 10) * 60 + strtol(text + 23, NULL, 10);
	int64_t offset = minutes * 60 * TS_US_PER_S;
	return us - (text[19] == '-' ? -offset : offset);
}

static struct outcome boundary_members(const json_t *in, const json_t *expected)
{
	json_t *zone = zone_of(text_of(in, "timezone"));
	if (!zone)
		return not_covered("a zone whose offsets this test does not carry");
	char from[24];
	snprintf(from, sizeof from, "%s-01",
		json_string_value(json_array_get(json_object_get(in, "periods"), 0)));
	json_t *json = case_terms("USD", from, NULL, NULL, NULL, NULL);
	json_object_set_new(json, "zone", zone);
	struct ts_region *region = ts_region_create(CASE_REGION_BYTES);
	const struct ts_terms *terms = terms_from(json, region);
	int64_t counts[12] = {0};
	size_t i;
	json_t *record;
	json_array_foreach(json_object_get(in, "records"), i, record)
	{
		struct ts_period p;
		assert_ok(ts_period_at(terms, instant(json_string_value(record)), &p));
		assert_true(p.index < 12);
		counts[p.index]++;
	}
	json_t *want;
	json_array_foreach(json_object_get(expected, "counts"), i, want)
		assert_int_equal(counts[i], json_integer_value(want));
	ts_region_free(region);
	return run;
}

/* Events inside or outside one period, or in it or the next. */
static struct outcome boundary_events(const json_t *in, const json_t *expected)
{
	bool target = has(expected, "target");
	char from[16], to[16];
	snprintf(from, sizeof from, "%.10s", text_of(in, "period_from"));
	snprintf(to, sizeof to, "%.10s", text_of(in, "period_to_exclusive"));
	struct ts_region *region = ts_region_create(CASE_REGION_BYTES);
	const struct ts_terms *terms = terms_from(
		case_terms("USD", from, target ? NULL : to, NULL, NULL, NULL), region);
	size_t i;
	json_t *event;
	json_array_foreach(json_object_get(in, "events"), i, event)
	{
		struct ts_period p = {.index = -1};
		int64_t us = json_is_string(event) ? instant(json_string_value(event))
						   : json_integer_value(event) * TS_US_PER_S;
		enum ts_err err = ts_period_at(terms, us, &p);
		const json_t *want = json_array_get(
			json_object_get(expected, target ? "target" : "included"), i);
		if (target)
			assert_int_equal(
				p.index, strcmp(json_string_value(want), "draft") == 0 ? 0 : 1);
		else
			assert_int_equal(err == TS_OK, json_is_true(want));
	}
	ts_region_free(region);
	return run;
}

static struct outcome case_boundary(const json_t *in, const json_t *expected)
{
	if (has(in, "records") && has(in, "periods") && has(in, "timezone"))
		return boundary_members(in, expected);
	if (has(in, "events") && has(in, "period_from") &&
		(has(expected, "target") || has(expected, "included")))
		return boundary_events(in, expected);
	return not_covered("another shape of boundary");
}

static const struct group groups[] = {
	{"proration", case_proration},
	{"period-boundary", case_boundary},
};

static void test_cases(void **state)
{
	run_groups(*state, groups, sizeof groups / sizeof groups[0], 15);
}

int main(void)
{
	char *root = ts_fixture_path("billing/cases");
	const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_cases, root)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(root);
	return failed;
}
