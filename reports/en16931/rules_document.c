/* SPDX-License-Identifier: Apache-2.0 */
/* What a document and its parts must have: BR-01 .. BR-67, BR-CO-03 .. 26. Not here: BR-CO-05 ..
 * 08, which no program can judge, and BR-CO-25, which 1.3.16 no longer has. */
#include "reports/en16931/rule.h"
#include <string.h>

#define SUPPLIER "cac:AccountingSupplierParty/cac:Party/"
#define CUSTOMER "cac:AccountingCustomerParty/cac:Party/"
#define VAT "[cac:TaxScheme/cbc:ID^VAT]"
#define ALLOWANCE "/cac:AllowanceCharge[cbc:ChargeIndicator?false]"
#define CHARGE "/cac:AllowanceCharge[cbc:ChargeIndicator?true]"
#define LINE_ALLOWANCE "cac:InvoiceLine" ALLOWANCE "|cac:CreditNoteLine" ALLOWANCE
#define LINE_CHARGE "cac:InvoiceLine" CHARGE "|cac:CreditNoteLine" CHARGE
#define REASON "cbc:AllowanceChargeReason|cbc:AllowanceChargeReasonCode"
#define COUNTRY "cac:Country/cbc:IdentificationCode"

/* Texts of any of a path, against texts of any of another. */
struct pairs {
	struct ts_ubl_judge *judge;
	const struct ts_ubl_node *at;
	const char *other;
	struct ts_str text;
	bool equal, different;
};

static bool compare_inner(void *arg, const struct ts_ubl_value *value)
{
	struct pairs *pairs = arg;
	if (ts_str_eq(pairs->text, value->text))
		pairs->equal = true;
	else
		pairs->different = true;
	return true;
}

static bool compare_outer(void *arg, const struct ts_ubl_value *value)
{
	struct pairs *pairs = arg;
	pairs->text = value->text;
	return ts_ubl_each(pairs->judge->doc, pairs->at, pairs->other, compare_inner, pairs);
}

static struct pairs compare(struct ts_ubl_judge *judge, const struct ts_ubl_node *at,
	const char *path, const char *other)
{
	struct pairs pairs = {.judge = judge, .at = at, .other = other};
	ts_ubl_each(judge->doc, at, path, compare_outer, &pairs);
	return pairs;
}

static bool payee_differs(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return ts_ubl_exists(judge->doc, at, "cac:PartyName/cbc:Name") &&
	       !compare(
		       judge, at, "cac:PartyName/cbc:Name", "../" SUPPLIER "cac:PartyName/cbc:Name")
			.equal &&
	       !compare(judge, at, "cac:PartyIdentification/cbc:ID",
		       "../" SUPPLIER "cac:PartyIdentification/cbc:ID")
			.equal;
}

static bool payee_once(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return ts_ubl_count(judge->doc, at, judge->rule->argument) <= 1 &&
	       compare(judge, at, "cac:PartyName/cbc:Name",
		       "../" SUPPLIER "cac:PartyLegalEntity/cbc:RegistrationName")
		       .different;
}

static bool period_in_order(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str from = ts_ubl_text(judge->doc, at, "cbc:StartDate");
	struct ts_str to = ts_ubl_text(judge->doc, at, "cbc:EndDate");
	if (!ts_ubl_exists(judge->doc, at, "cbc:StartDate") ||
		!ts_ubl_exists(judge->doc, at, "cbc:EndDate"))
		return true;
	ts_ubl_say(judge, "from %.*s to %.*s", (int)(from.len > 40 ? 40 : from.len), from.at,
		(int)(to.len > 40 ? 40 : to.len), to.at);
	/* A date of UBL may have a zone behind it. */
	from.len = from.len > TS_UBL_DATE_CHARS ? TS_UBL_DATE_CHARS : from.len;
	to.len = to.len > TS_UBL_DATE_CHARS ? TS_UBL_DATE_CHARS : to.len;
	return ts_ubl_is_date(from) && ts_ubl_is_date(to) && ts_str_cmp(from, to) <= 0;
}

static bool card_is_short(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	(void)judge;
	return ts_ubl_trim(at->text).len <= 10;
}

static bool one_tax_point(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return !ts_ubl_exists(judge->doc, at, "cbc:TaxPointDate") ||
	       !ts_ubl_exists(judge->doc, at, "cac:InvoicePeriod/cbc:DescriptionCode");
}

static bool in_tax_currency(void *arg, const struct ts_ubl_value *value)
{
	struct ts_ubl_judge *judge = arg;
	const struct ts_ubl_node *total = ts_ubl_named(judge->doc, "cac:TaxTotal", 12);
	for (; total; total = total->same) {
		for (const struct ts_ubl_node *x = total->child; x; x = x->next) {
			const char *currency = ts_ubl_attribute(x, "currencyID");
			if (strcmp(x->name, "cbc:TaxAmount") == 0 && currency &&
				ts_str_is(value->text, currency))
				return true;
		}
	}
	ts_ubl_say(judge, "no tax total in %.*s",
		(int)(value->text.len > 20 ? 20 : value->text.len), value->text.at);
	return false;
}

static bool tax_currency_total(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return ts_ubl_each(judge->doc, at, "cbc:TaxCurrencyCode", in_tax_currency, judge);
}

static bool gross_price(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec price;
	const char *path = "cac:Price/cac:AllowanceCharge/cbc:BaseAmount";
	if (!ts_ubl_exists(judge->doc, at, path))
		return true;
	return ts_ubl_number(judge, at, path, &price) && ts_dec_cmp(price, ts_dec_integer(0)) >= 0;
}

static bool transfer_account(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str code = ts_ubl_text(judge->doc, at, "cbc:PaymentMeansCode");
	return (!ts_str_is(code, "30") && !ts_str_is(code, "58")) ||
	       ts_ubl_exists(judge->doc, at, "cac:PayeeFinancialAccount/cbc:ID");
}

static bool vat_prefix(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_ubl_value id;
	if (!ts_ubl_first(judge->doc, at, "cbc:CompanyID", &id) || id.text.len < 2)
		return true;
	struct ts_str prefix = {id.text.at, 2};
	if (prefix.at[0] == ' ' || prefix.at[1] == ' ' || ts_str_is(prefix, "EL") ||
		ts_codes_have(TS_CODES_COUNTRY, prefix))
		return true;
	ts_ubl_say(judge, "\"%.*s\"", (int)(id.text.len > 40 ? 40 : id.text.len), id.text.at);
	return false;
}

#define HAS(id, context, path, says)                                                               \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_HAS, path, 0, NULL, NULL, says                   \
	}
#define FILLED(id, context, path, says)                                                            \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_FILLED, path, 0, NULL, NULL, says                \
	}
#define ONCE(id, context, path, says)                                                              \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_ONCE, path, 0, NULL, NULL, says                  \
	}
#define OTHER(id, context, condition, says)                                                        \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_OTHER, NULL, 0, condition, NULL, says            \
	}

static const struct ts_ubl_rule rows[] = {
	FILLED("BR-01", "/", "cbc:CustomizationID",
		"the specification identifier (BT-24) is missing"),
	FILLED("BR-02", "/", "cbc:ID", "the document has no number (BT-1)"),
	FILLED("BR-03", "/", "cbc:IssueDate", "the document has no issue date (BT-2)"),
	FILLED("BR-04", "/", "cbc:InvoiceTypeCode|cbc:CreditNoteTypeCode",
		"the document has no type code (BT-3)"),
	FILLED("BR-05", "/", "cbc:DocumentCurrencyCode", "the document has no currency (BT-5)"),
	FILLED("BR-06", "/", SUPPLIER "cac:PartyLegalEntity/cbc:RegistrationName",
		"the seller's name (BT-27) is missing"),
	FILLED("BR-07", "/", CUSTOMER "cac:PartyLegalEntity/cbc:RegistrationName",
		"the buyer's name (BT-44) is missing"),
	HAS("BR-08", "/", SUPPLIER "cac:PostalAddress", "the seller's postal address is missing"),
	FILLED("BR-09", SUPPLIER "cac:PostalAddress", COUNTRY,
		"the seller's address has no country code (BT-40)"),
	HAS("BR-10", "/", CUSTOMER "cac:PostalAddress", "the buyer's postal address is missing"),
	FILLED("BR-11", CUSTOMER "cac:PostalAddress", COUNTRY,
		"the buyer's address has no country code (BT-55)"),
	HAS("BR-12", "cac:LegalMonetaryTotal", "cbc:LineExtensionAmount",
		"the sum of the lines' net amounts (BT-106) is missing"),
	HAS("BR-13", "cac:LegalMonetaryTotal", "cbc:TaxExclusiveAmount",
		"the total without VAT (BT-109) is missing"),
	HAS("BR-14", "cac:LegalMonetaryTotal", "cbc:TaxInclusiveAmount",
		"the total with VAT (BT-112) is missing"),
	HAS("BR-15", "cac:LegalMonetaryTotal", "cbc:PayableAmount",
		"the amount due for payment (BT-115) is missing"),
	HAS("BR-16", "/", TS_UBL_LINES, "the document has no line"),
	OTHER("BR-17", "cac:PayeeParty", payee_differs,
		"a payee is named only when it is another company than the seller, and by its name "
		"(BT-59)"),
	FILLED("BR-18", "cac:TaxRepresentativeParty", "cac:PartyName/cbc:Name",
		"the seller's tax representative has no name (BT-62)"),
	HAS("BR-19", "cac:TaxRepresentativeParty", "cac:PostalAddress",
		"the seller's tax representative has no address"),
	FILLED("BR-20", "cac:TaxRepresentativeParty/cac:PostalAddress", COUNTRY,
		"the tax representative's address has no country code (BT-69)"),
	FILLED("BR-21", TS_UBL_LINES, "cbc:ID", "the line has no number (BT-126)"),
	HAS("BR-22", TS_UBL_LINES, "cbc:InvoicedQuantity|cbc:CreditedQuantity",
		"the line has no quantity (BT-129)"),
	HAS("BR-23", TS_UBL_LINES, "cbc:InvoicedQuantity/@unitCode|cbc:CreditedQuantity/@unitCode",
		"the line's quantity has no unit (BT-130)"),
	HAS("BR-24", TS_UBL_LINES, "cbc:LineExtensionAmount",
		"the line has no net amount (BT-131)"),
	FILLED("BR-25", TS_UBL_LINES, "cac:Item/cbc:Name", "the line has no item name (BT-153)"),
	HAS("BR-26", TS_UBL_LINES, "cac:Price/cbc:PriceAmount",
		"the line has no net price (BT-146)"),
	{"BR-27", TS_UBL_FATAL, TS_UBL_LINES, TS_UBL_NOT_NEGATIVE, "cac:Price/cbc:PriceAmount", 0,
		NULL, NULL, "the line's net price (BT-146) must not be below 0"},
	OTHER("BR-28", TS_UBL_LINES, gross_price,
		"the line's gross price (BT-148) must not be below 0"),
	OTHER("BR-29", "/cac:InvoicePeriod|cac:SubInvoiceLine/cac:InvoicePeriod", period_in_order,
		"the invoicing period ends before it begins (BT-73, BT-74)"),
	OTHER("BR-30", "cac:InvoiceLine/cac:InvoicePeriod|cac:CreditNoteLine/cac:InvoicePeriod",
		period_in_order, "the line's period ends before it begins (BT-134, BT-135)"),
	HAS("BR-31", ALLOWANCE, "cbc:Amount", "the document's allowance has no amount (BT-92)"),
	HAS("BR-32", ALLOWANCE, "cac:TaxCategory" VAT "/cbc:ID",
		"the document's allowance has no VAT category (BT-95)"),
	HAS("BR-33", ALLOWANCE, REASON,
		"the document's allowance has neither a reason (BT-97) nor its code (BT-98)"),
	HAS("BR-36", CHARGE, "cbc:Amount", "the document's charge has no amount (BT-99)"),
	HAS("BR-37", CHARGE, "cac:TaxCategory" VAT "/cbc:ID",
		"the document's charge has no VAT category (BT-102)"),
	HAS("BR-38", CHARGE, REASON,
		"the document's charge has neither a reason (BT-104) nor its code (BT-105)"),
	HAS("BR-41", LINE_ALLOWANCE, "cbc:Amount", "the line's allowance has no amount (BT-136)"),
	HAS("BR-42", LINE_ALLOWANCE, REASON,
		"the line's allowance has neither a reason (BT-139) nor its code (BT-140)"),
	HAS("BR-43", LINE_CHARGE, "cbc:Amount", "the line's charge has no amount (BT-141)"),
	HAS("BR-44", LINE_CHARGE, REASON,
		"the line's charge has neither a reason (BT-144) nor its code (BT-145)"),
	HAS("BR-45", "cac:TaxTotal/cac:TaxSubtotal", "cbc:TaxableAmount",
		"a row of the VAT breakdown has no taxable amount (BT-116)"),
	HAS("BR-46", "cac:TaxTotal/cac:TaxSubtotal", "cbc:TaxAmount",
		"a row of the VAT breakdown has no tax amount (BT-117)"),
	HAS("BR-47", "cac:TaxTotal/cac:TaxSubtotal", "cac:TaxCategory" VAT "/cbc:ID",
		"a row of the VAT breakdown has no VAT category (BT-118)"),
	HAS("BR-48", "cac:TaxTotal/cac:TaxSubtotal",
		"cac:TaxCategory" VAT "/cbc:Percent|cac:TaxCategory" VAT "[cbc:ID~O]",
		"a row of the VAT breakdown has no rate (BT-119)"),
	HAS("BR-49", "cac:PaymentMeans", "cbc:PaymentMeansCode",
		"the payment instruction does not say how to pay (BT-81)"),
	FILLED("BR-50",
		"cac:PaymentMeans[cbc:PaymentMeansCode=30]/cac:PayeeFinancialAccount|"
		"cac:PaymentMeans[cbc:PaymentMeansCode=58]/cac:PayeeFinancialAccount",
		"cbc:ID", "the account to transfer to (BT-84) is missing"),
	{"BR-51", TS_UBL_WARNING, "cac:PaymentMeans/cac:CardAccount/cbc:PrimaryAccountNumberID",
		TS_UBL_OTHER, NULL, 0, card_is_short, NULL,
		"a card number (BT-87) must never stand in full in an invoice"},
	FILLED("BR-52", "cac:AdditionalDocumentReference", "cbc:ID",
		"a supporting document has no reference (BT-122)"),
	OTHER("BR-53", "/", tax_currency_total,
		"the tax total in the accounting currency (BT-111) is missing"),
	{"BR-54", TS_UBL_FATAL,
		"cac:AdditionalItemProperty[!cbc:Name]|"
		"cac:AdditionalItemProperty[cbc:Name][!cbc:Value]",
		TS_UBL_HAS_NOT, ".", 0, NULL, NULL,
		"an item attribute needs a name (BT-160) and a value (BT-161)"},
	HAS("BR-55", "cac:BillingReference", "cac:InvoiceDocumentReference/cbc:ID",
		"the preceding invoice is not named (BT-25)"),
	HAS("BR-56", "cac:TaxRepresentativeParty", "cac:PartyTaxScheme" VAT "/cbc:CompanyID",
		"the seller's tax representative has no VAT identifier (BT-63)"),
	HAS("BR-57", "cac:Delivery/cac:DeliveryLocation/cac:Address", COUNTRY,
		"the delivery address has no country code (BT-80)"),
	OTHER("BR-61", "cac:PaymentMeans", transfer_account,
		"a credit transfer needs the account to pay to (BT-84)"),
	HAS("BR-62", SUPPLIER "cbc:EndpointID", "./@schemeID",
		"the seller's electronic address (BT-34) has no scheme"),
	HAS("BR-63", CUSTOMER "cbc:EndpointID", "./@schemeID",
		"the buyer's electronic address (BT-49) has no scheme"),
	HAS("BR-64",
		"cac:InvoiceLine/cac:Item/cac:StandardItemIdentification/cbc:ID|"
		"cac:CreditNoteLine/cac:Item/cac:StandardItemIdentification/cbc:ID",
		"./@schemeID", "the item's standard identifier (BT-157) has no scheme"),
	HAS("BR-65",
		"cac:InvoiceLine/cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode|"
		"cac:CreditNoteLine/cac:Item/cac:CommodityClassification/"
		"cbc:ItemClassificationCode",
		"./@listID", "the item's classification (BT-158) has no scheme"),
	ONCE("BR-66", "/", "cac:PaymentMeans/cac:CardAccount",
		"at most one payment card may be named (BG-18)"),
	ONCE("BR-67", "/", "cac:PaymentMeans/cac:PaymentMandate",
		"at most one direct debit mandate may be named (BG-19)"),
	OTHER("BR-CO-03", "/", one_tax_point,
		"the tax point is given both as a date (BT-7) and as a code (BT-8)"),
	HAS("BR-CO-04", TS_UBL_LINES, "cac:Item/cac:ClassifiedTaxCategory" VAT "/cbc:ID",
		"the line has no VAT category (BT-151)"),
	OTHER("BR-CO-09", "cac:PartyTaxScheme" VAT, vat_prefix,
		"a VAT identifier begins with the code of the country that issued it (Greece: EL)"),
	HAS("BR-CO-18", "/", "cac:TaxTotal/cac:TaxSubtotal",
		"the document has no VAT breakdown (BG-23)"),
	HAS("BR-CO-19", "/cac:InvoicePeriod|cac:SubInvoiceLine/cac:InvoicePeriod",
		"cbc:StartDate|cbc:EndDate|cbc:DescriptionCode",
		"the invoicing period has neither a first nor a last day (BT-73, BT-74)"),
	HAS("BR-CO-20", "cac:InvoiceLine/cac:InvoicePeriod|cac:CreditNoteLine/cac:InvoicePeriod",
		"cbc:StartDate|cbc:EndDate",
		"the line's period has neither a first nor a last day (BT-134, BT-135)"),
	HAS("BR-CO-21", ALLOWANCE, REASON,
		"the document's allowance has neither a reason (BT-97) nor its code (BT-98)"),
	HAS("BR-CO-22", CHARGE, REASON,
		"the document's charge has neither a reason (BT-104) nor its code (BT-105)"),
	HAS("BR-CO-23", LINE_ALLOWANCE, REASON,
		"the line's allowance has neither a reason (BT-139) nor its code (BT-140)"),
	HAS("BR-CO-24", LINE_CHARGE, REASON,
		"the line's charge has neither a reason (BT-144) nor its code (BT-145)"),
	HAS("BR-CO-26", "cac:AccountingSupplierParty",
		"cac:Party/cac:PartyTaxScheme" VAT "/cbc:CompanyID|"
		"cac:Party/cac:PartyIdentification/cbc:ID|"
		"cac:Party/cac:PartyLegalEntity/cbc:CompanyID",
		"the seller has neither an identifier (BT-29), a registration (BT-30) nor a VAT "
		"identifier (BT-31)"),
	{"UBL-SR-19", TS_UBL_FATAL, "cac:PayeeParty", TS_UBL_OTHER, NULL, 0, payee_once,
		"cac:PartyName/cbc:Name", "a payee has one name, another than the seller's"},
	{"UBL-SR-20", TS_UBL_FATAL, "cac:PayeeParty", TS_UBL_OTHER, NULL, 0, payee_once,
		"cac:PartyIdentification/cbc:ID[@schemeID][!@schemeID^SEPA]",
		"a payee has at most one identifier, and another name than the seller"},
	{"UBL-SR-21", TS_UBL_FATAL, "cac:PayeeParty", TS_UBL_OTHER, NULL, 0, payee_once,
		"cac:PartyLegalEntity/cbc:CompanyID",
		"a payee has at most one registration, and another name than the seller"},
};
const struct ts_ubl_rules ts_ubl_rules_document = {
	rows, sizeof rows / sizeof rows[0], TS_UBL_EN16931};
