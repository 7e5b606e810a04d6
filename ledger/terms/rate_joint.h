/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_RATE_JOINT_H
#define TS_TERMS_RATE_JOINT_H
/* Why: an amendment that goes on (`continue`) must change no more than it says. Where one of the
 * versions has models that rate_versions.h does not split (packages, counters of the term or shared
 * ones, commitments, discounts, caps, service credits), all of them are rated as one: usage is fed
 * version by version, each line is what its version adds, schedules are one by days, and what is
 * made up at the end is made up once. Versions of equal content so give the sums of one. */
#include "terms/rate.h"

struct ts_joint_range { /* instants that a version governs; half-open */
	int64_t from_us, to_us;
};
struct ts_joint_version {
	const struct ts_terms *terms; /* with every schedule cut to the days that it governs */
	const struct ts_joint_range *ranges; /* over the whole term; rising */
	size_t ranges_n;
	struct ts_rate_usage usage; /* of this version, in every period up to the one rated */
};
struct ts_joint_charge {
	size_t version; /* whose line it is, by place */
	size_t goes_on; /* the version before that has the item in this period; SIZE_MAX: none */
	struct ts_charge charge;
};

struct ts_joint_gauge {
	size_t version;
	struct ts_gauge gauge;
};

/* As ts_rate, for n >= 1 versions. calendar: zone and periods with the end of the term as it is
 * now. The charges of a version are in the order of ts_rate. */
enum ts_err ts_rate_joint(const struct ts_terms *calendar, const struct ts_period *period,
	const struct ts_joint_version *versions, size_t n, int32_t as_of_day,
	struct ts_region *region, struct ts_joint_charge **out, size_t *out_n,
	struct ts_why *why) TS_MUST;
/* And how far what was agreed is used, each as the last version that has it words it. */
enum ts_err ts_rate_joint_gauged(const struct ts_terms *calendar, const struct ts_period *period,
	const struct ts_joint_version *versions, size_t n, int32_t as_of_day,
	struct ts_region *region, struct ts_joint_gauge **out, size_t *out_n,
	struct ts_why *why) TS_MUST;

#endif
