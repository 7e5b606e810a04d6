/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/text.h"
#include "reports/table.h"
#include "reports/words.h"
#include <inttypes.h>

/* "Label            value" */
static void put_pair(struct ts_buf *out, const char *label, const char *value)
{
	if (value != NULL && *value != '\0')
		ts_buf_printf(out, "%-16s%s\n", label, value);
}

static void put_total(
	struct ts_table *table, const struct ts_invoice *invoice, const char *label, int64_t minor)
{
	char text[TS_DECIMAL_CHARS];
	ts_table_row(table, (const char *[]){"", label, "", "", "", "", "",
				    ts_money_group(minor, invoice->terms->currency, text)});
}

/* "H100 reserved, tier 2, adjusts X": one line of a terminal's table. */
static const char *line_title(struct ts_words *words, const struct ts_invoice_line *line,
	const struct ts_words_line *text)
{
	const char *tier = line->tier > 0 ? ts_words_printf(words, ", tier %d", line->tier) : "";
	const char *adjusts = line->adjusts == NULL ? ""
						    : ts_words_printf(words,
							      line->reversal ? ", takes back %s"
									     : ", replaces %s",
							      line->adjusts);
	return ts_words_printf(words, "%s%s%s", text->title, tier, adjusts);
}

enum ts_err ts_charges_text(
	const struct ts_invoice *invoice, struct ts_region *region, struct ts_buf *out)
{
	static const struct ts_table_column columns[] = {
		{"#", TS_ALIGN_RIGHT, 0},
		{"Charge", TS_ALIGN_LEFT, 72},
		{"Class", TS_ALIGN_LEFT, 16},
		{"Quantity", TS_ALIGN_RIGHT, 0},
		{"Unit", TS_ALIGN_LEFT, 16},
		{"Unit price", TS_ALIGN_RIGHT, 0},
		{"Tax %", TS_ALIGN_RIGHT, 0},
		{"Amount", TS_ALIGN_RIGHT, 0},
	};
	TS_TRY(ts_invoice_adds_up(invoice, NULL));
	struct ts_words words = {region, TS_OK};
	struct ts_table *table = ts_table_create(region, columns, 8);
	if (table == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct ts_invoice_line *line = &invoice->lines[i];
		struct ts_words_line text;
		ts_words_line(&words, invoice, line, &text);
		ts_table_row(table,
			(const char *[]){ts_words_printf(&words, "%" PRId32, line->number),
				line_title(&words, line, &text), line->pricing_class, text.quantity,
				text.unit, text.unit_price, text.percent, text.net});
	}
	ts_table_rule(table);
	put_total(table, invoice, "Subtotal", invoice->subtotal_minor);
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		const struct ts_invoice_tax *tax = &invoice->taxes[i];
		char percent[TS_DECIMAL_CHARS];
		put_total(table, invoice,
			ts_words_printf(&words, "Tax %s %%: %s",
				ts_decimal_format(tax->percent, 0, percent),
				ts_words_tax(&words, tax)),
			tax->tax_minor);
	}
	put_total(table, invoice,
		ts_words_printf(
			&words, "%s, %s", ts_words_total(invoice), invoice->terms->currency->code),
		invoice->total_minor);
	TS_TRY(words.err);
	return ts_table_write(table, out);
}

static enum ts_err put_evidence(
	const struct ts_invoice *invoice, struct ts_words *words, struct ts_buf *out)
{
	const struct ts_invoice_head *head = &invoice->head;
	struct ts_hash hash;
	TS_TRY(ts_invoice_hash(invoice, words->region, &hash));
	put_pair(out, "Document", ts_words_printf(words, "SHA-256 %s", ts_words_hex(words, &hash)));
	put_pair(out, "Contract note",
		ts_words_printf(words, "SHA-256 %s", ts_words_hex(words, &head->contract_note)));
	put_pair(out, "Inputs log",
		ts_words_printf(words, "%s, %" PRId64 " leaves, root %s", head->inputs_origin,
			head->inputs_size, ts_words_hex(words, &head->inputs_root)));
	put_pair(out, "Journal log",
		ts_words_printf(words, "%s, %" PRId64 " leaves, root %s", head->journal_origin,
			head->journal_size, ts_words_hex(words, &head->journal_root)));
	put_pair(out, "Witnesses", ts_words_witness(words, invoice));
	put_pair(out, "Completeness", ts_words_completeness(words, invoice));
	return TS_OK;
}

enum ts_err ts_invoice_text(
	const struct ts_invoice *invoice, struct ts_region *region, struct ts_buf *out)
{
	const struct ts_terms *terms = invoice->terms;
	struct ts_words words = {region, TS_OK};
	char day[TS_TIME_CHARS];
	ts_buf_printf(out, "%s\n\n", ts_words_name(&words, invoice));
	put_pair(out, "From", terms->provider.name);
	put_pair(out, "To", terms->consumer.name);
	put_pair(out, "Contract",
		ts_words_printf(&words, "%s, version %" PRId64, terms->contract, terms->version));
	put_pair(out, "Period", ts_words_period(&words, invoice));
	put_pair(out, "Adjusts", ts_words_adjusts(&words, invoice));
	put_pair(out, "Purchase order", terms->purchase_order);
	put_pair(out, "Your reference", terms->buyer_reference);
	if (invoice->has_head) {
		put_pair(out, "Issued", ts_date_format(invoice->head.issue_day, day));
		if (invoice->kind == TS_DOCUMENT_INVOICE)
			put_pair(out, "Due", ts_date_format(invoice->head.due_day, day));
	} else {
		put_pair(out, "As of", ts_date_format(invoice->day, day));
	}
	ts_buf_putc(out, '\n');
	TS_TRY(ts_charges_text(invoice, region, out));
	if (invoice->has_head) {
		ts_buf_putc(out, '\n');
		TS_TRY(put_evidence(invoice, &words, out));
	}
	TS_TRY(words.err);
	return out->err;
}

enum ts_err ts_usage_text(
	const struct ts_usage_sum *sums, size_t n, struct ts_region *region, struct ts_buf *out)
{
	static const struct ts_table_column columns[] = {
		{"SKU", TS_ALIGN_LEFT, 32},
		{"Class", TS_ALIGN_LEFT, 24},
		{"Records", TS_ALIGN_RIGHT, 0},
		{"Quantity", TS_ALIGN_RIGHT, 0},
		{"Unit", TS_ALIGN_LEFT, 16},
		{"Base units", TS_ALIGN_RIGHT, 0},
	};
	struct ts_table *table = ts_table_create(region, columns, 6);
	if (table == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		char plain[TS_I128_CHARS], records[TS_FIGURE_CHARS], base[TS_FIGURE_CHARS];
		char quantity[TS_FIGURE_CHARS];
		ts_figure_group(ts_i128_format(sums[i].records, plain), records);
		ts_figure_group(ts_i128_format(sums[i].quantity, plain), base);
		ts_figure_quantity_group(sums[i].quantity, sums[i].divisor, quantity);
		ts_table_row(table, (const char *[]){sums[i].sku, sums[i].pricing_class, records,
					    quantity, sums[i].unit, base});
	}
	return ts_table_write(table, out);
}
