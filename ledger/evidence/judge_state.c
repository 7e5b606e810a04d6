/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/judge_state.h"

#include <string.h>

#define ARRAY_START 16
#define SLOTS_START 64

void *ts_judge_grow(struct ts_region *region, const void *old, size_t n, size_t *cap, size_t each)
{
	size_t bigger_cap = *cap == 0 ? ARRAY_START : 2 * *cap;
	void *bigger = ts_region_array(region, bigger_cap, each);
	if (bigger == NULL)
		return NULL;
	if (n > 0)
		memcpy(bigger, old, n * each);
	*cap = bigger_cap;
	return bigger;
}

enum ts_err ts_judge_create(struct ts_region *region, const struct ts_judge_source *source,
	int64_t from, struct ts_judge **out)
{
	struct ts_judge *judge = ts_region_alloc(region, sizeof(*judge));
	if (judge == NULL)
		return TS_E_NO_MEMORY;
	judge->region = region;
	judge->source = *source;
	judge->from = from;
	judge->current_stream = judge->looked_stream = -1;
	*out = judge;
	return TS_OK;
}

/* --- tables --- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = a * UINT64_C(0x9e3779b97f4a7c15) + b;
	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 31);
}

static uint64_t hash_text(struct ts_str text)
{
	uint64_t h = text.len;
	for (size_t i = 0; i < text.len; i++)
		h = mix(h, (unsigned char)text.at[i]);
	return h;
}

static void slot_put(struct judge_slots *slots, uint64_t hash, uint32_t number)
{
	size_t i = hash & (slots->cap - 1);
	while (slots->at[i] != 0)
		i = (i + 1) & (slots->cap - 1);
	slots->at[i] = number + 1;
}

/* Room for one more of n: doubles the slots; the caller then puts all n again when *fresh. */
static enum ts_err slots_room(
	struct ts_region *region, struct judge_slots *slots, size_t n, bool *fresh)
{
	*fresh = slots->cap < 2 * (n + 1);
	if (!*fresh)
		return TS_OK;
	size_t cap = slots->cap == 0 ? SLOTS_START : 2 * slots->cap;
	uint32_t *at = ts_region_array(region, cap, sizeof(*at));
	if (at == NULL)
		return TS_E_NO_MEMORY;
	*slots = (struct judge_slots){at, cap};
	return TS_OK;
}

/* --- streams --- */

struct judge_stream *ts_judge_stream_find(const struct ts_judge *judge, int64_t id)
{
	const struct judge_slots *slots = &judge->by_id;
	if (slots->cap == 0)
		return NULL;
	for (size_t i = mix((uint64_t)id, 0) & (slots->cap - 1); slots->at[i] != 0;
		i = (i + 1) & (slots->cap - 1))
		if (judge->streams[slots->at[i] - 1].id == id)
			return &judge->streams[slots->at[i] - 1];
	return NULL;
}

bool ts_judge_knows(const struct ts_judge *judge, int64_t stream)
{
	return ts_judge_stream_find(judge, stream) != NULL;
}

struct judge_stream *ts_judge_stream_named(const struct ts_judge *judge, struct ts_str origin)
{
	const struct judge_slots *slots = &judge->by_origin;
	if (slots->cap == 0)
		return NULL;
	for (size_t i = hash_text(origin) & (slots->cap - 1); slots->at[i] != 0;
		i = (i + 1) & (slots->cap - 1))
		if (ts_str_eq(judge->streams[slots->at[i] - 1].origin, origin))
			return &judge->streams[slots->at[i] - 1];
	return NULL;
}

enum ts_err ts_judge_stream(struct ts_judge *judge, int64_t stream, int64_t leaf,
	struct ts_str origin, enum ts_side side)
{
	bool fresh = false;
	TS_ASSERT(ts_judge_stream_find(judge, stream) == NULL);
	if (judge->streams_n == judge->streams_cap) {
		struct judge_stream *bigger = ts_judge_grow(judge->region, judge->streams,
			judge->streams_n, &judge->streams_cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		judge->streams = bigger;
	}
	uint32_t number = (uint32_t)judge->streams_n;
	judge->streams[number] = (struct judge_stream){
		.id = stream, .leaf = leaf, .origin = origin, .side = side};
	TS_TRY(slots_room(judge->region, &judge->by_id, number, &fresh));
	for (uint32_t i = fresh ? 0 : number; i <= number; i++)
		slot_put(&judge->by_id, mix((uint64_t)judge->streams[i].id, 0), i);
	TS_TRY(slots_room(judge->region, &judge->by_origin, number, &fresh));
	for (uint32_t i = fresh ? 0 : number; i <= number; i++)
		slot_put(&judge->by_origin, hash_text(judge->streams[i].origin), i);
	judge->streams_n++;
	return TS_OK;
}

enum ts_err ts_judge_statement(struct ts_judge *judge, struct judge_stream *stream,
	const struct ts_key_statement **out, struct ts_why *why)
{
	if (stream->statement == NULL)
		TS_TRY(judge->source.statement(
			judge->source.ctx, stream->id, &stream->statement, why));
	*out = stream->statement;
	return TS_OK;
}

enum ts_err ts_judge_range_add(struct ts_judge *judge, struct judge_stream *stream,
	enum ts_judge_kind kind, int64_t from, int64_t to, int64_t leaf)
{
	TS_ASSERT(stream->ranges_n == 0 || stream->ranges[stream->ranges_n - 1].leaf < leaf);
	if (stream->ranges_n == stream->ranges_cap) {
		struct judge_range *bigger = ts_judge_grow(judge->region, stream->ranges,
			stream->ranges_n, &stream->ranges_cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		stream->ranges = bigger;
	}
	stream->ranges[stream->ranges_n++] = (struct judge_range){kind, from, to, leaf};
	judge->ranges++;
	return TS_OK;
}

enum ts_err ts_judge_load_range(struct ts_judge *judge, enum ts_judge_kind kind, int64_t stream,
	int64_t from, int64_t to, int64_t leaf)
{
	struct judge_stream *found = ts_judge_stream_find(judge, stream);
	TS_ASSERT(found != NULL);
	return ts_judge_range_add(judge, found, kind, from, to, leaf);
}

/* --- facts about lines --- */

static struct judge_line *line_find(const struct ts_judge *judge, int64_t stream, int64_t index)
{
	const struct judge_slots *slots = &judge->by_line;
	if (slots->cap == 0)
		return NULL;
	for (size_t i = mix((uint64_t)stream, (uint64_t)index) & (slots->cap - 1);
		slots->at[i] != 0; i = (i + 1) & (slots->cap - 1)) {
		struct judge_line *line = &judge->lines[slots->at[i] - 1];
		if (line->stream == stream && line->index == index)
			return line;
	}
	return NULL;
}

enum ts_err ts_judge_line_add(
	struct ts_judge *judge, int64_t stream, int64_t index, struct judge_line **out)
{
	bool fresh = false;
	*out = line_find(judge, stream, index);
	if (*out != NULL)
		return TS_OK;
	if (judge->lines_n == judge->lines_cap) {
		struct judge_line *bigger = ts_judge_grow(judge->region, judge->lines,
			judge->lines_n, &judge->lines_cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		judge->lines = bigger;
	}
	uint32_t number = (uint32_t)judge->lines_n;
	judge->lines[number] = (struct judge_line){
		.stream = stream, .index = index, .parked_leaf = -1, .reversals = JUDGE_NONE};
	TS_TRY(slots_room(judge->region, &judge->by_line, number, &fresh));
	for (uint32_t i = fresh ? 0 : number; i <= number; i++)
		slot_put(&judge->by_line,
			mix((uint64_t)judge->lines[i].stream, (uint64_t)judge->lines[i].index), i);
	judge->lines_n++;
	*out = &judge->lines[number];
	return TS_OK;
}

enum ts_err ts_judge_reversal_add(
	struct ts_judge *judge, struct judge_line *line, int64_t by_stream, int64_t by_index)
{
	for (uint32_t i = line->reversals; i != JUDGE_NONE; i = judge->reversals[i].next)
		if (judge->reversals[i].by_stream == by_stream &&
			judge->reversals[i].by_index == by_index)
			return TS_OK;
	if (judge->reversals_n == judge->reversals_cap) {
		struct judge_reversal *bigger = ts_judge_grow(judge->region, judge->reversals,
			judge->reversals_n, &judge->reversals_cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		judge->reversals = bigger;
	}
	judge->reversals[judge->reversals_n] = (struct judge_reversal){
		by_stream, by_index, line->reversals};
	line->reversals = (uint32_t)judge->reversals_n++;
	return TS_OK;
}

/* Facts are only ever added, so loading one again changes nothing. */
enum ts_err ts_judge_load_parked(
	struct ts_judge *judge, int64_t stream, int64_t index, int64_t leaf)
{
	struct judge_line *line = NULL;
	TS_TRY(ts_judge_line_add(judge, stream, index, &line));
	if (leaf > line->parked_leaf)
		line->parked_leaf = leaf;
	return TS_OK;
}

enum ts_err ts_judge_load_reversed(
	struct ts_judge *judge, int64_t stream, int64_t index, int64_t by_stream, int64_t by_index)
{
	struct judge_line *line = NULL;
	TS_TRY(ts_judge_line_add(judge, stream, index, &line));
	return ts_judge_reversal_add(judge, line, by_stream, by_index);
}

enum ts_err ts_judge_line_get(struct ts_judge *judge, int64_t stream, int64_t index,
	int64_t batch_leaf, struct judge_line **out, struct ts_why *why)
{
	*out = line_find(judge, stream, index);
	bool in_loaded = stream == judge->loaded.stream && index >= judge->loaded.from &&
			 index < judge->loaded.to;
	if (judge->source.facts == NULL || batch_leaf >= judge->from || in_loaded ||
		(*out != NULL && (*out)->loaded))
		return TS_OK;
	TS_TRY(judge->source.facts(judge->source.ctx, judge, stream, index, index + 1, why));
	TS_TRY(ts_judge_line_add(judge, stream, index, out));
	(*out)->loaded = true;
	return TS_OK;
}

enum ts_err ts_judge_lines_load(
	struct ts_judge *judge, int64_t stream, int64_t from, int64_t to, struct ts_why *why)
{
	if (judge->source.facts == NULL)
		return TS_OK;
	TS_TRY(judge->source.facts(judge->source.ctx, judge, stream, from, to, why));
	judge->loaded.stream = stream;
	judge->loaded.from = from;
	judge->loaded.to = to;
	return TS_OK;
}

/* --- counted --- */

bool ts_judge_contested(
	const struct judge_stream *stream, int64_t index, const struct judge_range *skip)
{
	for (size_t i = stream->ranges_n; i > 0; i--) {
		const struct judge_range *range = &stream->ranges[i - 1];
		if (range != skip && range->kind != TS_JUDGE_RELEASED && index >= range->from &&
			index < range->to)
			return range->kind == TS_JUDGE_CONTESTED;
	}
	return false;
}

bool ts_judge_parked(const struct judge_stream *stream, const struct judge_line *line,
	const struct judge_range *skip)
{
	if (line == NULL || line->parked_leaf < 0)
		return false;
	for (size_t i = stream->ranges_n; i > 0; i--) {
		const struct judge_range *range = &stream->ranges[i - 1];
		if (range != skip && range->kind == TS_JUDGE_RELEASED &&
			range->leaf > line->parked_leaf && line->index >= range->from &&
			line->index < range->to)
			return false;
	}
	return true;
}

bool ts_judge_reversed(
	const struct ts_judge *judge, const struct judge_line *line, const struct judge_range *skip)
{
	if (line == NULL)
		return false;
	for (uint32_t i = line->reversals; i != JUDGE_NONE; i = judge->reversals[i].next) {
		const struct judge_reversal *r = &judge->reversals[i];
		const struct judge_stream *by = ts_judge_stream_find(judge, r->by_stream);
		if (by == NULL || !ts_judge_contested(by, r->by_index, skip))
			return true;
	}
	return false;
}

bool ts_judge_counted(const struct ts_judge *judge, const struct judge_stream *stream,
	int64_t index, const struct judge_line *line, const struct judge_range *skip)
{
	return !ts_judge_contested(stream, index, skip) && !ts_judge_parked(stream, line, skip) &&
	       !ts_judge_reversed(judge, line, skip);
}

enum ts_judge_standing ts_judge_standing(
	const struct ts_judge *judge, int64_t stream_id, int64_t index, int64_t *range_leaf)
{
	const struct judge_stream *stream = ts_judge_stream_find(judge, stream_id);
	const struct judge_line *line = line_find(judge, stream_id, index);
	TS_ASSERT(stream != NULL);
	*range_leaf = -1;
	for (size_t i = 0; i < stream->ranges_n; i++)
		if (stream->ranges[i].kind == TS_JUDGE_CONTESTED &&
			index >= stream->ranges[i].from && index < stream->ranges[i].to)
			*range_leaf = stream->ranges[i].leaf;
	if (ts_judge_reversed(judge, line, NULL))
		return TS_STANDING_REVERSED;
	if (ts_judge_contested(stream, index, NULL))
		return TS_STANDING_CONTESTED;
	return ts_judge_parked(stream, line, NULL) ? TS_STANDING_PARKED : TS_STANDING_COUNTED;
}

/* --- lines --- */

void ts_judge_walk_begin(struct judge_walk *walk, const struct ts_judge_batch *batch)
{
	*walk = (struct judge_walk){
		.batch = batch, .rest = batch->lines, .next = batch->first, .index = -1};
}

bool ts_judge_walk_next(struct judge_walk *walk)
{
	const struct ts_judge_batch *batch = walk->batch;
	if (walk->next >= batch->end || !ts_str_line(&walk->rest, &walk->line))
		return false;
	walk->index = walk->next++;
	while (walk->voids < batch->void_usage_n && batch->void_usage[walk->voids] < walk->index)
		walk->voids++;
	walk->listed = walk->voids < batch->void_usage_n &&
		       batch->void_usage[walk->voids] == walk->index;
	return true;
}

bool ts_judge_walk_record(
	const struct judge_walk *walk, const struct judge_stream *stream, struct ts_record *record)
{
	const char *reason = NULL;
	return !walk->listed && ts_record_parse(walk->line, record, &reason) == TS_OK &&
	       ts_record_place(record, stream->origin, walk->index, NULL, &reason) == TS_OK;
}

enum ts_err ts_judge_look(
	struct ts_judge *judge, int64_t stream, int64_t index, int64_t below, struct ts_why *why)
{
	const struct ts_judge_batch *looked = &judge->looked;
	if (stream == judge->looked_stream && index >= looked->first && index < looked->end)
		return TS_OK;
	judge->looked_stream = -1;
	TS_TRY(judge->source.batch(judge->source.ctx, stream, index, below, &judge->looked, why));
	TS_ASSERT(index >= looked->first && index < looked->end && looked->leaf < below);
	judge->looked_stream = stream;
	ts_judge_walk_begin(&judge->in_looked, &judge->looked);
	return TS_OK;
}

enum ts_err ts_judge_usage_at(struct ts_judge *judge, const struct judge_stream *stream,
	int64_t index, int64_t below, int64_t *batch_leaf, struct ts_record *record, bool *usage,
	struct ts_why *why)
{
	struct judge_walk *walk = &judge->in_current;
	if (stream->id != judge->current_stream || index < walk->batch->first ||
		index >= walk->batch->end) {
		TS_TRY(ts_judge_look(judge, stream->id, index, below, why));
		walk = &judge->in_looked;
	}
	if (index < walk->index)
		ts_judge_walk_begin(walk, walk->batch);
	while (walk->index < index)
		if (!ts_judge_walk_next(walk))
			return ts_why(
				why, TS_E_INTERNAL, "batch", "it has fewer lines than it says");
	*batch_leaf = walk->batch->leaf;
	*usage = ts_judge_walk_record(walk, stream, record) && record->tag == TS_RECORD_USAGE;
	return TS_OK;
}
