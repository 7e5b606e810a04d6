/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_TREE_H
#define TS_EVIDENCE_TREE_H
/* Why: whoever keeps a log as tiles (tile.h) must not take its hashes from who serves it: this
 * makes every tile of every level from the leaf hashes. Invariant: hashes[l] holds the unfinished
 * tile of level l, (size >> 8l) mod 256 hashes. */
#include "evidence/merkle.h"
#include "evidence/tile.h"

#define TS_TREE_LEVELS 7 /* 2^56 leaves */

struct ts_tree {
	struct ts_hasher *hasher;
	/* Told every tile as it becomes full. Its error is what append returns. */
	enum ts_err (*full)(void *ctx, const struct ts_tile *tile, const struct ts_hash *hashes);
	void *ctx;
	int64_t size;
	struct ts_hash hashes[TS_TREE_LEVELS][TS_TILE_WIDTH];
};
/* The unfinished tile of a level in a log of this size; false: its last tile there is full. */
bool ts_tree_tile(int64_t size, int level, struct ts_tile *out);
enum ts_err ts_tree_append(struct ts_tree *tree, const struct ts_hash *leaf) TS_MUST;
/* The compact range at its size. */
void ts_tree_range(struct ts_tree *tree, struct ts_range *out);
/* The root over n hashes that stand beside each other; n a power of two, at most 256. */
void ts_tree_fold(
	struct ts_hasher *hasher, const struct ts_hash *hashes, size_t n, struct ts_hash *out);

#endif
