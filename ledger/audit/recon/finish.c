/* SPDX-License-Identifier: Apache-2.0 */
/* After the last hour: records without names are compared as sums of their day, terms that differ
 * become rate items, and tolerances of lines and of the invoice have their say. */
#include "audit/recon/state.h"
#include <stdlib.h>
#include <string.h>

static bool is_missing(const struct ts_recon_item *item)
{
	return item->category == TS_RECON_MISSING_AT_PROVIDER ||
	       item->category == TS_RECON_MISSING_AT_PARTNER;
}

static bool names_nothing(const struct ts_recon_item *item)
{
	for (int side = 0; side < 2; side++)
		for (const struct ts_recon_row *r = item->rows[side]; r != NULL; r = r->next)
			if (ts_str_is(r->usage.workload, "-") || ts_str_is(r->usage.resource, "-"))
				return true;
	return false;
}

static int by_day(const void *a, const void *b)
{
	const struct ts_recon_item *x = a, *y = b;
	if (is_missing(x) != is_missing(y))
		return is_missing(x) ? -1 : 1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	int c = strcmp(x->sku, y->sku);
	return c != 0 ? c : (x->start_ms > y->start_ms) - (x->start_ms < y->start_ms);
}

static void merge(struct ts_recon_item *sum, const struct ts_recon_item *item)
{
	for (int side = 0; side < 2; side++) {
		struct ts_recon_row **tail = &sum->rows[side];
		while (*tail != NULL)
			tail = &(*tail)->next;
		*tail = item->rows[side];
		sum->rows_n[side] += item->rows_n[side];
		sum->quantity[side] += item->quantity[side]; /* below the side's checked total */
	}
	sum->delta = sum->quantity[0] - sum->quantity[1];
	sum->start_ms = item->start_ms < sum->start_ms ? item->start_ms : sum->start_ms;
	sum->end_ms = item->end_ms > sum->end_ms ? item->end_ms : sum->end_ms;
}

/* The missing items [from, to) of one day and SKU, as one, if some name no workload or resource and
 * both sides have any. False: nothing was done. */
static enum ts_err fold_day(struct ts_recon_state *s, size_t from, size_t to, bool *folded)
{
	bool named = true, sides[2] = {false, false};
	for (size_t i = from; i < to; i++) {
		named = named && !names_nothing(&s->items[i]);
		sides[0] = sides[0] || s->items[i].rows_n[0] > 0;
		sides[1] = sides[1] || s->items[i].rows_n[1] > 0;
	}
	*folded = !named && sides[0] && sides[1];
	if (!*folded)
		return TS_OK;
	struct ts_recon_item sum = s->items[from];
	for (size_t i = from + 1; i < to; i++) {
		merge(&sum, &s->items[i]);
		TS_TRY(ts_add64(sum.amount_minor, s->items[i].amount_minor, &sum.amount_minor));
	}
	sum.residual = true;
	sum.category = TS_RECON_QUANTITY;
	sum.within = ts_recon_tolerates(s, &sum);
	s->items[from] = sum;
	return TS_OK;
}

static enum ts_err residual(struct ts_recon_state *s)
{
	size_t n = 0, i = 0;
	if (s->items_n > 1)
		qsort(s->items, s->items_n, sizeof *s->items, by_day);
	while (i < s->items_n && is_missing(&s->items[i])) {
		size_t end = i + 1;
		bool folded = false;
		while (end < s->items_n && is_missing(&s->items[end]) &&
			s->items[end].day == s->items[i].day &&
			strcmp(s->items[end].sku, s->items[i].sku) == 0)
			end++;
		TS_TRY(fold_day(s, i, end, &folded));
		size_t keep = folded ? i + 1 : end;
		if (folded && s->items[i].delta == 0 && s->items[i].amount_minor == 0) {
			s->report->work.agreed_groups++;
			keep = i;
		}
		for (size_t k = i; k < keep; k++)
			s->items[n++] = s->items[k];
		i = end;
	}
	for (; i < s->items_n; i++)
		s->items[n++] = s->items[i];
	s->items_n = n;
	return TS_OK;
}

static int by_rate(const void *a, const void *b)
{
	const struct ts_recon_rate *x = a, *y = b;
	int64_t p = x->quarter / 96, q = y->quarter / 96;
	if (p != q)
		return p < q ? -1 : 1;
	if (x->sku != y->sku)
		return x->sku < y->sku ? -1 : 1;
	for (int side = 0; side < 2; side++)
		if (x->entry[side] != y->entry[side])
			return x->entry[side] < y->entry[side] ? -1 : 1;
	return (x->quarter > y->quarter) - (x->quarter < y->quarter);
}

static bool same_rate_item(const struct ts_recon_rate *x, const struct ts_recon_rate *y)
{
	return x->quarter / 96 == y->quarter / 96 && x->sku == y->sku &&
	       x->entry[0] == y->entry[0] && x->entry[1] == y->entry[1];
}

static enum ts_err rate_item(
	struct ts_recon_state *s, const struct ts_recon_rate *rows, size_t n, struct ts_why *why)
{
	const struct ts_recon_sku *sku = ts_rowset_at(&s->skus, rows->sku);
	struct ts_recon_item item = {.category = TS_RECON_RATE,
		.day = (int32_t)(rows->quarter / 96),
		.start_ms = rows[0].quarter * TS_QUARTER_MS,
		.end_ms = (rows[n - 1].quarter + 1) * TS_QUARTER_MS,
		.sku = sku->sku};
	for (size_t i = 0; i < n; i++) {
		const struct ts_recon_rate *r = &rows[i];
		int64_t us = r->quarter * TS_US_PER_QUARTER;
		TS_TRY(ts_add128(item.quantity[0], r->quantity, &item.quantity[0]));
		TS_TRY(ts_tariff_add(&s->now, r->entry[1], r->terms[1], us, -r->quantity, why));
		TS_TRY(ts_tariff_add(&s->now, r->entry[0], r->terms[0], us, r->quantity, why));
	}
	item.quantity[1] = item.quantity[0];
	for (int side = 0; side < 2; side++) {
		item.price[side] = s->now.entries[rows->entry[side]].id;
		item.rate[side] = s->now.entries[rows->entry[side]].words;
	}
	TS_TRY(ts_tariff_settle(&s->now, &item.amount_minor, why));
	bool priced = rows->entry[0] >= TS_TARIFF_FIRST || rows->entry[1] >= TS_TARIFF_FIRST;
	return priced ? ts_recon_add_item(s, &item, why) : TS_OK;
}

static enum ts_err rates(struct ts_recon_state *s, struct ts_why *why)
{
	struct ts_recon_rate *list = ts_region_array(s->region, s->rates.n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_LIMIT;
	for (size_t i = 0; i < s->rates.n; i++)
		list[i] = *(const struct ts_recon_rate *)ts_rowset_at(&s->rates, i);
	qsort(list, s->rates.n, sizeof *list, by_rate);
	for (size_t i = 0, end = 0; i < s->rates.n; i = end) {
		for (end = i; end < s->rates.n && same_rate_item(&list[i], &list[end]); end++)
			;
		TS_TRY(rate_item(s, &list[i], end - i, why));
	}
	return TS_OK;
}

/* Currencies differ: one item about all of it, and no amounts. */
static enum ts_err currency(struct ts_recon_state *s, struct ts_why *why)
{
	const struct ts_recon_report *r = s->report;
	if (r->amounts || s->skus.n == 0)
		return TS_OK;
	struct ts_recon_item item = {.category = TS_RECON_CURRENCY,
		.day = (int32_t)(r->from_ms / TS_RECON_MS_PER_DAY),
		.start_ms = r->from_ms,
		.end_ms = r->to_ms,
		.sku = "-",
		.price = {"-", "-"},
		.rate = {r->currency[0]->code, r->currency[1]->code}};
	return ts_recon_add_item(s, &item, why);
}

/* The worth of a SKU's slots at the provider. */
static int64_t base_of(const struct ts_recon_state *s, const char *sku)
{
	int64_t sum = 0;
	for (size_t i = 0; i < s->target.slots.n; i++) {
		const struct ts_tariff_slot *slot = ts_rowset_at(&s->target.slots, i);
		const struct ts_terms *terms = s->target.entries[slot->entry].terms;
		if (strcmp(terms->skus[terms->prices[0].sku].id, sku) == 0)
			sum += slot->amount_minor; /* below the checked total */
	}
	return sum;
}

/* What is within by record but sums to too much is an item after all. */
static void hold(struct ts_recon_state *s, const char *sku, int64_t base_minor,
	const struct ts_tolerance *tolerance, const char *level)
{
	ts_i128 sum = 0;
	for (size_t i = 0; i < s->items_n; i++)
		if (s->items[i].within && (sku == NULL || strcmp(s->items[i].sku, sku) == 0))
			sum += s->items[i].amount_minor;
	int64_t minor = INT64_MAX;
	if (ts_to64(sum, &minor) == TS_OK &&
		ts_recon_tolerance_holds(tolerance, base_minor, minor, true, minor))
		return;
	for (size_t i = 0; i < s->items_n; i++)
		if (s->items[i].within && (sku == NULL || strcmp(s->items[i].sku, sku) == 0)) {
			s->items[i].within = false;
			s->items[i].held = level;
		}
}

static void levels(struct ts_recon_state *s)
{
	const struct ts_dealing *t = s->options->dealing;
	for (size_t k = 0; k < s->skus.n; k++) {
		const struct ts_recon_sku *sku = ts_rowset_at(&s->skus, k);
		hold(s, sku->sku, base_of(s, sku->sku), &t->line, "line");
	}
	hold(s, NULL, s->report->total_minor[0], &t->invoice, "invoice");
}

static int by_time(const void *a, const void *b)
{
	const struct ts_recon_item *x = a, *y = b;
	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	int c = strcmp(x->sku, y->sku);
	if (c == 0)
		c = (int)x->category - (int)y->category;
	for (int side = 0; side < 2 && c == 0; side++) {
		const struct ts_recon_row *p = x->rows[side], *q = y->rows[side];
		if ((p == NULL) != (q == NULL))
			return p == NULL ? -1 : 1;
		c = p == NULL ? 0 : ts_str_cmp(p->line, q->line);
		if (c == 0 && p != NULL && p->number != q->number)
			c = p->number < q->number ? -1 : 1;
	}
	if (c == 0 && x->price[0] != NULL && y->price[0] != NULL)
		c = strcmp(x->price[0], y->price[0]);
	if (c == 0 && x->price[1] != NULL && y->price[1] != NULL)
		c = strcmp(x->price[1], y->price[1]);
	return c;
}

static int days_by_day(const void *a, const void *b)
{
	return ((const struct ts_recon_day *)a)->day - ((const struct ts_recon_day *)b)->day;
}

static int skus_by_name(const void *a, const void *b)
{
	return strcmp(((const struct ts_recon_sku *)a)->sku, ((const struct ts_recon_sku *)b)->sku);
}

static enum ts_err add_sums(struct ts_recon_state *s, const struct ts_recon_item *item)
{
	struct ts_recon_report *r = s->report;
	struct ts_recon_category_sum *sum = item->within ? &r->within_sum
							 : &r->sums[item->category];
	int64_t *minor = item->within ? &r->within_minor : &r->items_minor;
	const struct ts_recon_day key = {.day = item->day};
	void *found = NULL;
	struct ts_recon_sku *sku = ts_recon_sku_of(s, ts_str(item->sku), NULL);
	sum->items++;
	TS_TRY(ts_add64(sum->amount_minor, item->amount_minor, &sum->amount_minor));
	TS_TRY(ts_add64(*minor, item->amount_minor, minor));
	if (sku != NULL) {
		ts_i128 *q = item->within ? &sku->within : &sku->items;
		TS_TRY(ts_add128(*q, item->delta, q));
	}
	TS_TRY(ts_rowset_get(&s->days, &key, &found));
	struct ts_recon_day *day = found;
	*(item->within ? &day->within : &day->items) += 1;
	return ts_add64(day->amount_minor, item->amount_minor, &day->amount_minor);
}

static enum ts_err publish(struct ts_recon_state *s)
{
	struct ts_recon_report *r = s->report;
	if (s->items_n > 1)
		qsort(s->items, s->items_n, sizeof *s->items, by_time);
	for (size_t i = 0; i < s->items_n; i++)
		TS_TRY(add_sums(s, &s->items[i]));
	r->items = ts_region_array(s->region, s->items_n + 1, sizeof *r->items);
	r->skus = ts_region_array(s->region, s->skus.n + 1, sizeof *r->skus);
	r->days = ts_region_array(s->region, s->days.n + 1, sizeof *r->days);
	if (!r->items || !r->skus || !r->days)
		return TS_E_LIMIT;
	if (s->items_n > 0)
		memcpy(r->items, s->items, s->items_n * sizeof *r->items);
	r->items_n = s->items_n;
	for (; r->skus_n < s->skus.n; r->skus_n++)
		r->skus[r->skus_n] = *(struct ts_recon_sku *)ts_rowset_at(&s->skus, r->skus_n);
	for (; r->days_n < s->days.n; r->days_n++)
		r->days[r->days_n] = *(struct ts_recon_day *)ts_rowset_at(&s->days, r->days_n);
	qsort(r->skus, r->skus_n, sizeof *r->skus, skus_by_name);
	qsort(r->days, r->days_n, sizeof *r->days, days_by_day);
	for (size_t i = 0; i < s->offsets.n; i++) {
		const struct ts_recon_offset *o = ts_rowset_at(&s->offsets, i);
		bool nearer = o->groups == r->clock.groups && o->offset_ms < r->clock.offset_ms;
		if (o->groups > r->clock.groups || nearer) {
			r->clock.groups = o->groups;
			r->clock.offset_ms = o->offset_ms;
		}
	}
	return TS_OK;
}

enum ts_err ts_recon_finish(struct ts_recon_state *s, struct ts_why *why)
{
	enum ts_err err = residual(s);
	if (err == TS_OK && s->report->amounts)
		err = rates(s, why);
	if (err == TS_OK)
		err = currency(s, why);
	if (err == TS_OK && s->report->amounts && !ts_tariff_same(&s->now, &s->target))
		return ts_why(why, TS_E_INTERNAL, "reconciliation",
			"the differences do not lead from the partner's quantities to the "
			"provider's: no report");
	if (err == TS_OK && s->report->amounts)
		levels(s);
	if (err == TS_OK)
		err = publish(s);
	return err == TS_OK || why->text[0] != '\0'
		       ? err
		       : ts_why(why, err, "items", "the report takes too much memory");
}
