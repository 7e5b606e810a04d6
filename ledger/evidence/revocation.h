/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_REVOCATION_H
#define TS_EVIDENCE_REVOCATION_H
/* Why: how an agent key ends before its time. `tallystick/revoke/v1`, signed by the stream's own
 * company, stops the key at its leaf R. With `compromised-since T` it also says up to which size N
 * the inputs log is beyond doubt: every cosignature that counts on the checkpoint of size N was
 * made before T, and N does not reach behind the last seal. What the stream appended in leaves [N,
 * R) is contested and leaves the target, until `tallystick/reattest/v1`, signed by both companies,
 * takes a range of the stream back in. All slices borrow. */
#include "evidence/statement.h"

struct ts_revocation {
	struct ts_str contract;
	struct ts_str origin;
	bool compromised; /* false: lost or retired; both members below are "-" */
	int64_t since_ms;
	int64_t covered; /* inputs log size; leaves below it are beyond doubt */
	struct ts_str reason;
};
struct ts_reattestation {
	struct ts_str contract;
	struct ts_str origin;
	int64_t from; /* stream sizes: the lines [from, to) */
	struct ts_hash root_from;
	int64_t to;
	struct ts_hash root_to;
};
/* As in statement.h. */
enum ts_err ts_revocation_parse(
	struct ts_str text, struct ts_revocation *out, struct ts_why *why) TS_MUST;
enum ts_err ts_revocation_build(
	const struct ts_revocation *in, struct ts_buf *out, struct ts_why *why) TS_MUST;
enum ts_err ts_reattestation_parse(
	struct ts_str text, struct ts_reattestation *out, struct ts_why *why) TS_MUST;
enum ts_err ts_reattestation_build(
	const struct ts_reattestation *in, struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
