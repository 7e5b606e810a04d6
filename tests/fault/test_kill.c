/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 at random moments, while an agent appends from its spool and finance settles, closes and
 * issues under idempotency keys, each repeating until it has an answer. Nothing acknowledged is
 * lost, nothing happens twice, and the books equal those of a contract whose service was never
 * killed. TS_KILLS: how many, at least; the rest of the work is killed at too. */
#include "fault/books.h"
#include "importers/agent.h"
#include "support/seed.h"
#include <pthread.h>
#include <stdatomic.h>

#define KILLS 12
#define DELAY_MIN_US 1000 /* from the service's first answer to its end */
#define DELAY_MAX_US 300000
#define AIM_MAX_US 12000 /* into a request: work, commit, answer */
#define BATCH_LINES 64
#define MAY_SLOTS 372 /* of two hours */
#define PATIENCE_US INT64_C(60000000) /* for one request, over all repeats */
#define EVENTS_MAX 4096

/* Usage of May, until its cut; then of June. */
enum phase { MAY, JUNE, LAST };

struct event {
	char what[32], key[32], *answer;
};
struct finance {
	struct ts_send *send;
	const char *contract;
	_Atomic int64_t *started; /* requests; NULL: nobody looks */
	struct event events[EVENTS_MAX];
	size_t n, repeats;
};
struct stage {
	struct svc svc;
	struct svc_contract contract;
	struct ts_hasher hasher;
	struct ts_rng rng, agent_rng;
	struct ts_spool *spool;
	struct ts_send *client;
	struct finance finance;
	char stream[TS_STREAM_ID_CHARS + 1];
	int64_t lines_n[2]; /* put, of May and of June */
	_Atomic int phase, agent_phase; /* wanted; what the agent is done with before */
	_Atomic int64_t acknowledged;
	_Atomic int working; /* threads */
	_Atomic int64_t started; /* requests of finance */
	int resumes; /* of the agent, from its folder */
};

static void put_line(struct ts_buf *out, bool june, int64_t i)
{
	int64_t slot = june ? MAY_SLOTS + i % 100 : i % MAY_SLOTS;
	books_line_at(out, slot, i);
}

static void pause_us(int64_t us)
{
	struct timespec left = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
	while (nanosleep(&left, &left) != 0)
		continue;
}

/* --- the agent --- */

static void put_chunk(struct stage *st, bool june)
{
	struct ts_why why = {"", ""};
	struct ts_record record;
	struct ts_buf text;
	const char *reason = "";
	int64_t n = ts_rng_range(&st->agent_rng, 20, 200);
	ts_buf_init(&text, TS_RECORD_BYTES_MAX + 1);
	for (int64_t i = 0; i < n; i++) {
		ts_buf_reset(&text);
		put_line(&text, june, st->lines_n[june]++);
		struct ts_str line = {text.data, text.len - 1};
		if (ts_record_parse(line, &record, &reason) != TS_OK)
			svc_die("line", reason);
		svc_ok(ts_spool_put(st->spool, &record, NULL, &why), &why);
	}
	svc_ok(ts_spool_commit(st->spool, &why), &why);
	ts_buf_free(&text);
}

static void push_all(struct stage *st)
{
	struct ts_agent_report report;
	struct ts_why why = {"", ""};
	int64_t until_us = ts_clock_mono_us() + PATIENCE_US;
	enum ts_err err = TS_E_UNAVAILABLE;
	while (err != TS_OK) {
		err = ts_agent_push(st->spool, st->client, BATCH_LINES, NULL, &report, &why);
		atomic_store(&st->acknowledged, st->spool->sent_n);
		if (err != TS_OK && ts_clock_mono_us() > until_us)
			svc_ok(err, &why);
	}
}

/* As a new process of the agent finds it. */
static void resume(struct stage *st)
{
	struct ts_why why = {"", ""};
	char dir[TS_SPOOL_PATH_MAX];
	snprintf(dir, sizeof dir, "%s", st->spool->dir);
	ts_spool_close(st->spool);
	svc_ok(ts_spool_open(dir, NULL, &st->spool, &why), &why);
	st->resumes++;
}

static void *agent_main(void *arg)
{
	struct stage *st = arg;
	int phase = MAY;
	while (phase != LAST) {
		if (ts_rng_below(&st->agent_rng, 4) == 0)
			resume(st);
		put_chunk(st, phase == JUNE);
		push_all(st);
		phase = atomic_load(&st->phase);
		atomic_store(&st->agent_phase, phase);
	}
	atomic_fetch_sub(&st->working, 1);
	return NULL;
}

/* --- finance --- */

/* Repeats until there is an answer that says yes; keeps it. */
static void run_event(struct finance *f, const char *what)
{
	struct ts_send_reply reply;
	struct ts_buf out;
	struct event *event = &f->events[f->n];
	int64_t until_us = ts_clock_mono_us() + PATIENCE_US;
	if (f->n == EVENTS_MAX)
		svc_die("events", "too many");
	snprintf(event->what, sizeof event->what, "%s", what);
	snprintf(event->key, sizeof event->key, "key-%zu", f->n);
	ts_buf_init(&out, SVC_ANSWER_MAX);
	for (;;) {
		if (f->started != NULL)
			atomic_fetch_add(f->started, 1);
		if (books_post(f->send, f->contract, what, event->key, &out, &reply) / 100 == 2)
			break;
		if (ts_clock_mono_us() > until_us)
			svc_die(what, ts_buf_str(&out));
		f->repeats++;
		pause_us(5000);
	}
	event->answer = strdup(ts_buf_str(&out));
	f->n++;
	ts_buf_free(&out);
}

static void tick_until(struct stage *st, int phase)
{
	while (atomic_load(&st->agent_phase) < phase) {
		run_event(&st->finance, "settle");
		pause_us(2000);
	}
}

static void *finance_main(void *arg)
{
	struct stage *st = arg;
	tick_until(st, JUNE); /* from here on the agent sends usage of June only */
	run_event(&st->finance, "periods/0/close");
	run_event(&st->finance, "periods/0/invoice");
	tick_until(st, LAST);
	run_event(&st->finance, "periods/1/close");
	run_event(&st->finance, "periods/1/invoice");
	atomic_fetch_sub(&st->working, 1);
	return NULL;
}

/* --- the end of it, again and again --- */

/* Any moment; or, every other time, one within a request of finance. */
static void await_moment(struct stage *st)
{
	int64_t until_us = ts_clock_mono_us() + DELAY_MAX_US;
	int64_t started = atomic_load(&st->started);
	if (ts_rng_below(&st->rng, 2) == 0) {
		pause_us(ts_rng_range(&st->rng, DELAY_MIN_US, DELAY_MAX_US));
		return;
	}
	while (atomic_load(&st->started) == started && ts_clock_mono_us() < until_us)
		pause_us(100);
	pause_us(ts_rng_range(&st->rng, 0, AIM_MAX_US));
}

static void kill_and_restart(struct stage *st)
{
	int status = 0;
	await_moment(st);
	int64_t acknowledged = atomic_load(&st->acknowledged);
	if (kill(st->svc.pid, SIGKILL) != 0 || waitpid(st->svc.pid, &status, 0) != st->svc.pid)
		svc_die("kill", "it is not there");
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		svc_die("kill", "it had ended by itself");
	svc_run(&st->svc, "tick_s=0");
	if (books_number(&st->svc, st->contract.id,
		    BOOKS_C "select coalesce(max(size), 0) from app.stream, c where contract_id = "
			    "c.id") < acknowledged)
		svc_die("restart", "what was acknowledged is gone");
}

static int kills_wanted(void)
{
	const char *text = getenv("TS_KILLS");
	return text != NULL ? (int)strtol(text, NULL, 10) : KILLS;
}

/* Returns how often it was killed. */
static int run_all(struct stage *st)
{
	pthread_t agent, finance;
	int kills = 0, wanted = kills_wanted();
	atomic_store(&st->working, 2);
	assert_int_equal(pthread_create(&agent, NULL, agent_main, st), 0);
	assert_int_equal(pthread_create(&finance, NULL, finance_main, st), 0);
	for (; kills < wanted || atomic_load(&st->working) > 0; kills++) {
		if (kills == wanted / 2)
			atomic_store(&st->phase, JUNE);
		if (kills == wanted - 2)
			atomic_store(&st->phase, LAST);
		kill_and_restart(st);
	}
	assert_int_equal(pthread_join(agent, NULL), 0);
	assert_int_equal(pthread_join(finance, NULL), 0);
	return kills;
}

/* --- what must hold --- */

static void stream_is_the_agents(struct stage *st)
{
	char path[96], hex[2 * TS_HASH_BYTES + 1];
	struct ts_hash root;
	snprintf(path, sizeof path, "/v1/streams/%s", st->stream);
	json_t *json = svc_expect(st->svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	assert_int_equal(st->spool->sent_n, st->spool->lines_n);
	assert_int_equal(st->spool->lines_n, 1 + st->lines_n[0] + st->lines_n[1]);
	assert_int_equal(
		json_integer_value(json_object_get(json, "size")), st->spool->sent_range.size);
	ts_range_root(&st->hasher, &st->spool->sent_range, &root);
	ts_text_hex(root.b, TS_HASH_BYTES, hex);
	assert_string_equal(svc_member(json, "root"), hex);
	json_decref(json);
	assert_int_equal(
		books_number(&st->svc, st->contract.id,
			BOOKS_C "select count(*) from app.usage, c where contract_id = c.id "
				"and tag = 1"),
		st->lines_n[0] + st->lines_n[1]);
}

/* Every key has one event, and says the same as before. */
static void events_happened_once(struct stage *st)
{
	struct finance *f = &st->finance;
	struct ts_send_reply reply;
	struct ts_buf out;
	ts_buf_init(&out, SVC_ANSWER_MAX);
	for (size_t i = 0; i < f->n; i++) {
		const struct event *event = &f->events[i];
		assert_int_equal(
			books_post(f->send, f->contract, event->what, event->key, &out, &reply) /
				100,
			2);
		assert_string_equal(ts_buf_str(&out), event->answer);
	}
	ts_buf_free(&out);
	assert_int_equal(books_number(&st->svc, st->contract.id,
				 BOOKS_C "select count(*) from app.log_leaf, c where contract_id = "
					 "c.id and log = 0 and kind = 2"),
		f->n);
}

static void append_range(struct stage *st, struct ts_send *client, const struct svc_contract *c,
	struct svc_agent *agent, bool june)
{
	char path[128];
	struct ts_buf lines, body;
	ts_buf_init(&lines, 64u << 20);
	for (int64_t i = 0; i < st->lines_n[june];) {
		ts_buf_reset(&lines);
		ts_buf_init(&body, 64u << 20);
		if (agent->range.size == 0)
			svc_genesis(c, agent, &lines);
		for (int64_t end = i + 5000; i < end && i < st->lines_n[june]; i++)
			put_line(&lines, june, i);
		svc_append_body(&st->hasher, agent, (struct ts_str){lines.data, lines.len}, &body);
		snprintf(path, sizeof path, "/v1/streams/%s/append", agent->stream);
		json_decref(svc_expect(
			client, "POST", path, NULL, (struct ts_str){body.data, body.len}, 200));
		ts_buf_free(&body);
	}
	ts_buf_free(&lines);
}

static void compare_with_control(struct stage *st)
{
	struct svc_contract control;
	struct svc_agent agent;
	struct ts_send *client = NULL;
	struct ts_why why = {"", ""};
	struct finance *f = calloc(1, sizeof *f);
	assert_non_null(f);
	svc_contract(&st->svc, &st->contract, &control);
	svc_agent(&st->svc, &control, "c1", TS_SIDE_PROVIDER, &agent);
	assert_ok(ts_send_create(st->svc.url, control.agent_token, &client, &why));
	f->send = st->finance.send;
	f->contract = control.id;
	append_range(st, client, &control, &agent, false);
	run_event(f, "periods/0/close");
	run_event(f, "periods/0/invoice");
	append_range(st, client, &control, &agent, true);
	run_event(f, "periods/1/close");
	run_event(f, "periods/1/invoice");
	books_equal(&st->svc, st->contract.id, control.id);
	while (f->n > 0)
		free(f->events[--f->n].answer);
	free(f);
	ts_send_free(client);
}

static void killed(void **state)
{
	struct stage *st = *state;
	int kills = run_all(st);
	stream_is_the_agents(st);
	books_whole(&st->svc, st->contract.id);
	events_happened_once(st);
	compare_with_control(st);
	print_message("%d kills; %lld lines, %d resumes; %zu events, %zu repeats\n", kills,
		(long long)(st->lines_n[0] + st->lines_n[1]), st->resumes, st->finance.n,
		st->finance.repeats);
	assert_true(st->finance.repeats > 0); /* else nothing was killed at its work */
}

/* A stream whose agent is a spool. */
static void open_spool(struct stage *st)
{
	char dir[96];
	struct svc_agent agent;
	struct ts_buf note;
	struct ts_why why = {"", ""};
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	svc_statement(&st->contract, "c1", TS_SIDE_PROVIDER, &agent, &note);
	struct ts_str text = {note.data, note.len};
	json_decref(svc_expect(st->svc.send, "POST", "/v1/streams", NULL, text, 201));
	snprintf(st->stream, sizeof st->stream, "%s", agent.stream);
	snprintf(dir, sizeof dir, "%s/spool", st->svc.cluster.dir);
	const struct ts_spool_setup setup = {.enrolment = text,
		.agent = &agent.key,
		.receipt_key = &st->contract.receipt,
		.contract_note = st->contract.statement,
		.created_ms = SVC_FROM_MS};
	svc_ok(ts_spool_create(dir, &setup, &why), &why);
	svc_ok(ts_spool_open(dir, NULL, &st->spool, &why), &why);
	ts_buf_free(&note);
}

static int setup(void **state)
{
	struct stage *st = calloc(1, sizeof *st);
	char token[128];
	struct ts_why why = {"", ""};
	*state = st;
	assert_non_null(st);
	st->rng = ts_rng_create(ts_seed(20260501));
	st->agent_rng = ts_rng_create(ts_rng_next(&st->rng));
	svc_start(&st->svc, "tick_s=0");
	svc_incomplete_after_days = 0; /* its agents close no windows */
	assert_ok(ts_hasher_init(&st->hasher));
	svc_contract(&st->svc, NULL, &st->contract);
	open_spool(st);
	svc_token(&st->svc, "provider_finance", "orbit", NULL, token);
	st->finance.contract = st->contract.id;
	st->finance.started = &st->started;
	assert_ok(ts_send_create(st->svc.url, token, &st->finance.send, &why));
	assert_ok(ts_send_create(st->svc.url, st->contract.agent_token, &st->client, &why));
	return 0;
}

static int teardown(void **state)
{
	struct stage *st = *state;
	ts_spool_close(st->spool);
	ts_send_free(st->client);
	ts_send_free(st->finance.send);
	while (st->finance.n > 0)
		free(st->finance.events[--st->finance.n].answer);
	ts_hasher_free(&st->hasher);
	svc_stop(&st->svc);
	free(st);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(killed, setup, teardown)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
