/* SPDX-License-Identifier: Apache-2.0 */
/* A row is met again and again while it runs, and then ended: whatever its versions are, the lines
 * that live in the stream are the slices of its latest version, none is reversed twice, and a
 * version that was met before writes nothing. The oracle keeps all lines in a plain list. */
#include "importers/frame/running.h"
#include "importers/frame/slice.h"
#include "support/seed.h"
#include "support/test.h"
#include <string.h>

#define HOUR INT64_C(3600000)
#define LINES_MAX 4096

struct stream {
	struct ts_usage lines[LINES_MAX];
	bool gone[LINES_MAX];
	int64_t n;
};

static enum ts_err put(void *ctx, const struct ts_usage *use, int64_t *index, struct ts_why *why)
{
	struct stream *stream = ctx;
	(void)why;
	assert_true(stream->n < LINES_MAX);
	*index = stream->n;
	stream->lines[stream->n++] = *use;
	return TS_OK;
}

static enum ts_err reverse(void *ctx, int64_t index, struct ts_why *why)
{
	struct stream *stream = ctx;
	(void)why;
	assert_true(index < stream->n);
	assert_false(stream->gone[index]);
	stream->gone[index] = true;
	return TS_OK;
}

/* How many living lines are just this slice. */
static int64_t living(const struct stream *stream, const struct ts_usage *slice)
{
	int64_t found = 0;
	for (int64_t i = 0; i < stream->n; i++)
		found += !stream->gone[i] && stream->lines[i].start_ms == slice->start_ms &&
			 stream->lines[i].end_ms == slice->end_ms &&
			 stream->lines[i].quantity == slice->quantity &&
			 stream->lines[i].sku.at == slice->sku.at &&
			 stream->lines[i].class.at == slice->class.at;
	return found;
}

static void check(const struct stream *stream, const struct ts_row *row)
{
	int64_t slices_n = 0;
	int64_t alive = 0;
	for (size_t use = 0; use < row->n; use++) {
		struct ts_slices slices;
		struct ts_usage slice;
		ts_slices_begin(&slices, &row->uses[use], HOUR);
		for (; ts_slices_next(&slices, &slice); slices_n++)
			assert_int_equal(living(stream, &slice), 1);
	}
	for (int64_t i = 0; i < stream->n; i++)
		alive += !stream->gone[i];
	assert_int_equal(alive, slices_n);
}

static const char *const skus[] = {"h100", "h200", "gb200"};
static const char *const classes[] = {"on_demand", "excluded_fault"};

static void make_row(
	struct ts_rng *rng, struct ts_row *row, int64_t start_ms, int64_t end_ms, bool running)
{
	ts_row_reset(row);
	ts_row_accept(row);
	memset(row->key, 7, sizeof(row->key));
	row->running = running;
	size_t n = 1 + (size_t)ts_rng_below(rng, 3);
	for (size_t i = 0; i < n; i++) {
		const struct ts_usage like = {.start_ms = start_ms,
			.end_ms = end_ms,
			.sku = ts_str(skus[i]),
			.class = ts_str(classes[!running && ts_rng_below(rng, 4) == 0]),
			.workload = TS_STR("job"),
			.resource = TS_STR("node"),
			.account = TS_STR("-")};
		int64_t suspended_ms = running ? 0 : ts_rng_below(rng, 4) == 0 ? 999 : 0;
		ts_row_add(row, &like, 8000, end_ms - start_ms - suspended_ms);
	}
}

static void one_history(struct ts_rng *rng)
{
	static struct stream stream;
	static struct ts_row row;
	const struct ts_import_sink sink = {.ctx = &stream, .usage = put, .reverse = reverse};
	struct ts_import_report report = {0};
	struct ts_seen *seen = NULL;
	struct ts_why why = {0};
	int64_t start_ms = 1000 * HOUR + (int64_t)ts_rng_below(rng, (uint64_t)(2 * HOUR));
	int64_t until_ms = start_ms - start_ms % HOUR;
	memset(&stream, 0, sizeof(stream));
	assert_int_equal(ts_seen_create(&seen), TS_OK);
	for (int step = 0; step < 8; step++) {
		bool running = step < 6;
		until_ms += HOUR * (1 + (int64_t)ts_rng_below(rng, 3));
		int64_t end_ms = running ? until_ms
					 : start_ms + 1 +
						   (int64_t)ts_rng_below(
							   rng, (uint64_t)(until_ms - start_ms));
		make_row(rng, &row, start_ms, end_ms, running);
		struct ts_row again = row;
		assert_true(ts_running_applies(seen, &row));
		assert_int_equal(ts_running_take(&row, HOUR, seen, &sink, &report, &why), TS_OK);
		assert_true(row.verdict == TS_ROW_ACCEPTED || row.verdict == TS_ROW_SUPERSEDED ||
			    row.verdict == TS_ROW_DUPLICATE);
		check(&stream, &again);
		int64_t lines = stream.n;
		struct ts_row repeat = again;
		assert_int_equal(ts_running_take(&repeat, HOUR, seen, &sink, &report, &why), TS_OK);
		assert_int_equal(repeat.verdict, running ? TS_ROW_PENDING : TS_ROW_DUPLICATE);
		assert_int_equal(stream.n, lines);
		check(&stream, &again);
	}
	ts_seen_free(seen);
}

static void test_histories(void **state)
{
	struct ts_rng rng = ts_rng_create(ts_seed(1));
	(void)state;
	for (int i = 0; i < 300; i++)
		one_history(&rng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_histories)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
