/* SPDX-License-Identifier: Apache-2.0 */
#include "store/bundle.h"
#include <zstd.h>

enum ts_err ts_db_bundle_issue(
	struct ts_db *db, int64_t contract_id, int32_t period, int64_t *leaf, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i32(&args, period);
	TS_TRY(ts_db_query(db, "bundle_issue", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_CONFLICT, "period", "its document is not issued yet");
	*leaf = ts_row_i64(&rows);
	return rows.err;
}

enum ts_err ts_db_bundle_pair(struct ts_db *db, int64_t contract_id, int64_t leaf, int64_t *inputs,
	int64_t *journal, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, leaf);
	TS_TRY(ts_db_query(db, "bundle_pair", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_CONFLICT, "period",
			"no pair of checkpoints above its issue is signed yet; try again");
	*inputs = ts_row_i64(&rows);
	*journal = ts_row_i64(&rows);
	return rows.err;
}

enum ts_err ts_db_bundle_checkpoints(struct ts_db *db, int64_t contract_id, int16_t log,
	int64_t after, int64_t below, int32_t limit, struct ts_region *region,
	struct ts_db_bundle_note **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_bundle_note *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, log);
	ts_arg_i64(&args, after);
	ts_arg_i64(&args, below);
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "bundle_checkpoints", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "checkpoints", "out of memory");
	while (ts_rows_next(&rows)) {
		list[rows.row].size = ts_row_i64(&rows);
		list[rows.row].note = ts_row_copy(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_bundle_streams(struct ts_db *db, int64_t contract_id, int64_t leaf,
	struct ts_region *region, struct ts_db_bundle_stream **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_bundle_stream *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, leaf);
	TS_TRY(ts_db_query(db, "bundle_streams", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "streams", "out of memory");
	while (ts_rows_next(&rows)) {
		list[rows.row].stream_id = ts_row_i64(&rows);
		list[rows.row].public_id = ts_row_text(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_bundle_lines(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t leaf, struct ts_region *region, int64_t *first, struct ts_str *out,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	ts_arg_i64(&args, *first);
	ts_arg_i64(&args, leaf);
	TS_TRY(ts_db_query(db, "bundle_lines", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_NOT_FOUND;
	int64_t end = ts_row_i64(&rows), bytes = ts_row_i64(&rows);
	struct ts_str packed = ts_row_bytes(&rows);
	TS_TRY(rows.err);
	char *lines = ts_region_alloc(region, (size_t)bytes);
	if (lines == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "lines", "out of memory");
	if (ZSTD_decompress(lines, (size_t)bytes, packed.at, packed.len) != (size_t)bytes)
		return ts_why(why, TS_E_INTERNAL, "lines", "an upload does not decompress");
	*first = end;
	*out = (struct ts_str){lines, (size_t)bytes};
	return TS_OK;
}

enum ts_err ts_db_bundle_documents(struct ts_db *db, int64_t contract_id, int64_t after,
	int64_t below, int32_t limit, struct ts_region *region, struct ts_db_bundle_document **out,
	size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_bundle_document *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, after);
	ts_arg_i64(&args, below);
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "bundle_documents", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "documents", "out of memory");
	while (ts_rows_next(&rows)) {
		list[rows.row].issue_leaf = ts_row_i64(&rows);
		ts_row_hash(&rows, &list[rows.row].sha256);
		list[rows.row].json = ts_row_copy(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}
