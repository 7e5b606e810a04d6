/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_COMPLETENESS_H
#define TS_STORE_COMPLETENESS_H
/* Why: which windows of a stream c1 lines have closed below a size of the inputs log, and what the
 * cut of a period found, kept beside it for the document and for whoever has to accept a gap. */
#include "evidence/completeness.h"
#include "store/db.h"

/* Adds the windows that start in (after_ms, to_ms] and have a c1 in leaves below n. */
enum ts_err ts_db_window_closed(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t after_ms, int64_t to_ms, int64_t n, struct ts_closings *closings,
	struct ts_why *why) TS_MUST;

struct ts_db_completeness {
	int64_t cut_leaf;
	struct ts_completeness counts; /* without heartbeats and tail */
	struct ts_hash list_sha256;
	struct ts_str list; /* at NULL: none, or too long to keep */
};
enum ts_err ts_db_completeness_put(struct ts_db *db, int64_t contract_id, int32_t period,
	const struct ts_db_completeness *row, struct ts_why *why) TS_MUST;
/* TS_E_NOT_FOUND: the period is not cut. Copied into the region. */
enum ts_err ts_db_completeness_get(struct ts_db *db, int64_t contract_id, int32_t period,
	struct ts_region *region, struct ts_db_completeness *out, struct ts_why *why) TS_MUST;

struct ts_db_gap {
	int64_t leaf;
	struct ts_str note;
};
/* Gap events that became leaves behind `leaf`, in order. Copied into the region. */
enum ts_err ts_db_gap_list(struct ts_db *db, int64_t contract_id, int64_t leaf,
	struct ts_region *region, struct ts_db_gap **out, size_t *n, struct ts_why *why) TS_MUST;

struct ts_db_windows {
	int64_t stream_id;
	struct ts_str packed; /* store/ingest.h */
};
/* Of the consumer's streams (those of the provider: store/seal.h), by stream_id. */
enum ts_err ts_db_consumer_windows(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_windows **out, size_t *n, struct ts_why *why) TS_MUST;

#endif
