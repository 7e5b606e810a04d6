/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_API_DOCUMENT_H
#define TS_TESTS_API_DOCUMENT_H
/* Why: each row of a route table is in the OpenAPI document, and nothing else is. */
#include "support/test.h"
#include "service/http/route.h"
#include "base/json.h"

static inline size_t count_rows(const struct ts_route *const *tables, const json_t *paths)
{
	static const char *const lower[] = {"", "get", "post", "put", "delete"};
	size_t n = 0;
	for (; *tables != NULL; tables++)
		for (const struct ts_route *row = *tables; row->path != NULL; row++, n++) {
			const json_t *path = json_object_get(paths, row->path);
			const json_t *operation = json_object_get(path, lower[row->method]);
			assert_non_null(operation);
			assert_string_equal(
				json_string_value(json_object_get(operation, "operationId")),
				row->id);
		}
	return n;
}

static inline size_t count_operations(const json_t *paths)
{
	const char *path;
	json_t *methods;
	size_t n = 0;
	json_object_foreach((json_t *)(uintptr_t)paths, path, methods)
		n += json_object_size(methods);
	return n;
}

#endif
