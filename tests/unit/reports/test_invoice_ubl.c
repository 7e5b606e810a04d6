/* SPDX-License-Identifier: Apache-2.0 */
/* Our documents as UBL: valid by the OASIS schema, without a finding of the rules, exact to the
 * cent; and what is missing or wrong is named before anything is written. */
#include "support/file.h"
#include "support/test.h"
#include "reports/en16931/check.h"
#include "reports/en16931/path.h"
#include "reports/invoice_ubl.h"
#include "sample.h"
#include <libxml/xmlschemas.h>
#include <string.h>

static void complete_parties(struct sample *s)
{
	struct ts_party *seller = &s->terms.provider, *buyer = &s->terms.consumer;
	static struct ts_sku sku = {.id = "gpu.h100.sxm",
		.name = "NVIDIA H100 SXM 80 GB",
		.unit = "GPU-hour",
		.unit_code = "HUR",
		.divisor = GPU_HOUR};
	seller->vat_id = "IE6388047V";
	seller->tax_id = NULL;
	seller->trade_name = "Northern & Co \"Compute\"";
	seller->registration = (struct ts_identifier){"0002", "552081317"};
	seller->endpoint = (struct ts_identifier){"9930", "DE123456788"};
	seller->contact = (struct ts_contact){"Accounts <receivable>", "+1 901 555 0100", NULL};
	seller->payment = (struct ts_payment){
		"58", "DE89370400440532013000", NULL, "COBADEFFXXX", "Northern Compute"};
	buyer->vat_id = "DE136695976";
	buyer->tax_id = NULL;
	buyer->registration = (struct ts_identifier){"0204", "04011000-12345-03"};
	buyer->endpoint = (struct ts_identifier){"0088", "4000001123452"};
	s->terms.skus = &sku;
	s->terms.skus_n = 1;
	s->treatments[1].category = "S";
	s->treatments[1].reason = NULL;
}

static struct sample *complete(size_t lines)
{
	struct sample *s = sample_create(lines, 19);
	complete_parties(s);
	sample_sum(s, 19);
	sample_head(s);
	return s;
}

static void schema_error(void *arg, const char *fmt, ...) TS_PRINTF(2, 3);
static void schema_error(void *arg, const char *fmt, ...)
{
	va_list args;
	(void)arg;
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
}

static void assert_schema(const struct ts_buf *xml, const char *kind)
{
	char name[128];
	snprintf(name, sizeof name, "invoices/ubl21-xsd/xsdrt/maindoc/UBL-%s-2.1.xsd", kind);
	char *path = ts_fixture_path(name);
	xmlSchemaParserCtxt *parser = xmlSchemaNewParserCtxt(path);
	xmlSchema *schema = xmlSchemaParse(parser);
	assert_non_null(schema);
	xmlDoc *doc = xmlReadMemory(xml->data, (int)xml->len, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(doc);
	xmlSchemaValidCtxt *valid = xmlSchemaNewValidCtxt(schema);
	xmlSchemaSetValidErrors(valid, schema_error, schema_error, NULL);
	assert_int_equal(xmlSchemaValidateDoc(valid, doc), 0);
	xmlSchemaFreeValidCtxt(valid);
	xmlFreeDoc(doc);
	xmlSchemaFree(schema);
	xmlSchemaFreeParserCtxt(parser);
	free(path);
}

/* Written, without one finding, not even a warning. */
static const struct ts_ubl *made(struct sample *s, struct ts_buf *out, const char *kind)
{
	struct ts_ubl_refusals refusals;
	struct ts_ubl_findings findings;
	struct ts_why why = {0};
	const struct ts_ubl *doc = NULL;
	ts_buf_init(out, TS_INVOICE_UBL_BYTES_MAX);
	enum ts_err err = ts_invoice_ubl(&s->invoice, s->region, out, &refusals, &why);
	if (err != TS_OK)
		print_error("%s: %s\n", why.where, why.text);
	assert_ok(err);
	assert_ok(ts_ubl_check(out->data, out->len, 0, s->region, &findings, &why));
	for (size_t i = 0; i < findings.n; i++)
		print_error("%s at %s: %s\n", findings.rows[i].rule, findings.rows[i].where,
			findings.rows[i].text);
	assert_int_equal(findings.n, 0);
	assert_schema(out, kind);
	assert_ok(ts_ubl_parse(out->data, out->len, s->region, &doc, &why));
	return doc;
}

static void assert_text(const struct ts_ubl *doc, const char *path, const char *expected)
{
	struct ts_str text = ts_ubl_text(doc, ts_ubl_root(doc), path);
	char found[256];
	snprintf(found, sizeof found, "%.*s", (int)text.len, text.len ? text.at : "");
	if (strcmp(found, expected) != 0)
		print_error("%s: \"%s\", expected \"%s\"\n", path, found, expected);
	assert_string_equal(found, expected);
}

static void invoice_exact(void **state)
{
	struct ts_buf out;
	struct sample *s = complete(3);
	(void)state;
	s->invoice.lines[1].base_quantity = 1500 * GPU_HOUR + GPU_HOUR / 4;
	s->invoice.lines[1].net_minor = 328180; /* 1500.25 x 2.1875 = 3281.796875 */
	s->invoice.lines[2].base_quantity = GPU_HOUR / 3;
	s->invoice.lines[2].net_minor = 73; /* 0.333333333 x 2.1875 */
	sample_sum(s, 19);
	const struct ts_ubl *doc = made(s, &out, "Invoice");
	assert_text(doc, "cbc:ID", "NC-2026-0004");
	assert_text(doc, "cbc:InvoiceTypeCode", "380");
	assert_text(doc, "cbc:IssueDate", "2026-09-04");
	assert_text(doc, "cbc:DueDate", "2026-10-04");
	assert_text(doc, "cac:InvoicePeriod/cbc:EndDate", "2026-08-31");
	assert_text(doc, "cac:OrderReference/cbc:ID", "PO-4500123987");
	assert_text(doc, "cac:AccountingSupplierParty/cac:Party/cac:PartyName/cbc:Name",
		"Northern & Co \"Compute\"");
	assert_text(doc, "cac:AccountingSupplierParty/cac:Party/cac:Contact/cbc:Name",
		"Accounts <receivable>");
	assert_text(doc, "cac:AccountingSupplierParty/cac:Party/cac:Contact/cbc:ElectronicMail",
		"billing@northern-compute.example");
	assert_text(doc, "cac:AccountingCustomerParty/cac:Party/cbc:EndpointID/@schemeID", "0088");
	assert_text(
		doc, "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID", "DE89370400440532013000");
	assert_text(doc, "cac:PaymentMeans/cbc:PaymentID", "NC-2026-0004");
	assert_text(doc, "cac:LegalMonetaryTotal/cbc:LineExtensionAmount", "1250003282.53");
	assert_text(doc, "cac:LegalMonetaryTotal/cbc:PayableAmount", "1487503282.53");
	assert_text(doc, "cac:TaxTotal/cbc:TaxAmount", "237500000.00");
	assert_text(doc,
		"cac:TaxTotal/cac:TaxSubtotal[cac:TaxCategory/cbc:ID=AE]/cbc:TaxableAmount",
		"3282.53");
	assert_text(doc,
		"cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory[cbc:ID=AE]/"
		"cbc:TaxExemptionReasonCode",
		"VATEX-EU-AE");
	assert_text(doc, "cac:InvoiceLine[cbc:ID=1]/cbc:InvoicedQuantity", "1");
	assert_text(doc, "cac:InvoiceLine[cbc:ID=1]/cac:Price/cbc:PriceAmount", "1250000000.00");
	assert_text(doc, "cac:InvoiceLine[cbc:ID=2]/cbc:InvoicedQuantity", "1500.25");
	assert_text(doc, "cac:InvoiceLine[cbc:ID=2]/cbc:InvoicedQuantity/@unitCode", "HUR");
	assert_text(doc, "cac:InvoiceLine[cbc:ID=2]/cac:Price/cbc:PriceAmount", "2.1875");
	assert_text(doc, "cac:InvoiceLine[cbc:ID=2]/cbc:LineExtensionAmount", "3281.80");
	assert_text(doc, "cac:InvoiceLine[cbc:ID=3]/cbc:InvoicedQuantity", "0.333333333");
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void metered_and_repeatable(void **state)
{
	struct ts_buf out, again;
	struct sample *s = complete(2);
	(void)state;
	s->terms.type = "82";
	s->terms.accounting_cost = "4711";
	const struct ts_ubl *doc = made(s, &out, "Invoice");
	assert_text(doc, "cbc:InvoiceTypeCode", "82");
	assert_text(doc, "cbc:AccountingCost", "4711");
	made(s, &again, "Invoice");
	assert_int_equal(out.len, again.len);
	assert_memory_equal(out.data, again.data, out.len);
	ts_buf_free(&out);
	ts_buf_free(&again);
	ts_region_free(s->region);
}

static void adjustments(void **state)
{
	struct ts_buf out;
	struct sample *s = complete(8);
	(void)state;
	const struct ts_ubl *doc = made(s, &out, "Invoice");
	assert_text(
		doc, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID", "NC-2026-0003");
	assert_int_equal(ts_ubl_count(doc, ts_ubl_root(doc), "cac:BillingReference"), 1);
	/* Outside of the document's period, which Peppol allows no line period to leave. */
	assert_false(ts_ubl_exists(
		doc, ts_ubl_root(doc), "cac:InvoiceLine[cbc:ID=7]/cac:InvoicePeriod"));
	assert_text(doc,
		"cac:InvoiceLine[cbc:ID=7]/cac:Item/"
		"cac:AdditionalItemProperty[cbc:Name=Service period]/cbc:Value",
		"2026-07-01 to 2026-07-31");
	struct ts_str quantity = ts_ubl_text(
		doc, ts_ubl_root(doc), "cac:InvoiceLine[cbc:ID=7]/cbc:InvoicedQuantity");
	assert_int_equal(quantity.at[0], '-'); /* the reversed line: quantity below 0, price not */
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void reductions_are_allowances(void **state)
{
	struct ts_buf out;
	struct sample *s = complete(3);
	struct ts_invoice_line *line = &s->invoice.lines[2];
	(void)state;
	*line = (struct ts_invoice_line){.number = 3,
		.kind = TS_CHARGE_SLA,
		.id = "availability",
		.section = "Service level",
		.description = "Availability below 99.5 %",
		.sku = "",
		.sku_name = "",
		.pricing_class = "",
		.unit = "",
		.version = 2,
		.from_day = DAY(2026, 8, 1),
		.to_day = DAY(2026, 9, 1),
		.divisor = 1,
		.net_minor = -12345,
		.treatment = 1};
	sample_sum(s, 19);
	const struct ts_ubl *doc = made(s, &out, "Invoice");
	assert_text(doc, "cac:AllowanceCharge/cbc:Amount", "123.45");
	assert_text(doc, "cac:AllowanceCharge/cbc:AllowanceChargeReasonCode", "100");
	assert_text(doc, "cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount", "123.45");
	assert_int_equal(ts_ubl_count(doc, ts_ubl_root(doc), "cac:InvoiceLine"), 2);
	ts_buf_free(&out);
	/* With what it adjusts named, it is a line. */
	line->adjusts = "NC-2026-0003";
	doc = made(s, &out, "Invoice");
	assert_text(doc, "cac:InvoiceLine[cbc:ID=3]/cbc:InvoicedQuantity", "-1");
	assert_text(doc, "cac:InvoiceLine[cbc:ID=3]/cac:Price/cbc:PriceAmount", "123.45");
	assert_text(doc, "cac:InvoiceLine[cbc:ID=3]/cbc:LineExtensionAmount", "-123.45");
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void credit_note(void **state)
{
	struct ts_buf out;
	struct sample *s = complete(8);
	(void)state;
	s->invoice.kind = TS_DOCUMENT_CREDIT_NOTE;
	const struct ts_ubl *doc = made(s, &out, "CreditNote");
	assert_text(doc, "cbc:CreditNoteTypeCode", "381");
	assert_text(doc, "cbc:DueDate", "");
	assert_text(doc, "cac:PaymentTerms/cbc:Note", "");
	assert_text(doc, "cac:CreditNoteLine[cbc:ID=1]/cbc:CreditedQuantity/@unitCode", "C62");
	assert_text(
		doc, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID", "NC-2026-0003");
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void outside_scope(void **state)
{
	struct ts_buf out;
	struct sample *s = complete(3);
	(void)state;
	for (int i = 0; i < 2; i++) {
		s->treatments[i].category = "O";
		s->treatments[i].reason = "Outside the scope of VAT";
	}
	sample_sum(s, 0);
	const struct ts_ubl *doc = made(s, &out, "Invoice");
	assert_false(ts_ubl_exists(doc, ts_ubl_root(doc), "//cac:PartyTaxScheme"));
	assert_false(ts_ubl_exists(doc, ts_ubl_root(doc), "//cbc:Percent"));
	assert_text(doc, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:TaxExemptionReasonCode",
		"VATEX-EU-O");
	assert_int_equal(ts_ubl_count(doc, ts_ubl_root(doc), "cac:TaxTotal/cac:TaxSubtotal"), 1);
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void four_hundred_lines(void **state)
{
	struct ts_buf out;
	struct sample *s = complete(400);
	(void)state;
	const struct ts_ubl *doc = made(s, &out, "Invoice");
	assert_int_equal(ts_ubl_count(doc, ts_ubl_root(doc), "cac:InvoiceLine"), 400);
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static bool refuses(const struct ts_ubl_refusals *refusals, const char *where)
{
	for (size_t i = 0; i < refusals->n; i++) {
		if (strcmp(refusals->rows[i].where, where) == 0)
			return true;
	}
	return false;
}

static void missing_is_listed(void **state)
{
	static const char *const pointers[] = {"/provider/endpoint", "/consumer/endpoint",
		"/provider/registration", "/consumer/vat_id", "/skus/0/unit_code",
		"/invoice/buyer_reference"};
	struct ts_ubl_refusals refusals;
	struct ts_why why = {0};
	struct ts_buf out;
	struct sample *s = complete(2);
	struct ts_sku sku = s->terms.skus[0];
	(void)state;
	sku.unit_code = NULL;
	s->terms.skus = &sku;
	sample_parties(&s->terms);
	s->terms.buyer_reference = s->terms.purchase_order = NULL;
	ts_buf_init(&out, TS_INVOICE_UBL_BYTES_MAX);
	assert_err(ts_invoice_ubl(&s->invoice, s->region, &out, &refusals, &why), TS_E_INVALID);
	assert_int_equal(out.len, 0);
	for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
		assert_true(refuses(&refusals, pointers[i]));
	assert_int_equal(refusals.n, 6);
	assert_non_null(strstr(why.text, "/provider/endpoint: missing: the seller"));
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void three_decimals_refused(void **state)
{
	struct ts_ubl_refusals refusals;
	struct ts_why why = {0};
	struct ts_buf out;
	struct sample *s = complete(2);
	(void)state;
	assert_ok(ts_currency_find(TS_STR("KWD"), &s->terms.currency));
	ts_buf_init(&out, TS_INVOICE_UBL_BYTES_MAX);
	assert_err(ts_invoice_ubl(&s->invoice, s->region, &out, &refusals, &why), TS_E_INVALID);
	assert_string_equal(why.where, "/currency");
	assert_non_null(strstr(why.text, "three"));
	ts_buf_free(&out);
	ts_region_free(s->region);
}

/* All members there, but the tax is a combination that no receiver takes. */
static void rules_refuse(void **state)
{
	struct ts_ubl_refusals refusals;
	struct ts_why why = {0};
	struct ts_buf out;
	struct sample *s = complete(3);
	(void)state;
	s->treatments[1].category = "O";
	sample_sum(s, 0);
	ts_buf_init(&out, TS_INVOICE_UBL_BYTES_MAX);
	assert_err(ts_invoice_ubl(&s->invoice, s->region, &out, &refusals, &why), TS_E_INVALID);
	assert_non_null(strstr(why.text, "BR-O-11"));
	assert_int_equal(out.len, 0);
	ts_buf_free(&out);
	ts_region_free(s->region);
}

static void preview(void **state)
{
	struct ts_buf out;
	struct sample *s = complete(3);
	(void)state;
	s->invoice.has_head = false;
	s->invoice.head = (struct ts_invoice_head){0};
	s->invoice.day = DAY(2026, 8, 31);
	const struct ts_ubl *doc = made(s, &out, "Invoice");
	assert_text(doc, "cbc:ID", "PREVIEW");
	assert_text(doc, "cbc:Note", "Preview. This is not an invoice.");
	ts_buf_free(&out);
	ts_region_free(s->region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invoice_exact),
		cmocka_unit_test(metered_and_repeatable),
		cmocka_unit_test(adjustments),
		cmocka_unit_test(reductions_are_allowances),
		cmocka_unit_test(credit_note),
		cmocka_unit_test(outside_scope),
		cmocka_unit_test(four_hundred_lines),
		cmocka_unit_test(missing_is_listed),
		cmocka_unit_test(three_decimals_refused),
		cmocka_unit_test(rules_refuse),
		cmocka_unit_test(preview),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
