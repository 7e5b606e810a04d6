/* SPDX-License-Identifier: Apache-2.0 */
#include "service/queue.h"

#include "support/test.h"
#include <pthread.h>
#include <stdatomic.h>

#define N 9
static size_t take(struct ts_queue *queue, size_t max, struct ts_queue_item **items)
{
	bool closed = false;
	return ts_queue_take_many(queue, max, 1000, items, &closed);
}

static void test_order_and_bound(void **state)
{
	struct ts_queue *queue = ts_queue_create(3);
	struct ts_queue_item item[4] = {{.group = 0}};
	struct ts_queue_item *out[8];
	bool closed = true;
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_ok(ts_queue_push(queue, &item[i]));
	assert_err(ts_queue_push(queue, &item[3]), TS_E_UNAVAILABLE);
	ts_queue_push_again(queue, &item[3]); /* what was admitted before is not bounded */
	assert_int_equal(ts_queue_depth(queue), 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(take(queue, 8, out), 1);
		assert_ptr_equal(out[0], &item[i]);
	}
	assert_int_equal(ts_queue_take_many(queue, 8, 1000, out, &closed), 0);
	assert_false(closed);
	ts_queue_close(queue);
	assert_err(ts_queue_push(queue, &item[0]), TS_E_UNAVAILABLE);
	assert_int_equal(ts_queue_take_many(queue, 8, 1000, out, &closed), 0);
	assert_true(closed);
	ts_queue_free(queue);
}

/* Groups: taken together, in order, by one at a time; others pass by. */
static void test_groups(void **state)
{
	struct ts_queue *queue = ts_queue_create(N);
	static const uint64_t groups[N] = {0, 1, 2, 1, 0, 1, 1, 2, 1};
	struct ts_queue_item item[N] = {{.group = 0}};
	struct ts_queue_item *out[8];
	(void)state;
	for (int i = 0; i < N; i++) {
		item[i].group = groups[i];
		assert_ok(ts_queue_push(queue, &item[i]));
	}
	assert_int_equal(take(queue, 3, out), 3); /* group 1, as many as allowed */
	assert_ptr_equal(out[0], &item[1]);
	assert_ptr_equal(out[1], &item[3]);
	assert_ptr_equal(out[2], &item[5]);
	assert_int_equal(take(queue, 3, out), 2); /* 1 is busy: group 2 */
	assert_ptr_equal(out[0], &item[2]);
	assert_ptr_equal(out[1], &item[7]);
	assert_int_equal(take(queue, 3, out), 1); /* both busy: the single ones */
	assert_ptr_equal(out[0], &item[0]);
	assert_int_equal(take(queue, 3, out), 1);
	assert_ptr_equal(out[0], &item[4]);
	assert_int_equal(take(queue, 3, out), 0); /* the rest of group 1 waits */
	ts_queue_done(queue, 1);
	assert_int_equal(take(queue, 3, out), 2);
	assert_ptr_equal(out[0], &item[6]);
	assert_ptr_equal(out[1], &item[8]);
	ts_queue_done(queue, 1);
	ts_queue_done(queue, 2);
	assert_int_equal(ts_queue_depth(queue), 0);
	ts_queue_free(queue);
}

/* Two takers, many items of three groups: each item once, no group held by both. */
struct shared {
	struct ts_queue *queue;
	atomic_int inside[4];
	atomic_int taken;
};
static void *taker(void *arg)
{
	struct shared *s = arg;
	struct ts_queue_item *out[5];
	bool closed = false;
	while (!closed) {
		size_t n = ts_queue_take_many(s->queue, 5, 100000, out, &closed);
		if (n == 0)
			continue;
		uint64_t group = out[0]->group;
		if (group != 0)
			TS_ASSERT(atomic_fetch_add(&s->inside[group], 1) == 0);
		atomic_fetch_add(&s->taken, (int)n);
		for (size_t i = 0; i < n; i++)
			TS_ASSERT(out[i]->group == group);
		if (group != 0)
			TS_ASSERT(atomic_fetch_sub(&s->inside[group], 1) == 1);
		ts_queue_done(s->queue, group);
	}
	return NULL;
}

static void test_threads(void **state)
{
	enum { ITEMS = 20000 };
	static struct ts_queue_item item[ITEMS];
	static struct shared s;
	pthread_t thread[2];
	(void)state;
	s.queue = ts_queue_create(ITEMS);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, taker, &s), 0);
	for (size_t i = 0; i < ITEMS; i++) {
		item[i].group = i * 7 % 4;
		assert_ok(ts_queue_push(s.queue, &item[i]));
	}
	ts_queue_close(s.queue);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(atomic_load(&s.taken), ITEMS);
	ts_queue_free(s.queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_bound),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
