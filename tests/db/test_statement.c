/* SPDX-License-Identifier: Apache-2.0 */
/* Statements in the database: what may change about one, serials, and what revocations lean on. */
#include "fixture.h"
#include "store/log.h"
#include "store/seal.h"
#include "store/statement.h"
#include "support/test.h"

static struct ts_region *region;
static struct ts_db_statement row;

static struct ts_hash hash_of(int n)
{
	struct ts_hash hash;
	memset(hash.b, n, sizeof hash.b);
	return hash;
}

static void in_tx(ts_db_body body)
{
	struct ts_why why = {"", ""};
	OK(ts_db_tx_contract(service, contracts[0], body, NULL, &why));
}

static enum ts_err add(struct ts_db *db, int n, const char *kind, int64_t serial)
{
	const struct ts_db_statement s = {.sha256 = hash_of(n),
		.kind = kind,
		.serial = serial,
		.side = 1,
		.note = TS_STR("text\n\nline\n"),
		.posted_us = TS_CLUSTER_NOW_US};
	return ts_db_statement_add(db, contracts[0], &s, NULL);
}

static enum ts_err first_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	int64_t n = 0;
	(void)arg;
	TS_TRY(add(db, 1, "release", 1));
	TS_TRY(add(db, 2, "release", 1));
	TS_TRY(add(db, 3, "revoke", 0));
	TS_TRY(ts_db_statement_waiting(db, contracts[0], 1, &n, why));
	assert_int_equal(n, 3);
	TS_TRY(ts_db_statement_waiting(db, contracts[0], 0, &n, why));
	assert_int_equal(n, 0);
	TS_TRY(ts_db_statement_serial(db, contracts[0], "release", &n, why));
	assert_int_equal(n, 1); /* what waits has no serial yet */
	struct ts_hash hash = hash_of(1);
	TS_TRY(ts_db_statement_get(db, contracts[0], &hash, region, &row, why));
	assert_string_equal(row.kind, "release");
	assert_int_equal(row.leaf, -1);
	assert_int_equal(row.counter_leaf, -1);
	assert_null(row.refused);
	row.leaf = 5;
	row.note = TS_STR("text\n\nline\nother\n");
	TS_TRY(ts_db_statement_change(db, contracts[0], &row, why));
	TS_TRY(ts_db_statement_supersede(db, contracts[0], "release", 1, "serial: taken", why));
	TS_TRY(ts_db_statement_serial(db, contracts[0], "release", &n, why));
	assert_int_equal(n, 2);
	hash = hash_of(2);
	TS_TRY(ts_db_statement_get(db, contracts[0], &hash, region, &row, why));
	assert_string_equal(row.refused, "serial: taken");
	hash = hash_of(9);
	assert_int_equal(
		ts_db_statement_get(db, contracts[0], &hash, region, &row, why), TS_E_NOT_FOUND);
	return TS_OK;
}

static enum ts_err list_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_db_statement *list = NULL;
	size_t n = 0;
	(void)arg;
	TS_TRY(ts_db_statement_list(db, contracts[0], NULL, 0, 10, region, &list, &n, why));
	assert_int_equal(n, 3);
	int64_t after = list[0].statement_id;
	TS_TRY(ts_db_statement_list(
		db, contracts[0], "release", after, 10, region, &list, &n, why));
	assert_int_equal(n, 1);
	assert_int_equal(list[0].sha256.b[0], 2);
	return TS_OK;
}

static void from_waiting_to_logged(void **state)
{
	(void)state;
	in_tx(first_body);
	in_tx(list_body);
}

static const char *refused(const char *sql)
{
	static char text[512];
	snprintf(text, sizeof text, "begin; select set_config('app.contracts', '%lld', true); %s",
		(long long)contracts[0], sql);
	return fixture_try(cluster.admin, text, NULL, 0);
}

/* As superuser, so that only the triggers and indexes speak. */
static void what_is_logged_stays(void **state)
{
	(void)state;
	assert_string_equal(refused("update app.statement set leaf = 6 where leaf = 5"), "23001");
	assert_string_equal(
		refused("update app.statement set leaf = null where leaf = 5"), "23001");
	assert_string_equal(
		refused("update app.statement set refused = 'x' where leaf = 5"), "23001");
	assert_string_equal(
		refused("update app.statement set kind = 'gap' where leaf is null"), "23001");
	assert_string_equal(refused("delete from app.statement"), "23001");
	assert_string_equal(
		refused("update app.statement set counter_leaf = 5 where leaf = 5"), "23514");
	/* A serial and a leaf are taken once. */
	assert_string_equal(
		refused("update app.statement set leaf = 7, refused = null where serial = 1 and "
			"leaf is null"),
		"23505");
	assert_string_equal(
		refused("update app.statement set leaf = 5 where kind = 'revoke'"), "23505");
	/* A countersignature comes once. */
	assert_string_equal(refused("update app.statement set counter_leaf = 8 where leaf = 5; "
				    "update app.statement set counter_leaf = 9 where leaf = 5"),
		"23001");
}

/* --- what a revocation leans on --- */

struct cosigned {
	int64_t size;
	const char *name;
	int64_t time_s;
};

static enum ts_err cosigned_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	static const struct cosigned rows[] = {{10, "a", 100}, {10, "b", 110}, {20, "a", 200},
		{20, "b", 210}, {20, "b", 300}, {30, "a", 250}, {30, "stranger", 250},
		{40, "b", 400}, {40, "a", 401}, {40, "a", 999}};
	static const char *const witnesses[] = {"a", "b"};
	static const struct {
		int64_t quorum, before_ms, size;
	} cases[] = {{1, 100000, 0}, {1, 100001, 10}, {2, 100001, 0}, {2, 110000, 0},
		{2, 110001, 10}, {2, 210000, 10}, {2, 210001, 20}, {1, 260000, 30}, {2, 260000, 20},
		{2, 400500, 20}, {2, 401000, 20}, {2, 401001, 40}, {3, INT64_MAX, 0}};
	struct ts_hash root = hash_of(1);
	(void)arg;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		TS_TRY(ts_db_checkpoint_add(db, contracts[0], TS_DB_LOCK_INPUTS, rows[i].size,
			&root, NULL, TS_STR("note\n"), TS_CLUSTER_NOW_US, why));
		TS_TRY(ts_db_cosignature_add(db, contracts[0], TS_DB_LOCK_INPUTS, rows[i].size,
			rows[i].name, rows[i].time_s, TS_STR("line\n"), why));
	}
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t size = -1;
		TS_TRY(ts_db_cosigned_before(db, contracts[0], witnesses, 2, cases[i].quorum,
			cases[i].before_ms, &size, why));
		if (size != cases[i].size)
			fail_msg("case %zu: %lld", i, (long long)size);
	}
	return TS_OK;
}

/* Of each witness the earliest cosignature counts, and a stranger's never. */
static void the_quorum_before_an_instant(void **state)
{
	(void)state;
	in_tx(cosigned_body);
}

static enum ts_err seal_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_str notes[2];
	size_t n = 9;
	(void)arg;
	TS_TRY(ts_db_seal_last(db, contracts[0], region, notes, &n, why));
	assert_int_equal(n, 0);
	TS_TRY(ts_db_seal_add(
		db, contracts[0], TS_BOOK_PROVIDER, 20000, 11, TS_STR("provider 1"), why));
	TS_TRY(ts_db_seal_add(
		db, contracts[0], TS_BOOK_PROVIDER, 20031, 12, TS_STR("provider 2"), why));
	TS_TRY(ts_db_seal_add(
		db, contracts[0], TS_BOOK_CONSUMER, 20000, 13, TS_STR("consumer 1"), why));
	TS_TRY(ts_db_seal_last(db, contracts[0], region, notes, &n, why));
	assert_int_equal(n, 2);
	assert_true(ts_str_is(notes[0], "provider 2"));
	assert_true(ts_str_is(notes[1], "consumer 1"));
	return TS_OK;
}

static void the_last_seal_of_each_book(void **state)
{
	(void)state;
	in_tx(seal_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_waiting_to_logged),
		cmocka_unit_test(what_is_logged_stays),
		cmocka_unit_test(the_quorum_before_an_instant),
		cmocka_unit_test(the_last_seal_of_each_book),
	};
	fixture_start();
	fixture_connect();
	fixture_contracts();
	region = ts_region_create(16u << 20);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	ts_region_free(region);
	fixture_disconnect();
	return failed;
}
