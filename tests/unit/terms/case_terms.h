/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_CASE_TERMS_H
#define TS_TESTS_CASE_TERMS_H
/* Why: the published billing cases give a tariff and quantities; each becomes what-if terms and is
 * rated through the public functions of the room. One file, included by one test. */
#include "support/test.h"
#include "terms/rate.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASE_DIVISOR 1000000 /* quantities of the cases have at most six decimals */
#define CASE_REGION_BYTES (4 * 1024 * 1024)

struct rated {
	struct ts_region *region;
	const struct ts_terms *terms;
	struct ts_period period;
	const struct ts_charge_line *lines;
	size_t n;
	int64_t total_minor;
};

static inline const char *text_of(const json_t *obj, const char *name)
{
	return json_string_value(json_object_get(obj, name));
}

static inline int64_t int_of(const json_t *obj, const char *name)
{
	return json_integer_value(json_object_get(obj, name));
}

static inline bool has(const json_t *obj, const char *name)
{
	const json_t *value = json_object_get(obj, name);
	return value && !json_is_null(value);
}

/* Takes the reference to the JSON. */
static inline const struct ts_terms *terms_from(json_t *json, struct ts_region *region)
{
	assert_non_null(json);
	char *bytes = json_dumps(json, JSON_COMPACT);
	struct ts_why why = {0};
	const struct ts_terms *terms = NULL;
	enum ts_err err = ts_terms_parse_what_if(bytes, strlen(bytes), region, &terms, &why);
	if (err != TS_OK)
		print_error("%s: %s\n%s\n", why.where, why.text, bytes);
	assert_ok(err);
	free(bytes);
	json_decref(json);
	return terms;
}

static inline ts_i128 case_quantity(const char *text)
{
	struct ts_decimal v = {0};
	assert_ok(ts_decimal_parse(ts_str(text), &v));
	assert_true(v.pico % (TS_PICO / CASE_DIVISOR) == 0);
	return v.pico / (TS_PICO / CASE_DIVISOR);
}

static inline json_t *case_sku(void)
{
	return json_pack("[{s:s,s:s,s:s}]", "sku", "x", "unit", "unit", "divisor", "1000000");
}

/* Terms of one price and one minimum or fee, all optional (NULL). Takes the references. */
static inline json_t *case_terms(const char *currency, const char *from, const char *to,
	json_t *prices, json_t *fees, json_t *minimums)
{
	json_t *terms = json_pack("{s:s,s:{s:s},s:o}", "currency", currency, "term", "from", from,
		"skus", case_sku());
	if (to)
		json_object_set_new(json_object_get(terms, "term"), "to", json_string(to));
	if (prices)
		json_object_set_new(terms, "prices", prices);
	if (fees)
		json_object_set_new(terms, "fees", fees);
	if (minimums)
		json_object_set_new(terms, "minimums", minimums);
	return terms;
}

static inline void rate_lines(struct rated *r, const struct ts_rate_usage *usage, int32_t as_of_day)
{
	const struct ts_charge *charges = NULL;
	size_t n = 0;
	struct ts_why why = {0};
	r->total_minor = 0;
	assert_ok(ts_rate(r->terms, &r->period, usage, as_of_day, r->region, &charges, &n, &why));
	assert_ok(ts_rate_lines(r->terms, &r->period, charges, n, r->region, &r->lines, &r->n));
	for (size_t i = 0; i < r->n; i++) {
		assert_non_null(r->lines[i].trace);
		assert_ok(ts_add64(r->total_minor, r->lines[i].amount_minor, &r->total_minor));
	}
}

/* Takes the reference. */
static inline struct rated rate_begin(json_t *json, int32_t index)
{
	struct rated r = {.region = ts_region_create(CASE_REGION_BYTES)};
	assert_non_null(r.region);
	r.terms = terms_from(json, r.region);
	assert_ok(ts_period_get(r.terms, index, &r.period));
	return r;
}

/* Rates period `index` with quantity[i] of price i in its first month. Takes the reference. */
static inline struct rated rate_case(
	json_t *json, int32_t index, const ts_i128 *quantities, bool period_over)
{
	struct rated r = rate_begin(json, index);
	struct ts_measure measures[16];
	assert_true(r.terms->prices_n <= 16);
	for (size_t i = 0; i < r.terms->prices_n; i++)
		measures[i] = (struct ts_measure){.price = i,
			.month = ts_month_of_day(r.period.first_day),
			.quantity = quantities != NULL ? quantities[i] : 0};
	for (size_t i = 0; i < r.terms->prices_n; i++)
		measures[i].period = index;
	struct ts_rate_usage usage = {.measures = measures, .measures_n = r.terms->prices_n};
	rate_lines(&r, &usage, r.period.end_day - (period_over ? 1 : 2));
	return r;
}

static inline int64_t kind_total(const struct rated *r, enum ts_charge_kind kind)
{
	int64_t total = 0;
	for (size_t i = 0; i < r->n; i++)
		total += r->lines[i].kind == kind ? r->lines[i].amount_minor : 0;
	return total;
}

static inline int64_t minor_of(const struct ts_terms *terms, const char *amount)
{
	int64_t minor = 0;
	assert_ok(ts_money_parse(ts_str(amount), terms->currency, &minor));
	return minor;
}

/* "-5.48" to cents. */
static inline int64_t parse_cents(const char *text)
{
	struct ts_decimal v = {0};
	assert_ok(ts_decimal_parse(ts_str(text), &v));
	return (int64_t)(v.pico / (TS_PICO / 100));
}

#endif
