/* SPDX-License-Identifier: Apache-2.0 */
#include "service/witness/witness_store.h"
#include "keys/folder.h"
#include "service/textfile.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_BYTES_MAX 1024
#define REPEAT_S 60

/* How often a log was cosigned in the present minute. */
struct tally {
	char id[TS_WITNESS_ID_CHARS + 1];
	int64_t minute, n;
};
struct ts_witness_store {
	const char *dir;
	int lock_fd;
	struct ts_secret secret;
	pthread_mutex_t lock; /* compare and persist is one step; and tallies */
	struct tally *tallies;
	size_t tallies_n;
};

static enum ts_err path_of(
	const char *dir, const char *id, const char *name, char out[PATH_MAX], struct ts_why *why)
{
	int n = snprintf(out, PATH_MAX, "%s%s%s%s%s", dir, id[0] != '\0' ? "/" : "", id,
		name[0] != '\0' ? "/" : "", name);
	return n > 0 && n < PATH_MAX ? TS_OK : ts_why(why, TS_E_LIMIT, dir, "path too long");
}

static enum ts_err make_folder(const char *path, struct ts_why *why)
{
	if (mkdir(path, 0700) == 0)
		return ts_folder_sync(path, why);
	return errno == EEXIST ? TS_OK
			       : ts_why(why, TS_E_IO, path, "cannot create: %s", strerror(errno));
}

static enum ts_err take_lock(struct ts_witness_store *store, struct ts_why *why)
{
	char path[PATH_MAX];
	TS_TRY(path_of(store->dir, "", "lock", path, why));
	store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock_fd < 0)
		return ts_why(why, TS_E_IO, path, "cannot open: %s", strerror(errno));
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return ts_why(why, TS_E_CONFLICT, path, "another witness runs on this folder");
	return TS_OK;
}

enum ts_err ts_witness_store_open(const char *dir, const struct ts_secret *secret,
	struct ts_witness_store **out, struct ts_why *why)
{
	if (secret->key.type != TS_KEY_COSIGNATURE)
		return ts_why(why, TS_E_KEY, secret->key.name, "a witness key has type %d",
			(int)TS_KEY_COSIGNATURE);
	TS_TRY(make_folder(dir, why));
	struct ts_witness_store *store = calloc(1, sizeof *store);
	if (store == NULL)
		return TS_E_NO_MEMORY;
	store->dir = strdup(dir);
	store->lock_fd = -1;
	store->secret = *secret;
	pthread_mutex_init(&store->lock, NULL);
	enum ts_err err = store->dir != NULL ? take_lock(store, why) : TS_E_NO_MEMORY;
	if (err != TS_OK) {
		ts_witness_store_close(store);
		return err;
	}
	*out = store;
	return TS_OK;
}

void ts_witness_store_close(struct ts_witness_store *store)
{
	if (store == NULL)
		return;
	if (store->lock_fd >= 0)
		(void)close(store->lock_fd);
	ts_secret_wipe(&store->secret);
	pthread_mutex_destroy(&store->lock);
	free(store->tallies);
	free((char *)(uintptr_t)store->dir);
	free(store);
}

/* --- the file `log` --- */

static enum ts_err parse_log(struct ts_str text, struct ts_witness_log *out, struct ts_why *why)
{
	struct ts_str vkey, policy;
	static const char vkey_name[] = "vkey ", policy_name[] = "per-minute ";
	if (!ts_str_line(&text, &vkey) || !ts_str_line(&text, &policy) || text.len != 0 ||
		vkey.len < sizeof vkey_name || policy.len < sizeof policy_name ||
		memcmp(vkey.at, vkey_name, sizeof vkey_name - 1) != 0 ||
		memcmp(policy.at, policy_name, sizeof policy_name - 1) != 0)
		return ts_why(
			why, TS_E_MALFORMED, "log", "must be \"vkey KEY\" and \"per-minute N\"");
	vkey = (struct ts_str){vkey.at + sizeof vkey_name - 1, vkey.len - sizeof vkey_name + 1};
	policy = (struct ts_str){
		policy.at + sizeof policy_name - 1, policy.len - sizeof policy_name + 1};
	TS_TRY(ts_key_parse(vkey, &out->key, why));
	return ts_text_u63(policy, &out->per_minute);
}

enum ts_err ts_witness_log_read(
	const char *dir, const char *id, struct ts_witness_log *out, struct ts_why *why)
{
	char path[PATH_MAX];
	struct ts_buf file;
	TS_TRY(path_of(dir, id, "log", path, why));
	ts_buf_init(&file, LOG_BYTES_MAX);
	enum ts_err err = ts_textfile_read(path, &file, why);
	if (err == TS_OK)
		err = parse_log((struct ts_str){file.data, file.len}, out, why);
	ts_buf_free(&file);
	return err;
}

enum ts_err ts_witness_log_add(
	const char *dir, const struct ts_witness_log *log, struct ts_why *why)
{
	char path[PATH_MAX], id[TS_WITNESS_ID_CHARS + 1], vkey[TS_VKEY_CHARS], text[LOG_BYTES_MAX];
	struct ts_witness_log known;
	if (log->key.type != TS_KEY_ED25519)
		return ts_why(
			why, TS_E_KEY, log->key.name, "a log key has type %d", (int)TS_KEY_ED25519);
	TS_TRY(ts_key_acceptable(&log->key, why));
	ts_witness_id(ts_str(log->key.name), id);
	TS_TRY(make_folder(dir, why));
	enum ts_err err = ts_witness_log_read(dir, id, &known, why);
	if (err == TS_OK && !ts_key_eq(&known.key, &log->key))
		return ts_why(why, TS_E_CONFLICT, log->key.name,
			"this log is known under another key; a witness never changes that");
	if (err != TS_OK && err != TS_E_NOT_FOUND)
		return err;
	TS_TRY(path_of(dir, id, "", path, why));
	TS_TRY(make_folder(path, why));
	TS_TRY(path_of(dir, id, "log", path, why));
	snprintf(text, sizeof text, "vkey %s\nper-minute %lld\n", ts_key_format(&log->key, vkey),
		(long long)log->per_minute);
	TS_TRY(ts_textfile_write(path, text, strlen(text), why));
	return ts_folder_sync(path, why);
}

/* --- the file `checkpoint` --- */

/* What is remembered of a log; *own borrows from the file. The file was written by this witness: a
 * damaged one stops it from signing, because to start again from nothing would be to forget. */
static enum ts_err read_state(const struct ts_witness_store *store, const char *id,
	struct ts_buf *file, struct ts_checkpoint *out, struct ts_note_sig *own, struct ts_why *why)
{
	char path[PATH_MAX];
	struct ts_note note;
	*out = (struct ts_checkpoint){.size = 0};
	*own = (struct ts_note_sig){.valid = false};
	TS_TRY(path_of(store->dir, id, "checkpoint", path, why));
	enum ts_err err = ts_textfile_read(path, file, why);
	if (err == TS_E_NOT_FOUND)
		return TS_OK;
	TS_TRY(err);
	if (ts_note_parse((struct ts_str){file->data, file->len}, &note, NULL) != TS_OK ||
		ts_checkpoint_parse(note.text, out, NULL) != TS_OK ||
		ts_note_verify(&note, &store->secret.key, 1, own, NULL) != TS_OK)
		return ts_why(why, TS_E_INTERNAL, path,
			"is damaged; restore it, or give this witness a new key and folder");
	return TS_OK;
}

static enum ts_err persist(struct ts_witness_store *store, const char *id,
	const struct ts_witness_request *request, struct ts_str line, struct ts_why *why)
{
	char path[PATH_MAX];
	struct ts_buf note;
	const struct ts_sigline *log_line = NULL;
	TS_TRY(path_of(store->dir, id, "checkpoint", path, why));
	for (size_t i = 0; i < request->note.n && log_line == NULL; i++)
		if (ts_str_eq(request->note.lines[i].name, request->checkpoint.origin))
			log_line = &request->note.lines[i];
	if (log_line == NULL) /* it was verified */
		return TS_E_INTERNAL;
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	ts_note_begin(request->note.text, &note);
	ts_buf_put(&note, log_line->line.at, log_line->line.len);
	ts_buf_put(&note, line.at, line.len);
	enum ts_err err = note.err;
	if (err == TS_OK)
		err = ts_textfile_write(path, note.data, note.len, why);
	if (err == TS_OK)
		err = ts_folder_sync(path, why);
	ts_buf_free(&note);
	return err;
}

/* The log's tally; NULL without memory. Under the lock. */
static struct tally *tally_of(struct ts_witness_store *store, const char *id)
{
	for (size_t i = 0; i < store->tallies_n; i++)
		if (strcmp(store->tallies[i].id, id) == 0)
			return &store->tallies[i];
	struct tally *more = reallocarray(
		store->tallies, store->tallies_n + 1, sizeof *store->tallies);
	if (more == NULL)
		return NULL;
	store->tallies = more;
	more[store->tallies_n] = (struct tally){.minute = 0};
	memcpy(more[store->tallies_n].id, id, sizeof more->id);
	return &more[store->tallies_n++];
}

/* What one add-checkpoint works on, under the lock. */
struct adding {
	struct ts_witness_store *store;
	struct ts_hasher *hasher;
	const struct ts_witness_log *log;
	const struct ts_witness_request *request;
	const char *id;
	int64_t now_s;
};

static enum ts_err cosign(struct adding *a, struct ts_buf *line, struct ts_why *why)
{
	struct tally *tally = tally_of(a->store, a->id);
	size_t before = line->len;
	if (tally == NULL)
		return TS_E_NO_MEMORY;
	if (tally->minute != a->now_s / 60)
		tally->n = 0;
	tally->minute = a->now_s / 60;
	if (tally->n >= a->log->per_minute)
		return ts_why(why, TS_E_BUSY, a->log->key.name, "over %lld cosignatures a minute",
			(long long)a->log->per_minute);
	TS_TRY(ts_checkpoint_cosign(&a->store->secret, a->request->note.text, a->now_s, line));
	TS_TRY(persist(a->store, a->id, a->request,
		(struct ts_str){line->data + before, line->len - before}, why));
	tally->n++;
	return TS_OK;
}

static enum ts_err add_locked(
	struct adding *a, struct ts_buf *line, int64_t *size, struct ts_why *why)
{
	struct ts_buf file;
	struct ts_checkpoint last;
	struct ts_note_sig own;
	ts_buf_init(&file, TS_NOTE_BYTES_MAX);
	enum ts_err err = read_state(a->store, a->id, &file, &last, &own, why);
	if (err == TS_OK) {
		*size = last.size;
		err = ts_witness_judge(a->hasher, a->request, last.size, &last.root, why);
	}
	/* A repeat soon after gets the same line: whoever repeats learns what was promised, and
	 * makes no work. */
	bool repeat = err == TS_OK && own.valid && last.size == a->request->checkpoint.size &&
		      a->now_s - own.time_s < REPEAT_S;
	if (repeat) {
		ts_buf_put(line, own.line.at, own.line.len);
		err = line->err;
	}
	ts_buf_free(&file);
	if (err != TS_OK || repeat)
		return err;
	return cosign(a, line, why);
}

enum ts_err ts_witness_store_add(struct ts_witness_store *store, struct ts_hasher *hasher,
	const struct ts_witness_request *request, int64_t now_s, struct ts_buf *line, int64_t *size,
	struct ts_why *why)
{
	char id[TS_WITNESS_ID_CHARS + 1];
	struct ts_witness_log log;
	struct ts_str origin = request->checkpoint.origin;
	ts_witness_id(origin, id);
	enum ts_err err = ts_witness_log_read(store->dir, id, &log, why);
	if (err == TS_E_NOT_FOUND)
		return ts_why(why, TS_E_NOT_FOUND, "origin", "no log %.*s is known here",
			(int)(origin.len > 200 ? 200 : origin.len), origin.at);
	TS_TRY(err);
	TS_TRY(ts_witness_authenticate(request, &log.key, why));
	if (log.per_minute == 0)
		return ts_why(why, TS_E_FORBIDDEN, log.key.name, "this log is frozen here");
	struct adding a = {store, hasher, &log, request, id, now_s};
	pthread_mutex_lock(&store->lock);
	err = add_locked(&a, line, size, why);
	pthread_mutex_unlock(&store->lock);
	return err;
}

enum ts_err ts_witness_store_get(
	struct ts_witness_store *store, const char *id, struct ts_buf *note, struct ts_why *why)
{
	char path[PATH_MAX];
	uint8_t raw[TS_HASH_BYTES];
	if (ts_text_unhex(ts_str(id), raw, sizeof raw) != TS_OK)
		return ts_why(why, TS_E_NOT_FOUND, "origin", "no such log");
	TS_TRY(path_of(store->dir, id, "checkpoint", path, why));
	enum ts_err err = ts_textfile_read(path, note, why);
	return err == TS_E_NOT_FOUND ? ts_why(why, err, "origin", "nothing cosigned yet") : err;
}
