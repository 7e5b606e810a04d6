/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts: reserve an id, list, show; h_offer.c has offers and signatures. */
#include "evidence/log.h"
#include "evidence/statement.h"
#include "service/contract/contract_keys.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "service/witness/witness_json.h"
#include "store/log.h"
#include "store/party.h"
#include "store/stream.h"
#include <sodium.h>
#include <string.h>

struct reserve_body {
	const char *provider, *consumer;
};
static const struct ts_json_field reserve_fields[] = {
	{"provider", TS_JSON_STRING, true, offsetof(struct reserve_body, provider), 0, 32},
	{"consumer", TS_JSON_STRING, true, offsetof(struct reserve_body, consumer), 0, 32},
};
struct reserve {
	const char *public_id;
	int64_t provider, consumer, contract_id;
};

static enum ts_err reserve_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct reserve *r = arg;
	return ts_db_contract_add(db, r->public_id, r->provider, r->consumer, &r->contract_id, why);
}

static enum ts_err contract_reserve(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db *db = ts_req_session(req)->db;
	struct reserve_body in = {0};
	struct ts_db_party provider, consumer;
	char id[33];
	uint8_t random[16];
	json_t *keys = NULL;
	TS_TRY(ts_handler_body(req, reserve_fields, 2, &in, why));
	TS_TRY(ts_db_party_find(db, in.provider, req->region, &provider, why));
	TS_TRY(ts_db_party_find(db, in.consumer, req->region, &consumer, why));
	if (provider.party_id == consumer.party_id)
		return ts_why(why, TS_E_INVALID, "/consumer", "the two parties must differ");
	if (req->principal->role == TS_ROLE_PROVIDER_FINANCE &&
		req->principal->party_id != provider.party_id)
		return ts_why(why, TS_E_FORBIDDEN, "/provider",
			"\"%s\" is not the company of this token", in.provider);
	randombytes_buf(random, sizeof random);
	ts_text_hex(random, sizeof random, id);
	TS_TRY(ts_contract_keys_json(ts_req_app(req), id, &keys, why));
	struct reserve r = {id, provider.party_id, consumer.party_id, 0};
	struct ts_db_scope scope = {
		.sides = TS_DB_SIDES_BOTH, .party_id = req->principal->party_id};
	enum ts_err err = ts_db_tx(db, &scope, reserve_tx, &r, why);
	if (err != TS_OK) {
		json_decref(keys);
		return err;
	}
	res->contract_id = r.contract_id;
	return ts_handler_json(res, 201, keys, why);
}

struct view { /* what the readers of a contract need */
	struct ts_request *req;
	struct ts_db_contract contract;
	struct ts_db_version *versions;
	size_t versions_n;
	struct ts_range inputs, journal;
	struct ts_hash inputs_root, journal_root;
	json_t *witnesses;
	struct ts_db_version *history; /* with the offers that were withdrawn */
	size_t history_n;
	struct ts_db_stream *streams;
	size_t streams_n;
};

static enum ts_err view_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	int64_t id = v->contract.contract_id;
	TS_TRY(ts_db_contract_get(db, id, &v->contract, why));
	TS_TRY(ts_db_version_list(
		db, id, false, v->req->region, &v->versions, &v->versions_n, why));
	TS_TRY(ts_db_log_head(db, id, TS_DB_LOCK_INPUTS, &v->inputs, &v->inputs_root, why));
	TS_TRY(ts_db_log_head(db, id, TS_DB_LOCK_JOURNAL, &v->journal, &v->journal_root, why));
	return ts_db_stream_list(db, id, v->req->region, &v->streams, &v->streams_n, why);
}

/* And how far the witnesses of the newest version in force are. */
static enum ts_err witnesses_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	const struct ts_db_version *newest = NULL;
	const struct ts_terms *terms = NULL;
	TS_TRY(view_tx(db, arg, why));
	TS_TRY(ts_db_version_history(
		db, v->contract.contract_id, v->req->region, &v->history, &v->history_n, why));
	for (size_t i = 0; i < v->versions_n; i++)
		newest = v->versions[i].leaf >= 0 ? &v->versions[i] : newest;
	json_decref(v->witnesses); /* of an attempt before this one */
	v->witnesses = NULL;
	if (newest == NULL)
		return TS_OK;
	TS_TRY(ts_terms_parse(newest->terms.at, newest->terms.len, v->req->region, &terms, why));
	return ts_witness_json(db, ts_req_app(v->req), v->contract.contract_id, &terms->keys,
		v->req->region, &v->witnesses, why);
}

static enum ts_err view_load(struct ts_request *req, struct ts_response *res, ts_db_body body,
	struct view *v, struct ts_why *why)
{
	struct ts_db_scope scope;
	*v = (struct view){.req = req};
	TS_TRY(ts_handler_contract(req, res, &v->contract, &scope, why));
	scope.read_only = true;
	return ts_db_tx(ts_req_session(req)->db, &scope, body, v, why);
}

static const char *const state_names[] = {"offered", "active", "ended"};

/* What has become of an offer. */
static const char *offer_state(
	const struct ts_db_version *version, size_t signers, int64_t offer_until_ms, int64_t now_us)
{
	if (version->leaf >= 0)
		return "active";
	if (version->withdrawn_us != INT64_MIN)
		return "withdrawn";
	if (now_us >= offer_until_ms * TS_US_PER_MS)
		return "lapsed";
	return signers > 0 ? "signed" : "offered";
}

static json_t *time_or_null(int64_t us, int64_t none)
{
	return us == none ? json_null() : ts_json_time(us);
}

static json_t *ms_or_null(int64_t ms)
{
	return ms == TS_OPEN_MS ? json_null() : ts_json_time(ms * TS_US_PER_MS);
}

static enum ts_err version_json(
	const struct ts_db_version *version, int64_t now_us, json_t *rows, struct ts_why *why)
{
	struct ts_note note;
	struct ts_why none;
	struct ts_contract_statement s;
	TS_TRY(ts_contract_statement_parse(version->statement, &s, why));
	json_t *signers = json_array();
	if (ts_note_parse(version->note, &note, &none) == TS_OK)
		for (size_t i = 0; i < note.n; i++)
			json_array_append_new(signers, ts_json_str(note.lines[i].name));
	const char *state = offer_state(
		version, json_array_size(signers), s.offer_until_ms, now_us);
	json_t *row = json_pack("{s:I,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "version",
		(json_int_t)version->version, "state", state, "terms_sha256",
		ts_json_hash(&version->terms_sha256), "statement_sha256",
		ts_json_hash(&version->statement_sha256), "signed_by", signers, "leaf",
		version->leaf < 0 ? json_null() : json_integer(version->leaf), "offered",
		ts_json_time(version->offered_us), "effective_from", ms_or_null(s.from_ms),
		"effective_to", ms_or_null(s.to_ms), "offer_until", ms_or_null(s.offer_until_ms),
		"withdrawn", time_or_null(version->withdrawn_us, INT64_MIN));
	return json_array_append_new(rows, row) == 0 ? TS_OK : TS_E_NO_MEMORY;
}

static json_t *log_json(const struct ts_range *range, const struct ts_hash *root)
{
	return json_pack("{s:I,s:o}", "size", (json_int_t)range->size, "root", ts_json_hash(root));
}

/* What both companies must look at. */
static json_t *alerts_json(const struct view *v)
{
	json_t *alerts = json_array();
	for (size_t i = 0; i < v->streams_n; i++)
		if (v->streams[i].state == TS_DB_STREAM_QUARANTINED)
			json_array_append_new(
				alerts, json_pack("{s:s,s:s,s:s}", "type", "stream.quarantined",
						"stream", v->streams[i].key.public_id, "origin",
						v->streams[i].key.origin));
	return alerts;
}

static enum ts_err contract_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v;
	enum ts_err err = view_load(req, res, witnesses_tx, &v, why);
	if (err != TS_OK) {
		json_decref(v.witnesses);
		return err;
	}
	json_t *versions = json_array();
	for (size_t i = 0; err == TS_OK && i < v.history_n; i++)
		err = version_json(&v.history[i], req->now_us, versions, why);
	if (err != TS_OK) {
		json_decref(versions);
		json_decref(v.witnesses);
		return err;
	}
	return ts_handler_json(res, 200,
		json_pack("{s:s,s:s,s:o,s:{s:o,s:o},s:o*,s:I,s:o}", "contract",
			v.contract.public_id, "state", state_names[v.contract.state], "versions",
			versions, "logs", "inputs", log_json(&v.inputs, &v.inputs_root), "journal",
			log_json(&v.journal, &v.journal_root), "witnessing", v.witnesses, "streams",
			(json_int_t)v.streams_n, "alerts", alerts_json(&v)),
		why);
}

static json_t *index_or_null(int64_t index)
{
	return index < 0 ? json_null() : json_integer(index);
}

static enum ts_err contract_keys(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v;
	json_t *keys = NULL;
	TS_TRY(view_load(req, res, view_tx, &v, why));
	TS_TRY(ts_contract_keys_json(ts_req_app(req), v.contract.public_id, &keys, why));
	json_t *agents = json_array();
	for (size_t i = 0; i < v.streams_n; i++)
		json_array_append_new(
			agents, json_pack("{s:s,s:s,s:s,s:I,s:o,s:o}", "stream",
					v.streams[i].key.public_id, "vkey", v.streams[i].key.vkey,
					"side", ts_side_name((enum ts_side)v.streams[i].key.side),
					"leaf", (json_int_t)v.streams[i].key.leaf, "revoked_leaf",
					index_or_null(v.streams[i].key.revoked_leaf), "closed_leaf",
					index_or_null(v.streams[i].key.closed_leaf)));
	json_object_set_new(keys, "agents", agents);
	return ts_handler_json(res, 200, keys, why);
}

static enum ts_err contract_list(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	const struct ts_query_value *limit = ts_request_query(req, "limit");
	const struct ts_query_value *after = ts_request_query(req, "after");
	int32_t max = limit->text.at != NULL ? (int32_t)limit->number : TS_LIST_LIMIT_DEFAULT;
	struct ts_db_contract *contracts = NULL;
	size_t n = 0;
	TS_TRY(ts_db_contract_list(ts_req_session(req)->db, req->principal->party_id,
		after->text.at != NULL ? after->number : 0, max, req->region, &contracts, &n, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < n; i++)
		if (ts_handler_allowed(req->principal, &contracts[i]))
			json_array_append_new(
				rows, json_pack("{s:s}", "contract", contracts[i].public_id));
	const char *next = n == (size_t)max ? ts_region_printf(req->region, "%lld",
						      (long long)contracts[n - 1].contract_id)
					    : NULL;
	return ts_handler_page(req, res, rows, next, why);
}

static enum ts_err version_of(struct ts_request *req, const struct view *v,
	const struct ts_db_version **out, struct ts_why *why)
{
	const struct ts_query_value *version = ts_request_query(req, "version");
	for (size_t i = 0; i < v->versions_n; i++)
		if (version->text.at == NULL ? i + 1 == v->versions_n
					     : v->versions[i].version == version->number) {
			*out = &v->versions[i];
			return TS_OK;
		}
	return ts_why(why, TS_E_NOT_FOUND, "version", "no such version was offered");
}

static enum ts_err contract_terms(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v;
	const struct ts_db_version *version;
	TS_TRY(view_load(req, res, view_tx, &v, why));
	TS_TRY(version_of(req, &v, &version, why));
	ts_buf_put(&res->body, version->terms.at, version->terms.len);
	return res->body.err;
}

static enum ts_err contract_statement(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v;
	const struct ts_db_version *version;
	TS_TRY(view_load(req, res, view_tx, &v, why));
	TS_TRY(version_of(req, &v, &version, why));
	res->content_type = "text/plain; charset=utf-8";
	ts_buf_put(&res->body, version->statement.at, version->statement.len);
	return res->body.err;
}

static const struct ts_query_param page_query[] = {
	{"limit", TS_QUERY_INT, false, 1, TS_LIST_LIMIT_MAX, "rows per page"},
	{"after", TS_QUERY_INT, false, 0, 0, "cursor of the page before"}, {0}};
static const struct ts_query_param version_query[] = {
	{"version", TS_QUERY_INT, false, 1, INT32_MAX, "default: the newest"}, {0}};

const struct ts_route ts_routes_contract[] = {
	{.method = TS_POST,
		.path = "/v1/contracts",
		.handler = contract_reserve,
		.roles = TS_ROLE_OPERATOR | TS_ROLE_PROVIDER_FINANCE,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = TS_BODY_JSON_MAX,
		.flags = TS_ROUTE_KEY,
		TS_ROUTE_JSON(reserve_fields),
		.id = "reserveContract",
		.tag = "contracts",
		.summary = "Reserve a contract id and make its log keys",
		.request = "provider, consumer: party ids",
		.response = "contract id and the vkeys that the terms must name"},
	{.method = TS_GET,
		.path = "/v1/contracts",
		.handler = contract_list,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = page_query,
		.id = "listContracts",
		.tag = "contracts",
		.summary = "List contracts",
		.response = "data: contract ids"},
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}",
		.handler = contract_get,
		.roles = TS_ROLE_ANY,
		.cls = TS_CLASS_READ,
		.id = "getContract",
		.tag = "contracts",
		.summary = "State, versions and logs of a contract",
		.response = "the contract"},
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/terms",
		.handler = contract_terms,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = version_query,
		.id = "getTerms",
		.tag = "contracts",
		.summary = "The exact bytes of the terms",
		.response = "terms JSON"},
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/statement",
		.handler = contract_statement,
		.roles = TS_ROLE_ANY,
		.cls = TS_CLASS_READ,
		.query = version_query,
		.produces = "text/plain",
		.id = "getStatement",
		.tag = "contracts",
		.summary = "The statement that both parties sign",
		.response = "tallystick/contract/v1 text"},
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/keys",
		.handler = contract_keys,
		.roles = TS_ROLE_ANY,
		.cls = TS_CLASS_READ,
		.id = "listKeys",
		.tag = "contracts",
		.summary = "Keys of the service and of every enrolled agent",
		.response = "vkeys with the leaf that enrolled them"},
	{0},
};
