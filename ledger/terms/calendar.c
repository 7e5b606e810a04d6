/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/calendar.h"
#include <stdio.h>

#define MONTH_END (10000 * 12) /* exclusive: dates have four-digit years */

/* The anchor day of a month, or its last day. */
static int32_t anchor_day(const struct ts_terms *terms, int32_t month)
{
	int32_t first = ts_month_first_day(month), last = ts_month_first_day(month + 1) - 1;
	TS_ASSERT(terms->anchor_day >= 1 && terms->anchor_day <= 31);
	int32_t day = first + (int32_t)terms->anchor_day - 1;
	return day < last ? day : last;
}

/* The month whose anchor day is the last one at or before the day. */
static int32_t anchor_month(const struct ts_terms *terms, int32_t day)
{
	int32_t month = ts_month_of_day(day);
	return day >= anchor_day(terms, month) ? month : month - 1;
}

static int32_t months_of(const struct ts_terms *terms)
{
	return terms->months > 0 ? (int32_t)terms->months : 1;
}

/* The month in which the period of the term's first day begins. */
static int32_t first_month(const struct ts_terms *terms)
{
	int32_t month = anchor_month(terms, terms->from_day);
	return terms->month > 0
		       ? month - (month - ((int32_t)terms->month - 1) + 12) % months_of(terms)
		       : month;
}

enum ts_err ts_period_get(const struct ts_terms *terms, int32_t index, struct ts_period *out)
{
	int64_t month = (int64_t)first_month(terms) + (int64_t)index * months_of(terms);
	if (index < 0 || month + months_of(terms) >= MONTH_END)
		return TS_E_NOT_FOUND;
	struct ts_period p = {
		.index = index,
		.full_first_day = anchor_day(terms, (int32_t)month),
		.full_end_day = anchor_day(terms, (int32_t)month + months_of(terms)),
	};
	if (p.full_first_day >= terms->to_day)
		return TS_E_NOT_FOUND;
	p.first_day = p.full_first_day > terms->from_day ? p.full_first_day : terms->from_day;
	p.end_day = p.full_end_day < terms->to_day ? p.full_end_day : terms->to_day;
	p.from_us = ts_zone_day_start(&terms->zone, p.first_day);
	p.to_us = ts_zone_day_start(&terms->zone, p.end_day);
	TS_ASSERT(p.first_day < p.end_day && p.from_us <= p.to_us);
	*out = p;
	return TS_OK;
}

enum ts_err ts_period_at(const struct ts_terms *terms, int64_t us, struct ts_period *out)
{
	if (us < terms->from_us || us >= terms->to_us || us >= TS_TIME_MAX)
		return TS_E_NOT_FOUND;
	int32_t first = first_month(terms);
	int32_t month = anchor_month(terms, ts_zone_day(&terms->zone, us));
	TS_TRY(ts_period_get(terms, (month - first) / months_of(terms), out));
	TS_ASSERT(out->from_us <= us && us < out->to_us);
	return TS_OK;
}

const char *ts_period_name(const struct ts_period *period, char out[TS_TIME_CHARS])
{
	int32_t month = ts_month_of_day(period->full_first_day);
	if (period->full_first_day == ts_month_first_day(month) &&
		period->full_end_day == ts_month_first_day(month + 1))
		return ts_month_format(month, out);
	char from[TS_TIME_CHARS];
	char to[TS_TIME_CHARS];
	int len = snprintf(out, TS_TIME_CHARS, "%.10s..%.10s",
		ts_date_format(period->first_day, from), ts_date_format(period->end_day, to));
	TS_ASSERT(len > 0 && len < TS_TIME_CHARS);
	return out;
}
