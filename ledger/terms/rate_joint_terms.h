/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TERMS_RATE_JOINT_TERMS_H
#define TS_TERMS_RATE_JOINT_TERMS_H
/* Internal to the room: the terms of several versions put side by side for one period. */
#include "terms/rate_build.h"
#include "terms/rate_joint.h"

struct ts_joint_place {
	size_t version, item;
};
struct ts_joint_job {
	const struct ts_terms *calendar;
	const struct ts_joint_version *versions;
	size_t n;
	struct ts_region *region;
	struct ts_why *why;
	/* Items of all versions that are the same thing, over all periods. */
	size_t *group[TS_JOIN_TABLES]; /* [version * widest + item] */
	size_t widest[TS_JOIN_TABLES]; /* most items of a version */
	size_t groups_n[TS_JOIN_TABLES];
	size_t *counters; /* [version * widest_counters + counter] */
	size_t widest_counters, counters_n;
	bool gauged; /* somebody asks how far what was agreed is used: */
	struct ts_joint_gauge *gauges;
	size_t gauges_n;
};
/* Which items are the same: by id; a price by its SKU too, a commitment by its price. */
enum ts_err ts_joint_groups(struct ts_joint_job *j) TS_MUST;

struct ts_joint_terms {
	struct ts_terms terms;
	struct ts_rate_join join;
	struct ts_rate_usage usage;
	const struct ts_joint_place *places[TS_JOIN_TABLES]; /* of each item */
};
/* list[n]: the period's versions in order, each from at_us on. */
enum ts_err ts_joint_terms_make(const struct ts_joint_job *j, const struct ts_period *period,
	const size_t *list, const int64_t *at_us, size_t n, struct ts_joint_terms *out) TS_MUST;

#endif
