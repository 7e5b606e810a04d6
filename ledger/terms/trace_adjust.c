/* SPDX-License-Identifier: Apache-2.0 */
/* Words for lines that follow from other lines: discounts, commitments, caps. */
#include "terms/trace.h"
#include "terms/rate_build.h"

struct words {
	const struct ts_terms *terms;
	const struct ts_charge_line *line;
	struct ts_region *region;
};

/* "; rounded once, ..., to 10.00 USD; terms version 1" behind what explains the line. */
static enum ts_err finish(const struct words *w, const char *text, const char **out)
{
	char amount[TS_DECIMAL_CHARS];
	if (!text)
		return TS_E_NO_MEMORY;
	*out = ts_region_printf(w->region, "%s; rounded once, %s, to %s %s; terms version %lld",
		text, ts_trace_rounding(w->terms->rounding),
		ts_money_format(w->line->amount_minor, w->terms->currency, amount),
		w->terms->currency->code, (long long)w->terms->version);
	return *out ? TS_OK : TS_E_NO_MEMORY;
}

static enum ts_err money_words(const struct words *w, ts_i128 minor, char *out)
{
	int64_t v = 0;
	TS_TRY(ts_to64(minor, &v));
	ts_money_group(v, w->terms->currency, out);
	return TS_OK;
}

static enum ts_err discount_words(const struct words *w, const char **out)
{
	const struct ts_discount *d = &w->terms->discounts[w->line->item];
	const struct ts_price *price = &w->terms->prices[d->price];
	char whole[TS_DECIMAL_CHARS], rest[TS_DECIMAL_CHARS], part[TS_DECIMAL_CHARS];
	TS_TRY(money_words(w, w->line->basis, whole));
	TS_TRY(money_words(w, w->line->basis + w->line->amount_minor, rest));
	if (d->quantity == 0)
		return finish(w,
			ts_region_printf(w->region, "less %s %% of %s",
				ts_decimal_format(d->percent, 0, part), whole),
			out);
	return finish(w,
		ts_region_printf(w->region,
			"%s %s of every period cost nothing: price \"%s\" comes to %s without "
			"them, %s "
			"with them",
			ts_trace_quantity(w->terms, price, d->quantity, part),
			w->terms->skus[price->sku].unit, price->id, rest, whole),
		out);
}

static enum ts_err commitment_words(const struct words *w, const char **out)
{
	const struct ts_commitment *c = &w->terms->commitments[w->line->item];
	const struct ts_price *price = &w->terms->prices[c->price];
	const char *unit = w->terms->skus[price->sku].unit;
	const char *how = c->per == TS_PER_PERIOD ? ""
			  : c->per == TS_PER_HOUR ? ", hour by hour"
						  : ", quarter-hour by quarter-hour";
	char quantity[TS_DECIMAL_CHARS], used[TS_DECIMAL_CHARS], committed[TS_DECIMAL_CHARS],
		each[TS_DECIMAL_CHARS], base[TS_DECIMAL_CHARS];
	ts_trace_quantity(w->terms, price, w->line->quantity, quantity);
	ts_trace_quantity(w->terms, price, w->line->basis, used);
	ts_trace_quantity(w->terms, price, w->line->limit, committed);
	const char *text = NULL;
	if (w->line->kind == TS_CHARGE_OVERAGE)
		text = ts_region_printf(w->region,
			"%s %s used, %s committed%s: %s %s beyond it, each %s instead of %s", used,
			unit, committed, how, quantity, unit,
			ts_decimal_format(c->overage_price, 0, each),
			ts_decimal_format(price->unit_price, 0, base));
	else if (w->line->kind == TS_CHARGE_SHORTFALL)
		text = ts_region_printf(w->region,
			"%s %s committed, %s used%s: %s %s not used, each %s", committed, unit,
			used, how, quantity, unit, ts_decimal_format(c->shortfall_price, 0, each));
	else
		text = ts_region_printf(w->region,
			"%s %s used that were paid in the period before, each %s", quantity, unit,
			ts_decimal_format(c->shortfall_price, 0, each));
	return finish(w, text, out);
}

static enum ts_err excess_words(const struct words *w, const char **out)
{
	const struct ts_minimum *m = &w->terms->minimums[w->line->item];
	char counted[TS_DECIMAL_CHARS], due[TS_DECIMAL_CHARS], factor[TS_DECIMAL_CHARS];
	TS_TRY(money_words(w, w->line->basis, counted));
	TS_TRY(money_words(w, w->line->limit, due));
	return finish(w,
		ts_region_printf(w->region,
			"%s counts, %s is the minimum: what is beyond it costs %s times as much",
			counted, due, ts_decimal_format(m->overage_factor, 0, factor)),
		out);
}

static enum ts_err cap_words(const struct words *w, const char **out)
{
	const struct ts_cap *cap = &w->terms->caps[w->line->item];
	char counted[TS_DECIMAL_CHARS], room[TS_DECIMAL_CHARS];
	TS_TRY(money_words(w, w->line->basis, counted));
	TS_TRY(money_words(w, w->line->limit, room));
	return finish(w,
		ts_region_printf(w->region, "%s would be charged, at most %s %s", counted, room,
			cap->term ? "is left of the cap over the term" : "in this period"),
		out);
}

static enum ts_err sla_words(const struct words *w, const char **out)
{
	const struct ts_sla *sla = &w->terms->slas[w->line->item];
	const struct ts_sku *sku = &w->terms->skus[sla->sku];
	const struct ts_sla_tier *tier = ts_sla_tier(sla, w->line->basis, w->line->limit);
	struct ts_decimal available = {0};
	char down[TS_DECIMAL_CHARS], capacity[TS_DECIMAL_CHARS], percent[TS_DECIMAL_CHARS],
		below[TS_DECIMAL_CHARS], of[TS_DECIMAL_CHARS];
	TS_TRY(ts_muldiv(w->line->limit - w->line->basis, 100 * TS_PICO, w->line->limit,
		TS_ROUND_DOWN, &available.pico));
	ts_ratio_format(w->line->basis, sku->divisor, 9, down);
	ts_ratio_format(w->line->limit, sku->divisor, 9, capacity);
	const char *text = ts_region_printf(w->region, "%s of %s %s down: %s %% available", down,
		capacity, sku->unit, ts_decimal_format(available, 0, percent));
	if (text && tier)
		text = ts_region_printf(w->region, "%s, below %s %%: %s %% of what is charged",
			text, ts_decimal_format(tier->below, 0, below),
			ts_decimal_format(tier->percent, 0, of));
	if (text && sla->cap_percent.pico < 100 * TS_PICO)
		text = ts_region_printf(w->region, "%s, at most %s %% of it", text,
			ts_decimal_format(sla->cap_percent, 0, of));
	return finish(w, text, out);
}

enum ts_err ts_trace_adjust(const struct ts_terms *terms, const struct ts_charge_line *line,
	struct ts_region *region, const char **out)
{
	const struct words w = {terms, line, region};
	switch (line->kind) {
	case TS_CHARGE_DISCOUNT:
		return discount_words(&w, out);
	case TS_CHARGE_OVERAGE:
	case TS_CHARGE_SHORTFALL:
	case TS_CHARGE_ROLLOVER:
		return commitment_words(&w, out);
	case TS_CHARGE_EXCESS:
		return excess_words(&w, out);
	case TS_CHARGE_CAP:
		return cap_words(&w, out);
	case TS_CHARGE_SLA:
		return sla_words(&w, out);
	case TS_CHARGE_USAGE:
	case TS_CHARGE_FEE:
	case TS_CHARGE_TRUE_UP:
	case TS_CHARGE_CREDIT:
	case TS_CHARGE_SETTLEMENT:
	case TS_CHARGE_PREPAYMENT:
	case TS_CHARGE_DRAWDOWN:
	case TS_CHARGE_BREAKAGE:
	case TS_CHARGE_DEPOSIT:
		break;
	}
	return TS_E_INTERNAL;
}
