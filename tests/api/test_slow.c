/* SPDX-License-Identifier: Apache-2.0 */
/* Time and room: slow clients, full queues, spent budgets, deadlines, and a stop with requests
 * still held (libmicrohttpd aborts when a suspended connection is left). */
#include "frame.h"

#include <pthread.h>
#include <sys/socket.h>

#define H "Host: x\r\n"
#define GATE "POST /t/gate HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"
#define HIT "GET /t/hit HTTP/1.1\r\n" H "\r\n"

static void begin(struct frame *f)
{
	frame_init(f);
	f->config.header_deadline_ms = 300;
	f->config.body_deadline_ms = 300;
	f->config.idle_deadline_ms = 400;
	f->config.send_deadline_ms = 500;
}

/* Sends one byte every 50 ms; true when the server ends the connection within 2 s. */
static bool dribble(int fd, const char *text)
{
	for (int i = 0; i < 40; i++) {
		ts_wire_send(fd, text + (size_t)i % strlen(text), 1);
		if (ts_wire_ended(fd, 50))
			return true;
	}
	return false;
}

/* The counter, once it has reached n: it is raised just after the socket is shut. */
static int64_t reaped(struct frame *f, const char *phase, int64_t n)
{
	int64_t got = 0;
	for (int i = 0; i < 500 && got < n; i++) {
		got = ts_metrics_read(f->metrics, TS_METRIC_CONNECTIONS_REAPED, phase);
		frame_sleep_ms(2);
	}
	return got;
}

static void test_slow_headers(void **state)
{
	struct frame f;
	(void)state;
	begin(&f);
	frame_start(&f);
	int fd = ts_wire_connect(f.port);
	ts_wire_puts(fd, "GET /t/hit HTTP/1.1\r\n" H "X: ");
	assert_true(dribble(fd, "y"));
	(void)close(fd);
	/* also in the request line, and on a connection that has served before */
	fd = ts_wire_connect(f.port);
	assert_true(dribble(fd, "GET"));
	(void)close(fd);
	struct ts_wire_reply reply;
	fd = ts_wire_connect(f.port);
	ts_wire_puts(fd, HIT);
	ts_wire_read(fd, 2000, false, &reply);
	assert_int_equal(reply.status, 200);
	ts_wire_reply_free(&reply);
	ts_wire_puts(fd, "GET /t/hit HTTP/1.1\r\n" H "X: ");
	assert_true(dribble(fd, "y"));
	(void)close(fd);
	assert_int_equal(reaped(&f, "phase=\"header\"", 3), 3);
	frame_stop(&f);
}

static void test_slow_body_and_idle(void **state)
{
	struct frame f;
	(void)state;
	begin(&f);
	frame_start(&f);
	int fd = ts_wire_connect(f.port);
	ts_wire_puts(fd, "POST /t/hit HTTP/1.1\r\n" H "Content-Length: 5000\r\n\r\n");
	assert_true(dribble(fd, "z"));
	(void)close(fd);
	struct ts_wire_reply reply;
	fd = ts_wire_connect(f.port);
	ts_wire_puts(fd, HIT);
	ts_wire_read(fd, 2000, false, &reply);
	assert_int_equal(reply.status, 200);
	ts_wire_reply_free(&reply);
	assert_true(ts_wire_ended(fd, 2000));
	(void)close(fd);
	assert_int_equal(reaped(&f, "phase=\"body\"", 1), 1);
	assert_int_equal(reaped(&f, "phase=\"idle\"", 1), 1);
	frame_stop(&f);
}

/* A handler that waits is not cut by the connection's deadlines, and answers late but well. */
static void test_held_is_not_reaped(void **state)
{
	struct frame f;
	struct ts_wire_reply reply;
	(void)state;
	begin(&f);
	frame_start(&f);
	int fd = ts_wire_connect(f.port);
	ts_wire_puts(fd, GATE);
	frame_wait(&f.running, 1);
	frame_sleep_ms(800);
	atomic_store(&f.gate, true);
	ts_wire_read(fd, 2000, false, &reply);
	assert_int_equal(reply.status, 200);
	ts_wire_reply_free(&reply);
	(void)close(fd);
	frame_stop(&f);
}

static void test_budget(void **state)
{
	struct frame f;
	struct ts_wire_reply reply;
	char value[256];
	(void)state;
	frame_init(&f);
	f.config.body_bytes_max = 100000;
	f.config.body_budget_bytes = 100000;
	frame_start(&f);
	int first = ts_wire_connect(f.port);
	ts_wire_puts(first, "POST /t/hit HTTP/1.1\r\n" H "Content-Length: 80000\r\n\r\n0123456789");
	for (int i = 0; i < 500; i++) { /* until the first has its share */
		ts_http_sample(f.http);
		if (ts_metrics_read(f.metrics, TS_METRIC_BODY_BYTES, "") == 80000)
			break;
		frame_sleep_ms(2);
	}
	ts_wire_ask(f.port, "POST /t/hit HTTP/1.1\r\n" H "Content-Length: 70000\r\n\r\n", &reply);
	assert_int_equal(reply.status, 503);
	assert_string_equal(ts_wire_header(&reply, "Retry-After", value), "1");
	ts_wire_reply_free(&reply);
	/* a small one still fits, and the share comes back when the first one goes */
	ts_wire_ask(f.port, "POST /t/hit HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", &reply);
	assert_int_equal(reply.status, 200);
	ts_wire_reply_free(&reply);
	(void)close(first);
	int64_t held = -1;
	for (int i = 0; i < 500 && held != 0; i++) {
		frame_sleep_ms(2);
		ts_http_sample(f.http);
		held = ts_metrics_read(f.metrics, TS_METRIC_BODY_BYTES, "");
	}
	assert_int_equal(held, 0);
	frame_stop(&f);
}

/* HEAD of a large answer: it is made, counted and gone. */
static int head_big(struct frame *f, int token)
{
	struct ts_wire_reply reply;
	char ask[256], value[256];
	(void)snprintf(ask, sizeof ask,
		"HEAD /t/big HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n\r\n", f->token[token]);
	int fd = ts_wire_connect(f->port);
	ts_wire_puts(fd, ask);
	ts_wire_read(fd, 2000, true, &reply);
	if (reply.status == 503)
		assert_string_equal(ts_wire_header(&reply, "Retry-After", value), "1");
	ts_wire_reply_free(&reply);
	(void)close(fd);
	return reply.status;
}

static int head_big_until(struct frame *f, int token, int status)
{
	int got = 0;
	for (int i = 0; i < 500 && got != status; i++) {
		got = head_big(f, token);
		frame_sleep_ms(2);
	}
	return got;
}

/* Asks, takes the first bytes of the answer and then no more. */
static int slow_big(struct frame *f, int token)
{
	char ask[256], head[13] = "";
	(void)snprintf(ask, sizeof ask,
		"GET /t/big HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n\r\n", f->token[token]);
	for (int i = 0; i < 500; i++) {
		int fd = ts_wire_connect(f->port);
		ts_wire_puts(fd, ask);
		if (recv(fd, head, sizeof head - 1, MSG_WAITALL) == 12 &&
			strcmp(head, "HTTP/1.1 200") == 0)
			return fd;
		(void)close(fd); /* the answer before is still on its way out */
		frame_sleep_ms(2);
	}
	fail_msg("never answered: %s", head);
	return -1;
}

/* 128 readers of one token that asked for the largest tile and took nothing held 2 GB for a minute,
 * and as many again with each other token. */
static void slow_readers_of_large_answers_share_a_budget(void **state)
{
	struct frame f;
	(void)state;
	frame_init(&f);
	f.config.response_bytes_max = 8u << 20;
	f.config.answer_budget_bytes = 4 * (12 << 20); /* a token: one of them, not two */
	frame_start(&f);
	int slow = slow_big(&f, 0);
	assert_int_equal(head_big(&f, 0), 503);
	assert_int_equal(head_big(&f, 1), 200); /* another's share */
	(void)close(slow);
	assert_int_equal(head_big_until(&f, 0, 200), 200);
	frame_stop(&f);
}

static void test_queue_full(void **state)
{
	struct frame f;
	struct ts_wire_reply reply;
	int fds[3];
	(void)state;
	frame_init(&f);
	f.config.work_workers = 1;
	f.config.queue_work_max = 2;
	frame_start(&f);
	fds[0] = ts_wire_connect(f.port);
	ts_wire_puts(fds[0], GATE);
	frame_wait(&f.running, 1);
	assert_true(ts_http_ready(f.http));
	for (int i = 1; i < 3; i++) {
		fds[i] = ts_wire_connect(f.port);
		ts_wire_puts(fds[i], GATE);
	}
	for (int i = 0; i < 500 && ts_http_ready(f.http); i++)
		frame_sleep_ms(2);
	assert_false(ts_http_ready(f.http));
	ts_wire_ask(f.port, GATE, &reply);
	assert_int_equal(reply.status, 503);
	assert_non_null(strstr(reply.body, "\"code\":\"unavailable\""));
	ts_wire_reply_free(&reply);
	ts_wire_ask(f.port, HIT, &reply); /* another class is not touched */
	assert_int_equal(reply.status, 200);
	ts_wire_reply_free(&reply);
	atomic_store(&f.gate, true);
	for (int i = 0; i < 3; i++) {
		ts_wire_read(fds[i], 2000, false, &reply);
		assert_int_equal(reply.status, 200);
		ts_wire_reply_free(&reply);
		(void)close(fds[i]);
	}
	frame_stop(&f);
}

/* Past the deadline: the running write is answered 504, the waiting one 503, and both workers live
 * on. */
static void test_request_deadline(void **state)
{
	struct frame f;
	struct ts_wire_reply reply;
	(void)state;
	frame_init(&f);
	f.config.work_workers = 1;
	f.config.request_deadline_ms = 300;
	frame_start(&f);
	int running = ts_wire_connect(f.port);
	ts_wire_puts(running, GATE);
	frame_wait(&f.running, 1);
	int waiting = ts_wire_connect(f.port);
	ts_wire_puts(waiting, GATE);
	ts_wire_read(running, 3000, false, &reply);
	assert_int_equal(reply.status, 504);
	assert_non_null(strstr(reply.body, "\"code\":\"outcome_unknown\""));
	ts_wire_reply_free(&reply);
	ts_wire_read(waiting, 3000, false, &reply);
	assert_int_equal(reply.status, 503);
	ts_wire_reply_free(&reply);
	atomic_store(&f.gate, true);
	frame_wait(&f.running, 0);
	ts_wire_puts(running, GATE); /* the connection serves on */
	ts_wire_read(running, 3000, false, &reply);
	assert_int_equal(reply.status, 200);
	ts_wire_reply_free(&reply);
	(void)close(running);
	(void)close(waiting);
	frame_stop(&f);
}

/* The client goes away while its request is held: nothing leaks, nothing hangs. */
static void test_client_leaves(void **state)
{
	struct frame f;
	(void)state;
	frame_init(&f);
	frame_start(&f);
	int fd = ts_wire_connect(f.port);
	ts_wire_puts(fd, GATE);
	frame_wait(&f.running, 1);
	(void)close(fd);
	frame_sleep_ms(50);
	atomic_store(&f.gate, true);
	frame_wait(&f.running, 0);
	frame_stop(&f);
}

struct opener {
	struct frame *f;
	long after_ms;
};
static void *open_gate(void *arg)
{
	struct opener *opener = arg;
	frame_sleep_ms(opener->after_ms);
	atomic_store(&opener->f->gate, true);
	return NULL;
}

/* A stop drains what is under way. */
static void test_stop_drains(void **state)
{
	struct frame f;
	struct ts_wire_reply reply;
	pthread_t thread;
	(void)state;
	frame_init(&f);
	frame_start(&f);
	int fd = ts_wire_connect(f.port);
	ts_wire_puts(fd, GATE);
	frame_wait(&f.running, 1);
	struct opener opener = {&f, 200};
	assert_int_equal(pthread_create(&thread, NULL, open_gate, &opener), 0);
	frame_stop(&f);
	assert_int_equal(pthread_join(thread, NULL), 0);
	ts_wire_read(fd, 1000, false, &reply);
	assert_int_equal(reply.status, 200);
	ts_wire_reply_free(&reply);
	(void)close(fd);
}

/* A stop whose drain is too short answers what is left, running and waiting, and does not abort. */
static void test_stop_suspended(void **state)
{
	struct frame f;
	struct ts_wire_reply reply;
	pthread_t thread;
	int fds[4];
	(void)state;
	frame_init(&f);
	f.config.work_workers = 1;
	frame_start(&f);
	for (int i = 0; i < 4; i++) {
		fds[i] = ts_wire_connect(f.port);
		ts_wire_puts(fds[i], GATE);
		frame_wait(&f.running, 1);
	}
	int64_t held = 0;
	for (int i = 0; i < 500 && held != 4; i++) {
		frame_sleep_ms(2);
		ts_http_sample(f.http);
		held = ts_metrics_read(f.metrics, TS_METRIC_REQUESTS_HELD, "");
	}
	assert_int_equal(held, 4);
	struct opener opener = {&f, 600};
	assert_int_equal(pthread_create(&thread, NULL, open_gate, &opener), 0);
	assert_ok(ts_http_stop(f.http, 100));
	assert_int_equal(pthread_join(thread, NULL), 0);
	ts_metrics_free(f.metrics);
	ts_log_close(f.log);
	int n504 = 0;
	int n503 = 0;
	for (int i = 0; i < 4; i++) {
		ts_wire_read(fds[i], 1000, false, &reply);
		n504 += reply.status == 504;
		n503 += reply.status == 503;
		ts_wire_reply_free(&reply);
		(void)close(fds[i]);
	}
	assert_int_equal(n504, 1);
	assert_int_equal(n503, 3);
}

/* A body that is half there when the stop begins is refused, not waited for. */
static void test_stop_half_body(void **state)
{
	struct frame f;
	(void)state;
	frame_init(&f);
	frame_start(&f);
	int fd = ts_wire_connect(f.port);
	ts_wire_puts(fd, "POST /t/hit HTTP/1.1\r\n" H "Content-Length: 100\r\n\r\nabc");
	frame_sleep_ms(50);
	frame_stop(&f);
	assert_true(ts_wire_ended(fd, 1000));
	assert_int_equal(atomic_load(&f.hits), 0);
	(void)close(fd);
}

static void test_worker_down(void **state)
{
	struct frame f;
	struct ts_wire_reply reply;
	(void)state;
	frame_init(&f);
	atomic_store(&f.down, true);
	frame_start(&f);
	ts_wire_ask(f.port, HIT, &reply);
	assert_int_equal(reply.status, 503);
	assert_non_null(strstr(reply.body, "the database is down"));
	ts_wire_reply_free(&reply);
	atomic_store(&f.down, false);
	int status = 0;
	for (int i = 0; i < 100 && status != 200; i++) {
		frame_sleep_ms(50);
		ts_wire_ask(f.port, HIT, &reply);
		status = reply.status;
		ts_wire_reply_free(&reply);
	}
	assert_int_equal(status, 200);
	frame_stop(&f);
}

/* Many connections at once, while the frame stops: no request is lost without an answer or a close.
 */
static void test_stop_under_load(void **state)
{
	struct frame f;
	int fds[64];
	(void)state;
	frame_init(&f);
	frame_start(&f);
	for (int i = 0; i < 64; i++) {
		fds[i] = ts_wire_connect(f.port);
		for (int k = 0; k < 20; k++)
			ts_wire_puts(fds[i],
				"POST /t/hit HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc");
	}
	frame_stop(&f);
	for (int i = 0; i < 64; i++) {
		assert_true(ts_wire_ended(fds[i], 2000));
		(void)close(fds[i]);
	}
}

static int64_t cpu_ms(void)
{
	struct timespec ts;
	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
	return (int64_t)ts.tv_sec * 1000 + (int64_t)ts.tv_nsec / 1000000;
}

/* A held request, an idle connection and half a body cost no processor time (other programs met
 * event loops that spin). */
static void test_idle_cpu(void **state)
{
	struct frame f;
	struct ts_wire_reply reply;
	int fds[4] = {-1, -1, -1, -1};
	(void)state;
	frame_init(&f);
	frame_start(&f);
	for (int i = 0; i < 4; i++)
		fds[i] = ts_wire_connect(f.port);
	ts_wire_puts(fds[0], GATE);
	frame_wait(&f.running, 1);
	ts_wire_puts(fds[1], HIT);
	ts_wire_read(fds[1], 2000, false, &reply);
	assert_int_equal(reply.status, 200);
	ts_wire_reply_free(&reply);
	ts_wire_puts(fds[2], "POST /t/hit HTTP/1.1\r\n" H "Content-Length: 100\r\n\r\nabc");
	int second = ts_wire_connect(f.port); /* its client goes while it is held */
	ts_wire_puts(second, GATE);
	frame_wait(&f.running, 2);
	(void)close(second);
	int64_t before_ms = cpu_ms();
	frame_sleep_ms(1000);
	int64_t used_ms = cpu_ms() - before_ms;
	print_message("%lld ms of processor time in an idle second\n", (long long)used_ms);
	/* the two handlers of this test poll; a spinning loop takes 1000 */
	assert_true(used_ms < 300);
	atomic_store(&f.gate, true);
	for (int i = 0; i < 4; i++)
		(void)close(fds[i]);
	frame_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_headers),
		cmocka_unit_test(test_slow_body_and_idle),
		cmocka_unit_test(test_held_is_not_reaped),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(slow_readers_of_large_answers_share_a_budget),
		cmocka_unit_test(test_queue_full),
		cmocka_unit_test(test_request_deadline),
		cmocka_unit_test(test_client_leaves),
		cmocka_unit_test(test_stop_drains),
		cmocka_unit_test(test_stop_suspended),
		cmocka_unit_test(test_stop_half_body),
		cmocka_unit_test(test_worker_down),
		cmocka_unit_test(test_idle_cpu),
		cmocka_unit_test(test_stop_under_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
