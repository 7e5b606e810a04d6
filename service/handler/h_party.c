/* SPDX-License-Identifier: Apache-2.0 */
/* Companies and access tokens. */
#include "evidence/key.h"
#include "service/http/http.h"
#include "service/handler/handler.h"
#include "store/party.h"
#include "store/token.h"
#include "terms/terms.h"
#include <string.h>

struct party_body {
	const char *id, *name, *statement_key, *tax_id, *email, *payment_details;
	const char *trade_name, *vat_id;
	const json_t *address, *registration, *endpoint, *contact, *payment;
};
static const struct ts_json_field party_fields[] = {
	{"id", TS_JSON_STRING, true, offsetof(struct party_body, id), 0, 32},
	{"name", TS_JSON_STRING, true, offsetof(struct party_body, name), 0, 200},
	{"statement_key", TS_JSON_STRING, true, offsetof(struct party_body, statement_key), 0, 400},
	{"tax_id", TS_JSON_STRING, false, offsetof(struct party_body, tax_id), 0, 40},
	{"email", TS_JSON_STRING, false, offsetof(struct party_body, email), 0, 200},
	{"payment_details", TS_JSON_STRING, false, offsetof(struct party_body, payment_details), 0,
		500},
	{"address", TS_JSON_OBJECT, true, offsetof(struct party_body, address), 0, 0},
	{"trade_name", TS_JSON_STRING, false, offsetof(struct party_body, trade_name), 1, 200},
	{"vat_id", TS_JSON_STRING, false, offsetof(struct party_body, vat_id), 1, 22},
	{"registration", TS_JSON_OBJECT, false, offsetof(struct party_body, registration), 0, 0},
	{"endpoint", TS_JSON_OBJECT, false, offsetof(struct party_body, endpoint), 0, 0},
	{"contact", TS_JSON_OBJECT, false, offsetof(struct party_body, contact), 0, 0},
	{"payment", TS_JSON_OBJECT, false, offsetof(struct party_body, payment), 0, 0},
};
struct address_body {
	const char *country, *street, *city, *postal_code, *region;
};
static const struct ts_json_field address_fields[] = {
	{"country", TS_JSON_STRING, true, offsetof(struct address_body, country), 0, 2},
	{"street", TS_JSON_STRING, false, offsetof(struct address_body, street), 0, 200},
	{"city", TS_JSON_STRING, false, offsetof(struct address_body, city), 0, 100},
	{"postal_code", TS_JSON_STRING, false, offsetof(struct address_body, postal_code), 0, 20},
	{"region", TS_JSON_STRING, false, offsetof(struct address_body, region), 0, 100},
};

/* The profile is the canonical JSON of the body: kept as it was given, compared on a repeat. */
static enum ts_err party_decode(
	struct ts_request *req, struct ts_db_party *party, struct ts_why *why)
{
	__attribute__((cleanup(ts_json_cleanup))) json_t *body = NULL;
	struct party_body in = {0};
	struct address_body address = {0};
	struct ts_key key;
	size_t len;
	TS_TRY(ts_json_parse(req->body.at, req->body.len, &body, why));
	if (!json_is_object(body))
		return ts_why(why, TS_E_MALFORMED, "", "the body must be an object");
	TS_TRY(ts_json_decode(body, party_fields, sizeof party_fields / sizeof party_fields[0], &in,
		req->region, "", why));
	TS_TRY(ts_json_decode(in.address, address_fields,
		sizeof address_fields / sizeof address_fields[0], &address, req->region, "/address",
		why));
	struct ts_party invoicing = {.vat_id = in.vat_id};
	const struct ts_party_invoicing parts = {
		in.registration, in.endpoint, in.contact, in.payment};
	TS_TRY(ts_party_invoicing(&parts, req->region, "", &invoicing, why));
	if (strspn(in.id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(in.id))
		return ts_why(why, TS_E_MALFORMED, "/id", "\"%s\": only a-z, 0-9 and -", in.id);
	TS_TRY(ts_key_parse(ts_str(in.statement_key), &key, why));
	TS_TRY(ts_key_acceptable(&key, why));
	const char *slash = strchr(key.name, '/');
	if (key.type != TS_KEY_ED25519 || slash == NULL || strcmp(slash, "/statements") != 0)
		return ts_why(why, TS_E_INVALID, "/statement_key",
			"\"%s\" must be an Ed25519 note key named <domain>/statements", key.name);
	party->slug = in.id;
	party->name = in.name;
	party->domain = ts_region_copy(req->region, key.name, (size_t)(slash - key.name));
	party->statement_vkey = in.statement_key;
	TS_TRY(ts_json_canonical(body, req->region, &party->profile, &len));
	return party->domain == NULL ? TS_E_NO_MEMORY : TS_OK;
}

static json_t *party_json(const struct ts_db_party *party)
{
	return json_loads(party->profile, JSON_REJECT_DUPLICATES, NULL);
}

static enum ts_err party_add(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db *db = ts_req_session(req)->db;
	struct ts_db_party party = {0}, there;
	TS_TRY(party_decode(req, &party, why));
	enum ts_err err = ts_db_party_add(db, &party, &party.party_id, why);
	if (err == TS_OK)
		return ts_handler_json(res, 201, party_json(&party), why);
	if (err != TS_E_CONFLICT)
		return err;
	if (ts_db_party_find(db, party.slug, req->region, &there, why) == TS_OK &&
		strcmp(there.profile, party.profile) == 0)
		return ts_handler_json(res, 200, party_json(&there), why);
	return ts_why(why, TS_E_CONFLICT, "/id",
		"party %s, or its key's domain, exists with other data", party.slug);
}

/* Whose data a principal may read: its own party and those it has a contract with, of its own
 * scope. No party in the token: every company (operator), or those of its contracts. */
struct acquaintance {
	const struct ts_principal *who;
	struct ts_db_contract *contracts;
	size_t n;
};

static enum ts_err acquaintance_load(
	struct ts_request *req, struct acquaintance *a, struct ts_why *why)
{
	struct ts_session *session = ts_req_session(req);
	int64_t after = 0;
	size_t n = 0;
	*a = (struct acquaintance){.who = req->principal};
	if (a->who->role == TS_ROLE_OPERATOR || (a->who->party_id == 0 && a->who->all_contracts))
		return TS_OK;
	do {
		struct ts_db_contract *page = NULL;
		TS_TRY(ts_db_contract_list(session->db, a->who->party_id, after, TS_LIST_LIMIT_MAX,
			req->region, &page, &n, why));
		struct ts_db_contract *all = ts_region_array(
			req->region, a->n + n + 1, sizeof *all);
		if (all == NULL)
			return TS_E_NO_MEMORY;
		if (a->n > 0)
			memcpy(all, a->contracts, a->n * sizeof *all);
		a->contracts = all;
		for (size_t i = 0; i < n; i++)
			if (ts_handler_allowed(a->who, &page[i]))
				all[a->n++] = page[i];
		after = n > 0 ? page[n - 1].contract_id : after;
	} while (n == TS_LIST_LIMIT_MAX);
	return TS_OK;
}

static bool acquainted(const struct acquaintance *a, int64_t party_id)
{
	if (a->who->role == TS_ROLE_OPERATOR || (a->who->party_id == 0 && a->who->all_contracts) ||
		a->who->party_id == party_id)
		return true;
	for (size_t i = 0; i < a->n; i++)
		if (a->contracts[i].provider_party == party_id ||
			a->contracts[i].consumer_party == party_id)
			return true;
	return false;
}

static enum ts_err party_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_party party;
	const char *slug = ts_handler_text(req, ts_request_param(req, "party"));
	struct acquaintance known;
	TS_TRY(acquaintance_load(req, &known, why));
	enum ts_err err = ts_db_party_find(ts_req_session(req)->db, slug, req->region, &party, why);
	if (err == TS_E_NOT_FOUND || (err == TS_OK && !acquainted(&known, party.party_id)))
		return ts_why(why, TS_E_NOT_FOUND, "party", "no such party %s", slug);
	TS_TRY(err);
	return ts_handler_json(res, 200, party_json(&party), why);
}

static enum ts_err party_list(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_party *parties = NULL;
	struct acquaintance known;
	size_t n = 0;
	TS_TRY(acquaintance_load(req, &known, why));
	TS_TRY(ts_db_party_list(ts_req_session(req)->db, req->region, &parties, &n, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < n; i++)
		if (acquainted(&known, parties[i].party_id))
			json_array_append_new(rows, party_json(&parties[i]));
	return ts_handler_json(res, 200, json_pack("{s:o,s:b}", "data", rows, "has_more", 0), why);
}

struct token_body {
	const char *role, *party, *label;
	int64_t expires;
	const json_t *contracts;
};
static const struct ts_json_field token_fields[] = {
	{"role", TS_JSON_STRING, true, offsetof(struct token_body, role), 0, 32},
	{"party", TS_JSON_STRING, false, offsetof(struct token_body, party), 0, 32},
	{"label", TS_JSON_STRING, false, offsetof(struct token_body, label), 0, 100},
	{"expires", TS_JSON_TIME, false, offsetof(struct token_body, expires), 0, 0},
	{"contracts", TS_JSON_ARRAY, false, offsetof(struct token_body, contracts), 0,
		TS_DB_TOKEN_CONTRACTS_MAX},
};

static enum ts_err token_contracts(
	struct ts_request *req, const json_t *list, struct ts_db_token *token, struct ts_why *why)
{
	size_t i;
	json_t *item;
	struct ts_db_contract contract;
	token->all_contracts = list == NULL;
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		if (!json_is_string(item))
			return ts_why(why, TS_E_MALFORMED, "/contracts", "must hold contract ids");
		TS_TRY(ts_db_contract_find(
			ts_req_session(req)->db, json_string_value(item), &contract, why));
		token->contracts[token->contracts_n++] = contract.contract_id;
	}
	return TS_OK;
}

static enum ts_err token_add(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db *db = ts_req_session(req)->db;
	struct token_body in = {0};
	struct ts_db_token token = {.created_us = req->now_us};
	struct ts_db_party party;
	enum ts_role role;
	char text[TS_TOKEN_CHARS + 1];
	/* Held here: the list of contracts borrows from it. */
	__attribute__((cleanup(ts_json_cleanup))) json_t *body = NULL;
	TS_TRY(ts_json_parse(req->body.at, req->body.len, &body, why));
	if (!json_is_object(body))
		return ts_why(why, TS_E_MALFORMED, "", "the body must be an object");
	TS_TRY(ts_json_decode(body, token_fields, sizeof token_fields / sizeof token_fields[0], &in,
		req->region, "", why));
	if (ts_role_parse(ts_str(in.role), &role) != TS_OK)
		return ts_why(why, TS_E_INVALID, "/role",
			"\"%s\" is not agent, provider_finance, consumer_finance, auditor, "
			"operator",
			in.role);
	if (in.expires != 0 && in.expires <= req->now_us)
		return ts_why(why, TS_E_INVALID, "/expires", "is not in the future");
	bool needs_party = role != TS_ROLE_OPERATOR && role != TS_ROLE_AUDITOR;
	if (needs_party && in.party == NULL)
		return ts_why(why, TS_E_MISSING_FIELD, "/party", "role %s needs a party", in.role);
	if (in.party != NULL) {
		TS_TRY(ts_db_party_find(db, in.party, req->region, &party, why));
		token.party_id = party.party_id;
	}
	TS_TRY(token_contracts(req, in.contracts, &token, why));
	token.role = (int32_t)role;
	token.label = in.label;
	token.not_after_us = in.expires;
	ts_token_make(text, token.id, token.hash);
	TS_TRY(ts_db_token_add(db, &token, why));
	return ts_handler_json(res, 201,
		json_pack("{s:s,s:s,s:s,s:s*}", "id", token.id, "token", text, "role", in.role,
			"party", in.party),
		why);
}

static enum ts_err token_list(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_token *tokens = NULL;
	size_t n = 0;
	TS_TRY(ts_db_token_list(ts_req_session(req)->db, req->region, &tokens, &n, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			rows, json_pack("{s:s,s:s,s:s*,s:b,s:o}", "id", tokens[i].id, "role",
				      ts_role_name((enum ts_role)tokens[i].role), "label",
				      tokens[i].label, "revoked", tokens[i].revoked, "created",
				      ts_json_time(tokens[i].created_us)));
	return ts_handler_json(res, 200, json_pack("{s:o,s:b}", "data", rows, "has_more", 0), why);
}

static enum ts_err token_revoke(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	const char *id = ts_handler_text(req, ts_request_param(req, "token"));
	TS_TRY(ts_db_token_revoke(ts_req_session(req)->db, id, why));
	ts_http_forget_tokens(req->http);
	return ts_handler_json(res, 200, json_pack("{s:s,s:b}", "id", id, "revoked", 1), why);
}

const struct ts_route ts_routes_party[] = {
	{.method = TS_POST,
		.path = "/v1/parties",
		.handler = party_add,
		.roles = TS_ROLE_OPERATOR,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = TS_BODY_JSON_MAX,
		.flags = TS_ROUTE_KEY,
		TS_ROUTE_JSON(party_fields),
		.id = "addParty",
		.tag = "parties",
		.summary = "Add a company",
		.request =
			"id, name, statement_key (vkey), address, tax_id, email, payment_details; "
			"trade_name, vat_id, registration, endpoint, contact, payment: as in terms",
		.response = "the party; 200 when it exists with the same data"},
	{.method = TS_GET,
		.path = "/v1/parties",
		.handler = party_list,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.id = "listParties",
		.tag = "parties",
		.summary = "List your company and those you have a contract with",
		.response = "data: parties"},
	{.method = TS_GET,
		.path = "/v1/parties/{party}",
		.handler = party_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.id = "getParty",
		.tag = "parties",
		.summary = "One company",
		.response = "the party"},
	{.method = TS_POST,
		.path = "/v1/tokens",
		.handler = token_add,
		.roles = TS_ROLE_OPERATOR,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = TS_BODY_JSON_MAX,
		.flags = TS_ROUTE_KEY,
		TS_ROUTE_JSON(token_fields),
		.id = "addToken",
		.tag = "tokens",
		.summary = "Make an access token",
		.request = "role, party, contracts, label, expires",
		.response = "the token, shown this once"},
	{.method = TS_GET,
		.path = "/v1/tokens",
		.handler = token_list,
		.roles = TS_ROLE_OPERATOR,
		.cls = TS_CLASS_READ,
		.id = "listTokens",
		.tag = "tokens",
		.summary = "List tokens (never their secrets)",
		.response = "data: tokens"},
	{.method = TS_DELETE,
		.path = "/v1/tokens/{token}",
		.handler = token_revoke,
		.roles = TS_ROLE_OPERATOR,
		.cls = TS_CLASS_WORK,
		.id = "revokeToken",
		.tag = "tokens",
		.summary = "Revoke a token",
		.response = "id, revoked"},
	{0},
};
