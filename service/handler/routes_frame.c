/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/route.h"

#include "service/http/http.h"

static enum ts_err get_openapi(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_str text = ts_http_openapi(req->http);
	(void)why;
	ts_buf_put(&res->body, text.at, text.len);
	res->cache_control = "public, max-age=300";
	return TS_OK;
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
	{.path = NULL},
};
