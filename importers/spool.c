/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/spool.h"
#include "importers/frame/lines.h"
#include "importers/spool_file.h"
#include "importers/spool_state.h"
#include "keys/keyfile.h"
#include "keys/keyseal.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_BYTES_MAX (TS_RECORD_BYTES_MAX + 1)

static enum ts_err io_error(struct ts_why *why, const char *name, const char *what)
{
	return ts_why(why, TS_E_IO, name, "%s: %s", what, strerror(errno));
}

static enum ts_err write_state(struct ts_spool *spool, struct ts_why *why)
{
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&text, TS_SPOOL_FILE_BYTES_MAX);
	ts_spool_state_format(spool, &text);
	TS_TRY(text.err);
	return ts_spool_file_write(
		spool->dir_fd, "state", (struct ts_str){text.data, text.len}, 0600, why);
}

/* Cuts off what no commit covered and goes to the end. */
static enum ts_err open_appended(
	struct ts_spool *spool, const char *name, int64_t len, FILE **out, struct ts_why *why)
{
	int fd = openat(spool->dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return io_error(why, name, "open");
	struct stat info;
	enum ts_err err = TS_OK;
	if (fstat(fd, &info) != 0)
		err = io_error(why, name, "stat");
	else if (info.st_size < len)
		err = ts_why(why, TS_E_IO, name,
			"is %lld bytes long, the state says %lld: lines are missing",
			(long long)info.st_size, (long long)len);
	else if (info.st_size > len && ftruncate(fd, len) != 0)
		err = io_error(why, name, "truncate");
	if (err == TS_OK) {
		*out = fdopen(fd, "r+");
		if (*out && fseeko(*out, len, SEEK_SET) == 0)
			return TS_OK;
		err = io_error(why, name, "open");
	}
	if (*out) {
		fclose(*out);
		*out = NULL;
	} else {
		close(fd);
	}
	return err;
}

static enum ts_err lock_dir(struct ts_spool *spool, const char *dir, struct ts_why *why)
{
	size_t len = strlen(dir);
	if (len >= TS_SPOOL_PATH_MAX)
		return ts_why(why, TS_E_LIMIT, "stream", "the path is too long");
	memcpy(spool->dir, dir, len + 1);
	spool->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool->dir_fd < 0)
		return ts_why(why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, dir,
			"no stream folder: %s", strerror(errno));
	spool->lock_fd = openat(spool->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (spool->lock_fd < 0)
		return io_error(why, dir, "lock");
	if (flock(spool->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return ts_why(why, TS_E_IN_FLIGHT, dir, "another process works on this stream");
	return TS_OK;
}

static enum ts_err key_path(const char *dir, char out[TS_SPOOL_PATH_MAX + 16], struct ts_why *why)
{
	int n = snprintf(out, TS_SPOOL_PATH_MAX + 16, "%s/agent.key", dir);
	return n > 0 && n < TS_SPOOL_PATH_MAX + 16
		       ? TS_OK
		       : ts_why(why, TS_E_LIMIT, dir, "the path is too long");
}

enum ts_err ts_spool_unlock(struct ts_spool *spool, struct ts_why *why)
{
	char path[TS_SPOOL_PATH_MAX + 16];
	struct ts_secret secret;
	if (!spool->locked)
		return TS_OK;
	TS_TRY(key_path(spool->dir, path, why));
	enum ts_err err = ts_keyfile_open(path, spool->passphrase_file, &secret, why);
	if (err == TS_OK && !ts_key_eq(&secret.key, &spool->agent.key))
		err = ts_why(why, TS_E_KEY, path, "it has become another key");
	if (err == TS_OK) {
		spool->agent = secret;
		spool->locked = false;
	}
	ts_secret_wipe(&secret);
	return err;
}

static enum ts_err read_keys(struct ts_spool *spool, struct ts_why *why)
{
	char path[TS_SPOOL_PATH_MAX + 16];
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&text, TS_SPOOL_FILE_BYTES_MAX);
	TS_TRY(key_path(spool->dir, path, why));
	TS_TRY(ts_keyfile_public(path, &spool->agent.key, &spool->locked, why));
	if (!spool->locked)
		TS_TRY(ts_keyfile_read(path, &spool->agent, why));
	enum ts_err err = ts_spool_file_read(spool->dir_fd, "receipt.vkey", &text, why);
	spool->has_receipt_key = err == TS_OK;
	if (err == TS_E_NOT_FOUND)
		return TS_OK;
	TS_TRY(err);
	return ts_key_parse((struct ts_str){text.data, text.len}, &spool->receipt_key, why);
}

static enum ts_err read_enrolment(struct ts_spool *spool, struct ts_why *why)
{
	TS_TRY(ts_spool_file_read(spool->dir_fd, "enrolment.note", &spool->enrolment, why));
	TS_TRY(ts_note_parse(
		(struct ts_str){spool->enrolment.data, spool->enrolment.len}, &spool->note, why));
	TS_TRY(ts_key_statement_parse(spool->note.text, &spool->statement, why));
	if (!ts_key_eq(&spool->statement.key, &spool->agent.key))
		return ts_why(why, TS_E_KEY, spool->dir, "agent.key is not the enrolled key");
	return TS_OK;
}

static enum ts_err open_files(struct ts_spool *spool, struct ts_why *why)
{
	struct ts_buf text __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&text, TS_SPOOL_FILE_BYTES_MAX);
	TS_TRY(ts_hasher_init(&spool->hasher));
	TS_TRY(read_keys(spool, why));
	TS_TRY(read_enrolment(spool, why));
	TS_TRY(ts_spool_file_read(spool->dir_fd, "state", &text, why));
	TS_TRY(ts_spool_state_parse((struct ts_str){text.data, text.len}, spool, why));
	TS_TRY(open_appended(spool, "lines", spool->lines_bytes, &spool->lines, why));
	return open_appended(spool, "seen", spool->seen_bytes, &spool->seen_file, why);
}

enum ts_err ts_spool_open(
	const char *dir, const char *passphrase_file, struct ts_spool **out, struct ts_why *why)
{
	struct ts_spool *spool = calloc(1, sizeof(*spool));
	if (!spool)
		return TS_E_NO_MEMORY;
	(void)sodium_mlock(
		&spool->agent, sizeof(spool->agent)); /* best effort: the limit may be 0 */
	spool->dir_fd = -1;
	spool->lock_fd = -1;
	spool->passphrase_file = passphrase_file;
	ts_buf_init(&spool->enrolment, TS_NOTE_BYTES_MAX);
	enum ts_err err = lock_dir(spool, dir, why);
	if (err == TS_OK)
		err = open_files(spool, why);
	if (err != TS_OK) {
		ts_spool_close(spool);
		return err;
	}
	*out = spool;
	return TS_OK;
}

void ts_spool_close(struct ts_spool *spool)
{
	if (!spool)
		return;
	if (spool->lines)
		fclose(spool->lines);
	if (spool->seen_file)
		fclose(spool->seen_file);
	if (spool->lock_fd >= 0)
		close(spool->lock_fd);
	if (spool->dir_fd >= 0)
		close(spool->dir_fd);
	ts_hasher_free(&spool->hasher);
	ts_buf_free(&spool->enrolment);
	sodium_munlock(&spool->agent, sizeof(spool->agent)); /* wipes too */
	free(spool);
}

static enum ts_err make_dir(const char *dir, int *fd, struct ts_why *why)
{
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return io_error(why, dir, "mkdir");
	*fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return io_error(why, dir, "open");
	if (faccessat(*fd, "state", F_OK, 0) == 0) {
		close(*fd);
		*fd = -1;
		return ts_why(why, TS_E_CONFLICT, dir, "a stream lives here already");
	}
	return TS_OK;
}

static enum ts_err write_keys(
	const char *dir, int fd, const struct ts_spool_setup *setup, struct ts_why *why)
{
	char path[TS_SPOOL_PATH_MAX + 16];
	TS_TRY(key_path(dir, path, why));
	TS_TRY(ts_keyseal_write(path, setup->agent, setup->passphrase, true, why));
	if (setup->receipt_key) {
		char vkey[TS_VKEY_CHARS];
		TS_TRY(ts_spool_file_write(fd, "receipt.vkey",
			ts_str(ts_key_format(setup->receipt_key, vkey)), 0600, why));
	}
	return ts_spool_file_write(fd, "enrolment.note", setup->enrolment, 0600, why);
}

/* The state goes last: without it the folder holds no stream and create may be run again. */
static enum ts_err write_first(
	const char *dir, int fd, const struct ts_spool_setup *setup, struct ts_why *why)
{
	struct ts_note note;
	struct ts_key_statement statement;
	TS_TRY(ts_note_parse(setup->enrolment, &note, why));
	TS_TRY(ts_key_statement_parse(note.text, &statement, why));
	TS_TRY(write_keys(dir, fd, setup, why));
	const struct ts_record genesis = {.tag = TS_RECORD_GENESIS,
		.genesis = {.origin = statement.origin,
			.contract_note = setup->contract_note,
			.created_ms = setup->created_ms}};
	const char *reason = "";
	struct ts_buf line __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&line, LINE_BYTES_MAX);
	if (ts_record_format(&genesis, &line, &reason) != TS_OK)
		return ts_why(why, TS_E_INVALID, "g1", "%s", reason);
	ts_buf_putc(&line, '\n');
	TS_TRY(line.err);
	TS_TRY(ts_spool_file_write(fd, "lines", (struct ts_str){line.data, line.len}, 0600, why));
	if (mkdirat(fd, "receipts", 0700) != 0 && errno != EEXIST)
		return io_error(why, "receipts", "mkdir");
	struct ts_spool first = {.dir_fd = fd,
		.lines_n = 1,
		.lines_bytes = (int64_t)line.len,
		.closed_ms = statement.active_from_ms};
	return write_state(&first, why);
}

enum ts_err ts_spool_create(const char *dir, const struct ts_spool_setup *setup, struct ts_why *why)
{
	int fd = -1;
	TS_TRY(make_dir(dir, &fd, why));
	enum ts_err err = write_first(dir, fd, setup, why);
	close(fd);
	return err;
}

enum ts_err ts_spool_put(
	struct ts_spool *spool, const struct ts_record *record, int64_t *index, struct ts_why *why)
{
	struct ts_buf line __attribute__((cleanup(ts_buf_free)));
	const char *reason = "";
	ts_buf_init(&line, LINE_BYTES_MAX);
	enum ts_err err = ts_record_format(record, &line, &reason);
	if (err == TS_OK)
		err = ts_record_place(
			record, spool->statement.origin, spool->lines_n, NULL, &reason);
	if (err != TS_OK)
		return ts_why(why, err, "record", "%s", reason);
	ts_buf_putc(&line, '\n');
	TS_TRY(line.err);
	if (fwrite(line.data, 1, line.len, spool->lines) != line.len)
		return io_error(why, "lines", "write");
	if (index)
		*index = spool->lines_n;
	spool->uncommitted = true;
	spool->lines_n++;
	spool->lines_bytes += (int64_t)line.len;
	return TS_OK;
}

enum ts_err ts_spool_remember(
	struct ts_spool *spool, const struct ts_seen_entry *entry, struct ts_why *why)
{
	char line[TS_SEEN_LINE_BYTES + 1];
	size_t len = ts_seen_format(entry, line);
	if (fwrite(line, 1, len, spool->seen_file) != len)
		return io_error(why, "seen", "write");
	spool->uncommitted = true;
	spool->seen_bytes += (int64_t)len;
	return TS_OK;
}

static enum ts_err read_seen(struct ts_lines *lines, struct ts_seen *seen, struct ts_why *why)
{
	for (;;) {
		struct ts_line line;
		struct ts_seen_entry entry;
		bool got = false;
		TS_TRY(ts_lines_next(lines, &line, &got, why));
		if (!got)
			return TS_OK;
		enum ts_err err = ts_seen_parse(line.text, &entry);
		if (err == TS_OK)
			err = ts_seen_put(seen, &entry);
		if (err != TS_OK)
			return ts_why(
				why, err, "seen", "damaged near row %lld", (long long)line.number);
	}
}

enum ts_err ts_spool_seen(struct ts_spool *spool, struct ts_seen *seen, struct ts_why *why)
{
	struct ts_lines lines;
	struct ts_input *input = NULL;
	if (fflush(spool->seen_file) != 0 || fseeko(spool->seen_file, 0, SEEK_SET) != 0)
		return io_error(why, "seen", "seek");
	TS_TRY(ts_input_open(spool->seen_file, &input, why));
	enum ts_err err = ts_lines_open(&lines, input, TS_SEEN_LINE_BYTES, false);
	if (err == TS_OK) {
		err = read_seen(&lines, seen, why);
		ts_lines_close(&lines);
	}
	ts_input_close(input);
	if (err != TS_OK)
		return err;
	if (fseeko(spool->seen_file, spool->seen_bytes, SEEK_SET) != 0)
		return io_error(why, "seen", "seek");
	return TS_OK;
}

static enum ts_err sync_file(FILE *file, const char *name, struct ts_why *why)
{
	if (fflush(file) != 0 || fdatasync(fileno(file)) != 0)
		return io_error(why, name, "sync");
	return TS_OK;
}

enum ts_err ts_spool_commit(struct ts_spool *spool, struct ts_why *why)
{
	TS_TRY(sync_file(spool->lines, "lines", why));
	TS_TRY(sync_file(spool->seen_file, "seen", why));
	TS_TRY(write_state(spool, why));
	spool->uncommitted = false;
	return TS_OK;
}

enum ts_err ts_spool_read(struct ts_spool *spool, int64_t from, int64_t lines_max, size_t bytes_max,
	struct ts_buf *out, int64_t *n, struct ts_why *why)
{
	char piece[65536];
	size_t whole = out->len;
	size_t begin = out->len;
	int64_t count = 0;
	int64_t at = from;
	while (count < lines_max && at < spool->lines_bytes) {
		ssize_t got = pread(fileno(spool->lines), piece, sizeof(piece), at);
		if (got <= 0)
			return io_error(why, "lines", "read");
		at += got;
		for (char *p = piece; count < lines_max;) {
			size_t left = (size_t)(piece + got - p);
			char *lf = memchr(p, '\n', left);
			size_t take = lf ? (size_t)(lf - p) + 1 : left;
			if (count > 0 && out->len - begin + take > bytes_max)
				lines_max = count;
			else
				ts_buf_put(out, p, take);
			if (!lf || lines_max == count)
				break;
			whole = out->len;
			count++;
			p = lf + 1;
		}
	}
	TS_TRY(out->err);
	out->len = whole;
	*n = count;
	return TS_OK;
}

enum ts_err ts_spool_sent(struct ts_spool *spool, const struct ts_range *range, int64_t bytes,
	struct ts_str receipt, struct ts_why *why)
{
	TS_ASSERT(!spool->uncommitted);
	TS_ASSERT(range->size <= spool->lines_n && bytes <= spool->lines_bytes);
	if (receipt.len) {
		char name[64];
		snprintf(name, sizeof(name), "%019lld.note", (long long)range->size);
		int fd = openat(spool->dir_fd, "receipts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return io_error(why, "receipts", "open");
		enum ts_err err = ts_spool_file_write(fd, name, receipt, 0600, why);
		close(fd);
		TS_TRY(err);
	}
	spool->sent_range = *range;
	spool->sent_n = range->size;
	spool->sent_bytes = bytes;
	return write_state(spool, why);
}
