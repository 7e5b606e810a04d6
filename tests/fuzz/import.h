/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_FUZZ_IMPORT_H
#define TS_TESTS_FUZZ_IMPORT_H
/* Why: what must hold for any bytes that any source reads: it ends, the counts add up (asserted by
 * import.c), every accepted use is a line that the record parser takes, and the same bytes again
 * accept nothing. Header only, as each target is one program of one file. */
#include "fuzz/fuzz.h"
#include "importers/frame/catalog.h"
#include "importers/frame/import.h"
#include <stdio.h>
#include <string.h>

static inline enum ts_err fuzz_use(
	void *ctx, const struct ts_usage *use, int64_t *index, struct ts_why *why)
{
	const struct ts_record record = {.tag = TS_RECORD_USAGE, .usage = *use};
	const char *reason = "";
	struct ts_buf line;
	(void)why;
	ts_buf_init(&line, TS_RECORD_BYTES_MAX);
	TS_ASSERT(ts_record_format(&record, &line, &reason) == TS_OK);
	ts_buf_free(&line);
	*index = ++*(int64_t *)ctx;
	return TS_OK;
}

static inline int fuzz_import(const char *name, const uint8_t *data, size_t size)
{
	static struct ts_catalog *catalog; /* made once: it is not what is tested */
	int64_t lines = 0;
	struct ts_why making = {0};
	if (!catalog && ts_catalog_create(&catalog, &making) != TS_OK)
		return 0;
	const struct ts_import_sink sink = {.ctx = &lines, .usage = fuzz_use};
	const struct ts_import_options options = {
		.source = {.sku = "gpu",
			.class = "on_demand",
			.catalog = catalog,
			.epoch_ms = INT64_C(1688169600000),
			/* A source looks only for its own. */
			.settings_n = 7,
			.settings = {{"processors-sku", "core"}, {"mig", "memory"},
				{"profile", "lenient"}, {"step", "60"}, {"reconcile", "yes"},
				{"down", "excluded_fault"}, {"workload-label", "job"}}}};
	struct ts_seen *seen = NULL;
	if (size == 0 || ts_seen_create(&seen) != TS_OK)
		return 0;
	for (int run = 0; run < 2; run++) {
		struct ts_import_report report;
		struct ts_why why = {0};
		FILE *file = fmemopen((void *)(uintptr_t)data, size, "rb");
		if (!file)
			break;
		enum ts_err err = ts_import_file(
			ts_source_find(name), &options, file, seen, &sink, &report, &why);
		fclose(file);
		TS_ASSERT(err == TS_OK || why.text[0] != '\0');
		TS_ASSERT(run == 0 || report.verdicts[TS_ROW_ACCEPTED] == 0);
	}
	ts_seen_free(seen);
	return 0;
}

#endif
