/* SPDX-License-Identifier: Apache-2.0 */
#include "service/courier/courier_send.h"
#include "service/courier/callee.h"
#include "service/clock.h"
#include "service/courier/webhook.h"
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 5000L
#define TIMEOUT_MS 15000L
#define ANSWER_BYTES_MAX 65536 /* read and dropped; more ends the transfer */
#define POLL_MS 200
#define HEADER_MAX 1024
#define US_PER_S 1000000

struct transfer {
	struct ts_courier_item *item;
	CURL *curl;
	struct curl_slist *headers;
	bool https, loopback, refused;
	size_t answer_bytes;
	char curl_error[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	(void)data;
	t->answer_bytes += size * count;
	return t->answer_bytes <= ANSWER_BYTES_MAX ? size * count : 0;
}

/* The one place where an address turns into a connection. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = ctx;
	if (purpose != CURLSOCKTYPE_IPCXN ||
		!ts_callee_allowed(&address->addr, t->https, t->loopback)) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool add_header(struct transfer *t, const char *name, const char *value)
{
	char line[HEADER_MAX];
	int len = snprintf(line, sizeof line, "%s: %s", name, value);
	struct curl_slist *next =
		len > 0 && (size_t)len < sizeof line ? curl_slist_append(t->headers, line) : NULL;
	if (next != NULL)
		t->headers = next;
	return next != NULL;
}

static bool add_headers(struct transfer *t)
{
	const struct ts_db_delivery *d = &t->item->delivery;
	const struct ts_webhook_message message = {
		ts_str(d->message_id), ts_clock_now_us() / US_PER_S, ts_str(d->body)};
	char time[32];
	struct ts_buf signatures;
	ts_buf_init(&signatures, HEADER_MAX);
	ts_webhook_sign(&message, d->secret, &signatures);
	if (d->old_secret.at != NULL)
		ts_webhook_sign(&message, d->old_secret, &signatures);
	snprintf(time, sizeof time, "%lld", (long long)message.time_s);
	bool ok = signatures.err == TS_OK && add_header(t, "Content-Type", "application/json") &&
		  add_header(t, "User-Agent", "tallystick/0.1") &&
		  add_header(t, "webhook-id", d->message_id) &&
		  add_header(t, "webhook-timestamp", time) &&
		  add_header(t, "webhook-signature", ts_buf_str(&signatures));
	ts_buf_free(&signatures);
	return ok;
}

static bool set_up(struct transfer *t, struct ts_courier_item *item, bool loopback)
{
	const char *body = item->delivery.body;
	*t = (struct transfer){.item = item,
		.https = strncmp(item->delivery.url, "https:", 6) == 0,
		.loopback = loopback,
		.curl = curl_easy_init()};
	if (t->curl == NULL || !add_headers(t))
		return false;
	curl_easy_setopt(t->curl, CURLOPT_URL, item->delivery.url);
	curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, loopback ? "http,https" : "https");
	curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(t->curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(t->curl, CURLOPT_QUICK_EXIT, 1L); /* a stop does not wait for a resolver */
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
	curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->curl_error);
	curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
	return true;
}

static void finish(struct transfer *t, CURLcode code)
{
	struct ts_courier_item *item = t->item;
	long status = 0;
	item->given_up = false;
	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	item->status = (int32_t)status;
	item->error[0] = '\0';
	if (t->refused && status == 0)
		snprintf(item->error, sizeof item->error,
			"the host's address is not public: it was not called");
	else if (status == 0 || (code != CURLE_OK && code != CURLE_WRITE_ERROR))
		snprintf(item->error, sizeof item->error, "%.190s",
			t->curl_error[0] != '\0' ? t->curl_error : curl_easy_strerror(code));
	else if (status < 200 || status > 299)
		snprintf(item->error, sizeof item->error, "answered %ld%s", status,
			status >= 300 && status < 400 ? ": redirects are not followed" : "");
}

static void drive(CURLM *multi, bool (*stopping)(void *), void *arg)
{
	int running = 1, left = 0;
	while (running > 0 && !stopping(arg)) {
		CURLMsg *message = NULL;
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			return;
		while ((message = curl_multi_info_read(multi, &left)) != NULL) {
			char *own = NULL;
			if (message->msg != CURLMSG_DONE ||
				curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &own) !=
					CURLE_OK)
				continue;
			finish((struct transfer *)(void *)own, message->data.result);
		}
		if (running > 0 && curl_multi_poll(multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
			return;
	}
}

enum ts_err ts_courier_send(struct ts_courier_item *items, size_t n, bool loopback,
	bool (*stopping)(void *), void *arg, struct ts_why *why)
{
	struct transfer transfers[TS_COURIER_ROUND_MAX] = {{0}};
	CURLM *multi = curl_multi_init();
	bool ok = multi != NULL;
	TS_ASSERT(n <= TS_COURIER_ROUND_MAX);
	for (size_t i = 0; i < n; i++)
		items[i].given_up = true; /* until its end is seen */
	for (size_t i = 0; i < n && ok; i++)
		ok = set_up(&transfers[i], &items[i], loopback) &&
		     curl_multi_add_handle(multi, transfers[i].curl) == CURLM_OK;
	if (ok)
		drive(multi, stopping, arg);
	for (size_t i = 0; i < n; i++) {
		if (transfers[i].curl != NULL) {
			(void)curl_multi_remove_handle(multi, transfers[i].curl);
			curl_easy_cleanup(transfers[i].curl);
		}
		curl_slist_free_all(transfers[i].headers);
	}
	(void)curl_multi_cleanup(multi);
	return ok ? TS_OK : ts_why(why, TS_E_NO_MEMORY, "webhook", "cannot set up a transfer");
}
