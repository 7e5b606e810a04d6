/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_RATE_VERSIONS_H
#define TS_TERMS_RATE_VERSIONS_H
/* Why: a billing period that an amendment splits is rated in parts, one per version, and the parts
 * are differences of one function: a fee's parts sum to the fee rounded once, counters that go on
 * give the later version what it adds to the earlier one's quantity, and a minimum of one id is
 * made up once. So an amendment that changes nothing changes no sum. */
#include "terms/rate.h"

struct ts_day_range {
	int32_t from_day, to_day; /* half-open */
};

/* What one version governs of a period. */
struct ts_version_part {
	const struct ts_terms *terms;
	int32_t first_day; /* day of the first instant */
	const struct ts_day_range *days; /* whose first instant it governs; rising */
	size_t days_n;
	const struct ts_measure *measures; /* of this version, at most one per (price, month) */
	size_t measures_n;
};
struct ts_version_charge {
	size_t part;
	struct ts_charge charge;
};
struct ts_version_line {
	size_t part;
	struct ts_charge_line line;
};

/* As ts_rate_period, for the parts of a period in the order in which each first governs in it:
 * by part, then (kind, item, tier, month). */
enum ts_err ts_rate_versions(const struct ts_period *period, const struct ts_version_part *parts,
	size_t n, int32_t as_of_day, struct ts_region *region, struct ts_version_charge **out,
	size_t *out_n, struct ts_why *why) TS_MUST;
/* The same as whole lines with their traces. */
enum ts_err ts_rate_version_lines(const struct ts_period *period,
	const struct ts_version_part *parts, size_t n, int32_t as_of_day, struct ts_region *region,
	struct ts_version_line **out, size_t *out_n, struct ts_why *why) TS_MUST;

#endif
