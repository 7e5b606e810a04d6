/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_AUDITOR_SHEET_H
#define TS_SERVICE_AUDITOR_SHEET_H
/* Why: most of an audit is one comparison: the rows that must be in a table, against those that
 * are. A sheet takes the expected ones, each as key and text, and a named query gives the others in
 * the same form; what differs, is absent or too much becomes a finding with its key. */
#include "base/buf.h"
#include "book/rows.h"
#include "evidence/cell.h"
#include "service/auditor/auditor.h"

struct ts_auditor;

struct ts_sheet {
	struct ts_auditor *auditor;
	enum ts_auditor_check check;
	const char *table, *query;
	bool absent_allowed; /* only rows that are there are compared */
	struct ts_region *region;
	struct ts_rowset rows;
	struct ts_buf key, row; /* of the next expected row: print, then ts_sheet_put */
	size_t found; /* by the comparison that runs */
	enum ts_err err; /* sticks */
};
/* Closed with ts_sheet_end, also after an error of begin. */
enum ts_err ts_sheet_begin(struct ts_sheet *sheet, struct ts_auditor *auditor,
	enum ts_auditor_check check, const char *table, const char *query) TS_MUST;
void ts_sheet_end(struct ts_sheet *sheet);
/* Takes what is in key and row, and empties both. */
void ts_sheet_put(struct ts_sheet *sheet);
/* Fields of a row, each with a TAB before it but the first. */
void ts_sheet_text(struct ts_sheet *sheet, struct ts_str text);
void ts_sheet_int(struct ts_sheet *sheet, int64_t v);
void ts_sheet_hash(struct ts_sheet *sheet, const struct ts_hash *hash);
void ts_sheet_hash_of(struct ts_sheet *sheet, const void *bytes, size_t len); /* SHA-256, hex */
void ts_sheet_hex(struct ts_sheet *sheet, const void *bytes, size_t len);
void ts_sheet_digest(struct ts_sheet *sheet, const struct ts_digest *digest);
/* Runs the query; findings for what differs. The sheet is empty afterwards. *n (NULL allowed): rows
 * that were read are added. */
enum ts_err ts_sheet_compare(
	struct ts_sheet *sheet, const struct ts_args *args, int64_t *n, struct ts_why *why) TS_MUST;

#endif
