/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_DOCUMENT_H
#define TS_STORE_DOCUMENT_H
/* Why: invoices and credit notes. A number is reserved once, and ends issued or void with a reason;
 * the issued bytes never change. */
#include "store/db.h"

enum ts_db_document_state { TS_DB_DOCUMENT_RESERVED, TS_DB_DOCUMENT_ISSUED, TS_DB_DOCUMENT_VOID };
struct ts_db_document {
	const char *number; /* unique within the contract */
	int16_t kind; /* enum ts_document_kind */
	int32_t period;
	enum ts_db_document_state state;
	int64_t cut_leaf; /* -1: a prepayment's, which rests on no cut */
	int64_t issue_leaf; /* issue_leaf: the event that reserved the number */
	int32_t issue_day, due_day; /* 0 until issued */
	const char *currency; /* "" until issued, as all below */
	int64_t subtotal_minor, tax_minor, total_minor;
	struct ts_hash sha256; /* of the canonical JSON */
	struct ts_str json; /* empty in lists */
	const char *void_reason; /* NULL */
};
/* cut_leaf -1: none. TS_E_CONFLICT: the number, or another live document of this cut, exists. */
enum ts_err ts_db_document_reserve(struct ts_db *db, int64_t contract_id, const char *number,
	int32_t period, int64_t cut_leaf, int64_t issue_leaf, struct ts_why *why) TS_MUST;
/* From reserved only. TS_E_CONFLICT otherwise. number, kind, days, currency, sums, hash, json. */
enum ts_err ts_db_document_issue(struct ts_db *db, int64_t contract_id,
	const struct ts_db_document *document, struct ts_why *why) TS_MUST;
enum ts_err ts_db_document_void(struct ts_db *db, int64_t contract_id, const char *number,
	const char *reason, struct ts_why *why) TS_MUST;
enum ts_err ts_db_document_get(struct ts_db *db, int64_t contract_id, const char *number,
	struct ts_region *region, struct ts_db_document *out, struct ts_why *why) TS_MUST;
/* Contracts of the transaction's scope with an issued document of that number; at most two. */
enum ts_err ts_db_document_find(struct ts_db *db, const char *number, int64_t contracts[2],
	size_t *n, struct ts_why *why) TS_MUST;
/* In order of number's reservation; after: issue_leaf of the last one seen, -1 from the start. */
enum ts_err ts_db_document_list(struct ts_db *db, int64_t contract_id, int64_t after, int32_t limit,
	struct ts_region *region, struct ts_db_document **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* A stored rendering (PDF with its signature): TS_E_CONFLICT when other bytes are stored. */
enum ts_err ts_db_rendering_add(struct ts_db *db, int64_t contract_id, const char *number,
	const char *media_type, struct ts_str bytes, struct ts_why *why) TS_MUST;
enum ts_err ts_db_rendering_get(struct ts_db *db, int64_t contract_id, const char *number,
	const char *media_type, struct ts_region *region, struct ts_str *out,
	struct ts_why *why) TS_MUST;

#endif
