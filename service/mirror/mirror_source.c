/* SPDX-License-Identifier: Apache-2.0 */
#include "service/mirror/mirror_source.h"
#include "audit/bundle.h"
#include "terms/calendar.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX ((size_t)64 << 20)
#define REGION_BYTES_MAX ((size_t)1 << 30)

/* Bytes [at, at + len) of the archive: either in memory, or lines or leaves of a log's tiles. */
struct piece {
	int64_t at, len;
	const char *bytes; /* NULL: tiles */
	const char *tree;
	bool lines; /* LF behind each, instead of a length before each */
	int64_t size; /* entries */
	int64_t held; /* the size whose tiles are on the disk, not below `size` */
	int64_t *ends; /* of each tile's part, from the piece's begin */
};
struct ts_mirror_source {
	struct ts_audit_source audit;
	const struct ts_mirror_dir *dir;
	struct ts_region *region;
	struct ts_mirror_catalog catalog;
	struct ts_manifest manifest;
	int64_t held[2]; /* accepted sizes */
	struct ts_why why;
	struct piece *pieces;
	size_t pieces_n, pieces_cap;
	struct ts_buf file, part; /* what was read last */
	const struct piece *have;
	int64_t have_tile;
};

static enum ts_err add_piece(struct ts_mirror_source *s, const struct piece *piece)
{
	if (s->pieces_n == s->pieces_cap) {
		size_t more = s->pieces_cap == 0 ? 64 : 2 * s->pieces_cap;
		struct piece *bigger = ts_region_array(s->region, more, sizeof *bigger);
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		if (s->pieces_n > 0)
			memcpy(bigger, s->pieces, s->pieces_n * sizeof *bigger);
		s->pieces = bigger;
		s->pieces_cap = more;
	}
	s->pieces[s->pieces_n] = *piece;
	s->pieces[s->pieces_n++].at = s->audit.size;
	s->audit.size += piece->len;
	return TS_OK;
}

static enum ts_err add_bytes(struct ts_mirror_source *s, const void *bytes, size_t len)
{
	const char *copy = ts_region_copy(s->region, bytes, len);
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	return len == 0 ? TS_OK : add_piece(s, &(struct piece){.len = (int64_t)len, .bytes = copy});
}

/* Header, content, padding; a member that would be empty is absent. */
static enum ts_err add_member(
	struct ts_mirror_source *s, const char *name, const struct piece *piece)
{
	static const uint8_t zeros[TS_TAR_BLOCK];
	uint8_t header[TS_TAR_BLOCK];
	if (piece->len == 0)
		return TS_OK;
	TS_TRY(ts_tar_header(ts_str(name), piece->len, header));
	TS_TRY(add_bytes(s, header, sizeof header));
	TS_TRY(add_piece(s, piece));
	return add_bytes(s, zeros, (size_t)ts_tar_padding(piece->len));
}

static enum ts_err add_text(struct ts_mirror_source *s, const char *name, struct ts_str text)
{
	const char *copy = ts_region_copy(s->region, text.at != NULL ? text.at : "", text.len);
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	return add_member(s, name, &(struct piece){.len = (int64_t)text.len, .bytes = copy});
}

static enum ts_err add_file(struct ts_mirror_source *s, const char *member, const char *name)
{
	TS_TRY(ts_mirror_read(s->dir, name, &s->file, &s->why));
	return add_text(s, member, (struct ts_str){s->file.data, s->file.len});
}

/* --- tiles --- */

/* The bytes that a tile gives to its member: of a log its first entries as they are, of a stream
 * each line and LF. */
static enum ts_err load_tile(struct ts_mirror_source *s, const struct piece *p, int64_t index)
{
	char name[TS_MIRROR_NAME_CHARS];
	struct ts_tile tile = ts_mirror_tile(p->held, -1, index);
	int64_t wanted = p->size - index * TS_TILE_WIDTH;
	struct ts_str entry;
	ts_mirror_tile_name(p->tree, &tile, name);
	s->have = NULL;
	TS_TRY(ts_mirror_read(s->dir, name, &s->file, &s->why));
	struct ts_str rest = {s->file.data, s->file.len};
	ts_buf_reset(&s->part);
	for (int i = 0; i < tile.width && i < wanted; i++) {
		if (!ts_tile_take(&rest, &entry))
			return ts_why(&s->why, TS_E_MALFORMED, name, "entry %d is not whole", i);
		if (p->lines)
			ts_buf_put(&s->part, entry.at, entry.len);
		else
			ts_tile_entry(entry, &s->part);
		if (p->lines)
			ts_buf_putc(&s->part, '\n');
	}
	TS_TRY(s->part.err);
	s->have = p;
	s->have_tile = index;
	return TS_OK;
}

/* Length of a tile's part. A full tile's follows from the file's length, without reading it. */
static enum ts_err part_bytes(
	struct ts_mirror_source *s, const struct piece *p, int64_t index, int64_t *out)
{
	char name[TS_MIRROR_NAME_CHARS], path[PATH_MAX];
	struct stat status;
	struct ts_tile tile = ts_mirror_tile(p->held, -1, index);
	if (p->size - index * TS_TILE_WIDTH < tile.width) {
		TS_TRY(load_tile(s, p, index));
		*out = (int64_t)s->part.len;
		return TS_OK;
	}
	ts_mirror_tile_name(p->tree, &tile, name);
	ts_mirror_path(s->dir, name, path, sizeof path);
	if (stat(path, &status) != 0)
		return ts_why(&s->why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, path,
			"cannot open: %s", strerror(errno));
	*out = (int64_t)status.st_size - (p->lines ? tile.width : 0);
	if (*out < 0)
		return ts_why(&s->why, TS_E_MALFORMED, path, "it is too short");
	return TS_OK;
}

static enum ts_err add_tiles(struct ts_mirror_source *s, const char *member, struct piece piece)
{
	int64_t tiles = (piece.size + TS_TILE_WIDTH - 1) / TS_TILE_WIDTH, bytes = 0;
	piece.tree = ts_region_copy(s->region, piece.tree, strlen(piece.tree));
	piece.ends = ts_region_array(s->region, (size_t)tiles + 1, sizeof *piece.ends);
	if (piece.ends == NULL || piece.tree == NULL)
		return TS_E_NO_MEMORY;
	for (int64_t i = 0; i < tiles; i++) {
		TS_TRY(part_bytes(s, &piece, i, &bytes));
		piece.len += bytes;
		piece.ends[i] = piece.len;
	}
	s->have = NULL; /* it named the copy on the stack */
	return add_member(s, member, &piece);
}

static enum ts_err read_tiles(
	struct ts_mirror_source *s, const struct piece *p, int64_t offset, char *out, size_t len)
{
	int64_t lo = 0, hi = (p->size + TS_TILE_WIDTH - 1) / TS_TILE_WIDTH - 1;
	while (lo < hi) {
		int64_t mid = lo + (hi - lo) / 2;
		if (p->ends[mid] <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (int64_t tile = lo; len > 0; tile++) {
		int64_t begin = tile > 0 ? p->ends[tile - 1] : 0;
		size_t part = (size_t)(p->ends[tile] - begin), at = (size_t)(offset - begin);
		if (s->have != p || s->have_tile != tile)
			TS_TRY(load_tile(s, p, tile));
		if (s->part.len != part)
			return ts_why(&s->why, TS_E_IO, p->tree,
				"entries tile %lld has other bytes than its length says",
				(long long)tile);
		size_t n = part - at < len ? part - at : len;
		memcpy(out, s->part.data + at, n);
		out += n;
		len -= n;
		offset += (int64_t)n;
	}
	return TS_OK;
}

static enum ts_err read_at(void *ctx, int64_t offset, void *out, size_t len)
{
	struct ts_mirror_source *s = ctx;
	char *to = out;
	size_t lo = 0, hi = s->pieces_n;
	while (lo + 1 < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->pieces[mid].at <= offset)
			lo = mid;
		else
			hi = mid;
	}
	for (; len > 0; lo++) {
		const struct piece *p = &s->pieces[lo];
		int64_t at = offset - p->at;
		size_t n = (size_t)(p->len - at) < len ? (size_t)(p->len - at) : len;
		if (p->bytes != NULL)
			memcpy(to, p->bytes + at, n);
		else
			TS_TRY(read_tiles(s, p, at, to, n));
		to += n;
		offset += (int64_t)n;
		len -= n;
	}
	return TS_OK;
}

/* --- where it ends --- */

static enum ts_err accepted(struct ts_mirror_source *s, const char *log, int64_t *size)
{
	char name[TS_MIRROR_NAME_CHARS];
	struct ts_note note;
	struct ts_checkpoint checkpoint;
	(void)snprintf(name, sizeof name, "%s/checkpoint", log);
	*size = 0;
	enum ts_err err = ts_mirror_read(s->dir, name, &s->file, &s->why);
	if (err == TS_E_NOT_FOUND)
		return TS_OK;
	TS_TRY(err);
	TS_TRY(ts_note_parse((struct ts_str){s->file.data, s->file.len}, &note, &s->why));
	TS_TRY(ts_checkpoint_parse(note.text, &checkpoint, &s->why));
	*size = checkpoint.size;
	return TS_OK;
}

/* The leaf that issued the document of a period, by the calendar of the first terms. */
static enum ts_err issue_of(struct ts_mirror_source *s, const char *period, int64_t *leaf)
{
	const struct ts_terms *terms = NULL;
	struct ts_period p;
	char name[TS_TIME_CHARS];
	TS_TRY(ts_mirror_read(s->dir, "terms/1.json", &s->file, &s->why));
	TS_TRY(ts_terms_parse(s->file.data, s->file.len, s->region, &terms, &s->why));
	for (int32_t i = 0; (size_t)i < s->catalog.cuts_n; i++) {
		if (ts_period_get(terms, i, &p) != TS_OK ||
			strcmp(ts_period_name(&p, name), period) != 0)
			continue;
		*leaf = s->catalog.cuts[i].issue;
		if (*leaf >= 0)
			return TS_OK;
	}
	return ts_why(&s->why, TS_E_CONFLICT, period, "its document is not issued in this mirror");
}

/* The pair of kept checkpoints at which it ends: journal entries and leaves belong together. */
static enum ts_err choose(struct ts_mirror_source *s, const char *period)
{
	int64_t *inputs = NULL, *journal = NULL, leaf = -1;
	size_t inputs_n = 0, journal_n = 0;
	TS_TRY(ts_mirror_sizes(s->dir, "inputs", s->region, &inputs, &inputs_n, &s->why));
	TS_TRY(ts_mirror_sizes(s->dir, "journal", s->region, &journal, &journal_n, &s->why));
	if (period != NULL)
		TS_TRY(issue_of(s, period, &leaf));
	for (size_t i = 0; i < inputs_n; i++) {
		int64_t size = inputs[period != NULL ? i : inputs_n - 1 - i];
		if (size > s->held[TS_LOG_INPUTS] || size <= leaf)
			continue;
		int64_t settled = ts_mirror_catalog_settled(&s->catalog, size);
		bool found = settled == 0;
		for (size_t k = 0; k < journal_n && !found; k++)
			found = journal[k] == settled;
		if (found && settled <= s->held[TS_LOG_JOURNAL]) {
			s->manifest.to[TS_LOG_INPUTS] = size;
			s->manifest.to[TS_LOG_JOURNAL] = settled;
			return TS_OK;
		}
	}
	return ts_why(&s->why, TS_E_NOT_FOUND, "checkpoints",
		"the mirror holds no pair of checkpoints that belong together%s; run tallystick "
		"mirror again",
		period != NULL ? " behind that document" : "");
}

/* --- members --- */

static enum ts_err add_checkpoints(struct ts_mirror_source *s, enum ts_log_kind log)
{
	static const char *const names[] = {"inputs", "journal"};
	char name[TS_MIRROR_NAME_CHARS], member[TS_TAR_NAME_MAX + 1];
	int64_t *sizes = NULL;
	size_t n = 0;
	struct ts_note note;
	struct ts_buf all;
	TS_TRY(ts_mirror_sizes(s->dir, names[log], s->region, &sizes, &n, &s->why));
	ts_buf_init(&all, REGION_BYTES_MAX);
	enum ts_err err = TS_OK;
	for (size_t i = 0; err == TS_OK && i < n && sizes[i] < s->manifest.to[log]; i++) {
		(void)snprintf(
			name, sizeof name, "%s/checkpoints/%lld", names[log], (long long)sizes[i]);
		err = ts_mirror_read(s->dir, name, &s->file, &s->why);
		struct ts_str bytes = {s->file.data, s->file.len};
		if (err == TS_OK)
			err = ts_note_parse(bytes, &note, &s->why);
		if (err != TS_OK || note.n < 2) /* nobody cosigned it */
			continue;
		ts_buf_puts(&all, all.len > 0 ? "\n" : "");
		ts_buf_put(&all, bytes.at, bytes.len);
		err = all.err;
	}
	(void)snprintf(member, sizeof member, "%s.checkpoints", names[log]);
	if (err == TS_OK)
		err = add_text(s, member, (struct ts_str){all.data, all.len});
	ts_buf_free(&all);
	return err;
}

static enum ts_err add_closing(struct ts_mirror_source *s, enum ts_log_kind log)
{
	static const char *const names[] = {"inputs", "journal"};
	char name[TS_MIRROR_NAME_CHARS], member[TS_TAR_NAME_MAX + 1];
	if (s->manifest.to[log] == 0)
		return TS_OK;
	(void)snprintf(name, sizeof name, "%s/checkpoints/%lld", names[log],
		(long long)s->manifest.to[log]);
	(void)snprintf(member, sizeof member, "%s.checkpoint", names[log]);
	return add_file(s, member, name);
}

static enum ts_err add_head(struct ts_mirror_source *s)
{
	struct ts_buf text;
	memcpy(s->manifest.contract, s->dir->contract, sizeof s->manifest.contract);
	ts_buf_init(&text, TS_BUNDLE_TEXT_MAX);
	ts_manifest_format(&s->manifest, &text);
	enum ts_err err = text.err;
	if (err == TS_OK)
		err = add_text(s, "bundle", (struct ts_str){text.data, text.len});
	ts_buf_free(&text);
	TS_TRY(err);
	TS_TRY(add_closing(s, TS_LOG_INPUTS));
	TS_TRY(add_closing(s, TS_LOG_JOURNAL));
	TS_TRY(add_checkpoints(s, TS_LOG_INPUTS));
	TS_TRY(add_checkpoints(s, TS_LOG_JOURNAL));
	TS_TRY(add_tiles(s, "inputs.leaves",
		(struct piece){.tree = "inputs",
			.size = s->manifest.to[TS_LOG_INPUTS],
			.held = s->held[TS_LOG_INPUTS]}));
	return add_tiles(s, "journal.leaves",
		(struct piece){.tree = "journal",
			.size = s->manifest.to[TS_LOG_JOURNAL],
			.held = s->held[TS_LOG_JOURNAL]});
}

static int by_origin(const void *a, const void *b)
{
	const struct ts_mirror_stream *const *m = a, *const *n = b;
	return strcmp((*m)->origin, (*n)->origin);
}

static int by_version(const void *a, const void *b)
{
	const struct ts_mirror_version *m = a, *n = b;
	return m->version < n->version ? -1 : m->version > n->version;
}

static enum ts_err add_streams(struct ts_mirror_source *s)
{
	struct ts_mirror_catalog *c = &s->catalog;
	char name[TS_TAR_NAME_MAX + 1];
	if (c->streams_n > 1)
		qsort(c->streams, c->streams_n, sizeof *c->streams, by_origin);
	for (size_t i = 0; i < c->streams_n; i++) {
		const struct ts_mirror_stream *stream = c->streams[i];
		int64_t held = 0;
		if (stream->side != TS_SIDE_PROVIDER || stream->size == 0)
			continue;
		(void)snprintf(name, sizeof name, "streams/%s", stream->id);
		TS_TRY(accepted(s, name, &held));
		if (held < stream->size)
			return ts_why(&s->why, TS_E_NOT_FOUND, name,
				"%lld of %lld lines are mirrored; run tallystick mirror again",
				(long long)held, (long long)stream->size);
		TS_TRY(add_tiles(s, name,
			(struct piece){
				.tree = name, .lines = true, .size = stream->size, .held = held}));
	}
	return TS_OK;
}

static enum ts_err add_rest(struct ts_mirror_source *s)
{
	static const uint8_t trailer[2 * TS_TAR_BLOCK];
	struct ts_mirror_catalog *c = &s->catalog;
	char name[TS_TAR_NAME_MAX + 1], hex[2 * TS_HASH_BYTES + 1];
	if (c->versions_n > 1)
		qsort(c->versions, c->versions_n, sizeof *c->versions, by_version);
	for (size_t i = 0; i < c->versions_n; i++) {
		(void)snprintf(
			name, sizeof name, "terms/%lld.json", (long long)c->versions[i].version);
		TS_TRY(add_file(s, name, name));
	}
	TS_TRY(add_streams(s));
	for (size_t i = 0; i < c->documents_n; i++) {
		if (c->documents[i].source >= s->manifest.to[TS_LOG_INPUTS])
			break;
		ts_text_hex(c->documents[i].sha256.b, TS_HASH_BYTES, hex);
		(void)snprintf(name, sizeof name, "documents/%s.json", hex);
		TS_TRY(add_file(s, name, name));
	}
	return add_bytes(s, trailer, sizeof trailer);
}

static enum ts_err assemble(struct ts_mirror_source *s, const char *period)
{
	TS_TRY(accepted(s, "inputs", &s->held[TS_LOG_INPUTS]));
	TS_TRY(accepted(s, "journal", &s->held[TS_LOG_JOURNAL]));
	if (s->held[TS_LOG_INPUTS] == 0)
		return ts_why(&s->why, TS_E_NOT_FOUND, s->dir->path,
			"nothing of contract %s was mirrored yet", s->dir->contract);
	ts_mirror_catalog_init(&s->catalog, s->dir, s->region);
	TS_TRY(ts_mirror_catalog_journal(&s->catalog, s->held[TS_LOG_JOURNAL], &s->why));
	if (period != NULL)
		TS_TRY(ts_mirror_catalog_inputs(&s->catalog, s->held[TS_LOG_INPUTS], &s->why));
	TS_TRY(choose(s, period));
	/* again, up to the pair: what the leaves behind it say is not of the bundle */
	ts_mirror_catalog_init(&s->catalog, s->dir, s->region);
	TS_TRY(ts_mirror_catalog_journal_at(
		&s->catalog, s->held[TS_LOG_JOURNAL], s->manifest.to[TS_LOG_JOURNAL], &s->why));
	TS_TRY(ts_mirror_catalog_inputs_at(
		&s->catalog, s->held[TS_LOG_INPUTS], s->manifest.to[TS_LOG_INPUTS], &s->why));
	TS_TRY(add_head(s));
	return add_rest(s);
}

enum ts_err ts_mirror_source_open(const struct ts_mirror_dir *dir, const char *period,
	struct ts_region *region, struct ts_mirror_source **out, struct ts_why *why)
{
	struct ts_mirror_source *s = ts_region_alloc(region, sizeof *s);
	if (s == NULL)
		return TS_E_NO_MEMORY;
	s->dir = dir;
	s->region = region;
	s->audit.read = read_at;
	s->audit.ctx = s;
	ts_buf_init(&s->file, FILE_BYTES_MAX);
	ts_buf_init(&s->part, FILE_BYTES_MAX);
	enum ts_err err = assemble(s, period);
	if (err == TS_OK) {
		*out = s;
		return TS_OK;
	}
	ts_mirror_source_close(s);
	return ts_why(why, err, s->why.where, "%s",
		s->why.text[0] != '\0' ? s->why.text : ts_err_text(err));
}

void ts_mirror_source_close(struct ts_mirror_source *source)
{
	if (source == NULL)
		return;
	ts_buf_free(&source->file);
	ts_buf_free(&source->part);
}

const struct ts_audit_source *ts_mirror_source_audit(const struct ts_mirror_source *source)
{
	return &source->audit;
}

const struct ts_why *ts_mirror_source_why(const struct ts_mirror_source *source)
{
	return &source->why;
}
