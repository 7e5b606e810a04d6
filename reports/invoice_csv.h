/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_INVOICE_CSV_H
#define TS_REPORTS_INVOICE_CSV_H
/* Why: the document for spreadsheets and import scripts. One header row; one row per line (`row` =
 * "line"), then one per tax ("tax"), then "subtotal", "tax_total", "total"; the document's own
 * columns repeat on each row. Amounts and quantities are plain decimals; base_quantity / divisor is
 * the exact quantity. Dates are YYYY-MM-DD, `to_date` is the last day (included). */
#include "base/buf.h"
#include "book/invoice.h"

/* Appends. raw: without the formula guard, for machines (reports/csv.h). TS_E_INTERNAL when the
 * model does not add up. */
enum ts_err ts_invoice_csv(const struct ts_invoice *invoice, bool raw, struct ts_buf *out) TS_MUST;

#endif
