/* SPDX-License-Identifier: Apache-2.0 */
/* The signer's side of the socket: a few connections, one line at a time, whole answers. */
#include "service/key/signer.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define SEND_WAIT_S 5 /* who does not take an answer is hung up on */

struct connection {
	int fd; /* -1: free */
	size_t len;
	char line[TS_SIGNING_LINE_MAX];
};
struct serving {
	struct ts_signer *signer;
	struct connection connections[TS_SIGNER_CONNECTIONS_MAX];
};

static void hang_up(struct connection *c)
{
	(void)close(c->fd);
	c->fd = -1;
	c->len = 0;
}

static void take(struct serving *s, int fd)
{
	const struct timeval wait = {SEND_WAIT_S, 0};
	size_t i = 0;
	while (i < TS_SIGNER_CONNECTIONS_MAX && s->connections[i].fd >= 0)
		i++;
	if (i == TS_SIGNER_CONNECTIONS_MAX ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0) {
		(void)close(fd);
		return;
	}
	s->connections[i].fd = fd;
	s->connections[i].len = 0;
}

bool ts_signer_send(int fd, const struct ts_buf *out)
{
	size_t done = 0;
	while (done < out->len) {
		ssize_t n = send(fd, out->data + done, out->len - done, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* False: to be hung up on. */
static bool answer_lines(struct serving *s, struct connection *c)
{
	struct ts_str rest = {c->line, c->len}, line;
	struct ts_buf out;
	bool ok = true;
	ts_buf_init(&out, TS_SIGNING_LINE_MAX);
	while (ok && ts_str_line(&rest, &line)) {
		ts_buf_reset(&out);
		ok = ts_signer_answer(s->signer, line, &out, NULL) == TS_OK &&
		     ts_signer_send(c->fd, &out);
	}
	ts_buf_free(&out);
	memmove(c->line, rest.at, rest.len);
	c->len = rest.len;
	return ok && c->len < sizeof c->line; /* a full buffer without an end of line */
}

static void readable(struct serving *s, struct connection *c)
{
	ssize_t n = recv(c->fd, c->line + c->len, sizeof c->line - c->len, MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		c->len += (size_t)n;
	if (n <= 0 || !answer_lines(s, c))
		hang_up(c);
}

static size_t poll_set(struct serving *s, int listener, struct pollfd *set)
{
	size_t n = 0;
	if (listener >= 0)
		set[n++] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (size_t i = 0; i < TS_SIGNER_CONNECTIONS_MAX; i++)
		if (s->connections[i].fd >= 0)
			set[n++] = (struct pollfd){.fd = s->connections[i].fd, .events = POLLIN};
	return n;
}

static void ready(struct serving *s, int listener, const struct pollfd *set, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		if (set[k].revents == 0)
			continue;
		if (set[k].fd == listener) {
			int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			if (fd >= 0)
				take(s, fd);
			continue;
		}
		for (size_t i = 0; i < TS_SIGNER_CONNECTIONS_MAX; i++)
			if (s->connections[i].fd == set[k].fd) {
				readable(s, &s->connections[i]);
				break;
			}
	}
}

enum ts_err ts_signer_serve(struct ts_signer *signer, int fd, int listener, struct ts_why *why)
{
	struct pollfd set[TS_SIGNER_CONNECTIONS_MAX + 1];
	struct serving *s = calloc(1, sizeof *s);
	enum ts_err err = TS_OK;
	if (s == NULL)
		return TS_E_NO_MEMORY;
	s->signer = signer;
	for (size_t i = 0; i < TS_SIGNER_CONNECTIONS_MAX; i++)
		s->connections[i].fd = -1;
	if (fd >= 0)
		take(s, fd);
	for (;;) {
		size_t n = poll_set(s, listener, set);
		if (n == 0)
			break;
		if (poll(set, (nfds_t)n, -1) >= 0) {
			ready(s, listener, set, n);
		} else if (errno != EINTR) {
			err = ts_why(why, TS_E_IO, "signer", "poll: %s", strerror(errno));
			break;
		}
	}
	for (size_t i = 0; i < TS_SIGNER_CONNECTIONS_MAX; i++)
		if (s->connections[i].fd >= 0)
			hang_up(&s->connections[i]);
	if (listener >= 0)
		(void)close(listener);
	free(s);
	return err;
}
