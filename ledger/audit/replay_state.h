/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_AUDIT_REPLAY_STATE_H
#define TS_AUDIT_REPLAY_STATE_H
/* Internal to the room: what the walk of the inputs log carries along.
 *
 * Two cursors move over the same leaves. The event cursor stops at the operator's events; the fold
 * cursor follows up to the N of each tick and cut, and takes every other leaf on its way, so that
 * a leaf has the log time of the event that folds it. Contract notes and notices are met by the
 * event cursor: they count before anything of the event that folds them. Invariant: fold.index =
 * the ledger's N after each tick and cut, and fold.range is the inputs log's range there.
 *
 * TS_E_INVALID from any function here means: a finding is recorded and the replay can't go on. */
#include "audit/replay.h"
#include "book/ledger.h"
#include "book/ledger_text.h"
#include "book/rows.h"
#include "book/state.h"
#include "evidence/completeness.h"
#include "evidence/event.h"
#include "evidence/intake.h"
#include "evidence/judge.h"
#include "evidence/log.h"

struct ts_audit_upload {
	int64_t leaf, first, end; /* stream indexes [first, end) */
	int64_t offset, bytes; /* of its lines in the source */
	int64_t earliest_ms, latest_ms, reversal_n; /* as of intake */
	const int64_t *void_usage;
	size_t void_usage_n;
	/* carried from before the state */
	const struct ts_range *start; /* of the stream at `first` */
	bool asked;
};
struct ts_audit_stream {
	int64_t number; /* in order of enrolment */
	const char *origin;
	char member_name[8 + TS_STREAM_ID_CHARS + 1]; /* "streams/" and its id */
	struct ts_key_statement statement; /* borrows from the region */
	int64_t leaf;
	int64_t ended; /* first index at which its key is not valid any more; INT64_MAX */
	const struct ts_tar_member *member; /* NULL: no lines in the bundle */
	int64_t position;
	struct ts_range range;
	struct ts_range base; /* at the bundle's FROM */
	bool unknown; /* its size at FROM: a consumer's stream */
	struct ts_hash root; /* that is signed, at range.size */
	struct ts_windows windows;
	struct ts_closings closings;
	int64_t revoked_ms; /* log time of its first revocation; TS_COMPLETENESS_NEVER */
	int64_t closed_ms; /* end of the last window that a c1 closed; 0: none */
	struct ts_audit_upload *uploads;
	size_t uploads_n, uploads_cap;
	struct ts_audit_upload *carried; /* below base, by `first` */
	size_t carried_n, carried_cap;
	bool excepted; /* lines before FROM were looked for */
	const struct ts_state_mark *voids; /* marks of the state; those of kind void are used */
	size_t voids_n;
};
struct ts_audit_cut { /* what a document's head says about its cut */
	int64_t leaf, at_us, inputs_to, journal_size;
	int32_t period;
	struct ts_hash inputs_root, journal_root;
	struct ts_completeness windows;
	struct ts_hash list; /* of the late and missing ones */
	int64_t issued; /* leaf of its document; INT64_MAX: none yet */
	struct ts_hash state; /* of its text, when known */
	bool has_state;
};
struct ts_audit_seal { /* a period statement that is a leaf */
	struct ts_hash statement;
	enum ts_side book;
	int32_t period, through;
	bool countersigned;
};
struct ts_audit_mark { /* what was decided about lines of a stream */
	int64_t stream;
	struct ts_state_mark is;
};
struct ts_audit_gap {
	int64_t leaf;
	struct ts_event event; /* without slices */
};
struct ts_audit_reach { /* an amendment or notice: cells from from_us on may mean something else */
	int64_t leaf, from_us;
};

struct ts_replay {
	const struct ts_audit_options *options;
	const struct ts_policy *policy;
	struct ts_bundle *bundle;
	struct ts_audit_report *report;
	struct ts_findings *findings;
	struct ts_region *region, *ledger_region;
	struct ts_region *scratch, *judge_scratch,
		*upload_scratch; /* each for one thing at a time */
	struct ts_hasher *hasher;
	struct ts_why why; /* of the last refusal */
	/* contract */
	const struct ts_terms **terms; /* by event cursor, but version 1 */
	struct ts_ledger_version *versions; /* the same, with their leaves and ranges */
	size_t terms_n, terms_cap, versions_cap;
	struct ts_hash contract_note; /* hash of the last contract statement, by fold cursor */
	struct ts_hash newest_note; /* by event cursor */
	struct ts_key party[2]; /* statement keys in force, by fold cursor */
	struct ts_key operator_key;
	size_t ledger_versions; /* that the ledger knows of */
	struct ts_ledger_notice *notices; /* not folded yet */
	size_t notices_n, notices_cap;
	struct ts_ledger_credit *credits; /* likewise; texts in the region */
	size_t credits_n, credits_cap;
	struct ts_ledger_consent *consents; /* likewise */
	size_t consents_n, consents_cap;
	struct ts_ledger_cash *cash; /* likewise */
	size_t cash_n, cash_cap;
	struct ts_audit_reach *reaches; /* of the whole log, by leaf */
	size_t reaches_n, reaches_cap;
	struct ts_region *cells_region;
	struct ts_rowset cells; /* folded so far, less what was decided away */
	int64_t cells_from_us; /* all that start at it or later are there */
	struct ts_ledger *ledger; /* NULL until version 1 is in force */
	size_t ledger_kept; /* bytes in its region after the last renewal */
	/* streams, in order of enrolment */
	struct ts_audit_stream **streams;
	size_t streams_n, streams_cap;
	struct ts_rowset by_origin;
	struct ts_judge *judge;
	int64_t asked; /* leaf whose lines are in judge_scratch */
	struct ts_str asked_lines;
	/* cursors */
	struct ts_reader events, fold_reader, journal_reader, lines;
	struct ts_range fold, journal;
	struct ts_ledger_event folding; /* the event that folds: at_us, from */
	int64_t sealed_to; /* N of the cut that the last seal names; 0: none */
	int64_t serials[TS_EVENT_KINDS];
	int64_t at_ms; /* log time of the last operator event */
	int64_t voids; /* numbers that no document gets */
	struct ts_audit_cut *cuts;
	size_t cuts_n, cuts_cap;
	struct ts_audit_seal *seals;
	size_t seals_n, seals_cap;
	struct ts_state_leaf *statements; /* that were folded, for the state at a cut */
	size_t statements_n, statements_cap;
	struct ts_audit_mark *marks;
	size_t marks_n, marks_cap;
	struct ts_audit_gap *gaps;
	size_t gaps_n, gaps_cap;
	size_t documents_cap;
	struct ts_rowset promises; /* of receipts */
	bool opening; /* the state's leaves are read */
	bool stopped; /* the ledger refused an event: what follows can't be posted */
};

#define TS_INPUTS_LEAVES "inputs.leaves"
#define TS_JOURNAL_LEAVES "journal.leaves"

/* One more element of a growing array in the region. */
enum ts_err ts_audit_grow(
	struct ts_region *region, void *array, size_t n, size_t *cap, size_t bytes_each) TS_MUST;
/* The leaf's statement is about the policy's contract; else a finding. */
bool ts_audit_ours(struct ts_replay *r, int64_t index, struct ts_str contract);
void ts_audit_fail(struct ts_replay *r, enum ts_check check, const char *file, int64_t index,
	const char *expected);

/* Verifies that all (or with `any`, at least one) of the keys signed the leaf's note. */
enum ts_err ts_audit_signed(struct ts_replay *r, int64_t index, const struct ts_note *note,
	const struct ts_key *keys, size_t n, bool any) TS_MUST;

/* replay_opening.c: what the walk begins with, from the bundle's state. */
enum ts_err ts_audit_open(struct ts_replay *r) TS_MUST;
/* A stream that the state's leaves enrol: as it was at FROM. */
enum ts_err ts_audit_open_stream(struct ts_replay *r, struct ts_audit_stream *stream) TS_MUST;
/* The cut's own leaf, whose event the state has behind it. */
void ts_audit_opening_cut(struct ts_replay *r, int64_t index, const struct ts_event *event);

/* replay_carried.c: uploads from before the state. */
enum ts_err ts_audit_carried_load(struct ts_replay *r) TS_MUST;
/* The one that holds the line. TS_E_INVALID: it is not in the bundle. */
enum ts_err ts_audit_carried_at(struct ts_replay *r, struct ts_audit_stream *stream, int64_t index,
	const struct ts_audit_upload **out) TS_MUST;
/* The first with `first` >= from that may overlap. TS_E_NOT_FOUND. */
enum ts_err ts_audit_carried_near(struct ts_replay *r, struct ts_audit_stream *stream, int64_t from,
	int64_t from_ms, int64_t to_ms, const struct ts_audit_upload **out) TS_MUST;

/* replay_leaf.c: any leaf but the operator's events. fold: an event folds it (r->folding). */
enum ts_err ts_audit_leaf(
	struct ts_replay *r, int64_t index, struct ts_str leaf, bool fold) TS_MUST;

/* replay_amend.c */
/* What in the log may reach back, and how far. */
enum ts_err ts_audit_amend_begin(struct ts_replay *r) TS_MUST;
/* A contract note of a version above 1, at the event cursor. */
enum ts_err ts_audit_version(
	struct ts_replay *r, int64_t index, const struct ts_note *note) TS_MUST;
enum ts_err ts_audit_notice(
	struct ts_replay *r, int64_t index, const struct ts_event *event) TS_MUST;
/* Keeps a credit, settlement or claim for the event that folds it; others are none of its business.
 */
enum ts_err ts_audit_credit(
	struct ts_replay *r, int64_t index, const struct ts_event *event) TS_MUST;
/* Likewise a consent. */
enum ts_err ts_audit_consent(
	struct ts_replay *r, int64_t index, const struct ts_event *event) TS_MUST;
enum ts_err ts_audit_cash(struct ts_replay *r, int64_t index, const struct ts_event *event) TS_MUST;
/* Before the event folds its leaves: versions and notices among them. */
enum ts_err ts_audit_amend(struct ts_replay *r, int64_t to, int64_t at_us, int32_t day) TS_MUST;
/* replay_cell.c */
enum ts_err ts_audit_cells_begin(struct ts_replay *r) TS_MUST;
/* Adds those that start at cells_from_us or later. */
enum ts_err ts_audit_keep_cells(
	struct ts_replay *r, const struct ts_usage_cell *cells, size_t n) TS_MUST;
/* Those that start in [from_us, to_us), in r->scratch; without zeros. */
enum ts_err ts_audit_cells_of(struct ts_replay *r, int64_t from_us, int64_t to_us,
	struct ts_usage_cell **out, size_t *n) TS_MUST;
/* Another period is to be cut next: forgets what neither its state nor an amendment needs. */
enum ts_err ts_audit_cells_next(struct ts_replay *r) TS_MUST;
/* The terms that a contract statement names, as they stand in the bundle. */
enum ts_err ts_audit_terms(struct ts_replay *r, int64_t index,
	const struct ts_contract_statement *statement, const struct ts_terms **out) TS_MUST;
enum ts_err ts_audit_add_version(struct ts_replay *r, int64_t index,
	const struct ts_contract_statement *statement, const struct ts_terms *terms) TS_MUST;

/* replay_stream.c */
struct ts_audit_stream *ts_audit_stream_find(struct ts_replay *r, struct ts_str origin);
enum ts_err ts_audit_enrol(
	struct ts_replay *r, int64_t index, const struct ts_note *note, bool fold) TS_MUST;
enum ts_err ts_audit_upload(
	struct ts_replay *r, int64_t index, const struct ts_note *note, bool fold) TS_MUST;
/* Cells into the ledger, with their sign. leaf: of the lines' own upload, for what a decision takes
 * away or gives back; else the first leaf that the event folds. */
enum ts_err ts_audit_fold_cells(struct ts_replay *r, const char *origin,
	const struct ts_cells *cells, int64_t leaf) TS_MUST;

/* The stream's roots at two sizes, from its lines. TS_E_RANGE. */
enum ts_err ts_audit_roots(struct ts_replay *r, struct ts_audit_stream *stream,
	const int64_t sizes[2], struct ts_hash out[2]) TS_MUST;

/* replay_judge.c */
enum ts_err ts_audit_judge_create(struct ts_replay *r) TS_MUST;
/* The stream's last upload. */
enum ts_err ts_audit_judge_upload(struct ts_replay *r, const struct ts_audit_stream *stream,
	const int64_t *suspects, size_t suspects_n) TS_MUST;

/* replay_complete.c */
enum ts_err ts_audit_complete_cut(struct ts_replay *r, struct ts_audit_cut *cut) TS_MUST;
void ts_audit_complete_issue(struct ts_replay *r, int64_t index, const struct ts_event *event,
	const struct ts_audit_cut *cut, struct ts_invoice_head *head);

/* replay_cut.c: the state's text at the cut that was just posted, hashed. */
enum ts_err ts_audit_state(struct ts_replay *r, struct ts_audit_cut *cut) TS_MUST;
/* Remembers a leaf that was folded, when a state lists it. */
enum ts_err ts_audit_statement(struct ts_replay *r, int64_t index, struct ts_str leaf) TS_MUST;

/* replay_seal.c */
enum ts_err ts_audit_period(struct ts_replay *r, int64_t index, const struct ts_note *note) TS_MUST;
enum ts_err ts_audit_reservation(
	struct ts_replay *r, int64_t index, const struct ts_note *note) TS_MUST;

/* replay_receipt.c */
enum ts_err ts_audit_receipts_begin(struct ts_replay *r) TS_MUST;
void ts_audit_receipts_leaf(struct ts_replay *r, struct ts_str leaf);
void ts_audit_receipts_end(struct ts_replay *r);

/* replay_event.c */
enum ts_err ts_audit_event(
	struct ts_replay *r, int64_t index, const struct ts_note *note, bool *ours) TS_MUST;
enum ts_err ts_audit_fold_to(struct ts_replay *r, int64_t to, int64_t at_us, bool fold) TS_MUST;
/* A fresh ledger with the same rows: what events leave behind in its region goes, and new versions
 * are known. */
enum ts_err ts_audit_ledger_renew(struct ts_replay *r) TS_MUST;

/* replay_document.c */
enum ts_err ts_audit_prepayment(
	struct ts_replay *r, int64_t index, const struct ts_event *event) TS_MUST;
enum ts_err ts_audit_issue(
	struct ts_replay *r, int64_t index, const struct ts_event *event) TS_MUST;
enum ts_err ts_audit_void(struct ts_replay *r, int64_t index, const struct ts_event *event) TS_MUST;
enum ts_err ts_audit_entries(struct ts_replay *r, const struct ts_postings *postings) TS_MUST;

#endif
