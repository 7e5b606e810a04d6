/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/terms.h"
#include "terms/decode.h"
#include "evidence/origin.h"
#include <stdio.h>
#include <string.h>

#define FORMAT "tallystick/terms/v1"

#define MEMBER(name, kind, required, min, max)                                                     \
	{                                                                                          \
#name, kind, required, offsetof(struct ts_decode_root, name), min, max             \
	}
static const struct ts_json_field root_fields[] = {
	{"terms", TS_JSON_STRING, true, offsetof(struct ts_decode_root, format), 1, 40},
	MEMBER(contract, TS_JSON_STRING, true, 1, 64),
	MEMBER(version, TS_JSON_INT, true, 1, 1000000),
	MEMBER(title, TS_JSON_STRING, true, 1, 200),
	MEMBER(provider, TS_JSON_OBJECT, true, 0, 0),
	MEMBER(consumer, TS_JSON_OBJECT, true, 0, 0),
	MEMBER(currency, TS_JSON_STRING, true, 1, 3),
	MEMBER(zone, TS_JSON_OBJECT, true, 0, 0),
	MEMBER(term, TS_JSON_OBJECT, true, 0, 0),
	MEMBER(calendar, TS_JSON_OBJECT, true, 0, 0),
	MEMBER(invoice, TS_JSON_OBJECT, true, 0, 0),
	MEMBER(evidence, TS_JSON_OBJECT, true, 0, 0),
	MEMBER(skus, TS_JSON_ARRAY, true, 0, TS_TERMS_SKUS_MAX),
	MEMBER(regions, TS_JSON_ARRAY, false, 0, TS_TERMS_SETS_MAX),
	MEMBER(purposes, TS_JSON_ARRAY, false, 0, TS_TERMS_SETS_MAX),
	MEMBER(windows, TS_JSON_ARRAY, false, 0, TS_TERMS_SETS_MAX),
	MEMBER(counters, TS_JSON_ARRAY, false, 0, TS_TERMS_COUNTERS_MAX),
	MEMBER(prices, TS_JSON_ARRAY, true, 0, TS_TERMS_PRICES_MAX),
	MEMBER(fees, TS_JSON_ARRAY, false, 0, TS_TERMS_FEES_MAX),
	MEMBER(minimums, TS_JSON_ARRAY, false, 0, TS_TERMS_MINIMUMS_MAX),
	MEMBER(discounts, TS_JSON_ARRAY, false, 0, TS_TERMS_ADJUSTS_MAX),
	MEMBER(commitments, TS_JSON_ARRAY, false, 0, TS_TERMS_ADJUSTS_MAX),
	MEMBER(caps, TS_JSON_ARRAY, false, 0, TS_TERMS_ADJUSTS_MAX),
	MEMBER(slas, TS_JSON_ARRAY, false, 0, TS_TERMS_ADJUSTS_MAX),
	MEMBER(exclusions, TS_JSON_ARRAY, false, 0, TS_TERMS_EXCLUSIONS_MAX),
	MEMBER(prepayments, TS_JSON_ARRAY, false, 0, TS_TERMS_PREPAYMENTS_MAX),
	MEMBER(tax, TS_JSON_OBJECT, true, 0, 0),
	MEMBER(late, TS_JSON_OBJECT, true, 0, 0),
	MEMBER(rounding, TS_JSON_STRING, true, 1, 20),
	MEMBER(counters_on_amendment, TS_JSON_STRING, false, 1, 20),
	MEMBER(termination, TS_JSON_OBJECT, false, 0, 0),
	MEMBER(reconciliation, TS_JSON_OBJECT, false, 0, 0),
	MEMBER(dispute, TS_JSON_OBJECT, false, 0, 0),
	MEMBER(revenue, TS_JSON_OBJECT, false, 0, 0),
};
static const struct ts_json_field late_fields[] = {
	{"usage_until_days", TS_JSON_INT, true, offsetof(struct ts_terms, usage_until_days), 0,
		366},
	{"late_usage_until_days", TS_JSON_INT, true,
		offsetof(struct ts_terms, late_usage_until_days), 0, 3660},
};

/* Control characters would break a printed page or a signed line; LF is text in two members. */
static enum ts_err check_text(
	const json_t *value, const char *name, bool multiline, struct ts_why *why)
{
	const unsigned char *text = (const unsigned char *)json_string_value(value);
	for (size_t i = 0; i < json_string_length(value); i++) {
		if ((text[i] < 0x20 || text[i] == 0x7f) && !(multiline && text[i] == '\n'))
			return ts_why(why, TS_E_MALFORMED, name,
				"contains the control character 0x%02x", (unsigned)text[i]);
	}
	return TS_OK;
}

/* Recursion is bounded by TS_JSON_DEPTH_MAX. */
static enum ts_err check_texts(const json_t *value, const char *name, struct ts_why *why)
{
	if (json_is_string(value)) {
		bool multiline = strcmp(name, "payment_details") == 0 ||
				 strcmp(name, "payment_terms") == 0;
		return check_text(value, name, multiline, why);
	}
	for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
		TS_TRY(check_texts(json_array_get(value, i), name, why));
	if (!json_is_object(value))
		return TS_OK;
	const char *key;
	json_t *member;
	/* jansson iterates through a non-const object; nothing is changed. */
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
		TS_TRY(check_texts(member, key, why));
	return TS_OK;
}

static enum ts_err decode_head(const struct ts_decode *d, const struct ts_decode_root *root)
{
	struct ts_terms *t = d->terms;
	if (strcmp(root->format, FORMAT) != 0)
		return ts_why(d->why, TS_E_INVALID, "/terms", "\"%s\" must be \"" FORMAT "\"",
			root->format);
	struct ts_why inner = {0};
	enum ts_err err = ts_contract_id_check(ts_str(root->contract), &inner);
	if (err != TS_OK)
		return ts_why(d->why, err, "/contract", "\"%s\" must be 32 lower-case hex digits",
			root->contract);
	if (ts_currency_find(ts_str(root->currency), &t->currency) != TS_OK)
		return ts_why(d->why, TS_E_INVALID, "/currency",
			"\"%s\" is no ISO 4217 currency with minor units", root->currency);
	if (ts_rounding_parse(ts_str(root->rounding), &t->rounding) != TS_OK)
		return ts_why(d->why, TS_E_INVALID, "/rounding",
			"\"%s\" must be half_away_from_zero, half_even, down or up",
			root->rounding);
	t->contract = root->contract;
	t->version = root->version;
	t->title = root->title;
	if (!root->late)
		return TS_OK;
	return ts_decode_object(d, root->late, late_fields,
		sizeof late_fields / sizeof late_fields[0], false, t, "/late");
}

static enum ts_err decode_root(
	const struct ts_decode *d, const json_t *json, struct ts_decode_root *root)
{
	*root = (struct ts_decode_root){
		.format = FORMAT,
		.contract = "00000000000000000000000000000000",
		.version = 1,
		.title = "What-if",
		.rounding = ts_rounding_name(TS_ROUND_HALF_AWAY),
	};
	TS_TRY(ts_decode_object(
		d, json, root_fields, sizeof root_fields / sizeof root_fields[0], true, root, ""));
	if (!root->currency || !root->term)
		return ts_why(d->why, TS_E_MISSING_FIELD, root->currency ? "/term" : "/currency",
			"currency and term are always required");
	return TS_OK;
}

static enum ts_err parse(const char *bytes, size_t len, struct ts_region *region, bool what_if,
	const struct ts_terms **out, struct ts_why *why)
{
	if (len > TS_TERMS_BYTES_MAX)
		return ts_why(why, TS_E_LIMIT, "", "the terms have %zu bytes, at most %d", len,
			TS_TERMS_BYTES_MAX);
	__attribute__((cleanup(ts_json_cleanup))) json_t *json = NULL;
	TS_TRY(ts_json_parse(bytes, len, &json, why));
	TS_TRY(check_texts(json, "", why));
	struct ts_terms *terms = ts_region_alloc(region, sizeof *terms);
	if (!terms)
		return ts_why(why, TS_E_NO_MEMORY, "", "no memory for the terms");
	struct ts_decode d = {.terms = terms, .region = region, .why = why, .what_if = what_if};
	struct ts_decode_root root;
	TS_TRY(decode_root(&d, json, &root));
	TS_TRY(decode_head(&d, &root));
	TS_TRY(ts_decode_parties(&d, &root));
	TS_TRY(ts_decode_evidence(&d, &root));
	TS_TRY(ts_decode_time(&d, &root));
	TS_TRY(ts_decode_tax(&d, &root));
	TS_TRY(ts_decode_select(&d, &root));
	TS_TRY(ts_decode_prices(&d, &root));
	TS_TRY(ts_decode_fees(&d, &root));
	TS_TRY(ts_decode_commitments(&d, &root));
	TS_TRY(ts_decode_adjusts(&d, &root));
	TS_TRY(ts_decode_slas(&d, &root));
	TS_TRY(ts_decode_counting(&d));
	TS_TRY(ts_decode_dealing(&d, &root));
	TS_TRY(ts_decode_prepayments(&d, &root));
	TS_TRY(ts_decode_change(&d, &root));
	TS_TRY(ts_terms_check(&d));
	*out = terms;
	return TS_OK;
}

enum ts_err ts_terms_parse(const char *bytes, size_t len, struct ts_region *region,
	const struct ts_terms **out, struct ts_why *why)
{
	return parse(bytes, len, region, false, out, why);
}

enum ts_err ts_terms_parse_what_if(const char *bytes, size_t len, struct ts_region *region,
	const struct ts_terms **out, struct ts_why *why)
{
	return parse(bytes, len, region, true, out, why);
}

struct ts_terms_needs ts_terms_needs(const struct ts_terms *terms)
{
	return (struct ts_terms_needs){
		.account = terms->purposes_n > 0 || terms->counters_n > 0,
		.origin = terms->regions_n > 0 || terms->counters_n > 0,
	};
}

size_t ts_terms_slots(const struct ts_terms *terms)
{
	return terms->prices_n + terms->watches_n;
}

const char *ts_terms_slot_id(const struct ts_terms *terms, size_t slot)
{
	TS_ASSERT(slot < ts_terms_slots(terms));
	return slot < terms->prices_n
		       ? terms->prices[slot].id
		       : terms->exclusions[terms->watches[slot - terms->prices_n].exclusion]
				 .pricing_class;
}

bool ts_terms_watch(const struct ts_terms *terms, size_t exclusion, struct ts_str sku, size_t *slot)
{
	for (size_t i = 0; i < terms->watches_n; i++) {
		const struct ts_watch *w = &terms->watches[i];
		if (w->exclusion == exclusion && ts_str_is(sku, terms->skus[w->sku].id)) {
			*slot = terms->prices_n + i;
			return true;
		}
	}
	return false;
}
