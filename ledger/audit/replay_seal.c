/* SPDX-License-Identifier: Apache-2.0 */
/* Seals: each company shuts its own book over the state at a cut; the other one countersigns the
 * same text, or says why not. */
#include "audit/replay_state.h"

static struct ts_audit_cut *cut_at(struct ts_replay *r, int64_t leaf)
{
	for (size_t i = 0; i < r->cuts_n; i++)
		if (r->cuts[i].leaf == leaf)
			return &r->cuts[i];
	return NULL;
}

static struct ts_audit_seal *seal_of(struct ts_replay *r, const struct ts_hash *statement)
{
	for (size_t i = 0; i < r->seals_n; i++)
		if (ts_hash_eq(&r->seals[i].statement, statement))
			return &r->seals[i];
	return NULL;
}

static void fail(struct ts_replay *r, int64_t index, const char *expected, const char *actual)
{
	ts_finding_add(r->findings, TS_CHECK_SEALS, TS_INPUTS_LEAVES, index, expected, actual);
}

/* A new one: of a document that is issued, of the next period of its book, over the state. */
static enum ts_err check_seal(struct ts_replay *r, int64_t index,
	const struct ts_period_statement *s, const struct ts_audit_cut *cut)
{
	struct ts_period period;
	int32_t next = 0;
	TS_TRY(ts_ledger_period_get(r->ledger, cut->period, &period));
	for (size_t i = 0; i < r->seals_n; i++)
		if (r->seals[i].book == s->book && r->seals[i].period >= next)
			next = r->seals[i].period + 1;
	if (cut->period != next)
		fail(r, index, "the next period of its book", "another");
	if (s->through != period.end_day - 1)
		fail(r, index, "the last day of the period that its cut ends", "another day");
	if (cut->issued >= index)
		fail(r, index, "a cut whose document is issued", "it is not issued");
	if (cut->has_state && !ts_hash_eq(&cut->state, &s->state))
		ts_finding_hash(r->findings, TS_CHECK_SEALS, TS_INPUTS_LEAVES, index, &cut->state,
			&s->state);
	return TS_OK;
}

enum ts_err ts_audit_period(struct ts_replay *r, int64_t index, const struct ts_note *note)
{
	struct ts_period_statement s;
	struct ts_hash hash;
	if (ts_period_statement_parse(note->text, &s, &r->why) != TS_OK) {
		ts_audit_fail(r, TS_CHECK_LEAVES, TS_INPUTS_LEAVES, index, "a period statement");
		return TS_OK;
	}
	(void)ts_audit_ours(r, index, s.contract);
	ts_statement_hash(note->text, &hash);
	struct ts_audit_seal *seal = seal_of(r, &hash);
	if (seal != NULL) {
		if (seal->countersigned)
			fail(r, index, "one countersignature", "a second one");
		seal->countersigned = true;
		return ts_audit_signed(r, index, note, &r->party[1 - (int)s.book], 1, false);
	}
	TS_TRY(ts_audit_signed(r, index, note, &r->party[s.book], 1, false));
	struct ts_audit_cut *cut = cut_at(r, s.cut);
	if (cut == NULL || cut->leaf >= index) {
		if (!r->stopped)
			fail(r, index, "a cut before it", "another leaf");
		return TS_OK;
	}
	TS_TRY(check_seal(r, index, &s, cut));
	if (cut->inputs_to > r->sealed_to)
		r->sealed_to = cut->inputs_to;
	TS_TRY(ts_audit_grow(r->region, &r->seals, r->seals_n, &r->seals_cap, sizeof *r->seals));
	r->seals[r->seals_n++] = (struct ts_audit_seal){
		.statement = hash, .book = s.book, .period = cut->period, .through = s.through};
	return TS_OK;
}

enum ts_err ts_audit_reservation(struct ts_replay *r, int64_t index, const struct ts_note *note)
{
	struct ts_reservation s;
	if (ts_reservation_parse(note->text, &s, &r->why) != TS_OK) {
		ts_audit_fail(r, TS_CHECK_LEAVES, TS_INPUTS_LEAVES, index, "a reservation");
		return TS_OK;
	}
	(void)ts_audit_ours(r, index, s.contract);
	const struct ts_audit_seal *seal = seal_of(r, &s.statement);
	if (seal == NULL || seal->book != s.book || seal->through != s.through)
		fail(r, index, "the hash of a seal of this book and day before it", "another");
	else if (seal->countersigned)
		fail(r, index, "a seal that is not countersigned", "it is");
	return ts_audit_signed(r, index, note, &r->party[1 - (int)s.book], 1, false);
}
