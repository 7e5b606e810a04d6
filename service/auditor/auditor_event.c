/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's events in order: each folds its leaves, decides them, and is posted again. */
#include "base/time.h"
#include "evidence/event.h"
#include "evidence/log.h"
#include "service/auditor/auditor_walk.h"
#include <stdio.h>
#include <string.h>

/* --- what is decided again --- */

static enum ts_err on_verdicts(
	void *ctx, const struct ts_db_verdict *list, size_t n, struct ts_why *why)
{
	struct ts_auditor_walk *w = ctx;
	struct ts_sheet *sheet = &w->sheets[TS_SHEET_VERDICT];
	(void)why;
	for (size_t i = 0; i < n; i++) {
		ts_buf_printf(&sheet->key, "stream %lld line %lld %s leaf %lld",
			(long long)list[i].stream_id, (long long)list[i].index,
			ts_judge_kind_name(list[i].kind), (long long)list[i].leaf);
		ts_sheet_int(sheet, list[i].lines);
		ts_sheet_text(sheet, ts_str(list[i].reason));
		ts_sheet_int(sheet, list[i].by_stream);
		ts_sheet_int(sheet, list[i].by_index);
		ts_sheet_put(sheet);
	}
	return sheet->err;
}

static enum ts_err on_handover(
	void *ctx, const struct ts_judge_handover *handover, struct ts_why *why)
{
	struct ts_auditor_walk *w = ctx;
	struct ts_sheet *sheet = &w->sheets[TS_SHEET_HANDOVER];
	(void)why;
	ts_buf_printf(&sheet->key, "newer %lld older %lld", (long long)handover->newer,
		(long long)handover->older);
	ts_sheet_int(sheet, handover->from_ms);
	ts_sheet_text(sheet, handover->within_scope ? TS_STR("t") : TS_STR("f"));
	ts_sheet_int(sheet, handover->leaf);
	ts_sheet_put(sheet);
	return sheet->err;
}

static enum ts_err on_cells(
	void *ctx, int64_t stream_id, const struct ts_cell *cells, size_t n, struct ts_why *why)
{
	struct ts_auditor_walk *w = ctx;
	(void)why;
	/* the side is that of the cells that are there: a decision takes from what was added */
	return ts_auditor_cells_add(w, stream_id, TS_SIDE_PROVIDER, cells, n);
}

static enum ts_err counted(void *ctx, int64_t from_us, int64_t to_us, struct ts_region *region,
	struct ts_usage_cell **out, size_t *n, struct ts_why *why)
{
	return ts_auditor_cells_counted(ctx, from_us, to_us, region, out, n, why);
}

/* The leaves [N, to) as settle took them: what they amend, what they bring, what they decide. */
static enum ts_err take_leaves(struct ts_auditor_walk *w, struct ts_why *why)
{
	const struct ts_settle_case of = {.db = w->a->db,
		.hasher = &w->a->hasher,
		.contract_id = w->a->contract.contract_id,
		.ledger = w->ledger,
		.event = &w->folding,
		.sink = {w, on_verdicts, on_handover, on_cells, counted}};
	if (w->folding.from == w->folding.to)
		return TS_OK;
	TS_TRY(ts_settle_amend(&of, w->a->region, why));
	/* decides what is late, also when no cell is new */
	TS_TRY(ts_ledger_fold(w->ledger, &w->folding, w->folding.from, NULL, 0, why));
	TS_TRY(ts_auditor_leaves(w, w->folding.to, why));
	return w->a->stopped ? TS_OK : ts_settle_decide(&of, w->a->region, why);
}

/* --- one event --- */

static enum ts_err next_period(
	const struct ts_ledger *ledger, const struct ts_event *event, int32_t *out)
{
	struct ts_period period;
	*out = 0;
	for (size_t i = 0; ts_ledger_period((struct ts_ledger *)ledger, i) != NULL; i++)
		*out += ts_ledger_period((struct ts_ledger *)ledger, i)->cut;
	TS_TRY(ts_ledger_period_get(ledger, *out, &period));
	return event->period_from_ms == period.from_us / TS_US_PER_MS &&
			       event->period_to_ms == period.to_us / TS_US_PER_MS
		       ? TS_OK
		       : TS_E_INVALID;
}

/* An error that is not the machine's: what the inputs say can't be done. */
static enum ts_err impossible(struct ts_auditor_walk *w, int64_t leaf, enum ts_err err,
	const struct ts_why *found, struct ts_why *why)
{
	char key[64];
	snprintf(key, sizeof key, "inputs idx %lld", (long long)leaf);
	w->a->stopped = true;
	return ts_auditor_excuse(w->a, TS_AUDITOR_REPLAY, "app.log_leaf", key, err, found, why);
}

static enum ts_err fold(
	struct ts_auditor_walk *w, int64_t leaf, const struct ts_event *event, struct ts_why *why)
{
	struct ts_postings postings = {NULL, 0};
	struct ts_why found = {"", ""};
	bool tick = event->kind == TS_EVENT_TICK;
	int64_t from = ts_ledger_head(w->ledger)->inputs_to;
	if (event->to > leaf || event->to < from)
		return ts_auditor_walk_stop(w, leaf, TS_STR("N between the last one and itself"),
			TS_STR("another"), why);
	w->folding = (struct ts_ledger_event){.leaf = leaf,
		.serial = event->serial,
		.at_us = event->at_ms * TS_US_PER_MS,
		.from = from,
		.to = event->to,
		.day = event->day};
	enum ts_err err = take_leaves(w, &found);
	if (err == TS_OK && w->a->stopped)
		return TS_OK;
	if (err == TS_OK && !tick)
		err = next_period(w->ledger, event, &w->folding.period);
	if (err == TS_OK)
		err = tick ? ts_ledger_tick(w->ledger, &w->folding, &postings, &found)
			   : ts_ledger_cut(w->ledger, &w->folding, &postings, &found);
	if (err != TS_OK)
		return impossible(w, leaf, err, &found, why);
	TS_TRY(ts_auditor_entries(w, &postings, why));
	return tick ? TS_OK : ts_auditor_cut(w, &w->folding, why);
}

static enum ts_err apply(
	struct ts_auditor_walk *w, int64_t leaf, const struct ts_event *event, struct ts_why *why)
{
	switch (event->kind) {
	case TS_EVENT_TICK:
	case TS_EVENT_CUT:
		return fold(w, leaf, event, why);
	case TS_EVENT_ISSUE:
		return ts_auditor_issue(w, leaf, event, why);
	case TS_EVENT_PREPAYMENT:
		return ts_auditor_prepayment(w, leaf, event, why);
	case TS_EVENT_VOID:
	case TS_EVENT_RELEASE:
	case TS_EVENT_NOTICE:
	case TS_EVENT_GAP:
	case TS_EVENT_CREDIT:
	case TS_EVENT_SETTLEMENT:
	case TS_EVENT_CLAIM:
	case TS_EVENT_PAYMENT:
	case TS_EVENT_REFUND:
	case TS_EVENT_CONSENT:
		break;
	}
	return TS_OK;
}

/* The next leaf of kind event from w->at on; *row NULL: none up to where the log's walk is. */
static enum ts_err next_event(
	struct ts_auditor_walk *w, struct ts_db_leaf_row **row, struct ts_why *why)
{
	size_t n = 0;
	*row = NULL;
	if (w->at >= w->to)
		return TS_OK;
	TS_TRY(ts_db_log_leaves(w->a->db, w->a->contract.contract_id, TS_DB_LOCK_INPUTS, w->at,
		w->to, TS_LEAF_EVENT, 1, w->a->region, row, &n, why));
	if (n == 0)
		*row = NULL;
	return TS_OK;
}

static enum ts_err take(
	struct ts_auditor_walk *w, const struct ts_db_leaf_row *row, struct ts_why *why)
{
	enum ts_leaf_kind kind;
	struct ts_note note;
	struct ts_event event;
	struct ts_why found = {"", ""};
	enum ts_err err = ts_leaf_parse(row->data, &kind, &note, &found);
	if (err == TS_OK)
		err = ts_event_parse(note.text, &event, &found);
	if (err != TS_OK)
		return ts_auditor_walk_stop(
			w, row->index, TS_STR("an event"), ts_str(found.text), why);
	if (!ts_str_is(event.contract, w->a->contract.public_id))
		return ts_auditor_walk_stop(
			w, row->index, TS_STR("an event of this contract"), event.contract, why);
	if (ts_event_signer(event.kind) == TS_SIGNED_BY_OPERATOR) {
		TS_TRY(ts_auditor_walk_versions(w, row->index, why));
		TS_TRY(apply(w, row->index, &event, why));
	}
	if (w->a->stopped)
		return TS_OK;
	w->at = row->index + 1;
	w->work++;
	w->a->counts->events++;
	return TS_OK;
}

enum ts_err ts_auditor_events(
	struct ts_auditor *a, int64_t leaves, struct ts_auditor_walk *w, struct ts_why *why)
{
	struct ts_db_leaf_row *row = NULL;
	w->work = 0;
	a->more = false;
	while (w->work < leaves && !a->stopped) {
		TS_TRY(next_event(w, &row, why));
		if (row == NULL)
			break;
		TS_TRY(take(w, row, why));
	}
	a->more = w->work >= leaves && !a->stopped;
	TS_TRY(ts_auditor_walk_compare(w, why));
	return ts_auditor_walk_keep(w, why);
}
