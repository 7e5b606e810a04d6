/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_TOKEN_H
#define TS_STORE_TOKEN_H
/* Why: access tokens are looked up by id before anything about the caller is known, so this table
 * has no row-level security; it holds hashes only. */
#include "store/db.h"

#define TS_DB_TOKEN_CONTRACTS_MAX 64
struct ts_db_token {
	char id[17];
	uint8_t hash[32];
	int32_t role; /* service/http/auth.h's enum ts_role */
	int64_t party_id; /* 0: the operator */
	char party_slug[64]; /* filled by find; "" for the operator */
	char party_domain[128]; /* likewise */
	bool all_contracts;
	size_t contracts_n;
	int64_t contracts[TS_DB_TOKEN_CONTRACTS_MAX];
	const char *label; /* what the owner calls it; NULL on find */
	int64_t created_us, not_after_us; /* not_after 0: no end */
	bool revoked;
};
enum ts_err ts_db_token_add(
	struct ts_db *db, const struct ts_db_token *token, struct ts_why *why) TS_MUST;
enum ts_err ts_db_token_find(
	struct ts_db *db, const char *id, struct ts_db_token *out, struct ts_why *why) TS_MUST;
/* TS_E_NOT_FOUND: no such token, or revoked already. */
enum ts_err ts_db_token_revoke(struct ts_db *db, const char *id, struct ts_why *why) TS_MUST;
enum ts_err ts_db_token_list(struct ts_db *db, struct ts_region *region, struct ts_db_token **out,
	size_t *n, struct ts_why *why) TS_MUST;

#endif
