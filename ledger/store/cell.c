/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cell.h"
#include "base/time.h"

static void args_range(struct ts_args *args, int64_t contract_id, int64_t from, int64_t to)
{
	ts_args_init(args);
	ts_arg_i64(args, contract_id);
	ts_arg_i64(args, from);
	ts_arg_i64(args, to);
}

/* A text column copied into the region. */
static struct ts_str row_copy_text(struct ts_rows *rows, struct ts_region *region)
{
	struct ts_str v = ts_row_str(rows);

	if (v.at != NULL)
		v.at = ts_region_copy(region, v.at, v.len);
	if (v.at == NULL && rows->err == TS_OK)
		rows->err = TS_E_NO_MEMORY;
	return v;
}

/* Rows of (quarter, SKU, class, account, origin, quantity), the last two texts as needed. */
static enum ts_err usage_cells(struct ts_db *db, const char *query, struct ts_args *args,
	struct ts_terms_needs needs, struct ts_region *region, struct ts_usage_cell **out,
	size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_usage_cell *list = NULL;

	ts_arg_bool(args, needs.account);
	ts_arg_bool(args, needs.origin);
	TS_TRY(ts_db_query(db, query, args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "cell", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_usage_cell *cell = &list[rows.row];

		cell->quarter_us = ts_row_i64(&rows) * TS_US_PER_QUARTER;
		cell->sku = row_copy_text(&rows, region);
		cell->pricing_class = row_copy_text(&rows, region);
		cell->account = row_copy_text(&rows, region);
		cell->origin = row_copy_text(&rows, region);
		cell->quantity = ts_row_i128(&rows);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_cell_fold(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	struct ts_terms_needs needs, struct ts_region *region, struct ts_usage_cell **out,
	size_t *n, struct ts_why *why)
{
	struct ts_args args;

	args_range(&args, contract_id, from, to);
	return usage_cells(db, "cell_fold", &args, needs, region, out, n, why);
}

enum ts_err ts_db_cell_range(struct ts_db *db, int64_t contract_id, int64_t from_us, int64_t to_us,
	struct ts_terms_needs needs, struct ts_region *region, struct ts_usage_cell **out,
	size_t *n, struct ts_why *why)
{
	struct ts_args args;

	args_range(&args, contract_id, from_us / TS_US_PER_QUARTER,
		to_us == INT64_MAX ? INT64_MAX : to_us / TS_US_PER_QUARTER);
	return usage_cells(db, "cell_range", &args, needs, region, out, n, why);
}

enum ts_err ts_db_cell_adjust(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	const struct ts_cell *cells, size_t n, struct ts_why *why)
{
	enum { QUARTER, SKU, CLASS, ACCOUNT, RECORDS, QUANTITY, DIGEST, N };
	static const enum ts_array_type types[N] = {TS_ARRAY_I64, TS_ARRAY_TEXT, TS_ARRAY_TEXT,
		TS_ARRAY_TEXT, TS_ARRAY_I64, TS_ARRAY_NUMERIC, TS_ARRAY_NUMERIC};
	struct ts_array columns[N];
	struct ts_args args;
	int64_t changed = 0;
	enum ts_err err = TS_OK;

	if (n == 0)
		return TS_OK;
	ts_arrays_init(columns, types, N);
	for (size_t i = 0; i < n; i++) {
		ts_array_i64(&columns[QUARTER], cells[i].quarter);
		ts_array_str(&columns[SKU], cells[i].sku);
		ts_array_str(&columns[CLASS], cells[i].class);
		ts_array_str(&columns[ACCOUNT], cells[i].account);
		ts_array_i64(&columns[RECORDS], cells[i].count);
		ts_array_i128(&columns[QUANTITY], cells[i].quantity);
		ts_array_digest(&columns[DIGEST], &cells[i].digest);
	}
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	for (size_t i = 0; i < N && err == TS_OK; i++)
		err = ts_arg_array(&args, &columns[i]);
	if (err == TS_OK)
		err = ts_db_run(db, "cell_adjust", &args, &changed, why);
	ts_arrays_free(columns, N);
	TS_TRY(err);
	/* What is taken away must have been added: each line was folded with its batch. */
	return changed == (int64_t)n ? TS_OK
				     : ts_why(why, TS_E_INTERNAL, "cell", "%lld of %zu cells exist",
					       (long long)changed, n);
}

enum ts_err ts_db_cell_sums(struct ts_db *db, int64_t contract_id, int64_t from_us, int64_t to_us,
	int64_t bucket_us, bool by_class, bool by_account, struct ts_region *region,
	struct ts_db_cell_sum **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_cell_sum *list = NULL;
	struct ts_args args;

	if (from_us % TS_US_PER_QUARTER != 0 || to_us % TS_US_PER_QUARTER != 0 || bucket_us <= 0 ||
		bucket_us % TS_US_PER_QUARTER != 0)
		return ts_why(why, TS_E_INVALID, "cell", "times must lie on the quarter-hour grid");
	args_range(&args, contract_id, from_us / TS_US_PER_QUARTER, to_us / TS_US_PER_QUARTER);
	ts_arg_i64(&args, bucket_us / TS_US_PER_QUARTER);
	ts_arg_bool(&args, by_class);
	ts_arg_bool(&args, by_account);
	TS_TRY(ts_db_query(db, "cell_sums", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "cell", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_cell_sum *sum = &list[rows.row];

		sum->bucket_us = ts_row_i64(&rows) * TS_US_PER_QUARTER;
		sum->side = ts_row_i16(&rows);
		sum->sku = ts_row_text(&rows, region);
		sum->pricing_class = ts_row_text(&rows, region);
		sum->account = ts_row_text(&rows, region);
		sum->records = ts_row_i64(&rows);
		sum->quantity = ts_row_i128(&rows);
		ts_row_digest(&rows, &sum->digest);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_cell_check(
	struct ts_db *db, int64_t contract_id, int64_t to, int64_t *differ, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, to);
	TS_TRY(ts_db_query(db, "cell_check", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	*differ = ts_row_i64(&rows);
	return rows.err;
}
