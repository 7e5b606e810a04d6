/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SETTLE_JUDGE_H
#define TS_SERVICE_SETTLE_JUDGE_H
/* Why: the judge of an event's leaves with the database behind it: batches one at a time in regions
 * that are reset, verdicts and cells written in bulk. */
#include "evidence/judge.h"
#include "service/settle.h"
#include "store/batch.h"
#include "store/verdict.h"

struct ts_settle_judge;
/* Within the event's transaction, after the leaves' cells were folded. Caller frees. */
enum ts_err ts_settle_judge_create(struct ts_db *db, struct ts_settle *settle,
	struct ts_ledger *ledger, const struct ts_ledger_event *event, struct ts_settle_judge **out,
	struct ts_why *why) TS_MUST;
void ts_settle_judge_free(struct ts_settle_judge *judge); /* NULL is allowed */
/* Batches with something to decide, in order; the handovers of their streams come in first. */
enum ts_err ts_settle_judge_batches(struct ts_settle_judge *judge,
	const struct ts_db_batch *batches, size_t n, struct ts_why *why) TS_MUST;
enum ts_err ts_settle_judge_statement(struct ts_settle_judge *judge, int64_t leaf,
	struct ts_str bytes, struct ts_why *why) TS_MUST;
/* Writes what is still held back. */
enum ts_err ts_settle_judge_finish(struct ts_settle_judge *judge, struct ts_why *why) TS_MUST;

#endif
