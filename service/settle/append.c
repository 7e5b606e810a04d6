/* SPDX-License-Identifier: Apache-2.0 */
#include "service/settle/append.h"
#include "evidence/append.h"
#include "evidence/intake.h"
#include "evidence/log.h"
#include "service/handler/handler.h"
#include "service/settle/quarantine.h"
#include "store/batch.h"
#include "store/ingest.h"
#include "store/stream.h"
#include <sodium.h>
#include <string.h>

#define WINDOWS_BYTES_MAX (16u << 20)

struct upload {
	struct ts_ingest_upload in;
	int64_t contract_id;
	struct ts_range old;
	struct ts_append append;
	struct ts_note_sig sig;
	struct ts_append_walk walk;
	struct ts_windows windows;
	struct ts_intake intake;
	struct ts_key_statement statement;
	struct ts_intake_row *rows;
	struct ts_ingest_subtree *subtrees;
};

static enum ts_err answer_stale(struct ts_response *res, int64_t size)
{
	res->status = 409;
	res->content_type = "text/x.tlog.size";
	ts_buf_printf(&res->body, "%lld\n", (long long)size);
	return res->body.err;
}

static void answer_receipt(struct ts_response *res, struct ts_str receipt)
{
	res->status = 200;
	res->content_type = "text/plain; charset=utf-8";
	ts_buf_put(&res->body, receipt.at, receipt.len);
}

/* The token must reach the contract, and be of the company whose side the stream is. */
static bool may_write(const struct ts_principal *who, const struct ts_db_contract *contract,
	const struct ts_db_stream *stream)
{
	int64_t owner = stream->key.side == TS_SIDE_PROVIDER ? contract->provider_party
							     : contract->consumer_party;
	return ts_handler_allowed(who, contract) && (who->party_id == 0 || who->party_id == owner);
}

/* A stream that the token may not write does not exist for it. */
static enum ts_err find_stream(struct ts_request *req, struct ts_response *res,
	struct ts_db_stream *stream, struct ts_why *why)
{
	struct ts_session *session = ts_req_session(req);
	struct ts_db_contract contract;
	const char *id = ts_handler_text(req, ts_request_param(req, "stream"));
	enum ts_err err = ts_db_stream_get(session->ingest_db, id, req->region, stream, why);
	if (err == TS_OK)
		err = ts_db_contract_locate(session->db, stream->contract_id, &contract, why);
	if (err == TS_E_NOT_FOUND ||
		(err == TS_OK && !may_write(req->principal, &contract, stream)))
		return ts_why(why, TS_E_NOT_FOUND, "stream", "no stream %s", id);
	TS_TRY(err);
	res->contract_id = stream->contract_id;
	if (stream->state == TS_DB_STREAM_QUARANTINED)
		return ts_why(why, TS_E_QUARANTINED, "stream",
			"two signed checkpoints disagree; both parties must look");
	if (stream->key.revoked_leaf >= 0)
		return ts_why(why, TS_E_KEY, "stream", "the key was revoked by leaf %lld",
			(long long)stream->key.revoked_leaf);
	if (stream->key.closed_leaf >= 0)
		return ts_why(why, TS_E_KEY, "stream", "leaf %lld enrolled its next generation",
			(long long)stream->key.closed_leaf);
	if (stream->state != TS_DB_STREAM_LIVE)
		return ts_why(why, TS_E_KEY, "stream", "the stream is closed");
	return TS_OK;
}

/* What is known of the stream at the size of the upload. */
static enum ts_err stored_state(struct ts_request *req, const struct ts_db_stream *stream,
	const struct ts_append *append, struct ts_append_state *state, struct ts_db_batch *ended,
	struct ts_why *why)
{
	int64_t new_size = append->new_size;
	struct ts_session *session = ts_req_session(req);
	struct ts_region *region = NULL;
	*state = (struct ts_append_state){.size = stream->range.size};
	if (new_size <= append->old_size || new_size > stream->range.size)
		return TS_OK;
	enum ts_err err = ts_db_batch_ended(session->ingest_db, stream->contract_id,
		stream->key.stream_id, new_size, req->region, ended, why);
	if (err == TS_OK) {
		state->ended_at_new = true;
		state->root_at_new = ended->root;
		return TS_OK;
	}
	if (err != TS_E_NOT_FOUND)
		return err;
	region = ts_region_create(TS_SOURCE_REGION_BYTES_MAX);
	if (region == NULL)
		return TS_E_NO_MEMORY;
	struct ts_db_stream_source from = {.db = session->ingest_db,
		.hasher = &session->hasher,
		.contract_id = stream->contract_id,
		.stream_id = stream->key.stream_id,
		.region = region};
	struct ts_merkle_source source = ts_db_stream_source(&from);
	err = ts_merkle_root(&session->hasher, &source, new_size, &state->root_at_new);
	ts_region_free(region);
	return err;
}

static enum ts_err alloc(struct ts_request *req, struct upload *u)
{
	size_t n = (size_t)(u->append.new_size - u->append.old_size);
	u->rows = ts_region_array(req->region, n + 1, sizeof *u->rows);
	u->subtrees = ts_region_array(
		req->region, n / TS_MERKLE_TILE_LEAVES + 2, sizeof *u->subtrees);
	return u->rows == NULL || u->subtrees == NULL ? TS_E_LIMIT : TS_OK;
}

static enum ts_err walk(struct ts_request *req, struct upload *u, const struct ts_db_stream *stream,
	struct ts_why *why)
{
	struct ts_append_line line;
	int64_t expected = u->append.new_size - u->append.old_size;
	ts_append_walk_init(&u->walk, &ts_req_session(req)->hasher, &u->append, &stream->range);
	while (ts_append_walk_next(&u->walk, &line)) {
		if ((int64_t)u->in.rows_n == expected)
			return ts_why(why, TS_E_MISMATCH, "lines",
				"more than the %lld lines that the sizes announce",
				(long long)expected);
		if (ts_intake_take(&u->intake, line.index, line.bytes, &u->rows[u->in.rows_n]) !=
			TS_OK)
			return ts_why(why, TS_E_LIMIT, "lines",
				"the lines need more memory than one append may have; send fewer");
		u->in.rows_n++;
		if (line.full)
			u->subtrees[u->in.subtrees_n++] = (struct ts_ingest_subtree){
				(line.index + 1) / TS_MERKLE_TILE_LEAVES - 1, line.full_root};
	}
	TS_TRY(ts_append_walk_finish(&u->walk, &u->append, why));
	return ts_intake_end(&u->intake);
}

/* Everything that the transaction needs, in the request's region. */
static enum ts_err fill(struct ts_request *req, struct upload *u, const struct ts_db_stream *stream,
	struct ts_why *why)
{
	struct ts_app *app = ts_req_app(req);
	struct ts_buf buf;
	ts_buf_init(&buf, WINDOWS_BYTES_MAX);
	ts_windows_pack(&u->windows, &buf);
	size_t receipt = buf.len;
	enum ts_err err = ts_append_receipt(
		ts_keyring_receipt(app->keyring), &u->append, req->now_us / TS_US_PER_S, &buf);
	size_t leaf = buf.len;
	ts_leaf_checkpoint(u->append.note.text, u->sig.line, &buf);
	const char *copy = err == TS_OK && buf.err == TS_OK
				   ? ts_region_copy(req->region, buf.data, buf.len)
				   : NULL;
	size_t end = buf.len;
	ts_buf_free(&buf);
	TS_TRY(err);
	if (copy == NULL)
		return ts_why(why, TS_E_LIMIT, "body", "too large for one append");
	u->in.windows = (struct ts_str){copy, receipt};
	u->in.receipt = (struct ts_str){copy + receipt, leaf - receipt};
	u->in.leaf = (struct ts_str){copy + leaf, end - leaf};
	ts_hash_leaf(&ts_req_session(req)->hasher, u->in.leaf.at, u->in.leaf.len, &u->in.leaf_hash);
	u->in.stream_id = stream->key.stream_id;
	u->in.side = stream->key.side;
	u->old = stream->range;
	u->in.range_old = &u->old;
	u->in.range = &u->walk.range;
	u->in.root = u->append.checkpoint.root;
	u->in.note = u->append.note.bytes;
	u->in.lines = u->append.lines;
	u->in.rows = u->rows;
	u->in.intake = &u->intake;
	u->in.subtrees = u->subtrees;
	return TS_OK;
}

/* Both companies are told of void lines: kept, shown, never rated, and easy to overlook. */
static enum ts_err tell_voids(struct ts_request *req, struct upload *u,
	const struct ts_db_stream *stream, struct ts_why *why)
{
	struct ts_db_contract contract;
	const struct ts_intake_row *first = u->rows;
	if (u->intake.void_n == 0)
		return TS_OK;
	while (first->void_reason == NULL)
		first++;
	TS_TRY(ts_db_contract_locate(ts_req_session(req)->db, stream->contract_id, &contract, why));
	return ts_handler_data(req->region,
		json_pack("{s:s,s:s,s:s,s:I,s:I,s:s}", "contract", contract.public_id, "stream",
			stream->key.public_id, "origin", stream->key.origin, "lines",
			(json_int_t)u->intake.void_n, "first_index", (json_int_t)first->index,
			"first_reason", first->void_reason),
		&u->in.voids);
}

static enum ts_err prepare_new(struct ts_request *req, struct upload *u,
	const struct ts_db_stream *stream, struct ts_why *why)
{
	struct ts_note enrolment;
	uint64_t seed = 0;
	if (u->append.new_size - u->append.old_size > TS_APPEND_LINES_MAX)
		return ts_why(why, TS_E_LIMIT, "new", "more than %d lines in one append",
			TS_APPEND_LINES_MAX);
	TS_TRY(ts_note_parse(stream->key.note, &enrolment, why));
	TS_TRY(ts_key_statement_parse(enrolment.text, &u->statement, why));
	randombytes_buf(&seed, sizeof seed);
	TS_TRY(alloc(req, u));
	ts_windows_init(
		&u->windows, req->region, stream->key.active_from_ms, stream->key.window_ms);
	if (stream->windows.len > 0)
		TS_TRY(ts_windows_unpack(stream->windows, &u->windows));
	TS_TRY(ts_intake_begin(&u->intake, req->region, &ts_req_session(req)->hasher, seed,
		&u->statement, &stream->contract_note, &u->windows));
	TS_TRY(walk(req, u, stream, why));
	TS_TRY(fill(req, u, stream, why));
	TS_TRY(tell_voids(req, u, stream, why));
	u->contract_id = stream->contract_id;
	req->group = (uint64_t)stream->contract_id;
	req->prepared = u;
	return TS_OK;
}

/* Decides; what needs no walk is answered here, and res->status is then set. */
static enum ts_err decide(struct ts_request *req, struct ts_response *res, const struct upload *u,
	const struct ts_db_stream *stream, struct ts_why *why)
{
	struct ts_append_state state;
	struct ts_db_batch ended = {0};
	enum ts_append_step step;
	TS_TRY(stored_state(req, stream, &u->append, &state, &ended, why));
	enum ts_err err = ts_append_decide(&u->append, &state, &step, why);
	if (err == TS_E_STALE)
		return answer_stale(res, state.size);
	if (err == TS_E_EQUIVOCATION)
		return ts_quarantine(req, stream, u->append.new_size, u->append.note.text,
			u->sig.line, &state.root_at_new, why);
	TS_TRY(err);
	if (step == TS_APPEND_STORE)
		return TS_OK;
	TS_TRY(ts_ingest_touch(ts_req_session(req)->ingest_db, stream->contract_id,
		stream->key.stream_id, req->now_us, why));
	ts_metrics_add(req->metrics, TS_METRIC_INGEST_BATCHES, "result=\"replayed\"", 1);
	answer_receipt(res, ended.receipt);
	return res->body.err;
}

enum ts_err ts_append_prepare(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_stream stream;
	struct ts_key key;
	struct upload *u = ts_region_alloc(req->region, sizeof *u);
	if (u == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_append_parse(req->body, &u->append, why));
	TS_TRY(find_stream(req, res, &stream, why));
	TS_TRY(ts_key_parse(ts_str(stream.key.vkey), &key, why));
	enum ts_err err = ts_append_authenticate(
		&u->append, &key, ts_request_param(req, "stream"), &u->sig, why);
	if (err == TS_E_SIGNATURE)
		ts_metrics_add(req->metrics, TS_METRIC_SIGNATURE_FAILED, "reason=\"agent\"", 1);
	TS_TRY(err);
	TS_TRY(decide(req, res, u, &stream, why));
	return res->status != 0 ? TS_OK : prepare_new(req, u, &stream, why);
}

/* Another append came between: the same one (its receipt), or another (the size now). */
static enum ts_err overtaken(
	struct ts_request *req, struct ts_response *res, const struct upload *u, struct ts_why *why)
{
	struct ts_db_stream stream;
	TS_TRY(find_stream(req, res, &stream, why));
	TS_TRY(decide(req, res, u, &stream, why));
	return res->status != 0 ? TS_OK : answer_stale(res, stream.range.size);
}

static void count_stored(struct ts_metrics *metrics, const struct upload *u)
{
	int64_t voids = u->intake.void_n;
	ts_metrics_add(metrics, TS_METRIC_INGEST_BATCHES, "result=\"stored\"", 1);
	ts_metrics_add(metrics, TS_METRIC_INGEST_RECORDS, "result=\"void\"", voids);
	ts_metrics_add(metrics, TS_METRIC_INGEST_RECORDS, "result=\"stored\"",
		(int64_t)u->in.rows_n - voids);
}

static enum ts_err settle_one(
	struct ts_request *req, struct ts_response *res, const struct upload *u, struct ts_why *why)
{
	if (u->in.result == TS_E_STALE)
		return overtaken(req, res, u, why);
	if (u->in.result != TS_OK)
		return ts_why(why, u->in.result, "stream", "%s", ts_err_text(u->in.result));
	count_stored(req->metrics, u);
	answer_receipt(res, u->in.receipt);
	return res->body.err;
}

/* One failure must not be everybody's: what can be told apart is tried one by one. */
static bool worth_retrying(enum ts_err err, size_t n)
{
	return n > 1 && err != TS_OK && err != TS_E_UNKNOWN_OUTCOME && err != TS_E_UNAVAILABLE;
}

void ts_append_batch(struct ts_request **reqs, struct ts_response **ress, enum ts_err *errs,
	struct ts_why *whys, size_t n)
{
	struct ts_session *session = ts_req_session(reqs[0]);
	struct ts_ingest_upload *uploads[TS_INGEST_GROUP_MAX] = {NULL};
	int64_t contract_id = ((struct upload *)reqs[0]->prepared)->contract_id;
	TS_ASSERT(n > 0 && n <= TS_INGEST_GROUP_MAX);
	for (size_t i = 0; i < n; i++)
		uploads[i] = &((struct upload *)reqs[i]->prepared)->in;
	struct ts_why why = {"", ""};
	enum ts_err err = ts_ingest_commit(session->ingest, session->ingest_db, contract_id,
		reqs[0]->now_us, uploads, n, &why);
	if (err == TS_E_UNKNOWN_OUTCOME)
		ts_metrics_add(reqs[0]->metrics, TS_METRIC_COMMIT_UNKNOWN, "", 1);
	for (size_t i = 0; i < n; i++) {
		errs[i] = err;
		whys[i] = why;
		if (worth_retrying(err, n))
			errs[i] = ts_ingest_commit(session->ingest, session->ingest_db, contract_id,
				reqs[i]->now_us, &uploads[i], 1, &whys[i]);
		if (errs[i] == TS_OK)
			errs[i] = settle_one(reqs[i], ress[i], reqs[i]->prepared, &whys[i]);
	}
}
