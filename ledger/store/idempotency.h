/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_IDEMPOTENCY_H
#define TS_STORE_IDEMPOTENCY_H
/* Why: a POST with money effect happens once. The key is reserved in the transaction of the effect
 * and kept for ever with the answer. Party-scoped: the transaction's scope names the party. */
#include "store/db.h"

struct ts_db_idempotency {
	int64_t party_id;
	int64_t contract_id; /* 0: none */
	const char *method, *path; /* path with its query, as sent */
	struct ts_str key;
	struct ts_hash fingerprint; /* of content type and body */
};
struct ts_db_answer {
	int32_t status;
	const char *content_type; /* NULL when status is 0 */
	struct ts_str body;
};
/* *found: the stored answer is in *out (region-owned); else the key is now reserved and the caller
 * goes on, then calls ts_db_idempotency_answer in the same transaction. TS_E_KEY_REUSED: another
 * request; TS_E_IN_FLIGHT: the first one has not ended. */
enum ts_err ts_db_idempotency_reserve(struct ts_db *db, const struct ts_db_idempotency *id,
	struct ts_region *region, bool *found, struct ts_db_answer *out,
	struct ts_why *why) TS_MUST;
enum ts_err ts_db_idempotency_answer(struct ts_db *db, const struct ts_db_idempotency *id,
	const struct ts_db_answer *answer, struct ts_why *why) TS_MUST;

#endif
