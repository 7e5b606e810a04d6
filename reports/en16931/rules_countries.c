/* SPDX-License-Identifier: Apache-2.0 */
/* Peppol's national rules that a document of a German, Dutch, Danish, Norwegian, Italian or Swedish
 * seller can meet. Not here: Greece and Iceland, and rules about cards, mandates and local giros.
 */
#include "reports/en16931/rule.h"
#include "base/identify.h"
#include <string.h>

#define SELLER "cac:AccountingSupplierParty/cac:Party"
#define BUYER "cac:AccountingCustomerParty/cac:Party"
#define COUNTRY "/cac:PostalAddress/cac:Country/cbc:IdentificationCode"
#define SELLER_IN(code) "[/" SELLER COUNTRY "^" code "]"
#define BUYER_IN(code) "[/" BUYER COUNTRY "^" code "]"
#define DOCUMENT(where) "ubl:Invoice" where "|cn:CreditNote" where
#define GERMAN SELLER_IN("DE") BUYER_IN("DE")
#define VAT "[cac:TaxScheme/cbc:ID~VAT]"

static bool types_of_germany(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	static const char *const types[] = {"326", "380", "384", "389", "381", "875", "876", "877"};
	struct ts_str type = ts_ubl_text(
		judge->doc, at, "cbc:InvoiceTypeCode|cbc:CreditNoteTypeCode");
	ts_ubl_say(judge, "it is %.*s", (int)(type.len > 20 ? 20 : type.len), type.at);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (ts_str_is(type, types[i]))
			return true;
	}
	return false;
}

static bool seller_taxed(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return !ts_ubl_exists(judge->doc, at,
		       "cac:AllowanceCharge/cac:TaxCategory[!cbc:ID~O][!cbc:ID~B]|"
		       "cac:InvoiceLine/cac:Item/cac:ClassifiedTaxCategory[!cbc:ID~O][!cbc:ID~B]|"
		       "cac:CreditNoteLine/cac:Item/"
		       "cac:ClassifiedTaxCategory[!cbc:ID~O][!cbc:ID~B]") ||
	       ts_ubl_exists(judge->doc, at,
		       "cac:TaxRepresentativeParty|" SELLER
		       "/cac:PartyTaxScheme/cbc:CompanyID[!.~]");
}

static bool german_iban(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	char compact[64];
	size_t n = 0;
	struct ts_str id = ts_ubl_text(judge->doc, at, "cac:PayeeFinancialAccount/cbc:ID");
	for (size_t i = 0; i < id.len && n < sizeof compact; i++) {
		char c = id.at[i];
		if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			compact[n++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	ts_ubl_say(judge, "\"%.*s\"", (int)(id.len > 60 ? 60 : id.len), id.at);
	return ts_iban_digits((struct ts_str){compact, n});
}

static bool phone(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str text = ts_ubl_text(judge->doc, at, "cbc:Telephone");
	size_t digits = 0;
	for (size_t i = 0; i < text.len; i++)
		digits += text.at[i] >= '0' && text.at[i] <= '9';
	return digits >= 3;
}

static bool mail(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str text = ts_ubl_text(judge->doc, at, "cbc:ElectronicMail");
	const char *sign = text.len ? memchr(text.at, '@', text.len) : NULL;
	if (!sign || sign == text.at)
		return false;
	struct ts_str host = {sign + 1, text.len - (size_t)(sign + 1 - text.at)};
	size_t dots = 0;
	for (size_t i = 0; i < host.len; i++) {
		if (strchr("@ \t\r\n", host.at[i]))
			return false;
		bool dot = host.at[i] == '.';
		if (dot && (i == 0 || i + 1 == host.len || host.at[i - 1] == '.'))
			return false;
		dots += dot;
	}
	return dots > 0 && !memchr(text.at, ' ', (size_t)(sign - text.at));
}

/* The country of the seller by its VAT identifier, else of its representative, else by address. */
static bool seller_is(struct ts_ubl_judge *judge, const char *code)
{
	static const char *const paths[] = {
		"/" SELLER "/cac:PartyTaxScheme[cac:TaxScheme/cbc:ID=VAT]/cbc:CompanyID",
		"/cac:TaxRepresentativeParty/cac:PartyTaxScheme[cac:TaxScheme/cbc:ID=VAT]/"
		"cbc:CompanyID",
		"/" SELLER COUNTRY};
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct ts_str text = ts_ubl_text(judge->doc, ts_ubl_root(judge->doc), paths[i]);
		if (text.len >= 2)
			return (text.at[0] & ~0x20) == code[0] && (text.at[1] & ~0x20) == code[1];
	}
	return false;
}

static bool norwegian_vat(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str id = ts_ubl_text(judge->doc, at, "cac:PartyTaxScheme" VAT "/cbc:CompanyID");
	if (!seller_is(judge, "NO") || id.len < 2 || memcmp(id.at, "NO", 2) != 0)
		return true;
	ts_ubl_say(judge, "\"%.*s\"", (int)(id.len > 40 ? 40 : id.len), id.at);
	return id.len == 14 && memcmp(id.at + 11, "MVA", 3) == 0 &&
	       ts_scheme_fits(TS_STR("0192"), (struct ts_str){id.at + 2, 9});
}

static bool norwegian_register(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return !seller_is(judge, "NO") ||
	       ts_str_is(ts_ubl_text(judge->doc, at,
				 "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID~TAX]/cbc:CompanyID"),
		       "Foretaksregisteret");
}

static bool italian_address(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return !seller_is(judge, "IT") || ts_ubl_exists(judge->doc, at, judge->rule->argument);
}

static bool dutch_scheme(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const char *scheme = ts_ubl_attribute(at, "schemeID");
	(void)judge;
	return scheme && (strcmp(scheme, "0106") == 0 || strcmp(scheme, "0190") == 0) &&
	       ts_ubl_trim(at->text).len > 0;
}

static bool dutch_address(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return ts_ubl_exists(judge->doc, at, "cbc:StreetName") &&
	       ts_ubl_exists(judge->doc, at, "cbc:CityName") &&
	       ts_ubl_exists(judge->doc, at, "cbc:PostalZone");
}

static bool dutch_means(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec due;
	if (!ts_ubl_number(judge, at, "cbc:PayableAmount", &due))
		return false;
	int sign = ts_dec_cmp(due, ts_dec_integer(0));
	return (ts_ubl_credit_note(judge->doc) ? sign >= 0 : sign <= 0) ||
	       ts_ubl_exists(judge->doc, at, "//cac:PaymentMeans");
}

static bool dutch_code(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	static const char *const codes[] = {"30", "48", "49", "57", "58", "59"};
	struct ts_str code = ts_ubl_text(judge->doc, at, "cbc:PaymentMeansCode");
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (ts_str_is(code, codes[i]))
			return true;
	}
	return false;
}

static bool danish_credit(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec due;
	return !ts_ubl_number(judge, at, "cac:LegalMonetaryTotal/cbc:PayableAmount", &due) ||
	       ts_dec_cmp(due, ts_dec_integer(0)) >= 0;
}

static bool swedish_vat(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str id = ts_ubl_text(judge->doc, at, "cac:PartyTaxScheme" VAT "/cbc:CompanyID");
	if (id.len < 2 || memcmp(id.at, "SE", 2) != 0)
		return true;
	ts_ubl_say(judge, "\"%.*s\"", (int)(id.len > 40 ? 40 : id.len), id.at);
	if (judge->rule->argument)
		return ts_vat_id(id) || id.len != 14;
	return id.len == 14;
}

static bool swedish_number(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return ts_scheme_fits(TS_STR("0007"), ts_ubl_text(judge->doc, at, "cbc:CompanyID"));
}

static bool swedish_rate(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	static const int32_t rates[] = {25, 12, 6};
	struct ts_dec rate;
	if (!ts_ubl_exists(judge->doc, at,
		    "/" SELLER "/cac:PartyTaxScheme[cac:TaxScheme/cbc:ID=VAT]/cbc:CompanyID"))
		return true;
	if (!ts_ubl_number(judge, at, "cbc:Percent", &rate))
		return false;
	for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		if (ts_dec_cmp(rate, ts_dec_integer(rates[i])) == 0)
			return true;
	}
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
#define HAS_NOT(id, context, path, says)                                                           \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_HAS_NOT, path, 0, NULL, NULL, says               \
	}
#define OTHER(id, severity, context, condition, argument, says)                                    \
	{                                                                                          \
		id, severity, context, TS_UBL_OTHER, NULL, 0, condition, argument, says            \
	}
#define F TS_UBL_FATAL
#define W TS_UBL_WARNING

static const struct ts_ubl_rule rows[] = {
	HAS("DE-R-001", DOCUMENT(GERMAN), "cac:PaymentMeans",
		"between German companies the means of payment are needed"),
	FILLED("DE-R-015", DOCUMENT(GERMAN), "cbc:BuyerReference",
		"between German companies a buyer reference (BT-10) is needed"),
	OTHER("DE-R-016", F, DOCUMENT(GERMAN), seller_taxed, NULL,
		"between German companies the seller's VAT or tax number is needed"),
	OTHER("DE-R-017", W, DOCUMENT(GERMAN), types_of_germany, NULL,
		"between German companies this document type is unusual"),
	HAS("DE-R-002", "/cac:AccountingSupplierParty" GERMAN, "cac:Party/cac:Contact",
		"between German companies the seller's contact is needed"),
	FILLED("DE-R-003", "/" SELLER "/cac:PostalAddress" GERMAN, "cbc:CityName",
		"between German companies the seller's city (BT-37) is needed"),
	FILLED("DE-R-004", "/" SELLER "/cac:PostalAddress" GERMAN, "cbc:PostalZone",
		"between German companies the seller's post code (BT-38) is needed"),
	FILLED("DE-R-005", "/" SELLER "/cac:Contact" GERMAN, "cbc:Name",
		"between German companies the seller's contact has a name (BT-41)"),
	FILLED("DE-R-006", "/" SELLER "/cac:Contact" GERMAN, "cbc:Telephone",
		"between German companies the seller's contact has a telephone (BT-42)"),
	FILLED("DE-R-007", "/" SELLER "/cac:Contact" GERMAN, "cbc:ElectronicMail",
		"between German companies the seller's contact has an e-mail address (BT-43)"),
	OTHER("DE-R-027", W, "/" SELLER "/cac:Contact" GERMAN, phone, NULL,
		"the seller's telephone (BT-42) has at least three digits"),
	OTHER("DE-R-028", W, "/" SELLER "/cac:Contact" GERMAN, mail, NULL,
		"the seller's e-mail address (BT-43) is malformed"),
	FILLED("DE-R-008", "/" BUYER "/cac:PostalAddress" GERMAN, "cbc:CityName",
		"between German companies the buyer's city (BT-52) is needed"),
	FILLED("DE-R-009", "/" BUYER "/cac:PostalAddress" GERMAN, "cbc:PostalZone",
		"between German companies the buyer's post code (BT-53) is needed"),
	FILLED("DE-R-014", "/cac:TaxTotal/cac:TaxSubtotal" GERMAN, "cac:TaxCategory/cbc:Percent",
		"between German companies every row of the VAT breakdown has a rate (BT-119)"),
	OTHER("DE-R-019", W, "/cac:PaymentMeans[cbc:PaymentMeansCode~58]" GERMAN, german_iban, NULL,
		"a SEPA transfer goes to a valid IBAN (BT-84)"),
	HAS("DE-R-023-1",
		"/cac:PaymentMeans[cbc:PaymentMeansCode~30]" GERMAN
		"|/cac:PaymentMeans[cbc:PaymentMeansCode~58]" GERMAN,
		"cac:PayeeFinancialAccount", "a credit transfer names the account (BG-17)"),
	HAS_NOT("DE-R-023-2",
		"/cac:PaymentMeans[cbc:PaymentMeansCode~30]" GERMAN
		"|/cac:PaymentMeans[cbc:PaymentMeansCode~58]" GERMAN,
		"cac:CardAccount|cac:PaymentMandate",
		"a credit transfer names neither a card nor a mandate"),
	HAS("NL-R-001", "cbc:CreditNoteTypeCode" SELLER_IN("NL"),
		"/cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID",
		"a Dutch credit note names the invoice (BT-25)"),
	OTHER("NL-R-002", F, SELLER "/cac:PostalAddress" SELLER_IN("NL"), dutch_address, NULL,
		"a Dutch seller's address has street, city and post code"),
	OTHER("NL-R-003", F, SELLER "/cac:PartyLegalEntity/cbc:CompanyID" SELLER_IN("NL"),
		dutch_scheme, NULL,
		"a Dutch seller's registration is a KVK number (0106) or an OIN (0190)"),
	OTHER("NL-R-004", F, BUYER "/cac:PostalAddress" SELLER_IN("NL") BUYER_IN("NL"),
		dutch_address, NULL, "a Dutch buyer's address has street, city and post code"),
	OTHER("NL-R-005", F,
		BUYER "/cac:PartyLegalEntity/cbc:CompanyID" SELLER_IN("NL") BUYER_IN("NL"),
		dutch_scheme, NULL,
		"a Dutch buyer's registration is a KVK number (0106) or an OIN (0190)"),
	OTHER("NL-R-007", F, "cac:LegalMonetaryTotal" SELLER_IN("NL"), dutch_means, NULL,
		"a Dutch seller names the means of payment"),
	OTHER("NL-R-008", F, "cac:PaymentMeans" SELLER_IN("NL") BUYER_IN("NL"), dutch_code, NULL,
		"between Dutch companies the means of payment (BT-81) is 30, 48, 49, 57, 58 or 59"),
	HAS("NL-R-009", "cac:OrderLineReference/cbc:LineID" SELLER_IN("NL"),
		"/cac:OrderReference/cbc:ID", "a line of an order needs the order (BT-13)"),
	FILLED("DK-R-002", DOCUMENT(SELLER_IN("DK")), SELLER "/cac:PartyLegalEntity/cbc:CompanyID",
		"a Danish seller's CVR number (BT-30) is needed"),
	HAS_NOT("DK-R-014", DOCUMENT(SELLER_IN("DK")),
		SELLER "/cac:PartyLegalEntity/cbc:CompanyID[!@schemeID~0184]",
		"a Danish seller's registration has scheme 0184"),
	OTHER("DK-R-016", F, "cn:CreditNote" SELLER_IN("DK") BUYER_IN("DK"), danish_credit, NULL,
		"a Danish credit note is not below 0"),
	OTHER("NO-R-001", F, SELLER, norwegian_vat, NULL,
		"a Norwegian VAT number is NO, the organisation number and MVA"),
	OTHER("NO-R-002", W, SELLER, norwegian_register, NULL,
		"most Norwegian sellers state \"Foretaksregisteret\""),
	OTHER("IT-R-002", F, SELLER, italian_address, "cac:PostalAddress/cbc:StreetName",
		"an Italian seller's street (BT-35) is needed"),
	OTHER("IT-R-003", F, SELLER, italian_address, "cac:PostalAddress/cbc:CityName",
		"an Italian seller's city (BT-37) is needed"),
	OTHER("IT-R-004", F, SELLER, italian_address, "cac:PostalAddress/cbc:PostalZone",
		"an Italian seller's post code (BT-38) is needed"),
	OTHER("SE-R-001", F, SELLER SELLER_IN("SE"), swedish_vat, NULL,
		"a Swedish VAT number has 14 characters"),
	OTHER("SE-R-002", F, SELLER SELLER_IN("SE"), swedish_vat, "digits",
		"a Swedish VAT number is SE and 12 digits"),
	OTHER("SE-R-013", W, SELLER "/cac:PartyLegalEntity[cbc:CompanyID]" SELLER_IN("SE"),
		swedish_number, NULL,
		"a Swedish organisation number has ten digits, the last one a check"),
	OTHER("SE-R-006", F,
		"cac:TaxCategory[cbc:ID=S]" SELLER_IN(
			"SE") "|cac:ClassifiedTaxCategory[cbc:ID=S]" SELLER_IN("SE"),
		swedish_rate, NULL, "a Swedish VAT rate is 25, 12 or 6"),
};
const struct ts_ubl_rules ts_ubl_rules_countries = {
	rows, sizeof rows / sizeof rows[0], TS_UBL_PEPPOL};
