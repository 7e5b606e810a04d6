/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts: reserve an id, offer terms, collect both signatures, put into force. */
#include "evidence/log.h"
#include "evidence/statement.h"
#include "service/handler.h"
#include "service/route.h"
#include "service/signer_client.h"
#include "service/witness_json.h"
#include "store/log.h"
#include "store/party.h"
#include "store/stream.h"
#include <sodium.h>
#include <string.h>

#define OFFER_US (INT64_C(90) * TS_US_PER_DAY) /* an offer stands for 90 days */

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

static enum ts_err log_vkey(struct ts_app *app, const char *contract, enum ts_log_kind kind,
	char vkey[TS_VKEY_CHARS], struct ts_why *why)
{
	char origin[TS_ORIGIN_MAX + 1];
	struct ts_key key;
	TS_TRY(ts_origin_log(ts_str(app->config->domain), ts_str(contract), kind, origin));
	TS_TRY(ts_signer_make(app->signer, ts_str(origin), &key, why));
	ts_key_format(&key, vkey);
	return TS_OK;
}

static enum ts_err keys_json(
	struct ts_app *app, const char *contract, json_t **out, struct ts_why *why)
{
	char operator_key[TS_VKEY_CHARS], receipt[TS_VKEY_CHARS], inputs[TS_VKEY_CHARS],
		journal[TS_VKEY_CHARS];
	TS_TRY(log_vkey(app, contract, TS_LOG_INPUTS, inputs, why));
	TS_TRY(log_vkey(app, contract, TS_LOG_JOURNAL, journal, why));
	*out = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "contract", contract, "domain",
		app->config->domain, "operator_key",
		ts_key_format(&ts_keyring_operator(app->keyring)->key, operator_key), "receipt_key",
		ts_key_format(&ts_keyring_receipt(app->keyring)->key, receipt), "inputs_log",
		inputs, "journal_log", journal);
	return *out == NULL ? TS_E_NO_MEMORY : TS_OK;
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
	TS_TRY(keys_json(ts_req_app(req), id, &keys, why));
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

struct offer {
	int64_t contract_id;
	struct ts_db_version version;
	const struct ts_terms *terms;
	const char *contract;
	struct ts_buf text;
	int64_t now_us;
};

/* The terms must name this contract, these parties' keys and this service's keys. */
static enum ts_err offer_check(struct ts_request *req, const struct ts_db_contract *contract,
	const struct ts_terms *terms, struct ts_why *why)
{
	struct ts_db *db = ts_req_session(req)->db;
	struct ts_db_party provider, consumer;
	json_t *keys = NULL;
	if (strcmp(terms->contract, contract->public_id) != 0)
		return ts_why(why, TS_E_INVALID, "/contract", "\"%s\" is not this contract",
			terms->contract);
	TS_TRY(ts_db_party_get(db, contract->provider_party, req->region, &provider, why));
	TS_TRY(ts_db_party_get(db, contract->consumer_party, req->region, &consumer, why));
	if (strcmp(terms->provider.statement_key, provider.statement_vkey) != 0 ||
		strcmp(terms->provider.id, provider.slug) != 0)
		return ts_why(why, TS_E_INVALID, "/provider", "is not party %s with its key",
			provider.slug);
	if (strcmp(terms->consumer.statement_key, consumer.statement_vkey) != 0 ||
		strcmp(terms->consumer.id, consumer.slug) != 0)
		return ts_why(why, TS_E_INVALID, "/consumer", "is not party %s with its key",
			consumer.slug);
	TS_TRY(keys_json(ts_req_app(req), contract->public_id, &keys, why));
	const struct {
		const char *name, *value;
	} rows[] = {{"domain", terms->keys.domain}, {"operator_key", terms->keys.operator_key},
		{"receipt_key", terms->keys.receipt_key}, {"inputs_log", terms->keys.inputs_log},
		{"journal_log", terms->keys.journal_log}};
	enum ts_err err = TS_OK;
	for (size_t i = 0; err == TS_OK && i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(json_string_value(json_object_get(keys, rows[i].name)), rows[i].value) !=
			0)
			err = ts_why(why, TS_E_INVALID, "/evidence",
				"%s is \"%s\", this service has another", rows[i].name,
				rows[i].value);
	json_decref(keys);
	return err;
}

static enum ts_err offer_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct offer *o = arg;
	struct ts_db_version *versions = NULL;
	size_t n = 0;
	struct ts_region *region = ts_region_create(64u << 20);
	enum ts_err err = region == NULL ? TS_E_NO_MEMORY
					 : ts_db_version_list(db, o->contract_id, false, region,
						   &versions, &n, why);
	struct ts_contract_statement statement = {
		.contract = ts_str(o->contract),
		.version = o->terms->version,
		.terms = o->version.terms_sha256,
		.from_ms = o->terms->from_us / TS_US_PER_MS,
		.to_ms = o->terms->to_us == INT64_MAX ? TS_OPEN_MS : o->terms->to_us / TS_US_PER_MS,
		.offer_until_ms = (o->now_us + OFFER_US) / TS_US_PER_MS,
	};
	if (err == TS_OK && o->terms->version != 1)
		err = ts_why(why, TS_E_INVALID, "/version",
			"%lld: amendments of a contract in force are not accepted here; only "
			"version 1",
			(long long)o->terms->version);
	for (size_t i = 0; err == TS_OK && i < n; i++)
		if (versions[i].version == o->terms->version) {
			/* The same bytes again: the statement that was offered first. */
			bool same = ts_hash_eq(&versions[i].terms_sha256, &o->version.terms_sha256);
			err = same ? TS_OK
				   : ts_why(why, TS_E_CONFLICT, "/version",
					     "version %lld was offered with other bytes",
					     (long long)o->terms->version);
			ts_buf_reset(&o->text);
			ts_buf_put(&o->text, versions[i].statement.at, versions[i].statement.len);
			ts_region_free(region);
			return err;
		}
	ts_buf_reset(&o->text);
	if (err == TS_OK)
		err = ts_contract_statement_build(&statement, &o->text, why);
	o->version.statement = (struct ts_str){o->text.data, o->text.len};
	o->version.note = o->version.statement;
	ts_sha256(o->text.data, o->text.len, &o->version.statement_sha256);
	if (err == TS_OK)
		err = ts_db_version_offer(db, o->contract_id, &o->version, why);
	ts_region_free(region);
	return err;
}

static enum ts_err contract_offer(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	struct offer o = {.now_us = req->now_us};
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	TS_TRY(ts_terms_parse(req->body.at, req->body.len, req->region, &o.terms, why));
	TS_TRY(offer_check(req, &contract, o.terms, why));
	o.contract_id = contract.contract_id;
	o.contract = contract.public_id;
	o.version = (struct ts_db_version){.version = o.terms->version,
		.terms = req->body,
		.leaf = -1,
		.offered_us = req->now_us};
	ts_sha256(req->body.at, req->body.len, &o.version.terms_sha256);
	ts_buf_init(&o.text, TS_NOTE_BYTES_MAX);
	enum ts_err err = ts_db_tx(ts_req_session(req)->db, &scope, offer_tx, &o, why);
	if (err == TS_OK)
		err = ts_handler_json(res, 201,
			json_pack("{s:s,s:I,s:o,s:s}", "contract", contract.public_id, "version",
				(json_int_t)o.terms->version, "terms_sha256",
				ts_json_hash(&o.version.terms_sha256), "statement",
				ts_buf_str(&o.text)),
			why);
	ts_buf_free(&o.text);
	return err;
}

struct view { /* what the readers of a contract need */
	struct ts_request *req;
	struct ts_db_contract contract;
	struct ts_db_version *versions;
	size_t versions_n;
	struct ts_range inputs, journal;
	struct ts_hash inputs_root, journal_root;
	json_t *witnesses;
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

static json_t *version_json(const struct ts_db_version *version)
{
	struct ts_note note;
	struct ts_why why;
	json_t *signers = json_array();
	if (ts_note_parse(version->note, &note, &why) == TS_OK)
		for (size_t i = 0; i < note.n; i++)
			json_array_append_new(signers, ts_json_str(note.lines[i].name));
	return json_pack("{s:I,s:o,s:o,s:o,s:o,s:o}", "version", (json_int_t)version->version,
		"terms_sha256", ts_json_hash(&version->terms_sha256), "statement_sha256",
		ts_json_hash(&version->statement_sha256), "signed_by", signers, "leaf",
		version->leaf < 0 ? json_null() : json_integer(version->leaf), "offered",
		ts_json_time(version->offered_us));
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
	for (size_t i = 0; i < v.versions_n; i++)
		json_array_append_new(versions, version_json(&v.versions[i]));
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
	TS_TRY(keys_json(ts_req_app(req), v.contract.public_id, &keys, why));
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

/* Signatures: what is valid is merged into the stored note; with both, the version is in force. */
struct signing {
	struct ts_request *req;
	struct ts_hasher *hasher;
	int64_t contract_id, version;
	struct ts_note note;
	struct ts_buf merged;
	bool in_force;
	size_t signers;
};

static enum ts_err merge(
	struct signing *s, const struct ts_terms *terms, struct ts_str stored, struct ts_why *why)
{
	struct ts_key keys[2];
	struct ts_note there;
	struct ts_note_sig now[2], before[2] = {0};
	TS_TRY(ts_key_parse(ts_str(terms->provider.statement_key), &keys[0], why));
	TS_TRY(ts_key_parse(ts_str(terms->consumer.statement_key), &keys[1], why));
	TS_TRY(ts_note_verify(&s->note, keys, 2, now, why));
	bool signed_before = ts_note_parse(stored, &there, why) == TS_OK;
	if (signed_before)
		TS_TRY(ts_note_verify(&there, keys, 2, before, why));
	ts_buf_reset(&s->merged);
	ts_note_begin(s->note.text, &s->merged);
	s->signers = 0;
	for (size_t i = 0; i < 2; i++) {
		struct ts_str line = before[i].valid ? before[i].line : now[i].line;
		if (!before[i].valid && !now[i].valid)
			continue;
		ts_buf_put(&s->merged, line.at, line.len);
		s->signers++;
	}
	return s->merged.err;
}

static enum ts_err enforce(struct ts_db *db, struct signing *s, struct ts_why *why)
{
	struct ts_db_leaf leaf = {
		.kind = TS_LEAF_CONTRACT, .data = {s->merged.data, s->merged.len}};
	int64_t index = -1;
	ts_hash_leaf(s->hasher, leaf.data.at, leaf.data.len, &leaf.hash);
	TS_TRY(ts_db_log_append(db, s->hasher, s->contract_id, TS_DB_LOCK_INPUTS, &leaf, 1,
		s->req->now_us, &index, why));
	TS_TRY(ts_db_version_enforce(db, s->contract_id, s->version, index, why));
	s->in_force = true;
	return ts_db_contract_set_state(db, s->contract_id, TS_DB_CONTRACT_ACTIVE, why);
}

static enum ts_err sign_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct signing *s = arg;
	struct ts_db_version version;
	const struct ts_terms *terms = NULL;
	struct ts_contract_statement statement;
	TS_TRY(ts_db_lock_take(db, s->contract_id, TS_DB_LOCK_SETTLE, why));
	TS_TRY(ts_db_version_get(db, s->contract_id, s->version, s->req->region, &version, why));
	if (!ts_str_eq(version.statement, s->note.text))
		return ts_why(why, TS_E_MISMATCH, "text",
			"the note is not over the offered statement of version %lld",
			(long long)s->version);
	TS_TRY(ts_terms_parse(version.terms.at, version.terms.len, s->req->region, &terms, why));
	TS_TRY(merge(s, terms, version.note, why));
	s->in_force = version.leaf >= 0;
	if (s->in_force)
		return TS_OK;
	TS_TRY(ts_contract_statement_parse(version.statement, &statement, why));
	if (s->req->now_us >= statement.offer_until_ms * TS_US_PER_MS)
		return ts_why(why, TS_E_CONFLICT, "offer-until", "the offer has lapsed");
	TS_TRY(ts_db_version_sign(db, s->contract_id, s->version,
		(struct ts_str){s->merged.data, s->merged.len}, why));
	return s->signers == 2 ? enforce(db, s, why) : TS_OK;
}

static enum ts_err contract_sign(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	struct ts_contract_statement statement;
	struct signing s = {.req = req, .hasher = &ts_req_session(req)->hasher};
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	TS_TRY(ts_note_parse(req->body, &s.note, why));
	TS_TRY(ts_contract_statement_parse(s.note.text, &statement, why));
	if (!ts_str_is(statement.contract, contract.public_id))
		return ts_why(why, TS_E_MISMATCH, "contract", "the note is about another contract");
	s.contract_id = contract.contract_id;
	s.version = statement.version;
	ts_buf_init(&s.merged, TS_NOTE_BYTES_MAX);
	enum ts_err err = ts_db_tx(ts_req_session(req)->db, &scope, sign_tx, &s, why);
	ts_buf_free(&s.merged);
	TS_TRY(err);
	return ts_handler_json(res, 200,
		json_pack("{s:s,s:I,s:s,s:I}", "contract", contract.public_id, "version",
			(json_int_t)s.version, "state",
			s.in_force ? "active" : "waiting for the other party", "signatures",
			(json_int_t)s.signers),
		why);
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
	{.method = TS_PUT,
		.path = "/v1/contracts/{contract}/terms",
		.handler = contract_offer,
		.roles = TS_ROLE_OPERATOR | TS_ROLE_FINANCE,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = TS_TERMS_BYTES_MAX,
		.consumes = "application/json",
		.id = "offerTerms",
		.tag = "contracts",
		.summary = "Offer terms: the exact bytes",
		.request = "terms JSON (docs/formats/terms.md)",
		.response = "version, hash and the statement to sign"},
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
	{.method = TS_POST,
		.path = "/v1/contracts/{contract}/signatures",
		.handler = contract_sign,
		.roles = TS_ROLE_OPERATOR | TS_ROLE_FINANCE,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = 32768,
		.flags = TS_ROUTE_KEY,
		.consumes = "text/plain",
		.id = "signContract",
		.tag = "contracts",
		.summary = "Add a party's signature; with both the version is in force",
		.request = "signed note over the statement",
		.response = "state, signatures"},
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
