/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/words.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Adjusted documents that are named in the head; the lines name all. */
#define ADJUSTS_NAMED_MAX 6

const char *ts_words_printf(struct ts_words *words, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *text = len < 0 ? NULL : ts_region_alloc(words->region, (size_t)len + 1);
	if (text != NULL)
		vsnprintf(text, (size_t)len + 1, fmt, again);
	else
		words->err = TS_E_NO_MEMORY;
	va_end(again);
	return text != NULL ? text : "";
}

static bool empty(const char *text)
{
	return text == NULL || *text == '\0';
}

static enum ts_err compare(const struct ts_invoice *invoice, const char *what, int64_t sum,
	int64_t stated, struct ts_why *why)
{
	char a[TS_DECIMAL_CHARS], b[TS_DECIMAL_CHARS];
	if (sum == stated)
		return TS_OK;
	return ts_why(why, TS_E_INTERNAL, what, "the document does not add up: %s, stated %s",
		ts_money_format(sum, invoice->terms->currency, a),
		ts_money_format(stated, invoice->terms->currency, b));
}

enum ts_err ts_invoice_adds_up(const struct ts_invoice *invoice, struct ts_why *why)
{
	int64_t lines = 0, net = 0, tax = 0, prepaid = 0, total;
	for (size_t i = 0; i < invoice->lines_n; i++)
		TS_TRY(ts_add64(lines, invoice->lines[i].net_minor, &lines));
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		TS_TRY(ts_add64(net, invoice->taxes[i].net_minor, &net));
		TS_TRY(ts_add64(tax, invoice->taxes[i].tax_minor, &tax));
	}
	TS_TRY(ts_add64(invoice->subtotal_minor, invoice->tax_minor, &total));
	TS_TRY(compare(invoice, "lines", lines, invoice->subtotal_minor, why));
	TS_TRY(compare(invoice, "tax bases", net, invoice->subtotal_minor, why));
	TS_TRY(compare(invoice, "taxes", tax, invoice->tax_minor, why));
	TS_TRY(compare(invoice, "total", total, invoice->total_minor, why));
	for (size_t i = 0; i < invoice->deposits_n; i++)
		TS_TRY(ts_add64(prepaid, invoice->deposits[i].amount_minor, &prepaid));
	return compare(invoice, "deposits", prepaid, invoice->prepaid_minor, why);
}

const char *ts_words_title(const struct ts_invoice *invoice)
{
	switch (invoice->kind) {
	case TS_DOCUMENT_INVOICE:
		return invoice->has_head ? "Invoice" : "Invoice preview";
	case TS_DOCUMENT_CREDIT_NOTE:
		return invoice->has_head ? "Credit note" : "Credit note preview";
	case TS_DOCUMENT_PREPAYMENT:
		return invoice->has_head ? "Prepayment invoice" : "Prepayment invoice preview";
	}
	return "";
}

const char *ts_words_total(const struct ts_invoice *invoice)
{
	if (!invoice->has_head)
		return "Total if issued now";
	switch (invoice->kind) {
	case TS_DOCUMENT_INVOICE:
	case TS_DOCUMENT_PREPAYMENT:
		return "Total due";
	case TS_DOCUMENT_CREDIT_NOTE:
		return "Total credited";
	}
	return "";
}

const char *ts_words_period(struct ts_words *words, const struct ts_invoice *invoice)
{
	char days[TS_FIGURE_CHARS];
	return ts_words_printf(words, "%s",
		ts_figure_days(invoice->period.first_day, invoice->period.end_day, days));
}

const char *ts_words_name(struct ts_words *words, const struct ts_invoice *invoice)
{
	return ts_words_printf(words, "%s %s", ts_words_title(invoice),
		invoice->has_head ? invoice->head.number : ts_words_period(words, invoice));
}

const char *ts_words_address(struct ts_words *words, const struct ts_address *a)
{
	const char *place = ts_words_printf(words, "%s%s%s%s%s", empty(a->city) ? "" : a->city,
		empty(a->city) || empty(a->region) ? "" : ", ", empty(a->region) ? "" : a->region,
		empty(a->postal_code) ? "" : " ", empty(a->postal_code) ? "" : a->postal_code);
	place += *place == ' ';
	return ts_words_printf(words, "%s%s%s%s%s", empty(a->street) ? "" : a->street,
		empty(a->street) ? "" : "\n", place, empty(place) ? "" : "\n",
		empty(a->country) ? "" : a->country);
}

static bool is_among(const char *text, const char *const *seen, int n)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(seen[i], text) == 0)
			return true;
	}
	return false;
}

const char *ts_words_bank(struct ts_words *words, const struct ts_party *provider)
{
	const struct ts_payment *payment = &provider->payment;
	const char *account = payment->iban ? payment->iban : payment->account;
	if (provider->payment_details && *provider->payment_details)
		return provider->payment_details;
	if (!account)
		return NULL;
	return ts_words_printf(words, "%s%s%s %s%s%s",
		payment->account_name ? payment->account_name : "",
		payment->account_name ? "\n" : "", payment->iban ? "IBAN" : "Account", account,
		payment->bic ? "\nBIC " : "", payment->bic ? payment->bic : "");
}

const char *ts_words_adjusts(struct ts_words *words, const struct ts_invoice *invoice)
{
	const char *list = NULL, *seen[ADJUSTS_NAMED_MAX];
	int named = 0;
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const char *adjusts = invoice->lines[i].adjusts;
		if (empty(adjusts) || is_among(adjusts, seen, named))
			continue;
		if (named == ADJUSTS_NAMED_MAX)
			return ts_words_printf(words, "%s and others", list);
		seen[named++] = adjusts;
		list = list == NULL ? adjusts : ts_words_printf(words, "%s, %s", list, adjusts);
	}
	return list;
}

const char *ts_words_category(const char *category)
{
	static const struct {
		const char *code, *words;
	} categories[] = {
		{"S", "Standard rate"},
		{"Z", "Zero rated"},
		{"E", "Exempt from tax"},
		{"AE", "Reverse charge"},
		{"K", "Intra-community supply"},
		{"G", "Export outside the EU"},
		{"O", "Not subject to tax"},
		{"L", "Canary Islands tax (IGIC)"},
		{"M", "Ceuta and Melilla tax (IPSI)"},
	};
	for (size_t i = 0; i < sizeof categories / sizeof categories[0]; i++) {
		if (strcmp(categories[i].code, category) == 0)
			return categories[i].words;
	}
	return category;
}

const char *ts_words_tax(struct ts_words *words, const struct ts_invoice_tax *tax)
{
	const char *category = ts_words_category(tax->category);
	bool says_more = !empty(tax->reason) && strcmp(tax->reason, category) != 0;
	return ts_words_printf(words, "%s%s%s%s%s", category, empty(tax->jurisdiction) ? "" : ", ",
		empty(tax->jurisdiction) ? "" : tax->jurisdiction, says_more ? ": " : "",
		says_more ? tax->reason : "");
}

bool ts_words_reverse_charge(const struct ts_invoice *invoice)
{
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		if (strcmp(invoice->taxes[i].category, "AE") == 0)
			return true;
	}
	return false;
}

const char *ts_words_witness(struct ts_words *words, const struct ts_invoice *invoice)
{
	if (!invoice->has_head)
		return "None yet: this is a preview, its log positions are not published.";
	if (invoice->head.unwitnessed)
		return "UNWITNESSED. No independent witness has cosigned these log checkpoints. "
		       "Only "
		       "the operator's own signature says that everybody is shown this same "
		       "ledger.";
	return ts_words_printf(words, "Cosigned by the witness quorum that the contract names: %s.",
		invoice->terms->keys.quorum);
}

const char *ts_words_completeness(struct ts_words *words, const struct ts_invoice *invoice)
{
	const struct ts_invoice_head *head = &invoice->head;
	const struct ts_completeness *c = &head->completeness;
	if (!invoice->has_head)
		return "Counted when the period is closed.";
	if (c->late + c->missing == 0)
		return ts_words_printf(words,
			"All %" PRId64
			" windows that the provider's meters had to close are closed.",
			c->expected);
	const char *counts = ts_words_printf(words,
		"%" PRId64 " of %" PRId64 " windows that the provider's meters had to close are "
		"closed, %" PRId64 " late, %" PRId64 " missing",
		c->closed, c->expected, c->late, c->missing);
	if (head->gap >= 0)
		return ts_words_printf(words,
			"%s; both companies accept that by leaf %" PRId64 " of the inputs log.",
			counts, head->gap);
	return ts_words_printf(words,
		"INCOMPLETE. %s. Nobody has accepted that within the days of the contract.",
		counts);
}

const char *ts_words_hex(struct ts_words *words, const struct ts_hash *hash)
{
	char hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(hash->b, sizeof hash->b, hex);
	return ts_words_printf(words, "%s", hex);
}

static const char *sku_words(struct ts_words *words, const struct ts_invoice_line *line)
{
	if (empty(line->sku))
		return "";
	bool named = !empty(line->sku_name) && strcmp(line->sku_name, line->sku) != 0;
	bool classed = !empty(line->pricing_class) && strcmp(line->pricing_class, "*") != 0;
	return ts_words_printf(words, "%s%s%s%s%s%s \u00b7 ", named ? line->sku_name : "",
		named ? " (" : "", line->sku, named ? ")" : "", classed ? " \u00b7 class " : "",
		classed ? line->pricing_class : "");
}

static const char *what_words(struct ts_words *words, const struct ts_invoice *invoice,
	const struct ts_invoice_line *line)
{
	char days[TS_FIGURE_CHARS];
	const char *tier = line->tier > 0 ? ts_words_printf(words, "tier %d \u00b7 ", line->tier)
					  : "";
	const char *version = "";
	if (line->version != invoice->terms->version)
		version = ts_words_printf(words, " \u00b7 terms version %" PRId32, line->version);
	return ts_words_printf(words, "%s%s%s %s%s", sku_words(words, line), tier,
		empty(line->sku) ? "Service" : "service",
		ts_figure_days(line->from_day, line->to_day, days), version);
}

void ts_words_line(struct ts_words *words, const struct ts_invoice *invoice,
	const struct ts_invoice_line *line, struct ts_words_line *out)
{
	const struct ts_currency *cur = invoice->terms->currency;
	char a[TS_FIGURE_CHARS], b[TS_FIGURE_CHARS], plain[TS_DECIMAL_CHARS], digits[TS_I128_CHARS];
	*out = (struct ts_words_line){
		.title = !empty(line->description) ? line->description
			 : !empty(line->sku_name)  ? line->sku_name
						   : line->id,
		.what = what_words(words, invoice, line),
		.quantity = "1",
		.unit = "lump sum",
		.percent = ts_words_printf(words, "%s", ts_decimal_format(line->percent, 0, plain)),
		.net = ts_words_printf(words, "%s", ts_money_group(line->net_minor, cur, plain)),
	};
	out->unit_price = out->net;
	if (!empty(line->adjusts))
		out->adjusts = ts_words_printf(words,
			line->reversal ? "Takes back what %s billed" : "Replaces what %s billed",
			line->adjusts);
	if (!empty(line->prepayment))
		out->adjusts = ts_words_printf(words, "%s%sPrepaid by %s",
			out->adjusts != NULL ? out->adjusts : "", out->adjusts != NULL ? ". " : "",
			line->prepayment);
	bool explained = line->has_unit_price && line->tier == 0;
	if (!explained && !empty(line->trace))
		out->how = line->trace;
	if (!line->has_unit_price)
		return;
	out->quantity = ts_words_printf(
		words, "%s", ts_figure_quantity_group(line->base_quantity, line->divisor, a));
	out->unit = line->unit;
	out->unit_price = ts_words_printf(words, "%s", ts_figure_price(line->unit_price, cur, a));
	ts_figure_group(ts_i128_format(line->base_quantity, digits), a);
	ts_figure_group(ts_i128_format(line->divisor, digits), b);
	if (line->divisor != 1)
		out->exact = ts_words_printf(words, "Exactly %s \u00f7 %s base units", a, b);
}
