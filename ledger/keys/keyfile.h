/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_KEYS_KEYFILE_H
#define TS_KEYS_KEYFILE_H
/* Why: a private key is one line in a file of mode 0400 (docs/formats/note.md, private form), in
 * the clear or sealed by a passphrase; it is never written over, and a file that others may read is
 * refused. */
#include "evidence/key.h"
#include <stdbool.h>

/* Reads a key file. TS_E_KEY when its mode is not 0400, TS_E_IO, TS_E_MALFORMED. A sealed
 * one is opened with the passphrase of passphrase.h; passphrase_file NULL: its default. The
 * secret's memory is locked as far as the system lets us. */
enum ts_err ts_keyfile_read(const char *path, struct ts_secret *out, struct ts_why *why) TS_MUST;
enum ts_err ts_keyfile_open(const char *path, const char *passphrase_file, struct ts_secret *out,
	struct ts_why *why) TS_MUST;
/* Only the public key, which a sealed file tells without its passphrase. */
enum ts_err ts_keyfile_public(
	const char *path, struct ts_key *out, bool *sealed, struct ts_why *why) TS_MUST;
/* A new key with a random seed, written to path (must not exist), fsynced with its folder. */
enum ts_err ts_keyfile_create(const char *path, const char *name, enum ts_key_type type,
	struct ts_secret *out, struct ts_why *why) TS_MUST;
/* The bytes of a key file, mode 0400, fsynced with its folder: whole or not at all. TS_E_CONFLICT:
 * it exists and is not to be replaced. */
enum ts_err ts_keyfile_write(
	const char *path, const struct ts_buf *line, bool replace, struct ts_why *why) TS_MUST;

#endif
