/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keyseal.h"
#include "evidence/sealed.h"
#include "keys/keyfile.h"
#include <sodium.h>
#include <string.h>

static enum ts_err line_of(const struct ts_secret *secret, const struct ts_passphrase *passphrase,
	struct ts_buf *out, struct ts_why *why)
{
	uint8_t salt[TS_SEALED_SALT_BYTES], nonce[TS_SEALED_NONCE_BYTES];
	struct ts_secret again;
	struct ts_str line;
	if (passphrase == NULL) {
		ts_secret_format(secret, out);
		return out->err;
	}
	randombytes_buf(salt, sizeof salt);
	randombytes_buf(nonce, sizeof nonce);
	TS_TRY(ts_sealed_write(
		secret, passphrase->text, TS_SEALED_COST_DEFAULT, salt, nonce, out, why));
	line = (struct ts_str){out->data, out->len};
	TS_TRY(ts_sealed_open(line, passphrase->text, &again, why));
	bool same = sodium_memcmp(again.seed, secret->seed, sizeof again.seed) == 0;
	ts_secret_wipe(&again);
	return same ? TS_OK : TS_E_INTERNAL;
}

enum ts_err ts_keyseal_write(const char *path, const struct ts_secret *secret,
	const struct ts_passphrase *passphrase, bool replace, struct ts_why *why)
{
	struct ts_buf line;
	ts_buf_init(&line, TS_SEALED_CHARS);
	enum ts_err err = line_of(secret, passphrase, &line, why);
	if (err == TS_OK)
		err = ts_keyfile_write(path, &line, replace, why);
	if (line.data != NULL)
		ts_wipe(line.data, line.len);
	ts_buf_free(&line);
	return err;
}
