/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_MIRROR_H
#define TS_SERVICE_MIRROR_H
/* Why: one round of `tallystick mirror`: fetch the published checkpoints of both logs, all that
 * they cover, check it, sync it, and only then accept the checkpoints. A service that shows less or
 * something else than before is refused, and both its notes are kept. */
#include "audit/policy.h"
#include "service/mirror/mirror_catalog.h"
#include "service/mirror/mirror_tree.h"

struct ts_mirror_round {
	struct ts_mirror_fetch *fetch;
	const struct ts_policy *policy;
	struct ts_mirror_catalog *catalog; /* goes on from the round before */
	struct ts_region *region; /* of the caller; for this round */
	/* results */
	int64_t sizes[2]; /* accepted, by enum ts_log_kind */
	int64_t streams; /* with lines */
	int64_t hidden; /* consumer streams that the token may not see */
};
/* TS_E_CONFLICT: the log was rolled back; TS_E_EQUIVOCATION: it was forked; TS_E_MISMATCH,
 * TS_E_SIGNATURE, TS_E_KEY, TS_E_INVALID: what is served does not hold. Nothing is accepted then.
 */
enum ts_err ts_mirror_run(struct ts_mirror_round *round, struct ts_why *why) TS_MUST;

/* The policy of a folder: its policy.txt; where there is none, that of the terms which the service
 * has for the contract, which is then kept. *made: it was made just now. */
enum ts_err ts_mirror_policy(struct ts_mirror_fetch *fetch, struct ts_region *region,
	struct ts_policy *out, bool *made, struct ts_why *why) TS_MUST;

#endif
