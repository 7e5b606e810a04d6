/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_SEND_H
#define TS_IMPORTERS_SEND_H
/* Why: one HTTP client for the agent and for the commands: bounded answer, timeouts, no redirects,
 * no cookies, TLS verified. It reports what came back and judges nothing: whether a 409 is good
 * news is the caller's business. Not thread safe. */
#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdio.h>

#define TS_SEND_TRIES_MAX                                                                          \
	6 /* 0.2, 0.4, 0.8, 1.6, 3.2 s between tries unless Retry-After says so                    \
	   */
#define TS_SEND_RETRY_AFTER_S_MAX 30
#define TS_SEND_TIMEOUT_S 60
#define TS_SEND_STILL_S 660 /* without a byte, when the answer goes to a file */

struct ts_send;

/* base: http://host:port, https://host or unix:/path/of/socket; token NULL or "": no
 * Authorization. Copies both; *out is the caller's (ts_send_free). TS_E_INVALID for another
 * scheme. */
enum ts_err ts_send_create(
	const char *base, const char *token, struct ts_send **out, struct ts_why *why) TS_MUST;
void ts_send_free(struct ts_send *send); /* NULL is allowed */
const char *ts_send_base(const struct ts_send *send); /* borrowed */

struct ts_send_call {
	const char *method;
	const char *path; /* begins with "/" */
	const char *content_type; /* NULL: none */
	const char *accept; /* NULL: any */
	const char *idempotency_key; /* NULL: none; sent quoted */
	const void *body; /* NULL: none; borrowed */
	size_t body_len;
	int timeout_s; /* of one try; 0: TS_SEND_TIMEOUT_S */
	/* NULL, or where the body of a 2xx goes (from its start at every try) instead of into *out:
	 * an answer of any size, without a limit on the whole time */
	FILE *file;
	int64_t file_bytes_max; /* TS_E_LIMIT over it; 0: no limit */
	/* NULL, or whether whoever waits has to go: asked before each try, and about once a second
	 * while the host says nothing. Then TS_E_UNKNOWN_OUTCOME, and no other try. */
	bool (*stopping)(void *arg);
	void *stopping_arg;
	bool repeatable; /* tried again on no answer, 429, 502, 503, 504 (TS_SEND_TRIES_MAX in all)
			  */
};

struct ts_send_reply {
	long status; /* 0: no answer */
	long retry_after_s; /* -1: none stated */
	int tries;
	int64_t date_s; /* the host's clock, by its Date header; 0: none */
	char content_type[96]; /* lower case, without parameters */
};

/* Does the call. TS_OK: an answer of any status came; its body is in *out (reset first; its
 * len_max bounds it: TS_E_LIMIT). TS_E_UNAVAILABLE: the host was never reached.
 * TS_E_UNKNOWN_OUTCOME: the request may have arrived, but no whole answer came. TS_E_IO: the file.
 */
enum ts_err ts_send_call(struct ts_send *send, const struct ts_send_call *call, struct ts_buf *out,
	struct ts_send_reply *reply, struct ts_why *why) TS_MUST;

/* The error that an answer with a bad status means: the code of its problem+json body, else one by
 * status. why->text = "<title>: <detail>", why->where = the problem's pointer, else the path. */
enum ts_err ts_send_problem(
	const struct ts_buf *body, long status, const char *path, struct ts_why *why) TS_MUST;

#endif
