/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_SIGNING_H
#define TS_EVIDENCE_SIGNING_H
/* Why: the keys of the logs are held by a process of its own, the signer. What it is asked, what it
 * answers and what it refuses is decided here, without a file or a socket (docs/formats/signer.md):
 * one line each way, one spelling per meaning. */
#include "evidence/checkpoint.h"
#include "evidence/origin.h"

#define TS_SIGNING_LINE_MAX 4096 /* with its LF; the longest request has 64 hashes of 44 bytes */

enum ts_signing_kind {
	TS_SIGNING_PING,
	TS_SIGNING_MAKE, /* the log's key, made when it is absent */
	TS_SIGNING_LAST, /* what was signed last */
	TS_SIGNING_SIGN,
};
struct ts_signing_request {
	enum ts_signing_kind kind;
	struct ts_checkpoint checkpoint; /* origin (borrowed); size and root of SIGN */
	int64_t old_size; /* SIGN: where proof begins */
	struct ts_path proof;
};
/* A line without its LF. TS_E_MALFORMED, also for an origin that is no log's. */
enum ts_err ts_signing_parse(
	struct ts_str line, struct ts_signing_request *out, struct ts_why *why) TS_MUST;
void ts_signing_format(const struct ts_signing_request *request, struct ts_buf *out); /* with LF */

/* The parts of a log's origin; both borrow. TS_E_MALFORMED. */
enum ts_err ts_signing_origin(struct ts_str origin, struct ts_str *contract, enum ts_log_kind *kind,
	struct ts_why *why) TS_MUST;

/* Why a checkpoint is not signed. */
enum ts_signing_refusal {
	TS_SIGNING_OK,
	TS_SIGNING_BEHIND, /* a smaller size than the one signed last */
	TS_SIGNING_FORK, /* another root of that size */
	TS_SIGNING_STALE, /* the proof begins at another size than the one signed last */
	TS_SIGNING_PROOF, /* the proof does not lead from what was signed last to this */
	TS_SIGNING_NO_KEY, /* the signer has no key of that origin */
	TS_SIGNING_FAILED, /* it could not read or store its state */
};
/* last: size 0 when nothing was signed yet. Signing the same again is always allowed. */
enum ts_signing_refusal ts_signing_decide(struct ts_hasher *hasher,
	const struct ts_checkpoint *last, const struct ts_signing_request *request);

enum ts_signing_answer_kind {
	TS_SIGNING_PONG,
	TS_SIGNING_KEY,
	TS_SIGNING_WAS,
	TS_SIGNING_LINE,
	TS_SIGNING_REFUSED,
};
struct ts_signing_answer {
	enum ts_signing_answer_kind kind;
	struct ts_key key; /* KEY */
	int64_t size; /* WAS, REFUSED: of the last signature, 0 = none */
	struct ts_hash root; /* WAS */
	struct ts_str line; /* LINE: a note's signature line without its LF; borrowed */
	enum ts_signing_refusal refusal; /* REFUSED */
};
enum ts_err ts_signing_answer_parse(
	struct ts_str line, struct ts_signing_answer *out, struct ts_why *why) TS_MUST;
void ts_signing_answer_format(const struct ts_signing_answer *answer, struct ts_buf *out);

#endif
