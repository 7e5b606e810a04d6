/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "base/buf.h"
#include <string.h>

static void collects_what_is_put(void **state)
{
	(void)state;
	struct ts_buf buf;
	ts_buf_init(&buf, 1000);
	assert_string_equal(ts_buf_str(&buf), "");
	ts_buf_puts(&buf, "ab");
	ts_buf_putc(&buf, 'c');
	ts_buf_put(&buf, "d\0e", 3);
	ts_buf_put(&buf, NULL, 0);
	ts_buf_printf(&buf, "%03d", 7);
	assert_int_equal(buf.len, 9);
	assert_memory_equal(ts_buf_str(&buf), "abcd\0e007", 10);
	ts_buf_reset(&buf);
	assert_string_equal(ts_buf_str(&buf), "");
	ts_buf_put_u16be(&buf, 0x0102);
	ts_buf_put_u32be(&buf, UINT32_C(0xfffefdfc));
	ts_buf_put_u64be(&buf, UINT64_C(0x8001020304050607));
	assert_int_equal(buf.len, 14);
	assert_memory_equal(buf.data, "\1\2\xff\xfe\xfd\xfc\x80\1\2\3\4\5\6\7", 14);
	assert_err(buf.err, TS_OK);
	ts_buf_free(&buf);
	assert_null(buf.data);
}

static void limit_is_exact_and_sticks(void **state)
{
	(void)state;
	for (size_t max = 0; max < 600; max += 37) {
		struct ts_buf buf;
		ts_buf_init(&buf, max);
		for (size_t i = 0; i < max; i++)
			ts_buf_putc(&buf, 'x');
		assert_err(buf.err, TS_OK);
		assert_int_equal(strlen(ts_buf_str(&buf)), max);
		ts_buf_putc(&buf, 'y');
		assert_err(buf.err, TS_E_LIMIT);
		assert_int_equal(buf.len, max);
		ts_buf_put(&buf, "", 0);
		assert_string_equal(ts_buf_str(&buf), "");
		ts_buf_reset(&buf);
		assert_err(buf.err, TS_OK);
		ts_buf_printf(&buf, "%*d", (int)max + 1, 1);
		assert_err(buf.err, TS_E_LIMIT);
		assert_int_equal(buf.len, 0);
		ts_buf_free(&buf);
	}
}

static void grows_over_many_sizes(void **state)
{
	(void)state;
	struct ts_buf buf;
	ts_buf_init(&buf, 1 << 22);
	for (int i = 0; i < 100000; i++)
		ts_buf_printf(&buf, "%07d\n", i);
	assert_err(buf.err, TS_OK);
	assert_int_equal(buf.len, 800000);
	assert_memory_equal(buf.data + 8 * 99999, "0099999\n", 8);
	ts_buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(collects_what_is_put),
		cmocka_unit_test(limit_is_exact_and_sticks),
		cmocka_unit_test(grows_over_many_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
