/* SPDX-License-Identifier: Apache-2.0 */
/* The signer's protocol: one spelling per meaning, and what is refused. */
#include "support/test.h"
#include "evidence/signing.h"
#include <string.h>

#define ID "00112233445566778899aabbccddeeff"
#define ORIGIN "ledger.example/" ID "/inputs"
#define H "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define LEAVES 300

static struct ts_hasher hasher;
static struct ts_hash leaves[LEAVES];
static struct ts_merkle_array array = {&hasher, leaves, LEAVES};
static struct ts_why why;

static void requests(void **state)
{
	static const char *const good[] = {"ping", "make " ORIGIN,
		"last ledger.example/" ID "/journal", "sign " ORIGIN " 1 " H " 0",
		"sign " ORIGIN " 9223372036854775807 " H " 5 " H " " H};
	static const char *const bad[] = {"", " ", "ping ", "Ping", "pong", "make", "make ", "sign",
		"make " ORIGIN " ", "make " ORIGIN " x", "make ledger.example/inputs",
		"make ledger.example/" ID "/else", "make ledger.example/" ID "/inputs/x",
		"make /" ID "/inputs", "make tallystick/" ID "/inputs", "last",
		"make ledger.example/00112233445566778899AABBCCDDEEFF/inputs",
		"make ../../" ID "/inputs", "make " ORIGIN "\n", "sign " ORIGIN,
		"sign " ORIGIN " 0 " H " 0", "sign " ORIGIN " 01 " H " 0", "sign " ORIGIN " 1 " H,
		"sign " ORIGIN " 1 " H " ", "sign " ORIGIN " 1 " H " 0 ",
		"sign " ORIGIN " -1 " H " 0", "sign " ORIGIN " 9223372036854775808 " H " 0",
		"sign " ORIGIN " 1 AAAA 0", "sign " ORIGIN "  1 " H " 0",
		"sign " ORIGIN " 1 " H " 0 " H "  " H};
	struct ts_signing_request request;
	struct ts_buf out;
	(void)state;
	ts_buf_init(&out, TS_SIGNING_LINE_MAX);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_ok(ts_signing_parse(ts_str(good[i]), &request, &why));
		ts_buf_reset(&out);
		ts_signing_format(&request, &out);
		assert_int_equal(out.len, strlen(good[i]) + 1);
		assert_memory_equal(out.data, good[i], out.len - 1);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(ts_signing_parse(ts_str(bad[i]), &request, &why), TS_E_MALFORMED);
	ts_buf_free(&out);
}

/* 64 hashes fit, 65 do not. */
static void longest_request(void **state)
{
	struct ts_signing_request request;
	struct ts_buf line;
	(void)state;
	ts_buf_init(&line, 2 * TS_SIGNING_LINE_MAX);
	ts_buf_puts(&line, "sign " ORIGIN " 9223372036854775807 " H " 9223372036854775806");
	for (int i = 0; i < TS_MERKLE_HASHES_MAX; i++)
		ts_buf_puts(&line, " " H);
	assert_ok(ts_signing_parse((struct ts_str){line.data, line.len}, &request, &why));
	assert_int_equal(request.proof.n, TS_MERKLE_HASHES_MAX);
	ts_buf_puts(&line, " " H);
	assert_err(ts_signing_parse((struct ts_str){line.data, line.len}, &request, &why),
		TS_E_MALFORMED);
	ts_buf_free(&line);
}

static void answers(void **state)
{
	static const char *const good[] = {"pong", "last 0 " H, "last 7 " H, "refused behind 7",
		"refused failed 0", "line \xe2\x80\x94 " ORIGIN " AAAA",
		"key example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"};
	static const char *const bad[] = {"", "pong ", "key", "key x", "last", "last 0",
		"last 7 " H " ",
		"last 0 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "refused ok 0", "refused 7",
		"refused behind", "refused else 7", "line x", "line \xe2\x80\x94 ",
		"line \xe2\x80\x94 a\nb"};
	struct ts_signing_answer answer;
	struct ts_buf out;
	(void)state;
	ts_buf_init(&out, TS_SIGNING_LINE_MAX);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_ok(ts_signing_answer_parse(ts_str(good[i]), &answer, &why));
		ts_buf_reset(&out);
		ts_signing_answer_format(&answer, &out);
		assert_int_equal(out.len, strlen(good[i]) + 1);
		assert_memory_equal(out.data, good[i], out.len - 1);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_err(ts_signing_answer_parse(ts_str(bad[i]), &answer, &why), TS_E_MALFORMED);
	ts_buf_free(&out);
}

static struct ts_signing_request request_of(int64_t old_size, int64_t size)
{
	struct ts_signing_request request = {.kind = TS_SIGNING_SIGN,
		.checkpoint = {.origin = TS_STR(ORIGIN), .size = size},
		.old_size = old_size};
	struct ts_merkle_source source = ts_merkle_array_source(&array);
	assert_ok(ts_merkle_root(&hasher, &source, size, &request.checkpoint.root));
	if (old_size > 0 && old_size < size)
		assert_ok(ts_consistency_prove(&hasher, &source, old_size, size, &request.proof));
	return request;
}

/* Between any two sizes: the right proof is taken, a damaged one, another root, another origin of
 * the proof, a smaller size are not. */
static void decisions(void **state)
{
	(void)state;
	for (int64_t old = 0; old <= 70; old++)
		for (int64_t size = old + 1; size <= 71; size++) {
			struct ts_signing_request last = request_of(0, old > 0 ? old : 1);
			struct ts_signing_request r = request_of(old, size);
			last.checkpoint.size = old;
			if (old == 0)
				last.checkpoint.root = ts_hash_empty;
			assert_int_equal(
				ts_signing_decide(&hasher, &last.checkpoint, &r), TS_SIGNING_OK);
			assert_int_equal(ts_signing_decide(&hasher, &r.checkpoint, &r),
				TS_SIGNING_OK); /* the same again */
			if (old > 0)
				assert_int_equal(ts_signing_decide(&hasher, &r.checkpoint, &last),
					TS_SIGNING_BEHIND);
			struct ts_signing_request bad = r;
			bad.checkpoint.root.b[9] ^= 1;
			assert_int_equal(ts_signing_decide(&hasher, &last.checkpoint, &bad),
				old == 0 ? TS_SIGNING_OK : TS_SIGNING_PROOF);
			assert_int_equal(
				ts_signing_decide(&hasher, &r.checkpoint, &bad), TS_SIGNING_FORK);
			bad = r;
			bad.old_size++;
			assert_int_equal(ts_signing_decide(&hasher, &last.checkpoint, &bad),
				TS_SIGNING_STALE);
			bad = r;
			bad.proof.n++;
			assert_int_equal(ts_signing_decide(&hasher, &last.checkpoint, &bad),
				TS_SIGNING_PROOF);
			if (r.proof.n == 0)
				continue;
			bad = r;
			bad.proof.hashes[r.proof.n / 2].b[0] ^= 1;
			assert_int_equal(ts_signing_decide(&hasher, &last.checkpoint, &bad),
				TS_SIGNING_PROOF);
		}
}

static int setup(void **state)
{
	(void)state;
	if (ts_hasher_init(&hasher) != TS_OK)
		return -1;
	for (int i = 0; i < LEAVES; i++)
		ts_hash_leaf(&hasher, &i, sizeof i, &leaves[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_hasher_free(&hasher);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(longest_request),
		cmocka_unit_test(answers),
		cmocka_unit_test(decisions),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
