/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_SHA256_H
#define TS_EVIDENCE_SHA256_H
/* Why: every leaf and node is one short SHA-256. Fetching the digest and making a context for each
 * costs several times the hash itself, so a hasher does both once and is reused; one per thread. */
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TS_HASH_BYTES 32

struct ts_hash {
	uint8_t b[TS_HASH_BYTES];
};

/* Opaque to callers; zero-initialise, init, free. Not for two threads at once. */
struct ts_hasher {
	void *ctx;
	void *md;
};

/* TS_E_NO_MEMORY or TS_E_INTERNAL (no SHA-256 in the library). */
enum ts_err ts_hasher_init(struct ts_hasher *hasher) TS_MUST;
void ts_hasher_free(struct ts_hasher *hasher); /* a zeroed hasher is allowed */

/* SHA-256(0x00 || data), the hash of a leaf (RFC 6962 2.1). */
void ts_hash_leaf(struct ts_hasher *hasher, const void *data, size_t len, struct ts_hash *out);
/* SHA-256(0x01 || left || right); out may be left or right. */
void ts_hash_node(struct ts_hasher *hasher, const struct ts_hash *left, const struct ts_hash *right,
	struct ts_hash *out);
/* SHA-256(data), no prefix. */
void ts_hash_bytes(struct ts_hasher *hasher, const void *data, size_t len, struct ts_hash *out);
/* The same of data that comes in pieces: begin, any number of more, end. The hasher does nothing
 * else in between. */
void ts_hash_begin(struct ts_hasher *hasher);
void ts_hash_more(struct ts_hasher *hasher, const void *data, size_t len);
void ts_hash_end(struct ts_hasher *hasher, struct ts_hash *out);
/* The same without a hasher, for the rare call (keys, statements, origins). */
void ts_sha256(const void *data, size_t len, struct ts_hash *out);

extern const struct ts_hash ts_hash_empty; /* SHA-256(""), the root of an empty log */
bool ts_hash_eq(const struct ts_hash *a, const struct ts_hash *b);

#endif
