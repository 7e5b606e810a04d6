/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/rate_print.h"
#include "base/buf.h"
#include "base/json.h"
#include "service/explain.h"
#include <stdio.h>

#define QUANTITY_DECIMALS 9
#define EXPLANATION_BYTES_MAX (1u << 20)

/* What a line prints as quantity, unit and unit price; fees count days, a true-up is one. */
struct line_words {
	struct ts_charge_names names;
	char quantity[TS_DECIMAL_CHARS], base[TS_I128_CHARS], unit_price[TS_DECIMAL_CHARS],
		amount[TS_DECIMAL_CHARS];
	const char *unit;
};

static struct line_words words_of(const struct ts_terms *terms, const struct ts_charge_line *line)
{
	struct line_words words;
	ts_charge_names(terms, line->kind, line->item, &words.names);
	bool counted = ts_charge_is_counted(line->kind);
	ts_i128 quantity = counted ? line->quantity : 1;
	ts_ratio_format(quantity, words.names.divisor, QUANTITY_DECIMALS, words.quantity);
	ts_i128_format(quantity, words.base);
	words.unit_price[0] = '\0';
	if (line->has_unit_price)
		ts_decimal_format(line->unit_price, 0, words.unit_price);
	ts_money_format(line->amount_minor, terms->currency, words.amount);
	words.unit = line->kind == TS_CHARGE_FEE ? "day" : counted ? words.names.unit : "period";
	return words;
}

static json_t *text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

static enum ts_err explain(const struct ts_terms *terms, const struct ts_charge_line *line,
	struct ts_region *region, struct ts_explanation *out)
{
	const struct ts_explain_line of = {.kind = line->kind,
		.item = line->item,
		.tier = line->tier,
		.quantity = line->quantity,
		.trace = line->trace};
	return ts_explain(terms, &of, region, out);
}

static json_t *line_json(const struct ts_what_if *w, const struct ts_charge_line *line, bool more)
{
	const struct ts_terms *terms = w->terms;
	struct ts_explanation e;
	struct line_words words = words_of(terms, line);
	char flat[TS_DECIMAL_CHARS];
	json_t *json = json_pack("{s:s,s:s,s:s,s:o,s:o,s:o}", "kind",
		ts_charge_kind_name(line->kind), "id", words.names.id, "description",
		words.names.description, "section", text_or_null(words.names.section), "sku",
		text_or_null(words.names.sku), "class", text_or_null(words.names.pricing_class));
	if (!json)
		return NULL;
	json_object_set_new(json, "tier", line->tier > 0 ? json_integer(line->tier) : json_null());
	json_object_set_new(json, "quantity", json_string(words.quantity));
	json_object_set_new(json, "base_quantity", json_string(words.base));
	json_object_set_new(json, "unit", json_string(words.unit));
	json_object_set_new(json, "unit_price", text_or_null(words.unit_price));
	if (line->flat_minor != 0)
		json_object_set_new(json, "flat",
			json_string(ts_money_format(line->flat_minor, terms->currency, flat)));
	json_object_set_new(json, "amount", json_string(words.amount));
	json_object_set_new(json, "trace", json_string(line->trace));
	if (more && explain(terms, line, w->region, &e) == TS_OK) {
		json_t *object = json_object();
		ts_explain_json(&e, object);
		json_object_set_new(json, "explain", object);
	}
	return json;
}

static json_t *tax_json(const struct ts_terms *terms, const struct ts_what_if_tax *tax)
{
	char percent[TS_DECIMAL_CHARS], net[TS_DECIMAL_CHARS], amount[TS_DECIMAL_CHARS];
	const struct ts_treatment *treatment = &terms->treatments[tax->treatment];
	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "treatment", treatment->id, "category",
		treatment->category, "percent", ts_decimal_format(tax->percent, 0, percent), "net",
		ts_money_format(tax->net_minor, terms->currency, net), "tax",
		ts_money_format(tax->tax_minor, terms->currency, amount));
}

static json_t *bill_json(const struct ts_what_if *w, const struct ts_what_if_bill *bill, bool more)
{
	const struct ts_terms *terms = w->terms;
	char name[TS_TIME_CHARS], from[TS_TIME_CHARS], to[TS_TIME_CHARS];
	char subtotal[TS_DECIMAL_CHARS], tax[TS_DECIMAL_CHARS], total[TS_DECIMAL_CHARS];
	json_t *lines = json_array(), *taxes = json_array();
	for (size_t i = 0; i < bill->lines_n; i++)
		json_array_append_new(lines, line_json(w, &bill->lines[i], more));
	for (size_t i = 0; i < bill->taxes_n; i++)
		json_array_append_new(taxes, tax_json(terms, &bill->taxes[i]));
	return json_pack("{s:s,s:s,s:s,s:o,s:s,s:o,s:s,s:s}", "period",
		ts_period_name(&bill->period, name), "from",
		ts_time_format(bill->period.from_us, from), "to",
		ts_time_format(bill->period.to_us, to), "lines", lines, "subtotal",
		ts_money_format(bill->subtotal_minor, terms->currency, subtotal), "taxes", taxes,
		"tax", ts_money_format(bill->tax_minor, terms->currency, tax), "total",
		ts_money_format(bill->total_minor, terms->currency, total));
}

static json_t *aside_json(const struct ts_what_if_aside *a)
{
	char quantity[TS_I128_CHARS];
	return json_pack("{s:s,s:s,s:s,s:I,s:s}", "reason", a->reason, "sku", a->sku, "class",
		a->pricing_class, "records", (json_int_t)a->records, "base_quantity",
		ts_i128_format(a->quantity, quantity));
}

enum ts_err ts_rate_print_json(const struct ts_what_if *w, const struct ts_what_if_bill *bills,
	int32_t n, bool more, struct ts_why *why)
{
	json_t *periods = json_array(), *asides = json_array();
	for (int32_t i = 0; i < n; i++)
		json_array_append_new(periods, bill_json(w, &bills[i], more));
	for (size_t i = 0; i < w->asides_n; i++)
		json_array_append_new(asides, aside_json(&w->asides[i]));
	__attribute__((cleanup(ts_json_cleanup))) json_t *json = json_pack("{s:s,s:o,s:o}",
		"currency", w->terms->currency->code, "periods", periods, "not_rated", asides);
	if (!json || json_dumpf(json, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF)
		return ts_why(why, TS_E_IO, "standard output", "cannot write");
	return TS_OK;
}

static enum ts_err print_line(
	const struct ts_what_if *w, const struct ts_charge_line *line, bool more)
{
	const struct ts_terms *terms = w->terms;
	struct ts_explanation e;
	struct ts_buf text;
	struct line_words words = words_of(terms, line);
	char what[64], grouped[TS_DECIMAL_CHARS], tier[24] = "";
	if (line->tier > 0)
		snprintf(tier, sizeof tier, " tier %d", line->tier);
	snprintf(what, sizeof what, "%.40s%s", words.names.id, tier);
	printf("  %-10s %-28s %-16s %18s %-10s %14s %22s\n", ts_charge_kind_name(line->kind), what,
		words.names.pricing_class, words.quantity, words.unit, words.unit_price,
		ts_money_group(line->amount_minor, terms->currency, grouped));
	if (!more)
		return TS_OK;
	TS_TRY(explain(terms, line, w->region, &e));
	ts_buf_init(&text, EXPLANATION_BYTES_MAX);
	ts_explain_text(&e, "             ", &text);
	enum ts_err err = text.err;
	if (err == TS_OK)
		fputs(ts_buf_str(&text), stdout);
	ts_buf_free(&text);
	return err;
}

static void print_sum(const char *name, int64_t minor, const struct ts_terms *terms)
{
	char grouped[TS_DECIMAL_CHARS];
	printf("  %-100s %22s\n", name, ts_money_group(minor, terms->currency, grouped));
}

static enum ts_err print_bill(
	const struct ts_what_if *w, const struct ts_what_if_bill *bill, bool more)
{
	const struct ts_terms *terms = w->terms;
	char name[TS_TIME_CHARS], from[TS_TIME_CHARS], to[TS_TIME_CHARS];
	char label[200], percent[TS_DECIMAL_CHARS];
	printf("%s  [%s, %s)  %s\n", ts_period_name(&bill->period, name),
		ts_time_format(bill->period.from_us, from), ts_time_format(bill->period.to_us, to),
		terms->currency->code);
	for (size_t i = 0; i < bill->lines_n; i++)
		TS_TRY(print_line(w, &bill->lines[i], more));
	print_sum("subtotal", bill->subtotal_minor, terms);
	for (size_t i = 0; i < bill->taxes_n; i++) {
		const struct ts_what_if_tax *tax = &bill->taxes[i];
		snprintf(label, sizeof label, "tax %s, %s %%", terms->treatments[tax->treatment].id,
			ts_decimal_format(tax->percent, 0, percent));
		print_sum(label, tax->tax_minor, terms);
	}
	print_sum("total", bill->total_minor, terms);
	return TS_OK;
}

static void print_asides(const struct ts_what_if *w, FILE *out)
{
	for (size_t i = 0; i < w->asides_n; i++) {
		const struct ts_what_if_aside *a = &w->asides[i];
		char quantity[TS_I128_CHARS];
		fprintf(out, "not rated: %s: sku %s class %s: %lld records, %s base units\n",
			a->reason, a->sku, a->pricing_class, (long long)a->records,
			ts_i128_format(a->quantity, quantity));
	}
}

enum ts_err ts_rate_print_text(const struct ts_what_if *w, const struct ts_what_if_bill *bills,
	int32_t n, bool more, struct ts_why *why)
{
	for (int32_t i = 0; i < n; i++) {
		TS_TRY(print_bill(w, &bills[i], more));
		putchar('\n');
	}
	print_asides(w, stdout);
	return fflush(stdout) == 0 ? TS_OK
				   : ts_why(why, TS_E_IO, "standard output", "cannot write");
}
