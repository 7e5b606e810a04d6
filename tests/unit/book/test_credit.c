/* SPDX-License-Identifier: Apache-2.0 */
/* Commercial credits and service credits that are claimed: what they post in both books, where they
 * stand on paper, and what has no effect. */
#include "support/desk.h"

#define TERMS                                                                                      \
	"{'currency':'USD','term':{'from':'2026-05-01'},"                                          \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'1'}],"                                         \
	"'prices':[{'id':'p','sku':'gpu','model':'per_unit','unit_price':'1'}],"                   \
	"'exclusions':[{'class':'down','reason':'repair'}],"                                       \
	"'slas':[{'id':'s','sku':'gpu','classes':['down'],'base':'after_true_up',"                 \
	"'capacity':[{'from':'2026-05-01','quantity':'4'}],"                                       \
	"'tiers':[{'below':'99.9','percent':'10'}]%s}],"                                           \
	"'late':{'usage_until_days':0,'late_usage_until_days':400}}"

static void open_desk(struct desk *d, const char *claim)
{
	char text[2048];
	snprintf(text, sizeof text, TERMS, claim);
	desk_open(d, text);
}

static struct ts_ledger_credit given(
	struct desk *d, int64_t serial, int64_t amount, const char *line)
{
	return (struct ts_ledger_credit){.kind = TS_CHARGE_CREDIT,
		.serial = serial,
		.leaf = d->leaf,
		.amount_minor = amount,
		.currency = TS_STR("USD"),
		.line = line != NULL ? ts_str(line) : (struct ts_str){NULL, 0},
		.item = TS_STR("none"),
		.reason = TS_STR("Goodwill for the outage")};
}

static struct ts_ledger_credit claim_of(
	struct desk *d, int64_t serial, const char *from, const char *to)
{
	return (struct ts_ledger_credit){.kind = TS_CHARGE_SLA,
		.serial = serial,
		.leaf = d->leaf,
		.item = TS_STR("s"),
		.reason = TS_STR("May was bad"),
		.period_from_us = desk_day(from) * TS_US_PER_DAY,
		.period_to_us = desk_day(to) * TS_US_PER_DAY};
}

static void fold(struct desk *d, const struct ts_ledger_credit *credit)
{
	struct ts_ledger_event event = desk_event(d, 0, ts_ledger_head(d->ledger)->day);
	d->leaf++;
	event.to = d->leaf;
	if (event.day == INT32_MIN)
		event.day = (int32_t)(d->at_us / TS_US_PER_DAY);
	assert_ok(ts_ledger_credit(d->ledger, &event, credit));
}

static const struct ts_credit_row *last_row(struct desk *d)
{
	size_t n = 0;
	while (ts_ledger_credit_row(d->ledger, n) != NULL)
		n++;
	assert_true(n > 0);
	return ts_ledger_credit_row(d->ledger, n - 1);
}

static void use(struct desk *d, const char *time, const char *class, int64_t quantity)
{
	assert_ok(desk_cell(d, time, "gpu", class, quantity));
}

static int64_t line_net(const struct ts_invoice *invoice, enum ts_charge_kind kind)
{
	int64_t sum = 0;
	for (size_t i = 0; i < invoice->lines_n; i++)
		sum += invoice->lines[i].kind == kind ? invoice->lines[i].net_minor : 0;
	return sum;
}

/* May: 100.00 used, 20.00 given: a line of its own on the document of May, 80.00 in both books. */
static void test_a_credit_is_a_line_of_its_own(void **state)
{
	(void)state;
	struct desk d;
	open_desk(&d, "");
	desk_at(&d, "2026-05-20");
	use(&d, "2026-05-10T00:00:00Z", "x", 100);
	struct ts_ledger_credit credit = given(&d, 1, 2000, NULL);
	fold(&d, &credit);
	assert_true(last_row(&d)->granted);
	assert_ok(desk_tick(&d, "2026-05-20"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 8000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_CONCESSION), 2000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_EXPENSE_CONCESSION), -2000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_ACCRUED), -8000);
	desk_reload(&d);
	desk_at(&d, "2026-06-02");
	assert_ok(desk_cut(&d, 0, "2026-06-01"));
	assert_ok(desk_issue(&d, 0));
	assert_int_equal(line_net(d.invoice, TS_CHARGE_CREDIT), -2000);
	assert_int_equal(line_net(d.invoice, TS_CHARGE_USAGE), 10000);
	const struct ts_invoice_line *line = &d.invoice->lines[d.invoice->lines_n - 1];
	assert_string_equal(line->description, "Goodwill for the outage");
	assert_non_null(strstr(line->trace, "commercial credit 1, leaf"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	desk_close(&d);
}

/* Of the 100.00 billed for May's usage, 70.00 are taken back, then 30.00, then no cent more. The
 * next document names May's. */
static void test_a_credit_takes_back_what_was_billed(void **state)
{
	(void)state;
	struct desk d;
	open_desk(&d, "");
	desk_at(&d, "2026-06-02");
	use(&d, "2026-05-10T00:00:00Z", "x", 100);
	struct ts_ledger_credit early = given(&d, 1, 100, "v1/usage/0/0/0");
	fold(&d, &early); /* nothing is billed yet */
	assert_false(last_row(&d)->granted);
	assert_ok(desk_cut(&d, 0, "2026-06-01"));
	assert_ok(desk_issue(&d, 0));
	struct ts_ledger_credit credits[] = {given(&d, 2, 7000, "v1/usage/0/0/0"),
		given(&d, 3, 3001, "v1/usage/0/0/0"), given(&d, 4, 3000, "v1/usage/0/0/0"),
		given(&d, 5, 1, "v1/usage/0/0/0")};
	const bool granted[] = {true, false, true, false};
	for (size_t i = 0; i < 4; i++) {
		credits[i].leaf = d.leaf;
		fold(&d, &credits[i]);
		assert_int_equal(last_row(&d)->granted, granted[i]);
	}
	desk_at(&d, "2026-07-02");
	assert_ok(desk_cut(&d, 1, "2026-07-01"));
	desk_reload(&d);
	assert_ok(desk_issue(&d, 1));
	assert_int_equal(d.invoice->kind, TS_DOCUMENT_CREDIT_NOTE);
	assert_int_equal(d.invoice->subtotal_minor, 10000);
	assert_string_equal(d.invoice->lines[0].adjusts, "D1");
	desk_close(&d);
}

static void test_refusals_say_why(void **state)
{
	(void)state;
	struct desk d;
	open_desk(&d, ",'claim':'on_claim','claim_days':30");
	desk_at(&d, "2026-05-20");
	use(&d, "2026-05-10T00:00:00Z", "x", 100);
	assert_ok(desk_tick(&d, "2026-05-20"));
	struct ts_ledger_credit euro = given(&d, 1, 100, NULL), other = euro, line = euro,
				shape = euro, claim = claim_of(&d, 1, "2026-05-01", "2026-06-01"),
				half = claim_of(&d, 1, "2026-05-01", "2026-05-15"), no_sla = claim;
	euro.currency = TS_STR("EUR");
	other.item = TS_STR("vat");
	line.line = TS_STR("v1/usage/0/0/0");
	shape.line = TS_STR("usage");
	no_sla.item = TS_STR("t");
	const struct {
		const struct ts_ledger_credit *credit;
		const char *where, *text;
	} rows[] = {
		{&euro, "currency", "USD"},
		{&other, "treatment", "\"vat\" is no tax treatment"},
		{&line, "line", "no document has billed"},
		{&shape, "line", "names no charge line"},
		{&claim, "period", "not over yet"},
		{&half, "period", "no billing period"},
		{&no_sla, "sla", "\"t\" is no service credit"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_not_equal(
			ts_ledger_credit_check(d.ledger, rows[i].credit, d.at_us, &d.why), TS_OK);
		assert_string_equal(d.why.where, rows[i].where);
		assert_non_null(strstr(d.why.text, rows[i].text));
	}
	desk_close(&d);
}

/* 1,000.00 used and 10 % of it expected back: a refund owed, not less to bill, until it is claimed,
 * issued, or lapsed. */
static void begin_claimable(struct desk *d, const char *claim)
{
	open_desk(d, claim);
	desk_at(d, "2026-06-02");
	use(d, "2026-05-10T00:00:00Z", "x", 1000);
	use(d, "2026-05-11T00:00:00Z", "down", 100);
	assert_ok(desk_cut(d, 0, "2026-06-01"));
	assert_int_equal(desk_balance(d, TS_ACCOUNT_REFUND_LIABILITY), -10000);
	assert_int_equal(desk_balance(d, TS_ACCOUNT_SUPPLIER_CREDITS), 10000);
	assert_int_equal(desk_balance(d, TS_ACCOUNT_UNBILLED), 100000);
	assert_ok(desk_issue(d, 0));
	assert_int_equal(d->invoice->subtotal_minor, 100000);
	assert_int_equal(line_net(d->invoice, TS_CHARGE_SLA), 0);
	desk_reload(d);
}

static void test_a_claimed_credit_is_issued(void **state)
{
	(void)state;
	struct desk d;
	begin_claimable(&d, ",'claim':'on_claim','claim_days':30");
	desk_at(&d, "2026-06-30"); /* the last day */
	struct ts_ledger_credit claim = claim_of(&d, 1, "2026-05-01", "2026-06-01");
	fold(&d, &claim);
	assert_true(last_row(&d)->granted);
	struct ts_ledger_credit twice = claim_of(&d, 2, "2026-05-01", "2026-06-01");
	fold(&d, &twice);
	assert_false(last_row(&d)->granted);
	desk_at(&d, "2026-07-02");
	assert_ok(desk_cut(&d, 1, "2026-07-01"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REFUND_LIABILITY), -10000);
	assert_ok(desk_issue(&d, 1));
	assert_int_equal(d.invoice->kind, TS_DOCUMENT_CREDIT_NOTE);
	assert_int_equal(d.invoice->subtotal_minor, 10000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REFUND_LIABILITY), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_SUPPLIER_CREDITS), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_RECEIVABLE), 90000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_SERVICE_CREDIT), 10000);
	desk_close(&d);
}

static void test_what_nobody_claims_lapses(void **state)
{
	(void)state;
	struct desk d;
	begin_claimable(&d, ",'claim':'on_claim','claim_days':30");
	desk_at(&d, "2026-07-01"); /* one day too late */
	struct ts_ledger_credit claim = claim_of(&d, 1, "2026-05-01", "2026-06-01");
	fold(&d, &claim);
	assert_false(last_row(&d)->granted);
	assert_ok(desk_tick(&d, "2026-06-30"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REFUND_LIABILITY), -10000);
	desk_reload(&d);
	desk_at(&d, "2026-07-02");
	assert_ok(desk_tick(&d, "2026-07-01"));
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REFUND_LIABILITY), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_REVENUE_SERVICE_CREDIT), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_EXPENSE_SERVICE_CREDIT), 0);
	assert_ok(desk_cut(&d, 1, "2026-07-01"));
	assert_ok(desk_issue(&d, 1));
	assert_int_equal(d.invoice->subtotal_minor, 0);
	desk_close(&d);
}

/* By itself, but in the document of June: that of May is whole. */
static void test_the_next_document_bears_it(void **state)
{
	(void)state;
	struct desk d;
	open_desk(&d, ",'applies':'next_document'");
	desk_at(&d, "2026-06-02");
	use(&d, "2026-05-10T00:00:00Z", "x", 1000);
	use(&d, "2026-05-11T00:00:00Z", "down", 100);
	assert_ok(desk_cut(&d, 0, "2026-06-01"));
	assert_ok(desk_issue(&d, 0));
	assert_int_equal(d.invoice->subtotal_minor, 100000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), -10000);
	desk_at(&d, "2026-07-02");
	use(&d, "2026-06-10T00:00:00Z", "x", 500);
	assert_ok(desk_cut(&d, 1, "2026-07-01"));
	assert_ok(desk_issue(&d, 1));
	assert_int_equal(d.invoice->subtotal_minor, 40000);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_UNBILLED), 0);
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_credit_is_a_line_of_its_own),
		cmocka_unit_test(test_a_credit_takes_back_what_was_billed),
		cmocka_unit_test(test_refusals_say_why),
		cmocka_unit_test(test_a_claimed_credit_is_issued),
		cmocka_unit_test(test_what_nobody_claims_lapses),
		cmocka_unit_test(test_the_next_document_bears_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
