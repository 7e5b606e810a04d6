/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SOURCE_SPANS_H
#define TS_IMPORTERS_SOURCE_SPANS_H
/* Why: what is known of things by name over time (when a pod ran, from when to when a device was
 * already counted) while one delivery is read: a bounded hash table of lists of spans. */
#include "base/region.h"
#include "base/text.h"

#define TS_SPANS_NAMES_MAX 65536

struct ts_span {
	int64_t start_ms; /* [start, end) */
	int64_t end_ms;
	const struct ts_span *next; /* later, or added later */
};
struct ts_spans;

/* Lives in the region, as all that is added. */
enum ts_err ts_spans_create(struct ts_region *region, struct ts_spans **out) TS_MUST;
/* The spans of a name, in the order in which they were added; NULL: none. */
const struct ts_span *ts_spans_of(const struct ts_spans *spans, struct ts_str name);
/* One that begins where the last one of that name ends prolongs it. TS_E_LIMIT. */
enum ts_err ts_spans_add(
	struct ts_spans *spans, struct ts_str name, int64_t start_ms, int64_t end_ms) TS_MUST;
/* The end of the last one; INT64_MIN: none. */
int64_t ts_spans_end(const struct ts_spans *spans, struct ts_str name);
bool ts_spans_overlap(
	const struct ts_spans *spans, struct ts_str name, int64_t start_ms, int64_t end_ms);

#endif
