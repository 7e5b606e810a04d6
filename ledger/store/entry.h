/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_ENTRY_H
#define TS_STORE_ENTRY_H
/* Why: reading journal entries with their legs; store/posting.h writes them. Append-only. */
#include "book/entry.h"
#include "store/db.h"

struct ts_db_entry_filter {
	int64_t after; /* entry id; -1: from the start */
	int32_t limit; /* 1..1000 */
	int book; /* enum ts_book; -1: all in scope */
	int32_t from_day, to_day; /* effective, half-open; both 0: any */
	const char *document; /* NULL: any */
	int64_t source_leaf; /* -1: any */
	int account; /* enum ts_account with a leg in the entry; -1: any */
};
/* By id. The slices and the document's text belong to the region. */
enum ts_err ts_db_entry_list(struct ts_db *db, int64_t contract_id,
	const struct ts_db_entry_filter *filter, struct ts_region *region, struct ts_entry **out,
	size_t *n, struct ts_why *why) TS_MUST;

#endif
