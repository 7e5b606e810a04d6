/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_RATE_VERSIONS_STATE_H
#define TS_TERMS_RATE_VERSIONS_STATE_H
/* Internal to the room: what rating a period in parts leaves behind, and its lines are explained
 * by. */
#include "terms/rate_versions.h"

/* A slice is part of a version's charges: what `with` gives less what `before` gives, both rated
 * under the version's own terms; `before` is what the earlier versions have of the same counter or
 * fee. */
struct ts_slice {
	const struct ts_terms *terms;
	struct ts_period period;
	const struct ts_charge *with, *before;
	size_t with_n, before_n;
};
enum { TS_SLICE_FRESH, TS_SLICE_CARRIED, TS_SLICE_FEES, TS_SLICES };

struct ts_version_job {
	const struct ts_period *period;
	const struct ts_version_part *parts;
	size_t n;
	int32_t as_of_day;
	struct ts_region *region;
	struct ts_why *why;
	ts_i128 **base; /* [part][price]: where its counter starts */
	bool **carried; /* [part][price]: the part before has it too, and it goes on */
	int32_t *chain_day; /* [part]: first day of the first part of its chain */
	struct ts_slice *slices; /* [part * TS_SLICES + slice] */
	struct ts_version_charge *charges; /* by part, kind, item, tier, month */
	size_t charges_n, cap;
};
enum ts_err ts_version_work(struct ts_version_job *job) TS_MUST;

struct ts_schedule {
	const struct ts_segment *segments;
	size_t n;
};
/* What the first parts_n versions owe of a minimum on the days that each governs. */
enum ts_err ts_version_minimum(const struct ts_version_job *job, size_t parts_n, const char *id,
	struct ts_schedule *out) TS_MUST;
/* Whether charges of a kind in a part count toward the minimum. */
bool ts_version_counts(const struct ts_version_job *job, const struct ts_minimum *minimum,
	size_t part, enum ts_charge_kind kind);

#endif
