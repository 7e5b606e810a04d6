/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal_export.h"
#include <string.h>

enum ts_err ts_db_journal_export_add(struct ts_db *db, int64_t contract_id, enum ts_book book,
	const char *const *kinds, size_t n, int64_t created_us, int32_t *number, struct ts_why *why)
{
	static const enum ts_array_type type = TS_ARRAY_TEXT;
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_array names;
	struct ts_args args;
	ts_arrays_init(&names, &type, 1);
	for (size_t i = 0; i < n; i++)
		ts_array_text(&names, kinds[i]);
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)book);
	enum ts_err err = ts_arg_array(&args, &names);
	ts_arg_time(&args, created_us);
	if (err == TS_OK)
		err = ts_db_query(db, "journal_export_add", &args, &rows, why);
	ts_arrays_free(&names, 1);
	if (err == TS_E_CONFLICT) /* its number was taken meanwhile */
		return TS_E_RETRY;
	TS_TRY(err);
	*number = ts_rows_next(&rows) ? ts_row_i32(&rows) : 0;
	return rows.err;
}

enum ts_err ts_db_journal_export_list(struct ts_db *db, int64_t contract_id, int book,
	int32_t number, struct ts_region *region, struct ts_db_journal_export **out, size_t *n,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_journal_export *list = NULL, *x = NULL;
	struct ts_args args;
	size_t count = 0;
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)book);
	ts_arg_i32(&args, number);
	TS_TRY(ts_db_query(db, "journal_export_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "exports", "out of memory");
	while (ts_rows_next(&rows)) {
		enum ts_book of = (enum ts_book)ts_row_i16(&rows);
		int32_t its = ts_row_i32(&rows);
		if (x == NULL || x->book != of || x->number != its)
			x = &list[count++];
		x->book = of;
		x->number = its;
		x->up_to = ts_row_i64(&rows);
		x->entries = ts_row_i64(&rows);
		x->created_us = ts_row_time(&rows);
		if (x->kinds_n == TS_DB_JOURNAL_KINDS_MAX)
			return TS_E_INTERNAL;
		x->kinds[x->kinds_n] = ts_row_text(&rows, region);
		x->after[x->kinds_n++] = ts_row_i64(&rows);
	}
	*out = list;
	*n = count;
	return rows.err;
}

bool ts_db_journal_export_holds(
	const struct ts_db_journal_export *export, const struct ts_entry *entry)
{
	const char *kind = ts_entry_kind_name(entry->kind);
	for (size_t i = 0; i < export->kinds_n; i++)
		if (strcmp(export->kinds[i], kind) == 0)
			return entry->id > export->after[i] && entry->id <= export->up_to;
	return false;
}
