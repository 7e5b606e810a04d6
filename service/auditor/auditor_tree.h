/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AUDITOR_TREE_H
#define TS_SERVICE_AUDITOR_TREE_H
/* Why: logs and streams keep roots of their subtrees of 2^8, 2^16, ... leaves. While a walk appends
 * leaves to a compact range, this collects every root that the leaves complete and compares it with
 * the row that must be there. */
#include "evidence/merkle.h"
#include "service/auditor/auditor_sheet.h"

#define TS_AUDITOR_LEVELS 8 /* 0, 8, ..., 56 */

struct ts_auditor_tree {
	struct ts_hasher *hasher;
	int64_t tree; /* as in app.subtree */
	int64_t first; /* leaves at the begin */
	struct ts_range ranges[TS_AUDITOR_LEVELS]; /* over leaves, over 2^8 roots, ...; [0] is the
						      tree's */
	struct ts_sheet low, high; /* app.subtree; app.subtree_high, one level at a time */
	struct ts_hash roots[TS_AUDITOR_LEVELS]; /* the last one completed, by level */
};
/* Closed with ts_auditor_tree_end, also after an error. */
enum ts_err ts_auditor_tree_begin(struct ts_auditor_tree *out, struct ts_auditor *auditor,
	int64_t tree, const struct ts_range *range) TS_MUST;
enum ts_err ts_auditor_tree_append(
	struct ts_auditor_tree *tree, const struct ts_hash *leaf, struct ts_why *why) TS_MUST;
/* Compares what was completed since the begin, or since the last time. */
enum ts_err ts_auditor_tree_compare(struct ts_auditor_tree *tree, struct ts_why *why) TS_MUST;
void ts_auditor_tree_end(struct ts_auditor_tree *tree);

#endif
