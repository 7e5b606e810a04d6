/* SPDX-License-Identifier: Apache-2.0 */
/* Prepayments: what is invoiced when, who may draw on it, and for how long. */
#include "terms/billing.h"
#include "terms/cover.h"
#include "terms/decode.h"
#include <stdio.h>
#include <string.h>

#define PRIORITY_MAX 100
#define PRIORITY_DEFAULT 50

struct raw_prepayment {
	const char *id, *section, *description, *amount, *tax, *drawable, *treatment;
	const json_t *of, *on, *rollover;
	struct ts_decimal percent;
	int64_t priority;
	int32_t invoice_day, expires;
};
#define MEMBER(name, kind, required, min, max)                                                     \
	{                                                                                          \
#name, kind, required, offsetof(struct raw_prepayment, name), min, max             \
	}
static const struct ts_json_field prepayment_fields[] = {
	MEMBER(id, TS_JSON_STRING, true, 1, TS_TERMS_TOKEN_MAX),
	MEMBER(section, TS_JSON_STRING, false, 1, 80),
	MEMBER(description, TS_JSON_STRING, false, 1, 200),
	MEMBER(amount, TS_JSON_STRING, false, 1, 40),
	MEMBER(percent, TS_JSON_DECIMAL, false, 0, 0),
	MEMBER(of, TS_JSON_ARRAY, false, 1, TS_TERMS_FEES_MAX + TS_TERMS_MINIMUMS_MAX),
	MEMBER(invoice_day, TS_JSON_DATE, true, 0, 0),
	MEMBER(tax, TS_JSON_STRING, true, 1, 10),
	MEMBER(drawable, TS_JSON_STRING, true, 1, 10),
	MEMBER(on, TS_JSON_OBJECT, false, 0, 0),
	MEMBER(priority, TS_JSON_INT, false, 1, PRIORITY_MAX),
	MEMBER(expires, TS_JSON_DATE, false, 0, 0),
	MEMBER(rollover, TS_JSON_OBJECT, false, 0, 0),
	MEMBER(treatment, TS_JSON_STRING, true, 1, TS_TERMS_TOKEN_MAX),
};
struct raw_rollover {
	struct ts_decimal fraction;
	int32_t to;
};
static const struct ts_json_field rollover_fields[] = {
	{"fraction", TS_JSON_DECIMAL, true, offsetof(struct raw_rollover, fraction), 0, 0},
	{"to", TS_JSON_DATE, true, offsetof(struct raw_rollover, to), 0, 0},
};

/* --- how much --- */

static enum ts_err add_total(
	const struct ts_decode *d, const char *id, const char *at, int64_t *sum)
{
	const struct ts_terms *t = d->terms;
	bool found = false;
	enum ts_err err = TS_OK;
	for (size_t i = 0; i < t->fees_n + t->minimums_n && err == TS_OK; i++) {
		bool fee = i < t->fees_n;
		size_t k = fee ? i : i - t->fees_n;
		int64_t total = 0;
		if (strcmp(fee ? t->fees[k].id : t->minimums[k].id, id) != 0)
			continue;
		if (found)
			return ts_why(d->why, TS_E_INVALID, at,
				"\"%s\" is a fee and a minimum: which one is meant is not said",
				id);
		found = true;
		err = fee ? ts_billing_total(t, t->fees[k].segments, t->fees[k].segments_n, &total)
			  : ts_billing_total(
				    t, t->minimums[k].segments, t->minimums[k].segments_n, &total);
		if (err == TS_OK)
			err = ts_add64(*sum, total, sum);
	}
	if (err == TS_E_INVALID)
		return ts_why(d->why, err, at, "a percentage needs a term with an end");
	if (err != TS_OK)
		return ts_why(d->why, err, at, "\"%s\" over the term overflows", id);
	return found ? TS_OK
		     : ts_why(d->why, TS_E_INVALID, at, "\"%s\" is no fee and no minimum", id);
}

static enum ts_err percent_of(const struct ts_decode *d, const struct raw_prepayment *raw,
	const char *pointer, int64_t *minor)
{
	char at[TS_TERMS_POINTER_CHARS];
	int64_t sum = 0;
	ts_i128 part = 0;
	if (raw->percent.pico <= 0 || raw->percent.pico > 100 * TS_PICO)
		return ts_why(d->why, TS_E_RANGE, pointer, "percent must be above 0, at most 100");
	for (size_t i = 0; i < json_array_size(raw->of); i++) {
		const char *id = json_string_value(json_array_get(raw->of, i));
		ts_decode_pointer(at, pointer, "of", i);
		if (id == NULL)
			return ts_why(
				d->why, TS_E_INVALID, at, "must be the id of a fee or minimum");
		for (size_t k = 0; k < i; k++)
			if (json_equal(json_array_get(raw->of, i), json_array_get(raw->of, k)))
				return ts_why(d->why, TS_E_INVALID, at, "\"%s\" stands twice", id);
		TS_TRY(add_total(d, id, at, &sum));
	}
	TS_TRY(ts_muldiv(sum, raw->percent.pico, 100 * TS_PICO, d->terms->rounding, &part));
	return ts_to64(part, minor);
}

static enum ts_err decode_amount(const struct ts_decode *d, const json_t *obj,
	const struct raw_prepayment *raw, const char *pointer, int64_t *minor)
{
	bool percent = json_object_get(obj, "percent") != NULL;
	if (percent == (raw->amount != NULL) || percent != (raw->of != NULL))
		return ts_why(d->why, TS_E_INVALID, pointer,
			"a prepayment has an amount, or percent and of");
	if (percent)
		TS_TRY(percent_of(d, raw, pointer, minor));
	else
		TS_TRY(ts_decode_money(d, raw->amount, pointer, "amount", minor));
	if (*minor <= 0)
		return ts_why(d->why, TS_E_INVALID, pointer, "it comes to nothing");
	return TS_OK;
}

/* --- for how long --- */

/* What lapses lapses between periods: of no period a part is drawn. */
static enum ts_err check_edge(const struct ts_decode *d, int32_t after, int32_t day,
	const char *pointer, const char *name)
{
	const struct ts_terms *t = d->terms;
	struct ts_period period;
	char text[TS_TIME_CHARS], edge[TS_TIME_CHARS];
	ts_date_format(day, text);
	if (day <= after)
		return ts_why(d->why, TS_E_INVALID, pointer, "%s %s must be after %s", name, text,
			ts_date_format(after, edge));
	bool on = day == t->to_day;
	if (!on && day > t->from_day && day < t->to_day &&
		ts_period_at(t, ts_zone_day_start(&t->zone, day), &period) == TS_OK)
		on = period.first_day == day;
	if (!on)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"%s %s must be a day on which a billing period of the term begins, or the "
			"term's end",
			name, text);
	return TS_OK;
}

static enum ts_err decode_rollover(const struct ts_decode *d, const json_t *obj,
	const char *pointer, struct ts_prepayment *out)
{
	struct raw_rollover raw = {0};
	char at[TS_TERMS_POINTER_CHARS];
	(void)snprintf(at, sizeof at, "%.120s/rollover", pointer);
	if (obj == NULL)
		return TS_OK;
	TS_TRY(ts_decode_object(d, obj, rollover_fields,
		sizeof rollover_fields / sizeof rollover_fields[0], false, &raw, at));
	if (out->expires_day == INT32_MAX)
		return ts_why(d->why, TS_E_INVALID, at, "what never expires can't roll over");
	if (raw.fraction.pico <= 0 || raw.fraction.pico > TS_PICO)
		return ts_why(d->why, TS_E_RANGE, at, "fraction must be above 0, at most 1");
	out->rollover = raw.fraction;
	out->rollover_day = raw.to;
	return check_edge(d, out->expires_day, raw.to, at, "to");
}

static enum ts_err decode_time(const struct ts_decode *d, const struct raw_prepayment *raw,
	const char *pointer, struct ts_prepayment *out)
{
	char text[TS_TIME_CHARS];
	out->invoice_day = raw->invoice_day;
	out->expires_day = raw->expires;
	if (out->invoice_day < d->terms->from_day || out->invoice_day >= d->terms->to_day)
		return ts_why(d->why, TS_E_INVALID, pointer, "invoice_day %s lies outside the term",
			ts_date_format(out->invoice_day, text));
	if (out->expires_day != INT32_MAX)
		TS_TRY(check_edge(d, out->invoice_day, out->expires_day, pointer, "expires"));
	return decode_rollover(d, raw->rollover, pointer, out);
}

/* --- for what --- */

/* Its lines lower those that draw on it, so all of them have its treatment: the tax on it is then
 * the tax that they would bear. Fees that are billed on a plan of their own do not draw: they are
 * billed before they are accrued. */
static enum ts_err check_cover(const struct ts_decode *d, const json_t *on,
	const struct ts_prepayment *p, const char *pointer)
{
	const struct ts_terms *t = d->terms;
	bool any = false;
	for (size_t i = 0; i < t->prices_n + t->fees_n; i++) {
		bool price = i < t->prices_n;
		size_t k = price ? i : i - t->prices_n;
		const char *id = price ? t->prices[k].id : t->fees[k].id;
		if (!(price ? ts_cover_price(&p->on, k) : ts_cover_fee(&p->on, k)))
			continue;
		if (!price && ts_billing_apart(&t->fees[k])) {
			if (on == NULL)
				continue;
			return ts_why(d->why, TS_E_INVALID, pointer,
				"fee \"%s\" has a billing of its own, so nothing of it can be "
				"drawn",
				id);
		}
		any = true;
		if ((price ? t->prices[k].treatment : t->fees[k].treatment) != p->treatment)
			return ts_why(d->why, TS_E_INVALID, pointer,
				"\"%s\" draws on it and has another tax treatment than \"%s\"", id,
				t->treatments[p->treatment].id);
	}
	return any ? TS_OK : ts_why(d->why, TS_E_INVALID, pointer, "nothing can draw on it");
}

static enum ts_err decode_use(const struct ts_decode *d, const struct raw_prepayment *raw,
	const char *pointer, struct ts_prepayment *out)
{
	out->deposit = strcmp(raw->tax, "deposit") == 0;
	out->when_paid = strcmp(raw->drawable, "when_paid") == 0;
	out->priority = raw->priority;
	if (!out->deposit && strcmp(raw->tax, "taxed") != 0)
		return ts_why(d->why, TS_E_INVALID, pointer, "tax \"%s\" must be taxed or deposit",
			raw->tax);
	if (!out->when_paid && strcmp(raw->drawable, "on_issue") != 0)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"drawable \"%s\" must be on_issue or when_paid", raw->drawable);
	TS_TRY(ts_decode_treatment(d, raw->treatment, pointer, &out->treatment));
	TS_TRY(ts_decode_cover(d, raw->on, pointer, &out->on));
	if (!out->deposit)
		return check_cover(d, raw->on, out, pointer);
	if (raw->on != NULL)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"a deposit pays for whole documents: it has no \"on\"");
	if (strcmp(d->terms->treatments[out->treatment].category, "O") != 0)
		return ts_why(d->why, TS_E_INVALID, pointer,
			"no tax is due on a deposit before it is drawn: its treatment has category "
			"O");
	return TS_OK;
}

static enum ts_err decode_prepayment(const struct ts_decode *d, const json_t *obj,
	const char *pointer, struct ts_prepayment *out)
{
	struct raw_prepayment raw = {
		.priority = PRIORITY_DEFAULT, .invoice_day = INT32_MIN, .expires = INT32_MAX};
	TS_TRY(ts_decode_object(d, obj, prepayment_fields,
		sizeof prepayment_fields / sizeof prepayment_fields[0], true, &raw, pointer));
	if (!raw.id || !raw.tax || !raw.drawable || raw.invoice_day == INT32_MIN)
		return ts_why(d->why, TS_E_MISSING_FIELD, pointer,
			"a prepayment needs \"id\", \"invoice_day\", \"tax\" and \"drawable\"");
	TS_TRY(ts_decode_token(d, raw.id, pointer, "id"));
	out->id = raw.id;
	out->section = raw.section ? raw.section : "";
	out->description = raw.description ? raw.description : raw.id;
	TS_TRY(decode_amount(d, obj, &raw, pointer, &out->amount_minor));
	TS_TRY(decode_time(d, &raw, pointer, out));
	return decode_use(d, &raw, pointer, out);
}

enum ts_err ts_decode_prepayments(const struct ts_decode *d, const struct ts_decode_root *root)
{
	struct ts_prepayment *rows = NULL;
	char at[TS_TERMS_POINTER_CHARS];
	TS_TRY(ts_decode_array(
		d, root->prepayments, sizeof *rows, &rows, &d->terms->prepayments_n));
	d->terms->prepayments = rows;
	for (size_t i = 0; i < d->terms->prepayments_n; i++) {
		ts_decode_pointer(at, "", "prepayments", i);
		TS_TRY(decode_prepayment(d, json_array_get(root->prepayments, i), at, &rows[i]));
		for (size_t k = 0; k < i; k++)
			if (strcmp(rows[k].id, rows[i].id) == 0)
				return ts_why(d->why, TS_E_INVALID, at,
					"two prepayments have the id \"%s\"", rows[i].id);
	}
	return TS_OK;
}
