/* SPDX-License-Identifier: Apache-2.0 */
/* Events: tick, cut, and what must hold before and after each. */
#include "book/ledger_state.h"

static enum ts_err event_check(const struct ts_ledger *ledger, const struct ts_ledger_event *event,
	int64_t serial, struct ts_why *why)
{
	const struct ts_ledger_head *head = &ledger->head;
	if (event->serial != serial)
		return ts_why(why, TS_E_CONFLICT, "serial", "%lld, the next is %lld",
			(long long)event->serial, (long long)serial);
	if (event->from != head->inputs_to || event->to < event->from || event->to > event->leaf)
		return ts_why(why, TS_E_INVALID, "from",
			"leaves [%lld, %lld) of event leaf %lld do not follow %lld",
			(long long)event->from, (long long)event->to, (long long)event->leaf,
			(long long)head->inputs_to);
	struct ts_ledger_amendment amendment;
	ts_ledger_amends(ledger, event, NULL, 0, &amendment);
	if (amendment.any)
		return ts_why(why, TS_E_INVALID, "to", "an amendment among them was not folded");
	if (event->day < head->day)
		return ts_why(why, TS_E_INVALID, "day", "D goes back");
	if (event->at_us < head->at_us)
		return ts_why(why, TS_E_INVALID, "at", "log time goes back");
	return TS_OK;
}

enum ts_err ts_ledger_tick(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_postings *out, struct ts_why *why)
{
	*out = (struct ts_postings){0};
	TS_TRY(event_check(ledger, event, ledger->head.tick_serial, why));
	ts_ledger_lateness(ledger, event);
	TS_TRY(ts_ledger_accrue(ledger, event, out, why));
	ledger->head.tick_serial++;
	return ts_ledger_check(ledger, why);
}

static enum ts_err cut_check(const struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_period *period, struct ts_why *why)
{
	if (ts_ledger_period_get(ledger, event->period, period) != TS_OK)
		return ts_why(why, TS_E_NOT_FOUND, "period", "%d: the contract has no such period",
			event->period);
	const struct ts_period_row *row = ts_ledger_period_row(ledger, event->period);
	if (row != NULL && row->cut)
		return ts_why(why, TS_E_CONFLICT, "period", "it was cut by leaf %lld already",
			(long long)row->cut_leaf);
	const struct ts_period_row *before = ts_ledger_period_row(ledger, event->period - 1);
	if (event->period > 0 && (before == NULL || !before->issued))
		return ts_why(why, TS_E_CONFLICT, "period",
			"the period before must be cut and its document issued first");
	if (event->day < period->end_day - 1)
		return ts_why(why, TS_E_INVALID, "day", "D is before the last day of the period");
	const struct ts_terms *terms = ts_ledger_document_terms(ledger, period);
	if (event->at_us < period->to_us + terms->usage_until_days * TS_US_PER_DAY)
		return ts_why(why, TS_E_INVALID, "period",
			"it may be cut %lld days after its end at the earliest (usage_until_days)",
			(long long)terms->usage_until_days);
	return TS_OK;
}

enum ts_err ts_ledger_cut(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_postings *out, struct ts_why *why)
{
	struct ts_period period = {0};
	void *found = NULL;
	*out = (struct ts_postings){0};
	TS_TRY(cut_check(ledger, event, &period, why));
	TS_TRY(event_check(ledger, event, ledger->head.cut_serial, why));
	ts_ledger_lateness(ledger, event);
	TS_TRY(ts_ledger_accrue(ledger, event, out, why));
	TS_TRY(ts_rowset_get(
		&ledger->periods, &(struct ts_period_row){.index = event->period}, &found));
	struct ts_period_row *row = found;
	row->cut = true;
	row->cut_leaf = event->leaf;
	row->cut_at_us = event->at_us;
	row->cut_to = event->to;
	row->cut_day = event->day;
	row->dirty = true;
	ledger->head.cut_serial++;
	TS_TRY(ts_ledger_freeze(ledger, event->period, why));
	return ts_ledger_check(ledger, why);
}

static ts_i128 net(const struct ts_ledger *ledger, const enum ts_account accounts[2])
{
	ts_i128 sum = 0;
	for (size_t i = 0; i < 2; i++)
		if (accounts[i] != TS_ACCOUNT_N)
			sum += (ts_i128)ledger->balances[accounts[i]].debit_minor -
			       ledger->balances[accounts[i]].credit_minor;
	return sum;
}

enum ts_err ts_ledger_check(const struct ts_ledger *ledger, struct ts_why *why)
{
	ts_i128 sums[2] = {0, 0};
	for (int a = 0; a < TS_ACCOUNT_N; a++)
		sums[ts_account_defs[a].book] += (ts_i128)ledger->balances[a].debit_minor -
						 ledger->balances[a].credit_minor;
	for (int book = 0; book < 2; book++)
		if (sums[book] != 0)
			return ts_why(why, TS_E_INTERNAL, ts_book_name((enum ts_book)book),
				"debits and credits of the book differ");
	for (size_t i = 0; i < TS_EQUALITIES_N; i++)
		if (net(ledger, ts_equalities[i].a) + net(ledger, ts_equalities[i].b) != 0)
			return ts_why(why, TS_E_INTERNAL, ts_equalities[i].name,
				"the two books disagree");
	return TS_OK;
}
