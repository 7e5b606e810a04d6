/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/completeness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES_MAX 320 /* an origin of 255 bytes and two times */

void ts_closings_init(
	struct ts_closings *closings, struct ts_region *region, int64_t from_ms, int64_t window_ms)
{
	TS_ASSERT(window_ms > 0 && from_ms >= 0);
	closings->from_ms = from_ms;
	closings->window_ms = window_ms;
	ts_spans_init(&closings->closed, region);
	ts_spans_init(&closings->used, region);
}

enum ts_err ts_closings_add(struct ts_closings *closings, int64_t start_ms, int64_t count)
{
	int64_t past_ms = start_ms - closings->from_ms;
	if (past_ms < 0) /* of before the active interval: nobody waits for it */
		return TS_OK;
	int64_t number = past_ms / closings->window_ms;
	TS_TRY(ts_spans_add(&closings->closed, number, number + 1));
	return count == 0 ? TS_OK : ts_spans_add(&closings->used, number, number + 1);
}

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t number_of(const struct ts_closings *closings, int64_t ms)
{
	return ms < closings->from_ms ? 0 : (ms - closings->from_ms) / closings->window_ms;
}

static int64_t start_of(const struct ts_closings *closings, int64_t number)
{
	return closings->from_ms + number * closings->window_ms;
}

void ts_gaps_begin(struct ts_gaps *gaps, const struct ts_completeness_stream *stream,
	int64_t from_ms, int64_t to_ms)
{
	int64_t end_ms = min64(min64(to_ms, stream->active_to_ms),
		min64(stream->successor_ms, stream->revoked_ms));
	*gaps = (struct ts_gaps){.stream = stream, .at = number_of(stream->closings, from_ms)};
	gaps->end = number_of(stream->closings, end_ms);
	if (gaps->end < gaps->at)
		gaps->end = gaps->at;
}

/* The next window of the tally from number `from` on that waits for its c1; INT64_MAX: none. */
static int64_t next_open(struct ts_gaps *gaps, int64_t from)
{
	const struct ts_completeness_stream *stream = gaps->stream;
	int64_t from_ms = start_of(stream->closings, from);
	for (; gaps->open < stream->open_n; gaps->open++) {
		const struct ts_window *window = &stream->open[gaps->open];
		if (window->count > 0 && window->start_ms >= from_ms)
			return number_of(stream->closings, window->start_ms);
	}
	return INT64_MAX;
}

static bool run(struct ts_gaps *gaps, int64_t to, bool late, struct ts_gap *out)
{
	const struct ts_closings *closings = gaps->stream->closings;
	*out = (struct ts_gap){.start_ms = start_of(closings, gaps->at),
		.end_ms = start_of(closings, to),
		.windows = to - gaps->at,
		.late = late};
	gaps->at = to;
	return true;
}

bool ts_gaps_next(struct ts_gaps *gaps, struct ts_gap *out)
{
	const struct ts_spans *closed = &gaps->stream->closings->closed;
	while (gaps->at < gaps->end) {
		size_t i = ts_spans_find(closed, gaps->at);
		int64_t from = i < closed->n ? min64(closed->list[i].from, gaps->end) : gaps->end;
		if (from > gaps->at)
			return run(gaps, from, false, out);
		int64_t to = min64(closed->list[i].to, gaps->end);
		int64_t late = next_open(gaps, gaps->at);
		if (late >= to) {
			gaps->at = to;
			continue;
		}
		gaps->at = late;
		do
			late++;
		while (late < to && next_open(gaps, late) == late);
		return run(gaps, late, true, out);
	}
	return false;
}

void ts_completeness_of(const struct ts_completeness_stream *stream, int64_t from_ms, int64_t to_ms,
	struct ts_completeness *out)
{
	const struct ts_closings *closings = stream->closings;
	struct ts_gaps gaps;
	struct ts_gap gap;
	int64_t late_used = 0;
	memset(out, 0, sizeof(*out));
	ts_gaps_begin(&gaps, stream, from_ms, to_ms);
	int64_t first = gaps.at;
	while (ts_gaps_next(&gaps, &gap)) {
		int64_t at = number_of(closings, gap.start_ms);
		*(gap.late ? &out->late : &out->missing) += gap.windows;
		if (gap.late)
			late_used += ts_spans_count(&closings->used, at, at + gap.windows);
		out->tail = !gap.late && at + gap.windows == gaps.end ? gap.windows : 0;
	}
	out->expected = gaps.end - first;
	out->closed = out->expected - out->late - out->missing;
	out->heartbeats = out->closed -
			  (ts_spans_count(&closings->used, first, gaps.end) - late_used);
}

void ts_gap_list_begin(struct ts_gap_list *list, struct ts_hasher *hasher, struct ts_buf *text,
	int64_t from_ms, int64_t to_ms)
{
	*list = (struct ts_gap_list){
		.hasher = hasher, .text = text, .from_ms = from_ms, .to_ms = to_ms};
	ts_hash_begin(hasher);
}

static void put(struct ts_gap_list *list, struct ts_str origin, int64_t start_ms, int64_t end_ms)
{
	char line[LINE_BYTES_MAX];
	int len = snprintf(line, sizeof(line), "%.*s\t%" PRId64 "\t%" PRId64 "\n", (int)origin.len,
		origin.at, start_ms, end_ms);
	TS_ASSERT(len > 0 && (size_t)len < sizeof(line));
	ts_hash_more(list->hasher, line, (size_t)len);
	if (list->text != NULL)
		ts_buf_put(list->text, line, (size_t)len);
}

void ts_gap_list_add(struct ts_gap_list *list, const struct ts_completeness_stream *stream)
{
	struct ts_completeness one;
	struct ts_gaps gaps;
	struct ts_gap gap;
	int64_t window_ms = stream->closings->window_ms;
	TS_ASSERT(list->last.at == NULL || ts_str_cmp(list->last, stream->origin) < 0);
	list->last = stream->origin;
	ts_completeness_of(stream, list->from_ms, list->to_ms, &one);
	list->total.expected += one.expected;
	list->total.closed += one.closed;
	list->total.late += one.late;
	list->total.missing += one.missing;
	list->total.heartbeats += one.heartbeats;
	list->total.tail += one.tail;
	ts_gaps_begin(&gaps, stream, list->from_ms, list->to_ms);
	while (ts_gaps_next(&gaps, &gap))
		for (int64_t ms = gap.start_ms; ms < gap.end_ms; ms += window_ms)
			put(list, stream->origin, ms, ms + window_ms);
}

void ts_gap_list_end(struct ts_gap_list *list, struct ts_hash *sha256)
{
	ts_hash_end(list->hasher, sha256);
}
