/* SPDX-License-Identifier: Apache-2.0 */
/* How far back a compromise reaches: the size of the inputs log that a revocation must name. */
#include "support/test.h"
#include "api/service.h"
#include "evidence/revocation.h"

static struct svc svc;
static struct svc_contract contract;
static struct ts_buf body, answer;
static int64_t since_ms; /* one for all, so that a repeat is the same text */

static long end_key(const struct svc_agent *a, int64_t covered)
{
	char path[128];
	struct ts_buf text;
	struct ts_why why = {"", ""};
	const struct ts_revocation r = {.contract = ts_str(contract.id),
		.origin = ts_str(a->key.key.name),
		.compromised = true,
		.since_ms = since_ms,
		.covered = covered,
		.reason = TS_STR("copied")};
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_revocation_build(&r, &text, &why), &why);
	ts_buf_reset(&body);
	svc_sign((struct ts_str){text.data, text.len},
		(const struct ts_secret *[]){&contract.provider}, 1, &body);
	ts_buf_free(&text);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements", contract.id);
	return svc_call(svc.send, "POST", path, "text/plain", body.data, body.len, &answer);
}

static int64_t covered_since(const char *stream, const char *since)
{
	char path[192];
	snprintf(path, sizeof path, "/v1/streams/%s/revocation?since=%s", stream, since);
	json_t *json = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	assert_string_equal(svc_member(json, "stream"), stream);
	int64_t covered = json_integer_value(json_object_get(json, "covered"));
	json_decref(json);
	return covered;
}

/* The provider's book is sealed through the cut of May: its period statement is a leaf. */
static int64_t seal_may(void)
{
	char path[128], hex[2 * TS_NOTE_BYTES_MAX / 8], sql[sizeof hex + 512];
	struct ts_send_reply reply;
	struct ts_why why = {"", ""};
	struct ts_buf text;
	snprintf(path, sizeof path, "/v1/contracts/%s/periods/2026-05/close", contract.id);
	const struct ts_send_call call = {
		.method = "POST", .path = path, .idempotency_key = "close-may"};
	svc_ok(ts_send_call(svc.send, &call, &answer, &reply, &why), &why);
	assert_int_equal(reply.status, 200);
	json_t *json = json_loads(ts_buf_str(&answer), 0, NULL);
	const struct ts_period_statement seal = {.contract = ts_str(contract.id),
		.book = TS_SIDE_PROVIDER,
		.through = 20604,
		.cut = json_integer_value(json_object_get(json, "cut_leaf"))};
	json_decref(json);
	ts_buf_init(&text, TS_STATEMENT_BYTES_MAX);
	svc_ok(ts_period_statement_build(&seal, &text, &why), &why);
	ts_buf_reset(&body);
	svc_sign((struct ts_str){text.data, text.len},
		(const struct ts_secret *[]){&contract.provider}, 1, &body);
	ts_buf_free(&text);
	assert_true(2 * body.len < sizeof hex);
	ts_text_hex((const uint8_t *)body.data, body.len, hex);
	snprintf(sql, sizeof sql,
		"with d as (select contract_id from app.directory where public_id = '%s') insert "
		"into app.seal (contract_id, book, through, leaf, note) select contract_id, 0, "
		"date '2026-05-31', %lld, decode('%s', 'hex') from d returning (select cut_to from "
		"app.period p where p.contract_id = seal.contract_id and p.cut_leaf = %lld)",
		contract.id, (long long)seal.cut + 1, hex, (long long)seal.cut);
	return svc_number(&svc, sql);
}

/* A compromise does not reach behind the last seal: N is the sealed cut's. */
static void a_compromise_ends_at_the_seal(void **state)
{
	struct svc_agent a;
	(void)state;
	svc_agent(&svc, &contract, "boston", TS_SIDE_PROVIDER, &a);
	assert_int_equal(covered_since(a.stream, "2026-06-01T00:00:00Z"), 0);
	int64_t covered = seal_may();
	assert_true(covered > 0);
	assert_int_equal(covered_since(a.stream, "2026-06-01T00:00:00Z"), covered);
	char says[64];
	snprintf(says, sizeof says, "it is %lld", (long long)covered);
	assert_int_equal(end_key(&a, 0), 409);
	assert_non_null(strstr(ts_buf_str(&answer), says));
	assert_int_equal(end_key(&a, covered), 200);
	assert_non_null(strstr(ts_buf_str(&answer), "\"state\":\"logged\""));
	assert_int_equal(end_key(&a, covered), 200);
}

/* The company alone signs a revocation, and each one walks the stream in the thread that settles
 * all contracts: a thousand of them held up every tenant. */
static void a_key_is_revoked_so_often_and_no_more(void **state)
{
	struct svc_agent a;
	(void)state;
	int64_t before_ms = since_ms;
	svc_agent(&svc, &contract, "again", TS_SIDE_PROVIDER, &a);
	int64_t covered = covered_since(a.stream, "2026-06-01T00:00:00Z");
	for (int i = 0; i < 16; i++, since_ms--)
		assert_int_equal(end_key(&a, covered), 200);
	assert_int_equal(end_key(&a, covered), 409);
	assert_non_null(strstr(ts_buf_str(&answer), "revoked 16 times"));
	since_ms++;
	assert_int_equal(end_key(&a, covered), 200); /* it is there */
	since_ms = before_ms;
}

/* A contract between the same two that names two witnesses, both needed. */
static void witnessed_contract(struct svc_contract *c)
{
	char path[128], vkey[TS_VKEY_CHARS];
	static const char *const names[] = {"consumer", "auditor"};
	struct ts_why why = {"", ""};
	struct ts_secret witness;
	json_t *list = json_array();
	*c = contract;
	json_t *keys = svc_expect(svc.send, "POST", "/v1/contracts",
		json_pack("{s:s,s:s}", "provider", "orbit", "consumer", "atlas"), SVC_NO_TEXT, 201);
	snprintf(c->id, sizeof c->id, "%s", svc_member(keys, "contract"));
	json_t *terms = svc_terms(c, keys);
	for (uint8_t i = 0; i < 2; i++) {
		const uint8_t seed[TS_KEY_SEED_BYTES] = {i, 99};
		svc_ok(ts_secret_make(ts_str(names[i]), TS_KEY_COSIGNATURE, seed, &witness), &why);
		json_array_append_new(
			list, json_pack("{s:s,s:s}", "vkey", ts_key_format(&witness.key, vkey),
				      "run_by", names[i]));
	}
	json_t *evidence = json_object_get(terms, "evidence");
	json_object_set_new(evidence, "witnesses", list);
	json_object_set_new(evidence, "quorum", json_string("all"));
	snprintf(path, sizeof path, "/v1/contracts/%s/terms", c->id);
	json_t *offer = svc_expect(svc.send, "PUT", path, terms, SVC_NO_TEXT, 201);
	ts_buf_reset(&body);
	svc_sign(ts_str(svc_member(offer, "statement")),
		(const struct ts_secret *[]){&c->provider, &c->consumer}, 2, &body);
	snprintf(path, sizeof path, "/v1/contracts/%s/signatures", c->id);
	json_decref(svc_expect(
		svc.send, "POST", path, NULL, (struct ts_str){body.data, body.len}, 200));
	json_decref(offer);
	json_decref(keys);
}

/* N is the largest size that all who are needed had cosigned before the instant. */
static void a_compromise_ends_at_the_quorum(void **state)
{
	struct svc_contract c;
	struct svc_agent a;
	char sql[1024];
	(void)state;
	witnessed_contract(&c);
	svc_agent(&svc, &c, "witnessed", TS_SIDE_PROVIDER, &a);
	snprintf(sql, sizeof sql,
		"with d as (select contract_id from app.directory where public_id = '%s'), c as "
		"(insert into app.log_checkpoint (contract_id, log, size, root, note, created) "
		"select contract_id, 0, s, sha256('x'), 'x', now() from d, "
		"generate_series(1, 2) s returning contract_id, size) insert into "
		"app.log_cosignature (contract_id, log, size, key_name, time_s, line) select "
		"contract_id, 0, size, w, extract(epoch from timestamptz '2026-06-01T00:00:00Z') "
		"+ size * 60 + case w when 'auditor' then 10 else 0 end, 'x' from c, "
		"unnest('{consumer,auditor}'::text[]) w returning 1",
		c.id);
	assert_int_equal(svc_number(&svc, sql), 1);
	assert_int_equal(covered_since(a.stream, "2026-06-01T00:01:10Z"), 0); /* not before it */
	assert_int_equal(covered_since(a.stream, "2026-06-01T00:01:11Z"), 1);
	assert_int_equal(covered_since(a.stream, "2026-06-01T00:02:05Z"), 1); /* one of two */
	assert_int_equal(covered_since(a.stream, "2026-06-01T00:02:11Z"), 2);
}

static int begin(void **state)
{
	(void)state;
	svc_wrote = "app.seal app.log_checkpoint app.log_cosignature";
	svc_start(&svc, "tick_s=0");
	svc_contract(&svc, NULL, &contract);
	ts_buf_init(&body, TS_NOTE_BYTES_MAX);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	since_ms = ts_clock_now_us() / 1000;
	return 0;
}

static int end(void **state)
{
	(void)state;
	ts_buf_free(&answer);
	ts_buf_free(&body);
	svc_stop(&svc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_compromise_ends_at_the_quorum),
		cmocka_unit_test(a_compromise_ends_at_the_seal),
		cmocka_unit_test(a_key_is_revoked_so_often_and_no_more),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
