/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_JSON_H
#define TS_BASE_JSON_H
/* Why: strict JSON in (unknown or duplicate member, wrong type, depth, length: an error with a JSON
 * pointer) driven by tables, canonical JSON out. Numbers in money and quantity are strings. */
#include "base/limits.h"
#include "base/num.h"
#include "base/region.h"
#include "base/text.h"
#include <jansson.h>
#include <stdbool.h>

/* Parses exactly one value; refuses duplicate members, NUL, trailing bytes, depth over the limit.
 * *out is owned by the caller (json_decref). */
enum ts_err ts_json_parse(const char *bytes, size_t len, json_t **out, struct ts_why *why) TS_MUST;

enum ts_json_kind {
	TS_JSON_STRING, /* const char *, copied into the region; length 1..max (max 0: 1..1024) */
	TS_JSON_TEXT, /* as STRING but may be empty */
	TS_JSON_INT, /* int64_t, JSON integer in [min, max] (both 0: any) */
	TS_JSON_BOOL, /* bool */
	TS_JSON_DECIMAL, /* struct ts_decimal, from a string */
	TS_JSON_I128, /* ts_i128, from a string */
	TS_JSON_TIME, /* int64_t microseconds, from an RFC 3339 string */
	TS_JSON_DATE, /* int32_t day number, from YYYY-MM-DD */
	TS_JSON_OBJECT, /* const json_t *, borrowed */
	TS_JSON_ARRAY, /* const json_t *, borrowed; at most max elements (max 0: 10,000) */
};
struct ts_json_field {
	const char *name;
	enum ts_json_kind kind;
	bool required;
	size_t offset; /* of the member in the struct that is filled */
	int64_t min, max;
};
/* An optional field that is absent (or null) leaves its member as the caller set it. `pointer` is
 * the JSON pointer of obj ("" for the root); why->where gets pointer + "/" + name. */
enum ts_err ts_json_decode(const json_t *obj, const struct ts_json_field *fields, size_t n,
	void *out, struct ts_region *region, const char *pointer, struct ts_why *why) TS_MUST;

/* Compact, members sorted by bytes, no trailing LF; for values made of objects, arrays, strings,
 * booleans, null and integers below 2^53 this equals RFC 8785. Region-owned, *len without NUL. */
enum ts_err ts_json_canonical(
	const json_t *value, struct ts_region *region, const char **out, size_t *len) TS_MUST;

/* For cleanup attributes: __attribute__((cleanup(ts_json_cleanup))) json_t *j = NULL; */
void ts_json_cleanup(json_t **value);

#endif
