/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_SEALED_H
#define TS_EVIDENCE_SEALED_H
/* Why: a private key at rest may be sealed by a passphrase (docs/formats/note.md). One canonical
 * line that names the key in the clear; everything before the box is authenticated, so that no
 * parameter can be weakened or exchanged. Parameters above the limits are refused before any memory
 * is taken.
 */
#include "evidence/key.h"

#define TS_SEALED_SALT_BYTES 16
#define TS_SEALED_NONCE_BYTES 24
#define TS_SEALED_CHARS (TS_VKEY_CHARS + 160) /* a line with its LF and a NUL */
#define TS_PASSPHRASE_BYTES_MAX 1024

/* Cost of one guess: passes over memory of so many KiB (argon2id). */
struct ts_sealed_cost {
	int64_t passes;
	int64_t memory_kib;
};
#define TS_SEALED_PASSES_MAX 16
#define TS_SEALED_MEMORY_KIB_MIN 8
#define TS_SEALED_MEMORY_KIB_MAX (INT64_C(1) << 20) /* 1 GiB */
/* What new files get: about a second and 256 MiB for each guess. */
#define TS_SEALED_COST_DEFAULT ((struct ts_sealed_cost){3, 262144})

bool ts_sealed_is(struct ts_str line); /* begins like one */
/* The public key that the line names; it is not authenticated before it is opened. TS_E_MALFORMED.
 */
enum ts_err ts_sealed_key(struct ts_str line, struct ts_key *out, struct ts_why *why) TS_MUST;
/* Appends the line with its LF. salt and nonce are random, the caller's. TS_E_RANGE for the cost,
 * TS_E_INVALID for an empty or too long passphrase, TS_E_NO_MEMORY. */
enum ts_err ts_sealed_write(const struct ts_secret *secret, struct ts_str passphrase,
	struct ts_sealed_cost cost, const uint8_t salt[TS_SEALED_SALT_BYTES],
	const uint8_t nonce[TS_SEALED_NONCE_BYTES], struct ts_buf *out, struct ts_why *why) TS_MUST;
/* With or without one final LF. TS_E_KEY: a wrong passphrase, or the line was changed (the two
 * can't be told apart); TS_E_LIMIT: its parameters ask for more than is given; TS_E_MALFORMED. */
enum ts_err ts_sealed_open(struct ts_str line, struct ts_str passphrase, struct ts_secret *out,
	struct ts_why *why) TS_MUST;

#endif
