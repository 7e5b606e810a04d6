/* SPDX-License-Identifier: Apache-2.0 */
/* Checked arithmetic against a naive oracle: numbers are decimal digit arrays, added, multiplied
 * and divided as on paper, so that no step is shared with the code under test (not even its
 * printing: the oracle takes its operands bit by bit). The last test injects faults into results
 * and roundings and expects the comparison to find them: an oracle that can't fail proves nothing.
 */
#include "support/test.h"
#include "base/num.h"
#include "support/seed.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DIGITS 80 /* 255 bits have 77 */
#define CASES 8000

/* Least digit first. */
struct big {
	bool negative;
	int digit[DIGITS];
};

static bool big_is_zero(const struct big *a)
{
	for (int i = 0; i < DIGITS; i++) {
		if (a->digit[i] != 0)
			return false;
	}
	return true;
}

static int big_compare_size(const struct big *a, const struct big *b)
{
	for (int i = DIGITS - 1; i >= 0; i--) {
		if (a->digit[i] != b->digit[i])
			return a->digit[i] < b->digit[i] ? -1 : 1;
	}
	return 0;
}

static bool big_equal(const struct big *a, const struct big *b)
{
	return big_compare_size(a, b) == 0 && (big_is_zero(a) || a->negative == b->negative);
}

static struct big big_add_size(const struct big *a, const struct big *b)
{
	struct big sum = {0};
	int carry = 0;
	for (int i = 0; i < DIGITS; i++) {
		carry += a->digit[i] + b->digit[i];
		sum.digit[i] = carry % 10;
		carry /= 10;
	}
	assert_int_equal(carry, 0);
	return sum;
}

/* a - b for |a| >= |b|. */
static struct big big_sub_size(const struct big *a, const struct big *b)
{
	struct big difference = {0};
	int borrow = 0;
	for (int i = 0; i < DIGITS; i++) {
		int d = a->digit[i] - b->digit[i] - borrow;
		borrow = d < 0;
		difference.digit[i] = d < 0 ? d + 10 : d;
	}
	assert_int_equal(borrow, 0);
	return difference;
}

static struct big big_add(const struct big *a, const struct big *b)
{
	struct big sum;
	if (a->negative == b->negative) {
		sum = big_add_size(a, b);
		sum.negative = a->negative;
	} else if (big_compare_size(a, b) >= 0) {
		sum = big_sub_size(a, b);
		sum.negative = a->negative;
	} else {
		sum = big_sub_size(b, a);
		sum.negative = b->negative;
	}
	return sum;
}

static struct big big_multiply(const struct big *a, const struct big *b)
{
	int column[2 * DIGITS] = {0};
	for (int i = 0; i < DIGITS; i++) {
		for (int k = 0; a->digit[i] != 0 && k < DIGITS; k++)
			column[i + k] += a->digit[i] * b->digit[k];
	}
	struct big product = {.negative = a->negative != b->negative};
	int carry = 0;
	for (int i = 0; i < 2 * DIGITS; i++) {
		carry += column[i];
		if (i < DIGITS)
			product.digit[i] = carry % 10;
		else
			assert_int_equal(carry % 10, 0);
		carry /= 10;
	}
	return product;
}

/* Sizes only: paper division, one decimal digit at a time by repeated subtraction. */
static struct big big_divide(const struct big *a, const struct big *b, struct big *rest)
{
	struct big quotient = {0};
	*rest = (struct big){0};
	for (int i = DIGITS - 1; i >= 0; i--) {
		if (a->digit[i] == 0 && big_is_zero(rest))
			continue; /* leading zeros */
		memmove(rest->digit + 1, rest->digit, sizeof rest->digit - sizeof rest->digit[0]);
		rest->digit[0] = a->digit[i];
		while (big_compare_size(rest, b) >= 0) {
			*rest = big_sub_size(rest, b);
			quotient.digit[i]++;
		}
	}
	return quotient;
}

/* 2^0 to 2^127, by doubling. */
static struct big powers[128];

static int make_powers(void **state)
{
	(void)state;
	powers[0] = (struct big){.digit = {1}};
	for (int bit = 1; bit < 128; bit++)
		powers[bit] = big_add_size(&powers[bit - 1], &powers[bit - 1]);
	return 0;
}

static struct big big_of(ts_i128 v)
{
	struct big result = {0};
	ts_u128 size = v < 0 ? -(ts_u128)v : (ts_u128)v;
	for (int bit = 0; bit < 128; bit++) {
		if ((size >> bit) & 1)
			result = big_add_size(&result, &powers[bit]);
	}
	result.negative = v < 0;
	return result;
}

/* Whether v lies in [min, max]. */
static bool big_in(const struct big *v, ts_i128 min, ts_i128 max)
{
	struct big bound = big_of(v->negative ? min : max);
	return big_is_zero(v) || big_compare_size(v, &bound) <= 0;
}

#define I128_MAX ((ts_i128)(~(ts_u128)0 >> 1))
#define I128_MIN (-I128_MAX - 1)

static bool fits_128(const struct big *v)
{
	return big_in(v, I128_MIN, I128_MAX);
}

static struct big big_muldiv(ts_i128 a, ts_i128 b, ts_i128 divisor, enum ts_rounding rounding)
{
	struct big x = big_of(a), y = big_of(b), d = big_of(divisor), rest;
	struct big product = big_multiply(&x, &y);
	struct big quotient = big_divide(&product, &d, &rest);
	struct big twice = big_add_size(&rest, &rest);
	int half = big_compare_size(&twice, &d);
	bool up = rounding == TS_ROUND_UP && !big_is_zero(&rest);
	up = up || (rounding == TS_ROUND_HALF_AWAY && half >= 0);
	up = up || (rounding == TS_ROUND_HALF_EVEN && half > 0);
	up = up || (rounding == TS_ROUND_HALF_EVEN && half == 0 && quotient.digit[0] % 2 == 1);
	if (up)
		quotient = big_add_size(&quotient, &powers[0]);
	quotient.negative = product.negative;
	return quotient;
}

struct operands {
	ts_i128 a, b, d;
};

/* A third each: any sizes; quotients near the border of 128 bits; exact halves. */
static struct operands draw(struct ts_rng *rng)
{
	struct operands o = {ts_rng_i128(rng, 127), ts_rng_i128(rng, 127), 0};
	uint64_t kind = ts_rng_below(rng, 3);
	if (kind == 0)
		o.d = ts_rng_i128(rng, 127);
	else if (kind == 1)
		o.d = (ts_rng_next(rng) & 1 ? o.a : o.b) / 2 + ts_rng_range(rng, -3, 3);
	else
		o.d = o.b / 2 * 2;
	if (kind == 2) { /* a * b / d = odd * (d/2) / d: a half, or one beside it */
		o.b = o.d / 2 + ts_rng_range(rng, -1, 1) * (ts_rng_below(rng, 3) == 0);
		o.a |= 1;
	}
	if (o.d == I128_MIN)
		o.d = I128_MAX;
	o.d = o.d < 0 ? -o.d : o.d;
	o.d = o.d == 0 ? 1 : o.d;
	return o;
}

static void print_case(const char *what, ts_i128 a, ts_i128 b, ts_i128 d)
{
	char x[TS_I128_CHARS], y[TS_I128_CHARS], z[TS_I128_CHARS];
	print_message("%s %s %s %s\n", what, ts_i128_format(a, x), ts_i128_format(b, y),
		ts_i128_format(d, z));
}

/* True when code and oracle agree on error and value. */
static bool agrees(enum ts_err err, ts_i128 got, const struct big *expected, bool fits)
{
	if (!fits)
		return err == TS_E_OVERFLOW;
	struct big value = big_of(got);
	return err == TS_OK && big_equal(&value, expected);
}

static void muldiv_matches(void **state)
{
	(void)state;
	struct ts_rng rng = ts_rng_create(ts_seed(20250701));
	int overflows = 0, halves = 0;
	for (int i = 0; i < CASES; i++) {
		struct operands o = draw(&rng);
		enum ts_rounding rounding = (enum ts_rounding)(i % 4);
		struct big expected = big_muldiv(o.a, o.b, o.d, rounding);
		ts_i128 got = 0;
		enum ts_err err = ts_muldiv(o.a, o.b, o.d, rounding, &got);
		bool fits = fits_128(&expected);
		if (!agrees(err, got, &expected, fits)) {
			print_case("muldiv", o.a, o.b, o.d);
			fail_msg("rounding %d: %s", (int)rounding, ts_err_code(err));
		}
		ts_i128 even = 0, away = 0;
		overflows += !fits;
		halves += ts_muldiv(o.a, o.b, o.d, TS_ROUND_HALF_EVEN, &even) == TS_OK &&
			  ts_muldiv(o.a, o.b, o.d, TS_ROUND_HALF_AWAY, &away) == TS_OK &&
			  even != away;
	}
	print_message("%d cases, %d overflow, %d exact halves to even\n", CASES, overflows, halves);
	assert_true(overflows > CASES / 20 && overflows < CASES / 2);
	assert_true(halves > CASES / 100);
}

static void sums_and_products_match(void **state)
{
	(void)state;
	struct ts_rng rng = ts_rng_create(ts_seed(20250702));
	for (int i = 0; i < CASES; i++) {
		ts_i128 a = ts_rng_i128(&rng, 127);
		ts_i128 b = ts_rng_i128(&rng, i % 2 ? 127 : 64);
		struct big x = big_of(a), y = big_of(b), minus = y;
		minus.negative = !minus.negative;
		struct big sum = big_add(&x, &y);
		struct big difference = big_add(&x, &minus);
		struct big product = big_multiply(&x, &y);
		ts_i128 v = 0;
		enum ts_err err = ts_add128(a, b, &v);
		bool same = agrees(err, v, &sum, fits_128(&sum));
		err = ts_sub128(a, b, &v);
		same = same && agrees(err, v, &difference, fits_128(&difference));
		err = ts_mul128(a, b, &v);
		same = same && agrees(err, v, &product, fits_128(&product));
		if (!same) {
			print_case("128", a, b, 0);
			fail();
		}
	}
}

static void sums_and_products_match_64(void **state)
{
	(void)state;
	struct ts_rng rng = ts_rng_create(ts_seed(20250703));
	for (int i = 0; i < CASES; i++) {
		int64_t a = (int64_t)ts_rng_i128(&rng, 63);
		int64_t b = (int64_t)ts_rng_i128(&rng, i % 2 ? 63 : 32);
		if (i % 100 == 0)
			a = INT64_MIN;
		struct big x = big_of(a), y = big_of(b), minus = y;
		minus.negative = !minus.negative;
		struct big sum = big_add(&x, &y);
		struct big difference = big_add(&x, &minus);
		struct big product = big_multiply(&x, &y);
		int64_t v = 0;
		enum ts_err err = ts_add64(a, b, &v);
		bool same = agrees(err, v, &sum, big_in(&sum, INT64_MIN, INT64_MAX));
		err = ts_sub64(a, b, &v);
		same = same &&
		       agrees(err, v, &difference, big_in(&difference, INT64_MIN, INT64_MAX));
		err = ts_mul64(a, b, &v);
		same = same && agrees(err, v, &product, big_in(&product, INT64_MIN, INT64_MAX));
		if (!same) {
			print_case("64", a, b, 0);
			fail();
		}
	}
}

/* The oracle's spelling of v / 10^point. */
static void big_print(const struct big *v, int point, char *out)
{
	int top = DIGITS - 1;
	while (top > point && v->digit[top] == 0)
		top--;
	if (v->negative && !big_is_zero(v))
		*out++ = '-';
	for (int i = top; i >= 0; i--) {
		*out++ = (char)('0' + v->digit[i]);
		if (i == point && point > 0)
			*out++ = '.';
	}
	*out = '\0';
}

static void text_matches(void **state)
{
	(void)state;
	struct ts_rng rng = ts_rng_create(ts_seed(20250704));
	for (int i = 0; i < CASES; i++) {
		ts_i128 v = ts_rng_i128(&rng, 127);
		struct big expected = big_of(v);
		char text[DIGITS + 3];
		char out[TS_I128_CHARS];
		big_print(&expected, 0, text);
		assert_string_equal(ts_i128_format(v, out), text);
		ts_i128 back = 0;
		assert_ok(ts_i128_parse(ts_str(text), &back));
		assert_true(back == v);
		char point[TS_DECIMAL_CHARS];
		struct ts_decimal decimal = {v}, again = {0};
		big_print(&expected, 12, text);
		assert_string_equal(ts_decimal_format(decimal, 12, point), text);
		assert_ok(ts_decimal_parse(ts_str(text), &again));
		assert_true(again.pico == v);
		assert_ok(ts_decimal_parse(ts_str(ts_decimal_format(decimal, 0, point)), &again));
		assert_true(again.pico == v);
	}
}

static void border_of_text_matches(void **state)
{
	(void)state;
	struct ts_rng rng = ts_rng_create(ts_seed(20250705));
	for (int i = 0; i < CASES; i++) {
		/* Around +-2^127 in steps that a naive bound check would miss. */
		struct big v = big_of(i % 2 ? I128_MIN : I128_MAX);
		struct big step = big_of(ts_rng_i128(&rng, 20));
		v = big_add(&v, &step);
		char text[DIGITS + 3];
		big_print(&v, 0, text);
		ts_i128 got = 0;
		enum ts_err err = ts_i128_parse(ts_str(text), &got);
		assert_true(agrees(err, got, &v, fits_128(&v)));
		big_print(&v, 12, text);
		struct ts_decimal decimal = {0};
		err = ts_decimal_parse(ts_str(text), &decimal);
		assert_true(agrees(err, decimal.pico, &v, fits_128(&v)));
	}
}

static void ratio_matches(void **state)
{
	(void)state;
	struct ts_rng rng = ts_rng_create(ts_seed(20250706));
	for (int i = 0; i < CASES / 4; i++) {
		struct operands o = draw(&rng);
		int decimals = i % 13;
		ts_i128 scale = 1;
		for (int k = 0; k < decimals; k++)
			scale *= 10;
		struct big expected = big_muldiv(o.a, scale, o.d, TS_ROUND_HALF_AWAY);
		char text[DIGITS + 3];
		big_print(&expected, decimals, text);
		size_t len = strlen(text);
		while (decimals > 0 && text[len - 1] == '0')
			text[--len] = '\0';
		if (decimals > 0 && text[len - 1] == '.')
			text[--len] = '\0';
		char out[TS_DECIMAL_CHARS];
		if (strcmp(ts_ratio_format(o.a, o.d, decimals, out), text) != 0) {
			print_case("ratio", o.a, 0, o.d);
			fail_msg("%s is not %s (%d)", out, text, decimals);
		}
	}
}

/* Wrong implementations, each with one fault of a kind that real code had. */
static enum ts_err wrong_muldiv(
	int fault, ts_i128 a, ts_i128 b, ts_i128 d, enum ts_rounding rounding, ts_i128 *out)
{
	if (fault == 0) { /* the product wraps at 128 bits */
		ts_u128 product = (ts_u128)a * (ts_u128)b;
		return ts_muldiv((ts_i128)product, 1, d, rounding, out);
	}
	if (fault == 1) /* another rounding at halves */
		rounding = rounding == TS_ROUND_HALF_EVEN ? TS_ROUND_HALF_AWAY : rounding;
	if (fault == 2) /* up means toward plus infinity */
		rounding = rounding == TS_ROUND_UP && (a < 0) != (b < 0) ? TS_ROUND_DOWN : rounding;
	if (fault == 3) { /* divides first */
		*out = a / d;
		return ts_mul128(*out, b, out);
	}
	enum ts_err err = ts_muldiv(a, b, d, rounding, out);
	if (fault == 4 && err == TS_E_OVERFLOW) { /* saturates */
		*out = I128_MAX;
		err = TS_OK;
	}
	if (fault == 5 && err == TS_OK) /* one bit */
		*out ^= 1;
	if (fault == 6 && err == TS_OK && *out < 0) /* the sign is lost */
		*out = *out == I128_MIN ? I128_MAX : -*out;
	return err;
}

static void oracle_bites(void **state)
{
	(void)state;
	for (int fault = 0; fault <= 7; fault++) {
		struct ts_rng rng = ts_rng_create(ts_seed(20250707));
		int found = 0;
		for (int i = 0; i < 1000; i++) {
			struct operands o = draw(&rng);
			enum ts_rounding rounding = (enum ts_rounding)(i % 4);
			struct big expected = big_muldiv(o.a, o.b, o.d, rounding);
			ts_i128 got = 0;
			enum ts_err err = wrong_muldiv(fault, o.a, o.b, o.d, rounding, &got);
			found += !agrees(err, got, &expected, fits_128(&expected));
		}
		print_message("fault %d found in %d of 1000 cases\n", fault, found);
		if (fault == 7) /* no fault: the control */
			assert_int_equal(found, 0);
		else
			assert_true(found >= 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(muldiv_matches),
		cmocka_unit_test(sums_and_products_match),
		cmocka_unit_test(sums_and_products_match_64),
		cmocka_unit_test(text_matches),
		cmocka_unit_test(border_of_text_matches),
		cmocka_unit_test(ratio_matches),
		cmocka_unit_test(oracle_bites),
	};
	return cmocka_run_group_tests(tests, make_powers, NULL);
}
