/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "reports/xlsx/csv_fields.h"
#include "reports/xlsx/xlsx.h"
#include <string.h>

static const char csv[] = "date,title,debit,credit\r\n"
			  "2026-05-04,\"Sales, \"\"all\"\"\",23.50,\r\n"
			  "2026-05-05,'=cmd(),,-1.25\r\n"
			  "2026-05-06,long,1234567890123456.78,\r\n";

static void fields_are_read_back(void **state)
{
	static const char *const want[] = {"date", "title", "debit", "credit", "|", "2026-05-04",
		"Sales, \"all\"", "23.50", "", "|", "2026-05-05", "'=cmd()", "", "-1.25", "|",
		"2026-05-06", "long", "1234567890123456.78", "", "|"};
	struct ts_region *region = ts_region_create(64 * 1024);
	struct ts_csv_fields in = {.rest = ts_str(csv)};
	size_t n = 0;
	const char *text = NULL;
	(void)state;
	while (ts_csv_fields_row(&in)) {
		while (ts_csv_fields_next(&in, region, &text))
			assert_string_equal(text, want[n++]);
		assert_string_equal("|", want[n++]);
	}
	assert_ok(in.err);
	assert_int_equal(n, sizeof want / sizeof want[0]);
	ts_region_free(region);
}

static void make(const char *rows, struct ts_buf *out)
{
	struct ts_region *region = ts_region_create(1024 * 1024);
	struct ts_why why = {"", ""};
	const struct ts_xlsx_sheet sheet = {"Journal", ts_str(rows), true};
	struct ts_xlsx book = {.title = "5f",
		.company = "Orbit",
		.created_us = INT64_C(1777939200000000),
		.sheets = &sheet,
		.sheets_n = 1};
	assert_ok(ts_currency_find(TS_STR("USD"), &book.currency));
	ts_buf_init(out, 1u << 20);
	assert_ok(ts_xlsx_write(&book, region, out, &why));
	ts_region_free(region);
}

/* What is in the cells is checked where a reader is at hand (e2e.journal). */
static void the_same_bytes_again(void **state)
{
	struct ts_buf a, b;
	(void)state;
	make(csv, &a);
	make(csv, &b);
	assert_true(a.len > 1000);
	assert_memory_equal(a.data, "PK\3\4", 4);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	ts_buf_free(&a);
	ts_buf_free(&b);
	make("date,debit\r\n", &a); /* nothing to sum */
	assert_memory_equal(a.data, "PK\3\4", 4);
	ts_buf_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read_back),
		cmocka_unit_test(the_same_bytes_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
