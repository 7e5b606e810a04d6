/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions about lines end to end: appends over HTTP, statements as leaves, settle in this
 * process, and then the cells, the measures and what REST shows of it. */
#include "support/test.h"
#include "api/service.h"
#include "evidence/event.h"
#include "evidence/log.h"
#include "evidence/revocation.h"
#include "service/config.h"
#include "service/settle.h"
#include "store/batch.h"
#include "store/log.h"
#include "store/stream.h"
#include "store/verdict.h"

#define HOUR INT64_C(3600000)
#define TICK_US ((SVC_FROM_MS + 20 * SVC_DAY_MS) * 1000)
#define Q INT64_C(1000) /* of every line */

static struct svc svc;
static struct svc_contract first, contract; /* of the test at hand */
static struct ts_db_contract row;
static struct ts_send *client; /* the contract's agent */
static struct ts_config config;
static struct ts_app app;
static struct ts_session *session;
static struct ts_region *region;
static struct ts_hasher hasher;
static struct ts_buf lines, body, answer;
static int64_t ticks;

/* --- what the parties do --- */

static void send_lines(struct svc_agent *a)
{
	char path[128];
	snprintf(path, sizeof path, "/v1/streams/%s/append", a->stream);
	ts_buf_reset(&body);
	svc_append_body(&hasher, a, (struct ts_str){lines.data, lines.len}, &body);
	long status = svc_call(client, "POST", path, NULL, body.data, body.len, &answer);
	if (status != 200)
		print_error("%ld %s\n", status, ts_buf_str(&answer));
	assert_int_equal(status, 200);
	ts_buf_reset(&lines);
}

/* A line of the test's hour grid, from and to in hours since SVC_FROM_MS. */
static void usage(int64_t from, int64_t to, const char *node)
{
	ts_buf_printf(&lines, "u1\t%lld\t%lld\tgpu-h100\t8000\t%lld\ton_demand\tjob\t%s\tteam\n",
		(long long)(SVC_FROM_MS + from * HOUR), (long long)(SVC_FROM_MS + to * HOUR),
		(long long)Q, node);
}

static void reversal(const struct svc_agent *of, int64_t index)
{
	ts_buf_printf(&lines, "r1\t%s\t%lld\twrong\n", of->key.key.name, (long long)index);
}

struct enrolment {
	const char *cluster, *resources;
	int64_t from; /* hours: active, and from_ms of a later generation */
	const struct svc_agent *before; /* the generation before; NULL: none */
	int generation;
};

/* The answer's status. */
static long enrol(const struct enrolment *e, struct svc_agent *a)
{
	char origin[TS_ORIGIN_MAX + 1];
	struct ts_why why = {"", ""};
	struct ts_buf text, note;
	struct ts_hash seed;
	snprintf(origin, sizeof origin, "ledger.example/%s/%s/agent/g%d", contract.id, e->cluster,
		e->generation);
	memset(a, 0, sizeof *a);
	ts_sha256(origin, strlen(origin), &seed);
	assert_ok(ts_secret_make(ts_str(origin), TS_KEY_ED25519, seed.b, &a->key));
	ts_stream_id(ts_str(origin), a->stream);
	ts_range_init(&a->range);
	struct ts_key_statement s = {.contract = ts_str(contract.id),
		.origin = ts_str(origin),
		.key = a->key.key,
		.side = TS_SIDE_PROVIDER,
		.scope = {TS_STR("-"), ts_str(e->resources), TS_STR("-")},
		.window_ms = HOUR,
		.active_from_ms = SVC_FROM_MS + (e->before == NULL ? e->from * HOUR : 0),
		.active_to_ms = TS_OPEN_MS,
		.from_ms = SVC_FROM_MS + e->from * HOUR,
		.has_previous = e->before != NULL};
	const struct ts_secret *keys[] = {&contract.provider, &a->key, NULL};
	if (e->before != NULL) {
		s.previous.origin = ts_str(e->before->key.key.name);
		s.previous.size = e->before->range.size;
		ts_range_root(&hasher, &e->before->range, &s.previous.root);
		keys[2] = &e->before->key;
	}
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	svc_ok(ts_key_statement_build(&s, &text, &why), &why);
	svc_sign((struct ts_str){text.data, text.len}, keys, e->before != NULL ? 3 : 2, &note);
	long status = svc_call(
		svc.send, "POST", "/v1/streams", "text/plain", note.data, note.len, &answer);
	ts_buf_free(&note);
	ts_buf_free(&text);
	return status;
}

static void must_enrol(const struct enrolment *e, struct svc_agent *a)
{
	long status = enrol(e, a);
	if (status != 201)
		print_error("%ld %s\n", status, ts_buf_str(&answer));
	assert_int_equal(status, 201);
	svc_genesis(&contract, a, &lines);
	send_lines(a);
}

static void must_refuse(const struct enrolment *e, long status, const char *text)
{
	struct svc_agent a;
	long got = enrol(e, &a);
	if (got != status || strstr(ts_buf_str(&answer), text) == NULL)
		print_error("%ld %s\n", got, ts_buf_str(&answer));
	assert_int_equal(got, status);
	assert_non_null(strstr(ts_buf_str(&answer), text));
}

/* A statement that became a leaf, with what its admission stores. */
struct statement {
	enum ts_leaf_kind kind;
	struct ts_str text;
	const char *stream; /* whose revocation; NULL: none */
	int64_t covered;
	int64_t leaf; /* out */
};

static enum ts_err statement_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct statement *s = arg;
	struct ts_buf note;
	ts_buf_init(&note, TS_LEAF_BYTES_MAX);
	svc_sign(s->text, (const struct ts_secret *[]){&contract.provider, &contract.consumer}, 2,
		&note);
	struct ts_db_leaf leaf = {.kind = (int16_t)s->kind, .data = {note.data, note.len}};
	ts_hash_leaf(&hasher, note.data, note.len, &leaf.hash);
	enum ts_err err = ts_db_log_append(
		db, &hasher, row.contract_id, TS_DB_LOCK_INPUTS, &leaf, 1, TICK_US, &s->leaf, why);
	ts_buf_free(&note);
	TS_TRY(err);
	struct ts_db_revocation r = {.leaf = s->leaf,
		.compromised = true,
		.since_ms = SVC_FROM_MS,
		.covered = s->covered};
	if (s->stream == NULL)
		return TS_OK;
	int64_t contract_id = 0;
	TS_TRY(ts_db_stream_locate(db, s->stream, &contract_id, &r.stream_id, why));
	return ts_db_revocation_add(db, row.contract_id, &r, why);
}

static int64_t add_statement(struct statement *s, struct ts_buf *text)
{
	struct ts_why why = {"", ""};
	s->text = (struct ts_str){text->data, text->len};
	svc_ok(ts_db_tx_contract(session->db, row.contract_id, statement_tx, s, &why), &why);
	ts_buf_free(text);
	return s->leaf;
}

static int64_t say_revoked(const struct svc_agent *a, int64_t covered)
{
	struct ts_why why = {"", ""};
	struct ts_buf text;
	struct statement s = {.kind = TS_LEAF_REVOKE, .stream = a->stream, .covered = covered};
	const struct ts_revocation r = {.contract = ts_str(contract.id),
		.origin = ts_str(a->key.key.name),
		.compromised = true,
		.since_ms = SVC_FROM_MS,
		.covered = covered,
		.reason = TS_STR("the disk was stolen")};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_revocation_build(&r, &text, &why), &why);
	return add_statement(&s, &text);
}

static void reattest(const struct svc_agent *a, int64_t from, int64_t to)
{
	struct ts_why why = {"", ""};
	struct ts_buf text;
	struct statement s = {.kind = TS_LEAF_REATTEST};
	const struct ts_reattestation r = {.contract = ts_str(contract.id),
		.origin = ts_str(a->key.key.name),
		.from = from,
		.to = to};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_reattestation_build(&r, &text, &why), &why);
	(void)add_statement(&s, &text);
}

static void release(const struct svc_agent *a, int64_t from, int64_t to, int64_t at_ms)
{
	struct ts_why why = {"", ""};
	struct ts_buf text;
	struct statement s = {.kind = TS_LEAF_EVENT};
	const struct ts_event e = {.contract = ts_str(contract.id),
		.kind = TS_EVENT_RELEASE,
		.serial = 1,
		.at_ms = at_ms,
		.origin = ts_str(a->key.key.name),
		.line_from = from,
		.line_to = to,
		.reason = TS_STR("agreed")};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_event_build(&e, &text, &why), &why);
	(void)add_statement(&s, &text);
}

static bool settle(enum ts_settle_kind kind, int32_t period, int64_t now_us, bool only_if_new)
{
	struct ts_why why = {"", ""};
	struct ts_settle s = {.app = &app,
		.session = session,
		.contract = row,
		.kind = kind,
		.now_us = now_us,
		.day = INT32_MIN,
		.period = period,
		.only_if_new = only_if_new,
		.region = ts_region_create((size_t)256 << 20)};
	assert_non_null(s.region);
	svc_ok(ts_settle_run(&s, &why), &why);
	ts_region_free(s.region);
	return s.done;
}

static int64_t number(const char *fmt, ...)
{
	char sql[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(sql, sizeof sql, fmt, args);
	va_end(args);
	return svc_number(&svc, sql);
}

static int64_t cells(void)
{
	return number("select coalesce(sum(quantity), 0) from app.usage_cell where contract_id = "
		      "%lld",
		(long long)row.contract_id);
}

/* What is rated is what the cells hold. */
static int64_t counted(void)
{
	long long id = (long long)row.contract_id;
	int64_t measured = number(
		"select (select coalesce(sum(quantity), 0) from app.measure where "
		"contract_id = %lld) + (select coalesce(sum(quantity), 0) from "
		"app.waiting where contract_id = %lld) + (select coalesce("
		"sum(quantity), 0) from app.unbilled where contract_id = %lld)",
		id, id, id);
	assert_int_equal(measured, cells());
	assert_int_equal(measured % Q, 0);
	assert_int_equal(number("select count(*) from (select stream_id from app.usage_cell where "
				"contract_id = %lld group by 1 having sum(records) * %lld <> "
				"sum(quantity)) s",
				 id, (long long)Q),
		0);
	return measured / Q;
}

static int64_t tick(void)
{
	ticks++;
	assert_true(settle(TS_SETTLE_TICK, 0, TICK_US + ticks * 1000000, true));
	return counted();
}

static int64_t verdicts(const char *kind, const char *reason)
{
	return number("select coalesce(sum(lines), 0) from app.verdict where contract_id = %lld "
		      "and kind = '%s' and reason = '%s'",
		(long long)row.contract_id, kind, reason);
}

static void open_contract(void)
{
	struct ts_why why = {"", ""};
	svc_contract(&svc, &first, &contract);
	svc_ok(ts_db_contract_find(session->db, contract.id, &row, &why), &why);
	ts_send_free(client);
	svc_ok(ts_send_create(svc.url, contract.agent_token, &client, &why), &why);
	ts_buf_reset(&lines);
}

static const struct enrolment whole = {"c1", "-", 0, NULL, 1};

/* --- tests --- */

/* Each decompressed batch stayed in one region: some 220 suspects of full batches filled it, and
 * the contract never settled again. */
static void many_suspects_do_not_wedge_settle(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	for (int64_t i = 0; i < 20000; i++) {
		usage(i % 100 == 7 ? -2 : i % 400, i % 100 == 7 ? -1 : i % 400 + 1, "node-1");
		if (i % 10000 == 9999)
			send_lines(&a);
	}
	for (int64_t i = 0; i < 300; i++) /* and targets all over the first batch */
		reversal(&a, 10000 - 33 * i);
	send_lines(&a);
	int64_t parked = 200;
	int64_t reversed = number("select 300 - count(*) from generate_series(0, 299) i where "
				  "(10000 - 33 * i - 1) %% 100 = 7");
	assert_int_equal(tick(), 20000 - parked - reversed);
	assert_int_equal(verdicts("parked", "before_from"), parked);
	assert_int_equal(verdicts("reversed", "wrong"), 300);
}

static void reversed_is_for_good(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(-2, -1, "node-1"); /* 1: parked */
	usage(1, 2, "node-1"); /* 2 */
	usage(2, 3, "node-1"); /* 3 */
	send_lines(&a);
	assert_int_equal(tick(), 2);
	reversal(&a, 1);
	reversal(&a, 2);
	reversal(&a, 2); /* not live any more */
	send_lines(&a);
	assert_int_equal(tick(), 1);
	assert_int_equal(verdicts("refused", "not_live"), 1);
	release(&a, 1, 3, TICK_US / 1000);
	assert_int_equal(tick(), 1);
	assert_int_equal(verdicts("released", "agreed"), 2);
}

static void released_lines_count(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(-2, -1, "node-1");
	usage(-3, -2, "node-1");
	send_lines(&a);
	assert_int_equal(tick(), 0);
	int64_t late_ms = TICK_US / 1000 + 40 * HOUR;
	release(&a, 2, 3, late_ms);
	assert_int_equal(tick(), 1);
	/* Folded no earlier than it says it was written. */
	assert_int_equal(number("select at_us from app.ledger_head where contract_id = %lld",
				 (long long)row.contract_id),
		late_ms * 1000);
}

static void void_lines_are_no_target(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	ts_buf_printf(&lines, "u1\t%lld\t%lld\tbytes\t0\t%lld\t-\tjob\tnode-1\tteam\n",
		(long long)SVC_FROM_MS, (long long)(SVC_FROM_MS + HOUR), (long long)INT64_MAX);
	ts_buf_printf(&lines, "u1\t%lld\t%lld\tbytes\t0\t7\t-\tjob\tnode-1\tteam\n",
		(long long)SVC_FROM_MS, (long long)(SVC_FROM_MS + HOUR));
	reversal(&a, 2); /* looks good, and is void: its window's quantities exceed 63 bits */
	reversal(&a, 1);
	usage(1, 2, "node-1");
	send_lines(&a);
	assert_int_equal(number("select count(*) from app.batch where contract_id = %lld and "
				"void_usage = '{2}'",
				 (long long)row.contract_id),
		1);
	assert_int_equal(tick(), 1);
	assert_int_equal(verdicts("refused", "not_usage"), 1);
}

/* The key was stolen: lines leave the target, r1 lines lose their effect; taken back in, both
 * return. */
static void contested_and_reattested(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(1, 2, "node-1"); /* 1 */
	usage(2, 3, "node-1"); /* 2 */
	send_lines(&a);
	assert_int_equal(tick(), 2);
	int64_t covered = number("select inputs_to from app.ledger_head where contract_id = %lld",
		(long long)row.contract_id);
	usage(3, 4, "node-1"); /* 3 */
	reversal(&a, 1); /* 4 */
	usage(4, 5, "node-1"); /* 5 */
	reversal(&a, 5); /* 6 */
	send_lines(&a);
	assert_int_equal(tick(), 2);
	int64_t leaf = say_revoked(&a, covered);
	usage(6, 7, "node-1");
	char path[128];
	struct svc_agent after = a;
	snprintf(path, sizeof path, "/v1/streams/%s/append", a.stream);
	ts_buf_reset(&body);
	svc_append_body(&hasher, &after, (struct ts_str){lines.data, lines.len}, &body);
	assert_int_equal(svc_call(client, "POST", path, NULL, body.data, body.len, &answer), 403);
	ts_buf_reset(&lines);
	assert_int_equal(tick(), 2); /* 1 and 2; a revocation alone is news */
	assert_int_equal(verdicts("contested", "the disk was stolen"), 4);
	assert_int_equal(number("select leaf from app.verdict where kind = 'contested' and "
				"contract_id = %lld",
				 (long long)row.contract_id),
		leaf);
	reattest(&a, 3, 4);
	assert_int_equal(tick(), 3);
	reattest(&a, 4, 7);
	assert_int_equal(tick(), 2); /* 2 and 3: both r1 lines have their effect again */
	assert_false(settle(TS_SETTLE_TICK, 0, TICK_US + ticks * 1000000, true));
}

static void next_generation_takes_over(void **state)
{
	struct svc_agent g1, g2;
	(void)state;
	open_contract();
	must_enrol(&whole, &g1);
	usage(8, 9, "node-1"); /* before */
	usage(9, 12, "node-1"); /* across */
	usage(9, 11, "node-2"); /* across */
	usage(10, 11, "node-3"); /* behind */
	send_lines(&g1);
	assert_int_equal(tick(), 4);
	must_enrol(&(struct enrolment){"c1", "-", 10, &g1, 2}, &g2);
	assert_int_equal(tick(), 3);
	assert_int_equal(verdicts("parked", "after_handover"), 1);
	usage(11, 12, "node-1"); /* 1: the same use again */
	usage(11, 12, "node-2"); /* 2: another hour */
	usage(10, 11, "node-3"); /* 3: what was parked above */
	send_lines(&g2);
	assert_int_equal(tick(), 5);
	assert_int_equal(verdicts("parked", "duplicate"), 1);
	reversal(&g1, 2); /* the other of the duplicate: it stays parked, a new line counts */
	send_lines(&g2);
	assert_int_equal(tick(), 4);
	usage(11, 12, "node-1");
	send_lines(&g2);
	assert_int_equal(tick(), 5);
}

struct paging {
	const char *stream;
	char seen[256];
	size_t contested;
};

static enum ts_err paging_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct paging *p = arg;
	struct ts_db_verdict *page = NULL, last = {0};
	int64_t contract_id = 0, stream_id = 0;
	size_t n = 1;
	p->seen[0] = '\0';
	TS_TRY(ts_db_stream_locate(db, p->stream, &contract_id, &stream_id, why));
	for (int i = 0; n == 1; i++) {
		TS_TRY(ts_db_verdict_page(db, contract_id, stream_id, -1, i == 0 ? NULL : &last, 1,
			region, &page, &n, why));
		if (n == 0)
			break;
		last = page[0];
		size_t len = strlen(p->seen);
		snprintf(p->seen + len, sizeof p->seen - len, "%lld %s ", (long long)last.index,
			ts_judge_kind_name(last.kind));
	}
	return ts_db_verdict_page(db, contract_id, stream_id, TS_JUDGE_CONTESTED, NULL, 10, region,
		&page, &p->contested, why);
}

static void reading(void **state)
{
	struct svc_agent a;
	char path[160];
	struct ts_why why = {"", ""};
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(-2, -1, "node-1"); /* 1: parked */
	usage(1, 2, "node-1"); /* 2: reversed */
	reversal(&a, 2); /* 3 */
	usage(2, 3, "node-1"); /* 4 */
	send_lines(&a);
	usage(3, 4, "node-1"); /* 5: contested */
	send_lines(&a);
	(void)tick();
	(void)say_revoked(&a, number("select max(leaf) from app.batch where contract_id = %lld",
				      (long long)row.contract_id));
	assert_int_equal(tick(), 1);
	snprintf(path, sizeof path, "/v1/contracts/%s/usage", contract.id);
	json_t *json = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	static const char *const expected[] = {"parked", "reversed", "accepted", "contested"};
	static const char *const reasons[] = {"before_from", "wrong", NULL, "the disk was stolen"};
	assert_int_equal(json_array_size(json_object_get(json, "data")), 4);
	for (size_t i = 0; i < 4; i++) {
		const json_t *line = json_array_get(json_object_get(json, "data"), i);
		assert_string_equal(svc_member(line, "verdict"), expected[i]);
		assert_int_equal(json_object_get(line, "reason") == NULL, reasons[i] == NULL);
		if (reasons[i] != NULL)
			assert_string_equal(svc_member(line, "reason"), reasons[i]);
	}
	json_decref(json);
	struct paging p = {.stream = a.stream};
	svc_ok(ts_db_tx_contract(session->db, row.contract_id, paging_tx, &p, &why), &why);
	assert_string_equal(p.seen, "1 parked 2 reversed 5 contested ");
	assert_int_equal(p.contested, 1);
}

/* --- enrolment --- */

static void scope_is_owned(void **state)
{
	struct svc_agent a, b;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	must_refuse(&(struct enrolment){"c2", "node-1", 5, NULL, 1}, 409, "overlaps the scope");
	svc_number(&svc,
		"with u as (update app.stream set state = 'quarantined' where stream_id = (select "
		"max(stream_id) from app.stream) returning 1) select count(*) from u");
	/* Two stories do not free a scope: revocation or the next generation does. */
	must_refuse(&(struct enrolment){"c2", "node-1", 5, NULL, 1}, 409, "overlaps the scope");
	must_enrol(&(struct enrolment){"c1", "-", 5, &a, 2}, &b);
	assert_int_equal(number("select count(*) from app.agent_key where contract_id = %lld and "
				"closed_leaf is not null and revoked_leaf is null",
				 (long long)row.contract_id),
		1);
	(void)say_revoked(&b, 0);
	must_enrol(&(struct enrolment){"c2", "node-1", 5, NULL, 1}, &a);
}

static void takes_over_behind_what_is_closed(void **state)
{
	struct svc_agent a;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	usage(8, 9, "node-1");
	ts_buf_printf(&lines, "c1\t%lld\t%lld\tgpu-h100\t0\t1\t%lld\n",
		(long long)(SVC_FROM_MS + 8 * HOUR), (long long)(SVC_FROM_MS + 9 * HOUR),
		(long long)Q);
	send_lines(&a);
	must_refuse(&(struct enrolment){"c1", "-", 8, &a, 2}, 409, "has closed its windows");
	(void)say_revoked(&a, 0);
	must_refuse(&(struct enrolment){"c2", "node-1", 8, NULL, 1}, 409, "has closed its windows");
	must_refuse(&(struct enrolment){"c2", "node-1", -1, NULL, 1}, 409, "begins before");
	must_enrol(&(struct enrolment){"c2", "node-1", 9, NULL, 1}, &a);
}

static void takes_over_no_cut_period(void **state)
{
	struct svc_agent a, b;
	(void)state;
	open_contract();
	must_enrol(&whole, &a);
	assert_true(settle(TS_SETTLE_CUT, 0, (SVC_FROM_MS + 40 * SVC_DAY_MS) * 1000, false));
	must_refuse(&(struct enrolment){"c1", "-", 30 * 24, &a, 2}, 409, "period that is cut");
	must_enrol(&(struct enrolment){"c1", "-", 31 * 24, &a, 2}, &b);
}

static int setup(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	svc_start(&svc, "tick_s=0");
	region = ts_region_create(16u << 20);
	if (region == NULL || chdir(svc.dir) != 0) /* paths in t.conf are relative */
		return -1;
	ts_config_default(&config);
	svc_ok(ts_config_load("t.conf", region, &config, &why), &why);
	svc_ok(ts_keyring_open(config.key_dir, &app.keyring, &why), &why);
	app.config = &config;
	svc_ok(ts_session_open(config.db_service, &session, &why), &why);
	assert_ok(ts_hasher_init(&hasher));
	ts_buf_init(&body, 16u << 20);
	ts_buf_init(&lines, 16u << 20);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	svc_contract(&svc, NULL, &first);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_send_free(client);
	ts_buf_free(&answer);
	ts_buf_free(&lines);
	ts_buf_free(&body);
	ts_hasher_free(&hasher);
	ts_session_close(session);
	ts_keyring_close(app.keyring);
	ts_region_free(region);
	svc_stop(&svc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_suspects_do_not_wedge_settle),
		cmocka_unit_test(reversed_is_for_good),
		cmocka_unit_test(released_lines_count),
		cmocka_unit_test(void_lines_are_no_target),
		cmocka_unit_test(contested_and_reattested),
		cmocka_unit_test(next_generation_takes_over),
		cmocka_unit_test(reading),
		cmocka_unit_test(scope_is_owned),
		cmocka_unit_test(takes_over_behind_what_is_closed),
		cmocka_unit_test(takes_over_no_cut_period),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
