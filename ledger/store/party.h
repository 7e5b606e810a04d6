/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_PARTY_H
#define TS_STORE_PARTY_H
/* Why: the companies. A party is no tenant row: it names who may be given tokens and contracts. */
#include "store/db.h"

struct ts_db_party {
	int64_t party_id;
	const char *slug; /* [a-z0-9-]{1,32}, as in the terms; unique */
	const char *name; /* legal name */
	const char *domain; /* domain of its key names; unique */
	const char *statement_vkey; /* NULL until known */
	const char *profile; /* canonical JSON as given: address, tax id, payment details */
};
/* Inside or outside ts_db_tx; no scope needed. TS_E_CONFLICT: slug or domain taken. */
enum ts_err ts_db_party_add(struct ts_db *db, const struct ts_db_party *party, int64_t *party_id,
	struct ts_why *why) TS_MUST;
/* TS_E_NOT_FOUND. Texts are copied into the region. */
enum ts_err ts_db_party_find(struct ts_db *db, const char *slug, struct ts_region *region,
	struct ts_db_party *out, struct ts_why *why) TS_MUST;
enum ts_err ts_db_party_get(struct ts_db *db, int64_t party_id, struct ts_region *region,
	struct ts_db_party *out, struct ts_why *why) TS_MUST;
enum ts_err ts_db_party_list(struct ts_db *db, struct ts_region *region, struct ts_db_party **out,
	size_t *n, struct ts_why *why) TS_MUST;

#endif
