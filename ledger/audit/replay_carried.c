/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads from before the state that something inside refers to. Each proves itself: its checkpoint
 * is a leaf of the inputs log below FROM, and its lines lead from a compact range to the root that
 * the agent signed there. */
#include "audit/carried.h"
#include "audit/replay_state.h"
#include "evidence/log.h"
#include <string.h>

static enum ts_err refuse(
	struct ts_replay *r, const char *file, int64_t index, const char *expected)
{
	ts_finding_add(r->findings, TS_CHECK_RANGES, file, index, expected, "another");
	return TS_E_INVALID;
}

/* Leaf, signature, place in the log. */
static enum ts_err check_head(struct ts_replay *r, const struct ts_audit_stream *stream,
	const char *file, const struct ts_carried *c, struct ts_hash *root)
{
	struct ts_note note;
	struct ts_checkpoint checkpoint;
	struct ts_note_sig sig;
	struct ts_hash hash, inputs;
	enum ts_leaf_kind kind;
	int64_t n = r->bundle->from[TS_LOG_INPUTS].size;
	if (ts_leaf_parse(c->bytes, &kind, &note, &r->why) != TS_OK || kind != TS_LEAF_CHECKPOINT ||
		ts_checkpoint_parse(note.text, &checkpoint, &r->why) != TS_OK ||
		!ts_str_is(checkpoint.origin, stream->origin) || checkpoint.size != c->end ||
		c->end > stream->base.size || c->leaf <= stream->leaf || c->leaf >= n)
		return refuse(r, file, c->leaf, "a checkpoint of this stream, of the upload's end");
	if (ts_note_verify(&note, &stream->statement.key, 1, &sig, &r->why) != TS_OK || !sig.valid)
		return refuse(r, file, c->leaf, "the signature of the stream's agent");
	ts_hash_leaf(r->hasher, c->bytes.at, c->bytes.len, &hash);
	ts_range_root(r->hasher, &r->bundle->from[TS_LOG_INPUTS], &inputs);
	if (ts_inclusion_verify(r->hasher, c->leaf, n, &hash, &c->path, &inputs) != TS_OK)
		return refuse(r, file, c->leaf, "a path to the root of the inputs log at FROM");
	*root = checkpoint.root;
	return TS_OK;
}

/* The lines up to `to`, hashed onto the range. TS_E_MALFORMED: they end before. */
static enum ts_err hash_lines(struct ts_replay *r, struct ts_range *range, int64_t to)
{
	struct ts_str line;
	struct ts_hash hash;
	bool more = true;
	while (range->size < to) {
		TS_TRY(ts_reader_line(&r->lines, &line, &more));
		if (!more)
			return TS_E_MALFORMED;
		ts_hash_leaf(r->hasher, line.at, line.len, &hash);
		(void)ts_range_append(r->hasher, range, &hash, NULL);
	}
	return TS_OK;
}

static enum ts_err voids_of(
	struct ts_replay *r, const struct ts_audit_stream *stream, struct ts_audit_upload *upload)
{
	size_t n = 0;
	int64_t *list = ts_region_array(r->region, stream->voids_n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < stream->voids_n; i++)
		if (ts_str_is(stream->voids[i].kind, "void") &&
			stream->voids[i].from >= upload->first &&
			stream->voids[i].from < upload->end)
			list[n++] = stream->voids[i].from;
	upload->void_usage = list;
	upload->void_usage_n = n;
	return TS_OK;
}

/* Keeps the list sorted; few are carried. */
static enum ts_err insert(struct ts_replay *r, struct ts_audit_stream *stream,
	const struct ts_audit_upload *upload, struct ts_audit_upload **out)
{
	size_t at = stream->carried_n;
	TS_TRY(ts_audit_grow(r->region, &stream->carried, stream->carried_n, &stream->carried_cap,
		sizeof *stream->carried));
	while (at > 0 && stream->carried[at - 1].first > upload->first) {
		stream->carried[at] = stream->carried[at - 1];
		at--;
	}
	stream->carried_n++;
	stream->carried[at] = *upload;
	*out = &stream->carried[at];
	return TS_OK;
}

static enum ts_err take(struct ts_replay *r, struct ts_audit_stream *stream, const char *file,
	int64_t offset, int64_t bytes, struct ts_audit_upload **out)
{
	struct ts_carried c;
	struct ts_hash root, have;
	struct ts_range *start = ts_region_alloc(r->region, sizeof *start);
	if (start == NULL)
		return TS_E_NO_MEMORY;
	ts_reader_open(&r->lines, offset, bytes, 0);
	enum ts_err err = ts_carried_read(&r->lines, r->region, &c);
	if (err == TS_E_MALFORMED)
		return refuse(r, file, -1, "a head as in bundle.md");
	TS_TRY(err);
	for (size_t i = 0; i < stream->carried_n; i++)
		if (stream->carried[i].first == c.first) {
			*out = &stream->carried[i]; /* for another reason */
			return TS_OK;
		}
	TS_TRY(check_head(r, stream, file, &c, &root));
	int64_t head = ts_reader_position(&r->lines);
	*start = c.range;
	err = hash_lines(r, &c.range, c.end);
	if (err == TS_E_MALFORMED || (err == TS_OK && ts_reader_position(&r->lines) != bytes))
		return refuse(r, file, c.range.size, "all lines of the upload and no more");
	TS_TRY(err);
	ts_range_root(r->hasher, &c.range, &have);
	if (!ts_hash_eq(&root, &have)) {
		ts_finding_hash(r->findings, TS_CHECK_RANGES, file, c.end, &root, &have);
		return TS_E_INVALID;
	}
	struct ts_audit_upload upload = {.leaf = c.leaf,
		.first = c.first,
		.end = c.end,
		.offset = offset + head,
		.bytes = bytes - head,
		.latest_ms = INT64_MAX,
		.reversal_n = 1,
		.start = start};
	TS_TRY(voids_of(r, stream, &upload));
	return insert(r, stream, &upload, out);
}

/* `ranges/<stream id>.<first>` */
static struct ts_audit_stream *named(struct ts_replay *r, const char *file, int64_t *first)
{
	struct ts_str rest = ts_str(file + 7), id = ts_str_cut(&rest, '.');
	if (rest.at == NULL || ts_text_u63(rest, first) != TS_OK)
		return NULL;
	for (size_t i = 0; i < r->streams_n; i++)
		if (r->streams[i]->statement.side == TS_SIDE_PROVIDER &&
			ts_str_is(id, r->streams[i]->member_name + 8))
			return r->streams[i];
	return NULL;
}

enum ts_err ts_audit_carried_load(struct ts_replay *r)
{
	const struct ts_tar *tar = &r->bundle->tar;
	for (size_t i = 0; i < tar->n; i++) {
		const struct ts_tar_member *m = &tar->members[i];
		struct ts_audit_upload *upload = NULL;
		int64_t first = 0;
		if (strncmp(m->name, "ranges/", 7) != 0)
			continue;
		struct ts_audit_stream *stream = named(r, m->name, &first);
		if (stream == NULL)
			continue; /* no member that is expected */
		TS_TRY(take(r, stream, m->name, m->offset, m->size, &upload));
		TS_ASSERT(upload != NULL); /* take gave one */
		if (upload->first != first)
			return refuse(r, m->name, first, "the first line that its name says");
	}
	return TS_OK;
}

/* Asks whoever writes the bundle. */
static enum ts_err carry(struct ts_replay *r, struct ts_audit_stream *stream, int64_t from,
	int64_t from_ms, int64_t to_ms, struct ts_audit_upload **out)
{
	const struct ts_audit_options *o = r->options;
	int64_t offset = 0, bytes = 0;
	if (o->carry == NULL)
		return TS_E_NOT_FOUND;
	TS_TRY(o->carry(
		o->carry_ctx, ts_str(stream->origin), from, from_ms, to_ms, &offset, &bytes));
	return take(r, stream, "ranges", offset, bytes, out);
}

enum ts_err ts_audit_carried_at(struct ts_replay *r, struct ts_audit_stream *stream, int64_t index,
	const struct ts_audit_upload **out)
{
	struct ts_audit_upload *found = NULL;
	for (size_t i = 0; i < stream->carried_n && found == NULL; i++)
		if (index >= stream->carried[i].first && index < stream->carried[i].end)
			found = &stream->carried[i];
	enum ts_err err = found != NULL ? TS_OK
					: carry(r, stream, index, INT64_MIN, INT64_MIN, &found);
	if (err == TS_E_NOT_FOUND) {
		ts_finding_add(r->findings, TS_CHECK_RANGES, stream->member_name, index,
			"the upload with this line, that something inside refers to",
			"no member under ranges/");
		return TS_E_INVALID;
	}
	TS_TRY(err);
	found->asked = true;
	*out = found;
	return TS_OK;
}

/* That no other upload would have to be looked at can't be seen from a bundle: it is said. */
static void except(struct ts_replay *r, struct ts_audit_stream *stream)
{
	char text[TS_FINDING_TEXT_MAX];
	struct ts_buf line;
	if (stream->excepted)
		return;
	stream->excepted = true;
	ts_buf_init(&line, sizeof text + TS_ORIGIN_MAX);
	ts_buf_printf(&line,
		"where a scope was handed over, lines before FROM are looked at as far as the "
		"bundle carries them: %s",
		stream->origin);
	ts_finding_except(r->findings, r->fold.size, ts_buf_str(&line));
	ts_buf_free(&line);
}

enum ts_err ts_audit_carried_near(struct ts_replay *r, struct ts_audit_stream *stream, int64_t from,
	int64_t from_ms, int64_t to_ms, const struct ts_audit_upload **out)
{
	struct ts_audit_upload *found = NULL;
	if (from >= stream->base.size)
		return TS_E_NOT_FOUND;
	except(r, stream);
	if (r->options->carry == NULL) {
		for (size_t i = 0; i < stream->carried_n && found == NULL; i++)
			if (stream->carried[i].first >= from)
				found = &stream->carried[i];
		if (found == NULL)
			return TS_E_NOT_FOUND;
	} else {
		TS_TRY(carry(r, stream, from, from_ms, to_ms, &found));
	}
	found->asked = true;
	*out = found;
	return TS_OK;
}
