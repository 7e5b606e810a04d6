/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/exchange.h"

#include "service/clock.h"
#include "service/http/problem.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMALL_ANSWER_BYTES ((size_t)65536) /* not worth counting */
#define TOKENS_PER_BUDGET 4 /* that fill it together */

struct ts_exchange *ts_exchange_create(struct ts_http *http, struct MHD_Connection *connection,
	struct ts_peer *peer, struct ts_str target)
{
	struct ts_exchange *ex = calloc(1, sizeof(*ex));
	uint8_t raw[TS_REQUEST_ID_CHARS / 2];
	if (ex == NULL)
		return NULL;
	ex->req.region = ts_region_create((size_t)http->config->region_bytes_max);
	const char *copy = ex->req.region != NULL
				   ? ts_region_copy(ex->req.region, target.at, target.len)
				   : NULL;
	if (copy == NULL) {
		ts_region_free(ex->req.region);
		free(ex);
		return NULL;
	}
	ex->http = http;
	ex->connection = connection;
	ex->peer = peer;
	atomic_init(&ex->refs, 1);
	atomic_init(&ex->state, TS_STATE_WAITING);
	ex->start_us = ts_clock_mono_us();
	randombytes_buf(raw, sizeof(raw));
	ts_text_hex(raw, sizeof(raw), ex->req.id);
	ex->req.target = (struct ts_str){copy, target.len};
	struct ts_str rest = ex->req.target;
	ex->path = ts_str_cut(&rest, '?');
	ex->req.principal = &ex->principal;
	ex->req.app = http->options.hooks.app;
	ex->req.http = http;
	ex->req.log = http->options.log;
	ex->req.metrics = http->options.metrics;
	ex->req.now_us = ts_clock_now_us();
	ex->req.deadline_mono_us = ex->start_us + http->config->request_deadline_ms * 1000;
	ts_buf_init(&ex->refusal, TS_PROBLEM_BYTES_MAX);
	ex->res.fd = -1;
	ts_buf_init(&ex->res.body, (size_t)http->config->response_bytes_max);
	return ex;
}

void ts_exchange_unref(struct ts_exchange *ex)
{
	if (atomic_fetch_sub(&ex->refs, 1) != 1)
		return;
	if (ex->rated)
		ts_rate_leave(ex->http->rate, ex->principal.token_id, ex->answered_token);
	atomic_fetch_sub(&ex->http->answer_bytes, (long long)ex->answered);
	atomic_fetch_sub(&ex->http->body_bytes, (long long)ex->reserved);
	if (ex->authorization.at != NULL)
		sodium_memzero((char *)(uintptr_t)ex->authorization.at, ex->authorization.len);
	ts_buf_free(&ex->refusal);
	ts_buf_free(&ex->res.body);
	if (ex->res.fd >= 0) /* an answer that was never sent */
		(void)close(ex->res.fd);
	ts_region_free(ex->req.region);
	free(ex->body);
	free(ex);
}

void ts_exchange_count(struct ts_exchange *ex)
{
	if (!ex->counted)
		atomic_fetch_add(&ex->http->unsent, 1);
	ex->counted = true;
}

bool ts_exchange_reserve(struct ts_exchange *ex, size_t bytes)
{
	long long held = atomic_load(&ex->http->body_bytes);
	do {
		if (held + (long long)bytes > ex->http->config->body_budget_bytes)
			return false;
	} while (!atomic_compare_exchange_weak(
		&ex->http->body_bytes, &held, held + (long long)bytes));
	ex->reserved += bytes;
	return true;
}

enum ts_err ts_exchange_grow(struct ts_exchange *ex, size_t need)
{
	size_t cap = ex->body_cap;
	while (cap < need)
		cap = cap > ex->body_max / 2 ? ex->body_max : cap * 2;
	char *body = realloc(ex->body, cap);
	if (body == NULL)
		return TS_E_NO_MEMORY;
	ex->body = body;
	ex->body_cap = cap;
	return TS_OK;
}

enum ts_err ts_exchange_admit(struct ts_exchange *ex)
{
	ex->authenticated = true;
	if (ex->rated)
		return TS_OK;
	enum ts_err err = ts_rate_enter(
		ex->http->rate, ex->principal.token_id, ts_clock_mono_us(), &ex->rate);
	if (err != TS_OK)
		return ts_why(&ex->why, err, "",
			"more than %lld requests at once, or %lld under way",
			(long long)ex->http->config->rate_burst,
			(long long)ex->http->config->in_flight_max);
	ex->rated = true;
	return TS_OK;
}

static void held_unlink(struct ts_exchange *ex)
{
	struct ts_http *http = ex->http;
	if (ex->prev != NULL)
		ex->prev->next = ex->next;
	else
		http->held = ex->next;
	if (ex->next != NULL)
		ex->next->prev = ex->prev;
	TS_ASSERT(http->held_n > 0);
	http->held_n--;
}

static bool state_change(
	struct ts_exchange *ex, enum ts_exchange_state from, enum ts_exchange_state to)
{
	int expected = (int)from;
	return atomic_compare_exchange_strong(&ex->state, &expected, (int)to);
}

/* An answer stays until its reader has taken it, who may take his time: those that are large share
 * a budget, of which one token gets a part. Only of reads: what was done is not to be asked again.
 */
static enum ts_err hold_answer(struct ts_exchange *ex)
{
	struct ts_http *http = ex->http;
	size_t bytes = ex->res.body.cap + ts_region_used_bytes(ex->req.region);
	long long most = http->config->answer_budget_bytes;
	if (ex->req.method != TS_GET || bytes <= SMALL_ANSWER_BYTES)
		return TS_OK;
	bool fits = !ex->rated || ts_rate_hold(http->rate, ex->principal.token_id, bytes,
					  (size_t)most / TOKENS_PER_BUDGET);
	if (fits && ex->rated)
		ex->answered_token = bytes;
	if (fits) {
		ex->answered = bytes;
		fits = atomic_fetch_add(&http->answer_bytes, (long long)bytes) + (long long)bytes <=
		       most;
	}
	if (fits)
		return TS_OK;
	ts_buf_free(&ex->res.body);
	return ts_why(&ex->why, TS_E_UNAVAILABLE, "",
		"too many bytes of answers wait for their readers: take those first");
}

/* The worker's end of an exchange: answers it unless the deadline did, and lets go of it. */
static void exchange_finish(struct ts_exchange *ex, enum ts_exchange_state from, enum ts_err err)
{
	struct ts_http *http = ex->http;
	struct MHD_Connection *connection = ex->connection;
	ex->err = err == TS_OK && from == TS_STATE_RUNNING ? hold_answer(ex) : err;
	pthread_mutex_lock(&http->lock);
	bool ours = state_change(ex, from, TS_STATE_DONE);
	if (ours)
		held_unlink(ex);
	pthread_mutex_unlock(&http->lock);
	if (ours)
		MHD_resume_connection(connection);
	ts_exchange_unref(ex);
}

void ts_exchange_expire(struct ts_http *http, int64_t mono_us, bool all)
{
	struct ts_exchange *list = NULL;
	pthread_mutex_lock(&http->lock);
	for (struct ts_exchange *ex = http->held, *next = NULL; ex != NULL; ex = next) {
		next = ex->next;
		if (!all && mono_us < ex->req.deadline_mono_us)
			continue;
		ex->expired = TS_E_UNAVAILABLE;
		if (!state_change(ex, TS_STATE_WAITING, TS_STATE_EXPIRED)) {
			/* a read has no outcome to wonder about */
			if (ex->req.method != TS_GET)
				ex->expired = TS_E_UNKNOWN_OUTCOME;
			if (!state_change(ex, TS_STATE_RUNNING, TS_STATE_EXPIRED))
				continue;
		}
		held_unlink(ex);
		ex->next = list;
		list = ex;
	}
	pthread_mutex_unlock(&http->lock);
	while (list != NULL) {
		struct MHD_Connection *connection = list->connection;
		list = list->next; /* after the resume the exchange may be gone */
		MHD_resume_connection(connection);
	}
}

bool ts_exchange_hold(struct ts_exchange *ex)
{
	struct ts_http *http = ex->http;
	pthread_mutex_lock(&http->lock);
	bool closed = http->closed;
	if (!closed) /* under the lock: after `closed` a stop waits for all that were counted */
		ts_exchange_count(ex);
	pthread_mutex_unlock(&http->lock);
	if (closed)
		return false;
	ex->stage = TS_STAGE_HELD;
	ex->queued_us = ts_clock_mono_us();
	ts_peer_arm(http, ex->peer, TS_PEER_HELD);
	atomic_fetch_add(&ex->refs, 1);
	MHD_suspend_connection(ex->connection); /* before anyone can find it and resume it */
	pthread_mutex_lock(&http->lock);
	ex->prev = NULL;
	ex->next = http->held;
	if (http->held != NULL)
		http->held->prev = ex;
	http->held = ex;
	http->held_n++;
	pthread_mutex_unlock(&http->lock);
	enum ts_err err = ts_queue_push(http->queues[ex->req.route->cls], &ex->item);
	if (err != TS_OK)
		exchange_finish(ex, TS_STATE_WAITING,
			ts_why(&ex->why, err, "", "the queue of class %s is full",
				ts_class_name(ex->req.route->cls)));
	return true;
}

/* Marks the exchange as running; false when it was answered meanwhile (then it is let go of). */
static bool exchange_begin(struct ts_exchange *ex, void *context)
{
	ex->req.worker = context;
	ex->taken_us = ex->taken_us != 0 ? ex->taken_us : ts_clock_mono_us();
	if (ts_clock_mono_us() >= ex->req.deadline_mono_us) {
		exchange_finish(ex, TS_STATE_WAITING,
			ts_why(&ex->why, TS_E_UNAVAILABLE, "", "waited too long in the queue"));
		return false;
	}
	if (state_change(ex, TS_STATE_WAITING, TS_STATE_RUNNING))
		return true;
	ts_exchange_unref(ex);
	return false;
}

enum ts_err ts_exchange_refused(struct ts_exchange *ex, enum ts_err err)
{
	static const enum ts_role all[] = {TS_ROLE_AGENT, TS_ROLE_PROVIDER_FINANCE,
		TS_ROLE_CONSUMER_FINANCE, TS_ROLE_AUDITOR, TS_ROLE_OPERATOR};
	char roles[120] = "";
	size_t n = 0;
	if (err != TS_E_FORBIDDEN)
		return err;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if ((ex->req.route->roles & (uint32_t)all[i]) != 0 && n < sizeof roles)
			n += (size_t)snprintf(roles + n, sizeof roles - n, "%s%s",
				n > 0 ? " or " : "", ts_role_name(all[i]));
	return ts_why(&ex->why, err, "Authorization", "this needs a token of role %s", roles);
}

static enum ts_err exchange_authorise(struct ts_exchange *ex, void *context)
{
	const struct ts_route *route = ex->req.route;
	if (ex->authenticated || route->roles == TS_ROLE_PUBLIC)
		return TS_OK;
	enum ts_err err = ts_auth_check(
		ex->http->auth, context, ex->authorization, route->roles, &ex->principal, &ex->why);
	if (err == TS_E_UNAUTHENTICATED)
		ts_metrics_add(ex->req.metrics, TS_METRIC_AUTH_FAILED, "", 1);
	return err == TS_OK ? ts_exchange_admit(ex) : ts_exchange_refused(ex, err);
}

/* Runs n exchanges of one batch handler that are RUNNING, and finishes them. */
static void run_batch(struct ts_exchange **exs, size_t n)
{
	struct ts_request *reqs[TS_QUEUE_TAKE_MAX];
	struct ts_response *ress[TS_QUEUE_TAKE_MAX];
	enum ts_err errs[TS_QUEUE_TAKE_MAX];
	struct ts_why whys[TS_QUEUE_TAKE_MAX];
	TS_ASSERT(n > 0 && n <= TS_QUEUE_TAKE_MAX);
	for (size_t i = 0; i < n; i++) {
		reqs[i] = &exs[i]->req;
		ress[i] = &exs[i]->res;
		errs[i] = TS_E_INTERNAL;
		whys[i].where[0] = whys[i].text[0] = '\0';
	}
	exs[0]->req.route->batch(reqs, ress, errs, whys, n);
	for (size_t i = 0; i < n; i++) {
		exs[i]->why = whys[i];
		exchange_finish(exs[i], TS_STATE_RUNNING, errs[i]);
	}
}

/* First stage of a batch route: authorised; prepares, then queues for the group or runs alone. */
static void run_prepare(struct ts_exchange *ex)
{
	const struct ts_route *route = ex->req.route;
	if (route->group != NULL)
		ex->req.group = route->group(&ex->req);
	enum ts_err err = TS_OK;
	if (route->prepare != NULL)
		err = route->prepare(&ex->req, &ex->res, &ex->why);
	if (err != TS_OK || ex->res.status != 0) {
		exchange_finish(ex, TS_STATE_RUNNING, err);
		return;
	}
	ex->batch_stage = true;
	if (ex->req.group == 0) {
		run_batch(&ex, 1);
		return;
	}
	ex->item.group = ex->req.group;
	if (state_change(ex, TS_STATE_RUNNING, TS_STATE_WAITING))
		ts_queue_push_again(ex->http->queues[route->cls], &ex->item);
	else
		ts_exchange_unref(ex);
}

static void run_single(
	struct ts_exchange *ex, void *context, enum ts_err err, const struct ts_why *why)
{
	if (!exchange_begin(ex, context))
		return;
	if (err == TS_OK)
		err = exchange_authorise(ex, context);
	else
		ex->why = *why;
	if (err != TS_OK)
		exchange_finish(ex, TS_STATE_RUNNING, err);
	else if (ex->req.route->batch != NULL)
		run_prepare(ex);
	else
		exchange_finish(
			ex, TS_STATE_RUNNING, ex->req.route->handler(&ex->req, &ex->res, &ex->why));
}

void ts_exchange_run(void *arg, void *context, enum ts_err err, const struct ts_why *why,
	struct ts_queue_item **items, size_t n)
{
	struct ts_exchange *exs[TS_QUEUE_TAKE_MAX];
	size_t exs_n = 0;
	(void)arg;
	TS_ASSERT(n <= TS_QUEUE_TAKE_MAX);
	for (size_t i = 0; i < n; i++) {
		struct ts_exchange *ex = (struct ts_exchange *)(void *)items[i];
		if (!ex->batch_stage) {
			TS_ASSERT(n == 1);
			run_single(ex, context, err, why);
			return;
		}
		if (!exchange_begin(ex, context))
			continue;
		if (err == TS_OK) {
			exs[exs_n++] = ex;
		} else {
			ex->why = *why;
			exchange_finish(ex, TS_STATE_RUNNING, err);
		}
	}
	/* A group key is one aggregate's; should two routes share it, each handler gets its own. */
	while (exs_n > 0) {
		struct ts_exchange *same[TS_QUEUE_TAKE_MAX];
		size_t same_n = 0;
		size_t rest_n = 0;
		ts_batch_handler batch = exs[0]->req.route->batch;
		for (size_t i = 0; i < exs_n; i++) {
			if (exs[i]->req.route->batch == batch)
				same[same_n++] = exs[i];
			else
				exs[rest_n++] = exs[i];
		}
		run_batch(same, same_n);
		exs_n = rest_n;
	}
}
