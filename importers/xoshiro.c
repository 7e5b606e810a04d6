/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/xoshiro.h"
#include "base/num.h"

#define LN2_Q32 UINT64_C(2977044472) /* ln 2 * 2^32 */

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

void ts_xoshiro_seed(struct ts_xoshiro *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		uint64_t z = seed;
		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		rng->s[i] = z ^ (z >> 31);
	}
}

uint64_t ts_xoshiro_next(struct ts_xoshiro *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t ts_xoshiro_below(struct ts_xoshiro *rng, uint64_t n)
{
	TS_ASSERT(n > 0);
	uint64_t reject = (UINT64_MAX - n + 1) % n; /* 2^64 mod n */
	uint64_t x = ts_xoshiro_next(rng);
	while (x < reject)
		x = ts_xoshiro_next(rng);
	return x % n;
}

/* -log2(u / 2^64) in 2^-32, by squaring the mantissa one bit at a time. */
static uint64_t minus_log2_q32(uint64_t u)
{
	int zeros = __builtin_clzll(u);
	uint64_t mantissa = u << zeros; /* in [2^63, 2^64): 1.x */
	uint64_t fraction = 0;
	for (int i = 0; i < 32; i++) {
		ts_u128 square = (ts_u128)mantissa * mantissa; /* in [2^126, 2^128) */
		bool carry = (square >> 127) != 0;
		mantissa = (uint64_t)(square >> (carry ? 64 : 63));
		fraction = fraction << 1 | (carry ? 1 : 0);
	}
	return ((uint64_t)(zeros + 1) << 32) - fraction;
}

int64_t ts_xoshiro_exponential(struct ts_xoshiro *rng, int64_t mean)
{
	TS_ASSERT(mean >= 0 && mean <= INT64_C(1) << 50);
	uint64_t u = ts_xoshiro_next(rng);
	while (u == 0)
		u = ts_xoshiro_next(rng);
	/* at most 64 ln 2 = 44.4 times the mean */
	uint64_t minus_ln = (uint64_t)((ts_u128)minus_log2_q32(u) * LN2_Q32 >> 32);
	return (int64_t)((ts_u128)minus_ln * (uint64_t)mean >> 32);
}
