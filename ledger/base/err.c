/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct err_row {
	const char *code;
	const char *text;
	int http;
};

static const struct err_row rows[] = {
#define X(name, code, http, text) [TS_##name] = {code, text, http},
#include "base/err.def"
#undef X
};

static const struct err_row *row_of(enum ts_err err)
{
	size_t i = (size_t)err;
	return i < sizeof rows / sizeof rows[0] ? &rows[i] : &rows[TS_E_INTERNAL];
}

const char *ts_err_code(enum ts_err err)
{
	return row_of(err)->code;
}

const char *ts_err_text(enum ts_err err)
{
	return row_of(err)->text;
}

int ts_err_http(enum ts_err err)
{
	return row_of(err)->http;
}

enum ts_err ts_why(struct ts_why *why, enum ts_err err, const char *where, const char *fmt, ...)
{
	if (!why)
		return err;
	/* The texts may quote why itself (a caller that adds context), hence the copy. */
	struct ts_why next = {0};
	va_list args;
	va_start(args, fmt);
	if (vsnprintf(next.text, sizeof next.text, fmt, args) < 0)
		next.text[0] = '\0';
	va_end(args);
	if (snprintf(next.where, sizeof next.where, "%s", where ? where : "") < 0)
		next.where[0] = '\0';
	*why = next;
	return err;
}

/* The one place of the pure rooms that writes anything: there is no caller left to tell. */
_Noreturn void ts_assert_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, cond);
	abort();
}
