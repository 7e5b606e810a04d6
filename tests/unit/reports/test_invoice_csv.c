/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "reports/csv.h"
#include "reports/invoice_csv.h"
#include "sample.h"
#include <stdio.h>
#include <string.h>

static void quotes_and_guards(void **state)
{
	(void)state;
	struct ts_buf out;
	ts_buf_init(&out, 4096);
	struct ts_csv csv = {.out = &out};
	const char *texts[] = {"a", "b,c", "say \"hi\"", "two\nlines", "=cmd()", "+1", "-1", "@x",
		"\tx", "\rx", "", NULL, "a=b", "-,\""};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		ts_csv_text(&csv, texts[i]);
	ts_csv_number(&csv, "-12.50");
	ts_csv_integer(&csv, -3);
	ts_csv_end(&csv);
	csv.raw = true;
	ts_csv_text(&csv, "=cmd()");
	ts_csv_end(&csv);
	assert_string_equal(ts_buf_str(&out),
		"a,\"b,c\",\"say "
		"\"\"hi\"\"\",\"two\nlines\",'=cmd(),'+1,'-1,'@x,'\tx,\"'\rx\",,,a=b,"
		"\"'-,\"\"\",-12.50,-3\r\n=cmd()\r\n");
	ts_buf_free(&out);
}

static const char header[] =
	"document,kind,issue_date,due_date,contract,currency,period_from,period_to,row,line,charge,"
	"id,"
	"section,description,sku,sku_name,class,terms_version,tier,from_date,to_date,quantity,unit,"
	"unit_price,base_quantity,divisor,tax_category,tax_jurisdiction,tax_reason,tax_percent,net,"
	"tax,"
	"amount,adjusts,reversal,trace,completeness,windows_expected,windows_late,windows_"
	"missing\r\n";

#define DOCUMENT                                                                                   \
	"NC-2026-0004,invoice,2026-09-04,2026-10-04,4f1c2a9be07d43d8a1b65c0e9f2d7788,USD,2026-08-" \
	"01,"                                                                                      \
	"2026-08-31,"

#define COMPLETE ",complete,31,0,0"

static void exact_bytes(void **state)
{
	(void)state;
	struct sample *s = sample_create(2, 19);
	struct ts_buf out;
	ts_buf_init(&out, 64 * 1024);
	s->invoice.lines[1].description = "=H100, \"reserved\"";
	s->invoice.lines[1].base_quantity = 1500 * GPU_HOUR + GPU_HOUR / 4;
	s->invoice.lines[1].net_minor = 328180;
	s->invoice.lines[1].trace = NULL;
	s->invoice.lines[0].trace = "31/31 days";
	sample_sum(s, 19);
	assert_ok(ts_invoice_csv(&s->invoice, false, &out));
	const char *text = ts_buf_str(&out);
	assert_int_equal(strncmp(text, header, strlen(header)), 0);
	assert_string_equal(text + strlen(header), DOCUMENT
		"line,1,fee,base,Capacity,\"Colossus 1 access, fixed monthly fee "
		"(take-or-pay)\",,,,2,0,"
		"2026-08-01,2026-08-31,1,,1250000000.00,,,S,US-TN,,19,1250000000.00,,1250000000.00,"
		",false,"
		"31/31 days" COMPLETE "\r\n" DOCUMENT
		"line,2,usage,h100-reserved,Training clusters,\"'=H100, "
		"\"\"reserved\"\"\",gpu.h100.sxm,"
		"NVIDIA H100 SXM 80 GB,reserved,2,0,2026-08-01,2026-08-31,1500.25,GPU-hour,2.1875,"
		"5400900000000,3600000000,AE,DE,Reverse "
		"charge,0,3281.80,,3281.80,,false," COMPLETE "\r\n" DOCUMENT
		"tax,,,,,,,,,,,,,,,,,,AE,DE,Reverse charge,0,3281.80,0.00,0.00,,," COMPLETE
		"\r\n" DOCUMENT
		"tax,,,,,,,,,,,,,,,,,,S,US-TN,,19,1250000000.00,237500000.00,237500000.00,,,"
		"" COMPLETE "\r\n" DOCUMENT
		"subtotal,,,,,,,,,,,,,,,,,,,,,,,,1250003281.80,,," COMPLETE "\r\n" DOCUMENT
		"tax_total,,,,,,,,,,,,,,,,,,,,,,,,237500000.00,,," COMPLETE "\r\n" DOCUMENT
		"total,,,,,,,,,,,,,,,,,,,,,,,,1487503281.80,,," COMPLETE "\r\n");
	ts_buf_free(&out);
	ts_region_free(s->region);
}

/* What is absent is on every row, and whether anybody accepted it. */
static void gaps_are_named(void **state)
{
	(void)state;
	struct sample *s = sample_create(1, 19);
	struct ts_buf out;
	ts_buf_init(&out, 64 * 1024);
	s->invoice.head.completeness = (struct ts_completeness){
		.expected = 31, .closed = 28, .late = 1, .missing = 2};
	s->invoice.head.gap = 9;
	assert_ok(ts_invoice_csv(&s->invoice, false, &out));
	assert_non_null(strstr(ts_buf_str(&out), ",gap_accepted,31,1,2\r\n"));
	ts_buf_reset(&out);
	s->invoice.head.gap = -1;
	s->invoice.head.incomplete = true;
	assert_ok(ts_invoice_csv(&s->invoice, false, &out));
	assert_non_null(strstr(ts_buf_str(&out), ",incomplete,31,1,2\r\n"));
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void every_row_has_every_column(void **state)
{
	(void)state;
	struct sample *s = sample_create(40, 9);
	struct ts_buf out;
	ts_buf_init(&out, 256 * 1024);
	s->invoice.has_head = false;
	for (size_t i = 0; i < s->invoice.lines_n;
		i++) { /* no quotes, so that commas can be counted */
		s->invoice.lines[i].description = "x";
		s->invoice.lines[i].trace = "y";
	}
	assert_ok(ts_invoice_csv(&s->invoice, true, &out));
	struct ts_str rest = {out.data, out.len}, line;
	size_t rows = 0;
	while (ts_str_line(&rest, &line)) {
		size_t commas = 0;
		for (size_t i = 0; i < line.len; i++)
			commas += line.at[i] == ',';
		assert_int_equal(commas, 39);
		assert_int_equal(line.at[line.len - 1], '\r');
		rows++;
	}
	assert_int_equal(rows, 1 + 40 + 2 + 3);
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void refuses_what_does_not_add_up(void **state)
{
	(void)state;
	struct sample *s = sample_create(3, 9);
	struct ts_buf out;
	ts_buf_init(&out, 64 * 1024);
	s->invoice.total_minor++;
	assert_err(ts_invoice_csv(&s->invoice, false, &out), TS_E_INTERNAL);
	assert_int_equal(out.len, 0);
	ts_buf_free(&out);
	ts_region_free(s->region);
}

/* What was paid before stands behind the total, and what is left to pay. */
static void deposits_stand_behind_the_total(void **state)
{
	(void)state;
	struct sample *s = sample_create(1, 19);
	struct ts_invoice_deposit deposits[] = {
		{0, "a", "NC-2026-0001", 1000}, {1, "b", "NC-2026-0002", 250}};
	struct ts_buf out;
	char rest[TS_DECIMAL_CHARS], row[256];
	ts_buf_init(&out, 64 * 1024);
	s->invoice.deposits = deposits;
	s->invoice.deposits_n = 2;
	assert_err(ts_invoice_csv(&s->invoice, false, &out), TS_E_INTERNAL); /* not summed */
	s->invoice.prepaid_minor = 1250;
	ts_buf_reset(&out);
	assert_ok(ts_invoice_csv(&s->invoice, false, &out));
	static const char *const rows[] = {",deposit,,,,,,,,,,,,,,,,,,,,,,,,10.00,NC-2026-0001,,",
		",deposit,,,,,,,,,,,,,,,,,,,,,,,,2.50,NC-2026-0002,,",
		",prepaid,,,,,,,,,,,,,,,,,,,,,,,,12.50,,,"};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_non_null(strstr(ts_buf_str(&out), rows[i]));
	snprintf(row, sizeof row, ",payable,,,,,,,,,,,,,,,,,,,,,,,,%s,,,",
		ts_money_format(s->invoice.total_minor - 1250, s->invoice.terms->currency, rest));
	assert_non_null(strstr(ts_buf_str(&out), row));
	ts_buf_free(&out);
	ts_region_free(s->region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_and_guards),
		cmocka_unit_test(exact_bytes),
		cmocka_unit_test(gaps_are_named),
		cmocka_unit_test(every_row_has_every_column),
		cmocka_unit_test(deposits_stand_behind_the_total),
		cmocka_unit_test(refuses_what_does_not_add_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
