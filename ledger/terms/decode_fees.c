/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include <stdlib.h>
#include <string.h>

struct raw_fee { /* a fee or a minimum */
	const char *id, *section, *description, *treatment, *billed;
	const json_t *schedule, *blocks, *counts, *on, *invoices;
	struct ts_decimal overage_factor;
	const char *recognition;
};
static const struct ts_json_field fee_fields[] = {
	{"id", TS_JSON_STRING, true, offsetof(struct raw_fee, id), 1, TS_TERMS_TOKEN_MAX},
	{"section", TS_JSON_STRING, false, offsetof(struct raw_fee, section), 1, 80},
	{"description", TS_JSON_STRING, true, offsetof(struct raw_fee, description), 1, 200},
	{"schedule", TS_JSON_ARRAY, false, offsetof(struct raw_fee, schedule), 0,
		TS_TERMS_SEGMENTS_MAX},
	{"treatment", TS_JSON_STRING, true, offsetof(struct raw_fee, treatment), 1,
		TS_TERMS_TOKEN_MAX},
	{"blocks", TS_JSON_ARRAY, false, offsetof(struct raw_fee, blocks), 0,
		TS_TERMS_BLOCKS_MAX}, /* fees only, as what follows */
	{"billed", TS_JSON_STRING, false, offsetof(struct raw_fee, billed), 1, 20},
	{"invoices", TS_JSON_ARRAY, false, offsetof(struct raw_fee, invoices), 0,
		TS_TERMS_INSTALLMENTS_MAX},
};
static const struct ts_json_field minimum_fields[] = {
	{"id", TS_JSON_STRING, true, offsetof(struct raw_fee, id), 1, TS_TERMS_TOKEN_MAX},
	{"section", TS_JSON_STRING, false, offsetof(struct raw_fee, section), 1, 80},
	{"description", TS_JSON_STRING, true, offsetof(struct raw_fee, description), 1, 200},
	{"schedule", TS_JSON_ARRAY, true, offsetof(struct raw_fee, schedule), 0,
		TS_TERMS_SEGMENTS_MAX},
	{"treatment", TS_JSON_STRING, true, offsetof(struct raw_fee, treatment), 1,
		TS_TERMS_TOKEN_MAX},
	{"counts", TS_JSON_ARRAY, true, offsetof(struct raw_fee, counts), 0, 2},
	{"on", TS_JSON_OBJECT, false, offsetof(struct raw_fee, on), 0, 0},
	{"overage_factor", TS_JSON_DECIMAL, false, offsetof(struct raw_fee, overage_factor), 0, 0},
	{"recognition", TS_JSON_STRING, false, offsetof(struct raw_fee, recognition), 1, 20},
};
#define OVERAGE_FACTOR_MAX (100 * TS_PICO)

struct raw_segment {
	int32_t from, to;
	const char *amount;
};
static const struct ts_json_field segment_fields[] = {
	{"from", TS_JSON_DATE, true, offsetof(struct raw_segment, from), 0, 0},
	{"to", TS_JSON_DATE, false, offsetof(struct raw_segment, to), 0, 0},
	{"amount", TS_JSON_STRING, true, offsetof(struct raw_segment, amount), 1, 40},
};
struct raw_block {
	int64_t count;
	int32_t accepted, to;
	const char *amount;
};
static const struct ts_json_field block_fields[] = {
	{"count", TS_JSON_INT, true, offsetof(struct raw_block, count), 1, 10000000},
	{"amount", TS_JSON_STRING, true, offsetof(struct raw_block, amount), 1, 40},
	{"accepted", TS_JSON_DATE, true, offsetof(struct raw_block, accepted), 0, 0},
	{"to", TS_JSON_DATE, false, offsetof(struct raw_block, to), 0, 0},
};
static const struct ts_json_field exclusion_fields[] = {
	{"class", TS_JSON_STRING, true, offsetof(struct ts_exclusion, pricing_class), 1,
		TS_TERMS_TOKEN_MAX},
	{"reason", TS_JSON_STRING, true, offsetof(struct ts_exclusion, reason), 1, 200},
	{"caused_by", TS_JSON_STRING, false, offsetof(struct ts_exclusion, caused_by), 1, 20},
	{"counts_as", TS_JSON_STRING, false, offsetof(struct ts_exclusion, counts_as), 1,
		TS_TERMS_TOKEN_MAX},

};

enum ts_err ts_decode_days(const struct ts_decode *d, int32_t before, int32_t from_day,
	int32_t to_day, const char *pointer)
{
	char from[TS_TIME_CHARS], end[TS_TIME_CHARS];
	ts_date_format(from_day, from);
	if (from_day >= to_day)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"from %s must be before to (days are half-open)", from);
	if (from_day < d->terms->from_day || to_day > d->terms->to_day)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"the segment from %s lies outside the term", from);
	if (from_day < before)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"from %s overlaps the segment before, which ends on %s", from,
			ts_date_format(before, end));
	return TS_OK;
}

enum ts_err ts_decode_schedule(const struct ts_decode *d, const json_t *array, const char *pointer,
	const struct ts_segment **out, size_t *n)
{
	struct ts_segment *segments = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *segments, &segments, n));
	if (*n == 0)
		return ts_why(d->why, TS_E_INVALID, pointer, "the schedule is empty");
	for (size_t i = 0; i < *n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, pointer, "schedule", i);
		struct raw_segment raw = {.to = d->terms->to_day};
		TS_TRY(ts_decode_object(d, json_array_get(array, i), segment_fields,
			sizeof segment_fields / sizeof segment_fields[0], false, &raw, at));
		segments[i].from_day = raw.from;
		segments[i].to_day = raw.to;
		TS_TRY(ts_decode_money(d, raw.amount, at, "amount", &segments[i].amount_minor));
		TS_TRY(ts_decode_days(
			d, i > 0 ? segments[i - 1].to_day : INT32_MIN, raw.from, raw.to, at));
	}
	*out = segments;
	return TS_OK;
}

static enum ts_err decode_raw(const struct ts_decode *d, const json_t *obj,
	const struct ts_json_field *fields, size_t n, const char *pointer, struct raw_fee *raw)
{
	TS_TRY(ts_decode_object(d, obj, fields, n, true, raw, pointer));
	if (!raw->id || (raw->schedule != NULL) == (raw->blocks != NULL))
		return ts_why(d->why, TS_E_MISSING_FIELD, pointer,
			"a fee needs \"id\" and either \"schedule\" or \"blocks\", a minimum "
			"\"id\" and \"schedule\"");
	TS_TRY(ts_decode_token(d, raw->id, pointer, "id"));
	raw->section = raw->section ? raw->section : "";
	raw->description = raw->description ? raw->description : raw->id;
	return TS_OK;
}

/* Blocks of a delivery ramp, each from the day it was accepted, as one schedule: what all blocks
 * cost together changes on the days on which one begins or ends. */
struct block {
	int32_t from_day, to_day;
	int64_t amount_minor; /* of the whole block per full period */
};

static enum ts_err decode_block(
	const struct ts_decode *d, const json_t *obj, const char *pointer, struct block *out)
{
	struct raw_block raw = {.to = d->terms->to_day};
	int64_t each = 0;
	TS_TRY(ts_decode_object(d, obj, block_fields, sizeof block_fields / sizeof block_fields[0],
		false, &raw, pointer));
	TS_TRY(ts_decode_days(d, INT32_MIN, raw.accepted, raw.to, pointer));
	TS_TRY(ts_decode_money(d, raw.amount, pointer, "amount", &each));
	*out = (struct block){raw.accepted, raw.to, 0};
	if (ts_mul64(each, raw.count, &out->amount_minor) != TS_OK)
		return ts_why(d->why, TS_E_OVERFLOW, pointer, "count x amount overflows");
	return TS_OK;
}

static int day_cmp(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static enum ts_err decode_blocks(
	const struct ts_decode *d, const json_t *array, const char *pointer, struct ts_fee *fee)
{
	struct block *blocks = NULL;
	size_t n = 0, used = 0;
	TS_TRY(ts_decode_array(d, array, sizeof *blocks, &blocks, &n));
	int32_t *edges = ts_region_array(d->region, 2 * n + 1, sizeof *edges);
	struct ts_segment *segments = ts_region_array(d->region, 2 * n + 1, sizeof *segments);
	if (!edges || !segments)
		return ts_why(d->why, TS_E_NO_MEMORY, "", "no memory for the terms");
	if (n == 0)
		return ts_why(d->why, TS_E_INVALID, pointer, "blocks are empty");
	for (size_t i = 0; i < n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, pointer, "blocks", i);
		TS_TRY(decode_block(d, json_array_get(array, i), at, &blocks[i]));
		edges[2 * i] = blocks[i].from_day;
		edges[2 * i + 1] = blocks[i].to_day;
	}
	qsort(edges, 2 * n, sizeof *edges, day_cmp);
	for (size_t i = 0; i + 1 < 2 * n; i++) {
		struct ts_segment s = {edges[i], edges[i + 1], 0};
		bool any = false;
		for (size_t k = 0; k < n && s.from_day < s.to_day; k++) {
			if (blocks[k].from_day > s.from_day || blocks[k].to_day <= s.from_day)
				continue;
			any = true;
			if (ts_add64(s.amount_minor, blocks[k].amount_minor, &s.amount_minor) !=
				TS_OK)
				return ts_why(d->why, TS_E_OVERFLOW, pointer, "blocks overflow");
		}
		if (any)
			segments[used++] = s;
	}
	fee->segments = segments;
	fee->segments_n = used;
	return TS_OK;
}

static enum ts_err decode_fees(const struct ts_decode *d, const json_t *array)
{
	struct ts_fee *fees = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *fees, &fees, &d->terms->fees_n));
	d->terms->fees = fees;
	for (size_t i = 0; i < d->terms->fees_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, "", "fees", i);
		struct raw_fee raw = {0};
		TS_TRY(decode_raw(d, json_array_get(array, i), fee_fields,
			sizeof fee_fields / sizeof fee_fields[0], at, &raw));
		fees[i].id = raw.id;
		fees[i].section = raw.section;
		fees[i].description = raw.description;
		TS_TRY(ts_decode_treatment(d, raw.treatment, at, &fees[i].treatment));
		if (raw.blocks)
			TS_TRY(decode_blocks(d, raw.blocks, at, &fees[i]));
		else
			TS_TRY(ts_decode_schedule(
				d, raw.schedule, at, &fees[i].segments, &fees[i].segments_n));
		TS_TRY(ts_decode_billing(d, raw.billed, raw.invoices, at, &fees[i]));
		for (size_t k = 0; k < i; k++) {
			if (strcmp(fees[k].id, fees[i].id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"two fees have the id \"%s\"", fees[i].id);
		}
	}
	return TS_OK;
}

static enum ts_err decode_counts(const struct ts_decode *d, const json_t *array,
	const char *pointer, struct ts_minimum *minimum)
{
	if (!array) {
		TS_ASSERT(d->what_if);
		minimum->counts_usage = true;
		minimum->counts_fees = true;
		return TS_OK;
	}
	for (size_t i = 0; i < json_array_size(array); i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, pointer, "counts", i);
		const char *text = json_string_value(json_array_get(array, i));
		bool usage = text && strcmp(text, "usage") == 0;
		bool fees = text && strcmp(text, "fees") == 0;
		if (!usage && !fees)
			return ts_why(d->why, TS_E_INVALID, at, "must be \"usage\" or \"fees\"");
		if (usage ? minimum->counts_usage : minimum->counts_fees)
			return ts_why(d->why, TS_E_INVALID, at, "\"%s\" stands twice", text);
		minimum->counts_usage = minimum->counts_usage || usage;
		minimum->counts_fees = minimum->counts_fees || fees;
	}
	if (!minimum->counts_usage && !minimum->counts_fees)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"counts is empty: a minimum that nothing counts toward is a fee");
	return TS_OK;
}

static enum ts_err decode_minimums(const struct ts_decode *d, const json_t *array)
{
	struct ts_minimum *rows = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *rows, &rows, &d->terms->minimums_n));
	d->terms->minimums = rows;
	for (size_t i = 0; i < d->terms->minimums_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, "", "minimums", i);
		struct raw_fee raw = {0};
		TS_TRY(decode_raw(d, json_array_get(array, i), minimum_fields,
			sizeof minimum_fields / sizeof minimum_fields[0], at, &raw));
		rows[i].id = raw.id;
		rows[i].section = raw.section;
		rows[i].description = raw.description;
		TS_TRY(ts_decode_treatment(d, raw.treatment, at, &rows[i].treatment));
		TS_TRY(decode_counts(d, raw.counts, at, &rows[i]));
		TS_TRY(ts_decode_cover(d, raw.on, at, &rows[i].on));
		rows[i].has_overage = json_object_get(json_array_get(array, i), "overage_factor") !=
				      NULL;
		rows[i].overage_factor = raw.overage_factor;
		TS_TRY(ts_decode_recognition(d, raw.recognition, at, &rows[i].proportional));
		if (raw.overage_factor.pico < 0 || raw.overage_factor.pico > OVERAGE_FACTOR_MAX)
			return ts_why(d->why, TS_E_RANGE, at, "overage_factor is outside 0 to 100");
		TS_TRY(ts_decode_schedule(
			d, raw.schedule, at, &rows[i].segments, &rows[i].segments_n));
		for (size_t k = 0; k < i; k++) {
			if (strcmp(rows[k].id, rows[i].id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"two minimums have the id \"%s\"", rows[i].id);
		}
	}
	return TS_OK;
}

static enum ts_err decode_exclusions(const struct ts_decode *d, const json_t *array)
{
	struct ts_exclusion *rows = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *rows, &rows, &d->terms->exclusions_n));
	d->terms->exclusions = rows;
	for (size_t i = 0; i < d->terms->exclusions_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, "", "exclusions", i);
		TS_TRY(ts_decode_object(d, json_array_get(array, i), exclusion_fields,
			sizeof exclusion_fields / sizeof exclusion_fields[0], false, &rows[i], at));
		TS_TRY(ts_decode_token(d, rows[i].pricing_class, at, "class"));
		if (strcmp(rows[i].pricing_class, "*") == 0)
			return ts_why(d->why, TS_E_INVALID, at, "\"*\" would exclude all usage");
		for (size_t k = 0; k < i; k++) {
			if (strcmp(rows[k].pricing_class, rows[i].pricing_class) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"class \"%s\" is excluded twice", rows[i].pricing_class);
		}
	}
	return TS_OK;
}

enum ts_err ts_decode_fees(const struct ts_decode *d, const struct ts_decode_root *root)
{
	TS_TRY(decode_fees(d, root->fees));
	TS_TRY(decode_minimums(d, root->minimums));
	return decode_exclusions(d, root->exclusions);
}
