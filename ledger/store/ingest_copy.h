/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_INGEST_COPY_H
#define TS_STORE_INGEST_COPY_H
/* Why: how a group's rows become COPY BINARY: straight from parsed records, nothing allocated per
 * row. Internal to ingest. */
#include "store/copy.h"
#include "store/ingest.h"

struct ingest_packed { /* lines of an upload, compressed before the transaction starts */
	uint8_t *bytes;
	size_t len;
};
struct ingest_group {
	struct ts_ingest *ingest;
	int64_t contract_id, received_us;
	int32_t day;
	struct ts_ingest_upload *const *uploads;
	size_t n;
	struct ingest_packed *packed; /* one per upload */
	bool *revoked; /* found under the log's lock; the next run leaves them out */
	bool again;
};

bool ts_ingest_is_reversal(const struct ts_intake_row *row);
/* COPY the part of every upload whose result is TS_OK so far. */
enum ts_err ts_ingest_copy_usage(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why) TS_MUST;
enum ts_err ts_ingest_copy_closes(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why) TS_MUST;
enum ts_err ts_ingest_copy_cells(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why) TS_MUST;
enum ts_err ts_ingest_copy_subtrees(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why) TS_MUST;
enum ts_err ts_ingest_copy_reversals(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why) TS_MUST;
enum ts_err ts_ingest_copy_batches(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why) TS_MUST;

#endif
