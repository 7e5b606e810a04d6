/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "importers/send.h"
#include <string.h>

static enum ts_err error_of_code(const char *code, long status)
{
	static const enum ts_err all[] = {
#define X(name, word, http, text) TS_##name,
#include "base/err.def"
#undef X
	};
	for (size_t i = 0; code && i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != TS_OK && strcmp(ts_err_code(all[i]), code) == 0)
			return all[i];
	/* Not an answer of ours, a proxy's perhaps: the first error with that status will do. */
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != TS_OK && ts_err_http(all[i]) == (int)status)
			return all[i];
	return status >= 500 ? TS_E_UNAVAILABLE : TS_E_INVALID;
}

static const char *text_member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

enum ts_err ts_send_problem(
	const struct ts_buf *body, long status, const char *path, struct ts_why *why)
{
	json_t *problem __attribute__((cleanup(ts_json_cleanup))) = NULL;
	struct ts_why ignored;
	if (ts_json_parse(body->data, body->len, &problem, &ignored) != TS_OK ||
		!json_is_object(problem))
		return ts_why(why, error_of_code(NULL, status), path,
			"http status %ld without a problem", status);
	const char *title = text_member(problem, "title");
	const char *detail = text_member(problem, "detail");
	const char *pointer = text_member(problem, "pointer");
	const json_t *first = json_array_get(json_object_get(problem, "errors"), 0);
	if (!pointer)
		pointer = text_member(first, "pointer");
	if (!detail)
		detail = text_member(first, "detail");
	return ts_why(why, error_of_code(text_member(problem, "code"), status),
		pointer && pointer[0] ? pointer : path, "%s%s%s", title ? title : "refused",
		detail ? ": " : "", detail ? detail : "");
}
