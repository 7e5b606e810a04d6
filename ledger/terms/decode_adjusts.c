/* SPDX-License-Identifier: Apache-2.0 */
/* What takes away from rated lines: discounts and caps, and which lines they are about. */
#include "terms/cover.h"
#include "terms/decode.h"
#include <stdio.h>
#include <string.h>

struct raw_cover {
	const json_t *prices, *fees, *sections;
};
static const struct ts_json_field cover_fields[] = {
	{"prices", TS_JSON_ARRAY, false, offsetof(struct raw_cover, prices), 0,
		TS_TERMS_PRICES_MAX},
	{"fees", TS_JSON_ARRAY, false, offsetof(struct raw_cover, fees), 0, TS_TERMS_FEES_MAX},
	{"sections", TS_JSON_ARRAY, false, offsetof(struct raw_cover, sections), 0,
		TS_TERMS_PRICES_MAX},
};
struct raw_adjust { /* a discount or a cap */
	const char *id, *section, *description, *price, *per, *amount;
	const json_t *on, *schedule;
	struct ts_decimal percent, quantity;
};
#define MEMBER(name, kind, required, min, max)                                                     \
	{                                                                                          \
#name, kind, required, offsetof(struct raw_adjust, name), min, max                 \
	}
#define HEAD                                                                                       \
	MEMBER(id, TS_JSON_STRING, true, 1, TS_TERMS_TOKEN_MAX),                                   \
		MEMBER(section, TS_JSON_STRING, false, 1, 80),                                     \
		MEMBER(description, TS_JSON_STRING, false, 1, 200),                                \
		MEMBER(on, TS_JSON_OBJECT, false, 0, 0)
static const struct ts_json_field discount_fields[] = {
	HEAD,
	MEMBER(percent, TS_JSON_DECIMAL, false, 0, 0),
	MEMBER(price, TS_JSON_STRING, false, 1, TS_TERMS_TOKEN_MAX),
	MEMBER(quantity, TS_JSON_DECIMAL, false, 0, 0),
};
static const struct ts_json_field cap_fields[] = {
	HEAD,
	MEMBER(per, TS_JSON_STRING, true, 1, 10),
	MEMBER(amount, TS_JSON_STRING, false, 1, 40),
	MEMBER(schedule, TS_JSON_ARRAY, false, 0, TS_TERMS_SEGMENTS_MAX),
};

static bool has(const json_t *obj, const char *name)
{
	return json_object_get(obj, name) != NULL;
}

/* Marks what one id or section means; *found: something has it. */
static void mark(const struct ts_terms *t, const char *text, char what, bool *prices, bool *fees,
	bool *found)
{
	for (size_t i = 0; what != 'f' && i < t->prices_n; i++) {
		const struct ts_price *p = &t->prices[i];
		bool hit = strcmp(what == 'p' ? p->id : p->section, text) == 0;
		prices[i] = prices[i] || hit;
		*found = *found || hit;
	}
	for (size_t i = 0; what != 'p' && i < t->fees_n; i++) {
		const struct ts_fee *f = &t->fees[i];
		bool hit = strcmp(what == 'f' ? f->id : f->section, text) == 0;
		fees[i] = fees[i] || hit;
		*found = *found || hit;
	}
}

enum ts_err ts_decode_cover(
	const struct ts_decode *d, const json_t *obj, const char *pointer, struct ts_cover *out)
{
	const struct ts_terms *t = d->terms;
	struct raw_cover raw = {0};
	char at[TS_TERMS_POINTER_CHARS];
	*out = (struct ts_cover){0};
	if (obj == NULL)
		return TS_OK;
	snprintf(at, sizeof at, "%s/on", pointer);
	TS_TRY(ts_decode_object(d, obj, cover_fields, sizeof cover_fields / sizeof cover_fields[0],
		false, &raw, at));
	bool *prices = ts_region_array(d->region, t->prices_n, sizeof *prices);
	bool *fees = ts_region_array(d->region, t->fees_n, sizeof *fees);
	if (!prices || !fees)
		return ts_why(d->why, TS_E_NO_MEMORY, "", "no memory for the terms");
	const json_t *const lists[] = {raw.prices, raw.fees, raw.sections};
	static const char *const names[] = {"on/prices", "on/fees", "on/sections"};
	for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
		for (size_t i = 0; i < json_array_size(lists[k]); i++) {
			const char *text = json_string_value(json_array_get(lists[k], i));
			bool found = false;
			ts_decode_pointer(at, pointer, names[k], i);
			if (text)
				mark(t, text, "pfs"[k], prices, fees, &found);
			if (!found)
				return ts_why(d->why, TS_E_INVALID, at,
					"nothing in the terms has this id or section");
		}
	}
	out->prices = prices;
	out->fees = fees;
	return TS_OK;
}

enum ts_err ts_decode_one_treatment(const struct ts_decode *d, const struct ts_cover *on,
	const char *pointer, bool *prices, bool *fees, size_t *treatment)
{
	const struct ts_terms *t = d->terms;
	size_t seen = SIZE_MAX, first = SIZE_MAX;
	*prices = *fees = false;
	for (size_t i = 0; i < t->prices_n + t->fees_n; i++) {
		bool price = i < t->prices_n;
		size_t k = price ? i : i - t->prices_n;
		if (!(price ? ts_cover_price(on, k) : ts_cover_fee(on, k)))
			continue;
		*prices = *prices || price;
		*fees = *fees || !price;
		seen = price ? t->prices[k].treatment : t->fees[k].treatment;
		first = first == SIZE_MAX ? seen : first;
		if (seen != first)
			return ts_why(d->why, TS_E_INVALID, pointer,
				"what it is about has two tax treatments; write one for each");
	}
	if (first == SIZE_MAX)
		return ts_why(d->why, TS_E_INVALID, pointer, "it is about nothing");
	*treatment = first;
	return TS_OK;
}

static enum ts_err by_quantity(const struct ts_decode *d, const struct raw_adjust *raw,
	const char *pointer, struct ts_discount *out)
{
	const struct ts_terms *t = d->terms;
	TS_TRY(ts_decode_price_id(d, raw->price, pointer, &out->price));
	const struct ts_price *price = &t->prices[out->price];
	bool *prices = ts_region_array(d->region, t->prices_n, sizeof *prices);
	bool *fees = ts_region_array(d->region, t->fees_n, sizeof *fees);
	if (!prices || !fees)
		return ts_why(d->why, TS_E_NO_MEMORY, "", "no memory for the terms");
	prices[out->price] = true;
	out->on = (struct ts_cover){prices, fees};
	out->treatment = price->treatment;
	if (price->counter != TS_COUNTER_PERIOD)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"units of a period can't be given away where the counter is another");
	for (const struct ts_discount *other = t->discounts; other < out; other++)
		if (other->quantity > 0 && other->price == out->price)
			return ts_why(d->why, TS_E_INVALID, pointer,
				"the first units of this price are given away by \"%s\" already",
				other->id);
	return ts_decode_units(
		d, raw->quantity, t->skus[price->sku].divisor, pointer, "quantity", &out->quantity);
}

static enum ts_err by_percent(const struct ts_decode *d, const struct raw_adjust *raw,
	const char *pointer, struct ts_discount *out)
{
	bool prices = false, fees = false;
	TS_TRY(ts_decode_cover(d, raw->on, pointer, &out->on));
	TS_TRY(ts_decode_one_treatment(d, &out->on, pointer, &prices, &fees, &out->treatment));
	out->percent = raw->percent;
	if (prices && fees)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"a discount is about prices or about fees, not about both");
	if (raw->percent.pico <= 0 || raw->percent.pico > 100 * TS_PICO)
		return ts_why(d->why, TS_E_RANGE, pointer, "percent must be above 0, at most 100");
	for (const struct ts_discount *other = d->terms->discounts; other < out; other++) {
		for (size_t i = 0; i < d->terms->prices_n + d->terms->fees_n; i++) {
			size_t k = i < d->terms->prices_n ? i : i - d->terms->prices_n;
			bool both = i < d->terms->prices_n ? ts_cover_price(&other->on, k) &&
								     ts_cover_price(&out->on, k)
							   : ts_cover_fee(&other->on, k) &&
								     ts_cover_fee(&out->on, k);
			if (both && other->quantity == 0)
				return ts_why(d->why, TS_E_INVALID, pointer,
					"something is discounted by \"%s\" already", other->id);
		}
	}
	return TS_OK;
}

static enum ts_err decode_discount(
	const struct ts_decode *d, const json_t *obj, const char *pointer, struct ts_discount *out)
{
	struct raw_adjust raw = {0};
	TS_TRY(ts_decode_object(d, obj, discount_fields,
		sizeof discount_fields / sizeof discount_fields[0], false, &raw, pointer));
	TS_TRY(ts_decode_token(d, raw.id, pointer, "id"));
	out->id = raw.id;
	out->section = raw.section ? raw.section : "";
	out->description = raw.description ? raw.description : raw.id;
	bool percent = has(obj, "percent");
	if (percent == has(obj, "quantity") || percent == has(obj, "price") ||
		(!percent && raw.on != NULL))
		return ts_why(d->why, TS_E_INVALID, pointer,
			"a discount has percent (and on), or price and quantity");
	return percent ? by_percent(d, &raw, pointer, out) : by_quantity(d, &raw, pointer, out);
}

static enum ts_err decode_cap(
	const struct ts_decode *d, const json_t *obj, const char *pointer, struct ts_cap *out)
{
	struct raw_adjust raw = {0};
	bool prices = false, fees = false;
	TS_TRY(ts_decode_object(d, obj, cap_fields, sizeof cap_fields / sizeof cap_fields[0], false,
		&raw, pointer));
	TS_TRY(ts_decode_token(d, raw.id, pointer, "id"));
	out->id = raw.id;
	out->section = raw.section ? raw.section : "";
	out->description = raw.description ? raw.description : raw.id;
	out->term = strcmp(raw.per, "term") == 0;
	TS_TRY(ts_decode_cover(d, raw.on, pointer, &out->on));
	TS_TRY(ts_decode_one_treatment(d, &out->on, pointer, &prices, &fees, &out->treatment));
	if (!out->term && strcmp(raw.per, "period") != 0)
		return ts_why(d->why, TS_E_INVALID, pointer, "per \"%s\" must be period or term",
			raw.per);
	if ((raw.amount != NULL) != out->term || (raw.schedule != NULL) == out->term)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"a cap per period has a schedule, one per term an amount");
	if (out->term)
		return ts_decode_money(d, raw.amount, pointer, "amount", &out->amount_minor);
	return ts_decode_schedule(d, raw.schedule, pointer, &out->segments, &out->segments_n);
}

enum ts_err ts_decode_adjusts(const struct ts_decode *d, const struct ts_decode_root *root)
{
	struct ts_discount *discounts = NULL;
	struct ts_cap *caps = NULL;
	char at[TS_TERMS_POINTER_CHARS];
	TS_TRY(ts_decode_array(
		d, root->discounts, sizeof *discounts, &discounts, &d->terms->discounts_n));
	d->terms->discounts = discounts;
	for (size_t i = 0; i < d->terms->discounts_n; i++) {
		ts_decode_pointer(at, "", "discounts", i);
		TS_TRY(decode_discount(d, json_array_get(root->discounts, i), at, &discounts[i]));
		for (size_t k = 0; k < i; k++)
			if (strcmp(discounts[k].id, discounts[i].id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"two discounts have the id \"%s\"", discounts[i].id);
	}
	TS_TRY(ts_decode_array(d, root->caps, sizeof *caps, &caps, &d->terms->caps_n));
	d->terms->caps = caps;
	for (size_t i = 0; i < d->terms->caps_n; i++) {
		ts_decode_pointer(at, "", "caps", i);
		TS_TRY(decode_cap(d, json_array_get(root->caps, i), at, &caps[i]));
		d->terms->chained = d->terms->chained || caps[i].term;
		d->terms->chained_amounts = d->terms->chained_amounts || caps[i].term;
		for (size_t k = 0; k < i; k++)
			if (strcmp(caps[k].id, caps[i].id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"two caps have the id \"%s\"", caps[i].id);
	}
	return TS_OK;
}
