/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_HANDLER_H
#define TS_SERVICE_HANDLER_H
/* Why: what every handler of a contract does first and last: find the contract that the path names
 * within the caller's scope (a foreign one is 404, not 403), decode a JSON body by its table,
 * answer JSON. */
#include "book/account.h"
#include "book/ledger.h"
#include "service/session.h"
#include "store/contract.h"
#include "terms/terms.h"
#include <jansson.h>

#define TS_BODY_JSON_MAX (64u * 1024)
#define TS_LIST_LIMIT_DEFAULT 100
#define TS_LIST_LIMIT_MAX 1000

/* The contract of {contract}, when the principal may see it; *scope (borrowing from *out) has the
 * sides of its role. TS_E_NOT_FOUND. */
enum ts_err ts_handler_contract(struct ts_request *req, struct ts_response *res,
	struct ts_db_contract *out, struct ts_db_scope *scope, struct ts_why *why) TS_MUST;
/* The same for the contract of the stream {stream}; *stream is a copy of its public id. */
enum ts_err ts_handler_stream(struct ts_request *req, struct ts_response *res,
	struct ts_db_contract *out, struct ts_db_scope *scope, const char **stream,
	int64_t *stream_id, struct ts_why *why) TS_MUST;
/* True when the principal may see the contract at all. */
bool ts_handler_allowed(const struct ts_principal *who, const struct ts_db_contract *contract);
/* Whose lines it sees. A side's own go to its company and to auditors; the other side sees them in
 * a reconciliation, and whoever runs the service is on a side. */
unsigned ts_handler_sides(const struct ts_principal *who, const struct ts_db_contract *contract);
/* A provider role sees of the consumer's book only the mirror accounts (3-money, REST). */
bool ts_handler_sees_account(const struct ts_principal *who, enum ts_account account);

/* Terms in force, versions 1..n in order, decoded into the region. Within a transaction. */
enum ts_err ts_handler_terms(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	const struct ts_terms ***terms, size_t *n, struct ts_why *why) TS_MUST;

/* What a version in force is to the ledger. */
enum ts_err ts_handler_version(int64_t leaf, struct ts_str statement, struct ts_str terms,
	struct ts_region *region, struct ts_ledger_version *out, struct ts_why *why) TS_MUST;
/* The versions in force for ts_ledger_create. Within a transaction. */
enum ts_err ts_handler_versions(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_ledger_version **versions, size_t *n, struct ts_why *why) TS_MUST;
/* A ledger without rows: for its calendar and terms as of the last event. */
enum ts_err ts_handler_calendar(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_ledger **out, struct ts_why *why) TS_MUST;

/* A period by its index, or by its name as ts_period_name gives it; periods after the term too. */
enum ts_err ts_handler_period(const struct ts_ledger *ledger, struct ts_str text,
	struct ts_period *out, struct ts_why *why) TS_MUST;

/* Body by table (base/json.h). */
enum ts_err ts_handler_body(const struct ts_request *req, const struct ts_json_field *fields,
	size_t n, void *out, struct ts_why *why) TS_MUST;
/* Takes value: writes it as the body with the status. */
enum ts_err ts_handler_json(
	struct ts_response *res, int status, json_t *value, struct ts_why *why) TS_MUST;
/* Link to the next page: the request's own query with this cursor. */
enum ts_err ts_handler_next(
	struct ts_request *req, struct ts_response *res, const char *after) TS_MUST;
/* {"data": rows, "has_more": ...} and a Link to the next page; takes rows. after NULL: the end. */
enum ts_err ts_handler_page(struct ts_request *req, struct ts_response *res, json_t *rows,
	const char *after, struct ts_why *why) TS_MUST;

/* A NUL-terminated copy of a path or query slice; NULL for an absent one. */
const char *ts_handler_text(const struct ts_request *req, struct ts_str text);

/* Compact JSON text in the region; takes value. For events (store/outbox.h) and stored answers. */
enum ts_err ts_handler_data(struct ts_region *region, json_t *value, const char **out) TS_MUST;

json_t *ts_json_hash(const struct ts_hash *hash); /* hex */
struct ts_db_conflict;
json_t *ts_json_conflict(const struct ts_db_conflict *conflict); /* size, sha256, seen */
json_t *ts_json_i128(ts_i128 v); /* decimal string */
json_t *ts_json_money(int64_t minor, const struct ts_currency *currency);
json_t *ts_json_time(int64_t us);
json_t *ts_json_day(int32_t day);
json_t *ts_json_str(struct ts_str text);

#endif
