/* SPDX-License-Identifier: Apache-2.0 */
/* The state at a cut (book/state.h), made again from what was walked: its hash is what both
 * companies sign when they seal the period. */
#include "audit/replay_state.h"
#include "evidence/log.h"
#include <stdlib.h>
#include <string.h>

enum ts_err ts_audit_statement(struct ts_replay *r, int64_t index, struct ts_str leaf)
{
	struct ts_note note;
	struct ts_event event;
	enum ts_leaf_kind kind;
	struct ts_why none;
	if (ts_leaf_parse(leaf, &kind, &note, &none) != TS_OK || kind == TS_LEAF_CHECKPOINT ||
		(kind == TS_LEAF_EVENT && ts_event_parse(note.text, &event, &none) == TS_OK &&
			event.kind == TS_EVENT_TICK))
		return TS_OK;
	char *bytes = ts_region_copy(r->region, leaf.at, leaf.len);
	if (bytes == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_audit_grow(r->region, &r->statements, r->statements_n, &r->statements_cap,
		sizeof *r->statements));
	r->statements[r->statements_n++] = (struct ts_state_leaf){index, {bytes, leaf.len}};
	return TS_OK;
}

static int by_origin(const void *a, const void *b)
{
	const struct ts_audit_stream *const *m = a, *const *n = b;
	return strcmp((*m)->origin, (*n)->origin);
}

static int by_place(const void *a, const void *b)
{
	const struct ts_state_mark *m = a, *n = b;
	int kind = ts_str_cmp(m->kind, n->kind);
	if (m->from != n->from)
		return m->from < n->from ? -1 : 1;
	return kind != 0 ? kind : (m->leaf > n->leaf) - (m->leaf < n->leaf);
}

/* Decisions about the stream's lines, and its void u1 lines. */
static enum ts_err marks_of(
	struct ts_replay *r, const struct ts_audit_stream *stream, struct ts_state_stream *out)
{
	size_t n = 0;
	for (size_t i = 0; i < r->marks_n; i++)
		n += r->marks[i].stream == stream->number;
	for (size_t i = 0; i < stream->uploads_n; i++)
		n += stream->uploads[i].void_usage_n;
	n += stream->voids_n;
	struct ts_state_mark *list = ts_region_array(r->scratch, n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	n = 0;
	for (size_t i = 0; i < r->marks_n; i++)
		if (r->marks[i].stream == stream->number)
			list[n++] = r->marks[i].is;
	for (size_t i = 0; i < stream->voids_n; i++)
		if (ts_str_is(stream->voids[i].kind, "void"))
			list[n++] = stream->voids[i];
	for (size_t i = 0; i < stream->uploads_n; i++)
		for (size_t k = 0; k < stream->uploads[i].void_usage_n; k++) {
			int64_t at = stream->uploads[i].void_usage[k];
			list[n++] = (struct ts_state_mark){.from = at,
				.to = at + 1,
				.kind = TS_STR("void"),
				.leaf = stream->uploads[i].leaf};
		}
	if (n > 1)
		qsort(list, n, sizeof *list, by_place);
	out->marks = list;
	out->marks_n = n;
	return TS_OK;
}

/* Instants of the windows with a c1 that end behind the period's end. */
static enum ts_err closed_of(struct ts_replay *r, const struct ts_audit_stream *stream,
	int64_t period_to_ms, struct ts_state_stream *out)
{
	const struct ts_closings *c = &stream->closings;
	int64_t first = period_to_ms > c->from_ms ? (period_to_ms - c->from_ms) / c->window_ms : 0;
	struct ts_span *list = ts_region_array(r->scratch, c->closed.n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = ts_spans_find(&c->closed, first); i < c->closed.n; i++) {
		int64_t from = c->closed.list[i].from;
		if (from < first)
			from = first;
		list[out->closed_n++] = (struct ts_span){c->from_ms + from * c->window_ms,
			c->from_ms + c->closed.list[i].to * c->window_ms};
	}
	out->closed = list;
	return TS_OK;
}

static enum ts_err streams_of(struct ts_replay *r, int64_t period_to_ms, struct ts_state *out)
{
	const struct ts_audit_stream **sorted = ts_region_array(
		r->scratch, r->streams_n + 1, sizeof *sorted);
	struct ts_state_stream *list = ts_region_array(r->scratch, r->streams_n + 1, sizeof *list);
	size_t n = 0;
	if (sorted == NULL || list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < r->streams_n; i++)
		if (r->streams[i]->statement.side == TS_SIDE_PROVIDER)
			sorted[n++] = r->streams[i];
	if (n > 1)
		qsort(sorted, n, sizeof *sorted, by_origin);
	for (size_t i = 0; i < n; i++) {
		const struct ts_audit_stream *s = sorted[i];
		list[i] = (struct ts_state_stream){.origin = ts_str(s->origin),
			.range = s->range,
			.revoked_ms = s->revoked_ms,
			.windows = s->windows.list,
			.windows_n = s->windows.n};
		TS_TRY(closed_of(r, s, period_to_ms, &list[i]));
		TS_TRY(marks_of(r, s, &list[i]));
	}
	out->streams = list;
	out->streams_n = n;
	return TS_OK;
}

enum ts_err ts_audit_state(struct ts_replay *r, struct ts_audit_cut *cut)
{
	struct ts_period period;
	struct ts_buf text;
	char name[TS_TIME_CHARS];
	struct ts_state state = {.contract = ts_str(r->policy->contract),
		.period = cut->period,
		.cut = cut->leaf,
		.inputs = r->fold,
		.journal = r->journal,
		.windows = cut->windows,
		.list = cut->list,
		.leaves = r->statements,
		.leaves_n = r->statements_n};
	struct ts_usage_cell *cells = NULL;
	ts_region_reset(r->scratch);
	TS_TRY(ts_ledger_period_get(r->ledger, cut->period, &period));
	TS_TRY(ts_audit_cells_of(r, period.to_us, INT64_MAX, &cells, &state.cells_n));
	state.cells = cells;
	TS_TRY(streams_of(r, period.to_us / TS_US_PER_MS, &state));
	ts_buf_init(&text, TS_STATE_BYTES_MAX);
	enum ts_err err = ts_state_text(&state, r->ledger, r->scratch, &text, &r->why);
	if (err == TS_OK)
		ts_sha256(text.data, text.len, &cut->state);
	const struct ts_audit_options *o = r->options;
	if (err == TS_OK && o->state != NULL &&
		strcmp(o->state_period, ts_period_name(&period, name)) == 0) {
		ts_buf_put(o->state, text.data, text.len);
		err = o->state->err;
	}
	ts_buf_free(&text);
	cut->has_state = err == TS_OK;
	return err;
}
