/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_APPEND_H
#define TS_EVIDENCE_APPEND_H
/* Why: one upload, by HTTP or as a file, the same bytes (docs/formats/append.md): `append/v1`,
 * `old N`, `new M`, the agent's checkpoint note of size M, a blank line, M-N record lines. The
 * checks come in one order, so that the same body always fails with the same code:
 *   parse (400), authenticate (403, 404), decide (400, 409, 422), walk and finish (422). */
#include "evidence/checkpoint.h"
#include "evidence/record.h"

#define TS_APPEND_LINES_MAX 200000
#define TS_APPEND_LINE_BYTES_MAX 65535 /* what a tile entry can hold; longer than any good line */

struct ts_append {
	int64_t old_size;
	int64_t new_size;
	struct ts_note note;
	struct ts_checkpoint checkpoint; /* size == new_size */
	struct ts_str lines; /* raw; not yet counted */
};
/* Borrows body. TS_E_MALFORMED; reads the head only. */
enum ts_err ts_append_parse(struct ts_str body, struct ts_append *out, struct ts_why *why) TS_MUST;
/* agent is the enrolled key that the caller found by the stream or by the note's origin: TS_E_KEY
 * when it is no Ed25519 key, TS_E_SIGNATURE, TS_E_NOT_FOUND when origin, key name and stream_id (32
 * hex) are not one. *sig gets the one verified line. */
enum ts_err ts_append_authenticate(const struct ts_append *append, const struct ts_key *agent,
	struct ts_str stream_id, struct ts_note_sig *sig, struct ts_why *why) TS_MUST;

/* What the service knows of the stream when it decides. */
struct ts_append_state {
	int64_t size;
	/* Only when new_size <= size: the stored root at new_size, and whether an accepted append
	 * ended there. */
	struct ts_hash root_at_new;
	bool ended_at_new;
};
enum ts_append_step {
	TS_APPEND_STORE, /* walk the lines, store, reply with a new receipt */
	TS_APPEND_REPLAY, /* reply with the stored receipt */
};
/* TS_E_RANGE (new <= old), TS_E_LIMIT (too many lines), TS_E_EQUIVOCATION (other root at a stored
 * size: quarantine), TS_E_STALE (409: body is the stored size; a resend from there is safe). */
enum ts_err ts_append_decide(const struct ts_append *append, const struct ts_append_state *state,
	enum ts_append_step *step, struct ts_why *why) TS_MUST;

/* Walks the raw lines, hashing each into the range. */
struct ts_append_walk {
	struct ts_hasher *hasher;
	struct ts_range range; /* starts as the stored one (size == old_size) */
	struct ts_str rest;
	int64_t end; /* new_size: the walk stops there */
	bool framed; /* false: a line without LF or over TS_APPEND_LINE_BYTES_MAX ended the walk */
};
struct ts_append_line {
	int64_t index;
	struct ts_str bytes; /* without LF */
	struct ts_hash leaf;
	bool full; /* this line completed a 256-leaf subtree, root below */
	struct ts_hash full_root;
};
/* hasher and append are borrowed while the walk lasts; range is copied. */
void ts_append_walk_init(struct ts_append_walk *walk, struct ts_hasher *hasher,
	const struct ts_append *append, const struct ts_range *range);
bool ts_append_walk_next(struct ts_append_walk *walk, struct ts_append_line *out);
/* After the last line: TS_E_MISMATCH unless there were exactly new - old lines and the root is the
 * signed one. walk->range is then the stream's new compact range. */
enum ts_err ts_append_walk_finish(const struct ts_append_walk *walk, const struct ts_append *append,
	struct ts_why *why) TS_MUST;

/* The agent's side. lines: the new lines, each with LF, that take range_old to range_new. */
enum ts_err ts_append_build(struct ts_hasher *hasher, const struct ts_secret *agent,
	int64_t old_size, const struct ts_range *range_new, struct ts_str lines,
	struct ts_buf *out) TS_MUST;
/* The service's receipt: one cosignature line over the agent's checkpoint text. */
enum ts_err ts_append_receipt(const struct ts_secret *receipt, const struct ts_append *append,
	int64_t time_s, struct ts_buf *out) TS_MUST;
/* The agent checks a receipt line against the checkpoint text that it signed. */
enum ts_err ts_append_receipt_verify(const struct ts_key *receipt, struct ts_str text,
	struct ts_str line, int64_t *time_s, struct ts_why *why) TS_MUST;

#endif
