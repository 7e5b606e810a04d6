/* SPDX-License-Identifier: Apache-2.0 */
#include "service/mirror/mirror.h"
#include "evidence/log.h"
#include "service/mirror/mirror_note.h"
#include "terms/terms.h"
#include <stdio.h>
#include <string.h>

#define PATH_CHARS 512
#define PAIR_TRIES 5
#define NOTES_BYTES_MAX ((size_t)64 << 20)
#define NOTES_AGAIN 64 /* of the newest kept ones, for cosignatures that came late */
#define DOCUMENT_BYTES_MAX ((size_t)64 << 20)

static enum ts_err get(
	struct ts_mirror_fetch *f, const char *path, struct ts_buf *out, struct ts_why *why)
{
	ts_buf_reset(out);
	return ts_client_get_bytes(f->client, path, NULL, out, why);
}

/* --- checkpoints --- */

/* The newest published one; size 0: the service has none. */
static enum ts_err get_note(struct ts_mirror_round *r, enum ts_log_kind log,
	struct ts_mirror_note *out, struct ts_why *why)
{
	char path[PATH_CHARS];
	struct ts_why inner = {"", ""};
	*out = (struct ts_mirror_note){.lines = 0};
	(void)snprintf(path, sizeof path, "/log/%s/%s/checkpoint", r->fetch->dir->contract,
		ts_mirror_log_name(log));
	enum ts_err err = get(r->fetch, path, &r->fetch->bytes, why);
	if (err == TS_E_NOT_FOUND)
		return TS_OK;
	TS_TRY(err);
	err = ts_mirror_note_open(r->policy, log,
		(struct ts_str){r->fetch->bytes.data, r->fetch->bytes.len}, r->region, out, &inner);
	if (err == TS_OK && !out->quorum)
		err = ts_why(&inner, TS_E_SIGNATURE, "", "the policy's quorum has not cosigned it");
	return err == TS_OK ? TS_OK
			    : ts_why(why, err, path, "the service's checkpoint of %s: %s",
				      ts_mirror_log_name(log), inner.text);
}

/* Both notes as they belong together: published as a pair, read one after the other. */
static enum ts_err get_pair(
	struct ts_mirror_round *r, struct ts_mirror_note notes[2], struct ts_why *why)
{
	struct ts_mirror_note again;
	TS_TRY(get_note(r, TS_LOG_INPUTS, &notes[TS_LOG_INPUTS], why));
	for (int i = 0; i < PAIR_TRIES; i++) {
		TS_TRY(get_note(r, TS_LOG_JOURNAL, &notes[TS_LOG_JOURNAL], why));
		TS_TRY(get_note(r, TS_LOG_INPUTS, &again, why));
		if (again.checkpoint.size == notes[TS_LOG_INPUTS].checkpoint.size)
			return TS_OK;
		notes[TS_LOG_INPUTS] = again;
	}
	return TS_OK; /* a busy log: the next round may get the pair */
}

/* Neither smaller than before nor, at the same size, another. */
static enum ts_err compare(struct ts_mirror_round *r, enum ts_log_kind log,
	const struct ts_mirror_note *had, const struct ts_mirror_note *now, struct ts_why *why)
{
	int64_t size = now->checkpoint.size, before = had->checkpoint.size;
	if (size == 0 && before > 0)
		return ts_why(why, TS_E_CONFLICT, ts_mirror_log_name(log),
			"the service has no checkpoint of this log any more; %lld leaves of it are "
			"mirrored: it was rolled back, and the mirror is the evidence",
			(long long)before);
	if (size < before)
		return ts_mirror_note_conflict(r->fetch->dir, log, had, now, TS_E_CONFLICT, why);
	if (size > 0 && size == before && !ts_hash_eq(&had->checkpoint.root, &now->checkpoint.root))
		return ts_mirror_note_conflict(
			r->fetch->dir, log, had, now, TS_E_EQUIVOCATION, why);
	return TS_OK;
}

static enum ts_err fetch_log(struct ts_mirror_round *r, enum ts_log_kind log,
	const struct ts_mirror_note *had, const struct ts_mirror_note *now, struct ts_why *why)
{
	const struct ts_mirror_span span = {.tree = ts_mirror_log_name(log),
		.from = had->checkpoint.size,
		.to = now->checkpoint.size,
		.from_root = had->checkpoint.root,
		.to_root = now->checkpoint.root};
	enum ts_err err = ts_mirror_tree(r->fetch, &span, why);
	if (err == TS_E_EQUIVOCATION)
		return ts_mirror_note_conflict(r->fetch->dir, log, had, now, err, why);
	return err;
}

static enum ts_err get_local(void *ctx, const struct ts_tile *tile, struct ts_buf *out)
{
	const void *const *both = ctx; /* folder, tree */
	char name[TS_MIRROR_NAME_CHARS];
	return ts_mirror_read(both[0], ts_mirror_tile_name(both[1], tile, name), out, NULL);
}

/* Older notes: each must be of this log's history. */
static enum ts_err check_older(struct ts_mirror_round *r, enum ts_log_kind log, struct ts_str rest,
	const struct ts_mirror_note *now, int64_t *last, struct ts_why *why)
{
	const void *both[2] = {r->fetch->dir, ts_mirror_log_name(log)};
	struct ts_mirror_tiles tiles = {.hasher = r->fetch->hasher,
		.size = now->checkpoint.size,
		.get = get_local,
		.ctx = both};
	struct ts_merkle_source source = ts_mirror_source(&tiles);
	struct ts_region *scratch = ts_region_create(NOTES_BYTES_MAX);
	struct ts_mirror_note note;
	struct ts_str one;
	struct ts_hash root;
	enum ts_err err = scratch != NULL ? TS_OK : TS_E_NO_MEMORY;
	ts_buf_init(&tiles.bytes, TS_TILE_WIDTH * TS_HASH_BYTES);
	while (err == TS_OK && rest.len > 0) {
		ts_region_reset(scratch);
		err = ts_note_cut(&rest, &one)
			      ? ts_mirror_note_open(r->policy, log, one, scratch, &note, why)
			      : ts_why(why, TS_E_MALFORMED, "checkpoints",
					"the service's notes are not separated");
		if (err == TS_OK && (note.checkpoint.size <= *last ||
					    note.checkpoint.size > now->checkpoint.size))
			err = ts_why(why, TS_E_MISMATCH, "checkpoints",
				"size %lld does not rise, or is not published",
				(long long)note.checkpoint.size);
		if (err == TS_OK)
			err = ts_merkle_root(
				r->fetch->hasher, &source, note.checkpoint.size, &root);
		if (err == TS_OK && !ts_hash_eq(&root, &note.checkpoint.root))
			err = ts_mirror_note_conflict(
				r->fetch->dir, log, now, &note, TS_E_EQUIVOCATION, why);
		if (err == TS_OK)
			err = ts_mirror_note_keep(
				r->fetch->dir, r->policy, log, &note, scratch, why);
		if (err == TS_OK)
			*last = note.checkpoint.size;
	}
	ts_buf_free(&tiles.bytes);
	ts_region_free(scratch);
	return err;
}

/* A plain tlog-tiles server has no list of older ones: then there is just the newest. */
static enum ts_err fetch_older(struct ts_mirror_round *r, enum ts_log_kind log,
	const struct ts_mirror_note *now, struct ts_why *why)
{
	char path[PATH_CHARS];
	int64_t *sizes = NULL, last = 0;
	size_t n = 0;
	struct ts_buf page;
	TS_TRY(ts_mirror_sizes(r->fetch->dir, ts_mirror_log_name(log), r->region, &sizes, &n, why));
	if (n > NOTES_AGAIN)
		last = sizes[n - NOTES_AGAIN];
	ts_buf_init(&page, NOTES_BYTES_MAX);
	enum ts_err err = TS_OK;
	for (int64_t before = -1; err == TS_OK && last != before && last < now->checkpoint.size;) {
		before = last;
		(void)snprintf(path, sizeof path, "/log/%s/%s/checkpoints?after=%lld",
			r->fetch->dir->contract, ts_mirror_log_name(log), (long long)last);
		err = get(r->fetch, path, &page, why);
		if (err == TS_E_NOT_FOUND) {
			err = TS_OK;
			break;
		}
		if (err == TS_OK)
			err = check_older(
				r, log, (struct ts_str){page.data, page.len}, now, &last, why);
	}
	ts_buf_free(&page);
	return err;
}

/* --- streams --- */

/* The bytes of one leaf, as the disk has them. */
static enum ts_err leaf_at(
	struct ts_mirror_round *r, int64_t index, struct ts_str *out, struct ts_why *why)
{
	char name[TS_MIRROR_NAME_CHARS];
	struct ts_tile tile = ts_mirror_tile(r->catalog->inputs_to, -1, index / TS_TILE_WIDTH);
	ts_mirror_tile_name("inputs", &tile, name);
	TS_TRY(ts_mirror_read(r->fetch->dir, name, &r->fetch->local, why));
	struct ts_str rest = {r->fetch->local.data, r->fetch->local.len};
	for (int64_t i = 0; i <= index % TS_TILE_WIDTH; i++)
		if (!ts_tile_take(&rest, out))
			return ts_why(
				why, TS_E_MALFORMED, name, "entry %lld is not whole", (long long)i);
	return TS_OK;
}

/* What of the stream was accepted: its checkpoint is the leaf that announced it. */
static enum ts_err stream_accepted(
	struct ts_mirror_round *r, const char *name, struct ts_checkpoint *out, struct ts_why *why)
{
	struct ts_note note;
	*out = (struct ts_checkpoint){.size = 0};
	enum ts_err err = ts_mirror_read(r->fetch->dir, name, &r->fetch->local, why);
	if (err == TS_E_NOT_FOUND)
		return TS_OK;
	TS_TRY(err);
	TS_TRY(ts_note_parse(
		(struct ts_str){r->fetch->local.data, r->fetch->local.len}, &note, why));
	return ts_checkpoint_parse(note.text, out, why);
}

static enum ts_err fetch_stream(
	struct ts_mirror_round *r, const struct ts_mirror_stream *stream, struct ts_why *why)
{
	char tree[TS_MIRROR_NAME_CHARS / 2], name[TS_MIRROR_NAME_CHARS];
	struct ts_checkpoint had;
	struct ts_str leaf;
	(void)snprintf(tree, sizeof tree, "streams/%s", stream->id);
	(void)snprintf(name, sizeof name, "%s/checkpoint", tree);
	TS_TRY(stream_accepted(r, name, &had, why));
	if (had.size > stream->size)
		return ts_why(why, TS_E_CONFLICT, tree,
			"the log was rolled back: %lld lines are mirrored, it names %lld",
			(long long)had.size, (long long)stream->size);
	const struct ts_mirror_span span = {.tree = tree,
		.from = had.size,
		.to = stream->size,
		.from_root = had.root,
		.to_root = stream->root};
	TS_TRY(ts_mirror_tree(r->fetch, &span, why));
	if (had.size == stream->size)
		return TS_OK;
	TS_TRY(leaf_at(r, stream->leaf, &leaf, why));
	return ts_mirror_accept(r->fetch->dir, name, leaf, why);
}

static enum ts_err fetch_streams(struct ts_mirror_round *r, struct ts_why *why)
{
	r->streams = r->hidden = 0;
	for (size_t i = 0; i < r->catalog->streams_n; i++) {
		const struct ts_mirror_stream *stream = r->catalog->streams[i];
		if (stream->size == 0)
			continue;
		enum ts_err err = fetch_stream(r, stream, why);
		if (err == TS_E_NOT_FOUND && stream->side == TS_SIDE_CONSUMER)
			r->hidden++;
		else if (err != TS_OK)
			return err;
		else
			r->streams++;
	}
	return TS_OK;
}

/* --- terms and documents --- */

/* A file whose SHA-256 is known: from the disk, else from the service. */
static enum ts_err fetch_known(struct ts_mirror_round *r, const char *name, const char *path,
	const struct ts_hash *sha256, struct ts_why *why)
{
	struct ts_buf bytes;
	struct ts_hash hash;
	ts_buf_init(&bytes, DOCUMENT_BYTES_MAX);
	enum ts_err err = ts_mirror_read(r->fetch->dir, name, &bytes, why);
	ts_sha256(bytes.data != NULL ? bytes.data : "", bytes.len, &hash);
	if (err != TS_OK || !ts_hash_eq(&hash, sha256)) {
		err = get(r->fetch, path, &bytes, why);
		ts_sha256(bytes.data != NULL ? bytes.data : "", bytes.len, &hash);
		if (err == TS_OK && !ts_hash_eq(&hash, sha256))
			err = ts_why(why, TS_E_MISMATCH, name,
				"the service serves other bytes than the log names");
		if (err == TS_OK)
			err = ts_mirror_write(
				r->fetch->dir, name, (struct ts_str){bytes.data, bytes.len}, why);
	}
	ts_buf_free(&bytes);
	return err;
}

static enum ts_err fetch_files(struct ts_mirror_round *r, struct ts_why *why)
{
	char name[TS_MIRROR_NAME_CHARS], path[PATH_CHARS], hex[2 * TS_HASH_BYTES + 1];
	const char *contract = r->fetch->dir->contract;
	for (size_t i = 0; i < r->catalog->versions_n; i++) {
		const struct ts_mirror_version *v = &r->catalog->versions[i];
		(void)snprintf(name, sizeof name, "terms/%lld.json", (long long)v->version);
		(void)snprintf(path, sizeof path, "/v1/contracts/%s/terms?version=%lld", contract,
			(long long)v->version);
		TS_TRY(fetch_known(r, name, path, &v->terms, why));
	}
	for (size_t i = 0; i < r->catalog->documents_n; i++) {
		const struct ts_mirror_document *d = &r->catalog->documents[i];
		struct ts_buf number;
		ts_buf_init(&number, PATH_CHARS / 2);
		ts_client_escape(&number, d->number);
		ts_text_hex(d->sha256.b, TS_HASH_BYTES, hex);
		(void)snprintf(name, sizeof name, "documents/%s.json", hex);
		(void)snprintf(path, sizeof path, "/v1/contracts/%s/invoices/%s.json", contract,
			ts_buf_str(&number));
		ts_buf_free(&number);
		TS_TRY(fetch_known(r, name, path, &d->sha256, why));
	}
	return TS_OK;
}

/* --- a round --- */

/* Everything is on the disk before the first of both names it. */
static enum ts_err accept(
	struct ts_mirror_round *r, const struct ts_mirror_note notes[2], struct ts_why *why)
{
	char name[TS_MIRROR_NAME_CHARS];
	static const enum ts_log_kind order[] = {TS_LOG_JOURNAL, TS_LOG_INPUTS};
	for (size_t i = 0; i < 2; i++) {
		const struct ts_mirror_note *note = &notes[order[i]];
		if (note->checkpoint.size == 0)
			continue;
		(void)snprintf(name, sizeof name, "%s/checkpoint", ts_mirror_log_name(order[i]));
		TS_TRY(ts_mirror_accept(r->fetch->dir, name, note->bytes, why));
		r->sizes[order[i]] = note->checkpoint.size;
	}
	return TS_OK;
}

enum ts_err ts_mirror_run(struct ts_mirror_round *r, struct ts_why *why)
{
	struct ts_mirror_note had[2], now[2];
	for (int log = 0; log < 2; log++)
		TS_TRY(ts_mirror_note_accepted(r->fetch->dir, r->policy, (enum ts_log_kind)log,
			r->region, &had[log], why));
	TS_TRY(get_pair(r, now, why));
	for (int log = 0; log < 2; log++)
		TS_TRY(compare(r, (enum ts_log_kind)log, &had[log], &now[log], why));
	if (now[TS_LOG_INPUTS].checkpoint.size == 0)
		return ts_why(why, TS_E_NOT_FOUND, r->fetch->dir->contract,
			"the service has published no checkpoint yet; try again");
	for (int log = 0; log < 2; log++) {
		enum ts_log_kind kind = (enum ts_log_kind)log;
		if (now[log].checkpoint.size == 0)
			continue;
		TS_TRY(fetch_log(r, kind, &had[log], &now[log], why));
		TS_TRY(fetch_older(r, kind, &now[log], why));
		TS_TRY(ts_mirror_note_keep(
			r->fetch->dir, r->policy, kind, &now[log], r->region, why));
	}
	TS_TRY(ts_mirror_catalog_inputs(r->catalog, now[TS_LOG_INPUTS].checkpoint.size, why));
	TS_TRY(ts_mirror_catalog_journal(r->catalog, now[TS_LOG_JOURNAL].checkpoint.size, why));
	TS_TRY(fetch_streams(r, why));
	TS_TRY(fetch_files(r, why));
	return accept(r, now, why);
}

/* --- policy --- */

static enum ts_err make_policy(struct ts_mirror_fetch *f, struct ts_region *region,
	struct ts_buf *policy, struct ts_why *why)
{
	char path[PATH_CHARS];
	const struct ts_terms *terms = NULL;
	struct ts_buf bytes;
	(void)snprintf(path, sizeof path, "/v1/contracts/%s/terms", f->dir->contract);
	ts_buf_init(&bytes, TS_TERMS_BYTES_MAX);
	enum ts_err err = get(f, path, &bytes, why);
	if (err == TS_OK)
		err = ts_terms_parse(bytes.data, bytes.len, region, &terms, why);
	if (err == TS_OK && strcmp(terms->contract, f->dir->contract) != 0)
		err = ts_why(why, TS_E_MISMATCH, path, "these are terms of another contract");
	if (err == TS_OK)
		err = ts_policy_write(terms, policy);
	ts_buf_free(&bytes);
	return err;
}

enum ts_err ts_mirror_policy(struct ts_mirror_fetch *fetch, struct ts_region *region,
	struct ts_policy *out, bool *made, struct ts_why *why)
{
	struct ts_buf policy;
	ts_buf_init(&policy, TS_POLICY_BYTES_MAX);
	enum ts_err err = ts_mirror_read(fetch->dir, "policy.txt", &policy, why);
	*made = err == TS_E_NOT_FOUND;
	if (*made) {
		ts_buf_reset(&policy);
		err = make_policy(fetch, region, &policy, why);
	}
	struct ts_str text = {policy.data, policy.len};
	if (err == TS_OK)
		err = ts_policy_parse(text, out, why);
	if (err == TS_OK && *made)
		err = ts_mirror_write(fetch->dir, "policy.txt", text, why);
	ts_buf_free(&policy);
	return err;
}
