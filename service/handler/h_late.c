/* SPDX-License-Identifier: Apache-2.0 */
/* What came too late for its period: the list that a consent of both companies names. */
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "service/settle/settle.h"
#include "store/ledger_state.h"

#define REGION_BYTES_MAX (1024u << 20)
#define LIST_BYTES_MAX ((size_t)256 << 20)

struct view {
	struct ts_request *req;
	struct ts_db_contract contract;
	struct ts_region *region;
	struct ts_ledger *ledger;
};

static enum ts_err load_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	const struct ts_terms **terms = NULL;
	size_t n = 0;
	return ts_settle_load(db, v->contract.contract_id, v->region, &terms, &n, &v->ledger, why);
}

static enum ts_err view_open(
	struct ts_request *req, struct ts_response *res, struct view *v, struct ts_why *why)
{
	struct ts_db_scope scope;
	*v = (struct view){.req = req, .region = ts_region_create(REGION_BYTES_MAX)};
	if (v->region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_handler_contract(req, res, &v->contract, &scope, why);
	scope.read_only = true;
	if (err == TS_OK)
		err = ts_db_tx(ts_req_session(req)->db, &scope, load_tx, v, why);
	if (err != TS_OK)
		ts_region_free(v->region);
	return err;
}

static enum ts_err put_period(
	const struct view *v, const struct ts_period_row *row, json_t *rows, struct ts_why *why)
{
	struct ts_period period;
	struct ts_buf list;
	struct ts_hash hash;
	char name[TS_TIME_CHARS];
	int64_t cells = 0;
	TS_TRY(ts_ledger_period_get(v->ledger, row->index, &period));
	ts_buf_init(&list, LIST_BYTES_MAX);
	enum ts_err err = ts_ledger_late_list(v->ledger, &period, &list, &cells, why);
	ts_sha256(list.len > 0 ? list.data : "", list.len, &hash);
	ts_buf_free(&list);
	if (err != TS_OK || cells == 0)
		return err;
	json_array_append_new(
		rows, json_pack("{s:s,s:i,s:[I,I],s:I,s:I,s:o}", "period",
			      ts_period_name(&period, name), "index", (int)period.index,
			      "period_ms", (json_int_t)(period.from_us / TS_US_PER_MS),
			      (json_int_t)(period.to_us / TS_US_PER_MS), "late_from",
			      (json_int_t)row->late_from, "cells", (json_int_t)cells, "list_sha256",
			      ts_json_hash(&hash)));
	return TS_OK;
}

static enum ts_err late_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v;
	const struct ts_period_row *row = NULL;
	enum ts_err err = TS_OK;
	TS_TRY(view_open(req, res, &v, why));
	json_t *rows = json_array();
	for (size_t i = 0; err == TS_OK && (row = ts_ledger_period(v.ledger, i)) != NULL; i++)
		if (row->late_from > 0)
			err = put_period(&v, row, rows, why);
	ts_region_free(v.region);
	if (err == TS_OK)
		return ts_handler_json(
			res, 200, json_pack("{s:o,s:b}", "data", rows, "has_more", 0), why);
	json_decref(rows);
	return err;
}

/* The bytes that a consent's hash is of. */
static enum ts_err list_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v;
	struct ts_period period;
	int64_t cells = 0;
	TS_TRY(view_open(req, res, &v, why));
	enum ts_err err = ts_handler_period(
		v.ledger, ts_request_param(req, "period"), &period, why);
	if (err == TS_OK)
		err = ts_ledger_late_list(v.ledger, &period, &res->body, &cells, why);
	ts_region_free(v.region);
	res->content_type = "text/plain; charset=utf-8";
	return err;
}

#define CONTRACT "/v1/contracts/{contract}"

const struct ts_route ts_routes_late[] = {
	{.method = TS_GET,
		.path = CONTRACT "/late",
		.handler = late_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.id = "getLate",
		.tag = "evidence",
		.summary = "Periods with usage that came too late for them and is not billed",
		.response = "data: period, index, period_ms, late_from, cells, list_sha256"},
	{.method = TS_GET,
		.path = CONTRACT "/periods/{period}/late",
		.handler = list_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.produces = "text/plain",
		.id = "getPeriodLate",
		.tag = "evidence",
		.summary = "The list of what came too late for a period, whose hash a consent "
			   "names",
		.response = "a line start_ms TAB sku TAB class TAB account TAB origin TAB quantity "
			    "per quarter-hour"},
	{0},
};
