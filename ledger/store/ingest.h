/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_INGEST_H
#define TS_STORE_INGEST_H
/* Why: group commit. Uploads of one contract that wait together become durable together: streams in
 * key order (a stale upload drops out alone), binary COPY of their rows, then, last, the inputs
 * log's counter, under which key validity is checked again and the leaves get their indexes. Ingest
 * role only. */
#include "evidence/intake.h"
#include "evidence/merkle.h"
#include "store/db.h"

struct ts_ingest_subtree {
	int64_t number; /* of the full 256-leaf subtree */
	struct ts_hash hash;
};
struct ts_ingest_upload {
	/* in; all borrowed */
	int64_t stream_id;
	int16_t side;
	const struct ts_range *range_old; /* size = old; not read otherwise */
	const struct ts_range *range; /* after the upload; size = new */
	struct ts_hash root;
	struct ts_str note; /* the agent's checkpoint note as received */
	struct ts_str receipt; /* cosignature line; given to the agent only after the commit */
	struct ts_str leaf; /* leaf data: checkpoint text, blank line, the verified agent line */
	struct ts_hash leaf_hash;
	struct ts_str lines; /* raw, each with LF */
	struct ts_str windows; /* packed state for the stream row */
	const struct ts_intake_row *rows; /* one per line, in order */
	size_t rows_n;
	const struct ts_intake *intake; /* of these rows, ended */
	const struct ts_ingest_subtree *subtrees;
	size_t subtrees_n;
	const char *voids; /* JSON of the event that tells of void lines; NULL: none is void */
	/* out: TS_OK, or why it dropped out alone: TS_E_STALE, TS_E_QUARANTINED, TS_E_KEY,
	 * TS_E_NOT_FOUND */
	enum ts_err result;
	int64_t size; /* stored size of the stream: after the commit, or that made it stale */
	int64_t leaf_index;
	int64_t batch_id;
};

#define TS_INGEST_GROUP_MAX 256 /* uploads of one commit */
struct ts_ingest; /* compression context and hasher; one per thread */
enum ts_err ts_ingest_create(struct ts_ingest **out) TS_MUST;
void ts_ingest_free(struct ts_ingest *ingest);

/* One transaction. TS_OK: every upload has its own result. Anything else: nothing was stored; the
 * caller retries one by one (TS_E_UNKNOWN_OUTCOME: each agent repeats and finds out). Two uploads
 * of one stream in a group: the second is answered TS_E_STALE. */
enum ts_err ts_ingest_commit(struct ts_ingest *ingest, struct ts_db *db, int64_t contract_id,
	int64_t received_us, struct ts_ingest_upload *const *uploads, size_t n,
	struct ts_why *why) TS_MUST;

/* Before a stored receipt is returned: writes the stream's row once more, so that under synchronous
 * replication this answer is as durable as the first. */
enum ts_err ts_ingest_touch(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t now_us, struct ts_why *why) TS_MUST;

/* The stream row's packed windows. */
void ts_windows_pack(const struct ts_windows *windows, struct ts_buf *out);
/* windows: initialised and empty. TS_E_MALFORMED. Texts are copied into its region. */
enum ts_err ts_windows_unpack(struct ts_str bytes, struct ts_windows *windows) TS_MUST;

#endif
