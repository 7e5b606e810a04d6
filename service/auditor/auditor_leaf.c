/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves of the inputs log in order: who must have signed each, and the rows that it must have
 * left. */
#include "evidence/event.h"
#include "evidence/log.h"
#include "evidence/revocation.h"
#include "service/auditor/auditor_walk.h"
#include "store/stream.h"
#include <stdio.h>
#include <string.h>

#define PAGE 256

struct leaf {
	struct ts_auditor_walk *w;
	const struct ts_db_leaf_row *row;
	struct ts_note note;
	enum ts_leaf_kind kind;
	const struct ts_terms *terms;
	const char *parties[2]; /* keys, by side */
};

/* Bytes that no service would have let in: what they would have done is not known. */
static enum ts_err malformed(struct leaf *l, const struct ts_why *found, struct ts_why *why)
{
	return ts_auditor_walk_stop(
		l->w, l->row->index, TS_STR("a statement of its kind"), ts_str(found->text), why);
}

static enum ts_err signed_by(
	struct leaf *l, const char *const *keys, size_t n, size_t need, struct ts_why *why)
{
	unsigned who = 0;
	return ts_auditor_signed(l->w->a, l->row->index, &l->note, keys, n, need, &who, why);
}

/* A leaf that came over the desk has its row there. */
static enum ts_err at_desk(struct leaf *l, const char *kind, int64_t serial, bool countersigns)
{
	struct ts_auditor_walk *w = l->w;
	if (w->statements_n == w->statements_cap) {
		size_t cap = w->statements_cap == 0 ? 32 : 2 * w->statements_cap;
		struct ts_auditor_statement *list = ts_region_array(
			w->a->region, cap, sizeof *list);
		if (list == NULL)
			return TS_E_NO_MEMORY;
		if (w->statements_n > 0)
			memcpy(list, w->statements, w->statements_n * sizeof *list);
		w->statements = list;
		w->statements_cap = cap;
	}
	const char *data = ts_region_copy(w->a->region, l->row->data.at, l->row->data.len);
	if (data == NULL)
		return TS_E_NO_MEMORY;
	w->statements[w->statements_n++] = (struct ts_auditor_statement){.leaf = l->row->index,
		.kind = kind,
		.serial = serial,
		.data = {data, l->row->data.len},
		.countersigns = countersigns};
	return TS_OK;
}

static void key_leaf(struct ts_sheet *sheet, int64_t leaf)
{
	ts_buf_printf(&sheet->key, "leaf %lld", (long long)leaf);
}

/* --- kinds --- */

/* An amendment is signed by the keys that are in force and by those that it brings. */
static enum ts_err signed_by_versions(struct leaf *l, struct ts_why *why)
{
	const struct ts_terms *before = ts_auditor_terms_at(l->w->a, l->row->index - 1);
	const char *keys[4] = {l->parties[0], l->parties[1], NULL, NULL};
	size_t n = 2;
	for (int side = 0; side < 2 && before != NULL; side++) {
		const char *key = ts_auditor_party(before, (enum ts_side)side);
		if (strcmp(key, l->parties[side]) != 0)
			keys[n++] = key;
	}
	return signed_by(l, keys, n, n, why);
}

static enum ts_err take_contract(struct leaf *l, struct ts_why *why)
{
	struct ts_sheet *sheet = &l->w->sheets[TS_SHEET_VERSION];
	struct ts_contract_statement s;
	struct ts_why found = {"", ""};
	if (ts_contract_statement_parse(l->note.text, &s, &found) != TS_OK)
		return malformed(l, &found, why);
	TS_TRY(signed_by_versions(l, why));
	ts_buf_printf(&sheet->key, "version %lld", (long long)s.version);
	ts_sheet_int(sheet, l->row->index);
	ts_sheet_hash(sheet, &s.terms);
	ts_sheet_hash(sheet, &s.terms);
	ts_sheet_hash_of(sheet, l->note.text.at, l->note.text.len);
	ts_sheet_hash_of(sheet, l->note.text.at, l->note.text.len);
	ts_sheet_hash_of(sheet, l->row->data.at, l->row->data.len);
	ts_sheet_put(sheet);
	return TS_OK;
}

static void expect_enrolment(struct leaf *l, const struct ts_key_statement *s)
{
	struct ts_sheet *sheet = &l->w->sheets[TS_SHEET_AGENT_KEY];
	char id[TS_STREAM_ID_CHARS + 1], vkey[TS_VKEY_CHARS];
	ts_stream_id(s->origin, id);
	key_leaf(sheet, l->row->index);
	ts_sheet_text(sheet, ts_str(id));
	ts_sheet_text(sheet, s->origin);
	ts_sheet_text(sheet, ts_str(ts_key_format(&s->key, vkey)));
	ts_sheet_hex(sheet, s->key.public, sizeof s->key.public);
	ts_sheet_int(sheet, s->side);
	ts_sheet_hash_of(sheet, l->row->data.at, l->row->data.len);
	ts_sheet_int(sheet, s->from_ms);
	ts_sheet_int(sheet, s->window_ms);
	ts_sheet_int(sheet, s->active_from_ms);
	ts_sheet_int(sheet, s->active_to_ms);
	ts_sheet_text(sheet, s->scope.clusters);
	ts_sheet_text(sheet, s->scope.resources);
	ts_sheet_text(sheet, s->scope.skus);
	ts_sheet_put(sheet);
	sheet = &l->w->sheets[TS_SHEET_KEY_DIRECTORY];
	key_leaf(sheet, l->row->index);
	ts_sheet_text(sheet, ts_str(id));
	ts_sheet_hex(sheet, s->key.public, sizeof s->key.public);
	ts_sheet_int(sheet, l->w->a->contract.contract_id);
	ts_sheet_put(sheet);
}

/* The stream that a statement names; *out NULL: there is none, and the walk is stopped. */
static enum ts_err stream_named(
	struct leaf *l, struct ts_str origin, struct ts_auditor_stream **out, struct ts_why *why)
{
	struct ts_why found = {"", ""};
	char key[64];
	*out = NULL;
	enum ts_err err = ts_auditor_stream_get(l->w, origin, out, &found);
	if (err == TS_OK)
		return TS_OK;
	*out = NULL;
	snprintf(key, sizeof key, "leaf %lld", (long long)l->row->index);
	TS_TRY(ts_auditor_excuse(l->w->a, TS_AUDITOR_KEYS, "app.agent_key", key, err, &found, why));
	return ts_auditor_walk_stop(
		l->w, l->row->index, TS_STR("a stream that is enrolled"), ts_str(found.text), why);
}

static enum ts_err take_key(struct leaf *l, struct ts_why *why)
{
	struct ts_key_statement s;
	struct ts_auditor_stream *stream = NULL, *before = NULL;
	struct ts_why found = {"", ""};
	char own[TS_VKEY_CHARS], previous[TS_VKEY_CHARS];
	size_t n = 2;
	if (ts_key_statement_parse(l->note.text, &s, &found) != TS_OK)
		return malformed(l, &found, why);
	expect_enrolment(l, &s);
	const char *keys[3] = {ts_key_format(&s.key, own), l->parties[s.side], NULL};
	if (s.has_previous) {
		TS_TRY(stream_named(l, s.previous.origin, &before, why));
		if (before == NULL)
			return TS_OK;
		/* a revoked key signs nothing any more, its successor neither */
		if (before->revoked_leaf < 0)
			keys[n++] = ts_key_format(&before->statement.key, previous);
		if (before->closed_leaf < 0)
			before->closed_leaf = l->row->index;
		before->changed = true;
	}
	TS_TRY(signed_by(l, keys, n, n, why));
	TS_TRY(stream_named(l, s.origin, &stream, why));
	if (stream != NULL)
		stream->changed = true;
	return TS_OK;
}

static enum ts_err take_revocation(struct leaf *l, struct ts_why *why)
{
	struct ts_sheet *sheet = &l->w->sheets[TS_SHEET_REVOCATION];
	struct ts_revocation s;
	struct ts_auditor_stream *stream = NULL;
	struct ts_why found = {"", ""};
	if (ts_revocation_parse(l->note.text, &s, &found) != TS_OK)
		return malformed(l, &found, why);
	TS_TRY(stream_named(l, s.origin, &stream, why));
	if (stream == NULL)
		return TS_OK;
	TS_TRY(signed_by(l, &l->parties[stream->statement.side], 1, 1, why));
	if (stream->revoked_leaf < 0)
		stream->revoked_leaf = l->row->index;
	stream->changed = true;
	key_leaf(sheet, l->row->index);
	ts_sheet_text(sheet, s.origin);
	if (s.compromised) {
		ts_sheet_int(sheet, s.since_ms);
		ts_sheet_int(sheet, s.covered);
	} else {
		ts_sheet_text(sheet, TS_STR("-"));
		ts_sheet_text(sheet, TS_STR("-"));
	}
	ts_sheet_put(sheet);
	return at_desk(l, "revoke", 0, false);
}

static enum ts_err take_event(struct leaf *l, struct ts_why *why)
{
	struct ts_event event;
	struct ts_why found = {"", ""};
	if (ts_event_parse(l->note.text, &event, &found) != TS_OK)
		return malformed(l, &found, why);
	if (ts_event_signer(event.kind) == TS_SIGNED_BY_OPERATOR)
		return signed_by(l, (const char *[]){l->terms->keys.operator_key}, 1, 1, why);
	if (ts_event_signer(event.kind) == TS_SIGNED_BY_ONE)
		TS_TRY(signed_by(l, &l->parties[event.by], 1, 1, why));
	else
		TS_TRY(signed_by(l, l->parties, 2, 2, why));
	return at_desk(l, ts_event_kind_name(event.kind), event.serial, false);
}

static void put_answer(
	struct leaf *l, enum ts_side book, int32_t through, struct ts_str reservation)
{
	struct ts_sheet *sheet = &l->w->sheets[TS_SHEET_SEAL_ANSWER];
	char day[TS_TIME_CHARS];
	key_leaf(sheet, l->row->index);
	ts_sheet_int(sheet, book);
	ts_sheet_text(sheet, ts_str(ts_date_format(through, day)));
	ts_sheet_text(sheet, reservation);
	ts_sheet_put(sheet);
}

/* A seal is signed by the company whose book it is; the other's signature is an answer. */
static enum ts_err take_period(struct leaf *l, struct ts_why *why)
{
	struct ts_sheet *sheet = &l->w->sheets[TS_SHEET_SEAL];
	struct ts_period_statement s;
	struct ts_why found = {"", ""};
	char day[TS_TIME_CHARS];
	unsigned who = 0;
	if (ts_period_statement_parse(l->note.text, &s, &found) != TS_OK)
		return malformed(l, &found, why);
	TS_TRY(ts_auditor_signed(l->w->a, l->row->index, &l->note, l->parties, 2, 1, &who, why));
	bool seals = (who & 1u << s.book) != 0;
	if (seals) {
		key_leaf(sheet, l->row->index);
		ts_sheet_int(sheet, s.book);
		ts_sheet_text(sheet, ts_str(ts_date_format(s.through, day)));
		ts_sheet_hash_of(sheet, l->row->data.at, l->row->data.len);
		ts_sheet_put(sheet);
	} else {
		put_answer(l, s.book, s.through, TS_STR("-"));
	}
	return at_desk(l, "period", 0, !seals);
}

static enum ts_err take_reattestation(struct leaf *l, struct ts_why *why)
{
	struct ts_reattestation s;
	struct ts_why found = {"", ""};
	if (ts_reattestation_parse(l->note.text, &s, &found) != TS_OK)
		return malformed(l, &found, why);
	TS_TRY(signed_by(l, l->parties, 2, 2, why));
	return at_desk(l, "reattest", 0, false);
}

static enum ts_err take_reservation(struct leaf *l, struct ts_why *why)
{
	struct ts_reservation s;
	struct ts_why found = {"", ""};
	if (ts_reservation_parse(l->note.text, &s, &found) != TS_OK)
		return malformed(l, &found, why);
	TS_TRY(signed_by(l, &l->parties[1 - (int)s.book], 1, 1, why));
	put_answer(l, s.book, s.through, s.reason);
	return at_desk(l, "reservation", 0, false);
}

static enum ts_err take_statement(struct leaf *l, struct ts_why *why)
{
	switch (l->kind) {
	case TS_LEAF_CONTRACT:
		return take_contract(l, why);
	case TS_LEAF_KEY:
		return take_key(l, why);
	case TS_LEAF_EVENT:
		return take_event(l, why);
	case TS_LEAF_PERIOD:
		return take_period(l, why);
	case TS_LEAF_REVOKE:
		return take_revocation(l, why);
	case TS_LEAF_REATTEST:
		return take_reattestation(l, why);
	case TS_LEAF_RESERVATION:
		return take_reservation(l, why);
	case TS_LEAF_CHECKPOINT:
		break;
	}
	return TS_OK;
}

/* --- rows of the desk --- */

static enum ts_err desk_finding(struct ts_auditor *a, int64_t id, struct ts_str expected,
	struct ts_str actual, struct ts_why *why)
{
	char key[64];
	snprintf(key, sizeof key, "statement %lld", (long long)id);
	return ts_auditor_find(
		a, TS_AUDITOR_STATEMENTS, "app.statement", key, expected, actual, why);
}

static struct ts_auditor_statement *leaf_of(struct ts_auditor_walk *w, int64_t leaf)
{
	for (size_t i = 0; i < w->statements_n; i++)
		if (w->statements[i].leaf == leaf)
			return &w->statements[i];
	return NULL;
}

/* Every line of the leaf stands in the row's note, over the same text. */
static bool holds(const struct ts_note *row, struct ts_str data)
{
	struct ts_note leaf;
	if (ts_note_parse(data, &leaf, NULL) != TS_OK || !ts_str_eq(leaf.text, row->text))
		return false;
	for (size_t i = 0; i < leaf.n; i++) {
		size_t k = 0;
		while (k < row->n && !ts_str_eq(row->lines[k].line, leaf.lines[i].line))
			k++;
		if (k == row->n)
			return false;
	}
	return true;
}

static enum ts_err compare_leaf(struct ts_auditor_walk *w, const struct ts_db_audit_statement *row,
	const struct ts_note *note, int64_t index, bool counter, struct ts_why *why)
{
	struct ts_auditor_statement *leaf = leaf_of(w, index);
	if (index < w->from || index >= w->fold.size)
		return TS_OK;
	if (leaf == NULL)
		return desk_finding(w->a, row->statement_id, TS_STR("a leaf that is a statement"),
			TS_STR("another leaf"), why);
	leaf->seen = true;
	if (leaf->countersigns != counter || strcmp(leaf->kind, row->kind) != 0 ||
		leaf->serial != row->serial || !holds(note, leaf->data))
		return desk_finding(w->a, row->statement_id,
			TS_STR("kind, serial, text and signatures of its leaf"), TS_STR("others"),
			why);
	return TS_OK;
}

static enum ts_err compare_statement(
	struct ts_auditor_walk *w, const struct ts_db_audit_statement *row, struct ts_why *why)
{
	struct ts_note note;
	struct ts_hash hash;
	struct ts_why found = {"", ""};
	if (ts_note_parse(row->note, &note, &found) != TS_OK)
		return desk_finding(
			w->a, row->statement_id, TS_STR("a note"), ts_str(found.text), why);
	ts_statement_hash(note.text, &hash);
	if (!ts_hash_eq(&hash, &row->sha256))
		TS_TRY(desk_finding(w->a, row->statement_id, TS_STR("the hash of its text"),
			TS_STR("another hash"), why));
	if (row->leaf >= 0)
		TS_TRY(compare_leaf(w, row, &note, row->leaf, false, why));
	return row->counter_leaf < 0 ? TS_OK
				     : compare_leaf(w, row, &note, row->counter_leaf, true, why);
}

enum ts_err ts_auditor_desk(struct ts_auditor_walk *w, bool waiting, struct ts_why *why)
{
	struct ts_db_audit_statement *rows = NULL;
	char key[64];
	size_t n = 0;
	ts_region_reset(w->page);
	TS_TRY(ts_db_audit_statements(w->a->db, w->a->contract.contract_id, waiting ? -1 : w->from,
		w->fold.size, w->page, &rows, &n, why));
	for (size_t i = 0; i < n; i++)
		if (!waiting || rows[i].leaf < 0)
			TS_TRY(compare_statement(w, &rows[i], why));
	for (size_t i = 0; i < w->statements_n; i++) {
		if (w->statements[i].seen)
			continue;
		snprintf(key, sizeof key, "leaf %lld", (long long)w->statements[i].leaf);
		TS_TRY(ts_auditor_find(w->a, TS_AUDITOR_STATEMENTS, "app.statement", key,
			ts_str(w->statements[i].kind), TS_STR("no such row"), why));
	}
	w->statements_n = 0;
	return TS_OK;
}

/* --- the walk --- */

static enum ts_err take(struct ts_auditor_walk *w, const struct ts_db_leaf_row *row,
	const struct ts_db_batch *batch, struct ts_why *why)
{
	struct leaf l = {.w = w, .row = row};
	struct ts_why found = {"", ""};
	if (ts_leaf_parse(row->data, &l.kind, &l.note, &found) != TS_OK)
		return malformed(&l, &found, why);
	l.terms = ts_auditor_terms_at(w->a, row->index);
	if (l.terms == NULL)
		return ts_auditor_walk_stop(
			w, row->index, TS_STR("terms in force"), TS_STR("none at this leaf"), why);
	l.parties[TS_SIDE_PROVIDER] = l.terms->provider.statement_key;
	l.parties[TS_SIDE_CONSUMER] = l.terms->consumer.statement_key;
	if (l.kind == TS_LEAF_CHECKPOINT)
		return ts_auditor_batch(w, row, &l.note, batch, why);
	if (batch != NULL) {
		char key[64];
		snprintf(key, sizeof key, "batch %lld", (long long)batch->batch_id);
		TS_TRY(ts_auditor_find(w->a, TS_AUDITOR_BATCHES, "app.batch", key,
			TS_STR("a leaf that is an upload"), TS_STR("another leaf"), why));
	}
	return take_statement(&l, why);
}

static enum ts_err take_page(struct ts_auditor_walk *w, int64_t to, struct ts_why *why)
{
	struct ts_db_leaf_row *leaves = NULL;
	struct ts_db_batch *batches = NULL;
	size_t n = 0, batches_n = 0, b = 0;
	struct ts_auditor *a = w->a;
	ts_region_reset(w->page);
	TS_TRY(ts_db_log_leaves(a->db, a->contract.contract_id, TS_DB_LOCK_INPUTS, w->fold.size, to,
		-1, PAGE, w->page, &leaves, &n, why));
	if (n == 0 || leaves[0].index != w->fold.size)
		return ts_auditor_walk_stop(
			w, w->fold.size, TS_STR("a leaf"), TS_STR("it is absent"), why);
	TS_TRY(ts_db_batch_list(a->db, a->contract.contract_id, leaves[0].index,
		leaves[n - 1].index + 1, PAGE, w->page, &batches, &batches_n, why));
	for (size_t i = 0; i < n && leaves[i].index == w->fold.size && !a->stopped; i++) {
		while (b < batches_n && batches[b].leaf < leaves[i].index)
			b++;
		bool here = b < batches_n && batches[b].leaf == leaves[i].index;
		TS_TRY(take(w, &leaves[i], here ? &batches[b] : NULL, why));
		if (a->stopped)
			return TS_OK;
		(void)ts_range_append(&a->hasher, &w->fold, &leaves[i].hash, NULL);
		w->work++;
	}
	return TS_OK;
}

enum ts_err ts_auditor_leaves(struct ts_auditor_walk *w, int64_t to, struct ts_why *why)
{
	while (w->fold.size < to && !w->a->stopped)
		TS_TRY(take_page(w, to, why));
	return TS_OK;
}
