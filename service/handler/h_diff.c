/* SPDX-License-Identifier: Apache-2.0 */
/* What an amendment changes: two versions of a contract's terms, member by member, and what the
 * usage of one billing period would cost under each. */
#include "terms/diff.h"
#include "evidence/statement.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "store/cell.h"
#include "store/ledger_state.h"

#define IMPACT_BYTES_MAX ((size_t)512 << 20)

struct view {
	struct ts_request *req;
	int64_t contract_id;
	int64_t from, to; /* versions; 0: the newest two */
	struct ts_db_version older, newer;
	/* money */
	bool has_period;
	struct ts_period period;
	const struct ts_currency *currency;
	int64_t was_minor, is_minor; /* net of the period's own lines */
};

/* The versions that are asked for; by default the newest and the one before it. */
static enum ts_err find_versions(struct ts_db *db, struct view *v, struct ts_why *why)
{
	struct ts_db_version *list = NULL;
	size_t n = 0;
	TS_TRY(ts_db_version_list(db, v->contract_id, false, v->req->region, &list, &n, why));
	if (v->to == 0)
		v->to = n > 0 ? list[n - 1].version : 1;
	if (v->from == 0)
		v->from = v->to - 1;
	if (v->from >= v->to || v->from < 1)
		return ts_why(why, TS_E_INVALID, "from",
			"there is no version before %lld to compare with", (long long)v->to);
	TS_TRY(ts_db_version_get(db, v->contract_id, v->from, v->req->region, &v->older, why));
	return ts_db_version_get(db, v->contract_id, v->to, v->req->region, &v->newer, why);
}

static enum ts_err as_ledger_version(const struct ts_db_version *row, int64_t leaf,
	struct ts_region *region, struct ts_ledger_version *out, struct ts_why *why)
{
	struct ts_contract_statement s;
	TS_TRY(ts_contract_statement_parse(row->statement, &s, why));
	*out = (struct ts_ledger_version){.leaf = leaf,
		.from_us = s.from_ms * TS_US_PER_MS,
		.to_us = s.to_ms == TS_OPEN_MS ? INT64_MAX : s.to_ms * TS_US_PER_MS};
	return ts_terms_parse(row->terms.at, row->terms.len, region, &out->terms, why);
}

/* Net of the period's lines when versions 1..n are all there is. */
static enum ts_err net_under(const struct view *v, const struct ts_ledger_version *versions,
	size_t n, const struct ts_usage_cell *cells, size_t cells_n, struct ts_region *region,
	int64_t *net, struct ts_why *why)
{
	struct ts_ledger *ledger = NULL;
	struct ts_ledger_amendment amendment;
	struct ts_postings postings;
	struct ts_invoice *invoice = NULL;
	struct ts_ledger_event event = {.leaf = (int64_t)n,
		.serial = 1,
		.at_us = v->req->now_us,
		.to = (int64_t)n,
		.day = v->period.end_day - 1};
	TS_TRY(ts_ledger_create(region, versions, n, &ledger));
	ts_ledger_amends(ledger, &event, NULL, 0, &amendment);
	if (amendment.any)
		TS_TRY(ts_ledger_rematch(ledger, &event, &amendment, NULL, 0, why));
	TS_TRY(ts_ledger_fold(ledger, &event, 0, cells, cells_n, why));
	TS_TRY(ts_ledger_tick(ledger, &event, &postings, why));
	TS_TRY(ts_ledger_body(ledger, v->period.index, region, &invoice, why));
	*net = 0;
	for (size_t i = 0; i < invoice->lines_n; i++)
		if (invoice->lines[i].period == v->period.index)
			TS_TRY(ts_add64(*net,
				invoice->kind == TS_DOCUMENT_CREDIT_NOTE
					? -invoice->lines[i].net_minor
					: invoice->lines[i].net_minor,
				net));
	return TS_OK;
}

/* The usage so far of the period, whatever came too late, rated to its end under both. */
static enum ts_err impact(
	struct ts_db *db, struct view *v, struct ts_region *region, struct ts_why *why)
{
	struct ts_ledger *calendar = NULL;
	struct ts_db_version *rows = NULL;
	struct ts_usage_cell *cells = NULL;
	size_t n = 0, cells_n = 0, older_n = 0;
	const struct ts_query_value *period = ts_request_query(v->req, "period");
	TS_TRY(ts_handler_calendar(db, v->contract_id, region, &calendar, why));
	TS_TRY(ts_handler_period(calendar, period->text, &v->period, why));
	TS_TRY(ts_db_version_list(db, v->contract_id, false, region, &rows, &n, why));
	struct ts_ledger_version *versions = ts_region_array(region, n + 1, sizeof *versions);
	if (versions == NULL)
		return TS_E_NO_MEMORY;
	size_t used = 0;
	for (size_t i = 0; i < n && rows[i].version <= v->to; i++) {
		TS_TRY(as_ledger_version(&rows[i], (int64_t)used, region, &versions[used], why));
		used++;
		older_n = rows[i].version <= v->from ? used : older_n;
	}
	TS_TRY(ts_db_cell_range(db, v->contract_id, v->period.from_us, v->period.to_us,
		ts_terms_needs(versions[0].terms), region, &cells, &cells_n, why));
	v->currency = versions[0].terms->currency;
	v->has_period = true;
	TS_TRY(net_under(v, versions, older_n, cells, cells_n, region, &v->was_minor, why));
	return net_under(v, versions, used, cells, cells_n, region, &v->is_minor, why);
}

static enum ts_err view_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	TS_TRY(find_versions(db, v, why));
	if (ts_request_query(v->req, "period")->text.at == NULL)
		return TS_OK;
	struct ts_region *region = ts_region_create(IMPACT_BYTES_MAX);
	enum ts_err err = region == NULL ? TS_E_NO_MEMORY : impact(db, v, region, why);
	ts_region_free(region);
	return err;
}

static json_t *changes_json(const struct ts_diff *diffs, size_t n)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(rows,
			json_pack("{s:s,s:s,s:s,s:s?,s:s?}", "change",
				ts_diff_kind_name(diffs[i].kind), "pointer", diffs[i].pointer,
				"what", diffs[i].what, "was", diffs[i].was, "is", diffs[i].is));
	return rows;
}

static json_t *impact_json(const struct view *v)
{
	char name[TS_TIME_CHARS];
	if (!v->has_period)
		return json_null();
	return json_pack("{s:s,s:s,s:o,s:o,s:o}", "period", ts_period_name(&v->period, name),
		"currency", v->currency->code, "was", ts_json_money(v->was_minor, v->currency),
		"is", ts_json_money(v->is_minor, v->currency), "difference",
		ts_json_money(v->is_minor - v->was_minor, v->currency));
}

static enum ts_err contract_diff(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	struct ts_contract_statement s;
	struct ts_diff *diffs = NULL;
	size_t n = 0;
	struct view v = {.req = req,
		.from = ts_request_query(req, "from")->number,
		.to = ts_request_query(req, "to")->number};
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	scope.read_only = true;
	v.contract_id = contract.contract_id;
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, view_tx, &v, why));
	__attribute__((cleanup(ts_json_cleanup))) json_t *older = NULL;
	__attribute__((cleanup(ts_json_cleanup))) json_t *newer = NULL;
	TS_TRY(ts_json_parse(v.older.terms.at, v.older.terms.len, &older, why));
	TS_TRY(ts_json_parse(v.newer.terms.at, v.newer.terms.len, &newer, why));
	TS_TRY(ts_terms_diff(older, newer, req->region, &diffs, &n));
	TS_TRY(ts_contract_statement_parse(v.newer.statement, &s, why));
	return ts_handler_json(res, 200,
		json_pack("{s:I,s:I,s:o,s:o,s:o,s:o}", "from", (json_int_t)v.from, "to",
			(json_int_t)v.to, "effective_from", ts_json_time(s.from_ms * TS_US_PER_MS),
			"effective_to",
			s.to_ms == TS_OPEN_MS ? json_null() : ts_json_time(s.to_ms * TS_US_PER_MS),
			"changes", changes_json(diffs, n), "impact", impact_json(&v)),
		why);
}

static const struct ts_query_param diff_query[] = {
	{"from", TS_QUERY_INT, false, 1, INT32_MAX, "version; default: the one before `to`"},
	{"to", TS_QUERY_INT, false, 1, INT32_MAX, "version; default: the newest, offered or not"},
	{"period", TS_QUERY_TEXT, false, 0, 0,
		"rate the usage so far of this billing period under both"},
	{0}};

const struct ts_route ts_routes_diff[] = {
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/diff",
		.handler = contract_diff,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = diff_query,
		.id = "diffTerms",
		.tag = "contracts",
		.summary = "What one version of the terms changes of another",
		.response = "from, to, effective_from, effective_to, changes, impact"},
	{0},
};
