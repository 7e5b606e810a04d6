/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "service/command/command.h"
#include "service/command/terms_file.h"
#include "service/command/what_if.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_BYTES ((size_t)1 << 30)
#define QUANTITY_DECIMALS 9

static int run(int argc, char **argv);

const struct ts_command ts_cmd_rate = {
	.name = "rate",
	.summary = "price usage records under contract terms, without a database",
	.usage = "tallystick rate --terms TERMS.json [--usage RECORDS.tsv] [--cluster NAME]\n"
		 "                [--from INSTANT] [--to INSTANT] [--json] [--explain]\n"
		 "\n"
		 "Prints what every billing period costs: usage lines, fees, true-up, tax.\n"
		 "TERMS.json is docs/formats/terms.md; parties, keys and paper may be left out, a\n"
		 "template of `contract new` will do.\n"
		 "RECORDS.tsv has record lines (docs/formats/record.md): u1 counts, r1 takes\n"
		 "back the u1 with that line number (from 0) of the same file, g1 names the\n"
		 "stream and so the cluster of the lines behind it (--cluster: where there is\n"
		 "none), c1 carries no usage. Shown are the periods from the term's first to that\n"
		 "of the last record or of --to; --from and --to pick whole periods.\n"
		 "\n"
		 "  tallystick rate --terms terms.json --usage usage.tsv --explain\n"
		 "  tallystick rate --terms terms.json --to 2027-01-01T00:00:00Z --json\n",
	.run = run,
};

struct rate_args {
	const char *terms, *cluster, *from, *to;
	struct ts_opt_list usage;
	bool json, explain;
	int64_t from_us, to_us; /* -1: not given */
};

static enum ts_err parse_instant(
	const char *text, const char *name, int64_t *out, struct ts_why *why)
{
	*out = -1;
	if (text && ts_time_parse(ts_str(text), out) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, name,
			"\"%.60s\" is no RFC 3339 instant in UTC (2026-05-01T00:00:00Z)", text);
	return TS_OK;
}

static enum ts_err parse_range(struct rate_args *args, struct ts_why *why)
{
	TS_TRY(parse_instant(args->from, "--from", &args->from_us, why));
	TS_TRY(parse_instant(args->to, "--to", &args->to_us, why));
	if (args->to_us >= 0 && args->to_us <= args->from_us)
		return ts_why(why, TS_E_INVALID, "--to", "%s is not after --from %s", args->to,
			args->from);
	return TS_OK;
}

/* The periods [*first, *end) to show. */
static enum ts_err find_range(const struct ts_what_if *w, const struct rate_args *args,
	int32_t *first, int32_t *end, struct ts_why *why)
{
	const struct ts_terms *t = w->terms;
	struct ts_period p;
	*first = 0;
	*end = w->last_period + 1;
	if (args->from_us >= t->to_us)
		return ts_why(why, TS_E_RANGE, "--from", "%s is behind the term", args->from);
	if (args->to_us >= 0 && args->to_us <= t->from_us)
		return ts_why(why, TS_E_RANGE, "--to", "%s is before the term", args->to);
	if (args->from_us > t->from_us) {
		TS_TRY(ts_period_at(t, args->from_us, &p));
		*first = p.index;
	}
	if (args->to_us >= 0) {
		int64_t last_us = args->to_us < t->to_us ? args->to_us - 1 : t->to_us - 1;
		TS_TRY(ts_period_at(t, last_us, &p));
		*end = p.index + 1;
	}
	if (*end <= *first)
		*end = *first + 1;
	if (*end - *first > TS_WHAT_IF_PERIODS_MAX)
		return ts_why(
			why, TS_E_LIMIT, "--to", "more than %d periods", TS_WHAT_IF_PERIODS_MAX);
	return TS_OK;
}

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

static json_t *line_json(const struct ts_terms *terms, const struct ts_charge_line *line)
{
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

static json_t *bill_json(const struct ts_terms *terms, const struct ts_what_if_bill *bill)
{
	char name[TS_TIME_CHARS], from[TS_TIME_CHARS], to[TS_TIME_CHARS];
	char subtotal[TS_DECIMAL_CHARS], tax[TS_DECIMAL_CHARS], total[TS_DECIMAL_CHARS];
	json_t *lines = json_array(), *taxes = json_array();
	for (size_t i = 0; i < bill->lines_n; i++)
		json_array_append_new(lines, line_json(terms, &bill->lines[i]));
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

static enum ts_err print_json(const struct ts_what_if *w, const struct ts_what_if_bill *bills,
	int32_t n, struct ts_why *why)
{
	json_t *periods = json_array(), *asides = json_array();
	for (int32_t i = 0; i < n; i++)
		json_array_append_new(periods, bill_json(w->terms, &bills[i]));
	for (size_t i = 0; i < w->asides_n; i++)
		json_array_append_new(asides, aside_json(&w->asides[i]));
	__attribute__((cleanup(ts_json_cleanup))) json_t *json = json_pack("{s:s,s:o,s:o}",
		"currency", w->terms->currency->code, "periods", periods, "not_rated", asides);
	if (!json || json_dumpf(json, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF)
		return ts_why(why, TS_E_IO, "standard output", "cannot write");
	return TS_OK;
}

static void print_line(
	const struct ts_terms *terms, const struct ts_charge_line *line, bool explain)
{
	struct line_words words = words_of(terms, line);
	char what[64], grouped[TS_DECIMAL_CHARS], tier[24] = "";
	if (line->tier > 0)
		snprintf(tier, sizeof tier, " tier %d", line->tier);
	snprintf(what, sizeof what, "%.40s%s", words.names.id, tier);
	printf("  %-10s %-28s %-16s %18s %-10s %14s %22s\n", ts_charge_kind_name(line->kind), what,
		words.names.pricing_class, words.quantity, words.unit, words.unit_price,
		ts_money_group(line->amount_minor, terms->currency, grouped));
	if (explain)
		printf("           %s\n", line->trace);
}

static void print_sum(const char *name, int64_t minor, const struct ts_terms *terms)
{
	char grouped[TS_DECIMAL_CHARS];
	printf("  %-100s %22s\n", name, ts_money_group(minor, terms->currency, grouped));
}

static void print_bill(
	const struct ts_terms *terms, const struct ts_what_if_bill *bill, bool explain)
{
	char name[TS_TIME_CHARS], from[TS_TIME_CHARS], to[TS_TIME_CHARS];
	char label[200], percent[TS_DECIMAL_CHARS];
	printf("%s  [%s, %s)  %s\n", ts_period_name(&bill->period, name),
		ts_time_format(bill->period.from_us, from), ts_time_format(bill->period.to_us, to),
		terms->currency->code);
	for (size_t i = 0; i < bill->lines_n; i++)
		print_line(terms, &bill->lines[i], explain);
	print_sum("subtotal", bill->subtotal_minor, terms);
	for (size_t i = 0; i < bill->taxes_n; i++) {
		const struct ts_what_if_tax *tax = &bill->taxes[i];
		snprintf(label, sizeof label, "tax %s, %s %%", terms->treatments[tax->treatment].id,
			ts_decimal_format(tax->percent, 0, percent));
		print_sum(label, tax->tax_minor, terms);
	}
	print_sum("total", bill->total_minor, terms);
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

static enum ts_err print_all(struct ts_what_if *w, const struct rate_args *args, struct ts_why *why)
{
	int32_t first = 0, end = 0;
	TS_TRY(find_range(w, args, &first, &end, why));
	struct ts_what_if_bill *bills = ts_region_array(
		w->region, (size_t)(end - first), sizeof *bills);
	if (!bills)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory");
	for (int32_t i = first; i < end; i++) {
		struct ts_period p;
		TS_TRY(ts_period_get(w->terms, i, &p));
		TS_TRY(ts_what_if_rate(w, &p, &bills[i - first], why));
	}
	if (args->json)
		return print_json(w, bills, end - first, why);
	for (int32_t i = 0; i < end - first; i++) {
		print_bill(w->terms, &bills[i], args->explain);
		putchar('\n');
	}
	print_asides(w, stdout);
	return fflush(stdout) == 0 ? TS_OK
				   : ts_why(why, TS_E_IO, "standard output", "cannot write");
}

static enum ts_err rate(struct rate_args *args, struct ts_region *region, struct ts_why *why)
{
	const struct ts_terms *terms = NULL;
	struct ts_what_if w;
	TS_TRY(parse_range(args, why));
	TS_TRY(ts_terms_file_read(args->terms, true, region, &terms, why));
	TS_TRY(ts_what_if_init(&w, terms, region, why));
	if (args->cluster)
		w.cluster = ts_str(args->cluster);
	enum ts_err err = TS_OK;
	for (size_t i = 0; i < args->usage.n && err == TS_OK; i++)
		err = ts_what_if_read(&w, args->usage.items[i], why);
	if (err == TS_OK)
		err = print_all(&w, args, why);
	ts_what_if_free(&w);
	return err;
}

static int run(int argc, char **argv)
{
	struct rate_args args = {0};
	const struct ts_opt opts[] = {
		{"terms", TS_OPT_TEXT, true, &args.terms, "FILE", "the contract terms"},
		{"usage", TS_OPT_LIST, false, &args.usage, "FILE", "record lines"},
		{"cluster", TS_OPT_TEXT, false, &args.cluster, "NAME",
			"where records without g1 come from"},
		{"from", TS_OPT_TEXT, false, &args.from, "INSTANT",
			"first period shown holds this"},
		{"to", TS_OPT_TEXT, false, &args.to, "INSTANT",
			"last period shown ends here or later"},
		{"json", TS_OPT_FLAG, false, &args.json, NULL, "print JSON"},
		{"explain", TS_OPT_FLAG, false, &args.explain, NULL,
			"say how each line came about"},
	};
	int code = TS_EXIT_OK;
	if (!ts_opt_parse(&ts_cmd_rate, opts, sizeof opts / sizeof opts[0], argc, argv, 0, 0, NULL,
		    &code))
		return code;
	struct ts_region *region = ts_region_create(REGION_BYTES);
	struct ts_why why = {0};
	enum ts_err err = region ? rate(&args, region, &why) : TS_E_NO_MEMORY;
	ts_region_free(region);
	return err == TS_OK ? TS_EXIT_OK : ts_command_fail(&ts_cmd_rate, err, &why);
}
