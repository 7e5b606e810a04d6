/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_MIRROR_DIR_H
#define TS_SERVICE_MIRROR_DIR_H
/* Why: the folder in which somebody keeps an own copy of a contract's logs and streams
 * (docs/formats/mirror.md): the files have the paths by which a service serves them. A file is
 * written beside and renamed, so that a name always has whole bytes; nothing is ever deleted. */
#include "base/buf.h"
#include "base/region.h"
#include "evidence/origin.h"
#include "evidence/tree.h"

#define TS_MIRROR_NAME_CHARS 160
#define TS_MIRROR_TILE_BYTES_MAX ((size_t)TS_TILE_WIDTH * (2 + 65535))

/* Names are relative to DIR/log/<contract>. */
struct ts_mirror_dir {
	const char *path; /* DIR; borrowed */
	char contract[TS_CONTRACT_ID_CHARS + 1];
	int lock; /* descriptor while it is written to; -1 */
};
/* Full path of a name, for messages; in out. */
const char *ts_mirror_path(
	const struct ts_mirror_dir *dir, const char *name, char *out, size_t out_bytes);
/* Makes the folder and takes it for this process. TS_E_IN_FLIGHT: another one has it. */
enum ts_err ts_mirror_open(struct ts_mirror_dir *dir, struct ts_why *why) TS_MUST;
void ts_mirror_close(struct ts_mirror_dir *dir);
/* *out is reset first. TS_E_NOT_FOUND, TS_E_IO, TS_E_LIMIT. */
enum ts_err ts_mirror_read(const struct ts_mirror_dir *dir, const char *name, struct ts_buf *out,
	struct ts_why *why) TS_MUST;
/* Replaces what is there; durable only behind ts_mirror_sync. */
enum ts_err ts_mirror_write(const struct ts_mirror_dir *dir, const char *name, struct ts_str bytes,
	struct ts_why *why) TS_MUST;
/* The same for what says that all before it is good: that is made durable first, then this. */
enum ts_err ts_mirror_accept(const struct ts_mirror_dir *dir, const char *name, struct ts_str bytes,
	struct ts_why *why) TS_MUST;
enum ts_err ts_mirror_sync(const struct ts_mirror_dir *dir, struct ts_why *why) TS_MUST;
/* Sizes for which checkpoints/<size> is there, rising. */
enum ts_err ts_mirror_sizes(const struct ts_mirror_dir *dir, const char *tree,
	struct ts_region *region, int64_t **out, size_t *n, struct ts_why *why) TS_MUST;

/* `<tree>/tile/<L>/<N>[.p/<W>]`; returns out. */
const char *ts_mirror_tile_name(
	const char *tree, const struct ts_tile *tile, char out[TS_MIRROR_NAME_CHARS]);
/* The tile that a log of this size has at a level and index: full, or as far as it goes. */
struct ts_tile ts_mirror_tile(int64_t size, int level, int64_t index);

/* A log as its tiles have it. get: bytes of the tile, into *out. */
struct ts_mirror_tiles {
	struct ts_hasher *hasher;
	int64_t size;
	enum ts_err (*get)(void *ctx, const struct ts_tile *tile, struct ts_buf *out);
	void *ctx;
	struct ts_buf bytes; /* caller: init and free; holds `have` */
	struct ts_tile have; /* width 0: none */
};
/* TS_E_MISMATCH: a tile has another length. Else what get returns. */
struct ts_merkle_source ts_mirror_source(struct ts_mirror_tiles *tiles);

#endif
