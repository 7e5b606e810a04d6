/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_TRACE_H
#define TS_TERMS_TRACE_H
/* Why: a charge line in words that a finance person can follow with a pocket calculator: what was
 * counted, which price or tier applied, the exact product, the one rounding, the terms version. */
#include "terms/rate.h"

/* The trace of lines[i]; the other lines of the period say what counted toward a minimum and how
 * much of a tiered price's quantity lies in other tiers. The text belongs to the region. */
enum ts_err ts_trace_line(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_charge_line *lines, size_t n, size_t i, struct ts_region *region,
	const char **out) TS_MUST;
/* The kinds that follow from other lines. */
enum ts_err ts_trace_adjust(const struct ts_terms *terms, const struct ts_charge_line *line,
	struct ts_region *region, const char **out) TS_MUST;
const char *ts_trace_rounding(enum ts_rounding rounding);
/* In priced units. Returns out. */
const char *ts_trace_quantity(
	const struct ts_terms *terms, const struct ts_price *price, ts_i128 quantity, char *out);

#endif
