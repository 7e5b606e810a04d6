/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/buf.h"
#include "base/time.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTER_CHARS 192

/* jansson's own depth bound is a build constant of the library (2,048): ours is looked for first,
 * over the raw bytes. Brackets that do not match are left to the parser. */
static enum ts_err check_depth(const char *bytes, size_t len, struct ts_why *why)
{
	int depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > TS_JSON_DEPTH_MAX)
				return ts_why(why, TS_E_LIMIT, "",
					"nested deeper than %d at byte %zu", TS_JSON_DEPTH_MAX, i);
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return TS_OK;
}

enum ts_err ts_json_parse(const char *bytes, size_t len, json_t **out, struct ts_why *why)
{
	if (len > TS_JSON_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, "", "%zu bytes of JSON, at most %d are read", len,
			TS_JSON_BYTES_MAX);
	TS_TRY(check_depth(bytes, len, why));
	json_error_t error;
	json_t *value = json_loadb(
		len == 0 ? "" : bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!value) {
		char where[64];
		snprintf(where, sizeof where, "line %d column %d", error.line, error.column);
		if (json_error_code(&error) == json_error_out_of_memory)
			return ts_why(why, TS_E_NO_MEMORY, where, "out of memory");
		return ts_why(why, TS_E_MALFORMED, where, "%s", error.text);
	}
	*out = value;
	return TS_OK;
}

/* pointer + "/" + name, escaped as RFC 6901; cut off where it does not fit. */
static void join_pointer(const char *pointer, const char *name, char out[POINTER_CHARS])
{
	int len = snprintf(out, POINTER_CHARS, "%s/", pointer);
	size_t at = len < 0 || len >= POINTER_CHARS ? POINTER_CHARS - 1 : (size_t)len;
	for (; *name && at + 2 < POINTER_CHARS; name++) {
		if (*name == '~' || *name == '/') {
			out[at++] = '~';
			out[at++] = *name == '~' ? '0' : '1';
		} else {
			out[at++] = *name;
		}
	}
	out[at] = '\0';
}

static const char *type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a number with fraction or exponent";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		return "null";
	}
	return "of unknown type";
}

static enum ts_err wrong_type(
	const json_t *value, const char *expected, const char *where, struct ts_why *why)
{
	return ts_why(why, TS_E_MALFORMED, where, "must be %s, is %s", expected, type_name(value));
}

/* Where one field goes: its rule, its value, its place. */
struct target {
	const struct ts_json_field *field;
	const json_t *value;
	void *at;
	struct ts_region *region;
	const char *where;
	struct ts_why *why;
};

static enum ts_err decode_string(const struct target *t)
{
	if (!json_is_string(t->value))
		return wrong_type(t->value, "a string", t->where, t->why);
	size_t len = json_string_length(t->value);
	size_t max = t->field->max > 0 ? (size_t)t->field->max : TS_JSON_STRING_BYTES_MAX;
	size_t min = t->field->min > 0 ? (size_t)t->field->min : 0;
	if (t->field->kind == TS_JSON_STRING && min == 0)
		min = 1;
	if (len < min || len > max)
		return ts_why(t->why, TS_E_RANGE, t->where, "has %zu bytes, must have %zu to %zu",
			len, min, max);
	const char *copy = ts_region_copy(t->region, json_string_value(t->value), len);
	if (!copy)
		return ts_why(t->why, TS_E_NO_MEMORY, t->where, "no memory for %zu bytes", len);
	memcpy(t->at, &copy, sizeof copy);
	return TS_OK;
}

static enum ts_err decode_int(const struct target *t)
{
	if (!json_is_integer(t->value))
		return wrong_type(t->value, "an integer", t->where, t->why);
	int64_t v = json_integer_value(t->value);
	const struct ts_json_field *f = t->field;
	if ((f->min != 0 || f->max != 0) && (v < f->min || v > f->max))
		return ts_why(t->why, TS_E_RANGE, t->where,
			"is %" PRId64 ", must be %" PRId64 " to %" PRId64, v, f->min, f->max);
	memcpy(t->at, &v, sizeof v);
	return TS_OK;
}

/* The four kinds that are strings with a grammar. */
static enum ts_err decode_scalar(const struct target *t, const char *expected)
{
	if (!json_is_string(t->value))
		return wrong_type(t->value, expected, t->where, t->why);
	struct ts_str text = {json_string_value(t->value), json_string_length(t->value)};
	struct ts_decimal decimal = {0};
	ts_i128 i128 = 0;
	int64_t us = 0;
	int32_t day = 0;
	enum ts_err err = TS_OK;
	if (t->field->kind == TS_JSON_DECIMAL && (err = ts_decimal_parse(text, &decimal)) == TS_OK)
		memcpy(t->at, &decimal, sizeof decimal);
	if (t->field->kind == TS_JSON_I128 && (err = ts_i128_parse(text, &i128)) == TS_OK)
		memcpy(t->at, &i128, sizeof i128);
	if (t->field->kind == TS_JSON_TIME && (err = ts_time_parse(text, &us)) == TS_OK)
		memcpy(t->at, &us, sizeof us);
	if (t->field->kind == TS_JSON_DATE && (err = ts_date_parse(text, &day)) == TS_OK)
		memcpy(t->at, &day, sizeof day);
	if (err != TS_OK)
		return ts_why(t->why, err, t->where, "must be %s, is \"%.80s\"", expected, text.at);
	return TS_OK;
}

static enum ts_err decode_container(const struct target *t)
{
	bool object = t->field->kind == TS_JSON_OBJECT;
	if (object ? !json_is_object(t->value) : !json_is_array(t->value))
		return wrong_type(t->value, object ? "an object" : "an array", t->where, t->why);
	size_t max = t->field->max > 0 ? (size_t)t->field->max : TS_JSON_ARRAY_MAX;
	if (!object && json_array_size(t->value) > max)
		return ts_why(t->why, TS_E_LIMIT, t->where, "has %zu elements, at most %zu",
			json_array_size(t->value), max);
	memcpy(t->at, &t->value, sizeof t->value);
	return TS_OK;
}

static enum ts_err decode_bool(const struct target *t)
{
	if (!json_is_boolean(t->value))
		return wrong_type(t->value, "a boolean", t->where, t->why);
	bool v = json_is_true(t->value);
	memcpy(t->at, &v, sizeof v);
	return TS_OK;
}

static enum ts_err decode_field(const struct target *t)
{
	switch (t->field->kind) {
	case TS_JSON_STRING:
	case TS_JSON_TEXT:
		return decode_string(t);
	case TS_JSON_INT:
		return decode_int(t);
	case TS_JSON_BOOL:
		return decode_bool(t);
	case TS_JSON_DECIMAL:
		return decode_scalar(t, "a decimal string with at most 12 digits behind the point");
	case TS_JSON_I128:
		return decode_scalar(t, "an integer in a string");
	case TS_JSON_TIME:
		return decode_scalar(t, "an RFC 3339 instant in UTC (1970-01-01T00:00:00Z)");
	case TS_JSON_DATE:
		return decode_scalar(t, "a date (YYYY-MM-DD)");
	case TS_JSON_OBJECT:
	case TS_JSON_ARRAY:
		return decode_container(t);
	}
	return TS_E_INTERNAL;
}

static enum ts_err refuse_unknown(const json_t *obj, const struct ts_json_field *fields, size_t n,
	const char *pointer, struct ts_why *why)
{
	const char *name;
	json_t *value;
	char where[POINTER_CHARS];
	/* jansson iterates through a non-const object; nothing is changed. */
	json_object_foreach((json_t *)(uintptr_t)obj, name, value)
	{
		size_t i = 0;
		while (i < n && strcmp(fields[i].name, name) != 0)
			i++;
		if (i == n) {
			join_pointer(pointer, name, where);
			return ts_why(
				why, TS_E_UNKNOWN_FIELD, where, "unknown member \"%.80s\"", name);
		}
	}
	return TS_OK;
}

enum ts_err ts_json_decode(const json_t *obj, const struct ts_json_field *fields, size_t n,
	void *out, struct ts_region *region, const char *pointer, struct ts_why *why)
{
	if (!json_is_object(obj))
		return obj ? wrong_type(obj, "an object", pointer, why)
			   : ts_why(why, TS_E_MALFORMED, pointer, "must be an object");
	TS_TRY(refuse_unknown(obj, fields, n, pointer, why));
	for (size_t i = 0; i < n; i++) {
		char where[POINTER_CHARS];
		join_pointer(pointer, fields[i].name, where);
		const json_t *value = json_object_get(obj, fields[i].name);
		if (!value || json_is_null(value)) {
			if (fields[i].required)
				return ts_why(why, TS_E_MISSING_FIELD, where,
					"required member \"%s\" is %s", fields[i].name,
					value ? "null" : "missing");
			continue;
		}
		struct target t = {
			&fields[i], value, (char *)out + fields[i].offset, region, where, why};
		TS_TRY(decode_field(&t));
	}
	return TS_OK;
}

static void put_string(struct ts_buf *buf, const char *text, size_t len)
{
	static const char escapes[] = "btn\0fr"; /* of the bytes 8 to 13 */
	ts_buf_putc(buf, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		char escape = c >= 8 && c <= 13 ? escapes[c - 8] : '\0';
		if (c == '"' || c == '\\')
			escape = (char)c;
		if (escape)
			ts_buf_printf(buf, "\\%c", escape);
		else if (c < 0x20)
			ts_buf_printf(buf, "\\u%04x", (unsigned)c);
		else
			ts_buf_putc(buf, (char)c);
	}
	ts_buf_putc(buf, '"');
}

static int compare_names(const void *a, const void *b)
{
	const char *const *left = a;
	const char *const *right = b;
	return strcmp(*left, *right);
}

static enum ts_err put_value(
	const json_t *value, int depth, struct ts_region *region, struct ts_buf *buf);

static enum ts_err put_object(
	const json_t *value, int depth, struct ts_region *region, struct ts_buf *buf)
{
	const char **names = ts_region_array(region, json_object_size(value), sizeof *names);
	if (!names)
		return TS_E_NO_MEMORY;
	size_t n = 0;
	const char *name;
	json_t *member;
	json_object_foreach((json_t *)(uintptr_t)value, name, member) names[n++] = name;
	TS_ASSERT(n == json_object_size(value));
	qsort(names, n, sizeof *names, compare_names);
	ts_buf_putc(buf, '{');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			ts_buf_putc(buf, ',');
		put_string(buf, names[i], strlen(names[i]));
		ts_buf_putc(buf, ':');
		TS_TRY(put_value(json_object_get(value, names[i]), depth, region, buf));
	}
	ts_buf_putc(buf, '}');
	return TS_OK;
}

static enum ts_err put_array(
	const json_t *value, int depth, struct ts_region *region, struct ts_buf *buf)
{
	ts_buf_putc(buf, '[');
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (i > 0)
			ts_buf_putc(buf, ',');
		TS_TRY(put_value(json_array_get(value, i), depth, region, buf));
	}
	ts_buf_putc(buf, ']');
	return TS_OK;
}

static enum ts_err put_integer(const json_t *value, struct ts_buf *buf)
{
	int64_t v = json_integer_value(value);
	int64_t exact_max = INT64_C(1) << 53;
	if (v >= exact_max || v <= -exact_max)
		return TS_E_RANGE; /* other readers would round it */
	ts_buf_printf(buf, "%" PRId64, v);
	return TS_OK;
}

static enum ts_err put_value(
	const json_t *value, int depth, struct ts_region *region, struct ts_buf *buf)
{
	if (!value)
		return TS_E_INVALID;
	if (depth >= TS_JSON_DEPTH_MAX && (json_is_object(value) || json_is_array(value)))
		return TS_E_LIMIT;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return put_object(value, depth + 1, region, buf);
	case JSON_ARRAY:
		return put_array(value, depth + 1, region, buf);
	case JSON_STRING:
		put_string(buf, json_string_value(value), json_string_length(value));
		return TS_OK;
	case JSON_INTEGER:
		return put_integer(value, buf);
	case JSON_REAL:
		return TS_E_INVALID; /* a number that has no one spelling here */
	case JSON_TRUE:
		ts_buf_puts(buf, "true");
		return TS_OK;
	case JSON_FALSE:
		ts_buf_puts(buf, "false");
		return TS_OK;
	case JSON_NULL:
		ts_buf_puts(buf, "null");
		return TS_OK;
	}
	return TS_E_INTERNAL;
}

enum ts_err ts_json_canonical(
	const json_t *value, struct ts_region *region, const char **out, size_t *len)
{
	struct ts_buf buf;
	ts_buf_init(&buf, TS_JSON_BYTES_MAX);
	enum ts_err err = put_value(value, 0, region, &buf);
	if (err == TS_OK)
		err = buf.err;
	char *copy = NULL;
	if (err == TS_OK) {
		copy = ts_region_copy(region, buf.data, buf.len);
		err = copy ? TS_OK : TS_E_NO_MEMORY;
	}
	if (err == TS_OK) {
		*out = copy;
		*len = buf.len;
	}
	ts_buf_free(&buf);
	return err;
}

void ts_json_cleanup(json_t **value)
{
	json_decref(*value);
	*value = NULL;
}
