/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_INVOICE_UBL_H
#define TS_REPORTS_INVOICE_UBL_H
/* Why: the document that the receiver's software books without retyping: UBL 2.1, EN 16931, Peppol
 * BIS Billing 3. A rendering of the model that computes nothing but sums of its own rows. It is
 * made only when the contract says all that such a document needs, and when it holds every rule of
 * a receiver's validator (reports/en16931); else what is missing or wrong is listed in words. */
#include "base/buf.h"
#include "book/invoice.h"

#define TS_INVOICE_UBL_BYTES_MAX (8 * 1024 * 1024)
#define TS_UBL_REFUSALS_MAX 100

struct ts_ubl_refusal {
	const char *where; /* JSON pointer into the terms, or the place in the document */
	const char *rule; /* "BR-CO-10"; NULL when the terms miss something */
	const char *text;
};
struct ts_ubl_refusals {
	struct ts_ubl_refusal rows[TS_UBL_REFUSALS_MAX];
	size_t n;
};

/* What the terms lack for this document; n 0: nothing. */
enum ts_err ts_invoice_ubl_missing(const struct ts_invoice *invoice, struct ts_region *region,
	struct ts_ubl_refusals *out) TS_MUST;
/* Appends the document (out: TS_INVOICE_UBL_BYTES_MAX) without checking it; for documents without
 * missing members. TS_E_INTERNAL when the model does not add up. */
enum ts_err ts_invoice_ubl_write(
	const struct ts_invoice *invoice, struct ts_region *region, struct ts_buf *out) TS_MUST;
/* Writes and checks. TS_E_INVALID: nothing appended, *refusals says why, *why sums it up. */
enum ts_err ts_invoice_ubl(const struct ts_invoice *invoice, struct ts_region *region,
	struct ts_buf *out, struct ts_ubl_refusals *refusals, struct ts_why *why) TS_MUST;

#endif
