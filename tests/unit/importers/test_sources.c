/* SPDX-License-Identifier: Apache-2.0 */
/* The pitfalls of each format by name, and golden totals of the published files. */
#include "harness.h"
#include "base/json.h"
#include "importers/frame/catalog.h"
#include <dirent.h>

#define US_PER_S 1000000

static void feed(struct harness *h, const char *source, const char *text)
{
	assert_ok(harness_text(h, source, text, strlen(text)));
}

static void set(struct harness *h, const char *name, const char *value)
{
	h->options.source.settings[h->options.source.settings_n++] = (struct ts_source_value){
		name, value};
}

/* Two attempts on two hosts: 592 and 1,545,456 GPU-seconds; the gap between is not billed. */
static void pitfall_01_requeue_philly(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	assert_ok(harness_fixture(h, "philly", "traces/philly-readme-job.json"));
	assert_int_equal(h->report.rows, 2);
	assert_int_equal(h->uses[0].quantity, INT64_C(592) * US_PER_S);
	assert_int_equal(h->uses[1].quantity, INT64_C(1545456) * US_PER_S);
	assert_true(h->report.quantity == (ts_i128)1546048 * US_PER_S);
	assert_string_equal(h->uses[0].workload, h->uses[1].workload);
	assert_string_equal(h->uses[0].resource, "m47");
	assert_string_equal(h->uses[1].resource, "m412");
	assert_true(h->uses[0].end_ms < h->uses[1].start_ms);
	assert_ok(harness_fixture(h, "philly", "traces/philly-readme-job.json"));
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 2);
	harness_free(h);
}

#define JOB(id, submit, start, end, elapsed, suspended, states, tres)                              \
	"{\"job_id\":" id                                                                          \
	",\"cluster\":\"c1\",\"partition\":\"p\",\"account\":\"lab\",\"nodes\":\"n1\","            \
	"\"time\":{\"submission\":" submit ",\"start\":" start ",\"end\":" end                     \
	",\"elapsed\":" elapsed ",\"suspended\":" suspended "},\"state\":{\"current\":" states     \
	"},"                                                                                       \
	"\"tres\":{\"allocated\":[" tres "],\"requested\":[]}}"
#define GRES(name, count) "{\"type\":\"gres\",\"name\":\"" name "\",\"id\":1,\"count\":" count "}"

/* A resized job is two contiguous records of one job. */
static void pitfall_02_resize(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, "slurm",
		"{\"jobs\":[" JOB("5", "1780272000", "1780272000", "1780275600", "3600", "0",
			"[\"COMPLETED\"]", GRES("gpu", "4")) "," JOB("5", "1780272000",
			"1780275600", "1780279200", "3600", "0", "[\"COMPLETED\"]",
			GRES("gpu", "2")) "]}");
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 2);
	assert_int_equal(h->uses[0].end_ms, h->uses[1].start_ms);
	assert_string_equal(h->uses[0].workload, h->uses[1].workload);
	assert_true(h->report.quantity == (ts_i128)(4 + 2) * 3600 * US_PER_S);
	harness_free(h);
}

static void pitfall_05_suspended_json(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	static const char text[] = "{\"jobs\":[" JOB("5", "1780272000", "1780272000", "1780275600",
		"2400", "1200", "[\"COMPLETED\"]", GRES("gpu", "1")) "]}";
	feed(h, "slurm", text);
	assert_int_equal(h->uses[0].quantity, INT64_C(1000) * 2400000);
	harness_free(h);
	h = harness_new();
	set(h, "bill-suspended", "yes");
	feed(h, "slurm", text);
	assert_int_equal(h->uses[0].quantity, INT64_C(1000) * 3600000);
	harness_free(h);
}

/* gres/gpu:h100=1 and gres/gpu=1 are the same device, in JSON too. */
static void pitfall_06_typed_and_untyped_json(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, "slurm",
		"{\"jobs\":[" JOB("5", "1780272000", "1780272000", "1780275600", "3600", "0",
			"[\"COMPLETED\"]",
			GRES("gpu:h100", "1") "," GRES("gpu", "1") "," GRES("gpumem", "80")) "]}");
	assert_int_equal(h->uses_n, 1);
	assert_string_equal(h->uses[0].sku, "h100");
	assert_int_equal(h->uses[0].devices_milli, 1000);
	harness_free(h);
}

/* Every captured GPU job of Slurm-web's test clusters: none has a gres entry, none bills nothing
 * in silence. */
static void pitfall_07_gpu_tres_missing(void **state)
{
	(void)state;
	static const char *const folders[] = {"24.11/0.0.42", "25.11/0.0.41", "25.11/0.0.44"};
	int ended = 0;
	int others = 0;
	for (size_t i = 0; i < 3; i++) {
		char name[128];
		snprintf(name, sizeof(name), "usage/slurmrestd-slurmweb/%s", folders[i]);
		char *full = ts_fixture_path(name);
		DIR *dir = opendir(full);
		free(full);
		assert_non_null(dir);
		for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
			char path[512];
			struct harness *h = harness_new();
			bool accounting = strncmp(e->d_name, "slurmdb-job-", 12) == 0;
			bool gpu = strstr(e->d_name, "-gpus-") != NULL;
			if (!accounting) {
				harness_free(h);
				continue;
			}
			snprintf(path, sizeof(path), "slurmrestd-slurmweb/%s/%s", folders[i],
				e->d_name);
			assert_ok(harness_fixture(h, "slurm", path));
			assert_int_equal(h->report.rows, 1);
			assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 0);
			bool pending = h->report.verdicts[TS_ROW_PENDING] == 1;
			if (gpu && !pending) {
				assert_string_equal(h->rows[0].reason, "gpu_tres_missing");
				ended++;
			} else if (!pending) {
				others++;
			}
			harness_free(h);
		}
		closedir(dir);
	}
	assert_true(ended >= 4);
	assert_true(others >= 6);
}

static void pitfall_08_mig_shares(void **state)
{
	(void)state;
	static const char text[] = "JobID|State|Start|End|ElapsedRaw|AllocTRES\n"
				   "1|COMPLETED|2026-06-01T00:00:00|2026-06-01T01:00:00|3600|"
				   "gres/gpu:a100_3g.20gb=1,gres/gpu=1\n";
	struct harness *h = harness_new();
	feed(h, "slurm", text);
	assert_string_equal(h->rows[0].reason, "mig_profile_unknown");
	harness_free(h);
	h = harness_new();
	set(h, "mig", "memory");
	feed(h, "slurm", text);
	assert_int_equal(h->uses[0].devices_milli, 500);
	harness_free(h);
	h = harness_new();
	set(h, "mig", "compute");
	feed(h, "slurm", text);
	assert_int_equal(h->uses[0].devices_milli, 428);
	harness_free(h);
	h = harness_new();
	set(h, "mig", "halves");
	assert_err(harness_text(h, "slurm", text, strlen(text)), TS_E_INVALID);
	harness_free(h);
}

/* Acme states 1152 and 5248, which count the queue: both values are told, nothing is billed. */
static void pitfall_09_stated_quantity(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	assert_ok(harness_fixture(h, "acme", "traces/acme-readme-job-rows.csv"));
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "stated_mismatch"), 2);
	assert_non_null(strstr(h->rows[0].detail, "1152.000"));
	assert_non_null(strstr(h->rows[0].detail, "512.000"));
	assert_non_null(strstr(h->rows[1].detail, "5248.000"));
	assert_non_null(strstr(h->rows[1].detail, "4480.000"));
	harness_free(h);
	h = harness_new();
	set(h, "stated", "ignore");
	assert_ok(harness_fixture(h, "acme", "traces/acme-readme-job-rows.csv"));
	assert_true(h->report.quantity == (ts_i128)(512 + 4480) * US_PER_S);
	harness_free(h);
	/* APEL's own test records contradict themselves likewise. */
	h = harness_new();
	assert_ok(harness_fixture(h, "apel", "apel/individual-job-v0.4.msg"));
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "wall_mismatch"), 2);
	assert_non_null(strstr(h->rows[0].detail, "47248"));
	assert_non_null(strstr(h->rows[0].detail, "91824042"));
	harness_free(h);
}

static void pitfall_11_zones(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, "cloudevents",
		"{\"specversion\":\"1.0\",\"type\":\"tallystick.usage.v1\",\"id\":\"1\",\"source\":"
		"\"s\","
		"\"data\":{\"start\":\"2026-06-01T00:00:00\",\"end\":\"2026-06-01T01:00:00Z\","
		"\"devices\":1}}");
	assert_string_equal(h->rows[0].reason, "zone_missing");
	feed(h, "minute-series", "time,active,total\n2017-11-05 01:30:00 PST,1,2\n");
	assert_string_equal(h->rows[0].reason, "zone_missing");
	harness_free(h);
}

static void pitfall_23_state_lag(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, "slurm",
		"{\"jobs\":[" JOB("5", "1780272000", "1780272000", "0", "2", "0", "[\"PENDING\"]",
			GRES("gpu", "4")) "," JOB("6", "1780272000", "1780272000", "1780275600",
			"3600", "0", "[\"COMPLETED\",\"COMPLETING\"]",
			GRES("gpu", "4")) "," JOB("7", "1780272000", "1780272000", "1780275600",
			"3600", "0", "[\"EXPLODED\"]", GRES("gpu", "4")) "," JOB("8",
			"{\"set\":true,\"infinite\":false,\"number\":1780272000}", "1780272000",
			"1780275600", "3600", "0", "\"COMPLETED\"", GRES("gpu", "4")) "]}");
	assert_int_equal(h->rows[0].verdict, TS_ROW_PENDING);
	assert_int_equal(h->rows[1].verdict, TS_ROW_PENDING);
	assert_string_equal(h->rows[2].reason, "state_unknown");
	assert_int_equal(h->rows[3].verdict, TS_ROW_ACCEPTED);
	harness_free(h);
}

static void pitfall_24_node_failure(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	set(h, "fault-class", "excluded_fault");
	feed(h, "slurm",
		"{\"jobs\":[" JOB("5", "1780272000", "1780272000", "1780275600", "3600", "0",
			"[\"NODE_FAIL\"]", GRES("gpu", "4")) "," JOB("6", "1780272000",
			"1780272000", "1780275600", "3600", "0", "[\"PREEMPTED\"]",
			GRES("gpu", "4")) "]}");
	assert_string_equal(h->uses[0].class, "excluded_fault");
	assert_string_equal(h->uses[1].class, "on_demand");
	harness_free(h);
}

/* What slurmrestd could not read is not silently less; a live view of slurmctld is no accounting.
 */
static void slurm_errors_and_live_view(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	static const char text[] = "{\"jobs\":[],\"errors\":[{\"description\":\"no database\"}]}";
	assert_err(harness_text(h, "slurm", text, strlen(text)), TS_E_INVALID);
	assert_ok(harness_fixture(h, "slurm", "slurmrestd-slurmweb/25.11/0.0.44/slurm-jobs.json"));
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "not_accounting"), 15);
	harness_free(h);
}

static void apel_files(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		enum ts_row_verdict verdict;
		const char *reason;
		int64_t rows;
	} cases[] = {
		{"car1.xml", TS_ROW_QUARANTINED, "wall_mismatch", 1},
		{"car3.xml", TS_ROW_NOT_BILLABLE, "zero_elapsed", 1},
		{"car-unicore-msg2.xml", TS_ROW_NOT_BILLABLE, "zero_elapsed", 1},
		{"aur-example1.xml", TS_ROW_NOT_BILLABLE, "summary", 1},
		{"individual-job-v0.1.msg", TS_ROW_QUARANTINED, "wall_mismatch", 2},
		{"summary-job-v0.2.msg", TS_ROW_NOT_BILLABLE, "summary", 0},
		{"summary-job-v0.4.msg", TS_ROW_NOT_BILLABLE, "summary", 0},
		{"normalised-summary-v0.3.msg", TS_ROW_NOT_BILLABLE, "summary", 0},
		{"normalised-summary-v0.4.msg", TS_ROW_NOT_BILLABLE, "summary", 0},
		{"cloud.msg", TS_ROW_NOT_BILLABLE, "cloud", 0},
		{"cloud-summary.msg", TS_ROW_NOT_BILLABLE, "summary", 0},
		{"sync-v0.1.msg", TS_ROW_NOT_BILLABLE, "sync", 1},
		{"accelerator-v0.1.json", TS_ROW_QUARANTINED, "sku_unknown", 2},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[128];
		struct harness *h = harness_new();
		snprintf(path, sizeof(path), "apel/%s", cases[i].file);
		assert_ok(harness_fixture(h, "apel", path));
		int64_t rows = harness_reason(h, cases[i].verdict, cases[i].reason);
		assert_true(rows > 0);
		assert_int_equal(rows, h->report.rows);
		assert_true(cases[i].rows == 0 || cases[i].rows == rows);
		harness_free(h);
	}
	struct harness *h = harness_new();
	assert_err(harness_fixture(h, "apel", "apel/rubbish.msg"), TS_E_MALFORMED);
	harness_free(h);
}

#define MESSAGE "APEL-individual-job-message: v0.3\nSite: A\nLocalJobId: 1\nWallDuration: 3600\n"

static void apel_jobs(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	set(h, "processors-sku", "core");
	feed(h, "apel",
		MESSAGE "Processors: 4\nVO: atlas\nStartTime: 1780272000\nEndTime: 1780275600\n%%\n"
			"Site: A\nLocalJobId: 2\nWallDuration: 5\nProcessors: None\n"
			"StartTime: 1780272000\nEndTime: 1780272005\n%%\n"
			"Site: A\nLocalJobId: 3\nWallDuration: 5\nStartTime: 1780272005\n"
			"EndTime: 1780272000\n%%\n"
			"Site: A\nColour: red\n%%\nSite: A\nSite: B\n%%\nSite A\n%%\n%%\n");
	static const char *const reasons[] = {"", "number_malformed", "end_before_start",
		"key_unknown", "field_twice", "line_malformed"};
	assert_int_equal(h->report.rows, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(h->rows[i].reason, reasons[i]);
	assert_int_equal(h->uses[0].quantity, INT64_C(4000) * 3600000);
	assert_string_equal(h->uses[0].account, "atlas");
	harness_free(h);
}

/* A person adds the codes once; the same file then flows, and a third time changes nothing. */
static void unknown_sku_is_resolved_once(void **state)
{
	(void)state;
	static const char addition[] =
		"{\"format\":\"tallystick/catalog/v1\",\"version\":\"site-1\",\"entries\":["
		"{\"table\":\"apel-model\",\"code\":\"Model1\",\"sku\":\"h100\",\"devices_milli\":"
		"1000},"
		"{\"table\":\"apel-model\",\"code\":\"Model2\",\"sku\":\"fpga\",\"devices_milli\":"
		"1000,"
		"\"from\":\"2018-10-01\"}]}";
	struct harness *h = harness_new();
	struct ts_catalog *catalog = NULL;
	assert_ok(harness_fixture(h, "apel", "apel/accelerator-v0.1.json"));
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "sku_unknown"), 2);
	assert_ok(ts_catalog_create(&catalog, &h->why));
	assert_ok(ts_catalog_add(catalog, ts_str(addition), "site", &h->why));
	h->options.source.catalog = catalog;
	assert_ok(harness_fixture(h, "apel", "apel/accelerator-v0.1.json"));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	/* 0.5 devices for 6,000 s in September 2018; Model2 is known from October on only. */
	assert_int_equal(h->uses[0].devices_milli, 500);
	assert_int_equal(h->uses[0].quantity, INT64_C(3000) * US_PER_S);
	assert_string_equal(h->uses[0].sku, "h100");
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "sku_unknown"), 1);
	assert_ok(harness_fixture(h, "apel", "apel/accelerator-v0.1.json"));
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 1);
	assert_int_equal(h->uses_n, 0);
	ts_catalog_free(catalog);
	harness_free(h);
}

static void catalog_refusals(void **state)
{
	(void)state;
#define CATALOG(entries)                                                                           \
	"{\"format\":\"tallystick/catalog/v1\",\"version\":\"1\",\"entries\":[" entries "]}"
#define E(rest) "{\"table\":\"t\",\"code\":\"c\",\"sku\":\"s\",\"devices_milli\":1" rest "}"
	static const struct {
		const char *text;
		enum ts_err err;
	} cases[] = {
		{CATALOG(E("") "," E("")), TS_E_CONFLICT},
		{CATALOG(E(",\"to\":\"2026-01-01\"") "," E(",\"from\":\"2026-01-01\"")), TS_OK},
		{CATALOG(E(",\"to\":\"2026-01-02\"") "," E(",\"from\":\"2026-01-01\"")),
			TS_E_CONFLICT},
		{CATALOG(E(",\"from\":\"2026-01-01\",\"to\":\"2026-01-01\"")), TS_E_INVALID},
		{CATALOG(E(",\"class\":\"a b\"")), TS_E_INVALID},
		{CATALOG(E(",\"colour\":\"red\"")), TS_E_UNKNOWN_FIELD},
		{CATALOG("{\"table\":\"t\",\"code\":\"c\",\"sku\":\"s\",\"devices_milli\":0}"),
			TS_E_RANGE},
		{"{\"format\":\"x\",\"version\":\"1\",\"entries\":[]}", TS_E_VERSION},
		{"[]", TS_E_MALFORMED},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ts_catalog *catalog = NULL;
		struct ts_why why = {0};
		assert_ok(ts_catalog_create(&catalog, &why));
		assert_int_equal(
			ts_catalog_add(catalog, ts_str(cases[i].text), "f", &why), cases[i].err);
		ts_catalog_free(catalog);
	}
}

/* The addition wins over what is compiled in; of several codes in a text the longest counts. */
static void catalog_layers(void **state)
{
	(void)state;
	struct ts_catalog *catalog = NULL;
	const struct ts_catalog_entry *entry = NULL;
	struct ts_why why = {0};
	static const char text[] = CATALOG(
		"{\"table\":\"aws-instance\",\"code\":\"p5.48xlarge\",\"sku\":\"mine\","
		"\"devices_milli\":8000,\"from\":\"2026-01-01\"}");
	int64_t at_2025 = INT64_C(1750000000000);
	int64_t at_2026 = INT64_C(1780272000000);
	assert_ok(ts_catalog_create(&catalog, &why));
	assert_ok(ts_catalog_add(catalog, ts_str(text), "f", &why));
	assert_ok(ts_catalog_find(catalog, "aws-instance", TS_STR("p5.48xlarge"), at_2026, &entry));
	assert_true(ts_str_is(entry->sku, "mine"));
	assert_ok(ts_catalog_find(catalog, "aws-instance", TS_STR("p5.48xlarge"), at_2025, &entry));
	assert_true(ts_str_is(entry->sku, "h100"));
	assert_int_equal(entry->devices_milli, 8000);
	assert_err(ts_catalog_find(catalog, "aws-instance", TS_STR("p5.48xlarge"), 1, &entry),
		TS_E_NOT_FOUND);
	assert_ok(ts_catalog_match(catalog, "gcp-description",
		TS_STR("Reserved Nvidia Tesla A100 80GB GPU running in Iowa"), at_2026, &entry));
	assert_true(ts_str_is(entry->code, "Nvidia Tesla A100 80GB GPU") ||
		    ts_str_is(entry->sku, "a100"));
	assert_err(ts_catalog_match(catalog, "gcp-description", TS_STR("N2 core"), at_2026, &entry),
		TS_E_NOT_FOUND);
	ts_catalog_free(catalog);
}

static void cloudevents(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	assert_ok(harness_fixture(h, "cloudevents", "cloudevents/openmeter-readme-event.json"));
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "other_type"), 1);
#define EVENT(id, rest)                                                                            \
	"{\"specversion\":\"1.0\",\"type\":\"tallystick.usage.v1\",\"id\":\"" id                   \
	"\",\"source\":\"p/c\",\"subject\":\"lab\",\"data\":{\"start\":\"2026-06-01T00:00:00Z\","  \
	"\"end\":\"2026-06-01T01:00:00Z\",\"sku\":\"h100\"" rest "}}"
	feed(h, "cloudevents",
		"[" EVENT("1", ",\"devices\":\"0.5\",\"excluded_s\":600") "," EVENT(
			"1", ",\"devices\":\"0.5\",\"excluded_s\":600") "," EVENT("2",
			",\"devices\":1e999") "," EVENT("3",
			",\"devices\":1,\"price\":3") "," EVENT("4", "") "," EVENT("5",
			",\"devices\":1,\"excluded_s\":3601") ",7]");
	static const char *const reasons[] = {"", "seen", "number_out_of_range", "member_unknown",
		"field_missing", "number_out_of_range", "field_missing"};
	assert_int_equal(h->report.rows, 7);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(h->rows[i].reason, reasons[i]);
	assert_int_equal(h->uses[0].quantity, INT64_C(500) * 3000000);
	assert_string_equal(h->uses[0].account, "lab");
	/* One a line, and one alone. */
	feed(h, "cloudevents", EVENT("8", ",\"devices\":2") "\n" EVENT("9", ",\"devices\":2") "\n");
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 2);
	harness_free(h);
}

/* Sums of the columns, computed from the files with awk. */
static void minute_series(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	assert_ok(harness_fixture(h, "minute-series", "traces/philly_node-day1.csv"));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1440);
	assert_true(h->report.quantity == (ts_i128)456205 * 60 * US_PER_S);
	assert_ok(harness_fixture(h, "minute-series", "traces/philly_node-day1.csv"));
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 1440);
	harness_free(h);
	h = harness_new();
	assert_ok(harness_fixture(h, "minute-series", "traces/helios-earth-vc6YE-day1.csv"));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1440);
	assert_true(h->report.quantity == (ts_i128)253749 * 60 * US_PER_S);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pitfall_01_requeue_philly),
		cmocka_unit_test(pitfall_02_resize),
		cmocka_unit_test(pitfall_05_suspended_json),
		cmocka_unit_test(pitfall_06_typed_and_untyped_json),
		cmocka_unit_test(pitfall_07_gpu_tres_missing),
		cmocka_unit_test(pitfall_08_mig_shares),
		cmocka_unit_test(pitfall_09_stated_quantity),
		cmocka_unit_test(pitfall_11_zones),
		cmocka_unit_test(pitfall_23_state_lag),
		cmocka_unit_test(pitfall_24_node_failure),
		cmocka_unit_test(slurm_errors_and_live_view),
		cmocka_unit_test(apel_files),
		cmocka_unit_test(apel_jobs),
		cmocka_unit_test(unknown_sku_is_resolved_once),
		cmocka_unit_test(catalog_refusals),
		cmocka_unit_test(catalog_layers),
		cmocka_unit_test(cloudevents),
		cmocka_unit_test(minute_series),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
