/* SPDX-License-Identifier: Apache-2.0 */
/* An accepted upload: its lines, hashed and read again by the code that took them in, say what
 * every row of the batch must be. */
#include "base/time.h"
#include "evidence/append.h"
#include "service/auditor/auditor_walk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_PER_COMPARE 20000
#define LINES_PER_LEAF 32 /* so many lines are as much work as one leaf of a log */
#define TAG_USAGE 1
#define TAG_CLOSE 2
#define TAG_VOID 9
#define KEY_KINDS 3

struct upload {
	struct ts_auditor_walk *w;
	struct ts_auditor_stream *stream;
	const struct ts_db_leaf_row *leaf;
	const struct ts_db_batch *row;
	struct ts_checkpoint checkpoint;
	const struct ts_terms *terms;
	struct ts_hash contract_note;
	struct ts_intake intake;
	struct ts_auditor_tree tree;
	struct ts_str lines;
	int32_t day;
	struct ts_rowset keys; /* of batch_key, each once */
	char key[64];
};

static enum ts_err finding(
	struct upload *u, struct ts_str expected, struct ts_str actual, struct ts_why *why)
{
	return ts_auditor_find(
		u->w->a, TS_AUDITOR_BATCHES, "app.batch", u->key, expected, actual, why);
}

/* --- expected rows of lines --- */

static void row_head(struct ts_sheet *sheet, const struct upload *u, int64_t index)
{
	ts_buf_printf(
		&sheet->key, "batch %lld line %lld", (long long)u->row->batch_id, (long long)index);
	ts_sheet_int(sheet, u->stream->stream_id);
}

static void expect_usage(struct upload *u, const struct ts_intake_row *row)
{
	struct ts_sheet *sheet = &u->w->sheets[TS_SHEET_USAGE];
	const struct ts_usage *usage = &row->record.usage;
	const struct ts_close *close = &row->record.close;
	bool is_void = row->void_reason != NULL;
	bool is_usage = !is_void && row->record.tag == TS_RECORD_USAGE;
	char day[TS_TIME_CHARS];
	row_head(sheet, u, row->index);
	ts_sheet_int(sheet, is_void ? 0 : is_usage ? usage->start_ms : close->start_ms);
	ts_sheet_int(sheet, is_void ? 0 : is_usage ? usage->end_ms : close->end_ms);
	ts_sheet_int(sheet, is_usage ? usage->devices_milli : 0);
	ts_sheet_int(sheet, is_void ? 0 : is_usage ? usage->quantity : close->quantity_sum);
	ts_sheet_text(sheet, ts_str(ts_date_format(u->day, day)));
	ts_sheet_int(sheet, u->stream->statement.side);
	ts_sheet_int(sheet, is_void ? TAG_VOID : is_usage ? TAG_USAGE : TAG_CLOSE);
	ts_sheet_text(sheet, is_usage ? usage->sku : is_void ? TS_STR("-") : close->sku);
	ts_sheet_text(sheet, is_usage ? usage->class : TS_STR("-"));
	ts_sheet_text(sheet, is_usage ? usage->workload : TS_STR("-"));
	ts_sheet_text(sheet, is_usage ? usage->resource : TS_STR("-"));
	ts_sheet_text(sheet, is_usage ? usage->account : TS_STR("-"));
	if (is_void || is_usage)
		ts_sheet_text(sheet, TS_STR("-"));
	else
		ts_sheet_int(sheet, close->count);
	ts_sheet_text(sheet, is_void ? ts_str(row->void_reason) : TS_STR("-"));
	ts_sheet_put(sheet);
	u->w->batches.rows++;
}

static void expect_reversal(struct upload *u, const struct ts_intake_row *row)
{
	struct ts_sheet *sheet = &u->w->sheets[TS_SHEET_REVERSAL];
	const struct ts_reversal *r = &row->record.reversal;
	row_head(sheet, u, row->index);
	ts_sheet_int(sheet, u->stream->statement.side);
	ts_sheet_text(sheet, r->origin);
	ts_sheet_int(sheet, r->index);
	ts_sheet_text(sheet, r->reason);
	ts_sheet_put(sheet);
}

static void expect_close(struct upload *u, const struct ts_intake_row *row)
{
	struct ts_sheet *sheet = &u->w->sheets[TS_SHEET_WINDOW_CLOSE];
	const struct ts_close *close = &row->record.close;
	row_head(sheet, u, row->index);
	ts_sheet_int(sheet, u->stream->statement.side);
	ts_sheet_int(sheet, close->start_ms);
	ts_sheet_int(sheet, close->end_ms);
	ts_sheet_text(sheet, close->sku);
	ts_sheet_int(sheet, close->count);
	ts_sheet_int(sheet, close->quantity_sum);
	ts_sheet_put(sheet);
}

struct key {
	int16_t kind;
	struct ts_str value;
};

static uint64_t key_hash(const void *row)
{
	const struct key *k = row;
	uint64_t hash = ts_hash_mix(1, (uint64_t)k->kind);
	for (size_t i = 0; i < k->value.len; i++)
		hash = ts_hash_mix(hash, (unsigned char)k->value.at[i]);
	return hash;
}

static bool key_same(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	return x->kind == y->kind && ts_str_eq(x->value, y->value);
}

/* As settle fills them (store/batch_key.h): every u1 line that parses. */
static enum ts_err expect_keys(struct upload *u, struct ts_str line)
{
	struct ts_record record;
	const char *reason = NULL;
	struct ts_sheet *sheet = &u->w->sheets[TS_SHEET_BATCH_KEY];
	struct ts_array *columns = u->w->batches.keys;
	if (u->w->tail || ts_record_parse(line, &record, &reason) != TS_OK ||
		record.tag != TS_RECORD_USAGE)
		return TS_OK;
	const struct ts_str values[KEY_KINDS] = {
		record.usage.workload, record.usage.resource, record.usage.account};
	for (int16_t kind = 0; kind < KEY_KINDS; kind++) {
		const struct key key = {kind, values[kind]};
		if (ts_str_is(key.value, "-") || ts_rowset_find(&u->keys, &key) != NULL)
			continue;
		TS_TRY(ts_rowset_add(&u->keys, &key, NULL));
		ts_buf_printf(&sheet->key, "kind %d value %.*s batch %lld", (int)kind,
			(int)key.value.len, key.value.at, (long long)u->row->batch_id);
		ts_sheet_put(sheet);
		ts_array_i16(&columns[0], kind);
		ts_array_str(&columns[1], key.value);
		ts_array_i64(&columns[2], u->row->batch_id);
	}
	return TS_OK;
}

static void expect_cells(struct upload *u)
{
	struct ts_sheet *sheet = &u->w->sheets[TS_SHEET_CELL];
	char quantity[TS_I128_CHARS];
	for (size_t i = 0; i < u->intake.cells.n; i++) {
		const struct ts_cell *c = &u->intake.cells.cells[i];
		ts_buf_printf(&sheet->key, "batch %lld n %zu", (long long)u->row->batch_id, i);
		ts_sheet_int(sheet, u->stream->stream_id);
		ts_sheet_int(sheet, u->stream->statement.side);
		ts_sheet_int(sheet, c->quarter);
		ts_sheet_text(sheet, c->sku);
		ts_sheet_text(sheet, c->class);
		ts_sheet_text(sheet, c->account);
		ts_sheet_int(sheet, c->count);
		ts_sheet_text(sheet, ts_str(ts_i128_format(c->quantity, quantity)));
		ts_sheet_digest(sheet, &c->digest);
		ts_sheet_put(sheet);
	}
	u->w->batches.rows += (int64_t)u->intake.cells.n;
}

/* --- lines --- */

static enum ts_err take_line(struct upload *u, struct ts_str line, struct ts_why *why)
{
	struct ts_intake_row row;
	struct ts_hash hash;
	int64_t index = u->tree.ranges[0].size;
	ts_hash_leaf(&u->w->a->hasher, line.at, line.len, &hash);
	TS_TRY(ts_auditor_tree_append(&u->tree, &hash, why));
	TS_TRY(ts_intake_take(&u->intake, index, line, &row));
	u->w->a->counts->lines++;
	TS_TRY(expect_keys(u, line));
	if (row.void_reason == NULL && row.record.tag == TS_RECORD_CLOSE)
		expect_close(u, &row);
	if (row.void_reason == NULL && row.record.tag == TS_RECORD_REVERSAL)
		expect_reversal(u, &row);
	else if (row.void_reason != NULL || row.record.tag != TS_RECORD_GENESIS)
		expect_usage(u, &row);
	return TS_OK;
}

static enum ts_err take_lines(struct upload *u, struct ts_why *why)
{
	struct ts_auditor *a = u->w->a;
	struct ts_str rest = u->lines, line;
	TS_TRY(ts_intake_begin(&u->intake, a->scratch, &a->hasher, (uint64_t)u->row->batch_id,
		&u->stream->statement, &u->contract_note, &u->stream->windows));
	ts_rowset_init(&u->keys, a->scratch, sizeof(struct key), key_hash, key_same);
	while (u->tree.ranges[0].size < u->checkpoint.size && ts_str_line(&rest, &line))
		TS_TRY(take_line(u, line, why));
	TS_TRY(ts_intake_end(&u->intake));
	expect_cells(u);
	if (u->tree.ranges[0].size != u->checkpoint.size || rest.len > 0)
		return finding(u, TS_STR("as many lines as the checkpoint announces"),
			TS_STR("another number"), why);
	return TS_OK;
}

/* --- the row itself --- */

static void describe(const struct ts_db_batch *b, struct ts_buf *out)
{
	char root[2 * TS_HASH_BYTES + 1];
	ts_text_hex(b->root.b, TS_HASH_BYTES, root);
	ts_buf_printf(out,
		"stream %lld side %d lines [%lld, %lld) received %lld month %d root %s bytes %lld "
		"usage %lld void %lld close %lld reversal %lld earliest %lld latest %lld suspects",
		(long long)b->stream_id, (int)b->side, (long long)b->first, (long long)b->end,
		(long long)b->received_us, b->received_month, root, (long long)b->lines_bytes,
		(long long)b->usage_n, (long long)b->void_n, (long long)b->close_n,
		(long long)b->reversal_n, (long long)b->earliest_ms, (long long)b->latest_ms);
	for (size_t i = 0; i < b->suspects_n; i++)
		ts_buf_printf(out, " %lld", (long long)b->suspects[i]);
	ts_buf_puts(out, " void usage");
	for (size_t i = 0; i < b->void_usage_n; i++)
		ts_buf_printf(out, " %lld", (long long)b->void_usage[i]);
}

static enum ts_err compare_row(struct upload *u, int64_t first, struct ts_why *why)
{
	const struct ts_intake *in = &u->intake;
	const struct ts_db_batch want = {.stream_id = u->stream->stream_id,
		.side = (int16_t)u->stream->statement.side,
		.first = first,
		.end = u->tree.ranges[0].size,
		.received_us = u->leaf->created_us,
		.received_month = ts_month_of_day(u->day),
		.root = u->checkpoint.root,
		.lines_bytes = (int64_t)u->lines.len,
		.usage_n = in->usage_n,
		.void_n = in->void_n,
		.close_n = in->close_n,
		.reversal_n = in->reversal_n,
		.earliest_ms = in->earliest_ms,
		.latest_ms = in->latest_ms,
		.suspects = in->suspects.list,
		.suspects_n = in->suspects.n,
		.void_usage = in->void_usage.list,
		.void_usage_n = in->void_usage.n};
	struct ts_buf expected, actual;
	enum ts_err err = TS_OK;
	ts_buf_init(&expected, 1u << 24);
	ts_buf_init(&actual, 1u << 24);
	describe(&want, &expected);
	describe(u->row, &actual);
	const struct ts_str e = ts_str(ts_buf_str(&expected)), got = ts_str(ts_buf_str(&actual));
	if (!ts_str_eq(e, got))
		err = finding(u, e, got, why);
	ts_buf_free(&expected);
	ts_buf_free(&actual);
	return err;
}

static enum ts_err check_root(struct upload *u, struct ts_why *why)
{
	char expected[2 * TS_HASH_BYTES + 1], actual[2 * TS_HASH_BYTES + 1];
	struct ts_hash root;
	ts_range_root(&u->w->a->hasher, &u->tree.ranges[0], &root);
	if (ts_hash_eq(&root, &u->checkpoint.root))
		return TS_OK;
	ts_text_hex(u->checkpoint.root.b, TS_HASH_BYTES, expected);
	ts_text_hex(root.b, TS_HASH_BYTES, actual);
	return finding(u, ts_str(expected), ts_str(actual), why);
}

/* The agent's note as received, and the receipt that it was given. */
static enum ts_err check_notes(struct upload *u, const struct ts_note *leaf, struct ts_why *why)
{
	struct ts_note note;
	struct ts_note_sig sig;
	struct ts_checkpoint checkpoint;
	struct ts_key receipt;
	struct ts_why found = {"", ""};
	int64_t time_s = 0;
	if (ts_checkpoint_open(u->row->note, &u->stream->statement.key, 1, &note, &sig, &checkpoint,
		    &found) != TS_OK)
		TS_TRY(finding(
			u, TS_STR("a note that the agent's key signed"), ts_str(found.text), why));
	else if (!ts_str_eq(note.text, leaf->text))
		TS_TRY(finding(u, TS_STR("the note of the leaf's checkpoint"), note.text, why));
	if (ts_key_parse(ts_str(u->terms->keys.receipt_key), &receipt, &found) != TS_OK)
		return TS_OK;
	if (ts_append_receipt_verify(&receipt, leaf->text, u->row->receipt, &time_s, &found) !=
		TS_OK)
		return finding(u, TS_STR("a receipt that the service's key signed"),
			ts_str(found.text), why);
	return TS_OK;
}

/* --- one upload --- */

static enum ts_err walk(struct upload *u, const struct ts_note *note, struct ts_why *why)
{
	struct ts_auditor_walk *w = u->w;
	int64_t first = u->stream->range.size;
	TS_TRY(take_lines(u, why));
	TS_TRY(check_root(u, why));
	TS_TRY(compare_row(u, first, why));
	TS_TRY(check_notes(u, note, why));
	TS_TRY(ts_auditor_tree_compare(&u->tree, why));
	u->stream->range = u->tree.ranges[0];
	u->stream->changed = true;
	if (u->intake.closed_ms > u->stream->closed_ms)
		u->stream->closed_ms = u->intake.closed_ms;
	ts_sha256(u->row->note.at, u->row->note.len, &u->stream->note);
	w->work += (u->stream->range.size - first) / LINES_PER_LEAF;
	w->a->counts->batches++;
	return TS_OK;
}

/* Into the ledger and the usage cells, unless nothing has folded the leaf yet. */
static enum ts_err fold(struct upload *u, struct ts_why *why)
{
	struct ts_auditor_walk *w = u->w;
	const struct ts_cells *cells = &u->intake.cells;
	if (w->tail || cells->n == 0)
		return TS_OK;
	TS_TRY(ts_auditor_cells_add(w, u->stream->stream_id, (int16_t)u->stream->statement.side,
		cells->cells, cells->n));
	if (u->stream->statement.side != TS_SIDE_PROVIDER)
		return TS_OK;
	struct ts_usage_cell *list = ts_region_array(w->a->scratch, cells->n, sizeof *list);
	if (list == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < cells->n; i++)
		list[i] = (struct ts_usage_cell){cells->cells[i].quarter * TS_US_PER_QUARTER,
			cells->cells[i].sku, cells->cells[i].class, cells->cells[i].quantity,
			cells->cells[i].account, ts_str(u->stream->origin)};
	return ts_ledger_fold(w->ledger, &w->folding, w->folding.from, list, cells->n, why);
}

static enum ts_err signed_by_agent(struct upload *u, const struct ts_note *note, struct ts_why *why)
{
	char vkey[TS_VKEY_CHARS];
	const char *keys[] = {ts_key_format(&u->stream->statement.key, vkey)};
	unsigned who = 0;
	if (u->stream->closed_leaf >= 0 || u->stream->revoked_leaf >= 0)
		TS_TRY(finding(u, TS_STR("a key that is still valid"),
			TS_STR("it ended before this leaf"), why));
	return ts_auditor_signed(u->w->a, u->leaf->index, note, keys, 1, 1, &who, why);
}

/* The statement of the newest version below the leaf. */
static void contract_note(struct upload *u)
{
	const struct ts_auditor *a = u->w->a;
	for (size_t i = 0; i < a->terms_n; i++)
		if (a->versions[i].leaf < u->leaf->index)
			u->contract_note = a->versions[i].statement_sha256;
}

static enum ts_err absent(struct upload *u, struct ts_why *why)
{
	TS_TRY(finding(u, TS_STR("the batch of this leaf"), TS_STR("no such row"), why));
	return ts_auditor_walk_stop(u->w, u->leaf->index, TS_STR("the batch of every upload"),
		TS_STR("one is absent"), why);
}

static enum ts_err read_lines(struct upload *u, bool *there, struct ts_why *why)
{
	struct ts_why found = {"", ""};
	struct ts_auditor *a = u->w->a;
	ts_region_reset(a->scratch);
	enum ts_err err = ts_db_batch_lines(
		a->db, a->contract.contract_id, u->row->batch_id, a->scratch, &u->lines, &found);
	*there = err == TS_OK;
	if (err == TS_OK)
		return TS_OK;
	TS_TRY(ts_auditor_excuse(a, TS_AUDITOR_BATCHES, "app.batch", u->key, err, &found, why));
	return ts_auditor_walk_stop(
		u->w, u->leaf->index, TS_STR("lines that can be read"), ts_str(found.text), why);
}

static void note_batch(struct upload *u)
{
	struct ts_auditor_batches *b = &u->w->batches;
	if (b->ids.n == 0 || u->row->batch_id < b->first)
		b->first = u->row->batch_id;
	if (b->ids.n == 0 || u->row->batch_id > b->last)
		b->last = u->row->batch_id;
	ts_array_i64(&b->ids, u->row->batch_id);
}

enum ts_err ts_auditor_batch(struct ts_auditor_walk *w, const struct ts_db_leaf_row *leaf,
	const struct ts_note *note, const struct ts_db_batch *row, struct ts_why *why)
{
	struct upload u = {.w = w, .leaf = leaf, .row = row};
	struct ts_why found = {"", ""};
	bool there = false;
	snprintf(u.key, sizeof u.key, "leaf %lld", (long long)leaf->index);
	TS_TRY(ts_checkpoint_parse(note->text, &u.checkpoint, why));
	enum ts_err err = ts_auditor_stream_get(w, u.checkpoint.origin, &u.stream, &found);
	if (err != TS_OK) {
		TS_TRY(ts_auditor_excuse(
			w->a, TS_AUDITOR_KEYS, "app.agent_key", u.key, err, &found, why));
		return ts_auditor_walk_stop(w, leaf->index, TS_STR("a stream that is enrolled"),
			ts_str(found.text), why);
	}
	u.terms = ts_auditor_terms_at(w->a, leaf->index);
	if (row == NULL || u.terms == NULL)
		return absent(&u, why);
	snprintf(u.key, sizeof u.key, "batch %lld leaf %lld", (long long)row->batch_id,
		(long long)leaf->index);
	u.day = (int32_t)(leaf->created_us / TS_US_PER_DAY);
	contract_note(&u);
	TS_TRY(signed_by_agent(&u, note, why));
	TS_TRY(read_lines(&u, &there, why));
	if (!there)
		return TS_OK;
	note_batch(&u);
	err = ts_auditor_tree_begin(&u.tree, w->a, u.stream->stream_id, &u.stream->range);
	if (err == TS_OK)
		err = walk(&u, note, why);
	ts_auditor_tree_end(&u.tree);
	TS_TRY(err);
	TS_TRY(fold(&u, why));
	return ts_auditor_batch_flush(w, false, why);
}

/* --- comparing --- */

static enum ts_err compare_batches(struct ts_auditor_walk *w, struct ts_why *why)
{
	static const enum ts_auditor_sheet sheets[] = {
		TS_SHEET_CELL, TS_SHEET_REVERSAL, TS_SHEET_WINDOW_CLOSE, TS_SHEET_USAGE};
	struct ts_auditor_batches *b = &w->batches;
	struct ts_args args;
	int64_t rows = 0;
	ts_args_init(&args);
	ts_arg_i64(&args, w->a->contract.contract_id);
	TS_TRY(ts_arg_array(&args, &b->ids));
	for (size_t i = 0; i < sizeof sheets / sizeof sheets[0]; i++) {
		if (sheets[i] == TS_SHEET_USAGE) {
			ts_arg_i64(&args, b->first);
			ts_arg_i64(&args, b->last);
		}
		TS_TRY(ts_sheet_compare(&w->sheets[sheets[i]], &args,
			sheets[i] == TS_SHEET_USAGE ? &w->a->counts->usage : &rows, why));
	}
	if (b->keys[0].n == 0)
		return TS_OK;
	args.n = 1;
	for (size_t i = 0; i < KEY_KINDS; i++)
		TS_TRY(ts_arg_array(&args, &b->keys[i]));
	return ts_sheet_compare(&w->sheets[TS_SHEET_BATCH_KEY], &args, &rows, why);
}

enum ts_err ts_auditor_batch_flush(struct ts_auditor_walk *w, bool always, struct ts_why *why)
{
	static const enum ts_array_type types[] = {TS_ARRAY_I16, TS_ARRAY_TEXT, TS_ARRAY_I64};
	struct ts_auditor_batches *b = &w->batches;
	if (b->ids.n == 0 || (!always && b->rows < ROWS_PER_COMPARE))
		return TS_OK;
	enum ts_err err = compare_batches(w, why);
	ts_array_free(&b->ids);
	ts_arrays_free(b->keys, KEY_KINDS);
	ts_array_init(&b->ids, TS_ARRAY_I64);
	ts_arrays_init(b->keys, types, KEY_KINDS);
	b->rows = 0;
	return err;
}
