/* SPDX-License-Identifier: Apache-2.0 */
/* One table per kind of row: a reader that hands rows to ts_ledger_load_*, and a writer that puts
 * the dirty ones into one array per column for one statement. */
#include "store/ledger_state.h"
#include <string.h>

/* --- loading --- */

typedef enum ts_err (*row_load)(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger);

static void line_read(struct ts_rows *rows, struct ts_line_key *out)
{
	out->version = ts_row_i32(rows);
	out->kind = (enum ts_charge_kind)ts_row_i16(rows);
	out->item = ts_row_i32(rows);
	out->tier = ts_row_i32(rows);
	out->period = ts_row_i32(rows);
}

static enum ts_err measure_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_measure_row row = {.version = ts_row_i32(rows)};

	(void)region;
	row.price = ts_row_i32(rows);
	row.period = ts_row_i32(rows);
	row.month = ts_row_i32(rows);
	row.quantity = ts_row_i128(rows);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_measure(ledger, &row);
}

static enum ts_err fine_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_fine_row row = {.quarter_us = ts_row_i64(rows)};

	row.version = ts_row_i32(rows);
	row.price = ts_row_i32(rows);
	row.period = ts_row_i32(rows);
	row.pricing_class = ts_row_text(rows, region);
	row.account = ts_row_text(rows, region);
	row.origin = ts_row_text(rows, region);
	row.quantity = ts_row_i128(rows);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_fine(ledger, &row);
}

static enum ts_err waiting_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_waiting_row row = {.quarter_us = ts_row_i64(rows)};

	(void)region;
	row.version = ts_row_i32(rows);
	row.price = ts_row_i32(rows);
	row.quantity = ts_row_i128(rows);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_waiting(ledger, &row);
}

static void unbilled_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_unbilled_row *out)
{
	memset(out, 0, sizeof *out);
	out->reason = ts_row_text(rows, region);
	out->sku = ts_row_text(rows, region);
	out->pricing_class = ts_row_text(rows, region);
	out->month = ts_row_i32(rows);
	out->quantity = ts_row_i128(rows);
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

	row.sku = ts_row_text(rows, region);
	row.pricing_class = ts_row_text(rows, region);
	row.account = ts_row_text(rows, region);
	row.origin = ts_row_text(rows, region);
	row.quantity = ts_row_i128(rows);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_late(ledger, &row);
}

static enum ts_err accrual_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_accrual_row row = {0};

	(void)region;
	line_read(rows, &row.line);
	row.month = ts_row_i32(rows);
	row.accrued_minor = ts_row_i64(rows);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_accrual(ledger, &row);
}

static enum ts_err billed_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_billed_row row = {0};

	line_read(rows, &row.line);
	row.billed_minor = ts_row_i64(rows);
	row.billed_quantity = ts_row_i128(rows);
	row.document = ts_row_text(rows, region);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_billed(ledger, &row);
}

static enum ts_err taxed_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_taxed_row row = {.document = ts_row_text(rows, region)};

	row.treatment = ts_row_i32(rows);
	row.percent.pico = ts_row_i128(rows);
	row.net_minor = ts_row_i64(rows);
	row.tax_minor = ts_row_i64(rows);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_taxed(ledger, &row);
}

static void period_read(struct ts_rows *rows, struct ts_region *region, struct ts_period_row *out)
{
	memset(out, 0, sizeof *out);
	out->index = ts_row_i32(rows);
	out->cut = ts_row_bool(rows);
	out->issued = ts_row_bool(rows);
	out->cut_leaf = ts_row_i64(rows);
	out->cut_at_us = ts_row_i64(rows);
	out->cut_to = ts_row_i64(rows);
	out->cut_day = ts_row_i32(rows);
	out->document = ts_row_text(rows, region);
	out->late_from = ts_row_i64(rows);
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
	struct ts_cut_row row = {.cut = ts_row_i32(rows)};

	line_read(rows, &row.line);
	row.quantity = ts_row_i128(rows);
	row.target_minor = ts_row_i64(rows);
	row.has_unit_price = !ts_row_is_null(rows);
	if (row.has_unit_price)
		row.unit_price.pico = ts_row_i128(rows);
	else
		ts_row_skip(rows);
	row.trace = ts_row_text(rows, region);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_cut(ledger, &row);
}

static enum ts_err prepaid_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_prepaid_row row = {.item = ts_row_i32(rows)};

	row.document = ts_row_text(rows, region);
	row.document_sha256 = ts_row_text(rows, region);
	row.net_minor = ts_row_i64(rows);
	row.tax_minor = ts_row_i64(rows);
	row.paid_minor = ts_row_i64(rows);
	row.refunded_minor = ts_row_i64(rows);
	row.refunded_tax_minor = ts_row_i64(rows);
	row.from_period = ts_row_i32(rows);
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
	struct ts_credit_row row = {.kind = (enum ts_charge_kind)ts_row_i16(rows)};

	row.serial = ts_row_i64(rows);
	row.leaf = ts_row_i64(rows);
	row.granted = ts_row_bool(rows);
	row.version = ts_row_i32(rows);
	row.period = ts_row_i32(rows);
	row.month = ts_row_i32(rows);
	row.treatment = ts_row_i32(rows);
	row.amount_minor = ts_row_i64(rows);
	row.about = ts_row_text(rows, region);
	row.item = ts_row_text(rows, region);
	row.reason = ts_row_text(rows, region);
	return rows->err != TS_OK ? rows->err : ts_ledger_load_credit(ledger, &row);
}

static enum ts_err balance_load(
	struct ts_rows *rows, struct ts_region *region, struct ts_ledger *ledger)
{
	struct ts_balance_row row = {0};

	(void)region;
	if (rows->err == TS_OK)
		TS_TRY(account_of(ts_row_str(rows), &row.account));
	row.debit_minor = ts_row_i64(rows);
	row.credit_minor = ts_row_i64(rows);
	if (rows->err == TS_OK)
		ts_ledger_load_balance(ledger, &row);
	return rows->err;
}

static const struct {
	const char *query;
	row_load load;
} loads[] = {
	{"measure_get", measure_load}, {"fine_get", fine_load}, {"waiting_get", waiting_load},
	{"unbilled_get", unbilled_load}, {"late_get", late_load}, {"accrual_get", accrual_load},
	{"billed_get", billed_load}, {"taxed_get", taxed_load}, {"period_get", period_load},
	{"cut_get", cut_load}, {"credit_get", credit_load}, {"balance_get", balance_load},
	{"prepaid_get", prepaid_load}, /* most contracts have none */
};

static enum ts_err contract_rows(struct ts_db *db, const char *query, int64_t contract_id,
	struct ts_rows *rows, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	return ts_db_query(db, query, &args, rows, why);
}

static enum ts_err load_kind(struct ts_db *db, int64_t contract_id, size_t kind,
	struct ts_region *region, struct ts_ledger *ledger, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};

	TS_TRY(contract_rows(db, loads[kind].query, contract_id, &rows, why));
	while (ts_rows_next(&rows)) {
		enum ts_err err = loads[kind].load(&rows, region, ledger);

		if (err != TS_OK)
			return ts_why(
				why, err, loads[kind].query, "row %d can't be loaded", rows.row);
		ts_region_reset(region); /* the ledger has copied the texts */
	}
	return rows.err;
}

static enum ts_err head_get(struct ts_db *db, int64_t contract_id, bool *found,
	struct ts_ledger_head *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};

	TS_TRY(contract_rows(db, "head_get", contract_id, &rows, why));
	*found = ts_rows_next(&rows);
	if (!*found)
		return rows.err;
	out->inputs_to = ts_row_i64(&rows);
	out->day = ts_row_i32(&rows);
	out->at_us = ts_row_i64(&rows);
	out->entries = ts_row_i64(&rows);
	out->tick_serial = ts_row_i64(&rows);
	out->cut_serial = ts_row_i64(&rows);
	out->issue_serial = ts_row_i64(&rows);
	out->documents = ts_row_i64(&rows);
	out->end_us = ts_row_i64(&rows);
	return rows.err;
}

enum ts_err ts_db_ledger_load(
	struct ts_db *db, int64_t contract_id, struct ts_ledger *ledger, struct ts_why *why)
{
	__attribute__((cleanup(ts_region_cleanup))) struct ts_region *region = ts_region_create(
		4u * 1024 * 1024);
	struct ts_ledger_head head;
	bool found = false;

	if (region == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "ledger", "out of memory");
	TS_TRY(head_get(db, contract_id, &found, &head, why));
	if (!found)
		return TS_OK; /* no event yet: no rows either */
	ts_ledger_load_head(ledger, &head);
	size_t kinds = sizeof loads / sizeof loads[0] - !ts_ledger_may_prepay(ledger);
	for (size_t kind = 0; kind < kinds; kind++)
		TS_TRY(load_kind(db, contract_id, kind, region, ledger, why));
	return TS_OK;
}

enum ts_err ts_db_ledger_head(
	struct ts_db *db, int64_t contract_id, struct ts_ledger_head *out, struct ts_why *why)
{
	struct ts_ledger_head head;
	bool found = false;

	TS_TRY(head_get(db, contract_id, &found, &head, why));
	if (!found)
		return ts_why(why, TS_E_NOT_FOUND, "ledger", "no event was settled yet");
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
	while (ts_rows_next(&rows))
		period_read(&rows, region, &list[rows.row]);
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
	while (ts_rows_next(&rows))
		unbilled_read(&rows, region, &list[rows.row]);
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}
