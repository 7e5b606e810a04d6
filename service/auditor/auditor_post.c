/* SPDX-License-Identifier: Apache-2.0 */
/* What an event must have left: entries in the journal; of a cut its lines, windows and state. */
#include "base/time.h"
#include "book/ledger_text.h"
#include "evidence/event.h"
#include "evidence/log.h"
#include "service/auditor/auditor_walk.h"
#include "service/settle/period_complete.h"
#include "service/settle/period_state.h"
#include "store/ingest.h"
#include "store/stream.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)1 << 30)
#define CUT_KEY_FIELDS 7

/* --- entries --- */

static void expect_entry(struct ts_auditor_walk *w, const struct ts_entry *e)
{
	struct ts_sheet *sheet = &w->sheets[TS_SHEET_ENTRY];
	const int32_t line[] = {
		e->line.version, (int32_t)e->line.kind, e->line.item, e->line.tier, e->line.period};
	char day[TS_TIME_CHARS];
	ts_buf_printf(&sheet->key, "entry %lld", (long long)e->id);
	ts_sheet_int(sheet, e->book);
	ts_sheet_text(sheet, ts_str(ts_entry_kind_name(e->kind)));
	ts_sheet_int(sheet, e->posted_us);
	ts_sheet_text(sheet, ts_str(ts_date_format(e->effective_day, day)));
	ts_sheet_int(sheet, e->service_month);
	ts_sheet_int(sheet, e->source_leaf);
	for (size_t i = 0; i < sizeof line / sizeof line[0]; i++)
		if (e->has_line)
			ts_sheet_int(sheet, line[i]);
		else
			ts_sheet_text(sheet, TS_STR("-"));
	ts_sheet_text(sheet, ts_str(e->document != NULL ? e->document : "-"));
	if (e->document != NULL)
		ts_sheet_hash(sheet, &e->document_hash);
	else
		ts_sheet_text(sheet, TS_STR("-"));
	ts_sheet_put(sheet);
}

static void expect_legs(struct ts_auditor_walk *w, const struct ts_entry *e)
{
	struct ts_sheet *sheet = &w->sheets[TS_SHEET_LEG];
	for (size_t i = 0; i < e->legs_n; i++) {
		ts_buf_printf(&sheet->key, "entry %lld n %zu", (long long)e->id, i);
		ts_sheet_int(sheet, e->book);
		ts_sheet_text(sheet, ts_str(ts_account_defs[e->legs[i].account].role));
		ts_sheet_text(sheet, e->legs[i].debit ? TS_STR("t") : TS_STR("f"));
		ts_sheet_int(sheet, e->legs[i].amount_minor);
		ts_sheet_text(sheet, ts_str(w->a->terms[0]->currency->code));
		ts_sheet_put(sheet);
	}
}

static enum ts_err compare_leaf(struct ts_auditor_walk *w, const struct ts_entry *e,
	const struct ts_db_leaf_row *row, struct ts_buf *bytes, struct ts_why *why)
{
	struct ts_hash hash;
	char key[64];
	ts_buf_reset(bytes);
	ts_entry_leaf(e, w->a->contract.public_id, w->a->terms[0]->currency, bytes);
	const struct ts_str want = {ts_buf_str(bytes), bytes->len};
	TS_TRY(bytes->err);
	ts_hash_leaf(&w->a->hasher, want.at, want.len, &hash);
	(void)ts_range_append(&w->a->hasher, &w->journal, &hash, NULL);
	snprintf(key, sizeof key, "log 1 idx %lld", (long long)e->id);
	if (row == NULL)
		return ts_auditor_find(w->a, TS_AUDITOR_ENTRIES, "app.log_leaf", key, want,
			TS_STR("no such leaf"), why);
	return ts_str_eq(row->data, want) ? TS_OK
					  : ts_auditor_find(w->a, TS_AUDITOR_ENTRIES,
						    "app.log_leaf", key, want, row->data, why);
}

enum ts_err ts_auditor_entries(
	struct ts_auditor_walk *w, const struct ts_postings *postings, struct ts_why *why)
{
	struct ts_db_leaf_row *leaves = NULL;
	struct ts_buf bytes;
	size_t n = 0, at = 0;
	if (postings->n == 0)
		return TS_OK;
	int64_t first = postings->entries[0].id, end = first + (int64_t)postings->n;
	ts_region_reset(w->page);
	TS_TRY(ts_db_log_leaves(w->a->db, w->a->contract.contract_id, TS_DB_LOCK_JOURNAL, first,
		end, -1, (int32_t)postings->n, w->page, &leaves, &n, why));
	ts_buf_init(&bytes, TS_LEAF_BYTES_MAX + 1);
	enum ts_err err = TS_OK;
	for (size_t i = 0; i < postings->n && err == TS_OK; i++) {
		const struct ts_entry *e = &postings->entries[i];
		while (at < n && leaves[at].index < e->id)
			at++;
		bool here = at < n && leaves[at].index == e->id;
		err = compare_leaf(w, e, here ? &leaves[at] : NULL, &bytes, why);
		expect_entry(w, e);
		expect_legs(w, e);
	}
	ts_buf_free(&bytes);
	return err;
}

/* --- cuts --- */

/* A balance's row has the book of its account beside. */
static void put_book(struct ts_sheet *sheet, struct ts_str line)
{
	(void)ts_str_cut(&line, '\t');
	struct ts_str role = ts_str_cut(&line, '\t');
	for (size_t i = 0; i < TS_ACCOUNT_N; i++)
		if (ts_str_is(role, ts_account_defs[i].role))
			ts_sheet_int(sheet, ts_account_defs[i].book);
}

enum ts_err ts_auditor_ledger_rows(
	struct ts_sheet *sheet, struct ts_str text, const char *kind, size_t key)
{
	struct ts_str line;
	size_t len = strlen(kind);
	while (ts_str_line(&text, &line)) {
		struct ts_str rest = line;
		if (line.len <= len || memcmp(line.at, kind, len) != 0 || line.at[len] != '\t')
			continue;
		for (size_t i = 0; i < key; i++)
			(void)ts_str_cut(&rest, '\t');
		if (rest.at == NULL)
			return TS_E_INTERNAL;
		ts_buf_put(&sheet->key, line.at, (size_t)(rest.at - line.at) - 1);
		ts_buf_put(&sheet->row, rest.at, rest.len);
		if (strcmp(kind, "balance") == 0)
			put_book(sheet, line);
		ts_sheet_put(sheet);
	}
	return sheet->err;
}

/* Lines that the cut has fixed; of earlier ones none is open, or there would be no cut. */
static enum ts_err compare_cut_lines(
	struct ts_auditor_walk *w, int32_t period, struct ts_str text, struct ts_why *why)
{
	struct ts_sheet sheet;
	struct ts_args args;
	ts_args_init(&args);
	ts_arg_i64(&args, w->a->contract.contract_id);
	ts_arg_i32(&args, period);
	enum ts_err err = ts_sheet_begin(
		&sheet, w->a, TS_AUDITOR_CUTS, "app.cut_line", "audit_cut_line");
	if (err == TS_OK)
		err = ts_auditor_ledger_rows(&sheet, text, "cut", CUT_KEY_FIELDS);
	if (err == TS_OK)
		err = ts_sheet_compare(&sheet, &args, NULL, why);
	ts_sheet_end(&sheet);
	return err;
}

static int by_origin(const void *a, const void *b)
{
	const struct ts_db_state_stream *x = a, *y = b;
	return strcmp(x->origin, y->origin);
}

static enum ts_err pack_windows(
	const struct ts_windows *windows, struct ts_region *region, struct ts_str *out)
{
	struct ts_buf buf;
	ts_buf_init(&buf, 32u << 20);
	ts_windows_pack(windows, &buf);
	const char *copy = buf.err == TS_OK ? ts_region_copy(region, buf.data, buf.len) : NULL;
	*out = (struct ts_str){copy, buf.len};
	ts_buf_free(&buf);
	return copy == NULL ? TS_E_NO_MEMORY : TS_OK;
}

/* The provider's streams as the walk has them at N. */
static enum ts_err streams_at(
	struct ts_auditor_walk *w, struct ts_db_state_log *log, struct ts_why *why)
{
	struct ts_db_key *keys = NULL;
	struct ts_auditor *a = w->a;
	size_t n = 0;
	TS_TRY(ts_db_key_list(a->db, a->contract.contract_id, a->region, &keys, &n, why));
	log->inputs = w->fold;
	log->streams = ts_region_array(a->region, n + 1, sizeof *log->streams);
	if (log->streams == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		struct ts_auditor_stream *s = NULL;
		if (keys[i].side != TS_SIDE_PROVIDER || keys[i].leaf >= w->fold.size)
			continue;
		TS_TRY(ts_auditor_stream_get(w, ts_str(keys[i].origin), &s, why));
		struct ts_db_state_stream *out = &log->streams[log->streams_n++];
		*out = (struct ts_db_state_stream){.stream_id = s->stream_id,
			.origin = s->origin,
			.active_from_ms = s->statement.active_from_ms,
			.window_ms = s->statement.window_ms,
			.range = s->range};
		if (s->range.size > 0)
			TS_TRY(pack_windows(&s->windows, a->region, &out->windows));
	}
	qsort(log->streams, log->streams_n, sizeof *log->streams, by_origin);
	return TS_OK;
}

static enum ts_err state_finding(struct ts_auditor_walk *w, int32_t period, struct ts_str expected,
	struct ts_str actual, struct ts_why *why)
{
	char key[64];
	snprintf(key, sizeof key, "period %d", period);
	return ts_auditor_find(
		w->a, TS_AUDITOR_CUTS, "app.period_state", key, expected, actual, why);
}

static enum ts_err compare_state(struct ts_auditor_walk *w, const struct ts_ledger_event *event,
	const struct ts_buf *text, struct ts_why *why)
{
	struct ts_str kept = {NULL, 0};
	struct ts_hash want, stored;
	struct ts_why found = {"", ""};
	char expected[2 * TS_HASH_BYTES + 1], actual[2 * TS_HASH_BYTES + 1];
	int64_t cut_leaf = -1;
	enum ts_err err = ts_db_state_get(w->a->db, w->a->contract.contract_id, event->period,
		w->a->region, &cut_leaf, &stored, &kept, &found);
	if (err != TS_OK) {
		snprintf(expected, sizeof expected, "period %d", event->period);
		return ts_auditor_excuse(
			w->a, TS_AUDITOR_CUTS, "app.period_state", expected, err, &found, why);
	}
	ts_sha256(text->data, text->len, &want);
	ts_text_hex(want.b, TS_HASH_BYTES, expected);
	ts_text_hex(stored.b, TS_HASH_BYTES, actual);
	if (!ts_hash_eq(&want, &stored))
		return state_finding(w, event->period, ts_str(expected), ts_str(actual), why);
	if (!ts_str_eq(kept, (struct ts_str){text->data, text->len}))
		return state_finding(w, event->period, TS_STR("the text that the hash is of"),
			TS_STR("another text"), why);
	return cut_leaf == event->leaf
		       ? TS_OK
		       : state_finding(w, event->period, TS_STR("the leaf of its cut"),
				 TS_STR("another leaf"), why);
}

/* Which windows were closed at N, as the document of this cut will say. */
static enum ts_err count_windows(struct ts_auditor_walk *w, const struct ts_ledger_event *event,
	const struct ts_period *period, const struct ts_db_state_log *log,
	struct ts_auditor_cut *cut, struct ts_why *why)
{
	const struct ts_complete_cut in = {.contract_id = w->a->contract.contract_id,
		.period = event->period,
		.leaf = event->leaf,
		.at_us = event->at_us,
		.from_us = period->from_us,
		.to_us = period->to_us,
		.log = log,
		.hasher = &w->a->hasher};
	struct ts_db_completeness row;
	struct ts_buf list;
	ts_buf_init(&list, TEXT_BYTES_MAX);
	enum ts_err err = ts_complete_count(w->a->db, &in, w->a->region, &list, &row, why);
	ts_buf_free(&list);
	TS_TRY(err);
	cut->windows = row.counts;
	cut->windows.heartbeats = cut->windows.tail = 0;
	cut->list = row.list_sha256;
	return TS_OK;
}

static enum ts_err cut_state(struct ts_auditor_walk *w, const struct ts_ledger_event *event,
	struct ts_auditor_cut *cut, struct ts_buf *text, struct ts_why *why)
{
	struct ts_db_state_log log = {.streams_n = 0};
	struct ts_period_state state = {.contract = w->a->contract.public_id,
		.contract_id = w->a->contract.contract_id,
		.period = event->period,
		.cut = event->leaf,
		.at_ms = event->at_us / TS_US_PER_MS,
		.log = &log,
		.journal = w->journal,
		.ledger = w->ledger};
	struct ts_str ledger = {NULL, 0}, line;
	struct ts_usage_cell *cells = NULL;
	struct ts_period period;
	TS_TRY(ts_ledger_period_get(w->ledger, event->period, &period));
	state.from_ms = period.from_us / TS_US_PER_MS;
	state.to_ms = period.to_us / TS_US_PER_MS;
	TS_TRY(streams_at(w, &log, why));
	TS_TRY(count_windows(w, event, &period, &log, cut, why));
	TS_TRY(ts_auditor_cells_counted(
		w, period.to_us, INT64_MAX, w->a->region, &cells, &state.cells_n, why));
	state.cells = cells;
	TS_TRY(ts_period_state_text(w->a->db, &state, w->a->region, text, why));
	TS_TRY(compare_state(w, event, text, why));
	ledger = (struct ts_str){text->data, text->len};
	while (ts_str_line(&ledger, &line) && !ts_str_is(line, "ledger"))
		;
	return compare_cut_lines(w, event->period, ledger, why);
}

enum ts_err ts_auditor_cut(
	struct ts_auditor_walk *w, const struct ts_ledger_event *event, struct ts_why *why)
{
	struct ts_auditor_cut cut = {
		.period = event->period, .leaf = event->leaf, .journal_size = w->journal.size};
	struct ts_why found = {"", ""};
	struct ts_buf text;
	char key[32];
	ts_range_root(&w->a->hasher, &w->journal, &cut.journal_root);
	ts_range_root(&w->a->hasher, &w->fold, &cut.inputs_root);
	ts_buf_init(&text, TEXT_BYTES_MAX);
	enum ts_err err = cut_state(w, event, &cut, &text, &found);
	ts_buf_free(&text);
	if (err != TS_OK) { /* rows that it is made of can't be read */
		snprintf(key, sizeof key, "period %d", event->period);
		TS_TRY(ts_auditor_excuse(
			w->a, TS_AUDITOR_CUTS, "app.period_state", key, err, &found, why));
	}
	return ts_auditor_cut_add(w, &cut);
}
