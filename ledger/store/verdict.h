/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_VERDICT_H
#define TS_STORE_VERDICT_H
/* Why: what settle decided about lines, in log order (evidence/judge.h); append-only. A verdict is
 * about one line, or about a range: contested, re-attested, released. */
#include "evidence/judge.h"
#include "store/db.h"

struct ts_db_verdict {
	int64_t stream_id, index, lines; /* lines [index, index + lines) */
	enum ts_judge_kind kind;
	const char *reason;
	int64_t leaf; /* that caused it */
	int64_t by_stream, by_index; /* reversed: the r1; -1: not known, or no r1 */
};
enum ts_err ts_db_verdict_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_verdict *verdicts, size_t n, struct ts_why *why) TS_MUST;

/* u1 lines in [from, to) that were parked or reversed by leaves below `below`, by (index, leaf). */
enum ts_err ts_db_verdict_facts(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t from, int64_t to, int64_t below, struct ts_region *region,
	struct ts_db_verdict **out, size_t *n, struct ts_why *why) TS_MUST;
/* Verdicts on these single lines, oldest first. */
enum ts_err ts_db_verdict_lines(struct ts_db *db, int64_t contract_id, const int64_t *streams,
	const int64_t *indexes, size_t lines_n, struct ts_region *region,
	struct ts_db_verdict **out, size_t *n, struct ts_why *why) TS_MUST;
/* Every range that leaves below `below` made, oldest first. */
enum ts_err ts_db_verdict_ranges(struct ts_db *db, int64_t contract_id, int64_t below,
	struct ts_region *region, struct ts_db_verdict **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* Of one stream, by (index, leaf, kind); kind -1: any; after: the last of the page before, NULL:
 * none. */
enum ts_err ts_db_verdict_page(struct ts_db *db, int64_t contract_id, int64_t stream_id, int kind,
	const struct ts_db_verdict *after, int32_t limit, struct ts_region *region,
	struct ts_db_verdict **out, size_t *n, struct ts_why *why) TS_MUST;

enum ts_err ts_db_handover_add(struct ts_db *db, int64_t contract_id,
	const struct ts_judge_handover *handover, struct ts_why *why) TS_MUST;
/* Those of leaves below `below` with one of the streams on either side. */
enum ts_err ts_db_handover_list(struct ts_db *db, int64_t contract_id, const int64_t *streams,
	size_t streams_n, int64_t below, struct ts_region *region, struct ts_judge_handover **out,
	size_t *n, struct ts_why *why) TS_MUST;

#endif
