/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_IMPORTERS_FRAME_IMPORT_H
#define TS_IMPORTERS_FRAME_IMPORT_H
/* Why: reads files through a source, row by row in bounded memory, and finishes each row's verdict:
 * duplicates and restatements against what was seen, the future, what the stream may carry.
 * Accepted rows are sliced and handed to a sink. The files of one run are one delivery.
 * Invariant: the verdict counts add up to the rows. */
#include "base/num.h"
#include "importers/frame/items.h"
#include "importers/frame/seen.h"

#define TS_IMPORT_REASONS_MAX 96
#define TS_IMPORT_FUTURE_MS INT64_C(300000) /* clocks may differ this much */
#define TS_IMPORT_SPAN_MS_MAX (INT64_C(3660) * 86400 * 1000) /* ten years: no allocation */
#define TS_IMPORT_GROUPS_MAX 1024 /* payers and periods in one delivery */
#define TS_IMPORT_EQUAL_ROWS_MAX 1000 /* of rows that may repeat */

struct ts_import_options {
	struct ts_source_options source;
	int64_t slice_ms; /* 0: only what is longer than a record may be; else slice.h's step */
	int64_t now_ms; /* 0: ends in the future are not looked for */
	bool supersede; /* same key, other content: reverse the earlier lines; else quarantine */
};

/* Where accepted usage goes. Any member may be NULL but ctx's meaning is the sink's own. */
struct ts_import_sink {
	void *ctx;
	/* May the stream carry it? On TS_E_INVALID *reason (static) quarantines the row. */
	enum ts_err (*check)(void *ctx, const struct ts_usage *use, const char **reason);
	/* One u1 line; *index is its place in the stream. */
	enum ts_err (*usage)(
		void *ctx, const struct ts_usage *use, int64_t *index, struct ts_why *why);
	/* One r1 line for an earlier one. */
	enum ts_err (*reverse)(void *ctx, int64_t index, struct ts_why *why);
	enum ts_err (*remember)(void *ctx, const struct ts_seen_entry *entry, struct ts_why *why);
	/* Every row, with the file's name and its line or item number (from 1; 0: it follows from
	 * the file as a whole), after its verdict is final. */
	enum ts_err (*row)(void *ctx, const char *file, int64_t number, const struct ts_row *row,
		struct ts_why *why);
	void (*progress)(void *ctx, int64_t rows, int64_t bytes); /* every 10,000 rows */
};

struct ts_import_report {
	int64_t files;
	int64_t bytes; /* as they are in the files */
	int64_t lines; /* rows and headings */
	int64_t rows;
	int64_t verdicts[TS_ROW_VERDICTS]; /* sum = rows */
	size_t reasons_n;
	struct ts_import_reason {
		enum ts_row_verdict verdict;
		const char *reason;
		int64_t rows;
	} reasons[TS_IMPORT_REASONS_MAX]; /* in order of first use; no entry for accepted */
	int64_t withdrawn; /* earlier rows that a restated delivery no longer has: reversed */
	int64_t records; /* u1 lines */
	int64_t reversals; /* r1 lines */
	ts_i128 quantity; /* of accepted and superseded rows, in device-microseconds */
	int64_t epoch_ms; /* of a source with relative times; else 0 */
	int64_t start_ms; /* earliest and latest of what was accepted; 0, 0 when nothing was */
	int64_t end_ms;
};

struct ts_import;

/* Everything is borrowed until the end; *report is filled as rows are read. */
enum ts_err ts_import_begin(const struct ts_source *source, const struct ts_import_options *options,
	struct ts_seen *seen, const struct ts_import_sink *sink, struct ts_import_report *report,
	struct ts_import **out, struct ts_why *why) TS_MUST;
/* The file is read to its end and stays open. name is for messages and rows. On an error the
 * report covers what was read, and the import can only be freed. */
enum ts_err ts_import_read(
	struct ts_import *import, FILE *file, const char *name, struct ts_why *why) TS_MUST;
/* Rows that only the end of the input shows, and what a restated delivery no longer has. */
enum ts_err ts_import_end(struct ts_import *import, struct ts_why *why) TS_MUST;
void ts_import_free(struct ts_import *import); /* NULL is allowed */

/* All of the above for one file. */
enum ts_err ts_import_file(const struct ts_source *source, const struct ts_import_options *options,
	FILE *file, struct ts_seen *seen, const struct ts_import_sink *sink,
	struct ts_import_report *report, struct ts_why *why) TS_MUST;

#endif
