/* SPDX-License-Identifier: Apache-2.0 */
/* Named examples of rating, with their traces word for word: what a finance person reads. */
#include "case_terms.h"

#define PRICES                                                                                     \
	"\"skus\":[{\"sku\":\"x\",\"name\":\"X\",\"unit\":\"GPU-hour\",\"divisor\":\"1000000\"}]," \
	"\"prices\":[{\"id\":\"p\",\"sku\":\"x\",\"model\":"

static json_t *load(const char *text)
{
	struct ts_why why = {0};
	json_t *json = NULL;
	enum ts_err err = ts_json_parse(text, strlen(text), &json, &why);
	if (err != TS_OK)
		print_error("%s: %s\n", why.where, why.text);
	assert_ok(err);
	return json;
}

static void check_line(
	const struct rated *r, size_t i, int32_t tier, int64_t amount_minor, const char *trace)
{
	assert_true(i < r->n);
	assert_int_equal(r->lines[i].tier, tier);
	assert_int_equal(r->lines[i].amount_minor, amount_minor);
	assert_string_equal(r->lines[i].trace, trace);
}

static void test_per_unit(void **state)
{
	(void)state;
	ts_i128 quantity = 12345678; /* 12.345678 GPU-hours */
	struct rated r = rate_case(
		load("{\"currency\":\"USD\",\"term\":{\"from\":\"2026-05-01\"}," PRICES
		     "\"per_unit\",\"unit_price\":\"2.35\"}]}"),
		0, &quantity, true);
	assert_int_equal(r.n, 1);
	check_line(&r, 0, 0, 2901,
		"12.345678 GPU-hour x 2.35 USD = 29.0123433 USD; rounded once, half away from "
		"zero, to "
		"29.01 USD; terms version 1");
	ts_region_free(r.region);
}

static void test_graduated(void **state)
{
	(void)state;
	ts_i128 quantity = 15000 * (ts_i128)CASE_DIVISOR;
	struct rated r = rate_case(
		load("{\"currency\":\"USD\",\"term\":{\"from\":\"2026-05-01\"}," PRICES
		     "\"graduated\",\"tiers\":[{\"up_to\":\"1000\",\"unit_price\":\"0.01\"},"
		     "{\"up_to\":\"10000\",\"unit_price\":\"0.008\",\"flat\":\"5\"},"
		     "{\"unit_price\":\"0.005\"}]}]}"),
		0, &quantity, true);
	assert_int_equal(r.n, 3);
	check_line(&r, 0, 1, 1000,
		"tier 1 (up to 1000 GPU-hour): of 15000: 1000 GPU-hour x 0.01 USD = 10.00 USD; "
		"rounded "
		"once, half away from zero, to 10.00 USD; terms version 1");
	check_line(&r, 1, 2, 7700,
		"tier 2 (over 1000 to 10000 GPU-hour): of 15000: 9000 GPU-hour x 0.008 USD = 72.00 "
		"USD, plus the tier's flat fee 5.00; rounded once, half away from zero, to 77.00 "
		"USD; "
		"terms version 1");
	check_line(&r, 2, 3, 2500,
		"tier 3 (over 10000 GPU-hour): of 15000: 5000 GPU-hour x 0.005 USD = 25.00 USD; "
		"rounded once, half away from zero, to 25.00 USD; terms version 1");
	ts_region_free(r.region);
}

static void test_volume_edge_is_inclusive(void **state)
{
	(void)state;
	static const char text[] =
		"{\"currency\":\"JPY\",\"term\":{\"from\":\"2026-05-01\"}," PRICES
		"\"volume\",\"tiers\":[{\"up_to\":\"100\",\"unit_price\":\"1.5\"},"
		"{\"unit_price\":\"1\"}]}]}";
	ts_i128 quantity = 100 * (ts_i128)CASE_DIVISOR;
	struct rated r = rate_case(load(text), 0, &quantity, true);
	assert_int_equal(r.n, 1);
	check_line(&r, 0, 1, 150,
		"tier 1 (up to 100 GPU-hour): all of 100 GPU-hour x 1.5 JPY = 150 JPY; rounded "
		"once, "
		"half away from zero, to 150 JPY; terms version 1");
	ts_region_free(r.region);
	quantity++;
	r = rate_case(load(text), 0, &quantity, true);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.lines[0].tier, 2);
	assert_int_equal(r.total_minor, 100);
	ts_region_free(r.region);
}

/* A ramp inside one period, partial at its end, and the minimum that it counts toward. */
static void test_fee_and_minimum(void **state)
{
	(void)state;
	static const char text[] =
		"{\"currency\":\"USD\",\"term\":{\"from\":\"2026-05-01\",\"to\":\"2026-05-29\"},"
		"\"fees\":[{\"id\":\"f\",\"schedule\":[{\"from\":\"2026-05-01\",\"to\":\"2026-05-"
		"11\","
		"\"amount\":\"1000\"},{\"from\":\"2026-05-11\",\"amount\":\"2000\"}]}],"
		"\"minimums\":[{\"id\":\"m\",\"counts\":[\"fees\"],\"schedule\":[{\"from\":\"2026-"
		"05-01\","
		"\"amount\":\"5000\"}]}]}";
	struct rated r = rate_case(load(text), 0, NULL, true);
	assert_int_equal(r.n, 2);
	check_line(&r, 0, 0, 148387,
		"1,000.00 x 10/31 days + 2,000.00 x 18/31 days; rounded once, half away from zero, "
		"to "
		"1483.87 USD; terms version 1");
	check_line(&r, 1, 0, 451613 - 148387,
		"minimum 5,000.00 x 28/31 days; rounded once, half away from zero, to 4516.13; "
		"less fees "
		"of the period 1483.87 = shortfall 3032.26 USD; terms version 1");
	ts_region_free(r.region);
	/* Before the last day there is no true-up, and the fee counts a day less. */
	r = rate_case(load(text), 0, NULL, false);
	assert_int_equal(r.n, 1);
	check_line(&r, 0, 0, 141935,
		"1,000.00 x 10/31 days + 2,000.00 x 17/31 days; rounded once, half away from zero, "
		"to "
		"1419.35 USD; terms version 1");
	ts_region_free(r.region);
}

/* 0.5 + 1 is a tie between 1 and 2: half to even takes 2, though 0.5 alone goes to 0. */
static void test_half_even_sees_the_flat(void **state)
{
	(void)state;
	ts_i128 quantity = CASE_DIVISOR;
	static const char *const flats[] = {"0", "0.01", "0.02"};
	static const int64_t expected[] = {0, 2, 2};
	for (size_t i = 0; i < 3; i++) {
		char text[600];
		snprintf(text, sizeof text,
			"{\"currency\":\"USD\",\"rounding\":\"half_even\",\"term\":{\"from\":"
			"\"2026-05-01\"}," PRICES
			"\"graduated\",\"tiers\":[{\"unit_price\":\"0.005\",\"flat\":\"%s\"}]}]}",
			flats[i]);
		struct rated r = rate_case(load(text), 0, &quantity, true);
		assert_int_equal(r.total_minor, expected[i]);
		ts_region_free(r.region);
	}
}

/* A period from the 15th to the 15th: two months, one line, one rounding. */
static void test_months_of_a_period(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(CASE_REGION_BYTES);
	const struct ts_terms *terms = terms_from(
		load("{\"currency\":\"USD\",\"term\":{\"from\":\"2026-05-15\"},"
		     "\"calendar\":{\"anchor_day\":15}," PRICES
		     "\"per_unit\",\"unit_price\":\"0.005\"}],"
		     "\"fees\":[{\"id\":\"f\",\"schedule\":[{\"from\":\"2026-05-15\",\"amount\":"
		     "\"0.03\"}]}]}"),
		region);
	struct ts_period period;
	assert_ok(ts_period_get(terms, 0, &period));
	int32_t may = 2026 * 12 + 4;
	struct ts_measure measures[] = {{.month = may + 1, .quantity = CASE_DIVISOR},
		{.month = may, .quantity = CASE_DIVISOR}};
	const struct ts_charge *c = NULL;
	size_t n = 0;
	struct ts_why why = {0};
	assert_ok(ts_rate_period(
		terms, &period, measures, 2, period.end_day - 1, region, &c, &n, &why));
	/* Usage: 0.005 rounds to 0.01 in May, both together are 0.01: June has 0.00. */
	assert_int_equal(n, 4);
	assert_int_equal(c[0].month, may);
	assert_int_equal(c[0].amount_minor, 1);
	assert_int_equal(c[1].amount_minor, 0);
	assert_true(c[1].quantity == CASE_DIVISOR);
	/* Fee: 17 and 14 of 31 days of 0.03. */
	assert_int_equal(c[2].quantity, 17);
	assert_int_equal(c[2].amount_minor, 2);
	assert_int_equal(c[3].amount_minor, 1);
	ts_region_free(region);
}

static void test_overflow_is_an_error(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(CASE_REGION_BYTES);
	const struct ts_terms *terms = terms_from(
		load("{\"currency\":\"USD\",\"term\":{\"from\":\"2026-05-01\"}," PRICES
		     "\"per_unit\",\"unit_price\":\"1000000000\"}]}"),
		region);
	struct ts_period period;
	assert_ok(ts_period_get(terms, 0, &period));
	/* 92,233,720.368... units x 10^9 USD are just beyond 2^63 - 1 cents. */
	struct ts_measure measure = {.month = 2026 * 12 + 4, .quantity = INT64_C(92233720368547)};
	const struct ts_charge *c = NULL;
	size_t n = 0;
	struct ts_why why = {0};
	assert_ok(
		ts_rate_period(terms, &period, &measure, 1, period.end_day, region, &c, &n, &why));
	measure.quantity++;
	assert_err(
		ts_rate_period(terms, &period, &measure, 1, period.end_day, region, &c, &n, &why),
		TS_E_OVERFLOW);
	assert_string_equal(why.where, "p");
	ts_region_free(region);
}

static void test_names(void **state)
{
	(void)state;
	ts_i128 quantity = CASE_DIVISOR;
	struct rated r = rate_case(
		load("{\"currency\":\"USD\",\"term\":{\"from\":\"2026-05-01\"}," PRICES
		     "\"per_unit\",\"unit_price\":\"1\"}],"
		     "\"fees\":[{\"id\":\"f\",\"description\":\"Fee\",\"schedule\":"
		     "[{\"from\":\"2026-05-01\",\"amount\":\"1\"}]}]}"),
		0, &quantity, true);
	struct ts_charge_names names;
	ts_charge_names(r.terms, r.lines[0].kind, r.lines[0].item, &names);
	assert_string_equal(names.sku, "x");
	assert_string_equal(names.sku_name, "X");
	assert_string_equal(names.pricing_class, "*");
	assert_string_equal(names.unit, "GPU-hour");
	assert_true(names.divisor == CASE_DIVISOR);
	assert_true(r.lines[0].has_unit_price);
	ts_charge_names(r.terms, r.lines[1].kind, r.lines[1].item, &names);
	assert_string_equal(names.description, "Fee");
	assert_string_equal(names.sku, "");
	assert_true(names.divisor == 1);
	assert_false(r.lines[1].has_unit_price);
	assert_string_equal(ts_charge_kind_name(TS_CHARGE_TRUE_UP), "true_up");
	ts_region_free(r.region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_per_unit),
		cmocka_unit_test(test_graduated),
		cmocka_unit_test(test_volume_edge_is_inclusive),
		cmocka_unit_test(test_fee_and_minimum),
		cmocka_unit_test(test_half_even_sees_the_flat),
		cmocka_unit_test(test_months_of_a_period),
		cmocka_unit_test(test_overflow_is_an_error),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
