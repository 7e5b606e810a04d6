/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_TEXT_H
#define TS_REPORTS_TEXT_H
/* Why: what a person at a terminal wants to see of an invoice and of usage. */
#include "base/buf.h"
#include "book/invoice.h"

/* Parties, number, dates, lines, taxes, totals, evidence (`tallystick invoice show`). */
enum ts_err ts_invoice_text(
	const struct ts_invoice *invoice, struct ts_region *region, struct ts_buf *out) TS_MUST;
/* The charge table alone: lines, subtotal, tax, total. */
enum ts_err ts_charges_text(
	const struct ts_invoice *invoice, struct ts_region *region, struct ts_buf *out) TS_MUST;

/* Measured usage, summed by whoever queried it. */
struct ts_usage_sum {
	const char *sku, *pricing_class;
	const char *unit; /* as printed */
	ts_i128 divisor; /* base units per unit */
	int64_t records;
	ts_i128 quantity; /* base units */
};
enum ts_err ts_usage_text(const struct ts_usage_sum *sums, size_t n, struct ts_region *region,
	struct ts_buf *out) TS_MUST;

#endif
