/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/sealed.h"

#include <sodium.h>
#include <string.h>

#define PREFIX "SEALED+KEY"
#define KDF "argon2id"
#define BOX_BYTES (TS_KEY_SEED_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define BLOB_BYTES (TS_SEALED_NONCE_BYTES + BOX_BYTES)

_Static_assert(TS_SEALED_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES, "salt");
_Static_assert(TS_SEALED_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");

struct sealed {
	struct ts_str head; /* authenticated: up to and with the space before the box */
	struct ts_key key;
	struct ts_sealed_cost cost;
	uint8_t salt[TS_SEALED_SALT_BYTES];
	uint8_t blob[BLOB_BYTES]; /* nonce, box */
};

bool ts_sealed_is(struct ts_str line)
{
	size_t n = sizeof(PREFIX " ") - 1;
	return line.len >= n && memcmp(line.at, PREFIX " ", n) == 0;
}

static enum ts_err malformed(struct ts_why *why)
{
	return ts_why(why, TS_E_MALFORMED, "key",
		"a sealed key line is " PREFIX " VKEY " KDF
		" PASSES KIB SALT BOX, one space between");
}

static enum ts_err parse(struct ts_str line, struct sealed *out, struct ts_why *why)
{
	struct ts_str rest = line;
	size_t len = 0;
	if (rest.len > 0 && rest.at[rest.len - 1] == '\n')
		rest.len--;
	if (!ts_str_is(ts_str_cut(&rest, ' '), PREFIX))
		return malformed(why);
	TS_TRY(ts_key_parse(ts_str_cut(&rest, ' '), &out->key, why));
	if (!ts_str_is(ts_str_cut(&rest, ' '), KDF) ||
		ts_text_u63(ts_str_cut(&rest, ' '), &out->cost.passes) != TS_OK ||
		ts_text_u63(ts_str_cut(&rest, ' '), &out->cost.memory_kib) != TS_OK ||
		ts_text_unbase64(ts_str_cut(&rest, ' '), out->salt, sizeof(out->salt), &len) !=
			TS_OK ||
		len != sizeof(out->salt) || rest.at == NULL)
		return malformed(why);
	out->head = (struct ts_str){line.at, (size_t)(rest.at - line.at)};
	if (ts_text_unbase64(rest, out->blob, sizeof(out->blob), &len) != TS_OK ||
		len != sizeof(out->blob))
		return malformed(why);
	return TS_OK;
}

static enum ts_err check_cost(struct ts_sealed_cost cost, enum ts_err err, struct ts_why *why)
{
	if (cost.passes < 1 || cost.passes > TS_SEALED_PASSES_MAX ||
		cost.memory_kib < TS_SEALED_MEMORY_KIB_MIN ||
		cost.memory_kib > TS_SEALED_MEMORY_KIB_MAX)
		return ts_why(why, err, "cost",
			"%lld passes over %lld KiB: allowed are 1 to %d over %d to %lld",
			(long long)cost.passes, (long long)cost.memory_kib, TS_SEALED_PASSES_MAX,
			TS_SEALED_MEMORY_KIB_MIN, (long long)TS_SEALED_MEMORY_KIB_MAX);
	return TS_OK;
}

/* The passphrase, stretched. */
static enum ts_err derive(struct ts_str passphrase, struct ts_sealed_cost cost, const uint8_t *salt,
	uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], struct ts_why *why)
{
	if (passphrase.len == 0 || passphrase.len > TS_PASSPHRASE_BYTES_MAX)
		return ts_why(why, TS_E_INVALID, "passphrase", "it has 1 to %d bytes",
			TS_PASSPHRASE_BYTES_MAX);
	if (crypto_pwhash_argon2id(key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, passphrase.at,
		    passphrase.len, salt, (unsigned long long)cost.passes,
		    (size_t)cost.memory_kib * 1024, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
		return ts_why(why, TS_E_NO_MEMORY, "cost", "%lld KiB of memory are not there",
			(long long)cost.memory_kib);
	return TS_OK;
}

enum ts_err ts_sealed_key(struct ts_str line, struct ts_key *out, struct ts_why *why)
{
	struct sealed sealed;
	TS_TRY(parse(line, &sealed, why));
	*out = sealed.key;
	return TS_OK;
}

static void write_head(const struct ts_secret *secret, struct ts_sealed_cost cost,
	const uint8_t *salt, struct ts_buf *out)
{
	char vkey[TS_VKEY_CHARS];
	char base64[TS_BASE64_LEN(TS_SEALED_SALT_BYTES) + 1];
	ts_text_base64(salt, TS_SEALED_SALT_BYTES, base64);
	ts_buf_printf(out, PREFIX " %s " KDF " %lld %lld %s ", ts_key_format(&secret->key, vkey),
		(long long)cost.passes, (long long)cost.memory_kib, base64);
}

enum ts_err ts_sealed_write(const struct ts_secret *secret, struct ts_str passphrase,
	struct ts_sealed_cost cost, const uint8_t salt[TS_SEALED_SALT_BYTES],
	const uint8_t nonce[TS_SEALED_NONCE_BYTES], struct ts_buf *out, struct ts_why *why)
{
	uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	uint8_t blob[BLOB_BYTES];
	char base64[TS_BASE64_LEN(BLOB_BYTES) + 1];
	size_t before = out->len;
	TS_TRY(check_cost(cost, TS_E_RANGE, why));
	write_head(secret, cost, salt, out);
	TS_TRY(out->err);
	TS_TRY(derive(passphrase, cost, salt, key, why));
	memcpy(blob, nonce, TS_SEALED_NONCE_BYTES);
	TS_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(blob + TS_SEALED_NONCE_BYTES, NULL,
			  secret->seed, TS_KEY_SEED_BYTES, (const uint8_t *)out->data + before,
			  out->len - before, NULL, nonce, key) == 0);
	ts_wipe(key, sizeof(key));
	ts_text_base64(blob, sizeof(blob), base64);
	ts_buf_puts(out, base64);
	ts_buf_putc(out, '\n');
	return out->err;
}

/* The seed out of its box. */
static enum ts_err open_box(const struct sealed *sealed, struct ts_str passphrase,
	uint8_t seed[TS_KEY_SEED_BYTES], struct ts_why *why)
{
	uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	TS_TRY(derive(passphrase, sealed->cost, sealed->salt, key, why));
	int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(seed, NULL, NULL,
		sealed->blob + TS_SEALED_NONCE_BYTES, BOX_BYTES, (const uint8_t *)sealed->head.at,
		sealed->head.len, sealed->blob, key);
	ts_wipe(key, sizeof(key));
	if (failed != 0)
		return ts_why(why, TS_E_KEY, "passphrase",
			"a wrong passphrase, or the sealed key was changed");
	return TS_OK;
}

enum ts_err ts_sealed_open(
	struct ts_str line, struct ts_str passphrase, struct ts_secret *out, struct ts_why *why)
{
	struct sealed sealed = {.cost = {0, 0}};
	uint8_t seed[TS_KEY_SEED_BYTES];
	struct ts_secret secret;
	TS_TRY(parse(line, &sealed, why));
	TS_TRY(check_cost(sealed.cost, TS_E_LIMIT, why));
	enum ts_err err = open_box(&sealed, passphrase, seed, why);
	if (err == TS_OK)
		err = ts_secret_make(ts_str(sealed.key.name), sealed.key.type, seed, &secret);
	ts_wipe(seed, sizeof(seed));
	TS_TRY(err);
	if (ts_key_eq(&secret.key, &sealed.key))
		*out = secret;
	else
		err = ts_why(
			why, TS_E_KEY, "key", "the box holds another key than %s", sealed.key.name);
	ts_secret_wipe(&secret);
	return err;
}
