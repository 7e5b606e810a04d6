/* SPDX-License-Identifier: Apache-2.0 */
#include "service/mirror/mirror_check.h"
#include "evidence/checkpoint.h"
#include "service/mirror/mirror_tree.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	struct ts_mirror_check *check;
	struct ts_why *why;
	const char *tree;
	int64_t size;
	struct ts_hash root; /* that was accepted */
	struct ts_buf bytes;
	struct ts_tree built;
	struct ts_hash made[TS_TILE_WIDTH], kept[TS_TILE_WIDTH], above[TS_TILE_WIDTH];
};

static void bad(struct walk *w, const char *name, const char *text)
{
	w->check->bad++;
	w->check->found(w->check->ctx, name, text);
}

/* A file of hashes; *good false when it is absent or has another length. */
static enum ts_err kept_hashes(
	struct walk *w, const struct ts_tile *tile, struct ts_hash *out, bool *good)
{
	char name[TS_MIRROR_NAME_CHARS];
	size_t len = (size_t)tile->width * TS_HASH_BYTES;
	enum ts_err err = ts_mirror_read(
		w->check->dir, ts_mirror_tile_name(w->tree, tile, name), &w->bytes, w->why);
	*good = err == TS_OK && w->bytes.len == len;
	if (*good)
		memcpy(out, w->bytes.data, len);
	return err == TS_E_NOT_FOUND || err == TS_E_LIMIT ? TS_OK : err;
}

static enum ts_err compare(struct walk *w, const struct ts_tile *tile, const struct ts_hash *made)
{
	char name[TS_MIRROR_NAME_CHARS];
	bool good = false;
	TS_TRY(kept_hashes(w, tile, w->above, &good));
	if (!good || memcmp(w->above, made, (size_t)tile->width * TS_HASH_BYTES) != 0)
		bad(w, ts_mirror_tile_name(w->tree, tile, name),
			"it has not the hashes of what lies below it");
	return TS_OK;
}

static enum ts_err on_full(void *ctx, const struct ts_tile *tile, const struct ts_hash *hashes)
{
	return tile->level == 0 ? TS_OK : compare(ctx, tile, hashes);
}

/* Whether these hashes of level 0 are what the tile above, or for the last one the root, says. */
static enum ts_err confirmed(
	struct walk *w, const struct ts_tile *tile, const struct ts_hash *hashes, bool *yes)
{
	struct ts_hash hash;
	if (tile->width < TS_TILE_WIDTH) {
		struct ts_range range;
		ts_tree_range(&w->built, &range);
		for (int i = 0; i < tile->width; i++)
			(void)ts_range_append(w->check->hasher, &range, &hashes[i], NULL);
		ts_range_root(w->check->hasher, &range, &hash);
		*yes = ts_hash_eq(&hash, &w->root);
		return TS_OK;
	}
	const struct ts_tile above = ts_mirror_tile(w->size, 1, tile->index / TS_TILE_WIDTH);
	TS_TRY(kept_hashes(w, &above, w->above, yes));
	ts_tree_fold(w->check->hasher, hashes, TS_TILE_WIDTH, &hash);
	*yes = *yes && ts_hash_eq(&hash, &w->above[tile->index % TS_TILE_WIDTH]);
	return TS_OK;
}

/* One file of entries and the one of their hashes; either may be the bad one. */
static enum ts_err check_tile(struct walk *w, const struct ts_tile *entries)
{
	char name[TS_MIRROR_NAME_CHARS];
	struct ts_tile hashes = *entries;
	size_t len = (size_t)entries->width * TS_HASH_BYTES;
	bool have = false, kept_good = false, made_good = false;
	hashes.level = 0;
	TS_TRY(kept_hashes(w, &hashes, w->kept, &have));
	enum ts_err err = ts_mirror_read(
		w->check->dir, ts_mirror_tile_name(w->tree, entries, name), &w->bytes, w->why);
	if (err != TS_OK && err != TS_E_NOT_FOUND && err != TS_E_LIMIT)
		return err;
	bool whole = err == TS_OK &&
		     ts_mirror_leaves(w->check->hasher, entries,
			     (struct ts_str){w->bytes.data, w->bytes.len}, w->made) == TS_OK;
	if (!whole || !have || memcmp(w->made, w->kept, len) != 0) {
		if (have)
			TS_TRY(confirmed(w, &hashes, w->kept, &kept_good));
		if (whole)
			TS_TRY(confirmed(w, &hashes, w->made, &made_good));
		if (!made_good)
			bad(w, name,
				err == TS_E_NOT_FOUND ? "it is missing"
						      : "an entry has another hash");
		if (!kept_good)
			bad(w, ts_mirror_tile_name(w->tree, &hashes, name),
				have ? "it has not the hashes of its entries" : "it is missing");
	}
	if (!whole && !have)
		return TS_E_INVALID; /* nothing above can be made */
	const struct ts_hash *from = !whole || kept_good ? w->kept : w->made;
	for (int i = 0; i < entries->width; i++)
		TS_TRY(ts_tree_append(&w->built, &from[i]));
	return TS_OK;
}

static enum ts_err check_tree(struct walk *w)
{
	char name[TS_MIRROR_NAME_CHARS];
	struct ts_tile tile;
	struct ts_range range;
	struct ts_hash root;
	int64_t bad_before = w->check->bad;
	while (w->built.size < w->size) {
		tile = ts_mirror_tile(w->size, -1, w->built.size / TS_TILE_WIDTH);
		enum ts_err err = check_tile(w, &tile);
		if (err == TS_E_INVALID)
			return TS_OK;
		TS_TRY(err);
		w->check->entries += tile.width;
		ts_progress_show(&w->check->progress, w->check->entries, 0);
	}
	for (int level = 1; level < TS_TREE_LEVELS; level++)
		if (ts_tree_tile(w->size, level, &tile))
			TS_TRY(compare(w, &tile, w->built.hashes[level]));
	ts_tree_range(&w->built, &range);
	ts_range_root(w->check->hasher, &range, &root);
	(void)snprintf(name, sizeof name, "%s/checkpoint", w->tree);
	if (!ts_hash_eq(&root, &w->root) && w->check->bad == bad_before)
		bad(w, name, "the tiles do not lead to its root");
	return TS_OK;
}

static enum ts_err check_one(struct ts_mirror_check *check, const char *tree, struct ts_why *why)
{
	char name[TS_MIRROR_NAME_CHARS];
	struct ts_note note;
	struct ts_checkpoint checkpoint;
	struct walk *w = calloc(1, sizeof *w);
	if (w == NULL)
		return TS_E_NO_MEMORY;
	w->check = check;
	w->why = why;
	w->tree = tree;
	w->built.hasher = check->hasher;
	w->built.full = on_full;
	w->built.ctx = w;
	ts_buf_init(&w->bytes, TS_MIRROR_TILE_BYTES_MAX);
	(void)snprintf(name, sizeof name, "%s/checkpoint", tree);
	enum ts_err err = ts_mirror_read(check->dir, name, &w->bytes, why);
	if (err == TS_OK &&
		(ts_note_parse((struct ts_str){w->bytes.data, w->bytes.len}, &note, why) != TS_OK ||
			ts_checkpoint_parse(note.text, &checkpoint, why) != TS_OK)) {
		bad(w, name, "it is no checkpoint");
	} else if (err == TS_OK) {
		w->size = checkpoint.size;
		w->root = checkpoint.root;
		err = check_tree(w);
	}
	ts_buf_free(&w->bytes);
	free(w);
	return err == TS_E_NOT_FOUND ? TS_OK : err; /* nothing of it was accepted */
}

/* Streams are found by their folders: a damaged log can't tell them. */
static enum ts_err check_streams(struct ts_mirror_check *check, struct ts_why *why)
{
	char path[PATH_MAX], tree[TS_MIRROR_NAME_CHARS];
	uint8_t id[TS_STREAM_ID_CHARS / 2];
	const struct dirent *entry = NULL;
	enum ts_err err = TS_OK;
	DIR *folder = opendir(ts_mirror_path(check->dir, "streams", path, sizeof path));
	if (folder == NULL)
		return errno == ENOENT
			       ? TS_OK
			       : ts_why(why, TS_E_IO, path, "cannot open: %s", strerror(errno));
	while (err == TS_OK && (entry = readdir(folder)) != NULL) {
		if (ts_text_unhex(ts_str(entry->d_name), id, sizeof id) != TS_OK)
			continue;
		(void)snprintf(
			tree, sizeof tree, "streams/%.*s", TS_STREAM_ID_CHARS, entry->d_name);
		err = check_one(check, tree, why);
	}
	(void)closedir(folder);
	return err;
}

enum ts_err ts_mirror_check(struct ts_mirror_check *check, struct ts_why *why)
{
	ts_progress_begin(&check->progress, "entries checked");
	enum ts_err err = check_one(check, "inputs", why);
	if (err == TS_OK)
		err = check_one(check, "journal", why);
	if (err == TS_OK)
		err = check_streams(check, why);
	ts_progress_end(&check->progress);
	return err;
}
