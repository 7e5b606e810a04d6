/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/finding.h"
#include "support/test.h"
#include <stdio.h>
#include <string.h>

static void the_first_failure_is_kept(void **state)
{
	static struct ts_findings f;
	(void)state;
	memset(&f, 0, sizeof f);
	ts_finding_add(&f, TS_CHECK_ENTRIES, "journal.leaves", 7, "a\tb", "c\n\x1b[2J");
	ts_finding_add(&f, TS_CHECK_ENTRIES, "journal.leaves", 8, "x", "y");
	ts_finding_add(&f, TS_CHECK_BOOKS, "", -1, "x", "y");
	assert_int_equal(f.failed, 2);
	assert_int_equal(f.by_check[TS_CHECK_ENTRIES].failures, 2);
	assert_int_equal(f.by_check[TS_CHECK_ENTRIES].index, 7);
	/* nothing in a bundle may control a terminal */
	assert_string_equal(f.by_check[TS_CHECK_ENTRIES].expected, "a?b");
	assert_string_equal(f.by_check[TS_CHECK_ENTRIES].actual, "c??[2J");
	for (int i = 0; i < TS_EXCEPTIONS_MAX + 3; i++)
		ts_finding_except(&f, i, "seen");
	assert_int_equal(f.exceptions_n, TS_EXCEPTIONS_MAX + 3);
	assert_int_equal(f.failed, 2);
}

static void long_texts_are_cut(void **state)
{
	static struct ts_findings f;
	char text[1000];
	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	ts_finding_add(&f, TS_CHECK_MEMBERS, text, 0, text, text);
	assert_int_equal(strlen(f.by_check[TS_CHECK_MEMBERS].file), 103);
	assert_int_equal(strlen(f.by_check[TS_CHECK_MEMBERS].actual), TS_FINDING_TEXT_MAX - 1);
}

/* docs/formats/verify.md has a row per check, in this order, with these words. */
static void the_docs_name_every_check(void **state)
{
	static char page[65536], row[512];
	(void)state;
	FILE *file = fopen(TS_SOURCE_DIR "/docs/formats/verify.md", "r");
	assert_non_null(file);
	size_t n = fread(page, 1, sizeof page - 1, file);
	fclose(file);
	page[n] = '\0';
	const char *at = page;
	for (int c = 0; c < TS_CHECK_N; c++) {
		(void)snprintf(row, sizeof row, "\n| `%s` | %s |\n",
			ts_check_name((enum ts_check)c), ts_check_text((enum ts_check)c));
		const char *found = strstr(at, row);
		if (found == NULL)
			fail_msg("docs/formats/verify.md: no row%s", row);
		at = found + 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_failure_is_kept),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(the_docs_name_every_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
