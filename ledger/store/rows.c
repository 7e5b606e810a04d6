/* SPDX-License-Identifier: Apache-2.0 */
#include "store/link.h"
#include "store/numeric.h"
#include <endian.h>
#include <string.h>

bool ts_rows_next(struct ts_rows *rows)
{
	rows->col = 0;
	if (rows->err != TS_OK || rows->row + 1 >= rows->n)
		return false;
	rows->row++;
	return true;
}

int ts_rows_columns(const struct ts_rows *rows)
{
	return rows->res == NULL ? 0 : PQnfields(rows->res);
}

void ts_rows_cleanup(struct ts_rows *rows)
{
	PQclear(rows->res);
	rows->res = NULL;
	rows->n = 0;
}

enum ts_err ts_rows_close(struct ts_rows *rows)
{
	ts_rows_cleanup(rows);
	return rows->err;
}

static void row_fail(struct ts_rows *rows, enum ts_err err)
{
	if (rows->err == TS_OK)
		rows->err = err;
}

/* The next value's bytes; NULL for null (an error unless allowed), and when an error stuck. */
static const uint8_t *row_take(struct ts_rows *rows, unsigned type, bool null_allowed, size_t *len)
{
	int col = rows->col++;

	*len = 0;
	if (rows->err != TS_OK)
		return NULL;
	if (rows->row < 0 || col >= PQnfields(rows->res) || PQftype(rows->res, col) != type) {
		row_fail(rows, TS_E_INTERNAL);
		return NULL;
	}
	if (PQgetisnull(rows->res, rows->row, col)) {
		if (!null_allowed)
			row_fail(rows, TS_E_INTERNAL);
		return NULL;
	}
	*len = (size_t)PQgetlength(rows->res, rows->row, col);
	return (const uint8_t *)PQgetvalue(rows->res, rows->row, col);
}

bool ts_row_is_null(struct ts_rows *rows)
{
	return rows->err == TS_OK && rows->row >= 0 && rows->col < PQnfields(rows->res) &&
	       PQgetisnull(rows->res, rows->row, rows->col);
}

void ts_row_skip(struct ts_rows *rows)
{
	rows->col++;
}

static int64_t take64(struct ts_rows *rows, unsigned type, bool null_allowed, int64_t if_null)
{
	size_t len = 0;
	const uint8_t *at = row_take(rows, type, null_allowed, &len);
	uint64_t be = 0;

	if (at == NULL)
		return if_null;
	TS_ASSERT(len == 8);
	memcpy(&be, at, 8);
	return (int64_t)be64toh(be);
}

static int32_t take32(struct ts_rows *rows, unsigned type, bool null_allowed, int32_t if_null)
{
	size_t len = 0;
	const uint8_t *at = row_take(rows, type, null_allowed, &len);
	uint32_t be = 0;

	if (at == NULL)
		return if_null;
	TS_ASSERT(len == 4);
	memcpy(&be, at, 4);
	return (int32_t)be32toh(be);
}

int64_t ts_row_i64(struct ts_rows *rows)
{
	return take64(rows, TS_OID_INT8, false, 0);
}

int64_t ts_row_i64_or(struct ts_rows *rows, int64_t if_null)
{
	return take64(rows, TS_OID_INT8, true, if_null);
}

int32_t ts_row_i32(struct ts_rows *rows)
{
	return take32(rows, TS_OID_INT4, false, 0);
}

int32_t ts_row_i32_or(struct ts_rows *rows, int32_t if_null)
{
	return take32(rows, TS_OID_INT4, true, if_null);
}

int16_t ts_row_i16(struct ts_rows *rows)
{
	size_t len = 0;
	const uint8_t *at = row_take(rows, TS_OID_INT2, false, &len);

	return at == NULL ? 0 : (int16_t)((unsigned)at[0] << 8 | at[1]);
}

bool ts_row_bool(struct ts_rows *rows)
{
	size_t len = 0;
	const uint8_t *at = row_take(rows, TS_OID_BOOL, false, &len);

	return at != NULL && at[0] != 0;
}

ts_i128 ts_row_i128(struct ts_rows *rows)
{
	size_t len = 0;
	const uint8_t *at = row_take(rows, TS_OID_NUMERIC, false, &len);
	ts_i128 v = 0;

	if (at != NULL) {
		enum ts_err err = ts_numeric_decode(at, len, &v);

		if (err != TS_OK)
			row_fail(rows, err);
	}
	return v;
}

void ts_row_digest(struct ts_rows *rows, struct ts_digest *out)
{
	size_t len = 0;
	const uint8_t *at = row_take(rows, TS_OID_NUMERIC, false, &len);

	memset(out, 0, sizeof *out);
	if (at != NULL) {
		enum ts_err err = ts_numeric_decode_digest(at, len, out);

		if (err != TS_OK)
			row_fail(rows, err);
	}
}

int64_t ts_row_time_or(struct ts_rows *rows, int64_t if_null)
{
	return take64(rows, TS_OID_TIMESTAMPTZ, true, if_null - TS_PG_EPOCH_US) + TS_PG_EPOCH_US;
}

int64_t ts_row_time(struct ts_rows *rows)
{
	return take64(rows, TS_OID_TIMESTAMPTZ, false, 0) + TS_PG_EPOCH_US;
}

int32_t ts_row_day_or(struct ts_rows *rows, int32_t if_null)
{
	return take32(rows, TS_OID_DATE, true, if_null - TS_PG_EPOCH_DAY) + TS_PG_EPOCH_DAY;
}

int32_t ts_row_day(struct ts_rows *rows)
{
	return take32(rows, TS_OID_DATE, false, 0) + TS_PG_EPOCH_DAY;
}

void ts_row_hash(struct ts_rows *rows, struct ts_hash *out)
{
	size_t len = 0;
	const uint8_t *at = row_take(rows, TS_OID_BYTEA, false, &len);

	memset(out, 0, sizeof *out);
	if (at == NULL)
		return;
	if (len == TS_HASH_BYTES)
		memcpy(out->b, at, len);
	else
		row_fail(rows, TS_E_INTERNAL);
}

struct ts_str ts_row_str(struct ts_rows *rows)
{
	size_t len = 0;
	const uint8_t *at = row_take(rows, TS_OID_TEXT, true, &len);

	return (struct ts_str){(const char *)at, len};
}

struct ts_str ts_row_bytes(struct ts_rows *rows)
{
	size_t len = 0;
	const uint8_t *at = row_take(rows, TS_OID_BYTEA, true, &len);

	return (struct ts_str){(const char *)at, len};
}

const char *ts_row_text(struct ts_rows *rows, struct ts_region *region)
{
	struct ts_str v = ts_row_str(rows);
	char *copy = NULL;

	if (v.at == NULL)
		return NULL;
	copy = ts_region_copy(region, v.at, v.len);
	if (copy == NULL)
		row_fail(rows, TS_E_NO_MEMORY);
	return copy;
}

struct ts_str ts_row_copy(struct ts_rows *rows, struct ts_region *region)
{
	struct ts_str v = ts_row_bytes(rows);

	if (v.at != NULL) {
		v.at = ts_region_copy(region, v.at, v.len);
		if (v.at == NULL)
			row_fail(rows, TS_E_NO_MEMORY);
	}
	return v;
}

void ts_row_chars(struct ts_rows *rows, char *out, size_t size)
{
	struct ts_str v = ts_row_str(rows);

	out[0] = '\0';
	if (v.at == NULL)
		row_fail(rows, TS_E_INTERNAL);
	else if (v.len >= size)
		row_fail(rows, TS_E_LIMIT);
	else {
		memcpy(out, v.at, v.len);
		out[v.len] = '\0';
	}
}

const int64_t *ts_row_i64s(struct ts_rows *rows, struct ts_region *region, size_t *n)
{
	size_t len = 0;
	const uint8_t *at = row_take(rows, TS_OID_INT8_ARRAY, false, &len);
	size_t count = len >= 20 ? (len - 20) / 12 : 0;
	int64_t *out = NULL;

	*n = 0;
	if (at == NULL || count == 0)
		return NULL;
	out = ts_region_array(region, count, sizeof *out);
	if (out == NULL) {
		row_fail(rows, TS_E_NO_MEMORY);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t be = 0;

		memcpy(&be, at + 20 + 12 * i + 4, 8);
		out[i] = (int64_t)be64toh(be);
	}
	*n = count;
	return out;
}
