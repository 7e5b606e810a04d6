/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_HTTP_H
#define TS_SERVICE_HTTP_H
/* Why: the HTTP frame over libmicrohttpd: guard, route, limits, authentication, body in a bounded
 * buffer, queue, worker, answer. See docs/ARCHITECTURE.md for the life of a request. */
#include "service/config.h"
#include "service/http/request.h"
#include "service/http/route.h"
#include "service/worker.h"

struct ts_http_options {
	const struct ts_config *config; /* borrowed until ts_http_stop */
	struct ts_log *log; /* borrowed */
	struct ts_metrics *metrics; /* borrowed; may be NULL */
	const struct ts_route *const *tables; /* borrowed */
	struct ts_worker_hooks hooks; /* copied */
	const char *version; /* for the OpenAPI document */
};
struct ts_http;

/* Listens on config->listen and starts threads. Only one way back: ts_http_stop. */
enum ts_err ts_http_start(
	const struct ts_http_options *options, struct ts_http **out, struct ts_why *why) TS_MUST;
uint16_t ts_http_port(const struct ts_http *http);
/* Stops accepting, refuses new work with 503, waits up to drain_ms for what is held, answers the
 * rest with 503 or 504, stops and frees. TS_E_UNKNOWN_OUTCOME: a handler still runs; nothing is
 * freed and the process should _exit. */
enum ts_err ts_http_stop(struct ts_http *http, int64_t drain_ms) TS_MUST;
/* Readiness of the frame: not draining and every queue under 80 %. */
bool ts_http_ready(struct ts_http *http);
void ts_http_unready(struct ts_http *http); /* first step of a stop, for load balancers */
bool ts_http_alive(struct ts_http *http); /* the deadline thread has run within 30 s */
/* Writes gauges into the metrics: connections, queue depths, bytes held. */
void ts_http_sample(struct ts_http *http);
void ts_http_forget_tokens(struct ts_http *http); /* SIGHUP, or after a revocation */
/* The OpenAPI document, rendered at start. */
struct ts_str ts_http_openapi(const struct ts_http *http);

#endif
