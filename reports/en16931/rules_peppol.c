/* SPDX-License-Identifier: Apache-2.0 */
/* Peppol BIS Billing 3.0.21: what it asks beyond EN 16931. */
#include "reports/en16931/rule.h"
#include <stdio.h>
#include <string.h>

#define AMOUNTS                                                                                    \
	"cbc:Amount|cbc:BaseAmount|cbc:PriceAmount|cbc:TaxableAmount|cbc:LineExtensionAmount|"     \
	"cbc:TaxExclusiveAmount|cbc:TaxInclusiveAmount|cbc:AllowanceTotalAmount|"                  \
	"cbc:ChargeTotalAmount|cbc:PrepaidAmount|cbc:PayableRoundingAmount|cbc:PayableAmount"
#define SPECIFICATION "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
/* One of four, by who carries it; `inner` narrows it. */
#define ALLOWANCES(inner)                                                                          \
	"/cac:AllowanceCharge" inner "|/cac:InvoiceLine/cac:AllowanceCharge" inner                 \
	"|/cac:CreditNoteLine/cac:AllowanceCharge" inner

static const char *const profiles[] = {"urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
	"urn:peppol:france:billing:regulated", "urn:peppol:france:billing:non-regulated",
	"urn:peppol:bis:billing_with_response"};

static bool profile_known(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str id = ts_ubl_text(judge->doc, at, "/cbc:ProfileID");
	for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
		if (ts_str_is(id, profiles[i]))
			return true;
	}
	ts_ubl_say(judge, "\"%.*s\"", (int)(id.len > 80 ? 80 : id.len), id.at);
	return false;
}

static bool specification(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str id = ts_ubl_text(judge->doc, at, "cbc:CustomizationID");
	size_t len = sizeof SPECIFICATION - 1;
	ts_ubl_say(judge, "it is \"%.*s\"", (int)(id.len > 120 ? 120 : id.len), id.at);
	return id.len >= len && memcmp(id.at, SPECIFICATION, len) == 0 &&
	       !memmem(id.at, id.len, "::", 2);
}

static bool german(struct ts_ubl_judge *judge, const char *party)
{
	char path[160];
	snprintf(path, sizeof path,
		"/%s/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode", party);
	struct ts_str country = ts_ubl_text(judge->doc, ts_ubl_root(judge->doc), path);
	return country.len == 2 && (country.at[0] | 0x20) == 'd' && (country.at[1] | 0x20) == 'e';
}

static bool both_german(struct ts_ubl_judge *judge)
{
	return german(judge, "cac:AccountingSupplierParty") &&
	       german(judge, "cac:AccountingCustomerParty");
}

static bool one_note(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return ts_ubl_count(judge->doc, at, "cbc:Note") <= 1 || both_german(judge);
}

static bool one_breakdown(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	size_t n = ts_ubl_count(judge->doc, at, "cac:TaxTotal[cac:TaxSubtotal]");
	ts_ubl_say(judge, "there are %zu", n);
	return n == 1;
}

static bool one_total_beside(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	size_t n = ts_ubl_count(judge->doc, at, "cac:TaxTotal[!cac:TaxSubtotal]");
	ts_ubl_say(judge, "there are %zu", n);
	return n == (ts_ubl_exists(judge->doc, at, "cbc:TaxCurrencyCode") ? 1u : 0u);
}

/* Signs of the tax totals in one currency. */
struct signs {
	struct ts_str currency;
	bool up, down; /* one is >= 0, one is <= 0 */
};

static bool add_sign(void *arg, const struct ts_ubl_value *value)
{
	struct signs *signs = arg;
	const char *currency = ts_ubl_attribute(value->node, "currencyID");
	struct ts_dec tax;
	if (!currency || !ts_str_is(signs->currency, currency) || !ts_dec_parse(value->text, &tax))
		return true;
	int sign = ts_dec_cmp(tax, ts_dec_integer(0));
	signs->up = signs->up || sign >= 0;
	signs->down = signs->down || sign <= 0;
	return true;
}

static bool same_sign(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct signs tax = {ts_ubl_text(judge->doc, at, "cbc:TaxCurrencyCode"), false, false};
	struct signs own = {ts_ubl_text(judge->doc, at, "cbc:DocumentCurrencyCode"), false, false};
	if (!ts_ubl_exists(judge->doc, at, "cbc:TaxCurrencyCode"))
		return true;
	ts_ubl_each(judge->doc, at, "cac:TaxTotal/cbc:TaxAmount", add_sign, &tax);
	ts_ubl_each(judge->doc, at, "cac:TaxTotal/cbc:TaxAmount", add_sign, &own);
	return (tax.up && own.up) || (tax.down && own.down);
}

static bool other_currency(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return !ts_str_eq(
		ts_ubl_trim(at->text), ts_ubl_text(judge->doc, at, "../cbc:DocumentCurrencyCode"));
}

static bool document_currency(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const char *currency = ts_ubl_attribute(at, "currencyID");
	struct ts_ubl_value own = {.text = {"", 0}};
	bool known = ts_ubl_first(judge->doc, at, "/cbc:DocumentCurrencyCode", &own);
	ts_ubl_say(judge, "%s, not %.*s", currency ? currency : "none",
		(int)(own.text.len > 20 ? 20 : own.text.len), own.text.at);
	return known && currency && ts_str_is(own.text, currency);
}

static bool within(struct ts_dec a, struct ts_dec b)
{
	struct ts_dec slack = ts_dec_integer(2);
	slack.scale = 2;
	return ts_dec_cmp(ts_dec_abs(ts_dec_sub(a, b)), slack) <= 0;
}

static bool percent_of_base(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec amount = ts_dec_integer(0), base, percent;
	if (!ts_ubl_exists(judge->doc, at, "cbc:MultiplierFactorNumeric") ||
		!ts_ubl_exists(judge->doc, at, "cbc:BaseAmount"))
		return true;
	if (!ts_ubl_number(judge, at, "cbc:BaseAmount", &base) ||
		!ts_ubl_number(judge, at, "cbc:MultiplierFactorNumeric", &percent) ||
		(ts_ubl_exists(judge->doc, at, "cbc:Amount") &&
			!ts_ubl_number(judge, at, "cbc:Amount", &amount)))
		return false;
	struct ts_dec due = ts_dec_mul(base, percent);
	due.scale += 2;
	return within(amount, due) ||
	       ts_ubl_equal(judge, "the amount", amount, "the percentage of the base", due);
}

static bool indicator(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str text = ts_ubl_text(judge->doc, at, "cbc:ChargeIndicator");
	return ts_str_is(text, "false") || (ts_str_is(text, "true") && !judge->rule->argument);
}

/* The first number of the path, or the default when there is none; false when it is none. */
static bool number_or(struct ts_ubl_judge *judge, const struct ts_ubl_node *at, const char *path,
	int32_t otherwise, struct ts_dec *out)
{
	*out = ts_dec_integer(otherwise);
	return !ts_ubl_exists(judge->doc, at, path) || ts_ubl_number(judge, at, path, out);
}

/* |net - (quantity x price / base + charges - allowances)| <= 0.02, multiplied by the base. */
static bool line_net(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec net, quantity, price, base, charges, allowances, zero = ts_dec_integer(0);
	if (!number_or(judge, at, "cbc:LineExtensionAmount", 0, &net) ||
		!number_or(judge, at,
			ts_ubl_credit_note(judge->doc) ? "cbc:CreditedQuantity"
						       : "cbc:InvoicedQuantity",
			1, &quantity) ||
		!number_or(judge, at, "cac:Price/cbc:PriceAmount", 0, &price) ||
		!number_or(judge, at, "cac:Price/cbc:BaseQuantity", 1, &base) ||
		!ts_ubl_sum(judge, at, "cac:AllowanceCharge[cbc:ChargeIndicator~true]/cbc:Amount",
			&charges) ||
		!ts_ubl_sum(judge, at, "cac:AllowanceCharge[cbc:ChargeIndicator~false]/cbc:Amount",
			&allowances))
		return false;
	if (ts_dec_cmp(base, zero) == 0)
		base = ts_dec_integer(1);
	struct ts_dec rest = ts_dec_sub(
		net, ts_dec_sub(ts_dec_round(charges, 2), ts_dec_round(allowances, 2)));
	struct ts_dec off = ts_dec_abs(
		ts_dec_sub(ts_dec_mul(rest, base), ts_dec_mul(quantity, price)));
	struct ts_dec slack = ts_dec_mul(ts_dec_integer(2), ts_dec_abs(base));
	slack.scale += 2;
	if (ts_dec_cmp(off, slack) <= 0)
		return true;
	char a[TS_DEC_CHARS], b[TS_DEC_CHARS], c[TS_DEC_CHARS], d[TS_DEC_CHARS];
	ts_ubl_say(judge,
		"it is %.40s, but quantity %.40s x price %.40s per %.40s with the line's charges "
		"and allowances is more than 0.02 away",
		ts_dec_format(net, a), ts_dec_format(quantity, b), ts_dec_format(price, c),
		ts_dec_format(base, d));
	return false;
}

static bool base_above_zero(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec base;
	return !ts_ubl_exists(judge->doc, at, "cac:Price/cbc:BaseQuantity") ||
	       (ts_ubl_number(judge, at, "cac:Price/cbc:BaseQuantity", &base) &&
		       ts_dec_cmp(base, ts_dec_integer(0)) > 0);
}

static bool object_only(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return !ts_ubl_exists(judge->doc, at, "cac:DocumentReference") ||
	       ts_ubl_exists(judge->doc, at, "cac:DocumentReference[cbc:DocumentTypeCode=130]");
}

static bool net_price(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec net, gross, discount;
	if (!ts_ubl_exists(judge->doc, at, "cbc:BaseAmount"))
		return true;
	return ts_ubl_number(judge, at, "../cbc:PriceAmount", &net) &&
	       ts_ubl_number(judge, at, "cbc:BaseAmount", &gross) &&
	       ts_ubl_number(judge, at, "cbc:Amount", &discount) &&
	       ts_ubl_equal(judge, "the net price", net, "the gross price less the discount",
		       ts_dec_sub(gross, discount));
}

static bool same_unit(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_ubl_value unit;
	const char *own = ts_ubl_attribute(at, "unitCode");
	if (!ts_ubl_exists(judge->doc, at, "../../cbc:InvoicedQuantity|../../cbc:CreditedQuantity"))
		return true;
	return ts_ubl_first(judge->doc, at,
		       ts_ubl_credit_note(judge->doc) ? "../../cbc:CreditedQuantity/@unitCode"
						      : "../../cbc:InvoicedQuantity/@unitCode",
		       &unit) &&
	       own && ts_str_is(unit.text, own);
}

/* Dates compare as text; the document's period has an edge, or there is nothing to compare. */
static bool line_begins(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str edge = ts_ubl_text(judge->doc, at, "/cac:InvoicePeriod/cbc:StartDate");
	struct ts_str own = ts_ubl_trim(at->text);
	ts_ubl_say(judge, "%.*s, but the document's period begins on %.*s",
		(int)(own.len > 20 ? 20 : own.len), own.at, (int)(edge.len > 20 ? 20 : edge.len),
		edge.at);
	return edge.len == 0 || ts_str_cmp(own, edge) >= 0;
}

static bool line_ends(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str edge = ts_ubl_text(judge->doc, at, "/cac:InvoicePeriod/cbc:EndDate");
	struct ts_str own = ts_ubl_trim(at->text);
	ts_ubl_say(judge, "%.*s, but the document's period ends on %.*s",
		(int)(own.len > 20 ? 20 : own.len), own.at, (int)(edge.len > 20 ? 20 : edge.len),
		edge.at);
	return edge.len == 0 || ts_str_cmp(own, edge) <= 0;
}

static bool type_of_profile(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str type = ts_ubl_trim(at->text);
	if (!profile_known(judge, at))
		return true; /* R007 says so */
	ts_ubl_say(judge, "\"%.*s\"", (int)(type.len > 20 ? 20 : type.len), type.at);
	return ts_codes_have(judge->rule->codes, type);
}

static bool german_types(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str type = ts_ubl_trim(at->text);
	return (!ts_str_is(type, "326") && !ts_str_is(type, "384")) || both_german(judge);
}

static bool is_date(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	ts_ubl_say(judge, "\"%.*s\"", (int)(at->text.len > 40 ? 40 : at->text.len), at->text.at);
	return ts_ubl_is_date(at->text);
}

/* argument: the category that the exemption code goes with. */
static bool category_of_code(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_str category = ts_ubl_text(judge->doc, at, "cbc:ID");
	ts_ubl_say(judge, "it stands with category %.*s",
		(int)(category.len > 20 ? 20 : category.len), category.at);
	return ts_str_is(category, judge->rule->argument);
}

/* The whole text of every element without children. */
static bool any_text(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const struct ts_ubl_node *x = at;
	while (x) {
		if (!x->child && ts_ubl_trim(x->text).len == 0) {
			ts_ubl_say(judge, "%s in line %d", x->name, x->line);
			return false;
		}
		if (x->child) {
			x = x->child;
			continue;
		}
		while (x && !x->next)
			x = x->parent;
		x = x ? x->next : NULL;
	}
	return true;
}

#define HAS(id, context, path, says)                                                               \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_HAS, path, 0, NULL, NULL, says                   \
	}
#define HAS_NOT(id, context, path, says)                                                           \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_HAS_NOT, path, 0, NULL, NULL, says               \
	}
#define ONCE(id, context, path, says)                                                              \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_ONCE, path, 0, NULL, NULL, says                  \
	}
#define OTHER(id, context, condition, argument, says)                                              \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_OTHER, NULL, 0, condition, argument, says        \
	}
#define CODE(id, context, path, list, says)                                                        \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_LISTED, path, TS_CODES_##list, NULL, NULL, says  \
	}
#define VATEX(id, code, category)                                                                  \
	OTHER(id, "cac:TaxCategory[cbc:TaxExemptionReasonCode^" code "]", category_of_code,        \
		category, "the exemption code " code " goes with category " category)

static const struct ts_ubl_rule rows[] = {
	OTHER("PEPPOL-EN16931-R008", "/", any_text, NULL, "the document has an empty element"),
	ONCE("PEPPOL-EN16931-R080", "cn:CreditNote",
		"cac:AdditionalDocumentReference[cbc:DocumentTypeCode=50]",
		"a credit note names at most one project"),
	HAS("PEPPOL-EN16931-R001", "/", "cbc:ProfileID", "the business process (BT-23) is missing"),
	OTHER("PEPPOL-EN16931-R007", "/", profile_known, NULL,
		"the business process (BT-23) is none that Peppol knows"),
	OTHER("PEPPOL-EN16931-R002", "/", one_note, NULL, "there may be one note (BT-22)"),
	HAS("PEPPOL-EN16931-R003", "/", "cbc:BuyerReference|cac:OrderReference/cbc:ID",
		"a buyer reference (BT-10) or a purchase order (BT-13) is needed"),
	OTHER("PEPPOL-EN16931-R004", "/", specification, NULL,
		"the specification identifier (BT-24) is not that of Peppol BIS Billing"),
	OTHER("PEPPOL-EN16931-R053", "/", one_breakdown, NULL, "there must be one VAT breakdown"),
	OTHER("PEPPOL-EN16931-R054", "/", one_total_beside, NULL,
		"a VAT total without breakdown goes with an accounting currency, and only then"),
	OTHER("PEPPOL-EN16931-R055", "/", same_sign, NULL,
		"the VAT totals in both currencies (BT-110, BT-111) must have the same sign"),
	OTHER("PEPPOL-EN16931-R005", "cbc:TaxCurrencyCode", other_currency, NULL,
		"the accounting currency (BT-6) must be another than the document's"),
	HAS("PEPPOL-EN16931-R010", "cac:AccountingCustomerParty/cac:Party", "cbc:EndpointID",
		"the buyer's electronic address (BT-49) is missing"),
	HAS("PEPPOL-EN16931-R020", "cac:AccountingSupplierParty/cac:Party", "cbc:EndpointID",
		"the seller's electronic address (BT-34) is missing"),
	HAS_NOT("PEPPOL-EN16931-R041", ALLOWANCES("[cbc:MultiplierFactorNumeric][!cbc:BaseAmount]"),
		".", "an allowance or charge with a percentage needs its base amount"),
	HAS_NOT("PEPPOL-EN16931-R042", ALLOWANCES("[!cbc:MultiplierFactorNumeric][cbc:BaseAmount]"),
		".", "an allowance or charge with a base amount needs its percentage"),
	OTHER("PEPPOL-EN16931-R040", ALLOWANCES("[cbc:MultiplierFactorNumeric][cbc:BaseAmount]"),
		percent_of_base, NULL, "an allowance or charge is not its percentage of the base"),
	OTHER("PEPPOL-EN16931-R043",
		ALLOWANCES("[cbc:MultiplierFactorNumeric][cbc:BaseAmount]") "|" ALLOWANCES(
			"[!cbc:MultiplierFactorNumeric][!cbc:BaseAmount]"),
		indicator, NULL, "the charge indicator must be \"true\" or \"false\""),
	HAS("PEPPOL-EN16931-R061",
		"cac:PaymentMeans[cbc:PaymentMeansCode~49]|cac:PaymentMeans[cbc:PaymentMeansCode~"
		"59]",
		"cac:PaymentMandate/cbc:ID", "a direct debit needs its mandate (BT-89)"),
	OTHER("PEPPOL-EN16931-R051",
		AMOUNTS
		"|cac:TaxTotal[cac:TaxSubtotal]/cbc:TaxAmount|cac:TaxSubtotal/cbc:TaxAmount",
		document_currency, NULL, "an amount is in another currency than the document"),
	OTHER("PEPPOL-EN16931-R110",
		"/cac:InvoiceLine/cac:InvoicePeriod/cbc:StartDate|"
		"/cac:CreditNoteLine/cac:InvoicePeriod/cbc:StartDate",
		line_begins, NULL, "the line's period begins before the document's"),
	OTHER("PEPPOL-EN16931-R111",
		"/cac:InvoiceLine/cac:InvoicePeriod/cbc:EndDate|"
		"/cac:CreditNoteLine/cac:InvoicePeriod/cbc:EndDate",
		line_ends, NULL, "the line's period ends after the document's"),
	OTHER("PEPPOL-EN16931-R120", TS_UBL_LINES, line_net, NULL,
		"the line's net amount (BT-131) is not quantity x price"),
	OTHER("PEPPOL-EN16931-R121", TS_UBL_LINES, base_above_zero, NULL,
		"the price's base quantity (BT-149) must be above 0"),
	ONCE("PEPPOL-EN16931-R100", TS_UBL_LINES, "cac:DocumentReference",
		"a line names one invoiced object (BT-128)"),
	OTHER("PEPPOL-EN16931-R101", TS_UBL_LINES, object_only, NULL,
		"a line's document reference is for the invoiced object only (type code 130)"),
	OTHER("PEPPOL-EN16931-R044", "cac:Price/cac:AllowanceCharge", indicator, "discount",
		"a price may have a discount, not a charge"),
	OTHER("PEPPOL-EN16931-R046", "cac:Price/cac:AllowanceCharge", net_price, NULL,
		"the net price (BT-146) is not the gross price less the discount"),
	OTHER("PEPPOL-EN16931-R130", "cac:Price/cbc:BaseQuantity[@unitCode]", same_unit, NULL,
		"the price's base quantity has another unit than the line's quantity"),
	CODE("PEPPOL-EN16931-CL001", "cbc:EmbeddedDocumentBinaryObject[@mimeCode]", "./@mimeCode",
		MIME, "the type of an attachment (BT-125)"),
	CODE("PEPPOL-EN16931-CL002",
		"cac:AllowanceCharge[cbc:ChargeIndicator=false]/cbc:AllowanceChargeReasonCode", ".",
		ALLOWANCE, "the reason of an allowance (BT-98, BT-140)"),
	CODE("PEPPOL-EN16931-CL003",
		"cac:AllowanceCharge[cbc:ChargeIndicator=true]/cbc:AllowanceChargeReasonCode", ".",
		CHARGE, "the reason of a charge (BT-105, BT-145)"),
	CODE("PEPPOL-EN16931-CL006", "cac:InvoicePeriod/cbc:DescriptionCode", ".", TAX_POINT,
		"the code of the tax point (BT-8)"),
	CODE("PEPPOL-EN16931-CL007", AMOUNTS "|cbc:TaxAmount", "./@currencyID", CURRENCY_PEPPOL,
		"the currency of an amount"),
	CODE("PEPPOL-EN16931-CL008", "cbc:EndpointID[@schemeID]", "./@schemeID", EAS_PEPPOL,
		"the scheme of an electronic address (BT-34, BT-49)"),
	{"PEPPOL-EN16931-P0100", TS_UBL_FATAL, "cbc:InvoiceTypeCode", TS_UBL_OTHER, NULL,
		TS_CODES_INVOICE_TYPE_PEPPOL, type_of_profile, NULL,
		"Peppol does not take invoices of this type (BT-3)"},
	OTHER("PEPPOL-EN16931-P0112", "cbc:InvoiceTypeCode", german_types, NULL,
		"types 326 and 384 are for invoices between German companies"),
	{"PEPPOL-EN16931-P0101", TS_UBL_FATAL, "cbc:CreditNoteTypeCode", TS_UBL_OTHER, NULL,
		TS_CODES_CREDIT_TYPE_PEPPOL, type_of_profile, NULL,
		"Peppol does not take credit notes of this type (BT-3)"},
	OTHER("PEPPOL-EN16931-F001",
		"cbc:IssueDate|cbc:DueDate|cbc:TaxPointDate|cbc:StartDate|cbc:EndDate|"
		"cbc:ActualDeliveryDate",
		is_date, NULL, "a date must be a day of the calendar as YYYY-MM-DD"),
	VATEX("PEPPOL-EN16931-P0104", "VATEX-EU-G", "G"),
	VATEX("PEPPOL-EN16931-P0105", "VATEX-EU-O", "O"),
	VATEX("PEPPOL-EN16931-P0106", "VATEX-EU-IC", "K"),
	VATEX("PEPPOL-EN16931-P0107", "VATEX-EU-AE", "AE"),
	VATEX("PEPPOL-EN16931-P0108", "VATEX-EU-D", "E"),
	VATEX("PEPPOL-EN16931-P0109", "VATEX-EU-F", "E"),
	VATEX("PEPPOL-EN16931-P0110", "VATEX-EU-I", "E"),
	VATEX("PEPPOL-EN16931-P0111", "VATEX-EU-J", "E"),
};
const struct ts_ubl_rules ts_ubl_rules_peppol = {rows, sizeof rows / sizeof rows[0], TS_UBL_PEPPOL};
