/* SPDX-License-Identifier: Apache-2.0 */
/* The desk of statements over HTTP: signatures that come one by one, every refusal, repeats. */
#include "support/test.h"
#include "api/service.h"
#include "evidence/event.h"
#include "evidence/log.h"
#include "evidence/revocation.h"

static struct svc svc;
static struct svc_contract contract, other;
static struct svc_agent agent;
static struct ts_hasher hasher;
static struct ts_send *as_agent, *as_provider, *as_consumer, *as_stranger;
static struct ts_buf body, lines, answer;

static void append_lines(struct svc_agent *a, int n, long expected)
{
	char path[128];
	ts_buf_reset(&lines);
	ts_buf_reset(&body);
	if (a->range.size == 0)
		svc_genesis(&contract, a, &lines);
	for (int i = 0; i < n; i++)
		ts_buf_printf(&lines,
			"u1\t%lld\t%lld\tgpu-h100\t8000\t28800000000\ton_demand\tjob-%d\tnode-1\t-"
			"\n",
			(long long)(SVC_FROM_MS + i * INT64_C(3600000)),
			(long long)(SVC_FROM_MS + (i + 1) * INT64_C(3600000)), i);
	svc_append_body(&hasher, a, (struct ts_str){lines.data, lines.len}, &body);
	snprintf(path, sizeof path, "/v1/streams/%s/append", a->stream);
	long status = svc_call(as_agent, "POST", path, NULL, body.data, body.len, &answer);
	if (status != expected)
		print_error("%ld %s\n", status, ts_buf_str(&answer));
	assert_int_equal(status, expected);
}

/* --- what is signed --- */

static const char *revocation(const struct svc_agent *a, int64_t since_ms, int64_t covered)
{
	static char text[1024];
	struct ts_buf out;
	struct ts_why why = {"", ""};
	const struct ts_revocation r = {.contract = ts_str(contract.id),
		.origin = ts_str(a->key.key.name),
		.compromised = since_ms >= 0,
		.since_ms = since_ms,
		.covered = covered,
		.reason = TS_STR("the node was stolen")};
	ts_buf_init(&out, sizeof text);
	svc_ok(ts_revocation_build(&r, &out, &why), &why);
	snprintf(text, sizeof text, "%s", ts_buf_str(&out));
	ts_buf_free(&out);
	return text;
}

static const char *release(const char *id, int64_t serial, int64_t at_ms, int64_t from, int64_t to)
{
	static char text[1024];
	struct ts_buf out;
	struct ts_why why = {"", ""};
	const struct ts_event e = {.contract = ts_str(id),
		.kind = TS_EVENT_RELEASE,
		.serial = serial,
		.at_ms = at_ms,
		.origin = ts_str(agent.key.key.name),
		.line_from = from,
		.line_to = to,
		.reason = TS_STR("they are right after all")};
	ts_buf_init(&out, sizeof text);
	svc_ok(ts_event_build(&e, &out, &why), &why);
	snprintf(text, sizeof text, "%s", ts_buf_str(&out));
	ts_buf_free(&out);
	return text;
}

static const char *reattestation(
	int64_t from, const struct ts_hash *root_from, int64_t to, const struct ts_hash *root_to)
{
	static char text[1024];
	struct ts_buf out;
	struct ts_why why = {"", ""};
	const struct ts_reattestation r = {.contract = ts_str(contract.id),
		.origin = ts_str(agent.key.key.name),
		.from = from,
		.root_from = *root_from,
		.to = to,
		.root_to = *root_to};
	ts_buf_init(&out, sizeof text);
	svc_ok(ts_reattestation_build(&r, &out, &why), &why);
	snprintf(text, sizeof text, "%s", ts_buf_str(&out));
	ts_buf_free(&out);
	return text;
}

static int64_t now_ms(void)
{
	return ts_clock_now_us() / 1000;
}

/* --- posting --- */

#define PROVIDER 1
#define CONSUMER 2

/* Signed by these (both: the consumer first, to see the order put right), posted by this token. */
static long post(struct ts_send *as, const char *text, int who)
{
	char path[128];
	const struct ts_secret *keys[2];
	size_t n = 0;
	if ((who & CONSUMER) != 0)
		keys[n++] = &contract.consumer;
	if ((who & PROVIDER) != 0)
		keys[n++] = &contract.provider;
	ts_buf_reset(&body);
	svc_sign(ts_str(text), keys, n, &body);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements", contract.id);
	return svc_call(as, "POST", path, "text/plain", body.data, body.len, &answer);
}

static json_t *must_post(struct ts_send *as, const char *text, int who)
{
	long status = post(as, text, who);
	if (status != 200)
		print_error("%ld %s\n", status, ts_buf_str(&answer));
	assert_int_equal(status, 200);
	return json_loads(ts_buf_str(&answer), 0, NULL);
}

static void must_refuse(
	struct ts_send *as, const char *text, int who, long status, const char *says)
{
	long got = post(as, text, who);
	if (got != status || strstr(ts_buf_str(&answer), says) == NULL)
		print_error("%ld %s, expected %ld %s\n", got, ts_buf_str(&answer), status, says);
	assert_int_equal(got, status);
	assert_non_null(strstr(ts_buf_str(&answer), says));
}

static void assert_state(const json_t *json, const char *state, int64_t leaf, size_t signers)
{
	const json_t *index = json_object_get(json, "leaf");
	assert_string_equal(svc_member(json, "state"), state);
	assert_int_equal(json_is_integer(index) ? json_integer_value(index) : -1, leaf);
	assert_int_equal(json_array_size(json_object_get(json, "signed_by")), signers);
}

static int64_t log_size(void)
{
	char sql[256];
	snprintf(sql, sizeof sql,
		"select l.size from app.contract_lock l join app.directory d using (contract_id) "
		"where d.public_id = '%s' and l.what = 0",
		contract.id);
	return svc_number(&svc, sql);
}

/* The state of the statement that was posted last, as a reader sees it. */
static json_t *read_back(const char *sha256)
{
	char path[256];
	snprintf(path, sizeof path, "/v1/contracts/%s/statements/%s", contract.id, sha256);
	return svc_expect(as_consumer, "GET", path, NULL, SVC_NO_TEXT, 200);
}

/* Events of a type that both companies were told. */
static int64_t told(const char *type)
{
	char sql[128];
	snprintf(sql, sizeof sql, "select count(*) from app.event where type = '%s'", type);
	return svc_number(&svc, sql);
}

static void signatures_come_one_by_one(void **state)
{
	char *text = strdup(release(contract.id, 1, now_ms(), 1, 3));
	struct ts_hash hash;
	struct ts_note note;
	struct ts_why why;
	char hex[2 * TS_HASH_BYTES + 1], path[256];
	int64_t before = log_size();
	(void)state;
	json_t *json = must_post(as_provider, text, PROVIDER);
	assert_state(json, "waiting", -1, 1);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(json, "waiting_for"), 0)),
		contract.consumer.key.name);
	char *first = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	json = must_post(as_provider, text, PROVIDER); /* the same note answers the same */
	char *second = json_dumps(json, JSON_COMPACT);
	assert_string_equal(first, second);
	json_decref(json);
	assert_int_equal(log_size(), before);
	assert_int_equal(told("statement.waiting"), 1);
	assert_int_equal(told("statement.logged"), 0);
	json = must_post(as_consumer, text, CONSUMER);
	assert_state(json, "logged", before, 2);
	assert_int_equal(json_array_size(json_object_get(json, "waiting_for")), 0);
	json_decref(json);
	json = must_post(as_provider, text, PROVIDER);
	assert_state(json, "logged", before, 2);
	assert_int_equal(log_size(), before + 1);
	assert_int_equal(told("statement.waiting"), 1);
	assert_int_equal(told("statement.logged"), 1);
	json_decref(json);
	ts_statement_hash(ts_str(text), &hash);
	ts_text_hex(hash.b, TS_HASH_BYTES, hex);
	json = read_back(hex);
	assert_string_equal(svc_member(json, "text"), text);
	assert_ok(ts_note_parse(ts_str(svc_member(json, "note")), &note, &why));
	assert_int_equal(note.n, 2);
	assert_true(ts_str_is(note.lines[0].name, contract.provider.key.name));
	assert_true(ts_str_is(note.lines[1].name, contract.consumer.key.name));
	/* The leaf is that note, byte for byte. */
	char sql[256];
	snprintf(sql, sizeof sql,
		"select count(*) from app.statement s join app.log_leaf l on l.contract_id = "
		"s.contract_id and l.log = 0 and l.idx = s.leaf and l.data = s.note and l.kind = "
		"%d "
		"where s.leaf = %lld",
		TS_LEAF_EVENT, (long long)before);
	assert_int_equal(svc_number(&svc, sql), 1);
	json_decref(json);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements?kind=release", contract.id);
	json = svc_expect(as_provider, "GET", path, NULL, SVC_NO_TEXT, 200);
	assert_int_equal(json_array_size(json_object_get(json, "data")), 1);
	json_decref(json);
	free(first);
	free(second);
	free(text);
}

static void lines_of_others_are_dropped(void **state)
{
	char *text = strdup(release(contract.id, 2, now_ms(), 3, 4));
	char path[128];
	(void)state;
	ts_buf_reset(&body);
	svc_sign(ts_str(text),
		(const struct ts_secret *[]){&agent.key, &contract.consumer, &contract.provider}, 3,
		&body);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements", contract.id);
	assert_int_equal(
		svc_call(svc.send, "POST", path, "text/plain", body.data, body.len, &answer), 200);
	json_t *json = json_loads(ts_buf_str(&answer), 0, NULL);
	assert_string_equal(svc_member(json, "state"), "logged");
	json_t *row = read_back(svc_member(json, "sha256"));
	struct ts_note note;
	struct ts_why why;
	assert_ok(ts_note_parse(ts_str(svc_member(row, "note")), &note, &why));
	assert_int_equal(note.n, 2);
	json_decref(row);
	json_decref(json);
	free(text);
}

static void serials_are_dense(void **state)
{
	(void)state;
	must_refuse(svc.send, release(contract.id, 2, now_ms(), 4, 5), 3, 409,
		"the next release of this contract is 3");
	must_refuse(svc.send, release(contract.id, 4, now_ms(), 4, 5), 3, 409,
		"the next release of this contract is 3");
}

static void events_are_not_from_the_future(void **state)
{
	(void)state;
	must_refuse(svc.send, release(contract.id, 3, now_ms() + 60000, 4, 5), 3, 422, "future");
}

static void release_stays_within_the_stream(void **state)
{
	(void)state;
	must_refuse(svc.send, release(contract.id, 3, now_ms(), 4, 100000), 3, 422, "lines");
}

/* Two texts wait for one serial: one gets it, the other is told so. */
static void a_serial_is_taken_once(void **state)
{
	char *one = strdup(release(contract.id, 3, now_ms(), 4, 5));
	char *two = strdup(release(contract.id, 3, now_ms(), 5, 6));
	(void)state;
	json_t *json = must_post(as_provider, one, PROVIDER);
	assert_state(json, "waiting", -1, 1);
	char *hash = strdup(svc_member(json, "sha256"));
	json_decref(json);
	json_decref(must_post(as_provider, two, PROVIDER));
	json = must_post(as_consumer, two, CONSUMER);
	assert_state(json, "logged", log_size() - 1, 2);
	json_decref(json);
	json = read_back(hash);
	assert_string_equal(svc_member(json, "state"), "refused");
	assert_non_null(strstr(svc_member(json, "refused"), "serial"));
	json_decref(json);
	must_refuse(as_consumer, one, CONSUMER, 409, "the next release of this contract is 4");
	json = read_back(hash); /* both have signed, and it stays out */
	assert_state(json, "refused", -1, 2);
	json_decref(json);
	free(hash);
	free(one);
	free(two);
}

static void only_its_own_contract(void **state)
{
	(void)state;
	must_refuse(svc.send, release(other.id, 1, now_ms(), 1, 2), 3, 422, "another contract");
}

static void tokens_post_for_their_side(void **state)
{
	(void)state;
	must_refuse(
		as_consumer, release(contract.id, 4, now_ms(), 6, 7), PROVIDER, 403, "forbidden");
	must_refuse(as_agent, release(contract.id, 4, now_ms(), 6, 7), 3, 403, "forbidden");
	must_refuse(as_stranger, release(contract.id, 4, now_ms(), 6, 7), 3, 404, "not_found");
}

static void a_wrong_key_is_refused(void **state)
{
	const char *text = release(contract.id, 4, now_ms(), 6, 7);
	char path[128];
	struct ts_secret forged;
	const uint8_t seed[TS_KEY_SEED_BYTES] = {99};
	(void)state;
	assert_ok(
		ts_secret_make(ts_str(contract.provider.key.name), TS_KEY_ED25519, seed, &forged));
	ts_buf_reset(&body);
	svc_sign(ts_str(text), (const struct ts_secret *[]){&forged}, 1, &body);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements", contract.id);
	assert_int_equal(
		svc_call(svc.send, "POST", path, "text/plain", body.data, body.len, &answer), 403);
	/* The right key, another text under it. */
	ts_buf_reset(&body);
	svc_sign(ts_str(text), (const struct ts_secret *[]){&contract.provider}, 1, &body);
	char *at = strstr(ts_buf_str(&body), "serial 4");
	assert_non_null(at);
	at[7] = '5';
	assert_int_equal(
		svc_call(svc.send, "POST", path, "text/plain", body.data, body.len, &answer), 403);
}

static void operators_events_are_not_taken(void **state)
{
	char text[512];
	(void)state;
	snprintf(text, sizeof text,
		"tallystick/event/v1\ncontract %s\nkind tick\nserial 1\nat 1\nfrom 0\nto 1\nday "
		"2026-05-01\n",
		contract.id);
	must_refuse(svc.send, text, 3, 422, "no statement of a kind");
}

static void reattest_is_over_stored_bytes(void **state)
{
	struct ts_hash root, none = {{0}};
	(void)state;
	ts_range_root(&hasher, &agent.range, &root);
	int64_t size = agent.range.size;
	must_refuse(
		svc.send, reattestation(0, &ts_hash_empty, size, &none), 3, 422, "another root");
	must_refuse(svc.send, reattestation(1, &none, size, &root), 3, 422, "another root");
	must_refuse(svc.send, reattestation(0, &ts_hash_empty, size + 1, &root), 3, 422, "lines");
	json_t *json = must_post(svc.send, reattestation(0, &ts_hash_empty, size, &root), 3);
	assert_state(json, "logged", log_size() - 1, 2);
	json_decref(json);
}

static void revoke_ends_the_key(void **state)
{
	struct svc_agent second;
	int64_t since = now_ms();
	(void)state;
	svc_agent(&svc, &contract, "atlanta", TS_SIDE_PROVIDER, &second);
	append_lines(&second, 5, 200);
	must_refuse(svc.send, revocation(&second, -1, 0), CONSUMER, 403, "has not signed");
	must_refuse(svc.send, revocation(&second, since + 600000, 0), PROVIDER, 422, "future");
	must_refuse(svc.send, revocation(&second, since, 7), PROVIDER, 409, "it is 0");
	json_t *json = must_post(as_provider, revocation(&second, -1, 0), PROVIDER);
	assert_state(json, "logged", log_size() - 1, 1);
	json_decref(json);
	json = must_post(as_provider, revocation(&second, -1, 0), PROVIDER);
	assert_state(json, "logged", log_size() - 1, 1);
	json_decref(json);
	append_lines(&second, 5, 403);
	/* A second end says nothing new, a compromise that came to light does. */
	char *again = strdup(revocation(&second, -1, 0));
	memcpy(strstr(again, "stolen"), "melted", 6);
	must_refuse(svc.send, again, PROVIDER, 409, "ended at leaf");
	free(again);
	assert_int_equal(told("key.revoked"), 1);
	json = must_post(as_provider, revocation(&second, since, 0), PROVIDER);
	assert_state(json, "logged", log_size() - 1, 1);
	json_decref(json);
	assert_int_equal(told("key.revoked"), 2);
}

static void revoke_of_a_stranger(void **state)
{
	struct svc_agent absent = agent;
	(void)state;
	memcpy(strstr(absent.key.key.name, "/agent/"), "/agenz/", 7);
	must_refuse(svc.send, revocation(&absent, -1, 0), PROVIDER, 404, "no stream");
}

static void questions_of_authors(void **state)
{
	char path[192], hex[2 * TS_HASH_BYTES + 1];
	struct ts_hash root;
	(void)state;
	ts_range_root(&hasher, &agent.range, &root);
	ts_text_hex(root.b, TS_HASH_BYTES, hex);
	snprintf(path, sizeof path, "/v1/streams/%s/root?size=%lld", agent.stream,
		(long long)agent.range.size);
	json_t *json = svc_expect(as_consumer, "GET", path, NULL, SVC_NO_TEXT, 200);
	assert_string_equal(svc_member(json, "root"), hex);
	json_decref(json);
	snprintf(path, sizeof path, "/v1/streams/%s/root?size=%lld", agent.stream,
		(long long)agent.range.size + 1);
	json_decref(svc_expect(as_consumer, "GET", path, NULL, SVC_NO_TEXT, 422));
	json_decref(svc_expect(as_stranger, "GET", path, NULL, SVC_NO_TEXT, 404));
	snprintf(path, sizeof path, "/v1/contracts/%s/statements/serials", contract.id);
	json = svc_expect(as_provider, "GET", path, NULL, SVC_NO_TEXT, 200);
	assert_int_equal(json_integer_value(json_object_get(json, "release")), 4);
	json_decref(json);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements?kind=nonsense", contract.id);
	json_decref(svc_expect(as_provider, "GET", path, NULL, SVC_NO_TEXT, 422));
	snprintf(path, sizeof path, "/v1/contracts/%s/statements?limit=2", contract.id);
	json = svc_expect(as_provider, "GET", path, NULL, SVC_NO_TEXT, 200);
	assert_true(json_is_true(json_object_get(json, "has_more")));
	assert_int_equal(json_array_size(json_object_get(json, "data")), 2);
	snprintf(path, sizeof path, "/v1/contracts/%s/statements?limit=2&after=%s", contract.id,
		svc_member(json, "after"));
	json_decref(json);
	json = svc_expect(as_provider, "GET", path, NULL, SVC_NO_TEXT, 200);
	assert_true(json_array_size(json_object_get(json, "data")) > 0);
	json_decref(json);
	snprintf(path, sizeof path, "/v1/streams/%s/enrolment", agent.stream);
	assert_int_equal(svc_call(as_consumer, "GET", path, NULL, NULL, 0, &answer), 200);
	assert_int_equal(strncmp(ts_buf_str(&answer), "tallystick/key/v1\n", 18), 0);
}

static struct ts_send *sender(const char *role, const char *party, const char *id)
{
	char token[128];
	struct ts_why why = {"", ""};
	struct ts_send *send = NULL;
	svc_token(&svc, role, party, id, token);
	svc_ok(ts_send_create(svc.url, token, &send, &why), &why);
	return send;
}

static int begin(void **state)
{
	(void)state;
	svc_start(&svc, "tick_s=0");
	svc_contract(&svc, NULL, &contract);
	svc_contract(&svc, &contract, &other);
	svc_ok(ts_hasher_init(&hasher), NULL);
	svc_agent(&svc, &contract, "colo1", TS_SIDE_PROVIDER, &agent);
	as_agent = sender("agent", "orbit", contract.id);
	as_provider = sender("provider_finance", "orbit", contract.id);
	as_consumer = sender("consumer_finance", "atlas", contract.id);
	as_stranger = sender("provider_finance", "orbit", other.id);
	ts_buf_init(&body, 16u << 20);
	ts_buf_init(&lines, 16u << 20);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	append_lines(&agent, 600, 200);
	append_lines(&agent, 10, 200);
	return 0;
}

static int end(void **state)
{
	(void)state;
	struct ts_send *const sends[] = {as_agent, as_provider, as_consumer, as_stranger};
	for (size_t i = 0; i < sizeof sends / sizeof sends[0]; i++)
		ts_send_free(sends[i]);
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
		cmocka_unit_test(signatures_come_one_by_one),
		cmocka_unit_test(lines_of_others_are_dropped),
		cmocka_unit_test(serials_are_dense),
		cmocka_unit_test(events_are_not_from_the_future),
		cmocka_unit_test(release_stays_within_the_stream),
		cmocka_unit_test(a_serial_is_taken_once),
		cmocka_unit_test(only_its_own_contract),
		cmocka_unit_test(tokens_post_for_their_side),
		cmocka_unit_test(a_wrong_key_is_refused),
		cmocka_unit_test(operators_events_are_not_taken),
		cmocka_unit_test(reattest_is_over_stored_bytes),
		cmocka_unit_test(revoke_ends_the_key),
		cmocka_unit_test(revoke_of_a_stranger),
		cmocka_unit_test(questions_of_authors),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
