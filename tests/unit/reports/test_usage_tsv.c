/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "reports/usage_tsv.h"

static void writes_rows(void **state)
{
	(void)state;
	struct ts_buf out;
	ts_buf_init(&out, 4096);
	struct ts_usage_tsv_row row = {
		.origin = TS_STR("t.example/c/k/a/g1"),
		.index = 7,
		.usage = {.start_ms = 1785542400000,
			.end_ms = 1785546000500,
			.sku = TS_STR("gpu.h100"),
			.devices_milli = 8000,
			.quantity = 28800000000,
			.class = TS_STR("reserved"),
			.workload = TS_STR("=1+1"),
			.resource = TS_STR("node-3"),
			.account = TS_STR("-")},
		.verdict = "accepted",
	};
	ts_usage_tsv_header(&out);
	ts_usage_tsv_row(&row, &out);
	row = (struct ts_usage_tsv_row){.index = -1,
		.usage = {.sku = TS_STR("gpu")},
		.verdict = "quarantined",
		.reason = "bad\tfield\n"};
	ts_usage_tsv_row(&row, &out);
	assert_string_equal(ts_buf_str(&out),
		"origin\tindex\tstart\tend\tsku\tdevices_"
		"milli\tquantity\tclass\tworkload\tresource\t"
		"account\tverdict\treason\n"
		"t.example/c/k/a/"
		"g1\t7\t2026-08-01T00:00:00Z\t2026-08-01T01:00:00.500Z\tgpu.h100\t8000\t"
		"28800000000\treserved\t=1+1\tnode-3\t-\taccepted\t-\n"
		"-\t-\t1970-01-01T00:00:00Z\t1970-01-01T00:00:00Z\tgpu\t0\t0\t-\t-\t-\t-"
		"\tquarantined\t"
		"bad field \n");
	ts_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(writes_rows)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
