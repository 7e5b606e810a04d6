/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_SUBTREE_H
#define TS_STORE_SUBTREE_H
/* Why: a proof takes one hash of each level of its tree. They are read in tiles, as C2SP tlog-tiles
 * cuts a log: 256 roots of subtrees of 2^0, 2^8, 2^16, ... leaves, one query each, kept while the
 * reader lasts. A proof in a stream of ten million lines is then three or four queries. */
#include "evidence/merkle.h"
#include "store/db.h"

#define TS_DB_SUBTREE_SLOTS 4 /* levels 0, 8, 16; 24 and above share the last */
#define TS_DB_TREE_INPUTS (-1) /* app.subtree.tree of the logs; a stream's is its id */
#define TS_DB_TREE_JOURNAL (-2)

struct ts_db_subtree_tile {
	bool loaded;
	int base; /* 0, 8, 16, ... */
	int64_t number; /* hashes of subtrees [256 * number, ...) of 2^base leaves */
	int32_t n; /* as many as are stored */
	struct ts_hash hashes[TS_MERKLE_TILE_LEAVES];
};
struct ts_db_subtrees {
	struct ts_db *db;
	struct ts_hasher *hasher;
	int64_t contract_id, tree;
	struct ts_region *region; /* for decompressed lines of a stream; reset with every tile */
	struct ts_db_subtree_tile slots[TS_DB_SUBTREE_SLOTS];
};
/* The root of the subtree of 2^level leaves. TS_E_RANGE: not all of its leaves are there. */
enum ts_err ts_db_subtree_root(
	struct ts_db_subtrees *tiles, int level, int64_t index, struct ts_hash *out) TS_MUST;
/* After 256-leaf subtree number `number` was stored, in the same transaction: stores the roots
 * above that it completes, if any. */
enum ts_err ts_db_subtree_raise(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	int64_t tree, int64_t number, struct ts_why *why) TS_MUST;

#endif
