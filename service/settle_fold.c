/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle_fold.h"
#include "evidence/note.h"
#include "evidence/statement.h"
#include "store/batch.h"
#include "store/batch_key.h"
#include "store/cell.h"
#include "store/stream.h"
#include <string.h>

#define BATCHES_PER_READ 1000
#define BATCH_REGION_BYTES_MAX (256u << 20)

struct fold {
	struct ts_db *db;
	struct ts_settle *s;
	struct ts_ledger *ledger;
	const struct ts_ledger_event *event;
	struct ts_db_stream *streams;
	size_t streams_n;
};

enum ts_err ts_settle_news(struct ts_db *db, int64_t contract_id, int64_t from, int64_t to,
	bool *news, struct ts_region *region, struct ts_why *why)
{
	struct ts_db_batch *batches = NULL;
	size_t n = 0;
	TS_TRY(ts_db_batch_list(db, contract_id, from, to, 1, region, &batches, &n, why));
	*news = n > 0;
	return TS_OK;
}

static const struct ts_db_stream *stream_by_id(const struct fold *f, int64_t stream_id)
{
	for (size_t i = 0; i < f->streams_n; i++)
		if (f->streams[i].key.stream_id == stream_id)
			return &f->streams[i];
	return NULL;
}

static const struct ts_db_stream *stream_by_origin(const struct fold *f, const char *origin)
{
	for (size_t i = 0; i < f->streams_n; i++)
		if (strcmp(f->streams[i].key.origin, origin) == 0)
			return &f->streams[i];
	return NULL;
}

/* Takes one line's shares away again, from the usage cells and, for provider streams, from what is
 * rated. */
static enum ts_err take_away(struct fold *f, const struct ts_db_stream *stream,
	const struct ts_usage *usage, struct ts_region *region, struct ts_why *why)
{
	struct ts_cells cells;
	TS_TRY(ts_cells_init(&cells, region, &f->s->session->hasher, 1));
	TS_TRY(ts_cells_sub(&cells, usage));
	TS_TRY(ts_cells_sort(&cells));
	TS_TRY(ts_db_cell_adjust(f->db, f->s->contract.contract_id, stream->key.stream_id,
		cells.cells, cells.n, why));
	if (stream->key.side != TS_SIDE_PROVIDER)
		return TS_OK;
	struct ts_usage_cell *out = ts_region_array(region, cells.n + 1, sizeof *out);
	if (out == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < cells.n; i++)
		out[i] = (struct ts_usage_cell){cells.cells[i].quarter * TS_US_PER_QUARTER,
			cells.cells[i].sku, cells.cells[i].class, cells.cells[i].quantity};
	return ts_ledger_fold(f->ledger, out, cells.n, f->event->at_us, why);
}

static enum ts_err usage_at(struct fold *f, int64_t stream_id, int64_t index,
	struct ts_region *region, struct ts_usage *usage, bool *is_usage, struct ts_why *why)
{
	struct ts_str line;
	struct ts_record record;
	const char *reason = NULL;
	TS_TRY(ts_db_batch_line(
		f->db, f->s->contract.contract_id, stream_id, index, region, &line, why));
	*is_usage = ts_record_parse(line, &record, &reason) == TS_OK &&
		    record.tag == TS_RECORD_USAGE;
	if (*is_usage)
		*usage = record.usage;
	return TS_OK;
}

static enum ts_err park(struct fold *f, const struct ts_db_batch *batch, int64_t index,
	const struct ts_key_statement *statement, const struct ts_db_stream *stream,
	struct ts_region *region, struct ts_why *why)
{
	struct ts_usage usage;
	bool is_usage = false;
	TS_TRY(usage_at(f, batch->stream_id, index, region, &usage, &is_usage, why));
	if (!is_usage)
		return TS_OK;
	enum ts_verdict verdict = ts_key_statement_verdict(statement, &usage);
	if (verdict == TS_VERDICT_IN_SCOPE || verdict == TS_VERDICT_NOT_PROVIDER)
		return TS_OK;
	struct ts_db_verdict row = {batch->stream_id, index, TS_DB_VERDICT_PARKED,
		ts_verdict_name(verdict), batch->leaf};
	TS_TRY(ts_db_verdict_add(f->db, f->s->contract.contract_id, &row, 1, why));
	return take_away(f, stream, &usage, region, why);
}

/* A line that its own enrolment does not cover is stored and never rated. */
static enum ts_err park_suspects(struct fold *f, const struct ts_db_batch *batch,
	struct ts_region *region, struct ts_why *why)
{
	const struct ts_db_stream *stream = stream_by_id(f, batch->stream_id);
	struct ts_key_statement statement;
	struct ts_note note;
	if (batch->suspects_n == 0)
		return TS_OK;
	if (stream == NULL)
		return ts_why(why, TS_E_INTERNAL, "stream", "a batch without its stream");
	TS_TRY(ts_note_parse(stream->key.note, &note, why));
	TS_TRY(ts_key_statement_parse(note.text, &statement, why));
	for (size_t i = 0; i < batch->suspects_n; i++)
		TS_TRY(park(f, batch, batch->suspects[i], &statement, stream, region, why));
	return TS_OK;
}

/* Same contract, cluster and agent, any generation. */
static bool same_agent(const char *a, const char *b)
{
	const char *end_a = strrchr(a, '/'), *end_b = strrchr(b, '/');
	return end_a != NULL && end_b != NULL && end_a - a == end_b - b &&
	       strncmp(a, b, (size_t)(end_a - a)) == 0;
}

/* NULL when the target is an earlier, live u1 of the same agent; else the reason. */
static enum ts_err target_of(struct fold *f, const struct ts_db_reversal *r,
	const struct ts_db_stream **target, struct ts_usage *usage, struct ts_region *region,
	const char **refusal, struct ts_why *why)
{
	const struct ts_db_stream *own = stream_by_id(f, r->stream_id);
	struct ts_db_verdict *verdicts = NULL;
	struct ts_db_batch batch;
	bool is_usage = false;
	size_t n = 0;
	int64_t id = f->s->contract.contract_id;
	*target = stream_by_origin(f, r->target_origin);
	*refusal = "unknown_target";
	if (own == NULL || *target == NULL || !same_agent(own->key.origin, r->target_origin))
		return TS_OK;
	int64_t stream_id = (*target)->key.stream_id;
	enum ts_err err = ts_db_batch_at(
		f->db, id, stream_id, r->target_index, region, &batch, why);
	bool earlier =
		err == TS_OK &&
		(batch.leaf < r->leaf || (batch.leaf == r->leaf && r->target_index < r->index));
	if (err == TS_E_NOT_FOUND || !earlier)
		return err == TS_E_NOT_FOUND ? TS_OK : err;
	TS_TRY(usage_at(f, stream_id, r->target_index, region, usage, &is_usage, why));
	*refusal = "not_usage";
	if (!is_usage)
		return TS_OK;
	TS_TRY(ts_db_verdict_of(f->db, id, stream_id, r->target_index, region, &verdicts, &n, why));
	*refusal = n > 0 ? "not_live" : NULL;
	return TS_OK;
}

static enum ts_err reverse(struct fold *f, const struct ts_db_reversal *r, struct ts_region *region,
	struct ts_why *why)
{
	const struct ts_db_stream *target = NULL;
	struct ts_usage usage = {0};
	const char *refusal = NULL;
	int64_t id = f->s->contract.contract_id;
	TS_TRY(target_of(f, r, &target, &usage, region, &refusal, why));
	if (refusal != NULL) {
		struct ts_db_verdict row = {
			r->stream_id, r->index, TS_DB_VERDICT_REFUSED, refusal, r->leaf};
		return ts_db_verdict_add(f->db, id, &row, 1, why);
	}
	struct ts_db_verdict row = {
		target->key.stream_id, r->target_index, TS_DB_VERDICT_REVERSED, r->reason, r->leaf};
	TS_TRY(ts_db_verdict_add(f->db, id, &row, 1, why));
	return take_away(f, target, &usage, region, why);
}

/* Suspects and reversals need lines; batches without either cost nothing here. */
static enum ts_err decide_lines(struct fold *f, struct ts_region *region, struct ts_why *why)
{
	int64_t id = f->s->contract.contract_id;
	int64_t from = f->event->from;
	bool reversals = false;
	for (;;) {
		struct ts_db_batch *batches = NULL;
		size_t n = 0;
		TS_TRY(ts_db_batch_list(f->db, id, from, f->event->to, BATCHES_PER_READ, region,
			&batches, &n, why));
		for (size_t i = 0; i < n; i++) {
			TS_TRY(park_suspects(f, &batches[i], region, why));
			reversals |= batches[i].reversal_n > 0;
		}
		if (n < BATCHES_PER_READ)
			break;
		from = batches[n - 1].leaf + 1;
	}
	struct ts_db_reversal *list = NULL;
	size_t n = 0;
	if (reversals)
		TS_TRY(ts_db_reversal_list(
			f->db, id, f->event->from, f->event->to, region, &list, &n, why));
	for (size_t i = 0; i < n; i++)
		TS_TRY(reverse(f, &list[i], region, why));
	return TS_OK;
}

enum ts_err ts_settle_fold(struct ts_db *db, struct ts_settle *s, struct ts_ledger *ledger,
	const struct ts_ledger_event *event, struct ts_why *why)
{
	struct fold f = {.db = db, .s = s, .ledger = ledger, .event = event};
	struct ts_usage_cell *cells = NULL;
	size_t n = 0;
	int64_t id = s->contract.contract_id;
	if (event->from == event->to)
		return TS_OK;
	TS_TRY(ts_db_stream_list(db, id, s->region, &f.streams, &f.streams_n, why));
	TS_TRY(ts_db_cell_fold(db, id, event->from, event->to, s->region, &cells, &n, why));
	TS_TRY(ts_ledger_fold(ledger, cells, n, event->at_us, why));
	struct ts_region *region = ts_region_create(BATCH_REGION_BYTES_MAX);
	if (region == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = decide_lines(&f, region, why);
	ts_region_free(region);
	TS_TRY(err);
	return ts_db_batch_key_fill(db, id, event->from, event->to, why);
}
