/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "base/err.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const enum ts_err all[] = {
#define X(name, code, http, text) TS_##name,
#include "base/err.def"
#undef X
};
#define ALL_COUNT (sizeof all / sizeof all[0])

static void every_code_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < ALL_COUNT; i++) {
		assert_int_equal(all[i], i);
		assert_true(strlen(ts_err_code(all[i])) > 0 && strlen(ts_err_text(all[i])) > 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ts_err_code(all[i]), ts_err_code(all[j]));
	}
}

static void status_is_ok_or_an_error(void **state)
{
	(void)state;
	assert_int_equal(ts_err_http(TS_OK), 200);
	for (size_t i = 1; i < ALL_COUNT; i++)
		assert_in_range(ts_err_http(all[i]), 400, 599);
	assert_int_equal(ts_err_http((enum ts_err)ALL_COUNT), 500);
	assert_string_equal(ts_err_code((enum ts_err)ALL_COUNT), "internal");
}

static void why_is_filled_and_cut_off(void **state)
{
	(void)state;
	struct ts_why why;
	assert_err(ts_why(&why, TS_E_RANGE, "/a/b", "is %d, at most %d", 5, 4), TS_E_RANGE);
	assert_string_equal(why.where, "/a/b");
	assert_string_equal(why.text, "is 5, at most 4");
	assert_err(ts_why(&why, TS_E_RANGE, NULL, "line 3: %s", why.text), TS_E_RANGE);
	assert_string_equal(why.where, "");
	assert_string_equal(why.text, "line 3: is 5, at most 4");
	char longer[2000];
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_err(ts_why(&why, TS_E_RANGE, longer, "%s", longer), TS_E_RANGE);
	assert_int_equal(strlen(why.where), sizeof why.where - 1);
	assert_int_equal(strlen(why.text), sizeof why.text - 1);
	assert_err(ts_why(NULL, TS_E_STALE, "/a", "%s", "b"), TS_E_STALE);
}

static enum ts_err tries(enum ts_err inner, int *reached)
{
	TS_TRY(inner);
	*reached = 1;
	return TS_E_CONFLICT;
}

static void try_returns_errors_only(void **state)
{
	(void)state;
	int reached = 0;
	assert_err(tries(TS_E_IO, &reached), TS_E_IO);
	assert_int_equal(reached, 0);
	assert_err(tries(TS_OK, &reached), TS_E_CONFLICT);
	assert_int_equal(reached, 1);
}

static void failed_assertion_aborts(void **state)
{
	(void)state;
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		fclose(stderr);
		TS_ASSERT(child != 0);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_name_of_its_own),
		cmocka_unit_test(status_is_ok_or_an_error),
		cmocka_unit_test(why_is_filled_and_cut_off),
		cmocka_unit_test(try_returns_errors_only),
		cmocka_unit_test(failed_assertion_aborts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
