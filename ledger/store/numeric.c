/* SPDX-License-Identifier: Apache-2.0 */
#include "store/numeric.h"
#include <string.h>

#define NUMERIC_NEGATIVE 0x4000
#define NUMERIC_BASE 10000
#define DIGITS_MAX 20 /* 256 bits are 78 decimal digits */

static void put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* digits: least significant first. */
static size_t put_digits(const uint16_t *digits, size_t n, bool negative, uint8_t *out)
{
	size_t low = 0;

	while (n > 0 && digits[n - 1] == 0)
		n--;
	while (low < n && digits[low] == 0)
		low++;
	put16(out, (unsigned)(n - low));
	put16(out + 2, n == 0 ? 0 : (unsigned)(n - 1)); /* weight of the first digit */
	put16(out + 4, negative && n > 0 ? NUMERIC_NEGATIVE : 0);
	put16(out + 6, 0); /* no digits behind the point */
	for (size_t i = n; i > low; i--)
		put16(out + 8 + 2 * (n - i), digits[i - 1]);
	return 8 + 2 * (n - low);
}

size_t ts_numeric_encode(ts_i128 v, uint8_t out[TS_NUMERIC_BYTES_MAX])
{
	ts_u128 u = v < 0 ? -(ts_u128)v : (ts_u128)v;
	uint16_t digits[10];
	size_t n = 0;

	for (; u > 0; u /= NUMERIC_BASE)
		digits[n++] = (uint16_t)(u % NUMERIC_BASE);
	return put_digits(digits, n, v < 0, out);
}

size_t ts_numeric_encode_digest(const struct ts_digest *v, uint8_t out[TS_NUMERIC_DIGEST_BYTES_MAX])
{
	uint32_t words[8];
	uint16_t digits[DIGITS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < 4; i++) {
		words[2 * i] = (uint32_t)v->w[i];
		words[2 * i + 1] = (uint32_t)(v->w[i] >> 32);
	}
	for (size_t top = 8; n < DIGITS_MAX;) {
		uint64_t rest = 0;

		while (top > 0 && words[top - 1] == 0)
			top--;
		if (top == 0)
			break;
		for (size_t i = top; i > 0; i--) {
			rest = rest << 32 | words[i - 1];
			words[i - 1] = (uint32_t)(rest / NUMERIC_BASE);
			rest %= NUMERIC_BASE;
		}
		digits[n++] = (uint16_t)rest;
	}
	return put_digits(digits, n, false, out);
}

/* Checks the head; *weight = weight of the first digit, digits follow at bytes + 8. */
static enum ts_err numeric_head(
	const uint8_t *at, size_t len, size_t *n, size_t *weight, bool *minus)
{
	if (len < 8)
		return TS_E_MALFORMED;
	*n = get16(at);
	*weight = get16(at + 2);
	*minus = get16(at + 4) == NUMERIC_NEGATIVE;
	if (len != 8 + 2 * *n || (!*minus && get16(at + 4) != 0))
		return TS_E_MALFORMED;
	if (*n > 0 && (*weight >= DIGITS_MAX || *n > *weight + 1))
		return *weight >= DIGITS_MAX && *weight < 0x8000 ? TS_E_OVERFLOW : TS_E_MALFORMED;
	for (size_t i = 0; i < *n; i++)
		if (get16(at + 8 + 2 * i) >= NUMERIC_BASE)
			return TS_E_MALFORMED;
	return TS_OK;
}

enum ts_err ts_numeric_decode(const void *bytes, size_t len, ts_i128 *out)
{
	const uint8_t *at = bytes;
	size_t n = 0, weight = 0;
	bool minus = false;
	ts_i128 v = 0;

	TS_TRY(numeric_head(at, len, &n, &weight, &minus));
	if (n == 0) {
		*out = 0;
		return TS_OK;
	}
	for (size_t i = 0; i <= weight; i++) {
		ts_i128 digit = i < n ? get16(at + 8 + 2 * i) : 0;

		/* Towards the sign, so that the smallest value has no detour over a larger one. */
		if (__builtin_mul_overflow(v, (ts_i128)NUMERIC_BASE, &v) ||
			__builtin_add_overflow(v, minus ? -digit : digit, &v))
			return TS_E_OVERFLOW;
	}
	*out = v;
	return TS_OK;
}

enum ts_err ts_numeric_decode_digest(const void *bytes, size_t len, struct ts_digest *out)
{
	const uint8_t *at = bytes;
	size_t n = 0, weight = 0;
	bool minus = false;
	struct ts_digest v = {{0}};

	TS_TRY(numeric_head(at, len, &n, &weight, &minus));
	if (minus)
		return TS_E_MALFORMED;
	for (size_t i = 0; n > 0 && i <= weight; i++) {
		ts_u128 carry = i < n ? get16(at + 8 + 2 * i) : 0;

		for (size_t w = 0; w < 4; w++) {
			carry += (ts_u128)v.w[w] * NUMERIC_BASE;
			v.w[w] = (uint64_t)carry;
			carry >>= 64;
		}
		if (carry != 0)
			return TS_E_OVERFLOW;
	}
	*out = v;
	return TS_OK;
}
