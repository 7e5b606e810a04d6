/* SPDX-License-Identifier: Apache-2.0 */
/* The judge with a bundle behind it: which lines count is decided by the code that settle runs.
 * Streams are known to it by their number in order of enrolment. */
#include "audit/replay_state.h"
#include <string.h>

static struct ts_audit_stream *stream_of(struct ts_replay *r, int64_t number)
{
	TS_ASSERT(number >= 0 && (size_t)number < r->streams_n);
	return r->streams[number];
}

static enum ts_err on_statement(
	void *ctx, int64_t stream, const struct ts_key_statement **out, struct ts_why *why)
{
	(void)why;
	*out = &stream_of(ctx, stream)->statement;
	return TS_OK;
}

/* The lines of one upload as they stand in the bundle. */
static enum ts_err read_lines(struct ts_replay *r, struct ts_region *region,
	const struct ts_audit_upload *upload, struct ts_str *out)
{
	char *lines = ts_region_alloc(region, (size_t)upload->bytes + 1);
	if (lines == NULL)
		return TS_E_NO_MEMORY;
	if (upload->bytes > 0)
		TS_TRY(r->bundle->source->read(
			r->bundle->source->ctx, upload->offset, lines, (size_t)upload->bytes));
	*out = (struct ts_str){lines, (size_t)upload->bytes};
	return TS_OK;
}

static struct ts_judge_batch batch_of(const struct ts_audit_upload *upload, struct ts_str lines)
{
	return (struct ts_judge_batch){.leaf = upload->leaf,
		.first = upload->first,
		.end = upload->end,
		.lines = lines,
		.void_usage = upload->void_usage,
		.void_usage_n = upload->void_usage_n,
		.reversal_n = upload->reversal_n,
		.earliest_ms = upload->earliest_ms,
		.latest_ms = upload->latest_ms};
}

/* What the judge asks for. It may keep the answer until it asks again, across leaves: nothing else
 * may touch judge_scratch. */
static enum ts_err load(
	struct ts_replay *r, const struct ts_audit_upload *upload, struct ts_judge_batch *out)
{
	if (r->asked != upload->leaf || r->asked_lines.at == NULL) {
		ts_region_reset(r->judge_scratch);
		r->asked_lines = (struct ts_str){NULL, 0};
		TS_TRY(read_lines(r, r->judge_scratch, upload, &r->asked_lines));
		r->asked = upload->leaf;
	}
	*out = batch_of(upload, r->asked_lines);
	return TS_OK;
}

/* Place of the first upload that ends behind the index. */
static size_t place(const struct ts_audit_stream *stream, int64_t index)
{
	size_t lo = 0, hi = stream->uploads_n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (stream->uploads[mid].end <= index)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static enum ts_err on_batch(void *ctx, int64_t number, int64_t index, int64_t below,
	struct ts_judge_batch *out, struct ts_why *why)
{
	struct ts_replay *r = ctx;
	struct ts_audit_stream *stream = stream_of(r, number);
	const struct ts_audit_upload *carried = NULL;
	size_t at = place(stream, index);
	(void)why;
	if (index >= 0 && index < stream->base.size) {
		TS_TRY(ts_audit_carried_at(r, stream, index, &carried));
		return load(r, carried, out);
	}
	if (index < 0 || at == stream->uploads_n || stream->uploads[at].leaf >= below)
		return TS_E_NOT_FOUND;
	return load(r, &stream->uploads[at], out);
}

static enum ts_err on_overlapping(void *ctx, int64_t number, int64_t from, int64_t from_ms,
	int64_t to_ms, int64_t below, struct ts_judge_batch *out, struct ts_why *why)
{
	struct ts_replay *r = ctx;
	struct ts_audit_stream *stream = stream_of(r, number);
	const struct ts_audit_upload *carried = NULL;
	(void)why;
	enum ts_err err = ts_audit_carried_near(r, stream, from, from_ms, to_ms, &carried);
	if (err != TS_E_NOT_FOUND)
		return err == TS_OK ? load(r, carried, out) : err;
	for (size_t i = place(stream, from); i < stream->uploads_n; i++) {
		const struct ts_audit_upload *u = &stream->uploads[i];
		if (u->leaf >= below)
			break;
		if (u->first >= from && u->earliest_ms < to_ms && u->latest_ms > from_ms)
			return load(r, u, out);
	}
	return TS_E_NOT_FOUND;
}

static enum ts_err on_size(
	void *ctx, int64_t number, int64_t below, int64_t *out, struct ts_why *why)
{
	const struct ts_audit_stream *stream = stream_of(ctx, number);
	size_t lo = 0, hi = stream->uploads_n;
	(void)why;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (stream->uploads[mid].leaf < below)
			lo = mid + 1;
		else
			hi = mid;
	}
	*out = lo > 0 ? stream->uploads[lo - 1].end : stream->base.size;
	return TS_OK;
}

static enum ts_err on_verdict(void *ctx, const struct ts_judge_verdict *verdict, struct ts_why *why)
{
	struct ts_replay *r = ctx;
	(void)why;
	r->report->totals.decided[verdict->kind] += verdict->to - verdict->from;
	if (verdict->kind == TS_JUDGE_REFUSED)
		return TS_OK;
	TS_TRY(ts_audit_grow(r->region, &r->marks, r->marks_n, &r->marks_cap, sizeof *r->marks));
	struct ts_audit_mark *mark = &r->marks[r->marks_n++];
	*mark = (struct ts_audit_mark){.stream = verdict->stream,
		.is = {.from = verdict->from,
			.to = verdict->to,
			.kind = ts_str(ts_judge_kind_name(verdict->kind)),
			.leaf = verdict->leaf}};
	if (verdict->by_stream >= 0) {
		mark->is.by_origin = ts_str(stream_of(r, verdict->by_stream)->origin);
		mark->is.by_index = verdict->by_index;
	}
	return TS_OK;
}

static enum ts_err on_adjust(void *ctx, int64_t stream, int64_t batch_leaf,
	const struct ts_usage *usage, int sign, struct ts_why *why)
{
	struct ts_replay *r = ctx;
	struct ts_cells cells;
	(void)why;
	ts_region_reset(r->scratch);
	TS_TRY(ts_cells_init(&cells, r->scratch, NULL, r->options->seed));
	TS_TRY(sign > 0 ? ts_cells_add(&cells, usage) : ts_cells_sub(&cells, usage));
	return ts_audit_fold_cells(r, r->streams[stream]->origin, &cells, batch_leaf);
}

enum ts_err ts_audit_judge_create(struct ts_replay *r)
{
	const struct ts_judge_source source = {.ctx = r,
		.statement = on_statement,
		.batch = on_batch,
		.overlapping = on_overlapping,
		.size = on_size,
		.verdict = on_verdict,
		.adjust = on_adjust};
	return ts_judge_create(r->region, &source, 0, &r->judge);
}

/* A batch without these has nothing to decide, and its lines need not be in memory. */
static bool undecided(const struct ts_replay *r, int64_t number, const struct ts_audit_upload *u,
	size_t suspects_n)
{
	if (suspects_n > 0 || u->reversal_n > 0)
		return true;
	const struct ts_judge_handover *h = NULL;
	for (size_t i = 0; (h = ts_judge_handover_at(r->judge, i)) != NULL; i++) {
		if ((h->newer == number &&
			    u->earliest_ms < h->from_ms + TS_JUDGE_HANDOVER_REACH_MS) ||
			(h->older == number && u->latest_ms > h->from_ms))
			return true;
	}
	return false;
}

enum ts_err ts_audit_judge_upload(struct ts_replay *r, const struct ts_audit_stream *stream,
	const int64_t *suspects, size_t suspects_n)
{
	const struct ts_audit_upload *upload = &stream->uploads[stream->uploads_n - 1];
	struct ts_judge_batch batch;
	struct ts_str lines;
	if (r->stopped || !undecided(r, stream->number, upload, suspects_n))
		return TS_OK;
	/* What is passed must outlive what is asked meanwhile: its own memory. */
	ts_region_reset(r->upload_scratch);
	int64_t *list = ts_region_array(r->upload_scratch, suspects_n + 1, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	if (suspects_n > 0)
		memcpy(list, suspects, suspects_n * sizeof *list);
	TS_TRY(read_lines(r, r->upload_scratch, upload, &lines));
	batch = batch_of(upload, lines);
	return ts_judge_append(r->judge, stream->number, &batch, list, suspects_n, &r->why);
}
