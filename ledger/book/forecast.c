/* SPDX-License-Identifier: Apache-2.0 */
#include "book/forecast.h"
#include "book/ledger_state.h"
#include <string.h>

#define WEEK_DAYS 7

struct job {
	const struct ts_ledger *ledger;
	struct ts_ledger *ahead; /* the same state and what is projected */
	struct ts_region *region;
	int32_t day, from_day, to_day; /* D; reference days */
	struct ts_period now;
	struct ts_why *why;
};

static const struct ts_terms *terms_of_day(const struct ts_ledger *ledger, int32_t day)
{
	return ts_ledger_governing(
		ledger, ts_zone_day_start(&ts_ledger_calendar(ledger)->zone, day));
}

/* A ledger with the same measures, to which more can be added. */
static enum ts_err copy_state(struct job *j)
{
	const struct ts_ledger *from = j->ledger;
	TS_TRY(ts_ledger_create(j->region, from->versions, from->versions_n, &j->ahead));
	ts_ledger_load_head(j->ahead, &from->head);
	j->ahead->known_to = from->known_to;
	ts_ledger_recalendar(j->ahead);
	for (size_t i = 0; i < from->measures.n; i++)
		TS_TRY(ts_ledger_load_measure(j->ahead, ts_rowset_at(&from->measures, i)));
	for (size_t i = 0; i < from->fine.n; i++)
		TS_TRY(ts_ledger_load_fine(j->ahead, ts_rowset_at(&from->fine, i)));
	return TS_OK;
}

/* Reference days: the whole period before, if there is one, and the days of this one up to D. */
static enum ts_err find_days(struct job *j)
{
	struct ts_period before;
	j->from_day = j->now.first_day;
	j->to_day = j->day + 1 < j->now.end_day ? j->day + 1 : j->now.end_day;
	if (j->now.index > 0) {
		TS_TRY(ts_ledger_period_get(j->ledger, j->now.index - 1, &before));
		j->from_day = before.first_day;
	}
	return TS_OK;
}

static enum ts_err add_measure(struct job *j, int32_t version, int32_t slot, int32_t period,
	int32_t month, ts_i128 quantity)
{
	struct ts_measure_row key = {
		.version = version, .price = slot, .period = period, .month = month};
	void *row = NULL;
	TS_TRY(ts_rowset_get(&j->ahead->measures, &key, &row));
	return ts_add128(((struct ts_measure_row *)row)->quantity, quantity,
		&((struct ts_measure_row *)row)->quantity);
}

/* The slot of the same price (or watched class) in another version; false: it has none. */
static bool slot_named(const struct ts_terms *terms, const char *id, bool price, int32_t *slot)
{
	size_t from = price ? 0 : terms->prices_n;
	size_t to = price ? terms->prices_n : ts_terms_slots(terms);
	for (size_t i = from; i < to; i++) {
		if (strcmp(ts_terms_slot_id(terms, i), id) != 0 || (price && terms->prices[i].fine))
			continue;
		*slot = (int32_t)i;
		return true;
	}
	return false;
}

/* What the slot used in the reference days, under any version. */
static enum ts_err pace_of(const struct job *j, const char *id, bool price, ts_i128 *quantity)
{
	*quantity = 0;
	for (size_t i = 0; i < j->ledger->measures.n; i++) {
		const struct ts_measure_row *row = ts_rowset_at(&j->ledger->measures, i);
		const struct ts_terms *terms = ts_ledger_terms(j->ledger, row->version);
		if (terms == NULL || row->period < j->now.index - 1 || row->period > j->now.index ||
			(price != ((size_t)row->price < terms->prices_n)) ||
			strcmp(ts_terms_slot_id(terms, (size_t)row->price), id) != 0)
			continue;
		TS_TRY(ts_add128(*quantity, row->quantity, quantity));
	}
	return TS_OK;
}

/* Days [from, to) of one month and one version: quantity of day i is the difference of a cumulative
 * function, so that however the days are cut they add up. */
static enum ts_err project_days(struct job *j, const struct ts_terms *terms, int32_t slot,
	ts_i128 pace, int32_t period, int32_t from, int32_t to)
{
	int32_t days = j->to_day - j->from_day;
	ts_i128 upto = 0, before = 0;
	TS_TRY(ts_muldiv(pace, to - j->to_day, days, TS_ROUND_DOWN, &upto));
	TS_TRY(ts_muldiv(pace, from - j->to_day, days, TS_ROUND_DOWN, &before));
	if (upto == before)
		return TS_OK;
	return add_measure(
		j, (int32_t)terms->version, slot, period, ts_month_of_day(from), upto - before);
}

/* The slots of the version that governs the day, over the days up to the next month or version. */
static enum ts_err project_span(struct job *j, const struct ts_period *p, int32_t from, int32_t *to)
{
	const struct ts_terms *terms = terms_of_day(j->ledger, from);
	int32_t end = from + 1;
	while (end < p->end_day && ts_month_of_day(end) == ts_month_of_day(from) &&
		terms_of_day(j->ledger, end) == terms)
		end++;
	*to = end;
	for (size_t i = 0; terms != NULL && i < ts_terms_slots(terms); i++) {
		bool price = i < terms->prices_n;
		const char *id = ts_terms_slot_id(terms, i);
		int32_t slot = 0;
		ts_i128 pace = 0;
		if (price && terms->prices[i].fine)
			continue;
		TS_TRY(pace_of(j, id, price, &pace));
		if (pace > 0 && slot_named(terms, id, price, &slot) && slot == (int32_t)i)
			TS_TRY(project_days(j, terms, slot, pace, p->index, from, end));
	}
	return TS_OK;
}

/* Quarter-hours of a day are those of the same day of the last week (or of as many days as there
 * are), by the wall clock. */
static enum ts_err project_fine(struct job *j, const struct ts_period *p, int32_t day)
{
	const struct ts_zone *zone = &ts_ledger_calendar(j->ledger)->zone;
	int32_t days = j->to_day - j->from_day < WEEK_DAYS ? j->to_day - j->from_day : WEEK_DAYS;
	int32_t source = j->to_day - days + (day - j->to_day) % days;
	int64_t from = ts_zone_day_start(zone, source), to = ts_zone_day_start(zone, source + 1);
	int64_t start = ts_zone_day_start(zone, day), end = ts_zone_day_start(zone, day + 1);
	const struct ts_terms *terms = terms_of_day(j->ledger, day);
	for (size_t i = 0; terms != NULL && i < j->ledger->fine.n; i++) {
		const struct ts_fine_row *row = ts_rowset_at(&j->ledger->fine, i);
		const struct ts_terms *was = ts_ledger_terms(j->ledger, row->version);
		if (was == NULL || row->quarter_us < from || row->quarter_us >= to ||
			start + (row->quarter_us - from) >= end || row->quantity <= 0)
			continue;
		struct ts_fine_row key = *row;
		size_t k = 0;
		while (k < terms->prices_n &&
			!(terms->prices[k].fine &&
				strcmp(terms->prices[k].id, was->prices[row->price].id) == 0))
			k++;
		if (k == terms->prices_n)
			continue;
		void *kept = NULL;
		key.version = (int32_t)terms->version;
		key.price = (int32_t)k;
		key.period = p->index;
		key.quarter_us = start + (row->quarter_us - from);
		key.quantity = 0;
		TS_TRY(ts_rowset_get(&j->ahead->fine, &key, &kept));
		((struct ts_fine_row *)kept)->quantity = row->quantity;
	}
	return TS_OK;
}

static enum ts_err project(struct job *j, const struct ts_period *p)
{
	int32_t from = p->first_day > j->to_day ? p->first_day : j->to_day;
	if (j->to_day <= j->from_day)
		return TS_OK;
	for (int32_t day = from; day < p->end_day && j->ledger->fine.n > 0; day++)
		TS_TRY(project_fine(j, p, day));
	for (int32_t to = from; from < p->end_day; from = to)
		TS_TRY(project_span(j, p, from, &to));
	return TS_OK;
}

static enum ts_err sums_of(const struct job *j, const struct ts_ledger *ledger,
	const struct ts_period *p, int32_t day, int64_t by_kind[TS_CHARGE_KINDS], int64_t *sum,
	struct ts_forecast_gauge *gauges, size_t n)
{
	struct ts_ledger_line *lines = NULL;
	size_t lines_n = 0;
	TS_TRY(ts_ledger_lines(ledger, p, day, j->region, &lines, &lines_n, j->why));
	for (size_t i = 0; i < lines_n; i++) {
		const struct ts_charge_line *line = &lines[i].line;
		struct ts_charge_names names;
		TS_TRY(ts_add64(*sum, line->amount_minor, sum));
		TS_TRY(ts_add64(by_kind[line->kind], line->amount_minor, &by_kind[line->kind]));
		ts_charge_names(
			ts_ledger_terms(ledger, lines[i].version), line->kind, line->item, &names);
		enum ts_charge_kind of = line->kind == TS_CHARGE_EXCESS ? TS_CHARGE_TRUE_UP
					 : line->kind == TS_CHARGE_OVERAGE ||
							 line->kind == TS_CHARGE_ROLLOVER
						 ? TS_CHARGE_SHORTFALL
						 : line->kind;
		for (size_t k = 0; k < n; k++)
			if (gauges[k].kind == of && gauges[k].version == lines[i].version &&
				strcmp(gauges[k].id, names.id) == 0)
				TS_TRY(ts_add64(gauges[k].settle_minor, line->amount_minor,
					&gauges[k].settle_minor));
	}
	return TS_OK;
}

static enum ts_err one_period(
	struct job *j, const struct ts_period *p, struct ts_forecast_period *out)
{
	const struct ts_period_row *row = ts_ledger_period_row(j->ledger, p->index);
	struct ts_forecast_gauge *so_far = NULL;
	size_t n = 0;
	*out = (struct ts_forecast_period){.period = *p,
		.cut = row != NULL && row->cut,
		.begun = p->first_day <= j->day,
		.over = p->end_day <= j->day + 1};
	TS_TRY(project(j, p));
	TS_TRY(ts_ledger_gauges(
		j->ahead, p, p->end_day - 1, j->region, &out->gauges, &out->gauges_n, j->why));
	TS_TRY(ts_ledger_gauges(j->ledger, p, j->day, j->region, &so_far, &n, j->why));
	for (size_t i = 0; i < out->gauges_n; i++) {
		struct ts_forecast_gauge *g = &out->gauges[i];
		g->projected = g->used;
		g->projected_of = g->of;
		g->used = 0;
		for (size_t k = 0; k < n; k++) {
			if (so_far[k].kind != g->kind || so_far[k].version != g->version ||
				strcmp(so_far[k].id, g->id) != 0)
				continue;
			g->used = so_far[k].used;
			g->of = so_far[k].of;
		}
	}
	if (out->begun)
		TS_TRY(sums_of(j, j->ledger, p, j->day, out->to_date_by_kind, &out->to_date_minor,
			NULL, 0));
	return sums_of(j, j->ahead, p, p->end_day - 1, out->projected_by_kind,
		&out->projected_minor, out->gauges, out->gauges_n);
}

enum ts_err ts_ledger_forecast(const struct ts_ledger *ledger, int32_t periods,
	struct ts_region *region, struct ts_forecast *out, struct ts_why *why)
{
	const struct ts_ledger_head *head = ts_ledger_head(ledger);
	const struct ts_terms *calendar = ts_ledger_calendar(ledger);
	struct job j = {.ledger = ledger, .region = region, .day = head->day, .why = why};
	TS_ASSERT(periods >= 1 && periods <= TS_FORECAST_PERIODS_MAX);
	if (head->day == INT32_MIN)
		return ts_why(why, TS_E_CONFLICT, "forecast",
			"nothing was settled yet: there is no day to look ahead from");
	int32_t first = head->day < calendar->from_day ? calendar->from_day : head->day;
	TS_TRY(ts_ledger_period_at(ledger, ts_zone_day_start(&calendar->zone, first), &j.now));
	TS_TRY(find_days(&j));
	TS_TRY(copy_state(&j));
	*out = (struct ts_forecast){.inputs_to = head->inputs_to,
		.day = head->day,
		.from_day = j.from_day,
		.to_day = j.to_day > j.from_day ? j.to_day : j.from_day};
	out->periods = ts_region_array(region, (size_t)periods, sizeof *out->periods);
	if (out->periods == NULL)
		return TS_E_NO_MEMORY;
	for (int32_t i = 0; i < periods; i++) {
		struct ts_period p;
		TS_TRY(ts_ledger_period_get(ledger, j.now.index + i, &p));
		if (!ts_ledger_in_term(ledger, &p))
			break;
		TS_TRY(one_period(&j, &p, &out->periods[out->n++]));
	}
	return TS_OK;
}
