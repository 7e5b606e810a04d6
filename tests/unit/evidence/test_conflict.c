/* SPDX-License-Identifier: Apache-2.0 */
/* Two stories of one agent, at every pair of small sizes: the pair convicts it, and nothing else
 * does: not an honest agent, not another's key, not a file in which one bit differs. */
#include "vector.h"

#include "evidence/conflict.h"

#define ORIGIN "ledger.example/00112233445566778899aabbccddeeff/c1/agent/g1"
#define LEAVES 40

static struct ts_hasher hasher;
static struct ts_secret agent;
static struct ts_hash story[LEAVES], other[LEAVES];
static struct ts_buf accepted, refused, file;

static int setup(void **state)
{
	const uint8_t seed[TS_KEY_SEED_BYTES] = {7};
	(void)state;
	assert_ok(ts_hasher_init(&hasher));
	assert_ok(ts_secret_make(TS_STR(ORIGIN), TS_KEY_ED25519, seed, &agent));
	for (int i = 0; i < LEAVES; i++) {
		char line[32];
		int len = snprintf(line, sizeof line, "line %d", i);
		ts_hash_leaf(&hasher, line, (size_t)len, &story[i]);
		other[i] = story[i];
	}
	other[0].b[0] ^= 1; /* so that the stories differ at every size */
	ts_buf_init(&accepted, TS_NOTE_BYTES_MAX);
	ts_buf_init(&refused, TS_NOTE_BYTES_MAX);
	ts_buf_init(&file, TS_CONFLICT_BYTES_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ts_buf_free(&accepted);
	ts_buf_free(&refused);
	ts_buf_free(&file);
	ts_hasher_free(&hasher);
	return 0;
}

static struct ts_hash root_of(const struct ts_hash *leaves, int64_t size)
{
	struct ts_merkle_array array = {&hasher, leaves, LEAVES};
	struct ts_merkle_source source = ts_merkle_array_source(&array);
	struct ts_hash root;
	assert_ok(ts_merkle_root(&hasher, &source, size, &root));
	return root;
}

static void sign(int64_t size, struct ts_hash root, struct ts_buf *out)
{
	struct ts_buf text;
	const struct ts_checkpoint checkpoint = {TS_STR(ORIGIN), size, root};
	ts_buf_init(&text, TS_NOTE_BYTES_MAX);
	ts_checkpoint_format(&checkpoint, &text);
	ts_buf_reset(out);
	ts_note_begin(vec_buf(&text), out);
	assert_ok(ts_note_sign(&agent, vec_buf(&text), out));
	ts_buf_free(&text);
}

/* The file of: n leaves of the first story accepted, m of `told` refused. */
static void make(const struct ts_hash *told, int64_t m, int64_t n)
{
	struct ts_merkle_array array = {&hasher, story, LEAVES};
	struct ts_merkle_source source = ts_merkle_array_source(&array);
	struct ts_conflict c = {.root = root_of(story, m)};
	sign(n, root_of(story, n), &accepted);
	sign(m, root_of(told, m), &refused);
	c.accepted_note = vec_buf(&accepted);
	c.refused_note = vec_buf(&refused);
	assert_ok(ts_consistency_prove(&hasher, &source, m, n, &c.path));
	ts_buf_reset(&file);
	ts_conflict_format(&c, &file);
	assert_ok(file.err);
}

static enum ts_err check(struct ts_str bytes, const struct ts_key *key)
{
	struct ts_conflict c;
	struct ts_why why;
	TS_TRY(ts_conflict_parse(bytes, &c, &why));
	return ts_conflict_verify(&hasher, &c, key, &why);
}

static void test_every_pair(void **state)
{
	struct ts_conflict c;
	struct ts_buf again;
	struct ts_why why;
	(void)state;
	ts_buf_init(&again, TS_CONFLICT_BYTES_MAX);
	for (int64_t n = 1; n <= LEAVES; n++)
		for (int64_t m = 1; m <= n; m++) {
			make(other, m, n);
			assert_ok(check(vec_buf(&file), &agent.key));
			assert_ok(ts_conflict_parse(vec_buf(&file), &c, &why));
			assert_int_equal(c.refused.size, m);
			assert_int_equal(c.accepted.size, n);
			ts_buf_reset(&again);
			ts_conflict_format(&c, &again);
			assert_true(ts_str_eq(vec_buf(&again), vec_buf(&file)));
		}
	ts_buf_free(&again);
}

/* An honest agent's notes never convict it, whatever root is claimed for its log. */
static void test_honest_agent(void **state)
{
	struct ts_conflict c;
	struct ts_why why;
	(void)state;
	for (int64_t n = 1; n <= LEAVES; n++)
		for (int64_t m = 1; m <= n; m++) {
			make(story, m, n);
			assert_err(check(vec_buf(&file), &agent.key), TS_E_INVALID);
			assert_ok(ts_conflict_parse(vec_buf(&file), &c, &why));
			c.root.b[5] ^= 1;
			assert_err(ts_conflict_verify(&hasher, &c, &agent.key, &why), TS_E_INVALID);
			c.path.n = c.path.n > 0 ? c.path.n - 1 : 1;
			c.path.hashes[0] = c.root;
			assert_err(ts_conflict_verify(&hasher, &c, &agent.key, &why), TS_E_INVALID);
		}
}

static void test_sizes_in_the_wrong_order(void **state)
{
	struct ts_conflict c;
	struct ts_why why;
	(void)state;
	make(other, 7, 20);
	assert_ok(ts_conflict_parse(vec_buf(&file), &c, &why));
	struct ts_str swap = c.refused_note;
	c.refused_note = c.accepted_note;
	c.accepted_note = swap;
	assert_err(ts_conflict_verify(&hasher, &c, &agent.key, &why), TS_E_INVALID);
}

static void test_other_key(void **state)
{
	const uint8_t seed[TS_KEY_SEED_BYTES] = {8};
	struct ts_secret stranger;
	(void)state;
	make(other, 7, 20);
	assert_ok(ts_secret_make(TS_STR(ORIGIN), TS_KEY_ED25519, seed, &stranger));
	assert_err(check(vec_buf(&file), &stranger.key), TS_E_SIGNATURE);
	assert_ok(ts_secret_make(TS_STR(ORIGIN), TS_KEY_COSIGNATURE, seed, &stranger));
	assert_err(check(vec_buf(&file), &stranger.key), TS_E_KEY);
}

static void test_every_bit_counts(void **state)
{
	static const int64_t sizes[][2] = {{13, 40}, {8, 9}, {8, 8}, {1, 2}};
	(void)state;
	for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
		make(other, sizes[k][0], sizes[k][1]);
		for (size_t i = 0; i < 8 * file.len; i++) {
			file.data[i / 8] = (char)(file.data[i / 8] ^ (1 << i % 8));
			assert_true(check(vec_buf(&file), &agent.key) != TS_OK);
			file.data[i / 8] = (char)(file.data[i / 8] ^ (1 << i % 8));
		}
	}
	for (size_t len = 0; len < file.len; len++)
		assert_err(check((struct ts_str){file.data, len}, &agent.key), TS_E_MALFORMED);
	ts_buf_putc(&file, '\n');
	assert_err(check(vec_buf(&file), &agent.key), TS_E_MALFORMED);
}

/* The file of docs/formats/conflict.md: bytes that others can check their own code with. */
static void test_vector(void **state)
{
	struct ts_file vector = vec_file("conflict-13-40.txt");
	(void)state;
	make(other, 13, 40);
	assert_true(ts_str_eq(vec_buf(&file), ts_file_str(&vector)));
	ts_file_free(&vector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_pair),
		cmocka_unit_test(test_honest_agent),
		cmocka_unit_test(test_sizes_in_the_wrong_order),
		cmocka_unit_test(test_other_key),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_vector),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
