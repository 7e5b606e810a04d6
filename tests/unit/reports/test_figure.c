/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "reports/figure.h"
#include "sample.h"

static void groups_thousands(void **state)
{
	(void)state;
	char out[TS_FIGURE_CHARS];
	assert_string_equal(ts_figure_group("0", out), "0");
	assert_string_equal(ts_figure_group("999", out), "999");
	assert_string_equal(ts_figure_group("1000", out), "1,000");
	assert_string_equal(ts_figure_group("-1234567.891234", out), "-1,234,567.891234");
	assert_string_equal(ts_figure_group("170141183460469231731687303715884105727", out),
		"170,141,183,460,469,231,731,687,303,715,884,105,727");
}

static void quantities(void **state)
{
	(void)state;
	char out[TS_FIGURE_CHARS];
	assert_string_equal(
		ts_figure_quantity_group(GPU_HOUR * 1234567, GPU_HOUR, out), "1,234,567");
	assert_string_equal(ts_figure_quantity_group(-GPU_HOUR / 4, GPU_HOUR, out), "-0.25");
	assert_string_equal(ts_figure_quantity_group(1, GPU_HOUR, out), "0");
	assert_false(ts_figure_quantity_rounded(GPU_HOUR / 4, GPU_HOUR));
	assert_true(ts_figure_quantity_rounded(1, GPU_HOUR));
	assert_false(ts_figure_quantity_rounded(7, 1));
}

static void prices_keep_the_minor_digits(void **state)
{
	(void)state;
	char out[TS_FIGURE_CHARS];
	const struct ts_currency *usd, *jpy, *kwd;
	assert_ok(ts_currency_find(TS_STR("USD"), &usd));
	assert_ok(ts_currency_find(TS_STR("JPY"), &jpy));
	assert_ok(ts_currency_find(TS_STR("KWD"), &kwd));
	struct ts_decimal two = {2 * TS_PICO}, fine = {1234 * TS_PICO + TS_PICO / 10000};
	assert_string_equal(ts_figure_price(two, usd, out), "2.00");
	assert_string_equal(ts_figure_price(two, jpy, out), "2");
	assert_string_equal(ts_figure_price(two, kwd, out), "2.000");
	assert_string_equal(ts_figure_price(fine, usd, out), "1,234.0001");
}

static void dates(void **state)
{
	(void)state;
	char out[TS_FIGURE_CHARS];
	assert_string_equal(ts_figure_date(DAY(2026, 9, 4), out), "4 September 2026");
	assert_string_equal(ts_figure_date_short(DAY(2026, 9, 4), out), "4 Sep 2026");
	assert_string_equal(
		ts_figure_days(DAY(2026, 8, 1), DAY(2026, 9, 1), out), "1\u201331 Aug 2026");
	assert_string_equal(ts_figure_days(DAY(2026, 8, 15), DAY(2026, 9, 15), out),
		"15 Aug \u2013 14 Sep 2026");
	assert_string_equal(ts_figure_days(DAY(2026, 12, 15), DAY(2027, 1, 15), out),
		"15 Dec 2026 \u2013 14 Jan 2027");
	assert_string_equal(ts_figure_days(DAY(2026, 8, 1), DAY(2026, 8, 2), out), "1 Aug 2026");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_thousands),
		cmocka_unit_test(quantities),
		cmocka_unit_test(prices_keep_the_minor_digits),
		cmocka_unit_test(dates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
