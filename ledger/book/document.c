/* SPDX-License-Identifier: Apache-2.0 */
/* Tax = round(sum of lines x rate) per treatment and rate of the document. A credit note gives
 * back, per adjusted document, what was taxed less what is due on what is left: cents always close.
 */
#include "book/document.h"
#include <string.h>

static struct ts_invoice_tax *tax_of(struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	for (size_t i = 0; i < invoice->taxes_n; i++)
		if (invoice->taxes[i].treatment == line->treatment &&
			invoice->taxes[i].percent.pico == line->percent.pico)
			return &invoice->taxes[i];
	const struct ts_treatment *treatment = ts_invoice_treatment(invoice, line->treatment);
	struct ts_invoice_tax *tax = &invoice->taxes[invoice->taxes_n++];
	*tax = (struct ts_invoice_tax){.treatment = line->treatment,
		.category = treatment->category,
		.jurisdiction = treatment->jurisdiction,
		.reason = treatment->reason,
		.percent = line->percent};
	return tax;
}

static bool same_group(const struct ts_invoice_line *a, const struct ts_invoice_line *b)
{
	bool same_document =
		a->adjusts == b->adjusts ||
		(a->adjusts != NULL && b->adjusts != NULL && strcmp(a->adjusts, b->adjusts) == 0);
	return same_document && a->treatment == b->treatment && a->percent.pico == b->percent.pico;
}

/* Tax, at `percent`, of the lines that adjust what lines[first] adjusts; first is the group's first
 * line. */
static enum ts_err credit_group(const struct ts_ledger *ledger, const struct ts_invoice *invoice,
	size_t first, struct ts_decimal percent, int64_t *net, int64_t *tax)
{
	const struct ts_invoice_line *lead = &invoice->lines[first];
	*net = 0;
	for (size_t i = first; i < invoice->lines_n; i++)
		if (same_group(lead, &invoice->lines[i]))
			TS_TRY(ts_add64(*net, invoice->lines[i].net_minor, net));
	const struct ts_taxed_row *row = NULL;
	if (lead->adjusts != NULL)
		row = ts_rowset_find(
			&ledger->taxed, &(struct ts_taxed_row){.document = lead->adjusts,
						.treatment = lead->treatment,
						.percent = percent});
	int64_t left = 0, due = 0;
	TS_TRY(ts_add64(row != NULL ? row->net_minor : 0, *net, &left));
	TS_TRY(ts_rate_tax(invoice->terms, left, percent, &due));
	return ts_sub64(due, row != NULL ? row->tax_minor : 0, tax);
}

static bool leads(const struct ts_invoice *invoice, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_group(&invoice->lines[k], &invoice->lines[i]))
			return false;
	return true;
}

static enum ts_err credit_taxes(const struct ts_ledger *ledger, struct ts_invoice *invoice)
{
	for (size_t i = 0; i < invoice->taxes_n; i++)
		invoice->taxes[i].tax_minor = 0;
	for (size_t i = 0; i < invoice->lines_n; i++) {
		int64_t net = 0, tax = 0;
		if (!leads(invoice, i))
			continue;
		TS_TRY(credit_group(ledger, invoice, i, invoice->lines[i].percent, &net, &tax));
		struct ts_invoice_tax *row = tax_of(invoice, &invoice->lines[i]);
		TS_TRY(ts_add64(row->tax_minor, tax, &row->tax_minor));
	}
	return TS_OK;
}

static void turn_signs(struct ts_invoice *invoice)
{
	for (size_t i = 0; i < invoice->lines_n; i++) {
		invoice->lines[i].net_minor = -invoice->lines[i].net_minor;
		invoice->lines[i].base_quantity = -invoice->lines[i].base_quantity;
	}
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		invoice->taxes[i].net_minor = -invoice->taxes[i].net_minor;
		invoice->taxes[i].tax_minor = -invoice->taxes[i].tax_minor;
	}
	invoice->subtotal_minor = -invoice->subtotal_minor;
}

static enum ts_err sum_up(struct ts_invoice *invoice)
{
	invoice->tax_minor = 0;
	for (size_t i = 0; i < invoice->taxes_n; i++)
		TS_TRY(ts_add64(
			invoice->tax_minor, invoice->taxes[i].tax_minor, &invoice->tax_minor));
	return ts_add64(invoice->subtotal_minor, invoice->tax_minor, &invoice->total_minor);
}

static enum ts_err invoice_taxes(struct ts_invoice *invoice)
{
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		struct ts_invoice_tax *tax = &invoice->taxes[i];
		TS_TRY(ts_rate_tax(invoice->terms, tax->net_minor, tax->percent, &tax->tax_minor));
	}
	return sum_up(invoice);
}

enum ts_err ts_document_total(const struct ts_ledger *ledger, struct ts_region *region,
	struct ts_invoice *invoice, struct ts_why *why)
{
	invoice->taxes = ts_region_array(region, invoice->lines_n + 1, sizeof *invoice->taxes);
	if (invoice->taxes == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < invoice->lines_n; i++) {
		struct ts_invoice_tax *tax = tax_of(invoice, &invoice->lines[i]);
		if (ts_add64(tax->net_minor, invoice->lines[i].net_minor, &tax->net_minor) !=
				TS_OK ||
			ts_add64(invoice->subtotal_minor, invoice->lines[i].net_minor,
				&invoice->subtotal_minor) != TS_OK)
			return ts_why(why, TS_E_OVERFLOW, "total", "the document's sum overflows");
	}
	TS_TRY(invoice_taxes(invoice));
	invoice->kind = TS_DOCUMENT_INVOICE;
	if (invoice->total_minor >= 0)
		return TS_OK;
	invoice->kind = TS_DOCUMENT_CREDIT_NOTE;
	TS_TRY(credit_taxes(ledger, invoice));
	turn_signs(invoice);
	return sum_up(invoice);
}

static enum ts_err add_taxed(struct ts_ledger *ledger, const char *document, int32_t treatment,
	struct ts_decimal percent, int64_t net, int64_t tax)
{
	void *found = NULL;
	TS_TRY(ts_rowset_get(&ledger->taxed,
		&(struct ts_taxed_row){
			.document = document, .treatment = treatment, .percent = percent},
		&found));
	struct ts_taxed_row *row = found;
	row->dirty = true;
	TS_TRY(ts_add64(row->net_minor, net, &row->net_minor));
	return ts_add64(row->tax_minor, tax, &row->tax_minor);
}

/* A credit note with the signs of the ledger, in which its groups are computed. */
static enum ts_err unturned(
	const struct ts_invoice *credit_note, struct ts_region *region, struct ts_invoice *out)
{
	*out = *credit_note;
	out->lines = ts_region_array(region, credit_note->lines_n + 1, sizeof *out->lines);
	if (out->lines == NULL)
		return TS_E_NO_MEMORY;
	memcpy(out->lines, credit_note->lines, out->lines_n * sizeof *out->lines);
	for (size_t i = 0; i < out->lines_n; i++)
		out->lines[i].net_minor = -out->lines[i].net_minor;
	return TS_OK;
}

enum ts_err ts_document_reverse_tax(const struct ts_ledger *ledger,
	const struct ts_invoice *invoice, const struct ts_invoice_tax *tax,
	struct ts_region *region, int64_t *minor)
{
	struct ts_decimal percent = ts_invoice_treatment(invoice, tax->treatment)->reverse_percent;
	struct ts_invoice turned;
	if (invoice->kind != TS_DOCUMENT_CREDIT_NOTE)
		return ts_rate_tax(invoice->terms, tax->net_minor, percent, minor);
	*minor = 0;
	TS_TRY(unturned(invoice, region, &turned));
	for (size_t i = 0; i < turned.lines_n; i++) {
		const struct ts_invoice_line *line = &turned.lines[i];
		int64_t net = 0, part = 0;
		if (line->treatment != tax->treatment || line->percent.pico != tax->percent.pico ||
			!leads(&turned, i))
			continue;
		TS_TRY(credit_group(ledger, &turned, i, percent, &net, &part));
		TS_TRY(ts_sub64(*minor, part, minor));
	}
	return TS_OK;
}

/* The restated lines of one group: their net and tax move from the document that they adjust to the
 * invoice, which bills them anew. */
static enum ts_err take_over(struct ts_ledger *ledger, const struct ts_invoice *invoice,
	size_t first, struct ts_decimal percent)
{
	const struct ts_invoice_line *lead = &invoice->lines[first];
	int64_t net = 0, left = 0, due = 0, tax = 0;
	for (size_t i = first; i < invoice->lines_n; i++)
		if (invoice->lines[i].reversal && same_group(lead, &invoice->lines[i]))
			TS_TRY(ts_sub64(net, invoice->lines[i].net_minor, &net));
	const struct ts_taxed_row *row = ts_rowset_find(
		&ledger->taxed, &(struct ts_taxed_row){.document = lead->adjusts,
					.treatment = lead->treatment,
					.percent = percent});
	if (row == NULL)
		return TS_OK;
	TS_TRY(ts_sub64(row->net_minor, net, &left));
	TS_TRY(ts_rate_tax(invoice->terms, left, percent, &due));
	TS_TRY(ts_sub64(row->tax_minor, due, &tax));
	TS_TRY(add_taxed(ledger, invoice->head.number, lead->treatment, percent, net, tax));
	return add_taxed(ledger, lead->adjusts, lead->treatment, percent, -net, -tax);
}

static bool self_assessed(const struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	const struct ts_treatment *treatment = ts_invoice_treatment(invoice, line->treatment);
	return treatment->reverse_charge && treatment->reverse_percent.pico != line->percent.pico;
}

static enum ts_err taxed_invoice(struct ts_ledger *ledger, const struct ts_invoice *invoice)
{
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		const struct ts_invoice_tax *tax = &invoice->taxes[i];
		const struct ts_treatment *treatment = ts_invoice_treatment(
			invoice, tax->treatment);
		struct ts_decimal own = treatment->reverse_percent;
		int64_t minor = 0;
		TS_TRY(add_taxed(ledger, invoice->head.number, tax->treatment, tax->percent,
			tax->net_minor, tax->tax_minor));
		if (!treatment->reverse_charge || own.pico == tax->percent.pico)
			continue;
		TS_TRY(ts_rate_tax(invoice->terms, tax->net_minor, own, &minor));
		TS_TRY(add_taxed(
			ledger, invoice->head.number, tax->treatment, own, tax->net_minor, minor));
	}
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct ts_invoice_line *line = &invoice->lines[i];
		if (line->adjusts == NULL || !leads(invoice, i))
			continue;
		TS_TRY(take_over(ledger, invoice, i, line->percent));
		if (self_assessed(invoice, line))
			TS_TRY(take_over(ledger, invoice, i,
				ts_invoice_treatment(invoice, line->treatment)->reverse_percent));
	}
	return TS_OK;
}

static enum ts_err taxed_group(struct ts_ledger *ledger, const struct ts_invoice *turned,
	size_t first, struct ts_decimal percent)
{
	const struct ts_invoice_line *line = &turned->lines[first];
	int64_t net = 0, tax = 0;
	TS_TRY(credit_group(ledger, turned, first, percent, &net, &tax));
	return add_taxed(ledger, line->adjusts != NULL ? line->adjusts : turned->head.number,
		line->treatment, percent, net, tax);
}

enum ts_err ts_document_taxed(struct ts_ledger *ledger, const struct ts_invoice *invoice)
{
	if (invoice->kind != TS_DOCUMENT_CREDIT_NOTE)
		return taxed_invoice(ledger, invoice);
	struct ts_invoice turned;
	TS_TRY(unturned(invoice, ledger->region, &turned));
	for (size_t i = 0; i < turned.lines_n; i++) {
		const struct ts_invoice_line *line = &turned.lines[i];
		if (!leads(&turned, i))
			continue;
		TS_TRY(taxed_group(ledger, &turned, i, line->percent));
		if (self_assessed(&turned, line))
			TS_TRY(taxed_group(ledger, &turned, i,
				ts_invoice_treatment(&turned, line->treatment)->reverse_percent));
	}
	return TS_OK;
}
