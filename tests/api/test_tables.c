/* SPDX-License-Identifier: Apache-2.0 */
#include "document.h"
#include "service/handler/answer.h"
#include "service/handler/openapi.h"
#include <string.h>

/* The service's own tables are sound and make a document, whatever rows stand in them. */
static void test_service_tables(void **state)
{
	struct ts_why why = {"", ""};
	struct ts_buf out;
	json_t *doc = NULL;
	(void)state;
	enum ts_err err = ts_route_check(ts_route_tables, &why);
	if (err != TS_OK)
		fail_msg("%s", why.text);
	ts_buf_init(&out, TS_OPENAPI_BYTES_MAX);
	assert_ok(ts_openapi_write(ts_route_tables, "1", &out));
	assert_ok(ts_json_parse(out.data, out.len, &doc, &why));
	const json_t *paths = json_object_get(doc, "paths");
	assert_int_equal(count_rows(ts_route_tables, paths), count_operations(paths));
	/* a body's schema is its decoder's table; one whose members may all be left out may be so
	 * itself */
	const json_t *body = NULL, *schema = NULL;
	int required = -1;
	assert_int_equal(json_unpack_ex(json_object_get(paths, "/v1/parties"), NULL, 0, "{s:{s:o}}",
				 "post", "requestBody", &body),
		0);
	assert_int_equal(json_unpack((json_t *)(uintptr_t)body, "{s:b,s:{s:{s:o}}}", "required",
				 &required, "content", "application/json", "schema", &schema),
		0);
	assert_int_equal(required, 1);
	assert_int_equal(json_array_size(json_object_get(schema, "required")), 4);
	assert_int_equal(json_object_size(json_object_get(schema, "properties")), 13);
	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
	assert_int_equal(json_unpack(json_object_get(paths, "/v1/contracts/{contract}/settle"),
				 "{s:{s:{s:b}}}", "post", "requestBody", "required", &required),
		0);
	assert_int_equal(required, 0);
	json_decref(doc);
	ts_buf_free(&out);
}

static const struct ts_route *route_of(const char *id)
{
	for (size_t t = 0; ts_route_tables[t] != NULL; t++)
		for (const struct ts_route *row = ts_route_tables[t]; row->path != NULL; row++)
			if (strcmp(row->id, id) == 0)
				return row;
	return NULL;
}

/* Every GET route of JSON says what it answers, and every answer is of a route. */
static void test_answers(void **state)
{
	struct ts_buf out;
	(void)state;
	ts_buf_init(&out, TS_OPENAPI_BYTES_MAX);
	for (size_t i = 0; ts_answer_operation(i) != NULL; i++)
		if (route_of(ts_answer_operation(i)) == NULL)
			fail_msg("answers.def: no route is %s", ts_answer_operation(i));
	for (size_t t = 0; ts_route_tables[t] != NULL; t++)
		for (const struct ts_route *row = ts_route_tables[t]; row->path != NULL; row++) {
			bool json = row->produces == NULL ||
				    strstr(row->produces, "application/json") != NULL;
			if (row->method == TS_GET && json &&
				ts_answer_write(row->id, &out) != TS_OK)
				fail_msg("answers.def: no answer, or a broken one, of %s", row->id);
		}
	ts_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_service_tables), cmocka_unit_test(test_answers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
