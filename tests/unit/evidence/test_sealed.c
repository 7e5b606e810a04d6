/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed form of a private key: its bytes are pinned; whatever is changed in them is refused,
 * and what asks for too much is refused before it is given. */
#include "vector.h"

#include "evidence/sealed.h"

static const struct ts_sealed_cost cheap = {1, 8};

static struct ts_secret secret_of(const json_t *c)
{
	uint8_t seed[TS_KEY_SEED_BYTES];
	struct ts_secret secret;
	assert_int_equal(vec_unhex(vec_text(c, "seed"), seed, sizeof(seed)), sizeof(seed));
	assert_ok(ts_secret_make(
		vec_str(c, "name"), (enum ts_key_type)vec_int(c, "type"), seed, &secret));
	return secret;
}

static void test_vectors(void **state)
{
	json_t *doc = vec_own("sealed.json");
	size_t i;
	json_t *c;
	(void)state;
	assert_true(json_array_size(vec_get(doc, "sealed")) >= 3);
	json_array_foreach(vec_get(doc, "sealed"), i, c)
	{
		uint8_t salt[TS_SEALED_SALT_BYTES], nonce[TS_SEALED_NONCE_BYTES];
		struct ts_secret secret = secret_of(c), opened;
		struct ts_sealed_cost cost = {vec_int(c, "passes"), vec_int(c, "memory_kib")};
		struct ts_key named;
		struct ts_buf out;
		vec_unhex(vec_text(c, "salt"), salt, sizeof(salt));
		vec_unhex(vec_text(c, "nonce"), nonce, sizeof(nonce));
		ts_buf_init(&out, TS_SEALED_CHARS);
		assert_ok(ts_sealed_write(
			&secret, vec_str(c, "passphrase"), cost, salt, nonce, &out, NULL));
		assert_string_equal(ts_buf_str(&out), vec_text(c, "line"));
		assert_true(ts_sealed_is(vec_buf(&out)));
		assert_ok(ts_sealed_key(vec_buf(&out), &named, NULL));
		assert_true(ts_key_eq(&named, &secret.key));
		assert_ok(ts_sealed_open(vec_buf(&out), vec_str(c, "passphrase"), &opened, NULL));
		assert_memory_equal(opened.seed, secret.seed, sizeof(secret.seed));
		assert_true(ts_key_eq(&opened.key, &secret.key));
		ts_buf_free(&out);
	}
	json_array_foreach(vec_get(doc, "refused"), i, c)
	{
		struct ts_secret opened;
		struct ts_why why = {"", ""};
		enum ts_err err = ts_sealed_open(
			vec_str(c, "line"), vec_str(c, "passphrase"), &opened, &why);
		if (strcmp(ts_err_code(err), vec_text(c, "code")) != 0)
			fail_msg("%s: %s %s", vec_text(c, "what"), ts_err_code(err), why.text);
	}
	json_decref(doc);
}

struct one {
	struct ts_secret secret;
	struct ts_buf line;
};

static void make(struct one *o)
{
	const uint8_t seed[TS_KEY_SEED_BYTES] = {7}, salt[TS_SEALED_SALT_BYTES] = {1},
		      nonce[TS_SEALED_NONCE_BYTES] = {2};
	assert_ok(
		ts_secret_make(TS_STR("lab.example/statements"), TS_KEY_ED25519, seed, &o->secret));
	ts_buf_init(&o->line, TS_SEALED_CHARS);
	assert_ok(ts_sealed_write(
		&o->secret, TS_STR("open sesame"), cheap, salt, nonce, &o->line, NULL));
}

/* Every byte of the line, and every length of it. */
static void test_nothing_may_change(void **state)
{
	struct one o;
	struct ts_secret opened;
	(void)state;
	make(&o);
	for (size_t i = 0; i + 1 < o.line.len; i++) {
		for (int k = 0; k < 3; k++) {
			static const char other[] = {'1', 'B', ' '};
			char kept = o.line.data[i];
			if (kept == other[k])
				continue;
			o.line.data[i] = other[k];
			if (ts_sealed_open(vec_buf(&o.line), TS_STR("open sesame"), &opened,
				    NULL) == TS_OK)
				fail_msg("byte %zu changed to '%c'", i, other[k]);
			o.line.data[i] = kept;
		}
	}
	for (size_t len = 0; len + 1 < o.line.len; len++)
		assert_int_not_equal(ts_sealed_open((struct ts_str){o.line.data, len},
					     TS_STR("open sesame"), &opened, NULL),
			TS_OK);
	assert_ok(ts_sealed_open((struct ts_str){o.line.data, o.line.len - 1},
		TS_STR("open sesame"), &opened, NULL));
	ts_buf_free(&o.line);
}

static void test_passphrases(void **state)
{
	struct one o;
	struct ts_secret opened;
	struct ts_why why = {"", ""};
	char longest[TS_PASSPHRASE_BYTES_MAX + 1];
	(void)state;
	make(&o);
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(
		ts_sealed_open(vec_buf(&o.line), TS_STR("open sesamf"), &opened, &why), TS_E_KEY);
	assert_int_equal(
		ts_sealed_open(vec_buf(&o.line), TS_STR("open sesame "), &opened, &why), TS_E_KEY);
	assert_null(strstr(why.text, "sesame"));
	assert_int_equal(ts_sealed_open(vec_buf(&o.line), TS_STR(""), &opened, &why), TS_E_INVALID);
	assert_int_equal(ts_sealed_open(vec_buf(&o.line), (struct ts_str){longest, sizeof(longest)},
				 &opened, &why),
		TS_E_INVALID);
	ts_buf_free(&o.line);
}

/* A file that asks for a terabyte is no way to stop a machine. */
static void test_costs_are_bounded(void **state)
{
	static const struct ts_sealed_cost refused[] = {{0, 8}, {TS_SEALED_PASSES_MAX + 1, 8},
		{1, TS_SEALED_MEMORY_KIB_MIN - 1}, {1, TS_SEALED_MEMORY_KIB_MAX + 1},
		{INT64_MAX, INT64_MAX}};
	const uint8_t salt[TS_SEALED_SALT_BYTES] = {1}, nonce[TS_SEALED_NONCE_BYTES] = {2};
	struct one o;
	(void)state;
	make(&o);
	ts_buf_reset(&o.line);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(ts_sealed_write(&o.secret, TS_STR("x"), refused[i], salt, nonce,
					 &o.line, NULL),
			TS_E_RANGE);
	assert_int_equal(o.line.len, 0);
	ts_buf_free(&o.line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_nothing_may_change),
		cmocka_unit_test(test_passphrases),
		cmocka_unit_test(test_costs_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
