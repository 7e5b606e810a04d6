/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of line and every model has a rule in words; what was measured, the tier that applies
 * and each clause of the trace are steps of their own. */
#include "support/file.h"
#include "support/test.h"
#include "terms/explain.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_BYTES (8 * 1024 * 1024)

static const struct ts_terms *load(struct ts_region *region)
{
	char *path = ts_source_path("tests/vectors/terms/full.json");
	struct ts_file file = ts_file_read(path);
	const struct ts_terms *terms = NULL;
	struct ts_why why = {0};
	assert_ok(ts_terms_parse(file.bytes, file.len, region, &terms, &why));
	ts_file_free(&file);
	free(path);
	return terms;
}

static const char *step(const struct ts_explanation *e, const char *name, int nth)
{
	for (size_t i = 0; i < e->steps_n; i++)
		if (strcmp(e->steps[i].name, name) == 0 && nth-- == 0)
			return e->steps[i].text;
	return "";
}

static struct ts_explanation explain(const struct ts_terms *terms, const char *kind, const char *id,
	int32_t tier, ts_i128 quantity, const char *trace, struct ts_region *region)
{
	struct ts_explain_line line = {.tier = tier, .quantity = quantity, .trace = trace};
	struct ts_explanation e;
	assert_ok(ts_charge_find(terms, ts_str(kind), ts_str(id), &line.kind, &line.item));
	assert_ok(ts_explain(terms, &line, region, &e));
	return e;
}

static void test_every_kind_has_a_rule(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(REGION_BYTES);
	const struct ts_terms *terms = load(region);
	const char *rules[64];
	size_t n = 0, kinds = 0;
	for (int k = 0; k < TS_CHARGE_KINDS; k++) {
		enum ts_charge_kind kind = (enum ts_charge_kind)k;
		size_t items = ts_charge_items(terms, kind);
		if (items == INT32_MAX) /* no table: any serial */
			items = 1;
		if (items == 0)
			fail_msg("full.json has no %s: add one", ts_charge_kind_name(kind));
		kinds++;
		for (size_t i = 0; i < items; i++) {
			struct ts_explain_line line = {.kind = kind, .item = i, .quantity = 3};
			struct ts_explanation e;
			bool known = false;
			assert_ok(ts_explain(terms, &line, region, &e));
			assert_true(strlen(step(&e, "rule", 0)) > 20);
			for (size_t r = 0; r < n; r++)
				known = known || strcmp(rules[r], step(&e, "rule", 0)) == 0;
			if (!known)
				rules[n++] = step(&e, "rule", 0);
		}
	}
	/* one for each kind, four models, two sorts of discount */
	assert_true(n >= kinds - 1 + 3 + 1 && n < 64);
	ts_region_free(region);
}

static void test_steps_of_a_tier(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(REGION_BYTES);
	const struct ts_terms *terms = load(region);
	struct ts_explanation e = explain(terms, "usage", "h100-reserved", 2, (ts_i128)7200000000,
		"tier 2: 2 x 1.85 = 3.7; rounded once, up, to 3.70 USD; terms version 1", region);
	assert_string_equal(step(&e, "measured", 0),
		"2 GPU-hour of SKU gpu-h100, class reserved: 7200000000 base units, of which "
		"3600000000 make one GPU-hour; usage of excluded classes is not in it");
	assert_string_equal(step(&e, "calculation", 0), "tier 2: 2 x 1.85 = 3.7");
	assert_string_equal(step(&e, "rounding", 0), "rounded once, up, to 3.70 USD");
	assert_string_equal(step(&e, "terms", 0), "terms version 1");
	assert_string_equal(
		step(&e, "counter", 0), "Tiers and packages count anew in every billing period.");
	assert_int_equal(e.tiers_n, 3);
	assert_true(!e.tiers[0].applies && e.tiers[1].applies && !e.tiers[2].applies);
	assert_string_equal(e.tiers[1].over, "1000000");
	assert_string_equal(e.tiers[1].up_to, "5000000");
	assert_string_equal(e.tiers[1].flat, "250.00");
	assert_null(e.tiers[2].up_to);
	assert_null(e.tiers[0].flat);
	ts_region_free(region);
}

static void test_other_lines(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(REGION_BYTES);
	const struct ts_terms *terms = load(region);
	struct ts_explanation e = explain(terms, "usage", "b200-night", 1, 8, NULL, region);
	assert_non_null(strstr(step(&e, "counter", 0), "\"pool\" is shared"));
	e = explain(terms, "usage", "b200-blocks", 1, 8, NULL, region);
	assert_non_null(strstr(step(&e, "counter", 0), "whole term"));
	assert_int_equal(e.tiers_n, 0);
	e = explain(terms, "usage", "b200-day", 1, 8, NULL, region);
	assert_string_equal(e.tiers[0].package, "8");
	e = explain(terms, "fee", "capacity", 0, 31, "a; b; rounded once; terms version 1", region);
	assert_string_equal(
		step(&e, "measured", 0), "31 days of the period, by the contract's calendar");
	assert_string_equal(step(&e, "calculation", 1), "b");
	e = explain(terms, "true_up", "floor", 0, 0, NULL, region);
	assert_string_equal(step(&e, "measured", 0), "");
	e = explain(terms, "shortfall", "reserve", 0, (ts_i128)3600000000, NULL, region);
	assert_string_equal(step(&e, "measured", 0),
		"1 GPU-hour of SKU gpu-b200: 3600000000 base units, of which 3600000000 make one "
		"GPU-hour");
	enum ts_charge_kind kind;
	size_t item = 0;
	assert_int_equal(ts_charge_find(terms, ts_str("fee"), ts_str("floor"), &kind, &item),
		TS_E_NOT_FOUND);
	assert_int_equal(ts_charge_find(terms, ts_str("tip"), ts_str("floor"), &kind, &item),
		TS_E_NOT_FOUND);
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_has_a_rule),
		cmocka_unit_test(test_steps_of_a_tier),
		cmocka_unit_test(test_other_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
