/* SPDX-License-Identifier: Apache-2.0 */
#include "book/entry.h"
#include "base/text.h"

const char *ts_entry_kind_name(enum ts_entry_kind kind)
{
	static const char *const names[] = {
		"accrual", "invoice", "credit_note", "tax", "drawdown", "payment", "refund"};
	return names[kind];
}

bool ts_line_key_eq(const struct ts_line_key *a, const struct ts_line_key *b)
{
	return a->version == b->version && a->kind == b->kind && a->item == b->item &&
	       a->tier == b->tier && a->period == b->period;
}

/* What a document of zeros posts: its number and hash, and nothing to sum. */
static bool names_document(const struct ts_entry *entry)
{
	return entry->document != NULL &&
	       (entry->kind == TS_ENTRY_INVOICE || entry->kind == TS_ENTRY_CREDIT_NOTE);
}

bool ts_entry_balanced(const struct ts_entry *entry)
{
	ts_i128 sum = 0;
	for (size_t i = 0; i < entry->legs_n; i++) {
		const struct ts_leg *leg = &entry->legs[i];
		if (leg->amount_minor <= 0 || ts_account_defs[leg->account].book != entry->book)
			return false;
		sum += leg->debit ? (ts_i128)leg->amount_minor : -(ts_i128)leg->amount_minor;
	}
	return sum == 0 && (entry->legs_n >= 2 || names_document(entry));
}

static void put_line(const struct ts_line_key *line, struct ts_buf *out)
{
	ts_buf_printf(out, "v%d/%s/%d/%d/%d", line->version, ts_charge_kind_name(line->kind),
		line->item, line->tier, line->period);
}

void ts_entry_leaf(const struct ts_entry *entry, const char *contract,
	const struct ts_currency *cur, struct ts_buf *out)
{
	char date[TS_TIME_CHARS], month[TS_TIME_CHARS], hash[2 * TS_HASH_BYTES + 1] = "-";
	ts_buf_printf(out, "j1\t%lld\t%s\t%s\t%s\t%lld\t%s\t%s\t%lld\t", (long long)entry->id,
		contract, ts_book_name(entry->book), ts_entry_kind_name(entry->kind),
		(long long)(entry->posted_us / TS_US_PER_MS),
		ts_date_format(entry->effective_day, date),
		entry->service_month < 0 ? "-" : ts_month_format(entry->service_month, month),
		(long long)entry->source_leaf);
	if (entry->has_line)
		put_line(&entry->line, out);
	else
		ts_buf_putc(out, '-');
	ts_buf_printf(out, "\t%s\t", entry->document != NULL ? entry->document : "-");
	if (entry->document != NULL)
		ts_text_hex(entry->document_hash.b, TS_HASH_BYTES, hash);
	ts_buf_puts(out, hash);
	for (size_t i = 0; i < entry->legs_n; i++)
		ts_buf_printf(out, "\np\t%s\t%c\t%s\t%lld",
			ts_account_defs[entry->legs[i].account].role,
			entry->legs[i].debit ? 'D' : 'C', cur->code,
			(long long)entry->legs[i].amount_minor);
}
