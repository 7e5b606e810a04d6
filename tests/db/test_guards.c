/* SPDX-License-Identifier: Apache-2.0 */
/* What the database refuses whatever the program does: changes of evidence and journal, imbalance,
 * rows of another contract, rights that a role does not need. And the rules by which the schema can
 * be distributed later, read from the catalog. */
#include "db/fixture.h"
#include "store/entry.h"
#include "store/usage.h"

static const char *refused(const char *conninfo, const char *sql)
{
	return fixture_try(conninfo, sql, NULL, 0);
}

/* A role in the scope of contract 0. */
static const char *scoped(const char *conninfo, const char *sql, char *value, size_t size)
{
	char all[4096];

	snprintf(all, sizeof all,
		"begin; select set_config('app.contracts', '%lld', true), "
		"set_config('app.sides', '0,1', true); %s",
		(long long)contracts[0], sql);
	return fixture_try(conninfo, all, value, size);
}

static void append_only(void **state)
{
	static const char *const tables[] = {"directory", "key_directory", "audit_event",
		"log_leaf", "subtree", "log_checkpoint", "log_cosignature", "log_published",
		"conflict", "batch", "usage", "usage_2026_06", "usage_2026_09", "batch_cell",
		"reversal", "window_close", "period_completeness", "verdict", "batch_key", "seal",
		"entry", "leg", "cut_line", "rendering", "event", "subtree_high"};
	char sql[256], column[64];

	(void)state;
	/* As superuser: rights and row-level security are not what is asked here. */
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		snprintf(sql, sizeof sql, "delete from app.%s", tables[i]);
		assert_string_equal(refused(cluster.admin, sql), "23001");
		snprintf(sql, sizeof sql, "truncate app.%s cascade", tables[i]);
		assert_string_equal(refused(cluster.admin, sql), "23001");
		snprintf(sql, sizeof sql,
			"select attname from pg_attribute where attrelid = 'app.%s'::regclass "
			"and attnum > 0 and attidentity = '' order by attnum limit 1",
			tables[i]);
		assert_string_equal(fixture_try(cluster.admin, sql, column, sizeof column), "");
		snprintf(sql, sizeof sql, "update app.%s set %s = %s", tables[i], column, column);
		assert_string_equal(refused(cluster.admin, sql), "23001");
	}
}

static void partly_changeable(void **state)
{
	static const char *const bad[] = {
		"update app.agent_key set vkey = 'other'",
		"update app.stream set side = 1 - side",
		"update app.stream set size = size - 1 where size > 0",
		"update app.contract_lock set size = 5; update app.contract_lock set size = 4",
		"update app.directory set public_id = public_id",
		"update app.token set hash = sha256('x')",
		"delete from app.agent_key",
		"delete from app.stream",
		"delete from app.webhook",
		"truncate app.contract_lock",
		"delete from app.document",
		"delete from app.balance",
	};

	(void)state;
	fixture_sql(cluster.admin, "insert into app.token values ('0123456789abcdef', sha256('y'), "
				   "1, null, true, '{}', 'l', now())");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const char *sqlstate = NULL;
		char sql[512];

		/* Some rows, so that row triggers have something to look at. */
		snprintf(sql, sizeof sql, "begin; update app.stream set size = 3; %s", bad[i]);
		sqlstate = refused(cluster.admin, sql);
		if (strcmp(sqlstate, "23001") != 0)
			print_error("%s: %s\n", sqlstate, sql);
		assert_string_equal(sqlstate, "23001");
	}
	assert_string_equal(refused(cluster.admin,
				    "begin; update app.agent_key set revoked_leaf = 9; rollback"),
		"");
}

/* An entry and legs as C would write them, but for one thing that is wrong. */
#define ENTRY(id, day)                                                                             \
	"insert into app.entry (contract_id, entry_id, book, kind, posted, effective, "            \
	"source_leaf) "                                                                            \
	"values (current_setting('app.contracts')::bigint, " id ", 0, 'accrual', now(), " day      \
	", 0)"
#define BARE(kind)                                                                                 \
	"insert into app.entry (contract_id, entry_id, book, kind, posted, effective, "            \
	"source_leaf, document, document_sha256) "                                                 \
	"values (current_setting('app.contracts')::bigint, 1, 0, '" kind "', now(), "              \
	"'2026-06-01', 0, 'A-1', sha256('x'))"
#define LEG "insert into app.leg select current_setting('app.contracts')::bigint, t.* from (values "
#define LEG_END ") t(e, n, b, a, d, m, c)"
#define LEGS(id, second, currency)                                                                 \
	LEG "(" id "::bigint, 0::smallint, 0::smallint, 'unbilled', true, 5::bigint, 'EUR'), (" id \
	    ", 1, 0, 'revenue_usage', false, " second ", '" currency "')" LEG_END

static void balance(void **state)
{
	static const struct {
		const char *sql, *sqlstate;
	} cases[] = {
		{"with e as (" ENTRY("1", "'2026-06-01'") " returning 1) " LEGS("1", "5", "EUR"),
			""},
		{"with e as (" ENTRY("1", "'2026-06-01'") " returning 1) " LEGS("1", "6", "EUR"),
			"23514"},
		{"with e as (" ENTRY("1", "'2026-06-01'") " returning 1) " LEGS("1", "5", "USD"),
			"23514"},
		{"with e as (" ENTRY("1", "'2026-06-01'") " returning 1) " LEGS("1", "-5", "EUR"),
			"23514"},
		/* legs of an entry of another transaction, balanced or not */
		{LEG "(0::bigint, 5::smallint, 0::smallint, 'unbilled', true, 5::bigint, 'EUR'), "
		     "(0, 6, 0, 'revenue_usage', false, 5, 'EUR')" LEG_END,
			"23514"},
		/* no legs at all: only what names a document, and not its tax */
		{ENTRY("1", "'2026-06-01'"), "23514"},
		{BARE("invoice"), ""},
		{BARE("credit_note"), ""},
		{BARE("tax"), "23514"},
		{BARE("accrual"), "23514"},
		/* the other book's leg */
		{"with e as (" ENTRY(
			 "1", "'2026-06-01'") " returning 1) " LEG
					      "(1::bigint, 0::smallint, 1::smallint, 'accrued', "
					      "true, 5::bigint, 'EUR'), "
					      "(1, 1, 1, 'payable', false, 5, 'EUR')" LEG_END,
			"23514"},
		/* a sealed date; the first day after it is open */
		{"insert into app.seal values (current_setting('app.contracts')::bigint, 0, "
		 "'2026-05-31', 1, ''); "
		 "with e as (" ENTRY("1", "'2026-05-31'") " returning 1) " LEGS("1", "5", "EUR"),
			"23514"},
		{"insert into app.seal values (current_setting('app.contracts')::bigint, 0, "
		 "'2026-05-31', 1, ''); "
		 "with e as (" ENTRY("1", "'2026-06-01'") " returning 1) " LEGS("1", "5", "EUR"),
			""},
	};

	(void)state;
	assert_string_equal(scoped(cluster.service,
				    "with e as (" ENTRY("0", "'2026-06-01'") " returning 1) " LEGS(
					    "0", "5", "EUR") "; commit",
				    NULL, 0),
		"");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(
			scoped(cluster.service, cases[i].sql, NULL, 0), cases[i].sqlstate);
}

static void other_contract_is_invisible(void **state)
{
	static const char *const tables[] = {"contract", "contract_lock", "agent_key", "stream"};
	char sql[512], value[64];

	(void)state;
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		snprintf(sql, sizeof sql, "select count(*) from app.%s", tables[i]);
		assert_string_equal(fixture_try(cluster.service, sql, value, sizeof value), "");
		assert_string_equal(value, "0"); /* no scope: no rows */
		assert_string_equal(fixture_try(cluster.auditor, sql, value, sizeof value), "");
		assert_string_equal(value, "0");
		snprintf(sql, sizeof sql, "select count(*) from app.%s where contract_id <> %lld",
			tables[i], (long long)contracts[0]);
		assert_string_equal(scoped(cluster.service, sql, value, sizeof value), "");
		assert_string_equal(value, "0");
		assert_true(fixture_number(cluster.admin, sql) > 0);
	}
	/* What the transaction had is gone after it, on the same connection. */
	assert_string_equal(scoped(cluster.service, "commit; select count(*) from app.contract",
				    value, sizeof value),
		"");
	assert_string_equal(value, "0");
	/* The other side's streams. */
	assert_string_equal(scoped(cluster.service,
				    "select set_config('app.sides', '0', true); select count(*) "
				    "from app.stream",
				    value, sizeof value),
		"");
	assert_string_equal(value, "2");
	/* Nothing can be written for a contract outside the scope, or moved there. */
	snprintf(sql, sizeof sql,
		"insert into app.contract_lock values (%lld, 3, 0, '', sha256(''))",
		(long long)contracts[1]);
	assert_string_equal(scoped(cluster.service, sql, NULL, 0), "42501");
	assert_string_equal(
		fixture_try(cluster.service,
			"insert into app.usage_cell values (1, 1, '', '', '', 1, 0, 0, 0, 0)", NULL,
			0),
		"42501");
}

/* Exactly what 1-architecture's table of roles says, and nothing on partitions. */
static void ingest_rights(void **state)
{
	char value[4096];

	(void)state;
	assert_string_equal(fixture_try(cluster.admin,
				    "select string_agg(table_name || ':' || p, ' ' order by "
				    "table_name, p) from ("
				    "select table_name, string_agg(left(privilege_type, 1), '' "
				    "order by privilege_type) p "
				    "from information_schema.role_table_grants where grantee = "
				    "'ts_ingest' group by 1) t",
				    value, sizeof value),
		"");
	assert_string_equal(value,
		"agent_key:S batch:IS batch_cell:I conflict:I contract_lock:SU event:I "
		"event_queue:I log_leaf:IS reversal:I schema_migration:S stream:SU subtree:IS "
		"subtree_high:IS usage:I window_close:I");
	assert_string_equal(
		fixture_try(cluster.admin,
			"select string_agg(distinct table_name || '.' || column_name, ' ') "
			"from information_schema.column_privileges where grantee = 'ts_ingest' "
			"and table_name = 'contract_version'",
			value, sizeof value),
		"");
	assert_string_equal(value, "contract_version.contract_id contract_version.leaf "
				   "contract_version.statement_sha256 contract_version.version");
	assert_int_equal(fixture_number(cluster.admin,
				 "select count(*) from information_schema.role_table_grants "
				 "where table_name like 'usage\\_2%' and grantee like 'ts\\_%' and "
				 "grantee <> 'ts_owner'"),
		0);
	assert_string_equal(fixture_try(cluster.admin,
				    "select string_agg(rolname || ':' || rolsuper || rolbypassrls "
				    "|| rolcreaterole || rolcanlogin, ' ' "
				    "order by rolname) from pg_roles where rolname like 'ts\\_%'",
				    value, sizeof value),
		"");
	assert_string_equal(value, "ts_auditor:falsefalsefalsetrue ts_ingest:falsetruefalsetrue "
				   "ts_owner:falsefalsefalsefalse ts_service:falsefalsefalsetrue");
}

static void roles_are_refused(void **state)
{
	static const struct {
		int role; /* 0 ingest, 1 service, 2 auditor */
		const char *sql;
	} cases[] = {
		{0, "select * from app.usage"},
		{0, "select * from app.contract"},
		{0, "select terms from app.contract_version"},
		{0, "select * from app.entry"},
		{0, "select * from app.token"},
		{0, "insert into app.entry default values"},
		{0, "insert into app.usage_2026_06 default values"},
		{0, "truncate app.usage"},
		{0, "create table app.x ()"},
		{0, "select app.partition_ensure(24330)"},
		{1, "create table app.x ()"},
		{1, "insert into app.usage default values"},
		{1, "update app.stream set size = 0"},
		{1, "delete from app.batch"},
		{1, "update app.entry set kind = ''"},
		{1, "alter table app.entry disable trigger all"},
		{1, "set session_replication_role = replica"},
		{1, "set role ts_owner"},
		{1, "insert into app.schema_migration default values"},
		{2, "insert into app.entry default values"},
		{2, "update app.stream set size = 0"},
		{2, "select * from app.token"},
		{2, "select * from app.idempotency"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *roles[] = {cluster.ingest, cluster.service, cluster.auditor};
		const char *sqlstate = refused(roles[cases[i].role], cases[i].sql);

		if (strcmp(sqlstate, "42501") != 0)
			print_error("%s: %s\n", sqlstate, cases[i].sql);
		assert_string_equal(sqlstate, "42501");
	}
}

/* Each query lists what breaks a rule; none may return a row. Tables without contract_id are on the
 * list of those that are shared or belong to a party. */
static const char *const rules[] = {
	"select 'no contract_id: ' || oid::regclass from t where k is null and relname not "
	"in "
	"('schema_migration', 'party', 'token', 'audit_event', 'webhook', 'delivery', "
	"'delivery_queue')",
	"select 'no primary key: ' || oid::regclass from t where not ispart and relname <> "
	"'usage' "
	"and not exists (select from pg_index i where i.indrelid = t.oid and "
	"i.indisprimary)",
	"select 'unique without contract_id: ' || i.indexrelid::regclass from t join "
	"pg_index i on "
	"i.indrelid = t.oid where i.indisunique and k is not null and i.indkey[0] <> k and "
	"relname "
	"not in ('directory', 'key_directory', 'idempotency')",
	"select 'nullable key of a unique: ' || i.indexrelid::regclass from t join "
	"pg_index i on "
	"i.indrelid = t.oid join pg_attribute a on a.attrelid = t.oid and a.attnum = any "
	"(i.indkey) "
	"where i.indisunique and i.indpred is null and not i.indnullsnotdistinct and not "
	"a.attnotnull and "
	"(relname, a.attname) <> ('contract_version', 'leaf')",
	"select 'foreign key not paired: ' || c.conname from t join pg_constraint c on "
	"c.conrelid = t.oid and c.contype = 'f' join t f on f.oid = c.confrelid where f.k "
	"is not null "
	"and f.relname not in ('key_directory') and not exists (select from "
	"generate_subscripts(c.conkey, 1) i "
	"where c.conkey[i] = t.k and c.confkey[i] = f.k)",
	"select 'foreign key at usage: ' || c.conname from t join pg_constraint c on "
	"c.contype = 'f' and "
	"t.oid in (c.conrelid, c.confrelid) where relname like 'usage%'",
	"select 'row-level security: ' || oid::regclass from t where k is not null and "
	"relname not in "
	"('directory', 'key_directory', 'event_queue') and not (rls and forced)",
	"select 'no policy: ' || oid::regclass from t where rls and not exists (select "
	"from pg_policy p "
	"where p.polrelid = t.oid)",
	"select 'serial or small identity: ' || a.attname from t join pg_attribute a on "
	"a.attrelid = t.oid "
	"where attnum > 0 and (attidentity <> '' and atttypid <> 'bigint'::regtype or "
	"attidentity = '' and "
	"not attisdropped and pg_get_serial_sequence(t.oid::regclass::text, attname) is not null)",
	"select 'partition unguarded: ' || oid::regclass from t where ispart and (not rls "
	"or not forced or "
	"not exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgname = "
	"'append_only' and "
	"not g.tgisinternal and g.tgenabled = 'O'))",
	"select 'transition table on usage: ' || g.tgname from t join pg_trigger g on "
	"g.tgrelid = t.oid "
	"where relname like 'usage%' and g.tgnewtable is not null",
	"select 'float: ' || t.oid::regclass || '.' || attname from t join pg_attribute a "
	"on "
	"a.attrelid = t.oid where atttypid in ('real'::regtype, 'double "
	"precision'::regtype, 'money'::regtype)",
	"select 'not owned by ts_owner: ' || oid::regclass from t where owner <> "
	"'ts_owner'::regrole",
	"select 'no pinned search_path: ' || proname from pg_proc where pronamespace = "
	"'app'::regnamespace "
	"and not coalesce(proconfig::text, '') like '%search_path=pg_catalog%' and prokind "
	"= 'f'",
	"select 'public may execute: ' || proname from pg_proc p where pronamespace = "
	"'app'::regnamespace "
	"and exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) a "
	"where a.grantee = 0)",
	"select 'rule: ' || rulename from pg_rules where schemaname = 'app'",
};

static void catalog_lint(void **state)
{
	char sql[2048], value[256];

	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		snprintf(sql, sizeof sql,
			"with t as (select c.oid, c.relname, c.relispartition as ispart, "
			"c.relrowsecurity as rls, "
			"c.relforcerowsecurity as forced, c.relowner as owner, (select attnum from "
			"pg_attribute a "
			"where a.attrelid = c.oid and attname = 'contract_id') as k from pg_class "
			"c "
			"where relnamespace = 'app'::regnamespace and relkind in ('r', 'p')) %s",
			rules[i]);
		assert_string_equal(fixture_try(cluster.admin, sql, value, sizeof value), "");
		assert_string_equal(value, "");
	}
}

static void partitions(void **state)
{
	struct ts_why why;

	(void)state;
	OK(ts_db_partition_ensure(service, 2027 * 12 + 11, &why));
	OK(ts_db_partition_ensure(service, 2027 * 12 + 11, &why));
	assert_int_equal(
		fixture_number(cluster.admin,
			"select count(*) from pg_inherits where inhparent = 'app.usage'::regclass"),
		5);
	assert_int_equal(ts_db_partition_ensure(service, 1, &why), TS_E_OVERFLOW);
	OK(ts_db_partition_close(service, 2027 * 12 + 11, &why));
	OK(ts_db_partition_close(service, 2027 * 12 + 11, &why));
	assert_int_equal(ts_db_partition_close(service, 2030 * 12, &why), TS_E_DATABASE);
	/* Detached, it is still guarded. */
	fixture_sql(cluster.admin, "alter table app.usage detach partition app.usage_2027_12");
	assert_string_equal(refused(cluster.admin, "delete from app.usage_2027_12"), "23001");
	catalog_lint(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(append_only),
		cmocka_unit_test(partly_changeable),
		cmocka_unit_test(balance),
		cmocka_unit_test(other_contract_is_invisible),
		cmocka_unit_test(ingest_rights),
		cmocka_unit_test(roles_are_refused),
		cmocka_unit_test(catalog_lint),
		cmocka_unit_test(partitions),
	};
	int failed = 0;

	fixture_start();
	fixture_connect();
	fixture_contracts();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_disconnect();
	return failed;
}
