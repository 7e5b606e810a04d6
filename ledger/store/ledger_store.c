/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of store/ledger_state.h: dirty rows of one kind, one array per column, one
 * statement. */
#include "store/ledger_state.h"

#define COLUMNS_MAX 12

/* Puts row i's values if it is dirty; false past the last row. */
typedef bool (*row_put)(struct ts_ledger *ledger, size_t i, struct ts_array *columns);

static struct ts_array *line_put(struct ts_array *c, const struct ts_line_key *line)
{
	ts_array_i32(&c[0], line->version);
	ts_array_i16(&c[1], (int16_t)line->kind);
	ts_array_i32(&c[2], line->item);
	ts_array_i32(&c[3], line->tier);
	ts_array_i32(&c[4], line->period);
	return c + 5;
}

static bool measure_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_measure_row *row = ts_ledger_measure(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_i32(&c[0], row->version);
	ts_array_i32(&c[1], row->price);
	ts_array_i32(&c[2], row->period);
	ts_array_i32(&c[3], row->month);
	ts_array_i128(&c[4], row->quantity);
	return true;
}

static bool fine_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_fine_row *row = ts_ledger_fine(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_i64(&c[0], row->quarter_us);
	ts_array_i32(&c[1], row->version);
	ts_array_i32(&c[2], row->price);
	ts_array_i32(&c[3], row->period);
	ts_array_text(&c[4], row->pricing_class);
	ts_array_text(&c[5], row->account);
	ts_array_text(&c[6], row->origin);
	ts_array_i128(&c[7], row->quantity);
	return true;
}

static bool waiting_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_waiting_row *row = ts_ledger_waiting(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_i64(&c[0], row->quarter_us);
	ts_array_i32(&c[1], row->version);
	ts_array_i32(&c[2], row->price);
	ts_array_i128(&c[3], row->quantity);
	return true;
}

static bool unbilled_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_unbilled_row *row = ts_ledger_unbilled(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_text(&c[0], row->reason);
	ts_array_text(&c[1], row->sku);
	ts_array_text(&c[2], row->pricing_class);
	ts_array_i32(&c[3], row->month);
	ts_array_i128(&c[4], row->quantity);
	return true;
}

static bool late_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_late_row *row = ts_ledger_late(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_i64(&c[0], row->quarter_us);
	ts_array_text(&c[1], row->sku);
	ts_array_text(&c[2], row->pricing_class);
	ts_array_text(&c[3], row->account);
	ts_array_text(&c[4], row->origin);
	ts_array_i128(&c[5], row->quantity);
	return true;
}

static bool accrual_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_accrual_row *row = ts_ledger_accrual(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	c = line_put(c, &row->line);
	ts_array_i32(&c[0], row->month);
	ts_array_i64(&c[1], row->accrued_minor);
	return true;
}

static bool billed_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_billed_row *row = ts_ledger_billed(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	c = line_put(c, &row->line);
	ts_array_i64(&c[0], row->billed_minor);
	ts_array_i128(&c[1], row->billed_quantity);
	ts_array_text(&c[2], row->document);
	return true;
}

static bool taxed_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_taxed_row *row = ts_ledger_taxed(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_text(&c[0], row->document);
	ts_array_i32(&c[1], row->treatment);
	ts_array_i128(&c[2], row->percent.pico);
	ts_array_i64(&c[3], row->net_minor);
	ts_array_i64(&c[4], row->tax_minor);
	return true;
}

static bool period_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_period_row *row = ts_ledger_period(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_i32(&c[0], row->index);
	ts_array_bool(&c[1], row->cut);
	ts_array_bool(&c[2], row->issued);
	ts_array_i64(&c[3], row->cut_leaf);
	ts_array_i64(&c[4], row->cut_at_us);
	ts_array_i64(&c[5], row->cut_to);
	ts_array_i32(&c[6], row->cut_day);
	ts_array_text(&c[7], row->document);
	ts_array_i64(&c[8], row->late_from);
	return true;
}

static bool cut_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_cut_row *row = ts_ledger_cut_line(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_i32(&c[0], row->cut);
	c = line_put(c + 1, &row->line);
	ts_array_i128(&c[0], row->quantity);
	ts_array_i64(&c[1], row->target_minor);
	if (row->has_unit_price)
		ts_array_i128(&c[2], row->unit_price.pico);
	else
		ts_array_null(&c[2]);
	ts_array_text(&c[3], row->trace == NULL ? "" : row->trace);
	return true;
}

static bool credit_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_credit_row *row = ts_ledger_credit_row(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_i16(&c[0], (int16_t)row->kind);
	ts_array_i64(&c[1], row->serial);
	ts_array_i64(&c[2], row->leaf);
	ts_array_bool(&c[3], row->granted);
	ts_array_i32(&c[4], row->version);
	ts_array_i32(&c[5], row->period);
	ts_array_i32(&c[6], row->month);
	ts_array_i32(&c[7], row->treatment);
	ts_array_i64(&c[8], row->amount_minor);
	ts_array_text(&c[9], row->about);
	ts_array_text(&c[10], row->item);
	ts_array_text(&c[11], row->reason);
	return true;
}

static bool prepaid_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_prepaid_row *row = ts_ledger_prepaid(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_i32(&c[0], row->item);
	ts_array_text(&c[1], row->document);
	ts_array_text(&c[2], row->document_sha256);
	ts_array_i64(&c[3], row->net_minor);
	ts_array_i64(&c[4], row->tax_minor);
	ts_array_i64(&c[5], row->paid_minor);
	ts_array_i64(&c[6], row->refunded_minor);
	ts_array_i64(&c[7], row->refunded_tax_minor);
	ts_array_i32(&c[8], row->from_period);
	return true;
}

static bool balance_put(struct ts_ledger *ledger, size_t i, struct ts_array *c)
{
	const struct ts_balance_row *row = ts_ledger_balance(ledger, i);

	if (row == NULL || !row->dirty)
		return row != NULL;
	ts_array_i16(&c[0], (int16_t)ts_account_defs[row->account].book);
	ts_array_text(&c[1], ts_account_defs[row->account].role);
	ts_array_i64(&c[2], row->debit_minor);
	ts_array_i64(&c[3], row->credit_minor);
	return true;
}

#define A(type) TS_ARRAY_##type
#define LINE A(I32), A(I16), A(I32), A(I32), A(I32)
static const struct {
	const char *query;
	row_put put;
	size_t columns;
	enum ts_array_type types[COLUMNS_MAX];
} stores[] = {
	{"measure_put", measure_put, 5, {A(I32), A(I32), A(I32), A(I32), A(NUMERIC)}},
	{"fine_put", fine_put, 8,
		{A(I64), A(I32), A(I32), A(I32), A(TEXT), A(TEXT), A(TEXT), A(NUMERIC)}},
	{"waiting_put", waiting_put, 4, {A(I64), A(I32), A(I32), A(NUMERIC)}},
	{"unbilled_put", unbilled_put, 5, {A(TEXT), A(TEXT), A(TEXT), A(I32), A(NUMERIC)}},
	{"late_put", late_put, 6, {A(I64), A(TEXT), A(TEXT), A(TEXT), A(TEXT), A(NUMERIC)}},
	{"accrual_put", accrual_put, 7, {LINE, A(I32), A(I64)}},
	{"billed_put", billed_put, 8, {LINE, A(I64), A(NUMERIC), A(TEXT)}},
	{"taxed_put", taxed_put, 5, {A(TEXT), A(I32), A(NUMERIC), A(I64), A(I64)}},
	{"period_put", period_put, 9,
		{A(I32), A(BOOL), A(BOOL), A(I64), A(I64), A(I64), A(I32), A(TEXT), A(I64)}},
	{"cut_put", cut_put, 10, {A(I32), LINE, A(NUMERIC), A(I64), A(NUMERIC), A(TEXT)}},
	{"credit_put", credit_put, 12,
		{A(I16), A(I64), A(I64), A(BOOL), A(I32), A(I32), A(I32), A(I32), A(I64), A(TEXT),
			A(TEXT), A(TEXT)}},
	{"prepaid_put", prepaid_put, 9,
		{A(I32), A(TEXT), A(TEXT), A(I64), A(I64), A(I64), A(I64), A(I64), A(I32)}},
	{"balance_put", balance_put, 4, {A(I16), A(TEXT), A(I64), A(I64)}},
};
#undef A
#undef LINE

static enum ts_err store_kind(struct ts_db *db, int64_t contract_id, size_t kind,
	struct ts_ledger *ledger, struct ts_why *why)
{
	struct ts_array columns[COLUMNS_MAX];
	struct ts_args args;
	enum ts_err err = TS_OK;

	ts_arrays_init(columns, stores[kind].types, stores[kind].columns);
	for (size_t i = 0; stores[kind].put(ledger, i, columns);)
		i++;
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	for (size_t i = 0; i < stores[kind].columns && err == TS_OK; i++)
		err = ts_arg_array(&args, &columns[i]);
	if (err == TS_OK && columns[0].n > 0)
		err = ts_db_query(db, stores[kind].query, &args, NULL, why);
	ts_arrays_free(columns, stores[kind].columns);
	return err;
}

enum ts_err ts_db_ledger_store(
	struct ts_db *db, int64_t contract_id, struct ts_ledger *ledger, struct ts_why *why)
{
	const struct ts_ledger_head *head = ts_ledger_head(ledger);
	struct ts_args args;

	for (size_t kind = 0; kind < sizeof stores / sizeof stores[0]; kind++)
		TS_TRY(store_kind(db, contract_id, kind, ledger, why));
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "waiting_drop", &args, NULL, why));
	ts_arg_i64(&args, head->inputs_to);
	ts_arg_i32(&args, head->day);
	ts_arg_i64(&args, head->at_us);
	ts_arg_i64(&args, head->entries);
	ts_arg_i64(&args, head->tick_serial);
	ts_arg_i64(&args, head->cut_serial);
	ts_arg_i64(&args, head->issue_serial);
	ts_arg_i64(&args, head->documents);
	ts_arg_i64(&args, head->end_us);
	return ts_db_query(db, "head_put", &args, NULL, why);
}

#define CLEAN(rows)                                                                                \
	for (size_t i = 0; ts_ledger_##rows(ledger, i) != NULL; i++)                               \
	ts_ledger_##rows(ledger, i)->dirty = false

void ts_db_ledger_clean(struct ts_ledger *ledger)
{
	CLEAN(measure);
	CLEAN(fine);
	CLEAN(waiting);
	CLEAN(unbilled);
	CLEAN(late);
	CLEAN(accrual);
	CLEAN(billed);
	CLEAN(taxed);
	CLEAN(period);
	CLEAN(cut_line);
	CLEAN(credit_row);
	CLEAN(prepaid);
	CLEAN(balance);
}
