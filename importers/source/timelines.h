/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_TIMELINES_H
#define TS_IMPORTERS_SOURCE_TIMELINES_H
/* Why: what is known of things by name over time (when a pod ran, from when to when a device was
 * already counted) while one delivery is read: a bounded hash table of lists of spans. */
#include "base/region.h"
#include "base/text.h"

#define TS_TIMELINES_NAMES_MAX 65536

struct ts_stretch {
	int64_t start_ms; /* [start, end) */
	int64_t end_ms;
	const struct ts_stretch *next; /* later, or added later */
};
struct ts_timelines;

/* Lives in the region, as all that is added. */
enum ts_err ts_timelines_create(struct ts_region *region, struct ts_timelines **out) TS_MUST;
/* The spans of a name, in the order in which they were added; NULL: none. */
const struct ts_stretch *ts_timelines_of(const struct ts_timelines *spans, struct ts_str name);
/* One that begins where the last one of that name ends prolongs it. TS_E_LIMIT. */
enum ts_err ts_timelines_add(
	struct ts_timelines *spans, struct ts_str name, int64_t start_ms, int64_t end_ms) TS_MUST;
/* The end of the last one; INT64_MIN: none. */
int64_t ts_timelines_end(const struct ts_timelines *spans, struct ts_str name);
bool ts_timelines_overlap(
	const struct ts_timelines *spans, struct ts_str name, int64_t start_ms, int64_t end_ms);

#endif
