/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/invoice_pdf.h"
#include "reports/page_table.h"
#include "reports/words.h"
#include <inttypes.h>
#include <string.h>

/* Texts of one line; thrown away after it. */
#define SCRATCH_BYTES_MAX (256 * 1024)
#define GAP 170
#define COLUMN_GAP 200
#define DETAILS_WIDTH 1930
#define TOTALS_WIDTH 2600

struct paper {
	const struct ts_invoice *invoice;
	struct ts_words *words; /* for the whole document */
	struct ts_region *scratch; /* for one line */
	const char *name; /* "Invoice TS-2026-0001" */
	const char *hash; /* of the document, or of the body of a preview */
};

static bool is_invoice(const struct paper *paper)
{
	return paper->invoice->kind != TS_DOCUMENT_CREDIT_NOTE;
}

static const char *text_of(const char *text)
{
	return text != NULL && *text != '\0' ? text : NULL;
}

/* ---- head ---------------------------------------------------------------------------------- */

/* Titles are ASCII. */
static const char *capitals(struct ts_words *words, const char *text)
{
	char out[64];
	size_t len = strlen(text);
	TS_ASSERT(len < sizeof out);
	for (size_t i = 0; i <= len; i++)
		out[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
	return ts_words_printf(words, "%s", out);
}

static void draw_letterhead(struct ts_page *page, const struct paper *paper)
{
	const struct ts_invoice *invoice = paper->invoice;
	int y = ts_page_y(page), right = 2300;
	int a = ts_page_text(page, TS_STYLE_LETTERHEAD, TS_ALIGN_LEFT, TS_PAGE_LEFT, y + 48,
		TS_PAGE_INNER - right - 100, invoice->terms->provider.name);
	int b = ts_page_line(page, TS_STYLE_TITLE, TS_ALIGN_RIGHT, TS_PAGE_RIGHT - right, y, right,
		capitals(paper->words, ts_words_title(invoice)));
	a += 48;
	y += (a > b ? a : b) + 60;
	ts_page_fill(page, TS_COLOUR_ACCENT, TS_PAGE_LEFT, y, TS_PAGE_INNER, 16);
	ts_page_move(page, y + 16 + GAP);
}

static int draw_preview_band(struct ts_page *page, int y, const void *context)
{
	const struct paper *paper = context;
	char day[TS_FIGURE_CHARS];
	const char *text = ts_words_printf(paper->words,
		"Preview. Not an invoice and not a request for payment: it has no number, and "
		"figures "
		"can change until the period is cut. As of %s.",
		ts_figure_date(paper->invoice->day, day));
	int width = TS_PAGE_INNER - 200;
	int h = ts_page_text_height(page, TS_STYLE_ALERT, width, text);
	ts_page_fill(page, TS_COLOUR_ALERT_TINT, TS_PAGE_LEFT, y, TS_PAGE_INNER, h + 120);
	ts_page_text(page, TS_STYLE_ALERT, TS_ALIGN_LEFT, TS_PAGE_LEFT + 100, y + 60, width, text);
	return h + 120 + GAP;
}

static int draw_party(struct ts_page *page, const struct paper *paper, int x, int y, int width,
	const char *label, const struct ts_party *party)
{
	int top = y;
	y += ts_page_line(page, TS_STYLE_FINE_STRONG, TS_ALIGN_LEFT, x, y, width, label) + 30;
	y += ts_page_text(page, TS_STYLE_STRONG, TS_ALIGN_LEFT, x, y, width, party->name) + 10;
	y += ts_page_text(page, TS_STYLE_BODY, TS_ALIGN_LEFT, x, y, width,
		     ts_words_address(paper->words, &party->address)) +
	     30;
	if (text_of(party->vat_id) != NULL)
		y += ts_page_text(page, TS_STYLE_BODY, TS_ALIGN_LEFT, x, y, width,
			     ts_words_printf(paper->words, "VAT ID %s", party->vat_id)) +
		     10;
	if (text_of(party->tax_id) != NULL)
		y += ts_page_text(page, TS_STYLE_BODY, TS_ALIGN_LEFT, x, y, width,
			     ts_words_printf(paper->words, "Tax ID %s", party->tax_id)) +
		     10;
	if (text_of(party->email) != NULL)
		y += ts_page_text(page, TS_STYLE_BODY, TS_ALIGN_LEFT, x, y, width, party->email);
	return y - top;
}

static int draw_details(struct ts_page *page, const struct paper *paper, int x, int y)
{
	const struct ts_invoice *invoice = paper->invoice;
	const struct ts_terms *terms = invoice->terms;
	bool head = invoice->has_head;
	char issue[TS_FIGURE_CHARS], due[TS_FIGURE_CHARS];
	const char *number = is_invoice(paper) ? "Invoice number" : "Credit note";
	struct ts_page_pair pairs[] = {
		{number, head ? invoice->head.number : "none yet", TS_STYLE_STRONG},
		{"Issue date", head ? ts_figure_date(invoice->head.issue_day, issue) : NULL,
			TS_STYLE_BODY},
		{"Due date",
			head && is_invoice(paper) ? ts_figure_date(invoice->head.due_day, due)
						  : NULL,
			TS_STYLE_STRONG},
		{"Billing period", ts_words_period(paper->words, invoice), TS_STYLE_BODY},
		{"Currency", terms->currency->code, TS_STYLE_BODY},
		{"Purchase order", text_of(terms->purchase_order), TS_STYLE_BODY},
		{"Your reference", text_of(terms->buyer_reference), TS_STYLE_BODY},
		{"Adjusts", ts_words_adjusts(paper->words, invoice), TS_STYLE_BODY},
		{"Contract", text_of(terms->title), TS_STYLE_BODY},
		{"Terms version", ts_words_printf(paper->words, "%" PRId64, terms->version),
			TS_STYLE_BODY},
		{"Contract ID", terms->contract, TS_STYLE_MONO},
	};
	return ts_page_pairs(page, x, y, 600, DETAILS_WIDTH, pairs, sizeof pairs / sizeof pairs[0]);
}

static int draw_parties(struct ts_page *page, int y, const void *context)
{
	const struct paper *paper = context;
	const struct ts_terms *terms = paper->invoice->terms;
	int width = (TS_PAGE_INNER - DETAILS_WIDTH - 2 * COLUMN_GAP) / 2;
	int x = TS_PAGE_LEFT;
	int a = draw_party(page, paper, x, y, width, "FROM", &terms->provider);
	int b = draw_party(
		page, paper, x + width + COLUMN_GAP, y, width, "BILL TO", &terms->consumer);
	int c = draw_details(page, paper, TS_PAGE_RIGHT - DETAILS_WIDTH, y);
	a = a > b ? a : b;
	return (a > c ? a : c) + GAP;
}

/* The one line that everybody looks for. */
static int draw_amount(struct ts_page *page, int y, const void *context)
{
	const struct paper *paper = context;
	const struct ts_invoice *invoice = paper->invoice;
	char amount[TS_DECIMAL_CHARS], due[TS_FIGURE_CHARS];
	int height = 260, left = TS_PAGE_LEFT + 120, width = TS_PAGE_INNER / 2 - 120;
	ts_page_fill(page, TS_COLOUR_TINT, TS_PAGE_LEFT, y, TS_PAGE_INNER, height);
	ts_page_fill(page, TS_COLOUR_ACCENT, TS_PAGE_LEFT, y, 24, height);
	const char *total = ts_words_printf(paper->words, "%s  %s %s", ts_words_total(invoice),
		invoice->terms->currency->code,
		ts_money_group(invoice->total_minor - invoice->prepaid_minor,
			invoice->terms->currency, amount));
	ts_page_line(page, TS_STYLE_TOTAL, TS_ALIGN_LEFT, left, y + 66, width + 300, total);
	const char *when = "";
	if (invoice->has_head && is_invoice(paper))
		when = ts_words_printf(
			paper->words, "Payable by %s", ts_figure_date(invoice->head.due_day, due));
	else if (!is_invoice(paper))
		when = "No payment due";
	ts_page_line(page, TS_STYLE_STRONG, TS_ALIGN_RIGHT, TS_PAGE_RIGHT - 120 - width + 300,
		y + 80, width - 300, when);
	return height + GAP;
}

/* ---- lines --------------------------------------------------------------------------------- */

enum line_column { NUMBER, DESCRIPTION, QUANTITY, UNIT, PRICE, PERCENT, AMOUNT, LINE_COLUMNS };

static const struct ts_page_column line_columns[LINE_COLUMNS] = {
	[NUMBER] = {"#", TS_ALIGN_RIGHT, 0, false},
	[DESCRIPTION] = {"Description", TS_ALIGN_LEFT, 1500, true},
	[QUANTITY] = {"Quantity", TS_ALIGN_RIGHT, 0, false},
	[UNIT] = {"Unit", TS_ALIGN_LEFT, 0, false},
	[PRICE] = {"Unit price", TS_ALIGN_RIGHT, 0, false},
	[PERCENT] = {"Tax %", TS_ALIGN_RIGHT, 0, false},
	[AMOUNT] = {"Amount", TS_ALIGN_RIGHT, 800, false},
};

struct line_row {
	struct ts_page_cell cells[LINE_COLUMNS];
	const char *notes[5]; /* ends with NULL */
};

static void fill_row(const struct paper *paper, const struct ts_invoice_line *line,
	struct ts_words *words, struct line_row *row)
{
	struct ts_words_line text;
	ts_words_line(words, paper->invoice, line, &text);
	*row = (struct line_row){
		.cells = {
			[NUMBER] = {ts_words_printf(words, "%" PRId32, line->number),
				TS_STYLE_BODY},
			[DESCRIPTION] = {text.title, TS_STYLE_STRONG},
			[QUANTITY] = {text.quantity, TS_STYLE_BODY},
			[UNIT] = {text.unit, TS_STYLE_BODY},
			[PRICE] = {text.unit_price, TS_STYLE_BODY},
			[PERCENT] = {text.percent, TS_STYLE_BODY},
			[AMOUNT] = {text.net, TS_STYLE_BODY},
		}};
	const char *notes[] = {text.adjusts, text.what, text.how, text.exact};
	size_t n = 0;
	for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
		if (notes[i] != NULL)
			row->notes[n++] = notes[i];
	}
}

/* Digits are equally wide, so only a text longer than all before can widen its column. */
static enum ts_err fit_lines(
	struct ts_page *page, const struct paper *paper, struct ts_page_table *table)
{
	size_t longest[LINE_COLUMNS] = {0};
	for (size_t i = 0; i < paper->invoice->lines_n; i++) {
		struct ts_words words = {paper->scratch, TS_OK};
		struct line_row row;
		ts_region_reset(paper->scratch);
		fill_row(paper, &paper->invoice->lines[i], &words, &row);
		TS_TRY(words.err);
		for (int c = 0; c < LINE_COLUMNS; c++) {
			size_t len = strlen(row.cells[c].text);
			if (line_columns[c].rest || len <= longest[c])
				continue;
			longest[c] = len;
			ts_page_table_fit(
				page, table, (size_t)c, row.cells[c].style, row.cells[c].text);
		}
	}
	return TS_OK;
}

static enum ts_err draw_lines(struct ts_page *page, const struct paper *paper)
{
	const struct ts_invoice *invoice = paper->invoice;
	const struct ts_currency *cur = invoice->terms->currency;
	struct ts_page_table table = {.columns = line_columns,
		.n = LINE_COLUMNS,
		.x = TS_PAGE_LEFT,
		.width = TS_PAGE_INNER,
		.carry_label = {"Carried forward", "Brought forward"}};
	char carry[TS_DECIMAL_CHARS];
	ts_page_table_fit(page, &table, AMOUNT, TS_STYLE_STRONG,
		ts_money_group(invoice->subtotal_minor, cur, carry));
	TS_TRY(fit_lines(page, paper, &table));
	ts_page_table_begin(page, &table);
	const char *section = "";
	int64_t sum = 0; /* for the carry-forward only; the totals are the model's */
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct ts_invoice_line *line = &invoice->lines[i];
		struct ts_words words = {paper->scratch, TS_OK};
		struct line_row row;
		ts_region_reset(paper->scratch);
		fill_row(paper, line, &words, &row);
		TS_TRY(words.err);
		const char *before = i > 0 ? ts_money_group(sum, cur, carry) : NULL;
		const char *of = line->section != NULL ? line->section : "";
		if (strcmp(of, section) != 0 && *of != '\0')
			ts_page_table_section(page, &table, of, before);
		section = of;
		ts_page_table_row(page, &table, row.cells, row.notes, before);
		TS_TRY(ts_add64(sum, line->net_minor, &sum));
	}
	ts_page_table_end(page, &table);
	return TS_OK;
}

/* ---- totals and taxes ---------------------------------------------------------------------- */

/* One row of the totals; returns its height. */
static int draw_sum(struct ts_page *page, const struct ts_invoice *invoice, int y,
	const char *label, int64_t minor)
{
	int x = TS_PAGE_RIGHT - TOTALS_WIDTH, width = TOTALS_WIDTH - 2 * 55;
	char amount[TS_DECIMAL_CHARS];
	ts_page_line(page, TS_STYLE_BODY, TS_ALIGN_LEFT, x + 55, y, width / 2 + width / 6, label);
	return ts_page_line(page, TS_STYLE_BODY, TS_ALIGN_RIGHT, x + 55 + width / 3, y,
		       width - width / 3, ts_money_group(minor, invoice->terms->currency, amount)) +
	       40;
}

static int draw_totals(struct ts_page *page, int y, const void *context)
{
	const struct paper *paper = context;
	const struct ts_invoice *invoice = paper->invoice;
	const struct ts_currency *cur = invoice->terms->currency;
	int top = y, x = TS_PAGE_RIGHT - TOTALS_WIDTH, width = TOTALS_WIDTH - 2 * 55;
	char amount[TS_DECIMAL_CHARS];
	y += 50;
	y += draw_sum(page, invoice, y, "Subtotal", invoice->subtotal_minor);
	y += draw_sum(page, invoice, y, "Tax", invoice->tax_minor);
	if (invoice->deposits_n > 0)
		y += draw_sum(page, invoice, y, "Total", invoice->total_minor);
	for (size_t i = 0; i < invoice->deposits_n; i++)
		y += draw_sum(page, invoice, y,
			ts_words_printf(paper->words, "Deposit %s", invoice->deposits[i].number),
			-invoice->deposits[i].amount_minor);
	ts_page_fill(page, TS_COLOUR_TINT, x, y, TOTALS_WIDTH, 230);
	ts_page_fill(page, TS_COLOUR_ACCENT, x, y, TOTALS_WIDTH, 8);
	const char *label = ts_words_printf(
		paper->words, "%s %s", ts_words_total(invoice), cur->code);
	int half = ts_page_text_width(page, TS_STYLE_TOTAL, label) + 60;
	ts_page_line(page, TS_STYLE_TOTAL, TS_ALIGN_LEFT, x + 55, y + 52, half, label);
	ts_page_line(page, TS_STYLE_TOTAL, TS_ALIGN_RIGHT, x + 55 + half, y + 52, width - half,
		ts_money_group(invoice->total_minor - invoice->prepaid_minor, cur, amount));
	return y + 230 - top + GAP;
}

enum tax_column { TREATMENT, CATEGORY, RATE, BASE, TAX, TAX_COLUMNS };

static const struct ts_page_column tax_columns[TAX_COLUMNS] = {
	[TREATMENT] = {"Tax treatment", TS_ALIGN_LEFT, 1500, true},
	[CATEGORY] = {"Category", TS_ALIGN_CENTER, 0, false},
	[RATE] = {"Rate %", TS_ALIGN_RIGHT, 450, false},
	[BASE] = {"Taxable amount", TS_ALIGN_RIGHT, 900, false},
	[TAX] = {"Tax amount", TS_ALIGN_RIGHT, 800, false},
};

static void draw_taxes(struct ts_page *page, const struct paper *paper)
{
	const struct ts_invoice *invoice = paper->invoice;
	const struct ts_currency *cur = invoice->terms->currency;
	struct ts_page_table table = {.columns = tax_columns,
		.n = TAX_COLUMNS,
		.x = TS_PAGE_LEFT,
		.width = TS_PAGE_INNER};
	char base[TS_DECIMAL_CHARS], tax[TS_DECIMAL_CHARS], rate[TS_DECIMAL_CHARS];
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		const struct ts_invoice_tax *row = &invoice->taxes[i];
		ts_page_table_fit(page, &table, BASE, TS_STYLE_BODY,
			ts_money_group(row->net_minor, cur, base));
		ts_page_table_fit(
			page, &table, TAX, TS_STYLE_BODY, ts_money_group(row->tax_minor, cur, tax));
	}
	ts_page_table_begin(page, &table);
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		const struct ts_invoice_tax *row = &invoice->taxes[i];
		struct ts_page_cell cells[TAX_COLUMNS] = {
			[TREATMENT] = {.text = ts_words_tax(paper->words, row),
				.style = TS_STYLE_BODY},
			[CATEGORY] = {.text = row->category, .style = TS_STYLE_BODY},
			[RATE] = {.text = ts_decimal_format(row->percent, 0, rate),
				.style = TS_STYLE_BODY},
			[BASE] = {.text = ts_money_group(row->net_minor, cur, base),
				.style = TS_STYLE_BODY},
			[TAX] = {.text = ts_money_group(row->tax_minor, cur, tax),
				.style = TS_STYLE_BODY},
		};
		ts_page_table_row(page, &table, cells, NULL, NULL);
	}
	ts_page_move(page, ts_page_y(page) + (ts_words_reverse_charge(invoice) ? 80 : GAP));
}

/* ---- payment and evidence ------------------------------------------------------------------ */

static int draw_note(
	struct ts_page *page, int x, int y, int width, const char *label, const char *text)
{
	int top = y;
	y += ts_page_line(page, TS_STYLE_HEADING, TS_ALIGN_LEFT, x, y, width, label) + 30;
	y += ts_page_text(page, TS_STYLE_BODY, TS_ALIGN_LEFT, x, y, width, text);
	return y - top;
}

static int draw_payment(struct ts_page *page, int y, const void *context)
{
	const struct paper *paper = context;
	const struct ts_invoice *invoice = paper->invoice;
	int width = (TS_PAGE_INNER - COLUMN_GAP) / 2, right = TS_PAGE_LEFT + width + COLUMN_GAP;
	if (!is_invoice(paper))
		return draw_note(page, TS_PAGE_LEFT, y, TS_PAGE_INNER, "Settlement",
			       "This credit lowers what the customer owes under the contract. No "
			       "payment "
			       "is asked for with it.") +
		       GAP;
	const char *terms = text_of(invoice->terms->payment_terms);
	const char *bank = ts_words_bank(paper->words, &invoice->terms->provider);
	if (terms == NULL)
		terms = ts_words_printf(paper->words,
			"Payable within %" PRId64 " days of the issue date.",
			invoice->terms->due_days);
	if (invoice->has_head)
		terms = ts_words_printf(paper->words, "%s\nPlease quote %s with the payment.",
			terms, invoice->head.number);
	int a = draw_note(page, TS_PAGE_LEFT, y, width, "Terms of payment", terms);
	int b = draw_note(page, right, y, width, "Bank details",
		bank != NULL ? bank : "The contract states none; please ask the issuer.");
	return (a > b ? a : b) + GAP;
}

static int draw_reverse_charge(struct ts_page *page, int y, const void *context)
{
	(void)context;
	return ts_page_text(page, TS_STYLE_BODY, TS_ALIGN_LEFT, TS_PAGE_LEFT, y, TS_PAGE_INNER,
		       "Reverse charge: the recipient of the services so marked accounts for the "
		       "tax.") +
	       GAP;
}

static const char *log_words(
	const struct paper *paper, const char *origin, int64_t size, const struct ts_hash *root)
{
	char plain[TS_I128_CHARS], leaves[TS_FIGURE_CHARS];
	return ts_words_printf(paper->words, "%s\n%s leaves, root %s", origin,
		ts_figure_group(ts_i128_format(size, plain), leaves),
		ts_words_hex(paper->words, root));
}

static int evidence_pairs(struct ts_page *page, const struct paper *paper, int y)
{
	const struct ts_invoice *invoice = paper->invoice;
	const struct ts_invoice_head *head = &invoice->head;
	bool has = invoice->has_head;
	char plain[TS_I128_CHARS], leaves[TS_FIGURE_CHARS];
	bool warn = !has || head->unwitnessed;
	int64_t gaps = head->completeness.late + head->completeness.missing;
	const struct ts_page_pair pairs[] = {
		{has ? "Document SHA-256" : "Body SHA-256", paper->hash, TS_STYLE_MONO},
		{"Contract statement",
			has ? ts_words_printf(paper->words, "version %" PRId64 ", SHA-256 %s",
				      invoice->terms->version,
				      ts_words_hex(paper->words, &head->contract_note))
			    : NULL,
			TS_STYLE_MONO},
		{"Inputs log",
			has ? log_words(paper, head->inputs_origin, head->inputs_size,
				      &head->inputs_root)
			    : ts_words_printf(paper->words, "the first %s leaves",
				      ts_figure_group(
					      ts_i128_format(invoice->inputs_to, plain), leaves)),
			TS_STYLE_MONO},
		{"Journal log",
			has ? log_words(paper, head->journal_origin, head->journal_size,
				      &head->journal_root)
			    : NULL,
			TS_STYLE_MONO},
		{"Witnesses", ts_words_witness(paper->words, invoice),
			warn ? TS_STYLE_ALERT : TS_STYLE_BODY},
		{"Completeness", ts_words_completeness(paper->words, invoice),
			has && gaps > 0 ? TS_STYLE_ALERT : TS_STYLE_BODY},
	};
	return ts_page_pairs(page, TS_PAGE_LEFT + 120, y, 900, TS_PAGE_INNER - 240, pairs,
		sizeof pairs / sizeof pairs[0]);
}

/* A prepayment's invoice rests on the contract alone. */
static int contract_pairs(struct ts_page *page, const struct paper *paper, int y)
{
	const struct ts_invoice *invoice = paper->invoice;
	const struct ts_page_pair pairs[] = {
		{invoice->has_head ? "Document SHA-256" : "Body SHA-256", paper->hash,
			TS_STYLE_MONO},
		{"Contract statement",
			invoice->has_head
				? ts_words_printf(paper->words, "version %" PRId64 ", SHA-256 %s",
					  invoice->terms->version,
					  ts_words_hex(paper->words, &invoice->head.contract_note))
				: NULL,
			TS_STYLE_MONO},
	};
	return ts_page_pairs(page, TS_PAGE_LEFT + 120, y, 900, TS_PAGE_INNER - 240, pairs,
		sizeof pairs / sizeof pairs[0]);
}

static const char *evidence_intro(const struct paper *paper)
{
	return ts_words_printf(paper->words,
		"%s can be recomputed offline from %s, without "
		"trusting "
		"whoever runs the ledger. This page is a rendering; %s.",
		paper->invoice->kind == TS_DOCUMENT_PREPAYMENT ? "The amount above"
							       : "Every amount above",
		paper->invoice->kind == TS_DOCUMENT_PREPAYMENT ? "the signed contract"
							       : "signed usage records",
		paper->invoice->has_head
			? "the canonical JSON document with the SHA-256 below is what the journal "
			  "log records"
			: "the SHA-256 below is that of the canonical JSON body that it shows");
}

static int draw_evidence_box(struct ts_page *page, int y, const void *context)
{
	const struct paper *paper = context;
	int x = TS_PAGE_LEFT + 120, width = TS_PAGE_INNER - 240, top = y;
	y += 90;
	y += ts_page_line(page, TS_STYLE_HEADING, TS_ALIGN_LEFT, x, y, width, "Evidence") + 30;
	y += ts_page_text(page, TS_STYLE_FINE, TS_ALIGN_LEFT, x, y, width, evidence_intro(paper)) +
	     60;
	y += (paper->invoice->kind == TS_DOCUMENT_PREPAYMENT ? contract_pairs(page, paper, y)
							     : evidence_pairs(page, paper, y)) +
	     76;
	return y - top;
}

static int draw_evidence(struct ts_page *page, int y, const void *context)
{
	int height = ts_page_measure(page, draw_evidence_box, context);
	ts_page_fill(page, TS_COLOUR_TINT, TS_PAGE_LEFT, y, TS_PAGE_INNER, height);
	ts_page_fill(page, TS_COLOUR_ACCENT, TS_PAGE_LEFT, y, 24, height);
	draw_evidence_box(page, y, context);
	return height;
}

/* ---- the document -------------------------------------------------------------------------- */

static enum ts_err draw_document(struct ts_page *page, const void *context)
{
	const struct paper *paper = context;
	draw_letterhead(page, paper);
	if (!paper->invoice->has_head)
		ts_page_keep(page, draw_preview_band, paper);
	ts_page_keep(page, draw_parties, paper);
	ts_page_keep(page, draw_amount, paper);
	TS_TRY(draw_lines(page, paper));
	ts_page_keep(page, draw_totals, paper);
	draw_taxes(page, paper);
	if (ts_words_reverse_charge(paper->invoice))
		ts_page_keep(page, draw_reverse_charge, paper);
	ts_page_keep(page, draw_payment, paper);
	ts_page_keep(page, draw_evidence, paper);
	return paper->words->err;
}

static enum ts_err hash_document(
	const struct ts_invoice *invoice, struct ts_region *region, struct ts_hash *out)
{
	if (invoice->has_head)
		return ts_invoice_hash(invoice, region, out);
	const char *bytes;
	size_t len;
	TS_TRY(ts_invoice_body_json(invoice, region, &bytes, &len));
	ts_sha256(bytes, len, out);
	return TS_OK;
}

enum ts_err ts_invoice_pdf(const struct ts_invoice *invoice, struct ts_region *region,
	struct ts_buf *out, struct ts_why *why)
{
	TS_TRY(ts_invoice_adds_up(invoice, why));
	struct ts_hash hash;
	TS_TRY(hash_document(invoice, region, &hash));
	struct ts_words words = {region, TS_OK};
	struct paper paper = {.invoice = invoice, .words = &words};
	paper.name = ts_words_name(&words, invoice);
	paper.hash = ts_words_hex(&words, &hash);
	const struct ts_terms *terms = invoice->terms;
	const struct ts_page_info info = {
		.title = ts_words_printf(&words, "%s, %s to %s", paper.name, terms->provider.name,
			terms->consumer.name),
		.author = terms->provider.name,
		.subject = ts_words_printf(&words, "%s for %s under contract %s",
			ts_words_title(invoice), ts_words_period(&words, invoice), terms->contract),
		.keywords = ts_words_printf(
			&words, "contract %s, document sha256 %s", terms->contract, paper.hash),
		.language = "en",
		.created_day = invoice->has_head ? invoice->head.issue_day : invoice->day,
		.running = paper.name,
		.issuer = terms->provider.name,
		.watermark = invoice->has_head ? NULL : "PREVIEW",
	};
	TS_TRY(words.err);
	paper.scratch = ts_region_create(SCRATCH_BYTES_MAX);
	if (paper.scratch == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_page_render(&info, draw_document, &paper, out, why);
	ts_region_free(paper.scratch);
	return err;
}
