/* SPDX-License-Identifier: Apache-2.0 */
/* Peppol's forms of identifiers: PEPPOL-COMMON. The digits: base/identify.h. */
#include "reports/en16931/rule.h"
#include "base/identify.h"

/* argument: the scheme. A blank around a number counts where the official rule takes it as it is.
 */
static bool fits(struct ts_ubl_judge *judge, const struct ts_ubl_node *at)
{
	char normal[128];
	struct ts_str scheme = ts_str(judge->rule->argument), id = at->text;
	bool raw = ts_str_is(scheme, "0184") || ts_str_is(scheme, "0096") ||
		   ts_str_is(scheme, "0198");
	if (!raw)
		id = ts_ubl_normal(id, normal, sizeof normal);
	ts_ubl_say(judge, "\"%.*s\"", (int)(id.len > 80 ? 80 : id.len), id.at);
	return ts_scheme_fits(scheme, id);
}

#define OF(scheme)                                                                                 \
	"cbc:EndpointID[@schemeID=" scheme "]|cac:PartyIdentification/cbc:ID[@schemeID=" scheme    \
	"]|cbc:CompanyID[@schemeID=" scheme "]"
#define FORM(id, severity, context, scheme, says)                                                  \
	{                                                                                          \
		"PEPPOL-COMMON-" id, severity, context, TS_UBL_OTHER, NULL, 0, fits, scheme, says  \
	}

static const struct ts_ubl_rule rows[] = {
	FORM("R040", TS_UBL_FATAL, OF("0088"), "0088", "a GLN's check digit is wrong"),
	FORM("R041", TS_UBL_FATAL, OF("0192"), "0192",
		"a Norwegian organisation number has nine digits, the last one a check"),
	FORM("R042", TS_UBL_FATAL, OF("0184"), "0184",
		"a Danish company number (CVR) has eight digits, with or without DK"),
	FORM("R052", TS_UBL_FATAL, OF("0096"), "0096", "a Danish P number has ten digits"),
	FORM("R053", TS_UBL_FATAL, OF("0198"), "0198", "a Danish SE number is DK and eight digits"),
	FORM("R043", TS_UBL_FATAL, OF("0208"), "0208",
		"a Belgian enterprise number has ten digits, the last two a check"),
	FORM("R044", TS_UBL_WARNING, OF("0201"), "0201", "an Italian IPA code has six characters"),
	FORM("R045", TS_UBL_WARNING, OF("0210"), "0210",
		"an Italian tax code has 11 digits or 16 characters"),
	FORM("R046", TS_UBL_WARNING, "cbc:EndpointID[@schemeID=9907]", "9907",
		"an Italian tax code has 11 digits or 16 characters"),
	FORM("R047", TS_UBL_WARNING, OF("0211"), "0211",
		"an Italian VAT number is IT and 11 digits, the last one a check"),
	FORM("R049", TS_UBL_FATAL, OF("0007"), "0007",
		"a Swedish organisation number has ten digits, the last one a check"),
	FORM("R050", TS_UBL_FATAL, OF("0151"), "0151",
		"an Australian business number has eleven digits with a check"),
	FORM("R054", TS_UBL_WARNING, OF("0106"), "0106", "a Dutch KVK number has eight digits"),
	FORM("R055", TS_UBL_WARNING, OF("0190"), "0190", "a Dutch OIN has twenty digits"),
	FORM("R056-1", TS_UBL_WARNING, OF("9944"), "9944",
		"a Dutch VAT number is NL, nine digits, B, two digits"),
	FORM("R057", TS_UBL_WARNING, OF("0217"), "0217",
		"a Dutch establishment number has twelve digits"),
};
const struct ts_ubl_rules ts_ubl_rules_identifiers = {
	rows, sizeof rows / sizeof rows[0], TS_UBL_PEPPOL};
