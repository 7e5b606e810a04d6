/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_BATCH_KEY_H
#define TS_STORE_BATCH_KEY_H
/* Why: which batches hold a workload, a resource, an account: the open month has no B-tree on usage
 * rows. Settle writes it from the lines that a batch keeps, so that its cost is that of the new
 * batches alone: the rows in the open month are never looked at, whatever their number and whether
 * or not their BRIN ranges are summarised. */
#include "store/db.h"

struct ts_db_batch_key {
	int64_t batch_id;
	int16_t kind; /* app.batch_key.kind */
	struct ts_str value;
};
struct ts_db_batch_keys {
	struct ts_db_batch_key *list;
	size_t n, cap;
};
/* One per distinct workload, resource and account (other than "-") of the u1 lines. A u1 line that
 * its stream made void counts too: a key says where to look, not what is found. Values are copied
 * into the region. ts_db_ledger_store writes them; what is there already stays. */
enum ts_err ts_db_batch_keys_add(struct ts_db_batch_keys *all, int64_t batch_id,
	struct ts_str lines, struct ts_region *region, struct ts_why *why) TS_MUST;

#endif
