/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_PROOF_H
#define TS_EVIDENCE_PROOF_H
/* Why: `c2sp.org/tlog-proof@v1`: index, inclusion path and checkpoint note in one file, verified
 * offline. Two of them prove one record: its line in the stream, the stream's checkpoint in the
 * contract's inputs log. */
#include "evidence/checkpoint.h"

#define TS_PROOF_BYTES_MAX (TS_NOTE_BYTES_MAX + 65536)

struct ts_proof {
	bool has_extra;
	struct ts_str extra; /* base64, unauthenticated; borrowed */
	int64_t index;
	struct ts_path path;
	struct ts_str note; /* the checkpoint note's bytes; borrowed */
};
enum ts_err ts_proof_parse(struct ts_str bytes, struct ts_proof *out, struct ts_why *why) TS_MUST;
void ts_proof_format(const struct ts_proof *proof, struct ts_buf *out);
/* keys[0] is the log's key and must have signed; sigs[i] tells what keys[i] said. The origin must
 * be the log key's name. TS_E_MALFORMED, TS_E_SIGNATURE, TS_E_INVALID (path). */
enum ts_err ts_proof_verify(struct ts_hasher *hasher, const struct ts_proof *proof,
	const void *leaf, size_t leaf_len, const struct ts_key *keys, size_t n,
	struct ts_note_sig *sigs, struct ts_checkpoint *checkpoint, struct ts_why *why) TS_MUST;

/* The proof of one record: `line` in the agent's stream, and in the inputs log the leaf that the
 * stream proof's checkpoint is. logs[0] is the log's key, logs[1..n) witnesses; sigs has n
 * elements. *stream and *inputs are the two checkpoints. Errors as above; why->where is "stream" or
 * "inputs". */
enum ts_err ts_proof_verify_record(struct ts_hasher *hasher, struct ts_str line,
	const struct ts_proof *stream_proof, const struct ts_key *agent,
	const struct ts_proof *inputs_proof, const struct ts_key *logs, size_t n,
	struct ts_note_sig *sigs, struct ts_checkpoint *stream, struct ts_checkpoint *inputs,
	struct ts_why *why) TS_MUST;

#endif
