/* SPDX-License-Identifier: Apache-2.0 */
/* Google's billing export: chips by SKU, credits within a row, watermarks, equal rows. */
#include "harness.h"
#include "importers/frame/cell.h"
#include "importers/frame/catalog.h"

#define HOUR_US INT64_C(3600000000)
#define HEAD                                                                                       \
	"billing_account_id,service.id,service.description,sku.id,sku.description,"                \
	"usage_start_time,usage_end_time,project.id,labels,location.region,location.zone,"         \
	"export_time,cost,currency,usage.amount,usage.unit,usage.amount_in_pricing_units,"         \
	"usage.pricing_unit,credits,invoice.month,cost_type,resource.name\n"
#define ROW(service, sku, text, amount, hours, credits, type)                                      \
	"0-1-2," service ",Some Service," sku "," text                                             \
	",2026-06-30 23:00:00+00:00,2026-07-01 00:00:00+00:00,proj,"                               \
	"\"[{'key': 'job', 'value': 'train-7'}]\",us-east5,us-east5-a,"                            \
	"2026-07-01 05:49:32.199000+00:00,12.5,USD," amount ",seconds," hours ",hour,\"" credits   \
	"\",202607," type ",vm-1\n"
#define COMPUTE "6F81-5844-456A"
#define TPU "E000-3F24-B8AA"

static void feed(struct harness *h, const char *text)
{
	assert_ok(harness_text(h, "gcp-billing", text, strlen(text)));
}

static void set(struct harness *h, const char *name, const char *value)
{
	h->options.source.settings[h->options.source.settings_n++] = (struct ts_source_value){
		name, value};
}

/* The number between two texts in a detail. */
static int64_t number_after(const char *detail, const char *before, int scale)
{
	const char *at = strstr(detail, before);
	int64_t value = 0;
	assert_non_null(at);
	at += strlen(before);
	assert_ok(ts_number((struct ts_str){at, strcspn(at, ", ")}, scale, &value));
	return value;
}

/* The published rows are logs, storage and network; their costs and credits add up exactly:
 * 0.000032 - 0.000032 and 0.000012 - 0 (reckoned with Python's Decimal). */
static void published_files(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		int64_t rows, cost_micro, credits_micro;
	} files[] = {
		{"gcp-billing/koku-202011_2020-11-08_2020-11-11.csv", 25, 32, -32},
		{"gcp-billing/koku-2022-08-01_5.csv", 9, 12, 0},
	};
	for (size_t i = 0; i < 2; i++) {
		struct harness *h = harness_new();
		int64_t cost = 0;
		int64_t credits = 0;
		assert_ok(harness_fixture(h, "gcp-billing", files[i].path));
		assert_int_equal(h->report.rows, files[i].rows);
		assert_int_equal(
			harness_reason(h, TS_ROW_NOT_BILLABLE, "no_accelerator"), files[i].rows);
		for (size_t row = 0; row < h->rows_n; row++) {
			cost += number_after(h->rows[row].detail, ": cost ", 6);
			credits += number_after(h->rows[row].detail, ", credits ", 6);
		}
		assert_int_equal(cost, files[i].cost_micro);
		assert_int_equal(credits, files[i].credits_micro);
		harness_free(h);
	}
}

static void tpu_generations(void **state)
{
	(void)state;
	static const struct {
		const char *row, *sku, *class;
	} cases[] = {
		{ROW(TPU, "A", "Tpu-v2 accelerator running in Iowa", "3600.0", "1.0", "[]",
			 "regular"),
			"tpu-v2", "on_demand"},
		{ROW(TPU, "B", "Tpu-v3 Preemptible running in Netherlands", "3600", "1", "[]",
			 "regular"),
			"tpu-v3", "spot"},
		{ROW(TPU, "C", "Tpu-v4 pod", "3600", "1", "[]", "regular"), "tpu-v4", "on_demand"},
		{ROW(COMPUTE, "D", "TpuV5e running in Columbus", "3600", "1", "[]", "regular"),
			"tpu-v5e", "on_demand"},
		{ROW(COMPUTE, "E", "Reserved V5e TPU in us-west4", "3600", "1", "[]", "regular"),
			"tpu-v5e", "reserved"},
		{ROW(COMPUTE, "F", "TpuV5p attached to Spot Preemptible VMs running in Columbus",
			 "3600", "1", "[]", "regular"),
			"tpu-v5p", "spot"},
		{ROW(COMPUTE, "G", "TpuV6e DWS Calendar Mode", "3600", "1", "[]", "regular"),
			"tpu-v6e", "calendar"},
		{ROW(COMPUTE, "H", "TPU7x DWS Defined Duration", "3600", "1", "[]", "regular"),
			"tpu-v7x", "flex_start"},
		{ROW(COMPUTE, "I", "Nvidia H100 80GB GPU running in Iowa", "3600", "1", "[]",
			 "regular"),
			"h100", "on_demand"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct harness *h = harness_new();
		char text[4096];
		snprintf(text, sizeof(text), HEAD "%s", cases[i].row);
		feed(h, text);
		assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
		assert_string_equal(h->uses[0].sku, cases[i].sku);
		assert_string_equal(h->uses[0].class, cases[i].class);
		assert_int_equal(h->uses[0].quantity, HOUR_US);
		harness_free(h);
	}
}

/* 898,688 chip-seconds in an hour take 250 chips; the account is the project, the workload a
 * label's value; usage of June on July's invoice is June's. */
static void chip_seconds(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	set(h, "workload-label", "job");
	feed(h, HEAD ROW(COMPUTE, "D", "TpuV5p running in Columbus", "898688.0",
			"249.63555555555556", "[]", "regular"));
	assert_int_equal(h->uses[0].quantity, INT64_C(898688) * 1000000);
	assert_int_equal(h->uses[0].devices_milli, 250000); /* as many as it takes */
	assert_string_equal(h->uses[0].account, "proj");
	assert_string_equal(h->uses[0].workload, "train-7");
	assert_string_equal(h->uses[0].resource, "vm-1");
	assert_int_equal(h->uses[0].start_ms, INT64_C(1782860400000));
	harness_free(h);
}

/* Id first, then description; what is neither is for a person, once; a licence that names a GPU is
 * none, and a person may say so of others. */
static void unknown_skus(void **state)
{
	(void)state;
	static const char addition[] =
		"{\"format\":\"tallystick/catalog/v1\",\"version\":\"s\",\"entries\":["
		"{\"table\":\"gcp-sku\",\"code\":\"1111-2222-3333\",\"sku\":\"tpu-v9\","
		"\"devices_milli\":2000,\"class\":\"reserved\"},"
		"{\"table\":\"gcp-sku\",\"code\":\"9999-2222-3333\",\"sku\":\"fee\","
		"\"devices_milli\":1000,\"class\":\"not_billable\"}]}";
	static const char text[] = HEAD ROW(COMPUTE, "1111-2222-3333", "TpuV9x running in Iowa",
		"3600", "1", "[]", "regular") ROW("C7E2-9256-1C43", "9999-2222-3333",
		"Vertex AI: GPU management fee", "3600", "1", "[]", "regular") ROW(COMPUTE, "X",
		"Licensing Fee for Debian (GPU cost)", "3600", "1", "[]", "regular");
	struct harness *h = harness_new();
	struct ts_catalog *catalog = NULL;
	feed(h, text);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "sku_unknown"), 2);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "no_accelerator"), 1);
	assert_ok(ts_catalog_create(&catalog, &h->why));
	assert_ok(ts_catalog_add(catalog, ts_str(addition), "site", &h->why));
	h->options.source.catalog = catalog;
	feed(h, text);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	assert_int_equal(h->uses[0].quantity, 2 * HOUR_US);
	assert_string_equal(h->uses[0].class, "reserved");
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "no_accelerator"), 2);
	feed(h, text);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 1);
	ts_catalog_free(catalog);
	harness_free(h);
}

/* Credits are negative amounts in a list, in Python's spelling or JSON's; they change no quantity.
 */
static void pitfall_17_nested_credits(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, HEAD ROW(COMPUTE, "D", "TpuV5e running in Iowa", "3600", "1",
			"[{'name': \"\"Bob's\"\", 'amount': -2.25, 'id': None, 'type': "
			"'DISCOUNT'}, "
			"{'name': 'a \\\"\"x', 'amount': -5e-06}]",
			"regular") ROW(COMPUTE, "D", "TpuV5e running in Iowa", "1800", "0.5",
			"[{\"\"amount\"\":\"\"-0.5\"\"}]", "regular") ROW(COMPUTE, "D",
			"Commitment v1: TpuV5e in Iowa for 1 Year", "3600", "1", "[]",
			"regular") ROW(COMPUTE, "D", "TpuV5e running in Iowa", "3600", "1", "[]",
			"tax") ROW(COMPUTE, "D", "TpuV5e running in Iowa", "3600", "1", "[]",
			"adjustment") ROW(COMPUTE, "D", "TpuV5e running in Iowa", "3600", "1",
			"[{'amount': 'x'}]", "regular") ROW(COMPUTE, "D", "TpuV5e running in Iowa",
			"3600", "1", "[{'amount", "regular") ROW(COMPUTE, "D",
			"TpuV5e running in Iowa", "3600", "1", "{'amount': 1}", "regular"));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 2);
	assert_true(h->report.quantity == (ts_i128)HOUR_US * 3 / 2);
	assert_non_null(strstr(h->rows[0].detail, "cost 12.5, credits -2.250005, net 10.249995"));
	assert_non_null(strstr(h->rows[1].detail, "net 12 USD"));
	assert_string_equal(h->rows[2].reason, "purchase");
	assert_string_equal(h->rows[3].reason, "tax");
	assert_string_equal(h->rows[4].reason, "adjustment");
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "list_malformed"), 3);
	assert_int_equal(h->rows[7].line, 9);
	harness_free(h);
}

#define JROW(amount, exported)                                                                     \
	"{\"billing_account_id\":\"0-1\",\"service\":{\"id\":\"" COMPUTE                           \
	"\",\"description\":\"Compute Engine\"},\"sku\":{\"id\":\"D\",\"description\":"            \
	"\"TpuV6e running in Iowa\"},\"usage_start_time\":\"2026-06-01 00:00:00 UTC\","            \
	"\"usage_end_time\":\"2026-06-01 01:00:00 UTC\",\"project\":{\"id\":\"p\"},"               \
	"\"labels\":[{\"key\":\"job\",\"value\":\"j1\"}],\"location\":{\"region\":\"r\"},"         \
	"\"export_time\":\"" exported " UTC\",\"cost\":1.5,\"currency\":\"USD\","                  \
	"\"usage\":{\"amount\":" amount ",\"unit\":\"seconds\"},\"credits\":[{\"name\":\"c\","     \
	"\"amount\":-0.5}],\"invoice\":{\"month\":\"202606\"},\"cost_type\":\"regular\"}\n"
#define NIGHT "2026-06-01 05:00:00.5"
#define LATER "2026-06-02 05:00:00"

/* Rows are appended: the same file again, and a longer one, post only what is new. Equal rows are
 * as many as there are. What is exported after a watermark waits for the next time. */
static void pitfall_16_appended_rows_and_watermark(void **state)
{
	(void)state;
	static const char first[] = JROW("3600", NIGHT) JROW("3600", NIGHT) JROW("1800", NIGHT);
	static const char second[] = JROW("1800", NIGHT) JROW("3600", NIGHT) JROW("3600", NIGHT)
		JROW("7200.0", LATER);
	struct harness *h = harness_new();
	feed(h, first);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 3);
	assert_non_null(strstr(h->rows[0].detail, "cost 1.5, credits -0.5, net 1 USD"));
	feed(h, first);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 3);
	set(h, "exported-until", "2026-06-01T06:00:00Z");
	feed(h, second);
	assert_int_equal(harness_reason(h, TS_ROW_PENDING, "after_watermark"), 1);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 3);
	set(h, "exported-until", "2026-06-03T00:00:00Z");
	set(h, "exported-after", "2026-06-01T06:00:00Z");
	feed(h, second);
	assert_int_equal(harness_reason(h, TS_ROW_NOT_BILLABLE, "before_watermark"), 3);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	assert_int_equal(h->uses[0].quantity, 2 * HOUR_US);
	assert_int_equal(h->report.reversals, 0);
	set(h, "exported-until", "tomorrow");
	assert_err(harness_text(h, "gcp-billing", first, strlen(first)), TS_E_INVALID);
	harness_free(h);
}

static void pitfall_09_amounts_that_differ(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, HEAD ROW(COMPUTE, "D", "TpuV5e running in Iowa", "3600", "2", "[]", "regular")
			ROW(COMPUTE, "D", "TpuV5e running in Iowa", "3600", "1.0000001", "[]",
				"regular"));
	assert_string_equal(h->rows[0].reason, "stated_mismatch");
	assert_int_equal(h->rows[1].verdict, TS_ROW_ACCEPTED);
	harness_free(h);
}

static void hostile_rows(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, HEAD ROW(COMPUTE, "D", "TpuV5e in Iowa", "1e999", "", "[]", "regular")
			ROW(COMPUTE, "D", "TpuV5e in Iowa", "-3600", "", "[]", "regular") ROW(
				COMPUTE, "D", "TpuV5e in Iowa", "0", "0", "[]", "regular")
				ROW(COMPUTE, "D", "TpuV5e in Iowa", "NaN", "", "[]", "regular"));
	static const char *const reasons[] = {
		"number_out_of_range", "number_out_of_range", "zero_usage", "number_malformed"};
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(h->rows[i].reason, reasons[i]);
	static const char *const texts[] = {
		"{\"usage_start_time\":\"0000-01-01 00:00:00 UTC\",\"usage_end_time\":\"x\","
		"\"billing_account_id\":\"1\",\"service\":{\"id\":\"" COMPUTE "\"},\"sku\":{\"id\":"
		"\"1\",\"description\":\"TpuV5e\"},\"export_time\":\"x\",\"cost\":1,\"usage\":{"
		"\"amount\":1,\"unit\":\"seconds\"}}",
		"{\"cost\":1e999}",
		"{\"cost\":1,\"cost\":2}",
	};
	static const char *const why[] = {"time_out_of_range", "field_missing", "json_duplicate"};
	for (size_t i = 0; i < 3; i++) {
		feed(h, texts[i]);
		assert_string_equal(h->rows[0].reason, why[i]);
		assert_int_equal(h->rows[0].line, 1);
	}
	/* Forty arrays within one another. */
	char deep[128] = "{\"credits\":";
	memset(deep + strlen(deep), '[', 40);
	deep[51] = '\0';
	memset(deep + strlen(deep), ']', 40);
	deep[91] = '}';
	feed(h, deep);
	assert_string_equal(h->rows[0].reason, "json_depth");
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_files),
		cmocka_unit_test(tpu_generations),
		cmocka_unit_test(chip_seconds),
		cmocka_unit_test(unknown_skus),
		cmocka_unit_test(pitfall_17_nested_credits),
		cmocka_unit_test(pitfall_16_appended_rows_and_watermark),
		cmocka_unit_test(pitfall_09_amounts_that_differ),
		cmocka_unit_test(hostile_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
