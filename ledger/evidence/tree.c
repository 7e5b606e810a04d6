/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tree.h"
#include <string.h>

bool ts_tree_tile(int64_t size, int level, struct ts_tile *out)
{
	int64_t there = size >> (8 * level);
	*out = (struct ts_tile){level, there / TS_TILE_WIDTH, (int)(there % TS_TILE_WIDTH)};
	return out->width > 0;
}

void ts_tree_fold(
	struct ts_hasher *hasher, const struct ts_hash *hashes, size_t n, struct ts_hash *out)
{
	struct ts_hash level[TS_TILE_WIDTH];
	TS_ASSERT(n >= 1 && n <= TS_TILE_WIDTH && (n & (n - 1)) == 0);
	memcpy(level, hashes, n * sizeof *hashes);
	for (; n > 1; n /= 2)
		for (size_t i = 0; i < n / 2; i++)
			ts_hash_node(hasher, &level[2 * i], &level[2 * i + 1], &level[i]);
	*out = level[0];
}

enum ts_err ts_tree_append(struct ts_tree *tree, const struct ts_hash *leaf)
{
	struct ts_hash hash = *leaf;
	TS_ASSERT(tree->size < INT64_C(1) << (8 * TS_TREE_LEVELS));
	tree->hashes[0][tree->size % TS_TILE_WIDTH] = hash;
	tree->size++;
	for (int level = 0; (tree->size >> (8 * level)) % TS_TILE_WIDTH == 0; level++) {
		int64_t next = (tree->size >> (8 * (level + 1))) - 1; /* index of the full one */
		const struct ts_tile tile = {level, next, TS_TILE_WIDTH};
		TS_TRY(tree->full(tree->ctx, &tile, tree->hashes[level]));
		ts_tree_fold(tree->hasher, tree->hashes[level], TS_TILE_WIDTH, &hash);
		TS_ASSERT(level + 1 < TS_TREE_LEVELS);
		tree->hashes[level + 1][next % TS_TILE_WIDTH] = hash;
	}
	return TS_OK;
}

void ts_tree_range(struct ts_tree *tree, struct ts_range *out)
{
	int n = 0;
	ts_range_init(out);
	for (int level = TS_TREE_LEVELS - 1; level >= 0; level--) {
		size_t width = (size_t)((tree->size >> (8 * level)) % TS_TILE_WIDTH), at = 0;
		for (size_t step = TS_TILE_WIDTH / 2; step > 0; step /= 2) {
			if ((width & step) == 0)
				continue;
			ts_tree_fold(
				tree->hasher, &tree->hashes[level][at], step, &out->hashes[n++]);
			at += step;
		}
	}
	out->size = tree->size;
}
