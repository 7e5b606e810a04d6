/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a ledger one by one: what events accept, what they post, what stays visible. */
#include "support/desk.h"

#define PAPER(from_currency, rest)                                                                 \
	"{'currency':" from_currency ",'term':{'from':'2026-05-01'},"                              \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'1'}]," rest                                    \
	",'late':{'usage_until_days':3,'late_usage_until_days':40}}"
#define PRICE(unit_price)                                                                          \
	"'prices':[{'id':'gpu','sku':'gpu','class':'od','model':'per_unit','unit_price':"          \
	"'" unit_price "','treatment':'t'}],'exclusions':[{'class':'maint','reason':'repair'}],"
#define STANDARD                                                                                   \
	"'tax':{'treatments':[{'id':'t','category':'S','jurisdiction':'DE','rate':'standard',"     \
	"'recoverable':true}],'rates':[{'rate':'standard','jurisdiction':'DE',"                    \
	"'from':'2026-01-01','percent':'19'}]}"
#define REVERSE                                                                                    \
	"'tax':{'treatments':[{'id':'t','category':'AE','jurisdiction':'DE',"                      \
	"'reason':'Reverse charge','reverse_percent':'19','recoverable':false}]}"
#define CENTS PAPER("'USD'", PRICE("0.01") STANDARD) /* one unit costs one cent */

static void desk_month(struct desk *d, int32_t period, const char *at, const char *day)
{
	desk_at(d, at);
	assert_ok(desk_cut(d, period, day));
	assert_ok(desk_issue(d, period));
}

static void check_entry(const struct ts_entry *e, enum ts_account debit, enum ts_account credit,
	int64_t amount, const char *day)
{
	assert_int_equal(e->legs_n, 2);
	assert_int_equal(e->legs[0].account, debit);
	assert_int_equal(e->legs[1].account, credit);
	assert_true(e->legs[0].debit && !e->legs[1].debit);
	assert_int_equal(e->legs[0].amount_minor, amount);
	assert_int_equal(e->legs[1].amount_minor, amount);
	assert_int_equal(e->effective_day, desk_day(day));
}

static void test_tick_accrues_both_books(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, CENTS);
	desk_at(&d, "2026-05-04");
	assert_ok(desk_cell(&d, "2026-05-03T23:45:00Z", "gpu", "od", 1000));
	assert_ok(desk_tick(&d, "2026-05-03"));
	assert_int_equal(d.out.n, 2);
	check_entry(&d.out.entries[0], TS_ACCOUNT_UNBILLED, TS_ACCOUNT_REVENUE_USAGE, 1000,
		"2026-05-03");
	check_entry(&d.out.entries[1], TS_ACCOUNT_EXPENSE_USAGE, TS_ACCOUNT_ACCRUED, 1000,
		"2026-05-03");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(d.out.entries[i].id, i);
		assert_int_equal(d.out.entries[i].service_month, 2026 * 12 + 4);
		assert_int_equal(d.out.entries[i].source_leaf, 1);
		assert_true(d.out.entries[i].has_line);
	}
	assert_ok(desk_cell(&d, "2026-05-03T23:45:00Z", "gpu", "od", -400)); /* reversed */
	assert_ok(desk_tick(&d, "2026-05-05"));
	assert_int_equal(d.out.n, 2);
	check_entry(&d.out.entries[0], TS_ACCOUNT_REVENUE_USAGE, TS_ACCOUNT_UNBILLED, 400,
		"2026-05-05");
	check_entry(
		&d.out.entries[1], TS_ACCOUNT_ACCRUED, TS_ACCOUNT_EXPENSE_USAGE, 400, "2026-05-05");
	assert_ok(desk_tick(&d, "2026-05-05")); /* nothing new */
	assert_int_equal(d.out.n, 0);
	desk_close(&d);
}

static void test_same_tick_twice(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, CENTS);
	desk_at(&d, "2026-05-04");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 1000));
	assert_ok(desk_tick(&d, "2026-05-03"));
	struct ts_ledger_head before = *ts_ledger_head(d.ledger);
	struct ts_ledger_event again = {1, 1, d.at_us, 0, 1, desk_day("2026-05-03"), 0};
	assert_err(ts_ledger_tick(d.ledger, &again, &d.out, &d.why), TS_E_CONFLICT);
	assert_int_equal(d.out.n, 0);
	assert_memory_equal(&before, ts_ledger_head(d.ledger), sizeof before);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 1000);
	assert_int_equal(ts_ledger_accrual(d.ledger, 0)->accrued_minor, 1000);
	again.serial = 3; /* and not before its turn */
	assert_err(ts_ledger_tick(d.ledger, &again, &d.out, &d.why), TS_E_CONFLICT);
	desk_close(&d);
}

static void test_nothing_goes_back(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, CENTS);
	desk_at(&d, "2026-05-04");
	d.leaf = 5;
	assert_ok(desk_tick(&d, "2026-05-03"));
	struct ts_ledger_event good = desk_event(&d, 2, desk_day("2026-05-03"));
	struct ts_ledger_event bad[6] = {good, good, good, good, good, good};
	bad[0].from--; /* N back */
	bad[1].from++; /* a leaf left out */
	bad[2].to = good.from - 1;
	bad[3].to = good.leaf + 1; /* beyond its own leaf */
	bad[4].day--;
	bad[5].at_us--;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(ts_ledger_tick(d.ledger, &bad[i], &d.out, &d.why), TS_E_INVALID);
	assert_ok(ts_ledger_tick(d.ledger, &good, &d.out, &d.why));
	desk_close(&d);
}

static void test_when_a_period_may_be_cut(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, CENTS);
	desk_at(&d, "2026-06-05");
	assert_err(desk_cut(&d, 0, "2026-05-30"), TS_E_INVALID); /* D before its last day */
	assert_err(desk_cut(&d, 1, "2026-06-30"), TS_E_CONFLICT); /* not its turn */
	desk_at(&d, "2026-06-03"); /* before June 1 + usage_until_days */
	assert_err(desk_cut(&d, 0, "2026-05-31"), TS_E_INVALID);
	desk_at(&d, "2026-06-04");
	assert_err(desk_issue(&d, 0), TS_E_CONFLICT); /* before the cut */
	assert_err(desk_cut(&d, -1, "2026-05-31"), TS_E_NOT_FOUND);
	assert_ok(desk_cut(&d, 0, "2026-05-31"));
	assert_err(desk_cut(&d, 0, "2026-05-31"), TS_E_CONFLICT); /* twice */
	desk_at(&d, "2026-07-10");
	assert_err(desk_cut(&d, 1, "2026-06-30"), TS_E_CONFLICT); /* document of May is missing */
	assert_ok(desk_issue(&d, 0));
	assert_err(desk_issue(&d, 0), TS_E_CONFLICT);
	assert_string_equal(desk_body(&d, 0), "conflict");
	assert_ok(desk_cut(&d, 1, "2026-06-30"));
	desk_close(&d);
}

static void test_waiting_cells(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, CENTS);
	desk_at(&d, "2026-05-04");
	assert_ok(desk_cell(&d, "2026-05-03T23:45:00Z", "gpu", "od", 1));
	assert_ok(desk_cell(&d, "2026-05-04T00:00:00Z", "gpu", "od", 20));
	assert_ok(desk_cell(&d, "2026-05-05T00:00:00Z", "gpu", "od", 300));
	assert_ok(desk_tick(&d, "2026-05-03"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 1);
	assert_ok(desk_cell(&d, "2026-05-05T00:00:00Z", "gpu", "od", -100));
	assert_err(desk_cell(&d, "2026-05-05T00:00:00Z", "gpu", "od", -201), TS_E_INVALID);
	desk_reload(&d);
	assert_ok(desk_tick(&d, "2026-05-04"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 21);
	assert_ok(desk_tick(&d, "2026-05-05"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 221);
	assert_int_equal(ts_ledger_measure(d.ledger, 0)->quantity, 221);
	desk_close(&d);
}

static void check_unbilled(struct desk *d, const char *reason, int64_t quantity)
{
	const struct ts_unbilled_row *row;
	for (size_t i = 0; (row = ts_ledger_unbilled(d->ledger, i)) != NULL; i++)
		if (strcmp(row->reason, reason) == 0) {
			assert_int_equal(row->quantity, quantity);
			return;
		}
	fail_msg("no row %s", reason);
}

static void test_what_is_not_billed_is_visible(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, CENTS);
	desk_at(&d, "2026-05-04");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "maint", 5));
	assert_ok(desk_cell(&d, "2026-05-03T10:15:00Z", "gpu", "maint", 6));
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "spot", 7));
	assert_ok(desk_cell(&d, "2026-04-30T23:45:00Z", "gpu", "od", 8));
	assert_ok(desk_tick(&d, "2026-05-03"));
	assert_int_equal(d.out.n, 0);
	check_unbilled(&d, "excluded", 11);
	check_unbilled(&d, "unpriced", 7);
	check_unbilled(&d, "outside_term", 8);
	desk_month(&d, 0, "2026-06-04", "2026-05-31");
	desk_at(&d, "2026-07-14"); /* 40 days after the cut: the last instant in time */
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 9));
	assert_ok(desk_tick(&d, "2026-07-13"));
	d.at_us++;
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 10));
	check_unbilled(&d, "late", 10);
	desk_reload(&d);
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 1));
	check_unbilled(&d, "late", 11);
	assert_int_equal(ts_ledger_measure(d.ledger, 0)->quantity, 9);
	desk_close(&d);
}

static void test_negative_measure_is_refused(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, CENTS);
	desk_at(&d, "2026-05-04");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 5));
	assert_ok(desk_tick(&d, "2026-05-03"));
	assert_err(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", -6), TS_E_INVALID);
	assert_string_equal(d.why.where, "gpu");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", -5));
	assert_ok(desk_tick(&d, "2026-05-03"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	desk_close(&d);
}

static void test_preview_is_what_is_issued(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, CENTS);
	desk_at(&d, "2026-06-04");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 500));
	assert_ok(desk_tick(&d, "2026-05-31"));
	struct ts_ledger_event cut = desk_event(&d, 1, desk_day("2026-05-31"));
	cut.to = cut.from; /* the same (N, D) as the tick */
	const char *preview = desk_body(&d, 0);
	assert_ok(ts_ledger_cut(d.ledger, &cut, &d.out, &d.why));
	assert_string_equal(preview, desk_body(&d, 0));
	d.leaf++;
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 70)); /* after the cut */
	assert_ok(desk_cell(&d, "2026-06-01T10:00:00Z", "gpu", "od", 900));
	assert_ok(desk_tick(&d, "2026-06-03"));
	assert_string_equal(preview, desk_body(&d, 0));
	/* The next preview waits for the document before it: it has its own lines only. */
	(void)desk_body(&d, 1);
	assert_int_equal(d.invoice->subtotal_minor, 900);
	assert_ok(desk_issue(&d, 0));
	const char *bytes = NULL;
	size_t len = 0;
	assert_ok(ts_invoice_body_json(d.invoice, d.region, &bytes, &len));
	assert_string_equal(preview, bytes);
	assert_int_equal(d.invoice->total_minor, 595);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_RECEIVABLE), 595);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 970);
	(void)desk_body(&d, 1);
	assert_int_equal(d.invoice->subtotal_minor, 970);
	desk_close(&d);
}

static void test_delta_in_the_next_document(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, CENTS);
	desk_at(&d, "2026-06-04");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 500));
	desk_month(&d, 0, "2026-06-04", "2026-05-31");
	assert_ok(desk_cell(&d, "2026-05-09T10:00:00Z", "gpu", "od", 70));
	assert_ok(desk_tick(&d, "2026-06-03"));
	/* Service month May, effective the first day that no cut has closed. */
	check_entry(
		&d.out.entries[0], TS_ACCOUNT_UNBILLED, TS_ACCOUNT_REVENUE_USAGE, 70, "2026-06-01");
	assert_int_equal(d.out.entries[0].service_month, 2026 * 12 + 4);
	desk_at(&d, "2026-07-04");
	assert_ok(desk_cell(&d, "2026-06-09T10:00:00Z", "gpu", "od", 1000));
	assert_ok(desk_cell(&d, "2026-05-09T10:00:00Z", "gpu", "od", 5));
	assert_ok(desk_cut(&d, 1, "2026-07-02"));
	assert_int_equal(d.out.n, 4);
	check_entry(&d.out.entries[0], TS_ACCOUNT_UNBILLED, TS_ACCOUNT_REVENUE_USAGE, 5,
		"2026-06-01"); /* of May: the cut's own targets stay in June */
	check_entry(&d.out.entries[2], TS_ACCOUNT_UNBILLED, TS_ACCOUNT_REVENUE_USAGE, 1000,
		"2026-06-30");
	assert_ok(desk_issue(&d, 1));
	const struct ts_invoice *i = d.invoice;
	assert_int_equal(i->kind, TS_DOCUMENT_INVOICE);
	assert_int_equal(i->lines_n, 3);
	assert_int_equal(i->lines[0].net_minor, 1000);
	assert_int_equal(i->lines[0].period, 1);
	assert_null(i->lines[0].adjusts);
	assert_true(i->lines[1].reversal && !i->lines[2].reversal);
	assert_int_equal(i->lines[1].net_minor, -500);
	assert_int_equal(i->lines[2].net_minor, 575);
	assert_int_equal(i->lines[1].base_quantity, -500);
	assert_int_equal(i->lines[2].base_quantity, 575);
	for (size_t k = 1; k < 3; k++) {
		assert_string_equal(i->lines[k].adjusts, "D1");
		assert_int_equal(i->lines[k].period, 0);
		assert_int_equal(i->lines[k].from_day, desk_day("2026-05-01"));
	}
	assert_int_equal(i->subtotal_minor, 1075);
	assert_int_equal(i->tax_minor, 204);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	assert_ok(ts_ledger_check(d.ledger, &d.why));
	desk_close(&d);
}

/* Takes back quantity of May in month after month; each cut has nothing else. */
static void credit(
	struct desk *d, int32_t period, const char *at, const char *day, int64_t quantity)
{
	desk_at(d, at);
	assert_ok(desk_cell(d, "2026-05-03T10:00:00Z", "gpu", "od", -quantity));
	desk_month(d, period, at, day);
	assert_int_equal(d->invoice->kind, TS_DOCUMENT_CREDIT_NOTE);
	assert_int_equal(d->invoice->subtotal_minor, quantity);
	assert_int_equal(d->invoice->lines[0].net_minor + d->invoice->lines[1].net_minor, quantity);
	assert_true(d->invoice->lines[0].net_minor > 0);
}

static void test_partial_credits_close_to_the_cent(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, "{'currency':'USD','term':{'from':'2026-05-01'},"
		      "'skus':[{'sku':'gpu','unit':'h','divisor':'1'}]," PRICE("0.01") STANDARD
		",'late':{'usage_until_days':0,'late_usage_until_days':365}}");
	desk_at(&d, "2026-06-01");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 10));
	desk_month(&d, 0, "2026-06-01", "2026-05-31");
	assert_int_equal(d.invoice->tax_minor, 2); /* 1.9 */
	static const struct {
		const char *at, *day;
		int64_t quantity, tax;
	} notes[] = {
		{"2026-07-01", "2026-06-30", 3, 1}, /* due on 7: 1.33 -> 1, so 1 comes back */
		{"2026-08-01", "2026-07-31", 3, 0}, /* due on 4: 0.76 -> 1 */
		{"2026-09-01", "2026-08-31", 4, 1}, /* due on 0: 0; round(4 x 19 %) would be 1 */
	};
	for (int i = 0; i < 3; i++) {
		credit(&d, i + 1, notes[i].at, notes[i].day, notes[i].quantity);
		assert_int_equal(d.invoice->tax_minor, notes[i].tax);
		desk_reload(&d);
	}
	for (int a = 0; a < TS_ACCOUNT_N; a++)
		assert_int_equal(desk_balance(&d, (enum ts_account)a), 0);
	desk_close(&d);
}

static void test_reverse_charge(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, "{'currency':'USD','term':{'from':'2026-05-01'},"
		      "'skus':[{'sku':'gpu','unit':'h','divisor':'1'}]," PRICE("0.01") REVERSE
		",'late':{'usage_until_days':0,'late_usage_until_days':365}}");
	desk_at(&d, "2026-06-01");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 10));
	desk_month(&d, 0, "2026-06-01", "2026-05-31");
	assert_int_equal(d.invoice->tax_minor, 0);
	assert_string_equal(d.invoice->taxes[0].reason, "Reverse charge");
	assert_int_equal(d.out.n, 3);
	check_entry(
		&d.out.entries[2], TS_ACCOUNT_EXPENSE_TAX, TS_ACCOUNT_OUTPUT_TAX, 2, "2026-06-01");
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_TAX_PAYABLE), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_PAYABLE), -10);
	credit(&d, 1, "2026-07-01", "2026-06-30", 3);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_OUTPUT_TAX), -1);
	credit(&d, 2, "2026-08-01", "2026-07-31", 3);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_OUTPUT_TAX), -1);
	desk_reload(&d);
	credit(&d, 3, "2026-09-01", "2026-08-31", 4);
	for (int a = 0; a < TS_ACCOUNT_N; a++)
		assert_int_equal(desk_balance(&d, (enum ts_account)a), 0);
	desk_close(&d);
}

/* The sign is that of the total with tax: here nothing net, but tax to give back. */
static void test_sign_is_that_of_the_total(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d,
		"{'currency':'USD','term':{'from':'2026-05-01'},'skus':["
		"{'sku':'gpu','unit':'h','divisor':'1'},{'sku':'net','unit':'h','divisor':'1'}],"
		"'prices':[{'id':'a','sku':'gpu','model':'per_unit','unit_price':'0.01',"
		"'treatment':'t'},{'id':'b','sku':'net','model':'per_unit','unit_price':'0.01',"
		"'treatment':'z'}],'tax':{'treatments':[{'id':'t','category':'S',"
		"'jurisdiction':'DE','rate':'standard','recoverable':true},{'id':'z','category':'Z'"
		",'recoverable':true,"
		"'jurisdiction':'DE'}],'rates':[{'rate':'standard','jurisdiction':'DE',"
		"'from':'2026-01-01','percent':'19'}]},"
		"'late':{'usage_until_days':0,'late_usage_until_days':99}}");
	desk_at(&d, "2026-06-01");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "-", 100));
	desk_month(&d, 0, "2026-06-01", "2026-05-31");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "-", -100));
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "net", "-", 100));
	desk_month(&d, 1, "2026-07-01", "2026-06-30");
	assert_int_equal(d.invoice->kind, TS_DOCUMENT_CREDIT_NOTE);
	assert_int_equal(d.invoice->subtotal_minor, 0);
	assert_int_equal(d.invoice->total_minor, 19);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_RECEIVABLE), 100);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_TAX_PAYABLE), 0);
	desk_close(&d);
}

static void test_currencies(void **state)
{
	(void)state;
	static const struct {
		const char *terms, *total;
		int64_t net, tax;
	} cases[] = {/* 7 units: 3.5 rounds away from zero in each currency's own digits */
		{PAPER("'JPY'", PRICE("0.5") STANDARD), "'total':'5'", 4, 1},
		{PAPER("'USD'", PRICE("0.5") STANDARD), "'total':'4.17'", 350, 67},
		{PAPER("'KWD'", PRICE("0.5") STANDARD), "'total':'4.165'", 3500, 665}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct desk d;
		desk_open(&d, cases[i].terms);
		desk_at(&d, "2026-06-04");
		assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 7));
		assert_ok(desk_cut(&d, 0, "2026-05-31"));
		char total[32];
		snprintf(total, sizeof total, "%s", cases[i].total);
		for (char *c = total; *c != '\0'; c++)
			*c = *c == '\'' ? '"' : *c;
		assert_non_null(strstr(desk_body(&d, 0), total));
		assert_ok(desk_issue(&d, 0));
		assert_int_equal(d.invoice->subtotal_minor, cases[i].net);
		assert_int_equal(d.invoice->tax_minor, cases[i].tax);
		desk_close(&d);
	}
}

/* After the term the calendar goes on: a last document carries what arrived late. */
static void test_after_termination(void **state)
{
	(void)state;
	struct desk d;
	struct ts_period period;
	desk_open(&d, "{'currency':'USD','term':{'from':'2026-05-01','to':'2026-05-20'},"
		      "'skus':[{'sku':'gpu','unit':'h','divisor':'1'}],'prices':[{'id':'gpu',"
		      "'sku':'gpu','class':'od','model':'graduated','tiers':[{'unit_price':'0.01',"
		      "'flat':'3'}],'treatment':'t'}]," STANDARD
		      ",'late':{'usage_until_days':0,'late_usage_until_days':40}}");
	desk_at(&d, "2026-05-20");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 10));
	desk_month(&d, 0, "2026-05-20", "2026-05-19");
	assert_int_equal(d.invoice->subtotal_minor, 310);
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 7));
	assert_ok(ts_ledger_period_get(d.ledger, 1, &period));
	assert_int_equal(period.first_day, desk_day("2026-06-01"));
	desk_at(&d, "2026-06-20");
	assert_ok(desk_tick(&d, "2026-06-19"));
	check_entry(
		&d.out.entries[0], TS_ACCOUNT_UNBILLED, TS_ACCOUNT_REVENUE_USAGE, 7, "2026-06-01");
	desk_reload(&d);
	desk_month(&d, 1, "2026-07-01", "2026-06-30");
	assert_int_equal(d.invoice->subtotal_minor, 7); /* no flat fee after the term */
	assert_int_equal(d.invoice->lines_n, 2);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	desk_close(&d);
}

/* Late usage that fills what the minimum had charged costs nothing more: the document shows both
 * lines restated and nothing to pay. */
static void test_true_up_becomes_usage(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, PAPER("'USD'", PRICE("0.01") STANDARD
			      ",'minimums':[{'id':'floor','schedule':[{'from':'2026-05-01',"
			      "'to':'2026-06-01','amount':'10'}],'treatment':'t'}]"));
	desk_at(&d, "2026-06-04");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 600));
	assert_ok(desk_tick(&d, "2026-05-30"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 600); /* not before the last day */
	desk_month(&d, 0, "2026-06-04", "2026-05-31");
	assert_int_equal(d.invoice->subtotal_minor, 1000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_SHORTFALL), -400);
	assert_ok(desk_cell(&d, "2026-05-09T10:00:00Z", "gpu", "od", 100));
	desk_month(&d, 1, "2026-07-04", "2026-06-30");
	static const int64_t nets[] = {-600, 700, -400, 300};
	assert_int_equal(d.invoice->lines_n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(d.invoice->lines[i].net_minor, nets[i]);
	assert_int_equal(d.invoice->kind, TS_DOCUMENT_INVOICE);
	assert_int_equal(d.invoice->total_minor, 0);
	assert_int_equal(d.out.n, 2); /* they name the document, no more */
	assert_int_equal(d.out.entries[0].legs_n + d.out.entries[1].legs_n, 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_SHORTFALL), -300);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_USAGE), -700);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tick_accrues_both_books),
		cmocka_unit_test(test_same_tick_twice),
		cmocka_unit_test(test_nothing_goes_back),
		cmocka_unit_test(test_when_a_period_may_be_cut),
		cmocka_unit_test(test_waiting_cells),
		cmocka_unit_test(test_what_is_not_billed_is_visible),
		cmocka_unit_test(test_negative_measure_is_refused),
		cmocka_unit_test(test_preview_is_what_is_issued),
		cmocka_unit_test(test_delta_in_the_next_document),
		cmocka_unit_test(test_partial_credits_close_to_the_cent),
		cmocka_unit_test(test_reverse_charge),
		cmocka_unit_test(test_sign_is_that_of_the_total),
		cmocka_unit_test(test_currencies),
		cmocka_unit_test(test_after_termination),
		cmocka_unit_test(test_true_up_becomes_usage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
