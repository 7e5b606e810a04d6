/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include <inttypes.h>
#include <string.h>

#define OFFSET_MINUTES_MIN (-12 * 60) /* the zones of the world */
#define OFFSET_MINUTES_MAX (14 * 60)
#define FIRST_YEAR 1971 /* so that day edges in any zone are instants after 1970-01-01 */

struct raw_zone {
	const char *name;
	const json_t *offsets;
};
static const struct ts_json_field zone_fields[] = {
	{"name", TS_JSON_STRING, true, offsetof(struct raw_zone, name), 1, 64},
	{"offsets", TS_JSON_ARRAY, true, offsetof(struct raw_zone, offsets), 0,
		TS_ZONE_OFFSETS_MAX},
};
struct raw_offset {
	int64_t from_us, minutes;
};
static const struct ts_json_field offset_fields[] = {
	{"from", TS_JSON_TIME, false, offsetof(struct raw_offset, from_us), 0, 0},
	{"offset_minutes", TS_JSON_INT, true, offsetof(struct raw_offset, minutes),
		OFFSET_MINUTES_MIN, OFFSET_MINUTES_MAX},
};
struct raw_term {
	int32_t from, to;
};
static const struct ts_json_field term_fields[] = {
	{"from", TS_JSON_DATE, true, offsetof(struct raw_term, from), 0, 0},
	{"to", TS_JSON_DATE, false, offsetof(struct raw_term, to), 0, 0},
};
static const struct ts_json_field calendar_fields[] = {
	{"anchor_day", TS_JSON_INT, true, offsetof(struct ts_terms, anchor_day), 1, 31},
	{"month", TS_JSON_INT, false, offsetof(struct ts_terms, month), 1, 12},
	{"months", TS_JSON_INT, false, offsetof(struct ts_terms, months), 1, 12},
};
static const struct ts_zone_offset utc = {.from_us = INT64_MIN};

static enum ts_err check_offset(const struct ts_decode *d, const struct ts_zone_offset *offsets,
	size_t i, const char *pointer)
{
	char text[TS_TIME_CHARS];
	if (offsets[i].offset_minutes % 15 != 0)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"offset_minutes %" PRId32 " is no multiple of 15",
			offsets[i].offset_minutes);
	if ((i == 0) != (offsets[i].from_us == INT64_MIN))
		return ts_why(d->why, TS_E_INVALID, pointer,
			i == 0 ? "the first offset holds from the beginning and has no \"from\""
			       : "every offset but the first needs \"from\"");
	if (i == 0)
		return TS_OK;
	ts_time_format(offsets[i].from_us, text);
	if (offsets[i].from_us % TS_US_PER_QUARTER != 0)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"from %s is not on the quarter-hour grid", text);
	if (offsets[i].from_us <= offsets[i - 1].from_us)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"from %s is not after that of the offset before", text);
	return TS_OK;
}

static enum ts_err decode_zone(const struct ts_decode *d, const json_t *obj)
{
	struct ts_zone *zone = &d->terms->zone;
	if (!obj) {
		TS_ASSERT(d->what_if);
		*zone = (struct ts_zone){.name = "UTC", .offsets = &utc, .n = 1};
		return TS_OK;
	}
	struct raw_zone raw = {0};
	TS_TRY(ts_decode_object(d, obj, zone_fields, sizeof zone_fields / sizeof zone_fields[0],
		false, &raw, "/zone"));
	struct ts_zone_offset *offsets = NULL;
	TS_TRY(ts_decode_array(d, raw.offsets, sizeof *offsets, &offsets, &zone->n));
	if (zone->n == 0)
		return ts_why(d->why, TS_E_INVALID, "/zone/offsets", "is empty");
	for (size_t i = 0; i < zone->n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, "/zone", "offsets", i);
		struct raw_offset row = {.from_us = INT64_MIN};
		TS_TRY(ts_decode_object(d, json_array_get(raw.offsets, i), offset_fields,
			sizeof offset_fields / sizeof offset_fields[0], false, &row, at));
		offsets[i].from_us = row.from_us;
		offsets[i].offset_minutes = (int32_t)row.minutes;
		TS_TRY(check_offset(d, offsets, i, at));
	}
	zone->name = raw.name;
	zone->offsets = offsets;
	return TS_OK;
}

static enum ts_err decode_term(const struct ts_decode *d, const json_t *obj)
{
	struct ts_terms *t = d->terms;
	struct raw_term raw = {.to = INT32_MAX};
	char from[TS_TIME_CHARS], to[TS_TIME_CHARS];
	TS_TRY(ts_decode_object(d, obj, term_fields, sizeof term_fields / sizeof term_fields[0],
		false, &raw, "/term"));
	ts_date_format(raw.from, from);
	if (ts_date_of_day(raw.from).year < FIRST_YEAR)
		return ts_why(
			d->why, TS_E_RANGE, "/term/from", "%s is before %d", from, FIRST_YEAR);
	if (raw.to <= raw.from)
		return ts_why(d->why, TS_E_INVALID, "/term/to",
			"%s is not after from %s (days are half-open)", ts_date_format(raw.to, to),
			from);
	if (raw.to != INT32_MAX && raw.to - raw.from > TS_TERMS_TERM_DAYS_MAX)
		return ts_why(d->why, TS_E_RANGE, "/term/to",
			"the term has %" PRId32 " days, at most %d", raw.to - raw.from,
			TS_TERMS_TERM_DAYS_MAX);
	t->from_day = raw.from;
	t->to_day = raw.to;
	t->from_us = ts_zone_day_start(&t->zone, raw.from);
	t->to_us = raw.to == INT32_MAX ? INT64_MAX : ts_zone_day_start(&t->zone, raw.to);
	TS_ASSERT(t->from_us % TS_US_PER_QUARTER == 0);
	return TS_OK;
}

enum ts_err ts_decode_time(const struct ts_decode *d, const struct ts_decode_root *root)
{
	d->terms->anchor_day = 1;
	TS_TRY(decode_zone(d, root->zone));
	TS_TRY(decode_term(d, root->term));
	if (!root->calendar)
		return TS_OK;
	TS_TRY(ts_decode_object(d, root->calendar, calendar_fields,
		sizeof calendar_fields / sizeof calendar_fields[0], false, d->terms, "/calendar"));
	if (d->terms->month > 0 && (d->terms->months < 1 || 12 % d->terms->months != 0))
		return ts_why(d->why, TS_E_INVALID, "/calendar/month",
			"goes with months that divide a year: 1, 2, 3, 4, 6 or 12");
	return TS_OK;
}
