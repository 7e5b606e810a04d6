/* SPDX-License-Identifier: Apache-2.0 */
#include "service/handler/handler_settle.h"
/* Settle, periods, previews, documents: the routes with money effect. */
#include "reports/invoice_csv.h"
#include "reports/invoice_pdf.h"
#include "reports/xlsx/xlsx.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "service/settle/rendering.h"
#include "service/settle/settle.h"
#include "store/ledger_state.h"
#include <stdlib.h>
#include <string.h>

#define SETTLE_REGION_BYTES_MAX (1024u << 20)

struct find_period {
	int64_t contract_id;
	struct ts_region *region;
	struct ts_str text;
	struct ts_period period;
};

static enum ts_err find_period_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct find_period *f = arg;
	struct ts_ledger *ledger = NULL;
	TS_TRY(ts_handler_calendar(db, f->contract_id, f->region, &ledger, why));
	return ts_handler_period(ledger, f->text, &f->period, why);
}

static void put(struct ts_buf *out, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(value);
	ts_buf_puts(out, text != NULL ? text : "");
	ts_buf_putc(out, '\n');
	free(text);
}

static enum ts_err settle_answer(struct ts_settle *s, struct ts_buf *out, struct ts_why *why)
{
	(void)why;
	put(out, json_pack("{s:s,s:I,s:I,s:o,s:I,s:I}", "contract", s->contract.public_id, "leaf",
			 (json_int_t)s->leaf, "inputs_to", (json_int_t)s->to, "day",
			 ts_json_day(s->settled_day), "ticks", (json_int_t)s->ticks_before + 1,
			 "entries", (json_int_t)(s->entries_before + s->entries)));
	return out->err;
}

static enum ts_err cut_answer(struct ts_settle *s, struct ts_buf *out, struct ts_why *why)
{
	struct ts_period period;
	char name[TS_TIME_CHARS];
	(void)why;
	TS_TRY(ts_ledger_period_get(s->ledger, s->period, &period));
	put(out, json_pack("{s:s,s:s,s:i,s:I,s:I,s:o,s:I,s:I}", "contract", s->contract.public_id,
			 "period", ts_period_name(&period, name), "index", s->period, "cut_leaf",
			 (json_int_t)s->leaf, "inputs_to", (json_int_t)s->to, "day",
			 ts_json_day(s->settled_day), "ticks", (json_int_t)s->ticks_before,
			 "entries", (json_int_t)(s->entries_before + s->entries)));
	return out->err;
}

/* Why the document has no UBL: [] when it has. */
static json_t *ubl_refused(const struct ts_ubl_refusals *refusals)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < refusals->n; i++)
		json_array_append_new(
			rows, json_pack("{s:s,s:s?,s:s}", "where", refusals->rows[i].where, "rule",
				      refusals->rows[i].rule, "text", refusals->rows[i].text));
	return rows;
}

enum ts_err ts_handler_issued(struct ts_settle *s, struct ts_buf *out, struct ts_why *why)
{
	const struct ts_invoice *invoice = s->invoice;
	(void)why;
	put(out, json_pack("{s:s,s:s,s:s,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:b,s:o}", "contract",
			 s->contract.public_id, "number", invoice->head.number, "kind",
			 ts_document_kind_name(invoice->kind), "issue_date",
			 ts_json_day(invoice->head.issue_day), "due_date",
			 ts_json_day(invoice->head.due_day), "currency",
			 invoice->terms->currency->code, "subtotal",
			 ts_json_money(invoice->subtotal_minor, invoice->terms->currency), "tax",
			 ts_json_money(invoice->tax_minor, invoice->terms->currency), "total",
			 ts_json_money(invoice->total_minor, invoice->terms->currency), "sha256",
			 ts_json_hash(&s->document), "unwitnessed", invoice->head.unwitnessed,
			 "ubl_refused", ubl_refused(&s->ubl_refusals)));
	return out->err;
}

enum ts_err ts_handler_settle(
	struct ts_request *req, struct ts_response *res, struct ts_settle *s, struct ts_why *why)
{
	struct ts_db_idempotency key = {.party_id = req->principal->party_id,
		.contract_id = s->contract.contract_id,
		.method = ts_method_name(req->method),
		.path = ts_handler_text(req, req->target),
		.key = req->idempotency_key};
	ts_sha256(req->body.at != NULL ? req->body.at : "", req->body.len, &key.fingerprint);
	s->app = ts_req_app(req);
	s->session = ts_req_session(req);
	s->now_us = req->now_us;
	s->key = &key;
	s->region = ts_region_create(SETTLE_REGION_BYTES_MAX);
	if (s->region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_settle_run(s, why);
	if (err == TS_OK) {
		res->status = s->stored.status;
		ts_buf_put(&res->body, s->stored.body.at, s->stored.body.len);
		err = res->body.err;
	}
	ts_region_free(s->region);
	return err;
}

struct settle_body {
	int32_t day;
};
static const struct ts_json_field settle_fields[] = {
	{"day", TS_JSON_DATE, false, offsetof(struct settle_body, day), 0, 0}};

static enum ts_err settle(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_scope scope;
	struct settle_body body = {.day = INT32_MIN};
	struct ts_settle s = {.kind = TS_SETTLE_TICK, .answer = settle_answer};
	TS_TRY(ts_handler_contract(req, res, &s.contract, &scope, why));
	if (req->body.len > 0)
		TS_TRY(ts_handler_body(req, settle_fields, 1, &body, why));
	s.day = body.day;
	return ts_handler_settle(req, res, &s, why);
}

static enum ts_err event(struct ts_request *req, struct ts_response *res, enum ts_settle_kind kind,
	enum ts_err (*answer)(struct ts_settle *, struct ts_buf *, struct ts_why *),
	struct ts_why *why)
{
	struct ts_db_scope scope;
	struct ts_settle s = {.kind = kind, .answer = answer};
	TS_TRY(ts_handler_contract(req, res, &s.contract, &scope, why));
	struct find_period f = {.contract_id = s.contract.contract_id,
		.region = req->region,
		.text = ts_request_param(req, "period")};
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, find_period_tx, &f, why));
	s.period = f.period.index;
	return ts_handler_settle(req, res, &s, why);
}

static enum ts_err close_period(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return event(req, res, TS_SETTLE_CUT, cut_answer, why);
}

static enum ts_err issue(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return event(req, res, TS_SETTLE_ISSUE, ts_handler_issued, why);
}

struct preview {
	struct ts_request *req;
	struct ts_region *region;
	int64_t contract_id;
	struct ts_invoice *invoice;
};

static enum ts_err preview_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct preview *p = arg;
	const struct ts_terms **terms = NULL;
	struct ts_ledger *ledger = NULL;
	struct ts_period period;
	size_t n = 0;
	TS_TRY(ts_settle_load(db, p->contract_id, p->region, &terms, &n, &ledger, why));
	TS_TRY(ts_handler_period(ledger, ts_request_param(p->req, "period"), &period, why));
	return ts_ledger_body(ledger, period.index, p->region, &p->invoice, why);
}

static enum ts_err render(const struct ts_invoice *invoice, const char *type,
	struct ts_region *region, struct ts_response *res, struct ts_why *why)
{
	const char *json = NULL;
	size_t len = 0;
	res->content_type = type;
	if (strcmp(type, "application/pdf") == 0)
		return ts_invoice_pdf(invoice, region, &res->body, why);
	if (strcmp(type, "text/csv") == 0)
		return ts_invoice_csv(invoice, false, &res->body);
	if (strcmp(type, TS_MEDIA_UBL) == 0) {
		struct ts_ubl_refusals refusals;
		return ts_invoice_ubl(invoice, region, &res->body, &refusals, why);
	}
	TS_TRY(ts_invoice_json(invoice, region, &json, &len));
	ts_buf_put(&res->body, json, len);
	return res->body.err;
}

static enum ts_err preview_as(
	struct ts_request *req, struct ts_response *res, const char *type, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	scope.read_only = true;
	struct preview p = {.req = req, .contract_id = contract.contract_id};
	p.region = ts_region_create(SETTLE_REGION_BYTES_MAX);
	if (p.region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_db_tx(ts_req_session(req)->db, &scope, preview_tx, &p, why);
	if (err == TS_OK)
		err = render(p.invoice, type, p.region, res, why);
	ts_region_free(p.region);
	return err;
}

static enum ts_err preview_json(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return preview_as(req, res, "application/json", why);
}
static enum ts_err preview_csv(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return preview_as(req, res, "text/csv", why);
}
static enum ts_err preview_pdf(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return preview_as(req, res, "application/pdf", why);
}
static enum ts_err preview_xml(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return preview_as(req, res, TS_MEDIA_UBL, why);
}

struct documents {
	struct ts_request *req;
	int64_t contract_id;
	struct ts_db_document *rows;
	size_t n;
	int64_t after;
	int32_t limit;
	const char *number, *type;
	struct ts_db_document one;
	struct ts_str bytes;
	struct ts_period_row *periods;
	size_t periods_n;
	struct ts_ledger *calendar;
	const struct ts_terms *terms;
};

static enum ts_err list_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct documents *d = arg;
	TS_TRY(ts_handler_calendar(db, d->contract_id, d->req->region, &d->calendar, why));
	d->terms = ts_ledger_terms(d->calendar, 1);
	TS_TRY(ts_db_period_list(
		db, d->contract_id, d->req->region, &d->periods, &d->periods_n, why));
	return ts_db_document_list(
		db, d->contract_id, d->after, d->limit, d->req->region, &d->rows, &d->n, why);
}

static enum ts_err documents_load(struct ts_request *req, struct ts_response *res,
	struct documents *d, ts_db_body body, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	scope.read_only = true;
	d->req = req;
	d->contract_id = contract.contract_id;
	return ts_db_tx(ts_req_session(req)->db, &scope, body, d, why);
}

static json_t *document_json(const struct documents *d, const struct ts_db_document *row)
{
	static const char *const states[] = {"reserved", "issued", "void"};
	const struct ts_currency *currency = d->terms->currency;
	struct ts_period period;
	char name[TS_TIME_CHARS] = "";
	if (ts_ledger_period_get(d->calendar, row->period, &period) == TS_OK)
		ts_period_name(&period, name);
	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:s*}", "number",
		row->number, "kind", ts_document_kind_name((enum ts_document_kind)row->kind),
		"state", states[row->state], "period", name, "issue_date",
		ts_json_day(row->issue_day), "due_date", ts_json_day(row->due_day), "currency",
		currency->code, "subtotal", ts_json_money(row->subtotal_minor, currency), "tax",
		ts_json_money(row->tax_minor, currency), "total",
		ts_json_money(row->total_minor, currency), "sha256", ts_json_hash(&row->sha256),
		"void_reason", row->void_reason);
}

static enum ts_err document_list(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	const struct ts_query_value *limit = ts_request_query(req, "limit");
	const struct ts_query_value *after = ts_request_query(req, "after");
	struct documents d = {.after = after->text.at != NULL ? after->number : -1,
		.limit = limit->text.at != NULL ? (int32_t)limit->number : TS_LIST_LIMIT_DEFAULT};
	TS_TRY(documents_load(req, res, &d, list_tx, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < d.n; i++)
		json_array_append_new(rows, document_json(&d, &d.rows[i]));
	const char *next = d.n == (size_t)d.limit ? ts_region_printf(req->region, "%lld",
							    (long long)d.rows[d.n - 1].issue_leaf)
						  : NULL;
	return ts_handler_page(req, res, rows, next, why);
}

static enum ts_err get_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct documents *d = arg;
	TS_TRY(ts_db_document_get(db, d->contract_id, d->number, d->req->region, &d->one, why));
	if (d->one.state != TS_DB_DOCUMENT_ISSUED)
		return ts_why(why, TS_E_CONFLICT, "number", "%s is not issued", d->number);
	d->bytes = d->one.json;
	if (strcmp(d->type, "application/json") == 0)
		return TS_OK;
	enum ts_err err = ts_db_rendering_get(db, d->contract_id, d->number,
		strcmp(d->type, TS_XLSX_TYPE) == 0 ? "text/csv" : d->type, d->req->region,
		&d->bytes, why);
	struct ts_str reasons;
	if (err != TS_E_NOT_FOUND || strcmp(d->type, TS_MEDIA_UBL) != 0)
		return err;
	TS_TRY(ts_db_rendering_get(db, d->contract_id, d->number, TS_MEDIA_UBL_REFUSAL,
		d->req->region, &reasons, why));
	return ts_why(why, TS_E_INVALID, "number", "%s was issued without UBL: %.*s", d->number,
		(int)(reasons.len > 400 ? 400 : reasons.len), reasons.at);
}

/* The same rows as the stored CSV. */
static enum ts_err workbook(const struct documents *d, struct ts_buf *out, struct ts_why *why)
{
	const struct ts_currency *currency = NULL;
	struct ts_xlsx_sheet sheet = {.name = "Invoice", .csv = d->bytes};
	if (d->one.kind != TS_DOCUMENT_INVOICE)
		sheet.name = "Credit note";
	TS_TRY(ts_currency_find(ts_str(d->one.currency), &currency));
	const struct ts_xlsx book = {.title = d->number,
		.company = "",
		.created_us = (int64_t)d->one.issue_day * TS_US_PER_DAY,
		.currency = currency,
		.sheets = &sheet,
		.sheets_n = 1};
	return ts_xlsx_write(&book, d->req->region, out, why);
}

static enum ts_err document_as(
	struct ts_request *req, struct ts_response *res, const char *type, struct ts_why *why)
{
	char *etag = ts_region_alloc(req->region, 2 * TS_HASH_BYTES + 1);
	struct documents d = {
		.number = ts_handler_text(req, ts_request_param(req, "number")), .type = type};
	if (etag == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(documents_load(req, res, &d, get_tx, why));
	ts_text_hex(d.one.sha256.b, TS_HASH_BYTES, etag);
	res->content_type = type;
	res->etag = etag;
	if (strcmp(type, TS_XLSX_TYPE) == 0)
		return workbook(&d, &res->body, why);
	ts_buf_put(&res->body, d.bytes.at, d.bytes.len);
	return res->body.err;
}

static enum ts_err document_json_get(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return document_as(req, res, "application/json", why);
}
static enum ts_err document_csv(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return document_as(req, res, "text/csv", why);
}
static enum ts_err document_pdf(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return document_as(req, res, "application/pdf", why);
}
static enum ts_err document_xlsx(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return document_as(req, res, TS_XLSX_TYPE, why);
}
static enum ts_err document_xml(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return document_as(req, res, TS_MEDIA_UBL, why);
}
static enum ts_err document_any(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	static const char *const types[] = {
		"application/json", "text/csv", "application/pdf", TS_XLSX_TYPE, TS_MEDIA_UBL};
	size_t chosen = 0;
	TS_TRY(ts_request_accepts(req, types, sizeof types / sizeof types[0], &chosen, why));
	return document_as(req, res, types[chosen], why);
}

static enum ts_err period_list(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct documents d = {.after = -1, .limit = 1};
	struct ts_period period;
	char name[TS_TIME_CHARS];
	TS_TRY(documents_load(req, res, &d, list_tx, why));
	json_t *rows = json_array();
	for (int32_t i = 0; ts_ledger_period_get(d.calendar, i, &period) == TS_OK; i++) {
		const struct ts_period_row *row = NULL;
		for (size_t k = 0; k < d.periods_n; k++)
			if (d.periods[k].index == i)
				row = &d.periods[k];
		if (row == NULL && period.from_us > req->now_us)
			break;
		const char *state = row == NULL || !row->cut ? "open"
				    : row->issued            ? "issued"
							     : "cut";
		json_array_append_new(rows,
			json_pack("{s:i,s:s,s:o,s:o,s:s,s:s*}", "index", i, "period",
				ts_period_name(&period, name), "from",
				ts_json_day(period.first_day), "to", ts_json_day(period.end_day),
				"state", state, "document", row != NULL ? row->document : NULL));
	}
	return ts_handler_json(res, 200, json_pack("{s:o,s:b}", "data", rows, "has_more", 0), why);
}

static const struct ts_query_param page_query[] = {
	{"limit", TS_QUERY_INT, false, 1, TS_LIST_LIMIT_MAX, "rows per page"},
	{"after", TS_QUERY_INT, false, 0, 0, "cursor of the page before"}, {0}};

#define CONTRACT "/v1/contracts/{contract}"
#define WRITERS (TS_ROLE_OPERATOR | TS_ROLE_PROVIDER_FINANCE)
#define READ_ROUTE(route_path, run_, id_, summary_, type)                                          \
	{                                                                                          \
		.method = TS_GET, .path = route_path, .handler = run_, .roles = TS_ROLE_READERS,   \
		.cls = TS_CLASS_READ, .produces = type, .id = id_, .tag = "documents",             \
		.summary = summary_, .response = "the document"                                    \
	}

const struct ts_route ts_routes_period[] = {
	{.method = TS_POST,
		.path = CONTRACT "/settle",
		.handler = settle,
		.roles = WRITERS,
		.cls = TS_CLASS_WORK,
		.flags = TS_ROUTE_MONEY,
		.body_bytes_max = TS_BODY_JSON_MAX,
		.fields = settle_fields,
		.fields_n = sizeof settle_fields / sizeof settle_fields[0],
		.id = "settle",
		.tag = "ledger",
		.summary = "Accrue now: as many ticks as what waits needs, mostly one",
		.request = "day (optional): as of the end of this contract day",
		.response = "leaf of the last tick, inputs_to, day, ticks, entries"},
	{.method = TS_GET,
		.path = CONTRACT "/periods",
		.handler = period_list,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.id = "listPeriods",
		.tag = "ledger",
		.summary = "Billing periods and their states",
		.response = "data: periods"},
	{.method = TS_POST,
		.path = CONTRACT "/periods/{period}/close",
		.handler = close_period,
		.roles = WRITERS,
		.cls = TS_CLASS_WORK,
		.flags = TS_ROUTE_MONEY,
		.id = "closePeriod",
		.tag = "ledger",
		.summary = "Cut a period",
		.response = "cut_leaf, ticks (before it, for what it does not fold), entries"},
	READ_ROUTE(CONTRACT "/periods/{period}/preview", preview_json, "preview",
		"The document as it would be now", NULL),
	READ_ROUTE(CONTRACT "/periods/{period}/preview.json", preview_json, "previewJson",
		"Preview as JSON", NULL),
	READ_ROUTE(CONTRACT "/periods/{period}/preview.csv", preview_csv, "previewCsv",
		"Preview as CSV", "text/csv"),
	READ_ROUTE(CONTRACT "/periods/{period}/preview.pdf", preview_pdf, "previewPdf",
		"Preview as PDF", "application/pdf"),
	READ_ROUTE(CONTRACT "/periods/{period}/preview.xml", preview_xml, "previewXml",
		"Preview as UBL, or what keeps it from being that", TS_MEDIA_UBL),
	{.method = TS_POST,
		.path = CONTRACT "/periods/{period}/invoice",
		.handler = issue,
		.roles = WRITERS,
		.cls = TS_CLASS_WORK,
		.flags = TS_ROUTE_MONEY,
		.id = "issue",
		.tag = "documents",
		.summary = "Issue the document of a cut period",
		.response = "number, totals, sha256; ubl_refused: why there is no UBL, [] "
			    "when there is"},
	{.method = TS_GET,
		.path = CONTRACT "/invoices",
		.handler = document_list,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = page_query,
		.id = "listInvoices",
		.tag = "documents",
		.summary = "Invoices and credit notes",
		.response = "data: documents"},
	READ_ROUTE(CONTRACT "/invoices/{number}", document_any, "getInvoice",
		"One document, by Accept",
		"application/json, text/csv, application/pdf, application/xml, " TS_XLSX_TYPE),
	READ_ROUTE(CONTRACT "/invoices/{number}.json", document_json_get, "getInvoiceJson",
		"Canonical JSON", NULL),
	READ_ROUTE(CONTRACT "/invoices/{number}.csv", document_csv, "getInvoiceCsv", "CSV",
		"text/csv"),
	READ_ROUTE(CONTRACT "/invoices/{number}.pdf", document_pdf, "getInvoicePdf", "PDF",
		"application/pdf"),
	READ_ROUTE(CONTRACT "/invoices/{number}.xlsx", document_xlsx, "getInvoiceXlsx",
		"Spreadsheet", TS_XLSX_TYPE),
	READ_ROUTE(CONTRACT "/invoices/{number}.xml", document_xml, "getInvoiceXml",
		"UBL 2.1 (EN 16931, Peppol BIS Billing 3)", TS_MEDIA_UBL),
	{0},
};
