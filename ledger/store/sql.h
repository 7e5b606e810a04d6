/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_SQL_H
#define TS_STORE_SQL_H
/* Why: the SQL of schema/ as compiled in: what the code was built against is what it runs, and the
 * number of migrations is the schema version that it asks a database for. */

struct ts_sql_migration {
	const char *name; /* "0001_roles" */
	const char *text;
};
struct ts_sql_query {
	const char *name; /* unique over all files */
	const char *file; /* "ingest", ...: queries/ingest.sql; decides which role may run it */
	const char *text; /* one statement */
};
extern const struct ts_sql_migration ts_sql_migrations[]; /* in order; ends with {0, 0} */
extern const struct ts_sql_query ts_sql_queries[]; /* ends with {0, 0, 0} */
/* What the migrations leave in the catalog: a line per object, key, TAB, text (query
 * audit_catalog). Made by tests/db/test_catalog.c. */
extern const char ts_sql_catalog[];

#endif
