/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/slice.h"
#include "base/num.h"

void ts_slices_begin(struct ts_slices *slices, const struct ts_usage *whole, int64_t step_ms)
{
	TS_ASSERT(whole->start_ms >= 0 && whole->start_ms < whole->end_ms);
	TS_ASSERT(whole->quantity >= 0);
	TS_ASSERT(step_ms >= 0 && step_ms <= TS_RECORD_SPAN_MS_MAX);
	*slices = (struct ts_slices){.whole = *whole, .step_ms = step_ms, .at_ms = whole->start_ms};
}

bool ts_slices_next(struct ts_slices *slices, struct ts_usage *out)
{
	const struct ts_usage *whole = &slices->whole;
	if (slices->at_ms == whole->end_ms)
		return false;
	/* Distance to the next cut first: the cut itself may lie behind the largest time. */
	int64_t step = TS_RECORD_SPAN_MS_MAX;
	if (slices->step_ms)
		step = slices->step_ms - slices->at_ms % slices->step_ms;
	int64_t end = whole->end_ms - slices->at_ms > step ? slices->at_ms + step : whole->end_ms;
	/* quantity < 2^63 and a span < 2^63: the product fits in 128 bits. */
	int64_t upto = (int64_t)((ts_i128)whole->quantity * (end - whole->start_ms) /
				 (whole->end_ms - whole->start_ms));
	*out = *whole;
	out->start_ms = slices->at_ms;
	out->end_ms = end;
	out->quantity = upto - slices->given;
	slices->at_ms = end;
	slices->given = upto;
	return true;
}
