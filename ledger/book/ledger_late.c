/* SPDX-License-Identifier: Apache-2.0 */
/* Consent: what came too late for a cut period counts after all, if both companies sign its list.
 * The leaf from which lines are late moves up to where the event begins that folds the consent, so
 * that a line that is reversed or given back later leaves, or enters, the measure. */
#include "book/ledger_state.h"
#include <stdlib.h>
#include <string.h>

#define LIST_BYTES_MAX ((size_t)1 << 30)

bool ts_ledger_consent_read(
	const struct ts_event *event, int64_t leaf, struct ts_ledger_consent *out)
{
	if (event->kind != TS_EVENT_CONSENT)
		return false;
	*out = (struct ts_ledger_consent){.leaf = leaf,
		.period_from_us = event->period_from_ms * TS_US_PER_MS,
		.period_to_us = event->period_to_ms * TS_US_PER_MS,
		.cells = event->cells,
		.list = event->list};
	return true;
}

static int row_cmp(const void *a, const void *b)
{
	const struct ts_late_row *x = *(const struct ts_late_row *const *)a,
				 *y = *(const struct ts_late_row *const *)b;
	if (x->quarter_us != y->quarter_us)
		return x->quarter_us < y->quarter_us ? -1 : 1;
	int order = strcmp(x->sku, y->sku);
	if (order == 0)
		order = strcmp(x->pricing_class, y->pricing_class);
	if (order == 0)
		order = strcmp(x->account, y->account);
	return order != 0 ? order : strcmp(x->origin, y->origin);
}

static bool is_of(const struct ts_late_row *row, const struct ts_period *period)
{
	return row->quantity != 0 && row->quarter_us >= period->from_us &&
	       row->quarter_us < period->to_us;
}

static void put_row(struct ts_buf *out, const struct ts_late_row *row)
{
	char digits[TS_I128_CHARS];
	ts_buf_printf(out, "%lld\t%s\t%s\t", (long long)(row->quarter_us / TS_US_PER_MS), row->sku,
		row->pricing_class);
	ts_buf_printf(out, "%s\t%s\t%s\n", row->account, row->origin,
		ts_i128_format(row->quantity, digits));
}

enum ts_err ts_ledger_late_list(const struct ts_ledger *ledger, const struct ts_period *period,
	struct ts_buf *out, int64_t *cells, struct ts_why *why)
{
	size_t n = 0;
	const struct ts_late_row **rows = calloc(ledger->late.n + 1, sizeof *rows);
	if (rows == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "late", "out of memory");
	for (size_t i = 0; i < ledger->late.n; i++) {
		const struct ts_late_row *row = ts_rowset_at(&ledger->late, i);
		if (is_of(row, period))
			rows[n++] = row;
	}
	qsort(rows, n, sizeof *rows, row_cmp);
	for (size_t i = 0; i < n; i++)
		put_row(out, rows[i]);
	free(rows);
	*cells = (int64_t)n;
	return out->err;
}

static enum ts_err check_list(const struct ts_ledger *ledger,
	const struct ts_ledger_consent *consent, const struct ts_period *period, struct ts_why *why)
{
	struct ts_buf list;
	struct ts_hash hash;
	int64_t cells = 0;
	char hex[2 * TS_HASH_BYTES + 1];
	ts_buf_init(&list, LIST_BYTES_MAX);
	enum ts_err err = ts_ledger_late_list(ledger, period, &list, &cells, why);
	ts_sha256(list.len > 0 ? list.data : "", list.len, &hash);
	ts_buf_free(&list);
	TS_TRY(err);
	if (cells == 0)
		return ts_why(why, TS_E_CONFLICT, "period",
			"nothing that came too late for it waits for a consent");
	if (cells != consent->cells)
		return ts_why(why, TS_E_CONFLICT, "cells",
			"%lld: what came too late for the period has %lld lines",
			(long long)consent->cells, (long long)cells);
	ts_text_hex(hash.b, TS_HASH_BYTES, hex);
	return ts_hash_eq(&hash, &consent->list)
		       ? TS_OK
		       : ts_why(why, TS_E_CONFLICT, "list",
				 "what came too late for the period has another hash: %s", hex);
}

static enum ts_err check(const struct ts_ledger *ledger, const struct ts_ledger_consent *consent,
	struct ts_period *period, struct ts_why *why)
{
	if (ts_ledger_period_at(ledger, consent->period_from_us, period) != TS_OK ||
		period->from_us != consent->period_from_us ||
		period->to_us != consent->period_to_us)
		return ts_why(why, TS_E_CONFLICT, "period",
			"these instants are no billing period of the contract");
	return check_list(ledger, consent, period, why);
}

enum ts_err ts_ledger_consent_check(
	const struct ts_ledger *ledger, const struct ts_ledger_consent *consent, struct ts_why *why)
{
	struct ts_period period;
	return check(ledger, consent, &period, why);
}

/* Out of what is shown as late, into what is rated. */
static enum ts_err admit(struct ts_ledger *ledger, struct ts_late_row *row, struct ts_why *why)
{
	struct ts_usage_cell cell = {.quarter_us = row->quarter_us,
		.sku = ts_str(row->sku),
		.pricing_class = ts_str(row->pricing_class),
		.account = ts_str(row->account),
		.origin = ts_str(row->origin),
		.quantity = -row->quantity};
	TS_TRY(ts_ledger_fold_cell(ledger, &cell, true, why));
	cell.quantity = row->quantity;
	TS_TRY(ts_ledger_fold_cell(ledger, &cell, false, why));
	row->quantity = 0;
	row->dirty = true;
	return TS_OK;
}

enum ts_err ts_ledger_consent(struct ts_ledger *ledger, const struct ts_ledger_event *event,
	const struct ts_ledger_consent *consent, struct ts_why *why)
{
	struct ts_period period;
	struct ts_why none;
	enum ts_err err = check(ledger, consent, &period, &none);
	if (err != TS_OK)
		return err == TS_E_CONFLICT ? TS_OK : err;
	struct ts_period_row *at = ts_ledger_period_row(ledger, period.index);
	if (at == NULL || event->from <= at->late_from)
		return ts_why(why, TS_E_INTERNAL, "late", "usage is late for no reason");
	at->late_from = event->from;
	at->dirty = true;
	for (size_t i = 0; i < ledger->late.n; i++) {
		struct ts_late_row *row = ts_rowset_at(&ledger->late, i);
		if (is_of(row, &period))
			TS_TRY(admit(ledger, row, why));
	}
	return TS_OK;
}
