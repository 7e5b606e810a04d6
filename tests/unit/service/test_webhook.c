/* SPDX-License-Identifier: Apache-2.0 */
#include "service/courier/webhook.h"

#include "service/courier/callee.h"
#include "service/courier/courier.h"
#include "store/outbox.h"
#include "support/file.h"
#include "support/test.h"
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The example of the Standard Webhooks specification's reference libraries. */
static const char secret_text[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
static const struct ts_webhook_message example = {.id = {"msg_p5jXN8AQM9LWM0D4loKWxJek", 28},
	.time_s = 1614265330,
	.body = {"{\"test\": 2432232314}", 20}};
#define EXAMPLE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static struct ts_str secret_of(const char *text, uint8_t bytes[TS_WEBHOOK_SECRET_MAX])
{
	size_t len = 0;
	struct ts_why why;
	assert_ok(ts_webhook_secret_parse(ts_str(text), bytes, &len, &why));
	return (struct ts_str){(const char *)bytes, len};
}

static void test_reference_example(void **state)
{
	uint8_t bytes[TS_WEBHOOK_SECRET_MAX];
	struct ts_str secret = secret_of(secret_text, bytes);
	char text[TS_WEBHOOK_SECRET_CHARS];
	struct ts_buf out;
	struct ts_why why;
	(void)state;
	assert_string_equal(ts_webhook_secret_format(secret.at, secret.len, text), secret_text);
	ts_buf_init(&out, 256);
	ts_webhook_sign(&example, secret, &out);
	assert_string_equal(ts_buf_str(&out), EXAMPLE);
	ts_buf_free(&out);
	assert_ok(ts_webhook_verify(&example, ts_str(EXAMPLE), secret, example.time_s, &why));
}

static void test_refusals(void **state)
{
	uint8_t bytes[TS_WEBHOOK_SECRET_MAX];
	struct ts_str secret = secret_of(secret_text, bytes);
	static const char *const bad[] = {"", "v1", "v1,", "v1,AAAA",
		"v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		"v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="};
	struct ts_why why;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(
			ts_webhook_verify(&example, ts_str(bad[i]), secret, example.time_s, &why),
			TS_E_SIGNATURE);
	/* one of several is enough, wherever it stands */
	assert_ok(ts_webhook_verify(
		&example, ts_str("v1a,xx v1,AAAA " EXAMPLE " v1,"), secret, example.time_s, &why));
	for (int64_t skew = -TS_WEBHOOK_TOLERANCE_S; skew <= TS_WEBHOOK_TOLERANCE_S;
		skew += TS_WEBHOOK_TOLERANCE_S)
		assert_ok(ts_webhook_verify(
			&example, ts_str(EXAMPLE), secret, example.time_s + skew, &why));
	assert_err(ts_webhook_verify(&example, ts_str(EXAMPLE), secret,
			   example.time_s + TS_WEBHOOK_TOLERANCE_S + 1, &why),
		TS_E_RANGE);
	assert_err(ts_webhook_verify(&example, ts_str(EXAMPLE), secret,
			   example.time_s - TS_WEBHOOK_TOLERANCE_S - 1, &why),
		TS_E_RANGE);
	struct ts_webhook_message other = example;
	other.body.len--;
	assert_err(ts_webhook_verify(&other, ts_str(EXAMPLE), secret, example.time_s, &why),
		TS_E_SIGNATURE);
}

static void test_secrets(void **state)
{
	static const char *const bad[] = {"", "whsec_", "whsec_AAAA",
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
		"WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
	uint8_t bytes[TS_WEBHOOK_SECRET_MAX];
	size_t len = 0;
	struct ts_why why;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(
			ts_webhook_secret_parse(ts_str(bad[i]), bytes, &len, &why), TS_E_MALFORMED);
}

static enum ts_callee_reach reach(const char *host)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	assert_int_equal(getaddrinfo(host, NULL, &hints, &found), 0);
	enum ts_callee_reach out = ts_callee_reach(found->ai_addr);
	freeaddrinfo(found);
	return out;
}

static void test_addresses(void **state)
{
	static const char *const open[] = {"1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.0",
		"100.63.255.255", "100.128.0.0", "223.255.255.255", "2606:4700::1111", "2a00::1",
		"2001:200::1", "::ffff:8.8.8.8"};
	static const char *const closed[] = {"0.0.0.0", "10.0.0.1", "100.64.0.1", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1",
		"198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
		"239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::ffff:10.0.0.1",
		"::ffff:169.254.169.254", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1",
		"2001:db8::1", "2002:a00:1::", "3fff:0:1::", "fc00::1", "fd00:ec2::254", "fe80::1",
		"ff02::1", "::10.0.0.1", "4000::1"};
	static const char *const loop[] = {
		"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"};
	(void)state;
	for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
		assert_int_equal(reach(open[i]), TS_CALLEE_PUBLIC);
	for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
		assert_int_equal(reach(closed[i]), TS_CALLEE_PRIVATE);
	for (size_t i = 0; i < sizeof loop / sizeof loop[0]; i++)
		assert_int_equal(reach(loop[i]), TS_CALLEE_LOOPBACK);
	assert_int_equal(
		ts_callee_reach(&(struct sockaddr){.sa_family = AF_UNIX}), TS_CALLEE_PRIVATE);
}

static void test_urls(void **state)
{
	static const struct {
		const char *url;
		bool strict, loopback; /* good by the default; where loopback is allowed */
	} rows[] = {
		{"https://hooks.example/tally?x=1", true, true},
		{"https://hooks.example:8443", true, true},
		{"https://8.8.8.8/", true, true},
		{"https://[2606:4700::1111]/", true, true},
		{"https://127.0.0.1/", false, true},
		{"https://[::1]:1/", false, true},
		{"http://127.0.0.1:9000/", false, true},
		{"http://localhost:9000/", false, true}, /* the address decides when it is called */
		{"http://8.8.8.8/", false, false},
		{"https://10.0.0.1/", false, false},
		{"https://0x7f.1/", false, true},
		{"https://2852039166/", false, false}, /* 169.254.169.254 */
		{"https://[::ffff:10.0.0.1]/", false, false},
		{"https://u@hooks.example/", false, false},
		{"https://hooks.example/#f", false, false},
		{"https://hooks.example/a b", false, false},
		{"file:///etc/passwd", false, false},
		{"gopher://hooks.example/", false, false},
		{"hooks.example", false, false},
		{"https://", false, false},
		{"", false, false},
	};
	struct ts_why why;
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		enum ts_err strict = ts_callee_url_check(rows[i].url, false, &why);
		enum ts_err loose = ts_callee_url_check(rows[i].url, true, &why);
		if ((strict == TS_OK) != rows[i].strict || (loose == TS_OK) != rows[i].loopback)
			fail_msg("%s: %d, %d", rows[i].url, strict == TS_OK, loose == TS_OK);
	}
}

/* Pauses double, stay within a half of that, and never pass three quarters of a day. */
static void test_pauses(void **state)
{
	(void)state;
	for (int32_t attempts = 1; attempts < 100; attempts++) {
		int64_t full = INT64_C(5000000) << (attempts < 20 ? attempts - 1 : 19);
		if (full > INT64_C(43200000000))
			full = INT64_C(43200000000);
		for (uint64_t r = 0; r < 50; r++) {
			int64_t pause = ts_courier_pause_us(5000, attempts, r * 0x9e3779b97f4a7c15);
			assert_in_range(pause, full / 2, full + full / 2);
		}
	}
	assert_int_not_equal(ts_courier_pause_us(5000, 3, 1), ts_courier_pause_us(5000, 3, 99));
}

/* The table of docs/formats/webhooks.md has every event type that there is. */
static void test_types_are_documented(void **state)
{
	char *path = ts_source_path("docs/formats/webhooks.md"), row[128];
	struct ts_file page = ts_file_read(path);
	(void)state;
	for (int i = 0; i < TS_DB_EVENT_COUNT; i++) {
		snprintf(row, sizeof row, "\n| `%s` | ", ts_db_event_name((enum ts_db_event)i));
		if (strstr(page.bytes, row) == NULL)
			fail_msg("no row for %s", row);
		assert_true(strlen(ts_db_event_help((enum ts_db_event)i)) > 0);
	}
	ts_file_free(&page);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference_example),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_types_are_documented),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
