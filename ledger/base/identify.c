/* SPDX-License-Identifier: Apache-2.0 */
#include "base/identify.h"
#include "base/codes.h"
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
	return is_capital(c) || (c >= 'a' && c <= 'z');
}

static int digit_of(char c)
{
	return c - '0';
}

static bool all_digits(struct ts_str id, size_t len)
{
	for (size_t i = 0; i < id.len; i++) {
		if (!is_digit(id.at[i]))
			return false;
	}
	return len == 0 ? id.len > 0 : id.len == len;
}

bool ts_iban_digits(struct ts_str iban)
{
	unsigned rest = 0;
	if (iban.len < 4 || iban.len > 34 || !is_capital(iban.at[0]) || !is_capital(iban.at[1]) ||
		!is_digit(iban.at[2]) || !is_digit(iban.at[3]))
		return false;
	for (size_t i = 0; i < iban.len; i++) {
		char c = iban.at[(i + 4) % iban.len]; /* the first four go last */
		if (is_digit(c))
			rest = (rest * 10 + (unsigned)digit_of(c)) % 97;
		else if (is_capital(c))
			rest = (rest * 100 + (unsigned)(c - 'A' + 10)) % 97;
		else
			return false;
	}
	return rest == 1;
}

/* Country, length of its accounts (ISO 13616 registry). */
static const char iban_lengths[] =
	"AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 "
	"DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 "
	"IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 "
	"MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 "
	"SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 ";

bool ts_iban(struct ts_str iban)
{
	if (!ts_iban_digits(iban))
		return false;
	for (const char *at = iban_lengths; *at; at += 5) {
		if (at[0] == iban.at[0] && at[1] == iban.at[1])
			return iban.len == (size_t)(digit_of(at[2]) * 10 + digit_of(at[3]));
	}
	return false;
}

bool ts_bic(struct ts_str bic)
{
	if (bic.len != 8 && bic.len != 11)
		return false;
	for (size_t i = 0; i < bic.len; i++) {
		bool country = i == 4 || i == 5;
		if (!is_capital(bic.at[i]) && (country || !is_digit(bic.at[i])))
			return false;
	}
	return ts_codes_have(TS_CODES_COUNTRY, (struct ts_str){bic.at + 4, 2}) ||
	       memcmp(bic.at + 4, "XK", 2) == 0;
}

/* 9 digit, A letter, X either, * digit or + or *; anything else stands for itself. */
static const char *const vat_shapes[] = {"ATU99999999", "BE0999999999", "BE1999999999",
	"BG999999999", "BG9999999999", "CY99999999A", "CZ99999999", "CZ999999999", "CZ9999999999",
	"DE999999999", "DK99999999", "EE999999999", "EL999999999", "ESX9999999X", "FI99999999",
	"FRXX999999999", "HR99999999999", "HU99999999", "IE9999999A", "IE9999999AA", "IE9*99999A",
	"IT99999999999", "LT999999999", "LT999999999999", "LU99999999", "LV99999999999",
	"MT99999999", "NL999999999B99", "PL9999999999", "PT999999999", "RO99", "RO999", "RO9999",
	"RO99999", "RO999999", "RO9999999", "RO99999999", "RO999999999", "RO9999999999",
	"SE999999999999", "SI99999999", "SK9999999999", "GB999999999", "GB999999999999", "GBGD999",
	"GBHA999", "XI999999999", "XI999999999999", "XIGD999", "XIHA999", "CHE999999999",
	"CHE999999999MWST", "CHE999999999TVA", "CHE999999999IVA", "NO999999999MVA"};

static bool fits_shape(struct ts_str id, const char *shape)
{
	if (strlen(shape) != id.len)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		char c = id.at[i];
		bool fits = c == shape[i];
		if (i >= 2 && shape[i] == '9')
			fits = is_digit(c);
		else if (i >= 2 && shape[i] == 'A' && shape[0] != 'G' && shape[0] != 'X')
			fits = is_capital(c);
		else if (i >= 2 && shape[i] == 'X')
			fits = is_capital(c) || is_digit(c);
		else if (shape[i] == '*')
			fits = is_capital(c) || is_digit(c) || c == '+' || c == '*';
		if (!fits)
			return false;
	}
	return true;
}

bool ts_vat_id(struct ts_str id)
{
	bool known = false;
	if (id.len < 4 || id.len > 22)
		return false;
	for (size_t i = 0; i < sizeof vat_shapes / sizeof vat_shapes[0]; i++) {
		if (memcmp(vat_shapes[i], id.at, 2) != 0)
			continue;
		known = true;
		if (fits_shape(id, vat_shapes[i]))
			return true;
	}
	if (known || !ts_codes_have(TS_CODES_COUNTRY, (struct ts_str){id.at, 2}))
		return false;
	for (size_t i = 2; i < id.len; i++) {
		if (!is_capital(id.at[i]) && !is_digit(id.at[i]))
			return false;
	}
	return memcmp(id.at, "GR", 2) != 0; /* Greece's prefix is EL */
}

/* GS1: the digits before the last, from its right, weigh 3, 1, 3, ... */
static bool gln(struct ts_str id)
{
	int sum = 0;
	if (!all_digits(id, 0))
		return false;
	for (size_t i = 0; i + 1 < id.len; i++)
		sum += digit_of(id.at[id.len - 2 - i]) * (i % 2 == 0 ? 3 : 1);
	return (10 - sum % 10) % 10 == digit_of(id.at[id.len - 1]);
}

static bool norwegian(struct ts_str id)
{
	int sum = 0;
	if (!all_digits(id, 9))
		return false;
	for (size_t i = 0; i < 8; i++)
		sum += digit_of(id.at[7 - i]) * (int)(i % 6 + 2);
	return (11 - sum % 11) % 11 == digit_of(id.at[8]);
}

static bool danish_se(struct ts_str id)
{
	return id.len == 10 && memcmp(id.at, "DK", 2) == 0 &&
	       all_digits((struct ts_str){id.at + 2, 8}, 8);
}

static bool danish(struct ts_str id)
{
	return danish_se(id) || all_digits(id, 8);
}

static bool ten_digits(struct ts_str id)
{
	return all_digits(id, 10);
}

static bool belgian(struct ts_str id)
{
	int first = 0;
	if (!all_digits(id, 10))
		return false;
	for (size_t i = 0; i < 8; i++)
		first = first * 10 + digit_of(id.at[i]);
	return 97 - first % 97 == digit_of(id.at[8]) * 10 + digit_of(id.at[9]);
}

static bool italian_office(struct ts_str id)
{
	for (size_t i = 0; i < id.len; i++) {
		if (!is_letter(id.at[i]) && !is_digit(id.at[i]))
			return false;
	}
	return id.len == 6;
}

static bool italian_tax(struct ts_str id)
{
	static const char shape[] = "AAAAAA99A99XXX9A";
	if (id.len == 11)
		return all_digits(id, 11);
	for (size_t i = 0; i < id.len && id.len == 16; i++) {
		if ((shape[i] == 'A' && !is_letter(id.at[i])) ||
			(shape[i] == '9' && !is_digit(id.at[i])))
			return false;
	}
	return id.len == 16;
}

static bool italian_vat(struct ts_str id)
{
	int sum = 0;
	if (id.len < 2 || (memcmp(id.at, "IT", 2) != 0 && memcmp(id.at, "it", 2) != 0))
		return true;
	struct ts_str code = {id.at + 2, id.len - 2};
	if (!all_digits(code, 11))
		return false;
	for (size_t i = 0; i < 11; i++) {
		int twice = digit_of(code.at[i]) * 2;
		sum += i % 2 == 0 ? digit_of(code.at[i]) : twice > 9 ? twice - 9 : twice;
	}
	return sum % 10 == 0;
}

static bool swedish(struct ts_str id)
{
	int sum = 0;
	if (!all_digits(id, 10))
		return false;
	for (size_t i = 0; i < 9; i++) {
		int digit = digit_of(id.at[8 - i]), twice = digit * 2;
		sum += i % 2 == 0 ? twice / 10 + twice % 10 : digit;
	}
	return (10 - sum % 10) % 10 == digit_of(id.at[9]);
}

static bool australian(struct ts_str id)
{
	static const int weights[] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
	int sum = 0;
	if (!all_digits(id, 11))
		return false;
	for (size_t i = 0; i < 11; i++)
		sum += (digit_of(id.at[i]) - (i == 0)) * weights[i];
	return sum % 89 == 0;
}

static bool dutch_chamber(struct ts_str id)
{
	return all_digits(id, 8);
}

static bool dutch_office(struct ts_str id)
{
	return all_digits(id, 20);
}

static bool dutch_branch(struct ts_str id)
{
	return all_digits(id, 12);
}

static bool dutch_vat(struct ts_str id)
{
	return fits_shape(id, "NL999999999B99");
}

static const struct {
	const char *scheme;
	bool (*fits)(struct ts_str id);
} schemes[] = {
	{"0088", gln},
	{"0192", norwegian},
	{"0184", danish},
	{"0096", ten_digits},
	{"0198", danish_se},
	{"0208", belgian},
	{"0201", italian_office},
	{"0210", italian_tax},
	{"9907", italian_tax},
	{"0211", italian_vat},
	{"0007", swedish},
	{"0151", australian},
	{"0106", dutch_chamber},
	{"0190", dutch_office},
	{"9944", dutch_vat},
	{"0217", dutch_branch},
};

bool ts_scheme_fits(struct ts_str scheme, struct ts_str id)
{
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		if (ts_str_is(scheme, schemes[i].scheme))
			return schemes[i].fits(id);
	}
	return true;
}
