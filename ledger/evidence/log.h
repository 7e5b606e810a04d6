/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_LOG_H
#define TS_EVIDENCE_LOG_H
/* Why: each contract has two logs, inputs and journal. This is what their leaves look like; what of
 * their checkpoints is signed is decided in signing.h. */
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

#endif
