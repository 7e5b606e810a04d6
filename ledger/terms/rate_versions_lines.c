/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a period in parts, with their traces: what both sides of a difference were. */
#include "terms/rate_versions_state.h"
#include "terms/trace.h"
#include <string.h>

static bool is_line(const struct ts_charge_line *line, const struct ts_charge *charge)
{
	return line->kind == charge->kind && line->item == charge->item &&
	       line->tier == charge->tier;
}

/* The lines of a slice's two sides, made once. */
struct told {
	const struct ts_charge_line *with, *before;
	size_t with_n, before_n;
};

static enum ts_err tell(
	const struct ts_version_job *j, const struct ts_slice *slice, struct told *out)
{
	TS_TRY(ts_rate_lines(slice->terms, &slice->period, slice->with, slice->with_n, j->region,
		&out->with, &out->with_n));
	return ts_rate_lines(slice->terms, &slice->period, slice->before, slice->before_n,
		j->region, &out->before, &out->before_n);
}

/* NULL when there is none. */
static const struct ts_charge_line *find(const struct ts_charge_line *lines, size_t n,
	const struct ts_charge_line *of, bool any_tier)
{
	for (size_t i = 0; i < n; i++)
		if (lines[i].kind == of->kind && lines[i].item == of->item &&
			(any_tier || lines[i].tier == of->tier))
			return &lines[i];
	return NULL;
}

static enum ts_err explain_difference(const struct ts_version_job *j, const struct ts_slice *slice,
	const struct ts_charge_line *with, const struct ts_charge_line *before,
	struct ts_charge_line *line)
{
	const struct ts_terms *terms = slice->terms;
	char amount[TS_DECIMAL_CHARS];
	const char *what = line->kind == TS_CHARGE_FEE ? "the fee so far" : "the counter goes on";
	if (with != NULL) {
		line->has_unit_price = with->has_unit_price;
		line->unit_price = with->unit_price;
	}
	if (line->has_unit_price) { /* as long as quantity x price still says it */
		int64_t product = 0;
		TS_TRY(ts_money_extend(line->quantity, line->unit_price,
			terms->skus[terms->prices[line->item].sku].divisor, terms->currency,
			terms->rounding, &product));
		line->has_unit_price = product == line->amount_minor;
	}
	line->trace = ts_region_printf(j->region, "%s: %s; less what came before: %s; to %s %s",
		what, with != NULL ? with->trace : "nothing",
		before != NULL ? before->trace : "nothing",
		ts_money_format(line->amount_minor, terms->currency, amount),
		terms->currency->code);
	return line->trace == NULL ? TS_E_NO_MEMORY : TS_OK;
}

static enum ts_err explain_usage_or_fee(const struct ts_version_job *j, const struct told *told,
	struct ts_charge_line *line, size_t part)
{
	size_t i = TS_SLICE_FEES;
	if (line->kind == TS_CHARGE_USAGE)
		i = j->carried[part][line->item] ? TS_SLICE_CARRIED : TS_SLICE_FRESH;
	const struct ts_slice *slice = &j->slices[part * TS_SLICES + i];
	told += part * TS_SLICES + i;
	bool volume = line->kind == TS_CHARGE_USAGE &&
		      slice->terms->prices[line->item].model == TS_PRICE_VOLUME;
	const struct ts_charge_line *with = find(told->with, told->with_n, line, false);
	const struct ts_charge_line *before = find(told->before, told->before_n, line, volume);
	if (before != NULL || with == NULL)
		return explain_difference(j, slice, with, before, line);
	line->has_unit_price = with->has_unit_price;
	line->unit_price = with->unit_price;
	line->flat_minor = with->flat_minor;
	line->trace = with->trace;
	return TS_OK;
}

/* As a minimum of one version whose schedule is that of all. */
static enum ts_err explain_minimum(const struct ts_version_job *j,
	const struct ts_version_line *lines, size_t n, size_t at, struct ts_charge_line *line)
{
	size_t part = lines[at].part, used = 0;
	struct ts_terms copy = *j->parts[part].terms;
	struct ts_minimum *minimums = ts_region_array(j->region, copy.minimums_n, sizeof *minimums);
	struct ts_charge_line *counted = ts_region_array(j->region, n + 1, sizeof *counted);
	struct ts_schedule s;
	if (minimums == NULL || counted == NULL)
		return TS_E_NO_MEMORY;
	memcpy(minimums, copy.minimums, copy.minimums_n * sizeof *minimums);
	TS_TRY(ts_version_minimum(j, part + 1, minimums[line->item].id, &s));
	minimums[line->item].segments = s.segments;
	minimums[line->item].segments_n = s.n;
	copy.minimums = minimums;
	for (size_t i = 0; i < n; i++)
		if (ts_version_counts(j, &minimums[line->item], lines[i].part, lines[i].line.kind))
			counted[used++] = lines[i].line;
	counted[used++] = *line;
	return ts_trace_line(&copy, j->period, counted, used, used - 1, j->region, &line->trace);
}

static enum ts_err sum_lines(
	const struct ts_version_job *j, struct ts_version_line *lines, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < j->charges_n; i++) {
		const struct ts_charge *charge = &j->charges[i].charge;
		if (*n == 0 || lines[*n - 1].part != j->charges[i].part ||
			!is_line(&lines[*n - 1].line, charge))
			lines[(*n)++] = (struct ts_version_line){
				j->charges[i].part, {.kind = charge->kind,
							    .item = charge->item,
							    .tier = charge->tier,
							    .period = charge->period}};
		struct ts_charge_line *line = &lines[*n - 1].line;
		TS_TRY(ts_add128(line->quantity, charge->quantity, &line->quantity));
		TS_TRY(ts_add64(line->amount_minor, charge->amount_minor, &line->amount_minor));
		line->basis = charge->basis;
		line->limit = charge->limit;
	}
	return TS_OK;
}

static enum ts_err explain(const struct ts_version_job *j, struct ts_version_line *lines, size_t n)
{
	struct told *told = ts_region_array(j->region, j->n * TS_SLICES + 1, sizeof *told);
	if (told == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < j->n * TS_SLICES; i++)
		TS_TRY(tell(j, &j->slices[i], &told[i]));
	for (size_t i = 0; i < n; i++)
		TS_TRY(lines[i].line.kind == TS_CHARGE_TRUE_UP
				? explain_minimum(j, lines, n, i, &lines[i].line)
				: explain_usage_or_fee(j, told, &lines[i].line, lines[i].part));
	return TS_OK;
}

enum ts_err ts_rate_version_lines(const struct ts_period *period,
	const struct ts_version_part *parts, size_t n, int32_t as_of_day, struct ts_region *region,
	struct ts_version_line **out, size_t *out_n, struct ts_why *why)
{
	struct ts_version_job j = {.period = period,
		.parts = parts,
		.n = n,
		.as_of_day = as_of_day,
		.region = region,
		.why = why};
	TS_TRY(ts_version_work(&j));
	*out = ts_region_array(region, j.charges_n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(sum_lines(&j, *out, out_n));
	return explain(&j, *out, *out_n);
}
