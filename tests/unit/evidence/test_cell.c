/* SPDX-License-Identifier: Apache-2.0 */
#include "vector.h"

#include "evidence/cell.h"

static struct ts_hasher hasher;

static int setup(void **state)
{
	(void)state;
	return ts_hasher_init(&hasher) == TS_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ts_hasher_free(&hasher);
	return 0;
}

static struct ts_usage usage_of(const char *line)
{
	struct ts_record record;
	const char *reason = "";
	if (ts_record_parse(ts_str(line), &record, &reason) != TS_OK)
		fail_msg("%s", reason);
	assert_int_equal(record.tag, TS_RECORD_USAGE);
	return record.usage;
}

static void test_vector(void **state)
{
	(void)state;
	json_t *doc = vec_own("cells.json");
	struct ts_region *region = ts_region_create(1 << 20);
	struct ts_cells cells;
	size_t i;
	json_t *c;
	assert_ok(ts_cells_init(&cells, region, &hasher, 42));
	json_array_foreach(vec_get(doc, "records"), i, c)
	{
		struct ts_usage usage = usage_of(json_string_value(c));
		assert_ok(ts_cells_add(&cells, &usage));
	}
	assert_ok(ts_cells_sort(&cells));
	assert_int_equal(cells.n, json_array_size(vec_get(doc, "cells")));
	json_array_foreach(vec_get(doc, "cells"), i, c)
	{
		const struct ts_cell *cell = &cells.cells[i];
		char quantity[TS_I128_CHARS], hex[65];
		uint8_t bytes[32];
		struct ts_digest back;
		assert_int_equal(cell->quarter, vec_int(c, "quarter"));
		assert_true(ts_str_is(cell->sku, vec_text(c, "sku")));
		assert_true(ts_str_is(cell->class, vec_text(c, "class")));
		assert_true(ts_str_is(cell->account, vec_text(c, "account")));
		assert_int_equal(cell->count, vec_int(c, "count"));
		assert_string_equal(
			ts_i128_format(cell->quantity, quantity), vec_text(c, "quantity"));
		ts_digest_bytes(&cell->digest, bytes);
		ts_text_hex(bytes, 32, hex);
		assert_string_equal(hex, vec_text(c, "digest_hex"));
		ts_digest_from_bytes(bytes, &back);
		assert_memory_equal(&back, &cell->digest, sizeof(back));
	}
	ts_region_free(region);
	json_decref(doc);
}

static void test_digest(void **state)
{
	(void)state;
	struct ts_digest max = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
	struct ts_digest one = {{1, 0, 0, 0}};
	struct ts_digest sum = max;
	const struct ts_digest zero = {{0}};
	ts_digest_add(&sum, &one);
	assert_memory_equal(&sum, &zero, sizeof(sum));
	ts_digest_sub(&sum, &one);
	assert_memory_equal(&sum, &max, sizeof(sum));
	struct ts_digest carry = {{UINT64_MAX, 5, 0, 0}};
	const struct ts_digest want = {{0, 6, 0, 0}};
	ts_digest_add(&carry, &one);
	assert_memory_equal(&carry, &want, sizeof(want));
}

static void test_reversal(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(1 << 20);
	struct ts_cells cells;
	struct ts_usage a = usage_of("u1\t100\t5000000\ts\t1\t4999900\tc\tw\tr\tacct");
	struct ts_usage b = usage_of("u1\t7\t9000000\ts\t0\t17\tc\tw\tr\tacct");
	const struct ts_digest zero = {{0}};
	assert_ok(ts_cells_init(&cells, region, &hasher, 0));
	assert_ok(ts_cells_add(&cells, &a));
	assert_ok(ts_cells_add(&cells, &b));
	assert_ok(ts_cells_sub(&cells, &a));
	assert_ok(ts_cells_sub(&cells, &b));
	for (size_t i = 0; i < cells.n; i++) {
		assert_int_equal(cells.cells[i].count, 0);
		assert_true(cells.cells[i].quantity == 0);
		assert_memory_equal(&cells.cells[i].digest, &zero, sizeof(zero));
	}
	ts_region_free(region);
}

static void test_region_full(void **state)
{
	(void)state;
	struct ts_region *region = ts_region_create(128 << 10);
	struct ts_cells cells;
	enum ts_err err = TS_OK;
	assert_ok(ts_cells_init(&cells, region, &hasher, 0));
	for (int i = 0; i < 100000 && err == TS_OK; i++) {
		char line[96];
		snprintf(line, sizeof(line), "u1\t%d\t%d\ts%d\t0\t1\t-\t-\t-\t-", i, i + 1, i);
		struct ts_usage usage = usage_of(line);
		err = ts_cells_add(&cells, &usage);
	}
	assert_err(err, TS_E_LIMIT);
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_reversal),
		cmocka_unit_test(test_region_full),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
