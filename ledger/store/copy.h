/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_COPY_H
#define TS_STORE_COPY_H
/* Why: COPY BINARY is the fastest door into PostgreSQL; rows are encoded straight from parsed
 * records into one growing buffer that is sent in pieces, without any allocation per row. The
 * encoders are static inline: they are the hot path of ingest. Only the ingest role may COPY into
 * tenant tables (row-level security refuses it for any other). */
#include "store/db.h"
#include <string.h>

#define TS_COPY_CHUNK_BYTES (256u * 1024)

struct ts_copy {
	struct ts_db *db;
	uint8_t *buf; /* TS_COPY_CHUNK_BYTES, and a row's maximum behind it */
	size_t len;
	size_t cap;
	int64_t rows;
	const char *query;
	enum ts_err err; /* first failure; sticks */
	struct ts_why why;
};
/* One row: a batch's largest value is its lines. */
#define TS_COPY_ROW_BYTES_MAX (8u * 1024 * 1024)

/* `query` names a `copy ... from stdin (format binary)` among the named queries. The buffer is kept
 * by the connection and reused. */
enum ts_err ts_copy_begin(
	struct ts_copy *copy, struct ts_db *db, const char *query, struct ts_why *why) TS_MUST;
/* Sends the rest and waits for the server's verdict. Must be called, also after a failure. */
enum ts_err ts_copy_end(struct ts_copy *copy, struct ts_why *why) TS_MUST;
void ts_copy_flush(struct ts_copy *copy); /* used by ts_copy_row */

static inline void ts_copy_u16(struct ts_copy *copy, uint16_t v)
{
	copy->buf[copy->len] = (uint8_t)(v >> 8);
	copy->buf[copy->len + 1] = (uint8_t)v;
	copy->len += 2;
}
static inline void ts_copy_u32(struct ts_copy *copy, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(copy->buf + copy->len, &v, 4);
	copy->len += 4;
}
/* Starts a row of `columns` values, which need at most `bytes` together (without the 4-byte
 * lengths). After a failure rows are counted and dropped. */
static inline void ts_copy_row(struct ts_copy *copy, uint16_t columns, size_t bytes)
{
	size_t need = bytes + 4u * columns + 2;

	TS_ASSERT(need <= TS_COPY_ROW_BYTES_MAX);
	if (copy->len >= TS_COPY_CHUNK_BYTES)
		ts_copy_flush(copy); /* what is left of cap holds the largest row */
	ts_copy_u16(copy, columns);
	copy->rows++;
}
static inline void ts_copy_null(struct ts_copy *copy)
{
	ts_copy_u32(copy, UINT32_MAX);
}
static inline void ts_copy_i16(struct ts_copy *copy, int16_t v)
{
	ts_copy_u32(copy, 2);
	ts_copy_u16(copy, (uint16_t)v);
}
static inline void ts_copy_i32(struct ts_copy *copy, int32_t v)
{
	ts_copy_u32(copy, 4);
	ts_copy_u32(copy, (uint32_t)v);
}
static inline void ts_copy_i64(struct ts_copy *copy, int64_t v)
{
	uint64_t be = __builtin_bswap64((uint64_t)v);

	ts_copy_u32(copy, 8);
	memcpy(copy->buf + copy->len, &be, 8);
	copy->len += 8;
}
static inline void ts_copy_bytes(struct ts_copy *copy, const void *at, size_t len)
{
	ts_copy_u32(copy, (uint32_t)len);
	memcpy(copy->buf + copy->len, at, len);
	copy->len += len;
}
static inline void ts_copy_str(struct ts_copy *copy, struct ts_str v)
{
	ts_copy_bytes(copy, v.at, v.len);
}
void ts_copy_i128(struct ts_copy *copy, ts_i128 v); /* numeric; at most 32 bytes */
void ts_copy_digest(struct ts_copy *copy, const struct ts_digest *v); /* numeric; at most 48 */
void ts_copy_time(struct ts_copy *copy, int64_t us); /* timestamptz */
void ts_copy_day(struct ts_copy *copy, int32_t day); /* date */
void ts_copy_i64s(struct ts_copy *copy, const int64_t *v, size_t n); /* bigint[]; 20 + 12 n */

#endif
