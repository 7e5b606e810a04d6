/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_MONEY_H
#define TS_BASE_MONEY_H
/* Why: money is int64 minor units with the ISO 4217 exponent of its currency (JPY 0, KWD 3). */
#include "base/num.h"

struct ts_currency {
	char code[4];
	int exponent; /* minor units = major * 10^exponent */
};

/* TS_E_INVALID for a code that ISO 4217 does not list as a currency with minor units. */
enum ts_err ts_currency_find(struct ts_str code, const struct ts_currency **out) TS_MUST;

/* "1234.50" <-> minor units, exactly `exponent` digits or fewer on input, exactly on output. */
enum ts_err ts_money_parse(
	struct ts_str text, const struct ts_currency *cur, int64_t *minor) TS_MUST;
const char *ts_money_format(
	int64_t minor, const struct ts_currency *cur, char out[TS_DECIMAL_CHARS]);
/* With thousands separators for people: 1,250,000,000.00 */
const char *ts_money_group(
	int64_t minor, const struct ts_currency *cur, char out[TS_DECIMAL_CHARS]);

/* The one place where quantity becomes money:
 * round(quantity * price * 10^exponent / divisor), quantity in base units, price per `divisor` base
 * units in major units. */
enum ts_err ts_money_extend(ts_i128 quantity, struct ts_decimal price, ts_i128 divisor,
	const struct ts_currency *cur, enum ts_rounding rounding, int64_t *minor) TS_MUST;

#endif
