/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_LEDGER_STATE_H
#define TS_STORE_LEDGER_STATE_H
/* Why: the pure ledger's rows in PostgreSQL. Loaded before an event, the dirty ones stored after
 * it, in the transaction that stores the event's entries, under the contract's settle lock. */
#include "book/ledger.h"
#include "store/db.h"

/* Loads every row of the contract into a ledger that ts_ledger_create just made. */
enum ts_err ts_db_ledger_load(struct ts_db *db, int64_t contract_id, struct ts_ledger *ledger,
	struct ts_why *why) TS_MUST;
/* Stores dirty rows and the head; does not clear `dirty` (the transaction may run twice). */
enum ts_err ts_db_ledger_store(struct ts_db *db, int64_t contract_id, struct ts_ledger *ledger,
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
