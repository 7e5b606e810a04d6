/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/exchange.h"

#include "service/clock.h"
#include "service/http/problem.h"
#include <stdio.h>
#include <string.h>

/* Who takes a large answer more slowly than this is cut off. */
#define SEND_BYTES_PER_MS_MIN 256

/* What goes out, from whichever side it comes. Bytes are borrowed from the exchange, which lives
 * until the library has sent them. */
struct reply {
	int status;
	const char *type;
	const char *cache;
	const char *etag;
	struct ts_str body;
	int64_t retry_after_s;
	const struct ts_response *extra; /* its own headers, or NULL */
	bool rate;
	int *fd; /* NULL, or the file that is sent instead of body; -1 once it is handed over */
	int64_t fd_bytes;
};

static void add(struct MHD_Response *response, const char *name, const char *value)
{
	/* fails for a header that the library refuses or without memory: the answer goes without it
	 */
	(void)MHD_add_response_header(response, name, value);
}

static void add_number(struct MHD_Response *response, const char *name, int64_t number)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	add(response, name, text);
}

static void add_fixed(const struct ts_exchange *ex, struct MHD_Response *response)
{
	add(response, "Request-Id", ex->req.id);
	add(response, "X-Content-Type-Options", "nosniff");
	add(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	add(response, "Referrer-Policy", "no-referrer");
	if (ex->http->tls)
		add(response, "Strict-Transport-Security", "max-age=31536000");
}

static void add_reply(
	const struct ts_exchange *ex, const struct reply *reply, struct MHD_Response *response)
{
	char text[128];
	if (reply->body.len > 0 || reply->fd != NULL)
		add(response, "Content-Type", reply->type);
	add(response, "Cache-Control", reply->cache);
	if (reply->status == 401)
		add(response, "WWW-Authenticate", "Bearer realm=\"tallystick\"");
	if (reply->status == 405)
		add(response, "Allow", ts_route_allow(ex->allow, text));
	if (reply->etag != NULL && snprintf(text, sizeof(text), "\"%s\"", reply->etag) < 128)
		add(response, "ETag", text);
	if (reply->retry_after_s > 0)
		add_number(response, "Retry-After", reply->retry_after_s);
	if (reply->rate && ex->rate.limit > 0) {
		add_number(response, "RateLimit-Limit", ex->rate.limit);
		add_number(response, "RateLimit-Remaining", ex->rate.remaining);
		add_number(response, "RateLimit-Reset", ex->rate.reset_s);
	}
	for (size_t i = 0; reply->extra != NULL && i < reply->extra->headers_n; i++)
		add(response, reply->extra->headers[i].name, reply->extra->headers[i].value);
	if (ex->close || atomic_load(&ex->http->draining))
		add(response, "Connection", "close");
}

/* The library closes the file with the response. */
static struct MHD_Response *create(const struct reply *reply)
{
	if (reply->fd == NULL)
		return MHD_create_response_from_buffer(
			reply->body.len, (void *)(uintptr_t)reply->body.at, MHD_RESPMEM_PERSISTENT);
	struct MHD_Response *response = MHD_create_response_from_fd64(
		(uint64_t)reply->fd_bytes, *reply->fd);
	if (response != NULL)
		*reply->fd = -1;
	return response;
}

static enum MHD_Result send_reply(struct ts_exchange *ex, const struct reply *reply)
{
	struct MHD_Response *response = create(reply);
	if (response == NULL)
		return MHD_NO;
	add_fixed(ex, response);
	add_reply(ex, reply, response);
	ex->stage = TS_STAGE_SENT;
	ex->status_sent = reply->status;
	size_t bytes = reply->fd != NULL ? (size_t)reply->fd_bytes : reply->body.len;
	ex->bytes_sent = ex->head ? 0 : bytes;
	ts_exchange_count(ex);
	ts_peer_arm(ex->http, ex->peer, TS_PEER_SEND);
	ts_peer_extend(ex->http, ex->peer, (int64_t)(bytes / SEND_BYTES_PER_MS_MIN));
	enum MHD_Result ok = MHD_queue_response(ex->connection, (unsigned)reply->status, response);
	MHD_destroy_response(response);
	return ok;
}

static int64_t retry_after(enum ts_err err, const struct ts_exchange *ex, bool rate)
{
	int status = ts_err_http(err);
	if (err == TS_E_BUSY && rate && ex->rate.remaining == 0)
		return 1;
	return status == 503 || status == 504 || status == 429 ? 1 : 0;
}

/* A problem document for err. `ours` says that res and rate may be read (never after EXPIRED). */
static enum MHD_Result send_problem(
	struct ts_exchange *ex, enum ts_err err, const struct ts_why *why, bool ours)
{
	struct reply reply = {.status = ts_err_http(err),
		.type = TS_PROBLEM_TYPE,
		.cache = "no-store",
		.rate = ours};
	ts_buf_reset(&ex->refusal);
	ts_problem_write(&ex->refusal, err, why, ex->path.at, ex->path.len, ex->req.id);
	if (ex->refusal.err == TS_OK)
		reply.body = (struct ts_str){ex->refusal.data, ex->refusal.len};
	reply.retry_after_s = ours && ex->res.retry_after_s > 0 ? ex->res.retry_after_s
								: retry_after(err, ex, ours);
	return send_reply(ex, &reply);
}

enum MHD_Result ts_reply_refusal(struct ts_exchange *ex)
{
	char label[64];
	(void)snprintf(label, sizeof(label), "code=\"%s\"", ts_err_code(ex->err));
	ts_metrics_add(ex->http->options.metrics, TS_METRIC_HTTP_REFUSED, label, 1);
	return send_problem(ex, ex->err, &ex->why, true);
}

/* `"a", W/"b", *` against an ETag without quotes: weak comparison. */
static bool none_match(struct ts_str header, const char *etag)
{
	while (header.at != NULL) {
		struct ts_str item = ts_str_cut(&header, ',');
		while (item.len > 0 && item.at[0] == ' ') {
			item.at++;
			item.len--;
		}
		while (item.len > 0 && item.at[item.len - 1] == ' ')
			item.len--;
		if (ts_str_is(item, "*"))
			return true;
		if (item.len > 2 && memcmp(item.at, "W/", 2) == 0) {
			item.at += 2;
			item.len -= 2;
		}
		if (item.len >= 2 && item.at[0] == '"' && item.at[item.len - 1] == '"' &&
			ts_str_is((struct ts_str){item.at + 1, item.len - 2}, etag))
			return true;
	}
	return false;
}

enum MHD_Result ts_reply_answer(struct ts_exchange *ex)
{
	if (atomic_load(&ex->state) == TS_STATE_EXPIRED) {
		static const struct ts_why late = {"", "the deadline of the request has passed"};
		return send_problem(ex, ex->expired, &late, false);
	}
	const struct ts_response *res = &ex->res;
	if (ex->err == TS_OK && res->body.err != TS_OK)
		ex->err = ts_why(&ex->why, TS_E_LIMIT, "", "the response is larger than %lld bytes",
			(long long)ex->http->config->response_bytes_max);
	if (ex->err != TS_OK)
		return send_problem(ex, ex->err, &ex->why, true);
	struct reply reply = {
		.status = res->status != 0 ? res->status : 200,
		.type = res->content_type != NULL ? res->content_type : "application/json",
		.cache = res->cache_control != NULL ? res->cache_control : "no-store",
		.etag = res->etag,
		.body = {res->body.data, res->body.len},
		.retry_after_s = res->retry_after_s,
		.extra = res,
		.rate = true,
	};
	if (res->fd >= 0) {
		reply.fd = &ex->res.fd;
		reply.fd_bytes = res->fd_bytes;
	}
	if (reply.status == 200 && res->etag != NULL && ex->req.method == TS_GET &&
		none_match(ex->if_none_match, res->etag)) {
		reply.status = 304;
		reply.body = (struct ts_str){"", 0};
	}
	return send_reply(ex, &reply);
}

/* Errors of ours and refusals by the database are looked at by someone; refusals of input are not.
 */
static enum ts_log_level log_level(int status)
{
	if (status == 500)
		return TS_LOG_ERROR;
	return status >= 500 ? TS_LOG_WARN : TS_LOG_INFO;
}

void ts_reply_log(struct ts_exchange *ex)
{
	static const struct ts_why no_why = {"", ""};
	char client_id[65];
	char label[TS_METRICS_LABELS_MAX];
	const char *route = ex->req.route != NULL ? ex->req.route->path : "";
	const char *method = ex->req.method != 0 ? ts_method_name(ex->req.method) : "";
	bool ours = atomic_load(&ex->state) != TS_STATE_EXPIRED;
	enum ts_err err = ours ? ex->err : ex->expired;
	const struct ts_why *why = ours && err != TS_OK ? &ex->why : &no_why;
	int64_t end_us = ts_clock_mono_us();
	(void)snprintf(client_id, sizeof(client_id), "%.*s",
		(int)(ex->client_request_id.len < 64 ? ex->client_request_id.len : 64),
		ex->client_request_id.len > 0 ? ex->client_request_id.at : "");
	(void)snprintf(label, sizeof(label), "route=\"%s %s\",code=\"%d\"", method, route,
		ex->status_sent);
	ts_metrics_add(ex->http->options.metrics, TS_METRIC_HTTP_REQUESTS, label, 1);
	(void)snprintf(label, sizeof(label), "route=\"%s %s\"", method, route);
	ts_metrics_observe_us(
		ex->http->options.metrics, TS_METRIC_HTTP_DURATION, label, end_us - ex->start_us);
	if (ours && ex->taken_us > 0) {
		(void)snprintf(
			label, sizeof(label), "class=\"%s\"", ts_class_name(ex->req.route->cls));
		ts_metrics_observe_us(ex->http->options.metrics, TS_METRIC_HTTP_QUEUE_WAIT, label,
			ex->taken_us - ex->queued_us);
	}
	TS_LOG(ex->http->options.log, log_level(ex->status_sent), "request",
		TS_LOG_TEXT("request_id", ex->req.id), TS_LOG_TEXT("client_request_id", client_id),
		TS_LOG_TEXT("principal", ours ? ex->principal.token_id : ""),
		TS_LOG_TEXT("method", method), TS_LOG_TEXT("route", route),
		TS_LOG_NUM("status", ex->status_sent),
		TS_LOG_TEXT("code", err != TS_OK ? ts_err_code(err) : ""),
		TS_LOG_TEXT("where", why->where), TS_LOG_TEXT("text", why->text),
		TS_LOG_NUM("bytes_in", (int64_t)ex->body_len),
		TS_LOG_NUM("bytes_out", (int64_t)ex->bytes_sent),
		TS_LOG_NUM("duration_us", end_us - ex->start_us),
		TS_LOG_NUM("queue_us", ours && ex->taken_us > 0 ? ex->taken_us - ex->queued_us : 0),
		TS_LOG_NUM("db_us", ours ? ex->res.db_us : 0),
		TS_LOG_NUM("contract", ours ? ex->res.contract_id : 0),
		TS_LOG_NUM("retries", ours ? ex->res.retries : 0),
		TS_LOG_TEXT("sqlstate", ours ? ex->res.sqlstate : ""));
}
