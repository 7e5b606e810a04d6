/* SPDX-License-Identifier: Apache-2.0 */
#include "store/document.h"
#include <string.h>

enum ts_err ts_db_document_reserve(struct ts_db *db, int64_t contract_id, const char *number,
	int32_t period, int64_t cut_leaf, int64_t issue_leaf, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, number);
	ts_arg_i32(&args, period);
	if (cut_leaf < 0)
		ts_arg_null(&args);
	else
		ts_arg_i64(&args, cut_leaf);
	ts_arg_i64(&args, issue_leaf);
	return ts_db_query(db, "document_reserve", &args, NULL, why);
}

static enum ts_err changed_one(int64_t changed, const char *number, struct ts_why *why)
{
	return changed == 1 ? TS_OK
			    : ts_why(why, TS_E_CONFLICT, "document",
				      "\"%s\" is not a reserved number", number);
}

enum ts_err ts_db_document_issue(struct ts_db *db, int64_t contract_id,
	const struct ts_db_document *document, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, document->number);
	ts_arg_i16(&args, document->kind);
	ts_arg_day(&args, document->issue_day);
	ts_arg_day(&args, document->due_day);
	ts_arg_text(&args, document->currency);
	ts_arg_i64(&args, document->subtotal_minor);
	ts_arg_i64(&args, document->tax_minor);
	ts_arg_i64(&args, document->total_minor);
	ts_arg_hash(&args, &document->sha256);
	ts_arg_bytes(&args, document->json.at, document->json.len);
	TS_TRY(ts_db_run(db, "document_issue", &args, &changed, why));
	return changed_one(changed, document->number, why);
}

enum ts_err ts_db_document_void(struct ts_db *db, int64_t contract_id, const char *number,
	const char *reason, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, number);
	ts_arg_text(&args, reason);
	TS_TRY(ts_db_run(db, "document_void", &args, &changed, why));
	return changed_one(changed, number, why);
}

static enum ts_err state_of(struct ts_str name, enum ts_db_document_state *out)
{
	static const char *const names[] = {"reserved", "issued", "void"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (ts_str_is(name, names[i])) {
			*out = (enum ts_db_document_state)i;
			return TS_OK;
		}
	return TS_E_INTERNAL;
}

static enum ts_err document_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_document *out)
{
	memset(out, 0, sizeof *out);
	out->currency = "";
	out->number = ts_row_text(rows, region);
	out->kind = ts_row_i16(rows);
	out->period = ts_row_i32(rows);
	TS_TRY(state_of(ts_row_str(rows), &out->state));
	out->cut_leaf = -1;
	if (ts_row_is_null(rows))
		ts_row_skip(rows);
	else
		out->cut_leaf = ts_row_i64(rows);
	out->issue_leaf = ts_row_i64(rows);
	if (out->state != TS_DB_DOCUMENT_ISSUED) {
		rows->col += 8;
	} else {
		out->issue_day = ts_row_day(rows);
		out->due_day = ts_row_day(rows);
		out->currency = ts_row_text(rows, region);
		out->subtotal_minor = ts_row_i64(rows);
		out->tax_minor = ts_row_i64(rows);
		out->total_minor = ts_row_i64(rows);
		ts_row_hash(rows, &out->sha256);
		out->json = ts_row_copy(rows, region);
	}
	out->void_reason = ts_row_text(rows, region);
	return rows->err;
}

enum ts_err ts_db_document_get(struct ts_db *db, int64_t contract_id, const char *number,
	struct ts_region *region, struct ts_db_document *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, number);
	TS_TRY(ts_db_query(db, "document_get", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "document", "no document \"%s\"", number);
	return document_read(&rows, region, out);
}

enum ts_err ts_db_document_find(
	struct ts_db *db, const char *number, int64_t contracts[2], size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_text(&args, number);
	TS_TRY(ts_db_query(db, "document_find", &args, &rows, why));
	for (*n = 0; *n < 2 && ts_rows_next(&rows); (*n)++)
		contracts[*n] = ts_row_i64(&rows);
	return TS_OK;
}

enum ts_err ts_db_document_list(struct ts_db *db, int64_t contract_id, int64_t after, int32_t limit,
	struct ts_region *region, struct ts_db_document **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_document *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, after);
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "document_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "document", "out of memory");
	while (ts_rows_next(&rows))
		TS_TRY(document_read(&rows, region, &list[rows.row]));
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

/* --- renderings --- */

static enum ts_err rendering_rows(struct ts_db *db, int64_t contract_id, const char *number,
	const char *media_type, struct ts_rows *rows, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, number);
	ts_arg_text(&args, media_type);
	return ts_db_query(db, "rendering_get", &args, rows, why);
}

enum ts_err ts_db_rendering_add(struct ts_db *db, int64_t contract_id, const char *number,
	const char *media_type, struct ts_str bytes, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_hash hash, stored;
	struct ts_args args;
	int64_t changed = 0;

	ts_sha256(bytes.at, bytes.len, &hash);
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, number);
	ts_arg_text(&args, media_type);
	ts_arg_hash(&args, &hash);
	ts_arg_bytes(&args, bytes.at, bytes.len);
	TS_TRY(ts_db_run(db, "rendering_add", &args, &changed, why));
	if (changed == 1)
		return TS_OK;
	TS_TRY(rendering_rows(db, contract_id, number, media_type, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	ts_row_hash(&rows, &stored);
	TS_TRY(rows.err);
	return ts_hash_eq(&hash, &stored)
		       ? TS_OK
		       : ts_why(why, TS_E_CONFLICT, "document", "another %s of \"%s\" is stored",
				 media_type, number);
}

enum ts_err ts_db_rendering_get(struct ts_db *db, int64_t contract_id, const char *number,
	const char *media_type, struct ts_region *region, struct ts_str *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};

	TS_TRY(rendering_rows(db, contract_id, number, media_type, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "document", "no %s of \"%s\" is stored",
			media_type, number);
	ts_row_skip(&rows);
	*out = ts_row_copy(&rows, region);
	return rows.err;
}
