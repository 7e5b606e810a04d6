/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_UBL_LINE_H
#define TS_REPORTS_UBL_LINE_H
/* Internal: a line of ours as an InvoiceLine, a CreditNoteLine or an allowance of the document. */
#include "book/invoice.h"
#include "reports/xml.h"

/* A discount, cap or service credit of the period itself is an allowance of the document; what
 * adjusts an earlier document stays a line, because only a line names its period. */
bool ts_ubl_line_is_allowance(const struct ts_invoice *invoice, const struct ts_invoice_line *line);
void ts_ubl_line_allowance(
	struct ts_xml *xml, const struct ts_invoice *invoice, const struct ts_invoice_line *line);
void ts_ubl_line(
	struct ts_xml *xml, const struct ts_invoice *invoice, const struct ts_invoice_line *line);

/* The line shows quantity x unit price; else it is one lump sum. */
bool ts_ubl_line_is_counted(const struct ts_invoice *invoice, const struct ts_invoice_line *line);
/* The SKU of a line in the version that has it; NULL. */
const struct ts_sku *ts_ubl_line_sku(
	const struct ts_invoice *invoice, const struct ts_invoice_line *line, size_t *index);

#endif
