/* SPDX-License-Identifier: Apache-2.0 */
#include "store/stream.h"
#include "store/batch.h"
#include "store/log.h"
#include "store/outbox.h"
#include <string.h>

/* --- enrolment --- */

static enum ts_err key_directory_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_enrolment *enrolment, int64_t *stream_id, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_text(&args, enrolment->public_id);
	ts_arg_bytes(&args, enrolment->public_key, sizeof enrolment->public_key);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "key_directory_add", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return TS_E_INTERNAL;
	*stream_id = ts_row_i64(&rows);
	return rows.err;
}

enum ts_err ts_db_stream_enrol(struct ts_db *db, int64_t contract_id,
	const struct ts_db_enrolment *enrolment, int64_t *stream_id, struct ts_why *why)
{
	struct ts_args args;
	int64_t id = 0;

	TS_TRY(key_directory_add(db, contract_id, enrolment, &id, why));
	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, id);
	ts_arg_text(&args, enrolment->public_id);
	ts_arg_text(&args, enrolment->origin);
	ts_arg_text(&args, enrolment->vkey);
	ts_arg_bytes(&args, enrolment->public_key, sizeof enrolment->public_key);
	ts_arg_i16(&args, enrolment->side);
	ts_arg_bytes(&args, enrolment->note.at, enrolment->note.len);
	ts_arg_i64(&args, enrolment->from_ms);
	ts_arg_i64(&args, enrolment->window_ms);
	ts_arg_i64(&args, enrolment->active_from_ms);
	ts_arg_i64(&args, enrolment->active_to_ms);
	ts_arg_text(&args, enrolment->clusters);
	ts_arg_text(&args, enrolment->resources);
	ts_arg_text(&args, enrolment->skus);
	ts_arg_i64(&args, enrolment->leaf);
	ts_arg_time(&args, enrolment->enrolled_us);
	ts_arg_hash(&args, &ts_hash_empty);
	TS_TRY(ts_db_query(db, "stream_add", &args, NULL, why));
	*stream_id = id;
	return TS_OK;
}

static enum ts_err keys_read(struct ts_db *db, int64_t contract_id, const char *public_id,
	struct ts_region *region, struct ts_db_key **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_key *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, public_id);
	TS_TRY(ts_db_query(db, "key_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "key", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_key *key = &list[rows.row];

		key->stream_id = ts_row_i64(&rows);
		key->leaf = ts_row_i64(&rows);
		key->side = ts_row_i16(&rows);
		key->origin = ts_row_text(&rows, region);
		key->note = ts_row_copy(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_key_get(struct ts_db *db, int64_t contract_id, const char *public_id,
	struct ts_region *region, struct ts_db_key *out, struct ts_why *why)
{
	struct ts_db_key *list = NULL;
	size_t n = 0;

	TS_TRY(keys_read(db, contract_id, public_id, region, &list, &n, why));
	if (n == 0)
		return ts_why(why, TS_E_NOT_FOUND, "stream", "no stream %s", public_id);
	*out = list[0];
	return TS_OK;
}

enum ts_err ts_db_key_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_key **out, size_t *n, struct ts_why *why)
{
	return keys_read(db, contract_id, NULL, region, out, n, why);
}

enum ts_err ts_db_stream_close(
	struct ts_db *db, int64_t contract_id, int64_t stream_id, int64_t leaf, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	ts_arg_i64(&args, leaf);
	TS_TRY(ts_db_run(db, "stream_close", &args, &changed, why));
	return changed == 1 ? TS_OK
			    : ts_why(why, TS_E_CONFLICT, "stream", "it has a successor already");
}

enum ts_err ts_db_revocation_add(struct ts_db *db, int64_t contract_id,
	const struct ts_db_revocation *revocation, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, revocation->stream_id);
	ts_arg_i64(&args, revocation->leaf);
	ts_arg_bool(&args, revocation->compromised);
	ts_arg_i64(&args, revocation->since_ms);
	ts_arg_i64(&args, revocation->covered);
	TS_TRY(ts_db_run(db, "revocation_add", &args, &changed, why));
	return changed == 1 ? TS_OK : ts_why(why, TS_E_NOT_FOUND, "stream", "no such stream");
}

enum ts_err ts_db_revocation_list(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	struct ts_region *region, struct ts_db_revocation **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_revocation *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	TS_TRY(ts_db_query(db, "revocation_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "stream", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_revocation *r = &list[rows.row];

		r->stream_id = ts_row_i64(&rows);
		r->leaf = ts_row_i64(&rows);
		r->compromised = !ts_row_is_null(&rows);
		r->since_ms = ts_row_i64_or(&rows, -1);
		r->covered = ts_row_i64_or(&rows, -1);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_stream_locate(struct ts_db *db, const char *public_id, int64_t *contract_id,
	int64_t *stream_id, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;
	int64_t contract = 0, stream = 0;

	ts_args_init(&args);
	ts_arg_text(&args, public_id);
	TS_TRY(ts_db_query(db, "key_directory_find", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "stream", "no such stream");
	contract = ts_row_i64(&rows);
	stream = ts_row_i64(&rows);
	TS_TRY(rows.err);
	*contract_id = contract;
	*stream_id = stream;
	return TS_OK;
}

/* --- state --- */

static enum ts_err state_of(struct ts_str name, enum ts_db_stream_state *out)
{
	static const char *const names[] = {"live", "quarantined", "closed"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (ts_str_is(name, names[i])) {
			*out = (enum ts_db_stream_state)i;
			return TS_OK;
		}
	return TS_E_INTERNAL;
}

static void enrolment_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_enrolment *out)
{
	struct ts_hash public_key;

	out->stream_id = ts_row_i64(rows);
	out->public_id = ts_row_text(rows, region);
	out->origin = ts_row_text(rows, region);
	out->vkey = ts_row_text(rows, region);
	ts_row_hash(rows, &public_key);
	memcpy(out->public_key, public_key.b, sizeof out->public_key);
	out->side = ts_row_i16(rows);
	out->note = ts_row_copy(rows, region);
	out->from_ms = ts_row_i64(rows);
	out->window_ms = ts_row_i64(rows);
	out->active_from_ms = ts_row_i64(rows);
	out->active_to_ms = ts_row_i64(rows);
	out->clusters = ts_row_text(rows, region);
	out->resources = ts_row_text(rows, region);
	out->skus = ts_row_text(rows, region);
	out->leaf = ts_row_i64(rows);
	out->revoked_leaf = ts_row_i64_or(rows, -1);
	out->closed_leaf = ts_row_i64_or(rows, -1);
	out->enrolled_us = ts_row_time(rows);
}

static enum ts_err stream_read(
	struct ts_rows *rows, struct ts_region *region, struct ts_db_stream *out)
{
	struct ts_str state, packed;
	int64_t size = 0;

	memset(out, 0, sizeof *out);
	out->contract_id = ts_row_i64(rows);
	enrolment_read(rows, region, &out->key);
	state = ts_row_str(rows);
	size = ts_row_i64(rows);
	packed = ts_row_bytes(rows);
	ts_row_hash(rows, &out->root);
	out->note = ts_row_copy(rows, region);
	out->appended_us = ts_row_time_or(rows, 0);
	out->closed_ms = ts_row_i64(rows);
	out->windows = ts_row_copy(rows, region);
	if (!ts_row_is_null(rows))
		ts_row_hash(rows, &out->contract_note);
	TS_TRY(rows->err);
	TS_TRY(state_of(state, &out->state));
	return ts_range_unpack(size, packed.at, packed.len, &out->range);
}

enum ts_err ts_db_stream_get(struct ts_db *db, const char *public_id, struct ts_region *region,
	struct ts_db_stream *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_text(&args, public_id);
	TS_TRY(ts_db_query(db, "stream_get", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_NOT_FOUND, "stream", "no such stream");
	return stream_read(&rows, region, out);
}

enum ts_err ts_db_stream_list(struct ts_db *db, int64_t contract_id, struct ts_region *region,
	struct ts_db_stream **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_stream *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	TS_TRY(ts_db_query(db, "stream_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "stream", "out of memory");
	while (ts_rows_next(&rows))
		TS_TRY(stream_read(&rows, region, &list[rows.row]));
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

/* --- equivocation --- */

struct quarantine {
	int64_t contract_id, stream_id;
	const struct ts_db_conflict *conflict;
	const char *event;
	bool news;
};

static enum ts_err quarantine_body(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct quarantine *q = arg;
	const struct ts_db_conflict *c = q->conflict;
	struct ts_args args;
	struct ts_hash hash;
	int64_t changed = 0;

	ts_sha256(c->refused_note.at, c->refused_note.len, &hash);
	ts_args_init(&args);
	ts_arg_i64(&args, q->contract_id);
	ts_arg_i64(&args, q->stream_id);
	ts_arg_i64(&args, c->size);
	ts_arg_hash(&args, &hash);
	ts_arg_bytes(&args, c->accepted_note.at, c->accepted_note.len);
	ts_arg_bytes(&args, c->refused_note.at, c->refused_note.len);
	ts_arg_bytes(&args, c->proof.at, c->proof.len);
	ts_arg_time(&args, c->seen_us);
	TS_TRY(ts_db_query(db, "ingest_conflict", &args, NULL, why));
	args.n = 2;
	TS_TRY(ts_db_run(db, "ingest_quarantine", &args, &changed, why));
	q->news = changed > 0;
	return changed > 0 ? ts_db_outbox_add(db, q->contract_id, TS_DB_EVENT_STREAM_QUARANTINED,
				     c->seen_us, q->event, why)
			   : TS_OK;
}

enum ts_err ts_db_stream_quarantine(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	const struct ts_db_conflict *conflict, const char *event, bool *news, struct ts_why *why)
{
	struct quarantine q = {.contract_id = contract_id,
		.stream_id = stream_id,
		.conflict = conflict,
		.event = event};

	TS_TRY(ts_db_tx(db, NULL, quarantine_body, &q, why));
	*news = q.news;
	return TS_OK;
}

enum ts_err ts_db_conflict_list(struct ts_db *db, int64_t contract_id, int64_t stream_id,
	struct ts_region *region, struct ts_db_conflict **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_conflict *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_i64(&args, stream_id);
	TS_TRY(ts_db_query(db, "conflict_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "conflict", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_conflict *c = &list[rows.row];

		c->size = ts_row_i64(&rows);
		ts_row_hash(&rows, &c->sha256);
		c->accepted_note = ts_row_copy(&rows, region);
		c->refused_note = ts_row_copy(&rows, region);
		c->proof = ts_row_copy(&rows, region);
		c->seen_us = ts_row_time(&rows);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

/* --- proofs --- */

static enum ts_err stream_subtree(void *ctx, int level, int64_t index, struct ts_hash *out)
{
	struct ts_db_stream_source *source = ctx;

	source->tiles.db = source->db;
	source->tiles.hasher = source->hasher;
	source->tiles.contract_id = source->contract_id;
	source->tiles.tree = source->stream_id;
	source->tiles.region = source->region;
	return ts_db_subtree_root(&source->tiles, level, index, out);
}

struct ts_merkle_source ts_db_stream_source(struct ts_db_stream_source *source)
{
	return (struct ts_merkle_source){.subtree = stream_subtree, .ctx = source};
}
