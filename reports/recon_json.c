/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/recon.h"

static json_t *text_of(struct ts_str text)
{
	return json_stringn(text.at, text.len);
}

static json_t *big(ts_i128 v)
{
	char text[TS_I128_CHARS];
	return json_string(ts_i128_format(v, text));
}

static json_t *instant(int64_t ms)
{
	char text[TS_TIME_CHARS];
	return json_string(ts_time_format(ms * TS_US_PER_MS, text));
}

static json_t *day_text(int32_t day)
{
	char text[TS_TIME_CHARS];
	return json_string(ts_date_format(day, text));
}

static json_t *decimal(struct ts_decimal v)
{
	char text[TS_DECIMAL_CHARS];
	return json_string(ts_decimal_format(v, 0, text));
}

/* null where no amounts are compared. */
static json_t *money(const struct ts_recon_report *r, int64_t minor)
{
	char text[TS_DECIMAL_CHARS];
	return r->amounts ? json_string(ts_money_format(minor, r->currency[0], text)) : json_null();
}

static json_t *own_money(const struct ts_recon_report *r, int side)
{
	char text[TS_DECIMAL_CHARS];
	return json_string(ts_money_format(r->total_minor[side], r->currency[side], text));
}

static json_t *tolerance(const struct ts_recon_report *r, const struct ts_tolerance *t)
{
	char text[TS_DECIMAL_CHARS];
	json_t *amount = t->amount_minor < 0 ? json_null()
					     : json_string(ts_money_format(
						       t->amount_minor, r->currency[0], text));
	return json_pack("{s:o,s:o}", "amount", amount, "percent", decimal(t->percent));
}

static json_t *inputs(const struct ts_recon_paper *p, int side)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->inputs_n[side]; i++) {
		const struct ts_recon_input *in = &p->inputs[side][i];
		json_t *row = json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:b}", "name",
			in->name, "sha256", in->sha256, "bytes", (json_int_t)in->bytes, "lines",
			(json_int_t)in->lines, "records", (json_int_t)in->records, "reversed",
			(json_int_t)in->reversed, "repeated", (json_int_t)in->repeated, "void",
			(json_int_t)in->voids, "ignored", (int)in->ignored, "claims_stream",
			(int)in->is_signed);
		if (in->forked_line > 0)
			json_object_set_new(row, "forked_line", json_integer(in->forked_line));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *versions(const struct ts_recon_paper *p, int side)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->versions_n[side]; i++) {
		const struct ts_recon_version *v = &p->versions[side][i];
		json_array_append_new(
			list, json_pack("{s:I,s:s,s:o}", "version", (json_int_t)v->terms->version,
				      "sha256", p->versions_sha256[side][i], "from",
				      i == 0 ? json_null() : instant(v->from_us / TS_US_PER_MS)));
	}
	return list;
}

static json_t *side_of(const struct ts_recon_paper *p, int side)
{
	const struct ts_recon_report *r = p->report;
	int64_t records = 0;
	for (size_t i = 0; i < r->skus_n; i++)
		records += r->skus[i].records[side];
	return json_pack("{s:o,s:o,s:o,s:s,s:I}", "inputs", inputs(p, side), "terms",
		versions(p, side), "amount", own_money(r, side), "currency",
		r->currency[side]->code, "records", (json_int_t)records);
}

static enum ts_err skus(const struct ts_recon_paper *p, json_t *list, struct ts_why *why)
{
	const struct ts_recon_report *r = p->report;
	for (size_t i = 0; i < r->skus_n; i++) {
		const struct ts_recon_sku *s = &r->skus[i];
		ts_i128 drift = 0;
		TS_TRY(ts_recon_drift(p, s, &drift, why));
		json_t *row = json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:o,s:o,s:o}",
			"sku", s->sku, "unit", s->unit, "divisor", big(s->divisor), "provider",
			big(s->quantity[0]), "partner", big(s->quantity[1]), "delta",
			big(s->quantity[0] - s->quantity[1]), "items", big(s->items), "within",
			big(s->within), "provider_records", (json_int_t)s->records[0],
			"partner_records", (json_int_t)s->records[1], "drift", big(drift),
			"provider_unpriced", big(s->unpriced[0]), "partner_unpriced",
			big(s->unpriced[1]));
		json_array_append_new(list, row);
	}
	return TS_OK;
}

static json_t *categories(const struct ts_recon_report *r)
{
	json_t *list = json_array();
	for (int c = 0; c < TS_RECON_CATEGORIES; c++)
		json_array_append_new(list, json_pack("{s:s,s:I,s:o}", "category",
						    ts_recon_kind((enum ts_recon_category)c)->name,
						    "items", (json_int_t)r->sums[c].items, "amount",
						    money(r, r->sums[c].amount_minor)));
	return list;
}

static json_t *days(const struct ts_recon_report *r)
{
	json_t *list = json_array();
	for (size_t i = 0; i < r->days_n; i++) {
		const struct ts_recon_day *d = &r->days[i];
		json_array_append_new(list,
			json_pack("{s:o,s:I,s:I,s:I,s:I,s:o}", "day", day_text(d->day),
				"provider_records", (json_int_t)d->records[0], "partner_records",
				(json_int_t)d->records[1], "items", (json_int_t)d->items, "within",
				(json_int_t)d->within, "amount", money(r, d->amount_minor)));
	}
	return list;
}

static json_t *rows(const struct ts_recon_item *item, int side)
{
	json_t *list = json_array();
	for (const struct ts_recon_row *r = item->rows[side]; r != NULL; r = r->next)
		json_array_append_new(
			list, json_pack("{s:I,s:I,s:o}", "input", (json_int_t)r->input, "line",
				      (json_int_t)r->number, "record", text_of(r->line)));
	return list;
}

static json_t *item_of(const struct ts_recon_report *r, const struct ts_recon_item *i)
{
	const struct ts_recon_kind *kind = ts_recon_kind(i->category);
	json_t *row = json_pack("{s:s,s:b,s:o,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:s,s:s}",
		"category", kind->name, "within", (int)i->within, "day", day_text(i->day), "from",
		instant(i->start_ms), "to", instant(i->end_ms), "sku", i->sku, "provider_quantity",
		big(i->quantity[0]), "partner_quantity", big(i->quantity[1]), "delta_quantity",
		big(i->delta), "delta_amount", money(r, i->amount_minor), "provider", rows(i, 0),
		"partner", rows(i, 1), "owner", kind->owner, "reason_code", kind->reason,
		"action_code", kind->action);
	if (i->held != NULL)
		json_object_set_new(row, "exceeds", json_string(i->held));
	if (i->residual)
		json_object_set_new(row, "residual", json_true());
	if (i->rate[0] != NULL) {
		json_object_set_new(row, "provider_rate",
			json_pack("{s:s,s:s}", "price", i->price[0], "rate", i->rate[0]));
		json_object_set_new(row, "partner_rate",
			json_pack("{s:s,s:s}", "price", i->price[1], "rate", i->rate[1]));
	}
	return row;
}

static json_t *items(const struct ts_recon_report *r)
{
	json_t *list = json_array();
	for (size_t i = 0; i < r->items_n; i++)
		json_array_append_new(list, item_of(r, &r->items[i]));
	return list;
}

static json_t *work(const struct ts_recon_work *w)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "days", (json_int_t)w->days,
		"days_differing", (json_int_t)w->days_differing, "hours", (json_int_t)w->hours,
		"hours_opened", (json_int_t)w->hours_opened, "provider_records_read",
		(json_int_t)w->read[0], "partner_records_read", (json_int_t)w->read[1],
		"records_equal", (json_int_t)w->agreed, "groups_equal",
		(json_int_t)w->agreed_groups);
}

static json_t *closure(const struct ts_recon_report *r)
{
	if (!r->amounts)
		return json_pack("{s:n,s:s}", "amount", "reason", "the currencies differ");
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "provider", money(r, r->total_minor[0]),
		"partner", money(r, r->total_minor[1]), "items", money(r, r->items_minor), "within",
		money(r, r->within_minor), "delta",
		money(r, r->total_minor[0] - r->total_minor[1]));
}

static json_t *within(const struct ts_recon_paper *p, ts_i128 drift_minor)
{
	const struct ts_recon_report *r = p->report;
	json_t *drift = r->amounts ? big(drift_minor) : json_null();
	return json_pack("{s:I,s:o,s:o}", "differences", (json_int_t)r->within_sum.items, "amount",
		money(r, r->within_minor), "drift_minor", drift);
}

enum ts_err ts_recon_json(const struct ts_recon_paper *paper, struct ts_region *region,
	const char **out, size_t *len, struct ts_why *why)
{
	const struct ts_recon_report *r = paper->report;
	const struct ts_dealing *t = &r->dealing;
	ts_i128 drift_minor = 0;
	TS_TRY(ts_recon_closes(r, why));
	TS_TRY(ts_recon_drift_minor(paper, &drift_minor, why));
	json_t *sku_list = json_array();
	enum ts_err err = skus(paper, sku_list, why);
	__attribute__((cleanup(ts_json_cleanup))) json_t *root = json_pack(
		"{s:s,s:s,s:{s:o,s:o},s:{s:o,s:o,s:o},s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,"
		"s:{s:I,s:I,s:I}}",
		"format", TS_RECON_FORMAT, "contract", paper->contract, "period", "from",
		instant(r->from_ms), "to", instant(r->to_ms), "tolerances", "record",
		tolerance(r, &t->record), "line", tolerance(r, &t->line), "invoice",
		tolerance(r, &t->invoice), "provider", side_of(paper, 0), "partner",
		side_of(paper, 1), "skus", sku_list, "closure", closure(r), "within",
		within(paper, drift_minor), "categories", categories(r), "days", days(r), "items",
		items(r), "work", work(&r->work), "clock", "offset_ms",
		(json_int_t)r->clock.offset_ms, "groups", (json_int_t)r->clock.groups, "shifted",
		(json_int_t)r->clock.shifted);
	TS_TRY(err);
	if (root == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "report", "no memory for the report");
	err = ts_json_canonical(root, region, out, len);
	return err == TS_OK ? TS_OK
			    : ts_why(why, err, "report", "the report is too long: %zu items",
				      r->items_n);
}
