/* SPDX-License-Identifier: Apache-2.0 */
/* The official unit tests of EN 16931 and Peppol, document by document: every rule that must fire
 * does, and every rule that must hold does. Then the official examples, and our own measured ones.
 */
#include "reports/en16931/check.h"
#include "support/file.h"
#include "support/test.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 400

struct tally {
	int documents, verdicts, wrong;
	const char *covered[RULES_MAX];
	size_t covered_n;
};

static bool is_rule(const char *id)
{
	const char *have = NULL;
	for (size_t i = 0; (have = ts_ubl_rule_id(i)) != NULL; i++) {
		if (strcmp(have, id) == 0)
			return true;
	}
	return false;
}

static void cover(struct tally *tally, const char *id)
{
	for (size_t i = 0; i < tally->covered_n; i++) {
		if (strcmp(tally->covered[i], id) == 0)
			return;
	}
	assert_true(tally->covered_n < RULES_MAX);
	tally->covered[tally->covered_n++] = id;
}

static bool fired(const struct ts_ubl_findings *findings, const char *id)
{
	for (size_t i = 0; i < findings->n; i++) {
		if (strcmp(findings->rows[i].rule, id) == 0)
			return true;
	}
	return false;
}

static void check_file(
	const char *path, unsigned sets, struct ts_region *region, struct ts_ubl_findings *findings)
{
	struct ts_why why = {0};
	struct ts_file file = ts_fixture_read(path);
	enum ts_err err = ts_ubl_check(file.bytes, file.len, sets, region, findings, &why);
	if (err != TS_OK)
		print_error("%s: %s %s\n", path, why.where, why.text);
	assert_int_equal(err, TS_OK);
	ts_file_free(&file);
}

/* One list of ids of one document: all fired, or none. */
static void compare(struct tally *tally, const char *name, const json_t *ids, bool expected,
	const struct ts_ubl_findings *findings)
{
	size_t i;
	json_t *id;
	json_array_foreach(ids, i, id)
	{
		const char *rule = json_string_value(id);
		/* Removed in 1.3.16; its documents only say that it does not fire. */
		bool gone = strcmp(rule, "BR-CO-25") == 0;
		tally->verdicts++;
		if (!gone && !is_rule(rule)) {
			print_error("%s: no rule %s\n", name, rule);
			tally->wrong++;
			continue;
		}
		if (fired(findings, rule) != expected) {
			print_error("%s: %s %s\n", name, rule, expected ? "did not fire" : "fired");
			for (size_t k = 0; k < findings->n; k++) {
				if (strcmp(findings->rows[k].rule, rule) == 0)
					print_error("    %s: %s\n", findings->rows[k].where,
						findings->rows[k].text);
			}
			tally->wrong++;
		}
		if (!gone)
			cover(tally, rule);
	}
}

static void run_folder(struct tally *tally, const char *folder, unsigned sets, json_t *expectations)
{
	const char *name;
	json_t *row;
	struct ts_region *region = ts_region_create(TS_UBL_REGION_BYTES_MAX);
	assert_non_null(region);
	json_object_foreach(expectations, name, row)
	{
		struct ts_ubl_findings findings;
		char path[1024];
		snprintf(path, sizeof path, "invoices/%s/%s", folder, name);
		check_file(path, sets, region, &findings);
		tally->documents++;
		compare(tally, name, json_object_get(row, "success"), false, &findings);
		compare(tally, name, json_object_get(row, "error"), true, &findings);
		compare(tally, name, json_object_get(row, "warning"), true, &findings);
		ts_region_reset(region);
	}
	ts_region_free(region);
}

static json_t *load(const char *name)
{
	char path[1024];
	snprintf(path, sizeof path, "invoices/%s", name);
	struct ts_file file = ts_fixture_read(path);
	json_t *value = json_loadb(file.bytes, file.len, 0, NULL);
	ts_file_free(&file);
	assert_non_null(value);
	return value;
}

static void test_verdicts(void **state)
{
	struct tally tally = {0};
	json_t *en = load("en16931-ubl/unit-split-expected.json");
	json_t *peppol = load("peppol/unit-split-expected.json");
	(void)state;
	run_folder(&tally, "en16931-ubl/unit-split", TS_UBL_EN16931, en);
	int en_documents = tally.documents;
	run_folder(&tally, "peppol/unit-split", TS_UBL_PEPPOL, peppol);
	print_message("%d documents of EN 16931, %d of Peppol: %d verdicts, %d wrong; "
		      "%zu rule ids covered\n",
		en_documents, tally.documents - en_documents, tally.verdicts, tally.wrong,
		tally.covered_n);
	assert_int_equal(en_documents, 1131);
	assert_int_equal(tally.documents - en_documents, 221);
	assert_int_equal(tally.wrong, 0);
	assert_true(tally.covered_n >= 150);
	json_decref(en);
	json_decref(peppol);
}

/* Documents that hold every rule of their set. */
static const struct {
	const char *path;
	unsigned sets;
} clean[] = {
	{"samples/valid/commit-prepayment-386.xml", 0},
	{"samples/valid/compute-baseqty-1000.xml", 0},
	{"samples/valid/compute-drawdown-prepaid.xml", 0},
	{"samples/valid/compute-ie-S-vat23.xml", 0},
	{"samples/valid/compute-ie-de-AE-reverse-charge.xml", 0},
	{"samples/valid/compute-sla-allowance.xml", 0},
	{"samples/valid/compute-us-O-metered-type82.xml", 0},
	{"samples/valid/compute-us-O.xml", 0},
	{"samples/valid/creditnote-sla-381.xml", 0},
	{"samples/valid/line-off-by-1-cent-accepted.xml", 0},
	{"samples/valid/true-up-shortfall.xml", 0},
	{"peppol/examples/Allowance-example.xml", 0},
	{"peppol/examples/Vat-category-S.xml", 0},
	{"peppol/examples/base-creditnote-correction.xml", 0},
	{"peppol/examples/base-example.xml", 0},
	{"peppol/examples/base-negative-inv-correction.xml", 0},
	{"peppol/examples/sales-order-example.xml", 0},
	{"peppol/examples/vat-category-E.xml", 0},
	{"peppol/examples/vat-category-O.xml", 0},
	{"peppol/examples/vat-category-Z.xml", 0},
	{"en16931-ubl/examples/guide-example1.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-creditnote1.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-example1.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-example2.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-example3.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-example4.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-example5.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-example6.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-example7.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-example8.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-example9.xml", TS_UBL_EN16931},
	{"en16931-ubl/examples/ubl-tc434-example10.xml", TS_UBL_EN16931},
};

static void test_clean(void **state)
{
	struct ts_region *region = ts_region_create(TS_UBL_REGION_BYTES_MAX);
	size_t fatal = 0;
	(void)state;
	for (size_t i = 0; i < sizeof clean / sizeof clean[0]; i++) {
		struct ts_ubl_findings findings;
		char path[1024];
		snprintf(path, sizeof path, "invoices/%s", clean[i].path);
		check_file(path, clean[i].sets, region, &findings);
		for (size_t k = 0; k < findings.n; k++) {
			const struct ts_ubl_finding *f = &findings.rows[k];
			if (f->severity == TS_UBL_FATAL)
				print_error("%s: %s at %s, line %d: %s\n", clean[i].path, f->rule,
					f->where, f->line, f->text);
		}
		fatal += findings.fatal;
		ts_region_reset(region);
	}
	assert_int_equal(fatal, 0);
	ts_region_free(region);
}

#define STANDARD "samples/valid/compute-ie-S-vat23.xml"
#define REVERSE "samples/valid/compute-ie-de-AE-reverse-charge.xml"
#define AUGUST "<cbc:StartDate>2026-08-01</cbc:StartDate><cbc:EndDate>2026-08-31</cbc:EndDate>"
#define EUR " currencyID=\"EUR\">"

/* One thing wrong in a document that is right: these rules, and no other. */
static const struct {
	const char *path, *from, *to, *then_from, *then_to, *rules;
} changes[] = {
	{STANDARD, "<cbc:ID>INV-2026-000125</cbc:ID>", "", NULL, NULL, "BR-02"},
	{STANDARD, "unitCode=\"HUR\">10000000<", "unitCode=\"GPUH\">10000000<", NULL, NULL,
		"BR-CL-23"},
	{STANDARD, "<cbc:Amount" EUR "0.225<", "<cbc:Amount" EUR "0.226<", NULL, NULL,
		"PEPPOL-EN16931-R046"},
	{STANDARD, "Amount" EUR "18750000.00<", "Amount" EUR "18750000.03<", NULL, NULL,
		"BR-CO-10 PEPPOL-EN16931-R120"},
	{STANDARD, "Amount" EUR "18750000.00<", "Amount" EUR "18750000.000<", NULL, NULL,
		"BR-DEC-23 UBL-DT-01"},
	{STANDARD, "<cbc:PayableAmount" EUR "36283724.96<", "<cbc:PayableAmount" EUR "36283724.95<",
		NULL, NULL, "BR-CO-16"},
	{STANDARD, "Total>\n    <cbc:LineExtensionAmount" EUR "29498963.38<",
		"Total>\n    <cbc:LineExtensionAmount" EUR "29498963.37<", NULL, NULL,
		"BR-CO-10 BR-CO-13"},
	{STANDARD, "<cac:TaxTotal><cbc:TaxAmount" EUR "6784761.58<",
		"<cac:TaxTotal><cbc:TaxAmount" EUR "6784761.57<", NULL, NULL, "BR-CO-14 BR-CO-15"},
	/* The tax of a rate may be off by less than one unit, and by no more. */
	{STANDARD, "</cbc:TaxableAmount><cbc:TaxAmount" EUR "6784761.58<",
		"</cbc:TaxableAmount><cbc:TaxAmount" EUR "6784762.57<", NULL, NULL, "BR-CO-14"},
	{STANDARD, "</cbc:TaxableAmount><cbc:TaxAmount" EUR "6784761.58<",
		"</cbc:TaxableAmount><cbc:TaxAmount" EUR "6784762.58<", NULL, NULL,
		"BR-CO-14 BR-CO-17 BR-S-09"},
	{STANDARD, "<cbc:BuyerReference>", "<!--", "</cac:OrderReference>", "-->",
		"PEPPOL-EN16931-R003"},
	{STANDARD, AUGUST "</cac:InvoicePeriod>\n    <cac:OrderLineReference>",
		"<cbc:StartDate>2026-07-31</cbc:StartDate></cac:InvoicePeriod>"
		"<cac:OrderLineReference>",
		NULL, NULL, "PEPPOL-EN16931-R110"},
	{STANDARD, "<cbc:PriceAmount" EUR "1.875<", "<cbc:PriceAmount" EUR "-1.875<", NULL, NULL,
		"BR-27 PEPPOL-EN16931-R046 PEPPOL-EN16931-R120"},
	{STANDARD,
		"<cbc:Percent>23</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID>"
		"</cac:TaxScheme></cac:TaxCategory>",
		"<cbc:Percent>0</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID>"
		"</cac:TaxScheme></cac:TaxCategory>",
		NULL, NULL, "BR-CO-17 BR-S-08 BR-S-09"},
	{REVERSE, "</cbc:TaxableAmount><cbc:TaxAmount" EUR "0.00<",
		"</cbc:TaxableAmount><cbc:TaxAmount" EUR "0.01<", NULL, NULL, "BR-AE-09 BR-CO-14"},
	{REVERSE,
		"<cac:PartyTaxScheme><cbc:CompanyID>DE123456789</cbc:CompanyID><cac:TaxScheme>"
		"<cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>",
		"", "<cbc:CompanyID>HRB 1234</cbc:CompanyID>", "", "BR-AE-02"},
	{REVERSE, "<cbc:CompanyID>HRB 1234</cbc:CompanyID>", "", NULL, NULL, ""},
	{REVERSE, "<cbc:EndpointID schemeID=\"9930\">", "<cbc:EndpointID schemeID=\"EM\">", NULL,
		NULL, "PEPPOL-EN16931-CL008"},
	{REVERSE, "<cbc:DueDate>2026-10-03<", "<cbc:DueDate>2026-02-30<", NULL, NULL,
		"PEPPOL-EN16931-F001"},
};

/* The first occurrence replaced; heap. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	if (at == NULL)
		fail_msg("\"%s\" is not in the sample", from);
	size_t size = strlen(text) + strlen(to) + 1;
	char *out = malloc(size);
	assert_non_null(out);
	snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

static void test_changes(void **state)
{
	struct ts_region *region = ts_region_create(TS_UBL_REGION_BYTES_MAX);
	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		struct ts_ubl_findings findings;
		struct ts_why why = {0};
		char path[1024], rules[1024] = "";
		size_t len = 0;
		snprintf(path, sizeof path, "invoices/%s", changes[i].path);
		struct ts_file file = ts_fixture_read(path);
		char *once = replaced(file.bytes, changes[i].from, changes[i].to);
		char *text = changes[i].then_from
				     ? replaced(once, changes[i].then_from, changes[i].then_to)
				     : replaced(once, "<", "<");
		assert_ok(ts_ubl_check(text, strlen(text), TS_UBL_EN16931 | TS_UBL_PEPPOL, region,
			&findings, &why));
		for (size_t k = 0; k < findings.n; k++) {
			const char *rule = findings.rows[k].rule;
			if (findings.rows[k].severity != TS_UBL_FATAL ||
				(len > 0 && strstr(rules, rule)))
				continue;
			len += (size_t)snprintf(
				rules + len, sizeof rules - len, "%s%s", len > 0 ? " " : "", rule);
		}
		struct ts_str list = ts_str(changes[i].rules);
		size_t expected = 0, words = *rules != '\0';
		for (const char *c = rules; *c; c++)
			words += *c == ' ';
		for (; list.len > 0; expected++) {
			char word[64];
			struct ts_str next = ts_str_cut(&list, ' ');
			snprintf(word, sizeof word, "%.*s", (int)next.len, next.at);
			if (!fired(&findings, word))
				fail_msg("change %zu: %s did not fire; fired: %s", i, word, rules);
		}
		if (words != expected)
			fail_msg("change %zu: \"%s\" fired, expected \"%s\"", i, rules,
				changes[i].rules);
		free(once);
		free(text);
		ts_file_free(&file);
		ts_region_reset(region);
	}
	ts_region_free(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_clean), cmocka_unit_test(test_changes)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
