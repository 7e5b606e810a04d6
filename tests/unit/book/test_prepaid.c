/* SPDX-License-Identifier: Apache-2.0 */
/* Prepayments in the books: invoiced, paid, drawn before tax or after it, rolled over, lapsed, paid
 * back; what late usage and amendments move. One unit of gpu costs one cent. */
#include "support/desk.h"

#define TERMS_OF(version, prepayments, more)                                                       \
	"{'version':" version ",'currency':'EUR','term':{'from':'2026-05-01','to':'2026-11-01'},"  \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'1'},{'sku':'net','unit':'GB','divisor':'1'}"   \
	"],'prices':[{'id':'gpu','section':'Compute','sku':'gpu','class':'od',"                    \
	"'model':'per_unit','unit_price':'0.01','treatment':'t'},{'id':'net','section':'Network'," \
	"'sku':'net','class':'od','model':'per_unit','unit_price':'0.01','treatment':'t'}],"       \
	"'tax':{'treatments':[{'id':'t','category':'S','jurisdiction':'DE','rate':'n',"            \
	"'recoverable':true},{'id':'o','category':'O','jurisdiction':'DE','reason':'Deposit',"     \
	"'recoverable':false}],'rates':[{'rate':'n','jurisdiction':'DE','from':'2026-01-01',"      \
	"'percent':'19'},{'rate':'n','jurisdiction':'DE','from':'2026-07-01','percent':'20'}]},"   \
	"'prepayments':[" prepayments "]" more                                                     \
	",'late':{'usage_until_days':0,'late_usage_until_days':60}}"
#define TERMS(prepayments) TERMS_OF("1", prepayments, "")
#define TAXED(id, amount, rest)                                                                    \
	"{'id':'" id "','amount':'" amount "','invoice_day':'2026-05-01','tax':'taxed',"           \
	"'treatment':'t'," rest "}"
#define DEPOSIT(id, amount, rest)                                                                  \
	"{'id':'" id "','amount':'" amount "','invoice_day':'2026-05-01','tax':'deposit',"         \
	"'treatment':'o'," rest "}"
#define ON_ISSUE "'drawable':'on_issue'"
#define WHEN_PAID "'drawable':'when_paid'"

static void first_tick(struct desk *d)
{
	d->leaf = 1;
	desk_at(d, "2026-05-01");
	desk_at(d, "2026-04-30");
	assert_ok(desk_tick(d, "2026-04-29"));
}

static void month(struct desk *d, int32_t period, const char *at, const char *last)
{
	desk_at(d, at);
	assert_ok(desk_cut(d, period, last));
	desk_reload(d); /* what a cut fixes is in the rows */
	const char *preview = desk_body(d, period);
	assert_ok(desk_issue(d, period));
	const char *bytes = NULL;
	size_t len = 0;
	assert_ok(ts_invoice_body_json(d->invoice, d->region, &bytes, &len));
	assert_string_equal(preview, bytes);
	desk_reload(d);
}

static void check_drawn(struct desk *d, const char *id, int64_t drawn, int64_t lapsed, int64_t left)
{
	struct ts_ledger_prepayment p;
	int32_t item = 0;
	assert_ok(ts_ledger_prepayment_find(d->ledger, ts_str(id), &item, &d->why));
	assert_ok(ts_ledger_prepayment_get(d->ledger, item, &p));
	assert_int_equal(p.drawn_minor, drawn);
	assert_int_equal(p.lapsed_minor, lapsed);
	assert_int_equal(p.left_minor, left);
}

static void test_its_invoice(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(TAXED("p", "1000.00", ON_ISSUE)));
	d.leaf = 1;
	desk_at(&d, "2026-05-01");
	assert_err(desk_prepay(&d, "p"), TS_E_CONFLICT); /* the ledger has not begun */
	first_tick(&d);
	assert_err(desk_prepay(&d, "p"), TS_E_CONFLICT); /* before its day */
	desk_at(&d, "2026-05-01");
	assert_err(desk_prepay(&d, "q"), TS_E_NOT_FOUND);
	assert_ok(desk_prepay(&d, "p"));
	assert_int_equal(d.invoice->kind, TS_DOCUMENT_PREPAYMENT);
	assert_int_equal(d.invoice->subtotal_minor, 100000);
	assert_int_equal(d.invoice->tax_minor, 19000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_RECEIVABLE), 119000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY), -100000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_TAX_PAYABLE), -19000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_PREPAID), 100000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_INPUT_TAX), 19000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_PAYABLE), -119000);
	assert_err(desk_prepay(&d, "p"), TS_E_CONFLICT); /* twice */
	desk_reload(&d);
	desk_close(&d);
}

/* The documents' tax is on what the prepayment, taxed before, leaves of them. */
static void test_drawn_before_tax(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(TAXED("p", "10.00", ON_ISSUE)));
	first_tick(&d);
	desk_at(&d, "2026-05-01");
	assert_ok(desk_prepay(&d, "p"));
	desk_at(&d, "2026-05-20");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 600));
	assert_ok(desk_tick(&d, "2026-05-19"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY), -400);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_USAGE), -600);
	month(&d, 0, "2026-06-02", "2026-05-31");
	assert_int_equal(d.invoice->lines_n, 2);
	assert_int_equal(d.invoice->lines[1].kind, TS_CHARGE_DRAWDOWN);
	assert_int_equal(d.invoice->lines[1].net_minor, -600);
	assert_string_equal(d.invoice->lines[1].prepayment, "D1");
	assert_int_equal(d.invoice->total_minor, 0);
	assert_ok(desk_cell(&d, "2026-06-03T10:00:00Z", "gpu", "od", 1000));
	month(&d, 1, "2026-07-02", "2026-06-30");
	assert_int_equal(d.invoice->subtotal_minor, 600); /* 1000 less the 400 that were left */
	assert_int_equal(d.invoice->tax_minor, 114);
	check_drawn(&d, "p", 1000, 0, 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	desk_close(&d);
}

/* The rate has changed since: what was prepaid bears the one that its invoice bore. */
static void test_under_its_own_rate(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(TAXED("p", "10.00", ON_ISSUE)));
	first_tick(&d);
	desk_at(&d, "2026-05-01");
	assert_ok(desk_prepay(&d, "p"));
	for (int32_t i = 0; i < 2; i++)
		month(&d, i, i == 0 ? "2026-06-02" : "2026-07-02",
			i == 0 ? "2026-05-31" : "2026-06-30");
	assert_ok(desk_cell(&d, "2026-07-03T10:00:00Z", "gpu", "od", 3000));
	month(&d, 2, "2026-08-02", "2026-07-31");
	assert_int_equal(d.invoice->taxes_n, 2);
	assert_int_equal(d.invoice->taxes[0].tax_minor, 600);
	assert_int_equal(d.invoice->taxes[1].net_minor, -1000);
	assert_int_equal(d.invoice->taxes[1].tax_minor, -190);
	assert_int_equal(d.invoice->total_minor, 2410);
	desk_close(&d);
}

static void test_drawable_when_paid(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(TAXED("p", "10.00", WHEN_PAID)));
	first_tick(&d);
	desk_at(&d, "2026-05-01");
	assert_ok(desk_prepay(&d, "p"));
	desk_at(&d, "2026-05-20");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 600));
	assert_ok(desk_cash(&d, false, "D1", 1000, "2026-05-10")); /* the tax is open still */
	assert_ok(desk_tick(&d, "2026-05-19"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CASH), 1000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_BANK), -1000);
	assert_int_equal(d.out.entries[0].source_leaf, d.leaf - 2); /* the payment's */
	check_drawn(&d, "p", 0, 0, 1000);
	assert_err(desk_cash_as(&d, true, false, "D1", 191, "2026-05-21"),
		TS_E_CONFLICT); /* too much */
	assert_err(desk_cash_as(&d, true, false, "D7", 1, "2026-05-21"), TS_E_NOT_FOUND);
	assert_err(desk_cash_as(&d, true, false, "D1", 0, "2026-05-21"), TS_E_INVALID);
	assert_ok(desk_tick(&d, "2026-05-21")); /* none of the three had an effect */
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CASH), 1000);
	month(&d, 0, "2026-06-02", "2026-05-31");
	assert_int_equal(d.invoice->subtotal_minor, 600);
	assert_ok(desk_cash(&d, false, "D1", 190, "2026-06-03"));
	assert_ok(desk_cell(&d, "2026-06-03T10:00:00Z", "gpu", "od", 700));
	desk_at(&d, "2026-06-04");
	assert_ok(desk_tick(&d, "2026-06-03"));
	check_drawn(&d, "p", 700, 0, 300); /* nothing of May, which was cut before */
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_RECEIVABLE), 714);
	desk_reload(&d);
	desk_close(&d);
}

static void test_order_of_drawing(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(TAXED("last", "10.00", ON_ISSUE ",'priority':90") "," TAXED(
			      "late", "10.00", ON_ISSUE ",'expires':'2026-09-01'") "," TAXED("soon",
			      "10.00", ON_ISSUE ",'expires':'2026-08-01'") "," TAXED("net", "10.00",
			      ON_ISSUE ",'priority':1,'on':{'sections':['Network']}")));
	first_tick(&d);
	desk_at(&d, "2026-05-02");
	assert_ok(desk_prepay(&d, "late"));
	assert_ok(desk_prepay(&d, "net"));
	assert_ok(desk_prepay(&d, "last"));
	assert_ok(desk_prepay(&d, "soon"));
	assert_ok(desk_cell(&d, "2026-05-02T10:00:00Z", "gpu", "od", 2300));
	assert_ok(desk_cell(&d, "2026-05-02T10:00:00Z", "net", "od", 1200));
	desk_at(&d, "2026-05-03");
	assert_ok(desk_tick(&d, "2026-05-02"));
	check_drawn(&d, "net", 1000, 0, 0); /* by the network alone */
	check_drawn(&d, "soon", 1000, 0, 0);
	check_drawn(&d, "late", 1000, 0, 0);
	check_drawn(&d, "last", 500, 0, 500);
	desk_reload(&d);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	desk_close(&d);
}

/* Late usage draws more in its own period, so a later one drew too much: the next document says
 * both, and they come to nothing. */
static void test_late_usage_moves_what_was_drawn(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(TAXED("p", "10.00", ON_ISSUE)));
	first_tick(&d);
	desk_at(&d, "2026-05-01");
	assert_ok(desk_prepay(&d, "p"));
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 600));
	month(&d, 0, "2026-06-02", "2026-05-31");
	assert_ok(desk_cell(&d, "2026-06-03T10:00:00Z", "gpu", "od", 600));
	month(&d, 1, "2026-07-02", "2026-06-30");
	assert_int_equal(d.invoice->subtotal_minor, 200);
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 300)); /* late */
	month(&d, 2, "2026-08-02", "2026-07-31");
	check_drawn(&d, "p", 1000, 0, 0);
	assert_int_equal(d.invoice->subtotal_minor, 300); /* +300 of May, -300 and +300 drawn */
	int64_t drawn = 0;
	for (size_t i = 0; i < d.invoice->lines_n; i++)
		if (d.invoice->lines[i].kind == TS_CHARGE_DRAWDOWN)
			drawn += d.invoice->lines[i].net_minor;
	assert_int_equal(drawn, 0);
	assert_int_equal(d.invoice->tax_minor, 57);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	desk_close(&d);
}

/* A document of zero behind the deposit, and the rest of it. */
static void test_deposit(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(DEPOSIT("p", "10.00", WHEN_PAID)));
	first_tick(&d);
	desk_at(&d, "2026-05-01");
	assert_ok(desk_prepay(&d, "p"));
	assert_int_equal(d.invoice->tax_minor, 0);
	assert_ok(desk_cash(&d, false, "D1", 1000, "2026-05-02"));
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 600));
	month(&d, 0, "2026-06-02", "2026-05-31");
	assert_int_equal(d.invoice->total_minor, 714);
	assert_int_equal(d.invoice->prepaid_minor, 714);
	assert_string_equal(d.invoice->deposits[0].number, "D1");
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_RECEIVABLE), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY), -286);
	assert_int_equal(d.out.entries[d.out.n - 1].kind, TS_ENTRY_DRAWDOWN);
	assert_ok(desk_cell(&d, "2026-06-03T10:00:00Z", "gpu", "od", 600));
	desk_at(&d, "2026-07-02");
	assert_ok(desk_tick(&d, "2026-06-30"));
	const char *preview = desk_body(&d, 1);
	struct ts_ledger_event cut = desk_event(
		&d, ts_ledger_head(d.ledger)->cut_serial, desk_day("2026-06-30"));
	cut.to = cut.from; /* the same (N, D) as the tick */
	cut.period = 1;
	assert_ok(ts_ledger_cut(d.ledger, &cut, &d.out, &d.why));
	d.leaf++;
	check_drawn(&d, "p", 1000, 0, 0); /* what a cut has fixed is gone already */
	assert_err(desk_cash(&d, true, "p", 1, "2026-07-02"), TS_E_CONFLICT);
	assert_string_equal(preview, desk_body(&d, 1));
	assert_ok(desk_issue(&d, 1));
	assert_int_equal(d.invoice->prepaid_minor, 286);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_RECEIVABLE), 714 - 286);
	desk_reload(&d);
	desk_close(&d);
}

/* The worked example of terms.md. */
static void test_lapse_and_rollover(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(TAXED("p", "10.00",
			      ON_ISSUE ",'expires':'2026-07-01','rollover':{'fraction':'0.5',"
				       "'to':'2026-08-01'}")));
	first_tick(&d);
	desk_at(&d, "2026-05-01");
	assert_ok(desk_prepay(&d, "p"));
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 300));
	month(&d, 0, "2026-06-02", "2026-05-31");
	assert_ok(desk_cell(&d, "2026-06-03T10:00:00Z", "gpu", "od", 99));
	desk_at(&d, "2026-07-02");
	assert_ok(desk_tick(&d, "2026-07-01"));
	check_drawn(&d, "p", 399, 0, 601); /* June is not cut yet */
	month(&d, 1, "2026-07-03", "2026-07-01");
	assert_ok(desk_tick(&d, "2026-07-02"));
	check_drawn(&d, "p", 399, 301, 300); /* half of 601, rounded down, goes on */
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_BREAKAGE), -301);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_EXPENSE_UNUSED), 301);
	assert_int_equal(d.out.entries[0].effective_day, desk_day("2026-07-01"));
	assert_ok(desk_cell(&d, "2026-07-03T10:00:00Z", "gpu", "od", 120));
	assert_ok(desk_cell(&d, "2026-06-03T10:00:00Z", "gpu", "od", 101)); /* late */
	month(&d, 2, "2026-08-03", "2026-07-31");
	check_drawn(&d, "p", 620, 250, 130); /* of 500, half: 250; less 120 */
	assert_ok(desk_tick(&d, "2026-08-02"));
	check_drawn(&d, "p", 620, 380, 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_BREAKAGE), -380);
	desk_reload(&d);
	desk_close(&d);
}

/* All of it is drawn in time: what a replay has in memory is what is stored, no row of nothing. */
static void test_nothing_lapses(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(TAXED("p", "3.00",
			      ON_ISSUE ",'expires':'2026-06-01','rollover':{'fraction':'0.5',"
				       "'to':'2026-07-01'}")));
	first_tick(&d);
	desk_at(&d, "2026-05-01");
	assert_ok(desk_prepay(&d, "p"));
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 300));
	month(&d, 0, "2026-06-02", "2026-05-31");
	month(&d, 1, "2026-07-02", "2026-06-30");
	assert_ok(desk_tick(&d, "2026-07-01"));
	check_drawn(&d, "p", 300, 0, 0);
	const struct ts_accrual_row *row = NULL;
	for (size_t i = 0; (row = ts_ledger_accrual(d.ledger, i)) != NULL; i++)
		assert_true(row->line.kind != TS_CHARGE_BREAKAGE);
	desk_close(&d);
}

static void test_refund(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(TAXED("p", "10.00", ON_ISSUE)));
	first_tick(&d);
	desk_at(&d, "2026-05-01");
	assert_ok(desk_prepay(&d, "p"));
	assert_err(desk_cash(&d, true, "p", 100, "2026-05-01"), TS_E_CONFLICT); /* unpaid */
	assert_ok(desk_cash(&d, false, "D1", 1190, "2026-05-02"));
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 333));
	desk_at(&d, "2026-05-04");
	assert_ok(desk_tick(&d, "2026-05-03"));
	assert_err(desk_cash(&d, true, "p", 668, "2026-05-04"), TS_E_CONFLICT);
	assert_ok(desk_cash(&d, true, "p", 334, "2026-05-04"));
	assert_ok(desk_tick(&d, "2026-05-04"));
	check_drawn(&d, "p", 333, 0, 333);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CASH), 1190 - 334 - 63); /* 190 - 127 */
	assert_ok(desk_cash(&d, true, "p", 333, "2026-05-05"));
	desk_at(&d, "2026-05-06");
	assert_ok(desk_tick(&d, "2026-05-05"));
	check_drawn(&d, "p", 333, 0, 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_TAX_PAYABLE), -63); /* of what stays */
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_INPUT_TAX), 63);
	desk_reload(&d);
	desk_close(&d);
}

/* An amendment moves the day: what lapsed is taken back, and drawn again. */
static void test_amended_expiry(void **state)
{
	(void)state;
	struct desk d;
	struct ts_ledger_version versions[2];
	struct ts_region *region = ts_region_create(DESK_REGION_BYTES);
	assert_non_null(region);
	versions[0] = ts_ledger_first_version(
		desk_terms(region, TERMS(TAXED("p", "10.00", ON_ISSUE ",'expires':'2026-06-01'"))));
	versions[1] = ts_ledger_first_version(desk_terms(region,
		TERMS_OF("2", TAXED("p", "10.00", ON_ISSUE ",'expires':'2026-09-01'"), "")));
	desk_begin_versions(&d, region, versions, 1);
	first_tick(&d);
	desk_at(&d, "2026-05-01");
	assert_ok(desk_prepay(&d, "p"));
	month(&d, 0, "2026-06-02", "2026-05-31");
	assert_ok(desk_tick(&d, "2026-06-01"));
	check_drawn(&d, "p", 0, 1000, 0);
	versions[1].leaf = d.leaf++;
	d.versions_n = 2;
	desk_reload(&d);
	struct ts_ledger_amendment amendment;
	struct ts_ledger_event event = desk_event(&d, 0, desk_day("2026-06-02"));
	ts_ledger_amends(d.ledger, &event, NULL, 0, &amendment);
	assert_ok(ts_ledger_rematch(d.ledger, &event, &amendment, NULL, 0, &d.why));
	assert_ok(desk_cell(&d, "2026-06-01T10:00:00Z", "gpu", "od", 700));
	assert_ok(desk_tick(&d, "2026-06-02"));
	check_drawn(&d, "p", 700, 0, 300);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_BREAKAGE), 0);
	desk_reload(&d);
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_its_invoice),
		cmocka_unit_test(test_drawn_before_tax),
		cmocka_unit_test(test_under_its_own_rate),
		cmocka_unit_test(test_drawable_when_paid),
		cmocka_unit_test(test_order_of_drawing),
		cmocka_unit_test(test_late_usage_moves_what_was_drawn),
		cmocka_unit_test(test_deposit),
		cmocka_unit_test(test_lapse_and_rollover),
		cmocka_unit_test(test_nothing_lapses),
		cmocka_unit_test(test_refund),
		cmocka_unit_test(test_amended_expiry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
