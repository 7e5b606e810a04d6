/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_LEDGER_STATE_H
#define TS_STORE_LEDGER_STATE_H
/* Why: the pure ledger's rows in PostgreSQL. Loaded before an event, the dirty ones stored after
 * it, in the transaction that stores the event's entries, under the contract's settle lock. */
#include "book/ledger.h"
#include "store/batch_key.h"
#include "store/db.h"
#include "store/threshold.h"

/* All that a ledger is made from, of one instant, in one statement. */
struct ts_db_ledger_version {
	int64_t version, leaf;
	struct ts_str terms, statement; /* exact bytes, in the region */
};
struct ts_db_ledger {
	struct ts_db_ledger_version *versions; /* in force, in order */
	size_t versions_n;
	int64_t inputs_size; /* of the inputs log */
	struct ts_db_thresholds reached; /* of the last period that reached any, and before it */
	struct ts_rows rows; /* of the ledger, for ts_db_ledger_load */
};
/* *out is to be closed by the caller. TS_E_NOT_FOUND: no such contract in scope. */
enum ts_err ts_db_ledger_open(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_ledger *out, struct ts_why *why) TS_MUST;
/* Loads every row into a ledger that ts_ledger_create just made; once. */
enum ts_err ts_db_ledger_load(
	struct ts_db_ledger *from, struct ts_ledger *ledger, struct ts_why *why) TS_MUST;
void ts_db_ledger_close(struct ts_db_ledger *ledger); /* closing twice is allowed */
/* Stores dirty rows and the head, keys of new batches, and steps of use, of which those that were
 * not there become events of the companies (NULL: none), in one statement; does not clear `dirty`
 * (the transaction may run twice). */
enum ts_err ts_db_ledger_store(struct ts_db *db, int64_t contract_id, struct ts_ledger *ledger,
	const struct ts_db_batch_keys *keys, const struct ts_db_thresholds *steps,
	struct ts_why *why) TS_MUST;
/* After the commit. */
void ts_db_ledger_clean(struct ts_ledger *ledger);

/* The head alone. */
enum ts_err ts_db_ledger_head(struct ts_db *db, int64_t contract_id, struct ts_ledger_head *out,
	struct ts_why *why) TS_MUST;
enum ts_err ts_db_period_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_period_row **out, size_t *n, struct ts_why *why) TS_MUST;
enum ts_err ts_db_unbilled_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_unbilled_row **out, size_t *n, struct ts_why *why) TS_MUST;

/* One book of the chart of accounts, with the gross totals kept by settle. */
struct ts_db_balance {
	enum ts_account account;
	const char *number, *title; /* the company's own, else the default chart's */
	int64_t debit_minor, credit_minor;
};
/* sides as of the transaction's scope. In order of (book, number). */
enum ts_err ts_db_balance_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_balance **out, size_t *n, struct ts_why *why) TS_MUST;
/* The same recomputed from legs; differ = accounts whose kept totals are not the sum of their legs.
 */
enum ts_err ts_db_balance_check(
	struct ts_db *db, int64_t contract_id, int64_t *differ, struct ts_why *why) TS_MUST;
/* Trial balance as of a civil day (effective_day <= day), from legs. */
enum ts_err ts_db_balance_as_of(struct ts_db *db, int64_t contract_id, int32_t day,
	struct ts_region *region, struct ts_db_balance **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* Maps a role to a company's own account number and title. */
enum ts_err ts_db_account_map(struct ts_db *db, int64_t contract_id, enum ts_account account,
	const char *number, const char *title, struct ts_why *why) TS_MUST;

#endif
