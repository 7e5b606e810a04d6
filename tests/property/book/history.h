/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_HISTORY_H
#define TS_TESTS_HISTORY_H
/* Why: one telling of a random contract (world.h) and what came of it: sums over its entries and
 * documents, and where a fault is planted. One file, included by one test. */
#include "world.h"

#define SUMS_MAX 512
#define MONTHS 24

enum fault {
	NO_FAULT,
	FAULT_SKIP_CELL, /* the history loses one cell */
	FAULT_DROP_DELTA, /* one adjusting line of a document is not counted */
	FAULT_DROP_ENTRY, /* one accrual is not counted */
	FAULT_LOSE_WAITING, /* a reload loses the waiting cells */
	FAULT_LOSE_BILLED, /* a reload forgets what was billed */
	FAULT_ROUNDING, /* the calculation rounds otherwise */
	FAULT_CONSENT, /* the calculation knows of no consent */
};

struct sum {
	struct ts_line_key line;
	int32_t month; /* -1: a document's line */
	int64_t minor;
};
struct history { /* how it is told, then what came of it */
	uint64_t order; /* seed of arrival, batches and ticks */
	bool cuts, consents;
	uint64_t reload; /* seed; 0: never */
	enum fault fault;

	struct desk d;
	struct ts_rng rng;
	struct sum sums[SUMS_MAX];
	size_t sums_n;
	int64_t balances[TS_ACCOUNT_N][MONTHS + 1]; /* [0]: no service month */
	int32_t arrives[CELLS_MAX];
	bool folded[CELLS_MAX];
	int64_t folded_at_us[CELLS_MAX]; /* of a reversal: when what it takes back was */
	bool agreed[CELLS_MAX]; /* it was late, and both companies let it count */
	int64_t leaf_of[CELLS_MAX];
	int64_t cut_at_us[PERIODS + 1]; /* 0: not yet */
	int32_t next; /* period to be cut */
	bool pending; /* cut, not issued */
	const char *preview; /* body when it was cut */
	struct ts_buf bodies;
	bool faulted, refused; /* the fault was planted; the ledger found it */
};

static inline void add_sum(
	struct history *h, const struct ts_line_key *line, int32_t month, int64_t minor)
{
	size_t i = 0;
	while (i < h->sums_n &&
		!(h->sums[i].month == month && ts_line_key_eq(&h->sums[i].line, line)))
		i++;
	assert_true(i < SUMS_MAX);
	if (i == h->sums_n)
		h->sums[h->sums_n++] = (struct sum){*line, month, 0};
	h->sums[i].minor += minor;
}

static inline int64_t sum_of(const struct history *h, const struct ts_line_key *line, int32_t month)
{
	for (size_t i = 0; i < h->sums_n; i++)
		if (h->sums[i].month == month && ts_line_key_eq(&h->sums[i].line, line))
			return h->sums[i].minor;
	return 0;
}

static inline bool plant(struct history *h, enum fault fault)
{
	if (h->fault != fault || h->faulted)
		return false;
	h->faulted = true;
	return true;
}

static inline void count_entries(struct history *h)
{
	for (size_t i = 0; i < h->d.out.n; i++) {
		const struct ts_entry *e = &h->d.out.entries[i];
		int32_t slot = 0;
		if (e->service_month >= 0)
			slot = e->service_month - (2026 * 12) + 1;
		assert_true(slot >= 0 && slot <= MONTHS);
		for (size_t k = 0; k < e->legs_n; k++)
			h->balances[e->legs[k].account][slot] += e->legs[k].debit
									 ? e->legs[k].amount_minor
									 : -e->legs[k].amount_minor;
		if (e->book != TS_BOOK_PROVIDER || !e->has_line || plant(h, FAULT_DROP_ENTRY))
			continue;
		bool more = e->legs[0].account == TS_ACCOUNT_UNBILLED;
		add_sum(h, &e->line, e->service_month,
			more ? e->legs[0].amount_minor : -e->legs[0].amount_minor);
	}
}

/* Number and hash of every document are in the journal, in both books; an entry without legs is
 * there only when the book has no other. */
static inline void check_named(struct history *h)
{
	const struct ts_invoice *invoice = h->d.invoice;
	struct ts_hash hash;
	int entries[2] = {0}, bare[2] = {0};
	assert_ok(ts_invoice_hash(invoice, h->d.region, &hash));
	for (size_t i = 0; i < h->d.out.n; i++) {
		const struct ts_entry *e = &h->d.out.entries[i];
		assert_string_equal(e->document, invoice->head.number);
		assert_memory_equal(&e->document_hash, &hash, sizeof hash);
		entries[e->book]++;
		bare[e->book] += e->legs_n == 0;
	}
	for (int book = 0; book < 2; book++)
		assert_true(entries[book] > 0 && (bare[book] == 0 || entries[book] == 1));
}

static inline void count_document(struct history *h)
{
	const struct ts_invoice *invoice = h->d.invoice;
	int64_t sign = invoice->kind == TS_DOCUMENT_CREDIT_NOTE ? -1 : 1, subtotal = 0;
	assert_true(invoice->total_minor >= 0);
	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct ts_invoice_line *line = &invoice->lines[i];
		size_t item = 0;
		subtotal += line->net_minor;
		struct ts_charge_names names;
		ts_charge_names(h->d.terms, line->kind, item, &names);
		while (strcmp(names.id, line->id) != 0)
			ts_charge_names(h->d.terms, line->kind, ++item, &names);
		assert_true((line->adjusts != NULL) || line->period == invoice->period.index ||
			    !line->reversal);
		if (line->adjusts != NULL && plant(h, FAULT_DROP_DELTA))
			continue;
		struct ts_line_key key = {
			line->version, line->kind, (int32_t)item, line->tier, line->period};
		add_sum(h, &key, -1, sign * line->net_minor);
	}
	assert_int_equal(subtotal, invoice->subtotal_minor);
	check_named(h);
}

static inline void forget(struct history *h)
{
	if (h->reload == 0 || ts_rng_below(&h->rng, 2) == 0)
		return;
	struct ts_waiting_row *waiting;
	for (size_t i = 0; (waiting = ts_ledger_waiting(h->d.ledger, i)) != NULL; i++)
		if (waiting->quantity != 0 && plant(h, FAULT_LOSE_WAITING))
			waiting->quantity = 0;
	struct ts_billed_row *billed = ts_ledger_billed(h->d.ledger, 0);
	if (billed != NULL && billed->billed_minor != 0 && plant(h, FAULT_LOSE_BILLED))
		billed->billed_minor--;
	desk_reload(&h->d);
}

#endif
