/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as the published vectors have them; what a log of a size has. */
#include "vector.h"
#include "evidence/tile.h"

static json_t *paths;

static void parse_ok(void **state)
{
	size_t i;
	json_t *row;
	(void)state;
	json_array_foreach(vec_get(paths, "parse_ok"), i, row)
	{
		struct ts_tile tile;
		char again[TS_TILE_PATH_CHARS];
		struct ts_str path = ts_str(json_string_value(json_array_get(row, 1)));
		int width = (int)json_integer_value(json_array_get(row, 4));
		assert_ok(ts_tile_parse(
			ts_str(json_string_value(json_array_get(row, 0))), path, &tile));
		assert_int_equal(tile.level, json_integer_value(json_array_get(row, 2)));
		assert_int_equal(tile.index, json_integer_value(json_array_get(row, 3)));
		assert_int_equal(tile.width, width == 0 ? 256 : width);
		assert_true(ts_str_is(path, ts_tile_path(&tile, again)));
	}
	assert_true(i > 3);
}

static void parse_error(void **state)
{
	static const char *const more[] = {"", "0", "00", "0000", "x000/001", "000.p/0", "000.p/01",
		"000.p/256", "000.p/1/", "/000", "000/", "x00a/000", "000.p/1.p/1", "X001/000",
		"000.P/1", " 000", "000 "};
	struct ts_tile tile;
	size_t i;
	json_t *row;
	(void)state;
	json_array_foreach(vec_get(paths, "parse_error"), i, row)
		assert_err(ts_tile_parse(ts_str(json_string_value(json_array_get(row, 0))),
				   ts_str(json_string_value(json_array_get(row, 1))), &tile),
			TS_E_MALFORMED);
	assert_true(i > 10);
	for (i = 0; i < sizeof more / sizeof more[0]; i++)
		assert_err(
			ts_tile_parse(TS_STR("entries"), ts_str(more[i]), &tile), TS_E_MALFORMED);
	assert_err(ts_tile_parse(TS_STR("00"), TS_STR("000"), &tile), TS_E_MALFORMED);
	assert_err(ts_tile_parse(TS_STR("Entries"), TS_STR("000"), &tile), TS_E_MALFORMED);
}

static void format(void **state)
{
	size_t i;
	json_t *row;
	(void)state;
	json_array_foreach(vec_get(paths, "tile_path"), i, row)
	{
		struct ts_tile tile = {.level = (int)json_integer_value(json_array_get(row, 0)),
			.index = json_integer_value(json_array_get(row, 1)),
			.width = (int)json_integer_value(json_array_get(row, 2))};
		char path[TS_TILE_PATH_CHARS], whole[80];
		if (tile.width == 0)
			tile.width = 256;
		snprintf(whole, sizeof whole, "tile/%d/%s", tile.level, ts_tile_path(&tile, path));
		assert_string_equal(whole, json_string_value(json_array_get(row, 3)));
	}
	json_array_foreach(vec_get(paths, "entries_path_for_index"), i, row)
	{
		int64_t index = json_integer_value(json_array_get(row, 0));
		int64_t size = json_integer_value(json_array_get(row, 1));
		struct ts_tile tile = {.level = -1, .index = index / 256, .width = 256};
		char path[TS_TILE_PATH_CHARS], whole[80];
		if (!ts_tile_exists(&tile, size))
			tile.width = (int)(size % 256);
		assert_true(ts_tile_exists(&tile, size));
		snprintf(whole, sizeof whole, "tile/entries/%s", ts_tile_path(&tile, path));
		assert_string_equal(whole, json_string_value(json_array_get(row, 2)));
	}
}

/* By counting: hash k of level l is there when all its leaves are. */
static void exists(void **state)
{
	(void)state;
	for (int level = -1; level <= 2; level++)
		for (int64_t size = 0; size < 140000; size += 257) {
			int64_t span = level == 2 ? 65536 : level == 1 ? 256 : 1;
			for (int64_t index = 0; index < 3; index++)
				for (int width = 1; width <= 256; width += 51) {
					const struct ts_tile tile = {level, index, width};
					int64_t last = (index * 256 + width) * span;
					assert_int_equal(ts_tile_exists(&tile, size), last <= size);
				}
		}
	const struct ts_tile far = {0, INT64_C(999999999999999999), 256};
	assert_false(ts_tile_exists(&far, INT64_MAX / 1000000));
	const struct ts_tile high = {63, 0, 1};
	assert_false(ts_tile_exists(&high, INT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_ok),
		cmocka_unit_test(parse_error),
		cmocka_unit_test(format),
		cmocka_unit_test(exists),
	};
	struct ts_file file = ts_fixture_read("evidence/tiles/paths.json");
	paths = json_loadb(file.bytes, file.len, 0, NULL);
	ts_file_free(&file);
	if (paths == NULL)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(paths);
	return failed;
}
