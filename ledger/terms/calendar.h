/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_CALENDAR_H
#define TS_TERMS_CALENDAR_H
/* Why: billing periods tile the term without gap or overlap, in the contract's zone. Period 0
 * begins with the term; every later one begins on the anchor day of a month (or its last day),
 * so many months after the one before; the first and the
 * last may be partial. Period keys are stored numbers, never recomputed from dates elsewhere. */
#include "terms/terms.h"

struct ts_period {
	int32_t index; /* 0, 1, ... */
	int32_t first_day, end_day; /* contract days, half-open, clipped to the term */
	int32_t full_first_day, full_end_day; /* the unclipped period: denominator of pro rata */
	int64_t from_us, to_us; /* the same edges as instants */
};

/* TS_E_NOT_FOUND when the instant or index lies outside the term. */
enum ts_err ts_period_at(const struct ts_terms *terms, int64_t us, struct ts_period *out) TS_MUST;
enum ts_err ts_period_get(
	const struct ts_terms *terms, int32_t index, struct ts_period *out) TS_MUST;
/* "2026-05" for a calendar month, else "2026-05-15..2026-06-15". Returns out. */
const char *ts_period_name(const struct ts_period *period, char out[TS_TIME_CHARS]);

#endif
