/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/rate_versions.h"
#include "terms/rate_versions_state.h"
#include <stdlib.h>
#include <string.h>

static enum ts_err no_memory(const struct ts_version_job *j)
{
	return ts_why(j->why, TS_E_NO_MEMORY, "", "no memory to rate a period");
}

static bool same_counter(
	const struct ts_terms *a, size_t price_a, const struct ts_terms *b, size_t price_b)
{
	const struct ts_price *x = &a->prices[price_a], *y = &b->prices[price_b];
	return strcmp(x->id, y->id) == 0 && strcmp(a->skus[x->sku].id, b->skus[y->sku].id) == 0;
}

/* Of two versions the later one says what becomes of counters between them: where it begins, and
 * where the other goes on behind it. */
static bool goes_on(const struct ts_terms *a, const struct ts_terms *b)
{
	return a->version > b->version ? a->counters_continue : b->counters_continue;
}

/* Where the counters of part k start: where those of the part before stood at its end. */
static enum ts_err carry(struct ts_version_job *j, size_t k)
{
	const struct ts_version_part *part = &j->parts[k], *before = part - 1;
	j->base[k] = ts_region_array(j->region, part->terms->prices_n + 1, sizeof(ts_i128));
	j->carried[k] = ts_region_array(j->region, part->terms->prices_n + 1, sizeof(bool));
	if (j->base[k] == NULL || j->carried[k] == NULL)
		return no_memory(j);
	j->chain_day[k] = part->first_day;
	if (k == 0 || !goes_on(before->terms, part->terms))
		return TS_OK;
	j->chain_day[k] = j->chain_day[k - 1];
	for (size_t i = 0; i < part->terms->prices_n; i++)
		for (size_t b = 0; b < before->terms->prices_n; b++) {
			if (!same_counter(part->terms, i, before->terms, b))
				continue;
			ts_i128 *base = &j->base[k][i];
			j->carried[k][i] = true;
			*base = j->base[k - 1][b];
			for (size_t m = 0; m < before->measures_n; m++)
				if (before->measures[m].price == b)
					TS_TRY(ts_add128(
						*base, before->measures[m].quantity, base));
		}
	return TS_OK;
}

/* The charges whose carried price is (not) wanted; fees and minimums always. */
static void keep(const struct ts_version_job *j, size_t k, bool carried, struct ts_charge *charges,
	size_t *n)
{
	size_t used = 0;
	for (size_t i = 0; i < *n; i++)
		if (j->carried[k][charges[i].item] == carried)
			charges[used++] = charges[i];
	*n = used;
}

static enum ts_err rate(const struct ts_version_job *j, const struct ts_slice *slice,
	const struct ts_measure *measures, size_t n, struct ts_charge **out, size_t *out_n)
{
	const struct ts_charge *charges = NULL;
	TS_TRY(ts_rate_period(slice->terms, &slice->period, measures, n, j->as_of_day, j->region,
		&charges, out_n, j->why));
	*out = ts_region_array(j->region, *out_n + 1, sizeof **out);
	if (*out == NULL)
		return no_memory(j);
	if (*out_n > 0)
		memcpy(*out, charges, *out_n * sizeof **out);
	return TS_OK;
}

static enum ts_err usage_terms(
	const struct ts_version_job *j, size_t k, const struct ts_terms **out)
{
	struct ts_terms *copy = ts_region_alloc(j->region, sizeof *copy);
	if (copy == NULL)
		return no_memory(j);
	*copy = *j->parts[k].terms;
	copy->fees_n = 0;
	copy->minimums_n = 0;
	*out = copy;
	return TS_OK;
}

/* Prices whose counter begins with this part. */
static enum ts_err fresh_usage(const struct ts_version_job *j, size_t k, struct ts_slice *slice)
{
	const struct ts_version_part *part = &j->parts[k];
	struct ts_charge *with = NULL;
	*slice = (struct ts_slice){.period = *j->period};
	slice->period.first_day = part->first_day;
	TS_TRY(usage_terms(j, k, &slice->terms));
	TS_TRY(rate(j, slice, part->measures, part->measures_n, &with, &slice->with_n));
	keep(j, k, false, with, &slice->with_n);
	slice->with = with;
	return TS_OK;
}

/* Prices whose counter goes on: with the quantity of before and without it. */
static enum ts_err carried_usage(const struct ts_version_job *j, size_t k, struct ts_slice *slice)
{
	const struct ts_version_part *part = &j->parts[k];
	size_t prices = part->terms->prices_n, n = 0;
	struct ts_charge *with = NULL, *before = NULL;
	*slice = (struct ts_slice){.period = *j->period};
	slice->period.first_day = j->chain_day[k];
	TS_TRY(usage_terms(j, k, &slice->terms));
	struct ts_measure *measures = ts_region_array(
		j->region, prices + part->measures_n + 1, sizeof *measures);
	if (measures == NULL)
		return no_memory(j);
	int32_t month = ts_month_of_day(slice->period.first_day);
	for (size_t i = 0; i < prices; i++)
		if (j->base[k][i] != 0)
			measures[n++] = (struct ts_measure){
				.price = i, .month = month, .quantity = j->base[k][i]};
	size_t base_n = n;
	TS_TRY(rate(j, slice, measures, base_n, &before, &slice->before_n));
	for (size_t m = 0; m < part->measures_n; m++) {
		const struct ts_measure *own = &part->measures[m];
		size_t at = 0;
		while (at < base_n &&
			!(measures[at].price == own->price && measures[at].month == own->month))
			at++;
		if (at < base_n)
			TS_TRY(ts_add128(
				measures[at].quantity, own->quantity, &measures[at].quantity));
		else
			measures[n++] = *own;
	}
	TS_TRY(rate(j, slice, measures, n, &with, &slice->with_n));
	keep(j, k, true, with, &slice->with_n);
	keep(j, k, true, before, &slice->before_n);
	slice->with = with;
	slice->before = before;
	return TS_OK;
}

static int segment_cmp(const void *a, const void *b)
{
	const struct ts_segment *x = a, *y = b;
	return (x->from_day > y->from_day) - (x->from_day < y->from_day);
}

/* The schedule of an id in a version; n 0: it has none. */
typedef struct ts_schedule (*schedule_of)(const struct ts_terms *terms, const char *id);

static struct ts_schedule fee_schedule(const struct ts_terms *terms, const char *id)
{
	for (size_t i = 0; i < terms->fees_n; i++)
		if (strcmp(terms->fees[i].id, id) == 0)
			return (struct ts_schedule){
				terms->fees[i].segments, terms->fees[i].segments_n};
	return (struct ts_schedule){0};
}

static struct ts_schedule minimum_schedule(const struct ts_terms *terms, const char *id)
{
	for (size_t i = 0; i < terms->minimums_n; i++)
		if (strcmp(terms->minimums[i].id, id) == 0)
			return (struct ts_schedule){
				terms->minimums[i].segments, terms->minimums[i].segments_n};
	return (struct ts_schedule){0};
}

/* What the first `parts_n` versions owe on the days that each governs. */
static enum ts_err governed(const struct ts_version_job *j, size_t parts_n, schedule_of of,
	const char *id, struct ts_schedule *out)
{
	size_t room = 1, n = 0;
	for (size_t k = 0; k < parts_n; k++)
		room += of(j->parts[k].terms, id).n * j->parts[k].days_n;
	struct ts_segment *list = ts_region_array(j->region, room, sizeof *list);
	if (list == NULL)
		return no_memory(j);
	for (size_t k = 0; k < parts_n; k++) {
		struct ts_schedule s = of(j->parts[k].terms, id);
		for (size_t i = 0; i < s.n * j->parts[k].days_n; i++) {
			struct ts_segment cut = s.segments[i / j->parts[k].days_n];
			const struct ts_day_range *days = &j->parts[k].days[i % j->parts[k].days_n];
			if (cut.from_day < days->from_day)
				cut.from_day = days->from_day;
			if (cut.to_day > days->to_day)
				cut.to_day = days->to_day;
			if (cut.from_day < cut.to_day)
				list[n++] = cut;
		}
	}
	qsort(list, n, sizeof *list, segment_cmp);
	*out = (struct ts_schedule){list, n};
	return TS_OK;
}

enum ts_err ts_version_minimum(
	const struct ts_version_job *j, size_t parts_n, const char *id, struct ts_schedule *out)
{
	return governed(j, parts_n, minimum_schedule, id, out);
}

/* The version's fees with the schedules of parts [0, parts_n) up to it. */
static enum ts_err fee_terms(
	const struct ts_version_job *j, size_t k, size_t parts_n, const struct ts_terms **out)
{
	const struct ts_terms *terms = j->parts[k].terms;
	struct ts_terms *copy = ts_region_alloc(j->region, sizeof *copy);
	struct ts_fee *fees = ts_region_array(j->region, terms->fees_n + 1, sizeof *fees);
	if (copy == NULL || fees == NULL)
		return no_memory(j);
	*copy = *terms;
	copy->prices_n = 0;
	copy->minimums_n = 0;
	copy->fees = fees;
	for (size_t i = 0; i < terms->fees_n; i++) {
		struct ts_schedule s;
		TS_TRY(governed(j, parts_n, fee_schedule, terms->fees[i].id, &s));
		fees[i] = terms->fees[i];
		fees[i].segments = s.segments;
		fees[i].segments_n = s.n;
	}
	*out = copy;
	return TS_OK;
}

static enum ts_err fees(const struct ts_version_job *j, size_t k, struct ts_slice *slice)
{
	struct ts_slice before = {.period = *j->period};
	struct ts_charge *charges = NULL;
	*slice = (struct ts_slice){.period = *j->period};
	TS_TRY(fee_terms(j, k, k, &before.terms));
	TS_TRY(rate(j, &before, NULL, 0, &charges, &slice->before_n));
	slice->before = charges;
	TS_TRY(fee_terms(j, k, k + 1, &slice->terms));
	TS_TRY(rate(j, slice, NULL, 0, &charges, &slice->with_n));
	slice->with = charges;
	return TS_OK;
}

static int charge_cmp(const void *a, const void *b)
{
	const struct ts_charge *x = &((const struct ts_version_charge *)a)->charge;
	const struct ts_charge *y = &((const struct ts_version_charge *)b)->charge;
	const int64_t left[] = {x->kind, (int64_t)x->item, x->tier, x->month};
	const int64_t right[] = {y->kind, (int64_t)y->item, y->tier, y->month};
	for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}

static enum ts_err make_room(struct ts_version_job *j, size_t more)
{
	if (j->charges_n + more <= j->cap)
		return TS_OK;
	size_t cap = (j->charges_n + more) * 2;
	struct ts_version_charge *grown = ts_region_array(j->region, cap, sizeof *grown);
	if (grown == NULL)
		return no_memory(j);
	if (j->charges_n > 0)
		memcpy(grown, j->charges, j->charges_n * sizeof *grown);
	j->charges = grown;
	j->cap = cap;
	return TS_OK;
}

/* Of a volume price the whole quantity has one tier: the one that it reaches now. */
static int32_t tier_now(const struct ts_slice *slice, const struct ts_charge *charge)
{
	if (charge->kind == TS_CHARGE_USAGE &&
		slice->terms->prices[charge->item].model == TS_PRICE_VOLUME)
		for (size_t i = 0; i < slice->with_n; i++)
			if (slice->with[i].item == charge->item)
				return slice->with[i].tier;
	return charge->tier;
}

/* with - before, by (kind, item, tier, month). */
static enum ts_err add_slice(struct ts_version_job *j, size_t part, const struct ts_slice *slice)
{
	size_t first = j->charges_n, used = first;
	TS_TRY(make_room(j, slice->with_n + slice->before_n));
	for (size_t i = 0; i < slice->with_n; i++)
		j->charges[j->charges_n++] = (struct ts_version_charge){part, slice->with[i]};
	for (size_t i = 0; i < slice->before_n; i++) {
		struct ts_charge back = slice->before[i];
		back.tier = tier_now(slice, &back);
		back.quantity = -back.quantity;
		back.amount_minor = -back.amount_minor;
		j->charges[j->charges_n++] = (struct ts_version_charge){part, back};
	}
	if (j->charges_n == first)
		return TS_OK;
	qsort(&j->charges[first], j->charges_n - first, sizeof *j->charges, charge_cmp);
	for (size_t i = first; i < j->charges_n; i++) {
		if (used > first && charge_cmp(&j->charges[used - 1], &j->charges[i]) == 0) {
			struct ts_charge *sum = &j->charges[used - 1].charge;
			TS_TRY(ts_add128(
				sum->quantity, j->charges[i].charge.quantity, &sum->quantity));
			TS_TRY(ts_add64(sum->amount_minor, j->charges[i].charge.amount_minor,
				&sum->amount_minor));
		} else {
			j->charges[used++] = j->charges[i];
		}
	}
	j->charges_n = first;
	for (size_t i = first; i < used; i++)
		if (j->charges[i].charge.quantity != 0 || j->charges[i].charge.amount_minor != 0)
			j->charges[j->charges_n++] = j->charges[i];
	return TS_OK;
}

static bool has_minimum(const struct ts_terms *terms, const char *id, size_t *item)
{
	for (size_t i = 0; i < terms->minimums_n; i++)
		if (strcmp(terms->minimums[i].id, id) == 0) {
			*item = i;
			return true;
		}
	return false;
}

/* The last version of the period that has the minimum makes it up. */
static bool makes_up(const struct ts_version_job *j, size_t k, const char *id)
{
	size_t item = 0;
	for (size_t later = k + 1; later < j->n; later++)
		if (has_minimum(j->parts[later].terms, id, &item))
			return false;
	return true;
}

bool ts_version_counts(const struct ts_version_job *j, const struct ts_minimum *m, size_t part,
	enum ts_charge_kind kind)
{
	size_t item = 0;
	bool of_kind = (kind == TS_CHARGE_USAGE && m->counts_usage) ||
		       (kind == TS_CHARGE_FEE && m->counts_fees);
	return of_kind && has_minimum(j->parts[part].terms, m->id, &item);
}

/* Due by the days of every version that has it, less what counts of their rounded lines. */
static enum ts_err minimum(struct ts_version_job *j, size_t k, size_t item, size_t counted_n)
{
	const struct ts_minimum *m = &j->parts[k].terms->minimums[item];
	const struct ts_period *p = j->period;
	struct ts_schedule s = {0};
	ts_i128 product = 0, amount = 0;
	int64_t due = 0, counted = 0;
	TS_TRY(ts_version_minimum(j, k + 1, m->id, &s));
	for (size_t i = 0; i < s.n; i++) {
		ts_i128 part = 0;
		TS_TRY(ts_mul128(s.segments[i].amount_minor,
			(ts_i128)s.segments[i].to_day - s.segments[i].from_day, &part));
		TS_TRY(ts_add128(product, part, &product));
	}
	TS_TRY(ts_muldiv(product, 1, p->full_end_day - p->full_first_day,
		j->parts[k].terms->rounding, &amount));
	TS_TRY(ts_to64(amount, &due));
	for (size_t i = 0; i < counted_n; i++)
		if (ts_version_counts(j, m, j->charges[i].part, j->charges[i].charge.kind))
			TS_TRY(ts_add64(counted, j->charges[i].charge.amount_minor, &counted));
	if (due <= counted)
		return TS_OK;
	TS_TRY(make_room(j, 1));
	j->charges[j->charges_n++] = (struct ts_version_charge){
		k, {.kind = TS_CHARGE_TRUE_UP,
			   .item = item,
			   .period = p->index,
			   .month = ts_month_of_day(p->end_day - 1),
			   .amount_minor = due - counted,
			   .basis = counted,
			   .limit = due}};
	return TS_OK;
}

static int part_cmp(const void *a, const void *b)
{
	const struct ts_version_charge *x = a, *y = b;
	return x->part != y->part ? (x->part < y->part ? -1 : 1) : charge_cmp(a, b);
}

typedef enum ts_err (*slice_of)(const struct ts_version_job *j, size_t k, struct ts_slice *slice);
static const slice_of slices_of[TS_SLICES] = {
	[TS_SLICE_FRESH] = fresh_usage, [TS_SLICE_CARRIED] = carried_usage, [TS_SLICE_FEES] = fees};

static enum ts_err begin(struct ts_version_job *j)
{
	j->base = ts_region_array(j->region, j->n + 1, sizeof *j->base);
	j->carried = ts_region_array(j->region, j->n + 1, sizeof *j->carried);
	j->chain_day = ts_region_array(j->region, j->n + 1, sizeof *j->chain_day);
	j->slices = ts_region_array(j->region, j->n * TS_SLICES + 1, sizeof *j->slices);
	return j->base == NULL || j->carried == NULL || j->chain_day == NULL || j->slices == NULL
		       ? no_memory(j)
		       : TS_OK;
}

static enum ts_err work(struct ts_version_job *j)
{
	TS_TRY(begin(j));
	for (size_t k = 0; k < j->n; k++) {
		TS_TRY(carry(j, k));
		for (size_t i = 0; i < TS_SLICES; i++) {
			struct ts_slice *slice = &j->slices[k * TS_SLICES + i];
			TS_TRY(slices_of[i](j, k, slice));
			TS_TRY(add_slice(j, k, slice));
		}
	}
	size_t counted_n = j->charges_n;
	for (size_t k = 0; k < j->n && j->as_of_day >= j->period->end_day - 1; k++)
		for (size_t i = 0; i < j->parts[k].terms->minimums_n; i++)
			if (makes_up(j, k, j->parts[k].terms->minimums[i].id))
				TS_TRY(minimum(j, k, i, counted_n));
	if (j->charges_n > 0)
		qsort(j->charges, j->charges_n, sizeof *j->charges, part_cmp);
	return TS_OK;
}

enum ts_err ts_version_work(struct ts_version_job *j)
{
	enum ts_err err = work(j);
	return err != TS_E_OVERFLOW ? err
				    : ts_why(j->why, err, "", "the amounts of a period overflow");
}

enum ts_err ts_rate_versions(const struct ts_period *period, const struct ts_version_part *parts,
	size_t n, int32_t as_of_day, struct ts_region *region, struct ts_version_charge **out,
	size_t *out_n, struct ts_why *why)
{
	struct ts_version_job j = {.period = period,
		.parts = parts,
		.n = n,
		.as_of_day = as_of_day,
		.region = region,
		.why = why};
	TS_TRY(ts_version_work(&j));
	*out = j.charges;
	*out_n = j.charges_n;
	return TS_OK;
}
