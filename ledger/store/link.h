/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_LINK_H
#define TS_STORE_LINK_H
/* Why: the inside of struct ts_db, for the few files that speak libpq (db, tx, copy, migrate). */
#include "store/db.h"
#include "store/sql.h"
#include <libpq-fe.h>

#define TS_LINK_QUERIES_MAX 512

enum ts_link_oid {
	TS_OID_BOOL = 16,
	TS_OID_BYTEA = 17,
	TS_OID_INT8 = 20,
	TS_OID_INT2 = 21,
	TS_OID_INT4 = 23,
	TS_OID_TEXT = 25,
	TS_OID_BOOL_ARRAY = 1000,
	TS_OID_BYTEA_ARRAY = 1001,
	TS_OID_INT2_ARRAY = 1005,
	TS_OID_INT4_ARRAY = 1007,
	TS_OID_TEXT_ARRAY = 1009,
	TS_OID_INT8_ARRAY = 1016,
	TS_OID_DATE = 1082,
	TS_OID_DATE_ARRAY = 1182,
	TS_OID_TIMESTAMPTZ = 1184,
	TS_OID_TIMESTAMPTZ_ARRAY = 1185,
	TS_OID_NUMERIC_ARRAY = 1231,
	TS_OID_NUMERIC = 1700,
};
#define TS_PG_EPOCH_US INT64_C(946684800000000) /* 2000-01-01 */
#define TS_PG_EPOCH_DAY 10957

struct ts_db {
	PGconn *conn; /* NULL: not connected */
	char *conninfo;
	char *application_name;
	int64_t statement_timeout_ms;
	bool any_version;
	bool in_tx;
	bool local_only; /* latched: a commit was not confirmed by the synchronous standby */
	enum ts_link_state {
		TS_LINK_UNKNOWN,
		TS_LINK_PREPARED,
		TS_LINK_CHECKED
	} queries[TS_LINK_QUERIES_MAX];
	uint64_t retries;
	struct ts_db_spent spent;
	uint64_t jitter;
	uint8_t *copy_buf;
};

/* The class of a SQLSTATE; NULL: the connection broke without one. */
enum ts_err ts_link_err(const char *sqlstate);
/* Fills *why from a result (or, when it says nothing, from the connection) and returns its class.
 */
enum ts_err ts_link_fail(
	struct ts_db *db, const PGresult *res, const char *where, struct ts_why *why);
/* Monotonic, for the time spent waiting. */
int64_t ts_link_us(void);
/* Connects when not connected; never inside a transaction. */
enum ts_err ts_link_ensure(struct ts_db *db, struct ts_why *why) TS_MUST;
void ts_link_drop(struct ts_db *db);
/* Runs a literal command without parameters or rows. */
enum ts_err ts_link_command(struct ts_db *db, const char *literal, struct ts_why *why) TS_MUST;
/* Index of a named query; asserts that it exists. */
size_t ts_link_query(const char *name);

#endif
