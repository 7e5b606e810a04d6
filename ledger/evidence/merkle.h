/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_MERKLE_H
#define TS_EVIDENCE_MERKLE_H
/* Why: streams and logs are RFC 6962 trees. A writer needs only the compact range (the roots of the
 * perfect subtrees, at most 63 hashes); a reader needs inclusion and consistency proofs as in RFC
 * 9162 2.1.3 and 2.1.4. Invariant: a range holds popcount(size) hashes, largest subtree first. */
#include "evidence/sha256.h"

#define TS_MERKLE_HASHES_MAX 64
#define TS_MERKLE_TILE_LEVEL 8 /* a 256-leaf subtree: its root is what the store keeps */
#define TS_MERKLE_TILE_LEAVES 256

struct ts_range {
	int64_t size; /* leaves */
	struct ts_hash hashes[TS_MERKLE_HASHES_MAX];
};
void ts_range_init(struct ts_range *range); /* the empty tree */
int ts_range_count(const struct ts_range *range); /* hashes in use: popcount(size) */
/* Appends one leaf hash. True when this leaf completed an aligned 256-leaf subtree, whose root is
 * then in *full (NULL is allowed); its number is size / 256 - 1. */
bool ts_range_append(struct ts_hasher *hasher, struct ts_range *range, const struct ts_hash *leaf,
	struct ts_hash *full);
void ts_range_root(struct ts_hasher *hasher, const struct ts_range *range, struct ts_hash *out);
bool ts_range_eq(const struct ts_range *a, const struct ts_range *b);
/* For the database: the hashes one after another; returns the bytes written (32 * count). */
size_t ts_range_pack(const struct ts_range *range, uint8_t out[TS_MERKLE_HASHES_MAX * 32]);
/* TS_E_MALFORMED when len is not 32 * popcount(size) or size is negative. */
enum ts_err ts_range_unpack(
	int64_t size, const void *bytes, size_t len, struct ts_range *out) TS_MUST;

struct ts_path {
	size_t n;
	struct ts_hash hashes[TS_MERKLE_HASHES_MAX];
};
/* The exact length of the inclusion path; index < size. */
size_t ts_inclusion_length(int64_t index, int64_t size);
/* TS_E_INVALID unless the path leads from the leaf hash at index to the root of size leaves. */
enum ts_err ts_inclusion_verify(struct ts_hasher *hasher, int64_t index, int64_t size,
	const struct ts_hash *leaf, const struct ts_path *path, const struct ts_hash *root) TS_MUST;
/* TS_E_INVALID unless old_root (old_size > 0) is the root of a prefix of the tree with new_root. */
enum ts_err ts_consistency_verify(struct ts_hasher *hasher, int64_t old_size, int64_t new_size,
	const struct ts_path *proof, const struct ts_hash *old_root,
	const struct ts_hash *new_root) TS_MUST;

/* Where proofs get their hashes: the root of the perfect subtree over the leaves
 * [index << level, (index + 1) << level). `subtree` must write *out on TS_OK. */
struct ts_merkle_source {
	enum ts_err (*subtree)(void *ctx, int level, int64_t index, struct ts_hash *out);
	void *ctx;
};
/* TS_E_RANGE unless 0 <= index < size (0 < old_size <= new_size); else what the source returns. */
enum ts_err ts_inclusion_prove(struct ts_hasher *hasher, const struct ts_merkle_source *source,
	int64_t index, int64_t size, struct ts_path *out) TS_MUST;
enum ts_err ts_consistency_prove(struct ts_hasher *hasher, const struct ts_merkle_source *source,
	int64_t old_size, int64_t new_size, struct ts_path *out) TS_MUST;
/* The root of the first `size` leaves. */
enum ts_err ts_merkle_root(struct ts_hasher *hasher, const struct ts_merkle_source *source,
	int64_t size, struct ts_hash *out) TS_MUST;

/* A source over an array of leaf hashes (borrowed); TS_E_RANGE past its end. */
struct ts_merkle_array {
	struct ts_hasher *hasher;
	const struct ts_hash *leaves;
	int64_t n;
};
struct ts_merkle_source ts_merkle_array_source(struct ts_merkle_array *array);

#endif
