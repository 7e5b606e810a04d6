/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and decimals: BR-CO-10 .. 17 and BR-DEC. Not here: BR-DEC-13 and BR-DEC-15, whose official
 * condition looks for the currency inside the amount and so never fails; UBL-DT-01 has the limit.
 */
#include "reports/en16931/rule.h"

#define ALLOWANCE "/cac:AllowanceCharge[cbc:ChargeIndicator?false]"
#define CHARGE "/cac:AllowanceCharge[cbc:ChargeIndicator?true]"
#define LINE_ALLOWANCE "cac:InvoiceLine" ALLOWANCE "|cac:CreditNoteLine" ALLOWANCE
#define LINE_CHARGE "cac:InvoiceLine" CHARGE "|cac:CreditNoteLine" CHARGE

static bool lines_add_up(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec stated, sum;
	return ts_ubl_number(judge, at, "cbc:LineExtensionAmount", &stated) &&
	       ts_ubl_sum(judge, at,
		       "//cac:InvoiceLine/cbc:LineExtensionAmount|"
		       "//cac:CreditNoteLine/cbc:LineExtensionAmount",
		       &sum) &&
	       ts_ubl_equal(judge, "the document's sum of lines (BT-106)", stated,
		       "the sum of its lines (BT-131)", ts_dec_round(sum, 2));
}

/* argument: the boolean of ChargeIndicator. */
static bool allowances_add_up(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	bool charge = judge->rule->argument[0] == 't';
	const char *total = charge ? "cbc:ChargeTotalAmount" : "cbc:AllowanceTotalAmount";
	const char *each = charge ? "../cac:AllowanceCharge[cbc:ChargeIndicator?true]"
				  : "../cac:AllowanceCharge[cbc:ChargeIndicator?false]";
	const char *amounts = charge ? "../cac:AllowanceCharge[cbc:ChargeIndicator?true]/cbc:Amount"
				     : "../cac:AllowanceCharge[cbc:ChargeIndicator?false]/"
				       "cbc:Amount";
	struct ts_dec stated, sum;
	if (!ts_ubl_exists(judge->doc, at, total)) {
		if (!ts_ubl_exists(judge->doc, at, each))
			return true;
		ts_ubl_say(judge, "the total is missing");
		return false;
	}
	return ts_ubl_number(judge, at, total, &stated) && ts_ubl_sum(judge, at, amounts, &sum) &&
	       ts_ubl_equal(judge, "the total", stated, "the sum", ts_dec_round(sum, 2));
}

static bool total_without_vat(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec stated, lines, allowances, charges;
	bool has_allowances = ts_ubl_exists(judge->doc, at, "cbc:AllowanceTotalAmount");
	bool has_charges = ts_ubl_exists(judge->doc, at, "cbc:ChargeTotalAmount");
	if (!ts_ubl_number(judge, at, "cbc:TaxExclusiveAmount", &stated) ||
		!ts_ubl_number(judge, at, "cbc:LineExtensionAmount", &lines) ||
		!ts_ubl_sum(judge, at, "cbc:AllowanceTotalAmount", &allowances) ||
		!ts_ubl_sum(judge, at, "cbc:ChargeTotalAmount", &charges))
		return false;
	struct ts_dec due = ts_dec_sub(ts_dec_add(lines, charges), allowances);
	if (has_allowances || has_charges)
		due = ts_dec_round(due, 2);
	return ts_ubl_equal(judge, "it", stated, "lines less allowances plus charges", due);
}

static bool tax_adds_up(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec stated, sum;
	if (!ts_ubl_exists(judge->doc, at, "cac:TaxSubtotal"))
		return true;
	return ts_ubl_number(judge, at, "cbc:TaxAmount", &stated) &&
	       ts_ubl_sum(judge, at, "cac:TaxSubtotal/cbc:TaxAmount", &sum) &&
	       ts_ubl_equal(judge, "the document's VAT (BT-110)", stated,
		       "the sum of its VAT breakdown (BT-117)", ts_dec_round(sum, 2));
}

/* The tax totals in the document's currency. */
struct tax_totals {
	struct ts_ubl_judge *judge;
	struct ts_str currency;
	struct ts_dec tax;
	size_t n;
	bool bad;
};

static bool add_tax_total(void *arg, const struct ts_ubl_value *value)
{
	struct tax_totals *totals = arg;
	const char *currency = ts_ubl_attribute(value->node, "currencyID");
	if (!currency || !ts_str_is(totals->currency, currency))
		return true;
	totals->n++;
	totals->bad = totals->bad || !ts_dec_parse(value->text, &totals->tax);
	return true;
}

static bool total_with_vat(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct tax_totals totals = {.judge = judge};
	struct ts_dec with, without;
	struct ts_ubl_value currency;
	if (!ts_ubl_first(judge->doc, at, "cbc:DocumentCurrencyCode", &currency))
		return true;
	totals.currency = currency.text;
	ts_ubl_each(judge->doc, at, "cac:TaxTotal/cbc:TaxAmount", add_tax_total, &totals);
	if (totals.n != 1 || totals.bad) {
		ts_ubl_say(judge, "there are %zu VAT totals in the document's currency", totals.n);
		return false;
	}
	return ts_ubl_number(judge, at, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount", &with) &&
	       ts_ubl_number(
		       judge, at, "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount", &without) &&
	       ts_ubl_equal(judge, "it", with, "the total without VAT plus the VAT",
		       ts_dec_round(ts_dec_add(without, totals.tax), 2));
}

static bool amount_due(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	struct ts_dec payable, total, prepaid, rounding;
	bool has_prepaid = ts_ubl_exists(judge->doc, at, "cbc:PrepaidAmount");
	bool has_rounding = ts_ubl_exists(judge->doc, at, "cbc:PayableRoundingAmount");
	if (!ts_ubl_number(judge, at, "cbc:PayableAmount", &payable) ||
		!ts_ubl_number(judge, at, "cbc:TaxInclusiveAmount", &total) ||
		!ts_ubl_sum(judge, at, "cbc:PrepaidAmount", &prepaid) ||
		!ts_ubl_sum(judge, at, "cbc:PayableRoundingAmount", &rounding))
		return false;
	struct ts_dec due = ts_dec_sub(total, prepaid);
	if (has_prepaid)
		due = ts_dec_round(due, 2);
	struct ts_dec less = ts_dec_sub(payable, rounding);
	if (has_rounding)
		less = ts_dec_round(less, 2);
	return ts_ubl_equal(judge,
		has_rounding ? "the amount due less the rounding" : "the amount due", less,
		has_prepaid ? "the total less what is paid" : "the total", due);
}

static bool below_one(struct ts_dec a, struct ts_dec b)
{
	return ts_dec_cmp(ts_dec_abs(ts_dec_sub(a, b)), ts_dec_integer(1)) < 0;
}

/* |tax| within one unit of |taxable| x rate / 100, rounded to cents. */
static bool tax_of_rate(
	struct ts_ubl_judge *judge, struct ts_dec tax, struct ts_dec taxable, struct ts_dec percent)
{
	char a[TS_DEC_CHARS], b[TS_DEC_CHARS], c[TS_DEC_CHARS], d[TS_DEC_CHARS];
	struct ts_dec due = ts_dec_mul(ts_dec_abs(taxable), percent);
	due.scale += 2;
	due = ts_dec_round(due, 2);
	if (below_one(ts_dec_abs(tax), due))
		return true;
	ts_ubl_say(judge, "the tax is %.40s, but %.40s %% of %.40s is %.40s", ts_dec_format(tax, a),
		ts_dec_format(percent, b), ts_dec_format(taxable, c), ts_dec_format(due, d));
	return false;
}

static bool tax_of_row(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	const char *rate = "cac:TaxCategory[cac:TaxScheme/cbc:ID^VAT]/cbc:Percent";
	struct ts_dec tax, taxable, percent, zero = ts_dec_integer(0);
	if (!ts_ubl_number(judge, at, "cbc:TaxAmount", &tax))
		return false;
	bool no_tax = ts_dec_cmp(ts_dec_round(tax, 0), zero) == 0;
	if (!ts_ubl_exists(judge->doc, at, rate)) {
		ts_ubl_say(judge, "there is tax, but no rate");
		return no_tax;
	}
	if (!ts_ubl_number(judge, at, rate, &percent))
		return false;
	if (ts_dec_cmp(ts_dec_round(percent, 0), zero) == 0) {
		ts_ubl_say(judge, "there is tax at a rate of 0 %%");
		return no_tax;
	}
	return ts_ubl_number(judge, at, "cbc:TaxableAmount", &taxable) &&
	       tax_of_rate(judge, tax, taxable, percent);
}

#define OTHER(id, context, condition, argument, says)                                              \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_OTHER, NULL, 0, condition, argument, says        \
	}
#define CENTS(id, context, path, says)                                                             \
	{                                                                                          \
		id, TS_UBL_FATAL, context, TS_UBL_CENTS, path, 0, NULL, NULL, says                 \
	}

static const struct ts_ubl_rule rows[] = {
	OTHER("BR-CO-10", "cac:LegalMonetaryTotal", lines_add_up, NULL, "the lines do not add up"),
	OTHER("BR-CO-11", "cac:LegalMonetaryTotal", allowances_add_up, "false",
		"the document's allowances do not add up (BT-107, BT-92)"),
	OTHER("BR-CO-12", "cac:LegalMonetaryTotal", allowances_add_up, "true",
		"the document's charges do not add up (BT-108, BT-99)"),
	OTHER("BR-CO-13", "cac:LegalMonetaryTotal", total_without_vat, NULL,
		"the total without VAT (BT-109) does not add up"),
	OTHER("BR-CO-14", "/cac:TaxTotal", tax_adds_up, NULL, "the VAT does not add up"),
	OTHER("BR-CO-15", "/", total_with_vat, NULL, "the total with VAT (BT-112) does not add up"),
	OTHER("BR-CO-16", "cac:LegalMonetaryTotal", amount_due, NULL,
		"the amount due for payment (BT-115) does not add up"),
	OTHER("BR-CO-17", "cac:TaxTotal/cac:TaxSubtotal", tax_of_row, NULL,
		"the tax of a row of the VAT breakdown (BT-117) is not its rate of the taxable "
		"amount"),
	CENTS("BR-DEC-01", ALLOWANCE, "cbc:Amount", "the document's allowance (BT-92)"),
	CENTS("BR-DEC-02", ALLOWANCE, "cbc:BaseAmount", "the allowance's base (BT-93)"),
	CENTS("BR-DEC-05", CHARGE, "cbc:Amount", "the document's charge (BT-99)"),
	CENTS("BR-DEC-06", CHARGE, "cbc:BaseAmount", "the charge's base (BT-100)"),
	CENTS("BR-DEC-09", "cac:LegalMonetaryTotal", "cbc:LineExtensionAmount",
		"the sum of the lines (BT-106)"),
	CENTS("BR-DEC-10", "cac:LegalMonetaryTotal", "cbc:AllowanceTotalAmount",
		"the sum of the allowances (BT-107)"),
	CENTS("BR-DEC-11", "cac:LegalMonetaryTotal", "cbc:ChargeTotalAmount",
		"the sum of the charges (BT-108)"),
	CENTS("BR-DEC-12", "cac:LegalMonetaryTotal", "cbc:TaxExclusiveAmount",
		"the total without VAT (BT-109)"),
	CENTS("BR-DEC-14", "cac:LegalMonetaryTotal", "cbc:TaxInclusiveAmount",
		"the total with VAT (BT-112)"),
	CENTS("BR-DEC-16", "cac:LegalMonetaryTotal", "cbc:PrepaidAmount",
		"the amount already paid (BT-113)"),
	CENTS("BR-DEC-17", "cac:LegalMonetaryTotal", "cbc:PayableRoundingAmount",
		"the rounding (BT-114)"),
	CENTS("BR-DEC-18", "cac:LegalMonetaryTotal", "cbc:PayableAmount",
		"the amount due for payment (BT-115)"),
	CENTS("BR-DEC-19", "cac:TaxTotal/cac:TaxSubtotal", "cbc:TaxableAmount",
		"the taxable amount of a row of the VAT breakdown (BT-116)"),
	CENTS("BR-DEC-20", "cac:TaxTotal/cac:TaxSubtotal", "cbc:TaxAmount",
		"the tax of a row of the VAT breakdown (BT-117)"),
	CENTS("BR-DEC-23", TS_UBL_LINES, "cbc:LineExtensionAmount",
		"the line's net amount (BT-131)"),
	CENTS("BR-DEC-24", LINE_ALLOWANCE, "cbc:Amount", "the line's allowance (BT-136)"),
	CENTS("BR-DEC-25", LINE_ALLOWANCE, "cbc:BaseAmount",
		"the base of the line's allowance (BT-137)"),
	CENTS("BR-DEC-27", LINE_CHARGE, "cbc:Amount", "the line's charge (BT-141)"),
	CENTS("BR-DEC-28", LINE_CHARGE, "cbc:BaseAmount", "the base of the line's charge (BT-142)"),
};
const struct ts_ubl_rules ts_ubl_rules_amounts = {
	rows, sizeof rows / sizeof rows[0], TS_UBL_EN16931};
