/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_BATCH_H
#define TS_STORE_BATCH_H
/* Why: a batch is one accepted append: its lines as received (zstd), its note, its receipt, its
 * leaf in the inputs log. Settle and bundles read batches in log order. */
#include "store/db.h"

struct ts_db_batch {
	int64_t batch_id, stream_id, first, end; /* stream indexes [first, end) */
	int64_t leaf;
	int32_t received_month;
	int64_t received_us;
	struct ts_hash root; /* of the stream at `end` */
	struct ts_str note, receipt;
	int64_t usage_n, void_n, close_n, reversal_n, lines_bytes;
	const int64_t *suspects; /* u1 lines that the enrolment's own scope may park */
	size_t suspects_n;
	const int64_t *void_usage; /* u1 lines that parse and are void (evidence/intake.h) */
	size_t void_usage_n;
	int64_t earliest_ms, latest_ms; /* good u1 lines: first start, last end */
	int16_t side;
};
/* The batch of a stream that ends at `end`. TS_E_NOT_FOUND: none ended there. */
enum ts_err ts_db_batch_ended(struct ts_db *db, int64_t contract_id, int64_t stream_id, int64_t end,
	struct ts_region *region, struct ts_db_batch *out, struct ts_why *why) TS_MUST;
/* The batch that contains the index. TS_E_NOT_FOUND. */
enum ts_err ts_db_batch_at(struct ts_db *db, int64_t contract_id, int64_t stream_id, int64_t index,
	struct ts_region *region, struct ts_db_batch *out, struct ts_why *why) TS_MUST;
/* Batches with leaf in [from, to), by leaf, at most limit. */
enum ts_err ts_db_batch_list(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	int32_t limit, struct ts_region *region, struct ts_db_batch **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* How far from `from` on one event goes: `to`, or the leaf before it where the batches get more
 * than work_max u1 lines and cells; one batch always fits. */
enum ts_err ts_db_batch_bound(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	int64_t work_max, int64_t *out, struct ts_why *why) TS_MUST;
/* The raw lines (each with its LF), decompressed into the region. */
enum ts_err ts_db_batch_lines(struct ts_db *db, int64_t contract_id, int64_t batch_id,
	struct ts_region *region, struct ts_str *out, struct ts_why *why) TS_MUST;
/* One line of a stream without its LF. TS_E_NOT_FOUND. */
enum ts_err ts_db_batch_line(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t index, struct ts_region *region, struct ts_str *out, struct ts_why *why) TS_MUST;

struct ts_db_reversal {
	int64_t batch_id, stream_id, index; /* the r1 line */
	int64_t leaf; /* of its batch */
	const char *target_origin;
	int64_t target_index;
	const char *reason;
};
/* r1 lines of batches with leaf in [from, to), in order of (leaf, index). */
enum ts_err ts_db_reversal_list(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	struct ts_region *region, struct ts_db_reversal **out, size_t *n,
	struct ts_why *why) TS_MUST;

/* What settle decided about a line, in log order; append-only. */
enum ts_db_verdict_kind {
	TS_DB_VERDICT_PARKED, /* a u1 that is not rated; reason = ts_verdict_name */
	TS_DB_VERDICT_REVERSED, /* a u1 whose reversal took effect */
	TS_DB_VERDICT_REFUSED, /* an r1 without a live target */
};
struct ts_db_verdict {
	int64_t stream_id, index;
	enum ts_db_verdict_kind kind;
	const char *reason;
	int64_t leaf; /* of the batch that caused it */
};
enum ts_err ts_db_verdict_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_verdict *verdicts, size_t n, struct ts_why *why) TS_MUST;
/* Verdicts on one line, oldest first (a u1 may be parked and later reversed). */
enum ts_err ts_db_verdict_of(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t index, struct ts_region *region, struct ts_db_verdict **out, size_t *n,
	struct ts_why *why) TS_MUST;
enum ts_err ts_db_verdict_list(struct ts_db *db, int64_t contract_id, int64_t from_leaf,
	int64_t to_leaf, struct ts_region *region, struct ts_db_verdict **out, size_t *n,
	struct ts_why *why) TS_MUST;

#endif
