/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_COLLECT_H
#define TS_IMPORTERS_COLLECT_H
/* Why: what an import or a meter hands over becomes lines of a stream: u1 for usage, r1 for what is
 * taken back, and c1 lines that close the windows, so that a missing line shows. Windows are
 * contiguous from the enrolment's active_from_ms; one without usage gets a heartbeat (count 0, sku
 * "-"); one that was closed before and got late lines gets a supplementary c1. */
#include "evidence/window.h"
#include "importers/frame/import.h"
#include "importers/spool.h"

struct ts_collect {
	struct ts_spool *spool; /* borrowed */
	struct ts_region *region;
	struct ts_windows windows; /* of the lines since the last c1 */
	bool keeps_open; /* a window that has not ended gets no c1 yet */
	int64_t end_ms; /* the latest end of a u1; 0: none */
	int64_t usage_lines;
	int64_t reversal_lines;
	int64_t close_lines;
};

enum ts_err ts_collect_begin(struct ts_collect *collect, struct ts_spool *spool) TS_MUST;
/* For a meter that runs: a window gets its c1 when it is closed and not before, so that none looks
 * closed while its meter may have more. Counts again what the spool holds of windows that are open.
 * Right after begin. */
enum ts_err ts_collect_resume(struct ts_collect *collect, struct ts_why *why) TS_MUST;
void ts_collect_end(struct ts_collect *collect); /* a zeroed one is allowed */
/* TS_E_INVALID with *reason when the enrolment would park the line: out_of_scope, before_from,
 * not_active (the names of evidence/scope.h). */
enum ts_err ts_collect_check(
	const struct ts_collect *collect, const struct ts_usage *use, const char **reason) TS_MUST;
enum ts_err ts_collect_usage(struct ts_collect *collect, const struct ts_usage *use, int64_t *index,
	struct ts_why *why) TS_MUST;
enum ts_err ts_collect_reverse(
	struct ts_collect *collect, int64_t index, struct ts_why *why) TS_MUST;
/* Writes the c1 lines: of every window with lines (that was resumed: that is closed), and of all
 * windows that end at or before through_ms (0: the end of the window of the latest end). Then
 * commits the spool. */
enum ts_err ts_collect_close(
	struct ts_collect *collect, int64_t through_ms, struct ts_why *why) TS_MUST;

/* A sink for ts_import_file whose ctx is the collect. */
struct ts_import_sink ts_collect_sink(struct ts_collect *collect);

#endif
