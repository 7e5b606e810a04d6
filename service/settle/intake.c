/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/exchange.h"

#include "service/clock.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A refused body of up to this size is read and dropped, so that the client surely sees the answer
 * and the connection lives on; a larger one is not read. */
#define DISCARD_BYTES_MAX 65536
#define CHUNKED_BYTES_FIRST 16384

static const struct {
	const char *name;
	enum ts_method method;
	bool head;
} method_table[] = {
	{"GET", TS_GET, false},
	{"HEAD", TS_GET, true},
	{"POST", TS_POST, false},
	{"PUT", TS_PUT, false},
	{"DELETE", TS_DELETE, false},
};

static void find_method(struct ts_exchange *ex, const char *method)
{
	for (size_t i = 0; i < sizeof(method_table) / sizeof(method_table[0]); i++)
		if (strcmp(method_table[i].name, method) == 0) {
			ex->req.method = method_table[i].method;
			ex->head = method_table[i].head;
		}
}

/* Header values lie in the connection's memory, which a worker may outlive: copies. */
static enum ts_err keep(struct ts_exchange *ex, struct ts_str value, struct ts_str *out)
{
	*out = value;
	if (value.at == NULL)
		return TS_OK;
	out->at = ts_region_copy(ex->req.region, value.at, value.len);
	return out->at != NULL ? TS_OK : TS_E_NO_MEMORY;
}

static enum ts_err keep_media_type(struct ts_exchange *ex, struct ts_str value)
{
	if (value.at == NULL)
		return TS_OK;
	size_t len = 0;
	while (len < value.len && value.at[len] != ';' && value.at[len] != ' ')
		len++;
	char *copy = ts_region_copy(ex->req.region, value.at, len);
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < len; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] - 'A' + 'a');
	ex->req.content_type = (struct ts_str){copy, len};
	return TS_OK;
}

static enum ts_err keep_headers(struct ts_exchange *ex, const struct ts_guard_head *head)
{
	struct ts_str key = {NULL, 0};
	if (head->idempotency_key.at != NULL)
		TS_TRY(ts_guard_idempotency_key(head->idempotency_key, &key, &ex->why));
	TS_TRY(keep(ex, key, &ex->req.idempotency_key));
	TS_TRY(keep(ex, head->authorization, &ex->authorization));
	TS_TRY(keep(ex, head->accept, &ex->req.accept));
	TS_TRY(keep(ex, head->if_none_match, &ex->if_none_match));
	TS_TRY(keep(ex, head->request_id, &ex->client_request_id));
	return keep_media_type(ex, head->content_type);
}

/* Path and query, decoded in a copy of the target. */
static enum ts_err find_route(struct ts_exchange *ex, char **query, size_t *query_len)
{
	struct ts_route_match match;
	size_t len = 0;
	char *copy = ts_region_copy(ex->req.region, ex->req.target.at, ex->req.target.len);
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	if (ts_route_decode(copy, ex->path.len, true, &len) != TS_OK)
		return ts_why(&ex->why, TS_E_MALFORMED, "",
			"the path is not valid percent-encoded UTF-8");
	if (ex->path.len < ex->req.target.len) {
		*query = copy + ex->path.len + 1;
		*query_len = ex->req.target.len - ex->path.len - 1;
	}
	enum ts_err err = ts_route_find(
		ex->http->options.tables, ex->req.method, (struct ts_str){copy, len}, &match);
	ex->allow = match.methods;
	if (err != TS_OK)
		return ts_why(&ex->why, err, "", "%s", ts_err_text(err));
	ex->req.route = match.route;
	if (match.route->deadline_ms > 0)
		ex->req.deadline_mono_us = ex->start_us + match.route->deadline_ms * 1000;
	memcpy(ex->req.params, match.params, sizeof(match.params));
	return TS_OK;
}

/* What can be said of the token without a worker: absent, known and refused, known and admitted. */
static enum ts_err check_token(struct ts_exchange *ex)
{
	bool known = false;
	if (ex->req.route->roles == TS_ROLE_PUBLIC)
		return TS_OK;
	enum ts_err err = ts_auth_check_cached(
		ex->http->auth, ex->authorization, ex->req.route->roles, &ex->principal, &known);
	if (err == TS_E_UNAUTHENTICATED)
		ts_metrics_add(ex->http->options.metrics, TS_METRIC_AUTH_FAILED, "", 1);
	if (err != TS_OK || !known)
		return ts_exchange_refused(ex, err);
	return ts_exchange_admit(ex);
}

static enum ts_err check_body(struct ts_exchange *ex, const struct ts_guard_head *head)
{
	const struct ts_route *route = ex->req.route;
	size_t max = route->body_bytes_max;
	if (max > (size_t)ex->http->config->body_bytes_max)
		max = (size_t)ex->http->config->body_bytes_max;
	ex->body_max = max;
	bool has_body = head->chunked || head->length > 0;
	if (!has_body)
		return TS_OK;
	if (max == 0)
		return ts_why(&ex->why, TS_E_PAYLOAD, "", "this request takes no body");
	if (head->has_length && head->length > (int64_t)max)
		return ts_why(&ex->why, TS_E_PAYLOAD, "", "a body of %lld bytes; at most %zu",
			(long long)head->length, max);
	if (route->consumes != NULL && !ts_str_is(ex->req.content_type, route->consumes))
		return ts_why(&ex->why, TS_E_MEDIA, "Content-Type", "the body must be %s",
			route->consumes);
	if (head->content_encoding.at != NULL &&
		(head->content_encoding.len != 8 ||
			strncasecmp(head->content_encoding.at, "identity", 8) != 0))
		return ts_why(&ex->why, TS_E_MEDIA, "Content-Encoding",
			"bodies are taken as they are, without a coding");
	/* A chunked body may grow to the limit, so that much is taken now: a body once admitted is
	 * never refused half way. */
	size_t bytes = head->has_length ? (size_t)head->length : max;
	if (!ts_exchange_reserve(ex, bytes))
		return ts_why(&ex->why, TS_E_UNAVAILABLE, "", "too many bodies are being received");
	ex->body_cap = head->has_length ? bytes
					: (max < CHUNKED_BYTES_FIRST ? max : CHUNKED_BYTES_FIRST);
	ex->body = malloc(ex->body_cap);
	return ex->body != NULL ? TS_OK : TS_E_NO_MEMORY;
}

static enum ts_err check_request(struct ts_exchange *ex, const struct ts_guard_head *head)
{
	char *query = NULL;
	size_t query_len = 0;
	if (atomic_load(&ex->http->draining))
		return ts_why(&ex->why, TS_E_UNAVAILABLE, "", "the service is stopping");
	TS_TRY(keep_headers(ex, head));
	TS_TRY(find_route(ex, &query, &query_len));
	TS_TRY(check_token(ex));
	TS_TRY(ts_route_query(ex->req.route, query, query_len, ex->req.query, &ex->why));
	if ((ex->req.route->flags & TS_ROUTE_MONEY) != 0 && ex->req.idempotency_key.at == NULL)
		return ts_why(&ex->why, TS_E_MISSING_FIELD, "Idempotency-Key",
			"this request moves money: it needs an Idempotency-Key");
	return check_body(ex, head);
}

/* The first call: the headers are complete, nothing of the body is read. */
static enum MHD_Result intake_head(struct ts_exchange *ex, const char *method, const char *version)
{
	struct ts_guard_head head = {.length = 0};
	ex->method_text = ts_str(method);
	find_method(ex, method);
	ex->stage = TS_STAGE_DISCARD;
	ex->err = ts_guard_target(ex->req.target, &ex->why);
	if (ex->err == TS_OK)
		ex->err = ts_guard_headers(ex->connection, version, &head, &ex->why);
	if (ex->err != TS_OK) { /* what follows on this connection can't be told apart */
		ex->close = true;
		return ts_reply_refusal(ex);
	}
	ts_peer_arm(ex->http, ex->peer, TS_PEER_BODY);
	ex->err = check_request(ex, &head);
	if (ex->err == TS_OK) {
		ex->stage = TS_STAGE_BODY;
		return MHD_YES;
	}
	bool small = !head.chunked && !head.expects && head.length <= DISCARD_BYTES_MAX;
	if (small)
		return MHD_YES;
	ex->close = true;
	return ts_reply_refusal(ex);
}

static enum MHD_Result intake_body(struct ts_exchange *ex, const char *bytes, size_t len)
{
	if (ex->stage == TS_STAGE_BODY && len > ex->body_max - ex->body_len) {
		ex->err = ts_why(
			&ex->why, TS_E_PAYLOAD, "", "a body of more than %zu bytes", ex->body_max);
		ex->stage = TS_STAGE_DISCARD;
		ex->close = true;
	}
	if (ex->stage == TS_STAGE_BODY && len > ex->body_cap - ex->body_len) {
		ex->err = ts_exchange_grow(ex, ex->body_len + len);
		if (ex->err != TS_OK)
			ex->stage = TS_STAGE_DISCARD;
	}
	if (ex->stage == TS_STAGE_BODY) {
		memcpy(ex->body + ex->body_len, bytes, len);
		ex->body_len += len;
		return MHD_YES;
	}
	ex->dropped += len;
	return ex->dropped <= ex->body_max + DISCARD_BYTES_MAX ? MHD_YES : MHD_NO;
}

static enum MHD_Result intake_end(struct ts_exchange *ex)
{
	const struct ts_route *route = ex->req.route;
	if (ex->stage == TS_STAGE_DISCARD)
		return ts_reply_refusal(ex);
	ex->req.body = (struct ts_str){ex->body != NULL ? ex->body : "", ex->body_len};
	if ((route->flags & TS_ROUTE_INLINE) != 0) {
		ex->err = route->handler(&ex->req, &ex->res, &ex->why);
		return ts_reply_answer(ex);
	}
	if (ts_exchange_hold(ex))
		return MHD_YES;
	ex->err = ts_why(&ex->why, TS_E_UNAVAILABLE, "", "the service is stopping");
	return ts_reply_refusal(ex);
}

enum MHD_Result ts_intake(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload_data, size_t *upload_data_size,
	void **con_cls)
{
	struct ts_exchange *ex = *con_cls;
	(void)cls;
	(void)connection;
	(void)url;
	if (ex == NULL) /* no memory when the request line came */
		return MHD_NO;
	if (ex->stage == TS_STAGE_HEAD)
		return intake_head(ex, method, version);
	if (*upload_data_size > 0) {
		size_t len = *upload_data_size;
		*upload_data_size = 0;
		return intake_body(ex, upload_data, len);
	}
	return ex->stage == TS_STAGE_HELD ? ts_reply_answer(ex) : intake_end(ex);
}
