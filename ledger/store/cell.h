/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_CELL_H
#define TS_STORE_CELL_H
/* Why: usage cells are what settle rates: the sum of the batch cells of all folded leaves, less
 * what verdicts take away. Adding happens once per leaf, in one statement. */
#include "book/ledger.h"
#include "evidence/cell.h"
#include "store/db.h"

/* Adds the batch cells of leaves [from, to) to the usage cells (both sides), and returns those of
 * provider streams, summed by (quarter, SKU, class) and, where the terms need them, account and
 * origin, for ts_ledger_fold. */
enum ts_err ts_db_cell_fold(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	struct ts_terms_needs needs, struct ts_region *region, struct ts_usage_cell **out,
	size_t *n, struct ts_why *why) TS_MUST;
/* What the usage cells of provider streams say now of quarter-hours that start in [from_us, to_us)
 * (INT64_MAX: open), summed likewise, for ts_ledger_rematch. */
enum ts_err ts_db_cell_range(struct ts_db *db, int64_t contract_id, int64_t from_us, int64_t to_us,
	struct ts_terms_needs needs, struct ts_region *region, struct ts_usage_cell **out,
	size_t *n, struct ts_why *why) TS_MUST;
/* Adds cells of one stream that ts_cells_sub made (negative: a reversal or a parked line). */
enum ts_err ts_db_cell_adjust(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	const struct ts_cell *cells, size_t n, struct ts_why *why) TS_MUST;

/* Sums for reconciliation and reports, by contract day or hour grid: buckets of bucket_us. */
struct ts_db_cell_sum {
	int64_t bucket_us; /* start */
	int16_t side;
	const char *sku, *pricing_class, *account;
	int64_t records;
	ts_i128 quantity;
	struct ts_digest digest; /* of all records that start in the bucket */
};
/* [from_us, to_us) on the quarter-hour grid; by (bucket, side, sku, class, account). by_class,
 * by_account false: "" and summed over. */
enum ts_err ts_db_cell_sums(struct ts_db *db, int64_t contract_id, int64_t from_us, int64_t to_us,
	int64_t bucket_us, bool by_class, bool by_account, struct ts_region *region,
	struct ts_db_cell_sum **out, size_t *n, struct ts_why *why) TS_MUST;
/* Recomputes the usage cells from batch cells below leaf `to` and counts rows that differ from the
 * stored ones before adjustments; for audit. */
enum ts_err ts_db_cell_check(struct ts_db *db, int64_t contract_id, int64_t to, int64_t *differ,
	struct ts_why *why) TS_MUST;

#endif
