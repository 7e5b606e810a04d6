/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_OPENAPI_H
#define TS_SERVICE_OPENAPI_H
/* Why: the OpenAPI 3.1 document is generated from the route table that dispatches, so the two can't
 * differ. */
#include "service/http/route.h"

#define TS_OPENAPI_BYTES_MAX (4u << 20)

/* The schema of a JSON body is the table that its handler decodes with, that of an answer stands in
 * answers.def. Errors: those of *out, TS_E_INTERNAL for a broken row of it. */
enum ts_err ts_openapi_write(
	const struct ts_route *const *tables, const char *version, struct ts_buf *out) TS_MUST;

#endif
