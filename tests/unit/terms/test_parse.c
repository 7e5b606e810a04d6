/* SPDX-License-Identifier: Apache-2.0 */
/* The example of docs/formats/terms.md decodes to what it says; every rule that terms must keep
 * refuses one vector (tests/vectors/terms/refusals.json: the example with one change). */
#include "support/test.h"
#include "support/file.h"
#include "terms/match.h"
#include "terms/terms.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_BYTES (8 * 1024 * 1024)

static struct ts_file read_source(const char *name)
{
	char *path = ts_source_path(name);
	struct ts_file file = ts_file_read(path);
	free(path);
	return file;
}

static struct ts_region *region_new(void)
{
	struct ts_region *region = ts_region_create(REGION_BYTES);
	assert_non_null(region);
	return region;
}

/* The n-th fenced JSON block of the document. */
static struct ts_str doc_example(const struct ts_file *doc, int n)
{
	const char *from = strstr(doc->bytes, "```json\n");
	for (int i = 0; i < n && from != NULL; i++)
		from = strstr(from + 1, "```json\n");
	assert_non_null(from);
	from += strlen("```json\n");
	const char *end = strstr(from, "```\n");
	assert_non_null(end);
	return (struct ts_str){from, (size_t)(end - from)};
}

static void test_doc_example_is_the_vector(void **state)
{
	(void)state;
	struct ts_file doc = read_source("docs/formats/terms.md");
	struct ts_file vector = read_source("tests/vectors/terms/example.json");
	assert_true(ts_str_eq(doc_example(&doc, 0), ts_file_str(&vector)));
	ts_file_free(&vector);
	vector = read_source("tests/vectors/terms/witnesses.json");
	assert_true(ts_str_eq(doc_example(&doc, 1), ts_file_str(&vector)));
	ts_file_free(&doc);
	ts_file_free(&vector);
}

/* The example with the witnesses of the document, and a quorum of its own. */
static enum ts_err parse_witnessed(
	const char *quorum, struct ts_region *region, const struct ts_terms **out)
{
	struct ts_file base = read_source("tests/vectors/terms/example.json");
	struct ts_file more = read_source("tests/vectors/terms/witnesses.json");
	struct ts_why why = {0};
	json_t *terms = json_loadb(base.bytes, base.len, 0, NULL);
	json_t *members = json_loadb(more.bytes, more.len, 0, NULL);
	const char *name;
	json_t *value;
	json_object_foreach(members, name, value)
		json_object_set(json_object_get(terms, "evidence"), name, value);
	json_object_set_new(json_object_get(terms, "evidence"), "quorum", json_string(quorum));
	char *text = json_dumps(terms, 0);
	enum ts_err err = ts_terms_parse(text, strlen(text), region, out, &why);
	free(text);
	json_decref(terms);
	json_decref(members);
	ts_file_free(&base);
	ts_file_free(&more);
	return err;
}

static void test_witnesses_decode(void **state)
{
	(void)state;
	struct ts_region *region = region_new();
	static const char *const same[] = {"all", "2"};
	for (size_t i = 0; i < 2; i++) {
		const struct ts_terms *t = NULL;
		assert_ok(parse_witnessed(same[i], region, &t));
		assert_int_equal(t->keys.quorum_of.n, 2);
		assert_int_equal(t->keys.quorum_of.k, 2);
		assert_string_equal(t->keys.quorum, same[i]);
		assert_string_equal(t->keys.quorum_of.keys[1].name, "witness.audit.example/w1");
		assert_string_equal(ts_run_by_name(t->keys.witnesses[1].run_by), "auditor");
		assert_int_equal(t->keys.countersign_days, 30);
		assert_int_equal(t->keys.incomplete_after_days, 30);
	}
	ts_region_free(region);
}

static const struct ts_terms *parse_file(const char *name, bool what_if, struct ts_region *region)
{
	struct ts_file file = read_source(name);
	struct ts_why why = {0};
	const struct ts_terms *terms = NULL;
	enum ts_err err = what_if ? ts_terms_parse_what_if(
					    file.bytes, file.len, region, &terms, &why)
				  : ts_terms_parse(file.bytes, file.len, region, &terms, &why);
	if (err != TS_OK)
		print_error("%s: %s: %s\n", name, why.where, why.text);
	assert_ok(err);
	ts_file_free(&file);
	return terms;
}

static void test_example_decodes(void **state)
{
	(void)state;
	struct ts_region *region = region_new();
	const struct ts_terms *t = parse_file("tests/vectors/terms/example.json", false, region);
	char text[TS_TIME_CHARS];
	assert_string_equal(t->provider.id, "orbit");
	assert_string_equal(t->provider.address.region, "TN");
	assert_null(t->consumer.address.region);
	assert_null(t->consumer.email);
	assert_string_equal(t->currency->code, "USD");
	assert_string_equal(ts_time_format(t->from_us, text), "2026-04-30T22:00:00Z");
	assert_string_equal(ts_time_format(t->to_us, text), "2026-12-31T23:00:00Z");
	assert_int_equal(t->keys.quorum_of.n, 0);
	assert_string_equal(t->keys.operator, "provider");
	assert_int_equal(t->keys.countersign_days, -1);
	assert_int_equal(t->keys.incomplete_after_days, -1);
	assert_int_equal(t->anchor_day, 1);
	assert_int_equal(t->due_days, 30);
	assert_int_equal(t->skus_n, 3);
	assert_true(t->skus[0].divisor == 3600000000);
	assert_int_equal(t->prices_n, 4);
	assert_int_equal(t->prices[1].model, TS_PRICE_GRADUATED);
	assert_string_equal(t->prices[1].description, "H100 80 GB");
	assert_int_equal(t->prices[1].tiers_n, 3);
	assert_true(t->prices[1].tiers[0].up_to == (ts_i128)3600000000 * 1000000);
	assert_int_equal(t->prices[1].tiers[1].flat_minor, 25000);
	assert_true(t->prices[1].tiers[2].open);
	assert_int_equal(t->fees[0].segments_n, 2);
	assert_int_equal(t->fees[0].segments[1].to_day, t->to_day);
	assert_int_equal(t->fees[0].segments[1].amount_minor, 125000000);
	assert_true(t->minimums[0].counts_usage && t->minimums[0].counts_fees);
	assert_true(t->treatments[0].reverse_charge);
	assert_true(t->treatments[0].reverse_percent.pico == 19 * TS_PICO);
	assert_false(t->treatments[1].reverse_charge);
	assert_int_equal(t->late_usage_until_days, 60);
	assert_int_equal(t->rounding, TS_ROUND_HALF_AWAY);
	ts_region_free(region);
}

static enum ts_match match(
	const struct ts_terms *t, struct ts_str sku, struct ts_str pricing_class, size_t *index)
{
	struct ts_usage_key key = {.sku = sku, .pricing_class = pricing_class};
	return ts_terms_match(t, &key, index);
}

static void test_match(void **state)
{
	(void)state;
	struct ts_region *region = region_new();
	const struct ts_terms *t = parse_file("tests/vectors/terms/example.json", false, region);
	size_t price = 99;
	assert_int_equal(match(t, TS_STR("gpu-h100"), TS_STR("reserved"), &price), TS_MATCH_PRICE);
	assert_int_equal(price, 1);
	assert_int_equal(match(t, TS_STR("egress"), TS_STR("anything"), &price), TS_MATCH_PRICE);
	assert_int_equal(price, 2);
	assert_int_equal(match(t, TS_STR("gpu-h100"), TS_STR("spot"), &price), TS_MATCH_NONE);
	assert_int_equal(match(t, TS_STR("gpu"), TS_STR("reserved"), &price), TS_MATCH_NONE);
	/* Excluded before any price, "*" included. */
	assert_int_equal(match(t, TS_STR("egress"), TS_STR("excluded_maintenance"), &price),
		TS_MATCH_EXCLUDED);
	ts_region_free(region);
}

static void test_tax_percent(void **state)
{
	(void)state;
	struct ts_region *region = region_new();
	const struct ts_terms *t = parse_file("tests/vectors/terms/example.json", false, region);
	int32_t july = ts_day_of_date((struct ts_date){2026, 7, 1});
	struct ts_decimal percent = {0};
	assert_ok(ts_terms_tax_percent(t, 0, july, &percent));
	assert_true(percent.pico == 0);
	assert_ok(ts_terms_tax_percent(t, 1, july - 1, &percent));
	assert_true(percent.pico == 7 * TS_PICO);
	assert_ok(ts_terms_tax_percent(t, 1, july, &percent));
	assert_true(percent.pico == 7 * TS_PICO + TS_PICO / 4);
	int32_t early = ts_day_of_date((struct ts_date){2025, 12, 31});
	assert_err(ts_terms_tax_percent(t, 1, early, &percent), TS_E_NOT_FOUND);
	ts_region_free(region);
}

static void test_what_if_defaults(void **state)
{
	(void)state;
	static const char text[] = "{\"currency\":\"KWD\",\"term\":{\"from\":\"2026-05-01\"},"
				   "\"skus\":[{\"sku\":\"x\",\"unit\":\"unit\",\"divisor\":\"1\"}],"
				   "\"prices\":[{\"id\":\"p\",\"sku\":\"x\",\"model\":\"per_unit\","
				   "\"unit_price\":\"0.001\"}]}";
	struct ts_region *region = region_new();
	struct ts_why why = {0};
	const struct ts_terms *t = NULL;
	assert_err(ts_terms_parse(text, strlen(text), region, &t, &why), TS_E_MISSING_FIELD);
	assert_ok(ts_terms_parse_what_if(text, strlen(text), region, &t, &why));
	assert_string_equal(t->prices[0].pricing_class, "*");
	assert_string_equal(t->treatments[t->prices[0].treatment].category, "O");
	assert_string_equal(t->zone.name, "UTC");
	assert_int_equal(t->anchor_day, 1);
	assert_int_equal(t->to_us, INT64_MAX);
	static const char bare[] = "{\"currency\":\"USD\"}";
	assert_err(
		ts_terms_parse_what_if(bare, strlen(bare), region, &t, &why), TS_E_MISSING_FIELD);
	assert_string_equal(why.where, "/term");
	ts_region_free(region);
}

static json_t *member(json_t *parent, const char *name)
{
	if (!json_is_array(parent))
		return json_object_get(parent, name);
	return json_array_get(parent, (size_t)strtoul(name, NULL, 10));
}

/* Sets (or with value NULL removes) what an RFC 6901 pointer without escapes names. */
static void patch(json_t *root, const char *pointer, json_t *value)
{
	char copy[200];
	size_t len = strlen(pointer);
	assert_true(len > 0 && len < sizeof copy);
	memcpy(copy, pointer + 1, len); /* its NUL included */
	json_t *at = root;
	char *name = copy;
	for (char *slash = strchr(name, '/'); slash; slash = strchr(name, '/')) {
		*slash = '\0';
		at = member(at, name);
		assert_non_null(at);
		name = slash + 1;
	}
	size_t index = (size_t)strtoul(name, NULL, 10);
	if (!value)
		assert_int_equal(json_object_del(at, name), 0);
	else if (json_is_object(at))
		assert_int_equal(json_object_set(at, name, value), 0);
	else if (index == json_array_size(at))
		assert_int_equal(json_array_append(at, value), 0);
	else
		assert_int_equal(json_array_set(at, index, value), 0);
}

static enum ts_err parse_json(const json_t *json, bool what_if, struct ts_why *why)
{
	struct ts_region *region = region_new();
	char *bytes = json_dumps(json, JSON_COMPACT);
	assert_non_null(bytes);
	const struct ts_terms *terms = NULL;
	enum ts_err err = what_if ? ts_terms_parse_what_if(
					    bytes, strlen(bytes), region, &terms, why)
				  : ts_terms_parse(bytes, strlen(bytes), region, &terms, why);
	free(bytes);
	ts_region_free(region);
	return err;
}

static bool refused_as_expected(const json_t *test, const json_t *example)
{
	json_t *terms = json_deep_copy(example);
	const char *remove = json_string_value(json_object_get(test, "remove"));
	const char *pointer;
	json_t *value;
	json_object_foreach(json_object_get(test, "set"), pointer, value)
		patch(terms, pointer, value);
	if (remove)
		patch(terms, remove, NULL);
	const char *code = json_string_value(json_object_get(test, "code"));
	const char *where = json_string_value(json_object_get(test, "where"));
	struct ts_why why = {0};
	enum ts_err err = parse_json(terms, false, &why);
	bool ok = strcmp(ts_err_code(err), code) == 0 && strcmp(why.where, where) == 0 &&
		  (why.text[0] != '\0');
	if (!ok)
		print_error("%s: got %s at %s (%s), expected %s at %s\n",
			json_string_value(json_object_get(test, "name")), ts_err_code(err),
			why.where, why.text, code, where);
	json_decref(terms);
	return ok;
}

static void test_refusals(void **state)
{
	(void)state;
	struct ts_file example_file = read_source("tests/vectors/terms/example.json");
	struct ts_file tests_file = read_source("tests/vectors/terms/refusals.json");
	struct ts_why why = {0};
	json_t *example = NULL, *tests = NULL;
	assert_ok(ts_json_parse(example_file.bytes, example_file.len, &example, &why));
	assert_ok(ts_json_parse(tests_file.bytes, tests_file.len, &tests, &why));
	size_t failed = 0;
	for (size_t i = 0; i < json_array_size(tests); i++)
		failed += refused_as_expected(json_array_get(tests, i), example) ? 0 : 1;
	print_message("%zu vectors refused\n", json_array_size(tests) - failed);
	assert_int_equal(failed, 0);
	assert_true(json_array_size(tests) > 80);
	json_decref(example);
	json_decref(tests);
	ts_file_free(&example_file);
	ts_file_free(&tests_file);
}

/* No prefix of the document and no memory cap may do worse than an error. */
static void test_truncation_and_memory(void **state)
{
	(void)state;
	struct ts_file file = read_source("tests/vectors/terms/example.json");
	struct ts_why why = {0};
	const struct ts_terms *terms = NULL;
	struct ts_region *region = region_new();
	for (size_t len = 0; len + 2 < file.len; len += 7) {
		assert_true(ts_terms_parse(file.bytes, len, region, &terms, &why) != TS_OK);
		ts_region_reset(region);
	}
	ts_region_free(region);
	enum ts_err err = TS_E_NO_MEMORY;
	for (size_t cap = 0; err != TS_OK; cap += 16) {
		assert_true(cap < 65536);
		region = ts_region_create(cap);
		err = ts_terms_parse(file.bytes, file.len, region, &terms, &why);
		assert_true(err == TS_OK || err == TS_E_NO_MEMORY);
		ts_region_free(region);
	}
	char *big = malloc(TS_TERMS_BYTES_MAX + 1);
	assert_non_null(big);
	memset(big, ' ', TS_TERMS_BYTES_MAX + 1);
	region = region_new();
	assert_err(ts_terms_parse(big, TS_TERMS_BYTES_MAX + 1, region, &terms, &why), TS_E_LIMIT);
	ts_region_free(region);
	free(big);
	ts_file_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doc_example_is_the_vector),
		cmocka_unit_test(test_example_decodes),
		cmocka_unit_test(test_witnesses_decode),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_tax_percent),
		cmocka_unit_test(test_what_if_defaults),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_truncation_and_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
