/* SPDX-License-Identifier: Apache-2.0 */
#include "base/money.h"
#include <stdlib.h>
#include <string.h>

/* ISO 4217 list one (currencies and funds in use, 2025), sorted by code. Codes without minor
 * units (metals, XDR, XSU, XUA, bond units, XTS, XXX) are not money here and are left out. */
static const struct ts_currency currencies[] = {
	/* clang-format off */
	{"AED", 2}, {"AFN", 2}, {"ALL", 2}, {"AMD", 2}, {"AOA", 2}, {"ARS", 2}, {"AUD", 2},
	{"AWG", 2}, {"AZN", 2}, {"BAM", 2}, {"BBD", 2}, {"BDT", 2}, {"BGN", 2}, {"BHD", 3},
	{"BIF", 0}, {"BMD", 2}, {"BND", 2}, {"BOB", 2}, {"BOV", 2}, {"BRL", 2}, {"BSD", 2},
	{"BTN", 2}, {"BWP", 2}, {"BYN", 2}, {"BZD", 2}, {"CAD", 2}, {"CDF", 2}, {"CHE", 2},
	{"CHF", 2}, {"CHW", 2}, {"CLF", 4}, {"CLP", 0}, {"CNY", 2}, {"COP", 2}, {"COU", 2},
	{"CRC", 2}, {"CUP", 2}, {"CVE", 2}, {"CZK", 2}, {"DJF", 0}, {"DKK", 2}, {"DOP", 2},
	{"DZD", 2}, {"EGP", 2}, {"ERN", 2}, {"ETB", 2}, {"EUR", 2}, {"FJD", 2}, {"FKP", 2},
	{"GBP", 2}, {"GEL", 2}, {"GHS", 2}, {"GIP", 2}, {"GMD", 2}, {"GNF", 0}, {"GTQ", 2},
	{"GYD", 2}, {"HKD", 2}, {"HNL", 2}, {"HTG", 2}, {"HUF", 2}, {"IDR", 2}, {"ILS", 2},
	{"INR", 2}, {"IQD", 3}, {"IRR", 2}, {"ISK", 0}, {"JMD", 2}, {"JOD", 3}, {"JPY", 0},
	{"KES", 2}, {"KGS", 2}, {"KHR", 2}, {"KMF", 0}, {"KPW", 2}, {"KRW", 0}, {"KWD", 3},
	{"KYD", 2}, {"KZT", 2}, {"LAK", 2}, {"LBP", 2}, {"LKR", 2}, {"LRD", 2}, {"LSL", 2},
	{"LYD", 3}, {"MAD", 2}, {"MDL", 2}, {"MGA", 2}, {"MKD", 2}, {"MMK", 2}, {"MNT", 2},
	{"MOP", 2}, {"MRU", 2}, {"MUR", 2}, {"MVR", 2}, {"MWK", 2}, {"MXN", 2}, {"MXV", 2},
	{"MYR", 2}, {"MZN", 2}, {"NAD", 2}, {"NGN", 2}, {"NIO", 2}, {"NOK", 2}, {"NPR", 2},
	{"NZD", 2}, {"OMR", 3}, {"PAB", 2}, {"PEN", 2}, {"PGK", 2}, {"PHP", 2}, {"PKR", 2},
	{"PLN", 2}, {"PYG", 0}, {"QAR", 2}, {"RON", 2}, {"RSD", 2}, {"RUB", 2}, {"RWF", 0},
	{"SAR", 2}, {"SBD", 2}, {"SCR", 2}, {"SDG", 2}, {"SEK", 2}, {"SGD", 2}, {"SHP", 2},
	{"SLE", 2}, {"SOS", 2}, {"SRD", 2}, {"SSP", 2}, {"STN", 2}, {"SVC", 2}, {"SYP", 2},
	{"SZL", 2}, {"THB", 2}, {"TJS", 2}, {"TMT", 2}, {"TND", 3}, {"TOP", 2}, {"TRY", 2},
	{"TTD", 2}, {"TWD", 2}, {"TZS", 2}, {"UAH", 2}, {"UGX", 0}, {"USD", 2}, {"USN", 2},
	{"UYI", 0}, {"UYU", 2}, {"UYW", 4}, {"UZS", 2}, {"VED", 2}, {"VES", 2}, {"VND", 0},
	{"VUV", 0}, {"WST", 2}, {"XAD", 2}, {"XAF", 0}, {"XCD", 2}, {"XCG", 2}, {"XOF", 0},
	{"XPF", 0}, {"YER", 2}, {"ZAR", 2}, {"ZMW", 2}, {"ZWG", 2},
	/* clang-format on */
};

static int compare(const void *key, const void *row)
{
	const struct ts_currency *cur = row;
	return memcmp(key, cur->code, 3);
}

enum ts_err ts_currency_find(struct ts_str code, const struct ts_currency **out)
{
	if (code.len != 3)
		return TS_E_INVALID;
	const struct ts_currency *found = bsearch(code.at, currencies,
		sizeof currencies / sizeof currencies[0], sizeof currencies[0], compare);
	if (!found)
		return TS_E_INVALID;
	*out = found;
	return TS_OK;
}

static ts_i128 power_of_ten(int exponent)
{
	TS_ASSERT(exponent >= 0 && exponent <= 12);
	ts_i128 v = 1;
	for (int i = 0; i < exponent; i++)
		v *= 10;
	return v;
}

enum ts_err ts_money_parse(struct ts_str text, const struct ts_currency *cur, int64_t *minor)
{
	struct ts_decimal v = {0};
	TS_TRY(ts_decimal_parse(text, &v));
	const char *point = text.len == 0 ? NULL : memchr(text.at, '.', text.len);
	size_t decimals = point ? (size_t)(text.at + text.len - point) - 1 : 0;
	if (decimals > (size_t)cur->exponent)
		return TS_E_RANGE;
	return ts_to64(v.pico / power_of_ten(12 - cur->exponent), minor);
}

const char *ts_money_format(
	int64_t minor, const struct ts_currency *cur, char out[TS_DECIMAL_CHARS])
{
	struct ts_decimal v = {.pico = minor * power_of_ten(12 - cur->exponent)};
	return ts_decimal_format(v, cur->exponent, out);
}

const char *ts_money_group(int64_t minor, const struct ts_currency *cur, char out[TS_DECIMAL_CHARS])
{
	char plain[TS_DECIMAL_CHARS];
	const char *from = ts_money_format(minor, cur, plain);
	char *to = out;
	if (*from == '-')
		*to++ = *from++;
	for (size_t left = strcspn(from, "."); left > 0; left--) {
		*to++ = *from++;
		if (left % 3 == 1 && left > 1)
			*to++ = ',';
	}
	size_t rest = strlen(from) + 1;
	TS_ASSERT((size_t)(to - out) + rest <= TS_DECIMAL_CHARS);
	memcpy(to, from, rest);
	return out;
}

enum ts_err ts_money_extend(ts_i128 quantity, struct ts_decimal price, ts_i128 divisor,
	const struct ts_currency *cur, enum ts_rounding rounding, int64_t *minor)
{
	/* quantity * (pico / 10^12) * 10^exponent / divisor: one division by divisor * 10^(12-e).
	 */
	ts_i128 scaled = 0;
	TS_TRY(ts_mul128(divisor, power_of_ten(12 - cur->exponent), &scaled));
	ts_i128 amount = 0;
	TS_TRY(ts_muldiv(quantity, price.pico, scaled, rounding, &amount));
	return ts_to64(amount, minor);
}
