/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/problem.h"

#include "base/text.h"
#include <string.h>

#define INSTANCE_BYTES_MAX 512

void ts_problem_string(struct ts_buf *out, const char *text, size_t len)
{
	bool utf8 = ts_text_utf8((struct ts_str){text, len});
	ts_buf_putc(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '"' || c == '\\')
			ts_buf_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			ts_buf_printf(out, "\\u%04x", c);
		else if (c >= 0x80 && !utf8)
			ts_buf_puts(out, "\xef\xbf\xbd");
		else
			ts_buf_putc(out, (char)c);
	}
	ts_buf_putc(out, '"');
}

static void member(struct ts_buf *out, const char *name, const char *text)
{
	ts_buf_printf(out, ",\"%s\":", name);
	ts_problem_string(out, text, strlen(text));
}

void ts_problem_write(struct ts_buf *out, enum ts_err err, const struct ts_why *why,
	const char *instance, size_t instance_len, const char *request_id)
{
	TS_ASSERT(err != TS_OK);
	int status = ts_err_http(err);
	bool show = why != NULL && status != 500;
	ts_buf_puts(out, "{\"type\":\"about:blank\"");
	member(out, "title", ts_err_text(err));
	ts_buf_printf(out, ",\"status\":%d", status);
	if (show && why->text[0] != '\0')
		member(out, "detail", why->text);
	ts_buf_puts(out, ",\"instance\":");
	ts_problem_string(out, instance,
		instance_len < INSTANCE_BYTES_MAX ? instance_len : INSTANCE_BYTES_MAX);
	member(out, "code", ts_err_code(err));
	member(out, "request_id", request_id);
	if (show && (why->where[0] != '\0')) {
		ts_buf_puts(out, ",\"errors\":[{\"pointer\":");
		ts_problem_string(out, why->where, strlen(why->where));
		member(out, "detail", why->text);
		ts_buf_puts(out, "}]");
	}
	ts_buf_puts(out, "}\n");
}
