/* SPDX-License-Identifier: Apache-2.0 */
#include "service/key/signer.h"
#include "keys/keyfile.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOCK_STEP_MS 20

struct ts_signer {
	struct ts_signer_options options;
	char dir[PATH_MAX - 128];
	int dir_fd, lock_fd;
	struct ts_hasher hasher;
	struct ts_secret secret; /* of the request under way; the memory is locked */
};

static bool lock(int fd, int64_t wait_ms)
{
	const struct timespec step = {0, LOCK_STEP_MS * 1000000};
	for (int64_t waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_STEP_MS) {
		if (waited >= wait_ms)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

enum ts_err ts_signer_open(
	const struct ts_signer_options *options, struct ts_signer **out, struct ts_why *why)
{
	const char *dir = options->dir;
	struct ts_signer *signer = calloc(1, sizeof *signer);
	if (signer == NULL || strlen(dir) >= sizeof signer->dir) {
		free(signer);
		return ts_why(why, TS_E_NO_MEMORY, dir, "cannot open the signer's folder");
	}
	TS_ASSERT(sodium_init() >= 0);
	signer->options = *options;
	memcpy(signer->dir, dir, strlen(dir) + 1);
	signer->lock_fd = -1;
	(void)sodium_mlock(&signer->secret, sizeof signer->secret); /* best effort */
	signer->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (signer->dir_fd >= 0)
		signer->lock_fd = openat(
			signer->dir_fd, "signer.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	enum ts_err err = TS_OK;
	if (signer->lock_fd < 0)
		err = ts_why(why, TS_E_IO, dir, "cannot open: %s", strerror(errno));
	else if (!lock(signer->lock_fd, options->wait_ms))
		err = ts_why(why, TS_E_CONFLICT, dir, "another signer works on this folder");
	else
		err = ts_hasher_init(&signer->hasher);
	if (err != TS_OK) {
		ts_signer_close(signer);
		return err;
	}
	*out = signer;
	return TS_OK;
}

void ts_signer_close(struct ts_signer *signer)
{
	if (signer == NULL)
		return;
	ts_hasher_free(&signer->hasher);
	if (signer->lock_fd >= 0)
		(void)close(signer->lock_fd);
	if (signer->dir_fd >= 0)
		(void)close(signer->dir_fd);
	sodium_munlock(&signer->secret, sizeof signer->secret); /* wipes too */
	free(signer);
}

static void step(const struct ts_signer *signer, const char *name)
{
	if (signer->options.step != NULL)
		signer->options.step(signer->options.arg, name);
}

/* `<contract>.<log>`, which is what an origin of ours is called in the folder. */
static void file_name(struct ts_str origin, const char *suffix, char out[96])
{
	struct ts_str contract = {NULL, 0};
	enum ts_log_kind kind = TS_LOG_INPUTS;
	enum ts_err err = ts_signing_origin(origin, &contract, &kind, NULL);
	TS_ASSERT(err == TS_OK); /* the parser of requests refuses any other */
	(void)snprintf(out, 96, "%.*s.%s%s", (int)contract.len, contract.at,
		kind == TS_LOG_INPUTS ? "inputs" : "journal", suffix);
}

static bool read_file(int fd, char *out, size_t max, size_t *len)
{
	*len = 0;
	while (*len < max) {
		ssize_t n = read(fd, out + *len, max - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			return true;
		*len += (size_t)n;
	}
	return false; /* longer than any checkpoint text */
}

/* What was signed last; size 0 when there is no state. A state that cannot be read is not an empty
 * one: false. The origin borrows from the request. */
static bool state_read(struct ts_signer *signer, struct ts_str origin, struct ts_checkpoint *out)
{
	char name[96], text[TS_CHECKPOINT_CHARS + 1];
	size_t len = 0;
	*out = (struct ts_checkpoint){.origin = origin, .size = 0, .root = ts_hash_empty};
	file_name(origin, ".state", name);
	int fd = openat(signer->dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	bool whole = read_file(fd, text, sizeof text, &len);
	(void)close(fd);
	struct ts_checkpoint stored;
	if (!whole || ts_checkpoint_parse((struct ts_str){text, len}, &stored, NULL) != TS_OK ||
		!ts_str_eq(stored.origin, origin))
		return false;
	out->size = stored.size;
	out->root = stored.root;
	return true;
}

static bool write_file(const struct ts_signer *signer, int fd, struct ts_str text)
{
	size_t done = 0;
	while (done < text.len) {
		ssize_t n = write(fd, text.at + done, text.len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	step(signer, "written");
	return fsync(fd) == 0;
}

/* Old state or new state, never something between, and the new one is on disk when this returns. */
static bool state_write(struct ts_signer *signer, const struct ts_checkpoint *state)
{
	char name[96], fresh[96];
	struct ts_buf text;
	file_name(state->origin, ".state", name);
	file_name(state->origin, ".state.new", fresh);
	ts_buf_init(&text, TS_CHECKPOINT_CHARS);
	ts_checkpoint_format(state, &text);
	int fd = openat(signer->dir_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	step(signer, "created");
	bool ok = text.err == TS_OK && fd >= 0 &&
		  write_file(signer, fd, (struct ts_str){text.data, text.len});
	step(signer, "synced");
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	ok = ok && renameat(signer->dir_fd, fresh, signer->dir_fd, name) == 0;
	step(signer, "renamed");
	ok = ok && fsync(signer->dir_fd) == 0;
	step(signer, "folder synced");
	ts_buf_free(&text);
	return ok;
}

/* The key of an origin into signer->secret. TS_E_NOT_FOUND. */
static enum ts_err key_load(
	struct ts_signer *signer, struct ts_str origin, bool make, struct ts_why *why)
{
	char file[96], path[PATH_MAX], name[TS_ORIGIN_MAX + 1];
	file_name(origin, ".key", file);
	(void)snprintf(path, sizeof path, "%s/%s", signer->dir, file);
	(void)snprintf(name, sizeof name, "%.*s", (int)origin.len, origin.at);
	enum ts_err err = ts_keyfile_read(path, &signer->secret, why);
	if (err == TS_E_NOT_FOUND && make)
		err = ts_keyfile_create(path, name, TS_KEY_ED25519, &signer->secret, why);
	TS_TRY(err);
	if (strcmp(signer->secret.key.name, name) == 0 && signer->secret.key.type == TS_KEY_ED25519)
		return TS_OK;
	return ts_why(why, TS_E_KEY, path, "holds a key for another name than %s", name);
}

static void refuse(
	enum ts_signing_refusal refusal, const struct ts_checkpoint *last, struct ts_buf *out)
{
	const struct ts_signing_answer answer = {
		.kind = TS_SIGNING_REFUSED, .refusal = refusal, .size = last->size};
	ts_signing_answer_format(&answer, out);
}

static void answer_make(struct ts_signer *signer, struct ts_str origin, struct ts_buf *out)
{
	struct ts_signing_answer answer = {.kind = TS_SIGNING_KEY};
	const struct ts_checkpoint none = {.size = 0};
	if (key_load(signer, origin, true, NULL) != TS_OK) {
		refuse(TS_SIGNING_FAILED, &none, out);
		return;
	}
	answer.key = signer->secret.key;
	ts_signing_answer_format(&answer, out);
}

/* The signature line of the checkpoint's text, without its LF. */
static void put_line(struct ts_signer *signer, const struct ts_checkpoint *next, struct ts_buf *out)
{
	struct ts_buf text, line;
	ts_buf_init(&text, TS_CHECKPOINT_CHARS);
	ts_buf_init(&line, TS_SIGNING_LINE_MAX);
	ts_checkpoint_format(next, &text);
	enum ts_err err = text.err;
	if (err == TS_OK)
		err = ts_note_sign(&signer->secret, (struct ts_str){text.data, text.len}, &line);
	if (err == TS_OK && line.err == TS_OK) {
		const struct ts_signing_answer answer = {
			.kind = TS_SIGNING_LINE, .line = {line.data, line.len - 1}};
		ts_signing_answer_format(&answer, out);
	} else {
		refuse(TS_SIGNING_FAILED, next, out);
	}
	ts_buf_free(&line);
	ts_buf_free(&text);
}

static void answer_sign(
	struct ts_signer *signer, const struct ts_signing_request *request, struct ts_buf *out)
{
	struct ts_checkpoint last;
	if (!state_read(signer, request->checkpoint.origin, &last)) {
		refuse(TS_SIGNING_FAILED, &last, out);
		return;
	}
	enum ts_err err = key_load(signer, request->checkpoint.origin, false, NULL);
	enum ts_signing_refusal refusal = err == TS_E_NOT_FOUND ? TS_SIGNING_NO_KEY
					  : err != TS_OK        ? TS_SIGNING_FAILED
								: ts_signing_decide(
									  &signer->hasher, &last, request);
	step(signer, "decided");
	if (refusal == TS_SIGNING_OK && request->checkpoint.size > last.size &&
		!state_write(signer, &request->checkpoint))
		refusal = TS_SIGNING_FAILED;
	if (refusal == TS_SIGNING_OK)
		put_line(signer, &request->checkpoint, out);
	else
		refuse(refusal, &last, out);
}

static void answer_last(struct ts_signer *signer, struct ts_str origin, struct ts_buf *out)
{
	struct ts_checkpoint last;
	if (!state_read(signer, origin, &last)) {
		refuse(TS_SIGNING_FAILED, &last, out);
		return;
	}
	const struct ts_signing_answer answer = {
		.kind = TS_SIGNING_WAS, .size = last.size, .root = last.root};
	ts_signing_answer_format(&answer, out);
}

enum ts_err ts_signer_answer(
	struct ts_signer *signer, struct ts_str line, struct ts_buf *out, struct ts_why *why)
{
	static const struct ts_signing_answer pong = {.kind = TS_SIGNING_PONG};
	struct ts_signing_request request;
	TS_TRY(ts_signing_parse(line, &request, why));
	switch (request.kind) {
	case TS_SIGNING_PING:
		ts_signing_answer_format(&pong, out);
		break;
	case TS_SIGNING_MAKE:
		answer_make(signer, request.checkpoint.origin, out);
		break;
	case TS_SIGNING_LAST:
		answer_last(signer, request.checkpoint.origin, out);
		break;
	case TS_SIGNING_SIGN:
		answer_sign(signer, &request, out);
		break;
	}
	ts_secret_wipe(&signer->secret);
	step(signer, "answered");
	return out->err;
}
