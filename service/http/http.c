/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/http.h"

#include "service/clock.h"
#include "service/http/exchange.h"
#include "service/handler/openapi.h"
#include "service/http/tls.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION_MEMORY_BYTES 32768 /* more than the guard allows, so that it is who refuses */
#define STOP_ANSWER_MS 3000 /* after the drain: for the last answers to be sent */
#define STOP_WORKER_MS 2000

/* The request line is complete: the exchange begins. */
static void *on_request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct ts_http *http = cls;
	struct ts_peer *peer = ts_peer_of(connection);
	/* the first request's headers are due from the connection's start, later ones' from here */
	if (peer != NULL && peer->phase == TS_PEER_IDLE)
		ts_peer_arm(http, peer, TS_PEER_HEADER);
	return ts_exchange_create(http, connection, peer, ts_str(uri));
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
	enum MHD_RequestTerminationCode code)
{
	struct ts_http *http = cls;
	struct ts_exchange *ex = *con_cls;
	(void)connection;
	(void)code;
	if (ex == NULL)
		return;
	*con_cls = NULL;
	ts_reply_log(ex);
	ts_peer_arm(http, ex->peer, TS_PEER_IDLE);
	if (ex->counted)
		atomic_fetch_sub(&http->unsent, 1);
	ts_exchange_unref(ex);
}

/* Escapes stay as they are: routes are matched on the target as sent, decoded strictly by us. */
static size_t no_unescape(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_library_log(
	void *cls, const char *format, va_list args)
{
	struct ts_http *http = cls;
	char text[512];
	(void)vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	TS_LOG(http->options.log, TS_LOG_DEBUG, "libmicrohttpd", TS_LOG_TEXT("text", text));
}

static enum ts_err start_daemon(
	struct ts_http *http, int fd, const struct ts_tls *tls, struct ts_why *why)
{
	const struct ts_config *config = http->config;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ERROR_LOG;
	size_t n = 0;
	struct MHD_OptionItem items[8];
	if (config->http_threads > 1)
		items[n++] = (struct MHD_OptionItem){
			MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)config->http_threads, NULL};
	if (config->connections_per_ip_max > 0)
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
			(intptr_t)config->connections_per_ip_max, NULL};
	if (tls->cert != NULL) {
		static char priorities[] = TS_TLS_PRIORITIES;
		flags |= MHD_USE_TLS;
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, tls->cert};
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key};
		items[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, priorities};
	}
	items[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	http->daemon = MHD_start_daemon(flags, 0, NULL, NULL, ts_intake, http,
		MHD_OPTION_EXTERNAL_LOGGER, on_library_log, (void *)http, /* first: it tells why */
		MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd, /* bound by us */
		MHD_OPTION_URI_LOG_CALLBACK, on_request_line, (void *)http,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, (void *)http,
		MHD_OPTION_NOTIFY_CONNECTION, ts_peer_notify, (void *)http,
		MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, NULL, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)config->connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
		0u, /* the reaper's deadlines count */
		MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	if (http->daemon == NULL)
		return ts_why(why, TS_E_UNAVAILABLE, "listen", "the HTTP server did not start");
	http->tls = tls->cert != NULL;
	return TS_OK;
}

static void http_free(struct ts_http *http)
{
	for (size_t i = 0; i < TS_CLASS_COUNT; i++)
		ts_queue_free(http->queues[i]);
	ts_auth_free(http->auth);
	ts_rate_free(http->rate);
	ts_buf_free(&http->openapi);
	pthread_cond_destroy(&http->reaper_wake);
	pthread_mutex_destroy(&http->lock);
	if (http->listen_fd >= 0)
		(void)close(http->listen_fd);
	free(http);
}

static struct ts_http *http_create(const struct ts_http_options *options)
{
	struct ts_http *http = calloc(1, sizeof(*http));
	pthread_condattr_t attr;
	if (http == NULL)
		return NULL;
	http->options = *options;
	http->config = options->config;
	http->listen_fd = -1;
	TS_ASSERT(pthread_condattr_init(&attr) == 0);
	TS_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	TS_ASSERT(pthread_cond_init(&http->reaper_wake, &attr) == 0);
	TS_ASSERT(pthread_mutex_init(&http->lock, NULL) == 0);
	pthread_condattr_destroy(&attr);
	ts_buf_init(&http->openapi, TS_OPENAPI_BYTES_MAX);
	return http;
}

static enum ts_err http_prepare(struct ts_http *http, struct ts_why *why)
{
	const struct ts_config *config = http->config;
	const int64_t waiting[TS_CLASS_COUNT] = {[TS_CLASS_READ] = config->queue_read_max,
		[TS_CLASS_WORK] = config->queue_work_max,
		[TS_CLASS_INGEST] = config->queue_ingest_max};
	TS_TRY(ts_config_check(config, why));
	TS_TRY(ts_route_check(http->options.tables, why));
	TS_TRY(ts_openapi_write(http->options.tables, http->options.version, &http->openapi));
	http->auth = ts_auth_create(
		http->options.hooks.lookup, http->options.hooks.app, config->token_cache_ms);
	http->rate = ts_rate_create(config->rate_per_s, config->rate_burst, config->in_flight_max);
	bool made = http->auth != NULL && http->rate != NULL;
	for (size_t i = 0; i < TS_CLASS_COUNT && made; i++) {
		http->queues[i] = ts_queue_create((size_t)waiting[i]);
		made = http->queues[i] != NULL;
	}
	return made ? TS_OK : TS_E_NO_MEMORY;
}

static void stop_workers(struct ts_http *http)
{
	for (size_t i = 0; i < TS_CLASS_COUNT; i++)
		ts_queue_close(http->queues[i]);
	if (http->workers != NULL)
		http->workers_stuck = !ts_workers_stop(http->workers, STOP_WORKER_MS);
}

static enum ts_err start_threads(struct ts_http *http, struct ts_why *why)
{
	const struct ts_config *config = http->config;
	const int64_t counts[TS_CLASS_COUNT] = {[TS_CLASS_READ] = config->read_workers,
		[TS_CLASS_WORK] = config->work_workers,
		[TS_CLASS_INGEST] = config->ingest_workers};
	const struct ts_worker_jobs jobs = {.arg = http, .run = ts_exchange_run};
	TS_TRY(ts_workers_start(&http->options.hooks, &jobs, http->queues, counts,
		(size_t)config->ingest_group_max, &http->workers, why));
	enum ts_err err = ts_reaper_start(http, why);
	if (err != TS_OK)
		stop_workers(http);
	return err;
}

static enum ts_err start_listening(struct ts_http *http, struct ts_why *why)
{
	const struct ts_config *config = http->config;
	struct ts_tls tls = {NULL, NULL};
	int fd = -1;
	if (config->tls_cert[0] != '\0')
		TS_TRY(ts_tls_load(config->tls_cert, config->tls_key, &tls, why));
	enum ts_err err = ts_listen_open(config->listen, &fd, &http->port, why);
	if (err == TS_OK)
		err = start_daemon(http, fd, &tls, why); /* takes fd, also when it fails */
	ts_tls_free(&tls); /* the daemon has parsed it */
	return err;
}

enum ts_err ts_http_start(
	const struct ts_http_options *options, struct ts_http **out, struct ts_why *why)
{
	TS_ASSERT(sodium_init() >= 0);
	struct ts_http *http = http_create(options);
	if (http == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = http_prepare(http, why);
	if (err == TS_OK)
		err = start_threads(http, why);
	if (err == TS_OK) {
		err = start_listening(http, why);
		if (err != TS_OK) {
			ts_reaper_stop(http);
			stop_workers(http);
		}
	}
	if (err == TS_OK)
		*out = http;
	else if (!http->workers_stuck)
		http_free(http);
	return err;
}

static void sleep_ms(int64_t ms)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
	(void)nanosleep(&ts, NULL);
}

static void wait_unsent(struct ts_http *http, int64_t wait_ms)
{
	int64_t until_us = ts_clock_mono_us() + wait_ms * 1000;
	while (atomic_load(&http->unsent) > 0 && ts_clock_mono_us() < until_us)
		sleep_ms(5);
}

enum ts_err ts_http_stop(struct ts_http *http, int64_t drain_ms)
{
	atomic_store(&http->unready, true);
	atomic_store(&http->draining, true);
	http->listen_fd = MHD_quiesce_daemon(http->daemon);
	wait_unsent(http, drain_ms);
	int64_t until_us = ts_clock_mono_us() + STOP_ANSWER_MS * 1000;
	pthread_mutex_lock(&http->lock);
	http->closed = true;
	pthread_mutex_unlock(&http->lock);
	do { /* one that was counted before `closed` may still be on its way to the held list */
		ts_exchange_expire(http, 0, true);
		wait_unsent(http, 50);
	} while (atomic_load(&http->unsent) > 0 && ts_clock_mono_us() < until_us);
	ts_reaper_stop(http);
	/* A suspended connection would abort the process in MHD_stop_daemon: none is left, because
	 * no exchange is held, and only a held one is suspended. */
	MHD_stop_daemon(http->daemon);
	TS_ASSERT(http->held == NULL);
	stop_workers(http);
	if (http->workers_stuck)
		return TS_E_UNKNOWN_OUTCOME;
	http_free(http);
	return TS_OK;
}

uint16_t ts_http_port(const struct ts_http *http)
{
	return http->port;
}

void ts_http_unready(struct ts_http *http)
{
	atomic_store(&http->unready, true);
}

bool ts_http_ready(struct ts_http *http)
{
	const int64_t waiting[TS_CLASS_COUNT] = {[TS_CLASS_READ] = http->config->queue_read_max,
		[TS_CLASS_WORK] = http->config->queue_work_max,
		[TS_CLASS_INGEST] = http->config->queue_ingest_max};
	for (size_t i = 0; i < TS_CLASS_COUNT; i++)
		if ((int64_t)ts_queue_depth(http->queues[i]) * 5 > waiting[i] * 4)
			return false;
	return !atomic_load(&http->unready);
}

bool ts_http_alive(struct ts_http *http)
{
	return ts_clock_mono_us() - atomic_load(&http->reaper_beat_us) < 30 * INT64_C(1000000);
}

void ts_http_sample(struct ts_http *http)
{
	struct ts_metrics *metrics = http->options.metrics;
	char label[32];
	pthread_mutex_lock(&http->lock);
	int64_t peers = (int64_t)http->peers_n;
	int64_t held = (int64_t)http->held_n;
	pthread_mutex_unlock(&http->lock);
	ts_metrics_set(metrics, TS_METRIC_CONNECTIONS, "", peers);
	ts_metrics_set(metrics, TS_METRIC_REQUESTS_HELD, "", held);
	ts_metrics_set(metrics, TS_METRIC_BODY_BYTES, "", (int64_t)atomic_load(&http->body_bytes));
	for (size_t i = 0; i < TS_CLASS_COUNT; i++) {
		(void)snprintf(
			label, sizeof(label), "class=\"%s\"", ts_class_name((enum ts_class)i));
		ts_metrics_set(metrics, TS_METRIC_QUEUE_DEPTH, label,
			(int64_t)ts_queue_depth(http->queues[i]));
	}
}

void ts_http_forget_tokens(struct ts_http *http)
{
	ts_auth_forget(http->auth);
}

struct ts_str ts_http_openapi(const struct ts_http *http)
{
	return (struct ts_str){http->openapi.data, http->openapi.len};
}
