/* SPDX-License-Identifier: Apache-2.0 */
/* What pods hold: series of samples to intervals, models and slices, phases, and OpenCost, which is
 * never billed. */
#include "harness.h"

#define HOUR_US INT64_C(3600000000)
#define T "1780272000" /* 2026-06-01T00:00:00Z */
#define T_MS INT64_C(1780272000000)

static void feed(struct harness *h, const char *source, const char *text)
{
	assert_ok(harness_text(h, source, text, strlen(text)));
}

static void set(struct harness *h, const char *name, const char *value)
{
	h->options.source.settings[h->options.source.settings_n++] = (struct ts_source_value){
		name, value};
}

#define ANSWER(series)                                                                             \
	"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[" series "]}}"
#define SERIES(name, labels, values)                                                               \
	"{\"metric\":{\"__name__\":\"" name "\"," labels "},\"values\":[" values "]}"
#define REQUESTS(resource, more, values)                                                           \
	SERIES("kube_pod_container_resource_requests",                                             \
		"\"namespace\":\"team\",\"pod\":\"train-0\",\"uid\":\"u1\",\"container\":\"c\","   \
		"\"node\":\"n1\",\"resource\":\"" resource "\"" more,                              \
		values)
#define V(seconds, value) "[" seconds ",\"" value "\"]"

/* 8 GPUs for 40 minutes, a gap of 10, 4 GPUs for 20, over an hour's end. */
static void samples_to_intervals(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	static const char text[] = ANSWER(REQUESTS("nvidia_com_gpu", "",
		V("1780273800", "8") "," V("1780274400", "8") "," V("1780275000", "8") "," V(
			"1780275600", "8") "," V("1780276800", "4") "," V("1780277400", "4")));
	feed(h, "kubernetes", text);
	assert_int_equal(h->report.rows, 3);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 3);
	assert_int_equal(h->uses[0].start_ms, T_MS + 1800000);
	assert_int_equal(h->uses[0].end_ms, T_MS + 3600000);
	assert_int_equal(h->uses[0].devices_milli, 8000);
	assert_int_equal(h->uses[1].end_ms, T_MS + 4200000);
	assert_int_equal(h->uses[2].start_ms, T_MS + 4800000);
	assert_int_equal(h->uses[2].devices_milli, 4000);
	assert_true(h->report.quantity == (ts_i128)HOUR_US * (8 * 40 + 4 * 20) / 60);
	assert_string_equal(h->uses[0].sku, "gpu");
	assert_string_equal(h->uses[0].account, "team");
	assert_string_equal(h->uses[0].workload, "train-0");
	assert_string_equal(h->uses[0].resource, "n1");
	assert_non_null(strstr(h->rows[0].detail, "taken as running"));
	feed(h, "kubernetes", text);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 3);
	harness_free(h);
}

/* Whatever the samples, quantity is samples x step x devices: cuts and merges lose nothing. */
static void quantity_is_kept(void **state)
{
	(void)state;
	uint64_t x = UINT64_C(88172645463325252);
	for (int round = 0; round < 200; round++) {
		struct harness *h = harness_new();
		char text[16384];
		size_t len = (size_t)snprintf(text, sizeof(text),
			"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{"
			"\"metric\":{\"namespace\":\"a\",\"pod\":\"p\",\"node\":\"n\",\"resource\":"
			"\"google_com_tpu\"},\"values\":[");
		static const int steps[] = {7, 60, 300, 900, 3600};
		int step = steps[round % 5];
		char setting[8];
		snprintf(setting, sizeof(setting), "%d", step);
		set(h, "step", setting);
		int64_t want = 0;
		int samples = 0;
		for (int i = 0; i < 100; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			if (i > 1 && x % 5 == 0)
				continue;
			int count = i < 2 ? 4 : (int)(x / 8 % 3) * 4;
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s[%lld,\"%d\"]",
				samples++ ? "," : "", 1780272000LL + 137 + (long long)i * step,
				count);
			want += INT64_C(1000000) * count * step;
		}
		snprintf(text + len, sizeof(text) - len, "]}]}}");
		feed(h, "kubernetes", text);
		assert_true(h->report.quantity == (ts_i128)want);
		assert_string_equal(h->uses[0].sku, "tpu");
		for (size_t i = 0; i < h->uses_n; i++) {
			assert_int_equal(
				h->uses[i].start_ms / 3600000, (h->uses[i].end_ms - 1) / 3600000);
			assert_true(i == 0 || h->uses[i].start_ms >= h->uses[i - 1].end_ms);
		}
		harness_free(h);
	}
}

static void resources_and_models(void **state)
{
	(void)state;
	static const struct {
		const char *series, *reason, *sku;
		int64_t milli;
	} cases[] = {
		{REQUESTS("google_com_tpu",
			 ",\"label_cloud_google_com_gke_tpu_accelerator\":\"tpu-v5p-slice\"",
			 V(T, "4")),
			"", "tpu-v5p", 4000},
		{REQUESTS("aws_amazon_com_neuron",
			 ",\"label_node_kubernetes_io_instance_type\":\"trn1.32xlarge\"",
			 V(T, "16")),
			"", "trn1", 16000},
		{REQUESTS("aws_amazon_com_neuron", "", V(T, "16")), "", "neuron", 16000},
		{REQUESTS("nvidia.com/gpu",
			 ",\"label_nvidia_com_gpu_product\":\"NVIDIA-H100-80GB-HBM3\"", V(T, "8")),
			"", "h100", 8000},
		{REQUESTS("nvidia_com_gpu", ",\"label_nvidia_com_gpu_product\":\"NVIDIA-Z1\"",
			 V(T, "8")),
			"sku_unknown", NULL, 0},
		{REQUESTS("nvidia_com_mig_3g_20gb",
			 ",\"label_nvidia_com_gpu_product\":\"NVIDIA-A100-SXM4-40GB\"", V(T, "2")),
			"", "a100_3g.20gb", 1000},
		{REQUESTS("nvidia_com_gpu",
			 ",\"label_nvidia_com_gpu_product\":\"NVIDIA-A100-SXM4-40GB-MIG-1g.5gb\"",
			 V(T, "1")),
			"", "a100_1g.5gb", 125},
		{REQUESTS("nvidia_com_mig_1g_5gb_me",
			 ",\"label_nvidia_com_gpu_product\":\"NVIDIA-A100-SXM4-40GB\"", V(T, "1")),
			"", "a100_1g.5gb+me", 125},
		{REQUESTS("nvidia_com_mig_9g_9gb", "", V(T, "2")), "mig_profile_unknown", NULL, 0},
		{REQUESTS("nvidia_com_gpu_shared", "", V(T, "1")), "sku_unknown", NULL, 0},
		{REQUESTS("aws_amazon_com_neuroncore", "", V(T, "1")), "sku_unknown", NULL, 0},
		{REQUESTS("cpu", "", V(T, "3.5")), "no_accelerator", NULL, 0},
		{REQUESTS("memory", "", V(T, "34359738368")), "no_accelerator", NULL, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct harness *h = harness_new();
		char text[2048];
		snprintf(text, sizeof(text), ANSWER("%s"), cases[i].series);
		set(h, "step", "3600");
		set(h, "mig", "memory");
		feed(h, "kubernetes", text);
		assert_string_equal(h->rows[0].reason, cases[i].reason);
		if (cases[i].sku) {
			assert_string_equal(h->uses[0].sku, cases[i].sku);
			assert_int_equal(h->uses[0].devices_milli, cases[i].milli);
			assert_int_equal(h->uses[0].quantity, cases[i].milli * 3600000);
		}
		harness_free(h);
	}
}

/* Without a setting a slice's share is nobody's guess. */
static void pitfall_08_mig_needs_a_rule(void **state)
{
	(void)state;
	static const char text[] = ANSWER(
		REQUESTS("nvidia_com_mig_3g_20gb", "", V(T, "1") "," V("1780272060", "1")));
	struct harness *h = harness_new();
	h->options.source.sku = "a100";
	feed(h, "kubernetes", text);
	assert_string_equal(h->rows[0].reason, "mig_profile_unknown");
	set(h, "mig", "compute");
	feed(h, "kubernetes", text);
	assert_int_equal(h->uses[0].devices_milli, 428);
	harness_free(h);
}

/* Two scrapers of one cluster say the same; exported_ names are the pod's, the others the
 * exporter's. */
static void pitfall_14_duplicate_series(void **state)
{
	(void)state;
#define TWICE(job)                                                                                 \
	SERIES("kube_pod_container_resource_requests",                                             \
		"\"job\":\"" job                                                                   \
		"\",\"namespace\":\"monitoring\",\"pod\":\"ksm-0\",\"exported_namespace\":"        \
		"\"team\",\"exported_pod\":\"p\",\"uid\":\"u\",\"exported_container\":\"c\","      \
		"\"node\":\"n\",\"resource\":\"nvidia_com_gpu\"",                                  \
		V(T, "8") "," V("1780272060", "8"))
	struct harness *h = harness_new();
	feed(h, "kubernetes", ANSWER(TWICE("a") "," TWICE("b")));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 1);
	assert_string_equal(h->uses[0].account, "team");
	assert_string_equal(h->uses[0].workload, "p");
	harness_free(h);
}

/* Ended pods are reported until they are deleted: with their phases, only running ones count. */
static void pitfall_21_phases(void **state)
{
	(void)state;
#define PHASE(uid, phase, values)                                                                  \
	SERIES("kube_pod_status_phase",                                                            \
		"\"namespace\":\"team\",\"pod\":\"train-0\",\"uid\":\"" uid                        \
		"\",\"phase\":\"" phase "\"",                                                      \
		values)
	static const char samples[] = REQUESTS("nvidia_com_gpu", "",
		V(T, "2") "," V("1780272060", "2") "," V("1780272120", "2") "," V(
			"1780272180", "2"));
	char text[4096];
	struct harness *h = harness_new();
	snprintf(text, sizeof(text), ANSWER("%s,%s,%s"),
		PHASE("u1", "Running", V(T, "0") "," V("1780272060", "1") "," V("1780272120", "1")),
		PHASE("u1", "Succeeded", V(T, "0") "," V("1780272180", "1")), samples);
	feed(h, "kubernetes", text);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "phase"), 2);
	assert_int_equal(h->uses_n, 1);
	assert_int_equal(h->uses[0].start_ms, T_MS + 60000);
	assert_int_equal(h->uses[0].end_ms, T_MS + 180000);
	assert_int_equal(h->uses[0].quantity, INT64_C(2000) * 120000);
	snprintf(text, sizeof(text), ANSWER("%s,%s"),
		PHASE("u2", "Running", V(T, "1") "," V("1780272060", "1")), samples);
	feed(h, "kubernetes", text);
	assert_string_equal(h->rows[1].reason, "never_scheduled");
	snprintf(text, sizeof(text), ANSWER("%s,%s"), samples,
		PHASE("u1", "Running", V(T, "1") "," V("1780272060", "1")));
	assert_err(harness_text(h, "kubernetes", text, strlen(text)), TS_E_INVALID);
	harness_free(h);
}

static void other_series(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, "kubernetes",
		ANSWER(SERIES("kube_pod_container_resource_limits", "\"pod\":\"p\"",
			V(T, "1")) "," SERIES("kube_pod_init_container_resource_requests",
			"\"pod\":\"p\"", V(T, "1")) "," SERIES("up", "\"pod\":\"p\"",
			V(T, "1")) "," SERIES("kube_pod_container_resource_requests",
			"\"pod\":\"p\",\"node\":\"\",\"resource\":\"nvidia_com_"
			"gpu\"",
			V(T, "1")) "," REQUESTS("nvidia_com_gpu", "", V(T, "1"))));
	static const char *const reasons[] = {
		"limits", "init_container", "other_metric", "never_scheduled", "step_unknown"};
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(h->rows[i].reason, reasons[i]);
	assert_int_equal(h->rows[4].line, 5);
	harness_free(h);
}

static void hostile_series(void **state)
{
	(void)state;
	static const struct {
		const char *values, *step, *reason;
	} cases[] = {
		{V(T, "NaN") "," V("1780272060", "8"), NULL, "number_malformed"},
		{V(T, "1e999") "," V("1780272060", "8"), NULL, "number_malformed"},
		{V(T, "-1") "," V("1780272060", "8"), NULL, "number_malformed"},
		{V(T, "0.5") "," V("1780272060", "8"), NULL, "number_malformed"},
		{V(T, "8") "," V(T, "8"), NULL, "samples_unordered"},
		{V("0", "8") "," V(T, "8"), NULL, "time_malformed"},
		{V("253402300800", "8") "," V(T, "8"), NULL, "time_malformed"},
		{V("1e9", "8"), NULL, "time_malformed"},
		{"[1780272000]", NULL, "time_malformed"},
		{"7", NULL, "time_malformed"},
		{"", NULL, "field_missing"},
		{V(T, "8") "," V("1780272030", "8"), "60", "step_mismatch"},
		{V(T, "8") "," V("1780272300", "8") "," V("1780272600", "8"), "60",
			"step_mismatch"},
		{V(T, "8") "," V("1780358400", "8"), NULL, "step_mismatch"},
		{V(T, "8") "," V("1780272060", "8") "," V("1780272150", "8"), NULL,
			"step_mismatch"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct harness *h = harness_new();
		char text[2048];
		snprintf(text, sizeof(text), ANSWER(REQUESTS("nvidia_com_gpu", "", "%s")),
			cases[i].values);
		if (cases[i].step)
			set(h, "step", cases[i].step);
		feed(h, "kubernetes", text);
		assert_int_equal(h->rows[0].verdict, TS_ROW_QUARANTINED);
		assert_string_equal(h->rows[0].reason, cases[i].reason);
		harness_free(h);
	}
	static const char *const refused[] = {
		"{\"status\":\"error\",\"error\":\"timeout\",\"data\":{\"result\":[]}}",
		"{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[]}}",
		"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[",
		"{\"jobs\":[]}",
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct harness *h = harness_new();
		assert_true(harness_text(h, "kubernetes", refused[i], strlen(refused[i])) != TS_OK);
		harness_free(h);
	}
	struct harness *h = harness_new();
	set(h, "step", "0");
	assert_err(harness_text(h, "kubernetes", "{}", 2), TS_E_INVALID);
	harness_free(h);
}

#define ALLOCATION(name, hours)                                                                    \
	"\"" name "\":{\"name\":\"" name "\",\"properties\":{\"cluster\":\"c\",\"node\":\"n1\","   \
	"\"namespace\":\"team\",\"pod\":\"p\"},\"window\":{\"start\":\"2026-06-01T00:00:00Z\","    \
	"\"end\":\"2026-06-02T00:00:00Z\"},\"start\":\"2026-06-01T00:00:00Z\",\"end\":"            \
	"\"2026-06-01T02:00:00Z\",\"gpuCount\":8,\"gpuHours\":" hours "}"
static void opencost_only_reconciles(void **state)
{
	(void)state;
	static const char text[] = "{\"code\":200,\"data\":[{" ALLOCATION("team/p",
		"15.999999999871") "," ALLOCATION("__idle__", "3") "," ALLOCATION("team/cpu",
		"0") "," ALLOCATION("team/bad", "1e999") ",\"x\":3},{}]}";
	struct harness *h = harness_new();
	feed(h, "opencost", text);
	static const char *const reasons[] = {"reconciliation_only", "idle", "no_gpu",
		"number_out_of_range", "field_missing", "no_gpu"};
	assert_int_equal(h->report.rows, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(h->rows[i].reason, reasons[i]);
	assert_non_null(strstr(h->rows[0].detail, "16.000000 GPU-hours"));
	assert_int_equal(h->uses_n, 0);
	set(h, "reconcile", "yes");
	feed(h, "opencost", text);
	assert_int_equal(h->uses_n, 1);
	assert_string_equal(h->uses[0].class, "excluded_reconciliation");
	assert_int_equal(h->uses[0].quantity, 16 * HOUR_US);
	assert_int_equal(h->uses[0].devices_milli, 8000);
	feed(h, "opencost", text);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 1);
	static const char failed[] = "{\"code\":500,\"data\":[]}";
	assert_err(harness_text(h, "opencost", failed, strlen(failed)), TS_E_INVALID);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_to_intervals),
		cmocka_unit_test(quantity_is_kept),
		cmocka_unit_test(resources_and_models),
		cmocka_unit_test(pitfall_08_mig_needs_a_rule),
		cmocka_unit_test(pitfall_14_duplicate_series),
		cmocka_unit_test(pitfall_21_phases),
		cmocka_unit_test(other_series),
		cmocka_unit_test(hostile_series),
		cmocka_unit_test(opencost_only_reconciles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
