/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "base/codes.h"
#include "base/identify.h"
#include <stdio.h>
#include <string.h>

static void ibans(void **state)
{
	static const char *const right[] = {"DE89370400440532013000", "GB29NWBK60161331926819",
		"NL91ABNA0417164300", "NO9386011117947", "MT84MALT011000012345MTLCAST001S",
		"LC55HEMM000100010012001200023015"};
	static const char *const wrong[] = {"DE89370400440532013001", "DE8937040044053201300",
		"DE8937040044053201300A", "de89370400440532013000", "DE89 3704 0044 0532 0130 00",
		"US64SVBKUS6S3300958879", "DE", ""};
	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
		assert_true(ts_iban(ts_str(right[i])));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(ts_iban(ts_str(wrong[i])));
	/* Any digit changed is noticed. */
	for (size_t i = 4; i < strlen(right[0]); i++) {
		char changed[35];
		snprintf(changed, sizeof changed, "%s", right[0]);
		changed[i] = changed[i] == '9' ? '0' : (char)(changed[i] + 1);
		assert_false(ts_iban(ts_str(changed)));
	}
}

static void bics(void **state)
{
	(void)state;
	assert_true(ts_bic(TS_STR("COBADEFF")));
	assert_true(ts_bic(TS_STR("COBADEFFXXX")));
	assert_false(ts_bic(TS_STR("COBADEFFXX")));
	assert_false(ts_bic(TS_STR("COBA1EFF")));
	assert_false(ts_bic(TS_STR("COBAZZFF")));
	assert_false(ts_bic(TS_STR("cobadeff")));
}

static void vat_ids(void **state)
{
	static const char *const right[] = {"DE136695976", "ATU12345678", "BE0123456749",
		"EL123456789", "ESX1234567X", "FRXX123456789", "IE6388047V", "IE1234567WA",
		"NL123456789B12", "GB123456789", "XI123456789012", "GBGD001", "CHE123456789MWST",
		"NO974760673MVA", "RO12", "US123456789", "SE556036079301"};
	static const char *const wrong[] = {"DE13669597", "DE1366959760", "DE 136695976",
		"AT12345678", "GR123456789", "BE123456749", "NL123456789X12", "SE556036079",
		"ZZ12345", "DE", "123456789", "FRxx123456789"};
	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
		if (!ts_vat_id(ts_str(right[i])))
			fail_msg("%s was refused", right[i]);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (ts_vat_id(ts_str(wrong[i])))
			fail_msg("%s was taken", wrong[i]);
}

static const struct {
	const char *scheme, *right, *wrong;
} schemes[] = {
	{"0088", "4000001123452", "4000001123453"},
	{"0192", "974760673", "974760674"},
	{"0184", "DK12345678", "DK1234567"},
	{"0184", "12345678", "123456789"},
	{"0208", "0202239951", "0202239952"},
	{"0007", "5560360793", "5560360794"},
	{"0151", "51824753556", "51824753557"},
	{"0211", "IT00743110157", "IT00743110158"},
	{"0210", "RSSMRA85T10A562S", "RSSMRA85T10A56"},
	{"0201", "UFF8SX", "UFF8S"},
	{"0106", "12345678", "1234567"},
	{"9944", "NL123456789B12", "NL12345678B12"},
	{"0217", "123456789012", "12345678901"},
};

static void scheme_digits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		if (!ts_scheme_fits(ts_str(schemes[i].scheme), ts_str(schemes[i].right)))
			fail_msg("%s was refused", schemes[i].right);
		if (ts_scheme_fits(ts_str(schemes[i].scheme), ts_str(schemes[i].wrong)))
			fail_msg("%s was taken", schemes[i].wrong);
		assert_false(ts_scheme_fits(ts_str(schemes[i].scheme), TS_STR("")) &&
			     strcmp(schemes[i].scheme, "0211") != 0);
	}
	assert_true(ts_scheme_fits(TS_STR("0060"), TS_STR("whatever")));
}

static void code_lists(void **state)
{
	(void)state;
	assert_true(ts_codes_have(TS_CODES_UNIT, TS_STR("HUR")));
	assert_true(ts_codes_have(TS_CODES_UNIT, TS_STR("10")));
	assert_true(ts_codes_have(TS_CODES_UNIT, TS_STR("XZZ")));
	assert_false(ts_codes_have(TS_CODES_UNIT, TS_STR("GPUH")));
	assert_false(ts_codes_have(TS_CODES_UNIT, TS_STR("HU")));
	assert_false(ts_codes_have(TS_CODES_UNIT, TS_STR("HUR KWH")));
	assert_false(ts_codes_have(TS_CODES_UNIT, TS_STR("")));
	assert_false(ts_codes_have(TS_CODES_CURRENCY, TS_STR("BGN")));
	assert_true(ts_codes_have(TS_CODES_VATEX, TS_STR("VATEX-EU-AE")));
	assert_false(ts_codes_have(TS_CODES_EAS_PEPPOL, TS_STR("EM")));
	assert_string_equal(ts_codes_title(TS_CODES_CURRENCY), "ISO 4217 currency codes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(ibans), cmocka_unit_test(bics),
		cmocka_unit_test(vat_ids), cmocka_unit_test(scheme_digits),
		cmocka_unit_test(code_lists)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
