/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction, in this order, and why:
 *   ingest_lock     streams in key order: no deadlock, and a stale upload is seen before any work
 *   COPY            rows, cells, subtrees, reversals: the long part, under no lock but the streams'
 *   log_lock        the contract's one shared lock, taken last and held for three statements
 *   ingest_keys     a revocation that is a leaf already must win; it holds the same lock
 *   batch, leaf     with the indexes that the lock gives
 * A revoked key is found after its rows were copied: the group is then run again without it. */
#include "store/ingest.h"
#include "base/time.h"
#include "evidence/log.h"
#include "store/ingest_copy.h"
#include "store/log.h"
#include "store/outbox.h"
#include "store/subtree.h"
#include <inttypes.h>
#include <stdlib.h>
#include <zstd.h>

#define INGEST_ZSTD_LEVEL                                                                          \
	1 /* lines of one stream repeat themselves; more costs, and gives little */

struct ts_ingest {
	ZSTD_CCtx *zstd;
	struct ts_hasher hasher;
};

enum ts_err ts_ingest_create(struct ts_ingest **out)
{
	struct ts_ingest *ingest = calloc(1, sizeof *ingest);

	if (ingest == NULL)
		return TS_E_NO_MEMORY;
	ingest->zstd = ZSTD_createCCtx();
	if (ingest->zstd == NULL || ts_hasher_init(&ingest->hasher) != TS_OK) {
		ts_ingest_free(ingest);
		return TS_E_NO_MEMORY;
	}
	*out = ingest;
	return TS_OK;
}

void ts_ingest_free(struct ts_ingest *ingest)
{
	if (ingest == NULL)
		return;
	ZSTD_freeCCtx(ingest->zstd);
	ts_hasher_free(&ingest->hasher);
	free(ingest);
}

static int64_t upload_lines(const struct ts_ingest_upload *u)
{
	return u->range->size - u->range_old->size;
}

/* --- streams --- */

static void upload_decide(struct ts_ingest_upload *u, bool revoked, struct ts_str state,
	int64_t size, int64_t batch_id)
{
	if (u->result != TS_E_NOT_FOUND)
		return; /* a second upload of the stream in this group */
	u->size = size;
	u->batch_id = batch_id;
	if (ts_str_is(state, "quarantined"))
		u->result = TS_E_QUARANTINED;
	else if (revoked || !ts_str_is(state, "live"))
		u->result = TS_E_KEY;
	else if (size != u->range_old->size)
		u->result = TS_E_STALE;
	else
		u->result = TS_OK;
}

/* Locks the streams and gives each upload its result so far. */
static enum ts_err group_lock(struct ts_db *db, struct ingest_group *g, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_array ids;
	struct ts_args args;
	enum ts_err err = TS_OK;

	ts_array_init(&ids, TS_ARRAY_I64);
	for (size_t i = 0; i < g->n; i++) {
		g->uploads[i]->result = TS_E_NOT_FOUND;
		g->uploads[i]->size = 0;
		ts_array_i64(&ids, g->uploads[i]->stream_id);
	}
	ts_args_init(&args);
	ts_arg_i64(&args, g->contract_id);
	err = ts_arg_array(&args, &ids);
	if (err == TS_OK)
		err = ts_db_query(db, "ingest_lock", &args, &rows, why);
	ts_array_free(&ids);
	TS_TRY(err);
	while (ts_rows_next(&rows)) {
		int64_t stream_id = ts_row_i64(&rows);
		struct ts_str state = ts_row_str(&rows);
		int64_t size = ts_row_i64(&rows), batch_id = ts_row_i64(&rows);
		bool taken = false;

		for (size_t i = 0; i < g->n; i++) {
			struct ts_ingest_upload *u = g->uploads[i];

			if (u->stream_id != stream_id)
				continue;
			upload_decide(u, g->revoked[i], state, size, batch_id);
			if (taken && u->result == TS_OK)
				u->result = TS_E_STALE;
			taken = taken || u->result == TS_OK;
		}
	}
	return rows.err;
}

static enum ts_err group_advance(
	struct ts_db *db, const struct ingest_group *g, int64_t live, struct ts_why *why)
{
	enum { STREAM, OLD, NEW, RANGE, ROOT, NOTE, WINDOWS, CLOSED, N };
	static const enum ts_array_type types[N] = {TS_ARRAY_I64, TS_ARRAY_I64, TS_ARRAY_I64,
		TS_ARRAY_BYTES, TS_ARRAY_BYTES, TS_ARRAY_BYTES, TS_ARRAY_BYTES, TS_ARRAY_I64};
	struct ts_array columns[N];
	uint8_t range[TS_MERKLE_HASHES_MAX * TS_HASH_BYTES];
	struct ts_args args;
	int64_t changed = 0;
	enum ts_err err = TS_OK;

	ts_arrays_init(columns, types, N);
	for (size_t i = 0; i < g->n; i++) {
		const struct ts_ingest_upload *u = g->uploads[i];

		if (u->result != TS_OK)
			continue;
		ts_array_i64(&columns[STREAM], u->stream_id);
		ts_array_i64(&columns[OLD], u->range_old->size);
		ts_array_i64(&columns[NEW], u->range->size);
		ts_array_bytes(&columns[RANGE], range, ts_range_pack(u->range, range));
		ts_array_bytes(&columns[ROOT], u->root.b, TS_HASH_BYTES);
		ts_array_bytes(&columns[NOTE], u->note.at, u->note.len);
		ts_array_bytes(&columns[WINDOWS], u->windows.at == NULL ? "" : u->windows.at,
			u->windows.len);
		ts_array_i64(&columns[CLOSED], u->intake->closed_ms);
	}
	ts_args_init(&args);
	ts_arg_i64(&args, g->contract_id);
	for (size_t i = 0; i < N && err == TS_OK; i++)
		err = ts_arg_array(&args, &columns[i]);
	ts_arg_time(&args, g->received_us);
	if (err == TS_OK)
		err = ts_db_run(db, "ingest_advance", &args, &changed, why);
	ts_arrays_free(columns, N);
	TS_TRY(err);
	return changed == live
		       ? TS_OK
		       : ts_why(why, TS_E_INTERNAL, "stream",
				 "%" PRId64 " of %" PRId64 " streams advanced", changed, live);
}

/* --- log --- */

/* Under the log's lock: which keys are still good. A revoked one means another run without it. */
static enum ts_err group_keys(struct ts_db *db, struct ingest_group *g, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_array ids;
	struct ts_args args;
	bool good[TS_INGEST_GROUP_MAX] = {false};
	enum ts_err err = TS_OK;

	ts_array_init(&ids, TS_ARRAY_I64);
	for (size_t i = 0; i < g->n; i++)
		ts_array_i64(&ids, g->uploads[i]->stream_id);
	ts_args_init(&args);
	ts_arg_i64(&args, g->contract_id);
	err = ts_arg_array(&args, &ids);
	if (err == TS_OK)
		err = ts_db_query(db, "ingest_keys", &args, &rows, why);
	ts_array_free(&ids);
	TS_TRY(err);
	while (ts_rows_next(&rows)) {
		int64_t stream_id = ts_row_i64(&rows);

		for (size_t i = 0; i < g->n; i++)
			good[i] = good[i] || g->uploads[i]->stream_id == stream_id;
	}
	TS_TRY(rows.err);
	for (size_t i = 0; i < g->n; i++)
		if (g->uploads[i]->result == TS_OK && !good[i])
			g->revoked[i] = g->again = true;
	return g->again ? ts_why(why, TS_E_KEY, "key", "a key of the group was revoked") : TS_OK;
}

static enum ts_err group_log(struct ts_db *db, struct ingest_group *g, struct ts_why *why)
{
	struct ts_db_leaf leaves[TS_INGEST_GROUP_MAX];
	int64_t first = 0;
	size_t n = 0;

	TS_TRY(ts_db_lock_take(db, g->contract_id, TS_DB_LOCK_INPUTS, why));
	TS_TRY(group_keys(db, g, why));
	for (size_t i = 0; i < g->n; i++)
		if (g->uploads[i]->result == TS_OK)
			leaves[n++] = (struct ts_db_leaf){.kind = TS_LEAF_CHECKPOINT,
				.data = g->uploads[i]->leaf,
				.hash = g->uploads[i]->leaf_hash};
	TS_TRY(ts_db_log_append(db, &g->ingest->hasher, g->contract_id, TS_DB_LOCK_INPUTS, leaves,
		n, g->received_us, &first, why));
	for (size_t i = 0; i < g->n; i++)
		if (g->uploads[i]->result == TS_OK)
			g->uploads[i]->leaf_index = first++;
	TS_TRY(ts_ingest_copy_batches(db, g, why));
	for (size_t i = 0; i < g->n; i++)
		if (g->uploads[i]->result == TS_OK && g->uploads[i]->voids != NULL)
			TS_TRY(ts_db_outbox_add(db, g->contract_id, TS_DB_EVENT_STREAM_VOID_LINES,
				g->received_us, g->uploads[i]->voids, why));
	return TS_OK;
}

/* Roots above the 256-leaf ones that this group completes: at most one for 65,536 lines. */
static enum ts_err group_raise(struct ts_db *db, const struct ingest_group *g, struct ts_why *why)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct ts_ingest_upload *u = g->uploads[i];

		for (size_t k = 0; u->result == TS_OK && k < u->subtrees_n; k++)
			TS_TRY(ts_db_subtree_raise(db, &g->ingest->hasher, g->contract_id,
				u->stream_id, u->subtrees[k].number, why));
	}
	return TS_OK;
}

/* --- the transaction --- */

static enum ts_err group_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct ingest_group *g = arg;
	int64_t live = 0;
	bool reversals = false, subtrees = false;

	TS_TRY(group_lock(db, g, why));
	for (size_t i = 0; i < g->n; i++) {
		const struct ts_ingest_upload *u = g->uploads[i];

		live += u->result == TS_OK;
		subtrees = subtrees || u->subtrees_n > 0;
		reversals = reversals || u->intake->reversal_n > 0;
	}
	if (live == 0)
		return TS_OK;
	TS_TRY(group_advance(db, g, live, why));
	TS_TRY(ts_ingest_copy_usage(db, g, why));
	TS_TRY(ts_ingest_copy_closes(db, g, why));
	TS_TRY(ts_ingest_copy_cells(db, g, why));
	if (subtrees)
		TS_TRY(ts_ingest_copy_subtrees(db, g, why));
	if (subtrees)
		TS_TRY(group_raise(db, g, why));
	if (reversals)
		TS_TRY(ts_ingest_copy_reversals(db, g, why));
	return group_log(db, g, why);
}

static size_t packed_bytes_max(struct ts_ingest_upload *const *uploads, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += ZSTD_compressBound(uploads[i]->lines.len);
	return sum;
}

/* The uploads' lines, compressed one behind the other into room for packed_bytes_max. */
static enum ts_err group_pack(struct ingest_group *g, uint8_t *room, struct ts_why *why)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct ts_ingest_upload *u = g->uploads[i];
		size_t len = ZSTD_compressCCtx(g->ingest->zstd, room,
			ZSTD_compressBound(u->lines.len), u->lines.at, u->lines.len,
			INGEST_ZSTD_LEVEL);

		TS_ASSERT((int64_t)u->rows_n == upload_lines(u) && u->rows_n > 0);
		if (ZSTD_isError(len))
			return ts_why(why, TS_E_INTERNAL, "lines", "zstd failed");
		g->packed[i] = (struct ingest_packed){room, len};
		room += len;
	}
	return TS_OK;
}

static enum ts_err group_run(struct ts_db *db, struct ingest_group *g, struct ts_why *why)
{
	enum ts_err err = TS_OK;

	/* Each run leaves out at least one revoked key more, so this ends. */
	do {
		g->again = false;
		err = ts_db_tx(db, NULL, group_body, g, why);
	} while (g->again && err == TS_E_KEY);
	for (size_t i = 0; err == TS_OK && i < g->n; i++)
		if (g->uploads[i]->result == TS_OK)
			g->uploads[i]->size = g->uploads[i]->range->size;
	return err;
}

enum ts_err ts_ingest_commit(struct ts_ingest *ingest, struct ts_db *db, int64_t contract_id,
	int64_t received_us, struct ts_ingest_upload *const *uploads, size_t n, struct ts_why *why)
{
	struct ingest_packed packed[TS_INGEST_GROUP_MAX] = {{0}};
	bool revoked[TS_INGEST_GROUP_MAX] = {false};
	struct ingest_group g = {.ingest = ingest,
		.contract_id = contract_id,
		.received_us = received_us,
		.day = (int32_t)(received_us / TS_US_PER_DAY),
		.uploads = uploads,
		.n = n,
		.packed = packed,
		.revoked = revoked};
	uint8_t *room = NULL;
	enum ts_err err = TS_OK;

	TS_ASSERT(n > 0 && n <= TS_INGEST_GROUP_MAX);
	room = malloc(packed_bytes_max(uploads, n));
	if (room == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "lines", "out of memory");
	err = group_pack(&g, room, why);
	if (err == TS_OK)
		err = group_run(db, &g, why);
	free(room);
	return err;
}

enum ts_err ts_ingest_touch(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	int64_t now_us, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	ts_arg_time(&args, now_us);
	return ts_db_query(db, "ingest_touch", &args, NULL, why);
}
