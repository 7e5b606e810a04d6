/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "store/link.h"
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* SQLSTATE prefixes, longest first where two match. */
static const struct {
	const char *prefix;
	enum ts_err err;
} sqlstates[] = {
	{"40003", TS_E_UNKNOWN_OUTCOME},
	{"40", TS_E_RETRY}, /* serialization failure, deadlock */
	{"55P03", TS_E_RETRY}, /* lock not available */
	{"08", TS_E_UNAVAILABLE},
	{"57", TS_E_UNAVAILABLE}, /* shut down, timed out */
	{"25006", TS_E_UNAVAILABLE}, /* read only: this is an old primary */
	{"25P03", TS_E_UNAVAILABLE}, /* idle in transaction too long */
	{"53", TS_E_UNAVAILABLE}, /* disk full, too many connections, no memory */
	{"58", TS_E_UNAVAILABLE}, /* i/o error */
	{"28", TS_E_UNAVAILABLE}, /* not let in: configuration */
	{"3D", TS_E_UNAVAILABLE}, /* no such database */
	{"23505", TS_E_CONFLICT},
	{"23001", TS_E_CONFLICT}, /* our append-only and state triggers */
	{"23", TS_E_INVALID},
	{"22003", TS_E_OVERFLOW},
	{"42501", TS_E_FORBIDDEN},
};

enum ts_err ts_link_err(const char *sqlstate)
{
	if (sqlstate == NULL)
		return TS_E_UNAVAILABLE;
	for (size_t i = 0; i < sizeof sqlstates / sizeof sqlstates[0]; i++)
		if (strncmp(sqlstate, sqlstates[i].prefix, strlen(sqlstates[i].prefix)) == 0)
			return sqlstates[i].err;
	return TS_E_DATABASE;
}

enum ts_err ts_link_fail(
	struct ts_db *db, const PGresult *res, const char *where, struct ts_why *why)
{
	const char *state = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	enum ts_err err = ts_link_err(state);
	size_t len = 0;

	if (text == NULL)
		text = db->conn == NULL ? "not connected" : PQerrorMessage(db->conn);
	len = strcspn(text, "\n");
	if (state != NULL && strcmp(state, "25006") == 0)
		ts_link_drop(db); /* the next host of the list may be the primary */
	return ts_why(why, err, where, "%.*s%s%s", (int)(len > 400 ? 400 : len), text,
		state == NULL ? "" : ", SQLSTATE ", state == NULL ? "" : state);
}

/* Under synchronous replication a commit may be durable here only; libpq says so in a notice. */
static void on_notice(void *arg, const PGresult *res)
{
	struct ts_db *db = arg;
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (text != NULL && strstr(text, "canceling wait for synchronous replication") != NULL)
		db->local_only = true;
}

void ts_link_drop(struct ts_db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
	db->in_tx = false;
	db->local_only = false;
	memset(db->queries, 0, sizeof db->queries);
}

int64_t ts_link_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct ts_db_spent ts_db_spent(const struct ts_db *db)
{
	return db->spent;
}

enum ts_err ts_link_command(struct ts_db *db, const char *literal, struct ts_why *why)
{
	int64_t start_us = ts_link_us();
	PGresult *res = PQexecParams(db->conn, literal, 0, NULL, NULL, NULL, NULL, 0);
	enum ts_err err = TS_OK;

	db->spent.wait_us += ts_link_us() - start_us;
	if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
		err = ts_link_fail(db, res, literal, why);
	PQclear(res);
	return err;
}

static enum ts_err link_settings(struct ts_db *db, struct ts_why *why)
{
	char timeout[32];
	const char *values[] = {timeout};
	PGresult *res = NULL;
	enum ts_err err = TS_OK;

	snprintf(timeout, sizeof timeout, "%" PRId64, db->statement_timeout_ms);
	/* UTC and an empty search_path: no query depends on the server's configuration. */
	res = PQexecParams(db->conn,
		"select set_config('statement_timeout', $1::text, false), "
		"set_config('lock_timeout', '2000', false), "
		"set_config('idle_in_transaction_session_timeout', '15000', false), "
		"set_config('search_path', 'pg_catalog', false), set_config('timezone', 'UTC', "
		"false), "
		"set_config('default_transaction_isolation', 'read committed', false)",
		1, NULL, values, NULL, NULL, 1);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		err = ts_link_fail(db, res, "settings", why);
	PQclear(res);
	return err;
}

static enum ts_err link_version(struct ts_db *db, struct ts_why *why)
{
	struct ts_args args;
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_hash last, mine = {{0}};
	int64_t have = 0, want = 0;
	enum ts_err err = TS_OK;

	for (; ts_sql_migrations[want].name != NULL; want++)
		ts_sha256(
			ts_sql_migrations[want].text, strlen(ts_sql_migrations[want].text), &mine);
	ts_args_init(&args);
	err = ts_db_query(db, "schema_version", &args, &rows, why);
	if (err == TS_E_DATABASE || err == TS_E_FORBIDDEN)
		return ts_why(why, TS_E_VERSION, "schema_migration",
			"the database has no tallystick schema; run `tallystick migrate`");
	TS_TRY(err);
	memset(&last, 0, sizeof last);
	if (ts_rows_next(&rows)) {
		have = ts_row_i64(&rows);
		if (have > 0)
			ts_row_hash(&rows, &last);
	}
	TS_TRY(rows.err);
	if (have != want || !ts_hash_eq(&last, &mine))
		return ts_why(why, TS_E_VERSION, "schema_migration",
			"the database has schema version %" PRId64 ", this program needs %" PRId64
			"%s",
			have, want, have == want ? " with other contents" : "");
	return TS_OK;
}

#define LAST_WORDS_MAX 8 /* reads until the end of what a server said before it went */

/* An idle connection has nothing to read; where the server has closed it there is an end, and
 * before that perhaps a last word. Seen now, it costs a reconnect; seen by a statement, it costs a
 * request, whose outcome would be open. */
static bool link_alive(PGconn *conn)
{
	struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};

	for (int i = 0; i < LAST_WORDS_MAX && PQstatus(conn) == CONNECTION_OK; i++) {
		if (poll(&fd, 1, 0) <= 0)
			return true;
		if (PQconsumeInput(conn) == 0)
			return false;
	}
	return false;
}

enum ts_err ts_link_ensure(struct ts_db *db, struct ts_why *why)
{
	enum ts_err err = TS_OK;

	TS_ASSERT(!db->in_tx);
	if (db->conn != NULL && link_alive(db->conn))
		return TS_OK;
	ts_link_drop(db);
	{
		/* Later ones win, so that the conninfo may override the first four. */
		const char *keys[] = {"connect_timeout", "tcp_user_timeout", "keepalives_idle",
			"target_session_attrs", "dbname", "application_name", "client_encoding",
			NULL};
		const char *values[] = {"2", "3000", "5", "read-write", db->conninfo,
			db->application_name, "UTF8", NULL};

		db->conn = PQconnectdbParams(keys, values, 1);
	}
	if (db->conn == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "connect", "out of memory");
	if (PQstatus(db->conn) != CONNECTION_OK) {
		err = ts_link_fail(db, NULL, "connect", why);
		ts_link_drop(db);
		return err;
	}
	PQsetNoticeReceiver(db->conn, on_notice, db);
	db->jitter ^= ((uint64_t)PQbackendPID(db->conn) << 20) | 1;
	err = link_settings(db, why);
	if (err == TS_OK && !db->any_version)
		err = link_version(db, why);
	if (err != TS_OK)
		ts_link_drop(db);
	return err;
}

enum ts_err ts_db_open(const struct ts_db_options *options, struct ts_db **out, struct ts_why *why)
{
	struct ts_db *db = calloc(1, sizeof *db);
	const char *name = options->application_name;
	enum ts_err err = TS_OK;

	if (db != NULL) {
		db->conninfo = strdup(options->conninfo);
		db->application_name = strdup(name == NULL ? "tallystick" : name);
	}
	if (db == NULL || db->conninfo == NULL || db->application_name == NULL) {
		ts_db_close(db);
		return ts_why(why, TS_E_NO_MEMORY, "connect", "out of memory");
	}
	db->statement_timeout_ms =
		options->statement_timeout_ms == 0 ? 10000 : options->statement_timeout_ms;
	db->any_version = options->any_version;
	db->jitter = 88172645463325252u;
	err = ts_link_ensure(db, why);
	if (err != TS_OK) {
		ts_db_close(db);
		return err;
	}
	*out = db;
	return TS_OK;
}

void ts_db_close(struct ts_db *db)
{
	if (db == NULL)
		return;
	PQfinish(db->conn);
	free(db->conninfo);
	free(db->application_name);
	free(db->copy_buf);
	free(db);
}

enum ts_err ts_db_ping(struct ts_db *db, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	return ts_db_query(db, "ping", &args, NULL, why);
}

size_t ts_link_query(const char *name)
{
	size_t i = 0;

	while (ts_sql_queries[i].name != NULL && strcmp(ts_sql_queries[i].name, name) != 0)
		i++;
	TS_ASSERT(ts_sql_queries[i].name != NULL && i < TS_LINK_QUERIES_MAX);
	return i;
}

static enum ts_err link_prepare(struct ts_db *db, size_t i, struct ts_why *why)
{
	const char *name = ts_sql_queries[i].name;
	PGresult *res = PQprepare(db->conn, name, ts_sql_queries[i].text, 0, NULL);
	enum ts_err err = TS_OK;

	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		err = ts_link_fail(db, res, name, why);
	else
		db->queries[i] = TS_LINK_PREPARED;
	PQclear(res);
	return err;
}

/* Compares the types that the query takes with those that the wrapper binds. */
static enum ts_err link_check(
	struct ts_db *db, size_t i, const struct ts_args *args, struct ts_why *why)
{
	const char *name = ts_sql_queries[i].name;
	PGresult *res = PQdescribePrepared(db->conn, name);
	enum ts_err err = TS_OK;

	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		err = ts_link_fail(db, res, name, why);
	else if (PQnparams(res) != (int)args->n)
		err = ts_why(why, TS_E_INTERNAL, name, "takes %d parameters, %u are bound",
			PQnparams(res), args->n);
	for (int p = 0; err == TS_OK && p < PQnparams(res); p++)
		if (args->types[p] != 0 && args->types[p] != PQparamtype(res, p))
			err = ts_why(why, TS_E_INTERNAL, name,
				"parameter %d has type %u, %u is bound", p + 1, PQparamtype(res, p),
				args->types[p]);
	PQclear(res);
	if (err == TS_OK)
		db->queries[i] = TS_LINK_CHECKED;
	return err;
}

static enum ts_err link_run(
	struct ts_db *db, size_t i, const struct ts_args *args, PGresult **out, struct ts_why *why)
{
	static const int binary[TS_DB_ARGS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	int64_t start_us = ts_link_us();
	const char *name = ts_sql_queries[i].name;
	PGresult *res = NULL;
	enum ts_err err = TS_OK;

	if (db->conn == NULL)
		return ts_why(why, TS_E_UNAVAILABLE, name, "the connection is gone");
	if (db->queries[i] == TS_LINK_UNKNOWN)
		TS_TRY(link_prepare(db, i, why));
	if (db->queries[i] == TS_LINK_PREPARED)
		TS_TRY(link_check(db, i, args, why));
	res = PQexecPrepared(db->conn, name, (int)args->n, args->values, args->lengths, binary, 1);
	db->spent.statements++;
	db->spent.wait_us += ts_link_us() - start_us;
	if (PQresultStatus(res) == PGRES_COMMAND_OK || PQresultStatus(res) == PGRES_TUPLES_OK) {
		*out = res;
		return TS_OK;
	}
	err = ts_link_fail(db, res, name, why);
	PQclear(res);
	return err;
}

static enum ts_err link_query(struct ts_db *db, const char *name, const struct ts_args *args,
	PGresult **out, struct ts_why *why)
{
	size_t i = ts_link_query(name);
	bool alone = !db->in_tx; /* a statement of its own commits by itself */
	enum ts_err err = TS_OK;

	if (alone)
		TS_TRY(ts_link_ensure(db, why));
	err = link_run(db, i, args, out, why);
	if (err == TS_E_UNAVAILABLE && alone &&
		(db->conn == NULL || PQstatus(db->conn) != CONNECTION_OK))
		return ts_why(why, TS_E_UNKNOWN_OUTCOME, name, "the connection broke");
	if (err == TS_OK && alone && db->local_only) {
		PQclear(*out);
		ts_link_drop(db);
		return ts_why(why, TS_E_UNKNOWN_OUTCOME, name, "not confirmed by the standby");
	}
	return err;
}

enum ts_err ts_db_query(struct ts_db *db, const char *name, const struct ts_args *args,
	struct ts_rows *rows, struct ts_why *why)
{
	PGresult *res = NULL;

	TS_TRY(link_query(db, name, args, &res, why));
	if (rows == NULL) {
		PQclear(res);
		return TS_OK;
	}
	*rows = (struct ts_rows){.res = res, .row = -1, .n = PQntuples(res), .err = TS_OK};
	return TS_OK;
}

enum ts_err ts_db_run(struct ts_db *db, const char *name, const struct ts_args *args,
	int64_t *changed, struct ts_why *why)
{
	PGresult *res = NULL;

	TS_TRY(link_query(db, name, args, &res, why));
	if (changed != NULL)
		*changed = strtoll(PQcmdTuples(res), NULL, 10);
	PQclear(res);
	return TS_OK;
}
