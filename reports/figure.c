/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/figure.h"
#include <stdio.h>
#include <string.h>

/* Printed quantities carry at most this many decimals: a device-nanosecond share of an hour. */
#define QUANTITY_DECIMALS 9

const char *ts_figure_group(const char *decimal, char out[TS_FIGURE_CHARS])
{
	const char *digits = decimal + (*decimal == '-');
	size_t whole = strcspn(digits, ".");
	size_t len = (size_t)(digits - decimal);
	TS_ASSERT(strlen(decimal) + whole / 3 < TS_FIGURE_CHARS);
	memcpy(out, decimal, len);
	for (size_t i = 0; i < whole; i++) {
		if (i > 0 && (whole - i) % 3 == 0)
			out[len++] = ',';
		out[len++] = digits[i];
	}
	memcpy(out + len, digits + whole, strlen(digits + whole) + 1);
	return out;
}

const char *ts_figure_quantity(ts_i128 value, ts_i128 divisor, char out[TS_DECIMAL_CHARS])
{
	return ts_ratio_format(value, divisor, QUANTITY_DECIMALS, out);
}

const char *ts_figure_quantity_group(ts_i128 value, ts_i128 divisor, char out[TS_FIGURE_CHARS])
{
	char plain[TS_DECIMAL_CHARS];
	return ts_figure_group(ts_figure_quantity(value, divisor, plain), out);
}

bool ts_figure_quantity_rounded(ts_i128 value, ts_i128 divisor)
{
	ts_i128 rest = value % divisor;
	for (int i = 0; i < QUANTITY_DECIMALS && rest != 0; i++) {
		ts_i128 scaled;
		if (ts_mul128(rest, 10, &scaled) != TS_OK)
			return true; /* a divisor above 10^37: no decimals end there */
		rest = scaled % divisor;
	}
	return rest != 0;
}

const char *ts_figure_price(
	struct ts_decimal price, const struct ts_currency *cur, char out[TS_FIGURE_CHARS])
{
	char plain[TS_DECIMAL_CHARS];
	return ts_figure_group(ts_decimal_format(price, cur->exponent, plain), out);
}

static const char *const month_names[12] = {"January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December"};

const char *ts_figure_date(int32_t day, char out[TS_FIGURE_CHARS])
{
	struct ts_date date = ts_date_of_day(day);
	snprintf(
		out, TS_FIGURE_CHARS, "%d %s %d", date.day, month_names[date.month - 1], date.year);
	return out;
}

const char *ts_figure_date_short(int32_t day, char out[TS_FIGURE_CHARS])
{
	struct ts_date date = ts_date_of_day(day);
	snprintf(out, TS_FIGURE_CHARS, "%d %.3s %d", date.day, month_names[date.month - 1],
		date.year);
	return out;
}

const char *ts_figure_days(int32_t from_day, int32_t to_day, char out[TS_FIGURE_CHARS])
{
	struct ts_date a = ts_date_of_day(from_day), b = ts_date_of_day(to_day - 1);
	const char *am = month_names[a.month - 1], *bm = month_names[b.month - 1];
	if (to_day <= from_day + 1)
		return ts_figure_date_short(from_day, out);
	if (a.year != b.year)
		snprintf(out, TS_FIGURE_CHARS, "%d %.3s %d \u2013 %d %.3s %d", a.day, am, a.year,
			b.day, bm, b.year);
	else if (a.month != b.month)
		snprintf(out, TS_FIGURE_CHARS, "%d %.3s \u2013 %d %.3s %d", a.day, am, b.day, bm,
			b.year);
	else
		snprintf(out, TS_FIGURE_CHARS, "%d\u2013%d %.3s %d", a.day, b.day, bm, b.year);
	return out;
}
