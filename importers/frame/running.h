/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_RUNNING_H
#define TS_IMPORTERS_FRAME_RUNNING_H
/* Why: an allocation that runs for weeks must not be unknown until it ends. A source that is asked
 * to (ts_source_options.running_until_ms) hands over a running row up to a whole hour; its slices
 * are recorded one by one, each remembered by itself. When the row comes again, longer or ended,
 * only slices that are new are recorded, and those that turned out otherwise (time was suspended,
 * the class changed, the end lies earlier) are reversed and recorded anew. So what stands in the
 * stream is always that of the row's latest version, and its sum is the row's quantity.
 * In `seen` such a row has an entry with a group of its own: first is the instant up to which
 * slices exist, count their step in ms; each slice has an entry under a key that follows from the
 * row's. */
#include "importers/frame/import.h"

/* Whether the row goes by slices: it runs, or was first met running. */
bool ts_running_applies(const struct ts_seen *seen, const struct ts_row *row);
/* Decides the row's verdict (accepted, superseded "restated", duplicate "seen", pending "running"),
 * and writes and remembers what follows. The row is accepted and possible, its slices may go into
 * the stream. step_ms as of slice.h, not 0. */
enum ts_err ts_running_take(struct ts_row *row, int64_t step_ms, struct ts_seen *seen,
	const struct ts_import_sink *sink, struct ts_import_report *report,
	struct ts_why *why) TS_MUST;

#endif
