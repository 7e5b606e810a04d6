/* SPDX-License-Identifier: Apache-2.0 */
/* Random streams with their windows in a bitmap: whatever the order of the c1 lines, the ends and
 * the period, counts, runs and list are those of the oracle that looks at every window alone. */
#include "support/test.h"

#include "evidence/completeness.h"
#include "support/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 2000
#define WINDOWS 200
#define STREAMS 3

struct world {
	char origin[64];
	int64_t from_ms, window_ms;
	bool closed[WINDOWS], used[WINDOWS], waits[WINDOWS];
	struct ts_window open[2 * WINDOWS];
	struct ts_closings closings;
	struct ts_completeness_stream stream;
};

static struct ts_rng rng;
static struct ts_hasher hasher;
static struct ts_region *region;
static struct world worlds[STREAMS];
static struct ts_buf list, expected;

static int64_t below(int64_t n)
{
	return (int64_t)ts_rng_below(&rng, (uint64_t)n);
}

static void shuffle(int *order, int n)
{
	for (int i = n - 1; i > 0; i--) {
		int k = (int)below(i + 1), kept = order[i];
		order[i] = order[k];
		order[k] = kept;
	}
}

static int64_t some_end(const struct world *w)
{
	return below(3) > 0 ? TS_COMPLETENESS_NEVER
			    : w->from_ms + below((WINDOWS + 20) * w->window_ms);
}

static void close_windows(struct world *w, int64_t density)
{
	int order[WINDOWS];
	for (int i = 0; i < WINDOWS; i++)
		order[i] = i;
	shuffle(order, WINDOWS);
	for (int i = 0; i < WINDOWS; i++) {
		int k = order[i];
		w->closed[k] = below(100) < density;
		w->used[k] = w->closed[k] && below(2) == 0;
		if (!w->closed[k])
			continue;
		int64_t start_ms = w->from_ms + k * w->window_ms;
		if (below(4) == 0) /* another SKU of it, or a supplementary one */
			assert_ok(ts_closings_add(&w->closings, start_ms, 0));
		assert_ok(ts_closings_add(&w->closings, start_ms, w->used[k] ? 1 + below(9) : 0));
	}
}

static void make(struct world *w, int number)
{
	size_t n = 0;
	memset(w, 0, sizeof(*w));
	snprintf(w->origin, sizeof(w->origin), "d/%032d/c/agent-%d/g1", 7, number);
	w->from_ms = below(1000);
	w->window_ms = 20 + below(50);
	ts_closings_init(&w->closings, region, w->from_ms, w->window_ms);
	close_windows(w, below(101));
	int64_t density = below(3) == 0 ? below(101) : 0;
	for (int k = 0; k < WINDOWS; k++) {
		int64_t start_ms = w->from_ms + k * w->window_ms;
		bool entry = below(4) == 0; /* the tally keeps closed ones too */
		w->waits[k] = below(100) < density;
		if (w->waits[k] || entry)
			w->open[n++] = (struct ts_window){.start_ms = start_ms,
				.sku = TS_STR("a"),
				.count = w->waits[k] && !entry ? 1 : 0};
		if (w->waits[k] && entry)
			w->open[n++] = (struct ts_window){
				.start_ms = start_ms, .sku = TS_STR("b"), .count = 2};
	}
	w->stream = (struct ts_completeness_stream){.origin = ts_str(w->origin),
		.active_to_ms = some_end(w),
		.successor_ms = some_end(w),
		.revoked_ms = some_end(w),
		.closings = &w->closings,
		.open = w->open,
		.open_n = n};
}

/* Each window alone. */
static void oracle(
	const struct world *w, int64_t from_ms, int64_t to_ms, struct ts_completeness *out)
{
	const struct ts_completeness_stream *s = &w->stream;
	memset(out, 0, sizeof(*out));
	for (int k = 0; w->from_ms + k * w->window_ms < to_ms; k++) {
		int64_t start_ms = w->from_ms + k * w->window_ms, end_ms = start_ms + w->window_ms;
		bool closed = k < WINDOWS && w->closed[k], waits = k < WINDOWS && w->waits[k];
		if (end_ms <= from_ms || end_ms > to_ms || end_ms > s->active_to_ms ||
			end_ms > s->successor_ms || end_ms > s->revoked_ms)
			continue;
		out->expected++;
		out->closed += closed && !waits;
		out->late += closed && waits;
		out->missing += !closed;
		out->heartbeats += closed && !waits && !w->used[k];
		out->tail = closed ? 0 : out->tail + 1;
		if (!closed || waits)
			ts_buf_printf(&expected, "%s\t%lld\t%lld\n", w->origin, (long long)start_ms,
				(long long)end_ms);
	}
}

static void assert_same(const struct ts_completeness *got, const struct ts_completeness *want)
{
	assert_int_equal(got->expected, want->expected);
	assert_int_equal(got->closed, want->closed);
	assert_int_equal(got->late, want->late);
	assert_int_equal(got->missing, want->missing);
	assert_int_equal(got->heartbeats, want->heartbeats);
	assert_int_equal(got->tail, want->tail);
}

static void add_up(struct ts_completeness *sum, const struct ts_completeness *one)
{
	sum->expected += one->expected;
	sum->closed += one->closed;
	sum->late += one->late;
	sum->missing += one->missing;
	sum->heartbeats += one->heartbeats;
	sum->tail += one->tail;
}

/* Runs are maximal, alternate or leave a closed window between, and rise. */
static void assert_runs(const struct world *w, int64_t from_ms, int64_t to_ms)
{
	struct ts_gaps gaps;
	struct ts_gap gap, before = {0};
	bool first = true;
	ts_gaps_begin(&gaps, &w->stream, from_ms, to_ms);
	while (ts_gaps_next(&gaps, &gap)) {
		assert_true(gap.windows > 0);
		assert_int_equal(gap.end_ms - gap.start_ms, gap.windows * w->window_ms);
		if (!first)
			assert_true(gap.start_ms > before.end_ms ||
				    (gap.start_ms == before.end_ms && gap.late != before.late));
		before = gap;
		first = false;
	}
}

static void against_the_oracle(void **state)
{
	(void)state;
	int64_t late = 0, missing = 0;
	for (int round = 0; round < ROUNDS; round++) {
		int64_t a = below(4000), b = a + below(8000);
		struct ts_gap_list both;
		struct ts_completeness sum = {0}, one, want;
		struct ts_hash hash, again;
		ts_region_reset(region);
		ts_buf_reset(&list);
		ts_buf_reset(&expected);
		for (int i = 0; i < STREAMS; i++)
			make(&worlds[i], i);
		for (int i = 0; i < STREAMS; i++) {
			oracle(&worlds[i], a, b, &want);
			ts_completeness_of(&worlds[i].stream, a, b, &one);
			assert_same(&one, &want);
			assert_runs(&worlds[i], a, b);
			add_up(&sum, &want);
		}
		ts_gap_list_begin(&both, &hasher, &list, a, b);
		for (int i = 0; i < STREAMS; i++)
			ts_gap_list_add(&both, &worlds[i].stream);
		ts_gap_list_end(&both, &hash);
		assert_same(&both.total, &sum);
		assert_string_equal(ts_buf_str(&list), ts_buf_str(&expected));
		ts_sha256(expected.data, expected.len, &again);
		assert_true(ts_hash_eq(&hash, &again));
		late += sum.late;
		missing += sum.missing;
	}
	assert_true(late > ROUNDS && missing > ROUNDS);
}

/* A bitmap beside the set, random order, small numbers so that spans touch and swallow. */
static void spans_against_a_bitmap(void **state)
{
	(void)state;
	for (int round = 0; round < 500; round++) {
		bool bits[300] = {false};
		struct ts_spans spans;
		ts_region_reset(region);
		ts_spans_init(&spans, region);
		for (int i = 0; i < 60; i++) {
			int64_t from = below(280), to = from + 1 + below(below(10) == 0 ? 20 : 2);
			assert_ok(ts_spans_add(&spans, from, to));
			memset(&bits[from], true, (size_t)(to - from));
		}
		for (size_t i = 0; i + 1 < spans.n; i++)
			assert_true(spans.list[i].to < spans.list[i + 1].from);
		int64_t a = below(300), b = a + below(301 - a), count = 0;
		for (int64_t k = a; k < b; k++)
			count += bits[k];
		assert_int_equal(ts_spans_count(&spans, a, b), count);
		for (int64_t k = 0; k < 300; k++) {
			size_t at = ts_spans_find(&spans, k);
			assert_int_equal(at < spans.n && spans.list[at].from <= k, bits[k]);
		}
	}
}

/* A million windows in order of time: one span, and one per run of heartbeats. */
static void memory_is_that_of_the_gaps(void **state)
{
	(void)state;
	struct ts_closings closings;
	struct ts_region *small = ts_region_create(65536);
	assert_non_null(small);
	ts_closings_init(&closings, small, 0, 60000);
	for (int64_t k = 0; k < 1000000; k++)
		assert_ok(ts_closings_add(&closings, k * 60000, k % 2000 < 1000 ? 0 : 1));
	assert_int_equal(closings.closed.n, 1);
	assert_int_equal(closings.used.n, 500);
	ts_region_free(small);
}

static int setup(void **state)
{
	(void)state;
	rng = ts_rng_create(ts_seed(1024));
	region = ts_region_create(16 << 20);
	ts_buf_init(&list, 8 << 20);
	ts_buf_init(&expected, 8 << 20);
	return region == NULL || ts_hasher_init(&hasher) != TS_OK ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_region_free(region);
	ts_buf_free(&list);
	ts_buf_free(&expected);
	ts_hasher_free(&hasher);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_the_oracle),
		cmocka_unit_test(spans_against_a_bitmap),
		cmocka_unit_test(memory_is_that_of_the_gaps),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
