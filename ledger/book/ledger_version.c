/* SPDX-License-Identifier: Apache-2.0 */
/* Which version governs an instant, when the term ends, and what an amendment or a notice moves. */
#include "book/ledger_state.h"
#include <string.h>

struct ts_ledger_version ts_ledger_first_version(const struct ts_terms *terms)
{
	return (struct ts_ledger_version){
		.terms = terms, .from_us = terms->from_us, .to_us = terms->to_us};
}

static size_t known(const struct ts_ledger *ledger, int64_t known_to)
{
	size_t n = 1;
	while (n < ledger->versions_n && ledger->versions[n].leaf < known_to)
		n++;
	return n;
}

size_t ts_ledger_known(const struct ts_ledger *ledger)
{
	return known(ledger, ledger->known_to);
}

/* The end that the newest version states, or a notice before it. */
static int64_t end_of(const struct ts_ledger *ledger, int64_t known_to, int64_t notice_us)
{
	int64_t end = ledger->versions[known(ledger, known_to) - 1].terms->to_us;
	return notice_us != 0 && notice_us < end ? notice_us : end;
}

/* The first contract day that begins at the instant or after it. */
static int32_t day_from(const struct ts_zone *zone, int64_t us)
{
	if (us >= TS_TIME_MAX)
		return INT32_MAX;
	int32_t day = ts_zone_day(zone, us);
	return ts_zone_day_start(zone, day) == us ? day : day + 1;
}

void ts_ledger_recalendar(struct ts_ledger *ledger)
{
	ledger->calendar = *ledger->versions[0].terms;
	ledger->calendar.to_us = end_of(ledger, ledger->known_to, ledger->head.end_us);
	ledger->calendar.to_day = day_from(&ledger->calendar.zone, ledger->calendar.to_us);
	ledger->late_at_us =
		0; /* another version's deadline may have passed at the same log time */
}

const struct ts_terms *ts_ledger_calendar(const struct ts_ledger *ledger)
{
	return &ledger->calendar;
}

int64_t ts_ledger_end(const struct ts_ledger *ledger)
{
	return ledger->calendar.to_us;
}

const struct ts_terms *ts_ledger_newest(const struct ts_ledger *ledger)
{
	return ledger->versions[known(ledger, ledger->known_to) - 1].terms;
}

bool ts_ledger_chained(const struct ts_ledger *ledger)
{
	for (size_t i = known(ledger, ledger->known_to); i-- > 0;)
		if (ledger->versions[i].terms->chained)
			return true;
	return false;
}

const struct ts_terms *ts_ledger_terms(const struct ts_ledger *ledger, int32_t version)
{
	for (size_t i = known(ledger, ledger->known_to); i-- > 0;)
		if (ledger->versions[i].terms->version == version)
			return ledger->versions[i].terms;
	return NULL;
}

const struct ts_terms *ts_ledger_governing(const struct ts_ledger *ledger, int64_t us)
{
	if (us < ledger->calendar.from_us || us >= ledger->calendar.to_us)
		return NULL;
	for (size_t i = known(ledger, ledger->known_to); i-- > 0;)
		if (us >= ledger->versions[i].from_us && us < ledger->versions[i].to_us)
			return ledger->versions[i].terms;
	return NULL;
}

const struct ts_terms *ts_ledger_document_terms(
	const struct ts_ledger *ledger, const struct ts_period *period)
{
	int64_t end = period->to_us < ledger->calendar.to_us ? period->to_us
							     : ledger->calendar.to_us;
	const struct ts_terms *terms = NULL;
	if (period->from_us < end)
		terms = ts_ledger_governing(ledger, end - 1);
	return terms != NULL ? terms : ts_ledger_newest(ledger);
}

/* The same calendar, without its end. */
static struct ts_terms open_calendar(const struct ts_ledger *ledger)
{
	struct ts_terms open = ledger->calendar;
	open.to_day = INT32_MAX;
	open.to_us = INT64_MAX;
	return open;
}

enum ts_err ts_ledger_period_get(
	const struct ts_ledger *ledger, int32_t index, struct ts_period *out)
{
	if (ts_period_get(&ledger->calendar, index, out) == TS_OK)
		return TS_OK;
	struct ts_terms open = open_calendar(ledger);
	TS_TRY(ts_period_get(&open, index, out));
	TS_ASSERT(out->first_day >= ledger->calendar.to_day);
	return TS_OK;
}

enum ts_err ts_ledger_period_at(const struct ts_ledger *ledger, int64_t us, struct ts_period *out)
{
	struct ts_terms open = open_calendar(ledger);
	TS_TRY(ts_period_at(&open, us, out));
	return ts_ledger_period_get(ledger, out->index, out);
}

/* --- amendments --- */

static bool notice_holds(const struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_ledger_notice *notice)
{
	const struct ts_terms *terms = ledger->versions[known(ledger, notice->leaf) - 1].terms;
	const struct ts_zone *zone = &ledger->calendar.zone;
	if (!terms->has_termination || notice->end_us % TS_US_PER_QUARTER != 0 ||
		notice->end_us <= terms->from_us)
		return false;
	int32_t end_day = day_from(zone, notice->end_us);
	return end_day >= terms->not_before_day &&
	       end_day - ts_zone_day(zone, event->at_us) >= terms->notice_days;
}

void ts_ledger_amends(const struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_ledger_notice *notices, size_t n, struct ts_ledger_amendment *out)
{
	size_t before = known(ledger, ledger->known_to);
	int64_t was = ledger->calendar.to_us;
	*out = (struct ts_ledger_amendment){.from_us = INT64_MAX,
		.to_us = INT64_MIN,
		.known_to = event->to > ledger->known_to ? event->to : ledger->known_to,
		.end_us = ledger->head.end_us};
	size_t after = known(ledger, out->known_to);
	for (size_t i = before; i < after; i++) {
		const struct ts_ledger_version *v = &ledger->versions[i];
		out->from_us = v->from_us < out->from_us ? v->from_us : out->from_us;
		out->to_us = v->to_us > out->to_us ? v->to_us : out->to_us;
	}
	for (size_t i = 0; i < n; i++)
		if (notice_holds(ledger, event, &notices[i]) &&
			(out->end_us == 0 || notices[i].end_us < out->end_us))
			out->end_us = notices[i].end_us;
	int64_t is = end_of(ledger, out->known_to, out->end_us);
	if (is != was) {
		int64_t first = is < was ? is : was;
		out->from_us = first < out->from_us ? first : out->from_us;
		out->to_us = INT64_MAX;
	}
	out->any = after > before || out->end_us != ledger->head.end_us;
}

/* Fees may change with no usage at all: every period that has begun by then. */
static enum ts_err touch_from(struct ts_ledger *ledger, int64_t from_us, int32_t day)
{
	struct ts_period period;
	if (from_us < ledger->calendar.from_us)
		from_us = ledger->calendar.from_us;
	if (from_us >= TS_TIME_MAX || ts_ledger_period_at(ledger, from_us, &period) != TS_OK)
		return TS_OK;
	for (int32_t i = period.index; period.first_day <= day; i++) {
		TS_TRY(ts_ledger_touch(ledger, i));
		if (ts_ledger_period_get(ledger, i + 1, &period) != TS_OK)
			break;
	}
	return TS_OK;
}

static enum ts_err late_of(
	const struct ts_ledger *ledger, const struct ts_usage_cell *cell, ts_i128 *out)
{
	struct ts_late_row key;
	TS_TRY(ts_ledger_late_key(ledger, cell, &key));
	const struct ts_late_row *row = ts_rowset_find(&ledger->late, &key);
	*out = row != NULL ? row->quantity : 0;
	return TS_OK;
}

static enum ts_err fold_all(struct ts_ledger *ledger, const struct ts_usage_cell *cells, size_t n,
	int sign, struct ts_why *why)
{
	for (size_t i = 0; i < n; i++) {
		struct ts_usage_cell part = ts_ledger_cell(ledger, &cells[i]);
		ts_i128 late = 0;
		if (ledger->late.n > 0)
			TS_TRY(late_of(ledger, &part, &late));
		part.quantity = sign * (cells[i].quantity - late);
		if (part.quantity != 0)
			TS_TRY(ts_ledger_fold_cell(ledger, &part, false, why));
		part.quantity = sign * late;
		if (late != 0)
			TS_TRY(ts_ledger_fold_cell(ledger, &part, true, why));
	}
	return TS_OK;
}

enum ts_err ts_ledger_rematch(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_ledger_amendment *amendment, const struct ts_usage_cell *cells, size_t n,
	struct ts_why *why)
{
	for (size_t i = 0; i < n; i++)
		if (cells[i].quarter_us < amendment->from_us ||
			cells[i].quarter_us >= amendment->to_us)
			return ts_why(why, TS_E_INVALID, "cells", "one lies outside the range");
	TS_TRY(fold_all(ledger, cells, n, -1, why));
	ledger->known_to = amendment->known_to;
	ledger->head.end_us = amendment->end_us;
	ts_ledger_recalendar(ledger);
	TS_TRY(touch_from(ledger, amendment->from_us, event->day));
	return fold_all(ledger, cells, n, 1, why);
}
