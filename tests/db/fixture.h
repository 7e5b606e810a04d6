/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_DB_FIXTURE_H
#define TS_TESTS_DB_FIXTURE_H
/* Why: what the programs in tests/db share: a cluster, plain SQL for looking and breaking, two
 * contracts with a stream each. Included once per program, hence static. */
#include "store/contract.h"
#include "store/db.h"
#include "store/migrate.h"
#include "store/party.h"
#include "store/stream.h"
#include "support/cluster.h"
#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct ts_cluster cluster;
static struct ts_db *service, *ingest;

#define OK(expr)                                                                                   \
	do {                                                                                       \
		enum ts_err ok_err = (expr);                                                       \
		if (ok_err != TS_OK) {                                                             \
			print_error("%s: %s: %s\n", ts_err_code(ok_err), why.where, why.text);     \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

static inline void fixture_start(void)
{
	ts_cluster_start(&cluster, ts_migrate);
}

/* Runs SQL on a connection of its own. Returns the SQLSTATE ("" = fine) and the first value. */
static inline const char *fixture_try(
	const char *conninfo, const char *sql, char *value, size_t value_size)
{
	static char sqlstate[8];
	PGconn *conn = PQconnectdb(conninfo);
	PGresult *res = PQexec(conn, sql);
	const char *s = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	snprintf(sqlstate, sizeof sqlstate, "%s", s == NULL ? "" : s);
	if (PQresultStatus(res) == PGRES_FATAL_ERROR && s == NULL)
		snprintf(sqlstate, sizeof sqlstate, "dead");
	if (value != NULL)
		snprintf(value, value_size, "%s",
			PQntuples(res) > 0 && PQnfields(res) > 0 ? PQgetvalue(res, 0, 0) : "");
	PQclear(res);
	PQfinish(conn);
	return sqlstate;
}

static inline void fixture_sql(const char *conninfo, const char *sql)
{
	const char *sqlstate = fixture_try(conninfo, sql, NULL, 0);

	if (sqlstate[0] != '\0')
		print_error("%s: %s\n", sqlstate, sql);
	assert_string_equal(sqlstate, "");
}

static inline int64_t fixture_number(const char *conninfo, const char *sql)
{
	char value[64];
	const char *sqlstate = fixture_try(conninfo, sql, value, sizeof value);

	if (sqlstate[0] != '\0')
		print_error("%s: %s\n", sqlstate, sql);
	assert_string_equal(sqlstate, "");
	return strtoll(value, NULL, 10);
}

static inline void fixture_connect(void)
{
	struct ts_db_options as_service = {.conninfo = cluster.service},
			     as_ingest = {.conninfo = cluster.ingest};
	struct ts_why why;

	OK(ts_db_open(&as_service, &service, &why));
	OK(ts_db_open(&as_ingest, &ingest, &why));
}

static inline void fixture_disconnect(void)
{
	ts_db_close(service);
	ts_db_close(ingest);
}

/* Contracts 0 and 1, each with parties of its own; streams 0 and 1 (provider), 2 (consumer) of
 * contract 0, stream 3 (provider) of contract 1. */
static int64_t contracts[2], parties[4], streams[4];

struct fixture_contract {
	int number;
};

static inline enum ts_err fixture_enrol(
	struct ts_db *db, int contract, int stream, int16_t side, struct ts_why *why)
{
	char public_id[48], origin[128];
	struct ts_db_enrolment e = {.public_id = public_id,
		.origin = origin,
		.vkey = "vkey",
		.side = side,
		.note = TS_STR("key note"),
		.window_ms = 3600000,
		.active_to_ms = INT64_MAX,
		.clusters = "-",
		.resources = "-",
		.skus = "-",
		.leaf = stream,
		.enrolled_us = TS_CLUSTER_NOW_US};

	snprintf(public_id, sizeof public_id, "%032d", stream);
	snprintf(origin, sizeof origin, "tally.example/%032d/c/a%d/g1", contract, stream);
	memset(e.public_key, stream + 1, sizeof e.public_key);
	return ts_db_stream_enrol(db, contracts[contract], &e, &streams[stream], why);
}

static inline enum ts_err fixture_contract_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	int i = ((struct fixture_contract *)arg)->number;
	char slug[32], domain[48], public_id[48];

	for (int p = 2 * i; p < 2 * i + 2; p++) {
		struct ts_db_party party = {
			.slug = slug, .name = "A Company", .domain = domain, .profile = "{}"};

		snprintf(slug, sizeof slug, "party-%d", p);
		snprintf(domain, sizeof domain, "party-%d.example", p);
		TS_TRY(ts_db_party_add(db, &party, &parties[p], why));
	}
	snprintf(public_id, sizeof public_id, "%032d", i);
	TS_TRY(ts_db_contract_add(
		db, public_id, parties[2 * i], parties[2 * i + 1], &contracts[i], why));
	if (i == 1)
		return fixture_enrol(db, 1, 3, 0, why);
	TS_TRY(fixture_enrol(db, 0, 0, 0, why));
	TS_TRY(fixture_enrol(db, 0, 1, 0, why));
	return fixture_enrol(db, 0, 2, 1, why);
}

static inline void fixture_contracts(void)
{
	struct ts_why why;

	for (int i = 0; i < 2; i++) {
		struct fixture_contract c = {i};
		struct ts_db_scope scope = {.sides = TS_DB_SIDES_BOTH};

		OK(ts_db_tx(service, &scope, fixture_contract_body, &c, &why));
	}
}

#endif
