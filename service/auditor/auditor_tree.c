/* SPDX-License-Identifier: Apache-2.0 */
#include "service/auditor/auditor_tree.h"
#include "service/auditor/auditor_state.h"
#include <string.h>

#define LEVEL TS_MERKLE_TILE_LEVEL

/* The range over the roots of 2^level leaves: the first hashes of the range over the leaves. */
static void lift(const struct ts_range *range, int level, struct ts_range *out)
{
	ts_range_init(out);
	out->size = range->size >> level;
	int n = ts_range_count(out);
	if (n > 0)
		memcpy(out->hashes, range->hashes, (size_t)n * sizeof *out->hashes);
}

enum ts_err ts_auditor_tree_begin(struct ts_auditor_tree *out, struct ts_auditor *auditor,
	int64_t tree, const struct ts_range *range)
{
	out->hasher = &auditor->hasher;
	out->tree = tree;
	out->first = range->size;
	for (int i = 0; i < TS_AUDITOR_LEVELS; i++)
		lift(range, i * LEVEL, &out->ranges[i]);
	enum ts_err err = ts_sheet_begin(
		&out->low, auditor, TS_AUDITOR_TREES, "app.subtree", "audit_subtree");
	enum ts_err other = ts_sheet_begin(
		&out->high, auditor, TS_AUDITOR_TREES, "app.subtree_high", "audit_subtree_high");
	out->high.absent_allowed = true; /* of trees from before there was a table for them */
	return err != TS_OK ? err : other;
}

void ts_auditor_tree_end(struct ts_auditor_tree *tree)
{
	ts_sheet_end(&tree->low);
	ts_sheet_end(&tree->high);
}

static void args_of(const struct ts_auditor_tree *tree, int64_t from, int64_t to, int level,
	struct ts_args *args)
{
	ts_args_init(args);
	ts_arg_i64(args, tree->low.auditor->contract.contract_id);
	ts_arg_i64(args, tree->tree);
	ts_arg_i64(args, from);
	ts_arg_i64(args, to);
	if (level > LEVEL)
		ts_arg_i16(args, (int16_t)level);
}

/* Roots above 2^8 are so few that each is compared at once. */
static enum ts_err compare_high(
	struct ts_auditor_tree *tree, int level, int64_t index, struct ts_why *why)
{
	struct ts_sheet *sheet = &tree->high;
	struct ts_args args;
	ts_buf_printf(&sheet->key, "tree %lld level %d idx %lld", (long long)tree->tree, level,
		(long long)index);
	ts_sheet_hash(sheet, &tree->roots[level / LEVEL]);
	ts_sheet_put(sheet);
	args_of(tree, index, index + 1, level, &args);
	return ts_sheet_compare(sheet, &args, NULL, why);
}

enum ts_err ts_auditor_tree_append(
	struct ts_auditor_tree *tree, const struct ts_hash *leaf, struct ts_why *why)
{
	struct ts_hash hash = *leaf;
	for (int i = 0; i + 1 < TS_AUDITOR_LEVELS; i++) {
		struct ts_hash root;
		if (!ts_range_append(tree->hasher, &tree->ranges[i], &hash, &root))
			return TS_OK;
		int64_t index = tree->ranges[i].size / TS_MERKLE_TILE_LEAVES - 1;
		tree->roots[i + 1] = hash = root;
		if (i > 0) {
			TS_TRY(compare_high(tree, (i + 1) * LEVEL, index, why));
			continue;
		}
		ts_buf_printf(&tree->low.key, "tree %lld idx %lld", (long long)tree->tree,
			(long long)index);
		ts_sheet_hash(&tree->low, &root);
		ts_sheet_put(&tree->low);
	}
	return TS_OK;
}

enum ts_err ts_auditor_tree_compare(struct ts_auditor_tree *tree, struct ts_why *why)
{
	struct ts_args args;
	int64_t from = tree->first >> LEVEL, to = tree->ranges[0].size >> LEVEL;
	tree->first = tree->ranges[0].size;
	if (from == to)
		return TS_OK;
	args_of(tree, from, to, LEVEL, &args);
	return ts_sheet_compare(&tree->low, &args, NULL, why);
}
