/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_KEY_H
#define TS_EVIDENCE_KEY_H
/* Why: note keys (C2SP signed-note). The 4-byte id is a hint only: keys are stored and compared
 * whole. Verification is libsodium's, which accepts a strict subset of what OpenSSL accepts, so
 * whatever is accepted here an auditor's tool accepts too. */
#include "base/buf.h"
#include "base/text.h"
#include "evidence/sha256.h"

#define TS_KEY_NAME_MAX 255 /* fits an origin; longer names are refused */
#define TS_KEY_SEED_BYTES 32
#define TS_KEY_PUBLIC_BYTES 32
#define TS_KEY_SIG_BYTES 64
#define TS_VKEY_CHARS (TS_KEY_NAME_MAX + 1 + 8 + 1 + 44 + 1)

enum ts_key_type {
	TS_KEY_ED25519 = 0x01, /* signs the text */
	TS_KEY_COSIGNATURE = 0x04, /* signs `cosignature/v1`, a time and a checkpoint text */
};

struct ts_key {
	char name[TS_KEY_NAME_MAX + 1];
	uint32_t id; /* first 4 bytes of SHA-256(name LF type pk), big-endian */
	enum ts_key_type type;
	uint8_t public[TS_KEY_PUBLIC_BYTES];
};
/* A private key; wipe it with ts_secret_wipe when done. */
struct ts_secret {
	struct ts_key key;
	uint8_t seed[TS_KEY_SEED_BYTES];
	uint8_t expanded[64]; /* libsodium's form: seed, public key */
};

/* Not empty, no space, no '+', bytes 0x21-0x7E, at most TS_KEY_NAME_MAX. */
enum ts_err ts_key_name_check(struct ts_str name, struct ts_why *why) TS_MUST;
/* Computes the id; TS_E_MALFORMED for a name that is refused. */
enum ts_err ts_key_make(struct ts_str name, enum ts_key_type type,
	const uint8_t public[TS_KEY_PUBLIC_BYTES], struct ts_key *out) TS_MUST;
/* `name+hex8(id)+base64(type || pk32)`; the id must recompute. TS_E_MALFORMED. The key may still be
 * one that enrolment refuses. */
enum ts_err ts_key_parse(struct ts_str vkey, struct ts_key *out, struct ts_why *why) TS_MUST;
const char *ts_key_format(const struct ts_key *key, char out[TS_VKEY_CHARS]); /* returns out */
bool ts_key_eq(const struct ts_key *a, const struct ts_key *b); /* name, type and public key */
/* TS_E_KEY for a point that is not canonical, of small order or outside the prime-order subgroup:
 * such keys must never be enrolled. */
enum ts_err ts_key_acceptable(const struct ts_key *key, struct ts_why *why) TS_MUST;
/* TS_E_SIGNATURE unless sig is a signature of exactly these bytes. */
enum ts_err ts_key_verify(const struct ts_key *key, const void *message, size_t len,
	const uint8_t sig[TS_KEY_SIG_BYTES]) TS_MUST;

/* From a random seed, which the caller supplies. */
enum ts_err ts_secret_make(struct ts_str name, enum ts_key_type type,
	const uint8_t seed[TS_KEY_SEED_BYTES], struct ts_secret *out) TS_MUST;
/* `PRIVATE+KEY+name+hex8(id)+base64(type || seed32)`, with or without one final LF; the id must
 * recompute. TS_E_MALFORMED; the why never quotes secret bytes. */
enum ts_err ts_secret_parse(struct ts_str line, struct ts_secret *out, struct ts_why *why) TS_MUST;
/* Writes the line with its LF; the caller wipes the buffer. */
void ts_secret_format(const struct ts_secret *secret, struct ts_buf *out);
void ts_secret_sign(const struct ts_secret *secret, const void *message, size_t len,
	uint8_t sig[TS_KEY_SIG_BYTES]);
void ts_secret_wipe(struct ts_secret *secret);
void ts_wipe(void *bytes, size_t len); /* not optimised away */

#endif
