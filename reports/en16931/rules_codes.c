/* SPDX-License-Identifier: Apache-2.0 */
/* Code lists: BR-CL. The lists themselves: base/codes.def. */
#include "reports/en16931/rule.h"
#include <string.h>

#define AMOUNTS                                                                                    \
	"cbc:Amount|cbc:BaseAmount|cbc:PriceAmount|cbc:TaxAmount|cbc:TaxableAmount|"               \
	"cbc:LineExtensionAmount|cbc:TaxExclusiveAmount|cbc:TaxInclusiveAmount|"                   \
	"cbc:AllowanceTotalAmount|cbc:ChargeTotalAmount|cbc:PrepaidAmount|"                        \
	"cbc:PayableRoundingAmount|cbc:PayableAmount"

static bool attribute_listed(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const char *scheme = ts_ubl_attribute(at, "schemeID");
	char normal[64];
	struct ts_str code = ts_ubl_normal(ts_str(scheme ? scheme : ""), normal, sizeof normal);
	if (ts_codes_have(judge->rule->codes, code))
		return true;
	/* A creditor's reference for direct debits may be the seller's or the payee's. */
	for (const struct ts_ubl_node *x = at; x && ts_str_is(code, "SEPA"); x = x->parent) {
		if (strcmp(x->name, "cac:AccountingSupplierParty") == 0 ||
			strcmp(x->name, "cac:PayeeParty") == 0)
			return true;
	}
	ts_ubl_say(judge, "\"%.*s\" is none of the %s", (int)code.len, code.at,
		ts_codes_title(judge->rule->codes));
	return false;
}

/* "#AAI#text": a subject between the first two marks, when it has three letters. */
static bool note_subject(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const char *first = at->text.len ? memchr(at->text.at, '#', at->text.len) : NULL;
	if (!first)
		return true;
	size_t rest = at->text.len - (size_t)(first + 1 - at->text.at);
	const char *second = rest ? memchr(first + 1, '#', rest) : NULL;
	if (!second || second - first - 1 != 3)
		return true;
	struct ts_str code = {first + 1, 3};
	ts_ubl_say(judge, "\"%.3s\" is none of the %s", code.at,
		ts_codes_title(TS_CODES_NOTE_SUBJECT));
	return ts_codes_have(TS_CODES_NOTE_SUBJECT, code);
}

static bool exemption_code(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	char normal[64];
	struct ts_str code = ts_ubl_normal(at->text, normal, sizeof normal);
	for (size_t i = 0; i < code.len; i++) {
		if (normal[i] >= 'a' && normal[i] <= 'z')
			normal[i] = (char)(normal[i] - 'a' + 'A');
	}
	ts_ubl_say(judge, "\"%.*s\" is none of the %s", (int)code.len, code.at,
		ts_codes_title(TS_CODES_VATEX));
	return ts_codes_have(TS_CODES_VATEX, code);
}

#define CODE(id, context, path, list, says)                                                        \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_LISTED, path, TS_CODES_##list, NULL, NULL, says  \
	}
#define SCHEME(id, context, list, says)                                                            \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_OTHER, NULL, TS_CODES_##list, attribute_listed,  \
			NULL, says                                                                 \
	}

static const struct ts_ubl_rule rows[] = {
	CODE("BR-CL-01", "cbc:InvoiceTypeCode", ".", INVOICE_TYPE,
		"the type of the invoice (BT-3)"),
	CODE("BR-CL-01", "cbc:CreditNoteTypeCode", ".", CREDIT_TYPE,
		"the type of the credit note (BT-3)"),
	CODE("BR-CL-03", AMOUNTS, "./@currencyID", CURRENCY, "the currency of an amount"),
	CODE("BR-CL-04", "cbc:DocumentCurrencyCode", ".", CURRENCY,
		"the document's currency (BT-5)"),
	CODE("BR-CL-05", "cbc:TaxCurrencyCode", ".", CURRENCY, "the accounting currency (BT-6)"),
	CODE("BR-CL-06", "cac:InvoicePeriod/cbc:DescriptionCode", ".", TAX_POINT,
		"the code of the tax point (BT-8)"),
	CODE("BR-CL-07",
		"cac:AdditionalDocumentReference[cbc:DocumentTypeCode=130]/cbc:ID[@schemeID]|"
		"cac:DocumentReference[cbc:DocumentTypeCode=130]/cbc:ID[@schemeID]",
		"./@schemeID", OBJECT_SCHEME, "the scheme of the invoiced object (BT-18, BT-128)"),
	{"BR-CL-08", TS_UBL_FATAL, "/cbc:Note", TS_UBL_OTHER, NULL, 0, note_subject, NULL,
		"the subject of the note (BT-21)"},
	SCHEME("BR-CL-10", "cac:PartyIdentification/cbc:ID[@schemeID]", ICD,
		"the scheme of a party's identifier (BT-29, BT-46, BT-60)"),
	CODE("BR-CL-11", "cac:PartyLegalEntity/cbc:CompanyID[@schemeID]", "./@schemeID", ICD,
		"the scheme of a party's registration (BT-30, BT-47, BT-61)"),
	CODE("BR-CL-13", "cac:CommodityClassification/cbc:ItemClassificationCode[@listID]",
		"./@listID", ITEM_CLASS, "the scheme of the item's classification (BT-158)"),
	CODE("BR-CL-14", "cac:Country/cbc:IdentificationCode", ".", COUNTRY,
		"the country of an address"),
	CODE("BR-CL-15", "cac:OriginCountry/cbc:IdentificationCode", ".", COUNTRY,
		"the item's country of origin (BT-159)"),
	CODE("BR-CL-16", "cac:PaymentMeans/cbc:PaymentMeansCode", ".", PAYMENT_MEANS,
		"the means of payment (BT-81)"),
	CODE("BR-CL-17", "cac:TaxCategory/cbc:ID", ".", VAT_CATEGORY,
		"the VAT category (BT-95, BT-102, BT-118)"),
	CODE("BR-CL-18", "cac:ClassifiedTaxCategory/cbc:ID", ".", VAT_CATEGORY,
		"the line's VAT category (BT-151)"),
	CODE("BR-CL-19",
		"cac:AllowanceCharge[cbc:ChargeIndicator?false]/cbc:AllowanceChargeReasonCode", ".",
		ALLOWANCE, "the reason of an allowance (BT-98, BT-140)"),
	CODE("BR-CL-20",
		"cac:AllowanceCharge[cbc:ChargeIndicator?true]/cbc:AllowanceChargeReasonCode", ".",
		CHARGE, "the reason of a charge (BT-105, BT-145)"),
	CODE("BR-CL-21", "cac:StandardItemIdentification/cbc:ID[@schemeID]", "./@schemeID", ICD,
		"the scheme of the item's standard identifier (BT-157)"),
	{"BR-CL-22", TS_UBL_FATAL, "cbc:TaxExemptionReasonCode", TS_UBL_OTHER, NULL, 0,
		exemption_code, NULL, "the code of the exemption reason (BT-121)"},
	CODE("BR-CL-23",
		"cbc:InvoicedQuantity[@unitCode]|cbc:BaseQuantity[@unitCode]|"
		"cbc:CreditedQuantity[@unitCode]",
		"./@unitCode", UNIT, "the unit (BT-130, BT-150)"),
	CODE("BR-CL-24", "cbc:EmbeddedDocumentBinaryObject[@mimeCode]", "./@mimeCode", MIME,
		"the type of an attachment (BT-125)"),
	CODE("BR-CL-25", "cbc:EndpointID[@schemeID]", "./@schemeID", EAS,
		"the scheme of an electronic address (BT-34, BT-49)"),
	CODE("BR-CL-26", "cac:DeliveryLocation/cbc:ID[@schemeID]", "./@schemeID", ICD,
		"the scheme of the delivery location (BT-71)"),
};
const struct ts_ubl_rules ts_ubl_rules_codes = {rows, sizeof rows / sizeof rows[0], TS_UBL_EN16931};
