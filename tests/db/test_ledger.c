/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's rows, entries, documents, versions and logs come back as they were stored. */
#include "db/fixture.h"
#include "store/document.h"
#include "store/entry.h"
#include "store/ledger_state.h"
#include "store/log.h"
#include "store/posting.h"
#include "support/file.h"

#define HUGE ((ts_i128)INT64_MAX * INT64_MAX)

static struct ts_region *region;
static struct ts_hasher hasher;
static const struct ts_terms *terms;

static void in_tx(ts_db_body body, void *arg)
{
	struct ts_why why = {"", ""};

	OK(ts_db_tx_contract(service, contracts[0], body, arg, &why));
}

static struct ts_ledger *ledger_new(void)
{
	struct ts_ledger *ledger = NULL;
	struct ts_ledger_version version = ts_ledger_first_version(terms);

	assert_int_equal(ts_ledger_create(region, &version, 1, &ledger), TS_OK);
	return ledger;
}

/* --- state rows --- */

#define LINE                                                                                       \
	{                                                                                          \
		1, TS_CHARGE_FEE, 2, 3, 4                                                          \
	}
static const struct ts_line_key line = LINE;
static const struct ts_ledger_head head = {
	12, -5, INT64_C(1781524800000000), 3, 4, 5, 6, 7, 8 * TS_US_PER_QUARTER};

static const struct ts_fine_row fine = {.version = 1,
	.price = 0,
	.period = 4,
	.quarter_us = INT64_C(900000000),
	.pricing_class = "od",
	.account = "",
	.origin = "a/b/c/d/g1",
	.quantity = HUGE};

static void fill(struct ts_ledger *l)
{
	struct ts_measure_row measure = {1, 0, 2, 24317, HUGE, false};
	struct ts_waiting_row waiting = {900000000, 1, 0, -HUGE, false};
	struct ts_unbilled_row unbilled = {"late", "gpu", "-", 24317, 17, false};
	struct ts_late_row late = {1000 * TS_US_PER_QUARTER, "gpu", "-", "", "", 17, false};
	struct ts_accrual_row accrual = {line, 24317, -42, false};
	struct ts_billed_row billed = {.line = LINE,
		.billed_minor = INT64_MIN,
		.billed_quantity = HUGE,
		.document = "A-1"};
	struct ts_taxed_row taxed = {"A-1", 1, {19 * TS_PICO}, 100, 19, false};
	struct ts_period_row periods[] = {{0, true, true, 7, 8, 9, -1, "A-1", 77, false},
		{1, true, false, 10, 11, 12, 20, NULL, 0, false}};
	struct ts_cut_row cuts[] = {{0, line, HUGE, 5, true, {TS_PICO / 3}, "trace", false},
		{1, line, 0, 6, false, {0}, "", false}};
	struct ts_balance_row balance = {TS_ACCOUNT_PAYABLE, 5, INT64_MAX, false};

	ts_ledger_load_head(l, &head);
	assert_int_equal(ts_ledger_load_measure(l, &measure), TS_OK);
	assert_int_equal(ts_ledger_load_waiting(l, &waiting), TS_OK);
	assert_int_equal(ts_ledger_load_unbilled(l, &unbilled), TS_OK);
	assert_int_equal(ts_ledger_load_late(l, &late), TS_OK);
	assert_int_equal(ts_ledger_load_accrual(l, &accrual), TS_OK);
	assert_int_equal(ts_ledger_load_billed(l, &billed), TS_OK);
	assert_int_equal(ts_ledger_load_taxed(l, &taxed), TS_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ts_ledger_load_period(l, &periods[i]), TS_OK);
		assert_int_equal(ts_ledger_load_cut(l, &cuts[i]), TS_OK);
	}
	ts_ledger_load_balance(l, &balance);
	assert_int_equal(ts_ledger_load_fine(l, &fine), TS_OK);
	ts_ledger_fine(l, 0)->dirty = true;
	ts_ledger_measure(l, 0)->dirty = ts_ledger_waiting(l, 0)->dirty = true;
	ts_ledger_late(l, 0)->dirty = true;
	ts_ledger_unbilled(l, 0)->dirty = ts_ledger_accrual(l, 0)->dirty = true;
	ts_ledger_billed(l, 0)->dirty = ts_ledger_taxed(l, 0)->dirty = true;
	for (size_t i = 0; i < 2; i++)
		ts_ledger_period(l, i)->dirty = ts_ledger_cut_line(l, i)->dirty = true;
	for (size_t i = 0; ts_ledger_balance(l, i) != NULL; i++)
		ts_ledger_balance(l, i)->dirty = ts_ledger_balance(l, i)->account ==
						 TS_ACCOUNT_PAYABLE;
}

static enum ts_err store_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	return ts_db_ledger_store(db, contracts[0], arg, NULL, NULL, why);
}

static enum ts_err load_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_db_ledger from;
	enum ts_err err;

	TS_TRY(ts_db_ledger_open(db, contracts[0], region, &from, why));
	err = ts_db_ledger_load(&from, arg, why);
	ts_db_ledger_close(&from);
	return err;
}

static void state_round_trip(void **state)
{
	struct ts_ledger *a = ledger_new(), *b = ledger_new();

	(void)state;
	in_tx(load_body, b); /* nothing there: nothing loaded */
	assert_null(ts_ledger_measure(b, 0));
	fill(a);
	in_tx(store_body, a);
	ts_db_ledger_clean(a);
	assert_false(ts_ledger_cut_line(a, 1)->dirty);
	b = ledger_new();
	in_tx(load_body, b);
	assert_int_equal(ts_ledger_head(b)->inputs_to, head.inputs_to);
	assert_int_equal(ts_ledger_head(b)->day, head.day);
	assert_int_equal(ts_ledger_head(b)->at_us, head.at_us);
	assert_int_equal(ts_ledger_head(b)->entries, head.entries);
	assert_int_equal(ts_ledger_head(b)->tick_serial, head.tick_serial);
	assert_int_equal(ts_ledger_head(b)->cut_serial, head.cut_serial);
	assert_int_equal(ts_ledger_head(b)->issue_serial, head.issue_serial);
	assert_int_equal(ts_ledger_head(b)->documents, head.documents);
	assert_true(ts_ledger_measure(b, 0)->quantity == HUGE);
	assert_int_equal(ts_ledger_measure(b, 0)->month, 24317);
	assert_true(ts_ledger_waiting(b, 0)->quantity == -HUGE);
	assert_true(ts_ledger_fine(b, 0)->quantity == HUGE);
	assert_int_equal(ts_ledger_fine(b, 0)->quarter_us, fine.quarter_us);
	assert_int_equal(ts_ledger_fine(b, 0)->period, 4);
	assert_string_equal(ts_ledger_fine(b, 0)->pricing_class, "od");
	assert_string_equal(ts_ledger_fine(b, 0)->account, "");
	assert_string_equal(ts_ledger_fine(b, 0)->origin, "a/b/c/d/g1");
	assert_string_equal(ts_ledger_unbilled(b, 0)->reason, "late");
	assert_int_equal(ts_ledger_late(b, 0)->quarter_us, 1000 * TS_US_PER_QUARTER);
	assert_true(ts_ledger_late(b, 0)->quantity == 17);
	assert_string_equal(ts_ledger_late(b, 0)->sku, "gpu");
	assert_int_equal(ts_ledger_accrual(b, 0)->accrued_minor, -42);
	assert_true(ts_line_key_eq(&ts_ledger_accrual(b, 0)->line, &line));
	assert_true(ts_ledger_billed(b, 0)->billed_minor == INT64_MIN);
	assert_string_equal(ts_ledger_billed(b, 0)->document, "A-1");
	assert_true(ts_ledger_taxed(b, 0)->percent.pico == 19 * TS_PICO);
	for (size_t i = 0; i < 2; i++) {
		const struct ts_period_row *p = ts_ledger_period(b, i);
		const struct ts_cut_row *c = ts_ledger_cut_line(b, i);

		assert_true(p->cut);
		assert_int_equal(p->issued, p->index == 0);
		assert_int_equal(p->document == NULL, p->index == 1);
		assert_int_equal(p->late_from, p->index == 0 ? 77 : 0);
		assert_int_equal(c->has_unit_price, c->cut == 0);
		assert_true(c->unit_price.pico == (c->cut == 0 ? TS_PICO / 3 : 0));
	}
	assert_null(ts_ledger_period(b, 2));
	/* A released quantity leaves no row; gross totals never fall; a cut stays. */
	ts_ledger_waiting(b, 0)->quantity = 0;
	ts_ledger_waiting(b, 0)->dirty = true;
	in_tx(store_body, b);
	assert_int_equal(fixture_number(cluster.admin, "select count(*) from app.waiting"), 0);
	assert_string_equal(
		fixture_try(cluster.admin, "update app.balance set debit = 4", NULL, 0), "23001");
	assert_string_equal(fixture_try(cluster.admin,
				    "update app.period set cut = false, issued = false", NULL, 0),
		"23001");
	assert_string_equal(fixture_try(cluster.admin,
				    "update app.period set late_from = 76 where idx = 0", NULL, 0),
		"23001");
}

/* --- entries --- */

static const struct ts_entry entries[] = {
	{.id = 0,
		.book = TS_BOOK_PROVIDER,
		.kind = TS_ENTRY_ACCRUAL,
		.posted_us = 1000000,
		.effective_day = 20600,
		.service_month = 24317,
		.source_leaf = 3,
		.has_line = true,
		.line = LINE,
		.legs = {{TS_ACCOUNT_UNBILLED, true, 5}, {TS_ACCOUNT_REVENUE_USAGE, false, 5}},
		.legs_n = 2},
	{.id = 1,
		.book = TS_BOOK_CONSUMER,
		.kind = TS_ENTRY_INVOICE,
		.posted_us = 1000000,
		.effective_day = 20601,
		.service_month = -1,
		.source_leaf = 4,
		.document = "A-1",
		.document_hash = {{9}},
		.legs = {{TS_ACCOUNT_ACCRUED, true, 2}, {TS_ACCOUNT_PREPAID, true, 3},
			{TS_ACCOUNT_PAYABLE, false, 5}},
		.legs_n = 3},
	{.id = 2, /* a document of zeros */
		.book = TS_BOOK_PROVIDER,
		.kind = TS_ENTRY_INVOICE,
		.posted_us = 1000000,
		.effective_day = 20602,
		.service_month = -1,
		.source_leaf = 5,
		.document = "A-2",
		.document_hash = {{8}}},
};

static enum ts_err entries_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_db_entry_filter filter = {
		.after = -1, .limit = 100, .book = -1, .source_leaf = -1, .account = -1};
	struct ts_db_posting posting = {.currency = "EUR", .entries = entries, .entries_n = 3};
	struct ts_db_balance *balances = NULL;
	struct ts_entry *list = NULL;
	int64_t differ = 0;
	size_t n = 0;

	(void)arg;
	TS_TRY(ts_db_logs_lock(db, contracts[0], posting.ranges, why));
	TS_TRY(ts_db_post(db, &hasher, contracts[0], &posting, why));
	TS_TRY(ts_db_entry_list(db, contracts[0], &filter, region, &list, &n, why));
	assert_int_equal(n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(list[i].id, entries[i].id);
		assert_int_equal(list[i].book, entries[i].book);
		assert_int_equal(list[i].kind, entries[i].kind);
		assert_int_equal(list[i].effective_day, entries[i].effective_day);
		assert_int_equal(list[i].service_month, entries[i].service_month);
		assert_int_equal(list[i].legs_n, entries[i].legs_n);
		assert_memory_equal(&list[i].document_hash, &entries[i].document_hash, 32);
		for (size_t k = 0; k < list[i].legs_n; k++) {
			assert_int_equal(list[i].legs[k].account, entries[i].legs[k].account);
			assert_int_equal(
				list[i].legs[k].amount_minor, entries[i].legs[k].amount_minor);
		}
	}
	assert_true(list[0].has_line && !list[1].has_line);
	assert_true(ts_line_key_eq(&list[0].line, &line));
	assert_null(list[0].document);
	filter.account = TS_ACCOUNT_PREPAID;
	filter.document = "A-1";
	filter.from_day = 20601;
	filter.to_day = 20602;
	TS_TRY(ts_db_entry_list(db, contracts[0], &filter, region, &list, &n, why));
	assert_int_equal(n, 1);
	TS_TRY(ts_db_balance_as_of(db, contracts[0], 20600, region, &balances, &n, why));
	assert_int_equal(n, 2);
	TS_TRY(ts_db_account_map(db, contracts[0], TS_ACCOUNT_PAYABLE, "2100", "Suppliers", why));
	TS_TRY(ts_db_balance_list(db, contracts[0], region, &balances, &n, why));
	assert_int_equal(n, 1);
	assert_string_equal(balances[0].number, "2100");
	TS_TRY(ts_db_balance_check(db, contracts[0], &differ, why));
	assert_true(differ > 0); /* the state test's totals do not come from these legs */
	return TS_OK;
}

static void entries_round_trip(void **state)
{
	(void)state;
	in_tx(entries_body, NULL);
}

/* --- documents --- */

static enum ts_err documents_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_db_document d = {.number = "A-1",
				      .issue_day = 20620,
				      .due_day = 20650,
				      .currency = "EUR",
				      .subtotal_minor = 100,
				      .tax_minor = 19,
				      .total_minor = 119,
				      .json = TS_STR("{}")},
			      back, *list = NULL;
	struct ts_str bytes;
	size_t n = 0;

	(void)arg;
	TS_TRY(ts_db_document_reserve(db, contracts[0], "A-1", 0, 7, 8, why));
	TS_TRY(ts_db_document_void(db, contracts[0], "A-1", "wrong address", why));
	TS_TRY(ts_db_document_reserve(db, contracts[0], "A-2", 0, 7, 9, why));
	assert_int_equal(ts_db_document_issue(db, contracts[0], &d, why), TS_E_CONFLICT);
	d.number = "A-2";
	TS_TRY(ts_db_document_issue(db, contracts[0], &d, why));
	assert_int_equal(ts_db_document_issue(db, contracts[0], &d, why), TS_E_CONFLICT);
	assert_int_equal(ts_db_document_void(db, contracts[0], "A-2", "late", why), TS_E_CONFLICT);
	TS_TRY(ts_db_document_get(db, contracts[0], "A-2", region, &back, why));
	assert_int_equal(back.state, TS_DB_DOCUMENT_ISSUED);
	assert_int_equal(back.total_minor, 119);
	assert_int_equal(back.due_day, 20650);
	assert_true(ts_str_is(back.json, "{}"));
	TS_TRY(ts_db_document_list(db, contracts[0], -1, 10, region, &list, &n, why));
	assert_int_equal(n, 2);
	assert_string_equal(list[0].void_reason, "wrong address");
	assert_int_equal(
		ts_db_document_get(db, contracts[0], "A-3", region, &back, why), TS_E_NOT_FOUND);
	TS_TRY(ts_db_rendering_add(
		db, contracts[0], "A-2", "application/pdf", TS_STR("%PDF"), why));
	TS_TRY(ts_db_rendering_add(
		db, contracts[0], "A-2", "application/pdf", TS_STR("%PDF"), why));
	assert_int_equal(
		ts_db_rendering_add(db, contracts[0], "A-2", "application/pdf", TS_STR("x"), why),
		TS_E_CONFLICT);
	TS_TRY(ts_db_rendering_get(
		db, contracts[0], "A-2", "application/pdf", region, &bytes, why));
	assert_true(ts_str_is(bytes, "%PDF"));
	return TS_OK;
}

static enum ts_err second_document_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	(void)arg;
	return ts_db_document_reserve(db, contracts[0], "A-9", 0, 7, 10, why);
}

static void documents(void **state)
{
	struct ts_why why;

	(void)state;
	in_tx(documents_body, NULL);
	assert_int_equal(ts_db_tx_contract(service, contracts[0], second_document_body, NULL, &why),
		TS_E_CONFLICT); /* one live document per cut */
}

/* --- versions and logs --- */

static enum ts_err versions_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_db_version v = {.version = 1,
				     .terms = TS_STR("{}"),
				     .statement = TS_STR("text"),
				     .note = TS_STR("note"),
				     .offered_us = TS_CLUSTER_NOW_US},
			     back, *list = NULL;
	struct ts_db_contract contract;
	size_t n = 0;

	(void)arg;
	TS_TRY(ts_db_version_offer(db, contracts[0], &v, why));
	TS_TRY(ts_db_version_offer(db, contracts[0], &v, why));
	v.terms_sha256.b[0] = 1;
	assert_int_equal(ts_db_version_offer(db, contracts[0], &v, why), TS_E_CONFLICT);
	TS_TRY(ts_db_version_sign(db, contracts[0], 1, TS_STR("note, signed"), why));
	TS_TRY(ts_db_version_withdraw(db, contracts[0], 1, TS_CLUSTER_NOW_US, why));
	assert_int_equal(ts_db_version_sign(db, contracts[0], 1, TS_STR("x"), why), TS_E_CONFLICT);
	assert_int_equal(ts_db_version_enforce(db, contracts[0], 1, 0, why), TS_E_CONFLICT);
	assert_int_equal(
		ts_db_version_withdraw(db, contracts[0], 1, TS_CLUSTER_NOW_US, why), TS_E_CONFLICT);
	v.statement_sha256.b[0] = 1; /* the counter-proposal */
	TS_TRY(ts_db_version_offer(db, contracts[0], &v, why));
	TS_TRY(ts_db_version_sign(db, contracts[0], 1, TS_STR("note, signed"), why));
	TS_TRY(ts_db_version_history(db, contracts[0], region, &list, &n, why));
	assert_int_equal(n, 2);
	assert_int_equal(
		(list[0].withdrawn_us != INT64_MIN) + (list[1].withdrawn_us != INT64_MIN), 1);
	TS_TRY(ts_db_version_list(db, contracts[0], true, region, &list, &n, why));
	assert_int_equal(n, 0);
	TS_TRY(ts_db_version_enforce(db, contracts[0], 1, 0, why));
	assert_int_equal(ts_db_version_sign(db, contracts[0], 1, TS_STR("x"), why), TS_E_CONFLICT);
	TS_TRY(ts_db_version_get(db, contracts[0], 1, region, &back, why));
	assert_int_equal(ts_db_version_withdraw(db, contracts[0], 1, TS_CLUSTER_NOW_US, why),
		TS_E_CONFLICT); /* in force */
	assert_int_equal(back.leaf, 0);
	assert_true(ts_str_is(back.note, "note, signed"));
	assert_int_equal(
		ts_db_version_get(db, contracts[0], 2, region, &back, why), TS_E_NOT_FOUND);
	TS_TRY(ts_db_contract_set_state(db, contracts[0], TS_DB_CONTRACT_ACTIVE, why));
	TS_TRY(ts_db_contract_get(db, contracts[0], &contract, why));
	assert_int_equal(contract.state, TS_DB_CONTRACT_ACTIVE);
	assert_int_equal(contract.consumer_party, parties[1]);
	assert_int_equal(ts_db_contract_get(db, contracts[1], &contract, why), TS_E_NOT_FOUND);
	TS_TRY(ts_db_contract_find(db, "00000000000000000000000000000001", &contract, why));
	assert_int_equal(contract.contract_id, contracts[1]);
	return TS_OK;
}

static void versions(void **state)
{
	(void)state;
	in_tx(versions_body, NULL);
}

#define LEAVES 700

static enum ts_err log_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ts_db_log_source source = {.db = db,
		.hasher = &hasher,
		.contract_id = contracts[0],
		.log = TS_DB_LOCK_JOURNAL};
	struct ts_merkle_source merkle = ts_db_log_source(&source);
	struct ts_db_leaf leaves[100];
	struct ts_db_leaf_row *rows = NULL;
	struct ts_db_checkpoint checkpoint;
	struct ts_range range;
	struct ts_hash root, again, stored;
	struct ts_path path;
	int64_t first = 0;
	size_t n = 0;

	(void)arg;
	for (int64_t k = 0; k < LEAVES / 100; k++) {
		for (int i = 0; i < 100; i++) {
			leaves[i].kind = 0;
			leaves[i].data = TS_STR("an entry");
			memset(&leaves[i].hash, (int)k * 31 + i, sizeof leaves[i].hash);
		}
		TS_TRY(ts_db_log_append(db, &hasher, contracts[0], TS_DB_LOCK_JOURNAL, leaves, 100,
			TS_CLUSTER_NOW_US, &first, why));
		assert_int_equal(first, 100 * k);
	}
	TS_TRY(ts_db_log_head(db, contracts[0], TS_DB_LOCK_JOURNAL, &range, &stored, why));
	ts_range_root(&hasher, &range, &root);
	assert_true(ts_hash_eq(&root, &stored));
	/* The same root from leaves and stored subtrees: two paths, one value. */
	TS_TRY(ts_merkle_root(&hasher, &merkle, LEAVES, &again));
	assert_true(ts_hash_eq(&root, &again));
	TS_TRY(ts_inclusion_prove(&hasher, &merkle, 300, LEAVES, &path));
	memset(&again, 3 * 31, sizeof again);
	TS_TRY(ts_inclusion_verify(&hasher, 300, LEAVES, &again, &path, &root));
	TS_TRY(ts_db_log_leaves(db, contracts[0], TS_DB_LOCK_JOURNAL, 650, LEAVES, -1, 1000, region,
		&rows, &n, why));
	assert_int_equal(n, 50);
	assert_int_equal(rows[49].index, 699);
	assert_true(ts_str_is(rows[0].data, "an entry"));
	TS_TRY(ts_db_checkpoint_last(
		db, contracts[0], TS_DB_LOCK_JOURNAL, INT64_MAX, region, &checkpoint, why));
	assert_int_equal(checkpoint.size, 0);
	for (int i = 0; i < 2; i++) {
		TS_TRY(ts_db_checkpoint_add(db, contracts[0], TS_DB_LOCK_JOURNAL, LEAVES, &root,
			&range, TS_STR("note\n"), TS_CLUSTER_NOW_US, why));
		TS_TRY(ts_db_cosignature_add(db, contracts[0], TS_DB_LOCK_JOURNAL, LEAVES,
			"witness", 5, TS_STR("line\n"), why));
	}
	assert_int_equal(ts_db_checkpoint_add(db, contracts[0], TS_DB_LOCK_JOURNAL, LEAVES, &again,
				 NULL, TS_STR("lie\n"), TS_CLUSTER_NOW_US, why),
		TS_E_CONFLICT);
	TS_TRY(ts_db_checkpoint_last(
		db, contracts[0], TS_DB_LOCK_JOURNAL, INT64_MAX, region, &checkpoint, why));
	assert_int_equal(checkpoint.cosignatures, 1);
	assert_true(checkpoint.has_range && ts_range_eq(&checkpoint.range, &range));
	assert_true(ts_str_is(checkpoint.note, "note\nline\n"));
	return TS_OK;
}

static void logs(void **state)
{
	(void)state;
	in_tx(log_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_round_trip),
		cmocka_unit_test(entries_round_trip),
		cmocka_unit_test(documents),
		cmocka_unit_test(versions),
		cmocka_unit_test(logs),
	};
	struct ts_why why = {"", ""};
	char *path = ts_source_path("tests/vectors/terms/example.json");
	struct ts_file file = ts_file_read(path);
	int failed = 0;

	free(path);
	fixture_start();
	fixture_connect();
	fixture_contracts();
	region = ts_region_create(256u << 20);
	OK(ts_terms_parse(file.bytes, file.len, region, &terms, &why));
	ts_file_free(&file);
	assert_int_equal(ts_hasher_init(&hasher), TS_OK);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ts_hasher_free(&hasher);
	ts_region_free(region);
	fixture_disconnect();
	return failed;
}
