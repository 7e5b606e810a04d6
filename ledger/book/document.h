/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_DOCUMENT_H
#define TS_BOOK_DOCUMENT_H
/* Internal to the room: sums and tax of a document, and what issuing does to the tax that is
 * outstanding per document. */
#include "book/ledger_state.h"

/* Subtotal, kind, tax per treatment and rate, total; turns the signs of a credit note. */
enum ts_err ts_document_total(const struct ts_ledger *ledger, struct ts_region *region,
	struct ts_invoice *invoice, struct ts_why *why) TS_MUST;
/* Tax that the consumer assesses itself on row `tax` of a document not yet issued (reverse charge),
 * with the signs of the document. */
enum ts_err ts_document_reverse_tax(const struct ts_ledger *ledger,
	const struct ts_invoice *invoice, const struct ts_invoice_tax *tax,
	struct ts_region *region, int64_t *minor) TS_MUST;
/* The number is printable and new, due is not before issue, log time does not go back. */
enum ts_err ts_ledger_head_check(const struct ts_ledger *ledger,
	const struct ts_ledger_event *event, const struct ts_invoice_head *head,
	struct ts_why *why) TS_MUST;
/* After issue: outstanding net and tax per (document, treatment, rate). */
enum ts_err ts_document_taxed(struct ts_ledger *ledger, const struct ts_invoice *invoice) TS_MUST;

#endif
