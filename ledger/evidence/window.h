/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_EVIDENCE_WINDOW_H
#define TS_EVIDENCE_WINDOW_H
/* Why: a c1 line closes one window of a stream for one SKU: how many u1 lines in [first, own index)
 * start in it, and their sum. The agent writes them, ingest checks them against the same stream, a
 * verifier checks them again: all three with this tally. Windows are contiguous from the
 * enrolment's active_from_ms, so which are expected follows from the enrolment alone. */
#include "base/region.h"
#include "evidence/record.h"

#define TS_WINDOW_OPEN_MAX 65536 /* (window, sku) pairs that wait for their c1 */
#define TS_WINDOW_CLOSED_MAX 65536 /* closed pairs that are still remembered */
#define TS_WINDOW_KEPT_MS (INT64_C(2) * 86400 * 1000) /* how long behind the newest u1 */

struct ts_window {
	int64_t start_ms; /* the window's; end = start + window_ms */
	struct ts_str sku;
	int64_t first; /* index of the first u1 not yet closed; of no meaning when count is 0 */
	int64_t count; /* u1 lines not yet closed */
	int64_t quantity_sum;
	int64_t closed_to; /* index of the last c1 of this window and SKU; -1: none */
};
struct ts_windows {
	struct ts_region *region;
	int64_t from_ms; /* start of window 0 */
	int64_t window_ms;
	struct ts_window *list; /* sorted by (start_ms, sku) */
	size_t n;
	size_t cap;
	size_t open; /* of the list: those with count > 0 */
	size_t last; /* place of the one counted last: neighbouring lines mostly share it */
	struct ts_str *skus; /* sorted; each text is copied once, however many windows name it */
	size_t skus_n;
	size_t skus_cap;
};
/* Everything is copied into the region. */
void ts_windows_init(
	struct ts_windows *windows, struct ts_region *region, int64_t from_ms, int64_t window_ms);
/* The window that contains an instant (floor). */
int64_t ts_window_start(const struct ts_windows *windows, int64_t ms);
/* Counts the u1 at index. TS_E_LIMIT: TS_WINDOW_OPEN_MAX pairs are open; TS_E_OVERFLOW;
 * TS_E_NO_MEMORY: the region is full. Nothing is counted then. */
enum ts_err ts_windows_add(
	struct ts_windows *windows, int64_t index, const struct ts_usage *usage) TS_MUST;
/* Checks the c1 at index against the lines counted, and closes them. TS_E_INVALID with *reason when
 * it is no window of the stream or its totals are wrong, TS_E_LIMIT with *reason when too many
 * closed ones are remembered; TS_E_NO_MEMORY. Nothing is closed then. */
enum ts_err ts_windows_close(struct ts_windows *windows, int64_t index,
	const struct ts_close *close, const char **reason) TS_MUST;
/* Puts back what was kept of an earlier pass (the sku is copied). TS_E_NO_MEMORY; TS_E_CONFLICT
 * when the window and SKU are there already. */
enum ts_err ts_windows_restore(struct ts_windows *windows, const struct ts_window *window) TS_MUST;
/* Drops windows that wait for nothing: those that end at or before end_ms, and the oldest beyond
 * TS_WINDOW_CLOSED_MAX. */
void ts_windows_forget(struct ts_windows *windows, int64_t end_ms);

#endif
