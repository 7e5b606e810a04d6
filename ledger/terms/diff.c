/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/diff.h"
#include "base/json.h"
#include <stdlib.h>
#include <string.h>

struct walk {
	struct ts_region *region;
	struct ts_diff *list;
	size_t n, cap;
};

static const char *const kind_names[] = {
	[TS_DIFF_ADDED] = "added", [TS_DIFF_REMOVED] = "removed", [TS_DIFF_CHANGED] = "changed"};

const char *ts_diff_kind_name(enum ts_diff_kind kind)
{
	return kind_names[kind];
}

static enum ts_err text_of(const struct walk *w, const json_t *value, const char **out)
{
	*out = NULL;
	if (value == NULL)
		return TS_OK;
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER);
	if (text == NULL)
		return TS_E_NO_MEMORY;
	*out = ts_region_copy(w->region, text, strlen(text));
	free(text);
	return *out == NULL ? TS_E_NO_MEMORY : TS_OK;
}

static enum ts_err add(
	struct walk *w, const char *pointer, const char *what, const json_t *was, const json_t *is)
{
	if (w->n == w->cap) {
		size_t cap = w->cap == 0 ? 16 : 2 * w->cap;
		struct ts_diff *bigger = ts_region_array(w->region, cap, sizeof *bigger);
		if (bigger == NULL)
			return TS_E_NO_MEMORY;
		if (w->n > 0)
			memcpy(bigger, w->list, w->n * sizeof *bigger);
		w->list = bigger;
		w->cap = cap;
	}
	struct ts_diff *d = &w->list[w->n++];
	*d = (struct ts_diff){.kind = was == NULL  ? TS_DIFF_ADDED
				      : is == NULL ? TS_DIFF_REMOVED
						   : TS_DIFF_CHANGED,
		.pointer = pointer,
		.what = what};
	TS_TRY(text_of(w, was, &d->was));
	return text_of(w, is, &d->is);
}

/* The member that names an element of a list. */
static const char *name_of(const json_t *element)
{
	static const char *const members[] = {"id", "sku", "class", "vkey"};
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const char *name = json_string_value(json_object_get(element, members[i]));
		if (name != NULL)
			return name;
	}
	return NULL;
}

static const json_t *named(const json_t *list, const char *name, size_t *at)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *other = name_of(json_array_get(list, i));
		if (other != NULL && strcmp(other, name) == 0) {
			*at = i;
			return json_array_get(list, i);
		}
	}
	return NULL;
}

/* A name twice in a list is no name. */
static bool all_named(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = name_of(json_array_get(list, i));
		size_t at = 0;
		if (name == NULL || named(list, name, &at) == NULL || at != i)
			return false;
	}
	return true;
}

static enum ts_err compare(struct walk *w, const char *pointer, const char *what, const json_t *was,
	const json_t *is, int depth);

static enum ts_err compare_member(struct walk *w, const char *pointer, const char *what,
	const char *key, const json_t *was, const json_t *is, int depth)
{
	const char *at = ts_region_printf(w->region, "%s/%s", pointer, key);
	const char *in = ts_region_printf(w->region, "%s%s%s", what, *what ? ", " : "", key);
	return at == NULL || in == NULL ? TS_E_NO_MEMORY : compare(w, at, in, was, is, depth);
}

static enum ts_err compare_objects(struct walk *w, const char *pointer, const char *what,
	const json_t *was, const json_t *is, int depth)
{
	/* jansson iterates through a non-const object; nothing is changed. */
	json_t *a = (json_t *)(uintptr_t)was, *b = (json_t *)(uintptr_t)is, *member;
	const char *key;
	json_object_foreach(a, key, member) TS_TRY(
		compare_member(w, pointer, what, key, member, json_object_get(is, key), depth));
	json_object_foreach(b, key, member) if (json_object_get(was, key) == NULL)
		TS_TRY(compare_member(w, pointer, what, key, NULL, member, depth));
	return TS_OK;
}

static enum ts_err compare_element(struct walk *w, const char *pointer, const char *what, size_t at,
	const json_t *was, const json_t *is, int depth)
{
	const char *name = name_of(is != NULL ? is : was);
	const char *place = ts_region_printf(w->region, "%s/%zu", pointer, at);
	const char *in = name != NULL ? ts_region_printf(w->region, "%s \"%s\"", what, name)
				      : ts_region_printf(w->region, "%s %zu", what, at + 1);
	return place == NULL || in == NULL ? TS_E_NO_MEMORY : compare(w, place, in, was, is, depth);
}

static enum ts_err compare_lists(struct walk *w, const char *pointer, const char *what,
	const json_t *was, const json_t *is, int depth)
{
	bool by_name = all_named(was) && all_named(is);
	size_t n = json_array_size(was), m = json_array_size(is), at = 0;
	for (size_t i = 0; i < n; i++) {
		const json_t *old = json_array_get(was, i), *now = json_array_get(is, i);
		at = i;
		if (by_name)
			now = named(is, name_of(old), &at);
		TS_TRY(compare_element(w, pointer, what, at, old, now, depth));
	}
	for (size_t i = 0; i < m; i++) {
		const json_t *now = json_array_get(is, i);
		if (by_name ? named(was, name_of(now), &at) == NULL : i >= n)
			TS_TRY(compare_element(w, pointer, what, i, NULL, now, depth));
	}
	return TS_OK;
}

static enum ts_err compare(struct walk *w, const char *pointer, const char *what, const json_t *was,
	const json_t *is, int depth)
{
	if (depth > TS_JSON_DEPTH_MAX)
		return TS_E_LIMIT;
	if (was != NULL && is != NULL && json_equal(was, is))
		return TS_OK;
	if (json_is_object(was) && json_is_object(is))
		return compare_objects(w, pointer, what, was, is, depth + 1);
	if (json_is_array(was) && json_is_array(is))
		return compare_lists(w, pointer, what, was, is, depth + 1);
	return add(w, pointer, what, was, is);
}

enum ts_err ts_terms_diff(const json_t *older, const json_t *newer, struct ts_region *region,
	struct ts_diff **out, size_t *n)
{
	struct walk w = {.region = region};
	TS_TRY(compare(&w, "", "", older, newer, 0));
	*out = w.list;
	*n = w.n;
	return TS_OK;
}
