/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles: all that somebody needs who checks a contract's documents alone. */
#include "service/publish/bundle.h"
#include "service/handler/handler.h"
#include "service/http/route.h"

#define BUNDLE_DEADLINE_MS 600000

struct find {
	struct ts_request *req;
	int64_t contract_id;
	struct ts_period period, from;
	bool has_from;
};

static enum ts_err find_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct find *f = arg;
	struct ts_ledger *ledger = NULL;
	TS_TRY(ts_handler_calendar(db, f->contract_id, f->req->region, &ledger, why));
	TS_TRY(ts_handler_period(
		ledger, ts_request_query(f->req, "period")->text, &f->period, why));
	const struct ts_query_value *from = ts_request_query(f->req, "from");
	f->has_from = from->text.at != NULL;
	if (!f->has_from)
		return TS_OK;
	return ts_handler_period(ledger, from->text, &f->from, why);
}

static enum ts_err get_bundle(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	const struct ts_config *config = ts_req_app(req)->config;
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	scope.read_only = true;
	struct find f = {.req = req, .contract_id = contract.contract_id};
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, find_tx, &f, why));
	const struct ts_bundle_job job = {.session = ts_req_session(req),
		.contract = &contract,
		.period = f.period.index,
		.has_from = f.has_from,
		.from = f.from.index,
		.dir = config->spool_dir,
		.bytes_max = config->spool_bytes_max};
	res->content_type = "application/x-tar";
	return ts_bundle_spool(&job, &res->fd, &res->fd_bytes, why);
}

static const struct ts_query_param bundle_query[] = {
	{"period", TS_QUERY_TEXT, true, 0, 0, "whose document must be in it, e.g. 2026-05"},
	{"from", TS_QUERY_TEXT, false, 0, 0,
		"begin at the state at the cut of this earlier period, that both companies sealed"},
	{0}};

const struct ts_route ts_routes_bundle[] = {
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/bundle",
		.handler = get_bundle,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.deadline_ms = BUNDLE_DEADLINE_MS,
		.query = bundle_query,
		.produces = "application/x-tar",
		.id = "getBundle",
		.tag = "evidence",
		.summary = "All that is needed to check documents offline: tallystick verify",
		.response = "the bundle (docs/formats/bundle.md)"},
	{0}};
