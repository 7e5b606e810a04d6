/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations: twice is a no-op, every named query prepares as its role, other versions are refused.
 */
#include "db/fixture.h"
#include "store/sql.h"

static void twice(void **state)
{
	int applied = -1;

	(void)state;
	assert_int_equal(ts_migrate(cluster.admin, TS_CLUSTER_NOW_US, &applied, NULL), TS_OK);
	assert_int_equal(applied, 0);
}

static void all_prepare(void **state)
{
	char sql[16384];

	(void)state;
	for (const struct ts_sql_query *q = ts_sql_queries; q->name != NULL; q++) {
		const char *role = strcmp(q->file, "ingest") == 0  ? cluster.ingest
				   : strcmp(q->file, "audit") == 0 ? cluster.auditor
								   : cluster.service;

		if (strncmp(q->text, "copy ", 5) == 0)
			continue;
		snprintf(sql, sizeof sql, "prepare q as %s", q->text);
		fixture_sql(role, sql);
		if (strcmp(q->file, "common") == 0)
			fixture_sql(cluster.ingest, sql);
		for (const struct ts_sql_query *other = q + 1; other->name != NULL; other++)
			assert_string_not_equal(q->name, other->name);
	}
}

static void other_version(void **state)
{
	struct ts_db_options options = {.conninfo = cluster.service};
	struct ts_db *db = NULL;
	struct ts_why why;

	(void)state;
	fixture_sql(cluster.admin, "insert into app.schema_migration (position, name, sha256) "
				   "values (1000, 'newer', sha256('x'))");
	assert_int_equal(ts_db_open(&options, &db, &why), TS_E_VERSION);
	assert_null(db);
	assert_int_equal(ts_migrate(cluster.admin, TS_CLUSTER_NOW_US, NULL, &why), TS_E_VERSION);
	fixture_sql(cluster.admin, "delete from app.schema_migration where position = 1000");
	fixture_sql(cluster.admin,
		"update app.schema_migration set sha256 = sha256('x') "
		"where position = (select max(position) from app.schema_migration)");
	assert_int_equal(ts_db_open(&options, &db, &why), TS_E_VERSION);
	assert_int_equal(ts_migrate(cluster.admin, TS_CLUSTER_NOW_US, NULL, &why), TS_E_VERSION);
}

static void no_schema(void **state)
{
	struct ts_db_options options = {.conninfo = NULL};
	struct ts_db *db = NULL;
	struct ts_why why;
	char conninfo[256];

	(void)state;
	fixture_sql(cluster.admin, "create database other");
	snprintf(conninfo, sizeof conninfo, "%s dbname=other", cluster.admin);
	options.conninfo = conninfo;
	assert_int_equal(ts_db_open(&options, &db, &why), TS_E_VERSION);
	/* Roles exist already; the schema is made all the same. */
	assert_int_equal(ts_migrate(conninfo, TS_CLUSTER_NOW_US, NULL, &why), TS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twice),
		cmocka_unit_test(all_prepare),
		cmocka_unit_test(no_schema),
		cmocka_unit_test(other_version),
	};

	fixture_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
