/* SPDX-License-Identifier: Apache-2.0 */
/* The general-ledger import file: a row per leg, for the ERP that takes no journal format. */
#include "reports/csv.h"
#include "reports/journal/journal.h"

static void money(struct ts_csv *csv, bool here, int64_t minor, const struct ts_currency *currency)
{
	char text[TS_DECIMAL_CHARS];
	ts_csv_number(csv, here ? ts_money_format(minor, currency, text) : NULL);
}

static void leg_row(
	struct ts_csv *csv, const struct ts_journal *j, const struct ts_journal_row *row, size_t i)
{
	const struct ts_entry *e = row->entry;
	const struct ts_leg *leg = &e->legs[i];
	const struct ts_account_def *def = &ts_account_defs[leg->account];
	const struct ts_journal_account *own = &j->accounts[leg->account];
	char text[TS_TIME_CHARS], hex[2 * TS_HASH_BYTES + 1];
	ts_csv_text(csv, j->contract);
	ts_csv_text(csv, ts_book_name(j->book));
	ts_csv_integer(csv, e->id);
	ts_csv_integer(csv, (int64_t)i + 1);
	ts_csv_text(csv, ts_date_format(e->effective_day, text));
	ts_csv_text(csv, ts_entry_kind_name(e->kind));
	ts_csv_text(csv, own->number != NULL ? own->number : def->number);
	ts_csv_text(csv, own->title != NULL ? own->title : def->title);
	ts_csv_text(csv, def->role);
	money(csv, leg->debit, leg->amount_minor, j->currency);
	money(csv, !leg->debit, leg->amount_minor, j->currency);
	ts_csv_text(csv, j->currency->code);
	ts_csv_text(csv, e->document);
	ts_csv_text(csv, e->service_month >= 0 ? ts_month_format(e->service_month, text) : NULL);
	ts_csv_text(csv, row->narrative);
	ts_csv_text(csv, j->counterparty);
	ts_csv_text(csv, ts_time_format(e->posted_us, text));
	ts_csv_integer(csv, e->source_leaf);
	ts_text_hex(row->leaf.b, TS_HASH_BYTES, hex);
	ts_csv_text(csv, hex);
	ts_csv_end(csv);
}

enum ts_err ts_journal_csv(const struct ts_journal *journal, bool raw, struct ts_buf *out)
{
	static const char *const names[] = {"contract", "book", "entry", "line", "date", "kind",
		"account", "title", "role", "debit", "credit", "currency", "document",
		"service_month", "description", "counterparty", "posted", "source_leaf",
		"leaf_sha256"};
	struct ts_csv csv = {.out = out, .raw = raw};
	ts_csv_header(&csv, names, sizeof names / sizeof names[0]);
	for (size_t r = 0; r < journal->rows_n; r++)
		for (size_t i = 0; i < journal->rows[r].entry->legs_n; i++)
			leg_row(&csv, journal, &journal->rows[r], i);
	return out->err;
}
