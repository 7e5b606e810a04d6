/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/recon/tariff.h"
#include "terms/rate.h"
#include <string.h>

#define SCRATCH_BYTES ((size_t)16 << 20)

static uint64_t slot_hash(const void *row)
{
	const struct ts_tariff_slot *s = row;
	return ts_hash_mix(ts_hash_mix(0, s->entry), (uint64_t)s->period_from_us);
}

static bool slot_same(const void *a, const void *b)
{
	const struct ts_tariff_slot *x = a, *y = b;
	return x->entry == y->entry && x->period_from_us == y->period_from_us;
}

static bool same_tiers(const struct ts_price *a, const struct ts_price *b)
{
	if (a->tiers_n != b->tiers_n)
		return false;
	for (size_t i = 0; i < a->tiers_n; i++) {
		const struct ts_tier *x = &a->tiers[i], *y = &b->tiers[i];
		if (x->open != y->open || (!x->open && x->up_to != y->up_to) ||
			x->unit_price.pico != y->unit_price.pico ||
			x->flat_minor != y->flat_minor || x->package != y->package)
			return false;
	}
	return true;
}

/* Equal usage costs the same under both. */
static bool same_price(
	const struct ts_terms *x, const struct ts_price *a, const struct ts_tariff_entry *entry)
{
	const struct ts_terms *y = entry->terms;
	if (y == NULL || strcmp(a->id, entry->id) != 0 || x->currency != y->currency ||
		x->rounding != y->rounding)
		return false;
	const struct ts_price *b = &y->prices[0];
	const struct ts_sku *p = &x->skus[a->sku], *q = &y->skus[b->sku];
	return strcmp(p->id, q->id) == 0 && p->divisor == q->divisor && a->model == b->model &&
	       (a->model != TS_PRICE_PER_UNIT || a->unit_price.pico == b->unit_price.pico) &&
	       same_tiers(a, b);
}

/* The version's terms with nothing but one price in them. */
static const struct ts_terms *only_price(
	struct ts_region *region, const struct ts_terms *terms, const struct ts_price *price)
{
	struct ts_terms *copy = ts_region_alloc(region, sizeof *copy);
	struct ts_price *own = ts_region_alloc(region, sizeof *own);
	if (!copy || !own)
		return NULL;
	*copy = *terms;
	*own = *price;
	own->counter = TS_COUNTER_PERIOD;
	own->fine = false;
	copy->prices = own;
	copy->prices_n = 1;
	copy->fees_n = copy->minimums_n = copy->discounts_n = copy->commitments_n = 0;
	copy->caps_n = copy->watches_n = copy->slas_n = copy->counters_n = 0;
	copy->chained = copy->chained_amounts = false;
	return copy;
}

static const char *price_words(
	struct ts_region *region, const struct ts_terms *terms, const struct ts_price *price)
{
	static const char *const models[] = {[TS_PRICE_PER_UNIT] = "per unit",
		[TS_PRICE_GRADUATED] = "graduated",
		[TS_PRICE_VOLUME] = "volume",
		[TS_PRICE_PACKAGE] = "package"};
	char text[TS_DECIMAL_CHARS];
	struct ts_decimal unit = price->model == TS_PRICE_PER_UNIT ? price->unit_price
								   : price->tiers[0].unit_price;
	return ts_region_printf(region, "%s %s per %s%s%s", ts_decimal_format(unit, 2, text),
		terms->currency->code, terms->skus[price->sku].unit,
		price->model == TS_PRICE_PER_UNIT ? "" : " in the first tier, ",
		price->model == TS_PRICE_PER_UNIT ? "" : models[price->model]);
}

static enum ts_err entry_of(struct ts_tariff *t, const struct ts_terms *terms,
	const struct ts_price *price, uint32_t *out)
{
	for (size_t i = TS_TARIFF_FIRST; i < t->entries_n; i++)
		if (same_price(terms, price, &t->entries[i])) {
			*out = (uint32_t)i;
			return TS_OK;
		}
	if (t->entries_n == t->entries_cap) {
		size_t cap = 2 * t->entries_cap;
		struct ts_tariff_entry *more = ts_region_array(t->region, cap, sizeof *more);
		if (!more)
			return TS_E_NO_MEMORY;
		memcpy(more, t->entries, t->entries_n * sizeof *more);
		t->entries = more;
		t->entries_cap = cap;
	}
	struct ts_tariff_entry *e = &t->entries[t->entries_n];
	e->terms = only_price(t->region, terms, price);
	e->id = price->id;
	e->words = price_words(t->region, terms, price);
	if (!e->terms || !e->words)
		return TS_E_NO_MEMORY;
	*out = (uint32_t)t->entries_n++;
	return TS_OK;
}

static enum ts_err add_side(struct ts_tariff *t, int side)
{
	const struct ts_recon_sided *s = t->side[side];
	for (size_t v = 0; v < s->versions_n; v++)
		if (s->versions[v].terms->prices_n > t->prices_max[side])
			t->prices_max[side] = s->versions[v].terms->prices_n;
	t->of_price[side] = ts_region_array(
		t->region, s->versions_n * t->prices_max[side] + 1, sizeof(uint32_t));
	if (!t->of_price[side])
		return TS_E_NO_MEMORY;
	for (size_t v = 0; v < s->versions_n; v++) {
		const struct ts_terms *terms = s->versions[v].terms;
		for (size_t p = 0; p < terms->prices_n; p++)
			TS_TRY(entry_of(t, terms, &terms->prices[p],
				&t->of_price[side][v * t->prices_max[side] + p]));
	}
	return TS_OK;
}

enum ts_err ts_tariff_init(struct ts_tariff *t, const struct ts_recon_options *options,
	struct ts_region *region, struct ts_why *why)
{
	*t = (struct ts_tariff){.region = region, .entries_cap = 16};
	t->entries = ts_region_array(region, t->entries_cap, sizeof *t->entries);
	t->scratch = ts_region_create(SCRATCH_BYTES);
	if (!t->entries || !t->scratch)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory for the prices");
	t->entries[TS_TARIFF_NONE] = (struct ts_tariff_entry){NULL, "-", "no price applies"};
	t->entries[TS_TARIFF_EXCLUDED] = (struct ts_tariff_entry){NULL, "-", "not billed"};
	t->entries_n = TS_TARIFF_FIRST;
	ts_rowset_init(&t->slots, region, sizeof(struct ts_tariff_slot), slot_hash, slot_same);
	for (int side = 0; side < 2; side++) {
		t->side[side] = &options->side[side];
		if (add_side(t, side) != TS_OK)
			return ts_why(why, TS_E_NO_MEMORY, "", "no memory for the prices");
	}
	return TS_OK;
}

void ts_tariff_free(struct ts_tariff *t)
{
	ts_region_free(t->scratch);
	t->scratch = NULL;
}

uint32_t ts_tariff_entry_at(const struct ts_tariff *t, enum ts_recon_side side,
	const struct ts_usage_key *key, const struct ts_terms **terms)
{
	const struct ts_recon_sided *s = t->side[side];
	size_t v = s->versions_n - 1, index = 0;
	while (v > 0 && key->quarter_us < s->versions[v].from_us)
		v--;
	*terms = s->versions[v].terms;
	if (key->quarter_us < (*terms)->from_us || key->quarter_us >= (*terms)->to_us)
		return TS_TARIFF_NONE;
	switch (ts_terms_match(*terms, key, &index)) {
	case TS_MATCH_PRICE:
		return t->of_price[side][v * t->prices_max[side] + index];
	case TS_MATCH_EXCLUDED:
		return TS_TARIFF_EXCLUDED;
	case TS_MATCH_NONE:
		break;
	}
	return TS_TARIFF_NONE;
}

/* The usage line of the slot at its quantity. */
static enum ts_err worth(
	struct ts_tariff *t, const struct ts_tariff_slot *slot, int64_t *minor, struct ts_why *why)
{
	const struct ts_terms *terms = t->entries[slot->entry].terms;
	const struct ts_measure measure = {
		.month = ts_month_of_day(slot->period.first_day), .quantity = slot->quantity};
	const struct ts_charge *charges = NULL;
	size_t n = 0;
	*minor = 0;
	if (slot->quantity == 0)
		return TS_OK;
	if (slot->quantity < 0)
		return ts_why(why, TS_E_INTERNAL, "reconciliation",
			"records of price %s are not those of the cells",
			t->entries[slot->entry].id);
	ts_region_reset(t->scratch);
	TS_TRY(ts_rate_period(terms, &slot->period, &measure, 1, slot->period.end_day - 1,
		t->scratch, &charges, &n, why));
	for (size_t i = 0; i < n; i++)
		if (charges[i].kind == TS_CHARGE_USAGE)
			TS_TRY(ts_add64(*minor, charges[i].amount_minor, minor));
	return TS_OK;
}

static enum ts_err period_at(
	struct ts_tariff *t, const struct ts_terms *terms, int64_t us, struct ts_period *out)
{
	if (t->last_terms != terms || us < t->last_period.from_us || us >= t->last_period.to_us) {
		t->last_terms = NULL;
		TS_TRY(ts_period_at(terms, us, &t->last_period));
		t->last_terms = terms;
	}
	*out = t->last_period;
	return TS_OK;
}

static enum ts_err mark_dirty(struct ts_tariff *t, struct ts_tariff_slot *slot)
{
	if (slot->dirty)
		return TS_OK;
	if (t->dirty_n == t->dirty_cap) {
		size_t cap = t->dirty_cap == 0 ? 64 : 2 * t->dirty_cap;
		uint32_t *more = ts_region_array(t->region, cap, sizeof *more);
		if (!more)
			return TS_E_NO_MEMORY;
		if (t->dirty_n > 0)
			memcpy(more, t->dirty, t->dirty_n * sizeof *more);
		t->dirty = more;
		t->dirty_cap = cap;
	}
	size_t at = (size_t)((char *)slot - t->slots.rows) / sizeof *slot;
	t->dirty[t->dirty_n++] = (uint32_t)at;
	slot->dirty = true;
	return TS_OK;
}

enum ts_err ts_tariff_add(struct ts_tariff *t, uint32_t entry, const struct ts_terms *terms,
	int64_t quarter_us, ts_i128 quantity, struct ts_why *why)
{
	struct ts_tariff_slot key = {.entry = entry};
	void *found = NULL;
	if (entry < TS_TARIFF_FIRST || quantity == 0)
		return TS_OK;
	enum ts_err err = period_at(t, terms, quarter_us, &key.period);
	key.period_from_us = key.period.from_us;
	if (err == TS_OK)
		err = ts_rowset_get(&t->slots, &key, &found);
	if (err != TS_OK)
		return ts_why(why, err, "reconciliation", "no room for the price %s",
			t->entries[entry].id);
	struct ts_tariff_slot *slot = found;
	TS_TRY(ts_add128(slot->quantity, quantity, &slot->quantity));
	return mark_dirty(t, slot);
}

enum ts_err ts_tariff_settle(struct ts_tariff *t, int64_t *change_minor, struct ts_why *why)
{
	int64_t after = 0, change = 0;
	for (size_t i = 0; i < t->dirty_n; i++) {
		struct ts_tariff_slot *slot = ts_rowset_at(&t->slots, t->dirty[i]);
		slot->dirty = false;
		TS_TRY(worth(t, slot, &after, why));
		TS_TRY(ts_sub64(after, slot->amount_minor, &change));
		TS_TRY(ts_add64(*change_minor, change, change_minor));
		slot->amount_minor = after;
	}
	t->dirty_n = 0;
	return TS_OK;
}

static bool all_in(const struct ts_tariff *a, const struct ts_tariff *b)
{
	for (size_t i = 0; i < a->slots.n; i++) {
		const struct ts_tariff_slot *x = ts_rowset_at(&a->slots, i);
		const struct ts_tariff_slot *y = ts_rowset_find(&b->slots, x);
		if (x->quantity != (y == NULL ? 0 : y->quantity) ||
			x->amount_minor != (y == NULL ? 0 : y->amount_minor))
			return false;
	}
	return true;
}

bool ts_tariff_same(const struct ts_tariff *a, const struct ts_tariff *b)
{
	return all_in(a, b) && all_in(b, a);
}
