/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_PAPER_H
#define TS_TESTS_PAPER_H
/* Why: what a line must cost, worked out as on paper: whole numbers as decimal digits, added,
 * multiplied and divided by the rules of school, rounded by looking at the rest. Shares no step
 * with the code under test. Not negative; one file, included by one test. */
#include "support/test.h"
#include "base/num.h"
#include <stdbool.h>
#include <string.h>

#define PAPER_DIGITS 72

struct paper {
	int digit[PAPER_DIGITS]; /* least first */
	int n; /* digits in use; 0 for zero */
};

static inline struct paper paper_trim(struct paper a)
{
	a.n = PAPER_DIGITS;
	while (a.n > 0 && a.digit[a.n - 1] == 0)
		a.n--;
	return a;
}

static inline struct paper paper_of(ts_i128 v)
{
	struct paper a = {0};
	assert_true(v >= 0);
	for (; v > 0; v /= 10)
		a.digit[a.n++] = (int)(v % 10);
	return a;
}

static inline struct paper paper_ten_to(int exponent)
{
	struct paper a = {.n = exponent + 1};
	a.digit[exponent] = 1;
	return a;
}

static inline int paper_compare(const struct paper *a, const struct paper *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (int i = a->n - 1; i >= 0; i--) {
		if (a->digit[i] != b->digit[i])
			return a->digit[i] < b->digit[i] ? -1 : 1;
	}
	return 0;
}

static inline struct paper paper_add(struct paper a, struct paper b)
{
	int carry = 0;
	for (int i = 0; i < PAPER_DIGITS; i++) {
		carry += a.digit[i] + b.digit[i];
		a.digit[i] = carry % 10;
		carry /= 10;
	}
	assert_int_equal(carry, 0);
	return paper_trim(a);
}

/* a - b for a >= b. */
static inline struct paper paper_subtract(struct paper a, const struct paper *b)
{
	int borrow = 0;
	for (int i = 0; i < a.n; i++) {
		int d = a.digit[i] - (i < b->n ? b->digit[i] : 0) - borrow;
		borrow = d < 0;
		a.digit[i] = d < 0 ? d + 10 : d;
	}
	assert_int_equal(borrow, 0);
	while (a.n > 0 && a.digit[a.n - 1] == 0)
		a.n--;
	return a;
}

static inline struct paper paper_multiply(struct paper a, struct paper b)
{
	struct paper product = {0};
	assert_true(a.n + b.n <= PAPER_DIGITS);
	for (int i = 0; i < a.n; i++) {
		int carry = 0;
		for (int k = 0; k < b.n || carry > 0; k++) {
			carry += product.digit[i + k] + (k < b.n ? a.digit[i] * b.digit[k] : 0);
			product.digit[i + k] = carry % 10;
			carry /= 10;
		}
	}
	return paper_trim(product);
}

/* a / b, rounded. */
static inline struct paper paper_divide(struct paper a, struct paper b, enum ts_rounding rounding)
{
	struct paper quotient = {0}, rest = {0}, one = paper_ten_to(0);
	assert_true(b.n > 0);
	for (int i = a.n - 1; i >= 0; i--) {
		memmove(rest.digit + 1, rest.digit, sizeof rest.digit - sizeof rest.digit[0]);
		rest.digit[0] = a.digit[i];
		rest = paper_trim(rest);
		while (paper_compare(&rest, &b) >= 0) {
			rest = paper_subtract(rest, &b);
			quotient.digit[i]++;
		}
	}
	quotient = paper_trim(quotient);
	struct paper twice = paper_add(rest, rest);
	int half = paper_compare(&twice, &b); /* the rest against one half */
	bool odd = quotient.digit[0] % 2 == 1;
	bool up = rounding == TS_ROUND_UP          ? rest.n > 0
		  : rounding == TS_ROUND_HALF_AWAY ? half >= 0
		  : rounding == TS_ROUND_HALF_EVEN ? half > 0 || (half == 0 && odd)
						   : false;
	return up ? paper_add(quotient, one) : quotient;
}

/* False when it does not fit. */
static inline bool paper_to64(const struct paper *a, int64_t *out)
{
	struct paper max = paper_of(INT64_MAX);
	if (paper_compare(a, &max) > 0)
		return false;
	int64_t v = 0;
	for (int i = a->n - 1; i >= 0; i--)
		v = v * 10 + a->digit[i];
	*out = v;
	return true;
}

#endif
