/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: the service's promise that an agent's checkpoint becomes a leaf within a time that the
 * terms state. One that is due and is no leaf is broken. */
#include "audit/replay_state.h"
#include <string.h>

struct promise_row {
	struct ts_str text; /* the agent's checkpoint */
	struct ts_str note; /* with the service's cosignature */
	const char *file;
	bool kept;
};

static uint64_t promise_hash(const void *row)
{
	const struct promise_row *p = row;
	uint64_t hash = 1;
	for (size_t i = 0; i < p->text.len; i++)
		hash = (hash ^ (uint8_t)p->text.at[i]) * UINT64_C(1099511628211);
	return ts_hash_mix(hash, p->text.len);
}

static bool promise_same(const void *a, const void *b)
{
	return ts_str_eq(
		((const struct promise_row *)a)->text, ((const struct promise_row *)b)->text);
}

enum ts_err ts_audit_receipts_begin(struct ts_replay *r)
{
	struct ts_note note;
	ts_rowset_init(
		&r->promises, r->region, sizeof(struct promise_row), promise_hash, promise_same);
	for (size_t i = 0; i < r->options->receipts_n; i++) {
		void *found = NULL;
		const struct ts_audit_receipt *receipt = &r->options->receipts[i];
		if (ts_note_parse(receipt->note, &note, &r->why) != TS_OK) {
			ts_finding_add(r->findings, TS_CHECK_RECEIPTS, receipt->file, -1, "a note",
				r->why.text);
			continue;
		}
		const struct promise_row row = {note.text, note.bytes, receipt->file, false};
		TS_TRY(ts_rowset_get(&r->promises, &row, &found));
	}
	return TS_OK;
}

void ts_audit_receipts_leaf(struct ts_replay *r, struct ts_str leaf)
{
	if (r->promises.n == 0)
		return;
	for (size_t i = 0; i + 1 < leaf.len; i++)
		if (leaf.at[i] == '\n' && leaf.at[i + 1] == '\n') {
			const struct promise_row key = {.text = {leaf.at, i + 1}};
			struct promise_row *row = ts_rowset_find(&r->promises, &key);
			if (row != NULL)
				row->kept = true;
			return;
		}
}

/* When the service promised it, under the key of any version; false when it did not. */
static bool promised(struct ts_replay *r, const struct promise_row *row, int64_t *time_s)
{
	struct ts_note note;
	struct ts_key key;
	if (ts_note_parse(row->note, &note, &r->why) != TS_OK)
		return false;
	for (size_t i = 0; i < r->terms_n; i++) {
		struct ts_note_sig sig = {.valid = false};
		if (ts_key_parse(ts_str(r->terms[i]->keys.receipt_key), &key, &r->why) != TS_OK ||
			ts_note_verify(&note, &key, 1, &sig, &r->why) != TS_OK || !sig.valid)
			continue;
		*time_s = sig.time_s;
		return true;
	}
	return false;
}

/* Its checkpoint is of a size that the opening state has behind it: not a leaf to be seen here. */
static bool before_state(struct ts_replay *r, const struct promise_row *row)
{
	struct ts_checkpoint checkpoint;
	if (!r->bundle->manifest.has_state ||
		ts_checkpoint_parse(row->text, &checkpoint, &r->why) != TS_OK)
		return false;
	const struct ts_audit_stream *stream = ts_audit_stream_find(r, checkpoint.origin);
	return stream != NULL && checkpoint.size <= stream->base.size;
}

void ts_audit_receipts_end(struct ts_replay *r)
{
	for (size_t i = 0; i < r->promises.n && r->terms_n > 0; i++) {
		const struct promise_row *row = ts_rowset_at(&r->promises, i);
		int64_t time_s = 0;
		if (!promised(r, row, &time_s)) {
			ts_finding_add(r->findings, TS_CHECK_RECEIPTS, row->file, -1,
				r->terms[r->terms_n - 1]->keys.receipt_key,
				"it has not signed this receipt");
			continue;
		}
		if (row->kept) {
			r->report->totals.receipts_kept++;
			continue;
		}
		/* the bundle ends at log time at_ms */
		if (before_state(r, row) ||
			time_s > (r->at_ms / 1000) - r->terms[0]->keys.inclusion_seconds)
			r->report->totals.receipts_open++;
		else
			ts_finding_add(r->findings, TS_CHECK_RECEIPTS, row->file, -1,
				"a leaf with the checkpoint of this receipt", "none");
	}
}
