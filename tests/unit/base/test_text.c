/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "base/text.h"
#include "support/seed.h"
#include <string.h>

static void slices_compare_and_cut(void **state)
{
	(void)state;
	struct ts_str none = {NULL, 0};
	assert_true(ts_str_eq(none, TS_STR("")));
	assert_true(ts_str_is(TS_STR("abc"), "abc"));
	assert_false(ts_str_is(TS_STR("abc"), "abcd"));
	assert_false(ts_str_is(TS_STR("a\0c"), "a"));
	assert_int_equal(ts_str_cmp(TS_STR("ab"), TS_STR("abc")), -1);
	assert_int_equal(ts_str_cmp(TS_STR("\xff"), TS_STR("a")), 1);
	assert_int_equal(ts_str_cmp(none, TS_STR("")), 0);
	struct ts_str rest = TS_STR("a,,b");
	assert_true(ts_str_is(ts_str_cut(&rest, ','), "a"));
	assert_true(ts_str_is(ts_str_cut(&rest, ','), ""));
	assert_true(ts_str_is(rest, "b") && rest.at);
	assert_true(ts_str_is(ts_str_cut(&rest, ','), "b"));
	assert_null(rest.at);
	rest = TS_STR("a,");
	ts_str_cut(&rest, ',');
	assert_true(rest.at && rest.len == 0);
	assert_true(ts_str_is(ts_str_cut(&rest, ','), ""));
	assert_null(rest.at);
	assert_int_equal(ts_str_cut(&rest, ',').len, 0);
}

static void lines_need_their_newline(void **state)
{
	(void)state;
	struct ts_str rest = TS_STR("one\n\ntwo");
	struct ts_str line = {0};
	assert_true(ts_str_line(&rest, &line) && ts_str_is(line, "one"));
	assert_true(ts_str_line(&rest, &line) && ts_str_is(line, ""));
	assert_false(ts_str_line(&rest, &line));
	assert_true(ts_str_is(rest, "two"));
	struct ts_str none = {NULL, 0};
	assert_false(ts_str_line(&none, &line));
}

static void u63_has_one_spelling(void **state)
{
	(void)state;
	int64_t v = -1;
	assert_ok(ts_text_u63(TS_STR("0"), &v));
	assert_int_equal(v, 0);
	assert_ok(ts_text_u63(TS_STR("9223372036854775807"), &v));
	assert_true(v == INT64_MAX);
	static const char *const malformed[] = {
		"", "00", "01", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1\n", "a"};
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		assert_err(ts_text_u63(ts_str(malformed[i]), &v), TS_E_MALFORMED);
	assert_err(ts_text_u63(TS_STR("9223372036854775808"), &v), TS_E_RANGE);
	assert_err(ts_text_u63(TS_STR("99999999999999999999999999999999999"), &v), TS_E_RANGE);
	assert_err(ts_text_u63(TS_STR("99999999999999999999x"), &v), TS_E_MALFORMED);
	assert_true(v == INT64_MAX);
}

static void hex_round_trips(void **state)
{
	(void)state;
	uint8_t bytes[256];
	uint8_t back[256];
	char text[513];
	for (size_t i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	ts_text_hex(bytes, 256, text);
	assert_int_equal(strlen(text), 512);
	assert_ok(ts_text_unhex(ts_str(text), back, 256));
	assert_memory_equal(bytes, back, 256);
	assert_err(ts_text_unhex(TS_STR("AB"), back, 1), TS_E_MALFORMED);
	assert_err(ts_text_unhex(TS_STR("ab"), back, 2), TS_E_MALFORMED);
	assert_err(ts_text_unhex(TS_STR("abc"), back, 1), TS_E_MALFORMED);
	assert_err(ts_text_unhex(TS_STR("0g"), back, 1), TS_E_MALFORMED);
	assert_ok(ts_text_unhex(TS_STR(""), back, 0));
}

static void base64_round_trips(void **state)
{
	(void)state;
	struct ts_rng rng = ts_rng_create(ts_seed(11));
	uint8_t bytes[200];
	uint8_t back[200];
	char text[TS_BASE64_LEN(200) + 1];
	for (size_t len = 0; len <= 200; len++) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)ts_rng_next(&rng);
		ts_text_base64(bytes, len, text);
		assert_int_equal(strlen(text), TS_BASE64_LEN(len));
		size_t got = 999;
		assert_ok(ts_text_unbase64(ts_str(text), back, len, &got));
		assert_int_equal(got, len);
		assert_memory_equal(bytes, back, len);
		if (len > 0)
			assert_err(ts_text_unbase64(ts_str(text), back, len - 1, &got), TS_E_LIMIT);
	}
}

/* Found by the signer's fuzz target: 0xFB was a digit. */
static void base64_refuses_bytes_above_ascii(void **state)
{
	uint8_t out[8];
	size_t len = 0;
	(void)state;
	for (size_t at = 0; at < 4; at++)
		for (int byte = 0x80; byte <= 0xFF; byte++) {
			char text[] = "AAAA";
			text[at] = (char)byte;
			assert_err(ts_text_unbase64(ts_str(text), out, 8, &len), TS_E_MALFORMED);
		}
}

static void base64_refuses_other_spellings(void **state)
{
	(void)state;
	uint8_t out[8];
	size_t len = 0;
	assert_ok(ts_text_unbase64(TS_STR("+/8="), out, 8, &len));
	assert_int_equal(len, 2);
	static const char *const malformed[] = {"+/8", "+/9=", "-_8=", "+/8=\n", "+ /8=", "=",
		"====", "A===", "AA==AAAA", "AB==", "AAAA=", " AAAA", "AA A", "AAA\n"};
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		assert_err(ts_text_unbase64(ts_str(malformed[i]), out, 8, &len), TS_E_MALFORMED);
	assert_int_equal(len, 2);
}

static void utf8_is_checked(void **state)
{
	(void)state;
	static const char *const valid[] = {"", "abc", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf", "\xe2\x80\x94 x"};
	static const char *const invalid[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2g",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xef\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xff", "a\xfe", "\xe2\x80", "\xf0\x90\x80"};
	for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
		assert_true(ts_text_utf8(ts_str(valid[i])));
	for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
		assert_false(ts_text_utf8(ts_str(invalid[i])));
	assert_false(ts_text_utf8(TS_STR("a\0b")));
	assert_true(ts_text_utf8((struct ts_str){NULL, 0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_compare_and_cut),
		cmocka_unit_test(lines_need_their_newline),
		cmocka_unit_test(u63_has_one_spelling),
		cmocka_unit_test(hex_round_trips),
		cmocka_unit_test(base64_round_trips),
		cmocka_unit_test(base64_refuses_other_spellings),
		cmocka_unit_test(base64_refuses_bytes_above_ascii),
		cmocka_unit_test(utf8_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
