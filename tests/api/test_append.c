/* SPDX-License-Identifier: Apache-2.0 */
/* Appends over HTTP against the built service: every answer of docs/formats/append.md. */
#include "support/test.h"
#include "api/service.h"
#include "evidence/conflict.h"

static struct svc svc;
static struct svc_contract contract;
static struct svc_agent agent;
static struct ts_hasher hasher;
static struct ts_send *client; /* as the agent */
static struct ts_buf body, lines, answer;

static long append_as(struct ts_send *as, const char *stream)
{
	char path[128];
	snprintf(path, sizeof path, "/v1/streams/%s/append", stream);
	return svc_call(as, "POST", path, NULL, body.data, body.len, &answer);
}

/* The body of an append of n more u1 lines; svc_genesis first when the stream is empty. */
static void make_body(struct svc_agent *a, int n)
{
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
}

static void must_append(struct svc_agent *a)
{
	long status = append_as(client, a->stream);
	if (status != 200)
		print_error("%ld %s\n", status, ts_buf_str(&answer));
	assert_int_equal(status, 200);
}

static void must_refuse(const char *stream, long status, const char *code)
{
	long got = append_as(client, stream);
	if (got != status || strstr(ts_buf_str(&answer), code) == NULL)
		print_error("%ld %s, expected %ld %s\n", got, ts_buf_str(&answer), status, code);
	assert_int_equal(got, status);
	assert_non_null(strstr(ts_buf_str(&answer), code));
}

static int64_t count(const char *what, const char *stream)
{
	char sql[512];
	snprintf(sql, sizeof sql,
		"select count(*) from app.%s join app.agent_key k using (contract_id, stream_id) "
		"where k.public_id = '%s'",
		what, stream);
	return svc_number(&svc, sql);
}

static void receipt_is_stored_and_repeated(void **state)
{
	struct ts_append append;
	struct ts_why why = {"", ""};
	int64_t time_s = 0;
	(void)state;
	make_body(&agent, 600);
	must_append(&agent);
	assert_ok(ts_append_parse((struct ts_str){body.data, body.len}, &append, &why));
	assert_ok(ts_append_receipt_verify(&contract.receipt, append.note.text,
		(struct ts_str){answer.data, answer.len}, &time_s, &why));
	assert_true(time_s > 0);
	char *first = strdup(ts_buf_str(&answer));
	usleep(1100000); /* another second: a new receipt would differ */
	must_append(&agent);
	assert_string_equal(ts_buf_str(&answer), first);
	free(first);
	assert_int_equal(count("batch", agent.stream), 1);
	assert_int_equal(count("usage", agent.stream), 600);
	make_body(&agent, 10);
	must_append(&agent);
	assert_int_equal(count("batch", agent.stream), 2);
}

static void stream_is_shown(void **state)
{
	char path[128];
	struct ts_hash root;
	char hex[2 * TS_HASH_BYTES + 1];
	(void)state;
	snprintf(path, sizeof path, "/v1/streams/%s", agent.stream);
	json_t *json = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	ts_range_root(&hasher, &agent.range, &root);
	ts_text_hex(root.b, TS_HASH_BYTES, hex);
	assert_string_equal(svc_member(json, "root"), hex);
	assert_string_equal(svc_member(json, "state"), "live");
	assert_string_equal(svc_member(json, "contract"), contract.id);
	assert_int_equal(json_integer_value(json_object_get(json, "size")), agent.range.size);
	json_decref(json);
	snprintf(path, sizeof path, "/v1/streams?contract=%s", contract.id);
	json = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	assert_true(json_array_size(json_object_get(json, "data")) >= 1);
	json_decref(json);
}

static void stale_says_the_size(void **state)
{
	struct svc_agent ahead = agent;
	char size[32];
	(void)state;
	make_body(&ahead, 3); /* lost on the way */
	make_body(&ahead, 3);
	assert_int_equal(append_as(client, agent.stream), 409);
	snprintf(size, sizeof size, "%lld\n", (long long)agent.range.size);
	assert_string_equal(ts_buf_str(&answer), size);
}

/* Same root, but no append ended there: the size, not a receipt. */
static void inside_a_batch(void **state)
{
	struct svc_agent a, whole;
	(void)state;
	svc_agent(&svc, &contract, "inside", TS_SIDE_PROVIDER, &a);
	whole = a;
	make_body(&whole, 300);
	must_append(&whole);
	make_body(&a, 99);
	assert_int_equal(append_as(client, a.stream), 409);
	assert_string_equal(ts_buf_str(&answer), "301\n");
}

static void void_line_is_kept(void **state)
{
	struct svc_agent a;
	(void)state;
	svc_agent(&svc, &contract, "voids", TS_SIDE_PROVIDER, &a);
	ts_buf_reset(&lines);
	ts_buf_reset(&body);
	svc_genesis(&contract, &a, &lines);
	ts_buf_puts(&lines, "u1\tnonsense\n");
	svc_append_body(&hasher, &a, (struct ts_str){lines.data, lines.len}, &body);
	must_append(&a);
	assert_int_equal(count("batch", a.stream), 1);
	assert_int_equal(
		svc_number(&svc, "select count(*) from app.usage where void_reason is not null"),
		1);
	assert_int_equal(
		svc_number(&svc, "select count(*) from app.event where type = "
				 "'stream.void_lines' and data like '%\"first_index\":1,%'"),
		1);
	char path[128];
	snprintf(path, sizeof path, "/v1/streams/%s/lines?state=void", a.stream);
	json_t *json = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	const json_t *row = json_array_get(json_object_get(json, "data"), 0);
	assert_int_equal(json_array_size(json_object_get(json, "data")), 1);
	assert_int_equal(json_integer_value(json_object_get(row, "index")), 1);
	assert_string_equal(svc_member(row, "state"), "void");
	assert_true(strlen(svc_member(row, "reason")) > 0);
	json_decref(json);
	make_body(&a, 5); /* the stream goes on */
	must_append(&a);
	assert_int_equal(count("usage", a.stream), 6);
}

static void wrong_key(void **state)
{
	struct svc_agent forged = agent;
	const uint8_t seed[TS_KEY_SEED_BYTES] = {9};
	struct ts_key known = agent.key.key;
	(void)state;
	assert_ok(ts_secret_make(ts_str(known.name), TS_KEY_ED25519, seed, &forged.key));
	make_body(&forged, 1);
	must_refuse(agent.stream, 403, "bad_signature");
	forged.key.key.id = known.id; /* the right name and id, another key's signature */
	forged.range = agent.range;
	make_body(&forged, 1);
	must_refuse(agent.stream, 403, "bad_signature");
}

static void damaged_body_changes_nothing(void **state)
{
	struct svc_agent next = agent;
	(void)state;
	make_body(&next, 3);
	body.data[body.len - 4] ^= 1;
	must_refuse(agent.stream, 422, "body_mismatch");
	body.data[body.len - 4] ^= 1;
	body.len -= 1; /* no last LF */
	must_refuse(agent.stream, 422, "body_mismatch");
	body.len += 1;
	assert_int_equal(count("conflict", agent.stream), 0);
	must_append(&agent);
	agent = next;
}

static void malformed(void **state)
{
	static const char *const bodies[] = {"", "x", "append/v1\n", "append/v1\nold 0\nnew 1\n",
		"append/v1\nold 00\nnew 1\n\n", "append/v2\nold 0\nnew 1\nx\n\n"};
	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		ts_buf_reset(&body);
		ts_buf_puts(&body, bodies[i]);
		must_refuse(agent.stream, 400, "malformed");
	}
}

static void too_large(void **state)
{
	(void)state;
	ts_buf_reset(&body);
	for (int i = 0; i < 5 * 1024 * 16; i++)
		ts_buf_puts(
			&body, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n");
	long status = append_as(client, agent.stream);
	assert_true(status == 413 || status == 0); /* 0: refused while it was being sent */
}

static void foreign_tokens_see_nothing(void **state)
{
	struct svc_contract other;
	struct ts_why why = {"", ""};
	struct svc_agent next = agent, consumer;
	struct ts_send *foreign = NULL;
	(void)state;
	svc_contract(&svc, &contract, &other);
	assert_ok(ts_send_create(svc.url, other.agent_token, &foreign, &why));
	make_body(&next, 1);
	assert_int_equal(append_as(foreign, agent.stream), 404);
	ts_send_free(foreign);
	assert_int_equal(append_as(client, "00000000000000000000000000000000"), 404);
	/* the provider's token, the consumer's stream */
	svc_agent(&svc, &contract, "mirror", TS_SIDE_CONSUMER, &consumer);
	make_body(&consumer, 1);
	assert_int_equal(append_as(client, consumer.stream), 404);
	/* another stream's body */
	make_body(&next, 1);
	must_refuse(consumer.stream, 404, "not_found");
	/* an operator is no agent */
	assert_int_equal(append_as(svc.send, agent.stream), 403);
}

static void enrolment_rules(void **state)
{
	struct ts_buf note;
	struct svc_agent a;
	struct svc_contract forged = contract;
	(void)state;
	ts_buf_init(&note, TS_NOTE_BYTES_MAX);
	svc_statement(
		&contract, "inside", TS_SIDE_PROVIDER, &a, &note); /* enrolled: the same again */
	json_decref(svc_expect(
		svc.send, "POST", "/v1/streams", NULL, (struct ts_str){note.data, note.len}, 200));
	ts_buf_reset(&note);
	forged.provider = contract.consumer; /* signed by the wrong company */
	svc_statement(&forged, "forged", TS_SIDE_PROVIDER, &a, &note);
	json_decref(svc_expect(
		svc.send, "POST", "/v1/streams", NULL, (struct ts_str){note.data, note.len}, 403));
	ts_buf_free(&note);
}

/* The one conflict of a stream as its proof, checked as anybody could who has the agent's key. */
static void must_prove(const struct svc_agent *a, int64_t refused, int64_t accepted)
{
	char path[192];
	struct ts_conflict conflict;
	struct ts_why why = {"", ""};
	snprintf(path, sizeof path, "/v1/streams/%s/conflicts", a->stream);
	json_t *list = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	const json_t *rows = json_object_get(list, "data");
	assert_int_equal(json_array_size(rows), 1);
	snprintf(path, sizeof path, "/v1/streams/%s/conflicts/%s", a->stream,
		svc_member(json_array_get(rows, 0), "sha256"));
	json_decref(list);
	ts_buf_reset(&answer);
	assert_int_equal(svc_call(svc.send, "GET", path, NULL, NULL, 0, &answer), 200);
	assert_ok(ts_conflict_parse((struct ts_str){answer.data, answer.len}, &conflict, &why));
	assert_int_equal(conflict.refused.size, refused);
	assert_int_equal(conflict.accepted.size, accepted);
	assert_ok(ts_conflict_verify(&hasher, &conflict, &a->key.key, &why));
	assert_int_equal(conflict.path.n == 0, refused == accepted);
}

static void equivocation(void **state)
{
	struct svc_agent a, fork;
	(void)state;
	svc_agent(&svc, &contract, "fork", TS_SIDE_PROVIDER, &a);
	fork = a;
	make_body(&a, 20);
	must_append(&a);
	make_body(&fork, 7); /* another story of size 21 */
	make_body(&fork, 13);
	must_refuse(a.stream, 422, "equivocation");
	assert_int_equal(count("conflict", a.stream), 1);
	must_prove(&a, 21, 21);
	must_refuse(a.stream, 422, "quarantined"); /* the same again changes nothing */
	assert_int_equal(count("conflict", a.stream), 1);
	make_body(&a, 1);
	must_refuse(a.stream, 422, "quarantined");
}

/* Another root of a size where no append ended: linked to the next by a consistency proof. */
static void equivocation_inside(void **state)
{
	struct svc_agent a, fork;
	(void)state;
	svc_agent(&svc, &contract, "fork2", TS_SIDE_PROVIDER, &a);
	fork = a;
	make_body(&a, 600);
	must_append(&a);
	make_body(&a, 1);
	must_append(&a);
	ts_buf_reset(&lines);
	ts_buf_reset(&body);
	svc_genesis(&contract, &fork, &lines);
	ts_buf_puts(&lines, "r1\tx\n");
	svc_append_body(&hasher, &fork, (struct ts_str){lines.data, lines.len}, &body);
	must_refuse(a.stream, 422, "equivocation");
	must_prove(&a, 2, 601);
}

/* A signed checkpoint that was changed on the way is nobody's story. */
static void damaged_never_quarantines(void **state)
{
	struct svc_agent a, fork;
	(void)state;
	svc_agent(&svc, &contract, "damaged", TS_SIDE_PROVIDER, &a);
	make_body(&a, 20);
	must_append(&a);
	fork = a;
	fork.range.size = 0;
	make_body(&fork, 20);
	for (size_t i = 0; i < body.len; i += 7) {
		char was = body.data[i];
		body.data[i] ^= 4;
		(void)append_as(client, a.stream);
		body.data[i] = was;
	}
	assert_int_equal(count("conflict", a.stream), 0);
	make_body(&a, 1);
	must_append(&a);
}

/* Both companies see it where they look: the stream, the contract. */
static void quarantine_is_visible(void **state)
{
	char path[128];
	int64_t alerts = 0;
	(void)state;
	snprintf(path, sizeof path, "/v1/contracts/%s", contract.id);
	json_t *json = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
	const json_t *alert = json_object_get(json, "alerts");
	for (size_t i = 0; i < json_array_size(alert); i++) {
		const json_t *row = json_array_get(alert, i);
		alerts += strcmp(svc_member(row, "type"), "stream.quarantined") == 0;
		snprintf(path, sizeof path, "/v1/streams/%s", svc_member(row, "stream"));
		json_t *stream = svc_expect(svc.send, "GET", path, NULL, SVC_NO_TEXT, 200);
		assert_string_equal(svc_member(stream, "state"), "quarantined");
		assert_int_equal(json_array_size(json_object_get(stream, "conflicts")), 1);
		json_decref(stream);
	}
	json_decref(json);
	assert_int_equal(alerts, 2);
	assert_int_equal(svc_number(&svc, "select count(*) from app.event where type = "
					  "'stream.quarantined'"),
		2);
}

static int setup(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	svc_start(&svc, "tick_s=0");
	assert_ok(ts_hasher_init(&hasher));
	ts_buf_init(&body, 16u << 20);
	ts_buf_init(&lines, 16u << 20);
	ts_buf_init(&answer, SVC_ANSWER_MAX);
	svc_contract(&svc, NULL, &contract);
	svc_agent(&svc, &contract, "c1", TS_SIDE_PROVIDER, &agent);
	return ts_send_create(svc.url, contract.agent_token, &client, &why) == TS_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ts_send_free(client);
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
		cmocka_unit_test(receipt_is_stored_and_repeated),
		cmocka_unit_test(stream_is_shown),
		cmocka_unit_test(stale_says_the_size),
		cmocka_unit_test(inside_a_batch),
		cmocka_unit_test(void_line_is_kept),
		cmocka_unit_test(wrong_key),
		cmocka_unit_test(damaged_body_changes_nothing),
		cmocka_unit_test(malformed),
		cmocka_unit_test(too_large),
		cmocka_unit_test(foreign_tokens_see_nothing),
		cmocka_unit_test(enrolment_rules),
		cmocka_unit_test(equivocation),
		cmocka_unit_test(equivocation_inside),
		cmocka_unit_test(damaged_never_quarantines),
		cmocka_unit_test(quarantine_is_visible),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
