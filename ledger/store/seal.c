/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seal.h"
#include <inttypes.h>
#include <stdlib.h>
#include <zstd.h>

#define ZSTD_LEVEL 3
#define STATE_BYTES_MAX ((int64_t)1 << 30)

enum ts_err ts_db_seal_add(struct ts_db *db, int64_t contract_id, enum ts_book book,
	int32_t through_day, int64_t leaf, struct ts_str note, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)book);
	ts_arg_day(&args, through_day);
	ts_arg_i64(&args, leaf);
	ts_arg_bytes(&args, note.at, note.len);
	return ts_db_query(db, "seal_add", &args, NULL, why);
}

enum ts_err ts_db_seal_through(struct ts_db *db, int64_t contract_id, enum ts_book book,
	int32_t *through_day, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)book);
	TS_TRY(ts_db_query(db, "seal_through", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	*through_day = ts_row_is_null(&rows) ? INT32_MIN : ts_row_day(&rows);
	return rows.err;
}

static void row_range(struct ts_rows *rows, struct ts_range *out)
{
	int64_t size = ts_row_i64(rows);
	struct ts_str packed = ts_row_bytes(rows);

	if (rows->err == TS_OK)
		rows->err = ts_range_unpack(size, packed.at, packed.len, out);
}

static void row_stream(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_state_stream *out)
{
	out->stream_id = ts_row_i64(rows);
	out->origin = ts_row_text(rows, region);
	out->active_from_ms = ts_row_i64(rows);
	out->window_ms = ts_row_i64(rows);
	row_range(rows, &out->range);
	out->windows = ts_row_copy(rows, region);
}

enum ts_err ts_db_state_log(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_state_log *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	*out = (struct ts_db_state_log){0};
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "state_log", &args, &rows, why));
	if (rows.n == 0)
		return ts_why(why, TS_E_NOT_FOUND, "contract", "no such contract");
	out->streams = ts_region_array(region, (size_t)rows.n, sizeof *out->streams);
	if (out->streams == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "state", "out of memory");
	while (ts_rows_next(&rows)) {
		row_range(&rows, &out->inputs);
		if (!ts_row_is_null(&rows))
			row_stream(&rows, region, &out->streams[out->streams_n++]);
	}
	return rows.err;
}

enum ts_err ts_db_state_leaves(struct ts_db *db, int64_t contract_id, int64_t n,
	struct ts_region *region, struct ts_db_state_leaf **out, size_t *out_n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_state_leaf *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, n);
	TS_TRY(ts_db_query(db, "state_leaves", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "state", "out of memory");
	while (ts_rows_next(&rows)) {
		list[rows.row].index = ts_row_i64(&rows);
		list[rows.row].bytes = ts_row_copy(&rows, region);
	}
	*out = list;
	*out_n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_state_marks(struct ts_db *db, int64_t contract_id, int64_t n,
	struct ts_region *region, struct ts_db_state_mark **out, size_t *out_n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_state_mark *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, n);
	TS_TRY(ts_db_query(db, "state_marks", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "state", "out of memory");
	while (ts_rows_next(&rows)) {
		list[rows.row].stream_id = ts_row_i64(&rows);
		list[rows.row].index = ts_row_i64(&rows);
		list[rows.row].lines = ts_row_i64(&rows);
		list[rows.row].kind = ts_row_text(&rows, region);
		list[rows.row].leaf = ts_row_i64(&rows);
		list[rows.row].by_origin = ts_row_text(&rows, region);
		list[rows.row].by_index = ts_row_i64_or(&rows, -1);
	}
	*out = list;
	*out_n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_state_put(struct ts_db *db, int64_t contract_id, int32_t period, int64_t cut_leaf,
	const struct ts_hash *sha256, struct ts_str text, struct ts_why *why)
{
	size_t bound = ZSTD_compressBound(text.len);
	struct ts_args args;
	char *packed = malloc(bound);

	if (packed == NULL)
		return TS_E_NO_MEMORY;
	size_t len = ZSTD_compress(packed, bound, text.at, text.len, ZSTD_LEVEL);
	enum ts_err err = ZSTD_isError(len) ? TS_E_INTERNAL : TS_OK;
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i32(&args, period);
	ts_arg_i64(&args, cut_leaf);
	ts_arg_hash(&args, sha256);
	ts_arg_bytes(&args, packed, len);
	ts_arg_i64(&args, (int64_t)text.len);
	if (err == TS_OK)
		err = ts_db_query(db, "state_put", &args, NULL, why);
	free(packed);
	return err;
}

enum ts_err ts_db_state_get(struct ts_db *db, int64_t contract_id, int32_t period,
	struct ts_region *region, int64_t *cut_leaf, struct ts_hash *sha256, struct ts_str *text,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i32(&args, period);
	TS_TRY(ts_db_query(db, "state_get", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "period", "it is not cut: there is no state");
	*cut_leaf = ts_row_i64(&rows);
	ts_row_hash(&rows, sha256);
	struct ts_str packed = ts_row_bytes(&rows);
	int64_t bytes = ts_row_i64(&rows);
	TS_TRY(rows.err);
	if (text == NULL)
		return TS_OK;
	char *out = bytes <= STATE_BYTES_MAX ? ts_region_alloc(region, (size_t)bytes + 1) : NULL;
	if (out == NULL)
		return ts_why(why, TS_E_LIMIT, "state", "%" PRId64 " bytes are too many", bytes);
	if (ZSTD_decompress(out, (size_t)bytes, packed.at, packed.len) != (size_t)bytes)
		return ts_why(why, TS_E_INTERNAL, "state", "the kept text does not decompress");
	*text = (struct ts_str){out, (size_t)bytes};
	return TS_OK;
}

enum ts_err ts_db_seal_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_seal **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_seal *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "seal_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "seal", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_seal *seal = &list[rows.row];

		seal->book = (enum ts_book)ts_row_i16(&rows);
		seal->through = ts_row_day(&rows);
		seal->leaf = ts_row_i64(&rows);
		seal->note = ts_row_copy(&rows, region);
		seal->countersigned_leaf = ts_row_i64_or(&rows, -1);
		seal->reservation_leaf = ts_row_i64_or(&rows, -1);
		seal->reservation = ts_row_text(&rows, region);
		seal->tokens = ts_row_i64(&rows);
		seal->logged_us = ts_row_time(&rows);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

static void seal_key(struct ts_args *args, int64_t contract_id, enum ts_book book, int32_t through)
{
	ts_args_init(args);
	ts_arg_i64(args, contract_id);
	ts_arg_i16(args, (int16_t)book);
	ts_arg_day(args, through);
}

enum ts_err ts_db_seal_answer_add(struct ts_db *db, int64_t contract_id, enum ts_book book,
	int32_t through, int64_t leaf, struct ts_str reservation, int64_t now_us,
	struct ts_why *why)
{
	struct ts_args args;

	seal_key(&args, contract_id, book, through);
	ts_arg_i64(&args, leaf);
	ts_arg_str(&args, reservation);
	ts_arg_time(&args, now_us);
	return ts_db_query(db, "seal_answer_add", &args, NULL, why);
}

enum ts_err ts_db_seal_token_add(struct ts_db *db, int64_t contract_id, enum ts_book book,
	int32_t through, const struct ts_db_seal_token *token, struct ts_why *why)
{
	struct ts_args args;

	seal_key(&args, contract_id, book, through);
	ts_arg_hash(&args, &token->sha256);
	ts_arg_time(&args, token->stamped_us);
	ts_arg_text(&args, token->authority);
	ts_arg_bytes(&args, token->token.at, token->token.len);
	return ts_db_query(db, "seal_token_add", &args, NULL, why);
}

enum ts_err ts_db_seal_token_list(struct ts_db *db, int64_t contract_id, enum ts_book book,
	int32_t through, struct ts_region *region, struct ts_db_seal_token **out, size_t *n,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_seal_token *list = NULL;
	struct ts_args args;

	seal_key(&args, contract_id, book, through);
	TS_TRY(ts_db_query(db, "seal_token_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "seal", "out of memory");
	while (ts_rows_next(&rows)) {
		ts_row_hash(&rows, &list[rows.row].sha256);
		list[rows.row].stamped_us = ts_row_time(&rows);
		list[rows.row].authority = ts_row_text(&rows, region);
		list[rows.row].token = ts_row_copy(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}
