/* SPDX-License-Identifier: Apache-2.0 */
#include "store/posting.h"
#include "evidence/merkle.h"

enum {
	ID,
	BOOK,
	KIND,
	POSTED,
	EFFECTIVE,
	MONTH,
	SOURCE,
	VERSION,
	LINE_KIND,
	ITEM,
	TIER,
	PERIOD,
	DOCUMENT,
	DOCUMENT_HASH,
	LEG_ENTRY,
	LEG_N,
	LEG_BOOK,
	LEG_ACCOUNT,
	LEG_DEBIT,
	LEG_AMOUNT,
	LEAF_LOG,
	LEAF_IDX,
	LEAF_KIND,
	LEAF_HASH,
	LEAF_DATA,
	TREE_TREE,
	TREE_IDX,
	TREE_HASH,
	HEAD_LOG,
	HEAD_SIZE,
	HEAD_RANGE,
	HEAD_ROOT,
	COLUMNS
};
static const enum ts_array_type types[COLUMNS] = {TS_ARRAY_I64, TS_ARRAY_I16, TS_ARRAY_TEXT,
	TS_ARRAY_TIME, TS_ARRAY_DAY, TS_ARRAY_I32, TS_ARRAY_I64, TS_ARRAY_I32, TS_ARRAY_I16,
	TS_ARRAY_I32, TS_ARRAY_I32, TS_ARRAY_I32, TS_ARRAY_TEXT, TS_ARRAY_BYTES, TS_ARRAY_I64,
	TS_ARRAY_I16, TS_ARRAY_I16, TS_ARRAY_TEXT, TS_ARRAY_BOOL, TS_ARRAY_I64, TS_ARRAY_I16,
	TS_ARRAY_I64, TS_ARRAY_I16, TS_ARRAY_BYTES, TS_ARRAY_BYTES, TS_ARRAY_I64, TS_ARRAY_I64,
	TS_ARRAY_BYTES, TS_ARRAY_I16, TS_ARRAY_I64, TS_ARRAY_BYTES, TS_ARRAY_BYTES};

static void entry_put(struct ts_array *c, const struct ts_entry *e)
{
	TS_ASSERT(ts_entry_balanced(e));
	ts_array_i64(&c[ID], e->id);
	ts_array_i16(&c[BOOK], (int16_t)e->book);
	ts_array_text(&c[KIND], ts_entry_kind_name(e->kind));
	ts_array_time(&c[POSTED], e->posted_us);
	ts_array_day(&c[EFFECTIVE], e->effective_day);
	if (e->service_month < 0)
		ts_array_null(&c[MONTH]);
	else
		ts_array_i32(&c[MONTH], e->service_month);
	ts_array_i64(&c[SOURCE], e->source_leaf);
	if (e->has_line) {
		ts_array_i32(&c[VERSION], e->line.version);
		ts_array_i16(&c[LINE_KIND], (int16_t)e->line.kind);
		ts_array_i32(&c[ITEM], e->line.item);
		ts_array_i32(&c[TIER], e->line.tier);
		ts_array_i32(&c[PERIOD], e->line.period);
	} else {
		for (int i = VERSION; i <= PERIOD; i++)
			ts_array_null(&c[i]);
	}
	ts_array_text(&c[DOCUMENT], e->document);
	ts_array_bytes(
		&c[DOCUMENT_HASH], e->document == NULL ? NULL : e->document_hash.b, TS_HASH_BYTES);
	for (size_t i = 0; i < e->legs_n; i++) {
		ts_array_i64(&c[LEG_ENTRY], e->id);
		ts_array_i16(&c[LEG_N], (int16_t)i);
		ts_array_i16(&c[LEG_BOOK], (int16_t)e->book);
		ts_array_text(&c[LEG_ACCOUNT], ts_account_defs[e->legs[i].account].role);
		ts_array_bool(&c[LEG_DEBIT], e->legs[i].debit);
		ts_array_i64(&c[LEG_AMOUNT], e->legs[i].amount_minor);
	}
}

/* A log's new leaves, the full subtrees that they end, and its counter behind them. */
static void log_put(struct ts_array *c, struct ts_hasher *hasher, enum ts_db_lock log,
	const struct ts_db_leaf *leaves, size_t n, struct ts_range *range)
{
	uint8_t packed[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	struct ts_hash full, root;

	for (size_t i = 0; i < n; i++) {
		ts_array_i16(&c[LEAF_LOG], (int16_t)log);
		ts_array_i64(&c[LEAF_IDX], range->size);
		ts_array_i16(&c[LEAF_KIND], leaves[i].kind);
		ts_array_bytes(&c[LEAF_HASH], leaves[i].hash.b, TS_HASH_BYTES);
		ts_array_bytes(&c[LEAF_DATA], leaves[i].data.at, leaves[i].data.len);
		if (!ts_range_append(hasher, range, &leaves[i].hash, &full))
			continue;
		ts_array_i64(&c[TREE_TREE], TS_DB_LOG_TREE(log));
		ts_array_i64(&c[TREE_IDX], range->size / TS_MERKLE_TILE_LEAVES - 1);
		ts_array_bytes(&c[TREE_HASH], full.b, TS_HASH_BYTES);
	}
	if (n == 0)
		return;
	ts_range_root(hasher, range, &root);
	ts_array_i16(&c[HEAD_LOG], (int16_t)log);
	ts_array_i64(&c[HEAD_SIZE], range->size);
	ts_array_bytes(&c[HEAD_RANGE], packed, ts_range_pack(range, packed));
	ts_array_bytes(&c[HEAD_ROOT], root.b, TS_HASH_BYTES);
}

static enum ts_err posting_store(struct ts_db *db, int64_t contract_id,
	const struct ts_db_posting *posting, struct ts_array *columns, struct ts_why *why)
{
	struct ts_args args;
	enum ts_err err = TS_OK;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, posting->currency);
	for (size_t i = 0; i < COLUMNS && err == TS_OK; i++) {
		if (i == TREE_TREE)
			ts_arg_time(&args, posting->now_us);
		err = ts_arg_array(&args, &columns[i]);
	}
	return err == TS_OK ? ts_db_query(db, "posting_add", &args, NULL, why) : err;
}

enum ts_err ts_db_post(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	const struct ts_db_posting *posting, struct ts_why *why)
{
	struct ts_array columns[COLUMNS];
	enum ts_err err = TS_OK;

	ts_arrays_init(columns, types, COLUMNS);
	for (size_t i = 0; i < posting->entries_n; i++)
		entry_put(columns, &posting->entries[i]);
	for (int log = TS_DB_LOCK_INPUTS; log < TS_DB_LOGS; log++) {
		struct ts_range range = posting->ranges[log];

		log_put(columns, hasher, (enum ts_db_lock)log, posting->leaves[log],
			posting->leaves_n[log], &range);
	}
	err = posting_store(db, contract_id, posting, columns, why);
	ts_arrays_free(columns, COLUMNS);
	for (int log = TS_DB_LOCK_INPUTS; err == TS_OK && log < TS_DB_LOGS; log++) {
		int64_t from = posting->ranges[log].size;
		int64_t to = from + (int64_t)posting->leaves_n[log];

		for (int64_t i = from / TS_MERKLE_TILE_LEAVES;
			err == TS_OK && i < to / TS_MERKLE_TILE_LEAVES; i++)
			err = ts_db_subtree_raise(db, hasher, contract_id,
				TS_DB_LOG_TREE((enum ts_db_lock)log), i, why);
	}
	return err;
}
