/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_JOURNAL_EXPORT_H
#define TS_STORE_JOURNAL_EXPORT_H
/* Why: what a company took over into its own accounts, numbered per book: each entry of a kind is
 * in one export only, and an export's entries never change. Append-only. */
#include "book/entry.h"
#include "store/db.h"

/* As many kinds as entries have. */
#define TS_DB_JOURNAL_KINDS_MAX 32

struct ts_db_journal_export {
	enum ts_book book;
	int32_t number; /* 1.. per book */
	const char *kinds[TS_DB_JOURNAL_KINDS_MAX]; /* ts_entry_kind_name */
	int64_t after[TS_DB_JOURNAL_KINDS_MAX]; /* entries of that kind behind this one ... */
	size_t kinds_n;
	int64_t up_to; /* ... up to this one */
	int64_t entries;
	int64_t created_us;
};
/* number 0: nothing of these kinds is new. TS_E_RETRY: another export was faster. */
enum ts_err ts_db_journal_export_add(struct ts_db *db, int64_t contract_id, enum ts_book book,
	const char *const *kinds, size_t n, int64_t created_us, int32_t *number,
	struct ts_why *why) TS_MUST;
/* book -1: all in scope; number 0: all. By book and number, in the region. */
enum ts_err ts_db_journal_export_list(struct ts_db *db, int64_t contract_id, int book,
	int32_t number, struct ts_region *region, struct ts_db_journal_export **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* True when the export holds this entry. */
bool ts_db_journal_export_holds(
	const struct ts_db_journal_export *export, const struct ts_entry *entry);

#endif
