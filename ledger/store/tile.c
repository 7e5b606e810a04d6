/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tile.h"
#include "store/batch.h"
#include <inttypes.h>
#include <stdlib.h>

#define LINES_BYTES_MAX (160u << 20) /* a batch of the largest body, and a slice per line */

/* Hashes as a query returns them, which must be exactly as many. */
static enum ts_err put_hashes(struct ts_db *db, const char *query, const struct ts_args *args,
	int width, struct ts_buf *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_hash hash;

	TS_TRY(ts_db_query(db, query, args, &rows, why));
	if (rows.n != width)
		return ts_why(why, TS_E_INTERNAL, "tile", "%d hashes instead of %d", rows.n, width);
	while (ts_rows_next(&rows)) {
		ts_row_skip(&rows);
		ts_row_hash(&rows, &hash);
		ts_buf_put(out, hash.b, TS_HASH_BYTES);
	}
	return rows.err != TS_OK ? rows.err : out->err;
}

/* Level 1 is stored; above it what is stored of it, and folds of the rest. */
static enum ts_err put_subtrees(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	int64_t tree, const struct ts_tile *tile, struct ts_buf *out, struct ts_why *why)
{
	struct ts_args args;
	struct ts_hash hash;
	int64_t from = tile->index * TS_TILE_WIDTH;

	if (tile->level == 1) {
		ts_args_init(&args);
		ts_arg_i64(&args, contract_id);
		ts_arg_i64(&args, tree);
		ts_arg_i64(&args, from);
		ts_arg_i64(&args, from + tile->width);
		return put_hashes(db, "subtree_hashes", &args, tile->width, out, why);
	}
	struct ts_db_subtrees reader = {
		.db = db, .hasher = hasher, .contract_id = contract_id, .tree = tree};
	for (int i = 0; i < tile->width; i++) {
		TS_TRY(ts_db_subtree_root(&reader, 8 * tile->level, from + i, &hash));
		ts_buf_put(out, hash.b, TS_HASH_BYTES);
	}
	return out->err;
}

static enum ts_err put_leaves(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	const struct ts_tile *tile, struct ts_region *region, struct ts_buf *out,
	struct ts_why *why)
{
	struct ts_db_leaf_row *leaves = NULL;
	int64_t from = tile->index * TS_TILE_WIDTH;
	size_t n = 0;

	TS_TRY(ts_db_log_leaves(db, contract_id, log, from, from + tile->width, -1, TS_TILE_WIDTH,
		region, &leaves, &n, why));
	if (n != (size_t)tile->width)
		return ts_why(why, TS_E_INTERNAL, "tile", "leaves are missing");
	for (size_t i = 0; i < n; i++)
		ts_tile_entry(leaves[i].data, out);
	return out->err;
}

enum ts_err ts_db_log_tile(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	enum ts_db_lock log, const struct ts_tile *tile, struct ts_region *region,
	struct ts_buf *out, struct ts_why *why)
{
	struct ts_args args;

	if (tile->level < 0)
		return put_leaves(db, contract_id, log, tile, region, out, why);
	if (tile->level > 0)
		return put_subtrees(db, hasher, contract_id, -1 - (int64_t)log, tile, out, why);
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i16(&args, (int16_t)log);
	ts_arg_i64(&args, tile->index * TS_TILE_WIDTH);
	ts_arg_i64(&args, tile->index * TS_TILE_WIDTH + tile->width);
	return put_hashes(db, "log_hashes", &args, tile->width, out, why);
}

/* --- streams --- */

enum ts_err ts_db_lines_create(struct ts_db_lines **out)
{
	struct ts_db_lines *lines = calloc(1, sizeof *lines);

	if (lines == NULL)
		return TS_E_NO_MEMORY;
	lines->region = ts_region_create(LINES_BYTES_MAX);
	if (lines->region == NULL) {
		free(lines);
		return TS_E_NO_MEMORY;
	}
	*out = lines;
	return TS_OK;
}

void ts_db_lines_free(struct ts_db_lines *lines)
{
	if (lines == NULL)
		return;
	ts_region_free(lines->region);
	free(lines);
}

static enum ts_err lines_load(struct ts_db_lines *lines, struct ts_db *db, int64_t contract_id,
	int64_t stream_id, int64_t index, struct ts_why *why)
{
	struct ts_db_batch batch;
	struct ts_str bytes;
	size_t n = 0, i = 0;

	lines->stream_id = 0;
	ts_region_reset(lines->region);
	TS_TRY(ts_db_batch_at(db, contract_id, stream_id, index, lines->region, &batch, why));
	TS_TRY(ts_db_batch_lines(db, contract_id, batch.batch_id, lines->region, &bytes, why));
	n = (size_t)(batch.end - batch.first);
	lines->lines = ts_region_array(lines->region, n, sizeof *lines->lines);
	if (lines->lines == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "lines", "out of memory");
	while (i < n && ts_str_line(&bytes, &lines->lines[i]))
		i++;
	if (i != n || bytes.len != 0)
		return ts_why(why, TS_E_INTERNAL, "batch", "batch %" PRId64 " has other lines",
			batch.batch_id);
	lines->first = batch.first;
	lines->end = batch.end;
	lines->contract_id = contract_id;
	lines->stream_id = stream_id;
	return TS_OK;
}

enum ts_err ts_db_lines_get(struct ts_db_lines *lines, struct ts_db *db, int64_t contract_id,
	int64_t stream_id, int64_t index, struct ts_str *out, struct ts_why *why)
{
	if (lines->contract_id != contract_id || lines->stream_id != stream_id ||
		index < lines->first || index >= lines->end)
		TS_TRY(lines_load(lines, db, contract_id, stream_id, index, why));
	*out = lines->lines[index - lines->first];
	return TS_OK;
}

enum ts_err ts_db_stream_tile(struct ts_db *db, struct ts_hasher *hasher, struct ts_db_lines *lines,
	int64_t contract_id, int64_t stream_id, const struct ts_tile *tile, struct ts_buf *out,
	struct ts_why *why)
{
	struct ts_str line;
	struct ts_hash hash;

	if (tile->level > 0)
		return put_subtrees(db, hasher, contract_id, stream_id, tile, out, why);
	for (int i = 0; i < tile->width; i++) {
		TS_TRY(ts_db_lines_get(lines, db, contract_id, stream_id,
			tile->index * TS_TILE_WIDTH + i, &line, why));
		if (tile->level < 0) {
			ts_tile_entry(line, out);
			continue;
		}
		ts_hash_leaf(hasher, line.at, line.len, &hash);
		ts_buf_put(out, hash.b, TS_HASH_BYTES);
	}
	return out->err;
}
