/* SPDX-License-Identifier: Apache-2.0 */
/* What changes: compared in one snapshot with walks that have seen all of it. Leaves that no event
 * has folded yet are walked too, but not kept: the event that folds them will pass them again. */
#include "book/ledger_text.h"
#include "evidence/conflict.h"
#include "service/auditor/auditor_walk.h"
#include "store/ingest.h"
#include "store/stream.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)1 << 30)
#define EVERYTHING INT64_MAX

struct end {
	struct ts_auditor *a;
	struct ts_auditor_walk *w;
	struct ts_range logs[2];
};

static void args_of(struct ts_args *args, const struct ts_auditor *a)
{
	ts_args_init(args);
	ts_arg_i64(args, a->contract.contract_id);
}

/* No row that the query gives may be there. */
static enum ts_err none(struct ts_auditor *a, enum ts_auditor_check check, const char *table,
	const char *query, const struct ts_args *args, struct ts_why *why)
{
	struct ts_sheet sheet;
	enum ts_err err = ts_sheet_begin(&sheet, a, check, table, query);
	if (err == TS_OK)
		err = ts_sheet_compare(&sheet, args, NULL, why);
	ts_sheet_end(&sheet);
	return err;
}

/* --- logs --- */

static enum ts_err compare_heads(struct end *e, struct ts_why *why)
{
	uint8_t packed[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	struct ts_sheet sheet;
	struct ts_args args;
	enum ts_err err = ts_sheet_begin(
		&sheet, e->a, TS_AUDITOR_HEADS, "app.contract_lock", "audit_lock");
	for (int what = 0; what < 4 && err == TS_OK; what++) {
		struct ts_range empty;
		struct ts_hash root;
		ts_range_init(&empty);
		const struct ts_range *range = what < 2 ? &e->logs[what] : &empty;
		ts_range_root(&e->a->hasher, range, &root);
		ts_buf_printf(&sheet.key, "what %d", what);
		ts_sheet_int(&sheet, range->size);
		ts_sheet_hex(&sheet, packed, ts_range_pack(range, packed));
		ts_sheet_hash(&sheet, &root);
		ts_sheet_put(&sheet);
	}
	args_of(&args, e->a);
	if (err == TS_OK)
		err = ts_sheet_compare(&sheet, &args, NULL, why);
	ts_sheet_end(&sheet);
	return err;
}

static enum ts_err no_tree_beyond(
	struct ts_auditor *a, int64_t tree, int64_t leaves, struct ts_why *why)
{
	struct ts_args args;
	args_of(&args, a);
	ts_arg_i64(&args, tree);
	ts_arg_i64(&args, leaves);
	TS_TRY(none(a, TS_AUDITOR_TREES, "app.subtree", "audit_beyond_subtree", &args, why));
	return none(
		a, TS_AUDITOR_TREES, "app.subtree_high", "audit_beyond_subtree_high", &args, why);
}

static enum ts_err nothing_beyond(struct end *e, struct ts_why *why)
{
	for (int log = 0; log < 2; log++) {
		struct ts_args args;
		args_of(&args, e->a);
		ts_arg_i16(&args, (int16_t)log);
		ts_arg_i64(&args, e->logs[log].size);
		TS_TRY(none(
			e->a, TS_AUDITOR_HEADS, "app.log_leaf", "audit_beyond_leaf", &args, why));
		TS_TRY(none(e->a, TS_AUDITOR_HEADS, "app.log_checkpoint", "audit_beyond_checkpoint",
			&args, why));
		TS_TRY(no_tree_beyond(e->a, log == 0 ? TS_DB_TREE_INPUTS : TS_DB_TREE_JOURNAL,
			e->logs[log].size, why));
	}
	return TS_OK;
}

/* --- rows behind the walk --- */

static enum ts_err nothing_behind(struct end *e, struct ts_why *why)
{
	static const struct {
		enum ts_auditor_check check;
		const char *table, *query;
		bool ranged; /* leaves [from, to) */
		int what; /* 0 inputs, 1 journal, 2 folded, 3 last event */
	} rows[] = {
		{TS_AUDITOR_ENTRIES, "app.entry", "audit_beyond_entry", false, 1},
		{TS_AUDITOR_ENTRIES, "app.leg", "audit_beyond_leg", false, 1},
		{TS_AUDITOR_BATCHES, "app.batch", "audit_beyond_batch", false, 0},
		{TS_AUDITOR_DECISIONS, "app.verdict", "audit_beyond_verdict", false, 2},
		{TS_AUDITOR_DECISIONS, "app.handover", "audit_handover", true, 2},
		{TS_AUDITOR_KEYS, "app.agent_key", "audit_agent_key", true, 0},
		{TS_AUDITOR_KEYS, "app.revocation", "audit_revocation", true, 0},
		{TS_AUDITOR_CONTRACT, "app.contract_version", "audit_version", true, 0},
		{TS_AUDITOR_STATEMENTS, "app.seal", "audit_seal", true, 0},
		{TS_AUDITOR_STATEMENTS, "app.seal_answer", "audit_seal_answer", true, 0},
		{TS_AUDITOR_DOCUMENTS, "app.document", "audit_document", true, 3},
	};
	const int64_t from[] = {e->logs[0].size, e->w->journal.size,
		ts_ledger_head(e->w->ledger)->inputs_to, e->w->at};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ts_args args;
		args_of(&args, e->a);
		ts_arg_i64(&args, from[rows[i].what]);
		if (rows[i].ranged)
			ts_arg_i64(&args, EVERYTHING);
		TS_TRY(none(e->a, rows[i].check, rows[i].table, rows[i].query, &args, why));
	}
	return TS_OK;
}

/* Rows that say of themselves that they are wrong. */
static enum ts_err compare_offered(struct end *e, struct ts_why *why)
{
	struct ts_args args;
	args_of(&args, e->a);
	TS_TRY(none(
		e->a, TS_AUDITOR_CONTRACT, "app.contract_version", "audit_offered", &args, why));
	TS_TRY(none(e->a, TS_AUDITOR_STATEMENTS, "app.seal_token", "audit_seal_token", &args, why));
	return ts_auditor_desk(e->w, true, why);
}

/* --- streams --- */

static enum ts_err check_conflict(struct end *e, const struct ts_auditor_stream *stream,
	const struct ts_db_conflict *row, struct ts_why *why)
{
	struct ts_conflict conflict;
	struct ts_hash hash;
	struct ts_why found = {"", ""};
	char key[64];
	snprintf(key, sizeof key, "stream %lld size %lld", (long long)stream->stream_id,
		(long long)row->size);
	ts_sha256(row->refused_note.at, row->refused_note.len, &hash);
	enum ts_err err = ts_hash_eq(&hash, &row->sha256) ? TS_OK : TS_E_MISMATCH;
	if (err != TS_OK)
		(void)ts_why(&found, err, "", "the hash is not that of the refused note");
	if (err == TS_OK && row->proof.len == 0) /* from before proofs were kept */
		return TS_OK;
	if (err == TS_OK)
		err = ts_conflict_parse(row->proof, &conflict, &found);
	if (err == TS_OK)
		err = ts_conflict_verify(&e->a->hasher, &conflict, &stream->statement.key, &found);
	if (err == TS_OK && (conflict.refused.size != row->size ||
				    !ts_str_eq(conflict.refused_note, row->refused_note) ||
				    !ts_str_eq(conflict.accepted_note, row->accepted_note)))
		err = ts_why(&found, TS_E_MISMATCH, "", "the proof is about other notes");
	if (err == TS_OK || err == TS_E_NO_MEMORY)
		return err;
	return ts_auditor_find(e->a, TS_AUDITOR_STREAMS, "app.conflict", key,
		TS_STR("a proof of equivocation"), ts_str(found.text), why);
}

static enum ts_err check_conflicts(
	struct end *e, const struct ts_auditor_stream *stream, bool *any, struct ts_why *why)
{
	struct ts_db_conflict *rows = NULL;
	size_t n = 0;
	ts_region_reset(e->a->scratch);
	TS_TRY(ts_db_conflict_list(e->a->db, e->a->contract.contract_id, stream->stream_id,
		e->a->scratch, &rows, &n, why));
	*any = n > 0;
	for (size_t i = 0; i < n; i++)
		TS_TRY(check_conflict(e, stream, &rows[i], why));
	return TS_OK;
}

static enum ts_err expect_stream(struct end *e, struct ts_sheet *rows, struct ts_sheet *ends,
	const struct ts_auditor_stream *s, struct ts_why *why)
{
	static const struct ts_hash zeros = {{0}};
	uint8_t packed[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	struct ts_hash root;
	struct ts_buf windows;
	bool quarantined = false;
	TS_TRY(check_conflicts(e, s, &quarantined, why));
	ts_range_root(&e->a->hasher, &s->range, &root);
	ts_buf_init(&windows, 32u << 20);
	if (s->range.size > 0)
		ts_windows_pack(&s->windows, &windows);
	ts_buf_printf(&rows->key, "stream %lld", (long long)s->stream_id);
	ts_sheet_text(rows, ts_str(quarantined ? "quarantined" : "live"));
	ts_sheet_int(rows, s->range.size);
	ts_sheet_hex(rows, packed, ts_range_pack(&s->range, packed));
	ts_sheet_hash(rows, &root);
	if (ts_hash_eq(&s->note, &zeros))
		ts_sheet_text(rows, TS_STR("-"));
	else
		ts_sheet_hash(rows, &s->note);
	ts_sheet_hash_of(rows, ts_buf_str(&windows), windows.len);
	ts_sheet_int(rows, s->closed_ms);
	ts_sheet_int(rows, s->statement.side);
	ts_sheet_put(rows);
	ts_buf_free(&windows);
	ts_buf_printf(&ends->key, "stream %lld", (long long)s->stream_id);
	ts_sheet_int(ends, s->revoked_leaf);
	ts_sheet_int(ends, s->closed_leaf);
	ts_sheet_put(ends);
	return TS_OK;
}

static enum ts_err expect_streams(
	struct end *e, struct ts_sheet *rows, struct ts_sheet *ends, struct ts_why *why)
{
	struct ts_db_key *keys = NULL;
	size_t n = 0;
	TS_TRY(ts_db_key_list(e->a->db, e->a->contract.contract_id, e->a->region, &keys, &n, why));
	for (size_t i = 0; i < n; i++) {
		struct ts_auditor_stream *stream = NULL;
		struct ts_why found = {"", ""};
		char key[64];
		enum ts_err err = ts_auditor_stream_get(
			e->w, ts_str(keys[i].origin), &stream, &found);
		snprintf(key, sizeof key, "stream %lld", (long long)keys[i].stream_id);
		if (err != TS_OK) {
			TS_TRY(ts_auditor_excuse(
				e->a, TS_AUDITOR_KEYS, "app.agent_key", key, err, &found, why));
			continue;
		}
		TS_TRY(expect_stream(e, rows, ends, stream, why));
		TS_TRY(no_tree_beyond(e->a, stream->stream_id, stream->range.size, why));
	}
	return TS_OK;
}

static enum ts_err compare_streams(struct end *e, struct ts_why *why)
{
	struct ts_sheet rows, ends;
	struct ts_args args;
	args_of(&args, e->a);
	enum ts_err err = ts_sheet_begin(
		&rows, e->a, TS_AUDITOR_STREAMS, "app.stream", "audit_stream");
	enum ts_err other = ts_sheet_begin(
		&ends, e->a, TS_AUDITOR_KEYS, "app.agent_key", "audit_key_end");
	err = err != TS_OK ? err : other;
	if (err == TS_OK)
		err = expect_streams(e, &rows, &ends, why);
	if (err == TS_OK)
		err = ts_sheet_compare(&rows, &args, NULL, why);
	if (err == TS_OK)
		err = ts_sheet_compare(&ends, &args, NULL, why);
	ts_sheet_end(&rows);
	ts_sheet_end(&ends);
	return err;
}

/* --- the ledger --- */

static const struct {
	const char *kind, *table, *query;
	size_t key; /* fields, the kind included */
} ledger_kinds[] = {
	{"head", "app.ledger_head", "audit_head", 1},
	{"measure", "app.measure", "audit_measure", 5},
	{"waiting", "app.waiting", "audit_waiting", 4},
	{"unbilled", "app.unbilled", "audit_unbilled", 5},
	{"late", "app.late_cell", "audit_late", 6},
	{"fine", "app.fine", "audit_fine", 8},
	{"accrual", "app.accrual", "audit_accrual", 7},
	{"billed", "app.billed", "audit_billed", 6},
	{"taxed", "app.taxed", "audit_taxed", 4},
	{"prepaid", "app.prepaid", "audit_prepaid", 2},
	{"period", "app.period", "audit_period", 2},
	{"cut", "app.cut_line", "audit_open_cut", 7},
	{"credit", "app.credit", "audit_credit", 3},
	{"balance", "app.balance", "audit_balance", 2},
};

static enum ts_err compare_kind(struct end *e, size_t i, struct ts_str text, struct ts_why *why)
{
	struct ts_sheet sheet;
	struct ts_args args;
	args_of(&args, e->a);
	/* before the first event there is no head */
	bool empty = ts_ledger_head(e->w->ledger)->day == INT32_MIN &&
		     strcmp(ledger_kinds[i].kind, "head") == 0;
	enum ts_err err = ts_sheet_begin(
		&sheet, e->a, TS_AUDITOR_LEDGER, ledger_kinds[i].table, ledger_kinds[i].query);
	if (err == TS_OK && !empty)
		err = ts_auditor_ledger_rows(
			&sheet, text, ledger_kinds[i].kind, ledger_kinds[i].key);
	if (err == TS_OK)
		err = ts_sheet_compare(&sheet, &args, NULL, why);
	ts_sheet_end(&sheet);
	return err;
}

static enum ts_err compare_ledger(struct end *e, struct ts_why *why)
{
	struct ts_buf text;
	ts_buf_init(&text, TEXT_BYTES_MAX);
	ts_region_reset(e->a->scratch);
	enum ts_err err = ts_ledger_text(e->w->ledger, e->a->scratch, &text, why);
	const struct ts_str lines = {ts_buf_str(&text), text.len};
	for (size_t i = 0; i < sizeof ledger_kinds / sizeof ledger_kinds[0] && err == TS_OK; i++)
		err = compare_kind(e, i, lines, why);
	ts_buf_free(&text);
	return err;
}

static enum ts_err compare_cuts(struct end *e, struct ts_why *why)
{
	struct ts_sheet sheet;
	struct ts_args args;
	args_of(&args, e->a);
	enum ts_err err = ts_sheet_begin(
		&sheet, e->a, TS_AUDITOR_CUTS, "app.period_cut", "audit_period_cut");
	for (size_t i = 0; i < e->w->cuts_n && err == TS_OK; i++) {
		ts_buf_printf(&sheet.key, "period %d", e->w->cuts[i].period);
		ts_sheet_int(&sheet, e->w->cuts[i].journal_size);
		ts_sheet_hash(&sheet, &e->w->cuts[i].journal_root);
		ts_sheet_put(&sheet);
	}
	if (err == TS_OK)
		err = ts_sheet_compare(&sheet, &args, NULL, why);
	ts_sheet_end(&sheet);
	return err;
}

static enum ts_err compare_windows(struct end *e, struct ts_why *why)
{
	struct ts_sheet sheet;
	struct ts_args args;
	args_of(&args, e->a);
	enum ts_err err = ts_sheet_begin(
		&sheet, e->a, TS_AUDITOR_CUTS, "app.period_completeness", "audit_completeness");
	for (size_t i = 0; i < e->w->cuts_n && err == TS_OK; i++) {
		const struct ts_auditor_cut *cut = &e->w->cuts[i];
		ts_buf_printf(&sheet.key, "period %d", cut->period);
		ts_sheet_int(&sheet, cut->leaf);
		ts_sheet_int(&sheet, cut->windows.expected);
		ts_sheet_int(&sheet, cut->windows.closed);
		ts_sheet_int(&sheet, cut->windows.late);
		ts_sheet_int(&sheet, cut->windows.missing);
		ts_sheet_hash(&sheet, &cut->list);
		ts_sheet_text(&sheet, TS_STR("as hashed"));
		ts_sheet_put(&sheet);
	}
	if (err == TS_OK)
		err = ts_sheet_compare(&sheet, &args, NULL, why);
	ts_sheet_end(&sheet);
	return err;
}

static enum ts_err compare_contract(struct ts_auditor *a, struct ts_why *why)
{
	struct ts_sheet sheet;
	struct ts_args args;
	args_of(&args, a);
	enum ts_err err = ts_sheet_begin(
		&sheet, a, TS_AUDITOR_CONTRACT, "app.contract", "audit_contract");
	if (err == TS_OK) {
		ts_buf_puts(&sheet.key, "contract");
		ts_sheet_text(&sheet, ts_str(a->terms_n > 0 ? "active" : "offered"));
		ts_sheet_put(&sheet);
		err = ts_sheet_compare(&sheet, &args, NULL, why);
	}
	ts_sheet_end(&sheet);
	return err;
}

/* --- in order --- */

static enum ts_err compare_all(struct end *e, struct ts_why *why)
{
	int64_t to = e->logs[0].size;
	e->w->tail = true;
	TS_TRY(ts_auditor_leaves(e->w, to, why));
	TS_TRY(ts_auditor_walk_compare(e->w, why));
	if (e->a->stopped)
		return TS_OK;
	TS_TRY(nothing_behind(e, why));
	TS_TRY(compare_offered(e, why));
	TS_TRY(compare_streams(e, why));
	TS_TRY(compare_ledger(e, why));
	TS_TRY(compare_windows(e, why));
	return compare_cuts(e, why);
}

static enum ts_err with_walk(struct end *e, struct ts_why *why)
{
	struct ts_auditor *a = e->a;
	struct ts_auditor_walk walk;
	bool more_cells = false;
	e->w = &walk;
	enum ts_err err = ts_auditor_walk_begin(a, &walk, why);
	if (err == TS_OK)
		err = ts_auditor_events(a, a->step, &walk, why);
	if (err == TS_OK)
		a->part->folded_to = ts_ledger_head(walk.ledger)->inputs_to;
	if (err == TS_OK && !a->more && !a->stopped && !a->compared)
		err = compare_all(e, why);
	a->caught_up = err == TS_OK && !a->more;
	if (err == TS_OK && !a->more && !a->stopped) {
		err = ts_auditor_cells_compare(a, &more_cells, why);
		a->more = more_cells;
	}
	ts_auditor_walk_end(&walk);
	return err;
}

enum ts_err ts_auditor_end(struct ts_auditor *a, struct ts_why *why)
{
	struct end e = {.a = a};
	bool stopped = a->stopped;
	a->caught_up = a->stopped = false;
	TS_TRY(ts_auditor_log(a, TS_DB_LOCK_INPUTS, EVERYTHING / 2, &e.logs[0], why));
	TS_TRY(ts_auditor_log(a, TS_DB_LOCK_JOURNAL, EVERYTHING / 2, &e.logs[1], why));
	a->part->inputs_to = e.logs[0].size;
	a->part->journal_to = e.logs[1].size;
	if (!a->compared) {
		TS_TRY(compare_heads(&e, why));
		TS_TRY(nothing_beyond(&e, why));
		if (!stopped)
			TS_TRY(compare_contract(a, why));
	}
	a->stopped = a->stopped || stopped;
	if (a->terms_n == 0 || a->stopped)
		return TS_OK;
	return with_walk(&e, why);
}

enum ts_err ts_auditor_events_step(struct ts_auditor *a, struct ts_why *why)
{
	struct ts_auditor_walk walk;
	if (a->terms_n == 0)
		return TS_OK;
	enum ts_err err = ts_auditor_walk_begin(a, &walk, why);
	if (err == TS_OK)
		err = ts_auditor_events(a, a->step, &walk, why);
	ts_auditor_walk_end(&walk);
	return err;
}

/* --- rows of no batch --- */

#define BATCHES_PER_STEP 100000

static const struct {
	enum ts_auditor_check check;
	const char *table, *query;
} lost[] = {
	{TS_AUDITOR_USAGE, "app.usage", "audit_lost_usage"},
	{TS_AUDITOR_USAGE, "app.reversal", "audit_lost_reversal"},
	{TS_AUDITOR_USAGE, "app.window_close", "audit_lost_close"},
	{TS_AUDITOR_CELLS, "app.batch_cell", "audit_lost_cell"},
	{TS_AUDITOR_BATCHES, "app.batch", "audit_lost_batch"},
};

enum ts_err ts_auditor_lost(struct ts_auditor *a, struct ts_why *why)
{
	const struct ts_db_audit_task task = {"lost", 0, 0};
	struct ts_args args;
	struct ts_str state;
	int64_t at = 0, last = 0;
	TS_TRY(ts_db_audit_get(a->db, a->contract.contract_id, &task, a->region, &at, &state, why));
	args_of(&args, a);
	TS_TRY(ts_db_audit_number(a->db, "audit_batch_last", &args, &last, why));
	a->more = last - at > BATCHES_PER_STEP;
	ts_arg_i64(&args, at);
	/* behind the last batch too: its rows are committed with a batch */
	ts_arg_i64(&args, a->more ? at + BATCHES_PER_STEP : EVERYTHING);
	for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++)
		TS_TRY(none(a, lost[i].check, lost[i].table, lost[i].query, &args, why));
	if (!a->more && a->full) {
		args_of(&args, a);
		TS_TRY(none(a, TS_AUDITOR_CELLS, "app.usage_cell", "audit_lost_usage_cell", &args,
			why));
	}
	int64_t done = a->more ? at + BATCHES_PER_STEP : last > at ? last : at;
	return ts_db_audit_put(
		a->db, a->contract.contract_id, &task, done, (struct ts_str){"", 0}, why);
}
