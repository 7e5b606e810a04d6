/* SPDX-License-Identifier: Apache-2.0 */
/* One file for hledger and ledger at their strictest. Both take the currency's written digits for
 * the scale at which a transaction must balance, so it is declared finer than any amount: else they
 * would accept what is off by less. The description is the payee alone (ledger takes the whole line
 * for it), the code is the entry's place in the journal log. */
#include "reports/journal/journal.h"
#include <string.h>

#define SCALE_SPARE 4
#define QUANTITY_DIGITS "000000000"
#define OPENING "Equity:Opening-balances"
#define MEASURED "Equity:Statistics:Quantities"
#define MEASURED_COST "Equity:Statistics:Cost-of-quantities"

struct writer {
	const struct ts_journal *j;
	struct ts_buf *out;
	const char *names[TS_ACCOUNT_N];
	int64_t balances[TS_ACCOUNT_N];
	const char *payee;
};

/* Without what either tool reads as syntax: controls, ';' and '|' anywhere, and at the beginning
 * marks of status and code. */
static const char *plain(struct ts_region *region, const char *text)
{
	while (*text != '\0' && strchr(" *!(=~", *text) != NULL)
		text++;
	char *copy = ts_region_copy(region, text, strlen(text));
	for (char *c = copy; c != NULL && *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == ';' || *c == '|' ||
			(*c == ' ' && (c[1] == ' ' || c[1] == '\0')))
			*c = *c == ' ' && c[1] == '\0' ? '\0' : '-';
	return copy != NULL && *copy == '\0' ? "-" : copy;
}

static void amount(struct writer *w, int64_t minor)
{
	char text[TS_DECIMAL_CHARS];
	ts_buf_printf(w->out, "%s %s", ts_money_format(minor, w->j->currency, text),
		w->j->currency->code);
}

static void posting(struct writer *w, const char *account, int64_t minor)
{
	char text[TS_DECIMAL_CHARS];
	ts_buf_printf(w->out, "    %-48s  %20s %s", account,
		ts_money_format(minor, w->j->currency, text), w->j->currency->code);
}

/* A balance asserted behind a posting, and the end of its line. */
static void asserted(struct writer *w, int64_t balance_minor)
{
	if (!w->j->feed) {
		ts_buf_puts(w->out, " = ");
		amount(w, balance_minor);
	}
	ts_buf_putc(w->out, '\n');
}

static void commodities(struct writer *w)
{
	const struct ts_currency *currency = w->j->currency;
	ts_buf_printf(w->out, "commodity %s\n    format 1000.%.*s %s\n", currency->code,
		currency->exponent + SCALE_SPARE, QUANTITY_DIGITS, currency->code);
	for (size_t i = 0; i < w->j->measures_n; i++) {
		const char *sku = w->j->measures[i].sku;
		bool first = true;
		for (size_t k = 0; k < i && first; k++)
			first = strcmp(w->j->measures[k].sku, sku) != 0;
		if (first)
			ts_buf_printf(w->out,
				"commodity \"%s\"\n    format 1000." QUANTITY_DIGITS " \"%s\"\n",
				sku, sku);
	}
}

static void declarations(struct writer *w)
{
	static const char *const tags[] = {"note", "kind", "posted", "service-month", "document",
		"document-sha256", "source-leaf", "journal-leaf", "leaf-sha256"};
	commodities(w);
	for (int a = 0; a < TS_ACCOUNT_N; a++)
		if (w->names[a] != NULL && ts_journal_first(w->names, (enum ts_account)a) == a)
			ts_buf_printf(w->out, "account %s\n", w->names[a]);
	ts_buf_puts(w->out, "account " OPENING "\n");
	if (w->j->measures_n > 0)
		ts_buf_puts(w->out, "account " MEASURED "\naccount " MEASURED_COST "\n");
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
		ts_buf_printf(w->out, "tag %s\n", tags[i]);
	ts_buf_printf(w->out, "payee %s\n", w->payee);
}

static void head(struct writer *w, int32_t day, const char *code, int64_t id)
{
	char date[TS_TIME_CHARS];
	ts_buf_printf(w->out, "\n%s * (%.8s-%s", ts_date_format(day, date), w->j->contract, code);
	if (id >= 0)
		ts_buf_printf(w->out, "%lld", (long long)id);
	ts_buf_printf(w->out, ") %s\n", w->payee);
}

/* What was before, so that the balances of the days that follow are true. */
static void opening(struct writer *w)
{
	bool any = false;
	for (int a = 0; a < TS_ACCOUNT_N; a++)
		any = any || w->balances[a] != 0;
	if (!any)
		return;
	head(w, w->j->from_day, "opening", -1);
	ts_buf_puts(w->out, "    ; note: balances of the days before\n");
	for (int a = 0; a < TS_ACCOUNT_N; a++) {
		if (w->balances[a] == 0)
			continue;
		posting(w, w->names[a], w->balances[a]);
		asserted(w, w->balances[a]);
	}
	ts_buf_puts(w->out, "    " OPENING "\n");
}

static void metadata(struct writer *w, const struct ts_journal_row *row)
{
	const struct ts_entry *e = row->entry;
	char text[TS_TIME_CHARS], hex[2 * TS_HASH_BYTES + 1];
	ts_buf_printf(w->out, "    ; note: %s\n    ; kind: %s\n    ; posted: %s\n", row->narrative,
		ts_entry_kind_name(e->kind), ts_time_format(e->posted_us, text));
	if (e->service_month >= 0)
		ts_buf_printf(w->out, "    ; service-month: %s\n",
			ts_month_format(e->service_month, text));
	if (e->document != NULL) {
		ts_text_hex(e->document_hash.b, TS_HASH_BYTES, hex);
		ts_buf_printf(w->out, "    ; document: %s\n    ; document-sha256: %s\n",
			e->document, hex);
	}
	ts_text_hex(row->leaf.b, TS_HASH_BYTES, hex);
	ts_buf_printf(w->out,
		"    ; source-leaf: %lld\n    ; journal-leaf: %lld\n    ; leaf-sha256: %s\n",
		(long long)e->source_leaf, (long long)e->id, hex);
}

static enum ts_err entry(struct writer *w, const struct ts_journal_row *row)
{
	const struct ts_entry *e = row->entry;
	if (e->legs_n == 0)
		return TS_OK; /* a document that moves nothing in this book */
	head(w, e->effective_day, "", e->id);
	metadata(w, row);
	for (size_t i = 0; i < e->legs_n; i++) {
		const struct ts_leg *leg = &e->legs[i];
		int64_t balance = 0;
		TS_TRY(ts_journal_post(w->names, leg, w->balances, &balance));
		posting(w, w->names[leg->account],
			leg->debit ? leg->amount_minor : -leg->amount_minor);
		asserted(w, balance);
	}
	return TS_OK;
}

static void measure(struct writer *w, const struct ts_journal_measure *m)
{
	int64_t cost = m->net_minor < 0 ? -m->net_minor : m->net_minor;
	head(w, m->day, "quantity", -1);
	ts_buf_printf(w->out, "    ; note: %s\n    ; document: %s\n", m->sku_name, m->document);
	ts_buf_printf(w->out, "    %-48s  %20s \"%s\" @@ ", MEASURED, m->quantity, m->sku);
	amount(w, cost);
	ts_buf_putc(w->out, '\n');
	posting(w, MEASURED_COST, -m->net_minor);
	ts_buf_putc(w->out, '\n');
}

enum ts_err ts_journal_ledger(
	const struct ts_journal *journal, struct ts_region *region, struct ts_buf *out)
{
	struct writer w = {.j = journal, .out = out, .payee = plain(region, journal->counterparty)};
	struct ts_journal_place place = {0, 0};
	char from[TS_TIME_CHARS], to[TS_TIME_CHARS];
	if (w.payee == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_journal_names(journal, region, w.names));
	TS_TRY(ts_journal_openings(journal, w.names, w.balances));
	ts_buf_printf(out,
		"; %s book of contract %s, %s, days %s to %s (exclusive)%s\n"
		"; hledger check -s ordereddates payees; ledger --pedantic --check-payees "
		"balance\n",
		ts_book_name(journal->book), journal->contract, journal->currency->code,
		ts_date_format(journal->from_day, from), ts_date_format(journal->to_day, to),
		journal->feed ? "; a feed of some entries" : "");
	declarations(&w);
	opening(&w);
	for (;;) {
		const struct ts_journal_step step = ts_journal_next(journal, &place);
		if (step.row != NULL)
			TS_TRY(entry(&w, step.row));
		else if (step.measure != NULL)
			measure(&w, step.measure);
		else
			return out->err;
	}
}
