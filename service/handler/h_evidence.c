/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence to take away: conflicts of a stream, the proof of one record, void lines. */
#include "evidence/conflict.h"
#include "service/handler/handler.h"
#include "service/publish/record_proof.h"
#include "service/http/route.h"
#include "store/stream.h"
#include "store/usage.h"
#include <string.h>

struct look {
	struct ts_request *req;
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	const char *stream;
	int64_t stream_id, index;
	struct ts_db_stream *streams;
	size_t streams_n;
	const struct ts_db_stream *row;
	struct ts_db_conflict *conflicts;
	size_t conflicts_n;
	struct ts_record_proof proof;
	struct ts_db_usage_filter filter;
	struct ts_db_usage *lines;
	size_t lines_n;
};

/* The stream of {stream}, where the caller may see its contract. */
static enum ts_err look_up(
	struct look *l, struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	*l = (struct look){.req = req};
	TS_TRY(ts_handler_stream(
		req, res, &l->contract, &l->scope, &l->stream, &l->stream_id, why));
	l->scope.read_only = true;
	return TS_OK;
}

static enum ts_err find_row(struct ts_db *db, struct look *l, struct ts_why *why)
{
	TS_TRY(ts_db_stream_list(
		db, l->contract.contract_id, l->req->region, &l->streams, &l->streams_n, why));
	for (size_t i = 0; i < l->streams_n; i++)
		if (l->streams[i].key.stream_id == l->stream_id)
			l->row = &l->streams[i];
	return l->row != NULL ? TS_OK
			      : ts_why(why, TS_E_NOT_FOUND, "stream", "no stream %s", l->stream);
}

/* --- conflicts --- */

static enum ts_err conflicts_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct look *l = arg;
	return ts_db_conflict_list(db, l->contract.contract_id, l->stream_id, l->req->region,
		&l->conflicts, &l->conflicts_n, why);
}

static enum ts_err conflict_list(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct look l;
	TS_TRY(look_up(&l, req, res, why));
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &l.scope, conflicts_tx, &l, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < l.conflicts_n; i++)
		json_array_append_new(rows, ts_json_conflict(&l.conflicts[i]));
	return ts_handler_page(req, res, rows, NULL, why);
}

static enum ts_err conflict_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct look l;
	struct ts_hash wanted;
	struct ts_str text = ts_request_param(req, "sha256");
	if (ts_text_unhex(text, wanted.b, TS_HASH_BYTES) != TS_OK)
		return ts_why(why, TS_E_NOT_FOUND, "sha256", "is not a SHA-256 in hex");
	TS_TRY(look_up(&l, req, res, why));
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &l.scope, conflicts_tx, &l, why));
	for (size_t i = 0; i < l.conflicts_n; i++) {
		const struct ts_db_conflict *c = &l.conflicts[i];
		if (!ts_hash_eq(&c->sha256, &wanted))
			continue;
		if (c->proof.len == 0)
			return ts_why(why, TS_E_NOT_FOUND, "sha256",
				"this conflict is from before proofs were kept as a file");
		res->content_type = "text/plain; charset=utf-8";
		ts_buf_put(&res->body, c->proof.at, c->proof.len);
		return res->body.err;
	}
	return ts_why(why, TS_E_NOT_FOUND, "sha256", "stream %s has no such conflict", l.stream);
}

/* --- the proof of one record --- */

static enum ts_err proof_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct look *l = arg;
	TS_TRY(find_row(db, l, why));
	enum ts_err err = ts_record_proof_make(db, &ts_req_session(l->req)->hasher,
		l->contract.contract_id, l->stream_id, l->index, l->req->region, &l->proof, why);
	return err == TS_E_NOT_FOUND ? ts_why(why, err, "index", "stream %s has no line %lld",
					       l->stream, (long long)l->index)
				     : err;
}

static json_t *base64_json(struct ts_str bytes, struct ts_region *region)
{
	char *text = ts_region_alloc(region, TS_BASE64_LEN(bytes.len) + 1);
	if (text == NULL)
		return NULL;
	ts_text_base64((const uint8_t *)bytes.at, bytes.len, text);
	return json_string(text);
}

static enum ts_err proof_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct look l;
	TS_TRY(look_up(&l, req, res, why));
	if (ts_text_u63(ts_request_param(req, "index"), &l.index) != TS_OK)
		return ts_why(why, TS_E_NOT_FOUND, "index", "is not a line number");
	l.scope.sides = ts_handler_sides(req->principal, &l.contract);
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &l.scope, proof_tx, &l, why));
	return ts_handler_json(res, 200,
		json_pack("{s:s,s:s,s:s,s:I,s:I,s:o,s:o,s:o,s:o}", "contract", l.contract.public_id,
			"stream", l.stream, "origin", l.row->key.origin, "index",
			(json_int_t)l.index, "leaf", (json_int_t)l.proof.leaf, "line",
			ts_text_utf8(l.proof.line) ? ts_json_str(l.proof.line) : json_null(),
			"line_base64", base64_json(l.proof.line, req->region), "stream_proof",
			ts_json_str(l.proof.stream_proof), "inputs_proof",
			ts_json_str(l.proof.inputs_proof)),
		why);
}

/* --- void lines --- */

static enum ts_err lines_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct look *l = arg;
	TS_TRY(find_row(db, l, why));
	return ts_db_void_list(db, l->contract.contract_id, l->stream_id, l->filter.after_index,
		l->filter.limit, l->req->region, &l->lines, &l->lines_n, why);
}

static enum ts_err line_list(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct look l;
	const char *next = NULL;
	const struct ts_query_value *limit = ts_request_query(req, "limit");
	const struct ts_query_value *after = ts_request_query(req, "after");
	if (!ts_str_is(ts_request_query(req, "state")->text, "void"))
		return ts_why(why, TS_E_MALFORMED, "state", "must be void");
	TS_TRY(look_up(&l, req, res, why));
	l.scope.sides = ts_handler_sides(req->principal, &l.contract);
	l.filter.after_index = after->text.at != NULL ? after->number : -1;
	l.filter.limit = limit->text.at != NULL ? (int32_t)limit->number : TS_LIST_LIMIT_DEFAULT;
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &l.scope, lines_tx, &l, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < l.lines_n; i++)
		json_array_append_new(
			rows, json_pack("{s:I,s:s,s:s}", "index", (json_int_t)l.lines[i].index,
				      "state", "void", "reason", l.lines[i].void_reason));
	if (l.lines_n == (size_t)l.filter.limit)
		next = ts_region_printf(
			req->region, "%lld", (long long)l.lines[l.lines_n - 1].index);
	return ts_handler_page(req, res, rows, next, why);
}

static const struct ts_query_param line_query[] = {
	{"state", TS_QUERY_TEXT, true, 0, 0, "void: lines that are kept, shown and never rated"},
	{"limit", TS_QUERY_INT, false, 1, TS_LIST_LIMIT_MAX, "rows per page"},
	{"after", TS_QUERY_INT, false, 0, 0, "cursor of the page before"}, {0}};

const struct ts_route ts_routes_evidence[] = {
	{.method = TS_GET,
		.path = "/v1/streams/{stream}/conflicts",
		.handler = conflict_list,
		.roles = TS_ROLE_ANY,
		.cls = TS_CLASS_READ,
		.id = "listConflicts",
		.tag = "evidence",
		.summary = "Signed checkpoints that contradict an accepted one",
		.response = "data: size, sha256 of the refused note, seen"},
	{.method = TS_GET,
		.path = "/v1/streams/{stream}/conflicts/{sha256}",
		.handler = conflict_get,
		.roles = TS_ROLE_ANY,
		.cls = TS_CLASS_READ,
		.produces = "text/plain",
		.id = "getConflict",
		.tag = "evidence",
		.summary = "The proof of a conflict, one file that verifies by itself",
		.response = "tallystick/conflict/v1 (docs/formats/conflict.md)"},
	{.method = TS_GET,
		.path = "/v1/usage/{stream}/{index}/proof",
		.handler = proof_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.id = "proveRecord",
		.tag = "evidence",
		.summary = "One record and what proves it, to be verified offline",
		.response =
			"contract, stream, origin, index, leaf, line, line_base64, stream_proof, "
			"inputs_proof"},
	{.method = TS_GET,
		.path = "/v1/streams/{stream}/lines",
		.handler = line_list,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = line_query,
		.id = "listLines",
		.tag = "evidence",
		.summary = "Lines of a stream that don't count, with the reason",
		.response = "data: index, state, reason"},
	{0},
};
