/* SPDX-License-Identifier: Apache-2.0 */
/* Rating a period from the measures: in parts when several versions govern it. */
#include "book/ledger_state.h"
#include "terms/rate_versions.h"
#include <stdlib.h>
#include <string.h>

/* The versions of a period and what each governs of it. */
struct parts {
	struct ts_version_part *list;
	size_t n;
	bool whole; /* one version governs all of it: rated as if there were no others */
};

static int us_cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Every instant within the period at which another version may begin to govern, and its ends. */
static enum ts_err edges_of(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_region *region, int64_t **out, size_t *n)
{
	int64_t end = ts_ledger_calendar(ledger)->to_us;
	end = period->to_us < end ? period->to_us : end;
	int64_t *edges = ts_region_array(region, 2 * ledger->versions_n + 2, sizeof *edges);
	size_t used = 0;
	if (edges == NULL)
		return TS_E_NO_MEMORY;
	edges[used++] = period->from_us;
	edges[used++] = end;
	for (size_t i = 0; i < ledger->versions_n; i++) {
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
	struct ts_day_range range = {day_from(zone, from_us), day_from(zone, to_us)};
	struct ts_day_range *days = (struct ts_day_range *)(uintptr_t)part->days;
	if (range.from_day < range.to_day)
		days[part->days_n++] = range;
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
		list[part->measures_n++] = (struct ts_measure){
			(size_t)row->price, row->month, row->quantity};
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
	TS_TRY(edges_of(ledger, period, region, &edges, &n));
	out->list = ts_region_array(region, ledger->versions_n, sizeof *out->list);
	if (out->list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i + 1 < n; i++) {
		const struct ts_terms *terms = ts_ledger_governing(ledger, edges[i]);
		if (terms != NULL && edges[i] < edges[i + 1])
			TS_TRY(add_part(ledger, terms, edges[i], edges[i + 1], n, region, out));
	}
	for (size_t i = 0; i < out->n; i++)
		TS_TRY(measures_of(ledger, period, region, &out->list[i], why));
	int32_t days = 0;
	for (size_t i = 0; out->n == 1 && i < out->list[0].days_n; i++)
		days += out->list[0].days[i].to_day - out->list[0].days[i].from_day;
	out->whole = out->n == 1 && days == period->end_day - period->first_day;
	return TS_OK;
}

/* One version governs all of the period. */
static enum ts_err whole_charges(const struct ts_version_part *part, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct ts_ledger_charge **out, size_t *n,
	struct ts_why *why)
{
	const struct ts_charge *charges = NULL;
	TS_TRY(ts_rate_period(part->terms, period, part->measures, part->measures_n, day, region,
		&charges, n, why));
	*out = ts_region_array(region, *n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct ts_ledger_charge){(int32_t)part->terms->version, charges[i]};
	return TS_OK;
}

enum ts_err ts_ledger_charges(const struct ts_ledger *ledger, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct ts_ledger_charge **out, size_t *n,
	struct ts_why *why)
{
	struct parts parts;
	struct ts_version_charge *split = NULL;
	*n = 0;
	TS_TRY(parts_of(ledger, period, region, &parts, why));
	if (parts.whole)
		return whole_charges(&parts.list[0], period, day, region, out, n, why);
	if (parts.n > 0)
		TS_TRY(ts_rate_versions(period, parts.list, parts.n, day, region, &split, n, why));
	*out = ts_region_array(region, *n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; split != NULL && i < *n; i++)
		(*out)[i] = (struct ts_ledger_charge){
			(int32_t)parts.list[split[i].part].terms->version, split[i].charge};
	return TS_OK;
}

static enum ts_err whole_lines(const struct ts_version_part *part, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct ts_ledger_line **out, size_t *n,
	struct ts_why *why)
{
	const struct ts_charge *charges = NULL;
	const struct ts_charge_line *lines = NULL;
	size_t charges_n = 0;
	TS_TRY(ts_rate_period(part->terms, period, part->measures, part->measures_n, day, region,
		&charges, &charges_n, why));
	TS_TRY(ts_rate_lines(part->terms, period, charges, charges_n, region, &lines, n));
	*out = ts_region_array(region, *n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct ts_ledger_line){(int32_t)part->terms->version, lines[i]};
	return TS_OK;
}

enum ts_err ts_ledger_lines(const struct ts_ledger *ledger, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct ts_ledger_line **out, size_t *n,
	struct ts_why *why)
{
	struct parts parts;
	struct ts_version_line *split = NULL;
	*n = 0;
	TS_TRY(parts_of(ledger, period, region, &parts, why));
	if (parts.whole)
		return whole_lines(&parts.list[0], period, day, region, out, n, why);
	if (parts.n > 0)
		TS_TRY(ts_rate_version_lines(
			period, parts.list, parts.n, day, region, &split, n, why));
	*out = ts_region_array(region, *n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; split != NULL && i < *n; i++)
		(*out)[i] = (struct ts_ledger_line){
			(int32_t)parts.list[split[i].part].terms->version, split[i].line};
	return TS_OK;
}
