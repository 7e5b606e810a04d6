/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_TILE_H
#define TS_EVIDENCE_TILE_H
/* Why: C2SP tlog-tiles: a log is read as static files of 256 hashes or entries, so that a mirror
 * needs nothing of ours. Paths: `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`, N in groups
 * of three digits, all but the last with an x before them: 1234067 is x001/x234/067. */
#include "base/buf.h"
#include "base/text.h"

#define TS_TILE_WIDTH 256
#define TS_TILE_LEVEL_MAX 63 /* of the format; a log of ours has at most 5 (2^48 leaves) */
#define TS_TILE_PATH_CHARS 40 /* x999/x999/x999/x999/x999/999.p/255 */

struct ts_tile {
	int level; /* -1: entries */
	int64_t index; /* N */
	int width; /* 1..256; 256 is a full tile and has no .p */
};
/* level is what stands between `tile/` and N; TS_E_MALFORMED for any other spelling. */
enum ts_err ts_tile_parse(struct ts_str level, struct ts_str path, struct ts_tile *out) TS_MUST;
/* `N[.p/W]` with a NUL; returns out. */
const char *ts_tile_path(const struct ts_tile *tile, char out[TS_TILE_PATH_CHARS]);
/* True when a log of this size has all that the tile holds. */
bool ts_tile_exists(const struct ts_tile *tile, int64_t size);
/* One entry of an entries tile: u16be length, data. */
void ts_tile_entry(struct ts_str data, struct ts_buf *out);
/* Takes the next entry off *rest; false: none is left, or what is left is no whole entry. */
bool ts_tile_take(struct ts_str *rest, struct ts_str *data);

#endif
