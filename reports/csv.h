/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_CSV_H
#define TS_REPORTS_CSV_H
/* Why: RFC 4180 for all reports: CRLF, quotes doubled, UTF-8. Text that a spreadsheet would take
 * for a formula (leading = + - @ TAB CR) gets an apostrophe in front (CWE-1236); that is decided by
 * the column's type, so negative amounts stay numbers. */
#include "base/buf.h"
#include <stdbool.h>

struct ts_csv {
	struct ts_buf *out;
	bool raw; /* no formula guard: for machines */
	bool begun; /* the row has a field already */
};

void ts_csv_text(struct ts_csv *csv, const char *text); /* NULL is empty */
void ts_csv_number(struct ts_csv *csv, const char *decimal); /* NULL is empty; never guarded */
void ts_csv_integer(struct ts_csv *csv, int64_t value);
void ts_csv_end(struct ts_csv *csv); /* ends the row */
/* A header row of n names. */
void ts_csv_header(struct ts_csv *csv, const char *const *names, size_t n);

#endif
