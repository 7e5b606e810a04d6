/* SPDX-License-Identifier: Apache-2.0 */
/* The trace of one line of an issued document, for whoever has to approve it: from the document's
 * own bytes and the terms version that its line names. */
#include "terms/explain.h"
#include "evidence/statement.h"
#include "service/explain.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "store/document.h"
#include <string.h>

struct trace {
	struct ts_request *req;
	struct ts_db_contract contract;
	const char *number;
	struct ts_db_document document;
	struct ts_db_version *versions;
	size_t versions_n;
	int64_t found[2]; /* contracts that have the number */
	size_t found_n;
	json_t *json; /* the document */
	const json_t *line;
	const struct ts_terms *terms;
	const struct ts_db_version *version;
	struct ts_explanation e;
};

static enum ts_err trace_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct trace *t = arg;
	TS_TRY(ts_db_document_get(
		db, t->contract.contract_id, t->number, t->req->region, &t->document, why));
	if (t->document.state != TS_DB_DOCUMENT_ISSUED)
		return ts_why(why, TS_E_CONFLICT, "number", "%s is not issued", t->number);
	return ts_db_version_list(db, t->contract.contract_id, true, t->req->region, &t->versions,
		&t->versions_n, why);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

static enum ts_err find_line(struct trace *t, struct ts_why *why)
{
	const json_t *lines = json_object_get(json_object_get(t->json, "body"), "lines");
	const char *wanted = ts_handler_text(t->req, ts_request_param(t->req, "line"));
	char number[24];
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);
		snprintf(number, sizeof number, "%lld",
			(long long)json_integer_value(json_object_get(line, "number")));
		if (wanted != NULL && strcmp(number, wanted) == 0)
			t->line = line;
	}
	if (t->line == NULL)
		return ts_why(why, TS_E_NOT_FOUND, "line", "%s has lines 1 to %zu, not \"%s\"",
			t->number, json_array_size(lines), wanted != NULL ? wanted : "");
	int64_t version = json_integer_value(json_object_get(t->line, "version"));
	for (size_t i = 0; i < t->versions_n; i++)
		if (t->versions[i].version == version)
			t->version = &t->versions[i];
	if (t->version == NULL)
		return ts_why(why, TS_E_INTERNAL, "version", "the line names no version in force");
	return ts_terms_parse(
		t->version->terms.at, t->version->terms.len, t->req->region, &t->terms, why);
}

static enum ts_err explain_line(struct trace *t, struct ts_why *why)
{
	struct ts_explain_line line = {
		.tier = (int32_t)json_integer_value(json_object_get(t->line, "tier")),
		.trace = text_of(t->line, "trace")};
	enum ts_err err = ts_charge_find(t->terms, ts_str(text_of(t->line, "kind")),
		ts_str(text_of(t->line, "id")), &line.kind, &line.item);
	if (err == TS_OK)
		err = ts_i128_parse(ts_str(text_of(t->line, "base_quantity")), &line.quantity);
	if (err == TS_OK)
		err = ts_explain(t->terms, &line, t->req->region, &t->e);
	return err == TS_OK ? TS_OK
			    : ts_why(why, TS_E_INTERNAL, "line", "the terms do not have its item");
}

static bool same_text(const json_t *a, const json_t *b, const char *name)
{
	return json_equal(json_object_get(a, name), json_object_get(b, name)) != 0;
}

/* The line that reverses what was billed, or that states it anew; NULL: none. */
static const json_t *other_half(const struct trace *t)
{
	static const char *const key[] = {"kind", "id", "tier", "period", "version", "adjusts"};
	const json_t *lines = json_object_get(json_object_get(t->json, "body"), "lines");
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *other = json_array_get(lines, i);
		bool same = !same_text(other, t->line, "reversal");
		for (size_t k = 0; k < sizeof key / sizeof key[0]; k++)
			same = same && same_text(other, t->line, key[k]);
		if (same)
			return other;
	}
	return NULL;
}

static json_t *adjustment(const struct trace *t)
{
	const char *adjusts = text_of(t->line, "adjusts");
	if (*adjusts == '\0')
		return json_null();
	bool reversal = json_is_true(json_object_get(t->line, "reversal"));
	const json_t *other = other_half(t);
	return json_pack("{s:s,s:b,s:s,s:O*,s:O*}", "adjusts", adjusts, "reversal", reversal,
		"text",
		reversal ? "The line as it was billed, with its sign turned: records or terms that "
			   "came after the cut changed it."
			 : "The line as it is now; what was billed before is reversed beside it.",
		"other_line", other ? json_object_get(other, "number") : NULL, "other_amount",
		other ? json_object_get(other, "amount") : NULL);
}

static json_t *answer_json(const struct trace *t)
{
	static const char *const copied[] = {"kind", "id", "section", "tier", "period", "from",
		"to", "quantity", "base_quantity", "unit", "unit_price", "amount"};
	static const char *const logs[] = {
		"inputs_origin", "inputs_root", "journal_origin", "journal_size", "journal_root"};
	const json_t *body = json_object_get(t->json, "body");
	const json_t *head = json_object_get(t->json, "head");
	json_t *out = json_object(), *log = json_object();
	json_object_set_new(out, "contract", json_string(t->contract.public_id));
	json_object_set_new(out, "document", json_string(t->number));
	json_object_set(out, "document_kind", json_object_get(body, "kind"));
	json_object_set(out, "line", json_object_get(t->line, "number"));
	for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++)
		json_object_set(out, copied[i], json_object_get(t->line, copied[i]));
	json_object_set(out, "currency", json_object_get(body, "currency"));
	ts_explain_json(&t->e, out);
	json_object_set_new(out, "adjustment", adjustment(t));
	json_object_set_new(out, "terms",
		json_pack("{s:I,s:I,s:o,s:o}", "version", (json_int_t)t->version->version, "leaf",
			(json_int_t)t->version->leaf, "sha256",
			ts_json_hash(&t->version->terms_sha256), "statement",
			ts_json_hash(&t->version->statement_sha256)));
	json_object_set(log, "inputs_to", json_object_get(body, "inputs_to"));
	json_object_set(log, "as_of", json_object_get(body, "as_of"));
	for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++)
		json_object_set(log, logs[i], json_object_get(head, logs[i]));
	json_object_set_new(log, "document_sha256", ts_json_hash(&t->document.sha256));
	json_object_set_new(out, "log", log);
	return out;
}

static void answer_text(const struct trace *t, struct ts_buf *out)
{
	const json_t *body = json_object_get(t->json, "body");
	const char *currency = text_of(body, "currency"), *adjusts = text_of(t->line, "adjusts");
	ts_buf_printf(out, "%s %s, line %lld: %s\n",
		strcmp(text_of(body, "kind"), "invoice") == 0 ? "invoice" : "credit note",
		t->number, (long long)json_integer_value(json_object_get(t->line, "number")),
		t->e.title);
	ts_buf_printf(out, "  %-13s %s %s\n", "amount", text_of(t->line, "amount"), currency);
	ts_buf_printf(out, "  %-13s %s to %s (the end not included), billing period %s\n",
		"service", text_of(t->line, "from"), text_of(t->line, "to"),
		text_of(t->line, "period"));
	if (strcmp(text_of(body, "kind"), "credit_note") == 0)
		ts_buf_printf(
			out, "  %-13s on a credit note all amounts have turned signs\n", "sign");
	if (*adjusts != '\0') {
		const json_t *other = other_half(t);
		ts_buf_printf(out, "  %-13s of %s: %s", "adjustment", adjusts,
			json_is_true(json_object_get(t->line, "reversal"))
				? "the line as billed, reversed"
				: "the line as it is now");
		if (other != NULL)
			ts_buf_printf(out, "; line %lld has the other half, %s %s",
				(long long)json_integer_value(json_object_get(other, "number")),
				text_of(other, "amount"), currency);
		ts_buf_puts(out, "\n");
	}
	ts_explain_text(&t->e, "  ", out);
	char hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(t->version->statement_sha256.b, TS_HASH_BYTES, hex);
	ts_buf_printf(out, "  %-13s version %lld, leaf %lld of the inputs log, statement %s\n",
		"signed", (long long)t->version->version, (long long)t->version->leaf, hex);
	ts_buf_printf(out, "  %-13s all leaves of %s below %lld, as of the end of %s\n", "inputs",
		text_of(json_object_get(t->json, "head"), "inputs_origin"),
		(long long)json_integer_value(json_object_get(body, "inputs_to")),
		text_of(body, "as_of"));
}

static enum ts_err answer(struct trace *t, struct ts_response *res, bool text, struct ts_why *why)
{
	TS_TRY(ts_json_parse(t->document.json.at, t->document.json.len, &t->json, why));
	enum ts_err err = find_line(t, why);
	if (err == TS_OK)
		err = explain_line(t, why);
	if (err == TS_OK && text) {
		res->content_type = "text/plain; charset=utf-8";
		answer_text(t, &res->body);
		err = res->body.err;
	} else if (err == TS_OK) {
		err = ts_handler_json(res, 200, answer_json(t), why);
	}
	json_decref(t->json);
	return err;
}

static enum ts_err trace_as(
	struct ts_request *req, struct ts_response *res, struct trace *t, struct ts_why *why)
{
	static const char *const types[] = {"application/json", "text/plain"};
	size_t chosen = 0;
	struct ts_db_scope scope = {.contracts = &t->contract.contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.party_id = req->principal->party_id,
		.read_only = true};
	TS_TRY(ts_request_accepts(req, types, 2, &chosen, why));
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, trace_tx, t, why));
	return answer(t, res, chosen == 1, why);
}

static enum ts_err trace_in_contract(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct trace t = {
		.req = req, .number = ts_handler_text(req, ts_request_param(req, "number"))};
	struct ts_db_scope scope;
	TS_TRY(ts_handler_contract(req, res, &t.contract, &scope, why));
	return trace_as(req, res, &t, why);
}

static enum ts_err find_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct trace *t = arg;
	return ts_db_document_find(db, t->number, t->found, &t->found_n, why);
}

/* Numbers belong to a contract's series: among all contracts that the token sees, one must have it.
 */
static enum ts_err find_contract(struct ts_request *req, struct trace *t, struct ts_why *why)
{
	struct ts_db *db = ts_req_session(req)->db;
	int64_t after = 0, hit = 0;
	size_t n = 0, hits = 0;
	do {
		struct ts_db_contract *page = NULL;
		TS_TRY(ts_db_contract_list(db, req->principal->party_id, after, TS_LIST_LIMIT_MAX,
			req->region, &page, &n, why));
		int64_t *ids = ts_region_array(req->region, n + 1, sizeof *ids);
		if (ids == NULL)
			return TS_E_NO_MEMORY;
		struct ts_db_scope scope = {
			.contracts = ids, .sides = TS_DB_SIDES_BOTH, .read_only = true};
		for (size_t i = 0; i < n; i++)
			if (ts_handler_allowed(req->principal, &page[i]))
				ids[scope.contracts_n++] = page[i].contract_id;
		if (scope.contracts_n > 0)
			TS_TRY(ts_db_tx(db, &scope, find_tx, t, why));
		else
			t->found_n = 0;
		hit = t->found_n > 0 ? t->found[0] : hit;
		hits += t->found_n;
		after = n > 0 ? page[n - 1].contract_id : after;
	} while (n == TS_LIST_LIMIT_MAX && hits < 2);
	if (hits == 0)
		return ts_why(why, TS_E_NOT_FOUND, "number", "no document %s", t->number);
	if (hits > 1)
		return ts_why(why, TS_E_CONFLICT, "number",
			"several contracts have a document %s: name the contract "
			"(/v1/contracts/{contract}/invoices/...)",
			t->number);
	return ts_db_contract_locate(db, hit, &t->contract, why);
}

static enum ts_err trace_by_number(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct trace t = {
		.req = req, .number = ts_handler_text(req, ts_request_param(req, "number"))};
	if (t.number == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(find_contract(req, &t, why));
	res->contract_id = t.contract.contract_id;
	return trace_as(req, res, &t, why);
}

#define TRACE_ROUTE(route_path, run_, id_)                                                         \
	{                                                                                          \
		.method = TS_GET, .path = route_path, .handler = run_, .roles = TS_ROLE_READERS,   \
		.cls = TS_CLASS_READ, .produces = "application/json, text/plain", .id = id_,       \
		.tag = "documents", .summary = "How one line of a document came about",            \
		.response = "steps in words, tiers, adjustment, terms version, log position"       \
	}

const struct ts_route ts_routes_explain[] = {
	TRACE_ROUTE("/v1/contracts/{contract}/invoices/{number}/lines/{line}/trace",
		trace_in_contract, "getContractInvoiceLineTrace"),
	TRACE_ROUTE(
		"/v1/invoices/{number}/lines/{line}/trace", trace_by_number, "getInvoiceLineTrace"),
	{0},
};
