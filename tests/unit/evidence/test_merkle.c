/* SPDX-License-Identifier: Apache-2.0 */
/* Published trees and proofs first; then every pair of sizes up to PAIRS against the recursive
 * definitions of RFC 6962 2.1, written down here as they stand there. */
#include "vector.h"

#define PAIRS 300
#define DERIVED 70000

static struct ts_hasher hasher;
static struct ts_hash leaves[PAIRS];
static struct ts_hash roots[PAIRS + 1][PAIRS + 1]; /* MTH(D[lo:hi]) */
static bool known[PAIRS + 1][PAIRS + 1];

static int setup(void **state)
{
	(void)state;
	return ts_hasher_init(&hasher) == TS_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ts_hasher_free(&hasher);
	return 0;
}

/* Leaf i of the Go sumdb tests. */
static struct ts_hash leaf_n(int64_t i)
{
	char text[32];
	struct ts_hash h;
	int len = snprintf(text, sizeof(text), "leaf %lld", (long long)i);
	ts_hash_leaf(&hasher, text, (size_t)len, &h);
	return h;
}

/* The largest power of two smaller than n. */
static int64_t naive_split(int64_t n)
{
	int64_t k = 1;
	while (k * 2 < n)
		k *= 2;
	return k;
}

static const struct ts_hash *naive_root(int64_t lo, int64_t hi)
{
	if (!known[lo][hi]) {
		if (hi - lo == 1) {
			roots[lo][hi] = leaves[lo];
		} else {
			int64_t k = naive_split(hi - lo);
			ts_hash_node(&hasher, naive_root(lo, lo + k), naive_root(lo + k, hi),
				&roots[lo][hi]);
		}
		known[lo][hi] = true;
	}
	return &roots[lo][hi];
}

static void naive_path(int64_t m, int64_t lo, int64_t hi, struct ts_path *out)
{
	if (hi - lo == 1)
		return;
	int64_t k = naive_split(hi - lo);
	if (m < k) {
		naive_path(m, lo, lo + k, out);
		out->hashes[out->n++] = *naive_root(lo + k, hi);
	} else {
		naive_path(m - k, lo + k, hi, out);
		out->hashes[out->n++] = *naive_root(lo, lo + k);
	}
}

static void naive_subproof(int64_t m, int64_t lo, int64_t hi, bool whole, struct ts_path *out)
{
	if (m == hi - lo) {
		if (!whole)
			out->hashes[out->n++] = *naive_root(lo, hi);
		return;
	}
	int64_t k = naive_split(hi - lo);
	if (m <= k) {
		naive_subproof(m, lo, lo + k, whole, out);
		out->hashes[out->n++] = *naive_root(lo + k, hi);
	} else {
		naive_subproof(m - k, lo + k, hi, false, out);
		out->hashes[out->n++] = *naive_root(lo, lo + k);
	}
}

static enum ts_err table_subtree(void *ctx, int level, int64_t index, struct ts_hash *out)
{
	(void)ctx;
	*out = *naive_root(index << level, (index + 1) << level);
	return TS_OK;
}

static const struct ts_merkle_source table = {.subtree = table_subtree, .ctx = NULL};

static void assert_path_equal(const struct ts_path *a, const struct ts_path *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++)
		assert_hash_equal(&a->hashes[i], &b->hashes[i]);
}

static void test_hasher(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/rfc6962-merkle/ct-reference-tree.json");
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "hasher"), i, c)
	{
		uint8_t data[64];
		struct ts_hash want = vec_hash(vec_text(c, "want"));
		struct ts_hash got = ts_hash_empty;
		if (json_object_get(c, "leaf_hex") != NULL) {
			size_t len = vec_unhex(vec_text(c, "leaf_hex"), data, sizeof(data));
			ts_hash_leaf(&hasher, data, len, &got);
		} else if (json_object_get(c, "left_hex") != NULL) {
			size_t len = 0;
			data[len++] = 0x01;
			len += vec_unhex(vec_text(c, "left_hex"), data + len, 16);
			len += vec_unhex(vec_text(c, "right_hex"), data + len, 16);
			ts_hash_bytes(&hasher, data, len, &got);
		}
		assert_hash_equal(&got, &want);
	}
	json_decref(doc);
	/* Long leaves take another path than short ones. */
	for (size_t len = 250; len < 260; len++) {
		uint8_t data[261] = {0};
		struct ts_hash got, want;
		memset(data + 1, 'x', len);
		ts_sha256(data, len + 1, &want);
		ts_hash_leaf(&hasher, data + 1, len, &got);
		assert_hash_equal(&got, &want);
	}
	struct ts_hash empty;
	ts_sha256(NULL, 0, &empty);
	assert_hash_equal(&empty, &ts_hash_empty);
}

/* Every listed proof is what the array source gives, and verifies; all_roots[n] is the root of the
 * first n of the array's leaves. */
static void check_listed(
	const json_t *doc, struct ts_merkle_array *array, const struct ts_hash *all_roots)
{
	struct ts_merkle_source source = ts_merkle_array_source(array);
	struct ts_path got;
	size_t i;
	json_t *c;
	json_array_foreach(vec_get(doc, "inclusion"), i, c)
	{
		int64_t index = vec_int(c, "index");
		int64_t size = vec_int(c, "size");
		struct ts_path want = vec_path(vec_get(c, "path"));
		struct ts_hash root = all_roots[size];
		assert_int_equal(ts_inclusion_length(index, size), want.n);
		assert_ok(ts_inclusion_prove(&hasher, &source, index, size, &got));
		assert_path_equal(&got, &want);
		assert_ok(ts_inclusion_verify(
			&hasher, index, size, &array->leaves[index], &want, &root));
		root.b[0] ^= 1;
		assert_err(ts_inclusion_verify(
				   &hasher, index, size, &array->leaves[index], &want, &root),
			TS_E_INVALID);
	}
	json_array_foreach(vec_get(doc, "consistency"), i, c)
	{
		int64_t m = vec_int(c, "size1");
		int64_t n = vec_int(c, "size2");
		struct ts_path want = vec_path(vec_get(c, "proof"));
		struct ts_hash old = all_roots[m];
		assert_ok(ts_consistency_prove(&hasher, &source, m, n, &got));
		assert_path_equal(&got, &want);
		assert_ok(ts_consistency_verify(&hasher, m, n, &want, &old, &all_roots[n]));
		old.b[31] ^= 1;
		assert_err(ts_consistency_verify(&hasher, m, n, &want, &old, &all_roots[n]),
			TS_E_INVALID);
	}
}

static void test_reference_tree(void **state)
{
	(void)state;
	json_t *doc = vec_load("evidence/rfc6962-merkle/ct-reference-tree.json");
	struct ts_range range;
	struct ts_hash list[8], all_roots[9];
	ts_range_init(&range);
	for (size_t i = 0; i <= 8; i++) {
		struct ts_hash want = vec_hash(
			json_string_value(json_array_get(vec_get(doc, "roots_hex_by_size"), i)));
		ts_range_root(&hasher, &range, &all_roots[i]);
		assert_hash_equal(&all_roots[i], &want);
		if (i == 8)
			break;
		uint8_t data[32];
		size_t len = vec_unhex(
			json_string_value(json_array_get(vec_get(doc, "leaves_hex"), i)), data,
			sizeof(data));
		ts_hash_leaf(&hasher, data, len, &list[i]);
		want = vec_hash(
			json_string_value(json_array_get(vec_get(doc, "leaf_hashes_hex"), i)));
		assert_hash_equal(&list[i], &want);
		(void)ts_range_append(&hasher, &range, &list[i], NULL);
	}
	struct ts_merkle_array array = {&hasher, list, 8};
	check_listed(doc, &array, all_roots);
	json_decref(doc);
}

static void test_derived_roots(void **state)
{
	(void)state;
	static struct ts_hash list[DERIVED], all_roots[DERIVED + 1];
	json_t *doc = vec_load("evidence/rfc6962-merkle/derived-leaf-n.json");
	const json_t *want = vec_get(doc, "roots");
	struct ts_range range;
	size_t checked = 0;
	int64_t fulls = 0;
	ts_range_init(&range);
	for (int64_t size = 0; size <= DERIVED; size++) {
		char key[24];
		snprintf(key, sizeof(key), "%lld", (long long)size);
		const char *hex = json_string_value(json_object_get(want, key));
		ts_range_root(&hasher, &range, &all_roots[size]);
		if (hex != NULL) {
			struct ts_hash expected = vec_hash(hex);
			assert_hash_equal(&all_roots[size], &expected);
			checked++;
		}
		if (size == DERIVED)
			break;
		struct ts_hash full;
		list[size] = leaf_n(size);
		if (ts_range_append(&hasher, &range, &list[size], &full)) {
			struct ts_merkle_array array = {&hasher, list, size + 1};
			struct ts_merkle_source source = ts_merkle_array_source(&array);
			struct ts_hash tile;
			assert_int_equal(range.size % TS_MERKLE_TILE_LEAVES, 0);
			assert_ok(source.subtree(source.ctx, TS_MERKLE_TILE_LEVEL,
				range.size / TS_MERKLE_TILE_LEAVES - 1, &tile));
			assert_hash_equal(&full, &tile);
			fulls++;
		}
	}
	assert_int_equal(checked, json_object_size(want));
	assert_int_equal(fulls, DERIVED / TS_MERKLE_TILE_LEAVES);
	struct ts_merkle_array array = {&hasher, list, DERIVED};
	check_listed(doc, &array, all_roots);
	json_decref(doc);
}

static void test_all_pairs(void **state)
{
	(void)state;
	struct ts_range range;
	ts_range_init(&range);
	for (int64_t i = 0; i < PAIRS; i++)
		leaves[i] = leaf_n(i);
	for (int64_t n = 1; n <= PAIRS; n++) {
		struct ts_hash root;
		(void)ts_range_append(&hasher, &range, &leaves[n - 1], NULL);
		ts_range_root(&hasher, &range, &root);
		assert_hash_equal(&root, naive_root(0, n));
		assert_ok(ts_merkle_root(&hasher, &table, n, &root));
		assert_hash_equal(&root, naive_root(0, n));
		for (int64_t m = 0; m < n; m++) {
			struct ts_path want = {.n = 0};
			struct ts_path got;
			naive_path(m, 0, n, &want);
			assert_ok(ts_inclusion_prove(&hasher, &table, m, n, &got));
			assert_path_equal(&got, &want);
			assert_ok(ts_inclusion_verify(&hasher, m, n, &leaves[m], &got, &root));
		}
		for (int64_t m = 1; m <= n; m++) {
			struct ts_path want = {.n = 0};
			struct ts_path got;
			naive_subproof(m, 0, n, true, &want);
			assert_ok(ts_consistency_prove(&hasher, &table, m, n, &got));
			assert_path_equal(&got, &want);
			assert_ok(ts_consistency_verify(
				&hasher, m, n, &got, naive_root(0, m), &root));
		}
	}
}

/* Any one thing changed, and the proof fails. */
static void test_wrong_proofs(void **state)
{
	(void)state;
	const int64_t size_max = 33;
	for (int64_t i = 0; i < size_max; i++)
		leaves[i] = leaf_n(i);
	for (int64_t n = 2; n <= size_max; n++) {
		const struct ts_hash *root = naive_root(0, n);
		for (int64_t m = 0; m < n; m++) {
			struct ts_path path, bad;
			assert_ok(ts_inclusion_prove(&hasher, &table, m, n, &path));
			for (int64_t other = -1; other <= n; other++) {
				if (other == m)
					continue;
				assert_err(ts_inclusion_verify(
						   &hasher, other, n, &leaves[m], &path, root),
					TS_E_INVALID);
			}
			for (size_t i = 0; i < path.n; i++) {
				bad = path;
				bad.hashes[i].b[7] ^= 0x80;
				assert_err(
					ts_inclusion_verify(&hasher, m, n, &leaves[m], &bad, root),
					TS_E_INVALID);
			}
			bad = path;
			bad.n--;
			assert_err(ts_inclusion_verify(&hasher, m, n, &leaves[m], &bad, root),
				TS_E_INVALID);
			bad = path;
			bad.hashes[bad.n++] = *root;
			assert_err(ts_inclusion_verify(&hasher, m, n, &leaves[m], &bad, root),
				TS_E_INVALID);
		}
		for (int64_t m = 1; m < n; m++) {
			struct ts_path proof, bad;
			assert_ok(ts_consistency_prove(&hasher, &table, m, n, &proof));
			for (size_t i = 0; i < proof.n; i++) {
				bad = proof;
				bad.hashes[i].b[31] ^= 1;
				assert_err(ts_consistency_verify(
						   &hasher, m, n, &bad, naive_root(0, m), root),
					TS_E_INVALID);
			}
			bad = proof;
			bad.n = 0;
			assert_err(
				ts_consistency_verify(&hasher, m, n, &bad, naive_root(0, m), root),
				TS_E_INVALID);
			bad = proof;
			bad.hashes[bad.n++] = *root;
			assert_err(
				ts_consistency_verify(&hasher, m, n, &bad, naive_root(0, m), root),
				TS_E_INVALID);
			/* A fork: the same sizes, another old root. */
			assert_err(ts_consistency_verify(&hasher, m, n, &proof,
					   naive_root(1, m + 1 <= n ? m + 1 : n), root),
				TS_E_INVALID);
		}
	}
	struct ts_path none = {.n = 0};
	assert_err(ts_consistency_verify(&hasher, 0, 5, &none, &ts_hash_empty, naive_root(0, 5)),
		TS_E_INVALID);
	assert_err(
		ts_inclusion_verify(&hasher, INT64_MAX - 1, INT64_MAX, &leaves[0], &none, leaves),
		TS_E_INVALID);
	assert_err(ts_inclusion_prove(&hasher, &table, 5, 5, &none), TS_E_RANGE);
	assert_err(ts_consistency_prove(&hasher, &table, 6, 5, &none), TS_E_RANGE);
}

static void test_range_pack(void **state)
{
	(void)state;
	struct ts_range range, back;
	uint8_t bytes[TS_MERKLE_HASHES_MAX * 32];
	ts_range_init(&range);
	for (int64_t i = 0; i < 77; i++) {
		size_t len = ts_range_pack(&range, bytes);
		assert_int_equal(len, 32 * ts_range_count(&range));
		assert_ok(ts_range_unpack(range.size, bytes, len, &back));
		assert_true(ts_range_eq(&range, &back));
		assert_err(ts_range_unpack(range.size, bytes, len + 1, &back), TS_E_MALFORMED);
		assert_err(ts_range_unpack(range.size, bytes, len + 32, &back), TS_E_MALFORMED);
		if (len > 0) {
			back.hashes[0].b[0] ^= 1;
			assert_false(ts_range_eq(&range, &back));
		}
		struct ts_hash leaf = leaf_n(i);
		(void)ts_range_append(&hasher, &range, &leaf, NULL);
	}
	assert_err(ts_range_unpack(-1, bytes, 0, &back), TS_E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hasher),
		cmocka_unit_test(test_reference_tree),
		cmocka_unit_test(test_derived_roots),
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_wrong_proofs),
		cmocka_unit_test(test_range_pack),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
