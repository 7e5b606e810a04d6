/* SPDX-License-Identifier: Apache-2.0 */
/* Lines over a handover that come when the newer stream has lines already: its batches are read
 * once for all of an upload. */
#include "evidence/judge_state.h"

#include <stdlib.h>

static int compare_late(const void *a, const void *b)
{
	const struct judge_late *x = a;
	const struct judge_late *y = b;
	const struct ts_usage use = {
		.sku = y->sku, .resource = y->resource, .workload = y->workload};
	return ts_judge_use_cmp(x->workload, x->resource, x->sku, &use);
}

static struct judge_late *late_of(const struct judge_pair *pair, const struct ts_usage *usage)
{
	const struct judge_late key = {
		.sku = usage->sku, .resource = usage->resource, .workload = usage->workload};
	return pair->late_n == 0
		       ? NULL
		       : bsearch(&key, pair->late, pair->late_n, sizeof key, compare_late);
}

static enum ts_err late_add(
	struct ts_judge *judge, struct judge_pair *pair, const struct ts_usage *usage)
{
	if (pair->late_n == pair->late_cap) {
		struct judge_late *bigger = ts_judge_grow(
			judge->region, pair->late, pair->late_n, &pair->late_cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		pair->late = bigger;
	}
	pair->late[pair->late_n++] = (struct judge_late){
		.sku = usage->sku, .resource = usage->resource, .workload = usage->workload};
	return TS_OK;
}

/* Each use of the batch's straddlers once, and the time that they span. */
static enum ts_err collect(struct ts_judge *judge, const struct judge_stream *older,
	struct judge_pair *pair, const struct ts_judge_batch *batch, int64_t *from_ms,
	int64_t *to_ms)
{
	struct judge_walk walk;
	struct ts_record record;
	size_t n = 0;
	ts_judge_walk_begin(&walk, batch);
	while (ts_judge_walk_next(&walk)) {
		if (walk.line.len == 0 || walk.line.at[0] != 'u' ||
			!ts_judge_walk_record(&walk, older, &record) ||
			!ts_judge_straddles(pair, &record.usage))
			continue;
		if (record.usage.start_ms < *from_ms)
			*from_ms = record.usage.start_ms;
		if (record.usage.end_ms > *to_ms)
			*to_ms = record.usage.end_ms;
		TS_TRY(late_add(judge, pair, &record.usage));
	}
	if (pair->late_n > 1)
		qsort(pair->late, pair->late_n, sizeof(*pair->late), compare_late);
	for (size_t i = 0; i < pair->late_n; i++)
		if (n == 0 || compare_late(&pair->late[n - 1], &pair->late[i]) != 0)
			pair->late[n++] = pair->late[i];
	pair->late_n = n;
	return TS_OK;
}

static enum ts_err visit_near(struct ts_judge *judge, struct judge_stream *stream,
	struct judge_pair *pair, const struct judge_walk *walk, const struct ts_usage *usage,
	void *arg, struct ts_why *why)
{
	struct judge_late *late = late_of(pair, usage);
	bool occupies = false;
	(void)arg;
	if (late == NULL)
		return TS_OK;
	bool behind = usage->start_ms >= pair->h.from_ms;
	struct judge_near *near = behind ? &late->first : &late->last;
	int64_t ms = behind ? usage->start_ms : usage->end_ms;
	if (near->there && (behind ? ms >= near->ms : ms <= near->ms))
		return TS_OK;
	TS_TRY(ts_judge_walk_facts(judge, stream, walk, why));
	TS_TRY(ts_judge_occupies(judge, stream, walk->index, walk->batch->leaf, &occupies, why));
	if (occupies)
		*near = (struct judge_near){true, ms, walk->index, walk->batch->leaf};
	return TS_OK;
}

enum ts_err ts_judge_late_find(struct ts_judge *judge, struct judge_stream *older,
	struct judge_pair *pair, const struct ts_judge_batch *batch, struct ts_why *why)
{
	int64_t from_ms = INT64_MAX, to_ms = INT64_MIN;
	pair->late_n = 0;
	if (batch->latest_ms <= pair->h.from_ms)
		return TS_OK;
	TS_TRY(collect(judge, older, pair, batch, &from_ms, &to_ms));
	return pair->late_n == 0 ? TS_OK
				 : ts_judge_visit_overlapping(judge,
					   ts_judge_stream_find(judge, pair->h.newer), pair,
					   from_ms, to_ms, batch->leaf, visit_near, NULL, why);
}

/* An r1 of this very batch may have taken an obstacle away: then the next one is looked for. */
static enum ts_err still(struct ts_judge *judge, const struct judge_pair *pair,
	const struct judge_near *near, bool *out, struct ts_why *why)
{
	*out = false;
	return !near->there ? TS_OK
			    : ts_judge_occupies(judge, ts_judge_stream_find(judge, pair->h.newer),
				      near->index, near->leaf, out, why);
}

struct match {
	struct judge_straddler line;
	bool found;
};

static enum ts_err visit_newer(struct ts_judge *judge, struct judge_stream *stream,
	struct judge_pair *pair, const struct judge_walk *walk, const struct ts_usage *usage,
	void *arg, struct ts_why *why)
{
	struct match *match = arg;
	(void)pair;
	if (match->found || !ts_judge_same_use(&match->line, usage))
		return TS_OK;
	TS_TRY(ts_judge_walk_facts(judge, stream, walk, why));
	return ts_judge_occupies(judge, stream, walk->index, walk->batch->leaf, &match->found, why);
}

static enum ts_err look_again(struct ts_judge *judge, struct judge_pair *pair, int64_t leaf,
	const struct ts_usage *usage, bool *duplicate, struct ts_why *why)
{
	struct match match = {.line = {.start_ms = usage->start_ms,
				      .end_ms = usage->end_ms,
				      .sku = usage->sku,
				      .resource = usage->resource,
				      .workload = usage->workload}};
	TS_TRY(ts_judge_visit_overlapping(judge, ts_judge_stream_find(judge, pair->h.newer), pair,
		usage->start_ms, usage->end_ms, leaf, visit_newer, &match, why));
	*duplicate = match.found;
	return TS_OK;
}

enum ts_err ts_judge_against_newer(struct ts_judge *judge, struct judge_pair *pair, int64_t leaf,
	const struct ts_usage *usage, bool *duplicate, struct ts_why *why)
{
	const struct judge_late *late = late_of(pair, usage);
	*duplicate = false;
	TS_ASSERT(late != NULL);
	bool first = late->first.there && late->first.ms < usage->end_ms;
	bool last = late->last.there && late->last.ms > usage->start_ms;
	if (!first && !last)
		return TS_OK;
	if (first)
		TS_TRY(still(judge, pair, &late->first, duplicate, why));
	if (last && !*duplicate)
		TS_TRY(still(judge, pair, &late->last, duplicate, why));
	return *duplicate ? TS_OK : look_again(judge, pair, leaf, usage, duplicate, why);
}
