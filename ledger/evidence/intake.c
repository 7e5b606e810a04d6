/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/intake.h"

#include <string.h>

#define LIST_START 16

enum ts_err ts_intake_begin(struct ts_intake *intake, struct ts_region *region,
	struct ts_hasher *hasher, uint64_t seed, const struct ts_key_statement *statement,
	const struct ts_hash *contract_note, struct ts_windows *windows)
{
	memset(intake, 0, sizeof(*intake));
	intake->region = region;
	intake->statement = statement;
	intake->contract_note = contract_note;
	intake->windows = windows;
	intake->earliest_ms = INT64_MAX;
	return ts_cells_init(&intake->cells, region, hasher, seed);
}

static enum ts_err list_add(struct ts_intake *intake, struct ts_intake_list *list, int64_t index)
{
	if (list->n == list->cap) {
		size_t cap = list->cap == 0 ? LIST_START : 2 * list->cap;
		int64_t *bigger = ts_region_array(intake->region, cap, sizeof(*bigger));
		if (bigger == NULL)
			return TS_E_LIMIT;
		if (list->n > 0)
			memcpy(bigger, list->list, list->n * sizeof(*bigger));
		list->list = bigger;
		list->cap = cap;
	}
	list->list[list->n++] = index;
	return TS_OK;
}

/* A u1 that the window tally can't take is void, not the end of its stream; out of memory is the
 * append's own failure. */
static enum ts_err tally(
	struct ts_intake *intake, int64_t index, const struct ts_usage *usage, const char **reason)
{
	enum ts_err err = ts_windows_add(intake->windows, index, usage);
	if (err == TS_E_OVERFLOW)
		*reason = "the quantities of its window exceed 63 bits";
	else if (err == TS_E_LIMIT)
		*reason = "too many windows are open";
	else if (err != TS_OK)
		return TS_E_LIMIT; /* the region is full */
	return TS_OK;
}

static enum ts_err take_usage(
	struct ts_intake *intake, int64_t index, const struct ts_usage *usage, const char **reason)
{
	TS_TRY(tally(intake, index, usage, reason));
	if (*reason != NULL)
		return list_add(intake, &intake->void_usage, index);
	TS_TRY(ts_cells_add(&intake->cells, usage));
	if (usage->start_ms < intake->earliest_ms)
		intake->earliest_ms = usage->start_ms;
	if (usage->start_ms > intake->newest_ms)
		intake->newest_ms = usage->start_ms;
	if (usage->end_ms > intake->latest_ms)
		intake->latest_ms = usage->end_ms;
	intake->usage_n++;
	enum ts_verdict verdict = ts_key_statement_verdict(intake->statement, usage);
	return verdict == TS_VERDICT_IN_SCOPE || verdict == TS_VERDICT_NOT_PROVIDER
		       ? TS_OK
		       : list_add(intake, &intake->suspects, index);
}

static enum ts_err take_close(
	struct ts_intake *intake, int64_t index, const struct ts_close *close, const char **reason)
{
	enum ts_err err = ts_windows_close(intake->windows, index, close, reason);
	intake->close_n += err == TS_OK;
	if (err == TS_OK && close->end_ms > intake->closed_ms)
		intake->closed_ms = close->end_ms;
	return err == TS_OK || *reason != NULL ? TS_OK : TS_E_LIMIT;
}

static enum ts_err take_record(struct ts_intake *intake, int64_t index,
	const struct ts_record *record, const char **reason)
{
	if (ts_record_place(record, intake->statement->origin, index, intake->contract_note,
		    reason) != TS_OK)
		return record->tag == TS_RECORD_USAGE ? list_add(intake, &intake->void_usage, index)
						      : TS_OK;
	switch (record->tag) {
	case TS_RECORD_GENESIS:
		return TS_OK;
	case TS_RECORD_USAGE:
		return take_usage(intake, index, &record->usage, reason);
	case TS_RECORD_CLOSE:
		return take_close(intake, index, &record->close, reason);
	case TS_RECORD_REVERSAL:
		intake->reversal_n++;
		return TS_OK;
	}
	return TS_OK;
}

enum ts_err ts_intake_take(
	struct ts_intake *intake, int64_t index, struct ts_str line, struct ts_intake_row *row)
{
	row->index = index;
	row->void_reason = NULL;
	if (ts_record_parse(line, &row->record, &row->void_reason) == TS_OK)
		TS_TRY(take_record(intake, index, &row->record, &row->void_reason));
	intake->void_n += row->void_reason != NULL;
	return TS_OK;
}

enum ts_err ts_intake_end(struct ts_intake *intake)
{
	ts_windows_forget(intake->windows, intake->newest_ms - TS_WINDOW_KEPT_MS);
	return ts_cells_sort(&intake->cells);
}
