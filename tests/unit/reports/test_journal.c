/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "reports/journal/journal.h"
#include "base/text.h"
#include <string.h>

#define DAY(y, m, d) ts_day_of_date((struct ts_date){y, m, d})

struct book {
	struct ts_region *region;
	struct ts_entry entries[3];
	struct ts_journal_row rows[3];
	struct ts_journal_measure measures[2];
	struct ts_journal journal;
	struct ts_buf out;
};

static struct ts_entry entry(int64_t id, enum ts_entry_kind kind, int32_t day,
	enum ts_account debit, enum ts_account credit, int64_t minor)
{
	struct ts_entry e = {.id = id,
		.book = TS_BOOK_PROVIDER,
		.kind = kind,
		.posted_us = INT64_C(1777939200123000),
		.effective_day = day,
		.service_month = kind == TS_ENTRY_ACCRUAL ? ts_month_of_day(day) : -1,
		.source_leaf = 41,
		.document = kind == TS_ENTRY_ACCRUAL ? NULL : "ORB-26-1",
		.legs = {{debit, true, minor}, {credit, false, minor}},
		.legs_n = 2};
	return e;
}

/* By id the later day comes first. */
static void book_make(struct book *b)
{
	memset(b, 0, sizeof *b);
	b->region = ts_region_create(1024 * 1024);
	ts_buf_init(&b->out, 256 * 1024);
	b->entries[0] = entry(8, TS_ENTRY_INVOICE, DAY(2026, 6, 4), TS_ACCOUNT_RECEIVABLE,
		TS_ACCOUNT_UNBILLED, 12350);
	b->entries[1] = entry(10, TS_ENTRY_ACCRUAL, DAY(2026, 5, 4), TS_ACCOUNT_UNBILLED,
		TS_ACCOUNT_REVENUE_USAGE, 2350);
	b->entries[2] = entry(12, TS_ENTRY_TAX, DAY(2026, 6, 4), TS_ACCOUNT_RECEIVABLE,
		TS_ACCOUNT_TAX_PAYABLE, 2347);
	for (size_t i = 0; i < 3; i++)
		b->rows[i] = (struct ts_journal_row){
			&b->entries[i], i == 1 ? "accrual of usage h100" : "of ORB-26-1", {{0}}};
	b->measures[0] = (struct ts_journal_measure){
		DAY(2026, 6, 4), "ORB-26-1", "gpu-h100", "H100 \"80 GB\"", "10.5", 12350};
	b->measures[1] = (struct ts_journal_measure){
		DAY(2026, 6, 4), "ORB-26-1", "4090", "RTX", "-2", -100};
	b->journal = (struct ts_journal){.contract = "5f0c9a3e7b1d4826a9e0c3f58d71b264",
		.book = TS_BOOK_PROVIDER,
		.company = "Orbit Compute LLC",
		.counterparty = "Atlas; Research | GmbH",
		.from_day = DAY(2026, 5, 1),
		.to_day = DAY(2026, 7, 1),
		.rows = b->rows,
		.rows_n = 3};
	b->journal.accounts[TS_ACCOUNT_UNBILLED] = (struct ts_journal_account){
		"1210.5", "Contract asset (unbilled)", 10000};
	b->journal.accounts[TS_ACCOUNT_REVENUE_USAGE].opening_minor = -10000;
	assert_ok(ts_currency_find(TS_STR("USD"), &b->journal.currency));
	ts_journal_order(&b->journal);
}

static void book_free(struct book *b)
{
	ts_buf_free(&b->out);
	ts_region_free(b->region);
}

static void has(struct book *b, const char *text)
{
	if (strstr(ts_buf_str(&b->out), text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, ts_buf_str(&b->out));
}

static void ordered_by_day(void **state)
{
	struct book b;
	(void)state;
	book_make(&b);
	assert_int_equal(b.rows[0].entry->id, 10);
	assert_int_equal(b.rows[1].entry->id, 8);
	assert_int_equal(b.rows[2].entry->id, 12);
	book_free(&b);
}

static void ledger(void **state)
{
	struct book b;
	(void)state;
	book_make(&b);
	b.journal.measures = b.measures;
	b.journal.measures_n = 2;
	assert_ok(ts_journal_ledger(&b.journal, b.region, &b.out));
	has(&b, "commodity USD\n    format 1000.000000 USD\n");
	has(&b, "commodity \"4090\"\n    format 1000.000000000 \"4090\"\n");
	has(&b, "account Assets:1210-5-Contract-asset-unbilled\n");
	has(&b, "payee Atlas- Research - GmbH\n");
	has(&b, "\n2026-05-01 * (5f0c9a3e-opening) Atlas- Research - GmbH\n");
	has(&b, "  100.00 USD = 100.00 USD\n");
	has(&b, "\n2026-05-04 * (5f0c9a3e-10) Atlas- Research - GmbH\n"
		"    ; note: accrual of usage h100\n    ; kind: accrual\n"
		"    ; posted: 2026-05-05T00:00:00.123Z\n    ; service-month: 2026-05\n"
		"    ; source-leaf: 41\n    ; journal-leaf: 10\n");
	has(&b, "23.50 USD = 123.50 USD\n");
	has(&b, "-123.50 USD = 0.00 USD\n");
	has(&b, "10.5 \"gpu-h100\" @@ 123.50 USD\n");
	has(&b, "-2 \"4090\" @@ 1.00 USD\n");
	book_free(&b);
}

static void beancount(void **state)
{
	struct book b;
	(void)state;
	book_make(&b);
	b.journal.measures = b.measures;
	b.journal.measures_n = 2;
	assert_ok(ts_journal_beancount(&b.journal, b.region, &b.out));
	has(&b, "option \"inferred_tolerance_multiplier\" \"0\"\n");
	has(&b, "2026-05-01 commodity GPU-H100\n  name: \"gpu-h100\"\n");
	has(&b, "2026-05-01 open Assets:1210-5-Contract-asset-unbilled USD\n");
	has(&b, "\n2026-06-04 * \"Atlas; Research | GmbH\" \"of ORB-26-1\" #invoice ^ORB-26-1\n");
	has(&b, "\"H100 \\\"80 GB\\\"\" #quantity ^ORB-26-1\n");
	has(&b, "-2 U4090 @@ 1.00 USD\n");
	has(&b, "2026-07-01 balance Assets:1200-Accounts-receivable ");
	has(&b, "146.97 ~ 0 USD\n");
	book_free(&b);
}

static void feed_asserts_nothing(void **state)
{
	struct book b;
	(void)state;
	book_make(&b);
	b.journal.feed = true;
	assert_ok(ts_journal_ledger(&b.journal, b.region, &b.out));
	assert_ok(ts_journal_beancount(&b.journal, b.region, &b.out));
	assert_null(strstr(ts_buf_str(&b.out), " = "));
	assert_null(strstr(ts_buf_str(&b.out), "opening) "));
	assert_null(strstr(ts_buf_str(&b.out), " balance Assets"));
	book_free(&b);
}

static void csv(void **state)
{
	struct book b;
	(void)state;
	book_make(&b);
	b.rows[0].narrative = "=cmd()";
	assert_ok(ts_journal_csv(&b.journal, false, &b.out));
	has(&b, "contract,book,entry,line,date,kind,account,title,role,debit,credit,");
	has(&b, "5f0c9a3e7b1d4826a9e0c3f58d71b264,provider,10,1,2026-05-04,accrual,1210.5,"
		"Contract asset (unbilled),unbilled,23.50,,USD,,2026-05,'=cmd(),");
	has(&b, ",8,2,2026-06-04,invoice,1210.5,Contract asset (unbilled),unbilled,,123.50,USD,"
		"ORB-26-1,,of ORB-26-1,");
	ts_buf_reset(&b.out);
	assert_ok(ts_journal_csv(&b.journal, true, &b.out));
	has(&b, ",=cmd(),");
	book_free(&b);
}

/* A chart may give two roles one account; two accounts never share a name by spelling alone. */
static void names_follow_the_chart(void **state)
{
	struct book b;
	const char *names[TS_ACCOUNT_N];
	(void)state;
	book_make(&b);
	struct ts_journal_account *chart = b.journal.accounts;
	chart[TS_ACCOUNT_REVENUE_USAGE].number = chart[TS_ACCOUNT_REVENUE_CAPACITY].number = "4";
	chart[TS_ACCOUNT_REVENUE_USAGE].title = chart[TS_ACCOUNT_REVENUE_CAPACITY].title = "Sales";
	chart[TS_ACCOUNT_REVENUE_CAPACITY].opening_minor = 1;
	chart[TS_ACCOUNT_RECEIVABLE].number = "1210-5";
	chart[TS_ACCOUNT_RECEIVABLE].title = "contract asset unbilled";
	chart[TS_ACCOUNT_TAX_PAYABLE].number = chart[TS_ACCOUNT_TAX_PAYABLE].title =
		"\xc3\xa4\xc3\xb6";
	assert_ok(ts_journal_names(&b.journal, b.region, names));
	assert_string_equal(names[TS_ACCOUNT_REVENUE_USAGE], "Income:4-Sales");
	assert_ptr_equal(names[TS_ACCOUNT_REVENUE_USAGE], names[TS_ACCOUNT_REVENUE_CAPACITY]);
	assert_string_equal(names[TS_ACCOUNT_RECEIVABLE], "Assets:1210-5-contract-asset-unbilled");
	assert_string_equal(names[TS_ACCOUNT_UNBILLED], "Assets:1210-5-Contract-asset-unbilled");
	assert_string_equal(names[TS_ACCOUNT_TAX_PAYABLE], "Liabilities:Tax-payable");
	assert_null(names[TS_ACCOUNT_PAYABLE]);
	int64_t balances[TS_ACCOUNT_N];
	assert_ok(ts_journal_openings(&b.journal, names, balances));
	assert_int_equal(balances[TS_ACCOUNT_REVENUE_USAGE], -9999);
	assert_int_equal(balances[TS_ACCOUNT_REVENUE_CAPACITY], 0);
	chart[TS_ACCOUNT_RECEIVABLE].title = "Contract asset -- unbilled";
	assert_ok(ts_journal_names(&b.journal, b.region, names));
	assert_string_not_equal(names[TS_ACCOUNT_RECEIVABLE], names[TS_ACCOUNT_UNBILLED]);
	book_free(&b);
}

/* Every account has a class that its side agrees with: a new one is met here. */
static void classes(void **state)
{
	(void)state;
	for (int a = 0; a < TS_ACCOUNT_N; a++) {
		const char *class = ts_journal_class((enum ts_account)a);
		if (strcmp(class, "Income") == 0)
			assert_int_equal(ts_account_defs[a].book, TS_BOOK_PROVIDER);
		if (strcmp(class, "Expenses") == 0)
			assert_int_equal(ts_account_defs[a].book, TS_BOOK_CONSUMER);
		if (strcmp(class, "Assets") == 0)
			assert_true(ts_account_defs[a].debit_normal);
		if (strcmp(class, "Liabilities") == 0)
			assert_false(ts_account_defs[a].debit_normal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordered_by_day),
		cmocka_unit_test(ledger),
		cmocka_unit_test(beancount),
		cmocka_unit_test(feed_asserts_nothing),
		cmocka_unit_test(csv),
		cmocka_unit_test(names_follow_the_chart),
		cmocka_unit_test(classes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
