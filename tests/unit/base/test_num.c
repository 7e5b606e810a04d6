/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "base/num.h"
#include <string.h>

#define I128_MAX ((ts_i128)(~(ts_u128)0 >> 1))
#define I128_MIN (-I128_MAX - 1)
#define MAX_TEXT "170141183460469231731687303715884105727"
#define MIN_TEXT "-170141183460469231731687303715884105728"

static void roundings_have_names(void **state)
{
	(void)state;
	for (int i = TS_ROUND_HALF_AWAY; i <= TS_ROUND_UP; i++) {
		enum ts_rounding out = TS_ROUND_HALF_AWAY;
		assert_ok(ts_rounding_parse(ts_str(ts_rounding_name((enum ts_rounding)i)), &out));
		assert_int_equal(out, i);
	}
	enum ts_rounding out = TS_ROUND_UP;
	assert_err(ts_rounding_parse(TS_STR("half_up"), &out), TS_E_MALFORMED);
	assert_err(ts_rounding_parse(TS_STR(""), &out), TS_E_MALFORMED);
	assert_int_equal(out, TS_ROUND_UP);
}

static void int64_edges(void **state)
{
	(void)state;
	int64_t v = 77;
	assert_err(ts_add64(INT64_MAX, 1, &v), TS_E_OVERFLOW);
	assert_err(ts_sub64(INT64_MIN, 1, &v), TS_E_OVERFLOW);
	assert_err(ts_sub64(0, INT64_MIN, &v), TS_E_OVERFLOW);
	assert_err(ts_mul64(INT64_MIN, -1, &v), TS_E_OVERFLOW);
	assert_err(ts_to64((ts_i128)INT64_MAX + 1, &v), TS_E_OVERFLOW);
	assert_err(ts_to64((ts_i128)INT64_MIN - 1, &v), TS_E_OVERFLOW);
	assert_int_equal(v, 77);
	assert_ok(ts_add64(INT64_MAX, INT64_MIN, &v));
	assert_true(v == -1);
	assert_ok(ts_sub64(-1, INT64_MIN, &v));
	assert_true(v == INT64_MAX);
	assert_ok(ts_mul64(INT64_C(3037000499), INT64_C(3037000499), &v));
	assert_true(v == INT64_C(9223372030926249001));
	assert_ok(ts_to64(INT64_MIN, &v));
	assert_true(v == INT64_MIN);
}

static void int128_edges(void **state)
{
	(void)state;
	ts_i128 v = 77;
	assert_err(ts_add128(I128_MAX, 1, &v), TS_E_OVERFLOW);
	assert_err(ts_sub128(I128_MIN, 1, &v), TS_E_OVERFLOW);
	assert_err(ts_mul128(I128_MIN, -1, &v), TS_E_OVERFLOW);
	assert_err(ts_mul128((ts_i128)1 << 64, (ts_i128)1 << 63, &v), TS_E_OVERFLOW);
	assert_true(v == 77);
	assert_ok(ts_mul128((ts_i128)1 << 64, -((ts_i128)1 << 63), &v));
	assert_true(v == I128_MIN);
	assert_ok(ts_mul128(I128_MIN, 1, &v));
	assert_true(v == I128_MIN);
	assert_ok(ts_mul128(I128_MIN, 0, &v));
	assert_true(v == 0);
	assert_ok(ts_mul128(-I128_MAX, -1, &v));
	assert_true(v == I128_MAX);
}

struct rounding_case {
	int a;
	int divisor;
	int expected[4]; /* half away, half even, down, up */
};

static void four_roundings_with_signs(void **state)
{
	(void)state;
	static const struct rounding_case cases[] = {{5, 2, {3, 2, 2, 3}}, {7, 2, {4, 4, 3, 4}},
		{-5, 2, {-3, -2, -2, -3}}, {-7, 2, {-4, -4, -3, -4}}, {1, 2, {1, 0, 0, 1}},
		{-1, 2, {-1, 0, 0, -1}}, {1, 3, {0, 0, 0, 1}}, {2, 3, {1, 1, 0, 1}},
		{-2, 3, {-1, -1, 0, -1}}, {6, 3, {2, 2, 2, 2}}, {0, 3, {0, 0, 0, 0}},
		{4, 3, {1, 1, 1, 2}}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (int r = 0; r < 4; r++) {
			ts_i128 v = 99;
			assert_ok(ts_muldiv(
				cases[i].a, 1, cases[i].divisor, (enum ts_rounding)r, &v));
			assert_int_equal((int)v, cases[i].expected[r]);
			assert_ok(ts_muldiv(
				-1, -cases[i].a, cases[i].divisor, (enum ts_rounding)r, &v));
			assert_int_equal((int)v, cases[i].expected[r]);
		}
	}
}

static void muldiv_edges(void **state)
{
	(void)state;
	ts_i128 v = 77;
	assert_err(ts_muldiv(1, 1, 0, TS_ROUND_DOWN, &v), TS_E_RANGE);
	assert_err(ts_muldiv(1, 1, -1, TS_ROUND_DOWN, &v), TS_E_RANGE);
	assert_err(ts_muldiv(I128_MAX, 2, 1, TS_ROUND_DOWN, &v), TS_E_OVERFLOW);
	assert_err(ts_muldiv(I128_MIN, I128_MIN, I128_MAX, TS_ROUND_DOWN, &v), TS_E_OVERFLOW);
	assert_err(ts_muldiv(I128_MIN, -1, 1, TS_ROUND_DOWN, &v), TS_E_OVERFLOW);
	assert_true(v == 77);
	assert_ok(ts_muldiv(I128_MAX, I128_MAX, I128_MAX, TS_ROUND_UP, &v));
	assert_true(v == I128_MAX);
	assert_ok(ts_muldiv(I128_MIN, I128_MAX, I128_MAX, TS_ROUND_HALF_EVEN, &v));
	assert_true(v == I128_MIN);
	/* (2^127-1) * (2^126) / (2^126+...) just at the border: the rounding alone overflows. */
	assert_ok(ts_muldiv(I128_MAX, 3, 3, TS_ROUND_UP, &v));
	assert_true(v == I128_MAX);
	ts_i128 half = I128_MAX / 2; /* 2 half + 1 = max */
	assert_ok(ts_muldiv(I128_MAX, half, half + 1, TS_ROUND_DOWN, &v));
	assert_err(ts_muldiv(I128_MAX - 1, I128_MAX, I128_MAX - 2, TS_ROUND_UP, &v), TS_E_OVERFLOW);
}

static void int128_text(void **state)
{
	(void)state;
	char out[TS_I128_CHARS];
	ts_i128 v = 0;
	assert_ok(ts_i128_parse(TS_STR(MAX_TEXT), &v));
	assert_true(v == I128_MAX);
	assert_string_equal(ts_i128_format(v, out), MAX_TEXT);
	assert_ok(ts_i128_parse(TS_STR(MIN_TEXT), &v));
	assert_true(v == I128_MIN);
	assert_string_equal(ts_i128_format(v, out), MIN_TEXT);
	assert_ok(ts_i128_parse(TS_STR("0"), &v));
	assert_string_equal(ts_i128_format(v, out), "0");
	static const char *const malformed[] = {"", "-", "-0", "+1", "01", "-01", "1.0", " 1", "1 ",
		"--1", "1e9", "0x10", "1-", "170141183460469231731687303715884105728x"};
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		assert_err(ts_i128_parse(ts_str(malformed[i]), &v), TS_E_MALFORMED);
	assert_err(ts_i128_parse(TS_STR("170141183460469231731687303715884105728"), &v),
		TS_E_OVERFLOW);
	assert_err(ts_i128_parse(TS_STR("-170141183460469231731687303715884105729"), &v),
		TS_E_OVERFLOW);
	assert_err(ts_i128_parse(TS_STR("9999999999999999999999999999999999999999"), &v),
		TS_E_OVERFLOW);
	assert_true(v == 0);
}

static void decimal_text(void **state)
{
	(void)state;
	static const char *const same[] = {"0", "1", "-1", "0.5", "-0.5", "0.000000000001",
		"-0.000000000001", "1234567890.123456789012",
		"170141183460469231731687303.715884105727",
		"-170141183460469231731687303.715884105728"};
	char out[TS_DECIMAL_CHARS];
	struct ts_decimal v = {0};
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		assert_ok(ts_decimal_parse(ts_str(same[i]), &v));
		assert_string_equal(ts_decimal_format(v, 0, out), same[i]);
	}
	assert_ok(ts_decimal_parse(TS_STR("2.50"), &v));
	assert_true(v.pico == 5 * TS_PICO / 2);
	assert_string_equal(ts_decimal_format(v, 0, out), "2.5");
	assert_string_equal(ts_decimal_format(v, 2, out), "2.50");
	assert_string_equal(ts_decimal_format(v, 12, out), "2.500000000000");
	assert_ok(ts_decimal_parse(TS_STR("-0.00"), &v));
	assert_string_equal(ts_decimal_format(v, 0, out), "0");
	static const char *const malformed[] = {"", ".", "1.", ".5", "-", "-.5", "00.5", "01", "+1",
		"1,5", "1.5 ", " 1", "1.0000000000000", "1e3", "1.5.2", "1.-5", "0x1", "nan",
		"1.a"};
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		assert_err(ts_decimal_parse(ts_str(malformed[i]), &v), TS_E_MALFORMED);
	assert_err(ts_decimal_parse(TS_STR("170141183460469231731687303.715884105728"), &v),
		TS_E_OVERFLOW);
	assert_err(ts_decimal_parse(TS_STR("1000000000000000000000000000"), &v), TS_E_OVERFLOW);
}

static void ratio_text(void **state)
{
	(void)state;
	char out[TS_DECIMAL_CHARS];
	const ts_i128 hour = INT64_C(3600000000);
	assert_string_equal(ts_ratio_format(hour, hour, 9, out), "1");
	assert_string_equal(ts_ratio_format(hour / 2, hour, 9, out), "0.5");
	assert_string_equal(ts_ratio_format(1, 3, 9, out), "0.333333333");
	assert_string_equal(ts_ratio_format(-2, 3, 9, out), "-0.666666667");
	assert_string_equal(ts_ratio_format(2, 3, 0, out), "1");
	assert_string_equal(ts_ratio_format(-1, 3, 0, out), "0");
	assert_string_equal(ts_ratio_format(999999, 1000000, 3, out), "1");
	assert_string_equal(ts_ratio_format(5, 100000, 4, out), "0.0001");
	assert_string_equal(ts_ratio_format(I128_MIN, 1, 12, out), MIN_TEXT);
	assert_string_equal(ts_ratio_format(I128_MAX, I128_MAX, 12, out), "1");
	assert_string_equal(ts_ratio_format(I128_MAX - 1, I128_MAX, 12, out), "1");
	assert_string_equal(
		ts_ratio_format(I128_MAX, 2, 1, out), "85070591730234615865843651857942052863.5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roundings_have_names),
		cmocka_unit_test(int64_edges),
		cmocka_unit_test(int128_edges),
		cmocka_unit_test(four_roundings_with_signs),
		cmocka_unit_test(muldiv_edges),
		cmocka_unit_test(int128_text),
		cmocka_unit_test(decimal_text),
		cmocka_unit_test(ratio_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
