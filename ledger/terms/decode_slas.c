/* SPDX-License-Identifier: Apache-2.0 */
/* Service credits, and which excluded usage has to be measured for them. */
#include "terms/decode.h"
#include <string.h>

#define TIERS_MAX 20

struct raw_sla {
	const char *id, *section, *description, *sku, *base;
	const json_t *on, *classes, *capacity, *tiers;
	struct ts_decimal cap_percent;
	const char *claim, *applies;
	int64_t claim_days;
};
#define MEMBER(name, kind, required, min, max)                                                     \
	{                                                                                          \
#name, kind, required, offsetof(struct raw_sla, name), min, max                    \
	}
static const struct ts_json_field sla_fields[] = {
	MEMBER(id, TS_JSON_STRING, true, 1, TS_TERMS_TOKEN_MAX),
	MEMBER(section, TS_JSON_STRING, false, 1, 80),
	MEMBER(description, TS_JSON_STRING, false, 1, 200),
	MEMBER(on, TS_JSON_OBJECT, false, 0, 0),
	MEMBER(sku, TS_JSON_STRING, true, 1, TS_TERMS_TOKEN_MAX),
	MEMBER(classes, TS_JSON_ARRAY, true, 0, TS_TERMS_EXCLUSIONS_MAX),
	MEMBER(capacity, TS_JSON_ARRAY, true, 0, TS_TERMS_SEGMENTS_MAX),
	MEMBER(tiers, TS_JSON_ARRAY, false, 0, TIERS_MAX),
	MEMBER(base, TS_JSON_STRING, true, 1, 20),
	MEMBER(cap_percent, TS_JSON_DECIMAL, false, 0, 0),
	MEMBER(claim, TS_JSON_STRING, false, 1, 20),
	MEMBER(claim_days, TS_JSON_INT, false, 1, 3660),
	MEMBER(applies, TS_JSON_STRING, false, 1, 20),
};
static const struct ts_json_field tier_fields[] = {
	{"below", TS_JSON_DECIMAL, true, offsetof(struct ts_sla_tier, below), 0, 0},
	{"percent", TS_JSON_DECIMAL, true, offsetof(struct ts_sla_tier, percent), 0, 0},
};

static bool percent_ok(struct ts_decimal percent)
{
	return percent.pico > 0 && percent.pico <= 100 * TS_PICO;
}

static enum ts_err decode_tiers(
	const struct ts_decode *d, const json_t *array, const char *pointer, struct ts_sla *sla)
{
	struct ts_sla_tier *tiers = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *tiers, &tiers, &sla->tiers_n));
	sla->tiers = tiers;
	for (size_t i = 0; i < sla->tiers_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, pointer, "tiers", i);
		TS_TRY(ts_decode_object(d, json_array_get(array, i), tier_fields,
			sizeof tier_fields / sizeof tier_fields[0], false, &tiers[i], at));
		if (!percent_ok(tiers[i].below) || !percent_ok(tiers[i].percent))
			return ts_why(d->why, TS_E_RANGE, at,
				"below and percent must be above 0, at most 100");
		if (i > 0 && (tiers[i].below.pico >= tiers[i - 1].below.pico ||
				     tiers[i].percent.pico <= tiers[i - 1].percent.pico))
			return ts_why(d->why, TS_E_INVALID, at,
				"from tier to tier below must fall and percent rise");
	}
	return TS_OK;
}

/* One watch per class and SKU, however many credits ask for it. */
static enum ts_err watch(const struct ts_decode *d, size_t exclusion, size_t sku,
	struct ts_watch *watches, size_t *out)
{
	struct ts_terms *t = d->terms;
	for (*out = 0; *out < t->watches_n; (*out)++)
		if (watches[*out].exclusion == exclusion && watches[*out].sku == sku)
			return TS_OK;
	watches[t->watches_n++] = (struct ts_watch){exclusion, sku};
	return TS_OK;
}

static enum ts_err decode_classes(const struct ts_decode *d, const json_t *array,
	const char *pointer, struct ts_watch *watches, struct ts_sla *sla)
{
	const struct ts_terms *t = d->terms;
	const char *const *names = NULL;
	TS_TRY(ts_decode_names(d, array, pointer, "classes", &names, &sla->watches_n));
	size_t *list = ts_region_array(d->region, sla->watches_n + 1, sizeof *list);
	if (!list)
		return ts_why(d->why, TS_E_NO_MEMORY, "", "no memory for the terms");
	if (sla->watches_n == 0)
		return ts_why(d->why, TS_E_INVALID, pointer, "classes are empty");
	for (size_t i = 0; i < sla->watches_n; i++) {
		size_t k = 0;
		while (k < t->exclusions_n && strcmp(t->exclusions[k].pricing_class, names[i]) != 0)
			k++;
		if (k == t->exclusions_n)
			return ts_why(d->why, TS_E_INVALID, pointer, "class \"%s\" is not excluded",
				names[i]);
		TS_TRY(watch(d, k, sla->sku, watches, &list[i]));
	}
	sla->watches = list;
	return TS_OK;
}

/* Whether it comes by itself or has to be claimed, and in which document it is. */
static enum ts_err decode_claim(const struct ts_decode *d, const struct raw_sla *raw,
	const char *pointer, struct ts_sla *sla)
{
	sla->on_claim = raw->claim != NULL && strcmp(raw->claim, "on_claim") == 0;
	sla->claim_days = raw->claim_days;
	sla->next_document = raw->applies != NULL && strcmp(raw->applies, "next_document") == 0;
	if (raw->claim != NULL && !sla->on_claim && strcmp(raw->claim, "automatic") != 0)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"claim \"%s\" must be automatic or on_claim", raw->claim);
	if (sla->on_claim != (raw->claim_days > 0))
		return ts_why(d->why, TS_E_INVALID, pointer,
			"claim_days goes with claim \"on_claim\", and only with it");
	if (raw->applies != NULL && !sla->next_document &&
		strcmp(raw->applies, "this_document") != 0)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"applies \"%s\" must be this_document or next_document", raw->applies);
	return TS_OK;
}

static enum ts_err decode_sla(const struct ts_decode *d, const json_t *obj, const char *pointer,
	struct ts_watch *watches, struct ts_sla *sla)
{
	struct raw_sla raw = {.cap_percent = {100 * TS_PICO}};
	bool prices = false, fees = false;
	TS_TRY(ts_decode_object(d, obj, sla_fields, sizeof sla_fields / sizeof sla_fields[0], false,
		&raw, pointer));
	TS_TRY(ts_decode_token(d, raw.id, pointer, "id"));
	sla->id = raw.id;
	sla->section = raw.section ? raw.section : "";
	sla->description = raw.description ? raw.description : raw.id;
	sla->cap_percent = raw.cap_percent;
	sla->before_true_up = strcmp(raw.base, "before_true_up") == 0;
	if (!sla->before_true_up && strcmp(raw.base, "after_true_up") != 0)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"base \"%s\" must be before_true_up or after_true_up", raw.base);
	if (!percent_ok(raw.cap_percent))
		return ts_why(
			d->why, TS_E_RANGE, pointer, "cap_percent must be above 0, at most 100");
	if (raw.tiers != NULL && json_array_size(raw.tiers) == 0)
		return ts_why(d->why, TS_E_INVALID, pointer, "tiers are empty");
	TS_TRY(ts_decode_cover(d, raw.on, pointer, &sla->on));
	TS_TRY(ts_decode_one_treatment(d, &sla->on, pointer, &prices, &fees, &sla->treatment));
	TS_TRY(ts_decode_sku_id(d, raw.sku, pointer, &sla->sku));
	TS_TRY(ts_decode_levels(d, raw.capacity, sla->sku, true, pointer, "capacity", &sla->levels,
		&sla->levels_n));
	TS_TRY(decode_tiers(d, raw.tiers, pointer, sla));
	TS_TRY(decode_claim(d, &raw, pointer, sla));
	return decode_classes(d, raw.classes, pointer, watches, sla);
}

enum ts_err ts_decode_slas(const struct ts_decode *d, const struct ts_decode_root *root)
{
	struct ts_terms *t = d->terms;
	struct ts_sla *rows = NULL;
	size_t most = 0;
	TS_TRY(ts_decode_array(d, root->slas, sizeof *rows, &rows, &t->slas_n));
	for (size_t i = 0; i < t->slas_n; i++)
		most += json_array_size(json_object_get(json_array_get(root->slas, i), "classes"));
	struct ts_watch *watches = ts_region_array(d->region, most + 1, sizeof *watches);
	if (!watches)
		return ts_why(d->why, TS_E_NO_MEMORY, "", "no memory for the terms");
	t->slas = rows;
	t->watches = watches;
	for (size_t i = 0; i < t->slas_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, "", "slas", i);
		TS_TRY(decode_sla(d, json_array_get(root->slas, i), at, watches, &rows[i]));
		for (size_t k = 0; k < i; k++)
			if (strcmp(rows[k].id, rows[i].id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"two slas have the id \"%s\"", rows[i].id);
	}
	return TS_OK;
}
