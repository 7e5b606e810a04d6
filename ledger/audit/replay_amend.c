/* SPDX-License-Identifier: Apache-2.0 */
/* Amendments and notices: what they change is known before the event that folds them folds
 * anything. A version that reaches back needs the cells so far (replay_cell.c). */
#include "audit/replay_state.h"
#include "terms/amendment.h"
#include <stdio.h>
#include <string.h>

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* How far back the leaf may reach; INT64_MAX: it amends nothing. A version reaches to its FROM, or
 * to the end of the term where that is another one from now on. */
static int64_t reach_of(struct ts_str leaf, int64_t ends_us)
{
	struct ts_note note;
	struct ts_why none;
	enum ts_leaf_kind kind;
	struct ts_event event;
	struct ts_contract_statement s;
	enum ts_statement_kind format = ts_statement_kind(leaf);
	if (format != TS_STATEMENT_CONTRACT && format != TS_STATEMENT_EVENT)
		return INT64_MAX;
	bool parsed = ts_leaf_parse(leaf, &kind, &note, &none) == TS_OK;
	if (format == TS_STATEMENT_CONTRACT)
		return parsed && ts_contract_statement_parse(note.text, &s, &none) == TS_OK
			       ? least(s.from_ms * TS_US_PER_MS, ends_us)
			       : INT64_MIN;
	parsed = parsed && ts_event_parse(note.text, &event, &none) == TS_OK;
	return parsed && event.kind == TS_EVENT_NOTICE ? event.end_ms * TS_US_PER_MS : INT64_MAX;
}

static enum ts_err refuse(
	struct ts_replay *r, int64_t index, const char *expected, const char *actual)
{
	ts_finding_add(r->findings, TS_CHECK_TERMS, TS_INPUTS_LEAVES, index, expected, actual);
	return TS_E_INVALID;
}

/* The earliest end of the term that any version states. Terms that can't be read are somebody
 * else's finding: then it may be any. */
static enum ts_err earliest_end(struct ts_replay *r, int64_t *out)
{
	*out = INT64_MAX;
	for (size_t i = 0; i < r->bundle->tar.n; i++) {
		const struct ts_tar_member *member = &r->bundle->tar.members[i];
		const struct ts_terms *terms = NULL;
		struct ts_why none;
		struct ts_str bytes;
		if (strncmp(member->name, "terms/", 6) != 0)
			continue;
		if (member->size > TS_TERMS_BYTES_MAX)
			return *out = INT64_MIN, TS_OK;
		ts_region_reset(r->scratch);
		TS_TRY(ts_bundle_read(r->bundle, member, TS_TERMS_BYTES_MAX, r->scratch, &bytes));
		enum ts_err err = ts_terms_parse(bytes.at, bytes.len, r->scratch, &terms, &none);
		if (err == TS_E_NO_MEMORY)
			return err;
		if (err != TS_OK)
			return *out = INT64_MIN, TS_OK;
		*out = least(*out, terms->to_us);
	}
	return TS_OK;
}

enum ts_err ts_audit_amend_begin(struct ts_replay *r)
{
	const struct ts_bundle_log *inputs = &r->bundle->logs[TS_LOG_INPUTS];
	int64_t from = r->bundle->manifest.from[TS_LOG_INPUTS], ends_us = 0;
	struct ts_reader ahead;
	struct ts_str leaf;
	bool more = true;
	TS_TRY(earliest_end(r, &ends_us));
	TS_TRY(ts_reader_init(&ahead, r->bundle->source, r->region));
	ts_reader_open(&ahead, inputs->leaves->offset, inputs->leaves->size, 0);
	for (int64_t index = from;; index++) {
		enum ts_err err = ts_reader_leaf(&ahead, &leaf, &more);
		if (err == TS_E_MALFORMED || (err == TS_OK && !more))
			return TS_OK;
		TS_TRY(err);
		int64_t from_us = index > 0 ? reach_of(leaf, ends_us) : INT64_MAX;
		if (from_us == INT64_MAX)
			continue;
		TS_TRY(ts_audit_grow(
			r->region, &r->reaches, r->reaches_n, &r->reaches_cap, sizeof *r->reaches));
		r->reaches[r->reaches_n++] = (struct ts_audit_reach){index, from_us};
	}
}

/* What the terms say about keys must be what the policy says, and in an amendment what was before.
 */
static void check_keys(struct ts_replay *r, const struct ts_terms *terms, const char *file)
{
	char vkey[TS_VKEY_CHARS];
	const struct {
		const struct ts_key *policy;
		const char *terms;
		bool first; /* an amendment may change it */
	} pairs[] = {
		{&r->policy->party[TS_SIDE_PROVIDER], terms->provider.statement_key, true},
		{&r->policy->party[TS_SIDE_CONSUMER], terms->consumer.statement_key, true},
		{&r->policy->log[TS_LOG_INPUTS], terms->keys.inputs_log, false},
		{&r->policy->log[TS_LOG_JOURNAL], terms->keys.journal_log, false},
	};
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if ((terms->version == 1 || !pairs[i].first) &&
			strcmp(ts_key_format(pairs[i].policy, vkey), pairs[i].terms) != 0)
			ts_finding_add(r->findings, TS_CHECK_TERMS, file, -1, vkey, pairs[i].terms);
	if (strcmp(terms->contract, r->policy->contract) != 0)
		ts_finding_add(r->findings, TS_CHECK_CONTRACT, file, -1, r->policy->contract,
			terms->contract);
}

enum ts_err ts_audit_terms(struct ts_replay *r, int64_t index,
	const struct ts_contract_statement *statement, const struct ts_terms **out)
{
	const char *file = ts_region_printf(
		r->region, "terms/%lld.json", (long long)statement->version);
	struct ts_str bytes;
	struct ts_hash hash;
	if (file == NULL)
		return TS_E_NO_MEMORY;
	const struct ts_tar_member *member = ts_tar_find(&r->bundle->tar, file);
	if (member == NULL || member->size > TS_TERMS_BYTES_MAX) {
		ts_finding_add(r->findings, TS_CHECK_TERMS, file, index, "the signed terms",
			member == NULL ? "no such member" : "more than 1 MiB");
		return TS_E_INVALID;
	}
	TS_TRY(ts_bundle_read(r->bundle, member, TS_TERMS_BYTES_MAX, r->region, &bytes));
	ts_sha256(bytes.at, bytes.len, &hash);
	if (!ts_hash_eq(&hash, &statement->terms)) {
		ts_finding_hash(r->findings, TS_CHECK_TERMS, file, index, &statement->terms, &hash);
		return TS_E_INVALID;
	}
	enum ts_err err = ts_terms_parse(bytes.at, bytes.len, r->region, out, &r->why);
	if (err == TS_E_NO_MEMORY)
		return err;
	if (err != TS_OK || (*out)->version != statement->version) {
		ts_audit_fail(r, TS_CHECK_TERMS, file, index, "terms as in terms.md");
		return TS_E_INVALID;
	}
	check_keys(r, *out, file);
	return TS_OK;
}

enum ts_err ts_audit_add_version(struct ts_replay *r, int64_t index,
	const struct ts_contract_statement *statement, const struct ts_terms *terms)
{
	TS_TRY(ts_audit_grow(r->region, &r->terms, r->terms_n, &r->terms_cap, sizeof *r->terms));
	TS_TRY(ts_audit_grow(
		r->region, &r->versions, r->terms_n, &r->versions_cap, sizeof *r->versions));
	r->terms[r->terms_n] = terms;
	r->versions[r->terms_n++] = (struct ts_ledger_version){.terms = terms,
		.leaf = index,
		.from_us = statement->from_ms * TS_US_PER_MS,
		.to_us = statement->to_ms == TS_OPEN_MS ? INT64_MAX
							: statement->to_ms * TS_US_PER_MS};
	return TS_OK;
}

enum ts_err ts_audit_version(struct ts_replay *r, int64_t index, const struct ts_note *note)
{
	struct ts_contract_statement s;
	const struct ts_terms *terms = NULL;
	if (ts_contract_statement_parse(note->text, &s, &r->why) != TS_OK)
		return TS_OK; /* the fold cursor's finding */
	if (r->terms_n == 0 || s.version != (int64_t)r->terms_n + 1 ||
		!ts_hash_eq(&s.previous, &r->newest_note))
		return refuse(r, index, "the next version, naming the one before", "another");
	if (r->at_ms >= s.offer_until_ms)
		return refuse(r, index, "signed before offer-until", "the offer had lapsed");
	TS_TRY(ts_audit_terms(r, index, &s, &terms));
	if (ts_amendment_check(r->terms[r->terms_n - 1], terms, s.from_ms * TS_US_PER_MS,
		    s.to_ms == TS_OPEN_MS ? INT64_MAX : s.to_ms * TS_US_PER_MS, &r->why) != TS_OK) {
		ts_audit_fail(r, TS_CHECK_TERMS, TS_INPUTS_LEAVES, index,
			"an amendment of the version before");
		return TS_E_INVALID;
	}
	ts_statement_hash(note->text, &r->newest_note);
	TS_TRY(ts_key_parse(ts_str(terms->keys.operator_key), &r->operator_key, &r->why));
	return ts_audit_add_version(r, index, &s, terms);
}

enum ts_err ts_audit_notice(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	TS_TRY(ts_audit_grow(
		r->region, &r->notices, r->notices_n, &r->notices_cap, sizeof *r->notices));
	r->notices[r->notices_n++] = (struct ts_ledger_notice){index, event->end_ms * TS_US_PER_MS};
	return TS_OK;
}

static enum ts_err keep_text(struct ts_replay *r, struct ts_str *text)
{
	if (text->at == NULL)
		return TS_OK;
	text->at = ts_region_copy(r->region, text->at, text->len);
	return text->at == NULL ? TS_E_NO_MEMORY : TS_OK;
}

enum ts_err ts_audit_credit(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	struct ts_ledger_credit credit;
	if (!ts_ledger_credit_read(event, index, &credit))
		return TS_OK;
	TS_TRY(keep_text(r, &credit.currency));
	TS_TRY(keep_text(r, &credit.line));
	TS_TRY(keep_text(r, &credit.item));
	TS_TRY(keep_text(r, &credit.reason));
	TS_TRY(ts_audit_grow(
		r->region, &r->credits, r->credits_n, &r->credits_cap, sizeof *r->credits));
	r->credits[r->credits_n++] = credit;
	return TS_OK;
}

/* Those with a leaf below N, behind what the event amends. */
static enum ts_err fold_credits(struct ts_replay *r, const struct ts_ledger_event *event)
{
	size_t n = 0;
	for (; n < r->credits_n && r->credits[n].leaf < event->to; n++)
		TS_TRY(ts_ledger_credit(r->ledger, event, &r->credits[n]));
	r->credits_n -= n;
	if (n > 0 && r->credits_n > 0)
		memmove(r->credits, r->credits + n, r->credits_n * sizeof *r->credits);
	return TS_OK;
}

enum ts_err ts_audit_consent(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	struct ts_ledger_consent consent;
	if (!ts_ledger_consent_read(event, index, &consent))
		return TS_OK;
	TS_TRY(ts_audit_grow(
		r->region, &r->consents, r->consents_n, &r->consents_cap, sizeof *r->consents));
	r->consents[r->consents_n++] = consent;
	return TS_OK;
}

/* Likewise. */
static enum ts_err fold_consents(struct ts_replay *r, const struct ts_ledger_event *event)
{
	size_t n = 0;
	for (; n < r->consents_n && r->consents[n].leaf < event->to; n++)
		TS_TRY(ts_ledger_consent(r->ledger, event, &r->consents[n], &r->why));
	r->consents_n -= n;
	if (n > 0 && r->consents_n > 0)
		memmove(r->consents, r->consents + n, r->consents_n * sizeof *r->consents);
	return fold_credits(r, event);
}

enum ts_err ts_audit_cash(struct ts_replay *r, int64_t index, const struct ts_event *event)
{
	bool refund = event->kind == TS_EVENT_REFUND;
	struct ts_str about = refund ? event->prepayment : event->number;
	struct ts_ledger_cash cash = {.leaf = index,
		.refund = refund,
		.about = {ts_region_copy(r->region, about.at, about.len), about.len},
		.currency = {ts_region_copy(r->region, event->currency.at, event->currency.len),
			event->currency.len},
		.amount_minor = event->amount_minor,
		.day = event->date};
	if (cash.about.at == NULL || cash.currency.at == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_audit_grow(r->region, &r->cash, r->cash_n, &r->cash_cap, sizeof *r->cash));
	r->cash[r->cash_n++] = cash;
	return TS_OK;
}

/* Those with a leaf below N go to the ledger, which the event will post. */
static enum ts_err due_cash(struct ts_replay *r, int64_t to)
{
	size_t n = 0;
	while (n < r->cash_n && r->cash[n].leaf < to)
		n++;
	if (n == 0)
		return TS_OK;
	TS_TRY(ts_ledger_cash(r->ledger, r->cash, n));
	r->cash_n -= n;
	if (r->cash_n > 0)
		memmove(r->cash, r->cash + n, r->cash_n * sizeof *r->cash);
	return TS_OK;
}

/* Those with a leaf below N; the others wait for the next event. */
static size_t due_notices(const struct ts_replay *r, int64_t to)
{
	size_t n = 0;
	while (n < r->notices_n && r->notices[n].leaf < to)
		n++;
	return n;
}

/* The cells that it would match anew are those of periods that the state has cut. */
static enum ts_err reaches_behind(struct ts_replay *r, int64_t from_us)
{
	char text[TS_FINDING_TEXT_MAX], from[TS_TIME_CHARS], least[TS_TIME_CHARS];
	(void)snprintf(text, sizeof text,
		"it reaches back to %s, before %s: a bundle from an earlier period, or from "
		"genesis, is needed",
		ts_time_format(from_us, from), ts_time_format(r->cells_from_us, least));
	ts_finding_add(r->findings, TS_CHECK_RANGES, TS_INPUTS_LEAVES, r->fold.size,
		"an amendment or notice that reaches no further back than the end of the state's "
		"period",
		text);
	return TS_E_INVALID;
}

enum ts_err ts_audit_amend(struct ts_replay *r, int64_t to, int64_t at_us, int32_t day)
{
	struct ts_ledger_amendment amendment;
	struct ts_usage_cell *cells = NULL;
	size_t n = 0, notices_n = due_notices(r, to);
	struct ts_ledger_event event = {.at_us = at_us, .from = r->fold.size, .to = to, .day = day};
	TS_TRY(due_cash(r, to));
	ts_ledger_amends(r->ledger, &event, r->notices, notices_n, &amendment);
	r->notices_n -= notices_n;
	if (notices_n > 0 && r->notices_n > 0)
		memmove(r->notices, r->notices + notices_n, r->notices_n * sizeof *r->notices);
	if (!amendment.any)
		return fold_consents(r, &event);
	if (amendment.from_us < r->cells_from_us)
		return reaches_behind(r, amendment.from_us);
	ts_region_reset(r->scratch);
	TS_TRY(ts_audit_cells_of(r, amendment.from_us, amendment.to_us, &cells, &n));
	enum ts_err err = ts_ledger_rematch(r->ledger, &event, &amendment, cells, n, &r->why);
	if (err == TS_OK)
		return fold_consents(r, &event);
	if (err == TS_E_NO_MEMORY)
		return err;
	ts_audit_fail(r, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, r->fold.size,
		"an amendment that the ledger can take");
	r->stopped = true;
	return TS_OK;
}
