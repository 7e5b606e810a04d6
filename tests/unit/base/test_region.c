/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "base/region.h"
#include "support/seed.h"
#include <stdalign.h>
#include <string.h>

static void gives_zeroed_aligned_memory(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(1 << 20);
	assert_non_null(region);
	for (size_t n = 0; n < 300; n++) {
		unsigned char *at = ts_region_alloc(region, n);
		assert_non_null(at);
		assert_int_equal((uintptr_t)at % alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(at[i], 0);
		memset(at, 0xff, n);
	}
	ts_region_reset(region);
	assert_int_equal(ts_region_used_bytes(region), 0);
	unsigned char *again = ts_region_alloc(region, 4000);
	assert_non_null(again);
	for (size_t i = 0; i < 4000; i++)
		assert_int_equal(again[i], 0);
	ts_region_free(region);
	ts_region_free(NULL);
}

static void blocks_never_overlap(void **state)
{
	(void)state;
	struct ts_rng rng = ts_rng_create(ts_seed(7));
	struct ts_region *region = ts_region_create(64 << 20);
	unsigned char *at[500];
	size_t len[500];
	for (size_t i = 0; i < 500; i++) {
		len[i] = ts_rng_below(&rng, i % 50 == 0 ? 100000 : 900) + 1;
		at[i] = ts_region_alloc(region, len[i]);
		assert_non_null(at[i]);
		memset(at[i], (int)(i % 251), len[i]);
	}
	for (size_t i = 0; i < 500; i++) {
		for (size_t k = 0; k < len[i]; k++)
			assert_int_equal(at[i][k], i % 251);
	}
	ts_region_free(region);
}

static void stays_below_its_cap(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(1000);
	assert_null(ts_region_alloc(region, 1001));
	assert_null(ts_region_alloc(region, SIZE_MAX));
	assert_null(ts_region_alloc(region, SIZE_MAX - 15));
	assert_null(ts_region_array(region, SIZE_MAX / 2, 3));
	assert_null(ts_region_array(region, 11, 100));
	assert_int_equal(ts_region_used_bytes(region), 0);
	assert_non_null(ts_region_array(region, 9, 100));
	size_t used = ts_region_used_bytes(region);
	assert_in_range(used, 900, 1000);
	assert_null(ts_region_alloc(region, 200));
	assert_int_equal(ts_region_used_bytes(region), used);
	assert_non_null(ts_region_alloc(region, 16));
	ts_region_cleanup(&region);
	assert_null(region);
	struct ts_region *none = ts_region_create(0);
	assert_null(ts_region_alloc(none, 1));
	assert_null(ts_region_copy(none, "", 0));
	ts_region_free(none);
}

static void copies_and_prints(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(100000);
	char bytes[] = {'a', '\0', 'b'};
	char *copy = ts_region_copy(region, bytes, 3);
	assert_memory_equal(copy, "a\0b", 4);
	bytes[0] = 'z';
	assert_int_equal(copy[0], 'a');
	assert_string_equal(ts_region_copy(region, NULL, 0), "");
	assert_null(ts_region_copy(region, bytes, SIZE_MAX));
	assert_string_equal(ts_region_printf(region, "%d %s", 17, "x"), "17 x");
	char *wide = ts_region_printf(region, "%5000d", 1);
	assert_int_equal(strlen(wide), 5000);
	assert_null(ts_region_printf(region, "%200000d", 1));
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_memory),
		cmocka_unit_test(blocks_never_overlap),
		cmocka_unit_test(stays_below_its_cap),
		cmocka_unit_test(copies_and_prints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
