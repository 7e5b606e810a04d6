/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a term by notice: ninety-day-notice.json, and what a notice may not do. */
#include "support/desk.h"

#define TERMS                                                                                      \
	"{'currency':'USD','term':{'from':'2026-08-01'},"                                          \
	"'termination':{'notice_days':90,'not_before':'2026-11-01'},"                              \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'1'}],"                                         \
	"'prices':[{'id':'gpu','sku':'gpu','class':'od','model':'per_unit','unit_price':'0.01'}]," \
	"'fees':[{'id':'fee','schedule':[{'from':'2026-08-01','amount':'1250000000.00'}]}],"       \
	"'late':{'usage_until_days':0,'late_usage_until_days':400}}"

/* The company's notice is the next leaf; whether it holds. */
static bool give(struct desk *d, const char *end)
{
	struct ts_ledger_notice notice = {.leaf = d->leaf};
	struct ts_ledger_amendment amendment;
	assert_ok(ts_time_parse(ts_str(end), &notice.end_us));
	d->leaf++;
	struct ts_ledger_event event = desk_event(d, 0, ts_ledger_head(d->ledger)->day);
	ts_ledger_amends(d->ledger, &event, &notice, 1, &amendment);
	if (!amendment.any)
		return false;
	assert_ok(ts_ledger_rematch(d->ledger, &event, &amendment, NULL, 0, &d->why));
	return true;
}

static void month(struct desk *d, int32_t period, const char *now, const char *day)
{
	desk_at(d, now);
	assert_ok(desk_cut(d, period, day));
	assert_ok(desk_issue(d, period));
}

static void test_ninety_day_notice(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS);
	desk_at(&d, "2026-09-01");
	assert_ok(desk_tick(&d, "2026-08-31"));
	assert_true(give(&d, "2026-11-30T00:00:00Z"));
	assert_ok(desk_tick(&d, "2026-08-31"));
	desk_reload(&d);
	month(&d, 0, "2026-09-02", "2026-08-31");
	month(&d, 1, "2026-10-02", "2026-09-30");
	month(&d, 2, "2026-11-02", "2026-10-31");
	desk_at(&d, "2026-12-03");
	assert_ok(desk_cell(&d, "2026-11-29T23:45:00Z", "gpu", "od", 700));
	assert_ok(desk_cell(&d, "2026-11-30T00:00:00Z", "gpu", "od", 900));
	assert_ok(desk_cut(&d, 3, "2026-11-29"));
	assert_ok(desk_issue(&d, 3));
	assert_int_equal(d.invoice->period.end_day, desk_day("2026-11-30"));
	assert_int_equal(d.invoice->lines_n, 2);
	assert_int_equal(d.invoice->lines[0].net_minor, 700);
	assert_int_equal(d.invoice->lines[1].net_minor, INT64_C(120833333333));
	assert_true(d.invoice->lines[1].base_quantity == 29);
	const struct ts_unbilled_row *out = ts_ledger_unbilled(d.ledger, 0);
	assert_string_equal(out->reason, "outside_term");
	assert_true(out->quantity == 900);
	/* usage before the instant stays billable: a final document after the term */
	assert_ok(desk_cell(&d, "2026-11-29T10:00:00Z", "gpu", "od", 50));
	month(&d, 4, "2027-01-03", "2026-12-31");
	assert_int_equal(d.invoice->subtotal_minor, 50);
	desk_close(&d);
}

static void test_what_a_notice_may_not(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS);
	desk_at(&d, "2026-08-10");
	assert_ok(desk_tick(&d, "2026-08-09"));
	assert_false(give(&d, "2026-10-30T00:00:00Z")); /* before not_before */
	assert_false(give(&d, "2026-11-07T00:00:00Z")); /* 89 days */
	assert_true(give(&d, "2026-11-08T00:00:00Z"));
	assert_false(give(&d, "2026-12-08T00:00:00Z")); /* a later end changes nothing */
	assert_ok(desk_tick(&d, "2026-08-09"));
	assert_true(ts_ledger_end(d.ledger) == desk_day("2026-11-08") * TS_US_PER_DAY);
	desk_close(&d);
	desk_open(&d, "{'currency':'USD','term':{'from':'2026-08-01'}}");
	desk_at(&d, "2026-08-10");
	assert_ok(desk_tick(&d, "2026-08-09"));
	assert_false(give(&d, "2028-08-10T00:00:00Z")); /* the terms know no notice */
	desk_close(&d);
}

/* The day that contains the end is the term's; its usage stops at the instant. */
static void test_end_in_the_middle_of_a_day(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, TERMS);
	desk_at(&d, "2026-08-02");
	assert_ok(desk_tick(&d, "2026-08-01"));
	assert_true(give(&d, "2026-11-29T06:15:00Z"));
	assert_ok(desk_tick(&d, "2026-08-01"));
	assert_ok(desk_cell(&d, "2026-11-29T06:00:00Z", "gpu", "od", 1));
	assert_ok(desk_cell(&d, "2026-11-29T06:15:00Z", "gpu", "od", 1));
	desk_at(&d, "2026-12-03");
	assert_ok(desk_tick(&d, "2026-12-02"));
	assert_int_equal(-desk_balance(&d, TS_ACCOUNT_REVENUE_USAGE), 1);
	assert_int_equal(-desk_balance(&d, TS_ACCOUNT_REVENUE_CAPACITY),
		3 * INT64_C(125000000000) + INT64_C(120833333333));
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ninety_day_notice),
		cmocka_unit_test(test_what_a_notice_may_not),
		cmocka_unit_test(test_end_in_the_middle_of_a_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
