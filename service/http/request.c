/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/request.h"

#include "service/http/route.h"
#include <string.h>
#include <strings.h>

struct ts_str ts_request_param(const struct ts_request *req, const char *name)
{
	size_t i = 0;
	while (i < TS_ROUTE_PARAMS_MAX && !ts_str_is(ts_route_param_name(req->route, i), name))
		i++;
	TS_ASSERT(i < TS_ROUTE_PARAMS_MAX);
	return req->params[i];
}

const struct ts_query_value *ts_request_query(const struct ts_request *req, const char *name)
{
	size_t i = 0;
	TS_ASSERT(req->route->query != NULL);
	while (req->route->query[i].name != NULL && strcmp(req->route->query[i].name, name) != 0)
		i++;
	TS_ASSERT(req->route->query[i].name != NULL);
	return &req->query[i];
}

static struct ts_str trim(struct ts_str text)
{
	while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
		text.at++;
		text.len--;
	}
	while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* `q=0.5` in thousandths; 1000 when there is no q or it can't be read. */
static int quality(struct ts_str params)
{
	while (params.at != NULL) {
		struct ts_str value = trim(ts_str_cut(&params, ';'));
		struct ts_str name = ts_str_cut(&value, '=');
		if (name.len != 1 || (name.at[0] != 'q' && name.at[0] != 'Q') || value.len == 0)
			continue;
		if (value.at[0] != '0')
			return 1000;
		int q = 0;
		int unit = 100;
		for (size_t i = 2; i < value.len && unit > 0; i++, unit /= 10)
			if (value.at[i] >= '0' && value.at[i] <= '9')
				q += (value.at[i] - '0') * unit;
		return q;
	}
	return 1000;
}

static bool same_bytes(struct ts_str a, const char *b, size_t len)
{
	return a.len == len && strncasecmp(a.at, b, len) == 0;
}

/* How exactly a range names the type: 3 type/sub, 2 type with wildcard, 1 any, 0 not at all. */
static int specificity(struct ts_str range, const char *type)
{
	size_t major = strcspn(type, "/") + 1;
	if (same_bytes(range, type, strcspn(type, ";")))
		return 3;
	if (range.len == major + 1 && range.at[major] == '*' &&
		strncasecmp(range.at, type, major) == 0)
		return 2;
	return same_bytes(range, "*/*", 3) ? 1 : 0;
}

/* The quality that the Accept header gives the type: of its most exact range. */
static int accept_quality(struct ts_str accept, const char *type)
{
	int best = 0;
	int q = 0;
	while (accept.at != NULL) {
		struct ts_str params = ts_str_cut(&accept, ',');
		struct ts_str range = trim(ts_str_cut(&params, ';'));
		int exact = specificity(range, type);
		if (exact > best) {
			best = exact;
			q = quality(params);
		}
	}
	return q;
}

enum ts_err ts_request_accepts(const struct ts_request *req, const char *const *types, size_t n,
	size_t *chosen, struct ts_why *why)
{
	int best = 0;
	TS_ASSERT(n > 0);
	if (req->accept.at == NULL || trim(req->accept).len == 0) {
		*chosen = 0;
		return TS_OK;
	}
	for (size_t i = 0; i < n; i++) {
		int q = accept_quality(req->accept, types[i]);
		if (q > best) {
			best = q;
			*chosen = i;
		}
	}
	if (best == 0)
		return ts_why(why, TS_E_NOT_ACCEPTABLE, "Accept", "no rendering for \"%.*s\"",
			(int)(req->accept.len < 80 ? req->accept.len : 80), req->accept.at);
	return TS_OK;
}

enum ts_err ts_response_header(struct ts_response *res, const char *name, const char *value)
{
	if (res->headers_n == TS_RESPONSE_HEADERS_MAX)
		return TS_E_INTERNAL;
	for (const char *at = value; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return TS_E_INTERNAL;
	res->headers[res->headers_n].name = name;
	res->headers[res->headers_n].value = value;
	res->headers_n++;
	return TS_OK;
}
