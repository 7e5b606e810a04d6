/* SPDX-License-Identifier: Apache-2.0 */
/* Accrue to target: entry = target - accrued per charge line and month, in both books. */
#include "book/ledger_credit.h"
#include <stdlib.h>
#include <string.h>

struct delta {
	struct ts_line_key line;
	int32_t month;
	int64_t target_minor;
};

static int delta_cmp(const void *a, const void *b)
{
	const struct delta *x = a, *y = b;
	int cmp = ts_line_key_cmp(&x->line, &y->line);
	return cmp != 0 ? cmp : (x->month > y->month) - (x->month < y->month);
}

/* Targets of the period and, at 0, every accrued line and month that has no charge any more. */
static enum ts_err deltas_of(const struct ts_ledger *ledger, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct delta **out, size_t *n, struct ts_why *why)
{
	struct ts_ledger_charge *charges = NULL;
	size_t charges_n = 0, used = 0;
	struct ts_ledger_draw *draws = NULL;
	size_t draws_n = 0;
	TS_TRY(ts_ledger_charges(ledger, period, day, region, &charges, &charges_n, why));
	TS_TRY(ts_ledger_drawdown(ledger, period, charges, charges_n, region, &draws, &draws_n));
	struct delta *deltas = ts_region_array(
		region, charges_n + draws_n + ledger->accruals.n + 1, sizeof *deltas);
	if (deltas == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < charges_n; i++) {
		const struct ts_charge *c = &charges[i].charge;
		deltas[used++] = (struct delta){
			{charges[i].version, c->kind, (int32_t)c->item, c->tier, c->period},
			c->month, c->amount_minor};
	}
	for (size_t i = 0; i < draws_n; i++) {
		struct ts_line_key key = {ts_ledger_prepayment_version(ledger, draws[i].item),
			TS_CHARGE_DRAWDOWN, draws[i].item, 0, period->index};
		deltas[used++] = (struct delta){key, draws[i].month, -draws[i].amount_minor};
	}
	qsort(deltas, used, sizeof *deltas, delta_cmp);
	size_t charged = used;
	for (size_t i = 0; i < ledger->accruals.n; i++) {
		const struct ts_accrual_row *row = ts_rowset_at(&ledger->accruals, i);
		struct delta gone = {row->line, row->month, 0};
		if (row->line.kind == TS_CHARGE_BREAKAGE) /* no period's charges say it */
			continue;
		if (row->line.period == period->index && row->accrued_minor != 0 &&
			bsearch(&gone, deltas, charged, sizeof *deltas, delta_cmp) == NULL)
			deltas[used++] = gone;
	}
	qsort(deltas, used, sizeof *deltas, delta_cmp);
	*out = deltas;
	*n = used;
	return TS_OK;
}

static enum ts_err make_room(struct ts_ledger *ledger, struct ts_postings *out)
{
	if ((out->n & (out->n - 1)) != 0) /* full at every power of two */
		return TS_OK;
	struct ts_entry *grown = ts_region_array(
		ledger->region, out->n == 0 ? 1 : out->n * 2, sizeof *grown);
	if (grown == NULL)
		return TS_E_NO_MEMORY;
	if (out->n > 0)
		memcpy(grown, out->entries, out->n * sizeof *grown);
	out->entries = grown;
	return TS_OK;
}

static enum ts_err add_balances(struct ts_ledger *ledger, const struct ts_entry *entry)
{
	for (size_t i = 0; i < entry->legs_n; i++) {
		const struct ts_leg *leg = &entry->legs[i];
		struct ts_balance_row *row = &ledger->balances[leg->account];
		int64_t *total = leg->debit ? &row->debit_minor : &row->credit_minor;
		TS_TRY(ts_add64(*total, leg->amount_minor, total));
		row->dirty = true;
	}
	return TS_OK;
}

enum ts_err ts_ledger_post(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_post *post, struct ts_postings *out)
{
	if (post->amount_minor == 0 && !post->names_document)
		return TS_OK;
	if (post->amount_minor == INT64_MIN)
		return TS_E_OVERFLOW;
	TS_TRY(make_room(ledger, out));
	bool swap = post->amount_minor < 0;
	int64_t amount = swap ? -post->amount_minor : post->amount_minor;
	struct ts_entry *entry = &out->entries[out->n];
	*entry = (struct ts_entry){
		.id = ledger->head.entries,
		.book = ts_account_defs[post->debit].book,
		.kind = post->kind,
		.posted_us = event->at_us,
		.effective_day = post->effective_day,
		.service_month = post->service_month,
		.source_leaf = post->source_leaf > 0 ? post->source_leaf : event->leaf,
		.has_line = post->line != NULL,
		.document = post->document,
		.legs = {{swap ? post->credit : post->debit, true, amount},
			{swap ? post->debit : post->credit, false, amount}},
		.legs_n = amount == 0 ? 0 : 2,
	};
	if (post->line != NULL)
		entry->line = *post->line;
	if (post->document_hash != NULL)
		entry->document_hash = *post->document_hash;
	TS_ASSERT(ts_entry_balanced(entry));
	TS_TRY(add_balances(ledger, entry));
	ledger->head.entries++;
	out->n++;
	return TS_OK;
}

static const struct {
	enum ts_account revenue, expense;
} by_kind[] = {
	[TS_CHARGE_USAGE] = {TS_ACCOUNT_REVENUE_USAGE, TS_ACCOUNT_EXPENSE_USAGE},
	[TS_CHARGE_FEE] = {TS_ACCOUNT_REVENUE_CAPACITY, TS_ACCOUNT_EXPENSE_CAPACITY},
	[TS_CHARGE_TRUE_UP] = {TS_ACCOUNT_REVENUE_SHORTFALL, TS_ACCOUNT_EXPENSE_SHORTFALL},
	[TS_CHARGE_DISCOUNT] = {TS_ACCOUNT_REVENUE_CONCESSION, TS_ACCOUNT_EXPENSE_CONCESSION},
	[TS_CHARGE_OVERAGE] = {TS_ACCOUNT_REVENUE_USAGE, TS_ACCOUNT_EXPENSE_USAGE},
	[TS_CHARGE_SHORTFALL] = {TS_ACCOUNT_REVENUE_SHORTFALL, TS_ACCOUNT_EXPENSE_SHORTFALL},
	[TS_CHARGE_ROLLOVER] = {TS_ACCOUNT_REVENUE_SHORTFALL, TS_ACCOUNT_EXPENSE_SHORTFALL},
	[TS_CHARGE_EXCESS] = {TS_ACCOUNT_REVENUE_USAGE, TS_ACCOUNT_EXPENSE_USAGE},
	[TS_CHARGE_CAP] = {TS_ACCOUNT_REVENUE_CONCESSION, TS_ACCOUNT_EXPENSE_CONCESSION},
	[TS_CHARGE_SLA] = {TS_ACCOUNT_REVENUE_SERVICE_CREDIT, TS_ACCOUNT_EXPENSE_SERVICE_CREDIT},
	[TS_CHARGE_CREDIT] = {TS_ACCOUNT_REVENUE_CONCESSION, TS_ACCOUNT_EXPENSE_CONCESSION},
	[TS_CHARGE_SETTLEMENT] = {TS_ACCOUNT_REVENUE_CONCESSION, TS_ACCOUNT_EXPENSE_CONCESSION},
	[TS_CHARGE_DRAWDOWN] = {TS_ACCOUNT_CONTRACT_LIABILITY, TS_ACCOUNT_PREPAID},
};

/* Last service day covered, or the first day of the earliest open period if the period was cut. */
static int32_t effective_day(
	const struct ts_ledger *ledger, const struct ts_period *period, int32_t month, int32_t day)
{
	int32_t last = ts_month_first_day(month + 1) - 1;
	if (last > period->end_day - 1)
		last = period->end_day - 1;
	if (last > day)
		last = day;
	if (last < period->first_day)
		last = period->first_day;
	const struct ts_period_row *row = ts_ledger_period_row(ledger, period->index);
	int32_t open = row != NULL && row->cut ? ts_ledger_open_day(ledger) : last;
	return open > last ? open : last;
}

/* One part of a change in both books: what was billed before, or what is not billed yet. */
static enum ts_err post_part(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_post *base, enum ts_account against, int64_t amount_minor,
	struct ts_postings *out)
{
	struct ts_post post = *base;
	post.amount_minor = amount_minor;
	post.debit = against;
	post.credit = by_kind[base->line->kind].revenue;
	TS_TRY(ts_ledger_post(ledger, event, &post, out));
	post.debit = by_kind[base->line->kind].expense;
	post.credit = against == TS_ACCOUNT_CONTRACT_LIABILITY ? TS_ACCOUNT_PREPAID
		      : against == TS_ACCOUNT_REFUND_LIABILITY ? TS_ACCOUNT_SUPPLIER_CREDITS
							       : TS_ACCOUNT_ACCRUED;
	return ts_ledger_post(ledger, event, &post, out);
}

/* How much of a change, which is in the rows already, is taken from what was billed before. */
static enum ts_err liability_part(const struct ts_ledger *ledger, const struct ts_line_key *line,
	int64_t change, int64_t *out)
{
	const char *id = ts_ledger_terms(ledger, line->version)->fees[line->item].id;
	int64_t after = 0, before = 0;
	TS_TRY(ts_ledger_fee_position(ledger, id, &after));
	TS_TRY(ts_sub64(after, change, &before));
	*out = (before < 0 ? -before : 0) - (after < 0 ? -after : 0);
	return TS_OK;
}

static enum ts_err post_delta(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_period *period, const struct delta *delta, struct ts_postings *out)
{
	struct ts_accrual_row key = {.line = delta->line, .month = delta->month};
	const struct ts_accrual_row *there = ts_rowset_find(&ledger->accruals, &key);
	int64_t change = 0;
	TS_TRY(ts_sub64(delta->target_minor, there != NULL ? there->accrued_minor : 0, &change));
	if (change == 0)
		return TS_OK;
	void *found = NULL;
	TS_TRY(ts_rowset_get(&ledger->accruals, &key, &found));
	struct ts_accrual_row *row = found;
	row->accrued_minor = delta->target_minor;
	row->dirty = true;
	struct ts_post post = {
		.kind = TS_ENTRY_ACCRUAL,
		.effective_day = effective_day(ledger, period, delta->month, event->day),
		.service_month = delta->month,
		.line = &delta->line,
	};
	if (ts_ledger_is_claimable(ledger, &delta->line))
		return post_part(ledger, event, &post, TS_ACCOUNT_REFUND_LIABILITY, change, out);
	int64_t liability = 0;
	if (ts_ledger_fee_is_apart(ledger, &delta->line))
		TS_TRY(liability_part(ledger, &delta->line, change, &liability));
	TS_TRY(post_part(ledger, event, &post, TS_ACCOUNT_CONTRACT_LIABILITY, liability, out));
	return post_part(ledger, event, &post, TS_ACCOUNT_UNBILLED, change - liability, out);
}

/* A period can change when its usage did, or when the days (before, now] reach into it: fees run,
 * and the true-up comes due on its last day. */
static bool can_change(
	const struct ts_ledger *ledger, const struct ts_period *period, int32_t before, int32_t now)
{
	return ts_ledger_touched(ledger, period->index) || ts_ledger_draws(ledger, period->index) ||
	       (period->first_day <= now && period->end_day - 1 > before) ||
	       ts_ledger_lapses(ledger, period, before, now);
}

enum ts_err ts_ledger_accrue(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_postings *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_region_cleanup))) struct ts_region *scratch = ts_region_create(
		TS_LEDGER_SCRATCH_BYTES);
	struct ts_period period = {0};
	int32_t before = ledger->head.day;
	if (scratch == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_ledger_release(ledger, event->day, why));
	TS_TRY(ts_ledger_post_cash(ledger, event, out));
	for (int32_t i = 0; ts_ledger_period_get(ledger, i, &period) == TS_OK; i++) {
		struct delta *deltas = NULL;
		size_t n = 0;
		if (period.first_day > event->day && (size_t)i >= ledger->touched_n)
			break;
		if (!can_change(ledger, &period, before, event->day))
			continue;
		ts_region_reset(scratch);
		TS_TRY(deltas_of(ledger, &period, event->day, scratch, &deltas, &n, why));
		for (size_t k = 0; k < n; k++)
			TS_TRY(post_delta(ledger, event, &period, &deltas[k], out));
	}
	TS_TRY(ts_ledger_lapse(ledger, event, out));
	if (ledger->touched_n > 0)
		memset(ledger->touched, 0, ledger->touched_n * sizeof *ledger->touched);
	ledger->head.inputs_to = event->to;
	ledger->known_to = event->to;
	ledger->head.day = event->day;
	ledger->head.at_us = event->at_us;
	return TS_OK;
}
