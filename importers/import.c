/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/import.h"
#include "importers/lines.h"
#include "importers/slice.h"
#include <string.h>

#define STATE_BYTES_MAX 65536

struct run {
	const struct ts_source *source;
	const struct ts_import_options *options;
	struct ts_seen *seen;
	const struct ts_import_sink *sink;
	struct ts_import_report *report;
	struct ts_why *why;
	int64_t line;
	struct ts_row row;
};

static void reset_row(struct ts_row *row)
{
	row->header = false;
	row->verdict = TS_ROW_QUARANTINED;
	row->reason = "not_judged";
	row->detail[0] = '\0';
	row->n = 0;
	row->text_len = 0;
}

/* All slices of the row may go into the stream, or none does. */
static enum ts_err check_slices(struct run *run)
{
	struct ts_row *row = &run->row;
	for (size_t i = 0; i < row->n && run->sink->check; i++) {
		struct ts_slices slices;
		struct ts_usage slice;
		ts_slices_begin(&slices, &row->uses[i], run->options->slice_ms);
		while (ts_slices_next(&slices, &slice)) {
			const char *reason = "";
			enum ts_err err = run->sink->check(run->sink->ctx, &slice, &reason);
			if (err == TS_OK)
				continue;
			if (err != TS_E_INVALID)
				return err;
			ts_row_judge(row, TS_ROW_QUARANTINED, reason,
				"the stream may not carry sku %.*s, resource %.*s, from %lld ms",
				(int)slice.sku.len, slice.sku.at, (int)slice.resource.len,
				slice.resource.at, (long long)slice.start_ms);
			return TS_OK;
		}
	}
	return TS_OK;
}

/* What a row alone could not know. The verdict is final afterwards. */
static enum ts_err finish_verdict(
	struct run *run, const struct ts_seen_entry **earlier, uint8_t content[TS_ROW_KEY_BYTES])
{
	struct ts_row *row = &run->row;
	*earlier = NULL;
	for (size_t i = 0; i < row->n; i++) {
		if (run->options->now_ms == 0 ||
			row->uses[i].end_ms <= run->options->now_ms + TS_IMPORT_FUTURE_MS)
			continue;
		ts_row_judge(row, TS_ROW_QUARANTINED, "end_in_future",
			"ends at %lld ms, now is %lld ms", (long long)row->uses[i].end_ms,
			(long long)run->options->now_ms);
		return TS_OK;
	}
	ts_row_content(row, content);
	const struct ts_seen_entry *entry = ts_seen_find(run->seen, row->key);
	if (entry && memcmp(entry->content, content, TS_ROW_KEY_BYTES) == 0) {
		ts_row_judge(row, TS_ROW_DUPLICATE, "seen", "same row as at stream index %lld",
			(long long)entry->first);
		return TS_OK;
	}
	TS_TRY(check_slices(run));
	if (!entry || row->verdict != TS_ROW_ACCEPTED)
		return TS_OK;
	if (!run->options->supersede) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "key_conflict",
			"differs from the row that stands at stream index %lld",
			(long long)entry->first);
		return TS_OK;
	}
	row->verdict = TS_ROW_SUPERSEDED;
	row->reason = "revised";
	*earlier = entry;
	return TS_OK;
}

static enum ts_err emit(struct run *run, struct ts_seen_entry *entry)
{
	struct ts_import_report *report = run->report;
	for (size_t i = 0; i < run->row.n; i++) {
		const struct ts_usage *use = &run->row.uses[i];
		struct ts_slices slices;
		struct ts_usage slice;
		ts_slices_begin(&slices, use, run->options->slice_ms);
		while (ts_slices_next(&slices, &slice)) {
			int64_t index = report->records;
			if (run->sink->usage)
				TS_TRY(run->sink->usage(run->sink->ctx, &slice, &index, run->why));
			if (entry->count == 0)
				entry->first = index;
			entry->count++;
			report->records++;
		}
		TS_TRY(ts_add128(report->quantity, use->quantity, &report->quantity));
		if (report->end_ms == 0 || use->start_ms < report->start_ms)
			report->start_ms = use->start_ms;
		if (use->end_ms > report->end_ms)
			report->end_ms = use->end_ms;
	}
	return TS_OK;
}

static enum ts_err take_accepted(struct run *run)
{
	struct ts_seen_entry entry = {0};
	const struct ts_seen_entry *earlier = NULL;
	TS_TRY(finish_verdict(run, &earlier, entry.content));
	if (run->row.verdict != TS_ROW_ACCEPTED && run->row.verdict != TS_ROW_SUPERSEDED)
		return TS_OK;
	for (int64_t i = 0; earlier && i < earlier->count; i++) {
		if (run->sink->reverse)
			TS_TRY(run->sink->reverse(run->sink->ctx, earlier->first + i, run->why));
		run->report->reversals++;
	}
	memcpy(entry.key, run->row.key, sizeof(entry.key));
	TS_TRY(emit(run, &entry));
	if (ts_seen_put(run->seen, &entry) != TS_OK)
		return ts_why(run->why, TS_E_LIMIT, "seen",
			"more than %d rows in one generation of a stream", TS_SEEN_KEYS_MAX);
	if (run->sink->remember)
		TS_TRY(run->sink->remember(run->sink->ctx, &entry, run->why));
	return TS_OK;
}

static enum ts_err count_row(struct run *run)
{
	struct ts_import_report *report = run->report;
	const struct ts_row *row = &run->row;
	report->rows++;
	report->verdicts[row->verdict]++;
	if (row->verdict == TS_ROW_ACCEPTED)
		return TS_OK;
	for (size_t i = 0; i < report->reasons_n; i++) {
		struct ts_import_reason *known = &report->reasons[i];
		if (known->verdict == row->verdict && strcmp(known->reason, row->reason) == 0) {
			known->rows++;
			return TS_OK;
		}
	}
	if (report->reasons_n == TS_IMPORT_REASONS_MAX)
		return ts_why(run->why, TS_E_INTERNAL, run->source->name, "too many reasons");
	report->reasons[report->reasons_n++] = (struct ts_import_reason){
		row->verdict, row->reason, 1};
	return TS_OK;
}

static enum ts_err take_line(struct run *run, void *state, const struct ts_line *line)
{
	struct ts_row *row = &run->row;
	reset_row(row);
	if (line->too_long)
		ts_row_judge(row, TS_ROW_QUARANTINED, "line_too_long", "more than %d bytes",
			TS_SOURCE_LINE_BYTES_MAX);
	else if (line->text.len == 0)
		ts_row_judge(row, TS_ROW_NOT_BILLABLE, "empty_line", "nothing on the line");
	else if (memchr(line->text.at, '\0', line->text.len))
		ts_row_judge(row, TS_ROW_QUARANTINED, "nul_byte", "a NUL byte in the line");
	else
		TS_TRY(run->source->row(state, line->text, row, run->why));
	if (row->header)
		return TS_OK;
	if (row->verdict == TS_ROW_ACCEPTED)
		TS_TRY(take_accepted(run));
	TS_TRY(count_row(run));
	if (run->sink->row)
		TS_TRY(run->sink->row(run->sink->ctx, run->line, row, run->why));
	return TS_OK;
}

static enum ts_err take_lines(struct run *run, void *state, struct ts_lines *lines)
{
	struct ts_line line;
	while (ts_lines_next(lines, &line)) {
		run->line++;
		run->report->lines++;
		struct ts_why inner = {0};
		struct ts_why *outer = run->why;
		run->why = &inner;
		enum ts_err err = take_line(run, state, &line);
		run->why = outer;
		if (err != TS_OK) {
			char where[sizeof(inner.where)];
			snprintf(where, sizeof(where), "line %lld%s%.100s", (long long)run->line,
				inner.where[0] ? ", " : "", inner.where);
			return ts_why(outer, err, where, "%s",
				inner.text[0] ? inner.text : ts_err_text(err));
		}
		if (run->sink->progress && run->report->rows % 10000 == 0)
			run->sink->progress(run->sink->ctx, run->report->rows, lines->bytes);
	}
	return lines->err == TS_OK
		       ? TS_OK
		       : ts_why(run->why, lines->err, "input", "reading failed after line %lld",
				 (long long)run->line);
}

enum ts_err ts_import_file(const struct ts_source *source, const struct ts_import_options *options,
	FILE *file, struct ts_seen *seen, const struct ts_import_sink *sink,
	struct ts_import_report *report, struct ts_why *why)
{
	struct run run = {.source = source,
		.options = options,
		.seen = seen,
		.sink = sink,
		.report = report,
		.why = why};
	*report = (struct ts_import_report){
		.epoch_ms = source->relative ? options->source.epoch_ms : 0};
	struct ts_region *region = ts_region_create(STATE_BYTES_MAX);
	if (!region)
		return TS_E_NO_MEMORY;
	void *state = NULL;
	struct ts_lines lines;
	enum ts_err err = source->open(&options->source, region, &state, why);
	if (err == TS_OK)
		err = ts_lines_open(&lines, file, TS_SOURCE_LINE_BYTES_MAX);
	if (err == TS_OK) {
		err = take_lines(&run, state, &lines);
		ts_lines_close(&lines);
	}
	ts_region_free(region);
	int64_t sum = 0;
	for (size_t i = 0; i < TS_ROW_VERDICTS; i++)
		sum += report->verdicts[i];
	TS_ASSERT(err != TS_OK || sum == report->rows);
	return err;
}
