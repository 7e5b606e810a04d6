/* SPDX-License-Identifier: Apache-2.0 */
/* Stored roots of large subtrees: the same proofs with them and without. */
#include "db/fixture.h"
#include "store/log.h"

#define STEP 7000
#define LEAVES (20 * STEP) /* two roots of 2^16 leaves and some */

static struct ts_hasher hasher;

static void leaf_of(int64_t i, struct ts_hash *out)
{
	char text[32];
	int len = snprintf(text, sizeof text, "%lld", (long long)i);

	ts_hash_leaf(&hasher, text, (size_t)len, out);
}

static enum ts_err fill_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	static struct ts_db_leaf leaves[STEP];
	int64_t first = *(int64_t *)arg, got = 0;

	for (int64_t i = 0; i < STEP; i++) {
		leaves[i].data = TS_STR("x");
		leaf_of(first + i, &leaves[i].hash);
	}
	TS_TRY(ts_db_log_append(db, &hasher, contracts[0], TS_DB_LOCK_JOURNAL, leaves, STEP,
		TS_CLUSTER_NOW_US, &got, why));
	assert_int_equal(got, first);
	return TS_OK;
}

static enum ts_err prove_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	static const int64_t indexes[] = {0, 255, 256, 65535, 65536, 70000, 131071, LEAVES - 1};
	struct ts_db_log_source source = {.db = db,
		.hasher = &hasher,
		.contract_id = contracts[0],
		.log = TS_DB_LOCK_JOURNAL};
	struct ts_merkle_source merkle = ts_db_log_source(&source);
	struct ts_range range;
	struct ts_hash root, leaf;
	struct ts_path path;

	(void)arg;
	TS_TRY(ts_db_log_head(db, contracts[0], TS_DB_LOCK_JOURNAL, &range, &root, why));
	assert_int_equal(range.size, LEAVES);
	for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
		leaf_of(indexes[i], &leaf);
		TS_TRY(ts_inclusion_prove(&hasher, &merkle, indexes[i], LEAVES, &path));
		TS_TRY(ts_inclusion_verify(&hasher, indexes[i], LEAVES, &leaf, &path, &root));
	}
	for (size_t i = 1; i < sizeof indexes / sizeof indexes[0]; i++) {
		struct ts_hash old;

		TS_TRY(ts_merkle_root(&hasher, &merkle, indexes[i], &old));
		TS_TRY(ts_consistency_prove(&hasher, &merkle, indexes[i], LEAVES, &path));
		TS_TRY(ts_consistency_verify(&hasher, indexes[i], LEAVES, &path, &old, &root));
	}
	assert_int_equal(ts_inclusion_prove(&hasher, &merkle, 0, LEAVES + 1, &path), TS_E_RANGE);
	return TS_OK;
}

static void prove(void)
{
	struct ts_why why = {"", ""};

	OK(ts_db_tx_contract(service, contracts[0], prove_body, NULL, &why));
}

static void roots_are_raised(void **state)
{
	struct ts_why why = {"", ""};

	(void)state;
	for (int64_t first = 0; first < LEAVES; first += STEP)
		OK(ts_db_tx_contract(service, contracts[0], fill_body, &first, &why));
	assert_int_equal(fixture_number(cluster.admin, "select count(*) from app.subtree_high"), 2);
	assert_int_equal(fixture_number(cluster.admin,
				 "select count(*) from app.subtree_high where tree = -2 and level "
				 "= 16 and idx in (0, 1)"),
		2);
	prove();
}

/* A log from before the roots were kept. */
static void roots_may_be_absent(void **state)
{
	(void)state;
	fixture_sql(cluster.admin, "set session_replication_role = replica; "
				   "delete from app.subtree_high where idx = 1");
	prove();
	fixture_sql(cluster.admin,
		"set session_replication_role = replica; delete from app.subtree_high");
	prove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_raised),
		cmocka_unit_test(roots_may_be_absent),
	};
	int failed = 0;

	fixture_start();
	fixture_connect();
	fixture_contracts();
	assert_int_equal(ts_hasher_init(&hasher), TS_OK);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ts_hasher_free(&hasher);
	fixture_disconnect();
	return failed;
}
