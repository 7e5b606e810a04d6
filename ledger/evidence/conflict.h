/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_CONFLICT_H
#define TS_EVIDENCE_CONFLICT_H
/* Why: an agent that signs two stories has signed its own conviction. One file holds both
 * checkpoint notes, the accepted one and the refused one of the same or a smaller size, and what
 * links them: the root that the accepted tree has at the refused size, with the consistency proof
 * (RFC 9162 2.1.4) that it has. Whoever knows the agent's key checks it offline, without the
 * service's word (docs/formats/conflict.md). */
#include "evidence/checkpoint.h"

#define TS_CONFLICT_BYTES_MAX (2 * TS_NOTE_BYTES_MAX + 65536)

struct ts_conflict {
	struct ts_hash root; /* of the accepted tree's first refused.size leaves */
	struct ts_path path; /* consistency proof; empty when the sizes are equal */
	struct ts_str refused_note,
		accepted_note; /* text, empty line, the agent's line; borrowed */
	struct ts_checkpoint refused, accepted; /* their texts */
};
/* Borrows bytes. Signatures and proof are not looked at. TS_E_MALFORMED, TS_E_LIMIT. */
enum ts_err ts_conflict_parse(
	struct ts_str bytes, struct ts_conflict *out, struct ts_why *why) TS_MUST;
/* Of root, path and both notes. */
void ts_conflict_format(const struct ts_conflict *conflict, struct ts_buf *out);
/* TS_OK: the holder of the key signed two checkpoints that no log can both have. TS_E_SIGNATURE:
 * one of them is not the key's; TS_E_INVALID: they don't contradict each other. */
enum ts_err ts_conflict_verify(struct ts_hasher *hasher, const struct ts_conflict *conflict,
	const struct ts_key *agent, struct ts_why *why) TS_MUST;

#endif
