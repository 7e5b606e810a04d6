/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_KEYS_KEYSEAL_H
#define TS_KEYS_KEYSEAL_H
/* Why: a key file is rewritten in one case only: the same key, sealed or in the clear. It is read
 * back before it takes the old one's place, so that no typing error loses a key. */
#include "evidence/key.h"
#include "keys/passphrase.h"

/* Writes the key to path, mode 0400, sealed by the passphrase (NULL: in the clear). replace: path
 * exists and is replaced whole; else it must not exist (TS_E_CONFLICT). */
enum ts_err ts_keyseal_write(const char *path, const struct ts_secret *secret,
	const struct ts_passphrase *passphrase, bool replace, struct ts_why *why) TS_MUST;

#endif
