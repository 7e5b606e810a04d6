/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: enrol an agent's key, look at what it has delivered; appends are in append.c. */
#include "base/limits.h"
#include "evidence/log.h"
#include "evidence/statement.h"
#include "service/settle/append.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "store/ledger_state.h"
#include "store/log.h"
#include "store/outbox.h"
#include "store/stream.h"
#include <string.h>

#define SIDE_BYTES_MAX ((size_t)24 << 20) /* of its streams in memory; both fit in a request's */

struct enrolment {
	struct ts_request *req;
	struct ts_hasher *hasher;
	struct ts_db_contract contract;
	struct ts_note note;
	struct ts_key_statement statement;
	char stream[TS_STREAM_ID_CHARS + 1];
	struct ts_buf signed_text; /* the statement with exactly the lines that count */
	const struct ts_db_stream *before; /* the generation before; NULL: none */
	bool repeated;
	int64_t size;
};

/* Signed by the new key, the company of its side, and the key that it replaces, unless that one was
 * revoked: it may be lost, and its word is worth nothing. Other lines on the note are not kept. */
static enum ts_err check_signatures(
	struct enrolment *e, const struct ts_terms *terms, struct ts_why *why)
{
	struct ts_key keys[3] = {e->statement.key};
	struct ts_note_sig sigs[3] = {{0}};
	size_t n = 2;
	const struct ts_party *party = e->statement.side == TS_SIDE_PROVIDER ? &terms->provider
									     : &terms->consumer;
	TS_TRY(ts_key_parse(ts_str(party->statement_key), &keys[1], why));
	if (e->before != NULL && e->before->key.revoked_leaf < 0)
		TS_TRY(ts_key_parse(ts_str(e->before->key.vkey), &keys[n++], why));
	TS_TRY(ts_note_verify(&e->note, keys, n, sigs, why));
	ts_buf_reset(&e->signed_text);
	ts_note_begin(e->note.text, &e->signed_text);
	for (size_t i = 0; i < n; i++) {
		if (!sigs[i].valid)
			return ts_why(
				why, TS_E_SIGNATURE, "note", "%s has not signed", keys[i].name);
		ts_buf_put(&e->signed_text, sigs[i].line.at, sigs[i].line.len);
	}
	return e->signed_text.err;
}

/* A later generation begins where the one before stopped, and that one stops for good. */
static enum ts_err check_before(
	struct enrolment *e, const struct ts_db_stream *streams, size_t n, struct ts_why *why)
{
	const struct ts_key_statement *s = &e->statement;
	char origin[TS_ORIGIN_MAX + 1];
	struct ts_origin parts = s->origin_parts;
	e->before = NULL;
	if (!s->has_previous)
		return TS_OK;
	parts.generation--;
	TS_TRY(ts_origin_format(&parts, origin));
	for (size_t i = 0; i < n; i++)
		if (strcmp(streams[i].key.origin, origin) == 0)
			e->before = &streams[i];
	if (e->before == NULL || !ts_str_is(s->previous.origin, origin))
		return ts_why(why, TS_E_INVALID, "previous",
			"%s is not the enrolled generation before", origin);
	if (e->before->range.size != s->previous.size ||
		!ts_hash_eq(&e->before->root, &s->previous.root))
		return ts_why(why, TS_E_CONFLICT, "previous",
			"%s ends at size %lld with another root or size than the statement says",
			origin, (long long)e->before->range.size);
	if (e->before->key.side != (int16_t)s->side)
		return ts_why(why, TS_E_INVALID, "side", "%s is of the other side", origin);
	return TS_OK;
}

/* A quarantined stream takes no appends and owns its scope until it is revoked or replaced. */
static bool owns_scope(const struct ts_db_stream *stream)
{
	return stream->state != TS_DB_STREAM_CLOSED && stream->key.revoked_leaf < 0 &&
	       stream->key.closed_leaf < 0;
}

static struct ts_scope scope_of(const struct ts_db_enrolment *key)
{
	return (struct ts_scope){ts_str(key->clusters), ts_str(key->resources), ts_str(key->skus)};
}

/* What reading all streams of a contract takes, which enrolments, statements and settle do: a side
 * has its part of it, so that it can't enrol until the other side can do nothing. */
static enum ts_err check_room(
	const struct enrolment *e, const struct ts_db_stream *streams, size_t n, struct ts_why *why)
{
	size_t bytes = sizeof *streams + 2 * e->note.text.len, count = 0;
	for (size_t i = 0; i < n; i++) {
		if (streams[i].key.side != (int16_t)e->statement.side)
			continue;
		bytes += sizeof *streams + 2 * streams[i].key.note.len;
		count++;
	}
	return bytes <= SIDE_BYTES_MAX
		       ? TS_OK
		       : ts_why(why, TS_E_CONFLICT, "side",
				 "%zu streams of the %s are enrolled: there is no room for more",
				 count, ts_side_name(e->statement.side));
}

/* One hour of one device can't be asserted by two live provider streams. */
static enum ts_err check_scope(
	const struct enrolment *e, const struct ts_db_stream *streams, size_t n, struct ts_why *why)
{
	const struct ts_key_statement *s = &e->statement;
	if (s->side != TS_SIDE_PROVIDER)
		return TS_OK;
	for (size_t i = 0; i < n; i++) {
		const struct ts_db_enrolment *key = &streams[i].key;
		const struct ts_scope scope = scope_of(key);
		if (key->side != TS_SIDE_PROVIDER || !owns_scope(&streams[i]) ||
			&streams[i] == e->before || s->active_from_ms >= key->active_to_ms ||
			key->active_from_ms >= s->active_to_ms)
			continue;
		if (!ts_scope_disjoint(&s->scope, &scope))
			return ts_why(why, TS_E_CONFLICT, "scope", "overlaps the scope of %s",
				key->origin);
	}
	return TS_OK;
}

/* Where the stream takes over what an earlier one asserted: not in a period that is cut, and not
 * before what the earlier one has closed. */
static enum ts_err check_handover(const struct enrolment *e, int64_t from_ms,
	const struct ts_db_stream *older, int64_t cut_ms, struct ts_why *why)
{
	const char *name = from_ms == e->statement.from_ms ? "from_ms" : "active";
	if (from_ms < cut_ms)
		return ts_why(why, TS_E_CONFLICT, name,
			"takes over from %s in a period that is cut, before %lld",
			older->key.origin, (long long)cut_ms);
	if (from_ms < older->key.active_from_ms)
		return ts_why(why, TS_E_CONFLICT, name,
			"begins before %s, whose scope it takes over", older->key.origin);
	if (from_ms < older->closed_ms)
		return ts_why(why, TS_E_CONFLICT, name,
			"takes over from %s before %lld, up to where it has closed its windows",
			older->key.origin, (long long)older->closed_ms);
	return TS_OK;
}

/* The end of the last cut period; 0: none. */
static enum ts_err cut_until(
	struct ts_db *db, const struct enrolment *e, int64_t *out, struct ts_why *why)
{
	struct ts_ledger *calendar = NULL;
	struct ts_period_row *rows = NULL;
	size_t n = 0;
	*out = 0;
	TS_TRY(ts_handler_calendar(db, e->contract.contract_id, e->req->region, &calendar, why));
	TS_TRY(ts_db_period_list(db, e->contract.contract_id, e->req->region, &rows, &n, why));
	for (size_t i = 0; i < n; i++) {
		struct ts_period period;
		if (!rows[i].cut)
			continue;
		TS_TRY(ts_ledger_period_get(calendar, rows[i].index, &period));
		if (period.from_us >= ts_ledger_end(calendar))
			continue; /* one of those that follow the term: nothing is charged in it */
		if (period.to_us / TS_US_PER_MS > *out)
			*out = period.to_us / TS_US_PER_MS;
	}
	return TS_OK;
}

static enum ts_err check_handovers(struct ts_db *db, const struct enrolment *e,
	const struct ts_db_stream *streams, size_t n, struct ts_why *why)
{
	const struct ts_key_statement *s = &e->statement;
	int64_t cut_ms = 0;
	if (s->side != TS_SIDE_PROVIDER)
		return TS_OK;
	TS_TRY(cut_until(db, e, &cut_ms, why));
	for (size_t i = 0; i < n; i++) {
		const struct ts_db_enrolment *key = &streams[i].key;
		const struct ts_scope scope = scope_of(key);
		struct ts_origin its;
		if (key->side != TS_SIDE_PROVIDER)
			continue;
		TS_TRY(ts_origin_parse(ts_str(key->origin), &its, why));
		/* As the judge takes it: what generations of one agent hand over, at from_ms. */
		bool agent = ts_origin_same_agent(&s->origin_parts, &its);
		if (agent || !ts_scope_disjoint(&s->scope, &scope))
			TS_TRY(check_handover(e, agent ? s->from_ms : s->active_from_ms,
				&streams[i], cut_ms, why));
	}
	return TS_OK;
}

static enum ts_err check_statement(
	const struct enrolment *e, const struct ts_terms *terms, struct ts_why *why)
{
	const struct ts_key_statement *s = &e->statement;
	TS_TRY(ts_key_acceptable(&s->key, why));
	if (!ts_str_is(s->origin_parts.domain, terms->keys.domain))
		return ts_why(why, TS_E_INVALID, "origin", "does not begin with \"%s/\"",
			terms->keys.domain);
	if (!ts_str_is(s->origin_parts.contract, e->contract.public_id))
		return ts_why(why, TS_E_INVALID, "origin", "names another contract");
	if (!s->has_previous && s->origin_parts.generation != 1)
		return ts_why(why, TS_E_INVALID, "origin", "a first generation is g1");
	return TS_OK;
}

static const struct ts_db_stream *stream_named(
	const struct ts_db_stream *streams, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(streams[i].key.public_id, id) == 0)
			return &streams[i];
	return NULL;
}

static enum ts_err replace(struct ts_db *db, struct enrolment *e, int64_t leaf, struct ts_why *why)
{
	const char *data = NULL;
	TS_TRY(ts_db_stream_close(
		db, e->contract.contract_id, e->before->key.stream_id, leaf, why));
	TS_TRY(ts_handler_data(e->req->region,
		json_pack("{s:s,s:s,s:s,s:I,s:s}", "contract", e->contract.public_id, "stream",
			e->before->key.public_id, "origin", e->before->key.origin, "leaf",
			(json_int_t)leaf, "replaced_by", e->stream),
		&data));
	return ts_db_outbox_add(
		db, e->contract.contract_id, TS_DB_EVENT_KEY_REVOKED, e->req->now_us, data, why);
}

static enum ts_err store(struct ts_db *db, struct enrolment *e, struct ts_why *why)
{
	struct ts_request *req = e->req;
	const struct ts_key_statement *s = &e->statement;
	char vkey[TS_VKEY_CHARS];
	struct ts_db_leaf leaf = {
		.kind = TS_LEAF_KEY, .data = {e->signed_text.data, e->signed_text.len}};
	struct ts_db_enrolment key = {.public_id = e->stream,
		.origin = ts_handler_text(req, s->origin),
		.vkey = ts_key_format(&s->key, vkey),
		.side = (int16_t)s->side,
		.note = leaf.data,
		.from_ms = s->from_ms,
		.window_ms = s->window_ms,
		.active_from_ms = s->active_from_ms,
		.active_to_ms = s->active_to_ms,
		.clusters = ts_handler_text(req, s->scope.clusters),
		.resources = ts_handler_text(req, s->scope.resources),
		.skus = ts_handler_text(req, s->scope.skus),
		.enrolled_us = req->now_us};
	if (!key.origin || !key.clusters || !key.resources || !key.skus)
		return TS_E_NO_MEMORY;
	memcpy(key.public_key, s->key.public, sizeof key.public_key);
	ts_hash_leaf(e->hasher, leaf.data.at, leaf.data.len, &leaf.hash);
	TS_TRY(ts_db_log_append(db, e->hasher, e->contract.contract_id, TS_DB_LOCK_INPUTS, &leaf, 1,
		req->now_us, &key.leaf, why));
	if (e->before != NULL && e->before->key.revoked_leaf < 0)
		TS_TRY(replace(db, e, key.leaf, why));
	else if (e->before != NULL)
		TS_TRY(ts_db_stream_close(
			db, e->contract.contract_id, e->before->key.stream_id, key.leaf, why));
	enum ts_err err = ts_db_stream_enrol(
		db, e->contract.contract_id, &key, &key.stream_id, why);
	return err != TS_E_CONFLICT ? err : ts_why(why, err, "key", "this key is enrolled already");
}

/* Under the log's lock, which a commit of appends takes too: sizes and scopes stand still. */
static enum ts_err enrol_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct enrolment *e = arg;
	const struct ts_terms **terms = NULL;
	struct ts_db_stream *streams = NULL;
	size_t terms_n = 0, n = 0;
	int64_t id = e->contract.contract_id;
	TS_TRY(ts_db_lock_take(db, id, TS_DB_LOCK_INPUTS, why));
	TS_TRY(ts_db_contract_get(db, id, &e->contract, why));
	TS_TRY(ts_handler_terms(db, id, e->req->region, &terms, &terms_n, why));
	TS_TRY(ts_db_stream_list(db, id, e->req->region, &streams, &n, why));
	const struct ts_db_stream *there = stream_named(streams, n, e->stream);
	e->repeated = there != NULL;
	if (there != NULL) {
		struct ts_note stored;
		TS_TRY(ts_note_parse(there->key.note, &stored, why));
		e->size = there->range.size;
		return ts_str_eq(stored.text, e->note.text)
			       ? TS_OK
			       : ts_why(why, TS_E_CONFLICT, "origin",
					 "is enrolled with another statement");
	}
	if (e->contract.state != TS_DB_CONTRACT_ACTIVE)
		return ts_why(why, TS_E_CONFLICT, "contract", "the contract is not active");
	TS_TRY(check_statement(e, terms[terms_n - 1], why));
	TS_TRY(check_before(e, streams, n, why));
	TS_TRY(check_signatures(e, terms[terms_n - 1], why));
	TS_TRY(check_room(e, streams, n, why));
	TS_TRY(check_scope(e, streams, n, why));
	TS_TRY(check_handovers(db, e, streams, n, why));
	return store(db, e, why);
}

static enum ts_err find_contract(
	struct ts_request *req, const char *id, struct ts_db_contract *out, struct ts_why *why)
{
	if (id == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_db_contract_find(ts_req_session(req)->db, id, out, why);
	if (err == TS_E_NOT_FOUND || (err == TS_OK && !ts_handler_allowed(req->principal, out)))
		return ts_why(why, TS_E_NOT_FOUND, "contract", "no contract %s", id);
	return err;
}

static enum ts_err in_contract(struct ts_request *req, const struct ts_db_contract *contract,
	bool read_only, ts_db_body body, void *arg, struct ts_why *why)
{
	const struct ts_db_scope scope = {.contracts = &contract->contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.party_id = req->principal->party_id,
		.read_only = read_only};
	return ts_db_tx(ts_req_session(req)->db, &scope, body, arg, why);
}

static enum ts_err stream_enrol(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct enrolment e = {.req = req, .hasher = &ts_req_session(req)->hasher};
	char receipt[TS_VKEY_CHARS];
	TS_TRY(ts_note_parse(req->body, &e.note, why));
	TS_TRY(ts_key_statement_parse(e.note.text, &e.statement, why));
	TS_TRY(find_contract(req, ts_handler_text(req, e.statement.contract), &e.contract, why));
	res->contract_id = e.contract.contract_id;
	ts_stream_id(e.statement.origin, e.stream);
	ts_buf_init(&e.signed_text, TS_LEAF_BYTES_MAX);
	enum ts_err err = in_contract(req, &e.contract, false, enrol_tx, &e, why);
	ts_buf_free(&e.signed_text);
	TS_TRY(err);
	const struct ts_secret *key = ts_keyring_receipt(ts_req_app(req)->keyring);
	return ts_handler_json(res, e.repeated ? 200 : 201,
		json_pack("{s:s,s:o,s:s,s:s,s:I,s:s}", "stream", e.stream, "origin",
			ts_json_str(e.statement.origin), "contract", e.contract.public_id, "side",
			ts_side_name(e.statement.side), "size", (json_int_t)e.size, "receipt_key",
			ts_key_format(&key->key, receipt)),
		why);
}

struct view {
	struct ts_request *req;
	struct ts_db_contract contract;
	struct ts_db_stream *streams;
	size_t n;
	int64_t stream_id; /* one: its conflicts too; 0: all */
	struct ts_db_conflict *conflicts; /* of the one */
	size_t conflicts_n;
};

static enum ts_err view_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	int64_t id = v->contract.contract_id;
	if (v->stream_id != 0)
		TS_TRY(ts_db_conflict_list(
			db, id, v->stream_id, v->req->region, &v->conflicts, &v->conflicts_n, why));
	return ts_db_stream_list(db, id, v->req->region, &v->streams, &v->n, why);
}

static json_t *stream_json(const struct view *v, const struct ts_db_stream *stream)
{
	static const char *const states[] = {"live", "quarantined", "closed"};
	bool revoked = stream->key.revoked_leaf >= 0, closed = stream->key.closed_leaf >= 0;
	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:o,s:s,s:o,s:I,s:o,s:o}", "stream",
		stream->key.public_id, "origin", stream->key.origin, "contract",
		v->contract.public_id, "side", ts_side_name((enum ts_side)stream->key.side), "size",
		(json_int_t)stream->range.size, "root", ts_json_hash(&stream->root), "state",
		revoked && stream->state == TS_DB_STREAM_LIVE  ? "revoked"
		: closed && stream->state == TS_DB_STREAM_LIVE ? "closed"
							       : states[stream->state],
		"last_append",
		stream->appended_us == 0 ? json_null() : ts_json_time(stream->appended_us), "leaf",
		(json_int_t)stream->key.leaf, "revoked_leaf",
		revoked ? json_integer(stream->key.revoked_leaf) : json_null(), "closed_leaf",
		closed ? json_integer(stream->key.closed_leaf) : json_null());
}

static enum ts_err stream_list(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.req = req};
	const struct ts_query_value *contract = ts_request_query(req, "contract");
	TS_TRY(find_contract(req, ts_handler_text(req, contract->text), &v.contract, why));
	res->contract_id = v.contract.contract_id;
	TS_TRY(in_contract(req, &v.contract, true, view_tx, &v, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < v.n; i++)
		json_array_append_new(rows, stream_json(&v, &v.streams[i]));
	return ts_handler_page(req, res, rows, NULL, why);
}

static enum ts_err find_stream(struct ts_request *req, struct ts_response *res, struct view *v,
	const struct ts_db_stream **out, struct ts_why *why)
{
	struct ts_db_scope scope;
	const char *id = NULL;
	TS_TRY(ts_handler_stream(req, res, &v->contract, &scope, &id, &v->stream_id, why));
	TS_TRY(in_contract(req, &v->contract, true, view_tx, v, why));
	*out = stream_named(v->streams, v->n, id);
	return *out != NULL ? TS_OK : ts_why(why, TS_E_NOT_FOUND, "stream", "no stream %s", id);
}

static enum ts_err stream_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.req = req};
	const struct ts_db_stream *stream = NULL;
	TS_TRY(find_stream(req, res, &v, &stream, why));
	TS_ASSERT(stream != NULL); /* found */
	json_t *json = stream_json(&v, stream), *conflicts = json_array();
	for (size_t i = 0; i < v.conflicts_n; i++)
		json_array_append_new(conflicts, ts_json_conflict(&v.conflicts[i]));
	json_object_set_new(json, "conflicts", conflicts);
	json_object_set_new(json, "closed_to_ms",
		stream->closed_ms == 0 ? json_null() : json_integer(stream->closed_ms));
	return ts_handler_json(res, 200, json, why);
}

/* What the stream may assert, as its company signed it. */
static enum ts_err stream_enrolment(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.req = req};
	const struct ts_db_stream *stream = NULL;
	TS_TRY(find_stream(req, res, &v, &stream, why));
	res->content_type = "text/plain; charset=utf-8";
	ts_buf_put(&res->body, stream->key.note.at, stream->key.note.len);
	return res->body.err;
}

static const struct ts_query_param list_query[] = {
	{"contract", TS_QUERY_TEXT, true, 0, 0, "whose streams: contract id"}, {0}};

const struct ts_route ts_routes_stream[] = {
	{.method = TS_POST,
		.path = "/v1/streams",
		.handler = stream_enrol,
		.roles = TS_ROLE_OPERATOR | TS_ROLE_FINANCE | TS_ROLE_AGENT,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = TS_NOTE_BYTES_MAX,
		.flags = TS_ROUTE_KEY,
		.consumes = "text/plain",
		.id = "enrolStream",
		.tag = "streams",
		.summary = "Enrol an agent's key and its stream; the same note again is 200",
		.request = "tallystick/key/v1 note, signed by the agent's key and its company's",
		.response = "stream, origin, contract, side, size, receipt_key"},
	{.method = TS_GET,
		.path = "/v1/streams",
		.handler = stream_list,
		.roles = TS_ROLE_ANY,
		.cls = TS_CLASS_READ,
		.query = list_query,
		.id = "listStreams",
		.tag = "streams",
		.summary = "Streams of a contract",
		.response = "data: streams"},
	{.method = TS_GET,
		.path = "/v1/streams/{stream}",
		.handler = stream_get,
		.roles = TS_ROLE_ANY,
		.cls = TS_CLASS_READ,
		.id = "getStream",
		.tag = "streams",
		.summary = "Size, root and state of a stream",
		.response = "stream, origin, contract, side, size, root, state, last_append, leaf, "
			    "revoked_leaf, closed_leaf, closed_to_ms, conflicts"},
	{.method = TS_GET,
		.path = "/v1/streams/{stream}/enrolment",
		.handler = stream_enrolment,
		.roles = TS_ROLE_ANY,
		.cls = TS_CLASS_READ,
		.produces = "text/plain",
		.id = "getEnrolment",
		.tag = "streams",
		.summary = "The key statement that enrolled a stream",
		.response = "tallystick/key/v1 note"},
	{.method = TS_POST,
		.path = "/v1/streams/{stream}/append",
		.prepare = ts_append_prepare,
		.batch = ts_append_batch,
		.roles = TS_ROLE_AGENT,
		.cls = TS_CLASS_INGEST,
		.body_bytes_max = TS_APPEND_BODY_BYTES_MAX,
		.produces = "text/plain",
		.id = "append",
		.tag = "streams",
		.summary = "Append lines under a signed checkpoint; a repeat is always safe",
		.request = "append/v1 body (docs/formats/append.md)",
		.response = "the receipt: a cosignature line; 409 with the size (text/x.tlog.size) "
			    "when "
			    "old is not the stream's size"},
	{0},
};
