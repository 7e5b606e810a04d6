/* SPDX-License-Identifier: Apache-2.0 */
#include "service/config.h"

#include "support/test.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH "config-test.conf"

static enum ts_err load(
	void **state, const char *text, struct ts_config *config, struct ts_why *why)
{
	FILE *file = fopen(PATH, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	ts_config_default(config);
	*why = (struct ts_why){"", ""};
	enum ts_err err = ts_config_load(PATH, *state, config, why);
	(void)unlink(PATH);
	return err != TS_OK ? err : ts_config_check(config, why);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text;
		enum ts_err err;
		const char *where;
	} rows[] = {
		{"colour = red\n", TS_E_UNKNOWN_FIELD, PATH ":1"},
		{"# a\n\nListen = x:1\n", TS_E_UNKNOWN_FIELD, PATH ":3"},
		{"http_threads = 2\nhttp_threads = 2\n", TS_E_MALFORMED, PATH ":2"},
		{"http_threads = two\n", TS_E_MALFORMED, PATH ":1"},
		{"http_threads = 02\n", TS_E_MALFORMED, PATH ":1"},
		{"http_threads = -1\n", TS_E_MALFORMED, PATH ":1"},
		{"http_threads =\n", TS_E_MALFORMED, PATH ":1"},
		{"http_threads = 0\n", TS_E_RANGE, PATH ":1"},
		{"http_threads = 65\n", TS_E_RANGE, PATH ":1"},
		{"http_threads\n", TS_E_MALFORMED, PATH ":1"},
		{"listen = 8080\n", TS_E_MALFORMED, "listen"},
		{"listen = ::1:80\n", TS_E_MALFORMED, "listen"},
		{"listen = 127.0.0.1:65536\n", TS_E_MALFORMED, "listen"},
		{"tls_cert = a\n", TS_E_INVALID, "tls_key"},
		{"body_budget_bytes = 2048\n", TS_E_INVALID, "body_budget_bytes"},
		{"answer_budget_bytes = 268435455\n", TS_E_INVALID, "answer_budget_bytes"},
		{"domain =\n", TS_E_MISSING_FIELD, "domain"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ts_config config;
		struct ts_why why;
		enum ts_err err = load(state, rows[i].text, &config, &why);
		if (err != rows[i].err || strcmp(why.where, rows[i].where) != 0)
			fail_msg("%s: %s at %s", rows[i].text, ts_err_code(err), why.where);
	}
}

static void test_values(void **state)
{
	struct ts_config config;
	struct ts_why why;
	assert_ok(load(state,
		"# all of it\n\n  listen\t=  [::1]:0  \r\nhttp_threads = 4\ndomain = a=b\n"
		"db_service = host=/run user=x password=hunter2",
		&config, &why));
	assert_string_equal(config.listen, "[::1]:0");
	assert_int_equal(config.http_threads, 4);
	assert_string_equal(config.domain, "a=b");
	assert_string_equal(config.db_service, "host=/run user=x password=hunter2");
	assert_int_equal(config.body_bytes_max, 4194304); /* a default */
}

/* What is printed is a file that loads to the same, but for secrets, which it does not show. */
static void test_print(void **state)
{
	struct ts_config config;
	struct ts_config again;
	struct ts_why why;
	struct ts_buf first;
	struct ts_buf second;
	assert_ok(load(state, "http_threads = 7\ntick_s = 99\ndb_ingest = password=hunter2\n",
		&config, &why));
	ts_buf_init(&first, TS_CONFIG_FILE_BYTES_MAX);
	ts_buf_init(&second, TS_CONFIG_FILE_BYTES_MAX);
	ts_config_print(&config, &first);
	assert_non_null(strstr(ts_buf_str(&first), "http_threads = 7\n"));
	assert_non_null(strstr(ts_buf_str(&first), "db_ingest = (set, not shown)"));
	assert_null(strstr(ts_buf_str(&first), "hunter2"));
	assert_ok(load(state, ts_buf_str(&first), &again, &why));
	again.db_ingest = config.db_ingest;
	ts_config_print(&again, &second);
	assert_string_equal(ts_buf_str(&first), ts_buf_str(&second));
	ts_buf_free(&first);
	ts_buf_free(&second);
}

static void test_file(void **state)
{
	struct ts_config config;
	struct ts_why why = {"", ""};
	ts_config_default(&config);
	assert_ok(ts_config_check(&config, &why));
	assert_err(ts_config_load("no-such-file.conf", *state, &config, &why), TS_E_IO);
	assert_string_equal(why.where, "no-such-file.conf");
}

static int setup(void **state)
{
	*state = ts_region_create(8 << 20);
	return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	ts_region_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_file),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
