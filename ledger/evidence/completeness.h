/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_COMPLETENESS_H
#define TS_EVIDENCE_COMPLETENESS_H
/* Why: whether a provider's usage of a billing period is all there. The enrolments say which
 * windows must be closed, c1 lines say which are; the rest is counted and listed, and a document
 * does not issue over it unless both companies accept exactly that list. The service computes it at
 * the cut, the offline verifier computes it again: one piece of code, memory O(gaps), c1 lines in
 * any order. docs/formats/statements.md, "Completeness". */
#include "evidence/span.h"
#include "evidence/window.h"

/* What good c1 lines of one stream say; kept from append to append. */
struct ts_closings {
	int64_t from_ms; /* start of window 0: active_from_ms of the enrolment */
	int64_t window_ms;
	struct ts_spans closed; /* numbers of the windows with a c1 */
	struct ts_spans used; /* of those, the ones in which a c1 counted lines */
};
void ts_closings_init(
	struct ts_closings *closings, struct ts_region *region, int64_t from_ms, int64_t window_ms);
/* One that ts_windows_close took, or would: it starts and ends where a window does. TS_E_LIMIT. */
enum ts_err ts_closings_add(struct ts_closings *closings, int64_t start_ms, int64_t count) TS_MUST;

#define TS_COMPLETENESS_NEVER INT64_MAX
/* One stream as of a size N of the inputs log. All borrowed. */
struct ts_completeness_stream {
	struct ts_str origin;
	/* Its expectation ends at the first of these; TS_COMPLETENESS_NEVER where there is none. */
	int64_t active_to_ms; /* of the enrolment */
	int64_t successor_ms; /* from_ms of the next generation */
	int64_t revoked_ms; /* log time of its revocation */
	const struct ts_closings *closings;
	const struct ts_window *open; /* the stream's tally, sorted: windows with count > 0 wait */
	size_t open_n;
};

/* Windows that end in (A, B] and not behind the stream's end. */
struct ts_completeness {
	int64_t expected; /* = closed + late + missing */
	int64_t closed;
	int64_t late; /* have a c1, and u1 lines that none counts */
	int64_t missing; /* have no c1 at all */
	int64_t heartbeats; /* of the closed ones: those without any line */
	int64_t tail; /* of the missing ones: those behind the last window with a c1 */
};
void ts_completeness_of(const struct ts_completeness_stream *stream, int64_t from_ms, int64_t to_ms,
	struct ts_completeness *out);

/* The late and missing ones, as runs of neighbours of one kind, in order of time. */
struct ts_gap {
	int64_t start_ms, end_ms; /* of the run */
	int64_t windows;
	bool late; /* else missing */
};
struct ts_gaps {
	const struct ts_completeness_stream *stream;
	int64_t at, end; /* window numbers */
	size_t open; /* next place in the tally */
};
void ts_gaps_begin(struct ts_gaps *gaps, const struct ts_completeness_stream *stream,
	int64_t from_ms, int64_t to_ms);
bool ts_gaps_next(struct ts_gaps *gaps, struct ts_gap *out);

/* All streams of a contract: totals and the canonical list, one line `origin TAB start_ms TAB
 * end_ms LF` per late or missing window, by origin bytes and start. The hasher is in use from begin
 * to end. text NULL: the list is only hashed; else it is appended, and the buffer's own limit tells
 * whether it is whole. */
struct ts_gap_list {
	struct ts_hasher *hasher;
	struct ts_buf *text;
	struct ts_str last; /* origin */
	int64_t from_ms, to_ms;
	struct ts_completeness total; /* tail: the sum */
};
void ts_gap_list_begin(struct ts_gap_list *list, struct ts_hasher *hasher, struct ts_buf *text,
	int64_t from_ms, int64_t to_ms);
/* Streams in order of their origins' bytes. */
void ts_gap_list_add(struct ts_gap_list *list, const struct ts_completeness_stream *stream);
void ts_gap_list_end(struct ts_gap_list *list, struct ts_hash *sha256);

#endif
