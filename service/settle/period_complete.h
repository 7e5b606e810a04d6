/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_PERIOD_COMPLETE_H
#define TS_SERVICE_PERIOD_COMPLETE_H
/* Why: whether the provider's usage of a period is all there (docs/formats/statements.md,
 * "Completeness"): what the enrolments, the c1 lines below N and the streams' tallies at N say. The
 * cut keeps it with the period; a document does not issue over what is absent unless both companies
 * accept just that. */
#include "book/invoice.h"
#include "book/ledger.h"
#include "evidence/completeness.h"
#include "store/completeness.h"
#include "store/seal.h"
#include "store/stream.h"

/* A stream and what is known of its windows, as of N. */
struct ts_complete_stream {
	const struct ts_db_stream *row;
	struct ts_closings closings;
	struct ts_completeness_stream is;
};
struct ts_complete {
	/* in */
	int64_t contract_id;
	int64_t n; /* size of the inputs log */
	int64_t at_ms; /* log time of what no event has folded below n */
	int64_t from_ms, to_ms; /* windows that end in (from, to] */
	bool consumer; /* the consumer's streams too */
	const struct ts_db_state_log *log; /* the provider's tallies at n */
	struct ts_region *region;
	/* out */
	struct ts_complete_stream *streams; /* by origin bytes */
	size_t streams_n;
};
enum ts_err ts_complete_load(struct ts_db *db, struct ts_complete *in, struct ts_why *why) TS_MUST;

/* In the cut's transaction: counts as of the cut's N and keeps it. at_us: of the cut. */
struct ts_complete_cut {
	int64_t contract_id;
	int32_t period;
	int64_t leaf; /* of the cut */
	int64_t at_us;
	int64_t from_us, to_us; /* of the period */
	const struct ts_db_state_log *log; /* at N */
	struct ts_hasher *hasher;
};
/* out->list borrows from text, whose limit says what is too long to keep. */
enum ts_err ts_complete_count(struct ts_db *db, const struct ts_complete_cut *cut,
	struct ts_region *region, struct ts_buf *text, struct ts_db_completeness *out,
	struct ts_why *why) TS_MUST;
enum ts_err ts_complete_keep(
	struct ts_db *db, const struct ts_complete_cut *cut, struct ts_why *why) TS_MUST;

/* What the document's head says. TS_E_CONFLICT: windows are absent, and neither has a gap event
 * behind the cut accepted just them, nor have the days passed after which it issues all the same
 * (after_days < 0: never). */
enum ts_err ts_complete_issue(struct ts_db *db, int64_t contract_id,
	const struct ts_period_row *period, const struct ts_period *calendar, int64_t at_us,
	int64_t after_days, struct ts_region *region, struct ts_invoice_head *head,
	struct ts_why *why) TS_MUST;

#endif
