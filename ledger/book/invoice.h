/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_BOOK_INVOICE_H
#define TS_BOOK_INVOICE_H
/* Why: the document, as one model from which every rendering is made; renderers never recompute.
 * Document = body (pure function of (N, D), equal in preview and final) + head (number, dates,
 * evidence). The journal carries number and SHA-256 of the document's canonical JSON. */
#include "base/region.h"
#include "evidence/completeness.h"
#include "evidence/sha256.h"
#include "terms/rate.h"

struct ts_invoice_line {
	int32_t number; /* 1.. */
	enum ts_charge_kind kind;
	const char *id, *section, *description; /* of the price, fee or minimum */
	const char *sku, *sku_name, *pricing_class, *unit; /* "" where none */
	int32_t version; /* of the terms */
	int32_t tier;
	int32_t period;
	struct ts_period service; /* that period */
	int32_t from_day, to_day; /* service period, half-open contract days */
	ts_i128 base_quantity; /* exact base units */
	ts_i128 divisor;
	bool has_unit_price; /* else quantity is 1 and the unit price is the net */
	struct ts_decimal unit_price;
	int64_t net_minor;
	int32_t treatment; /* its place, the same in every version that has it */
	struct ts_decimal percent;
	const char *adjusts; /* document whose line this reverses or re-states; NULL */
	bool reversal; /* the billed line with its sign turned */
	const char *trace;
	const char *prepayment; /* drawdown: number of the prepayment's invoice; NULL */
};
struct ts_invoice_deposit { /* paid before, and drawn now */
	int32_t item;
	const char *id, *number; /* of the prepayment, of its invoice */
	int64_t amount_minor;
};
struct ts_invoice_tax {
	int32_t treatment;
	const char *category, *jurisdiction, *reason; /* reason NULL */
	struct ts_decimal percent;
	int64_t net_minor, tax_minor;
};
/* Stored as numbers: only ever add behind the last. */
enum ts_document_kind { TS_DOCUMENT_INVOICE, TS_DOCUMENT_CREDIT_NOTE, TS_DOCUMENT_PREPAYMENT };
const char *ts_document_kind_name(enum ts_document_kind kind); /* "invoice", "credit_note", ... */

/* What is added at issue. All zero or NULL in a preview. A prepayment's invoice rests on the
 * contract note alone: what follows it is zero. */
struct ts_invoice_head {
	const char *number;
	int32_t issue_day, due_day;
	struct ts_hash contract_note; /* SHA-256 of the statement text that governs */
	int64_t inputs_size; /* N of the cut */
	struct ts_hash inputs_root;
	int64_t journal_size; /* after the cut's entries */
	struct ts_hash journal_root;
	const char *inputs_origin, *journal_origin;
	bool unwitnessed;
	struct ts_completeness completeness; /* of the period's windows at N */
	int64_t gap; /* leaf of the gap event by which both companies accept what is absent; -1 */
	bool incomplete; /* issued over a gap that was not accepted in time */
};

struct ts_invoice {
	enum ts_document_kind kind;
	const struct ts_terms *terms; /* the version that governs the period's last day */
	const struct ts_terms *newest; /* has every treatment that a line may name; NULL: terms */
	struct ts_period period;
	int64_t inputs_to; /* N */
	int32_t day; /* D */
	struct ts_invoice_line *lines;
	size_t lines_n;
	struct ts_invoice_tax *taxes;
	size_t taxes_n;
	int64_t subtotal_minor, tax_minor, total_minor; /* credit note: signs turned, >= 0 */
	struct ts_invoice_deposit *deposits;
	size_t deposits_n;
	int64_t prepaid_minor; /* their sum; total - prepaid is to be paid */
	struct ts_invoice_head head;
	bool has_head;
};

/* Of a line or a tax row. */
const struct ts_treatment *ts_invoice_treatment(
	const struct ts_invoice *invoice, int32_t treatment);

/* Canonical JSON (docs/formats/invoice.md): {"body":{...}} or {"body":{...},"head":{...}}. */
enum ts_err ts_invoice_json(const struct ts_invoice *invoice, struct ts_region *region,
	const char **bytes, size_t *len) TS_MUST;
/* The body alone, for preview = final comparisons. */
enum ts_err ts_invoice_body_json(const struct ts_invoice *invoice, struct ts_region *region,
	const char **bytes, size_t *len) TS_MUST;
/* SHA-256 of ts_invoice_json's bytes. */
enum ts_err ts_invoice_hash(
	const struct ts_invoice *invoice, struct ts_region *region, struct ts_hash *out) TS_MUST;

#endif
