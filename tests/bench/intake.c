/* SPDX-License-Identifier: Apache-2.0 */
/* How fast one core takes in lines: leaf hash, compact range, parse, windows, cells. That is what
 * ingest does before its transaction and what the offline verifier does with every line. */
#include "evidence/append.h"
#include "evidence/intake.h"
#include "support/test.h"
#include <stdio.h>
#include <time.h>

#define HOUR INT64_C(3600000)
#define FROM INT64_C(1764547200000)
#define NODES 100
#define BATCH 5000
#define BATCHES 200
#define ORIGIN "ledger.example/00112233445566778899aabbccddeeff/colo1/agent/g1"

static void put_lines(int64_t first, struct ts_buf *out)
{
	for (int64_t i = first; i < first + BATCH; i++) {
		long long start = (long long)(FROM + i / NODES * 900000);
		ts_buf_printf(out,
			"u1\t%lld\t%lld\tH100-SXM5-80G\t8000\t7200000000\ton_demand\t"
			"job-%07lld\tnode-%05lld.gpu\tteam-%lld\n",
			start, start + 900000, (long long)(i / 12), (long long)(i % NODES),
			(long long)(i % 4));
	}
}

/* Of this thread: what else the machine does is not counted. */
static int64_t cpu_us(void)
{
	struct timespec t;
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(void)
{
	struct ts_region *kept = ts_region_create(64u << 20), *batch = ts_region_create(64u << 20);
	struct ts_hasher hasher;
	struct ts_why why = {"", ""};
	struct ts_windows windows;
	struct ts_range range;
	struct ts_buf lines;
	struct ts_key_statement statement = {.origin = TS_STR(ORIGIN),
		.side = TS_SIDE_PROVIDER,
		.scope = {TS_STR("colo1"), TS_STR("node-"), TS_STR("-")},
		.window_ms = HOUR,
		.active_from_ms = FROM,
		.active_to_ms = TS_OPEN_MS,
		.from_ms = FROM};
	int64_t us = 0, bytes = 0;
	assert_non_null(kept);
	assert_non_null(batch);
	assert_ok(ts_hasher_init(&hasher));
	assert_ok(ts_origin_parse(statement.origin, &statement.origin_parts, &why));
	ts_windows_init(&windows, kept, FROM, HOUR);
	ts_range_init(&range);
	ts_buf_init(&lines, 4u << 20);
	range.size = 0;
	for (int64_t b = 0; b < BATCHES; b++) {
		struct ts_append append = {.old_size = range.size, .new_size = range.size + BATCH};
		struct ts_append_walk walk;
		struct ts_append_line line;
		struct ts_intake intake;
		struct ts_intake_row row = {0};
		ts_buf_reset(&lines);
		put_lines(range.size, &lines);
		append.lines = (struct ts_str){lines.data, lines.len};
		bytes += (int64_t)lines.len;
		int64_t start = cpu_us();
		ts_region_reset(batch);
		assert_ok(ts_intake_begin(&intake, batch, &hasher, 7, &statement, NULL, &windows));
		ts_append_walk_init(&walk, &hasher, &append, &range);
		while (ts_append_walk_next(&walk, &line))
			assert_ok(ts_intake_take(&intake, line.index, line.bytes, &row));
		assert_ok(ts_intake_end(&intake));
		us += cpu_us() - start;
		range = walk.range;
		assert_int_equal(intake.suspects.n, 0);
	}
	printf("{\"lines\":%d,\"line_bytes\":%lld,\"us\":%lld,\"lines_per_s\":%lld}\n",
		BATCH * BATCHES, (long long)(bytes / (BATCH * BATCHES)), (long long)us,
		(long long)(INT64_C(1000000) * BATCH * BATCHES / us));
	ts_buf_free(&lines);
	ts_hasher_free(&hasher);
	ts_region_free(batch);
	ts_region_free(kept);
	return 0;
}
