/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/auth.h"

#include "support/test.h"
#include <stdio.h>
#include <string.h>

static void test_token_text(void **state)
{
	char text[TS_TOKEN_CHARS + 1];
	char id[TS_TOKEN_ID_CHARS + 1];
	char parsed[TS_TOKEN_ID_CHARS + 1];
	uint8_t hash[TS_TOKEN_HASH_BYTES];
	uint8_t again[TS_TOKEN_HASH_BYTES];
	uint8_t secret[TS_TOKEN_SECRET_BYTES];
	char header[128];
	(void)state;
	ts_token_make(text, id, hash);
	assert_int_equal(strlen(text), TS_TOKEN_CHARS);
	(void)snprintf(header, sizeof(header), "bEaReR %s", text);
	assert_ok(ts_token_parse(ts_str(header), parsed, secret));
	assert_string_equal(parsed, id);
	ts_token_hash(secret, again);
	assert_memory_equal(hash, again, sizeof(hash));
	/* one wrong character at any place of the form is refused */
	for (size_t i = 0; i < strlen(header); i++) {
		char saved = header[i];
		header[i] = 'X';
		assert_err(ts_token_parse(ts_str(header), parsed, secret), TS_E_UNAUTHENTICATED);
		header[i] = saved;
	}
	assert_err(ts_token_parse((struct ts_str){NULL, 0}, parsed, secret), TS_E_UNAUTHENTICATED);
	(void)snprintf(header, sizeof(header), "Bearer %s0", text);
	assert_err(ts_token_parse(ts_str(header), parsed, secret), TS_E_UNAUTHENTICATED);
}

static void test_token_check(void **state)
{
	struct ts_token token = {.revoked = false};
	uint8_t secret[TS_TOKEN_SECRET_BYTES] = {1, 2, 3};
	(void)state;
	ts_token_hash(secret, token.hash);
	assert_ok(ts_token_check(&token, secret, 5));
	token.not_after_us = 5;
	assert_err(ts_token_check(&token, secret, 5), TS_E_UNAUTHENTICATED);
	assert_ok(ts_token_check(&token, secret, 4));
	token.revoked = true;
	assert_err(ts_token_check(&token, secret, 4), TS_E_UNAUTHENTICATED);
	token.revoked = false;
	secret[31] ^= 1;
	assert_err(ts_token_check(&token, secret, 4), TS_E_UNAUTHENTICATED);
	assert_err(ts_token_check(NULL, secret, 4), TS_E_UNAUTHENTICATED);
}

static void test_roles(void **state)
{
	enum ts_role role;
	(void)state;
	for (uint32_t bit = TS_ROLE_AGENT; bit <= TS_ROLE_OPERATOR; bit <<= 1) {
		assert_ok(ts_role_parse(ts_str(ts_role_name((enum ts_role)bit)), &role));
		assert_int_equal(role, bit);
	}
	assert_err(ts_role_parse(ts_str("root"), &role), TS_E_MALFORMED);
	assert_err(ts_role_parse(ts_str(""), &role), TS_E_MALFORMED);
}

static void test_rate(void **state)
{
	struct ts_rate *rate = ts_rate_create(10, 5, 3);
	struct ts_rate_state s;
	int64_t now_us = 1000000;
	(void)state;
	/* in flight: three, then none until one leaves */
	for (int i = 0; i < 3; i++)
		assert_ok(ts_rate_enter(rate, "a", now_us, &s));
	assert_err(ts_rate_enter(rate, "a", now_us, &s), TS_E_BUSY);
	assert_int_equal(s.remaining, 2);
	assert_ok(ts_rate_enter(rate, "b", now_us, &s)); /* another token has its own */
	for (int i = 0; i < 3; i++)
		ts_rate_leave(rate, "a", 0);
	/* bucket: two are left, then one each 100 ms, never more than the burst */
	for (int i = 0; i < 2; i++) {
		assert_ok(ts_rate_enter(rate, "a", now_us, &s));
		ts_rate_leave(rate, "a", 0);
	}
	assert_err(ts_rate_enter(rate, "a", now_us, &s), TS_E_BUSY);
	assert_err(ts_rate_enter(rate, "a", now_us + 99999, &s), TS_E_BUSY);
	assert_ok(ts_rate_enter(rate, "a", now_us + 100000, &s));
	ts_rate_leave(rate, "a", 0);
	now_us += INT64_C(3600) * 1000000;
	assert_ok(ts_rate_enter(rate, "a", now_us, &s));
	assert_int_equal(s.remaining, 4);
	ts_rate_leave(rate, "a", 0);
	ts_rate_leave(rate, "b", 0);
	ts_rate_free(rate);
}

/* Far more tokens than slots, none of them in flight: all get in, slots are reused. */
static void test_rate_many(void **state)
{
	struct ts_rate *rate = ts_rate_create(1000, 2, 2);
	struct ts_rate_state s;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		char id[TS_TOKEN_ID_CHARS + 1];
		(void)snprintf(id, sizeof(id), "%016x", i);
		assert_ok(ts_rate_enter(rate, id, (int64_t)i * 1000, &s));
		ts_rate_leave(rate, id, 0);
	}
	ts_rate_free(rate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_text),
		cmocka_unit_test(test_token_check),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_rate_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
