/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "reports/text.h"
#include "sample.h"
#include <string.h>

static void invoice_says_it_all(void **state)
{
	(void)state;
	struct sample *s = sample_create(12, 19);
	struct ts_buf out;
	ts_buf_init(&out, 64 * 1024);
	assert_ok(ts_invoice_text(&s->invoice, s->region, &out));
	const char *text = ts_buf_str(&out);
	const char *const wanted[] = {"Invoice NC-2026-0004\n",
		"From            Northern Compute, Inc.\n", "Adjusts         NC-2026-0003\n",
		"Due             2026-10-04\n", "1,250,000,000.00", "takes back NC-2026-0003",
		"replaces NC-2026-0003", "Reverse charge", "Subtotal", "Total due, USD",
		"1824886 leaves", "UNWITNESSED", "Document        SHA-256 "};
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		if (strstr(text, wanted[i]) == NULL)
			fail_msg("\"%s\" is missing in:\n%s", wanted[i], text);
	}
	for (size_t i = 0; i < s->invoice.lines_n; i++) {
		char amount[TS_DECIMAL_CHARS];
		ts_money_group(s->invoice.lines[i].net_minor, s->terms.currency, amount);
		assert_non_null(strstr(text, amount));
	}
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void completeness_in_words(void **state)
{
	(void)state;
	struct sample *s = sample_create(1, 19);
	struct ts_buf out;
	ts_buf_init(&out, 64 * 1024);
	assert_ok(ts_invoice_text(&s->invoice, s->region, &out));
	assert_non_null(strstr(ts_buf_str(&out), "All 31 windows"));
	s->invoice.head.completeness = (struct ts_completeness){
		.expected = 31, .closed = 28, .late = 1, .missing = 2};
	s->invoice.head.gap = 9;
	ts_buf_reset(&out);
	assert_ok(ts_invoice_text(&s->invoice, s->region, &out));
	assert_non_null(strstr(ts_buf_str(&out), "28 of 31 windows"));
	assert_non_null(strstr(ts_buf_str(&out), "1 late, 2 missing; both companies accept"));
	assert_non_null(strstr(ts_buf_str(&out), "leaf 9 of the inputs log"));
	s->invoice.head.gap = -1;
	s->invoice.head.incomplete = true;
	ts_buf_reset(&out);
	assert_ok(ts_invoice_text(&s->invoice, s->region, &out));
	assert_non_null(strstr(ts_buf_str(&out), "INCOMPLETE. 28 of 31"));
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void preview_has_no_evidence(void **state)
{
	(void)state;
	struct sample *s = sample_create(3, 0);
	struct ts_buf out;
	ts_buf_init(&out, 64 * 1024);
	s->invoice.has_head = false;
	s->invoice.kind = TS_DOCUMENT_CREDIT_NOTE;
	assert_ok(ts_invoice_text(&s->invoice, s->region, &out));
	const char *text = ts_buf_str(&out);
	assert_non_null(strstr(text, "Credit note preview 1\u201331 Aug 2026\n"));
	assert_non_null(strstr(text, "As of           2026-08-31\n"));
	assert_non_null(strstr(text, "Total if issued now, USD"));
	assert_null(strstr(text, "SHA-256"));
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void usage(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(64 * 1024);
	struct ts_buf out;
	ts_buf_init(&out, 64 * 1024);
	const struct ts_usage_sum sums[] = {
		{"gpu.h100", "reserved", "GPU-hour", GPU_HOUR, 8152,
			GPU_HOUR * 12345 + GPU_HOUR / 8},
		{"egress", "*", "GB", 1000000000, 12, 5000000000},
	};
	assert_ok(ts_usage_text(sums, 2, region, &out));
	assert_non_null(strstr(ts_buf_str(&out),
		"gpu.h100  reserved    8,152  12,345.125  GPU-hour  44,442,450,000,000\n"
		"egress    *              12           5  GB             5,000,000,000\n"));
	ts_buf_free(&out);
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invoice_says_it_all),
		cmocka_unit_test(completeness_in_words),
		cmocka_unit_test(preview_has_no_evidence),
		cmocka_unit_test(usage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
