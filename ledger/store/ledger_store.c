/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of store/ledger_state.h: dirty rows of all kinds, one array per column, one
 * statement. */
#include "store/ledger_state.h"
#include "store/ledger_layout.h"
#include "store/outbox.h"

enum {
	KIND,
	WHOLE,
	QUANTITY = WHOLE + TS_LEDGER_WHOLES,
	TEXT = QUANTITY + TS_LEDGER_QUANTITIES,
	KEY_BATCH = TEXT + TS_LEDGER_TEXTS,
	KEY_KIND,
	KEY_VALUE,
	COLUMNS
};

/* One array per column; the row under way has so many of each sort. */
struct rows {
	struct ts_array columns[COLUMNS];
	int wholes, quantities, texts;
};

static void row_begin(struct rows *r, enum ts_ledger_row_kind kind)
{
	ts_array_i16(&r->columns[KIND], (int16_t)kind);
	r->wholes = r->quantities = r->texts = 0;
}

static void put_whole(struct rows *r, int64_t v)
{
	TS_ASSERT(r->wholes < TS_LEDGER_WHOLES);
	ts_array_i64(&r->columns[WHOLE + r->wholes++], v);
}

static void put_quantity(struct rows *r, ts_i128 v)
{
	TS_ASSERT(r->quantities < TS_LEDGER_QUANTITIES);
	ts_array_i128(&r->columns[QUANTITY + r->quantities++], v);
}

static void put_text(struct rows *r, struct ts_str v)
{
	TS_ASSERT(r->texts < TS_LEDGER_TEXTS);
	ts_array_str(&r->columns[TEXT + r->texts++], v);
}

static void put_words(struct rows *r, const char *v)
{
	put_text(r, v == NULL ? (struct ts_str){NULL, 0} : ts_str(v));
}

/* What a kind has less than others is null. */
static void row_end(struct rows *r)
{
	for (int i = WHOLE + r->wholes; i < QUANTITY; i++)
		ts_array_null(&r->columns[i]);
	for (int i = QUANTITY + r->quantities; i < TEXT; i++)
		ts_array_null(&r->columns[i]);
	for (int i = TEXT + r->texts; i < KEY_BATCH; i++)
		ts_array_null(&r->columns[i]);
}

static void put_line(struct rows *r, const struct ts_line_key *line)
{
	put_whole(r, line->version);
	put_whole(r, line->kind);
	put_whole(r, line->item);
	put_whole(r, line->tier);
	put_whole(r, line->period);
}

static void head_put(struct rows *r, const struct ts_ledger_head *head)
{
	put_whole(r, head->inputs_to);
	put_whole(r, head->day);
	put_whole(r, head->at_us);
	put_whole(r, head->entries);
	put_whole(r, head->tick_serial);
	put_whole(r, head->cut_serial);
	put_whole(r, head->issue_serial);
	put_whole(r, head->documents);
	put_whole(r, head->end_us);
}

static void measure_put(struct rows *r, const struct ts_measure_row *row)
{
	put_whole(r, row->version);
	put_whole(r, row->price);
	put_whole(r, row->period);
	put_whole(r, row->month);
	put_quantity(r, row->quantity);
}

static void fine_put(struct rows *r, const struct ts_fine_row *row)
{
	put_whole(r, row->quarter_us);
	put_whole(r, row->version);
	put_whole(r, row->price);
	put_whole(r, row->period);
	put_quantity(r, row->quantity);
	put_words(r, row->pricing_class);
	put_words(r, row->account);
	put_words(r, row->origin);
}

static void waiting_put(struct rows *r, const struct ts_waiting_row *row)
{
	put_whole(r, row->quarter_us);
	put_whole(r, row->version);
	put_whole(r, row->price);
	put_quantity(r, row->quantity);
}

static void unbilled_put(struct rows *r, const struct ts_unbilled_row *row)
{
	put_whole(r, row->month);
	put_quantity(r, row->quantity);
	put_words(r, row->reason);
	put_words(r, row->sku);
	put_words(r, row->pricing_class);
}

static void late_put(struct rows *r, const struct ts_late_row *row)
{
	put_whole(r, row->quarter_us);
	put_quantity(r, row->quantity);
	put_words(r, row->sku);
	put_words(r, row->pricing_class);
	put_words(r, row->account);
	put_words(r, row->origin);
}

static void accrual_put(struct rows *r, const struct ts_accrual_row *row)
{
	put_line(r, &row->line);
	put_whole(r, row->month);
	put_whole(r, row->accrued_minor);
}

static void billed_put(struct rows *r, const struct ts_billed_row *row)
{
	put_line(r, &row->line);
	put_whole(r, row->billed_minor);
	put_quantity(r, row->billed_quantity);
	put_words(r, row->document);
}

static void taxed_put(struct rows *r, const struct ts_taxed_row *row)
{
	put_whole(r, row->treatment);
	put_whole(r, row->net_minor);
	put_whole(r, row->tax_minor);
	put_quantity(r, row->percent.pico);
	put_words(r, row->document);
}

static void period_put(struct rows *r, const struct ts_period_row *row)
{
	put_whole(r, row->index);
	put_whole(r, row->cut);
	put_whole(r, row->issued);
	put_whole(r, row->cut_leaf);
	put_whole(r, row->cut_at_us);
	put_whole(r, row->cut_to);
	put_whole(r, row->cut_day);
	put_whole(r, row->late_from);
	put_words(r, row->document);
}

static void cut_put(struct rows *r, const struct ts_cut_row *row)
{
	put_whole(r, row->cut);
	put_line(r, &row->line);
	put_whole(r, row->target_minor);
	put_quantity(r, row->quantity);
	if (row->has_unit_price)
		put_quantity(r, row->unit_price.pico);
	put_words(r, row->trace == NULL ? "" : row->trace);
}

static void balance_put(struct rows *r, const struct ts_balance_row *row)
{
	put_whole(r, ts_account_defs[row->account].book);
	put_whole(r, row->debit_minor);
	put_whole(r, row->credit_minor);
	put_words(r, ts_account_defs[row->account].role);
}

static void credit_put(struct rows *r, const struct ts_credit_row *row)
{
	put_whole(r, row->kind);
	put_whole(r, row->serial);
	put_whole(r, row->leaf);
	put_whole(r, row->granted);
	put_whole(r, row->version);
	put_whole(r, row->period);
	put_whole(r, row->month);
	put_whole(r, row->treatment);
	put_whole(r, row->amount_minor);
	put_words(r, row->about);
	put_words(r, row->item);
	put_words(r, row->reason);
}

static void prepaid_put(struct rows *r, const struct ts_prepaid_row *row)
{
	put_whole(r, row->item);
	put_whole(r, row->net_minor);
	put_whole(r, row->tax_minor);
	put_whole(r, row->paid_minor);
	put_whole(r, row->refunded_minor);
	put_whole(r, row->refunded_tax_minor);
	put_whole(r, row->from_period);
	put_words(r, row->document);
	put_words(r, row->document_sha256);
}

/* All dirty rows of a kind. */
#define PUT(KIND_, noun, put)                                                                      \
	for (size_t i = 0; ts_ledger_##noun(ledger, i) != NULL; i++)                               \
		if (ts_ledger_##noun(ledger, i)->dirty) {                                          \
			row_begin(r, TS_LEDGER_ROW_##KIND_);                                       \
			put(r, ts_ledger_##noun(ledger, i));                                       \
			row_end(r);                                                                \
		}

static void put_dirty(struct rows *r, struct ts_ledger *ledger)
{
	PUT(MEASURE, measure, measure_put)
	PUT(FINE, fine, fine_put)
	PUT(WAITING, waiting, waiting_put)
	PUT(UNBILLED, unbilled, unbilled_put)
	PUT(LATE, late, late_put)
	PUT(ACCRUAL, accrual, accrual_put)
	PUT(BILLED, billed, billed_put)
	PUT(TAXED, taxed, taxed_put)
	PUT(PERIOD, period, period_put)
	PUT(CUT, cut_line, cut_put)
	PUT(BALANCE, balance, balance_put)
	PUT(CREDIT, credit_row, credit_put)
	PUT(PREPAID, prepaid, prepaid_put)
}
#undef PUT

static void put_keys(struct rows *r, const struct ts_db_batch_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++) {
		ts_array_i64(&r->columns[KEY_BATCH], keys->list[i].batch_id);
		ts_array_i16(&r->columns[KEY_KIND], keys->list[i].kind);
		ts_array_str(&r->columns[KEY_VALUE], keys->list[i].value);
	}
}

static void put_steps(struct rows *r, const struct ts_db_thresholds *steps)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct ts_db_threshold *step = &steps->list[i];

		row_begin(r, TS_LEDGER_ROW_STEP);
		put_whole(r, step->period);
		put_whole(r, step->percent);
		put_words(r, step->kind);
		put_words(r, step->item);
		put_words(r, ts_db_event_name(TS_DB_EVENT_THRESHOLD_REACHED));
		put_words(r, step->data);
		row_end(r);
	}
}

enum ts_err ts_db_ledger_store(struct ts_db *db, int64_t contract_id, struct ts_ledger *ledger,
	const struct ts_db_batch_keys *keys, const struct ts_db_thresholds *steps,
	struct ts_why *why)
{
	static const enum ts_array_type types[COLUMNS] = {TS_ARRAY_I16, TS_ARRAY_I64, TS_ARRAY_I64,
		TS_ARRAY_I64, TS_ARRAY_I64, TS_ARRAY_I64, TS_ARRAY_I64, TS_ARRAY_I64, TS_ARRAY_I64,
		TS_ARRAY_I64, TS_ARRAY_NUMERIC, TS_ARRAY_NUMERIC, TS_ARRAY_TEXT, TS_ARRAY_TEXT,
		TS_ARRAY_TEXT, TS_ARRAY_TEXT, TS_ARRAY_I64, TS_ARRAY_I16, TS_ARRAY_TEXT};
	struct ts_args args;
	struct rows r;
	enum ts_err err = TS_OK;

	ts_arrays_init(r.columns, types, COLUMNS);
	row_begin(&r, TS_LEDGER_ROW_HEAD);
	head_put(&r, ts_ledger_head(ledger));
	row_end(&r);
	put_dirty(&r, ledger);
	if (keys != NULL)
		put_keys(&r, keys);
	if (steps != NULL)
		put_steps(&r, steps);
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	for (size_t i = 0; i < COLUMNS && err == TS_OK; i++)
		err = ts_arg_array(&args, &r.columns[i]);
	ts_arg_time(&args, ts_ledger_head(ledger)->at_us);
	if (err == TS_OK)
		err = ts_db_query(db, "ledger_put", &args, NULL, why);
	ts_arrays_free(r.columns, COLUMNS);
	return err;
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
