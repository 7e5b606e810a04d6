/* SPDX-License-Identifier: Apache-2.0 */
/* Regions, purposes and windows: the tables that the selectors of prices name. */
#include "terms/decode.h"
#include <stdio.h>
#include <string.h>

#define DAYS 7
#define QUARTERS_PER_DAY 96

struct raw_region {
	const char *name;
	const json_t *clusters;
};
static const struct ts_json_field region_fields[] = {
	{"region", TS_JSON_STRING, true, offsetof(struct raw_region, name), 1, TS_TERMS_TOKEN_MAX},
	{"clusters", TS_JSON_ARRAY, true, offsetof(struct raw_region, clusters), 0,
		TS_TERMS_NAMES_MAX},
};
struct raw_purpose {
	const char *name;
	const json_t *accounts, *classes;
};
static const struct ts_json_field purpose_fields[] = {
	{"purpose", TS_JSON_STRING, true, offsetof(struct raw_purpose, name), 1,
		TS_TERMS_TOKEN_MAX},
	{"accounts", TS_JSON_ARRAY, false, offsetof(struct raw_purpose, accounts), 0,
		TS_TERMS_NAMES_MAX},
	{"classes", TS_JSON_ARRAY, false, offsetof(struct raw_purpose, classes), 0,
		TS_TERMS_NAMES_MAX},
};
struct raw_window {
	const char *name, *from, *to;
	const json_t *days;
};
static const struct ts_json_field window_fields[] = {
	{"window", TS_JSON_STRING, true, offsetof(struct raw_window, name), 1, TS_TERMS_TOKEN_MAX},
	{"days", TS_JSON_ARRAY, false, offsetof(struct raw_window, days), 0, DAYS},
	{"from", TS_JSON_STRING, true, offsetof(struct raw_window, from), 5, 5},
	{"to", TS_JSON_STRING, true, offsetof(struct raw_window, to), 5, 5},
};
static const char *const day_names[DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

enum ts_err ts_decode_names(const struct ts_decode *d, const json_t *array, const char *pointer,
	const char *name, const char *const **out, size_t *n)
{
	const char **list = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *list, &list, n));
	for (size_t i = 0; i < *n; i++) {
		char at[TS_TERMS_POINTER_CHARS], member[48];
		ts_decode_pointer(at, pointer, name, i);
		snprintf(member, sizeof member, "%.16s/%zu", name, i);
		const char *text = json_string_value(json_array_get(array, i));
		if (!text)
			return ts_why(d->why, TS_E_INVALID, at, "must be a string");
		TS_TRY(ts_decode_token(d, text, pointer, member));
		list[i] = ts_region_copy(d->region, text, strlen(text));
		if (!list[i])
			return ts_why(d->why, TS_E_NO_MEMORY, at, "no memory for the terms");
		for (size_t k = 0; k < i; k++)
			if (strcmp(list[k], list[i]) == 0)
				return ts_why(
					d->why, TS_E_INVALID, at, "\"%s\" stands twice", text);
	}
	*out = list;
	return TS_OK;
}

/* `name` is no selector's own word and none of the n names before it. */
static enum ts_err check_name(const struct ts_decode *d, const char *name, const char *what,
	const char *before, const char *pointer)
{
	TS_TRY(ts_decode_token(d, name, pointer, what));
	if (strcmp(name, "*") == 0 || strcmp(name, "-") == 0)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"\"%s\" is taken: * selects any %s, - what is in none", name, what);
	if (before && strcmp(before, name) == 0)
		return ts_why(
			d->why, TS_E_INVALID, pointer, "%s \"%s\" is declared twice", what, name);
	return TS_OK;
}

/* Sets of one kind are disjoint, so that a cell lies in at most one. */
static enum ts_err check_disjoint(const struct ts_decode *d, const char *const *a, size_t a_n,
	const char *const *b, size_t b_n, const char *pointer, const char *other)
{
	for (size_t i = 0; i < a_n; i++)
		for (size_t k = 0; k < b_n; k++)
			if (strcmp(a[i], b[k]) == 0)
				return ts_why(d->why, TS_E_INVALID, pointer,
					"\"%s\" belongs to \"%s\" already", a[i], other);
	return TS_OK;
}

static enum ts_err decode_regions(const struct ts_decode *d, const json_t *array)
{
	struct ts_region_set *rows = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *rows, &rows, &d->terms->regions_n));
	d->terms->regions = rows;
	for (size_t i = 0; i < d->terms->regions_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		struct raw_region raw = {0};
		ts_decode_pointer(at, "", "regions", i);
		TS_TRY(ts_decode_object(d, json_array_get(array, i), region_fields,
			sizeof region_fields / sizeof region_fields[0], false, &raw, at));
		rows[i].name = raw.name;
		TS_TRY(ts_decode_names(
			d, raw.clusters, at, "clusters", &rows[i].clusters, &rows[i].clusters_n));
		TS_TRY(check_name(d, raw.name, "region", NULL, at));
		for (size_t k = 0; k < i; k++) {
			TS_TRY(check_name(d, raw.name, "region", rows[k].name, at));
			TS_TRY(check_disjoint(d, rows[i].clusters, rows[i].clusters_n,
				rows[k].clusters, rows[k].clusters_n, at, rows[k].name));
		}
	}
	return TS_OK;
}

static enum ts_err decode_purposes(const struct ts_decode *d, const json_t *array)
{
	struct ts_purpose *rows = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *rows, &rows, &d->terms->purposes_n));
	d->terms->purposes = rows;
	for (size_t i = 0; i < d->terms->purposes_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		struct raw_purpose raw = {0};
		ts_decode_pointer(at, "", "purposes", i);
		TS_TRY(ts_decode_object(d, json_array_get(array, i), purpose_fields,
			sizeof purpose_fields / sizeof purpose_fields[0], false, &raw, at));
		rows[i].name = raw.name;
		TS_TRY(ts_decode_names(
			d, raw.accounts, at, "accounts", &rows[i].accounts, &rows[i].accounts_n));
		TS_TRY(ts_decode_names(
			d, raw.classes, at, "classes", &rows[i].classes, &rows[i].classes_n));
		TS_TRY(check_name(d, raw.name, "purpose", NULL, at));
		for (size_t k = 0; k < i; k++) {
			TS_TRY(check_name(d, raw.name, "purpose", rows[k].name, at));
			TS_TRY(check_disjoint(d, rows[i].accounts, rows[i].accounts_n,
				rows[k].accounts, rows[k].accounts_n, at, rows[k].name));
			TS_TRY(check_disjoint(d, rows[i].classes, rows[i].classes_n,
				rows[k].classes, rows[k].classes_n, at, rows[k].name));
		}
	}
	return TS_OK;
}

/* "08:15" as quarter-hours of the day, "24:00" as 96. */
static enum ts_err clock_quarters(
	const struct ts_decode *d, const char *text, const char *pointer, size_t *out)
{
	static const char form[] = "dd:dd";
	int v[5];
	for (size_t i = 0; i < 5; i++) {
		v[i] = text[i] - '0';
		if (form[i] == ':' ? text[i] != ':' : v[i] < 0 || v[i] > 9)
			return ts_why(d->why, TS_E_MALFORMED, pointer,
				"\"%s\" is no time of day (08:15)", text);
	}
	int minutes = (v[0] * 10 + v[1]) * 60 + v[3] * 10 + v[4];
	if (v[3] > 5 || minutes > 24 * 60 || minutes % 15 != 0)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"%s is not on the quarter-hour grid from 00:00 to 24:00", text);
	*out = (size_t)minutes / 15;
	return TS_OK;
}

static enum ts_err window_days(
	const struct ts_decode *d, const json_t *array, const char *pointer, bool days[DAYS])
{
	for (size_t i = 0; i < DAYS; i++)
		days[i] = array == NULL;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));
		size_t day = 0;
		while (day < DAYS && (!text || strcmp(text, day_names[day]) != 0))
			day++;
		if (day == DAYS || days[day])
			return ts_why(d->why, TS_E_INVALID, pointer,
				"days are mon, tue, wed, thu, fri, sat, sun, each once");
		days[day] = true;
	}
	return TS_OK;
}

static enum ts_err decode_window(const struct ts_decode *d, const json_t *obj, const char *pointer,
	struct ts_time_window *window)
{
	struct raw_window raw = {0};
	bool days[DAYS];
	size_t from = 0, to = 0;
	TS_TRY(ts_decode_object(d, obj, window_fields,
		sizeof window_fields / sizeof window_fields[0], false, &raw, pointer));
	window->name = raw.name;
	TS_TRY(check_name(d, raw.name, "window", NULL, pointer));
	TS_TRY(clock_quarters(d, raw.from, pointer, &from));
	TS_TRY(clock_quarters(d, raw.to, pointer, &to));
	TS_TRY(window_days(d, raw.days, pointer, days));
	if (from == to || from == QUARTERS_PER_DAY)
		return ts_why(d->why, TS_E_INVALID, pointer, "from %s to %s is no window", raw.from,
			raw.to);
	size_t n = to > from ? to - from : to + QUARTERS_PER_DAY - from; /* past midnight */
	for (size_t day = 0; day < DAYS; day++) {
		for (size_t i = 0; days[day] && i < n; i++) {
			size_t q = (day * QUARTERS_PER_DAY + from + i) % TS_WEEK_QUARTERS;
			window->quarters[q / 64] |= UINT64_C(1) << (q % 64);
		}
	}
	return TS_OK;
}

static enum ts_err decode_windows(const struct ts_decode *d, const json_t *array)
{
	struct ts_time_window *rows = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *rows, &rows, &d->terms->windows_n));
	d->terms->windows = rows;
	for (size_t i = 0; i < d->terms->windows_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, "", "windows", i);
		TS_TRY(decode_window(d, json_array_get(array, i), at, &rows[i]));
		for (size_t k = 0; k < i; k++)
			TS_TRY(check_name(d, rows[i].name, "window", rows[k].name, at));
	}
	return TS_OK;
}

enum ts_err ts_decode_select(const struct ts_decode *d, const struct ts_decode_root *root)
{
	TS_TRY(decode_regions(d, root->regions));
	TS_TRY(decode_purposes(d, root->purposes));
	return decode_windows(d, root->windows);
}

/* The selector that a word means; NULL and "*": any. `stride` is the size of a row whose first
 * member is its name. */
static enum ts_err selector(const struct ts_decode *d, const char *word, const char *what,
	const void *rows, size_t n, size_t stride, const char *pointer, int32_t *out)
{
	*out = TS_SELECT_ANY;
	if (word == NULL || strcmp(word, "*") == 0)
		return TS_OK;
	*out = TS_SELECT_REST;
	if (strcmp(word, "-") == 0 && n > 0)
		return TS_OK;
	for (size_t i = 0; i < n; i++) {
		const char *name = NULL;
		memcpy(&name, (const char *)rows + i * stride, sizeof name);
		if (strcmp(name, word) == 0) {
			*out = (int32_t)i + 1;
			return TS_OK;
		}
	}
	return ts_why(d->why, TS_E_INVALID, pointer, "%s \"%s\" is not declared in /%ss", what,
		word, what);
}

enum ts_err ts_decode_selectors(const struct ts_decode *d, const char *region, const char *purpose,
	const char *window, const char *pointer, struct ts_price *price)
{
	const struct ts_terms *t = d->terms;
	TS_TRY(selector(d, region, "region", t->regions, t->regions_n, sizeof *t->regions, pointer,
		&price->region));
	TS_TRY(selector(d, purpose, "purpose", t->purposes, t->purposes_n, sizeof *t->purposes,
		pointer, &price->purpose));
	return selector(d, window, "window", t->windows, t->windows_n, sizeof *t->windows, pointer,
		&price->window);
}
