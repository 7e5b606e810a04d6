/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/settle_judge.h"
#include "evidence/note.h"
#include "store/cell.h"
#include "store/stream.h"
#include <stdlib.h>
#include <string.h>

#define STATE_BYTES_MAX ((size_t)1 << 30) /* what was decided about, not the lines */
#define BATCH_BYTES_MAX (64u << 20) /* one batch's lines: an upload is at most 4 MiB */
#define LIST_BYTES_MAX (256u << 20)
#define HELD_BYTES_MAX (64u << 20)
#define VERDICTS_HELD 1000
#define FACTS_PER_READ 65536 /* lines whose facts are read at once */
#define CELLS_HELD 4096

enum { STATE, ROW, LINES, CURRENT, LIST, HELD, CELLS, SCRATCH, REGIONS };

struct ts_settle_judge {
	const struct ts_settle_case *of;
	struct ts_db *db; /* of->db */
	struct ts_judge *judge;
	struct ts_region *regions[REGIONS];
	struct ts_db_key *streams; /* by stream_id */
	size_t streams_n;
	int64_t lines_of; /* batch whose lines are in LINES; 0: none */
	struct ts_str lines;
	/* the last list of overlapping batches, and for what */
	struct {
		int64_t stream, from_ms, to_ms, below;
		struct ts_db_batch *list;
		size_t n;
	} near;
	struct ts_db_verdict held[VERDICTS_HELD];
	size_t held_n;
	struct ts_cells cells; /* of one stream */
	int64_t cells_stream; /* 0: none */
};

static int64_t contract_of(const struct ts_settle_judge *j)
{
	return j->of->contract_id;
}

static int by_id(const void *key, const void *element)
{
	int64_t a = *(const int64_t *)key, b = ((const struct ts_db_key *)element)->stream_id;
	return (a > b) - (a < b);
}

static const struct ts_db_key *stream_of(const struct ts_settle_judge *j, int64_t stream)
{
	return bsearch(&stream, j->streams, j->streams_n, sizeof *j->streams, by_id);
}

/* --- what the judge asks for --- */

static enum ts_err src_statement(
	void *ctx, int64_t stream, const struct ts_key_statement **out, struct ts_why *why)
{
	struct ts_settle_judge *j = ctx;
	const struct ts_db_key *row = stream_of(j, stream);
	struct ts_key_statement *statement = ts_region_alloc(j->regions[STATE], sizeof *statement);
	struct ts_note note;
	if (statement == NULL)
		return TS_E_NO_MEMORY;
	if (row == NULL)
		return ts_why(why, TS_E_INTERNAL, "stream", "a batch without its stream");
	TS_TRY(ts_note_parse(row->note, &note, why));
	TS_TRY(ts_key_statement_parse(note.text, statement, why));
	*out = statement;
	return TS_OK;
}

static void give(const struct ts_db_batch *row, struct ts_str lines, struct ts_judge_batch *out)
{
	*out = (struct ts_judge_batch){.leaf = row->leaf,
		.first = row->first,
		.end = row->end,
		.lines = lines,
		.void_usage = row->void_usage,
		.void_usage_n = row->void_usage_n,
		.reversal_n = row->reversal_n,
		.earliest_ms = row->earliest_ms,
		.latest_ms = row->latest_ms};
}

/* The lines of a batch that was looked up: one is kept, until another is asked for. */
static enum ts_err give_lines(struct ts_settle_judge *j, const struct ts_db_batch *row,
	struct ts_judge_batch *out, struct ts_why *why)
{
	if (j->lines_of != row->batch_id) {
		j->lines_of = 0;
		ts_region_reset(j->regions[LINES]);
		TS_TRY(ts_db_batch_lines(
			j->db, contract_of(j), row->batch_id, j->regions[LINES], &j->lines, why));
		j->lines_of = row->batch_id;
	}
	give(row, j->lines, out);
	return TS_OK;
}

static enum ts_err src_batch(void *ctx, int64_t stream, int64_t index, int64_t below,
	struct ts_judge_batch *out, struct ts_why *why)
{
	struct ts_settle_judge *j = ctx;
	struct ts_db_batch row;
	ts_region_reset(j->regions[ROW]);
	TS_TRY(ts_db_batch_at(j->db, contract_of(j), stream, index, j->regions[ROW], &row, why));
	if (row.leaf >= below)
		return ts_why(why, TS_E_NOT_FOUND, "batch", "the line is not folded yet");
	return give_lines(j, &row, out, why);
}

static enum ts_err src_overlapping(void *ctx, int64_t stream, int64_t from, int64_t from_ms,
	int64_t to_ms, int64_t below, struct ts_judge_batch *out, struct ts_why *why)
{
	struct ts_settle_judge *j = ctx;
	if (j->near.stream != stream || j->near.from_ms != from_ms || j->near.to_ms != to_ms ||
		j->near.below != below) {
		j->near.stream = 0;
		ts_region_reset(j->regions[LIST]);
		TS_TRY(ts_db_batch_overlapping(j->db, contract_of(j), stream, from_ms, to_ms, below,
			j->regions[LIST], &j->near.list, &j->near.n, why));
		j->near.stream = stream;
		j->near.from_ms = from_ms;
		j->near.to_ms = to_ms;
		j->near.below = below;
	}
	size_t lo = 0;
	for (size_t hi = j->near.n; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;
		if (j->near.list[mid].first < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == j->near.n ? TS_E_NOT_FOUND : give_lines(j, &j->near.list[lo], out, why);
}

static enum ts_err src_size(
	void *ctx, int64_t stream, int64_t below, int64_t *out, struct ts_why *why)
{
	struct ts_settle_judge *j = ctx;
	return ts_db_batch_size(j->db, contract_of(j), stream, below, out, why);
}

static enum ts_err facts_of(struct ts_settle_judge *j, struct ts_judge *judge, int64_t stream,
	int64_t from, int64_t to, struct ts_why *why)
{
	struct ts_db_verdict *list = NULL;
	size_t n = 0;
	ts_region_reset(j->regions[SCRATCH]);
	TS_TRY(ts_db_verdict_facts(j->db, contract_of(j), stream, from, to, j->of->event->from,
		j->regions[SCRATCH], &list, &n, why));
	for (size_t i = 0; i < n; i++)
		TS_TRY(list[i].kind == TS_JUDGE_PARKED
				? ts_judge_load_parked(judge, stream, list[i].index, list[i].leaf)
				: ts_judge_load_reversed(judge, stream, list[i].index,
					  list[i].by_stream, list[i].by_index));
	return TS_OK;
}

/* A range may be a whole stream: in pieces, so that neither the rows at hand nor the time of a
 * statement grow with it. */
static enum ts_err src_facts(void *ctx, struct ts_judge *judge, int64_t stream, int64_t from,
	int64_t to, struct ts_why *why)
{
	for (int64_t end = from; from < to; from = end) {
		end = to - from > FACTS_PER_READ ? from + FACTS_PER_READ : to;
		TS_TRY(facts_of(ctx, judge, stream, from, end, why));
	}
	return TS_OK;
}

/* --- what it tells --- */

static enum ts_err flush_verdicts(struct ts_settle_judge *j, struct ts_why *why)
{
	if (j->held_n > 0)
		TS_TRY(j->of->sink.verdicts(j->of->sink.ctx, j->held, j->held_n, why));
	j->held_n = 0;
	ts_region_reset(j->regions[HELD]);
	return TS_OK;
}

static enum ts_err src_verdict(void *ctx, const struct ts_judge_verdict *v, struct ts_why *why)
{
	struct ts_settle_judge *j = ctx;
	if (j->held_n == VERDICTS_HELD)
		TS_TRY(flush_verdicts(j, why));
	const char *reason = ts_region_copy(j->regions[HELD], v->reason.at, v->reason.len);
	if (reason == NULL)
		return TS_E_NO_MEMORY;
	j->held[j->held_n++] = (struct ts_db_verdict){.stream_id = v->stream,
		.index = v->from,
		.lines = v->to - v->from,
		.kind = v->kind,
		.reason = reason,
		.leaf = v->leaf,
		.by_stream = v->by_stream,
		.by_index = v->by_index};
	return TS_OK;
}

static enum ts_err src_handover(void *ctx, const struct ts_judge_handover *h, struct ts_why *why)
{
	struct ts_settle_judge *j = ctx;
	return j->of->sink.handover(j->of->sink.ctx, h, why);
}

static enum ts_err flush_cells(struct ts_settle_judge *j, struct ts_why *why)
{
	if (j->cells_stream == 0)
		return TS_OK;
	TS_TRY(ts_cells_sort(&j->cells));
	TS_TRY(j->of->sink.cells(
		j->of->sink.ctx, j->cells_stream, j->cells.cells, j->cells.n, why));
	j->cells_stream = 0;
	return TS_OK;
}

/* The shares of one line, in the bucket of its own leaf. */
static enum ts_err fold_line(struct ts_settle_judge *j, int64_t leaf, struct ts_str origin,
	const struct ts_usage *usage, int sign, struct ts_why *why)
{
	struct ts_quarters it;
	int64_t quarter, share;
	ts_quarters_begin(&it, usage->start_ms, usage->end_ms, usage->quantity);
	while (ts_quarters_next(&it, &quarter, &share)) {
		struct ts_usage_cell cell = {.quarter_us = quarter * TS_US_PER_QUARTER,
			.sku = usage->sku,
			.pricing_class = usage->class,
			.quantity = (ts_i128)share * sign,
			.account = usage->account,
			.origin = origin};
		if (share != 0)
			TS_TRY(ts_ledger_fold(j->of->ledger, j->of->event, leaf, &cell, 1, why));
	}
	return TS_OK;
}

static enum ts_err src_adjust(void *ctx, int64_t stream, int64_t batch_leaf,
	const struct ts_usage *usage, int sign, struct ts_why *why)
{
	struct ts_settle_judge *j = ctx;
	const struct ts_db_key *row = stream_of(j, stream);
	if (row == NULL)
		return ts_why(why, TS_E_INTERNAL, "stream", "a batch without its stream");
	if (j->cells_stream != stream || j->cells.n >= CELLS_HELD) {
		TS_TRY(flush_cells(j, why));
		ts_region_reset(j->regions[CELLS]);
		TS_TRY(ts_cells_init(
			&j->cells, j->regions[CELLS], j->of->hasher, (uint64_t)stream));
		j->cells_stream = stream;
	}
	TS_TRY(sign > 0 ? ts_cells_add(&j->cells, usage) : ts_cells_sub(&j->cells, usage));
	if (row->side != TS_SIDE_PROVIDER)
		return TS_OK;
	return fold_line(j, batch_leaf, ts_str(row->origin), usage, sign, why);
}

/* --- the judge --- */

static enum ts_err load(struct ts_settle_judge *j, struct ts_why *why)
{
	struct ts_db_verdict *ranges = NULL;
	struct ts_judge_source source = {.ctx = j,
		.statement = src_statement,
		.batch = src_batch,
		.overlapping = src_overlapping,
		.size = src_size,
		.facts = src_facts,
		.verdict = src_verdict,
		.handover = src_handover,
		.adjust = src_adjust};
	size_t n = 0;
	TS_TRY(ts_judge_create(j->regions[STATE], &source, j->of->event->from, &j->judge));
	TS_TRY(ts_db_key_list(
		j->db, contract_of(j), j->regions[STATE], &j->streams, &j->streams_n, why));
	for (size_t i = 0; i < j->streams_n; i++)
		TS_TRY(ts_judge_stream(j->judge, j->streams[i].stream_id, j->streams[i].leaf,
			ts_str(j->streams[i].origin), (enum ts_side)j->streams[i].side));
	TS_TRY(ts_db_verdict_ranges(
		j->db, contract_of(j), j->of->event->from, j->regions[STATE], &ranges, &n, why));
	for (size_t i = 0; i < n; i++)
		TS_TRY(ts_judge_load_range(j->judge, ranges[i].kind, ranges[i].stream_id,
			ranges[i].index, ranges[i].index + ranges[i].lines, ranges[i].leaf));
	return TS_OK;
}

enum ts_err ts_settle_judge_create(
	const struct ts_settle_case *settle_case, struct ts_settle_judge **out, struct ts_why *why)
{
	static const size_t bytes_max[REGIONS] = {[STATE] = STATE_BYTES_MAX,
		[ROW] = BATCH_BYTES_MAX,
		[LINES] = BATCH_BYTES_MAX,
		[CURRENT] = BATCH_BYTES_MAX,
		[LIST] = LIST_BYTES_MAX,
		[HELD] = HELD_BYTES_MAX,
		[CELLS] = BATCH_BYTES_MAX,
		[SCRATCH] = LIST_BYTES_MAX};
	struct ts_settle_judge *j = calloc(1, sizeof *j);
	if (j == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = TS_OK;
	j->of = settle_case;
	j->db = settle_case->db;
	for (size_t i = 0; i < REGIONS && err == TS_OK; i++) {
		j->regions[i] = ts_region_create(bytes_max[i]);
		err = j->regions[i] == NULL ? TS_E_NO_MEMORY : TS_OK;
	}
	if (err == TS_OK)
		err = load(j, why);
	if (err != TS_OK) {
		ts_settle_judge_free(j);
		return err;
	}
	*out = j;
	return TS_OK;
}

void ts_settle_judge_free(struct ts_settle_judge *judge)
{
	if (judge == NULL)
		return;
	for (size_t i = 0; i < REGIONS; i++)
		ts_region_free(judge->regions[i]);
	free(judge);
}

static enum ts_err load_handovers(
	struct ts_settle_judge *j, const struct ts_db_batch *batches, size_t n, struct ts_why *why)
{
	struct ts_judge_handover *list = NULL;
	size_t list_n = 0;
	ts_region_reset(j->regions[SCRATCH]);
	int64_t *streams = ts_region_array(j->regions[SCRATCH], n + 1, sizeof *streams);
	if (streams == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++)
		streams[i] = batches[i].stream_id;
	TS_TRY(ts_db_handover_list(j->db, contract_of(j), streams, n, j->of->event->from,
		j->regions[SCRATCH], &list, &list_n, why));
	for (size_t i = 0; i < list_n; i++)
		TS_TRY(ts_judge_load_handover(j->judge, &list[i]));
	return TS_OK;
}

enum ts_err ts_settle_judge_batches(
	struct ts_settle_judge *j, const struct ts_db_batch *batches, size_t n, struct ts_why *why)
{
	TS_TRY(load_handovers(j, batches, n, why));
	for (size_t i = 0; i < n; i++) {
		struct ts_judge_batch batch;
		struct ts_str lines;
		ts_region_reset(j->regions[CURRENT]);
		TS_TRY(ts_db_batch_lines(j->db, contract_of(j), batches[i].batch_id,
			j->regions[CURRENT], &lines, why));
		give(&batches[i], lines, &batch);
		TS_TRY(ts_judge_append(j->judge, batches[i].stream_id, &batch, batches[i].suspects,
			batches[i].suspects_n, why));
	}
	return TS_OK;
}

enum ts_err ts_settle_judge_statement(
	struct ts_settle_judge *judge, int64_t leaf, struct ts_str bytes, struct ts_why *why)
{
	return ts_judge_leaf(judge->judge, leaf, bytes, why);
}

enum ts_err ts_settle_judge_finish(struct ts_settle_judge *judge, struct ts_why *why)
{
	TS_TRY(flush_verdicts(judge, why));
	return flush_cells(judge, why);
}
