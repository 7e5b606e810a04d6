/* SPDX-License-Identifier: Apache-2.0 */
#include "service/key/keyring.h"
#include "keys/keyfile.h"
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct ts_keyring {
	char dir[PATH_MAX];
	struct ts_secret operator, receipt;
};

static enum ts_err key_path(
	const char *dir, const char *name, char *out, size_t out_bytes, struct ts_why *why)
{
	int n = snprintf(out, out_bytes, "%s/%s.key", dir, name);
	if (n < 0 || (size_t)n >= out_bytes)
		return ts_why(why, TS_E_LIMIT, dir, "the path of the key folder is too long");
	return TS_OK;
}

static enum ts_err ensure(const char *dir, const char *file, const char *name,
	enum ts_key_type type, struct ts_secret *out, struct ts_why *why)
{
	char path[PATH_MAX];
	TS_TRY(key_path(dir, file, path, sizeof path, why));
	enum ts_err err = ts_keyfile_read(path, out, why);
	if (err == TS_E_NOT_FOUND)
		err = ts_keyfile_create(path, name, type, out, why);
	TS_TRY(err);
	if (strcmp(out->key.name, name) != 0 || out->key.type != type) {
		ts_secret_wipe(out);
		return ts_why(why, TS_E_KEY, path, "holds a key for another name than %s", name);
	}
	return TS_OK;
}

enum ts_err ts_keyring_create(const char *dir, const char *domain, struct ts_why *why)
{
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return ts_why(why, TS_E_IO, dir, "cannot make the key folder: %s", strerror(errno));
	char name[TS_KEY_NAME_MAX + 1];
	struct ts_secret secret;
	static const struct {
		const char *file, *suffix;
		enum ts_key_type type;
	} keys[] = {{"operator", "operator", TS_KEY_ED25519},
		{"receipt", "receipts", TS_KEY_COSIGNATURE}};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		int n = snprintf(name, sizeof name, "%s/%s", domain, keys[i].suffix);
		if (n < 0 || (size_t)n >= sizeof name)
			return ts_why(why, TS_E_LIMIT, "domain", "the domain is too long");
		TS_TRY(ensure(dir, keys[i].file, name, keys[i].type, &secret, why));
		ts_secret_wipe(&secret);
	}
	return TS_OK;
}

enum ts_err ts_keyring_open(const char *dir, struct ts_keyring **out, struct ts_why *why)
{
	char path[PATH_MAX];
	struct ts_keyring *keyring = calloc(1, sizeof *keyring);
	if (keyring == NULL || strlen(dir) >= sizeof keyring->dir) {
		free(keyring);
		return ts_why(why, TS_E_NO_MEMORY, dir, "cannot open the key folder");
	}
	(void)sodium_mlock(keyring, sizeof *keyring); /* best effort: the limit may be 0 */
	memcpy(keyring->dir, dir, strlen(dir) + 1);
	enum ts_err err = key_path(dir, "operator", path, sizeof path, why);
	if (err == TS_OK)
		err = ts_keyfile_read(path, &keyring->operator, why);
	if (err == TS_OK)
		err = key_path(dir, "receipt", path, sizeof path, why);
	if (err == TS_OK)
		err = ts_keyfile_read(path, &keyring->receipt, why);
	if (err != TS_OK) {
		ts_keyring_close(keyring);
		return err;
	}
	*out = keyring;
	return TS_OK;
}

void ts_keyring_close(struct ts_keyring *keyring)
{
	if (keyring == NULL)
		return;
	sodium_munlock(keyring, sizeof *keyring); /* wipes too */
	free(keyring);
}

const struct ts_secret *ts_keyring_operator(const struct ts_keyring *keyring)
{
	return &keyring->operator;
}

const struct ts_secret *ts_keyring_receipt(const struct ts_keyring *keyring)
{
	return &keyring->receipt;
}
