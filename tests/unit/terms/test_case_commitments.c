/* SPDX-License-Identifier: Apache-2.0 */
/* Published billing cases of commitments, reserved capacity and service credits. */
#include "case_run.h"

static json_t *per_unit(const char *id, const char *price)
{
	return json_pack("{s:s,s:s,s:s,s:s}", "id", id, "sku", "x", "model", "per_unit",
		"unit_price", price);
}

static struct outcome case_overage(const json_t *in, const json_t *expected)
{
	json_t *prices = json_array();
	ts_i128 quantities[8];
	size_t i;
	json_t *feature;
	json_array_foreach(json_object_get(in, "features"), i, feature)
	{
		json_t *price = per_unit(text_of(feature, "id"), text_of(feature, "unit_price"));
		json_object_set_new(price, "class", json_string(text_of(feature, "id")));
		json_array_append_new(prices, price);
		assert_true(i < 8);
		quantities[i] = case_quantity(text_of(feature, "quantity"));
	}
	json_t *minimums = json_pack("[{s:s,s:s,s:[{s:s,s:s}]}]", "id", "m", "overage_factor",
		text_of(in, "overage_factor"), "schedule", "from", "2026-01-01", "amount",
		text_of(in, "commitment_amount"));
	struct rated r = rate_case(
		case_terms("USD", "2026-01-01", NULL, prices, NULL, minimums), 0, quantities, true);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "total")));
	assert_int_equal(kind_total(&r, TS_CHARGE_TRUE_UP), 0);
	ts_region_free(r.region);
	return run;
}

/* One day with hourly windows: a bucket (its own price and commitment) and the rest of the day. */
static json_t *day_terms(json_t *prices, json_t *windows, json_t *commitments)
{
	json_t *terms = case_terms("USD", "2026-01-01", "2026-01-02", prices, NULL, NULL);
	json_object_set_new(terms, "windows", windows);
	json_object_set_new(terms, "commitments", commitments);
	return terms;
}

static json_t *window(const char *name, const char *from, const char *to)
{
	return json_pack("{s:s,s:s,s:s}", "window", name, "from", from, "to", to);
}

/* amount / price as a quantity per hour; with_true_up: what is not used is paid. */
static json_t *commitment(const char *id, const char *price_id, const char *window_name,
	const char *amount, const char *price, const char *factor, bool with_true_up)
{
	struct ts_decimal a = {0}, p = {0}, q = {0};
	char quantity[TS_DECIMAL_CHARS];
	assert_ok(ts_decimal_parse(ts_str(amount), &a));
	assert_ok(ts_decimal_parse(ts_str(price), &p));
	assert_ok(ts_muldiv(a.pico, TS_PICO, p.pico, TS_ROUND_DOWN, &q.pico));
	json_t *c = json_pack("{s:s,s:s,s:s,s:s,s:[{s:s,s:s}],s:s}", "id", id, "price", price_id,
		"per", "hour", "window", window_name, "schedule", "from", "2026-01-01", "quantity",
		ts_decimal_format(q, 0, quantity), "overage_factor", factor);
	if (with_true_up)
		json_object_set_new(c, "shortfall_unit_price", json_string(price));
	return c;
}

static bool in_bucket(const json_t *bucket, const char *start)
{
	return bucket && strcmp(start, text_of(bucket, "from")) >= 0 &&
	       strcmp(start, text_of(bucket, "to")) < 0;
}

static struct outcome case_windowed(const json_t *in, const json_t *expected)
{
	if (!has(in, "windows"))
		return not_covered("which hours are made up: case_fill");
	const json_t *bucket = json_array_get(json_object_get(in, "buckets"), 0);
	const json_t *line = has(in, "line") ? json_object_get(in, "line") : in;
	json_t *prices = json_array(), *windows = json_array(), *commitments = json_array();
	struct ts_fine fine[24];
	struct ts_rate_usage usage = {.fine = fine};
	const char *line_price = text_of(line, "unit_price");
	json_array_append_new(prices, per_unit("line", line_price));
	if (bucket) {
		const char *from = text_of(bucket, "from"), *to = text_of(bucket, "to");
		json_t *price = per_unit("bucket", text_of(bucket, "unit_price"));
		json_object_set_new(price, "window", json_string("bucket"));
		json_object_set_new(json_array_get(prices, 0), "window", json_string("rest"));
		json_array_append_new(prices, price);
		json_array_append_new(windows, window("bucket", from, to));
		json_array_append_new(windows, window("rest", to, from));
		json_array_append_new(commitments,
			commitment("cb", "bucket", "bucket", text_of(bucket, "commitment_amount"),
				text_of(bucket, "unit_price"), text_of(bucket, "overage_factor"),
				json_is_true(json_object_get(bucket, "true_up"))));
	}
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(in, "windows"), i, row)
	{
		char start[8], end[8], name[16], id[16];
		snprintf(start, sizeof start, "%02d:00", (int)i);
		if (has(row, "start"))
			snprintf(start, sizeof start, "%.5s", text_of(row, "start"));
		int hour = (int)strtol(start, NULL, 10);
		snprintf(end, sizeof end, "%02d:00", (hour + 1) % 100);
		snprintf(name, sizeof name, "h%02d", hour % 100);
		snprintf(id, sizeof id, "c%02d", hour % 100);
		bool own = in_bucket(bucket, start);
		if (!own && has(line, "commitment_amount")) {
			json_array_append_new(windows, window(name, start, end));
			json_array_append_new(commitments,
				commitment(id, "line", name, text_of(line, "commitment_amount"),
					line_price, text_of(line, "overage_factor"),
					json_is_true(json_object_get(line, "true_up"))));
		}
		assert_true(usage.fine_n < 24);
		fine[usage.fine_n++] = (struct ts_fine){.price = own ? 1 : 0,
			.quarter_us = hour * TS_US_PER_HOUR,
			.pricing_class = "",
			.account = "",
			.origin = "",
			.quantity = case_quantity(text_of(row, "quantity"))};
	}
	struct rated r = rate_begin(day_terms(prices, windows, commitments), 0);
	for (i = 0; i < usage.fine_n; i++)
		fine[i].quarter_us += r.terms->from_us;
	rate_lines(&r, &usage, r.period.end_day - 1);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "total")));
	if (has(expected, "true_up"))
		assert_int_equal(kind_total(&r, TS_CHARGE_SHORTFALL),
			minor_of(r.terms, text_of(expected, "true_up")));
	ts_region_free(r.region);
	return run;
}

/* Which hours count: those of the commitment, with or without usage; else those with usage. */
static int64_t hours_of(const char *window_name, bool true_up)
{
	json_t *commitments = json_array();
	if (true_up) {
		json_t *c = commitment("c", "line", window_name, "2", "1", "1", true);
		if (strcmp(window_name, "*") == 0)
			json_object_del(c, "window");
		json_array_append_new(commitments, c);
	}
	struct rated r = rate_begin(
		day_terms(json_pack("[o]", per_unit("line", "1")),
			json_pack("[o]", window("bucket", "09:00", "12:00")), commitments),
		0);
	struct ts_fine fine = {.quarter_us = r.terms->from_us + 10 * TS_US_PER_HOUR,
		.pricing_class = "",
		.account = "",
		.origin = "",
		.quantity = CASE_DIVISOR};
	struct ts_measure measure = {.month = 2026 * 12, .quantity = CASE_DIVISOR};
	struct ts_rate_usage usage = {.fine = &fine,
		.fine_n = true_up ? 1 : 0,
		.measures = &measure,
		.measures_n = true_up ? 0 : 1};
	rate_lines(&r, &usage, r.period.end_day - 1);
	int64_t hours = true_up ? r.total_minor / 200 : r.total_minor / 100;
	ts_region_free(r.region);
	return hours;
}

static struct outcome case_hours(const json_t *in, const json_t *expected)
{
	if (!has(in, "usage_hours"))
		return case_windowed(in, expected);
	const json_t *hours = json_object_get(expected, "hours");
	assert_int_equal(hours_of("bucket", true),
		json_array_size(json_object_get(hours, "bucket-only true-up")));
	assert_int_equal(
		hours_of("*", true), json_array_size(json_object_get(hours, "line-level true-up")));
	assert_int_equal(
		hours_of("*", false), json_array_size(json_object_get(hours, "no true-up")));
	return run;
}

/* Reserved capacity of one hour: quantity per hour, used in quarter-hours. */
static struct outcome case_reservation(const json_t *in, const json_t *expected)
{
	bool seconds = has(in, "instance_seconds");
	char quantity[32];
	struct ts_fine fine[8];
	struct ts_rate_usage usage = {.fine = fine};
	snprintf(quantity, sizeof quantity, "%" PRId64,
		int_of(in, seconds ? "reserved_seconds_per_clock_hour" : "reserved"));
	json_t *c = commitment("c", "line", "hour", quantity, "1", "2", true);
	struct rated r = rate_begin(
		day_terms(json_pack("[o]", per_unit("line", "1")),
			json_pack("[o]", window("hour", "10:00", "11:00")), json_pack("[o]", c)),
		0);
	size_t n = seconds ? json_array_size(json_object_get(in, "instance_seconds")) : 1;
	for (size_t i = 0; i < n; i++) {
		int64_t used = seconds ? json_integer_value(json_array_get(
						 json_object_get(in, "instance_seconds"), i))
				       : int_of(in, "running");
		fine[usage.fine_n++] = (struct ts_fine){
			.quarter_us = r.terms->from_us + 10 * TS_US_PER_HOUR +
				      (int64_t)i * TS_US_PER_QUARTER,
			.pricing_class = "",
			.account = "",
			.origin = "",
			.quantity = used * CASE_DIVISOR};
	}
	rate_lines(&r, &usage, r.period.end_day - 1);
	int64_t used = kind_total(&r, TS_CHARGE_USAGE) / 100;
	int64_t over = kind_total(&r, TS_CHARGE_OVERAGE) / 100;
	if (seconds) {
		assert_int_equal((used - over) / 3600,
			strtol(text_of(expected, "reserved_hours"), NULL, 10));
		assert_int_equal(over, strtol(text_of(expected, "on_demand_hours"), NULL, 10));
	} else {
		assert_int_equal(used, int_of(expected, "used"));
		assert_int_equal(
			kind_total(&r, TS_CHARGE_SHORTFALL) / 100, int_of(expected, "unused"));
		assert_int_equal(r.total_minor / 100, int_of(expected, "billed"));
	}
	ts_region_free(r.region);
	return run;
}

/* Availability of January against 1,000 units of capacity. */
static int64_t sla_total(const json_t *in, const char *uptime)
{
	json_t *tiers = json_array(), *from = json_object_get(in, "tiers");
	for (size_t i = 1; i < json_array_size(from); i++)
		json_array_append_new(
			tiers, json_pack("{s:O,s:O}", "below",
				       json_array_get(json_array_get(from, i - 1), 0), "percent",
				       json_array_get(json_array_get(from, i), 1)));
	json_t *terms = case_terms("USD", "2026-01-01", NULL, NULL,
		json_pack("[{s:s,s:[{s:s,s:s}]}]", "id", "f", "schedule", "from", "2026-01-01",
			"amount", text_of(in, "monthly_charge")),
		NULL);
	json_object_set_new(
		terms, "exclusions", json_pack("[{s:s,s:s}]", "class", "down", "reason", "fault"));
	json_object_set_new(terms, "slas",
		json_pack("[{s:s,s:s,s:[s],s:[{s:s,s:s}],s:o,s:s}]", "id", "sla", "sku", "x",
			"classes", "down", "capacity", "from", "2026-01-01", "quantity", "1000",
			"tiers", tiers, "base", "after_true_up"));
	struct rated r = rate_begin(terms, 0);
	struct ts_decimal up = {0};
	ts_i128 down = 0;
	assert_ok(ts_decimal_parse(ts_str(uptime), &up));
	assert_ok(ts_muldiv(100 * TS_PICO - up.pico, (ts_i128)744 * 1000 * CASE_DIVISOR,
		100 * TS_PICO, TS_ROUND_DOWN, &down));
	struct ts_measure measure = {
		.price = r.terms->prices_n, .month = 2026 * 12, .quantity = down};
	struct ts_rate_usage usage = {.measures = &measure, .measures_n = 1};
	rate_lines(&r, &usage, r.period.end_day - 1);
	int64_t credit = -kind_total(&r, TS_CHARGE_SLA);
	ts_region_free(r.region);
	return credit;
}

static struct outcome case_sla(const json_t *in, const json_t *expected)
{
	size_t i;
	json_t *uptime;
	json_array_foreach(json_object_get(in, "uptimes"), i, uptime)
	{
		int64_t credit = sla_total(in, json_string_value(uptime));
		const char *want = json_string_value(
			json_array_get(json_object_get(expected, "credit"), i));
		const char *percent = json_string_value(
			json_array_get(json_object_get(expected, "credit_percent"), i));
		assert_int_equal(credit, parse_cents(want));
		assert_int_equal(credit * 100,
			strtol(percent, NULL, 10) * parse_cents(text_of(in, "monthly_charge")));
	}
	return run;
}

static const struct group groups[] = {
	{"commitment-overage", case_overage},
	{"commitment-windowed", case_hours},
	{"reservation", case_reservation},
	{"sla-credit", case_sla},
};

static void test_cases(void **state)
{
	run_groups(*state, groups, sizeof groups / sizeof groups[0], 8);
}

int main(void)
{
	char *root = ts_fixture_path("billing/cases");
	const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_cases, root)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(root);
	return failed;
}
