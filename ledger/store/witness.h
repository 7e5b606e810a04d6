/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_WITNESS_H
#define TS_STORE_WITNESS_H
/* Why: what a contract's witnesses have said: which sizes each has cosigned, and which checkpoints
 * a quorum has thereby published. Rows are only added; whether a quorum is met is decided in
 * evidence/quorum.h and written down once. */
#include "store/log.h"

/* The newest version in force, for whoever keeps its terms: *terms has at == NULL when it is
 * `known`. TS_E_NOT_FOUND: none is in force. */
enum ts_err ts_db_version_newest(struct ts_db *db, int64_t contract_id, int64_t known,
	struct ts_region *region, int64_t *version, struct ts_str *terms,
	struct ts_why *why) TS_MUST;

struct ts_db_cosigned {
	int64_t size; /* 0: nothing yet */
	int64_t time_s;
};
/* The largest size that a witness has cosigned. */
enum ts_err ts_db_cosigned_last(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	const char *key_name, struct ts_db_cosigned *out, struct ts_why *why) TS_MUST;

struct ts_db_published {
	int64_t size; /* 0: nothing yet */
	int64_t met_s; /* when the quorum was met, by its witnesses' clocks */
};
/* Again: TS_OK, and the first row stays. */
enum ts_err ts_db_published_add(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	const struct ts_db_published *published, int64_t now_us, struct ts_why *why) TS_MUST;
/* The newest of size <= max_size. */
enum ts_err ts_db_published_last(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t max_size, struct ts_db_published *out, struct ts_why *why) TS_MUST;
/* The smallest of size >= min_size whose quorum was met at or before not_after_s. */
enum ts_err ts_db_published_covering(struct ts_db *db, int64_t contract_id, enum ts_db_lock log,
	int64_t min_size, int64_t not_after_s, struct ts_db_published *out,
	struct ts_why *why) TS_MUST;

#endif
