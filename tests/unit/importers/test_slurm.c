/* SPDX-License-Identifier: Apache-2.0 */
/* One test per trap of sacct's output; the rows are of the 26-column layout unless a heading says
 * otherwise. */
#include "harness.h"
#include "importers/source/slurm.h"

#define REST "|1:0|%s|1|12|12|31000Mn||%s|1-00:00:00|%s|job name"

struct job {
	const char *id, *submit, *start, *end, *elapsed, *state, *tres, *partition, *nodes;
};
static const struct job good = {"42", "2026-06-01T00:00:00", "2026-06-01T00:00:10",
	"2026-06-01T01:00:10", "01:00:00", "COMPLETED", "billing=12,cpu=12,gres/gpu=2,node=1",
	"gpu", "n[01-02]"};

/* Appends the row of a job to a text. */
static void put(struct ts_buf *out, const struct job *j)
{
	ts_buf_printf(out, "%s|%s|c1|%s|qos|lab|group|1|user|1|%s|%s|%s|%s|%s" REST "\n", j->id,
		j->id, j->partition, j->submit, j->submit, j->start, j->end, j->elapsed, j->state,
		j->tres, j->nodes);
}

static struct harness *run_jobs(struct harness *h, const struct job *jobs, size_t n)
{
	struct ts_buf text;
	ts_buf_init(&text, 1u << 20);
	for (size_t i = 0; i < n; i++)
		put(&text, &jobs[i]);
	assert_ok(harness_text(h, "slurm", text.data, text.len));
	assert_int_equal(h->report.rows, n);
	ts_buf_free(&text);
	return h;
}

static void expect(const struct job *job, enum ts_row_verdict verdict, const char *reason)
{
	struct harness *h = harness_new();
	run_jobs(h, job, 1);
	assert_string_equal(h->rows[0].reason, reason);
	assert_int_equal(h->rows[0].verdict, verdict);
	assert_int_equal(h->uses_n, verdict == TS_ROW_ACCEPTED ? h->report.records : 0);
	harness_free(h);
}

static void accepted_row(void **state)
{
	(void)state;
	struct harness *h = run_jobs(harness_new(), &good, 1);
	assert_int_equal(h->rows[0].verdict, TS_ROW_ACCEPTED);
	assert_int_equal(h->uses[0].start_ms, INT64_C(1780272010000));
	assert_int_equal(h->uses[0].end_ms, INT64_C(1780272010000) + 3600000);
	assert_int_equal(h->uses[0].devices_milli, 2000);
	assert_int_equal(h->uses[0].quantity, INT64_C(2000) * 3600000);
	assert_string_equal(h->uses[0].account, "lab");
	assert_string_equal(h->uses[0].resource, "n[01-02]");
	assert_string_equal(h->uses[0].class, "on_demand");
	harness_free(h);
}

static void steps_repeat_their_allocation(void **state)
{
	(void)state;
	struct job j = good;
	j.id = "42.batch";
	expect(&j, TS_ROW_NOT_BILLABLE, "step");
	j.id = "42.0";
	expect(&j, TS_ROW_NOT_BILLABLE, "step");
}

static void states(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum ts_row_verdict verdict;
		const char *reason;
	} cases[] = {
		{"CANCELLED by 102216", TS_ROW_ACCEPTED, ""},
		{"TIMEOUT", TS_ROW_ACCEPTED, ""},
		{"NODE_FAIL", TS_ROW_ACCEPTED, ""},
		{"PREEMPTED", TS_ROW_ACCEPTED, ""},
		{"OUT_OF_MEMORY", TS_ROW_ACCEPTED, ""},
		{"RUNNING", TS_ROW_PENDING, "not_ended"},
		{"PENDING", TS_ROW_PENDING, "not_ended"},
		{"SUSPENDED", TS_ROW_PENDING, "not_ended"},
		{"REVOKED", TS_ROW_NOT_BILLABLE, "revoked"},
		{"COMPLETEDISH", TS_ROW_QUARANTINED, "state_unknown"},
		{"", TS_ROW_QUARANTINED, "state_unknown"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job j = good;
		j.state = cases[i].text;
		expect(&j, cases[i].verdict, cases[i].reason);
	}
}

/* Typed devices are a breakdown of the total, never added to it. */
static void typed_and_untyped_devices(void **state)
{
	(void)state;
	struct job j = good;
	j.tres = "billing=192,cpu=16,gres/cpu=16,gres/gpu:h100=1,gres/gpu=1,mem=180G,node=1";
	struct harness *h = run_jobs(harness_new(), &j, 1);
	assert_int_equal(h->uses_n, 1);
	assert_string_equal(h->uses[0].sku, "h100");
	assert_int_equal(h->uses[0].devices_milli, 1000);
	harness_free(h);

	j.tres = "gres/gpu:h100=1,gres/gpu:a100=2,gres/gpu=4";
	h = run_jobs(harness_new(), &j, 1);
	assert_int_equal(h->uses_n, 3);
	assert_string_equal(h->uses[0].sku, "h100");
	assert_string_equal(h->uses[1].sku, "a100");
	assert_string_equal(h->uses[2].sku, "gpu");
	int64_t sum = 0;
	for (int i = 0; i < 3; i++)
		sum += h->uses[i].devices_milli;
	assert_int_equal(sum, 4000);
	harness_free(h);

	j.tres = "gres/gpu:h100=3,gres/gpu=2";
	expect(&j, TS_ROW_QUARANTINED, "gres_typed_over_total");
	j.tres = "gres/gpu=x";
	expect(&j, TS_ROW_QUARANTINED, "tres_malformed");
	j.tres = "gres/gpu=2,gres/gpu=2";
	expect(&j, TS_ROW_QUARANTINED, "tres_malformed");
	j.tres = "cpu=4,gres/gpumem=80G,gres/gpuutil=90";
	expect(&j, TS_ROW_NOT_BILLABLE, "no_gpu");
	j.tres = "gres/gpu=0";
	expect(&j, TS_ROW_NOT_BILLABLE, "no_gpu");
}

static void missing_devices_in_a_gpu_partition(void **state)
{
	(void)state;
	struct job j = good;
	j.tres = "billing=12,cpu=12,node=1";
	struct harness *h = harness_new();
	h->options.source.partitions_n = 1;
	h->options.source.partitions[0] = (struct ts_source_partition){"gpu", "h200"};
	run_jobs(h, &j, 1);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "gpu_tres_missing"), 1);
	j.tres = "gres/gpu=1";
	run_jobs(h, &j, 1);
	assert_string_equal(h->uses[0].sku, "h200");
	harness_free(h);
}

static void slices_need_a_stated_fraction(void **state)
{
	(void)state;
	struct job j = good;
	j.tres = "gres/gpu:a100_3g.20gb=2,gres/gpu=2";
	expect(&j, TS_ROW_QUARANTINED, "mig_profile_unknown");
	struct harness *h = harness_new();
	h->options.source.profiles_n = 1;
	h->options.source.profiles[0] = (struct ts_source_profile){"a100_3g.20gb", 500};
	run_jobs(h, &j, 1);
	assert_int_equal(h->uses[0].devices_milli, 1000);
	assert_string_equal(h->uses[0].sku, "a100_3g.20gb");
	harness_free(h);
}

static void times_and_elapsed(void **state)
{
	(void)state;
	struct job j = good;
	j.elapsed = "00:00:00";
	expect(&j, TS_ROW_NOT_BILLABLE, "zero_elapsed");
	j.elapsed = "1:00";
	expect(&j, TS_ROW_QUARANTINED, "elapsed_malformed");
	j.elapsed = "01:00:01";
	expect(&j, TS_ROW_QUARANTINED, "elapsed_over_interval");
	j = good;
	j.start = "Unknown";
	expect(&j, TS_ROW_QUARANTINED, "time_unknown");
	j.start = "2026-06-01T00:00:10+02:00";
	expect(&j, TS_ROW_QUARANTINED, "time_malformed");
	j = good;
	j.end = "2026-05-31T00:00:00";
	expect(&j, TS_ROW_QUARANTINED, "end_before_start");
	j.end = "2026-02-30T00:00:00";
	expect(&j, TS_ROW_QUARANTINED, "time_malformed");
}

/* Elapsed leaves out suspended time: it is billed over the interval, and never more. */
static void suspended_time(void **state)
{
	(void)state;
	struct job j = good;
	j.elapsed = "40:00";
	struct harness *h = run_jobs(harness_new(), &j, 1);
	assert_int_equal(h->uses[0].quantity, INT64_C(2000) * 2400000);
	assert_int_equal(h->uses[0].end_ms - h->uses[0].start_ms, 3600000);
	harness_free(h);

	static const char heading[] = "JobID|State|Start|End|ElapsedRaw|Suspended|AllocTRES\n";
	static const char fits[] = "1|FAILED|2026-06-01T00:00:00|2026-06-01T01:00:00|2400|00:20:00|"
				   "gres/gpu=1\n";
	static const char odd[] = "2|FAILED|2026-06-01T00:00:00|2026-06-01T01:00:00|2400|00:10:00|"
				  "gres/gpu=1\n";
	char text[512];
	snprintf(text, sizeof(text), "%s%s%s", heading, fits, odd);
	h = harness_new();
	assert_ok(harness_text(h, "slurm", text, strlen(text)));
	assert_int_equal(h->report.rows, 2);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "suspended_mismatch"), 1);
	harness_free(h);
}

static void requeued_attempts_are_two_records(void **state)
{
	(void)state;
	struct job jobs[2] = {good, good};
	jobs[0].state = "PREEMPTED";
	jobs[1].submit = "2026-06-01T01:00:10";
	jobs[1].start = "2026-06-01T02:00:10";
	jobs[1].end = "2026-06-01T03:00:10";
	struct harness *h = run_jobs(harness_new(), jobs, 2);
	assert_int_equal(h->uses_n, 2);
	assert_string_equal(h->uses[0].workload, h->uses[1].workload);
	assert_true(h->uses[0].end_ms < h->uses[1].start_ms);
	harness_free(h);
}

static void duplicates_and_conflicts(void **state)
{
	(void)state;
	struct job jobs[3] = {good, good, good};
	jobs[2].end = "2026-06-01T02:00:10";
	jobs[2].elapsed = "02:00:00";
	struct harness *h = run_jobs(harness_new(), jobs, 3);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 1);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "key_conflict"), 1);
	harness_free(h);

	h = harness_new();
	h->options.supersede = true;
	h->options.slice_ms = 3600000;
	run_jobs(h, jobs, 3);
	assert_int_equal(h->report.verdicts[TS_ROW_SUPERSEDED], 1);
	assert_int_equal(h->report.reversals, 2);
	assert_int_equal(h->reversed[0], 0);
	assert_int_equal(h->reversed[1], 1);
	assert_int_equal(h->uses_n, 5);
	harness_free(h);
}

static void array_groups(void **state)
{
	(void)state;
	struct job j = good;
	j.id = "42_[1-3,7]";
	expect(&j, TS_ROW_QUARANTINED, "array_group");
	j.state = "PENDING";
	expect(&j, TS_ROW_PENDING, "array_pending");
	j = good;
	j.id = "42_7";
	expect(&j, TS_ROW_ACCEPTED, "");
}

static void future_ends(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	h->options.now_ms = INT64_C(1780272010000) + 3600000 - TS_IMPORT_FUTURE_MS;
	run_jobs(h, &good, 1);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	harness_free(h);
	h = harness_new();
	h->options.now_ms = INT64_C(1780272010000) + 3600000 - TS_IMPORT_FUTURE_MS - 1;
	run_jobs(h, &good, 1);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "end_in_future"), 1);
	harness_free(h);
}

static void other_clusters(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	h->options.source.cluster = "c2";
	run_jobs(h, &good, 1);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "other_cluster"), 1);
	harness_free(h);
}

/* '|' and bytes outside ASCII in the job's name; too few columns; damaged bytes. */
static void odd_lines(void **state)
{
	(void)state;
	struct ts_buf text;
	struct harness *h = harness_new();
	ts_buf_init(&text, 1u << 20);
	ts_buf_puts(&text, "\xef\xbb\xbf");
	struct job j = good;
	j.nodes = "n1|a|b \xc3\xa0";
	put(&text, &j);
	text.len--;
	ts_buf_puts(&text, "\r\n");
	ts_buf_puts(&text, "1|2|3\n");
	ts_buf_put(&text, "1|\0|3\n", 6);
	ts_buf_puts(&text, "\n");
	for (int i = 0; i < TS_SOURCE_LINE_BYTES_MAX + 1; i++)
		ts_buf_putc(&text, 'x');
	ts_buf_puts(&text, "\n");
	j = good;
	j.id = "43";
	put(&text, &j);
	text.len--; /* no LF at the end */
	assert_ok(harness_text(h, "slurm", text.data, text.len));
	assert_int_equal(h->report.rows, 6);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 2);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "column_count"), 1);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "nul_byte"), 1);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "line_too_long"), 1);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "empty_line"), 1);
	assert_string_equal(h->uses[0].resource, "n1");
	harness_free(h);
	ts_buf_free(&text);
}

static void headings(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	/* any order, `sacct --parsable` (a '|' at the end), files one after another */
	static const char text[] =
		"State|JobID|AllocTRES|Start|End|Elapsed|\n"
		"FAILED|1|gres/gpu=1|2026-06-01T00:00:00|2026-06-01T00:01:00|00:01:00|\n"
		"State|JobID|AllocTRES|Start|End|Elapsed|\n"
		"FAILED|2|gres/gpu=1|2026-06-01T00:00:00|2026-06-01T00:01:00|00:01:00|\n";
	assert_ok(harness_text(h, "slurm", text, sizeof(text) - 1));
	assert_int_equal(h->report.rows, 2);
	assert_int_equal(h->report.lines, 4);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 2);
	static const char lacking[] = "JobID|State|Start|End|Elapsed\n";
	assert_err(harness_text(h, "slurm", lacking, sizeof(lacking) - 1), TS_E_MISSING_FIELD);
	assert_non_null(strstr(h->why.text, "AllocTRES"));
	assert_string_equal(h->why.where, "line 1, columns");
	harness_free(h);
}

static void long_jobs_are_cut(void **state)
{
	(void)state;
	struct job j = good;
	j.end = "2026-08-10T00:00:10";
	j.elapsed = "70-00:00:00";
	struct harness *h = run_jobs(harness_new(), &j, 1);
	assert_int_equal(h->uses_n, 3);
	int64_t sum = 0;
	for (size_t i = 0; i < 3; i++) {
		assert_true(h->uses[i].end_ms - h->uses[i].start_ms <= TS_RECORD_SPAN_MS_MAX);
		sum += h->uses[i].quantity;
	}
	assert_int_equal(sum, INT64_C(2000) * 70 * 86400 * 1000);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_row),
		cmocka_unit_test(steps_repeat_their_allocation),
		cmocka_unit_test(states),
		cmocka_unit_test(typed_and_untyped_devices),
		cmocka_unit_test(missing_devices_in_a_gpu_partition),
		cmocka_unit_test(slices_need_a_stated_fraction),
		cmocka_unit_test(times_and_elapsed),
		cmocka_unit_test(suspended_time),
		cmocka_unit_test(requeued_attempts_are_two_records),
		cmocka_unit_test(duplicates_and_conflicts),
		cmocka_unit_test(array_groups),
		cmocka_unit_test(future_ends),
		cmocka_unit_test(other_clusters),
		cmocka_unit_test(odd_lines),
		cmocka_unit_test(headings),
		cmocka_unit_test(long_jobs_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
