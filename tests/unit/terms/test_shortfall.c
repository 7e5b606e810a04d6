/* SPDX-License-Identifier: Apache-2.0 */
/* When a shortfall is recognised, and what of the provider's downtime counts as used: worked
 * examples of docs/formats/terms.md. */
#include "support/terms.h"
#include "terms/rate.h"

#define HEAD                                                                                       \
	"{'currency':'USD','term':{'from':'2026-01-01'},'calendar':{'anchor_day':1,'months':3,"    \
	"'month':1},'skus':[{'sku':'a','unit':'h','divisor':'1'}],"                                \
	"'prices':[{'id':'p','sku':'a','class':'x','model':'per_unit','unit_price':'2'}],"

static int64_t total(const char *text, const struct ts_measure *measures, size_t n, int32_t day,
	enum ts_charge_kind kind, int32_t month)
{
	struct ts_region *region = terms_region();
	const struct ts_terms *terms = terms_of(region, text);
	const struct ts_charge *charges = NULL;
	struct ts_period period;
	size_t charges_n = 0;
	int64_t sum = 0;
	assert_ok(ts_period_get(terms, 0, &period));
	assert_ok(ts_rate_period(terms, &period, measures, n, period.first_day + day, region,
		&charges, &charges_n, NULL));
	for (size_t i = 0; i < charges_n; i++)
		if (charges[i].kind == kind && (month < 0 || charges[i].month % 12 == month))
			sum += charges[i].amount_minor;
	ts_region_free(region);
	return sum;
}

#define FLOOR(more)                                                                                \
	HEAD "'minimums':[{'id':'m','schedule':[{'from':'2026-01-01','amount':'900.00'}]" more "}" \
	     "]"                                                                                   \
	     "}"

/* A quarter of 90 days with a minimum of 900.00 and nothing used: 10.00 a day, or all at the end.
 */
static void test_a_shortfall_by_days(void **state)
{
	(void)state;
	const struct {
		int32_t day, month;
		int64_t at_end, proportionally;
	} rows[] = {{0, -1, 0, 1000}, {30, -1, 0, 31000}, {30, 0, 0, 31000}, {31, 1, 0, 1000},
		{88, -1, 0, 89000}, {89, -1, 90000, 90000}, {89, 0, 0, 31000},
		{89, 2, 90000, 31000}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(
			total(FLOOR(""), NULL, 0, rows[i].day, TS_CHARGE_TRUE_UP, rows[i].month),
			rows[i].at_end);
		assert_int_equal(total(FLOOR(",'recognition':'proportionally'"), NULL, 0,
					 rows[i].day, TS_CHARGE_TRUE_UP, rows[i].month),
			rows[i].proportionally);
	}
	/* What is used early makes up for days to come, and comes back as they pass. */
	const struct ts_measure used = {.price = 0, .month = 2026 * 12, .quantity = 200};
	assert_int_equal(total(FLOOR(",'recognition':'proportionally'"), &used, 1, 39,
				 TS_CHARGE_TRUE_UP, -1),
		0);
	assert_int_equal(total(FLOOR(",'recognition':'proportionally'"), &used, 1, 89,
				 TS_CHARGE_TRUE_UP, -1),
		50000);
}

#define COMMIT(more)                                                                               \
	HEAD "'commitments':[{'id':'c','price':'p','per':'period','shortfall_unit_price':'1',"     \
	     "'schedule':[{'from':'2026-01-01','quantity':'90'}]" more "}]"

static void test_a_commitment_by_days(void **state)
{
	(void)state;
	const struct ts_measure used = {.price = 0, .month = 2026 * 12, .quantity = 10};
	assert_int_equal(total(COMMIT("") "}", &used, 1, 30, TS_CHARGE_SHORTFALL, -1), 0);
	assert_int_equal(total(COMMIT(",'recognition':'proportionally'") "}", &used, 1, 30,
				 TS_CHARGE_SHORTFALL, -1),
		2100);
	assert_int_equal(total(COMMIT(",'recognition':'proportionally'") "}", &used, 1, 89,
				 TS_CHARGE_SHORTFALL, -1),
		8000);
	assert_int_equal(total(COMMIT("") "}", &used, 1, 89, TS_CHARGE_SHORTFALL, -1), 8000);
}

#define DOWN(more) ",'exclusions':[{'class':'down','reason':'repair'" more "}]"

/* 90 committed, 50 used, 30 down by the provider: 10 are short; without the rule 40. Of the minimum
 * of 900.00 the 30 are worth 60.00. */
static void test_downtime_counts_as_used(void **state)
{
	(void)state;
	const char *counts = COMMIT("") DOWN(",'caused_by':'provider','counts_as':'x'") "}";
	const char *none = COMMIT("") DOWN(",'caused_by':'provider','counts_as':'none'") "}";
	const char *consumer = COMMIT("") DOWN(",'caused_by':'consumer'") "}";
	const char *floor = HEAD
		"'minimums':[{'id':'m','schedule':[{'from':'2026-01-01','amount':'900.00'}]}]" DOWN(
			",'caused_by':'provider','counts_as':'x'") "}";
	const struct ts_measure both[] = {{.price = 0, .month = 2026 * 12, .quantity = 50},
		{.price = 1, .month = 2026 * 12 + 1, .quantity = 30}};
	assert_int_equal(total(counts, both, 2, 89, TS_CHARGE_SHORTFALL, -1), 1000);
	assert_int_equal(total(counts, both, 2, 89, TS_CHARGE_USAGE, -1), 10000);
	assert_int_equal(total(none, both, 1, 89, TS_CHARGE_SHORTFALL, -1), 4000);
	assert_int_equal(total(consumer, both, 1, 89, TS_CHARGE_SHORTFALL, -1), 4000);
	assert_int_equal(total(floor, both, 2, 89, TS_CHARGE_TRUE_UP, -1), 90000 - 10000 - 6000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_shortfall_by_days),
		cmocka_unit_test(test_a_commitment_by_days),
		cmocka_unit_test(test_downtime_counts_as_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
