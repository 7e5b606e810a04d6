/* SPDX-License-Identifier: Apache-2.0 */
/* Published billing cases whose terms are units, tiers, minimums and fees, to the cent. */
#include "case_run.h"

static const char *currency_of(const json_t *inputs)
{
	return has(inputs, "currency") ? text_of(inputs, "currency") : "USD";
}

static json_t *unit_price(const char *id, const char *pricing_class, const char *price)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "id", id, "sku", "x", "class", pricing_class,
		"model", "per_unit", "unit_price", price);
}

static struct outcome case_unit(const json_t *in, const json_t *expected)
{
	ts_i128 quantity = case_quantity(text_of(in, "quantity"));
	json_t *prices = json_pack("[o]", unit_price("p", "*", text_of(in, "unit_price")));
	struct rated r = rate_case(
		case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL, NULL), 0, &quantity,
		true);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "total")));
	ts_region_free(r.region);
	return run;
}

static json_t *tier_list(const json_t *tiers)
{
	json_t *list = json_array();
	size_t i;
	json_t *tier;
	json_array_foreach((json_t *)(uintptr_t)tiers, i, tier)
	{
		json_t *row = json_pack("{s:s}", "unit_price", text_of(tier, "unit"));
		if (has(tier, "up_to"))
			json_object_set_new(row, "up_to", json_string(text_of(tier, "up_to")));
		if (has(tier, "flat"))
			json_object_set_new(row, "flat", json_string(text_of(tier, "flat")));
		json_array_append_new(list, row);
	}
	return list;
}

static ts_i128 tier_quantity(const json_t *in)
{
	if (has(in, "quantity"))
		return case_quantity(text_of(in, "quantity"));
	ts_i128 sum = 0;
	size_t i;
	json_t *record;
	json_array_foreach(json_object_get(in, "records"), i, record)
		sum += case_quantity(text_of(record, "quantity"));
	return sum;
}

static struct outcome case_tiers(const json_t *in, const json_t *expected)
{
	if (!has(in, "tiers") || (!has(in, "quantity") && !has(in, "records")))
		return not_covered("no tiers and quantity");
	ts_i128 quantity = tier_quantity(in);
	json_t *prices = json_pack("[{s:s,s:s,s:s,s:o}]", "id", "p", "sku", "x", "model",
		text_of(in, "model"), "tiers", tier_list(json_object_get(in, "tiers")));
	struct rated r = rate_case(
		case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL, NULL), 0, &quantity,
		true);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "total")));
	if (has(expected, "tier"))
		assert_int_equal(r.lines[r.n - 1].tier, int_of(expected, "tier"));
	ts_region_free(r.region);
	return run;
}

static json_t *minimum(const char *from, const char *to, const char *amount)
{
	return json_pack("[{s:s,s:[{s:s,s:s*,s:s}]}]", "id", "floor", "schedule", "from", from,
		"to", to, "amount", amount);
}

static const char *cents(int64_t v, char out[32])
{
	snprintf(out, 32, "%" PRId64 ".%02d", v / 100, (int)(v % 100));
	return out;
}

/* A minimum over so many days of February: usage in cents, tax on the sum. */
static struct outcome case_minimum_days(const json_t *in, const json_t *expected)
{
	char amount[32], usage[32], to[16];
	if (int_of(in, "days_in_period") != 28)
		return not_covered("period of another length");
	snprintf(to, sizeof to, "2023-02-%02d", (int)int_of(in, "days_used") + 1);
	int64_t usage_cents = json_integer_value(
		json_array_get(json_object_get(in, "usage_fees_cents"), 0));
	json_t *prices = json_pack("[o]", unit_price("p", "*", cents(usage_cents, usage)));
	ts_i128 one = CASE_DIVISOR;
	struct rated r = rate_case(
		case_terms("EUR", "2023-02-01", to, prices, NULL,
			minimum("2023-02-01", to, cents(int_of(in, "minimum_cents"), amount))),
		0, &one, true);
	assert_int_equal(kind_total(&r, TS_CHARGE_TRUE_UP), int_of(expected, "true_up_cents"));
	assert_int_equal(r.total_minor, int_of(expected, "fees_total_cents"));
	struct ts_decimal percent = {0};
	int64_t tax = 0;
	assert_ok(ts_decimal_parse(ts_str(text_of(in, "tax_rate_percent")), &percent));
	assert_ok(ts_rate_tax(r.terms, r.total_minor, percent, &tax));
	assert_int_equal(tax, int_of(expected, "taxes_cents"));
	ts_region_free(r.region);
	return run;
}

/* Amounts one after the other, each as usage of its own price, under a cap of the period. */
static int64_t capped(const char *maximum, json_t *prices, int64_t *cap_minor)
{
	ts_i128 ones[16];
	for (size_t i = 0; i < sizeof ones / sizeof ones[0]; i++)
		ones[i] = CASE_DIVISOR;
	json_t *terms = case_terms("USD", "2026-01-01", NULL, prices, NULL, NULL);
	json_object_set_new(terms, "caps",
		json_pack("[{s:s,s:s,s:[{s:s,s:s}]}]", "id", "cap", "per", "period", "schedule",
			"from", "2026-01-01", "amount", maximum));
	struct rated r = rate_case(terms, 0, ones, true);
	int64_t total = r.total_minor;
	*cap_minor = -kind_total(&r, TS_CHARGE_CAP);
	ts_region_free(r.region);
	return total;
}

static struct outcome case_maximum(const json_t *in, const json_t *expected)
{
	const char *maximum = text_of(in, "maximum");
	json_t *lines = json_object_get(in, "lines"), *want = json_object_get(expected, "lines");
	json_t *before = json_pack("[o]", unit_price("b", "b", text_of(in, "previously_billed")));
	json_t *after = json_deep_copy(before);
	int64_t off_before = 0, off_after = 0, off_want = 0;
	for (size_t i = 0; i < json_array_size(lines); i++) {
		char id[24];
		snprintf(id, sizeof id, "l%zu", i);
		json_array_append_new(
			after, unit_price(id, id, text_of(json_array_get(lines, i), "amount")));
		off_want += parse_cents(text_of(json_array_get(want, i), "cap_discount"));
	}
	if (!lines) {
		json_array_append_new(after, unit_price("l", "l", text_of(in, "rated_amount")));
		off_want = parse_cents(text_of(expected, "cap_discount"));
	}
	int64_t was = capped(maximum, before, &off_before);
	int64_t is = capped(maximum, after, &off_after);
	assert_int_equal(is - was, parse_cents(text_of(expected, "total")));
	assert_int_equal(off_after - off_before, off_want);
	return run;
}

static struct outcome case_usage_discount(const json_t *in, const json_t *expected)
{
	ts_i128 sum = 0, free = case_quantity(text_of(in, "usage_discount"));
	int64_t before = 0;
	size_t i;
	json_t *quantity;
	json_array_foreach(json_object_get(in, "quantities"), i, quantity)
	{
		json_t *terms = case_terms("USD", "2026-01-01", NULL,
			json_pack("[o]", unit_price("p", "*", "1")), NULL, NULL);
		json_object_set_new(terms, "discounts",
			json_pack("[{s:s,s:s,s:s}]", "id", "d", "price", "p", "quantity",
				text_of(in, "usage_discount")));
		sum += case_quantity(json_string_value(quantity));
		struct rated r = rate_case(terms, 0, &sum, false);
		const char *want = json_string_value(
			json_array_get(json_object_get(expected, "billable"), i));
		const char *left = json_string_value(
			json_array_get(json_object_get(expected, "remaining"), i));
		assert_int_equal(r.total_minor - before, parse_cents(want));
		assert_true((sum < free ? free - sum : 0) == case_quantity(left));
		before = r.total_minor;
		ts_region_free(r.region);
	}
	return run;
}

static struct outcome case_minimum(const json_t *in, const json_t *expected)
{
	if (has(in, "maximum"))
		return case_maximum(in, expected);
	if (has(in, "usage_discount"))
		return case_usage_discount(in, expected);
	if (has(in, "minimum_cents"))
		return case_minimum_days(in, expected);
	if (!has(in, "minimum") || !has(in, "rated_amount") ||
		strcmp(text_of(in, "previously_billed"), "0") != 0)
		return not_covered("not a minimum over one period");
	ts_i128 one = CASE_DIVISOR;
	json_t *prices = json_pack("[o]", unit_price("p", "*", text_of(in, "rated_amount")));
	struct rated r = rate_case(case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL,
					   minimum("2026-01-01", NULL, text_of(in, "minimum"))),
		0, &one, json_is_true(json_object_get(in, "last_in_period")));
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "total")));
	assert_int_equal(
		kind_total(&r, TS_CHARGE_TRUE_UP), minor_of(r.terms, text_of(expected, "true_up")));
	ts_region_free(r.region);
	return run;
}

/* A ramp of monthly minimums; one usage quantity per month. */
static struct outcome case_ramp(const json_t *in, const json_t *expected)
{
	json_t *schedule = json_array();
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(in, "segments"), i, row) json_array_append_new(
		schedule, json_pack("{s:s,s:s,s:s}", "from", text_of(row, "from"), "to",
				  text_of(row, "to"), "amount", text_of(row, "minimum")));
	json_t *first = json_array_get(schedule, 0);
	json_t *last = json_array_get(schedule, json_array_size(schedule) - 1);
	json_t *terms = case_terms("USD", text_of(first, "from"), text_of(last, "to"),
		json_pack("[o]", unit_price("p", "*", text_of(in, "rate"))), NULL,
		json_pack("[{s:s,s:o}]", "id", "floor", "schedule", schedule));
	json_array_foreach(json_object_get(in, "usage"), i, row)
	{
		ts_i128 quantity = case_quantity(text_of(row, "quantity"));
		json_t *want = json_array_get(json_object_get(expected, "months"), i);
		struct rated r = rate_case(json_incref(terms), (int32_t)i, &quantity, true);
		assert_int_equal(r.total_minor, minor_of(r.terms, text_of(want, "total")));
		assert_int_equal(
			kind_total(&r, TS_CHARGE_USAGE), minor_of(r.terms, text_of(want, "usage")));
		assert_int_equal(kind_total(&r, TS_CHARGE_TRUE_UP),
			minor_of(r.terms, text_of(want, "shortfall")));
		ts_region_free(r.region);
	}
	json_decref(terms);
	return run;
}

static json_t *fee(const char *from, const char *to, const char *amount)
{
	return json_pack("[{s:s,s:[{s:s,s:s*,s:s}]}]", "id", "fee", "schedule", "from", from, "to",
		to, "amount", amount);
}

static struct outcome case_notice(const json_t *in, const json_t *expected)
{
	char end[16];
	snprintf(end, sizeof end, "%.10s", text_of(expected, "end_exclusive"));
	int32_t notice = 0, last = 0;
	char date[16];
	snprintf(date, sizeof date, "%.10s", text_of(in, "notice"));
	assert_ok(ts_date_parse(ts_str(date), &notice));
	assert_ok(ts_date_parse(ts_str(end), &last));
	assert_int_equal(last - notice, int_of(in, "notice_days"));
	struct rated r = rate_case(
		case_terms("USD", "2026-05-01", end, NULL,
			fee("2026-05-01", NULL, text_of(in, "monthly_fee")), NULL),
		6, NULL, true);
	assert_int_equal(r.lines[0].quantity, int_of(expected, "billable_days_november"));
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "november_fee")));
	ts_region_free(r.region);
	return run;
}

/* Instances by the hour for some days, billed used or not. */
static struct outcome case_block(const json_t *in, const json_t *expected)
{
	char instances[32], to[TS_TIME_CHARS];
	int64_t days = int_of(in, "hours") / 24;
	snprintf(instances, sizeof instances, "%" PRId64, int_of(in, "instances"));
	ts_date_format(ts_day_of_date((struct ts_date){2026, 1, 1}) + (int32_t)days, to);
	json_t *terms = case_terms("USD", "2026-01-01", to,
		json_pack("[o]", unit_price("p", "*", text_of(in, "instance_hour_price"))), NULL,
		NULL);
	json_object_set_new(terms, "commitments",
		json_pack("[{s:s,s:s,s:s,s:[{s:s,s:s}],s:s}]", "id", "block", "price", "p", "per",
			"hour", "schedule", "from", "2026-01-01", "quantity", instances,
			"shortfall_unit_price", text_of(in, "instance_hour_price")));
	struct rated r = rate_begin(terms, 0);
	/* Running hours, spread over the block as evenly as they go. */
	ts_i128 running = case_quantity(text_of(in, "running_instance_hours")), given = 0;
	size_t n = (size_t)int_of(in, "hours");
	struct ts_fine *fine = ts_region_array(r.region, n, sizeof *fine);
	for (size_t i = 0; i < n; i++) {
		ts_i128 upto = running * (ts_i128)(i + 1) / (ts_i128)n;
		fine[i] = (struct ts_fine){
			.quarter_us = r.terms->from_us + (int64_t)i * TS_US_PER_HOUR,
			.pricing_class = "",
			.account = "",
			.origin = "",
			.quantity = upto - given};
		given = upto;
	}
	struct ts_rate_usage usage = {.fine = fine, .fine_n = n};
	rate_lines(&r, &usage, r.period.end_day - 1);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "fee")));
	usage.fine_n = 0; /* idle throughout: the same */
	rate_lines(&r, &usage, r.period.end_day - 1);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "fee")));
	ts_region_free(r.region);
	return run;
}

static struct outcome case_compute(const json_t *in, const json_t *expected)
{
	if (has(in, "segments") && has(in, "rate"))
		return case_ramp(in, expected);
	if (has(in, "notice") && has(in, "monthly_fee"))
		return case_notice(in, expected);
	if (has(in, "instance_hour_price"))
		return case_block(in, expected);
	if (has(in, "downtime_hours"))
		return not_covered("through the command, e2e.rate_cases");
	return not_covered("another shape of contract");
}

/* A currency of our own precision: the rounding itself. */
static struct outcome rounding_precision(const json_t *in, const json_t *expected)
{
	struct ts_decimal amount = {0}, want = {0};
	ts_i128 got = 0, step = TS_PICO;
	for (int64_t i = 0; i < int_of(in, "precision"); i++)
		step /= 10;
	assert_string_equal(text_of(in, "mode"), "half_even");
	assert_ok(ts_decimal_parse(ts_str(text_of(in, "amount")), &amount));
	assert_ok(ts_decimal_parse(ts_str(text_of(expected, "amount")), &want));
	assert_ok(ts_muldiv(amount.pico, 1, step, TS_ROUND_HALF_EVEN, &got));
	assert_true(got * step == want.pico);
	return run;
}

static struct outcome case_rounding(const json_t *in, const json_t *expected)
{
	if (!has(in, "currency"))
		return rounding_precision(in, expected);
	json_t *prices = json_pack("[o]", unit_price("p", "*", text_of(in, "amount")));
	json_t *terms = case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL, NULL);
	bool even = strcmp(text_of(in, "mode"), "half_even") == 0;
	json_object_set_new(
		terms, "rounding", json_string(even ? "half_even" : "half_away_from_zero"));
	ts_i128 one = CASE_DIVISOR;
	struct rated r = rate_case(terms, 0, &one, true);
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(expected, "amount")));
	ts_region_free(r.region);
	return run;
}

static struct outcome case_rounding_sum(const json_t *in, const json_t *expected)
{
	json_t *lines = json_object_get(in, "lines");
	size_t n = json_is_array(lines) ? json_array_size(lines) : 1;
	int64_t count = json_is_array(lines) ? 1 : int_of(lines, "count");
	ts_i128 ones[16];
	char id[24];
	json_t *prices = json_array();
	assert_true(n <= 16);
	for (size_t i = 0; i < n; i++) {
		snprintf(id, sizeof id, "p%zu", i);
		const char *price = json_is_array(lines)
					    ? json_string_value(json_array_get(lines, i))
					    : text_of(lines, "repeat");
		json_array_append_new(prices, unit_price(id, id, price));
		ones[i] = CASE_DIVISOR;
	}
	struct rated r = rate_case(
		case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL, NULL), 0, ones, true);
	assert_int_equal(r.total_minor * count, minor_of(r.terms, text_of(expected, "subtotal")));
	ts_region_free(r.region);
	return run;
}

static struct outcome case_rounding_true_up(const json_t *in, const json_t *expected)
{
	ts_i128 one = CASE_DIVISOR;
	json_t *prices = json_pack("[o]", unit_price("p", "*", text_of(in, "usage")));
	struct rated r = rate_case(case_terms(currency_of(in), "2026-01-01", NULL, prices, NULL,
					   minimum("2026-01-01", NULL, text_of(in, "commitment"))),
		0, &one, true);
	assert_int_equal(
		kind_total(&r, TS_CHARGE_TRUE_UP), minor_of(r.terms, text_of(expected, "true_up")));
	assert_int_equal(r.total_minor, minor_of(r.terms, text_of(in, "commitment")));
	ts_region_free(r.region);
	return run;
}

static const struct group groups[] = {
	{"unit", case_unit},
	{"tier-graduated", case_tiers},
	{"tier-volume", case_tiers},
	{"minimum-maximum", case_minimum},
	{"compute-contract", case_compute},
	{"rounding", case_rounding},
	{"rounding-sum", case_rounding_sum},
	{"rounding-true-up", case_rounding_true_up},
};

static void test_cases(void **state)
{
	run_groups(*state, groups, sizeof groups / sizeof groups[0], 48);
}

int main(void)
{
	char *root = ts_fixture_path("billing/cases");
	const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_cases, root)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(root);
	return failed;
}
