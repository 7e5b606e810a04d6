/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include "evidence/origin.h"

#define ID "00112233445566778899aabbccddeeff"

static void test_stream(void **state)
{
	(void)state;
	struct ts_origin o;
	struct ts_why why;
	char out[TS_ORIGIN_MAX + 1];
	const char *text = "ledger.example/" ID "/colo1/agent-0417/g12";
	assert_ok(ts_origin_parse(ts_str(text), &o, &why));
	assert_true(ts_str_is(o.domain, "ledger.example"));
	assert_true(ts_str_is(o.contract, ID));
	assert_true(ts_str_is(o.cluster, "colo1"));
	assert_true(ts_str_is(o.agent, "agent-0417"));
	assert_int_equal(o.generation, 12);
	assert_ok(ts_origin_format(&o, out));
	assert_string_equal(out, text);
	o.generation = 0;
	assert_err(ts_origin_format(&o, out), TS_E_MALFORMED);
	o.generation = INT64_MAX;
	assert_ok(ts_origin_format(&o, out));
	o.agent = TS_STR("a/b");
	assert_err(ts_origin_format(&o, out), TS_E_MALFORMED);
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "d", "d/" ID, "d/" ID "/c/a", "d/" ID "/c/a/g0",
		"d/" ID "/c/a/g01", "d/" ID "/c/a/1", "d/" ID "/c/a/g", "d/" ID "/c/a/g1/",
		"d/" ID "//a/g1", "/" ID "/c/a/g1", "d/x" ID "/c/a/g1", "d/" ID "/c c/a/g1",
		"d/" ID "/c/a+b/g1", "d/" ID "/c/a/g-1", "tallystick/" ID "/c/a/g1",
		"cosignature/" ID "/c/a/g1", "d/" ID "/c/\xc3\xa4/g1",
		"d/" ID "/c/a/g9223372036854775808"};
	struct ts_origin o;
	struct ts_why why;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(ts_origin_parse(ts_str(bad[i]), &o, &why), TS_E_MALFORMED);
	char longest[400];
	memset(longest, 'a', sizeof(longest));
	assert_err(ts_origin_check((struct ts_str){longest, 256}, &why), TS_E_MALFORMED);
	assert_ok(ts_origin_check((struct ts_str){longest, 255}, &why));
}

static void test_logs(void **state)
{
	(void)state;
	char out[TS_ORIGIN_MAX + 1];
	struct ts_origin o;
	assert_ok(ts_origin_log(TS_STR("ledger.example"), TS_STR(ID), TS_LOG_INPUTS, out));
	assert_string_equal(out, "ledger.example/" ID "/inputs");
	assert_ok(ts_origin_log(TS_STR("ledger.example"), TS_STR(ID), TS_LOG_JOURNAL, out));
	assert_string_equal(out, "ledger.example/" ID "/journal");
	/* A log's origin is never a stream's. */
	assert_err(ts_origin_parse(ts_str(out), &o, NULL), TS_E_MALFORMED);
	assert_err(ts_origin_log(TS_STR("a/b"), TS_STR(ID), TS_LOG_INPUTS, out), TS_E_MALFORMED);
	assert_err(ts_origin_log(TS_STR("a"), TS_STR("x"), TS_LOG_INPUTS, out), TS_E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_logs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
