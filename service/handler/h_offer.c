/* SPDX-License-Identifier: Apache-2.0 */
/* Offers of a contract's terms: made, answered by a counter-proposal, withdrawn, signed, and with
 * both signatures in force. Of each version one offer stands; version n + 1 is an amendment of the
 * version in force. */
#include "evidence/log.h"
#include "evidence/statement.h"
#include "service/contract/contract_keys.h"
#include "service/contract/zone_table.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "store/log.h"
#include "store/party.h"
#include "terms/amendment.h"
#include <string.h>

#define OFFER_US (INT64_C(90) * TS_US_PER_DAY) /* an offer stands for 90 days */
#define VERSIONS_BYTES_MAX (256u << 20)

struct offer {
	struct ts_request *req;
	int64_t contract_id;
	struct ts_db_version version;
	const struct ts_terms *terms;
	const char *contract;
	struct ts_buf text;
	int64_t from_us, to_us, until_us; /* to_us INT64_MAX: open */
};

/* The terms must name this contract, these parties and this service's keys. The statement keys of
 * version 1 are those that the parties are registered with. */
static enum ts_err check_party(const struct ts_db_party *party, const struct ts_party *named,
	int64_t version, const char *pointer, struct ts_why *why)
{
	bool key = version > 1 || strcmp(named->statement_key, party->statement_vkey) == 0;
	if (!key || strcmp(named->id, party->slug) != 0)
		return ts_why(
			why, TS_E_INVALID, pointer, "is not party %s with its key", party->slug);
	return TS_OK;
}

static enum ts_err check_service_keys(struct ts_request *req, const struct ts_db_contract *contract,
	const struct ts_terms *terms, struct ts_why *why)
{
	json_t *keys = NULL;
	TS_TRY(ts_contract_keys_json(ts_req_app(req), contract->public_id, &keys, why));
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

static enum ts_err offer_check(struct ts_request *req, const struct ts_db_contract *contract,
	const struct ts_terms *terms, struct ts_why *why)
{
	struct ts_db *db = ts_req_session(req)->db;
	struct ts_db_party provider, consumer;
	if (strcmp(terms->contract, contract->public_id) != 0)
		return ts_why(why, TS_E_INVALID, "/contract", "\"%s\" is not this contract",
			terms->contract);
	TS_TRY(ts_db_party_get(db, contract->provider_party, req->region, &provider, why));
	TS_TRY(ts_db_party_get(db, contract->consumer_party, req->region, &consumer, why));
	TS_TRY(check_party(&provider, &terms->provider, terms->version, "/provider", why));
	TS_TRY(check_party(&consumer, &terms->consumer, terms->version, "/consumer", why));
	return check_service_keys(req, contract, terms, why);
}

/* The newest version in force; NULL: none. */
static const struct ts_db_version *in_force(const struct ts_db_version *versions, size_t n)
{
	const struct ts_db_version *newest = NULL;
	for (size_t i = 0; i < n; i++)
		newest = versions[i].leaf >= 0 ? &versions[i] : newest;
	return newest;
}

static enum ts_err check_version(const struct offer *o, const struct ts_db_version *before,
	struct ts_region *region, struct ts_why *why)
{
	const struct ts_terms *terms = NULL;
	if (before == NULL) {
		if (o->terms->version != 1)
			return ts_why(why, TS_E_INVALID, "/version",
				"%lld: no version is in force, the first is 1",
				(long long)o->terms->version);
		if (o->from_us != o->terms->from_us || o->to_us != o->terms->to_us)
			return ts_why(why, TS_E_INVALID, "effective",
				"version 1 is effective for its whole term");
		return TS_OK;
	}
	if (o->terms->version <= before->version)
		return ts_why(why, TS_E_CONFLICT, "/version",
			"version %lld is in force: what was signed is changed by version %lld",
			(long long)o->terms->version, (long long)before->version + 1);
	TS_TRY(ts_terms_parse(before->terms.at, before->terms.len, region, &terms, why));
	return ts_amendment_check(terms, o->terms, o->from_us, o->to_us, why);
}

/* Whether the standing offer says the same: then it stays, with its signatures. */
static bool says_the_same(const struct offer *o, const struct ts_db_version *standing)
{
	struct ts_contract_statement s;
	struct ts_why none;
	const struct ts_query_value *until = ts_request_query(o->req, "offer_until");
	if (!ts_hash_eq(&standing->terms_sha256, &o->version.terms_sha256) ||
		ts_contract_statement_parse(standing->statement, &s, &none) != TS_OK)
		return false;
	int64_t to_ms = o->to_us == INT64_MAX ? TS_OPEN_MS : o->to_us / TS_US_PER_MS;
	return s.from_ms == o->from_us / TS_US_PER_MS && s.to_ms == to_ms &&
	       (until->text.at == NULL || s.offer_until_ms == o->until_us / TS_US_PER_MS) &&
	       o->req->now_us < s.offer_until_ms * TS_US_PER_MS;
}

static enum ts_err build_statement(
	struct offer *o, const struct ts_db_version *before, struct ts_why *why)
{
	struct ts_contract_statement statement = {
		.contract = ts_str(o->contract),
		.version = o->terms->version,
		.has_previous = before != NULL,
		.terms = o->version.terms_sha256,
		.from_ms = o->from_us / TS_US_PER_MS,
		.to_ms = o->to_us == INT64_MAX ? TS_OPEN_MS : o->to_us / TS_US_PER_MS,
		.offer_until_ms = o->until_us / TS_US_PER_MS,
	};
	if (before != NULL)
		statement.previous = before->statement_sha256;
	ts_buf_reset(&o->text);
	TS_TRY(ts_contract_statement_build(&statement, &o->text, why));
	o->version.statement = (struct ts_str){o->text.data, o->text.len};
	o->version.note = o->version.statement;
	ts_sha256(o->text.data, o->text.len, &o->version.statement_sha256);
	return TS_OK;
}

static enum ts_err place(
	struct ts_db *db, struct offer *o, struct ts_region *region, struct ts_why *why)
{
	struct ts_db_version *versions = NULL;
	size_t n = 0;
	TS_TRY(ts_db_version_list(db, o->contract_id, false, region, &versions, &n, why));
	for (size_t i = 0; i < n; i++) {
		if (versions[i].version != o->terms->version || !says_the_same(o, &versions[i]))
			continue;
		ts_buf_reset(&o->text);
		ts_buf_put(&o->text, versions[i].statement.at, versions[i].statement.len);
		return o->text.err;
	}
	const struct ts_db_version *before = in_force(versions, n);
	TS_TRY(check_version(o, before, region, why));
	for (size_t i = 0; i < n; i++)
		if (versions[i].leaf < 0) /* answered by this one */
			TS_TRY(ts_db_version_withdraw(
				db, o->contract_id, versions[i].version, o->req->now_us, why));
	TS_TRY(build_statement(o, before, why));
	return ts_db_version_offer(db, o->contract_id, &o->version, why);
}

static enum ts_err offer_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct offer *o = arg;
	TS_TRY(ts_db_lock_take(db, o->contract_id, TS_DB_LOCK_SETTLE, why));
	struct ts_region *region = ts_region_create(VERSIONS_BYTES_MAX);
	enum ts_err err = region == NULL ? TS_E_NO_MEMORY : place(db, o, region, why);
	ts_region_free(region);
	return err;
}

/* When the offer would be effective and until when it stands: the query, else the whole term and 90
 * days. */
static enum ts_err read_times(struct offer *o, struct ts_why *why)
{
	const struct ts_query_value *from = ts_request_query(o->req, "effective_from");
	const struct ts_query_value *to = ts_request_query(o->req, "effective_to");
	const struct ts_query_value *until = ts_request_query(o->req, "offer_until");
	if (o->terms->version > 1 && from->text.at == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "effective_from",
			"an amendment says from when it is effective");
	o->from_us = from->text.at != NULL ? from->number : o->terms->from_us;
	o->to_us = to->text.at != NULL ? to->number : o->terms->to_us;
	o->until_us = until->text.at != NULL ? until->number : o->req->now_us + OFFER_US;
	if (o->until_us <= o->req->now_us)
		return ts_why(why, TS_E_INVALID, "offer_until", "is over");
	return TS_OK;
}

static enum ts_err contract_offer(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	struct offer o = {.req = req};
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	TS_TRY(ts_terms_parse(req->body.at, req->body.len, req->region, &o.terms, why));
	TS_TRY(ts_zone_check(req->body.at, req->body.len, why));
	TS_TRY(read_times(&o, why));
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

struct withdrawal {
	int64_t contract_id, version, now_us;
};

static enum ts_err withdraw_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	const struct withdrawal *w = arg;
	TS_TRY(ts_db_lock_take(db, w->contract_id, TS_DB_LOCK_SETTLE, why));
	return ts_db_version_withdraw(db, w->contract_id, w->version, w->now_us, why);
}

static enum ts_err contract_withdraw(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	struct withdrawal w = {
		contract.contract_id, ts_request_query(req, "version")->number, req->now_us};
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, withdraw_tx, &w, why));
	return ts_handler_json(res, 200,
		json_pack("{s:s,s:I,s:s}", "contract", contract.public_id, "version",
			(json_int_t)w.version, "state", "withdrawn"),
		why);
}

/* Signatures: what is valid is merged into the stored note; with all of them the version is in
 * force. An amendment is signed under the keys in force; who changes its key signs with both. */
#define SIGNERS_MAX 4

struct signing {
	struct ts_request *req;
	struct ts_hasher *hasher;
	int64_t contract_id, version;
	struct ts_note note;
	struct ts_buf merged;
	bool in_force;
	size_t signers, needed;
};

static enum ts_err signers_of(const struct ts_terms *terms, const struct ts_terms *before,
	struct ts_key keys[SIGNERS_MAX], size_t *n, struct ts_why *why)
{
	const char *const vkeys[SIGNERS_MAX] = {
		before != NULL ? before->provider.statement_key : terms->provider.statement_key,
		before != NULL ? before->consumer.statement_key : terms->consumer.statement_key,
		terms->provider.statement_key, terms->consumer.statement_key};
	*n = 0;
	for (size_t i = 0; i < SIGNERS_MAX; i++)
		if (i < 2 || strcmp(vkeys[i], vkeys[i - 2]) != 0)
			TS_TRY(ts_key_parse(ts_str(vkeys[i]), &keys[(*n)++], why));
	return TS_OK;
}

static enum ts_err merge(struct signing *s, const struct ts_terms *terms,
	const struct ts_terms *in_force_now, struct ts_str stored, struct ts_why *why)
{
	struct ts_key keys[SIGNERS_MAX];
	struct ts_note there;
	struct ts_note_sig now[SIGNERS_MAX], before[SIGNERS_MAX] = {0};
	TS_TRY(signers_of(terms, in_force_now, keys, &s->needed, why));
	TS_TRY(ts_note_verify(&s->note, keys, s->needed, now, why));
	bool signed_before = ts_note_parse(stored, &there, why) == TS_OK;
	if (signed_before)
		TS_TRY(ts_note_verify(&there, keys, s->needed, before, why));
	ts_buf_reset(&s->merged);
	ts_note_begin(s->note.text, &s->merged);
	s->signers = 0;
	for (size_t i = 0; i < s->needed; i++) {
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

/* The terms that the version amends, as they are in force; NULL for version 1. */
static enum ts_err amended(
	struct ts_db *db, const struct signing *s, const struct ts_terms **out, struct ts_why *why)
{
	struct ts_db_version before;
	*out = NULL;
	if (s->version == 1)
		return TS_OK;
	TS_TRY(ts_db_version_get(db, s->contract_id, s->version - 1, s->req->region, &before, why));
	if (before.leaf < 0)
		return ts_why(why, TS_E_CONFLICT, "version", "version %lld is not in force",
			(long long)before.version);
	return ts_terms_parse(before.terms.at, before.terms.len, s->req->region, out, why);
}

static enum ts_err sign_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct signing *s = arg;
	struct ts_db_version version;
	const struct ts_terms *terms = NULL, *before = NULL;
	struct ts_contract_statement statement;
	TS_TRY(ts_db_lock_take(db, s->contract_id, TS_DB_LOCK_SETTLE, why));
	TS_TRY(ts_db_version_get(db, s->contract_id, s->version, s->req->region, &version, why));
	if (!ts_str_eq(version.statement, s->note.text))
		return ts_why(why, TS_E_MISMATCH, "text",
			"the note is not over the offered statement of version %lld",
			(long long)s->version);
	TS_TRY(ts_terms_parse(version.terms.at, version.terms.len, s->req->region, &terms, why));
	TS_TRY(amended(db, s, &before, why));
	TS_TRY(merge(s, terms, before, version.note, why));
	s->in_force = version.leaf >= 0;
	if (s->in_force)
		return TS_OK;
	TS_TRY(ts_contract_statement_parse(version.statement, &statement, why));
	if (s->req->now_us >= statement.offer_until_ms * TS_US_PER_MS)
		return ts_why(why, TS_E_CONFLICT, "offer-until", "the offer has lapsed");
	TS_TRY(ts_db_version_sign(db, s->contract_id, s->version,
		(struct ts_str){s->merged.data, s->merged.len}, why));
	return s->signers == s->needed ? enforce(db, s, why) : TS_OK;
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

static const struct ts_query_param offer_query[] = {
	{"effective_from", TS_QUERY_TIME, false, 0, 0,
		"on the quarter-hour grid; an amendment must say it"},
	{"effective_to", TS_QUERY_TIME, false, 0, 0, "default: the end of the term"},
	{"offer_until", TS_QUERY_TIME, false, 0, 0, "default: in 90 days"}, {0}};
static const struct ts_query_param version_query[] = {
	{"version", TS_QUERY_INT, true, 1, INT32_MAX, "of the offer"}, {0}};

const struct ts_route ts_routes_offer[] = {
	{.method = TS_PUT,
		.path = "/v1/contracts/{contract}/terms",
		.handler = contract_offer,
		.roles = TS_ROLE_OPERATOR | TS_ROLE_FINANCE,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = TS_TERMS_BYTES_MAX,
		.query = offer_query,
		.consumes = "application/json",
		.id = "offerTerms",
		.tag = "contracts",
		.summary = "Offer terms: the exact bytes; withdraws the offer before",
		.request = "terms JSON (docs/formats/terms.md)",
		.response = "version, hash and the statement to sign"},
	{.method = TS_DELETE,
		.path = "/v1/contracts/{contract}/terms",
		.handler = contract_withdraw,
		.roles = TS_ROLE_OPERATOR | TS_ROLE_FINANCE,
		.cls = TS_CLASS_WORK,
		.query = version_query,
		.id = "withdrawTerms",
		.tag = "contracts",
		.summary = "Withdraw the standing offer of a version not in force",
		.response = "version, state"},
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
		.summary = "Add a party's signature; with all of them the version is in force",
		.request = "signed note over the statement",
		.response = "state, signatures"},
	{0},
};
