/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/route.h"

#include "service/http/http.h"
#include "service/terms_schema.h"

static enum ts_err get_openapi(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_str text = ts_http_openapi(req->http);
	(void)why;
	ts_buf_put(&res->body, text.at, text.len);
	res->cache_control = "public, max-age=300";
	return TS_OK;
}

static enum ts_err get_schema(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	(void)req;
	(void)why;
	ts_buf_puts(&res->body, ts_terms_schema);
	res->content_type = "application/schema+json";
	res->cache_control = "public, max-age=300";
	return res->body.err;
}

const struct ts_route ts_routes_frame[] = {
	{
		.method = TS_GET,
		.path = "/openapi.json",
		.handler = get_openapi,
		.roles = TS_ROLE_PUBLIC,
		.cls = TS_CLASS_READ,
		.flags = TS_ROUTE_INLINE,
		.id = "getOpenapi",
		.tag = "service",
		.summary = "This interface as an OpenAPI 3.1 document",
		.response = "the document, generated from the table that dispatches",
	},
	{
		.method = TS_GET,
		.path = "/v1/terms.schema.json",
		.handler = get_schema,
		.roles = TS_ROLE_PUBLIC,
		.cls = TS_CLASS_READ,
		.flags = TS_ROUTE_INLINE,
		.produces = "application/schema+json",
		.id = "getTermsSchema",
		.tag = "service",
		.summary = "JSON Schema (draft 2020-12) of contract terms",
		.response = "the schema; uploads are checked for more than structure",
	},
	{.path = NULL},
};
