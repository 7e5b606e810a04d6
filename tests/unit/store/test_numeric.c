/* SPDX-License-Identifier: Apache-2.0 */
#include "store/numeric.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define I128_MAX ((ts_i128)(((ts_u128)1 << 127) - 1))

static void known_bytes(void **state)
{
	static const struct {
		ts_i128 v;
		uint8_t bytes[16];
		size_t len;
	} vectors[] = {
		{0, {0, 0, 0, 0, 0, 0, 0, 0}, 8},
		{1, {0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, 10},
		{-1, {0, 1, 0, 0, 0x40, 0, 0, 0, 0, 1}, 10},
		{10000, {0, 1, 0, 1, 0, 0, 0, 0, 0, 1}, 10},
		{12345678, {0, 2, 0, 1, 0, 0, 0, 0, 0x04, 0xd2, 0x16, 0x2e}, 12},
	};
	uint8_t out[TS_NUMERIC_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		assert_int_equal(ts_numeric_encode(vectors[i].v, out), vectors[i].len);
		assert_memory_equal(out, vectors[i].bytes, vectors[i].len);
	}
}

static void round_trips(void **state)
{
	ts_i128 v = 1;
	uint8_t out[TS_NUMERIC_BYTES_MAX];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		ts_i128 values[] = {v, -v, I128_MAX - v, -I128_MAX - 1 + v};

		for (size_t k = 0; k < 4; k++) {
			ts_i128 back = 0;
			size_t len = ts_numeric_encode(values[k], out);

			assert_true(len <= sizeof out);
			assert_int_equal(ts_numeric_decode(out, len, &back), TS_OK);
			assert_true(back == values[k]);
		}
		v = (ts_i128)((ts_u128)v * 3 + (ts_u128)i) & I128_MAX;
	}
}

static void digests(void **state)
{
	struct ts_digest v = {{1, 0, 0, 0}}, back;
	uint8_t out[TS_NUMERIC_DIGEST_BYTES_MAX];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		size_t len = ts_numeric_encode_digest(&v, out);

		assert_true(len <= sizeof out);
		assert_int_equal(ts_numeric_decode_digest(out, len, &back), TS_OK);
		assert_memory_equal(&back, &v, sizeof v);
		for (int w = 3; w > 0; w--)
			v.w[w] = v.w[w] * 6364136223846793005u + v.w[w - 1];
		v.w[0] = v.w[0] * 6364136223846793005u + 1;
	}
	memset(&v, 0xff, sizeof v);
	assert_int_equal(
		ts_numeric_decode_digest(out, ts_numeric_encode_digest(&v, out), &back), TS_OK);
	assert_memory_equal(&back, &v, sizeof v);
	memset(&v, 0, sizeof v);
	assert_int_equal(ts_numeric_encode_digest(&v, out), 8);
}

static void refused(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
	} bad[] = {
		{{0, 0, 0, 0, 0, 0, 0}, 7}, /* short */
		{{0, 1, 0, 0, 0xc0, 0, 0, 0, 0, 1}, 10}, /* NaN */
		{{0, 1, 0, 0, 0xd0, 0, 0, 0, 0, 1}, 10}, /* infinity */
		{{0, 1, 0xff, 0xff, 0, 0, 0, 4, 0, 1}, 10}, /* 0.0001 */
		{{0, 2, 0, 0, 0, 0, 0, 4, 0, 1, 0, 1}, 12}, /* 1.0001 */
		{{0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x10}, 10}, /* a digit of 10,000 */
		{{0, 2, 0, 1, 0, 0, 0, 0, 0, 1}, 10}, /* a digit is missing */
	};
	static const uint8_t large[] = {0, 1, 0, 10, 0, 0, 0, 0, 0, 1}; /* 10^40 */
	ts_i128 v = 0;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(ts_numeric_decode(bad[i].bytes, bad[i].len, &v), TS_E_MALFORMED);
	assert_int_equal(ts_numeric_decode(large, sizeof large, &v), TS_E_OVERFLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_bytes),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(digests),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
