/* SPDX-License-Identifier: Apache-2.0 */
/* FOCUS: versions by their columns, strict and lenient readings, devices by what a provider tells,
 * and deliveries that replace one another. */
#include "harness.h"
#include "importers/frame/catalog.h"
#include "importers/frame/cell.h"
#include <dirent.h>

#define HOUR_US INT64_C(3600000000)
#define PICO INT64_C(1000000000000)

static void feed(struct harness *h, const char *text)
{
	assert_ok(harness_text(h, "focus", text, strlen(text)));
}

static void set(struct harness *h, const char *name, const char *value)
{
	h->options.source.settings[h->options.source.settings_n++] = (struct ts_source_value){
		name, value};
}

/* A 1.2 file: the mandatory columns and a few. */
#define HEAD                                                                                       \
	"BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"         \
	"BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription,ChargePeriodEnd,"         \
	"ChargePeriodStart,ContractedCost,EffectiveCost,InvoiceIssuerName,ListCost,"               \
	"PricingQuantity,PricingUnit,ProviderName,PublisherName,ServiceCategory,ServiceName,"      \
	"ConsumedQuantity,ConsumedUnit,InvoiceId,SkuId,SkuPriceDetails,SubAccountId,ResourceId,"   \
	"CommitmentDiscountStatus,PricingCategory,SkuMeter"
#define ROW_AT(start, end, category, class, text, amount, unit, provider, sku, details, resource,  \
	status, pricing)                                                                           \
	"1.50,acct,Name,USD,2026-07-01T00:00:00Z,2026-06-01T00:00:00Z," category                   \
	"," class "," text "," end "," start ",1.5,1.5E0,Issuer,2,1,Hours," provider "," provider  \
		  ",Compute,Service," amount "," unit ",INV," sku "," details ",sub," resource     \
		  "," status "," pricing ",\n"
#define H0 "2026-06-01T00:00:00Z"
#define H1 "2026-06-01T01:00:00Z"
#define ROW(amount, provider, text, details, resource)                                             \
	ROW_AT(H0, H1, "Usage", "", text, amount, "Hours", provider, "S1", details, resource, "",  \
		"Standard")
#define DETAILS(type, gpus) "\"{\"\"InstanceType\"\":\"\"" type "\"\",\"\"GpuCount\"\":" gpus "}\""

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

static void sums(const struct harness *h, int64_t *billed, int64_t *effective, int *negative)
{
	*billed = *effective = 0;
	*negative = 0;
	for (size_t i = 0; i < h->rows_n; i++) {
		int64_t value = number_after(h->rows[i].detail, "BilledCost ", 12);
		*billed += value;
		*negative += value < 0;
		*effective += number_after(h->rows[i].detail, "EffectiveCost ", 12);
	}
}

/* The golden totals of the official 1.0 sample, which breaks its own rules. Its accelerators are
 * ten hours of g5 and g3 instances, 7.969723 in all. */
static void published_sample(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	int64_t billed = 0;
	int64_t effective = 0;
	int negative = 0;
	assert_err(harness_fixture(h, "focus", "focus/focus_sample_1.0.csv"), TS_E_UNKNOWN_FIELD);
	assert_non_null(strstr(h->why.text, "\"Id\""));
	set(h, "profile", "lenient");
	assert_ok(harness_fixture(h, "focus", "focus/focus_sample_1.0.csv"));
	assert_int_equal(h->report.rows, 1000);
	assert_int_equal(h->report.verdicts[TS_ROW_QUARANTINED], 0);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 10);
	sums(h, &billed, &effective, &negative);
	assert_int_equal(billed, INT64_C(20520226728990));
	assert_int_equal(effective, INT64_C(14976514185860));
	assert_int_equal(negative, 13);
	assert_true(h->report.quantity == (ts_i128)7969723 * 3600);
	assert_string_equal(h->uses[0].sku, "m60");
	assert_string_equal(h->uses[1].sku, "a10g");
	assert_non_null(strstr(h->rows[0].detail, "coerced: time BillingPeriodEnd"));
	assert_non_null(strstr(h->rows[0].detail, "NULL in 8 columns"));
	assert_ok(harness_fixture(h, "focus", "focus/focus_sample_1.0.csv"));
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 10);
	assert_int_equal(h->report.withdrawn, 0);
	harness_free(h);
}

/* All 26 example files of the specification are read leniently, but for two rows that end at 30
 * o'clock, and none names a device; strictly none of them is read, as each leaves columns out. */
static void specification_examples(void **state)
{
	(void)state;
	char *full = ts_fixture_path("usage/focus/spec-v1.2-examples");
	DIR *dir = opendir(full);
	int files = 0;
	int hours_30 = 0;
	free(full);
	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		char path[512];
		if (!strstr(e->d_name, ".csv"))
			continue;
		struct harness *h = harness_new();
		files++;
		snprintf(path, sizeof(path), "focus/spec-v1.2-examples/%s", e->d_name);
		enum ts_err err = harness_fixture(h, "focus", path);
		assert_true(err != TS_OK || h->report.verdicts[TS_ROW_QUARANTINED] > 0);
		set(h, "profile", "lenient");
		assert_ok(harness_fixture(h, "focus", path));
		assert_true(h->report.rows > 0);
		assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 0);
		for (size_t i = 0; i < h->rows_n; i++)
			if (h->rows[i].verdict == TS_ROW_QUARANTINED) {
				assert_non_null(strstr(h->rows[i].detail, "2023-02-01T30:00:00Z"));
				hours_30++;
			}
		harness_free(h);
	}
	closedir(dir);
	assert_int_equal(hours_30, 2);
	assert_int_equal(files, 26);
}

static void versions(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	/* 1.2 without the columns of 1.3; one of 1.3 makes it 1.3, which needs its providers. */
	feed(h, HEAD "\n" ROW("1", "AWS", "t", DETAILS("p5.48xlarge", "8"), "i-1"));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	static const char later[] = HEAD ",ContractApplied\n";
	assert_err(harness_text(h, "focus", later, strlen(later)), TS_E_MISSING_FIELD);
	assert_non_null(strstr(h->why.text, "HostProviderName"));
	static const char both[] = HEAD ",ServiceProviderName,HostProviderName,x_Mine\n";
	assert_ok(harness_text(h, "focus", both, strlen(both)));
	static const char newer[] = HEAD ",InvoiceDetailId\n";
	assert_err(harness_text(h, "focus", newer, strlen(newer)), TS_E_UNKNOWN_FIELD);
	set(h, "version", "1.0");
	static const char older[] = HEAD "\n";
	assert_err(harness_text(h, "focus", older, strlen(older)), TS_E_UNKNOWN_FIELD);
	set(h, "version", "2.0");
	assert_err(harness_text(h, "focus", older, strlen(older)), TS_E_INVALID);
	set(h, "version", "1.2");
	set(h, "profile", "relaxed");
	assert_err(harness_text(h, "focus", older, strlen(older)), TS_E_INVALID);
	harness_free(h);
}

static void devices(void **state)
{
	(void)state;
	static const char addition[] =
		"{\"format\":\"tallystick/catalog/v1\",\"version\":\"s\",\"entries\":["
		"{\"table\":\"focus-sku\",\"code\":\"S1\",\"sku\":\"h100\",\"devices_milli\":1000}]"
		"}";
	struct harness *h = harness_new();
	struct ts_catalog *catalog = NULL;
	static const char own[] = HEAD
		"\n" ROW("8", "Nimbus", "one GPU", "\"{\"\"GpuCount\"\":1}\"", "vm");
	feed(h, HEAD "\n" ROW("0.5", "AWS", "x", DETAILS("trn1.32xlarge", "null"), "a/i-1") ROW(
			"1", "AWS", "$98 per On Demand Linux p5.48xlarge Instance Hour", "", "i-2")
			ROW("4", "Google Cloud", "TpuV5p attached to Spot Preemptible VMs", "", "t")
				ROW("1", "Microsoft", "x", DETAILS("Standard_ND96isr_H100_v5", "8"),
					"v") ROW("1", "AWS", "x", DETAILS("p9.48xlarge", "8"), "i")
					ROW("1", "AWS", "x", DETAILS("p5.48xlarge", "4"), "i")
						ROW("1", "AWS", "storage", "", "s3"));
	assert_int_equal(h->uses_n, 4);
	assert_int_equal(h->uses[0].quantity, 8 * HOUR_US);
	assert_string_equal(h->uses[0].resource, "i-1");
	assert_string_equal(h->uses[0].account, "sub");
	assert_int_equal(h->uses[1].quantity, 8 * HOUR_US);
	assert_string_equal(h->uses[2].sku, "tpu-v5p");
	assert_int_equal(h->uses[2].quantity, 4 * HOUR_US);
	assert_string_equal(h->uses[3].sku, "h100");
	assert_string_equal(h->rows[4].reason, "sku_unknown");
	assert_string_equal(h->rows[5].reason, "stated_mismatch");
	assert_string_equal(h->rows[6].reason, "no_accelerator");
	harness_free(h);
	h = harness_new();
	feed(h, own);
	assert_string_equal(h->rows[0].reason, "sku_unknown");
	assert_ok(ts_catalog_create(&catalog, &h->why));
	assert_ok(ts_catalog_add(catalog, ts_str(addition), "site", &h->why));
	h->options.source.catalog = catalog;
	feed(h, own);
	assert_int_equal(h->uses[0].quantity, 8 * HOUR_US);
	ts_catalog_free(catalog);
	harness_free(h);
}

/* What is money is told; unused commitments and corrections bill nothing by themselves. */
static void pitfall_17_categories(void **state)
{
	(void)state;
	struct harness *h = harness_new();
	const char *d = HEAD "\n" ROW_AT(H0, H1, "Purchase", "", "x", "", "", "AWS", "", "", "", "",
		"Standard") ROW_AT(H0, H1, "Tax", "", "x", "", "", "AWS", "", "", "", "",
		"") ROW_AT(H0, H1, "Credit", "", "x", "", "", "AWS", "", "", "", "", "") ROW_AT(H0,
		H1, "Adjustment", "", "x", "", "", "AWS", "", "", "", "", "") ROW_AT(H0, H1,
		"Usage", "", "x", "", "", "AWS", "", DETAILS("p5.48xlarge", "8"), "i", "Unused",
		"Committed") ROW_AT(H0, H1, "Usage", "Correction", "x", "-1", "Hours", "AWS", "",
		DETAILS("p5.48xlarge", "8"), "i", "", "Standard") ROW_AT(H0, H1, "Usage", "", "x",
		"1", "Hours", "AWS", "", DETAILS("p5.48xlarge", "8"), "i", "Used", "Committed");
	static const char *const reasons[] = {"purchase", "tax", "credit", "adjustment",
		"commitment_unused", "correction_negative", ""};
	feed(h, d);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(h->rows[i].reason, reasons[i]);
	assert_int_equal(h->report.verdicts[TS_ROW_NOT_BILLABLE], 5);
	assert_string_equal(h->uses[0].class, "committed");
	harness_free(h);
}

/* Rules of the specification, one row each; leniently the first three are put right. */
static void strict_rules(void **state)
{
	(void)state;
	static const char text[] = HEAD "\n" ROW_AT("2026-06-01 00:00:00", H1, "Usage", "", "x",
		"1", "Hours", "AWS", "", DETAILS("p5.48xlarge", "8"), "i", "",
		"Standard") ROW_AT("6/1/26", "6/2/26", "Usage", "", "x", "\"$1,000.0 \"", "Hours",
		"AWS", "", DETAILS("p5.48xlarge", "8"), "j", "", "Standard") ROW_AT(H0, H1, "Usage",
		"", "x", "1", "Hours", "AWS", "NULL", DETAILS("p5.48xlarge", "8"), "k", "",
		"Standard") ROW_AT(H0, H1, "Gift", "", "x", "1", "Hours", "AWS", "", "", "", "",
		"Standard") ROW_AT(H0, H1, "Usage", "", "x", "1e999", "Hours", "AWS", "",
		DETAILS("p5.48xlarge", "8"), "", "", "Standard") ROW_AT("0000-01-01T00:00:00Z", H1,
		"Usage", "", "x", "1", "Hours", "AWS", "", DETAILS("p5.48xlarge", "8"), "", "",
		"Standard") ROW_AT(H0, "9999-12-31T00:00:00Z", "Usage", "", "x", "1", "Hours",
		"AWS", "", DETAILS("p5.48xlarge", "8"), "", "",
		"Standard") ROW_AT(H0, H1, "Tax", "", "x", "1", "Hours", "AWS", "", "", "", "", "")
		ROW_AT(H0, H1, "Usage", "", "x", "1", "", "AWS", "", "", "", "", "")
			ROW_AT(H0, H1, "Usage", "", "x", "1", "Hours", "", "", "", "", "", "");
	static const char *const details[] = {"ChargePeriodStart", "ChargePeriodEnd \"6/2/26\"",
		"null is an empty cell", "ChargeCategory \"Gift\"", "ConsumedQuantity \"1e999\"",
		"ChargePeriodStart \"0000", NULL, "ConsumedQuantity", "ConsumedUnit",
		"ProviderName"};
	struct harness *h = harness_new();
	feed(h, text);
	assert_int_equal(h->report.verdicts[TS_ROW_QUARANTINED], 10);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(h->rows[i].line, (int64_t)i + 2);
		assert_string_equal(h->rows[i].reason, details[i] ? "focus_rule" : "span_too_long");
		if (details[i])
			assert_non_null(strstr(h->rows[i].detail, details[i]));
	}
	set(h, "profile", "lenient");
	feed(h, text);
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 3);
	assert_int_equal(h->uses[0].start_ms, INT64_C(1780272000000));
	assert_int_equal(h->uses[1].quantity, 8000 * HOUR_US);
	assert_int_equal(h->uses[1].devices_milli, 42 * 8000); /* 1,000 h within a day */
	assert_non_null(strstr(h->rows[1].detail, "number ConsumedQuantity"));
	assert_non_null(strstr(h->rows[2].detail, "NULL in 1 columns"));
	assert_int_equal(h->report.verdicts[TS_ROW_QUARANTINED], 4);
	harness_free(h);
}

/* A provider restates a period: only differences are posted; equal rows are as many as there are.
 */
static void pitfall_16_restated_period(void **state)
{
	(void)state;
#define A(amount) ROW(amount, "AWS", "t", DETAILS("p5.48xlarge", "8"), "i-1")
#define B(amount) ROW(amount, "AWS", "t", DETAILS("p5.48xlarge", "8"), "i-2")
	struct harness *h = harness_new();
	feed(h, HEAD "\n" A("1") A("1") B("1"));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 3);
	feed(h, HEAD "\n" B("0.5") A("1"));
	assert_int_equal(h->report.verdicts[TS_ROW_SUPERSEDED], 1);
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 1);
	assert_int_equal(h->report.withdrawn, 1);
	assert_int_equal(h->report.reversals, 2);
	assert_int_equal(h->uses_n, 1);
	assert_int_equal(h->uses[0].quantity, 4 * HOUR_US);
	harness_free(h);
}

/* Without its period a row belongs to no delivery: another file takes nothing back. */
static void rows_without_a_period(void **state)
{
	(void)state;
#define FEW(resource)                                                                              \
	"BilledCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ProviderName,"                \
	"ChargeDescription,ConsumedQuantity,ConsumedUnit,ResourceId\n"                             \
	"1,Usage,2026-06-01,2026-06-02,AWS,a p5.48xlarge hour,24,Hours," resource "\n"
	struct harness *h = harness_new();
	set(h, "profile", "lenient");
	feed(h, FEW("i-1"));
	assert_int_equal(h->uses[0].quantity, 8 * 24 * HOUR_US);
	feed(h, FEW("i-2"));
	assert_int_equal(h->report.verdicts[TS_ROW_ACCEPTED], 1);
	assert_int_equal(h->report.withdrawn, 0);
	feed(h, FEW("i-1"));
	assert_int_equal(h->report.verdicts[TS_ROW_DUPLICATE], 1);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_without_a_period),
		cmocka_unit_test(published_sample),
		cmocka_unit_test(specification_examples),
		cmocka_unit_test(versions),
		cmocka_unit_test(devices),
		cmocka_unit_test(pitfall_17_categories),
		cmocka_unit_test(strict_rules),
		cmocka_unit_test(pitfall_16_restated_period),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
