/* SPDX-License-Identifier: Apache-2.0 */
#include "service/mirror/mirror_tree.h"
#include <stdlib.h>
#include <string.h>

struct job {
	struct ts_mirror_fetch *f;
	const struct ts_mirror_span *span;
	struct ts_why *why;
	struct ts_tree tree;
	struct ts_hash leaves[TS_TILE_WIDTH], served[TS_TILE_WIDTH];
};

static enum ts_err get(struct job *j, const char *name, struct ts_buf *out)
{
	char path[TS_MIRROR_NAME_CHARS + 64];
	(void)snprintf(path, sizeof path, "/log/%s/%s", j->f->dir->contract, name);
	ts_buf_reset(out);
	return ts_client_get_bytes(j->f->client, path, NULL, out, j->why);
}

enum ts_err ts_mirror_leaves(struct ts_hasher *hasher, const struct ts_tile *tile,
	struct ts_str bytes, struct ts_hash out[TS_TILE_WIDTH])
{
	struct ts_str entry;
	for (int i = 0; i < tile->width; i++) {
		if (!ts_tile_take(&bytes, &entry))
			return TS_E_MALFORMED;
		ts_hash_leaf(hasher, entry.at, entry.len, &out[i]);
	}
	return bytes.len == 0 ? TS_OK : TS_E_MALFORMED;
}

enum ts_err ts_mirror_tree_load(const struct ts_mirror_dir *dir, const char *tree, int64_t size,
	struct ts_buf *bytes, struct ts_tree *out, struct ts_why *why)
{
	char name[TS_MIRROR_NAME_CHARS];
	struct ts_tile tile;
	out->size = size - size % TS_TILE_WIDTH;
	for (int level = 1; level < TS_TREE_LEVELS; level++) {
		if (!ts_tree_tile(out->size, level, &tile))
			continue;
		TS_TRY(ts_mirror_read(dir, ts_mirror_tile_name(tree, &tile, name), bytes, why));
		if (bytes->len != (size_t)tile.width * TS_HASH_BYTES)
			return ts_why(why, TS_E_INVALID, name, "it has %zu bytes, not %d",
				bytes->len, tile.width * TS_HASH_BYTES);
		memcpy(out->hashes[level], bytes->data, bytes->len);
	}
	return TS_OK;
}

/* What the mirror holds must have the root that it accepted. */
static enum ts_err check_own(struct job *j)
{
	char name[TS_MIRROR_NAME_CHARS] = "";
	struct ts_range range;
	struct ts_hash root;
	int64_t from = j->span->from;
	struct ts_tile tile = ts_mirror_tile(from, -1, from / TS_TILE_WIDTH);
	enum ts_err err = ts_mirror_tree_load(
		j->f->dir, j->span->tree, from, &j->f->local, &j->tree, j->why);
	if (err == TS_OK && tile.width > 0) {
		ts_mirror_tile_name(j->span->tree, &tile, name);
		err = ts_mirror_read(j->f->dir, name, &j->f->local, j->why);
		if (err == TS_OK)
			err = ts_mirror_leaves(j->f->hasher, &tile,
				(struct ts_str){j->f->local.data, j->f->local.len}, j->leaves);
	}
	if (err != TS_OK && err != TS_E_NOT_FOUND && err != TS_E_MALFORMED && err != TS_E_INVALID)
		return err;
	ts_tree_range(&j->tree, &range);
	for (int i = 0; err == TS_OK && i < tile.width; i++)
		(void)ts_range_append(j->f->hasher, &range, &j->leaves[i], NULL);
	ts_range_root(j->f->hasher, &range, &root);
	if (err == TS_OK && ts_hash_eq(&root, &j->span->from_root))
		return TS_OK;
	return ts_why(j->why, TS_E_INVALID, j->span->tree,
		"files of the mirror itself are damaged or missing: `tallystick replay` names "
		"them; "
		"restore them from a copy, or mirror into a new folder");
}

static enum ts_err get_served(void *ctx, const struct ts_tile *tile, struct ts_buf *out)
{
	char name[TS_MIRROR_NAME_CHARS];
	struct job *j = ctx;
	return get(j, ts_mirror_tile_name(j->span->tree, tile, name), out);
}

/* Before anything is fetched: the service's own hashes lead to both roots. */
static enum ts_err check_served(struct job *j)
{
	struct ts_mirror_tiles tiles = {
		.hasher = j->f->hasher, .size = j->span->to, .get = get_served, .ctx = j};
	struct ts_merkle_source source = ts_mirror_source(&tiles);
	struct ts_hash root;
	ts_buf_init(&tiles.bytes, TS_TILE_WIDTH * TS_HASH_BYTES);
	enum ts_err err = ts_merkle_root(j->f->hasher, &source, j->span->to, &root);
	if (err == TS_OK && !ts_hash_eq(&root, &j->span->to_root))
		err = TS_E_MISMATCH;
	if (err == TS_E_MISMATCH)
		(void)ts_why(j->why, err, j->span->tree,
			"the hashes that the service serves do not lead to the signed root of size "
			"%lld",
			(long long)j->span->to);
	if (err == TS_OK && j->span->from > 0) {
		err = ts_merkle_root(j->f->hasher, &source, j->span->from, &root);
		if (err == TS_OK && !ts_hash_eq(&root, &j->span->from_root))
			err = ts_why(j->why, TS_E_EQUIVOCATION, j->span->tree,
				"size %lld does not contain what was mirrored up to %lld",
				(long long)j->span->to, (long long)j->span->from);
	}
	ts_buf_free(&tiles.bytes);
	return err;
}

/* A tile of hashes as the entries make it: the service must serve just that. */
static enum ts_err put_hashes(
	struct job *j, const struct ts_tile *tile, const struct ts_hash *hashes)
{
	char name[TS_MIRROR_NAME_CHARS];
	size_t len = (size_t)tile->width * TS_HASH_BYTES;
	ts_mirror_tile_name(j->span->tree, tile, name);
	if (tile->level > 0) {
		TS_TRY(get(j, name, &j->f->bytes));
		if (j->f->bytes.len != len || memcmp(j->f->bytes.data, hashes, len) != 0)
			return ts_why(j->why, TS_E_MISMATCH, name,
				"the service serves other hashes than its entries make");
	}
	return ts_mirror_write(j->f->dir, name, (struct ts_str){(const char *)hashes, len}, j->why);
}

static enum ts_err on_full(void *ctx, const struct ts_tile *tile, const struct ts_hash *hashes)
{
	return tile->level == 0 ? TS_OK : put_hashes(ctx, tile, hashes);
}

/* 256 entries or what is left: the hashes first; entries only if the disk has not got them. */
static enum ts_err take_tile(struct job *j, const struct ts_tile *entries)
{
	char name[TS_MIRROR_NAME_CHARS], hashes_name[TS_MIRROR_NAME_CHARS];
	struct ts_tile hashes = *entries;
	size_t len = (size_t)entries->width * TS_HASH_BYTES;
	hashes.level = 0;
	ts_mirror_tile_name(j->span->tree, entries, name);
	ts_mirror_tile_name(j->span->tree, &hashes, hashes_name);
	TS_TRY(get(j, hashes_name, &j->f->bytes));
	if (j->f->bytes.len != len)
		return ts_why(j->why, TS_E_MISMATCH, hashes_name,
			"the service serves %zu bytes, not %zu", j->f->bytes.len, len);
	memcpy(j->served, j->f->bytes.data, len);
	enum ts_err err = ts_mirror_read(j->f->dir, name, &j->f->local, j->why);
	struct ts_str local = {j->f->local.data, j->f->local.len};
	bool have = err == TS_OK &&
		    ts_mirror_leaves(j->f->hasher, entries, local, j->leaves) == TS_OK &&
		    memcmp(j->leaves, j->served, len) == 0;
	if (!have) {
		TS_TRY(get(j, name, &j->f->bytes));
		struct ts_str bytes = {j->f->bytes.data, j->f->bytes.len};
		if (ts_mirror_leaves(j->f->hasher, entries, bytes, j->leaves) != TS_OK ||
			memcmp(j->leaves, j->served, len) != 0)
			return ts_why(j->why, TS_E_MISMATCH, name,
				"the service serves entries that do not have the hashes of its own "
				"tile");
		TS_TRY(ts_mirror_write(j->f->dir, name, bytes, j->why));
	}
	TS_TRY(put_hashes(j, &hashes, j->leaves));
	for (int i = 0; i < entries->width; i++)
		TS_TRY(ts_tree_append(&j->tree, &j->leaves[i]));
	return TS_OK;
}

static enum ts_err take_all(struct job *j)
{
	struct ts_tile tile;
	struct ts_range range;
	struct ts_hash root;
	int64_t to = j->span->to, shown = j->span->from;
	while (j->tree.size < to) {
		tile = ts_mirror_tile(to, -1, j->tree.size / TS_TILE_WIDTH);
		TS_TRY(take_tile(j, &tile));
		j->f->entries += j->tree.size - shown;
		shown = j->tree.size;
		ts_progress_show(&j->f->progress, j->f->entries, 0);
	}
	for (int level = 1; level < TS_TREE_LEVELS; level++)
		if (ts_tree_tile(to, level, &tile))
			TS_TRY(put_hashes(j, &tile, j->tree.hashes[level]));
	ts_tree_range(&j->tree, &range);
	ts_range_root(j->f->hasher, &range, &root);
	if (!ts_hash_eq(&root, &j->span->to_root))
		return ts_why(j->why, TS_E_MISMATCH, j->span->tree,
			"the entries that the service serves do not lead to the signed root of "
			"size %lld",
			(long long)to);
	return TS_OK;
}

enum ts_err ts_mirror_tree(
	struct ts_mirror_fetch *fetch, const struct ts_mirror_span *span, struct ts_why *why)
{
	struct job *j = calloc(1, sizeof *j);
	if (j == NULL)
		return TS_E_NO_MEMORY;
	j->f = fetch;
	j->span = span;
	j->why = why;
	j->tree.hasher = fetch->hasher;
	j->tree.full = on_full;
	j->tree.ctx = j;
	enum ts_err err = span->from > 0 ? check_own(j) : TS_OK;
	if (err == TS_OK && span->to > span->from) {
		err = check_served(j);
		if (err == TS_OK)
			err = take_all(j);
	}
	free(j);
	return err;
}
