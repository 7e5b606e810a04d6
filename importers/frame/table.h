/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_TABLE_H
#define TS_IMPORTERS_FRAME_TABLE_H
/* Why: which cell of a row is which field follows from the heading, whatever the order of the
 * columns and whatever other columns there are. Files put one after another have a heading each. */
#include "importers/frame/source.h"

#define TS_TABLE_ALTERNATIVES_MAX 4

struct ts_table {
	const struct ts_form *form;
	char separator;
	bool known; /* the layout */
	size_t n; /* columns in a row */
	bool rest_last; /* the last column takes the rest of the line */
	bool trailing; /* every row ends in a separator (sacct --parsable) */
	struct ts_str first_name; /* kept in names */
	int16_t at[TS_SOURCE_FIELDS_MAX][TS_TABLE_ALTERNATIVES_MAX]; /* column; -1: no more */
	struct ts_str columns[TS_SOURCE_COLUMNS_MAX]; /* of the row at hand */
	struct ts_str cells[TS_SOURCE_FIELDS_MAX];
	char names[256];
};

/* columns: a comma list that replaces the heading, or NULL. */
enum ts_err ts_table_begin(struct ts_table *table, const struct ts_form *form, const char *columns,
	void *state, struct ts_why *why) TS_MUST;
/* *heading true: the line was one, and there is no row. Else table->cells are set, or *reason is
 * (column_count, quote_malformed) with a detail. The line's bytes are changed (quotes). */
enum ts_err ts_table_line(struct ts_table *table, struct ts_str line, void *state, bool *heading,
	const char **reason, char detail[200], struct ts_why *why) TS_MUST;

#endif
