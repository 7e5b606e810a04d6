/* SPDX-License-Identifier: Apache-2.0 */
#include "service/worker.h"

#include "service/clock.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define WAIT_US 1000000
#define OPEN_AGAIN_US 1000000
#define THREADS_MAX 192

struct worker {
	struct ts_workers *all;
	enum ts_class cls;
	struct ts_queue *queue;
	pthread_t thread;
	void *context;
	bool opened;
	int64_t opened_try_us;
	enum ts_err err; /* of the last failed open */
	struct ts_why why;
};
struct ts_workers {
	struct ts_worker_hooks hooks;
	struct ts_worker_jobs jobs;
	size_t group_max;
	size_t n;
	struct worker worker[THREADS_MAX];
};

static void worker_open(struct worker *w)
{
	const struct ts_worker_hooks *hooks = &w->all->hooks;
	int64_t now_us = ts_clock_mono_us();
	if (w->opened || (w->opened_try_us != 0 && now_us - w->opened_try_us < OPEN_AGAIN_US))
		return;
	w->opened_try_us = now_us;
	w->why.where[0] = w->why.text[0] = '\0';
	w->err = hooks->open != NULL ? hooks->open(hooks->app, w->cls, &w->context, &w->why)
				     : TS_OK;
	w->opened = w->err == TS_OK;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	const struct ts_worker_hooks *hooks = &w->all->hooks;
	struct ts_queue_item *items[TS_QUEUE_TAKE_MAX];
	bool closed = false;
	while (!closed) {
		worker_open(w);
		size_t n = ts_queue_take_many(w->queue, w->all->group_max, WAIT_US, items, &closed);
		if (n == 0) {
			if (!closed && w->opened && hooks->idle != NULL)
				hooks->idle(hooks->app, w->context);
			continue;
		}
		uint64_t group = items[0]->group;
		worker_open(w);
		w->all->jobs.run(w->all->jobs.arg, w->context, w->opened ? TS_OK : w->err, &w->why,
			items, n);
		ts_queue_done(w->queue, group);
	}
	if (w->opened && hooks->close != NULL)
		hooks->close(hooks->app, w->context);
	return NULL;
}

enum ts_err ts_workers_start(const struct ts_worker_hooks *hooks, const struct ts_worker_jobs *jobs,
	struct ts_queue *const queues[TS_CLASS_COUNT], const int64_t counts[TS_CLASS_COUNT],
	size_t group_max, struct ts_workers **out, struct ts_why *why)
{
	struct ts_workers *all = calloc(1, sizeof(*all));
	if (all == NULL)
		return TS_E_NO_MEMORY;
	all->hooks = *hooks;
	all->jobs = *jobs;
	all->group_max = group_max;
	enum ts_err err = TS_OK;
	for (size_t cls = 0; cls < TS_CLASS_COUNT && err == TS_OK; cls++)
		for (int64_t i = 0; i < counts[cls] && err == TS_OK; i++) {
			TS_ASSERT(all->n < THREADS_MAX);
			struct worker *w = &all->worker[all->n];
			w->all = all;
			w->cls = (enum ts_class)cls;
			w->queue = queues[cls];
			if (pthread_create(&w->thread, NULL, worker_main, w) == 0)
				all->n++;
			else
				err = ts_why(why, TS_E_NO_MEMORY, "", "cannot start worker %zu",
					all->n + 1);
		}
	if (err != TS_OK) {
		for (size_t cls = 0; cls < TS_CLASS_COUNT; cls++)
			ts_queue_close(queues[cls]);
		for (size_t i = 0; i < all->n; i++)
			(void)pthread_join(all->worker[i].thread, NULL);
		free(all);
		return err;
	}
	*out = all;
	return TS_OK;
}

bool ts_workers_stop(struct ts_workers *workers, int64_t wait_ms)
{
	int64_t at_us = ts_clock_mono_us() + wait_ms * 1000;
	struct timespec at = {
		.tv_sec = (time_t)(at_us / 1000000), .tv_nsec = (long)(at_us % 1000000) * 1000};
	for (size_t i = 0; i < workers->n; i++)
		if (pthread_clockjoin_np(workers->worker[i].thread, NULL, CLOCK_MONOTONIC, &at) !=
			0)
			return false;
	free(workers);
	return true;
}
