/* SPDX-License-Identifier: Apache-2.0 */
/* What a signing pass costs by the length of the log: 40 new leaves on top of a thousand and of a
 * million. It should be the same; both are printed beside their ratio. */
#include "db/signing.h"
#include "service/clock.h"

#define PASSES 21
#define NEW_LEAVES 40

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Rows that all passes so far have read from leaves and subtree hashes: counted, not timed. */
static int64_t rows_read(void)
{
	usleep(1500000); /* the server publishes its counters once a second, when idle */
	struct ts_why why = {"", ""};
	OK(ts_db_ping(service, &why));
	return fixture_number(cluster.admin,
		"select sum(coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0)) "
		"from pg_stat_user_tables where relname in ('log_leaf', 'subtree')");
}

/* The median; the fastest is what is left when nothing else uses the disk. */
static int64_t pass_us(int64_t *recompute_us, int64_t *fastest_us)
{
	struct ts_why why = {"", ""};
	int64_t us[PASSES];
	signing_restart();
	int64_t begun = ts_clock_mono_us();
	OK(signing_pass(0, &why)); /* recomputes all that was signed, then what is new */
	*recompute_us = ts_clock_mono_us() - begun;
	int64_t before = rows_read();
	for (int i = 0; i < PASSES; i++) {
		signing_append(0, TS_DB_LOCK_INPUTS, NEW_LEAVES);
		int64_t start = ts_clock_mono_us();
		OK(signing_pass(0, &why));
		us[i] = ts_clock_mono_us() - start;
	}
	printf("rows read by a pass: %lld\n", (long long)((rows_read() - before) / PASSES));
	qsort(us, PASSES, sizeof us[0], by_size);
	*fastest_us = us[0];
	return us[PASSES / 2];
}

static void print_ratio(const char *name, const int64_t us[2])
{
	int64_t percent = us[1] * 100 / us[0];
	printf("ratio of a pass, a million to a thousand, %s: %lld.%02lld\n", name,
		(long long)(percent / 100), (long long)(percent % 100));
}

static void measure(void **state)
{
	static const int64_t sizes[] = {1000, 1000000};
	int64_t us[2], fastest_us[2], recompute_us[2], size = 0;
	struct ts_why why = {"", ""};
	(void)state;
	for (int i = 0; i < 2; i++) {
		signing_append(0, TS_DB_LOCK_INPUTS, sizes[i] - size);
		fixture_sql(cluster.admin, "vacuum (analyze)");
		fixture_sql(
			cluster.admin, "checkpoint"); /* the load's own writes are not measured */
		OK(signing_pass(0, &why));
		us[i] = pass_us(&recompute_us[i], &fastest_us[i]);
		size = sizes[i] + (int64_t)PASSES * NEW_LEAVES;
		printf("%8lld leaves: a pass %lld us (fastest %lld), recomputed at the start in "
		       "%lld us\n",
			(long long)sizes[i], (long long)us[i], (long long)fastest_us[i],
			(long long)recompute_us[i]);
	}
	print_ratio("median", us);
	print_ratio("fastest", fastest_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(measure)};
	signing_start();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	signing_stop();
	return failed;
}
