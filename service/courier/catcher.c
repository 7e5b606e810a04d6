/* SPDX-License-Identifier: Apache-2.0 */
#include "service/courier/catcher.h"
#include "service/clock.h"
#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES_MAX (1u << 20)
#define SHOWN_BYTES_MAX 4096
#define US_PER_S 1000000

struct server {
	const struct ts_catcher *catcher;
	pthread_mutex_t lock;
	pthread_cond_t came;
	int64_t n, bad;
};

struct caught {
	struct ts_buf body;
	bool answered;
};

/* Printed for people: no byte of a stranger's moves their terminal. */
static void print_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len && i < SHOWN_BYTES_MAX; i++)
		putchar(text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?');
	printf("\n");
}

static struct ts_str header(struct MHD_Connection *connection, const char *name)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
	return ts_str(value != NULL ? value : "");
}

static enum ts_err verify(const struct ts_catcher *catcher, struct MHD_Connection *connection,
	const struct ts_buf *body, struct ts_why *why)
{
	struct ts_webhook_message message = {
		.id = header(connection, "webhook-id"), .body = {body->data, body->len}};
	if (ts_text_u63(header(connection, "webhook-timestamp"), &message.time_s) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "webhook-timestamp", "is absent or no number");
	return ts_webhook_verify(&message, header(connection, "webhook-signature"),
		(struct ts_str){(const char *)catcher->secret, catcher->secret_len},
		ts_clock_now_us() / US_PER_S, why);
}

static enum MHD_Result answer(
	struct server *server, struct MHD_Connection *connection, const struct ts_buf *body)
{
	struct ts_why why = {"", ""};
	bool good = verify(server->catcher, connection, body, &why) == TS_OK;
	struct ts_str id = header(connection, "webhook-id");
	struct MHD_Response *response = MHD_create_response_from_buffer(
		0, NULL, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result = MHD_queue_response(
		connection, good ? server->catcher->status : 401, response);
	MHD_destroy_response(response);
	pthread_mutex_lock(&server->lock);
	printf("%s ", good ? "verified" : "BAD");
	print_text(id.at, id.len);
	if (!good)
		printf("  %s: %s\n", why.where, why.text);
	printf("  ");
	print_text(body->data, body->len);
	fflush(stdout);
	server->bad += !good;
	pthread_mutex_unlock(&server->lock);
	return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **con_cls)
{
	struct caught *caught = *con_cls;
	(void)url;
	(void)version;
	if (caught == NULL) {
		caught = strcmp(method, "POST") == 0 ? calloc(1, sizeof *caught) : NULL;
		if (caught == NULL)
			return MHD_NO;
		ts_buf_init(&caught->body, BODY_BYTES_MAX);
		*con_cls = caught;
		return MHD_YES;
	}
	if (*len > 0) {
		ts_buf_put(&caught->body, data, *len);
		*len = 0;
		return caught->body.err == TS_OK ? MHD_YES : MHD_NO;
	}
	caught->answered = true;
	return answer(cls, connection, &caught->body);
}

/* Counted when the answer is out: the end of the program must not cut it off. */
static void on_end(void *cls, struct MHD_Connection *connection, void **con_cls,
	enum MHD_RequestTerminationCode code)
{
	struct server *server = cls;
	struct caught *caught = *con_cls;
	(void)connection;
	(void)code;
	if (caught == NULL)
		return;
	if (caught->answered) {
		pthread_mutex_lock(&server->lock);
		server->n++;
		pthread_cond_signal(&server->came);
		pthread_mutex_unlock(&server->lock);
	}
	ts_buf_free(&caught->body);
	free(caught);
	*con_cls = NULL;
}

enum ts_err ts_catcher_run(const struct ts_catcher *catcher, struct ts_why *why)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons(catcher->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct server server = {.catcher = catcher};
	pthread_mutex_init(&server.lock, NULL);
	pthread_cond_init(&server.came, NULL);
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, catcher->port,
		NULL, NULL, on_request, &server, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
		MHD_OPTION_NOTIFY_COMPLETED, on_end, &server, MHD_OPTION_CONNECTION_TIMEOUT, 10u,
		MHD_OPTION_END);
	if (daemon == NULL)
		return ts_why(why, TS_E_UNAVAILABLE, "--port", "cannot listen on 127.0.0.1:%u",
			catcher->port);
	printf("listening on http://127.0.0.1:%u/\n", catcher->port);
	fflush(stdout);
	pthread_mutex_lock(&server.lock);
	while (catcher->count == 0 || server.n < catcher->count)
		pthread_cond_wait(&server.came, &server.lock);
	pthread_mutex_unlock(&server.lock);
	MHD_stop_daemon(daemon);
	pthread_cond_destroy(&server.came);
	pthread_mutex_destroy(&server.lock);
	return server.bad == 0 ? TS_OK
			       : ts_why(why, TS_E_SIGNATURE, "webhook-signature",
					 "%lld of %lld messages did not verify",
					 (long long)server.bad, (long long)server.n);
}
