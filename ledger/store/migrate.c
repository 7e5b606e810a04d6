/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"
#include "base/time.h"
#include "store/link.h"
#include <stdio.h>
#include <string.h>

/* The only statements outside schema/: they run where the schema may not be there yet. */
#define SQL_EXISTS "select to_regclass('app.schema_migration') is not null"
#define SQL_APPLIED "select name, sha256 from app.schema_migration order by position"
#define SQL_ADD "insert into app.schema_migration (position, name, sha256) values ($1, $2, $3)"
#define SQL_PARTITION "select app.partition_ensure($1)"
#define PARTITIONS_AHEAD 3 /* months; the service makes more as time goes on */

int ts_migrate_count(void)
{
	int n = 0;

	while (ts_sql_migrations[n].name != NULL)
		n++;
	return n;
}

static void migration_hash(int i, struct ts_hash *out)
{
	ts_sha256(ts_sql_migrations[i].text, strlen(ts_sql_migrations[i].text), out);
}

/* *have = migrations in the database; each must be the compiled one. */
static enum ts_err migrate_compare(struct ts_db *db, int *have, struct ts_why *why)
{
	PGresult *res = PQexecParams(db->conn, SQL_EXISTS, 0, NULL, NULL, NULL, NULL, 0);
	enum ts_err err = TS_OK;
	bool exists = false;

	*have = 0;
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		err = ts_link_fail(db, res, "schema_migration", why);
	else
		exists = PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	if (err != TS_OK || !exists)
		return err;
	res = PQexecParams(db->conn, SQL_APPLIED, 0, NULL, NULL, NULL, NULL, 1);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		err = ts_link_fail(db, res, "schema_migration", why);
	for (int i = 0; err == TS_OK && i < PQntuples(res); i++) {
		struct ts_hash hash;

		if (i >= ts_migrate_count()) {
			err = ts_why(why, TS_E_VERSION, PQgetvalue(res, i, 0),
				"the database has %d migrations, this program knows %d",
				PQntuples(res), ts_migrate_count());
			break;
		}
		migration_hash(i, &hash);
		if (strcmp(PQgetvalue(res, i, 0), ts_sql_migrations[i].name) != 0 ||
			PQgetlength(res, i, 1) != TS_HASH_BYTES ||
			memcmp(PQgetvalue(res, i, 1), hash.b, TS_HASH_BYTES) != 0)
			err = ts_why(why, TS_E_VERSION, PQgetvalue(res, i, 0),
				"the database was migrated with another text of migration %d",
				i + 1);
	}
	*have = err == TS_OK ? PQntuples(res) : 0;
	PQclear(res);
	return err;
}

static enum ts_err migrate_params(struct ts_db *db, const char *sql, int n,
	const char *const *values, const int *lengths, const int *formats, struct ts_why *why)
{
	PGresult *res = PQexecParams(db->conn, sql, n, NULL, values, lengths, formats, 1);
	enum ts_err err = TS_OK;

	if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
		err = ts_link_fail(db, res, "migrate", why);
	PQclear(res);
	return err;
}

static enum ts_err migrate_one(struct ts_db *db, int i, struct ts_why *why)
{
	struct ts_hash hash;
	char position[16];
	const char *values[] = {position, ts_sql_migrations[i].name, (const char *)hash.b};
	const int lengths[] = {0, 0, TS_HASH_BYTES}, formats[] = {0, 0, 1};
	PGresult *res = NULL;
	enum ts_err err = TS_OK;

	/* The first one makes ts_owner; all others run as it, so that it owns what they make. */
	if (i > 0)
		TS_TRY(ts_link_command(db, "set local role ts_owner", why));
	res = PQexec(db->conn, ts_sql_migrations[i].text);
	if (PQresultStatus(res) == PGRES_FATAL_ERROR)
		err = ts_link_fail(db, res, ts_sql_migrations[i].name, why);
	PQclear(res);
	TS_TRY(err);
	migration_hash(i, &hash);
	snprintf(position, sizeof position, "%d", i + 1);
	return migrate_params(db, SQL_ADD, 3, values, lengths, formats, why);
}

struct migrate_step {
	int next;
	bool more;
	int32_t month;
};

static enum ts_err migrate_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct migrate_step *step = arg;

	/* Two migrations at once would both find nothing done. */
	TS_TRY(ts_link_command(db, "select pg_catalog.pg_advisory_xact_lock(7320534812345)", why));
	TS_TRY(migrate_compare(db, &step->next, why));
	step->more = step->next < ts_migrate_count();
	return step->more ? migrate_one(db, step->next, why) : TS_OK;
}

static enum ts_err migrate_partition(struct ts_db *db, void *arg, struct ts_why *why)
{
	const struct migrate_step *step = arg;
	char month[16];
	const char *values[] = {month};

	snprintf(month, sizeof month, "%d", step->month);
	TS_TRY(ts_link_command(db, "set local role ts_owner", why));
	return migrate_params(db, SQL_PARTITION, 1, values, NULL, NULL, why);
}

static enum ts_err migrate_all(struct ts_db *db, int64_t now_us, int *applied, struct ts_why *why)
{
	struct migrate_step step = {0};

	do {
		TS_TRY(ts_db_tx(db, NULL, migrate_body, &step, why));
		if (step.more && applied != NULL)
			(*applied)++;
	} while (step.more);
	step.month = ts_month_of_day((int32_t)(now_us / TS_US_PER_DAY));
	for (int i = 0; i <= PARTITIONS_AHEAD; i++, step.month++)
		TS_TRY(ts_db_tx(db, NULL, migrate_partition, &step, why));
	return TS_OK;
}

enum ts_err ts_migrate(const char *conninfo, int64_t now_us, int *applied, struct ts_why *why)
{
	struct ts_db_options options = {.conninfo = conninfo,
		.application_name = "tallystick migrate",
		.statement_timeout_ms = INT64_C(3600000),
		.any_version = true};
	struct ts_db *db = NULL;
	enum ts_err err = TS_OK;

	if (applied != NULL)
		*applied = 0;
	TS_TRY(ts_db_open(&options, &db, why));
	err = migrate_all(db, now_us, applied, why);
	ts_db_close(db);
	return err;
}
