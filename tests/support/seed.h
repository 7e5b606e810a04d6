/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SUPPORT_SEED_H
#define TS_SUPPORT_SEED_H
/* Why: random tests must be repeatable. The seed is fixed by default, taken from the environment
 * variable TS_SEED when set, and always printed: `TS_SEED=<n> <test>` runs a failure again. */
#include "base/num.h"
#include <stdint.h>

/* xoshiro256** (Blackman, Vigna), its state filled by splitmix64. Plain value: copy it to fork. */
struct ts_rng {
	uint64_t s[4];
};

/* TS_SEED if set, else seed_default; prints "seed: <n> (TS_SEED)" to stdout. */
uint64_t ts_seed(uint64_t seed_default);
struct ts_rng ts_rng_create(uint64_t seed);

uint64_t ts_rng_next(struct ts_rng *rng);
uint64_t ts_rng_below(struct ts_rng *rng, uint64_t bound); /* 0..bound-1, unbiased; bound > 0 */
int64_t ts_rng_range(struct ts_rng *rng, int64_t min, int64_t max); /* both included */
/* An integer whose bit length is uniform in 0..bits (at most 127), sign random: finds edges that
 * uniform numbers never hit; one in eight is an extreme of the type or a power of two +-1. */
ts_i128 ts_rng_i128(struct ts_rng *rng, int bits);

#endif
