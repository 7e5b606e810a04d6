/* SPDX-License-Identifier: Apache-2.0 */
#include "store/log.h"
#include <inttypes.h>
#include <string.h>

static enum ts_err lock_row(struct ts_db *db, const char *query, int64_t contract_id,
	enum ts_db_lock what, struct ts_range *range, struct ts_hash *root, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;
	struct ts_str packed;
	int64_t size = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)what);
	TS_TRY(ts_db_query(db, query, &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "contract", "no such contract");
	if (range == NULL)
		return TS_OK;
	size = ts_row_i64(&rows);
	packed = ts_row_bytes(&rows);
	ts_row_hash(&rows, root);
	TS_TRY(rows.err);
	return ts_range_unpack(size, packed.at, packed.len, range) == TS_OK
		       ? TS_OK
		       : ts_why(why, TS_E_INTERNAL, "contract_lock", "range and size disagree");
}

enum ts_err ts_db_lock_take(
	struct ts_db *db, int64_t contract_id, enum ts_db_lock lock, struct ts_why *why)
{
	return lock_row(db, "log_lock", contract_id, lock, NULL, NULL, why);
}

enum ts_err ts_db_log_head(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	struct ts_range *range, struct ts_hash *root, struct ts_why *why)
{
	struct ts_hash unused;

	TS_ASSERT(log == TS_DB_LOCK_INPUTS || log == TS_DB_LOCK_JOURNAL);
	return lock_row(
		db, "log_head", contract_id, log, range, root == NULL ? &unused : root, why);
}

enum ts_err ts_db_logs_lock(struct ts_db *db, int64_t contract_id,
	struct ts_range ranges[TS_DB_LOGS], struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "logs_lock", &args, &rows, why));
	if (rows.n != TS_DB_LOGS)
		return ts_why(why, TS_E_NOT_FOUND, "contract", "no such contract");
	while (ts_rows_next(&rows)) {
		int16_t log = ts_row_i16(&rows);
		int64_t size = ts_row_i64(&rows);
		struct ts_str packed = ts_row_bytes(&rows);

		TS_TRY(rows.err);
		TS_ASSERT(log == rows.row);
		if (ts_range_unpack(size, packed.at, packed.len, &ranges[log]) != TS_OK)
			return ts_why(
				why, TS_E_INTERNAL, "contract_lock", "range and size disagree");
	}
	return rows.err;
}

enum { LEAF_IDX, LEAF_KIND, LEAF_HASH, LEAF_DATA, TREE_TREE, TREE_IDX, TREE_HASH, LOG_ARRAYS };
static const enum ts_array_type log_types[LOG_ARRAYS] = {TS_ARRAY_I64, TS_ARRAY_I16, TS_ARRAY_BYTES,
	TS_ARRAY_BYTES, TS_ARRAY_I64, TS_ARRAY_I64, TS_ARRAY_BYTES};

static enum ts_err log_store(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	struct ts_array *arrays, int64_t now_us, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	for (int i = LEAF_IDX; i <= LEAF_DATA; i++)
		TS_TRY(ts_arg_array(&args, &arrays[i]));
	ts_arg_time(&args, now_us);
	TS_TRY(ts_db_query(db, "log_leaf_add", &args, NULL, why));
	if (arrays[TREE_TREE].n == 0)
		return TS_OK;
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	for (int i = TREE_TREE; i <= TREE_HASH; i++)
		TS_TRY(ts_arg_array(&args, &arrays[i]));
	return ts_db_query(db, "subtree_add", &args, NULL, why);
}

static enum ts_err log_advance(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	enum ts_db_lock log, const struct ts_range *range, struct ts_why *why)
{
	uint8_t packed[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	struct ts_args args;
	struct ts_hash root;

	ts_range_root(hasher, range, &root);
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_i64(&args, range->size);
	ts_arg_bytes(&args, packed, ts_range_pack(range, packed));
	ts_arg_hash(&args, &root);
	return ts_db_query(db, "log_advance", &args, NULL, why);
}

enum ts_err ts_db_log_append(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	enum ts_db_lock log, const struct ts_db_leaf *leaves, size_t n, int64_t now_us,
	int64_t *first, struct ts_why *why)
{
	struct ts_array arrays[LOG_ARRAYS];
	struct ts_hash full, root;
	struct ts_range range;
	int64_t from = 0;
	enum ts_err err = TS_OK;

	TS_ASSERT(log == TS_DB_LOCK_INPUTS || log == TS_DB_LOCK_JOURNAL);
	TS_TRY(lock_row(db, "log_lock", contract_id, log, &range, &root, why));
	from = range.size;
	ts_arrays_init(arrays, log_types, LOG_ARRAYS);
	for (size_t i = 0; i < n; i++) {
		ts_array_i64(&arrays[LEAF_IDX], range.size);
		ts_array_i16(&arrays[LEAF_KIND], leaves[i].kind);
		ts_array_bytes(&arrays[LEAF_HASH], leaves[i].hash.b, TS_HASH_BYTES);
		ts_array_bytes(&arrays[LEAF_DATA], leaves[i].data.at, leaves[i].data.len);
		if (!ts_range_append(hasher, &range, &leaves[i].hash, &full))
			continue;
		ts_array_i64(&arrays[TREE_TREE], TS_DB_LOG_TREE(log));
		ts_array_i64(&arrays[TREE_IDX], range.size / TS_MERKLE_TILE_LEAVES - 1);
		ts_array_bytes(&arrays[TREE_HASH], full.b, TS_HASH_BYTES);
	}
	if (n > 0)
		err = log_store(db, contract_id, log, arrays, now_us, why);
	for (int64_t i = from / TS_MERKLE_TILE_LEAVES;
		err == TS_OK && i < range.size / TS_MERKLE_TILE_LEAVES; i++)
		err = ts_db_subtree_raise(db, hasher, contract_id, TS_DB_LOG_TREE(log), i, why);
	if (err == TS_OK && n > 0)
		err = log_advance(db, hasher, contract_id, log, &range, why);
	ts_arrays_free(arrays, LOG_ARRAYS);
	TS_TRY(err);
	TS_ASSERT(range.size == from + (int64_t)n);
	*first = from;
	return TS_OK;
}

static enum ts_err leaf_rows(struct ts_db *db, const char *query, const struct ts_args *args,
	struct ts_region *region, struct ts_db_leaf_row **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_leaf_row *list = NULL;

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "log", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_leaf_row *leaf = &list[rows.row];

		leaf->index = ts_row_i64(&rows);
		leaf->kind = ts_row_i16(&rows);
		ts_row_hash(&rows, &leaf->hash);
		leaf->data = ts_row_copy(&rows, region);
		leaf->created_us = ts_row_time(&rows);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_log_leaves(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t from, int64_t to, int16_t kind, int32_t limit, struct ts_region *region,
	struct ts_db_leaf_row **out, size_t *n, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, to);
	ts_arg_i16(&args, kind);
	ts_arg_i32(&args, limit);
	return leaf_rows(db, "log_leaves", &args, region, out, n, why);
}

enum ts_err ts_db_log_statements(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	struct ts_region *region, struct ts_db_leaf_row **out, size_t *n, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, to);
	return leaf_rows(db, "log_statements", &args, region, out, n, why);
}

/* --- proofs --- */

enum ts_err ts_db_subtree_fold(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	int64_t tree, int level, int64_t index, struct ts_hash *out)
{
	struct ts_db_subtrees reader = {
		.db = db, .hasher = hasher, .contract_id = contract_id, .tree = tree};

	TS_ASSERT(level >= TS_MERKLE_TILE_LEVEL);
	return ts_db_subtree_root(&reader, level, index, out);
}

static enum ts_err log_subtree(void *ctx, int level, int64_t index, struct ts_hash *out)
{
	struct ts_db_log_source *source = ctx;

	source->tiles.db = source->db;
	source->tiles.hasher = source->hasher;
	source->tiles.contract_id = source->contract_id;
	source->tiles.tree = TS_DB_LOG_TREE(source->log);
	return ts_db_subtree_root(&source->tiles, level, index, out);
}

struct ts_merkle_source ts_db_log_source(struct ts_db_log_source *source)
{
	return (struct ts_merkle_source){.subtree = log_subtree, .ctx = source};
}
