/* SPDX-License-Identifier: Apache-2.0 */
/* What prepayments give and what becomes of them: drawn before tax by the charges of a period,
 * after tax by a document, lapsed. All of it are targets: what a period draws follows from its
 * charges and from what earlier periods drew, and what lapses is what is left. */
#include "book/ledger_state.h"
#include "terms/cover.h"
#include <stdlib.h>
#include <string.h>

#define NEVER INT32_MAX

int32_t ts_ledger_prepayment_version(const struct ts_ledger *ledger, int32_t item)
{
	for (size_t i = 0; i < ledger->versions_n; i++)
		if ((size_t)item < ledger->versions[i].terms->prepayments_n)
			return (int32_t)ledger->versions[i].terms->version;
	return 0;
}

struct ts_prepaid_row *ts_ledger_prepaid_row(const struct ts_ledger *ledger, int32_t item)
{
	return ts_rowset_find(&ledger->prepaid, &(struct ts_prepaid_row){.item = item});
}

int32_t ts_ledger_open_period(const struct ts_ledger *ledger)
{
	int32_t n = 0;
	for (size_t i = 0; i < ledger->periods.n; i++)
		n += ((const struct ts_period_row *)ts_rowset_at(&ledger->periods, i))->cut;
	return n; /* they are cut in order, from 0 on */
}

bool ts_ledger_draws(const struct ts_ledger *ledger, int32_t period)
{
	for (size_t i = 0; i < ledger->prepaid.n; i++) {
		const struct ts_prepaid_row *row = ts_rowset_at(&ledger->prepaid, i);
		if (row->from_period >= 0 && row->from_period <= period)
			return true;
	}
	return false;
}

static const struct ts_prepayment *terms_of(const struct ts_ledger *ledger, int32_t item)
{
	const struct ts_terms *newest = ts_ledger_newest(ledger);
	TS_ASSERT(item >= 0 && (size_t)item < newest->prepayments_n);
	return &newest->prepayments[item];
}

/* Index of the period that begins on the day; NEVER for no day. */
static int32_t period_on(const struct ts_ledger *ledger, int32_t day)
{
	struct ts_period period;
	const struct ts_zone *zone = &ts_ledger_calendar(ledger)->zone;
	if (day == NEVER ||
		ts_ledger_period_at(ledger, ts_zone_day_start(zone, day), &period) != TS_OK)
		return NEVER;
	return period.first_day < day ? period.index + 1 : period.index;
}

/* --- what was drawn --- */

static bool within(const struct ts_line_key *line, enum ts_charge_kind kind, int32_t item,
	int32_t from, int32_t to)
{
	return line->kind == kind && line->item == item && line->period >= from &&
	       line->period < to;
}

/* By charges, documents and documents to be issued, of the periods [from, to). */
static enum ts_err drawn_in(
	const struct ts_ledger *ledger, int32_t item, int32_t from, int32_t to, int64_t *minor)
{
	*minor = 0;
	for (size_t i = 0; i < ledger->accruals.n; i++) {
		const struct ts_accrual_row *row = ts_rowset_at(&ledger->accruals, i);
		if (within(&row->line, TS_CHARGE_DRAWDOWN, item, from, to))
			TS_TRY(ts_sub64(*minor, row->accrued_minor, minor));
	}
	for (size_t i = 0; i < ledger->billed.n; i++) {
		const struct ts_billed_row *row = ts_rowset_at(&ledger->billed, i);
		if (within(&row->line, TS_CHARGE_DEPOSIT, item, from, to))
			TS_TRY(ts_sub64(*minor, row->billed_minor, minor));
	}
	for (size_t i = 0; i < ledger->cuts.n; i++) {
		const struct ts_cut_row *row = ts_rowset_at(&ledger->cuts, i);
		if (within(&row->line, TS_CHARGE_DEPOSIT, item, from, to) &&
			!ts_ledger_period_row(ledger, row->cut)->issued)
			TS_TRY(ts_sub64(*minor, row->target_minor, minor));
	}
	return TS_OK;
}

static enum ts_err lapsed_of(const struct ts_ledger *ledger, int32_t item, int64_t *minor)
{
	*minor = 0;
	for (size_t i = 0; i < ledger->accruals.n; i++) {
		const struct ts_accrual_row *row = ts_rowset_at(&ledger->accruals, i);
		if (within(&row->line, TS_CHARGE_BREAKAGE, item, 0, NEVER))
			TS_TRY(ts_add64(*minor, row->accrued_minor, minor));
	}
	return TS_OK;
}

/* What is left when it expires, and how much of that may be drawn for longer. */
static enum ts_err rest_of(const struct ts_ledger *ledger, const struct ts_prepaid_row *row,
	int32_t expires, int64_t *rest, int64_t *rolled)
{
	const struct ts_prepayment *p = terms_of(ledger, row->item);
	int64_t drawn = 0;
	ts_i128 part = 0;
	TS_TRY(drawn_in(ledger, row->item, 0, expires, &drawn));
	*rest = row->net_minor - row->refunded_minor - drawn;
	*rest = *rest > 0 ? *rest : 0;
	TS_TRY(ts_muldiv(*rest, p->rollover.pico, TS_PICO, TS_ROUND_DOWN, &part));
	return ts_to64(part, rolled);
}

/* What a period may draw, behind the periods before it. */
static enum ts_err left_for(const struct ts_ledger *ledger, const struct ts_prepaid_row *row,
	int32_t period, int64_t *minor)
{
	const struct ts_prepayment *p = terms_of(ledger, row->item);
	int32_t expires = period_on(ledger, p->expires_day);
	int64_t rest = 0, drawn = 0;
	*minor = 0;
	if (row->from_period < 0 || period < row->from_period)
		return TS_OK;
	if (period < expires) {
		TS_TRY(drawn_in(ledger, row->item, 0, period, &drawn));
		*minor = row->net_minor - row->refunded_minor - drawn;
	} else if (p->rollover.pico > 0 && period < period_on(ledger, p->rollover_day)) {
		TS_TRY(rest_of(ledger, row, expires, &rest, minor));
		TS_TRY(drawn_in(ledger, row->item, expires, period, &drawn));
		*minor -= drawn;
	}
	*minor = *minor > 0 ? *minor : 0;
	return TS_OK;
}

/* --- in which order --- */

struct source {
	int32_t item;
	int64_t priority;
	int32_t until_day; /* when all of it is gone */
	int64_t left_minor;
	int64_t drawn_minor; /* by the months so far */
};

static int source_cmp(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->until_day != y->until_day)
		return x->until_day < y->until_day ? -1 : 1;
	return (x->item > y->item) - (x->item < y->item);
}

static enum ts_err sources_of(const struct ts_ledger *ledger, int32_t period, bool deposit,
	struct ts_region *region, struct source **out, size_t *n)
{
	*n = 0;
	*out = ts_region_array(region, ledger->prepaid.n + 1, sizeof **out);
	if (*out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < ledger->prepaid.n; i++) {
		const struct ts_prepaid_row *row = ts_rowset_at(&ledger->prepaid, i);
		const struct ts_prepayment *p = terms_of(ledger, row->item);
		struct source s = {.item = row->item,
			.priority = p->priority,
			.until_day = p->rollover.pico > 0 ? p->rollover_day : p->expires_day};
		if (p->deposit != deposit)
			continue;
		TS_TRY(left_for(ledger, row, period, &s.left_minor));
		if (s.left_minor > 0)
			(*out)[(*n)++] = s;
	}
	if (*n > 1)
		qsort(*out, *n, sizeof **out, source_cmp);
	return TS_OK;
}

/* --- before tax: charges --- */

struct pot { /* a charge and what of it nothing has paid for yet */
	const struct ts_ledger_charge *charge;
	int64_t rest_minor;
};

/* The version of the charge says whether it may draw. */
static bool covers(const struct ts_ledger *ledger, int32_t item, const struct ts_ledger_charge *c)
{
	const struct ts_terms *terms = ts_ledger_terms(ledger, c->version);
	const struct ts_line_key line = {
		c->version, c->charge.kind, (int32_t)c->charge.item, 0, c->charge.period};
	if (terms == NULL || (size_t)item >= terms->prepayments_n ||
		ts_ledger_fee_is_apart(ledger, &line))
		return false;
	return ts_cover_line(terms, &terms->prepayments[item].on, c->charge.kind, c->charge.item);
}

/* One source pays for what is open among its charges, in their order. */
static enum ts_err draw_one(const struct ts_ledger *ledger, struct pot *pots, size_t n,
	const struct source *source, int64_t *drawn)
{
	int64_t open = 0;
	for (size_t i = 0; i < n; i++)
		if (covers(ledger, source->item, pots[i].charge))
			TS_TRY(ts_add64(open, pots[i].rest_minor, &open));
	*drawn = open < source->left_minor ? open : source->left_minor;
	*drawn = *drawn > 0 ? *drawn : 0;
	int64_t left = *drawn;
	for (size_t i = 0; i < n && left > 0; i++) {
		if (pots[i].rest_minor <= 0 || !covers(ledger, source->item, pots[i].charge))
			continue;
		int64_t part = pots[i].rest_minor < left ? pots[i].rest_minor : left;
		pots[i].rest_minor -= part;
		left -= part;
	}
	TS_ASSERT(left == 0);
	return TS_OK;
}

/* The months up to and including one draw as if they were all; a month's share is the difference,
 * so the shares sum to what the period draws. */
static enum ts_err draw_month(const struct ts_ledger *ledger, int32_t month,
	const struct ts_ledger_charge *charges, size_t n, struct pot *pots, struct source *sources,
	size_t sources_n, struct ts_ledger_draw *out, size_t *out_n)
{
	for (size_t i = 0; i < n; i++)
		pots[i] = (struct pot){&charges[i],
			charges[i].charge.month <= month ? charges[i].charge.amount_minor : 0};
	for (size_t k = 0; k < sources_n; k++) {
		int64_t drawn = 0;
		TS_TRY(draw_one(ledger, pots, n, &sources[k], &drawn));
		if (drawn != sources[k].drawn_minor)
			out[(*out_n)++] = (struct ts_ledger_draw){
				sources[k].item, month, drawn - sources[k].drawn_minor};
		sources[k].drawn_minor = drawn;
	}
	return TS_OK;
}

enum ts_err ts_ledger_drawdown(const struct ts_ledger *ledger, const struct ts_period *period,
	const struct ts_ledger_charge *charges, size_t n, struct ts_region *region,
	struct ts_ledger_draw **out, size_t *out_n)
{
	struct source *sources = NULL;
	size_t sources_n = 0;
	int32_t first = ts_month_of_day(period->first_day);
	int32_t last = ts_month_of_day(period->end_day - 1);
	*out = NULL;
	*out_n = 0;
	if (!ts_ledger_draws(ledger, period->index))
		return TS_OK;
	TS_TRY(sources_of(ledger, period->index, false, region, &sources, &sources_n));
	struct pot *pots = ts_region_array(region, n + 1, sizeof *pots);
	*out = ts_region_array(region, sources_n * (size_t)(last - first + 1) + 1, sizeof **out);
	if (pots == NULL || *out == NULL)
		return TS_E_NO_MEMORY;
	for (int32_t month = first; month <= last; month++)
		TS_TRY(draw_month(
			ledger, month, charges, n, pots, sources, sources_n, *out, out_n));
	return TS_OK;
}

static enum ts_err trace_of(const struct ts_ledger *ledger, int32_t item, int32_t period,
	int64_t drawn, struct ts_region *region, const char **out)
{
	const struct ts_prepaid_row *row = ts_ledger_prepaid_row(ledger, item);
	const struct ts_currency *currency = ts_ledger_calendar(ledger)->currency;
	char amount[TS_DECIMAL_CHARS], whole[TS_DECIMAL_CHARS], rest[TS_DECIMAL_CHARS];
	int64_t before = 0;
	TS_ASSERT(row != NULL);
	TS_TRY(drawn_in(ledger, item, 0, period, &before));
	*out = ts_region_printf(region, "%s %s drawn of the %s invoiced by %s; %s were left before",
		ts_money_format(drawn, currency, amount), currency->code,
		ts_money_format(row->net_minor, currency, whole), row->document,
		ts_money_format(row->net_minor - row->refunded_minor - before, currency, rest));
	return *out == NULL ? TS_E_NO_MEMORY : TS_OK;
}

enum ts_err ts_ledger_draw_rows(const struct ts_ledger *ledger, int32_t cut,
	const struct ts_period *period, struct ts_region *region, struct ts_rowset *rows)
{
	for (size_t i = 0; i < ledger->accruals.n; i++) {
		const struct ts_accrual_row *row = ts_rowset_at(&ledger->accruals, i);
		struct ts_cut_row key = {.cut = cut, .line = row->line, .dirty = true};
		void *found = NULL;
		if (!within(&row->line, TS_CHARGE_DRAWDOWN, row->line.item, period->index,
			    period->index + 1))
			continue;
		TS_TRY(ts_rowset_get(rows, &key, &found));
		struct ts_cut_row *out = found;
		TS_TRY(ts_add64(out->target_minor, row->accrued_minor, &out->target_minor));
		TS_TRY(trace_of(ledger, row->line.item, period->index, -out->target_minor, region,
			&out->trace));
	}
	return TS_OK;
}

/* --- after tax: documents --- */

static int deposit_cmp(const void *a, const void *b)
{
	const struct ts_invoice_deposit *x = a, *y = b;
	return (x->item > y->item) - (x->item < y->item);
}

enum ts_err ts_ledger_deposits(const struct ts_ledger *ledger, int32_t period,
	struct ts_region *region, struct ts_invoice *invoice)
{
	struct source *sources = NULL;
	size_t n = 0;
	int64_t open = invoice->kind == TS_DOCUMENT_INVOICE ? invoice->total_minor : 0;
	if (open == 0 || !ts_ledger_draws(ledger, period))
		return TS_OK;
	TS_TRY(sources_of(ledger, period, true, region, &sources, &n));
	invoice->deposits = ts_region_array(region, n + 1, sizeof *invoice->deposits);
	if (invoice->deposits == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n && open > 0; i++) {
		int64_t part = open < sources[i].left_minor ? open : sources[i].left_minor;
		invoice->deposits[invoice->deposits_n++] = (struct ts_invoice_deposit){
			sources[i].item, terms_of(ledger, sources[i].item)->id,
			ts_ledger_prepaid_row(ledger, sources[i].item)->document, part};
		TS_TRY(ts_add64(invoice->prepaid_minor, part, &invoice->prepaid_minor));
		open -= part;
	}
	if (invoice->deposits_n > 1) /* on paper by their places in the terms */
		qsort(invoice->deposits, invoice->deposits_n, sizeof *invoice->deposits,
			deposit_cmp);
	return TS_OK;
}

/* --- what lapses --- */

struct lapse {
	struct ts_line_key line;
	int32_t month;
	int64_t target_minor;
};

/* At most two: what expires, and what has rolled over and was not drawn. It lapses when the day has
 * come and the documents of the periods that might draw are fixed. */
static enum ts_err lapses_of(const struct ts_ledger *ledger, const struct ts_prepaid_row *row,
	int32_t day, struct lapse out[2], size_t *n)
{
	const struct ts_prepayment *p = terms_of(ledger, row->item);
	int32_t version = ts_ledger_prepayment_version(ledger, row->item);
	int32_t open = ts_ledger_open_period(ledger), expires = period_on(ledger, p->expires_day);
	int64_t rest = 0, rolled = 0, drawn = 0;
	*n = 0;
	if (expires == NEVER || day < p->expires_day || open < expires)
		return TS_OK;
	TS_TRY(rest_of(ledger, row, expires, &rest, &rolled));
	out[(*n)++] = (struct lapse){{version, TS_CHARGE_BREAKAGE, row->item, 0, expires},
		ts_month_of_day(p->expires_day), rest - rolled};
	if (p->rollover.pico == 0 || day < p->rollover_day)
		return TS_OK;
	int32_t until = period_on(ledger, p->rollover_day);
	if (open < until)
		return TS_OK;
	TS_TRY(drawn_in(ledger, row->item, expires, until, &drawn));
	out[(*n)++] = (struct lapse){{version, TS_CHARGE_BREAKAGE, row->item, 1, until},
		ts_month_of_day(p->rollover_day), rolled > drawn ? rolled - drawn : 0};
	return TS_OK;
}

static enum ts_err post_lapse(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct lapse *lapse, int32_t day, struct ts_postings *out)
{
	struct ts_accrual_row key = {.line = lapse->line, .month = lapse->month};
	const struct ts_accrual_row *there = ts_rowset_find(&ledger->accruals, &key);
	void *found = NULL;
	int64_t change = 0;
	TS_TRY(ts_sub64(lapse->target_minor, there != NULL ? there->accrued_minor : 0, &change));
	if (change == 0) /* nothing lapsed: no row, which nobody would store */
		return TS_OK;
	TS_TRY(ts_rowset_get(&ledger->accruals, &key, &found));
	struct ts_accrual_row *row = found;
	row->accrued_minor = lapse->target_minor;
	row->dirty = true;
	int32_t open = ts_ledger_open_day(ledger);
	struct ts_post post = {.kind = TS_ENTRY_ACCRUAL,
		.debit = TS_ACCOUNT_CONTRACT_LIABILITY,
		.credit = TS_ACCOUNT_REVENUE_BREAKAGE,
		.amount_minor = change,
		.effective_day = day > open ? day : open,
		.service_month = lapse->month,
		.line = &lapse->line};
	TS_TRY(ts_ledger_post(ledger, event, &post, out));
	post.debit = TS_ACCOUNT_EXPENSE_UNUSED;
	post.credit = TS_ACCOUNT_PREPAID;
	return ts_ledger_post(ledger, event, &post, out);
}

/* An amendment may have moved the day: then what lapsed under the old one is taken back. */
static enum ts_err take_back(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	int32_t item, const struct lapse *lapses, size_t n, struct ts_postings *out)
{
	for (size_t i = 0; i < ledger->accruals.n; i++) {
		const struct ts_accrual_row *row = ts_rowset_at(&ledger->accruals, i);
		bool stays = !within(&row->line, TS_CHARGE_BREAKAGE, item, 0, NEVER) ||
			     row->accrued_minor == 0;
		for (size_t k = 0; k < n && !stays; k++)
			stays = ts_line_key_eq(&lapses[k].line, &row->line) &&
				lapses[k].month == row->month;
		struct lapse gone = {row->line, row->month, 0};
		if (!stays)
			TS_TRY(post_lapse(ledger, event, &gone, event->day, out));
	}
	return TS_OK;
}

enum ts_err ts_ledger_lapse(
	struct ts_ledger *ledger, const struct ts_ledger_event *event, struct ts_postings *out)
{
	for (size_t i = 0; i < ledger->prepaid.n; i++) {
		const struct ts_prepaid_row *row = ts_rowset_at(&ledger->prepaid, i);
		const struct ts_prepayment *p = terms_of(ledger, row->item);
		struct lapse lapses[2];
		size_t n = 0;
		TS_TRY(lapses_of(ledger, row, event->day, lapses, &n));
		TS_TRY(take_back(ledger, event, row->item, lapses, n, out));
		for (size_t k = 0; k < n; k++)
			TS_TRY(post_lapse(ledger, event, &lapses[k],
				k == 0 ? p->expires_day : p->rollover_day, out));
	}
	return TS_OK;
}

enum ts_err ts_ledger_prepayment_get(
	const struct ts_ledger *ledger, int32_t item, struct ts_ledger_prepayment *out)
{
	if (item < 0 || (size_t)item >= ts_ledger_newest(ledger)->prepayments_n)
		return TS_E_NOT_FOUND;
	const struct ts_prepaid_row *row = ts_ledger_prepaid_row(ledger, item);
	*out = (struct ts_ledger_prepayment){.terms = terms_of(ledger, item), .row = row};
	if (row == NULL)
		return TS_OK;
	TS_TRY(drawn_in(ledger, item, 0, NEVER, &out->drawn_minor));
	TS_TRY(lapsed_of(ledger, item, &out->lapsed_minor));
	out->left_minor = row->net_minor - row->refunded_minor - out->drawn_minor -
			  out->lapsed_minor;
	return TS_OK;
}
