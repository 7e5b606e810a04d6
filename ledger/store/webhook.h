/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_WEBHOOK_H
#define TS_STORE_WEBHOOK_H
/* Why: a company's endpoints. Party-scoped: the transaction's scope names the party, 0 is the
 * operator. An endpoint sees no more than the token that made it: its side, its contracts. */
#include "store/db.h"

#define TS_DB_WEBHOOK_SECRET_BYTES 32

struct ts_db_webhook {
	int64_t party_id, webhook_id;
	const char *public_id;
	const char *url;
	const char *types; /* comma separated; "": all */
	const int64_t *thresholds; /* percents of threshold.reached that it hears of */
	size_t thresholds_n;
	int16_t side; /* 0 provider, 1 consumer, -1: either */
	bool all_contracts;
	const int64_t *contracts; /* else these */
	size_t contracts_n;
	const char *state; /* enabled, disabled */
	int64_t failing_since_us; /* 0: the last attempt was good, or there was none */
	const char *last_error; /* NULL: none */
	int64_t created_us, old_until_us; /* 0: no secret is being replaced */
};
enum ts_err ts_db_webhook_add(struct ts_db *db, const struct ts_db_webhook *webhook,
	const uint8_t secret[TS_DB_WEBHOOK_SECRET_BYTES], struct ts_why *why) TS_MUST;
/* public_id NULL: all of the party's that are not deleted. */
enum ts_err ts_db_webhook_list(struct ts_db *db, int64_t party_id, const char *public_id,
	struct ts_region *region, struct ts_db_webhook **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* TS_E_NOT_FOUND. What waits for it is dropped when its turn comes. */
enum ts_err ts_db_webhook_delete(
	struct ts_db *db, int64_t party_id, int64_t webhook_id, struct ts_why *why) TS_MUST;
/* The old secret also signs until then. Enables a disabled endpoint. TS_E_NOT_FOUND. */
enum ts_err ts_db_webhook_rotate(struct ts_db *db, int64_t party_id, int64_t webhook_id,
	const uint8_t secret[TS_DB_WEBHOOK_SECRET_BYTES], int64_t old_until_us,
	struct ts_why *why) TS_MUST;

#endif
