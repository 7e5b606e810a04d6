/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_JUDGE_STATE_H
#define TS_EVIDENCE_JUDGE_STATE_H
/* Internal to the judge: what was decided so far, and the lines it looks at. Tables are arrays that
 * grow in the judge's region, with open addressing over them. */
#include "evidence/judge.h"

#define JUDGE_NONE UINT32_MAX

struct judge_slots { /* numbers into an array + 1; 0: free */
	uint32_t *at;
	size_t cap; /* power of two, more than twice n */
};
struct judge_range { /* CONTESTED, REATTESTED or RELEASED */
	enum ts_judge_kind kind;
	int64_t from, to, leaf;
};
struct judge_stream {
	int64_t id, leaf;
	struct ts_str origin;
	enum ts_side side;
	const struct ts_key_statement *statement; /* NULL: not asked for yet */
	struct judge_range *ranges; /* by leaf */
	size_t ranges_n, ranges_cap;
	uint32_t *pairs; /* handovers that it is a side of */
	size_t pairs_n, pairs_cap;
};
struct judge_line { /* a u1 that something was decided about, or that was asked for */
	int64_t stream, index;
	int64_t parked_leaf; /* latest; -1: never */
	uint32_t reversals; /* first of its r1s; JUDGE_NONE */
	bool loaded; /* stored facts are in */
};
struct judge_reversal {
	int64_t by_stream, by_index;
	uint32_t next;
};
struct judge_straddler { /* of the older stream: starts before from_ms and ends behind it */
	int64_t leaf, index, start_ms, end_ms;
	struct ts_str sku, resource, workload;
	size_t next; /* where to look on: its own place, or one behind it when it is no obstacle */
};
struct judge_pair {
	struct ts_judge_handover h;
	bool loaded; /* straddlers of the leaves so far are in */
	struct judge_straddler
		*straddlers; /* the first sorted_n: by use, those of one by their end */
	size_t n, cap, sorted_n;
	size_t ranges; /* as of the judge, when `next` was set */
	struct judge_late *late; /* of the batch at hand, by use */
	size_t late_n, late_cap;
};
/* A use of lines of the older stream that came behind some of the newer one. Of the latter's lines
 * of that use that are an obstacle: the first that starts at or behind from_ms, and of those that
 * start before it the last to end. One of these two is met, or none is. */
struct judge_near {
	bool there;
	int64_t ms, index, leaf;
};
struct judge_late {
	struct ts_str sku, resource, workload; /* of the batch at hand */
	struct judge_near first, last;
};
struct judge_found { /* a line that an r1 of the batch at hand names */
	int64_t stream, index, batch_leaf;
	bool there, usage; /* a leaf before holds it; it is a good u1 */
	size_t at, len; /* that u1, in found_bytes */
};
struct judge_walk { /* the lines of a batch, one after another */
	const struct ts_judge_batch *batch;
	struct ts_str rest;
	int64_t next; /* index of the next line */
	size_t voids; /* void_usage entries passed */
	/* the line at hand */
	int64_t index;
	struct ts_str line;
	bool listed; /* in void_usage */
};
struct judge_target { /* of an r1 */
	int64_t stream, index;
};

struct ts_judge {
	struct ts_region *region;
	struct ts_judge_source source;
	int64_t from;
	struct judge_stream *streams;
	size_t streams_n, streams_cap;
	struct judge_slots by_id, by_origin;
	struct judge_line *lines;
	size_t lines_n, lines_cap;
	struct judge_slots by_line;
	struct judge_reversal *reversals;
	size_t reversals_n, reversals_cap;
	struct judge_pair *pairs;
	size_t pairs_n, pairs_cap;
	size_t ranges; /* how many were added */
	struct judge_found *found; /* by stream and index */
	size_t found_n, found_cap;
	char *found_bytes;
	size_t found_bytes_n, found_bytes_cap;
	struct { /* lines whose stored facts were asked for as one range */
		int64_t stream, from, to;
	} loaded;
	struct judge_target *targets; /* scratch of a pass over a range */
	size_t targets_n, targets_cap;
	/* The batch given to ts_judge_append (NULL outside), and the one looked up last, each with
	 * the place in it: targets mostly come in order. */
	int64_t current_stream, looked_stream;
	struct ts_judge_batch looked; /* end 0: none */
	struct judge_walk in_current, in_looked;
};

/* A region can't grow an array: the old one stays behind, at most as large as the new one. */
void *ts_judge_grow(struct ts_region *region, const void *old, size_t n, size_t *cap, size_t each);

struct judge_stream *ts_judge_stream_find(const struct ts_judge *judge, int64_t id);
struct judge_stream *ts_judge_stream_named(const struct ts_judge *judge, struct ts_str origin);
enum ts_err ts_judge_statement(struct ts_judge *judge, struct judge_stream *stream,
	const struct ts_key_statement **out, struct ts_why *why) TS_MUST;
enum ts_err ts_judge_range_add(struct ts_judge *judge, struct judge_stream *stream,
	enum ts_judge_kind kind, int64_t from, int64_t to, int64_t leaf) TS_MUST;

/* What is known of a line; NULL: nothing, it is as its batch brought it. Facts stored by earlier
 * runs are asked for first when batch_leaf is below this run. Good until the next line is added. */
enum ts_err ts_judge_line_get(struct ts_judge *judge, int64_t stream, int64_t index,
	int64_t batch_leaf, struct judge_line **out, struct ts_why *why) TS_MUST;
/* Asks for the stored facts of a range at once. */
enum ts_err ts_judge_lines_load(struct ts_judge *judge, int64_t stream, int64_t from, int64_t to,
	struct ts_why *why) TS_MUST;
/* The entry of a line, added when it is not there. */
enum ts_err ts_judge_line_add(
	struct ts_judge *judge, int64_t stream, int64_t index, struct judge_line **out) TS_MUST;
enum ts_err ts_judge_reversal_add(struct ts_judge *judge, struct judge_line *line,
	int64_t by_stream, int64_t by_index) TS_MUST;

/* The parts of `counted`. skip: a range that is taken as not there, NULL: none. */
bool ts_judge_contested(
	const struct judge_stream *stream, int64_t index, const struct judge_range *skip);
bool ts_judge_parked(const struct judge_stream *stream, const struct judge_line *line,
	const struct judge_range *skip);
bool ts_judge_reversed(const struct ts_judge *judge, const struct judge_line *line,
	const struct judge_range *skip);
bool ts_judge_counted(const struct ts_judge *judge, const struct judge_stream *stream,
	int64_t index, const struct judge_line *line, const struct judge_range *skip);

void ts_judge_walk_begin(struct judge_walk *walk, const struct ts_judge_batch *batch);
bool ts_judge_walk_next(struct judge_walk *walk);
/* True when the line at hand is good; *record borrows from it. */
bool ts_judge_walk_record(
	const struct judge_walk *walk, const struct judge_stream *stream, struct ts_record *record);
/* Looks up a folded batch and makes it `looked`. */
enum ts_err ts_judge_look(struct ts_judge *judge, int64_t stream, int64_t index, int64_t below,
	struct ts_why *why) TS_MUST;
/* One line by its index: TS_E_NOT_FOUND when no leaf below `below` (nor the batch at hand) holds
 * it. *usage: it is a good u1, and *record is set; borrowed until the next look-up. */
enum ts_err ts_judge_usage_at(struct ts_judge *judge, const struct judge_stream *stream,
	int64_t index, int64_t below, int64_t *batch_leaf, struct ts_record *record, bool *usage,
	struct ts_why *why) TS_MUST;

/* Decisions that several files make. */
enum ts_err ts_judge_tell(struct ts_judge *judge, enum ts_judge_kind kind, int64_t stream,
	int64_t from, int64_t to, struct ts_str reason, int64_t leaf, struct ts_why *why) TS_MUST;
/* Parks a good u1: verdict, fact, and out of the cells if it counted. */
enum ts_err ts_judge_park(struct ts_judge *judge, struct judge_stream *stream, int64_t index,
	int64_t batch_leaf, const struct ts_usage *usage, enum ts_verdict verdict, int64_t leaf,
	struct ts_why *why) TS_MUST;

/* Targets of r1 lines (judge_target.c). Before the lines of a batch: all that lie in batches before
 * it, each batch looked up once, whatever the order of the r1 lines. */
enum ts_err ts_judge_targets_find(struct ts_judge *judge, const struct judge_stream *stream,
	const struct ts_judge_batch *batch, struct ts_why *why) TS_MUST;
/* As ts_judge_usage_at, for a target. */
enum ts_err ts_judge_target_at(struct ts_judge *judge, const struct judge_stream *stream,
	int64_t index, int64_t below, int64_t *batch_leaf, struct ts_record *record, bool *usage,
	struct ts_why *why) TS_MUST;

/* Straddlers (judge_straddler.c): of each use (sku, resource, workload) the one that ends last is
 * asked first, and one that is no obstacle is passed over until a range is added: then it may be
 * one again. So a line costs O(log straddlers), whoever made them. */
enum ts_err ts_judge_straddler_add(struct ts_judge *judge, struct judge_pair *pair, int64_t leaf,
	int64_t index, const struct ts_usage *usage) TS_MUST;
int ts_judge_use_cmp(struct ts_str workload, struct ts_str resource, struct ts_str sku,
	const struct ts_usage *usage);
bool ts_judge_same_use(const struct judge_straddler *s, const struct ts_usage *usage);
/* Whether a line can be the other of a duplicate. One that is contested can: it may come back. One
 * that is parked or reversed leaves its place to a new line. */
enum ts_err ts_judge_occupies(struct ts_judge *judge, const struct judge_stream *stream,
	int64_t index, int64_t batch_leaf, bool *out, struct ts_why *why) TS_MUST;
/* A u1 of the newer stream against the straddlers before it in the log. */
enum ts_err ts_judge_against_straddlers(struct ts_judge *judge, struct judge_pair *pair,
	const struct ts_usage *usage, bool *duplicate, struct ts_why *why) TS_MUST;

/* Late straddlers (judge_late.c): those of a batch of the older stream are compared with the newer
 * one's lines in one walk over these, whatever their number. Before the lines of the batch. */
enum ts_err ts_judge_late_find(struct ts_judge *judge, struct judge_stream *older,
	struct judge_pair *pair, const struct ts_judge_batch *batch, struct ts_why *why) TS_MUST;
/* A u1 of the older stream that came behind lines of the newer one. */
enum ts_err ts_judge_against_newer(struct ts_judge *judge, struct judge_pair *pair, int64_t leaf,
	const struct ts_usage *usage, bool *duplicate, struct ts_why *why) TS_MUST;

/* Calls for each good u1 of `stream` in leaves below `below` that overlaps [from_ms, to_ms). */
typedef enum ts_err (*ts_judge_visit)(struct ts_judge *judge, struct judge_stream *stream,
	struct judge_pair *pair, const struct judge_walk *walk, const struct ts_usage *usage,
	void *arg, struct ts_why *why);
enum ts_err ts_judge_visit_overlapping(struct ts_judge *judge, struct judge_stream *stream,
	struct judge_pair *pair, int64_t from_ms, int64_t to_ms, int64_t below,
	ts_judge_visit visit, void *arg, struct ts_why *why) TS_MUST;
/* The stored facts of a batch that is walked, with one question for all of its lines. */
enum ts_err ts_judge_walk_facts(struct ts_judge *judge, const struct judge_stream *stream,
	const struct judge_walk *walk, struct ts_why *why) TS_MUST;
bool ts_judge_straddles(const struct judge_pair *pair, const struct ts_usage *usage);

/* Handovers (judge_handover.c). Whether u1 lines of the batch can touch one. */
bool ts_judge_sweeps(const struct ts_judge *judge, const struct judge_stream *stream,
	const struct ts_judge_batch *batch);
/* Before the lines of a batch: the straddlers that they are compared with. */
enum ts_err ts_judge_sweep_begin(struct ts_judge *judge, struct judge_stream *stream,
	const struct ts_judge_batch *batch, struct ts_why *why) TS_MUST;
/* One good u1 of the batch; parked: it is already. */
enum ts_err ts_judge_sweep(struct ts_judge *judge, struct judge_stream *stream, int64_t index,
	int64_t leaf, const struct ts_usage *usage, bool parked, struct ts_why *why) TS_MUST;

#endif
