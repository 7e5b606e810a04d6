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

static enum ts_err batch_rows(struct ts_db *db, const char *query, const struct ts_args *args,
	struct ts_region *region, struct ts_db_batch **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_batch *list = NULL;

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "batch", "out of memory");
	while (ts_rows_next(&rows))
		batch_read(&rows, region, &list[rows.row]);
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

static enum ts_err batch_range(struct ts_db *db, const char *query, int64_t contract_id,
	int64_t from, int64_t to, int32_t limit, struct ts_region *region, struct ts_db_batch **out,
	size_t *n, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, to);
	ts_arg_i32(&args, limit);
	return batch_rows(db, query, &args, region, out, n, why);
}

enum ts_err ts_db_batch_list(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	int32_t limit, struct ts_region *region, struct ts_db_batch **out, size_t *n,
	struct ts_why *why)
{
	return batch_range(db, "batch_list", contract_id, from, to, limit, region, out, n, why);
}

enum ts_err ts_db_batch_judged(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	int32_t limit, struct ts_region *region, struct ts_db_batch **out, size_t *n,
	struct ts_why *why)
{
	return batch_range(db, "batch_judged", contract_id, from, to, limit, region, out, n, why);
}

enum ts_err ts_db_batch_overlapping(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t from_ms, int64_t to_ms, int64_t below, struct ts_region *region,
	struct ts_db_batch **out, size_t *n, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	ts_arg_i64(&args, from_ms);
	ts_arg_i64(&args, to_ms);
	ts_arg_i64(&args, below);
	return batch_rows(db, "batch_overlapping", &args, region, out, n, why);
}

enum ts_err ts_db_batch_size(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t below, int64_t *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	ts_arg_i64(&args, below);
	TS_TRY(ts_db_query(db, "batch_size", &args, &rows, why));
	*out = ts_rows_next(&rows) ? ts_row_i64(&rows) : 0;
	return rows.err;
}

enum ts_err ts_db_batch_unpack(struct ts_str packed, int64_t bytes, int64_t batch_id,
	struct ts_region *region, struct ts_str *out, struct ts_why *why)
{
	char *lines = ts_region_alloc(region, (size_t)bytes);

	if (lines == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "batch", "%" PRId64 " bytes of lines", bytes);
	if (ZSTD_decompress(lines, (size_t)bytes, packed.at, packed.len) != (size_t)bytes)
		return ts_why(why, TS_E_INTERNAL, "batch",
			"lines of batch %" PRId64 " do not decompress", batch_id);
	*out = (struct ts_str){lines, (size_t)bytes};
	return TS_OK;
}

enum ts_err ts_db_batch_lines(struct ts_db *db, int64_t contract_id, int64_t batch_id,
	struct ts_region *region, struct ts_str *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;
	struct ts_str packed;
	int64_t bytes = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, batch_id);
	TS_TRY(ts_db_query(db, "batch_lines", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "batch", "no batch %" PRId64, batch_id);
	bytes = ts_row_i64(&rows);
	packed = ts_row_bytes(&rows);
	TS_TRY(rows.err);
	return ts_db_batch_unpack(packed, bytes, batch_id, region, out, why);
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
