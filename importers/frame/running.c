/* SPDX-License-Identifier: Apache-2.0 */
#include "importers/frame/running.h"
#include "importers/frame/slice.h"
#include <string.h>

/* The group of rows that go by slices; a delivery's group is a hash. */
static const uint8_t by_slices[TS_ROW_KEY_BYTES] = "running rows";

struct take {
	struct ts_row *row;
	int64_t step_ms;
	int64_t through_ms; /* slices of earlier versions reach up to here */
	struct ts_seen *seen;
	const struct ts_import_sink *sink;
	struct ts_import_report *report;
	int64_t written;
	int64_t reversed;
};

static bool goes_by_slices(const struct ts_seen_entry *entry)
{
	return memcmp(entry->group, by_slices, sizeof(by_slices)) == 0;
}

bool ts_running_applies(const struct ts_seen *seen, const struct ts_row *row)
{
	const struct ts_seen_entry *entry = ts_seen_find(seen, row->key);
	return entry && entry->count ? goes_by_slices(entry) : row->running;
}

static enum ts_err remember(
	struct take *take, const struct ts_seen_entry *entry, struct ts_why *why)
{
	enum ts_err err = ts_seen_put(take->seen, entry);
	if (err != TS_OK)
		return ts_why(why, err, "seen", "no room to remember a slice");
	return take->sink->remember ? take->sink->remember(take->sink->ctx, entry, why) : TS_OK;
}

static void slice_key(
	const struct ts_row *row, size_t use, int64_t start_ms, uint8_t out[TS_ROW_KEY_BYTES])
{
	uint8_t of_use[TS_ROW_KEY_BYTES];
	ts_row_nth_key(row->key, INT64_MIN + (int64_t)use, of_use);
	ts_row_nth_key(of_use, start_ms, out);
}

static enum ts_err reverse(struct take *take, int64_t index, struct ts_why *why)
{
	if (take->sink->reverse)
		TS_TRY(take->sink->reverse(take->sink->ctx, index, why));
	take->report->reversals++;
	take->reversed++;
	return TS_OK;
}

static enum ts_err take_slice(
	struct take *take, size_t use, const struct ts_usage *slice, struct ts_why *why)
{
	struct ts_import_report *report = take->report;
	struct ts_seen_entry entry = {.count = 1};
	slice_key(take->row, use, slice->start_ms, entry.key);
	ts_row_use_content(slice, entry.content);
	const struct ts_seen_entry *old = ts_seen_find(take->seen, entry.key);
	if (old && old->count) {
		if (memcmp(old->content, entry.content, sizeof(entry.content)) == 0)
			return TS_OK;
		TS_TRY(reverse(take, old->first, why));
	}
	entry.first = report->records;
	if (take->sink->usage)
		TS_TRY(take->sink->usage(take->sink->ctx, slice, &entry.first, why));
	report->records++;
	take->written++;
	TS_TRY(ts_add128(report->quantity, slice->quantity, &report->quantity));
	if (report->end_ms == 0 || slice->start_ms < report->start_ms)
		report->start_ms = slice->start_ms;
	if (slice->end_ms > report->end_ms)
		report->end_ms = slice->end_ms;
	return remember(take, &entry, why);
}

/* Slices of an earlier version that begin at or after from_ms: taken back. */
static enum ts_err take_back(struct take *take, size_t use, int64_t from_ms, struct ts_why *why)
{
	for (int64_t at = from_ms; at < take->through_ms;
		at += take->step_ms - at % take->step_ms) {
		uint8_t key[TS_ROW_KEY_BYTES];
		slice_key(take->row, use, at, key);
		const struct ts_seen_entry *old = ts_seen_find(take->seen, key);
		if (!old || old->count == 0)
			continue;
		struct ts_seen_entry gone = *old;
		TS_TRY(reverse(take, gone.first, why));
		gone.first = 0;
		gone.count = 0;
		TS_TRY(remember(take, &gone, why));
	}
	return TS_OK;
}

static enum ts_err take_slices(struct take *take, struct ts_why *why)
{
	const struct ts_row *row = take->row;
	for (size_t use = 0; use < TS_ROW_USES_MAX; use++) {
		int64_t from_ms = row->uses[0].start_ms;
		if (use < row->n) {
			struct ts_slices slices;
			struct ts_usage slice;
			ts_slices_begin(&slices, &row->uses[use], take->step_ms);
			while (ts_slices_next(&slices, &slice))
				TS_TRY(take_slice(take, use, &slice, why));
			from_ms = row->uses[use].end_ms; /* the slice it lies in was compared */
			if (from_ms % take->step_ms)
				from_ms += take->step_ms - from_ms % take->step_ms;
		}
		TS_TRY(take_back(take, use, from_ms, why));
	}
	return TS_OK;
}

static void judge(const struct take *take, const struct ts_seen_entry *entry)
{
	struct ts_row *row = take->row;
	if (take->reversed) {
		row->verdict = TS_ROW_SUPERSEDED;
		row->reason = "restated";
	} else if (take->written == 0 && row->running) {
		ts_row_judge(row, TS_ROW_PENDING, "running", "recorded up to %lld ms",
			(long long)entry->first);
	} else if (take->written == 0) {
		ts_row_judge(row, TS_ROW_DUPLICATE, "seen", "its slices are recorded up to %lld ms",
			(long long)entry->first);
	}
}

enum ts_err ts_running_take(struct ts_row *row, int64_t step_ms, struct ts_seen *seen,
	const struct ts_import_sink *sink, struct ts_import_report *report, struct ts_why *why)
{
	struct take take = {
		.row = row, .step_ms = step_ms, .seen = seen, .sink = sink, .report = report};
	struct ts_seen_entry entry = {.count = step_ms};
	const struct ts_seen_entry *old = ts_seen_find(seen, row->key);
	TS_ASSERT(row->n > 0 && step_ms > 0);
	ts_row_content(row, entry.content);
	memcpy(entry.key, row->key, sizeof(entry.key));
	memcpy(entry.group, by_slices, sizeof(by_slices));
	entry.first = row->uses[0].end_ms;
	if (old && old->count) {
		TS_ASSERT(goes_by_slices(old));
		take.step_ms = entry.count = old->count; /* that of its first slices */
		take.through_ms = old->first;
		/* What was read before what is known now: an older file. */
		if (row->running && old->first > entry.first) {
			ts_row_judge(row, TS_ROW_PENDING, "running",
				"a later version was recorded up to %lld ms",
				(long long)old->first);
			return TS_OK;
		}
		if (memcmp(old->content, entry.content, sizeof(entry.content)) == 0) {
			judge(&take, &entry);
			return TS_OK;
		}
	}
	TS_TRY(take_slices(&take, why));
	TS_TRY(remember(&take, &entry, why));
	judge(&take, &entry);
	return TS_OK;
}
