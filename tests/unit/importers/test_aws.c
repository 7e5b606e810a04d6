/* SPDX-License-Identifier: Apache-2.0 */
/* AWS reports: chips of instances, what is money and not usage, capacity blocks, and reports that
 * replace one another. */
#include "importers/source/aws.h"
#include "harness.h"
#include "importers/frame/catalog.h"
#include <zlib.h>

#define HOUR_US INT64_C(3600000000) /* one device for an hour, in device-microseconds */

/* CUR 2.0 */
#define HEAD                                                                                       \
	"identity_line_item_id,bill_invoice_id,bill_payer_account_id,"                             \
	"bill_billing_period_start_date,line_item_usage_account_id,line_item_line_item_type,"      \
	"line_item_usage_start_date,line_item_usage_end_date,line_item_product_code,"              \
	"line_item_usage_type,line_item_operation,line_item_resource_id,line_item_usage_amount,"   \
	"line_item_currency_code,line_item_unblended_cost,pricing_unit,product,"                   \
	"capacity_reservation_capacity_reservation_arn,"                                           \
	"capacity_reservation_capacity_reservation_status\n"
#define ROW_AT(                                                                                    \
	id, invoice, type, start, end, product, usage, resource, amount, cost, unit, arn, status)  \
	id "," invoice ",111122223333,2026-06-01T00:00:00.000Z,444455556666," type "," start       \
	   "," end "," product "," usage ",RunInstances," resource "," amount ",USD," cost         \
	   "," unit ",\"{\"\"region\"\":\"\"us-west-2\"\"}\"," arn "," status "\n"
#define H0 "2026-06-01T00:00:00.000Z"
#define H1 "2026-06-01T01:00:00.000Z"
#define ROW(type, usage, resource, amount, cost)                                                   \
	ROW_AT("l1", "", type, H0, H1, "AmazonEC2", usage, resource, amount, cost, "Hrs", "", "")

static void feed(struct harness *h, const char *text)
{
	assert_ok(harness_text(h, "aws-cur", text, strlen(text)));
}

static void set(struct harness *h, const char *name, const char *value)
{
	h->options.source.settings[h->options.source.settings_n++] = (struct ts_source_value){
		name, value};
}

static void usage_types(void **state)
{
	(void)state;
	static const struct {
		const char *text, *kind, *instance;
	} cases[] = {
		{"USW2-BoxUsage:trn1.32xlarge", "BoxUsage", "trn1.32xlarge"},
		{"BoxUsage:p5.48xlarge", "BoxUsage", "p5.48xlarge"},
		{"BoxUsage:p6-b200.48xlarge", "BoxUsage", "p6-b200.48xlarge"},
		{"BoxUsage", "BoxUsage", ""},
		{"USE1-EBS-USE1-EBS-AWS-Out-Bytes", "Bytes", ""},
		{"USW2-Train:ml.p4d.24xlarge", "Train", "p4d.24xlarge"},
		{"CapacityBlockFee:p5.48xlarge", "CapacityBlockFee", "p5.48xlarge"},
		{"", "", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ts_aws_usage usage = ts_aws_usage_split(ts_str(cases[i].text));
		assert_true(ts_str_is(usage.kind, cases[i].kind));
		assert_true(ts_str_is(usage.instance, cases[i].instance));
	}
	assert_true(ts_aws_is_accelerated(TS_STR("trn9.48xlarge")));
	assert_true(ts_aws_is_accelerated(TS_STR("p6-b200.48xlarge")));
	assert_false(ts_aws_is_accelerated(TS_STR("m5.large")));
	assert_false(ts_aws_is_accelerated(TS_STR("inf")));
	assert_false(ts_aws_is_accelerated(TS_STR("")));
}

/* Every published row is of processors, storage or software: none bills a device. */
static void published_files(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		int64_t rows;
	} files[] = {
		{"aws-cur/koku-2022-07-01-alt-columns.csv", 2},
		{"aws-cur/koku-2023-06-01-not-final.csv", 3},
		{"aws-cur/koku-2023-06-01.csv", 3},
		{"aws-cur/koku-test_cur.csv", 19},
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct harness *h = harness_new();
		assert_ok(harness_fixture(h, "aws-cur", files[i].path));
		assert_int_equal(h->report.rows, files[i].rows);
		/* The last file's rows have a cell less than its heading: none is guessed. */
		assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "column_count"),
			i == 3 ? files[i].rows : 0);
		assert_int_equal(
			h->report.verdicts[TS_ROW_NOT_BILLABLE], i == 3 ? 0 : files[i].rows);
		harness_free(h);
	}
}

static void chips_of_instances(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, HEAD ROW("Usage", "USW2-BoxUsage:trn1.32xlarge", "i-1", "1.0", "21.5")
			ROW("Usage", "BoxUsage:p5.48xlarge", "i-2", "0.5000000000", "49.16")
				ROW("Usage", "BoxUsage:inf2.24xlarge", "i-3", "1", "6.49") ROW(
					"Usage", "EUC1-SpotUsage:trn2.48xlarge", "i-4", "1", "9"));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 4);
	assert_string_equal(h->uses[0].sku, "trn1");
	assert_int_equal(h->uses[0].devices_milli, 16000);
	assert_int_equal(h->uses[0].quantity, 16 * HOUR_US);
	assert_string_equal(h->uses[0].resource, "i-1");
	assert_string_equal(h->uses[0].account, "444455556666");
	assert_string_equal(h->uses[1].sku, "h100");
	assert_int_equal(h->uses[1].devices_milli, 8000);
	assert_int_equal(h->uses[1].quantity, 4 * HOUR_US);
	assert_int_equal(h->uses[2].quantity, 6 * HOUR_US);
	assert_string_equal(h->uses[3].class, "spot");
	assert_int_equal(h->uses[3].quantity, 16 * HOUR_US);
	harness_free(h);
}

/* Seconds come as hours of ten decimals; many instances in one line are as many devices. */
static void fractions_and_sums(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, HEAD ROW("Usage", "BoxUsage:trn1.2xlarge", "", "0.0002777778", "0")
			ROW("Usage", "BoxUsage:p5.48xlarge", "", "2.5", "245") ROW(
				"Usage", "BoxUsage:p5.48xlarge", "x", "0.0000000000001", "0")
				ROW("Usage", "BoxUsage:p5.48xlarge", "y", "-1", "0")
					ROW("Usage", "BoxUsage:p5.48xlarge", "z", "1e999", "0"));
	assert_int_equal(h->uses_n, 2);
	assert_int_equal(h->uses[0].quantity, 1000000); /* 1.00000008 s of one chip */
	assert_int_equal(h->uses[1].devices_milli, 3 * 8000);
	assert_int_equal(h->uses[1].quantity, 20 * HOUR_US);
	assert_string_equal(h->rows[2].reason, "zero_usage");
	assert_string_equal(h->rows[3].reason, "number_out_of_range");
	assert_string_equal(h->rows[4].reason, "number_out_of_range");
	assert_int_equal(h->rows[4].line, 6);
	harness_free(h);
}

/* An instance that is sold from a day on is unknown before it; an unknown one is for a person. */
static void chips_have_dates(void **state)
{
	(void)state;
	static const char addition[] =
		"{\"format\":\"tallystick/catalog/v1\",\"version\":\"s\",\"entries\":["
		"{\"table\":\"aws-instance\",\"code\":\"trn9.48xlarge\",\"sku\":\"trn9\","
		"\"devices_milli\":16000,\"to\":\"2026-06-01\"},"
		"{\"table\":\"aws-instance\",\"code\":\"trn9.48xlarge\",\"sku\":\"trn9\","
		"\"devices_milli\":32000,\"from\":\"2026-06-01\"},"
		"{\"table\":\"aws-usage\",\"code\":\"NightUsage\",\"sku\":\"instance\","
		"\"devices_milli\":1000,\"class\":\"night\"}]}";
	static const char text[] = HEAD ROW("Usage", "BoxUsage:trn9.48xlarge", "i-1", "1", "1")
		ROW("Usage", "USW2-NightUsage:p5.48xlarge", "i-2", "1", "1") ROW_AT("l", "",
			"Usage", "2026-05-31T23:00:00Z", "2026-06-01T00:00:00Z", "AmazonEC2",
			"BoxUsage:trn9.48xlarge", "i-1", "1", "1", "Hrs", "", "") ROW_AT("l", "",
			"Usage", "2021-01-01T00:00:00Z", "2021-01-01T01:00:00Z", "AmazonEC2",
			"BoxUsage:p5.48xlarge", "i-1", "1", "1", "Hrs", "", "");
	struct harness *h = harness_new();
	struct ts_catalog *catalog = NULL;
	feed(h, text);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "sku_unknown"), 3);
	assert_int_equal(harness_reason(h, TS_ROW_QUARANTINED, "usage_type_unknown"), 1);
	assert_ok(ts_catalog_create(&catalog, &h->why));
	assert_ok(ts_catalog_add(catalog, ts_str(addition), "site", &h->why));
	h->options.source.catalog = catalog;
	feed(h, text);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 3);
	assert_int_equal(h->uses[0].quantity, 32 * HOUR_US);
	assert_string_equal(h->uses[1].class, "night");
	assert_int_equal(h->uses[2].quantity, 16 * HOUR_US);
	assert_int_equal(h->rows[3].verdict, TS_ROW_QUARANTINED);
	feed(h, text);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 3);
	ts_catalog_free(catalog);
	harness_free(h);
}

/* Covered hours and their negation carry the same hours: counted once. Money bills no device, and
 * its amounts are told exactly. */
static void pitfall_17_negations_credits_fees(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, HEAD ROW("SavingsPlanCoveredUsage", "BoxUsage:p5.48xlarge", "i-1", "1",
			"98.32") ROW("SavingsPlanNegation", "BoxUsage:p5.48xlarge", "i-1", "1",
			"-98.32") ROW("DiscountedUsage", "BoxUsage:p4d.24xlarge", "i-2", "1", "0")
			ROW("RIFee", "HeavyUsage:p4d.24xlarge", "", "744", "1.81E-8") ROW(
				"Credit", "BoxUsage:p5.48xlarge", "i-1", "0", "-0.00000000010")
				ROW("Tax", "", "", "1", "19")
					ROW("EdpDiscount", "BoxUsage:p5.48xlarge", "i-1", "1", "-3")
						ROW("Mystery", "", "", "1", "1"));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 2);
	assert_string_equal(h->uses[0].class, "savings_plan");
	assert_string_equal(h->uses[1].class, "reserved");
	assert_true(h->report.quantity == (ts_i128)16 * HOUR_US);
	assert_string_equal(h->rows[1].reason, "negation");
	assert_non_null(strstr(h->rows[1].detail, "-98.32 USD"));
	assert_string_equal(h->rows[3].reason, "purchase");
	assert_non_null(strstr(h->rows[3].detail, "0.0000000181 USD"));
	assert_non_null(strstr(h->rows[4].detail, "-0.0000000001 USD"));
	assert_string_equal(h->rows[5].reason, "tax");
	assert_string_equal(h->rows[6].reason, "discount");
	assert_string_equal(h->rows[7].reason, "line_type_unknown");
	harness_free(h);
}

#define CR "arn:aws:ec2:us-west-2:444455556666:capacity-reservation/cr-0abc"
/* The fee is a purchase whose period is not the usage's; the hours run at no charge, and name the
 * reservation. Of a reservation's total and its used and unused parts, the parts count. */
static void capacity_blocks(void **state)
{
	(void)state;
	static const char text[] = HEAD ROW_AT("a", "", "Usage", "2026-05-20T00:00:00Z",
		"2026-05-20T00:00:01Z", "AmazonEC2", "USW2-CapacityBlockFee:p5.48xlarge", "cr-0abc",
		"24", "943.92", "Hrs", CR, "") ROW_AT("b", "", "Usage", H0, H1, "AmazonEC2",
		"USW2-BoxUsage:p5.48xlarge", "i-1", "1", "0.0000000000", "Hrs", CR,
		"Used") ROW_AT("c", "", "Usage", H0, H1, "AmazonEC2", "USW2-BoxUsage:p5.48xlarge",
		"i-2", "1", "0.13", "Hrs", CR, "Used") ROW_AT("d", "", "Usage", H0, H1, "AmazonEC2",
		"USW2-UnusedBox:p5.48xlarge", CR, "2", "78", "Hrs", CR, "Unused")
		ROW_AT("e", "", "Usage", H0, H1, "AmazonEC2", "USW2-Reservation:p5.48xlarge", CR,
			"4", "0", "Hrs", CR, "Reserved");
	struct harness *h = harness_new();
	feed(h, text);
	assert_string_equal(h->rows[0].reason, "capacity_block_fee");
	assert_non_null(strstr(h->rows[0].detail, "943.92"));
	assert_string_equal(h->uses[0].class, "capacity_block");
	assert_string_equal(h->uses[0].workload, "cr-0abc");
	assert_string_equal(h->uses[1].class, "on_demand"); /* the operating system's fee */
	assert_string_equal(h->uses[2].class, "unused_reservation");
	assert_int_equal(h->uses[2].quantity, 16 * HOUR_US);
	assert_string_equal(h->rows[4].reason, "reservation_total");
	harness_free(h);
	h = harness_new();
	set(h, "capacity-blocks", "cr-9,cr-0abc");
	feed(h, text);
	assert_string_equal(h->uses[1].class, "capacity_block");
	assert_string_equal(h->uses[2].class, "unused_reservation");
	harness_free(h);
}

/* A surcharge names the instance a second time. */
static void other_products(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, HEAD ROW_AT("a", "", "Usage", H0, H1, "ElasticMapReduce", "BoxUsage:p3.2xlarge", "",
			"1", "0.2", "Hrs", "", "") ROW_AT("b", "", "Usage", H0, H1,
			"AmazonSageMaker", "USW2-Train:ml.trn1.32xlarge",
			"arn:aws:sagemaker:x:training-job/j", "1", "25", "Hrs", "", "")
			ROW_AT("c", "", "Usage", H0, H1, "AmazonEC2", "BoxUsage:p5.48xlarge", "i",
				"1", "1", "Quantity", "", ""));
	assert_string_equal(h->rows[0].reason, "other_product");
	assert_int_equal(h->uses[0].quantity, 16 * HOUR_US);
	assert_string_equal(h->uses[0].resource, "j");
	assert_string_equal(h->rows[2].reason, "unit_unknown");
	harness_free(h);
}

/* Line ids change from report to report; only what is different is posted. */
static void pitfall_16_restated_report(void **state)
{
	(void)state;
	static const char first[] = HEAD ROW("Usage", "BoxUsage:p5.48xlarge", "i-1", "1", "98")
		ROW("Usage", "BoxUsage:p5.48xlarge", "i-2", "1", "98")
			ROW("Usage", "BoxUsage:trn1.32xlarge", "i-3", "1", "21");
	static const char second[] = HEAD ROW_AT("other", "INV-1", "Usage", H0, H1, "AmazonEC2",
		"BoxUsage:p5.48xlarge", "i-2", "0.75", "73", "Hrs", "", "")
		ROW_AT("another", "INV-1", "Usage", H0, H1, "AmazonEC2", "BoxUsage:p5.48xlarge",
			"i-1", "1", "98", "Hrs", "", "") ROW_AT("new", "INV-1", "Usage", H0, H1,
			"AmazonEC2", "BoxUsage:p5.48xlarge", "i-4", "1", "98", "Hrs", "", "");
	struct harness *h = harness_new();
	feed(h, first);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 3);
	feed(h, first);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 3);
	assert_int_equal(h->report.reversals, 0);
	feed(h, second);
	assert_int_equal(h->report.verdicts[TS_ROW_SUPERSEDED], 1);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 1);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	assert_int_equal(h->report.withdrawn, 1);
	assert_int_equal(h->report.reversals, 2);
	assert_int_equal(h->uses_n, 2);
	assert_int_equal(h->uses[0].quantity, 6 * HOUR_US);
	harness_free(h);
	h = harness_new();
	set(h, "final", "yes");
	feed(h, first);
	assert_int_equal(harness_reason(h, TS_ROW_PENDING, "not_final"), 3);
	feed(h, second);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 3);
	harness_free(h);
}

static void legacy_names_and_gzip(void **state)
{
	(void)state;
	static const char text[] =
		"\xef\xbb\xbfidentity/LineItemId,bill/PayerAccountId,bill/BillingPeriodStartDate,"
		"lineItem/UsageAccountId,lineItem/LineItemType,lineItem/UsageStartDate,"
		"lineItem/UsageEndDate,lineItem/ProductCode,lineItem/UsageType,"
		"lineItem/UsageAmount,pricing/unit,lineItem/ResourceId\r\n"
		"x,1,2023-06-01T00:00:00Z,2,Usage,2023-06-01 00:00:00,2023-06-01 01:00:00,"
		"AmazonEC2,BoxUsage:inf1.6xlarge,1,Hrs,i-1\r\n";
	uint8_t packed[1024];
	z_stream z = {.next_in = (Bytef *)(uintptr_t)text,
		.avail_in = sizeof(text) - 1,
		.next_out = packed,
		.avail_out = sizeof(packed)};
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	struct harness *h = harness_new();
	assert_ok(harness_text(h, "aws-cur", (char *)packed, z.total_out));
	assert_int_equal(h->uses[0].quantity, 4 * HOUR_US);
	assert_string_equal(h->uses[0].sku, "inf1");
	assert_int_equal(h->uses[0].start_ms, INT64_C(1685577600000));
	assert_err(harness_text(h, "aws-cur", (char *)packed, z.total_out - 9), TS_E_MALFORMED);
	deflateEnd(&z);
	harness_free(h);
}

static void hostile_rows(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	feed(h, HEAD ROW_AT("a", "", "Usage", "0000-01-01T00:00:00Z", H1, "AmazonEC2",
			"BoxUsage:p5.48xlarge", "i", "1", "1", "Hrs", "", "") ROW_AT("b", "",
			"Usage", H0, "9999-12-31T23:59:59Z", "AmazonEC2", "BoxUsage:p5.48xlarge",
			"i", "1", "1", "Hrs", "", "") "short,row\n" ROW_AT("c", "", "Usage", H0, H1,
			"AmazonEC2", "BoxUsage:p5.48xlarge", "caf\xe9", "1", "1", "Hrs", "", "")
			ROW_AT("d", "", "Usage", H1, H0, "AmazonEC2", "BoxUsage:p5.48xlarge", "i",
				"1", "1", "Hrs", "", "") ROW("Credit", "", "", "1", "1e999"));
	static const char *const reasons[] = {"time_out_of_range", "span_too_long", "column_count",
		"not_utf8", "end_before_start", "number_malformed"};
	assert_int_equal(h->report.verdicts[TS_ROW_QUARANTINED], 6);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(h->rows[i].reason, reasons[i]);
		assert_int_equal(h->rows[i].line, (int64_t)i + 2);
	}
	assert_err(harness_text(h, "aws-cur", "a,b\n1,2\n", 8), TS_E_MISSING_FIELD);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usage_types),
		cmocka_unit_test(published_files),
		cmocka_unit_test(chips_of_instances),
		cmocka_unit_test(fractions_and_sums),
		cmocka_unit_test(chips_have_dates),
		cmocka_unit_test(pitfall_17_negations_credits_fees),
		cmocka_unit_test(capacity_blocks),
		cmocka_unit_test(other_products),
		cmocka_unit_test(pitfall_16_restated_report),
		cmocka_unit_test(legacy_names_and_gzip),
		cmocka_unit_test(hostile_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
