/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/explain.h"
#include "terms/trace.h"
#include <string.h>

static const char *rule_of_price(const struct ts_price *price)
{
	switch (price->model) {
	case TS_PRICE_PER_UNIT:
		return "Every unit costs the same: quantity x unit price.";
	case TS_PRICE_GRADUATED:
		return "Each unit costs the price of the tier that it lies in; every tier that is "
		       "reached is a line of its own.";
	case TS_PRICE_VOLUME:
		return "All units cost the price of the one tier that the whole quantity reaches.";
	case TS_PRICE_PACKAGE:
		return "Every package that was begun costs its full price.";
	}
	return "";
}

static const char *rule_of(const struct ts_terms *terms, const struct ts_explain_line *line)
{
	switch (line->kind) {
	case TS_CHARGE_USAGE:
		return rule_of_price(&terms->prices[line->item]);
	case TS_CHARGE_FEE:
		return "Owed whatever is used, by days: the amount of a full period x days / days "
		       "of "
		       "the full period.";
	case TS_CHARGE_TRUE_UP:
		return "What is missing to the agreed minimum when the period is over. It is "
		       "computed "
		       "from the rounded lines, so that they and it add up to the minimum.";
	case TS_CHARGE_DISCOUNT:
		return terms->discounts[line->item].quantity > 0
			       ? "The first units of every period cost nothing: the line takes off "
				 "what they cost."
			       : "A percentage of what was rated is taken off.";
	case TS_CHARGE_OVERAGE:
		return "Usage beyond the committed quantity has another price. The usage line has "
		       "all "
		       "units at the unit price; this line is the difference.";
	case TS_CHARGE_SHORTFALL:
		return "A committed quantity is paid whether it is used or not: what was not used.";
	case TS_CHARGE_ROLLOVER:
		return "Quantity that was paid and not used in the period before is used now: its "
		       "shortfall is taken back.";
	case TS_CHARGE_EXCESS:
		return "What counts beyond the minimum costs a multiple; this line is what that "
		       "adds.";
	case TS_CHARGE_CAP:
		return "No more than the cap is charged: what lies above it is taken off.";
	case TS_CHARGE_CREDIT:
	case TS_CHARGE_SETTLEMENT:
		return "Given by a signed event, not by the terms: the amount is what it says.";
	case TS_CHARGE_SLA:
		return "The provider owes a credit for time that the capacity was down, computed "
		       "from "
		       "the signed records of the excluded classes.";
	case TS_CHARGE_PREPAYMENT:
		return "Money that is paid before anything is used; later documents draw on it.";
	case TS_CHARGE_DRAWDOWN:
		return "What the charges of the period draw on a prepayment that was taxed by its "
		       "own invoice: as much as is left of it, at most what they come to.";
	case TS_CHARGE_BREAKAGE:
		return "What was left of a prepayment when the days for drawing on it were over.";
	case TS_CHARGE_DEPOSIT:
		return "What the document asks for was paid before, as far as the deposit goes.";
	}
	return "";
}

static enum ts_err put(struct ts_explanation *e, const char *name, const char *text)
{
	if (text == NULL)
		return TS_E_NO_MEMORY;
	TS_ASSERT(e->steps_n < TS_EXPLAIN_STEPS_MAX);
	e->steps[e->steps_n++] = (struct ts_explain_step){name, text};
	return TS_OK;
}

static enum ts_err put_measured(const struct ts_explain_line *line,
	const struct ts_charge_names *names, struct ts_region *region, struct ts_explanation *e)
{
	char quantity[TS_DECIMAL_CHARS], base[TS_I128_CHARS], divisor[TS_I128_CHARS];
	if (line->kind == TS_CHARGE_FEE)
		return put(e, "measured",
			ts_region_printf(region,
				"%s days of the period, by the contract's calendar",
				ts_i128_format(line->quantity, base)));
	if (!ts_charge_is_counted(line->kind))
		return TS_OK;
	ts_ratio_format(line->quantity, names->divisor, 9, quantity);
	ts_i128_format(line->quantity, base);
	ts_i128_format(names->divisor, divisor);
	const char *class = *names->pricing_class && strcmp(names->pricing_class, "*") != 0
				    ? ts_region_printf(region, ", class %s", names->pricing_class)
				    : "";
	if (class == NULL)
		return TS_E_NO_MEMORY;
	return put(e, "measured",
		ts_region_printf(region,
			"%s %s of SKU %s%s: %s base units, of which %s make one %s%s", quantity,
			names->unit, names->sku, class, base, divisor, names->unit,
			line->kind == TS_CHARGE_USAGE ? "; usage of excluded classes is not in it"
						      : ""));
}

static enum ts_err put_counter(const struct ts_terms *terms, const struct ts_price *price,
	struct ts_region *region, struct ts_explanation *e)
{
	if (price->counter == TS_COUNTER_TERM)
		return put(e, "counter", "Tiers and packages go on counting over the whole term.");
	if (price->counter == TS_COUNTER_PERIOD)
		return put(e, "counter", "Tiers and packages count anew in every billing period.");
	const struct ts_counter *counter = &terms->counters[price->counter - 1];
	return put(e, "counter",
		ts_region_printf(region,
			"Counter \"%s\" is shared with other prices and counts %s, quarter-hour by "
			"quarter-hour in time order.",
			counter->id, counter->term ? "over the term" : "anew in every period"));
}

static enum ts_err tiers_of(const struct ts_terms *terms, const struct ts_explain_line *line,
	struct ts_region *region, struct ts_explanation *e)
{
	const struct ts_price *price = &terms->prices[line->item];
	char text[TS_DECIMAL_CHARS];
	if (price->model == TS_PRICE_PER_UNIT)
		return TS_OK;
	TS_TRY(put_counter(terms, price, region, e));
	if (price->model == TS_PRICE_PACKAGE)
		return TS_OK;
	struct ts_explain_tier *tiers = ts_region_array(region, price->tiers_n, sizeof *tiers);
	if (tiers == NULL)
		return TS_E_NO_MEMORY;
	const char *over = "0";
	for (size_t i = 0; i < price->tiers_n; i++) {
		const struct ts_tier *t = &price->tiers[i];
		struct ts_explain_tier *row = &tiers[i];
		*row = (struct ts_explain_tier){.number = (int32_t)i + 1,
			.over = over,
			.applies = line->tier == (int32_t)i + 1};
		if (!t->open)
			row->up_to = ts_region_printf(
				region, "%s", ts_trace_quantity(terms, price, t->up_to, text));
		row->unit_price = ts_region_printf(
			region, "%s", ts_decimal_format(t->unit_price, 0, text));
		if (t->flat_minor != 0)
			row->flat = ts_region_printf(region, "%s",
				ts_money_format(t->flat_minor, terms->currency, text));
		if (t->package > 0)
			row->package = ts_region_printf(
				region, "%s", ts_trace_quantity(terms, price, t->package, text));
		if ((!t->open && row->up_to == NULL) || row->unit_price == NULL ||
			(t->flat_minor != 0 && row->flat == NULL) ||
			(t->package > 0 && row->package == NULL))
			return TS_E_NO_MEMORY;
		over = row->up_to;
	}
	e->tiers = tiers;
	e->tiers_n = price->tiers_n;
	e->unit = terms->skus[price->sku].unit;
	return TS_OK;
}

/* The clauses of a trace, one step each. */
static enum ts_err put_trace(const char *trace, struct ts_region *region, struct ts_explanation *e)
{
	for (const char *at = trace; at != NULL && *at != '\0';) {
		const char *end = strstr(at, "; ");
		int len = end != NULL ? (int)(end - at) : (int)strlen(at);
		const char *name = strncmp(at, "rounded once", 12) == 0    ? "rounding"
				   : strncmp(at, "terms version", 13) == 0 ? "terms"
									   : "calculation";
		if (e->steps_n == TS_EXPLAIN_STEPS_MAX)
			return TS_E_LIMIT;
		TS_TRY(put(e, name, ts_region_printf(region, "%.*s", len, at)));
		at = end != NULL ? end + 2 : NULL;
	}
	return TS_OK;
}

enum ts_err ts_explain(const struct ts_terms *terms, const struct ts_explain_line *line,
	struct ts_region *region, struct ts_explanation *out)
{
	struct ts_charge_names names;
	struct ts_explanation e = {.unit = ""};
	ts_charge_names(terms, line->kind, line->item, &names);
	e.title = ts_region_printf(region, "%s (%s \"%s\"%s)", names.description,
		ts_charge_kind_name(line->kind), names.id,
		line->tier > 0 ? ts_region_printf(region, ", tier %d", line->tier) : "");
	if (e.title == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(put(&e, "rule", rule_of(terms, line)));
	TS_TRY(put_measured(line, &names, region, &e));
	if (line->kind == TS_CHARGE_USAGE)
		TS_TRY(tiers_of(terms, line, region, &e));
	TS_TRY(put_trace(line->trace, region, &e));
	*out = e;
	return TS_OK;
}

enum ts_err ts_charge_find(const struct ts_terms *terms, struct ts_str kind, struct ts_str id,
	enum ts_charge_kind *kind_out, size_t *item)
{
	for (int k = 0; k < TS_CHARGE_KINDS; k++) {
		enum ts_charge_kind each = (enum ts_charge_kind)k;
		if (!ts_str_is(kind, ts_charge_kind_name(each)))
			continue;
		if (each == TS_CHARGE_CREDIT || each == TS_CHARGE_SETTLEMENT) { /* credit-1 */
			struct ts_str rest = id;
			int64_t serial = 0;
			if (!ts_str_eq(ts_str_cut(&rest, '-'), kind) ||
				ts_text_u63(rest, &serial) != TS_OK || serial < 1)
				return TS_E_NOT_FOUND;
			*kind_out = each;
			*item = (size_t)serial - 1;
			return TS_OK;
		}
		for (size_t i = 0; i < ts_charge_items(terms, each); i++) {
			struct ts_charge_names names;
			ts_charge_names(terms, each, i, &names);
			if (!ts_str_is(id, names.id))
				continue;
			*kind_out = each;
			*item = i;
			return TS_OK;
		}
	}
	return TS_E_NOT_FOUND;
}
