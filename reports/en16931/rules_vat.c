/* SPDX-License-Identifier: Apache-2.0 */
/* The families of VAT categories: BR-S, Z, E, AE, IC (category K), G, O, AF (L), AG (M), and BR-B.
 * One table row a rule, made by one macro a family; `argument` is the category. */
#include "reports/en16931/rule.h"
#include <stdio.h>
#include <string.h>

#define PATH_CHARS 512
#define VAT "[cac:TaxScheme/cbc:ID^VAT]"
#define SELLER "//cac:AccountingSupplierParty/cac:Party/"
#define BUYER "//cac:AccountingCustomerParty/cac:Party/"
#define REPRESENTATIVE "//cac:TaxRepresentativeParty/cac:PartyTaxScheme" VAT "/cbc:CompanyID"

/* Does a path exist with the category put in for each "$"? */
static size_t count(struct ts_ubl_judge *judge, const struct ts_ubl_node *at, const char *path)
{
	char filled[PATH_CHARS];
	size_t n = 0, len = strlen(judge->rule->argument);
	for (const char *c = path; *c; c++) {
		TS_ASSERT(n + len + 1 < sizeof filled);
		if (*c != '$') {
			filled[n++] = *c;
			continue;
		}
		memcpy(filled + n, judge->rule->argument, len);
		n += len;
	}
	filled[n] = '\0';
	return ts_ubl_count(judge->doc, at, filled);
}

/* 01, but for S, L and M: used anywhere, so exactly one row of the breakdown. */
static bool one_row(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	size_t rows = count(
		judge, at, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory" VAT "[cbc:ID~$]");
	if (rows == 1 || count(judge, at,
				 "//cac:TaxCategory" VAT
				 "[cbc:ID~$]|//cac:ClassifiedTaxCategory" VAT "[cbc:ID~$]") == 0)
		return true;
	ts_ubl_say(judge, "there are %zu", rows);
	return false;
}

/* 01 of S, L, M: used by lines, allowances or charges if and only if in the breakdown. */
static bool some_row(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	bool standard = judge->rule->argument[0] == 'S';
	size_t used = standard ? count(judge, at,
					 "//cac:AllowanceCharge/cac:TaxCategory[cbc:ID~$]|"
					 "//cac:ClassifiedTaxCategory[cbc:ID~$]")
			       : count(judge, at,
					 "//cac:AllowanceCharge/cac:TaxCategory[cbc:ID~$]" VAT
					 "|//cac:ClassifiedTaxCategory[cbc:ID~$]" VAT);
	size_t rows = count(judge, at,
		standard || used > 0
			? "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory[cbc:ID~$]"
			: "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory[cbc:ID~$]" VAT);
	if ((used > 0) == (rows > 0))
		return true;
	ts_ubl_say(judge, "used %zu times, with %zu rows of the breakdown", used, rows);
	return false;
}

static bool has(struct ts_ubl_judge *judge, const struct ts_ubl_node *at, const char *path)
{
	return ts_ubl_exists(judge->doc, at, path);
}

/* Who must be identified (02 lines, 03 allowances, 04 charges), by category. */
static bool identified(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const char *category = judge->rule->argument;
	bool seller_vat = has(
		judge, at, SELLER "cac:PartyTaxScheme" VAT "/cbc:CompanyID|" REPRESENTATIVE);
	bool seller_any = has(judge, at, SELLER "cac:PartyTaxScheme/cbc:CompanyID|" REPRESENTATIVE);
	bool buyer_vat = has(judge, at, BUYER "cac:PartyTaxScheme" VAT "/cbc:CompanyID");
	bool buyer_legal = has(judge, at, BUYER "cac:PartyLegalEntity/cbc:CompanyID");
	if (strcmp(category, "O") == 0) {
		ts_ubl_say(judge, "%s has one", seller_vat ? "the seller" : "the buyer");
		return !seller_vat && !buyer_vat;
	}
	bool strict = strcmp(category, "G") == 0 || strcmp(category, "K") == 0;
	if (strict ? !seller_vat : !seller_any) {
		ts_ubl_say(judge, "the seller has none");
		return false;
	}
	ts_ubl_say(judge, "the buyer has none");
	return strcmp(category, "K") == 0    ? buyer_vat
	       : strcmp(category, "AE") == 0 ? buyer_vat || buyer_legal
					     : true;
}

static bool lines_identified(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	size_t taxed = count(judge, at, "//cac:ClassifiedTaxCategory[cbc:ID~$]" VAT);
	if (judge->rule->argument[0] == 'S' && taxed == 0)
		return count(judge, at, "//cac:ClassifiedTaxCategory[cbc:ID~$]") == 0;
	return taxed == 0 || identified(judge, at);
}

static bool allowances_identified(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const char *path = strcmp(judge->rule->argument, "O") == 0
				   ? "/cac:AllowanceCharge[cbc:ChargeIndicator?false]/"
				     "cac:TaxCategory[cbc:ID~$]" VAT
				   : "//cac:AllowanceCharge[cbc:ChargeIndicator?false]/"
				     "cac:TaxCategory[cbc:ID~$]" VAT;
	return count(judge, at, path) == 0 || identified(judge, at);
}

static bool charges_identified(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const char *path = strcmp(judge->rule->argument, "O") == 0
				   ? "/cac:AllowanceCharge[cbc:ChargeIndicator?true]/"
				     "cac:TaxCategory[cbc:ID~$]" VAT
				   : "//cac:AllowanceCharge[cbc:ChargeIndicator?true]/"
				     "cac:TaxCategory[cbc:ID~$]" VAT;
	return count(judge, at, path) == 0 || identified(judge, at);
}

/* 08: what is taxed under the category, at the rate when there is one. */
struct taxed {
	struct ts_ubl_judge *judge;
	const char *categories; /* from the line or charge */
	const char *amount;
	bool by_rate, subtract, bad;
	struct ts_dec rate, sum;
	size_t n;
};

struct rate_at {
	const struct ts_dec *rate;
};

static bool other_rate(void *arg, const struct ts_ubl_value *value)
{
	const struct rate_at *wanted = arg;
	struct ts_dec rate;
	return !ts_dec_parse(value->text, &rate) || ts_dec_cmp(rate, *wanted->rate) != 0;
}

static bool other_category(void *arg, const struct ts_ubl_value *value)
{
	const struct ts_ubl_judge *judge = arg;
	return !ts_str_is(ts_ubl_trim(value->text), judge->rule->argument);
}

static bool add_taxed(void *arg, const struct ts_ubl_value *value)
{
	struct taxed *taxed = arg;
	const struct ts_ubl *doc = taxed->judge->doc;
	struct rate_at wanted = {&taxed->rate};
	struct ts_dec amount;
	char path[PATH_CHARS];
	snprintf(path, sizeof path, "%s/cbc:ID", taxed->categories);
	if (ts_ubl_each(doc, value->node, path, other_category, taxed->judge))
		return true;
	snprintf(path, sizeof path, "%s/cbc:Percent", taxed->categories);
	if (taxed->by_rate && ts_ubl_each(doc, value->node, path, other_rate, &wanted))
		return true;
	taxed->n++;
	if (!ts_ubl_sum(taxed->judge, value->node, taxed->amount, &amount))
		taxed->bad = true;
	else
		taxed->sum = taxed->subtract ? ts_dec_sub(taxed->sum, amount)
					     : ts_dec_add(taxed->sum, amount);
	return !taxed->bad;
}

static void add_all(struct taxed *taxed, const struct ts_ubl_node *root, const char *lines)
{
	const struct ts_ubl *doc = taxed->judge->doc;
	taxed->categories = "cac:Item/cac:ClassifiedTaxCategory";
	taxed->amount = "cbc:LineExtensionAmount";
	ts_ubl_each(doc, root, lines, add_taxed, taxed);
	taxed->categories = "cac:TaxCategory";
	taxed->amount = "cbc:Amount";
	ts_ubl_each(doc, root, "cac:AllowanceCharge[cbc:ChargeIndicator?true]", add_taxed, taxed);
	taxed->subtract = true;
	ts_ubl_each(doc, root, "cac:AllowanceCharge[cbc:ChargeIndicator?false]", add_taxed, taxed);
}

/* Exactly, for a category without rates; below 1 per rate for S, L and M. */
static bool taxable_adds_up(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	bool by_rate = judge->rule->path != NULL; /* of S, L, M */
	const struct ts_ubl_node *root = ts_ubl_root(judge->doc);
	struct ts_dec stated;
	struct taxed taxed = {.judge = judge, .by_rate = by_rate};
	if (by_rate && !ts_ubl_exists(judge->doc, at, "cbc:Percent"))
		return true;
	if ((by_rate && !ts_ubl_number(judge, at, "cbc:Percent", &taxed.rate)) ||
		!ts_ubl_number(judge, at, "../cbc:TaxableAmount", &stated))
		return false;
	if (!ts_ubl_exists(judge->doc, root, "//cac:InvoiceLine|//cac:CreditNoteLine")) {
		bool standard = judge->rule->argument[0] == 'S' &&
				ts_ubl_exists(judge->doc, root, "//cac:AllowanceCharge");
		if (!standard) {
			ts_ubl_say(judge, "there is no line");
			return false;
		}
	}
	add_all(&taxed, root, TS_UBL_LINES);
	if (taxed.bad)
		return false;
	if (judge->rule->argument[0] == 'S' && taxed.n == 0) {
		ts_ubl_say(judge, "nothing on the document is taxed at this rate");
		return false;
	}
	struct ts_dec off = ts_dec_abs(ts_dec_sub(stated, taxed.sum));
	if (by_rate && ts_dec_cmp(off, ts_dec_integer(1)) < 0)
		return true;
	return ts_ubl_equal(judge, "the taxable amount (BT-116)", stated,
		"the sum of the lines, charges and allowances of this category", taxed.sum);
}

/* 09 of S, L and M. */
static bool tax_of_rate(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec tax, taxable, percent;
	if (!ts_ubl_number(judge, at, "../cbc:TaxAmount", &tax) ||
		!ts_ubl_number(judge, at, "../cbc:TaxableAmount", &taxable) ||
		!ts_ubl_number(judge, at, "cbc:Percent", &percent))
		return false;
	struct ts_dec due = ts_dec_mul(ts_dec_abs(taxable), percent);
	due.scale += 2;
	due = ts_dec_round(due, 2);
	struct ts_dec off = ts_dec_abs(ts_dec_sub(ts_dec_abs(tax), due));
	return ts_dec_cmp(off, ts_dec_integer(1)) < 0 ||
	       ts_ubl_equal(judge, "the tax (BT-117)", tax, "the rate of the taxable amount", due);
}

static bool delivery_known(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return count(judge, at, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory" VAT "[cbc:ID~K]") ==
		       0 ||
	       ts_ubl_text(judge->doc, at, judge->rule->path).len > 1 ||
	       (judge->rule->argument[0] == 'd' && has(judge, at, "cac:InvoicePeriod/*"));
}

/* 11 .. 14 of O: when the breakdown has O, nothing else may be there. */
static bool nothing_else(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return !has(judge, at, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory" VAT "[cbc:ID~O]") ||
	       !has(judge, at, judge->rule->path);
}

static bool split_payment_italian(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return !has(judge, at,
		       "//cac:TaxCategory[cbc:ID=B]|//cac:ClassifiedTaxCategory[cbc:ID=B]") ||
	       !has(judge, at, "//cbc:IdentificationCode[!.=IT]");
}

static bool split_payment_alone(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	return !has(judge, at,
		       "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory[cbc:ID=B]|"
		       "cac:AllowanceCharge/cac:TaxCategory[cbc:ID=B]|"
		       "//cac:ClassifiedTaxCategory[cbc:ID=B]") ||
	       !has(judge, at,
		       "cac:AllowanceCharge/cac:TaxCategory[cbc:ID=S]|"
		       "//cac:ClassifiedTaxCategory[cbc:ID=S]");
}

#define ROW(code) "/cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory[cbc:ID~" code "]" VAT
#define LINE(code)                                                                                 \
	"cac:InvoiceLine/cac:Item/cac:ClassifiedTaxCategory[cbc:ID~" code "]" VAT                  \
	"|cac:CreditNoteLine/cac:Item/cac:ClassifiedTaxCategory[cbc:ID~" code "]" VAT
#define ALLOWANCE(code)                                                                            \
	"cac:AllowanceCharge[cbc:ChargeIndicator?false]/cac:TaxCategory[cbc:ID~" code "]" VAT
#define CHARGE(code)                                                                               \
	"cac:AllowanceCharge[cbc:ChargeIndicator?true]/cac:TaxCategory[cbc:ID~" code "]" VAT
#define RULE(id, context, test, path, condition, code, says)                                       \
	{                                                                                          \
		id, TS_UBL_FATAL, context, test, path, 0, condition, code, says                    \
	}

/* What a category's rate must be, and whether a reason must or must not stand beside it. */
#define FAMILY(id, code, name, first, who, rate, rate_says, by_rate, tax, tax_condition, tax_says, \
	reason, reason_says)                                                                       \
	RULE("BR-" id "-01", "/", TS_UBL_OTHER, NULL, first, code,                                 \
		"the VAT breakdown and the use of category " code " (" name ") do not agree"),     \
		RULE("BR-" id "-02", "/", TS_UBL_OTHER, NULL, lines_identified, code,              \
			"lines of category " code " (" name ") " who),                             \
		RULE("BR-" id "-03", "/", TS_UBL_OTHER, NULL, allowances_identified, code,         \
			"an allowance of category " code " (" name ") " who),                      \
		RULE("BR-" id "-04", "/", TS_UBL_OTHER, NULL, charges_identified, code,            \
			"a charge of category " code " (" name ") " who),                          \
		RULE("BR-" id "-05", LINE(code), rate, "cbc:Percent", NULL, code,                  \
			"a line of category " code " (" name ") " rate_says),                      \
		RULE("BR-" id "-06", ALLOWANCE(code), rate, "cbc:Percent", NULL, code,             \
			"an allowance of category " code " (" name ") " rate_says),                \
		RULE("BR-" id "-07", CHARGE(code), rate, "cbc:Percent", NULL, code,                \
			"a charge of category " code " (" name ") " rate_says),                    \
		RULE("BR-" id "-08", ROW(code), TS_UBL_OTHER, by_rate, taxable_adds_up, code,      \
			"the taxable amount of category " code " (" name ") does not add up"),     \
		RULE("BR-" id "-09", ROW(code), tax, "../cbc:TaxAmount", tax_condition, code,      \
			"the tax of category " code " (" name ") " tax_says),                      \
		RULE("BR-" id "-10", ROW(code), reason,                                            \
			"cbc:TaxExemptionReason|cbc:TaxExemptionReasonCode", NULL, code,           \
			"category " code " (" name ") in the VAT breakdown " reason_says)

#define NEEDS_SELLER "need a VAT or tax identifier of the seller or its representative"
#define NEEDS_BOTH "need identifiers of the seller and of the buyer"
#define ZERO_TAX TS_UBL_ZERO, NULL, "must be 0"
#define REASON TS_UBL_HAS, "needs a reason (BT-120) or its code (BT-121)"
#define NO_REASON TS_UBL_HAS_NOT, "must have no exemption reason (BT-120, BT-121)"
#define ZERO_RATE TS_UBL_ZERO, "must have a VAT rate of 0"
#define RATED TS_UBL_OTHER, tax_of_rate, "is not its rate of the taxable amount"
/* So that the shorthands above count as their parts. */
#define EXPAND(...) FAMILY(__VA_ARGS__)

static const struct ts_ubl_rule rows[] = {
	EXPAND("S", "S", "standard rate", some_row, NEEDS_SELLER, TS_UBL_ABOVE_ZERO,
		"must have a VAT rate above 0", "rate", RATED, NO_REASON),
	EXPAND("Z", "Z", "zero rated", one_row, NEEDS_SELLER, ZERO_RATE, NULL, ZERO_TAX, NO_REASON),
	EXPAND("E", "E", "exempt", one_row, NEEDS_SELLER, ZERO_RATE, NULL, ZERO_TAX, REASON),
	EXPAND("AE", "AE", "reverse charge", one_row, NEEDS_BOTH, ZERO_RATE, NULL, ZERO_TAX,
		REASON),
	EXPAND("IC", "K", "intra-community supply", one_row, NEEDS_BOTH, ZERO_RATE, NULL, ZERO_TAX,
		REASON),
	EXPAND("G", "G", "export outside the EU", one_row,
		"need a VAT identifier of the seller or its representative", ZERO_RATE, NULL,
		ZERO_TAX, REASON),
	EXPAND("O", "O", "not subject to VAT", one_row,
		"go with no VAT identifier of the seller, its representative or the buyer",
		TS_UBL_HAS_NOT, "must have no VAT rate", NULL, ZERO_TAX, REASON),
	EXPAND("AF", "L", "IGIC", some_row, NEEDS_SELLER, TS_UBL_NOT_NEGATIVE,
		"must have a rate of 0 or more", "rate", RATED, NO_REASON),
	EXPAND("AG", "M", "IPSI", some_row, NEEDS_SELLER, TS_UBL_NOT_NEGATIVE,
		"must have a rate of 0 or more", "rate", RATED, NO_REASON),
	RULE("BR-IC-11", "/", TS_UBL_OTHER, "cac:Delivery/cbc:ActualDeliveryDate", delivery_known,
		"date", "an intra-community supply states a delivery date or a period"),
	RULE("BR-IC-12", "/", TS_UBL_OTHER,
		"cac:Delivery/cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode",
		delivery_known, "country", "an intra-community supply states where to (BT-80)"),
	RULE("BR-O-11", "/", TS_UBL_OTHER,
		"cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory[!cbc:ID~O]" VAT, nothing_else, "O",
		"a document not subject to VAT (O) has another category in its breakdown"),
	RULE("BR-O-12", "/", TS_UBL_OTHER, "//cac:ClassifiedTaxCategory[!cbc:ID~O]" VAT,
		nothing_else, "O",
		"a document not subject to VAT (O) has a line of another category"),
	RULE("BR-O-13", "/", TS_UBL_OTHER,
		"//cac:AllowanceCharge[cbc:ChargeIndicator?false]/cac:TaxCategory[!cbc:ID~O]" VAT,
		nothing_else, "O",
		"a document not subject to VAT (O) has an allowance of another category"),
	RULE("BR-O-14", "/", TS_UBL_OTHER,
		"//cac:AllowanceCharge[cbc:ChargeIndicator?true]/cac:TaxCategory[!cbc:ID~O]" VAT,
		nothing_else, "O",
		"a document not subject to VAT (O) has a charge of another category"),
	RULE("BR-B-01", "/", TS_UBL_OTHER, NULL, split_payment_italian, "B",
		"split payment (B) is for domestic Italian invoices only"),
	RULE("BR-B-02", "/", TS_UBL_OTHER, NULL, split_payment_alone, "B",
		"split payment (B) and standard rate (S) cannot stand on one document"),
};
const struct ts_ubl_rules ts_ubl_rules_vat = {rows, sizeof rows / sizeof rows[0], TS_UBL_EN16931};
