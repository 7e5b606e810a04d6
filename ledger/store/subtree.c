/* SPDX-License-Identifier: Apache-2.0 */
#include "store/subtree.h"
#include "store/log.h"
#include <string.h>
#include <zstd.h>

/* The root over 2^up hashes. */
static void fold(
	struct ts_hasher *hasher, const struct ts_hash *hashes, int up, struct ts_hash *out)
{
	struct ts_hash stack[TS_MERKLE_TILE_LEVEL + 1], hash;
	size_t depth = 0;
	int64_t count = INT64_C(1) << up;

	for (int64_t done = 1; done <= count; done++) {
		hash = hashes[done - 1];
		for (int64_t bits = done; (bits & 1) == 0 && depth > 0; bits >>= 1)
			ts_hash_node(hasher, &stack[--depth], &hash, &hash);
		stack[depth++] = hash;
	}
	TS_ASSERT(depth == 1);
	*out = stack[0];
}

/* --- a tile from the database --- */

/* Rows (index, hash) from `first` on, without a gap; what is behind one is not there. */
static enum ts_err take_rows(struct ts_rows *rows, int64_t first, struct ts_db_subtree_tile *tile)
{
	while (ts_rows_next(rows)) {
		int64_t index = ts_row_i64(rows);

		if (rows->err != TS_OK || index != first + tile->n)
			break;
		ts_row_hash(rows, &tile->hashes[tile->n]);
		tile->n++;
	}
	return rows->err;
}

static enum ts_err load_rows(struct ts_db_subtrees *tiles, struct ts_db_subtree_tile *tile)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;
	int64_t first = tile->number * TS_MERKLE_TILE_LEAVES;

	ts_args_init(&args);
	ts_arg_i64(&args, tiles->contract_id);
	if (tile->base == 0) /* of a log; a stream's leaves are lines */
		ts_arg_i16(&args, tiles->tree == TS_DB_TREE_INPUTS ? (int16_t)TS_DB_LOCK_INPUTS
								   : (int16_t)TS_DB_LOCK_JOURNAL);
	else
		ts_arg_i64(&args, tiles->tree);
	ts_arg_i64(&args, first);
	ts_arg_i64(&args, first + TS_MERKLE_TILE_LEAVES);
	if (tile->base > TS_MERKLE_TILE_LEVEL)
		ts_arg_i16(&args, (int16_t)tile->base);
	TS_TRY(ts_db_query(tiles->db,
		tile->base == 0                      ? "log_hashes"
		: tile->base == TS_MERKLE_TILE_LEVEL ? "subtree_hashes"
						     : "subtree_high_hashes",
		&args, &rows, NULL));
	return take_rows(&rows, first, tile);
}

/* Hashes the lines of one batch that belong to the tile. Only as much is decompressed as is asked
 * for: an upload may be larger than a tile by far. */
static enum ts_err take_lines(struct ts_db_subtrees *tiles, struct ts_db_subtree_tile *tile,
	int64_t first, int64_t end, int64_t bytes, struct ts_str packed)
{
	struct ts_str rest, line;
	int64_t from = tile->number * TS_MERKLE_TILE_LEAVES + tile->n;
	char *lines = NULL;

	ts_region_reset(tiles->region);
	lines = ts_region_alloc(tiles->region, (size_t)bytes);
	if (lines == NULL)
		return TS_E_NO_MEMORY;
	if (ZSTD_decompress(lines, (size_t)bytes, packed.at, packed.len) != (size_t)bytes)
		return TS_E_INTERNAL;
	rest = (struct ts_str){lines, (size_t)bytes};
	for (int64_t i = first; i < end && tile->n < TS_MERKLE_TILE_LEAVES; i++) {
		if (!ts_str_line(&rest, &line))
			return TS_E_INTERNAL;
		if (i < from)
			continue;
		ts_hash_leaf(tiles->hasher, line.at, line.len, &tile->hashes[tile->n]);
		tile->n++;
	}
	return TS_OK;
}

static enum ts_err load_lines(struct ts_db_subtrees *tiles, struct ts_db_subtree_tile *tile)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;
	int64_t from = tile->number * TS_MERKLE_TILE_LEAVES;

	ts_args_init(&args);
	ts_arg_i64(&args, tiles->contract_id);
	ts_arg_i64(&args, tiles->tree);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, from + TS_MERKLE_TILE_LEAVES);
	TS_TRY(ts_db_query(tiles->db, "batch_span", &args, &rows, NULL));
	while (ts_rows_next(&rows)) {
		int64_t first = ts_row_i64(&rows), end = ts_row_i64(&rows);
		int64_t bytes = ts_row_i64(&rows);
		struct ts_str packed = ts_row_bytes(&rows);

		TS_TRY(rows.err);
		if (first > from + tile->n)
			break; /* a gap: nothing behind it can be used */
		TS_TRY(take_lines(tiles, tile, first, end, bytes, packed));
	}
	return rows.err;
}

static enum ts_err load(
	struct ts_db_subtrees *tiles, int base, int64_t number, struct ts_db_subtree_tile **out)
{
	int slot = base / TS_MERKLE_TILE_LEVEL;
	struct ts_db_subtree_tile *tile = NULL;

	tile = &tiles->slots[slot < TS_DB_SUBTREE_SLOTS ? slot : TS_DB_SUBTREE_SLOTS - 1];
	*out = tile;
	if (tile->loaded && tile->base == base && tile->number == number)
		return TS_OK;
	tile->loaded = false;
	tile->base = base;
	tile->number = number;
	tile->n = 0;
	TS_TRY(base == 0 && tiles->tree > 0 ? load_lines(tiles, tile) : load_rows(tiles, tile));
	tile->loaded = true;
	return TS_OK;
}

/* --- roots --- */

enum ts_err ts_db_subtree_root(
	struct ts_db_subtrees *tiles, int level, int64_t index, struct ts_hash *out)
{
	int up = level % TS_MERKLE_TILE_LEVEL, base = level - up;
	int64_t first = 0;
	struct ts_db_subtree_tile *tile = NULL;
	struct ts_hash left, right;

	TS_ASSERT(level >= 0 && level < 62 && index >= 0);
	first = index << up;
	TS_TRY(load(tiles, base, first / TS_MERKLE_TILE_LEAVES, &tile));
	first %= TS_MERKLE_TILE_LEAVES;
	if (first + (INT64_C(1) << up) <= tile->n) {
		fold(tiles->hasher, &tile->hashes[first], up, out);
		return TS_OK;
	}
	/* Below 2^16 every root is stored; above, only those that were completed since there is a
	 * table for them. */
	if (base <= TS_MERKLE_TILE_LEVEL)
		return TS_E_RANGE;
	TS_TRY(ts_db_subtree_root(tiles, level - 1, 2 * index, &left));
	TS_TRY(ts_db_subtree_root(tiles, level - 1, 2 * index + 1, &right));
	ts_hash_node(tiles->hasher, &left, &right, out);
	return TS_OK;
}

enum ts_err ts_db_subtree_raise(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	int64_t tree, int64_t number, struct ts_why *why)
{
	struct ts_db_subtrees tiles;
	struct ts_hash root, right;
	struct ts_args args;

	if ((number + 1) % TS_MERKLE_TILE_LEAVES != 0)
		return TS_OK;
	tiles = (struct ts_db_subtrees){
		.db = db, .hasher = hasher, .contract_id = contract_id, .tree = tree};
	for (int level = 2 * TS_MERKLE_TILE_LEVEL; level < 62; level += TS_MERKLE_TILE_LEVEL) {
		if ((number + 1) % TS_MERKLE_TILE_LEAVES != 0)
			return TS_OK;
		number /= TS_MERKLE_TILE_LEAVES;
		/* From the tile below: this one is not stored yet. */
		TS_TRY(ts_db_subtree_root(&tiles, level - 1, 2 * number, &root));
		TS_TRY(ts_db_subtree_root(&tiles, level - 1, 2 * number + 1, &right));
		ts_hash_node(hasher, &root, &right, &root);
		ts_args_init(&args);
		ts_arg_i64(&args, contract_id);
		ts_arg_i64(&args, tree);
		ts_arg_i16(&args, (int16_t)level);
		ts_arg_i64(&args, number);
		ts_arg_hash(&args, &root);
		TS_TRY(ts_db_query(db, "subtree_high_add", &args, NULL, why));
	}
	return TS_OK;
}
