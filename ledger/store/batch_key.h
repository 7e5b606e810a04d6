/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_BATCH_KEY_H
#define TS_STORE_BATCH_KEY_H
/* Why: which batches hold a workload, a resource, an account: the open month has no B-tree on usage
 * rows. Settle writes it from the lines that a batch keeps, so that its cost is that of the new
 * batches alone: the rows in the open month are never looked at, whatever their number and whether
 * or not their BRIN ranges are summarised. */
#include "store/db.h"

/* One row per distinct workload, resource and account (other than "-") of the u1 lines of batches
 * with leaf in [from, to); what is there already stays. A u1 line that its stream made void counts
 * too: a key says where to look, not what is found. */
enum ts_err ts_db_batch_key_fill(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	struct ts_why *why) TS_MUST;

#endif
