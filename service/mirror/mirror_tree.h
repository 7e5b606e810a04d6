/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_MIRROR_TREE_H
#define TS_SERVICE_MIRROR_TREE_H
/* Why: brings one log or stream of a mirror from the size that was accepted to a larger one, whose
 * root is known from a signed checkpoint. Nothing that is fetched is believed: every tile must be
 * the one that the entries make, the entries must lead to the new root, and the new tree must
 * contain the old one. Full tiles of the old size are never touched, so that a process killed here
 * leaves the accepted size as it was, and what it has fetched is not fetched again. */
#include "service/command/client.h"
#include "service/mirror/mirror_dir.h"
#include "service/progress.h"

struct ts_mirror_fetch {
	const struct ts_mirror_dir *dir;
	struct ts_client *client;
	struct ts_hasher *hasher;
	struct ts_progress progress;
	int64_t entries; /* new ones, so far */
	struct ts_buf bytes, local; /* one tile each; caller: init and free */
};
struct ts_mirror_span {
	const char *tree; /* "inputs", "streams/<id>" */
	int64_t from, to;
	struct ts_hash from_root, to_root; /* from_root: when from > 0 */
};
/* TS_E_EQUIVOCATION: the service's tree leads to the new root and does not contain the old one.
 * TS_E_MISMATCH: what it serves is not what its checkpoint says. TS_E_INVALID: the mirror's own
 * files are not those that were accepted. Else of the transport, or TS_E_IO. */
enum ts_err ts_mirror_tree(struct ts_mirror_fetch *fetch, const struct ts_mirror_span *span,
	struct ts_why *why) TS_MUST;

/* The hashes of an entries tile's entries. TS_E_MALFORMED: not exactly its width. */
enum ts_err ts_mirror_leaves(struct ts_hasher *hasher, const struct ts_tile *tile,
	struct ts_str bytes, struct ts_hash out[TS_TILE_WIDTH]) TS_MUST;
/* The finished part of a tree and its unfinished tiles above level 0, off the disk; size: a
 * multiple of 256, or the tiles of a log of `size` leaves, of which the last < 256 are left out. */
enum ts_err ts_mirror_tree_load(const struct ts_mirror_dir *dir, const char *tree, int64_t size,
	struct ts_buf *bytes, struct ts_tree *out, struct ts_why *why) TS_MUST;

#endif
