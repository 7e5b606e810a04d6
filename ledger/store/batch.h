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
/* The raw lines (each with its LF), decompressed into the region. */
enum ts_err ts_db_batch_lines(struct ts_db *db, int64_t contract_id, int64_t batch_id,
	struct ts_region *region, struct ts_str *out, struct ts_why *why) TS_MUST;
/* The same from a batch's column. */
enum ts_err ts_db_batch_unpack(struct ts_str packed, int64_t bytes, int64_t batch_id,
	struct ts_region *region, struct ts_str *out, struct ts_why *why) TS_MUST;
/* One line of a stream without its LF. TS_E_NOT_FOUND. */
enum ts_err ts_db_batch_line(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t index, struct ts_region *region, struct ts_str *out, struct ts_why *why) TS_MUST;

/* Of those in [from, to), the ones with something to decide (evidence/judge.h): suspects,
 * reversals, or u1 lines near a handover. */
enum ts_err ts_db_batch_judged(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	int32_t limit, struct ts_region *region, struct ts_db_batch **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* Batches of a stream, with leaf below `below`, that may hold u1 lines overlapping [from_ms,
 * to_ms); by first index. */
enum ts_err ts_db_batch_overlapping(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t from_ms, int64_t to_ms, int64_t below, struct ts_region *region,
	struct ts_db_batch **out, size_t *n, struct ts_why *why) TS_MUST;
/* Size of a stream, of batches with leaf below `below`. */
enum ts_err ts_db_batch_size(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t below, int64_t *out, struct ts_why *why) TS_MUST;

#endif
