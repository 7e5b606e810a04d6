/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AUTH_H
#define TS_SERVICE_AUTH_H
/* Why: `Authorization: Bearer ts_<id>.<secret>`: the id finds the row, the 256-bit secret is
 * compared by its stored hash in constant time; every failure is the same 401. Default is to deny.
 * A checked token stays in a small cache for token_cache_ms, so that a request can be refused
 * before its body is read and without the database. */
#include "base/err.h"
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ts_role {
	TS_ROLE_AGENT = 1,
	TS_ROLE_PROVIDER_FINANCE = 2,
	TS_ROLE_CONSUMER_FINANCE = 4,
	TS_ROLE_AUDITOR = 8,
	TS_ROLE_OPERATOR = 16,
};
#define TS_ROLE_PUBLIC 0x80000000u /* in a route's mask: no token needed */
#define TS_ROLE_FINANCE (TS_ROLE_PROVIDER_FINANCE | TS_ROLE_CONSUMER_FINANCE)
#define TS_ROLE_READERS (TS_ROLE_FINANCE | TS_ROLE_AUDITOR | TS_ROLE_OPERATOR)
#define TS_ROLE_ANY (TS_ROLE_READERS | TS_ROLE_AGENT)
const char *ts_role_name(enum ts_role role); /* "agent", "provider_finance", ... */
enum ts_err ts_role_parse(struct ts_str text, enum ts_role *out) TS_MUST;

#define TS_TOKEN_ID_CHARS 16 /* lower-case hex */
#define TS_TOKEN_SECRET_BYTES 32
#define TS_TOKEN_HASH_BYTES 32
#define TS_TOKEN_CHARS (3 + TS_TOKEN_ID_CHARS + 1 + 2 * TS_TOKEN_SECRET_BYTES) /* without NUL */
#define TS_TOKEN_CONTRACTS_MAX 64

/* Who asks. Plain data, copied. */
struct ts_principal {
	char token_id[TS_TOKEN_ID_CHARS + 1]; /* "" = anonymous */
	enum ts_role role;
	int64_t party_id; /* database key; 0 = the operator */
	char party[128]; /* the party's domain name */
	bool all_contracts; /* every contract of the party (operator: every contract) */
	size_t contracts_n;
	int64_t contracts[TS_TOKEN_CONTRACTS_MAX]; /* database keys, when not all_contracts */
};
/* What the store keeps of a token. */
struct ts_token {
	struct ts_principal principal;
	uint8_t hash[TS_TOKEN_HASH_BYTES];
	int64_t not_after_us; /* 0 = no end */
	bool revoked;
};

/* BLAKE2b-256 keyed with a fixed domain string: the secret has 256 bits, so no salt is needed. */
void ts_token_hash(const uint8_t secret[TS_TOKEN_SECRET_BYTES], uint8_t hash[TS_TOKEN_HASH_BYTES]);
/* A new random token: its text for the owner (once), its id and hash for the store. */
void ts_token_make(char text[TS_TOKEN_CHARS + 1], char id[TS_TOKEN_ID_CHARS + 1],
	uint8_t hash[TS_TOKEN_HASH_BYTES]);
/* Takes `Bearer ts_<id>.<secret>` apart. TS_E_UNAUTHENTICATED. */
enum ts_err ts_token_parse(struct ts_str header, char id[TS_TOKEN_ID_CHARS + 1],
	uint8_t secret[TS_TOKEN_SECRET_BYTES]) TS_MUST;
/* Constant time over the hash; token NULL (unknown id) takes the same path and fails. */
enum ts_err ts_token_check(const struct ts_token *token,
	const uint8_t secret[TS_TOKEN_SECRET_BYTES], int64_t now_us) TS_MUST;

/* Finds a token by id: TS_OK, TS_E_NOT_FOUND, or why it can't be known now. `worker` is the calling
 * worker's context. */
typedef enum ts_err (*ts_token_lookup)(
	void *app, void *worker, const char *id, struct ts_token *out, struct ts_why *why);

struct ts_auth;
struct ts_auth *ts_auth_create(ts_token_lookup lookup, void *app, int64_t cache_ms);
void ts_auth_free(struct ts_auth *auth);
/* From the cache only. *known = false: ask again with a worker. Else as ts_auth_check. */
enum ts_err ts_auth_check_cached(struct ts_auth *auth, struct ts_str header, uint32_t roles,
	struct ts_principal *out, bool *known) TS_MUST;
/* UNAUTHENTICATED, FORBIDDEN (role not in the mask), or what the lookup could not do. */
enum ts_err ts_auth_check(struct ts_auth *auth, void *worker, struct ts_str header, uint32_t roles,
	struct ts_principal *out, struct ts_why *why) TS_MUST;
void ts_auth_forget(struct ts_auth *auth); /* empties the cache (SIGHUP, revocation) */

/* Token bucket and in-flight count per token id; entries are bounded. */
struct ts_rate;
struct ts_rate_state {
	int64_t limit;
	int64_t remaining;
	int64_t reset_s;
};
struct ts_rate *ts_rate_create(int64_t per_s, int64_t burst, int64_t in_flight_max);
void ts_rate_free(struct ts_rate *rate);
/* TS_OK (the caller then owes one ts_rate_leave) or TS_E_BUSY. mono_us is the monotonic clock. */
enum ts_err ts_rate_enter(struct ts_rate *rate, const char *token_id, int64_t mono_us,
	struct ts_rate_state *state) TS_MUST;
/* Whether the token, which has entered, may hold so many bytes of answers more; no more than `most`
 * in all. */
bool ts_rate_hold(struct ts_rate *rate, const char *token_id, size_t bytes, size_t most) TS_MUST;
void ts_rate_leave(struct ts_rate *rate, const char *token_id, size_t held); /* what it held */

#endif
