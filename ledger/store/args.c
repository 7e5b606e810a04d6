/* SPDX-License-Identifier: Apache-2.0 */
#include "store/link.h"
#include "store/numeric.h"
#include <endian.h>
#include <limits.h>
#include <string.h>

/* --- single values --- */

void ts_args_init(struct ts_args *args)
{
	args->n = 0;
}

static void arg_put(struct ts_args *args, unsigned type, const void *value, size_t len)
{
	TS_ASSERT(args->n < TS_DB_ARGS_MAX && len <= INT_MAX);
	args->types[args->n] = type;
	args->values[args->n] = value;
	args->lengths[args->n] = (int)len;
	args->n++;
}

static void arg_fixed(struct ts_args *args, unsigned type, const void *value, size_t len)
{
	TS_ASSERT(args->n < TS_DB_ARGS_MAX && len <= sizeof args->fixed[0]);
	memcpy(args->fixed[args->n], value, len);
	arg_put(args, type, args->fixed[args->n], len);
}

void ts_arg_i64(struct ts_args *args, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);

	arg_fixed(args, TS_OID_INT8, &be, 8);
}

void ts_arg_i32(struct ts_args *args, int32_t v)
{
	uint32_t be = htobe32((uint32_t)v);

	arg_fixed(args, TS_OID_INT4, &be, 4);
}

void ts_arg_i16(struct ts_args *args, int16_t v)
{
	uint16_t be = htobe16((uint16_t)v);

	arg_fixed(args, TS_OID_INT2, &be, 2);
}

void ts_arg_bool(struct ts_args *args, bool v)
{
	uint8_t byte = v;

	arg_fixed(args, TS_OID_BOOL, &byte, 1);
}

void ts_arg_text(struct ts_args *args, const char *v)
{
	arg_put(args, TS_OID_TEXT, v, v == NULL ? 0 : strlen(v));
}

void ts_arg_str(struct ts_args *args, struct ts_str v)
{
	arg_put(args, TS_OID_TEXT, v.at, v.len);
}

void ts_arg_bytes(struct ts_args *args, const void *v, size_t len)
{
	arg_put(args, TS_OID_BYTEA, v, len);
}

void ts_arg_hash(struct ts_args *args, const struct ts_hash *v)
{
	arg_put(args, TS_OID_BYTEA, v == NULL ? NULL : v->b, v == NULL ? 0 : TS_HASH_BYTES);
}

void ts_arg_i128(struct ts_args *args, ts_i128 v)
{
	uint8_t bytes[TS_NUMERIC_BYTES_MAX];
	size_t len = ts_numeric_encode(v, bytes);

	arg_fixed(args, TS_OID_NUMERIC, bytes, len);
}

void ts_arg_time(struct ts_args *args, int64_t us)
{
	ts_arg_i64(args, us - TS_PG_EPOCH_US);
	args->types[args->n - 1] = TS_OID_TIMESTAMPTZ;
}

void ts_arg_day(struct ts_args *args, int32_t day)
{
	ts_arg_i32(args, day - TS_PG_EPOCH_DAY);
	args->types[args->n - 1] = TS_OID_DATE;
}

void ts_arg_null(struct ts_args *args)
{
	arg_put(args, 0, NULL, 0);
}

/* --- arrays: ndim, has nulls, element type, length, lower bound, then (length, bytes) each --- */

#define ARRAY_HEAD 20

static const struct {
	unsigned element, array;
} array_types[] = {
	[TS_ARRAY_I64] = {TS_OID_INT8, TS_OID_INT8_ARRAY},
	[TS_ARRAY_I32] = {TS_OID_INT4, TS_OID_INT4_ARRAY},
	[TS_ARRAY_I16] = {TS_OID_INT2, TS_OID_INT2_ARRAY},
	[TS_ARRAY_BOOL] = {TS_OID_BOOL, TS_OID_BOOL_ARRAY},
	[TS_ARRAY_TEXT] = {TS_OID_TEXT, TS_OID_TEXT_ARRAY},
	[TS_ARRAY_BYTES] = {TS_OID_BYTEA, TS_OID_BYTEA_ARRAY},
	[TS_ARRAY_NUMERIC] = {TS_OID_NUMERIC, TS_OID_NUMERIC_ARRAY},
	[TS_ARRAY_TIME] = {TS_OID_TIMESTAMPTZ, TS_OID_TIMESTAMPTZ_ARRAY},
	[TS_ARRAY_DAY] = {TS_OID_DATE, TS_OID_DATE_ARRAY},
};

void ts_array_init(struct ts_array *array, enum ts_array_type type)
{
	static const uint8_t head[ARRAY_HEAD];

	array->type = type;
	array->n = 0;
	array->nulls = false;
	ts_buf_init(&array->buf, TS_DB_ARRAY_BYTES_MAX);
	ts_buf_put(&array->buf, head, sizeof head);
}

void ts_array_free(struct ts_array *array)
{
	ts_buf_free(&array->buf);
}

void ts_arrays_init(struct ts_array *arrays, const enum ts_array_type *types, size_t k)
{
	for (size_t i = 0; i < k; i++)
		ts_array_init(&arrays[i], types[i]);
}

void ts_arrays_free(struct ts_array *arrays, size_t k)
{
	for (size_t i = 0; i < k; i++)
		ts_array_free(&arrays[i]);
}

static void array_put(struct ts_array *array, enum ts_array_type type, const void *v, size_t len)
{
	TS_ASSERT(array->type == type && len <= INT_MAX && array->n < INT_MAX);
	ts_buf_put_u32be(&array->buf, (uint32_t)len);
	ts_buf_put(&array->buf, v, len);
	array->n++;
}

void ts_array_i64(struct ts_array *array, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);

	array_put(array, TS_ARRAY_I64, &be, 8);
}

void ts_array_i32(struct ts_array *array, int32_t v)
{
	uint32_t be = htobe32((uint32_t)v);

	array_put(array, TS_ARRAY_I32, &be, 4);
}

void ts_array_i16(struct ts_array *array, int16_t v)
{
	uint16_t be = htobe16((uint16_t)v);

	array_put(array, TS_ARRAY_I16, &be, 2);
}

void ts_array_bool(struct ts_array *array, bool v)
{
	uint8_t byte = v;

	array_put(array, TS_ARRAY_BOOL, &byte, 1);
}

void ts_array_text(struct ts_array *array, const char *v)
{
	if (v == NULL)
		ts_array_null(array);
	else
		array_put(array, TS_ARRAY_TEXT, v, strlen(v));
}

void ts_array_str(struct ts_array *array, struct ts_str v)
{
	if (v.at == NULL)
		ts_array_null(array);
	else
		array_put(array, TS_ARRAY_TEXT, v.at, v.len);
}

void ts_array_bytes(struct ts_array *array, const void *v, size_t len)
{
	if (v == NULL)
		ts_array_null(array);
	else
		array_put(array, TS_ARRAY_BYTES, v, len);
}

void ts_array_i128(struct ts_array *array, ts_i128 v)
{
	uint8_t bytes[TS_NUMERIC_BYTES_MAX];
	size_t len = ts_numeric_encode(v, bytes);

	array_put(array, TS_ARRAY_NUMERIC, bytes, len);
}

void ts_array_digest(struct ts_array *array, const struct ts_digest *v)
{
	uint8_t bytes[TS_NUMERIC_DIGEST_BYTES_MAX];
	size_t len = ts_numeric_encode_digest(v, bytes);

	array_put(array, TS_ARRAY_NUMERIC, bytes, len);
}

void ts_array_time(struct ts_array *array, int64_t us)
{
	uint64_t be = htobe64((uint64_t)(us - TS_PG_EPOCH_US));

	array_put(array, TS_ARRAY_TIME, &be, 8);
}

void ts_array_day(struct ts_array *array, int32_t day)
{
	uint32_t be = htobe32((uint32_t)(day - TS_PG_EPOCH_DAY));

	array_put(array, TS_ARRAY_DAY, &be, 4);
}

void ts_array_null(struct ts_array *array)
{
	ts_buf_put_u32be(&array->buf, UINT32_MAX);
	array->nulls = true;
	array->n++;
}

enum ts_err ts_arg_array(struct ts_args *args, struct ts_array *array)
{
	uint32_t head[5] = {htobe32(array->n > 0), htobe32(array->nulls),
		htobe32(array_types[array->type].element), htobe32((uint32_t)array->n), htobe32(1)};

	if (array->buf.err != TS_OK)
		return array->buf.err;
	memcpy(array->buf.data, head, sizeof head);
	arg_put(args, array_types[array->type].array, array->buf.data,
		array->n > 0 ? array->buf.len : 12);
	return TS_OK;
}
