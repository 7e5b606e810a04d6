/* SPDX-License-Identifier: Apache-2.0 */
/* Amendments, by hand: what one posts behind a cut, what a late line is under it, what is refused.
 */
#include "support/desk.h"

#define TERMS(version, price, extra)                                                               \
	"{'version':" version ",'currency':'USD','term':{'from':'2026-05-01'},"                    \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'1'}],"                                         \
	"'prices':[{'id':'gpu','sku':'gpu','class':'od','model':'per_unit','unit_price':'" price   \
	"'}]" extra ",'late':{'usage_until_days':0,'late_usage_until_days':5}}"

struct two {
	struct desk d;
	struct ts_ledger_version versions[2];
};

static void two_open(struct two *t, const char *second, const char *from)
{
	struct ts_region *region = ts_region_create(DESK_REGION_BYTES);
	assert_non_null(region);
	t->versions[0] = ts_ledger_first_version(desk_terms(region, TERMS("1", "0.01", "")));
	t->versions[1] = ts_ledger_first_version(desk_terms(region, second));
	assert_ok(ts_time_parse(ts_str(from), &t->versions[1].from_us));
	desk_begin_versions(&t->d, region, t->versions, 1);
	t->d.leaf = 1;
}

static enum ts_err amend(struct two *t, const struct ts_usage_cell *cells, size_t n)
{
	struct ts_ledger_amendment amendment;
	t->versions[1].leaf = t->d.leaf++;
	t->d.versions_n = 2;
	desk_reload(&t->d);
	struct ts_ledger_event event = desk_event(&t->d, 0, ts_ledger_head(t->d.ledger)->day);
	ts_ledger_amends(t->d.ledger, &event, NULL, 0, &amendment);
	assert_true(amendment.any);
	return ts_ledger_rematch(t->d.ledger, &event, &amendment, cells, n, &t->d.why);
}

static struct ts_usage_cell cell(const char *time, int64_t quantity)
{
	struct ts_usage_cell c = {
		.sku = TS_STR("gpu"), .pricing_class = TS_STR("od"), .quantity = quantity};
	assert_ok(ts_time_parse(ts_str(time), &c.quarter_us));
	return c;
}

/* 600 of May are matched anew; the next document reverses their line and bills it at 0.02. */
static void test_back_behind_a_cut(void **state)
{
	(void)state;
	struct two t;
	struct desk *d = &t.d;
	two_open(&t, TERMS("2", "0.02", ""), "2026-05-15T00:00:00Z");
	desk_at(d, "2026-06-02");
	assert_ok(desk_cell(d, "2026-05-14T23:45:00Z", "gpu", "od", 400));
	assert_ok(desk_cell(d, "2026-05-15T00:00:00Z", "gpu", "od", 600));
	assert_ok(desk_cut(d, 0, "2026-05-31"));
	assert_ok(desk_issue(d, 0));
	assert_int_equal(d->invoice->subtotal_minor, 1000);
	struct ts_usage_cell cells[] = {cell("2026-05-15T00:00:00Z", 600)};
	assert_ok(amend(&t, cells, 1));
	desk_at(d, "2026-07-02");
	assert_ok(desk_cut(d, 1, "2026-06-30"));
	assert_int_equal(d->out.n, 4); /* -600 and +1200, in both books */
	assert_ok(desk_issue(d, 1));
	static const int64_t nets[] = {-1000, 400, 1200};
	static const int32_t versions[] = {1, 1, 2};
	assert_int_equal(d->invoice->lines_n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(d->invoice->lines[i].net_minor, nets[i]);
		assert_int_equal(d->invoice->lines[i].version, versions[i]);
		assert_string_equal(d->invoice->lines[i].adjusts, "D1");
	}
	assert_int_equal(d->invoice->terms->version, 2); /* governs June's last day */
	desk_close(d);
}

/* A line that came too late stays too late under the amendment: the cells do not say it, the late
 * rows do. */
static void test_late_stays_late(void **state)
{
	(void)state;
	struct two t;
	struct desk *d = &t.d;
	two_open(&t, TERMS("2", "0.02", ""), "2026-05-01T00:00:00Z");
	desk_at(d, "2026-06-02");
	assert_ok(desk_cell(d, "2026-05-15T00:00:00Z", "gpu", "od", 600));
	assert_ok(desk_cut(d, 0, "2026-05-31"));
	assert_ok(desk_issue(d, 0));
	desk_at(d, "2026-06-12");
	assert_ok(desk_cell(d, "2026-05-15T00:00:00Z", "gpu", "od", 50));
	assert_ok(desk_tick(d, "2026-06-11"));
	struct ts_usage_cell cells[] = {cell("2026-05-15T00:00:00Z", 650)};
	assert_ok(amend(&t, cells, 1));
	assert_ok(desk_tick(d, "2026-06-11"));
	desk_reload(d);
	assert_int_equal(-desk_balance(d, TS_ACCOUNT_REVENUE_USAGE), 1200);
	assert_true(ts_ledger_late(d->ledger, 0)->quantity == 50);
	assert_string_equal(ts_ledger_unbilled(d->ledger, 0)->reason, "late");
	assert_true(ts_ledger_unbilled(d->ledger, 0)->quantity == 50);
	desk_close(d);
}

/* A class that the amendment excludes is not billed any more, and shown. */
static void test_excluded_from_then_on(void **state)
{
	(void)state;
	struct two t;
	struct desk *d = &t.d;
	two_open(&t,
		"{'version':2,'currency':'USD','term':{'from':'2026-05-01'},'exclusions':[{'class':"
		"'od','reason':'free'}]}",
		"2026-05-15T00:00:00Z");
	desk_at(d, "2026-05-20");
	assert_ok(desk_cell(d, "2026-05-16T00:00:00Z", "gpu", "od", 600));
	assert_ok(desk_cell(d, "2026-05-30T00:00:00Z", "gpu", "od", 7)); /* waits */
	assert_ok(desk_tick(d, "2026-05-19"));
	struct ts_usage_cell cells[] = {
		cell("2026-05-16T00:00:00Z", 600), cell("2026-05-30T00:00:00Z", 7)};
	assert_ok(amend(&t, cells, 2));
	assert_ok(desk_tick(d, "2026-05-31"));
	assert_int_equal(desk_balance(d, TS_ACCOUNT_REVENUE_USAGE), 0);
	assert_true(ts_ledger_unbilled(d->ledger, 0)->quantity == 607);
	desk_close(d);
}

static void test_refusals(void **state)
{
	(void)state;
	struct two t;
	struct desk *d = &t.d;
	struct ts_ledger *ledger = NULL;
	two_open(&t, TERMS("2", "0.02", ""), "2026-05-15T00:00:00Z");
	desk_at(d, "2026-05-20");
	assert_ok(desk_tick(d, "2026-05-19"));
	/* leaves in the wrong order, a version left out */
	t.versions[1].leaf = 0;
	assert_err(ts_ledger_create(d->region, t.versions, 2, &ledger), TS_E_INVALID);
	assert_err(ts_ledger_create(d->region, &t.versions[0], 0, &ledger), TS_E_INVALID);
	/* an event that folds an amendment which nobody applied */
	t.versions[1].leaf = d->leaf++;
	d->versions_n = 2;
	desk_reload(d);
	assert_err(desk_tick(d, "2026-05-19"), TS_E_INVALID);
	/* cells outside the range */
	struct ts_usage_cell cells[] = {cell("2026-05-14T23:45:00Z", 1)};
	assert_err(amend(&t, cells, 1), TS_E_INVALID);
	desk_close(d);
}

/* June has 30 days, the second version begins on the 16th with a commitment of 3,000 a period, a
 * cap and half price off: 15 days of each. Version 1: 400 x 0.01. Version 2: 600 x 0.02, less 50 %,
 * 1,500 committed, 900 of them short at 0.01; a cap of 20.00 a period is 10.00 for half of it. */
static void test_rated_by_itself(void **state)
{
	(void)state;
	struct two t;
	struct desk *d = &t.d;
	two_open(&t,
		TERMS("2", "0.02",
			",'discounts':[{'id':'half','percent':'50'}],'commitments':[{'id':'c',"
			"'price':'gpu','per':'period','schedule':[{'from':'2026-05-01','quantity':"
			"'3000'}],'overage_factor':'2','shortfall_unit_price':'0.01'}],'caps':["
			"{'id':'k','per':'period','schedule':[{'from':'2026-05-01','amount':'20.00'"
			"}]}]"),
		"2026-06-16T00:00:00Z");
	desk_at(d, "2026-06-02");
	assert_ok(desk_cut(d, 0, "2026-05-31"));
	assert_ok(desk_issue(d, 0));
	assert_ok(desk_cell(d, "2026-06-15T23:45:00Z", "gpu", "od", 400));
	assert_ok(desk_cell(d, "2026-06-16T00:00:00Z", "gpu", "od", 600));
	desk_at(d, "2026-06-20");
	assert_ok(desk_tick(d, "2026-06-19"));
	assert_int_equal(-desk_balance(d, TS_ACCOUNT_REVENUE_USAGE), 1000);
	struct ts_usage_cell cells[] = {cell("2026-06-16T00:00:00Z", 600)};
	assert_ok(amend(&t, cells, 1));
	desk_at(d, "2026-07-02");
	assert_ok(desk_cut(d, 1, "2026-06-30"));
	assert_ok(desk_issue(d, 1));
	static const int64_t nets[] = {400, 1200, -600, 900, -500};
	static const int32_t versions[] = {1, 2, 2, 2, 2};
	static const enum ts_charge_kind kinds[] = {TS_CHARGE_USAGE, TS_CHARGE_USAGE,
		TS_CHARGE_DISCOUNT, TS_CHARGE_SHORTFALL, TS_CHARGE_CAP};
	assert_int_equal(d->invoice->lines_n, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(d->invoice->lines[i].net_minor, nets[i]);
		assert_int_equal(d->invoice->lines[i].version, versions[i]);
		assert_int_equal(d->invoice->lines[i].kind, kinds[i]);
	}
	assert_int_equal(-desk_balance(d, TS_ACCOUNT_REVENUE_CONCESSION), -1100);
	assert_ok(ts_ledger_check(d->ledger, &d->why));
	desk_close(d);
}

/* The service's clock stands still, so that both events have one log time; the second one folds
 * an amendment that lets the deadline pass. Who kept the ledger between them in memory must come
 * to what one comes to who loads it for each event. */
static int64_t clock_stood_still(bool reloads)
{
	struct two t;
	struct desk *d = &t.d;
	two_open(&t, TERMS("2", "0.01", ""), "2026-05-01T00:00:00Z");
	const char *slow = "{'currency':'USD','term':{'from':'2026-05-01'},"
			   "'skus':[{'sku':'gpu','unit':'h','divisor':'1'}],'prices':[{'id':'gpu',"
			   "'sku':'gpu','class':'od','model':'per_unit','unit_price':'0.01'}],"
			   "'late':{'usage_until_days':0,'late_usage_until_days':90}}";
	t.versions[0] = ts_ledger_first_version(desk_terms(d->region, slow));
	d->versions_n = 2;
	t.versions[1].leaf = 5;
	desk_reload(d);
	desk_at(d, "2026-06-02");
	assert_ok(desk_cut(d, 0, "2026-05-31")); /* leaf 1 */
	desk_at(d, "2026-06-12");
	assert_ok(desk_cell(d, "2026-05-14T23:45:00Z", "gpu", "od", 400)); /* 2 */
	assert_ok(desk_tick(d, "2026-06-11")); /* 3 */
	assert_ok(desk_tick(d, "2026-06-11")); /* 4 */
	if (reloads)
		desk_reload(d);
	struct ts_ledger_amendment amendment;
	d->leaf++; /* the note, 5 */
	struct ts_ledger_event event = desk_event(d, 0, ts_ledger_head(d->ledger)->day);
	ts_ledger_amends(d->ledger, &event, NULL, 0, &amendment);
	assert_true(amendment.any);
	struct ts_usage_cell cells[] = {cell("2026-05-14T23:45:00Z", 400)};
	assert_ok(ts_ledger_rematch(d->ledger, &event, &amendment, cells, 1, &d->why));
	assert_ok(desk_cell(d, "2026-05-14T23:45:00Z", "gpu", "od", 70)); /* 6 */
	assert_ok(desk_tick(d, "2026-06-11"));
	int64_t revenue = -desk_balance(d, TS_ACCOUNT_REVENUE_USAGE);
	desk_close(d);
	return revenue;
}

static void test_lateness_at_one_log_time(void **state)
{
	(void)state;
	assert_int_equal(clock_stood_still(true), 400);
	assert_int_equal(clock_stood_still(false), 400);
}

/* A cut at N while an amendment's note is a leaf between N and the cut's own: what it posts and
 * what its document says, with the version known to the ledger or not. */
static const char *raced(bool knows, int64_t n, struct desk *d)
{
	struct ts_region *region = ts_region_create(DESK_REGION_BYTES);
	static struct ts_ledger_version versions[2];
	assert_non_null(region);
	static const char extra[] =
		",'fees':[{'id':'f','description':'f','schedule':[{'from':'2026-05-01','amount':"
		"'31.00'}]}],'commitments':[{'id':'c','price':'gpu','per':'period','schedule':[{"
		"'from':'2026-05-01','quantity':'1000'}],'shortfall_unit_price':'0.01'}]";
	versions[0] = ts_ledger_first_version(
		desk_terms(region, ts_region_printf(region, TERMS("1", "0.01", "%s"), extra)));
	versions[1] = ts_ledger_first_version(
		desk_terms(region, ts_region_printf(region, TERMS("2", "0.02", "%s"), extra)));
	assert_ok(ts_time_parse(TS_STR("2026-05-16T12:00:00Z"), &versions[1].from_us));
	versions[1].leaf = n;
	desk_begin_versions(d, region, versions, knows ? 2 : 1);
	d->leaf = 1;
	desk_at(d, "2026-06-02");
	assert_ok(desk_cell(d, "2026-05-20T00:00:00Z", "gpu", "od", 400));
	assert_int_equal(d->leaf, n);
	struct ts_ledger_event event = desk_event(d, 1, desk_day("2026-05-31"));
	event.leaf = ++d->leaf; /* behind the note */
	assert_ok(ts_ledger_cut(d->ledger, &event, &d->out, &d->why));
	desk_keep(d);
	return desk_body(d, 0);
}

/* The days of a fee in the trace were "16/31 + 15/31", and a commitment of 1,000 was 516 + 483,
 * before the version that divides the period counted at all. */
static void test_unfolded_version_split_the_period(void **state)
{
	(void)state;
	struct desk with, without;
	const char *one = raced(false, 2, &without), *two = raced(true, 2, &with);
	assert_non_null(strstr(one, "31/31"));
	assert_string_equal(one, two);
	assert_int_equal(with.journal.len, without.journal.len);
	assert_memory_equal(with.journal.data, without.journal.data, with.journal.len);
	assert_int_equal(-desk_balance(&with, TS_ACCOUNT_REVENUE_SHORTFALL), 600);
	desk_close(&with);
	desk_close(&without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lateness_at_one_log_time),
		cmocka_unit_test(test_unfolded_version_split_the_period),
		cmocka_unit_test(test_rated_by_itself),
		cmocka_unit_test(test_back_behind_a_cut),
		cmocka_unit_test(test_late_stays_late),
		cmocka_unit_test(test_excluded_from_then_on),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
