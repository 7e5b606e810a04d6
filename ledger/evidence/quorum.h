/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_QUORUM_H
#define TS_EVIDENCE_QUORUM_H
/* Why: a checkpoint is published when enough witnesses have cosigned it. Any two quorums must share
 * a witness that the log's operator does not run: else the operator could show two histories, each
 * with a quorum of its own. Of each witness the earliest cosignature counts, so that a later one
 * never makes a checkpoint look younger. */
#include "evidence/checkpoint.h"

#define TS_QUORUM_WITNESSES_MAX 16

struct ts_quorum {
	size_t n; /* witnesses; 0: the log is unwitnessed, and every signed checkpoint is published
		   */
	size_t k; /* so many must have cosigned; 1..n, 0 exactly when n is 0 */
	struct ts_key keys[TS_QUORUM_WITNESSES_MAX]; /* type TS_KEY_COSIGNATURE */
};
/* n witnesses, of which the operator runs o, k of them a quorum: whether any two quorums share one
 * that it does not run. */
bool ts_quorum_safe(size_t n, size_t o, size_t k);

struct ts_quorum_count {
	size_t counted; /* witnesses with a valid line */
	int64_t time_s[TS_QUORUM_WITNESSES_MAX]; /* of keys[i]: its earliest; 0: none */
	struct ts_str line[TS_QUORUM_WITNESSES_MAX]; /* that line, borrowed from the note */
	bool met;
	int64_t met_s; /* when it was met: the k-th earliest time; 0 while it is not */
};
/* Counts the cosignatures of a checkpoint note; the log's own line is not looked at. Lines of other
 * keys are ignored. TS_E_SIGNATURE when a line of a witness does not verify, which rejects the
 * note; several valid lines of one witness are fine. */
enum ts_err ts_quorum_count(const struct ts_note *note, const struct ts_quorum *quorum,
	struct ts_quorum_count *out, struct ts_why *why) TS_MUST;

#endif
