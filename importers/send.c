/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/send.h"
#include "base/text.h"
#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define URL_MAX 2048
#define TOKEN_MAX 512
#define HEADER_MAX 1024

struct ts_send {
	CURL *curl;
	char base[URL_MAX]; /* what the user gave */
	char origin[URL_MAX]; /* scheme and host that the path is appended to */
	char socket[URL_MAX]; /* "" : TCP */
	char token[TOKEN_MAX];
};

/* What one transfer writes into. */
struct transfer {
	CURL *curl;
	FILE *file; /* of the call */
	bool file_failed;
	int64_t file_left; /* bytes that it may still take */
	bool file_full;
	struct ts_buf *out;
	struct ts_send_reply *reply;
};

const char *ts_send_base(const struct ts_send *send)
{
	return send->base;
}

static bool printable(const char *text)
{
	for (; *text; text++)
		if (*text <= 0x20 || *text > 0x7e)
			return false;
	return true;
}

static enum ts_err set_base(struct ts_send *send, const char *base, struct ts_why *why)
{
	size_t len = strlen(base);
	if (len >= URL_MAX || !printable(base))
		return ts_why(why, TS_E_INVALID, "url", "the url is too long or holds odd bytes");
	memcpy(send->base, base, len + 1);
	if (strncmp(base, "unix:/", 6) == 0) {
		memcpy(send->socket, base + 5, len - 4);
		memcpy(send->origin, "http://localhost", sizeof("http://localhost"));
		return TS_OK;
	}
	if (strncmp(base, "http://", 7) != 0 && strncmp(base, "https://", 8) != 0)
		return ts_why(why, TS_E_INVALID, "url",
			"\"%s\" is not http://, https:// or unix:/path", base);
	memcpy(send->origin, base, len + 1);
	while (len && send->origin[len - 1] == '/')
		send->origin[--len] = '\0';
	return TS_OK;
}

enum ts_err ts_send_create(
	const char *base, const char *token, struct ts_send **out, struct ts_why *why)
{
	struct ts_send *send = calloc(1, sizeof(*send));
	if (!send)
		return TS_E_NO_MEMORY;
	enum ts_err err = set_base(send, base, why);
	if (err == TS_OK && token) {
		size_t len = strlen(token);
		if (len >= TOKEN_MAX || !printable(token))
			err = ts_why(why, TS_E_INVALID, "token",
				"the token is too long or holds spaces or control bytes");
		else
			memcpy(send->token, token, len + 1);
	}
	if (err == TS_OK && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		err = ts_why(why, TS_E_INTERNAL, "libcurl", "initialisation failed");
	if (err == TS_OK) {
		send->curl = curl_easy_init();
		if (!send->curl)
			err = TS_E_NO_MEMORY;
	}
	if (err != TS_OK) {
		ts_send_free(send);
		return err;
	}
	*out = send;
	return TS_OK;
}

void ts_send_free(struct ts_send *send)
{
	if (!send)
		return;
	if (send->curl)
		curl_easy_cleanup(send->curl);
	explicit_bzero(send->token, sizeof(send->token));
	free(send);
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *transfer = ctx;
	long status = 0;
	if (transfer->file != NULL &&
		curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
		status >= 200 && status < 300) {
		transfer->file_full = (int64_t)(size * count) > transfer->file_left;
		if (transfer->file_full)
			return 0;
		transfer->file_left -= (int64_t)(size * count);
		size_t written = fwrite(data, 1, size * count, transfer->file);
		transfer->file_failed = written != size * count;
		return written;
	}
	ts_buf_put(transfer->out, data, size * count);
	return transfer->out->err == TS_OK ? size * count : 0;
}

static int on_progress(
	void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	const struct ts_send_call *call = ctx;
	(void)down_total, (void)down, (void)up_total, (void)up;
	return call->stopping(call->stopping_arg) ? 1 : 0;
}

/* Value of "name: value" in a header line when the name matches; trimmed. */
static bool header_value(
	const char *line, size_t len, const char *name, const char **value, size_t *value_len)
{
	size_t n = strlen(name);
	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	const char *at = line + n + 1;
	const char *end = line + len;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
		end--;
	*value = at;
	*value_len = (size_t)(end - at);
	return true;
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *transfer = ctx;
	struct ts_send_reply *reply = transfer->reply;
	size_t len = size * count;
	const char *value = NULL;
	size_t n = 0;
	if (header_value(data, len, "retry-after", &value, &n)) {
		int64_t seconds = 0;
		if (ts_text_u63((struct ts_str){value, n}, &seconds) == TS_OK)
			reply->retry_after_s = seconds > TS_SEND_RETRY_AFTER_S_MAX
						       ? TS_SEND_RETRY_AFTER_S_MAX
						       : (long)seconds;
	} else if (header_value(data, len, "date", &value, &n)) {
		char text[64];
		int wrote = snprintf(text, sizeof(text), "%.*s", (int)(n < 63 ? n : 63), value);
		time_t at = wrote > 0 ? curl_getdate(text, NULL) : -1;
		reply->date_s = at > 0 ? (int64_t)at : 0;
	} else if (header_value(data, len, "content-type", &value, &n)) {
		size_t i = 0;
		for (; i < n && i + 1 < sizeof(reply->content_type) && value[i] != ';'; i++)
			reply->content_type[i] = (char)tolower((unsigned char)value[i]);
		reply->content_type[i] = '\0';
	}
	return len;
}

static bool add_header(struct curl_slist **list, const char *name, const char *value, bool quoted)
{
	char line[HEADER_MAX];
	int n = snprintf(line, sizeof(line), quoted ? "%s: \"%s\"" : "%s: %s", name, value);
	if (n < 0 || (size_t)n >= sizeof(line))
		return false;
	struct curl_slist *next = curl_slist_append(*list, line);
	explicit_bzero(line, sizeof(line));
	if (!next)
		return false;
	*list = next;
	return true;
}

static bool add_headers(
	const struct ts_send *send, const struct ts_send_call *call, struct curl_slist **list)
{
	char bearer[TOKEN_MAX + 16];
	bool ok = add_header(list, "User-Agent", "tallystick/0.1", false);
	/* curl would wait a second for "100 Continue" before larger bodies. */
	struct curl_slist *next = ok ? curl_slist_append(*list, "Expect:") : NULL;
	ok = next != NULL;
	if (next)
		*list = next;
	if (ok && send->token[0]) {
		int n = snprintf(bearer, sizeof(bearer), "Bearer %s", send->token);
		ok = n > 0 && (size_t)n < sizeof(bearer) &&
		     add_header(list, "Authorization", bearer, false);
		explicit_bzero(bearer, sizeof(bearer));
	}
	if (ok && call->body)
		ok = add_header(list, "Content-Type",
			call->content_type ? call->content_type : "application/octet-stream",
			false);
	if (ok && call->accept)
		ok = add_header(list, "Accept", call->accept, false);
	if (ok && call->idempotency_key)
		ok = add_header(list, "Idempotency-Key", call->idempotency_key, true);
	return ok;
}

/* Options as a table would need a type per option; curl's own checks them at compile time. */
static void set_options(struct ts_send *send, const struct ts_send_call *call, const char *url,
	struct curl_slist *headers, struct transfer *transfer)
{
	CURL *curl = send->curl;
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
	if (call->file == NULL || call->timeout_s > 0) {
		curl_easy_setopt(curl, CURLOPT_TIMEOUT,
			call->timeout_s > 0 ? (long)call->timeout_s : (long)TS_SEND_TIMEOUT_S);
	} else { /* made before its first byte comes; then it must not stand still */
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)TS_SEND_STILL_S);
	}
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	if (call->stopping != NULL) {
		curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(curl, CURLOPT_XFERINFODATA, call);
		curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* nor for a resolver */
	}
	if (send->socket[0]) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, send->socket);
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	}
	if (call->body || strcmp(call->method, "POST") == 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body ? call->body : "");
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)(call->body ? call->body_len : 0));
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

static enum ts_err one_try(struct ts_send *send, const struct ts_send_call *call, const char *url,
	struct transfer *transfer, struct ts_why *why)
{
	struct curl_slist *headers = NULL;
	if (!add_headers(send, call, &headers)) {
		curl_slist_free_all(headers);
		return TS_E_NO_MEMORY;
	}
	ts_buf_reset(transfer->out);
	transfer->file_left = call->file_bytes_max ? call->file_bytes_max : INT64_MAX;
	if (call->file != NULL &&
		(fflush(call->file) != 0 || ftruncate(fileno(call->file), 0) != 0 ||
			fseek(call->file, 0, SEEK_SET) != 0))
		transfer->file_failed = true;
	*transfer->reply = (struct ts_send_reply){
		.retry_after_s = -1, .tries = transfer->reply->tries + 1};
	set_options(send, call, url, headers, transfer);
	CURLcode code = curl_easy_perform(send->curl);
	curl_slist_free_all(headers);
	if (transfer->file_full)
		return ts_why(why, TS_E_LIMIT, call->path, "the answer is longer than %lld bytes",
			(long long)call->file_bytes_max);
	if (transfer->file_failed)
		return ts_why(why, TS_E_IO, call->path, "the answer can't be written");
	if (transfer->out->err != TS_OK)
		return ts_why(why, transfer->out->err, call->path,
			"the answer is longer than %zu bytes", transfer->out->len_max);
	if (code == CURLE_OK) {
		curl_easy_getinfo(send->curl, CURLINFO_RESPONSE_CODE, &transfer->reply->status);
		return TS_OK;
	}
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return ts_why(why, TS_E_UNKNOWN_OUTCOME, send->base,
			"%s %s: given up: this process stops", call->method, call->path);
	bool unreached = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
			 code == CURLE_COULDNT_RESOLVE_PROXY ||
			 code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR;
	return ts_why(why, unreached ? TS_E_UNAVAILABLE : TS_E_UNKNOWN_OUTCOME, send->base,
		"%s %s: %s", call->method, call->path, curl_easy_strerror(code));
}

static bool stopping(const struct ts_send_call *call)
{
	return call->stopping != NULL && call->stopping(call->stopping_arg);
}

static bool worth_repeating(enum ts_err err, const struct ts_send_reply *reply)
{
	if (err == TS_E_UNAVAILABLE || err == TS_E_UNKNOWN_OUTCOME)
		return true;
	return err == TS_OK && (reply->status == 429 || reply->status == 502 ||
				       reply->status == 503 || reply->status == 504);
}

static void pause_ms(int64_t ms)
{
	struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000L};
	while (nanosleep(&left, &left) != 0)
		continue;
}

enum ts_err ts_send_call(struct ts_send *send, const struct ts_send_call *call, struct ts_buf *out,
	struct ts_send_reply *reply, struct ts_why *why)
{
	char url[2 * URL_MAX];
	int n = snprintf(url, sizeof(url), "%s%s", send->origin, call->path);
	if (n < 0 || (size_t)n >= sizeof(url))
		return ts_why(why, TS_E_URI, "path", "longer than %zu bytes", sizeof(url) - 1);
	*reply = (struct ts_send_reply){.retry_after_s = -1};
	struct transfer transfer = {
		.curl = send->curl, .file = call->file, .out = out, .reply = reply};
	int tries_max = call->repeatable ? TS_SEND_TRIES_MAX : 1;
	int64_t wait_ms = 200;
	for (int i = 1;; i++) {
		if (stopping(call))
			return ts_why(why, TS_E_UNKNOWN_OUTCOME, send->base,
				"%s %s: not tried again: this process stops", call->method,
				call->path);
		enum ts_err err = one_try(send, call, url, &transfer, why);
		if (i >= tries_max || !worth_repeating(err, reply) || stopping(call))
			return err;
		pause_ms(
			reply->retry_after_s >= 0 ? (int64_t)reply->retry_after_s * 1000 : wait_ms);
		wait_ms *= 2;
	}
}
