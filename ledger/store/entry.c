/* SPDX-License-Identifier: Apache-2.0 */
#include "store/entry.h"
#include <string.h>

static enum ts_err kind_of(struct ts_str name, enum ts_entry_kind *out)
{
	for (int i = 0; i < TS_ENTRY_KINDS; i++)
		if (ts_str_is(name, ts_entry_kind_name((enum ts_entry_kind)i))) {
			*out = (enum ts_entry_kind)i;
			return TS_OK;
		}
	return TS_E_INTERNAL;
}

static enum ts_err leg_read(struct ts_rows *rows, struct ts_entry *e)
{
	struct ts_leg *leg = &e->legs[e->legs_n];
	struct ts_str role;
	int i = 0;

	if (ts_row_is_null(rows)) { /* the entry names a document and has no legs */
		rows->col += 3;
		return rows->err;
	}
	role = ts_row_str(rows);

	while (i < TS_ACCOUNT_N && !ts_str_is(role, ts_account_defs[i].role))
		i++;
	if (i == TS_ACCOUNT_N || e->legs_n == TS_ENTRY_LEGS_MAX)
		return TS_E_INTERNAL;
	leg->account = (enum ts_account)i;
	leg->debit = ts_row_bool(rows);
	leg->amount_minor = ts_row_i64(rows);
	e->legs_n++;
	return rows->err;
}

static enum ts_err entry_read(
	struct ts_rows *rows, struct ts_region *region, int64_t id, struct ts_entry *e)
{
	memset(e, 0, sizeof *e);
	e->id = id;
	e->book = (enum ts_book)ts_row_i16(rows);
	TS_TRY(kind_of(ts_row_str(rows), &e->kind));
	e->posted_us = ts_row_time(rows);
	e->effective_day = ts_row_day(rows);
	e->service_month = ts_row_i32_or(rows, -1);
	e->source_leaf = ts_row_i64(rows);
	e->has_line = !ts_row_is_null(rows);
	if (e->has_line) {
		e->line.version = ts_row_i32(rows);
		e->line.kind = (enum ts_charge_kind)ts_row_i16(rows);
		e->line.item = ts_row_i32(rows);
		e->line.tier = ts_row_i32(rows);
		e->line.period = ts_row_i32(rows);
	} else {
		rows->col += 5;
	}
	e->document = ts_row_text(rows, region);
	if (e->document != NULL)
		ts_row_hash(rows, &e->document_hash);
	else
		ts_row_skip(rows);
	return rows->err;
}

static enum ts_err entry_rows(struct ts_db *db, int64_t contract_id,
	const struct ts_db_entry_filter *filter, struct ts_rows *rows, struct ts_why *why)
{
	bool days = filter->from_day != 0 || filter->to_day != 0;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, filter->after);
	ts_arg_i32(&args, filter->limit);
	ts_arg_i16(&args, (int16_t)filter->book);
	for (int edge = 0; edge < 2; edge++) {
		if (days)
			ts_arg_day(&args, edge == 0 ? filter->from_day : filter->to_day);
		else
			ts_arg_null(&args);
	}
	ts_arg_text(&args, filter->document);
	ts_arg_i64(&args, filter->source_leaf);
	ts_arg_text(&args, filter->account < 0 ? NULL : ts_account_defs[filter->account].role);
	return ts_db_query(db, "entry_list", &args, rows, why);
}

enum ts_err ts_db_entry_list(struct ts_db *db, int64_t contract_id,
	const struct ts_db_entry_filter *filter, struct ts_region *region, struct ts_entry **out,
	size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_entry *list = NULL;
	size_t count = 0;

	TS_TRY(entry_rows(db, contract_id, filter, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "entry", "out of memory");
	while (ts_rows_next(&rows)) {
		int64_t id = ts_row_i64(&rows);

		if (count == 0 || list[count - 1].id != id)
			TS_TRY(entry_read(&rows, region, id, &list[count++]));
		else
			rows.col += 13; /* the entry again; its next leg follows */
		TS_TRY(leg_read(&rows, &list[count - 1]));
	}
	*out = list;
	*n = count;
	return rows.err;
}
