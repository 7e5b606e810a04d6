/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_CHECKPOINT_H
#define TS_EVIDENCE_CHECKPOINT_H
/* Why: a checkpoint is what a log's writer signs: origin, size, root; three lines, no extensions. A
 * cosignature (C2SP tlog-cosignature, v1) adds a time to somebody else's checkpoint: a receipt when
 * the service cosigns an agent's, a witness's word when it cosigns a log's. */
#include "evidence/merkle.h"
#include "evidence/note.h"

#define TS_CHECKPOINT_CHARS (TS_KEY_NAME_MAX + 1 + 19 + 1 + 44 + 1 + 1)

struct ts_checkpoint {
	struct ts_str origin; /* borrowed */
	int64_t size;
	struct ts_hash root;
};
/* Exactly three lines. TS_E_MALFORMED. An empty tree must carry the empty root. */
enum ts_err ts_checkpoint_parse(
	struct ts_str text, struct ts_checkpoint *out, struct ts_why *why) TS_MUST;
void ts_checkpoint_format(const struct ts_checkpoint *checkpoint, struct ts_buf *out);

/* Appends the cosignature line of a TS_KEY_COSIGNATURE key over a checkpoint text. time_s > 0.
 * TS_E_KEY for another key type, TS_E_RANGE for the time, TS_E_MALFORMED for the text. */
enum ts_err ts_checkpoint_cosign(const struct ts_secret *secret, struct ts_str text, int64_t time_s,
	struct ts_buf *out) TS_MUST;
/* Parses the note, verifies it, and parses its text. keys[0] must have signed and be named like the
 * origin; sigs has n elements. TS_E_MALFORMED, TS_E_SIGNATURE, TS_E_KEY. */
enum ts_err ts_checkpoint_open(struct ts_str bytes, const struct ts_key *keys, size_t n,
	struct ts_note *note, struct ts_note_sig *sigs, struct ts_checkpoint *out,
	struct ts_why *why) TS_MUST;

#endif
