/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical JSON of a document (docs/formats/invoice.md). Quantities and amounts are strings. */
#include "book/invoice.h"
#include "base/json.h"
#include <string.h>

#define QUANTITY_DECIMALS 9

const char *ts_document_kind_name(enum ts_document_kind kind)
{
	static const char *const names[] = {"invoice", "credit_note", "prepayment"};
	return names[kind];
}

const struct ts_treatment *ts_invoice_treatment(const struct ts_invoice *invoice, int32_t treatment)
{
	const struct ts_terms *terms = invoice->newest != NULL ? invoice->newest : invoice->terms;
	TS_ASSERT(treatment >= 0 && (size_t)treatment < terms->treatments_n);
	return &terms->treatments[treatment];
}

static json_t *money(const struct ts_invoice *invoice, int64_t minor)
{
	char text[TS_DECIMAL_CHARS];
	return json_string(ts_money_format(minor, invoice->terms->currency, text));
}

static json_t *date(int32_t day)
{
	char text[TS_TIME_CHARS];
	return json_string(ts_date_format(day, text));
}

static json_t *hash(const struct ts_hash *value)
{
	char hex[2 * TS_HASH_BYTES + 1];
	ts_text_hex(value->b, TS_HASH_BYTES, hex);
	return json_string(hex);
}

static json_t *text_or_null(const char *text)
{
	return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *decimal(struct ts_decimal value)
{
	char text[TS_DECIMAL_CHARS];
	return json_string(ts_decimal_format(value, 0, text));
}

static json_t *line_json(const struct ts_invoice *invoice, const struct ts_invoice_line *line)
{
	char quantity[TS_DECIMAL_CHARS], base[TS_I128_CHARS], period_name[TS_TIME_CHARS];
	json_t *row = json_object();
	json_object_set_new(row, "number", json_integer(line->number));
	json_object_set_new(row, "kind", json_string(ts_charge_kind_name(line->kind)));
	json_object_set_new(row, "id", json_string(line->id));
	json_object_set_new(row, "section", text_or_null(line->section));
	json_object_set_new(row, "description", text_or_null(line->description));
	json_object_set_new(row, "sku", text_or_null(line->sku));
	json_object_set_new(row, "class", text_or_null(line->pricing_class));
	json_object_set_new(row, "version", json_integer(line->version));
	json_object_set_new(row, "tier", line->tier > 0 ? json_integer(line->tier) : json_null());
	json_object_set_new(
		row, "period", json_string(ts_period_name(&line->service, period_name)));
	json_object_set_new(row, "from", date(line->from_day));
	json_object_set_new(row, "to", date(line->to_day));
	json_object_set_new(
		row, "base_quantity", json_string(ts_i128_format(line->base_quantity, base)));
	json_object_set_new(row, "quantity",
		json_string(ts_ratio_format(
			line->base_quantity, line->divisor, QUANTITY_DECIMALS, quantity)));
	json_object_set_new(row, "unit", text_or_null(line->unit));
	json_object_set_new(
		row, "unit_price", line->has_unit_price ? decimal(line->unit_price) : json_null());
	json_object_set_new(row, "amount", money(invoice, line->net_minor));
	json_object_set_new(
		row, "treatment", json_string(ts_invoice_treatment(invoice, line->treatment)->id));
	json_object_set_new(row, "percent", decimal(line->percent));
	json_object_set_new(row, "adjusts", text_or_null(line->adjusts));
	json_object_set_new(row, "reversal", json_boolean(line->reversal));
	json_object_set_new(row, "trace", text_or_null(line->trace));
	if (line->prepayment != NULL)
		json_object_set_new(row, "prepayment", json_string(line->prepayment));
	return row;
}

static json_t *tax_json(const struct ts_invoice *invoice, const struct ts_invoice_tax *tax)
{
	json_t *row = json_object();
	json_object_set_new(
		row, "treatment", json_string(ts_invoice_treatment(invoice, tax->treatment)->id));
	json_object_set_new(row, "category", json_string(tax->category));
	json_object_set_new(row, "jurisdiction", text_or_null(tax->jurisdiction));
	json_object_set_new(row, "reason", text_or_null(tax->reason));
	json_object_set_new(row, "percent", decimal(tax->percent));
	json_object_set_new(row, "net", money(invoice, tax->net_minor));
	json_object_set_new(row, "tax", money(invoice, tax->tax_minor));
	return row;
}

static json_t *party_json(const struct ts_party *party)
{
	json_t *row = json_object();
	json_object_set_new(row, "id", json_string(party->id));
	json_object_set_new(row, "name", json_string(party->name));
	json_object_set_new(row, "tax_id", text_or_null(party->tax_id));
	json_object_set_new(row, "country", text_or_null(party->address.country));
	return row;
}

/* What was paid before, and what is to be paid now. */
static void put_deposits(const struct ts_invoice *invoice, json_t *body)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < invoice->deposits_n; i++) {
		const struct ts_invoice_deposit *d = &invoice->deposits[i];
		json_t *row = json_object();
		json_object_set_new(row, "id", json_string(d->id));
		json_object_set_new(row, "number", json_string(d->number));
		json_object_set_new(row, "amount", money(invoice, d->amount_minor));
		json_array_append_new(rows, row);
	}
	json_object_set_new(body, "deposits", rows);
	json_object_set_new(body, "prepaid", money(invoice, invoice->prepaid_minor));
	json_object_set_new(
		body, "payable", money(invoice, invoice->total_minor - invoice->prepaid_minor));
}

static json_t *body_json(const struct ts_invoice *invoice)
{
	char name[TS_TIME_CHARS];
	json_t *body = json_object(), *lines = json_array(), *taxes = json_array();
	for (size_t i = 0; i < invoice->lines_n; i++)
		json_array_append_new(lines, line_json(invoice, &invoice->lines[i]));
	for (size_t i = 0; i < invoice->taxes_n; i++)
		json_array_append_new(taxes, tax_json(invoice, &invoice->taxes[i]));
	json_object_set_new(body, "format", json_string("tallystick/invoice/v1"));
	json_object_set_new(body, "kind", json_string(ts_document_kind_name(invoice->kind)));
	json_object_set_new(body, "contract", json_string(invoice->terms->contract));
	json_object_set_new(body, "provider", party_json(&invoice->terms->provider));
	json_object_set_new(body, "consumer", party_json(&invoice->terms->consumer));
	json_object_set_new(body, "currency", json_string(invoice->terms->currency->code));
	json_object_set_new(body, "period", json_string(ts_period_name(&invoice->period, name)));
	json_object_set_new(body, "from", date(invoice->period.first_day));
	json_object_set_new(body, "to", date(invoice->period.end_day));
	json_object_set_new(body, "inputs_to", json_integer(invoice->inputs_to));
	json_object_set_new(body, "as_of", date(invoice->day));
	json_object_set_new(body, "lines", lines);
	json_object_set_new(body, "taxes", taxes);
	json_object_set_new(body, "subtotal", money(invoice, invoice->subtotal_minor));
	json_object_set_new(body, "tax", money(invoice, invoice->tax_minor));
	json_object_set_new(body, "total", money(invoice, invoice->total_minor));
	if (invoice->deposits_n > 0)
		put_deposits(invoice, body);
	return body;
}

static json_t *completeness_json(const struct ts_invoice_head *head)
{
	const struct ts_completeness *c = &head->completeness;
	json_t *row = json_object();
	json_object_set_new(row, "expected", json_integer(c->expected));
	json_object_set_new(row, "closed", json_integer(c->closed));
	json_object_set_new(row, "late", json_integer(c->late));
	json_object_set_new(row, "missing", json_integer(c->missing));
	json_object_set_new(row, "gap", head->gap < 0 ? json_null() : json_integer(head->gap));
	json_object_set_new(row, "incomplete", json_boolean(head->incomplete));
	return row;
}

static json_t *head_json(const struct ts_invoice *invoice)
{
	const struct ts_invoice_head *head = &invoice->head;
	json_t *row = json_object();
	json_object_set_new(row, "number", json_string(head->number));
	json_object_set_new(row, "issue_date", date(head->issue_day));
	json_object_set_new(row, "due_date", date(head->due_day));
	json_object_set_new(row, "contract_note", hash(&head->contract_note));
	if (invoice->kind == TS_DOCUMENT_PREPAYMENT) /* it rests on nothing else */
		return row;
	json_object_set_new(row, "inputs_origin", text_or_null(head->inputs_origin));
	json_object_set_new(row, "inputs_size", json_integer(head->inputs_size));
	json_object_set_new(row, "inputs_root", hash(&head->inputs_root));
	json_object_set_new(row, "journal_origin", text_or_null(head->journal_origin));
	json_object_set_new(row, "journal_size", json_integer(head->journal_size));
	json_object_set_new(row, "journal_root", hash(&head->journal_root));
	json_object_set_new(
		row, "witness", json_string(head->unwitnessed ? "unwitnessed" : "cosigned"));
	json_object_set_new(row, "completeness", completeness_json(head));
	return row;
}

enum ts_err ts_invoice_body_json(
	const struct ts_invoice *invoice, struct ts_region *region, const char **bytes, size_t *len)
{
	__attribute__((cleanup(ts_json_cleanup))) json_t *body = body_json(invoice);
	return ts_json_canonical(body, region, bytes, len);
}

enum ts_err ts_invoice_json(
	const struct ts_invoice *invoice, struct ts_region *region, const char **bytes, size_t *len)
{
	__attribute__((cleanup(ts_json_cleanup))) json_t *document = json_object();
	json_object_set_new(document, "body", body_json(invoice));
	if (invoice->has_head)
		json_object_set_new(document, "head", head_json(invoice));
	return ts_json_canonical(document, region, bytes, len);
}

enum ts_err ts_invoice_hash(
	const struct ts_invoice *invoice, struct ts_region *region, struct ts_hash *out)
{
	const char *bytes = NULL;
	size_t len = 0;
	TS_TRY(ts_invoice_json(invoice, region, &bytes, &len));
	ts_sha256(bytes, len, out);
	return TS_OK;
}
