/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/span.h"

#include <string.h>

#define LIST_START 16

void ts_spans_init(struct ts_spans *spans, struct ts_region *region)
{
	*spans = (struct ts_spans){.region = region};
}

size_t ts_spans_find(const struct ts_spans *spans, int64_t number)
{
	size_t lo = 0;
	size_t hi = spans->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (spans->list[mid].to <= number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static enum ts_err insert(struct ts_spans *spans, size_t at, struct ts_span span)
{
	if (spans->n == spans->cap) {
		size_t cap = spans->cap == 0 ? LIST_START : 2 * spans->cap;
		struct ts_span *bigger = ts_region_array(spans->region, cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_LIMIT;
		if (spans->n > 0)
			memcpy(bigger, spans->list, spans->n * sizeof(*bigger));
		spans->list = bigger;
		spans->cap = cap;
	}
	memmove(&spans->list[at + 1], &spans->list[at], (spans->n - at) * sizeof(span));
	spans->list[at] = span;
	spans->n++;
	return TS_OK;
}

enum ts_err ts_spans_add(struct ts_spans *spans, int64_t from, int64_t to)
{
	TS_ASSERT(from < to && from > INT64_MIN);
	size_t first = ts_spans_find(spans, from - 1); /* one that only touches is met too */
	size_t behind = first;
	struct ts_span sum = {from, to};
	while (behind < spans->n && spans->list[behind].from <= to) {
		const struct ts_span *met = &spans->list[behind++];
		sum.from = met->from < sum.from ? met->from : sum.from;
		sum.to = met->to > sum.to ? met->to : sum.to;
	}
	if (behind == first)
		return insert(spans, first, sum);
	spans->list[first] = sum;
	memmove(&spans->list[first + 1], &spans->list[behind],
		(spans->n - behind) * sizeof(*spans->list));
	spans->n -= behind - first - 1;
	return TS_OK;
}

int64_t ts_spans_count(const struct ts_spans *spans, int64_t from, int64_t to)
{
	int64_t count = 0;
	for (size_t i = ts_spans_find(spans, from); i < spans->n && spans->list[i].from < to; i++) {
		const struct ts_span *span = &spans->list[i];
		count += (span->to < to ? span->to : to) - (span->from > from ? span->from : from);
	}
	return count;
}
