/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys and streams are enrolled, over HTTP: every rule with what breaks it. */
#include "support/test.h"
#include "api/service.h"
#include "evidence/revocation.h"

static struct svc svc;
static struct svc_contract contract, other;
static struct ts_hasher hasher;
static struct ts_send *as_agent;
static struct ts_buf body, lines, answer;

/* What a test says about a statement; the rest is plain. */
struct want {
	const char *contract, *domain, *cluster, *agent;
	int64_t generation; /* 0: 1 */
	enum ts_side side;
	const char *clusters, *resources, *skus; /* NULL: its cluster, any, any */
	int64_t from_ms, to_ms; /* 0: SVC_FROM_MS, open */
	int64_t active_ms; /* 0: from_ms */
	const uint8_t *seed; /* NULL: of its origin */
	const struct ts_checkpoint_ref *previous;
};

static const char *or_else(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

/* The agent's key, and the statement's text. */
static void write_text(const struct want *w, struct svc_agent *a, struct ts_buf *text)
{
	char origin[TS_ORIGIN_MAX + 1];
	struct ts_why why = {"", ""};
	struct ts_hash seed;
	const char *cluster = or_else(w->cluster, "c1");
	snprintf(origin, sizeof origin, "%s/%s/%s/%s/g%lld", or_else(w->domain, "ledger.example"),
		or_else(w->contract, contract.id), cluster, or_else(w->agent, "agent"),
		(long long)(w->generation != 0 ? w->generation : 1));
	memset(a, 0, sizeof *a);
	ts_sha256(origin, strlen(origin), &seed);
	svc_ok(ts_secret_make(
		       ts_str(origin), TS_KEY_ED25519, w->seed != NULL ? w->seed : seed.b, &a->key),
		&why);
	ts_stream_id(ts_str(origin), a->stream);
	ts_range_init(&a->range);
	struct ts_key_statement s = {.contract = ts_str(or_else(w->contract, contract.id)),
		.origin = ts_str(origin),
		.key = a->key.key,
		.side = w->side,
		.scope = {ts_str(or_else(w->clusters, cluster)), ts_str(or_else(w->resources, "-")),
			ts_str(or_else(w->skus, "-"))},
		.window_ms = SVC_DAY_MS,
		.active_from_ms = w->from_ms != 0 ? w->from_ms : SVC_FROM_MS,
		.active_to_ms = w->to_ms != 0 ? w->to_ms : TS_OPEN_MS,
		.has_previous = w->previous != NULL};
	s.from_ms = s.active_from_ms;
	if (w->active_ms != 0)
		s.active_from_ms = w->active_ms;
	if (w->previous != NULL)
		s.previous = *w->previous;
	svc_ok(ts_key_statement_build(&s, text, &why), &why);
}

static long enrol_note(struct ts_str text, const struct ts_secret *const *keys, size_t n)
{
	ts_buf_reset(&body);
	svc_sign(text, keys, n, &body);
	return svc_call(
		svc.send, "POST", "/v1/streams", "text/plain", body.data, body.len, &answer);
}

#define BY_COMPANY 1
#define BY_ITSELF 2

static long enrol(const struct want *w, struct svc_agent *a, int by, const struct ts_secret *old)
{
	const struct ts_secret *keys[3];
	struct ts_buf text;
	size_t n = 0;
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	write_text(w, a, &text);
	if ((by & BY_COMPANY) != 0)
		keys[n++] = w->side == TS_SIDE_PROVIDER ? &contract.provider : &contract.consumer;
	if ((by & BY_ITSELF) != 0)
		keys[n++] = &a->key;
	if (old != NULL)
		keys[n++] = old;
	long status = enrol_note((struct ts_str){text.data, text.len}, keys, n);
	ts_buf_free(&text);
	return status;
}

static void says(long got, long status, const char *text)
{
	if (got != status || strstr(ts_buf_str(&answer), text) == NULL)
		print_error("%ld %s, expected %ld %s\n", got, ts_buf_str(&answer), status, text);
	assert_int_equal(got, status);
	assert_non_null(strstr(ts_buf_str(&answer), text));
}

static void must_enrol(const struct want *w, struct svc_agent *a, const struct ts_secret *old)
{
	says(enrol(w, a, BY_COMPANY | BY_ITSELF, old), 201, "receipt_key");
}

static void must_refuse(const struct want *w, long status, const char *text)
{
	struct svc_agent a;
	says(enrol(w, &a, BY_COMPANY | BY_ITSELF, NULL), status, text);
}

/* The first day of a stream: two hours of usage, and, with its window closed, a c1 line. */
static long append_day(struct svc_agent *a, bool close)
{
	char path[128];
	ts_buf_reset(&lines);
	ts_buf_reset(&body);
	svc_genesis(&contract, a, &lines);
	for (int i = 0; i < 2; i++)
		ts_buf_printf(&lines,
			"u1\t%lld\t%lld\tgpu-h100\t8000\t28800000000\ton_demand\tjob-%d\tnode-1\t-"
			"\n",
			(long long)(SVC_FROM_MS + i * INT64_C(3600000)),
			(long long)(SVC_FROM_MS + (i + 1) * INT64_C(3600000)), i);
	if (close)
		ts_buf_printf(&lines, "c1\t%lld\t%lld\tgpu-h100\t1\t2\t57600000000\n",
			(long long)SVC_FROM_MS, (long long)(SVC_FROM_MS + SVC_DAY_MS));
	svc_append_body(&hasher, a, (struct ts_str){lines.data, lines.len}, &body);
	snprintf(path, sizeof path, "/v1/streams/%s/append", a->stream);
	return svc_call(as_agent, "POST", path, NULL, body.data, body.len, &answer);
}

static struct ts_checkpoint_ref end_of(const struct svc_agent *a)
{
	struct ts_checkpoint_ref end = {.origin = ts_str(a->key.key.name), .size = a->range.size};
	ts_range_root(&hasher, &a->range, &end.root);
	return end;
}

static void end_key(const struct svc_agent *a)
{
	char path[128];
	struct ts_buf text;
	struct ts_why why = {"", ""};
	const struct ts_revocation r = {.contract = ts_str(contract.id),
		.origin = ts_str(a->key.key.name),
		.reason = TS_STR("lost")};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_revocation_build(&r, &text, &why), &why);
	ts_buf_reset(&body);
	svc_sign((struct ts_str){text.data, text.len},
		(const struct ts_secret *[]){&contract.provider}, 1, &body);
	ts_buf_free(&text);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements", contract.id);
	json_decref(svc_expect(
		svc.send, "POST", path, NULL, (struct ts_str){body.data, body.len}, 200));
}

/* --- the key --- */

/* A vkey around 32 bytes that are no key; its id recomputes. */
static void bad_point(const char *hex, const char *what)
{
	char vkey[TS_VKEY_CHARS], old[TS_VKEY_CHARS];
	uint8_t public[TS_KEY_PUBLIC_BYTES];
	struct svc_agent a;
	struct ts_buf text, changed;
	struct ts_key bad;
	const struct want w = {.cluster = "points"};
	assert_ok(ts_text_unhex(ts_str(hex), public, sizeof public));
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	ts_buf_init(&changed, TS_STATEMENT_BYTES_MAX);
	write_text(&w, &a, &text);
	assert_ok(ts_key_make(ts_str(a.key.key.name), TS_KEY_ED25519, public, &bad));
	ts_key_format(&a.key.key, old);
	char *at = strstr(ts_buf_str(&text), old);
	assert_non_null(at);
	ts_buf_put(&changed, text.data, (size_t)(at - text.data));
	ts_buf_puts(&changed, ts_key_format(&bad, vkey));
	ts_buf_puts(&changed, at + strlen(old));
	long status = enrol_note((struct ts_str){changed.data, changed.len},
		(const struct ts_secret *[]){&contract.provider, &a.key}, 2);
	if (status != 403)
		print_error("%s\n", what);
	says(status, 403, "bad_key");
	ts_buf_free(&changed);
	ts_buf_free(&text);
}

static void keys_that_are_no_keys(void **state)
{
	(void)state;
	bad_point(
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", "small order");
	bad_point("0100000000000000000000000000000000000000000000000000000000000000", "identity");
	bad_point("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"not canonical");
	bad_point("cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
		"outside the prime-order subgroup");
}

/* The text with one thing put for another. */
static void changed(const char *from, const char *to, long status, const char *text_says)
{
	struct svc_agent a;
	struct ts_buf text, out;
	const struct want w = {.cluster = "changed"};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	ts_buf_init(&out, TS_STATEMENT_BYTES_MAX);
	write_text(&w, &a, &text);
	char *at = strstr(ts_buf_str(&text), from);
	assert_non_null(at);
	ts_buf_put(&out, text.data, (size_t)(at - text.data));
	ts_buf_puts(&out, to);
	ts_buf_puts(&out, at + strlen(from));
	says(enrol_note((struct ts_str){out.data, out.len},
		     (const struct ts_secret *[]){&contract.provider, &a.key}, 2),
		status, text_says);
	ts_buf_free(&out);
	ts_buf_free(&text);
}

static void a_vkey_must_recompute(void **state)
{
	(void)state;
	changed("/g1+", "/g1+0", 400, "malformed");
	changed("vkey ledger", "vkey lodger", 400, "malformed"); /* another name, the same id */
	changed("+A", "+B", 400, "malformed"); /* another type byte */
	changed("window 86400000", "window 59999", 422, "window");
	changed("active ", "active  ", 400, "malformed");
	changed("previous -\n", "", 400, "previous");
}

static void a_key_is_enrolled_once(void **state)
{
	static const uint8_t seed[TS_KEY_SEED_BYTES] = {42};
	struct svc_agent a;
	const struct want first = {.cluster = "once", .seed = seed};
	const struct want again = {.cluster = "twice", .seed = seed};
	const struct want wider = {.cluster = "once", .seed = seed, .skus = "gpu-h100"};
	(void)state;
	must_enrol(&first, &a, NULL);
	says(enrol(&first, &a, BY_COMPANY | BY_ITSELF, NULL), 200, "receipt_key");
	must_refuse(&again, 409, "enrolled already");
	must_refuse(&wider, 409, "another statement");
	const struct want elsewhere = {.contract = other.id, .cluster = "once", .seed = seed};
	must_refuse(&elsewhere, 409, "enrolled already");
}

/* --- who signs --- */

static void all_must_sign(void **state)
{
	struct svc_agent a;
	const struct want w = {.cluster = "signers"};
	const struct want consumers = {.cluster = "signers", .side = TS_SIDE_CONSUMER};
	(void)state;
	says(enrol(&w, &a, BY_COMPANY, NULL), 403, "has not signed");
	says(enrol(&w, &a, BY_ITSELF, NULL), 403, "has not signed");
	says(enrol(&w, &a, BY_ITSELF, &contract.consumer), 403, "has not signed");
	says(enrol(&consumers, &a, BY_ITSELF, &contract.provider), 403, "has not signed");
	must_enrol(&consumers, &a, NULL);
	says(svc_call(svc.send, "POST", "/v1/streams", "text/plain", "no note\n", 8, &answer), 400,
		"malformed");
}

static void only_where_it_belongs(void **state)
{
	const struct want unknown = {.contract = "00000000000000000000000000000000"};
	const struct want domain = {.domain = "ledger.invalid"};
	struct svc_agent a;
	(void)state;
	must_refuse(&unknown, 404, "no contract");
	must_refuse(&domain, 422, "does not begin with");
	json_t *keys = svc_expect(svc.send, "POST", "/v1/contracts",
		json_pack("{s:s,s:s}", "provider", "orbit", "consumer", "atlas"), SVC_NO_TEXT, 201);
	const struct want early = {.contract = svc_member(keys, "contract")};
	says(enrol(&early, &a, BY_COMPANY | BY_ITSELF, NULL), 409, "in force");
	json_decref(keys);
}

/* --- scopes --- */

static void live_scopes_are_disjoint(void **state)
{
	struct svc_agent a;
	const struct want racks = {.cluster = "hall", .agent = "a", .resources = "r1,r2"};
	const struct want same = {.cluster = "hall", .agent = "b", .resources = "r2"};
	const struct want inside = {.cluster = "hall", .agent = "b", .resources = "r17"};
	const struct want wider = {.cluster = "hall", .agent = "b"};
	const struct want beside = {.cluster = "hall", .agent = "b", .resources = "r3"};
	const struct want reading = {.cluster = "hall", .agent = "c", .side = TS_SIDE_CONSUMER};
	(void)state;
	must_enrol(&racks, &a, NULL);
	must_refuse(&same, 409, "overlaps the scope");
	must_refuse(&inside, 409, "overlaps the scope");
	must_refuse(&wider, 409, "overlaps the scope");
	must_enrol(&beside, &a, NULL);
	must_enrol(&reading, &a, NULL); /* a consumer's stream asserts nothing that is billed */
}

/* Two stories end a stream's appends, not its claim: else a thief could open a second mouth. */
static void a_quarantined_stream_owns_its_scope(void **state)
{
	struct svc_agent a, fork;
	const struct want w = {.cluster = "forked"};
	const struct want heir = {.cluster = "forked", .agent = "heir", .from_ms = SVC_FROM_MS};
	(void)state;
	must_enrol(&w, &a, NULL);
	fork = a;
	assert_int_equal(append_day(&a, false), 200);
	fork.range = (struct ts_range){0};
	ts_range_init(&fork.range);
	ts_buf_reset(&lines);
	ts_buf_reset(&body);
	svc_genesis(&contract, &fork, &lines);
	ts_buf_puts(&lines, "r1\tx\nr1\ty\n");
	svc_append_body(&hasher, &fork, (struct ts_str){lines.data, lines.len}, &body);
	char path[128];
	snprintf(path, sizeof path, "/v1/streams/%s/append", a.stream);
	says(svc_call(as_agent, "POST", path, NULL, body.data, body.len, &answer), 422,
		"equivocation");
	must_refuse(&heir, 409, "overlaps the scope");
	end_key(&a);
	must_enrol(&heir, &fork, NULL);
}

/* --- generations --- */

static void the_next_generation(void **state)
{
	struct svc_agent g1, g2;
	const struct want first = {.cluster = "turn"};
	struct ts_checkpoint_ref end;
	struct want next = {.cluster = "turn",
		.generation = 2,
		.previous = &end,
		.from_ms = SVC_FROM_MS + SVC_DAY_MS};
	(void)state;
	must_enrol(&first, &g1, NULL);
	assert_int_equal(append_day(&g1, true), 200);
	end = end_of(&g1);
	says(enrol(&next, &g2, BY_COMPANY | BY_ITSELF, NULL), 403, "has not signed");
	end.size--;
	says(enrol(&next, &g2, BY_COMPANY | BY_ITSELF, &g1.key), 409, "another root or size");
	end = end_of(&g1);
	end.root.b[0] ^= 1;
	says(enrol(&next, &g2, BY_COMPANY | BY_ITSELF, &g1.key), 409, "another root or size");
	end = end_of(&g1);
	next.side = TS_SIDE_CONSUMER;
	says(enrol(&next, &g2, BY_COMPANY | BY_ITSELF, &g1.key), 422, "other side");
	next.side = TS_SIDE_PROVIDER;
	next.from_ms = SVC_FROM_MS + SVC_DAY_MS - 1; /* in the window that g1 has closed */
	says(enrol(&next, &g2, BY_COMPANY | BY_ITSELF, &g1.key), 409, "closed its windows");
	next.from_ms = SVC_FROM_MS + SVC_DAY_MS;
	must_enrol(&next, &g2, &g1.key);
	says(append_day(&g1, false), 403, "bad_key");
}

/* What the generations of an agent hand over, they hand over at from_ms: also to the third, whose
 * windows count on from the first one's start. */
static void the_third_generation_keeps_its_windows(void **state)
{
	struct svc_agent g[3];
	struct ts_checkpoint_ref end;
	struct want want = {.cluster = "third"};
	(void)state;
	must_enrol(&want, &g[0], NULL);
	assert_int_equal(append_day(&g[0], true), 200);
	for (int i = 1; i < 3; i++) {
		end = end_of(&g[i - 1]);
		want = (struct want){.cluster = "third",
			.generation = i + 1,
			.previous = &end,
			.from_ms = SVC_FROM_MS + SVC_DAY_MS,
			.active_ms = SVC_FROM_MS};
		must_enrol(&want, &g[i], &g[i - 1].key);
	}
}

static void a_generation_needs_the_one_before(void **state)
{
	struct ts_checkpoint_ref none = {.size = 1};
	char origin[TS_ORIGIN_MAX + 1];
	snprintf(origin, sizeof origin, "ledger.example/%s/orphan/agent/g1", contract.id);
	none.origin = ts_str(origin);
	const struct want w = {.cluster = "orphan", .generation = 2, .previous = &none};
	(void)state;
	must_refuse(&w, 422, "not the enrolled generation before");
}

/* The key is gone with its disk: its company ends it, and the next one goes on without its line. */
static void a_lost_key_need_not_sign(void **state)
{
	struct svc_agent g1, g2;
	const struct want first = {.cluster = "burnt"};
	struct ts_checkpoint_ref end;
	const struct want next = {.cluster = "burnt",
		.generation = 2,
		.previous = &end,
		.from_ms = SVC_FROM_MS + SVC_DAY_MS};
	(void)state;
	must_enrol(&first, &g1, NULL);
	assert_int_equal(append_day(&g1, true), 200);
	end = end_of(&g1);
	says(enrol(&next, &g2, BY_COMPANY | BY_ITSELF, NULL), 403, "has not signed");
	end_key(&g1);
	must_enrol(&next, &g2, NULL);
}

/* Another agent takes the scope over, once its owner has ended: not before what that one closed. */
static void an_heir_begins_where_it_was_closed(void **state)
{
	struct svc_agent a, b;
	const struct want first = {.cluster = "estate", .agent = "a"};
	struct want heir = {.cluster = "estate", .agent = "b", .from_ms = SVC_FROM_MS};
	(void)state;
	must_enrol(&first, &a, NULL);
	assert_int_equal(append_day(&a, true), 200);
	end_key(&a);
	says(enrol(&heir, &b, BY_COMPANY | BY_ITSELF, NULL), 409, "closed its windows");
	heir.from_ms = SVC_FROM_MS + SVC_DAY_MS;
	must_enrol(&heir, &b, NULL);
}

/* Runs last: May is cut, and no scope may change hands in it any more. */
static void not_in_a_period_that_is_cut(void **state)
{
	struct svc_agent a, b;
	char path[128];
	struct ts_send_reply reply;
	struct ts_why why = {"", ""};
	const struct want first = {.cluster = "cut", .agent = "a"};
	struct want heir = {.cluster = "cut", .agent = "b", .from_ms = SVC_FROM_MS + SVC_DAY_MS};
	const struct want fresh = {.cluster = "uncut"};
	(void)state;
	must_enrol(&first, &a, NULL);
	end_key(&a);
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/2026-05/close", contract.id);
	const struct ts_send_call call = {
		.method = "POST", .path = path, .idempotency_key = "close-may"};
	svc_ok(ts_send_call(svc.send, &call, &answer, &reply, &why), &why);
	says(reply.status, 200, "cut_leaf");
	says(enrol(&heir, &b, BY_COMPANY | BY_ITSELF, NULL), 409, "takes over from");
	heir.from_ms = SVC_FROM_MS + 31 * SVC_DAY_MS;
	must_enrol(&heir, &b, NULL);
	must_enrol(&fresh, &b, NULL); /* takes over from nobody: late, and that is all */
}

static int begin(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	svc_wrote = "app.agent_key app.key_directory app.stream"; /* rooms full of streams */
	svc_start(&svc, "tick_s=0");
	svc_contract(&svc, NULL, &contract);
	svc_contract(&svc, &contract, &other);
	svc_ok(ts_hasher_init(&hasher), &why);
	svc_ok(ts_send_create(svc.url, contract.agent_token, &as_agent, &why), &why);
	ts_buf_init(&body, 16u << 20);
	ts_buf_init(&lines, 16u << 20);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	return 0;
}

/* All streams of a contract are read by whoever enrols, states or settles: 2,700 of one company
 * with large scopes filled a request's memory, and the other one could do nothing any more. */
static void a_side_can_not_take_all_the_room(void **state)
{
	const struct want mine = {.cluster = "room", .side = TS_SIDE_CONSUMER};
	const struct want theirs = {.cluster = "room2"};
	struct svc_agent a;
	char sql[2048];
	(void)state;
	snprintf(sql, sizeof sql,
		"with k as (insert into app.key_directory (public_id, public_key, contract_id) "
		"select md5(i::text), sha256(i::text::bytea), d.contract_id from app.directory d, "
		"generate_series(1, 900) i where d.public_id = '%s' returning *), a as (insert "
		"into "
		"app.agent_key (contract_id, stream_id, public_id, origin, vkey, public_key, side, "
		"note, from_ms, window_ms, active_from_ms, active_to_ms, clusters, resources, "
		"skus, leaf, enrolled) select contract_id, stream_id, public_id, "
		"'ledger.example/%s/' || public_id || '/agent/g1', 'v', public_key, 1, "
		"convert_to(repeat('x', 13000), 'UTF8'), 0, 1, 0, 1, '-', '-', '-', 0, now() from "
		"k "
		"returning contract_id, stream_id), s as (insert into app.stream (contract_id, "
		"stream_id, side, root) select contract_id, stream_id, 1, sha256('') from a "
		"returning 1) select count(*) from s",
		contract.id, contract.id);
	assert_int_equal(svc_number(&svc, sql), 900);
	must_refuse(&mine, 409, "no room for more");
	must_enrol(&theirs, &a, NULL);
}

static int end(void **state)
{
	(void)state;
	ts_send_free(as_agent);
	ts_buf_free(&answer);
	ts_buf_free(&lines);
	ts_buf_free(&body);
	ts_hasher_free(&hasher);
	svc_stop(&svc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_that_are_no_keys),
		cmocka_unit_test(a_vkey_must_recompute),
		cmocka_unit_test(a_key_is_enrolled_once),
		cmocka_unit_test(all_must_sign),
		cmocka_unit_test(only_where_it_belongs),
		cmocka_unit_test(live_scopes_are_disjoint),
		cmocka_unit_test(a_quarantined_stream_owns_its_scope),
		cmocka_unit_test(the_next_generation),
		cmocka_unit_test(the_third_generation_keeps_its_windows),
		cmocka_unit_test(a_generation_needs_the_one_before),
		cmocka_unit_test(a_lost_key_need_not_sign),
		cmocka_unit_test(an_heir_begins_where_it_was_closed),
		cmocka_unit_test(a_side_can_not_take_all_the_room),
		cmocka_unit_test(not_in_a_period_that_is_cut),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
