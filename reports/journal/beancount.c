/* SPDX-License-Identifier: Apache-2.0 */
/* Beancount infers a tolerance from the written digits; the multiplier 0 forbids that, so every
 * transaction balances exactly. A balance is asserted for the beginning of a day. */
#include "reports/journal/journal.h"
#include <string.h>

#define CURRENCY_CHARS_MAX 24
#define OPENING "Equity:Opening-Balances"
#define MEASURED "Equity:Statistics:Quantities"
#define MEASURED_COST "Equity:Statistics:Cost-Of-Quantities"

struct writer {
	const struct ts_journal *j;
	struct ts_buf *out;
	struct ts_region *region;
	const char *names[TS_ACCOUNT_N];
	int64_t balances[TS_ACCOUNT_N];
	const char **units; /* of each measure's SKU */
};

static void quoted(struct ts_buf *out, const char *text)
{
	ts_buf_putc(out, '"');
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			ts_buf_putc(out, '\\');
		ts_buf_putc(out, (unsigned char)*c < 0x20 ? ' ' : *c);
	}
	ts_buf_putc(out, '"');
}

/* "GPU-H100" of gpu-h100: a capital, capitals, digits and '-', a capital or digit, at most 24. */
static const char *unit_of(struct writer *w, size_t i)
{
	const char *sku = w->j->measures[i].sku;
	for (size_t k = 0; k < i; k++)
		if (strcmp(w->j->measures[k].sku, sku) == 0)
			return w->units[k];
	char name[CURRENCY_CHARS_MAX + 1];
	bool own = (*sku >= 'a' && *sku <= 'z') || (*sku >= 'A' && *sku <= 'Z');
	size_t n = 0;
	if (!own) /* must begin with a letter */
		name[n++] = 'U';
	for (const char *c = sku; *c != '\0' && n < CURRENCY_CHARS_MAX; c++) {
		bool lower = *c >= 'a' && *c <= 'z';
		bool plain = lower || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
		name[n++] = !plain ? '-' : (char)(lower ? *c - 'a' + 'A' : *c);
	}
	if (n == 1)
		name[n++] = 'X';
	if (name[n - 1] == '-')
		name[n - 1] = 'X';
	for (size_t k = 0; k < i; k++) /* two SKUs, one spelling: numbered */
		if (strlen(w->units[k]) == n && memcmp(w->units[k], name, n) == 0)
			return ts_region_printf(
				w->region, "%.*s-%zu", (int)(n < 18 ? n : 18), name, i);
	return ts_region_copy(w->region, name, n);
}

static enum ts_err units(struct writer *w)
{
	w->units = ts_region_array(w->region, w->j->measures_n + 1, sizeof *w->units);
	if (w->units == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < w->j->measures_n; i++) {
		w->units[i] = unit_of(w, i);
		if (w->units[i] == NULL)
			return TS_E_NO_MEMORY;
	}
	return TS_OK;
}

static void open_account(struct writer *w, const char *name, bool any_unit)
{
	char date[TS_TIME_CHARS];
	ts_buf_printf(w->out, "%s open %s", ts_date_format(w->j->from_day, date), name);
	ts_buf_printf(w->out, any_unit ? "\n" : " %s\n", w->j->currency->code);
}

static void declarations(struct writer *w)
{
	const struct ts_journal *j = w->j;
	char date[TS_TIME_CHARS];
	ts_date_format(j->from_day, date);
	ts_buf_puts(w->out, "option \"title\" ");
	quoted(w->out, ts_region_printf(w->region, "%s book of contract %s, %s",
			       ts_book_name(j->book), j->contract, j->company));
	ts_buf_printf(w->out,
		"\noption \"operating_currency\" \"%s\"\n"
		"option \"inferred_tolerance_multiplier\" \"0\"\n%s commodity %s\n",
		j->currency->code, date, j->currency->code);
	for (size_t i = 0; i < j->measures_n; i++) {
		bool first = true;
		for (size_t k = 0; k < i && first; k++)
			first = w->units[k] != w->units[i];
		if (first) {
			ts_buf_printf(w->out, "%s commodity %s\n  name: ", date, w->units[i]);
			quoted(w->out, j->measures[i].sku);
			ts_buf_putc(w->out, '\n');
		}
	}
	for (int a = 0; a < TS_ACCOUNT_N; a++)
		if (w->names[a] != NULL && ts_journal_first(w->names, (enum ts_account)a) == a)
			open_account(w, w->names[a], false);
	open_account(w, OPENING, false);
	if (j->measures_n > 0) {
		open_account(w, MEASURED, true);
		open_account(w, MEASURED_COST, false);
	}
}

static void head(struct writer *w, int32_t day, const char *narrative)
{
	char date[TS_TIME_CHARS];
	ts_buf_printf(w->out, "\n%s * ", ts_date_format(day, date));
	quoted(w->out, w->j->counterparty);
	ts_buf_putc(w->out, ' ');
	quoted(w->out, narrative);
}

static void posting(struct writer *w, const char *account, int64_t minor)
{
	char text[TS_DECIMAL_CHARS];
	ts_buf_printf(w->out, "  %-48s  %20s %s\n", account,
		ts_money_format(minor, w->j->currency, text), w->j->currency->code);
}

static enum ts_err opening(struct writer *w)
{
	int64_t sum = 0;
	bool any = false;
	for (int a = 0; a < TS_ACCOUNT_N; a++)
		any = any || w->balances[a] != 0;
	if (!any)
		return TS_OK;
	head(w, w->j->from_day, "balances of the days before");
	ts_buf_putc(w->out, '\n');
	for (int a = 0; a < TS_ACCOUNT_N; a++) {
		if (w->balances[a] != 0)
			posting(w, w->names[a], w->balances[a]);
		TS_TRY(ts_sub64(sum, w->balances[a], &sum));
	}
	posting(w, OPENING, sum);
	return TS_OK;
}

/* Of a document's number, what a link may hold. */
static void link_of(struct writer *w, const char *document)
{
	ts_buf_puts(w->out, " ^");
	for (const char *c = document; *c != '\0'; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			     (*c >= '0' && *c <= '9') || strchr("-_/.", *c) != NULL;
		ts_buf_putc(w->out, plain ? *c : '-');
	}
}

static void metadata(struct writer *w, const struct ts_journal_row *row)
{
	const struct ts_entry *e = row->entry;
	char text[TS_TIME_CHARS], hex[2 * TS_HASH_BYTES + 1];
	ts_buf_printf(w->out, "  kind: \"%s\"\n  posted: \"%s\"\n", ts_entry_kind_name(e->kind),
		ts_time_format(e->posted_us, text));
	if (e->service_month >= 0)
		ts_buf_printf(w->out, "  service-month: \"%s\"\n",
			ts_month_format(e->service_month, text));
	if (e->document != NULL) {
		ts_text_hex(e->document_hash.b, TS_HASH_BYTES, hex);
		ts_buf_puts(w->out, "  document: ");
		quoted(w->out, e->document);
		ts_buf_printf(w->out, "\n  document-sha256: \"%s\"\n", hex);
	}
	ts_text_hex(row->leaf.b, TS_HASH_BYTES, hex);
	ts_buf_printf(w->out,
		"  source-leaf: \"%lld\"\n  journal-leaf: \"%lld\"\n  leaf-sha256: \"%s\"\n",
		(long long)e->source_leaf, (long long)e->id, hex);
}

static enum ts_err entry(struct writer *w, const struct ts_journal_row *row)
{
	const struct ts_entry *e = row->entry;
	if (e->legs_n == 0)
		return TS_OK;
	head(w, e->effective_day, row->narrative);
	ts_buf_printf(w->out, " #%s", ts_entry_kind_name(e->kind));
	if (e->document != NULL)
		link_of(w, e->document);
	ts_buf_putc(w->out, '\n');
	metadata(w, row);
	for (size_t i = 0; i < e->legs_n; i++) {
		const struct ts_leg *leg = &e->legs[i];
		int64_t balance = 0;
		TS_TRY(ts_journal_post(w->names, leg, w->balances, &balance));
		posting(w, w->names[leg->account],
			leg->debit ? leg->amount_minor : -leg->amount_minor);
	}
	return TS_OK;
}

static void measure(struct writer *w, const struct ts_journal_measure *m, const char *unit)
{
	char text[TS_DECIMAL_CHARS];
	int64_t cost = m->net_minor < 0 ? -m->net_minor : m->net_minor;
	head(w, m->day, m->sku_name);
	ts_buf_puts(w->out, " #quantity");
	link_of(w, m->document);
	ts_buf_printf(w->out, "\n  %-48s  %20s %s @@ %s %s\n", MEASURED, m->quantity, unit,
		ts_money_format(cost, w->j->currency, text), w->j->currency->code);
	posting(w, MEASURED_COST, -m->net_minor);
}

static void closing(struct writer *w)
{
	char date[TS_TIME_CHARS], text[TS_DECIMAL_CHARS];
	ts_buf_putc(w->out, '\n');
	for (int a = 0; a < TS_ACCOUNT_N; a++)
		if (w->names[a] != NULL && ts_journal_first(w->names, (enum ts_account)a) == a)
			ts_buf_printf(w->out, "%s balance %-48s  %20s ~ 0 %s\n",
				ts_date_format(w->j->to_day, date), w->names[a],
				ts_money_format(w->balances[a], w->j->currency, text),
				w->j->currency->code);
}

enum ts_err ts_journal_beancount(
	const struct ts_journal *journal, struct ts_region *region, struct ts_buf *out)
{
	struct writer w = {.j = journal, .out = out, .region = region};
	struct ts_journal_place place = {0, 0};
	TS_TRY(ts_journal_names(journal, region, w.names));
	TS_TRY(ts_journal_openings(journal, w.names, w.balances));
	TS_TRY(units(&w));
	declarations(&w);
	TS_TRY(opening(&w));
	for (;;) {
		const struct ts_journal_step step = ts_journal_next(journal, &place);
		if (step.row != NULL)
			TS_TRY(entry(&w, step.row));
		else if (step.measure != NULL)
			measure(&w, step.measure, w.units[step.measure - journal->measures]);
		else
			break;
	}
	if (!journal->feed)
		closing(&w);
	return out->err;
}
