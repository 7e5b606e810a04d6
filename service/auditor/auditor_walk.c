/* SPDX-License-Identifier: Apache-2.0 */
/* The walk between two transactions, and the sheets that it fills. Its state is text: how far both
 * logs are (size, compact range), what was cut, then the ledger as in state.md. */
#include "service/auditor/auditor_walk.h"
#include "book/ledger_text.h"
#include <string.h>

#define LEDGER_BYTES_MAX ((size_t)2 << 30)
#define PAGE_BYTES_MAX ((size_t)256 << 20)
#define STATE_BYTES_MAX ((size_t)1 << 30)

static const struct ts_db_audit_task task = {"events", 0, 0};

static const struct {
	enum ts_auditor_check check;
	const char *table, *query;
} sheets[TS_AUDITOR_SHEETS] = {
	[TS_SHEET_AGENT_KEY] = {TS_AUDITOR_KEYS, "app.agent_key", "audit_agent_key"},
	[TS_SHEET_KEY_DIRECTORY] = {TS_AUDITOR_KEYS, "app.key_directory", "audit_key_directory"},
	[TS_SHEET_VERSION] = {TS_AUDITOR_CONTRACT, "app.contract_version", "audit_version"},
	[TS_SHEET_REVOCATION] = {TS_AUDITOR_KEYS, "app.revocation", "audit_revocation"},
	[TS_SHEET_SEAL] = {TS_AUDITOR_STATEMENTS, "app.seal", "audit_seal"},
	[TS_SHEET_SEAL_ANSWER] = {TS_AUDITOR_STATEMENTS, "app.seal_answer", "audit_seal_answer"},
	[TS_SHEET_HANDOVER] = {TS_AUDITOR_DECISIONS, "app.handover", "audit_handover"},
	[TS_SHEET_VERDICT] = {TS_AUDITOR_DECISIONS, "app.verdict", "audit_verdict"},
	[TS_SHEET_ENTRY] = {TS_AUDITOR_ENTRIES, "app.entry", "audit_entry"},
	[TS_SHEET_LEG] = {TS_AUDITOR_ENTRIES, "app.leg", "audit_leg"},
	[TS_SHEET_DOCUMENT] = {TS_AUDITOR_DOCUMENTS, "app.document", "audit_document"},
	[TS_SHEET_USAGE] = {TS_AUDITOR_USAGE, "app.usage", "audit_usage"},
	[TS_SHEET_CELL] = {TS_AUDITOR_CELLS, "app.batch_cell", "audit_cell"},
	[TS_SHEET_REVERSAL] = {TS_AUDITOR_USAGE, "app.reversal", "audit_reversal"},
	[TS_SHEET_WINDOW_CLOSE] = {TS_AUDITOR_USAGE, "app.window_close", "audit_window_close"},
	[TS_SHEET_BATCH_KEY] = {TS_AUDITOR_USAGE, "app.batch_key", "audit_batch_key"},
};

struct by_origin {
	const char *origin;
	struct ts_auditor_stream *stream;
};

static uint64_t origin_hash(const void *row)
{
	return ts_hash_text(1, ((const struct by_origin *)row)->origin);
}

static bool origin_same(const void *a, const void *b)
{
	return strcmp(((const struct by_origin *)a)->origin,
		       ((const struct by_origin *)b)->origin) == 0;
}

/* --- the state --- */

static void put_range(const char *name, const struct ts_range *range, struct ts_buf *out)
{
	char hex[2 * TS_HASH_BYTES + 1];
	ts_buf_printf(out, "%s\t%lld", name, (long long)range->size);
	for (int i = 0; i < ts_range_count(range); i++) {
		ts_text_hex(range->hashes[i].b, TS_HASH_BYTES, hex);
		ts_buf_printf(out, "\t%s", hex);
	}
	ts_buf_putc(out, '\n');
}

static enum ts_err take_range(struct ts_str *state, struct ts_range *out)
{
	struct ts_str line;
	if (!ts_str_line(state, &line))
		return TS_E_MALFORMED;
	(void)ts_str_cut(&line, '\t');
	ts_range_init(out);
	TS_TRY(ts_text_u63(ts_str_cut(&line, '\t'), &out->size));
	for (int i = 0; i < ts_range_count(out); i++)
		TS_TRY(ts_text_unhex(ts_str_cut(&line, '\t'), out->hashes[i].b, TS_HASH_BYTES));
	return TS_OK;
}

static enum ts_err take_cut(struct ts_auditor_walk *w, struct ts_str line)
{
	struct ts_auditor_cut cut = {.windows = {0}};
	int64_t period = 0;
	int64_t *const numbers[] = {&period, &cut.leaf, &cut.journal_size, &cut.windows.expected,
		&cut.windows.closed, &cut.windows.late, &cut.windows.missing};
	(void)ts_str_cut(&line, '\t');
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		TS_TRY(ts_text_u63(ts_str_cut(&line, '\t'), numbers[i]));
	TS_TRY(ts_text_unhex(ts_str_cut(&line, '\t'), cut.list.b, TS_HASH_BYTES));
	TS_TRY(ts_text_unhex(ts_str_cut(&line, '\t'), cut.journal_root.b, TS_HASH_BYTES));
	TS_TRY(ts_text_unhex(line, cut.inputs_root.b, TS_HASH_BYTES));
	cut.period = (int32_t)period;
	return ts_auditor_cut_add(w, &cut);
}

enum ts_err ts_auditor_cut_add(struct ts_auditor_walk *w, const struct ts_auditor_cut *cut)
{
	if (w->cuts_n == w->cuts_cap) {
		size_t cap = w->cuts_cap == 0 ? 16 : 2 * w->cuts_cap;
		struct ts_auditor_cut *list = ts_region_array(w->a->region, cap, sizeof *list);
		if (list == NULL)
			return TS_E_NO_MEMORY;
		if (w->cuts_n > 0)
			memcpy(list, w->cuts, w->cuts_n * sizeof *list);
		w->cuts = list;
		w->cuts_cap = cap;
	}
	w->cuts[w->cuts_n++] = *cut;
	return TS_OK;
}

static enum ts_err take_state(struct ts_auditor_walk *w, struct ts_str state, struct ts_why *why)
{
	struct ts_str line;
	if (state.len == 0)
		return TS_OK;
	TS_TRY(take_range(&state, &w->fold));
	TS_TRY(take_range(&state, &w->journal));
	while (ts_str_line(&state, &line) && !ts_str_is(line, "ledger"))
		TS_TRY(take_cut(w, line));
	return ts_ledger_text_load(w->ledger, state, why);
}

static enum ts_err put_state(struct ts_auditor_walk *w, struct ts_buf *out, struct ts_why *why)
{
	char journal[2 * TS_HASH_BYTES + 1], inputs[2 * TS_HASH_BYTES + 1],
		list[2 * TS_HASH_BYTES + 1];
	put_range("inputs", &w->fold, out);
	put_range("journal", &w->journal, out);
	for (size_t i = 0; i < w->cuts_n; i++) {
		ts_text_hex(w->cuts[i].journal_root.b, TS_HASH_BYTES, journal);
		ts_text_hex(w->cuts[i].inputs_root.b, TS_HASH_BYTES, inputs);
		const struct ts_completeness *windows = &w->cuts[i].windows;
		ts_text_hex(w->cuts[i].list.b, TS_HASH_BYTES, list);
		ts_buf_printf(out, "cut\t%d\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld\t%s\t%s\t%s\n",
			w->cuts[i].period, (long long)w->cuts[i].leaf,
			(long long)w->cuts[i].journal_size, (long long)windows->expected,
			(long long)windows->closed, (long long)windows->late,
			(long long)windows->missing, list, journal, inputs);
	}
	ts_buf_puts(out, "ledger\n");
	ts_region_reset(w->a->scratch);
	return ts_ledger_text(w->ledger, w->a->scratch, out, why);
}

enum ts_err ts_auditor_walk_keep(struct ts_auditor_walk *w, struct ts_why *why)
{
	struct ts_auditor *a = w->a;
	struct ts_buf state;
	if (a->stopped) /* what was begun is not kept: the next run says the same again */
		return TS_OK;
	TS_TRY(ts_auditor_stream_keep(w, why));
	TS_TRY(ts_auditor_cells_keep(w, why));
	ts_buf_init(&state, STATE_BYTES_MAX);
	enum ts_err err = put_state(w, &state, why);
	if (err == TS_OK)
		err = ts_db_audit_put(a->db, a->contract.contract_id, &task, w->at,
			(struct ts_str){ts_buf_str(&state), state.len}, why);
	ts_buf_free(&state);
	return err;
}

enum ts_err ts_auditor_walk_stop(struct ts_auditor_walk *w, int64_t leaf, struct ts_str expected,
	struct ts_str actual, struct ts_why *why)
{
	char key[64];
	struct ts_buf text;
	w->a->stopped = true;
	ts_buf_init(&text, sizeof key);
	ts_buf_printf(&text, "inputs idx %lld", (long long)leaf);
	memcpy(key, ts_buf_str(&text), text.len + 1);
	ts_buf_free(&text);
	return ts_auditor_find(w->a, TS_AUDITOR_REPLAY, "app.log_leaf", key, expected, actual, why);
}

/* --- begin and end --- */

static enum ts_err begin_sheets(struct ts_auditor_walk *w)
{
	static const enum ts_array_type types[] = {TS_ARRAY_I16, TS_ARRAY_TEXT, TS_ARRAY_I64};
	enum ts_err err = TS_OK;
	for (size_t i = 0; i < TS_AUDITOR_SHEETS; i++) {
		enum ts_err one = ts_sheet_begin(
			&w->sheets[i], w->a, sheets[i].check, sheets[i].table, sheets[i].query);
		err = err != TS_OK ? err : one;
	}
	ts_array_init(&w->batches.ids, TS_ARRAY_I64);
	ts_arrays_init(w->batches.keys, types, 3);
	return err;
}

static enum ts_err log_at(struct ts_auditor *a, int64_t *to, struct ts_why *why)
{
	struct ts_str state;
	return ts_db_audit_get(a->db, a->contract.contract_id,
		&(struct ts_db_audit_task){"inputs", 0, 0}, a->region, to, &state, why);
}

static size_t versions_below(const struct ts_auditor *a, int64_t leaf)
{
	size_t n = 1;
	while (n < a->terms_n && a->in_force[n].leaf < leaf)
		n++;
	return n;
}

enum ts_err ts_auditor_walk_versions(struct ts_auditor_walk *w, int64_t leaf, struct ts_why *why)
{
	size_t n = versions_below(w->a, leaf);
	struct ts_region *region = NULL;
	struct ts_ledger *ledger = NULL;
	struct ts_buf text;
	if (n == w->versions_n)
		return TS_OK;
	region = ts_region_create(LEDGER_BYTES_MAX);
	if (region == NULL)
		return TS_E_NO_MEMORY;
	ts_buf_init(&text, STATE_BYTES_MAX);
	ts_region_reset(w->a->scratch);
	enum ts_err err = ts_ledger_text(w->ledger, w->a->scratch, &text, why);
	if (err == TS_OK)
		err = ts_ledger_create(region, w->a->in_force, n, &ledger);
	if (err == TS_OK)
		err = ts_ledger_text_load(
			ledger, (struct ts_str){ts_buf_str(&text), text.len}, why);
	ts_buf_free(&text);
	if (err != TS_OK) {
		ts_region_free(region);
		return err;
	}
	ts_region_free(w->ledger_region);
	w->ledger_region = region;
	w->ledger = ledger;
	w->versions_n = n;
	return TS_OK;
}

enum ts_err ts_auditor_walk_begin(
	struct ts_auditor *a, struct ts_auditor_walk *w, struct ts_why *why)
{
	struct ts_str state;
	*w = (struct ts_auditor_walk){.a = a,
		.ledger_region = ts_region_create(LEDGER_BYTES_MAX),
		.page = ts_region_create(PAGE_BYTES_MAX)};
	TS_TRY(begin_sheets(w));
	if (w->ledger_region == NULL || w->page == NULL)
		return TS_E_NO_MEMORY;
	ts_rowset_init(&w->streams, a->region, sizeof(struct by_origin), origin_hash, origin_same);
	ts_auditor_cells_init(w);
	ts_range_init(&w->fold);
	ts_range_init(&w->journal);
	TS_TRY(log_at(a, &w->to, why));
	TS_TRY(ts_db_audit_get(
		a->db, a->contract.contract_id, &task, a->region, &w->at, &state, why));
	w->versions_n = versions_below(a, w->at);
	TS_TRY(ts_ledger_create(w->ledger_region, a->in_force, w->versions_n, &w->ledger));
	TS_TRY(take_state(w, state, why));
	w->from = w->fold.size;
	w->issued_from = w->at;
	w->entries_from = w->journal.size;
	return TS_OK;
}

void ts_auditor_walk_end(struct ts_auditor_walk *w)
{
	for (size_t i = 0; i < TS_AUDITOR_SHEETS; i++)
		ts_sheet_end(&w->sheets[i]);
	ts_array_free(&w->batches.ids);
	ts_arrays_free(w->batches.keys, 3);
	ts_region_free(w->ledger_region);
	ts_region_free(w->page);
}

/* --- comparing --- */

static enum ts_err compare(struct ts_auditor_walk *w, enum ts_auditor_sheet sheet, int64_t from,
	int64_t to, struct ts_why *why)
{
	struct ts_args args;
	int64_t *count = sheet == TS_SHEET_ENTRY ? &w->a->counts->entries : NULL;
	ts_args_init(&args);
	ts_arg_i64(&args, w->a->contract.contract_id);
	ts_arg_i64(&args, from);
	ts_arg_i64(&args, to);
	return ts_sheet_compare(&w->sheets[sheet], &args, count, why);
}

enum ts_err ts_auditor_walk_compare(struct ts_auditor_walk *w, struct ts_why *why)
{
	TS_TRY(ts_auditor_batch_flush(w, true, why));
	if (w->a->stopped) /* what stopped it is reported; the rest of its rows is not complete */
		return TS_OK;
	if (w->from < w->fold.size) {
		for (int i = TS_SHEET_AGENT_KEY; i <= TS_SHEET_VERDICT; i++)
			TS_TRY(compare(w, (enum ts_auditor_sheet)i, w->from, w->fold.size, why));
		TS_TRY(ts_auditor_desk(w, false, why));
		w->from = w->fold.size;
	}
	if (w->entries_from < w->journal.size) {
		TS_TRY(compare(w, TS_SHEET_ENTRY, w->entries_from, w->journal.size, why));
		TS_TRY(compare(w, TS_SHEET_LEG, w->entries_from, w->journal.size, why));
		w->entries_from = w->journal.size;
	}
	if (w->issued_from < w->at)
		TS_TRY(compare(w, TS_SHEET_DOCUMENT, w->issued_from, w->at, why));
	w->issued_from = w->at;
	return TS_OK;
}
