/* SPDX-License-Identifier: Apache-2.0 */
/* What a company took over into its own accounts: numbered exports that hold each entry once. */
#include "service/handler/h_journal.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "store/idempotency.h"
#include "store/journal_export.h"

struct take {
	struct ts_request *req;
	struct ts_db_contract contract;
	int book;
	const char *kinds[TS_ENTRY_KINDS];
	size_t kinds_n;
	struct ts_db_idempotency key;
	bool replayed;
	struct ts_db_answer answer;
	struct ts_db_journal_export *list;
	size_t n;
};
struct take_body {
	const char *book;
	const json_t *kinds;
};
static const struct ts_json_field take_fields[] = {
	{"book", TS_JSON_STRING, false, offsetof(struct take_body, book), 0, 16},
	{"kinds", TS_JSON_ARRAY, false, offsetof(struct take_body, kinds), 1, TS_ENTRY_KINDS},
};

static json_t *export_json(const struct ts_db_journal_export *x)
{
	json_t *kinds = json_array();
	for (size_t i = 0; i < x->kinds_n; i++)
		json_array_append_new(kinds, json_string(x->kinds[i]));
	return json_pack("{s:s,s:i,s:o,s:I,s:o}", "book", ts_book_name(x->book), "number",
		(int)x->number, "kinds", kinds, "entries", (json_int_t)x->entries, "created",
		ts_json_time(x->created_us));
}

static enum ts_err take_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct take *t = arg;
	struct ts_region *region = t->req->region;
	int32_t number = 0;
	const char *text = NULL;
	TS_TRY(ts_db_idempotency_reserve(db, &t->key, region, &t->replayed, &t->answer, why));
	if (t->replayed)
		return TS_OK;
	TS_TRY(ts_db_journal_export_add(db, t->contract.contract_id, (enum ts_book)t->book,
		t->kinds, t->kinds_n, t->req->now_us, &number, why));
	if (number == 0)
		return ts_why(why, TS_E_CONFLICT, "kinds",
			"nothing is new: earlier exports hold every entry of these kinds");
	TS_TRY(ts_db_journal_export_list(
		db, t->contract.contract_id, t->book, number, region, &t->list, &t->n, why));
	TS_TRY(ts_handler_data(region, export_json(&t->list[0]), &text));
	t->answer = (struct ts_db_answer){201, "application/json", ts_str(text)};
	return ts_db_idempotency_answer(db, &t->key, &t->answer, why);
}

static enum ts_err read_take(struct take *t, struct ts_why *why)
{
	struct take_body body = {NULL, NULL};
	bool kinds[TS_ENTRY_KINDS] = {false};
	enum ts_book book = TS_BOOK_PROVIDER;
	__attribute__((cleanup(ts_json_cleanup))) json_t *json = NULL;
	TS_TRY(ts_json_parse(t->req->body.at, t->req->body.len, &json, why));
	if (!json_is_object(json))
		return ts_why(why, TS_E_MALFORMED, "", "the body must be an object");
	TS_TRY(ts_json_decode(json, take_fields, 2, &body, t->req->region, "", why));
	TS_TRY(ts_handler_book(t->req->principal,
		body.book != NULL ? ts_str(body.book) : (struct ts_str){NULL, 0}, &book, why));
	t->book = (int)book;
	if (t->req->principal->role == TS_ROLE_CONSUMER_FINANCE && book == TS_BOOK_PROVIDER)
		return ts_why(why, TS_E_FORBIDDEN, "/book", "a company takes over its own book");
	for (size_t i = 0; i < json_array_size(body.kinds); i++) {
		enum ts_entry_kind kind = TS_ENTRY_ACCRUAL;
		const char *name = json_string_value(json_array_get(body.kinds, i));
		TS_TRY(ts_handler_entry_kind(ts_str(name != NULL ? name : ""), &kind, why));
		kinds[kind] = true;
	}
	for (int k = 0; k < TS_ENTRY_KINDS; k++)
		if (kinds[k] || body.kinds == NULL)
			t->kinds[t->kinds_n++] = ts_entry_kind_name((enum ts_entry_kind)k);
	return t->kinds_n > 0 ? TS_OK
			      : ts_why(why, TS_E_INVALID, "/kinds", "must name a kind of entry");
}

static enum ts_err take(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct take t = {.req = req};
	struct ts_db_scope scope;
	TS_TRY(ts_handler_contract(req, res, &t.contract, &scope, why));
	TS_TRY(read_take(&t, why));
	scope.party_id = req->principal->party_id;
	t.key = (struct ts_db_idempotency){.party_id = scope.party_id,
		.contract_id = t.contract.contract_id,
		.method = ts_method_name(req->method),
		.path = ts_handler_text(req, req->target),
		.key = req->idempotency_key};
	ts_sha256(req->body.at, req->body.len, &t.key.fingerprint);
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, take_tx, &t, why));
	res->status = t.answer.status;
	ts_buf_put(&res->body, t.answer.body.at, t.answer.body.len);
	return res->body.err;
}

static enum ts_err list_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct take *t = arg;
	return ts_db_journal_export_list(
		db, t->contract.contract_id, t->book, 0, t->req->region, &t->list, &t->n, why);
}

static enum ts_err export_list(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct take t = {.req = req};
	struct ts_db_scope scope;
	enum ts_book book = TS_BOOK_PROVIDER;
	TS_TRY(ts_handler_contract(req, res, &t.contract, &scope, why));
	TS_TRY(ts_handler_book(req->principal, ts_request_query(req, "book")->text, &book, why));
	t.book = (int)book;
	scope.read_only = true;
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, list_tx, &t, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < t.n; i++)
		json_array_append_new(rows, export_json(&t.list[i]));
	return ts_handler_page(req, res, rows, NULL, why);
}

#define CONTRACT "/v1/contracts/{contract}"
static const struct ts_query_param list_query[] = {
	{"book", TS_QUERY_TEXT, false, 0, 0, "provider or consumer (a company: its own)"}, {0}};

const struct ts_route ts_routes_journal_export[] = {
	{.method = TS_POST,
		.path = CONTRACT "/journal-exports",
		.handler = take,
		.roles = TS_ROLE_FINANCE,
		.cls = TS_CLASS_WORK,
		.flags = TS_ROUTE_MONEY,
		.body_bytes_max = TS_BODY_JSON_MAX,
		TS_ROUTE_JSON(take_fields),
		.id = "takeJournalExport",
		.tag = "journal",
		.summary = "Number the entries that no export holds yet",
		.request = "book (a company: its own), kinds (all)",
		.response = "book, number, kinds, entries, created"},
	{.method = TS_GET,
		.path = CONTRACT "/journal-exports",
		.handler = export_list,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = list_query,
		.id = "listJournalExports",
		.tag = "journal",
		.summary = "Exports of a book",
		.response = "data: exports"},
	{0},
};
