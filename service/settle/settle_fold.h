/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SETTLE_FOLD_H
#define TS_SERVICE_SETTLE_FOLD_H
/* Why: folding an event's leaves: cells of new batches in, then, in log order, what the judge
 * decides about lines: parked, reversed, contested, re-attested, released (evidence/judge.h). */
#include "service/settle/settle.h"
#include "service/settle/settle_judge.h"

/* What an event's leaves hold for it. */
struct ts_settle_news {
	bool any; /* a leaf that is no operator's event */
	int64_t at_ms; /* latest `at` of a party's event; 0: none */
};
enum ts_err ts_settle_news(
	const struct ts_db_news *leaves, struct ts_settle_news *news, struct ts_why *why) TS_MUST;
/* Versions and notices come first: they may change what the cells so far mean, and the new ones are
 * matched under them. */
enum ts_err ts_settle_amend(const struct ts_settle_case *settle_case, struct ts_region *region,
	struct ts_why *why) TS_MUST;
/* Decides the event's leaves, whose cells are in the ledger, and gives the decisions to the sink.
 */
enum ts_err ts_settle_decide(const struct ts_settle_case *settle_case, struct ts_region *region,
	struct ts_why *why) TS_MUST;
/* Folds leaves [event->from, event->to) into usage cells and ledger. */
enum ts_err ts_settle_fold(struct ts_db *db, struct ts_settle *settle, struct ts_ledger *ledger,
	const struct ts_ledger_event *event, const struct ts_db_news *news,
	struct ts_why *why) TS_MUST;

/* Payments and refunds that no event has folded yet, into a ledger for which they wait: what is
 * checked next counts them. */
enum ts_err ts_settle_pending(struct ts_db *db, int64_t contract_id, struct ts_ledger *ledger,
	struct ts_region *region, struct ts_why *why) TS_MUST;

#endif
