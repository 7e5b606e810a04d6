/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers may send: files that are no invoices, that are too deep or too many-named, and
 * numbers of any length. And the decimals behind the rules, against 128-bit integers. */
#include "support/test.h"
#include "reports/en16931/check.h"
#include "reports/en16931/decimal.h"
#include "reports/en16931/tree.h"
#include "base/buf.h"
#include "base/num.h"
#include <stdio.h>
#include <string.h>

#define INVOICE_OPEN                                                                               \
	"<Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\" "               \
	"xmlns:a=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" "    \
	"xmlns:b=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\">"

static void refused(const char *text, size_t len, enum ts_err expected, const char *words)
{
	struct ts_region *region = ts_region_create(TS_UBL_REGION_BYTES_MAX);
	struct ts_ubl_findings findings;
	struct ts_why why = {0};
	assert_err(ts_ubl_check(text, len, TS_UBL_EN16931, region, &findings, &why), expected);
	if (!strstr(why.text, words))
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
	assert_true(why.where[0] != '\0');
	ts_region_free(region);
}

static void no_invoices(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"", "not well-formed"},
		{"{}", "not well-formed"},
		{"<a>", "not well-formed"},
		{"<a/>", "its root is <a>"},
		{"<Invoice/>", "its root is <Invoice>"},
		{"<!DOCTYPE Invoice><Invoice/>", "document type"},
		{"<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>",
			"document type"},
		{"<!DOCTYPE a [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><a>&b;</a>",
			"document type"},
		{INVOICE_OPEN "&unknown;</Invoice>", "not well-formed"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		refused(cases[i].text, strlen(cases[i].text), TS_E_MALFORMED, cases[i].words);
}

static void limits(void **state)
{
	struct ts_buf text;
	(void)state;
	ts_buf_init(&text, TS_UBL_BYTES_MAX + 16);
	ts_buf_puts(&text, INVOICE_OPEN);
	for (int i = 0; i < TS_UBL_DEPTH_MAX; i++)
		ts_buf_puts(&text, "<b:ID>");
	for (int i = 0; i < TS_UBL_DEPTH_MAX; i++)
		ts_buf_puts(&text, "</b:ID>");
	ts_buf_puts(&text, "</Invoice>");
	refused(text.data, text.len, TS_E_LIMIT, "in one another");
	ts_buf_reset(&text);
	ts_buf_puts(&text, INVOICE_OPEN);
	for (int i = 0; i < TS_UBL_NAMES_MAX; i++)
		ts_buf_printf(&text, "<x%d/>", i);
	ts_buf_puts(&text, "</Invoice>");
	refused(text.data, text.len, TS_E_LIMIT, "element names");
	ts_buf_reset(&text);
	while (text.len <= TS_UBL_BYTES_MAX)
		ts_buf_puts(&text, "        ");
	refused(text.data, text.len, TS_E_LIMIT, "at most");
	ts_buf_free(&text);
}

static size_t times(const struct ts_ubl_findings *findings, const char *rule)
{
	size_t n = 0;
	for (size_t i = 0; i < findings->n; i++)
		n += strcmp(findings->rows[i].rule, rule) == 0;
	return n;
}

/* Prefixes are the file's own affair, and a number that is none is said to be none. */
static void other_prefixes_and_numbers(void **state)
{
	static const char text[] = INVOICE_OPEN
		"<b:ID> A </b:ID><a:LegalMonetaryTotal>"
		"<b:LineExtensionAmount>1e3</b:LineExtensionAmount>"
		"<b:TaxExclusiveAmount>10.123</b:TaxExclusiveAmount></a:LegalMonetaryTotal>"
		"<a:InvoiceLine><b:LineExtensionAmount>\n 1000.00 </b:LineExtensionAmount>"
		"</a:InvoiceLine></Invoice>";
	struct ts_region *region = ts_region_create(TS_UBL_REGION_BYTES_MAX);
	struct ts_ubl_findings findings;
	struct ts_why why = {0};
	(void)state;
	assert_ok(ts_ubl_check(text, sizeof text - 1, TS_UBL_EN16931, region, &findings, &why));
	assert_int_equal(times(&findings, "BR-02"), 0);
	assert_int_equal(times(&findings, "BR-03"), 1);
	assert_int_equal(times(&findings, "BR-CO-10"), 1);
	assert_int_equal(times(&findings, "BR-DEC-12"), 1);
	for (size_t i = 0; i < findings.n; i++) {
		const struct ts_ubl_finding *f = &findings.rows[i];
		if (strcmp(f->rule, "BR-CO-10") == 0)
			assert_string_equal(
				f->text, "the lines do not add up: \"1e3\" is not a number");
		if (strcmp(f->rule, "BR-DEC-12") == 0) {
			assert_string_equal(f->text, "the total without VAT (BT-109): 10.123 has 3 "
						     "decimals, at most 2 are allowed");
			assert_string_equal(f->where, "cac:LegalMonetaryTotal");
		}
	}
	ts_region_free(region);
}

static void many_findings(void **state)
{
	struct ts_region *region = ts_region_create(TS_UBL_REGION_BYTES_MAX);
	struct ts_ubl_findings findings;
	struct ts_why why = {0};
	struct ts_buf text;
	(void)state;
	ts_buf_init(&text, TS_UBL_BYTES_MAX);
	ts_buf_puts(&text, INVOICE_OPEN);
	for (int i = 0; i < TS_UBL_FINDINGS_MAX; i++)
		ts_buf_puts(&text, "<a:InvoiceLine/>");
	ts_buf_puts(&text, "</Invoice>");
	assert_ok(ts_ubl_check(text.data, text.len, TS_UBL_EN16931, region, &findings, &why));
	assert_int_equal(findings.n, TS_UBL_FINDINGS_MAX);
	assert_true(findings.truncated);
	ts_buf_free(&text);
	ts_region_free(region);
}

static struct ts_dec dec(const char *text)
{
	struct ts_dec value;
	if (!ts_dec_parse(ts_str(text), &value))
		fail_msg("%s is a number", text);
	return value;
}

static void assert_dec(struct ts_dec value, const char *expected)
{
	char text[TS_DEC_CHARS];
	assert_string_equal(ts_dec_format(value, text), expected);
}

static void decimals(void **state)
{
	static const char *const wrong[] = {"", "-", ".", "1e3", "1,5", "1 2", "--1", "0x1", "NaN",
		"1234567890123456789012345678901234567890123456789012345678901"};
	struct ts_dec value;
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(ts_dec_parse(ts_str(wrong[i]), &value));
	assert_dec(dec(" +1. \n"), "1.00");
	assert_dec(dec("-.5"), "-0.50");
	assert_dec(dec("-0.000"), "0.00");
	/* XPath: a half goes up, toward plus infinity. */
	assert_dec(ts_dec_round(dec("2.005"), 2), "2.01");
	assert_dec(ts_dec_round(dec("-2.005"), 2), "-2.00");
	assert_dec(ts_dec_round(dec("-2.0050001"), 2), "-2.01");
	assert_dec(ts_dec_round(dec("0.5"), 0), "1.00");
	assert_dec(ts_dec_round(dec("-0.5"), 0), "0.00");
	assert_dec(ts_dec_round(dec("-0.51"), 0), "-1.00");
	assert_dec(ts_dec_mul(dec("6368000.250000"), dec("1.6875")), "10746000.421875");
	assert_dec(ts_dec_sub(dec("1000000000.00"), dec("0.01")), "999999999.99");
	const char *long_one = "999999999999999999999999999999.999999999999999999999999999999";
	struct ts_dec big = dec(long_one);
	assert_dec(ts_dec_sub(ts_dec_mul(big, big), ts_dec_mul(big, big)), "0.00");
	assert_int_equal(ts_dec_cmp(ts_dec_mul(ts_dec_mul(big, big), big), big), 1);
}

/* Against __int128, with as many digits as it takes. */
static void decimals_against_integers(void **state)
{
	uint64_t seed = 88172645463325252u;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t v[2];
		struct ts_dec d[2];
		for (int k = 0; k < 2; k++) {
			char text[32];
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			v[k] = (int64_t)(seed % 2000000000001u) - 1000000000000;
			if (i % 3 == 0)
				v[k] %= 1000;
			int64_t magnitude = v[k] < 0 ? -v[k] : v[k];
			snprintf(text, sizeof text, "%s%lld.%04lld", v[k] < 0 ? "-" : "",
				(long long)(magnitude / 10000), (long long)(magnitude % 10000));
			d[k] = dec(text);
		}
		int order = v[0] < v[1] ? -1 : v[0] > v[1];
		assert_int_equal(ts_dec_cmp(d[0], d[1]), order);
		ts_i128 product = (ts_i128)v[0] * v[1], sum = (ts_i128)v[0] + v[1];
		struct ts_dec p = ts_dec_mul(d[0], d[1]), s = ts_dec_add(d[0], d[1]);
		/* floor(x * 100 + 1/2) / 100 */
		ts_i128 scale = 1000000, half = product + scale / 2;
		ts_i128 floor = half / scale - (half % scale < 0);
		char want[TS_I128_CHARS], have[TS_DEC_CHARS];
		struct ts_dec rounded = ts_dec_round(p, 2);
		rounded = ts_dec_mul(rounded, ts_dec_integer(100));
		ts_dec_format(rounded, have);
		have[strcspn(have, ".")] = '\0';
		assert_string_equal(have, ts_i128_format(floor, want));
		s = ts_dec_mul(s, ts_dec_integer(10000));
		ts_dec_format(s, have);
		have[strcspn(have, ".")] = '\0';
		assert_string_equal(have, ts_i128_format(sum, want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_invoices),
		cmocka_unit_test(limits),
		cmocka_unit_test(other_prefixes_and_numbers),
		cmocka_unit_test(many_findings),
		cmocka_unit_test(decimals),
		cmocka_unit_test(decimals_against_integers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
