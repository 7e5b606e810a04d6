/* SPDX-License-Identifier: Apache-2.0 */
#include "service/mirror/mirror_dir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char *ts_mirror_path(
	const struct ts_mirror_dir *dir, const char *name, char *out, size_t out_bytes)
{
	(void)snprintf(out, out_bytes, "%s/log/%s%s%s", dir->path, dir->contract,
		name[0] != '\0' ? "/" : "", name);
	return out;
}

static enum ts_err path_of(
	const struct ts_mirror_dir *dir, const char *name, char out[PATH_MAX], struct ts_why *why)
{
	if (strlen(dir->path) + strlen(name) + TS_CONTRACT_ID_CHARS + 16 >= PATH_MAX)
		return ts_why(why, TS_E_LIMIT, name, "the path is too long");
	ts_mirror_path(dir, name, out, PATH_MAX);
	return TS_OK;
}

static enum ts_err failed(struct ts_why *why, const char *path, const char *what)
{
	return ts_why(why, errno == ENOENT ? TS_E_NOT_FOUND : TS_E_IO, path, "cannot %s: %s", what,
		strerror(errno));
}

/* Every folder above the last slash. */
static enum ts_err make_folders(char *path, struct ts_why *why)
{
	for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
		if (!made)
			return failed(why, path, "make the folder");
		*at = '/';
	}
	return TS_OK;
}

enum ts_err ts_mirror_open(struct ts_mirror_dir *dir, struct ts_why *why)
{
	char path[PATH_MAX];
	dir->lock = -1;
	TS_TRY(path_of(dir, "tree/", path, why));
	path[strlen(path) - sizeof "tree"] = '\0';
	TS_TRY(make_folders(path, why));
	path[strlen(path) - 1] = '\0';
	dir->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->lock < 0)
		return failed(why, path, "open");
	if (flock(dir->lock, LOCK_EX | LOCK_NB) != 0) {
		ts_mirror_close(dir);
		return ts_why(why, TS_E_IN_FLIGHT, path, "another tallystick mirror writes to it");
	}
	return TS_OK;
}

void ts_mirror_close(struct ts_mirror_dir *dir)
{
	if (dir->lock >= 0)
		(void)close(dir->lock);
	dir->lock = -1;
}

enum ts_err ts_mirror_read(
	const struct ts_mirror_dir *dir, const char *name, struct ts_buf *out, struct ts_why *why)
{
	char path[PATH_MAX], block[65536];
	ssize_t n = 0;
	ts_buf_reset(out);
	TS_TRY(path_of(dir, name, path, why));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failed(why, path, "open");
	while (out->err == TS_OK &&
		((n = read(fd, block, sizeof block)) > 0 || (n < 0 && errno == EINTR)))
		ts_buf_put(out, block, n > 0 ? (size_t)n : 0);
	enum ts_err err = n < 0 ? failed(why, path, "read") : TS_OK;
	(void)close(fd);
	return out->err == TS_OK
		       ? err
		       : ts_why(why, out->err, path, "longer than %zu bytes", out->len_max);
}

static bool write_all(int fd, struct ts_str bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.at, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes.at += n;
		bytes.len -= (size_t)n;
	}
	return true;
}

static enum ts_err put(const struct ts_mirror_dir *dir, const char *name, struct ts_str bytes,
	bool durable, struct ts_why *why)
{
	char path[PATH_MAX], beside[PATH_MAX + 8];
	TS_TRY(path_of(dir, name, path, why));
	(void)snprintf(beside, sizeof beside, "%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 && errno == ENOENT) {
		TS_TRY(make_folders(path, why));
		fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	}
	if (fd < 0)
		return failed(why, beside, "create");
	bool good = write_all(fd, bytes) && (!durable || fsync(fd) == 0);
	enum ts_err err = good ? TS_OK : failed(why, beside, "write");
	if (close(fd) != 0 && err == TS_OK)
		err = failed(why, beside, "write");
	if (err == TS_OK && rename(beside, path) != 0)
		err = failed(why, path, "rename");
	return err;
}

enum ts_err ts_mirror_write(
	const struct ts_mirror_dir *dir, const char *name, struct ts_str bytes, struct ts_why *why)
{
	return put(dir, name, bytes, false, why);
}

enum ts_err ts_mirror_accept(
	const struct ts_mirror_dir *dir, const char *name, struct ts_str bytes, struct ts_why *why)
{
	TS_TRY(ts_mirror_sync(dir, why));
	TS_TRY(put(dir, name, bytes, true, why));
	return ts_mirror_sync(dir, why);
}

enum ts_err ts_mirror_sync(const struct ts_mirror_dir *dir, struct ts_why *why)
{
	return syncfs(dir->lock) == 0 ? TS_OK : failed(why, dir->path, "sync");
}

static int by_size(const void *a, const void *b)
{
	const int64_t *m = a, *n = b;
	return *m < *n ? -1 : *m > *n;
}

enum ts_err ts_mirror_sizes(const struct ts_mirror_dir *dir, const char *tree,
	struct ts_region *region, int64_t **out, size_t *n, struct ts_why *why)
{
	char name[TS_MIRROR_NAME_CHARS], path[PATH_MAX];
	const struct dirent *entry = NULL;
	size_t cap = 0;
	enum ts_err err = TS_OK;
	*out = NULL;
	*n = 0;
	(void)snprintf(name, sizeof name, "%s/checkpoints", tree);
	TS_TRY(path_of(dir, name, path, why));
	DIR *folder = opendir(path);
	if (folder == NULL)
		return errno == ENOENT ? TS_OK : failed(why, path, "open");
	while (err == TS_OK && (entry = readdir(folder)) != NULL) {
		int64_t size = 0;
		if (ts_text_u63(ts_str(entry->d_name), &size) != TS_OK)
			continue;
		if (*n == cap) {
			size_t more = cap == 0 ? 64 : 2 * cap;
			int64_t *bigger = ts_region_array(region, more, sizeof *bigger);
			if (bigger != NULL && *n > 0)
				memcpy(bigger, *out, *n * sizeof *bigger);
			*out = bigger;
			cap = more;
			err = bigger != NULL ? TS_OK : TS_E_NO_MEMORY;
		}
		if (err == TS_OK)
			(*out)[(*n)++] = size;
	}
	(void)closedir(folder);
	if (err == TS_OK && *n > 1)
		qsort(*out, *n, sizeof **out, by_size);
	return err;
}

const char *ts_mirror_tile_name(
	const char *tree, const struct ts_tile *tile, char out[TS_MIRROR_NAME_CHARS])
{
	char path[TS_TILE_PATH_CHARS];
	if (tile->level < 0)
		(void)snprintf(out, TS_MIRROR_NAME_CHARS, "%s/tile/entries/%s", tree,
			ts_tile_path(tile, path));
	else
		(void)snprintf(out, TS_MIRROR_NAME_CHARS, "%s/tile/%d/%s", tree, tile->level,
			ts_tile_path(tile, path));
	return out;
}

struct ts_tile ts_mirror_tile(int64_t size, int level, int64_t index)
{
	int64_t there = size >> (level > 0 ? 8 * level : 0);
	int64_t behind = there - index * TS_TILE_WIDTH;
	return (struct ts_tile){level, index, behind < TS_TILE_WIDTH ? (int)behind : TS_TILE_WIDTH};
}

static enum ts_err subtree(void *ctx, int level, int64_t index, struct ts_hash *out)
{
	struct ts_mirror_tiles *t = ctx;
	size_t n = (size_t)1 << (level % 8);
	int64_t first = index << (level % 8); /* hash of the tile's level */
	size_t at = (size_t)(first % TS_TILE_WIDTH);
	struct ts_tile tile = ts_mirror_tile(t->size, level / 8, first / TS_TILE_WIDTH);
	if (t->have.width != tile.width || t->have.level != tile.level ||
		t->have.index != tile.index) {
		t->have.width = 0;
		TS_TRY(t->get(t->ctx, &tile, &t->bytes));
		if (t->bytes.len != (size_t)tile.width * TS_HASH_BYTES)
			return TS_E_MISMATCH;
		t->have = tile;
	}
	if (at + n > (size_t)tile.width)
		return TS_E_RANGE;
	ts_tree_fold(t->hasher, (const struct ts_hash *)(const void *)t->bytes.data + at, n, out);
	return TS_OK;
}

struct ts_merkle_source ts_mirror_source(struct ts_mirror_tiles *tiles)
{
	return (struct ts_merkle_source){subtree, tiles};
}
