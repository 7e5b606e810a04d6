/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_IMPORT_REPORT_H
#define TS_SERVICE_IMPORT_REPORT_H
/* Why: what `tallystick import` tells about a file: every row's verdict, counted, and the totals
 * that can be held against the source's own. */
#include "importers/frame/import.h"
#include <jansson.h>

void ts_import_report_print(
	const char *file, const struct ts_source *source, const struct ts_import_report *report);
/* {"file","source","rows","verdicts":{...},"reasons":[{"verdict","reason","rows"}],"records",
 * "reversals","gpu_seconds","device_microseconds","from","to","times","epoch"}; NULL without
 * memory. */
json_t *ts_import_report_json(const char *file, const struct ts_source *source,
	const struct ts_import_report *report) TS_MUST;

#endif
