/* SPDX-License-Identifier: Apache-2.0 */
#include "service/contract/zone_table.h"
#include "base/json.h"
#include "base/time.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define YEARS_MAX 60
#define OPEN_TERM_DAYS 3653 /* offsets of an open term are tabled for ten years */

static enum ts_err offset_at(int64_t us, int32_t *minutes, struct ts_why *why)
{
	time_t t = (time_t)(us / TS_US_PER_S);
	struct tm tm;
	if (localtime_r(&t, &tm) == NULL)
		return ts_why(why, TS_E_RANGE, "zone", "an instant is out of range");
	if (tm.tm_gmtoff % 900 != 0)
		return ts_why(why, TS_E_INVALID, "zone",
			"the offset %ld s is no whole quarter-hour", tm.tm_gmtoff);
	*minutes = (int32_t)(tm.tm_gmtoff / 60);
	return TS_OK;
}

static enum ts_err put(json_t *table, bool first, int64_t from_us, int32_t minutes)
{
	char text[TS_TIME_CHARS];
	json_t *row = first ? json_pack("{s:i}", "offset_minutes", minutes)
			    : json_pack("{s:s,s:i}", "from", ts_time_format(from_us, text),
				      "offset_minutes", minutes);
	return row == NULL || json_array_append_new(table, row) != 0 ? TS_E_NO_MEMORY : TS_OK;
}

/* Day by day, and by quarter-hours within a day whose ends differ. */
static enum ts_err fill(json_t *table, int64_t from_us, int64_t to_us, struct ts_why *why)
{
	int32_t now = 0, next = 0;
	TS_TRY(offset_at(from_us, &now, why));
	TS_TRY(put(table, true, 0, now));
	for (int64_t day = from_us; day < to_us; day += TS_US_PER_DAY) {
		TS_TRY(offset_at(day + TS_US_PER_DAY, &next, why));
		if (next == now)
			continue;
		for (int64_t t = day; t <= day + TS_US_PER_DAY; t += TS_US_PER_QUARTER) {
			TS_TRY(offset_at(t, &next, why));
			if (next != now)
				TS_TRY(put(table, false, t, next));
			now = next;
		}
	}
	return TS_OK;
}

static enum ts_err known(const char *zone, struct ts_why *why)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
	if (strstr(zone, "..") != NULL || zone[0] == '/' || n < 0 || (size_t)n >= sizeof path ||
		access(path, R_OK) != 0)
		return ts_why(why, TS_E_NOT_FOUND, "zone",
			"\"%s\" is not in this machine's zone database (package tzdata)", zone);
	return TS_OK;
}

enum ts_err ts_zone_table(
	const char *zone, int64_t from_us, int64_t to_us, json_t **out, struct ts_why *why)
{
	bool utc = strcmp(zone, "UTC") == 0;
	if (!utc)
		TS_TRY(known(zone, why));
	if (to_us - from_us > YEARS_MAX * 366 * TS_US_PER_DAY)
		return ts_why(why, TS_E_RANGE, "term", "longer than %d years", YEARS_MAX);
	json_t *table = json_array();
	if (table == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = TS_OK;
	if (utc) {
		err = put(table, true, 0, 0);
	} else {
		setenv("TZ", zone, 1);
		tzset();
		err = fill(table, from_us - from_us % TS_US_PER_QUARTER, to_us, why);
	}
	if (err != TS_OK) {
		json_decref(table);
		return err;
	}
	*out = table;
	return TS_OK;
}

enum ts_err ts_zone_fill(json_t *terms, struct ts_why *why)
{
	json_t *zone = json_object_get(terms, "zone");
	const char *name = json_string_value(json_object_get(zone, "name"));
	const char *from = json_string_value(
		json_object_get(json_object_get(terms, "term"), "from"));
	const char *to = json_string_value(json_object_get(json_object_get(terms, "term"), "to"));
	if (name == NULL || from == NULL)
		return ts_why(
			why, TS_E_MISSING_FIELD, "/zone/name", "zone.name and term.from needed");
	if (json_object_get(zone, "offsets") != NULL)
		return TS_OK;
	int32_t first = 0, last = 0;
	if (ts_date_parse(ts_str(from), &first) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "/term/from", "\"%s\" is no YYYY-MM-DD", from);
	last = first + OPEN_TERM_DAYS;
	if (to != NULL && ts_date_parse(ts_str(to), &last) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "/term/to", "\"%s\" is no YYYY-MM-DD", to);
	json_t *table = NULL;
	TS_TRY(ts_zone_table(name, first * TS_US_PER_DAY - TS_US_PER_DAY,
		(last + 2) * TS_US_PER_DAY, &table, why));
	return json_object_set_new(zone, "offsets", table) != 0 ? TS_E_NO_MEMORY : TS_OK;
}

enum ts_err ts_zone_check(const char *terms, size_t len, struct ts_why *why)
{
	__attribute__((cleanup(ts_json_cleanup))) json_t *json = NULL;
	struct ts_why inner = {0};
	TS_TRY(ts_json_parse(terms, len, &json, why));
	const char *name = json_string_value(
		json_object_get(json_object_get(json, "zone"), "name"));
	if (name != NULL && strcmp(name, "UTC") != 0 && known(name, &inner) != TS_OK)
		return ts_why(why, TS_E_INVALID, "/zone/name",
			"\"%.64s\" is no zone of the IANA database", name);
	return TS_OK;
}
