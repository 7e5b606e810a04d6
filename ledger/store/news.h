/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_NEWS_H
#define TS_STORE_NEWS_H
/* Why: what an event folds, read in one statement: where it ends, the statements among its leaves,
 * and the keys of its uploads' lines. */
#include "store/batch_key.h"
#include "store/log.h"

struct ts_db_news {
	int64_t to; /* the event's N */
	int64_t batches, judged; /* uploads below it; those that have something to decide */
	struct ts_db_leaf_row *leaves; /* that are no uploads; without hash and time */
	size_t leaves_n;
	struct ts_db_batch_keys keys;
};
/* Leaves [from, to) of the inputs log, of which one event takes at most work_max (u1 lines and
 * cells, see the query) but always the first upload. In the region. */
enum ts_err ts_db_news_read(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	int64_t work_max, struct ts_region *region, struct ts_db_news *out,
	struct ts_why *why) TS_MUST;

#endif
