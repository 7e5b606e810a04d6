/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_XLSX_H
#define TS_REPORTS_XLSX_H
/* Why: finance opens reports in a spreadsheet. A workbook is made of the CSV renderings of the same
 * report, so both say the same: numbers and dates are cells of their kind, the header stands still,
 * amounts are totalled by formulas. A spreadsheet's numbers have 15 digits: what has more is text,
 * to the last digit. The same input gives the same bytes. */
#include "base/buf.h"
#include "base/money.h"
#include "base/region.h"
#include <stdbool.h>

#define TS_XLSX_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

struct ts_xlsx_sheet {
	const char *name; /* at most 31 characters */
	struct ts_str csv; /* RFC 4180 of ts_csv, with its header */
	bool totals; /* a row of sums below the amounts */
};
struct ts_xlsx {
	const char *title, *company;
	int64_t created_us; /* of what it shows, not of its making */
	const struct ts_currency *currency; /* of the amounts: their number format */
	const struct ts_xlsx_sheet *sheets;
	size_t sheets_n;
};
/* Appends the workbook. TS_E_LIMIT: more than TS_XLSX_ROWS_MAX rows. */
#define TS_XLSX_ROWS_MAX 1048000
enum ts_err ts_xlsx_write(const struct ts_xlsx *workbook, struct ts_region *region,
	struct ts_buf *out, struct ts_why *why) TS_MUST;

#endif
