/* SPDX-License-Identifier: Apache-2.0 */
/* Which windows of the meters are closed: for a billing period or any time, per stream, and what
 * the cut of a period found. */
#include "evidence/statement.h"
#include "service/handler/handler.h"
#include "service/settle/period_complete.h"
#include "service/http/route.h"
#include "store/ledger_state.h"
#include <string.h>

#define REGION_BYTES_MAX (1024u << 20)
#define RUNS_MAX 1000 /* of one stream in an answer; the rest by a narrower time */

struct view {
	struct ts_request *req;
	struct ts_db_contract contract;
	struct ts_region *region;
	struct ts_period period; /* of ?period= or {period} */
	bool has_period;
	struct ts_complete in;
	struct ts_db_completeness cut; /* of the period */
	bool is_cut;
};

static enum ts_err find_period(
	struct ts_db *db, struct view *v, struct ts_str text, struct ts_why *why)
{
	struct ts_ledger *calendar = NULL;
	TS_TRY(ts_handler_calendar(db, v->contract.contract_id, v->region, &calendar, why));
	TS_TRY(ts_handler_period(calendar, text, &v->period, why));
	v->has_period = true;
	struct ts_why none;
	enum ts_err err = ts_db_completeness_get(
		db, v->contract.contract_id, v->period.index, v->region, &v->cut, &none);
	v->is_cut = err == TS_OK;
	return err == TS_E_NOT_FOUND ? TS_OK : err;
}

static enum ts_err find_range(struct ts_db *db, struct view *v, struct ts_why *why)
{
	const struct ts_query_value *period = ts_request_query(v->req, "period");
	const struct ts_query_value *from = ts_request_query(v->req, "from");
	const struct ts_query_value *to = ts_request_query(v->req, "to");
	bool one = from->text.at != NULL || to->text.at != NULL;
	bool both = from->text.at != NULL && to->text.at != NULL;
	if (period->text.at != NULL ? one : !both)
		return ts_why(why, TS_E_INVALID, "period", "either period, or from and to");
	if (period->text.at != NULL) {
		TS_TRY(find_period(db, v, period->text, why));
		v->in.from_ms = v->period.from_us / TS_US_PER_MS;
		v->in.to_ms = v->period.to_us / TS_US_PER_MS;
	} else {
		v->in.from_ms = from->number / TS_US_PER_MS;
		v->in.to_ms = to->number / TS_US_PER_MS;
		if (v->in.from_ms >= v->in.to_ms)
			return ts_why(why, TS_E_INVALID, "to", "is not after from");
	}
	if (v->in.to_ms > v->in.at_ms) /* nobody waits for a window that goes on */
		v->in.to_ms = v->in.at_ms;
	return TS_OK;
}

static enum ts_err view_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	enum ts_role role = v->req->principal->role;
	struct ts_db_state_log *log = ts_region_alloc(v->region, sizeof *log);
	if (log == NULL)
		return TS_E_NO_MEMORY;
	v->in = (struct ts_complete){.contract_id = v->contract.contract_id,
		.at_ms = v->req->now_us / TS_US_PER_MS,
		.consumer = role == TS_ROLE_CONSUMER_FINANCE || role == TS_ROLE_AUDITOR,
		.log = log,
		.region = v->region};
	TS_TRY(ts_db_state_log(db, v->in.contract_id, v->region, log, why));
	v->in.n = log->inputs.size;
	TS_TRY(find_range(db, v, why));
	return ts_complete_load(db, &v->in, why);
}

static json_t *ms_json(int64_t ms)
{
	return ms == TS_COMPLETENESS_NEVER ? json_null() : ts_json_time(ms * TS_US_PER_MS);
}

static json_t *runs_json(
	const struct view *v, const struct ts_completeness_stream *stream, bool *more)
{
	struct ts_gaps gaps;
	struct ts_gap gap;
	json_t *runs = json_array();
	*more = false;
	ts_gaps_begin(&gaps, stream, v->in.from_ms, v->in.to_ms);
	while (ts_gaps_next(&gaps, &gap)) {
		*more = json_array_size(runs) == RUNS_MAX;
		if (*more)
			break;
		json_array_append_new(
			runs, json_pack("{s:s,s:o,s:o,s:I}", "state", gap.late ? "late" : "missing",
				      "from", ms_json(gap.start_ms), "to", ms_json(gap.end_ms),
				      "windows", (json_int_t)gap.windows));
	}
	return runs;
}

static json_t *stream_json(const struct view *v, const struct ts_complete_stream *s)
{
	const struct ts_db_enrolment *key = &s->row->key;
	struct ts_completeness c;
	int64_t end_ms = s->is.active_to_ms;
	bool more = false;
	if (s->is.successor_ms < end_ms)
		end_ms = s->is.successor_ms;
	if (s->is.revoked_ms < end_ms)
		end_ms = s->is.revoked_ms;
	ts_completeness_of(&s->is, v->in.from_ms, v->in.to_ms, &c);
	json_t *runs = runs_json(v, &s->is, &more);
	return json_pack("{s:s,s:s,s:s,s:I,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:b}", "stream",
		key->public_id, "origin", key->origin, "side",
		key->side == TS_SIDE_PROVIDER ? "provider" : "consumer", "window_ms",
		(json_int_t)key->window_ms, "ends", ms_json(end_ms), "expected",
		(json_int_t)c.expected, "closed", (json_int_t)c.closed, "late", (json_int_t)c.late,
		"missing", (json_int_t)c.missing, "heartbeats", (json_int_t)c.heartbeats,
		"tail_missing", (json_int_t)c.tail, "windows", runs, "windows_more", more);
}

static json_t *cut_json(const struct view *v)
{
	const struct ts_completeness *c = &v->cut.counts;
	if (!v->is_cut)
		return json_null();
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:o,s:b}", "leaf", (json_int_t)v->cut.cut_leaf,
		"expected", (json_int_t)c->expected, "closed", (json_int_t)c->closed, "late",
		(json_int_t)c->late, "missing", (json_int_t)c->missing, "list_sha256",
		ts_json_hash(&v->cut.list_sha256), "list_kept",
		v->cut.list.at != NULL || c->late + c->missing == 0);
}

static enum ts_err answer(struct view *v, struct ts_response *res, struct ts_why *why)
{
	struct ts_request *req = v->req;
	const struct ts_query_value *limit = ts_request_query(req, "limit");
	const struct ts_query_value *after = ts_request_query(req, "after");
	size_t most = limit->text.at != NULL ? (size_t)limit->number : TS_LIST_LIMIT_DEFAULT;
	size_t at = after->text.at != NULL ? (size_t)after->number : 0;
	char name[TS_TIME_CHARS];
	json_t *rows = json_array();
	for (; at < v->in.streams_n && json_array_size(rows) < most; at++)
		json_array_append_new(rows, stream_json(v, &v->in.streams[at]));
	bool more = at < v->in.streams_n;
	const char *next = more ? ts_region_printf(req->region, "%zu", at) : NULL;
	json_t *all = json_pack("{s:o,s:o,s:o,s:I,s:o,s:o,s:b}", "period",
		v->has_period ? json_string(ts_period_name(&v->period, name)) : json_null(), "from",
		ms_json(v->in.from_ms), "to", ms_json(v->in.to_ms), "inputs_to",
		(json_int_t)v->in.n, "cut", cut_json(v), "data", rows, "has_more", more);
	if (v->has_period && all != NULL)
		json_object_set_new(all, "period_ms",
			json_pack("[I,I]", (json_int_t)(v->period.from_us / TS_US_PER_MS),
				(json_int_t)(v->period.to_us / TS_US_PER_MS)));
	enum ts_err err = next != NULL ? ts_handler_next(req, res, next) : TS_OK;
	if (err == TS_OK)
		return ts_handler_json(res, 200, all, why);
	json_decref(all);
	return err;
}

static enum ts_err completeness_get(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.req = req, .region = ts_region_create(REGION_BYTES_MAX)};
	struct ts_db_scope scope;
	if (v.region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_handler_contract(req, res, &v.contract, &scope, why);
	scope.read_only = true;
	if (err == TS_OK)
		err = ts_db_tx(ts_req_session(req)->db, &scope, view_tx, &v, why);
	if (err == TS_OK)
		err = answer(&v, res, why);
	ts_region_free(v.region);
	return err;
}

static enum ts_err list_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	return find_period(db, v, ts_request_param(v->req, "period"), why);
}

/* The bytes that a gap event's hash is of. */
static enum ts_err list_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.req = req, .region = req->region};
	struct ts_db_scope scope;
	TS_TRY(ts_handler_contract(req, res, &v.contract, &scope, why));
	scope.read_only = true;
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, list_tx, &v, why));
	if (!v.is_cut)
		return ts_why(why, TS_E_NOT_FOUND, "period",
			"it is not cut: what it lacks is not known yet");
	if (v.cut.list.at == NULL && v.cut.counts.late + v.cut.counts.missing > 0)
		return ts_why(why, TS_E_NOT_FOUND, "period", "the list was too long to keep");
	res->content_type = "text/plain; charset=utf-8";
	ts_buf_put(&res->body, v.cut.list.at, v.cut.list.len);
	return res->body.err;
}

static const struct ts_query_param view_query[] = {
	{"period", TS_QUERY_TEXT, false, 0, 0, "name or index of a billing period"},
	{"from", TS_QUERY_TIME, false, 0, 0, "windows that end behind this"},
	{"to", TS_QUERY_TIME, false, 0, 0, "and at or before this"},
	{"limit", TS_QUERY_INT, false, 1, TS_LIST_LIMIT_MAX, "streams per page"},
	{"after", TS_QUERY_INT, false, 0, 0, "cursor of the page before"}, {0}};

#define CONTRACT "/v1/contracts/{contract}"

const struct ts_route ts_routes_complete[] = {
	{.method = TS_GET,
		.path = CONTRACT "/completeness",
		.handler = completeness_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = view_query,
		.id = "getCompleteness",
		.tag = "evidence",
		.summary =
			"Which windows of the meters are closed, late or missing, per stream, and "
			"what the period's cut found; the consumer's streams for the consumer "
			"alone",
		.response = "period, period_ms, from, to, inputs_to, cut, data: streams by origin "
			    "with counts and runs of late and missing windows"},
	{.method = TS_GET,
		.path = CONTRACT "/periods/{period}/gaps",
		.handler = list_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.produces = "text/plain",
		.id = "getPeriodGaps",
		.tag = "evidence",
		.summary =
			"The list of late and missing windows that the period's cut found, whose "
			"hash a gap event names",
		.response = "a line origin TAB start_ms TAB end_ms per window"},
	{0},
};
