/* SPDX-License-Identifier: Apache-2.0 */
/* Prepayments: what stands of each, its invoice before and when it issues. Payments and refunds are
 * statements of the provider (h_statement.c). */
#include "service/handler/handler.h"
#include "service/handler/handler_settle.h"
#include "service/http/route.h"

#define REGION_BYTES_MAX ((size_t)1 << 30)

struct view {
	struct ts_request *req;
	struct ts_region *region;
	int64_t contract_id;
	struct ts_ledger *ledger;
	const struct ts_terms *newest;
	struct ts_invoice *invoice; /* preview */
	struct ts_str id;
};

static enum ts_err list_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	const struct ts_terms **terms = NULL;
	size_t n = 0;
	TS_TRY(ts_settle_load(db, v->contract_id, v->region, &terms, &n, &v->ledger, why));
	v->newest = terms[0];
	for (size_t i = 1; i < n; i++)
		if (ts_ledger_terms(v->ledger, (int32_t)terms[i]->version) != NULL)
			v->newest = terms[i];
	return TS_OK;
}

static enum ts_err preview_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	int32_t item = 0;
	TS_TRY(list_tx(db, arg, why));
	TS_TRY(ts_ledger_prepayment_find(v->ledger, v->id, &item, why));
	return ts_ledger_prepayment_body(v->ledger, item, v->region, &v->invoice, why);
}

static const char *state_of(const struct ts_ledger_prepayment *p)
{
	const struct ts_prepaid_row *row = p->row;
	if (row == NULL)
		return "agreed";
	if (row->from_period < 0)
		return "invoiced";
	return p->left_minor > 0 ? "drawable" : "used";
}

static json_t *money_or_null(bool there, int64_t minor, const struct ts_currency *currency)
{
	return there ? ts_json_money(minor, currency) : json_null();
}

static json_t *row_json(const struct ts_ledger_prepayment *p, const struct ts_currency *currency)
{
	static const struct ts_prepaid_row none = {.from_period = -1};
	const struct ts_prepaid_row *row = p->row != NULL ? p->row : &none;
	bool there = p->row != NULL, ends = p->terms->expires_day != INT32_MAX;
	json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:s?}", "id", p->terms->id,
		"currency", currency->code, "state", state_of(p), "tax",
		p->terms->deposit ? "deposit" : "taxed", "drawable",
		p->terms->when_paid ? "when_paid" : "on_issue", "invoice_day",
		ts_json_day(p->terms->invoice_day), "expires",
		ends ? ts_json_day(p->terms->expires_day) : json_null(), "amount",
		ts_json_money(p->terms->amount_minor, currency), "number", row->document);
	(void)json_object_update_new(
		json, json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "invoiced",
			      money_or_null(there, row->net_minor + row->tax_minor, currency),
			      "paid", money_or_null(there, row->paid_minor, currency), "drawn",
			      money_or_null(there, p->drawn_minor, currency), "lapsed",
			      money_or_null(there, p->lapsed_minor, currency), "refunded",
			      money_or_null(there, row->refunded_minor, currency), "left",
			      money_or_null(there, p->left_minor, currency)));
	return json;
}

static enum ts_err view_open(struct ts_request *req, struct ts_response *res, struct view *v,
	struct ts_str id, ts_db_body body, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	*v = (struct view){.req = req, .id = id};
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	scope.read_only = true;
	v->contract_id = contract.contract_id;
	v->region = ts_region_create(REGION_BYTES_MAX);
	if (v->region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_db_tx(ts_req_session(req)->db, &scope, body, v, why);
	if (err != TS_OK)
		ts_region_free(v->region);
	return err;
}

static enum ts_err prepayment_list(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v;
	enum ts_err err = TS_OK;
	TS_TRY(view_open(req, res, &v, TS_STR(""), list_tx, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < v.newest->prepayments_n && err == TS_OK; i++) {
		struct ts_ledger_prepayment p;
		err = ts_ledger_prepayment_get(v.ledger, (int32_t)i, &p);
		if (err == TS_OK)
			json_array_append_new(rows, row_json(&p, v.newest->currency));
	}
	ts_region_free(v.region);
	json_t *answer = json_pack("{s:o,s:b}", "data", rows, "has_more", 0);
	if (err == TS_OK)
		return ts_handler_json(res, 200, answer, why);
	json_decref(answer);
	return err;
}

static enum ts_err preview(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v;
	const char *json = NULL;
	size_t len = 0;
	TS_TRY(view_open(req, res, &v, ts_request_param(req, "prepayment"), preview_tx, why));
	enum ts_err err = ts_invoice_json(v.invoice, v.region, &json, &len);
	if (err == TS_OK) {
		res->content_type = "application/json";
		ts_buf_put(&res->body, json, len);
		err = res->body.err;
	}
	ts_region_free(v.region);
	return err;
}

static enum ts_err issue(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_scope scope;
	struct ts_settle s = {.kind = TS_SETTLE_PREPAYMENT, .answer = ts_handler_issued};
	TS_TRY(ts_handler_contract(req, res, &s.contract, &scope, why));
	s.prepayment = ts_request_param(req, "prepayment");
	return ts_handler_settle(req, res, &s, why);
}

#define PREPAYMENTS "/v1/contracts/{contract}/prepayments"
const struct ts_route ts_routes_prepayment[] = {
	{.method = TS_GET,
		.path = PREPAYMENTS,
		.handler = prepayment_list,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.id = "listPrepayments",
		.tag = "documents",
		.summary = "Prepayments, and what was paid, drawn and lapsed of each",
		.response =
			"data: prepayments with state (agreed, invoiced, drawable, used) and sums"},
	{.method = TS_GET,
		.path = PREPAYMENTS "/{prepayment}/preview",
		.handler = preview,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.id = "previewPrepayment",
		.tag = "documents",
		.summary = "A prepayment's invoice as it would be now",
		.response = "the document"},
	{.method = TS_POST,
		.path = PREPAYMENTS "/{prepayment}/invoice",
		.handler = issue,
		.roles = TS_ROLE_OPERATOR | TS_ROLE_PROVIDER_FINANCE,
		.cls = TS_CLASS_WORK,
		.flags = TS_ROUTE_MONEY,
		.id = "issuePrepayment",
		.tag = "documents",
		.summary = "Issue the invoice of a prepayment",
		.response = "number, totals, sha256"},
	{0},
};
