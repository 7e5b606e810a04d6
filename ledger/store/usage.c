/* SPDX-License-Identifier: Apache-2.0 */
#include "store/usage.h"

static void usage_read(struct ts_rows *rows, struct ts_region *region, struct ts_db_usage *out)
{
	out->batch_id = ts_row_i64(rows);
	out->stream_id = ts_row_i64(rows);
	out->index = ts_row_i64(rows);
	out->side = ts_row_i16(rows);
	out->start_ms = ts_row_i64(rows);
	out->end_ms = ts_row_i64(rows);
	out->devices_milli = ts_row_i64(rows);
	out->quantity = ts_row_i64(rows);
	out->sku = ts_row_text(rows, region);
	out->pricing_class = ts_row_text(rows, region);
	out->workload = ts_row_text(rows, region);
	out->resource = ts_row_text(rows, region);
	out->account = ts_row_text(rows, region);
	out->void_reason = ts_row_text(rows, region);
}

enum ts_err ts_db_usage_list(struct ts_db *db, int64_t contract_id,
	const struct ts_db_usage_filter *filter, struct ts_region *region, struct ts_db_usage **out,
	size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	/* The most selective key first: a workload names few batches. */
	const char *const keys[] = {filter->workload, filter->resource, filter->account};
	struct ts_db_usage *list = NULL;
	struct ts_args args;
	int16_t kind = 0;

	while (kind < 3 && keys[kind] == NULL)
		kind++;
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, filter->from_ms);
	ts_arg_i64(&args, filter->to_ms);
	ts_arg_i16(&args, filter->side);
	ts_arg_i64(&args, filter->stream_id);
	ts_arg_text(&args, filter->sku);
	ts_arg_text(&args, filter->pricing_class);
	ts_arg_text(&args, filter->workload);
	ts_arg_text(&args, filter->resource);
	ts_arg_text(&args, filter->account);
	ts_arg_bool(&args, filter->voids);
	ts_arg_i64(&args, filter->after_batch);
	ts_arg_i64(&args, filter->after_index);
	ts_arg_i32(&args, filter->limit);
	if (kind < 3) {
		ts_arg_i16(&args, kind);
		ts_arg_text(&args, keys[kind]);
	}
	TS_TRY(ts_db_query(db, kind < 3 ? "usage_list_keyed" : "usage_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "usage", "out of memory");
	while (ts_rows_next(&rows))
		usage_read(&rows, region, &list[rows.row]);
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

static enum ts_err partition_call(
	struct ts_db *db, const char *query, int32_t month, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i32(&args, month);
	return ts_db_query(db, query, &args, NULL, why);
}

enum ts_err ts_db_void_list(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t after_index, int32_t limit, struct ts_region *region, struct ts_db_usage **out,
	size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_usage *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	ts_arg_i64(&args, after_index);
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "void_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "usage", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_usage *u = &list[rows.row];

		u->stream_id = stream_id;
		u->index = ts_row_i64(&rows);
		u->side = ts_row_i16(&rows);
		u->void_reason = ts_row_text(&rows, region);
		u->batch_id = ts_row_i64(&rows);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_partition_ensure(struct ts_db *db, int32_t month, struct ts_why *why)
{
	return partition_call(db, "partition_ensure", month, why);
}

enum ts_err ts_db_partition_close(struct ts_db *db, int32_t month, struct ts_why *why)
{
	return partition_call(db, "partition_close", month, why);
}
