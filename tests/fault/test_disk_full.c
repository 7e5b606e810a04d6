/* SPDX-License-Identifier: Apache-2.0 */
/* The database's disk is full: appends, settle, close and issue are refused with 503 and leave
 * nothing; then it has room, and the very same requests succeed. When the write-ahead log can't
 * grow, PostgreSQL itself ends: the service says so, and comes back by itself. */
#include "fault/books.h"
#include "fault/disk.h"

#define FIRST_LINES 100
#define MORE_LINES 4000 /* more than any free page of a table takes */

struct stage {
	struct svc svc;
	struct svc_contract contract;
	struct svc_agent agent;
	struct ts_hasher hasher;
	struct ts_send *client, *finance, *admin;
	struct ts_buf lines, body, answer;
	struct ts_send_reply reply;
	int64_t lines_n; /* u1 lines that an accepted append had */
};

/* The body of an append of n more lines, the genesis first. */
static void make_body(struct stage *st, const struct svc_contract *c, struct svc_agent *agent,
	int64_t from, int64_t n)
{
	ts_buf_reset(&st->lines);
	ts_buf_reset(&st->body);
	if (agent->range.size == 0)
		svc_genesis(c, agent, &st->lines);
	for (int64_t i = from; i < from + n; i++)
		books_line(&st->lines, i);
	svc_append_body(
		&st->hasher, agent, (struct ts_str){st->lines.data, st->lines.len}, &st->body);
}

static long append(struct stage *st, struct ts_send *client, const struct svc_agent *agent)
{
	char path[128];
	struct ts_why why;
	snprintf(path, sizeof path, "/v1/streams/%s/append", agent->stream);
	const struct ts_send_call call = {
		.method = "POST", .path = path, .body = st->body.data, .body_len = st->body.len};
	return ts_send_call(client, &call, &st->answer, &st->reply, &why) == TS_OK
		       ? st->reply.status
		       : 0;
}

/* A request that must fail while the disk is full, and succeed after. what NULL: the append of
 * st->body. */
struct request {
	const char *what, *key;
};

static long send_request(struct stage *st, const struct request *r)
{
	return r->what == NULL ? append(st, st->client, &st->agent)
			       : books_post(st->finance, st->contract.id, r->what, r->key,
					 &st->answer, &st->reply);
}

static void must_be_refused(struct stage *st, const struct request *r)
{
	long status = send_request(st, r);
	if (status != 503)
		print_error("%s: %ld %s\n", r->what, status, ts_buf_str(&st->answer));
	assert_int_equal(status, 503);
	assert_true(st->reply.retry_after_s >= 1);
	assert_string_equal(st->reply.content_type, "application/problem+json");
	assert_non_null(strstr(ts_buf_str(&st->answer), "\"code\":\"unavailable\""));
	assert_non_null(strstr(ts_buf_str(&st->answer), "53100"));
}

static void must_succeed(struct stage *st, const struct request *r)
{
	struct ts_append sent;
	struct ts_why why = {"", ""};
	int64_t time_s = 0;
	long status = send_request(st, r);
	if (status / 100 != 2)
		print_error("%s: %ld %s\n", r->what, status, ts_buf_str(&st->answer));
	assert_int_equal(status / 100, 2);
	if (r->what != NULL)
		return;
	assert_ok(ts_append_parse((struct ts_str){st->body.data, st->body.len}, &sent, &why));
	assert_ok(ts_append_receipt_verify(&st->contract.receipt, sent.note.text,
		(struct ts_str){st->answer.data, st->answer.len}, &time_s, &why));
}

static long ready(struct stage *st)
{
	return svc_call(st->admin, "GET", "/readyz", NULL, NULL, 0, &st->answer);
}

/* Reads go on, so the service stays ready. */
static void reads_go_on(struct stage *st)
{
	static const char *const views[] = {"", "/status", "/trial-balance", "/usage?limit=10"};
	char path[128];
	for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
		snprintf(path, sizeof path, "/v1/contracts/%s%s", st->contract.id, views[i]);
		assert_int_equal(
			svc_call(st->finance, "GET", path, NULL, NULL, 0, &st->answer), 200);
	}
	assert_int_equal(ready(st), 200);
}

static void round_of(struct stage *st, const struct request *requests, size_t n)
{
	char *before = books_counts(&st->svc, st->contract.id);
	for (size_t i = 0; i < n; i++) {
		disk_fill();
		must_be_refused(st, &requests[i]);
	}
	reads_go_on(st);
	char *after = books_counts(&st->svc, st->contract.id);
	assert_string_equal(before, after);
	disk_free();
	for (size_t i = 0; i < n; i++)
		must_succeed(st, &requests[i]);
	books_whole(&st->svc, st->contract.id);
	free(before);
	free(after);
}

static void as_admin(struct stage *st, const char *sql)
{
	PGconn *conn = PQconnectdb(st->svc.cluster.admin);
	PQclear(PQexec(conn, sql));
	PQfinish(conn);
}

static bool database_ended(const struct stage *st)
{
	char path[96];
	snprintf(path, sizeof path, "%s/log", st->svc.cluster.dir);
	struct ts_file log = ts_file_read(path);
	bool ended = strstr(log.bytes, "PANIC:") != NULL;
	ts_file_free(&log);
	return ended;
}

static void wait_ready(struct stage *st, long status)
{
	long got = 0;
	for (int i = 0; i < 400 && got != status; i++) {
		got = ready(st);
		if (got != status)
			usleep(25000);
	}
	assert_int_equal(got, status);
}

/* Small appends, which need no new page, until the log needs its next file. */
static void log_is_full(struct stage *st)
{
	const struct request request = {NULL, NULL};
	long status = 200;
	for (int i = 0; i < 60 && !database_ended(st); i++) {
		disk_fill();
		as_admin(st, "select pg_switch_wal()");
		if (status == 200)
			make_body(st, &st->contract, &st->agent, st->lines_n, 1);
		status = append(st, st->client, &st->agent);
		st->lines_n += status == 200;
	}
	assert_true(database_ended(st));
	if (status == 200) { /* ended by a writer of its own, between two appends */
		make_body(st, &st->contract, &st->agent, st->lines_n, 1);
		status = append(st, st->client, &st->agent);
	}
	/* cut off before or after the commit was sent; nobody can say, and nobody does */
	assert_true(status == 503 || status == 504);
	assert_string_equal(st->reply.content_type, "application/problem+json");
	assert_true(st->reply.retry_after_s >= 1);
	ts_cluster_ctl(&st->svc.cluster, "stop -m immediate"); /* if it isn't down by itself */
	wait_ready(st, 503);
	assert_int_equal(append(st, st->client, &st->agent), 503);
	disk_free();
	disk_preload(true);
	ts_cluster_ctl(&st->svc.cluster, "start");
	disk_preload(false);
	wait_ready(st, 200);
	for (int i = 0; i < 200 && append(st, st->client, &st->agent) != 200; i++)
		usleep(25000);
	must_succeed(st, &request);
	st->lines_n++;
	books_whole(&st->svc, st->contract.id);
}

/* The same usage and events, and never a full disk. */
static void compare_with_control(struct stage *st)
{
	struct svc_contract control;
	struct svc_agent agent;
	struct ts_why why = {"", ""};
	struct ts_send *client = NULL;
	svc_contract(&st->svc, &st->contract, &control);
	svc_agent(&st->svc, &control, "c1", TS_SIDE_PROVIDER, &agent);
	assert_ok(ts_send_create(st->svc.url, control.agent_token, &client, &why));
	for (int period = 0; period < 2; period++) {
		static const char *const events[] = {"close", "invoice"};
		int64_t early_n = FIRST_LINES + MORE_LINES; /* before the first cut */
		make_body(st, &control, &agent, period == 0 ? 0 : early_n,
			period == 0 ? early_n : st->lines_n - early_n);
		assert_int_equal(append(st, client, &agent), 200);
		for (size_t i = 0; i < 2; i++) {
			char what[64];
			snprintf(what, sizeof what, "periods/%d/%s", period, events[i]);
			assert_int_equal(books_post(st->finance, control.id, what, "once",
						 &st->answer, &st->reply) /
						 100,
				2);
		}
	}
	ts_send_free(client);
	assert_int_equal(
		books_number(&st->svc, st->contract.id,
			BOOKS_C "select count(*) from app.usage, c where contract_id = c.id"),
		st->lines_n);
	books_equal(&st->svc, st->contract.id, control.id);
}

static void admin_open(struct stage *st)
{
	char path[96], url[64];
	struct ts_why why = {"", ""};
	snprintf(path, sizeof path, "%s/log", st->svc.dir);
	struct ts_file log = ts_file_read(path);
	const char *at = strstr(log.bytes, "\"admin_port\":");
	assert_non_null(at);
	snprintf(url, sizeof url, "http://127.0.0.1:%ld",
		strtol(at + strlen("\"admin_port\":"), NULL, 10));
	ts_file_free(&log);
	assert_ok(ts_send_create(url, NULL, &st->admin, &why));
}

static int setup(void **state)
{
	struct stage *st = calloc(1, sizeof *st);
	char token[128];
	struct ts_why why = {"", ""};
	*state = st;
	disk_cluster = &st->svc.cluster;
	ts_cluster_start_in(&st->svc.cluster, disk_prepare, NULL);
	disk_preload(false); /* not for the service */
	atexit(disk_release);
	snprintf(st->svc.dir, sizeof st->svc.dir, "%s/service", st->svc.cluster.dir);
	svc_serve(&st->svc, "tick_s=0");
	svc_incomplete_after_days = 0; /* its agents close no windows */
	admin_open(st);
	assert_ok(ts_hasher_init(&st->hasher));
	ts_buf_init(&st->lines, 4u << 20);
	ts_buf_init(&st->body, 4u << 20);
	ts_buf_init(&st->answer, SVC_ANSWER_MAX);
	svc_contract(&st->svc, NULL, &st->contract);
	svc_agent(&st->svc, &st->contract, "c1", TS_SIDE_PROVIDER, &st->agent);
	svc_token(&st->svc, "provider_finance", "orbit", NULL, token);
	assert_ok(ts_send_create(st->svc.url, token, &st->finance, &why));
	return ts_send_create(st->svc.url, st->contract.agent_token, &st->client, &why) == TS_OK
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	struct stage *st = *state;
	ts_send_free(st->client);
	ts_send_free(st->finance);
	ts_send_free(st->admin);
	ts_buf_free(&st->lines);
	ts_buf_free(&st->body);
	ts_buf_free(&st->answer);
	ts_hasher_free(&st->hasher);
	disk_release();
	svc_wrote = "*"; /* the database is gone */
	svc_stop(&st->svc);
	free(st);
	return 0;
}

static void disk_full(void **state)
{
	static const struct request usage[] = {{NULL, NULL}, {"settle", "s1"}},
				    events[] = {{"periods/0/close", "c0"}},
				    papers[] = {{"periods/0/invoice", "i0"}},
				    next[] = {{"periods/1/close", "c1"}};
	const struct request last = {"periods/1/invoice", "i1"}, first = {NULL, NULL};
	struct stage *st = *state;
	make_body(st, &st->contract, &st->agent, 0, FIRST_LINES);
	must_succeed(st, &first);
	/* a log segment with room: for now the tables are what can't grow */
	as_admin(st, "select pg_switch_wal()");
	as_admin(st, "checkpoint");
	make_body(st, &st->contract, &st->agent, FIRST_LINES, MORE_LINES);
	round_of(st, usage, 2);
	st->lines_n = FIRST_LINES + MORE_LINES;
	round_of(st, events, 1);
	round_of(st, papers, 1);
	log_is_full(st);
	must_succeed(st, &next[0]);
	must_succeed(st, &last);
	books_whole(&st->svc, st->contract.id);
	compare_with_control(st);
}

int main(void)
{
	const struct rlimit no_core = {0, 0};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(disk_full, setup, teardown)};
	(void)setrlimit(RLIMIT_CORE, &no_core); /* PANIC aborts */
	bool mounts = disk_may_mount();
	print_message("disk: the shim\n");
	int failed = cmocka_run_group_tests_name("shim", tests, NULL, NULL);
	if (!mounts) {
		print_message("disk: no right to mount a tmpfs; the shim was all\n");
		return failed;
	}
	disk_kind = DISK_TMPFS;
	print_message("disk: a tmpfs of %lld MiB\n", (long long)(DISK_BYTES >> 20));
	return failed + cmocka_run_group_tests_name("tmpfs", tests, NULL, NULL);
}
