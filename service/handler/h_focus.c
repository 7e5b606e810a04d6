/* SPDX-License-Identifier: Apache-2.0 */
/* What was invoiced, as FOCUS. */
#include "reports/focus/focus.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "store/document.h"
#include <string.h>

#define REGION_BYTES_MAX (512u << 20)
#define PAGE 100

struct focus {
	struct ts_request *req;
	struct ts_region *region;
	struct ts_db_contract contract;
	const struct ts_terms **terms;
	size_t terms_n;
	bool one_period;
	struct ts_period period;
	int32_t from_day, to_day; /* of issue */
	struct ts_buf *out;
	struct ts_csv csv;
};

static bool wanted(const struct focus *f, const struct ts_db_document *row)
{
	return row->state == TS_DB_DOCUMENT_ISSUED && row->issue_day >= f->from_day &&
	       row->issue_day < f->to_day && (!f->one_period || row->period == f->period.index);
}

static enum ts_err put(
	struct focus *f, struct ts_db *db, const struct ts_db_document *row, struct ts_why *why)
{
	struct ts_db_document doc = {0};
	char hex[2 * TS_HASH_BYTES + 1];
	__attribute__((cleanup(ts_json_cleanup))) json_t *json = NULL;
	TS_TRY(ts_db_document_get(db, f->contract.contract_id, row->number, f->region, &doc, why));
	TS_TRY(ts_json_parse(doc.json.at, doc.json.len, &json, why));
	ts_text_hex(doc.sha256.b, TS_HASH_BYTES, hex);
	const struct ts_terms *terms = f->terms[f->terms_n - 1];
	const struct ts_focus_document focus = {.json = json,
		.sha256 = hex,
		.contract_title = terms->title,
		.issuer = terms->provider.name,
		.zone = &terms->zone,
		.currency = terms->currency};
	return ts_focus_rows(&focus, f->region, &f->csv, why);
}

static enum ts_err focus_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct focus *f = arg;
	struct ts_ledger *calendar = NULL;
	struct ts_db_document *page = NULL;
	struct ts_str period = ts_request_query(f->req, "period")->text;
	int64_t after = -1;
	size_t n = PAGE;
	ts_buf_reset(f->out);
	f->csv.begun = false;
	TS_TRY(ts_handler_terms(
		db, f->contract.contract_id, f->region, &f->terms, &f->terms_n, why));
	TS_TRY(ts_handler_calendar(db, f->contract.contract_id, f->region, &calendar, why));
	f->one_period = period.at != NULL;
	if (f->one_period)
		TS_TRY(ts_handler_period(calendar, period, &f->period, why));
	ts_focus_header(&f->csv);
	while (n == PAGE) {
		TS_TRY(ts_db_document_list(
			db, f->contract.contract_id, after, PAGE, f->region, &page, &n, why));
		for (size_t i = 0; i < n; i++)
			if (wanted(f, &page[i]))
				TS_TRY(put(f, db, &page[i], why));
		if (n > 0)
			after = page[n - 1].issue_leaf;
	}
	return f->out->err;
}

static enum ts_err focus(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_scope scope;
	const struct ts_query_value *from = ts_request_query(req, "from");
	const struct ts_query_value *to = ts_request_query(req, "to");
	struct focus f = {.req = req,
		.from_day = from->text.at != NULL ? (int32_t)from->number : INT32_MIN,
		.to_day = to->text.at != NULL ? (int32_t)to->number : INT32_MAX,
		.out = &res->body,
		.csv = {.out = &res->body, .raw = ts_request_query(req, "raw")->number != 0}};
	TS_TRY(ts_handler_contract(req, res, &f.contract, &scope, why));
	if (f.from_day >= f.to_day)
		return ts_why(why, TS_E_INVALID, "to", "must be after from");
	scope.read_only = true;
	f.region = ts_region_create(REGION_BYTES_MAX);
	if (f.region == NULL)
		return TS_E_NO_MEMORY;
	res->content_type = "text/csv";
	enum ts_err err = ts_db_tx(ts_req_session(req)->db, &scope, focus_tx, &f, why);
	ts_region_free(f.region);
	return err;
}

static const struct ts_query_param focus_query[] = {
	{"period", TS_QUERY_TEXT, false, 0, 0, "name or index: the documents of one period"},
	{"from", TS_QUERY_DATE, false, 0, 0, "issued on or after"},
	{"to", TS_QUERY_DATE, false, 0, 0, "issued before"},
	{"raw", TS_QUERY_BOOL, false, 0, 0, "text without the formula guard"}, {0}};

const struct ts_route ts_routes_focus[] = {
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/focus.csv",
		.handler = focus,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = focus_query,
		.produces = "text/csv",
		.id = "focus",
		.tag = "documents",
		.summary = "Issued documents as FOCUS 1.2 Cost and Usage",
		.response =
			"a row per charge, tax and rounding; BilledCost sums to what is payable"},
	{0},
};
