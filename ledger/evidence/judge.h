/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_JUDGE_H
#define TS_EVIDENCE_JUDGE_H
/* Why: which u1 lines count is decided in log order, by leaves alone: settle decides with the
 * database behind it, a verifier with a bundle, both with this code (docs/formats/record.md).
 *
 *   counted(line) = a good u1, and
 *     not contested: the latest revocation or re-attestation that covers it is no revocation;
 *     not parked, or released by a later leaf than parked it;
 *     not reversed by an accepted r1 that itself is not contested.
 *
 * The caller adds every good u1 of a batch to its cells when it folds the batch's leaf; the judge
 * then tells, leaf by leaf, each line that counts no more or again (`adjust`), and each decision
 * (`verdict`). What was decided once is state: per line that was parked or reversed one fact, per
 * revocation, re-attestation and release one range, per passing of a scope one handover. A caller
 * that stores verdicts and handovers loads them again in the next run, facts only as they are asked
 * for; a caller that keeps one judge loads nothing. Memory: O(facts + ranges + handovers + lines
 * that straddle one), never O(lines).
 *
 * Lines come through `batch` and `overlapping`, a whole batch at a time. The order of decisions is
 * (leaf, index in the batch), so it does not matter how leaves are split into runs, or lines into
 * batches. */
#include "evidence/cell.h"
#include "evidence/statement.h"

/* One accepted append of a stream: lines [first, end), raw, each with its LF. */
struct ts_judge_batch {
	int64_t leaf, first, end;
	struct ts_str lines;
	const int64_t *void_usage; /* u1 lines that parse and are void (intake.h), rising */
	size_t void_usage_n;
	int64_t reversal_n; /* good r1 lines; not known: 1 */
	int64_t earliest_ms, latest_ms; /* of its good u1 lines; not known: 0, INT64_MAX */
};

enum ts_judge_kind {
	TS_JUDGE_PARKED, /* a u1 that is not rated; reason = ts_verdict_name */
	TS_JUDGE_REVERSED, /* a u1; reason = the r1's, by_* = its place */
	TS_JUDGE_REFUSED, /* an r1 without effect: unknown_target, not_usage, not_live */
	TS_JUDGE_CONTESTED, /* lines of a revoked stream; reason = the revocation's */
	TS_JUDGE_REATTESTED, /* lines that both companies took back in */
	TS_JUDGE_RELEASED, /* parked lines that count after all; reason = the event's */
};
const char *ts_judge_kind_name(enum ts_judge_kind kind); /* parked, reversed, ... */

struct ts_judge_verdict { /* about lines [from, to) of the stream; the first three: one line */
	enum ts_judge_kind kind;
	int64_t stream, from, to;
	struct ts_str reason; /* borrowed for the call */
	int64_t leaf; /* that caused it */
	int64_t by_stream, by_index; /* reversed: the r1; else -1 */
};

/* From from_ms on a scope is the newer stream's: u1 lines of the older one that start there are
 * parked (within_scope: those that lie in the newer one's scope; else, the next generation of one
 * agent, all), and where lines of both overlap, the later one. */
struct ts_judge_handover {
	int64_t newer, older; /* streams */
	int64_t from_ms;
	bool within_scope;
	int64_t leaf; /* of the newer one's key statement */
};
/* No u1 that starts before an instant reaches further than this behind it. */
#define TS_JUDGE_HANDOVER_REACH_MS TS_RECORD_SPAN_MS_MAX

struct ts_judge;
/* What the caller has. Errors end the run. */
struct ts_judge_source {
	void *ctx;
	/* The stream's enrolment, parsed; good while the judge lives. */
	enum ts_err (*statement)(
		void *ctx, int64_t stream, const struct ts_key_statement **out, struct ts_why *why);
	/* The batch that holds line `index`: TS_E_NOT_FOUND when no leaf below `below` does. Good
	 * until the next call of batch or overlapping. */
	enum ts_err (*batch)(void *ctx, int64_t stream, int64_t index, int64_t below,
		struct ts_judge_batch *out, struct ts_why *why);
	/* The first batch of the stream with `first` >= from and a leaf below `below` that may hold
	 * a good u1 that overlaps [from_ms, to_ms). TS_E_NOT_FOUND: none. May give too many. */
	enum ts_err (*overlapping)(void *ctx, int64_t stream, int64_t from, int64_t from_ms,
		int64_t to_ms, int64_t below, struct ts_judge_batch *out, struct ts_why *why);
	/* Lines of the stream in leaves below `below`. */
	enum ts_err (*size)(
		void *ctx, int64_t stream, int64_t below, int64_t *out, struct ts_why *why);
	/* Calls ts_judge_load_parked and ts_judge_load_reversed for every stored fact of lines
	 * [from, to). NULL: the judge has them all. */
	enum ts_err (*facts)(void *ctx, struct ts_judge *judge, int64_t stream, int64_t from,
		int64_t to, struct ts_why *why);
	/* Results, in the order of decisions. handover may be NULL. */
	enum ts_err (*verdict)(
		void *ctx, const struct ts_judge_verdict *verdict, struct ts_why *why);
	enum ts_err (*handover)(
		void *ctx, const struct ts_judge_handover *handover, struct ts_why *why);
	/* The u1 counts no more (sign -1) or again (+1). batch_leaf: of its own batch, by which it
	 * is late or not. */
	enum ts_err (*adjust)(void *ctx, int64_t stream, int64_t batch_leaf,
		const struct ts_usage *usage, int sign, struct ts_why *why);
};

/* from: the first leaf of this run; lines of leaves at or above it have no stored facts. Everything
 * is in the region; source is copied, its ctx borrowed. TS_E_NO_MEMORY. */
enum ts_err ts_judge_create(struct ts_region *region, const struct ts_judge_source *source,
	int64_t from, struct ts_judge **out) TS_MUST;

/* State of earlier runs, in any order but ranges, which come by leaf. TS_E_NO_MEMORY. */
enum ts_err ts_judge_load_parked(
	struct ts_judge *judge, int64_t stream, int64_t index, int64_t leaf) TS_MUST;
enum ts_err ts_judge_load_reversed(struct ts_judge *judge, int64_t stream, int64_t index,
	int64_t by_stream, int64_t by_index) TS_MUST; /* by_* -1: unknown */
enum ts_err ts_judge_load_range(struct ts_judge *judge, enum ts_judge_kind kind, int64_t stream,
	int64_t from, int64_t to, int64_t leaf) TS_MUST;
enum ts_err ts_judge_load_handover(
	struct ts_judge *judge, const struct ts_judge_handover *handover) TS_MUST;

/* Makes a stream known; origin is borrowed. Any time before a leaf that needs it. */
enum ts_err ts_judge_stream(struct ts_judge *judge, int64_t stream, int64_t leaf,
	struct ts_str origin, enum ts_side side) TS_MUST;

bool ts_judge_knows(const struct ts_judge *judge, int64_t stream);
/* For a caller that starts from a state and stores no handovers: those that the stream's key
 * statement made, whose decisions are loaded; streams must be known by then. */
enum ts_err ts_judge_load_key(struct ts_judge *judge, int64_t stream, struct ts_why *why) TS_MUST;
/* The i-th that it knows, loaded or found; NULL past the last. */
const struct ts_judge_handover *ts_judge_handover_at(const struct ts_judge *judge, size_t i);

/* Leaves, in the order of the log. One may be left out when it has nothing to decide: a batch
 * without suspects and reversals whose u1 lines touch no handover (none starts before from_ms +
 * TS_JUDGE_HANDOVER_REACH_MS when the stream is the newer one, none ends behind from_ms when it is
 * the older one); the judge does not read the lines of such a batch either. suspects: as of intake,
 * rising. The batch stays good until the call returns. */
enum ts_err ts_judge_append(struct ts_judge *judge, int64_t stream,
	const struct ts_judge_batch *batch, const int64_t *suspects, size_t suspects_n,
	struct ts_why *why) TS_MUST;
/* The stream's key statement is this leaf. */
enum ts_err ts_judge_key(
	struct ts_judge *judge, int64_t leaf, int64_t stream, struct ts_why *why) TS_MUST;
/* A revocation with compromised-since: what the stream appended in leaves [covered, leaf) is
 * contested. One without it has nothing to decide. */
enum ts_err ts_judge_revoke(struct ts_judge *judge, int64_t leaf, int64_t stream, int64_t covered,
	struct ts_str reason, struct ts_why *why) TS_MUST;
enum ts_err ts_judge_reattest(struct ts_judge *judge, int64_t leaf, int64_t stream, int64_t from,
	int64_t to, struct ts_why *why) TS_MUST;
enum ts_err ts_judge_release(struct ts_judge *judge, int64_t leaf, int64_t stream, int64_t from,
	int64_t to, struct ts_str reason, struct ts_why *why) TS_MUST;

/* The leaf's bytes, if they are a statement: calls the one of the above that fits, or does nothing.
 * One about a stream that is not known has nothing to decide. TS_E_MALFORMED: no leaf of ours. */
enum ts_err ts_judge_leaf(
	struct ts_judge *judge, int64_t leaf, struct ts_str bytes, struct ts_why *why) TS_MUST;

/* What stands against a u1 now, from what is loaded; the strongest first. */
enum ts_judge_standing {
	TS_STANDING_COUNTED,
	TS_STANDING_PARKED,
	TS_STANDING_CONTESTED,
	TS_STANDING_REVERSED,
};
/* *range_leaf: contested: the revocation's leaf, which names its reason. */
enum ts_judge_standing ts_judge_standing(
	const struct ts_judge *judge, int64_t stream, int64_t index, int64_t *range_leaf);

#endif
