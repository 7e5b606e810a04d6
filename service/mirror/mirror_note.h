/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_MIRROR_NOTE_H
#define TS_SERVICE_MIRROR_NOTE_H
/* Why: the checkpoints of a mirror: which one is accepted, which are kept beside it, and what is
 * done with a note that contradicts them. Every note is opened under the policy before anything
 * else is made of it. */
#include "audit/policy.h"
#include "evidence/checkpoint.h"
#include "service/mirror/mirror_dir.h"

struct ts_mirror_note {
	struct ts_str bytes; /* in the region */
	struct ts_checkpoint checkpoint;
	bool quorum; /* of the policy */
	size_t lines; /* signature lines */
};
/* The name of a log's folder. */
const char *ts_mirror_log_name(enum ts_log_kind log);
/* Copies into the region. TS_E_MALFORMED, TS_E_SIGNATURE, TS_E_KEY. */
enum ts_err ts_mirror_note_open(const struct ts_policy *policy, enum ts_log_kind log,
	struct ts_str bytes, struct ts_region *region, struct ts_mirror_note *out,
	struct ts_why *why) TS_MUST;
/* The accepted checkpoint; checkpoint.size 0: none yet. */
enum ts_err ts_mirror_note_accepted(const struct ts_mirror_dir *dir, const struct ts_policy *policy,
	enum ts_log_kind log, struct ts_region *region, struct ts_mirror_note *out,
	struct ts_why *why) TS_MUST;
/* checkpoints/<size>: of two notes for one size the one with more signatures stays.
 * TS_E_EQUIVOCATION: the kept one has another root; both are then conflicts. */
enum ts_err ts_mirror_note_keep(const struct ts_mirror_dir *dir, const struct ts_policy *policy,
	enum ts_log_kind log, const struct ts_mirror_note *note, struct ts_region *region,
	struct ts_why *why) TS_MUST;
/* Keeps both in conflicts/ and syncs; returns err with what happened and what to do about it. */
enum ts_err ts_mirror_note_conflict(const struct ts_mirror_dir *dir, enum ts_log_kind log,
	const struct ts_mirror_note *a, const struct ts_mirror_note *b, enum ts_err err,
	struct ts_why *why) TS_MUST;

#endif
