/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/invoice_csv.h"
#include "reports/csv.h"
#include "reports/figure.h"
#include "reports/words.h"

static const char *const column_names[] = {"document", "kind", "issue_date", "due_date", "contract",
	"currency", "period_from", "period_to", "row", "line", "charge", "id", "section",
	"description", "sku", "sku_name", "class", "terms_version", "tier", "from_date", "to_date",
	"quantity", "unit", "unit_price", "base_quantity", "divisor", "tax_category",
	"tax_jurisdiction", "tax_reason", "tax_percent", "net", "tax", "amount", "adjusts",
	"reversal", "trace", "completeness", "windows_expected", "windows_late", "windows_missing"};
/* Columns between `row` and `tax_category`, which only lines have. */
#define LINE_COLUMNS 17

static void put_date(struct ts_csv *csv, bool present, int32_t day)
{
	char text[TS_TIME_CHARS];
	ts_csv_text(csv, present ? ts_date_format(day, text) : NULL);
}

static void put_money(struct ts_csv *csv, const struct ts_invoice *invoice, int64_t minor)
{
	char text[TS_DECIMAL_CHARS];
	ts_csv_number(csv, ts_money_format(minor, invoice->terms->currency, text));
}

/* The document's own columns. */
static void put_document(struct ts_csv *csv, const struct ts_invoice *invoice, const char *row)
{
	bool credit = invoice->kind == TS_DOCUMENT_CREDIT_NOTE;
	ts_csv_text(csv, invoice->has_head ? invoice->head.number : NULL);
	ts_csv_text(csv, ts_document_kind_name(invoice->kind));
	put_date(csv, invoice->has_head, invoice->head.issue_day);
	put_date(csv, invoice->has_head && !credit, invoice->head.due_day);
	ts_csv_text(csv, invoice->terms->contract);
	ts_csv_text(csv, invoice->terms->currency->code);
	put_date(csv, true, invoice->period.first_day);
	put_date(csv, true, invoice->period.end_day - 1);
	ts_csv_text(csv, row);
}

/* The document's own again: last, so that the columns before them keep their places. */
static void put_completeness(struct ts_csv *csv, const struct ts_invoice *invoice)
{
	const struct ts_invoice_head *head = &invoice->head;
	const struct ts_completeness *c = &head->completeness;
	if (!invoice->has_head || invoice->kind == TS_DOCUMENT_PREPAYMENT) {
		for (int i = 0; i < 4; i++)
			ts_csv_number(csv, NULL);
		ts_csv_end(csv);
		return;
	}
	ts_csv_text(csv, c->late + c->missing == 0 ? "complete"
			 : head->gap >= 0          ? "gap_accepted"
						   : "incomplete");
	ts_csv_integer(csv, c->expected);
	ts_csv_integer(csv, c->late);
	ts_csv_integer(csv, c->missing);
	ts_csv_end(csv);
}

static void put_line(
	struct ts_csv *csv, const struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	char text[TS_DECIMAL_CHARS], digits[TS_I128_CHARS];
	const struct ts_currency *cur = invoice->terms->currency;
	put_document(csv, invoice, "line");
	ts_csv_integer(csv, line->number);
	ts_csv_text(csv, ts_charge_kind_name(line->kind));
	ts_csv_text(csv, line->id);
	ts_csv_text(csv, line->section);
	ts_csv_text(csv, line->description);
	ts_csv_text(csv, line->sku);
	ts_csv_text(csv, line->sku_name);
	ts_csv_text(csv, line->pricing_class);
	ts_csv_integer(csv, line->version);
	ts_csv_integer(csv, line->tier);
	put_date(csv, true, line->from_day);
	put_date(csv, true, line->to_day - 1);
	if (line->has_unit_price) {
		ts_csv_number(csv, ts_figure_quantity(line->base_quantity, line->divisor, text));
		ts_csv_text(csv, line->unit);
		ts_csv_number(csv, ts_decimal_format(line->unit_price, cur->exponent, text));
		ts_csv_number(csv, ts_i128_format(line->base_quantity, digits));
		ts_csv_number(csv, ts_i128_format(line->divisor, digits));
	} else {
		ts_csv_number(csv, "1");
		ts_csv_text(csv, line->unit);
		put_money(csv, invoice, line->net_minor);
		ts_csv_number(csv, NULL);
		ts_csv_number(csv, NULL);
	}
}

/* The treatment's category, jurisdiction and reason, as the document's tax rows state them. */
static const struct ts_invoice_tax *tax_of(
	const struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		if (invoice->taxes[i].treatment == line->treatment &&
			invoice->taxes[i].percent.pico == line->percent.pico)
			return &invoice->taxes[i];
	}
	return NULL;
}

static void put_treatment(
	struct ts_csv *csv, const struct ts_invoice_tax *tax, const struct ts_decimal *percent)
{
	char text[TS_DECIMAL_CHARS];
	ts_csv_text(csv, tax != NULL ? tax->category : NULL);
	ts_csv_text(csv, tax != NULL ? tax->jurisdiction : NULL);
	ts_csv_text(csv, tax != NULL ? tax->reason : NULL);
	ts_csv_number(csv, percent != NULL ? ts_decimal_format(*percent, 0, text) : NULL);
}

static void skip(struct ts_csv *csv, int columns)
{
	for (int i = 0; i < columns; i++)
		ts_csv_number(csv, NULL);
}

static void put_total(
	struct ts_csv *csv, const struct ts_invoice *invoice, const char *row, int64_t minor)
{
	put_document(csv, invoice, row);
	skip(csv, LINE_COLUMNS + 4 + 2);
	put_money(csv, invoice, minor);
	skip(csv, 3);
	put_completeness(csv, invoice);
}

/* Behind the total: what deposits pay of it, each with its own invoice's number, and what is left.
 */
static void put_deposits(struct ts_csv *csv, const struct ts_invoice *invoice)
{
	for (size_t i = 0; i < invoice->deposits_n; i++) {
		put_document(csv, invoice, "deposit");
		skip(csv, LINE_COLUMNS + 4 + 2);
		put_money(csv, invoice, invoice->deposits[i].amount_minor);
		ts_csv_text(csv, invoice->deposits[i].number);
		skip(csv, 2);
		put_completeness(csv, invoice);
	}
	if (invoice->deposits_n == 0)
		return;
	put_total(csv, invoice, "prepaid", invoice->prepaid_minor);
	put_total(csv, invoice, "payable", invoice->total_minor - invoice->prepaid_minor);
}

enum ts_err ts_invoice_csv(const struct ts_invoice *invoice, bool raw, struct ts_buf *out)
{
	struct ts_csv csv = {.out = out, .raw = raw};
	TS_TRY(ts_invoice_adds_up(invoice, NULL));
	ts_csv_header(&csv, column_names, sizeof column_names / sizeof column_names[0]);
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct ts_invoice_line *line = &invoice->lines[i];
		put_line(&csv, invoice, line);
		put_treatment(&csv, tax_of(invoice, line), &line->percent);
		put_money(&csv, invoice, line->net_minor);
		skip(&csv, 1);
		put_money(&csv, invoice, line->net_minor);
		ts_csv_text(&csv, line->adjusts);
		ts_csv_text(&csv, line->reversal ? "true" : "false");
		ts_csv_text(&csv, line->trace);
		put_completeness(&csv, invoice);
	}
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		const struct ts_invoice_tax *tax = &invoice->taxes[i];
		put_document(&csv, invoice, "tax");
		skip(&csv, LINE_COLUMNS);
		put_treatment(&csv, tax, &tax->percent);
		put_money(&csv, invoice, tax->net_minor);
		put_money(&csv, invoice, tax->tax_minor);
		put_money(&csv, invoice, tax->tax_minor);
		skip(&csv, 3);
		put_completeness(&csv, invoice);
	}
	put_total(&csv, invoice, "subtotal", invoice->subtotal_minor);
	put_total(&csv, invoice, "tax_total", invoice->tax_minor);
	put_total(&csv, invoice, "total", invoice->total_minor);
	put_deposits(&csv, invoice);
	return out->err;
}
