/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/judge.h"

#include "evidence/judge_state.h"

#include <stdlib.h>

const char *ts_judge_kind_name(enum ts_judge_kind kind)
{
	static const char *const names[] = {
		"parked", "reversed", "refused", "contested", "reattested", "released"};
	return names[kind];
}

enum ts_err ts_judge_tell(struct ts_judge *judge, enum ts_judge_kind kind, int64_t stream,
	int64_t from, int64_t to, struct ts_str reason, int64_t leaf, struct ts_why *why)
{
	struct ts_judge_verdict verdict = {.kind = kind,
		.stream = stream,
		.from = from,
		.to = to,
		.reason = reason,
		.leaf = leaf,
		.by_stream = -1,
		.by_index = -1};
	return judge->source.verdict(judge->source.ctx, &verdict, why);
}

enum ts_err ts_judge_park(struct ts_judge *judge, struct judge_stream *stream, int64_t index,
	int64_t batch_leaf, const struct ts_usage *usage, enum ts_verdict verdict, int64_t leaf,
	struct ts_why *why)
{
	struct judge_line *line = NULL;
	TS_TRY(ts_judge_line_get(judge, stream->id, index, batch_leaf, &line, why));
	bool counted = ts_judge_counted(judge, stream, index, line, NULL);
	TS_TRY(ts_judge_line_add(judge, stream->id, index, &line));
	line->parked_leaf = leaf;
	TS_TRY(ts_judge_tell(judge, TS_JUDGE_PARKED, stream->id, index, index + 1,
		ts_str(ts_verdict_name(verdict)), leaf, why));
	return counted ? judge->source.adjust(
				 judge->source.ctx, stream->id, batch_leaf, usage, -1, why)
		       : TS_OK;
}

/* --- appends --- */

/* What an r1 reaches: *refusal NULL, or the reason that it has no effect. */
static enum ts_err find_target(struct ts_judge *judge, const struct ts_reversal *r, int64_t leaf,
	struct judge_stream **target, int64_t *batch_leaf, struct ts_record *record,
	const char **refusal, struct ts_why *why)
{
	struct judge_line *line = NULL;
	bool usage = false;
	*refusal = "unknown_target";
	*target = ts_judge_stream_named(judge, r->origin);
	if (*target == NULL)
		return TS_OK;
	enum ts_err err = ts_judge_target_at(
		judge, *target, r->index, leaf, batch_leaf, record, &usage, why);
	if (err == TS_E_NOT_FOUND)
		return TS_OK;
	TS_TRY(err);
	*refusal = "not_usage";
	if (!usage)
		return TS_OK;
	TS_TRY(ts_judge_line_get(judge, (*target)->id, r->index, *batch_leaf, &line, why));
	*refusal = ts_judge_reversed(judge, line, NULL) ? "not_live" : NULL;
	return TS_OK;
}

/* A parked or contested u1 is reversed as well: whatever is decided about it later, it is gone. */
static enum ts_err reverse(struct ts_judge *judge, const struct judge_stream *by, int64_t index,
	int64_t leaf, const struct ts_reversal *r, struct ts_why *why)
{
	struct judge_stream *target = NULL;
	struct judge_line *line = NULL;
	struct ts_record record;
	const char *refusal = NULL;
	int64_t batch_leaf = -1;
	TS_TRY(find_target(judge, r, leaf, &target, &batch_leaf, &record, &refusal, why));
	if (refusal != NULL)
		return ts_judge_tell(judge, TS_JUDGE_REFUSED, by->id, index, index + 1,
			ts_str(refusal), leaf, why);
	TS_TRY(ts_judge_line_get(judge, target->id, r->index, batch_leaf, &line, why));
	bool counted = ts_judge_counted(judge, target, r->index, line, NULL);
	TS_TRY(ts_judge_line_add(judge, target->id, r->index, &line));
	TS_TRY(ts_judge_reversal_add(judge, line, by->id, index));
	struct ts_judge_verdict verdict = {.kind = TS_JUDGE_REVERSED,
		.stream = target->id,
		.from = r->index,
		.to = r->index + 1,
		.reason = r->reason,
		.leaf = leaf,
		.by_stream = by->id,
		.by_index = index};
	TS_TRY(judge->source.verdict(judge->source.ctx, &verdict, why));
	return counted ? judge->source.adjust(
				 judge->source.ctx, target->id, batch_leaf, &record.usage, -1, why)
		       : TS_OK;
}

static enum ts_err append_usage(struct ts_judge *judge, struct judge_stream *stream, int64_t index,
	int64_t leaf, const struct ts_usage *usage, bool suspect, bool sweeps, struct ts_why *why)
{
	enum ts_verdict verdict = TS_VERDICT_IN_SCOPE;
	if (suspect) {
		const struct ts_key_statement *statement = NULL;
		TS_TRY(ts_judge_statement(judge, stream, &statement, why));
		verdict = ts_key_statement_verdict(statement, usage);
	}
	bool parked = verdict != TS_VERDICT_IN_SCOPE && verdict != TS_VERDICT_NOT_PROVIDER;
	if (parked)
		TS_TRY(ts_judge_park(judge, stream, index, leaf, usage, verdict, leaf, why));
	return sweeps ? ts_judge_sweep(judge, stream, index, leaf, usage, parked, why) : TS_OK;
}

enum ts_err ts_judge_append(struct ts_judge *judge, int64_t stream_id,
	const struct ts_judge_batch *batch, const int64_t *suspects, size_t suspects_n,
	struct ts_why *why)
{
	struct judge_stream *stream = ts_judge_stream_find(judge, stream_id);
	struct judge_walk walk;
	struct ts_record record;
	size_t passed = 0;
	enum ts_err err = TS_OK;
	TS_ASSERT(stream != NULL);
	bool sweeps = ts_judge_sweeps(judge, stream, batch);
	if (suspects_n == 0 && batch->reversal_n == 0 && !sweeps)
		return TS_OK;
	if (sweeps)
		TS_TRY(ts_judge_sweep_begin(judge, stream, batch, why));
	TS_TRY(ts_judge_targets_find(judge, stream, batch, why));
	judge->current_stream = stream_id;
	ts_judge_walk_begin(&judge->in_current, batch);
	ts_judge_walk_begin(&walk, batch);
	while (err == TS_OK && ts_judge_walk_next(&walk)) {
		while (passed < suspects_n && suspects[passed] < walk.index)
			passed++;
		bool suspect = passed < suspects_n && suspects[passed] == walk.index;
		char tag = walk.line.len > 0 ? walk.line.at[0] : '\0';
		if (!((tag == 'u' && (suspect || sweeps)) || tag == 'r') ||
			!ts_judge_walk_record(&walk, stream, &record))
			continue;
		if (record.tag == TS_RECORD_REVERSAL)
			err = reverse(
				judge, stream, walk.index, batch->leaf, &record.reversal, why);
		else
			err = append_usage(judge, stream, walk.index, batch->leaf, &record.usage,
				suspect, sweeps, why);
	}
	judge->current_stream = -1;
	return err;
}

/* --- ranges --- */

/* Tells the caller when the newest range of a stream changes whether a line counts. */
static enum ts_err changed(struct ts_judge *judge, const struct judge_stream *stream, int64_t index,
	int64_t batch_leaf, const struct ts_usage *usage, const struct judge_range *range,
	struct ts_why *why)
{
	struct judge_line *line = NULL;
	TS_TRY(ts_judge_line_get(judge, stream->id, index, batch_leaf, &line, why));
	bool before = ts_judge_counted(judge, stream, index, line, range);
	bool after = ts_judge_counted(judge, stream, index, line, NULL);
	return before == after ? TS_OK
			       : judge->source.adjust(judge->source.ctx, stream->id, batch_leaf,
					 usage, after ? 1 : -1, why);
}

static bool in_range(const struct judge_range *range, int64_t index)
{
	return index >= range->from && index < range->to;
}

/* Keeps the target of an r1 within the range, when the range can change whether it counts: it lies
 * outside (inside, it is visited itself), and this r1 is the first of the range that reversed it,
 * so that it is kept once. */
static enum ts_err keep_target(struct ts_judge *judge, const struct judge_stream *by, int64_t index,
	const struct judge_range *range, const struct ts_reversal *r, struct ts_why *why)
{
	struct judge_line *line = NULL;
	struct judge_stream *target = ts_judge_stream_named(judge, r->origin);
	if (target == NULL || (target == by && in_range(range, r->index)))
		return TS_OK;
	TS_TRY(ts_judge_line_get(judge, target->id, r->index, -1, &line, why));
	uint32_t i = line == NULL ? JUDGE_NONE : line->reversals;
	while (i != JUDGE_NONE && !(judge->reversals[i].by_stream == by->id &&
					  in_range(range, judge->reversals[i].by_index)))
		i = judge->reversals[i].next;
	if (i == JUDGE_NONE || judge->reversals[i].by_index != index)
		return TS_OK;
	if (judge->targets_n == judge->targets_cap) {
		struct judge_target *bigger = ts_judge_grow(judge->region, judge->targets,
			judge->targets_n, &judge->targets_cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		judge->targets = bigger;
	}
	judge->targets[judge->targets_n++] = (struct judge_target){target->id, r->index};
	return TS_OK;
}

static enum ts_err changed_targets(
	struct ts_judge *judge, int64_t leaf, const struct judge_range *range, struct ts_why *why)
{
	for (size_t i = 0; i < judge->targets_n; i++) {
		const struct judge_target *t = &judge->targets[i];
		struct judge_stream *stream = ts_judge_stream_find(judge, t->stream);
		struct ts_record record;
		int64_t batch_leaf = -1;
		bool usage = false;
		TS_TRY(ts_judge_usage_at(
			judge, stream, t->index, leaf, &batch_leaf, &record, &usage, why));
		TS_ASSERT(usage);
		TS_TRY(changed(judge, stream, t->index, batch_leaf, &record.usage, range, why));
	}
	return TS_OK;
}

/* The lines of the batch at hand that lie in the range. Targets are only kept: looking them up
 * would take the batch away. */
static enum ts_err changed_lines(struct ts_judge *judge, const struct judge_stream *stream,
	const struct judge_range *range, struct ts_why *why)
{
	struct judge_walk walk;
	struct ts_record record;
	judge->targets_n = 0;
	ts_judge_walk_begin(&walk, &judge->looked);
	while (ts_judge_walk_next(&walk)) {
		if (!in_range(range, walk.index) || !ts_judge_walk_record(&walk, stream, &record))
			continue;
		if (record.tag == TS_RECORD_USAGE)
			TS_TRY(changed(judge, stream, walk.index, judge->looked.leaf, &record.usage,
				range, why));
		else if (record.tag == TS_RECORD_REVERSAL)
			TS_TRY(keep_target(
				judge, stream, walk.index, range, &record.reversal, why));
	}
	return TS_OK;
}

/* The newest range of the stream contests lines or takes them back in. */
static enum ts_err changed_range(
	struct ts_judge *judge, const struct judge_stream *stream, struct ts_why *why)
{
	const struct judge_range *range = &stream->ranges[stream->ranges_n - 1];
	TS_TRY(ts_judge_lines_load(judge, stream->id, range->from, range->to, why));
	for (int64_t at = range->from; at < range->to;) {
		enum ts_err err = ts_judge_look(judge, stream->id, at, range->leaf, why);
		if (err == TS_E_NOT_FOUND)
			return TS_OK; /* the range reaches behind the stream's end */
		TS_TRY(err);
		at = judge->looked.end;
		TS_TRY(changed_lines(judge, stream, range, why));
		TS_TRY(changed_targets(judge, range->leaf, range, why));
	}
	return TS_OK;
}

enum ts_err ts_judge_revoke(struct ts_judge *judge, int64_t leaf, int64_t stream_id,
	int64_t covered, struct ts_str reason, struct ts_why *why)
{
	struct judge_stream *stream = ts_judge_stream_find(judge, stream_id);
	int64_t from = 0, to = 0;
	TS_ASSERT(stream != NULL);
	TS_TRY(judge->source.size(judge->source.ctx, stream_id, covered, &from, why));
	TS_TRY(judge->source.size(judge->source.ctx, stream_id, leaf, &to, why));
	if (from >= to)
		return TS_OK;
	TS_TRY(ts_judge_range_add(judge, stream, TS_JUDGE_CONTESTED, from, to, leaf));
	TS_TRY(ts_judge_tell(judge, TS_JUDGE_CONTESTED, stream_id, from, to, reason, leaf, why));
	return changed_range(judge, stream, why);
}

enum ts_err ts_judge_reattest(struct ts_judge *judge, int64_t leaf, int64_t stream_id, int64_t from,
	int64_t to, struct ts_why *why)
{
	struct judge_stream *stream = ts_judge_stream_find(judge, stream_id);
	bool contested = false;
	TS_ASSERT(stream != NULL);
	if (from >= to)
		return TS_OK;
	for (size_t i = 0; i < stream->ranges_n; i++)
		contested |= stream->ranges[i].kind == TS_JUDGE_CONTESTED &&
			     stream->ranges[i].from < to && from < stream->ranges[i].to;
	TS_TRY(ts_judge_range_add(judge, stream, TS_JUDGE_REATTESTED, from, to, leaf));
	TS_TRY(ts_judge_tell(
		judge, TS_JUDGE_REATTESTED, stream_id, from, to, TS_STR("reattested"), leaf, why));
	return contested ? changed_range(judge, stream, why) : TS_OK;
}

static int compare_targets(const void *a, const void *b)
{
	const struct judge_target *x = a;
	const struct judge_target *y = b;
	return (x->index > y->index) - (x->index < y->index);
}

/* Only lines that are parked can change: they are facts, no batch has to be walked. */
enum ts_err ts_judge_release(struct ts_judge *judge, int64_t leaf, int64_t stream_id, int64_t from,
	int64_t to, struct ts_str reason, struct ts_why *why)
{
	struct judge_stream *stream = ts_judge_stream_find(judge, stream_id);
	TS_ASSERT(stream != NULL);
	if (from >= to)
		return TS_OK;
	TS_TRY(ts_judge_range_add(judge, stream, TS_JUDGE_RELEASED, from, to, leaf));
	TS_TRY(ts_judge_tell(judge, TS_JUDGE_RELEASED, stream_id, from, to, reason, leaf, why));
	TS_TRY(ts_judge_lines_load(judge, stream_id, from, to, why));
	judge->targets_n = 0;
	for (size_t i = 0; i < judge->lines_n; i++) {
		const struct judge_line *line = &judge->lines[i];
		if (line->stream != stream_id || line->index < from || line->index >= to ||
			line->parked_leaf < 0)
			continue;
		if (judge->targets_n == judge->targets_cap) {
			struct judge_target *bigger = ts_judge_grow(judge->region, judge->targets,
				judge->targets_n, &judge->targets_cap, sizeof(*bigger));
			if (bigger == NULL)
				return TS_E_NO_MEMORY;
			judge->targets = bigger;
		}
		judge->targets[judge->targets_n++] = (struct judge_target){stream_id, line->index};
	}
	if (judge->targets_n > 1)
		qsort(judge->targets, judge->targets_n, sizeof(*judge->targets), compare_targets);
	return changed_targets(judge, leaf, &stream->ranges[stream->ranges_n - 1], why);
}
