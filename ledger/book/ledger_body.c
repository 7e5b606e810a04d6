/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a document: what a cut fixed, against what documents have billed so far. */
#include "book/document.h"
#include "book/ledger_credit.h"
#include <stdlib.h>
#include <string.h>

/* Rows of one period: its lines with a target that is not what was billed. */
static enum ts_err period_candidates(const struct ts_ledger *ledger, int32_t cut,
	const struct ts_period *period, int32_t day, struct ts_region *region,
	struct ts_rowset *rows, struct ts_why *why)
{
	struct ts_ledger_line *lines = NULL;
	size_t n = 0;
	TS_TRY(ts_ledger_lines(ledger, period, day, region, &lines, &n, why));
	for (size_t i = 0; i < n; i++) {
		const struct ts_charge_line *line = &lines[i].line;
		const struct ts_line_key key = {lines[i].version, line->kind, (int32_t)line->item,
			line->tier, period->index};
		if (ts_ledger_fee_in_parts(ledger, &key))
			continue;
		struct ts_cut_row row = {.cut = cut,
			.line = key,
			.quantity = line->quantity,
			.target_minor = line->amount_minor,
			.has_unit_price = line->has_unit_price && line->flat_minor == 0,
			.unit_price = line->unit_price,
			.trace = line->trace,
			.dirty = true};
		if (ts_ledger_bills(ledger, &row.line, cut))
			TS_TRY(ts_rowset_add(rows, &row, NULL));
	}
	TS_TRY(ts_ledger_draw_rows(ledger, cut, period, region, rows));
	TS_TRY(ts_ledger_fee_rows(ledger, cut, period, day, region, rows, why));
	for (size_t i = 0; i < ledger->billed.n; i++) { /* billed, and no charge any more */
		const struct ts_billed_row *billed = ts_rowset_at(&ledger->billed, i);
		struct ts_cut_row row = {.cut = cut,
			.line = billed->line,
			.trace = "no charge any more",
			.dirty = true};
		void *found = NULL;
		if (billed->line.period == period->index &&
			billed->line.kind != TS_CHARGE_DEPOSIT &&
			!ts_ledger_fee_in_parts(ledger, &billed->line))
			TS_TRY(ts_rowset_get(rows, &row, &found));
	}
	return TS_OK;
}

static int row_cmp(const void *a, const void *b)
{
	const struct ts_cut_row *x = a, *y = b;
	bool own_x = x->line.period == x->cut, own_y = y->line.period == y->cut;
	if (own_x != own_y)
		return own_x ? -1 : 1; /* the period's own lines first, then adjustments */
	return ts_line_key_cmp(&x->line, &y->line);
}

enum ts_err ts_ledger_candidates(const struct ts_ledger *ledger, int32_t first, int32_t cut,
	int32_t day, struct ts_region *region, struct ts_cut_row **out, size_t *n,
	struct ts_why *why)
{
	struct ts_rowset rows;
	struct ts_period period = {0};
	size_t used = 0;
	ts_rowset_init(
		&rows, region, sizeof(struct ts_cut_row), ledger->cuts.hash, ledger->cuts.same);
	for (int32_t i = first; i <= cut; i++) {
		TS_TRY(ts_ledger_period_get(ledger, i, &period));
		TS_TRY(period_candidates(ledger, cut, &period, day, region, &rows, why));
	}
	struct ts_cut_row *list = ts_region_array(region, rows.n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < rows.n; i++) {
		const struct ts_cut_row *row = ts_rowset_at(&rows, i);
		const struct ts_billed_row *billed = ts_rowset_find(
			&ledger->billed, &(struct ts_billed_row){.line = row->line});
		if (ts_ledger_home(ledger, &row->line) < first)
			continue; /* a document that is not there yet bears it */
		int64_t before = billed != NULL ? billed->billed_minor : 0;
		bool fresh = billed == NULL && (row->quantity != 0 || row->target_minor != 0);
		if (fresh || row->target_minor != before)
			list[used++] = *row;
	}
	qsort(list, used, sizeof *list, row_cmp);
	*out = list;
	*n = used;
	return TS_OK;
}

/* The frozen rows of a cut, in the document's order. */
static enum ts_err frozen(const struct ts_ledger *ledger, int32_t cut, struct ts_region *region,
	struct ts_cut_row **out, size_t *n)
{
	struct ts_cut_row *list = ts_region_array(region, ledger->cuts.n + 1, sizeof *list);
	size_t used = 0;
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < ledger->cuts.n; i++) {
		const struct ts_cut_row *row = ts_rowset_at(&ledger->cuts, i);
		if (row->cut == cut && row->line.kind != TS_CHARGE_DEPOSIT)
			list[used++] = *row;
	}
	qsort(list, used, sizeof *list, row_cmp);
	*out = list;
	*n = used;
	return TS_OK;
}

static enum ts_err fill_line(
	const struct ts_ledger *ledger, const struct ts_cut_row *row, struct ts_invoice_line *line)
{
	const struct ts_terms *terms = ts_ledger_terms(ledger, row->line.version);
	struct ts_charge_names names;
	struct ts_period period = {0};
	if (terms == NULL)
		return TS_E_INTERNAL;
	ts_charge_names(terms, row->line.kind, (size_t)row->line.item, &names);
	const struct ts_credit_row *credit = ts_ledger_credit_of(ledger, &row->line);
	if (credit != NULL) {
		names.id = ts_region_printf(
			ledger->region, "%s-%lld", names.id, (long long)credit->serial);
		if (names.id == NULL)
			return TS_E_NO_MEMORY;
		names.description = credit->reason;
		names.treatment = (size_t)credit->treatment;
	}
	TS_TRY(ts_ledger_period_get(ledger, row->line.period, &period));
	*line = (struct ts_invoice_line){.kind = row->line.kind,
		.id = names.id,
		.section = names.section,
		.description = names.description,
		.sku = names.sku,
		.sku_name = names.sku_name,
		.pricing_class = names.pricing_class,
		.unit = names.unit,
		.version = row->line.version,
		.tier = row->line.tier,
		.period = row->line.period,
		.service = period,
		.from_day = period.first_day,
		.to_day = period.end_day,
		.base_quantity = row->quantity,
		.divisor = names.divisor,
		.has_unit_price = row->has_unit_price,
		.unit_price = row->unit_price,
		.net_minor = row->target_minor,
		.treatment = (int32_t)names.treatment,
		.trace = row->trace};
	if (row->line.kind != TS_CHARGE_DRAWDOWN)
		return ts_terms_tax_percent(
			terms, names.treatment, period.end_day - 1, &line->percent);
	/* Under its own invoice's treatment and rate, whatever the rate is now. */
	line->prepayment = ts_ledger_prepaid_row(ledger, row->line.item)->document;
	return ts_terms_tax_percent(terms, names.treatment,
		terms->prepayments[row->line.item].invoice_day, &line->percent);
}

/* One row becomes a new line, or the billed line reversed and the line as it is now. */
static enum ts_err add_lines(
	const struct ts_ledger *ledger, const struct ts_cut_row *row, struct ts_invoice *invoice)
{
	const struct ts_billed_row *billed = ts_rowset_find(
		&ledger->billed, &(struct ts_billed_row){.line = row->line});
	struct ts_invoice_line line = {0};
	TS_TRY(fill_line(ledger, row, &line));
	/* What adjusts an earlier period names that period's own document, however often it was
	 * adjusted since: credit-note tax is cumulative over it. */
	int32_t home = ts_ledger_home(ledger, &row->line);
	if (home != row->cut)
		line.adjusts = ts_ledger_period_row(ledger, home)->document;
	if (billed != NULL) {
		struct ts_invoice_line back = line;
		back.reversal = true;
		back.base_quantity = -billed->billed_quantity;
		back.net_minor = -billed->billed_minor;
		back.has_unit_price = line.has_unit_price;
		back.trace = "the line as billed, reversed";
		back.number = (int32_t)invoice->lines_n + 1;
		invoice->lines[invoice->lines_n++] = back;
	}
	if (billed == NULL || row->quantity != 0 || row->target_minor != 0) {
		line.number = (int32_t)invoice->lines_n + 1;
		invoice->lines[invoice->lines_n++] = line;
	}
	return TS_OK;
}

/* Next to be cut, and what the documents before it bill is known. */
static bool is_next(const struct ts_ledger *ledger, int32_t period)
{
	const struct ts_period_row *before = ts_ledger_period_row(ledger, period - 1);
	return period == 0 || (before != NULL && before->issued);
}

static enum ts_err build(const struct ts_ledger *ledger, const struct ts_cut_row *rows, size_t n,
	struct ts_region *region, struct ts_invoice *invoice, struct ts_why *why)
{
	invoice->terms = ts_ledger_document_terms(ledger, &invoice->period);
	invoice->newest = ts_ledger_newest(ledger);
	invoice->lines = ts_region_array(region, 2 * n + 1, sizeof *invoice->lines);
	if (invoice->lines == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++)
		TS_TRY(add_lines(ledger, &rows[i], invoice));
	return ts_document_total(ledger, region, invoice, why);
}

/* The lines, and what the document will draw of deposits. */
enum ts_err ts_ledger_freeze(struct ts_ledger *ledger, int32_t period, struct ts_why *why)
{
	struct ts_cut_row *rows = NULL;
	struct ts_invoice invoice = {0};
	size_t n = 0;
	TS_TRY(ts_ledger_candidates(
		ledger, 0, period, ledger->head.day, ledger->region, &rows, &n, why));
	if (ts_ledger_draws(ledger, period)) {
		TS_TRY(ts_ledger_period_get(ledger, period, &invoice.period));
		TS_TRY(build(ledger, rows, n, ledger->region, &invoice, why));
		TS_TRY(ts_ledger_deposits(ledger, period, ledger->region, &invoice));
	}
	for (size_t i = 0; i < n; i++)
		TS_TRY(ts_rowset_add(&ledger->cuts, &rows[i], NULL));
	for (size_t i = 0; i < invoice.deposits_n; i++) {
		const struct ts_invoice_deposit *d = &invoice.deposits[i];
		struct ts_cut_row row = {.cut = period,
			.line = {ts_ledger_prepayment_version(ledger, d->item), TS_CHARGE_DEPOSIT,
				d->item, 0, period},
			.target_minor = -d->amount_minor,
			.trace = "drawn after tax",
			.dirty = true};
		TS_TRY(ts_rowset_add(&ledger->cuts, &row, NULL));
	}
	return TS_OK;
}

/* Rows load in any order: by the places in the terms. */
static int deposit_cmp(const void *a, const void *b)
{
	const struct ts_invoice_deposit *x = a, *y = b;
	return (x->item > y->item) - (x->item < y->item);
}

static enum ts_err frozen_deposits(const struct ts_ledger *ledger, int32_t cut,
	struct ts_region *region, struct ts_invoice *invoice)
{
	invoice->deposits = ts_region_array(
		region, ledger->prepaid.n + 1, sizeof *invoice->deposits);
	if (invoice->deposits == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < ledger->cuts.n; i++) {
		const struct ts_cut_row *row = ts_rowset_at(&ledger->cuts, i);
		if (row->cut != cut || row->line.kind != TS_CHARGE_DEPOSIT)
			continue;
		const struct ts_terms *terms = ts_ledger_terms(ledger, row->line.version);
		TS_ASSERT(terms != NULL && invoice->deposits_n < ledger->prepaid.n);
		invoice->deposits[invoice->deposits_n++] = (struct ts_invoice_deposit){
			row->line.item, terms->prepayments[row->line.item].id,
			ts_ledger_prepaid_row(ledger, row->line.item)->document,
			-row->target_minor};
		TS_TRY(ts_sub64(
			invoice->prepaid_minor, row->target_minor, &invoice->prepaid_minor));
	}
	if (invoice->deposits_n > 1)
		qsort(invoice->deposits, invoice->deposits_n, sizeof *invoice->deposits,
			deposit_cmp);
	return TS_OK;
}

enum ts_err ts_ledger_body(const struct ts_ledger *ledger, int32_t period, struct ts_region *region,
	struct ts_invoice **out, struct ts_why *why)
{
	const struct ts_period_row *cut = ts_ledger_period_row(ledger, period);
	struct ts_invoice *invoice = ts_region_alloc(region, sizeof *invoice);
	struct ts_cut_row *rows = NULL;
	size_t n = 0;
	if (invoice == NULL)
		return TS_E_NO_MEMORY;
	if (ts_ledger_period_get(ledger, period, &invoice->period) != TS_OK)
		return ts_why(
			why, TS_E_NOT_FOUND, "period", "the contract has no period %d", period);
	if (cut != NULL && cut->issued)
		return ts_why(
			why, TS_E_CONFLICT, "period", "its document %s is issued", cut->document);
	bool fixed = cut != NULL && cut->cut;
	invoice->inputs_to = fixed ? cut->cut_to : ledger->head.inputs_to;
	invoice->day = fixed ? cut->cut_day : ledger->head.day;
	if (fixed)
		TS_TRY(frozen(ledger, period, region, &rows, &n));
	else if (ledger->head.day >= invoice->period.first_day)
		TS_TRY(ts_ledger_candidates(ledger, is_next(ledger, period) ? 0 : period, period,
			ledger->head.day, region, &rows, &n, why));
	TS_TRY(build(ledger, rows, n, region, invoice, why));
	if (fixed)
		TS_TRY(frozen_deposits(ledger, period, region, invoice));
	else
		TS_TRY(ts_ledger_deposits(ledger, period, region, invoice));
	*out = invoice;
	return TS_OK;
}
