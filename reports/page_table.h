/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_PAGE_TABLE_H
#define TS_REPORTS_PAGE_TABLE_H
/* Why: a table over as many pages as its rows need: the header repeats, and a running total is
 * carried forward at the foot of a page and brought forward at the head of the next. */
#include "reports/page.h"

#define TS_PAGE_COLUMNS_MAX 10

struct ts_page_column {
	const char *title;
	enum ts_align align;
	int width_min; /* tenths of a point */
	bool rest; /* exactly one column takes what the others leave */
};

struct ts_page_cell {
	const char *text; /* NULL: empty */
	enum ts_page_style style;
};

struct ts_page_table {
	const struct ts_page_column *columns;
	size_t n;
	int x, width;
	const char *carry_label[2]; /* at the foot, at the head; NULL: nothing is carried */
	int widths[TS_PAGE_COLUMNS_MAX]; /* set by fit and begin */
};

/* Widens column i (not the rest) so that the text fits. Before begin, any number of times. */
void ts_page_table_fit(struct ts_page *page, struct ts_page_table *table, size_t column,
	enum ts_page_style style, const char *text);
/* Settles the widths and draws the header at the pen, with room for a row below. */
void ts_page_table_begin(struct ts_page *page, struct ts_page_table *table);
/* A heading within the table; stays with the row that follows. carry as below. */
void ts_page_table_section(struct ts_page *page, const struct ts_page_table *table,
	const char *title, const char *carry);
/* notes: small lines below the cells, from the rest column up to the last one; ends with NULL, or
 * NULL. carry: the running total before this row (last column), NULL when there is none yet. */
void ts_page_table_row(struct ts_page *page, const struct ts_page_table *table,
	const struct ts_page_cell *cells, const char *const *notes, const char *carry);
/* A closing line. */
void ts_page_table_end(struct ts_page *page, const struct ts_page_table *table);

#endif
