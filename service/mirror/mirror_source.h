/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_MIRROR_SOURCE_H
#define TS_SERVICE_MIRROR_SOURCE_H
/* Why: a mirror holds all that a bundle holds, so it is read as the bundle that it would make
 * (docs/formats/bundle.md): archive bytes at any offset, made as they are asked for out of tile
 * files. Replay and verify run over it unchanged, and written to a file it is the bundle of the
 * service, byte for byte. Memory: a length per tile file, and one tile. */
#include "audit/source.h"
#include "service/mirror/mirror_catalog.h"

struct ts_mirror_source;
/* period: NULL for the newest pair of checkpoints that the mirror holds, else the first one above
 * the issue of that period's document. Borrows dir; the region owns everything but file handles,
 * of which none stay open. TS_E_NOT_FOUND, TS_E_CONFLICT: no such pair, or not issued. */
enum ts_err ts_mirror_source_open(const struct ts_mirror_dir *dir, const char *period,
	struct ts_region *region, struct ts_mirror_source **out, struct ts_why *why) TS_MUST;
void ts_mirror_source_close(struct ts_mirror_source *source); /* NULL is allowed */
/* Borrowed. Its errors are explained by ts_mirror_source_why. */
const struct ts_audit_source *ts_mirror_source_audit(const struct ts_mirror_source *source);
const struct ts_why *ts_mirror_source_why(const struct ts_mirror_source *source);

#endif
