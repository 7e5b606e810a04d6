/* SPDX-License-Identifier: Apache-2.0 */
/* Which shapes of quorums are safe, against an oracle that tries every pair of quorums; and what a
 * checkpoint's cosignatures count for. */
#include "vector.h"

#include "evidence/quorum.h"

/* Every two sets of k among n (the first o run by the operator) meet outside the operator's. */
static bool oracle(unsigned n, unsigned o, unsigned k)
{
	unsigned ours = (1u << o) - 1;
	if (k == 0 || k > n)
		return false;
	for (unsigned a = 0; a < 1u << n; a++) {
		if ((unsigned)__builtin_popcount(a) != k)
			continue;
		for (unsigned b = 0; b < 1u << n; b++)
			if ((unsigned)__builtin_popcount(b) == k && (a & b & ~ours) == 0)
				return false;
	}
	return true;
}

static void test_safe_shapes(void **state)
{
	(void)state;
	size_t safe = 0;
	for (unsigned n = 0; n <= 7; n++)
		for (unsigned o = 0; o <= n; o++)
			for (unsigned k = 0; k <= n + 1; k++) {
				bool expected = oracle(n, o, k);
				safe += expected;
				if (ts_quorum_safe(n, o, k) != expected)
					fail_msg("n %u, o %u, k %u: %d", n, o, k, expected);
			}
	assert_true(safe > 20);
	assert_true(ts_quorum_safe(2, 0, 2)); /* all */
	assert_false(ts_quorum_safe(2, 0, 1)); /* any over several */
	assert_false(ts_quorum_safe(3, 2, 2)); /* the operator alone is a quorum */
	assert_false(ts_quorum_safe(1, 1, 1)); /* only the operator */
}

struct fixture {
	struct ts_secret log, witness[3];
	struct ts_quorum quorum;
	struct ts_buf text, note;
};

static void setup(struct fixture *f, size_t n, size_t k)
{
	static const char *const names[] = {"a.example/w", "b.example/w", "c.example/w"};
	uint8_t seed[TS_KEY_SEED_BYTES] = {7};
	struct ts_checkpoint cp = {TS_STR("t.example/0/inputs"), 5, {{9}}};
	assert_ok(ts_secret_make(cp.origin, TS_KEY_ED25519, seed, &f->log));
	f->quorum = (struct ts_quorum){.n = n, .k = k};
	for (size_t i = 0; i < 3; i++) {
		seed[1] = (uint8_t)(i + 1);
		assert_ok(
			ts_secret_make(ts_str(names[i]), TS_KEY_COSIGNATURE, seed, &f->witness[i]));
		f->quorum.keys[i] = f->witness[i].key;
	}
	ts_buf_init(&f->text, 1000);
	ts_buf_init(&f->note, 8000);
	ts_checkpoint_format(&cp, &f->text);
	struct ts_str text = {f->text.data, f->text.len};
	ts_note_begin(text, &f->note);
	assert_ok(ts_note_sign(&f->log, text, &f->note));
}

static void cosign(struct fixture *f, size_t witness, int64_t time_s)
{
	assert_ok(ts_checkpoint_cosign(&f->witness[witness],
		(struct ts_str){f->text.data, f->text.len}, time_s, &f->note));
}

static enum ts_err count(struct fixture *f, struct ts_quorum_count *out)
{
	struct ts_note note;
	struct ts_why why = {0};
	assert_ok(ts_note_parse((struct ts_str){f->note.data, f->note.len}, &note, &why));
	return ts_quorum_count(&note, &f->quorum, out, &why);
}

static void teardown(struct fixture *f)
{
	ts_buf_free(&f->text);
	ts_buf_free(&f->note);
}

static void test_two_of_three(void **state)
{
	(void)state;
	struct fixture f;
	struct ts_quorum_count c;
	setup(&f, 3, 2);
	assert_ok(count(&f, &c));
	assert_false(c.met);
	cosign(&f, 2, 900);
	assert_ok(count(&f, &c));
	assert_false(c.met);
	assert_int_equal(c.counted, 1);
	assert_int_equal(c.met_s, 0);
	cosign(&f, 2, 500); /* the earliest counts, and a witness counts once */
	assert_ok(count(&f, &c));
	assert_int_equal(c.time_s[2], 500);
	assert_false(c.met);
	cosign(&f, 0, 700);
	assert_ok(count(&f, &c));
	assert_true(c.met);
	assert_int_equal(c.met_s, 700); /* the second of the two */
	cosign(&f, 1, 600); /* now it was met earlier */
	assert_ok(count(&f, &c));
	assert_int_equal(c.met_s, 600);
	assert_int_equal(c.counted, 3);
	teardown(&f);
}

static void test_strangers_and_forgeries(void **state)
{
	(void)state;
	struct fixture f;
	struct ts_quorum_count c;
	setup(&f, 1, 1);
	cosign(&f, 1, 100); /* not a witness of this quorum */
	assert_ok(count(&f, &c));
	assert_false(c.met);
	cosign(&f, 0, 100);
	assert_ok(count(&f, &c));
	assert_true(c.met);
	f.quorum.keys[0].public[3] ^= 1; /* same name and id, another key: the line fails */
	assert_err(count(&f, &c), TS_E_SIGNATURE);
	teardown(&f);
}

static void test_unwitnessed_is_met(void **state)
{
	(void)state;
	struct fixture f;
	struct ts_quorum_count c;
	setup(&f, 0, 0);
	assert_ok(count(&f, &c));
	assert_true(c.met);
	assert_int_equal(c.met_s, 0);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe_shapes),
		cmocka_unit_test(test_two_of_three),
		cmocka_unit_test(test_strangers_and_forgeries),
		cmocka_unit_test(test_unwitnessed_is_met),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
