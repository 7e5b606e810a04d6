/* SPDX-License-Identifier: Apache-2.0 */
/* What bills have in common: units, amounts to devices and quantity, exact money, literals; and
 * names over time. */
#include "importers/source/billed.h"
#include "importers/source/timelines.h"
#include "support/test.h"
#include <stdio.h>

static void units(void **state)
{
	(void)state;
	static const char *const hours[] = {"Hrs", "hour", "HOURS", "GPU Hours", "Instance Hours"};
	for (size_t i = 0; i < sizeof(hours) / sizeof(hours[0]); i++)
		assert_int_equal(ts_billed_unit_ms(ts_str(hours[i])), 3600000);
	assert_int_equal(ts_billed_unit_ms(TS_STR("seconds")), 1000);
	static const char *const none[] = {"", "GB", "byte-seconds", "GB-Hours", "hour "};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(ts_billed_unit_ms(ts_str(none[i])), 0);
}

static struct ts_row *row_new(void)
{
	static struct ts_row row;
	ts_row_reset(&row);
	ts_row_accept(&row);
	return &row;
}

/* Against plain integers: a thousandths of an hour of things with d devices over s hours. */
static void amounts(void **state)
{
	(void)state;
	for (int64_t a = 1; a < 5000; a += 7)
		for (int64_t s = 1; s <= 24; s += 23)
			for (int64_t d = 1; d <= 16; d += 15) {
				struct ts_row *row = row_new();
				char text[32];
				const struct ts_usage like = {.start_ms = 1000,
					.end_ms = 1000 + s * 3600000,
					.sku = TS_STR("x")};
				snprintf(text, sizeof(text), "%lld.%03lld", (long long)a / 1000,
					(long long)a % 1000);
				assert_true(
					ts_billed_add(row, &like, ts_str(text), 3600000, d * 1000));
				assert_int_equal(row->n, 1);
				assert_int_equal(row->uses[0].quantity, a * 3600 * d * 1000);
				int64_t things = (a + s * 1000 - 1) / (s * 1000);
				assert_int_equal(row->uses[0].devices_milli, things * d * 1000);
			}
	/* Never more than the devices can do. */
	const struct ts_usage short_one = {.start_ms = 0, .end_ms = 1, .sku = TS_STR("x")};
	struct ts_row *row = row_new();
	assert_true(ts_billed_add(row, &short_one, TS_STR("0.0009999999999"), 1000, 1));
	assert_int_equal(row->uses[0].quantity, 1);
	static const char *const bad[] = {"", "x", "-1", "1e30", "1e999", "0x10", "1,000"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		row = row_new();
		assert_false(ts_billed_add(row, &short_one, ts_str(bad[i]), 1000, 1000));
		assert_int_equal(row->verdict, TS_ROW_QUARANTINED);
	}
}

static void money(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"0", "0"},
		{"-0.0", "0"},
		{"1.81E-8", "0.0000000181"},
		{"-98.320000", "-98.32"},
		{"1200", "1200"},
		{"5e-06", "0.000005"},
		{"0.000000000000000001", "0.000000000000000001"},
		{"12345678901234567890.5", "12345678901234567890.5"},
		{"-0.00165303109242778", "-0.00165303109242778"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[TS_BILLED_MONEY_CHARS];
		ts_i128 value = 0;
		assert_ok(ts_billed_money(ts_str(cases[i][0]), &value));
		assert_string_equal(ts_billed_show(value, out), cases[i][1]);
	}
	ts_i128 value = 0;
	assert_err(ts_billed_money(TS_STR("1e999"), &value), TS_E_OVERFLOW);
	assert_err(ts_billed_money(TS_STR("NaN"), &value), TS_E_MALFORMED);
}

static void literals(void **state)
{
	(void)state;
	static const struct {
		const char *text, *path, *value;
	} cases[] = {
		{"{'a': 'b'}", "a", "b"},
		{"{\"a\": \"b\"}", "a", "b"},
		{"{'a': \"it's\"}", "a", "it's"},
		{"{'a': 'say \"x\"'}", "a", "say \"x\""},
		{"{'a': 'it\\'s'}", "a", "it's"},
		{"{'a': {'b': -5e-06}}", "a.b", "-5e-06"},
		{"{'a': True}", "a", "true"},
		{"{'a': 'None'}", "a", "None"},
	};
	struct ts_region *region = ts_region_create(1 << 20);
	struct ts_why why = {0};
	const struct ts_node *node = NULL;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_ok(ts_billed_literal(ts_str(cases[i].text), region, &node, &why));
		assert_true(
			ts_str_is(ts_node_text(ts_node_get(node, cases[i].path)), cases[i].value));
	}
	assert_ok(ts_billed_literal(TS_STR("[None]"), region, &node, &why));
	assert_int_equal(node->first->kind, TS_NODE_NULL);
	static const char *const bad[] = {"", "['a", "[\"a", "{'a'}", "[1] x", "nan"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(ts_billed_literal(ts_str(bad[i]), region, &node, &why), TS_E_MALFORMED);
	ts_region_free(region);
}

static void names_over_time(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(64u << 20);
	struct ts_timelines *lines = NULL;
	assert_ok(ts_timelines_create(region, &lines));
	assert_null(ts_timelines_of(lines, TS_STR("a")));
	assert_true(ts_timelines_end(lines, TS_STR("a")) == INT64_MIN);
	assert_ok(ts_timelines_add(lines, TS_STR("a"), 10, 20));
	assert_ok(ts_timelines_add(lines, TS_STR("a"), 20, 30));
	assert_ok(ts_timelines_add(lines, TS_STR("a"), 40, 50));
	assert_int_equal(ts_timelines_of(lines, TS_STR("a"))->end_ms, 30);
	assert_int_equal(ts_timelines_of(lines, TS_STR("a"))->next->start_ms, 40);
	assert_int_equal(ts_timelines_end(lines, TS_STR("a")), 50);
	assert_false(ts_timelines_overlap(lines, TS_STR("a"), 30, 40));
	assert_true(ts_timelines_overlap(lines, TS_STR("a"), 29, 31));
	assert_false(ts_timelines_overlap(lines, TS_STR("b"), 29, 31));
	/* As many names as there may be, all found again; no more. */
	for (int i = 1; i < TS_TIMELINES_NAMES_MAX; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%d", i);
		assert_ok(ts_timelines_add(lines, ts_str(name), i, i + 1));
	}
	for (int i = 1; i < TS_TIMELINES_NAMES_MAX; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(ts_timelines_end(lines, ts_str(name)), i + 1);
	}
	assert_err(ts_timelines_add(lines, TS_STR("one more"), 1, 2), TS_E_LIMIT);
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(amounts),
		cmocka_unit_test(money),
		cmocka_unit_test(literals),
		cmocka_unit_test(names_over_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
