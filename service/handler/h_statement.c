/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of the companies: post a signed note, see who has still to sign, read what was said.
 */
#include "service/desk/desk.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "service/publish/checkpoints.h"
#include "service/witness/witnesser.h"
#include "store/batch.h"
#include <string.h>

#define CONTRACT "/v1/contracts/{contract}"

/* A finance token posts what its own company has signed; whose hands carry a note is else of no
 * interest. */
static unsigned must_sign(enum ts_role role)
{
	if (role == TS_ROLE_PROVIDER_FINANCE)
		return 1u << TS_SIDE_PROVIDER;
	return role == TS_ROLE_CONSUMER_FINANCE ? 1u << TS_SIDE_CONSUMER : 0;
}

static const char *state_of(const struct ts_db_statement *row)
{
	if (row->leaf >= 0)
		return "logged";
	return row->refused != NULL ? "refused" : "waiting";
}

static json_t *index_or_null(int64_t index)
{
	return index < 0 ? json_null() : json_integer(index);
}

/* The names on a note that is in the log: they were known keys then. */
static json_t *names_of(struct ts_str bytes)
{
	struct ts_note note;
	struct ts_why none;
	json_t *out = json_array();
	if (ts_note_parse(bytes, &note, &none) == TS_OK)
		for (size_t i = 0; i < note.n; i++)
			json_array_append_new(out, ts_json_str(note.lines[i].name));
	return out;
}

/* Of both companies: who has signed what waits (has_signed), or must still. */
static json_t *signers(
	const struct ts_terms *terms, const struct ts_db_statement *row, bool has_signed)
{
	const char *const vkeys[] = {terms->provider.statement_key, terms->consumer.statement_key};
	struct ts_key keys[2];
	struct ts_note note;
	struct ts_note_sig sigs[2] = {{0}};
	struct ts_why none;
	if (row->leaf >= 0)
		return has_signed ? names_of(row->note) : json_array();
	json_t *out = json_array();
	for (size_t i = 0; i < 2; i++)
		if (ts_key_parse(ts_str(vkeys[i]), &keys[i], &none) != TS_OK)
			return out;
	if (ts_note_parse(row->note, &note, &none) != TS_OK ||
		ts_note_verify(&note, keys, 2, sigs, &none) != TS_OK)
		memset(sigs, 0, sizeof sigs);
	for (size_t i = 0; i < 2; i++) /* only what needs both ever waits */
		if (sigs[i].valid == has_signed)
			json_array_append_new(out, json_string(keys[i].name));
	return out;
}

static json_t *row_json(const struct ts_terms *terms, const struct ts_db_statement *row)
{
	return json_pack("{s:o,s:s,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "sha256",
		ts_json_hash(&row->sha256), "kind", row->kind, "serial",
		row->serial > 0 ? json_integer(row->serial) : json_null(), "state", state_of(row),
		"leaf", index_or_null(row->leaf), "countersigned_leaf",
		index_or_null(row->counter_leaf), "signed_by", signers(terms, row, true),
		"waiting_for", signers(terms, row, false), "refused",
		row->refused != NULL ? json_string(row->refused) : json_null(), "posted",
		ts_json_time(row->posted_us));
}

/* What a company seals, witnesses see at once. The statement stands whatever becomes of this: the
 * settler's next pass signs what is left. */
static void show_seal(struct ts_request *req, const struct ts_desk *desk)
{
	struct ts_app *app = ts_req_app(req);
	struct ts_why none;
	if (ts_checkpoints_sign(app, ts_req_session(req), &desk->contract, req->now_us, &none) ==
		TS_OK)
		ts_witnesser_poke(app->witnesser, desk->contract.contract_id);
}

static enum ts_err statement_post(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_scope scope;
	struct ts_desk_post post = {.must_sign = must_sign(req->principal->role)};
	struct ts_desk *desk = &post.desk;
	TS_TRY(ts_handler_contract(req, res, &desk->contract, &scope, why));
	TS_TRY(ts_note_parse(req->body, &post.note, why));
	TS_TRY(ts_desk_read(&post, why));
	if (!ts_str_is(desk->about, desk->contract.public_id))
		return ts_why(why, TS_E_MISMATCH, "contract", "the note is about another contract");
	desk->hasher = &ts_req_session(req)->hasher;
	desk->region = req->region;
	desk->now_us = req->now_us;
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, ts_desk_tx, &post, why));
	if (post.refusal != TS_OK) {
		*why = post.refused;
		return post.refusal;
	}
	if (desk->kind->format == TS_STATEMENT_PERIOD && post.row.leaf >= 0)
		show_seal(req, desk);
	return ts_handler_json(res, 200, row_json(desk->terms, &post.row), why);
}

/* What the readers want, in one snapshot. */
struct view {
	struct ts_request *req;
	struct ts_desk desk;
	const char *kind; /* list; NULL: any */
	int64_t after;
	int32_t limit;
	struct ts_db_statement *rows;
	size_t n;
	json_t *serials;
};

static enum ts_err view_begin(struct ts_request *req, struct ts_response *res, struct view *v,
	struct ts_db_scope *scope, struct ts_why *why)
{
	*v = (struct view){.req = req};
	v->desk.region = req->region;
	v->desk.hasher = &ts_req_session(req)->hasher;
	v->desk.now_us = req->now_us;
	TS_TRY(ts_handler_contract(req, res, &v->desk.contract, scope, why));
	scope->read_only = true;
	return TS_OK;
}

static enum ts_err list_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	v->desk.db = db;
	TS_TRY(ts_desk_load(&v->desk, why));
	return ts_db_statement_list(db, v->desk.contract.contract_id, v->kind, v->after, v->limit,
		v->req->region, &v->rows, &v->n, why);
}

static enum ts_err statement_list(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v;
	struct ts_db_scope scope;
	const struct ts_query_value *limit = ts_request_query(req, "limit");
	const struct ts_query_value *after = ts_request_query(req, "after");
	const struct ts_query_value *kind = ts_request_query(req, "kind");
	TS_TRY(view_begin(req, res, &v, &scope, why));
	if (kind->text.at != NULL && ts_desk_kind_named(kind->text) == NULL)
		return ts_why(why, TS_E_INVALID, "kind", "\"%.*s\" is no kind of statement",
			(int)kind->text.len, kind->text.at);
	v.kind = ts_handler_text(req, kind->text);
	v.limit = limit->text.at != NULL ? (int32_t)limit->number : TS_LIST_LIMIT_DEFAULT;
	v.after = after->text.at != NULL ? after->number : 0;
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, list_tx, &v, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < v.n; i++)
		json_array_append_new(rows, row_json(v.desk.terms, &v.rows[i]));
	const char *next = v.n == (size_t)v.limit ? ts_region_printf(req->region, "%lld",
							    (long long)v.rows[v.n - 1].statement_id)
						  : NULL;
	return ts_handler_page(req, res, rows, next, why);
}

static enum ts_err get_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	v->desk.db = db;
	v->rows = ts_region_array(v->req->region, 1, sizeof *v->rows);
	if (v->rows == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_desk_load(&v->desk, why));
	return ts_db_statement_get(db, v->desk.contract.contract_id, &v->desk.sha256,
		v->req->region, &v->rows[0], why);
}

static enum ts_err statement_get(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	static const char *const types[] = {"application/json", "text/plain"};
	struct view v;
	struct ts_db_scope scope;
	struct ts_note note;
	size_t type = 0;
	struct ts_str hex = ts_request_param(req, "sha256");
	TS_TRY(ts_request_accepts(req, types, 2, &type, why));
	TS_TRY(view_begin(req, res, &v, &scope, why));
	if (ts_text_unhex(hex, v.desk.sha256.b, TS_HASH_BYTES) != TS_OK)
		return ts_why(why, TS_E_NOT_FOUND, "sha256", "no such statement was posted");
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, get_tx, &v, why));
	const struct ts_db_statement *row = &v.rows[0];
	if (type == 1) {
		res->content_type = "text/plain; charset=utf-8";
		ts_buf_put(&res->body, row->note.at, row->note.len);
		return res->body.err;
	}
	TS_TRY(ts_note_parse(row->note, &note, why));
	json_t *json = row_json(v.desk.terms, row);
	json_object_set_new(json, "text", ts_json_str(note.text));
	json_object_set_new(json, "note", ts_json_str(row->note));
	return ts_handler_json(res, 200, json, why);
}

/* What the author of a statement asks about one stream. */
struct question {
	struct view v;
	const char *stream;
	const struct ts_db_stream *found;
	int64_t since_ms, covered; /* revocation */
	int64_t size; /* root */
	unsigned sides; /* whose lines the asker sees */
	struct ts_hash root;
};

static enum ts_err question_load(struct ts_db *db, struct question *q, struct ts_why *why)
{
	q->v.desk.db = db;
	q->found = NULL;
	TS_TRY(ts_desk_load(&q->v.desk, why));
	for (size_t i = 0; i < q->v.desk.streams_n; i++)
		if (strcmp(q->v.desk.streams[i].key.public_id, q->stream) == 0)
			q->found = &q->v.desk.streams[i];
	return q->found != NULL ? TS_OK
				: ts_why(why, TS_E_NOT_FOUND, "stream", "no stream %s", q->stream);
}

static enum ts_err covered_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct question *q = arg;
	TS_TRY(question_load(db, q, why));
	return ts_desk_covered(&q->v.desk, q->since_ms, &q->covered, why);
}

/* Of lines that it does not see, one learns no root but those that stand in the inputs log: with a
 * root at every size, lines that one expects could be tried one by one. */
static enum ts_err signed_size(struct ts_db *db, struct question *q, struct ts_why *why)
{
	struct ts_db_batch batch;
	enum ts_err err = ts_db_batch_ended(db, q->v.desk.contract.contract_id,
		q->found->key.stream_id, q->size, q->v.desk.region, &batch, why);
	return err != TS_E_NOT_FOUND
		       ? err
		       : ts_why(why, err, "size",
				 "no upload of %s ended at %lld: only its company sees that root",
				 q->found->key.origin, (long long)q->size);
}

static enum ts_err root_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct question *q = arg;
	TS_TRY(question_load(db, q, why));
	if (q->size > q->found->range.size)
		return ts_why(why, TS_E_INVALID, "size", "the stream has %lld lines",
			(long long)q->found->range.size);
	if ((q->sides & 1u << q->found->key.side) == 0 && q->size > 0)
		TS_TRY(signed_size(db, q, why));
	return ts_desk_root(&q->v.desk, q->found, q->size, &q->root, why);
}

static enum ts_err ask(struct ts_request *req, struct ts_response *res, struct question *q,
	ts_db_body body, struct ts_why *why)
{
	struct ts_db *db = ts_req_session(req)->db;
	struct ts_db_contract *contract = &q->v.desk.contract;
	int64_t contract_id = 0, stream_id = 0;
	q->stream = ts_handler_text(req, ts_request_param(req, "stream"));
	if (q->stream == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_db_stream_locate(db, q->stream, &contract_id, &stream_id, why);
	if (err == TS_OK)
		err = ts_db_contract_locate(db, contract_id, contract, why);
	if (err == TS_E_NOT_FOUND ||
		(err == TS_OK && !ts_handler_allowed(req->principal, contract)))
		return ts_why(why, TS_E_NOT_FOUND, "stream", "no stream %s", q->stream);
	TS_TRY(err);
	res->contract_id = contract_id;
	q->sides = ts_handler_sides(req->principal, contract);
	q->v.desk.region = req->region;
	q->v.desk.hasher = &ts_req_session(req)->hasher;
	const struct ts_db_scope scope = {.contracts = &contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.party_id = req->principal->party_id,
		.read_only = true};
	return ts_db_tx(db, &scope, body, q, why);
}

/* What a revocation of this stream's key since an instant must name. */
static enum ts_err revocation_get(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct question q = {.since_ms = ts_request_query(req, "since")->number / TS_US_PER_MS};
	TS_TRY(ask(req, res, &q, covered_tx, why));
	return ts_handler_json(res, 200,
		json_pack("{s:s,s:s,s:s,s:I,s:I,s:o}", "stream", q.stream, "origin",
			q.found->key.origin, "contract", q.v.desk.contract.public_id,
			"compromised_since_ms", (json_int_t)q.since_ms, "covered",
			(json_int_t)q.covered, "revoked_leaf",
			index_or_null(q.found->key.revoked_leaf)),
		why);
}

/* The root of the first lines as they are stored: what a re-attestation names. */
static enum ts_err root_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct question q = {.size = ts_request_query(req, "size")->number};
	TS_TRY(ask(req, res, &q, root_tx, why));
	return ts_handler_json(res, 200,
		json_pack("{s:s,s:s,s:I,s:o}", "stream", q.stream, "origin", q.found->key.origin,
			"size", (json_int_t)q.size, "root", ts_json_hash(&q.root)),
		why);
}

/* The serial that the next event of each kind must have. */
static enum ts_err serials_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	json_object_clear(v->serials);
	for (size_t i = 0; ts_desk_kinds[i] != NULL; i++) {
		int64_t next = 0;
		if (ts_desk_kinds[i]->format != TS_STATEMENT_EVENT)
			continue;
		TS_TRY(ts_db_statement_serial(
			db, v->desk.contract.contract_id, ts_desk_kinds[i]->name, &next, why));
		json_object_set_new(v->serials, ts_desk_kinds[i]->name, json_integer(next));
	}
	return TS_OK;
}

static enum ts_err serials_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v;
	struct ts_db_scope scope;
	TS_TRY(view_begin(req, res, &v, &scope, why));
	v.serials = json_object();
	enum ts_err err = ts_db_tx(ts_req_session(req)->db, &scope, serials_tx, &v, why);
	if (err == TS_OK)
		return ts_handler_json(res, 200, v.serials, why);
	json_decref(v.serials);
	return err;
}

static const struct ts_query_param size_query[] = {
	{"size", TS_QUERY_INT, true, 0, INT64_MAX, "how many lines"}, {0}};
static const struct ts_query_param since_query[] = {
	{"since", TS_QUERY_TIME, true, 0, 0, "the key is not to be trusted from here on"}, {0}};
static const struct ts_query_param list_query[] = {
	{"kind", TS_QUERY_TEXT, false, 0, 0, "only this kind: revoke, reattest, release, ..."},
	{"limit", TS_QUERY_INT, false, 1, TS_LIST_LIMIT_MAX, "rows per page"},
	{"after", TS_QUERY_INT, false, 0, 0, "cursor of the page before"}, {0}};

const struct ts_route ts_routes_statement[] = {
	{.method = TS_POST,
		.path = CONTRACT "/statements",
		.handler = statement_post,
		.roles = TS_ROLE_OPERATOR | TS_ROLE_FINANCE,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = TS_NOTE_BYTES_MAX,
		.flags = TS_ROUTE_KEY,
		.consumes = "text/plain",
		.id = "postStatement",
		.tag = "statements",
		.summary = "Post a party's signed statement, or a further signature; the same note "
			   "again "
			   "answers the same",
		.request = "signed note of a statement (docs/formats/statements.md)",
		.response = "sha256, kind, serial, state, leaf, countersigned_leaf, signed_by, "
			    "waiting_for, refused, posted"},
	{.method = TS_GET,
		.path = CONTRACT "/statements",
		.handler = statement_list,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = list_query,
		.id = "listStatements",
		.tag = "statements",
		.summary = "Statements in order of arrival, waiting and logged",
		.response = "data: statements"},
	{.method = TS_GET,
		.path = CONTRACT "/statements/{sha256}",
		.handler = statement_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.produces = "application/json, text/plain",
		.id = "getPartyStatement",
		.tag = "statements",
		.summary = "One statement by the hash of its text; text/plain is the note",
		.response = "the statement with text and note"},
	{.method = TS_GET,
		.path = "/v1/streams/{stream}/revocation",
		.handler = revocation_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = since_query,
		.id = "getRevocation",
		.tag = "statements",
		.summary = "How far the inputs log is beyond doubt, if a stream's key is not",
		.response =
			"stream, origin, contract, compromised_since_ms, covered, revoked_leaf"},
	{.method = TS_GET,
		.path = "/v1/streams/{stream}/root",
		.handler = root_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = size_query,
		.id = "getStreamRoot",
		.tag = "statements",
		.summary = "Root of the first lines of a stream, from stored bytes",
		.response = "stream, origin, size, root"},
	{.method = TS_GET,
		.path = CONTRACT "/statements/serials",
		.handler = serials_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.id = "getSerials",
		.tag = "statements",
		.summary = "The serial that the next event of each kind must have",
		.response = "release, ...: serial"},
	{0},
};
