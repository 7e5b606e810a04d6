/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/merkle.h"

#include <string.h>

static int bits_set(int64_t v)
{
	return __builtin_popcountll((unsigned long long)v);
}

/* The number of bits of v >= 0 up to its highest one. */
static int bit_length(int64_t v)
{
	return v == 0 ? 0 : 64 - __builtin_clzll((unsigned long long)v);
}

void ts_range_init(struct ts_range *range)
{
	memset(range, 0, sizeof(*range));
}

int ts_range_count(const struct ts_range *range)
{
	return bits_set(range->size);
}

bool ts_range_append(struct ts_hasher *hasher, struct ts_range *range, const struct ts_hash *leaf,
	struct ts_hash *full)
{
	TS_ASSERT(range->size >= 0 && range->size < INT64_MAX);
	bool completed = false;
	int top = bits_set(range->size);
	int level = 0;
	struct ts_hash h = *leaf;
	for (int64_t n = range->size; (n & 1) != 0; n >>= 1) {
		top--;
		ts_hash_node(hasher, &range->hashes[top], &h, &h);
		level++;
		if (level == TS_MERKLE_TILE_LEVEL) {
			completed = true;
			if (full != NULL)
				*full = h;
		}
	}
	range->hashes[top] = h;
	range->size++;
	TS_ASSERT(top + 1 == bits_set(range->size));
	return completed;
}

void ts_range_root(struct ts_hasher *hasher, const struct ts_range *range, struct ts_hash *out)
{
	int n = bits_set(range->size);
	if (n == 0) {
		*out = ts_hash_empty;
		return;
	}
	struct ts_hash root = range->hashes[n - 1];
	for (int i = n - 2; i >= 0; i--)
		ts_hash_node(hasher, &range->hashes[i], &root, &root);
	*out = root;
}

bool ts_range_eq(const struct ts_range *a, const struct ts_range *b)
{
	if (a->size != b->size)
		return false;
	for (int i = 0; i < bits_set(a->size); i++) {
		if (!ts_hash_eq(&a->hashes[i], &b->hashes[i]))
			return false;
	}
	return true;
}

size_t ts_range_pack(const struct ts_range *range, uint8_t out[TS_MERKLE_HASHES_MAX * 32])
{
	size_t n = (size_t)bits_set(range->size);
	for (size_t i = 0; i < n; i++)
		memcpy(out + i * TS_HASH_BYTES, range->hashes[i].b, TS_HASH_BYTES);
	return n * TS_HASH_BYTES;
}

enum ts_err ts_range_unpack(int64_t size, const void *bytes, size_t len, struct ts_range *out)
{
	if (size < 0 || len != (size_t)bits_set(size) * TS_HASH_BYTES)
		return TS_E_MALFORMED;
	const uint8_t *at = bytes;
	ts_range_init(out);
	out->size = size;
	for (size_t i = 0; i < len / TS_HASH_BYTES; i++)
		memcpy(out->hashes[i].b, at + i * TS_HASH_BYTES, TS_HASH_BYTES);
	return TS_OK;
}

size_t ts_inclusion_length(int64_t index, int64_t size)
{
	TS_ASSERT(index >= 0 && index < size);
	int inner = bit_length(index ^ (size - 1));
	return (size_t)(inner + (inner < 63 ? bits_set(index >> inner) : 0));
}

/* RFC 9162 2.1.3.2. */
enum ts_err ts_inclusion_verify(struct ts_hasher *hasher, int64_t index, int64_t size,
	const struct ts_hash *leaf, const struct ts_path *path, const struct ts_hash *root)
{
	if (index < 0 || index >= size || path->n > TS_MERKLE_HASHES_MAX)
		return TS_E_INVALID;
	if (path->n != ts_inclusion_length(index, size))
		return TS_E_INVALID;
	int64_t fn = index;
	int64_t sn = size - 1;
	struct ts_hash r = *leaf;
	for (size_t i = 0; i < path->n; i++) {
		if (sn == 0)
			return TS_E_INVALID;
		if ((fn & 1) != 0 || fn == sn) {
			ts_hash_node(hasher, &path->hashes[i], &r, &r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			ts_hash_node(hasher, &r, &path->hashes[i], &r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && ts_hash_eq(&r, root) ? TS_OK : TS_E_INVALID;
}

/* RFC 9162 2.1.4.2. */
enum ts_err ts_consistency_verify(struct ts_hasher *hasher, int64_t old_size, int64_t new_size,
	const struct ts_path *proof, const struct ts_hash *old_root, const struct ts_hash *new_root)
{
	if (old_size <= 0 || old_size > new_size || proof->n > TS_MERKLE_HASHES_MAX)
		return TS_E_INVALID;
	if (old_size == new_size)
		return proof->n == 0 && ts_hash_eq(old_root, new_root) ? TS_OK : TS_E_INVALID;
	if (proof->n == 0)
		return TS_E_INVALID;
	int64_t fn = old_size - 1;
	int64_t sn = new_size - 1;
	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	/* When old_size is a power of two its root is the first node, and the proof leaves it out.
	 */
	bool implied = bits_set(old_size) == 1;
	size_t i = implied ? 0 : 1;
	struct ts_hash fr = implied ? *old_root : proof->hashes[0];
	struct ts_hash sr = fr;
	for (; i < proof->n; i++) {
		const struct ts_hash *c = &proof->hashes[i];
		if (sn == 0)
			return TS_E_INVALID;
		if ((fn & 1) != 0 || fn == sn) {
			ts_hash_node(hasher, c, &fr, &fr);
			ts_hash_node(hasher, c, &sr, &sr);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			ts_hash_node(hasher, &sr, c, &sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0 || !ts_hash_eq(&fr, old_root) || !ts_hash_eq(&sr, new_root))
		return TS_E_INVALID;
	return TS_OK;
}

/* MTH(D[lo:hi]) for a lo that is aligned to the subtree: walks the perfect subtrees from the left,
 * keeps them, folds from the right. */
static enum ts_err subtree_root(struct ts_hasher *hasher, const struct ts_merkle_source *source,
	int64_t lo, int64_t hi, struct ts_hash *out)
{
	struct ts_hash parts[TS_MERKLE_HASHES_MAX];
	int n = 0;
	TS_ASSERT(lo < hi);
	do {
		int level = bit_length(hi - lo) - 1;
		TS_ASSERT(level >= 0 && n < TS_MERKLE_HASHES_MAX &&
			  (lo & ((INT64_C(1) << level) - 1)) == 0);
		TS_TRY(source->subtree(source->ctx, level, lo >> level, &parts[n]));
		n++;
		lo += INT64_C(1) << level;
	} while (lo < hi);
	struct ts_hash root = parts[n - 1];
	for (int i = n - 2; i >= 0; i--)
		ts_hash_node(hasher, &parts[i], &root, &root);
	*out = root;
	return TS_OK;
}

/* The largest power of two below n (n >= 2): where RFC 6962 2.1 splits. */
static int64_t split(int64_t n)
{
	int bits = bit_length(n - 1);
	TS_ASSERT(bits >= 1);
	return INT64_C(1) << (bits - 1);
}

enum ts_err ts_inclusion_prove(struct ts_hasher *hasher, const struct ts_merkle_source *source,
	int64_t index, int64_t size, struct ts_path *out)
{
	if (index < 0 || index >= size)
		return TS_E_RANGE;
	/* From the root down; the path is wanted from the leaf up. */
	struct ts_path down = {.n = 0};
	int64_t lo = 0;
	int64_t hi = size;
	while (hi - lo > 1) {
		int64_t mid = lo + split(hi - lo);
		struct ts_hash *sibling = &down.hashes[down.n];
		if (index < mid) {
			TS_TRY(subtree_root(hasher, source, mid, hi, sibling));
			hi = mid;
		} else {
			TS_TRY(subtree_root(hasher, source, lo, mid, sibling));
			lo = mid;
		}
		down.n++;
	}
	out->n = down.n;
	for (size_t i = 0; i < down.n; i++)
		out->hashes[i] = down.hashes[down.n - 1 - i];
	TS_ASSERT(out->n == ts_inclusion_length(index, size));
	return TS_OK;
}

/* RFC 9162 2.1.4.1, iteratively: SUBPROOF(m, D[lo:hi], whole). */
enum ts_err ts_consistency_prove(struct ts_hasher *hasher, const struct ts_merkle_source *source,
	int64_t old_size, int64_t new_size, struct ts_path *out)
{
	if (old_size <= 0 || old_size > new_size)
		return TS_E_RANGE;
	struct ts_path down = {.n = 0};
	int64_t lo = 0;
	int64_t hi = new_size;
	bool whole = true;
	while (old_size != hi) {
		int64_t mid = lo + split(hi - lo);
		struct ts_hash *sibling = &down.hashes[down.n];
		if (old_size <= mid) {
			TS_TRY(subtree_root(hasher, source, mid, hi, sibling));
			hi = mid;
		} else {
			TS_TRY(subtree_root(hasher, source, lo, mid, sibling));
			lo = mid;
			whole = false;
		}
		down.n++;
	}
	if (!whole) {
		TS_TRY(subtree_root(hasher, source, lo, hi, &down.hashes[down.n]));
		down.n++;
	}
	out->n = down.n;
	for (size_t i = 0; i < down.n; i++)
		out->hashes[i] = down.hashes[down.n - 1 - i];
	return TS_OK;
}

enum ts_err ts_merkle_root(struct ts_hasher *hasher, const struct ts_merkle_source *source,
	int64_t size, struct ts_hash *out)
{
	if (size < 0)
		return TS_E_RANGE;
	if (size == 0) {
		*out = ts_hash_empty;
		return TS_OK;
	}
	return subtree_root(hasher, source, 0, size, out);
}

static enum ts_err array_subtree(void *ctx, int level, int64_t index, struct ts_hash *out)
{
	const struct ts_merkle_array *array = ctx;
	if (level >= 62 || index < 0 || index >= (array->n >> level))
		return TS_E_RANGE;
	/* A compact range over a perfect subtree ends as one hash. */
	struct ts_range range;
	range.size = 0;
	for (int64_t i = index << level; i < (index + 1) << level; i++)
		(void)ts_range_append(array->hasher, &range, &array->leaves[i], NULL);
	*out = range.hashes[0];
	return TS_OK;
}

struct ts_merkle_source ts_merkle_array_source(struct ts_merkle_array *array)
{
	return (struct ts_merkle_source){.subtree = array_subtree, .ctx = array};
}
