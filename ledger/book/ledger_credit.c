/* SPDX-License-Identifier: Apache-2.0 */
/* Commercial credits, and service credits that the consumer has to claim. A credit is a charge line
 * of its own with a signed source of its own: it enters no other line's target. Whether it has an
 * effect is decided once, when its event is folded. */
#include "book/ledger_credit.h"
#include <string.h>

static bool text_is(const char *text, struct ts_str s)
{
	return ts_str_is(s, text);
}

static const char *keep(struct ts_ledger *ledger, struct ts_str text)
{
	return text.len == 0 ? "" : ts_region_copy(ledger->region, text.at, text.len);
}

/* --- what a credit may be --- */

enum ts_err ts_line_key_parse(struct ts_str text, struct ts_line_key *out)
{
	struct ts_str rest = text, version = ts_str_cut(&rest, '/'), kind = ts_str_cut(&rest, '/'),
		      item = ts_str_cut(&rest, '/'), tier = ts_str_cut(&rest, '/');
	int64_t numbers[4];
	const struct ts_str words[4] = {
		{version.at + 1, version.len > 0 ? version.len - 1 : 0}, item, tier, rest};
	int found = -1;
	if (version.len < 2 || version.at[0] != 'v')
		return TS_E_MALFORMED;
	for (size_t i = 0; i < 4; i++)
		if (ts_text_u63(words[i], &numbers[i]) != TS_OK || numbers[i] > INT32_MAX)
			return TS_E_MALFORMED;
	for (int k = 0; k < TS_CHARGE_KINDS; k++)
		if (ts_str_is(kind, ts_charge_kind_name((enum ts_charge_kind)k)))
			found = k;
	if (found < 0)
		return TS_E_MALFORMED;
	*out = (struct ts_line_key){(int32_t)numbers[0], (enum ts_charge_kind)found,
		(int32_t)numbers[1], (int32_t)numbers[2], (int32_t)numbers[3]};
	return TS_OK;
}

/* Credits that have an effect on what was billed for the line. */
static enum ts_err credited(
	const struct ts_ledger *ledger, const struct ts_line_key *line, int64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < ledger->credits.n; i++) {
		const struct ts_credit_row *row = ts_rowset_at(&ledger->credits, i);
		struct ts_line_key about;
		if (row->about != NULL && ts_line_key_parse(ts_str(row->about), &about) == TS_OK &&
			ts_line_key_eq(&about, line))
			TS_TRY(ts_add64(*out, row->amount_minor, out));
	}
	return TS_OK;
}

/* The line that a credit names: billed, and not for less than all its credits take back. */
static enum ts_err check_line(const struct ts_ledger *ledger, const struct ts_ledger_credit *credit,
	size_t treatment, struct ts_line_key *line, struct ts_why *why)
{
	struct ts_charge_names names;
	int64_t before = 0, left = 0;
	char text[TS_DECIMAL_CHARS];
	if (ts_line_key_parse(credit->line, line) != TS_OK)
		return ts_why(why, TS_E_INVALID, "line",
			"\"%.*s\" names no charge line: v1/usage/0/0/2 is its form",
			(int)credit->line.len, credit->line.at);
	const struct ts_terms *terms = ts_ledger_terms(ledger, line->version);
	const struct ts_billed_row *billed = ts_rowset_find(
		&ledger->billed, &(struct ts_billed_row){.line = *line});
	if (terms == NULL || billed == NULL || billed->billed_minor <= 0 ||
		line->kind == TS_CHARGE_CREDIT || line->kind == TS_CHARGE_SETTLEMENT)
		return ts_why(why, TS_E_CONFLICT, "line", "%.*s: no document has billed this line",
			(int)credit->line.len, credit->line.at);
	ts_charge_names(terms, line->kind, (size_t)line->item, &names);
	if (names.treatment != treatment)
		return ts_why(why, TS_E_CONFLICT, "treatment", "the line's tax treatment is \"%s\"",
			terms->treatments[names.treatment].id);
	TS_TRY(credited(ledger, line, &before));
	TS_TRY(ts_sub64(billed->billed_minor, before, &left));
	if (credit->amount_minor <= left)
		return TS_OK;
	return ts_why(why, TS_E_CONFLICT, "amount",
		"%lld: of what was billed for the line, %s %s is left to credit",
		(long long)credit->amount_minor, ts_money_format(left, terms->currency, text),
		terms->currency->code);
}

static enum ts_err check_credit(const struct ts_ledger *ledger,
	const struct ts_ledger_credit *credit, struct ts_credit_row *row, struct ts_line_key *line,
	struct ts_why *why)
{
	const struct ts_terms *terms = ts_ledger_newest(ledger);
	size_t treatment = 0;
	if (!text_is(terms->currency->code, credit->currency))
		return ts_why(why, TS_E_CONFLICT, "currency", "the contract's is %s",
			terms->currency->code);
	while (treatment < terms->treatments_n &&
		!text_is(terms->treatments[treatment].id, credit->item))
		treatment++;
	if (treatment == terms->treatments_n)
		return ts_why(why, TS_E_CONFLICT, "treatment",
			"\"%.*s\" is no tax treatment of version %lld", (int)credit->item.len,
			credit->item.at, (long long)terms->version);
	row->version = (int32_t)terms->version;
	row->treatment = (int32_t)treatment;
	return credit->line.at == NULL ? TS_OK : check_line(ledger, credit, treatment, line, why);
}

/* --- claims --- */

const struct ts_sla *ts_ledger_sla(const struct ts_ledger *ledger, int32_t version, int32_t item)
{
	const struct ts_terms *terms = ts_ledger_terms(ledger, version);
	return terms != NULL && item >= 0 && (size_t)item < terms->slas_n ? &terms->slas[item]
									  : NULL;
}

/* The first day on which it can't be claimed any more. */
static int32_t lapse_day(const struct ts_period *period, const struct ts_sla *sla)
{
	return period->end_day + (int32_t)sla->claim_days;
}

bool ts_ledger_claimed(const struct ts_ledger *ledger, const char *sla, int32_t period)
{
	for (size_t i = 0; i < ledger->credits.n; i++) {
		const struct ts_credit_row *row = ts_rowset_at(&ledger->credits, i);
		if (row->kind == TS_CHARGE_SLA && row->granted && row->period == period &&
			strcmp(row->item, sla) == 0)
			return true;
	}
	return false;
}

/* By the terms that govern the end of the period. at_us: the log time. */
static enum ts_err check_claim(const struct ts_ledger *ledger, const struct ts_ledger_credit *claim,
	int64_t at_us, struct ts_credit_row *row, struct ts_why *why)
{
	struct ts_period period;
	char text[TS_TIME_CHARS];
	if (ts_ledger_period_at(ledger, claim->period_from_us, &period) != TS_OK ||
		period.from_us != claim->period_from_us || period.to_us != claim->period_to_us)
		return ts_why(why, TS_E_CONFLICT, "period",
			"these instants are no billing period of the contract");
	const struct ts_terms *terms = ts_ledger_document_terms(ledger, &period);
	int32_t today = ts_zone_day(&terms->zone, at_us);
	size_t i = 0;
	while (i < terms->slas_n && !text_is(terms->slas[i].id, claim->item))
		i++;
	if (i == terms->slas_n || !terms->slas[i].on_claim)
		return ts_why(why, TS_E_CONFLICT, "sla",
			"\"%.*s\" is no service credit that is claimed, in version %lld (/slas)",
			(int)claim->item.len, claim->item.at, (long long)terms->version);
	row->period = period.index;
	row->version = (int32_t)terms->version;
	if (at_us < period.to_us)
		return ts_why(why, TS_E_CONFLICT, "period", "it is not over yet");
	if (today >= lapse_day(&period, &terms->slas[i]))
		return ts_why(why, TS_E_CONFLICT, "period",
			"it could be claimed before %s (/slas/%zu/claim_days)",
			ts_date_format(lapse_day(&period, &terms->slas[i]), text), i);
	if (ts_ledger_claimed(ledger, terms->slas[i].id, period.index))
		return ts_why(why, TS_E_CONFLICT, "sla", "it was claimed already");
	return TS_OK;
}

/* --- folding --- */

bool ts_ledger_credit_read(const struct ts_event *event, int64_t leaf, struct ts_ledger_credit *out)
{
	bool claim = event->kind == TS_EVENT_CLAIM;
	if (!claim && event->kind != TS_EVENT_CREDIT && event->kind != TS_EVENT_SETTLEMENT)
		return false;
	*out = (struct ts_ledger_credit){.kind = claim ? TS_CHARGE_SLA
						 : event->kind == TS_EVENT_CREDIT
							 ? TS_CHARGE_CREDIT
							 : TS_CHARGE_SETTLEMENT,
		.serial = event->serial,
		.leaf = leaf,
		.amount_minor = event->amount_minor,
		.currency = event->currency,
		.line = event->line,
		.item = event->item,
		.reason = event->reason,
		.period_from_us = event->period_from_ms * TS_US_PER_MS,
		.period_to_us = event->period_to_ms * TS_US_PER_MS};
	return true;
}

static enum ts_err check(const struct ts_ledger *ledger, const struct ts_ledger_credit *credit,
	int64_t at_us, struct ts_credit_row *row, struct ts_line_key *line, struct ts_why *why)
{
	return credit->kind == TS_CHARGE_SLA ? check_claim(ledger, credit, at_us, row, why)
					     : check_credit(ledger, credit, row, line, why);
}

enum ts_err ts_ledger_credit_check(const struct ts_ledger *ledger,
	const struct ts_ledger_credit *credit, int64_t at_us, struct ts_why *why)
{
	struct ts_credit_row row = {0};
	struct ts_line_key line = {0};
	return check(ledger, credit, at_us, &row, &line, why);
}

/* The period of a credit: that of its line, else the first that is not cut; the month: that of the
 * event's day, or of the nearest one in the period. */
static enum ts_err place(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_line_key *line, struct ts_credit_row *row)
{
	struct ts_period period;
	int32_t open = 0, day = event->day;
	for (const struct ts_period_row *p = ts_ledger_period_row(ledger, 0); p != NULL && p->cut;
		p = ts_ledger_period_row(ledger, open))
		open++;
	row->period = line != NULL ? line->period : open;
	TS_TRY(ts_ledger_period_get(ledger, row->period, &period));
	day = day < period.first_day ? period.first_day : day;
	day = day > period.end_day - 1 ? period.end_day - 1 : day;
	row->month = ts_month_of_day(day);
	return TS_OK;
}

enum ts_err ts_ledger_credit(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_ledger_credit *credit)
{
	struct ts_why none;
	struct ts_line_key line = {0};
	struct ts_credit_row found = {0};
	struct ts_credit_row row = {.kind = credit->kind,
		.serial = credit->serial,
		.leaf = credit->leaf,
		.item = keep(ledger, credit->item),
		.reason = keep(ledger, credit->reason),
		.dirty = true};
	if (row.item == NULL || row.reason == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = check(ledger, credit, event->at_us, &found, &line, &none);
	if (err == TS_E_NO_MEMORY)
		return err;
	if (err != TS_OK)
		return ts_rowset_add(&ledger->credits, &row, NULL);
	row.granted = true;
	row.version = found.version;
	row.period = found.period;
	row.treatment = found.treatment;
	if (row.kind != TS_CHARGE_SLA) {
		row.amount_minor = credit->amount_minor;
		if (credit->line.at != NULL && (row.about = keep(ledger, credit->line)) == NULL)
			return TS_E_NO_MEMORY;
		TS_TRY(place(ledger, event, row.about != NULL ? &line : NULL, &row));
	}
	TS_TRY(ts_rowset_add(&ledger->credits, &row, NULL));
	return ts_ledger_touch(ledger, row.period);
}

bool ts_credit_sound(const struct ts_ledger *ledger, const struct ts_credit_row *row)
{
	const struct ts_terms *terms = ts_ledger_terms(ledger, row->version);
	struct ts_line_key about;
	bool claim = row->kind == TS_CHARGE_SLA;
	if (row->serial < 1 || row->serial > INT32_MAX || row->leaf < 0 ||
		(!claim && row->kind != TS_CHARGE_CREDIT && row->kind != TS_CHARGE_SETTLEMENT))
		return false;
	if (!row->granted)
		return row->amount_minor == 0 && row->about == NULL;
	if (terms == NULL || row->treatment < 0 || (size_t)row->treatment >= terms->treatments_n)
		return false;
	if (row->about != NULL && ts_line_key_parse(ts_str(row->about), &about) != TS_OK)
		return false;
	return claim ? row->amount_minor == 0 && row->about == NULL : row->amount_minor > 0;
}

/* --- charges --- */

struct ts_line_key ts_credit_line(const struct ts_credit_row *row)
{
	return (struct ts_line_key){row->version,
		row->kind == TS_CHARGE_CREDIT ? TS_CHARGE_CREDIT : TS_CHARGE_SETTLEMENT,
		(int32_t)(row->serial - 1), 0, row->period};
}

static bool is_charged(const struct ts_credit_row *row, int32_t period)
{
	return row->kind != TS_CHARGE_SLA && row->granted && row->period == period;
}

const struct ts_credit_row *ts_ledger_credit_of(
	const struct ts_ledger *ledger, const struct ts_line_key *line)
{
	for (size_t i = 0; i < ledger->credits.n; i++) {
		const struct ts_credit_row *row = ts_rowset_at(&ledger->credits, i);
		struct ts_line_key own = ts_credit_line(row);
		if (row->kind != TS_CHARGE_SLA && ts_line_key_eq(&own, line))
			return row;
	}
	return NULL;
}

enum ts_err ts_ledger_credit_charges(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_region *region, struct ts_ledger_charge **list, size_t *n)
{
	struct ts_ledger_charge *all = ts_region_array(
		region, *n + ledger->credits.n + 1, sizeof *all);
	if (all == NULL)
		return TS_E_NO_MEMORY;
	if (*n > 0)
		memcpy(all, *list, *n * sizeof *all);
	for (size_t i = 0; i < ledger->credits.n; i++) {
		const struct ts_credit_row *row = ts_rowset_at(&ledger->credits, i);
		struct ts_line_key line = ts_credit_line(row);
		if (is_charged(row, period->index))
			all[(*n)++] = (struct ts_ledger_charge){
				row->version, {.kind = line.kind,
						      .item = (size_t)line.item,
						      .period = row->period,
						      .month = row->month,
						      .amount_minor = -row->amount_minor}};
	}
	*list = all;
	return TS_OK;
}

enum ts_err ts_ledger_credit_lines(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_region *region, struct ts_ledger_line **list, size_t *n)
{
	struct ts_ledger_line *all = ts_region_array(
		region, *n + ledger->credits.n + 1, sizeof *all);
	if (all == NULL)
		return TS_E_NO_MEMORY;
	if (*n > 0)
		memcpy(all, *list, *n * sizeof *all);
	for (size_t i = 0; i < ledger->credits.n; i++) {
		const struct ts_credit_row *row = ts_rowset_at(&ledger->credits, i);
		struct ts_line_key line = ts_credit_line(row);
		if (!is_charged(row, period->index))
			continue;
		const char *trace = ts_region_printf(region,
			"%s %lld, leaf %lld of the inputs log, signed by %s: %s",
			row->kind == TS_CHARGE_CREDIT ? "commercial credit" : "settlement",
			(long long)row->serial, (long long)row->leaf,
			row->kind == TS_CHARGE_CREDIT ? "the provider" : "both companies",
			row->reason);
		if (trace == NULL)
			return TS_E_NO_MEMORY;
		all[(*n)++] = (struct ts_ledger_line){
			row->version, {.kind = line.kind,
					      .item = (size_t)line.item,
					      .period = row->period,
					      .amount_minor = -row->amount_minor,
					      .trace = trace}};
	}
	*list = all;
	return TS_OK;
}

/* --- service credits --- */

bool ts_ledger_is_claimable(const struct ts_ledger *ledger, const struct ts_line_key *line)
{
	const struct ts_sla *sla = line->kind == TS_CHARGE_SLA
					   ? ts_ledger_sla(ledger, line->version, line->item)
					   : NULL;
	return sla != NULL && sla->on_claim;
}

bool ts_ledger_claimable(const struct ts_ledger *ledger, const struct ts_line_key *line,
	struct ts_ledger_claimable *out)
{
	struct ts_period period;
	const struct ts_sla *sla = ts_ledger_sla(ledger, line->version, line->item);
	if (sla == NULL || !ts_ledger_is_claimable(ledger, line) ||
		ts_ledger_period_get(ledger, line->period, &period) != TS_OK)
		return false;
	*out = (struct ts_ledger_claimable){sla->id, lapse_day(&period, sla)};
	return !ts_ledger_claimed(ledger, sla->id, line->period);
}

const struct ts_currency *ts_ledger_currency(const struct ts_ledger *ledger)
{
	return ledger->calendar.currency;
}

bool ts_ledger_expects(const struct ts_ledger *ledger, const struct ts_line_key *line,
	const struct ts_period *period, int32_t day)
{
	const struct ts_sla *sla = ts_ledger_sla(ledger, line->version, line->item);
	if (sla == NULL || !ts_ledger_is_claimable(ledger, line))
		return true;
	return day < lapse_day(period, sla) || ts_ledger_claimed(ledger, sla->id, period->index);
}

bool ts_ledger_bills(const struct ts_ledger *ledger, const struct ts_line_key *line, int32_t cut)
{
	const struct ts_sla *sla = line->kind == TS_CHARGE_SLA
					   ? ts_ledger_sla(ledger, line->version, line->item)
					   : NULL;
	if (sla == NULL)
		return true;
	if (sla->next_document && line->period == cut)
		return false;
	return !sla->on_claim || ts_ledger_claimed(ledger, sla->id, line->period);
}

bool ts_ledger_lapses(
	const struct ts_ledger *ledger, const struct ts_period *period, int32_t before, int32_t now)
{
	for (size_t v = 0; v < ledger->versions_n; v++) {
		const struct ts_terms *terms = ledger->versions[v].terms;
		for (size_t i = 0; i < terms->slas_n; i++) {
			int32_t day = lapse_day(period, &terms->slas[i]);
			if (terms->slas[i].on_claim && before < day && day <= now)
				return true;
		}
	}
	return false;
}
