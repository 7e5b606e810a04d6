/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SUPPORT_WIRE_H
#define TS_SUPPORT_WIRE_H
/* Why: an HTTP client that can say wrong things: raw bytes over a loopback socket, with a time
 * limit on every read. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TS_WIRE_BYTES_MAX (8u << 20)

struct ts_wire_reply {
	int status; /* 0: the connection ended (or nothing came) before an answer */
	bool closed; /* the server closed after the answer */
	char head[8192]; /* status line and headers, NUL terminated */
	char *body; /* heap, NUL terminated; ts_wire_reply_free */
	size_t body_len;
};

int ts_wire_connect(uint16_t port); /* asserts that it works */
void ts_wire_send(int fd, const void *bytes, size_t len); /* stops quietly when the peer closed */
void ts_wire_puts(int fd, const char *text);
/* One answer: by Content-Length, or to the end. head_only: for HEAD. */
void ts_wire_read(int fd, int64_t wait_ms, bool head_only, struct ts_wire_reply *out);
void ts_wire_reply_free(struct ts_wire_reply *reply);
/* True when the peer closes within wait_ms (bytes that come meanwhile are dropped). */
bool ts_wire_ended(int fd, int64_t wait_ms);
/* The value of a header (case-insensitive) into out, "" when absent. */
const char *ts_wire_header(const struct ts_wire_reply *reply, const char *name, char out[256]);
/* Connect, send, read one answer, look whether the server closes, close. */
void ts_wire_ask(uint16_t port, const char *text, struct ts_wire_reply *out);

#endif
