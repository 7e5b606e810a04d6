/* SPDX-License-Identifier: Apache-2.0 */
#include "service/handler/handler.h"
#include "evidence/statement.h"
#include "store/ledger_state.h"
#include "store/stream.h"
#include <stdlib.h>
#include <string.h>

#define PERIODS_MAX 2400 /* a century of months and more */

/* The finance roles act for one side: a provider's token means nothing where its party buys. */
static bool on_its_side(const struct ts_principal *who, const struct ts_db_contract *contract)
{
	if (who->party_id == 0)
		return true;
	bool provider = who->party_id == contract->provider_party;
	bool consumer = who->party_id == contract->consumer_party;
	if (who->role == TS_ROLE_PROVIDER_FINANCE)
		return provider;
	if (who->role == TS_ROLE_CONSUMER_FINANCE)
		return consumer;
	return provider || consumer;
}

bool ts_handler_allowed(const struct ts_principal *who, const struct ts_db_contract *contract)
{
	if (!on_its_side(who, contract))
		return false;
	if (who->all_contracts)
		return true;
	for (size_t i = 0; i < who->contracts_n; i++)
		if (who->contracts[i] == contract->contract_id)
			return true;
	return false;
}

unsigned ts_handler_sides(const struct ts_principal *who, const struct ts_db_contract *contract)
{
	bool provider = who->party_id == contract->provider_party &&
			who->party_id != contract->consumer_party;
	return provider || (who->role & (TS_ROLE_PROVIDER_FINANCE | TS_ROLE_OPERATOR)) != 0
		       ? TS_DB_SIDE_PROVIDER
		       : TS_DB_SIDES_BOTH;
}

bool ts_handler_sees_account(const struct ts_principal *who, enum ts_account account)
{
	if (who->role != TS_ROLE_PROVIDER_FINANCE ||
		ts_account_defs[account].book == TS_BOOK_PROVIDER)
		return true;
	for (size_t i = 0; i < TS_EQUALITIES_N; i++)
		for (size_t k = 0; k < 2; k++)
			if (ts_equalities[i].b[k] == account)
				return true;
	return false;
}

enum ts_err ts_handler_contract(struct ts_request *req, struct ts_response *res,
	struct ts_db_contract *out, struct ts_db_scope *scope, struct ts_why *why)
{
	const char *id = ts_handler_text(req, ts_request_param(req, "contract"));
	if (id == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_db_contract_find(ts_req_session(req)->db, id, out, why);
	if (err == TS_E_NOT_FOUND || (err == TS_OK && !ts_handler_allowed(req->principal, out)))
		return ts_why(why, TS_E_NOT_FOUND, "contract", "no contract %s", id);
	TS_TRY(err);
	res->contract_id = out->contract_id;
	*scope = (struct ts_db_scope){
		.contracts = &out->contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.party_id = req->principal->party_id,
	};
	return TS_OK;
}

enum ts_err ts_handler_stream(struct ts_request *req, struct ts_response *res,
	struct ts_db_contract *out, struct ts_db_scope *scope, const char **stream,
	int64_t *stream_id, struct ts_why *why)
{
	struct ts_db *db = ts_req_session(req)->db;
	int64_t contract_id = 0;
	const char *id = ts_handler_text(req, ts_request_param(req, "stream"));
	if (id == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_db_stream_locate(db, id, &contract_id, stream_id, why);
	if (err == TS_OK)
		err = ts_db_contract_locate(db, contract_id, out, why);
	if (err == TS_E_NOT_FOUND || (err == TS_OK && !ts_handler_allowed(req->principal, out)))
		return ts_why(why, TS_E_NOT_FOUND, "stream", "no stream %s", id);
	TS_TRY(err);
	res->contract_id = contract_id;
	*scope = (struct ts_db_scope){.contracts = &out->contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.party_id = req->principal->party_id};
	*stream = id;
	return TS_OK;
}

enum ts_err ts_handler_terms(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	const struct ts_terms ***terms, size_t *n, struct ts_why *why)
{
	struct ts_db_version *versions = NULL;
	TS_TRY(ts_db_version_list(db, contract_id, true, region, &versions, n, why));
	if (*n == 0)
		return ts_why(why, TS_E_CONFLICT, "contract",
			"no version is in force: both parties must sign first");
	*terms = ts_region_array(region, *n, sizeof **terms);
	if (*terms == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < *n; i++)
		TS_TRY(ts_terms_parse(
			versions[i].terms.at, versions[i].terms.len, region, &(*terms)[i], why));
	return TS_OK;
}

enum ts_err ts_handler_version(int64_t leaf, struct ts_str statement_text, struct ts_str terms,
	struct ts_region *region, struct ts_ledger_version *out, struct ts_why *why)
{
	struct ts_contract_statement statement;
	TS_TRY(ts_contract_statement_parse(statement_text, &statement, why));
	out->leaf = leaf;
	out->from_us = statement.from_ms * TS_US_PER_MS;
	out->to_us = statement.to_ms == TS_OPEN_MS ? INT64_MAX : statement.to_ms * TS_US_PER_MS;
	return ts_terms_parse(terms.at, terms.len, region, &out->terms, why);
}

enum ts_err ts_handler_versions(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_ledger_version **versions, size_t *n, struct ts_why *why)
{
	struct ts_db_version *rows = NULL;
	TS_TRY(ts_db_version_list(db, contract_id, true, region, &rows, n, why));
	if (*n == 0)
		return ts_why(why, TS_E_CONFLICT, "contract",
			"no version is in force: both parties must sign first");
	*versions = ts_region_array(region, *n, sizeof **versions);
	if (*versions == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < *n; i++)
		TS_TRY(ts_handler_version(rows[i].leaf, rows[i].statement, rows[i].terms, region,
			&(*versions)[i], why));
	return TS_OK;
}

enum ts_err ts_handler_calendar(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_ledger **out, struct ts_why *why)
{
	struct ts_ledger_version *versions = NULL;
	struct ts_ledger_head head;
	struct ts_why none;
	size_t n = 0;
	TS_TRY(ts_handler_versions(db, contract_id, region, &versions, &n, why));
	TS_TRY(ts_ledger_create(region, versions, n, out));
	enum ts_err err = ts_db_ledger_head(db, contract_id, &head, &none);
	if (err == TS_E_NOT_FOUND)
		return TS_OK;
	if (err != TS_OK)
		return ts_why(why, err, none.where, "%s", none.text);
	ts_ledger_load_head(*out, &head);
	return TS_OK;
}

enum ts_err ts_handler_period(const struct ts_ledger *ledger, struct ts_str text,
	struct ts_period *out, struct ts_why *why)
{
	char name[TS_TIME_CHARS];
	int64_t index = 0;
	if (text.len <= 4 && ts_text_u63(text, &index) == TS_OK &&
		ts_ledger_period_get(ledger, (int32_t)index, out) == TS_OK)
		return TS_OK;
	for (int32_t i = 0; i < PERIODS_MAX && ts_ledger_period_get(ledger, i, out) == TS_OK; i++)
		if (ts_str_is(text, ts_period_name(out, name)))
			return TS_OK;
	return ts_why(why, TS_E_NOT_FOUND, "period", "the contract has no period %.*s",
		(int)text.len, text.at);
}

enum ts_err ts_handler_body(const struct ts_request *req, const struct ts_json_field *fields,
	size_t n, void *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_json_cleanup))) json_t *body = NULL;
	TS_TRY(ts_json_parse(req->body.at, req->body.len, &body, why));
	if (!json_is_object(body))
		return ts_why(why, TS_E_MALFORMED, "", "the body must be an object");
	return ts_json_decode(body, fields, n, out, req->region, "", why);
}

enum ts_err ts_handler_json(struct ts_response *res, int status, json_t *value, struct ts_why *why)
{
	if (value == NULL)
		return TS_E_NO_MEMORY;
	char *text = json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(value);
	if (text == NULL)
		return TS_E_NO_MEMORY;
	ts_buf_puts(&res->body, text);
	free(text);
	ts_buf_putc(&res->body, '\n');
	res->status = status;
	return res->body.err == TS_OK ? TS_OK
				      : ts_why(why, res->body.err, "", "the answer is too large");
}

enum ts_err ts_handler_next(struct ts_request *req, struct ts_response *res, const char *after)
{
	struct ts_str rest = req->target;
	struct ts_str path = ts_str_cut(&rest, '?');
	const char *link = ts_region_printf(req->region, "<%.*s?", (int)path.len, path.at);
	while (link != NULL && rest.at != NULL) {
		struct ts_str part = ts_str_cut(&rest, '&');
		if (part.len > 0 && (part.len < 6 || memcmp(part.at, "after=", 6) != 0))
			link = ts_region_printf(
				req->region, "%s%.*s&", link, (int)part.len, part.at);
	}
	if (link != NULL)
		link = ts_region_printf(req->region, "%safter=%s>; rel=\"next\"", link, after);
	return link == NULL ? TS_E_NO_MEMORY : ts_response_header(res, "Link", link);
}

enum ts_err ts_handler_page(struct ts_request *req, struct ts_response *res, json_t *rows,
	const char *after, struct ts_why *why)
{
	enum ts_err err = after == NULL ? TS_OK : ts_handler_next(req, res, after);
	if (err != TS_OK) {
		json_decref(rows);
		return err;
	}
	return ts_handler_json(res, 200,
		json_pack(
			"{s:o,s:b,s:s*}", "data", rows, "has_more", after != NULL, "after", after),
		why);
}

const char *ts_handler_text(const struct ts_request *req, struct ts_str text)
{
	return text.at == NULL ? NULL : ts_region_copy(req->region, text.at, text.len);
}

enum ts_err ts_handler_data(struct ts_region *region, json_t *value, const char **out)
{
	char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(value);
	if (text == NULL)
		return TS_E_NO_MEMORY;
	*out = ts_region_copy(region, text, strlen(text));
	free(text);
	return *out == NULL ? TS_E_NO_MEMORY : TS_OK;
}

json_t *ts_json_hash(const struct ts_hash *hash)
{
	char hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(hash->b, TS_HASH_BYTES, hex);
	return json_string(hex);
}

json_t *ts_json_conflict(const struct ts_db_conflict *conflict)
{
	return json_pack("{s:I,s:o,s:o}", "size", (json_int_t)conflict->size, "sha256",
		ts_json_hash(&conflict->sha256), "seen", ts_json_time(conflict->seen_us));
}

json_t *ts_json_i128(ts_i128 v)
{
	char text[TS_I128_CHARS];
	return json_string(ts_i128_format(v, text));
}

json_t *ts_json_money(int64_t minor, const struct ts_currency *currency)
{
	char text[TS_DECIMAL_CHARS];
	return json_string(ts_money_format(minor, currency, text));
}

json_t *ts_json_time(int64_t us)
{
	char text[TS_TIME_CHARS];
	return json_string(ts_time_format(us, text));
}

json_t *ts_json_day(int32_t day)
{
	char text[TS_TIME_CHARS];
	return json_string(ts_date_format(day, text));
}

json_t *ts_json_str(struct ts_str text)
{
	return json_stringn(text.at != NULL ? text.at : "", text.len);
}
