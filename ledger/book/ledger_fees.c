/* SPDX-License-Identifier: Apache-2.0 */
/* Fees that are billed on another plan than they are accrued. Of such a fee, over all its periods
 * and versions, accrued - billed is one number: above 0 it stands as unbilled, below 0 as contract
 * liability. So every accrual takes from what was billed before first, and every document from what
 * is unbilled first, in whatever order they come. */
#include "book/ledger_state.h"
#include "terms/billing.h"
#include <string.h>

static const struct ts_fee *fee_of(const struct ts_ledger *ledger, const struct ts_line_key *line)
{
	const struct ts_terms *terms = ts_ledger_terms(ledger, line->version);
	return line->kind == TS_CHARGE_FEE && terms != NULL ? &terms->fees[line->item] : NULL;
}

static const struct ts_fee *fee_named(const struct ts_terms *terms, const char *id, size_t *item)
{
	for (size_t i = 0; i < terms->fees_n; i++)
		if (strcmp(terms->fees[i].id, id) == 0) {
			*item = i;
			return &terms->fees[i];
		}
	return NULL;
}

/* Under any version: what was billed before stays so. */
bool ts_ledger_fee_is_apart(const struct ts_ledger *ledger, const struct ts_line_key *line)
{
	const struct ts_fee *fee = fee_of(ledger, line);
	size_t item = 0;
	if (fee == NULL)
		return false;
	for (size_t i = 0; i < ledger->versions_n; i++) {
		const struct ts_terms *terms = ledger->versions[i].terms;
		const struct ts_fee *same = fee_named(terms, fee->id, &item);
		if (same != NULL && ts_billing_apart(same) &&
			ts_ledger_terms(ledger, (int32_t)terms->version) == terms)
			return true;
	}
	return false;
}

bool ts_ledger_fee_in_parts(const struct ts_ledger *ledger, const struct ts_line_key *line)
{
	const struct ts_fee *fee = fee_of(ledger, line);
	return fee != NULL && fee->installments_n > 0;
}

int32_t ts_ledger_home(const struct ts_ledger *ledger, const struct ts_line_key *line)
{
	const struct ts_fee *fee = fee_of(ledger, line);
	return fee != NULL && fee->in_advance && line->period > 0 ? line->period - 1 : line->period;
}

static bool is_of(const struct ts_ledger *ledger, const struct ts_line_key *line, const char *id)
{
	const struct ts_fee *fee = fee_of(ledger, line);
	return fee != NULL && strcmp(fee->id, id) == 0;
}

static enum ts_err accrued_of(const struct ts_ledger *ledger, const char *id, int64_t *minor)
{
	*minor = 0;
	for (size_t i = 0; i < ledger->accruals.n; i++) {
		const struct ts_accrual_row *row = ts_rowset_at(&ledger->accruals, i);
		if (is_of(ledger, &row->line, id))
			TS_TRY(ts_add64(*minor, row->accrued_minor, minor));
	}
	return TS_OK;
}

/* Billed for the fee's lines but the one of `but`; all of them: NULL. */
static enum ts_err billed_of(const struct ts_ledger *ledger, const char *id,
	const struct ts_line_key *but, int64_t *minor)
{
	*minor = 0;
	for (size_t i = 0; i < ledger->billed.n; i++) {
		const struct ts_billed_row *row = ts_rowset_at(&ledger->billed, i);
		if (is_of(ledger, &row->line, id) &&
			(but == NULL || !ts_line_key_eq(but, &row->line)))
			TS_TRY(ts_add64(*minor, row->billed_minor, minor));
	}
	return TS_OK;
}

enum ts_err ts_ledger_fee_position(const struct ts_ledger *ledger, const char *id, int64_t *minor)
{
	int64_t billed = 0;
	TS_TRY(accrued_of(ledger, id, minor));
	TS_TRY(billed_of(ledger, id, NULL, &billed));
	return ts_sub64(*minor, billed, minor);
}

/* --- what a document bills --- */

static enum ts_err add_row(struct ts_rowset *rows, int32_t cut, const struct ts_line_key *line,
	const struct ts_charge_line *charge, int64_t target_minor, const char *trace)
{
	struct ts_cut_row row = {.cut = cut,
		.line = *line,
		.quantity = charge != NULL ? charge->quantity : 0,
		.target_minor = target_minor,
		.trace = trace,
		.dirty = true};
	void *found = NULL;
	TS_TRY(ts_rowset_get(rows, &row, &found));
	*(struct ts_cut_row *)found = row;
	return TS_OK;
}

/* The period behind the cut, whole, as it is known now. */
static enum ts_err ahead(const struct ts_ledger *ledger, int32_t cut, struct ts_region *region,
	struct ts_rowset *rows, struct ts_why *why)
{
	struct ts_ledger_line *lines = NULL;
	struct ts_period next;
	size_t n = 0;
	TS_TRY(ts_ledger_period_get(ledger, cut + 1, &next));
	TS_TRY(ts_ledger_lines(ledger, &next, next.end_day - 1, region, &lines, &n, why));
	for (size_t i = 0; i < n; i++) {
		const struct ts_charge_line *charge = &lines[i].line;
		const struct ts_line_key line = {lines[i].version, charge->kind,
			(int32_t)charge->item, charge->tier, next.index};
		const struct ts_fee *fee = fee_of(ledger, &line);
		if (fee != NULL && fee->in_advance)
			TS_TRY(add_row(
				rows, cut, &line, charge, charge->amount_minor, charge->trace));
	}
	for (size_t i = 0; i < ledger->billed.n; i++) { /* billed, and no charge any more */
		const struct ts_billed_row *row = ts_rowset_at(&ledger->billed, i);
		struct ts_cut_row gone = {.cut = cut, .line = row->line};
		if (row->line.period == next.index && ts_rowset_find(rows, &gone) == NULL)
			TS_TRY(add_row(rows, cut, &row->line, NULL, 0, "no charge any more"));
	}
	return TS_OK;
}

static bool is_last(const struct ts_ledger *ledger, const struct ts_period *period)
{
	int32_t to = ts_ledger_calendar(ledger)->to_day;
	return period->first_day < to && period->end_day >= to;
}

/* What the plan says; with the term's end, whatever it takes to have billed what was accrued. */
static enum ts_err installment(const struct ts_ledger *ledger, int32_t cut,
	const struct ts_period *period, int32_t day, const struct ts_terms *terms, size_t item,
	struct ts_region *region, struct ts_rowset *rows)
{
	const struct ts_fee *fee = &terms->fees[item];
	const struct ts_line_key line = {
		(int32_t)terms->version, TS_CHARGE_FEE, (int32_t)item, 0, period->index};
	int64_t target = 0, accrued = 0, billed = 0;
	bool rest = is_last(ledger, period) && day >= period->end_day - 1;
	TS_TRY(ts_billing_installments(fee, period, &target));
	if (rest) {
		TS_TRY(accrued_of(ledger, fee->id, &accrued));
		TS_TRY(billed_of(ledger, fee->id, &line, &billed));
		TS_TRY(ts_sub64(accrued, billed, &target));
	}
	if (target == 0 &&
		ts_rowset_find(&ledger->billed, &(struct ts_billed_row){.line = line}) == NULL)
		return TS_OK;
	const char *trace = ts_region_printf(region, "%s; terms version %lld",
		rest ? "what is left to bill of the fee, which was accrued by its schedule"
		     : "invoices of the fee that are due by the end of the period",
		(long long)terms->version);
	return trace == NULL ? TS_E_NO_MEMORY : add_row(rows, cut, &line, NULL, target, trace);
}

/* The newest version that has the fee, among those that bill it in parts. */
static const struct ts_terms *newest_with(
	const struct ts_ledger *ledger, const char *id, size_t *item)
{
	for (size_t i = ledger->versions_n; i-- > 0;) {
		const struct ts_terms *terms = ledger->versions[i].terms;
		const struct ts_fee *fee = fee_named(terms, id, item);
		if (fee != NULL && fee->installments_n > 0 &&
			ts_ledger_terms(ledger, (int32_t)terms->version) == terms)
			return terms;
	}
	return NULL;
}

/* A period's own document follows the version that governs its end; what is left at the end of the
 * term is settled under the newest that has the fee. */
static enum ts_err installments(const struct ts_ledger *ledger, int32_t cut,
	const struct ts_period *period, int32_t day, struct ts_region *region,
	struct ts_rowset *rows)
{
	bool last = is_last(ledger, period);
	const struct ts_terms *own = ts_ledger_document_terms(ledger, period);
	if (period->index != cut && !last)
		return TS_OK;
	for (size_t v = 0; v < ledger->versions_n; v++) {
		const struct ts_terms *terms = ledger->versions[v].terms;
		for (size_t i = 0; i < terms->fees_n; i++) {
			size_t item = i;
			const struct ts_terms *use =
				last ? newest_with(ledger, terms->fees[i].id, &item) : own;
			if (use == terms && terms->fees[i].installments_n > 0)
				TS_TRY(installment(
					ledger, cut, period, day, terms, i, region, rows));
		}
	}
	return TS_OK;
}

enum ts_err ts_ledger_fee_rows(const struct ts_ledger *ledger, int32_t cut,
	const struct ts_period *period, int32_t day, struct ts_region *region,
	struct ts_rowset *rows, struct ts_why *why)
{
	TS_TRY(installments(ledger, cut, period, day, region, rows));
	return period->index == cut ? ahead(ledger, cut, region, rows, why) : TS_OK;
}

/* --- what it posts --- */

static bool seen_before(const struct ts_invoice *invoice, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (invoice->lines[i].kind == TS_CHARGE_FEE &&
			strcmp(invoice->lines[i].id, invoice->lines[at].id) == 0)
			return true;
	return false;
}

/* Net of all lines of one fee, with the ledger's signs. */
static enum ts_err net_of(const struct ts_invoice *invoice, const char *id, int64_t *minor)
{
	bool turned = invoice->kind == TS_DOCUMENT_CREDIT_NOTE;
	*minor = 0;
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct ts_invoice_line *line = &invoice->lines[i];
		if (line->kind == TS_CHARGE_FEE && strcmp(line->id, id) == 0)
			TS_TRY(ts_add64(
				*minor, turned ? -line->net_minor : line->net_minor, minor));
	}
	return TS_OK;
}

enum ts_err ts_ledger_fee_liability(
	const struct ts_ledger *ledger, const struct ts_invoice *invoice, int64_t *minor)
{
	*minor = 0;
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct ts_invoice_line *line = &invoice->lines[i];
		size_t item = 0;
		const struct ts_terms *terms = ts_ledger_terms(ledger, line->version);
		if (line->kind != TS_CHARGE_FEE || terms == NULL || seen_before(invoice, i) ||
			fee_named(terms, line->id, &item) == NULL)
			continue;
		const struct ts_line_key key = {
			line->version, TS_CHARGE_FEE, (int32_t)item, 0, line->period};
		int64_t net = 0, before = 0, after = 0;
		if (!ts_ledger_fee_is_apart(ledger, &key))
			continue;
		TS_TRY(net_of(invoice, line->id, &net));
		TS_TRY(ts_ledger_fee_position(ledger, line->id, &before));
		TS_TRY(ts_sub64(before, net, &after));
		int64_t part = (after < 0 ? -after : 0) - (before < 0 ? -before : 0);
		TS_TRY(ts_add64(*minor, part, minor));
	}
	return TS_OK;
}
