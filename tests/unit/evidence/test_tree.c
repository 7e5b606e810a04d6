/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles made from leaf hashes: every tile is the subtree that the range of the same leaves has, and
 * a tree that goes on from its unfinished tiles is the one that never stopped. */
#include "vector.h"
#include "evidence/tree.h"

#define LEAVES (3 * 65536 + 777)

static struct ts_hasher hasher;
static struct ts_hash *leaves;
static int64_t full[TS_TREE_LEVELS];

static int setup(void **state)
{
	(void)state;
	leaves = calloc(LEAVES, sizeof *leaves);
	if (leaves == NULL || ts_hasher_init(&hasher) != TS_OK)
		return -1;
	for (int64_t i = 0; i < LEAVES; i++)
		ts_hash_leaf(&hasher, &i, sizeof i, &leaves[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_hasher_free(&hasher);
	free(leaves);
	return 0;
}

/* Each hash of a full tile is the root of its own 256^level leaves. */
static enum ts_err on_full(void *ctx, const struct ts_tile *tile, const struct ts_hash *hashes)
{
	struct ts_merkle_array array = {&hasher, leaves, LEAVES};
	struct ts_merkle_source source = ts_merkle_array_source(&array);
	(void)ctx;
	assert_int_equal(tile->width, TS_TILE_WIDTH);
	assert_int_equal(tile->index, full[tile->level]++);
	for (int i = 0; i < TS_TILE_WIDTH; i += tile->level == 0 ? 1 : 85) {
		struct ts_hash want;
		assert_ok(source.subtree(
			source.ctx, 8 * tile->level, tile->index * TS_TILE_WIDTH + i, &want));
		assert_true(ts_hash_eq(&want, &hashes[i]));
	}
	return TS_OK;
}

static enum ts_err ignore(void *ctx, const struct ts_tile *tile, const struct ts_hash *hashes)
{
	(void)ctx;
	(void)tile;
	(void)hashes;
	return TS_OK;
}

static enum ts_err refuse(void *ctx, const struct ts_tile *tile, const struct ts_hash *hashes)
{
	(void)ctx;
	(void)tile;
	(void)hashes;
	return TS_E_IO;
}

static void every_tile_and_range(void **state)
{
	struct ts_tree *tree = calloc(1, sizeof *tree);
	struct ts_range range, own;
	(void)state;
	assert_non_null(tree);
	*tree = (struct ts_tree){.hasher = &hasher, .full = on_full};
	ts_range_init(&range);
	for (int64_t i = 0; i < LEAVES; i++) {
		ts_range_append(&hasher, &range, &leaves[i], NULL);
		assert_ok(ts_tree_append(tree, &leaves[i]));
		if (i % 97 == 0 || i < 600 || (i + 1) % TS_TILE_WIDTH < 2) {
			ts_tree_range(tree, &own);
			assert_true(ts_range_eq(&own, &range));
		}
	}
	assert_int_equal(full[0], LEAVES / 256);
	assert_int_equal(full[1], LEAVES / 65536);
	assert_int_equal(full[2], 0);
	free(tree);
}

/* Only the unfinished tiles are carried over, as a mirror finds them on its disk. */
static void goes_on_from_unfinished_tiles(void **state)
{
	static const int64_t sizes[] = {
		1, 255, 256, 257, 65535, 65536, 65537, 131071, 196608, 197000};
	struct ts_tree *tree = calloc(1, sizeof *tree), *again = calloc(1, sizeof *again);
	int64_t at = 0;
	(void)state;
	TS_ASSERT(tree != NULL && again != NULL);
	*tree = (struct ts_tree){.hasher = &hasher, .full = ignore};
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
		struct ts_range want, have;
		for (; at < sizes[s]; at++)
			assert_ok(ts_tree_append(tree, &leaves[at]));
		*again = (struct ts_tree){.hasher = &hasher, .full = ignore, .size = at};
		for (int level = 0; level < TS_TREE_LEVELS; level++) {
			struct ts_tile tile;
			if (!ts_tree_tile(at, level, &tile))
				continue;
			assert_int_equal(tile.index, (at >> (8 * level)) / 256);
			memcpy(again->hashes[level], tree->hashes[level],
				(size_t)tile.width * sizeof tree->hashes[0][0]);
		}
		for (int64_t i = at; i < at + 300 && i < LEAVES; i++)
			assert_ok(ts_tree_append(again, &leaves[i]));
		struct ts_merkle_array array = {&hasher, leaves, LEAVES};
		struct ts_merkle_source source = ts_merkle_array_source(&array);
		struct ts_hash root, own;
		ts_tree_range(again, &have);
		ts_range_root(&hasher, &have, &own);
		assert_ok(ts_merkle_root(&hasher, &source, again->size, &root));
		assert_true(ts_hash_eq(&root, &own));
		ts_tree_range(tree, &want);
		assert_int_equal(want.size, at);
	}
	free(tree);
	free(again);
}

static void stops_at_an_error(void **state)
{
	struct ts_tree *tree = calloc(1, sizeof *tree);
	(void)state;
	assert_non_null(tree);
	*tree = (struct ts_tree){.hasher = &hasher, .full = refuse};
	for (int64_t i = 0; i < 255; i++)
		assert_ok(ts_tree_append(tree, &leaves[i]));
	assert_err(ts_tree_append(tree, &leaves[255]), TS_E_IO);
	free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tile_and_range),
		cmocka_unit_test(goes_on_from_unfinished_tiles),
		cmocka_unit_test(stops_at_an_error),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
