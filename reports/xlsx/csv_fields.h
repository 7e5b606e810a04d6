/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_REPORTS_CSV_FIELDS_H
#define TS_REPORTS_CSV_FIELDS_H
/* Why: reads back what ts_csv wrote (reports/csv.h), row by row. */
#include "base/region.h"
#include "base/text.h"
#include <stdbool.h>

struct ts_csv_fields {
	struct ts_str rest;
	bool row_over;
	enum ts_err err;
};
/* The next field of this row, copied into the region; false behind its last one. */
bool ts_csv_fields_next(struct ts_csv_fields *in, struct ts_region *region, const char **out);
/* To the next row; false at the end. */
bool ts_csv_fields_row(struct ts_csv_fields *in);

#endif
