/* SPDX-License-Identifier: Apache-2.0 */
/* Signed sizes: what witnesses said about them, which a quorum has published, and which were signed
 * together. A witness may speak late: each run begins again where the slowest one has been. */
#include "evidence/quorum.h"
#include "service/auditor/auditor_state.h"
#include <stdio.h>
#include <string.h>

#define PAGE 256

static const char *const tasks[] = {"witnesses-inputs", "witnesses-journal"};

struct witness_walk {
	struct ts_auditor *a;
	enum ts_db_lock log;
	const struct ts_quorum *quorum;
};

static enum ts_err finding(struct witness_walk *w, const char *table, int64_t size,
	const char *name, struct ts_str expected, struct ts_str actual, struct ts_why *why)
{
	char key[400];
	snprintf(key, sizeof key, "log %d size %lld%s%s", (int)w->log, (long long)size,
		name != NULL ? " key " : "", name != NULL ? name : "");
	return ts_auditor_find(w->a, TS_AUDITOR_WITNESSES, table, key, expected, actual, why);
}

static const struct ts_key *witness(const struct ts_quorum *quorum, const char *name)
{
	for (size_t i = 0; i < quorum->n; i++)
		if (name != NULL && strcmp(quorum->keys[i].name, name) == 0)
			return &quorum->keys[i];
	return NULL;
}

static enum ts_err check_line(struct witness_walk *w, const struct ts_db_audit_note *checkpoint,
	const struct ts_db_audit_note *line, struct ts_buf *bytes, struct ts_why *why)
{
	struct ts_note note;
	struct ts_note_sig sig;
	struct ts_why found = {"", ""};
	const struct ts_key *key = witness(w->quorum, line->key_name);
	w->a->counts->cosignatures++;
	if (key == NULL)
		return finding(w, "app.log_cosignature", line->size, line->key_name,
			TS_STR("a witness of the terms"), TS_STR("another"), why);
	ts_buf_reset(bytes);
	ts_buf_put(bytes, checkpoint->note.at, checkpoint->note.len);
	ts_buf_put(bytes, line->note.at, line->note.len);
	TS_TRY(bytes->err);
	enum ts_err err = ts_note_parse((struct ts_str){bytes->data, bytes->len}, &note, &found);
	if (err == TS_OK)
		err = ts_note_verify(&note, key, 1, &sig, &found);
	if (err == TS_OK && sig.valid && sig.time_s == line->time_s)
		return TS_OK;
	return finding(w, "app.log_cosignature", line->size, line->key_name,
		TS_STR("its signature, of this time"),
		err != TS_OK ? ts_str(found.text) : TS_STR("another"), why);
}

/* All lines behind the note, as readers get it. */
static enum ts_err check_published(struct witness_walk *w,
	const struct ts_db_audit_note *checkpoint, const struct ts_db_audit_note *lines, size_t n,
	const struct ts_db_audit_note *published, struct ts_buf *bytes, struct ts_why *why)
{
	struct ts_note note;
	struct ts_quorum_count count = {.met = false};
	struct ts_why found = {"", ""};
	char expected[64], actual[64];
	ts_buf_reset(bytes);
	ts_buf_put(bytes, checkpoint->note.at, checkpoint->note.len);
	for (size_t i = 0; i < n; i++)
		ts_buf_put(bytes, lines[i].note.at, lines[i].note.len);
	TS_TRY(bytes->err);
	if (ts_note_parse((struct ts_str){bytes->data, bytes->len}, &note, &found) != TS_OK ||
		ts_quorum_count(&note, w->quorum, &count, &found) != TS_OK || !count.met)
		return finding(w, "app.log_published", published->size, NULL,
			TS_STR("a quorum of the terms"),
			found.text[0] != '\0' ? ts_str(found.text) : TS_STR("no quorum"), why);
	/* A line that came later may have an earlier time. */
	if (count.met_s == published->time_s ||
		(count.met_s < published->time_s && count.counted > w->quorum->k))
		return TS_OK;
	snprintf(expected, sizeof expected, "met at %lld", (long long)count.met_s);
	snprintf(actual, sizeof actual, "met at %lld", (long long)published->time_s);
	return finding(w, "app.log_published", published->size, NULL, ts_str(expected),
		ts_str(actual), why);
}

struct page {
	struct ts_db_audit_note *checkpoints, *lines, *published;
	size_t checkpoints_n, lines_n, published_n;
};

/* Rows below `size` that no checkpoint has; *at goes behind them. */
static enum ts_err skip(struct witness_walk *w, const char *table,
	const struct ts_db_audit_note *rows, size_t n, int64_t size, size_t *at, struct ts_why *why)
{
	for (; *at < n && rows[*at].size < size; ++*at)
		TS_TRY(finding(w, table, rows[*at].size, rows[*at].key_name,
			TS_STR("a signed checkpoint"), TS_STR("none of this size"), why));
	return TS_OK;
}

static enum ts_err check_size(struct witness_walk *w, const struct page *p,
	const struct ts_db_audit_note *checkpoint, size_t *line, size_t *published,
	struct ts_buf *bytes, struct ts_why *why)
{
	int64_t size = checkpoint->size;
	TS_TRY(skip(w, "app.log_cosignature", p->lines, p->lines_n, size, line, why));
	size_t first = *line;
	for (; *line < p->lines_n && p->lines[*line].size == size; ++*line)
		TS_TRY(check_line(w, checkpoint, &p->lines[*line], bytes, why));
	TS_TRY(skip(w, "app.log_published", p->published, p->published_n, size, published, why));
	if (*published == p->published_n || p->published[*published].size != size)
		return TS_OK;
	return check_published(w, checkpoint, &p->lines[first], *line - first,
		&p->published[(*published)++], bytes, why);
}

static enum ts_err check_page(struct witness_walk *w, const struct page *p, struct ts_why *why)
{
	size_t line = 0, published = 0;
	struct ts_buf bytes;
	enum ts_err err = TS_OK;
	ts_buf_init(&bytes, 2 * TS_NOTE_BYTES_MAX);
	for (size_t i = 0; i < p->checkpoints_n && err == TS_OK; i++)
		err = check_size(w, p, &p->checkpoints[i], &line, &published, &bytes, why);
	ts_buf_free(&bytes);
	TS_TRY(err);
	TS_TRY(skip(w, "app.log_cosignature", p->lines, p->lines_n, INT64_MAX, &line, why));
	return skip(
		w, "app.log_published", p->published, p->published_n, INT64_MAX, &published, why);
}

static enum ts_err read_page(
	struct witness_walk *w, int64_t after, struct page *p, struct ts_why *why)
{
	struct ts_auditor *a = w->a;
	int64_t id = a->contract.contract_id, last = INT64_MAX;
	int16_t log = (int16_t)w->log;
	ts_region_reset(a->scratch);
	TS_TRY(ts_db_audit_checkpoints(a->db, id, log, after, INT64_MAX, PAGE, a->scratch,
		&p->checkpoints, &p->checkpoints_n, why));
	if (p->checkpoints_n == PAGE)
		last = p->checkpoints[PAGE - 1].size;
	TS_TRY(ts_db_audit_cosignatures(
		a->db, id, log, after + 1, last, a->scratch, &p->lines, &p->lines_n, why));
	return ts_db_audit_published(
		a->db, id, log, after + 1, last, a->scratch, &p->published, &p->published_n, why);
}

/* Where the slowest witness is; without witnesses nothing is left to be said. */
static enum ts_err slowest(struct witness_walk *w, int64_t end, int64_t *out, struct ts_why *why)
{
	struct ts_array names;
	struct ts_args args;
	*out = end;
	if (w->quorum->n == 0)
		return TS_OK;
	ts_array_init(&names, TS_ARRAY_TEXT);
	for (size_t i = 0; i < w->quorum->n; i++)
		ts_array_text(&names, w->quorum->keys[i].name);
	ts_args_init(&args);
	ts_arg_i64(&args, w->a->contract.contract_id);
	ts_arg_i16(&args, (int16_t)w->log);
	enum ts_err err = ts_arg_array(&args, &names);
	if (err == TS_OK)
		err = ts_db_audit_number(w->a->db, "audit_cosigned", &args, out, why);
	ts_array_free(&names);
	return err;
}

static enum ts_err walk(struct witness_walk *w, struct ts_why *why)
{
	const struct ts_db_audit_task task = {tasks[w->log], 0, 0};
	struct ts_auditor *a = w->a;
	struct page p;
	struct ts_str state;
	int64_t after = 0, done = 0;
	TS_TRY(ts_db_audit_get(
		a->db, a->contract.contract_id, &task, a->region, &after, &state, why));
	TS_TRY(read_page(w, after, &p, why));
	TS_TRY(check_page(w, &p, why));
	if (p.checkpoints_n == PAGE) {
		a->more = true;
		done = p.checkpoints[PAGE - 1].size;
	} else {
		int64_t end = p.checkpoints_n > 0 ? p.checkpoints[p.checkpoints_n - 1].size : after;
		TS_TRY(slowest(w, end, &done, why));
		if (done > end)
			done = end;
	}
	/* `after` is not kept in between: the same page is cheap, and every witness may yet speak
	 */
	return ts_db_audit_put(
		a->db, a->contract.contract_id, &task, done, (struct ts_str){"", 0}, why);
}

static enum ts_err check_pairs(struct ts_auditor *a, struct ts_why *why)
{
	const struct ts_db_audit_task task = {"pairs", 0, 0};
	struct ts_sheet sheet;
	struct ts_args args;
	struct ts_str state;
	int64_t at = 0, last = 0;
	TS_TRY(ts_db_audit_get(a->db, a->contract.contract_id, &task, a->region, &at, &state, why));
	ts_args_init(&args);
	ts_arg_i64(&args, a->contract.contract_id);
	TS_TRY(ts_db_audit_number(a->db, "audit_pair_last", &args, &last, why));
	if (last <= at)
		return TS_OK;
	int64_t to = last - at > PAGE * 64 ? at + PAGE * 64 : last;
	ts_arg_i64(&args, at);
	ts_arg_i64(&args, to);
	enum ts_err err = ts_sheet_begin(
		&sheet, a, TS_AUDITOR_PAIRS, "app.log_pair", "audit_pairs");
	if (err == TS_OK)
		err = ts_sheet_compare(&sheet, &args, NULL, why);
	ts_sheet_end(&sheet);
	TS_TRY(err);
	a->more = a->more || to < last;
	return ts_db_audit_put(
		a->db, a->contract.contract_id, &task, to, (struct ts_str){"", 0}, why);
}

enum ts_err ts_auditor_witness(struct ts_auditor *a, struct ts_why *why)
{
	static const struct ts_quorum none = {.n = 0};
	a->more = false;
	for (int log = TS_DB_LOCK_INPUTS; log <= TS_DB_LOCK_JOURNAL; log++) {
		struct witness_walk w = {.a = a,
			.log = (enum ts_db_lock)log,
			.quorum = a->terms_n == 0 ? &none
						  : &a->terms[a->terms_n - 1]->keys.quorum_of};
		TS_TRY(walk(&w, why));
	}
	return check_pairs(a, why);
}
