/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong in other billing systems, each as a test that bears its name: the scenarios about
 * periods, rating and documents. (Races, keys and idempotency have theirs in tests/db and
 * tests/api.) */
#include "support/desk.h"

#define PAPER(term, more)                                                                          \
	"{'currency':'USD','term':" term ",'skus':[{'sku':'x','unit':'h','divisor':'1'}],"         \
	"'prices':[{'id':'p','sku':'x','model':'per_unit','unit_price':'0.01'}]," more             \
	"'late':{'usage_until_days':0,'late_usage_until_days':300}}"

/* An anniversary on 29 February: periods tile the years, no day twice and none left out. */
static void test_anniversary_on_feb_29_tiles_2024_to_2032(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, PAPER("{'from':'2024-02-29'}", "'calendar':{'anchor_day':29,'months':12},"));
	int32_t next = desk_day("2024-02-29");
	struct ts_period p;
	for (int32_t i = 0; i < 8; i++) {
		assert_ok(ts_period_get(d.terms, i, &p));
		assert_int_equal(p.first_day, next);
		assert_true(p.end_day - p.first_day == 365 || p.end_day - p.first_day == 366);
		next = p.end_day;
	}
	assert_int_equal(next, desk_day("2032-02-29"));
	desk_close(&d);
}

/* A month with a change of offset has an hour less or more, and each hour is billed once. */
static void test_dst_months_have_743_and_745_hours(void **state)
{
	(void)state;
	struct desk d;
	struct ts_period p;
	desk_open(&d, PAPER("{'from':'2026-03-01'}",
			      "'zone':{'name':'Europe/Berlin','offsets':[{'offset_minutes':60},{"
			      "'from':'2026-03-29T01:00:00Z','offset_minutes':120},{'from':"
			      "'2026-10-25T01:00:00Z','offset_minutes':60}]},"));
	assert_ok(ts_period_get(d.terms, 0, &p));
	assert_int_equal((p.to_us - p.from_us) / TS_US_PER_HOUR, 743);
	assert_ok(ts_period_get(d.terms, 7, &p));
	assert_int_equal((p.to_us - p.from_us) / TS_US_PER_HOUR, 745);
	desk_at(&d, "2026-04-02");
	for (int64_t us = d.terms->from_us; us < d.terms->from_us + 743 * TS_US_PER_HOUR;
		us += TS_US_PER_HOUR) {
		char text[TS_TIME_CHARS];
		assert_ok(desk_cell(&d, ts_time_format(us, text), "x", "od", 1));
	}
	assert_ok(desk_cut(&d, 0, "2026-03-31"));
	assert_ok(desk_issue(&d, 0));
	assert_int_equal(d.invoice->subtotal_minor, 743);
	desk_close(&d);
}

/* A preview used a stale length of the period for its true-up; here it is the document. */
static void test_preview_is_the_final_document(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, PAPER("{'from':'2026-02-10'}",
			      "'minimums':[{'id':'m','schedule':[{'from':'2026-02-10','amount':"
			      "'28.00'}]}],"));
	desk_at(&d, "2026-03-02");
	assert_ok(desk_cell(&d, "2026-02-20T00:00:00Z", "x", "od", 500));
	assert_ok(desk_cut(&d, 0, "2026-02-28"));
	const char *preview = desk_body(&d, 0), *final = NULL;
	size_t len = 0;
	assert_ok(desk_issue(&d, 0));
	assert_ok(ts_invoice_body_json(d.invoice, d.region, &final, &len));
	assert_string_equal(preview, final);
	assert_int_equal(d.invoice->subtotal_minor, 1900); /* 19 of 28 days of 28.00 */
	desk_close(&d);
}

/* Usage on the day of the end, before its instant, is billed, and late usage after it too. */
static void test_usage_before_the_end_is_billed_after_it(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, PAPER("{'from':'2026-03-01','to':'2026-03-11'}", ""));
	desk_at(&d, "2026-03-12");
	assert_ok(desk_cell(&d, "2026-03-10T23:45:00Z", "x", "od", 100));
	assert_ok(desk_cell(&d, "2026-03-11T00:00:00Z", "x", "od", 7)); /* behind it */
	assert_ok(desk_cut(&d, 0, "2026-03-11"));
	assert_ok(desk_issue(&d, 0));
	assert_int_equal(d.invoice->subtotal_minor, 100);
	desk_at(&d, "2026-05-02");
	assert_ok(desk_cell(&d, "2026-03-10T10:00:00Z", "x", "od", 30)); /* comes late */
	assert_ok(desk_cut(&d, 1, "2026-05-01"));
	assert_ok(desk_issue(&d, 1)); /* the ended contract still gets its last document */
	assert_int_equal(d.invoice->subtotal_minor, 30);
	assert_string_equal(ts_ledger_unbilled(d.ledger, 0)->reason, "outside_term");
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anniversary_on_feb_29_tiles_2024_to_2032),
		cmocka_unit_test(test_dst_months_have_743_and_745_hours),
		cmocka_unit_test(test_preview_is_the_final_document),
		cmocka_unit_test(test_usage_before_the_end_is_billed_after_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
