/* SPDX-License-Identifier: Apache-2.0 */
/* Totals that were computed from the published files by other means. */
#include "harness.h"

#define US_PER_S 1000000

static void phillips_sacct(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	assert_int_equal(harness_fixture(h, "slurm", "slurm-xdmod/phillips-sacct.log"), TS_OK);
	const struct ts_import_report *r = &h->report;
	assert_int_equal(r->rows, 4285);
	assert_int_equal(r->verdicts[TS_ROW_ACCEPTED], 2);
	assert_int_equal(r->verdicts[TS_ROW_NOT_BILLABLE], 4283);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "zero_elapsed"), 261);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "no_gpu"), 4283 - 261);
	assert_true(r->quantity == (ts_i128)1824886 * US_PER_S);
	assert_int_equal(h->uses_n, 2);
	int64_t long_one = h->uses[0].quantity > h->uses[1].quantity ? 0 : 1;
	assert_int_equal(h->uses[long_one].quantity, INT64_C(1824852) * US_PER_S);
	assert_int_equal(h->uses[long_one].devices_milli, 2000);
	assert_string_equal(h->uses[long_one].workload, "163485");
	assert_string_equal(h->uses[long_one].account, "chaff");
	assert_string_equal(h->uses[long_one].resource, "cpn-f11-31");
	assert_string_equal(h->uses[long_one].sku, "gpu");
	assert_int_equal(h->uses[1 - long_one].quantity, INT64_C(34) * US_PER_S);
	harness_free(h);
}

static void alibaba_pods(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	h->options.source.epoch_ms = INT64_C(1688169600000);
	assert_int_equal(harness_fixture(h, "alibaba-gpu",
				 "traces/alibaba-gpu-v2023-openb_pod_list_default.csv"),
		TS_OK);
	const struct ts_import_report *r = &h->report;
	assert_int_equal(r->rows, 8152);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "no_gpu"), 8152 - 7064);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "never_scheduled"), 861);
	assert_int_equal(r->verdicts[TS_ROW_QUARANTINED], 0);
	/* milli-GPU-seconds are a thousandth of a device for a second: 1000 device-microseconds */
	assert_true(r->quantity == (ts_i128)INT64_C(185294426970) * 1000);
	/* Every record is within its span, and pods that run longer were cut. */
	int64_t whole = r->verdicts[TS_ROW_ACCEPTED];
	assert_true(r->records > whole);
	for (size_t i = 0; i < h->uses_n; i++)
		assert_true(h->uses[i].end_ms - h->uses[i].start_ms <= TS_RECORD_SPAN_MS_MAX);
	harness_free(h);
}

/* The same file twice, and once more with another slicing of the run: nothing new. */
static void twice_is_once(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	assert_int_equal(harness_fixture(h, "slurm", "slurm-xdmod/phillips-sacct.log"), TS_OK);
	assert_int_equal(harness_fixture(h, "slurm", "slurm-xdmod/phillips-sacct.log"), TS_OK);
	assert_int_equal(h->report.rows, 4285);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 0);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 2);
	assert_true(h->report.quantity == 0);
	assert_int_equal(h->uses_n, 0);
	harness_free(h);
}

/* Slicing by hours moves no device-microsecond. */
static void hours_sum_to_the_same(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	h->options.slice_ms = 3600000;
	assert_int_equal(harness_fixture(h, "slurm", "slurm-xdmod/phillips-sacct.log"), TS_OK);
	assert_true(h->report.records > 250);
	ts_i128 sum = 0;
	for (size_t i = 0; i < h->uses_n; i++) {
		assert_true(h->uses[i].start_ms / 3600000 == (h->uses[i].end_ms - 1) / 3600000);
		sum += h->uses[i].quantity;
	}
	assert_true(sum == h->report.quantity);
	assert_true(sum == (ts_i128)1824886 * US_PER_S);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phillips_sacct),
		cmocka_unit_test(alibaba_pods),
		cmocka_unit_test(twice_is_once),
		cmocka_unit_test(hours_sum_to_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
