/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_REPLAY_H
#define TS_AUDIT_REPLAY_H
/* Why: the whole check of a bundle. The signed inputs are walked in log order and lead, by the same
 * pure code that the service runs, to every journal entry and every document; whatever the bundle
 * holds beside must be equal, byte for byte. Memory grows with charge lines, uploads and decided
 * lines, never with records. */
#include "audit/bundle.h"
#include "evidence/completeness.h"
#include "evidence/judge.h"

struct ts_audit_document {
	char number[72];
	const char *kind; /* "invoice", "credit_note" */
	const char *currency;
	char total[TS_DECIMAL_CHARS];
	struct ts_hash sha256;
	int64_t issue_leaf;
	bool cosigned;
	struct ts_completeness windows; /* of its period, at the cut */
	bool in_journal; /* false: all zeros, no entry names it and no member holds it */
};
struct ts_audit_party_keys {
	char provider[TS_KEY_NAME_MAX + 1], consumer[TS_KEY_NAME_MAX + 1];
};
/* What was checked, in numbers. */
struct ts_audit_totals {
	int64_t inputs_leaves, journal_leaves;
	int64_t streams, uploads;
	int64_t lines, usage, closes, reversals, voids; /* of provider streams */
	int64_t decided[TS_JUDGE_RELEASED + 1]; /* lines, by enum ts_judge_kind */
	int64_t ticks, cuts, entries;
	int64_t consumer_streams, consumer_uploads; /* logged; their lines are not in a bundle */
	int64_t stream_bytes;
	int64_t receipts_kept, receipts_open; /* open: due after the bundle's last event */
};
struct ts_audit_report {
	struct ts_findings findings;
	struct ts_manifest manifest;
	struct ts_audit_totals totals;
	struct ts_audit_party_keys keys;
	struct ts_hash journal_root; /* of the entries computed again */
	struct ts_audit_document *documents; /* in the region */
	size_t documents_n;
	bool has_quorum; /* the policy names one */
	int64_t quorum_s; /* when both closing checkpoints had it, the later of the two */
};

/* An agent's checkpoint note with the service's cosignature. */
struct ts_audit_receipt {
	struct ts_str note;
	const char *file; /* where it was read, for people */
};

struct ts_audit_options {
	const struct ts_audit_source *source;
	const struct ts_policy *policy;
	/* NULL: uploads from before an opening state are members. Else asked for those that are
	 * none: the one that holds line `from` (from_ms INT64_MIN), or the first at or behind it
	 * with u1 lines that overlap [from_ms, to_ms): where in the source the bytes of its member
	 * are. TS_E_NOT_FOUND. */
	enum ts_err (*carry)(void *ctx, struct ts_str origin, int64_t from, int64_t from_ms,
		int64_t to_ms, int64_t *offset, int64_t *bytes);
	void *carry_ctx;
	/* NULL, or told every journal leaf as it is computed again. */
	enum ts_err (*entry)(void *ctx, struct ts_str leaf);
	void *entry_ctx;
	/* NULL, or where the state at the cut of state_period is appended (book/state.h); nothing
	 * when that period is not cut. */
	struct ts_buf *state;
	const char *state_period; /* its name: "2026-05" */
	int64_t now_s, max_age_s; /* max_age_s < 0: not asked */
	uint64_t seed; /* as of ts_cells_init */
	const struct ts_audit_receipt *receipts; /* borrowed */
	size_t receipts_n;
};
/* TS_OK when the check came to an end: report->findings.failed == 0 then means that all holds.
 * Other codes: the source failed, or memory. The report's lists belong to the region. */
enum ts_err ts_audit_run(const struct ts_audit_options *options, struct ts_region *region,
	struct ts_audit_report *report, struct ts_why *why) TS_MUST;

#endif
