/* SPDX-License-Identifier: Apache-2.0 */
/* Prepayments on paper and in cash: their invoices, payments of these, refunds of what was not
 * drawn. */
#include "book/document.h"
#include <string.h>

enum ts_err ts_ledger_prepayment_find(
	const struct ts_ledger *ledger, struct ts_str id, int32_t *item, struct ts_why *why)
{
	const struct ts_terms *terms = ts_ledger_newest(ledger);
	for (size_t i = 0; i < terms->prepayments_n; i++)
		if (ts_str_is(id, terms->prepayments[i].id)) {
			*item = (int32_t)i;
			return TS_OK;
		}
	return ts_why(why, TS_E_NOT_FOUND, "prepayment", "the terms have no prepayment \"%.*s\"",
		(int)id.len, id.at);
}

int64_t ts_ledger_prepayments_issued(const struct ts_ledger *ledger)
{
	return (int64_t)ledger->prepaid.n;
}

/* --- the invoice --- */

static const struct ts_ledger_version *newest_version(const struct ts_ledger *ledger)
{
	const struct ts_terms *terms = ts_ledger_newest(ledger);
	for (size_t i = 0; i < ledger->versions_n; i++)
		if (ledger->versions[i].terms == terms)
			return &ledger->versions[i];
	return &ledger->versions[0];
}

/* For how long it may be drawn, as the paper says it. */
static int32_t end_of(const struct ts_terms *terms, const struct ts_prepayment *p)
{
	if (p->rollover.pico > 0)
		return p->rollover_day;
	if (p->expires_day != INT32_MAX)
		return p->expires_day;
	return terms->to_day != INT32_MAX ? terms->to_day : p->invoice_day + 1;
}

static enum ts_err fill_line(const struct ts_ledger *ledger, const struct ts_terms *terms,
	int32_t item, const struct ts_period *period, struct ts_region *region,
	struct ts_invoice_line *line)
{
	const struct ts_prepayment *p = &terms->prepayments[item];
	struct ts_charge_names names;
	ts_charge_names(terms, TS_CHARGE_PREPAYMENT, (size_t)item, &names);
	*line = (struct ts_invoice_line){.number = 1,
		.kind = TS_CHARGE_PREPAYMENT,
		.id = names.id,
		.section = names.section,
		.description = names.description,
		.sku = names.sku,
		.sku_name = names.sku_name,
		.pricing_class = names.pricing_class,
		.unit = names.unit,
		.version = ts_ledger_prepayment_version(ledger, item),
		.period = period->index,
		.service = *period,
		.from_day = p->invoice_day,
		.to_day = end_of(terms, p),
		.divisor = names.divisor,
		.net_minor = p->amount_minor,
		.treatment = (int32_t)p->treatment,
		.trace = ts_region_printf(region, "%s, drawable %s; terms version %lld",
			p->deposit ? "a deposit, drawn after tax" : "taxed, drawn before tax",
			p->when_paid ? "when it is paid" : "from its issue",
			(long long)terms->version)};
	if (line->trace == NULL)
		return TS_E_NO_MEMORY;
	return ts_terms_tax_percent(terms, p->treatment, p->invoice_day, &line->percent);
}

enum ts_err ts_ledger_prepayment_body(const struct ts_ledger *ledger, int32_t item,
	struct ts_region *region, struct ts_invoice **out, struct ts_why *why)
{
	const struct ts_ledger_version *version = newest_version(ledger);
	const struct ts_terms *terms = version->terms;
	struct ts_invoice *invoice = ts_region_alloc(region, sizeof *invoice);
	if (invoice == NULL)
		return TS_E_NO_MEMORY;
	if (item < 0 || (size_t)item >= terms->prepayments_n)
		return ts_why(why, TS_E_NOT_FOUND, "prepayment", "the terms have no such one");
	const struct ts_prepayment *p = &terms->prepayments[item];
	TS_TRY(ts_ledger_period_at(
		ledger, ts_zone_day_start(&terms->zone, p->invoice_day), &invoice->period));
	invoice->terms = invoice->newest = terms;
	invoice->inputs_to = version->leaf + 1;
	invoice->day = p->invoice_day;
	invoice->lines = ts_region_array(region, 2, sizeof *invoice->lines);
	if (invoice->lines == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(fill_line(ledger, terms, item, &invoice->period, region, &invoice->lines[0]));
	invoice->lines_n = 1;
	TS_TRY(ts_document_total(ledger, region, invoice, why));
	invoice->kind = TS_DOCUMENT_PREPAYMENT;
	*out = invoice;
	return TS_OK;
}

static enum ts_err issue_check(const struct ts_ledger *ledger, const struct ts_ledger_event *event,
	int32_t item, const struct ts_invoice_head *head, struct ts_why *why)
{
	const struct ts_terms *terms = ts_ledger_newest(ledger);
	char text[TS_TIME_CHARS];
	if (item < 0 || (size_t)item >= terms->prepayments_n)
		return ts_why(why, TS_E_NOT_FOUND, "prepayment", "the terms have no such one");
	const struct ts_prepaid_row *row = ts_ledger_prepaid_row(ledger, item);
	if (ledger->head.day == INT32_MIN)
		return ts_why(why, TS_E_CONFLICT, "prepayment", "no event was settled yet");
	if (row != NULL)
		return ts_why(why, TS_E_CONFLICT, "prepayment", "its invoice %s is issued",
			row->document);
	if (head->issue_day < terms->prepayments[item].invoice_day)
		return ts_why(why, TS_E_CONFLICT, "prepayment",
			"its invoice issues on %s at the earliest (invoice_day)",
			ts_date_format(terms->prepayments[item].invoice_day, text));
	if (event->serial != (int64_t)ledger->prepaid.n + 1)
		return ts_why(why, TS_E_CONFLICT, "serial", "%lld, the next is %lld",
			(long long)event->serial, (long long)ledger->prepaid.n + 1);
	return ts_ledger_head_check(ledger, event, head, why);
}

static enum ts_err keep_row(struct ts_ledger *ledger, int32_t item,
	const struct ts_invoice *invoice, const struct ts_hash *hash)
{
	const struct ts_prepayment *p = &ts_ledger_newest(ledger)->prepayments[item];
	char hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(hash->b, TS_HASH_BYTES, hex);
	struct ts_prepaid_row row = {.item = item,
		.document = invoice->head.number,
		.document_sha256 = ts_region_copy(ledger->region, hex, sizeof hex - 1),
		.net_minor = invoice->subtotal_minor,
		.tax_minor = invoice->tax_minor,
		.from_period = p->when_paid ? -1 : ts_ledger_open_period(ledger),
		.dirty = true};
	if (row.document_sha256 == NULL)
		return TS_E_NO_MEMORY;
	return ts_rowset_add(&ledger->prepaid, &row, NULL);
}

enum ts_err ts_ledger_prepayment_issue(struct ts_ledger *ledger,
	const struct ts_ledger_event *event, int32_t item, const struct ts_invoice_head *head,
	struct ts_invoice **invoice, struct ts_postings *out, struct ts_why *why)
{
	*out = (struct ts_postings){0};
	TS_TRY(issue_check(ledger, event, item, head, why));
	TS_TRY(ts_ledger_prepayment_body(ledger, item, ledger->region, invoice, why));
	(*invoice)->head = *head;
	(*invoice)->head.number = ts_region_copy(
		ledger->region, head->number, strlen(head->number));
	if ((*invoice)->head.number == NULL)
		return TS_E_NO_MEMORY;
	(*invoice)->has_head = true;
	TS_TRY(ts_ledger_post_document(ledger, event, *invoice, (*invoice)->subtotal_minor, out));
	struct ts_hash hash;
	TS_TRY(ts_invoice_hash(*invoice, ledger->region, &hash));
	for (size_t i = 0; i < out->n; i++)
		out->entries[i].document_hash = hash;
	TS_TRY(ts_document_taxed(ledger, *invoice));
	TS_TRY(keep_row(ledger, item, *invoice, &hash));
	ledger->head.at_us = event->at_us;
	ledger->head.documents++;
	return ts_ledger_check(ledger, why);
}

/* --- cash --- */

static struct ts_prepaid_row *row_of(
	const struct ts_ledger *ledger, const struct ts_ledger_cash *cash)
{
	for (size_t i = 0; i < ledger->prepaid.n; i++) {
		struct ts_prepaid_row *row = ts_rowset_at(&ledger->prepaid, i);
		const char *name = cash->refund
					   ? ts_ledger_newest(ledger)->prepayments[row->item].id
					   : row->document;
		if (ts_str_is(cash->about, name))
			return row;
	}
	return NULL;
}

/* The tax that goes back with the net: what was taxed less what is due on what stays. */
static enum ts_err refund_tax(const struct ts_ledger *ledger, const struct ts_prepaid_row *row,
	int64_t net_minor, struct ts_decimal percent, int64_t whole_minor, int64_t back_minor,
	int64_t *out)
{
	int64_t stays = row->net_minor - row->refunded_minor - net_minor, due = 0;
	TS_TRY(ts_rate_tax(ts_ledger_calendar(ledger), stays, percent, &due));
	*out = whole_minor - back_minor - due;
	return TS_OK;
}

static enum ts_err percent_of(
	const struct ts_ledger *ledger, const struct ts_prepaid_row *row, struct ts_decimal *out)
{
	const struct ts_terms *terms = ts_ledger_newest(ledger);
	const struct ts_prepayment *p = &terms->prepayments[row->item];
	return ts_terms_tax_percent(terms, p->treatment, p->invoice_day, out);
}

/* What waits for the next event counts as if it were posted. */
static enum ts_err pending_of(const struct ts_ledger *ledger, const struct ts_prepaid_row *row,
	bool refund, int64_t *minor)
{
	*minor = 0;
	for (size_t i = 0; i < ledger->cash_n; i++)
		if (ledger->cash[i].refund == refund && row_of(ledger, &ledger->cash[i]) == row)
			TS_TRY(ts_add64(*minor, ledger->cash[i].amount_minor, minor));
	return TS_OK;
}

static enum ts_err refund_check(const struct ts_ledger *ledger, const struct ts_prepaid_row *row,
	const struct ts_ledger_cash *cash, struct ts_why *why)
{
	const struct ts_currency *currency = ts_ledger_calendar(ledger)->currency;
	struct ts_ledger_prepayment p;
	struct ts_decimal percent;
	char text[TS_DECIMAL_CHARS];
	int64_t tax = 0, waits = 0, comes = 0;
	TS_TRY(ts_ledger_prepayment_get(ledger, row->item, &p));
	TS_TRY(pending_of(ledger, row, true, &waits));
	TS_TRY(pending_of(ledger, row, false, &comes));
	p.left_minor -= waits;
	if (cash->amount_minor > p.left_minor)
		return ts_why(why, TS_E_CONFLICT, "amount", "only %s of it is left",
			ts_money_format(p.left_minor, currency, text));
	TS_TRY(percent_of(ledger, row, &percent));
	TS_TRY(refund_tax(ledger, row, cash->amount_minor, percent, row->tax_minor,
		row->refunded_tax_minor, &tax));
	int64_t paid = row->paid_minor + comes - row->refunded_minor - row->refunded_tax_minor -
		       waits;
	if (cash->amount_minor + tax > paid)
		return ts_why(why, TS_E_CONFLICT, "amount",
			"with its tax it is more than was paid and not paid back, %s",
			ts_money_format(paid > 0 ? paid : 0, currency, text));
	return TS_OK;
}

enum ts_err ts_ledger_cash_check(
	const struct ts_ledger *ledger, const struct ts_ledger_cash *cash, struct ts_why *why)
{
	const struct ts_currency *currency = ts_ledger_calendar(ledger)->currency;
	const struct ts_prepaid_row *row = row_of(ledger, cash);
	char text[TS_DECIMAL_CHARS];
	if (row == NULL)
		return ts_why(why, TS_E_NOT_FOUND, cash->refund ? "prepayment" : "document",
			cash->refund ? "\"%.*s\" is no prepayment that was invoiced"
				     : "\"%.*s\" is not the invoice of a prepayment",
			(int)cash->about.len, cash->about.at);
	if (!ts_str_is(cash->currency, currency->code))
		return ts_why(why, TS_E_INVALID, "currency", "%.*s: the contract's is %s",
			(int)cash->currency.len, cash->currency.at, currency->code);
	if (cash->amount_minor <= 0)
		return ts_why(why, TS_E_INVALID, "amount", "must be above 0");
	if (cash->refund)
		return refund_check(ledger, row, cash, why);
	int64_t waits = 0;
	TS_TRY(pending_of(ledger, row, false, &waits));
	int64_t open = row->net_minor + row->tax_minor - row->paid_minor - waits;
	if (cash->amount_minor > open)
		return ts_why(why, TS_E_CONFLICT, "amount", "only %s of %s is open",
			ts_money_format(open, currency, text), row->document);
	return TS_OK;
}

enum ts_err ts_ledger_cash(struct ts_ledger *ledger, const struct ts_ledger_cash *list, size_t n)
{
	struct ts_ledger_cash *copy = ts_region_array(
		ledger->region, ledger->cash_n + n + 1, sizeof *copy);
	if (copy == NULL)
		return TS_E_NO_MEMORY;
	if (ledger->cash_n > 0)
		memcpy(copy, ledger->cash, ledger->cash_n * sizeof *copy);
	for (size_t i = 0; i < n; i++) {
		struct ts_ledger_cash *cash = &copy[ledger->cash_n + i];
		*cash = list[i];
		cash->about.at = ts_region_copy(
			ledger->region, list[i].about.at, list[i].about.len);
		cash->currency.at = ts_region_copy(
			ledger->region, list[i].currency.at, list[i].currency.len);
		if (cash->about.at == NULL || cash->currency.at == NULL)
			return TS_E_NO_MEMORY;
	}
	ledger->cash = copy;
	ledger->cash_n += n;
	return TS_OK;
}

/* The same amount in both books. */
static enum ts_err post_pair(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_post post, const enum ts_account accounts[4], int64_t amount,
	struct ts_postings *out)
{
	post.amount_minor = amount;
	post.debit = accounts[0];
	post.credit = accounts[1];
	TS_TRY(ts_ledger_post(ledger, event, &post, out));
	post.debit = accounts[2];
	post.credit = accounts[3];
	return ts_ledger_post(ledger, event, &post, out);
}

/* Net and tax go back; what the consumer assessed itself, it takes back itself. */
static enum ts_err post_refund(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_prepaid_row *row, int64_t net, const struct ts_post *post,
	struct ts_postings *out)
{
	const struct ts_terms *terms = ts_ledger_newest(ledger);
	const struct ts_treatment *t = &terms->treatments[terms->prepayments[row->item].treatment];
	enum ts_account input = t->recoverable ? TS_ACCOUNT_INPUT_TAX : TS_ACCOUNT_EXPENSE_TAX;
	const enum ts_account nets[4] = {TS_ACCOUNT_CONTRACT_LIABILITY, TS_ACCOUNT_CASH,
		TS_ACCOUNT_BANK, TS_ACCOUNT_PREPAID};
	const enum ts_account taxes[4] = {
		TS_ACCOUNT_TAX_PAYABLE, TS_ACCOUNT_CASH, TS_ACCOUNT_BANK, input};
	struct ts_decimal percent;
	int64_t tax = 0;
	TS_TRY(percent_of(ledger, row, &percent));
	TS_TRY(refund_tax(
		ledger, row, net, percent, row->tax_minor, row->refunded_tax_minor, &tax));
	TS_TRY(post_pair(ledger, event, *post, nets, net, out));
	TS_TRY(post_pair(ledger, event, *post, taxes, tax, out));
	if (t->reverse_charge) {
		int64_t whole = 0, before = 0, own = 0;
		struct ts_post reverse = *post;
		TS_TRY(ts_rate_tax(terms, row->net_minor, t->reverse_percent, &whole));
		TS_TRY(ts_rate_tax(
			terms, row->net_minor - row->refunded_minor, t->reverse_percent, &before));
		TS_TRY(refund_tax(
			ledger, row, net, t->reverse_percent, whole, whole - before, &own));
		reverse.debit = TS_ACCOUNT_OUTPUT_TAX;
		reverse.credit = input;
		reverse.amount_minor = own;
		TS_TRY(ts_ledger_post(ledger, event, &reverse, out));
	}
	row->refunded_minor += net;
	row->refunded_tax_minor += tax;
	return TS_OK;
}

static enum ts_err post_one(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_ledger_cash *cash, struct ts_postings *out)
{
	static const enum ts_account paid[4] = {
		TS_ACCOUNT_CASH, TS_ACCOUNT_RECEIVABLE, TS_ACCOUNT_PAYABLE, TS_ACCOUNT_BANK};
	struct ts_prepaid_row *row = row_of(ledger, cash);
	struct ts_hash hash;
	int32_t open = ts_ledger_open_day(ledger);
	TS_ASSERT(row != NULL);
	TS_TRY(ts_text_unhex(ts_str(row->document_sha256), hash.b, TS_HASH_BYTES));
	const struct ts_post post = {.kind = cash->refund ? TS_ENTRY_REFUND : TS_ENTRY_PAYMENT,
		.effective_day = cash->day > open ? cash->day : open,
		.service_month = -1,
		.document = row->document,
		.document_hash = &hash,
		.source_leaf = cash->leaf};
	row->dirty = true;
	if (cash->refund)
		return post_refund(ledger, event, row, cash->amount_minor, &post, out);
	TS_TRY(post_pair(ledger, event, post, paid, cash->amount_minor, out));
	row->paid_minor += cash->amount_minor;
	if (row->from_period < 0 && row->paid_minor == row->net_minor + row->tax_minor)
		row->from_period = ts_ledger_open_period(ledger);
	return TS_OK;
}

enum ts_err ts_ledger_post_cash(
	struct ts_ledger *ledger, const struct ts_ledger_event *event, struct ts_postings *out)
{
	const struct ts_ledger_cash *list = ledger->cash;
	size_t n = ledger->cash_n;
	ledger->cash_n = 0; /* nothing waits for itself */
	for (size_t i = 0; i < n; i++) {
		struct ts_why none;
		enum ts_err err = ts_ledger_cash_check(ledger, &list[i], &none);
		if (err == TS_OK)
			TS_TRY(post_one(ledger, event, &list[i], out));
		else if (err == TS_E_NO_MEMORY)
			return err;
	}
	return TS_OK;
}
