/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/decode.h"
#include <string.h>

/* UNCL 5305 codes that EN 16931 knows, with what the standard asks of each: S has a rate, the
 * others are 0 %; all but S and Z give a reason; only AE and K are reverse charge. */
struct category {
	const char *code;
	bool rate, reason, reverse;
};
static const struct category categories[] = {
	{"S", true, false, false},
	{"Z", false, false, false},
	{"E", false, true, false},
	{"AE", false, true, true},
	{"K", false, true, true},
	{"G", false, true, false},
	{"O", false, true, false},
};
static const struct ts_treatment none = {
	.id = "none",
	.category = "O",
	.jurisdiction = "ZZ",
	.reason = "Not subject to tax",
};

static const struct ts_json_field treatment_fields[] = {
	{"id", TS_JSON_STRING, true, offsetof(struct ts_treatment, id), 1, TS_TERMS_TOKEN_MAX},
	{"category", TS_JSON_STRING, true, offsetof(struct ts_treatment, category), 1, 2},
	{"jurisdiction", TS_JSON_STRING, true, offsetof(struct ts_treatment, jurisdiction), 2, 6},
	{"reason", TS_JSON_STRING, false, offsetof(struct ts_treatment, reason), 1, 200},
	{"rate", TS_JSON_STRING, false, offsetof(struct ts_treatment, rate), 1, TS_TERMS_TOKEN_MAX},
	{"reverse_percent", TS_JSON_DECIMAL, false, offsetof(struct ts_treatment, reverse_percent),
		0, 0},
	{"recoverable", TS_JSON_BOOL, true, offsetof(struct ts_treatment, recoverable), 0, 0},
};
static const struct ts_json_field rate_fields[] = {
	{"rate", TS_JSON_STRING, true, offsetof(struct ts_tax_rate, rate), 1, TS_TERMS_TOKEN_MAX},
	{"jurisdiction", TS_JSON_STRING, true, offsetof(struct ts_tax_rate, jurisdiction), 2, 6},
	{"from", TS_JSON_DATE, true, offsetof(struct ts_tax_rate, from_day), 0, 0},
	{"percent", TS_JSON_DECIMAL, true, offsetof(struct ts_tax_rate, percent), 0, 0},
};
struct raw_tax {
	const json_t *treatments, *rates;
};
static const struct ts_json_field tax_fields[] = {
	{"treatments", TS_JSON_ARRAY, true, offsetof(struct raw_tax, treatments), 0,
		TS_TERMS_TREATMENTS_MAX},
	{"rates", TS_JSON_ARRAY, false, offsetof(struct raw_tax, rates), 0, TS_TERMS_RATES_MAX},
};

static bool same_rate(const struct ts_tax_rate *row, const struct ts_treatment *treatment)
{
	return strcmp(row->rate, treatment->rate) == 0 &&
	       strcmp(row->jurisdiction, treatment->jurisdiction) == 0;
}

/* ISO 3166-1 or -2: "DE", "US-TN". */
static bool is_jurisdiction(const char *text)
{
	for (size_t i = 0; i < strlen(text); i++) {
		bool letter = text[i] >= 'A' && text[i] <= 'Z';
		bool digit = text[i] >= '0' && text[i] <= '9';
		if (i == 2 ? text[i] != '-' : !letter && !(digit && i > 2))
			return false;
	}
	return strlen(text) == 2 || strlen(text) > 3;
}

static enum ts_err check_jurisdiction(
	const struct ts_decode *d, const char *text, const char *pointer)
{
	if (is_jurisdiction(text))
		return TS_OK;
	return ts_why(d->why, TS_E_MALFORMED, pointer,
		"jurisdiction \"%s\" must be an ISO 3166 code (DE, US-TN)", text);
}

static enum ts_err check_percent(
	const struct ts_decode *d, struct ts_decimal percent, const char *pointer)
{
	if (percent.pico >= 0 && percent.pico <= 100 * TS_PICO)
		return TS_OK;
	char text[TS_DECIMAL_CHARS];
	return ts_why(d->why, TS_E_RANGE, pointer, "%s %% is outside 0 to 100",
		ts_decimal_format(percent, 0, text));
}

/* A rate that holds on the first day of the term must exist. */
static enum ts_err check_rate(
	const struct ts_decode *d, const struct ts_treatment *t, const char *pointer)
{
	for (size_t i = 0; i < d->terms->tax_rates_n; i++) {
		const struct ts_tax_rate *row = &d->terms->tax_rates[i];
		if (same_rate(row, t) && row->from_day <= d->terms->from_day)
			return TS_OK;
	}
	return ts_why(d->why, TS_E_INVALID, pointer,
		"no row of /tax/rates gives rate \"%s\" of %s on the first day of the term",
		t->rate, t->jurisdiction);
}

static enum ts_err check_treatment(
	const struct ts_decode *d, const struct ts_treatment *t, const char *pointer)
{
	const struct category *c = NULL;
	for (size_t i = 0; i < sizeof categories / sizeof categories[0]; i++) {
		if (strcmp(categories[i].code, t->category) == 0)
			c = &categories[i];
	}
	TS_TRY(ts_decode_token(d, t->id, pointer, "id"));
	TS_TRY(check_jurisdiction(d, t->jurisdiction, pointer));
	if (!c)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"category \"%s\" must be one of S Z E AE K G O", t->category);
	if (c->rate != (t->rate != NULL))
		return ts_why(d->why, TS_E_INVALID, pointer, "category %s %s a rate", t->category,
			c->rate ? "needs" : "is 0 % and must not name");
	if (c->reason != (t->reason != NULL))
		return ts_why(d->why, TS_E_INVALID, pointer, "category %s %s a reason", t->category,
			c->reason ? "needs" : "must not give");
	if (t->reverse_charge && !c->reverse)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"category %s is no reverse charge and must not give reverse_percent",
			t->category);
	TS_TRY(check_percent(d, t->reverse_percent, pointer));
	return t->rate ? check_rate(d, t, pointer) : TS_OK;
}

static enum ts_err decode_rates(const struct ts_decode *d, const json_t *array)
{
	struct ts_tax_rate *rates = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *rates, &rates, &d->terms->tax_rates_n));
	d->terms->tax_rates = rates;
	for (size_t i = 0; i < d->terms->tax_rates_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, "/tax", "rates", i);
		TS_TRY(ts_decode_object(d, json_array_get(array, i), rate_fields,
			sizeof rate_fields / sizeof rate_fields[0], false, &rates[i], at));
		TS_TRY(ts_decode_token(d, rates[i].rate, at, "rate"));
		TS_TRY(check_jurisdiction(d, rates[i].jurisdiction, at));
		TS_TRY(check_percent(d, rates[i].percent, at));
		for (size_t k = 0; k < i; k++) {
			if (rates[k].from_day == rates[i].from_day &&
				strcmp(rates[k].rate, rates[i].rate) == 0 &&
				strcmp(rates[k].jurisdiction, rates[i].jurisdiction) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"rate \"%s\" of %s begins twice on the same day",
					rates[i].rate, rates[i].jurisdiction);
		}
	}
	return TS_OK;
}

static enum ts_err decode_treatments(const struct ts_decode *d, const json_t *array)
{
	struct ts_treatment *rows = NULL;
	TS_TRY(ts_decode_array(d, array, sizeof *rows, &rows, &d->terms->treatments_n));
	d->terms->treatments = rows;
	for (size_t i = 0; i < d->terms->treatments_n; i++) {
		char at[TS_TERMS_POINTER_CHARS];
		ts_decode_pointer(at, "/tax", "treatments", i);
		const json_t *obj = json_array_get(array, i);
		TS_TRY(ts_decode_object(d, obj, treatment_fields,
			sizeof treatment_fields / sizeof treatment_fields[0], false, &rows[i], at));
		const json_t *reverse = json_object_get(obj, "reverse_percent");
		rows[i].reverse_charge = reverse && !json_is_null(reverse);
		TS_TRY(check_treatment(d, &rows[i], at));
		for (size_t k = 0; k < i; k++) {
			if (strcmp(rows[k].id, rows[i].id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"two treatments have the id \"%s\"", rows[i].id);
		}
	}
	return TS_OK;
}

enum ts_err ts_decode_tax(const struct ts_decode *d, const struct ts_decode_root *root)
{
	if (!root->tax) {
		TS_ASSERT(d->what_if);
		d->terms->treatments = &none;
		d->terms->treatments_n = 1;
		return TS_OK;
	}
	struct raw_tax raw = {0};
	TS_TRY(ts_decode_object(d, root->tax, tax_fields, sizeof tax_fields / sizeof tax_fields[0],
		false, &raw, "/tax"));
	TS_TRY(decode_rates(d, raw.rates));
	return decode_treatments(d, raw.treatments);
}

enum ts_err ts_terms_tax_percent(
	const struct ts_terms *terms, size_t treatment, int32_t day, struct ts_decimal *percent)
{
	TS_ASSERT(treatment < terms->treatments_n);
	const struct ts_treatment *t = &terms->treatments[treatment];
	if (!t->rate) {
		percent->pico = 0;
		return TS_OK;
	}
	const struct ts_tax_rate *best = NULL;
	for (size_t i = 0; i < terms->tax_rates_n; i++) {
		const struct ts_tax_rate *row = &terms->tax_rates[i];
		if (same_rate(row, t) && row->from_day <= day &&
			(!best || row->from_day > best->from_day))
			best = row;
	}
	if (!best)
		return TS_E_NOT_FOUND;
	*percent = best->percent;
	return TS_OK;
}
