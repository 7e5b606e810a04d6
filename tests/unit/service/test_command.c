/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/command.h"

#include "support/test.h"
#include <string.h>

static int run_nothing(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 42;
}

static const struct ts_command cmd = {
	.name = "test", .summary = "a test", .usage = "usage: test", .run = run_nothing};

struct values {
	bool flag;
	const char *text;
	int64_t number;
	struct ts_opt_list list;
	struct ts_opt_list args;
	int exit_code;
};

static bool parse(struct values *v, int argc, const char *const *argv)
{
	const struct ts_opt opts[] = {
		{"flag", TS_OPT_FLAG, false, &v->flag, NULL, "a flag"},
		{"text", TS_OPT_TEXT, true, &v->text, "TEXT", "a text"},
		{"number", TS_OPT_INT, false, &v->number, "N", "a number"},
		{"list", TS_OPT_LIST, false, &v->list, "ITEM", "items"},
	};
	*v = (struct values){.number = 7, .exit_code = -1};
	return ts_opt_parse(
		&cmd, opts, 4, argc, (char **)(uintptr_t)argv, 1, 2, &v->args, &v->exit_code);
}
#define PARSE(v, ...)                                                                              \
	parse((v), (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                  \
		(const char *[]){__VA_ARGS__})

static void test_good(void **state)
{
	struct values v;
	(void)state;
	assert_true(PARSE(&v, "test", "a", "--text=x=y", "--flag", "--list", "1", "--list=2", "-"));
	assert_true(v.flag);
	assert_string_equal(v.text, "x=y");
	assert_int_equal(v.number, 7);
	assert_int_equal(v.list.n, 2);
	assert_string_equal(v.list.items[1], "2");
	assert_int_equal(v.args.n, 2);
	assert_string_equal(v.args.items[1], "-");
	assert_true(PARSE(&v, "test", "--text", "t", "--number", "0", "--", "--flag"));
	assert_int_equal(v.number, 0);
	assert_false(v.flag);
	assert_string_equal(v.args.items[0], "--flag");
}

static void test_bad(void **state)
{
	struct values v;
	(void)state;
	assert_false(PARSE(&v, "test", "--text", "t")); /* no argument */
	assert_int_equal(v.exit_code, TS_EXIT_USAGE);
	assert_false(PARSE(&v, "test", "a")); /* required option */
	assert_int_equal(v.exit_code, TS_EXIT_USAGE);
	assert_false(PARSE(&v, "test", "--text", "t", "a", "b", "c"));
	assert_int_equal(v.exit_code, TS_EXIT_USAGE);
	assert_false(PARSE(&v, "test", "--text", "t", "--text", "u", "a"));
	assert_int_equal(v.exit_code, TS_EXIT_USAGE);
	assert_false(PARSE(&v, "test", "--text", "t", "--flag=yes", "a"));
	assert_int_equal(v.exit_code, TS_EXIT_USAGE);
	assert_false(PARSE(&v, "test", "--text", "t", "--number", "-1", "a"));
	assert_int_equal(v.exit_code, TS_EXIT_USAGE);
	assert_false(PARSE(&v, "test", "a", "--text"));
	assert_int_equal(v.exit_code, TS_EXIT_USAGE);
	assert_false(PARSE(&v, "test", "a", "--text", "t", "-x"));
	assert_int_equal(v.exit_code, TS_EXIT_USAGE);
	assert_false(PARSE(&v, "test", "a", "--texts", "t"));
	assert_int_equal(v.exit_code, TS_EXIT_USAGE);
	assert_false(PARSE(&v, "test", "--help"));
	assert_int_equal(v.exit_code, TS_EXIT_OK);
}

static int start(int argc, const char *const *argv)
{
	static const struct ts_command *const table[] = {&cmd, NULL};
	return ts_command_main("tallystick", table, argc, (char **)(uintptr_t)argv);
}

static void test_main_table(void **state)
{
	(void)state;
	assert_int_equal(start(1, (const char *[]){"x"}), TS_EXIT_USAGE);
	assert_int_equal(start(2, (const char *[]){"x", "--help"}), TS_EXIT_OK);
	assert_int_equal(start(2, (const char *[]){"x", "test"}), 42);
	assert_int_equal(start(2, (const char *[]){"x", "tset"}), TS_EXIT_USAGE);
}

static void test_exit_codes(void **state)
{
	(void)state;
	assert_int_equal(ts_command_exit(TS_OK), TS_EXIT_OK);
	assert_int_equal(ts_command_exit(TS_E_CONFLICT), TS_EXIT_FAILED);
	assert_int_equal(ts_command_exit(TS_E_UNAVAILABLE), TS_EXIT_AGAIN);
	assert_int_equal(ts_command_exit(TS_E_UNKNOWN_OUTCOME), TS_EXIT_AGAIN);
	assert_int_equal(ts_command_exit(TS_E_BUSY), TS_EXIT_AGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_main_table),
		cmocka_unit_test(test_exit_codes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
