/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_WORDS_H
#define TS_REPORTS_WORDS_H
/* Why: an invoice says the same things in the same words on paper and on a terminal. Texts live in
 * the region; when it is full a function returns "" and the failure sticks in the struct. */
#include "book/invoice.h"
#include "reports/figure.h"

struct ts_words {
	struct ts_region *region;
	enum ts_err err;
};

const char *ts_words_printf(struct ts_words *words, const char *fmt, ...) TS_PRINTF(2, 3);

/* Sums lines, taxes and totals of the model and compares: TS_E_INTERNAL names what differs. Nothing
 * that does not add up may be rendered. */
enum ts_err ts_invoice_adds_up(const struct ts_invoice *invoice, struct ts_why *why) TS_MUST;

/* "Invoice", "Credit note", "Invoice preview", "Credit note preview". */
const char *ts_words_title(const struct ts_invoice *invoice);
/* "Invoice TS-2026-0001", or title and period for a preview. */
const char *ts_words_name(struct ts_words *words, const struct ts_invoice *invoice);
/* "Total due", "Total credited", or "Total if issued now" on a preview. */
const char *ts_words_total(const struct ts_invoice *invoice);
/* "1-31 Aug 2026". */
const char *ts_words_period(struct ts_words *words, const struct ts_invoice *invoice);
/* Street, place and country, LF between. */
const char *ts_words_address(struct ts_words *words, const struct ts_address *address);
/* Where to pay to, LF between: as the terms print it, else account by account; NULL: nowhere. */
const char *ts_words_bank(struct ts_words *words, const struct ts_party *provider);
/* The documents that lines adjust, NULL when there are none. */
const char *ts_words_adjusts(struct ts_words *words, const struct ts_invoice *invoice);
/* "Standard rate", "Reverse charge", ... for an EN 16931 category code. */
const char *ts_words_category(const char *category);
/* Category, jurisdiction and reason of a tax row, each said once. */
const char *ts_words_tax(struct ts_words *words, const struct ts_invoice_tax *tax);
/* True when the recipient accounts for a tax of this document. */
bool ts_words_reverse_charge(const struct ts_invoice *invoice);
const char *ts_words_witness(struct ts_words *words, const struct ts_invoice *invoice);
/* The windows that the provider's meters had to close. */
const char *ts_words_completeness(struct ts_words *words, const struct ts_invoice *invoice);
const char *ts_words_hex(struct ts_words *words, const struct ts_hash *hash);

/* What a line prints besides its amount. */
struct ts_words_line {
	const char *title;
	const char *
		what; /* SKU, class, tier, service period, terms version if not the governing one */
	const char *adjusts; /* NULL */
	const char *how; /* NULL: quantity x unit price says it all; else the trace */
	const char *exact; /* base units; NULL for lump sums */
	const char *quantity, *unit, *unit_price, *percent, *net;
};
void ts_words_line(struct ts_words *words, const struct ts_invoice *invoice,
	const struct ts_invoice_line *line, struct ts_words_line *out);

#endif
