/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_DB_H
#define TS_STORE_DB_H
/* Why: one connection per thread, as one role; every statement is a named query, prepared on first
 * use and described against what the caller binds and reads; every transaction goes through
 * ts_db_tx. No other file of the project speaks libpq. Not thread safe.
 *
 * What a failure means (docs/ARCHITECTURE.md): TS_E_RETRY: rolled back, passing (40001, 40P01,
 * 55P03); ts_db_tx has repeated it a few times already. TS_E_UNKNOWN_OUTCOME: the commit may or may
 * not have happened: repeat the same request. TS_E_UNAVAILABLE: nothing was done (no server, disk
 * full, too many connections). TS_E_CONFLICT: a unique key (23505). TS_E_INVALID: another
 * constraint (23xxx). TS_E_FORBIDDEN: not granted. TS_E_DATABASE: anything else. */
#include "base/buf.h"
#include "base/num.h"
#include "base/region.h"
#include "base/text.h"
#include "evidence/cell.h"
#include "evidence/sha256.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ts_db;
struct pg_result;

struct ts_db_options {
	const char *conninfo; /* names the role; copied */
	const char *application_name; /* NULL: tallystick */
	int64_t statement_timeout_ms; /* 0: 10,000 */
	bool any_version; /* only for migrate: do not compare schema versions */
};
/* Connects. TS_E_UNAVAILABLE; TS_E_VERSION when the database has other migrations than those that
 * are compiled in. *out is owned by the caller (ts_db_close). */
enum ts_err ts_db_open(
	const struct ts_db_options *options, struct ts_db **out, struct ts_why *why) TS_MUST;
void ts_db_close(struct ts_db *db); /* NULL is allowed */
/* A round trip; reconnects first when the connection is gone. */
enum ts_err ts_db_ping(struct ts_db *db, struct ts_why *why) TS_MUST;

/* What a transaction may see: row-level security (set inside the transaction, gone with it). */
#define TS_DB_SIDE_PROVIDER 1u
#define TS_DB_SIDE_CONSUMER 2u
#define TS_DB_SIDES_BOTH 3u
struct ts_db_scope {
	const int64_t *contracts; /* contract_id values */
	size_t contracts_n;
	unsigned sides; /* TS_DB_SIDE_...: streams and books of that side */
	int64_t party_id; /* for party-scoped rows (idempotency); 0: none */
	bool read_only; /* repeatable read, read only: one snapshot for the whole answer */
	bool snapshot; /* repeatable read: one snapshot, and what follows from it is written */
};
/* The body of a transaction. It may run more than once, so it touches nothing but the database and
 * its own output. Any error rolls back. */
typedef enum ts_err (*ts_db_body)(struct ts_db *db, void *arg, struct ts_why *why);
/* scope NULL: no tenant rows visible (the ingest role sees all without one). */
enum ts_err ts_db_tx(struct ts_db *db, const struct ts_db_scope *scope, ts_db_body body, void *arg,
	struct ts_why *why) TS_MUST;
/* Both sides of one contract: what most callers want. */
enum ts_err ts_db_tx_contract(struct ts_db *db, int64_t contract_id, ts_db_body body, void *arg,
	struct ts_why *why) TS_MUST;
/* Transactions that this connection had to repeat, for metrics. */
uint64_t ts_db_retries(const struct ts_db *db);
/* What this connection has asked of the server so far: named queries (begin, commit and the
 * preparing are not among them), and the time spent waiting for it, whatever was asked. */
struct ts_db_spent {
	uint64_t statements;
	int64_t wait_us;
};
struct ts_db_spent ts_db_spent(const struct ts_db *db);

/* Parameters, in order of $1, $2, ... Texts and bytes are borrowed until the query has run. More
 * than the maximum is a bug of ours and asserts. */
#define TS_DB_ARGS_MAX 40
struct ts_args {
	unsigned n;
	const char *values[TS_DB_ARGS_MAX];
	int lengths[TS_DB_ARGS_MAX];
	unsigned types[TS_DB_ARGS_MAX]; /* OID; 0 for an untyped null */
	uint8_t fixed[TS_DB_ARGS_MAX][24];
};
void ts_args_init(struct ts_args *args);
void ts_arg_i64(struct ts_args *args, int64_t v); /* bigint */
void ts_arg_i32(struct ts_args *args, int32_t v); /* integer */
void ts_arg_i16(struct ts_args *args, int16_t v); /* smallint */
void ts_arg_bool(struct ts_args *args, bool v);
void ts_arg_text(struct ts_args *args, const char *v); /* text; NULL = null */
void ts_arg_str(struct ts_args *args, struct ts_str v); /* text; at NULL = null */
void ts_arg_bytes(struct ts_args *args, const void *v, size_t len); /* bytea; NULL = null */
void ts_arg_hash(struct ts_args *args, const struct ts_hash *v); /* bytea; NULL = null */
void ts_arg_i128(struct ts_args *args, ts_i128 v); /* numeric */
void ts_arg_time(struct ts_args *args, int64_t us); /* timestamptz */
void ts_arg_day(struct ts_args *args, int32_t day); /* date, from a civil day number */
void ts_arg_null(struct ts_args *args);

/* A one-dimensional array parameter: one column of a set of rows for unnest. */
enum ts_array_type {
	TS_ARRAY_I64,
	TS_ARRAY_I32,
	TS_ARRAY_I16,
	TS_ARRAY_BOOL,
	TS_ARRAY_TEXT,
	TS_ARRAY_BYTES,
	TS_ARRAY_NUMERIC,
	TS_ARRAY_TIME,
	TS_ARRAY_DAY,
};
#define TS_DB_ARRAY_BYTES_MAX (512u * 1024 * 1024)
struct ts_array {
	enum ts_array_type type;
	int32_t n;
	bool nulls;
	struct ts_buf buf;
};
void ts_array_init(struct ts_array *array, enum ts_array_type type);
void ts_array_free(struct ts_array *array);
/* The same for k arrays; types in order. */
void ts_arrays_init(struct ts_array *arrays, const enum ts_array_type *types, size_t k);
void ts_arrays_free(struct ts_array *arrays, size_t k);
void ts_array_i64(struct ts_array *array, int64_t v);
void ts_array_i32(struct ts_array *array, int32_t v);
void ts_array_i16(struct ts_array *array, int16_t v);
void ts_array_bool(struct ts_array *array, bool v);
void ts_array_text(struct ts_array *array, const char *v); /* NULL = null */
void ts_array_str(struct ts_array *array, struct ts_str v);
void ts_array_bytes(struct ts_array *array, const void *v, size_t len);
void ts_array_i128(struct ts_array *array, ts_i128 v);
void ts_array_digest(struct ts_array *array, const struct ts_digest *v); /* numeric */
void ts_array_time(struct ts_array *array, int64_t us);
void ts_array_day(struct ts_array *array, int32_t day);
void ts_array_null(struct ts_array *array);
/* Borrows the array until the query has run; TS_E_NO_MEMORY or TS_E_LIMIT when filling it failed.
 */
enum ts_err ts_arg_array(struct ts_args *args, struct ts_array *array) TS_MUST;

/* Rows of a result, read in order of the select list. The first wrong type, unexpected null or
 * value out of range sticks in `err` (TS_E_INTERNAL: query and wrapper disagree). */
struct ts_rows {
	struct pg_result *res;
	int row; /* current, -1 before the first ts_rows_next */
	int n;
	int col; /* next column */
	enum ts_err err;
};
/* Runs a named query. rows NULL: the result is dropped. *rows is written on success and must be
 * closed (ts_rows_close). changed (NULL allowed): rows that a command touched. */
enum ts_err ts_db_query(struct ts_db *db, const char *name, const struct ts_args *args,
	struct ts_rows *rows, struct ts_why *why) TS_MUST;
enum ts_err ts_db_run(struct ts_db *db, const char *name, const struct ts_args *args,
	int64_t *changed, struct ts_why *why) TS_MUST;
bool ts_rows_next(struct ts_rows *rows); /* false at the end, or when an error stuck */
int ts_rows_columns(const struct ts_rows *rows);
enum ts_err ts_rows_close(struct ts_rows *rows); /* frees; returns the error that stuck */
void ts_rows_cleanup(struct ts_rows *rows); /* for cleanup attributes; closing twice is allowed */
bool ts_row_is_null(struct ts_rows *rows); /* looks at the next column, does not take it */
void ts_row_skip(struct ts_rows *rows);
int64_t ts_row_i64(struct ts_rows *rows);
int64_t ts_row_i64_or(struct ts_rows *rows, int64_t if_null);
int32_t ts_row_i32(struct ts_rows *rows);
int32_t ts_row_i32_or(struct ts_rows *rows, int32_t if_null);
int16_t ts_row_i16(struct ts_rows *rows);
bool ts_row_bool(struct ts_rows *rows);
ts_i128 ts_row_i128(struct ts_rows *rows);
int64_t ts_row_time(struct ts_rows *rows); /* timestamptz as microseconds */
int64_t ts_row_time_or(struct ts_rows *rows, int64_t if_null);
int32_t ts_row_day(struct ts_rows *rows); /* date as a civil day number */
int32_t ts_row_day_or(struct ts_rows *rows, int32_t if_null);
void ts_row_hash(struct ts_rows *rows, struct ts_hash *out); /* bytea of 32 */
/* Borrowed from the result, gone with ts_rows_close; null gives at == NULL. */
struct ts_str ts_row_str(struct ts_rows *rows);
struct ts_str ts_row_bytes(struct ts_rows *rows);
/* Copied into the region with a NUL; NULL for null. Out of region sticks as TS_E_NO_MEMORY. */
const char *ts_row_text(struct ts_rows *rows, struct ts_region *region);
/* bytea, copied as above; null gives at == NULL. */
struct ts_str ts_row_copy(struct ts_rows *rows, struct ts_region *region);
/* bigint[] without nulls, copied; NULL and 0 for an empty one. */
const int64_t *ts_row_i64s(struct ts_rows *rows, struct ts_region *region, size_t *n);
void ts_row_digest(struct ts_rows *rows, struct ts_digest *out); /* numeric */
/* Copies into a fixed array with a NUL; too long sticks as an error. */
void ts_row_chars(struct ts_rows *rows, char *out, size_t size);

#endif
