/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "base/money.h"
#include <string.h>

static const struct ts_currency *currency(const char *code)
{
	const struct ts_currency *cur = NULL;
	assert_ok(ts_currency_find(ts_str(code), &cur));
	return cur;
}

static void currencies_have_their_exponent(void **state)
{
	(void)state;
	assert_int_equal(currency("USD")->exponent, 2);
	assert_int_equal(currency("JPY")->exponent, 0);
	assert_int_equal(currency("KWD")->exponent, 3);
	assert_int_equal(currency("CLF")->exponent, 4);
	assert_int_equal(currency("AED")->exponent, 2);
	assert_int_equal(currency("ZWG")->exponent, 2);
	const struct ts_currency *cur = NULL;
	static const char *const unknown[] = {
		"", "US", "usd", "USDX", "XXX", "XAU", "XDR", "XTS", "DEM", "AAA", "ZZZ", "HRK"};
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
		assert_err(ts_currency_find(ts_str(unknown[i]), &cur), TS_E_INVALID);
	assert_null(cur);
}

static void list_is_sorted_and_complete(void **state)
{
	(void)state;
	/* Every code of three letters: found ones carry their own name; 166 have minor units. */
	int found = 0;
	for (int i = 0; i < 26 * 26 * 26; i++) {
		char code[] = {(char)('A' + i / 676), (char)('A' + i / 26 % 26),
			(char)('A' + i % 26), '\0'};
		const struct ts_currency *cur = NULL;
		if (ts_currency_find(ts_str(code), &cur) != TS_OK)
			continue;
		assert_string_equal(cur->code, code);
		assert_in_range(cur->exponent, 0, 4);
		found++;
	}
	assert_int_equal(found, 166);
}

static void amounts_have_exact_digits(void **state)
{
	(void)state;
	char out[TS_DECIMAL_CHARS];
	int64_t minor = 0;
	assert_ok(ts_money_parse(TS_STR("1234.5"), currency("USD"), &minor));
	assert_int_equal(minor, 123450);
	assert_string_equal(ts_money_format(minor, currency("USD"), out), "1234.50");
	assert_string_equal(ts_money_format(minor, currency("JPY"), out), "123450");
	assert_string_equal(ts_money_format(minor, currency("KWD"), out), "123.450");
	assert_string_equal(ts_money_format(-5, currency("USD"), out), "-0.05");
	assert_string_equal(ts_money_format(0, currency("USD"), out), "0.00");
	assert_err(ts_money_parse(TS_STR("1.000"), currency("USD"), &minor), TS_E_RANGE);
	assert_err(ts_money_parse(TS_STR("1.0"), currency("JPY"), &minor), TS_E_RANGE);
	assert_err(ts_money_parse(TS_STR("1."), currency("USD"), &minor), TS_E_MALFORMED);
	assert_err(ts_money_parse(TS_STR("1,000.00"), currency("USD"), &minor), TS_E_MALFORMED);
	assert_err(ts_money_parse(TS_STR(""), currency("USD"), &minor), TS_E_MALFORMED);
	assert_err(ts_money_parse(TS_STR("92233720368547758.08"), currency("USD"), &minor),
		TS_E_OVERFLOW);
	assert_int_equal(minor, 123450);
	assert_ok(ts_money_parse(TS_STR("-92233720368547758.08"), currency("USD"), &minor));
	assert_true(minor == INT64_MIN);
	assert_string_equal(ts_money_format(minor, currency("USD"), out), "-92233720368547758.08");
}

static void groups_for_people(void **state)
{
	(void)state;
	char out[TS_DECIMAL_CHARS];
	assert_string_equal(
		ts_money_group(INT64_C(125000000000), currency("USD"), out), "1,250,000,000.00");
	assert_string_equal(ts_money_group(-99999, currency("USD"), out), "-999.99");
	assert_string_equal(ts_money_group(-100000, currency("USD"), out), "-1,000.00");
	assert_string_equal(ts_money_group(1000, currency("JPY"), out), "1,000");
	assert_string_equal(ts_money_group(7, currency("KWD"), out), "0.007");
	assert_string_equal(
		ts_money_group(INT64_MIN, currency("JPY"), out), "-9,223,372,036,854,775,808");
}

static void quantity_becomes_money_once(void **state)
{
	(void)state;
	const ts_i128 hour = INT64_C(3600000000);
	struct ts_decimal price = {0};
	int64_t minor = 0;
	/* 1,824,886 GPU-seconds at 2.35 an hour = 1,191.245027... */
	assert_ok(ts_decimal_parse(TS_STR("2.35"), &price));
	ts_i128 quantity = (ts_i128)1824886 * 1000000;
	assert_ok(ts_money_extend(
		quantity, price, hour, currency("USD"), TS_ROUND_HALF_AWAY, &minor));
	assert_int_equal(minor, 119125);
	assert_ok(ts_money_extend(quantity, price, hour, currency("JPY"), TS_ROUND_UP, &minor));
	assert_int_equal(minor, 1192);
	assert_ok(ts_money_extend(quantity, price, hour, currency("KWD"), TS_ROUND_DOWN, &minor));
	assert_int_equal(minor, 1191245);
	/* Half a cent exactly: the rounding decides. */
	assert_ok(ts_decimal_parse(TS_STR("0.005"), &price));
	assert_ok(ts_money_extend(1, price, 1, currency("USD"), TS_ROUND_HALF_AWAY, &minor));
	assert_int_equal(minor, 1);
	assert_ok(ts_money_extend(1, price, 1, currency("USD"), TS_ROUND_HALF_EVEN, &minor));
	assert_int_equal(minor, 0);
	assert_ok(ts_money_extend(-3, price, 1, currency("USD"), TS_ROUND_HALF_AWAY, &minor));
	assert_int_equal(minor, -2);
	/* A fleet of 10^6 devices for 100 years stays exact; the amount overflows before it wraps.
	 */
	quantity = (ts_i128)1000000 * 36525 * 24 * hour;
	assert_ok(ts_decimal_parse(TS_STR("0.000000000001"), &price));
	assert_ok(ts_money_extend(quantity, price, hour, currency("USD"), TS_ROUND_DOWN, &minor));
	assert_int_equal(minor, 87);
	assert_ok(ts_decimal_parse(TS_STR("105308.32"), &price));
	assert_err(ts_money_extend(quantity, price, hour, currency("USD"), TS_ROUND_DOWN, &minor),
		TS_E_OVERFLOW);
	assert_err(
		ts_money_extend(1, price, 0, currency("USD"), TS_ROUND_DOWN, &minor), TS_E_RANGE);
	assert_int_equal(minor, 87);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(currencies_have_their_exponent),
		cmocka_unit_test(list_is_sorted_and_complete),
		cmocka_unit_test(amounts_have_exact_digits),
		cmocka_unit_test(groups_for_people),
		cmocka_unit_test(quantity_becomes_money_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
