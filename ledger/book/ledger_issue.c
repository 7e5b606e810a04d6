/* SPDX-License-Identifier: Apache-2.0 */
/* Issue: the document of a cut period gets its head, posts to both books, and marks what it billed.
 * In arrears, so the whole net leaves unbilled and accrued; were a late reversal to arrive between
 * cut and issue, unbilled is negative until the next document credits it, and closes at zero. */
#include "book/document.h"
#include "book/ledger_credit.h"
#include <string.h>

static enum ts_entry_kind kind_of(const struct ts_invoice *invoice)
{
	return invoice->kind == TS_DOCUMENT_CREDIT_NOTE ? TS_ENTRY_CREDIT_NOTE : TS_ENTRY_INVOICE;
}

static enum ts_err pair(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_invoice *invoice, enum ts_entry_kind kind, int64_t amount,
	const enum ts_account accounts[4], struct ts_postings *out)
{
	struct ts_post post = {.kind = kind,
		.debit = accounts[0],
		.credit = accounts[1],
		.amount_minor = amount,
		.effective_day = invoice->head.issue_day,
		.service_month = -1,
		.document = invoice->head.number};
	TS_TRY(ts_ledger_post(ledger, event, &post, out));
	post.debit = accounts[2];
	post.credit = accounts[3];
	return ts_ledger_post(ledger, event, &post, out);
}

/* Reverse charge: the consumer owes and deducts by itself; nothing at the provider. */
static enum ts_err reverse_charge(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_invoice *invoice, const struct ts_invoice_tax *tax, int64_t sign,
	struct ts_postings *out)
{
	const struct ts_treatment *treatment = ts_invoice_treatment(invoice, tax->treatment);
	int64_t amount = 0;
	TS_TRY(ts_document_reverse_tax(ledger, invoice, tax, ledger->region, &amount));
	struct ts_post post = {.kind = TS_ENTRY_TAX,
		.debit = treatment->recoverable ? TS_ACCOUNT_INPUT_TAX : TS_ACCOUNT_EXPENSE_TAX,
		.credit = TS_ACCOUNT_OUTPUT_TAX,
		.amount_minor = sign * amount,
		.effective_day = invoice->head.issue_day,
		.service_month = -1,
		.document = invoice->head.number};
	return ts_ledger_post(ledger, event, &post, out);
}

/* A book in which the document moves nothing names it all the same: so the journal has the hash of
 * every document, in both books. */
static enum ts_err name_document(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_invoice *invoice, struct ts_postings *out)
{
	static const enum ts_account accounts[] = {TS_ACCOUNT_RECEIVABLE, TS_ACCOUNT_PAYABLE};
	for (size_t i = 0; i < sizeof accounts / sizeof accounts[0]; i++) {
		bool named = false;
		for (size_t k = 0; k < out->n; k++)
			named = named || out->entries[k].book == ts_account_defs[accounts[i]].book;
		struct ts_post post = {.kind = kind_of(invoice),
			.debit = accounts[i],
			.credit = accounts[i],
			.effective_day = invoice->head.issue_day,
			.service_month = -1,
			.document = invoice->head.number,
			.names_document = true};
		if (!named)
			TS_TRY(ts_ledger_post(ledger, event, &post, out));
	}
	return TS_OK;
}

/* What of the net is service credits that were owed as refunds. */
static enum ts_err refunded(
	const struct ts_ledger *ledger, const struct ts_invoice *invoice, int64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct ts_invoice_line *line = &invoice->lines[i];
		const struct ts_terms *terms = ts_ledger_terms(ledger, line->version);
		for (size_t k = 0; line->kind == TS_CHARGE_SLA && k < terms->slas_n; k++)
			if (terms->slas[k].on_claim && strcmp(terms->slas[k].id, line->id) == 0)
				TS_TRY(ts_add64(*out, line->net_minor, out));
	}
	return TS_OK;
}

/* What the document says was paid before leaves what it asks for. */
static enum ts_err post_deposits(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_invoice *invoice, struct ts_postings *out)
{
	static const enum ts_account drawn[4] = {TS_ACCOUNT_CONTRACT_LIABILITY,
		TS_ACCOUNT_RECEIVABLE, TS_ACCOUNT_PAYABLE, TS_ACCOUNT_PREPAID};
	for (size_t i = 0; i < invoice->deposits_n; i++)
		TS_TRY(pair(ledger, event, invoice, TS_ENTRY_DRAWDOWN,
			invoice->deposits[i].amount_minor, drawn, out));
	return TS_OK;
}

enum ts_err ts_ledger_post_document(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_invoice *invoice, int64_t liability, struct ts_postings *out)
{
	int64_t sign = invoice->kind == TS_DOCUMENT_CREDIT_NOTE ? -1 : 1;
	static const enum ts_account net[4] = {
		TS_ACCOUNT_RECEIVABLE, TS_ACCOUNT_UNBILLED, TS_ACCOUNT_ACCRUED, TS_ACCOUNT_PAYABLE};
	static const enum ts_account refund[4] = {TS_ACCOUNT_RECEIVABLE,
		TS_ACCOUNT_REFUND_LIABILITY, TS_ACCOUNT_SUPPLIER_CREDITS, TS_ACCOUNT_PAYABLE};
	static const enum ts_account ahead[4] = {TS_ACCOUNT_RECEIVABLE,
		TS_ACCOUNT_CONTRACT_LIABILITY, TS_ACCOUNT_PREPAID, TS_ACCOUNT_PAYABLE};
	int64_t credits = 0;
	TS_TRY(refunded(ledger, invoice, &credits));
	TS_TRY(pair(ledger, event, invoice, kind_of(invoice),
		sign * (invoice->subtotal_minor - credits) - liability, net, out));
	TS_TRY(pair(ledger, event, invoice, kind_of(invoice), sign * credits, refund, out));
	TS_TRY(pair(ledger, event, invoice, kind_of(invoice), liability, ahead, out));
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		const struct ts_invoice_tax *tax = &invoice->taxes[i];
		const struct ts_treatment *treatment = ts_invoice_treatment(
			invoice, tax->treatment);
		const enum ts_account accounts[4] = {TS_ACCOUNT_RECEIVABLE, TS_ACCOUNT_TAX_PAYABLE,
			treatment->recoverable ? TS_ACCOUNT_INPUT_TAX : TS_ACCOUNT_EXPENSE_TAX,
			TS_ACCOUNT_PAYABLE};
		TS_TRY(pair(ledger, event, invoice, TS_ENTRY_TAX, sign * tax->tax_minor, accounts,
			out));
		if (treatment->reverse_charge)
			TS_TRY(reverse_charge(ledger, event, invoice, tax, sign, out));
	}
	TS_TRY(post_deposits(ledger, event, invoice, out));
	return name_document(ledger, event, invoice, out);
}

/* A credit note leaves the line with the invoice that it adjusts: so all credits of an invoice add
 * up under its own number. */
static enum ts_err mark_billed(
	struct ts_ledger *ledger, int32_t cut, const struct ts_invoice *invoice)
{
	for (size_t i = 0; i < ledger->cuts.n; i++) {
		const struct ts_cut_row *row = ts_rowset_at(&ledger->cuts, i);
		void *found = NULL;
		if (row->cut != cut)
			continue;
		TS_TRY(ts_rowset_get(
			&ledger->billed, &(struct ts_billed_row){.line = row->line}, &found));
		struct ts_billed_row *billed = found;
		billed->billed_minor = row->target_minor;
		billed->billed_quantity = row->quantity;
		if (invoice->kind == TS_DOCUMENT_INVOICE || billed->document == NULL)
			billed->document = invoice->head.number;
		billed->dirty = true;
	}
	return TS_OK;
}

static enum ts_err issue_check(const struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_invoice_head *head, struct ts_why *why)
{
	const struct ts_period_row *row = ts_ledger_period_row(ledger, event->period);
	if (row == NULL || !row->cut)
		return ts_why(why, TS_E_CONFLICT, "period", "it must be closed before its invoice");
	if (row->issued)
		return ts_why(
			why, TS_E_CONFLICT, "period", "its document %s is issued", row->document);
	if (event->serial != ledger->head.issue_serial)
		return ts_why(why, TS_E_CONFLICT, "serial", "%lld, the next is %lld",
			(long long)event->serial, (long long)ledger->head.issue_serial);
	return ts_ledger_head_check(ledger, event, head, why);
}

enum ts_err ts_ledger_head_check(const struct ts_ledger *ledger,
	const struct ts_ledger_event *event, const struct ts_invoice_head *head, struct ts_why *why)
{
	if (event->at_us < ledger->head.at_us)
		return ts_why(why, TS_E_INVALID, "at", "log time goes back");
	if (head->due_day < head->issue_day)
		return ts_why(why, TS_E_INVALID, "due", "due before the issue day");
	if (head->number == NULL || head->number[0] == '\0')
		return ts_why(why, TS_E_INVALID, "number", "is missing");
	for (const char *c = head->number; *c != '\0'; c++)
		if (*c < 0x21 || *c > 0x7E)
			return ts_why(why, TS_E_INVALID, "number", "has a byte outside 0x21-0x7E");
	for (size_t i = 0; i < ledger->periods.n; i++) {
		const struct ts_period_row *other = ts_rowset_at(&ledger->periods, i);
		if (other->document != NULL && strcmp(other->document, head->number) == 0)
			return ts_why(
				why, TS_E_CONFLICT, "number", "%s is used already", head->number);
	}
	for (size_t i = 0; i < ledger->prepaid.n; i++) {
		const struct ts_prepaid_row *other = ts_rowset_at(&ledger->prepaid, i);
		if (strcmp(other->document, head->number) == 0)
			return ts_why(
				why, TS_E_CONFLICT, "number", "%s is used already", head->number);
	}
	return TS_OK;
}

enum ts_err ts_ledger_issue(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_invoice_head *head, struct ts_invoice **invoice, struct ts_postings *out,
	struct ts_why *why)
{
	*out = (struct ts_postings){0};
	TS_TRY(issue_check(ledger, event, head, why));
	TS_TRY(ts_ledger_body(ledger, event->period, ledger->region, invoice, why));
	char *number = ts_region_copy(ledger->region, head->number, strlen(head->number));
	if (number == NULL)
		return TS_E_NO_MEMORY;
	(*invoice)->head = *head;
	(*invoice)->head.number = number;
	(*invoice)->has_head = true;
	int64_t liability = 0;
	TS_TRY(ts_ledger_fee_liability(ledger, *invoice, &liability));
	TS_TRY(ts_ledger_post_document(ledger, event, *invoice, liability, out));
	struct ts_hash hash;
	TS_TRY(ts_invoice_hash(*invoice, ledger->region, &hash));
	for (size_t i = 0; i < out->n; i++)
		out->entries[i].document_hash = hash;
	TS_TRY(ts_document_taxed(ledger, *invoice));
	TS_TRY(mark_billed(ledger, event->period, *invoice));
	struct ts_period_row *row = ts_ledger_period_row(ledger, event->period);
	row->issued = true;
	row->document = number;
	row->dirty = true;
	ledger->head.at_us = event->at_us;
	ledger->head.issue_serial++;
	ledger->head.documents++;
	return ts_ledger_check(ledger, why);
}
