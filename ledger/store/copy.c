/* SPDX-License-Identifier: Apache-2.0 */
#include "store/copy.h"
#include "store/link.h"
#include "store/numeric.h"
#include <stdlib.h>

static const uint8_t copy_head[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* and its NUL: 19 bytes */

enum ts_err ts_copy_begin(
	struct ts_copy *copy, struct ts_db *db, const char *query, struct ts_why *why)
{
	PGresult *res = NULL;
	enum ts_err err = TS_OK;

	TS_ASSERT(db->in_tx);
	if (db->conn == NULL)
		return ts_why(why, TS_E_UNAVAILABLE, query, "the connection is gone");
	if (db->copy_buf == NULL)
		db->copy_buf = malloc(TS_COPY_CHUNK_BYTES + TS_COPY_ROW_BYTES_MAX + 2);
	if (db->copy_buf == NULL)
		return ts_why(why, TS_E_NO_MEMORY, query, "out of memory");
	res = PQexec(db->conn, ts_sql_queries[ts_link_query(query)].text);
	if (PQresultStatus(res) != PGRES_COPY_IN)
		err = ts_link_fail(db, res, query, why);
	PQclear(res);
	TS_TRY(err);
	*copy = (struct ts_copy){.db = db,
		.buf = db->copy_buf,
		.cap = TS_COPY_CHUNK_BYTES + TS_COPY_ROW_BYTES_MAX + 2,
		.query = query};
	memcpy(copy->buf, copy_head, sizeof copy_head);
	copy->len = sizeof copy_head;
	return TS_OK;
}

void ts_copy_flush(struct ts_copy *copy)
{
	if (copy->err == TS_OK &&
		PQputCopyData(copy->db->conn, (const char *)copy->buf, (int)copy->len) != 1)
		copy->err = ts_link_fail(copy->db, NULL, copy->query, &copy->why);
	copy->len = 0;
}

enum ts_err ts_copy_end(struct ts_copy *copy, struct ts_why *why)
{
	PGconn *conn = copy->db->conn;
	enum ts_err err = TS_OK;
	PGresult *res = NULL;

	ts_copy_u16(copy, UINT16_MAX);
	ts_copy_flush(copy);
	if (copy->err == TS_OK && PQputCopyEnd(conn, NULL) != 1)
		copy->err = ts_link_fail(copy->db, NULL, copy->query, &copy->why);
	/* The server's reason comes before our broken pipe. */
	while ((res = PQgetResult(conn)) != NULL) {
		if (err == TS_OK && PQresultStatus(res) == PGRES_FATAL_ERROR)
			err = ts_link_fail(copy->db, res, copy->query, why);
		PQclear(res);
		if (PQstatus(conn) != CONNECTION_OK)
			break;
	}
	if (err == TS_OK && copy->err != TS_OK) {
		err = copy->err;
		if (why != NULL)
			*why = copy->why;
	}
	return err;
}

void ts_copy_i128(struct ts_copy *copy, ts_i128 v)
{
	uint8_t bytes[TS_NUMERIC_BYTES_MAX];

	ts_copy_bytes(copy, bytes, ts_numeric_encode(v, bytes));
}

void ts_copy_digest(struct ts_copy *copy, const struct ts_digest *v)
{
	uint8_t bytes[TS_NUMERIC_DIGEST_BYTES_MAX];

	ts_copy_bytes(copy, bytes, ts_numeric_encode_digest(v, bytes));
}

void ts_copy_time(struct ts_copy *copy, int64_t us)
{
	ts_copy_i64(copy, us - TS_PG_EPOCH_US);
}

void ts_copy_day(struct ts_copy *copy, int32_t day)
{
	ts_copy_i32(copy, day - TS_PG_EPOCH_DAY);
}

void ts_copy_i64s(struct ts_copy *copy, const int64_t *v, size_t n)
{
	TS_ASSERT(n * 12 + 20 <= TS_COPY_ROW_BYTES_MAX);
	ts_copy_u32(copy, n == 0 ? 12 : (uint32_t)(20 + 12 * n));
	ts_copy_u32(copy, n > 0);
	ts_copy_u32(copy, 0);
	ts_copy_u32(copy, TS_OID_INT8);
	if (n == 0)
		return;
	ts_copy_u32(copy, (uint32_t)n);
	ts_copy_u32(copy, 1);
	for (size_t i = 0; i < n; i++)
		ts_copy_i64(copy, v[i]);
}
