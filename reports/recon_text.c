/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/recon.h"
#include <stdio.h>
#include <string.h>

#define BAR_CHARS 40

static const char *units(const struct ts_recon_report *r, const char *sku, ts_i128 quantity,
	char out[TS_DECIMAL_CHARS])
{
	ts_i128 divisor = 1;
	for (size_t i = 0; i < r->skus_n; i++)
		if (strcmp(r->skus[i].sku, sku) == 0)
			divisor = r->skus[i].divisor;
	return ts_ratio_format(quantity, divisor, 9, out);
}

static const char *money(const struct ts_recon_report *r, int64_t minor, char out[TS_DECIMAL_CHARS])
{
	return r->amounts ? ts_money_group(minor, r->currency[0], out) : "-";
}

static const char *instant(int64_t ms, char out[TS_TIME_CHARS])
{
	return ts_time_format(ms * TS_US_PER_MS, out);
}

static void put_inputs(const struct ts_recon_paper *p, struct ts_buf *out)
{
	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i < p->inputs_n[side]; i++) {
			const struct ts_recon_input *in = &p->inputs[side][i];
			ts_buf_printf(out, "%-8s  input %zu  %s  %lld records  sha256 %s\n",
				ts_recon_side_name((enum ts_recon_side)side), i + 1, in->name,
				(long long)in->records, in->sha256);
			if (in->ignored)
				ts_buf_puts(out, "          the same bytes were given before: not "
						 "counted again\n");
			if (in->reversed + in->repeated + in->voids > 0)
				ts_buf_printf(out,
					"          %lld reversed, %lld given before, %lld void\n",
					(long long)in->reversed, (long long)in->repeated,
					(long long)in->voids);
			if (in->forked_line > 0)
				ts_buf_printf(out,
					"          line %lld contradicts the same stream in an "
					"earlier input: a fork\n",
					(long long)in->forked_line);
		}
}

static void put_versions(const struct ts_recon_paper *p, struct ts_buf *out)
{
	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i < p->versions_n[side]; i++) {
			char text[TS_TIME_CHARS];
			ts_buf_printf(out, "%-8s  terms version %lld  from %s  sha256 %s\n",
				ts_recon_side_name((enum ts_recon_side)side),
				(long long)p->versions[side][i].terms->version,
				i == 0 ? "the term's begin"
				       : ts_time_format(p->versions[side][i].from_us, text),
				p->versions_sha256[side][i]);
		}
}

static void put_level(const struct ts_recon_report *r, const char *name,
	const struct ts_tolerance *t, struct ts_buf *out)
{
	char text[TS_DECIMAL_CHARS];
	bool percent = t->percent.pico > 0, amount = t->amount_minor > 0;
	ts_buf_printf(out, "  %s:", name);
	if (percent)
		ts_buf_printf(out, " %s %%", ts_decimal_format(t->percent, 0, text));
	if (amount)
		ts_buf_printf(out, "%s %s", percent ? " and" : "",
			ts_money_group(t->amount_minor, r->currency[0], text));
	if (!percent && !amount)
		ts_buf_puts(out, " none");
}

static void put_tolerances(const struct ts_recon_report *r, struct ts_buf *out)
{
	ts_buf_puts(out, "tolerances");
	put_level(r, "record", &r->dealing.record, out);
	put_level(r, "line", &r->dealing.line, out);
	put_level(r, "invoice", &r->dealing.invoice, out);
	ts_buf_puts(out, "\n\n");
}

static void put_row(struct ts_buf *out, const char *name, const char *const cells[5])
{
	ts_buf_printf(out, "%-22s %20s %20s %18s %18s %14s\n", name, cells[0], cells[1], cells[2],
		cells[3], cells[4]);
}

static enum ts_err put_totals(
	const struct ts_recon_paper *p, struct ts_buf *out, struct ts_why *why)
{
	const struct ts_recon_report *r = p->report;
	char t[5][TS_DECIMAL_CHARS];
	const char *cells[5] = {"provider", "partner", "items", "within tolerance", "drift"};
	put_row(out, "totals", cells);
	for (int i = 0; i < 5; i++)
		cells[i] = t[i];
	for (size_t k = 0; k < r->skus_n; k++) {
		const struct ts_recon_sku *s = &r->skus[k];
		char name[160];
		ts_i128 drift = 0;
		TS_TRY(ts_recon_drift(p, s, &drift, why));
		units(r, s->sku, s->quantity[0], t[0]);
		units(r, s->sku, s->quantity[1], t[1]);
		units(r, s->sku, s->items, t[2]);
		units(r, s->sku, s->within, t[3]);
		units(r, s->sku, drift, t[4]);
		snprintf(name, sizeof name, "%s %s", s->sku, s->unit);
		put_row(out, name, cells);
		for (int side = 0; side < 2; side++)
			if (s->unpriced[side] != 0)
				ts_buf_printf(out, "  %s: no price for %s of it\n",
					ts_recon_side_name((enum ts_recon_side)side),
					units(r, s->sku, s->unpriced[side], t[0]));
	}
	ts_i128 minor = 0;
	int64_t drift = 0;
	TS_TRY(ts_recon_drift_minor(p, &minor, why));
	TS_TRY(ts_to64(minor, &drift));
	char name[32];
	snprintf(name, sizeof name, "amount %s",
		r->amounts ? r->currency[0]->code : "(two currencies)");
	ts_money_group(r->total_minor[0], r->currency[0], t[0]);
	ts_money_group(r->total_minor[1], r->currency[1], t[1]);
	cells[2] = money(r, r->items_minor, t[2]);
	cells[3] = money(r, r->within_minor, t[3]);
	cells[4] = money(r, drift, t[4]);
	put_row(out, name, cells);
	ts_buf_puts(out, r->amounts
				 ? "items + within tolerance = provider - partner, in quantity and "
				   "amount: it closes\n\n"
				 : "it closes in quantity; amounts of two currencies are not "
				   "compared\n\n");
	return TS_OK;
}

static void put_categories(const struct ts_recon_report *r, struct ts_buf *out)
{
	char t[TS_DECIMAL_CHARS];
	ts_buf_printf(out, "%-22s %10s %18s  %s\n", "category", "items", "amount", "owner");
	for (int c = 0; c < TS_RECON_CATEGORIES; c++) {
		const struct ts_recon_kind *kind = ts_recon_kind((enum ts_recon_category)c);
		if (r->sums[c].items > 0)
			ts_buf_printf(out, "%-22s %10lld %18s  %s\n", kind->name,
				(long long)r->sums[c].items, money(r, r->sums[c].amount_minor, t),
				kind->owner);
	}
	ts_buf_printf(out, "%-22s %10lld %18s\n\n", "within tolerance",
		(long long)r->within_sum.items, money(r, r->within_minor, t));
}

static void put_days(const struct ts_recon_report *r, struct ts_buf *out)
{
	int64_t most = 1;
	char text[TS_TIME_CHARS], t[TS_DECIMAL_CHARS];
	for (size_t i = 0; i < r->days_n; i++)
		if (r->days[i].items > most)
			most = r->days[i].items;
	ts_buf_printf(out, "%-12s %10s %10s %8s %8s %16s\n", "day", "provider", "partner", "items",
		"within", "amount");
	for (size_t i = 0; i < r->days_n; i++) {
		const struct ts_recon_day *d = &r->days[i];
		int bar = (int)((ts_i128)d->items * BAR_CHARS / most);
		ts_buf_printf(out, "%-12s %10lld %10lld %8lld %8lld %16s %.*s\n",
			ts_date_format(d->day, text), (long long)d->records[0],
			(long long)d->records[1], (long long)d->items, (long long)d->within,
			money(r, d->amount_minor, t), bar,
			"########################################");
	}
	ts_buf_putc(out, '\n');
}

static void put_item(
	const struct ts_recon_report *r, const struct ts_recon_item *i, struct ts_buf *out)
{
	char from[TS_TIME_CHARS], to[TS_TIME_CHARS], q[TS_DECIMAL_CHARS], m[TS_DECIMAL_CHARS];
	ts_buf_printf(out, "%s%s  %s .. %s  %s  quantity %s  amount %s%s%s%s\n",
		ts_recon_kind(i->category)->name, i->within ? " (within tolerance)" : "",
		instant(i->start_ms, from), instant(i->end_ms, to), i->sku,
		units(r, i->sku, i->delta, q), money(r, i->amount_minor, m),
		i->held != NULL ? "  exceeds the tolerance of the " : "",
		i->held != NULL ? i->held : "",
		i->residual ? "  (sums of the day: records name no workload or resource)" : "");
	for (int side = 0; side < 2; side++) {
		const char *name = ts_recon_side_name((enum ts_recon_side)side);
		if (i->rate[side] != NULL)
			ts_buf_printf(out, "  %-8s  %s  %s\n", name, i->price[side], i->rate[side]);
		for (const struct ts_recon_row *row = i->rows[side]; row != NULL; row = row->next)
			ts_buf_printf(out, "  %-8s  input %zu line %lld: %.*s\n", name, row->input,
				(long long)row->number, (int)row->line.len, row->line.at);
	}
}

static void put_clock(const struct ts_recon_report *r, struct ts_buf *out)
{
	const struct ts_recon_clock *c = &r->clock;
	if (c->groups == 0)
		return;
	ts_buf_printf(out,
		"clocks: the partner's runs %lld ms %s the provider's in %lld of %lld shifted "
		"groups of records; nothing was corrected for it\n\n",
		(long long)(c->offset_ms < 0 ? -c->offset_ms : c->offset_ms),
		c->offset_ms < 0 ? "behind" : "ahead of", (long long)c->groups,
		(long long)c->shifted);
}

enum ts_err ts_recon_text(const struct ts_recon_paper *paper, size_t items_max, struct ts_buf *out,
	struct ts_why *why)
{
	const struct ts_recon_report *r = paper->report;
	char from[TS_TIME_CHARS], to[TS_TIME_CHARS];
	TS_TRY(ts_recon_closes(r, why));
	ts_buf_printf(out, "reconciliation of contract %s, %s .. %s\n", paper->contract,
		instant(r->from_ms, from), instant(r->to_ms, to));
	put_inputs(paper, out);
	put_versions(paper, out);
	put_tolerances(r, out);
	TS_TRY(put_totals(paper, out, why));
	put_categories(r, out);
	put_days(r, out);
	put_clock(r, out);
	for (size_t i = 0; i < r->items_n && i < items_max; i++)
		put_item(r, &r->items[i], out);
	if (r->items_n > items_max)
		ts_buf_printf(out, "%zu more: --items, or --json\n", r->items_n - items_max);
	ts_buf_printf(out,
		"compared: %lld days x SKU, %lld of them differ; %lld of %lld hours read, %lld + "
		"%lld records\n",
		(long long)r->work.days, (long long)r->work.days_differing,
		(long long)r->work.hours_opened, (long long)r->work.hours,
		(long long)r->work.read[0], (long long)r->work.read[1]);
	return out->err == TS_OK ? TS_OK
				 : ts_why(why, out->err, "report", "the text is too long: --items");
}
