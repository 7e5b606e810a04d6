/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that other projects keep as test data for their own sacct readers: what they expect, and
 * what we do about the rows that they refuse. */
#include "harness.h"
#include "base/json.h"
#include "importers/source/slurm_text.h"
#include "importers/source/tres.h"

static json_t *expected(const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "usage/slurm-xdmod/unit/output/%s", name);
	char *full = ts_fixture_path(path);
	struct ts_file file = ts_file_read(full);
	json_t *json = NULL;
	struct ts_why why = {0};
	assert_ok(ts_json_parse(file.bytes, file.len, &json, &why));
	ts_file_free(&file);
	free(full);
	return json;
}

/* Open XDMoD expands array expressions to one job per task: the same tasks. */
static void xdmod_arrays(void **state)
{
	(void)state;
	json_t *json = expected("accounting-logs-with-job-arrays.json");
	struct harness *h = harness_new();
	assert_ok(harness_fixture(
		h, "slurm", "slurm-xdmod/unit/input/accounting-logs-with-job-arrays.log"));
	assert_int_equal(h->report.rows, json_array_size(json));
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "no_gpu"), 6);
	harness_free(h);

	char *full = ts_fixture_path(
		"usage/slurm-xdmod/unit/input/accounting-logs-with-job-arrays.log");
	struct ts_file file = ts_file_read(full);
	struct ts_str rest = ts_file_str(&file);
	struct ts_str line;
	for (size_t row = 0; ts_str_line(&rest, &line); row++) {
		struct ts_str id = ts_str_cut(&line, '|');
		const json_t *tasks = json_array_get(json, row);
		int64_t got[16];
		size_t n = 0;
		if (!ts_slurm_is_array(id)) {
			assert_int_equal(json_array_size(tasks), 1);
			continue;
		}
		assert_ok(ts_slurm_array(id, got, 16, &n));
		assert_int_equal(n, json_array_size(tasks));
		for (size_t i = 0; i < n; i++)
			assert_int_equal(got[i], json_integer_value(json_array_get(tasks, i)));
	}
	ts_file_free(&file);
	free(full);
	json_decref(json);
}

/* Same times as XDMoD reads (its test runs under UTC), and the verdicts it has no words for. */
static void xdmod_rows(void **state)
{
	(void)state;
	json_t *json = expected("accounting-logs.json");
	char *full = ts_fixture_path("usage/slurm-xdmod/unit/input/accounting-logs.log");
	struct ts_file file = ts_file_read(full);
	struct ts_str rest = ts_file_str(&file);
	struct ts_str line;
	for (size_t row = 0; ts_str_line(&rest, &line); row++) {
		const json_t *job = json_array_get(json, row);
		struct ts_str cells[26];
		for (int i = 0; i < 26; i++)
			cells[i] = ts_str_cut(&line, '|');
		int64_t ms = 0;
		int64_t elapsed = 0;
		assert_ok(ts_slurm_time(cells[12], &ms));
		assert_int_equal(ms / 1000, json_integer_value(json_object_get(job, "start_time")));
		assert_ok(ts_slurm_time(cells[13], &ms));
		assert_int_equal(ms / 1000, json_integer_value(json_object_get(job, "end_time")));
		assert_ok(ts_slurm_elapsed(cells[14], &elapsed));
		assert_int_equal(elapsed, json_integer_value(json_object_get(job, "elapsed")));
	}
	ts_file_free(&file);
	free(full);
	json_decref(json);

	struct harness *h = harness_new();
	assert_ok(harness_fixture(h, "slurm", "slurm-xdmod/unit/input/accounting-logs.log"));
	assert_int_equal(h->report.rows, 4);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "no_gpu"), 3);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "zero_elapsed"), 1);
	assert_ok(harness_fixture(h, "slurm", "slurm-xdmod/unit/input/non-ended-job-state.log"));
	assert_int_equal(harness_reason(h, TS_ROW_PENDING, "not_ended"), 2);
	/* XDMoD warns and skips; here a person must look. */
	assert_ok(harness_fixture(h, "slurm", "slurm-xdmod/unit/input/unknown-job-state.log"));
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "state_unknown"), 2);
	assert_ok(harness_fixture(h, "slurm", "slurm-xdmod/unit/input/utf8-multibyte-chars.log"));
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "no_gpu"), 1);
	harness_free(h);
}

/* The rows of APEL's tests have no TRES column; one GPU is put behind each so that it would bill.
 */
static void apel_file(struct harness *h, const char *name, bool keep_steps)
{
	char *full = ts_fixture_path(name);
	struct ts_file file = ts_file_read(full);
	struct ts_str rest = ts_file_str(&file);
	struct ts_str line;
	struct ts_buf text;
	int number = 0;
	ts_buf_init(&text, 65536);
	while (ts_str_line(&rest, &line)) {
		struct ts_str id = ts_str_cut(&line, '|');
		if (line.len == 0)
			continue;
		if (keep_steps)
			ts_buf_put(&text, id.at, id.len);
		else
			ts_buf_printf(&text, "%d", ++number);
		ts_buf_printf(&text, "|%.*s|gres/gpu=1\n", (int)line.len, line.at);
	}
	h->options.source.columns = "JobIDRaw,JobName,User,Group,Start,End,Elapsed,CPUTimeRAW,"
				    "Partition,NCPUS,NNodes,NodeList,MaxRSS,MaxVMSize,State,"
				    "AllocTRES";
	assert_ok(harness_text(h, "slurm", text.data, text.len));
	ts_buf_free(&text);
	ts_file_free(&file);
	free(full);
}

static void apel_rows(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	apel_file(h, "usage/apel/slurm-sacct-lines.txt", true);
	assert_int_equal(h->report.rows, 8);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "step"), 4);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 4);
	assert_true(h->report.quantity == (ts_i128)(2 + 177896 + 4188 + 205) * 1000000);
	/* Memory and CPU time are not billed, so four of the five that APEL refuses are good; the
	 * one that ends before it starts is not. */
	apel_file(h, "usage/apel/slurm-sacct-value_fails.txt", false);
	assert_int_equal(h->report.rows, 5);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "end_before_start"), 1);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 4);
	harness_free(h);
}

/* slurm-mail issue 142: a MIG slice and an H100, each with its untyped total. */
static void mig_and_h100(void **state)
{
	(void)state;
	char *full = ts_fixture_path(
		"usage/slurm-xdmod/alloctres-mig-and-h100-slurm-mail-issue142.txt");
	struct ts_file file = ts_file_read(full);
	struct ts_str rest = ts_file_str(&file);
	struct ts_str line;
	int rows = 0;
	assert_true(ts_str_line(&rest, &line)); /* the heading */
	while (ts_str_line(&rest, &line)) {
		struct ts_tres tres;
		const char *reason = "";
		struct ts_str id = ts_str_cut(&line, '|');
		assert_ok(ts_tres_parse(line, &tres, &reason));
		assert_int_equal(tres.devices, 1);
		assert_int_equal(tres.typed, 1);
		bool mig = memcmp(id.at, "8117657", 7) == 0;
		assert_true(ts_str_is(tres.types[0].type, mig ? "a100_3g.20gb" : "h100"));
		assert_int_equal(ts_tres_is_slice(tres.types[0].type), mig);
		rows++;
	}
	assert_true(rows >= 5);
	/* The file itself lacks the columns that a bill needs. */
	struct harness *h = harness_new();
	assert_err(harness_fixture(h, "slurm",
			   "slurm-xdmod/alloctres-mig-and-h100-slurm-mail-issue142.txt"),
		TS_E_MISSING_FIELD);
	harness_free(h);
	ts_file_free(&file);
	free(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xdmod_arrays),
		cmocka_unit_test(xdmod_rows),
		cmocka_unit_test(apel_rows),
		cmocka_unit_test(mig_and_h100),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
