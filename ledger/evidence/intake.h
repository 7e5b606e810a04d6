/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_INTAKE_H
#define TS_EVIDENCE_INTAKE_H
/* Why: what the lines of one accepted append mean, as far as the line and its own stream show it:
 * record or reason of the void leaf, the window tally, usage cells, and which u1 lines the
 * enrolment itself may park. Ingest walks an append once with it and the offline verifier walks the
 * same bytes again; both must come to the same, so it is one piece of code. Hot path: nothing is
 * allocated per line. Hashing is the caller's (evidence/append.h, evidence/merkle.h). */
#include "evidence/cell.h"
#include "evidence/statement.h"
#include "evidence/window.h"

struct ts_intake_row { /* one line */
	int64_t index;
	const char *void_reason; /* static; not NULL: a void leaf, record is to be ignored */
	struct ts_record record; /* slices borrow from the line */
};
struct ts_intake_list { /* stream indexes, rising; in the region */
	int64_t *list;
	size_t n;
	size_t cap;
};
struct ts_intake {
	struct ts_region *region;
	const struct ts_key_statement *statement; /* borrowed */
	const struct ts_hash *contract_note; /* borrowed; NULL: not compared */
	struct ts_windows *windows; /* the stream's, borrowed: carried from append to append */
	struct ts_cells cells;
	struct ts_intake_list suspects; /* good u1 lines that the enrolment's own scope may park */
	/* u1 lines that parse and are void for their place or the stream's history: with the line
	 * alone they would look good, so whoever reads single lines later has to know them. */
	struct ts_intake_list void_usage;
	int64_t usage_n, void_n, close_n, reversal_n; /* good lines by tag, and void ones */
	/* Of the good u1 lines of this append: the first and the last start, the last end; without
	 * any: INT64_MAX, 0, 0. */
	int64_t earliest_ms, newest_ms, latest_ms;
	int64_t closed_ms; /* last end of a window that a good c1 closed; 0: none */
};

/* region: for this append. seed: as of ts_cells_init. TS_E_LIMIT: the region is full. */
enum ts_err ts_intake_begin(struct ts_intake *intake, struct ts_region *region,
	struct ts_hasher *hasher, uint64_t seed, const struct ts_key_statement *statement,
	const struct ts_hash *contract_note, struct ts_windows *windows) TS_MUST;
/* The next line, without its LF; index counts on from the line before. TS_E_LIMIT: a region is
 * full; the append can't go on. */
enum ts_err ts_intake_take(struct ts_intake *intake, int64_t index, struct ts_str line,
	struct ts_intake_row *row) TS_MUST;
/* After the last line: forgets windows that are closed and old, sorts the cells. TS_E_LIMIT. */
enum ts_err ts_intake_end(struct ts_intake *intake) TS_MUST;

#endif
