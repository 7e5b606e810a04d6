/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BASE_TIME_H
#define TS_BASE_TIME_H
/* Why: time is int64 microseconds UTC (no leap seconds, as POSIX), half-open intervals; civil dates
 * are proleptic Gregorian (algorithm: H. Hinnant, "chrono-compatible low-level date algorithms").
 * Nothing here reads a clock or a zone database: a zone is a table of offsets that was signed. */
#include "base/err.h"
#include "base/text.h"
#include <stdbool.h>
#include <stdint.h>

#define TS_US_PER_MS INT64_C(1000)
#define TS_US_PER_S INT64_C(1000000)
#define TS_US_PER_QUARTER (INT64_C(900) * TS_US_PER_S)
#define TS_US_PER_HOUR (INT64_C(3600) * TS_US_PER_S)
#define TS_US_PER_DAY (INT64_C(86400) * TS_US_PER_S)
#define TS_TIME_MAX INT64_C(253402300800000000) /* 10000-01-01T00:00:00Z, exclusive */

struct ts_date {
	int32_t year;
	int32_t month; /* 1..12 */
	int32_t day; /* 1..31 */
};
/* Days since 1970-01-01; the civil day number used everywhere as `day`. */
int32_t ts_day_of_date(struct ts_date date);
struct ts_date ts_date_of_day(int32_t day);
int32_t ts_days_in_month(int32_t year, int32_t month);
/* yyyy*12 + (month-1): a month as one number, ordered. */
int32_t ts_month_of_day(int32_t day);
int32_t ts_month_first_day(int32_t month);

/* RFC 3339 with Z only, years 1970..9999; fraction of 0, 3 or 6 digits; one spelling on output
 * (fraction only when not zero, then 3 or 6 digits). */
#define TS_TIME_CHARS 32
enum ts_err ts_time_parse(struct ts_str text, int64_t *us) TS_MUST;
const char *ts_time_format(int64_t us, char out[TS_TIME_CHARS]);
enum ts_err ts_date_parse(struct ts_str text, int32_t *day) TS_MUST; /* YYYY-MM-DD */
const char *ts_date_format(int32_t day, char out[TS_TIME_CHARS]);
const char *ts_month_format(int32_t month, char out[TS_TIME_CHARS]); /* YYYY-MM */

/* A zone as signed in the terms: offsets[i] holds from offsets[i].from_us on; the first from_us is
 * INT64_MIN. Offsets are whole quarter-hours. n >= 1, from_us rising. */
struct ts_zone_offset {
	int64_t from_us;
	int32_t offset_minutes;
};
struct ts_zone {
	const char *name;
	const struct ts_zone_offset *offsets;
	size_t n;
};
/* The zone's civil day that contains the instant. */
int32_t ts_zone_day(const struct ts_zone *zone, int64_t us);
/* The instant at which the civil day begins (first instant t with ts_zone_day(t) >= day). */
int64_t ts_zone_day_start(const struct ts_zone *zone, int32_t day);

#endif
