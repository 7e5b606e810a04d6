/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keyfile.h"
#include "keys/folder.h"
#include "evidence/sealed.h"
#include "keys/passphrase.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYFILE_BYTES_MAX 1024

static enum ts_err read_all(int fd, const char *path, char *out, size_t *len, struct ts_why *why)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return ts_why(why, TS_E_IO, path, "cannot stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ts_why(why, TS_E_KEY, path, "is not a file");
	if ((st.st_mode & 07777) != 0400)
		return ts_why(why, TS_E_KEY, path,
			"mode %04o: a private key is read by its owner and by nobody else, such as "
			"group or others, and never written over: chmod 0400 it",
			(unsigned)(st.st_mode & 07777));
	size_t used = 0;
	for (;;) {
		ssize_t got = read(fd, out + used, KEYFILE_BYTES_MAX - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ts_why(why, TS_E_IO, path, "cannot read: %s", strerror(errno));
		if (got == 0)
			break;
		used += (size_t)got;
		if (used == KEYFILE_BYTES_MAX)
			return ts_why(why, TS_E_LIMIT, path, "not a key file: over %d bytes",
				KEYFILE_BYTES_MAX);
	}
	*len = used;
	return TS_OK;
}

static enum ts_err read_line(const char *path, char *line, size_t *len, struct ts_why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ts_why(why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, path,
			"cannot open the key file: %s", strerror(errno));
	(void)sodium_mlock(line, KEYFILE_BYTES_MAX); /* best effort: the limit may be 0 */
	enum ts_err err = read_all(fd, path, line, len, why);
	close(fd);
	return err;
}

static enum ts_err open_sealed(const char *path, struct ts_str line, const char *passphrase_file,
	struct ts_secret *out, struct ts_why *why)
{
	struct ts_passphrase passphrase = {0};
	TS_TRY(ts_passphrase_read(passphrase_file, path, false, &passphrase, why));
	enum ts_err err = ts_sealed_open(line, passphrase.text, out, why);
	ts_passphrase_wipe(&passphrase);
	return err == TS_OK ? TS_OK : ts_why(why, err, path, "%s", why != NULL ? why->text : "");
}

enum ts_err ts_keyfile_open(
	const char *path, const char *passphrase_file, struct ts_secret *out, struct ts_why *why)
{
	char line[KEYFILE_BYTES_MAX];
	size_t len = 0;
	enum ts_err err = read_line(path, line, &len, why);
	struct ts_str text = {line, len};
	(void)sodium_mlock(out, sizeof *out);
	if (err == TS_OK && ts_sealed_is(text)) {
		err = open_sealed(path, text, passphrase_file, out, why);
	} else if (err == TS_OK) {
		err = ts_secret_parse(text, out, why);
		if (err == TS_E_MALFORMED)
			err = ts_why(why, err, path,
				"not a private key line (PRIVATE+KEY+name+id+base64)");
	}
	sodium_munlock(line, sizeof line); /* wipes too */
	return err;
}

enum ts_err ts_keyfile_read(const char *path, struct ts_secret *out, struct ts_why *why)
{
	return ts_keyfile_open(path, NULL, out, why);
}

enum ts_err ts_keyfile_public(
	const char *path, struct ts_key *out, bool *sealed, struct ts_why *why)
{
	char line[KEYFILE_BYTES_MAX];
	struct ts_secret secret;
	size_t len = 0;
	enum ts_err err = read_line(path, line, &len, why);
	struct ts_str text = {line, len};
	*sealed = err == TS_OK && ts_sealed_is(text);
	if (*sealed) {
		err = ts_sealed_key(text, out, why);
	} else if (err == TS_OK) {
		err = ts_secret_parse(text, &secret, why);
		if (err == TS_OK)
			*out = secret.key;
		ts_secret_wipe(&secret);
	}
	sodium_munlock(line, sizeof line);
	return err;
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

/* Also when the process is ended half-way: written beside its place, then renamed or linked there;
 * a link never replaces a file. */
enum ts_err ts_keyfile_write(
	const char *path, const struct ts_buf *line, bool replace, struct ts_why *why)
{
	char fresh[PATH_MAX];
	int n = snprintf(fresh, sizeof fresh, "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof fresh)
		return ts_why(why, TS_E_LIMIT, path, "path too long");
	if (!replace && access(path, F_OK) == 0)
		return ts_why(why, TS_E_CONFLICT, path, "exists; a key file is never written over");
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
	return ts_folder_sync(path, why);
}

enum ts_err ts_keyfile_create(const char *path, const char *name, enum ts_key_type type,
	struct ts_secret *out, struct ts_why *why)
{
	uint8_t seed[TS_KEY_SEED_BYTES];
	TS_TRY(ts_key_name_check(ts_str(name), why));
	randombytes_buf(seed, sizeof seed);
	enum ts_err err = ts_secret_make(ts_str(name), type, seed, out);
	ts_wipe(seed, sizeof seed);
	if (err != TS_OK)
		return ts_why(why, err, path, "cannot make a key named %s", name);
	struct ts_buf line;
	ts_buf_init(&line, KEYFILE_BYTES_MAX);
	ts_secret_format(out, &line);
	err = line.err != TS_OK ? line.err : ts_keyfile_write(path, &line, false, why);
	if (line.data != NULL)
		ts_wipe(line.data, line.len);
	ts_buf_free(&line);
	if (err != TS_OK)
		ts_secret_wipe(out);
	return err;
}
