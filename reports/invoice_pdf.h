/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_INVOICE_PDF_H
#define TS_REPORTS_INVOICE_PDF_H
/* Why: the invoice, credit note or preview as a page that a finance team files. A rendering of the
 * model: it adds nothing up but the carry-forward, and refuses a model that does not add up. */
#include "base/buf.h"
#include "book/invoice.h"

/* Same model, same bytes, on any machine with the same cairo, pango and fonts: no clock, locale or
 * font configuration takes part. Appends the file to out (give it TS_INVOICE_PDF_BYTES_MAX).
 * TS_E_UNAVAILABLE when a font is missing (*why names the package), TS_E_INTERNAL when the model
 * does not add up, TS_E_LIMIT, TS_E_NO_MEMORY. */
#define TS_INVOICE_PDF_BYTES_MAX (32 * 1024 * 1024)
enum ts_err ts_invoice_pdf(const struct ts_invoice *invoice, struct ts_region *region,
	struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
