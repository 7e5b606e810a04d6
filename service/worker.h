/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_WORKER_H
#define TS_SERVICE_WORKER_H
/* Why: blocking work runs on worker threads, never on the HTTP threads; each worker owns one
 * context (one database connection with its prepared statements) that no other thread touches. */
#include "service/http/auth.h"
#include "service/queue.h"
#include "service/http/route.h"

struct ts_worker_hooks {
	void *app; /* handed to every handler as req->app */
	/* Called by the worker's own thread before its first request and again, at most once a
	 * second, while it fails: its requests then get the error (a database that is down:
	 * TS_E_UNAVAILABLE). NULL: workers have no context. */
	enum ts_err (*open)(void *app, enum ts_class cls, void **worker, struct ts_why *why);
	void (*close)(void *app, void *worker);
	/* Called about once a second by an idle worker: keep-alive, reconnect. May be NULL. */
	void (*idle)(void *app, void *worker);
	ts_token_lookup lookup; /* NULL: no token is known */
};

struct ts_workers;
struct ts_http;
/* Starts n[cls] threads per class over the queues. run_* are given by the HTTP side. */
struct ts_worker_jobs {
	void *arg;
	/* Runs items[0..n): all of one group, or n == 1. context is NULL when open failed, with the
	 * reason in err and why. */
	void (*run)(void *arg, void *context, enum ts_err err, const struct ts_why *why,
		struct ts_queue_item **items, size_t n);
};
enum ts_err ts_workers_start(const struct ts_worker_hooks *hooks, const struct ts_worker_jobs *jobs,
	struct ts_queue *const queues[TS_CLASS_COUNT], const int64_t counts[TS_CLASS_COUNT],
	size_t group_max, struct ts_workers **out, struct ts_why *why) TS_MUST;
/* Close the queues first. Waits up to wait_ms for all threads; false when one is still held by its
 * handler: the process must then end without freeing what the thread uses. */
bool ts_workers_stop(struct ts_workers *workers, int64_t wait_ms) TS_MUST;

#endif
