/* SPDX-License-Identifier: Apache-2.0 */
/* Fees that are billed on another plan than they are accrued: in advance, by installments; what a
 * notice and the end of the term do to them. */
#include "support/desk.h"

#define TERMS(fee, more)                                                                           \
	"{'currency':'USD','term':{'from':'2026-05-01','to':'2026-09-01'},"                        \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'1'}],"                                         \
	"'prices':[{'id':'gpu','sku':'gpu','model':'per_unit','unit_price':'0.01'}],"              \
	"'fees':[{'id':'capacity'," fee "}]," more                                                 \
	"'late':{'usage_until_days':0,'late_usage_until_days':60}}"
#define RAMP                                                                                       \
	"'schedule':[{'from':'2026-05-01','to':'2026-07-01','amount':'100.00'},"                   \
	"{'from':'2026-07-01','amount':'300.00'}]"

static const char *const ends[] = {"2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31"};
static const char *const dates[] = {"2026-06-02", "2026-07-02", "2026-08-02", "2026-09-02"};

static void month(struct desk *d, int32_t period)
{
	desk_at(d, dates[period]);
	assert_ok(desk_cut(d, period, ends[period]));
	desk_reload(d);
	const char *preview = desk_body(d, period);
	assert_ok(desk_issue(d, period));
	const char *bytes = NULL;
	size_t len = 0;
	assert_ok(ts_invoice_body_json(d->invoice, d->region, &bytes, &len));
	assert_string_equal(preview, bytes);
	desk_reload(d);
}

static void check(struct desk *d, int64_t billed, int64_t unbilled, int64_t liability)
{
	assert_int_equal(d->invoice->kind == TS_DOCUMENT_CREDIT_NOTE ? -d->invoice->subtotal_minor
								     : d->invoice->subtotal_minor,
		billed);
	assert_int_equal(desk_balance(d, TS_ACCOUNT_UNBILLED), unbilled);
	assert_int_equal(desk_balance(d, TS_ACCOUNT_CONTRACT_LIABILITY), -liability);
	assert_int_equal(desk_balance(d, TS_ACCOUNT_ACCRUED), -unbilled);
	assert_int_equal(desk_balance(d, TS_ACCOUNT_PREPAID), liability);
}

/* The first document bears two months, the last none. */
static void test_in_advance(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(RAMP ",'billed':'in_advance'", ""));
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "gpu", "od", 500));
	desk_at(&d, "2026-05-20");
	assert_ok(desk_tick(&d, "2026-05-19"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 500 + 6129);
	month(&d, 0);
	check(&d, 500 + 10000 + 10000, 0, 10000);
	assert_int_equal(d.invoice->lines[2].period, 1);
	assert_null(d.invoice->lines[2].adjusts);
	desk_at(&d, "2026-06-16");
	assert_ok(desk_tick(&d, "2026-06-15"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY), -5000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	month(&d, 1);
	check(&d, 30000, 0, 30000);
	month(&d, 2);
	check(&d, 30000, 0, 30000);
	month(&d, 3);
	check(&d, 0, 0, 0);
	assert_int_equal(d.invoice->lines_n, 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_CAPACITY), -80000);
	desk_close(&d);
}

/* A month is looked at before the document that bears its fee is there: it bears that of the next.
 */
static void test_preview_out_of_turn(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(RAMP ",'billed':'in_advance'", ""));
	assert_ok(desk_cell(&d, "2026-06-03T10:00:00Z", "gpu", "od", 500));
	desk_at(&d, "2026-06-20");
	assert_ok(desk_tick(&d, "2026-06-19"));
	assert_non_null(strstr(desk_body(&d, 1), "\"subtotal\":\"305.00\"")); /* July's 300.00 */
	assert_non_null(strstr(desk_body(&d, 0), "\"subtotal\":\"200.00\""));
	desk_close(&d);
}

/* A notice ends the term within a month that is billed already: the next document takes back. */
static void test_notice_in_a_month_billed_ahead(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(RAMP ",'billed':'in_advance'", "'termination':{'notice_days':0},"));
	month(&d, 0);
	month(&d, 1);
	check(&d, 30000, 0, 30000);
	struct ts_ledger_amendment amendment;
	struct ts_ledger_notice notice = {.leaf = d.leaf++};
	assert_ok(ts_time_parse(TS_STR("2026-07-11T00:00:00Z"), &notice.end_us));
	struct ts_ledger_event event = desk_event(&d, 0, desk_day("2026-07-02"));
	ts_ledger_amends(d.ledger, &event, &notice, 1, &amendment);
	assert_true(amendment.any);
	assert_ok(ts_ledger_rematch(d.ledger, &event, &amendment, NULL, 0, &d.why));
	assert_ok(desk_tick(&d, "2026-07-02"));
	desk_at(&d, "2026-07-12");
	assert_ok(desk_cut(&d, 2, "2026-07-11"));
	assert_ok(desk_issue(&d, 2));
	check(&d, 9677 - 30000, 0, 0); /* 300.00 x 10/31 */
	assert_int_equal(d.invoice->kind, TS_DOCUMENT_CREDIT_NOTE);
	assert_string_equal(d.invoice->lines[0].adjusts, "D2");
	desk_reload(&d);
	desk_close(&d);
}

/* 800.00 over the term are billed 500.00 at the beginning, 300.00 by 1 August. */
static void test_installments(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(RAMP ",'invoices':[{'day':'2026-05-01','amount':'500.00'},"
				 "{'day':'2026-08-01','amount':'300.00'}]",
			      ""));
	month(&d, 0);
	check(&d, 50000, 0, 40000);
	month(&d, 1);
	check(&d, 0, 0, 30000);
	month(&d, 2);
	check(&d, 30000, 0, 30000);
	month(&d, 3);
	check(&d, 0, 0, 0);
	desk_close(&d);
}

/* Billed behind: what is accrued before stands as unbilled, and turns within a document. */
static void test_installments_in_arrears(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(RAMP ",'invoices':[{'day':'2026-06-15','amount':'450.00'},"
				 "{'day':'2026-09-01','amount':'350.00'}]",
			      ""));
	month(&d, 0);
	check(&d, 0, 10000, 0);
	month(&d, 1);
	check(&d, 45000, 0, 25000);
	desk_at(&d, "2026-07-29");
	assert_ok(desk_tick(&d, "2026-07-28"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 27097 - 25000);
	month(&d, 2);
	check(&d, 0, 5000, 0);
	month(&d, 3);
	check(&d, 35000, 0, 0);
	desk_close(&d);
}

/* The term ends early: its last document bills what is left to bill, or gives back. */
static void test_installments_end_by_notice(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS(RAMP ",'invoices':[{'day':'2026-05-01','amount':'500.00'},"
				 "{'day':'2026-08-01','amount':'300.00'}]",
			      "'termination':{'notice_days':0},"));
	month(&d, 0);
	struct ts_ledger_amendment amendment;
	struct ts_ledger_notice notice = {.leaf = d.leaf++};
	assert_ok(ts_time_parse(TS_STR("2026-06-16T00:00:00Z"), &notice.end_us));
	struct ts_ledger_event event = desk_event(&d, 0, desk_day("2026-06-02"));
	ts_ledger_amends(d.ledger, &event, &notice, 1, &amendment);
	assert_ok(ts_ledger_rematch(d.ledger, &event, &amendment, NULL, 0, &d.why));
	assert_ok(desk_tick(&d, "2026-06-02"));
	desk_at(&d, "2026-06-17");
	assert_ok(desk_cut(&d, 1, "2026-06-16"));
	assert_ok(desk_issue(&d, 1));
	check(&d, 15000 - 50000, 0, 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_CAPACITY), -15000);
	desk_reload(&d);
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_advance),
		cmocka_unit_test(test_preview_out_of_turn),
		cmocka_unit_test(test_notice_in_a_month_billed_ahead),
		cmocka_unit_test(test_installments),
		cmocka_unit_test(test_installments_in_arrears),
		cmocka_unit_test(test_installments_end_by_notice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
