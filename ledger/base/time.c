/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "base/num.h"
#include <string.h>

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Hinnant's days_from_civil: years start in March, eras of 400 years have 146,097 days. */
int32_t ts_day_of_date(struct ts_date date)
{
	int64_t year = (int64_t)date.year - (date.month <= 2);
	int64_t era = floor_div(year, 400);
	int64_t year_of_era = year - era * 400;
	int64_t month = (date.month + 9) % 12; /* March is 0 */
	int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return (int32_t)(era * 146097 + day_of_era - 719468);
}

struct ts_date ts_date_of_day(int32_t day)
{
	int64_t shifted = (int64_t)day + 719468;
	int64_t era = floor_div(shifted, 146097);
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era -
			      (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153; /* March is 0 */
	return (struct ts_date){
		.year = (int32_t)(year_of_era + era * 400 + (month >= 10)),
		.month = (int32_t)(month < 10 ? month + 3 : month - 9),
		.day = (int32_t)(day_of_year - (153 * month + 2) / 5 + 1),
	};
}

int32_t ts_days_in_month(int32_t year, int32_t month)
{
	TS_ASSERT(month >= 1 && month <= 12);
	static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 2 && leap ? 29 : days[month - 1];
}

int32_t ts_month_of_day(int32_t day)
{
	struct ts_date date = ts_date_of_day(day);
	return date.year * 12 + date.month - 1;
}

int32_t ts_month_first_day(int32_t month)
{
	int32_t year = (int32_t)floor_div(month, 12);
	return ts_day_of_date((struct ts_date){year, month - year * 12 + 1, 1});
}

/* Takes exactly n digits off the front. */
static bool take_number(struct ts_str *rest, size_t n, int32_t *out)
{
	if (rest->len < n)
		return false;
	int32_t v = 0;
	for (size_t i = 0; i < n; i++) {
		if (rest->at[i] < '0' || rest->at[i] > '9')
			return false;
		v = v * 10 + (rest->at[i] - '0');
	}
	*rest = (struct ts_str){rest->at + n, rest->len - n};
	*out = v;
	return true;
}

static bool take_char(struct ts_str *rest, char c)
{
	if (rest->len == 0 || rest->at[0] != c)
		return false;
	*rest = (struct ts_str){rest->at + 1, rest->len - 1};
	return true;
}

static enum ts_err take_date(struct ts_str *rest, int32_t *day)
{
	struct ts_date date = {0};
	if (!take_number(rest, 4, &date.year) || !take_char(rest, '-') ||
		!take_number(rest, 2, &date.month) || !take_char(rest, '-') ||
		!take_number(rest, 2, &date.day))
		return TS_E_MALFORMED;
	if (date.year < 1970 || date.month < 1 || date.month > 12)
		return TS_E_RANGE;
	if (date.day < 1 || date.day > ts_days_in_month(date.year, date.month))
		return TS_E_RANGE;
	*day = ts_day_of_date(date);
	return TS_OK;
}

enum ts_err ts_date_parse(struct ts_str text, int32_t *day)
{
	int32_t v = 0;
	TS_TRY(take_date(&text, &v));
	if (text.len != 0)
		return TS_E_MALFORMED;
	*day = v;
	return TS_OK;
}

/* What is behind the seconds: nothing, or a point and 3 or 6 digits. */
static bool take_fraction(struct ts_str *rest, int32_t *us)
{
	*us = 0;
	if (!take_char(rest, '.'))
		return true;
	if (rest->len == 7)
		return take_number(rest, 6, us);
	if (!take_number(rest, 3, us))
		return false;
	*us *= 1000;
	return true;
}

enum ts_err ts_time_parse(struct ts_str text, int64_t *us)
{
	int32_t day = 0, hour = 0, minute = 0, second = 0, fraction = 0;
	TS_TRY(take_date(&text, &day));
	if (!take_char(&text, 'T') || !take_number(&text, 2, &hour) || !take_char(&text, ':') ||
		!take_number(&text, 2, &minute) || !take_char(&text, ':') ||
		!take_number(&text, 2, &second) || !take_fraction(&text, &fraction) ||
		!take_char(&text, 'Z') || text.len != 0)
		return TS_E_MALFORMED;
	if (hour > 23 || minute > 59 || second > 59)
		return TS_E_RANGE;
	int64_t seconds = (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
	*us = day * TS_US_PER_DAY + seconds * TS_US_PER_S + fraction;
	return TS_OK;
}

/* Digits of v with leading zeros; returns what is behind the last one. */
static char *put_number(char *at, int64_t v, int width)
{
	for (int i = width - 1; i >= 0; i--) {
		at[i] = (char)('0' + v % 10);
		v /= 10;
	}
	return at + width;
}

static const char *out_of_range(char out[TS_TIME_CHARS])
{
	static const char text[] = "(out of range)";
	memcpy(out, text, sizeof text);
	return out;
}

static char *put_date(char *at, int32_t day)
{
	struct ts_date date = ts_date_of_day(day);
	at = put_number(at, date.year, 4);
	*at++ = '-';
	at = put_number(at, date.month, 2);
	*at++ = '-';
	return put_number(at, date.day, 2);
}

const char *ts_date_format(int32_t day, char out[TS_TIME_CHARS])
{
	if (day < 0 || day >= TS_TIME_MAX / TS_US_PER_DAY)
		return out_of_range(out);
	*put_date(out, day) = '\0';
	return out;
}

const char *ts_month_format(int32_t month, char out[TS_TIME_CHARS])
{
	if (month < 1970 * 12 || month >= 10000 * 12)
		return out_of_range(out);
	char *at = put_number(out, month / 12, 4);
	*at++ = '-';
	*put_number(at, month % 12 + 1, 2) = '\0';
	return out;
}

const char *ts_time_format(int64_t us, char out[TS_TIME_CHARS])
{
	if (us < 0 || us >= TS_TIME_MAX)
		return out_of_range(out);
	int64_t rest = us % TS_US_PER_DAY;
	int64_t fraction = rest % TS_US_PER_S;
	char *at = put_date(out, (int32_t)(us / TS_US_PER_DAY));
	*at++ = 'T';
	at = put_number(at, rest / TS_US_PER_HOUR, 2);
	*at++ = ':';
	at = put_number(at, rest / (60 * TS_US_PER_S) % 60, 2);
	*at++ = ':';
	at = put_number(at, rest / TS_US_PER_S % 60, 2);
	if (fraction != 0) {
		*at++ = '.';
		bool ms = fraction % TS_US_PER_MS == 0;
		at = put_number(at, ms ? fraction / TS_US_PER_MS : fraction, ms ? 3 : 6);
	}
	*at++ = 'Z';
	*at = '\0';
	return out;
}

/* The wall-clock day at an instant; 128 bits because open ends are INT64_MIN and INT64_MAX. */
static int32_t wall_day(int64_t us, int32_t offset_minutes)
{
	ts_i128 local = (ts_i128)us + (ts_i128)offset_minutes * 60 * TS_US_PER_S;
	ts_i128 day = local / TS_US_PER_DAY - (local % TS_US_PER_DAY < 0);
	return (int32_t)day; /* |int64 / day| < 2^27 */
}

static int64_t segment_end(const struct ts_zone *zone, size_t i)
{
	return i + 1 < zone->n ? zone->offsets[i + 1].from_us : INT64_MAX;
}

/* A clock that is set back over midnight shows a day twice. The day stays the later one then, so
 * that days are half-open intervals: ts_zone_day(t) = d exactly for t in [start d, start d+1). */
int32_t ts_zone_day(const struct ts_zone *zone, int64_t us)
{
	TS_ASSERT(zone->n >= 1 && zone->offsets[0].from_us == INT64_MIN);
	int32_t day = wall_day(us < segment_end(zone, 0) ? us : segment_end(zone, 0) - 1,
		zone->offsets[0].offset_minutes);
	for (size_t i = 1; i < zone->n && zone->offsets[i].from_us <= us; i++) {
		int64_t end = segment_end(zone, i);
		int32_t reached = wall_day(
			us < end ? us : end - 1, zone->offsets[i].offset_minutes);
		day = reached > day ? reached : day;
	}
	return day;
}

int64_t ts_zone_day_start(const struct ts_zone *zone, int32_t day)
{
	TS_ASSERT(zone->n >= 1 && zone->offsets[0].from_us == INT64_MIN);
	for (size_t i = 0; i < zone->n; i++) {
		const struct ts_zone_offset *offset = &zone->offsets[i];
		ts_i128 start = (ts_i128)day * TS_US_PER_DAY -
				(ts_i128)offset->offset_minutes * 60 * TS_US_PER_S;
		if (start < offset->from_us)
			start = offset->from_us;
		if (start < segment_end(zone, i))
			return (int64_t)start;
	}
	return INT64_MAX;
}
