/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_LOG_H
#define TS_EVIDENCE_LOG_H
/* Why: each contract has two logs, inputs and journal. This is what their leaves look like and the
 * one place that signs their checkpoints: only for a root that was computed twice, and never for a
 * size behind one that was signed, or for a second root of the same size. */
#include "evidence/checkpoint.h"
#include "evidence/statement.h"

#define TS_LEAF_BYTES_MAX 65535 /* what a tile entry can hold */

enum ts_leaf_kind {
	TS_LEAF_CONTRACT, /* tallystick/contract/v1 note */
	TS_LEAF_KEY, /* tallystick/key/v1 note */
	TS_LEAF_EVENT, /* tallystick/event/v1 note */
	TS_LEAF_PERIOD, /* tallystick/period/v1 note */
	TS_LEAF_CHECKPOINT, /* an accepted stream checkpoint, with the one verified agent line */
	TS_LEAF_REVOKE, /* tallystick/revoke/v1 note */
	TS_LEAF_REATTEST, /* tallystick/reattest/v1 note */
	TS_LEAF_RESERVATION, /* tallystick/reservation/v1 note */
};
/* A statement leaf is its note's bytes. A checkpoint leaf is text, blank line, agent line.
 * Signatures are not verified here. TS_E_MALFORMED, TS_E_LIMIT. */
enum ts_err ts_leaf_parse(struct ts_str bytes, enum ts_leaf_kind *kind, struct ts_note *note,
	struct ts_why *why) TS_MUST;
/* Appends the leaf of an accepted append; line is sig.line of ts_append_authenticate. */
void ts_leaf_checkpoint(struct ts_str text, struct ts_str line, struct ts_buf *out);

/* Signs the log's checkpoint; origin = secret->key.name. `kept` is the range that grew as leaves
 * were stored, `again` the one computed a second time from stored bytes, `last` the last signed
 * checkpoint (NULL: none). TS_E_INTERNAL when the ranges differ or the log went back: nothing is
 * signed, and somebody must look. Appends the note. */
enum ts_err ts_log_sign(struct ts_hasher *hasher, const struct ts_secret *secret,
	const struct ts_range *kept, const struct ts_range *again, const struct ts_checkpoint *last,
	struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
