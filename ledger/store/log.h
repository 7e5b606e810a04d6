/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_LOG_H
#define TS_STORE_LOG_H
/* Why: the two logs of a contract. The counter row (size, compact range, root) is the lock that
 * orders appends; it is taken last in a transaction and held to its end, so that indexes are dense
 * and a reader never sees a gap. Leaves are append-only. */
#include "evidence/merkle.h"
#include "store/db.h"
#include "store/subtree.h"

/* Rows of contract_lock. The first two carry a log's counter. */
enum ts_db_lock { TS_DB_LOCK_INPUTS, TS_DB_LOCK_JOURNAL, TS_DB_LOCK_SETTLE, TS_DB_LOCK_PERIOD };
#define TS_DB_LOG_TREE(log) (-1 - (int64_t)(log)) /* subtree.tree of a log */
/* FOR NO KEY UPDATE until the transaction ends. TS_E_NOT_FOUND: no such contract in scope. */
enum ts_err ts_db_lock_take(
	struct ts_db *db, int64_t contract_id, enum ts_db_lock lock, struct ts_why *why) TS_MUST;

struct ts_db_leaf {
	int16_t kind; /* enum ts_leaf_kind; 0 in the journal log */
	struct ts_str data;
	struct ts_hash hash; /* of data, as RFC 6962 */
};
/* log: TS_DB_LOCK_INPUTS or TS_DB_LOCK_JOURNAL. Locks the counter, stores the leaves, the hashes of
 * full 256-leaf subtrees and the new counter. *first = index of leaves[0]. */
enum ts_err ts_db_log_append(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	enum ts_db_lock log, const struct ts_db_leaf *leaves, size_t n, int64_t now_us,
	int64_t *first, struct ts_why *why) TS_MUST;
/* Both counters, locked (the inputs' first) until the transaction ends. */
#define TS_DB_LOGS 2 /* indexed by TS_DB_LOCK_INPUTS, TS_DB_LOCK_JOURNAL */
enum ts_err ts_db_logs_lock(struct ts_db *db, int64_t contract_id,
	struct ts_range ranges[TS_DB_LOGS], struct ts_why *why) TS_MUST;
/* The counter, without a lock (a snapshot's). */
enum ts_err ts_db_log_head(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	struct ts_range *range, struct ts_hash *root, struct ts_why *why) TS_MUST;

struct ts_db_leaf_row {
	int64_t index;
	int16_t kind;
	struct ts_hash hash;
	struct ts_str data;
	int64_t created_us;
};
/* Leaves [from, to), at most limit, in order; kind < 0: any. Copied into the region. */
enum ts_err ts_db_log_leaves(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t from, int64_t to, int16_t kind, int32_t limit, struct ts_region *region,
	struct ts_db_leaf_row **out, size_t *n, struct ts_why *why) TS_MUST;

/* Leaves [from, to) of the inputs log that are no accepted upload, in order; few. */
enum ts_err ts_db_log_statements(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	struct ts_region *region, struct ts_db_leaf_row **out, size_t *n,
	struct ts_why *why) TS_MUST;

/* Signed checkpoints; (log, size) is unique. range is what the root was recomputed from; NULL: not
 * known. TS_E_CONFLICT when that size has another root. The same again: TS_OK, and the stored note
 * stays. */
enum ts_err ts_db_checkpoint_add(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t size, const struct ts_hash *root, const struct ts_range *range, struct ts_str note,
	int64_t now_us, struct ts_why *why) TS_MUST;
struct ts_db_checkpoint {
	int64_t size; /* 0: none yet */
	struct ts_hash root;
	struct ts_str note; /* log's line, then cosignature lines, copied into the region */
	int32_t cosignatures;
	bool has_range;
	struct ts_range range;
};
/* The newest of size <= max_size; size 0 in *out when there is none. */
enum ts_err ts_db_checkpoint_last(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t max_size, struct ts_region *region, struct ts_db_checkpoint *out,
	struct ts_why *why) TS_MUST;

/* Checkpoints with after < size <= to and all their cosignatures, sizes rising; those without one
 * only when `bare`. Copied into the region. */
enum ts_err ts_db_checkpoint_notes(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t after, int64_t to, bool bare, int32_t limit, struct ts_region *region,
	struct ts_str **out, size_t *n, struct ts_why *why) TS_MUST;

/* Sizes of both logs that were signed together, from one snapshot. */
struct ts_db_pair {
	int64_t inputs_size; /* 0: none yet */
	int64_t journal_size; /* 0: the journal was empty and has no note */
};
/* Both checkpoints must be there. The same pair again: TS_OK. */
enum ts_err ts_db_pair_add(struct ts_db *db, int64_t contract_id, const struct ts_db_pair *pair,
	int64_t now_us, struct ts_why *why) TS_MUST;
/* The newest with inputs_size <= max_size. */
enum ts_err ts_db_pair_last(struct ts_db *db, int64_t contract_id, int64_t max_size,
	struct ts_db_pair *out, struct ts_why *why) TS_MUST;
/* The same of those whose checkpoints are both published: what readers get of a contract with
 * witnesses. */
enum ts_err ts_db_pair_published(struct ts_db *db, int64_t contract_id, int64_t max_size,
	struct ts_db_pair *out, struct ts_why *why) TS_MUST;

/* Size and root of the journal after the entries of a period's cut. Written once, in the cut's
 * transaction. TS_E_NOT_FOUND: the period is not cut. */
enum ts_err ts_db_period_cut_add(struct ts_db *db, int64_t contract_id, int32_t period,
	int64_t journal_size, const struct ts_hash *journal_root, struct ts_why *why) TS_MUST;
enum ts_err ts_db_period_cut_get(struct ts_db *db, int64_t contract_id, int32_t period,
	int64_t *journal_size, struct ts_hash *journal_root, struct ts_why *why) TS_MUST;

/* A witness's line (with its LF); kept for ever. The same key and time again: TS_OK. */
enum ts_err ts_db_cosignature_add(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t size, const char *key_name, int64_t time_s, struct ts_str line,
	struct ts_why *why) TS_MUST;

/* Subtree hashes of a log for proofs (evidence/merkle.h); the struct is borrowed by the source. */
struct ts_db_log_source {
	struct ts_db *db;
	struct ts_hasher *hasher;
	int64_t contract_id;
	enum ts_db_lock log;
	struct ts_db_subtrees tiles; /* what was read so far; zero at first */
};
/* Root of a subtree of 2^level leaves, from stored roots (level >= 8); tree: a stream's id, -1 the
 * inputs log, -2 the journal log. */
enum ts_err ts_db_subtree_fold(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	int64_t tree, int level, int64_t index, struct ts_hash *out) TS_MUST;
struct ts_merkle_source ts_db_log_source(struct ts_db_log_source *source);

#endif
