/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_JOURNAL_H
#define TS_REPORTS_JOURNAL_H
/* Why: one book's entries as a journal that accounting tools load: one model, three files (plain
 * text for hledger and ledger, beancount, general-ledger CSV). A journal of some days begins with
 * opening balances and asserts every balance; a feed (some kinds, some entries: what an ERP has not
 * booked yet) asserts nothing. */
#include "base/buf.h"
#include "base/region.h"
#include "book/entry.h"

/* One account of the book: of the company's own chart, or ts_account_defs where NULL. */
struct ts_journal_account {
	const char *number, *title;
	int64_t opening_minor; /* debit - credit of what is before from_day */
};
struct ts_journal_row {
	const struct ts_entry *entry; /* of the book */
	const char *narrative; /* what it is, for people */
	struct ts_hash leaf; /* leaf hash of its canonical bytes in the journal log */
};
/* What a document bills of one SKU: a memo at total cost beside the money. */
struct ts_journal_measure {
	int32_t day; /* the document's issue day */
	const char *document, *sku, *sku_name;
	const char *quantity; /* plain decimal of priced units, not zero */
	int64_t net_minor; /* of the quantity's sign */
};
struct ts_journal {
	const char *contract; /* public id */
	enum ts_book book;
	const char *company, *counterparty; /* whose book it is, and who the payee is */
	const struct ts_currency *currency;
	int32_t from_day, to_day; /* half-open, from_day < to_day */
	bool feed;
	struct ts_journal_account accounts[TS_ACCOUNT_N];
	struct ts_journal_row *rows; /* ts_journal_order: by effective day, then id */
	size_t rows_n;
	const struct ts_journal_measure *measures; /* by day */
	size_t measures_n;
};

/* Sorts the rows. */
void ts_journal_order(struct ts_journal *journal);

/* Account names that all three tools take: "Assets:1210-Unbilled-receivable"; the class follows
 * from the role (revenue_: Income, expense_: Expenses, else by its normal side). Two roles that the
 * chart gives one number and title share a name. names: TS_ACCOUNT_N, NULL outside the book. */
enum ts_err ts_journal_names(const struct ts_journal *journal, struct ts_region *region,
	const char *names[TS_ACCOUNT_N]) TS_MUST;
/* "Assets", "Liabilities", "Income", "Expenses". */
const char *ts_journal_class(enum ts_account account);

/* For the writers. Balances are kept at the first account of a name. */
int ts_journal_first(const char *const names[TS_ACCOUNT_N], enum ts_account account);
enum ts_err ts_journal_openings(const struct ts_journal *journal,
	const char *const names[TS_ACCOUNT_N], int64_t balances[TS_ACCOUNT_N]) TS_MUST;
/* Adds the leg and tells the balance after it. */
enum ts_err ts_journal_post(const char *const names[TS_ACCOUNT_N], const struct ts_leg *leg,
	int64_t balances[TS_ACCOUNT_N], int64_t *balance_minor) TS_MUST;
/* Rows and measures together in the order of days; both NULL at the end. */
struct ts_journal_place {
	size_t row, measure;
};
struct ts_journal_step {
	const struct ts_journal_row *row;
	const struct ts_journal_measure *measure;
};
struct ts_journal_step ts_journal_next(
	const struct ts_journal *journal, struct ts_journal_place *place);

/* The files; all append. TS_E_OVERFLOW when a balance does. */
/* For `hledger check -s ordereddates payees` and `ledger --pedantic --check-payees`. */
enum ts_err ts_journal_ledger(
	const struct ts_journal *journal, struct ts_region *region, struct ts_buf *out) TS_MUST;
/* For `bean-check`. */
enum ts_err ts_journal_beancount(
	const struct ts_journal *journal, struct ts_region *region, struct ts_buf *out) TS_MUST;
/* RFC 4180, a row per leg, with number and title of the chart, document, service month, narrative,
 * and the place and hash of the journal leaf.
 * raw: no formula guard. */
enum ts_err ts_journal_csv(const struct ts_journal *journal, bool raw, struct ts_buf *out) TS_MUST;

#endif
