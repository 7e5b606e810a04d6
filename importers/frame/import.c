/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/import.h"
#include "importers/frame/catalog.h"
#include "importers/frame/running.h"
#include "importers/frame/slice.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_BYTES_MAX 65536
#define HOUR_MS INT64_C(3600000)
#define ENVELOPE_REGION_BYTES_MAX ((size_t)4 * TS_SOURCE_ITEM_BYTES_MAX)

struct ts_import {
	const struct ts_source *source;
	struct ts_import_options options; /* with a catalog in any case */
	struct ts_catalog *catalog; /* own one, when none was given */
	struct ts_seen *seen;
	const struct ts_import_sink *sink;
	struct ts_import_report *report;
	const struct ts_form *form; /* of the file at hand */
	const char *file;
	struct ts_region *region;
	void *state;
	size_t groups_n; /* met in this run */
	uint8_t groups[TS_IMPORT_GROUPS_MAX][TS_ROW_KEY_BYTES];
	struct ts_row row;
};

/* All slices of the row may go into the stream, or none does. */
static enum ts_err check_slices(struct ts_import *run)
{
	struct ts_row *row = &run->row;
	for (size_t i = 0; i < row->n && run->sink->check; i++) {
		struct ts_slices slices;
		struct ts_usage slice;
		ts_slices_begin(&slices, &row->uses[i], run->options.slice_ms);
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

static bool times_are_possible(const struct ts_import *run, struct ts_row *row)
{
	int64_t now_ms = run->options.now_ms;
	for (size_t i = 0; i < row->n; i++) {
		const struct ts_usage *use = &row->uses[i];
		if (now_ms && use->end_ms > now_ms + TS_IMPORT_FUTURE_MS) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "end_in_future",
				"ends at %lld ms, now is %lld ms", (long long)use->end_ms,
				(long long)now_ms);
			return false;
		}
		if (use->start_ms < 0 || use->end_ms - use->start_ms > TS_IMPORT_SPAN_MS_MAX) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "span_too_long",
				"from %lld ms to %lld ms: before 1970 or more than ten years",
				(long long)use->start_ms, (long long)use->end_ms);
			return false;
		}
	}
	return true;
}

/* The entry that the row is compared with: of its key, or of the first equal row that this run did
 * not meet yet; the row's key becomes that one's. */
static const struct ts_seen_entry *find_earlier(struct ts_import *run)
{
	struct ts_row *row = &run->row;
	const struct ts_seen_entry *entry = ts_seen_find(run->seen, row->key);
	uint8_t first[TS_ROW_KEY_BYTES];
	memcpy(first, row->key, sizeof(first));
	for (int64_t n = 1; row->repeatable && entry && ts_seen_is_met(run->seen, entry); n++) {
		if (n == TS_IMPORT_EQUAL_ROWS_MAX) {
			ts_row_judge(row, TS_ROW_QUARANTINED, "too_many_equal_rows",
				"more than %d rows are the same", TS_IMPORT_EQUAL_ROWS_MAX);
			return NULL;
		}
		ts_row_nth_key(first, n, row->key);
		entry = ts_seen_find(run->seen, row->key);
	}
	return entry && entry->count ? entry : NULL;
}

static bool keep_group(struct ts_import *run)
{
	struct ts_row *row = &run->row;
	for (size_t i = run->groups_n; i > 0; i--)
		if (memcmp(run->groups[i - 1], row->group, TS_ROW_KEY_BYTES) == 0)
			return true;
	if (run->groups_n == TS_IMPORT_GROUPS_MAX) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "too_many_groups",
			"more than %d payers and periods in one delivery", TS_IMPORT_GROUPS_MAX);
		return false;
	}
	memcpy(run->groups[run->groups_n++], row->group, TS_ROW_KEY_BYTES);
	return true;
}

/* What a row alone could not know. The verdict is final afterwards. */
static enum ts_err finish_verdict(struct ts_import *run, const struct ts_seen_entry **earlier,
	uint8_t content[TS_ROW_KEY_BYTES])
{
	struct ts_row *row = &run->row;
	*earlier = NULL;
	TS_ASSERT(row->n > 0);
	if (!times_are_possible(run, row) || (row->in_group && !keep_group(run)))
		return TS_OK;
	ts_row_content(row, content);
	const struct ts_seen_entry *entry = find_earlier(run);
	if (row->verdict != TS_ROW_ACCEPTED)
		return TS_OK;
	bool met = entry && ts_seen_is_met(run->seen, entry);
	if (entry && memcmp(entry->content, content, TS_ROW_KEY_BYTES) == 0) {
		ts_seen_meet(run->seen, entry);
		ts_row_judge(row, TS_ROW_DUPLICATE, "seen", "same row as at stream index %lld",
			(long long)entry->first);
		return TS_OK;
	}
	TS_TRY(check_slices(run));
	if (!entry || row->verdict != TS_ROW_ACCEPTED)
		return TS_OK;
	if (row->in_group ? met : !run->options.supersede) {
		ts_row_judge(row, TS_ROW_QUARANTINED, "key_conflict",
			"differs from the row that stands at stream index %lld",
			(long long)entry->first);
		return TS_OK;
	}
	row->verdict = TS_ROW_SUPERSEDED;
	row->reason = row->in_group ? "restated" : "revised";
	*earlier = entry;
	return TS_OK;
}

static enum ts_err emit(struct ts_import *run, struct ts_seen_entry *entry, struct ts_why *why)
{
	struct ts_import_report *report = run->report;
	for (size_t i = 0; i < run->row.n; i++) {
		const struct ts_usage *use = &run->row.uses[i];
		struct ts_slices slices;
		struct ts_usage slice;
		ts_slices_begin(&slices, use, run->options.slice_ms);
		while (ts_slices_next(&slices, &slice)) {
			int64_t index = report->records;
			if (run->sink->usage)
				TS_TRY(run->sink->usage(run->sink->ctx, &slice, &index, why));
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

static enum ts_err remember(
	struct ts_import *run, const struct ts_seen_entry *entry, struct ts_why *why)
{
	enum ts_err err = ts_seen_put(run->seen, entry);
	if (err != TS_OK)
		return ts_why(why, err, "seen", "no room to remember row %lld",
			(long long)run->report->rows);
	return run->sink->remember ? run->sink->remember(run->sink->ctx, entry, why) : TS_OK;
}

static enum ts_err reverse(
	struct ts_import *run, const struct ts_seen_entry *entry, struct ts_why *why)
{
	for (int64_t i = 0; i < entry->count; i++) {
		if (run->sink->reverse)
			TS_TRY(run->sink->reverse(run->sink->ctx, entry->first + i, why));
		run->report->reversals++;
	}
	return TS_OK;
}

static enum ts_err take_running(struct ts_import *run, struct ts_why *why)
{
	if (!times_are_possible(run, &run->row))
		return TS_OK;
	TS_TRY(check_slices(run));
	if (run->row.verdict != TS_ROW_ACCEPTED)
		return TS_OK;
	int64_t step_ms = run->options.source.running_step_ms;
	return ts_running_take(
		&run->row, step_ms ? step_ms : HOUR_MS, run->seen, run->sink, run->report, why);
}

static enum ts_err take_accepted(struct ts_import *run, struct ts_why *why)
{
	struct ts_seen_entry entry = {0};
	const struct ts_seen_entry *earlier = NULL;
	if (ts_running_applies(run->seen, &run->row))
		return take_running(run, why);
	TS_TRY(finish_verdict(run, &earlier, entry.content));
	if (run->row.verdict != TS_ROW_ACCEPTED && run->row.verdict != TS_ROW_SUPERSEDED)
		return TS_OK;
	if (earlier)
		TS_TRY(reverse(run, earlier, why));
	memcpy(entry.key, run->row.key, sizeof(entry.key));
	if (run->row.in_group)
		memcpy(entry.group, run->row.group, sizeof(entry.group));
	TS_TRY(emit(run, &entry, why));
	return remember(run, &entry, why);
}

static enum ts_err count_row(struct ts_import *run, struct ts_why *why)
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
		return ts_why(why, TS_E_INTERNAL, run->source->name, "too many reasons");
	report->reasons[report->reasons_n++] = (struct ts_import_reason){
		row->verdict, row->reason, 1};
	return TS_OK;
}

/* The row has what the source made of it. */
static enum ts_err take_row(
	struct ts_import *run, int64_t number, int64_t bytes, struct ts_why *why)
{
	struct ts_import_report *report = run->report;
	if (run->row.verdict == TS_ROW_ACCEPTED)
		TS_TRY(take_accepted(run, why));
	TS_TRY(count_row(run, why));
	if (run->sink->row)
		TS_TRY(run->sink->row(run->sink->ctx, run->file, number, &run->row, why));
	if (run->sink->progress && report->rows % 10000 == 0)
		run->sink->progress(run->sink->ctx, report->rows, report->bytes + bytes);
	return TS_OK;
}

static enum ts_err take_item(void *ctx, int64_t number, int64_t bytes, const struct ts_item *item,
	const char *reason, const char *detail, struct ts_why *why)
{
	struct ts_import *run = ctx;
	run->report->lines++;
	if (reason) {
		bool empty = strcmp(reason, "empty_line") == 0;
		ts_row_reset(&run->row);
		ts_row_judge(&run->row, empty ? TS_ROW_NOT_BILLABLE : TS_ROW_QUARANTINED, reason,
			"%s", detail);
		return take_row(run, number, bytes, why);
	}
	struct ts_item part = *item;
	do {
		ts_row_reset(&run->row);
		TS_TRY(run->form->row(run->state, &part, &run->row, why));
		TS_TRY(take_row(run, number, bytes, why));
		part.part++;
	} while (run->row.more);
	return TS_OK;
}

static void take_heading(void *ctx)
{
	struct ts_import *run = ctx;
	run->report->lines++;
}

enum ts_err ts_import_begin(const struct ts_source *source, const struct ts_import_options *options,
	struct ts_seen *seen, const struct ts_import_sink *sink, struct ts_import_report *report,
	struct ts_import **out, struct ts_why *why)
{
	struct ts_import *run = calloc(1, sizeof(*run));
	if (!run)
		return TS_E_NO_MEMORY;
	run->source = source;
	run->options = *options;
	run->seen = seen;
	run->sink = sink;
	run->report = report;
	run->file = "";
	*report = (struct ts_import_report){
		.epoch_ms = source->relative ? options->source.epoch_ms : 0};
	ts_seen_begin_run(seen);
	run->region = ts_region_create(
		source->state_bytes_max ? source->state_bytes_max : STATE_BYTES_MAX);
	enum ts_err err = run->region ? TS_OK : TS_E_NO_MEMORY;
	if (err == TS_OK && !run->options.source.catalog) {
		err = ts_catalog_create(&run->catalog, why);
		run->options.source.catalog = run->catalog;
	}
	if (err == TS_OK)
		err = source->open(&run->options.source, run->region, &run->state, why);
	if (err != TS_OK) {
		ts_import_free(run);
		return err;
	}
	*out = run;
	return TS_OK;
}

void ts_import_free(struct ts_import *import)
{
	if (!import)
		return;
	if (import->source->close && import->state)
		import->source->close(import->state);
	ts_region_free(import->region);
	ts_catalog_free(import->catalog);
	free(import);
}

static enum ts_err read_form(
	struct ts_import *run, struct ts_input *input, struct ts_str head, struct ts_why *why)
{
	const struct ts_items_sink sink = {.ctx = run, .item = take_item, .heading = take_heading};
	run->form = ts_items_form(run->source, head, why);
	if (!run->form)
		return TS_E_MALFORMED;
	return ts_items_read(input, run->form, run->state, run->options.source.columns, &sink, why);
}

/* The whole of an envelope, what is inside of it, and then that as any other input. */
static enum ts_err read_envelope(
	struct ts_import *run, struct ts_input *input, struct ts_region *region, struct ts_why *why)
{
	struct ts_str inside = {0};
	struct ts_str head = {0};
	struct ts_input *inner = NULL;
	size_t cap = TS_SOURCE_ITEM_BYTES_MAX;
	size_t len = 0;
	size_t n = 1;
	char *bytes = ts_region_alloc(region, cap);
	if (!bytes)
		return TS_E_NO_MEMORY;
	for (; n && len < cap; len += n)
		TS_TRY(ts_input_read(input, bytes + len, cap - len, &n, why));
	if (len == cap)
		return ts_why(why, TS_E_LIMIT, "input", "an envelope of more than %u bytes",
			TS_SOURCE_ITEM_BYTES_MAX);
	TS_TRY(run->source->unwrap(run->state, (struct ts_str){bytes, len}, region, &inside, why));
	TS_TRY(ts_input_memory(inside, &inner));
	enum ts_err err = ts_input_peek(inner, &head, why);
	if (err == TS_OK)
		err = read_form(run, inner, head, why);
	ts_input_close(inner);
	return err;
}

enum ts_err ts_import_read(
	struct ts_import *import, FILE *file, const char *name, struct ts_why *why)
{
	struct ts_input *input = NULL;
	struct ts_str head = {0};
	import->file = name;
	import->report->files++;
	if (import->source->begin)
		import->source->begin(import->state);
	TS_TRY(ts_input_open(file, &input, why));
	enum ts_err err = ts_input_peek(input, &head, why);
	if (err == TS_OK && import->source->wrapped && import->source->wrapped(head)) {
		struct ts_region *region = ts_region_create(ENVELOPE_REGION_BYTES_MAX);
		err = region ? read_envelope(import, input, region, why) : TS_E_NO_MEMORY;
		ts_region_free(region);
	} else if (err == TS_OK) {
		err = read_form(import, input, head, why);
	}
	if (err == TS_OK && import->source->end)
		err = import->source->end(import->state, why);
	import->report->bytes += ts_input_bytes(input);
	ts_input_close(input);
	return err;
}

static enum ts_err finish_source(struct ts_import *run, struct ts_why *why)
{
	int64_t part = 0;
	do {
		ts_row_reset(&run->row);
		TS_TRY(run->source->finish(run->state, part++, &run->row, why));
		if (strcmp(run->row.reason, "not_judged") != 0)
			TS_TRY(take_row(run, 0, 0, why));
	} while (run->row.more);
	return TS_OK;
}

static int compare_groups(const void *a, const void *b)
{
	return memcmp(a, b, TS_ROW_KEY_BYTES);
}

/* Rows of the groups that this run restated, which it did not have: taken back. */
static enum ts_err withdraw(struct ts_import *run, struct ts_why *why)
{
	size_t n = ts_seen_count(run->seen);
	qsort(run->groups, run->groups_n, TS_ROW_KEY_BYTES, compare_groups);
	for (size_t i = 0; i < n; i++) {
		const struct ts_seen_entry *entry = ts_seen_at(run->seen, i);
		if (entry->count == 0 || ts_seen_is_met(run->seen, entry) ||
			!bsearch(entry->group, run->groups, run->groups_n, TS_ROW_KEY_BYTES,
				compare_groups))
			continue;
		struct ts_seen_entry gone = *entry;
		TS_TRY(reverse(run, &gone, why));
		gone.first = 0;
		gone.count = 0;
		TS_TRY(remember(run, &gone, why));
		run->report->withdrawn++;
	}
	return TS_OK;
}

enum ts_err ts_import_end(struct ts_import *import, struct ts_why *why)
{
	if (import->source->finish)
		TS_TRY(finish_source(import, why));
	if (import->groups_n)
		TS_TRY(withdraw(import, why));
	int64_t sum = 0;
	for (size_t i = 0; i < TS_ROW_VERDICTS; i++)
		sum += import->report->verdicts[i];
	TS_ASSERT(sum == import->report->rows);
	return TS_OK;
}

enum ts_err ts_import_file(const struct ts_source *source, const struct ts_import_options *options,
	FILE *file, struct ts_seen *seen, const struct ts_import_sink *sink,
	struct ts_import_report *report, struct ts_why *why)
{
	struct ts_import *import = NULL;
	TS_TRY(ts_import_begin(source, options, seen, sink, report, &import, why));
	enum ts_err err = ts_import_read(import, file, "input", why);
	if (err == TS_OK)
		err = ts_import_end(import, why);
	ts_import_free(import);
	return err;
}
