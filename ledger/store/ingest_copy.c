/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ingest_copy.h"
#include "base/time.h"

#define TAG_USAGE 1
#define TAG_CLOSE 2
#define TAG_VOID 9

static void row_head(struct ts_copy *copy, const struct ingest_group *g,
	const struct ts_ingest_upload *u, int64_t index)
{
	ts_copy_i64(copy, g->contract_id);
	ts_copy_i64(copy, u->batch_id);
	ts_copy_i64(copy, u->stream_id);
	ts_copy_i64(copy, index);
}

static void row_usage(struct ts_copy *copy, const struct ingest_group *g,
	const struct ts_ingest_upload *u, const struct ts_intake_row *row)
{
	const struct ts_usage *r = &row->record.usage;

	ts_copy_row(copy, 18,
		12 * 8 + r->sku.len + r->class.len + r->workload.len + r->resource.len +
			r->account.len);
	row_head(copy, g, u, row->index);
	ts_copy_i64(copy, r->start_ms);
	ts_copy_i64(copy, r->end_ms);
	ts_copy_i64(copy, r->devices_milli);
	ts_copy_i64(copy, r->quantity);
	ts_copy_day(copy, g->day);
	ts_copy_i16(copy, u->side);
	ts_copy_i16(copy, TAG_USAGE);
	ts_copy_str(copy, r->sku);
	ts_copy_str(copy, r->class);
	ts_copy_str(copy, r->workload);
	ts_copy_str(copy, r->resource);
	ts_copy_str(copy, r->account);
	ts_copy_null(copy);
	ts_copy_null(copy);
}

/* c1 (record not NULL) and void lines (reason not NULL): the same table, other columns. */
static void row_other(struct ts_copy *copy, const struct ingest_group *g,
	const struct ts_ingest_upload *u, const struct ts_intake_row *row)
{
	const struct ts_close *close = row->void_reason == NULL ? &row->record.close : NULL;
	size_t reason_len = row->void_reason == NULL ? 0 : strlen(row->void_reason);

	ts_copy_row(copy, 18, 13 * 8 + 5 + (close == NULL ? 1 : close->sku.len) + reason_len);
	row_head(copy, g, u, row->index);
	ts_copy_i64(copy, close == NULL ? 0 : close->start_ms);
	ts_copy_i64(copy, close == NULL ? 0 : close->end_ms);
	ts_copy_i64(copy, 0);
	ts_copy_i64(copy, close == NULL ? 0 : close->quantity_sum);
	ts_copy_day(copy, g->day);
	ts_copy_i16(copy, u->side);
	ts_copy_i16(copy, close == NULL ? TAG_VOID : TAG_CLOSE);
	ts_copy_str(copy, close == NULL ? TS_STR("-") : close->sku);
	for (int i = 0; i < 4; i++)
		ts_copy_str(copy, TS_STR("-"));
	if (close == NULL) {
		ts_copy_null(copy);
		ts_copy_bytes(copy, row->void_reason, reason_len);
	} else {
		ts_copy_i64(copy, close->count);
		ts_copy_null(copy);
	}
}

static void copy_usage(
	struct ts_copy *copy, const struct ingest_group *g, const struct ts_ingest_upload *u)
{
	for (size_t i = 0; i < u->rows_n; i++) {
		const struct ts_intake_row *row = &u->rows[i];

		if (row->void_reason != NULL || row->record.tag == TS_RECORD_CLOSE)
			row_other(copy, g, u, row);
		else if (row->record.tag == TS_RECORD_USAGE)
			row_usage(copy, g, u, row);
	}
}

/* c1 lines once more, where they are found by their windows. */
static void copy_closes(
	struct ts_copy *copy, const struct ingest_group *g, const struct ts_ingest_upload *u)
{
	for (size_t i = 0; i < u->rows_n; i++) {
		const struct ts_close *c = &u->rows[i].record.close;

		if (u->rows[i].void_reason != NULL || u->rows[i].record.tag != TS_RECORD_CLOSE)
			continue;
		ts_copy_row(copy, 10, 8 * 8 + 2 + c->sku.len);
		ts_copy_i64(copy, g->contract_id);
		ts_copy_i64(copy, u->batch_id);
		ts_copy_i64(copy, u->rows[i].index);
		ts_copy_i64(copy, u->stream_id);
		ts_copy_i16(copy, u->side);
		ts_copy_i64(copy, c->start_ms);
		ts_copy_i64(copy, c->end_ms);
		ts_copy_str(copy, c->sku);
		ts_copy_i64(copy, c->count);
		ts_copy_i64(copy, c->quantity_sum);
	}
}

static void copy_cells(
	struct ts_copy *copy, const struct ingest_group *g, const struct ts_ingest_upload *u)
{
	const struct ts_cells *cells = &u->intake->cells;

	for (size_t i = 0; i < cells->n; i++) {
		const struct ts_cell *c = &cells->cells[i];

		ts_copy_row(copy, 12, 6 * 8 + 80 + c->sku.len + c->class.len + c->account.len);
		ts_copy_i64(copy, g->contract_id);
		ts_copy_i64(copy, u->batch_id);
		ts_copy_i32(copy, (int32_t)i);
		ts_copy_i64(copy, u->stream_id);
		ts_copy_i16(copy, u->side);
		ts_copy_i64(copy, c->quarter);
		ts_copy_str(copy, c->sku);
		ts_copy_str(copy, c->class);
		ts_copy_str(copy, c->account);
		ts_copy_i64(copy, c->count);
		ts_copy_i128(copy, c->quantity);
		ts_copy_digest(copy, &c->digest);
	}
}

static void copy_subtrees(
	struct ts_copy *copy, const struct ingest_group *g, const struct ts_ingest_upload *u)
{
	for (size_t i = 0; i < u->subtrees_n; i++) {
		ts_copy_row(copy, 4, 3 * 8 + TS_HASH_BYTES);
		ts_copy_i64(copy, g->contract_id);
		ts_copy_i64(copy, u->stream_id);
		ts_copy_i64(copy, u->subtrees[i].number);
		ts_copy_bytes(copy, u->subtrees[i].hash.b, TS_HASH_BYTES);
	}
}

bool ts_ingest_is_reversal(const struct ts_intake_row *row)
{
	return row->void_reason == NULL && row->record.tag == TS_RECORD_REVERSAL;
}

static void copy_reversals(
	struct ts_copy *copy, const struct ingest_group *g, const struct ts_ingest_upload *u)
{
	for (size_t i = 0; i < u->rows_n; i++) {
		const struct ts_reversal *r = &u->rows[i].record.reversal;

		if (!ts_ingest_is_reversal(&u->rows[i]))
			continue;
		ts_copy_row(copy, 8, 5 * 8 + 2 + r->origin.len + r->reason.len);
		row_head(copy, g, u, u->rows[i].index);
		ts_copy_i16(copy, u->side);
		ts_copy_str(copy, r->origin);
		ts_copy_i64(copy, r->index);
		ts_copy_str(copy, r->reason);
	}
}

static void copy_batch(
	struct ts_copy *copy, const struct ingest_group *g, const struct ts_ingest_upload *u)
{
	const struct ts_intake *in = u->intake;
	const struct ingest_packed *packed = NULL;

	for (size_t i = 0; i < g->n; i++)
		if (g->uploads[i] == u)
			packed = &g->packed[i];
	TS_ASSERT(packed != NULL);
	ts_copy_row(copy, 22,
		15 * 8 + TS_HASH_BYTES + u->note.len + u->receipt.len + packed->len + 40 +
			12 * (in->suspects.n + in->void_usage.n));
	ts_copy_i64(copy, g->contract_id);
	ts_copy_i64(copy, u->batch_id);
	ts_copy_i64(copy, u->stream_id);
	ts_copy_i16(copy, u->side);
	ts_copy_i64(copy, u->range_old->size);
	ts_copy_i64(copy, u->range->size);
	ts_copy_i64(copy, u->leaf_index);
	ts_copy_time(copy, g->received_us);
	ts_copy_i32(copy, ts_month_of_day(g->day));
	ts_copy_bytes(copy, u->root.b, TS_HASH_BYTES);
	ts_copy_str(copy, u->note);
	ts_copy_str(copy, u->receipt);
	ts_copy_bytes(copy, packed->bytes, packed->len);
	ts_copy_i64(copy, (int64_t)u->lines.len);
	ts_copy_i64(copy, in->usage_n);
	ts_copy_i64(copy, in->void_n);
	ts_copy_i64(copy, in->close_n);
	ts_copy_i64(copy, in->reversal_n);
	ts_copy_i64s(copy, in->suspects.list, in->suspects.n);
	ts_copy_i64s(copy, in->void_usage.list, in->void_usage.n);
	ts_copy_i64(copy, in->earliest_ms);
	ts_copy_i64(copy, in->latest_ms);
}

typedef void (*copy_upload)(
	struct ts_copy *copy, const struct ingest_group *g, const struct ts_ingest_upload *u);

static enum ts_err group_copy(struct ts_db *db, const struct ingest_group *g, const char *query,
	copy_upload put, struct ts_why *why)
{
	struct ts_copy copy;

	TS_TRY(ts_copy_begin(&copy, db, query, why));
	for (size_t i = 0; i < g->n; i++)
		if (g->uploads[i]->result == TS_OK)
			put(&copy, g, g->uploads[i]);
	return ts_copy_end(&copy, why);
}

enum ts_err ts_ingest_copy_usage(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why)
{
	return group_copy(db, group, "ingest_copy_usage", copy_usage, why);
}

/* Most uploads close nothing: those make no statement of it. */
enum ts_err ts_ingest_copy_closes(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why)
{
	bool any = false;

	for (size_t i = 0; i < group->n; i++)
		any = any || (group->uploads[i]->result == TS_OK &&
				     group->uploads[i]->intake->close_n > 0);
	return any ? group_copy(db, group, "ingest_copy_closes", copy_closes, why) : TS_OK;
}

enum ts_err ts_ingest_copy_cells(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why)
{
	return group_copy(db, group, "ingest_copy_cells", copy_cells, why);
}

enum ts_err ts_ingest_copy_subtrees(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why)
{
	return group_copy(db, group, "ingest_copy_subtrees", copy_subtrees, why);
}

enum ts_err ts_ingest_copy_reversals(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why)
{
	return group_copy(db, group, "ingest_copy_reversals", copy_reversals, why);
}

enum ts_err ts_ingest_copy_batches(
	struct ts_db *db, const struct ingest_group *group, struct ts_why *why)
{
	return group_copy(db, group, "ingest_copy_batches", copy_batch, why);
}
