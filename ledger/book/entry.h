/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_ENTRY_H
#define TS_BOOK_ENTRY_H
/* Why: a balanced journal entry of one book, and its canonical bytes: the journal log's leaf. */
#include "base/buf.h"
#include "base/region.h"
#include "book/account.h"
#include "evidence/sha256.h"
#include "terms/rate.h"

#define TS_ENTRY_LEGS_MAX 8

struct ts_leg {
	enum ts_account account; /* of the entry's book */
	bool debit;
	int64_t amount_minor; /* > 0 */
};
enum ts_entry_kind {
	TS_ENTRY_ACCRUAL,
	TS_ENTRY_INVOICE,
	TS_ENTRY_CREDIT_NOTE,
	TS_ENTRY_TAX,
	TS_ENTRY_DRAWDOWN, /* of a deposit, by the document */
	TS_ENTRY_PAYMENT,
	TS_ENTRY_REFUND,
};
#define TS_ENTRY_KINDS (TS_ENTRY_REFUND + 1)
const char *ts_entry_kind_name(enum ts_entry_kind kind);

/* Which charge line and month an accrual belongs to. */
struct ts_line_key {
	int32_t version; /* of the terms */
	enum ts_charge_kind kind;
	int32_t item; /* index within that version */
	int32_t tier;
	int32_t period;
};
bool ts_line_key_eq(const struct ts_line_key *a, const struct ts_line_key *b);

struct ts_entry {
	int64_t id; /* dense per contract, from 0: the journal log's leaf index */
	enum ts_book book;
	enum ts_entry_kind kind;
	int64_t posted_us; /* the `at` of the event that settles it */
	int32_t effective_day;
	int32_t service_month; /* -1 when none (invoice, tax) */
	int64_t source_leaf; /* index in the inputs log */
	bool has_line;
	struct ts_line_key line;
	const char *document; /* number, NULL when none */
	struct ts_hash document_hash; /* SHA-256 of its canonical JSON, when it has a number */
	struct ts_leg legs[TS_ENTRY_LEGS_MAX];
	size_t legs_n;
};

/* True when legs are positive, of the entry's book, and debits equal credits. Only the entry of a
 * document (invoice, credit note) may have none. */
bool ts_entry_balanced(const struct ts_entry *entry);

/* Canonical journal leaf (docs/formats/journal.md), at most 65,535 bytes: appended to out. */
void ts_entry_leaf(const struct ts_entry *entry, const char *contract,
	const struct ts_currency *cur, struct ts_buf *out);

#endif
