/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_TABLE_H
#define TS_REPORTS_TABLE_H
/* Why: text tables for terminals. Columns are as wide as their widest cell, counted in terminal
 * cells (wide and combining characters included) and independent of the locale. Control
 * characters and bytes that are not UTF-8 print as U+FFFD, so that data cannot steer a terminal. */
#include "base/buf.h"
#include "base/region.h"
#include <stdbool.h>

enum ts_align { TS_ALIGN_LEFT, TS_ALIGN_RIGHT, TS_ALIGN_CENTER };

struct ts_table_column {
	const char *title;
	enum ts_align align;
	int width_max; /* in terminal cells; longer text ends in U+2026. 0: no limit */
};

#define TS_TABLE_COLUMNS_MAX 16

struct ts_table;

/* columns are borrowed, everything else lives in the region. n in 1..TS_TABLE_COLUMNS_MAX. NULL
 * when the region is full. */
struct ts_table *ts_table_create(
	struct ts_region *region, const struct ts_table_column *columns, size_t n) TS_MUST;
/* One cell per column, NULL is empty; texts are copied. A failure sticks and shows at the end. */
void ts_table_row(struct ts_table *table, const char *const *cells);
/* A rule before the next row (totals). */
void ts_table_rule(struct ts_table *table);
/* Header, rule and rows, each line with LF and without trailing blanks. TS_E_NO_MEMORY or what
 * stuck in out. */
enum ts_err ts_table_write(const struct ts_table *table, struct ts_buf *out) TS_MUST;

/* Terminal cells that the text takes. */
int ts_table_width(const char *text);

#endif
