/* SPDX-License-Identifier: Apache-2.0 */
/* One group, one category, by precedence; and what it is worth. */
#include "audit/recon/state.h"
#include <stdlib.h>
#include <string.h>

uint32_t ts_recon_entry(const struct ts_recon_state *s, enum ts_recon_side terms_of,
	const struct ts_recon_row *row, int64_t quarter, const struct ts_terms **terms)
{
	const struct ts_usage_key key = {row->usage.sku, row->usage.class, row->usage.account,
		row->cluster, quarter * TS_US_PER_QUARTER};
	return ts_tariff_entry_at(&s->now, terms_of, &key, terms);
}

bool ts_recon_priced_alike(
	const struct ts_recon_state *s, const struct ts_recon_row *a, const struct ts_recon_row *b)
{
	const struct ts_terms *x = NULL, *y = NULL;
	if (ts_str_eq(a->usage.class, b->usage.class) &&
		(!s->by_account || ts_str_eq(a->usage.account, b->usage.account)) &&
		(!s->by_cluster || ts_str_eq(a->cluster, b->cluster)))
		return true;
	int64_t last = (a->usage.end_ms - 1) / TS_QUARTER_MS;
	for (int64_t q = a->usage.start_ms / TS_QUARTER_MS; q <= last; q++)
		for (int by = 0; by < 2; by++)
			if (ts_recon_entry(s, (enum ts_recon_side)by, a, q, &x) !=
				ts_recon_entry(s, (enum ts_recon_side)by, b, q, &y))
				return false;
	return true;
}

enum ts_err ts_recon_worth(struct ts_recon_state *s, struct ts_recon_row *const rows[2],
	int64_t *change_minor, struct ts_why *why)
{
	if (!s->report->amounts)
		return TS_OK;
	for (int side = 1; side >= 0; side--)
		for (const struct ts_recon_row *r = rows[side]; r != NULL; r = r->next) {
			struct ts_quarters it;
			int64_t quarter = 0, share = 0;
			ts_quarters_begin(
				&it, r->usage.start_ms, r->usage.end_ms, r->usage.quantity);
			while (ts_quarters_next(&it, &quarter, &share)) {
				const struct ts_terms *terms = NULL;
				uint32_t entry = ts_recon_entry(
					s, TS_RECON_PARTNER, r, quarter, &terms);
				TS_TRY(ts_tariff_add(&s->now, entry, terms,
					quarter * TS_US_PER_QUARTER,
					side == TS_RECON_PROVIDER ? share : -(ts_i128)share, why));
			}
		}
	return ts_tariff_settle(&s->now, change_minor, why);
}

static ts_i128 magnitude(ts_i128 v)
{
	return v < 0 ? -v : v;
}

/* Within all that is stated; a level of which nothing is stated tolerates nothing. Percent 0 is not
 * stated: it would leave an amount without meaning. */
bool ts_recon_tolerance_holds(const struct ts_tolerance *t, ts_i128 base, ts_i128 delta,
	bool amounts, int64_t amount_minor)
{
	ts_i128 most = 0;
	bool by_percent = t->percent.pico > 0;
	bool by_amount = t->amount_minor > 0 || (t->amount_minor == 0 && by_percent);
	if (delta == 0 && amount_minor == 0)
		return true;
	if (!by_percent && !by_amount)
		return false;
	if (by_percent &&
		(ts_muldiv(base, t->percent.pico, 100 * TS_PICO, TS_ROUND_DOWN, &most) != TS_OK ||
			magnitude(delta) > most))
		return false;
	return !by_amount || (amounts && magnitude(amount_minor) <= t->amount_minor);
}

bool ts_recon_tolerates(const struct ts_recon_state *s, const struct ts_recon_item *item)
{
	return ts_recon_tolerance_holds(&s->options->dealing->record, item->quantity[0],
		item->delta, s->report->amounts, item->amount_minor);
}

static bool any_failed(const struct ts_recon_group *g)
{
	for (int side = 0; side < 2; side++)
		for (const struct ts_recon_row *r = g->rows[side]; r != NULL; r = r->next)
			if (r->failed)
				return true;
	return false;
}

/* Equal sums at another price. */
static bool other_price(const struct ts_recon_state *s, const struct ts_recon_group *g)
{
	const struct ts_recon_row *partner = g->rows[1];
	TS_ASSERT(partner != NULL);
	for (const struct ts_recon_row *r = g->rows[0]; r != NULL; r = r->next)
		if (!ts_recon_priced_alike(s, r, partner))
			return true;
	return false;
}

/* False: it agrees. */
static bool categorise(
	const struct ts_recon_state *s, const struct ts_recon_group *g, struct ts_recon_item *item)
{
	const struct ts_recon_options *o = s->options;
	bool differs = item->delta != 0 || item->amount_minor != 0;
	item->within = false;
	if (any_failed(g))
		item->category = TS_RECON_SIGNATURE;
	else if (g->duplicate)
		item->category = TS_RECON_DUPLICATE;
	else if (!differs && g->rows_n[0] > 0 && g->rows_n[1] > 0)
		return false;
	else if (g->start_ms < o->from_ms || g->end_ms > o->to_ms)
		item->category = TS_RECON_PERIOD;
	else if (g->overlap)
		item->category = TS_RECON_TIME_OVERLAP;
	else if (g->rows_n[0] == 0)
		item->category = TS_RECON_MISSING_AT_PROVIDER;
	else if (g->rows_n[1] == 0)
		item->category = TS_RECON_MISSING_AT_PARTNER;
	else if (item->delta == 0 && other_price(s, g))
		item->category = TS_RECON_RATE;
	else {
		item->category = TS_RECON_QUANTITY;
		item->within = ts_recon_tolerates(s, item);
	}
	return true;
}

static enum ts_err count_offset(struct ts_recon_state *s, const struct ts_recon_group *g)
{
	const struct ts_recon_row *provider = g->rows[0], *partner = g->rows[1];
	if (provider == NULL || partner == NULL || g->overlap || g->duplicate)
		return TS_OK;
	int64_t shift = partner->usage.start_ms - provider->usage.start_ms;
	if (shift == 0 || shift != g->side_end_ms[1] - g->side_end_ms[0])
		return TS_OK;
	s->report->clock.shifted++;
	struct ts_recon_offset key = {.offset_ms = shift};
	struct ts_recon_offset *row = ts_rowset_find(&s->offsets, &key);
	void *added = NULL;
	if (row == NULL && s->offsets.n < TS_RECON_OFFSETS_MAX) {
		TS_TRY(ts_rowset_add(&s->offsets, &key, &added));
		row = added;
	}
	if (row != NULL)
		row->groups++;
	return TS_OK;
}

/* The item's rows live as long as the report; those of the hour go. */
static enum ts_err copy_rows(
	struct ts_recon_state *s, struct ts_recon_group *g, int side, struct ts_recon_row **out)
{
	struct ts_recon_row **tail = out;
	for (const struct ts_recon_row *r = g->rows[side]; r != NULL; r = r->next) {
		struct ts_recon_row *copy = ts_region_alloc(s->region, sizeof *copy);
		char *text = ts_region_copy(s->region, r->line.at, r->line.len);
		struct ts_record parsed;
		const char *reason = "";
		if (!copy || !text)
			return TS_E_LIMIT;
		*copy = *r;
		copy->next = NULL;
		copy->line.at = text;
		TS_TRY(ts_record_parse(copy->line, &parsed, &reason));
		copy->usage = parsed.usage;
		*tail = copy;
		tail = &copy->next;
	}
	*tail = NULL;
	return TS_OK;
}

enum ts_err ts_recon_add_item(
	struct ts_recon_state *s, const struct ts_recon_item *item, struct ts_why *why)
{
	if (s->items_n == s->items_cap) {
		size_t cap = s->items_cap == 0 ? 256 : 2 * s->items_cap;
		struct ts_recon_item *items = realloc(s->items, cap * sizeof *items);
		if (items == NULL)
			return ts_why(why, TS_E_NO_MEMORY, "items", "no memory for the items");
		s->items = items;
		s->items_cap = cap;
	}
	s->items[s->items_n++] = *item;
	return TS_OK;
}

static void name_prices(const struct ts_recon_state *s, struct ts_recon_item *item)
{
	for (int side = 0; side < 2 && item->category == TS_RECON_RATE; side++) {
		const struct ts_terms *terms = NULL;
		const struct ts_recon_row *r = item->rows[side];
		uint32_t entry = ts_recon_entry(
			s, TS_RECON_PARTNER, r, r->usage.start_ms / TS_QUARTER_MS, &terms);
		item->price[side] = s->now.entries[entry].id;
		item->rate[side] = s->now.entries[entry].words;
	}
}

static enum ts_err judge(struct ts_recon_state *s, struct ts_recon_group *g, struct ts_why *why)
{
	const struct ts_recon_row *any = g->rows[0] != NULL ? g->rows[0] : g->rows[1];
	struct ts_recon_item item = {.day = (int32_t)(g->start_ms / TS_RECON_MS_PER_DAY),
		.start_ms = g->start_ms,
		.end_ms = g->end_ms,
		.sku = ts_recon_sku_of(s, any->usage.sku, NULL)->sku};
	for (int side = 0; side < 2; side++) {
		item.rows_n[side] = g->rows_n[side];
		for (const struct ts_recon_row *r = g->rows[side]; r != NULL; r = r->next)
			TS_TRY(ts_add128(
				item.quantity[side], r->usage.quantity, &item.quantity[side]));
	}
	TS_TRY(ts_sub128(item.quantity[0], item.quantity[1], &item.delta));
	TS_TRY(ts_recon_worth(s, g->rows, &item.amount_minor, why));
	TS_TRY(count_offset(s, g));
	if (!categorise(s, g, &item)) {
		s->report->work.agreed_groups++;
		return TS_OK;
	}
	for (int side = 0; side < 2; side++)
		TS_TRY(copy_rows(s, g, side, &item.rows[side]));
	name_prices(s, &item);
	s->rows_n += g->rows_n[0] + g->rows_n[1];
	return ts_recon_add_item(s, &item, why);
}

enum ts_err ts_recon_judge(
	struct ts_recon_state *s, struct ts_recon_group *group, struct ts_why *why)
{
	enum ts_err err = judge(s, group, why);
	for (int side = 0; side < 2; side++)
		for (struct ts_recon_row *r = group->rows[side], *next; r != NULL; r = next) {
			next = r->next;
			free(r);
			s->rows_n--;
		}
	return err == TS_OK || why->text[0] != '\0'
		       ? err
		       : ts_why(why, err, "items", "what differs takes too much memory");
}
