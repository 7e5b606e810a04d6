/* SPDX-License-Identifier: Apache-2.0 */
/* A book as a journal for accounting tools: of some days, or a numbered export of it. */
#include "service/handler/h_journal.h"
#include "reports/journal/journal.h"
#include "reports/xlsx/xlsx.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "store/document.h"
#include "store/entry.h"
#include "store/journal_export.h"
#include "store/ledger_state.h"
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX ((size_t)250000)
#define PAGE 1000
#define REGION_BYTES_MAX (1024u << 20)
#define LEAF_BYTES_MAX 65536u

typedef enum ts_err (*journal_writer)(
	const struct ts_journal *journal, struct ts_region *region, struct ts_buf *out);

struct export
{
	struct ts_request *req;
	struct ts_region *region;
	struct ts_db_contract contract;
	const struct ts_terms **terms;
	size_t terms_n;
	int32_t number; /* of an export; 0: the days asked for */
	struct ts_db_journal_export *one;
	bool days, quantities;
	bool kinds[TS_ENTRY_KINDS]; /* none: all */
	bool some_kinds;
	struct ts_entry *entries;
	size_t entries_n, entries_cap;
	struct ts_journal journal;
	struct ts_journal_measure *measures;
};

/* --- what is asked for --- */

enum ts_err ts_handler_book(
	const struct ts_principal *who, struct ts_str text, enum ts_book *book, struct ts_why *why)
{
	bool provider = who->role == TS_ROLE_PROVIDER_FINANCE;
	bool consumer = who->role == TS_ROLE_CONSUMER_FINANCE;
	if (text.at == NULL && !provider && !consumer)
		return ts_why(why, TS_E_MISSING_FIELD, "book", "provider or consumer");
	if (text.at == NULL)
		*book = provider ? TS_BOOK_PROVIDER : TS_BOOK_CONSUMER;
	else if (ts_str_is(text, "provider"))
		*book = TS_BOOK_PROVIDER;
	else if (ts_str_is(text, "consumer"))
		*book = TS_BOOK_CONSUMER;
	else
		return ts_why(why, TS_E_MALFORMED, "book", "must be provider or consumer");
	if (provider && *book == TS_BOOK_CONSUMER)
		return ts_why(why, TS_E_FORBIDDEN, "book",
			"a provider sees of the consumer's book only balances of mirror accounts");
	return TS_OK;
}

enum ts_err ts_handler_entry_kind(struct ts_str name, enum ts_entry_kind *out, struct ts_why *why)
{
	for (int k = 0; k < TS_ENTRY_KINDS; k++)
		if (ts_str_is(name, ts_entry_kind_name((enum ts_entry_kind)k))) {
			*out = (enum ts_entry_kind)k;
			return TS_OK;
		}
	return ts_why(
		why, TS_E_INVALID, "kinds", "\"%.*s\" is no kind of entry", (int)name.len, name.at);
}

static enum ts_err read_query(struct export *x, struct ts_why *why)
{
	struct ts_request *req = x->req;
	const struct ts_query_value *from = ts_request_query(req, "from");
	const struct ts_query_value *to = ts_request_query(req, "to");
	struct ts_str kinds = ts_request_query(req, "kinds")->text;
	x->journal.from_day = from->text.at != NULL ? (int32_t)from->number : INT32_MIN;
	x->journal.to_day = to->text.at != NULL ? (int32_t)to->number : INT32_MAX;
	x->days = true;
	x->quantities = ts_request_query(req, "quantities")->number != 0;
	if (x->journal.from_day >= x->journal.to_day)
		return ts_why(why, TS_E_INVALID, "to", "must be after from");
	x->some_kinds = kinds.at != NULL;
	while (kinds.at != NULL) {
		enum ts_entry_kind kind = TS_ENTRY_ACCRUAL;
		TS_TRY(ts_handler_entry_kind(ts_str_cut(&kinds, ','), &kind, why));
		x->kinds[kind] = true;
	}
	x->journal.feed = x->some_kinds;
	return TS_OK;
}

/* --- what is read --- */

static bool wanted(const struct export *x, const struct ts_entry *entry)
{
	if (x->one != NULL)
		return ts_db_journal_export_holds(x->one, entry);
	return !x->some_kinds || x->kinds[entry->kind];
}

static enum ts_err keep(struct export *x, const struct ts_entry *entry, struct ts_why *why)
{
	if (x->entries_n == ENTRIES_MAX)
		return ts_why(why, TS_E_LIMIT, "to",
			"more than %zu entries: ask for fewer days at once", ENTRIES_MAX);
	if (x->entries_n == x->entries_cap) {
		size_t cap = x->entries_cap == 0 ? PAGE : 2 * x->entries_cap;
		struct ts_entry *more = ts_region_array(x->region, cap, sizeof *more);
		if (more == NULL)
			return TS_E_NO_MEMORY;
		if (x->entries_n > 0)
			memcpy(more, x->entries, x->entries_n * sizeof *more);
		x->entries = more;
		x->entries_cap = cap;
	}
	x->entries[x->entries_n++] = *entry;
	return TS_OK;
}

static enum ts_err read_entries(struct export *x, struct ts_db *db, struct ts_why *why)
{
	bool open = !x->days ||
		    (x->journal.from_day == INT32_MIN && x->journal.to_day == INT32_MAX);
	struct ts_db_entry_filter filter = {.after = -1,
		.limit = PAGE,
		.book = (int)x->journal.book,
		.source_leaf = -1,
		.account = -1,
		.from_day = open                               ? 0
			    : x->journal.from_day == INT32_MIN ? INT32_MIN / 2
							       : x->journal.from_day,
		.to_day = open                             ? 0
			  : x->journal.to_day == INT32_MAX ? INT32_MAX / 2
							   : x->journal.to_day};
	struct ts_entry *page = NULL;
	size_t n = PAGE;
	while (n == PAGE) {
		TS_TRY(ts_db_entry_list(
			db, x->contract.contract_id, &filter, x->region, &page, &n, why));
		for (size_t i = 0; i < n; i++)
			if (wanted(x, &page[i]))
				TS_TRY(keep(x, &page[i], why));
		if (n > 0)
			filter.after = page[n - 1].id;
	}
	return TS_OK;
}

/* The days that were not given: those of the entries. */
static void set_days(struct export *x)
{
	int32_t first = INT32_MAX, last = INT32_MIN;
	for (size_t i = 0; i < x->entries_n; i++) {
		int32_t day = x->entries[i].effective_day;
		first = day < first ? day : first;
		last = day > last ? day : last;
	}
	if (x->entries_n == 0)
		first = last = x->terms[0]->from_day;
	if (x->journal.from_day == INT32_MIN)
		x->journal.from_day = first < x->journal.to_day ? first : x->journal.to_day - 1;
	if (x->journal.to_day == INT32_MAX)
		x->journal.to_day = last + 1 > x->journal.from_day ? last + 1
								   : x->journal.from_day + 1;
}

static enum ts_err read_accounts(struct export *x, struct ts_db *db, struct ts_why *why)
{
	struct ts_db_balance *rows = NULL;
	size_t n = 0;
	int64_t id = x->contract.contract_id;
	/* the chart is that of the accounts with entries; the balances are those of the day before
	 */
	TS_TRY(ts_db_balance_list(db, id, x->region, &rows, &n, why));
	for (size_t i = 0; i < n; i++)
		x->journal.accounts[rows[i].account] = (struct ts_journal_account){
			rows[i].number, rows[i].title, 0};
	if (x->journal.feed)
		return TS_OK;
	TS_TRY(ts_db_balance_as_of(db, id, x->journal.from_day - 1, x->region, &rows, &n, why));
	for (size_t i = 0; i < n; i++)
		TS_TRY(ts_sub64(rows[i].debit_minor, rows[i].credit_minor,
			&x->journal.accounts[rows[i].account].opening_minor));
	return TS_OK;
}

/* --- quantities that documents bill --- */

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text != NULL ? text : "";
}

static const char *turned(struct ts_region *region, const char *decimal)
{
	return decimal[0] == '-' ? ts_region_copy(region, decimal + 1, strlen(decimal + 1))
				 : ts_region_printf(region, "-%s", decimal);
}

static enum ts_err line_measure(
	struct export *x, const struct ts_db_document *doc, const json_t *line, struct ts_why *why)
{
	const char *sku = text_of(line, "sku"), *quantity = text_of(line, "quantity");
	bool credit = doc->kind == TS_DOCUMENT_CREDIT_NOTE;
	int64_t net = 0;
	if (sku[0] == '\0' || quantity[0] == '\0' || strspn(quantity, "-0.") == strlen(quantity))
		return TS_OK;
	TS_TRY(ts_money_parse(ts_str(text_of(line, "amount")), x->journal.currency, &net));
	if (net != 0 && (net < 0) != (quantity[0] == '-'))
		return TS_OK; /* no quantity of one sign has a cost of the other */
	if (x->journal.measures_n == ENTRIES_MAX)
		return ts_why(why, TS_E_LIMIT, "quantities", "too many lines: ask for fewer days");
	struct ts_journal_measure *m = &x->measures[x->journal.measures_n++];
	*m = (struct ts_journal_measure){.day = doc->issue_day,
		.document = doc->number,
		.sku = ts_region_copy(x->region, sku, strlen(sku)),
		.sku_name = ts_region_printf(x->region, "%s", text_of(line, "description")),
		.quantity = credit ? turned(x->region, quantity)
				   : ts_region_copy(x->region, quantity, strlen(quantity)),
		.net_minor = credit ? -net : net};
	return m->sku == NULL || m->sku_name == NULL || m->quantity == NULL ? TS_E_NO_MEMORY
									    : TS_OK;
}

static enum ts_err document_measures(
	struct export *x, struct ts_db *db, const struct ts_db_document *row, struct ts_why *why)
{
	struct ts_db_document doc = {0};
	__attribute__((cleanup(ts_json_cleanup))) json_t *json = NULL;
	TS_TRY(ts_db_document_get(db, x->contract.contract_id, row->number, x->region, &doc, why));
	TS_TRY(ts_json_parse(doc.json.at, doc.json.len, &json, why));
	const json_t *lines = json_object_get(json_object_get(json, "body"), "lines");
	struct ts_journal_measure *more = ts_region_array(
		x->region, x->journal.measures_n + json_array_size(lines) + 1, sizeof *more);
	if (more == NULL)
		return TS_E_NO_MEMORY;
	if (x->journal.measures_n > 0)
		memcpy(more, x->measures, x->journal.measures_n * sizeof *more);
	x->measures = more;
	for (size_t i = 0; i < json_array_size(lines); i++)
		TS_TRY(line_measure(x, row, json_array_get(lines, i), why));
	return TS_OK;
}

/* Documents are in the order of their numbers, and their days never go back. */
static enum ts_err read_measures(struct export *x, struct ts_db *db, struct ts_why *why)
{
	struct ts_db_document *page = NULL;
	int64_t after = -1;
	size_t n = PAGE;
	while (n == PAGE) {
		TS_TRY(ts_db_document_list(
			db, x->contract.contract_id, after, PAGE, x->region, &page, &n, why));
		for (size_t i = 0; i < n; i++)
			if (page[i].state == TS_DB_DOCUMENT_ISSUED &&
				page[i].issue_day >= x->journal.from_day &&
				page[i].issue_day < x->journal.to_day)
				TS_TRY(document_measures(x, db, &page[i], why));
		if (n > 0)
			after = page[n - 1].issue_leaf;
	}
	x->journal.measures = x->measures;
	return TS_OK;
}

/* --- the model --- */

static const char *narrative(struct export *x, const struct ts_entry *e)
{
	struct ts_charge_names names;
	const char *kind = ts_entry_kind_name(e->kind);
	if (!e->has_line)
		return ts_region_printf(x->region, "%s%s%s", kind, e->document != NULL ? " " : "",
			e->document != NULL ? e->document : "");
	ts_charge_names(x->terms[e->line.version - 1], e->line.kind, (size_t)e->line.item, &names);
	return ts_region_printf(x->region, "%s of %s %s, terms version %d", kind,
		ts_charge_kind_name(e->line.kind), names.id, (int)e->line.version);
}

static enum ts_err leaf_hash(struct export *x, const struct ts_entry *e, struct ts_hasher *hasher,
	struct ts_buf *leaf, struct ts_hash *out)
{
	ts_buf_reset(leaf);
	ts_entry_leaf(e, x->contract.public_id, x->journal.currency, leaf);
	if (leaf->err == TS_OK)
		ts_hash_leaf(hasher, leaf->data, leaf->len, out);
	return leaf->err;
}

static enum ts_err build_rows(struct export *x)
{
	struct ts_journal_row *rows = ts_region_array(x->region, x->entries_n + 1, sizeof *rows);
	struct ts_hasher hasher;
	struct ts_buf leaf;
	if (rows == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_hasher_init(&hasher));
	ts_buf_init(&leaf, LEAF_BYTES_MAX);
	enum ts_err err = TS_OK;
	for (size_t i = 0; i < x->entries_n && err == TS_OK; i++) {
		rows[i].entry = &x->entries[i];
		rows[i].narrative = narrative(x, &x->entries[i]);
		err = rows[i].narrative == NULL
			      ? TS_E_NO_MEMORY
			      : leaf_hash(x, &x->entries[i], &hasher, &leaf, &rows[i].leaf);
	}
	ts_buf_free(&leaf);
	ts_hasher_free(&hasher);
	x->journal.rows = rows;
	x->journal.rows_n = x->entries_n;
	return err;
}

static enum ts_err find_export(struct export *x, struct ts_db *db, struct ts_why *why)
{
	size_t n = 0;
	TS_TRY(ts_db_journal_export_list(db, x->contract.contract_id, (int)x->journal.book,
		x->number, x->region, &x->one, &n, why));
	return n == 1 ? TS_OK
		      : ts_why(why, TS_E_NOT_FOUND, "number", "no export %d of this book",
				(int)x->number);
}

static enum ts_err export_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct export *x = arg;
	x->entries_n = x->entries_cap = 0;
	x->journal.measures_n = 0;
	TS_TRY(ts_handler_terms(
		db, x->contract.contract_id, x->region, &x->terms, &x->terms_n, why));
	const struct ts_terms *terms = x->terms[x->terms_n - 1];
	bool provider = x->journal.book == TS_BOOK_PROVIDER;
	x->journal.contract = x->contract.public_id;
	x->journal.currency = terms->currency;
	x->journal.company = provider ? terms->provider.name : terms->consumer.name;
	x->journal.counterparty = provider ? terms->consumer.name : terms->provider.name;
	if (x->number != 0)
		TS_TRY(find_export(x, db, why));
	TS_TRY(read_entries(x, db, why));
	set_days(x);
	TS_TRY(read_accounts(x, db, why));
	if (x->quantities)
		TS_TRY(read_measures(x, db, why));
	TS_TRY(build_rows(x));
	ts_journal_order(&x->journal);
	return TS_OK;
}

static enum ts_err workbook(struct export *x, struct ts_buf *out, struct ts_why *why)
{
	struct ts_buf csv;
	ts_buf_init(&csv, REGION_BYTES_MAX);
	enum ts_err err = ts_journal_csv(&x->journal, true, &csv);
	const struct ts_xlsx_sheet sheet = {
		.name = "Journal", .csv = {csv.data, csv.len}, .totals = true};
	const struct ts_xlsx book = {.title = x->journal.contract,
		.company = x->journal.company,
		.created_us = (int64_t)x->journal.to_day * TS_US_PER_DAY,
		.currency = x->journal.currency,
		.sheets = &sheet,
		.sheets_n = 1};
	if (err == TS_OK)
		err = ts_xlsx_write(&book, x->region, out, why);
	ts_buf_free(&csv);
	return err;
}

static enum ts_err render(struct export *x, struct ts_response *res, const char *type,
	journal_writer writer, struct ts_why *why)
{
	if (strcmp(type, TS_XLSX_TYPE) == 0)
		return workbook(x, &res->body, why);
	if (writer != NULL)
		return writer(&x->journal, x->region, &res->body);
	return ts_journal_csv(
		&x->journal, ts_request_query(x->req, "raw")->number != 0, &res->body);
}

static enum ts_err write_journal(struct export *x, struct ts_response *res, const char *type,
	journal_writer writer, struct ts_why *why)
{
	struct ts_db_scope scope;
	TS_TRY(ts_handler_contract(x->req, res, &x->contract, &scope, why));
	TS_TRY(ts_handler_book(
		x->req->principal, ts_request_query(x->req, "book")->text, &x->journal.book, why));
	scope.read_only = true;
	x->region = ts_region_create(REGION_BYTES_MAX);
	if (x->region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_db_tx(ts_req_session(x->req)->db, &scope, export_tx, x, why);
	res->content_type = type;
	if (err == TS_OK)
		err = render(x, res, type, writer, why);
	ts_region_free(x->region);
	return err;
}

static enum ts_err of_days(struct ts_request *req, struct ts_response *res, const char *type,
	journal_writer writer, struct ts_why *why)
{
	struct export x = {.req = req};
	TS_TRY(read_query(&x, why));
	return write_journal(&x, res, type, writer, why);
}

static enum ts_err of_number(struct ts_request *req, struct ts_response *res, const char *type,
	journal_writer writer, struct ts_why *why)
{
	int64_t number = 0;
	struct export x = {.req = req};
	if (ts_text_u63(ts_request_param(req, "number"), &number) != TS_OK || number < 1 ||
		number > INT32_MAX)
		return ts_why(why, TS_E_NOT_FOUND, "number", "an export's number is 1, 2, ...");
	x.number = (int32_t)number;
	x.journal.from_day = INT32_MIN;
	x.journal.to_day = INT32_MAX;
	x.journal.feed = true;
	return write_journal(&x, res, type, writer, why);
}

#define LEDGER "text/x-ledger; charset=utf-8"
#define BEANCOUNT "text/x-beancount; charset=utf-8"
#define CSV "text/csv"
#define HANDLER(name, of, type, writer)                                                            \
	static enum ts_err name(                                                                   \
		struct ts_request *req, struct ts_response *res, struct ts_why *why)               \
	{                                                                                          \
		return of(req, res, type, writer, why);                                            \
	}
HANDLER(days_ledger, of_days, LEDGER, ts_journal_ledger)
HANDLER(days_beancount, of_days, BEANCOUNT, ts_journal_beancount)
HANDLER(days_csv, of_days, CSV, NULL)
HANDLER(days_xlsx, of_days, TS_XLSX_TYPE, NULL)
HANDLER(number_ledger, of_number, LEDGER, ts_journal_ledger)
HANDLER(number_beancount, of_number, BEANCOUNT, ts_journal_beancount)
HANDLER(number_csv, of_number, CSV, NULL)
HANDLER(number_xlsx, of_number, TS_XLSX_TYPE, NULL)

#define BOOK_PARAM                                                                                 \
	{                                                                                          \
		"book", TS_QUERY_TEXT, false, 0, 0, "provider or consumer (a company: its own)"    \
	}
#define RAW_PARAM                                                                                  \
	{                                                                                          \
		"raw", TS_QUERY_BOOL, false, 0, 0, "CSV: text without the formula guard"           \
	}
static const struct ts_query_param days_query[] = {BOOK_PARAM, RAW_PARAM,
	{"from", TS_QUERY_DATE, false, 0, 0, "effective on or after; the file opens with balances"},
	{"to", TS_QUERY_DATE, false, 0, 0, "effective before"},
	{"kinds", TS_QUERY_TEXT, false, 0, 0, "kinds of entries, comma separated: a feed"},
	{"quantities", TS_QUERY_BOOL, false, 0, 0, "with memos of quantities at total cost"}, {0}};
static const struct ts_query_param number_query[] = {BOOK_PARAM, RAW_PARAM, {0}};

#define CONTRACT "/v1/contracts/{contract}"
#define JOURNAL_ROUTE(route_path, run_, id_, summary_, query_, type)                               \
	{                                                                                          \
		.method = TS_GET, .path = route_path, .handler = run_, .roles = TS_ROLE_READERS,   \
		.cls = TS_CLASS_READ, .query = query_, .produces = type, .id = id_,                \
		.tag = "journal", .summary = summary_, .response = "the journal"                   \
	}

const struct ts_route ts_routes_journal[] = {
	JOURNAL_ROUTE(CONTRACT "/journal.ledger", days_ledger, "journalLedger",
		"A book for hledger and ledger", days_query, "text/x-ledger"),
	JOURNAL_ROUTE(CONTRACT "/journal.beancount", days_beancount, "journalBeancount",
		"A book for beancount", days_query, "text/x-beancount"),
	JOURNAL_ROUTE(CONTRACT "/journal.csv", days_csv, "journalCsv",
		"A book as general-ledger CSV", days_query, "text/csv"),
	JOURNAL_ROUTE(CONTRACT "/journal.xlsx", days_xlsx, "journalXlsx", "A book as a spreadsheet",
		days_query, TS_XLSX_TYPE),
	JOURNAL_ROUTE(CONTRACT "/journal-exports/{number}.ledger", number_ledger,
		"journalExportLedger", "An export for hledger and ledger", number_query,
		"text/x-ledger"),
	JOURNAL_ROUTE(CONTRACT "/journal-exports/{number}.beancount", number_beancount,
		"journalExportBeancount", "An export for beancount", number_query,
		"text/x-beancount"),
	JOURNAL_ROUTE(CONTRACT "/journal-exports/{number}.csv", number_csv, "journalExportCsv",
		"An export as general-ledger CSV", number_query, "text/csv"),
	JOURNAL_ROUTE(CONTRACT "/journal-exports/{number}.xlsx", number_xlsx, "journalExportXlsx",
		"An export as a spreadsheet", number_query, TS_XLSX_TYPE),
	{0},
};
