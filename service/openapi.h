/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_OPENAPI_H
#define TS_SERVICE_OPENAPI_H
/* Why: the OpenAPI 3.1 document is generated from the route table that dispatches, so the two can't
 * differ. */
#include "service/route.h"

#define TS_OPENAPI_BYTES_MAX (4u << 20)

/* A schema text in a row that is not JSON is our bug: TS_E_INTERNAL names the row. */
enum ts_err ts_openapi_write(const struct ts_route *const *tables, const char *version,
	struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
