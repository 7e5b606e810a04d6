/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_LEDGER_STATE_H
#define TS_BOOK_LEDGER_STATE_H
/* Internal to the room: the state behind struct ts_ledger, shared by its events. */
#include "book/ledger.h"
#include "book/rows.h"

struct ts_ledger {
	struct ts_region *region;
	const struct ts_ledger_version *versions;
	size_t versions_n;
	int64_t known_to; /* versions with a leaf below it count */
	struct ts_terms calendar; /* version 1 with the end of the term as it is now */
	struct ts_ledger_head head;
	struct ts_rowset measures, fine, waiting, unbilled, late;
	struct ts_rowset accruals, billed, taxed, periods, cuts, credits, prepaid;
	struct ts_ledger_cash *cash; /* for the next event to post */
	size_t cash_n;
	struct ts_balance_row balances[TS_ACCOUNT_N];
	bool *touched; /* periods whose measures changed since the last event */
	size_t touched_n;
	int64_t late_at_us; /* the log time for which lateness was decided last */
};

/* How many versions count: those whose notes are folded, of an event under way too. */
size_t ts_ledger_known(const struct ts_ledger *ledger);
/* The version that governs an instant; NULL outside the term. */
const struct ts_terms *ts_ledger_governing(const struct ts_ledger *ledger, int64_t us);
/* Zone and periods, the same under every version but for the end of the term. */
const struct ts_terms *ts_ledger_calendar(const struct ts_ledger *ledger);
const struct ts_terms *ts_ledger_newest(const struct ts_ledger *ledger);
/* After known_to or the head's end has changed. */
void ts_ledger_recalendar(struct ts_ledger *ledger);
/* The period that contains the instant, after the term too; TS_E_NOT_FOUND before it. */
enum ts_err ts_ledger_period_at(
	const struct ts_ledger *ledger, int64_t us, struct ts_period *out) TS_MUST;
/* The cell with only what ts_ledger_needs asks for: equal cells are then equal texts. */
struct ts_usage_cell ts_ledger_cell(
	const struct ts_ledger *ledger, const struct ts_usage_cell *cell);
/* The late row of such a cell, texts copied. */
enum ts_err ts_ledger_late_key(const struct ts_ledger *ledger, const struct ts_usage_cell *cell,
	struct ts_late_row *out) TS_MUST;
/* One cell into its measure, waiting or unbilled row. late: its line came too late. */
enum ts_err ts_ledger_fold_cell(struct ts_ledger *ledger, const struct ts_usage_cell *cell,
	bool late, struct ts_why *why) TS_MUST;
/* False for the periods that follow the term. */
bool ts_ledger_in_term(const struct ts_ledger *ledger, const struct ts_period *period);
struct ts_period_row *ts_ledger_period_row(const struct ts_ledger *ledger, int32_t period);
enum ts_err ts_ledger_touch(struct ts_ledger *ledger, int32_t period) TS_MUST;
/* Its own measures changed, or those of a period before on which it depends. */
/* Under any version: then a period depends on those before it. */
bool ts_ledger_chained(const struct ts_ledger *ledger);
bool ts_ledger_touched(const struct ts_ledger *ledger, int32_t period);
/* Moves quantity of waiting cells up to the end of day into their measures. */
enum ts_err ts_ledger_release(struct ts_ledger *ledger, int32_t day, struct ts_why *why) TS_MUST;

/* Decides from which leaf on lines are too late, for periods whose deadline has passed by then. */
void ts_ledger_lateness(struct ts_ledger *ledger, const struct ts_ledger_event *event);

/* Rating one period: its sums, quarter-hours and charges; thrown away after each. */
#define TS_LEDGER_SCRATCH_BYTES ((size_t)1 << 30)

/* Charges of one period as of day, from the measures: every version that governs part of it has
 * its own. None after the term. */
struct ts_ledger_charge {
	int32_t version;
	struct ts_charge charge;
};
struct ts_ledger_line {
	int32_t version;
	struct ts_charge_line line;
};
enum ts_err ts_ledger_charges(const struct ts_ledger *ledger, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct ts_ledger_charge **out, size_t *n,
	struct ts_why *why) TS_MUST;
enum ts_err ts_ledger_lines(const struct ts_ledger *ledger, const struct ts_period *period,
	int32_t day, struct ts_region *region, struct ts_ledger_line **out, size_t *n,
	struct ts_why *why) TS_MUST;
/* Posts target - accrued of every period that can have changed. */
enum ts_err ts_ledger_accrue(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_postings *out, struct ts_why *why) TS_MUST;

/* The document's lines: billed rows against frozen (after the cut) or present targets of the
 * periods first..cut. */
enum ts_err ts_ledger_freeze(struct ts_ledger *ledger, int32_t period, struct ts_why *why) TS_MUST;
enum ts_err ts_ledger_candidates(const struct ts_ledger *ledger, int32_t first, int32_t cut,
	int32_t day, struct ts_region *region, struct ts_cut_row **out, size_t *n,
	struct ts_why *why) TS_MUST;

/* --- fees that are billed on a plan of their own (ledger_fees.c) --- */

bool ts_ledger_fee_is_apart(const struct ts_ledger *ledger, const struct ts_line_key *line);
/* It has a plan of installments: its documents do not bill what is accrued. */
bool ts_ledger_fee_in_parts(const struct ts_ledger *ledger, const struct ts_line_key *line);
/* The period whose document bears the line: the one before for what is billed in advance. */
int32_t ts_ledger_home(const struct ts_ledger *ledger, const struct ts_line_key *line);
/* Of one fee, over all periods and versions: accrued - billed. Above 0 it is unbilled, below 0 a
 * contract liability. */
enum ts_err ts_ledger_fee_position(
	const struct ts_ledger *ledger, const char *id, int64_t *minor) TS_MUST;
/* Rows that a cut bills for fees apart: those of the period behind it, and installments. */
enum ts_err ts_ledger_fee_rows(const struct ts_ledger *ledger, int32_t cut,
	const struct ts_period *period, int32_t day, struct ts_region *region,
	struct ts_rowset *rows, struct ts_why *why) TS_MUST;
/* How much of a document's net, with the ledger's signs, turns a position below 0 further down. */
enum ts_err ts_ledger_fee_liability(
	const struct ts_ledger *ledger, const struct ts_invoice *invoice, int64_t *minor) TS_MUST;

/* --- prepayments (ledger_prepaid.c, ledger_cash.c) --- */

/* Version that brought it: its lines stand under it. */
int32_t ts_ledger_prepayment_version(const struct ts_ledger *ledger, int32_t item);
struct ts_prepaid_row *ts_ledger_prepaid_row(const struct ts_ledger *ledger, int32_t item);
/* Index of the earliest period that is not cut. */
int32_t ts_ledger_open_period(const struct ts_ledger *ledger);
/* Whether the period may draw on something. */
bool ts_ledger_draws(const struct ts_ledger *ledger, int32_t period);
struct ts_ledger_charge;
struct ts_ledger_draw {
	int32_t item, month;
	int64_t amount_minor;
};
/* What the period's charges draw before tax, by prepayment and month; those of earlier periods are
 * at their targets. */
enum ts_err ts_ledger_drawdown(const struct ts_ledger *ledger, const struct ts_period *period,
	const struct ts_ledger_charge *charges, size_t n, struct ts_region *region,
	struct ts_ledger_draw **out, size_t *out_n) TS_MUST;
/* Candidates for the document of a cut: what the period has drawn. */
enum ts_err ts_ledger_draw_rows(const struct ts_ledger *ledger, int32_t cut,
	const struct ts_period *period, struct ts_region *region, struct ts_rowset *rows) TS_MUST;
/* What a document of this total draws after tax. */
enum ts_err ts_ledger_deposits(const struct ts_ledger *ledger, int32_t period,
	struct ts_region *region, struct ts_invoice *invoice) TS_MUST;
/* What has lapsed by the event's day: posts targets. */
enum ts_err ts_ledger_lapse(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_postings *out) TS_MUST;
/* Posts the payments and refunds that wait. */
enum ts_err ts_ledger_post_cash(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_postings *out) TS_MUST;
/* ledger_issue.c: net and tax of a document in both books; liability: how much of the net,
 * with the ledger's signs, is not unbilled. */
enum ts_err ts_ledger_post_document(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_invoice *invoice, int64_t liability, struct ts_postings *out) TS_MUST;

/* Appends one entry with two legs, adds it to the balances; amount may be negative: sides swap.
 * Amount 0: nothing, unless the document has to be named: then an entry without legs, in the book
 * of debit. */
struct ts_post {
	enum ts_entry_kind kind;
	enum ts_account debit, credit;
	int64_t amount_minor;
	int32_t effective_day, service_month;
	const struct ts_line_key *line; /* NULL: none */
	const char *document; /* NULL: none */
	const struct ts_hash *document_hash; /* NULL: set at the end of its issue */
	int64_t source_leaf; /* 0: the event's own */
	bool names_document;
};
enum ts_err ts_ledger_post(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_post *post, struct ts_postings *out) TS_MUST;
/* First day of the earliest period not cut before the event. */
int32_t ts_ledger_open_day(const struct ts_ledger *ledger);
int ts_line_key_cmp(const struct ts_line_key *a, const struct ts_line_key *b);

#endif
