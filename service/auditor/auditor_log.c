/* SPDX-License-Identifier: Apache-2.0 */
/* A log by itself: leaves hashed again from their bytes, up to every signed root. */
#include "evidence/log.h"
#include "service/auditor/auditor_state.h"
#include <stdio.h>

#define PAGE 1024
#define CHECKPOINTS_PAGE 256

static const char *const tasks[] = {"inputs", "journal"};

struct walk {
	struct ts_auditor *a;
	enum ts_db_lock log;
	struct ts_auditor_tree tree;
	struct ts_key key; /* of the log */
	bool has_key, wrong_root; /* one finding per walk is enough for that */
	int64_t signed_to; /* checkpoints are read up to this size */
	struct ts_db_audit_note *notes;
	size_t notes_n, notes_at;
	struct ts_region *notes_region;
};

static enum ts_err leaf_finding(struct walk *w, int64_t index, struct ts_str expected,
	struct ts_str actual, struct ts_why *why)
{
	char key[64];
	snprintf(key, sizeof key, "log %d idx %lld", (int)w->log, (long long)index);
	return ts_auditor_find(w->a, TS_AUDITOR_LEAVES, "app.log_leaf", key, expected, actual, why);
}

static enum ts_err check_kind(struct walk *w, const struct ts_db_leaf_row *leaf, struct ts_why *why)
{
	enum ts_leaf_kind kind = 0;
	struct ts_note note;
	char expected[32], actual[32];
	if (w->log == TS_DB_LOCK_INPUTS) {
		struct ts_why found = {"", ""};
		if (ts_leaf_parse(leaf->data, &kind, &note, &found) != TS_OK)
			return leaf_finding(w, leaf->index, TS_STR("a statement or a checkpoint"),
				ts_str(found.text), why);
	}
	if (leaf->kind == (int16_t)kind)
		return TS_OK;
	snprintf(expected, sizeof expected, "kind %d", (int)kind);
	snprintf(actual, sizeof actual, "kind %d", (int)leaf->kind);
	return leaf_finding(w, leaf->index, ts_str(expected), ts_str(actual), why);
}

/* --- checkpoints --- */

static enum ts_err checkpoint_finding(struct walk *w, int64_t size, struct ts_str expected,
	struct ts_str actual, struct ts_why *why)
{
	char key[64];
	snprintf(key, sizeof key, "log %d size %lld", (int)w->log, (long long)size);
	return ts_auditor_find(
		w->a, TS_AUDITOR_CHECKPOINTS, "app.log_checkpoint", key, expected, actual, why);
}

static enum ts_err check_note(
	struct walk *w, const struct ts_db_audit_note *row, struct ts_why *why)
{
	struct ts_note note;
	struct ts_note_sig sig;
	struct ts_checkpoint checkpoint;
	struct ts_why found = {"", ""};
	if (!w->has_key)
		return TS_OK;
	if (ts_checkpoint_open(row->note, &w->key, 1, &note, &sig, &checkpoint, &found) != TS_OK)
		return checkpoint_finding(w, row->size, TS_STR("a note that the log's key signed"),
			ts_str(found.text), why);
	if (checkpoint.size != row->size || !ts_hash_eq(&checkpoint.root, &row->root))
		return checkpoint_finding(
			w, row->size, TS_STR("a note of this size and root"), note.text, why);
	return TS_OK;
}

static enum ts_err check_checkpoint(
	struct walk *w, const struct ts_db_audit_note *row, struct ts_why *why)
{
	const struct ts_range *range = &w->tree.ranges[0];
	uint8_t packed[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	char expected[2 * TS_HASH_BYTES + 1], actual[2 * TS_HASH_BYTES + 1];
	struct ts_hash root;
	w->a->counts->checkpoints++;
	TS_TRY(check_note(w, row, why));
	size_t len = ts_range_pack(range, packed);
	if (row->range.at != NULL &&
		!ts_str_eq(row->range, (struct ts_str){(const char *)packed, len}))
		TS_TRY(checkpoint_finding(w, row->size, TS_STR("the compact range of its leaves"),
			TS_STR("another range"), why));
	ts_range_root(&w->a->hasher, range, &root);
	if (ts_hash_eq(&root, &row->root) || w->wrong_root)
		return TS_OK;
	w->wrong_root = true;
	ts_text_hex(root.b, TS_HASH_BYTES, expected);
	ts_text_hex(row->root.b, TS_HASH_BYTES, actual);
	return checkpoint_finding(w, row->size, ts_str(expected), ts_str(actual), why);
}

/* The signed sizes that lie at the walk's size now. */
static enum ts_err at_size(struct walk *w, struct ts_why *why)
{
	int64_t size = w->tree.ranges[0].size;
	while (w->notes_at == w->notes_n && w->notes_n == CHECKPOINTS_PAGE) {
		int64_t after = w->notes[w->notes_n - 1].size;
		ts_region_reset(w->notes_region);
		w->notes_at = 0;
		TS_TRY(ts_db_audit_checkpoints(w->a->db, w->a->contract.contract_id,
			(int16_t)w->log, after, w->signed_to, CHECKPOINTS_PAGE, w->notes_region,
			&w->notes, &w->notes_n, why));
	}
	for (; w->notes_at < w->notes_n && w->notes[w->notes_at].size <= size; w->notes_at++)
		TS_TRY(check_checkpoint(w, &w->notes[w->notes_at], why));
	return TS_OK;
}

static enum ts_err first_notes(struct walk *w, int64_t to, struct ts_why *why)
{
	w->signed_to = to;
	w->notes_region = ts_region_create((size_t)64 << 20);
	if (w->notes_region == NULL)
		return TS_E_NO_MEMORY;
	return ts_db_audit_checkpoints(w->a->db, w->a->contract.contract_id, (int16_t)w->log,
		w->tree.ranges[0].size, to, CHECKPOINTS_PAGE, w->notes_region, &w->notes,
		&w->notes_n, why);
}

/* --- the walk --- */

static enum ts_err page(struct walk *w, int64_t to, struct ts_why *why)
{
	struct ts_db_leaf_row *leaves = NULL;
	int64_t size = w->tree.ranges[0].size;
	size_t n = 0;
	ts_region_reset(w->a->scratch);
	TS_TRY(ts_db_log_leaves(w->a->db, w->a->contract.contract_id, w->log, size, to, -1, PAGE,
		w->a->scratch, &leaves, &n, why));
	size_t i = 0;
	for (; i < n && leaves[i].index == size; i++, size++) {
		struct ts_hash hash;
		ts_hash_leaf(&w->a->hasher, leaves[i].data.at, leaves[i].data.len, &hash);
		if (!ts_hash_eq(&hash, &leaves[i].hash))
			TS_TRY(leaf_finding(w, size, TS_STR("the hash of its bytes"),
				TS_STR("another hash"), why));
		TS_TRY(check_kind(w, &leaves[i], why));
		/* The stored hash goes on: a leaf that was changed then is one finding, not one
		 * for every root behind it. */
		TS_TRY(ts_auditor_tree_append(&w->tree, &leaves[i].hash, why));
		TS_TRY(at_size(w, why));
		if (w->log == TS_DB_LOCK_INPUTS)
			w->a->counts->inputs++;
		else
			w->a->counts->journal++;
	}
	if (i < n || (n < PAGE && size < to)) {
		w->a->stopped = true;
		return leaf_finding(w, size, TS_STR("a leaf"), TS_STR("it is absent"), why);
	}
	return TS_OK;
}

static enum ts_err walk(struct walk *w, int64_t to, struct ts_why *why)
{
	TS_TRY(first_notes(w, to, why));
	while (w->tree.ranges[0].size < to && !w->a->stopped)
		TS_TRY(page(w, to, why));
	return ts_auditor_tree_compare(&w->tree, why);
}

static void log_key(struct walk *w)
{
	const struct ts_auditor *a = w->a;
	if (a->terms_n == 0)
		return;
	const struct ts_terms_keys *keys = &a->terms[a->terms_n - 1]->keys;
	w->has_key = ts_key_parse(ts_str(w->log == TS_DB_LOCK_INPUTS ? keys->inputs_log
								     : keys->journal_log),
			     &w->key, NULL) == TS_OK;
}

static enum ts_err size_of(
	struct ts_auditor *a, enum ts_db_lock log, int64_t *out, struct ts_why *why)
{
	struct ts_args args;
	ts_args_init(&args);
	ts_arg_i64(&args, a->contract.contract_id);
	ts_arg_i16(&args, (int16_t)log);
	return ts_db_audit_number(a->db, "audit_log_size", &args, out, why);
}

static enum ts_err keep(struct ts_auditor *a, const struct ts_db_audit_task *task,
	const struct ts_range *range, struct ts_why *why)
{
	uint8_t packed[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	size_t len = ts_range_pack(range, packed);
	return ts_db_audit_put(a->db, a->contract.contract_id, task, range->size,
		(struct ts_str){(const char *)packed, len}, why);
}

enum ts_err ts_auditor_log(struct ts_auditor *a, enum ts_db_lock log, int64_t leaves,
	struct ts_range *range, struct ts_why *why)
{
	const struct ts_db_audit_task task = {tasks[log], 0, 0};
	struct walk w = {.a = a, .log = log};
	struct ts_str state;
	int64_t at = 0, size = 0;
	TS_TRY(ts_db_audit_get(a->db, a->contract.contract_id, &task, a->region, &at, &state, why));
	TS_TRY(ts_range_unpack(at, state.at, state.len, range));
	TS_TRY(size_of(a, log, &size, why));
	a->more = size - at > leaves;
	if (size <= at)
		return TS_OK; /* smaller: the comparison of heads says so */
	log_key(&w);
	enum ts_err err = ts_auditor_tree_begin(&w.tree, a,
		log == TS_DB_LOCK_INPUTS ? TS_DB_TREE_INPUTS : TS_DB_TREE_JOURNAL, range);
	if (err == TS_OK)
		err = walk(&w, a->more ? at + leaves : size, why);
	*range = w.tree.ranges[0];
	ts_region_free(w.notes_region);
	ts_auditor_tree_end(&w.tree);
	TS_TRY(err);
	if (range->size == at)
		return TS_OK;
	return keep(a, &task, range, why);
}
