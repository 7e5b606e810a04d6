/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_USAGE_H
#define TS_STORE_USAGE_H
/* Why: usage rows for people and reports: filtered, in a stable order, page by page. Rating never
 * reads them. */
#include "store/db.h"

struct ts_db_usage_filter {
	int64_t from_ms, to_ms; /* records that overlap [from, to); both 0: any */
	int16_t side; /* -1: any in scope */
	int64_t stream_id; /* 0: any */
	const char *sku, *pricing_class, *workload, *resource, *account; /* NULL: any */
	bool voids; /* also void leaves */
	int64_t after_batch, after_index; /* keyset cursor; 0 and -1: from the start */
	int32_t limit; /* 1..1000 */
};
struct ts_db_usage {
	int64_t batch_id, stream_id, index;
	int16_t side;
	int64_t start_ms, end_ms, devices_milli, quantity;
	const char *sku, *pricing_class, *workload, *resource, *account;
	const char *void_reason; /* NULL: a good u1 line */
};
/* In order of (batch_id, index). Region-owned. */
enum ts_err ts_db_usage_list(struct ts_db *db, int64_t contract_id,
	const struct ts_db_usage_filter *filter, struct ts_region *region, struct ts_db_usage **out,
	size_t *n, struct ts_why *why) TS_MUST;

/* Void leaves of a stream behind an index, in order: index, side, reason and batch are filled. */
enum ts_err ts_db_void_list(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t after_index, int32_t limit, struct ts_region *region, struct ts_db_usage **out,
	size_t *n, struct ts_why *why) TS_MUST;

/* Makes the usage partition of a month (year*12 + month-1); made already: TS_OK. Service role. */
enum ts_err ts_db_partition_ensure(struct ts_db *db, int32_t month, struct ts_why *why) TS_MUST;
/* Primary key and B-trees for a month that gets no rows any more. */
enum ts_err ts_db_partition_close(struct ts_db *db, int32_t month, struct ts_why *why) TS_MUST;

#endif
