/* SPDX-License-Identifier: Apache-2.0 */
/* The reading half of store/ledger_state.h: one reader per kind of row, which hands it to
 * ts_ledger_load_*. All kinds come in one statement and one layout (store/ledger_layout.h). */
#include "store/ledger_state.h"
#include "store/ledger_layout.h"
#include <string.h>

/* --- loading --- */

typedef enum ts_err (*row_load)(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger);

/* A whole number that C holds in 32 bits. */
static int32_t row_int(struct ts_rows *rows)
{
	int64_t v = ts_row_i64(rows);

	if (v < INT32_MIN || v > INT32_MAX) {
		rows->err = rows->err == TS_OK ? TS_E_INTERNAL : rows->err;
		return 0;
	}
	return (int32_t)v;
}

static ts_i128 row_quantity(struct ts_rows *rows)
{
	if (rows->col < TS_LEDGER_COL_QUANTITY)
		rows->col = TS_LEDGER_COL_QUANTITY;
	return ts_row_i128(rows);
}

static const char *row_words(struct ts_rows *rows, struct ts_region *region)
{
	if (rows->col < TS_LEDGER_COL_TEXT)
		rows->col = TS_LEDGER_COL_TEXT;
	return ts_row_text(rows, region);
}

static void line_read(struct ts_rows *rows, struct ts_line_key *out)
{
	out->version = row_int(rows);
	out->kind = (enum ts_charge_kind)row_int(rows);
	out->item = row_int(rows);
	out->tier = row_int(rows);
	out->period = row_int(rows);
}

static void head_read(struct ts_rows *rows, struct ts_ledger_head *out)
{
	out->inputs_to = ts_row_i64(rows);
	out->day = row_int(rows);
	out->at_us = ts_row_i64(rows);
	out->entries = ts_row_i64(rows);
	out->tick_serial = ts_row_i64(rows);
	out->cut_serial = ts_row_i64(rows);
	out->issue_serial = ts_row_i64(rows);
	out->documents = ts_row_i64(rows);
	out->end_us = ts_row_i64(rows);
}

static enum ts_err head_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_ledger_head head = *ts_ledger_head(ledger);

	(void)region;
	head_read(rows, &head);
	if (rows->err == TS_OK)
		ts_ledger_load_head(ledger, &head);
	return rows->err;
}

static enum ts_err measure_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_measure_row row = {.version = row_int(rows)};

	(void)region;
	row.price = row_int(rows);
	row.period = row_int(rows);
	row.month = row_int(rows);
	row.quantity = row_quantity(rows);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_measure(ledger, &row);
}

static enum ts_err fine_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_fine_row row = {.quarter_us = ts_row_i64(rows)};

	row.version = row_int(rows);
	row.price = row_int(rows);
	row.period = row_int(rows);
	row.quantity = row_quantity(rows);
	row.pricing_class = row_words(rows, region);
	row.account = row_words(rows, region);
	row.origin = row_words(rows, region);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_fine(ledger, &row);
}

static enum ts_err waiting_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_waiting_row row = {.quarter_us = ts_row_i64(rows)};

	(void)region;
	row.version = row_int(rows);
	row.price = row_int(rows);
	row.quantity = row_quantity(rows);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_waiting(ledger, &row);
}

static void unbilled_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_unbilled_row *out)
{
	memset(out, 0, sizeof *out);
	out->month = row_int(rows);
	out->quantity = row_quantity(rows);
	out->reason = row_words(rows, region);
	out->sku = row_words(rows, region);
	out->pricing_class = row_words(rows, region);
}

static enum ts_err unbilled_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_unbilled_row row;

	unbilled_read(rows, region, &row);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_unbilled(ledger, &row);
}

static enum ts_err late_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_late_row row = {.quarter_us = ts_row_i64(rows)};

	row.quantity = row_quantity(rows);
	row.sku = row_words(rows, region);
	row.pricing_class = row_words(rows, region);
	row.account = row_words(rows, region);
	row.origin = row_words(rows, region);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_late(ledger, &row);
}

static enum ts_err accrual_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_accrual_row row = {0};

	(void)region;
	line_read(rows, &row.line);
	row.month = row_int(rows);
	row.accrued_minor = ts_row_i64(rows);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_accrual(ledger, &row);
}

static enum ts_err billed_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_billed_row row = {0};

	line_read(rows, &row.line);
	row.billed_minor = ts_row_i64(rows);
	row.billed_quantity = row_quantity(rows);
	row.document = row_words(rows, region);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_billed(ledger, &row);
}

static enum ts_err taxed_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_taxed_row row = {.treatment = row_int(rows)};

	row.net_minor = ts_row_i64(rows);
	row.tax_minor = ts_row_i64(rows);
	row.percent.pico = row_quantity(rows);
	row.document = row_words(rows, region);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_taxed(ledger, &row);
}

static void period_read(struct ts_rows *rows, struct ts_region *region, struct ts_period_row *out)
{
	memset(out, 0, sizeof *out);
	out->index = row_int(rows);
	out->cut = ts_row_i64(rows) != 0;
	out->issued = ts_row_i64(rows) != 0;
	out->cut_leaf = ts_row_i64(rows);
	out->cut_at_us = ts_row_i64(rows);
	out->cut_to = ts_row_i64(rows);
	out->cut_day = row_int(rows);
	out->late_from = ts_row_i64(rows);
	out->document = row_words(rows, region);
}

static enum ts_err period_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_period_row row;

	period_read(rows, region, &row);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_period(ledger, &row);
}

static enum ts_err cut_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_cut_row row = {.cut = row_int(rows)};

	line_read(rows, &row.line);
	row.target_minor = ts_row_i64(rows);
	row.quantity = row_quantity(rows);
	row.has_unit_price = !ts_row_is_null(rows);
	if (row.has_unit_price)
		row.unit_price.pico = ts_row_i128(rows);
	row.trace = row_words(rows, region);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_cut(ledger, &row);
}

static enum ts_err prepaid_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_prepaid_row row = {.item = row_int(rows)};

	row.net_minor = ts_row_i64(rows);
	row.tax_minor = ts_row_i64(rows);
	row.paid_minor = ts_row_i64(rows);
	row.refunded_minor = ts_row_i64(rows);
	row.refunded_tax_minor = ts_row_i64(rows);
	row.from_period = row_int(rows);
	row.document = row_words(rows, region);
	row.document_sha256 = row_words(rows, region);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_prepaid(ledger, &row);
}

static enum ts_err account_of(struct ts_str role, enum ts_account *out)
{
	for (int i = 0; i < TS_ACCOUNT_N; i++)
		if (ts_str_is(role, ts_account_defs[i].role)) {
			*out = (enum ts_account)i;
			return TS_OK;
		}
	return TS_E_INTERNAL;
}

static enum ts_err credit_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_credit_row row = {.kind = (enum ts_charge_kind)row_int(rows)};

	row.serial = ts_row_i64(rows);
	row.leaf = ts_row_i64(rows);
	row.granted = ts_row_i64(rows) != 0;
	row.version = row_int(rows);
	row.period = row_int(rows);
	row.month = row_int(rows);
	row.treatment = row_int(rows);
	row.amount_minor = ts_row_i64(rows);
	row.about = row_words(rows, region);
	row.item = row_words(rows, region);
	row.reason = row_words(rows, region);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_credit(ledger, &row);
}

static enum ts_err balance_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_balance_row row = {0};
	int64_t book = ts_row_i64(rows);

	(void)region;
	row.debit_minor = ts_row_i64(rows);
	row.credit_minor = ts_row_i64(rows);
	rows->col = TS_LEDGER_COL_TEXT;
	if (rows->err == TS_OK)
		TS_TRY(account_of(ts_row_str(rows), &row.account));
	if (rows->err == TS_OK && book != (int64_t)ts_account_defs[row.account].book)
		return TS_E_INTERNAL;
	if (rows->err == TS_OK)
		ts_ledger_load_balance(ledger, &row);
	return rows->err;
}

static const row_load loads[TS_LEDGER_ROW_KINDS] = {
	[TS_LEDGER_ROW_HEAD] = head_load,
	[TS_LEDGER_ROW_MEASURE] = measure_load,
	[TS_LEDGER_ROW_FINE] = fine_load,
	[TS_LEDGER_ROW_WAITING] = waiting_load,
	[TS_LEDGER_ROW_UNBILLED] = unbilled_load,
	[TS_LEDGER_ROW_LATE] = late_load,
	[TS_LEDGER_ROW_ACCRUAL] = accrual_load,
	[TS_LEDGER_ROW_BILLED] = billed_load,
	[TS_LEDGER_ROW_TAXED] = taxed_load,
	[TS_LEDGER_ROW_PERIOD] = period_load,
	[TS_LEDGER_ROW_CUT] = cut_load,
	[TS_LEDGER_ROW_BALANCE] = balance_load,
	[TS_LEDGER_ROW_CREDIT] = credit_load,
	[TS_LEDGER_ROW_PREPAID] = prepaid_load,
};

static enum ts_err contract_rows(struct ts_db *db, const char *query, int64_t contract_id,
	struct ts_rows *rows, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	return ts_db_query(db, query, &args, rows, why);
}

static void version_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_ledger_version *out)
{
	out->version = ts_row_i64(rows);
	out->leaf = ts_row_i64(rows);
	rows->col = TS_LEDGER_COL_BYTES;
	out->terms = ts_row_copy(rows, region);
	out->statement = ts_row_copy(rows, region);
}

static void reached_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_threshold *out)
{
	out->period = row_int(rows);
	out->percent = (int16_t)ts_row_i64(rows);
	out->kind = row_words(rows, region);
	out->item = row_words(rows, region);
	out->data = NULL;
}

/* What is of no kind that the ledger loads. */
static enum ts_err head_rows(struct ts_db_ledger *out, struct ts_region *region)
{
	struct ts_rows *rows = &out->rows;

	out->versions = ts_region_array(region, (size_t)rows->n + 1, sizeof *out->versions);
	out->reached.list = ts_region_array(region, (size_t)rows->n + 1, sizeof *out->reached.list);
	if (out->versions == NULL || out->reached.list == NULL)
		return TS_E_NO_MEMORY;
	while (ts_rows_next(rows)) {
		int16_t kind = ts_row_i16(rows);

		if (kind == TS_LEDGER_ROW_VERSION)
			version_read(rows, region, &out->versions[out->versions_n++]);
		else if (kind == TS_LEDGER_ROW_INPUTS)
			out->inputs_size = ts_row_i64(rows);
		else if (kind == TS_LEDGER_ROW_REACHED)
			reached_read(rows, region, &out->reached.list[out->reached.n++]);
	}
	return rows->err;
}

enum ts_err ts_db_ledger_open(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_ledger *out, struct ts_why *why)
{
	struct ts_db_ledger ledger = {.inputs_size = -1};
	enum ts_err err = contract_rows(db, "ledger_get", contract_id, &ledger.rows, why);

	TS_TRY(err);
	err = head_rows(&ledger, region);
	if (err != TS_OK)
		err = ts_why(why, err, "ledger", "its versions can't be read");
	else if (ledger.inputs_size < 0)
		err = ts_why(why, TS_E_NOT_FOUND, "contract", "no such contract");
	if (err != TS_OK) {
		ts_rows_cleanup(&ledger.rows);
		return err;
	}
	ledger.rows.row = -1;
	*out = ledger;
	return TS_OK;
}

enum ts_err ts_db_ledger_load(
	struct ts_db_ledger *from, struct ts_ledger *ledger, struct ts_why *why)
{
	__attribute__((cleanup(ts_region_cleanup))) struct ts_region *region = ts_region_create(
		4u * 1024 * 1024);
	struct ts_rows *rows = &from->rows;

	if (region == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "ledger", "out of memory");
	while (ts_rows_next(rows)) {
		int16_t kind = ts_row_i16(rows);
		enum ts_err err = TS_OK;

		if (kind < 0 || kind >= TS_LEDGER_ROW_KINDS)
			continue;
		err = loads[kind](rows, region, ledger);
		if (err != TS_OK)
			return ts_why(why, err, "ledger", "row %d, of kind %d, can't be loaded",
				rows->row, kind);
		ts_region_reset(region); /* the ledger has copied the texts */
	}
	return rows->err;
}

void ts_db_ledger_close(struct ts_db_ledger *ledger)
{
	ts_rows_cleanup(&ledger->rows);
}

enum ts_err ts_db_ledger_head(
	struct ts_db *db, int64_t contract_id, struct ts_ledger_head *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_ledger_head head = {0};

	TS_TRY(contract_rows(db, "head_get", contract_id, &rows, why));
	if (!ts_rows_next(&rows))
		return rows.err != TS_OK
			       ? rows.err
			       : ts_why(why, TS_E_NOT_FOUND, "ledger", "no event was settled yet");
	ts_row_skip(&rows);
	head_read(&rows, &head);
	TS_TRY(rows.err);
	*out = head;
	return TS_OK;
}

enum ts_err ts_db_period_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_period_row **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_period_row *list = NULL;

	TS_TRY(contract_rows(db, "period_get", contract_id, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "period", "out of memory");
	while (ts_rows_next(&rows)) {
		ts_row_skip(&rows);
		period_read(&rows, region, &list[rows.row]);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_unbilled_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_unbilled_row **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_unbilled_row *list = NULL;

	TS_TRY(contract_rows(db, "unbilled_get", contract_id, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "unbilled", "out of memory");
	while (ts_rows_next(&rows)) {
		ts_row_skip(&rows);
		unbilled_read(&rows, region, &list[rows.row]);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}
