/* SPDX-License-Identifier: Apache-2.0 */
/* From the sums of days to those of hours. What decides the price (class; account and cluster where
 * prices depend on them) is part of what is compared: equal records at another price differ. */
#include "audit/recon/state.h"
#include <stdlib.h>
#include <string.h>

#define QUARTERS_PER_HOUR 4
#define HOURS_PER_DAY 24

/* Records of one position that start in one span of time. */
struct lane {
	int64_t span; /* hour, or day */
	uint32_t sku;
	const char *position;
	size_t position_len;
	bool failed;
	int64_t count[2];
	struct ts_digest digest[2];
};

static uint64_t hash_bytes(uint64_t hash, const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)at[i]) * UINT64_C(1099511628211);
	return ts_hash_mix(hash, len);
}

static uint64_t lane_hash(const void *row)
{
	const struct lane *l = row;
	return hash_bytes(ts_hash_mix(ts_hash_mix(0, (uint64_t)l->span), l->sku), l->position,
		l->position_len);
}

static bool lane_same(const void *a, const void *b)
{
	const struct lane *x = a, *y = b;
	return x->span == y->span && x->sku == y->sku && x->position_len == y->position_len &&
	       memcmp(x->position, y->position, x->position_len) == 0;
}

static bool lane_agrees(const struct lane *l)
{
	return !l->failed && l->count[0] == l->count[1] &&
	       memcmp(&l->digest[0], &l->digest[1], sizeof l->digest[0]) == 0;
}

struct narrow {
	struct ts_recon_state *s;
	struct ts_rowset hours, days; /* struct lane */
	char position[3 * TS_RECORD_BYTES_MAX + 4];
};

static size_t put_text(char *out, size_t at, struct ts_str text)
{
	memcpy(out + at, text.at, text.len);
	out[at + text.len] = '\t';
	return at + text.len + 1;
}

static void position_of(struct narrow *w, const struct ts_recon_sheet *sheet,
	const struct ts_cell *cell, struct lane *lane)
{
	size_t len = put_text(w->position, 0, cell->class);
	if (w->s->by_account)
		len = put_text(w->position, len, cell->account);
	if (w->s->by_cluster)
		len = put_text(w->position, len, sheet->cluster);
	lane->position = w->position;
	lane->position_len = len;
}

static enum ts_err add_lane(struct narrow *w, struct ts_rowset *set, struct lane key, int side,
	const struct ts_recon_sheet *sheet, const struct ts_cell *cell)
{
	struct lane *lane = ts_rowset_find(set, &key);
	if (lane == NULL) {
		key.position = ts_region_copy(w->s->region, key.position, key.position_len);
		void *added = NULL;
		if (key.position == NULL)
			return TS_E_NO_MEMORY;
		TS_TRY(ts_rowset_add(set, &key, &added));
		lane = added;
	}
	lane->failed = lane->failed || sheet->failed;
	ts_digest_add(&lane->digest[side], &cell->digest);
	return ts_add64(lane->count[side], cell->count, &lane->count[side]);
}

static enum ts_err sku_get(struct narrow *w, struct ts_str name, struct ts_recon_sku **out)
{
	struct ts_recon_sku *row = ts_recon_sku_of(w->s, name, NULL);
	struct ts_recon_sku key = {.unit = "", .divisor = 1};
	void *added = NULL;
	if (row != NULL) {
		*out = row;
		return TS_OK;
	}
	if (w->s->skus.n == TS_RECON_SKUS_MAX)
		return TS_E_LIMIT;
	key.sku = ts_region_copy(w->s->region, name.at, name.len);
	if (key.sku == NULL)
		return TS_E_NO_MEMORY;
	for (int side = 1; side >= 0; side--)
		for (size_t v = w->s->options->side[side].versions_n; v-- > 0;) {
			const struct ts_terms *t = w->s->options->side[side].versions[v].terms;
			for (size_t i = 0; i < t->skus_n; i++)
				if (ts_str_is(name, t->skus[i].id)) {
					key.unit = t->skus[i].unit;
					key.divisor = t->skus[i].divisor;
				}
		}
	TS_TRY(ts_rowset_add(&w->s->skus, &key, &added));
	*out = added;
	return TS_OK;
}

/* Its price by the terms of either side. */
static enum ts_err price_cell(struct narrow *w, int side, const struct ts_recon_sheet *sheet,
	const struct ts_cell *cell, struct ts_recon_sku *sku, uint32_t sku_number,
	struct ts_why *why)
{
	struct ts_recon_state *s = w->s;
	int64_t us = cell->quarter * TS_US_PER_QUARTER;
	const struct ts_usage_key key = {cell->sku, cell->class, cell->account, sheet->cluster, us};
	struct ts_recon_rate rate = {.quarter = cell->quarter, .sku = sku_number};
	for (int by = 0; by < 2; by++)
		rate.entry[by] = ts_tariff_entry_at(
			&s->now, (enum ts_recon_side)by, &key, &rate.terms[by]);
	if (rate.entry[side] == TS_TARIFF_NONE)
		TS_TRY(ts_add128(sku->unpriced[side], cell->quantity, &sku->unpriced[side]));
	TS_TRY(ts_tariff_add(side == TS_RECON_PROVIDER ? &s->target : &s->now, rate.entry[side],
		rate.terms[side], us, cell->quantity, why));
	if (side == TS_RECON_PARTNER || rate.entry[0] == rate.entry[1])
		return TS_OK;
	void *row = NULL;
	TS_TRY(ts_rowset_get(&s->rates, &rate, &row));
	struct ts_recon_rate *r = row;
	return ts_add128(r->quantity, cell->quantity, &r->quantity);
}

static enum ts_err add_cell(struct narrow *w, int side, const struct ts_recon_sheet *sheet,
	const struct ts_cell *cell, struct ts_why *why)
{
	struct ts_recon_sku *sku = NULL;
	struct lane lane = {.span = cell->quarter / QUARTERS_PER_HOUR};
	void *row = NULL;
	TS_TRY(sku_get(w, cell->sku, &sku));
	(void)ts_recon_sku_of(w->s, cell->sku, &lane.sku);
	TS_TRY(ts_add64(sku->records[side], cell->count, &sku->records[side]));
	TS_TRY(ts_add128(sku->quantity[side], cell->quantity, &sku->quantity[side]));
	TS_TRY(price_cell(w, side, sheet, cell, sku, lane.sku, why));
	if (cell->count == 0)
		return TS_OK;
	position_of(w, sheet, cell, &lane);
	TS_TRY(add_lane(w, &w->hours, lane, side, sheet, cell));
	lane.span /= HOURS_PER_DAY;
	TS_TRY(add_lane(w, &w->days, lane, side, sheet, cell));
	const struct ts_recon_day key = {.day = (int32_t)lane.span};
	TS_TRY(ts_rowset_get(&w->s->days, &key, &row));
	struct ts_recon_day *day = row;
	return ts_add64(day->records[side], cell->count, &day->records[side]);
}

static int by_sku_hour(const void *a, const void *b)
{
	const struct ts_recon_hour *x = a, *y = b;
	if (x->sku != y->sku)
		return x->sku < y->sku ? -1 : 1;
	return (x->hour > y->hour) - (x->hour < y->hour);
}

static int by_hour_sku(const void *a, const void *b)
{
	const struct ts_recon_hour *x = a, *y = b;
	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return (x->sku > y->sku) - (x->sku < y->sku);
}

/* One row per (span, SKU), sorted by (SKU, span); `differs` when one of its lanes does. */
static enum ts_err collect(
	struct narrow *w, const struct ts_rowset *lanes, struct ts_recon_hour **out, size_t *out_n)
{
	struct ts_recon_hour *list = ts_region_array(w->s->region, lanes->n + 1, sizeof *list);
	size_t n = 0;
	if (!list)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < lanes->n; i++) {
		const struct lane *l = ts_rowset_at(lanes, i);
		list[i] = (struct ts_recon_hour){l->span, l->sku, !lane_agrees(l), false};
	}
	qsort(list, lanes->n, sizeof *list, by_sku_hour);
	for (size_t i = 0; i < lanes->n; i++) {
		if (n > 0 && by_sku_hour(&list[n - 1], &list[i]) == 0)
			list[n - 1].differs = list[n - 1].differs || list[i].differs;
		else
			list[n++] = list[i];
	}
	*out = list;
	*out_n = n;
	return TS_OK;
}

/* Beside an hour that differs the records that reach into it, or out of it, are read too: one that
 * is only in one file may overlap them. */
static void open_hours(struct ts_recon_state *s, const struct ts_recon_hour *days, size_t days_n)
{
	const struct ts_recon_options *o = s->options;
	int64_t span = o->side[0].span_ms_max > o->side[1].span_ms_max ? o->side[0].span_ms_max
								       : o->side[1].span_ms_max;
	int64_t reach = (span + TS_RECON_MS_PER_HOUR - 1) / TS_RECON_MS_PER_HOUR;
	struct ts_recon_hour *h = s->hours;
	for (size_t i = 0; i < s->hours_n; i++) {
		const struct ts_recon_hour key = {
			.hour = h[i].hour / HOURS_PER_DAY, .sku = h[i].sku};
		const struct ts_recon_hour *day = bsearch(
			&key, days, days_n, sizeof *days, by_sku_hour);
		h[i].differs = h[i].differs && day != NULL && day->differs;
		h[i].open = h[i].differs;
	}
	size_t last = SIZE_MAX;
	for (size_t i = 0; i < s->hours_n; i++) {
		if (h[i].differs)
			last = i;
		else if (last != SIZE_MAX && h[last].sku == h[i].sku &&
			 h[i].hour - h[last].hour <= reach)
			h[i].open = true;
	}
	last = SIZE_MAX;
	for (size_t i = s->hours_n; i-- > 0;) {
		if (h[i].differs)
			last = i;
		else if (last != SIZE_MAX && h[last].sku == h[i].sku &&
			 h[last].hour - h[i].hour <= reach)
			h[i].open = true;
	}
	qsort(h, s->hours_n, sizeof *h, by_hour_sku);
}

static void count_work(struct ts_recon_state *s, const struct ts_recon_hour *days, size_t days_n)
{
	struct ts_recon_work *work = &s->report->work;
	work->days = (int64_t)days_n;
	for (size_t i = 0; i < days_n; i++)
		work->days_differing += days[i].differs;
	work->hours = (int64_t)s->hours_n;
	for (size_t i = 0; i < s->hours_n; i++)
		work->hours_opened += s->hours[i].open;
}

enum ts_err ts_recon_narrow(struct ts_recon_state *s, struct ts_why *why)
{
	struct narrow w = {.s = s};
	struct ts_recon_hour *days = NULL;
	size_t days_n = 0;
	ts_rowset_init(&w.hours, s->region, sizeof(struct lane), lane_hash, lane_same);
	ts_rowset_init(&w.days, s->region, sizeof(struct lane), lane_hash, lane_same);
	enum ts_err err = TS_OK;
	for (int side = 0; side < 2; side++) {
		const struct ts_recon_sided *o = &s->options->side[side];
		for (size_t k = 0; k < o->sheets_n; k++)
			for (size_t i = 0; i < o->sheets[k].n && err == TS_OK; i++)
				err = add_cell(
					&w, side, &o->sheets[k], &o->sheets[k].cells[i], why);
	}
	if (err == TS_OK)
		err = collect(&w, &w.days, &days, &days_n);
	if (err == TS_OK)
		err = collect(&w, &w.hours, &s->hours, &s->hours_n);
	if (err != TS_OK)
		return why->text[0] != '\0'
			       ? err
			       : ts_why(why, err, "cells", "sums of cells: %s", ts_err_text(err));
	open_hours(s, days, days_n);
	count_work(s, days, days_n);
	return TS_OK;
}

bool ts_recon_is_open(const struct ts_recon_state *s, int64_t hour, struct ts_str sku)
{
	struct ts_recon_hour key = {.hour = hour};
	if (ts_recon_sku_of(s, sku, &key.sku) == NULL)
		return false;
	const struct ts_recon_hour *found = bsearch(
		&key, s->hours, s->hours_n, sizeof *s->hours, by_hour_sku);
	return found != NULL && found->open;
}
