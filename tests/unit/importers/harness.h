/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_IMPORTERS_HARNESS_H
#define TS_TESTS_IMPORTERS_HARNESS_H
/* Why: importer tests feed text or a fixture and look at verdicts and usage. Header only, so that
 * each test stays one program of one file. */
#include "importers/frame/import.h"
#include "support/file.h"
#include "support/test.h"
#include <stdlib.h>
#include <string.h>

#define HARNESS_USES 4096

struct kept_row {
	int64_t line;
	enum ts_row_verdict verdict;
	char reason[40];
	char detail[200];
};
struct kept_use {
	int64_t start_ms, end_ms, devices_milli, quantity;
	char sku[80], class[80], workload[80], resource[80], account[80];
};
struct harness {
	struct ts_import_options options;
	struct ts_import_report report;
	struct ts_seen *seen;
	struct ts_why why;
	size_t rows_n, uses_n, reversed_n;
	struct kept_row rows[HARNESS_USES];
	struct kept_use uses[HARNESS_USES];
	int64_t reversed[HARNESS_USES];
};

static inline void keep(char out[80], struct ts_str text)
{
	assert_true(text.len < 80);
	memcpy(out, text.at, text.len);
	out[text.len] = '\0';
}

static inline enum ts_err keep_use(
	void *ctx, const struct ts_usage *use, int64_t *index, struct ts_why *why)
{
	struct harness *h = ctx;
	(void)why;
	*index = (int64_t)h->uses_n;
	if (h->uses_n == HARNESS_USES)
		return TS_OK;
	struct kept_use *kept = &h->uses[h->uses_n++];
	kept->start_ms = use->start_ms;
	kept->end_ms = use->end_ms;
	kept->devices_milli = use->devices_milli;
	kept->quantity = use->quantity;
	keep(kept->sku, use->sku);
	keep(kept->class, use->class);
	keep(kept->workload, use->workload);
	keep(kept->resource, use->resource);
	keep(kept->account, use->account);
	return TS_OK;
}

static inline enum ts_err keep_reversal(void *ctx, int64_t index, struct ts_why *why)
{
	struct harness *h = ctx;
	(void)why;
	h->reversed[h->reversed_n++] = index;
	return TS_OK;
}

static inline enum ts_err keep_row(
	void *ctx, const char *file, int64_t line, const struct ts_row *row, struct ts_why *why)
{
	struct harness *h = ctx;
	(void)why;
	assert_non_null(file);
	if (h->rows_n == HARNESS_USES)
		return TS_OK;
	struct kept_row *kept = &h->rows[h->rows_n++];
	kept->line = line;
	kept->verdict = row->verdict;
	snprintf(kept->reason, sizeof(kept->reason), "%s", row->reason);
	snprintf(kept->detail, sizeof(kept->detail), "%s", row->detail);
	return TS_OK;
}

static inline struct harness *harness_new(void)
{
	struct harness *h = calloc(1, sizeof(*h));
	assert_non_null(h);
	h->options.source.sku = "gpu";
	h->options.source.class = "on_demand";
	assert_int_equal(ts_seen_create(&h->seen), TS_OK);
	return h;
}

static inline void harness_free(struct harness *h)
{
	ts_seen_free(h->seen);
	free(h);
}

/* Keeps what was seen; forgets the rows of the run before. */
static inline enum ts_err harness_run(struct harness *h, const char *source, FILE *file)
{
	const struct ts_import_sink sink = {
		.ctx = h, .usage = keep_use, .reverse = keep_reversal, .row = keep_row};
	assert_non_null(file);
	h->rows_n = h->uses_n = h->reversed_n = 0;
	enum ts_err err = ts_import_file(
		ts_source_find(source), &h->options, file, h->seen, &sink, &h->report, &h->why);
	fclose(file);
	int64_t sum = 0;
	for (size_t i = 0; i < TS_ROW_VERDICTS; i++)
		sum += h->report.verdicts[i];
	assert_int_equal(sum, h->report.rows);
	return err;
}

static inline enum ts_err harness_fixture(struct harness *h, const char *source, const char *path)
{
	char name[1024];
	snprintf(name, sizeof(name), "usage/%s", path);
	char *full = ts_fixture_path(name);
	FILE *file = fopen(full, "rb");
	free(full);
	return harness_run(h, source, file);
}

static inline enum ts_err harness_text(
	struct harness *h, const char *source, const char *text, size_t len)
{
	return harness_run(h, source, fmemopen((void *)(uintptr_t)text, len, "rb"));
}

static inline int64_t harness_reason(
	const struct harness *h, enum ts_row_verdict verdict, const char *reason)
{
	for (size_t i = 0; i < h->report.reasons_n; i++)
		if (h->report.reasons[i].verdict == verdict &&
			strcmp(h->report.reasons[i].reason, reason) == 0)
			return h->report.reasons[i].rows;
	return 0;
}

#endif
