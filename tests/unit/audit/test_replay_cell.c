/* SPDX-License-Identifier: Apache-2.0 */
/* Which quarter-hour cells a verifier keeps: no more than an amendment ahead in the log, or the
 * next state, may ask for. That those are enough is shown by bundles (tests/e2e/test_amend.sh). */
#include "audit/replay_state.h"
#include "support/file.h"
#include "support/test.h"
#include <stdlib.h>

#define DAY_US (24 * 3600 * TS_US_PER_S)
#define DAYS 122 /* of usage: May to August */

static struct ts_region *regions[3];
static struct ts_ledger_version version;
static struct ts_replay replay;

static int64_t instant(const char *text)
{
	int64_t us = 0;
	assert_ok(ts_time_parse(ts_str(text), &us));
	return us;
}

static int begin(void **state)
{
	struct ts_why why;
	const struct ts_terms *terms = NULL;
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		regions[i] = ts_region_create((size_t)256 << 20);
		assert_non_null(regions[i]);
	}
	char *path = ts_source_path("tests/vectors/terms/example.json");
	struct ts_file file = ts_file_read(path);
	assert_ok(ts_terms_parse(file.bytes, file.len, regions[0], &terms, &why));
	ts_file_free(&file);
	free(path);
	version = ts_ledger_first_version(terms);
	replay = (struct ts_replay){.region = regions[0], .scratch = regions[1]};
	assert_ok(ts_ledger_create(regions[2], &version, 1, &replay.ledger));
	assert_ok(ts_audit_cells_begin(&replay));
	assert_ok(ts_audit_cells_next(&replay));
	return 0;
}

static int end(void **state)
{
	(void)state;
	ts_region_free(replay.cells_region);
	for (size_t i = 0; i < 3; i++)
		ts_region_free(regions[i]);
	return 0;
}

/* Every hour of the days from the beginning of the term on. */
static void fold(int from_day, int to_day)
{
	for (int hour = 24 * from_day; hour < 24 * to_day; hour++) {
		const struct ts_usage_cell cell = {
			.quarter_us = version.from_us + hour * (DAY_US / 24),
			.sku = TS_STR("gpu-h100"),
			.pricing_class = TS_STR("on_demand"),
			.quantity = 1};
		assert_ok(ts_audit_keep_cells(&replay, &cell, 1));
	}
}

static void cut(int64_t inputs_to)
{
	replay.cuts_n++;
	replay.fold.size = inputs_to;
	assert_ok(ts_audit_cells_next(&replay));
}

/* Nothing amends: a year of it would keep no more. */
static void the_period_that_is_open_is_not_kept(void **state)
{
	(void)state;
	fold(0, 31);
	assert_int_equal(replay.cells.n, 0);
	fold(31, DAYS); /* behind May's end: in the state at its cut */
	assert_int_equal(replay.cells.n, 24 * (DAYS - 31));
	cut(10);
	assert_int_equal(replay.cells.n, 24 * (DAYS - 61));
	cut(20);
	assert_int_equal(replay.cells.n, 24 * (DAYS - 92));
}

/* One that reaches back to 16 May is folded by June's cut, one to 1 August by July's. */
static void an_amendment_keeps_what_it_reaches_back_to(void **state)
{
	struct ts_audit_reach reaches[] = {
		{12, instant("2026-05-15T22:00:00Z")}, {25, instant("2026-07-31T22:00:00Z")}};
	(void)state;
	replay.reaches = reaches;
	replay.reaches_n = 2;
	/* as where the log is known before its first leaf */
	ts_region_free(replay.cells_region);
	assert_ok(ts_audit_cells_begin(&replay));
	assert_ok(ts_audit_cells_next(&replay));
	assert_int_equal(replay.cells_from_us, reaches[0].from_us);
	fold(0, DAYS);
	assert_int_equal(replay.cells.n, 24 * (DAYS - 15));
	cut(11);
	assert_int_equal(replay.cells.n, 24 * (DAYS - 15));
	cut(20); /* the first is folded; the second reaches less far back than July's end */
	assert_int_equal(replay.cells.n, 24 * (DAYS - 92));
	assert_true(replay.cells_from_us == reaches[1].from_us);
	cut(30);
	assert_int_equal(replay.cells.n, 0);
}

/* One that asks for what is gone finds it gone: cells_from_us never goes back. */
static void what_was_forgotten_stays_so(void **state)
{
	struct ts_audit_reach reaches[] = {{12, INT64_MIN}};
	(void)state;
	fold(0, DAYS);
	int64_t from_us = replay.cells_from_us;
	replay.reaches = reaches;
	replay.reaches_n = 1;
	assert_ok(ts_audit_cells_next(&replay));
	assert_true(replay.cells_from_us == from_us);
	assert_int_equal(replay.cells.n, 24 * (DAYS - 31));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_period_that_is_open_is_not_kept, begin, end),
		cmocka_unit_test_setup_teardown(
			an_amendment_keeps_what_it_reaches_back_to, begin, end),
		cmocka_unit_test_setup_teardown(what_was_forgotten_stays_so, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
