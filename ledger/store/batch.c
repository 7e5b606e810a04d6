/* SPDX-License-Identifier: Apache-2.0 */
#include "store/batch.h"
#include <inttypes.h>
#include <string.h>
#include <zstd.h>

static void batch_read(struct ts_rows *rows, struct ts_region *region, struct ts_db_batch *out)
{
	out->batch_id = ts_row_i64(rows);
	out->stream_id = ts_row_i64(rows);
	out->side = ts_row_i16(rows);
	out->first = ts_row_i64(rows);
	out->end = ts_row_i64(rows);
	out->leaf = ts_row_i64(rows);
	out->received_us = ts_row_time(rows);
	out->received_month = ts_row_i32(rows);
	ts_row_hash(rows, &out->root);
	out->note = ts_row_copy(rows, region);
	out->receipt = ts_row_copy(rows, region);
	out->lines_bytes = ts_row_i64(rows);
	out->usage_n = ts_row_i64(rows);
	out->void_n = ts_row_i64(rows);
	out->close_n = ts_row_i64(rows);
	out->reversal_n = ts_row_i64(rows);
	out->suspects = ts_row_i64s(rows, region, &out->suspects_n);
	out->void_usage = ts_row_i64s(rows, region, &out->void_usage_n);
	out->earliest_ms = ts_row_i64(rows);
	out->latest_ms = ts_row_i64(rows);
}

static enum ts_err batch_one(struct ts_db *db, const char *query, int64_t contract_id,
	int64_t stream_id, int64_t index, struct ts_region *region, struct ts_db_batch *out,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	ts_arg_i64(&args, index);
	TS_TRY(ts_db_query(db, query, &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "batch", "no batch for index %" PRId64, index);
	batch_read(&rows, region, out);
	return rows.err;
}

enum ts_err ts_db_batch_ended(struct ts_db *db, int64_t contract_id, int64_t stream_id, int64_t end,
	struct ts_region *region, struct ts_db_batch *out, struct ts_why *why)
{
	return batch_one(db, "batch_ended", contract_id, stream_id, end, region, out, why);
}

enum ts_err ts_db_batch_at(struct ts_db *db, int64_t contract_id, int64_t stream_id, int64_t index,
	struct ts_region *region, struct ts_db_batch *out, struct ts_why *why)
{
	return batch_one(db, "batch_at", contract_id, stream_id, index, region, out, why);
}

enum ts_err ts_db_batch_list(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	int32_t limit, struct ts_region *region, struct ts_db_batch **out, size_t *n,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_batch *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, to);
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "batch_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "batch", "out of memory");
	while (ts_rows_next(&rows))
		batch_read(&rows, region, &list[rows.row]);
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_batch_bound(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	int64_t work_max, int64_t *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;
	int64_t bound = to;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, to);
	ts_arg_i64(&args, work_max);
	TS_TRY(ts_db_query(db, "batch_bound", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	bound = ts_row_i64_or(&rows, to);
	TS_TRY(rows.err);
	*out = bound;
	return TS_OK;
}

enum ts_err ts_db_batch_lines(struct ts_db *db, int64_t contract_id, int64_t batch_id,
	struct ts_region *region, struct ts_str *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;
	struct ts_str packed;
	int64_t bytes = 0;
	char *lines = NULL;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, batch_id);
	TS_TRY(ts_db_query(db, "batch_lines", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "batch", "no batch %" PRId64, batch_id);
	bytes = ts_row_i64(&rows);
	packed = ts_row_bytes(&rows);
	TS_TRY(rows.err);
	lines = ts_region_alloc(region, (size_t)bytes);
	if (lines == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "batch", "%" PRId64 " bytes of lines", bytes);
	if (ZSTD_decompress(lines, (size_t)bytes, packed.at, packed.len) != (size_t)bytes)
		return ts_why(why, TS_E_INTERNAL, "batch",
			"lines of batch %" PRId64 " do not decompress", batch_id);
	*out = (struct ts_str){lines, (size_t)bytes};
	return TS_OK;
}

enum ts_err ts_db_batch_line(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t index, struct ts_region *region, struct ts_str *out, struct ts_why *why)
{
	struct ts_db_batch batch;
	struct ts_str lines, line = {0};

	TS_TRY(ts_db_batch_at(db, contract_id, stream_id, index, region, &batch, why));
	TS_TRY(ts_db_batch_lines(db, contract_id, batch.batch_id, region, &lines, why));
	for (int64_t i = batch.first; i <= index; i++)
		if (!ts_str_line(&lines, &line))
			return ts_why(why, TS_E_INTERNAL, "batch", "batch %" PRId64 " is short",
				batch.batch_id);
	*out = line;
	return TS_OK;
}

enum ts_err ts_db_reversal_list(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	struct ts_region *region, struct ts_db_reversal **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_reversal *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, to);
	TS_TRY(ts_db_query(db, "reversal_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "reversal", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_reversal *r = &list[rows.row];

		r->batch_id = ts_row_i64(&rows);
		r->stream_id = ts_row_i64(&rows);
		r->index = ts_row_i64(&rows);
		r->leaf = ts_row_i64(&rows);
		r->target_origin = ts_row_text(&rows, region);
		r->target_index = ts_row_i64(&rows);
		r->reason = ts_row_text(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

/* --- verdicts --- */

static const char *const verdict_kinds[] = {"parked", "reversed", "refused"};

enum ts_err ts_db_verdict_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_verdict *verdicts, size_t n, struct ts_why *why)
{
	static const enum ts_array_type types[] = {
		TS_ARRAY_I64, TS_ARRAY_I64, TS_ARRAY_TEXT, TS_ARRAY_TEXT, TS_ARRAY_I64};
	struct ts_array columns[5];
	struct ts_args args;
	enum ts_err err = TS_OK;

	if (n == 0)
		return TS_OK;
	ts_arrays_init(columns, types, 5);
	for (size_t i = 0; i < n; i++) {
		ts_array_i64(&columns[0], verdicts[i].stream_id);
		ts_array_i64(&columns[1], verdicts[i].index);
		ts_array_text(&columns[2], verdict_kinds[verdicts[i].kind]);
		ts_array_text(&columns[3], verdicts[i].reason);
		ts_array_i64(&columns[4], verdicts[i].leaf);
	}
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	for (size_t i = 0; i < 5 && err == TS_OK; i++)
		err = ts_arg_array(&args, &columns[i]);
	if (err == TS_OK)
		err = ts_db_query(db, "verdict_add", &args, NULL, why);
	ts_arrays_free(columns, 5);
	return err;
}

static enum ts_err verdict_rows(struct ts_db *db, const char *query, const struct ts_args *args,
	struct ts_region *region, struct ts_db_verdict **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_verdict *list = NULL;

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "verdict", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_verdict *v = &list[rows.row];
		struct ts_str kind;

		v->stream_id = ts_row_i64(&rows);
		v->index = ts_row_i64(&rows);
		kind = ts_row_str(&rows);
		v->reason = ts_row_text(&rows, region);
		v->leaf = ts_row_i64(&rows);
		while (rows.err == TS_OK && !ts_str_is(kind, verdict_kinds[v->kind])) {
			TS_ASSERT(v->kind < TS_DB_VERDICT_REFUSED);
			v->kind++;
		}
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_verdict_of(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t index, struct ts_region *region, struct ts_db_verdict **out, size_t *n,
	struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	ts_arg_i64(&args, index);
	return verdict_rows(db, "verdict_of", &args, region, out, n, why);
}

enum ts_err ts_db_verdict_list(struct ts_db *db, int64_t contract_id, int64_t from_leaf,
	int64_t to_leaf, struct ts_region *region, struct ts_db_verdict **out, size_t *n,
	struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, from_leaf);
	ts_arg_i64(&args, to_leaf);
	return verdict_rows(db, "verdict_list", &args, region, out, n, why);
}
