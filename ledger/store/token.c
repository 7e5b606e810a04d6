/* SPDX-License-Identifier: Apache-2.0 */
#include "store/token.h"
#include <string.h>

enum ts_err ts_db_token_add(struct ts_db *db, const struct ts_db_token *token, struct ts_why *why)
{
	struct ts_array contracts;
	struct ts_args args;
	enum ts_err err = TS_OK;

	ts_array_init(&contracts, TS_ARRAY_I64);
	for (size_t i = 0; i < token->contracts_n; i++)
		ts_array_i64(&contracts, token->contracts[i]);
	ts_args_init(&args);
	ts_arg_text(&args, token->id);
	ts_arg_bytes(&args, token->hash, sizeof token->hash);
	ts_arg_i32(&args, token->role);
	if (token->party_id == 0)
		ts_arg_null(&args);
	else
		ts_arg_i64(&args, token->party_id);
	ts_arg_bool(&args, token->all_contracts);
	err = ts_arg_array(&args, &contracts);
	ts_arg_text(&args, token->label);
	ts_arg_time(&args, token->created_us);
	if (token->not_after_us == 0)
		ts_arg_null(&args);
	else
		ts_arg_time(&args, token->not_after_us);
	if (err == TS_OK)
		err = ts_db_query(db, "token_add", &args, NULL, why);
	ts_array_free(&contracts);
	return err;
}

static enum ts_err token_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_token *out)
{
	struct ts_str hash = {0};
	const int64_t *contracts = NULL;
	size_t n = 0;

	memset(out, 0, sizeof *out);
	ts_row_chars(rows, out->id, sizeof out->id);
	hash = ts_row_bytes(rows);
	out->role = ts_row_i32(rows);
	out->party_id = ts_row_i64_or(rows, 0);
	if (out->party_id == 0) {
		ts_row_skip(rows);
		ts_row_skip(rows);
	} else {
		ts_row_chars(rows, out->party_slug, sizeof out->party_slug);
		ts_row_chars(rows, out->party_domain, sizeof out->party_domain);
	}
	out->all_contracts = ts_row_bool(rows);
	contracts = ts_row_i64s(rows, region, &n);
	out->label = ts_row_text(rows, region);
	out->created_us = ts_row_time(rows);
	out->not_after_us = ts_row_time_or(rows, 0);
	out->revoked = ts_row_bool(rows);
	TS_TRY(rows->err);
	if (hash.len != sizeof out->hash || n > TS_DB_TOKEN_CONTRACTS_MAX)
		return TS_E_INTERNAL;
	memcpy(out->hash, hash.at, hash.len);
	if (n > 0)
		memcpy(out->contracts, contracts, n * sizeof *contracts);
	out->contracts_n = n;
	return TS_OK;
}

enum ts_err ts_db_token_find(
	struct ts_db *db, const char *id, struct ts_db_token *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	__attribute__((cleanup(ts_region_cleanup))) struct ts_region *region = ts_region_create(
		16384);
	struct ts_args args;

	if (region == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "token", "out of memory");
	ts_args_init(&args);
	ts_arg_text(&args, id);
	TS_TRY(ts_db_query(db, "token_find", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "token", "no such token");
	TS_TRY(token_read(&rows, region, out));
	out->label = NULL; /* its memory ends here */
	return TS_OK;
}

enum ts_err ts_db_token_revoke(struct ts_db *db, const char *id, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_text(&args, id);
	TS_TRY(ts_db_run(db, "token_revoke", &args, &changed, why));
	return changed == 1 ? TS_OK : ts_why(why, TS_E_NOT_FOUND, "token", "no such live token");
}

enum ts_err ts_db_token_list(struct ts_db *db, struct ts_region *region, struct ts_db_token **out,
	size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_token *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	TS_TRY(ts_db_query(db, "token_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "token", "out of memory");
	while (ts_rows_next(&rows))
		TS_TRY(token_read(&rows, region, &list[rows.row]));
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}
