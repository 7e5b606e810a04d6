/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"
#include <string.h>

#define U128_MAX (~(ts_u128)0)
#define I128_MAX ((ts_i128)(U128_MAX >> 1))
#define I128_MIN (-I128_MAX - 1)

static const char *const rounding_names[] = {
	[TS_ROUND_HALF_AWAY] = "half_away_from_zero",
	[TS_ROUND_HALF_EVEN] = "half_even",
	[TS_ROUND_DOWN] = "down",
	[TS_ROUND_UP] = "up",
};

enum ts_err ts_rounding_parse(struct ts_str text, enum ts_rounding *out)
{
	for (size_t i = 0; i < sizeof rounding_names / sizeof rounding_names[0]; i++) {
		if (ts_str_is(text, rounding_names[i])) {
			*out = (enum ts_rounding)i;
			return TS_OK;
		}
	}
	return TS_E_MALFORMED;
}

const char *ts_rounding_name(enum ts_rounding rounding)
{
	TS_ASSERT((size_t)rounding < sizeof rounding_names / sizeof rounding_names[0]);
	return rounding_names[rounding];
}

enum ts_err ts_add64(int64_t a, int64_t b, int64_t *out)
{
	int64_t v = 0;
	if (__builtin_add_overflow(a, b, &v))
		return TS_E_OVERFLOW;
	*out = v;
	return TS_OK;
}

enum ts_err ts_sub64(int64_t a, int64_t b, int64_t *out)
{
	int64_t v = 0;
	if (__builtin_sub_overflow(a, b, &v))
		return TS_E_OVERFLOW;
	*out = v;
	return TS_OK;
}

enum ts_err ts_mul64(int64_t a, int64_t b, int64_t *out)
{
	int64_t v = 0;
	if (__builtin_mul_overflow(a, b, &v))
		return TS_E_OVERFLOW;
	*out = v;
	return TS_OK;
}

enum ts_err ts_add128(ts_i128 a, ts_i128 b, ts_i128 *out)
{
	ts_i128 v = 0;
	if (__builtin_add_overflow(a, b, &v))
		return TS_E_OVERFLOW;
	*out = v;
	return TS_OK;
}

enum ts_err ts_sub128(ts_i128 a, ts_i128 b, ts_i128 *out)
{
	ts_i128 v = 0;
	if (__builtin_sub_overflow(a, b, &v))
		return TS_E_OVERFLOW;
	*out = v;
	return TS_OK;
}

static ts_u128 magnitude(ts_i128 v)
{
	return v < 0 ? -(ts_u128)v : (ts_u128)v;
}

static enum ts_err with_sign(ts_u128 size, bool negative, ts_i128 *out)
{
	if (size > (ts_u128)I128_MAX + (negative ? 1 : 0))
		return TS_E_OVERFLOW;
	if (!negative)
		*out = (ts_i128)size;
	else
		*out = size == 0 ? 0 : -(ts_i128)(size - 1) - 1;
	return TS_OK;
}

/* The exact product of two 128-bit numbers. */
struct u256 {
	ts_u128 high;
	ts_u128 low;
};

static struct u256 multiply(ts_u128 a, ts_u128 b)
{
	uint64_t a1 = (uint64_t)(a >> 64), a0 = (uint64_t)a;
	uint64_t b1 = (uint64_t)(b >> 64), b0 = (uint64_t)b;
	ts_u128 low = (ts_u128)a0 * b0;
	ts_u128 mid = (ts_u128)a1 * b0 + (low >> 64); /* at most (2^64-1)^2 + 2^64-1: fits */
	ts_u128 mid2 = (ts_u128)a0 * b1 + (uint64_t)mid;
	return (struct u256){
		.high = (ts_u128)a1 * b1 + (mid >> 64) + (mid2 >> 64),
		.low = (mid2 << 64) | (uint64_t)low,
	};
}

/* Without the compiler's own 128-bit overflow check: clang lowers that to a call of its runtime
 * library, which a gcc link does not have. */
enum ts_err ts_mul128(ts_i128 a, ts_i128 b, ts_i128 *out)
{
	struct u256 product = multiply(magnitude(a), magnitude(b));
	if (product.high != 0)
		return TS_E_OVERFLOW;
	return with_sign(product.low, (a < 0) != (b < 0), out);
}

/* n / d by long division, one bit a step. Needs n.high < d (else the quotient has more than 128
 * bits) and d < 2^127 (so that a doubled remainder fits). */
static ts_u128 divide(struct u256 n, ts_u128 d, ts_u128 *remainder)
{
	TS_ASSERT(n.high < d && d <= (ts_u128)I128_MAX);
	if (n.high == 0) {
		*remainder = n.low % d;
		return n.low / d;
	}
	ts_u128 rest = n.high;
	ts_u128 quotient = 0;
	for (int bit = 127; bit >= 0; bit--) {
		rest = (rest << 1) | ((n.low >> bit) & 1);
		quotient <<= 1;
		if (rest >= d) {
			rest -= d;
			quotient |= 1;
		}
	}
	*remainder = rest;
	return quotient;
}

/* Whether the size of a quotient goes up by one, given what is left of the divisor d. */
static bool rounds_up(enum ts_rounding rounding, ts_u128 quotient, ts_u128 rest, ts_u128 d)
{
	TS_ASSERT(rest < d);
	switch (rounding) {
	case TS_ROUND_HALF_AWAY:
		return rest >= d - rest;
	case TS_ROUND_HALF_EVEN:
		return rest > d - rest || (rest == d - rest && (quotient & 1) != 0);
	case TS_ROUND_DOWN:
		return false;
	case TS_ROUND_UP:
		return rest != 0;
	}
	return false;
}

enum ts_err ts_muldiv(
	ts_i128 a, ts_i128 b, ts_i128 divisor, enum ts_rounding rounding, ts_i128 *out)
{
	if (divisor <= 0)
		return TS_E_RANGE;
	ts_u128 d = (ts_u128)divisor;
	struct u256 product = multiply(magnitude(a), magnitude(b));
	if (product.high >= d)
		return TS_E_OVERFLOW;
	ts_u128 rest = 0;
	ts_u128 quotient = divide(product, d, &rest);
	if (rounds_up(rounding, quotient, rest, d)) {
		if (quotient == U128_MAX)
			return TS_E_OVERFLOW;
		quotient++;
	}
	return with_sign(quotient, (a < 0) != (b < 0), out);
}

enum ts_err ts_to64(ts_i128 a, int64_t *out)
{
	if (a < INT64_MIN || a > INT64_MAX)
		return TS_E_OVERFLOW;
	*out = (int64_t)a;
	return TS_OK;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Appends the digits to *v. */
static enum ts_err take_digits(struct ts_str digits, ts_u128 *v)
{
	for (size_t i = 0; i < digits.len; i++) {
		unsigned digit = (unsigned)(digits.at[i] - '0');
		if (*v > (U128_MAX - digit) / 10)
			return TS_E_OVERFLOW;
		*v = *v * 10 + digit;
	}
	return TS_OK;
}

/* Splits `-?(0|[1-9][0-9]*)` off the front of *text. */
static enum ts_err split_integer(struct ts_str *text, bool *negative, struct ts_str *digits)
{
	struct ts_str rest = *text;
	*negative = rest.len > 0 && rest.at[0] == '-';
	if (*negative)
		rest = (struct ts_str){rest.at + 1, rest.len - 1};
	size_t n = 0;
	while (n < rest.len && is_digit(rest.at[n]))
		n++;
	if (n == 0 || (n > 1 && rest.at[0] == '0'))
		return TS_E_MALFORMED;
	*digits = (struct ts_str){rest.at, n};
	*text = (struct ts_str){rest.at + n, rest.len - n};
	return TS_OK;
}

enum ts_err ts_i128_parse(struct ts_str text, ts_i128 *out)
{
	bool negative = false;
	struct ts_str digits = {0};
	TS_TRY(split_integer(&text, &negative, &digits));
	if (text.len != 0 || (negative && digits.at[0] == '0'))
		return TS_E_MALFORMED;
	ts_u128 size = 0;
	TS_TRY(take_digits(digits, &size));
	return with_sign(size, negative, out);
}

enum ts_err ts_decimal_parse(struct ts_str text, struct ts_decimal *out)
{
	bool negative = false;
	struct ts_str digits = {0};
	TS_TRY(split_integer(&text, &negative, &digits));
	struct ts_str fraction = {0};
	if (text.len != 0) {
		fraction = (struct ts_str){text.at + 1, text.len - 1};
		if (text.at[0] != '.' || fraction.len < 1 || fraction.len > 12)
			return TS_E_MALFORMED;
	}
	for (size_t i = 0; i < fraction.len; i++) {
		if (!is_digit(fraction.at[i]))
			return TS_E_MALFORMED;
	}
	ts_u128 size = 0;
	TS_TRY(take_digits(digits, &size));
	TS_TRY(take_digits(fraction, &size));
	struct ts_str zeros = {"000000000000", 12 - fraction.len};
	TS_TRY(take_digits(zeros, &size));
	return with_sign(size, negative, &out->pico);
}

/* Writes the digits of v without NUL, at least `width`; returns what is behind the last one. */
static char *put_digits(char *at, ts_u128 v, int width)
{
	char reversed[40];
	int n = 0;
	do {
		reversed[n++] = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v != 0 || n < width);
	while (n > 0)
		*at++ = reversed[--n];
	return at;
}

const char *ts_i128_format(ts_i128 v, char out[TS_I128_CHARS])
{
	char *at = out;
	if (v < 0)
		*at++ = '-';
	at = put_digits(at, magnitude(v), 1);
	*at = '\0';
	TS_ASSERT(at - out < TS_I128_CHARS);
	return out;
}

static ts_u128 power_of_ten(int exponent)
{
	ts_u128 v = 1;
	for (int i = 0; i < exponent; i++)
		v *= 10;
	return v;
}

/* whole and fraction / 10^decimals; cuts trailing zeros down to decimals_min. */
static const char *put_fixed(bool negative, ts_u128 whole, ts_u128 fraction, int decimals,
	int decimals_min, char out[TS_DECIMAL_CHARS])
{
	while (decimals > decimals_min && fraction % 10 == 0) {
		fraction /= 10;
		decimals--;
	}
	char *at = out;
	if (negative && (whole != 0 || fraction != 0))
		*at++ = '-';
	at = put_digits(at, whole, 1);
	if (decimals > 0) {
		*at++ = '.';
		at = put_digits(at, fraction, decimals);
	}
	*at = '\0';
	TS_ASSERT(at - out < TS_DECIMAL_CHARS);
	return out;
}

const char *ts_decimal_format(struct ts_decimal v, int decimals_min, char out[TS_DECIMAL_CHARS])
{
	TS_ASSERT(decimals_min >= 0 && decimals_min <= 12);
	ts_u128 size = magnitude(v.pico);
	ts_u128 unit = (ts_u128)TS_PICO;
	return put_fixed(v.pico < 0, size / unit, size % unit, 12, decimals_min, out);
}

const char *ts_ratio_format(
	ts_i128 value, ts_i128 divisor, int decimals, char out[TS_DECIMAL_CHARS])
{
	TS_ASSERT(divisor > 0 && decimals >= 0 && decimals <= 12);
	ts_u128 d = (ts_u128)divisor;
	ts_u128 whole = magnitude(value) / d;
	ts_u128 scale = power_of_ten(decimals);
	ts_u128 rest = 0;
	struct u256 scaled = multiply(magnitude(value) % d, scale);
	ts_u128 fraction = divide(scaled, d, &rest);
	if (rounds_up(TS_ROUND_HALF_AWAY, fraction, rest, d))
		fraction++;
	if (fraction == scale) {
		fraction = 0;
		whole++;
	}
	return put_fixed(value < 0, whole, fraction, decimals, 0, out);
}
