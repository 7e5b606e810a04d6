/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_SEAL_H
#define TS_STORE_SEAL_H
/* Why: what sealing rests on and leaves behind: the state of a contract at a cut, made in the cut's
 * transaction; the seal of each book; what the other company says to it; time-stamp tokens. */
#include "book/account.h"
#include "evidence/merkle.h"
#include "store/db.h"

/* The inputs log's counter and every provider stream at that size, from one snapshot. */
struct ts_db_state_stream {
	int64_t stream_id;
	const char *origin;
	int64_t active_from_ms, window_ms;
	struct ts_range range;
	struct ts_str windows; /* packed (store/ingest.h) */
};
struct ts_db_state_log {
	struct ts_range inputs; /* of size N */
	struct ts_db_state_stream *streams; /* by origin bytes */
	size_t streams_n;
};
/* Copied into the region. TS_E_NOT_FOUND: no such contract in scope. */
enum ts_err ts_db_state_log(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_state_log *out, struct ts_why *why) TS_MUST;

struct ts_db_state_leaf {
	int64_t index;
	struct ts_str bytes;
};
/* The statements among the leaves below N, ticks excepted; indexes rising. */
enum ts_err ts_db_state_leaves(struct ts_db *db, int64_t contract_id, int64_t n,
	struct ts_region *region, struct ts_db_state_leaf **out, size_t *out_n,
	struct ts_why *why) TS_MUST;

struct ts_db_state_mark {
	int64_t stream_id, index, lines, leaf;
	const char *kind;
	const char *by_origin; /* reversed: where the r1 stands; NULL: no r1 */
	int64_t by_index;
};
/* What leaves below N decided about u1 lines of provider streams, and those that look good and are
 * void ("void", by the batch's leaf); by (stream, index, kind, leaf). */
enum ts_err ts_db_state_marks(struct ts_db *db, int64_t contract_id, int64_t n,
	struct ts_region *region, struct ts_db_state_mark **out, size_t *out_n,
	struct ts_why *why) TS_MUST;

/* Keeps the state of a period's cut, once. */
enum ts_err ts_db_state_put(struct ts_db *db, int64_t contract_id, int32_t period, int64_t cut_leaf,
	const struct ts_hash *sha256, struct ts_str text, struct ts_why *why) TS_MUST;
/* TS_E_NOT_FOUND: the period is not cut. text NULL: not wanted. Copied into the region. */
enum ts_err ts_db_state_get(struct ts_db *db, int64_t contract_id, int32_t period,
	struct ts_region *region, int64_t *cut_leaf, struct ts_hash *sha256, struct ts_str *text,
	struct ts_why *why) TS_MUST;

/* A book is sealed through a day by its own party's period/v1 note (leaf of the inputs log):
 * entries dated on or before it are refused from then on. TS_E_CONFLICT: sealed through that day
 * already. */
enum ts_err ts_db_seal_add(struct ts_db *db, int64_t contract_id, enum ts_book book,
	int32_t through_day, int64_t leaf, struct ts_str note, struct ts_why *why) TS_MUST;
/* INT32_MIN: nothing is sealed. */
enum ts_err ts_db_seal_through(struct ts_db *db, int64_t contract_id, enum ts_book book,
	int32_t *through_day, struct ts_why *why) TS_MUST;

struct ts_db_seal {
	enum ts_book book;
	int32_t through; /* last day sealed */
	int64_t leaf;
	struct ts_str note;
	int64_t countersigned_leaf; /* -1: not */
	int64_t reservation_leaf; /* newest; -1: none */
	const char *reservation;
	int64_t tokens;
	int64_t logged_us; /* when the seal became a leaf */
};
/* By (through, book). Copied into the region. */
enum ts_err ts_db_seal_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_seal **out, size_t *n, struct ts_why *why) TS_MUST;
/* reservation NULL: a plain countersignature. */
enum ts_err ts_db_seal_answer_add(struct ts_db *db, int64_t contract_id, enum ts_book book,
	int32_t through, int64_t leaf, struct ts_str reservation, int64_t now_us,
	struct ts_why *why) TS_MUST;

struct ts_db_seal_token {
	struct ts_hash sha256;
	int64_t stamped_us;
	const char *authority;
	struct ts_str token; /* DER */
};
/* The same token again: TS_OK. */
enum ts_err ts_db_seal_token_add(struct ts_db *db, int64_t contract_id, enum ts_book book,
	int32_t through, const struct ts_db_seal_token *token, struct ts_why *why) TS_MUST;
enum ts_err ts_db_seal_token_list(struct ts_db *db, int64_t contract_id, enum ts_book book,
	int32_t through, struct ts_region *region, struct ts_db_seal_token **out, size_t *n,
	struct ts_why *why) TS_MUST;

#endif
