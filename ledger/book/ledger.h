/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_LEDGER_H
#define TS_BOOK_LEDGER_H
/* Why: one contract's ledger as a pure function of its inputs log. State is rows (measures,
 * accruals, billed lines, periods, balances); each event changes some rows and yields entries. The
 * service keeps the rows in PostgreSQL and a verifier keeps them in memory: same code, same bytes.
 *
 * Accrue to target: entry = target(inputs up to N, as of day D) - accrued. Invariants, asserted at
 * each mutation: entries balance; accrued(line, month) = sum of accrual entries of that line and
 * month; N, D, `at` and entry ids never decrease; a cut period is never cut again. Rows are whole
 * only after an event: leaves are folded and their event is posted in one transaction. After an
 * error the ledger in memory may be half changed: it is thrown away and loaded again. */
#include "book/entry.h"
#include "book/invoice.h"
#include "evidence/event.h"
#include "evidence/sha256.h"

/* Usage of one cell of one new leaf (or minus what a reversal or a parked line takes away). */
struct ts_usage_cell {
	int64_t quarter_us; /* start, on the quarter-hour grid */
	struct ts_str sku, pricing_class;
	ts_i128 quantity; /* base units, may be negative for a reversal */
	/* Only where the terms ask for them (ts_terms_needs); else "" does as well. */
	struct ts_str account;
	struct ts_str origin; /* of the stream: names its cluster */
};

/* State rows. `dirty` is set by an event, cleared by whoever stored the row. */
struct ts_measure_row { /* billable quantity of (version, price, period, month) up to D */
	int32_t version, price, period, month;
	ts_i128 quantity;
	bool dirty;
};
struct ts_fine_row { /* a quarter-hour of a price that is rated from them, whether D has come or not
		      */
	int32_t version, price, period;
	int64_t quarter_us;
	const char *pricing_class, *account, *origin; /* "" where the price shares no counter */
	ts_i128 quantity;
	bool dirty;
};
struct ts_waiting_row { /* quantity of cells that start after the end of day D */
	int64_t quarter_us;
	int32_t version, price;
	ts_i128 quantity; /* 0: released */
	bool dirty;
};
struct ts_unbilled_row { /* what is not billed, visible: excluded, unpriced, outside term, too late
			  */
	const char *reason; /* "excluded", "unpriced", "outside_term", "late" */
	const char *sku, *pricing_class;
	int32_t month;
	ts_i128 quantity;
	bool dirty;
};
/* What came too late for its period, whatever its price: an amendment that matches cells anew must
 * leave it out, and the cells themselves do not say it. */
struct ts_late_row {
	int64_t quarter_us;
	const char *sku, *pricing_class;
	const char *account, *origin; /* "" unless the terms need them */
	ts_i128 quantity;
	bool dirty;
};
struct ts_accrual_row { /* sum of accrual entries of (line, month) */
	struct ts_line_key line;
	int32_t month;
	int64_t accrued_minor;
	bool dirty;
};
struct ts_billed_row { /* what documents have billed for a line so far */
	struct ts_line_key line;
	int64_t billed_minor;
	ts_i128 billed_quantity;
	const char *document; /* what a later one adjusts: the latest invoice that billed it */
	bool dirty;
};
/* Outstanding net and tax of (document, treatment): credit-note tax needs it. An invoice that
 * restates a line takes over what is outstanding for it. Tax that the consumer
 * assesses itself (reverse charge) has a row with the consumer's own percent. */
struct ts_taxed_row {
	const char *document;
	int32_t treatment;
	struct ts_decimal percent;
	int64_t net_minor, tax_minor;
	bool dirty;
};
struct ts_period_row {
	int32_t index;
	bool cut, issued;
	int64_t cut_leaf, cut_at_us, cut_to; /* N of the cut */
	int32_t cut_day; /* D of the cut */
	const char *document; /* number once issued */
	/* Lines of batches whose leaf is at or above it are too late for the period; 0: not decided
	 * yet. Set by the first event behind the deadline, to its `from`; a consent moves it up to
	 * the `from` of the event that folds it. */
	int64_t late_from;
	bool dirty;
};
struct ts_cut_row { /* a line of the document that a cut fixed: later arrivals cannot change it */
	int32_t cut; /* period that was cut */
	struct ts_line_key line;
	ts_i128 quantity;
	int64_t target_minor;
	bool has_unit_price;
	struct ts_decimal unit_price;
	const char *trace;
	bool dirty;
};
/* What a company's credit, settlement or claim did. One whose time had passed, or that asked too
 * much when it was folded, is there too: granted false, and only its source and texts. */
struct ts_credit_row {
	enum ts_charge_kind kind; /* credit, settlement; of a claim: service credit */
	int64_t serial, leaf;
	bool granted;
	int32_t version; /* whose treatment it is; of a claim, whose service credit */
	int32_t period, month; /* of its charge line; of a claim: the period that it is about */
	int32_t treatment;
	int64_t amount_minor; /* above 0; 0: a claim */
	const char *about; /* the billed line of which it takes back a part; NULL: none */
	const char *item; /* tax treatment; of a claim, the service credit */
	const char *reason;
	bool dirty;
};
struct ts_prepaid_row { /* a prepayment that was invoiced */
	int32_t item; /* its place in the terms, the same in every version that has it */
	const char *document, *document_sha256; /* of its invoice; hex */
	int64_t net_minor, tax_minor; /* as invoiced */
	int64_t paid_minor; /* of net and tax */
	int64_t refunded_minor, refunded_tax_minor; /* net, tax */
	int32_t from_period; /* the first that may draw on it; -1: none yet */
	bool dirty;
};
struct ts_balance_row { /* gross totals kept, never only the net */
	enum ts_account account;
	int64_t debit_minor, credit_minor; /* totals of the account */
	bool dirty;
};
struct ts_ledger_head {
	int64_t inputs_to; /* N: leaves [0, N) are folded */
	int32_t day; /* D; INT32_MIN before the first event */
	int64_t at_us; /* of the last event */
	int64_t entries; /* next entry id */
	int64_t tick_serial, cut_serial, issue_serial; /* next serial by kind */
	int64_t documents; /* next number in the series, from 1 */
	int64_t end_us; /* the instant at which a notice ends the term; 0: none */
};

struct ts_ledger; /* opaque; everything in its region */

/* A fully signed contract note. For an instant the version with the highest leaf whose [from, to)
 * contains it governs, among those whose leaves are folded; version 1 (leaf 0) always counts. */
struct ts_ledger_version {
	const struct ts_terms *terms;
	int64_t leaf; /* of its note in the inputs log */
	int64_t from_us, to_us; /* effective; INT64_MAX: open */
};
/* One version, effective for its whole term. */
struct ts_ledger_version ts_ledger_first_version(const struct ts_terms *terms);

/* versions[]: 1..n in order, leaves rising (else TS_E_INVALID), the unfolded ones too. */
enum ts_err ts_ledger_create(struct ts_region *region, const struct ts_ledger_version *versions,
	size_t n, struct ts_ledger **out) TS_MUST;

/* Loading stored rows (any order, before the first event). Strings are copied. */
void ts_ledger_load_head(struct ts_ledger *ledger, const struct ts_ledger_head *head);
enum ts_err ts_ledger_load_measure(struct ts_ledger *, const struct ts_measure_row *) TS_MUST;
enum ts_err ts_ledger_load_fine(struct ts_ledger *, const struct ts_fine_row *) TS_MUST;
enum ts_err ts_ledger_load_waiting(struct ts_ledger *, const struct ts_waiting_row *) TS_MUST;
enum ts_err ts_ledger_load_unbilled(struct ts_ledger *, const struct ts_unbilled_row *) TS_MUST;
enum ts_err ts_ledger_load_late(struct ts_ledger *, const struct ts_late_row *) TS_MUST;
enum ts_err ts_ledger_load_accrual(struct ts_ledger *, const struct ts_accrual_row *) TS_MUST;
enum ts_err ts_ledger_load_billed(struct ts_ledger *, const struct ts_billed_row *) TS_MUST;
enum ts_err ts_ledger_load_taxed(struct ts_ledger *, const struct ts_taxed_row *) TS_MUST;
enum ts_err ts_ledger_load_period(struct ts_ledger *, const struct ts_period_row *) TS_MUST;
enum ts_err ts_ledger_load_cut(struct ts_ledger *, const struct ts_cut_row *) TS_MUST;
enum ts_err ts_ledger_load_credit(struct ts_ledger *, const struct ts_credit_row *) TS_MUST;
enum ts_err ts_ledger_load_prepaid(struct ts_ledger *, const struct ts_prepaid_row *) TS_MUST;
void ts_ledger_load_balance(struct ts_ledger *, const struct ts_balance_row *);

/* Reading rows back: row i of its kind, NULL past the end; pointers hold until the next event. The
 * non-const variants let the store clear `dirty`. */
const struct ts_ledger_head *ts_ledger_head(const struct ts_ledger *);
struct ts_measure_row *ts_ledger_measure(struct ts_ledger *, size_t i);
struct ts_fine_row *ts_ledger_fine(struct ts_ledger *, size_t i);
struct ts_waiting_row *ts_ledger_waiting(struct ts_ledger *, size_t i);
struct ts_unbilled_row *ts_ledger_unbilled(struct ts_ledger *, size_t i);
struct ts_late_row *ts_ledger_late(struct ts_ledger *, size_t i);
struct ts_accrual_row *ts_ledger_accrual(struct ts_ledger *, size_t i);
struct ts_billed_row *ts_ledger_billed(struct ts_ledger *, size_t i);
struct ts_taxed_row *ts_ledger_taxed(struct ts_ledger *, size_t i);
struct ts_period_row *ts_ledger_period(struct ts_ledger *, size_t i);
struct ts_cut_row *ts_ledger_cut_line(struct ts_ledger *, size_t i);
struct ts_credit_row *ts_ledger_credit_row(struct ts_ledger *, size_t i);
struct ts_prepaid_row *ts_ledger_prepaid(struct ts_ledger *, size_t i);
struct ts_balance_row *ts_ledger_balance(struct ts_ledger *, size_t i);

/* The instant at which the term ends as of the last event; INT64_MAX: open. */
int64_t ts_ledger_end(const struct ts_ledger *ledger);
/* Terms of a version whose leaf is folded; NULL: none such. */
const struct ts_terms *ts_ledger_terms(const struct ts_ledger *ledger, int32_t version);
/* Of the version that governs the period's last day; after the term, the newest. */
const struct ts_terms *ts_ledger_document_terms(
	const struct ts_ledger *ledger, const struct ts_period *period);

/* The billing period of an index. After the term the calendar goes on with periods in which nothing
 * is charged: their documents carry the deltas that remain after termination. */
enum ts_err ts_ledger_period_get(
	const struct ts_ledger *ledger, int32_t index, struct ts_period *out) TS_MUST;

/* One event leaf. from must equal the head's inputs_to (the leaves [from, to) were folded by
 * ts_ledger_fold before); to includes nothing after the event's own leaf. */
struct ts_ledger_event {
	int64_t leaf; /* own index in the inputs log */
	int64_t serial;
	int64_t at_us;
	int64_t from, to;
	int32_t day; /* D */
	int32_t period; /* cut, issue: period index */
};

/* Entries of an event, in posting order (pairs: provider, then consumer). */
struct ts_postings {
	struct ts_entry *entries;
	size_t n;
};

/* A company's notice: its event leaf, and the instant that it names as the end of the term. */
struct ts_ledger_notice {
	int64_t leaf, end_us;
};
/* What the statements among an event's leaves change: versions that come into force, notices that
 * end the term. any: cells that start in [from_us, to_us) may mean something else from now on. */
struct ts_ledger_amendment {
	bool any;
	int64_t from_us, to_us;
	int64_t known_to, end_us; /* versions below this leaf; the term's end by notice, 0: none */
};
/* notices: those among the leaves [event->from, event->to), rising. A notice that the terms do not
 * allow (3-money: none agreed, too short, too early) changes nothing. */
void ts_ledger_amends(const struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_ledger_notice *notices, size_t n, struct ts_ledger_amendment *out);
/* Applies it, before anything of this event is folded; an event whose leaves bring a version is
 * refused without (TS_E_INVALID). cells: all that were folded by the events before and start in the
 * range, less what was decided away, summed by quarter, SKU, class and what ts_ledger_needs asks
 * for, at most one for each. */
enum ts_err ts_ledger_rematch(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_ledger_amendment *amendment, const struct ts_usage_cell *cells, size_t n,
	struct ts_why *why) TS_MUST;
/* Both companies let count what came too late for a period. */
struct ts_ledger_consent {
	int64_t leaf;
	int64_t period_from_us, period_to_us;
	int64_t cells; /* lines of the list */
	struct ts_hash list; /* SHA-256 of it */
};
/* False: the event is none. */
bool ts_ledger_consent_read(
	const struct ts_event *event, int64_t leaf, struct ts_ledger_consent *out);
/* The list of a period, as a consent's hash is of it (docs/formats/statements.md), appended. */
enum ts_err ts_ledger_late_list(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_buf *out, int64_t *cells, struct ts_why *why) TS_MUST;
/* Whether it names exactly what is listed after the last event; else why not. */
enum ts_err ts_ledger_consent_check(const struct ts_ledger *ledger,
	const struct ts_ledger_consent *consent, struct ts_why *why) TS_MUST;
/* Folds one that stands among an event's leaves, behind its amendments and before its cells: what
 * is listed is in time from now on, with whatever is decided about those lines later. One that does
 * not name exactly that changes nothing. */
enum ts_err ts_ledger_consent(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_ledger_consent *consent, struct ts_why *why) TS_MUST;

/* A credit, settlement or claim: an event of a company. Slices borrow. */
struct ts_ledger_credit {
	enum ts_charge_kind kind; /* as in its row */
	int64_t serial, leaf;
	int64_t amount_minor;
	struct ts_str currency, line; /* line.at NULL: about none */
	struct ts_str item, reason;
	int64_t period_from_us, period_to_us; /* claim */
};
/* False: the event is none of them. */
bool ts_ledger_credit_read(
	const struct ts_event *event, int64_t leaf, struct ts_ledger_credit *out);
/* Folds one that stands among an event's leaves, in their order, behind its amendments and before
 * it posts. What the terms and the books do not allow changes nothing but its row. */
enum ts_err ts_ledger_credit(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_ledger_credit *credit) TS_MUST;
/* Whether it would be granted at that log time; else why not (TS_E_CONFLICT, TS_E_INVALID). */
enum ts_err ts_ledger_credit_check(const struct ts_ledger *ledger,
	const struct ts_ledger_credit *credit, int64_t at_us, struct ts_why *why) TS_MUST;
/* A service credit that is expected until lapse_day, the first day on which it can't be claimed any
 * more. False: the line is none, or it was claimed. */
struct ts_ledger_claimable {
	const char *sla;
	int32_t lapse_day;
};
bool ts_ledger_claimable(const struct ts_ledger *ledger, const struct ts_line_key *line,
	struct ts_ledger_claimable *out);
const struct ts_currency *ts_ledger_currency(const struct ts_ledger *ledger);
/* v1/usage/0/1/2 (docs/formats/journal.md, field 10). */
enum ts_err ts_line_key_parse(struct ts_str text, struct ts_line_key *out) TS_MUST;

/* What cells must carry besides: version 1 says it, for no amendment may ask for more. */
struct ts_terms_needs ts_ledger_needs(const struct ts_ledger *);

/* Adds cells of lines, rating waits for the event; late, excluded and unpriced quantity goes to
 * unbilled rows. event: the one that will fold the leaves [from, to); at_us and from are read.
 * leaf: of the lines' own batch, by which they are late or not: event->from for the new leaves'
 * cells, and for what a decision takes away or gives back the leaf that brought it, so that it
 * leaves the bucket that it is in. */
enum ts_err ts_ledger_fold(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	int64_t leaf, const struct ts_usage_cell *cells, size_t n, struct ts_why *why) TS_MUST;

/* Posts targets as of (N, D). The same tick twice: TS_E_CONFLICT, nothing changed. */
enum ts_err ts_ledger_tick(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_postings *out, struct ts_why *why) TS_MUST;

/* Cuts event->period: period-end targets at N, as of D (>= the period's last day). Periods are cut
 * in order, each after the document of the one before is issued: then what a document bills is
 * always known when the next is fixed. TS_E_CONFLICT when it is cut already or not next,
 * TS_E_INVALID when it may not be cut yet. */
enum ts_err ts_ledger_cut(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	struct ts_postings *out, struct ts_why *why) TS_MUST;

/* The body that a document of this cut has now: the period's lines and all deltas of earlier
 * periods up to the cut's N. Pure: preview and final are equal bytes. Before the cut, a preview as
 * of the last event; deltas of earlier periods are in it only once they are all issued. Issued:
 * TS_E_CONFLICT. *out is region-owned (head members empty). */
enum ts_err ts_ledger_body(const struct ts_ledger *ledger, int32_t period, struct ts_region *region,
	struct ts_invoice **out, struct ts_why *why) TS_MUST;

/* Issues the document of a cut period: posts it, marks lines billed. head: number, days, roots. */
enum ts_err ts_ledger_issue(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_invoice_head *head, struct ts_invoice **invoice, struct ts_postings *out,
	struct ts_why *why) TS_MUST;

/* --- prepayments --- */

/* Place of the prepayment with the id in the newest terms; TS_E_NOT_FOUND. */
enum ts_err ts_ledger_prepayment_find(const struct ts_ledger *ledger, struct ts_str id,
	int32_t *item, struct ts_why *why) TS_MUST;
/* How many have their invoice: serials of these events count from 1. */
int64_t ts_ledger_prepayments_issued(const struct ts_ledger *ledger);
/* Its invoice: a body that rests on the terms alone. */
enum ts_err ts_ledger_prepayment_body(const struct ts_ledger *ledger, int32_t item,
	struct ts_region *region, struct ts_invoice **out, struct ts_why *why) TS_MUST;
/* Issues it: TS_E_CONFLICT when it is issued, TS_E_INVALID before its day. Serials from 1. */
enum ts_err ts_ledger_prepayment_issue(struct ts_ledger *ledger,
	const struct ts_ledger_event *event, int32_t item, const struct ts_invoice_head *head,
	struct ts_invoice **invoice, struct ts_postings *out, struct ts_why *why) TS_MUST;
/* What stands of a prepayment after the last event. */
struct ts_ledger_prepayment {
	const struct ts_prepayment *terms; /* newest */
	const struct ts_prepaid_row *row; /* NULL: not invoiced yet */
	int64_t drawn_minor, lapsed_minor; /* frozen documents included */
	int64_t left_minor; /* net: what may still be drawn or paid back */
};
enum ts_err ts_ledger_prepayment_get(
	const struct ts_ledger *ledger, int32_t item, struct ts_ledger_prepayment *out) TS_MUST;

/* The provider's word that money came in for a prepayment's invoice, or went back. */
struct ts_ledger_cash {
	int64_t leaf;
	bool refund;
	struct ts_str about; /* payment: number of the invoice; refund: id of the prepayment */
	struct ts_str currency;
	int64_t amount_minor; /* payment: with tax; refund: net, its tax goes with it */
	int32_t day; /* that it states */
};
/* Why it could not be posted now, behind those that wait. One that can't when its leaf is folded
 * has no effect. */
enum ts_err ts_ledger_cash_check(const struct ts_ledger *ledger, const struct ts_ledger_cash *cash,
	struct ts_why *why) TS_MUST;
/* Those among the leaves that the next event folds; it posts them first. Texts are copied. */
enum ts_err ts_ledger_cash(
	struct ts_ledger *ledger, const struct ts_ledger_cash *list, size_t n) TS_MUST;

/* The equalities between the books and debit = credit per book: TS_E_INTERNAL names the first that
 * fails. */
enum ts_err ts_ledger_check(const struct ts_ledger *ledger, struct ts_why *why) TS_MUST;

#endif
