/* SPDX-License-Identifier: Apache-2.0 */
#include "service/mirror/mirror_catalog.h"
#include "evidence/event.h"
#include "evidence/log.h"
#include <stdio.h>
#include <string.h>

struct origin_row {
	const char *origin;
	struct ts_mirror_stream *stream;
};

static uint64_t origin_hash(const void *row)
{
	return ts_hash_text(1, ((const struct origin_row *)row)->origin);
}

static bool origin_same(const void *a, const void *b)
{
	return strcmp(((const struct origin_row *)a)->origin,
		       ((const struct origin_row *)b)->origin) == 0;
}

void ts_mirror_catalog_init(struct ts_mirror_catalog *catalog, const struct ts_mirror_dir *dir,
	struct ts_region *region)
{
	*catalog = (struct ts_mirror_catalog){.dir = dir, .region = region};
	ts_rowset_init(
		&catalog->by_origin, region, sizeof(struct origin_row), origin_hash, origin_same);
}

/* Room for one more element. */
static enum ts_err grow(
	struct ts_region *region, void *array, size_t n, size_t *cap, size_t bytes_each)
{
	void **list = array;
	if (n < *cap)
		return TS_OK;
	size_t more = *cap == 0 ? 16 : 2 * *cap;
	void *bigger = ts_region_array(region, more, bytes_each);
	if (bigger == NULL)
		return TS_E_NO_MEMORY;
	if (n > 0)
		memcpy(bigger, *list, n * bytes_each);
	*list = bigger;
	*cap = more;
	return TS_OK;
}

static enum ts_err take_contract(
	struct ts_mirror_catalog *c, const struct ts_note *note, struct ts_why *why)
{
	struct ts_contract_statement statement;
	TS_TRY(ts_contract_statement_parse(note->text, &statement, why));
	TS_TRY(grow(c->region, &c->versions, c->versions_n, &c->versions_cap, sizeof *c->versions));
	c->versions[c->versions_n++] = (struct ts_mirror_version){
		statement.version, statement.terms};
	return TS_OK;
}

static enum ts_err take_key(
	struct ts_mirror_catalog *c, const struct ts_note *note, struct ts_why *why)
{
	struct ts_key_statement statement;
	void *row = NULL;
	TS_TRY(ts_key_statement_parse(note->text, &statement, why));
	struct ts_mirror_stream *stream = ts_region_alloc(c->region, sizeof *stream);
	if (stream == NULL)
		return TS_E_NO_MEMORY;
	stream->origin = ts_region_copy(c->region, statement.origin.at, statement.origin.len);
	if (stream->origin == NULL)
		return TS_E_NO_MEMORY;
	stream->side = statement.side;
	stream->key = statement.key;
	ts_stream_id(statement.origin, stream->id);
	struct origin_row own = {stream->origin, stream};
	if (ts_rowset_find(&c->by_origin, &own) != NULL)
		return TS_OK; /* a second time: the verifier says so */
	TS_TRY(ts_rowset_add(&c->by_origin, &own, &row));
	TS_TRY(grow(c->region, &c->streams, c->streams_n, &c->streams_cap, sizeof *c->streams));
	c->streams[c->streams_n++] = stream;
	return TS_OK;
}

static enum ts_err take_checkpoint(
	struct ts_mirror_catalog *c, int64_t index, const struct ts_note *note, struct ts_why *why)
{
	struct ts_checkpoint checkpoint;
	char origin[TS_ORIGIN_MAX + 1];
	TS_TRY(ts_checkpoint_parse(note->text, &checkpoint, why));
	if (checkpoint.origin.len > TS_ORIGIN_MAX)
		return ts_why(why, TS_E_MALFORMED, "origin", "it is too long");
	memcpy(origin, checkpoint.origin.at, checkpoint.origin.len);
	origin[checkpoint.origin.len] = '\0';
	struct origin_row *row = ts_rowset_find(&c->by_origin, &(struct origin_row){origin, NULL});
	if (row == NULL)
		return ts_why(why, TS_E_MALFORMED, "origin", "%s is not enrolled", origin);
	if (checkpoint.size <= row->stream->size)
		return ts_why(why, TS_E_MALFORMED, "size", "%s does not grow", origin);
	row->stream->size = checkpoint.size;
	row->stream->root = checkpoint.root;
	row->stream->leaf = index;
	return TS_OK;
}

static enum ts_err take_event(
	struct ts_mirror_catalog *c, int64_t index, const struct ts_note *note, struct ts_why *why)
{
	struct ts_event event;
	TS_TRY(ts_event_parse(note->text, &event, why));
	if (event.kind == TS_EVENT_CUT) {
		TS_TRY(grow(c->region, &c->cuts, c->cuts_n, &c->cuts_cap, sizeof *c->cuts));
		c->cuts[c->cuts_n++] = (struct ts_mirror_cut){
			index, event.period_from_ms, event.period_to_ms, -1};
	}
	for (size_t i = 0; event.kind == TS_EVENT_ISSUE && i < c->cuts_n; i++)
		if (c->cuts[i].leaf == event.cut)
			c->cuts[i].issue = index;
	return TS_OK;
}

static enum ts_err take_input(
	struct ts_mirror_catalog *c, int64_t index, struct ts_str leaf, struct ts_why *why)
{
	struct ts_note note;
	enum ts_leaf_kind kind;
	TS_TRY(ts_leaf_parse(leaf, &kind, &note, why));
	switch (kind) {
	case TS_LEAF_CONTRACT:
		return take_contract(c, &note, why);
	case TS_LEAF_KEY:
		return take_key(c, &note, why);
	case TS_LEAF_CHECKPOINT:
		return take_checkpoint(c, index, &note, why);
	case TS_LEAF_EVENT:
		return take_event(c, index, &note, why);
	case TS_LEAF_PERIOD:
	case TS_LEAF_REVOKE:
	case TS_LEAF_REATTEST:
	case TS_LEAF_RESERVATION:
		break;
	}
	return TS_OK;
}

/* Source leaf, number and hash: fields 9, 11 and 12 of the first line (journal.md). */
static enum ts_err take_entry(
	struct ts_mirror_catalog *c, int64_t index, struct ts_str leaf, struct ts_why *why)
{
	struct ts_str rest = leaf, line = ts_str_cut(&rest, '\n'), field[12];
	struct ts_hash sha256;
	int64_t source = 0;
	for (size_t i = 0; i < 12; i++)
		field[i] = line.at != NULL ? ts_str_cut(&line, '\t') : (struct ts_str){"", 0};
	if (!ts_str_is(field[0], "j1") || ts_text_u63(field[8], &source) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "entry", "it is no journal entry");
	if (c->steps_n == 0 || c->steps[c->steps_n - 1].source != source) {
		if (c->steps_n > 0 && c->steps[c->steps_n - 1].source > source)
			return ts_why(why, TS_E_MALFORMED, "entry", "its source goes back");
		TS_TRY(grow(c->region, &c->steps, c->steps_n, &c->steps_cap, sizeof *c->steps));
		c->steps[c->steps_n++] = (struct ts_mirror_step){source, index};
	}
	c->steps[c->steps_n - 1].end = index + 1;
	if (ts_str_is(field[11], "-"))
		return TS_OK;
	if (ts_text_unhex(field[11], sha256.b, sizeof sha256.b) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "entry", "its document's hash");
	if (c->documents_n > 0 && ts_hash_eq(&c->documents[c->documents_n - 1].sha256, &sha256))
		return TS_OK; /* the entries of a document follow each other */
	TS_TRY(grow(
		c->region, &c->documents, c->documents_n, &c->documents_cap, sizeof *c->documents));
	const char *number = ts_region_copy(c->region, field[10].at, field[10].len);
	if (number == NULL)
		return TS_E_NO_MEMORY;
	c->documents[c->documents_n++] = (struct ts_mirror_document){number, sha256, source};
	return TS_OK;
}

/* Reads leaves [*at, to) out of the entries tiles of a log of `held` leaves. */
static enum ts_err read_leaves(struct ts_mirror_catalog *c, const char *tree, int64_t *at,
	int64_t held, int64_t to,
	enum ts_err (*take)(
		struct ts_mirror_catalog *c, int64_t index, struct ts_str leaf, struct ts_why *why),
	struct ts_why *why)
{
	struct ts_buf bytes;
	char name[TS_MIRROR_NAME_CHARS];
	enum ts_err err = TS_OK;
	ts_buf_init(&bytes, TS_MIRROR_TILE_BYTES_MAX);
	while (err == TS_OK && *at < to) {
		struct ts_tile tile = ts_mirror_tile(held, -1, *at / TS_TILE_WIDTH);
		int64_t index = tile.index * TS_TILE_WIDTH;
		ts_mirror_tile_name(tree, &tile, name);
		err = ts_mirror_read(c->dir, name, &bytes, why);
		struct ts_str rest = {bytes.data, bytes.len}, leaf;
		for (int i = 0; err == TS_OK && i < tile.width && index < to; i++, index++) {
			struct ts_why inner = {"", ""};
			if (!ts_tile_take(&rest, &leaf))
				err = ts_why(why, TS_E_MALFORMED, name, "entry %d is not whole", i);
			else if (index >= *at)
				err = take(c, index, leaf, &inner);
			if (err != TS_OK && inner.text[0] != '\0')
				(void)ts_why(why, err, name, "leaf %lld: %s", (long long)index,
					inner.text);
		}
		if (err == TS_OK)
			*at = index;
	}
	ts_buf_free(&bytes);
	return err;
}

enum ts_err ts_mirror_catalog_inputs_at(
	struct ts_mirror_catalog *catalog, int64_t held, int64_t to, struct ts_why *why)
{
	return read_leaves(catalog, "inputs", &catalog->inputs_to, held, to, take_input, why);
}

enum ts_err ts_mirror_catalog_journal_at(
	struct ts_mirror_catalog *catalog, int64_t held, int64_t to, struct ts_why *why)
{
	return read_leaves(catalog, "journal", &catalog->journal_to, held, to, take_entry, why);
}

enum ts_err ts_mirror_catalog_inputs(
	struct ts_mirror_catalog *catalog, int64_t to, struct ts_why *why)
{
	return ts_mirror_catalog_inputs_at(catalog, to, to, why);
}

enum ts_err ts_mirror_catalog_journal(
	struct ts_mirror_catalog *catalog, int64_t to, struct ts_why *why)
{
	return ts_mirror_catalog_journal_at(catalog, to, to, why);
}

int64_t ts_mirror_catalog_settled(const struct ts_mirror_catalog *catalog, int64_t inputs)
{
	size_t lo = 0, hi = catalog->steps_n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (catalog->steps[mid].source < inputs)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 ? catalog->steps[lo - 1].end : 0;
}
