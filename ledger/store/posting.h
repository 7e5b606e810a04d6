/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_POSTING_H
#define TS_STORE_POSTING_H
/* Why: all that an event appends: its own leaf, the journal's leaves, entries and legs of both
 * books, in one statement, so that the database's own balance check sees an event whole. */
#include "book/entry.h"
#include "store/log.h"

struct ts_db_posting {
	struct ts_range ranges[TS_DB_LOGS]; /* as locked (ts_db_logs_lock) */
	const struct ts_db_leaf *leaves[TS_DB_LOGS]; /* behind them */
	size_t leaves_n[TS_DB_LOGS];
	int64_t now_us; /* of the leaves */
	const char *currency;
	const struct ts_entry *entries;
	size_t entries_n;
};
/* TS_E_INVALID: the database found an imbalance, a sealed date, or a leg of a foreign entry. */
enum ts_err ts_db_post(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	const struct ts_db_posting *posting, struct ts_why *why) TS_MUST;

#endif
