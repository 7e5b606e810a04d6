/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/en16931/decimal.h"
#include <stdio.h>
#include <string.h>

#define LIMB 1000000000u

static bool is_zero(const struct ts_dec *a)
{
	for (int i = 0; i < TS_DEC_LIMBS; i++) {
		if (a->limbs[i] != 0)
			return false;
	}
	return true;
}

/* limbs = limbs * by + plus. */
static void scale_up(struct ts_dec *a, uint32_t by, uint32_t plus)
{
	uint64_t carry = plus;
	for (int i = 0; i < TS_DEC_LIMBS; i++) {
		carry += (uint64_t)a->limbs[i] * by;
		a->limbs[i] = (uint32_t)(carry % LIMB);
		carry /= LIMB;
	}
	TS_ASSERT(carry == 0); /* TS_DEC_DIGITS_MAX bounds every operand */
}

/* limbs = limbs / by; returns the remainder. */
static uint32_t scale_down(struct ts_dec *a, uint32_t by)
{
	uint64_t rest = 0;
	for (int i = TS_DEC_LIMBS; i-- > 0;) {
		rest = rest * LIMB + a->limbs[i];
		a->limbs[i] = (uint32_t)(rest / by);
		rest %= by;
	}
	return (uint32_t)rest;
}

static void widen(struct ts_dec *a, int scale)
{
	for (; a->scale < scale; a->scale++)
		scale_up(a, 10, 0);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool ts_dec_parse(struct ts_str text, struct ts_dec *out)
{
	struct ts_dec v = {0};
	int digits = 0;
	bool point = false, any = false;
	while (text.len && is_space(text.at[0]))
		text.at++, text.len--;
	while (text.len && is_space(text.at[text.len - 1]))
		text.len--;
	size_t i = 0;
	if (i < text.len && (text.at[i] == '-' || text.at[i] == '+'))
		v.negative = text.at[i++] == '-';
	for (; i < text.len; i++) {
		char c = text.at[i];
		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9' || ++digits > TS_DEC_DIGITS_MAX)
			return false;
		any = true;
		scale_up(&v, 10, (uint32_t)(c - '0'));
		v.scale += point;
	}
	v.negative = v.negative && !is_zero(&v);
	*out = v;
	return any;
}

struct ts_dec ts_dec_integer(int32_t value)
{
	int64_t magnitude = value < 0 ? -(int64_t)value : value;
	struct ts_dec v = {.negative = value < 0};
	v.limbs[0] = (uint32_t)(magnitude % LIMB);
	v.limbs[1] = (uint32_t)(magnitude / LIMB);
	return v;
}

static int cmp_limbs(const struct ts_dec *a, const struct ts_dec *b)
{
	for (int i = TS_DEC_LIMBS; i-- > 0;) {
		if (a->limbs[i] != b->limbs[i])
			return a->limbs[i] < b->limbs[i] ? -1 : 1;
	}
	return 0;
}

struct ts_dec ts_dec_add(struct ts_dec a, struct ts_dec b)
{
	widen(&a, b.scale);
	widen(&b, a.scale);
	struct ts_dec sum = {.scale = a.scale, .negative = a.negative};
	if (a.negative == b.negative) {
		uint32_t carry = 0;
		for (int i = 0; i < TS_DEC_LIMBS; i++) {
			uint32_t limb = a.limbs[i] + b.limbs[i] + carry;
			carry = limb >= LIMB;
			sum.limbs[i] = carry ? limb - LIMB : limb;
		}
		TS_ASSERT(carry == 0);
		return sum;
	}
	bool swap = cmp_limbs(&a, &b) < 0;
	const struct ts_dec *big = swap ? &b : &a, *small = swap ? &a : &b;
	uint32_t borrow = 0;
	for (int i = 0; i < TS_DEC_LIMBS; i++) {
		uint32_t take = small->limbs[i] + borrow;
		borrow = big->limbs[i] < take;
		sum.limbs[i] = big->limbs[i] + (borrow ? LIMB : 0) - take;
	}
	sum.negative = big->negative && !is_zero(&sum);
	return sum;
}

struct ts_dec ts_dec_sub(struct ts_dec a, struct ts_dec b)
{
	b.negative = !b.negative && !is_zero(&b);
	return ts_dec_add(a, b);
}

struct ts_dec ts_dec_mul(struct ts_dec a, struct ts_dec b)
{
	struct ts_dec product = {.scale = a.scale + b.scale};
	for (int i = 0; i < TS_DEC_LIMBS; i++) {
		uint64_t carry = 0;
		if (a.limbs[i] == 0)
			continue;
		for (int j = 0; j < TS_DEC_LIMBS - i; j++) {
			carry += product.limbs[i + j] + (uint64_t)a.limbs[i] * b.limbs[j];
			product.limbs[i + j] = (uint32_t)(carry % LIMB);
			carry /= LIMB;
		}
		TS_ASSERT(carry == 0);
	}
	product.negative = a.negative != b.negative && !is_zero(&product);
	return product;
}

struct ts_dec ts_dec_abs(struct ts_dec a)
{
	a.negative = false;
	return a;
}

int ts_dec_cmp(struct ts_dec a, struct ts_dec b)
{
	struct ts_dec d = ts_dec_sub(a, b);
	return d.negative ? -1 : is_zero(&d) ? 0 : 1;
}

struct ts_dec ts_dec_round(struct ts_dec a, int places)
{
	bool sticky = false;
	uint32_t digit = 0;
	if (a.scale <= places)
		return a;
	for (; a.scale > places; a.scale--) {
		sticky = sticky || digit != 0;
		digit = scale_down(&a, 10);
	}
	if (digit > 5 || (digit == 5 && (sticky || !a.negative)))
		scale_up(&a, 1, 1);
	a.negative = a.negative && !is_zero(&a);
	return a;
}

const char *ts_dec_format(struct ts_dec a, char out[TS_DEC_CHARS])
{
	char digits[TS_DEC_LIMBS * 9 + 1];
	widen(&a, 2);
	for (int i = 0; i < TS_DEC_LIMBS; i++)
		snprintf(digits + i * 9, 10, "%09u", a.limbs[TS_DEC_LIMBS - 1 - i]);
	size_t scale = (size_t)a.scale, len = sizeof digits - 1, whole = len - scale, from = 0;
	while (from + 1 < whole && digits[from] == '0')
		from++;
	while (scale > 2 && digits[whole + scale - 1] == '0')
		scale--;
	snprintf(out, TS_DEC_CHARS, "%s%.*s.%.*s", a.negative ? "-" : "", (int)(whole - from),
		digits + from, (int)scale, digits + whole);
	return out;
}
