/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that reach over a handover, and which of them stand against a line of the newer stream. An
 * agent may have made hundreds of thousands of them, of one use or of many. */
#include "evidence/judge_state.h"

#include <stdlib.h>
#include <string.h>

static bool copy_text(struct ts_region *region, struct ts_str in, struct ts_str *out)
{
	*out = (struct ts_str){ts_region_copy(region, in.at, in.len), in.len};
	return out->at != NULL;
}

enum ts_err ts_judge_straddler_add(struct ts_judge *judge, struct judge_pair *pair, int64_t leaf,
	int64_t index, const struct ts_usage *usage)
{
	if (pair->n == pair->cap) {
		struct judge_straddler *bigger = ts_judge_grow(
			judge->region, pair->straddlers, pair->n, &pair->cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		pair->straddlers = bigger;
	}
	struct judge_straddler *s = &pair->straddlers[pair->n];
	*s = (struct judge_straddler){
		.leaf = leaf, .index = index, .start_ms = usage->start_ms, .end_ms = usage->end_ms};
	if (!copy_text(judge->region, usage->sku, &s->sku) ||
		!copy_text(judge->region, usage->resource, &s->resource) ||
		!copy_text(judge->region, usage->workload, &s->workload))
		return TS_E_NO_MEMORY;
	pair->n++;
	return TS_OK;
}

int ts_judge_use_cmp(struct ts_str workload, struct ts_str resource, struct ts_str sku,
	const struct ts_usage *usage)
{
	int order = ts_str_cmp(workload, usage->workload);
	if (order == 0)
		order = ts_str_cmp(resource, usage->resource);
	return order != 0 ? order : ts_str_cmp(sku, usage->sku);
}

static int compare_use(const struct judge_straddler *s, const struct ts_usage *usage)
{
	return ts_judge_use_cmp(s->workload, s->resource, s->sku, usage);
}

static int compare_straddlers(const void *a, const void *b)
{
	const struct judge_straddler *x = a;
	const struct judge_straddler *y = b;
	const struct ts_usage use = {
		.sku = y->sku, .resource = y->resource, .workload = y->workload};
	int order = compare_use(x, &use);
	return order != 0 ? order : (y->end_ms > x->end_ms) - (y->end_ms < x->end_ms);
}

static void put_in_order(const struct ts_judge *judge, struct judge_pair *pair)
{
	if (pair->sorted_n == pair->n && pair->ranges == judge->ranges)
		return;
	if (pair->sorted_n < pair->n)
		qsort(pair->straddlers, pair->n, sizeof(*pair->straddlers), compare_straddlers);
	for (size_t i = 0; i < pair->n; i++)
		pair->straddlers[i].next = i;
	pair->sorted_n = pair->n;
	pair->ranges = judge->ranges;
}

/* The first of this use; n: none is behind what sorts before it. */
static size_t first_of(const struct judge_pair *pair, const struct ts_usage *usage)
{
	size_t lo = 0;
	for (size_t hi = pair->n; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare_use(&pair->straddlers[mid], usage) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The first from i on that may be an obstacle. Shortens the way for the next who asks. */
static size_t look_on(struct judge_pair *pair, size_t i)
{
	struct judge_straddler *s = pair->straddlers;
	size_t end = i;
	while (end < pair->n && s[end].next != end)
		end = s[end].next;
	while (i < end) {
		size_t next = s[i].next;
		s[i].next = end;
		i = next;
	}
	return end;
}

bool ts_judge_same_use(const struct judge_straddler *s, const struct ts_usage *usage)
{
	return usage->start_ms < s->end_ms && usage->end_ms > s->start_ms &&
	       compare_use(s, usage) == 0;
}

enum ts_err ts_judge_occupies(struct ts_judge *judge, const struct judge_stream *stream,
	int64_t index, int64_t batch_leaf, bool *out, struct ts_why *why)
{
	struct judge_line *line = NULL;
	TS_TRY(ts_judge_line_get(judge, stream->id, index, batch_leaf, &line, why));
	*out = !ts_judge_parked(stream, line, NULL) && !ts_judge_reversed(judge, line, NULL);
	return TS_OK;
}

/* A line of the newer stream starts at or behind the handover, so it overlaps whatever ends behind
 * its start. */
enum ts_err ts_judge_against_straddlers(struct ts_judge *judge, struct judge_pair *pair,
	const struct ts_usage *usage, bool *duplicate, struct ts_why *why)
{
	const struct judge_stream *older = ts_judge_stream_find(judge, pair->h.older);
	*duplicate = false;
	put_in_order(judge, pair);
	size_t i = look_on(pair, first_of(pair, usage));
	while (i < pair->n && !*duplicate && ts_judge_same_use(&pair->straddlers[i], usage)) {
		struct judge_straddler *s = &pair->straddlers[i];
		TS_TRY(ts_judge_occupies(judge, older, s->index, s->leaf, duplicate, why));
		if (*duplicate)
			break;
		s->next = i + 1;
		i = look_on(pair, i);
	}
	return TS_OK;
}
