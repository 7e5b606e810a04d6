/* SPDX-License-Identifier: Apache-2.0 */
/* Where a scope passes from one provider stream to another, two streams may assert the same hour:
 * lines of the older that start behind the instant are parked, and of two lines that overlap across
 * it the later one is. */
#include "evidence/judge_state.h"

#include <string.h>

static enum ts_err pair_add(
	struct ts_judge *judge, const struct ts_judge_handover *h, struct judge_pair **out)
{
	const int64_t sides[] = {h->newer, h->older};
	if (judge->pairs_n == judge->pairs_cap) {
		struct judge_pair *bigger = ts_judge_grow(judge->region, judge->pairs,
			judge->pairs_n, &judge->pairs_cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		judge->pairs = bigger;
	}
	for (size_t i = 0; i < 2; i++) {
		struct judge_stream *stream = ts_judge_stream_find(judge, sides[i]);
		TS_ASSERT(stream != NULL);
		if (stream->pairs_n == stream->pairs_cap) {
			uint32_t *bigger = ts_judge_grow(judge->region, stream->pairs,
				stream->pairs_n, &stream->pairs_cap, sizeof(*bigger));
			if (bigger == NULL)
				return TS_E_NO_MEMORY;
			stream->pairs = bigger;
		}
		stream->pairs[stream->pairs_n++] = (uint32_t)judge->pairs_n;
	}
	*out = &judge->pairs[judge->pairs_n++];
	**out = (struct judge_pair){.h = *h};
	return TS_OK;
}

enum ts_err ts_judge_load_handover(struct ts_judge *judge, const struct ts_judge_handover *handover)
{
	struct judge_pair *pair = NULL;
	const struct judge_stream *newer = ts_judge_stream_find(judge, handover->newer);
	TS_ASSERT(newer != NULL);
	for (size_t i = 0; i < newer->pairs_n; i++) /* it may come with more than one batch */
		if (judge->pairs[newer->pairs[i]].h.newer == handover->newer &&
			judge->pairs[newer->pairs[i]].h.older == handover->older)
			return TS_OK;
	return pair_add(judge, handover, &pair);
}

const struct ts_judge_handover *ts_judge_handover_at(const struct ts_judge *judge, size_t i)
{
	return i < judge->pairs_n ? &judge->pairs[i].h : NULL;
}

/* --- straddlers --- */

bool ts_judge_straddles(const struct judge_pair *pair, const struct ts_usage *usage)
{
	return usage->start_ms < pair->h.from_ms && usage->end_ms > pair->h.from_ms;
}

enum ts_err ts_judge_visit_overlapping(struct ts_judge *judge, struct judge_stream *stream,
	struct judge_pair *pair, int64_t from_ms, int64_t to_ms, int64_t below,
	ts_judge_visit visit, void *arg, struct ts_why *why)
{
	struct ts_record record;
	struct judge_walk walk;
	struct ts_judge_batch *batch = &judge->looked;
	int64_t at = 0;
	for (;;) {
		judge->looked_stream = -1;
		enum ts_err err = judge->source.overlapping(
			judge->source.ctx, stream->id, at, from_ms, to_ms, below, batch, why);
		if (err == TS_E_NOT_FOUND)
			return TS_OK;
		TS_TRY(err);
		TS_ASSERT(batch->first >= at && batch->leaf < below);
		at = batch->end;
		ts_judge_walk_begin(&walk, batch);
		while (ts_judge_walk_next(&walk))
			if (walk.line.len > 0 && walk.line.at[0] == 'u' &&
				ts_judge_walk_record(&walk, stream, &record) &&
				record.usage.start_ms < to_ms && record.usage.end_ms > from_ms)
				TS_TRY(visit(judge, stream, pair, &walk, &record.usage, arg, why));
	}
}

enum ts_err ts_judge_walk_facts(struct ts_judge *judge, const struct judge_stream *stream,
	const struct judge_walk *walk, struct ts_why *why)
{
	const struct ts_judge_batch *batch = walk->batch;
	bool loaded = judge->loaded.stream == stream->id && judge->loaded.from <= batch->first &&
		      judge->loaded.to >= batch->end;
	return loaded || batch->leaf >= judge->from
		       ? TS_OK
		       : ts_judge_lines_load(judge, stream->id, batch->first, batch->end, why);
}

static enum ts_err visit_straddler(struct ts_judge *judge, struct judge_stream *stream,
	struct judge_pair *pair, const struct judge_walk *walk, const struct ts_usage *usage,
	void *arg, struct ts_why *why)
{
	(void)stream;
	(void)arg;
	(void)why;
	return ts_judge_straddles(pair, usage)
		       ? ts_judge_straddler_add(judge, pair, walk->batch->leaf, walk->index, usage)
		       : TS_OK;
}

/* --- sweeps --- */

static bool near_newer(const struct judge_pair *pair, int64_t start_ms)
{
	return start_ms < pair->h.from_ms + TS_JUDGE_HANDOVER_REACH_MS;
}

bool ts_judge_sweeps(const struct ts_judge *judge, const struct judge_stream *stream,
	const struct ts_judge_batch *batch)
{
	for (size_t i = 0; i < stream->pairs_n; i++) {
		const struct judge_pair *pair = &judge->pairs[stream->pairs[i]];
		if (pair->h.newer == stream->id ? near_newer(pair, batch->earliest_ms)
						: batch->latest_ms > pair->h.from_ms)
			return true;
	}
	return false;
}

enum ts_err ts_judge_sweep_begin(struct ts_judge *judge, struct judge_stream *stream,
	const struct ts_judge_batch *batch, struct ts_why *why)
{
	for (size_t i = 0; i < stream->pairs_n; i++) {
		struct judge_pair *pair = &judge->pairs[stream->pairs[i]];
		if (pair->h.newer != stream->id)
			TS_TRY(ts_judge_late_find(judge, stream, pair, batch, why));
		if (pair->h.newer != stream->id || pair->loaded ||
			!near_newer(pair, batch->earliest_ms))
			continue;
		TS_TRY(ts_judge_visit_overlapping(judge, ts_judge_stream_find(judge, pair->h.older),
			pair, pair->h.from_ms, pair->h.from_ms + 1, batch->leaf, visit_straddler,
			NULL, why));
		pair->loaded = true;
	}
	return TS_OK;
}

/* Whether the older stream has no say any more where the line starts. */
static enum ts_err handed_over(struct ts_judge *judge, const struct judge_pair *pair,
	const struct judge_stream *older, const struct ts_usage *usage, bool *out,
	struct ts_why *why)
{
	const struct ts_key_statement *newer = NULL;
	const struct ts_key_statement *own = NULL;
	*out = usage->start_ms >= pair->h.from_ms;
	if (!*out || !pair->h.within_scope)
		return TS_OK;
	TS_TRY(ts_judge_statement(judge, ts_judge_stream_find(judge, pair->h.newer), &newer, why));
	TS_TRY(ts_judge_statement(judge, ts_judge_stream_find(judge, older->id), &own, why));
	*out = ts_scope_contains(&newer->scope, own->origin_parts.cluster, usage);
	return TS_OK;
}

/* One line in one handover: *verdict stays TS_VERDICT_IN_SCOPE when nothing is against it. */
static enum ts_err sweep_pair(struct ts_judge *judge, struct judge_stream *stream,
	struct judge_pair *pair, int64_t index, int64_t leaf, const struct ts_usage *usage,
	bool parked, enum ts_verdict *verdict, struct ts_why *why)
{
	bool against = false;
	if (pair->h.newer == stream->id) {
		if (!parked && near_newer(pair, usage->start_ms))
			TS_TRY(ts_judge_against_straddlers(judge, pair, usage, &against, why));
		*verdict = against ? TS_VERDICT_DUPLICATE : TS_VERDICT_IN_SCOPE;
		return TS_OK;
	}
	if (ts_judge_straddles(pair, usage)) {
		if (pair->loaded)
			TS_TRY(ts_judge_straddler_add(judge, pair, leaf, index, usage));
		if (!parked)
			TS_TRY(ts_judge_against_newer(judge, pair, leaf, usage, &against, why));
		*verdict = against ? TS_VERDICT_DUPLICATE : TS_VERDICT_IN_SCOPE;
		return TS_OK;
	}
	if (!parked)
		TS_TRY(handed_over(judge, pair, stream, usage, &against, why));
	*verdict = against ? TS_VERDICT_AFTER_HANDOVER : TS_VERDICT_IN_SCOPE;
	return TS_OK;
}

enum ts_err ts_judge_sweep(struct ts_judge *judge, struct judge_stream *stream, int64_t index,
	int64_t leaf, const struct ts_usage *usage, bool parked, struct ts_why *why)
{
	for (size_t i = 0; i < stream->pairs_n; i++) {
		enum ts_verdict verdict = TS_VERDICT_IN_SCOPE;
		TS_TRY(sweep_pair(judge, stream, &judge->pairs[stream->pairs[i]], index, leaf,
			usage, parked, &verdict, why));
		if (verdict == TS_VERDICT_IN_SCOPE)
			continue;
		TS_TRY(ts_judge_park(judge, stream, index, leaf, usage, verdict, leaf, why));
		parked = true;
	}
	return TS_OK;
}

/* --- the key statement itself --- */

static enum ts_err visit_handed_over(struct ts_judge *judge, struct judge_stream *stream,
	struct judge_pair *pair, const struct judge_walk *walk, const struct ts_usage *usage,
	void *arg, struct ts_why *why)
{
	struct judge_line *line = NULL;
	int64_t batch_leaf = walk->batch->leaf;
	bool over = false;
	(void)arg;
	TS_TRY(handed_over(judge, pair, stream, usage, &over, why));
	if (!over)
		return TS_OK;
	TS_TRY(ts_judge_walk_facts(judge, stream, walk, why));
	TS_TRY(ts_judge_line_get(judge, stream->id, walk->index, batch_leaf, &line, why));
	return ts_judge_parked(stream, line, NULL)
		       ? TS_OK
		       : ts_judge_park(judge, stream, walk->index, batch_leaf, usage,
				 TS_VERDICT_AFTER_HANDOVER, pair->h.leaf, why);
}

/* What `newer` takes over from `older`; *is false: nothing. */
static enum ts_err handover_of(struct ts_judge *judge, struct judge_stream *newer,
	struct judge_stream *older, struct ts_judge_handover *out, bool *is, struct ts_why *why)
{
	const struct ts_key_statement *own = NULL;
	const struct ts_key_statement *its = NULL;
	*is = false;
	if (newer->side != TS_SIDE_PROVIDER || older->side != TS_SIDE_PROVIDER ||
		older->leaf >= newer->leaf)
		return TS_OK;
	TS_TRY(ts_judge_statement(judge, newer, &own, why));
	TS_TRY(ts_judge_statement(judge, older, &its, why));
	bool agent = ts_origin_same_agent(&own->origin_parts, &its->origin_parts);
	*is = agent || !ts_scope_disjoint(&own->scope, &its->scope);
	*out = (struct ts_judge_handover){.newer = newer->id,
		.older = older->id,
		.from_ms = agent ? own->from_ms : own->active_from_ms,
		.within_scope = !agent,
		.leaf = newer->leaf};
	return TS_OK;
}

enum ts_err ts_judge_load_key(struct ts_judge *judge, int64_t stream_id, struct ts_why *why)
{
	struct judge_stream *newer = ts_judge_stream_find(judge, stream_id);
	TS_ASSERT(newer != NULL);
	for (size_t i = 0; i < judge->streams_n; i++) {
		struct ts_judge_handover h;
		bool is = false;
		TS_TRY(handover_of(judge, newer, &judge->streams[i], &h, &is, why));
		if (is)
			TS_TRY(ts_judge_load_handover(judge, &h));
	}
	return TS_OK;
}

enum ts_err ts_judge_key(
	struct ts_judge *judge, int64_t leaf, int64_t stream_id, struct ts_why *why)
{
	struct judge_stream *newer = ts_judge_stream_find(judge, stream_id);
	TS_ASSERT(newer != NULL && newer->leaf == leaf);
	for (size_t i = 0; i < judge->streams_n; i++) {
		struct judge_stream *older = &judge->streams[i];
		struct ts_judge_handover h;
		struct judge_pair *pair = NULL;
		bool is = false;
		TS_TRY(handover_of(judge, newer, older, &h, &is, why));
		if (!is)
			continue;
		TS_TRY(pair_add(judge, &h, &pair));
		if (judge->source.handover != NULL)
			TS_TRY(judge->source.handover(judge->source.ctx, &h, why));
		TS_TRY(ts_judge_visit_overlapping(judge, older, pair, h.from_ms, INT64_MAX, leaf,
			visit_handed_over, NULL, why));
	}
	return TS_OK;
}
