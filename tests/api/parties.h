/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_API_PARTIES_H
#define TS_TESTS_API_PARTIES_H
/* Why: what the parties of one contract do to its lines: append, enrol, revoke, re-attest, release;
 * settle runs in this process. A contract for each test. Included once, hence static. */
#include "support/test.h"
#include "api/inside.h"
#include "evidence/event.h"
#include "evidence/log.h"
#include "evidence/revocation.h"
#include "store/log.h"
#include "store/stream.h"

#define HOUR INT64_C(3600000)
#define TICK_US ((SVC_FROM_MS + 20 * SVC_DAY_MS) * 1000)
#define Q INT64_C(1000) /* of every line */

static struct svc svc;
static struct svc_contract first, contract; /* of the test at hand */
static struct ts_db_contract row;
static struct ts_send *client; /* the contract's agent */
static struct inside in;
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
static inline void usage(int64_t from, int64_t to, const char *node)
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

static inline void must_refuse(const struct enrolment *e, long status, const char *text)
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
	svc_ok(ts_db_tx_contract(in.session->db, row.contract_id, statement_tx, s, &why), &why);
	ts_buf_free(text);
	return s->leaf;
}

static inline int64_t say_revoked(const struct svc_agent *a, int64_t covered)
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

static inline void reattest(const struct svc_agent *a, int64_t from, int64_t to)
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

static inline void release(const struct svc_agent *a, int64_t from, int64_t to, int64_t at_ms)
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
	struct ts_settle s = inside_settle(&in, &row, kind, period, now_us);
	s.only_if_new = only_if_new;
	svc_ok(ts_settle_run(&s, &why), &why);
	ts_region_free(s.region);
	return s.done;
}

static TS_PRINTF(1, 2) int64_t number(const char *fmt, ...)
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

static inline int64_t tick(void)
{
	ticks++;
	assert_true(settle(TS_SETTLE_TICK, 0, TICK_US + ticks * 1000000, true));
	return counted();
}

static inline int64_t verdicts(const char *kind, const char *reason)
{
	return number("select coalesce(sum(lines), 0) from app.verdict where contract_id = %lld "
		      "and kind = '%s' and reason = '%s'",
		(long long)row.contract_id, kind, reason);
}

static void open_contract(void)
{
	struct ts_why why = {"", ""};
	svc_contract(&svc, &first, &contract);
	inside_contract(&in, contract.id, &row);
	ts_send_free(client);
	svc_ok(ts_send_create(svc.url, contract.agent_token, &client, &why), &why);
	ts_buf_reset(&lines);
}

static const struct enrolment whole = {"c1", "-", 0, NULL, 1};

static int parties_open(void **state)
{
	(void)state;
	svc_start(&svc, "tick_s=0");
	inside_open(&svc, &in);
	region = ts_region_create(16u << 20);
	assert_non_null(region);
	assert_ok(ts_hasher_init(&hasher));
	ts_buf_init(&body, 16u << 20);
	ts_buf_init(&lines, 16u << 20);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	svc_contract(&svc, NULL, &first);
	return 0;
}

static int parties_close(void **state)
{
	(void)state;
	ts_send_free(client);
	ts_buf_free(&answer);
	ts_buf_free(&lines);
	ts_buf_free(&body);
	ts_hasher_free(&hasher);
	ts_region_free(region);
	inside_close(&in);
	svc_stop(&svc);
	return 0;
}

#endif
