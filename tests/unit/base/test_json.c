/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text)
{
	json_t *value = NULL;
	struct ts_why why = {0};
	if (ts_json_parse(text, strlen(text), &value, &why) != TS_OK)
		fail_msg("%s: %s: %s", text, why.where, why.text);
	return value;
}

static void parses_one_value(void **state)
{
	(void)state;
	static const char *const good[] = {"{}", " [1,2] \n", "\"x\"", "0", "null",
		"{\"a\":{\"a\":1}}", "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[\""};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		json_decref(parse(good[i]));
	static const char *const bad[] = {"", " ", "{", "[1,]", "{\"a\":1,\"a\":2}", "{} {}",
		"[1] x", "{'a':1}", "\"\\u0000\"", "{\"\\u0000\":1}", "\"\xff\"",
		"\"\xed\xa0\x80\"", "NaN", "01", "[1e999]", "99999999999999999999", "\"a\nb\"",
		"// c\n1", "\xef\xbb\xbf{}", "{\"x\":{\"a\":1,\"\\u0061\":2}}"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		json_t *value = NULL;
		struct ts_why why = {0};
		if (ts_json_parse(bad[i], strlen(bad[i]), &value, &why) != TS_E_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
		assert_null(value);
		assert_true(strncmp(why.where, "line ", 5) == 0 && why.text[0] != '\0');
	}
	json_t *value = NULL;
	assert_err(ts_json_parse("{}\0", 3, &value, NULL), TS_E_MALFORMED);
	assert_err(ts_json_parse("\"a\0b\"", 5, &value, NULL), TS_E_MALFORMED);
	assert_err(ts_json_parse("", (size_t)TS_JSON_BYTES_MAX + 1, &value, NULL), TS_E_LIMIT);
}

static void depth_is_bounded(void **state)
{
	(void)state;
	for (int depth = TS_JSON_DEPTH_MAX - 1; depth <= TS_JSON_DEPTH_MAX + 1; depth++) {
		char text[4 * TS_JSON_DEPTH_MAX] = {0};
		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		json_t *value = NULL;
		struct ts_why why = {0};
		assert_err(ts_json_parse(text, strlen(text), &value, &why),
			depth <= TS_JSON_DEPTH_MAX ? TS_OK : TS_E_LIMIT);
		json_decref(value);
	}
	static char bomb[100000];
	memset(bomb, '[', sizeof bomb);
	json_t *value = NULL;
	assert_err(ts_json_parse(bomb, sizeof bomb, &value, NULL), TS_E_LIMIT);
}

struct thing {
	const char *name;
	const char *note;
	int64_t count;
	bool on;
	struct ts_decimal price;
	ts_i128 quantity;
	int64_t at_us;
	int32_t day;
	const json_t *object;
	const json_t *list;
};
#define F(kind, member, required, min, max)                                                        \
	{                                                                                          \
#member, TS_JSON_##kind, required, offsetof(struct thing, member), min, max        \
	}
static const struct ts_json_field fields[] = {
	F(STRING, name, true, 0, 5),
	F(TEXT, note, false, 0, 0),
	F(INT, count, false, -1, 10),
	F(BOOL, on, false, 0, 0),
	F(DECIMAL, price, false, 0, 0),
	F(I128, quantity, false, 0, 0),
	F(TIME, at_us, false, 0, 0),
	F(DATE, day, false, 0, 0),
	F(OBJECT, object, false, 0, 0),
	F(ARRAY, list, false, 0, 2),
};
#define FIELDS (sizeof fields / sizeof fields[0])

static void decodes_every_kind(void **state)
{
	(void)state;
	json_t *obj = parse(
		"{\"name\":\"abc\",\"note\":\"\",\"count\":-1,\"on\":true,"
		"\"price\":\"-1.25\",\"quantity\":\"170141183460469231731687303715884105727\","
		"\"at_us\":\"1970-01-01T00:00:01Z\",\"day\":\"1970-01-03\","
		"\"object\":{\"x\":1},\"list\":[1,2]}");
	struct ts_region *region = ts_region_create(1000);
	struct thing t = {0};
	assert_ok(ts_json_decode(obj, fields, FIELDS, &t, region, "", NULL));
	assert_string_equal(t.name, "abc");
	assert_string_equal(t.note, "");
	assert_true(t.count == -1 && t.on && t.price.pico == -5 * TS_PICO / 4);
	assert_true(t.quantity == (ts_i128)(~(ts_u128)0 >> 1));
	assert_true(t.at_us == TS_US_PER_S && t.day == 2);
	assert_int_equal(json_object_size(t.object), 1);
	assert_int_equal(json_array_size(t.list), 2);
	json_decref(obj);
	assert_string_equal(t.name, "abc"); /* copied */
	obj = parse("{\"name\":\"x\",\"count\":null}");
	t.count = 7;
	assert_ok(ts_json_decode(obj, fields, FIELDS, &t, region, "", NULL));
	assert_true(t.count == 7);
	json_decref(obj);
	ts_region_free(region);
}

static void names_what_it_refuses(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum ts_err err;
		const char *where;
	} cases[] = {
		{"[]", TS_E_MALFORMED, "/t"},
		{"{}", TS_E_MISSING_FIELD, "/t/name"},
		{"{\"name\":null}", TS_E_MISSING_FIELD, "/t/name"},
		{"{\"name\":\"\"}", TS_E_RANGE, "/t/name"},
		{"{\"name\":\"abcdef\"}", TS_E_RANGE, "/t/name"},
		{"{\"name\":5}", TS_E_MALFORMED, "/t/name"},
		{"{\"name\":\"a\",\"a/b~c\":5}", TS_E_UNKNOWN_FIELD, "/t/a~1b~0c"},
		{"{\"name\":\"a\",\"\":5}", TS_E_UNKNOWN_FIELD, "/t/"},
		{"{\"name\":\"a\",\"count\":11}", TS_E_RANGE, "/t/count"},
		{"{\"name\":\"a\",\"count\":-2}", TS_E_RANGE, "/t/count"},
		{"{\"name\":\"a\",\"count\":1.0}", TS_E_MALFORMED, "/t/count"},
		{"{\"name\":\"a\",\"count\":\"1\"}", TS_E_MALFORMED, "/t/count"},
		{"{\"name\":\"a\",\"on\":1}", TS_E_MALFORMED, "/t/on"},
		{"{\"name\":\"a\",\"price\":1}", TS_E_MALFORMED, "/t/price"},
		{"{\"name\":\"a\",\"price\":\"1.\"}", TS_E_MALFORMED, "/t/price"},
		{"{\"name\":\"a\",\"quantity\":\"-0\"}", TS_E_MALFORMED, "/t/quantity"},
		{"{\"name\":\"a\",\"quantity\":\"999999999999999999999999999999999999999\"}",
			TS_E_OVERFLOW, "/t/quantity"},
		{"{\"name\":\"a\",\"at_us\":\"2024-01-01\"}", TS_E_MALFORMED, "/t/at_us"},
		{"{\"name\":\"a\",\"day\":\"2023-02-29\"}", TS_E_RANGE, "/t/day"},
		{"{\"name\":\"a\",\"object\":[]}", TS_E_MALFORMED, "/t/object"},
		{"{\"name\":\"a\",\"list\":{}}", TS_E_MALFORMED, "/t/list"},
		{"{\"name\":\"a\",\"list\":[1,2,3]}", TS_E_LIMIT, "/t/list"},
	};
	struct ts_region *region = ts_region_create(10000);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		json_t *obj = parse(cases[i].text);
		struct thing t = {0};
		struct ts_why why = {0};
		enum ts_err err = ts_json_decode(obj, fields, FIELDS, &t, region, "/t", &why);
		if (err != cases[i].err)
			fail_msg("%s: %s", cases[i].text, ts_err_code(err));
		assert_string_equal(why.where, cases[i].where);
		assert_true(why.text[0] != '\0');
		json_decref(obj);
	}
	struct thing t = {0};
	assert_err(ts_json_decode(NULL, fields, FIELDS, &t, region, "", NULL), TS_E_MALFORMED);
	ts_region_free(region);
}

static void long_pointers_are_cut(void **state)
{
	(void)state;
	char text[1200];
	snprintf(text, sizeof text, "{\"%0500d\":1}", 1);
	json_t *obj = parse(text);
	struct ts_region *region = ts_region_create(1000);
	struct thing t = {0};
	struct ts_why why = {0};
	assert_err(ts_json_decode(obj, fields, FIELDS, &t, region, text, &why), TS_E_UNKNOWN_FIELD);
	assert_in_range(strlen(why.where), 150, sizeof why.where - 1);
	assert_err(ts_json_decode(obj, fields, FIELDS, &t, region, "", &why), TS_E_UNKNOWN_FIELD);
	assert_in_range(strlen(why.where), 150, sizeof why.where - 1);
	json_decref(obj);
	ts_region_free(region);
}

static void region_over_its_cap_is_an_error(void **state)
{
	(void)state;
	json_t *obj = parse("{\"name\":\"abc\"}");
	struct ts_region *region = ts_region_create(0);
	struct thing t = {0};
	assert_err(ts_json_decode(obj, fields, FIELDS, &t, region, "", NULL), TS_E_NO_MEMORY);
	const char *out = NULL;
	size_t len = 0;
	assert_err(ts_json_canonical(obj, region, &out, &len), TS_E_NO_MEMORY);
	assert_null(out);
	json_decref(obj);
	ts_region_free(region);
}

static void canonical_has_one_spelling(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *canonical;
	} cases[] = {
		{" { \"b\" : [ 1 , -2 , true , false , null ] , \"a\" : { } } ",
			"{\"a\":{},\"b\":[1,-2,true,false,null]}"},
		{"\"\\u0041\\/\\u00e9\\u2028\\u007f\"", "\"A/\xc3\xa9\xe2\x80\xa8\x7f\""},
		{"\"\\\"\\\\\\b\\f\\n\\r\\t\\u000b\\u001F\\u0001\"",
			"\"\\\"\\\\\\b\\f\\n\\r\\t\\u000b\\u001f\\u0001\""},
		{"{\"\xc3\xa9\":1,\"z\":2,\"aa\":3,\"a\":4,\"A\":5,\"\":6}",
			"{\"\":6,\"A\":5,\"a\":4,\"aa\":3,\"z\":2,\"\xc3\xa9\":1}"},
		{"9007199254740991", "9007199254740991"},
		{"[]", "[]"},
	};
	struct ts_region *region = ts_region_create(10000);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		json_t *value = parse(cases[i].text);
		const char *out = NULL;
		size_t len = 0;
		assert_ok(ts_json_canonical(value, region, &out, &len));
		assert_string_equal(out, cases[i].canonical);
		assert_int_equal(len, strlen(out));
		json_t *again = parse(out);
		assert_true(json_equal(value, again));
		json_decref(again);
		json_decref(value);
	}
	const char *out = NULL;
	size_t len = 0;
	json_t *value = parse("9007199254740992");
	assert_err(ts_json_canonical(value, region, &out, &len), TS_E_RANGE);
	json_decref(value);
	value = parse("[1.5]");
	assert_err(ts_json_canonical(value, region, &out, &len), TS_E_INVALID);
	ts_json_cleanup(&value);
	assert_null(value);
	for (int i = 0; i <= TS_JSON_DEPTH_MAX; i++)
		value = json_pack("[o]", value ? value : json_object());
	assert_err(ts_json_canonical(value, region, &out, &len), TS_E_LIMIT);
	ts_json_cleanup(&value);
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_one_value),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(decodes_every_kind),
		cmocka_unit_test(names_what_it_refuses),
		cmocka_unit_test(long_pointers_are_cut),
		cmocka_unit_test(region_over_its_cap_is_an_error),
		cmocka_unit_test(canonical_has_one_spelling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
