/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/route.h"

#include "base/num.h"
#include "base/time.h"
#include <stdio.h>
#include <string.h>

#define SEGMENT_BYTES_MAX 128
#define QUERY_TEXT_BYTES_MAX 256

const char *ts_method_name(enum ts_method method)
{
	switch (method) {
	case TS_GET:
		return "GET";
	case TS_POST:
		return "POST";
	case TS_PUT:
		return "PUT";
	case TS_DELETE:
		return "DELETE";
	}
	return "?";
}

const char *ts_class_name(enum ts_class cls)
{
	switch (cls) {
	case TS_CLASS_READ:
		return "read";
	case TS_CLASS_WORK:
		return "work";
	case TS_CLASS_INGEST:
		return "ingest";
	case TS_CLASS_COUNT:
		break;
	}
	return "?";
}

static bool is_param_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("._~:+-", c) != NULL);
}

static bool is_param(struct ts_str text)
{
	if (text.len == 0 || text.len > SEGMENT_BYTES_MAX || ts_str_is(text, ".") ||
		ts_str_is(text, ".."))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_param_char(text.at[i]))
			return false;
	return true;
}

/* Splits a template segment `{name}suffix`; false for a literal. */
static bool template_param(struct ts_str segment, struct ts_str *name, struct ts_str *suffix)
{
	const char *end = segment.len > 1 && segment.at[0] == '{'
				  ? memchr(segment.at, '}', segment.len)
				  : NULL;
	if (end == NULL)
		return false;
	*name = (struct ts_str){segment.at + 1, (size_t)(end - segment.at) - 1};
	*suffix = (struct ts_str){end + 1, segment.len - name->len - 2};
	return true;
}

/* Literal bytes that matched, or -1. */
static int match_segment(struct ts_str segment, struct ts_str text, struct ts_route_match *match)
{
	struct ts_str name;
	struct ts_str suffix;
	if (!template_param(segment, &name, &suffix))
		return ts_str_eq(segment, text) ? (int)segment.len : -1;
	if (text.len <= suffix.len ||
		memcmp(text.at + text.len - suffix.len, suffix.at, suffix.len) != 0)
		return -1;
	text.len -= suffix.len;
	if (!is_param(text))
		return -1;
	TS_ASSERT(match->params_n < TS_ROUTE_PARAMS_MAX);
	match->params[match->params_n++] = text;
	return (int)suffix.len;
}

/* All that is left of the path is the value of the last parameter. */
static bool match_rest(struct ts_str path, struct ts_route_match *match)
{
	struct ts_str rest = path;
	if (path.len > SEGMENT_BYTES_MAX)
		return false;
	while (rest.at != NULL)
		if (!is_param(ts_str_cut(&rest, '/')))
			return false;
	TS_ASSERT(match->params_n < TS_ROUTE_PARAMS_MAX);
	match->params[match->params_n++] = path;
	return true;
}

/* Literal bytes that matched, or -1 when the path is not this template's. */
static int match_path(const struct ts_route *row, struct ts_str path, struct ts_route_match *match)
{
	struct ts_str left = ts_str(row->path);
	int score = 0;
	match->params_n = 0;
	while (left.at != NULL && path.at != NULL) {
		struct ts_str segment = ts_str_cut(&left, '/');
		if (left.at == NULL && (row->flags & TS_ROUTE_REST) != 0)
			return match_rest(path, match) ? score : -1;
		int got = match_segment(segment, ts_str_cut(&path, '/'), match);
		if (got < 0)
			return -1;
		score += got;
	}
	return left.at == NULL && path.at == NULL ? score : -1;
}

enum ts_err ts_route_find(const struct ts_route *const *tables, enum ts_method method,
	struct ts_str path, struct ts_route_match *match)
{
	struct ts_route_match best = {.route = NULL};
	int best_score = -1;
	uint32_t methods = 0;
	for (; *tables != NULL; tables++)
		for (const struct ts_route *row = *tables; row->path != NULL; row++) {
			struct ts_route_match try = {.route = row};
			int score = match_path(row, path, &try);
			if (score < 0 || score < best_score)
				continue;
			if (score >
				best_score) { /* a more exact template: the others do not count */
				best_score = score;
				best.route = NULL;
				methods = 0;
			}
			methods |= 1u << row->method;
			if (row->method == method)
				best = try;
		}
	best.methods = methods;
	*match = best;
	if (best.route != NULL)
		return TS_OK;
	return methods != 0 ? TS_E_METHOD : TS_E_NOT_FOUND;
}

const char *ts_route_allow(uint32_t methods, char out[64])
{
	size_t len = 0;
	out[0] = '\0';
	for (int m = TS_GET; m <= TS_DELETE; m++)
		if ((methods & (1u << m)) != 0) {
			int n = snprintf(out + len, 64 - len, "%s%s%s", len > 0 ? ", " : "",
				ts_method_name((enum ts_method)m), m == TS_GET ? ", HEAD" : "");
			TS_ASSERT(n > 0 && len + (size_t)n < 64);
			len += (size_t)n;
		}
	return out;
}

struct ts_str ts_route_param_name(const struct ts_route *route, size_t i)
{
	struct ts_str left = ts_str(route->path);
	struct ts_str name;
	struct ts_str suffix;
	while (left.at != NULL)
		if (template_param(ts_str_cut(&left, '/'), &name, &suffix) && i-- == 0)
			return name;
	return (struct ts_str){NULL, 0};
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum ts_err ts_route_decode(char *text, size_t len, bool path, size_t *out_len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '%') {
			int hi = i + 2 < len ? hex_digit(text[i + 1]) : -1;
			int lo = i + 2 < len ? hex_digit(text[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return TS_E_MALFORMED;
			c = (char)(unsigned char)(hi * 16 + lo);
			i += 2;
			if (path && (c == '/' || c == '\\'))
				return TS_E_MALFORMED;
		} else if (c == '+' && !path) {
			c = ' ';
		}
		if ((unsigned char)c < 0x20 || c == 0x7f)
			return TS_E_MALFORMED;
		text[n++] = c;
	}
	if (!ts_text_utf8((struct ts_str){text, n}))
		return TS_E_MALFORMED;
	*out_len = n;
	return TS_OK;
}

static enum ts_err month_parse(struct ts_str text, int64_t *out)
{
	char day[12];
	int32_t number = 0;
	if (text.len != 7)
		return TS_E_MALFORMED;
	(void)snprintf(day, sizeof(day), "%.7s-01", text.at);
	TS_TRY(ts_date_parse(ts_str(day), &number));
	*out = ts_month_of_day(number);
	return TS_OK;
}

static const char *query_form(enum ts_query_kind kind)
{
	switch (kind) {
	case TS_QUERY_TEXT:
		return "1 to 256 bytes of text";
	case TS_QUERY_INT:
		return "a whole number without sign";
	case TS_QUERY_TIME:
		return "an instant in UTC like 2026-05-31T00:00:00Z";
	case TS_QUERY_DATE:
		return "a day like 2026-05-31, from 1970";
	case TS_QUERY_MONTH:
		return "a month like 2026-05";
	case TS_QUERY_BOOL:
		return "true or false";
	}
	return "";
}

static enum ts_err query_value(const struct ts_query_param *param, struct ts_str text,
	struct ts_query_value *out, struct ts_why *why)
{
	enum ts_err err = TS_OK;
	int32_t day = 0;
	int64_t number = 0;
	switch (param->kind) {
	case TS_QUERY_TEXT:
		if (text.len == 0 || text.len > QUERY_TEXT_BYTES_MAX)
			err = TS_E_MALFORMED;
		break;
	case TS_QUERY_INT:
		err = ts_text_u63(text, &number);
		break;
	case TS_QUERY_TIME:
		err = ts_time_parse(text, &number);
		break;
	case TS_QUERY_DATE:
		err = ts_date_parse(text, &day);
		number = day;
		break;
	case TS_QUERY_MONTH:
		err = month_parse(text, &number);
		break;
	case TS_QUERY_BOOL:
		number = ts_str_is(text, "true") ? 1 : 0;
		if (number == 0 && !ts_str_is(text, "false"))
			err = TS_E_MALFORMED;
		break;
	}
	if (err != TS_OK)
		return ts_why(why, TS_E_MALFORMED, param->name,
			"query parameter %s = \"%.*s\" is not %s (%s)", param->name,
			(int)(text.len < 80 ? text.len : 80), text.at, query_form(param->kind),
			param->help);
	if (param->kind == TS_QUERY_INT && (param->min != 0 || param->max != 0) &&
		(number < param->min || number > param->max))
		return ts_why(why, TS_E_RANGE, param->name,
			"query parameter %s = %lld is not in [%lld, %lld]", param->name,
			(long long)number, (long long)param->min, (long long)param->max);
	*out = (struct ts_query_value){.text = text, .number = number};
	return TS_OK;
}

static size_t find_param(const struct ts_route *route, struct ts_str name)
{
	size_t i = 0;
	while (route->query != NULL && route->query[i].name != NULL &&
		!ts_str_is(name, route->query[i].name))
		i++;
	return i;
}

static enum ts_err query_pair(const struct ts_route *route, struct ts_str pair,
	struct ts_query_value *values, struct ts_why *why)
{
	struct ts_str value = pair;
	struct ts_str name = ts_str_cut(&value, '=');
	size_t i = find_param(route, name);
	TS_ASSERT(i < TS_ROUTE_QUERY_MAX);
	if (route->query == NULL || route->query[i].name == NULL)
		return ts_why(why, TS_E_UNKNOWN_FIELD, "", "unknown query parameter \"%.*s\"",
			(int)(name.len < 80 ? name.len : 80), name.at);
	const struct ts_query_param *param = &route->query[i];
	if (value.at == NULL)
		return ts_why(why, TS_E_MALFORMED, param->name, "query parameter %s has no value",
			param->name);
	if (values[i].text.at != NULL)
		return ts_why(why, TS_E_MALFORMED, param->name, "query parameter %s is given twice",
			param->name);
	/* decoded in place: value lies in the caller's writable copy */
	size_t len = 0;
	if (ts_route_decode((char *)(uintptr_t)value.at, value.len, false, &len) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, param->name,
			"query parameter %s is not valid percent-encoded UTF-8", param->name);
	return query_value(param, (struct ts_str){value.at, len}, &values[i], why);
}

enum ts_err ts_route_query(const struct ts_route *route, char *raw, size_t len,
	struct ts_query_value values[TS_ROUTE_QUERY_MAX], struct ts_why *why)
{
	struct ts_str rest = {raw, len};
	memset(values, 0, sizeof(values[0]) * TS_ROUTE_QUERY_MAX);
	while (rest.at != NULL && rest.len > 0)
		TS_TRY(query_pair(route, ts_str_cut(&rest, '&'), values, why));
	for (size_t i = 0; route->query != NULL && route->query[i].name != NULL; i++)
		if (route->query[i].required && values[i].text.at == NULL)
			return ts_why(why, TS_E_MISSING_FIELD, route->query[i].name,
				"query parameter %s is required", route->query[i].name);
	return TS_OK;
}

/* Two templates that differ only in the names of their parameters match the same paths. */
static bool same_shape(const char *a, const char *b)
{
	struct ts_str left = ts_str(a), right = ts_str(b);
	while (left.at != NULL && right.at != NULL) {
		struct ts_str one = ts_str_cut(&left, '/'), other = ts_str_cut(&right, '/');
		struct ts_str name, suffix, other_suffix;
		bool param = template_param(one, &name, &suffix);
		if (param != template_param(other, &name, &other_suffix) ||
			!(param ? ts_str_eq(suffix, other_suffix) : ts_str_eq(one, other)))
			return false;
	}
	return left.at == NULL && right.at == NULL;
}

static const char *rest_fault(const struct ts_route *row)
{
	struct ts_str last = ts_str(strrchr(row->path, '/') + 1), name, suffix;
	if ((row->flags & TS_ROUTE_REST) != 0 &&
		(row->method != TS_GET || !template_param(last, &name, &suffix) || suffix.len > 0))
		return "the rest of a path is a last segment {name} of a GET";
	return NULL;
}

static const char *row_fault(const struct ts_route *row)
{
	if (row->path[0] != '/' || row->id == NULL || row->summary == NULL || row->tag == NULL ||
		row->response == NULL)
		return "path, id, tag, summary and response are required";
	if ((row->handler != NULL) == (row->batch != NULL))
		return "either a handler or a batch handler";
	if (row->batch != NULL && row->prepare == NULL && row->group == NULL)
		return "a batch handler needs prepare or group";
	if (row->batch == NULL && (row->prepare != NULL || row->group != NULL))
		return "prepare and group belong to a batch handler";
	if ((row->flags & TS_ROUTE_INLINE) != 0 &&
		(row->roles != TS_ROLE_PUBLIC || row->body_bytes_max != 0 || row->handler == NULL))
		return "an inline route is public, has no body and a plain handler";
	if (row->body_bytes_max != 0 && (row->method == TS_GET || row->request == NULL))
		return "a body needs a description and a method that takes one";
	if ((row->flags & TS_ROUTE_MONEY) != 0 && row->method != TS_POST)
		return "a money effect is a POST";
	size_t params = 0;
	while (ts_route_param_name(row, params).at != NULL)
		params++;
	size_t query = 0;
	while (row->query != NULL && row->query[query].name != NULL)
		query++;
	if (params > TS_ROUTE_PARAMS_MAX || query >= TS_ROUTE_QUERY_MAX)
		return "too many parameters";
	return rest_fault(row);
}

enum ts_err ts_route_check(const struct ts_route *const *tables, struct ts_why *why)
{
	for (size_t t = 0; tables[t] != NULL; t++)
		for (const struct ts_route *row = tables[t]; row->path != NULL; row++) {
			const char *fault = row_fault(row);
			if (fault != NULL)
				return ts_why(why, TS_E_INTERNAL, row->path, "%s %s: %s",
					ts_method_name(row->method), row->path, fault);
			for (size_t u = 0; tables[u] != NULL; u++)
				for (const struct ts_route *other = tables[u]; other->path != NULL;
					other++)
					if (other != row && row->id != NULL && other->id != NULL &&
						(strcmp(other->id, row->id) == 0 ||
							(other->method == row->method &&
								same_shape(
									other->path, row->path))))
						return ts_why(why, TS_E_INTERNAL, row->path,
							"%s %s stands twice",
							ts_method_name(row->method), row->path);
		}
	return TS_OK;
}
