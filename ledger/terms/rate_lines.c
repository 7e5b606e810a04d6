/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/rate.h"
#include "terms/trace.h"

static const char *const kind_names[] = {
	[TS_CHARGE_USAGE] = "usage",
	[TS_CHARGE_FEE] = "fee",
	[TS_CHARGE_TRUE_UP] = "true_up",
	[TS_CHARGE_DISCOUNT] = "discount",
	[TS_CHARGE_OVERAGE] = "overage",
	[TS_CHARGE_SHORTFALL] = "shortfall",
	[TS_CHARGE_ROLLOVER] = "rollover",
	[TS_CHARGE_EXCESS] = "excess",
	[TS_CHARGE_CAP] = "cap",
	[TS_CHARGE_SLA] = "sla_credit",
	[TS_CHARGE_CREDIT] = "credit",
	[TS_CHARGE_SETTLEMENT] = "settlement",
	[TS_CHARGE_PREPAYMENT] = "prepayment",
	[TS_CHARGE_DRAWDOWN] = "drawdown",
	[TS_CHARGE_BREAKAGE] = "breakage",
	[TS_CHARGE_DEPOSIT] = "deposit",
};
static const int kind_orders[TS_CHARGE_KINDS] = {
	[TS_CHARGE_USAGE] = 0,
	[TS_CHARGE_FEE] = 1,
	[TS_CHARGE_DISCOUNT] = 2,
	[TS_CHARGE_OVERAGE] = 3,
	[TS_CHARGE_SHORTFALL] = 4,
	[TS_CHARGE_ROLLOVER] = 5,
	[TS_CHARGE_TRUE_UP] = 6,
	[TS_CHARGE_EXCESS] = 7,
	[TS_CHARGE_CAP] = 8,
	[TS_CHARGE_SLA] = 9,
	[TS_CHARGE_CREDIT] = 10,
	[TS_CHARGE_SETTLEMENT] = 11,
	[TS_CHARGE_PREPAYMENT] = 12,
	[TS_CHARGE_DRAWDOWN] = 13,
	[TS_CHARGE_BREAKAGE] = 14,
	[TS_CHARGE_DEPOSIT] = 15,
};

int ts_charge_kind_order(enum ts_charge_kind kind)
{
	TS_ASSERT((size_t)kind < TS_CHARGE_KINDS);
	return kind_orders[kind];
}

bool ts_charge_is_counted(enum ts_charge_kind kind)
{
	return kind == TS_CHARGE_USAGE || kind == TS_CHARGE_FEE || kind == TS_CHARGE_OVERAGE ||
	       kind == TS_CHARGE_SHORTFALL || kind == TS_CHARGE_ROLLOVER;
}

bool ts_charge_is_prepaid(enum ts_charge_kind kind)
{
	return kind == TS_CHARGE_PREPAYMENT || kind == TS_CHARGE_DRAWDOWN ||
	       kind == TS_CHARGE_BREAKAGE || kind == TS_CHARGE_DEPOSIT;
}

size_t ts_charge_items(const struct ts_terms *terms, enum ts_charge_kind kind)
{
	const size_t items[TS_CHARGE_KINDS] = {
		[TS_CHARGE_USAGE] = terms->prices_n,
		[TS_CHARGE_FEE] = terms->fees_n,
		[TS_CHARGE_TRUE_UP] = terms->minimums_n,
		[TS_CHARGE_DISCOUNT] = terms->discounts_n,
		[TS_CHARGE_OVERAGE] = terms->commitments_n,
		[TS_CHARGE_SHORTFALL] = terms->commitments_n,
		[TS_CHARGE_ROLLOVER] = terms->commitments_n,
		[TS_CHARGE_EXCESS] = terms->minimums_n,
		[TS_CHARGE_CAP] = terms->caps_n,
		[TS_CHARGE_SLA] = terms->slas_n,
		[TS_CHARGE_CREDIT] = INT32_MAX,
		[TS_CHARGE_SETTLEMENT] = INT32_MAX,
		[TS_CHARGE_PREPAYMENT] = terms->prepayments_n,
		[TS_CHARGE_DRAWDOWN] = terms->prepayments_n,
		[TS_CHARGE_BREAKAGE] = terms->prepayments_n,
		[TS_CHARGE_DEPOSIT] = terms->prepayments_n,
	};
	TS_ASSERT((size_t)kind < TS_CHARGE_KINDS);
	return items[kind];
}

const char *ts_charge_kind_name(enum ts_charge_kind kind)
{
	TS_ASSERT((size_t)kind < sizeof kind_names / sizeof kind_names[0]);
	return kind_names[kind];
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static struct ts_charge_names price_names(const struct ts_terms *terms, size_t item)
{
	TS_ASSERT(item < terms->prices_n);
	const struct ts_price *price = &terms->prices[item];
	const struct ts_sku *sku = &terms->skus[price->sku];
	return (struct ts_charge_names){
		.id = price->id,
		.description = or_empty(price->description),
		.section = or_empty(price->section),
		.sku = sku->id,
		.sku_name = sku->name,
		.pricing_class = price->pricing_class,
		.unit = sku->unit,
		.divisor = sku->divisor,
		.treatment = price->treatment,
	};
}

static struct ts_charge_names plain_names(
	const char *id, const char *description, const char *section, size_t treatment)
{
	return (struct ts_charge_names){
		.id = id,
		.description = or_empty(description),
		.section = or_empty(section),
		.sku = "",
		.sku_name = "",
		.pricing_class = "",
		.unit = "",
		.divisor = 1,
		.treatment = treatment,
	};
}

void ts_charge_names(const struct ts_terms *terms, enum ts_charge_kind kind, size_t item,
	struct ts_charge_names *out)
{
	switch (kind) {
	case TS_CHARGE_USAGE:
		*out = price_names(terms, item);
		return;
	case TS_CHARGE_FEE: {
		TS_ASSERT(item < terms->fees_n);
		const struct ts_fee *fee = &terms->fees[item];
		*out = plain_names(fee->id, fee->description, fee->section, fee->treatment);
		return;
	}
	case TS_CHARGE_DISCOUNT: {
		const struct ts_discount *d = &terms->discounts[item];
		*out = plain_names(d->id, d->description, d->section, d->treatment);
		return;
	}
	case TS_CHARGE_CREDIT:
	case TS_CHARGE_SETTLEMENT: /* what it is about stands in its event */
		*out = plain_names(ts_charge_kind_name(kind), "", "", 0);
		return;
	case TS_CHARGE_SLA: {
		const struct ts_sla *s = &terms->slas[item];
		*out = plain_names(s->id, s->description, s->section, s->treatment);
		return;
	}
	case TS_CHARGE_PREPAYMENT:
	case TS_CHARGE_DRAWDOWN:
	case TS_CHARGE_BREAKAGE:
	case TS_CHARGE_DEPOSIT: {
		const struct ts_prepayment *p = &terms->prepayments[item];
		*out = plain_names(p->id, p->description, p->section, p->treatment);
		return;
	}
	case TS_CHARGE_CAP: {
		const struct ts_cap *c = &terms->caps[item];
		*out = plain_names(c->id, c->description, c->section, c->treatment);
		return;
	}
	case TS_CHARGE_OVERAGE:
	case TS_CHARGE_SHORTFALL:
	case TS_CHARGE_ROLLOVER: {
		const struct ts_commitment *c = &terms->commitments[item];
		*out = price_names(terms, c->price);
		out->id = c->id;
		out->description = c->description;
		out->section = c->section;
		return;
	}
	case TS_CHARGE_EXCESS:
	case TS_CHARGE_TRUE_UP: {
		TS_ASSERT(item < terms->minimums_n);
		const struct ts_minimum *m = &terms->minimums[item];
		*out = plain_names(m->id, m->description, m->section, m->treatment);
		return;
	}
	}
}

static bool same_line(const struct ts_charge *a, const struct ts_charge *b)
{
	return a->kind == b->kind && a->item == b->item && a->tier == b->tier;
}

const struct ts_tier *ts_charge_tier(const struct ts_price *price, int32_t tier)
{
	if (price->model == TS_PRICE_PACKAGE)
		return &price->tiers[0];
	TS_ASSERT((size_t)tier <= price->tiers_n);
	return tier > 0 ? &price->tiers[tier - 1] : NULL;
}

/* The unit price and the flat that explain a usage line. */
static void set_price(const struct ts_terms *terms, struct ts_charge_line *line)
{
	if (line->kind == TS_CHARGE_OVERAGE || line->kind == TS_CHARGE_SHORTFALL) {
		const struct ts_commitment *c = &terms->commitments[line->item];
		bool over = line->kind == TS_CHARGE_OVERAGE;
		ts_i128 less = over ? terms->prices[c->price].unit_price.pico : 0;
		line->unit_price.pico = (over ? c->overage_price : c->shortfall_price).pico - less;
		/* No price on paper is negative: a cheaper overage prints as a lump sum. */
		line->has_unit_price = line->unit_price.pico >= 0;
	}
	if (line->kind != TS_CHARGE_USAGE)
		return;
	const struct ts_price *price = &terms->prices[line->item];
	const struct ts_tier *tier = ts_charge_tier(price, line->tier);
	line->unit_price = tier ? tier->unit_price : price->unit_price;
	/* Of packages the quantity is not what is multiplied. */
	line->has_unit_price = !tier || tier->package == 0;
	line->flat_minor = tier && line->flat_due ? tier->flat_minor : 0;
}

enum ts_err ts_rate_lines(const struct ts_terms *terms, const struct ts_period *period,
	const struct ts_charge *charges, size_t n, struct ts_region *region,
	const struct ts_charge_line **out, size_t *out_n)
{
	struct ts_charge_line *lines = ts_region_array(region, n, sizeof *lines);
	if (!lines)
		return TS_E_NO_MEMORY;
	size_t lines_n = 0;
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !same_line(&charges[i - 1], &charges[i])) {
			lines[lines_n++] = (struct ts_charge_line){
				.kind = charges[i].kind,
				.item = charges[i].item,
				.tier = charges[i].tier,
				.period = charges[i].period,
			};
		}
		struct ts_charge_line *line = &lines[lines_n - 1];
		TS_TRY(ts_add128(line->quantity, charges[i].quantity, &line->quantity));
		TS_TRY(ts_add64(line->amount_minor, charges[i].amount_minor, &line->amount_minor));
		line->basis = charges[i].basis;
		line->limit = charges[i].limit;
		line->flat_due = charges[i].flat_due;
	}
	for (size_t i = 0; i < lines_n; i++)
		set_price(terms, &lines[i]);
	for (size_t i = 0; i < lines_n; i++)
		TS_TRY(ts_trace_line(terms, period, lines, lines_n, i, region, &lines[i].trace));
	*out = lines;
	*out_n = lines_n;
	return TS_OK;
}
