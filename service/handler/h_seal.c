/* SPDX-License-Identifier: Apache-2.0 */
/* States at cuts and what was sealed over them. Sealing itself is a statement (desk_period.c). */
#include "evidence/statement.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "service/publish/timestamp.h"
#include "store/ledger_state.h"
#include "store/seal.h"
#include <string.h>

#define STATE_REGION_BYTES_MAX ((size_t)1100 << 20)
#define BOOKS 2

/* One period of a contract and its seals. */
struct view {
	struct ts_request *req;
	struct ts_region *region;
	struct ts_db_contract contract;
	const struct ts_terms *terms;
	struct ts_period period;
	bool want_text;
	int64_t cut;
	struct ts_hash state;
	struct ts_str text;
	const struct ts_db_seal *seals[BOOKS]; /* through the period's last day; NULL: not sealed */
	/* a time-stamp to be kept */
	struct ts_str der;
	enum ts_book book;
	struct ts_timestamp stamp;
	struct ts_db_seal_token *tokens;
	size_t tokens_n;
};

static enum ts_err load(struct ts_db *db, struct view *v, struct ts_why *why)
{
	const struct ts_terms **terms = NULL;
	struct ts_ledger *calendar = NULL;
	struct ts_db_seal *seals = NULL;
	size_t terms_n = 0, n = 0;
	int64_t id = v->contract.contract_id;
	TS_TRY(ts_handler_terms(db, id, v->region, &terms, &terms_n, why));
	TS_TRY(ts_handler_calendar(db, id, v->region, &calendar, why));
	TS_TRY(ts_handler_period(calendar, ts_request_param(v->req, "period"), &v->period, why));
	v->terms = terms[terms_n - 1];
	TS_TRY(ts_db_state_get(db, id, v->period.index, v->region, &v->cut, &v->state,
		v->want_text ? &v->text : NULL, why));
	TS_TRY(ts_db_seal_list(db, id, v->region, &seals, &n, why));
	for (size_t i = 0; i < n; i++)
		if (seals[i].through == v->period.end_day - 1)
			v->seals[seals[i].book] = &seals[i];
	return TS_OK;
}

static enum ts_err view_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	return load(db, arg, why);
}

/* Seals are of both companies, whoever asks: their statements stand in the common log. */
static enum ts_err view_run(struct ts_request *req, struct ts_response *res, struct view *v,
	ts_db_body body, bool read_only, struct ts_why *why)
{
	struct ts_db_scope scope;
	v->req = req;
	if (v->region == NULL)
		v->region = req->region;
	TS_TRY(ts_handler_contract(req, res, &v->contract, &scope, why));
	scope.sides = TS_DB_SIDES_BOTH;
	scope.read_only = read_only;
	return ts_db_tx(ts_req_session(req)->db, &scope, body, v, why);
}

static enum ts_err state_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.want_text = true, .region = ts_region_create(STATE_REGION_BYTES_MAX)};
	char *etag = ts_region_alloc(req->region, 2 * TS_HASH_BYTES + 1);
	if (v.region == NULL || etag == NULL) {
		ts_region_free(v.region);
		return TS_E_NO_MEMORY;
	}
	enum ts_err err = view_run(req, res, &v, view_tx, true, why);
	if (err == TS_OK) {
		ts_text_hex(v.state.b, TS_HASH_BYTES, etag);
		res->content_type = "text/plain; charset=utf-8";
		res->etag = etag;
		ts_buf_put(&res->body, v.text.at, v.text.len);
		err = res->body.err;
	}
	ts_region_free(v.region);
	return err;
}

static const char *answer_name(const struct view *v, const struct ts_db_seal *seal)
{
	int64_t days = v->terms->keys.countersign_days;
	if (seal->countersigned_leaf >= 0)
		return "signed";
	if (seal->reservation_leaf >= 0)
		return "signed_with_reservations";
	if (days > 0 && v->req->now_us > seal->logged_us + days * TS_US_PER_DAY)
		return "deemed";
	return "none";
}

static json_t *leaf_or_null(int64_t leaf)
{
	return leaf < 0 ? json_null() : json_integer(leaf);
}

static json_t *seal_json(const struct view *v, const struct ts_db_seal *seal)
{
	struct ts_note note;
	struct ts_hash hash = {{0}};
	struct ts_why none;
	if (seal == NULL)
		return json_null();
	if (ts_note_parse(seal->note, &note, &none) == TS_OK)
		ts_statement_hash(note.text, &hash);
	return json_pack("{s:o,s:I,s:o,s:o,s:s,s:o,s:o,s:s*,s:I}", "through",
		ts_json_day(seal->through), "leaf", (json_int_t)seal->leaf, "statement",
		ts_json_hash(&hash), "sealed", ts_json_time(seal->logged_us), "countersignature",
		answer_name(v, seal), "countersigned_leaf", leaf_or_null(seal->countersigned_leaf),
		"reservation_leaf", leaf_or_null(seal->reservation_leaf), "reservation",
		seal->reservation, "timestamps", (json_int_t)seal->tokens);
}

static enum ts_err seals_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {0};
	char name[TS_TIME_CHARS];
	TS_TRY(view_run(req, res, &v, view_tx, true, why));
	return ts_handler_json(res, 200,
		json_pack("{s:s,s:i,s:o,s:I,s:o,s:{s:o,s:o}}", "period",
			ts_period_name(&v.period, name), "index", v.period.index, "through",
			ts_json_day(v.period.end_day - 1), "cut", (json_int_t)v.cut, "state",
			ts_json_hash(&v.state), "books", "provider",
			seal_json(&v, v.seals[TS_BOOK_PROVIDER]), "consumer",
			seal_json(&v, v.seals[TS_BOOK_CONSUMER])),
		why);
}

/* --- time-stamps --- */

static enum ts_err stamp_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	struct ts_hash imprint;
	struct ts_buf token;
	TS_TRY(load(db, v, why));
	const struct ts_db_seal *seal = v->seals[v->book];
	if (seal == NULL)
		return ts_why(why, TS_E_CONFLICT, "book", "the %s's book is not sealed",
			ts_book_name(v->book));
	ts_sha256(seal->note.at, seal->note.len, &imprint);
	ts_buf_init(&token, TS_TIMESTAMP_BYTES_MAX);
	enum ts_err err = ts_timestamp_read(v->der, &imprint, &token, &v->stamp, why);
	struct ts_db_seal_token row = {.stamped_us = v->stamp.stamped_us,
		.authority = v->stamp.authority,
		.token = {token.data, token.len}};
	ts_sha256(token.data, token.len, &row.sha256);
	if (err == TS_OK)
		err = ts_db_seal_token_add(
			db, v->contract.contract_id, v->book, seal->through, &row, why);
	ts_buf_free(&token);
	return err;
}

static enum ts_err book_of(struct ts_request *req, enum ts_book *out, struct ts_why *why)
{
	struct ts_str text = ts_request_param(req, "book");
	for (int i = 0; i < BOOKS; i++)
		if (ts_str_is(text, ts_book_name((enum ts_book)i))) {
			*out = (enum ts_book)i;
			return TS_OK;
		}
	return ts_why(why, TS_E_NOT_FOUND, "book", "\"%.*s\" is neither provider nor consumer",
		(int)text.len, text.at);
}

static enum ts_err stamp_post(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.der = req->body};
	TS_TRY(book_of(req, &v.book, why));
	TS_TRY(view_run(req, res, &v, stamp_tx, false, why));
	return ts_handler_json(res, 201,
		json_pack("{s:o,s:s}", "stamped", ts_json_time(v.stamp.stamped_us), "authority",
			v.stamp.authority),
		why);
}

static enum ts_err tokens_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	TS_TRY(load(db, v, why));
	return ts_db_seal_token_list(db, v->contract.contract_id, v->book, v->period.end_day - 1,
		v->region, &v->tokens, &v->tokens_n, why);
}

/* The newest token, as `openssl ts -verify -token_in` reads it. */
static enum ts_err stamp_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {0};
	TS_TRY(book_of(req, &v.book, why));
	TS_TRY(view_run(req, res, &v, tokens_tx, true, why));
	if (v.tokens_n == 0)
		return ts_why(why, TS_E_NOT_FOUND, "book", "no time-stamp was added");
	const struct ts_db_seal_token *last = &v.tokens[v.tokens_n - 1];
	res->content_type = "application/timestamp-reply";
	ts_buf_put(&res->body, last->token.at, last->token.len);
	return res->body.err;
}

/* The bytes that a time-stamp is over: the seal's leaf. */
static enum ts_err note_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {0};
	TS_TRY(book_of(req, &v.book, why));
	TS_TRY(view_run(req, res, &v, view_tx, true, why));
	if (v.seals[v.book] == NULL)
		return ts_why(why, TS_E_NOT_FOUND, "book", "the %s's book is not sealed",
			ts_book_name(v.book));
	res->content_type = "text/plain; charset=utf-8";
	ts_buf_put(&res->body, v.seals[v.book]->note.at, v.seals[v.book]->note.len);
	return res->body.err;
}

#define PERIOD "/v1/contracts/{contract}/periods/{period}"

const struct ts_route ts_routes_seal[] = {
	{.method = TS_GET,
		.path = PERIOD "/state",
		.handler = state_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.produces = "text/plain",
		.id = "getPeriodState",
		.tag = "seals",
		.summary = "The state of the contract at the period's cut, whose hash a seal names",
		.response = "canonical text (docs/formats/state.md)"},
	{.method = TS_GET,
		.path = PERIOD "/seals",
		.handler = seals_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.id = "getPeriodSeals",
		.tag = "seals",
		.summary = "Which book is sealed, and what the other company says to it",
		.response = "period, through, cut, state, books"},
	{.method = TS_GET,
		.path = PERIOD "/seals/{book}",
		.handler = note_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.produces = "text/plain",
		.id = "getSeal",
		.tag = "seals",
		.summary = "The seal of a book, as its company signed it",
		.response = "signed note"},
	{.method = TS_POST,
		.path = PERIOD "/seals/{book}/timestamp",
		.handler = stamp_post,
		.roles = TS_ROLE_OPERATOR | TS_ROLE_FINANCE,
		.cls = TS_CLASS_WORK,
		.flags = TS_ROUTE_KEY,
		.body_bytes_max = TS_TIMESTAMP_BYTES_MAX,
		.consumes = "application/timestamp-reply",
		.id = "addTimestamp",
		.tag = "seals",
		.summary = "Keep an authority's RFC 3161 token over the bytes of a seal",
		.request = "response or token, DER",
		.response = "stamped, authority"},
	{.method = TS_GET,
		.path = PERIOD "/seals/{book}/timestamp",
		.handler = stamp_get,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.produces = "application/timestamp-reply",
		.id = "getTimestamp",
		.tag = "seals",
		.summary = "The newest time-stamp token over a seal",
		.response = "token, DER"},
	{0},
};
