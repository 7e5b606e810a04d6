/* SPDX-License-Identifier: Apache-2.0 */
/* Prepayments and the billing of fees in terms: what is decoded, pointer and rule of each refusal,
 * what an amendment may change. */
#include "support/terms.h"
#include "terms/amendment.h"
#include "terms/billing.h"

#define HEAD(term)                                                                                 \
	"{'currency':'USD','term':{'from':'2026-01-01'" term "},"                                  \
	"'skus':[{'sku':'a','unit':'h','divisor':'8'}],"                                           \
	"'tax':{'treatments':[{'id':'x','category':'Z','jurisdiction':'DE','recoverable':true},"   \
	"{'id':'y','category':'E','jurisdiction':'DE','reason':'r','recoverable':true},"           \
	"{'id':'o','category':'O','jurisdiction':'DE','reason':'r','recoverable':true}]},"         \
	"'prices':[{'id':'p','sku':'a','class':'p','section':'s','model':'per_unit','unit_price':" \
	"'0.3',"                                                                                   \
	"'treatment':'x'},{'id':'q','sku':'a','class':'q','model':'per_unit','unit_price':'1',"    \
	"'treatment':'y'}],"
#define CLOSED HEAD(",'to':'2027-01-01'")
#define SCHEDULE "'schedule':[{'from':'2026-01-01','amount':'100.00'}]"
#define FEE(more) CLOSED "'fees':[{'id':'f','treatment':'x'," SCHEDULE more "}]}"
#define FEES                                                                                       \
	"'fees':[{'id':'f','treatment':'x'," SCHEDULE "},{'id':'g','treatment':'x'," SCHEDULE      \
	",'billed':'in_advance'}],'minimums':[{'id':'m','treatment':'x'," SCHEDULE "}],"
#define PREPAID(more) CLOSED FEES "'prepayments':[{'id':'k'," more "}]}"
#define REST                                                                                       \
	",'invoice_day':'2026-02-03','tax':'taxed','drawable':'on_issue','on':{'prices':['p']},"   \
	"'treatment':'x'"
#define TAXED(more) PREPAID("'amount':'1.00'" REST more)
#define DEPOSIT(more)                                                                              \
	PREPAID("'amount':'1.00','invoice_day':'2026-02-03','tax':'deposit',"                      \
		"'drawable':'when_paid'" more)

static const struct {
	const char *text, *where, *words;
} cases[] = {
	{FEE(",'billed':'sometimes'"), "/fees/0", "in_advance or in_arrears"},
	{FEE(",'billed':'in_advance','invoices':[{'day':'2026-01-01','amount':'1200.00'}]"),
		"/fees/0", "invoices of its own"},
	{FEE(",'invoices':[]"), "/fees/0", "empty"},
	{FEE(",'invoices':[{'day':'2026-01-01','amount':'1199.99'}]"), "/fees/0",
		"the invoices come to 1199.99, the fee to 1200.00 over the term"},
	{FEE(",'invoices':[{'day':'2025-12-31','amount':'1200.00'}]"), "/fees/0/invoices/0",
		"outside the term"},
	{FEE(",'invoices':[{'day':'2026-03-01','amount':'600.00'},{'day':'2026-03-01',"
	     "'amount':'600.00'}]"),
		"/fees/0/invoices/1", "days rise"},
	{FEE(",'invoices':[{'day':'2026-03-01','amount':'1200.000'}]"), "/fees/0/invoices/0/amount",
		""},
	{HEAD("") "'fees':[{'id':'f','treatment':'x'," SCHEDULE
		  ",'invoices':[{'day':'2026-01-01','amount':'1.00'}]}]}",
		"/fees/0", "a term with an end"},
	{CLOSED "'minimums':[{'id':'m','treatment':'x'," SCHEDULE ",'billed':'in_advance'}]}",
		"/minimums/0/billed", ""},
	{PREPAID("'amount':'1.00'" REST ",'colour':'red'"), "/prepayments/0/colour", ""},
	{PREPAID("'percent':'20'" REST), "/prepayments/0", "an amount, or percent and of"},
	{PREPAID("'amount':'1.00','of':['f']" REST), "/prepayments/0", "an amount, or percent"},
	{PREPAID("'amount':'0'" REST), "/prepayments/0", "comes to nothing"},
	{PREPAID("'amount':'-1.00'" REST), "/prepayments/0/amount", ""},
	{PREPAID("'percent':'100.1','of':['f']" REST), "/prepayments/0", "at most 100"},
	{PREPAID("'percent':'20','of':['f','f']" REST), "/prepayments/0/of/1", "stands twice"},
	{PREPAID("'percent':'20','of':['z']" REST), "/prepayments/0/of/0",
		"\"z\" is no fee and no minimum"},
	{HEAD("") FEES "'prepayments':[{'id':'k','percent':'20','of':['m']" REST "}]}",
		"/prepayments/0/of/0", "a term with an end"},
	{PREPAID("'amount':'1.00','invoice_day':'2027-01-01','tax':'taxed','drawable':'on_issue',"
		 "'treatment':'x'"),
		"/prepayments/0", "invoice_day 2027-01-01 lies outside"},
	{PREPAID("'amount':'1.00','invoice_day':'2026-02-03','tax':'gross','drawable':'on_issue',"
		 "'treatment':'x'"),
		"/prepayments/0", "taxed or deposit"},
	{PREPAID("'amount':'1.00','invoice_day':'2026-02-03','tax':'taxed','drawable':'soon',"
		 "'treatment':'x'"),
		"/prepayments/0", "on_issue or when_paid"},
	{TAXED(",'priority':0"), "/prepayments/0/priority", ""},
	{TAXED(",'expires':'2026-03-02'"), "/prepayments/0", "a billing period of the term begins"},
	{TAXED(",'expires':'2026-02-01'"), "/prepayments/0", "must be after 2026-02-03"},
	{TAXED(",'expires':'2027-02-01'"), "/prepayments/0", "or the term's end"},
	{TAXED(",'rollover':{'fraction':'0.5','to':'2026-05-01'}"), "/prepayments/0/rollover",
		"never expires"},
	{TAXED(",'expires':'2026-04-01','rollover':{'fraction':'1.01','to':'2026-05-01'}"),
		"/prepayments/0/rollover", "at most 1"},
	{TAXED(",'expires':'2026-04-01','rollover':{'fraction':'1','to':'2026-04-01'}"),
		"/prepayments/0/rollover", "must be after"},
	{PREPAID("'amount':'1.00','invoice_day':'2026-02-03','tax':'taxed','drawable':'on_issue',"
		 "'treatment':'x'"),
		"/prepayments/0", "\"q\" draws on it and has another tax treatment than \"x\""},
	{PREPAID("'amount':'1.00','invoice_day':'2026-02-03','tax':'taxed','drawable':'on_issue',"
		 "'on':{'fees':['g']},'treatment':'x'"),
		"/prepayments/0", "\"g\" has a billing of its own"},
	{PREPAID("'amount':'1.00','invoice_day':'2026-02-03','tax':'taxed','drawable':'on_issue',"
		 "'on':{'fees':[]},'treatment':'x'"),
		"/prepayments/0", "nothing can draw on it"},
	{PREPAID("'amount':'1.00','invoice_day':'2026-02-03','tax':'taxed','drawable':'on_issue',"
		 "'on':{'prices':['z']},'treatment':'x'"),
		"/prepayments/0/on/prices/0", "nothing in the terms"},
	{DEPOSIT(",'treatment':'x'"), "/prepayments/0", "category O"},
	{DEPOSIT(",'treatment':'o','on':{'prices':['p']}"), "/prepayments/0", "whole documents"},
	{CLOSED FEES "'prepayments':[{'id':'k','amount':'1.00'" REST
		     "},{'id':'k','amount':'2.00'" REST "}]}",
		"/prepayments/1", "two prepayments have the id \"k\""},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		terms_refused(cases[i].text, cases[i].where, cases[i].words);
}

/* 20 % of twelve months of two schedules of 100.00. */
static void test_percent(void **state)
{
	struct ts_region *region = terms_region();
	(void)state;
	const struct ts_terms *t = terms_of(region,
		PREPAID("'percent':'20','of':['f','m']" REST ",'expires':'2026-06-01','rollover':{'"
			"fraction':'0.25','to':'2027-01-01'}"));
	const struct ts_prepayment *p = &t->prepayments[0];
	assert_int_equal(p->amount_minor, 48000);
	assert_int_equal(p->priority, 50);
	assert_true(p->on.prices[0] && !p->on.prices[1] && !p->on.fees[0]);
	assert_int_equal(p->rollover_day, t->to_day);
	assert_true(t->fees[1].in_advance && !t->fees[0].in_advance);
	ts_region_free(region);
}

/* Days on the edge of two periods belong to the document of the earlier one. */
static void test_where_installments_stand(void **state)
{
	struct ts_region *region = terms_region();
	(void)state;
	const struct ts_terms *t = terms_of(region,
		FEE(",'invoices':[{'day':'2026-01-01','amount':'500.00'},{'day':'2026-02-01',"
		    "'amount':'300.00'},{'day':'2026-02-02','amount':'250.00'},{'day':'2027-01-01',"
		    "'amount':'150.00'}]"));
	const int64_t want[] = {80000, 25000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15000};
	for (int32_t i = 0; i < 12; i++) {
		struct ts_period period;
		int64_t minor = 0;
		assert_ok(ts_period_get(t, i, &period));
		assert_ok(ts_billing_installments(&t->fees[0], &period, &minor));
		assert_int_equal(minor, want[i]);
	}
	ts_region_free(region);
}

/* An invoice may stand already: place, amount, day and tax stay; who draws and for how long may
 * change, and new ones follow. */
static void test_amendments(void **state)
{
	static const struct {
		const char *next, *where;
	} rows[] = {
		{"{'id':'k','amount':'1.00'" REST "}", NULL},
		{"{'id':'k','amount':'1.00','expires':'2026-09-01','priority':3" REST "}", NULL},
		{"{'id':'k','amount':'1.00'" REST "},{'id':'l','amount':'5.00'" REST "}", NULL},
		{"{'id':'k','amount':'1.01'" REST "}", "/prepayments/0"},
		{"{'id':'l','amount':'5.00'" REST "},{'id':'k','amount':'1.00'" REST "}",
			"/prepayments/0"},
		{"", "/prepayments/0"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ts_region *region = terms_region();
		struct ts_why why = {{0}, {0}};
		const struct ts_terms *one = terms_of(region, TAXED(""));
		const char *text = ts_region_printf(
			region, CLOSED FEES "'version':2,'prepayments':[%s]}", rows[i].next);
		assert_non_null(text);
		const struct ts_terms *two = terms_of(region, text);
		enum ts_err err = ts_amendment_check(one, two, one->from_us, INT64_MAX, &why);
		if (rows[i].where != NULL)
			assert_string_equal(why.where, rows[i].where);
		else
			assert_string_not_equal(why.where, "/prepayments/0");
		assert_true(rows[i].where == NULL || err == TS_E_INVALID);
		ts_region_free(region);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_where_installments_stand),
		cmocka_unit_test(test_amendments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
