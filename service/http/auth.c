/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/auth.h"

#include "service/clock.h"
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	enum ts_role role;
	const char *name;
} role_table[] = {
	{TS_ROLE_AGENT, "agent"},
	{TS_ROLE_PROVIDER_FINANCE, "provider_finance"},
	{TS_ROLE_CONSUMER_FINANCE, "consumer_finance"},
	{TS_ROLE_AUDITOR, "auditor"},
	{TS_ROLE_OPERATOR, "operator"},
};
#define ROLES (sizeof(role_table) / sizeof(role_table[0]))

const char *ts_role_name(enum ts_role role)
{
	for (size_t i = 0; i < ROLES; i++)
		if (role_table[i].role == role)
			return role_table[i].name;
	return "none";
}

enum ts_err ts_role_parse(struct ts_str text, enum ts_role *out)
{
	for (size_t i = 0; i < ROLES; i++)
		if (ts_str_is(text, role_table[i].name)) {
			*out = role_table[i].role;
			return TS_OK;
		}
	return TS_E_MALFORMED;
}

void ts_token_hash(const uint8_t secret[TS_TOKEN_SECRET_BYTES], uint8_t hash[TS_TOKEN_HASH_BYTES])
{
	static const unsigned char key[] = "tallystick/token/v1";
	TS_ASSERT(crypto_generichash(hash, TS_TOKEN_HASH_BYTES, secret, TS_TOKEN_SECRET_BYTES, key,
			  sizeof(key) - 1) == 0);
}

void ts_token_make(char text[TS_TOKEN_CHARS + 1], char id[TS_TOKEN_ID_CHARS + 1],
	uint8_t hash[TS_TOKEN_HASH_BYTES])
{
	uint8_t raw[TS_TOKEN_ID_CHARS / 2];
	uint8_t secret[TS_TOKEN_SECRET_BYTES];
	TS_ASSERT(sodium_init() >= 0);
	randombytes_buf(raw, sizeof(raw));
	randombytes_buf(secret, sizeof(secret));
	ts_text_hex(raw, sizeof(raw), id);
	memcpy(text, "ts_", 3);
	memcpy(text + 3, id, TS_TOKEN_ID_CHARS);
	text[3 + TS_TOKEN_ID_CHARS] = '.';
	ts_text_hex(secret, sizeof(secret), text + 4 + TS_TOKEN_ID_CHARS);
	ts_token_hash(secret, hash);
	sodium_memzero(secret, sizeof(secret));
}

static bool has_bearer(struct ts_str *text)
{
	static const char scheme[] = "bearer ";
	if (text->at == NULL || text->len < sizeof(scheme) - 1)
		return false;
	for (size_t i = 0; i < sizeof(scheme) - 1; i++) {
		char c = text->at[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != scheme[i])
			return false;
	}
	text->at += sizeof(scheme) - 1;
	text->len -= sizeof(scheme) - 1;
	return true;
}

enum ts_err ts_token_parse(
	struct ts_str header, char id[TS_TOKEN_ID_CHARS + 1], uint8_t secret[TS_TOKEN_SECRET_BYTES])
{
	uint8_t raw[TS_TOKEN_ID_CHARS / 2];
	if (!has_bearer(&header) || header.len != TS_TOKEN_CHARS ||
		memcmp(header.at, "ts_", 3) != 0 || header.at[3 + TS_TOKEN_ID_CHARS] != '.')
		return TS_E_UNAUTHENTICATED;
	struct ts_str id_text = {header.at + 3, TS_TOKEN_ID_CHARS};
	struct ts_str secret_text = {
		header.at + 4 + TS_TOKEN_ID_CHARS, (size_t)2 * TS_TOKEN_SECRET_BYTES};
	if (ts_text_unhex(id_text, raw, sizeof(raw)) != TS_OK ||
		ts_text_unhex(secret_text, secret, TS_TOKEN_SECRET_BYTES) != TS_OK)
		return TS_E_UNAUTHENTICATED;
	memcpy(id, id_text.at, TS_TOKEN_ID_CHARS);
	id[TS_TOKEN_ID_CHARS] = '\0';
	return TS_OK;
}

enum ts_err ts_token_check(
	const struct ts_token *token, const uint8_t secret[TS_TOKEN_SECRET_BYTES], int64_t now_us)
{
	static const uint8_t nobody[TS_TOKEN_HASH_BYTES];
	uint8_t hash[TS_TOKEN_HASH_BYTES];
	ts_token_hash(secret, hash);
	bool same = sodium_memcmp(
			    hash, token != NULL ? token->hash : nobody, TS_TOKEN_HASH_BYTES) == 0;
	if (token == NULL || !same || token->revoked ||
		(token->not_after_us != 0 && now_us >= token->not_after_us))
		return TS_E_UNAUTHENTICATED;
	return TS_OK;
}

/* Direct-mapped: a collision costs one lookup. Only tokens that were found are kept, so that a
 * stranger cannot fill the cache. */
#define CACHE_SLOTS 256
struct cached {
	int64_t until_mono_us;
	struct ts_token token;
};
struct ts_auth {
	ts_token_lookup lookup;
	void *app;
	int64_t cache_us;
	pthread_mutex_t lock;
	struct cached slot[CACHE_SLOTS];
};

struct ts_auth *ts_auth_create(ts_token_lookup lookup, void *app, int64_t cache_ms)
{
	TS_ASSERT(sodium_init() >= 0);
	struct ts_auth *auth = calloc(1, sizeof(*auth));
	if (auth == NULL)
		return NULL;
	auth->lookup = lookup;
	auth->app = app;
	auth->cache_us = cache_ms * 1000;
	TS_ASSERT(pthread_mutex_init(&auth->lock, NULL) == 0);
	return auth;
}

void ts_auth_free(struct ts_auth *auth)
{
	if (auth == NULL)
		return;
	pthread_mutex_destroy(&auth->lock);
	free(auth);
}

void ts_auth_forget(struct ts_auth *auth)
{
	pthread_mutex_lock(&auth->lock);
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		auth->slot[i].until_mono_us = 0;
	pthread_mutex_unlock(&auth->lock);
}

static struct cached *cache_slot(struct ts_auth *auth, const char *id)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < TS_TOKEN_ID_CHARS; i++)
		hash = (hash ^ (unsigned char)id[i]) * 16777619u;
	return &auth->slot[hash % CACHE_SLOTS];
}

static bool cache_get(struct ts_auth *auth, const char *id, struct ts_token *out)
{
	pthread_mutex_lock(&auth->lock);
	const struct cached *c = cache_slot(auth, id);
	bool hit = c->until_mono_us > ts_clock_mono_us() &&
		   strcmp(c->token.principal.token_id, id) == 0;
	if (hit)
		*out = c->token;
	pthread_mutex_unlock(&auth->lock);
	return hit;
}

static void cache_put(struct ts_auth *auth, const char *id, const struct ts_token *token)
{
	pthread_mutex_lock(&auth->lock);
	struct cached *c = cache_slot(auth, id);
	c->token = *token;
	c->until_mono_us = ts_clock_mono_us() + auth->cache_us;
	pthread_mutex_unlock(&auth->lock);
}

static enum ts_err token_admit(const struct ts_token *token, const uint8_t *secret, uint32_t roles,
	struct ts_principal *out)
{
	TS_TRY(ts_token_check(token, secret, ts_clock_now_us()));
	if ((roles & (uint32_t)token->principal.role) == 0)
		return TS_E_FORBIDDEN;
	*out = token->principal;
	return TS_OK;
}

enum ts_err ts_auth_check_cached(struct ts_auth *auth, struct ts_str header, uint32_t roles,
	struct ts_principal *out, bool *known)
{
	char id[TS_TOKEN_ID_CHARS + 1];
	uint8_t secret[TS_TOKEN_SECRET_BYTES];
	struct ts_token token;
	*known = true;
	TS_TRY(ts_token_parse(header, id, secret));
	*known = cache_get(auth, id, &token);
	enum ts_err err = TS_OK;
	if (*known)
		err = token_admit(&token, secret, roles, out);
	sodium_memzero(secret, sizeof(secret));
	return err;
}

enum ts_err ts_auth_check(struct ts_auth *auth, void *worker, struct ts_str header, uint32_t roles,
	struct ts_principal *out, struct ts_why *why)
{
	char id[TS_TOKEN_ID_CHARS + 1];
	uint8_t secret[TS_TOKEN_SECRET_BYTES];
	struct ts_token token = {.revoked = false};
	TS_TRY(ts_token_parse(header, id, secret));
	bool found = cache_get(auth, id, &token);
	if (!found && auth->lookup != NULL) {
		enum ts_err err = auth->lookup(auth->app, worker, id, &token, why);
		if (err != TS_OK && err != TS_E_NOT_FOUND)
			return err;
		found = err == TS_OK;
		if (found) {
			memcpy(token.principal.token_id, id, sizeof(id));
			cache_put(auth, id, &token);
		}
	}
	enum ts_err err = token_admit(found ? &token : NULL, secret, roles, out);
	sodium_memzero(secret, sizeof(secret));
	return err;
}
