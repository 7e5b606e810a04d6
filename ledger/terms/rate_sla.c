/* SPDX-License-Identifier: Apache-2.0 */
/* Service credits: what of the promised capacity was down, by signed records of excluded classes.
 */
#include "terms/rate_build.h"

#define KIND(kind) (1U << (unsigned)(kind))
#define QUARTERS_PER_HOUR 4

/* Promised in the period, in base units: by real time, days of a change of offset included. */
static enum ts_err add_capacity(
	const struct ts_rate_builder *b, const struct ts_sla *sla, ts_i128 *out)
{
	const struct ts_zone *zone = &b->terms->zone;
	for (size_t i = 0; i < sla->levels_n; i++) {
		int32_t from = sla->levels[i].from_day, to = sla->levels[i].to_day;
		ts_i128 part = 0;
		from = from > b->period->first_day ? from : b->period->first_day;
		to = to < b->period->end_day ? to : b->period->end_day;
		if (from >= to)
			continue;
		int64_t us = ts_zone_day_start(zone, to) - ts_zone_day_start(zone, from);
		TS_TRY(ts_mul128(sla->levels[i].quantity / QUARTERS_PER_HOUR,
			us / TS_US_PER_QUARTER, &part));
		TS_TRY(ts_add128(*out, part, out));
	}
	return TS_OK;
}

static enum ts_err add_down(const struct ts_rate_builder *b, const struct ts_sla *sla, ts_i128 *out)
{
	for (size_t i = 0; i < sla->watches_n; i++) {
		size_t slot = b->terms->prices_n + sla->watches[i];
		TS_TRY(ts_add128(*out, b->sums[slot * b->months + b->months - 1], out));
	}
	return TS_OK;
}

const struct ts_sla_tier *ts_sla_tier(const struct ts_sla *sla, ts_i128 down, ts_i128 capacity)
{
	const struct ts_sla_tier *reached = NULL;
	for (size_t i = 0; i < sla->tiers_n; i++) {
		ts_i128 left = 0, right = 0;
		if (ts_mul128(capacity - down, 100 * TS_PICO, &left) != TS_OK ||
			ts_mul128(capacity, sla->tiers[i].below.pico, &right) != TS_OK)
			return NULL;
		if (left < right)
			reached = &sla->tiers[i];
	}
	return reached;
}

static enum ts_err credit_of(const struct ts_rate_builder *b, const struct ts_sla *sla,
	int64_t base, ts_i128 down, ts_i128 capacity, int64_t *out)
{
	ts_i128 credit = 0, most = 0;
	const struct ts_sla_tier *tier = ts_sla_tier(sla, down, capacity);
	if (sla->tiers_n == 0)
		TS_TRY(ts_muldiv(base, down, capacity, b->terms->rounding, &credit));
	else if (tier != NULL)
		TS_TRY(ts_muldiv(
			base, tier->percent.pico, 100 * TS_PICO, b->terms->rounding, &credit));
	TS_TRY(ts_muldiv(base, sla->cap_percent.pico, 100 * TS_PICO, b->terms->rounding, &most));
	return ts_to64(credit < most ? credit : most, out);
}

/* When the period is over; late records of what was down change it like any other line. The last
 * version that has the service credit gives it, for all of them. */
enum ts_err ts_rate_sla(struct ts_rate_builder *b, size_t item, size_t counted_n)
{
	const struct ts_sla *sla = &b->terms->slas[item];
	unsigned true_up = KIND(TS_CHARGE_TRUE_UP) | KIND(TS_CHARGE_EXCESS);
	struct ts_rate_count count = {.on = &sla->on,
		.usage = true,
		.fees = true,
		.kinds = sla->before_true_up ? ~true_up : ~0U};
	struct ts_charge line = {.kind = TS_CHARGE_SLA, .item = item};
	int64_t base = 0, others = 0, credit = 0;
	if (b->as_of_day < b->period->end_day - 1 || ts_join_followed(b, TS_JOIN_SLAS, item))
		return TS_OK;
	for (size_t i = ts_join_first(b, TS_JOIN_SLAS, item); i <= item; i++) {
		TS_TRY(add_down(b, &b->terms->slas[i], &line.basis));
		TS_TRY(add_capacity(b, &b->terms->slas[i], &line.limit));
	}
	TS_TRY(ts_rate_counted(b, &count, counted_n, b->months - 1, &base));
	TS_TRY(ts_rate_counted_before(
		b, TS_JOIN_SLAS, item, &count, counted_n, b->months - 1, &others));
	TS_TRY(ts_add64(base, others, &base));
	if (line.limit == 0 || base <= 0)
		return TS_OK;
	line.basis = line.basis < line.limit ? line.basis : line.limit;
	TS_TRY(credit_of(b, sla, base, line.basis, line.limit, &credit));
	return ts_rate_put(b, &line, b->months - 1, 0, -credit);
}
