/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused when terms are uploaded, rule by rule: each names the pointer and says the rule.
 * The vectors of tests/vectors/terms/refusals.json go through all members; these are the rules that
 * a contract's money hangs on. */
#include "support/file.h"
#include "support/terms.h"
#include <stdio.h>
#include <stdlib.h>

#define HEAD "{'currency':'USD','term':{'from':'2026-01-01','to':'2027-01-01'},"
#define SKU "'skus':[{'sku':'a','unit':'h','divisor':'4'}],"
#define PRICE(more) "{'id':'p','sku':'a','model':'per_unit','unit_price':'1'" more "}"
#define DISCOUNT(percent)                                                                          \
	HEAD SKU "'prices':[" PRICE("") "],'discounts':[{'id':'d','percent':'" percent "'}]}"

/* Signed terms, with one change to the example. */
static void signed_refused(const char *from, const char *to, const char *where, const char *words)
{
	char *path = ts_source_path("tests/vectors/terms/example.json"), *text = NULL;
	struct ts_file file = ts_file_read(path);
	struct ts_region *region = terms_region();
	const struct ts_terms *terms = NULL;
	struct ts_why why = {0};
	char *at = strstr(file.bytes, from);
	assert_non_null(at);
	size_t room = file.len + strlen(to) + 1;
	text = malloc(room);
	assert_non_null(text);
	snprintf(text, room, "%.*s%s%s", (int)(at - file.bytes), file.bytes, to, at + strlen(from));
	assert_err(ts_terms_parse(text, strlen(text), region, &terms, &why), TS_E_INVALID);
	assert_string_equal(why.where, where);
	if (strstr(why.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
	free(text);
	free(path);
	ts_file_free(&file);
	ts_region_free(region);
}

static void test_unmatched_price(void **state)
{
	(void)state;
	signed_refused("{\"sku\": \"egress\", \"name\"",
		"{\"sku\": \"idle\", \"name\": \"Idle\", \"unit\": \"h\", \"divisor\": \"1\"},"
		"{\"sku\": \"egress\", \"name\"",
		"/skus/1", "no price matches sku \"idle\"");
}

static void test_doubly_matched_price(void **state)
{
	(void)state;
	terms_refused(HEAD SKU "'prices':[" PRICE("") ",{'id':'q','sku':'a','class':'od','model':"
						      "'per_unit','unit_price':'2'}]}",
		"/prices/1", "priced by \"p\" (/prices/0) already");
	terms_refused(HEAD SKU
		"'windows':[{'window':'w','from':'08:00','to':'12:00'}],'prices':[" PRICE(
			",'window':'w'") ",{'id':'q','sku':'a','model':'per_unit','unit_price':'2'}"
					 "]}",
		"/prices/1", "ambiguous");
}

static void test_overlap_within_a_document(void **state)
{
	(void)state;
	terms_refused(HEAD "'fees':[{'id':'f','schedule':[{'from':'2026-01-01','to':'2026-03-01',"
			   "'amount':'1'},{'from':'2026-02-28','amount':'2'}]}]}",
		"/fees/0/schedule/1", "overlaps the segment before");
	terms_refused(HEAD "'regions':[{'region':'r','clusters':['c']},{'region':'s','clusters':["
			   "'d','c']}]}",
		"/regions/1", "");
}

static void test_edges_off_the_grid(void **state)
{
	(void)state;
	terms_refused(HEAD "'windows':[{'window':'w','from':'08:10','to':'12:00'}]}", "/windows/0",
		"quarter-hour");
	terms_refused(HEAD "'zone':{'name':'Z','offsets':[{'offset_minutes':60},{'from':"
			   "'2026-03-29T01:07:00Z','offset_minutes':120}]}}",
		"/zone/offsets/1", "quarter-hour grid");
}

static void test_tier_edges_not_rising(void **state)
{
	(void)state;
	terms_refused(HEAD SKU
		"'prices':[{'id':'p','sku':'a','model':'graduated','tiers':[{'up_to':"
		"'10','unit_price':'2'},{'up_to':'10','unit_price':'1'},{'unit_price'"
		":'1'}]}]}",
		"/prices/0/tiers/1", "must rise");
}

static void test_unknown_sku_zone_or_currency(void **state)
{
	(void)state;
	terms_refused(HEAD SKU
		"'prices':[{'id':'p','sku':'b','model':'per_unit','unit_price':'1'}]}",
		"/prices/0", "sku \"b\" is not declared");
	terms_refused("{'currency':'XXQ','term':{'from':'2026-01-01'}}", "/currency", "ISO 4217");
	/* zone names need a zone database: tests/e2e/test_terms_schema.sh, tests/e2e/test_amend.sh
	 */
	terms_refused(HEAD "'zone':{'name':'Z','offsets':[]}}", "/zone/offsets", "");
}

static void test_fee_schedule_outside_the_term(void **state)
{
	(void)state;
	terms_refused(HEAD "'fees':[{'id':'f','schedule':[{'from':'2025-12-31','amount':'1'}]}]}",
		"/fees/0/schedule/0", "outside the term");
	terms_refused(HEAD "'fees':[{'id':'f','schedule':[{'from':'2026-06-01','to':'2027-01-02',"
			   "'amount':'1'}]}]}",
		"/fees/0/schedule/0", "outside the term");
}

static void test_percentages_out_of_range(void **state)
{
	(void)state;
	terms_refused(DISCOUNT("0"), "/discounts/0", "above 0, at most 100");
	terms_refused(DISCOUNT("100.01"), "/discounts/0", "above 0, at most 100");
	terms_refused(DISCOUNT("-5"), "/discounts/0", "above 0, at most 100");
	terms_refused(HEAD SKU
		"'prices':[" PRICE(
			"") "],'tax':{'treatments':[{'id':'none','category':"
			    "'S','jurisdiction':'DE','rate':'r','recoverable':true}],'rates':["
			    "{'rate':'r','jurisdiction':'DE','from':'2026-01-01','percent':'101'}]}"
			    "}",
		"/tax/rates/0", "100");
	terms_refused(HEAD SKU
		"'prices':[" PRICE("") "],'commitments':[{'id':'c','price':'p','per':"
				       "'period','schedule':[{'from':'2026-01-01','quantity':'1'}],"
				       "'shortfall_unit_price':'1','rollover':'1.01'}]}",
		"/commitments/0", "outside 0 to 1");
	terms_refused(HEAD SKU
		"'prices':[" PRICE(
			"") "],'exclusions':[{'class':'down','reason':'r'}],"
			    "'slas':[{'id':'s','sku':'a','classes':['down'],'base':'after_true_up',"
			    "'capacity':[{'from':'2026-01-01','quantity':'1'}],'tiers':[{'below':"
			    "'100.5','percent':'10'}]}]}",
		"/slas/0/tiers/0", "100");
}

/* 9,223,372,036,854,775,807 cents are 92,233,720,368,547,758.07; a month has 745 hours at most. */
static void test_amounts_that_overflow_at_capacity(void **state)
{
	(void)state;
#define CAPACITY(units, price, more)                                                               \
	HEAD "'skus':[{'sku':'a','unit':'h','divisor':'4','capacity':'" units "'}],'prices':["     \
	     "{'id':'p','sku':'a','model':'per_unit','unit_price':'" price "'}]" more "}"
	struct ts_region *region = terms_region();
	const struct ts_terms *t = terms_of(region, CAPACITY("1000000", "123803651.50", ""));
	assert_true(t->skus[0].capacity == 4000000);
	/* 10^6 x 745 x 123,803,651.51 is above it */
	terms_refused(CAPACITY("1000000", "123803651.51", ""), "/prices/0",
		"at the capacity of sku \"a\" (1000000 h an hour) overflows");
	terms_refused(CAPACITY("1000000", "123803651.50",
			      ",'fees':[{'id':'f','schedule':[{'from':'2026-01-01','amount':"
			      "'10000000000.00'}]}]"),
		"/", "used at capacity");
	terms_refused(CAPACITY("1000000", "100000000",
			      ",'minimums':[{'id':'m','overage_factor':'1.3','schedule':[{'from':"
			      "'2026-01-01','amount':'1.00'}]}]"),
		"/", "used at capacity");
	terms_refused(
		CAPACITY("1", "1",
			",'commitments':[{'id':'c','price':'p','per':'hour','schedule':[{'from':"
			"'2026-01-01','quantity':'1000000'}],'shortfall_unit_price':"
			"'123803651.51'}]"),
		"/commitments/0", "commits to overflows");
	terms_refused(HEAD
		"'calendar':{'anchor_day':1,'months':3},'skus':[{'sku':'a','unit':'h',"
		"'divisor':'4','capacity':'1000000'}],'prices':[{'id':'p','sku':'a','model':"
		"'graduated','tiers':[{'up_to':'10','unit_price':'1'},{'unit_price':"
		"'45000000'}]}]}",
		"/prices/0", "overflows");
	terms_refused(CAPACITY("0", "1", ""), "/skus/0", "capacity 0 must be above 0");
	terms_refused(CAPACITY("0.3", "1", ""), "/skus/0", "no whole number of base units");
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unmatched_price),
		cmocka_unit_test(test_doubly_matched_price),
		cmocka_unit_test(test_overlap_within_a_document),
		cmocka_unit_test(test_edges_off_the_grid),
		cmocka_unit_test(test_tier_edges_not_rising),
		cmocka_unit_test(test_unknown_sku_zone_or_currency),
		cmocka_unit_test(test_fee_schedule_outside_the_term),
		cmocka_unit_test(test_percentages_out_of_range),
		cmocka_unit_test(test_amounts_that_overflow_at_capacity),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
