/* SPDX-License-Identifier: Apache-2.0 */
/* What libmicrohttpd lets through and the guard must not: framing that can be read in two ways, and
 * clients that are slow on purpose. Each probe that could smuggle carries a second request to
 * /t/hit, whose counter tells. */
#include "frame.h"

#define H "Host: x\r\n"
#define SMUGGLED "GET /t/hit HTTP/1.1\r\n" H "\r\n"

static const struct {
	const char *name;
	const char *bytes;
	int status; /* expected; 0: closed without an answer */
	int hits; /* of /t/hit */
} probes[] = {
	{"plain", "GET /t/hit HTTP/1.1\r\n" H "\r\n", 200, 1},
	{"length and chunked",
		"POST /t/hit HTTP/1.1\r\n" H
		"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n" SMUGGLED,
		400, 0},
	{"chunked and length",
		"POST /t/hit HTTP/1.1\r\n" H
		"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
		"0\r\n\r\n" SMUGGLED,
		400, 0},
	{"two lengths",
		"POST /t/hit HTTP/1.1\r\n" H
		"Content-Length: 0\r\nContent-Length: 40\r\n\r\n" SMUGGLED,
		400, 0},
	{"two equal lengths",
		"POST /t/hit HTTP/1.1\r\n" H
		"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab" SMUGGLED,
		400, 0},
	{"xchunked",
		"POST /t/hit HTTP/1.1\r\n" H
		"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SMUGGLED,
		400, 0},
	{"gzip, chunked",
		"POST /t/hit HTTP/1.1\r\n" H
		"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
		400, 0},
	{"two encodings",
		"POST /t/hit HTTP/1.1\r\n" H
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"
		"\r\n0\r\n\r\n" SMUGGLED,
		400, 0},
	{"chunked in 1.0",
		"POST /t/hit HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
		400, 0},
	{"no host", "GET /t/hit HTTP/1.1\r\n\r\n" SMUGGLED, 400, 0},
	{"two hosts", "GET /t/hit HTTP/1.1\r\n" H H "\r\n" SMUGGLED, 400, 0},
	{"host with user", "GET /t/hit HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, 0},
	{"space before colon", "POST /t/hit HTTP/1.1\r\n" H "Content-Length : 5\r\n\r\n" SMUGGLED,
		400, 0},
	{"header name with bracket", "GET /t/hit HTTP/1.1\r\n" H "X(y): 1\r\n\r\n", 400, 0},
	{"header value with control",
		"GET /t/hit HTTP/1.1\r\n" H "X: a\x01"
		"b\r\n\r\n",
		400, 0},
	{"absolute form", "GET http://x/t/hit HTTP/1.1\r\n" H "\r\n", 400, 0},
	{"asterisk", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 400, 0},
	{"%00", "GET /t/hit%00x HTTP/1.1\r\n" H "\r\n", 400, 0},
	{"%2f", "GET /t%2fhit HTTP/1.1\r\n" H "\r\n", 400, 0},
	{"bad escape", "GET /t/hit%zz HTTP/1.1\r\n" H "\r\n", 400, 0},
	{"dot segments", "GET /t/echo/.. HTTP/1.1\r\n" H "\r\n", 404, 0},
	{"two slashes", "GET //t/hit HTTP/1.1\r\n" H "\r\n", 404, 0},
	{"lower-case method", "get /t/hit HTTP/1.1\r\n" H "\r\n", 405, 0},
	{"unknown method", "BREW /t/hit HTTP/1.1\r\n" H "\r\n", 405, 0},
	{"get with body", "GET /t/hit HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nabcde", 413, 0},
	{"get with smuggled chunked body",
		"GET /t/hit HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
		413, 0},
	{"get with both framings",
		"GET /t/hit HTTP/1.1\r\n" H
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n" SMUGGLED,
		400, 0},
	{"unknown expectation",
		"POST /t/hit HTTP/1.1\r\n" H "Expect: tea\r\nContent-Length: 2\r\n\r\nab", 400, 0},
	{"two authorizations",
		"GET /t/hit HTTP/1.1\r\n" H "Authorization: a\r\nAuthorization: b\r\n\r\n", 400, 0},
	{"coded body",
		"POST /t/hit HTTP/1.1\r\n" H
		"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
		415, 0},
	{"body coded twice",
		"POST /t/hit HTTP/1.1\r\n" H
		"Content-Encoding: identity, zstd\r\nContent-Length: 3\r\n\r\nabc",
		415, 0},
	{"two codings",
		"POST /t/hit HTTP/1.1\r\n" H "Content-Encoding: identity\r\nContent-Encoding: "
		"identity\r\nContent-Length: 3\r\n\r\nabc",
		400, 0},
	{"coding identity",
		"POST /t/hit HTTP/1.1\r\n" H
		"Content-Encoding: Identity\r\nContent-Length: 3\r\n\r\nabc",
		200, 1},
	{"chunked body",
		"POST /t/hit HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
		200, 1},
	{"second request after a drained refusal",
		"POST /t/json HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc" SMUGGLED, 415, 1},
};

static int setup(void **state)
{
	static struct frame f;
	frame_init(&f);
	frame_start(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	frame_stop(*state);
	return 0;
}

static void test_probes(void **state)
{
	struct frame *f = *state;
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		struct ts_wire_reply reply;
		atomic_store(&f->hits, 0);
		ts_wire_ask(f->port, probes[i].bytes, &reply);
		int hits = atomic_load(&f->hits);
		if (reply.status != probes[i].status || hits != probes[i].hits)
			fail_msg("%s: status %d, expected %d; %d hits, expected %d", probes[i].name,
				reply.status, probes[i].status, hits, probes[i].hits);
		ts_wire_reply_free(&reply);
	}
}

static void test_nul_in_head(void **state)
{
	struct frame *f = *state;
	static const char bytes[] = "GET /t/hit HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n";
	struct ts_wire_reply reply;
	int fd = ts_wire_connect(f->port);
	ts_wire_send(fd, bytes, sizeof(bytes) - 1);
	ts_wire_read(fd, 2000, false, &reply);
	assert_true(reply.status == 400 || reply.status == 200 || reply.status == 0);
	ts_wire_reply_free(&reply);
	(void)close(fd);
}

static void test_pipelined(void **state)
{
	struct frame *f = *state;
	int fd = ts_wire_connect(f->port);
	atomic_store(&f->hits, 0);
	for (int i = 0; i < 5; i++)
		ts_wire_puts(fd, "POST /t/hit HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc");
	for (int i = 0; i < 5; i++) {
		struct ts_wire_reply reply;
		ts_wire_read(fd, 5000, false, &reply);
		assert_int_equal(reply.status, 200);
		assert_string_equal(reply.body, "{\"body\":3,\"principal\":\"\"}");
		ts_wire_reply_free(&reply);
	}
	assert_int_equal(atomic_load(&f->hits), 5);
	(void)close(fd);
}

static void test_body_limits(void **state)
{
	struct frame *f = *state;
	struct ts_wire_reply reply;
	char value[256];
	atomic_store(&f->hits, 0);
	/* by Content-Length: refused before a byte of it is sent */
	ts_wire_ask(f->port, "POST /t/hit HTTP/1.1\r\n" H "Content-Length: 100001\r\n\r\n", &reply);
	assert_int_equal(reply.status, 413);
	assert_non_null(strstr(reply.body, "\"code\":\"payload_too_large\""));
	assert_true(reply.closed);
	ts_wire_reply_free(&reply);
	/* by counting: chunked says nothing in advance */
	static char chunk[50000];
	memset(chunk, 'x', sizeof(chunk));
	int fd = ts_wire_connect(f->port);
	ts_wire_puts(fd, "POST /t/hit HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 3; i++) {
		ts_wire_puts(fd, "c350\r\n");
		ts_wire_send(fd, chunk, sizeof(chunk));
		ts_wire_puts(fd, "\r\n");
	}
	ts_wire_puts(fd, "0\r\n\r\n");
	ts_wire_read(fd, 5000, false, &reply);
	assert_int_equal(reply.status, 413);
	assert_string_equal(ts_wire_header(&reply, "Connection", value), "close");
	ts_wire_reply_free(&reply);
	(void)close(fd);
	/* without end: cut */
	fd = ts_wire_connect(f->port);
	ts_wire_puts(fd, "POST /t/hit HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 20; i++) {
		ts_wire_puts(fd, "c350\r\n");
		ts_wire_send(fd, chunk, sizeof(chunk));
		ts_wire_puts(fd, "\r\n");
	}
	assert_true(ts_wire_ended(fd, 5000));
	(void)close(fd);
	assert_int_equal(atomic_load(&f->hits), 0);
	/* exactly the limit */
	fd = ts_wire_connect(f->port);
	ts_wire_puts(fd, "POST /t/hit HTTP/1.1\r\n" H "Content-Length: 100000\r\n\r\n");
	ts_wire_send(fd, chunk, sizeof(chunk));
	ts_wire_send(fd, chunk, sizeof(chunk));
	ts_wire_read(fd, 5000, false, &reply);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.body, "{\"body\":100000,\"principal\":\"\"}");
	ts_wire_reply_free(&reply);
	(void)close(fd);
}

static int ask_status(struct frame *f, struct ts_buf *request)
{
	struct ts_wire_reply reply;
	ts_wire_ask(f->port, ts_buf_str(request), &reply);
	int status = reply.status;
	ts_wire_reply_free(&reply);
	ts_buf_reset(request);
	return status;
}

static void put_many(struct ts_buf *out, char c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ts_buf_putc(out, c);
}

static void test_head_limits(void **state)
{
	struct frame *f = *state;
	struct ts_buf request;
	ts_buf_init(&request, 65536);
	/* a long target */
	ts_buf_puts(&request, "GET /t/echo/");
	put_many(&request, 'a', 10000);
	ts_buf_puts(&request, " HTTP/1.1\r\n" H "\r\n");
	assert_int_equal(ask_status(f, &request), 414);
	/* many headers */
	ts_buf_puts(&request, "GET /t/hit HTTP/1.1\r\n" H);
	for (int i = 0; i < 150; i++)
		ts_buf_printf(&request, "X-%d: y\r\n", i);
	ts_buf_puts(&request, "\r\n");
	assert_int_equal(ask_status(f, &request), 431);
	/* headers up to the limit; beyond it; beyond what the library reads */
	static const struct {
		size_t bytes;
		int status;
	} heads[] = {{16000, 200}, {17000, 431}, {24000, 431}};
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		struct ts_wire_reply reply;
		char type[256];
		ts_buf_puts(&request, "GET /t/hit HTTP/1.1\r\n" H "X: ");
		put_many(&request, 'y', heads[i].bytes);
		ts_buf_puts(&request, "\r\n\r\n");
		ts_wire_ask(f->port, ts_buf_str(&request), &reply);
		assert_int_equal(reply.status, heads[i].status);
		if (heads[i].status == 431) {
			assert_string_equal(ts_wire_header(&reply, "Content-Type", type),
				"application/problem+json");
			assert_non_null(strstr(reply.body, "headers_too_large"));
		}
		ts_wire_reply_free(&reply);
		ts_buf_reset(&request);
	}
	ts_buf_puts(&request, "GET /t/hit HTTP/1.1\r\n" H "X: ");
	put_many(&request, 'y', 40000);
	ts_buf_puts(&request, "\r\n\r\n");
	int status = ask_status(f, &request);
	assert_true(status == 431 || status == 413);
	ts_buf_free(&request);
}

/* What the library refuses by itself (guard.h): no handler runs, nothing behind it is read. */
static void test_refused_by_the_library(void **state)
{
	struct frame *f = *state;
	static const struct {
		const char *name, *bytes;
		int status;
	} cases[] = {
		{"length is a word",
			"POST /t/hit HTTP/1.1\r\n" H "Content-Length: abc\r\n\r\n" SMUGGLED, 400},
		{"length is negative",
			"POST /t/hit HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n" SMUGGLED, 400},
		{"length has a sign",
			"POST /t/hit HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n" SMUGGLED, 400},
		{"length of 30 digits",
			"POST /t/hit HTTP/1.1\r\n" H
			"Content-Length: 999999999999999999999999999999\r\n\r\n" SMUGGLED,
			413},
		{"chunk size is a word",
			"POST /t/hit HTTP/1.1\r\n" H
			"Transfer-Encoding: chunked\r\n\r\nzz\r\n" SMUGGLED,
			400},
		{"HTTP version", "GET /t/hit HTTP/9.9\r\n" H "\r\n" SMUGGLED, 505},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ts_wire_reply reply;
		atomic_store(&f->hits, 0);
		ts_wire_ask(f->port, cases[i].bytes, &reply);
		if (reply.status != cases[i].status || !reply.closed || atomic_load(&f->hits) != 0)
			fail_msg("%s: status %d, expected %d; %s", cases[i].name, reply.status,
				cases[i].status, reply.closed ? "closed" : "open");
		ts_wire_reply_free(&reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_nul_in_head),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_body_limits),
		cmocka_unit_test(test_head_limits),
		cmocka_unit_test(test_refused_by_the_library),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
