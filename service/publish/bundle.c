/* SPDX-License-Identifier: Apache-2.0 */
#include "service/publish/bundle.h"
#include "audit/bundle.h"
#include "book/state.h"
#include "evidence/statement.h"
#include "service/publish/bundle_carry.h"
#include "store/bundle.h"
#include "store/log.h"
#include "store/seal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REGION_BYTES_MAX (256u << 20)
#define OPENING_BYTES_MAX ((size_t)3 << 30) /* a state's text and its rows */
#define LEAVES_PER_READ 2000
#define NOTES_PER_READ 500
#define DOCUMENTS_PER_READ 4
#define LINES_BYTES_PER_READ ((size_t)16 << 20)

struct spool {
	const struct ts_bundle_job *job;
	struct ts_region *region; /* what one read returned */
	struct ts_why *why;
	FILE *file;
	int64_t at; /* bytes written */
	int64_t header; /* of the member being written */
	char name[TS_TAR_NAME_MAX + 1];
	struct ts_manifest manifest;
	/* what it begins at */
	struct ts_region *opening;
	struct ts_str state_text;
	struct ts_state state;
	/* what the transaction under way reads */
	enum ts_db_lock log;
	int64_t after, next;
	bool end;
	const struct ts_db_bundle_stream *stream;
	struct ts_str pieces[LEAVES_PER_READ];
	size_t pieces_n;
	struct ts_db_bundle_document *documents;
	struct ts_db_version *versions;
};

static enum ts_err put(struct spool *s, const void *bytes, size_t len)
{
	if (s->at + (int64_t)len > s->job->bytes_max)
		return ts_why(s->why, TS_E_LIMIT, "bundle", "larger than spool_bytes_max = %lld",
			(long long)s->job->bytes_max);
	if (len > 0 && fwrite(bytes, 1, len, s->file) != len)
		return ts_why(s->why, TS_E_IO, "bundle", "cannot write: %s", strerror(errno));
	s->at += (int64_t)len;
	return TS_OK;
}

/* The header's place is taken now and filled when the member's size is known. */
static enum ts_err begin(struct spool *s, const char *name)
{
	static const uint8_t nothing[TS_TAR_BLOCK];
	s->header = s->at;
	(void)snprintf(s->name, sizeof s->name, "%s", name);
	return put(s, nothing, sizeof nothing);
}

static enum ts_err seek(struct spool *s, int64_t offset)
{
	return fseeko(s->file, (off_t)offset, SEEK_SET) == 0
		       ? TS_OK
		       : ts_why(s->why, TS_E_IO, "bundle", "cannot seek: %s", strerror(errno));
}

static enum ts_err end(struct spool *s)
{
	static const uint8_t nothing[TS_TAR_BLOCK];
	uint8_t header[TS_TAR_BLOCK];
	int64_t size = s->at - s->header - TS_TAR_BLOCK;
	if (size == 0) { /* a member that would be empty is absent */
		s->at = s->header;
		return seek(s, s->at);
	}
	TS_TRY(put(s, nothing, (size_t)ts_tar_padding(size)));
	TS_TRY(ts_tar_header(ts_str(s->name), size, header));
	TS_TRY(seek(s, s->header));
	if (fwrite(header, 1, sizeof header, s->file) != sizeof header)
		return ts_why(s->why, TS_E_IO, "bundle", "cannot write: %s", strerror(errno));
	return seek(s, s->at);
}

static enum ts_err transact(struct spool *s, ts_db_body body)
{
	/* A bundle is the same for whoever fetches it: both books' entries, provider streams only.
	 */
	struct ts_db_scope scope = {.contracts = &s->job->contract->contract_id,
		.contracts_n = 1,
		.sides = TS_DB_SIDES_BOTH,
		.read_only = true};
	ts_region_reset(s->region);
	return ts_db_tx(s->job->session->db, &scope, body, s, s->why);
}

/* The leaf by which both companies have signed the state: each seals its own book, or countersigns
 * the other's. */
static enum ts_err signed_leaf(
	struct ts_db *db, struct spool *s, int64_t cut_leaf, int64_t *leaf, struct ts_why *why)
{
	struct ts_db_seal *seals = NULL;
	size_t n = 0;
	int64_t by[2] = {INT64_MAX, INT64_MAX};
	TS_TRY(ts_db_seal_list(db, s->job->contract->contract_id, s->opening, &seals, &n, why));
	for (size_t i = 0; i < n; i++) {
		struct ts_note note;
		struct ts_period_statement statement;
		TS_TRY(ts_note_parse(seals[i].note, &note, why));
		TS_TRY(ts_period_statement_parse(note.text, &statement, why));
		int64_t counter = seals[i].countersigned_leaf;
		if (statement.cut != cut_leaf)
			continue;
		if (seals[i].leaf < by[statement.book])
			by[statement.book] = seals[i].leaf;
		if (counter >= 0 && counter < by[1 - (int)statement.book])
			by[1 - (int)statement.book] = counter;
	}
	*leaf = by[0] > by[1] ? by[0] : by[1];
	return *leaf < INT64_MAX ? TS_OK
				 : ts_why(why, TS_E_CONFLICT, "from",
					   "not both companies have signed the state at its cut");
}

/* The state, and the leaf that the bundle must reach so that its signatures are in it. */
static enum ts_err open_state(struct ts_db *db, struct spool *s, int64_t *leaf, struct ts_why *why)
{
	struct ts_str ledger;
	int64_t cut_leaf = 0;
	if (s->job->from >= s->job->period)
		return ts_why(why, TS_E_INVALID, "from",
			"a bundle begins at the cut of a period before the one that it is for");
	ts_region_reset(s->opening);
	TS_TRY(ts_db_state_get(db, s->job->contract->contract_id, s->job->from, s->opening,
		&cut_leaf, &s->manifest.state, &s->state_text, why));
	TS_TRY(signed_leaf(db, s, cut_leaf, leaf, why));
	TS_TRY(ts_state_parse(s->state_text, s->opening, &s->state, &ledger, why));
	s->manifest.has_state = true;
	s->manifest.from[TS_LOG_INPUTS] = s->state.inputs.size;
	s->manifest.from[TS_LOG_JOURNAL] = s->state.journal.size;
	return TS_OK;
}

static enum ts_err sizes_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct spool *s = arg;
	int64_t id = s->job->contract->contract_id, leaf = 0, sealed = 0;
	TS_TRY(ts_db_bundle_issue(db, id, s->job->period, &leaf, why));
	if (s->job->has_from)
		TS_TRY(open_state(db, s, &sealed, why));
	if (sealed > leaf)
		leaf = sealed;
	return ts_db_bundle_pair(
		db, id, leaf, &s->manifest.to[TS_LOG_INPUTS], &s->manifest.to[TS_LOG_JOURNAL], why);
}

static enum ts_err put_manifest(struct spool *s)
{
	struct ts_buf text;
	memcpy(s->manifest.contract, s->job->contract->public_id, sizeof s->manifest.contract);
	ts_buf_init(&text, TS_BUNDLE_TEXT_MAX);
	ts_manifest_format(&s->manifest, &text);
	enum ts_err err = text.err;
	if (err == TS_OK)
		err = begin(s, "bundle");
	if (err == TS_OK)
		err = put(s, text.data, text.len);
	ts_buf_free(&text);
	return err == TS_OK ? end(s) : err;
}

static enum ts_err closing_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct spool *s = arg;
	struct ts_db_checkpoint checkpoint;
	int64_t size = s->manifest.to[s->log];
	TS_TRY(ts_db_checkpoint_last(
		db, s->job->contract->contract_id, s->log, size, s->region, &checkpoint, why));
	if (checkpoint.size != size)
		return ts_why(why, TS_E_INTERNAL, "bundle", "no checkpoint of size %lld",
			(long long)size);
	s->pieces[0] = checkpoint.note;
	return TS_OK;
}

static enum ts_err put_closing(struct spool *s, enum ts_db_lock log, const char *name)
{
	s->log = log;
	if (s->manifest.to[log] == 0)
		return TS_OK;
	TS_TRY(transact(s, closing_tx));
	TS_TRY(begin(s, name));
	TS_TRY(put(s, s->pieces[0].at, s->pieces[0].len));
	return end(s);
}

static enum ts_err earlier_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct spool *s = arg;
	struct ts_db_bundle_note *notes = NULL;
	TS_TRY(ts_db_bundle_checkpoints(db, s->job->contract->contract_id, (int16_t)s->log,
		s->after, s->manifest.to[s->log], NOTES_PER_READ, s->region, &notes, &s->pieces_n,
		why));
	for (size_t i = 0; i < s->pieces_n; i++)
		s->pieces[i] = notes[i].note;
	s->end = s->pieces_n < NOTES_PER_READ;
	if (!s->end)
		s->after = notes[s->pieces_n - 1].size;
	return TS_OK;
}

static enum ts_err put_earlier(struct spool *s, enum ts_db_lock log, const char *name)
{
	bool first = true;
	s->log = log;
	s->after = s->manifest.from[log] > 0 ? s->manifest.from[log] - 1 : 0;
	TS_TRY(begin(s, name));
	do {
		TS_TRY(transact(s, earlier_tx));
		for (size_t i = 0; i < s->pieces_n; i++) {
			TS_TRY(put(s, "\n", first ? 0 : 1));
			TS_TRY(put(s, s->pieces[i].at, s->pieces[i].len));
			first = false;
		}
	} while (!s->end);
	return end(s);
}

static enum ts_err leaves_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct spool *s = arg;
	struct ts_db_leaf_row *rows = NULL;
	TS_TRY(ts_db_log_leaves(db, s->job->contract->contract_id, s->log, s->after,
		s->manifest.to[s->log], -1, LEAVES_PER_READ, s->region, &rows, &s->pieces_n, why));
	for (size_t i = 0; i < s->pieces_n; i++)
		s->pieces[i] = rows[i].data;
	return TS_OK;
}

static enum ts_err put_leaves(struct spool *s, enum ts_db_lock log, const char *name)
{
	s->log = log;
	s->after = s->manifest.from[log];
	TS_TRY(begin(s, name));
	while (s->after < s->manifest.to[log]) {
		TS_TRY(transact(s, leaves_tx));
		if (s->pieces_n == 0)
			return ts_why(s->why, TS_E_INTERNAL, "bundle", "leaf %lld is missing",
				(long long)s->after);
		for (size_t i = 0; i < s->pieces_n; i++) {
			size_t len = s->pieces[i].len;
			const uint8_t head[2] = {(uint8_t)(len >> 8), (uint8_t)(len & 0xff)};
			TS_TRY(put(s, head, sizeof head));
			TS_TRY(put(s, s->pieces[i].at, len));
		}
		s->after += (int64_t)s->pieces_n;
	}
	return end(s);
}

static enum ts_err terms_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct spool *s = arg;
	return ts_db_version_list(db, s->job->contract->contract_id, true, s->region, &s->versions,
		&s->pieces_n, why);
}

static enum ts_err put_terms(struct spool *s)
{
	char name[TS_TAR_NAME_MAX + 1];
	TS_TRY(transact(s, terms_tx));
	for (size_t i = 0; i < s->pieces_n; i++) {
		if (s->versions[i].leaf >= s->manifest.to[TS_LOG_INPUTS])
			continue;
		(void)snprintf(
			name, sizeof name, "terms/%lld.json", (long long)s->versions[i].version);
		TS_TRY(begin(s, name));
		TS_TRY(put(s, s->versions[i].terms.at, s->versions[i].terms.len));
		TS_TRY(end(s));
	}
	return TS_OK;
}

/* A few uploads, up to some megabytes of lines. */
static enum ts_err lines_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct spool *s = arg;
	int64_t first = s->after;
	size_t bytes = 0, n = 0;
	enum ts_err err = TS_OK;
	while (bytes < LINES_BYTES_PER_READ && n < LEAVES_PER_READ) {
		err = ts_db_bundle_lines(db, s->job->contract->contract_id, s->stream->stream_id,
			s->manifest.to[TS_LOG_INPUTS], s->region, &first, &s->pieces[n], why);
		if (err != TS_OK)
			break;
		bytes += s->pieces[n++].len;
	}
	s->end = err == TS_E_NOT_FOUND;
	s->pieces_n = n;
	s->next = first;
	return s->end ? TS_OK : err;
}

/* The stream's size where the bundle begins. */
static int64_t base_of(const struct spool *s, const struct ts_db_bundle_stream *stream)
{
	char id[TS_STREAM_ID_CHARS + 1];
	for (size_t i = 0; i < s->state.streams_n; i++) {
		ts_stream_id(s->state.streams[i].origin, id);
		if (strcmp(id, stream->public_id) == 0)
			return s->state.streams[i].range.size;
	}
	return 0;
}

static enum ts_err put_stream(struct spool *s, const struct ts_db_bundle_stream *stream)
{
	char name[TS_TAR_NAME_MAX + 1];
	s->stream = stream;
	s->after = base_of(s, stream);
	(void)snprintf(name, sizeof name, "streams/%s", stream->public_id);
	TS_TRY(begin(s, name));
	do {
		TS_TRY(transact(s, lines_tx));
		for (size_t i = 0; i < s->pieces_n; i++)
			TS_TRY(put(s, s->pieces[i].at, s->pieces[i].len));
		s->after = s->next;
	} while (!s->end);
	return end(s);
}

struct stream_list {
	struct spool *s;
	struct ts_region *region;
	struct ts_db_bundle_stream *list;
	size_t n;
};

static enum ts_err streams_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct stream_list *l = arg;
	ts_region_reset(l->region);
	return ts_db_bundle_streams(db, l->s->job->contract->contract_id,
		l->s->manifest.to[TS_LOG_INPUTS], l->region, &l->list, &l->n, why);
}

static enum ts_err put_streams(struct spool *s)
{
	struct stream_list l = {.s = s, .region = ts_region_create(REGION_BYTES_MAX)};
	int64_t id = s->job->contract->contract_id;
	if (l.region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_db_tx_contract(s->job->session->db, id, streams_tx, &l, s->why);
	for (size_t i = 0; err == TS_OK && i < l.n; i++)
		err = put_stream(s, &l.list[i]);
	ts_region_free(l.region);
	return err;
}

static enum ts_err documents_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct spool *s = arg;
	return ts_db_bundle_documents(db, s->job->contract->contract_id, s->after,
		s->manifest.to[TS_LOG_INPUTS], DOCUMENTS_PER_READ, s->region, &s->documents,
		&s->pieces_n, why);
}

static enum ts_err put_documents(struct spool *s)
{
	char name[TS_TAR_NAME_MAX + 1], hex[2 * TS_HASH_BYTES + 1];
	s->after = s->manifest.from[TS_LOG_INPUTS] - 1;
	do {
		TS_TRY(transact(s, documents_tx));
		for (size_t i = 0; i < s->pieces_n; i++) {
			const struct ts_db_bundle_document *d = &s->documents[i];
			ts_text_hex(d->sha256.b, TS_HASH_BYTES, hex);
			(void)snprintf(name, sizeof name, "documents/%s.json", hex);
			TS_TRY(begin(s, name));
			TS_TRY(put(s, d->json.at, d->json.len));
			TS_TRY(end(s));
			s->after = d->issue_leaf;
		}
	} while (s->pieces_n == DOCUMENTS_PER_READ);
	return TS_OK;
}

static enum ts_err put_state(struct spool *s)
{
	if (!s->job->has_from)
		return TS_OK;
	TS_TRY(begin(s, "state"));
	TS_TRY(put(s, s->state_text.at, s->state_text.len));
	return end(s);
}

static enum ts_err put_trailer(struct spool *s)
{
	static const uint8_t trailer[2 * TS_TAR_BLOCK];
	TS_TRY(put(s, trailer, sizeof trailer));
	if (fflush(s->file) != 0 || ftruncate(fileno(s->file), (off_t)s->at) != 0)
		return ts_why(s->why, TS_E_IO, "bundle", "cannot write: %s", strerror(errno));
	return TS_OK;
}

static enum ts_err put_range(
	struct spool *s, const struct ts_bundle_carry *c, const struct ts_bundle_upload *upload)
{
	char chunk[65536], id[TS_STREAM_ID_CHARS + 1], name[TS_TAR_NAME_MAX + 1];
	ts_stream_id(upload->origin, id);
	(void)snprintf(name, sizeof name, "ranges/%s.%lld", id, (long long)upload->first);
	TS_TRY(begin(s, name));
	if (fseeko(c->beside, (off_t)upload->offset, SEEK_SET) != 0)
		return ts_why(s->why, TS_E_IO, "bundle", "cannot seek: %s", strerror(errno));
	for (int64_t left = upload->bytes; left > 0;) {
		size_t n = left < (int64_t)sizeof chunk ? (size_t)left : sizeof chunk;
		if (fread(chunk, 1, n, c->beside) != n)
			return ts_why(s->why, TS_E_IO, "bundle", "cannot read what was written");
		TS_TRY(put(s, chunk, n));
		left -= (int64_t)n;
	}
	return end(s);
}

static enum ts_err carry_into(struct spool *s, FILE *beside)
{
	struct ts_bundle_carry c = {.session = s->job->session,
		.contract = s->job->contract,
		.fd = fileno(s->file),
		.size = s->at,
		.bytes_max = s->job->bytes_max,
		.n = s->manifest.from[TS_LOG_INPUTS],
		.beside = beside,
		.region = s->opening};
	TS_TRY(ts_bundle_carry(&c, s->why));
	s->at -= 2 * TS_TAR_BLOCK; /* the trailer moves behind them */
	TS_TRY(seek(s, s->at));
	for (size_t i = 0; i < c.uploads_n; i++)
		TS_TRY(put_range(s, &c, &c.uploads[i]));
	return put_trailer(s);
}

/* A file without a name: it goes when its last descriptor is closed. */
static int open_unnamed(const char *dir)
{
	return open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static enum ts_err put_ranges(struct spool *s)
{
	int fd = s->job->has_from ? open_unnamed(s->job->dir) : -1;
	if (!s->job->has_from)
		return TS_OK;
	FILE *beside = fd >= 0 ? fdopen(fd, "r+") : NULL;
	if (beside == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return ts_why(s->why, TS_E_IO, "spool_dir", "%s: %s", s->job->dir, strerror(errno));
	}
	enum ts_err err = carry_into(s, beside);
	(void)fclose(beside);
	return err;
}

static enum ts_err put_all(struct spool *s)
{
	TS_TRY(transact(s, sizes_tx));
	TS_TRY(put_manifest(s));
	TS_TRY(put_state(s));
	TS_TRY(put_closing(s, TS_DB_LOCK_INPUTS, "inputs.checkpoint"));
	TS_TRY(put_closing(s, TS_DB_LOCK_JOURNAL, "journal.checkpoint"));
	TS_TRY(put_earlier(s, TS_DB_LOCK_INPUTS, "inputs.checkpoints"));
	TS_TRY(put_earlier(s, TS_DB_LOCK_JOURNAL, "journal.checkpoints"));
	TS_TRY(put_leaves(s, TS_DB_LOCK_INPUTS, "inputs.leaves"));
	TS_TRY(put_leaves(s, TS_DB_LOCK_JOURNAL, "journal.leaves"));
	TS_TRY(put_terms(s));
	TS_TRY(put_streams(s));
	TS_TRY(put_documents(s));
	TS_TRY(put_trailer(s));
	return put_ranges(s);
}

static void spool_free(struct spool *s)
{
	if (s != NULL) {
		ts_region_free(s->region);
		ts_region_free(s->opening);
		if (s->file != NULL)
			(void)fclose(s->file);
	}
	free(s);
}

enum ts_err ts_bundle_spool(
	const struct ts_bundle_job *job, int *fd, int64_t *size, struct ts_why *why)
{
	int out = open_unnamed(job->dir);
	if (out < 0)
		return ts_why(why, TS_E_IO, "spool_dir", "%s: %s", job->dir, strerror(errno));
	struct spool *s = calloc(1, sizeof *s);
	int again = s != NULL ? fcntl(out, F_DUPFD_CLOEXEC, 0) : -1;
	if (again >= 0) {
		s->job = job;
		s->why = why;
		s->region = ts_region_create(REGION_BYTES_MAX);
		s->opening = ts_region_create(OPENING_BYTES_MAX);
		s->file = fdopen(again, "r+");
	}
	enum ts_err err = again < 0 || s->region == NULL || s->opening == NULL || s->file == NULL
				  ? TS_E_NO_MEMORY
				  : put_all(s);
	if (again >= 0 && s->file == NULL)
		(void)close(again);
	if (err == TS_OK)
		*size = s->at;
	spool_free(s);
	if (err == TS_OK)
		*fd = out;
	else
		(void)close(out);
	return err;
}
