/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SUPPORT_DESK_H
#define TS_SUPPORT_DESK_H
/* Why: the tests of the books drive one ledger by hand: terms in a line of JSON, cells by date,
 * events by day. Header only: a test that includes it links the room book itself. */
#include "book/ledger_text.h"
#include "support/test.h"
#include <stdio.h>
#include <string.h>

#define DESK_REGION_BYTES ((size_t)32 * 1024 * 1024)
#define DESK_TEXT_BYTES ((size_t)4 * 1024 * 1024)

struct desk {
	struct ts_region *region;
	const struct ts_terms *terms; /* of version 1 */
	const struct ts_ledger_version *versions;
	size_t versions_n;
	struct ts_ledger *ledger;
	struct ts_postings out; /* of the last event */
	struct ts_invoice *invoice; /* of the last issue or preview */
	struct ts_why why;
	struct ts_buf journal; /* leaves of all events, each behind a line of dashes */
	int64_t leaf; /* next index in the inputs log */
	int64_t at_us; /* log time of the next fold or event */
};

/* JSON with ' for ". */
static inline const struct ts_terms *desk_terms(struct ts_region *region, const char *text)
{
	struct ts_why why = {{0}, {0}};
	const struct ts_terms *terms = NULL;
	size_t len = strlen(text);
	char *json = ts_region_copy(region, text, len);
	assert_non_null(json);
	for (size_t i = 0; i < len; i++)
		if (json[i] == '\'')
			json[i] = '"';
	enum ts_err err = ts_terms_parse_what_if(json, len, region, &terms, &why);
	if (err != TS_OK)
		print_error("%s: %s\n%s\n", why.where, why.text, json);
	assert_ok(err);
	return terms;
}

static inline void desk_begin_versions(struct desk *d, struct ts_region *region,
	const struct ts_ledger_version *versions, size_t n)
{
	*d = (struct desk){.region = region,
		.terms = versions[0].terms,
		.versions = versions,
		.versions_n = n};
	ts_buf_init(&d->journal, DESK_TEXT_BYTES);
	assert_ok(ts_ledger_create(region, versions, n, &d->ledger));
}

static inline void desk_begin(
	struct desk *d, struct ts_region *region, const struct ts_terms *terms)
{
	struct ts_ledger_version *version = ts_region_alloc(region, sizeof *version);
	assert_non_null(version);
	*version = ts_ledger_first_version(terms);
	desk_begin_versions(d, region, version, 1);
}

static inline void desk_open(struct desk *d, const char *terms)
{
	struct ts_region *region = ts_region_create(DESK_REGION_BYTES);
	assert_non_null(region);
	desk_begin(d, region, desk_terms(region, terms));
}

static inline void desk_close(struct desk *d)
{
	ts_buf_free(&d->journal);
	ts_region_free(d->region);
}

static inline int32_t desk_day(const char *text)
{
	int32_t day = 0;
	assert_ok(ts_date_parse(ts_str(text), &day));
	return day;
}

/* Log time: the beginning of a day in UTC. */
static inline void desk_at(struct desk *d, const char *day)
{
	d->at_us = desk_day(day) * TS_US_PER_DAY;
}

static inline void desk_keep(struct desk *d)
{
	for (size_t i = 0; i < d->out.n; i++) {
		assert_true(ts_entry_balanced(&d->out.entries[i]));
		ts_entry_leaf(
			&d->out.entries[i], d->terms->contract, d->terms->currency, &d->journal);
		ts_buf_puts(&d->journal, "\n---\n");
	}
	assert_ok(d->journal.err);
}

/* The next event as it must be. */
static inline struct ts_ledger_event desk_event(struct desk *d, int64_t serial, int32_t day)
{
	int64_t from = ts_ledger_head(d->ledger)->inputs_to;
	return (struct ts_ledger_event){.leaf = d->leaf,
		.serial = serial,
		.at_us = d->at_us,
		.from = from,
		.to = d->leaf,
		.day = day};
}

/* Quantity of a line that leaf `leaf` brought: -1 for a new one, which becomes the next leaf. */
static inline enum ts_err desk_cell_of(struct desk *d, int64_t leaf, const char *time,
	const char *sku, const char *class, int64_t quantity)
{
	struct ts_usage_cell cell = {
		.sku = ts_str(sku), .pricing_class = ts_str(class), .quantity = quantity};
	struct ts_ledger_event event = desk_event(d, 0, 0);
	assert_ok(ts_time_parse(ts_str(time), &cell.quarter_us));
	if (leaf < 0)
		leaf = d->leaf;
	d->leaf++; /* of the line, or of what was decided about it */
	return ts_ledger_fold(d->ledger, &event, leaf, &cell, 1, &d->why);
}

static inline enum ts_err desk_cell(
	struct desk *d, const char *time, const char *sku, const char *class, int64_t quantity)
{
	return desk_cell_of(d, -1, time, sku, class, quantity);
}

static inline enum ts_err desk_tick(struct desk *d, const char *day)
{
	struct ts_ledger_event e = desk_event(
		d, ts_ledger_head(d->ledger)->tick_serial, desk_day(day));
	TS_TRY(ts_ledger_tick(d->ledger, &e, &d->out, &d->why));
	d->leaf++;
	desk_keep(d);
	return TS_OK;
}

static inline enum ts_err desk_cut(struct desk *d, int32_t period, const char *day)
{
	struct ts_ledger_event e = desk_event(
		d, ts_ledger_head(d->ledger)->cut_serial, desk_day(day));
	e.period = period;
	TS_TRY(ts_ledger_cut(d->ledger, &e, &d->out, &d->why));
	d->leaf++;
	desk_keep(d);
	return TS_OK;
}

/* Numbers are D1, D2, ...; the issue day is that of the log time. */
static inline enum ts_err desk_issue(struct desk *d, int32_t period)
{
	const struct ts_ledger_head *head = ts_ledger_head(d->ledger);
	struct ts_ledger_event e = desk_event(d, head->issue_serial, head->day);
	struct ts_invoice_head paper = {
		.number = ts_region_printf(d->region, "D%lld", (long long)head->documents),
		.issue_day = (int32_t)(d->at_us / TS_US_PER_DAY),
		.inputs_size = head->inputs_to,
		.journal_size = head->entries,
		.gap = -1};
	paper.due_day = paper.issue_day + 30;
	e.period = period;
	TS_TRY(ts_ledger_issue(d->ledger, &e, &paper, &d->invoice, &d->out, &d->why));
	d->leaf++;
	desk_keep(d);
	return TS_OK;
}

/* The invoice of a prepayment, numbered in the same series. */
static inline enum ts_err desk_prepay(struct desk *d, const char *id)
{
	const struct ts_ledger_head *head = ts_ledger_head(d->ledger);
	struct ts_invoice_head paper = {
		.number = ts_region_printf(d->region, "D%lld", (long long)head->documents),
		.issue_day = (int32_t)(d->at_us / TS_US_PER_DAY)};
	int64_t serial = 1;
	int32_t item = 0;
	while (ts_ledger_prepaid(d->ledger, (size_t)serial - 1) != NULL)
		serial++;
	struct ts_ledger_event e = desk_event(d, serial, head->day);
	paper.due_day = paper.issue_day + 30;
	TS_TRY(ts_ledger_prepayment_find(d->ledger, ts_str(id), &item, &d->why));
	TS_TRY(ts_ledger_prepayment_issue(
		d->ledger, &e, item, &paper, &d->invoice, &d->out, &d->why));
	d->leaf++;
	desk_keep(d);
	return TS_OK;
}

/* A payment of an invoice, or a refund of a prepayment: a leaf that the next event folds, unless it
 * is refused; forced: even so. */
static inline enum ts_err desk_cash_as(struct desk *d, bool forced, bool refund, const char *about,
	int64_t amount_minor, const char *day)
{
	const struct ts_ledger_cash cash = {.leaf = d->leaf++,
		.refund = refund,
		.about = ts_str(about),
		.currency = ts_str(d->terms->currency->code),
		.amount_minor = amount_minor,
		.day = desk_day(day)};
	enum ts_err may = ts_ledger_cash_check(d->ledger, &cash, &d->why);
	if (may == TS_OK || forced)
		assert_ok(ts_ledger_cash(d->ledger, &cash, 1));
	return may;
}

static inline enum ts_err desk_cash(
	struct desk *d, bool refund, const char *about, int64_t amount_minor, const char *day)
{
	return desk_cash_as(d, false, refund, about, amount_minor, day);
}

/* The consent that names what is late for a period after the last event. */
static inline struct ts_ledger_consent desk_late(struct desk *d, int32_t period)
{
	struct ts_period is;
	struct ts_buf list;
	struct ts_ledger_consent consent = {.leaf = d->leaf};
	assert_ok(ts_ledger_period_get(d->ledger, period, &is));
	consent.period_from_us = is.from_us;
	consent.period_to_us = is.to_us;
	ts_buf_init(&list, DESK_TEXT_BYTES);
	assert_ok(ts_ledger_late_list(d->ledger, &is, &list, &consent.cells, &d->why));
	ts_sha256(list.len > 0 ? list.data : "", list.len, &consent.list);
	ts_buf_free(&list);
	return consent;
}

/* A leaf that the next event folds, before its cells. Refused ones are folded too: they change
 * nothing. */
static inline enum ts_err desk_consent(struct desk *d, const struct ts_ledger_consent *consent)
{
	struct ts_ledger_event event = desk_event(d, 0, 0);
	enum ts_err may = ts_ledger_consent_check(d->ledger, consent, &d->why);
	d->leaf++;
	assert_ok(ts_ledger_consent(d->ledger, &event, consent, &d->why));
	return may;
}

/* The document's body as canonical JSON; an error stands for itself. */
static inline const char *desk_body(struct desk *d, int32_t period)
{
	const char *bytes = NULL;
	size_t len = 0;
	enum ts_err err = ts_ledger_body(d->ledger, period, d->region, &d->invoice, &d->why);
	if (err != TS_OK)
		return ts_err_code(err);
	assert_ok(ts_invoice_body_json(d->invoice, d->region, &bytes, &len));
	assert_int_equal(strlen(bytes), len);
	return bytes;
}

/* Debit less credit. */
static inline int64_t desk_balance(struct desk *d, enum ts_account account)
{
	const struct ts_balance_row *row = ts_ledger_balance(d->ledger, account);
	return row->debit_minor - row->credit_minor;
}

static inline struct ts_str desk_text(struct desk *d, const struct ts_ledger *ledger)
{
	struct ts_buf text;
	ts_buf_init(&text, DESK_TEXT_BYTES);
	assert_ok(ts_ledger_text(ledger, d->region, &text, &d->why));
	struct ts_str copy = {ts_region_copy(d->region, text.data, text.len), text.len};
	assert_non_null(copy.at);
	ts_buf_free(&text);
	return copy;
}

/* The ledger as a verifier would go on from it: from its text. */
static inline void desk_reload_text(struct desk *d)
{
	struct ts_ledger *fresh = NULL;
	struct ts_str text = desk_text(d, d->ledger);
	assert_ok(ts_ledger_create(d->region, d->versions, d->versions_n, &fresh));
	if (ts_ledger_text_load(fresh, text, &d->why) != TS_OK)
		fail_msg("%s: %s", d->why.where, d->why.text);
	assert_true(ts_str_eq(text, desk_text(d, fresh)));
	d->ledger = fresh;
}

/* The ledger as another process would find it: only what is in the rows; then only what its text
 * says, which must be the same. */
static inline void desk_reload(struct desk *d)
{
	struct ts_ledger *fresh = NULL;
	struct ts_str before = desk_text(d, d->ledger);
	assert_ok(ts_ledger_create(d->region, d->versions, d->versions_n, &fresh));
	ts_ledger_load_head(fresh, ts_ledger_head(d->ledger));
#define DESK_MOVE(type, read, load, keep)                                                          \
	do {                                                                                       \
		struct type *row = NULL;                                                           \
		size_t n = 0;                                                                      \
		while (ts_ledger_##read(d->ledger, n) != NULL)                                     \
			n++;                                                                       \
		while (n-- > 0) { /* backwards: order must not matter */                           \
			row = ts_ledger_##read(d->ledger, n);                                      \
			if (keep)                                                                  \
				assert_ok(ts_ledger_load_##load(fresh, row));                      \
		}                                                                                  \
	} while (0)
	DESK_MOVE(ts_measure_row, measure, measure, true);
	DESK_MOVE(ts_fine_row, fine, fine, row->quantity != 0);
	DESK_MOVE(ts_waiting_row, waiting, waiting, row->quantity != 0);
	DESK_MOVE(ts_unbilled_row, unbilled, unbilled, true);
	DESK_MOVE(ts_late_row, late, late, row->quantity != 0);
	DESK_MOVE(ts_accrual_row, accrual, accrual, true);
	DESK_MOVE(ts_billed_row, billed, billed, true);
	DESK_MOVE(ts_taxed_row, taxed, taxed, true);
	DESK_MOVE(ts_period_row, period, period, true);
	DESK_MOVE(ts_cut_row, cut_line, cut, true);
	DESK_MOVE(ts_credit_row, credit_row, credit, true);
	DESK_MOVE(ts_prepaid_row, prepaid, prepaid, true);
#undef DESK_MOVE
	for (size_t i = 0; i < TS_ACCOUNT_N; i++)
		ts_ledger_load_balance(fresh, ts_ledger_balance(d->ledger, i));
	d->ledger = fresh;
	assert_true(ts_str_eq(before, desk_text(d, fresh)));
	desk_reload_text(d);
}

#endif
