/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_WITNESS_H
#define TS_EVIDENCE_WITNESS_H
/* Why: a witness remembers the largest checkpoint of each log and cosigns a newer one only with a
 * proof that nothing before it changed: C2SP tlog-witness v1.0.0, `add-checkpoint`
 * (docs/formats/witness.md). This is the judgement and both ends of the conversation; what is
 * remembered, and how safely, is the caller's. */
#include "evidence/checkpoint.h"

#define TS_WITNESS_PROOF_MAX 63
#define TS_WITNESS_REQUEST_BYTES_MAX                                                               \
	(4 + 19 + 1 + TS_WITNESS_PROOF_MAX * (TS_BASE64_LEN(32) + 1) + 1 + TS_NOTE_BYTES_MAX)
#define TS_WITNESS_SIZE_TYPE "text/x.tlog.size" /* media type of a 409's body */

struct ts_witness_request {
	int64_t old; /* what the client believes the witness has */
	struct ts_path proof; /* from old to the checkpoint's size */
	struct ts_note note; /* borrows */
	struct ts_checkpoint checkpoint; /* not verified */
};
/* Borrows bytes. TS_E_MALFORMED (400) for everything that is not exactly the format, for old above
 * the checkpoint's size too. */
enum ts_err ts_witness_parse(
	struct ts_str bytes, struct ts_witness_request *out, struct ts_why *why) TS_MUST;
/* Appends a request. `note` is the log's checkpoint note. */
void ts_witness_build(
	int64_t old, const struct ts_path *proof, struct ts_str note, struct ts_buf *out);

/* The log's own signature, before anything that is remembered is looked at: TS_E_SIGNATURE (403).
 */
enum ts_err ts_witness_authenticate(const struct ts_witness_request *request,
	const struct ts_key *log, struct ts_why *why) TS_MUST;
/* Whether a verified request may be cosigned by a witness that has cosigned `size` leaves with
 * `root` (size 0: nothing yet, or an empty tree). TS_E_STALE (409 with the size): old is not what
 * the witness has. TS_E_CONFLICT (409): the same size with another root, which is proof that the
 * log tells two stories. TS_E_INVALID (422): the proof does not lead from one root to the other. */
enum ts_err ts_witness_judge(struct ts_hasher *hasher, const struct ts_witness_request *request,
	int64_t size, const struct ts_hash *root, struct ts_why *why) TS_MUST;

/* What a witness answered to a checkpoint text: the one line of `key` in it that verifies. A line
 * of another key is passed over; TS_E_SIGNATURE when none of this key is there or it fails. */
enum ts_err ts_witness_answer(struct ts_str body, struct ts_str text, const struct ts_key *key,
	struct ts_note_sig *out, struct ts_why *why) TS_MUST;

/* Lower-case hex of SHA-256(origin): what a witness calls a log in paths. */
#define TS_WITNESS_ID_CHARS 64
void ts_witness_id(struct ts_str origin, char out[TS_WITNESS_ID_CHARS + 1]);

#endif
