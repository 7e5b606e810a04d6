/* SPDX-License-Identifier: Apache-2.0 */
/* Versions that an amendment lets go on, rated as one (terms/rate_joint.h). */
#include "book/ledger_rate.h"
#include <stdlib.h>
#include <string.h>

/* Of two versions the later one says what becomes of counters between them. */
static bool goes_on(const struct ts_terms *a, const struct ts_terms *b)
{
	return a->version > b->version ? a->counters_continue : b->counters_continue;
}

/* All versions that govern anything of the term, by their first instant, each with its ranges. */
static enum ts_err all_versions(
	const struct ts_ledger *ledger, struct ts_region *region, struct ts_ledger_row *out)
{
	const struct ts_terms *calendar = ts_ledger_calendar(ledger);
	const struct ts_period term = {.from_us = calendar->from_us, .to_us = calendar->to_us};
	int64_t *edges = NULL;
	size_t edges_n = 0;
	TS_TRY(ts_ledger_edges(ledger, &term, region, &edges, &edges_n));
	*out = (struct ts_ledger_row){
		ts_region_array(region, ledger->versions_n, sizeof *out->versions), 0};
	if (out->versions == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i + 1 < edges_n; i++) {
		const struct ts_terms *terms = ts_ledger_governing(ledger, edges[i]);
		size_t v = 0;
		if (terms == NULL || edges[i] >= edges[i + 1])
			continue;
		while (v < out->n && out->versions[v].terms != terms)
			v++;
		struct ts_joint_version *version = &out->versions[v];
		if (v == out->n) {
			*version = (struct ts_joint_version){.terms = terms,
				.ranges = ts_region_array(
					region, edges_n, sizeof *version->ranges)};
			if (version->ranges == NULL)
				return TS_E_NO_MEMORY;
			out->n++;
		}
		struct ts_joint_range *ranges = (struct ts_joint_range *)(uintptr_t)version->ranges;
		ranges[version->ranges_n++] = (struct ts_joint_range){edges[i], edges[i + 1]};
	}
	return TS_OK;
}

enum ts_err ts_ledger_row_of(const struct ts_ledger *ledger, const struct ts_terms *terms,
	struct ts_region *region, struct ts_ledger_row *out)
{
	struct ts_ledger_row all;
	size_t first = 0, last = 0;
	bool alone = false;
	*out = (struct ts_ledger_row){0};
	if (ledger->versions_n == 1)
		return TS_OK;
	TS_TRY(all_versions(ledger, region, &all));
	while (last < all.n && all.versions[last].terms != terms)
		last++;
	if (last == all.n)
		return TS_OK;
	for (first = last;
		first > 0 && goes_on(all.versions[first - 1].terms, all.versions[first].terms);)
		first--;
	while (last + 1 < all.n && goes_on(all.versions[last].terms, all.versions[last + 1].terms))
		last++;
	for (size_t i = first; i <= last; i++)
		alone = alone || all.versions[i].terms->alone;
	if (alone && last > first)
		*out = (struct ts_ledger_row){&all.versions[first], last - first + 1};
	return TS_OK;
}

/* What each version sees of the usage, and its terms on the days that it governs. */
static enum ts_err fill_row(const struct ts_ledger *ledger, struct ts_ledger_row *row,
	const struct ts_period *period, struct ts_region *region)
{
	bool chained = false;
	for (size_t i = 0; i < row->n; i++)
		chained = chained || row->versions[i].terms->chained;
	for (size_t i = 0; i < row->n; i++) {
		const struct ts_terms *terms = row->versions[i].terms;
		TS_TRY(ts_ledger_usage(
			ledger, terms, period->index, chained, region, &row->versions[i].usage));
		TS_TRY(ts_ledger_governed_terms(ledger, terms, region, &row->versions[i].terms));
	}
	return TS_OK;
}

enum ts_err ts_ledger_row_charges(const struct ts_ledger *ledger, struct ts_ledger_row *row,
	const struct ts_period *period, int32_t day, struct ts_region *region,
	struct ts_joint_charge **out, size_t *n, struct ts_why *why)
{
	TS_TRY(fill_row(ledger, row, period, region));
	return ts_rate_joint(ts_ledger_calendar(ledger), period, row->versions, row->n, day, region,
		out, n, why);
}

enum ts_err ts_ledger_row_gauges(const struct ts_ledger *ledger, struct ts_ledger_row *row,
	const struct ts_period *period, int32_t day, struct ts_region *region,
	struct ts_joint_gauge **out, size_t *n, struct ts_why *why)
{
	TS_TRY(fill_row(ledger, row, period, region));
	return ts_rate_joint_gauged(ts_ledger_calendar(ledger), period, row->versions, row->n, day,
		region, out, n, why);
}

/* --- lines --- */

static int segment_cmp(const void *a, const void *b)
{
	const struct ts_segment *x = a, *y = b;
	return (x->from_day > y->from_day) - (x->from_day < y->from_day);
}

/* A minimum is explained by the days of every version that has it. */
static enum ts_err whole_minimums(const struct ts_ledger_row *row, size_t version,
	struct ts_region *region, struct ts_terms *copy)
{
	*copy = *row->versions[version].terms;
	struct ts_minimum *list = ts_region_array(region, copy->minimums_n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < copy->minimums_n; i++) {
		size_t room = 1, n = 0;
		list[i] = copy->minimums[i];
		for (size_t v = 0; v < row->n; v++)
			for (size_t k = 0; k < row->versions[v].terms->minimums_n; k++)
				room += row->versions[v].terms->minimums[k].segments_n;
		struct ts_segment *segments = ts_region_array(region, room, sizeof *segments);
		if (segments == NULL)
			return TS_E_NO_MEMORY;
		for (size_t v = 0; v < row->n; v++)
			for (size_t k = 0; k < row->versions[v].terms->minimums_n; k++) {
				const struct ts_minimum *m = &row->versions[v].terms->minimums[k];
				for (size_t s = 0;
					s < m->segments_n && strcmp(m->id, list[i].id) == 0; s++)
					segments[n++] = m->segments[s];
			}
		qsort(segments, n, sizeof *segments, segment_cmp);
		list[i].segments = segments;
		list[i].segments_n = n;
	}
	copy->minimums = list;
	return TS_OK;
}

/* The price explains the line as long as quantity x price still says it. */
static enum ts_err explain(const struct ts_terms *terms, const struct ts_terms *before,
	struct ts_region *region, struct ts_charge_line *line)
{
	char amount[TS_DECIMAL_CHARS];
	if (line->has_unit_price) {
		struct ts_charge_names names;
		int64_t product = 0;
		ts_charge_names(terms, line->kind, line->item, &names);
		TS_TRY(ts_money_extend(line->quantity, line->unit_price, names.divisor,
			terms->currency, terms->rounding, &product));
		TS_TRY(ts_add64(product, line->flat_minor, &product));
		line->has_unit_price = product == line->amount_minor;
	}
	line->trace = ts_region_printf(region,
		"goes on from version %lld, less what came to it there: to %s %s (%s)",
		(long long)before->version,
		ts_money_format(line->amount_minor, terms->currency, amount), terms->currency->code,
		line->trace);
	return line->trace != NULL ? TS_OK : TS_E_NO_MEMORY;
}

static size_t goes_on_from(const struct ts_joint_charge *charges, size_t n, size_t version,
	const struct ts_charge_line *line)
{
	for (size_t i = 0; i < n; i++)
		if (charges[i].version == version && charges[i].charge.kind == line->kind &&
			charges[i].charge.item == line->item)
			return charges[i].goes_on;
	return SIZE_MAX;
}

static enum ts_err version_lines(const struct ts_ledger_row *row, size_t version,
	const struct ts_period *period, const struct ts_joint_charge *charges, size_t n,
	struct ts_region *region, struct ts_ledger_line *out, size_t *out_n)
{
	struct ts_charge *own = ts_region_array(region, n + 1, sizeof *own);
	const struct ts_charge_line *lines = NULL;
	struct ts_terms *terms = ts_region_alloc(region, sizeof *terms);
	size_t own_n = 0, lines_n = 0;
	if (own == NULL || terms == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++)
		if (charges[i].version == version)
			own[own_n++] = charges[i].charge;
	TS_TRY(whole_minimums(row, version, region, terms));
	TS_TRY(ts_rate_lines(terms, period, own, own_n, region, &lines, &lines_n));
	for (size_t i = 0; i < lines_n; i++) {
		struct ts_charge_line line = lines[i];
		size_t before = goes_on_from(charges, n, version, &line);
		if (before != SIZE_MAX)
			TS_TRY(explain(terms, row->versions[before].terms, region, &line));
		out[(*out_n)++] = (struct ts_ledger_line){(int32_t)terms->version, line};
	}
	return TS_OK;
}

enum ts_err ts_ledger_row_lines(const struct ts_ledger_row *row, const struct ts_period *period,
	const struct ts_joint_charge *charges, size_t n, struct ts_region *region,
	struct ts_ledger_line **out, size_t *out_n)
{
	*out_n = 0;
	*out = ts_region_array(region, n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t v = 0; v < row->n; v++)
		TS_TRY(version_lines(row, v, period, charges, n, region, *out, out_n));
	return TS_OK;
}
