/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include "evidence/event.h"
#include "evidence/revocation.h"

/* Parses as `kind` says, and builds the text again. */
static enum ts_err both_ways(
	const char *kind, struct ts_str text, struct ts_buf *out, struct ts_why *why)
{
	if (strcmp(kind, "contract") == 0) {
		struct ts_contract_statement s;
		TS_TRY(ts_contract_statement_parse(text, &s, why));
		return ts_contract_statement_build(&s, out, why);
	}
	if (strcmp(kind, "key") == 0) {
		struct ts_key_statement s;
		TS_TRY(ts_key_statement_parse(text, &s, why));
		return ts_key_statement_build(&s, out, why);
	}
	if (strcmp(kind, "event") == 0) {
		struct ts_event s;
		TS_TRY(ts_event_parse(text, &s, why));
		return ts_event_build(&s, out, why);
	}
	if (strcmp(kind, "revoke") == 0) {
		struct ts_revocation s;
		TS_TRY(ts_revocation_parse(text, &s, why));
		return ts_revocation_build(&s, out, why);
	}
	if (strcmp(kind, "reattest") == 0) {
		struct ts_reattestation s;
		TS_TRY(ts_reattestation_parse(text, &s, why));
		return ts_reattestation_build(&s, out, why);
	}
	if (strcmp(kind, "reservation") == 0) {
		struct ts_reservation s;
		TS_TRY(ts_reservation_parse(text, &s, why));
		return ts_reservation_build(&s, out, why);
	}
	struct ts_period_statement s;
	TS_TRY(ts_period_statement_parse(text, &s, why));
	return ts_period_statement_build(&s, out, why);
}

static void test_good(void **state)
{
	(void)state;
	static const char *const kinds[] = {
		"contract", "key", "event", "period", "revoke", "reattest", "reservation"};
	json_t *doc = vec_own("statements.json");
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "good"), i, c)
	{
		struct ts_str text = vec_str(c, "text");
		struct ts_hash want = vec_hash(vec_text(c, "sha256"));
		struct ts_hash got;
		struct ts_why why = {"", ""};
		struct ts_buf out;
		ts_buf_init(&out, 4096);
		if (both_ways(vec_text(c, "kind"), text, &out, &why) != TS_OK)
			fail_msg("%zu: %s", i, why.text);
		assert_true(ts_str_eq(vec_buf(&out), text));
		ts_statement_hash(text, &got);
		assert_hash_equal(&got, &want);
		assert_string_equal(kinds[ts_statement_kind(text)], vec_text(c, "kind"));
		/* Cut short anywhere, it is refused. */
		for (size_t len = 0; len < text.len; len++) {
			ts_buf_reset(&out);
			assert_true(both_ways(vec_text(c, "kind"), (struct ts_str){text.at, len},
					    &out, &why) != TS_OK);
		}
		ts_buf_free(&out);
	}
	json_decref(doc);
	assert_int_equal(ts_statement_kind(TS_STR("tallystick/other/v1\n")), TS_STATEMENT_NONE);
	assert_int_equal(ts_statement_kind(TS_STR("")), TS_STATEMENT_NONE);
}

static void test_bad(void **state)
{
	(void)state;
	json_t *doc = vec_own("statements.json");
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "bad"), i, c)
	{
		struct ts_why why = {"", ""};
		struct ts_buf out;
		ts_buf_init(&out, 4096);
		if (both_ways(vec_text(c, "kind"), vec_str(c, "text"), &out, &why) == TS_OK)
			fail_msg("accepted: %s", vec_text(c, "why"));
		assert_true(why.text[0] != '\0' && why.where[0] != '\0');
		ts_buf_free(&out);
	}
	json_decref(doc);
}

static void test_fields(void **state)
{
	(void)state;
	json_t *doc = vec_own("statements.json");
	const json_t *good = vec_get(doc, "good");
	struct ts_key_statement k;
	struct ts_event e;
	struct ts_why why;
	assert_ok(ts_key_statement_parse(vec_str(json_array_get(good, 2), "text"), &k, &why));
	assert_true(ts_str_is(k.origin_parts.cluster, "colo1"));
	assert_int_equal(k.origin_parts.generation, 1);
	assert_int_equal(k.active_to_ms, TS_OPEN_MS);
	assert_false(k.has_previous);
	struct ts_usage u = {.start_ms = k.from_ms,
		.end_ms = k.from_ms + 1,
		.sku = TS_STR("H100-SXM5-80G"),
		.resource = TS_STR("r117-n04")};
	assert_int_equal(ts_key_statement_verdict(&k, &u), TS_VERDICT_IN_SCOPE);
	u.resource = TS_STR("r119");
	assert_int_equal(ts_key_statement_verdict(&k, &u), TS_VERDICT_OUT_OF_SCOPE);
	u.resource = TS_STR("r118");
	u.start_ms--;
	assert_int_equal(ts_key_statement_verdict(&k, &u), TS_VERDICT_BEFORE_FROM);
	k.from_ms = 0;
	assert_int_equal(ts_key_statement_verdict(&k, &u), TS_VERDICT_NOT_ACTIVE);
	k.side = TS_SIDE_CONSUMER;
	assert_int_equal(ts_key_statement_verdict(&k, &u), TS_VERDICT_NOT_PROVIDER);
	assert_ok(ts_key_statement_parse(vec_str(json_array_get(good, 3), "text"), &k, &why));
	assert_true(k.has_previous);
	assert_int_equal(k.previous.size, 8);
	assert_ok(ts_event_parse(vec_str(json_array_get(good, 6), "text"), &e, &why));
	assert_int_equal(e.kind, TS_EVENT_ISSUE);
	assert_true(ts_str_is(e.number, "TS-2025-0001"));
	assert_int_equal(e.due - e.date, 30);
	json_decref(doc);
}

static void test_notice(void **state)
{
	(void)state;
	struct ts_buf out;
	struct ts_why why;
	struct ts_event back, e = {.contract = TS_STR("00112233445566778899aabbccddeeff"),
				      .kind = TS_EVENT_NOTICE,
				      .serial = 1,
				      .by = TS_SIDE_CONSUMER,
				      .end_ms = INT64_C(1796083200000)};
	ts_buf_init(&out, 4096);
	assert_ok(ts_event_build(&e, &out, &why));
	static const char tail[] = "by consumer\nend 1796083200000\n";
	assert_string_equal(ts_buf_str(&out) + out.len - (sizeof tail - 1), tail);
	assert_ok(ts_event_parse((struct ts_str){out.data, out.len}, &back, &why));
	assert_int_equal(back.by, TS_SIDE_CONSUMER);
	assert_true(back.end_ms == e.end_ms);
	assert_int_equal(ts_event_signer(back.kind), TS_SIGNED_BY_ONE);
	e.end_ms++; /* off the grid */
	assert_err(ts_event_build(&e, &out, &why), TS_E_INVALID);
	ts_buf_free(&out);
}

/* A prepayment's invoice is the operator's, what was paid and paid back the provider's word. */
static void test_prepayments(void **state)
{
	const struct {
		struct ts_event event;
		enum ts_event_signer signer;
		const char *tail;
	} good[] = {
		{{.kind = TS_EVENT_PREPAYMENT,
			 .prepayment = TS_STR("commit"),
			 .number = TS_STR("N-1"),
			 .date = 20574,
			 .due = 20604},
			TS_SIGNED_BY_OPERATOR,
			"prepayment commit\nnumber N-1\ndate 2026-05-01\ndue 2026-05-31\n"},
		{{.kind = TS_EVENT_PAYMENT,
			 .number = TS_STR("N-1"),
			 .currency = TS_STR("EUR"),
			 .amount_minor = 11900,
			 .date = 20574,
			 .reference = TS_STR("wire 4711")},
			TS_SIGNED_BY_ONE,
			"number N-1\ncurrency EUR\nminor 11900\ndate 2026-05-01\n"
			"reference wire 4711\n"},
		{{.kind = TS_EVENT_REFUND,
			 .prepayment = TS_STR("commit"),
			 .currency = TS_STR("EUR"),
			 .amount_minor = 1,
			 .date = 20574,
			 .reference = TS_STR("back")},
			TS_SIGNED_BY_ONE,
			"prepayment commit\ncurrency EUR\nminor 1\ndate 2026-05-01\n"
			"reference back\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct ts_buf out;
		struct ts_why why;
		struct ts_event back, e = good[i].event;
		size_t tail = strlen(good[i].tail);
		e.contract = TS_STR("00112233445566778899aabbccddeeff");
		e.serial = 1;
		ts_buf_init(&out, 4096);
		assert_ok(ts_event_build(&e, &out, &why));
		assert_string_equal(ts_buf_str(&out) + out.len - tail, good[i].tail);
		assert_ok(ts_event_parse((struct ts_str){out.data, out.len}, &back, &why));
		assert_int_equal(back.kind, e.kind);
		assert_int_equal(back.amount_minor, e.amount_minor);
		assert_int_equal(back.by, TS_SIDE_PROVIDER);
		assert_int_equal(ts_event_signer(back.kind), good[i].signer);
		e.amount_minor = 0;
		e.due = e.date - 1;
		assert_err(ts_event_build(&e, &out, &why), TS_E_INVALID);
		e = good[i].event;
		e.contract = TS_STR("00112233445566778899aabbccddeeff");
		e.serial = 1;
		e.number = e.prepayment = TS_STR("two words");
		assert_err(ts_event_build(&e, &out, &why), TS_E_MALFORMED);
		ts_buf_free(&out);
	}
}

/* Nothing that a caller puts in a field can become a line of its own. */
static void test_build_refuses(void **state)
{
	(void)state;
	struct ts_buf out;
	struct ts_why why;
	struct ts_event e = {.contract = TS_STR("00112233445566778899aabbccddeeff"),
		.kind = TS_EVENT_VOID,
		.serial = 1,
		.number = TS_STR("N-1"),
		.reason = TS_STR("good reason")};
	ts_buf_init(&out, 4096);
	ts_buf_puts(&out, "kept");
	assert_ok(ts_event_build(&e, &out, &why));
	size_t len = out.len;
	e.reason = TS_STR("x\nserial 2");
	assert_err(ts_event_build(&e, &out, &why), TS_E_MALFORMED);
	assert_int_equal(out.len, len);
	e.reason = TS_STR("x");
	e.number = TS_STR("N 1");
	assert_err(ts_event_build(&e, &out, &why), TS_E_MALFORMED);
	assert_int_equal(out.len, len);
	ts_buf_free(&out);
	ts_buf_init(&out, 16);
	assert_err(ts_event_build(&e, &out, &why), TS_E_LIMIT);
	ts_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_notice),
		cmocka_unit_test(test_prepayments),
		cmocka_unit_test(test_build_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
