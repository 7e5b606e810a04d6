/* SPDX-License-Identifier: Apache-2.0 */
/* Time-stamp tokens of an outside authority: a token that `openssl ts` made, and what is none. */
#include "service/publish/timestamp.h"
#include "base/time.h"
#include "support/file.h"
#include "support/test.h"
#include <stdlib.h>
#include <string.h>

struct example {
	struct ts_file data, response, token;
	struct ts_hash imprint;
	struct ts_buf out;
	struct ts_why why;
};

static void example_open(struct example *e)
{
	e->data = ts_fixture_read("evidence/rfc3161/checkpoint");
	e->response = ts_fixture_read("evidence/rfc3161/checkpoint.tsr");
	e->token = ts_fixture_read("evidence/rfc3161/checkpoint.tst");
	ts_sha256(e->data.bytes, e->data.len, &e->imprint);
	ts_buf_init(&e->out, TS_TIMESTAMP_BYTES_MAX);
}

static void example_close(struct example *e)
{
	ts_buf_free(&e->out);
	ts_file_free(&e->data);
	ts_file_free(&e->response);
	ts_file_free(&e->token);
}

static void test_response_and_token(void **state)
{
	(void)state;
	struct example e;
	struct ts_timestamp a, b;
	char text[TS_TIME_CHARS];
	example_open(&e);
	assert_ok(ts_timestamp_read(ts_file_str(&e.response), &e.imprint, &e.out, &a, &e.why));
	assert_int_equal(e.out.len, e.token.len);
	assert_memory_equal(e.out.data, e.token.bytes, e.token.len);
	ts_buf_reset(&e.out);
	assert_ok(ts_timestamp_read(ts_file_str(&e.token), &e.imprint, &e.out, &b, &e.why));
	assert_int_equal(a.stamped_us, b.stamped_us);
	assert_string_equal(a.authority, b.authority);
	assert_true(strlen(a.authority) > 0);
	print_message("%s by %s\n", ts_time_format(a.stamped_us, text), a.authority);
	example_close(&e);
}

static void test_other_bytes(void **state)
{
	(void)state;
	struct example e;
	struct ts_timestamp stamp;
	example_open(&e);
	e.imprint.b[31] ^= 1;
	assert_err(ts_timestamp_read(ts_file_str(&e.token), &e.imprint, &e.out, &stamp, &e.why),
		TS_E_MISMATCH);
	e.imprint.b[31] ^= 1;
	struct ts_str cut = {e.token.bytes, e.token.len - 1};
	assert_err(ts_timestamp_read(cut, &e.imprint, &e.out, &stamp, &e.why), TS_E_MALFORMED);
	assert_err(ts_timestamp_read(TS_STR("hello"), &e.imprint, &e.out, &stamp, &e.why),
		TS_E_MALFORMED);
	assert_err(ts_timestamp_read(ts_file_str(&e.data), &e.imprint, &e.out, &stamp, &e.why),
		TS_E_MALFORMED);
	example_close(&e);
}

/* A changed byte may hit what nobody signed, the certificate's own signature say; it never gives
 * another time, and never passes for the authority's once the root is asked. */
static void test_changed_bytes(void **state)
{
	(void)state;
	struct example e;
	struct ts_timestamp good, stamp;
	example_open(&e);
	char *root = ts_fixture_path("evidence/rfc3161/tsa.pem");
	assert_ok(ts_timestamp_read(ts_file_str(&e.token), &e.imprint, &e.out, &good, &e.why));
	size_t accepted = 0;
	for (size_t i = 0; i < e.token.len; i++) {
		e.token.bytes[i] ^= 1;
		ts_buf_reset(&e.out);
		if (ts_timestamp_read(ts_file_str(&e.token), &e.imprint, &e.out, &stamp, &e.why) ==
			TS_OK) {
			assert_int_equal(stamp.stamped_us, good.stamped_us);
			accepted++;
		}
		e.token.bytes[i] ^= 1;
	}
	assert_true(accepted < e.token.len / 2);
	assert_ok(ts_timestamp_trust(ts_file_str(&e.token), &e.imprint, root, &stamp, &e.why));
	free(root);
	example_close(&e);
}

static void test_trust_needs_the_root(void **state)
{
	(void)state;
	struct example e;
	struct ts_timestamp stamp;
	example_open(&e);
	char *other = ts_fixture_path("evidence/rfc3161/checkpoint"); /* no certificate in it */
	assert_err(ts_timestamp_trust(ts_file_str(&e.token), &e.imprint, other, &stamp, &e.why),
		TS_E_IO);
	assert_err(ts_timestamp_trust(ts_file_str(&e.token), &e.imprint,
			   "/etc/ssl/certs/ca-certificates.crt", &stamp, &e.why),
		TS_E_SIGNATURE);
	free(other);
	example_close(&e);
}

static void test_request(void **state)
{
	(void)state;
	struct example e;
	example_open(&e);
	assert_ok(ts_timestamp_request(&e.imprint, &e.out, &e.why));
	struct ts_file official = ts_fixture_read("evidence/rfc3161/checkpoint.tsq");
	/* The same but for the nonce, which the official one has: imprint and its algorithm. */
	assert_true(e.out.len <= official.len);
	assert_non_null(memmem(e.out.data, e.out.len, e.imprint.b, TS_HASH_BYTES));
	ts_file_free(&official);
	example_close(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_response_and_token),
		cmocka_unit_test(test_other_bytes),
		cmocka_unit_test(test_changed_bytes),
		cmocka_unit_test(test_trust_needs_the_root),
		cmocka_unit_test(test_request),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
