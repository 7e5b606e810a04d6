/* SPDX-License-Identifier: Apache-2.0 */
/* Loading stored rows and reading them back. */
#include "book/ledger_state.h"
#include <string.h>

static enum ts_err keep(struct ts_ledger *ledger, const char **text)
{
	if (*text == NULL)
		return TS_OK;
	*text = ts_region_copy(ledger->region, *text, strlen(*text));
	return *text == NULL ? TS_E_NO_MEMORY : TS_OK;
}

void ts_ledger_load_head(struct ts_ledger *ledger, const struct ts_ledger_head *head)
{
	ledger->head = *head;
	ledger->known_to = head->inputs_to;
	ts_ledger_recalendar(ledger);
}

void ts_ledger_load_balance(struct ts_ledger *ledger, const struct ts_balance_row *row)
{
	TS_ASSERT((int)row->account < TS_ACCOUNT_N);
	ledger->balances[row->account] = *row;
	ledger->balances[row->account].dirty = false;
}

/* One loader per kind of row: a copy, its texts kept, clean. */
#define LOAD(name, set, type, texts)                                                               \
	enum ts_err ts_ledger_load_##name(struct ts_ledger *ledger, const struct type *row)        \
	{                                                                                          \
		struct type copy = *row;                                                           \
		copy.dirty = false;                                                                \
		texts;                                                                             \
		return ts_rowset_add(&ledger->set, &copy, NULL);                                   \
	}
/* Rated anew by the next event: whether the last one saw all of it is not in the rows. */
LOAD(measure, measures, ts_measure_row, TS_TRY(ts_ledger_touch(ledger, copy.period)))
LOAD(fine, fine, ts_fine_row, TS_TRY(keep(ledger, &copy.pricing_class));
	TS_TRY(keep(ledger, &copy.account)); TS_TRY(keep(ledger, &copy.origin));
	TS_TRY(ts_ledger_touch(ledger, copy.period)))
LOAD(waiting, waiting, ts_waiting_row, )
LOAD(unbilled, unbilled, ts_unbilled_row, TS_TRY(keep(ledger, &copy.reason));
	TS_TRY(keep(ledger, &copy.sku)); TS_TRY(keep(ledger, &copy.pricing_class)))
LOAD(late, late, ts_late_row, TS_TRY(keep(ledger, &copy.account));
	TS_TRY(keep(ledger, &copy.origin)); TS_TRY(keep(ledger, &copy.sku));
	TS_TRY(keep(ledger, &copy.pricing_class)))
LOAD(accrual, accruals, ts_accrual_row, )
LOAD(billed, billed, ts_billed_row, TS_TRY(keep(ledger, &copy.document)))
LOAD(taxed, taxed, ts_taxed_row, TS_TRY(keep(ledger, &copy.document)))
LOAD(period, periods, ts_period_row, TS_TRY(keep(ledger, &copy.document)))
LOAD(cut, cuts, ts_cut_row, TS_TRY(keep(ledger, &copy.trace)))
LOAD(credit, credits, ts_credit_row, TS_TRY(keep(ledger, &copy.item));
	TS_TRY(keep(ledger, &copy.reason)); TS_TRY(keep(ledger, &copy.about)))

LOAD(prepaid, prepaid, ts_prepaid_row, TS_TRY(keep(ledger, &copy.document));
	TS_TRY(keep(ledger, &copy.document_sha256)))

const struct ts_ledger_head *ts_ledger_head(const struct ts_ledger *ledger)
{
	return &ledger->head;
}

#define READ(name, set, type)                                                                      \
	struct type *ts_ledger_##name(struct ts_ledger *ledger, size_t i)                          \
	{                                                                                          \
		return ts_rowset_at(&ledger->set, i);                                              \
	}
READ(measure, measures, ts_measure_row)
READ(fine, fine, ts_fine_row)
READ(waiting, waiting, ts_waiting_row)
READ(unbilled, unbilled, ts_unbilled_row)
READ(late, late, ts_late_row)
READ(accrual, accruals, ts_accrual_row)
READ(billed, billed, ts_billed_row)
READ(taxed, taxed, ts_taxed_row)
READ(period, periods, ts_period_row)
READ(cut_line, cuts, ts_cut_row)
READ(credit_row, credits, ts_credit_row)
READ(prepaid, prepaid, ts_prepaid_row)

struct ts_balance_row *ts_ledger_balance(struct ts_ledger *ledger, size_t i)
{
	return i < TS_ACCOUNT_N ? &ledger->balances[i] : NULL;
}
