/* SPDX-License-Identifier: Apache-2.0 */
/* What UBL could say twice and EN 16931 says once: UBL-SR, UBL-DT-01 .. 07 and the fatal UBL-CR.
 * Not here: the warnings of UBL-CR and UBL-DT about elements that a receiver merely ignores. */
#include "reports/en16931/rule.h"
#include <string.h>

#define SUPPLIER "cac:AccountingSupplierParty/cac:Party/"
#define CUSTOMER "cac:AccountingCustomerParty/cac:Party/"

static bool in_discounted_price(const struct ts_ubl_node *node)
{
	for (node = node->parent; node; node = node->parent) {
		if (strcmp(node->name, "cac:Price") != 0)
			continue;
		for (const struct ts_ubl_node *x = node->child; x; x = x->next) {
			if (strcmp(x->name, "cac:AllowanceCharge") == 0)
				return true;
		}
	}
	return false;
}

static bool has_cents(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const char *point = at->text.len ? memchr(at->text.at, '.', at->text.len) : NULL;
	size_t decimals = point ? at->text.len - (size_t)(point + 1 - at->text.at) : 0;
	if (decimals <= 2 || in_discounted_price(at))
		return true;
	ts_ubl_say(judge, "%s is %.*s", strchr(at->name, ':') + 1,
		(int)(at->text.len > 60 ? 60 : at->text.len), at->text.at);
	return false;
}

/* At most two tax schemes of the seller. */
static bool two_schemes(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return ts_ubl_count(judge->doc, at, "cac:PartyTaxScheme") <= 2;
}

static bool object_scheme(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const struct ts_ubl *doc = judge->doc;
	return ts_ubl_exists(doc, at, ".[cbc:DocumentTypeCode=130]") ||
	       (ts_ubl_credit_note(doc) && ts_ubl_exists(doc, at, ".[cbc:DocumentTypeCode=50]")) ||
	       (!ts_ubl_exists(doc, at, "cbc:ID/@schemeID") &&
		       !ts_ubl_exists(doc, at, "cbc:DocumentTypeCode"));
}

/* argument: the element whose texts must all be the same. */
static bool one_text(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const char *name = judge->rule->argument;
	const struct ts_ubl_node *first = ts_ubl_named(judge->doc, name, strlen(name));
	(void)at;
	for (const struct ts_ubl_node *x = first; x; x = x->same) {
		if (!ts_str_eq(x->text, first->text)) {
			ts_ubl_say(judge, "\"%.*s\" and \"%.*s\"",
				(int)(first->text.len > 60 ? 60 : first->text.len), first->text.at,
				(int)(x->text.len > 60 ? 60 : x->text.len), x->text.at);
			return false;
		}
	}
	return true;
}

static bool one_category(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	size_t n = ts_ubl_count(judge->doc, at, "cac:Item/cac:ClassifiedTaxCategory");
	ts_ubl_say(judge, "there are %zu", n);
	return n == 1;
}

#define ONCE(id, context, path, says)                                                              \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_ONCE, path, 0, NULL, NULL, says                  \
	}
#define OTHER(id, context, condition, argument, says)                                              \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_OTHER, NULL, 0, condition, argument, says        \
	}
#define HAS(id, context, path, says)                                                               \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_HAS, path, 0, NULL, NULL, says                   \
	}
#define HAS_NOT(id, context, path, says)                                                           \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_HAS_NOT, path, 0, NULL, NULL, says               \
	}

/* Of UBL's amounts all that invoices use; PriceAmount is unlimited. */
#define ANY_AMOUNT                                                                                 \
	"cbc:Amount|cbc:BaseAmount|cbc:TaxAmount|cbc:TaxableAmount|cbc:LineExtensionAmount|"       \
	"cbc:TaxExclusiveAmount|cbc:TaxInclusiveAmount|cbc:AllowanceTotalAmount|"                  \
	"cbc:ChargeTotalAmount|cbc:PrepaidAmount|cbc:PayableRoundingAmount|cbc:PayableAmount|"     \
	"cbc:PayableAlternativeAmount|cbc:PerUnitAmount|cbc:RoundingAmount|cbc:PaidAmount|"        \
	"cbc:TransactionCurrencyTaxAmount|cbc:SettlementDiscountAmount|cbc:PenaltyAmount|"         \
	"cbc:CorrectionAmount|cbc:CreditLineAmount|cbc:DebitLineAmount|cbc:TotalAmount|"           \
	"cbc:TotalTaxAmount|cbc:ValueAmount|cbc:DeclaredCustomsValueAmount|"                       \
	"cbc:DeclaredForCarriageValueAmount|cbc:DeclaredStatisticsValueAmount|"                    \
	"cbc:FreeOnBoardValueAmount|cbc:InsuranceValueAmount|cbc:InsurancePremiumAmount|"          \
	"cbc:TotalInvoiceAmount|cbc:TariffClassAmount|cbc:LiabilityAmount|"                        \
	"cbc:CorporateStockAmount|cbc:RequiredFeeAmount"

static const struct ts_ubl_rule rows[] = {
	OTHER("UBL-DT-01", ANY_AMOUNT, has_cents, NULL, "an amount has more than two decimals"),
	HAS("UBL-DT-06", "cbc:EmbeddedDocumentBinaryObject|cbc:BinaryObject", "./@mimeCode",
		"an attachment does not state its type"),
	HAS("UBL-DT-07", "cbc:EmbeddedDocumentBinaryObject|cbc:BinaryObject", "./@filename",
		"an attachment has no file name"),
	ONCE("UBL-SR-01", "/", "cac:ContractDocumentReference/cbc:ID",
		"at most one contract may be named (BT-12)"),
	ONCE("UBL-SR-02", "/", "cac:ReceiptDocumentReference/cbc:ID",
		"at most one receiving advice may be named (BT-15)"),
	ONCE("UBL-SR-03", "/", "cac:DespatchDocumentReference/cbc:ID",
		"at most one despatch advice may be named (BT-16)"),
	ONCE("UBL-SR-04", "/", "cac:AdditionalDocumentReference[cbc:DocumentTypeCode=130]/cbc:ID",
		"at most one invoiced object may be named (BT-18)"),
	ONCE("UBL-SR-05", "/", "cac:PaymentTerms/cbc:Note", "payment terms may stand once (BT-20)"),
	ONCE("UBL-SR-06", "cac:BillingReference", "cac:InvoiceDocumentReference",
		"a reference names one preceding invoice (BT-25)"),
	HAS("UBL-SR-07", "cac:BillingReference", "cac:InvoiceDocumentReference/cbc:ID",
		"the preceding invoice is not named (BT-25)"),
	ONCE("UBL-SR-08", "/", "cac:InvoicePeriod", "there may be one invoicing period (BG-14)"),
	ONCE("UBL-SR-09", "/", SUPPLIER "cac:PartyLegalEntity/cbc:RegistrationName",
		"the seller has one name (BT-27)"),
	ONCE("UBL-SR-10", "/", SUPPLIER "cac:PartyName/cbc:Name",
		"the seller has one trading name (BT-28)"),
	ONCE("UBL-SR-11", "/", SUPPLIER "cac:PartyLegalEntity/cbc:CompanyID",
		"the seller has one registration (BT-30)"),
	ONCE("UBL-SR-12", "/",
		SUPPLIER "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID^VAT]/cbc:CompanyID",
		"the seller has one VAT identifier (BT-31)"),
	ONCE("UBL-SR-13", "/",
		SUPPLIER "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID][!cac:TaxScheme/cbc:ID^VAT]/"
			 "cbc:CompanyID",
		"the seller has one tax registration (BT-32)"),
	ONCE("UBL-SR-14", "/", SUPPLIER "cac:PartyLegalEntity/cbc:CompanyLegalForm",
		"the seller has one legal note (BT-33)"),
	ONCE("UBL-SR-15", "/", CUSTOMER "cac:PartyLegalEntity/cbc:RegistrationName",
		"the buyer has one name (BT-44)"),
	ONCE("UBL-SR-16", "/", CUSTOMER "cac:PartyIdentification/cbc:ID",
		"the buyer has one identifier (BT-46)"),
	ONCE("UBL-SR-17", "/", CUSTOMER "cac:PartyLegalEntity/cbc:CompanyID",
		"the buyer has one registration (BT-47)"),
	ONCE("UBL-SR-18", "/",
		CUSTOMER "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID^VAT]/cbc:CompanyID",
		"the buyer has one VAT identifier (BT-48)"),
	ONCE("UBL-SR-22", "cac:TaxRepresentativeParty", "cac:Party/cac:PartyName/cbc:Name",
		"a tax representative has one name (BT-62)"),
	ONCE("UBL-SR-23", "cac:TaxRepresentativeParty",
		"cac:Party/cac:PartyTaxScheme/cbc:CompanyID",
		"a tax representative has one VAT identifier (BT-63)"),
	ONCE("UBL-SR-24", "/", "cac:Delivery", "there may be one delivery (BG-13)"),
	ONCE("UBL-SR-25", "cac:Delivery", "cac:DeliveryParty/cac:PartyName/cbc:Name",
		"there may be one receiver of the delivery (BT-70)"),
	ONCE("UBL-SR-26", "cac:PaymentMeans", "cbc:PaymentID",
		"a means of payment has one remittance text (BT-83)"),
	ONCE("UBL-SR-27", "cac:PaymentMeans", "cbc:PaymentMeansCode",
		"a means of payment has one code (BT-81)"),
	ONCE("UBL-SR-28", "cac:PaymentMeans", "cac:PaymentMandate/cbc:ID",
		"there may be one mandate (BT-89)"),
	ONCE("UBL-SR-29", "/", "//cac:PartyIdentification/cbc:ID[@schemeID^SEPA]",
		"there may be one creditor identifier (BT-90)"),
	ONCE("UBL-SR-30", "cac:AllowanceCharge[cbc:ChargeIndicator?false]",
		"cbc:AllowanceChargeReason", "an allowance has one reason (BT-97)"),
	ONCE("UBL-SR-31", "cac:AllowanceCharge[cbc:ChargeIndicator?true]",
		"cbc:AllowanceChargeReason", "a charge has one reason (BT-104)"),
	ONCE("UBL-SR-32", "cac:TaxSubtotal", "cac:TaxCategory/cbc:TaxExemptionReason",
		"a row of the VAT breakdown has one exemption reason (BT-120)"),
	ONCE("UBL-SR-33", "cac:AdditionalDocumentReference", "cbc:DocumentDescription",
		"a supporting document has one description (BT-123)"),
	ONCE("UBL-SR-34", TS_UBL_LINES, "cbc:Note", "a line has one note (BT-127)"),
	ONCE("UBL-SR-35", TS_UBL_LINES, "cac:OrderLineReference/cbc:LineID",
		"a line names one line of the order (BT-132)"),
	ONCE("UBL-SR-36", TS_UBL_LINES, "cac:InvoicePeriod", "a line has one period (BG-26)"),
	ONCE("UBL-SR-37", TS_UBL_LINES, "cac:Price/cac:AllowanceCharge/cbc:Amount",
		"a price has one discount (BT-147)"),
	ONCE("UBL-SR-39", "/", "cac:ProjectReference/cbc:ID",
		"at most one project may be named (BT-11)"),
	ONCE("UBL-SR-40", "/", CUSTOMER "cac:PartyName/cbc:Name",
		"the buyer has one trading name (BT-45)"),
	OTHER("UBL-SR-42", "cac:AccountingSupplierParty/cac:Party", two_schemes, NULL,
		"the seller has at most two tax registrations (BT-31, BT-32)"),
	OTHER("UBL-SR-43", "cac:AdditionalDocumentReference", object_scheme, NULL,
		"only an invoiced object has a scheme or a type code (130; 50 in a credit note)"),
	OTHER("UBL-SR-44", "/", one_text, "cbc:PaymentID",
		"a document has one remittance text (BT-83)"),
	ONCE("UBL-SR-45", "/", "cac:PaymentMeans/cbc:PaymentDueDate",
		"a document has one due date (BT-9)"),
	ONCE("UBL-SR-46", "/", "cac:PaymentMeans/cbc:PaymentMeansCode/@name",
		"the means of payment have one text (BT-82)"),
	OTHER("UBL-SR-47", "/", one_text, "cbc:PaymentMeansCode",
		"several means of payment must have the same code (BT-81)"),
	OTHER("UBL-SR-48", TS_UBL_LINES, one_category, NULL,
		"a line has exactly one VAT category (BG-30)"),
	ONCE("UBL-SR-49", "/", "cac:InvoicePeriod/cbc:DescriptionCode",
		"there may be one code of the tax point (BT-8)"),
	ONCE("UBL-SR-50", TS_UBL_LINES, "cac:Item/cbc:Description",
		"an item has one description (BT-154)"),
	ONCE("UBL-SR-51", "cac:PostalAddress|cac:Address", "cac:AddressLine",
		"an address has one third line"),
	ONCE("UBL-SR-52", TS_UBL_LINES, "cac:DocumentReference",
		"a line names one invoiced object (BT-128)"),
	HAS_NOT("UBL-CR-666", "/",
		"//cac:AdditionalDocumentReference[cbc:DocumentTypeCode=130]/cac:Attachment",
		"an invoiced object (BT-18) has no attachment"),
	HAS_NOT("UBL-CR-673", "/",
		"//cac:AdditionalDocumentReference[cbc:DocumentTypeCode=130]/"
		"cbc:DocumentDescription",
		"an invoiced object (BT-18) has no description"),
};
const struct ts_ubl_rules ts_ubl_rules_syntax = {
	rows, sizeof rows / sizeof rows[0], TS_UBL_EN16931};
