/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's events: what they fold, what they post. */
#include "audit/replay_state.h"
#include <string.h>

/* A ledger leaves results of every event in its region; past this it is copied into a new one. */
#define LEDGER_USED_MAX ((size_t)64 << 20)
#define LEDGER_BYTES_MAX ((size_t)2 << 30)

static enum ts_err copy_rows(struct ts_ledger *from, struct ts_ledger *to)
{
#define COPY(noun, reader)                                                                         \
	for (size_t i = 0; reader(from, i) != NULL; i++)                                           \
	TS_TRY(ts_ledger_load_##noun(to, reader(from, i)))
	COPY(measure, ts_ledger_measure);
	COPY(fine, ts_ledger_fine);
	COPY(waiting, ts_ledger_waiting);
	COPY(unbilled, ts_ledger_unbilled);
	COPY(late, ts_ledger_late);
	COPY(accrual, ts_ledger_accrual);
	COPY(billed, ts_ledger_billed);
	COPY(taxed, ts_ledger_taxed);
	COPY(period, ts_ledger_period);
	COPY(cut, ts_ledger_cut_line);
	COPY(credit, ts_ledger_credit_row);
	COPY(prepaid, ts_ledger_prepaid);
#undef COPY
	for (size_t i = 0; ts_ledger_balance(from, i) != NULL; i++)
		ts_ledger_load_balance(to, ts_ledger_balance(from, i));
	ts_ledger_load_head(to, ts_ledger_head(from));
	return TS_OK;
}

enum ts_err ts_audit_ledger_renew(struct ts_replay *r)
{
	struct ts_ledger *fresh = NULL;
	size_t used = ts_region_used_bytes(r->ledger_region);
	if (r->ledger_versions == r->terms_n &&
		(used < LEDGER_USED_MAX || used < 2 * r->ledger_kept))
		return TS_OK;
	struct ts_region *region = ts_region_create(LEDGER_BYTES_MAX);
	if (region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_ledger_create(region, r->versions, r->terms_n, &fresh);
	if (err == TS_OK)
		err = copy_rows(r->ledger, fresh);
	if (err != TS_OK) {
		ts_region_free(region);
		return err;
	}
	ts_region_free(r->ledger_region);
	r->ledger_region = region;
	r->ledger = fresh;
	r->ledger_versions = r->terms_n;
	r->ledger_kept = ts_region_used_bytes(region);
	return TS_OK;
}

enum ts_err ts_audit_fold_to(struct ts_replay *r, int64_t to, int64_t at_us, bool fold)
{
	struct ts_str leaf;
	struct ts_hash hash;
	bool more = false;
	r->folding = (struct ts_ledger_event){.at_us = at_us, .from = r->fold.size};
	while (r->fold.size < to) {
		int64_t index = r->fold.size;
		TS_TRY(ts_reader_leaf(&r->fold_reader, &leaf, &more));
		if (!more)
			return TS_E_INVALID; /* the log's own check has found it */
		ts_hash_leaf(r->hasher, leaf.at, leaf.len, &hash);
		TS_TRY(ts_audit_leaf(r, index, leaf, fold && !r->stopped));
		TS_TRY(ts_audit_statement(r, index, leaf));
		(void)ts_range_append(r->hasher, &r->fold, &hash, NULL);
	}
	return TS_OK;
}

static enum ts_err remember_cut(struct ts_replay *r, const struct ts_ledger_event *event)
{
	TS_TRY(ts_audit_grow(r->region, &r->cuts, r->cuts_n, &r->cuts_cap, sizeof *r->cuts));
	struct ts_audit_cut *cut = &r->cuts[r->cuts_n++];
	*cut = (struct ts_audit_cut){.leaf = event->leaf,
		.at_us = event->at_us,
		.inputs_to = event->to,
		.journal_size = r->journal.size,
		.period = event->period,
		.issued = INT64_MAX};
	ts_range_root(r->hasher, &r->fold, &cut->inputs_root);
	ts_range_root(r->hasher, &r->journal, &cut->journal_root);
	TS_TRY(ts_audit_complete_cut(r, cut));
	TS_TRY(ts_audit_state(r, cut));
	return ts_audit_cells_next(r);
}

/* The next period in order; it must be the one that the event's instants name. */
static enum ts_err next_period(
	struct ts_replay *r, int64_t index, const struct ts_event *event, int32_t *out)
{
	struct ts_period period;
	*out = (int32_t)r->cuts_n;
	TS_TRY(ts_ledger_period_get(r->ledger, *out, &period));
	if (event->period_from_ms != period.from_us / TS_US_PER_MS ||
		event->period_to_ms != period.to_us / TS_US_PER_MS)
		ts_finding_add(r->findings, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, index,
			"a cut of the next billing period", "another period");
	return TS_OK;
}

static enum ts_err fold_event(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	struct ts_postings postings = {NULL, 0};
	bool tick = event->kind == TS_EVENT_TICK;
	int64_t at_us = event->at_ms * TS_US_PER_MS;
	if (event->to > index || event->to < r->fold.size) {
		ts_finding_add(r->findings, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, index,
			"N from the last one up to the event's own index", "another");
		r->stopped = true;
		return TS_OK;
	}
	int64_t from = r->ledger != NULL ? ts_ledger_head(r->ledger)->inputs_to : 0;
	if (r->ledger == NULL && event->to > 0) /* the first event: the first note makes it */
		TS_TRY(ts_audit_fold_to(r, 1, at_us, true));
	if (r->ledger != NULL) /* before leaves are folded: rows are whole only after an event */
		TS_TRY(ts_audit_ledger_renew(r));
	if (r->ledger != NULL && !r->stopped)
		TS_TRY(ts_audit_amend(r, event->to, at_us, event->day));
	TS_TRY(ts_audit_fold_to(r, event->to, at_us, true));
	if (r->ledger == NULL)
		return TS_E_INVALID;
	struct ts_ledger_event post = {.leaf = index,
		.serial = event->serial,
		.at_us = at_us,
		.from = tick ? event->from : from,
		.to = event->to,
		.day = event->day};
	if (r->stopped)
		return TS_OK;
	if (event->day > ts_zone_day(&r->terms[0]->zone, at_us))
		ts_finding_add(r->findings, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, index,
			"a day that has begun", "D lies in the future");
	if (!tick)
		TS_TRY(next_period(r, index, event, &post.period));
	enum ts_err err = tick ? ts_ledger_tick(r->ledger, &post, &postings, &r->why)
			       : ts_ledger_cut(r->ledger, &post, &postings, &r->why);
	if (err == TS_E_NO_MEMORY)
		return err;
	if (err != TS_OK) {
		ts_audit_fail(r, err == TS_E_INTERNAL ? TS_CHECK_BOOKS : TS_CHECK_EVENTS,
			TS_INPUTS_LEAVES, index, "an event that the ledger can post");
		r->stopped = true;
		return TS_OK;
	}
	TS_TRY(ts_audit_entries(r, &postings));
	if (tick)
		r->report->totals.ticks++;
	else
		r->report->totals.cuts++;
	return tick ? TS_OK : remember_cut(r, &post);
}

static enum ts_err apply(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	switch (event->kind) {
	case TS_EVENT_TICK:
	case TS_EVENT_CUT:
		return fold_event(r, index, event);
	case TS_EVENT_ISSUE:
		return r->stopped ? TS_OK : ts_audit_issue(r, index, event);
	case TS_EVENT_PREPAYMENT:
		return r->stopped || r->ledger == NULL ? TS_OK
						       : ts_audit_prepayment(r, index, event);
	case TS_EVENT_VOID:
		return r->stopped || r->ledger == NULL ? TS_OK : ts_audit_void(r, index, event);
	case TS_EVENT_RELEASE:
	case TS_EVENT_NOTICE:
	case TS_EVENT_PAYMENT:
	case TS_EVENT_REFUND:
	case TS_EVENT_GAP:
	case TS_EVENT_CREDIT:
	case TS_EVENT_SETTLEMENT:
	case TS_EVENT_CLAIM:
	case TS_EVENT_CONSENT:
		break;
	}
	return TS_OK;
}

/* A gap lies between a cut and its issue, where nothing has folded it yet. That both companies
 * signed it is the fold cursor's to check. */
static enum ts_err keep_gap(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	TS_TRY(ts_audit_grow(r->region, &r->gaps, r->gaps_n, &r->gaps_cap, sizeof *r->gaps));
	r->gaps[r->gaps_n++] = (struct ts_audit_gap){index, *event};
	return TS_OK;
}

enum ts_err ts_audit_event(
	struct ts_replay *r, int64_t index, const struct ts_note *note, bool *ours)
{
	struct ts_event event;
	bool parsed = ts_event_parse(note->text, &event, &r->why) == TS_OK;
	*ours = parsed && ts_event_signer(event.kind) == TS_SIGNED_BY_OPERATOR;
	if (parsed && event.kind == TS_EVENT_GAP)
		TS_TRY(keep_gap(r, index, &event));
	if (parsed && event.kind == TS_EVENT_NOTICE)
		TS_TRY(ts_audit_notice(r, index, &event));
	if (parsed)
		TS_TRY(ts_audit_credit(r, index, &event));
	if (parsed)
		TS_TRY(ts_audit_consent(r, index, &event));
	if (parsed && (event.kind == TS_EVENT_PAYMENT || event.kind == TS_EVENT_REFUND))
		TS_TRY(ts_audit_cash(r, index, &event));
	if (!*ours)
		return TS_OK; /* the fold cursor names what is wrong with it */
	if (!ts_str_is(event.contract, r->policy->contract))
		ts_finding_add(r->findings, TS_CHECK_CONTRACT, TS_INPUTS_LEAVES, index,
			r->policy->contract, "an event of another contract");
	if (r->bundle->manifest.has_state && index == r->bundle->state.cut) {
		ts_audit_opening_cut(r, index, &event);
		return ts_audit_signed(r, index, note, &r->operator_key, 1, false);
	}
	if (event.serial != ++r->serials[event.kind])
		ts_finding_add(r->findings, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, index,
			"serials from 1 without a gap", ts_event_kind_name(event.kind));
	if (event.at_ms < r->at_ms)
		ts_finding_add(r->findings, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, index,
			"log time that never decreases", "it goes back");
	else
		r->at_ms = event.at_ms;
	TS_TRY(apply(r, index, &event));
	if (r->terms_n == 0)
		return TS_E_INVALID;
	return ts_audit_signed(r, index, note, &r->operator_key, 1, false);
}
