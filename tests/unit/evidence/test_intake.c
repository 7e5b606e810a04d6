/* SPDX-License-Identifier: Apache-2.0 */
/* One append, line by line: what is good, what is void and why, and what must be remembered. */
#include "vector.h"

#include "evidence/intake.h"
#include "evidence/origin.h"

#define HOUR INT64_C(3600000)
#define FROM INT64_C(1764547200000)
#define CONTRACT "00112233445566778899aabbccddeeff"
#define ORIGIN "ledger.example/" CONTRACT "/colo1/agent/g1"

static struct ts_region *region;
static struct ts_hasher hasher;
static struct ts_windows windows;
static struct ts_intake intake;
static struct ts_key_statement statement;
static const struct ts_hash contract_note = {{7}};
static int64_t next;

static int setup(void **state)
{
	struct ts_why why;
	(void)state;
	region = ts_region_create(4 << 20);
	statement = (struct ts_key_statement){.origin = TS_STR(ORIGIN),
		.side = TS_SIDE_PROVIDER,
		.scope = {TS_STR("colo1"), TS_STR("node"), TS_STR("-")},
		.window_ms = HOUR,
		.active_from_ms = FROM,
		.active_to_ms = FROM + 1000 * HOUR,
		.from_ms = FROM};
	if (region == NULL || ts_hasher_init(&hasher) != TS_OK ||
		ts_origin_parse(statement.origin, &statement.origin_parts, &why) != TS_OK)
		return -1;
	ts_windows_init(&windows, region, FROM, HOUR);
	next = 0;
	return ts_intake_begin(&intake, region, &hasher, 7, &statement, &contract_note, &windows) ==
			       TS_OK
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	(void)state;
	ts_hasher_free(&hasher);
	ts_region_free(region);
	return 0;
}

/* The next line of the stream; returns its reason. */
static TS_PRINTF(1, 2) const char *take(const char *fmt, ...)
{
	struct ts_intake_row row = {0};
	char line[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	assert_ok(ts_intake_take(&intake, next, ts_str(line), &row));
	assert_int_equal(row.index, next);
	next++;
	return row.void_reason;
}

static const char *take_usage(int64_t start_ms, const char *resource, int64_t quantity)
{
	return take("u1\t%lld\t%lld\tgpu\t0\t%lld\ton_demand\tjob\t%s\t-", (long long)start_ms,
		(long long)(start_ms + 1000), (long long)quantity, resource);
}

static void take_genesis(void)
{
	char hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(contract_note.b, TS_HASH_BYTES, hex);
	assert_null(take("g1\t" ORIGIN "\t%s\t%lld", hex, (long long)FROM));
}

static void lines_by_kind(void **state)
{
	(void)state;
	take_genesis();
	assert_null(take_usage(FROM, "node-1", 5));
	assert_null(take_usage(FROM + 1, "other", 6)); /* not in scope: settle decides */
	assert_null(take_usage(FROM - 1, "node-1", 7)); /* before from_ms: likewise */
	assert_non_null(take("u1\tnonsense"));
	assert_null(
		take("c1\t%lld\t%lld\tgpu\t0\t2\t11", (long long)FROM, (long long)(FROM + HOUR)));
	assert_non_null(
		take("c1\t%lld\t%lld\tgpu\t0\t2\t11", (long long)FROM, (long long)(FROM + HOUR)));
	assert_null(take("r1\t" ORIGIN "\t1\twrong"));
	assert_non_null(take("r1\t" ORIGIN "\t99\tahead"));
	assert_ok(ts_intake_end(&intake));
	assert_int_equal(intake.usage_n, 3);
	assert_int_equal(intake.void_n, 3);
	assert_int_equal(intake.close_n, 1);
	assert_int_equal(intake.reversal_n, 1);
	assert_int_equal(intake.suspects.n, 2);
	assert_int_equal(intake.suspects.list[0], 2);
	assert_int_equal(intake.suspects.list[1], 3);
	assert_int_equal(intake.void_usage.n, 0); /* that one shows by its own grammar */
	assert_int_equal(intake.earliest_ms, FROM - 1);
	assert_int_equal(intake.newest_ms, FROM + 1);
	assert_int_equal(intake.latest_ms, FROM + 1001);
	assert_int_equal(intake.cells.n, 2); /* the quarter-hours before and behind FROM */
}

/* A u1 whose own bytes are fine but that is void must be known by its index: an r1 may not reach
 * it. */
static void history_voids_are_remembered(void **state)
{
	(void)state;
	assert_non_null(take_usage(FROM, "node-1", 1)); /* the first line is not g1 */
	assert_null(take_usage(FROM, "node-1", INT64_MAX));
	assert_string_equal(
		take_usage(FROM, "node-1", 1), "the quantities of its window exceed 63 bits");
	assert_null(take_usage(FROM + HOUR, "node-1", 1));
	assert_ok(ts_intake_end(&intake));
	assert_int_equal(intake.void_usage.n, 2);
	assert_int_equal(intake.void_usage.list[0], 0);
	assert_int_equal(intake.void_usage.list[1], 2);
	assert_int_equal(intake.usage_n, 2);
	assert_int_equal(intake.void_n, 2);
}

static void consumer_lines_are_no_suspects(void **state)
{
	(void)state;
	statement.side = TS_SIDE_CONSUMER;
	take_genesis();
	assert_null(take_usage(FROM, "elsewhere", 5));
	assert_ok(ts_intake_end(&intake));
	assert_int_equal(intake.suspects.n, 0);
}

/* Closed windows are forgotten two days behind the newest line, open ones never. */
static void closed_windows_are_forgotten(void **state)
{
	(void)state;
	take_genesis();
	assert_null(take_usage(FROM, "node-1", 5));
	assert_null(
		take("c1\t%lld\t%lld\tgpu\t0\t1\t5", (long long)FROM, (long long)(FROM + HOUR)));
	assert_null(take_usage(FROM + HOUR, "node-1", 5)); /* waits */
	assert_null(take_usage(FROM + 48 * HOUR, "node-1", 5));
	assert_ok(ts_intake_end(&intake));
	assert_int_equal(windows.n, 3); /* window 0 ended less than two days before */
	assert_ok(
		ts_intake_begin(&intake, region, &hasher, 7, &statement, &contract_note, &windows));
	assert_null(take_usage(FROM + 49 * HOUR, "node-1", 5));
	assert_ok(ts_intake_end(&intake));
	assert_int_equal(windows.n, 3);
	assert_int_equal(windows.list[0].start_ms, FROM + HOUR);
}

static void no_usage_at_all(void **state)
{
	(void)state;
	take_genesis();
	assert_ok(ts_intake_end(&intake));
	assert_true(intake.earliest_ms == INT64_MAX);
	assert_int_equal(intake.latest_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_by_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(history_voids_are_remembered, setup, teardown),
		cmocka_unit_test_setup_teardown(consumer_lines_are_no_suspects, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_windows_are_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(no_usage_at_all, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
