/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_RECOMPUTE_H
#define TS_SERVICE_RECOMPUTE_H
/* Why: a bit that flipped in the database must be found before a root over it is signed. The range
 * of a log is grown again from the leaves' own bytes, a bounded number at a time. */
#include "service/session.h"
#include "store/contract.h"
#include "store/log.h"

#define TS_RECOMPUTE_REGION_BYTES_MAX (160u << 20) /* 1,024 leaves of 65,535 bytes, and slack */

/* Grows the range up to `to` leaves. Within a transaction of the contract; resets the region.
 * TS_E_INTERNAL: a leaf is missing or its bytes do not have its stored hash. */
enum ts_err ts_recompute_extend(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	enum ts_db_lock log, int64_t to, struct ts_region *region, struct ts_range *range,
	struct ts_why *why) TS_MUST;
/* The first `size` leaves of a log, in short transactions, with its progress in the log of the
 * service. TS_E_INTERNAL unless their root is `root`. */
enum ts_err ts_recompute_log(struct ts_app *app, struct ts_session *session,
	const struct ts_db_contract *contract, enum ts_db_lock log, int64_t size,
	const struct ts_hash *root, struct ts_region *region, struct ts_why *why) TS_MUST;

#endif
