/* SPDX-License-Identifier: Apache-2.0 */
#include "service/command/import_report.h"
#include "base/time.h"

static void print_verdict(const struct ts_import_report *report, enum ts_row_verdict verdict)
{
	if (report->verdicts[verdict] == 0)
		return;
	printf("  %-13s %-24s %12lld\n", ts_row_verdict_name(verdict), "",
		(long long)report->verdicts[verdict]);
	for (size_t i = 0; i < report->reasons_n; i++)
		if (report->reasons[i].verdict == verdict)
			printf("  %-13s %-24s %12lld\n", "", report->reasons[i].reason,
				(long long)report->reasons[i].rows);
}

void ts_import_report_print(
	const char *file, const struct ts_source *source, const struct ts_import_report *report)
{
	char text[TS_DECIMAL_CHARS];
	char from[TS_TIME_CHARS];
	char to[TS_TIME_CHARS];
	printf("%s (%s)\n", file, source->name);
	for (int v = 0; v < TS_ROW_VERDICTS; v++)
		print_verdict(report, (enum ts_row_verdict)v);
	printf("  %-13s %-24s %12lld\n", "rows", "", (long long)report->rows);
	printf("  %s GPU-seconds", ts_ratio_format(report->quantity, TS_US_PER_S, 6, text));
	printf(" (%s GPU-hours)", ts_ratio_format(report->quantity, TS_US_PER_HOUR, 3, text));
	printf(" in %lld records", (long long)report->records);
	if (report->reversals)
		printf(", %lld earlier ones reversed", (long long)report->reversals);
	if (report->withdrawn)
		printf(" (%lld rows are no longer in the delivery)", (long long)report->withdrawn);
	if (report->records)
		printf("\n  from %s to %s", ts_time_format(report->start_ms * TS_US_PER_MS, from),
			ts_time_format(report->end_ms * TS_US_PER_MS, to));
	printf("\n  %s", source->time_note);
	if (source->relative)
		printf(": %s", ts_time_format(report->epoch_ms * TS_US_PER_MS, from));
	printf("\n");
}

static json_t *time_json(const struct ts_import_report *report, int64_t ms)
{
	char text[TS_TIME_CHARS];
	if (report->records == 0)
		return json_null();
	return json_string(ts_time_format(ms * TS_US_PER_MS, text));
}

json_t *ts_import_report_json(
	const char *file, const struct ts_source *source, const struct ts_import_report *report)
{
	char seconds[TS_DECIMAL_CHARS];
	char quantity[TS_I128_CHARS];
	json_t *verdicts = json_object();
	json_t *reasons = json_array();
	for (int v = 0; v < TS_ROW_VERDICTS; v++)
		json_object_set_new(verdicts, ts_row_verdict_name((enum ts_row_verdict)v),
			json_integer(report->verdicts[v]));
	for (size_t i = 0; i < report->reasons_n; i++)
		json_array_append_new(
			reasons, json_pack("{s:s,s:s,s:I}", "verdict",
					 ts_row_verdict_name(report->reasons[i].verdict), "reason",
					 report->reasons[i].reason, "rows",
					 (json_int_t)report->reasons[i].rows));
	char epoch[TS_TIME_CHARS];
	ts_time_format(report->epoch_ms * TS_US_PER_MS, epoch);
	return json_pack("{s:s,s:s,s:I,s:o,s:o,s:I,s:I,s:s,s:s,s:o,s:o,s:s,s:o,s:I}", "file", file,
		"source", source->name, "rows", (json_int_t)report->rows, "verdicts", verdicts,
		"reasons", reasons, "records", (json_int_t)report->records, "reversals",
		(json_int_t)report->reversals, "gpu_seconds",
		ts_ratio_format(report->quantity, TS_US_PER_S, 6, seconds), "device_microseconds",
		ts_i128_format(report->quantity, quantity), "from",
		time_json(report, report->start_ms), "to", time_json(report, report->end_ms),
		"times", source->time_note, "epoch",
		source->relative ? json_string(epoch) : json_null(), "withdrawn",
		(json_int_t)report->withdrawn);
}
