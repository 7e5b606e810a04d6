/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's leaves, byte for byte as docs/formats/journal.md shows them. */
#include "book/entry.h"
#include "support/file.h"
#include "support/test.h"
#include <stdlib.h>
#include <string.h>

#define CONTRACT "5f0c9a3e7b1d4826a9e0c3f58d71b264"
#define ACCRUAL                                                                                    \
	"j1\t7\t" CONTRACT "\tprovider\taccrual\t1777939200123\t2026-05-04\t2026-05\t41\t"         \
	"v1/usage/2/1/0\t-\t-\n"                                                                   \
	"p\tunbilled\tD\tUSD\t2350\n"                                                              \
	"p\trevenue_usage\tC\tUSD\t2350"
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define TAX                                                                                        \
	"j1\t8\t" CONTRACT "\tconsumer\ttax\t1780272000000\t2026-06-04\t-\t52\t-\tORB-26-1\t" HASH \
	"\np\tinput_tax\tD\tKWD\t1\n"                                                              \
	"p\tpayable\tC\tKWD\t1"
#define ZEROS                                                                                      \
	"j1\t9\t" CONTRACT                                                                         \
	"\tprovider\tinvoice\t1783123200000\t2026-07-04\t-\t77\t-\tORB-26-2\t" HASH

static struct ts_entry accrual(void)
{
	return (struct ts_entry){.id = 7,
		.book = TS_BOOK_PROVIDER,
		.kind = TS_ENTRY_ACCRUAL,
		.posted_us = INT64_C(1777939200123999),
		.effective_day = ts_day_of_date((struct ts_date){2026, 5, 4}),
		.service_month = 2026 * 12 + 4,
		.source_leaf = 41,
		.has_line = true,
		.line = {1, TS_CHARGE_USAGE, 2, 1, 0},
		.legs = {{TS_ACCOUNT_UNBILLED, true, 2350},
			{TS_ACCOUNT_REVENUE_USAGE, false, 2350}},
		.legs_n = 2};
}

static void check_leaf(const struct ts_entry *entry, const char *currency, const char *expected)
{
	const struct ts_currency *cur = NULL;
	struct ts_buf buf;
	assert_ok(ts_currency_find(ts_str(currency), &cur));
	ts_buf_init(&buf, 65535);
	ts_entry_leaf(entry, CONTRACT, cur, &buf);
	assert_string_equal(ts_buf_str(&buf), expected);
	char *path = ts_source_path("docs/formats/journal.md");
	struct ts_file page = ts_file_read(path);
	assert_non_null(strstr(page.bytes, expected));
	ts_file_free(&page);
	free(path);
	ts_buf_free(&buf);
}

static void test_accrual_leaf(void **state)
{
	(void)state;
	struct ts_entry entry = accrual();
	check_leaf(&entry, "USD", ACCRUAL);
}

static void fill_hash(struct ts_entry *entry)
{
	for (size_t i = 0; i < TS_HASH_BYTES; i++)
		entry->document_hash.b[i] = (unsigned char)(i % 16 * 17);
}

static void test_document_leaf(void **state)
{
	(void)state;
	struct ts_entry entry = {.id = 8,
		.book = TS_BOOK_CONSUMER,
		.kind = TS_ENTRY_TAX,
		.posted_us = INT64_C(1780272000000000),
		.effective_day = ts_day_of_date((struct ts_date){2026, 6, 4}),
		.service_month = -1,
		.source_leaf = 52,
		.document = "ORB-26-1",
		.legs = {{TS_ACCOUNT_INPUT_TAX, true, 1}, {TS_ACCOUNT_PAYABLE, false, 1}},
		.legs_n = 2};
	fill_hash(&entry);
	check_leaf(&entry, "KWD", TAX);
}

static struct ts_entry zeros(void)
{
	struct ts_entry entry = {.id = 9,
		.book = TS_BOOK_PROVIDER,
		.kind = TS_ENTRY_INVOICE,
		.posted_us = INT64_C(1783123200000000),
		.effective_day = ts_day_of_date((struct ts_date){2026, 7, 4}),
		.service_month = -1,
		.source_leaf = 77,
		.document = "ORB-26-2"};
	fill_hash(&entry);
	return entry;
}

static void test_leaf_without_legs(void **state)
{
	(void)state;
	struct ts_entry entry = zeros();
	check_leaf(&entry, "USD", ZEROS);
}

/* Only a document's own entry may be without legs. */
static void test_who_may_have_no_legs(void **state)
{
	(void)state;
	struct ts_entry entry = zeros();
	assert_true(ts_entry_balanced(&entry));
	entry.kind = TS_ENTRY_CREDIT_NOTE;
	assert_true(ts_entry_balanced(&entry));
	entry.kind = TS_ENTRY_TAX;
	assert_false(ts_entry_balanced(&entry));
	entry = zeros();
	entry.document = NULL;
	assert_false(ts_entry_balanced(&entry));
	entry = zeros();
	entry.legs[0] = (struct ts_leg){TS_ACCOUNT_RECEIVABLE, true, 1};
	entry.legs_n = 1;
	assert_false(ts_entry_balanced(&entry));
}

static void test_balanced(void **state)
{
	(void)state;
	struct ts_entry entry = accrual();
	assert_true(ts_entry_balanced(&entry));
	entry.legs[1].amount_minor = 2349;
	assert_false(ts_entry_balanced(&entry));
	entry = accrual();
	entry.legs[1].account = TS_ACCOUNT_ACCRUED; /* of the other book */
	assert_false(ts_entry_balanced(&entry));
	entry = accrual();
	entry.legs[0].amount_minor = entry.legs[1].amount_minor = 0;
	assert_false(ts_entry_balanced(&entry));
	entry = accrual();
	entry.legs_n = 0;
	assert_false(ts_entry_balanced(&entry));
	entry = accrual(); /* INT64_MAX twice does not wrap */
	entry.legs[0].amount_minor = entry.legs[2].amount_minor = INT64_MAX;
	entry.legs[2] = (struct ts_leg){TS_ACCOUNT_UNBILLED, true, INT64_MAX};
	entry.legs_n = 3;
	assert_false(ts_entry_balanced(&entry));
}

static void test_line_order(void **state)
{
	(void)state;
	struct ts_line_key a = {1, TS_CHARGE_USAGE, 2, 1, 0}, b = a;
	assert_true(ts_line_key_eq(&a, &b));
	b.tier = 2;
	assert_false(ts_line_key_eq(&a, &b));
}

static void test_accounts(void **state)
{
	(void)state;
	for (int a = 0; a < TS_ACCOUNT_N; a++) {
		for (int b = 0; b < a; b++) {
			assert_string_not_equal(ts_account_defs[a].role, ts_account_defs[b].role);
			assert_false(
				ts_account_defs[a].book == ts_account_defs[b].book &&
				strcmp(ts_account_defs[a].number, ts_account_defs[b].number) == 0);
		}
	}
	for (size_t i = 0; i < TS_EQUALITIES_N; i++) {
		assert_int_equal(ts_account_defs[ts_equalities[i].a[0]].book, TS_BOOK_PROVIDER);
		assert_int_equal(ts_account_defs[ts_equalities[i].b[0]].book, TS_BOOK_CONSUMER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accrual_leaf),
		cmocka_unit_test(test_document_leaf),
		cmocka_unit_test(test_leaf_without_legs),
		cmocka_unit_test(test_who_may_have_no_legs),
		cmocka_unit_test(test_balanced),
		cmocka_unit_test(test_line_order),
		cmocka_unit_test(test_accounts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
