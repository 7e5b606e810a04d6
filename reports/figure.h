/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_FIGURE_H
#define TS_REPORTS_FIGURE_H
/* Why: figures and dates as people read them, spelled in one way by every report. All of it works
 * on integers and decimal strings; nothing here calculates money. */
#include "base/money.h"
#include "base/time.h"
#include <stdbool.h>

/* Longest output of any function here, with NUL: 39 digits and 12 decimals, grouped. */
#define TS_FIGURE_CHARS 96

/* Thousands separators into a plain decimal string: "-1234567.5" -> "-1,234,567.5". */
const char *ts_figure_group(const char *decimal, char out[TS_FIGURE_CHARS]);
/* value / divisor with up to 9 decimals, trailing zeros cut; plain, and grouped for people. */
const char *ts_figure_quantity(ts_i128 value, ts_i128 divisor, char out[TS_DECIMAL_CHARS]);
const char *ts_figure_quantity_group(ts_i128 value, ts_i128 divisor, char out[TS_FIGURE_CHARS]);
/* True when ts_figure_quantity had to round. */
bool ts_figure_quantity_rounded(ts_i128 value, ts_i128 divisor);
/* A price: grouped, at least as many decimals as the currency has minor digits. */
const char *ts_figure_price(
	struct ts_decimal price, const struct ts_currency *cur, char out[TS_FIGURE_CHARS]);
/* "31 August 2026", and "31 Aug 2026". */
const char *ts_figure_date(int32_t day, char out[TS_FIGURE_CHARS]);
const char *ts_figure_date_short(int32_t day, char out[TS_FIGURE_CHARS]);
/* Days [from, to) with the last day included: "1-31 Aug 2026", "15 Aug - 14 Sep 2026"; the dash is
 * U+2013. A single day prints alone. */
const char *ts_figure_days(int32_t from_day, int32_t to_day, char out[TS_FIGURE_CHARS]);

#endif
