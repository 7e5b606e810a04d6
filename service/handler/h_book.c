/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the books: accruals, accounts, entries, trial balance, status. */
#include "reports/trial_balance.h"
#include "reports/xlsx/xlsx.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "service/settle/settle.h"
#include "store/cell.h"
#include "store/entry.h"
#include "store/ledger_state.h"
#include "store/log.h"
#include "store/stream.h"
#include <string.h>

#define TRIAL_BYTES_MAX (1u << 20)

struct books {
	struct ts_request *req;
	struct ts_region *region;
	struct ts_db_contract contract;
	const struct ts_terms **terms;
	size_t terms_n;
	struct ts_ledger *ledger;
	struct ts_db_balance *balances;
	size_t balances_n;
	bool as_of;
	int32_t day;
	struct ts_db_entry_filter filter;
	struct ts_entry *entries;
	size_t entries_n;
	struct ts_db_stream *streams;
	size_t streams_n;
	struct ts_range inputs, journal;
	struct ts_hash inputs_root, journal_root;
};

static enum ts_err load(struct ts_request *req, struct ts_response *res, struct books *b,
	ts_db_body body, struct ts_why *why)
{
	struct ts_db_scope scope;
	b->req = req;
	b->region = req->region;
	TS_TRY(ts_handler_contract(req, res, &b->contract, &scope, why));
	scope.read_only = true;
	return ts_db_tx(ts_req_session(req)->db, &scope, body, b, why);
}

static enum ts_err ledger_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct books *b = arg;
	return ts_settle_load(
		db, b->contract.contract_id, b->region, &b->terms, &b->terms_n, &b->ledger, why);
}

static const struct ts_billed_row *billed_of(
	struct ts_ledger *ledger, const struct ts_line_key *key)
{
	const struct ts_billed_row *row = NULL;
	for (size_t i = 0; (row = ts_ledger_billed(ledger, i)) != NULL; i++)
		if (ts_line_key_eq(&row->line, key))
			return row;
	return NULL;
}

static json_t *accrual_json(struct books *b, const struct ts_accrual_row *row)
{
	const struct ts_terms *terms = ts_ledger_terms(b->ledger, row->line.version);
	struct ts_charge_names names;
	struct ts_period period;
	char name[TS_TIME_CHARS] = "", month[TS_TIME_CHARS];
	ts_charge_names(terms, row->line.kind, (size_t)row->line.item, &names);
	if (ts_ledger_period_get(b->ledger, row->line.period, &period) == TS_OK)
		ts_period_name(&period, name);
	const struct ts_billed_row *billed = billed_of(b->ledger, &row->line);
	return json_pack("{s:s,s:s,s:i,s:s,s:s,s:i,s:s,s:s,s:s,s:o,s:s*}", "kind",
		ts_charge_kind_name(row->line.kind), "id", names.id, "version", row->line.version,
		"sku", names.sku, "class", names.pricing_class, "tier", row->line.tier, "period",
		name, "service_month", ts_month_format(row->month, month), "currency",
		terms->currency->code, "accrued",
		ts_json_money(row->accrued_minor, terms->currency), "document",
		billed != NULL ? billed->document : NULL);
}

static json_t *unbilled_json(const struct ts_unbilled_row *row)
{
	char month[TS_TIME_CHARS];
	return json_pack("{s:s,s:s,s:s,s:s,s:o}", "reason", row->reason, "sku", row->sku, "class",
		row->pricing_class, "service_month", ts_month_format(row->month, month),
		"base_quantity", ts_json_i128(row->quantity));
}

static json_t *measure_json(struct books *b, const struct ts_measure_row *row)
{
	const struct ts_terms *terms = ts_ledger_terms(b->ledger, row->version);
	size_t slot = (size_t)row->price;
	bool priced = slot < terms->prices_n;
	const struct ts_sku *sku =
		&terms->skus[priced ? terms->prices[slot].sku
				    : terms->watches[slot - terms->prices_n].sku];
	char month[TS_TIME_CHARS], quantity[TS_DECIMAL_CHARS];
	return json_pack("{s:s,s:i,s:s,s:s,s:s,s:s,s:s,s:o}", "price",
		priced ? ts_terms_slot_id(terms, slot) : "", "version", row->version, "sku",
		sku->id, "class",
		priced ? terms->prices[slot].pricing_class : ts_terms_slot_id(terms, slot),
		"service_month", ts_month_format(row->month, month), "quantity",
		ts_ratio_format(row->quantity, sku->divisor, 9, quantity), "unit", sku->unit,
		"base_quantity", ts_json_i128(row->quantity));
}

static enum ts_err accruals(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct books b = {0};
	const struct ts_query_value *period = ts_request_query(req, "period");
	struct ts_period one = {0};
	bool all = period->text.at == NULL;
	TS_TRY(load(req, res, &b, ledger_tx, why));
	if (!all)
		TS_TRY(ts_handler_period(b.ledger, period->text, &one, why));
	json_t *lines = json_array(), *unbilled = json_array(), *measured = json_array();
	const struct ts_accrual_row *row = NULL;
	const struct ts_unbilled_row *out = NULL;
	const struct ts_measure_row *measure = NULL;
	for (size_t i = 0; (row = ts_ledger_accrual(b.ledger, i)) != NULL; i++)
		if (all || one.index == row->line.period)
			json_array_append_new(lines, accrual_json(&b, row));
	for (size_t i = 0; (out = ts_ledger_unbilled(b.ledger, i)) != NULL; i++)
		json_array_append_new(unbilled, unbilled_json(out));
	for (size_t i = 0; (measure = ts_ledger_measure(b.ledger, i)) != NULL; i++)
		if (all || one.index == measure->period)
			json_array_append_new(measured, measure_json(&b, measure));
	const struct ts_ledger_head *head = ts_ledger_head(b.ledger);
	return ts_handler_json(res, 200,
		json_pack("{s:I,s:o,s:o,s:o,s:o}", "inputs_to", (json_int_t)head->inputs_to,
			"as_of", head->day == INT32_MIN ? json_null() : ts_json_day(head->day),
			"data", lines, "measured", measured, "not_billed", unbilled),
		why);
}

static enum ts_err balance_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct books *b = arg;
	int64_t id = b->contract.contract_id;
	TS_TRY(ts_handler_terms(db, id, b->region, &b->terms, &b->terms_n, why));
	if (b->as_of)
		return ts_db_balance_as_of(
			db, id, b->day, b->region, &b->balances, &b->balances_n, why);
	return ts_db_balance_list(db, id, b->region, &b->balances, &b->balances_n, why);
}

static enum ts_err trial(struct ts_request *req, struct ts_response *res,
	struct ts_trial_balance *out, struct ts_why *why)
{
	struct books b = {0};
	const struct ts_query_value *day = ts_request_query(req, "as_of");
	b.as_of = day->text.at != NULL;
	b.day = (int32_t)day->number;
	TS_TRY(load(req, res, &b, balance_tx, why));
	struct ts_trial_row *rows = ts_region_array(req->region, b.balances_n + 1, sizeof *rows);
	size_t n = 0;
	if (rows == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < b.balances_n; i++)
		if (ts_handler_sees_account(req->principal, b.balances[i].account))
			rows[n++] = (struct ts_trial_row){b.balances[i].account,
				b.balances[i].number, b.balances[i].title,
				b.balances[i].debit_minor, b.balances[i].credit_minor};
	*out = (struct ts_trial_balance){
		ts_region_copy(req->region, b.contract.public_id, strlen(b.contract.public_id)),
		b.terms[0]->currency, rows, n};
	return TS_OK;
}

static enum ts_err trial_json(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_trial_balance tb;
	TS_TRY(trial(req, res, &tb, why));
	return ts_trial_balance_json(&tb, req->region, &res->body);
}
static enum ts_err trial_csv(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_trial_balance tb;
	TS_TRY(trial(req, res, &tb, why));
	res->content_type = "text/csv";
	return ts_trial_balance_csv(&tb, &res->body);
}
static enum ts_err trial_xlsx(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_trial_balance tb;
	struct ts_buf csv;
	TS_TRY(trial(req, res, &tb, why));
	res->content_type = TS_XLSX_TYPE;
	ts_buf_init(&csv, TRIAL_BYTES_MAX);
	enum ts_err err = ts_trial_balance_csv(&tb, &csv);
	const struct ts_xlsx_sheet sheet = {
		.name = "Trial balance", .csv = {csv.data, csv.len}, .totals = true};
	const struct ts_xlsx book = {.title = tb.contract,
		.company = "",
		.created_us = 0,
		.currency = tb.currency,
		.sheets = &sheet,
		.sheets_n = 1};
	if (err == TS_OK)
		err = ts_xlsx_write(&book, req->region, &res->body, why);
	ts_buf_free(&csv);
	return err;
}
static enum ts_err trial_text(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_trial_balance tb;
	TS_TRY(trial(req, res, &tb, why));
	res->content_type = "text/plain; charset=utf-8";
	return ts_trial_balance_text(&tb, req->region, &res->body);
}

static enum ts_err accounts(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct books b = {0};
	TS_TRY(load(req, res, &b, balance_tx, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < b.balances_n; i++) {
		const struct ts_account_def *def = &ts_account_defs[b.balances[i].account];
		if (!ts_handler_sees_account(req->principal, b.balances[i].account))
			continue;
		json_array_append_new(
			rows, json_pack("{s:s,s:s,s:s,s:s,s:s}", "book", ts_book_name(def->book),
				      "role", def->role, "number", b.balances[i].number, "title",
				      b.balances[i].title, "normal",
				      def->debit_normal ? "debit" : "credit"));
	}
	return ts_handler_json(res, 200, json_pack("{s:o,s:b}", "data", rows, "has_more", 0), why);
}

static enum ts_err entries_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct books *b = arg;
	int64_t id = b->contract.contract_id;
	TS_TRY(ts_handler_terms(db, id, b->region, &b->terms, &b->terms_n, why));
	return ts_db_entry_list(db, id, &b->filter, b->region, &b->entries, &b->entries_n, why);
}

static json_t *entry_json(struct books *b, const struct ts_entry *entry)
{
	char month[TS_TIME_CHARS];
	const struct ts_currency *currency = b->terms[0]->currency;
	json_t *legs = json_array();
	for (size_t i = 0; i < entry->legs_n; i++)
		json_array_append_new(
			legs, json_pack("{s:s,s:s,s:o}", "account",
				      ts_account_defs[entry->legs[i].account].role, "side",
				      entry->legs[i].debit ? "debit" : "credit", "amount",
				      ts_json_money(entry->legs[i].amount_minor, currency)));
	json_t *line = json_null();
	if (entry->has_line) {
		struct ts_charge_names names;
		ts_charge_names(b->terms[0], entry->line.kind, (size_t)entry->line.item, &names);
		line = json_pack("{s:s,s:s,s:i,s:i}", "kind", ts_charge_kind_name(entry->line.kind),
			"id", names.id, "tier", entry->line.tier, "period", entry->line.period);
	}
	return json_pack("{s:I,s:s,s:s,s:o,s:o,s:o,s:I,s:o,s:s*,s:s,s:o}", "id",
		(json_int_t)entry->id, "book", ts_book_name(entry->book), "kind",
		ts_entry_kind_name(entry->kind), "posted", ts_json_time(entry->posted_us),
		"effective", ts_json_day(entry->effective_day), "service_month",
		entry->service_month < 0
			? json_null()
			: json_string(ts_month_format(entry->service_month, month)),
		"source_leaf", (json_int_t)entry->source_leaf, "line", line, "document",
		entry->document, "currency", currency->code, "legs", legs);
}

static enum ts_err entries(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct books b = {0};
	const struct ts_query_value *limit = ts_request_query(req, "limit");
	const struct ts_query_value *after = ts_request_query(req, "after");
	const struct ts_query_value *book = ts_request_query(req, "book");
	const struct ts_query_value *document = ts_request_query(req, "document");
	const struct ts_query_value *from = ts_request_query(req, "from");
	const struct ts_query_value *to = ts_request_query(req, "to");
	b.filter = (struct ts_db_entry_filter){.after = after->text.at != NULL ? after->number : -1,
		.limit = limit->text.at != NULL ? (int32_t)limit->number : TS_LIST_LIMIT_DEFAULT,
		.book = -1,
		.source_leaf = -1,
		.account = -1,
		.document = ts_handler_text(req, document->text),
		.from_day = from->text.at != NULL ? (int32_t)from->number : 0,
		.to_day = to->text.at != NULL     ? (int32_t)to->number
			  : from->text.at != NULL ? INT32_MAX / 2
						  : 0};
	if (book->text.at != NULL && ts_str_is(book->text, "provider"))
		b.filter.book = TS_BOOK_PROVIDER;
	else if (book->text.at != NULL && ts_str_is(book->text, "consumer"))
		b.filter.book = TS_BOOK_CONSUMER;
	else if (book->text.at != NULL)
		return ts_why(why, TS_E_MALFORMED, "book", "must be provider or consumer");
	if (req->principal->role == TS_ROLE_PROVIDER_FINANCE) {
		if (b.filter.book == TS_BOOK_CONSUMER)
			return ts_why(why, TS_E_FORBIDDEN, "book",
				"a provider sees of the consumer's book only balances of mirror "
				"accounts");
		b.filter.book = TS_BOOK_PROVIDER;
	}
	TS_TRY(load(req, res, &b, entries_tx, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < b.entries_n; i++)
		json_array_append_new(rows, entry_json(&b, &b.entries[i]));
	const char *next = b.entries_n == (size_t)b.filter.limit
				   ? ts_region_printf(req->region, "%lld",
					     (long long)b.entries[b.entries_n - 1].id)
				   : NULL;
	return ts_handler_page(req, res, rows, next, why);
}

static enum ts_err status_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct books *b = arg;
	int64_t id = b->contract.contract_id;
	TS_TRY(ledger_tx(db, arg, why));
	TS_TRY(ts_db_stream_list(db, id, b->region, &b->streams, &b->streams_n, why));
	TS_TRY(ts_db_log_head(db, id, TS_DB_LOCK_INPUTS, &b->inputs, &b->inputs_root, why));
	return ts_db_log_head(db, id, TS_DB_LOCK_JOURNAL, &b->journal, &b->journal_root, why);
}

static enum ts_err status(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	static const char *const states[] = {"live", "quarantined", "closed"};
	struct books b = {0};
	struct ts_why broken = {0};
	TS_TRY(load(req, res, &b, status_tx, why));
	const struct ts_ledger_head *head = ts_ledger_head(b.ledger);
	json_t *streams = json_array();
	for (size_t i = 0; i < b.streams_n; i++)
		json_array_append_new(streams,
			json_pack("{s:s,s:s,s:s,s:I,s:s,s:o}", "stream", b.streams[i].key.public_id,
				"origin", b.streams[i].key.origin, "side",
				b.streams[i].key.side == 0 ? "provider" : "consumer", "size",
				(json_int_t)b.streams[i].range.size, "state",
				states[b.streams[i].state], "last_append",
				b.streams[i].appended_us == 0
					? json_null()
					: ts_json_time(b.streams[i].appended_us)));
	bool holds = ts_ledger_check(b.ledger, &broken) == TS_OK;
	return ts_handler_json(res, 200,
		json_pack("{s:s,s:{s:I,s:o},s:{s:I,s:o},s:I,s:I,s:o,s:b,s:s*,s:o}", "contract",
			b.contract.public_id, "inputs", "size", (json_int_t)b.inputs.size, "root",
			ts_json_hash(&b.inputs_root), "journal", "size", (json_int_t)b.journal.size,
			"root", ts_json_hash(&b.journal_root), "settled_to",
			(json_int_t)head->inputs_to, "unsettled",
			(json_int_t)(b.inputs.size - head->inputs_to), "as_of",
			head->day == INT32_MIN ? json_null() : ts_json_day(head->day),
			"books_agree", holds, "broken", holds ? NULL : broken.where, "streams",
			streams),
		why);
}

static const struct ts_query_param accruals_query[] = {
	{"period", TS_QUERY_TEXT, false, 0, 0, "name or index of one period"}, {0}};
static const struct ts_query_param trial_query[] = {
	{"as_of", TS_QUERY_DATE, false, 0, 0, "entries effective up to this day"}, {0}};
static const struct ts_query_param entries_query[] = {
	{"limit", TS_QUERY_INT, false, 1, TS_LIST_LIMIT_MAX, "rows per page"},
	{"after", TS_QUERY_INT, false, 0, 0, "cursor of the page before"},
	{"book", TS_QUERY_TEXT, false, 0, 0, "provider or consumer"},
	{"document", TS_QUERY_TEXT, false, 0, 0, "entries of one document"},
	{"from", TS_QUERY_DATE, false, 0, 0, "effective on or after"},
	{"to", TS_QUERY_DATE, false, 0, 0, "effective before"}, {0}};

#define CONTRACT "/v1/contracts/{contract}"
#define BOOK_ROUTE(route_path, run_, id_, summary_, response_, query_, type)                       \
	{                                                                                          \
		.method = TS_GET, .path = route_path, .handler = run_, .roles = TS_ROLE_READERS,   \
		.cls = TS_CLASS_READ, .query = query_, .produces = type, .id = id_,                \
		.tag = "ledger", .summary = summary_, .response = response_                        \
	}

const struct ts_route ts_routes_book[] = {
	BOOK_ROUTE(CONTRACT "/accruals", accruals, "accruals",
		"Charge lines accrued, quantities measured, quantities not billed and why",
		"data, measured, not_billed", accruals_query, NULL),
	BOOK_ROUTE(CONTRACT "/accounts", accounts, "accounts", "Chart of accounts",
		"data: accounts", trial_query, NULL),
	BOOK_ROUTE(CONTRACT "/entries", entries, "entries", "Journal entries with their legs",
		"data: entries", entries_query, NULL),
	BOOK_ROUTE(CONTRACT "/trial-balance", trial_json, "trialBalance",
		"Both books and the equalities between them", "rows, equalities", trial_query,
		NULL),
	BOOK_ROUTE(CONTRACT "/trial-balance.csv", trial_csv, "trialBalanceCsv", "As CSV", "CSV",
		trial_query, "text/csv"),
	BOOK_ROUTE(CONTRACT "/trial-balance.xlsx", trial_xlsx, "trialBalanceXlsx",
		"As a spreadsheet", "spreadsheet", trial_query, TS_XLSX_TYPE),
	BOOK_ROUTE(CONTRACT "/trial-balance.txt", trial_text, "trialBalanceText", "As a table",
		"text", trial_query, "text/plain"),
	BOOK_ROUTE(CONTRACT "/status", status, "status",
		"Streams, log sizes, what is not settled yet, whether the books agree", "status",
		NULL, NULL),
	{0},
};
