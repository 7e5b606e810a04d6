/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "reports/table.h"
#include <string.h>

static const struct ts_table_column columns[] = {
	{"Name", TS_ALIGN_LEFT, 8},
	{"Amount", TS_ALIGN_RIGHT, 0},
	{"Note", TS_ALIGN_LEFT, 0},
};

static void aligns_by_terminal_cells(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(64 * 1024);
	struct ts_table *table = ts_table_create(region, columns, 3);
	struct ts_buf out;
	ts_buf_init(&out, 4096);
	ts_table_row(table, (const char *[]){"\u682a\u5f0f", "1.00", "wide"});
	ts_table_row(table, (const char *[]){"e\u0301t\u00e9", "1,000.00", NULL});
	ts_table_row(table, (const char *[]){"a long name", "20.00", "cut"});
	ts_table_rule(table);
	ts_table_row(table, (const char *[]){"", "1,021.00", ""});
	assert_ok(ts_table_write(table, &out));
	assert_string_equal(ts_buf_str(&out), "Name        Amount  Note\n"
					      "\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500  "
					      "\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500  "
					      "\u2500\u2500\u2500\u2500\n"
					      "\u682a\u5f0f          1.00  wide\n"
					      "e\u0301t\u00e9       1,000.00\n"
					      "a long \u2026     20.00  cut\n"
					      "\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500  "
					      "\u2500\u2500\u2500\u2500\u2500\u2500\u2500\u2500  "
					      "\u2500\u2500\u2500\u2500\n"
					      "          1,021.00\n");
	ts_buf_free(&out);
	ts_region_free(region);
}

static void data_cannot_steer_a_terminal(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(64 * 1024);
	struct ts_table *table = ts_table_create(region, columns, 3);
	struct ts_buf out;
	ts_buf_init(&out, 4096);
	ts_table_row(table, (const char *[]){"\x1b[2J", "a\nb", "\xff\u202e\xc2\x9b"});
	assert_ok(ts_table_write(table, &out));
	assert_non_null(strstr(ts_buf_str(&out), "\ufffd[2J     a\ufffdb  \ufffd\ufffd\ufffd\n"));
	ts_buf_free(&out);
	ts_region_free(region);
}

static void lack_of_memory_sticks(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(2048);
	struct ts_table *table = ts_table_create(region, columns, 3);
	struct ts_buf out;
	assert_non_null(table);
	ts_buf_init(&out, 4096);
	for (int i = 0; i < 100; i++)
		ts_table_row(table, (const char *[]){"a", "b", "c"});
	assert_err(ts_table_write(table, &out), TS_E_NO_MEMORY);
	ts_buf_free(&out);
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns_by_terminal_cells),
		cmocka_unit_test(data_cannot_steer_a_terminal),
		cmocka_unit_test(lack_of_memory_sticks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
