/* SPDX-License-Identifier: Apache-2.0 */
/* What is signed about a log: checkpoints, their pairs, cosignatures, the journal at a cut. */
#include "store/log.h"
#include <inttypes.h>
#include <string.h>

enum ts_err ts_db_checkpoint_add(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t size, const struct ts_hash *root, const struct ts_range *range, struct ts_str note,
	int64_t now_us, struct ts_why *why)
{
	uint8_t packed[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;
	struct ts_hash stored;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_i64(&args, size);
	ts_arg_hash(&args, root);
	ts_arg_bytes(&args, note.at, note.len);
	ts_arg_time(&args, now_us);
	if (range != NULL)
		ts_arg_bytes(&args, packed, ts_range_pack(range, packed));
	else
		ts_arg_bytes(&args, NULL, 0);
	TS_TRY(ts_db_run(db, "checkpoint_add", &args, &changed, why));
	if (changed == 1)
		return TS_OK;
	args.n = 3;
	TS_TRY(ts_db_query(db, "checkpoint_root", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	ts_row_hash(&rows, &stored);
	TS_TRY(rows.err);
	return ts_hash_eq(&stored, root) ? TS_OK
					 : ts_why(why, TS_E_CONFLICT, "checkpoint",
						   "size %" PRId64 " has another root", size);
}

enum ts_err ts_db_checkpoint_last(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t max_size, struct ts_region *region, struct ts_db_checkpoint *out,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_i64(&args, max_size);
	TS_TRY(ts_db_query(db, "checkpoint_last", &args, &rows, why));
	memset(out, 0, sizeof *out);
	if (ts_rows_next(&rows)) {
		out->size = ts_row_i64(&rows);
		ts_row_hash(&rows, &out->root);
		out->note = ts_row_copy(&rows, region);
		out->cosignatures = ts_row_i32(&rows);
		struct ts_str packed = ts_row_bytes(&rows);
		out->has_range = packed.at != NULL;
		if (rows.err == TS_OK && out->has_range &&
			ts_range_unpack(out->size, packed.at, packed.len, &out->range) != TS_OK)
			return ts_why(why, TS_E_INTERNAL, "checkpoint",
				"range and size %" PRId64 " disagree", out->size);
	}
	return rows.err;
}

enum ts_err ts_db_checkpoint_notes(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t after, int64_t to, bool bare, int32_t limit, struct ts_region *region,
	struct ts_str **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_str *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_i64(&args, after);
	ts_arg_i64(&args, to);
	ts_arg_bool(&args, bare);
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "checkpoint_notes", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "checkpoints", "out of memory");
	while (ts_rows_next(&rows)) {
		(void)ts_row_i64(&rows);
		list[rows.row] = ts_row_copy(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_pair_add(struct ts_db *db, int64_t contract_id, const struct ts_db_pair *pair,
	int64_t now_us, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, pair->inputs_size);
	if (pair->journal_size > 0)
		ts_arg_i64(&args, pair->journal_size);
	else
		ts_arg_null(&args);
	ts_arg_time(&args, now_us);
	return ts_db_query(db, "pair_add", &args, NULL, why);
}

static enum ts_err newest_pair(struct ts_db *db, const char *query, int64_t contract_id,
	int64_t max_size, struct ts_db_pair *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, max_size);
	TS_TRY(ts_db_query(db, query, &args, &rows, why));
	*out = (struct ts_db_pair){0};
	if (ts_rows_next(&rows)) {
		out->inputs_size = ts_row_i64(&rows);
		out->journal_size = ts_row_i64_or(&rows, 0);
	}
	return rows.err;
}

enum ts_err ts_db_pair_last(struct ts_db *db, int64_t contract_id, int64_t max_size,
	struct ts_db_pair *out, struct ts_why *why)
{
	return newest_pair(db, "pair_last", contract_id, max_size, out, why);
}

enum ts_err ts_db_pair_published(struct ts_db *db, int64_t contract_id, int64_t max_size,
	struct ts_db_pair *out, struct ts_why *why)
{
	return newest_pair(db, "pair_published", contract_id, max_size, out, why);
}

enum ts_err ts_db_period_cut_add(struct ts_db *db, int64_t contract_id, int32_t period,
	int64_t journal_size, const struct ts_hash *journal_root, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i32(&args, period);
	ts_arg_i64(&args, journal_size);
	ts_arg_hash(&args, journal_root);
	return ts_db_query(db, "period_cut_add", &args, NULL, why);
}

enum ts_err ts_db_period_cut_get(struct ts_db *db, int64_t contract_id, int32_t period,
	int64_t *journal_size, struct ts_hash *journal_root, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i32(&args, period);
	TS_TRY(ts_db_query(db, "period_cut_get", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "period", "period %d is not cut", period);
	*journal_size = ts_row_i64(&rows);
	ts_row_hash(&rows, journal_root);
	return rows.err;
}

enum ts_err ts_db_cosignature_add(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t size, const char *key_name, int64_t time_s, struct ts_str line, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_i64(&args, size);
	ts_arg_text(&args, key_name);
	ts_arg_i64(&args, time_s);
	ts_arg_bytes(&args, line.at, line.len);
	return ts_db_query(db, "cosignature_add", &args, NULL, why);
}
