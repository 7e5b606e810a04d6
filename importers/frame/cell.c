/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/cell.h"
#include "base/time.h"
#include <string.h>

#define EPOCH_S_MAX INT64_C(253402300800) /* the year 10000 */
#define DURATION_MS_MAX INT64_C(400000000000000) /* twelve thousand years */
#define DIGITS_MAX 38 /* of a number: fits 128 bits */

/* n decimal digits at *at, which moves on. */
static bool take_digits(struct ts_str *text, size_t n, int32_t *out)
{
	int32_t value = 0;
	if (text->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = text->at[i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*text = (struct ts_str){text->at + n, text->len - n};
	*out = value;
	return true;
}

static bool take_char(struct ts_str *text, char c)
{
	if (text->len == 0 || text->at[0] != c)
		return false;
	*text = (struct ts_str){text->at + 1, text->len - 1};
	return true;
}

/* ".123456" to milliseconds; 1 to 9 digits. */
static bool take_fraction(struct ts_str *text, int64_t *ms)
{
	int64_t value = 0;
	size_t n = 0;
	for (; n < text->len && text->at[n] >= '0' && text->at[n] <= '9'; n++)
		if (n < 3)
			value = value * 10 + (text->at[n] - '0');
	if (n == 0 || n > 9)
		return false;
	for (size_t i = n; i < 3; i++)
		value *= 10;
	*text = (struct ts_str){text->at + n, text->len - n};
	*ms = value;
	return true;
}

/* What stands behind the seconds: nothing, Z, UTC or an offset. */
static enum ts_err take_zone(struct ts_str text, unsigned accept, int64_t *ms)
{
	int32_t hours = 0;
	int32_t minutes = 0;
	if (text.len == 0)
		return accept & TS_STAMP_UTC ? TS_OK : TS_E_INVALID;
	if (ts_str_is(text, "Z") || ts_str_is(text, "UTC") || ts_str_is(text, " UTC"))
		return accept & TS_STAMP_ZONED ? TS_OK : TS_E_MALFORMED;
	char sign = text.at[0];
	if (sign != '+' && sign != '-')
		return sign == ' ' ? TS_E_INVALID : TS_E_MALFORMED; /* " PST" */
	text = (struct ts_str){text.at + 1, text.len - 1};
	if (!take_digits(&text, 2, &hours) || (text.len == 3 && !take_char(&text, ':')) ||
		(text.len && !take_digits(&text, 2, &minutes)) || text.len || hours > 15 ||
		minutes > 59 || !(accept & TS_STAMP_ZONED))
		return TS_E_MALFORMED;
	int64_t offset_ms = (int64_t)(hours * 60 + minutes) * 60000;
	*ms -= sign == '+' ? offset_ms : -offset_ms;
	return TS_OK;
}

static enum ts_err civil(struct ts_str text, unsigned accept, int64_t *ms)
{
	struct ts_date date = {0};
	int32_t hour = 0;
	int32_t minute = 0;
	int32_t second = 0;
	int64_t fraction_ms = 0;
	if (!take_digits(&text, 4, &date.year) || !take_char(&text, '-') ||
		!take_digits(&text, 2, &date.month) || !take_char(&text, '-') ||
		!take_digits(&text, 2, &date.day))
		return TS_E_MALFORMED;
	if (date.year < 1970)
		return TS_E_RANGE;
	if (date.month < 1 || date.month > 12 || date.day < 1 ||
		date.day > ts_days_in_month(date.year, date.month))
		return TS_E_MALFORMED;
	int64_t value = (int64_t)ts_day_of_date(date) * (TS_US_PER_DAY / TS_US_PER_MS);
	if (text.len == 0) {
		if (!(accept & TS_STAMP_DATE))
			return TS_E_MALFORMED;
		*ms = value;
		return TS_OK;
	}
	if ((!take_char(&text, 'T') && !take_char(&text, ' ')) || !take_digits(&text, 2, &hour) ||
		!take_char(&text, ':') || !take_digits(&text, 2, &minute) ||
		!take_char(&text, ':') || !take_digits(&text, 2, &second) || hour > 23 ||
		minute > 59 || second > 59)
		return TS_E_MALFORMED;
	if (take_char(&text, '.') && !take_fraction(&text, &fraction_ms))
		return TS_E_MALFORMED;
	value += ((int64_t)(hour * 60 + minute) * 60 + second) * 1000 + fraction_ms;
	TS_TRY(take_zone(text, accept, &value));
	if (value < 0)
		return TS_E_RANGE;
	*ms = value;
	return TS_OK;
}

/* Digits, perhaps with a fraction: since 1970 in units of unit_ms. */
static enum ts_err epoch(struct ts_str text, int64_t unit_ms, int64_t *ms)
{
	int64_t fraction_ms = 0;
	int64_t value = 0;
	struct ts_str rest = text;
	struct ts_str whole = ts_str_cut(&rest, '.');
	if (rest.at && (!take_fraction(&rest, &fraction_ms) || rest.len))
		return TS_E_MALFORMED;
	enum ts_err err = ts_text_u63(whole, &value);
	if (err != TS_OK)
		return err;
	if (value == 0 || value >= EPOCH_S_MAX * 1000 / unit_ms)
		return TS_E_RANGE;
	*ms = value * unit_ms + (unit_ms == 1000 ? fraction_ms : 0);
	return TS_OK;
}

enum ts_err ts_stamp(struct ts_str text, unsigned accept, int64_t *ms)
{
	bool digits = text.len > 0;
	for (size_t i = 0; i < text.len && digits; i++)
		digits = (text.at[i] >= '0' && text.at[i] <= '9') || text.at[i] == '.';
	if (digits && accept & TS_STAMP_EPOCH_S)
		return epoch(text, 1000, ms);
	if (digits && accept & TS_STAMP_EPOCH_MS)
		return epoch(text, 1, ms);
	return civil(text, accept, ms);
}

/* Decimal digits with leading zeros allowed, between min and max of them. */
static bool whole_number(struct ts_str text, size_t min, size_t max, int64_t *out)
{
	int64_t value = 0;
	if (text.len < min || text.len > max || max > 18)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		value = value * 10 + (text.at[i] - '0');
	}
	*out = value;
	return true;
}

static bool clock_duration(struct ts_str text, int64_t *ms)
{
	int64_t days = 0;
	int64_t fraction_ms = 0;
	int64_t parts[3] = {0};
	size_t n = 0;
	bool has_days = text.len && memchr(text.at, '-', text.len);
	if (has_days && !whole_number(ts_str_cut(&text, '-'), 1, 6, &days))
		return false;
	struct ts_str fraction = text;
	text = ts_str_cut(&fraction, '.');
	if (fraction.at && (!take_fraction(&fraction, &fraction_ms) || fraction.len))
		return false;
	while (text.at) {
		if (n == 3 || !whole_number(ts_str_cut(&text, ':'), 2, 2, &parts[n]))
			return false;
		n++;
	}
	if (n < 2 || (has_days && n != 3))
		return false;
	int64_t hour = n == 3 ? parts[0] : 0;
	int64_t minute = parts[n - 2];
	int64_t second = parts[n - 1];
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*ms = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction_ms;
	return true;
}

/* P1DT2H3M4.5S: units in this order, each at most once. */
static bool iso_duration(struct ts_str text, int64_t *ms)
{
	static const struct {
		char letter;
		bool time;
		int64_t ms;
	} units[] = {{'W', false, 604800000}, {'D', false, 86400000}, {'H', true, 3600000},
		{'M', true, 60000}, {'S', true, 1000}};
	int64_t total = 0;
	size_t next = 0;
	bool time = false;
	bool any = false;
	if (!take_char(&text, 'P'))
		return false;
	while (text.len) {
		if (!time && take_char(&text, 'T')) {
			time = true;
			any = false; /* a T has something behind it */
			continue;
		}
		size_t n = 0;
		int64_t value = 0;
		int64_t fraction_ms = 0;
		while (n < text.len && text.at[n] >= '0' && text.at[n] <= '9')
			n++;
		if (!whole_number((struct ts_str){text.at, n}, 1, 12, &value))
			return false;
		text = (struct ts_str){text.at + n, text.len - n};
		bool has_fraction = take_char(&text, '.');
		if (has_fraction && !take_fraction(&text, &fraction_ms))
			return false;
		while (next < 5 && (text.len == 0 || units[next].letter != text.at[0] ||
					   units[next].time != time))
			next++;
		if (next == 5 || (has_fraction && units[next].letter != 'S'))
			return false;
		text = (struct ts_str){text.at + 1, text.len - 1};
		if (__builtin_mul_overflow(value, units[next++].ms, &value) ||
			value > DURATION_MS_MAX || total > DURATION_MS_MAX)
			return false;
		total += value + fraction_ms;
		any = true;
	}
	if (any)
		*ms = total;
	return any;
}

enum ts_err ts_duration(struct ts_str text, unsigned accept, int64_t *ms)
{
	int64_t seconds = 0;
	if (accept & TS_DURATION_S && whole_number(text, 1, 15, &seconds)) {
		*ms = seconds * 1000;
		return TS_OK;
	}
	if (accept & TS_DURATION_CLOCK && clock_duration(text, ms))
		return TS_OK;
	if (accept & TS_DURATION_ISO && iso_duration(text, ms))
		return TS_OK;
	return TS_E_MALFORMED;
}

/* A number as digits and a power of ten. */
struct parts {
	bool negative;
	ts_i128 digits;
	int exponent;
};

/* The exponent's digits; one beyond all use is cut to 1,000. */
static bool take_exponent(struct ts_str *text, int *out)
{
	bool negative = take_char(text, '-');
	int value = 0;
	size_t n = 0;
	if (!negative)
		(void)take_char(text, '+');
	for (; n < text->len && text->at[n] >= '0' && text->at[n] <= '9'; n++)
		if (value < 1000)
			value = value * 10 + (text->at[n] - '0');
	*text = (struct ts_str){text->at + n, text->len - n};
	*out = negative ? -value : value;
	return n != 0;
}

static enum ts_err split_number(struct ts_str text, struct parts *out)
{
	struct parts parts = {0};
	int kept = 0;
	size_t seen = 0;
	bool point = false;
	parts.negative = take_char(&text, '-');
	for (; text.len; text = (struct ts_str){text.at + 1, text.len - 1}) {
		char c = text.at[0];
		if (c == '.' && !point && seen) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		seen++;
		if (point)
			parts.exponent--;
		if (kept == DIGITS_MAX) {
			if (c != '0')
				return TS_E_OVERFLOW;
			parts.exponent++;
			continue;
		}
		parts.digits = parts.digits * 10 + (c - '0');
		kept += parts.digits != 0;
	}
	if (seen == 0)
		return TS_E_MALFORMED;
	int exponent = 0;
	if ((take_char(&text, 'e') || take_char(&text, 'E')) && !take_exponent(&text, &exponent))
		return TS_E_MALFORMED;
	if (text.len)
		return TS_E_MALFORMED;
	parts.exponent += exponent;
	*out = parts;
	return TS_OK;
}

/* digits * 10^exponent; *exact false: something behind the unit was rounded half away. */
static enum ts_err scaled(struct ts_str text, int scale, ts_i128 *out, bool *exact)
{
	struct parts parts;
	TS_TRY(split_number(text, &parts));
	ts_i128 value = parts.digits;
	int exponent = parts.exponent + scale;
	*exact = true;
	for (; exponent > 0 && value != 0; exponent--)
		TS_TRY(ts_mul128(value, 10, &value));
	bool up = false;
	for (; exponent < 0 && (value != 0 || up); exponent++) {
		*exact = *exact && value % 10 == 0;
		up = value % 10 >= 5;
		value /= 10;
	}
	if (up)
		TS_TRY(ts_add128(value, 1, &value));
	*out = parts.negative ? -value : value;
	return TS_OK;
}

enum ts_err ts_number(struct ts_str text, int scale, int64_t *out)
{
	ts_i128 value = 0;
	bool exact = false;
	TS_TRY(scaled(text, scale, &value, &exact));
	if (!exact)
		return TS_E_INVALID;
	return ts_to64(value, out);
}

enum ts_err ts_number_rounded(struct ts_str text, int scale, ts_i128 *out)
{
	bool exact = false;
	return scaled(text, scale, out, &exact);
}

/* The field's name for people: its first alternative. */
static struct ts_str name_of(const struct ts_field *fields, size_t field)
{
	struct ts_str names = ts_str(fields[field].names);
	return ts_str_cut(&names, '|');
}

static bool is_there(
	const struct ts_item *item, const struct ts_field *fields, size_t field, struct ts_row *row)
{
	if (item->cells[field].len)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED, "field_missing", "no %.*s",
		TS_SHOW(name_of(fields, field)));
	return false;
}

bool ts_cell_stamp(const struct ts_item *item, const struct ts_field *fields, size_t field,
	unsigned accept, int64_t *ms, struct ts_row *row)
{
	struct ts_str text = item->cells[field];
	if (!is_there(item, fields, field, row))
		return false;
	enum ts_err err = ts_stamp(text, accept, ms);
	if (err == TS_OK)
		return true;
	const char *reason = err == TS_E_INVALID ? "zone_missing"
			     : err == TS_E_RANGE ? "time_out_of_range"
						 : "time_malformed";
	ts_row_judge(row, TS_ROW_QUARANTINED, reason, "%.*s \"%.*s\"",
		TS_SHOW(name_of(fields, field)), TS_SHOW(text));
	return false;
}

bool ts_cell_duration(const struct ts_item *item, const struct ts_field *fields, size_t field,
	unsigned accept, int64_t *ms, struct ts_row *row)
{
	if (!is_there(item, fields, field, row))
		return false;
	if (ts_duration(item->cells[field], accept, ms) == TS_OK)
		return true;
	ts_row_judge(row, TS_ROW_QUARANTINED, "duration_malformed", "%.*s \"%.*s\"",
		TS_SHOW(name_of(fields, field)), TS_SHOW(item->cells[field]));
	return false;
}

bool ts_cell_number(const struct ts_item *item, const struct ts_field *fields, size_t field,
	int scale, int64_t min, int64_t max, int64_t *out, struct ts_row *row)
{
	struct ts_str text = item->cells[field];
	int64_t value = 0;
	if (!is_there(item, fields, field, row))
		return false;
	enum ts_err err = ts_number(text, scale, &value);
	if (err == TS_OK && value >= min && value <= max) {
		*out = value;
		return true;
	}
	const char *reason = err == TS_E_MALFORMED ? "number_malformed"
			     : err == TS_E_INVALID ? "number_not_whole"
						   : "number_out_of_range";
	ts_row_judge(row, TS_ROW_QUARANTINED, reason, "%.*s \"%.*s\" is not %lld..%lld (10^-%d)",
		TS_SHOW(name_of(fields, field)), TS_SHOW(text), (long long)min, (long long)max,
		scale);
	return false;
}

bool ts_row_span(int64_t start_ms, int64_t end_ms, struct ts_row *row)
{
	if (end_ms > start_ms)
		return true;
	if (end_ms == start_ms)
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "zero_elapsed", "start and end are %lld ms",
			(long long)start_ms);
	else
		ts_row_judge(row, TS_ROW_QUARANTINED, "end_before_start",
			"start %lld ms, end %lld ms", (long long)start_ms, (long long)end_ms);
	return false;
}
