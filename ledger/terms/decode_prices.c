/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include "base/codes.h"
#include <stdio.h>
#include <string.h>

/* Bounds that keep every product of rating far inside 128 bits: a divisor times 10^12, a tier edge
 * times 2, a price in pico units. */
#define DIVISOR_MAX ((ts_i128)1000000000000000000)
#define UP_TO_MAX (TS_PICO * TS_PICO * 1000000) /* 10^30 base units */

struct raw_sku {
	struct ts_sku sku;
	struct ts_decimal capacity;
};
static const struct ts_json_field sku_fields[] = {
	{"sku", TS_JSON_STRING, true, offsetof(struct raw_sku, sku.id), 1, TS_TERMS_TOKEN_MAX},
	{"name", TS_JSON_STRING, true, offsetof(struct raw_sku, sku.name), 1, 200},
	{"unit", TS_JSON_STRING, true, offsetof(struct raw_sku, sku.unit), 1, 40},
	{"divisor", TS_JSON_I128, true, offsetof(struct raw_sku, sku.divisor), 0, 0},
	{"capacity", TS_JSON_DECIMAL, false, offsetof(struct raw_sku, capacity), 0, 0},
	{"unit_code", TS_JSON_STRING, false, offsetof(struct raw_sku, sku.unit_code), 1, 3},
};
struct raw_price {
	const char *id, *section, *description, *sku, *pricing_class, *model, *treatment, *region,
		*purpose, *window;
	struct ts_decimal unit_price, package_size, package_price;
	const char *counter;
	const json_t *tiers;
};
static const struct ts_json_field price_fields[] = {
	{"id", TS_JSON_STRING, true, offsetof(struct raw_price, id), 1, TS_TERMS_TOKEN_MAX},
	{"section", TS_JSON_STRING, false, offsetof(struct raw_price, section), 1, 80},
	{"description", TS_JSON_STRING, false, offsetof(struct raw_price, description), 1, 200},
	{"sku", TS_JSON_STRING, true, offsetof(struct raw_price, sku), 1, TS_TERMS_TOKEN_MAX},
	{"class", TS_JSON_STRING, true, offsetof(struct raw_price, pricing_class), 1,
		TS_TERMS_TOKEN_MAX},
	{"model", TS_JSON_STRING, true, offsetof(struct raw_price, model), 1, 20},
	{"region", TS_JSON_STRING, false, offsetof(struct raw_price, region), 1,
		TS_TERMS_TOKEN_MAX},
	{"purpose", TS_JSON_STRING, false, offsetof(struct raw_price, purpose), 1,
		TS_TERMS_TOKEN_MAX},
	{"window", TS_JSON_STRING, false, offsetof(struct raw_price, window), 1,
		TS_TERMS_TOKEN_MAX},
	{"unit_price", TS_JSON_DECIMAL, false, offsetof(struct raw_price, unit_price), 0, 0},
	{"tiers", TS_JSON_ARRAY, false, offsetof(struct raw_price, tiers), 0, TS_TERMS_TIERS_MAX},
	{"package_size", TS_JSON_DECIMAL, false, offsetof(struct raw_price, package_size), 0, 0},
	{"package_price", TS_JSON_DECIMAL, false, offsetof(struct raw_price, package_price), 0, 0},
	{"counter", TS_JSON_STRING, false, offsetof(struct raw_price, counter), 1,
		TS_TERMS_TOKEN_MAX},
	{"treatment", TS_JSON_STRING, true, offsetof(struct raw_price, treatment), 1,
		TS_TERMS_TOKEN_MAX},
};
struct raw_tier {
	struct ts_decimal up_to, unit_price, package_size;
	const char *flat;
};
static const struct ts_json_field tier_fields[] = {
	{"up_to", TS_JSON_DECIMAL, false, offsetof(struct raw_tier, up_to), 0, 0},
	{"unit_price", TS_JSON_DECIMAL, true, offsetof(struct raw_tier, unit_price), 0, 0},
	{"flat", TS_JSON_STRING, false, offsetof(struct raw_tier, flat), 1, 40},
	{"package_size", TS_JSON_DECIMAL, false, offsetof(struct raw_tier, package_size), 0, 0},
};
struct raw_counter {
	const char *id, *scope;
};
static const struct ts_json_field counter_fields[] = {
	{"id", TS_JSON_STRING, true, offsetof(struct raw_counter, id), 1, TS_TERMS_TOKEN_MAX},
	{"scope", TS_JSON_STRING, true, offsetof(struct raw_counter, scope), 1, 10},
};
static const char *const model_names[] = {
	[TS_PRICE_PER_UNIT] = "per_unit",
	[TS_PRICE_GRADUATED] = "graduated",
	[TS_PRICE_VOLUME] = "volume",
	[TS_PRICE_PACKAGE] = "package",
};

static bool has(const json_t *obj, const char *name)
{
	const json_t *value = json_object_get(obj, name);
	return value && !json_is_null(value);
}

static enum ts_err decode_skus(const struct ts_decode *d, const json_t *array)
{
	struct ts_sku *skus = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *skus, &skus, &d->terms->skus_n));
	d->terms->skus = skus;
	for (size_t i = 0; i < d->terms->skus_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		struct raw_sku raw = {0};
		ts_decode_pointer(at, "", "skus", i);
		TS_TRY(ts_decode_object(d, json_array_get(array, i), sku_fields,
			sizeof sku_fields / sizeof sku_fields[0], true, &raw, at));
		skus[i] = raw.sku;
		if (!skus[i].id || !skus[i].unit || skus[i].divisor == 0)
			return ts_why(d->why, TS_E_MISSING_FIELD, at,
				"a sku needs \"sku\", \"unit\" and \"divisor\" of at least 1");
		TS_TRY(ts_decode_token(d, skus[i].id, at, "sku"));
		if (!skus[i].name)
			skus[i].name = skus[i].id;
		if (skus[i].unit_code && !ts_codes_have(TS_CODES_UNIT, ts_str(skus[i].unit_code)))
			return ts_why(d->why, TS_E_INVALID, at,
				"unit_code \"%s\" is none of the %s; an hour is HUR",
				skus[i].unit_code, ts_codes_title(TS_CODES_UNIT));
		if (skus[i].divisor < 1 || skus[i].divisor > DIVISOR_MAX) {
			char text[TS_I128_CHARS];
			return ts_why(d->why, TS_E_RANGE, at, "divisor %s is outside 1 to 10^18",
				ts_i128_format(skus[i].divisor, text));
		}
		if (has(json_array_get(array, i), "capacity"))
			TS_TRY(ts_decode_units(d, raw.capacity, skus[i].divisor, at, "capacity",
				&skus[i].capacity));
		for (size_t k = 0; k < i; k++) {
			if (strcmp(skus[k].id, skus[i].id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"sku \"%s\" is declared twice", skus[i].id);
		}
	}
	return TS_OK;
}

/* Money that one priced unit, or a whole tier, costs must fit: the coarse check that catches a
 * misplaced point. What a period adds up to is checked when it is rated. */
static enum ts_err check_unit_price(const struct ts_decode *d, ts_i128 quantity, ts_i128 divisor,
	struct ts_decimal price, const char *pointer)
{
	char text[TS_DECIMAL_CHARS];
	int64_t minor = 0;
	if (price.pico < 0)
		return ts_why(d->why, TS_E_RANGE, pointer, "unit price %s is negative",
			ts_decimal_format(price, 0, text));
	if (ts_money_extend(quantity, price, divisor, d->terms->currency, d->terms->rounding,
		    &minor) != TS_OK)
		return ts_why(d->why, TS_E_OVERFLOW, pointer,
			"an amount at unit price %s overflows", ts_decimal_format(price, 0, text));
	return TS_OK;
}

/* Priced units to base units, exactly. */
enum ts_err ts_decode_units(const struct ts_decode *d, struct ts_decimal up_to, ts_i128 divisor,
	const char *pointer, const char *name, ts_i128 *out)
{
	char text[TS_DECIMAL_CHARS], divisor_text[TS_I128_CHARS];
	ts_decimal_format(up_to, 0, text);
	ts_i128 low = 0, high = 0;
	if (up_to.pico <= 0)
		return ts_why(d->why, TS_E_RANGE, pointer, "%s %s must be above 0", name, text);
	if (ts_muldiv(up_to.pico, divisor, TS_PICO, TS_ROUND_DOWN, &low) != TS_OK ||
		ts_muldiv(up_to.pico, divisor, TS_PICO, TS_ROUND_UP, &high) != TS_OK ||
		high > UP_TO_MAX)
		return ts_why(d->why, TS_E_OVERFLOW, pointer, "%s %s overflows", name, text);
	if (low != high)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"%s %s is no whole number of base units (divisor %s)", name, text,
			ts_i128_format(divisor, divisor_text));
	*out = low;
	return TS_OK;
}

static enum ts_err decode_tier(const struct ts_decode *d, const json_t *obj, ts_i128 divisor,
	const char *pointer, struct ts_tier *tier)
{
	struct raw_tier raw = {0};
	TS_TRY(ts_decode_object(d, obj, tier_fields, sizeof tier_fields / sizeof tier_fields[0],
		false, &raw, pointer));
	tier->open = !has(obj, "up_to");
	tier->unit_price = raw.unit_price;
	if (raw.flat)
		TS_TRY(ts_decode_money(d, raw.flat, pointer, "flat", &tier->flat_minor));
	if (!tier->open)
		TS_TRY(ts_decode_units(d, raw.up_to, divisor, pointer, "up_to", &tier->up_to));
	if (has(obj, "package_size"))
		TS_TRY(ts_decode_units(
			d, raw.package_size, divisor, pointer, "package_size", &tier->package));
	if (tier->package > 0)
		return check_unit_price(d, tier->open ? 1 : tier->up_to / tier->package + 1, 1,
			tier->unit_price, pointer);
	return check_unit_price(
		d, tier->open ? divisor : tier->up_to, divisor, tier->unit_price, pointer);
}

static enum ts_err decode_tiers(
	const struct ts_decode *d, const json_t *array, const char *pointer, struct ts_price *price)
{
	ts_i128 divisor = d->terms->skus[price->sku].divisor;
	struct ts_tier *tiers = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *tiers, &tiers, &price->tiers_n));
	price->tiers = tiers;
	if (price->tiers_n == 0)
		return ts_why(d->why, TS_E_INVALID, pointer, "tiers are empty");
	for (size_t i = 0; i < price->tiers_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, pointer, "tiers", i);
		TS_TRY(decode_tier(d, json_array_get(array, i), divisor, at, &tiers[i]));
		bool last = i + 1 == price->tiers_n;
		if (last != tiers[i].open)
			return ts_why(d->why, TS_E_INVALID, at,
				last ? "the last tier must be open, without up_to"
				     : "only the last tier may be open, without up_to");
		if (i > 0 && !last && tiers[i].up_to <= tiers[i - 1].up_to)
			return ts_why(d->why, TS_E_INVALID, at,
				"tier edges must rise: up_to is not above that of the tier before");
	}
	return TS_OK;
}

enum ts_err ts_decode_sku_id(
	const struct ts_decode *d, const char *id, const char *pointer, size_t *index)
{
	for (size_t i = 0; i < d->terms->skus_n; i++) {
		if (strcmp(d->terms->skus[i].id, id) == 0) {
			*index = i;
			return TS_OK;
		}
	}
	return ts_why(d->why, TS_E_INVALID, pointer, "sku \"%s\" is not declared in /skus", id);
}

static enum ts_err find_model(const struct ts_decode *d, const json_t *obj, const char *name,
	const char *pointer, enum ts_price_model *out)
{
	size_t i = 0;
	while (i < sizeof model_names / sizeof model_names[0] && strcmp(model_names[i], name) != 0)
		i++;
	if (i == sizeof model_names / sizeof model_names[0])
		return ts_why(d->why, TS_E_INVALID, pointer,
			"model \"%s\" must be per_unit, graduated, volume or package", name);
	static const char *const needs[] = {
		[TS_PRICE_PER_UNIT] = "unit_price, and neither tiers nor packages",
		[TS_PRICE_GRADUATED] = "tiers, and neither unit_price nor packages",
		[TS_PRICE_VOLUME] = "tiers, and neither unit_price nor packages",
		[TS_PRICE_PACKAGE] = "package_size and package_price, neither unit_price nor tiers",
	};
	bool package = i == TS_PRICE_PACKAGE, per_unit = i == TS_PRICE_PER_UNIT;
	if (has(obj, "unit_price") != per_unit || has(obj, "tiers") == (per_unit || package) ||
		has(obj, "package_size") != package || has(obj, "package_price") != package)
		return ts_why(d->why, TS_E_INVALID, pointer, "model %s needs %s", name, needs[i]);
	*out = (enum ts_price_model)i;
	return TS_OK;
}

/* One open tier whose every package begun costs its price. */
static enum ts_err decode_package(const struct ts_decode *d, const struct raw_price *raw,
	const char *pointer, struct ts_price *price)
{
	struct ts_tier *tier = ts_region_alloc(d->region, sizeof *tier);
	if (!tier)
		return ts_why(d->why, TS_E_NO_MEMORY, "", "no memory for the terms");
	*tier = (struct ts_tier){.open = true, .unit_price = raw->package_price};
	TS_TRY(ts_decode_units(d, raw->package_size, d->terms->skus[price->sku].divisor, pointer,
		"package_size", &tier->package));
	price->tiers = tier;
	price->tiers_n = 1;
	return check_unit_price(d, 1, 1, tier->unit_price, pointer);
}

/* A tier by the quantity of several prices is one tier for all of them only if they count alike. */
static enum ts_err check_shared(
	const struct ts_decode *d, const char *pointer, const struct ts_price *price)
{
	const struct ts_terms *t = d->terms;
	for (size_t i = 0; i < price->tiers_n; i++)
		if (price->tiers[i].flat_minor != 0 || price->tiers[i].package != 0)
			return ts_why(d->why, TS_E_INVALID, pointer,
				"tiers of a shared counter have neither flat nor packages");
	for (const struct ts_price *other = t->prices; other < price; other++)
		if (other->counter == price->counter &&
			t->skus[other->sku].divisor != t->skus[price->sku].divisor)
			return ts_why(d->why, TS_E_INVALID, pointer,
				"shares a counter with \"%s\", whose units are others (divisor)",
				other->id);
	return TS_OK;
}

static enum ts_err decode_counter(
	const struct ts_decode *d, const char *name, const char *pointer, struct ts_price *price)
{
	const struct ts_terms *t = d->terms;
	size_t i = 0;
	if (name == NULL || strcmp(name, "period") == 0)
		return TS_OK;
	bool term = strcmp(name, "term") == 0;
	while (!term && i < t->counters_n && strcmp(t->counters[i].id, name) != 0)
		i++;
	if (!term && i == t->counters_n)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"counter \"%s\" is neither period nor term nor declared in /counters",
			name);
	price->counter = term ? TS_COUNTER_TERM : (int32_t)i + 1;
	bool whole_term = term || t->counters[i].term;
	if (price->model == TS_PRICE_PER_UNIT || (!term && price->model == TS_PRICE_PACKAGE))
		return ts_why(d->why, TS_E_INVALID, pointer, "model %s does not count over a %s",
			model_names[price->model], term ? "term" : "shared counter");
	if (price->model == TS_PRICE_VOLUME && whole_term)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"volume over a term would reprice every period before");
	d->terms->chained = d->terms->chained || whole_term;
	if (term)
		return TS_OK;
	price->fine = true;
	return check_shared(d, pointer, price);
}

static enum ts_err decode_price(
	const struct ts_decode *d, const json_t *obj, const char *pointer, struct ts_price *price)
{
	struct raw_price raw = {0};
	TS_TRY(ts_decode_object(d, obj, price_fields, sizeof price_fields / sizeof price_fields[0],
		true, &raw, pointer));
	if (!raw.id || !raw.sku || !raw.model)
		return ts_why(d->why, TS_E_MISSING_FIELD, pointer,
			"a price needs \"id\", \"sku\" and \"model\"");
	TS_TRY(ts_decode_sku_id(d, raw.sku, pointer, &price->sku));
	TS_TRY(find_model(d, obj, raw.model, pointer, &price->model));
	TS_TRY(ts_decode_selectors(d, raw.region, raw.purpose, raw.window, pointer, price));
	TS_TRY(ts_decode_treatment(d, raw.treatment, pointer, &price->treatment));
	price->id = raw.id;
	price->section = raw.section ? raw.section : "";
	price->description = raw.description ? raw.description : d->terms->skus[price->sku].name;
	price->pricing_class = raw.pricing_class ? raw.pricing_class : "*";
	TS_TRY(ts_decode_token(d, price->id, pointer, "id"));
	TS_TRY(ts_decode_token(d, price->pricing_class, pointer, "class"));
	price->unit_price = raw.unit_price;
	if (price->model == TS_PRICE_PACKAGE)
		TS_TRY(decode_package(d, &raw, pointer, price));
	else if (price->model != TS_PRICE_PER_UNIT)
		TS_TRY(decode_tiers(d, raw.tiers, pointer, price));
	ts_i128 divisor = d->terms->skus[price->sku].divisor;
	TS_TRY(check_unit_price(d, divisor, divisor, price->unit_price, pointer));
	return decode_counter(d, raw.counter, pointer, price);
}

static enum ts_err decode_counters(const struct ts_decode *d, const json_t *array)
{
	struct ts_counter *rows = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *rows, &rows, &d->terms->counters_n));
	d->terms->counters = rows;
	for (size_t i = 0; i < d->terms->counters_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		struct raw_counter raw = {0};
		ts_decode_pointer(at, "", "counters", i);
		TS_TRY(ts_decode_object(d, json_array_get(array, i), counter_fields,
			sizeof counter_fields / sizeof counter_fields[0], false, &raw, at));
		TS_TRY(ts_decode_token(d, raw.id, at, "id"));
		rows[i] = (struct ts_counter){raw.id, strcmp(raw.scope, "term") == 0};
		if (!rows[i].term && strcmp(raw.scope, "period") != 0)
			return ts_why(d->why, TS_E_INVALID, at,
				"scope \"%s\" must be period or term", raw.scope);
		if (strcmp(raw.id, "period") == 0 || strcmp(raw.id, "term") == 0)
			return ts_why(d->why, TS_E_INVALID, at, "the id \"%s\" is taken", raw.id);
		for (size_t k = 0; k < i; k++)
			if (strcmp(rows[k].id, raw.id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"two counters have the id \"%s\"", raw.id);
	}
	return TS_OK;
}

enum ts_err ts_decode_prices(const struct ts_decode *d, const struct ts_decode_root *root)
{
	TS_TRY(decode_skus(d, root->skus));
	TS_TRY(decode_counters(d, root->counters));
	struct ts_price *prices = NULL;
	TS_TRY(ts_decode_array(d, root->prices, sizeof *prices, &prices, &d->terms->prices_n));
	d->terms->prices = prices;
	for (size_t i = 0; i < d->terms->prices_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, "", "prices", i);
		TS_TRY(decode_price(d, json_array_get(root->prices, i), at, &prices[i]));
		for (size_t k = 0; k < i; k++) {
			if (strcmp(prices[k].id, prices[i].id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"two prices have the id \"%s\"", prices[i].id);
		}
	}
	return TS_OK;
}
