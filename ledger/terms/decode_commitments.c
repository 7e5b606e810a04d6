/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include <string.h>

#define FACTOR_MAX (100 * TS_PICO)

struct raw_commitment {
	const char *id, *section, *description, *price, *per, *window, *recognition;
	const json_t *schedule;
	struct ts_decimal overage_unit_price, overage_factor, shortfall_unit_price, rollover;
};
#define MEMBER(name, kind, required, min, max)                                                     \
	{                                                                                          \
#name, kind, required, offsetof(struct raw_commitment, name), min, max             \
	}
static const struct ts_json_field commitment_fields[] = {
	MEMBER(id, TS_JSON_STRING, true, 1, TS_TERMS_TOKEN_MAX),
	MEMBER(section, TS_JSON_STRING, false, 1, 80),
	MEMBER(description, TS_JSON_STRING, false, 1, 200),
	MEMBER(price, TS_JSON_STRING, true, 1, TS_TERMS_TOKEN_MAX),
	MEMBER(per, TS_JSON_STRING, true, 1, 20),
	MEMBER(window, TS_JSON_STRING, false, 1, TS_TERMS_TOKEN_MAX),
	MEMBER(schedule, TS_JSON_ARRAY, true, 1, TS_TERMS_SEGMENTS_MAX),
	MEMBER(overage_unit_price, TS_JSON_DECIMAL, false, 0, 0),
	MEMBER(overage_factor, TS_JSON_DECIMAL, false, 0, 0),
	MEMBER(shortfall_unit_price, TS_JSON_DECIMAL, false, 0, 0),
	MEMBER(rollover, TS_JSON_DECIMAL, false, 0, 0),
	MEMBER(recognition, TS_JSON_STRING, false, 1, 20),
};
struct raw_level {
	int32_t from, to;
	struct ts_decimal quantity;
};
static const struct ts_json_field level_fields[] = {
	{"from", TS_JSON_DATE, true, offsetof(struct raw_level, from), 0, 0},
	{"to", TS_JSON_DATE, false, offsetof(struct raw_level, to), 0, 0},
	{"quantity", TS_JSON_DECIMAL, true, offsetof(struct raw_level, quantity), 0, 0},
};
static const char *const per_names[] = {
	[TS_PER_PERIOD] = "period",
	[TS_PER_HOUR] = "hour",
	[TS_PER_QUARTER_HOUR] = "quarter_hour",
};
#define PER_N (sizeof per_names / sizeof per_names[0])

static bool has(const json_t *obj, const char *name)
{
	return json_object_get(obj, name) != NULL;
}

enum ts_err ts_decode_price_id(
	const struct ts_decode *d, const char *id, const char *pointer, size_t *index)
{
	for (size_t i = 0; i < d->terms->prices_n; i++) {
		if (strcmp(d->terms->prices[i].id, id) == 0) {
			*index = i;
			return TS_OK;
		}
	}
	return ts_why(d->why, TS_E_INVALID, pointer, "no price has the id \"%s\"", id);
}

enum ts_err ts_decode_levels(const struct ts_decode *d, const json_t *array, size_t sku,
	bool hourly, const char *pointer, const char *name, const struct ts_level **out, size_t *n)
{
	struct ts_level *levels = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *levels, &levels, n));
	*out = levels;
	if (*n == 0)
		return ts_why(d->why, TS_E_INVALID, pointer, "the %s is empty", name);
	for (size_t i = 0; i < *n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		struct raw_level raw = {.to = d->terms->to_day};
		ts_decode_pointer(at, pointer, name, i);
		TS_TRY(ts_decode_object(d, json_array_get(array, i), level_fields,
			sizeof level_fields / sizeof level_fields[0], false, &raw, at));
		TS_TRY(ts_decode_days(
			d, i > 0 ? levels[i - 1].to_day : INT32_MIN, raw.from, raw.to, at));
		levels[i] = (struct ts_level){.from_day = raw.from, .to_day = raw.to};
		TS_TRY(ts_decode_units(d, raw.quantity, d->terms->skus[sku].divisor, at, "quantity",
			&levels[i].quantity));
		if (hourly && levels[i].quantity % 4 != 0)
			return ts_why(d->why, TS_E_INVALID, at,
				"the quantity of an hour does not divide into quarter-hours");
	}
	return TS_OK;
}

static enum ts_err decode_per(const struct ts_decode *d, const struct raw_commitment *raw,
	const char *pointer, struct ts_commitment *c)
{
	size_t per = 0;
	struct ts_price as_price = {.region = TS_SELECT_ANY};
	while (per < PER_N && strcmp(raw->per, per_names[per]) != 0)
		per++;
	if (per == PER_N)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"per \"%s\" must be period, hour or quarter_hour", raw->per);
	c->per = (enum ts_per)per;
	if (raw->window != NULL && c->per == TS_PER_PERIOD)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"a window goes with a commitment per hour or quarter_hour");
	TS_TRY(ts_decode_selectors(d, NULL, NULL, raw->window, pointer, &as_price));
	c->window = as_price.window;
	return TS_OK;
}

static enum ts_err check_factors(const struct ts_decode *d, const struct raw_commitment *raw,
	const struct ts_commitment *c, const char *pointer)
{
	if (raw->overage_unit_price.pico < 0 || raw->shortfall_unit_price.pico < 0)
		return ts_why(d->why, TS_E_RANGE, pointer, "a unit price is negative");
	if (raw->overage_factor.pico < 0 || raw->overage_factor.pico > FACTOR_MAX)
		return ts_why(d->why, TS_E_RANGE, pointer, "overage_factor is outside 0 to 100");
	if (raw->rollover.pico < 0 || raw->rollover.pico > TS_PICO)
		return ts_why(d->why, TS_E_RANGE, pointer, "rollover is outside 0 to 1");
	if (raw->rollover.pico > 0 && (!c->has_shortfall || c->per != TS_PER_PERIOD))
		return ts_why(d->why, TS_E_INVALID, pointer,
			"rollover needs per period and a shortfall_unit_price: only what was paid "
			"for can be used later");
	if (!c->has_shortfall && !c->has_overage)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"neither overage nor shortfall costs anything: no commitment");
	return TS_OK;
}

static enum ts_err decode_money(const struct ts_decode *d, const json_t *obj,
	const struct raw_commitment *raw, const char *pointer, struct ts_commitment *c)
{
	bool factor = has(obj, "overage_factor"), price = has(obj, "overage_unit_price");
	c->has_shortfall = has(obj, "shortfall_unit_price");
	c->has_overage = factor || price;
	c->shortfall_price = raw->shortfall_unit_price;
	c->overage_price = raw->overage_unit_price;
	c->rollover = raw->rollover;
	if (factor && price)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"overage_unit_price or overage_factor, not both");
	TS_TRY(check_factors(d, raw, c, pointer));
	ts_i128 unit = d->terms->prices[c->price].unit_price.pico, low = 0;
	if (!factor)
		return TS_OK;
	if (ts_muldiv(unit, raw->overage_factor.pico, TS_PICO, TS_ROUND_DOWN, &low) != TS_OK ||
		ts_muldiv(unit, raw->overage_factor.pico, TS_PICO, TS_ROUND_UP,
			&c->overage_price.pico) != TS_OK ||
		low != c->overage_price.pico)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"unit price x overage_factor has more than 12 decimals");
	return TS_OK;
}

static enum ts_err decode_commitment(
	const struct ts_decode *d, const json_t *obj, const char *pointer, struct ts_commitment *c)
{
	struct raw_commitment raw = {0};
	TS_TRY(ts_decode_object(d, obj, commitment_fields,
		sizeof commitment_fields / sizeof commitment_fields[0], false, &raw, pointer));
	TS_TRY(ts_decode_token(d, raw.id, pointer, "id"));
	TS_TRY(ts_decode_price_id(d, raw.price, pointer, &c->price));
	c->id = raw.id;
	c->section = raw.section ? raw.section : d->terms->prices[c->price].section;
	c->description = raw.description ? raw.description : raw.id;
	if (d->terms->prices[c->price].model != TS_PRICE_PER_UNIT)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"price \"%s\" is not per_unit: beyond a quantity it has tiers", raw.price);
	TS_TRY(decode_per(d, &raw, pointer, c));
	TS_TRY(ts_decode_levels(d, raw.schedule, d->terms->prices[c->price].sku,
		c->per != TS_PER_PERIOD, pointer, "schedule", &c->levels, &c->levels_n));
	TS_TRY(ts_decode_recognition(d, raw.recognition, pointer, &c->proportional));
	if (raw.recognition != NULL && c->per != TS_PER_PERIOD)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"recognition goes with per period: by the hour each hour is its own");
	return decode_money(d, obj, &raw, pointer, c);
}

enum ts_err ts_decode_commitments(const struct ts_decode *d, const struct ts_decode_root *root)
{
	struct ts_commitment *rows = NULL;
	/* The decoder's own table still: prices that a commitment counts by the hour need their
	 * quarter-hours. */
	struct ts_price *prices = (struct ts_price *)(uintptr_t)d->terms->prices;
	TS_TRY(ts_decode_array(
		d, root->commitments, sizeof *rows, &rows, &d->terms->commitments_n));
	d->terms->commitments = rows;
	for (size_t i = 0; i < d->terms->commitments_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, "", "commitments", i);
		TS_TRY(decode_commitment(d, json_array_get(root->commitments, i), at, &rows[i]));
		d->terms->chained = d->terms->chained || rows[i].rollover.pico > 0;
		if (rows[i].per != TS_PER_PERIOD)
			prices[rows[i].price].fine = true;
		for (size_t k = 0; k < i; k++)
			if (strcmp(rows[k].id, rows[i].id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"two commitments have the id \"%s\"", rows[i].id);
	}
	return TS_OK;
}
