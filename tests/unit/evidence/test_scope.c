/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include "evidence/scope.h"

static struct ts_scope scope(const char *clusters, const char *resources, const char *skus)
{
	struct ts_why why;
	struct ts_scope s = {ts_str(clusters), ts_str(resources), ts_str(skus)};
	assert_ok(ts_scope_check(&s, &why));
	return s;
}

static bool has(struct ts_scope s, const char *cluster, const char *resource, const char *sku)
{
	struct ts_usage u = {.sku = ts_str(sku), .resource = ts_str(resource)};
	return ts_scope_contains(&s, ts_str(cluster), &u);
}

static void test_contains(void **state)
{
	(void)state;
	struct ts_scope s = scope("c1,c2", "r1-,r2-", "A100,H100");
	assert_true(has(s, "c1", "r1-n4", "H100"));
	assert_true(has(s, "c2", "r2-", "A100"));
	assert_false(has(s, "c", "r1-n4", "H100"));
	assert_false(has(s, "c1,c2", "r1-n4", "H100"));
	assert_false(has(s, "c1", "r1", "H100"));
	assert_false(has(s, "c1", "-", "H100"));
	assert_false(has(s, "c1", "r1-n4", "H1000"));
	assert_true(has(scope("-", "-", "-"), "any", "-", "thing"));
}

static void test_disjoint(void **state)
{
	(void)state;
	struct ts_scope any = scope("-", "-", "-");
	assert_false(ts_scope_disjoint(&any, &any));
	struct ts_scope a = scope("c1", "r1", "H100");
	static const struct {
		const char *clusters, *resources, *skus;
		bool disjoint;
	} cases[] = {
		{"c1", "r1", "H100", false},
		{"c2", "r1", "H100", true},
		{"c1,c2", "r1", "H100", false},
		{"c1", "r2", "H100", true},
		{"c1", "r1-n4", "H100", false}, /* a prefix of theirs lies below ours */
		{"c1", "r", "H100", false},
		{"c1", "r1", "A100", true},
		{"-", "-", "A100", true},
		{"-", "-", "-", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ts_scope b = scope(cases[i].clusters, cases[i].resources, cases[i].skus);
		assert_int_equal(ts_scope_disjoint(&a, &b), cases[i].disjoint);
		assert_int_equal(ts_scope_disjoint(&b, &a), cases[i].disjoint);
	}
}

static void test_lists(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", ",", "a,", ",a", "b,a", "a,a", "a,,b", "a b", "-,a", "a,\\", "a\"", "\xc3\xa4"};
	struct ts_why why;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(ts_scope_list_check(ts_str(bad[i]), &why), TS_E_MALFORMED);
	assert_ok(ts_scope_list_check(TS_STR("a,ab,b"), &why));
	struct ts_scope s = {TS_STR("-"), TS_STR("a,ab"), TS_STR("-")};
	assert_err(ts_scope_check(&s, &why), TS_E_MALFORMED);
	struct ts_buf many;
	ts_buf_init(&many, 4096);
	for (int i = 0; i < TS_SCOPE_VALUES_MAX; i++)
		ts_buf_printf(&many, "%s%03d", i > 0 ? "," : "", i);
	assert_ok(ts_scope_list_check(vec_buf(&many), &why));
	ts_buf_puts(&many, ",999");
	assert_err(ts_scope_list_check(vec_buf(&many), &why), TS_E_MALFORMED);
	ts_buf_free(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contains),
		cmocka_unit_test(test_disjoint),
		cmocka_unit_test(test_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
