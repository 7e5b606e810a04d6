/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors of prices: cluster, account, class and the wall clock, the days of a change of offset
 * included; and which terms are refused because a cell could match twice. */
#include "support/terms.h"
#include "terms/match.h"

#define ZONE                                                                                       \
	"'zone':{'name':'Europe/Berlin','offsets':[{'offset_minutes':60},"                         \
	"{'from':'2026-03-29T01:00:00Z','offset_minutes':120},"                                    \
	"{'from':'2026-10-25T01:00:00Z','offset_minutes':60}]},"
#define HEAD                                                                                       \
	"{'currency':'EUR','term':{'from':'2026-01-01'}," ZONE                                     \
	"'skus':[{'sku':'gpu','unit':'h','divisor':'8'}],"
#define SETS                                                                                       \
	"'regions':[{'region':'west','clusters':['w1','w2']},{'region':'east','clusters':['e1']}]" \
	",'purposes':[{'purpose':'training','accounts':['a1'],'classes':['train']},"               \
	"{'purpose':'inference','accounts':['a2']}],"                                              \
	"'windows':[{'window':'night','from':'22:00','to':'06:00'},"                               \
	"{'window':'weekend','days':['sat','sun'],'from':'00:00','to':'24:00'}],"
#define PRICE(id, more) "{'id':'" id "','sku':'gpu','model':'per_unit','unit_price':'1'," more "}"

static size_t price_of(const struct ts_terms *t, const char *class, const char *account,
	const char *cluster, const char *time)
{
	struct ts_usage_key key = {.sku = TS_STR("gpu"),
		.pricing_class = ts_str(class),
		.account = ts_str(account),
		.cluster = ts_str(cluster)};
	size_t index = 99;
	assert_ok(ts_time_parse(ts_str(time), &key.quarter_us));
	return ts_terms_match(t, &key, &index) == TS_MATCH_PRICE ? index : 99;
}

static void test_regions_and_purposes(void **state)
{
	struct ts_region *region = terms_region();
	const char *now = "2026-02-03T10:00:00Z";
	(void)state;
	const struct ts_terms *t = terms_of(region, HEAD SETS
		"'prices':[" PRICE("wt", "'region':'west','purpose':'training'") "," PRICE("w",
			"'region':'west','purpose':'-'") "," PRICE("e", "'region':'east'") "]}");
	assert_int_equal(price_of(t, "od", "a1", "w1", now), 0);
	assert_int_equal(price_of(t, "train", "-", "w2", now), 0);
	assert_int_equal(price_of(t, "od", "-", "w2", now), 1);
	assert_int_equal(price_of(t, "od", "a2", "w2", now), 99); /* inference in the west */
	assert_int_equal(price_of(t, "train", "a2", "w2", now), 99); /* the account decides */
	assert_int_equal(price_of(t, "od", "a2", "e1", now), 2);
	assert_int_equal(price_of(t, "od", "a1", "-", now), 99);
	struct ts_terms_needs needs = ts_terms_needs(t);
	assert_true(needs.account && needs.origin);
	ts_region_free(region);
}

static void test_windows_follow_the_wall_clock(void **state)
{
	struct ts_region *region = terms_region();
	(void)state;
	const struct ts_terms *t = terms_of(region, HEAD SETS
		"'prices':[" PRICE("n", "'window':'night'") "," PRICE("d", "'window':'-'") "]}");
	/* Winter: 22:00 is 21:00 Z; summer: 20:00 Z. 3 February is a Tuesday. */
	assert_int_equal(price_of(t, "", "", "", "2026-02-03T20:45:00Z"), 1);
	assert_int_equal(price_of(t, "", "", "", "2026-02-03T21:00:00Z"), 0);
	assert_int_equal(price_of(t, "", "", "", "2026-02-04T04:45:00Z"), 0);
	assert_int_equal(price_of(t, "", "", "", "2026-02-04T05:00:00Z"), 1);
	assert_int_equal(price_of(t, "", "", "", "2026-07-07T20:00:00Z"), 0);
	assert_int_equal(price_of(t, "", "", "", "2026-07-07T19:45:00Z"), 1);
	/* A Saturday by day belongs to the weekend, so to no price here. */
	assert_int_equal(price_of(t, "", "", "", "2026-02-07T10:00:00Z"), 99);
	ts_region_free(region);
}

/* The night of 23 hours has 28 quarters in [22:00, 06:00), that of 25 hours 36. */
static void test_windows_on_days_of_change(void **state)
{
	static const struct {
		const char *from;
		int quarters;
	} nights[] = {{"2026-03-28T21:00:00Z", 28}, {"2026-10-24T20:00:00Z", 36},
		{"2026-06-01T20:00:00Z", 32}};
	struct ts_region *region = terms_region();
	(void)state;
	const struct ts_terms *t = terms_of(
		region, HEAD SETS "'prices':[" PRICE("n", "'window':'night'") "]}");
	for (size_t i = 0; i < sizeof nights / sizeof nights[0]; i++) {
		int64_t us = 0;
		int n = 0;
		assert_ok(ts_time_parse(ts_str(nights[i].from), &us));
		for (; ts_window_has(t, 1, ts_week_quarter(&t->zone, us)); n++)
			us += TS_US_PER_QUARTER;
		assert_int_equal(n, nights[i].quarters);
	}
	ts_region_free(region);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *where, *words;
	} cases[] = {
		{HEAD SETS "'prices':[" PRICE("a", "'window':'night'") "," PRICE(
			 "b", "'window':'weekend'") "]}",
			"/prices/1", "ambiguous"},
		{HEAD SETS "'prices':[" PRICE("a", "'region':'west'") "," PRICE(
			 "b", "'purpose':'training'") "]}",
			"/prices/1", "(/prices/0)"},
		{HEAD SETS
			"'prices':[" PRICE("a", "'region':'-'") "," PRICE("b", "'region':'*'") "]}",
			"/prices/1", "ambiguous"},
		{HEAD "'prices':[" PRICE("a", "'region':'north'") "]}", "/prices/0",
			"not declared in /regions"},
		{HEAD "'regions':[{'region':'a','clusters':['x']},{'region':'b','clusters':['x']}]"
		      "}",
			"/regions/1", "belongs to \"a\" already"},
		{HEAD "'regions':[{'region':'a','clusters':['x']},{'region':'a','clusters':[]}]}",
			"/regions/1", "declared twice"},
		{HEAD "'windows':[{'window':'a','from':'08:10','to':'09:00'}]}", "/windows/0",
			"quarter-hour grid"},
		{HEAD "'windows':[{'window':'a','from':'08:00','to':'08:00'}]}", "/windows/0",
			"no window"},
		{HEAD "'windows':[{'window':'a','from':'8:00 ','to':'09:00'}]}", "/windows/0",
			"no time of day"},
		{HEAD "'windows':[{'window':'*','from':'08:00','to':'09:00'}]}", "/windows/0",
			"is taken"},
		{HEAD "'windows':[{'window':'a','days':['mon','mon'],'from':'08:00','to':'09:00'}]"
		      "}",
			"/windows/0", "each once"},
		{HEAD "'purposes':[{'purpose':'a','accounts':['x y']}]}", "/purposes/0/accounts/0",
			"outside"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		terms_refused(cases[i].text, cases[i].where, cases[i].words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_regions_and_purposes),
		cmocka_unit_test(test_windows_follow_the_wall_clock),
		cmocka_unit_test(test_windows_on_days_of_change),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
