/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_SLICE_H
#define TS_IMPORTERS_FRAME_SLICE_H
/* Why: a record spans at most 31 days, and a cluster may want shorter ones (hours), so an
 * allocation is cut. The cut falls at t_i; share i = floor(q*(t_i - s)/(e - s)) - floor(q*(t_{i-1}
 * - s)/(e - s)), the formula of evidence/cell.h, so that the shares sum to q exactly however often
 * it is cut. */
#include "evidence/record.h"

struct ts_slices {
	struct ts_usage whole;
	int64_t step_ms; /* 0: every TS_RECORD_SPAN_MS_MAX from the start */
	int64_t at_ms; /* start of the next slice */
	int64_t given; /* quantity handed out so far */
};
/* whole->start_ms < whole->end_ms; its texts are borrowed. step_ms: cut on the multiples of it
 * since 1970 (3,600,000: UTC hours); at most TS_RECORD_SPAN_MS_MAX. */
void ts_slices_begin(struct ts_slices *slices, const struct ts_usage *whole, int64_t step_ms);
bool ts_slices_next(struct ts_slices *slices, struct ts_usage *out);

#endif
