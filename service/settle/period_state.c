/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/period_state.h"
#include "book/state.h"
#include "service/settle/period_complete.h"
#include "store/completeness.h"
#include "store/ingest.h"

#define REGION_BYTES_MAX ((size_t)2 << 30) /* a state's text and what it is made of */

static enum ts_err leaves_of(struct ts_db *db, const struct ts_period_state *in,
	struct ts_region *region, struct ts_state *out, struct ts_why *why)
{
	struct ts_db_state_leaf *rows = NULL;
	size_t n = 0;
	TS_TRY(ts_db_state_leaves(
		db, in->contract_id, in->log->inputs.size, region, &rows, &n, why));
	struct ts_state_leaf *list = ts_region_array(region, n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++)
		list[i] = (struct ts_state_leaf){rows[i].index, rows[i].bytes};
	out->leaves = list;
	out->leaves_n = n;
	return TS_OK;
}

static enum ts_err windows_of(const struct ts_db_state_stream *row, struct ts_region *region,
	struct ts_state_stream *out, struct ts_why *why)
{
	struct ts_windows windows;
	ts_windows_init(&windows, region, row->active_from_ms, row->window_ms);
	if (ts_windows_unpack(row->windows, &windows) != TS_OK)
		return ts_why(why, TS_E_INTERNAL, "windows", "%s: they do not unpack", row->origin);
	out->windows = windows.list;
	out->windows_n = windows.n;
	return TS_OK;
}

static enum ts_err marks_of(const struct ts_db_state_mark *rows, size_t n, struct ts_region *region,
	struct ts_state_stream *out)
{
	struct ts_state_mark *list = ts_region_array(region, n + 1, sizeof *list);
	size_t used = 0;
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++)
		list[used++] = (struct ts_state_mark){.from = rows[i].index,
			.to = rows[i].index + rows[i].lines,
			.kind = ts_str(rows[i].kind),
			.leaf = rows[i].leaf,
			.by_origin = rows[i].by_origin == NULL ? (struct ts_str){NULL, 0}
							       : ts_str(rows[i].by_origin),
			.by_index = rows[i].by_index};
	out->marks = list;
	out->marks_n = used;
	return TS_OK;
}

/* Windows of what follows the period that are closed already. */
static enum ts_err closed_of(struct ts_db *db, const struct ts_period_state *in,
	const struct ts_db_state_stream *row, struct ts_region *region, struct ts_state_stream *out,
	struct ts_why *why)
{
	struct ts_closings closings;
	ts_closings_init(&closings, region, row->active_from_ms, row->window_ms);
	TS_TRY(ts_db_window_closed(db, in->contract_id, row->stream_id, in->to_ms - row->window_ms,
		INT64_MAX, in->log->inputs.size, &closings, why));
	struct ts_span *list = ts_region_array(region, closings.closed.n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < closings.closed.n; i++) {
		const struct ts_span *numbers = &closings.closed.list[i];
		list[i] = (struct ts_span){row->active_from_ms + numbers->from * row->window_ms,
			row->active_from_ms + numbers->to * row->window_ms};
	}
	out->closed = list;
	out->closed_n = closings.closed.n;
	return TS_OK;
}

static int64_t revoked_of(const struct ts_complete *complete, int64_t stream_id)
{
	for (size_t i = 0; i < complete->streams_n; i++)
		if (complete->streams[i].row->key.stream_id == stream_id)
			return complete->streams[i].is.revoked_ms;
	return TS_COMPLETENESS_NEVER;
}

static enum ts_err streams_of(struct ts_db *db, const struct ts_period_state *in,
	struct ts_region *region, struct ts_state *out, struct ts_why *why)
{
	const struct ts_db_state_log *log = in->log;
	struct ts_db_state_mark *marks = NULL;
	size_t marks_n = 0;
	struct ts_complete complete = {.contract_id = in->contract_id,
		.n = log->inputs.size,
		.at_ms = in->at_ms,
		.from_ms = in->from_ms,
		.to_ms = in->to_ms,
		.log = log,
		.region = region};
	struct ts_state_stream *list = ts_region_array(region, log->streams_n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_complete_load(db, &complete, why));
	TS_TRY(ts_db_state_marks(
		db, in->contract_id, log->inputs.size, region, &marks, &marks_n, why));
	for (size_t i = 0; i < log->streams_n; i++) {
		const struct ts_db_state_stream *row = &log->streams[i];
		size_t first = 0, n = 0;
		while (first < marks_n && marks[first].stream_id != row->stream_id)
			first++;
		while (first + n < marks_n && marks[first + n].stream_id == row->stream_id)
			n++;
		list[i] = (struct ts_state_stream){.origin = ts_str(row->origin),
			.range = row->range,
			.revoked_ms = revoked_of(&complete, row->stream_id)};
		TS_TRY(windows_of(row, region, &list[i], why));
		TS_TRY(closed_of(db, in, row, region, &list[i], why));
		TS_TRY(marks_of(&marks[first], n, region, &list[i]));
	}
	out->streams = list;
	out->streams_n = log->streams_n;
	return TS_OK;
}

enum ts_err ts_period_state_text(struct ts_db *db, const struct ts_period_state *in,
	struct ts_region *region, struct ts_buf *text, struct ts_why *why)
{
	struct ts_state state = {.contract = ts_str(in->contract),
		.period = in->period,
		.cut = in->cut,
		.inputs = in->log->inputs,
		.journal = in->journal,
		.cells = in->cells,
		.cells_n = in->cells_n};
	struct ts_db_completeness windows;
	TS_TRY(ts_db_completeness_get(db, in->contract_id, in->period, region, &windows, why));
	state.windows = windows.counts;
	state.list = windows.list_sha256;
	TS_TRY(leaves_of(db, in, region, &state, why));
	TS_TRY(streams_of(db, in, region, &state, why));
	return ts_state_text(&state, in->ledger, region, text, why);
}

static enum ts_err keep(struct ts_db *db, const struct ts_period_state *in,
	struct ts_region *region, struct ts_buf *text, struct ts_why *why)
{
	struct ts_hash sha256;
	TS_TRY(ts_period_state_text(db, in, region, text, why));
	ts_sha256(text->data, text->len, &sha256);
	return ts_db_state_put(db, in->contract_id, in->period, in->cut, &sha256,
		(struct ts_str){text->data, text->len}, why);
}

enum ts_err ts_period_state_keep(
	struct ts_db *db, const struct ts_period_state *state, struct ts_why *why)
{
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	struct ts_buf text;
	if (region == NULL)
		return TS_E_NO_MEMORY;
	ts_buf_init(&text, TS_STATE_BYTES_MAX);
	enum ts_err err = keep(db, state, region, &text, why);
	ts_buf_free(&text);
	ts_region_free(region);
	return err;
}
