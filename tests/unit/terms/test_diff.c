/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "base/json.h"
#include "terms/diff.h"
#include <string.h>

/* The changes as "kind pointer what was is", a line each; JSON with ' for ". */
static void expect(const char *older, const char *newer, const char *want)
{
	struct ts_region *region = ts_region_create(1 << 20);
	const char *texts[2] = {older, newer};
	json_t *docs[2] = {NULL, NULL};
	struct ts_diff *list = NULL;
	size_t n = 0;
	for (size_t i = 0; i < 2; i++) {
		char *json = ts_region_copy(region, texts[i], strlen(texts[i]));
		for (char *c = json; *c != '\0'; c++)
			*c = *c == '\'' ? '"' : *c;
		docs[i] = json_loads(json, 0, NULL);
		assert_non_null(docs[i]);
	}
	assert_ok(ts_terms_diff(docs[0], docs[1], region, &list, &n));
	const char *got = "";
	for (size_t i = 0; i < n; i++)
		got = ts_region_printf(region, "%s%s %s (%s) %s %s\n", got,
			ts_diff_kind_name(list[i].kind), list[i].pointer, list[i].what,
			list[i].was != NULL ? list[i].was : "-",
			list[i].is != NULL ? list[i].is : "-");
	assert_string_equal(got, want);
	json_decref(docs[0]);
	json_decref(docs[1]);
	ts_region_free(region);
}

static void test_members(void **state)
{
	(void)state;
	expect("{'a':1,'b':{'c':'x'}}", "{'b':{'c':'x'},'a':1}", "");
	expect("{'a':1,'b':{'c':'x','d':2}}", "{'b':{'c':'y'},'e':[]}",
		"removed /a (a) 1 -\nchanged /b/c (b, c) \"x\" \"y\"\nremoved /b/d (b, d) 2 -\n"
		"added /e (e) - []\n");
	expect("{'a':{}}", "{'a':[]}", "changed /a (a) {} []\n");
}

/* An element with a name is found by it; one that only moved is no change. */
static void test_lists(void **state)
{
	(void)state;
	expect("{'p':[{'id':'x','v':1},{'id':'y','v':2}]}",
		"{'p':[{'id':'y','v':3},{'id':'x','v':1}]}", "changed /p/0/v (p \"y\", v) 2 3\n");
	expect("{'p':[{'id':'x'},{'id':'y'}]}", "{'p':[{'id':'z'},{'id':'y'}]}",
		"removed /p/0 (p \"x\") {\"id\":\"x\"} -\nadded /p/0 (p \"z\") - {\"id\":\"z\"}\n");
	expect("{'t':[{'u':1},{'u':2}]}", "{'t':[{'u':1}]}", "removed /t/1 (t 2) {\"u\":2} -\n");
	expect("{'p':[{'id':'x','v':1},{'id':'x','v':2}]}",
		"{'p':[{'id':'x','v':1},{'id':'x','v':3}]}",
		"changed /p/1/v (p \"x\", v) 2 3\n"); /* a name twice is no name */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
