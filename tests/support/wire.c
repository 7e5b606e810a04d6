/* SPDX-License-Identifier: Apache-2.0 */
#include "support/wire.h"

#include "support/test.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec ts;
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	return (int64_t)ts.tv_sec * 1000 + (int64_t)ts.tv_nsec / 1000000;
}

int ts_wire_connect(uint16_t port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
	} addr = {.in = {.sin_family = AF_INET, .sin_port = htons(port)}};
	addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &addr.any, sizeof(addr.in)), 0);
	return fd;
}

void ts_wire_send(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

void ts_wire_puts(int fd, const char *text)
{
	ts_wire_send(fd, text, strlen(text));
}

/* Bytes read, 0 at the end or a reset, -1 on timeout. */
static ssize_t read_some(int fd, char *out, size_t len, int64_t until_ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	int64_t left = until_ms - now_ms();
	if (poll(&pfd, 1, left > 0 ? (int)left : 0) != 1)
		return -1;
	ssize_t n = recv(fd, out, len, 0);
	return n > 0 ? n : 0;
}

const char *ts_wire_header(const struct ts_wire_reply *reply, const char *name, char out[256])
{
	size_t len = strlen(name);
	out[0] = '\0';
	for (const char *line = reply->head; line != NULL;) {
		if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
			const char *value = line + len + 1;
			value += strspn(value, " ");
			(void)snprintf(out, 256, "%.*s", (int)strcspn(value, "\r\n"), value);
			return out;
		}
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return out;
}

void ts_wire_read(int fd, int64_t wait_ms, bool head_only, struct ts_wire_reply *out)
{
	int64_t until_ms = now_ms() + wait_ms;
	size_t len = 0;
	memset(out, 0, sizeof(*out));
	out->body = calloc(1, 1);
	assert_non_null(out->body);
	while (strstr(out->head, "\r\n\r\n") == NULL) { /* byte by byte: what follows is not ours */
		if (len + 1 >= sizeof(out->head) ||
			read_some(fd, out->head + len, 1, until_ms) <= 0)
			return;
		len++;
	}
	char value[256];
	long want = strtol(ts_wire_header(out, "Content-Length", value), NULL, 10);
	bool to_end = value[0] == '\0';
	assert_true(want >= 0 && want < (long)TS_WIRE_BYTES_MAX);
	size_t cap = to_end ? TS_WIRE_BYTES_MAX : (size_t)want;
	if (head_only)
		cap = 0;
	free(out->body);
	out->body = calloc(1, cap + 1);
	assert_non_null(out->body);
	while (out->body_len < cap) {
		ssize_t n = read_some(fd, out->body + out->body_len, cap - out->body_len, until_ms);
		if (n <= 0)
			break;
		out->body_len += (size_t)n;
	}
	const char *status = strchr(out->head, ' ');
	if (status != NULL && strncmp(out->head, "HTTP/1.", 7) == 0)
		out->status = (int)strtol(status, NULL, 10);
}

void ts_wire_reply_free(struct ts_wire_reply *reply)
{
	free(reply->body);
	reply->body = NULL;
}

bool ts_wire_ended(int fd, int64_t wait_ms)
{
	int64_t until_ms = now_ms() + wait_ms;
	char dropped[4096];
	ssize_t n = 1;
	while (n > 0)
		n = read_some(fd, dropped, sizeof(dropped), until_ms);
	return n == 0;
}

void ts_wire_ask(uint16_t port, const char *text, struct ts_wire_reply *out)
{
	int fd = ts_wire_connect(port);
	ts_wire_puts(fd, text);
	ts_wire_read(fd, 5000, strncmp(text, "HEAD ", 5) == 0, out);
	out->closed = ts_wire_ended(fd, 20);
	(void)close(fd);
}
