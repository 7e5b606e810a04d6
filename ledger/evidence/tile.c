/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tile.h"
#include <stdio.h>
#include <string.h>

#define INDEX_MAX INT64_C(999999999999999999) /* six groups */

/* `x001/x234/067`: digits behind an x in all groups but the last, as many as it has. */
static enum ts_err index_parse(struct ts_str text, int64_t *out)
{
	int64_t index = 0;
	while (text.at != NULL) {
		struct ts_str group = ts_str_cut(&text, '/');
		bool last = text.at == NULL;
		if (group.len != (last ? 3 : 4) || (!last && group.at[0] != 'x') ||
			index > INDEX_MAX / 1000)
			return TS_E_MALFORMED;
		for (size_t i = last ? 0 : 1; i < group.len; i++) {
			if (group.at[i] < '0' || group.at[i] > '9')
				return TS_E_MALFORMED;
			index = index * 10 + (group.at[i] - '0');
		}
	}
	if (index > INDEX_MAX)
		return TS_E_MALFORMED;
	*out = index;
	return TS_OK;
}

/* The position of `.p/`, or the length. */
static size_t partial_at(struct ts_str path)
{
	for (size_t i = 0; i + 3 <= path.len; i++)
		if (memcmp(path.at + i, ".p/", 3) == 0)
			return i;
	return path.len;
}

enum ts_err ts_tile_parse(struct ts_str level, struct ts_str path, struct ts_tile *out)
{
	struct ts_tile tile = {.level = -1, .width = TS_TILE_WIDTH};
	char again[TS_TILE_PATH_CHARS];
	int64_t number = 0;
	if (!ts_str_is(level, "entries")) {
		if (ts_text_u63(level, &number) != TS_OK || number > TS_TILE_LEVEL_MAX)
			return TS_E_MALFORMED;
		tile.level = (int)number;
	}
	if (path.at == NULL)
		return TS_E_MALFORMED;
	size_t cut = partial_at(path);
	TS_TRY(index_parse((struct ts_str){path.at, cut}, &tile.index));
	if (cut < path.len) {
		if (ts_text_u63((struct ts_str){path.at + cut + 3, path.len - cut - 3}, &number) !=
				TS_OK ||
			number < 1 || number >= TS_TILE_WIDTH)
			return TS_E_MALFORMED;
		tile.width = (int)number;
	}
	if (!ts_str_is(path, ts_tile_path(&tile, again))) /* x000/001 */
		return TS_E_MALFORMED;
	*out = tile;
	return TS_OK;
}

const char *ts_tile_path(const struct ts_tile *tile, char out[TS_TILE_PATH_CHARS])
{
	int64_t scale = 1;
	int n = 0;
	TS_ASSERT(tile->index >= 0 && tile->index <= INDEX_MAX && tile->width >= 1 &&
		  tile->width <= TS_TILE_WIDTH);
	while (tile->index / scale >= 1000)
		scale *= 1000;
	for (; scale > 1; scale /= 1000)
		n += snprintf(out + n, TS_TILE_PATH_CHARS - (size_t)n, "x%03d/",
			(int)(tile->index / scale % 1000));
	n += snprintf(out + n, TS_TILE_PATH_CHARS - (size_t)n, "%03d", (int)(tile->index % 1000));
	if (tile->width < TS_TILE_WIDTH)
		n += snprintf(out + n, TS_TILE_PATH_CHARS - (size_t)n, ".p/%d", tile->width);
	TS_ASSERT(n < TS_TILE_PATH_CHARS);
	return out;
}

bool ts_tile_exists(const struct ts_tile *tile, int64_t size)
{
	int shift = tile->level > 0 ? 8 * tile->level : 0;
	int64_t there = shift < 63 ? size >> shift : 0; /* hashes or entries of that level */
	return tile->index <= there / TS_TILE_WIDTH &&
	       tile->index * TS_TILE_WIDTH + tile->width <= there;
}

void ts_tile_entry(struct ts_str data, struct ts_buf *out)
{
	TS_ASSERT(data.len <= UINT16_MAX);
	ts_buf_put_u16be(out, (uint16_t)data.len);
	ts_buf_put(out, data.at, data.len);
}

bool ts_tile_take(struct ts_str *rest, struct ts_str *data)
{
	if (rest->len < 2)
		return false;
	const uint8_t *head = (const uint8_t *)rest->at;
	size_t len = (size_t)head[0] << 8 | head[1];
	if (rest->len - 2 < len)
		return false;
	*data = (struct ts_str){rest->at + 2, len};
	*rest = (struct ts_str){rest->at + 2 + len, rest->len - 2 - len};
	return true;
}
