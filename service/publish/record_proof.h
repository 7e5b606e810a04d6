/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_RECORD_PROOF_H
#define TS_SERVICE_RECORD_PROOF_H
/* Why: one record with what proves it: the line in its stream under the agent's checkpoint that
 * covers it, and that checkpoint in the contract's inputs log under the log's newest checkpoint.
 * Two
 * `.tlog-proof` files, verified offline by the same code twice (docs/formats/note.md). */
#include "evidence/proof.h"
#include "store/stream.h"

struct ts_record_proof {
	struct ts_str line; /* without its LF; bytes, not text, when the leaf is void */
	struct ts_str stream_proof, inputs_proof;
	int64_t leaf; /* of the agent's checkpoint in the inputs log */
};
/* Within a read-only transaction of the contract; everything is in the region. TS_E_NOT_FOUND: no
 * such line; TS_E_CONFLICT: no checkpoint of the log covers it yet, a moment later one will. */
enum ts_err ts_record_proof_make(struct ts_db *db, struct ts_hasher *hasher, int64_t contract_id,
	int64_t stream_id, int64_t index, struct ts_region *region, struct ts_record_proof *out,
	struct ts_why *why) TS_MUST;

#endif
