/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/rate_print.h"
#include "base/buf.h"
#include "base/json.h"
#include "book/invoice.h"
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

static bool same_line(const struct ts_charge_line *a, const struct ts_charge_line *b)
{
	return a->kind == b->kind && a->item == b->item && a->tier == b->tier;
}

static const struct ts_charge_line *line_of(
	const struct ts_what_if_bill *bill, const struct ts_charge_line *line)
{
	for (size_t i = 0; i < bill->lines_n; i++)
		if (same_line(&bill->lines[i], line))
			return &bill->lines[i];
	return NULL;
}

static json_t *money(int64_t minor, const struct ts_currency *currency)
{
	char text[TS_DECIMAL_CHARS];
	return json_string(ts_money_format(minor, currency, text));
}

/* The line's share of each calendar month; they sum to the line. */
static json_t *months_json(const struct ts_terms *terms, const struct ts_what_if_bill *bill,
	const struct ts_charge_line *line)
{
	json_t *months = json_array();
	for (size_t i = 0; i < bill->charges_n; i++) {
		const struct ts_charge *c = &bill->charges[i];
		char quantity[TS_I128_CHARS], date[TS_TIME_CHARS];
		if (c->kind != line->kind || c->item != line->item || c->tier != line->tier)
			continue;
		ts_date_format(ts_month_first_day(c->month), date);
		json_array_append_new(
			months, json_pack("{s:s%,s:s,s:o}", "month", date, (size_t)7,
					"base_quantity", ts_i128_format(c->quantity, quantity),
					"amount", money(c->amount_minor, terms->currency)));
	}
	return months;
}

static json_t *line_json(const struct ts_what_if *w, const struct ts_what_if_bill *bill,
	const struct ts_what_if_bill *before, const struct ts_charge_line *line, bool more)
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
	json_object_set_new(json, "months", months_json(terms, bill, line));
	if (before != NULL) {
		const struct ts_charge_line *was = line_of(before, line);
		int64_t billed = was != NULL ? was->amount_minor : 0;
		json_object_set_new(json, "before", money(billed, terms->currency));
		json_object_set_new(
			json, "delta", money(line->amount_minor - billed, terms->currency));
	}
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

/* Lines that were there before and are nothing now. */
static json_t *gone_json(const struct ts_what_if *w, const struct ts_what_if_bill *bill,
	const struct ts_what_if_bill *before)
{
	json_t *gone = json_array();
	for (size_t i = 0; i < before->lines_n; i++) {
		const struct ts_charge_line *line = &before->lines[i];
		struct ts_charge_names names;
		if (line_of(bill, line) != NULL)
			continue;
		ts_charge_names(w->terms, line->kind, line->item, &names);
		json_array_append_new(
			gone, json_pack("{s:s,s:s,s:o,s:o,s:o}", "kind",
				      ts_charge_kind_name(line->kind), "id", names.id, "tier",
				      line->tier > 0 ? json_integer(line->tier) : json_null(),
				      "before", money(line->amount_minor, w->terms->currency),
				      "delta", money(-line->amount_minor, w->terms->currency)));
	}
	return gone;
}

static json_t *bill_json(const struct ts_what_if *w, const struct ts_what_if_bill *bill,
	const struct ts_what_if_bill *before, bool more)
{
	const struct ts_currency *currency = w->terms->currency;
	char name[TS_TIME_CHARS], from[TS_TIME_CHARS], to[TS_TIME_CHARS];
	json_t *lines = json_array(), *taxes = json_array();
	for (size_t i = 0; i < bill->lines_n; i++)
		json_array_append_new(lines, line_json(w, bill, before, &bill->lines[i], more));
	for (size_t i = 0; i < bill->taxes_n; i++)
		json_array_append_new(taxes, tax_json(w->terms, &bill->taxes[i]));
	json_t *json = json_pack("{s:s,s:s,s:s,s:i,s:i,s:o,s:o,s:o,s:o,s:o}", "period",
		ts_period_name(&bill->period, name), "from",
		ts_time_format(bill->period.from_us, from), "to",
		ts_time_format(bill->period.to_us, to), "days",
		(int)(bill->period.end_day - bill->period.first_day), "full_days",
		(int)(bill->period.full_end_day - bill->period.full_first_day), "lines", lines,
		"subtotal", money(bill->subtotal_minor, currency), "taxes", taxes, "tax",
		money(bill->tax_minor, currency), "total", money(bill->total_minor, currency));
	if (json != NULL && before != NULL) {
		json_object_set_new(json, "gone", gone_json(w, bill, before));
		json_object_set_new(json, "before", money(before->subtotal_minor, currency));
		json_object_set_new(json, "delta",
			money(bill->subtotal_minor - before->subtotal_minor, currency));
	}
	return json;
}

static json_t *aside_json(const struct ts_what_if_aside *a)
{
	char quantity[TS_I128_CHARS];
	return json_pack("{s:s,s:s,s:s,s:I,s:s}", "reason", a->reason, "sku", a->sku, "class",
		a->pricing_class, "records", (json_int_t)a->records, "base_quantity",
		ts_i128_format(a->quantity, quantity));
}

enum ts_err ts_rate_print_json(const struct ts_what_if *w, const struct ts_what_if_bill *bills,
	const struct ts_what_if_bill *before, int32_t n, bool more, struct ts_why *why)
{
	json_t *periods = json_array(), *asides = json_array();
	for (int32_t i = 0; i < n; i++)
		json_array_append_new(
			periods, bill_json(w, &bills[i], before != NULL ? &before[i] : NULL, more));
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
	const struct ts_what_if_bill *before, int32_t n, bool more, struct ts_why *why)
{
	for (int32_t i = 0; i < n; i++) {
		TS_TRY(print_bill(w, &bills[i], more));
		if (before != NULL) {
			print_sum("subtotal before", before[i].subtotal_minor, w->terms);
			print_sum("difference", bills[i].subtotal_minor - before[i].subtotal_minor,
				w->terms);
		}
		putchar('\n');
	}
	print_asides(w, stdout);
	return fflush(stdout) == 0 ? TS_OK
				   : ts_why(why, TS_E_IO, "standard output", "cannot write");
}

static json_t *unbilled_json(struct ts_what_if *w)
{
	json_t *rows = json_array();
	const struct ts_unbilled_row *row = NULL;
	for (size_t i = 0; (row = ts_ledger_unbilled(w->ledger, i)) != NULL; i++) {
		char quantity[TS_I128_CHARS];
		json_array_append_new(
			rows, json_pack("{s:s,s:s,s:s,s:s}", "reason", row->reason, "sku", row->sku,
				      "class", row->pricing_class, "base_quantity",
				      ts_i128_format(row->quantity, quantity)));
	}
	return rows;
}

static void print_body(const struct ts_invoice *body)
{
	const struct ts_terms *terms = body->terms;
	char name[TS_TIME_CHARS], from[TS_TIME_CHARS], to[TS_TIME_CHARS], amount[TS_DECIMAL_CHARS];
	printf("%s  %s\n", ts_period_name(&body->period, name), terms->currency->code);
	for (size_t i = 0; i < body->lines_n; i++) {
		const struct ts_invoice_line *l = &body->lines[i];
		printf("  %-10s %-28s v%d  [%s, %s) %22s\n", ts_charge_kind_name(l->kind), l->id,
			(int)l->version, ts_date_format(l->from_day, from),
			ts_date_format(l->to_day, to),
			ts_money_group(l->net_minor, terms->currency, amount));
		printf("             %s\n", l->trace);
	}
	print_sum("subtotal", body->subtotal_minor, terms);
	print_sum("tax", body->tax_minor, terms);
	print_sum("total", body->total_minor, terms);
}

enum ts_err ts_rate_print_bodies(
	struct ts_what_if *w, struct ts_invoice **bodies, int32_t n, bool json, struct ts_why *why)
{
	__attribute__((cleanup(ts_json_cleanup))) json_t *out = NULL;
	json_t *periods = json_array();
	for (int32_t i = 0; i < n; i++) {
		const char *bytes = NULL;
		size_t len = 0;
		json_t *body = NULL;
		if (!json) {
			print_body(bodies[i]);
			continue;
		}
		TS_TRY(ts_invoice_body_json(bodies[i], w->region, &bytes, &len));
		TS_TRY(ts_json_parse(bytes, len, &body, why));
		json_array_append_new(periods, body);
	}
	out = json_pack("{s:s,s:o,s:o}", "currency", w->terms->currency->code, "periods", periods,
		"not_rated", unbilled_json(w));
	if (json && (json_dumpf(out, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF))
		return ts_why(why, TS_E_IO, "standard output", "cannot write");
	return fflush(stdout) == 0 ? TS_OK
				   : ts_why(why, TS_E_IO, "standard output", "cannot write");
}
