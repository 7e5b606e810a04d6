/* SPDX-License-Identifier: Apache-2.0 */
/* docs/formats/terms.schema.json and the decoder say the same. Every object that decoding the
 * vectors meets is compared, member by member, with the schema at its pointer; the linker puts
 * __wrap_ts_json_decode between the decoder and base (tests/CMakeLists.txt). */
#include "support/file.h"
#include "support/test.h"
#include "terms/terms.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_BYTES (8 * 1024 * 1024)
#define OBJECTS_MAX 200
#define SCHEMA "docs/formats/terms.schema.json"

static struct {
	json_t *schema;
	const json_t *seen[OBJECTS_MAX]; /* schema objects that a decoded object lay at */
	size_t members[OBJECTS_MAX]; /* that it was decoded with */
	size_t seen_n, findings;
} state;

/* The wrapper's names are the linker's. */
enum ts_err __real_ts_json_decode(const json_t *obj, const struct ts_json_field *fields, size_t n,
	void *out, struct ts_region *region, const char *pointer, struct ts_why *why);
enum ts_err __wrap_ts_json_decode(const json_t *obj, const struct ts_json_field *fields, size_t n,
	void *out, struct ts_region *region, const char *pointer, struct ts_why *why);

static void finding(const char *where, const char *text)
{
	print_error(SCHEMA " does not fit the decoder at %s: %s\n", *where ? where : "/", text);
	state.findings++;
}

static const json_t *resolve(const json_t *node)
{
	const char *ref = json_string_value(json_object_get(node, "$ref"));
	if (ref == NULL)
		return node;
	assert_true(strncmp(ref, "#/$defs/", 8) == 0);
	return json_object_get(json_object_get(state.schema, "$defs"), ref + 8);
}

/* The schema of what lies at a JSON pointer: names are members, numbers are items. */
static const json_t *schema_at(const char *pointer)
{
	const json_t *node = state.schema;
	char copy[256], *rest = copy;
	snprintf(copy, sizeof copy, "%s", pointer);
	for (char *part = strsep(&rest, "/"); rest != NULL && node != NULL;) {
		part = strsep(&rest, "/");
		node = *part >= '0' && *part <= '9'
			       ? json_object_get(node, "items")
			       : json_object_get(json_object_get(node, "properties"), part);
		node = resolve(node);
	}
	return node;
}

static int64_t number(const json_t *node, const char *name, int64_t absent)
{
	const json_t *value = json_object_get(node, name);
	return value != NULL ? json_integer_value(value) : absent;
}

/* What a member's schema should have, to be read by whoever has to write it. */
static const char *wanted(const struct ts_json_field *f, char out[160])
{
	long long min = f->min, max = f->max;
	switch (f->kind) {
	case TS_JSON_STRING:
	case TS_JSON_TEXT:
		snprintf(out, 160, "\"type\": \"string\", \"minLength\": %lld, \"maxLength\": %lld",
			f->kind == TS_JSON_TEXT ? 0
			: min > 0               ? min
						: 1,
			max > 0 ? max : 1024);
		return out;
	case TS_JSON_INT:
		snprintf(out, 160, "\"type\": \"integer\", \"minimum\": %lld, \"maximum\": %lld",
			min, max);
		return out;
	case TS_JSON_BOOL:
		return "\"type\": \"boolean\"";
	case TS_JSON_DECIMAL:
		return "\"$ref\": \"#/$defs/decimal\"";
	case TS_JSON_I128:
		return "\"$ref\": \"#/$defs/integer\"";
	case TS_JSON_TIME:
		return "\"$ref\": \"#/$defs/instant\"";
	case TS_JSON_DATE:
		return "\"$ref\": \"#/$defs/date\"";
	case TS_JSON_OBJECT:
		return "\"type\": \"object\", \"additionalProperties\": false, \"properties\": ...";
	case TS_JSON_ARRAY:
		snprintf(out, 160, "\"type\": \"array\", \"maxItems\": %lld, \"items\": ...",
			max > 0 ? max : 10000);
		return out;
	}
	return "";
}

static bool fits(const struct ts_json_field *f, const json_t *node)
{
	const json_t *target = resolve(node);
	const char *type = json_string_value(json_object_get(target, "type"));
	const char *ref = json_string_value(json_object_get(node, "$ref"));
	char text[160];
	switch (f->kind) {
	case TS_JSON_STRING:
	case TS_JSON_TEXT:
		return type != NULL && strcmp(type, "string") == 0 &&
		       number(target, "maxLength", -1) == (f->max > 0 ? f->max : 1024) &&
		       number(target, "minLength", 0) == (f->kind == TS_JSON_TEXT ? 0
								 : f->min > 0     ? f->min
										  : 1);
	case TS_JSON_INT:
		return type != NULL && strcmp(type, "integer") == 0 &&
		       number(target, "minimum", -1) == f->min &&
		       number(target, "maximum", -1) == f->max;
	case TS_JSON_BOOL:
		return type != NULL && strcmp(type, "boolean") == 0;
	case TS_JSON_DECIMAL:
	case TS_JSON_I128:
	case TS_JSON_TIME:
	case TS_JSON_DATE:
		return ref != NULL && strstr(wanted(f, text), ref) != NULL;
	case TS_JSON_OBJECT:
		return type != NULL && strcmp(type, "object") == 0 &&
		       json_is_false(json_object_get(target, "additionalProperties")) &&
		       json_object_get(target, "properties") != NULL;
	case TS_JSON_ARRAY:
		return type != NULL && strcmp(type, "array") == 0 &&
		       number(target, "maxItems", -1) == (f->max > 0 ? f->max : 10000) &&
		       json_is_object(json_object_get(target, "items"));
	}
	return false;
}

static bool requires(const json_t *node, const char *name)
{
	size_t i;
	json_t *value;
	json_array_foreach(json_object_get(node, "required"), i,
		value) if (strcmp(json_string_value(value), name) == 0) return true;
	return false;
}

static void compare(
	const json_t *node, const struct ts_json_field *fields, size_t n, const char *pointer)
{
	char text[400], words[160];
	const json_t *properties = json_object_get(node, "properties");
	for (size_t i = 0; i < n; i++) {
		const json_t *member = json_object_get(properties, fields[i].name);
		const char *want = wanted(&fields[i], words);
		if (member == NULL || !fits(&fields[i], member)) {
			snprintf(text, sizeof text, "%s \"%s\": {%s, \"description\": \"...\"}",
				member == NULL ? "add to properties" : "in properties must be",
				fields[i].name, want);
			finding(pointer, text);
		}
		if (fields[i].required != requires(node, fields[i].name)) {
			snprintf(text, sizeof text, "%s \"%s\"",
				fields[i].required ? "add to required" : "take out of required",
				fields[i].name);
			finding(pointer, text);
		}
	}
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)properties, name, value)
	{
		bool known = false;
		for (size_t i = 0; i < n; i++)
			known = known || strcmp(fields[i].name, name) == 0;
		snprintf(
			text, sizeof text, "take out \"%s\": the decoder has no such member", name);
		if (!known)
			finding(pointer, text);
	}
}

enum ts_err __wrap_ts_json_decode(const json_t *obj, const struct ts_json_field *fields, size_t n,
	void *out, struct ts_region *region, const char *pointer, struct ts_why *why)
{
	const json_t *node = schema_at(pointer);
	bool seen = false;
	for (size_t i = 0; i < state.seen_n; i++)
		seen = seen || (state.seen[i] == node && state.members[i] == n);
	if (node == NULL || json_object_get(node, "properties") == NULL) {
		finding(pointer, "the decoder has an object here; describe it");
	} else if (!seen) {
		assert_true(state.seen_n < OBJECTS_MAX);
		state.members[state.seen_n] = n;
		state.seen[state.seen_n++] = node;
		compare(node, fields, n, pointer);
	}
	return __real_ts_json_decode(obj, fields, n, out, region, pointer, why);
}

/* Objects of the schema that no vector had: nothing was compared there. */
static void find_unseen(const json_t *node, const char *path)
{
	char text[512];
	const char *name;
	json_t *value;
	if (!json_is_object(node))
		return;
	bool seen = false;
	for (size_t i = 0; i < state.seen_n; i++)
		seen = seen || state.seen[i] == node;
	if (json_object_get(node, "additionalProperties") != NULL && !seen)
		finding(path, "no vector has this object: use it in tests/vectors/terms/full.json");
	json_object_foreach(json_object_get((json_t *)(uintptr_t)node, "properties"), name, value)
	{
		snprintf(text, sizeof text, "%s/%s", path, name);
		find_unseen(value, text);
	}
	snprintf(text, sizeof text, "%s/0", path);
	find_unseen(json_object_get(node, "items"), text);
}

static json_t *load(const char *name)
{
	char *path = ts_source_path(name);
	json_error_t error;
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail_msg("%s line %d: %s", name, error.line, error.text);
	free(path);
	return json;
}

static void decode(const char *name)
{
	char *path = ts_source_path(name);
	struct ts_file file = ts_file_read(path);
	struct ts_region *region = ts_region_create(REGION_BYTES);
	const struct ts_terms *terms = NULL;
	struct ts_why why = {0};
	enum ts_err err = ts_terms_parse(file.bytes, file.len, region, &terms, &why);
	if (err != TS_OK)
		fail_msg("%s: %s: %s", name, why.where, why.text);
	ts_region_free(region);
	ts_file_free(&file);
	free(path);
}

static void test_schema_and_decoder_agree(void **unused)
{
	(void)unused;
	state.schema = load(SCHEMA);
	decode("tests/vectors/terms/example.json");
	decode("tests/vectors/terms/full.json");
	find_unseen(state.schema, "");
	const char *name;
	json_t *def;
	json_object_foreach(json_object_get(state.schema, "$defs"), name, def)
		find_unseen(def, name);
	print_message("%zu objects compared\n", state.seen_n);
	assert_int_equal(state.findings, 0);
	assert_true(state.seen_n >= 35);
	json_decref(state.schema);
}

/* The comparison bites: one member less, one more, another bound, another requirement. */
static void test_drift_is_found(void **unused)
{
	(void)unused;
	static const struct {
		const char *pointer, *member, *bytes; /* NULL: removed */
	} changes[] = {
		{"/prices/0/", "unit_price", NULL},
		{"/prices/0/", "colour", "{\"type\":\"string\"}"},
		{"/fees/0/blocks/0/", "count",
			"{\"type\":\"integer\",\"minimum\":0,\"maximum\":10000000}"},
		{"/provider/", "name", "{\"type\":\"integer\"}"},
		{"/evidence/witnesses/0/", "vkey", NULL},
	};
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		char at[64];
		state.schema = load(SCHEMA);
		state.seen_n = state.findings = 0;
		snprintf(at, sizeof at, "%.*s", (int)strlen(changes[i].pointer) - 1,
			changes[i].pointer);
		json_t *properties = json_object_get(schema_at(at), "properties");
		assert_non_null(properties);
		if (changes[i].bytes == NULL)
			json_object_del(properties, changes[i].member);
		else
			json_object_set_new(properties, changes[i].member,
				json_loads(changes[i].bytes, 0, NULL));
		decode("tests/vectors/terms/full.json");
		assert_int_equal(state.findings, 1);
		json_decref(state.schema);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schema_and_decoder_agree),
		cmocka_unit_test(test_drift_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
