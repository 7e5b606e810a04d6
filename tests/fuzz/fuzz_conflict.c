/* SPDX-License-Identifier: Apache-2.0 */
/* A conflict that parses has one spelling, and no bytes convict a key that has not signed them. */
#include "evidence/conflict.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t seed[TS_KEY_SEED_BYTES] = {1};
	struct ts_conflict conflict;
	struct ts_secret secret;
	struct ts_hasher hasher = {0};
	struct ts_buf again;
	struct ts_why why = {0};
	struct ts_str bytes = {(const char *)data, size};
	if (ts_conflict_parse(bytes, &conflict, &why) != TS_OK)
		return 0;
	ts_buf_init(&again, TS_CONFLICT_BYTES_MAX);
	ts_conflict_format(&conflict, &again);
	TS_ASSERT(ts_str_eq(bytes, (struct ts_str){again.data, again.len}));
	ts_buf_free(&again);
	if (ts_hasher_init(&hasher) != TS_OK)
		return 0;
	if (ts_secret_make(conflict.refused.origin, TS_KEY_ED25519, seed, &secret) == TS_OK)
		TS_ASSERT(ts_conflict_verify(&hasher, &conflict, &secret.key, &why) != TS_OK);
	ts_hasher_free(&hasher);
	return 0;
}
