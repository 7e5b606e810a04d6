/* SPDX-License-Identifier: Apache-2.0 */
#include "terms/amendment.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The identity of the contract, its money, its books, its logs. */
static enum ts_err check_names(
	const struct ts_terms *before, const struct ts_terms *next, struct ts_why *why)
{
	const struct {
		const char *pointer, *was, *is;
	} rows[] = {
		{"/contract", before->contract, next->contract},
		{"/provider/id", before->provider.id, next->provider.id},
		{"/consumer/id", before->consumer.id, next->consumer.id},
		{"/currency", before->currency->code, next->currency->code},
		{"/zone/name", before->zone.name, next->zone.name},
		{"/invoice/series", before->series, next->series},
		{"/evidence/domain", before->keys.domain, next->keys.domain},
		{"/evidence/inputs_log", before->keys.inputs_log, next->keys.inputs_log},
		{"/evidence/journal_log", before->keys.journal_log, next->keys.journal_log},
		{"/rounding", ts_rounding_name(before->rounding), ts_rounding_name(next->rounding)},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!same_text(rows[i].was, rows[i].is))
			return ts_why(why, TS_E_INVALID, rows[i].pointer,
				"\"%s\" was \"%s\" in version %" PRId64 ": no amendment changes it",
				rows[i].is != NULL ? rows[i].is : "",
				rows[i].was != NULL ? rows[i].was : "", before->version);
	return TS_OK;
}

/* Days, months and periods mean the same under every version. */
static enum ts_err check_calendar(
	const struct ts_terms *before, const struct ts_terms *next, struct ts_why *why)
{
	const struct ts_zone *a = &before->zone, *b = &next->zone;
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++)
		same = a->offsets[i].from_us == b->offsets[i].from_us &&
		       a->offsets[i].offset_minutes == b->offsets[i].offset_minutes;
	if (!same)
		return ts_why(why, TS_E_INVALID, "/zone/offsets",
			"differ from version %" PRId64 ": no amendment changes them",
			before->version);
	if (before->anchor_day != next->anchor_day)
		return ts_why(why, TS_E_INVALID, "/calendar/anchor_day",
			"%" PRId64 " was %" PRId64 ": no amendment changes it", next->anchor_day,
			before->anchor_day);
	if (before->from_day != next->from_day)
		return ts_why(why, TS_E_INVALID, "/term/from",
			"the beginning of the term is not changed by an amendment");
	return TS_OK;
}

static bool same_treatment(const struct ts_treatment *a, const struct ts_treatment *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->category, b->category) == 0 &&
	       strcmp(a->jurisdiction, b->jurisdiction) == 0 && same_text(a->reason, b->reason) &&
	       same_text(a->rate, b->rate) && a->reverse_charge == b->reverse_charge &&
	       a->reverse_percent.pico == b->reverse_percent.pico &&
	       a->recoverable == b->recoverable;
}

/* Documents name a treatment by its place, over all versions: it keeps its place and its meaning,
 * and others may follow. */
static enum ts_err check_treatments(
	const struct ts_terms *before, const struct ts_terms *next, struct ts_why *why)
{
	for (size_t i = 0; i < before->treatments_n; i++) {
		char at[64];
		const struct ts_treatment *a = &before->treatments[i];
		snprintf(at, sizeof at, "/tax/treatments/%zu", i);
		if (i >= next->treatments_n || !same_treatment(a, &next->treatments[i]))
			return ts_why(why, TS_E_INVALID, at,
				"\"%s\" of version %" PRId64
				" stays in its place, unchanged; new ones follow",
				a->id, before->version);
	}
	return TS_OK;
}

static bool same_prepayment(const struct ts_prepayment *a, const struct ts_prepayment *b)
{
	return strcmp(a->id, b->id) == 0 && a->amount_minor == b->amount_minor &&
	       a->invoice_day == b->invoice_day && a->deposit == b->deposit &&
	       a->when_paid == b->when_paid && a->treatment == b->treatment;
}

/* The ledger names a prepayment by its place, over all versions, and may have invoiced it. Who may
 * draw on it, in which order and for how long may change. */
static enum ts_err check_prepayments(
	const struct ts_terms *before, const struct ts_terms *next, struct ts_why *why)
{
	for (size_t i = 0; i < before->prepayments_n; i++) {
		char at[64];
		const struct ts_prepayment *a = &before->prepayments[i];
		snprintf(at, sizeof at, "/prepayments/%zu", i);
		if (i >= next->prepayments_n || !same_prepayment(a, &next->prepayments[i]))
			return ts_why(why, TS_E_INVALID, at,
				"\"%s\" of version %" PRId64 " stays in its place with its amount, "
				"invoice_day, tax, drawable and "
				"treatment; new ones follow",
				a->id, before->version);
	}
	return TS_OK;
}

static enum ts_err check_effective(
	const struct ts_terms *next, int64_t from_us, int64_t to_us, struct ts_why *why)
{
	char text[TS_TIME_CHARS];
	if (from_us % TS_US_PER_QUARTER != 0 ||
		(to_us != INT64_MAX && to_us % TS_US_PER_QUARTER != 0))
		return ts_why(
			why, TS_E_INVALID, "effective", "its edges lie on the quarter-hour grid");
	if (from_us < next->from_us || from_us >= next->to_us)
		return ts_why(why, TS_E_INVALID, "effective", "from %s lies outside the term",
			ts_time_format(from_us, text));
	if (to_us <= from_us)
		return ts_why(why, TS_E_INVALID, "effective", "ends before it begins");
	if (to_us > next->to_us)
		return ts_why(why, TS_E_INVALID, "effective", "ends after the term does");
	return TS_OK;
}

/* Usage is kept with its accounts and streams only if version 1 asks for them. */
static enum ts_err check_needs(
	const struct ts_terms *before, const struct ts_terms *next, struct ts_why *why)
{
	struct ts_terms_needs was = ts_terms_needs(before), is = ts_terms_needs(next);
	if ((is.account && !was.account) || (is.origin && !was.origin))
		return ts_why(why, TS_E_INVALID, next->regions_n > 0 ? "/regions" : "/purposes",
			"until now usage was kept without its %s: prices by it need a new contract",
			is.origin && !was.origin ? "stream" : "account");
	return TS_OK;
}

/* What is rated by itself is rated over whole days. */
static enum ts_err check_alone(const struct ts_terms *before, const struct ts_terms *next,
	int64_t from_us, int64_t to_us, struct ts_why *why)
{
	const int64_t edges[] = {from_us, to_us};
	if (before->months != next->months || before->month != next->month)
		return ts_why(why, TS_E_INVALID, "/calendar",
			"the billing periods are not changed by an amendment");
	for (size_t i = 0; (before->alone || next->alone) && i < 2; i++) {
		int64_t us = edges[i];
		if (us < TS_TIME_MAX &&
			ts_zone_day_start(&next->zone, ts_zone_day(&next->zone, us)) != us)
			return ts_why(why, TS_E_INVALID, "effective",
				"terms that are rated by themselves change at the beginning of a "
				"day");
	}
	return TS_OK;
}

enum ts_err ts_amendment_check(const struct ts_terms *before, const struct ts_terms *next,
	int64_t from_us, int64_t to_us, struct ts_why *why)
{
	if (next->version != before->version + 1)
		return ts_why(why, TS_E_INVALID, "/version",
			"%" PRId64 ": version %" PRId64 " is in force, the next is %" PRId64,
			next->version, before->version, before->version + 1);
	TS_TRY(check_names(before, next, why));
	TS_TRY(check_calendar(before, next, why));
	TS_TRY(check_treatments(before, next, why));
	TS_TRY(check_prepayments(before, next, why));
	TS_TRY(check_needs(before, next, why));
	TS_TRY(check_alone(before, next, from_us, to_us, why));
	return check_effective(next, from_us, to_us, why);
}
