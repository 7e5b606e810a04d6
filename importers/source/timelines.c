/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/source/timelines.h"
#include <string.h>

#define SLOTS ((size_t)TS_TIMELINES_NAMES_MAX * 2)

struct span {
	struct ts_stretch span;
	struct span *next;
};
struct thing {
	struct ts_str name;
	struct span *first;
	struct span *last;
};
struct ts_timelines {
	struct ts_region *region;
	size_t n;
	struct thing *slots[SLOTS];
};

enum ts_err ts_timelines_create(struct ts_region *region, struct ts_timelines **out)
{
	struct ts_timelines *spans = ts_region_alloc(region, sizeof(*spans));
	if (!spans)
		return TS_E_NO_MEMORY;
	memset(spans, 0, sizeof(*spans));
	spans->region = region;
	*out = spans;
	return TS_OK;
}

/* Where a name is, or would be: at most half of the slots are used. */
static size_t slot_of(const struct ts_timelines *spans, struct ts_str name)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)name.at[i]) * 16777619u;
	size_t at = hash % SLOTS;
	while (spans->slots[at] && !ts_str_eq(spans->slots[at]->name, name))
		at = (at + 1) % SLOTS;
	return at;
}

const struct ts_stretch *ts_timelines_of(const struct ts_timelines *spans, struct ts_str name)
{
	const struct thing *thing = spans->slots[slot_of(spans, name)];
	return thing && thing->first ? &thing->first->span : NULL;
}

int64_t ts_timelines_end(const struct ts_timelines *spans, struct ts_str name)
{
	const struct thing *thing = spans->slots[slot_of(spans, name)];
	return thing && thing->last ? thing->last->span.end_ms : INT64_MIN;
}

static struct thing *find_thing(struct ts_timelines *spans, struct ts_str name)
{
	size_t slot = slot_of(spans, name);
	if (spans->slots[slot])
		return spans->slots[slot];
	if (spans->n == TS_TIMELINES_NAMES_MAX)
		return NULL;
	struct thing *thing = ts_region_alloc(spans->region, sizeof(*thing));
	char *copy = ts_region_copy(spans->region, name.at, name.len);
	if (!thing || !copy)
		return NULL;
	*thing = (struct thing){.name = {copy, name.len}};
	spans->n++;
	return spans->slots[slot] = thing;
}

enum ts_err ts_timelines_add(
	struct ts_timelines *spans, struct ts_str name, int64_t start_ms, int64_t end_ms)
{
	struct thing *thing = find_thing(spans, name);
	if (!thing)
		return TS_E_LIMIT;
	if (thing->last && thing->last->span.end_ms == start_ms) {
		thing->last->span.end_ms = end_ms;
		return TS_OK;
	}
	struct span *span = ts_region_alloc(spans->region, sizeof(*span));
	if (!span)
		return TS_E_LIMIT;
	*span = (struct span){.span = {.start_ms = start_ms, .end_ms = end_ms}};
	if (thing->last) {
		thing->last->next = span;
		thing->last->span.next = &span->span;
	} else {
		thing->first = span;
	}
	thing->last = span;
	return TS_OK;
}

bool ts_timelines_overlap(
	const struct ts_timelines *spans, struct ts_str name, int64_t start_ms, int64_t end_ms)
{
	for (const struct ts_stretch *at = ts_timelines_of(spans, name); at; at = at->next)
		if (at->start_ms < end_ms && start_ms < at->end_ms)
			return true;
	return false;
}
