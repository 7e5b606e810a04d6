/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong in other billing systems, each as a test that bears its name: the scenarios about
 * periods, rating and documents. (docs/scenarios.md says where each is; races, keys and
 * idempotency have theirs in tests/api.) */
#include "support/desk.h"
#include "evidence/cell.h"

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

/* A wallet of 85.72 ended at 85.71: what is drawn over many invoices, with tax, ends at nothing. */
static void test_drawdown_over_many_invoices_ends_at_zero(void **state)
{
	(void)state;
	struct desk d;
	int64_t drawn = 0, payable = 0;
	desk_open(
		&d, PAPER("{'from':'2026-01-01'}",
			    "'tax':{'treatments':[{'id':'none','category':'S','jurisdiction':'DE',"
			    "'rate':'n','recoverable':true},{'id':'o','category':'O',"
			    "'jurisdiction':'DE','reason':'Deposit','recoverable':false}],"
			    "'rates':[{'rate':'n','jurisdiction':'DE','from':'2026-01-01',"
			    "'percent':'19'}]},'prepayments':[{'id':'w','amount':'85.72',"
			    "'invoice_day':'2026-01-01','tax':'deposit','treatment':'o',"
			    "'drawable':'on_issue'}],"));
	d.leaf = 1;
	desk_at(&d, "2026-01-01");
	assert_ok(desk_tick(&d, "2025-12-31"));
	assert_ok(desk_prepay(&d, "w"));
	for (int32_t p = 0; p < 9; p++) {
		struct ts_period period;
		char text[TS_TIME_CHARS];
		assert_ok(ts_period_get(d.terms, p, &period));
		assert_ok(desk_cell(
			&d, ts_time_format(period.from_us, text), "x", "od", 1000 + 7 * p));
		d.at_us = period.to_us;
		assert_ok(desk_cut(&d, p, ts_date_format(period.end_day, text)));
		assert_ok(desk_issue(&d, p));
		drawn += d.invoice->prepaid_minor;
		payable += d.invoice->total_minor - d.invoice->prepaid_minor;
		assert_int_equal(desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY), -(8572 - drawn));
		assert_true(drawn == 8572 || d.invoice->total_minor == d.invoice->prepaid_minor);
		desk_reload(&d);
	}
	/* 19 % on each of 10.00, 10.07, ... 10.56, each rounded by itself */
	assert_int_equal(drawn, 8572);
	int64_t billed = 0;
	for (int64_t p = 0; p < 9; p++)
		billed += 1000 + 7 * p + ((1000 + 7 * p) * 19 + 50) / 100;
	assert_int_equal(payable, billed - 8572);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_CONTRACT_LIABILITY), 0);
	assert_int_equal(desk_balance(&d, TS_ACCOUNT_PREPAID), 0);
	desk_close(&d);
}

/* "Already billed today" and an end of day in the wrong zone billed a period twice. A period is its
 * index: from Howland to Kiritimati it is cut once, issued once, and all usage billed once. */
static void test_no_zone_bills_a_period_twice(void **state)
{
	static const struct {
		const char *terms;
		const char *end; /* of May, on the clock there */
	} zones[] = {
		{PAPER("{'from':'2026-05-01'}", "'zone':{'name':'Etc/GMT+12','offsets':[{"
						"'offset_minutes':-720}]},"),
			"2026-06-01T12:00:00Z"},
		{PAPER("{'from':'2026-05-01'}", "'zone':{'name':'Pacific/Kiritimati','offsets':[{"
						"'offset_minutes':840}]},"),
			"2026-05-31T10:00:00Z"},
		{PAPER("{'from':'2026-05-01'}", "'zone':{'name':'Asia/Kathmandu','offsets':[{"
						"'offset_minutes':345}]},"),
			"2026-05-31T18:15:00Z"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		struct desk d;
		char before[TS_TIME_CHARS];
		desk_open(&d, zones[i].terms);
		assert_ok(ts_time_parse(ts_str(zones[i].end), &d.at_us));
		ts_time_format(d.at_us - TS_US_PER_QUARTER, before);
		assert_ok(desk_cell(&d, before, "x", "od", 100)); /* May's last quarter-hour */
		assert_ok(desk_cell(&d, zones[i].end, "x", "od", 7)); /* June's first */
		d.at_us -= TS_US_PER_QUARTER;
		assert_int_equal(desk_cut(&d, 0, "2026-05-31"), TS_E_INVALID);
		d.at_us += TS_US_PER_QUARTER;
		assert_ok(desk_cut(&d, 0, "2026-05-31"));
		assert_int_equal(desk_cut(&d, 0, "2026-05-31"), TS_E_CONFLICT); /* the same day */
		assert_ok(desk_issue(&d, 0));
		assert_int_equal(d.invoice->subtotal_minor, 100);
		assert_int_equal(desk_issue(&d, 0), TS_E_CONFLICT);
		assert_int_equal(desk_cut(&d, 0, "2026-06-01"), TS_E_CONFLICT); /* and the next */
		d.at_us += 31 * TS_US_PER_DAY;
		assert_ok(desk_cut(&d, 1, "2026-06-30"));
		assert_ok(desk_issue(&d, 1));
		assert_int_equal(d.invoice->subtotal_minor, 7);
		desk_close(&d);
	}
}

/* A timestamp that went through a double left its period: ...59.999999 is the last of May, also on
 * its way through text. */
static void test_the_last_microsecond_stays_in_its_period(void **state)
{
	(void)state;
	struct desk d;
	struct ts_period p;
	struct ts_quarters it;
	int64_t quarter = 0, share = 0, us = 0;
	char text[TS_TIME_CHARS];
	desk_open(&d, PAPER("{'from':'2026-05-01'}", ""));
	assert_ok(ts_period_get(d.terms, 0, &p));
	assert_ok(ts_time_parse(TS_STR("2026-05-31T23:59:59.999999Z"), &us));
	assert_int_equal(us, p.to_us - 1);
	assert_ok(ts_time_parse(ts_str(ts_time_format(us, text)), &us));
	assert_int_equal(us, p.to_us - 1);
	assert_ok(ts_period_at(d.terms, us, &p));
	assert_int_equal(p.index, 0);
	assert_ok(ts_period_at(d.terms, us + 1, &p));
	assert_int_equal(p.index, 1);
	/* a record from its last millisecond into June's first: a half for each */
	int64_t end_ms = (us + 1) / TS_US_PER_MS;
	ts_quarters_begin(&it, end_ms - 1, end_ms + 1, 10);
	assert_true(ts_quarters_next(&it, &quarter, &share));
	assert_int_equal(quarter * TS_US_PER_QUARTER, us + 1 - TS_US_PER_QUARTER);
	assert_int_equal(share, 5);
	assert_true(ts_quarters_next(&it, &quarter, &share));
	assert_int_equal(quarter * TS_US_PER_QUARTER, us + 1);
	assert_int_equal(share, 5);
	assert_false(ts_quarters_next(&it, &quarter, &share));
	desk_close(&d);
}

/* A contract made again over a range that was billed billed it again. Here it can only be a further
 * version, and a version that says the same over all that was billed changes no cent. */
static void test_a_version_over_a_billed_range_bills_nothing_again(void **state)
{
	(void)state;
	struct desk d;
	struct ts_region *region = ts_region_create(DESK_REGION_BYTES);
	struct ts_ledger_version versions[2];
	struct ts_ledger_amendment amendment;
	assert_non_null(region);
	for (int i = 0; i < 2; i++)
		versions[i] = ts_ledger_first_version(desk_terms(
			region, i == 0 ? PAPER("{'from':'2026-05-01'}", "'version':1,")
				       : PAPER("{'from':'2026-05-01'}", "'version':2,")));
	desk_begin_versions(&d, region, versions, 1);
	d.leaf = 1;
	desk_at(&d, "2026-06-01");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "x", "od", 1234));
	assert_ok(desk_cut(&d, 0, "2026-05-31"));
	assert_ok(desk_issue(&d, 0));
	assert_int_equal(d.invoice->subtotal_minor, 1234);
	versions[1].leaf = d.leaf++; /* from the first day of the term on */
	d.versions_n = 2;
	desk_reload(&d);
	struct ts_ledger_event event = desk_event(&d, 0, ts_ledger_head(d.ledger)->day);
	ts_ledger_amends(d.ledger, &event, NULL, 0, &amendment);
	assert_true(amendment.any && amendment.from_us == d.terms->from_us);
	struct ts_usage_cell all = {
		.sku = TS_STR("x"), .pricing_class = TS_STR("od"), .quantity = 1234};
	assert_ok(ts_time_parse(TS_STR("2026-05-03T10:00:00Z"), &all.quarter_us));
	assert_ok(ts_ledger_rematch(d.ledger, &event, &amendment, &all, 1, &d.why));
	desk_at(&d, "2026-07-01");
	assert_ok(desk_cell(&d, "2026-06-03T10:00:00Z", "x", "od", 50));
	assert_ok(desk_cut(&d, 1, "2026-06-30"));
	assert_ok(desk_issue(&d, 1));
	assert_int_equal(d.invoice->subtotal_minor, 50);
	desk_close(&d);
}

/* Old data was ignored in silence: what is behind the window is on show, by month, SKU and quarter-
 * hour, and can still be let in. */
static void test_usage_behind_the_window_is_reported_never_lost(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, PAPER("{'from':'2026-05-01'}", ""));
	d.leaf = 1; /* behind the note */
	desk_at(&d, "2026-06-01");
	assert_ok(desk_cut(&d, 0, "2026-05-31"));
	assert_ok(desk_issue(&d, 0));
	desk_at(&d, "2027-04-01"); /* 300 days and more */
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "x", "od", 20));
	assert_ok(desk_cell(&d, "2026-05-03T10:15:00Z", "x", "od", 22));
	assert_ok(desk_tick(&d, "2027-03-31"));
	const struct ts_unbilled_row *row = ts_ledger_unbilled(d.ledger, 0);
	assert_non_null(row);
	assert_string_equal(row->reason, "late");
	assert_int_equal(row->month, 2026 * 12 + 4);
	assert_true(row->quantity == 42);
	struct ts_ledger_consent consent = desk_late(&d, 0);
	assert_int_equal(consent.cells, 2);
	assert_ok(desk_consent(&d, &consent));
	assert_ok(desk_tick(&d, "2027-03-31"));
	assert_true(ts_ledger_unbilled(d.ledger, 0)->quantity == 0);
	assert_int_equal(-desk_balance(&d, TS_ACCOUNT_REVENUE_USAGE), 42);
	desk_close(&d);
}

/* Meter and invoicer had different grace: usage between them was never billed. There is one N: what
 * comes behind it, before the document or after it, is in the next one. */
static void test_what_comes_between_cut_and_issue_is_billed_next(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, PAPER("{'from':'2026-05-01'}", ""));
	desk_at(&d, "2026-06-01");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "x", "od", 100));
	assert_ok(desk_cut(&d, 0, "2026-05-31"));
	assert_ok(desk_cell(&d, "2026-05-31T23:45:00Z", "x", "od", 10)); /* cut, not issued */
	assert_ok(desk_tick(&d, "2026-05-31"));
	assert_ok(desk_issue(&d, 0));
	assert_int_equal(d.invoice->subtotal_minor, 100);
	assert_ok(desk_cell(&d, "2026-05-31T23:30:00Z", "x", "od", 1)); /* issued */
	desk_at(&d, "2026-07-01");
	assert_ok(desk_cut(&d, 1, "2026-06-30"));
	assert_ok(desk_issue(&d, 1));
	assert_int_equal(d.invoice->subtotal_minor, 11);
	assert_string_equal(d.invoice->lines[0].adjusts, "D1");
	desk_close(&d);
}

/* A correction below zero inflated what was used: it is refused, nothing changes. */
static void test_a_correction_below_zero_is_refused(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, PAPER("{'from':'2026-05-01'}", ""));
	desk_at(&d, "2026-05-10");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "x", "od", 30));
	assert_ok(desk_tick(&d, "2026-05-09"));
	desk_reload(&d);
	assert_int_equal(desk_cell(&d, "2026-05-03T10:00:00Z", "x", "od", -31), TS_E_INVALID);
	assert_non_null(strstr(d.why.text, "negative"));
	assert_int_equal(-desk_balance(&d, TS_ACCOUNT_REVENUE_USAGE), 30);
	assert_true(ts_ledger_measure(d.ledger, 0)->quantity == 30);
	desk_close(&d);
}

/* One outage, two claims in one event, as two hands at once would send them: one credit. */
static void test_two_claims_of_one_outage_are_one_credit(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, PAPER("{'from':'2026-05-01'}",
			      "'exclusions':[{'class':'down','reason':'repair'}],'slas':[{'id':'s',"
			      "'sku':'x','classes':['down'],'base':'after_true_up','capacity':[{"
			      "'from':'2026-05-01','quantity':'4'}],'tiers':[{'below':'99.9',"
			      "'percent':'10'}],'claim':'on_claim','claim_days':60}],"));
	desk_at(&d, "2026-06-01");
	assert_ok(desk_cell(&d, "2026-05-03T10:00:00Z", "x", "od", 1000));
	assert_ok(desk_cell(&d, "2026-05-04T10:00:00Z", "x", "down", 400));
	assert_ok(desk_cut(&d, 0, "2026-05-31"));
	assert_ok(desk_issue(&d, 0));
	for (int64_t serial = 1; serial <= 2; serial++) {
		const struct ts_ledger_credit claim = {.kind = TS_CHARGE_SLA,
			.serial = serial,
			.leaf = d.leaf++,
			.item = TS_STR("s"),
			.reason = TS_STR("May was bad"),
			.period_from_us = desk_day("2026-05-01") * TS_US_PER_DAY,
			.period_to_us = desk_day("2026-06-01") * TS_US_PER_DAY};
		struct ts_ledger_event event = desk_event(&d, 0, ts_ledger_head(d.ledger)->day);
		assert_ok(ts_ledger_credit(d.ledger, &event, &claim));
	}
	assert_true(ts_ledger_credit_row(d.ledger, 0)->granted);
	assert_false(ts_ledger_credit_row(d.ledger, 1)->granted);
	desk_at(&d, "2026-07-01");
	assert_ok(desk_cut(&d, 1, "2026-06-30"));
	assert_ok(desk_issue(&d, 1));
	assert_int_equal(d.invoice->kind, TS_DOCUMENT_CREDIT_NOTE);
	assert_int_equal(d.invoice->subtotal_minor, 100); /* 10 % of 10.00, once */
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anniversary_on_feb_29_tiles_2024_to_2032),
		cmocka_unit_test(test_dst_months_have_743_and_745_hours),
		cmocka_unit_test(test_preview_is_the_final_document),
		cmocka_unit_test(test_usage_before_the_end_is_billed_after_it),
		cmocka_unit_test(test_drawdown_over_many_invoices_ends_at_zero),
		cmocka_unit_test(test_no_zone_bills_a_period_twice),
		cmocka_unit_test(test_the_last_microsecond_stays_in_its_period),
		cmocka_unit_test(test_a_version_over_a_billed_range_bills_nothing_again),
		cmocka_unit_test(test_usage_behind_the_window_is_reported_never_lost),
		cmocka_unit_test(test_what_comes_between_cut_and_issue_is_billed_next),
		cmocka_unit_test(test_a_correction_below_zero_is_refused),
		cmocka_unit_test(test_two_claims_of_one_outage_are_one_credit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
