/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_STATEMENT_H
#define TS_STORE_STATEMENT_H
/* Why: a party's statement waits here from its first signature until all that it needs are there
 * and it is a leaf of the inputs log. Its text never changes; lines are added, a leaf is given
 * once. Everything runs under the contract's settle lock, so that nobody else decides meanwhile. */
#include "store/db.h"

struct ts_db_statement {
	int64_t statement_id; /* order of arrival; filled on reading */
	struct ts_hash sha256; /* of the text */
	const char *kind; /* name of the desk's kind */
	int64_t serial; /* of an event; 0: no event */
	int16_t side; /* who signed first: 0 provider, 1 consumer */
	struct ts_str note; /* text and the valid lines so far */
	int64_t posted_us;
	int64_t leaf; /* -1: not in the log */
	int64_t counter_leaf; /* of the countersignature; -1: none */
	const char *refused; /* NULL: it was not turned away */
};
/* TS_E_NOT_FOUND. Copied into the region. */
enum ts_err ts_db_statement_get(struct ts_db *db, int64_t contract_id, const struct ts_hash *sha256,
	struct ts_region *region, struct ts_db_statement *out, struct ts_why *why) TS_MUST;
/* In order of arrival; kind NULL: any. */
enum ts_err ts_db_statement_list(struct ts_db *db, int64_t contract_id, const char *kind,
	int64_t after, int32_t limit, struct ts_region *region, struct ts_db_statement **out,
	size_t *n, struct ts_why *why) TS_MUST;
/* Without leaf and refusal. TS_E_CONFLICT: the text is there already. */
enum ts_err ts_db_statement_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_statement *statement, struct ts_why *why) TS_MUST;
/* Stores note, leaf, counter_leaf and refused of the statement with this hash. */
enum ts_err ts_db_statement_change(struct ts_db *db, int64_t contract_id,
	const struct ts_db_statement *statement, struct ts_why *why) TS_MUST;
/* The serial that the next event of a kind must have. */
enum ts_err ts_db_statement_serial(struct ts_db *db, int64_t contract_id, const char *kind,
	int64_t *next, struct ts_why *why) TS_MUST;
enum ts_err ts_db_statement_waiting(struct ts_db *db, int64_t contract_id, int16_t side, int64_t *n,
	struct ts_why *why) TS_MUST;
/* Turns away what waits with the serial of an event that is in the log now. */
enum ts_err ts_db_statement_supersede(struct ts_db *db, int64_t contract_id, const char *kind,
	int64_t serial, const char *refused, struct ts_why *why) TS_MUST;

/* What a revocation leans on. The largest size of the inputs log that `quorum` of these witnesses
 * had cosigned before an instant (of each the earliest cosignature counts); 0: none. */
enum ts_err ts_db_cosigned_before(struct ts_db *db, int64_t contract_id, const char *const *names,
	size_t names_n, int64_t quorum, int64_t before_ms, int64_t *size,
	struct ts_why *why) TS_MUST;
/* The period/v1 notes of the last seal of each book, none to two. Copied into the region. */
enum ts_err ts_db_seal_last(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_str notes[2], size_t *n, struct ts_why *why) TS_MUST;

#endif
