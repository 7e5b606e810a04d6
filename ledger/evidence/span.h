/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_SPAN_H
#define TS_EVIDENCE_SPAN_H
/* Why: a set of whole numbers that come in any order and lie mostly beside each other (windows that
 * are closed): half-open spans, sorted, disjoint, never adjacent. Memory is that of the gaps. */
#include "base/region.h"
#include <stdbool.h>
#include <stdint.h>

struct ts_span {
	int64_t from, to; /* [from, to) */
};
struct ts_spans {
	struct ts_region *region;
	struct ts_span *list;
	size_t n;
	size_t cap;
};
void ts_spans_init(struct ts_spans *spans, struct ts_region *region);
/* Adds [from, to), from < to. TS_E_LIMIT: the region is full; the set is as it was. */
enum ts_err ts_spans_add(struct ts_spans *spans, int64_t from, int64_t to) TS_MUST;
/* The first span that ends behind a number; spans->n: none. */
size_t ts_spans_find(const struct ts_spans *spans, int64_t number);
/* How many numbers of [from, to) are in the set. */
int64_t ts_spans_count(const struct ts_spans *spans, int64_t from, int64_t to);

#endif
