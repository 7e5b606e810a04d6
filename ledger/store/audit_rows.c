/* SPDX-License-Identifier: Apache-2.0 */
/* What the auditor reads: rows as text, and the few that it has to take apart. */
#include "store/audit.h"
#include <string.h>

enum ts_err ts_db_audit_rows(struct ts_db *db, const char *query, const struct ts_args *args,
	ts_db_audit_row take, void *ctx, int64_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	while (ts_rows_next(&rows)) {
		struct ts_digest digest;
		struct ts_str key = ts_row_str(&rows), row = ts_row_str(&rows);
		bool has_digest = ts_rows_columns(&rows) > 2;

		TS_TRY(rows.err);
		if (has_digest)
			ts_row_digest(&rows, &digest);
		if (rows.err != TS_OK) { /* no number of ours: nothing it could be equal to */
			memset(&digest, 0xff, sizeof digest);
			rows.err = TS_OK;
		}
		TS_TRY(take(ctx, key, row, has_digest ? &digest : NULL));
	}
	*n = rows.n;
	return rows.err;
}

enum ts_err ts_db_audit_number(struct ts_db *db, const char *query, const struct ts_args *args,
	int64_t *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	*out = ts_row_i64(&rows);
	return rows.err;
}

static void note_checkpoint(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_audit_note *out)
{
	out->size = ts_row_i64(rows);
	ts_row_hash(rows, &out->root);
	out->note = ts_row_copy(rows, region);
	out->range = ts_row_copy(rows, region);
}

static void note_cosignature(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_audit_note *out)
{
	out->size = ts_row_i64(rows);
	out->key_name = ts_row_text(rows, region);
	out->time_s = ts_row_i64(rows);
	out->note = ts_row_copy(rows, region);
}

static void note_published(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_audit_note *out)
{
	(void)region;
	out->size = ts_row_i64(rows);
	out->time_s = ts_row_i64(rows);
}

typedef void (*note_read)(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_audit_note *out);

static enum ts_err notes(struct ts_db *db, const char *query, const struct ts_args *args,
	note_read read, struct ts_region *region, struct ts_db_audit_note **out, size_t *n,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_audit_note *list = NULL;

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "audit", "out of memory");
	while (ts_rows_next(&rows))
		read(&rows, region, &list[rows.row]);
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

static void args_sizes(
	struct ts_args *args, int64_t contract_id, int16_t log, int64_t from, int64_t to)
{
	ts_args_init(args);
	ts_arg_i64(args, contract_id);
	ts_arg_i16(args, log);
	ts_arg_i64(args, from);
	ts_arg_i64(args, to);
}

enum ts_err ts_db_audit_checkpoints(struct ts_db *db, int64_t contract_id, int16_t log,
	int64_t after, int64_t to, int32_t limit, struct ts_region *region,
	struct ts_db_audit_note **out, size_t *n, struct ts_why *why)
{
	struct ts_args args;

	args_sizes(&args, contract_id, log, after, to);
	ts_arg_i32(&args, limit);
	return notes(db, "audit_checkpoints", &args, note_checkpoint, region, out, n, why);
}

enum ts_err ts_db_audit_cosignatures(struct ts_db *db, int64_t contract_id, int16_t log,
	int64_t from, int64_t to, struct ts_region *region, struct ts_db_audit_note **out,
	size_t *n, struct ts_why *why)
{
	struct ts_args args;

	args_sizes(&args, contract_id, log, from, to);
	return notes(db, "audit_cosignatures", &args, note_cosignature, region, out, n, why);
}

enum ts_err ts_db_audit_published(struct ts_db *db, int64_t contract_id, int16_t log, int64_t from,
	int64_t to, struct ts_region *region, struct ts_db_audit_note **out, size_t *n,
	struct ts_why *why)
{
	struct ts_args args;

	args_sizes(&args, contract_id, log, from, to);
	return notes(db, "audit_published", &args, note_published, region, out, n, why);
}

enum ts_err ts_db_audit_statements(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	struct ts_region *region, struct ts_db_audit_statement **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_audit_statement *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, to);
	TS_TRY(ts_db_query(db, "audit_statements", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "audit", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_audit_statement *s = &list[rows.row];

		s->statement_id = ts_row_i64(&rows);
		ts_row_hash(&rows, &s->sha256);
		s->kind = ts_row_text(&rows, region);
		s->serial = ts_row_i64_or(&rows, 0);
		s->note = ts_row_copy(&rows, region);
		s->leaf = ts_row_i64_or(&rows, -1);
		s->counter_leaf = ts_row_i64_or(&rows, -1);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}
