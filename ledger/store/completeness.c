/* SPDX-License-Identifier: Apache-2.0 */
#include "store/completeness.h"

#define WINDOWS_PER_READ 20000

enum ts_err ts_db_window_closed(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t after_ms, int64_t to_ms, int64_t n, struct ts_closings *closings,
	struct ts_why *why)
{
	int read = WINDOWS_PER_READ;

	while (read == WINDOWS_PER_READ) {
		__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
		struct ts_args args;

		ts_args_init(&args);
		ts_arg_i64(&args, contract_id);
		ts_arg_i64(&args, stream_id);
		ts_arg_i64(&args, after_ms);
		ts_arg_i64(&args, to_ms);
		ts_arg_i64(&args, n);
		ts_arg_i32(&args, WINDOWS_PER_READ);
		TS_TRY(ts_db_query(db, "window_closed", &args, &rows, why));
		while (ts_rows_next(&rows)) {
			after_ms = ts_row_i64(&rows);
			if (ts_closings_add(closings, after_ms, ts_row_i64(&rows)) != TS_OK)
				return ts_why(why, TS_E_LIMIT, "windows",
					"the gaps of a stream need more memory than is given");
		}
		TS_TRY(rows.err);
		read = rows.n;
	}
	return TS_OK;
}

enum ts_err ts_db_completeness_put(struct ts_db *db, int64_t contract_id, int32_t period,
	const struct ts_db_completeness *row, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i32(&args, period);
	ts_arg_i64(&args, row->cut_leaf);
	ts_arg_i64(&args, row->counts.expected);
	ts_arg_i64(&args, row->counts.closed);
	ts_arg_i64(&args, row->counts.late);
	ts_arg_i64(&args, row->counts.missing);
	ts_arg_hash(&args, &row->list_sha256);
	ts_arg_bytes(&args, row->list.at, row->list.len);
	return ts_db_query(db, "completeness_put", &args, NULL, why);
}

enum ts_err ts_db_completeness_get(struct ts_db *db, int64_t contract_id, int32_t period,
	struct ts_region *region, struct ts_db_completeness *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i32(&args, period);
	TS_TRY(ts_db_query(db, "completeness_get", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "period", "no cut has counted its windows");
	*out = (struct ts_db_completeness){.cut_leaf = ts_row_i64(&rows)};
	out->counts.expected = ts_row_i64(&rows);
	out->counts.closed = ts_row_i64(&rows);
	out->counts.late = ts_row_i64(&rows);
	out->counts.missing = ts_row_i64(&rows);
	ts_row_hash(&rows, &out->list_sha256);
	out->list = ts_row_copy(&rows, region);
	return rows.err;
}

enum ts_err ts_db_gap_list(struct ts_db *db, int64_t contract_id, int64_t leaf,
	struct ts_region *region, struct ts_db_gap **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_gap *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, leaf);
	TS_TRY(ts_db_query(db, "gap_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "gap", "out of memory");
	while (ts_rows_next(&rows)) {
		list[rows.row].leaf = ts_row_i64(&rows);
		list[rows.row].note = ts_row_copy(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_consumer_windows(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_windows **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_windows *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "consumer_windows", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "windows", "out of memory");
	while (ts_rows_next(&rows)) {
		list[rows.row].stream_id = ts_row_i64(&rows);
		list[rows.row].packed = ts_row_copy(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}
