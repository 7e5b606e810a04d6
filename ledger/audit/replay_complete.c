/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the provider's usage of a period was all there at its cut, counted again from the
 * enrolments, the c1 lines and the tallies at N, and what a document may rest on when it was not.
 */
#include "audit/replay_state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_origin(const void *a, const void *b)
{
	const struct ts_audit_stream *const *m = a, *const *n = b;
	return strcmp((*m)->origin, (*n)->origin);
}

/* from_ms of the next generation; a stream that was replaced knows it by then. */
static int64_t successor_ms(struct ts_replay *r, const struct ts_audit_stream *stream)
{
	char origin[TS_ORIGIN_MAX + 1];
	struct ts_origin parts = stream->statement.origin_parts;
	parts.generation++;
	if (ts_origin_format(&parts, origin) != TS_OK)
		return TS_COMPLETENESS_NEVER;
	const struct ts_audit_stream *next = ts_audit_stream_find(r, ts_str(origin));
	return next != NULL ? next->statement.from_ms : TS_COMPLETENESS_NEVER;
}

enum ts_err ts_audit_complete_cut(struct ts_replay *r, struct ts_audit_cut *cut)
{
	struct ts_gap_list list;
	struct ts_period period;
	size_t n = 0;
	ts_region_reset(r->scratch);
	const struct ts_audit_stream **sorted = ts_region_array(
		r->scratch, r->streams_n + 1, sizeof *sorted);
	if (sorted == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_ledger_period_get(r->ledger, cut->period, &period));
	for (size_t i = 0; i < r->streams_n; i++)
		if (r->streams[i]->statement.side == TS_SIDE_PROVIDER)
			sorted[n++] = r->streams[i];
	if (n > 1)
		qsort(sorted, n, sizeof *sorted, by_origin);
	ts_gap_list_begin(
		&list, r->hasher, NULL, period.from_us / TS_US_PER_MS, period.to_us / TS_US_PER_MS);
	for (size_t i = 0; i < n; i++) {
		const struct ts_completeness_stream stream = {.origin = ts_str(sorted[i]->origin),
			.active_to_ms = sorted[i]->statement.active_to_ms,
			.successor_ms = successor_ms(r, sorted[i]),
			.revoked_ms = sorted[i]->revoked_ms,
			.closings = &sorted[i]->closings,
			.open = sorted[i]->windows.list,
			.open_n = sorted[i]->windows.n};
		ts_gap_list_add(&list, &stream);
	}
	ts_gap_list_end(&list, &cut->list);
	cut->windows = list.total;
	return TS_OK;
}

static const struct ts_event *gap_at(const struct ts_replay *r, int64_t leaf)
{
	for (size_t i = 0; i < r->gaps_n; i++)
		if (r->gaps[i].leaf == leaf)
			return &r->gaps[i].event;
	return NULL;
}

/* The gap event that an issue rests on: of its period, behind its cut, of just these windows. */
static void check_gap(struct ts_replay *r, int64_t index, const struct ts_event *event,
	const struct ts_audit_cut *cut)
{
	char text[TS_FINDING_TEXT_MAX];
	struct ts_period period;
	const struct ts_event *gap = gap_at(r, event->gap);
	int64_t absent = cut->windows.missing + cut->windows.late;
	if (gap == NULL || event->gap <= cut->leaf || event->gap >= index ||
		ts_ledger_period_get(r->ledger, cut->period, &period) != TS_OK ||
		gap->period_from_ms != period.from_us / TS_US_PER_MS ||
		gap->period_to_ms != period.to_us / TS_US_PER_MS || gap->missing != absent ||
		!ts_hash_eq(&gap->list, &cut->list)) {
		(void)snprintf(text, sizeof text, "leaf %lld is none", (long long)event->gap);
		ts_finding_add(r->findings, TS_CHECK_GAPS, TS_INPUTS_LEAVES, index,
			"a gap event of both companies for its period and windows", text);
		return;
	}
	(void)snprintf(text, sizeof text,
		"document %.*s was issued although %lld windows were not closed; both companies "
		"signed leaf %lld",
		(int)event->number.len, event->number.at, (long long)absent, (long long)event->gap);
	ts_finding_except(r->findings, index, text);
}

void ts_audit_complete_issue(struct ts_replay *r, int64_t index, const struct ts_event *event,
	const struct ts_audit_cut *cut, struct ts_invoice_head *head)
{
	char text[TS_FINDING_TEXT_MAX];
	int64_t absent = cut->windows.missing + cut->windows.late;
	int64_t days = r->terms[r->terms_n - 1]->keys.incomplete_after_days;
	head->completeness = cut->windows;
	head->gap = event->gap;
	head->incomplete = absent > 0 && event->gap < 0;
	if (event->gap >= 0) {
		check_gap(r, index, event, cut);
		return;
	}
	if (absent == 0)
		return;
	(void)snprintf(text, sizeof text, "%lld missing, %lld late",
		(long long)cut->windows.missing, (long long)cut->windows.late);
	if (days < 0 || event->at_ms * TS_US_PER_MS - cut->at_us < days * TS_US_PER_DAY) {
		ts_finding_add(r->findings, TS_CHECK_GAPS, TS_INPUTS_LEAVES, index,
			"no window that nobody closed, or a gap event", text);
		return;
	}
	(void)snprintf(text, sizeof text,
		"document %.*s was issued incomplete, after the days of the terms: of %lld windows "
		"%lld are missing and %lld late",
		(int)event->number.len, event->number.at, (long long)cut->windows.expected,
		(long long)cut->windows.missing, (long long)cut->windows.late);
	ts_finding_except(r->findings, index, text);
}
