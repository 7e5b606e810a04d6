/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SETTLE_JUDGE_H
#define TS_SERVICE_SETTLE_JUDGE_H
/* Why: the judge of an event's leaves with the database behind it: batches one at a time in regions
 * that are reset, verdicts and cells written in bulk. */
#include "evidence/judge.h"
#include "service/settle/settle.h"
#include "store/batch.h"
#include "store/news.h"
#include "store/verdict.h"

/* Where decisions go, and what they change: settle stores them, an auditor compares them with what
 * is stored. In the order of decisions; lists are good until the call returns. */
struct ts_settle_sink {
	void *ctx;
	enum ts_err (*verdicts)(
		void *ctx, const struct ts_db_verdict *list, size_t n, struct ts_why *why);
	enum ts_err (*handover)(
		void *ctx, const struct ts_judge_handover *handover, struct ts_why *why);
	enum ts_err (*cells)(void *ctx, int64_t stream_id, const struct ts_cell *cells, size_t n,
		struct ts_why *why);
	/* The provider's cells that start in [from, to) as they count now, summed by quarter, SKU
	 * and class. */
	enum ts_err (*counted)(void *ctx, int64_t from_us, int64_t to_us, struct ts_region *region,
		struct ts_usage_cell **out, size_t *n, struct ts_why *why);
};
/* Whose leaves, in whose transaction. */
struct ts_settle_case {
	struct ts_db *db;
	struct ts_hasher *hasher;
	int64_t contract_id;
	struct ts_ledger *ledger;
	const struct ts_ledger_event *event;
	const struct ts_db_news *news; /* of the event's leaves; NULL: to be read */
	struct ts_settle_sink sink;
};

struct ts_settle_judge;
/* Within the event's transaction, after the leaves' cells were folded. Of what is stored, only what
 * leaves below event->from decided is looked at. The case is borrowed. Caller frees. */
enum ts_err ts_settle_judge_create(const struct ts_settle_case *settle_case,
	struct ts_settle_judge **out, struct ts_why *why) TS_MUST;
void ts_settle_judge_free(struct ts_settle_judge *judge); /* NULL is allowed */
/* Batches with something to decide, in order; the handovers of their streams come in first. */
enum ts_err ts_settle_judge_batches(struct ts_settle_judge *judge,
	const struct ts_db_batch *batches, size_t n, struct ts_why *why) TS_MUST;
enum ts_err ts_settle_judge_statement(struct ts_settle_judge *judge, int64_t leaf,
	struct ts_str bytes, struct ts_why *why) TS_MUST;
/* Gives what is still held back. */
enum ts_err ts_settle_judge_finish(struct ts_settle_judge *judge, struct ts_why *why) TS_MUST;

#endif
