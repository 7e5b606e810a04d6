/* SPDX-License-Identifier: Apache-2.0 */
/* A stream as the walk has it: its enrolment, how far its lines are, what it still remembers of
 * windows, where its key ended. One row of audit_progress each. */
#include "service/auditor/auditor_walk.h"
#include "store/ingest.h"
#include "store/stream.h"
#include <string.h>

#define STATE_BYTES_MAX (32u << 20)

struct by_origin {
	const char *origin;
	struct ts_auditor_stream *stream;
};

const char *ts_auditor_party(const struct ts_terms *terms, enum ts_side side)
{
	return side == TS_SIDE_PROVIDER ? terms->provider.statement_key
					: terms->consumer.statement_key;
}

static void put_state(const struct ts_auditor_stream *s, struct ts_buf *out)
{
	uint8_t packed[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	size_t len = ts_range_pack(&s->range, packed);
	ts_buf_put_u64be(out, (uint64_t)s->closed_ms);
	ts_buf_put_u64be(out, (uint64_t)s->closed_leaf);
	ts_buf_put_u64be(out, (uint64_t)s->revoked_leaf);
	ts_buf_put(out, s->enrolment.b, TS_HASH_BYTES);
	ts_buf_put(out, s->note.b, TS_HASH_BYTES);
	ts_buf_put(out, packed, len);
	ts_windows_pack(&s->windows, out);
}

static int64_t take_i64(struct ts_str *state)
{
	uint64_t v = 0;
	for (int i = 0; i < 8; i++)
		v = v << 8 | (unsigned char)state->at[i];
	state->at += 8;
	state->len -= 8;
	return (int64_t)v;
}

static void take_hash(struct ts_str *state, struct ts_hash *out)
{
	memcpy(out->b, state->at, TS_HASH_BYTES);
	state->at += TS_HASH_BYTES;
	state->len -= TS_HASH_BYTES;
}

static enum ts_err take_state(struct ts_str state, int64_t size, struct ts_auditor_stream *s)
{
	size_t hashes = (size_t)__builtin_popcountll((unsigned long long)size) * TS_HASH_BYTES;
	if (state.len < 3 * 8 + 2 * TS_HASH_BYTES + hashes)
		return TS_E_MALFORMED;
	s->closed_ms = take_i64(&state);
	s->closed_leaf = take_i64(&state);
	s->revoked_leaf = take_i64(&state);
	take_hash(&state, &s->enrolment);
	take_hash(&state, &s->note);
	TS_TRY(ts_range_unpack(size, state.at, hashes, &s->range));
	return ts_windows_unpack(
		(struct ts_str){state.at + hashes, state.len - hashes}, &s->windows);
}

/* The enrolment is what its leaf says; that is compared when the leaf is passed, and here again. */
static enum ts_err load(struct ts_auditor_walk *w, const struct ts_db_key *key,
	struct ts_auditor_stream *s, struct ts_why *why)
{
	const struct ts_db_audit_task task = {"stream", key->stream_id, 0};
	struct ts_auditor *a = w->a;
	struct ts_note note;
	struct ts_str state;
	struct ts_hash hash;
	int64_t size = 0;
	TS_TRY(ts_note_parse(key->note, &note, why));
	TS_TRY(ts_key_statement_parse(note.text, &s->statement, why));
	s->origin = key->origin;
	s->stream_id = key->stream_id;
	s->leaf = key->leaf;
	s->closed_leaf = s->revoked_leaf = -1;
	ts_range_init(&s->range);
	ts_windows_init(
		&s->windows, a->region, s->statement.active_from_ms, s->statement.window_ms);
	ts_sha256(key->note.at, key->note.len, &hash);
	TS_TRY(ts_db_audit_get(
		a->db, a->contract.contract_id, &task, a->region, &size, &state, why));
	s->enrolment = hash;
	if (state.len == 0)
		return TS_OK;
	TS_TRY(take_state(state, size, s));
	if (ts_hash_eq(&hash, &s->enrolment))
		return TS_OK;
	return ts_why(why, TS_E_INVALID, "agent_key", "the note of stream %lld has changed",
		(long long)key->stream_id);
}

enum ts_err ts_auditor_stream_get(struct ts_auditor_walk *w, struct ts_str origin,
	struct ts_auditor_stream **out, struct ts_why *why)
{
	char id[TS_STREAM_ID_CHARS + 1];
	struct ts_db_key key;
	struct by_origin row = {.origin = ts_region_copy(w->a->region, origin.at, origin.len)};
	if (row.origin == NULL)
		return TS_E_NO_MEMORY;
	const struct by_origin *there = ts_rowset_find(&w->streams, &row);
	if (there != NULL) {
		*out = there->stream;
		return TS_OK;
	}
	ts_stream_id(origin, id);
	TS_TRY(ts_db_key_get(w->a->db, w->a->contract.contract_id, id, w->a->region, &key, why));
	row.stream = ts_region_alloc(w->a->region, sizeof *row.stream);
	if (row.stream == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(load(w, &key, row.stream, why));
	if (!ts_str_eq(row.stream->statement.origin, origin))
		return ts_why(why, TS_E_INVALID, "agent_key",
			"the row of stream %lld holds another stream's statement",
			(long long)key.stream_id);
	*out = row.stream;
	return ts_rowset_add(&w->streams, &row, NULL);
}

enum ts_err ts_auditor_stream_keep(struct ts_auditor_walk *w, struct ts_why *why)
{
	struct ts_buf state;
	enum ts_err err = TS_OK;
	ts_buf_init(&state, STATE_BYTES_MAX);
	for (size_t i = 0; i < w->streams.n && err == TS_OK; i++) {
		struct ts_auditor_stream *s =
			((const struct by_origin *)ts_rowset_at(&w->streams, i))->stream;
		if (!s->changed)
			continue;
		ts_buf_reset(&state);
		put_state(s, &state);
		err = state.err;
		if (err == TS_OK)
			err = ts_db_audit_put(w->a->db, w->a->contract.contract_id,
				&(struct ts_db_audit_task){"stream", s->stream_id, 0},
				s->range.size, (struct ts_str){state.data, state.len}, why);
		s->changed = false;
	}
	ts_buf_free(&state);
	return err;
}
