/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AUDITOR_WALK_H
#define TS_SERVICE_AUDITOR_WALK_H
/* Internal to the auditor: the walk of the inputs log, event by event. An event folds the leaves
 * [N, to); the walk takes them in order, decides them as settle did, posts the event and compares.
 * Between two transactions it lives in audit_progress: the ledger's text, the compact ranges of
 * both logs at N, what was cut, each stream's state, each stream day's cells.
 *
 * Invariant: fold.size = the ledger's N; journal.size = its entries. */
#include "evidence/completeness.h"
#include "evidence/event.h"
#include "service/auditor/auditor_state.h"
#include "service/settle/settle_fold.h"

struct ts_auditor_stream {
	const char *origin;
	int64_t stream_id, leaf;
	struct ts_key_statement statement; /* borrows from the region */
	struct ts_hash enrolment; /* SHA-256 of the key statement's note */
	struct ts_range range;
	struct ts_windows windows;
	int64_t closed_ms; /* as app.stream */
	int64_t closed_leaf, revoked_leaf; /* -1: none */
	struct ts_hash note; /* SHA-256 of the last batch's note; zeros: none */
	bool changed;
};
struct ts_auditor_cut {
	int32_t period;
	int64_t leaf, journal_size;
	struct ts_hash journal_root, inputs_root;
	struct ts_completeness windows; /* without heartbeats and tail */
	struct ts_hash list;
};
enum ts_auditor_sheet {
	TS_SHEET_AGENT_KEY,
	TS_SHEET_KEY_DIRECTORY,
	TS_SHEET_VERSION,
	TS_SHEET_REVOCATION,
	TS_SHEET_SEAL,
	TS_SHEET_SEAL_ANSWER,
	TS_SHEET_HANDOVER,
	TS_SHEET_VERDICT, /* the above: by leaf */
	TS_SHEET_ENTRY,
	TS_SHEET_LEG, /* by entry */
	TS_SHEET_DOCUMENT, /* by issue leaf */
	TS_SHEET_USAGE,
	TS_SHEET_CELL,
	TS_SHEET_REVERSAL,
	TS_SHEET_WINDOW_CLOSE,
	TS_SHEET_BATCH_KEY, /* by batch */
	TS_AUDITOR_SHEETS
};
struct ts_auditor_batches { /* whose rows wait in the last five sheets */
	struct ts_array ids;
	struct ts_array keys[3]; /* batch_key: kind, value, batch */
	int64_t first, last;
	int64_t rows;
};
struct ts_auditor_statement { /* a leaf that must have its row in app.statement */
	int64_t leaf;
	const char *kind;
	int64_t serial;
	struct ts_str data;
	bool countersigns; /* it is the other's signature over a text that is a leaf already */
	bool seen;
};

struct ts_auditor_walk {
	struct ts_auditor *a;
	int64_t at; /* leaf from which on the next event is looked for */
	int64_t to; /* leaves that the log's own walk has seen */
	int64_t work; /* done so far, in leaves */
	struct ts_region *ledger_region, *page;
	struct ts_ledger *ledger;
	size_t versions_n; /* that the ledger knows */
	struct ts_range fold, journal;
	struct ts_ledger_event folding;
	bool tail; /* the leaves behind the last event: nothing folds them yet */
	struct ts_auditor_cut *cuts;
	size_t cuts_n, cuts_cap;
	struct ts_rowset streams; /* struct ts_auditor_stream *, by origin */
	struct ts_rowset cells; /* struct cell of auditor_cell.c */
	struct ts_sheet sheets[TS_AUDITOR_SHEETS];
	struct ts_auditor_batches batches;
	struct ts_auditor_statement *statements;
	size_t statements_n, statements_cap;
	int64_t from, issued_from; /* leaves from which on the sheets are filled */
	int64_t entries_from;
};
/* Closed with ts_auditor_walk_end, also after an error. a->stopped when it can't go on. */
enum ts_err ts_auditor_walk_begin(
	struct ts_auditor *auditor, struct ts_auditor_walk *walk, struct ts_why *why) TS_MUST;
void ts_auditor_walk_end(struct ts_auditor_walk *walk);
/* The ledger knows the versions that the service knew at an event's leaf: those below it. */
enum ts_err ts_auditor_walk_versions(
	struct ts_auditor_walk *walk, int64_t leaf, struct ts_why *why) TS_MUST;
/* Compares what the sheets hold. */
enum ts_err ts_auditor_walk_compare(struct ts_auditor_walk *walk, struct ts_why *why) TS_MUST;
enum ts_err ts_auditor_cut_add(
	struct ts_auditor_walk *walk, const struct ts_auditor_cut *cut) TS_MUST;
/* Writes the walk's state. */
enum ts_err ts_auditor_walk_keep(struct ts_auditor_walk *walk, struct ts_why *why) TS_MUST;
/* The walk ends here, until the audit starts over; the reason is a finding. */
enum ts_err ts_auditor_walk_stop(struct ts_auditor_walk *walk, int64_t leaf, struct ts_str expected,
	struct ts_str actual, struct ts_why *why) TS_MUST;

/* auditor_leaf.c: leaves [N, to), in order; walk->fold goes with them. */
enum ts_err ts_auditor_leaves(struct ts_auditor_walk *walk, int64_t to, struct ts_why *why) TS_MUST;

/* Rows of app.statement: of the leaves that were passed, or those that are no leaf yet. */
enum ts_err ts_auditor_desk(struct ts_auditor_walk *walk, bool waiting, struct ts_why *why) TS_MUST;

/* auditor_stream.c. TS_E_NOT_FOUND: no such stream is enrolled. */
enum ts_err ts_auditor_stream_get(struct ts_auditor_walk *walk, struct ts_str origin,
	struct ts_auditor_stream **out, struct ts_why *why) TS_MUST;
enum ts_err ts_auditor_stream_keep(struct ts_auditor_walk *walk, struct ts_why *why) TS_MUST;
const char *ts_auditor_party(const struct ts_terms *terms, enum ts_side side); /* its key */

/* auditor_batch.c: the upload of a checkpoint leaf; row NULL: it is absent. */
enum ts_err ts_auditor_batch(struct ts_auditor_walk *walk, const struct ts_db_leaf_row *leaf,
	const struct ts_note *note, const struct ts_db_batch *row, struct ts_why *why) TS_MUST;
/* The rows of batches so far; `always`, or when there are enough. */
enum ts_err ts_auditor_batch_flush(
	struct ts_auditor_walk *walk, bool always, struct ts_why *why) TS_MUST;

/* auditor_cell.c */
enum ts_err ts_auditor_cells_add(struct ts_auditor_walk *walk, int64_t stream_id, int16_t side,
	const struct ts_cell *cells, size_t n) TS_MUST;
enum ts_err ts_auditor_cells_keep(struct ts_auditor_walk *walk, struct ts_why *why) TS_MUST;
void ts_auditor_cells_init(struct ts_auditor_walk *walk);
/* The provider's cells that start in [from, to), from the walk's own days. */
enum ts_err ts_auditor_cells_counted(struct ts_auditor_walk *walk, int64_t from_us, int64_t to_us,
	struct ts_region *region, struct ts_usage_cell **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* Compares days that are due; *more when there are others. */
enum ts_err ts_auditor_cells_compare(
	struct ts_auditor *auditor, bool *more, struct ts_why *why) TS_MUST;

/* auditor_post.c: what an event must have left. */
enum ts_err ts_auditor_entries(struct ts_auditor_walk *walk, const struct ts_postings *postings,
	struct ts_why *why) TS_MUST;
enum ts_err ts_auditor_cut(struct ts_auditor_walk *walk, const struct ts_ledger_event *event,
	struct ts_why *why) TS_MUST;
/* auditor_document.c */
enum ts_err ts_auditor_prepayment(struct ts_auditor_walk *w, int64_t leaf,
	const struct ts_event *event, struct ts_why *why) TS_MUST;
enum ts_err ts_auditor_issue(struct ts_auditor_walk *walk, int64_t leaf,
	const struct ts_event *event, struct ts_why *why) TS_MUST;
/* The ledger's rows of a kind as expected rows: the first `key` fields are the key. */
enum ts_err ts_auditor_ledger_rows(
	struct ts_sheet *sheet, struct ts_str text, const char *kind, size_t key) TS_MUST;

#endif
