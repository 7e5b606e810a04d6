/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_QUEUE_H
#define TS_SERVICE_QUEUE_H
/* Why: the bounded queue between HTTP threads and workers. Items of one non-zero group are taken
 * together and by one worker at a time: while a group commits, the next members gather, which is
 * the whole of group commit. Invariants: what push admits never lifts the number waiting over its
 * maximum; a group is in `busy` exactly while one take of it is not yet done; after close no push
 * succeeds and take returns 0 once the queue is empty. */
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ts_queue_item {
	struct ts_queue_item *next;
	uint64_t group; /* 0 = alone */
	int64_t queued_mono_us;
};

struct ts_queue;
#define TS_QUEUE_TAKE_MAX 256
#define TS_QUEUE_BUSY_MAX 256

struct ts_queue *ts_queue_create(size_t waiting_max); /* NULL without memory */
void ts_queue_free(struct ts_queue *queue); /* must be empty; NULL is allowed */
/* TS_E_UNAVAILABLE when full or closed. */
enum ts_err ts_queue_push(struct ts_queue *queue, struct ts_queue_item *item) TS_MUST;
/* An item that was already taken comes back for its second stage: not bounded, works while
 * draining. */
void ts_queue_push_again(struct ts_queue *queue, struct ts_queue_item *item);
/* Waits up to wait_us. Takes the oldest grouped item whose group is free with up to max-1 others of
 * its group (in order), else the oldest single item. Returns how many; 0 on timeout or when closed
 * and empty (*closed). A grouped take must be followed by ts_queue_done(group). */
size_t ts_queue_take_many(struct ts_queue *queue, size_t max, int64_t wait_us,
	struct ts_queue_item **items, bool *closed) TS_MUST;
void ts_queue_done(struct ts_queue *queue, uint64_t group);
void ts_queue_close(struct ts_queue *queue);
size_t ts_queue_depth(struct ts_queue *queue);

#endif
