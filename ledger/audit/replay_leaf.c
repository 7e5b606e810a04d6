/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves of the inputs log that are not the operator's events: who must have signed them, and what
 * they change. */
#include "audit/replay_state.h"
#include "evidence/revocation.h"
#include <string.h>

#define KEYS_MAX 4

enum ts_err ts_audit_signed(struct ts_replay *r, int64_t index, const struct ts_note *note,
	const struct ts_key *keys, size_t n, bool any)
{
	struct ts_note_sig sigs[KEYS_MAX];
	struct ts_why why = {"", ""};
	size_t valid = 0;
	const char *missing = "";
	TS_ASSERT(n > 0 && n <= KEYS_MAX);
	enum ts_err err = ts_note_verify(note, keys, n, sigs, &why);
	if (err != TS_OK && err != TS_E_SIGNATURE && err != TS_E_KEY)
		return err;
	for (size_t i = 0; err == TS_OK && i < n; i++) {
		valid += sigs[i].valid;
		if (!sigs[i].valid)
			missing = keys[i].name;
	}
	if (err == TS_OK && (valid == n || (any && valid > 0)))
		return TS_OK;
	ts_finding_add(r->findings, TS_CHECK_SIGNATURES, TS_INPUTS_LEAVES, index,
		err == TS_OK ? missing : keys[0].name,
		err == TS_OK ? "it has not signed" : why.text);
	return TS_OK;
}

bool ts_audit_ours(struct ts_replay *r, int64_t index, struct ts_str contract)
{
	if (ts_str_is(contract, r->policy->contract))
		return true;
	ts_audit_fail(r, TS_CHECK_CONTRACT, TS_INPUTS_LEAVES, index, r->policy->contract);
	return false;
}

/* Both companies as they were; who changes its key signs with the new one too. */
static enum ts_err check_parties(struct ts_replay *r, int64_t index, const struct ts_note *note,
	const struct ts_terms *terms)
{
	const char *const vkeys[2] = {terms->provider.statement_key, terms->consumer.statement_key};
	struct ts_key keys[4] = {r->party[0], r->party[1]}, party[2];
	char vkey[TS_VKEY_CHARS];
	size_t n = 2;
	for (size_t i = 0; i < 2; i++) {
		TS_TRY(ts_key_parse(ts_str(vkeys[i]), &party[i], &r->why));
		if (strcmp(ts_key_format(&r->party[i], vkey), vkeys[i]) != 0)
			keys[n++] = party[i];
	}
	TS_TRY(ts_audit_signed(r, index, note, keys, n, false));
	memcpy(r->party, party, sizeof party);
	return TS_OK;
}

/* Version 1; the event cursor has taken any other already. */
static enum ts_err first_version(
	struct ts_replay *r, int64_t index, const struct ts_contract_statement *s)
{
	const struct ts_terms *terms = NULL;
	if (index != 0 || s->version != 1) {
		ts_finding_add(r->findings, TS_CHECK_TERMS, TS_INPUTS_LEAVES, index,
			"the next version, naming the one before", "another");
		return TS_E_INVALID;
	}
	TS_TRY(ts_audit_terms(r, index, s, &terms));
	TS_TRY(ts_audit_add_version(r, index, s, terms));
	TS_TRY(ts_key_parse(ts_str(terms->keys.operator_key), &r->operator_key, &r->why));
	r->newest_note = r->contract_note;
	r->ledger_versions = 1;
	TS_TRY(ts_ledger_create(r->ledger_region, r->versions, 1, &r->ledger));
	return r->opening ? TS_OK : ts_audit_cells_next(r);
}

static enum ts_err take_contract(struct ts_replay *r, int64_t index, const struct ts_note *note)
{
	struct ts_contract_statement s;
	if (ts_contract_statement_parse(note->text, &s, &r->why) != TS_OK) {
		ts_audit_fail(r, TS_CHECK_LEAVES, TS_INPUTS_LEAVES, index, "a contract statement");
		return TS_OK;
	}
	(void)ts_audit_ours(r, index, s.contract);
	ts_statement_hash(note->text, &r->contract_note);
	if (r->terms_n == 0)
		TS_TRY(first_version(r, index, &s));
	for (size_t i = 0; i < r->terms_n; i++)
		if (r->versions[i].leaf == index)
			return check_parties(r, index, note, r->terms[i]);
	return TS_OK; /* the event cursor has told what is wrong with it */
}

/* N is where the last seal's cut ended, or a size that the quorum cosigned before the instant
 * given.
 */
static void check_covered(struct ts_replay *r, int64_t index, const struct ts_revocation *s)
{
	const struct ts_bundle_log *log = &r->bundle->logs[TS_LOG_INPUTS];
	bool found = s->covered == r->sealed_to;
	for (size_t i = 0; i < log->cosigned_n && !found; i++)
		found = log->cosigned[i].size == s->covered && s->covered > r->sealed_to &&
			log->cosigned[i].time_s < s->since_ms / 1000;
	if (!found)
		ts_finding_add(r->findings, TS_CHECK_COVERED, TS_INPUTS_LEAVES, index,
			"covered: the last seal's N, or a size cosigned before the instant",
			"another size");
}

static enum ts_err take_revocation(
	struct ts_replay *r, int64_t index, const struct ts_note *note, bool decides)
{
	struct ts_revocation s;
	if (ts_revocation_parse(note->text, &s, &r->why) != TS_OK) {
		ts_audit_fail(r, TS_CHECK_LEAVES, TS_INPUTS_LEAVES, index, "a revocation");
		return TS_OK;
	}
	(void)ts_audit_ours(r, index, s.contract);
	struct ts_audit_stream *stream = ts_audit_stream_find(r, s.origin);
	if (stream == NULL) {
		ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
			"a stream that is enrolled", "another");
		return TS_OK;
	}
	TS_TRY(ts_audit_signed(r, index, note, &r->party[stream->statement.side], 1, false));
	if (stream->ended > index)
		stream->ended = index;
	if (stream->revoked_ms == TS_COMPLETENESS_NEVER)
		stream->revoked_ms = r->folding.at_us / TS_US_PER_MS;
	if (!s.compromised)
		return TS_OK;
	if (r->opening)
		return TS_OK; /* it is decided, and the state says how */
	check_covered(r, index, &s);
	if (s.covered < r->bundle->manifest.from[TS_LOG_INPUTS] && decides) {
		ts_finding_add(r->findings, TS_CHECK_RANGES, TS_INPUTS_LEAVES, index,
			"a revocation that reaches no further than the state",
			"it reaches behind FROM: a bundle from an earlier period is needed");
		return TS_E_INVALID;
	}
	if (stream->statement.side != TS_SIDE_PROVIDER || !decides)
		return TS_OK;
	return ts_judge_revoke(r->judge, index, stream->number, s.covered, s.reason, &r->why);
}

static enum ts_err take_release(
	struct ts_replay *r, int64_t index, const struct ts_event *event, bool decides)
{
	struct ts_audit_stream *stream = ts_audit_stream_find(r, event->origin);
	if (stream == NULL || stream->statement.side != TS_SIDE_PROVIDER) {
		ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
			"a provider stream that is enrolled", "another");
		return TS_OK;
	}
	if (event->line_to > stream->range.size) {
		ts_finding_add(r->findings, TS_CHECK_COVERED, TS_INPUTS_LEAVES, index,
			"lines that the stream has", "a range behind its end");
		return TS_OK;
	}
	if (!decides)
		return TS_OK;
	return ts_judge_release(r->judge, index, stream->number, event->line_from, event->line_to,
		event->reason, &r->why);
}

static enum ts_err take_party_event(
	struct ts_replay *r, int64_t index, const struct ts_note *note, bool decides)
{
	struct ts_event event;
	if (ts_event_parse(note->text, &event, &r->why) != TS_OK) {
		ts_audit_fail(r, TS_CHECK_LEAVES, TS_INPUTS_LEAVES, index, "an event");
		return TS_OK;
	}
	if (ts_event_signer(event.kind) == TS_SIGNED_BY_OPERATOR)
		return TS_OK; /* the event cursor's */
	(void)ts_audit_ours(r, index, event.contract);
	bool one = ts_event_signer(event.kind) == TS_SIGNED_BY_ONE;
	TS_TRY(one ? ts_audit_signed(r, index, note, &r->party[event.by], 1, false)
		   : ts_audit_signed(r, index, note, r->party, 2, false));
	if (event.serial != ++r->serials[event.kind])
		ts_finding_add(r->findings, TS_CHECK_EVENTS, TS_INPUTS_LEAVES, index,
			"serials from 1 without a gap", ts_event_kind_name(event.kind));
	if (event.kind == TS_EVENT_RELEASE)
		return take_release(r, index, &event, decides);
	return TS_OK;
}

static enum ts_err take_reattestation(
	struct ts_replay *r, int64_t index, const struct ts_note *note, bool decides)
{
	struct ts_reattestation s;
	struct ts_hash roots[2];
	if (ts_reattestation_parse(note->text, &s, &r->why) != TS_OK) {
		ts_audit_fail(r, TS_CHECK_LEAVES, TS_INPUTS_LEAVES, index, "a re-attestation");
		return TS_OK;
	}
	(void)ts_audit_ours(r, index, s.contract);
	TS_TRY(ts_audit_signed(r, index, note, r->party, 2, false));
	struct ts_audit_stream *stream = ts_audit_stream_find(r, s.origin);
	if (stream == NULL || stream->statement.side != TS_SIDE_PROVIDER) {
		ts_finding_add(r->findings, TS_CHECK_ENROLMENT, TS_INPUTS_LEAVES, index,
			"a provider stream that is enrolled", "another");
		return TS_OK;
	}
	if (r->opening)
		return TS_OK;
	enum ts_err err = ts_audit_roots(r, stream, (const int64_t[]){s.from, s.to}, roots);
	if (err != TS_OK && err != TS_E_RANGE)
		return err;
	if (err == TS_E_RANGE || !ts_hash_eq(&roots[0], &s.root_from) ||
		!ts_hash_eq(&roots[1], &s.root_to)) {
		ts_finding_add(r->findings, TS_CHECK_COVERED, TS_INPUTS_LEAVES, index,
			"sizes and roots of the stream's own lines", "others");
		return TS_OK;
	}
	if (!decides)
		return TS_OK;
	return ts_judge_reattest(r->judge, index, stream->number, s.from, s.to, &r->why);
}

enum ts_err ts_audit_leaf(struct ts_replay *r, int64_t index, struct ts_str leaf, bool fold)
{
	struct ts_note note;
	enum ts_leaf_kind kind;
	if (index > 0 && r->terms_n == 0)
		return TS_E_INVALID; /* without a contract nothing behind it means anything */
	if (ts_leaf_parse(leaf, &kind, &note, &r->why) != TS_OK) {
		ts_audit_fail(
			r, TS_CHECK_LEAVES, TS_INPUTS_LEAVES, index, "a statement or checkpoint");
		return TS_OK;
	}
	if (index == 0 && kind != TS_LEAF_CONTRACT) {
		ts_finding_add(r->findings, TS_CHECK_LEAVES, TS_INPUTS_LEAVES, 0,
			"the contract note of version 1", "another leaf");
		return TS_E_INVALID;
	}
	switch (kind) {
	case TS_LEAF_CONTRACT:
		return take_contract(r, index, &note);
	case TS_LEAF_KEY:
		return ts_audit_enrol(r, index, &note, fold);
	case TS_LEAF_EVENT:
		return take_party_event(r, index, &note, fold);
	case TS_LEAF_PERIOD:
		return ts_audit_period(r, index, &note);
	case TS_LEAF_CHECKPOINT:
		return ts_audit_upload(r, index, &note, fold);
	case TS_LEAF_REVOKE:
		return take_revocation(r, index, &note, fold);
	case TS_LEAF_REATTEST:
		return take_reattestation(r, index, &note, fold);
	case TS_LEAF_RESERVATION:
		return ts_audit_reservation(r, index, &note);
	}
	return TS_OK;
}
