/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_TILE_H
#define TS_STORE_TILE_H
/* Why: the tiles of logs and streams (evidence/tile.h), read from what is stored: leaf hashes, the
 * hashes of full 256-leaf subtrees, leaves; of a stream the kept bytes of its batches. Every tile
 * asked for must exist (ts_tile_exists). */
#include "evidence/tile.h"
#include "store/log.h"

/* Appends the tile's bytes: hashes one after another, or entries. */
enum ts_err ts_db_log_tile(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	enum ts_db_lock log, const struct ts_tile *tile, struct ts_region *region,
	struct ts_buf *out, struct ts_why *why) TS_MUST;

/* The lines of the batch that was read last: neighbours ask for neighbours, and a batch never
 * changes. One per worker. */
struct ts_db_lines {
	struct ts_region *region;
	int64_t contract_id, stream_id; /* 0: empty */
	int64_t first, end; /* stream indexes of the lines kept */
	struct ts_str *lines; /* end - first, without LF */
};
enum ts_err ts_db_lines_create(struct ts_db_lines **out) TS_MUST;
void ts_db_lines_free(struct ts_db_lines *lines); /* NULL is allowed */
/* Borrowed until the next call. TS_E_NOT_FOUND. */
enum ts_err ts_db_lines_get(struct ts_db_lines *lines, struct ts_db *db, int64_t contract_id,
	int64_t stream_id, int64_t index, struct ts_str *out, struct ts_why *why) TS_MUST;
enum ts_err ts_db_stream_tile(struct ts_db *db, struct ts_hasher *hasher, struct ts_db_lines *lines,
	int64_t contract_id, int64_t stream_id, const struct ts_tile *tile, struct ts_buf *out,
	struct ts_why *why) TS_MUST;

#endif
