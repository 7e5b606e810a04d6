/* SPDX-License-Identifier: Apache-2.0 */
/* The table is the dispatcher and the document: each row is in the document and the reverse; what a
 * row declares (methods, parameters, roles, keys, media types) is what a client meets. */
#include "document.h"
#include "frame.h"

#include "service/http/problem.h"
#include "base/json.h"

#define H "Host: x\r\n"

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

static void ask(struct frame *f, const char *line, const char *headers, struct ts_wire_reply *out)
{
	char request[2048];
	(void)snprintf(request, sizeof(request), "%s HTTP/1.1\r\n" H "%s\r\n", line, headers);
	ts_wire_ask(f->port, request, out);
}

static void expect(
	struct frame *f, const char *line, const char *headers, int status, const char *part)
{
	struct ts_wire_reply reply;
	ask(f, line, headers, &reply);
	if (reply.status != status || strstr(reply.body, part) == NULL)
		fail_msg("%s: %d %s, expected %d with %s", line, reply.status, reply.body, status,
			part);
	ts_wire_reply_free(&reply);
}

static void test_openapi(void **state)
{
	struct frame *f = *state;
	struct ts_wire_reply reply;
	json_t *doc = NULL;
	ask(f, "GET /openapi.json", "", &reply);
	assert_int_equal(reply.status, 200);
	assert_ok(ts_json_parse(reply.body, reply.body_len, &doc, NULL));
	assert_string_equal(json_string_value(json_object_get(doc, "openapi")), "3.1.0");
	const json_t *paths = json_object_get(doc, "paths");
	assert_int_equal(count_rows(frame_tables, paths), count_operations(paths));
	json_decref(doc);
	ts_wire_reply_free(&reply);
}

static void test_methods(void **state)
{
	struct frame *f = *state;
	struct ts_wire_reply reply;
	char value[256];
	ask(f, "DELETE /t/hit", "", &reply);
	assert_int_equal(reply.status, 405);
	assert_string_equal(ts_wire_header(&reply, "Allow", value), "GET, HEAD, POST");
	ts_wire_reply_free(&reply);
	expect(f, "GET /t/hit/", "", 404, "\"code\":\"not_found\"");
	expect(f, "GET /t", "", 404, "not_found");
	expect(f, "GET /", "", 404, "not_found");
	ask(f, "HEAD /t/hit", "", &reply);
	assert_int_equal(reply.status, 200);
	assert_string_equal(ts_wire_header(&reply, "Content-Length", value), "25");
	assert_true(reply.closed == false);
	ts_wire_reply_free(&reply);
}

static void test_parameters(void **state)
{
	struct frame *f = *state;
	expect(f, "GET /t/echo/a-b%2Dc", "", 200, "\"name\":\"a-b-c\",\"limit\":-1,\"from\":-1");
	expect(f, "GET /t/echo/x?limit=7&from=1970-01-01T00:00:01Z", "", 200,
		"\"limit\":7,\"from\":1000000");
	expect(f, "GET /t/echo/x?", "", 200, "\"limit\":-1");
	expect(f, "GET /t/echo/x.csv", "", 200, "\"body\":0"); /* the more exact template */
	expect(f, "GET /t/echo/x?limit=0", "", 400, "\"code\":\"out_of_range\"");
	expect(f, "GET /t/echo/x?limit=1001", "", 400, "is not in [1, 1000]");
	expect(f, "GET /t/echo/x?limit=07", "", 400, "\"pointer\":\"limit\"");
	expect(f, "GET /t/echo/x?limit=1&limit=2", "", 400, "given twice");
	expect(f, "GET /t/echo/x?limit", "", 400, "has no value");
	expect(f, "GET /t/echo/x?Limit=1", "", 400, "\"code\":\"unknown_field\"");
	expect(f, "GET /t/echo/x?from=yesterday", "", 400, "yesterday");
	expect(f, "GET /t/echo/x?from=%zz", "", 400, "percent-encoded");
	expect(f, "GET /t/hit?x=1", "", 400, "unknown query parameter");
	expect(f, "GET /t/echo/a%20b", "", 404, "not_found");
	expect(f, "GET /t/echo/a%C3%28", "", 400, "UTF-8");
}

static void test_problem(void **state)
{
	struct frame *f = *state;
	struct ts_wire_reply reply;
	char value[256];
	json_t *doc = NULL;
	ask(f, "GET /t/boom", "X-Request-Id: mine\r\n", &reply);
	assert_int_equal(reply.status, 500);
	assert_string_equal(
		ts_wire_header(&reply, "Content-Type", value), "application/problem+json");
	assert_string_equal(ts_wire_header(&reply, "X-Content-Type-Options", value), "nosniff");
	assert_string_equal(ts_wire_header(&reply, "Cache-Control", value), "no-store");
	assert_null(strstr(reply.body, "inner detail"));
	assert_null(strstr(reply.body, "half an answer"));
	assert_ok(ts_json_parse(reply.body, reply.body_len, &doc, NULL));
	assert_string_equal(json_string_value(json_object_get(doc, "code")), "internal");
	assert_int_equal(json_integer_value(json_object_get(doc, "status")), 500);
	assert_string_equal(json_string_value(json_object_get(doc, "instance")), "/t/boom");
	assert_string_equal(json_string_value(json_object_get(doc, "request_id")),
		ts_wire_header(&reply, "Request-Id", value));
	assert_int_equal(strlen(value), 32);
	json_decref(doc);
	ts_wire_reply_free(&reply);
	/* hostile text stays a string */
	struct ts_buf out;
	struct ts_why why = {"/a\"b", "c\x01\xff\\"};
	ts_buf_init(&out, TS_PROBLEM_BYTES_MAX);
	ts_problem_write(&out, TS_E_INVALID, &why, "/\"", 2, "id");
	assert_ok(ts_json_parse(out.data, out.len, &doc, NULL));
	json_decref(doc);
	ts_buf_free(&out);
}

static void test_own_status(void **state)
{
	struct frame *f = *state;
	struct ts_wire_reply reply;
	char value[256];
	ask(f, "POST /t/stale", "", &reply);
	assert_int_equal(reply.status, 409);
	assert_string_equal(ts_wire_header(&reply, "Content-Type", value), "text/x.tlog.size");
	assert_string_equal(reply.body, "17\n");
	ts_wire_reply_free(&reply);
}

static void test_negotiation(void **state)
{
	struct frame *f = *state;
	struct ts_wire_reply reply;
	char value[256];
	static const struct {
		const char *accept;
		const char *type; /* NULL: 406 */
	} rows[] = {
		{"*/*", "application/json"},
		{"text/csv", "text/csv"},
		{"text/*", "text/csv"},
		{"application/json;q=0.5, text/csv;q=0.9", "text/csv"},
		{"text/csv;q=0, */*", "application/json"},
		{"image/png, */*;q=0.1", "application/json"},
		{"image/png", NULL},
		{"application/json;q=0", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char header[128];
		(void)snprintf(header, sizeof(header), "Accept: %s\r\n", rows[i].accept);
		ask(f, "GET /t/echo/x", header, &reply);
		assert_int_equal(reply.status, rows[i].type != NULL ? 200 : 406);
		if (rows[i].type != NULL)
			assert_string_equal(
				ts_wire_header(&reply, "Content-Type", value), rows[i].type);
		ts_wire_reply_free(&reply);
	}
	ask(f, "GET /t/echo/x", "If-None-Match: \"a\", W/\"v1\"\r\n", &reply);
	assert_int_equal(reply.status, 304);
	assert_string_equal(ts_wire_header(&reply, "ETag", value), "\"v1\"");
	ts_wire_reply_free(&reply);
	expect(f, "GET /t/echo/x", "If-None-Match: \"v2\"\r\n", 200, "\"name\"");
}

static void test_media_type(void **state)
{
	struct frame *f = *state;
	struct ts_wire_reply reply;
	static const struct {
		const char *type;
		int status;
	} rows[] = {{"application/json", 200}, {"Application/JSON; charset=utf-8", 200},
		{"text/plain", 415}, {"application/jsonx", 415}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char request[256];
		(void)snprintf(request, sizeof(request),
			"POST /t/json HTTP/1.1\r\n" H
			"Content-Type: %s\r\nContent-Length: 2\r\n\r\n{}",
			rows[i].type);
		ts_wire_ask(f->port, request, &reply);
		assert_int_equal(reply.status, rows[i].status);
		ts_wire_reply_free(&reply);
	}
}

static const char *bearer(const char *token, char out[256])
{
	(void)snprintf(out, 256, "Authorization: Bearer %s\r\n", token);
	return out;
}

/* Every failure has the same answer; no role in the mask means nobody. */
static void test_tokens(void **state)
{
	struct frame *f = *state;
	struct ts_wire_reply reply;
	char header[256];
	char value[256];
	char wrong[TS_TOKEN_CHARS + 1];
	memcpy(wrong, f->token[0], sizeof(wrong));
	wrong[TS_TOKEN_CHARS - 1] = wrong[TS_TOKEN_CHARS - 1] == '0' ? '1' : '0';
	static const char unknown[] =
		"ts_0000000000000000."
		"0000000000000000000000000000000000000000000000000000000000000000";
	const char *const bad[] = {wrong, unknown, "ts_x.y", ""};
	for (size_t i = 0; i < 4; i++) {
		ask(f, "GET /t/audit", bearer(bad[i], header), &reply);
		assert_int_equal(reply.status, 401);
		assert_string_equal(ts_wire_header(&reply, "WWW-Authenticate", value),
			"Bearer realm=\"tallystick\"");
		assert_non_null(strstr(reply.body, "\"code\":\"unauthenticated\""));
		assert_null(strstr(reply.body, "detail"));
		ts_wire_reply_free(&reply);
	}
	expect(f, "GET /t/audit", "", 401, "unauthenticated");
	expect(f, "GET /t/audit", "Authorization: Basic eDp5\r\n", 401, "unauthenticated");
	expect(f, "GET /t/audit", bearer(f->token[1], header), 403, "\"code\":\"forbidden\"");
	expect(f, "GET /t/nobody", bearer(f->token[0], header), 403, "forbidden");
	int before = atomic_load(&f->lookups);
	for (int i = 0; i < 3; i++) {
		ask(f, "GET /t/audit", bearer(f->token[0], header), &reply);
		assert_int_equal(reply.status, 200);
		assert_non_null(strstr(reply.body, f->tokens[0].principal.token_id));
		assert_string_equal(ts_wire_header(&reply, "RateLimit-Limit", value), "2000");
		ts_wire_reply_free(&reply);
	}
	assert_true(atomic_load(&f->lookups) - before <= 1); /* the cache */
	f->tokens[0].revoked = true;
	ts_http_forget_tokens(f->http);
	expect(f, "GET /t/audit", bearer(f->token[0], header), 401, "unauthenticated");
	f->tokens[0].revoked = false;
	ts_http_forget_tokens(f->http);
	f->tokens[0].not_after_us = 1;
	expect(f, "GET /t/audit", bearer(f->token[0], header), 401, "unauthenticated");
	f->tokens[0].not_after_us = 0;
	ts_http_forget_tokens(f->http);
}

static void test_idempotency_key(void **state)
{
	struct frame *f = *state;
	char token[256];
	char headers[1024];
	static const struct {
		const char *value;
		int status;
		const char *part;
	} rows[] = {{"abc-1", 200, "abc-1"}, {"\"abc-1\"", 200, "abc-1"},
		{"\"\"", 400, "Idempotency"}, {"a b", 400, "Idempotency"},
		{"\"a", 400, "Idempotency"}};
	(void)bearer(f->token[1], token);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(headers, sizeof(headers), "%sIdempotency-Key: %s\r\n", token,
			rows[i].value);
		expect(f, "POST /t/money", headers, rows[i].status, rows[i].part);
	}
	char longest[300];
	memset(longest, 'k', sizeof(longest));
	longest[255] = '\0';
	(void)snprintf(headers, sizeof(headers), "%sIdempotency-Key: %s\r\n", token, longest);
	expect(f, "POST /t/money", headers, 200, longest);
	(void)snprintf(headers, sizeof(headers), "%sIdempotency-Key: %sk\r\n", token, longest);
	expect(f, "POST /t/money", headers, 400, "Idempotency");
	expect(f, "POST /t/money", token, 400, "\"code\":\"missing_field\"");
}

/* One worker prepares in parallel, the group gathers while the one before commits. */
static void test_batch(void **state)
{
	struct frame *f = *state;
	enum { N = 24 };
	int fds[N];
	struct ts_wire_reply reply;
	atomic_store(&f->batches, 0);
	for (int i = 0; i < N; i++) {
		char request[128];
		(void)snprintf(request, sizeof(request),
			"POST /t/batch HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\n3%s",
			i == 5 ? "bad" : "abc");
		fds[i] = ts_wire_connect(f->port);
		ts_wire_puts(fds[i], request);
	}
	for (int i = 0; i < N; i++) {
		ts_wire_read(fds[i], 5000, false, &reply);
		assert_int_equal(reply.status, i == 5 ? 409 : 200);
		ts_wire_reply_free(&reply);
		(void)close(fds[i]);
	}
	int batches = atomic_load(&f->batches);
	print_message("%d appends of one group in %d commits\n", N, batches);
	assert_true(batches >= 1 && batches <= N / 2);
	ts_wire_ask(f->port, "POST /t/batch HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n0", &reply);
	assert_int_equal(reply.status, 422);
	ts_wire_reply_free(&reply);
	ts_wire_ask(f->port, "POST /t/batch HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n9", &reply);
	assert_int_equal(reply.status, 204);
	ts_wire_reply_free(&reply);
}

static void test_rate(void **state)
{
	struct frame f;
	struct ts_wire_reply reply;
	char header[256];
	char value[256];
	(void)state;
	frame_init(&f);
	f.config.rate_per_s = 1;
	f.config.rate_burst = 3;
	frame_start(&f);
	(void)bearer(f.token[0], header);
	int n200 = 0;
	int n429 = 0;
	for (int i = 0; i < 6; i++) {
		ask(&f, "GET /t/audit", header, &reply);
		n200 += reply.status == 200;
		n429 += reply.status == 429;
		if (reply.status == 429)
			assert_string_equal(ts_wire_header(&reply, "Retry-After", value), "1");
		ts_wire_reply_free(&reply);
	}
	assert_int_equal(n200 + n429, 6);
	assert_true(n200 >= 3 && n429 >= 1);
	expect(&f, "GET /t/hit", "", 200, "body"); /* public routes are not counted */
	frame_stop(&f);
}

static void test_bad_tables(void **state)
{
	struct ts_why why;
	(void)state;
	const struct ts_route twice[] = {frame_routes[0], frame_routes[0], {.path = NULL}};
	struct ts_route broken[] = {frame_routes[0], {.path = NULL}};
	const struct ts_route *const tables[] = {twice, NULL};
	const struct ts_route *const broken_tables[] = {broken, NULL};
	assert_err(ts_route_check(tables, &why), TS_E_INTERNAL);
	assert_ok(ts_route_check(broken_tables, &why));
	broken[0].handler = NULL;
	assert_err(ts_route_check(broken_tables, &why), TS_E_INTERNAL);
	broken[0].handler = frame_hit;
	broken[0].body_bytes_max = 10;
	assert_err(ts_route_check(broken_tables, &why), TS_E_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openapi),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_problem),
		cmocka_unit_test(test_own_status),
		cmocka_unit_test(test_negotiation),
		cmocka_unit_test(test_media_type),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_idempotency_key),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_bad_tables),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
