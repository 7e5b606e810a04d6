/* SPDX-License-Identifier: Apache-2.0 */
/* Balances and the chart of accounts (store/ledger_state.h). */
#include "store/ledger_state.h"

static void balance_name(struct ts_rows *rows, struct ts_region *region, struct ts_db_balance *out)
{
	struct ts_str role = ts_row_str(rows);
	int i = 0;

	while (i < TS_ACCOUNT_N - 1 && !ts_str_is(role, ts_account_defs[i].role))
		i++;
	TS_ASSERT(rows->err != TS_OK || ts_str_is(role, ts_account_defs[i].role));
	out->account = (enum ts_account)i;
	out->number = ts_row_text(rows, region);
	out->title = ts_row_text(rows, region);
	if (out->number == NULL)
		out->number = ts_account_defs[i].number;
	if (out->title == NULL)
		out->title = ts_account_defs[i].title;
}

static int64_t sum_or_zero(struct ts_rows *rows, enum ts_err *err)
{
	int64_t v = 0;

	if (ts_row_is_null(rows)) {
		ts_row_skip(rows);
		return 0;
	}
	if (ts_to64(ts_row_i128(rows), &v) != TS_OK)
		*err = TS_E_OVERFLOW;
	return v;
}

enum ts_err ts_db_balance_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_balance **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_balance *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "balance_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "balance", "out of memory");
	while (ts_rows_next(&rows)) {
		balance_name(&rows, region, &list[rows.row]);
		list[rows.row].debit_minor = ts_row_i64(&rows);
		list[rows.row].credit_minor = ts_row_i64(&rows);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_balance_as_of(struct ts_db *db, int64_t contract_id, int32_t day,
	struct ts_region *region, struct ts_db_balance **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_balance *list = NULL;
	struct ts_args args;
	enum ts_err err = TS_OK;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_day(&args, day);
	TS_TRY(ts_db_query(db, "balance_as_of", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "balance", "out of memory");
	while (ts_rows_next(&rows)) {
		balance_name(&rows, region, &list[rows.row]);
		list[rows.row].debit_minor = sum_or_zero(&rows, &err);
		list[rows.row].credit_minor = sum_or_zero(&rows, &err);
	}
	TS_TRY(err);
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_balance_check(
	struct ts_db *db, int64_t contract_id, int64_t *differ, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "balance_check", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	*differ = ts_row_i64(&rows);
	return rows.err;
}

enum ts_err ts_db_account_map(struct ts_db *db, int64_t contract_id, enum ts_account account,
	const char *number, const char *title, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)ts_account_defs[account].book);
	ts_arg_text(&args, ts_account_defs[account].role);
	ts_arg_text(&args, number);
	ts_arg_text(&args, title);
	return ts_db_query(db, "account_map", &args, NULL, why);
}
