/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_PROBLEM_H
#define TS_SERVICE_PROBLEM_H
/* Why: every error answer is RFC 9457 problem+json with a stable code from err.def:
 * {"type":"about:blank","title","status","detail","instance","code","request_id","errors":[...]}.
 */
#include "base/buf.h"
#include "base/err.h"

#define TS_PROBLEM_TYPE "application/problem+json"
#define TS_PROBLEM_BYTES_MAX 8192

/* Appends the document. why may be NULL. instance is the path (escaped here); internal errors
 * (status 500) do not show why->text, which goes to the log only. */
void ts_problem_write(struct ts_buf *out, enum ts_err err, const struct ts_why *why,
	const char *instance, size_t instance_len, const char *request_id);
/* Appends text as a JSON string with quotes; bytes that are not UTF-8 become U+FFFD. */
void ts_problem_string(struct ts_buf *out, const char *text, size_t len);

#endif
