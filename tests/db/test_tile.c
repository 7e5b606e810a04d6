/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles of a log of 70,000 leaves: byte for byte those of an independent implementation, and every
 * tile above level 0 is the roots of the tiles below. */
#include "db/signing.h"
#include "store/tile.h"
#include "support/file.h"
#include <jansson.h>

#define SIZE 70000

static struct ts_region *region;
static struct ts_buf out;

static enum ts_err tile_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	const struct ts_tile *tile = arg;
	ts_buf_reset(&out);
	ts_region_reset(region);
	return ts_db_log_tile(
		db, &session.hasher, contracts[1], TS_DB_LOCK_JOURNAL, tile, region, &out, why);
}

static void tile_of(struct ts_tile tile)
{
	struct ts_why why = {"", ""};
	OK(ts_db_tx_contract(service, contracts[1], tile_tx, &tile, &why));
}

static void published_tiles(void **state)
{
	struct ts_file file = ts_fixture_read("evidence/rfc6962-merkle/derived-leaf-n.json");
	json_t *doc = json_loadb(file.bytes, file.len, 0, NULL);
	json_t *samples = json_object_get(json_object_get(doc, "tiles_for_size_70000"), "sample");
	json_t *sample;
	size_t i;
	(void)state;
	json_array_foreach(samples, i, sample)
	{
		struct ts_str path = ts_str(json_string_value(json_object_get(sample, "path")));
		char hex[2 * TS_HASH_BYTES + 1];
		struct ts_hash hash;
		struct ts_tile tile;
		(void)ts_str_cut(&path, '/');
		struct ts_str level = ts_str_cut(&path, '/');
		assert_int_equal(ts_tile_parse(level, path, &tile), TS_OK);
		assert_true(ts_tile_exists(&tile, SIZE));
		tile_of(tile);
		assert_int_equal(out.len, json_integer_value(json_object_get(sample, "bytes")));
		ts_sha256(out.data, out.len, &hash);
		ts_text_hex(hash.b, TS_HASH_BYTES, hex);
		assert_string_equal(hex, json_string_value(json_object_get(sample, "sha256")));
	}
	assert_true(i >= 5);
	json_decref(doc);
	ts_file_free(&file);
}

static void root_of(const char *hashes, struct ts_hash *root)
{
	struct ts_range range;
	struct ts_hash hash;
	ts_range_init(&range);
	for (int i = 0; i < 256; i++) {
		memcpy(hash.b, hashes + 32 * (ptrdiff_t)i, 32);
		ts_range_append(&session.hasher, &range, &hash, NULL);
	}
	ts_range_root(&session.hasher, &range, root);
}

static void levels_agree(void **state)
{
	struct ts_hash root;
	char upper[32];
	(void)state;
	for (int level = 0; level < 2; level++)
		for (int64_t index = 0; index < (level == 0 ? 273 : 1); index += 16) {
			tile_of((struct ts_tile){level, index, 256});
			root_of(out.data, &root);
			tile_of((struct ts_tile){level + 1, index / 256, (int)(index % 256) + 1});
			memcpy(upper, out.data + out.len - 32, 32);
			assert_memory_equal(upper, root.b, 32);
		}
}

static void entries(void **state)
{
	(void)state;
	tile_of((struct ts_tile){-1, 273, 112});
	assert_int_equal(out.len, 112 * (2 + strlen("leaf 69888")));
	assert_memory_equal(out.data, "\0\nleaf 69888\0\nleaf 69889", 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_tiles),
		cmocka_unit_test(levels_agree),
		cmocka_unit_test(entries),
	};
	signing_start();
	region = ts_region_create(64u << 20);
	ts_buf_init(&out, 32u << 20);
	signing_append(1, TS_DB_LOCK_JOURNAL, SIZE);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	ts_buf_free(&out);
	ts_region_free(region);
	signing_stop();
	return failed;
}
