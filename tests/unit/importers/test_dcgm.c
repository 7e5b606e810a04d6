/* SPDX-License-Identifier: Apache-2.0 */
/* dcgm-exporter: what devices did is told and never billed; what was down while somebody held it
 * becomes lines of an excluded class, on request. */
#include "harness.h"

#define T_MS INT64_C(1780272000000) /* 2026-06-01T00:00:00Z */

static void feed(struct harness *h, const char *text)
{
	assert_ok(harness_text(h, "dcgm", text, strlen(text)));
}

static void set(struct harness *h, const char *name, const char *value)
{
	h->options.source.settings[h->options.source.settings_n++] = (struct ts_source_value){
		name, value};
}

static void published_files(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		int64_t rows, devices; /* rows that tell of a device */
	} files[] = {
		{"dcgm/datadog-t4-scrape-excerpt.prom", 30, 5},
		{"dcgm/mig-a30-unattributed-issue68.prom", 3, 1},
		{"dcgm/query_range-duplicate-jobs-and-replaced-gpu.json", 3, 2},
		{"dcgm/readme-sentinel-values.prom", 9, 0},
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct harness *h = harness_new();
		assert_ok(harness_fixture(h, "dcgm", files[i].path));
		assert_int_equal(h->report.rows, files[i].rows);
		assert_int_equal(h->report.verdicts[TS_ROW_NOT_BILLABLE], files[i].rows);
		int64_t devices = harness_reason(h, TS_ROW_NOT_BILLABLE, "activity") +
				  harness_reason(h, TS_ROW_NOT_BILLABLE, "idle") +
				  harness_reason(h, TS_ROW_NOT_BILLABLE, "level") +
				  harness_reason(h, TS_ROW_NOT_BILLABLE, "healthy");
		assert_int_equal(devices, files[i].devices);
		harness_free(h);
	}
}

/* Two scrapers name one device: it counts once. A device that was replaced has another UUID, on the
 * same host and index, and counts beside the old one. */
static void pitfalls_13_14_uuid_is_the_device(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	assert_ok(harness_fixture(
		h, "dcgm", "dcgm/query_range-duplicate-jobs-and-replaced-gpu.json"));
	static const char *const reasons[] = {"activity", "duplicate_series", "activity"};
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(h->rows[i].reason, reasons[i]);
	assert_non_null(strstr(h->rows[0].detail, "GPU-OLD: busy in 1 of 2 samples"));
	assert_non_null(strstr(h->rows[2].detail, "GPU-NEW"));
	harness_free(h);
}

#define ANSWER(series)                                                                             \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[" series "]}}"
#define SERIES(name, labels, values)                                                               \
	"{\"metric\":{\"__name__\":\"" name                                                        \
	"\",\"UUID\":\"GPU-1\",\"Hostname\":\"n7\",\"modelName\":\"NVIDIA H100 80GB HBM3\"" labels \
	"},\"values\":[" values "]}"
#define V(seconds, value) "[1780272" seconds ",\"" value "\"]"
#define HELD ",\"exported_namespace\":\"team\",\"exported_pod\":\"train-0\",\"pod\":\"dcgm-x\""

/* A counter that begins anew is no negative energy; what stands for no value is none. */
static void pitfall_13_counter_reset(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, ANSWER(SERIES("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", HELD,
			V("000", "1000") "," V("030", "1500") "," V(
				"060", "9223372036854775794") "," V("090", "40") "," V("120",
				"NaN") "," V("150", "100"))));
	assert_string_equal(h->rows[0].reason, "activity");
	assert_non_null(strstr(h->rows[0].detail, "560 mJ more, held by train-0"));
	feed(h, ANSWER(SERIES("DCGM_FI_DEV_GPU_UTIL", "",
			V("000", "9223372036854775794") "," V("030", "+Inf"))));
	assert_string_equal(h->rows[0].reason, "blank");
	harness_free(h);
}

/* A fatal error while held is down time, from the first sample that says so to the first that does
 * not; errors of applications, and of devices that nobody holds, are told only. */
static void dead_while_allocated(void **state)
{
	(void)state;
	static const char text[] = ANSWER(SERIES("DCGM_FI_DEV_XID_ERRORS", HELD,
		V("000", "0") "," V("030", "79") "," V("060", "79") "," V("090", "0") "," V(
			"120", "13") "," V("150", "48")) "," SERIES("DCGM_FI_DEV_XID_ERRORS",
		",\"GPU_I_ID\":\"3\",\"pod\":\"\"",
		V("000", "79") "," V("030", "79")) "," SERIES("DCGM_FI_DEV_XID_ERRORS",
		",\"GPU_I_ID\":\"4\",\"hpc_job\":\"77\"", V("000", "13") "," V("030", "13")));
	struct harness *h = harness_new();
	feed(h, text);
	assert_int_equal(h->uses_n, 0); /* never by itself */
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "xid_error"), 3);
	assert_non_null(strstr(h->rows[0].detail, "XID 48, held by train-0"));
	assert_non_null(strstr(h->rows[1].detail, "held by nobody"));
	harness_free(h);
	h = harness_new();
	set(h, "down", "excluded_fault");
	feed(h, text);
	assert_int_equal(h->report.rows, 4);
	assert_int_equal(h->uses_n, 2);
	assert_int_equal(h->uses[0].start_ms, T_MS + 30000);
	assert_int_equal(h->uses[0].end_ms, T_MS + 90000);
	assert_int_equal(h->uses[0].quantity, INT64_C(1000) * 60000);
	assert_string_equal(h->uses[0].class, "excluded_fault");
	assert_string_equal(h->uses[0].sku, "h100");
	assert_string_equal(h->uses[0].account, "team");
	assert_string_equal(h->uses[0].workload, "train-0");
	assert_string_equal(h->uses[0].resource, "n7/GPU-1");
	assert_string_equal(h->rows[0].detail, "XID 79 while held by train-0");
	assert_int_equal(h->uses[1].start_ms, T_MS + 150000);
	feed(h, text);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 2);
	set(h, "xids", "13");
	feed(h, ANSWER(SERIES("DCGM_FI_DEV_XID_ERRORS",
			",\"GPU_I_ID\":\"4\",\"hpc_job\":\"77\","
			"\"GPU_I_PROFILE\":\"1g.10gb\"",
			V("000", "13") "," V("030", "13"))));
	assert_string_equal(h->rows[0].reason, "mig_profile_unknown");
	set(h, "mig", "compute");
	feed(h, ANSWER(SERIES("DCGM_FI_DEV_XID_ERRORS",
			",\"GPU_I_ID\":\"4\",\"hpc_job\":\"77\","
			"\"GPU_I_PROFILE\":\"1g.10gb\"",
			V("000", "13") "," V("030", "13"))));
	assert_int_equal(h->uses[0].devices_milli, 142);
	set(h, "down", "on_demand");
	assert_err(harness_text(h, "dcgm", text, strlen(text)), TS_E_INVALID);
	harness_free(h);
}

/* A scrape has no time; with one, and the time between scrapes, it says the same. */
static void scrape_lines(void **state)
{
	(void)state;
	static const char text[] =
		"# TYPE DCGM_FI_DEV_XID_ERRORS gauge\n"
		"DCGM_FI_DEV_XID_ERRORS{gpu=\"0\", UUID=\"GPU-1\",modelName=\"Tesla T4\","
		"hostname=\"n\",pod=\"a\\\"b\\\\c\\nd\",} 79\r\n"
		"DCGM_FI_DEV_GPU_UTIL{UUID=\"GPU-1\"} 55 1780272000000\n"
		"DCGM_FI_DEV_GPU_UTIL 3\n"
		"DCGM_FI_DEV_GPU_UTIL{UUID=\"GPU-2} 55\n"
		"DCGM_FI_DEV_GPU_UTIL{UUID=\"GPU-2\"}\n"
		"DCGM_FI_DEV_GPU_UTIL{UUID=\"GPU-2\"} 5 x\n"
		"DCGM_FI_DEV_GPU_UTIL{UUID=\"GPU-2\"} 5 1 2\n"
		"DCGM_FI_DEV_GPU_UTIL{UUID=\"GPU-2\"} many\n"
		"{UUID=\"GPU-2\"} 5\n"
		"DCGM_FI_DEV_GPU_UTIL{UUID=\"GPU\\x\"} 5\n"
		"DCGM_FI_DEV_XID_ERRORS{UUID=\"GPU-3\",pod=\"p\"} 1e999\n";
	static const char *const reasons[] = {"comment", "xid_error", "activity", "device_missing",
		"line_malformed", "line_malformed", "time_malformed", "line_malformed",
		"number_malformed", "line_malformed", "line_malformed", "number_malformed"};
	struct harness *h = harness_new();
	feed(h, text);
	assert_int_equal(h->report.rows, 12);
	for (size_t i = 0; i < 12; i++) {
		assert_string_equal(h->rows[i].reason, reasons[i]);
		assert_int_equal(h->rows[i].line, (int64_t)i + 1);
	}
	set(h, "at", "2026-06-01T00:00:00Z");
	set(h, "step", "30");
	set(h, "down", "excluded_fault");
	feed(h, text);
	assert_int_equal(h->uses_n, 1);
	assert_int_equal(h->uses[0].start_ms, T_MS);
	assert_int_equal(h->uses[0].quantity, INT64_C(1000) * 30000);
	assert_string_equal(h->uses[0].sku, "t4");
	assert_string_equal(h->uses[0].workload, "a%22b%5Cc%0Ad");
	set(h, "at", "noon");
	assert_err(harness_text(h, "dcgm", text, strlen(text)), TS_E_INVALID);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_files),
		cmocka_unit_test(pitfalls_13_14_uuid_is_the_device),
		cmocka_unit_test(pitfall_13_counter_reset),
		cmocka_unit_test(dead_while_allocated),
		cmocka_unit_test(scrape_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
