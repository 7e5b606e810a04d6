/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "reports/focus/focus.h"
#include "base/json.h"
#include <string.h>

static const struct ts_zone_offset berlin[] = {{INT64_MIN, 120}};
static const struct ts_zone zone = {"Europe/Berlin", berlin, 1};

#define LINE(kind, more)                                                                           \
	"{\"number\":1,\"kind\":\"" kind "\",\"id\":\"x\",\"section\":\"Compute\","                \
	"\"description\":\"what it is\",\"version\":1,\"from\":\"2026-05-01\",\"to\":"             \
	"\"2026-06-01\",\"adjusts\":null,\"tier\":null," more "}"
#define DOCUMENT(kind, lines, taxes, total)                                                        \
	"{\"body\":{\"kind\":\"" kind "\",\"contract\":\"5f\",\"from\":\"2026-05-01\","            \
	"\"to\":\"2026-06-01\",\"lines\":[" lines "],\"taxes\":[" taxes "],\"total\":\"" total     \
	"\"},\"head\":{\"number\":\"ORB-1\"}}"

struct rows {
	struct ts_region *region;
	struct ts_buf out;
};

static const char *render(struct rows *r, const char *document)
{
	json_t *json = NULL;
	struct ts_why why = {"", ""};
	struct ts_focus_document doc = {
		.sha256 = "ab", .contract_title = "Agreement", .issuer = "Orbit", .zone = &zone};
	r->region = ts_region_create(1024 * 1024);
	ts_buf_init(&r->out, 64 * 1024);
	struct ts_csv csv = {.out = &r->out};
	assert_ok(ts_json_parse(document, strlen(document), &json, &why));
	assert_ok(ts_currency_find(TS_STR("EUR"), &doc.currency));
	doc.json = json;
	ts_focus_header(&csv);
	ts_buf_reset(&r->out);
	assert_ok(ts_focus_rows(&doc, r->region, &csv, &why));
	json_decref(json);
	return ts_buf_str(&r->out);
}

static void done(struct rows *r)
{
	ts_buf_free(&r->out);
	ts_region_free(r->region);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* 12.345678 h x 2.35 = 29.0123433; tax 5.51; the invoice says 29.01 + 5.51. */
static void exact_rows_and_what_rounding_leaves(void **state)
{
	struct rows r;
	(void)state;
	const char *got = render(
		&r, DOCUMENT("invoice",
			    LINE("usage",
				    "\"sku\":\"h100\",\"class\":\"reserved\",\"unit\":\"GPU-hour\","
				    "\"quantity\":\"12.345678\",\"base_quantity\":\"44444440800\","
				    "\"unit_price\":\"2.35\",\"amount\":\"29.01\""),
			    "{\"tax\":\"5.51\",\"category\":\"S\",\"jurisdiction\":\"DE\","
			    "\"percent\":\"19\"}",
			    "34.52"));
	assert_int_equal(count(got, "\r\n"), 3);
	assert_non_null(strstr(got, ",29.0123433,5f,Agreement,Contract,EUR,2026-05-31T22:00:00Z,"
				    "2026-04-30T22:00:00Z,,,Usage,,what it is,Usage-Based,"));
	assert_non_null(strstr(got, ",12.345678,GPU-hour,29.0123433,2.35,29.0123433,ORB-1,Orbit,"));
	assert_non_null(strstr(got, ",Committed,"));
	assert_non_null(strstr(got, ",\"{\"\"x_Class\"\":\"\"reserved\"\"}\",x/v1,"));
	assert_non_null(strstr(got, ",5.51,5f,"));
	assert_non_null(strstr(got, ",Tax,,\"Tax S DE, 19 %\",One-Time,"));
	assert_non_null(strstr(got, ",-0.0023433,5f,"));
	assert_non_null(strstr(got, ",Adjustment,,Invoice rounding"));
	done(&r);
}

/* A credit note's JSON has turned signs; FOCUS has not. */
static void credit_note_is_negative(void **state)
{
	struct rows r;
	(void)state;
	const char *got = render(
		&r, DOCUMENT("credit_note",
			    LINE("usage", "\"sku\":\"h100\",\"class\":\"*\",\"unit\":\"GPU-hour\","
					  "\"quantity\":\"10\",\"base_quantity\":\"36\","
					  "\"unit_price\":\"2\",\"amount\":\"20.00\""),
			    "", "20.00"));
	assert_int_equal(count(got, "\r\n"), 1);
	assert_non_null(strstr(got, ",-20,5f,"));
	assert_non_null(strstr(got, ",-10,GPU-hour,-20,2,-20,ORB-1,"));
	assert_non_null(strstr(got, ",-36,ab,usage,1,1\r\n"));
	done(&r);
}

static void lump_sums_and_unused_commitments(void **state)
{
	struct rows r;
	(void)state;
	const char *got = render(
		&r, DOCUMENT("invoice",
			    LINE("usage", "\"sku\":\"egress\",\"class\":\"*\",\"unit\":\"GB\","
					  "\"quantity\":\"5\",\"base_quantity\":\"5\",\"unit_"
					  "price\":null,"
					  "\"amount\":\"0.10\"") "," LINE("true_up",
				    "\"sku\":\"\",\"class\":\"\",\"unit\":\"\",\"quantity\":\"1\","
				    "\"base_quantity\":\"0\",\"unit_price\":null,\"amount\":\"9."
				    "90\"") "," LINE("discount",
				    "\"sku\":\"\",\"class\":\"\",\"unit\":\"\",\"quantity\":\"1\","
				    "\"base_quantity\":\"0\",\"unit_price\":null,\"amount\":\"-1."
				    "00\""),
			    "", "9.00"));
	assert_int_equal(count(got, "\r\n"), 3);
	assert_non_null(
		strstr(got, ",5,GB,0.1,0.1,0.1,ORB-1,Orbit,0.1,,Standard,,,,,1,Charge,Orbit,"));
	assert_non_null(strstr(got, ",Spend,x,what it is,9.90,Unused,Minimum,EUR,,,9.9,9.9,9.9,"));
	assert_non_null(strstr(got, ",Credit,,what it is,One-Time,"));
	done(&r);
}

static void no_document(void **state)
{
	struct ts_why why = {"", ""};
	struct ts_buf out;
	struct ts_csv csv = {.out = &out};
	json_t *json = json_object();
	struct ts_region *region = ts_region_create(64 * 1024);
	struct ts_focus_document doc = {.json = json, .zone = &zone};
	(void)state;
	ts_buf_init(&out, 4096);
	assert_ok(ts_currency_find(TS_STR("KWD"), &doc.currency));
	assert_int_equal(ts_focus_rows(&doc, region, &csv, &why), TS_E_INTERNAL);
	json_decref(json);
	ts_buf_free(&out);
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_rows_and_what_rounding_leaves),
		cmocka_unit_test(credit_note_is_negative),
		cmocka_unit_test(lump_sums_and_unused_commitments),
		cmocka_unit_test(no_document),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
