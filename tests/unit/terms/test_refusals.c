/* SPDX-License-Identifier: Apache-2.0 */
/* Terms that name counters, packages, commitments, discounts and caps and are refused: pointer and
 * rule of each. */
#include "support/terms.h"

#define HEAD                                                                                       \
	"{'currency':'USD','term':{'from':'2026-01-01','to':'2027-01-01'},"                        \
	"'skus':[{'sku':'a','unit':'h','divisor':'8'},{'sku':'b','unit':'h','divisor':'2'}],"      \
	"'tax':{'treatments':[{'id':'x','category':'O','jurisdiction':'DE','reason':'r',"          \
	"'recoverable':true},{'id':'y','category':'Z','jurisdiction':'DE','recoverable':true}]},"
#define UNIT                                                                                       \
	"{'id':'p','sku':'a','model':'per_unit','unit_price':'0.3','treatment':'x','section':'s'}"
#define TIERS "'model':'graduated','tiers':[{'up_to':'10','unit_price':'2'},{'unit_price':'1'}]"
#define FEE                                                                                        \
	"'fees':[{'id':'f','treatment':'y','section':'s','schedule':[{'from':'2026-01-01',"        \
	"'amount':'1.00'}]}],"
#define ONE HEAD FEE "'prices':[" UNIT "],"
#define COMMIT(more) ONE "'commitments':[{'id':'c','price':'p'," more "}]}"
#define YEAR "'schedule':[{'from':'2026-01-01','quantity':'10'}]"

#define SLA(more)                                                                                  \
	ONE "'exclusions':[{'class':'down','reason':'r'}],'slas':[{'id':'s','on':{'prices':['p']}" \
	    "," more "}]}"
#define DOWN "'capacity':[{'from':'2026-01-01','quantity':'10'}]"

#define SELLER(more) HEAD "'provider':{" more "}}"
#define PAYMENT(more) SELLER("'payment':{" more "}")

static const struct {
	const char *text, *where, *words;
} cases[] = {
	{SELLER("'vat_id':'DE12345678'"), "/provider/vat_id", "no VAT identifier"},
	{SELLER("'vat_id':'GR123456789'"), "/provider/vat_id", "Greece: EL"},
	{SELLER("'endpoint':{'id':'x'}"), "/provider/endpoint/scheme", ""},
	{SELLER("'endpoint':{'scheme':'EM','id':'a@b.example'}"), "/provider/endpoint/scheme",
		"Peppol takes"},
	{SELLER("'endpoint':{'scheme':'0088','id':'4000001123453'}"), "/provider/endpoint/id",
		"check digit"},
	{SELLER("'registration':{'scheme':'9930','id':'1'}"), "/provider/registration/scheme",
		"ISO 6523"},
	{SELLER("'registration':{'scheme':'0208','id':'0202239952'}"), "/provider/registration/id",
		"check digit"},
	{SELLER("'contact':{'fax':'1'}"), "/provider/contact/fax", ""},
	{PAYMENT("'means':'58','account':'1'"), "/provider/payment/iban", "needs an IBAN"},
	{PAYMENT("'means':'30'"), "/provider/payment/iban", "iban"},
	{PAYMENT("'means':'999','account':'1'"), "/provider/payment/means", "UNTDID 4461"},
	{PAYMENT("'means':'58','iban':'DE89370400440532013001'"), "/provider/payment/iban",
		"check digits"},
	{PAYMENT("'means':'58','iban':'DE89370400440532013000','bic':'COBADEFFXX'"),
		"/provider/payment/bic", "8 or 11"},
	{PAYMENT("'means':'30','iban':'DE89370400440532013000','account':'1'"),
		"/provider/payment/account", "not by both"},
	{HEAD "'consumer':{'payment':{'means':'30','account':'1'}}}", "/consumer/payment",
		"only the provider"},
	{HEAD "'invoice':{'type':'381'}}", "/invoice/type", "380 (invoice) or 82"},
	{"{'currency':'USD','term':{'from':'2026-01-01','to':'2027-01-01'},'skus':[{'sku':'a',"
	 "'unit':'GPU-hour','divisor':'8','unit_code':'GPU'}]}",
		"/skus/0", "an hour is HUR"},
	{ONE "'discounts':[{'id':'d','price':'p','quantity':'1'},"
	     "{'id':'e','price':'p','quantity':'2'}]}",
		"/discounts/1", "given away by \"d\" already"},
	{HEAD "'prices':[{'id':'p','sku':'a','model':'package','package_size':'10',"
	      "'treatment':'x'}]}",
		"/prices/0", "needs package_size and package_price"},
	{HEAD "'prices':[{'id':'p','sku':'a','model':'package','package_size':'0.01',"
	      "'package_price':'1','treatment':'x'}]}",
		"/prices/0", "package_size 0.01 is no whole number"},
	{HEAD "'prices':[{'id':'p','sku':'a'," TIERS ",'counter':'k','treatment':'x'}]}",
		"/prices/0", "neither period nor term"},
	{HEAD "'counters':[{'id':'term','scope':'term'}]}", "/counters/0", "is taken"},
	{HEAD "'counters':[{'id':'k','scope':'year'}]}", "/counters/0", "period or term"},
	{HEAD "'counters':[{'id':'k','scope':'period'}],'prices':[{'id':'p','sku':'a'," TIERS
	      ",'counter':'k','treatment':'x'},{'id':'q','sku':'b'," TIERS
	      ",'counter':'k','treatment':'x'}]}",
		"/prices/1", "shares a counter with \"p\""},
	{HEAD "'counters':[{'id':'k','scope':'period'}],'prices':[{'id':'p','sku':'a',"
	      "'model':'graduated','tiers':[{'unit_price':'1','flat':'1.00'}],'counter':'k',"
	      "'treatment':'x'}]}",
		"/prices/0", "neither flat nor packages"},
	{HEAD "'prices':[{'id':'p','sku':'a','model':'volume','tiers':[{'unit_price':'1'}],"
	      "'counter':'term','treatment':'x'}]}",
		"/prices/0", "would reprice"},
	{COMMIT("'per':'hour'," YEAR ",'shortfall_unit_price':'1','recognition':'at_end'"),
		"/commitments/0", "each hour is its own"},
	{COMMIT("'per':'period'," YEAR ",'shortfall_unit_price':'1','recognition':'daily'"),
		"/commitments/0", "at_end or proportionally"},
	{SLA("'sku':'a','classes':['down'],'base':'after_true_up','claim':'ask'," DOWN), "/slas/0",
		"automatic or on_claim"},
	{SLA("'sku':'a','classes':['down'],'base':'after_true_up','claim':'on_claim'," DOWN),
		"/slas/0", "claim_days goes with"},
	{SLA("'sku':'a','classes':['down'],'base':'after_true_up','claim_days':30," DOWN),
		"/slas/0", "claim_days goes with"},
	{SLA("'sku':'a','classes':['down'],'base':'after_true_up','applies':'now'," DOWN),
		"/slas/0", "this_document or next_document"},
	{ONE "'exclusions':[{'class':'down','reason':'r','caused_by':'rain'}]}", "/exclusions/0",
		"provider, consumer or other"},
	{ONE "'exclusions':[{'class':'down','reason':'r','counts_as':'y'}]}", "/exclusions/0",
		"no price has the class"},
	{ONE "'minimums':[{'id':'m','treatment':'x','on':{'prices':['p']},'schedule':["
	     "{'from':'2026-01-01','amount':'1.00'}]}],'exclusions':[{'class':'down','reason':'r',"
	     "'caused_by':'provider'}]}",
		"/exclusions/0", "say counts_as"},
	{ONE "'dispute':{'open_days':30,'deemed_acceptance_days':10}}",
		"/dispute/deemed_acceptance_days", "before open_days"},
	{ONE "'reconciliation':{'tolerance':{'line':{'percent':'101'}}}}",
		"/reconciliation/tolerance/line", "0 to 100"},
	{ONE "'reconciliation':{'materiality':'1.001'}}", "/reconciliation/materiality", ""},
	{ONE "'revenue':{'fees':'early'}}", "/revenue/fees", "as_billed, straight_line"},
	{COMMIT("'per':'day'," YEAR), "/commitments/0", "hour or quarter_hour"},
	{COMMIT("'per':'period'," YEAR), "/commitments/0", "no commitment"},
	{COMMIT("'per':'period'," YEAR ",'overage_factor':'2','overage_unit_price':'1'"),
		"/commitments/0", "not both"},
	{COMMIT("'per':'period'," YEAR ",'overage_factor':'2','rollover':'1'"), "/commitments/0",
		"only what was paid"},
	{COMMIT("'per':'period'," YEAR ",'shortfall_unit_price':'1','rollover':'1.1'"),
		"/commitments/0", "outside 0 to 1"},
	{COMMIT("'per':'period'," YEAR ",'overage_factor':'0.0000000000001'"),
		"/commitments/0/overage_factor", ""},
	{COMMIT("'per':'hour','schedule':[{'from':'2026-01-01','quantity':'0.125'}],"
		"'overage_factor':'2'"),
		"/commitments/0/schedule/0", "quarter-hours"},
	{COMMIT("'per':'hour','schedule':[{'from':'2025-01-01','quantity':'1'}],"
		"'overage_factor':'2'"),
		"/commitments/0/schedule/0", "outside the term"},
	{HEAD "'prices':[{'id':'p','sku':'a'," TIERS ",'treatment':'x'}],'commitments':[{'id':'c',"
	      "'price':'p','per':'period'," YEAR ",'overage_factor':'2'}]}",
		"/commitments/0", "not per_unit"},
	{ONE "'discounts':[{'id':'d','percent':'5','price':'p'}]}", "/discounts/0", "price and"},
	{ONE "'discounts':[{'id':'d','percent':'101','on':{'prices':['p']}}]}", "/discounts/0",
		"at most 100"},
	{ONE "'discounts':[{'id':'d','percent':'5','on':{'prices':['q']}}]}",
		"/discounts/0/on/prices/0", "nothing in the terms"},
	{ONE "'discounts':[{'id':'d','percent':'5','on':{'sections':['s']}}]}", "/discounts/0",
		"two tax treatments"},
	{ONE "'discounts':[{'id':'d','percent':'5','on':{'fees':[]}}]}", "/discounts/0",
		"about nothing"},
	{ONE "'discounts':[{'id':'d','percent':'5','on':{'prices':['p']}},"
	     "{'id':'e','percent':'5','on':{'prices':['p']}}]}",
		"/discounts/1", "discounted by \"d\" already"},
	{ONE "'caps':[{'id':'k','per':'term','on':{'prices':['p']}}]}", "/caps/0", "an amount"},
	{ONE "'caps':[{'id':'k','per':'year','amount':'1.00','on':{'prices':['p']}}]}", "/caps/0",
		"period or term"},
	{ONE "'caps':[{'id':'k','per':'term','amount':'1.00'}]}", "/caps/0", "two tax treatments"},
	{ONE "'minimums':[{'id':'m','treatment':'x','overage_factor':'101','schedule':["
	     "{'from':'2026-01-01','amount':'1.00'}]}]}",
		"/minimums/0", "outside 0 to 100"},
	{HEAD "'calendar':{'anchor_day':1,'months':5,'month':2}}", "/calendar/month",
		"divide a year"},
	{SLA("'sku':'a','classes':['x'],'base':'after_true_up'," DOWN), "/slas/0", "not excluded"},
	{SLA("'sku':'c','classes':['down'],'base':'after_true_up'," DOWN), "/slas/0",
		"not declared"},
	{SLA("'sku':'a','classes':['down'],'base':'gross'," DOWN), "/slas/0", "before_true_up or"},
	{SLA("'sku':'a','classes':[],'base':'after_true_up'," DOWN), "/slas/0",
		"classes are empty"},
	{SLA("'sku':'a','classes':['down'],'base':'after_true_up','cap_percent':'0'," DOWN),
		"/slas/0", "cap_percent"},
	{SLA("'sku':'a','classes':['down'],'base':'after_true_up'," DOWN
	     ",'tiers':[{'below':'99','percent':'10'},{'below':'99','percent':'20'}]"),
		"/slas/0/tiers/1", "must fall"},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		terms_refused(cases[i].text, cases[i].where, cases[i].words);
}

/* The ramp of docs/formats/terms.md, and a block that ends. */
static void test_blocks(void **state)
{
	struct ts_region *region = terms_region();
	(void)state;
	const struct ts_terms *t = terms_of(region, HEAD
		"'fees':[{'id':'f','treatment':'x','blocks':[{'count':8,'amount':'1000.00',"
		"'accepted':'2026-06-16'},{'count':8,'amount':'1000.00','accepted':'2026-06-01',"
		"'to':'2026-07-01'}]}]}");
	const struct ts_segment want[] = {
		{20605, 20620, 800000}, {20620, 20635, 1600000}, {20635, t->to_day, 800000}};
	assert_int_equal(t->fees[0].segments_n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(t->fees[0].segments[i].from_day, want[i].from_day);
		assert_int_equal(t->fees[0].segments[i].to_day, want[i].to_day);
		assert_int_equal(t->fees[0].segments[i].amount_minor, want[i].amount_minor);
	}
	ts_region_free(region);
	terms_refused(HEAD "'fees':[{'id':'f','treatment':'x','blocks':[]}]}", "/fees/0", "empty");
	terms_refused(HEAD "'fees':[{'id':'f','treatment':'x'}]}", "/fees/0", "either");
	terms_refused(HEAD "'fees':[{'id':'f','treatment':'x','blocks':[{'count':1,'amount':'1.00',"
			   "'accepted':'2025-06-16'}]}]}",
		"/fees/0/blocks/0", "outside the term");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_blocks)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
