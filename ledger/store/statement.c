/* SPDX-License-Identifier: Apache-2.0 */
#include "store/statement.h"

static void arg_i64_or_null(struct ts_args *args, int64_t v, int64_t none)
{
	if (v == none)
		ts_arg_null(args);
	else
		ts_arg_i64(args, v);
}

static void statement_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_statement *out)
{
	out->statement_id = ts_row_i64(rows);
	ts_row_hash(rows, &out->sha256);
	out->kind = ts_row_text(rows, region);
	out->serial = ts_row_i64_or(rows, 0);
	out->side = ts_row_i16(rows);
	out->note = ts_row_copy(rows, region);
	out->posted_us = ts_row_time(rows);
	out->leaf = ts_row_i64_or(rows, -1);
	out->counter_leaf = ts_row_i64_or(rows, -1);
	out->refused = ts_row_text(rows, region);
}

enum ts_err ts_db_statement_get(struct ts_db *db, int64_t contract_id, const struct ts_hash *sha256,
	struct ts_region *region, struct ts_db_statement *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_hash(&args, sha256);
	TS_TRY(ts_db_query(db, "statement_get", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "sha256", "no such statement was posted");
	statement_read(&rows, region, out);
	return rows.err;
}

enum ts_err ts_db_statement_list(struct ts_db *db, int64_t contract_id, const char *kind,
	int64_t after, int32_t limit, struct ts_region *region, struct ts_db_statement **out,
	size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_statement *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, kind);
	ts_arg_i64(&args, after);
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "statement_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "statement", "out of memory");
	while (ts_rows_next(&rows))
		statement_read(&rows, region, &list[rows.row]);
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_statement_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_statement *statement, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_hash(&args, &statement->sha256);
	ts_arg_text(&args, statement->kind);
	arg_i64_or_null(&args, statement->serial, 0);
	ts_arg_i16(&args, statement->side);
	ts_arg_bytes(&args, statement->note.at, statement->note.len);
	ts_arg_time(&args, statement->posted_us);
	return ts_db_query(db, "statement_add", &args, NULL, why);
}

enum ts_err ts_db_statement_change(struct ts_db *db, int64_t contract_id,
	const struct ts_db_statement *statement, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_hash(&args, &statement->sha256);
	ts_arg_bytes(&args, statement->note.at, statement->note.len);
	arg_i64_or_null(&args, statement->leaf, -1);
	arg_i64_or_null(&args, statement->counter_leaf, -1);
	ts_arg_text(&args, statement->refused);
	TS_TRY(ts_db_run(db, "statement_change", &args, &changed, why));
	return changed == 1 ? TS_OK : ts_why(why, TS_E_INTERNAL, "statement", "it is not there");
}

/* The one number that a query returns. */
static enum ts_err number(struct ts_db *db, const char *query, const struct ts_args *args,
	int64_t *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	int64_t value = 0;

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	value = ts_row_i64(&rows);
	TS_TRY(rows.err);
	*out = value;
	return TS_OK;
}

enum ts_err ts_db_statement_serial(
	struct ts_db *db, int64_t contract_id, const char *kind, int64_t *next, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, kind);
	return number(db, "statement_serial", &args, next, why);
}

enum ts_err ts_db_statement_waiting(
	struct ts_db *db, int64_t contract_id, int16_t side, int64_t *n, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, side);
	return number(db, "statement_waiting", &args, n, why);
}

enum ts_err ts_db_statement_supersede(struct ts_db *db, int64_t contract_id, const char *kind,
	int64_t serial, const char *refused, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, kind);
	ts_arg_i64(&args, serial);
	ts_arg_text(&args, refused);
	return ts_db_query(db, "statement_supersede", &args, NULL, why);
}

/* --- what a revocation leans on --- */

enum ts_err ts_db_cosigned_before(struct ts_db *db, int64_t contract_id, const char *const *names,
	size_t names_n, int64_t quorum, int64_t before_ms, int64_t *size, struct ts_why *why)
{
	struct ts_array list;
	struct ts_args args;

	ts_array_init(&list, TS_ARRAY_TEXT);
	for (size_t i = 0; i < names_n; i++)
		ts_array_text(&list, names[i]);
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, 0);
	enum ts_err err = ts_arg_array(&args, &list);
	ts_arg_i64(&args, quorum);
	ts_arg_i64(&args, before_ms);
	if (err == TS_OK)
		err = number(db, "cosigned_before", &args, size, why);
	ts_array_free(&list);
	return err;
}

enum ts_err ts_db_seal_last(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_str notes[2], size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "seal_last", &args, &rows, why));
	while (rows.row + 1 < 2 && ts_rows_next(&rows))
		notes[rows.row] = ts_row_copy(&rows, region);
	*n = (size_t)rows.n;
	return rows.err;
}
