/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SETTLE_FOLD_H
#define TS_SERVICE_SETTLE_FOLD_H
/* Why: what settle decides in log order before it rates: cells of new leaves in, lines outside
 * their enrolled scope parked, reversals against live lines applied, the others refused; each
 * decision is a stored verdict. */
#include "service/settle.h"

/* True when leaves [from, to) hold an accepted upload. */
enum ts_err ts_settle_news(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	bool *news, struct ts_region *region, struct ts_why *why) TS_MUST;
/* Folds leaves [event->from, event->to) into usage cells and ledger. */
enum ts_err ts_settle_fold(struct ts_db *db, struct ts_settle *settle, struct ts_ledger *ledger,
	const struct ts_ledger_event *event, struct ts_why *why) TS_MUST;

#endif
