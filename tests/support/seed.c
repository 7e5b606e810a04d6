/* SPDX-License-Identifier: Apache-2.0 */
#include "support/seed.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t ts_seed(uint64_t seed_default)
{
	uint64_t seed = seed_default;
	const char *text = getenv("TS_SEED");
	if (text && *text)
		seed = strtoull(text, NULL, 10);
	printf("seed: %" PRIu64 " (TS_SEED)\n", seed);
	fflush(stdout);
	return seed;
}

static uint64_t splitmix(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = *state;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

struct ts_rng ts_rng_create(uint64_t seed)
{
	struct ts_rng rng;
	for (size_t i = 0; i < 4; i++)
		rng.s[i] = splitmix(&seed);
	return rng;
}

static uint64_t rotate(uint64_t v, int bits)
{
	return (v << bits) | (v >> (64 - bits));
}

uint64_t ts_rng_next(struct ts_rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t ts_rng_below(struct ts_rng *rng, uint64_t bound)
{
	TS_ASSERT(bound > 0);
	uint64_t limit = UINT64_MAX - UINT64_MAX % bound; /* a multiple of bound */
	uint64_t v = ts_rng_next(rng);
	while (v >= limit)
		v = ts_rng_next(rng);
	return v % bound;
}

int64_t ts_rng_range(struct ts_rng *rng, int64_t min, int64_t max)
{
	TS_ASSERT(min <= max);
	uint64_t span = (uint64_t)max - (uint64_t)min;
	uint64_t v = span == UINT64_MAX ? ts_rng_next(rng) : ts_rng_below(rng, span + 1);
	return (int64_t)((uint64_t)min + v);
}

ts_i128 ts_rng_i128(struct ts_rng *rng, int bits)
{
	TS_ASSERT(bits >= 0 && bits <= 127);
	int length = (int)ts_rng_below(rng, (uint64_t)bits + 1);
	ts_u128 top = length == 0 ? 0 : (ts_u128)1 << (length - 1); /* the leading bit */
	ts_u128 v = ((ts_u128)ts_rng_next(rng) << 64) | ts_rng_next(rng);
	uint64_t kind = ts_rng_below(rng, 32);
	if (length == 0)
		v = 0;
	else if (kind == 0)
		v = top; /* 10...0 */
	else if (kind == 1)
		v = top | (top - 1); /* 11...1 */
	else if (kind == 2)
		v = top | 1;
	else if (kind == 3 && bits == 127)
		return -(ts_i128)(~(ts_u128)0 >> 1) - 1;
	else
		v = top | (v & (top - 1));
	return ts_rng_next(rng) & 1 ? -(ts_i128)v : (ts_i128)v;
}
