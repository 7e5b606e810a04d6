/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/client.h"
#include "base/json.h"
#include "importers/send.h"
#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES_MAX (64u << 20)

struct ts_client {
	struct ts_send *send;
};

enum ts_err ts_client_create(
	const char *url, const char *token, struct ts_client **out, struct ts_why *why)
{
	if (!url)
		url = getenv("TALLYSTICK_URL");
	if (!url || !url[0])
		url = TS_CLIENT_URL_DEFAULT;
	if (!token)
		token = getenv("TALLYSTICK_TOKEN");
	struct ts_client *client = calloc(1, sizeof(*client));
	if (!client)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_send_create(url, token, &client->send, why);
	if (err != TS_OK) {
		free(client);
		return err;
	}
	*out = client;
	return TS_OK;
}

void ts_client_free(struct ts_client *client)
{
	if (!client)
		return;
	ts_send_free(client->send);
	free(client);
}

void ts_client_cleanup(struct ts_client **client)
{
	ts_client_free(*client);
	*client = NULL;
}

const char *ts_client_url(const struct ts_client *client)
{
	return ts_send_base(client->send);
}

enum ts_err ts_client_call(struct ts_client *client, const struct ts_client_call *call,
	struct ts_buf *out, long *status, struct ts_why *why)
{
	bool get = strcmp(call->method, "GET") == 0;
	const struct ts_send_call wire = {
		.method = call->method,
		.path = call->path,
		.content_type = call->content_type ? call->content_type : "application/json",
		.accept = call->accept,
		.idempotency_key = call->idempotency_key,
		.body = call->body,
		.body_len = call->body_len,
		.file = call->file,
		.repeatable = get || call->idempotency_key,
	};
	struct ts_send_reply reply;
	if (status)
		*status = 0;
	TS_TRY(ts_send_call(client->send, &wire, out, &reply, why));
	if (status)
		*status = reply.status;
	if (reply.status >= 200 && reply.status < 300)
		return TS_OK;
	return ts_send_problem(out, reply.status, call->path, why);
}

static enum ts_err call_json(
	struct ts_client *client, struct ts_client_call *call, json_t **out, struct ts_why *why)
{
	struct ts_buf answer __attribute__((cleanup(ts_buf_free)));
	ts_buf_init(&answer, ANSWER_BYTES_MAX);
	call->accept = "application/json";
	TS_TRY(ts_client_call(client, call, &answer, NULL, why));
	if (!out)
		return TS_OK;
	if (answer.len == 0) {
		*out = json_null();
		return TS_OK;
	}
	return ts_json_parse(answer.data, answer.len, out, why);
}

enum ts_err ts_client_get(
	struct ts_client *client, const char *path, json_t **out, struct ts_why *why)
{
	struct ts_client_call call = {.method = "GET", .path = path};
	return call_json(client, &call, out, why);
}

enum ts_err ts_client_post(struct ts_client *client, const char *path, const json_t *body,
	const char *idempotency_key, json_t **out, struct ts_why *why)
{
	struct ts_client_call call = {
		.method = "POST", .path = path, .idempotency_key = idempotency_key};
	char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	if (body && !text)
		return TS_E_NO_MEMORY;
	call.body = text;
	call.body_len = text ? strlen(text) : 0;
	enum ts_err err = call_json(client, &call, out, why);
	free(text);
	return err;
}

enum ts_err ts_client_post_text(struct ts_client *client, const char *path, const char *text,
	size_t len, json_t **out, struct ts_why *why)
{
	struct ts_client_call call = {.method = "POST",
		.path = path,
		.content_type = "text/plain; charset=utf-8",
		.body = text,
		.body_len = len};
	return call_json(client, &call, out, why);
}

enum ts_err ts_client_get_bytes(struct ts_client *client, const char *path, const char *accept,
	struct ts_buf *out, struct ts_why *why)
{
	const struct ts_client_call call = {.method = "GET", .path = path, .accept = accept};
	return ts_client_call(client, &call, out, NULL, why);
}

enum ts_err ts_client_get_file(
	struct ts_client *client, const char *path, FILE *file, struct ts_why *why)
{
	struct ts_buf problem __attribute__((cleanup(ts_buf_free)));
	const struct ts_client_call call = {.method = "GET", .path = path, .file = file};
	ts_buf_init(&problem, ANSWER_BYTES_MAX);
	return ts_client_call(client, &call, &problem, NULL, why);
}

void ts_client_escape(struct ts_buf *out, const char *text)
{
	for (; *text; text++) {
		char c = *text;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '.' || c == '_' || c == '~')
			ts_buf_putc(out, c);
		else
			ts_buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}
