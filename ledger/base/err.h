/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_ERR_H
#define TS_BASE_ERR_H
/* Why: one registry of error codes for every room, so that a status is never mixed with a count
 * and the same failure has the same name in C, in problem+json and in the CLI. */

#define TS_MUST __attribute__((warn_unused_result))
#define TS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum ts_err {
#define X(name, code, http, text) TS_##name,
#include "base/err.def"
#undef X
};

/* The reason for an error, filled by whoever finds it. `where` is a JSON pointer, a file:line or a
 * field name; `text` is lower case, factual and quotes the value and the rule. */
struct ts_why {
	char where[192];
	char text[512];
};

const char *ts_err_code(enum ts_err err);
const char *ts_err_text(enum ts_err err);
int ts_err_http(enum ts_err err);

/* Fills *why (NULL is allowed) and returns err, so that `return ts_why(...)` reads well. */
enum ts_err ts_why(struct ts_why *why, enum ts_err err, const char *where, const char *fmt, ...)
	TS_PRINTF(4, 5);

/* Evaluates an expression of type enum ts_err and returns it from the caller unless TS_OK. */
#define TS_TRY(expr)                                                                               \
	do {                                                                                       \
		enum ts_err ts_try_err = (expr);                                                   \
		if (ts_try_err != TS_OK)                                                           \
			return ts_try_err;                                                         \
	} while (0)

/* Assertion for our own bugs, never for input; stays on in release and aborts. */
#define TS_ASSERT(cond) ((cond) ? (void)0 : ts_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void ts_assert_failed(const char *cond, const char *file, int line);

#endif
