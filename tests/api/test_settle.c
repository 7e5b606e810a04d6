/* SPDX-License-Identifier: Apache-2.0 */
/* What has piled up is settled by several ticks of bounded size, and nothing but the entries on the
 * way tells it from one: balances, accruals, cells and documents are the same. */
#include "support/test.h"
#include "api/inside.h"
#include "base/limits.h"

#define UPLOADS 12
#define LINES 5
#define NOW_US ((SVC_FROM_MS + 50 * SVC_DAY_MS) * 1000)

struct desk {
	struct svc_contract contract;
	struct svc_agent agent;
	struct ts_send *client; /* as the agent */
	struct ts_db_contract row;
};

static struct svc svc;
static struct inside in;
static struct ts_hasher hasher;
static struct ts_buf lines, body, answer;
static struct desk whole, pieces;

static void append(struct desk *d)
{
	char path[128];
	snprintf(path, sizeof path, "/v1/streams/%s/append", d->agent.stream);
	ts_buf_reset(&body);
	svc_append_body(&hasher, &d->agent, (struct ts_str){lines.data, lines.len}, &body);
	assert_int_equal(
		svc_call(d->client, "POST", path, NULL, body.data, body.len, &answer), 200);
	ts_buf_reset(&lines);
}

static void open_desk(const struct desk *other, struct desk *d)
{
	struct ts_why why = {"", ""};
	memset(d, 0, sizeof *d);
	svc_contract(&svc, other != NULL ? &other->contract : NULL, &d->contract);
	svc_agent(&svc, &d->contract, "c1", TS_SIDE_PROVIDER, &d->agent);
	assert_ok(ts_send_create(svc.url, d->contract.agent_token, &d->client, &why));
	inside_contract(&in, d->contract.id, &d->row);
	svc_genesis(&d->contract, &d->agent, &lines);
	append(d);
}

static void add_line(int64_t hour, int i)
{
	ts_buf_printf(&lines,
		"u1\t%lld\t%lld\tgpu-h100\t8000\t28800000000\ton_demand\tjob-%d\tnode-%d\tteam-%d"
		"\n",
		(long long)(SVC_FROM_MS + hour * INT64_C(3600000)),
		(long long)(SVC_FROM_MS + (hour + 1) * INT64_C(3600000)), i, i % 4, i % 2);
}

/* Uploads over May and June, every third with a reversal of the upload's before. */
static void append_some(struct desk *d)
{
	for (int i = 0; i < UPLOADS; i++) {
		int64_t size = d->agent.range.size;
		for (int k = 0; k < LINES; k++)
			add_line(i * 90 + k, i * LINES + k);
		if (i % 3 == 2)
			ts_buf_printf(&lines, "r1\t%s\t%lld\twrong\n", d->agent.key.key.name,
				(long long)(size - 2));
		append(d);
	}
}

static void settle(struct desk *d, enum ts_settle_kind kind, int64_t leaves_max, int64_t work_max,
	struct ts_settle *s)
{
	struct ts_why why = {"", ""};
	*s = inside_settle(&in, &d->row, kind, 0, NOW_US);
	s->leaves_max = leaves_max;
	s->work_max = work_max;
	enum ts_err err = ts_settle_run(s, &why);
	if (err != TS_OK)
		print_error("%s: %s\n", why.where, why.text);
	assert_ok(err);
	assert_true(s->done);
	assert_false(s->more);
	ts_region_free(s->region);
}

/* Rows of a table, by these columns, that only one of the two contracts has. */
static int64_t differ(const char *columns, const char *table)
{
	char sql[1024];
	long long a = whole.row.contract_id, b = pieces.row.contract_id;
	snprintf(sql, sizeof sql,
		"with a as (select %s from app.%s where contract_id = %lld),"
		" b as (select %s from app.%s where contract_id = %lld) select"
		" (select count(*) from (select * from a except all select * from b) x)"
		" + (select count(*) from (select * from b except all select * from a) y)",
		columns, table, a, columns, table, b);
	return svc_number(&svc, sql);
}

static int64_t number_of(const struct desk *d, const char *what)
{
	char sql[1024];
	snprintf(sql, sizeof sql, "select %s and contract_id = %lld", what,
		(long long)d->row.contract_id);
	return svc_number(&svc, sql);
}

/* The most leaves that a tick of the contract folds: what its signed event says. */
static int64_t widest_tick(const struct desk *d)
{
	return number_of(d,
		"max(substring(t from 'to ([0-9]+)')::bigint"
		" - substring(t from 'from ([0-9]+)')::bigint) from (select contract_id,"
		" convert_from(data, 'UTF8') as t from app.log_leaf where log = 0) x"
		" where t like 'tallystick/event/v1%kind tick%'");
}

static void assert_same(void)
{
	assert_int_equal(differ("account, debit - credit", "balance"), 0);
	assert_int_equal(differ("version, kind, item, tier, period, month, accrued", "accrual"), 0);
	assert_int_equal(differ("quarter, sku, class, account, side, records, quantity, digest",
				 "usage_cell"),
		0);
	assert_int_equal(differ("kind, value", "batch_key"), 0);
	assert_int_equal(differ("idx, kind, reason", "verdict"), 0);
	assert_true(number_of(&whole, "count(*) from app.balance where debit <> credit") > 0);
	assert_true(number_of(&whole, "count(*) from app.verdict where kind = 'reversed'") > 1);
}

static void backlog_takes_bounded_ticks(void **state)
{
	struct ts_settle s;
	(void)state;
	append_some(&whole);
	append_some(&pieces);
	int64_t size = number_of(&pieces, "count(*) from app.log_leaf where log = 0");
	settle(&whole, TS_SETTLE_TICK, 0, 0, &s);
	assert_int_equal(s.ticks_before, 0);
	assert_int_equal(s.to, size);
	int64_t before = number_of(
		&pieces, "coalesce(max(tick_serial), 1) from app.ledger_head where true");
	settle(&pieces, TS_SETTLE_TICK, 3, 0, &s);
	assert_int_equal(s.ticks_before, (size - 1) / 3);
	assert_true(s.to >= size);
	assert_true(s.entries_before > 0);
	assert_int_equal(
		number_of(&pieces, "coalesce(max(tick_serial), 1) from app.ledger_head where true"),
		before + s.ticks_before + 1);
	assert_int_equal(widest_tick(&pieces), 3);
	assert_true(widest_tick(&whole) >= size);
	assert_same();
}

/* Few leaves, but much in them: an upload at a time, however small the limit. */
static void work_bounds_a_tick_too(void **state)
{
	struct ts_settle s;
	(void)state;
	append_some(&whole);
	append_some(&pieces);
	settle(&whole, TS_SETTLE_TICK, 0, 0, &s);
	assert_int_equal(s.ticks_before, 0);
	settle(&pieces, TS_SETTLE_TICK, 0, 1, &s);
	assert_int_equal(s.ticks_before, UPLOADS - 1);
	assert_same();
}

/* A cut folds the last range alone; its day, targets and document do not show it. */
static void cut_works_the_backlog_off(void **state)
{
	struct ts_settle s;
	(void)state;
	append_some(&whole);
	append_some(&pieces);
	settle(&whole, TS_SETTLE_CUT, 0, 0, &s);
	assert_int_equal(s.ticks_before, 0);
	int32_t day = s.settled_day;
	settle(&pieces, TS_SETTLE_CUT, 3, 0, &s);
	assert_true(s.ticks_before >= UPLOADS / 3);
	assert_int_equal(s.settled_day, day);
	assert_same();
	settle(&whole, TS_SETTLE_ISSUE, 0, 0, &s);
	settle(&pieces, TS_SETTLE_ISSUE, 3, 0, &s);
	assert_int_equal(s.ticks_before, 0);
	assert_int_equal(differ("number, kind, subtotal, tax, total", "document"), 0);
	assert_true(number_of(&whole, "total from app.document where true") > 0);
	assert_same();
}

static long post_settle(const struct desk *d, const char *key)
{
	char path[128];
	struct ts_send_reply reply;
	struct ts_why why = {"", ""};
	snprintf(path, sizeof path, "/v1/contracts/%s/settle", d->contract.id);
	const struct ts_send_call call = {.method = "POST", .path = path, .idempotency_key = key};
	assert_ok(ts_send_call(svc.send, &call, &answer, &reply, &why));
	return reply.status;
}

static void pile_up(struct desk *d, int n)
{
	for (int i = 0; i < n; i++) {
		add_line(i, i);
		append(d);
	}
}

/* With the limits as they are. The key stands for all ticks: repeated, it makes none. */
static void request_works_the_backlog_off(void **state)
{
	static struct desk d;
	(void)state;
	open_desk(&whole, &d);
	pile_up(&d, TS_TICK_LEAVES_MAX + 4);
	int64_t size = number_of(&d, "count(*) from app.log_leaf where log = 0");
	assert_int_equal(post_settle(&d, "backlog-1"), 200);
	json_t *json = json_loads(ts_buf_str(&answer), 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(json, "ticks")), 2);
	/* the first tick's own leaf may be among them */
	assert_true(json_integer_value(json_object_get(json, "inputs_to")) >= size);
	json_decref(json);
	assert_int_equal(widest_tick(&d), TS_TICK_LEAVES_MAX);
	char *first = strdup(ts_buf_str(&answer));
	int64_t serial = number_of(
		&d, "coalesce(max(tick_serial), 1) from app.ledger_head where true");
	pile_up(&d, 1);
	assert_int_equal(post_settle(&d, "backlog-1"), 200);
	assert_string_equal(ts_buf_str(&answer), first);
	assert_int_equal(
		number_of(&d, "coalesce(max(tick_serial), 1) from app.ledger_head where true"),
		serial);
	free(first);
	ts_send_free(d.client);
}

/* The settler does not wait for its next turn while leaves are left. */
static void settler_goes_on(void **state)
{
	static struct desk d;
	(void)state;
	open_desk(&whole, &d);
	pile_up(&d, TS_TICK_LEAVES_MAX + 4);
	int64_t size = number_of(&d, "count(*) from app.log_leaf where log = 0"), to = 0;
	in.config.tick_s = 1;
	struct ts_settler *settler = NULL;
	struct ts_why why = {"", ""};
	struct ts_log *log = NULL;
	assert_ok(ts_log_open("-", "error", &log, &why));
	in.app.log = log;
	assert_ok(ts_settler_start(&in.app, &settler, &why));
	for (int i = 0; i < 100 && to < size; i++) {
		usleep(100000);
		to = number_of(&d, "coalesce(max(inputs_to), 0) from app.ledger_head where true");
	}
	ts_settler_stop(settler);
	ts_log_close(log);
	assert_true(to >= size);
	assert_int_equal(widest_tick(&d), TS_TICK_LEAVES_MAX);
	/* one pass: ticks of one time */
	assert_int_equal(
		number_of(&d, "count(*) from (select contract_id, substring(convert_from(data,"
			      " 'UTF8') from 'at ([0-9]+)') as t from app.log_leaf where log = 0"
			      " and convert_from(data, 'UTF8') like"
			      " 'tallystick/event/v1%kind tick%' ) x where t = (select"
			      " substring(convert_from(data, 'UTF8') from 'at ([0-9]+)') from"
			      " app.log_leaf l where l.contract_id = x.contract_id and log = 0 and"
			      " convert_from(data, 'UTF8') like 'tallystick/event/v1%kind tick%'"
			      " order by idx desc limit 1)"),
		2);
	ts_send_free(d.client);
}

/* Also when something dies: no service stays behind. */
static void end_service(void)
{
	if (svc.pid > 0)
		(void)kill(svc.pid, SIGTERM);
}

static int setup(void **state)
{
	(void)state;
	(void)atexit(end_service);
	svc_start(&svc, "tick_s=0");
	svc_incomplete_after_days = 0; /* meters that close nothing are not the subject */
	inside_open(&svc, &in);
	ts_buf_init(&lines, 1u << 20);
	ts_buf_init(&body, 1u << 20);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	if (ts_hasher_init(&hasher) != TS_OK)
		return -1;
	open_desk(NULL, &whole);
	open_desk(&whole, &pieces);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_send_free(whole.client);
	ts_send_free(pieces.client);
	ts_buf_free(&answer);
	ts_buf_free(&body);
	ts_buf_free(&lines);
	ts_hasher_free(&hasher);
	inside_close(&in);
	svc_stop(&svc);
	return 0;
}

/* A tick is one transaction of at most eight statements, whatever is in it; reversals and other
 * decisions cost more. A pass that finds nothing new reads and goes. */
static void tick_takes_eight_statements(void **state)
{
	struct ts_settle s;
	struct ts_why why = {"", ""};
	(void)state;
	settle(&whole, TS_SETTLE_TICK, 0, 0, &s); /* what other tests have left */
	for (int upload = 0; upload < 3; upload++) {
		for (int k = 0; k < LINES; k++)
			add_line(900 + upload * LINES + k, k);
		append(&whole);
	}
	settle(&whole, TS_SETTLE_TICK, 0, 0, &s);
	assert_true(s.done && s.entries > 0);
	assert_int_equal(s.spent.statements, 8);
	assert_true(s.spent.wait_us > 0);
	s = inside_settle(&in, &whole.row, TS_SETTLE_TICK, 0, NOW_US);
	s.only_if_new = true;
	assert_ok(ts_settle_run(&s, &why));
	assert_false(s.done);
	assert_int_equal(s.spent.statements, 4);
	ts_region_free(s.region);
}

/* A minimum, a commitment and a cap that a day's usage takes far. */
static void small_gauges(json_t *terms)
{
	json_error_t why;
	json_t *edit = json_loads(
		"{\"minimums\":[{\"id\":\"least\",\"description\":\"least\",\"counts\":[\"usage\"],"
		"\"schedule\":[{\"from\":\"2026-05-01\",\"amount\":\"1000.00\"}],"
		"\"treatment\":\"reverse-charge\"}],"
		"\"commitments\":[{\"id\":\"hours\",\"description\":\"hours\",\"price\":\"h100-on-"
		"demand\","
		"\"per\":\"period\",\"overage_factor\":\"1.5\","
		"\"schedule\":[{\"from\":\"2026-05-01\",\"quantity\":\"500\"}]}],"
		"\"caps\":[{\"id\":\"most\",\"description\":\"most\",\"per\":\"term\",\"amount\":"
		"\"100000.00\","
		"\"on\":{\"prices\":[\"h100-on-demand\"]}}]}",
		0, &why);
	assert_non_null(edit);
	const char *name = NULL;
	json_t *member = NULL;
	json_object_foreach(edit, name, member) json_object_set(terms, name, member);
	json_decref(edit);
}

static int64_t events(const struct desk *d)
{
	return number_of(d, "count(*) from app.event where type = 'threshold.reached'");
}

static void settle_in_eight(struct desk *d, int64_t hour, int n)
{
	struct ts_settle s;
	for (int i = 0; i < n; i++)
		add_line(hour + i, i);
	append(d);
	settle(d, TS_SETTLE_TICK, 0, 0, &s);
	assert_true(s.entries > 0);
	assert_int_equal(s.spent.statements, 8);
	/* every step that is reached has been told once */
	assert_int_equal(events(d), number_of(d, "count(*) from app.threshold where true"));
	assert_int_equal(number_of(d, "count(distinct data) from app.event where type ="
				      " 'threshold.reached'"),
		events(d));
}

/* Steps of use cost a tick nothing: they come with the ledger's rows and go with them. 18.80 an
 * hour; May and June both move, and each step of each is told once. */
static void steps_of_use_are_within_the_eight(void **state)
{
	static struct desk d;
	struct ts_settle s;
	(void)state;
	svc_terms_edit = small_gauges;
	open_desk(&whole, &d);
	svc_terms_edit = NULL;
	settle(&d, TS_SETTLE_TICK, 0, 0, &s); /* keys, which are the judge's */
	settle_in_eight(&d, 10, 20); /* May: 376.00, 160 of 500 hours: 7 and 6 steps */
	assert_int_equal(events(&d), 13);
	settle_in_eight(&d, 40, 1); /* 394.80, 168 hours: none */
	assert_int_equal(events(&d), 13);
	settle_in_eight(&d, 41, 1); /* 413.60, 176 hours: 40 %, 35 % */
	assert_int_equal(events(&d), 15);
	settle_in_eight(&d, 31 * 24 + 10, 3); /* June: 56.40, 24 hours: 5 % of the money */
	assert_int_equal(events(&d), 16);
	settle_in_eight(&d, 100, 4); /* May again: 488.80, 208 hours: 45 %, 40 % */
	assert_int_equal(events(&d), 18);
	settle_in_eight(&d, 31 * 24 + 40, 1); /* June: 75.20, 32 hours: 5 % of the hours */
	assert_int_equal(events(&d), 19);
	ts_send_free(d.client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backlog_takes_bounded_ticks),
		cmocka_unit_test(work_bounds_a_tick_too),
		cmocka_unit_test(cut_works_the_backlog_off),
		cmocka_unit_test(request_works_the_backlog_off),
		cmocka_unit_test(tick_takes_eight_statements),
		cmocka_unit_test(steps_of_use_are_within_the_eight),
		cmocka_unit_test(settler_goes_on),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
