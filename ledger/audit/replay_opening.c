/* SPDX-License-Identifier: Apache-2.0 */
/* The state that a walk begins with: its statements are checked as leaves are, its rows go where
 * the walk from genesis would have left them. Both companies signed it, which is checked by what
 * they logged behind the cut; what is in it must not break the walk even so. */
#include "audit/replay_state.h"
#include "evidence/log.h"
#include <stdlib.h>
#include <string.h>

static const char PERIOD_V1[] = "tallystick/period/v1\n";

static enum ts_err refuse(struct ts_replay *r, const char *expected, const char *actual)
{
	ts_finding_add(r->findings, TS_CHECK_STATE, "state", -1, expected, actual);
	return TS_E_INVALID;
}

/* --- who sealed it --- */

/* An amendment may change the companies' keys, before the state or between it and its seals. That
 * the note is signed as it must be is seen when the walk comes to it. */
static enum ts_err change_keys(struct ts_replay *r, struct ts_str leaf, struct ts_key party[2])
{
	struct ts_note note;
	struct ts_contract_statement s;
	const struct ts_terms *terms = NULL;
	struct ts_why none;
	enum ts_leaf_kind kind;
	if (ts_statement_kind(leaf) != TS_STATEMENT_CONTRACT ||
		ts_leaf_parse(leaf, &kind, &note, &none) != TS_OK ||
		ts_contract_statement_parse(note.text, &s, &none) != TS_OK || s.version == 1)
		return TS_OK;
	TS_TRY(ts_audit_terms(r, -1, &s, &terms));
	TS_TRY(ts_key_parse(
		ts_str(terms->provider.statement_key), &party[TS_SIDE_PROVIDER], &none));
	return ts_key_parse(ts_str(terms->consumer.statement_key), &party[TS_SIDE_CONSUMER], &none);
}

static void sealed_by(
	struct ts_replay *r, const struct ts_key party[2], struct ts_str leaf, bool by[2])
{
	struct ts_note note;
	struct ts_note_sig sigs[2];
	struct ts_period_statement s;
	struct ts_why none;
	enum ts_leaf_kind kind;
	if (leaf.len < sizeof PERIOD_V1 || memcmp(leaf.at, PERIOD_V1, sizeof PERIOD_V1 - 1) != 0 ||
		ts_leaf_parse(leaf, &kind, &note, &none) != TS_OK ||
		ts_period_statement_parse(note.text, &s, &none) != TS_OK ||
		!ts_str_is(s.contract, r->policy->contract) || s.cut != r->bundle->state.cut ||
		!ts_hash_eq(&s.state, &r->bundle->manifest.state) ||
		ts_note_verify(&note, party, 2, sigs, &none) != TS_OK)
		return;
	for (int side = 0; side < 2; side++)
		by[side] |= sigs[side].valid;
}

/* Reads the leaves once, ahead of the walk. */
static enum ts_err check_sealed(struct ts_replay *r)
{
	const struct ts_tar_member *leaves = r->bundle->logs[TS_LOG_INPUTS].leaves;
	const struct ts_state *state = &r->bundle->state;
	struct ts_str leaf;
	struct ts_key party[2] = {r->policy->party[0], r->policy->party[1]};
	bool more = true, by[2] = {false, false};
	for (size_t i = 0; i < state->leaves_n; i++)
		TS_TRY(change_keys(r, state->leaves[i].bytes, party));
	ts_reader_open(&r->lines, leaves->offset, leaves->size, 0);
	while (more) {
		enum ts_err err = ts_reader_leaf(&r->lines, &leaf, &more);
		if (err != TS_OK && err != TS_E_MALFORMED)
			return err;
		if (err != TS_OK)
			break; /* the log's own check has found it */
		if (!more)
			break;
		sealed_by(r, party, leaf, by);
		TS_TRY(change_keys(r, leaf, party));
	}
	for (int side = 0; side < 2; side++)
		if (!by[side])
			(void)refuse(r, party[side].name,
				"no leaf in which it seals or countersigns this state");
	return by[0] && by[1] ? TS_OK : TS_E_INVALID;
}

/* --- statements --- */

static enum ts_err add_cut(struct ts_replay *r, int64_t leaf, const struct ts_event *event)
{
	TS_TRY(ts_audit_grow(r->region, &r->cuts, r->cuts_n, &r->cuts_cap, sizeof *r->cuts));
	r->cuts[r->cuts_n] = (struct ts_audit_cut){.leaf = leaf,
		.at_us = event->at_ms * TS_US_PER_MS,
		.inputs_to = event->to,
		.period = (int32_t)r->cuts_n,
		.issued = INT64_MAX};
	r->cuts_n++;
	return TS_OK;
}

/* Cuts and issues of earlier periods; void numbers. */
static enum ts_err open_event(struct ts_replay *r, int64_t index, const struct ts_note *note)
{
	struct ts_event event;
	if (ts_event_parse(note->text, &event, &r->why) != TS_OK ||
		ts_event_signer(event.kind) != TS_SIGNED_BY_OPERATOR)
		return TS_OK; /* it is said or taken with the other leaves */
	if (event.kind == TS_EVENT_CUT)
		TS_TRY(add_cut(r, index, &event));
	if (event.kind == TS_EVENT_VOID) {
		r->serials[TS_EVENT_VOID]++;
		r->voids++;
	}
	r->serials[TS_EVENT_PREPAYMENT] += event.kind == TS_EVENT_PREPAYMENT;
	for (size_t i = 0; i < r->cuts_n && event.kind == TS_EVENT_ISSUE; i++)
		if (r->cuts[i].leaf == event.cut)
			r->cuts[i].issued = index;
	if (r->terms_n == 0)
		return refuse(r, "the contract note before all events", "it is absent");
	return ts_audit_signed(r, index, note, &r->operator_key, 1, false);
}

static enum ts_err open_statements(struct ts_replay *r)
{
	const struct ts_state *state = &r->bundle->state;
	for (size_t i = 0; i < state->leaves_n; i++) {
		const struct ts_state_leaf *leaf = &state->leaves[i];
		enum ts_leaf_kind kind = TS_LEAF_EVENT;
		struct ts_note note;
		if (ts_leaf_parse(leaf->bytes, &kind, &note, &r->why) != TS_OK ||
			kind == TS_LEAF_CHECKPOINT)
			return refuse(r, "statements", "other bytes among its leaves");
		if (kind == TS_LEAF_CONTRACT && leaf->index > 0)
			TS_TRY(ts_audit_version(r, leaf->index, &note));
		TS_TRY(ts_audit_leaf(r, leaf->index, leaf->bytes, false));
		if (kind == TS_LEAF_EVENT)
			TS_TRY(open_event(r, leaf->index, &note));
		TS_TRY(ts_audit_statement(r, leaf->index, leaf->bytes));
	}
	if (r->terms_n == 0)
		return refuse(r, "the contract note of version 1", "it is absent");
	return TS_OK;
}

/* --- streams --- */

static enum ts_err open_windows(
	struct ts_replay *r, const struct ts_state_stream *in, struct ts_audit_stream *stream)
{
	struct ts_closings *c = &stream->closings;
	for (size_t i = 0; i < in->windows_n; i++)
		if (ts_windows_restore(&stream->windows, &in->windows[i]) != TS_OK)
			return refuse(r, "windows of the stream, each once", stream->origin);
	for (size_t i = 0; i < in->closed_n; i++) {
		int64_t from = in->closed[i].from - c->from_ms, to = in->closed[i].to - c->from_ms;
		if (from < 0 || from % c->window_ms != 0 || to % c->window_ms != 0)
			return refuse(r, "closed spans of whole windows", stream->origin);
		TS_TRY(ts_spans_add(&c->closed, from / c->window_ms, to / c->window_ms));
		stream->closed_ms = in->closed[i].to;
	}
	return TS_OK;
}

static bool kind_of(struct ts_str name, enum ts_judge_kind *out)
{
	for (int k = 0; k <= TS_JUDGE_RELEASED; k++)
		if (k != TS_JUDGE_REFUSED &&
			ts_str_is(name, ts_judge_kind_name((enum ts_judge_kind)k))) {
			*out = (enum ts_judge_kind)k;
			return true;
		}
	return false;
}

static int by_leaf(const void *a, const void *b)
{
	const struct ts_state_mark *const *m = a, *const *n = b;
	return ((*m)->leaf > (*n)->leaf) - ((*m)->leaf < (*n)->leaf);
}

/* Facts about single lines; *range: it is about a range, for which all others must be known. */
static enum ts_err open_fact(struct ts_replay *r, const struct ts_audit_stream *stream,
	const struct ts_state_mark *mark, enum ts_judge_kind kind)
{
	int64_t by_stream = -1, by_index = -1;
	if (mark->to != mark->from + 1)
		return refuse(r, "a mark of one line", stream->origin);
	if (kind == TS_JUDGE_PARKED)
		return ts_judge_load_parked(r->judge, stream->number, mark->from, mark->leaf);
	if (mark->by_origin.at != NULL) {
		const struct ts_audit_stream *by = ts_audit_stream_find(r, mark->by_origin);
		if (by == NULL)
			return refuse(r, "a reversal by an enrolled stream", stream->origin);
		by_stream = by->number;
		by_index = mark->by_index;
	}
	return ts_judge_load_reversed(r->judge, stream->number, mark->from, by_stream, by_index);
}

static enum ts_err open_ranges(struct ts_replay *r, const struct ts_audit_stream *stream,
	const struct ts_state_mark **list, size_t n)
{
	enum ts_judge_kind kind = TS_JUDGE_CONTESTED;
	if (n > 1)
		qsort(list, n, sizeof *list, by_leaf);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && list[i]->leaf == list[i - 1]->leaf)
			return refuse(r, "one range of a stream per leaf", stream->origin);
		(void)kind_of(list[i]->kind, &kind);
		TS_TRY(ts_judge_load_range(
			r->judge, kind, stream->number, list[i]->from, list[i]->to, list[i]->leaf));
	}
	return TS_OK;
}

static enum ts_err open_marks(
	struct ts_replay *r, const struct ts_state_stream *in, struct ts_audit_stream *stream)
{
	const struct ts_state_mark **ranges = ts_region_array(
		r->region, in->marks_n + 1, sizeof *ranges);
	size_t n = 0;
	if (ranges == NULL)
		return TS_E_NO_MEMORY;
	stream->voids = in->marks;
	stream->voids_n = in->marks_n;
	for (size_t i = 0; i < in->marks_n; i++) {
		const struct ts_state_mark *mark = &in->marks[i];
		enum ts_judge_kind kind = TS_JUDGE_PARKED;
		if (ts_str_is(mark->kind, "void"))
			continue;
		if (!kind_of(mark->kind, &kind))
			return refuse(r, "a mark as in state.md", stream->origin);
		TS_TRY(ts_audit_grow(
			r->region, &r->marks, r->marks_n, &r->marks_cap, sizeof *r->marks));
		r->marks[r->marks_n++] = (struct ts_audit_mark){stream->number, *mark};
		if (kind == TS_JUDGE_PARKED || kind == TS_JUDGE_REVERSED)
			TS_TRY(open_fact(r, stream, mark, kind));
		else
			ranges[n++] = mark;
	}
	return open_ranges(r, stream, ranges, n);
}

enum ts_err ts_audit_open_stream(struct ts_replay *r, struct ts_audit_stream *stream)
{
	const struct ts_state *state = &r->bundle->state;
	for (size_t i = 0; i < state->streams_n; i++) {
		const struct ts_state_stream *in = &state->streams[i];
		if (!ts_str_is(in->origin, stream->origin))
			continue;
		if (stream->statement.side != TS_SIDE_PROVIDER)
			break;
		stream->range = stream->base = in->range;
		ts_range_root(r->hasher, &stream->range, &stream->root);
		stream->revoked_ms = in->revoked_ms;
		return open_windows(r, in, stream);
	}
	stream->unknown = stream->statement.side == TS_SIDE_CONSUMER;
	return stream->unknown ? TS_OK
			       : refuse(r, "a row of every provider stream", stream->origin);
}

static enum ts_err open_decisions(struct ts_replay *r)
{
	const struct ts_state *state = &r->bundle->state;
	for (size_t i = 0; i < state->streams_n; i++) {
		struct ts_audit_stream *stream = ts_audit_stream_find(r, state->streams[i].origin);
		if (stream == NULL)
			return refuse(r, "rows of enrolled streams only", "another stream");
		TS_TRY(open_marks(r, &state->streams[i], stream));
	}
	for (size_t i = 0; i < r->streams_n; i++)
		if (r->streams[i]->statement.side == TS_SIDE_PROVIDER)
			TS_TRY(ts_judge_load_key(r->judge, r->streams[i]->number, &r->why));
	return TS_OK;
}

/* --- ledger --- */

static enum ts_err open_ledger(struct ts_replay *r)
{
	struct ts_bundle *b = r->bundle;
	TS_TRY(ts_audit_ledger_renew(r)); /* knows all versions */
	enum ts_err err = ts_ledger_text_load(r->ledger, b->ledger, &r->why);
	if (err == TS_E_NO_MEMORY)
		return err;
	if (err == TS_OK)
		err = ts_ledger_check(r->ledger, &r->why);
	if (err != TS_OK) {
		ts_audit_fail(r, TS_CHECK_STATE, "state", -1, "a ledger as in state.md");
		return TS_E_INVALID;
	}
	const struct ts_ledger_head *head = ts_ledger_head(r->ledger);
	if (head->inputs_to != b->state.inputs.size)
		return refuse(r, "a ledger of the state's N", "another N");
	r->serials[TS_EVENT_TICK] = head->tick_serial - 1;
	r->serials[TS_EVENT_CUT] = head->cut_serial - 1;
	r->serials[TS_EVENT_ISSUE] = head->issue_serial - 1;
	r->at_ms = head->at_us / TS_US_PER_MS;
	r->folding.at_us = head->at_us;
	return TS_OK;
}

/* The state's own cut, whose document is not issued yet. */
static enum ts_err open_cut(struct ts_replay *r)
{
	const struct ts_state *state = &r->bundle->state;
	const struct ts_event event = {.at_ms = r->at_ms, .to = state->inputs.size};
	if ((size_t)state->period != r->cuts_n)
		return refuse(r, "the state of the period behind the last cut in it", "another");
	TS_TRY(add_cut(r, state->cut, &event));
	struct ts_audit_cut *cut = &r->cuts[r->cuts_n - 1];
	cut->journal_size = state->journal.size;
	ts_range_root(r->hasher, &state->inputs, &cut->inputs_root);
	ts_range_root(r->hasher, &state->journal, &cut->journal_root);
	cut->windows = state->windows;
	cut->list = state->list;
	cut->state = r->bundle->manifest.state;
	cut->has_state = true;
	return TS_OK;
}

/* Behind the end of the state's period, up to where an amendment may reach back. */
static enum ts_err open_cells(struct ts_replay *r)
{
	const struct ts_state *state = &r->bundle->state;
	struct ts_period period;
	if (ts_ledger_period_get(r->ledger, state->period, &period) != TS_OK)
		return refuse(r, "a period of the contract", "another");
	for (size_t i = 0; i < state->cells_n; i++)
		if (state->cells[i].quarter_us < period.to_us)
			return refuse(r, "cells behind the end of its period", "an earlier one");
	r->cells_from_us = period.to_us;
	TS_TRY(ts_audit_keep_cells(r, state->cells, state->cells_n));
	return ts_audit_cells_next(r);
}

enum ts_err ts_audit_open(struct ts_replay *r)
{
	TS_TRY(check_sealed(r));
	r->opening = true;
	TS_TRY(open_statements(r));
	TS_TRY(open_decisions(r));
	TS_TRY(open_ledger(r));
	TS_TRY(open_cut(r));
	TS_TRY(open_cells(r));
	TS_TRY(ts_audit_carried_load(r));
	r->opening = false;
	return TS_OK;
}

void ts_audit_opening_cut(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	const struct ts_ledger_head *head = ts_ledger_head(r->ledger);
	struct ts_period period;
	if (event->kind == TS_EVENT_CUT && event->to == r->bundle->state.inputs.size &&
		event->day == head->day && event->serial == head->cut_serial - 1 &&
		event->at_ms == head->at_us / TS_US_PER_MS &&
		ts_ledger_period_get(r->ledger, r->bundle->state.period, &period) == TS_OK &&
		event->period_from_ms == period.from_us / TS_US_PER_MS &&
		event->period_to_ms == period.to_us / TS_US_PER_MS)
		return;
	ts_finding_add(r->findings, TS_CHECK_STATE, TS_INPUTS_LEAVES, index,
		"the cut that the state is of", "another event");
}
