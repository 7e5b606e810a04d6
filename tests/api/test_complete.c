/* SPDX-License-Identifier: Apache-2.0 */
/* A document does not issue over windows that the provider's meters had to close: over HTTP, from
 * the first c1 line to the head of the document. Each case is a contract of its own; May has 31 day
 * windows. */
#include "support/test.h"
#include "api/service.h"
#include "base/time.h"
#include "evidence/event.h"
#include "evidence/revocation.h"

#define HOUR INT64_C(3600000)
#define MAY 31

struct desk {
	struct svc_contract contract;
	struct svc_agent agent;
	struct ts_send *as_agent, *as_provider, *as_consumer;
};

static struct svc svc;
static struct ts_hasher hasher;
static struct ts_buf body, lines, answer;
static struct desk first;
static bool has_first;

static struct ts_send *sender(const char *role, const char *party, const char *id)
{
	char token[128];
	struct ts_why why = {"", ""};
	struct ts_send *send = NULL;
	svc_token(&svc, role, party, id, token);
	svc_ok(ts_send_create(svc.url, token, &send, &why), &why);
	return send;
}

static void append_as(struct desk *d, struct svc_agent *agent, long expected)
{
	char path[128];
	snprintf(path, sizeof path, "/v1/streams/%s/append", agent->stream);
	ts_buf_reset(&body);
	svc_append_body(&hasher, agent, (struct ts_str){lines.data, lines.len}, &body);
	long status = svc_call(d->as_agent, "POST", path, NULL, body.data, body.len, &answer);
	if (status != expected)
		print_error("%ld %s\n", status, ts_buf_str(&answer));
	assert_int_equal(status, expected);
	ts_buf_reset(&lines);
}

static void open_desk(struct desk *d, int64_t after_days)
{
	struct ts_why why = {"", ""};
	memset(d, 0, sizeof *d);
	svc_incomplete_after_days = after_days;
	svc_contract(&svc, has_first ? &first.contract : NULL, &d->contract);
	svc_agent(&svc, &d->contract, "colo1", TS_SIDE_PROVIDER, &d->agent);
	svc_ok(ts_send_create(svc.url, d->contract.agent_token, &d->as_agent, &why), &why);
	d->as_provider = sender("provider_finance", "orbit", d->contract.id);
	d->as_consumer = sender("consumer_finance", "atlas", d->contract.id);
	svc_genesis(&d->contract, &d->agent, &lines);
	append_as(d, &d->agent, 200);
	if (!has_first)
		first = *d;
	has_first = true;
}

static void close_desk(struct desk *d)
{
	ts_send_free(d->as_agent);
	ts_send_free(d->as_provider);
	ts_send_free(d->as_consumer);
}

static int64_t day_ms(int day)
{
	return SVC_FROM_MS + day * SVC_DAY_MS;
}

static void use(int day)
{
	ts_buf_printf(&lines,
		"u1\t%lld\t%lld\tgpu-h100\t8000\t28800000000\ton_demand\tjob\tnode\t-\n",
		(long long)day_ms(day), (long long)(day_ms(day) + HOUR));
}

static void beat(int from, int to)
{
	for (int day = from; day < to; day++)
		ts_buf_printf(&lines, "c1\t%lld\t%lld\t-\t0\t0\t0\n", (long long)day_ms(day),
			(long long)day_ms(day + 1));
}

/* One line of usage, and its c1. */
static void close_used(const struct svc_agent *agent, int day)
{
	int64_t index = agent->range.size;
	use(day);
	ts_buf_printf(&lines, "c1\t%lld\t%lld\tgpu-h100\t%lld\t1\t28800000000\n",
		(long long)day_ms(day), (long long)day_ms(day + 1), (long long)index);
}

static long post(struct desk *d, const char *what, const char *key)
{
	char path[160];
	struct ts_send_reply reply;
	struct ts_why why = {"", ""};
	snprintf(path, sizeof path, "/v1/contracts/%s/%s", d->contract.id, what);
	const struct ts_send_call call = {.method = "POST", .path = path, .idempotency_key = key};
	assert_ok(ts_send_call(svc.send, &call, &answer, &reply, &why));
	return reply.status;
}

static void must_post(struct desk *d, const char *what, const char *key, long expected)
{
	long status = post(d, what, key);
	if (status != expected)
		print_error("%s: %ld %s\n", what, status, ts_buf_str(&answer));
	assert_int_equal(status, expected);
}

static void cut(struct desk *d)
{
	must_post(d, "periods/0/close", "close-0", 200);
}

static void must_wait(struct desk *d, const char *says)
{
	static int tries;
	char key[32];
	snprintf(key, sizeof key, "issue-wait-%d", tries++);
	must_post(d, "periods/0/invoice", key, 409);
	if (strstr(ts_buf_str(&answer), says) == NULL)
		print_error("%s\n", ts_buf_str(&answer));
	assert_non_null(strstr(ts_buf_str(&answer), says));
}

static json_t *view(struct desk *d, struct ts_send *as, const char *query)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/contracts/%s/completeness?%s", d->contract.id, query);
	return svc_expect(as, "GET", path, NULL, SVC_NO_TEXT, 200);
}

static json_int_t number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_integer(value))
		print_error("no number %s\n", name);
	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void assert_counts(const json_t *counts, int expected, int closed, int late, int missing)
{
	assert_int_equal(number(counts, "expected"), expected);
	assert_int_equal(number(counts, "closed"), closed);
	assert_int_equal(number(counts, "late"), late);
	assert_int_equal(number(counts, "missing"), missing);
}

/* What the cut keeps. */
static void assert_cut(struct desk *d, int expected, int closed, int late, int missing)
{
	json_t *json = view(d, svc.send, "period=2026-05");
	assert_counts(json_object_get(json, "cut"), expected, closed, late, missing);
	json_decref(json);
}

/* The issued document's head, checked against its event leaf. */
static json_t *issue(struct desk *d)
{
	char path[160];
	must_post(d, "periods/0/invoice", "issue-0", 201);
	json_t *json = json_loads(ts_buf_str(&answer), 0, NULL);
	snprintf(path, sizeof path, "/v1/contracts/%s/invoices/%s.json", d->contract.id,
		svc_member(json, "number"));
	json_decref(json);
	json = svc_expect(d->as_consumer, "GET", path, NULL, SVC_NO_TEXT, 200);
	json_t *head = json_incref(json_object_get(json_object_get(json, "head"), "completeness"));
	json_decref(json);
	assert_non_null(head);
	return head;
}

/* The gap line of the contract's issue event: -1 for none. */
static int64_t gap_line(struct desk *d)
{
	char sql[512];
	snprintf(sql, sizeof sql,
		"select case when t = '-' then -1 else t::bigint end from (select "
		"substring(convert_from(l.data, 'UTF8') from 'gap ([0-9-]+)') t from app.log_leaf "
		"l join app.directory d using (contract_id) where d.public_id = '%s' and l.log = 0 "
		"and convert_from(l.data, 'UTF8') like '%%kind issue%%') x",
		d->contract.id);
	return svc_number(&svc, sql);
}

/* --- the gap event --- */

#define PROVIDER 1
#define CONSUMER 2

struct gap {
	int64_t serial, from_ms, to_ms, missing;
	struct ts_hash list;
};

static struct gap gap_of(struct desk *d)
{
	json_t *json = view(d, d->as_consumer, "period=2026-05");
	const json_t *at_cut = json_object_get(json, "cut"),
		     *ms = json_object_get(json, "period_ms");
	struct gap gap = {.serial = 1,
		.from_ms = json_integer_value(json_array_get(ms, 0)),
		.to_ms = json_integer_value(json_array_get(ms, 1)),
		.missing = number(at_cut, "late") + number(at_cut, "missing")};
	assert_ok(ts_text_unhex(
		ts_str(svc_member(at_cut, "list_sha256")), gap.list.b, TS_HASH_BYTES));
	json_decref(json);
	return gap;
}

static long post_gap(struct desk *d, struct ts_send *as, const struct gap *gap, int who)
{
	static int64_t at_ms; /* one text for both signatures */
	char path[128];
	struct ts_buf text;
	struct ts_why why = {"", ""};
	const struct ts_secret *keys[2];
	size_t n = 0;
	if (at_ms == 0)
		at_ms = ts_clock_now_us() / 1000;
	const struct ts_event e = {.contract = ts_str(d->contract.id),
		.kind = TS_EVENT_GAP,
		.serial = gap->serial,
		.at_ms = at_ms,
		.period_from_ms = gap->from_ms,
		.period_to_ms = gap->to_ms,
		.missing = gap->missing,
		.list = gap->list};
	if ((who & PROVIDER) != 0)
		keys[n++] = &d->contract.provider;
	if ((who & CONSUMER) != 0)
		keys[n++] = &d->contract.consumer;
	ts_buf_init(&text, 4096);
	svc_ok(ts_event_build(&e, &text, &why), &why);
	ts_buf_reset(&body);
	svc_sign((struct ts_str){text.data, text.len}, keys, n, &body);
	ts_buf_free(&text);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements", d->contract.id);
	return svc_call(as, "POST", path, "text/plain", body.data, body.len, &answer);
}

static void refuse_gap(struct desk *d, struct gap gap, const char *says)
{
	long status = post_gap(d, svc.send, &gap, PROVIDER | CONSUMER);
	if (status != 409 || strstr(ts_buf_str(&answer), says) == NULL)
		print_error("%ld %s\n", status, ts_buf_str(&answer));
	assert_int_equal(status, 409);
	assert_non_null(strstr(ts_buf_str(&answer), says));
}

static int64_t gap_leaf(void)
{
	json_t *json = json_loads(ts_buf_str(&answer), 0, NULL);
	assert_string_equal(svc_member(json, "state"), "logged");
	int64_t leaf = number(json, "leaf");
	json_decref(json);
	return leaf;
}

static void a_whole_month_issues(void **state)
{
	struct desk d;
	(void)state;
	open_desk(&d, -1);
	beat(0, 10);
	append_as(&d, &d.agent, 200);
	close_used(&d.agent, 10);
	append_as(&d, &d.agent, 200);
	beat(11, MAY);
	append_as(&d, &d.agent, 200);
	json_t *json = view(&d, d.as_provider, "period=2026-05");
	const json_t *row = json_array_get(json_object_get(json, "data"), 0);
	assert_counts(row, MAY, MAY, 0, 0);
	assert_int_equal(number(row, "heartbeats"), MAY - 1);
	assert_true(json_is_null(json_object_get(json, "cut")));
	json_decref(json);
	cut(&d);
	json_t *head = issue(&d);
	assert_counts(head, MAY, MAY, 0, 0);
	assert_true(json_is_null(json_object_get(head, "gap")));
	assert_true(json_is_false(json_object_get(head, "incomplete")));
	assert_int_equal(gap_line(&d), -1);
	json_decref(head);
	close_desk(&d);
}

/* Refused; then both sign just this gap, and the document names it. */
static void a_gap_refuses_until_both_accept_it(void **state)
{
	struct desk d;
	char path[160];
	(void)state;
	open_desk(&d, -1);
	beat(0, 7);
	beat(9, 29);
	append_as(&d, &d.agent, 200);
	struct gap early = {.serial = 1,
		.from_ms = SVC_FROM_MS,
		.to_ms = day_ms(MAY),
		.missing = 4,
		.list = ts_hash_empty};
	refuse_gap(&d, early, "has been cut");
	cut(&d);
	assert_cut(&d, MAY, MAY - 4, 0, 4);
	must_wait(&d, "4 are missing and 0 late");
	/* The list: what its hash says, and where the windows are. */
	struct gap gap = gap_of(&d);
	struct ts_hash hash;
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/2026-05/gaps", d.contract.id);
	assert_int_equal(svc_call(d.as_consumer, "GET", path, NULL, NULL, 0, &answer), 200);
	ts_sha256(answer.data, answer.len, &hash);
	assert_true(ts_hash_eq(&hash, &gap.list));
	char line[400];
	snprintf(line, sizeof line, "%s\t%lld\t%lld\n", d.agent.key.key.name, (long long)day_ms(7),
		(long long)day_ms(8));
	assert_int_equal(strncmp(ts_buf_str(&answer), line, strlen(line)), 0);
	json_t *json = view(&d, d.as_consumer, "period=2026-05");
	const json_t *row = json_array_get(json_object_get(json, "data"), 0);
	assert_int_equal(json_array_size(json_object_get(row, "windows")), 2);
	assert_int_equal(number(row, "tail_missing"), 2);
	json_decref(json);
	/* Another number, another list: not what the cut found. */
	struct gap wrong = gap;
	wrong.missing = 3;
	refuse_gap(&d, wrong, "4 windows missing or late, not 3");
	wrong = gap;
	wrong.list.b[0] ^= 1;
	refuse_gap(&d, wrong, "another hash");
	wrong = gap;
	wrong.to_ms += SVC_DAY_MS;
	refuse_gap(&d, wrong, "has been cut");
	assert_int_equal(post_gap(&d, d.as_provider, &gap, PROVIDER), 200);
	must_wait(&d, "4 are missing"); /* one signature is none */
	assert_int_equal(post_gap(&d, d.as_consumer, &gap, CONSUMER), 200);
	int64_t leaf = gap_leaf();
	json_t *head = issue(&d);
	assert_counts(head, MAY, MAY - 4, 0, 4);
	assert_int_equal(number(head, "gap"), leaf);
	assert_true(json_is_false(json_object_get(head, "incomplete")));
	assert_int_equal(gap_line(&d), leaf);
	json_decref(head);
	gap.serial = 2;
	refuse_gap(&d, gap, "issued already");
	close_desk(&d);
}

/* Lines that no c1 counts, in a window that has one; a window with lines and no c1 is missing. */
static void late_windows_are_counted_apart(void **state)
{
	struct desk d;
	(void)state;
	open_desk(&d, -1);
	beat(0, 30);
	append_as(&d, &d.agent, 200);
	use(4);
	use(4);
	use(30);
	append_as(&d, &d.agent, 200);
	cut(&d);
	assert_cut(&d, MAY, MAY - 2, 1, 1);
	must_wait(&d, "1 are missing and 1 late");
	struct gap gap = gap_of(&d);
	assert_int_equal(gap.missing, 2);
	assert_int_equal(post_gap(&d, svc.send, &gap, PROVIDER | CONSUMER), 200);
	json_t *head = issue(&d);
	assert_counts(head, MAY, MAY - 2, 1, 1);
	json_decref(head);
	close_desk(&d);
}

/* The document rests on N: what comes later changes the view, not the cut. */
static void the_cut_keeps_what_it_knew(void **state)
{
	struct desk d;
	(void)state;
	open_desk(&d, -1);
	beat(0, 30);
	append_as(&d, &d.agent, 200);
	cut(&d);
	beat(30, MAY);
	append_as(&d, &d.agent, 200);
	json_t *json = view(&d, d.as_consumer, "period=2026-05");
	assert_counts(json_array_get(json_object_get(json, "data"), 0), MAY, MAY, 0, 0);
	assert_counts(json_object_get(json, "cut"), MAY, MAY - 1, 0, 1);
	json_decref(json);
	must_wait(&d, "1 are missing");
	close_desk(&d);
}

/* Nobody accepts, and the days of the terms have passed (here: none). */
static void days_pass_and_it_issues_incomplete(void **state)
{
	struct desk d;
	(void)state;
	open_desk(&d, 0);
	beat(0, 30);
	append_as(&d, &d.agent, 200);
	cut(&d);
	json_t *head = issue(&d);
	assert_counts(head, MAY, MAY - 1, 0, 1);
	assert_true(json_is_null(json_object_get(head, "gap")));
	assert_true(json_is_true(json_object_get(head, "incomplete")));
	assert_int_equal(gap_line(&d), -1);
	json_decref(head);
	close_desk(&d);
}

static void end_key(struct desk *d, const struct svc_agent *agent)
{
	char path[128];
	struct ts_buf text;
	struct ts_why why = {"", ""};
	const struct ts_revocation r = {.contract = ts_str(d->contract.id),
		.origin = ts_str(agent->key.key.name),
		.since_ms = -1,
		.reason = TS_STR("the rack was sold")};
	ts_buf_init(&text, 4096);
	svc_ok(ts_revocation_build(&r, &text, &why), &why);
	ts_buf_reset(&body);
	svc_sign((struct ts_str){text.data, text.len},
		(const struct ts_secret *[]){&d->contract.provider}, 1, &body);
	ts_buf_free(&text);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements", d->contract.id);
	assert_int_equal(
		svc_call(svc.send, "POST", path, "text/plain", body.data, body.len, &answer), 200);
}

/* From the log time of its revocation on nothing is expected. That is the time of the test, so the
 * windows here are those of now. */
static void a_revocation_ends_the_expectation(void **state)
{
	struct desk d;
	char query[160], from[TS_TIME_CHARS], to[TS_TIME_CHARS];
	int64_t now_us = ts_clock_now_us();
	(void)state;
	open_desk(&d, -1);
	int today = (int)((now_us / 1000 - SVC_FROM_MS) / SVC_DAY_MS);
	beat(today - 1, today);
	append_as(&d, &d.agent, 200);
	end_key(&d, &d.agent);
	must_post(&d, "settle", "settle-1", 200);
	beat(today, today + 1);
	append_as(&d, &d.agent, 403);
	snprintf(query, sizeof query, "from=%s&to=%s",
		ts_time_format(day_ms(today - 2) * 1000, from),
		ts_time_format(day_ms(today + 9) * 1000, to));
	json_t *json = view(&d, d.as_consumer, query);
	const json_t *row = json_array_get(json_object_get(json, "data"), 0);
	/* The day before yesterday was never closed, yesterday was, today goes on. */
	assert_counts(row, 2, 1, 0, 1);
	assert_true(json_is_string(json_object_get(row, "ends")));
	json_decref(json);
	close_desk(&d);
}

/* Generation 2 begins where the last c1 of generation 1 ended: each window is expected once. */
static void rotation_leaves_no_hole(void **state)
{
	struct desk d;
	struct svc_agent next;
	struct ts_buf note;
	(void)state;
	open_desk(&d, -1);
	beat(0, 12);
	append_as(&d, &d.agent, 200);
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	svc_successor(&d.contract, "colo1", &d.agent, day_ms(12), &next, &note);
	json_decref(svc_expect(
		svc.send, "POST", "/v1/streams", NULL, (struct ts_str){note.data, note.len}, 201));
	ts_buf_free(&note);
	svc_genesis(&d.contract, &next, &lines);
	beat(12, MAY);
	append_as(&d, &next, 200);
	cut(&d);
	assert_cut(&d, MAY, MAY, 0, 0);
	json_t *head = issue(&d);
	assert_counts(head, MAY, MAY, 0, 0);
	json_decref(head);
	close_desk(&d);
}

/* The consumer's own meters: counted for it alone, and never of weight for the document. */
/* June's windows that are closed before May's cut: whoever starts from its state knows them. */
static void the_state_knows_what_is_closed_ahead(void **state)
{
	struct desk d;
	char path[160], line[128];
	(void)state;
	open_desk(&d, -1);
	beat(0, MAY + 9);
	beat(MAY + 11, MAY + 12);
	append_as(&d, &d.agent, 200);
	cut(&d);
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/2026-05/state", d.contract.id);
	assert_int_equal(svc_call(d.as_consumer, "GET", path, NULL, NULL, 0, &answer), 200);
	snprintf(line, sizeof line, "\nclosed\t%lld\t%lld\nclosed\t%lld\t%lld\n",
		(long long)day_ms(MAY), (long long)day_ms(MAY + 9), (long long)day_ms(MAY + 11),
		(long long)day_ms(MAY + 12));
	assert_non_null(strstr(ts_buf_str(&answer), line));
	close_desk(&d);
}

static void consumer_streams_are_its_own(void **state)
{
	struct desk d;
	struct svc_agent mirror;
	(void)state;
	open_desk(&d, -1);
	svc_agent(&svc, &d.contract, "mirror", TS_SIDE_CONSUMER, &mirror);
	beat(0, MAY);
	append_as(&d, &d.agent, 200);
	json_t *json = view(&d, d.as_provider, "period=0");
	assert_int_equal(json_array_size(json_object_get(json, "data")), 1);
	json_decref(json);
	json = view(&d, d.as_consumer, "period=0&limit=1");
	assert_int_equal(json_array_size(json_object_get(json, "data")), 1);
	assert_true(json_is_true(json_object_get(json, "has_more")));
	json_decref(json);
	json = view(&d, d.as_consumer, "period=0&limit=1&after=1");
	const json_t *row = json_array_get(json_object_get(json, "data"), 0);
	assert_string_equal(svc_member(row, "side"), "consumer");
	assert_counts(row, MAY, 0, 0, MAY);
	json_decref(json);
	cut(&d);
	json_t *head = issue(&d);
	assert_counts(head, MAY, MAY, 0, 0);
	json_decref(head);
	close_desk(&d);
}

static void a_view_needs_one_time(void **state)
{
	char path[200];
	(void)state;
	snprintf(path, sizeof path, "/v1/contracts/%s/completeness", first.contract.id);
	json_decref(svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 422));
	snprintf(path, sizeof path,
		"/v1/contracts/%s/completeness?period=0&from=2026-05-01T00:00:00Z"
		"&to=2026-05-02T00:00:00Z",
		first.contract.id);
	json_decref(svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 422));
	snprintf(path, sizeof path, "/v1/contracts/%s/completeness?period=1999-01",
		first.contract.id);
	json_decref(svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 404));
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/3/gaps", first.contract.id);
	json_decref(svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 404));
}

static int setup(void **state)
{
	(void)state;
	svc_start(&svc, "tick_s=0");
	ts_buf_init(&body, 16u << 20);
	ts_buf_init(&lines, 16u << 20);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	return ts_hasher_init(&hasher) == TS_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ts_buf_free(&body);
	ts_buf_free(&lines);
	ts_buf_free(&answer);
	ts_hasher_free(&hasher);
	svc_stop(&svc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_month_issues),
		cmocka_unit_test(a_gap_refuses_until_both_accept_it),
		cmocka_unit_test(late_windows_are_counted_apart),
		cmocka_unit_test(the_cut_keeps_what_it_knew),
		cmocka_unit_test(days_pass_and_it_issues_incomplete),
		cmocka_unit_test(a_revocation_ends_the_expectation),
		cmocka_unit_test(rotation_leaves_no_hole),
		cmocka_unit_test(the_state_knows_what_is_closed_ahead),
		cmocka_unit_test(consumer_streams_are_its_own),
		cmocka_unit_test(a_view_needs_one_time),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
