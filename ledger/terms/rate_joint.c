/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/rate_joint.h"
#include "terms/rate_joint_terms.h"
#include <stdlib.h>
#include <string.h>

static int64_t begins_in(const struct ts_joint_version *v, const struct ts_period *period)
{
	for (size_t i = 0; i < v->ranges_n; i++)
		if (v->ranges[i].from_us < period->to_us && v->ranges[i].to_us > period->from_us)
			return v->ranges[i].from_us > period->from_us ? v->ranges[i].from_us
								      : period->from_us;
	return INT64_MAX;
}

/* The versions that govern part of the period, by when each first does. */
static void order(const struct ts_joint_job *j, const struct ts_period *period, size_t *list,
	int64_t *at_us, size_t *n)
{
	*n = 0;
	for (size_t v = 0; v < j->n; v++) {
		int64_t us = begins_in(&j->versions[v], period);
		size_t at = *n;
		if (us == INT64_MAX)
			continue;
		for (; at > 0 && at_us[at - 1] > us; at--) {
			at_us[at] = at_us[at - 1];
			list[at] = list[at - 1];
		}
		at_us[at] = us;
		list[at] = v;
		++*n;
	}
}

static enum ts_err begin_chain(const struct ts_joint_job *j, struct ts_rate_chain *chain)
{
	size_t prices = j->groups_n[TS_JOIN_PRICES] + 1;
	chain->counted = ts_region_array(j->region, prices, sizeof *chain->counted);
	chain->begun = ts_region_array(j->region, prices, sizeof *chain->begun);
	chain->pools = ts_region_array(j->region, j->counters_n + 1, sizeof *chain->pools);
	chain->carried = ts_region_array(
		j->region, j->groups_n[TS_JOIN_COMMITMENTS] + 1, sizeof *chain->carried);
	chain->spent = ts_region_array(
		j->region, j->groups_n[TS_JOIN_CAPS] + 1, sizeof *chain->spent);
	return chain->counted && chain->begun && chain->pools && chain->carried && chain->spent
		       ? TS_OK
		       : TS_E_NO_MEMORY;
}

/* What may be used in the next period lapses with a period in which nobody has the commitment. */
static void lapse(
	const struct ts_joint_job *j, const struct ts_joint_terms *t, struct ts_rate_chain *chain)
{
	for (size_t g = 0; g < j->groups_n[TS_JOIN_COMMITMENTS]; g++) {
		bool there = false;
		for (size_t i = 0; i < t->terms.commitments_n; i++)
			there = there || t->join.group[TS_JOIN_COMMITMENTS][i] == g;
		chain->carried[g] = there ? chain->carried[g] : 0;
	}
}

static enum ts_join_table table_of(enum ts_charge_kind kind)
{
	static const enum ts_join_table tables[TS_CHARGE_KINDS] = {
		[TS_CHARGE_USAGE] = TS_JOIN_PRICES,
		[TS_CHARGE_FEE] = TS_JOIN_FEES,
		[TS_CHARGE_TRUE_UP] = TS_JOIN_MINIMUMS,
		[TS_CHARGE_DISCOUNT] = TS_JOIN_DISCOUNTS,
		[TS_CHARGE_OVERAGE] = TS_JOIN_COMMITMENTS,
		[TS_CHARGE_SHORTFALL] = TS_JOIN_COMMITMENTS,
		[TS_CHARGE_ROLLOVER] = TS_JOIN_COMMITMENTS,
		[TS_CHARGE_EXCESS] = TS_JOIN_MINIMUMS,
		[TS_CHARGE_CAP] = TS_JOIN_CAPS,
		[TS_CHARGE_SLA] = TS_JOIN_SLAS,
	};
	return tables[kind];
}

/* The charges of each version, its own items again. */
static enum ts_err hand_out(const struct ts_joint_job *j, const struct ts_joint_terms *t,
	const struct ts_rate_builder *b, struct ts_joint_charge **out, size_t *n)
{
	*n = 0;
	*out = ts_region_array(j->region, b->n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < b->n; i++) {
		enum ts_join_table table = table_of(b->charges[i].kind);
		const struct ts_joint_place *place = &t->places[table][b->charges[i].item];
		struct ts_joint_charge *c = &(*out)[(*n)++];
		*c = (struct ts_joint_charge){place->version, SIZE_MAX, b->charges[i]};
		if (ts_join_follows(b, table, c->charge.item))
			c->goes_on = place[-1].version;
		c->charge.item = place->item;
	}
	return TS_OK;
}

static enum ts_err ask(
	struct ts_joint_job *j, const struct ts_joint_terms *t, struct ts_rate_builder *b)
{
	size_t room = t->terms.minimums_n + t->terms.commitments_n + t->terms.caps_n + 1;
	b->gauges = ts_region_array(j->region, room, sizeof *b->gauges);
	j->gauges = ts_region_array(j->region, room, sizeof *j->gauges);
	return b->gauges != NULL && j->gauges != NULL ? TS_OK : TS_E_NO_MEMORY;
}

static void tell(
	struct ts_joint_job *j, const struct ts_joint_terms *t, const struct ts_rate_builder *b)
{
	for (size_t i = 0; b->gauges != NULL && i < b->gauges_n; i++) {
		struct ts_gauge gauge = b->gauges[i];
		const struct ts_joint_place *place = &t->places[table_of(gauge.kind)][gauge.item];
		gauge.item = place->item;
		j->gauges[j->gauges_n++] = (struct ts_joint_gauge){place->version, gauge};
	}
}

static enum ts_err rate_one(struct ts_joint_job *j, const struct ts_period *period,
	int32_t as_of_day, bool asked, struct ts_rate_chain *chain, struct ts_joint_charge **out,
	size_t *out_n)
{
	size_t *list = ts_region_array(j->region, j->n, sizeof *list), n = 0;
	int64_t *at_us = ts_region_array(j->region, j->n, sizeof *at_us);
	struct ts_joint_terms t;
	struct ts_fine *fine = NULL;
	bool amounts = false;
	*out_n = 0;
	if (list == NULL || at_us == NULL)
		return TS_E_NO_MEMORY;
	order(j, period, list, at_us, &n);
	for (size_t v = 0; v < j->n; v++)
		amounts = amounts || j->versions[v].terms->chained_amounts;
	TS_TRY(ts_joint_terms_make(j, period, list, at_us, n, &t));
	TS_TRY(ts_rate_sort_fine(&t.terms, &t.usage, j->region, &fine));
	t.usage.fine = fine;
	struct ts_rate_builder b = {.terms = &t.terms,
		.period = period,
		.usage = &t.usage,
		.chain = chain,
		.join = &t.join,
		.region = j->region,
		.as_of_day = as_of_day,
		.why = j->why};
	if (asked && j->gauged)
		TS_TRY(ask(j, &t, &b));
	if (n > 0)
		TS_TRY(ts_rate_run(&b, asked, amounts));
	tell(j, &t, &b);
	lapse(j, &t, chain);
	return asked ? hand_out(j, &t, &b, out, out_n) : TS_OK;
}

static enum ts_err run(const struct ts_period *period, int32_t as_of_day, struct ts_joint_job *j,
	struct ts_joint_charge **out, size_t *out_n)
{
	struct ts_rate_chain chain;
	bool chained = false;
	TS_ASSERT(j->n > 0);
	*out = NULL;
	*out_n = 0;
	for (size_t v = 0; v < j->n; v++)
		chained = chained || j->versions[v].terms->chained;
	TS_TRY(ts_joint_groups(j));
	TS_TRY(begin_chain(j, &chain));
	for (int32_t i = chained ? 0 : period->index; i <= period->index; i++) {
		struct ts_period p = *period;
		if (i < period->index)
			TS_TRY(ts_period_get(j->calendar, i, &p));
		TS_TRY(rate_one(j, &p, as_of_day, i == period->index, &chain, out, out_n));
	}
	return TS_OK;
}

enum ts_err ts_rate_joint(const struct ts_terms *calendar, const struct ts_period *period,
	const struct ts_joint_version *versions, size_t n, int32_t as_of_day,
	struct ts_region *region, struct ts_joint_charge **out, size_t *out_n, struct ts_why *why)
{
	struct ts_joint_job j = {
		.calendar = calendar, .versions = versions, .n = n, .region = region, .why = why};
	return run(period, as_of_day, &j, out, out_n);
}

enum ts_err ts_rate_joint_gauged(const struct ts_terms *calendar, const struct ts_period *period,
	const struct ts_joint_version *versions, size_t n, int32_t as_of_day,
	struct ts_region *region, struct ts_joint_gauge **out, size_t *out_n, struct ts_why *why)
{
	struct ts_joint_job j = {.calendar = calendar,
		.versions = versions,
		.n = n,
		.region = region,
		.why = why,
		.gauged = true};
	struct ts_joint_charge *charges = NULL;
	size_t charges_n = 0;
	TS_TRY(run(period, as_of_day, &j, &charges, &charges_n));
	*out = j.gauges;
	*out_n = j.gauges_n;
	return TS_OK;
}
