/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_IMPORTERS_FAKE_SERVICE_H
#define TS_TESTS_IMPORTERS_FAKE_SERVICE_H
/* Why: the agent is tested against a service that checks like the real one (the evidence room's own
 * checks, and the windows) and fails on command: it is slow, forgets to answer, answers with a
 * foreign receipt, or has lost its last appends. One thread, one connection at a time, unix socket.
 */
#include "evidence/append.h"
#include "evidence/statement.h"
#include "evidence/window.h"
#include "support/test.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FAKE_BODY_MAX (8u << 20)
#define FAKE_APPENDS_MAX 256

enum fake_fault {
	FAKE_NONE,
	FAKE_BUSY, /* 503 with Retry-After 0, once */
	FAKE_SILENT, /* stores, then closes without an answer, once */
	FAKE_FOREIGN, /* a receipt of another key, once */
	FAKE_REFUSE, /* 403 with a problem, for ever */
};
struct fake_service {
	char path[256];
	int listen_fd;
	pthread_t thread;
	_Atomic int fault;
	_Atomic int requests;
	struct ts_key agent;
	struct ts_secret receipt;
	struct ts_secret foreign;
	struct ts_hasher hasher;
	struct ts_region *region;
	struct ts_windows windows;
	int64_t size;
	struct ts_range ranges[FAKE_APPENDS_MAX]; /* after each append */
	size_t appends;
	struct ts_buf lines; /* everything stored */
	int voids; /* lines that a service would store as void */
	char void_reason[200];
};

static void fake_answer(int fd, int status, const char *type, const char *body, size_t len)
{
	char head[256];
	int n = snprintf(head, sizeof(head),
		"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sConnection: "
		"close\r\n"
		"\r\n",
		status, type, len, status == 503 ? "Retry-After: 0\r\n" : "");
	if (write(fd, head, (size_t)n) != n || write(fd, body, len) != (ssize_t)len)
		fprintf(stderr, "fake service: short write\n");
}

/* Reads one request; returns its body's place in buf, NULL when the peer went away. */
static char *fake_read(int fd, char *buf, size_t *body_len)
{
	size_t len = 0;
	size_t want = SIZE_MAX;
	char *body = NULL;
	while (len < FAKE_BODY_MAX && len < want) {
		ssize_t n = read(fd, buf + len, FAKE_BODY_MAX - len);
		if (n <= 0)
			return NULL;
		len += (size_t)n;
		buf[len] = '\0';
		char *end = body ? NULL : strstr(buf, "\r\n\r\n");
		if (!end)
			continue;
		body = end + 4;
		const char *length = strcasestr(buf, "\r\ncontent-length:");
		*body_len = length ? strtoul(length + 17, NULL, 10) : 0;
		want = (size_t)(body - buf) + *body_len;
	}
	return body;
}

static void fake_void(struct fake_service *s, const char *reason, struct ts_str line)
{
	if (s->voids++ == 0)
		snprintf(s->void_reason, sizeof(s->void_reason), "%s: %.*s", reason,
			(int)(line.len > 120 ? 120 : line.len), line.at);
}

static void fake_line(struct fake_service *s, const struct ts_append_line *line)
{
	struct ts_record record;
	const char *reason = "";
	if (ts_record_parse(line->bytes, &record, &reason) != TS_OK ||
		ts_record_place(&record, ts_str(s->agent.name), line->index, NULL, &reason) !=
			TS_OK) {
		fake_void(s, reason, line->bytes);
		return;
	}
	if (record.tag == TS_RECORD_USAGE &&
		ts_windows_add(&s->windows, line->index, &record.usage) != TS_OK)
		fake_void(s, "window overflow", line->bytes);
	if (record.tag == TS_RECORD_CLOSE &&
		ts_windows_close(&s->windows, line->index, &record.close, &reason) != TS_OK)
		fake_void(s, reason, line->bytes);
}

/* 0: no answer. */
static int fake_append(struct fake_service *s, struct ts_str body, struct ts_buf *out)
{
	struct ts_append append;
	struct ts_note_sig sig;
	struct ts_why why;
	struct ts_append_line line;
	char id[TS_STREAM_ID_CHARS + 1];
	ts_stream_id(ts_str(s->agent.name), id);
	if (ts_append_parse(body, &append, &why) != TS_OK)
		return 400;
	if (ts_append_authenticate(&append, &s->agent, ts_str(id), &sig, &why) != TS_OK)
		return 403;
	struct ts_append_state state = {.size = s->size};
	for (size_t i = 0; i < s->appends; i++)
		if (s->ranges[i].size == append.new_size) {
			state.ended_at_new = true;
			ts_range_root(&s->hasher, &s->ranges[i], &state.root_at_new);
		}
	enum ts_append_step step = TS_APPEND_STORE;
	enum ts_err err = ts_append_decide(&append, &state, &step, &why);
	if (err == TS_E_STALE) {
		ts_buf_printf(out, "%lld\n", (long long)s->size);
		return 409;
	}
	if (err != TS_OK)
		return 422;
	if (step == TS_APPEND_STORE) {
		struct ts_range range;
		struct ts_append_walk walk;
		ts_range_init(&range);
		if (s->appends)
			range = s->ranges[s->appends - 1];
		ts_append_walk_init(&walk, &s->hasher, &append, &range);
		while (ts_append_walk_next(&walk, &line))
			fake_line(s, &line);
		if (ts_append_walk_finish(&walk, &append, &why) != TS_OK ||
			s->appends == FAKE_APPENDS_MAX)
			return 422;
		s->ranges[s->appends++] = walk.range;
		s->size = walk.range.size;
		ts_buf_put(&s->lines, append.lines.at, append.lines.len);
	}
	int expected = FAKE_FOREIGN;
	bool foreign = atomic_compare_exchange_strong(&s->fault, &expected, FAKE_NONE);
	if (ts_append_receipt(foreign ? &s->foreign : &s->receipt, &append, 1780000000, out) !=
		TS_OK)
		return 500;
	expected = FAKE_SILENT;
	return atomic_compare_exchange_strong(&s->fault, &expected, FAKE_NONE) ? 0 : 200;
}

static void fake_serve(struct fake_service *s, int fd, char *buf)
{
	static const char problem[] = "{\"type\":\"about:blank\",\"title\":\"no valid signature\","
				      "\"status\":403,\"code\":\"bad_signature\",\"detail\":\"key "
				      "revoked\",\"pointer\":\"/key\"}";
	struct ts_buf out;
	size_t len = 0;
	char *body = fake_read(fd, buf, &len);
	if (!body)
		return;
	s->requests++;
	int expected = FAKE_BUSY;
	if (atomic_compare_exchange_strong(&s->fault, &expected, FAKE_NONE)) {
		fake_answer(fd, 503, "text/plain", "", 0);
		return;
	}
	if (s->fault == FAKE_REFUSE) {
		fake_answer(fd, 403, "application/problem+json", problem, sizeof(problem) - 1);
		return;
	}
	ts_buf_init(&out, 65536);
	int status = fake_append(s, (struct ts_str){body, len}, &out);
	if (status)
		fake_answer(fd, status, status == 409 ? "text/x.tlog.size" : "text/plain",
			ts_buf_str(&out), out.len);
	ts_buf_free(&out);
}

static void *fake_main(void *ctx)
{
	struct fake_service *s = ctx;
	char *buf = malloc(FAKE_BODY_MAX + 1);
	for (int fd; buf && (fd = accept(s->listen_fd, NULL, NULL)) >= 0; close(fd))
		fake_serve(s, fd, buf);
	free(buf);
	return NULL;
}

static inline struct fake_service *fake_start(
	const char *dir, const struct ts_key_statement *statement, const struct ts_secret *receipt)
{
	struct fake_service *s = calloc(1, sizeof(*s));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static const uint8_t seed[32] = {99};
	TS_ASSERT(s != NULL);
	snprintf(s->path, sizeof(s->path), "unix:%s/sock", dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s/sock", dir);
	s->agent = statement->key;
	s->receipt = *receipt;
	assert_ok(ts_secret_make(TS_STR("evil/receipts"), TS_KEY_COSIGNATURE, seed, &s->foreign));
	assert_ok(ts_hasher_init(&s->hasher));
	s->region = ts_region_create(64u << 20);
	ts_windows_init(&s->windows, s->region, statement->active_from_ms, statement->window_ms);
	ts_buf_init(&s->lines, 64u << 20);
	s->listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(s->listen_fd, 8), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, fake_main, s), 0);
	return s;
}

/* Stops accepting; what was stored can be looked at afterwards. */
static inline void fake_stop(struct fake_service *s)
{
	shutdown(s->listen_fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listen_fd);
}

static inline void fake_free(struct fake_service *s)
{
	ts_hasher_free(&s->hasher);
	ts_region_free(s->region);
	ts_buf_free(&s->lines);
	free(s);
}

#endif
