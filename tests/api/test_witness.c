/* SPDX-License-Identifier: Apache-2.0 */
/* A witness over HTTP: the published conversation, two requests at once, and a process killed when
 * it had persisted and not yet answered. */
#include "support/test.h"
#include "support/file.h"
#include "support/wire.h"
#include "service/clock.h"
#include "service/handler/h_witness.h"
#include <ftw.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
	char dir[64];
	struct ts_secret log, witness;
	struct ts_config config;
	struct ts_log *logger;
	struct ts_witness_store *store;
	struct ts_http *http;
	uint16_t port;
	struct ts_hasher hasher;
	struct ts_hash leaves[64];
	struct ts_merkle_array array;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void start(struct fixture *f)
{
	struct ts_why why = {0};
	assert_ok(ts_witness_store_open(f->dir, &f->witness, &f->store, &why));
	const struct ts_http_options options = {.config = &f->config,
		.log = f->logger,
		.tables = ts_witness_tables,
		.hooks = ts_witness_hooks(f->store),
		.version = "1"};
	enum ts_err err = ts_http_start(&options, &f->http, &why);
	if (err != TS_OK)
		print_error("%s: %s\n", why.where, why.text);
	assert_ok(err);
	f->port = ts_http_port(f->http);
}

static void stop(struct fixture *f)
{
	assert_ok(ts_http_stop(f->http, 5000));
	ts_witness_store_close(f->store);
}

static void setup(struct fixture *f)
{
	uint8_t seed[TS_KEY_SEED_BYTES] = {3};
	memset(f, 0, sizeof *f);
	snprintf(f->dir, sizeof f->dir, "/tmp/ts-witness-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_ok(ts_hasher_init(&f->hasher));
	assert_ok(ts_secret_make(TS_STR("t.example/0/inputs"), TS_KEY_ED25519, seed, &f->log));
	seed[0] = 4;
	assert_ok(ts_secret_make(TS_STR("w.example/w1"), TS_KEY_COSIGNATURE, seed, &f->witness));
	for (size_t i = 0; i < 64; i++)
		ts_hash_leaf(&f->hasher, &i, sizeof i, &f->leaves[i]);
	f->array = (struct ts_merkle_array){&f->hasher, f->leaves, 64};
	ts_config_default(&f->config);
	f->config.listen = "127.0.0.1:0";
	assert_ok(ts_log_open("/dev/null", "info", &f->logger, NULL));
	struct ts_witness_log log = {f->log.key, 1000};
	assert_ok(ts_witness_log_add(f->dir, &log, NULL));
}

static void teardown(struct fixture *f)
{
	ts_log_close(f->logger);
	ts_hasher_free(&f->hasher);
	(void)nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The request of a log's checkpoint; twist != 0 is another root. The caller frees. */
static void request_of(
	struct fixture *f, int64_t old, int64_t size, uint8_t twist, struct ts_buf *out)
{
	struct ts_merkle_source source = ts_merkle_array_source(&f->array);
	struct ts_path proof = {.n = 0};
	struct ts_checkpoint cp = {.origin = ts_str(f->log.key.name), .size = size};
	struct ts_buf text, note;
	if (old > 0 && old < size)
		assert_ok(ts_consistency_prove(&f->hasher, &source, old, size, &proof));
	assert_ok(ts_merkle_root(&f->hasher, &source, size, &cp.root));
	cp.root.b[0] ^= twist;
	ts_buf_init(&text, 1000);
	ts_buf_init(&note, 4000);
	ts_checkpoint_format(&cp, &text);
	ts_note_begin((struct ts_str){text.data, text.len}, &note);
	assert_ok(ts_note_sign(&f->log, (struct ts_str){text.data, text.len}, &note));
	ts_buf_init(out, 100000);
	ts_witness_build(old, &proof, (struct ts_str){note.data, note.len}, out);
	ts_buf_free(&text);
	ts_buf_free(&note);
}

static void post(uint16_t port, const char *body, size_t len, struct ts_wire_reply *out)
{
	char head[200];
	int fd = ts_wire_connect(port);
	snprintf(head, sizeof head,
		"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %zu\r\n\r\n", len);
	ts_wire_puts(fd, head);
	ts_wire_send(fd, body, len);
	ts_wire_read(fd, 5000, false, out);
	(void)close(fd);
}

static int ask(
	struct fixture *f, int64_t old, int64_t size, uint8_t twist, struct ts_wire_reply *out)
{
	struct ts_buf body;
	request_of(f, old, size, twist, &body);
	post(f->port, body.data, body.len, out);
	ts_buf_free(&body);
	return out->status;
}

static int status_of(struct fixture *f, int64_t old, int64_t size, uint8_t twist)
{
	struct ts_wire_reply reply;
	int status = ask(f, old, size, twist, &reply);
	ts_wire_reply_free(&reply);
	return status;
}

static void get_checkpoint(struct fixture *f, struct ts_wire_reply *out)
{
	char id[TS_WITNESS_ID_CHARS + 1], text[200];
	ts_witness_id(ts_str(f->log.key.name), id);
	snprintf(text, sizeof text, "GET /%s/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", id);
	ts_wire_ask(f->port, text, out);
}

/* litewitness's conversation; why 400 and 404 differ is said in the unit test of the judgement. */
static void test_published_conversation(void **state)
{
	struct fixture f;
	struct ts_file file = ts_fixture_read("evidence/witness/add-checkpoint.json");
	json_t *doc = json_loadb(file.bytes, file.len, 0, NULL);
	struct ts_witness_log log = {.per_minute = 100};
	size_t i;
	json_t *c;
	(void)state;
	setup(&f);
	assert_non_null(doc);
	assert_ok(ts_key_parse(
		ts_str(json_string_value(json_object_get(doc, "log_vkey"))), &log.key, NULL));
	start(&f);
	assert_ok(ts_witness_log_add(f.dir, &log, NULL)); /* while it runs */
	json_array_foreach(json_object_get(doc, "steps"), i, c)
	{
		const char *body = json_string_value(json_object_get(c, "request"));
		int expected = (int)json_integer_value(json_object_get(c, "status"));
		struct ts_wire_reply reply;
		char type[256];
		expected = i == 1 ? 400 : i == 2 ? 404 : expected;
		post(f.port, body, strlen(body), &reply);
		assert_int_equal(reply.status, expected);
		if (expected == 200)
			assert_non_null(strstr(reply.body, "\xe2\x80\x94 w.example/w1 "));
		if (expected == 409) {
			assert_string_equal(
				reply.body, json_string_value(json_object_get(c, "body")));
			assert_string_equal(
				ts_wire_header(&reply, "Content-Type", type), "text/x.tlog.size");
		}
		ts_wire_reply_free(&reply);
	}
	stop(&f);
	json_decref(doc);
	ts_file_free(&file);
	teardown(&f);
}

static void test_statuses_and_read_side(void **state)
{
	struct fixture f;
	struct ts_wire_reply reply, again;
	char type[256];
	(void)state;
	setup(&f);
	start(&f);
	get_checkpoint(&f, &reply);
	assert_int_equal(reply.status, 404); /* nothing cosigned yet */
	ts_wire_reply_free(&reply);
	assert_int_equal(status_of(&f, 0, 7, 0), 200);
	assert_int_equal(ask(&f, 7, 7, 1, &reply), 409); /* two stories: no size in the answer */
	assert_string_not_equal(ts_wire_header(&reply, "Content-Type", type), "text/x.tlog.size");
	ts_wire_reply_free(&reply);
	assert_int_equal(status_of(&f, 7, 20, 1), 422);
	assert_int_equal(status_of(&f, 0, 20, 0), 409);
	assert_int_equal(ask(&f, 7, 20, 0, &reply), 200);
	assert_int_equal(ask(&f, 20, 20, 0, &again), 200);
	assert_string_equal(reply.body, again.body); /* the same line, not a younger one */
	ts_wire_reply_free(&again);
	get_checkpoint(&f, &again);
	assert_int_equal(again.status, 200);
	assert_non_null(strstr(again.body, reply.body));
	struct ts_note note;
	struct ts_note_sig sigs[2];
	struct ts_checkpoint cp;
	const struct ts_key keys[] = {f.log.key, f.witness.key};
	assert_ok(ts_checkpoint_open(
		(struct ts_str){again.body, again.body_len}, keys, 2, &note, sigs, &cp, NULL));
	assert_true(sigs[1].valid);
	assert_int_equal(cp.size, 20);
	ts_wire_reply_free(&again);
	ts_wire_reply_free(&reply);
	ts_wire_ask(f.port, "GET /../../etc/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", &reply);
	assert_int_equal(reply.status / 100, 4);
	ts_wire_reply_free(&reply);
	ts_wire_ask(f.port, "GET /lock/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", &reply);
	assert_int_equal(reply.status, 404);
	ts_wire_reply_free(&reply);
	ts_wire_ask(f.port,
		"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 99999\r\n\r\n",
		&reply);
	assert_int_equal(reply.status, 413);
	ts_wire_reply_free(&reply);
	stop(&f);
	teardown(&f);
}

static void test_policy(void **state)
{
	struct fixture f;
	struct ts_witness_log log;
	(void)state;
	setup(&f);
	log = (struct ts_witness_log){f.log.key, 2};
	assert_ok(ts_witness_log_add(f.dir, &log, NULL));
	while (ts_clock_now_us() / 1000000 % 60 > 55) /* all of it within one minute */
		(void)usleep(100000);
	start(&f);
	assert_int_equal(status_of(&f, 0, 1, 0), 200);
	assert_int_equal(status_of(&f, 0, 2, 0), 409); /* refusals are not counted */
	assert_int_equal(status_of(&f, 1, 2, 0), 200);
	assert_int_equal(status_of(&f, 2, 3, 0), 429);
	assert_int_equal(status_of(&f, 2, 2, 0), 200); /* a repeat is not counted either */
	log.per_minute = 0;
	assert_ok(ts_witness_log_add(f.dir, &log, NULL));
	assert_int_equal(status_of(&f, 2, 3, 0), 403);
	log.key = f.witness.key; /* another type, another key: never for this log */
	assert_err(ts_witness_log_add(f.dir, &log, NULL), TS_E_KEY);
	struct ts_secret other;
	uint8_t seed[TS_KEY_SEED_BYTES] = {99};
	assert_ok(ts_secret_make(ts_str(f.log.key.name), TS_KEY_ED25519, seed, &other));
	log.key = other.key;
	assert_err(ts_witness_log_add(f.dir, &log, NULL), TS_E_CONFLICT);
	struct ts_witness_store *second = NULL;
	assert_err(ts_witness_store_open(f.dir, &f.witness, &second, NULL), TS_E_CONFLICT);
	stop(&f);
	teardown(&f);
}

struct racer {
	struct fixture *f;
	struct ts_buf body;
	int status;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	struct ts_wire_reply reply;
	post(r->f->port, r->body.data, r->body.len, &reply);
	r->status = reply.status;
	ts_wire_reply_free(&reply);
	return NULL;
}

/* Two different successors of one size: at most one of them may ever be cosigned. */
static void test_race(void **state)
{
	struct fixture f;
	(void)state;
	setup(&f);
	start(&f);
	for (int64_t size = 1; size < 20; size++) {
		struct racer racers[4];
		pthread_t threads[4];
		int won = 0;
		for (int i = 0; i < 4; i++) {
			racers[i] = (struct racer){.f = &f};
			request_of(&f, size - 1, size, size == 1 ? (uint8_t)i : 0, &racers[i].body);
			assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
		}
		for (int i = 0; i < 4; i++) {
			pthread_join(threads[i], NULL);
			won += racers[i].status == 200;
			assert_true(racers[i].status == 200 || racers[i].status == 409);
			ts_buf_free(&racers[i].body);
		}
		assert_int_equal(won, 1);
		if (size == 1) { /* begin again on the true root */
			stop(&f);
			teardown(&f);
			setup(&f);
			start(&f);
			assert_int_equal(status_of(&f, 0, 1, 0), 200);
		}
	}
	stop(&f);
	teardown(&f);
}

/* A child that is killed as soon as the store has returned: persisted, not answered. */
static void test_killed_between_persist_and_answer(void **state)
{
	struct fixture f;
	struct ts_buf body;
	struct ts_wire_reply reply;
	char path[200];
	(void)state;
	setup(&f);
	request_of(&f, 0, 9, 0, &body);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct ts_witness_request request;
		struct ts_witness_store *store = NULL;
		struct ts_buf line;
		int64_t size = 0;
		ts_buf_init(&line, 4000);
		if (ts_witness_store_open(f.dir, &f.witness, &store, NULL) == TS_OK &&
			ts_witness_parse((struct ts_str){body.data, body.len}, &request, NULL) ==
				TS_OK &&
			ts_witness_store_add(store, &f.hasher, &request,
				ts_clock_now_us() / 1000000, &line, &size, NULL) == TS_OK)
			(void)raise(SIGKILL);
		_exit(1);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	start(&f);
	/* The client never heard: its repeat is told the size, then gets the line. Another history
	 * of that size gets nothing. */
	post(f.port, body.data, body.len, &reply);
	assert_int_equal(reply.status, 409);
	assert_string_equal(reply.body, "9\n");
	ts_wire_reply_free(&reply);
	assert_int_equal(status_of(&f, 9, 9, 1), 409);
	assert_int_equal(status_of(&f, 9, 9, 0), 200);
	stop(&f);
	/* Killed before the rename: half a new file beside the old one changes nothing. */
	char id[TS_WITNESS_ID_CHARS + 1];
	ts_witness_id(ts_str(f.log.key.name), id);
	snprintf(path, sizeof path, "%s/%s/checkpoint.new", f.dir, id);
	FILE *half = fopen(path, "w");
	assert_non_null(half);
	fputs("t.example/0/inp", half);
	fclose(half);
	start(&f);
	assert_int_equal(status_of(&f, 9, 12, 0), 200);
	stop(&f);
	/* A damaged memory stops it: to begin from nothing would be to forget. */
	snprintf(path, sizeof path, "%s/%s/checkpoint", f.dir, id);
	assert_int_equal(truncate(path, 30), 0);
	start(&f);
	assert_int_equal(status_of(&f, 0, 12, 0), 500);
	stop(&f);
	ts_buf_free(&body);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_conversation),
		cmocka_unit_test(test_statuses_and_read_side),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_killed_between_persist_and_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
