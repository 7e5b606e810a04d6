/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: bounded retry, rollback on every other exit, and what each failure is called. */
#include "db/fixture.h"
#include "store/copy.h"
#include "store/idempotency.h"
#include "store/link.h"
#include "store/log.h"
#include "store/token.h"
#include <pthread.h>

static void sqlstates(void **state)
{
	static const struct {
		const char *sqlstate;
		enum ts_err err;
	} cases[] = {
		{"40001", TS_E_RETRY},
		{"40P01", TS_E_RETRY},
		{"55P03", TS_E_RETRY},
		{"40003", TS_E_UNKNOWN_OUTCOME},
		{"53100", TS_E_UNAVAILABLE},
		{"53300", TS_E_UNAVAILABLE},
		{"57P01", TS_E_UNAVAILABLE},
		{"57014", TS_E_UNAVAILABLE},
		{"08006", TS_E_UNAVAILABLE},
		{"25006", TS_E_UNAVAILABLE},
		{"23505", TS_E_CONFLICT},
		{"23001", TS_E_CONFLICT},
		{"23514", TS_E_INVALID},
		{"23503", TS_E_INVALID},
		{"22003", TS_E_OVERFLOW},
		{"42501", TS_E_FORBIDDEN},
		{"42601", TS_E_DATABASE},
		{NULL, TS_E_UNAVAILABLE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(ts_link_err(cases[i].sqlstate), cases[i].err);
}

/* Raises a SQLSTATE the first `times` runs. */
struct raise {
	const char *literal;
	int times, runs;
};

static enum ts_err raise_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct raise *r = arg;

	r->runs++;
	return r->runs <= r->times ? ts_link_command(db, r->literal, why) : ts_db_ping(db, why);
}

static void retried(void **state)
{
	struct raise r = {"do $$ begin raise exception 'x' using errcode = '40001'; end $$", 3, 0};
	uint64_t before = ts_db_retries(service);
	struct ts_why why;

	(void)state;
	OK(ts_db_tx(service, NULL, raise_body, &r, &why));
	assert_int_equal(r.runs, 4);
	assert_int_equal(ts_db_retries(service) - before, 3);
	r.runs = 0;
	r.times = 1000;
	assert_int_equal(ts_db_tx(service, NULL, raise_body, &r, &why), TS_E_RETRY);
	assert_true(r.runs < 10);
	OK(ts_db_ping(service, &why));
}

static void disk_full(void **state)
{
	struct raise r = {
		"do $$ begin raise exception 'x' using errcode = 'disk_full'; end $$", 1, 0};
	struct ts_why why;

	(void)state;
	assert_int_equal(ts_db_tx(service, NULL, raise_body, &r, &why), TS_E_UNAVAILABLE);
	assert_int_equal(r.runs, 1);
	assert_non_null(strstr(why.text, "53100"));
	OK(ts_db_ping(service, &why)); /* the connection stays */
}

/* A body that goes on after a failed statement must not look committed. */
static enum ts_err careless_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	(void)arg;
	return ts_link_command(db, "select 1/0", why) == TS_OK ? TS_E_INTERNAL : TS_OK;
}

static void aborted_is_not_committed(void **state)
{
	struct ts_why why;

	(void)state;
	assert_int_equal(ts_db_tx(service, NULL, careless_body, NULL, &why), TS_E_INTERNAL);
}

/* The notice of a commit that the synchronous standby did not confirm. */
static enum ts_err local_only_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	(void)arg;
	return ts_link_command(db,
		"do $$ begin raise warning 'canceling wait for synchronous "
		"replication due to user request'; end $$",
		why);
}

static void local_only(void **state)
{
	struct ts_why why;

	(void)state;
	assert_int_equal(
		ts_db_tx(service, NULL, local_only_body, NULL, &why), TS_E_UNKNOWN_OUTCOME);
	OK(ts_db_ping(service, &why));
}

/* Two threads lock two rows in opposite order: one is a deadlock's victim, runs again, both end. */
struct pair {
	enum ts_db_lock first, second;
	struct ts_db *db;
	enum ts_err err;
	pthread_barrier_t *both;
	int runs;
};

static enum ts_err pair_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct pair *p = arg;

	TS_TRY(ts_db_lock_take(db, contracts[0], p->first, why));
	if (p->runs++ == 0)
		pthread_barrier_wait(p->both);
	return ts_db_lock_take(db, contracts[0], p->second, why);
}

static void *pair_thread(void *arg)
{
	struct pair *p = arg;
	struct ts_why why;

	p->err = ts_db_tx_contract(p->db, contracts[0], pair_body, p, &why);
	return NULL;
}

static void deadlock(void **state)
{
	struct ts_db_options options = {.conninfo = cluster.service};
	pthread_barrier_t both;
	struct pair pairs[2] = {{TS_DB_LOCK_SETTLE, TS_DB_LOCK_PERIOD, service, TS_OK, &both, 0},
		{TS_DB_LOCK_PERIOD, TS_DB_LOCK_SETTLE, NULL, TS_OK, &both, 0}};
	pthread_t threads[2];
	struct ts_why why;

	(void)state;
	OK(ts_db_open(&options, &pairs[1].db, &why));
	pthread_barrier_init(&both, NULL, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, pair_thread, &pairs[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(pairs[i].err, TS_OK);
	}
	assert_true(pairs[0].runs + pairs[1].runs >= 3);
	pthread_barrier_destroy(&both);
	ts_db_close(pairs[1].db);
}

/* --- parameters and rows --- */

static void wrong_types(void **state)
{
	struct ts_args args;
	struct ts_rows rows;
	struct ts_why why;

	(void)state;
	ts_args_init(&args);
	ts_arg_i64(&args, 1);
	assert_int_equal(ts_db_query(service, "token_revoke", &args, NULL, &why), TS_E_INTERNAL);
	ts_arg_i64(&args, 1);
	assert_int_equal(ts_db_query(service, "party_get", &args, NULL, &why), TS_E_INTERNAL);
	ts_args_init(&args);
	OK(ts_db_query(service, "ping", &args, &rows, &why));
	assert_true(ts_rows_next(&rows));
	assert_int_equal(ts_row_i32(&rows), 0);
	assert_int_equal(ts_rows_close(&rows), TS_E_INTERNAL);
}

static enum ts_err copy_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	int64_t n = *(int64_t *)arg;
	struct ts_copy copy;

	TS_TRY(ts_copy_begin(&copy, db, "ingest_copy_subtrees", why));
	for (int64_t i = 0; i < n; i++) {
		ts_copy_row(&copy, 4, 64);
		ts_copy_i64(&copy, contracts[0]);
		ts_copy_i64(&copy, 77);
		ts_copy_i64(&copy, i);
		ts_copy_bytes(&copy, "01234567890123456789012345678901", i == 7000 ? 31 : 32);
	}
	return ts_copy_end(&copy, why);
}

static void copy(void **state)
{
	int64_t n = 7001;
	struct ts_why why;

	(void)state;
	/* A row in the middle of the stream is refused: the reason comes back, nothing stays. */
	assert_int_equal(ts_db_tx(ingest, NULL, copy_body, &n, &why), TS_E_INVALID);
	assert_int_equal(
		fixture_number(cluster.admin, "select count(*) from app.subtree where tree = 77"),
		0);
	n = 7000;
	OK(ts_db_tx(ingest, NULL, copy_body, &n, &why));
	assert_int_equal(
		fixture_number(cluster.admin, "select count(*) from app.subtree where tree = 77"),
		7000);
	n = 1;
	assert_int_equal(ts_db_tx(ingest, NULL, copy_body, &n, &why), TS_E_CONFLICT);
}

/* --- idempotency --- */

struct once {
	struct ts_db_idempotency id;
	struct ts_region *region;
	struct ts_db_answer answer;
	bool found;
};

static enum ts_err once_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct once *o = arg;

	TS_TRY(ts_db_idempotency_reserve(db, &o->id, o->region, &o->found, &o->answer, why));
	if (o->found)
		return TS_OK;
	o->answer = (struct ts_db_answer){201, "application/json", TS_STR("{\"a\":1}")};
	return ts_db_idempotency_answer(db, &o->id, &o->answer, why);
}

static void idempotency(void **state)
{
	struct once o = {.id = {.party_id = parties[0],
				 .contract_id = contracts[0],
				 .method = "POST",
				 .path = "/v1/x",
				 .key = TS_STR("key-1")},
		.region = ts_region_create(65536)};
	struct ts_db_scope scope = {.party_id = parties[0]}, other = {.party_id = parties[1]};
	struct ts_why why;

	(void)state;
	OK(ts_db_tx(service, &scope, once_body, &o, &why));
	assert_false(o.found);
	OK(ts_db_tx(service, &scope, once_body, &o, &why));
	assert_true(o.found);
	assert_int_equal(o.answer.status, 201);
	assert_true(ts_str_is(o.answer.body, "{\"a\":1}"));
	o.id.fingerprint.b[0] = 1;
	assert_int_equal(ts_db_tx(service, &scope, once_body, &o, &why), TS_E_KEY_REUSED);
	o.id.path = "/v1/y";
	OK(ts_db_tx(service, &scope, once_body, &o, &why));
	assert_false(o.found);
	o.id.path = "/v1/z";
	assert_int_equal(ts_db_tx(service, &other, once_body, &o, &why), TS_E_FORBIDDEN);
	ts_region_free(o.region);
}

static void tokens(void **state)
{
	struct ts_db_token token = {.id = "00112233445566ff",
		.role = 16,
		.all_contracts = true,
		.label = "first",
		.created_us = TS_CLUSTER_NOW_US,
		.contracts_n = 2,
		.contracts = {5, 9}};
	struct ts_db_token back;
	struct ts_why why;

	(void)state;
	OK(ts_db_token_add(service, &token, &why));
	OK(ts_db_token_find(service, token.id, &back, &why));
	assert_int_equal(back.role, 16);
	assert_int_equal(back.party_id, 0);
	assert_int_equal(back.contracts_n, 2);
	assert_int_equal(back.contracts[1], 9);
	assert_int_equal(back.not_after_us, 0);
	assert_false(back.revoked);
	OK(ts_db_token_revoke(service, token.id, &why));
	OK(ts_db_token_find(service, token.id, &back, &why));
	assert_true(back.revoked);
	assert_int_equal(ts_db_token_revoke(service, token.id, &why), TS_E_NOT_FOUND);
	assert_int_equal(
		ts_db_token_find(service, "ffffffffffffffff", &back, &why), TS_E_NOT_FOUND);
	token.id[0] = '1';
	token.party_id = parties[0];
	token.not_after_us = TS_CLUSTER_NOW_US + 1;
	OK(ts_db_token_add(service, &token, &why));
	OK(ts_db_token_find(service, token.id, &back, &why));
	assert_string_equal(back.party_slug, "party-0");
	assert_int_equal(back.not_after_us, TS_CLUSTER_NOW_US + 1);
}

/* --- the server goes away: last, because it does --- */

static enum ts_err kill_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	(void)arg;
	TS_TRY(ts_db_ping(db, why));
	ts_cluster_ctl(&cluster, "stop -m immediate");
	return TS_OK;
}

static void database_down(void **state)
{
	struct ts_why why;

	(void)state;
	assert_int_equal(ts_db_tx(service, NULL, kill_body, NULL, &why), TS_E_UNKNOWN_OUTCOME);
	assert_int_equal(ts_db_ping(service, &why), TS_E_UNAVAILABLE);
	assert_int_equal(ts_db_tx(ingest, NULL, kill_body, NULL, &why), TS_E_UNAVAILABLE);
	ts_cluster_ctl(&cluster, "start");
	OK(ts_db_ping(service, &why)); /* it comes back by itself */
	ts_cluster_ctl(&cluster, "restart -m fast");
	/* A connection that died while idle is replaced before anything is sent on it: at begin,
	 * and also where a statement stands alone, which used to fail once. */
	{
		struct raise r = {"", 0, 0};

		OK(ts_db_tx(service, NULL, raise_body, &r, &why));
	}
	OK(ts_db_ping(ingest, &why));
	static const char *const deaths[] = {"restart -m fast", "restart -m immediate"};
	for (size_t i = 0; i < 2; i++) {
		ts_cluster_ctl(&cluster, deaths[i]);
		OK(ts_db_ping(service, &why));
		OK(ts_db_ping(ingest, &why));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sqlstates),
		cmocka_unit_test(retried),
		cmocka_unit_test(disk_full),
		cmocka_unit_test(aborted_is_not_committed),
		cmocka_unit_test(local_only),
		cmocka_unit_test(deadlock),
		cmocka_unit_test(wrong_types),
		cmocka_unit_test(copy),
		cmocka_unit_test(idempotency),
		cmocka_unit_test(tokens),
		cmocka_unit_test(database_down),
	};
	int failed = 0;

	fixture_start();
	fixture_connect();
	fixture_contracts();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_disconnect();
	return failed;
}
