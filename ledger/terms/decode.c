/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 40

enum ts_err ts_decode_object(const struct ts_decode *d, const json_t *obj,
	const struct ts_json_field *fields, size_t n, bool relaxed, void *out, const char *pointer)
{
	struct ts_json_field copy[FIELDS_MAX];
	TS_ASSERT(n <= FIELDS_MAX);
	memcpy(copy, fields, n * sizeof copy[0]);
	for (size_t i = 0; i < n; i++)
		copy[i].required = fields[i].required && !(relaxed && d->what_if);
	return ts_json_decode(obj, copy, n, out, d->region, pointer, d->why);
}

enum ts_err ts_decode_array(
	const struct ts_decode *d, const json_t *array, size_t bytes_each, void *out, size_t *n)
{
	size_t count = json_array_size(array);
	void *rows = ts_region_array(d->region, count, bytes_each);
	if (!rows)
		return ts_why(d->why, TS_E_NO_MEMORY, "", "no memory for the terms");
	const void *first = rows; /* gcc 12 -fanalyzer calls rows itself uninitialized */
	memcpy(out, &first, sizeof first);
	*n = count;
	return TS_OK;
}

void ts_decode_pointer(
	char out[TS_TERMS_POINTER_CHARS], const char *parent, const char *name, size_t i)
{
	int len = snprintf(out, TS_TERMS_POINTER_CHARS, "%s/%s/%zu", parent, name, i);
	TS_ASSERT(len > 0 && len < TS_TERMS_POINTER_CHARS);
}

enum ts_err ts_decode_token(
	const struct ts_decode *d, const char *text, const char *pointer, const char *name)
{
	char where[TS_TERMS_POINTER_CHARS + 32];
	snprintf(where, sizeof where, "%s/%s", pointer, name);
	size_t len = strlen(text);
	if (len < 1 || len > TS_TERMS_TOKEN_MAX)
		return ts_why(d->why, TS_E_RANGE, where, "has %zu bytes, must have 1 to %d", len,
			TS_TERMS_TOKEN_MAX);
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x21 || text[i] > 0x7e || text[i] == '\\' || text[i] == '"')
			return ts_why(d->why, TS_E_MALFORMED, where,
				"\"%s\" has a byte outside 0x21-0x7E, a backslash or a quote",
				text);
	}
	return TS_OK;
}

enum ts_err ts_decode_money(const struct ts_decode *d, const char *text, const char *pointer,
	const char *name, int64_t *minor)
{
	char where[TS_TERMS_POINTER_CHARS + 32];
	snprintf(where, sizeof where, "%s/%s", pointer, name);
	const struct ts_currency *cur = d->terms->currency;
	int64_t v = 0;
	enum ts_err err = ts_money_parse(ts_str(text), cur, &v);
	if (err == TS_E_OVERFLOW)
		return ts_why(d->why, err, where, "%.80s %s overflows", text, cur->code);
	if (err != TS_OK)
		return ts_why(d->why, err, where,
			"must be an amount of %s with at most %d decimals, is \"%.80s\"", cur->code,
			cur->exponent, text);
	if (v < 0)
		return ts_why(d->why, TS_E_RANGE, where, "%.80s is negative", text);
	*minor = v;
	return TS_OK;
}

enum ts_err ts_decode_treatment(
	const struct ts_decode *d, const char *id, const char *pointer, size_t *index)
{
	char where[TS_TERMS_POINTER_CHARS + 32];
	snprintf(where, sizeof where, "%s/treatment", pointer);
	TS_ASSERT(id || d->what_if);
	const char *wanted = id ? id : "none";
	for (size_t i = 0; i < d->terms->treatments_n; i++) {
		if (strcmp(d->terms->treatments[i].id, wanted) == 0) {
			*index = i;
			return TS_OK;
		}
	}
	return ts_why(d->why, TS_E_INVALID, where, "no tax treatment has the id \"%s\"", wanted);
}
