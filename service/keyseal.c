/* SPDX-License-Identifier: Apache-2.0 */
#include "service/keyseal.h"
#include "evidence/sealed.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static bool write_line(int fd, const struct ts_buf *line)
{
	size_t done = 0;
	while (done < line->len) {
		ssize_t n = write(fd, line->data + done, line->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return fsync(fd) == 0;
}

static void sync_folder(const char *path)
{
	char copy[PATH_MAX];
	snprintf(copy, sizeof copy, "%s", path);
	int dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	(void)fsync(dir); /* the file itself is on disk; at worst its old name comes back */
	close(dir);
}

/* Written beside its place, then renamed or linked there: a reader sees a whole file or none. */
static enum ts_err put(
	const char *path, const struct ts_buf *line, bool replace, struct ts_why *why)
{
	char fresh[PATH_MAX];
	int n = snprintf(fresh, sizeof fresh, "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof fresh)
		return ts_why(why, TS_E_LIMIT, path, "path too long");
	(void)unlink(fresh); /* of one that was ended half-way */
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return ts_why(why, TS_E_IO, path, "cannot create: %s", strerror(errno));
	bool ok = write_line(fd, line);
	ok = close(fd) == 0 && ok;
	ok = ok && (replace ? rename(fresh, path) : link(fresh, path)) == 0;
	int failed = ok ? 0 : errno;
	(void)unlink(fresh);
	if (failed == EEXIST)
		return ts_why(why, TS_E_CONFLICT, path, "exists; a key file is never written over");
	if (!ok)
		return ts_why(
			why, TS_E_IO, path, "cannot write the key file: %s", strerror(failed));
	sync_folder(path);
	return TS_OK;
}

enum ts_err ts_keyseal_write(const char *path, const struct ts_secret *secret,
	const struct ts_passphrase *passphrase, bool replace, struct ts_why *why)
{
	struct ts_buf line;
	ts_buf_init(&line, TS_SEALED_CHARS);
	enum ts_err err = line_of(secret, passphrase, &line, why);
	if (err == TS_OK)
		err = put(path, &line, replace, why);
	if (line.data != NULL)
		ts_wipe(line.data, line.len);
	ts_buf_free(&line);
	return err;
}
