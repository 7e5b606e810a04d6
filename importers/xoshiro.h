/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_XOSHIRO_H
#define TS_IMPORTERS_XOSHIRO_H
/* Why: simulated usage must be the same for the same seed on every machine: xoshiro256** (D.
 * Blackman and S. Vigna, public domain), seeded by splitmix64, and distributions in integers only.
 * Never for keys. */
#include <stdint.h>

struct ts_xoshiro {
	uint64_t s[4];
};
void ts_xoshiro_seed(struct ts_xoshiro *rng, uint64_t seed);
uint64_t ts_xoshiro_next(struct ts_xoshiro *rng);
/* Uniform in [0, n), without bias; n > 0. */
uint64_t ts_xoshiro_below(struct ts_xoshiro *rng, uint64_t n);
/* Exponential with this mean, rounded down; mean in [0, 2^50]. */
int64_t ts_xoshiro_exponential(struct ts_xoshiro *rng, int64_t mean);

#endif
