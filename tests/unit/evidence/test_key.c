/* SPDX-License-Identifier: Apache-2.0 */
/* The set of signatures that are accepted is pinned: a library upgrade that changes it fails here.
 */
#include "vector.h"

#include "evidence/key.h"

#include <sodium.h>

static void test_wycheproof(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/wycheproof/ed25519_test.json");
	size_t g, t, valid = 0, all = 0;
	json_t *group, *test;
	json_array_foreach(vec_get(doc, "testGroups"), g, group)
	{
		uint8_t pk[64];
		struct ts_key key;
		assert_int_equal(
			vec_unhex(vec_text(vec_get(group, "publicKey"), "pk"), pk, sizeof(pk)),
			TS_KEY_PUBLIC_BYTES);
		assert_ok(ts_key_make(TS_STR("wycheproof"), TS_KEY_ED25519, pk, &key));
		json_array_foreach(vec_get(group, "tests"), t, test)
		{
			static uint8_t message[65536];
			uint8_t sig[512];
			size_t message_len = vec_unhex(
				vec_text(test, "msg"), message, sizeof(message));
			size_t sig_len = vec_unhex(vec_text(test, "sig"), sig, sizeof(sig));
			bool want = strcmp(vec_text(test, "result"), "valid") == 0;
			bool got = sig_len == TS_KEY_SIG_BYTES &&
				   ts_key_verify(&key, message, message_len, sig) == TS_OK;
			if (got != want)
				fail_msg("tcId %lld", (long long)vec_int(test, "tcId"));
			valid += got;
			all++;
		}
	}
	assert_int_equal(all, 151);
	assert_int_equal(valid, 88);
	json_decref(doc);
}

static void test_speccheck(void **state)
{
	(void)state;
	json_t *cases = vec_load("evidence/ed25519-speccheck/cases.json");
	json_t *matrix = vec_load("evidence/ed25519-accept-matrix.json");
	const json_t *rows = vec_get(matrix, "speccheck");
	size_t i;
	json_t *c;
	assert_int_equal(json_array_size(cases), json_array_size(rows));
	json_array_foreach(cases, i, c)
	{
		uint8_t message[64], pk[32], sig[64];
		struct ts_key key;
		const json_t *row = json_array_get(rows, i);
		size_t len = vec_unhex(vec_text(c, "message"), message, sizeof(message));
		assert_int_equal(vec_unhex(vec_text(c, "pub_key"), pk, sizeof(pk)), 32);
		assert_int_equal(vec_unhex(vec_text(c, "signature"), sig, sizeof(sig)), 64);
		assert_ok(ts_key_make(TS_STR("speccheck"), TS_KEY_ED25519, pk, &key));
		assert_int_equal(ts_key_verify(&key, message, len, sig) == TS_OK,
			json_is_true(json_array_get(row, 1)));
		assert_int_equal(ts_key_acceptable(&key, NULL) == TS_OK,
			json_is_true(json_array_get(row, 2)));
	}
	json_decref(cases);
	json_decref(matrix);
}

static void test_vkeys(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/worked-example/expected.json");
	const char *name;
	json_t *k;
	json_object_foreach(vec_get(doc, "keys"), name, k)
	{
		struct ts_key key;
		struct ts_why why;
		struct ts_secret secret;
		char out[TS_VKEY_CHARS];
		uint8_t seed[32], id[4];
		assert_ok(ts_key_parse(vec_str(k, "vkey"), &key, &why));
		assert_string_equal(key.name, vec_text(k, "name"));
		assert_int_equal(key.type, vec_int(k, "sig_type"));
		vec_unhex(vec_text(k, "key_id_hex"), id, sizeof(id));
		assert_int_equal(key.id, (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 |
						 (uint32_t)id[2] << 8 | id[3]);
		assert_string_equal(ts_key_format(&key, out), vec_text(k, "vkey"));
		assert_ok(ts_key_acceptable(&key, &why));
		vec_unhex(vec_text(k, "seed_hex"), seed, sizeof(seed));
		assert_ok(ts_secret_make(vec_str(k, "name"), key.type, seed, &secret));
		assert_true(ts_key_eq(&secret.key, &key));
		ts_secret_wipe(&secret);
	}
	json_decref(doc);
}

static void test_bad_vkeys(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/signed-note/vectors.json");
	size_t i;
	json_t *c;
	struct ts_key key;
	struct ts_why why;
	json_array_foreach(vec_get(doc, "vkeys_bad"), i, c)
	{
		assert_err(ts_key_parse(vec_str(c, "vkey"), &key, &why), TS_E_MALFORMED);
	}
	json_decref(doc);
	static const char *const more[] = {"", "+", "a+b", "a++", "a+00000000+",
		/* upper-case id, URL alphabet, white space, no padding needed but given */
		"PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq_LDE4izWy10TW",
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
		" PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"};
	for (size_t n = 0; n < sizeof(more) / sizeof(more[0]); n++)
		assert_err(ts_key_parse(ts_str(more[n]), &key, &why), TS_E_MALFORMED);
}

static void test_secret(void **state)
{
	(void)state;
	uint8_t seed[32] = {0};
	uint8_t sig[64];
	struct ts_secret secret, again;
	struct ts_why why;
	struct ts_buf line;
	/* Seed of 32 zero bytes: the key of EnochRoot in Go's note tests. */
	assert_ok(ts_secret_make(TS_STR("EnochRoot"), TS_KEY_ED25519, seed, &secret));
	ts_buf_init(&line, 1024);
	ts_secret_format(&secret, &line);
	assert_string_equal(ts_buf_str(&line), "PRIVATE+KEY+EnochRoot+af0cfe78+"
					       "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
	assert_ok(ts_secret_parse((struct ts_str){line.data, line.len}, &again, &why));
	assert_true(ts_key_eq(&secret.key, &again.key));
	assert_ok(ts_secret_parse((struct ts_str){line.data, line.len - 1}, &again, &why));
	ts_secret_sign(&again, "x", 1, sig);
	assert_ok(ts_key_verify(&secret.key, "x", 1, sig));
	assert_err(ts_key_verify(&secret.key, "y", 1, sig), TS_E_SIGNATURE);
	for (size_t i = 0; i < line.len - 1; i++) {
		line.data[i] ^= 1;
		assert_err(ts_secret_parse((struct ts_str){line.data, line.len}, &again, &why),
			TS_E_MALFORMED);
		assert_null(strstr(why.text, "AAAAAAAA"));
		line.data[i] ^= 1;
	}
	ts_buf_free(&line);
	ts_secret_wipe(&secret);
	for (size_t i = 0; i < sizeof(secret.expanded); i++)
		assert_int_equal(secret.expanded[i], 0);
}

static void test_enrolment(void **state)
{
	(void)state;
	static const char *const bad[] = {
		/* the neutral element, order 2, order 4, order 8 */
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		/* y = p + 1: not canonical */
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct ts_key key;
	uint8_t pk[32];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		vec_unhex(bad[i], pk, sizeof(pk));
		assert_ok(ts_key_make(TS_STR("k"), TS_KEY_ED25519, pk, &key));
		assert_err(ts_key_acceptable(&key, NULL), TS_E_KEY);
	}
	/* A good point plus one of order 2 lies on the curve, outside the prime-order subgroup. */
	uint8_t seed[32] = {7}, order2[32], mixed[32];
	struct ts_secret secret;
	assert_ok(ts_secret_make(TS_STR("k"), TS_KEY_ED25519, seed, &secret));
	vec_unhex(bad[1], order2, sizeof(order2));
	if (crypto_core_ed25519_add(mixed, secret.key.public, order2) == 0) {
		assert_ok(ts_key_make(TS_STR("k"), TS_KEY_ED25519, mixed, &key));
		assert_err(ts_key_acceptable(&key, NULL), TS_E_KEY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wycheproof),
		cmocka_unit_test(test_speccheck),
		cmocka_unit_test(test_vkeys),
		cmocka_unit_test(test_bad_vkeys),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_enrolment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
