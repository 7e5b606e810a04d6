/* SPDX-License-Identifier: Apache-2.0 */
/* The state's text: what it says, and that nothing else is read. That a ledger goes on from its
 * text as if nothing had happened is a property of test_histories.c, which reloads by it. */
#include "support/desk.h"

#define TERMS                                                                                      \
	"{'currency':'USD','term':{'from':'2026-05-01'},"                                          \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'1'}],"                                         \
	"'prices':[{'id':'gpu','sku':'gpu','class':'od','model':'per_unit','unit_price':'0.01'}]," \
	"'exclusions':[{'class':'maint','reason':'repair'}],"                                      \
	"'late':{'usage_until_days':3,'late_usage_until_days':40}}"

static void desk_may(struct desk *d)
{
	desk_open(d, TERMS);
	desk_at(d, "2026-05-04");
	assert_ok(desk_cell(d, "2026-05-03T10:00:00Z", "gpu", "od", 1000));
	assert_ok(desk_cell(d, "2026-05-03T10:00:00Z", "gpu", "maint", 7));
	assert_ok(desk_cell(d, "2026-06-02T10:00:00Z", "gpu", "od", 5));
	assert_ok(desk_tick(d, "2026-05-03"));
	desk_at(d, "2026-06-04");
	assert_ok(desk_cut(d, 0, "2026-05-31"));
}

static void test_what_it_says(void **state)
{
	(void)state;
	static const char want[] = "head\t4\t20604\t1780531200000000\t2\t2\t2\t1\t1\t0\n"
				   "measure\t1\t0\t0\t24316\t1000\n"
				   "waiting\t1780394400000000\t1\t0\t5\n"
				   "unbilled\texcluded\tgpu\tmaint\t24316\t7\n"
				   "accrual\t1\tusage\t0\t0\t0\t24316\t1000\n"
				   "period\t0\t1\t0\t4\t1780531200000000\t4\t20604\t-\t0\n";
	struct desk d;
	desk_may(&d);
	struct ts_str text = desk_text(&d, d.ledger);
	assert_true(text.len > sizeof want - 1);
	assert_memory_equal(text.at, want, sizeof want - 1);
	desk_close(&d);
}

/* The frozen lines of a document matter until it is issued. */
static void test_frozen_lines_go_with_the_issue(void **state)
{
	(void)state;
	struct desk d;
	desk_may(&d);
	assert_non_null(strstr(desk_text(&d, d.ledger).at, "\ncut\t0\t"));
	const char *before = desk_body(&d, 0);
	desk_reload_text(&d);
	assert_string_equal(before, desk_body(&d, 0));
	assert_ok(desk_issue(&d, 0));
	assert_null(strstr(desk_text(&d, d.ledger).at, "\ncut\t0\t"));
	desk_close(&d);
}

static enum ts_err load(struct desk *d, const char *text)
{
	struct ts_ledger *fresh = NULL;
	assert_ok(ts_ledger_create(d->region, d->versions, d->versions_n, &fresh));
	enum ts_err err = ts_ledger_text_load(fresh, ts_str(text), &d->why);
	assert_true(err == TS_OK || d->why.text[0] != '\0');
	return err;
}

static void test_refusals(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"head\t4\t20604\t1780531200000000\t2\t2\t2\t1\t1\n", /* a field less */
		"head\t4\t20604\t1780531200000000\t2\t2\t2\t1\t1\t0\t0\n", /* one more */
		"head\t04\t20604\t1780531200000000\t2\t2\t2\t1\t1\t0\n", /* two spellings */
		"head\t4\t2147483648\t1780531200000000\t2\t2\t2\t1\t1\t0\n", /* out of range */
		"measure\t1\t0\t0\t24316\t1000", /* no LF */
		"measure\t1\t0\t0\t24316\t-0\n",
		"measure\t1\t0\t0\t24316\t1\nmeasure\t1\t0\t0\t24316\t1\n", /* twice */
		"measure\t1\t0\t0\t24317\t1\nmeasure\t1\t0\t0\t24316\t1\n", /* order */
		"accrual\t1\tusage\t0\t0\t0\t24316\t1\nmeasure\t1\t0\t0\t24316\t1\n",
		"accrual\t1\tgift\t0\t0\t0\t24316\t1000\n",
		"balance\tpetty_cash\t1\t1\n",
		"period\t0\t2\t0\t4\t1780531200000000\t4\t20604\t-\t0\n",
		"extra\t1\n",
		"\n",
	};
	struct desk d;
	desk_open(&d, TERMS);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (load(&d, bad[i]) == TS_OK)
			fail_msg("accepted: %s", bad[i]);
	assert_ok(load(&d, ""));
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_says),
		cmocka_unit_test(test_frozen_lines_go_with_the_issue),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
