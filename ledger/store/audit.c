/* SPDX-License-Identifier: Apache-2.0 */
/* Progress and findings. */
#include "store/audit.h"

static void args_task(
	struct ts_args *args, int64_t contract_id, const struct ts_db_audit_task *task)
{
	ts_args_init(args);
	ts_arg_i64(args, contract_id);
	ts_arg_text(args, task->task);
	ts_arg_i64(args, task->part);
	ts_arg_i64(args, task->day);
}

enum ts_err ts_db_audit_get(struct ts_db *db, int64_t contract_id,
	const struct ts_db_audit_task *task, struct ts_region *region, int64_t *at,
	struct ts_str *state, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	args_task(&args, contract_id, task);
	TS_TRY(ts_db_query(db, "audit_get", &args, &rows, why));
	*at = 0;
	*state = (struct ts_str){"", 0};
	if (ts_rows_next(&rows)) {
		*at = ts_row_i64(&rows);
		*state = ts_row_copy(&rows, region);
	}
	return rows.err;
}

enum ts_err ts_db_audit_put(struct ts_db *db, int64_t contract_id,
	const struct ts_db_audit_task *task, int64_t at, struct ts_str state, struct ts_why *why)
{
	struct ts_args args;

	args_task(&args, contract_id, task);
	ts_arg_i64(&args, at);
	ts_arg_bytes(&args, state.at != NULL ? state.at : "", state.len);
	return ts_db_query(db, "audit_put", &args, NULL, why);
}

enum ts_err ts_db_audit_restart(
	struct ts_db *db, int64_t contract_id, int64_t now_us, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "audit_reset", &args, NULL, why));
	ts_arg_time(&args, now_us);
	return ts_db_query(db, "audit_clear", &args, NULL, why);
}

static enum ts_err days_read(struct ts_db *db, const char *query, const struct ts_args *args,
	struct ts_region *region, struct ts_db_audit_day **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_audit_day *list = NULL;

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "audit", "out of memory");
	while (ts_rows_next(&rows)) {
		list[rows.row].stream_id = ts_row_i64(&rows);
		list[rows.row].day = ts_row_i64(&rows);
		list[rows.row].state = ts_row_copy(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_audit_due(struct ts_db *db, int64_t contract_id, int32_t limit,
	struct ts_region *region, struct ts_db_audit_day **out, size_t *n, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i32(&args, limit);
	return days_read(db, "audit_due", &args, region, out, n, why);
}

enum ts_err ts_db_audit_days(struct ts_db *db, int64_t contract_id,
	const struct ts_db_audit_day *after, int64_t to, int32_t limit, struct ts_region *region,
	struct ts_db_audit_day **out, size_t *n, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, after->day);
	ts_arg_i64(&args, after->stream_id);
	ts_arg_i64(&args, to);
	ts_arg_i32(&args, limit);
	return days_read(db, "audit_days", &args, region, out, n, why);
}

enum ts_err ts_db_finding_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_finding *finding, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, finding->check);
	ts_arg_text(&args, finding->table);
	ts_arg_text(&args, finding->key);
	ts_arg_text(&args, finding->expected);
	ts_arg_text(&args, finding->actual);
	ts_arg_time(&args, finding->found_us);
	return ts_db_query(db, "finding_add", &args, NULL, why);
}

enum ts_err ts_db_finding_list(struct ts_db *db, int64_t contract_id, int32_t limit,
	struct ts_region *region, struct ts_db_finding **out, size_t *n, int64_t *all,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_finding *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_audit_number(db, "finding_count", &args, all, why));
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "finding_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "audit", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_finding *f = &list[rows.row];

		f->check = ts_row_text(&rows, region);
		f->table = ts_row_text(&rows, region);
		f->key = ts_row_text(&rows, region);
		f->expected = ts_row_text(&rows, region);
		f->actual = ts_row_text(&rows, region);
		f->found_us = ts_row_time(&rows);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_audit_alone(struct ts_db *db, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	TS_TRY(ts_db_query(db, "audit_alone", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	if (!ts_row_bool(&rows))
		return ts_why(why, TS_E_CONFLICT, "audit", "another audit of this database runs");
	return rows.err;
}
