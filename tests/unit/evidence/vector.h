/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_EVIDENCE_VECTOR_H
#define TS_TESTS_EVIDENCE_VECTOR_H
/* Why: every evidence test reads vectors from JSON; a member that is missing fails the test. */
#include "support/test.h"

#include "base/buf.h"
#include "base/text.h"
#include "evidence/merkle.h"
#include "support/file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline json_t *vec_load(const char *fixture)
{
	struct ts_file file = ts_fixture_read(fixture);
	json_error_t error;
	json_t *root = json_loadb(file.bytes, file.len, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		fail_msg("%s: %s", fixture, error.text);
	ts_file_free(&file);
	return root;
}

/* A file of tests/vectors/evidence. Caller frees. */
static inline struct ts_file vec_file(const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "tests/vectors/evidence/%s", name);
	char *full = ts_source_path(path);
	struct ts_file file = ts_file_read(full);
	free(full);
	return file;
}

static inline json_t *vec_own(const char *name)
{
	struct ts_file file = vec_file(name);
	json_error_t error;
	json_t *root = json_loadb(file.bytes, file.len, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		fail_msg("%s: %s", name, error.text);
	ts_file_free(&file);
	return root;
}

static inline json_t *vec_get(const json_t *obj, const char *name)
{
	json_t *value = json_object_get(obj, name);
	if (value == NULL)
		fail_msg("member '%s' is missing", name);
	return value;
}

static inline const char *vec_text(const json_t *obj, const char *name)
{
	const char *text = json_string_value(vec_get(obj, name));
	assert_non_null(text);
	return text;
}

static inline struct ts_str vec_str(const json_t *obj, const char *name)
{
	return ts_str(vec_text(obj, name));
}

static inline int64_t vec_int(const json_t *obj, const char *name)
{
	assert_true(json_is_integer(vec_get(obj, name)));
	return (int64_t)json_integer_value(vec_get(obj, name));
}

/* Hex of any length into out; returns the number of bytes. */
static inline size_t vec_unhex(const char *hex, uint8_t *out, size_t out_max)
{
	size_t len = strlen(hex) / 2;
	assert_true(len <= out_max);
	if (len > 0)
		assert_ok(ts_text_unhex(ts_str(hex), out, len));
	return len;
}

static inline struct ts_hash vec_hash(const char *hex)
{
	struct ts_hash h;
	assert_int_equal(vec_unhex(hex, h.b, sizeof(h.b)), sizeof(h.b));
	return h;
}

static inline struct ts_path vec_path(const json_t *list)
{
	struct ts_path path = {.n = json_array_size(list)};
	assert_true(path.n <= TS_MERKLE_HASHES_MAX);
	for (size_t i = 0; i < path.n; i++)
		path.hashes[i] = vec_hash(json_string_value(json_array_get(list, i)));
	return path;
}

static inline void assert_hash_equal(const struct ts_hash *a, const struct ts_hash *b)
{
	assert_memory_equal(a->b, b->b, TS_HASH_BYTES);
}

static inline struct ts_str vec_buf(const struct ts_buf *buf)
{
	return (struct ts_str){buf->data, buf->len};
}

#endif
