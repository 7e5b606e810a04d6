/* SPDX-License-Identifier: Apache-2.0 */
/* Both logs are signed in pairs, only over what recomputes, never backwards. */
#include "db/signing.h"
#include <pthread.h>

#define ALL "set session_replication_role = replica; "

static struct ts_region *region;

static int64_t number(const char *sql)
{
	return fixture_number(cluster.admin, sql);
}

static void breaks(const char *sql)
{
	char text[1024];
	snprintf(text, sizeof text, ALL "%s", sql);
	fixture_sql(cluster.admin, text);
}

struct look {
	enum ts_db_lock log;
	struct ts_db_checkpoint checkpoint;
	struct ts_db_pair pair;
};

static enum ts_err look_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct look *l = arg;
	TS_TRY(ts_db_checkpoint_last(
		db, contracts[0], l->log, INT64_MAX, region, &l->checkpoint, why));
	return ts_db_pair_last(db, contracts[0], INT64_MAX, &l->pair, why);
}

static struct look look_at(enum ts_db_lock log)
{
	struct look l = {.log = log};
	struct ts_why why = {"", ""};
	OK(ts_db_tx_contract(service, contracts[0], look_tx, &l, &why));
	return l;
}

static void notes_verify(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	signing_append(0, TS_DB_LOCK_INPUTS, 300);
	signing_append(0, TS_DB_LOCK_JOURNAL, 20);
	OK(signing_pass(0, &why));
	for (int log = 0; log < 2; log++) {
		struct look l = look_at((enum ts_db_lock)log);
		char origin[TS_ORIGIN_MAX + 1];
		struct ts_checkpoint checkpoint;
		struct ts_note_sig sig;
		struct ts_note note;
		struct ts_key key;
		OK(ts_origin_log(TS_STR("tally.example"),
			TS_STR("00000000000000000000000000000000"), (enum ts_log_kind)log, origin));
		OK(ts_signer_make(app.signer, ts_str(origin), &key, &why));
		OK(ts_checkpoint_open(l.checkpoint.note, &key, 1, &note, &sig, &checkpoint, &why));
		assert_int_equal(checkpoint.size, log == 0 ? 300 : 20);
		assert_true(ts_hash_eq(&checkpoint.root, &l.checkpoint.root));
		assert_int_equal(l.pair.inputs_size, 300);
		assert_int_equal(l.pair.journal_size, 20);
	}
	OK(signing_pass(0, &why)); /* nothing is new */
	assert_int_equal(number("select count(*) from app.log_checkpoint"), 2);
}

/* A log that did not move keeps its checkpoint; the pair is new. */
static void one_log_moves(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	for (int i = 1; i <= 40; i++) {
		signing_append(0, TS_DB_LOCK_INPUTS, i);
		OK(signing_pass(0, &why));
	}
	struct look l = look_at(TS_DB_LOCK_INPUTS);
	assert_int_equal(l.pair.inputs_size, 300 + 820);
	assert_int_equal(l.pair.journal_size, 20);
	assert_int_equal(number("select count(*) from app.log_pair"), 41);
	assert_int_equal(number("select count(*) from app.log_checkpoint where log = 1"), 1);
}

static void empty_journal_has_no_note(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	OK(signing_pass(1, &why)); /* no leaf at all: nothing */
	signing_append(1, TS_DB_LOCK_INPUTS, 5);
	OK(signing_pass(1, &why));
	char sql[256];
	snprintf(sql, sizeof sql,
		"select count(*) from app.log_pair where contract_id = %lld and journal_size is "
		"null",
		(long long)contracts[1]);
	assert_int_equal(number(sql), 1);
	snprintf(sql, sizeof sql,
		"select count(*) from app.log_checkpoint where contract_id = %lld and log = 1",
		(long long)contracts[1]);
	assert_int_equal(number(sql), 0);
}

/* Every published checkpoint continues every one before. */
static enum ts_err consistent_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_db_log_source source = {.db = db,
		.hasher = &session.hasher,
		.contract_id = contracts[0],
		.log = TS_DB_LOCK_INPUTS};
	struct ts_merkle_source merkle = ts_db_log_source(&source);
	struct ts_db_checkpoint newer, older;
	struct ts_path path;
	int *n = arg;
	TS_TRY(ts_db_checkpoint_last(
		db, contracts[0], TS_DB_LOCK_INPUTS, INT64_MAX, region, &newer, why));
	for (; newer.size > 1; newer = older, (*n)++) {
		TS_TRY(ts_db_checkpoint_last(
			db, contracts[0], TS_DB_LOCK_INPUTS, newer.size - 1, region, &older, why));
		if (older.size == 0)
			break;
		TS_TRY(ts_consistency_prove(
			&session.hasher, &merkle, older.size, newer.size, &path));
		TS_TRY(ts_consistency_verify(
			&session.hasher, older.size, newer.size, &path, &older.root, &newer.root));
	}
	return TS_OK;
}

static void all_are_consistent(void **state)
{
	struct ts_why why = {"", ""};
	int n = 0;
	(void)state;
	OK(ts_db_tx_contract(service, contracts[0], consistent_tx, &n, &why));
	assert_int_equal(n, 40);
}

/* One bit in a leaf that is not signed yet: nothing is signed until it is right again. */
static void flipped_bit_is_not_signed(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	signing_append(0, TS_DB_LOCK_INPUTS, 3);
	breaks("update app.log_leaf set data = set_bit(data, 9, 1 - get_bit(data, 9)) "
	       "where log = 0 and idx = 1121");
	assert_int_equal(signing_pass(0, &why), TS_E_INTERNAL);
	assert_int_equal(look_at(TS_DB_LOCK_INPUTS).checkpoint.size, 1120);
	breaks("update app.log_leaf set data = set_bit(data, 9, 1 - get_bit(data, 9)) "
	       "where log = 0 and idx = 1121");
	OK(signing_pass(0, &why));
	assert_int_equal(look_at(TS_DB_LOCK_INPUTS).checkpoint.size, 1123);
}

/* One bit far back is found by the start, and nothing is signed from there on. */
static void old_flipped_bit_is_found_at_the_start(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	const char *flip = "update app.log_leaf set data = set_bit(data, 9, 1 - get_bit(data, 9)) "
			   "where log = 1 and idx = 7";
	breaks(flip);
	signing_append(0, TS_DB_LOCK_INPUTS, 1);
	OK(signing_pass(0, &why)); /* a pass looks at what is new */
	signing_restart();
	signing_append(0, TS_DB_LOCK_INPUTS, 1);
	assert_int_equal(signing_pass(0, &why), TS_E_INTERNAL);
	breaks(flip);
	assert_int_equal(signing_pass(0, &why), TS_E_INTERNAL); /* somebody must look first */
	signing_restart();
	OK(signing_pass(0, &why));
	assert_int_equal(look_at(TS_DB_LOCK_INPUTS).checkpoint.size, 1125);
}

/* Checkpoints of before ranges were kept: the pass begins at leaf 0. */
static void range_is_not_kept(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	breaks("update app.log_checkpoint set range = null");
	signing_append(0, TS_DB_LOCK_INPUTS, 1);
	OK(signing_pass(0, &why));
	assert_true(look_at(TS_DB_LOCK_INPUTS).checkpoint.has_range);
}

/* The service ended behind the signature and before the commit: the same size is signed again, or
 * a larger one from what the signer remembers. */
static void signed_but_not_stored(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	for (int more = 0; more < 2; more++) {
		signing_append(0, TS_DB_LOCK_INPUTS, 7);
		OK(signing_pass(0, &why));
		int64_t size = look_at(TS_DB_LOCK_INPUTS).checkpoint.size;
		char sql[256];
		snprintf(sql, sizeof sql,
			"delete from app.log_pair where inputs_size = %lld; "
			"delete from app.log_checkpoint where log = 0 and size = %lld",
			(long long)size, (long long)size);
		breaks(sql);
		signing_append(0, TS_DB_LOCK_INPUTS, 5 * more);
		OK(signing_pass(0, &why));
		assert_int_equal(
			look_at(TS_DB_LOCK_INPUTS).checkpoint.size, size + INT64_C(5) * more);
	}
}

/* A new signer on the same folder goes on where the one before was. */
static void a_new_signer_remembers(void **state)
{
	struct ts_why why = {"", ""};
	(void)state;
	ts_signer_client_close(app.signer);
	assert_true(wait(NULL) > 0);
	app.signer = signing_start_signer();
	signing_append(0, TS_DB_LOCK_INPUTS, 2);
	OK(signing_pass(0, &why));
}

struct writer {
	pthread_t thread;
	enum ts_err err;
	struct ts_why why;
};

static enum ts_err write_and_sign(struct writer *w, struct ts_session *own)
{
	const struct ts_db_contract row = signing_contract(0);
	for (int i = 0; i < 40; i++) {
		struct signing_leaves a = {0, TS_DB_LOCK_INPUTS, 3};
		TS_TRY(ts_db_tx_contract(own->db, contracts[0], signing_append_tx, &a, &w->why));
		TS_TRY(ts_checkpoints_sign(&app, own, &row, TS_CLUSTER_NOW_US, &w->why));
	}
	return TS_OK;
}

static void *writing(void *arg)
{
	struct writer *w = arg;
	struct ts_session *own = NULL;
	w->err = ts_session_open(cluster.service, &own, &w->why);
	if (w->err == TS_OK)
		w->err = write_and_sign(w, own);
	ts_session_close(own);
	return NULL;
}

/* Nobody is refused because another was faster. */
static void several_sign_at_once(void **state)
{
	struct writer writers[4];
	(void)state;
	memset(writers, 0, sizeof writers);
	int64_t size = look_at(TS_DB_LOCK_INPUTS).checkpoint.size;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&writers[i].thread, NULL, writing, &writers[i]), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
		if (writers[i].err != TS_OK)
			fail_msg("%s: %s", ts_err_code(writers[i].err), writers[i].why.text);
	}
	assert_int_equal(look_at(TS_DB_LOCK_INPUTS).checkpoint.size, size + INT64_C(4) * 40 * 3);
}

/* The database of an hour ago: nothing is signed, and the reason says what to do. */
static void restored_database(void **state)
{
	struct ts_why why = {"", ""};
	char sql[512];
	(void)state;
	signing_append(0, TS_DB_LOCK_INPUTS, 10);
	OK(signing_pass(0, &why));
	fixture_sql(cluster.admin, "create table public.kept as select * from app.contract_lock");
	struct look before = look_at(TS_DB_LOCK_INPUTS);
	signing_append(0, TS_DB_LOCK_INPUTS, 10);
	OK(signing_pass(0, &why));
	snprintf(sql, sizeof sql,
		"delete from app.log_pair where inputs_size > %lld; "
		"delete from app.log_checkpoint where log = 0 and size > %lld and contract_id = "
		"%lld; "
		"delete from app.log_leaf where log = 0 and idx >= %lld; "
		"update app.contract_lock c set size = k.size, range = k.range, root = k.root "
		"from public.kept k where (c.contract_id, c.what) = (k.contract_id, k.what)",
		(long long)before.checkpoint.size, (long long)before.checkpoint.size,
		(long long)contracts[0], (long long)before.checkpoint.size);
	breaks(sql);
	signing_restart();
	assert_int_equal(signing_pass(0, &why), TS_E_CONFLICT); /* although nothing is new */
	assert_non_null(strstr(why.text, "docs/operations.md"));
	/* written on, with other leaves, up to what was signed and beyond */
	signing_text = "another";
	signing_append(0, TS_DB_LOCK_INPUTS, 10);
	assert_int_equal(signing_pass(0, &why), TS_E_CONFLICT);
	assert_non_null(strstr(why.text, "another root"));
	signing_append(0, TS_DB_LOCK_INPUTS, 5);
	assert_int_equal(signing_pass(0, &why), TS_E_CONFLICT);
	assert_non_null(strstr(why.text, "does not continue"));
	signing_text = "leaf";
	assert_int_equal(look_at(TS_DB_LOCK_INPUTS).checkpoint.size, before.checkpoint.size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_verify),
		cmocka_unit_test(one_log_moves),
		cmocka_unit_test(empty_journal_has_no_note),
		cmocka_unit_test(all_are_consistent),
		cmocka_unit_test(flipped_bit_is_not_signed),
		cmocka_unit_test(old_flipped_bit_is_found_at_the_start),
		cmocka_unit_test(range_is_not_kept),
		cmocka_unit_test(signed_but_not_stored),
		cmocka_unit_test(a_new_signer_remembers),
		cmocka_unit_test(several_sign_at_once),
		cmocka_unit_test(restored_database),
	};
	signing_start();
	region = ts_region_create(64u << 20);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	ts_region_free(region);
	signing_stop();
	return failed;
}
