/* SPDX-License-Identifier: Apache-2.0 */
#include "service/queue.h"

#include "service/clock.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct ts_queue {
	pthread_mutex_t lock;
	pthread_cond_t ready;
	struct ts_queue_item *head;
	struct ts_queue_item **tail;
	size_t waiting;
	size_t waiting_max;
	uint64_t busy[TS_QUEUE_BUSY_MAX];
	size_t busy_n;
	bool closed;
};

struct ts_queue *ts_queue_create(size_t waiting_max)
{
	TS_ASSERT(waiting_max > 0);
	struct ts_queue *queue = calloc(1, sizeof(*queue));
	if (queue == NULL)
		return NULL;
	pthread_condattr_t attr;
	TS_ASSERT(pthread_condattr_init(&attr) == 0);
	TS_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	TS_ASSERT(pthread_mutex_init(&queue->lock, NULL) == 0);
	TS_ASSERT(pthread_cond_init(&queue->ready, &attr) == 0);
	pthread_condattr_destroy(&attr);
	queue->tail = &queue->head;
	queue->waiting_max = waiting_max;
	return queue;
}

void ts_queue_free(struct ts_queue *queue)
{
	if (queue == NULL)
		return;
	TS_ASSERT(queue->head == NULL && queue->busy_n == 0);
	pthread_cond_destroy(&queue->ready);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

static void queue_append(struct ts_queue *queue, struct ts_queue_item *item)
{
	item->next = NULL;
	*queue->tail = item;
	queue->tail = &item->next;
	queue->waiting++;
	pthread_cond_signal(&queue->ready);
}

enum ts_err ts_queue_push(struct ts_queue *queue, struct ts_queue_item *item)
{
	enum ts_err err = TS_OK;
	item->queued_mono_us = ts_clock_mono_us();
	pthread_mutex_lock(&queue->lock);
	if (queue->closed || queue->waiting >= queue->waiting_max)
		err = TS_E_UNAVAILABLE;
	else
		queue_append(queue, item);
	pthread_mutex_unlock(&queue->lock);
	return err;
}

void ts_queue_push_again(struct ts_queue *queue, struct ts_queue_item *item)
{
	pthread_mutex_lock(&queue->lock);
	queue_append(queue, item);
	pthread_mutex_unlock(&queue->lock);
}

static bool queue_is_busy(const struct ts_queue *queue, uint64_t group)
{
	for (size_t i = 0; i < queue->busy_n; i++)
		if (queue->busy[i] == group)
			return true;
	return false;
}

/* The link that holds the item to take next: the oldest grouped item whose group is free, so that
 * what is prepared commits before more is prepared; else the oldest single item; else NULL. */
static struct ts_queue_item **queue_choose(struct ts_queue *queue)
{
	struct ts_queue_item **single = NULL;
	for (struct ts_queue_item **at = &queue->head; *at != NULL; at = &(*at)->next) {
		if ((*at)->group == 0) {
			if (single == NULL)
				single = at;
		} else if (queue->busy_n < TS_QUEUE_BUSY_MAX &&
			   !queue_is_busy(queue, (*at)->group)) {
			return at;
		}
	}
	return single;
}

static struct ts_queue_item *queue_unlink(struct ts_queue *queue, struct ts_queue_item **at)
{
	struct ts_queue_item *item = *at;
	*at = item->next;
	if (queue->tail == &item->next)
		queue->tail = at;
	item->next = NULL;
	TS_ASSERT(queue->waiting > 0);
	queue->waiting--;
	return item;
}

static size_t queue_take(
	struct ts_queue *queue, struct ts_queue_item **at, size_t max, struct ts_queue_item **items)
{
	uint64_t group = (*at)->group;
	size_t n = 0;
	items[n++] = queue_unlink(queue, at);
	if (group == 0)
		return n;
	TS_ASSERT(queue->busy_n < TS_QUEUE_BUSY_MAX && !queue_is_busy(queue, group));
	queue->busy[queue->busy_n++] = group;
	while (n < max && *at != NULL) {
		if ((*at)->group == group)
			items[n++] = queue_unlink(queue, at);
		else
			at = &(*at)->next;
	}
	return n;
}

static struct timespec queue_deadline(int64_t wait_us)
{
	int64_t at_us = ts_clock_mono_us() + wait_us;
	return (struct timespec){
		.tv_sec = (time_t)(at_us / 1000000), .tv_nsec = (long)(at_us % 1000000) * 1000};
}

size_t ts_queue_take_many(struct ts_queue *queue, size_t max, int64_t wait_us,
	struct ts_queue_item **items, bool *closed)
{
	TS_ASSERT(max > 0 && max <= TS_QUEUE_TAKE_MAX);
	struct timespec deadline = queue_deadline(wait_us);
	size_t n = 0;
	pthread_mutex_lock(&queue->lock);
	for (;;) {
		struct ts_queue_item **at = queue_choose(queue);
		if (at != NULL) {
			n = queue_take(queue, at, max, items);
			break;
		}
		if (queue->closed && queue->head == NULL && queue->busy_n == 0)
			break;
		if (pthread_cond_timedwait(&queue->ready, &queue->lock, &deadline) != 0)
			break;
	}
	*closed = n == 0 && queue->closed && queue->head == NULL;
	pthread_mutex_unlock(&queue->lock);
	return n;
}

void ts_queue_done(struct ts_queue *queue, uint64_t group)
{
	if (group == 0)
		return;
	pthread_mutex_lock(&queue->lock);
	size_t i = 0;
	while (i < queue->busy_n && queue->busy[i] != group)
		i++;
	TS_ASSERT(i < queue->busy_n);
	queue->busy[i] = queue->busy[--queue->busy_n];
	pthread_cond_broadcast(&queue->ready);
	pthread_mutex_unlock(&queue->lock);
}

void ts_queue_close(struct ts_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->ready);
	pthread_mutex_unlock(&queue->lock);
}

size_t ts_queue_depth(struct ts_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	size_t n = queue->waiting;
	pthread_mutex_unlock(&queue->lock);
	return n;
}
