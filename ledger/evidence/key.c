/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/key.h"

#include <sodium.h>
#include <string.h>

#define PRIVATE_PREFIX "PRIVATE+KEY+"
#define BLOB_BYTES (1 + TS_KEY_PUBLIC_BYTES)
#define BLOB_BASE64 TS_BASE64_LEN(BLOB_BYTES)

enum ts_err ts_key_name_check(struct ts_str name, struct ts_why *why)
{
	if (name.len == 0 || name.len > TS_KEY_NAME_MAX)
		return ts_why(why, TS_E_MALFORMED, "name",
			"a key name has 1 to %d bytes, this one has %zu", TS_KEY_NAME_MAX,
			name.len);
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];
		if (c <= 0x20 || c >= 0x7f || c == '+')
			return ts_why(why, TS_E_MALFORMED, "name",
				"a key name has no space, '+' or byte outside 0x21-0x7e: byte "
				"0x%02x at %zu",
				c, i);
	}
	return TS_OK;
}

static uint32_t key_id(struct ts_str name, enum ts_key_type type, const uint8_t *public)
{
	uint8_t bytes[TS_KEY_NAME_MAX + 2 + TS_KEY_PUBLIC_BYTES];
	memcpy(bytes, name.at, name.len);
	bytes[name.len] = '\n';
	bytes[name.len + 1] = (uint8_t)type;
	memcpy(bytes + name.len + 2, public, TS_KEY_PUBLIC_BYTES);
	struct ts_hash h;
	ts_sha256(bytes, name.len + 2 + TS_KEY_PUBLIC_BYTES, &h);
	return (uint32_t)h.b[0] << 24 | (uint32_t)h.b[1] << 16 | (uint32_t)h.b[2] << 8 | h.b[3];
}

enum ts_err ts_key_make(struct ts_str name, enum ts_key_type type,
	const uint8_t public[TS_KEY_PUBLIC_BYTES], struct ts_key *out)
{
	TS_TRY(ts_key_name_check(name, NULL));
	memset(out, 0, sizeof(*out));
	memcpy(out->name, name.at, name.len);
	out->id = key_id(name, type, public);
	out->type = type;
	memcpy(out->public, public, TS_KEY_PUBLIC_BYTES);
	return TS_OK;
}

/* `name+hex8+base64(type || 32 bytes)`, the shape that public and private keys share. The base64
 * may hold '+', the name may not: cut at the first two. */
struct parts {
	struct ts_str name;
	uint32_t id;
	uint8_t blob[BLOB_BYTES];
};

static enum ts_err parse_parts(struct ts_str text, struct parts *out, struct ts_why *why)
{
	struct ts_str rest = text;
	out->name = ts_str_cut(&rest, '+');
	struct ts_str hex = ts_str_cut(&rest, '+');
	TS_TRY(ts_key_name_check(out->name, why));
	uint8_t id[4];
	if (ts_text_unhex(hex, id, sizeof(id)) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "id", "a key id has 8 lower-case hex digits");
	out->id = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
	size_t len = 0;
	if (rest.len != BLOB_BASE64 ||
		ts_text_unbase64(rest, out->blob, sizeof(out->blob), &len) != TS_OK ||
		len != BLOB_BYTES)
		return ts_why(why, TS_E_MALFORMED, "key",
			"a key is the base64 of one type byte and 32 bytes");
	if (out->blob[0] != TS_KEY_ED25519 && out->blob[0] != TS_KEY_COSIGNATURE)
		return ts_why(why, TS_E_MALFORMED, "key",
			"key type 0x%02x is neither 0x01 nor 0x04", out->blob[0]);
	return TS_OK;
}

static enum ts_err check_id(uint32_t given, uint32_t computed, struct ts_why *why)
{
	if (given == computed)
		return TS_OK;
	return ts_why(why, TS_E_MALFORMED, "id", "key id %08x does not recompute: it is %08x",
		given, computed);
}

enum ts_err ts_key_parse(struct ts_str vkey, struct ts_key *out, struct ts_why *why)
{
	struct parts parts;
	struct ts_key key;
	TS_TRY(parse_parts(vkey, &parts, why));
	TS_TRY(ts_key_make(parts.name, (enum ts_key_type)parts.blob[0], parts.blob + 1, &key));
	TS_TRY(check_id(parts.id, key.id, why));
	*out = key;
	return TS_OK;
}

static void put_hex8(uint32_t id, char *out)
{
	uint8_t bytes[4] = {
		(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
	ts_text_hex(bytes, sizeof(bytes), out);
}

const char *ts_key_format(const struct ts_key *key, char out[TS_VKEY_CHARS])
{
	size_t len = strlen(key->name);
	memcpy(out, key->name, len);
	out[len] = '+';
	put_hex8(key->id, out + len + 1);
	out[len + 9] = '+';
	uint8_t blob[BLOB_BYTES];
	blob[0] = (uint8_t)key->type;
	memcpy(blob + 1, key->public, TS_KEY_PUBLIC_BYTES);
	ts_text_base64(blob, sizeof(blob), out + len + 10);
	return out;
}

bool ts_key_eq(const struct ts_key *a, const struct ts_key *b)
{
	return a->type == b->type && strcmp(a->name, b->name) == 0 &&
	       memcmp(a->public, b->public, TS_KEY_PUBLIC_BYTES) == 0;
}

enum ts_err ts_key_acceptable(const struct ts_key *key, struct ts_why *why)
{
	if (crypto_core_ed25519_is_valid_point(key->public) != 1)
		return ts_why(why, TS_E_KEY, "key",
			"the public key of %s is not canonical, of small order or outside the "
			"prime-order subgroup",
			key->name);
	return TS_OK;
}

enum ts_err ts_key_verify(const struct ts_key *key, const void *message, size_t len,
	const uint8_t sig[TS_KEY_SIG_BYTES])
{
	if (crypto_sign_verify_detached(sig, message, len, key->public) != 0)
		return TS_E_SIGNATURE;
	return TS_OK;
}

enum ts_err ts_secret_make(struct ts_str name, enum ts_key_type type,
	const uint8_t seed[TS_KEY_SEED_BYTES], struct ts_secret *out)
{
	uint8_t public[TS_KEY_PUBLIC_BYTES];
	TS_TRY(ts_key_name_check(name, NULL));
	memcpy(out->seed, seed, TS_KEY_SEED_BYTES);
	TS_ASSERT(crypto_sign_seed_keypair(public, out->expanded, seed) == 0);
	return ts_key_make(name, type, public, &out->key);
}

enum ts_err ts_secret_parse(struct ts_str line, struct ts_secret *out, struct ts_why *why)
{
	size_t prefix = sizeof(PRIVATE_PREFIX) - 1;
	if (line.len > 0 && line.at[line.len - 1] == '\n')
		line.len--;
	if (line.len < prefix || memcmp(line.at, PRIVATE_PREFIX, prefix) != 0)
		return ts_why(why, TS_E_MALFORMED, "key",
			"a private key line begins with " PRIVATE_PREFIX);
	struct parts parts;
	struct ts_secret secret;
	enum ts_err err = parse_parts(
		(struct ts_str){line.at + prefix, line.len - prefix}, &parts, why);
	if (err == TS_OK)
		err = ts_secret_make(
			parts.name, (enum ts_key_type)parts.blob[0], parts.blob + 1, &secret);
	if (err == TS_OK)
		err = check_id(parts.id, secret.key.id, why);
	if (err == TS_OK)
		*out = secret;
	ts_wipe(&parts, sizeof(parts));
	ts_secret_wipe(&secret);
	return err;
}

void ts_secret_format(const struct ts_secret *secret, struct ts_buf *out)
{
	char hex[9];
	char base64[BLOB_BASE64 + 1];
	uint8_t blob[BLOB_BYTES];
	blob[0] = (uint8_t)secret->key.type;
	memcpy(blob + 1, secret->seed, TS_KEY_SEED_BYTES);
	put_hex8(secret->key.id, hex);
	ts_text_base64(blob, sizeof(blob), base64);
	ts_buf_puts(out, PRIVATE_PREFIX);
	ts_buf_puts(out, secret->key.name);
	ts_buf_putc(out, '+');
	ts_buf_puts(out, hex);
	ts_buf_putc(out, '+');
	ts_buf_puts(out, base64);
	ts_buf_putc(out, '\n');
	ts_wipe(blob, sizeof(blob));
	ts_wipe(base64, sizeof(base64));
}

void ts_secret_sign(const struct ts_secret *secret, const void *message, size_t len,
	uint8_t sig[TS_KEY_SIG_BYTES])
{
	TS_ASSERT(crypto_sign_detached(sig, NULL, message, len, secret->expanded) == 0);
}

void ts_secret_wipe(struct ts_secret *secret)
{
	ts_wipe(secret, sizeof(*secret));
}

void ts_wipe(void *bytes, size_t len)
{
	sodium_memzero(bytes, len);
}
