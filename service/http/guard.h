/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_GUARD_H
#define TS_SERVICE_GUARD_H
/* Why: libmicrohttpd 0.9.75 accepts what RFC 9112 says a server must refuse (two framings of one
 * message, duplicate lengths, spaces before a colon). The first handler call checks the message
 * before anything trusts it; a refusal closes the connection, so nothing smuggled behind is read.
 * What the library refuses before any call of ours it answers with a small HTML page and closes,
 * and it has no hook to change that: a head that does not fit its memory for the connection
 * (http.c; twice what is allowed here), a Content-Length that is no number or too large a one, a
 * malformed chunk, an HTTP version that it does not know. Every other refusal is problem+json. */
#include "base/err.h"
#include "base/text.h"
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#define TS_GUARD_TARGET_BYTES_MAX 8192
#define TS_GUARD_HEADERS_MAX 100
#define TS_GUARD_HEAD_BYTES_MAX 16384 /* names and values of all headers */

struct ts_guard_head {
	bool has_length;
	bool chunked;
	bool expects; /* Expect: 100-continue */
	int64_t length; /* Content-Length when has_length */
	struct ts_str authorization; /* at == NULL: absent; all borrow from the connection */
	struct ts_str idempotency_key;
	struct ts_str accept;
	struct ts_str content_type;
	struct ts_str content_encoding;
	struct ts_str if_none_match;
	struct ts_str request_id;
};
/* Request line: target is origin-form, printable ASCII, bounded, without %00; HTTP/1.0 or 1.1. */
enum ts_err ts_guard_target(struct ts_str target, struct ts_why *why) TS_MUST;
enum ts_err ts_guard_headers(struct MHD_Connection *connection, const char *version,
	struct ts_guard_head *out, struct ts_why *why) TS_MUST;
/* Pure parts, for tests. */
bool ts_guard_token(struct ts_str name); /* RFC 9110 token */
/* Quoted or bare, 1..255 visible ASCII bytes; *out is without the quotes. */
enum ts_err ts_guard_idempotency_key(
	struct ts_str value, struct ts_str *out, struct ts_why *why) TS_MUST;

#endif
