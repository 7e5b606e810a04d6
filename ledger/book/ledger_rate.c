/* SPDX-License-Identifier: Apache-2.0 */
/* Rating a period from the measures: in parts when several versions govern it. */
#include "book/ledger_rate.h"
#include "book/forecast.h"
#include "book/ledger_credit.h"
#include "terms/rate_versions.h"
#include <stdlib.h>
#include <string.h>

/* The versions of a period and what each governs of it. */
struct parts {
	struct ts_version_part *list;
	size_t n;
	struct ts_ledger_row *rows; /* of each: the versions that it is rated as one with */
	bool whole; /* one version governs all of it: rated as if there were no others */
};

static int us_cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

enum ts_err ts_ledger_edges(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_region *region, int64_t **out, size_t *n)
{
	int64_t end = ts_ledger_calendar(ledger)->to_us;
	end = period->to_us < end ? period->to_us : end;
	size_t versions = ts_ledger_known(ledger);
	int64_t *edges = ts_region_array(region, 2 * versions + 2, sizeof *edges);
	size_t used = 0;
	if (edges == NULL)
		return TS_E_NO_MEMORY;
	edges[used++] = period->from_us;
	edges[used++] = end;
	for (size_t i = 0; i < versions; i++) {
		const int64_t both[] = {ledger->versions[i].from_us, ledger->versions[i].to_us};
		for (size_t k = 0; k < 2; k++)
			if (both[k] > period->from_us && both[k] < end)
				edges[used++] = both[k];
	}
	qsort(edges, used, sizeof *edges, us_cmp);
	*out = edges;
	*n = used;
	return TS_OK;
}

/* The first contract day that begins at the instant or after it. */
static int32_t day_from(const struct ts_zone *zone, int64_t us)
{
	int32_t day = ts_zone_day(zone, us);
	return ts_zone_day_start(zone, day) == us ? day : day + 1;
}

/* One more range behind the others; where it goes on with the last, it is one. */
static void add_days(struct ts_day_range *days, size_t *n, struct ts_day_range range)
{
	if (range.from_day >= range.to_day)
		return;
	if (*n > 0 && days[*n - 1].to_day == range.from_day)
		days[*n - 1].to_day = range.to_day;
	else
		days[(*n)++] = range;
}

static enum ts_err add_part(const struct ts_ledger *ledger, const struct ts_terms *terms,
	int64_t from_us, int64_t to_us, size_t room, struct ts_region *region, struct parts *parts)
{
	const struct ts_zone *zone = &ts_ledger_calendar(ledger)->zone;
	size_t i = 0;
	while (i < parts->n && parts->list[i].terms != terms)
		i++;
	struct ts_version_part *part = &parts->list[i];
	if (i == parts->n) {
		struct ts_day_range *days = ts_region_array(region, room, sizeof *days);
		if (days == NULL)
			return TS_E_NO_MEMORY;
		*part = (struct ts_version_part){
			.terms = terms, .first_day = ts_zone_day(zone, from_us), .days = days};
		parts->n++;
	}
	add_days((struct ts_day_range *)(uintptr_t)part->days, &part->days_n,
		(struct ts_day_range){day_from(zone, from_us), day_from(zone, to_us)});
	return TS_OK;
}

static enum ts_err measures_of(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_region *region, struct ts_version_part *part, struct ts_why *why)
{
	struct ts_measure *list = ts_region_array(region, ledger->measures.n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < ledger->measures.n; i++) {
		const struct ts_measure_row *row = ts_rowset_at(&ledger->measures, i);
		if (row->period != period->index || row->version != part->terms->version ||
			row->quantity == 0)
			continue;
		if (row->month < ts_month_of_day(part->first_day))
			return ts_why(why, TS_E_INTERNAL, "measure",
				"version %d has usage before it governs", row->version);
		list[part->measures_n++] = (struct ts_measure){.price = (size_t)row->price,
			.month = row->month,
			.quantity = row->quantity,
			.period = row->period};
	}
	part->measures = list;
	return TS_OK;
}

static enum ts_err parts_of(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_region *region, struct parts *out, struct ts_why *why)
{
	int64_t *edges = NULL;
	size_t n = 0;
	*out = (struct parts){0};
	if (!ts_ledger_in_term(ledger, period))
		return TS_OK;
	TS_TRY(ts_ledger_edges(ledger, period, region, &edges, &n));
	out->list = ts_region_array(region, ts_ledger_known(ledger), sizeof *out->list);
	if (out->list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i + 1 < n; i++) {
		const struct ts_terms *terms = ts_ledger_governing(ledger, edges[i]);
		if (terms != NULL && edges[i] < edges[i + 1])
			TS_TRY(add_part(ledger, terms, edges[i], edges[i + 1], n, region, out));
	}
	for (size_t i = 0; i < out->n; i++)
		TS_TRY(measures_of(ledger, period, region, &out->list[i], why));
	out->rows = ts_region_array(region, out->n + 1, sizeof *out->rows);
	if (out->rows == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < out->n; i++)
		TS_TRY(ts_ledger_row_of(ledger, out->list[i].terms, region, &out->rows[i]));
	int32_t days = 0;
	for (size_t i = 0; out->n == 1 && i < out->list[0].days_n; i++)
		days += out->list[0].days[i].to_day - out->list[0].days[i].from_day;
	out->whole = out->n == 1 && days == period->end_day - period->first_day;
	return TS_OK;
}

/* --- versions that are rated by themselves --- */

/* The days of the whole term that the version governs, as they are known now. */
static enum ts_err ranges_of(const struct ts_ledger *ledger, const struct ts_terms *terms,
	struct ts_region *region, struct ts_day_range **out, size_t *n)
{
	const struct ts_terms *calendar = ts_ledger_calendar(ledger);
	const struct ts_period term = {.from_us = calendar->from_us, .to_us = calendar->to_us};
	int64_t *edges = NULL;
	size_t edges_n = 0;
	*n = 0;
	TS_TRY(ts_ledger_edges(ledger, &term, region, &edges, &edges_n));
	*out = ts_region_array(region, edges_n, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i + 1 < edges_n; i++) {
		int64_t to = edges[i + 1];
		if (edges[i] < to && ts_ledger_governing(ledger, edges[i]) == terms)
			add_days(*out, n,
				(struct ts_day_range){day_from(&calendar->zone, edges[i]),
					to >= TS_TIME_MAX ? INT32_MAX
							  : day_from(&calendar->zone, to)});
	}
	return TS_OK;
}

static enum ts_err cut_segments(const struct ts_day_range *days, size_t days_n,
	struct ts_region *region, const struct ts_segment **segments, size_t *n)
{
	struct ts_segment *list = ts_region_array(region, *n * days_n + 1, sizeof *list);
	size_t used = 0;
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < *n * days_n; i++) {
		struct ts_segment s = (*segments)[i / days_n];
		const struct ts_day_range *d = &days[i % days_n];
		s.from_day = s.from_day > d->from_day ? s.from_day : d->from_day;
		s.to_day = s.to_day < d->to_day ? s.to_day : d->to_day;
		if (s.from_day < s.to_day)
			list[used++] = s;
	}
	*segments = list;
	*n = used;
	return TS_OK;
}

static enum ts_err cut_levels(const struct ts_day_range *days, size_t days_n,
	struct ts_region *region, const struct ts_level **levels, size_t *n)
{
	struct ts_level *list = ts_region_array(region, *n * days_n + 1, sizeof *list);
	size_t used = 0;
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < *n * days_n; i++) {
		struct ts_level l = (*levels)[i / days_n];
		const struct ts_day_range *d = &days[i % days_n];
		l.from_day = l.from_day > d->from_day ? l.from_day : d->from_day;
		l.to_day = l.to_day < d->to_day ? l.to_day : d->to_day;
		if (l.from_day < l.to_day)
			list[used++] = l;
	}
	*levels = list;
	*n = used;
	return TS_OK;
}

/* A copy of the array with every schedule cut to the days. */
#define CUT_ARRAY(copy, member, row, schedule)                                                     \
	do {                                                                                       \
		struct row *rows = ts_region_array(region, (copy)->member##_n + 1, sizeof *rows);  \
		if (rows == NULL)                                                                  \
			return TS_E_NO_MEMORY;                                                     \
		for (size_t i = 0; i < (copy)->member##_n; i++) {                                  \
			rows[i] = (copy)->member[i];                                               \
			TS_TRY(cut_##schedule(                                                     \
				days, n, region, &rows[i].schedule, &rows[i].schedule##_n));       \
		}                                                                                  \
		(copy)->member = rows;                                                             \
	} while (0)

enum ts_err ts_ledger_governed_terms(const struct ts_ledger *ledger, const struct ts_terms *terms,
	struct ts_region *region, const struct ts_terms **out)
{
	struct ts_day_range *days = NULL;
	size_t n = 0;
	*out = terms;
	if (ts_ledger_known(ledger) == 1)
		return TS_OK;
	struct ts_terms *copy = ts_region_alloc(region, sizeof *copy);
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ranges_of(ledger, terms, region, &days, &n));
	*copy = *terms;
	CUT_ARRAY(copy, fees, ts_fee, segments);
	CUT_ARRAY(copy, minimums, ts_minimum, segments);
	CUT_ARRAY(copy, caps, ts_cap, segments);
	CUT_ARRAY(copy, commitments, ts_commitment, levels);
	CUT_ARRAY(copy, slas, ts_sla, levels);
	*out = copy;
	return TS_OK;
}

/* What rating the period sees: its own rows and, where it is chained, all before. */
static bool sees(
	const struct ts_terms *terms, int32_t period, bool before, int32_t version, int32_t own)
{
	return version == terms->version && (own == period || (before && own >= 0 && own < period));
}

enum ts_err ts_ledger_usage(const struct ts_ledger *ledger, const struct ts_terms *terms,
	int32_t period, bool before, struct ts_region *region, struct ts_rate_usage *out)
{
	struct ts_measure *measures = ts_region_array(
		region, ledger->measures.n + 1, sizeof *measures);
	struct ts_fine *fine = ts_region_array(region, ledger->fine.n + 1, sizeof *fine);
	*out = (struct ts_rate_usage){.measures = measures, .fine = fine};
	if (measures == NULL || fine == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < ledger->measures.n; i++) {
		const struct ts_measure_row *row = ts_rowset_at(&ledger->measures, i);
		if (sees(terms, period, before, row->version, row->period))
			measures[out->measures_n++] = (struct ts_measure){
				.price = (size_t)row->price,
				.month = row->month,
				.quantity = row->quantity,
				.period = row->period};
	}
	for (size_t i = 0; i < ledger->fine.n; i++) {
		const struct ts_fine_row *row = ts_rowset_at(&ledger->fine, i);
		if (sees(terms, period, before, row->version, row->period))
			fine[out->fine_n++] = (struct ts_fine){.price = (size_t)row->price,
				.period = row->period,
				.quarter_us = row->quarter_us,
				.pricing_class = row->pricing_class,
				.account = row->account,
				.origin = row->origin,
				.quantity = row->quantity};
	}
	return TS_OK;
}

/* One version over its days of the period. */
static enum ts_err rate_alone(const struct ts_ledger *ledger, const struct ts_period *period,
	const struct ts_version_part *part, int32_t day, struct ts_region *region,
	const struct ts_terms **terms, const struct ts_charge **out, size_t *n, struct ts_why *why)
{
	struct ts_rate_usage usage;
	TS_TRY(ts_ledger_governed_terms(ledger, part->terms, region, terms));
	TS_TRY(ts_ledger_usage(
		ledger, part->terms, period->index, part->terms->chained, region, &usage));
	return ts_rate(*terms, period, &usage, day, region, out, n, why);
}

/* --- all versions of a period --- */

static bool by_itself(const struct parts *parts, size_t i)
{
	return parts->rows[i].n == 0 && (parts->whole || parts->list[i].terms->alone);
}

/* The first part of a row of versions: the others are rated with it. */
static bool first_of_row(const struct parts *parts, size_t i)
{
	for (size_t k = 0; parts->rows[i].n > 0 && k < i; k++)
		for (size_t v = 0; v < parts->rows[i].n; v++)
			if (parts->rows[i].versions[v].terms == parts->list[k].terms)
				return false;
	return parts->rows[i].n > 0;
}

/* The parts that are rated together. */
static enum ts_err together(const struct parts *parts, struct ts_region *region,
	struct ts_version_part **out, size_t *n)
{
	*n = 0;
	*out = ts_region_array(region, parts->n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < parts->n; i++)
		if (parts->rows[i].n == 0 && !by_itself(parts, i))
			(*out)[(*n)++] = parts->list[i];
	return TS_OK;
}

static enum ts_err make_room(struct ts_region *region, const void *was, size_t used, size_t more,
	size_t bytes_each, void *out)
{
	void *rows = ts_region_array(region, used + more + 1, bytes_each);
	if (rows == NULL)
		return TS_E_NO_MEMORY;
	if (used > 0)
		memcpy(rows, was, used * bytes_each);
	const void *first = rows; /* gcc 12 -fanalyzer calls rows itself uninitialized */
	memcpy(out, &first, sizeof first);
	return TS_OK;
}

/* Appends what one row of versions, or one version, is charged. */
static enum ts_err add_charges(const struct ts_ledger *ledger, const struct ts_period *period,
	struct parts *parts, size_t i, int32_t day, struct ts_region *region,
	struct ts_ledger_charge **out, size_t *n, struct ts_why *why)
{
	const struct ts_charge *charges = NULL;
	struct ts_joint_charge *joint = NULL;
	const struct ts_terms *terms = NULL;
	size_t own_n = 0;
	if (first_of_row(parts, i)) {
		struct ts_ledger_row *row = &parts->rows[i];
		TS_TRY(ts_ledger_row_charges(
			ledger, row, period, day, region, &joint, &own_n, why));
		TS_TRY(make_room(region, *out, *n, own_n, sizeof **out, out));
		for (size_t k = 0; k < own_n; k++)
			(*out)[(*n)++] = (struct ts_ledger_charge){
				(int32_t)row->versions[joint[k].version].terms->version,
				joint[k].charge};
	} else if (by_itself(parts, i)) {
		TS_TRY(rate_alone(ledger, period, &parts->list[i], day, region, &terms, &charges,
			&own_n, why));
		TS_TRY(make_room(region, *out, *n, own_n, sizeof **out, out));
		for (size_t k = 0; k < own_n; k++)
			(*out)[(*n)++] = (struct ts_ledger_charge){
				(int32_t)terms->version, charges[k]};
	}
	return TS_OK;
}

enum ts_err ts_ledger_charges(const struct ts_ledger *ledger, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct ts_ledger_charge **out, size_t *n,
	struct ts_why *why)
{
	struct parts parts;
	struct ts_version_part *plain = NULL;
	struct ts_version_charge *split = NULL;
	size_t plain_n = 0, split_n = 0;
	*n = 0;
	TS_TRY(parts_of(ledger, period, region, &parts, why));
	TS_TRY(together(&parts, region, &plain, &plain_n));
	if (plain_n > 0)
		TS_TRY(ts_rate_versions(
			period, plain, plain_n, day, region, &split, &split_n, why));
	TS_TRY(make_room(region, NULL, 0, split_n, sizeof **out, out));
	for (; *n < split_n; (*n)++)
		(*out)[*n] = (struct ts_ledger_charge){
			(int32_t)plain[split[*n].part].terms->version, split[*n].charge};
	for (size_t i = 0; i < parts.n; i++)
		TS_TRY(add_charges(ledger, period, &parts, i, day, region, out, n, why));
	size_t used = 0;
	for (size_t i = 0; i < *n; i++) {
		const struct ts_charge *c = &(*out)[i].charge;
		const struct ts_line_key line = {
			(*out)[i].version, c->kind, (int32_t)c->item, c->tier, c->period};
		if (ts_ledger_expects(ledger, &line, period, day))
			(*out)[used++] = (*out)[i];
	}
	*n = used;
	return ts_ledger_credit_charges(ledger, period, region, out, n);
}

/* The same as lines. */
static enum ts_err add_lines(const struct ts_ledger *ledger, const struct ts_period *period,
	struct parts *parts, size_t i, int32_t day, struct ts_region *scratch,
	struct ts_region *region, struct ts_ledger_line **out, size_t *n, struct ts_why *why)
{
	const struct ts_charge *charges = NULL;
	const struct ts_charge_line *lines = NULL;
	struct ts_joint_charge *joint = NULL;
	struct ts_ledger_line *own = NULL;
	const struct ts_terms *terms = NULL;
	size_t charges_n = 0, own_n = 0;
	if (first_of_row(parts, i)) {
		struct ts_ledger_row *row = &parts->rows[i];
		TS_TRY(ts_ledger_row_charges(
			ledger, row, period, day, scratch, &joint, &charges_n, why));
		TS_TRY(ts_ledger_row_lines(row, period, joint, charges_n, region, &own, &own_n));
		TS_TRY(make_room(region, *out, *n, own_n, sizeof **out, out));
		for (size_t k = 0; k < own_n; k++)
			(*out)[(*n)++] = own[k];
	} else if (by_itself(parts, i)) {
		TS_TRY(rate_alone(ledger, period, &parts->list[i], day, scratch, &terms, &charges,
			&charges_n, why));
		TS_TRY(ts_rate_lines(terms, period, charges, charges_n, region, &lines, &own_n));
		TS_TRY(make_room(region, *out, *n, own_n, sizeof **out, out));
		for (size_t k = 0; k < own_n; k++)
			(*out)[(*n)++] = (struct ts_ledger_line){(int32_t)terms->version, lines[k]};
	}
	return TS_OK;
}

enum ts_err ts_ledger_lines(const struct ts_ledger *ledger, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct ts_ledger_line **out, size_t *n,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_region_cleanup))) struct ts_region *scratch = ts_region_create(
		TS_LEDGER_SCRATCH_BYTES);
	struct parts parts;
	struct ts_version_part *plain = NULL;
	struct ts_version_line *split = NULL;
	size_t plain_n = 0, split_n = 0;
	*n = 0;
	if (scratch == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(parts_of(ledger, period, scratch, &parts, why));
	TS_TRY(together(&parts, scratch, &plain, &plain_n));
	if (plain_n > 0)
		TS_TRY(ts_rate_version_lines(
			period, plain, plain_n, day, region, &split, &split_n, why));
	TS_TRY(make_room(region, NULL, 0, split_n, sizeof **out, out));
	for (; *n < split_n; (*n)++)
		(*out)[*n] = (struct ts_ledger_line){
			(int32_t)plain[split[*n].part].terms->version, split[*n].line};
	for (size_t i = 0; i < parts.n; i++)
		TS_TRY(add_lines(ledger, period, &parts, i, day, scratch, region, out, n, why));
	return ts_ledger_credit_lines(ledger, period, region, out, n);
}

/* --- how far what was agreed is used --- */

static const struct ts_minimum *minimum_named(const struct ts_terms *terms, const char *id)
{
	for (size_t i = 0; i < terms->minimums_n; i++)
		if (strcmp(terms->minimums[i].id, id) == 0)
			return &terms->minimums[i];
	return NULL;
}

/* Amount x days of a schedule on the days that the part governs. */
static enum ts_err due_of(const struct ts_version_part *part, const struct ts_period *period,
	const struct ts_minimum *m, ts_i128 *product)
{
	for (size_t i = 0; i < m->segments_n * part->days_n; i++) {
		const struct ts_segment *s = &m->segments[i / part->days_n];
		const struct ts_day_range *d = &part->days[i % part->days_n];
		int64_t from = s->from_day > d->from_day ? s->from_day : d->from_day;
		int64_t to = s->to_day < d->to_day ? s->to_day : d->to_day;
		ts_i128 each = 0;
		from = from > period->first_day ? from : period->first_day;
		to = to < period->end_day ? to : period->end_day;
		if (from >= to)
			continue;
		TS_TRY(ts_mul128(s->amount_minor, to - from, &each));
		TS_TRY(ts_add128(*product, each, product));
	}
	return TS_OK;
}

/* The minimums of versions that are rated together, as the last one words them: due by the days of
 * each version, rounded once; what counts are the lines of all versions that have it. */
static enum ts_err shared_gauges(const struct ts_period *period,
	const struct ts_version_part *parts, size_t n, const struct ts_version_charge *charges,
	size_t charges_n, struct ts_region *region, struct ts_forecast_gauge **out, size_t *out_n)
{
	const struct ts_terms *last = parts[n - 1].terms;
	TS_TRY(make_room(region, *out, *out_n, last->minimums_n, sizeof **out, out));
	for (size_t i = 0; i < last->minimums_n; i++) {
		const struct ts_minimum *m = &last->minimums[i];
		struct ts_forecast_gauge gauge = {.version = (int32_t)last->version,
			.kind = TS_CHARGE_TRUE_UP,
			.id = m->id,
			.description = m->description,
			.divisor = 1};
		ts_i128 product = 0;
		for (size_t k = 0; k < n; k++) {
			const struct ts_minimum *own = minimum_named(parts[k].terms, m->id);
			if (own != NULL)
				TS_TRY(due_of(&parts[k], period, own, &product));
		}
		TS_TRY(ts_muldiv(product, 1, period->full_end_day - period->full_first_day,
			last->rounding, &gauge.of));
		for (size_t k = 0; k < charges_n; k++) {
			const struct ts_charge *c = &charges[k].charge;
			const struct ts_minimum *own = minimum_named(
				parts[charges[k].part].terms, m->id);
			bool counts = c->kind == TS_CHARGE_USAGE ? m->counts_usage
				      : c->kind == TS_CHARGE_FEE ? m->counts_fees
								 : false;
			if (own != NULL && counts)
				TS_TRY(ts_add128(gauge.used, c->amount_minor, &gauge.used));
		}
		if (gauge.of > 0)
			(*out)[(*out_n)++] = gauge;
	}
	return TS_OK;
}

static struct ts_forecast_gauge gauge_of(const struct ts_terms *terms, const struct ts_gauge *g)
{
	struct ts_charge_names names;
	bool money = g->kind != TS_CHARGE_SHORTFALL;
	ts_charge_names(terms, g->kind, g->item, &names);
	return (struct ts_forecast_gauge){.version = (int32_t)terms->version,
		.kind = g->kind,
		.id = names.id,
		.description = names.description,
		.unit = money ? NULL : names.unit,
		.divisor = money ? 1 : names.divisor,
		.used = g->used,
		.of = g->of};
}

static enum ts_err own_gauges(const struct ts_ledger *ledger, const struct ts_period *period,
	const struct ts_version_part *part, int32_t day, struct ts_region *region,
	struct ts_forecast_gauge **out, size_t *out_n, struct ts_why *why)
{
	const struct ts_charge *charges = NULL;
	const struct ts_gauge *gauges = NULL;
	const struct ts_terms *terms = NULL;
	struct ts_rate_usage usage;
	size_t charges_n = 0, n = 0;
	TS_TRY(ts_ledger_governed_terms(ledger, part->terms, region, &terms));
	TS_TRY(ts_ledger_usage(
		ledger, part->terms, period->index, part->terms->chained, region, &usage));
	TS_TRY(ts_rate_gauged(
		terms, period, &usage, day, region, &charges, &charges_n, &gauges, &n, why));
	TS_TRY(make_room(region, *out, *out_n, n, sizeof **out, out));
	for (size_t i = 0; i < n; i++)
		(*out)[(*out_n)++] = gauge_of(terms, &gauges[i]);
	return TS_OK;
}

static enum ts_err row_gauges(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_ledger_row *row, int32_t day, struct ts_region *region,
	struct ts_forecast_gauge **out, size_t *out_n, struct ts_why *why)
{
	struct ts_joint_gauge *gauges = NULL;
	size_t n = 0;
	TS_TRY(ts_ledger_row_gauges(ledger, row, period, day, region, &gauges, &n, why));
	TS_TRY(make_room(region, *out, *out_n, n, sizeof **out, out));
	for (size_t i = 0; i < n; i++)
		(*out)[(*out_n)++] = gauge_of(
			row->versions[gauges[i].version].terms, &gauges[i].gauge);
	return TS_OK;
}

enum ts_err ts_ledger_gauges(const struct ts_ledger *ledger, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct ts_forecast_gauge **out, size_t *n,
	struct ts_why *why)
{
	struct parts parts;
	struct ts_version_part *plain = NULL;
	struct ts_version_charge *split = NULL;
	size_t plain_n = 0, split_n = 0;
	*n = 0;
	*out = NULL;
	TS_TRY(parts_of(ledger, period, region, &parts, why));
	TS_TRY(together(&parts, region, &plain, &plain_n));
	if (plain_n > 0)
		TS_TRY(ts_rate_versions(
			period, plain, plain_n, day, region, &split, &split_n, why));
	if (plain_n > 0)
		TS_TRY(shared_gauges(period, plain, plain_n, split, split_n, region, out, n));
	for (size_t i = 0; i < parts.n; i++)
		if (first_of_row(&parts, i))
			TS_TRY(row_gauges(
				ledger, period, &parts.rows[i], day, region, out, n, why));
		else if (by_itself(&parts, i))
			TS_TRY(own_gauges(
				ledger, period, &parts.list[i], day, region, out, n, why));
	return TS_OK;
}
