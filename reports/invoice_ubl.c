/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/invoice_ubl.h"
#include "reports/ubl_line.h"
#include "reports/words.h"
#include "reports/xml.h"
#include <stdio.h>
#include <string.h>

#define NAMESPACES                                                                                 \
	" xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:"                               \
	"CommonAggregateComponents-2\""                                                            \
	" xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\""
#define ROOT(name) name " xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:" name "-2\""
#define SPECIFICATION "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
#define PROCESS "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
#define PREVIEW_NUMBER "PREVIEW"

static const char *date(int32_t day, char out[TS_TIME_CHARS])
{
	return ts_date_format(day, out);
}

/* The exemption codes of categories that have one for every case. */
static const struct {
	const char *category, *code;
} exemptions[] = {
	{"AE", "VATEX-EU-AE"}, {"K", "VATEX-EU-IC"}, {"G", "VATEX-EU-G"}, {"O", "VATEX-EU-O"}};

static bool credit(const struct ts_invoice *invoice)
{
	return invoice->kind == TS_DOCUMENT_CREDIT_NOTE;
}

static const char *type_code(const struct ts_invoice *invoice)
{
	switch (invoice->kind) {
	case TS_DOCUMENT_INVOICE:
		return invoice->terms->type ? invoice->terms->type : "380";
	case TS_DOCUMENT_CREDIT_NOTE:
		return "381";
	case TS_DOCUMENT_PREPAYMENT:
		return "386";
	}
	return NULL;
}

static void put_references(struct ts_xml *xml, const struct ts_invoice *invoice)
{
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const char *adjusts = invoice->lines[i].adjusts;
		bool seen = !adjusts || !*adjusts;
		for (size_t k = 0; k < i && !seen; k++)
			seen = invoice->lines[k].adjusts &&
			       strcmp(invoice->lines[k].adjusts, adjusts) == 0;
		if (seen)
			continue;
		ts_xml_open(xml, "cac:BillingReference");
		ts_xml_open(xml, "cac:InvoiceDocumentReference");
		ts_xml_text(xml, "cbc:ID", NULL, NULL, adjusts);
		ts_xml_close(xml);
		ts_xml_close(xml);
	}
}

static enum ts_err put_evidence(
	struct ts_xml *xml, const struct ts_invoice *invoice, struct ts_region *region)
{
	struct ts_hash hash;
	char hex[2 * TS_HASH_BYTES + 1];
	ts_xml_open(xml, "cac:ContractDocumentReference");
	ts_xml_text(xml, "cbc:ID", NULL, NULL, invoice->terms->contract);
	ts_xml_close(xml);
	if (!invoice->has_head)
		return TS_OK;
	TS_TRY(ts_invoice_hash(invoice, region, &hash));
	ts_text_hex(hash.b, TS_HASH_BYTES, hex);
	ts_xml_open(xml, "cac:AdditionalDocumentReference");
	ts_xml_text(xml, "cbc:ID", NULL, NULL, hex);
	ts_xml_text(xml, "cbc:DocumentDescription", NULL, NULL,
		"SHA-256 of this document's canonical JSON, as its journal has it");
	ts_xml_close(xml);
	return TS_OK;
}

static enum ts_err put_head(
	struct ts_xml *xml, const struct ts_invoice *invoice, struct ts_region *region)
{
	char day[TS_TIME_CHARS];
	const struct ts_terms *terms = invoice->terms;
	const struct ts_invoice_head *head = &invoice->head;
	bool dated = invoice->has_head;
	ts_xml_text(xml, "cbc:CustomizationID", NULL, NULL, SPECIFICATION);
	ts_xml_text(xml, "cbc:ProfileID", NULL, NULL, PROCESS);
	ts_xml_text(xml, "cbc:ID", NULL, NULL, dated ? head->number : PREVIEW_NUMBER);
	ts_xml_text(xml, "cbc:IssueDate", NULL, NULL,
		date(dated ? head->issue_day : invoice->day, day));
	if (dated && !credit(invoice))
		ts_xml_text(xml, "cbc:DueDate", NULL, NULL, date(head->due_day, day));
	ts_xml_text(xml, credit(invoice) ? "cbc:CreditNoteTypeCode" : "cbc:InvoiceTypeCode", NULL,
		NULL, type_code(invoice));
	if (!dated)
		ts_xml_text(xml, "cbc:Note", NULL, NULL, "Preview. This is not an invoice.");
	else if (head->incomplete)
		ts_xml_text(xml, "cbc:Note", NULL, NULL,
			"Issued while measurements of the period were late or missing; they will "
			"be "
			"billed by an adjustment.");
	ts_xml_text(xml, "cbc:DocumentCurrencyCode", NULL, NULL, terms->currency->code);
	ts_xml_text(xml, "cbc:AccountingCost", NULL, NULL, terms->accounting_cost);
	ts_xml_text(xml, "cbc:BuyerReference", NULL, NULL, terms->buyer_reference);
	ts_xml_open(xml, "cac:InvoicePeriod");
	ts_xml_text(xml, "cbc:StartDate", NULL, NULL, date(invoice->period.first_day, day));
	ts_xml_text(xml, "cbc:EndDate", NULL, NULL, date(invoice->period.end_day - 1, day));
	ts_xml_close(xml);
	if (terms->purchase_order) {
		ts_xml_open(xml, "cac:OrderReference");
		ts_xml_text(xml, "cbc:ID", NULL, NULL, terms->purchase_order);
		ts_xml_close(xml);
	}
	put_references(xml, invoice);
	return put_evidence(xml, invoice, region);
}

static void put_tax_scheme(struct ts_xml *xml, const char *id, const char *scheme)
{
	if (!id || !*id)
		return;
	ts_xml_open(xml, "cac:PartyTaxScheme");
	ts_xml_text(xml, "cbc:CompanyID", NULL, NULL, id);
	ts_xml_open(xml, "cac:TaxScheme");
	ts_xml_text(xml, "cbc:ID", NULL, NULL, scheme);
	ts_xml_close(xml);
	ts_xml_close(xml);
}

static void put_address(struct ts_xml *xml, const struct ts_address *address)
{
	ts_xml_open(xml, "cac:PostalAddress");
	ts_xml_text(xml, "cbc:StreetName", NULL, NULL, address->street);
	ts_xml_text(xml, "cbc:CityName", NULL, NULL, address->city);
	ts_xml_text(xml, "cbc:PostalZone", NULL, NULL, address->postal_code);
	ts_xml_text(xml, "cbc:CountrySubentity", NULL, NULL, address->region);
	ts_xml_open(xml, "cac:Country");
	ts_xml_text(xml, "cbc:IdentificationCode", NULL, NULL, address->country);
	ts_xml_close(xml);
	ts_xml_close(xml);
}

/* A document outside the scope of VAT names no VAT identifier (BR-O-02). */
static void put_party(struct ts_xml *xml, const char *role, const struct ts_party *party,
	bool seller, bool no_vat)
{
	const char *email = party->contact.email ? party->contact.email : party->email;
	ts_xml_open(xml, role);
	ts_xml_open(xml, "cac:Party");
	ts_xml_text(xml, "cbc:EndpointID", "schemeID", party->endpoint.scheme, party->endpoint.id);
	if (party->trade_name) {
		ts_xml_open(xml, "cac:PartyName");
		ts_xml_text(xml, "cbc:Name", NULL, NULL, party->trade_name);
		ts_xml_close(xml);
	}
	put_address(xml, &party->address);
	put_tax_scheme(xml, no_vat ? NULL : party->vat_id, "VAT");
	if (seller && party->tax_id &&
		(!party->vat_id || strcmp(party->tax_id, party->vat_id) != 0))
		put_tax_scheme(xml, party->tax_id, "TAX");
	ts_xml_open(xml, "cac:PartyLegalEntity");
	ts_xml_text(xml, "cbc:RegistrationName", NULL, NULL, party->name);
	ts_xml_text(xml, "cbc:CompanyID", "schemeID", party->registration.scheme,
		party->registration.id);
	ts_xml_close(xml);
	if (party->contact.name || party->contact.phone || email) {
		ts_xml_open(xml, "cac:Contact");
		ts_xml_text(xml, "cbc:Name", NULL, NULL, party->contact.name);
		ts_xml_text(xml, "cbc:Telephone", NULL, NULL, party->contact.phone);
		ts_xml_text(xml, "cbc:ElectronicMail", NULL, NULL, email);
		ts_xml_close(xml);
	}
	ts_xml_close(xml);
	ts_xml_close(xml);
}

static void put_payment(struct ts_xml *xml, const struct ts_invoice *invoice)
{
	const struct ts_payment *payment = &invoice->terms->provider.payment;
	if (payment->means) {
		ts_xml_open(xml, "cac:PaymentMeans");
		ts_xml_text(xml, "cbc:PaymentMeansCode", NULL, NULL, payment->means);
		if (invoice->has_head)
			ts_xml_text(xml, "cbc:PaymentID", NULL, NULL, invoice->head.number);
		if (payment->iban || payment->account) {
			ts_xml_open(xml, "cac:PayeeFinancialAccount");
			ts_xml_text(xml, "cbc:ID", NULL, NULL,
				payment->iban ? payment->iban : payment->account);
			ts_xml_text(xml, "cbc:Name", NULL, NULL, payment->account_name);
			if (payment->bic) {
				ts_xml_open(xml, "cac:FinancialInstitutionBranch");
				ts_xml_text(xml, "cbc:ID", NULL, NULL, payment->bic);
				ts_xml_close(xml);
			}
			ts_xml_close(xml);
		}
		ts_xml_close(xml);
	}
	/* A credit asks for no payment. */
	if (invoice->terms->payment_terms && !credit(invoice)) {
		ts_xml_open(xml, "cac:PaymentTerms");
		ts_xml_text(xml, "cbc:Note", NULL, NULL, invoice->terms->payment_terms);
		ts_xml_close(xml);
	}
}

/* One row of the breakdown per category and rate, whatever treatments it comes from. */
struct breakdown {
	const char *category, *reason;
	struct ts_decimal percent;
	int64_t net_minor, tax_minor;
};

static enum ts_err break_down(const struct ts_invoice *invoice, struct ts_region *region,
	struct breakdown **out, size_t *n)
{
	struct breakdown *rows = ts_region_array(region, invoice->taxes_n + 1, sizeof *rows);
	*n = 0;
	if (!rows)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		const struct ts_invoice_tax *tax = &invoice->taxes[i];
		struct breakdown *row = rows;
		while (row < rows + *n && (strcmp(row->category, tax->category) != 0 ||
						  row->percent.pico != tax->percent.pico))
			row++;
		if (row == rows + *n) {
			++*n;
			*row = (struct breakdown){.category = tax->category,
				.reason = tax->reason,
				.percent = tax->percent};
		} else if (tax->reason && row->reason && !strstr(row->reason, tax->reason)) {
			row->reason = ts_region_printf(region, "%s; %s", row->reason, tax->reason);
			if (!row->reason)
				return TS_E_NO_MEMORY;
		}
		TS_TRY(ts_add64(row->net_minor, tax->net_minor, &row->net_minor));
		TS_TRY(ts_add64(row->tax_minor, tax->tax_minor, &row->tax_minor));
	}
	*out = rows;
	return TS_OK;
}

static void put_money(
	struct ts_xml *xml, const struct ts_invoice *invoice, const char *name, int64_t minor)
{
	char text[TS_DECIMAL_CHARS];
	const struct ts_currency *currency = invoice->terms->currency;
	ts_xml_text(
		xml, name, "currencyID", currency->code, ts_money_format(minor, currency, text));
}

static enum ts_err put_taxes(
	struct ts_xml *xml, const struct ts_invoice *invoice, struct ts_region *region)
{
	struct breakdown *rows = NULL;
	char text[TS_DECIMAL_CHARS];
	size_t n = 0;
	TS_TRY(break_down(invoice, region, &rows, &n));
	ts_xml_open(xml, "cac:TaxTotal");
	put_money(xml, invoice, "cbc:TaxAmount", invoice->tax_minor);
	for (const struct breakdown *row = rows; row < rows + n; row++) {
		bool standard = strcmp(row->category, "S") == 0 || strcmp(row->category, "Z") == 0;
		ts_xml_open(xml, "cac:TaxSubtotal");
		put_money(xml, invoice, "cbc:TaxableAmount", row->net_minor);
		put_money(xml, invoice, "cbc:TaxAmount", row->tax_minor);
		ts_xml_open(xml, "cac:TaxCategory");
		ts_xml_text(xml, "cbc:ID", NULL, NULL, row->category);
		if (strcmp(row->category, "O") != 0)
			ts_xml_text(xml, "cbc:Percent", NULL, NULL,
				ts_decimal_format(row->percent, 0, text));
		for (size_t i = 0; i < sizeof exemptions / sizeof exemptions[0]; i++) {
			if (strcmp(exemptions[i].category, row->category) == 0)
				ts_xml_text(xml, "cbc:TaxExemptionReasonCode", NULL, NULL,
					exemptions[i].code);
		}
		if (!standard)
			ts_xml_text(xml, "cbc:TaxExemptionReason", NULL, NULL, row->reason);
		ts_xml_open(xml, "cac:TaxScheme");
		ts_xml_text(xml, "cbc:ID", NULL, NULL, "VAT");
		for (int i = 0; i < 3; i++)
			ts_xml_close(xml);
	}
	ts_xml_close(xml);
	return TS_OK;
}

static enum ts_err put_totals(struct ts_xml *xml, const struct ts_invoice *invoice)
{
	int64_t lines = 0, allowances = 0;
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct ts_invoice_line *line = &invoice->lines[i];
		if (ts_ubl_line_is_allowance(invoice, line))
			TS_TRY(ts_sub64(allowances, line->net_minor, &allowances));
		else
			TS_TRY(ts_add64(lines, line->net_minor, &lines));
	}
	ts_xml_open(xml, "cac:LegalMonetaryTotal");
	put_money(xml, invoice, "cbc:LineExtensionAmount", lines);
	put_money(xml, invoice, "cbc:TaxExclusiveAmount", invoice->subtotal_minor);
	put_money(xml, invoice, "cbc:TaxInclusiveAmount", invoice->total_minor);
	if (allowances > 0)
		put_money(xml, invoice, "cbc:AllowanceTotalAmount", allowances);
	if (invoice->prepaid_minor > 0)
		put_money(xml, invoice, "cbc:PrepaidAmount", invoice->prepaid_minor);
	put_money(xml, invoice, "cbc:PayableAmount", invoice->total_minor - invoice->prepaid_minor);
	ts_xml_close(xml);
	return TS_OK;
}

static bool has_category(const struct ts_invoice *invoice, const char *category)
{
	for (size_t i = 0; i < invoice->taxes_n; i++) {
		if (strcmp(invoice->taxes[i].category, category) == 0)
			return true;
	}
	return false;
}

enum ts_err ts_invoice_ubl_write(
	const struct ts_invoice *invoice, struct ts_region *region, struct ts_buf *out)
{
	struct ts_xml xml = {.out = out};
	bool no_vat = has_category(invoice, "O");
	TS_TRY(ts_invoice_adds_up(invoice, NULL));
	if (credit(invoice))
		ts_xml_begin(&xml, ROOT("CreditNote") NAMESPACES, "CreditNote");
	else
		ts_xml_begin(&xml, ROOT("Invoice") NAMESPACES, "Invoice");
	TS_TRY(put_head(&xml, invoice, region));
	put_party(&xml, "cac:AccountingSupplierParty", &invoice->terms->provider, true, no_vat);
	put_party(&xml, "cac:AccountingCustomerParty", &invoice->terms->consumer, false, no_vat);
	if (has_category(invoice, "K")) {
		ts_xml_open(&xml, "cac:Delivery");
		ts_xml_open(&xml, "cac:DeliveryLocation");
		ts_xml_open(&xml, "cac:Address");
		ts_xml_open(&xml, "cac:Country");
		ts_xml_text(&xml, "cbc:IdentificationCode", NULL, NULL,
			invoice->terms->consumer.address.country);
		for (int i = 0; i < 4; i++)
			ts_xml_close(&xml);
	}
	put_payment(&xml, invoice);
	for (size_t i = 0; i < invoice->lines_n; i++) {
		if (ts_ubl_line_is_allowance(invoice, &invoice->lines[i]))
			ts_ubl_line_allowance(&xml, invoice, &invoice->lines[i]);
	}
	TS_TRY(put_taxes(&xml, invoice, region));
	TS_TRY(put_totals(&xml, invoice));
	for (size_t i = 0; i < invoice->lines_n; i++) {
		if (!ts_ubl_line_is_allowance(invoice, &invoice->lines[i]))
			ts_ubl_line(&xml, invoice, &invoice->lines[i]);
	}
	ts_xml_close(&xml);
	return out->err;
}
