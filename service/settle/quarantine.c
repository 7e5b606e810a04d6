/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/quarantine.h"
#include "evidence/conflict.h"
#include "evidence/log.h"
#include "evidence/statement.h"
#include "service/handler/handler.h"
#include "store/batch.h"

static bool keep(struct ts_request *req, const struct ts_buf *buf, struct ts_str *out)
{
	const char *copy = ts_region_copy(req->region, buf->data, buf->len);
	*out = (struct ts_str){copy, buf->len};
	return copy != NULL;
}

/* The file of docs/formats/conflict.md: the refused note, the next larger accepted one, and how the
 * accepted tree looks at the refused size. Of both notes the agent's line is kept and no other. */
static enum ts_err prove_conflict(struct ts_request *req, const struct ts_db_stream *stream,
	struct ts_str text, struct ts_str line, const struct ts_hash *root,
	struct ts_db_conflict *out, struct ts_why *why)
{
	struct ts_session *session = ts_req_session(req);
	struct ts_db_batch next;
	struct ts_key key;
	struct ts_note note;
	struct ts_note_sig sig;
	struct ts_conflict conflict = {.root = *root};
	struct ts_buf accepted, refused, proof;
	TS_TRY(ts_db_batch_at(session->ingest_db, stream->contract_id, stream->key.stream_id,
		out->size - 1, req->region, &next, why));
	TS_TRY(ts_key_parse(ts_str(stream->key.vkey), &key, why));
	TS_TRY(ts_checkpoint_open(next.note, &key, 1, &note, &sig, &conflict.accepted, why));
	struct ts_region *lines = ts_region_create(TS_SOURCE_REGION_BYTES_MAX);
	if (lines == NULL)
		return TS_E_NO_MEMORY;
	struct ts_db_stream_source from = {.db = session->ingest_db,
		.hasher = &session->hasher,
		.contract_id = stream->contract_id,
		.stream_id = stream->key.stream_id,
		.region = lines};
	struct ts_merkle_source source = ts_db_stream_source(&from);
	enum ts_err err = ts_consistency_prove(
		&session->hasher, &source, out->size, next.end, &conflict.path);
	ts_region_free(lines);
	TS_TRY(err);
	ts_buf_init(&accepted, TS_NOTE_BYTES_MAX);
	ts_buf_init(&refused, TS_NOTE_BYTES_MAX);
	ts_buf_init(&proof, TS_CONFLICT_BYTES_MAX);
	ts_leaf_checkpoint(note.text, sig.line, &accepted);
	ts_leaf_checkpoint(text, line, &refused);
	conflict.accepted_note = (struct ts_str){accepted.data, accepted.len};
	conflict.refused_note = (struct ts_str){refused.data, refused.len};
	ts_conflict_format(&conflict, &proof);
	err = proof.err;
	/* What does not verify here would accuse an agent with nothing in hand: a bug of ours. */
	if (err == TS_OK && ts_conflict_verify(&session->hasher, &conflict, &key, why) != TS_OK)
		err = TS_E_INTERNAL;
	if (err == TS_OK && (!keep(req, &accepted, &out->accepted_note) ||
				    !keep(req, &refused, &out->refused_note) ||
				    !keep(req, &proof, &out->proof)))
		err = TS_E_NO_MEMORY;
	ts_buf_free(&accepted);
	ts_buf_free(&refused);
	ts_buf_free(&proof);
	return err;
}

static enum ts_err event_of(struct ts_request *req, const struct ts_db_stream *stream,
	const struct ts_db_conflict *conflict, const char **out, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_hash sha256;
	char hex[2 * TS_HASH_BYTES + 1];
	TS_TRY(ts_db_contract_locate(ts_req_session(req)->db, stream->contract_id, &contract, why));
	ts_sha256(conflict->refused_note.at, conflict->refused_note.len, &sha256);
	ts_text_hex(sha256.b, TS_HASH_BYTES, hex);
	return ts_handler_data(req->region,
		json_pack("{s:s,s:s,s:s,s:s,s:I,s:s}", "contract", contract.public_id, "stream",
			stream->key.public_id, "origin", stream->key.origin, "side",
			ts_side_name((enum ts_side)stream->key.side), "size",
			(json_int_t)conflict->size, "conflict", hex),
		out);
}

enum ts_err ts_quarantine(struct ts_request *req, const struct ts_db_stream *stream, int64_t size,
	struct ts_str text, struct ts_str line, const struct ts_hash *root, struct ts_why *why)
{
	struct ts_db_conflict conflict = {.size = size, .seen_us = req->now_us};
	const char *event = NULL;
	bool news = false;
	TS_TRY(prove_conflict(req, stream, text, line, root, &conflict, why));
	TS_TRY(event_of(req, stream, &conflict, &event, why));
	TS_TRY(ts_db_stream_quarantine(ts_req_session(req)->ingest_db, stream->contract_id,
		stream->key.stream_id, &conflict, event, &news, why));
	ts_metrics_add(req->metrics, TS_METRIC_INGEST_BATCHES, "result=\"equivocation\"", 1);
	if (news)
		TS_LOG(req->log, TS_LOG_ERROR, "equivocation",
			TS_LOG_TEXT("stream", stream->key.public_id),
			TS_LOG_NUM("size", conflict.size));
	return ts_why(why, TS_E_EQUIVOCATION, "root",
		"another root was signed and accepted for size %lld; the stream is quarantined",
		(long long)conflict.size);
}
