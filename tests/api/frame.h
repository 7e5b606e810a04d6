/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_API_FRAME_H
#define TS_TESTS_API_FRAME_H
/* Why: the frame in this process on a free port, with routes of the tests' own: every api test of
 * the frame starts one of these, with the limits it wants. */
#include "support/test.h"
#include "support/wire.h"
#include "service/clock.h"
#include "service/http/http.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct frame {
	struct ts_config config;
	struct ts_log *log;
	struct ts_metrics *metrics;
	struct ts_http *http;
	uint16_t port;
	atomic_int hits; /* of /t/hit */
	atomic_int running; /* handlers inside /t/gate */
	atomic_bool gate; /* true lets /t/gate go on */
	atomic_int batches;
	atomic_int lookups;
	atomic_bool down; /* the worker's context can't be opened */
	struct ts_token tokens[2];
	char token[2][TS_TOKEN_CHARS + 1];
};

static inline void frame_sleep_ms(long ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
	(void)nanosleep(&ts, NULL);
}

static inline enum ts_err frame_hit(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct frame *f = req->app;
	(void)why;
	atomic_fetch_add(&f->hits, 1);
	ts_buf_printf(&res->body, "{\"body\":%zu,\"principal\":\"%s\"}", req->body.len,
		req->principal->token_id);
	return TS_OK;
}

/* More than a connection takes in when nobody reads. */
static inline enum ts_err frame_big(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	static const char some[4096];
	(void)req;
	(void)why;
	for (size_t i = 0; i < 1900; i++)
		ts_buf_put(&res->body, some, sizeof some);
	return res->body.err;
}

static inline enum ts_err frame_gate(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct frame *f = req->app;
	(void)why;
	atomic_fetch_add(&f->running, 1);
	while (!atomic_load(&f->gate))
		frame_sleep_ms(2);
	atomic_fetch_sub(&f->running, 1);
	ts_buf_puts(&res->body, "{}");
	return TS_OK;
}

static inline enum ts_err frame_echo(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_str name = ts_request_param(req, "name");
	const struct ts_query_value *limit = ts_request_query(req, "limit");
	const struct ts_query_value *from = ts_request_query(req, "from");
	static const char *const types[] = {"application/json", "text/csv"};
	size_t type = 0;
	TS_TRY(ts_request_accepts(req, types, 2, &type, why));
	res->content_type = types[type];
	res->etag = "v1";
	ts_buf_printf(&res->body, "{\"name\":\"%.*s\",\"limit\":%lld,\"from\":%lld}", (int)name.len,
		name.at, (long long)(limit->text.at != NULL ? limit->number : -1),
		(long long)(from->text.at != NULL ? from->number : -1));
	return TS_OK;
}

static inline enum ts_err frame_boom(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	(void)req;
	ts_buf_puts(&res->body, "half an answer");
	return ts_why(why, TS_E_INTERNAL, "/x", "inner detail");
}

static inline enum ts_err frame_stale(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	(void)req;
	(void)why;
	res->status = 409;
	res->content_type = "text/x.tlog.size";
	ts_buf_puts(&res->body, "17\n");
	return TS_OK;
}

static inline enum ts_err frame_key(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	(void)why;
	ts_buf_printf(&res->body, "%.*s", (int)req->idempotency_key.len, req->idempotency_key.at);
	return TS_OK;
}

/* "0" is refused by prepare, "9" is answered by it; else the first byte is the group. */
static inline enum ts_err frame_prepare(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	char c = req->body.len > 0 ? req->body.at[0] : '0';
	if (c == '0')
		return ts_why(why, TS_E_INVALID, "/0", "zero");
	if (c == '9')
		res->status = 204;
	req->prepared = ts_region_copy(req->region, req->body.at, req->body.len);
	req->group = (uint64_t)(c - '0');
	return TS_OK;
}

static inline void frame_batch(struct ts_request **reqs, struct ts_response **ress,
	enum ts_err *errs, struct ts_why *whys, size_t n)
{
	struct frame *f = reqs[0]->app;
	(void)whys;
	atomic_fetch_add(&f->batches, 1);
	frame_sleep_ms(30);
	for (size_t i = 0; i < n; i++) {
		TS_ASSERT(reqs[i]->group == reqs[0]->group);
		ts_buf_printf(&ress[i]->body, "%s %zu", (const char *)reqs[i]->prepared, n);
		errs[i] = strcmp(reqs[i]->prepared, "3bad") == 0 ? TS_E_CONFLICT : TS_OK;
	}
}

static const struct ts_query_param frame_echo_query[] = {
	{"limit", TS_QUERY_INT, false, 1, 1000, "1 to 1000"},
	{"from", TS_QUERY_TIME, false, 0, 0, "an RFC 3339 instant in UTC"},
	{.name = NULL},
};
#define FRAME_DOC(operation)                                                                       \
	.id = operation, .tag = "test", .summary = "a test", .response = "something"
static const struct ts_route frame_routes[] = {
	{.method = TS_GET,
		.path = "/t/hit",
		.handler = frame_hit,
		.roles = TS_ROLE_PUBLIC,
		FRAME_DOC("getHit")},
	{.method = TS_POST,
		.path = "/t/hit",
		.handler = frame_hit,
		.roles = TS_ROLE_PUBLIC,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = 100000,
		.request = "bytes",
		FRAME_DOC("postHit")},
	{.method = TS_POST,
		.path = "/t/json",
		.handler = frame_hit,
		.roles = TS_ROLE_PUBLIC,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = 100,
		.consumes = "application/json",
		.request = "JSON",
		FRAME_DOC("postJson")},
	{.method = TS_POST,
		.path = "/t/gate",
		.handler = frame_gate,
		.roles = TS_ROLE_PUBLIC,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = 100,
		.request = "bytes",
		FRAME_DOC("postGate")},
	{.method = TS_GET,
		.path = "/t/echo/{name}",
		.handler = frame_echo,
		.roles = TS_ROLE_PUBLIC,
		.query = frame_echo_query,
		FRAME_DOC("getEcho")},
	{.method = TS_GET,
		.path = "/t/echo/{name}.csv",
		.handler = frame_hit,
		.roles = TS_ROLE_PUBLIC,
		FRAME_DOC("getEchoCsv")},
	{.method = TS_GET,
		.path = "/t/boom",
		.handler = frame_boom,
		.roles = TS_ROLE_PUBLIC,
		FRAME_DOC("getBoom")},
	{.method = TS_POST,
		.path = "/t/stale",
		.handler = frame_stale,
		.roles = TS_ROLE_PUBLIC,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = 100,
		.request = "bytes",
		FRAME_DOC("postStale")},
	{.method = TS_GET,
		.path = "/t/audit",
		.handler = frame_hit,
		.roles = TS_ROLE_AUDITOR,
		FRAME_DOC("getAudit")},
	{.method = TS_GET,
		.path = "/t/big",
		.handler = frame_big,
		.roles = TS_ROLE_AUDITOR | TS_ROLE_PROVIDER_FINANCE,
		FRAME_DOC("getBig")},
	{.method = TS_POST,
		.path = "/t/money",
		.handler = frame_key,
		.roles = TS_ROLE_PROVIDER_FINANCE,
		.cls = TS_CLASS_WORK,
		.flags = TS_ROUTE_MONEY,
		.body_bytes_max = 100,
		.request = "bytes",
		FRAME_DOC("postMoney")},
	{.method = TS_POST,
		.path = "/t/batch",
		.prepare = frame_prepare,
		.batch = frame_batch,
		.roles = TS_ROLE_PUBLIC,
		.cls = TS_CLASS_INGEST,
		.body_bytes_max = 100,
		.request = "bytes",
		FRAME_DOC("postBatch")},
	{.method = TS_GET,
		.path = "/t/nobody",
		.handler = frame_hit,
		.roles = 0,
		FRAME_DOC("getNobody")},
	{.path = NULL},
};
static const struct ts_route *const frame_tables[] = {frame_routes, ts_routes_frame, NULL};

static inline enum ts_err frame_open(
	void *app, enum ts_class cls, void **worker, struct ts_why *why)
{
	struct frame *f = app;
	(void)cls;
	if (atomic_load(&f->down))
		return ts_why(why, TS_E_UNAVAILABLE, "", "the database is down");
	*worker = app;
	return TS_OK;
}

static inline enum ts_err frame_lookup(
	void *app, void *worker, const char *id, struct ts_token *out, struct ts_why *why)
{
	struct frame *f = app;
	TS_ASSERT(worker == app);
	(void)why;
	atomic_fetch_add(&f->lookups, 1);
	for (size_t i = 0; i < 2; i++)
		if (strcmp(f->tokens[i].principal.token_id, id) == 0) {
			*out = f->tokens[i];
			return TS_OK;
		}
	return TS_E_NOT_FOUND;
}

/* Defaults with short ways; a test changes config between init and start. */
static inline void frame_init(struct frame *f)
{
	memset(f, 0, sizeof(*f));
	ts_config_default(&f->config);
	f->config.listen = "127.0.0.1:0";
	f->config.work_workers = 2;
	f->config.read_workers = 2;
	f->config.ingest_workers = 2;
	const enum ts_role roles[2] = {TS_ROLE_AUDITOR, TS_ROLE_PROVIDER_FINANCE};
	for (size_t i = 0; i < 2; i++) {
		ts_token_make(f->token[i], f->tokens[i].principal.token_id, f->tokens[i].hash);
		f->tokens[i].principal.role = roles[i];
	}
}

static inline void frame_start(struct frame *f)
{
	struct ts_why why = {"", ""};
	assert_ok(ts_log_open("frame-test.log", "debug", &f->log, &why));
	f->metrics = ts_metrics_create();
	const struct ts_http_options options = {
		.config = &f->config,
		.log = f->log,
		.metrics = f->metrics,
		.tables = frame_tables,
		.hooks = {.app = f, .open = frame_open, .lookup = frame_lookup},
		.version = "1",
	};
	enum ts_err err = ts_http_start(&options, &f->http, &why);
	if (err != TS_OK)
		print_message("%s: %s\n", why.where, why.text);
	assert_ok(err);
	f->port = ts_http_port(f->http);
}

static inline void frame_stop(struct frame *f)
{
	assert_ok(ts_http_stop(f->http, 5000));
	ts_metrics_free(f->metrics);
	ts_log_close(f->log);
}

/* Waits until the counter shows n, at most 5 s. */
static inline void frame_wait(atomic_int *counter, int n)
{
	for (int i = 0; i < 2500 && atomic_load(counter) != n; i++)
		frame_sleep_ms(2);
	assert_int_equal(atomic_load(counter), n);
}

#endif
