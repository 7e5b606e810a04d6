/* SPDX-License-Identifier: Apache-2.0 */
/* Which cosignature is kept, what is published, and when a document may issue: the rule of settle
 * with the time as a parameter. */
#include "support/test.h"
#include "db/fixture.h"
#include "service/settle/settle_witness.h"
#include "store/witness.h"

static struct ts_region *region;
static struct ts_app app;
static const char *const names[] = {"a.example/w", "b.example/w"};

#define CUT_US (INT64_C(1800000000) * 1000000)
#define DAY_US (INT64_C(86400) * 1000000)

static void in_tx(ts_db_body body, void *arg)
{
	struct ts_why why = {"", ""};
	OK(ts_db_tx_contract(service, contracts[0], body, arg, &why));
}

/* Inputs of 9 leaves signed at 4 and 9, a journal of 3 signed at 3. */
static enum ts_err signed_logs(struct ts_db *db, void *arg, struct ts_why *why)
{
	static const struct {
		enum ts_db_lock log;
		int64_t size;
	} rows[] = {{TS_DB_LOCK_INPUTS, 4}, {TS_DB_LOCK_INPUTS, 9}, {TS_DB_LOCK_JOURNAL, 3}};
	struct ts_hash root = {{1}};
	(void)arg;
	for (size_t i = 0; i < 3; i++)
		TS_TRY(ts_db_checkpoint_add(db, contracts[0], rows[i].log, rows[i].size, &root,
			NULL, TS_STR("note\n"), TS_CLUSTER_NOW_US, why));
	const struct ts_db_pair first = {4, 0}, second = {9, 3};
	TS_TRY(ts_db_pair_add(db, contracts[0], &first, TS_CLUSTER_NOW_US, why));
	TS_TRY(ts_db_pair_add(db, contracts[0], &second, TS_CLUSTER_NOW_US, why));
	return TS_OK;
}

static enum ts_err kept(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_db_cosigned cosigned;
	struct ts_db_checkpoint checkpoint;
	(void)arg;
	TS_TRY(ts_db_cosigned_last(db, contracts[0], TS_DB_LOCK_INPUTS, names[0], &cosigned, why));
	assert_int_equal(cosigned.size, 0);
	TS_TRY(ts_db_cosignature_add(
		db, contracts[0], TS_DB_LOCK_INPUTS, 4, names[0], 50, TS_STR("first\n"), why));
	TS_TRY(ts_db_cosignature_add(
		db, contracts[0], TS_DB_LOCK_INPUTS, 4, names[0], 60, TS_STR("second\n"), why));
	TS_TRY(ts_db_cosignature_add(
		db, contracts[0], TS_DB_LOCK_INPUTS, 4, names[1], 70, TS_STR("other\n"), why));
	TS_TRY(ts_db_checkpoint_last(
		db, contracts[0], TS_DB_LOCK_INPUTS, 4, region, &checkpoint, why));
	assert_true(ts_str_is(checkpoint.note, "note\nfirst\nother\n"));
	TS_TRY(ts_db_cosigned_last(db, contracts[0], TS_DB_LOCK_INPUTS, names[0], &cosigned, why));
	assert_int_equal(cosigned.size, 4);
	assert_int_equal(cosigned.time_s, 50);
	return TS_OK;
}

static enum ts_err published(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_db_pair pair;
	struct ts_db_published row = {4, 70};
	int64_t id = contracts[0];
	(void)arg;
	TS_TRY(ts_db_pair_published(db, id, INT64_MAX, &pair, why));
	assert_int_equal(pair.inputs_size, 0);
	TS_TRY(ts_db_published_add(db, id, TS_DB_LOCK_INPUTS, &row, TS_CLUSTER_NOW_US, why));
	row.met_s = 90; /* again: the first stays */
	TS_TRY(ts_db_published_add(db, id, TS_DB_LOCK_INPUTS, &row, TS_CLUSTER_NOW_US, why));
	TS_TRY(ts_db_published_last(db, id, TS_DB_LOCK_INPUTS, INT64_MAX, &row, why));
	assert_int_equal(row.met_s, 70);
	TS_TRY(ts_db_pair_published(db, id, INT64_MAX, &pair, why));
	assert_int_equal(pair.inputs_size, 4); /* its journal was empty */
	assert_int_equal(pair.journal_size, 0);
	TS_TRY(ts_db_published_covering(db, id, TS_DB_LOCK_INPUTS, 5, INT64_MAX, &row, why));
	assert_int_equal(row.size, 0);
	TS_TRY(ts_db_published_covering(db, id, TS_DB_LOCK_INPUTS, 3, 69, &row, why));
	assert_int_equal(row.size, 0); /* not yet met then */
	TS_TRY(ts_db_published_covering(db, id, TS_DB_LOCK_INPUTS, 3, 70, &row, why));
	assert_int_equal(row.size, 4);
	return TS_OK;
}

/* The journal after the cut of a period: numbered by the entries it had, 0 or 3. */
static int32_t entries;

static enum ts_err cut(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_hash root = {{2}};
	(void)arg;
	return ts_db_period_cut_add(db, contracts[0], entries, entries, &root, why);
}

static enum ts_err newest_pair(struct ts_db *db, void *arg, struct ts_why *why)
{
	return ts_db_pair_published(db, contracts[0], INT64_MAX, arg, why);
}

/* One question to the rule. */
struct ask {
	size_t n; /* witnesses */
	int64_t days, at_us, cut_to;
	enum ts_err err;
	bool cosigned;
	struct ts_why why;
};

static enum ts_err ask_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ask *a = arg;
	struct ts_terms_keys keys = {.unwitnessed_after_days = a->days};
	struct ts_settle settle = {.app = &app, .contract = {.contract_id = contracts[0]}};
	const struct ts_period_row row = {.index = entries,
		.cut = true,
		.cut_leaf = 8,
		.cut_at_us = CUT_US,
		.cut_to = a->cut_to};
	(void)why;
	keys.quorum_of.n = keys.quorum_of.k = a->n;
	for (size_t i = 0; i < a->n; i++)
		snprintf(keys.quorum_of.keys[i].name, sizeof keys.quorum_of.keys[i].name, "%s",
			names[i]);
	a->err = ts_settle_witnessed(db, &settle, &keys, &row, a->at_us, &a->cosigned, &a->why);
	return TS_OK;
}

static struct ask ask(size_t n, int64_t days, int64_t at_us, int64_t cut_to)
{
	struct ask a = {.n = n, .days = days, .at_us = at_us, .cut_to = cut_to};
	in_tx(ask_tx, &a);
	return a;
}

static enum ts_err publish(struct ts_db *db, void *arg, struct ts_why *why)
{
	const struct ts_db_published inputs = {9, CUT_US / 1000000 + 5};
	(void)arg;
	return ts_db_published_add(
		db, contracts[0], TS_DB_LOCK_INPUTS, &inputs, TS_CLUSTER_NOW_US, why);
}

static enum ts_err publish_journal(struct ts_db *db, void *arg, struct ts_why *why)
{
	const struct ts_db_published journal = {3, CUT_US / 1000000 + 7};
	(void)arg;
	return ts_db_published_add(
		db, contracts[0], TS_DB_LOCK_JOURNAL, &journal, TS_CLUSTER_NOW_US, why);
}

static void rule_of_issue(void **state)
{
	struct ts_db_pair pair = {0};
	(void)state;
	in_tx(signed_logs, NULL);
	in_tx(kept, NULL);
	in_tx(published, NULL);
	in_tx(cut, NULL);
	/* No witnesses in the terms: at once, unwitnessed. */
	struct ask a = ask(0, 30, CUT_US, 9);
	assert_err(a.err, TS_OK);
	assert_false(a.cosigned);
	/* The cut is at 9, published is 4. */
	a = ask(2, 3, CUT_US + 1, 9);
	assert_err(a.err, TS_E_CONFLICT);
	assert_non_null(strstr(a.why.text, "a.example/w has cosigned inputs 4 of 9"));
	assert_non_null(strstr(a.why.text, "b.example/w has cosigned inputs 4 of 9"));
	assert_err(ask(2, 3, CUT_US + 3 * DAY_US - 1, 9).err, TS_E_CONFLICT);
	a = ask(2, 3, CUT_US + 3 * DAY_US, 9); /* the days are over */
	assert_err(a.err, TS_OK);
	assert_false(a.cosigned);
	a = ask(2, 0, CUT_US, 9); /* no days: at once */
	assert_err(a.err, TS_OK);
	assert_false(a.cosigned);
	/* Inputs alone do when the cut posted nothing; not when it caused entries. */
	in_tx(publish, NULL);
	a = ask(2, 3, CUT_US + 5 * 1000000, 9);
	assert_err(a.err, TS_OK);
	assert_true(a.cosigned);
	a = ask(2, 3, CUT_US + 5 * 1000000 - 1, 9); /* a witness's clock is ahead of the event */
	assert_err(a.err, TS_E_CONFLICT);
	entries = 3; /* another period, whose cut caused entries */
	in_tx(cut, NULL);
	in_tx(newest_pair, &pair);
	assert_int_equal(pair.inputs_size, 4); /* of the pair (9, 3) only the inputs */
	a = ask(2, 3, CUT_US + 9 * 1000000, 9);
	assert_err(a.err, TS_E_CONFLICT);
	assert_non_null(strstr(a.why.text, "journal 0 of 3"));
	in_tx(publish_journal, NULL);
	in_tx(newest_pair, &pair);
	assert_int_equal(pair.inputs_size, 9);
	assert_int_equal(pair.journal_size, 3);
	a = ask(2, 3, CUT_US + 9 * 1000000, 9);
	assert_err(a.err, TS_OK);
	assert_true(a.cosigned);
	a = ask(2, 3, CUT_US + 6 * 1000000, 9); /* the journal's quorum came a second later */
	assert_err(a.err, TS_E_CONFLICT);
	a = ask(2, 3, CUT_US + 9 * DAY_US, 9); /* published: cosigned, however late */
	assert_true(a.cosigned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rule_of_issue)};
	region = ts_region_create(1u << 20);
	if (region == NULL)
		return 1;
	fixture_start();
	fixture_connect();
	fixture_contracts();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_disconnect();
	ts_region_free(region);
	return failed;
}
