/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_STREAM_H
#define TS_STORE_STREAM_H
/* Why: an enrolled agent key and the stream that it signs are one to one (contract x agent x
 * generation). The enrolment never changes but for its revocation; the stream's state (size,
 * compact range, last note, windows that wait for their close) is one hot row. */
#include "evidence/merkle.h"
#include "store/db.h"
#include "store/subtree.h"

struct ts_db_enrolment {
	int64_t stream_id; /* filled on reading */
	const char *public_id; /* 32 hex, of the origin */
	const char *origin;
	const char *vkey;
	uint8_t public_key[32];
	int16_t side; /* 0 provider, 1 consumer */
	struct ts_str note; /* key statement, signed */
	int64_t from_ms, window_ms, active_from_ms, active_to_ms; /* active_to INT64_MAX: open */
	const char *clusters, *resources, *skus; /* scope lines; "-" = any */
	int64_t leaf; /* in the inputs log */
	int64_t revoked_leaf; /* the first revocation; -1: not revoked */
	int64_t closed_leaf; /* key statement of the next generation; -1: none */
	int64_t enrolled_us;
};
/* TS_E_CONFLICT: the public key or the origin is enrolled already, anywhere. Same transaction as
 * the leaf. */
enum ts_err ts_db_stream_enrol(struct ts_db *db, int64_t contract_id,
	const struct ts_db_enrolment *enrolment, int64_t *stream_id, struct ts_why *why) TS_MUST;
/* An enrolment as its statement has it, without the stream's state. */
struct ts_db_key {
	int64_t stream_id, leaf;
	int16_t side;
	const char *origin;
	struct ts_str note;
};
/* By its public id. TS_E_NOT_FOUND. Copied into the region. */
enum ts_err ts_db_key_get(struct ts_db *db, int64_t contract_id, const char *public_id,
	struct ts_region *region, struct ts_db_key *out, struct ts_why *why) TS_MUST;
/* All of the contract, by stream_id. Copied into the region. */
enum ts_err ts_db_key_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_key **out, size_t *n, struct ts_why *why) TS_MUST;
/* The next generation's key statement is a leaf: the stream takes no more appends. */
enum ts_err ts_db_stream_close(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t leaf, struct ts_why *why) TS_MUST;
/* Where a stream is, by its public id, without a scope. */
enum ts_err ts_db_stream_locate(struct ts_db *db, const char *public_id, int64_t *contract_id,
	int64_t *stream_id, struct ts_why *why) TS_MUST;

/* A tallystick/revoke/v1 leaf (evidence/revocation.h). */
struct ts_db_revocation {
	int64_t stream_id;
	int64_t leaf;
	bool compromised; /* else the two below are not set */
	int64_t since_ms;
	int64_t covered;
};
/* In the transaction that appends the leaf, under the log's lock: from then on the stream takes no
 * appends. What it contests is decided when the leaf is folded. TS_E_NOT_FOUND: no such stream. */
enum ts_err ts_db_revocation_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_revocation *revocation, struct ts_why *why) TS_MUST;
/* By (stream, leaf); stream_id 0: all. */
enum ts_err ts_db_revocation_list(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	struct ts_region *region, struct ts_db_revocation **out, size_t *n,
	struct ts_why *why) TS_MUST;

enum ts_db_stream_state { TS_DB_STREAM_LIVE, TS_DB_STREAM_QUARANTINED, TS_DB_STREAM_CLOSED };
struct ts_db_stream {
	struct ts_db_enrolment key;
	int64_t contract_id;
	enum ts_db_stream_state state;
	struct ts_range range; /* range.size is the stream's size */
	struct ts_hash root;
	struct ts_str note; /* last accepted checkpoint note; at NULL: none yet */
	struct ts_str windows; /* packed by ingest (evidence/window.h); may be empty */
	struct ts_hash contract_note; /* statement hash of the newest version in force, for g1 */
	int64_t appended_us; /* 0: never */
	int64_t closed_ms; /* end of the last window that a c1 closed; 0: none */
};
/* Everything that ingest wants to know before it walks an upload. Works for the ingest role without
 * a scope and for the service role in scope. TS_E_NOT_FOUND. Copied into the region. */
enum ts_err ts_db_stream_get(struct ts_db *db, const char *public_id, struct ts_region *region,
	struct ts_db_stream *out, struct ts_why *why) TS_MUST;
/* Without windows; ordered by stream_id. */
enum ts_err ts_db_stream_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_stream **out, size_t *n, struct ts_why *why) TS_MUST;
/* A signed checkpoint that contradicts an accepted one, and the proof of it. */
struct ts_db_conflict {
	int64_t size;
	struct ts_hash sha256; /* of the refused note; filled on reading */
	struct ts_str accepted_note, refused_note; /* with the agent's line only */
	struct ts_str proof; /* docs/formats/conflict.md; empty: from before it was kept */
	int64_t seen_us;
};
/* Stores the conflict and stops the stream; the first time *news is set and `event` (JSON) goes to
 * both companies. Ingest role. Repeats are harmless. */
enum ts_err ts_db_stream_quarantine(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	const struct ts_db_conflict *conflict, const char *event, bool *news,
	struct ts_why *why) TS_MUST;
/* By size; copied into the region. */
enum ts_err ts_db_conflict_list(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	struct ts_region *region, struct ts_db_conflict **out, size_t *n,
	struct ts_why *why) TS_MUST;

/* Subtree hashes of a stream: roots of 256 leaves and more from the store, smaller ones from the
 * batches' lines. The struct is borrowed by the source. */
struct ts_db_stream_source {
	struct ts_db *db;
	struct ts_hasher *hasher;
	int64_t contract_id, stream_id;
	struct ts_region *region; /* for decompressed lines; reset when a batch is left behind */
	struct ts_db_subtrees tiles; /* what was read so far; zero at first */
};
struct ts_merkle_source ts_db_stream_source(struct ts_db_stream_source *source);

#endif
