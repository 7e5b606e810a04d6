/* SPDX-License-Identifier: Apache-2.0 */
/* A forecast against figures made by hand: pace, ramp, true-up, overage, caps, amendments; the
 * ledger that it is made from stays as it was. */
#include "book/forecast.h"
#include "support/desk.h"

#define HEAD                                                                                       \
	"{'currency':'USD','term':{'from':'2026-04-01','to':'2026-08-01'},"                        \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'1'}],'prices':[{'id':'gpu','sku':'gpu',"       \
	"'model':'per_unit','unit_price':'2'}],"
#define TAIL "'late':{'usage_until_days':3,'late_usage_until_days':40}}"

static struct ts_forecast look(struct desk *d, int32_t periods)
{
	struct ts_forecast f;
	enum ts_err err = ts_ledger_forecast(d->ledger, periods, d->region, &f, &d->why);
	if (err != TS_OK)
		fail_msg("%s: %s", d->why.where, d->why.text);
	return f;
}

static const struct ts_forecast_gauge *gauge(const struct ts_forecast_period *p, const char *id)
{
	size_t i = 0;
	while (i < p->gauges_n && strcmp(p->gauges[i].id, id) != 0)
		i++;
	TS_ASSERT(i < p->gauges_n);
	return &p->gauges[i];
}

/* April used 900, the first half of May 300: 1,200 in 45 days. */
static void two_months(struct desk *d)
{
	desk_at(d, "2026-05-16");
	assert_ok(desk_cell(d, "2026-04-10T00:00:00Z", "gpu", "od", 900));
	assert_ok(desk_cell(d, "2026-05-02T00:00:00Z", "gpu", "od", 300));
	assert_ok(desk_tick(d, "2026-05-15"));
}

static void test_commitment_burns_down(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, HEAD "'commitments':[{'id':'c','price':'gpu','per':'period','schedule':["
			   "{'from':'2026-04-01','quantity':'1000'}],'shortfall_unit_price':'2',"
			   "'overage_unit_price':'3'}]," TAIL);
	two_months(&d);
	struct ts_forecast f = look(&d, 12);
	assert_int_equal(f.day, desk_day("2026-05-15"));
	assert_int_equal(f.to_day - f.from_day, 45);
	assert_int_equal(f.n, 3); /* May, June, July: the term ends */
	const struct ts_forecast_period *may = &f.periods[0], *june = &f.periods[1];
	assert_true(may->begun && !may->over && !june->begun);
	assert_int_equal(may->to_date_minor, 60000);
	/* 16 days more: floor(1200 x 16 / 45) = 426 */
	assert_int_equal(may->projected_by_kind[TS_CHARGE_USAGE], 2 * 72600);
	assert_int_equal(may->projected_by_kind[TS_CHARGE_SHORTFALL], 2 * 27400);
	const struct ts_forecast_gauge *c = gauge(may, "c");
	assert_true(c->used == 300 && c->projected == 726 && c->projected_of == 1000);
	assert_int_equal(c->settle_minor, 2 * 27400);
	/* June: floor(1200 x 46 / 45) - 426 = 1226 - 426 */
	assert_true(gauge(june, "c")->used == 0 && gauge(june, "c")->projected == 800);
	assert_int_equal(june->projected_minor, 200000);
	assert_int_equal(june->to_date_minor, 0);
	desk_close(&d);
}

static void test_overage_minimum_and_ramp(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, HEAD
		"'fees':[{'id':'f','schedule':[{'from':'2026-04-01','to':'2026-06-01','amount':"
		"'100.00'},{'from':'2026-06-01','amount':'500.00'}]}],"
		"'minimums':[{'id':'m','schedule':[{'from':'2026-04-01','amount':'2000.00'}]}],"
		"'caps':[{'id':'k','per':'term','amount':'4500.00'}]," TAIL);
	two_months(&d);
	struct ts_forecast f = look(&d, 12);
	const struct ts_forecast_period *may = &f.periods[0], *june = &f.periods[1];
	/* to date: 600.00 usage, 15/31 of the fee; whole: 1,452.00 + 100.00, true-up 448.00 */
	assert_int_equal(may->to_date_minor, 60000 + 4839);
	assert_int_equal(may->projected_by_kind[TS_CHARGE_FEE], 10000);
	assert_int_equal(may->projected_by_kind[TS_CHARGE_TRUE_UP], 44800);
	assert_true(gauge(may, "m")->used == 60000 + 4839 && gauge(may, "m")->projected == 155200);
	assert_int_equal(gauge(may, "m")->settle_minor, 44800);
	assert_int_equal(june->projected_by_kind[TS_CHARGE_FEE], 50000);
	assert_int_equal(june->projected_by_kind[TS_CHARGE_TRUE_UP], 0); /* 1,600 + 500 */
	/* April came to 2,000.00 with its true-up, May will: 500.00 of the cap are left for June */
	assert_true(gauge(june, "k")->projected_of == 50000);
	assert_int_equal(june->projected_by_kind[TS_CHARGE_CAP], 50000 - 210000);
	desk_close(&d);
}

/* Quarter-hours repeat the days of the last week: the hour of the day keeps its place. */
static void test_hours_repeat_the_week(void **state)
{
	(void)state;
	struct desk d;
	desk_open(&d, HEAD "'commitments':[{'id':'h','price':'gpu','per':'hour','schedule':["
			   "{'from':'2026-04-01','quantity':'4'}],'shortfall_unit_price':'1',"
			   "'overage_unit_price':'5'}]," TAIL);
	desk_at(&d, "2026-04-15");
	for (int day = 1; day <= 14; day++) {
		char at[32];
		snprintf(at, sizeof at, "2026-04-%02dT09:00:00Z", day);
		assert_ok(desk_cell(&d, at, "gpu", "od", day <= 7 ? 100 : 6)); /* the older week */
	}
	assert_ok(desk_tick(&d, "2026-04-14"));
	struct ts_forecast f = look(&d, 2);
	/* 16 days left in April, 6 units at nine o'clock in each: 4 committed, 2 beyond */
	assert_int_equal(
		f.periods[0].projected_by_kind[TS_CHARGE_USAGE], 200 * (7 * 100 + 7 * 6 + 16 * 6));
	assert_int_equal(
		f.periods[0].projected_by_kind[TS_CHARGE_OVERAGE], 300 * (7 * 96 + 7 * 2 + 16 * 2));
	assert_int_equal(f.periods[1].projected_by_kind[TS_CHARGE_USAGE], 200 * 31 * 6);
	assert_int_equal(
		f.periods[1].projected_by_kind[TS_CHARGE_SHORTFALL], 100 * (31 * 24 * 4 - 31 * 4));
	desk_close(&d);
}

static void test_pure_and_refused(void **state)
{
	(void)state;
	struct desk d;
	struct ts_forecast f;
	desk_open(&d, HEAD TAIL);
	assert_err(ts_ledger_forecast(d.ledger, 1, d.region, &f, &d.why), TS_E_CONFLICT);
	two_months(&d);
	struct ts_ledger_head head = *ts_ledger_head(d.ledger);
	struct ts_forecast a = look(&d, 12), b = look(&d, 1);
	assert_memory_equal(&head, ts_ledger_head(d.ledger), sizeof head);
	assert_int_equal(a.periods[0].projected_minor, b.periods[0].projected_minor);
	assert_int_equal(a.periods[0].gauges_n, 0);
	assert_int_equal(b.n, 1);
	size_t rows = 0;
	while (ts_ledger_measure(d.ledger, rows) != NULL)
		rows++;
	assert_int_equal(rows, 2); /* nothing projected stays behind */
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commitment_burns_down),
		cmocka_unit_test(test_overage_minimum_and_ramp),
		cmocka_unit_test(test_hours_repeat_the_week),
		cmocka_unit_test(test_pure_and_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
