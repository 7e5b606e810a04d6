/* SPDX-License-Identifier: Apache-2.0 */
/* Both logs of a contract and its streams as static tiles (C2SP tlog-tiles), so that whoever is
 * party to them mirrors them with any client of that format. */
#include "service/publish/checkpoints.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "service/witness/witnesser.h"
#include "store/batch.h"
#include "store/stream.h"
#include "store/tile.h"
#include <string.h>

#define IMMUTABLE "private, max-age=31536000, immutable"
#define ETAG_BYTES 16
#define NOTES_PER_PAGE 500

struct view {
	struct ts_request *req;
	struct ts_response *res;
	struct ts_db_contract contract;
	enum ts_db_lock log;
	const char *stream; /* NULL: a log */
	struct ts_tile tile;
};

/* The same bytes, the same tag; bytes are never changed under a tag. */
static enum ts_err reply(struct view *v, const char *type, const char *cache, struct ts_why *why)
{
	struct ts_response *res = v->res;
	struct ts_hash hash;
	char hex[2 * ETAG_BYTES + 1];
	if (res->body.err != TS_OK)
		return ts_why(why, res->body.err, "", "the answer is too large");
	ts_sha256(res->body.data, res->body.len, &hash);
	ts_text_hex(hash.b, ETAG_BYTES, hex);
	res->etag = ts_region_copy(v->req->region, hex, sizeof hex - 1);
	res->content_type = type;
	res->cache_control = cache;
	return res->etag == NULL ? TS_E_NO_MEMORY : TS_OK;
}

static enum ts_err no_tile(struct ts_why *why)
{
	return ts_why(why, TS_E_NOT_FOUND, "tile",
		"no such tile (C2SP tlog-tiles), or the log is not that long yet");
}

static enum ts_err look(struct view *v, ts_db_body body, struct ts_why *why)
{
	struct ts_db_scope scope;
	TS_TRY(ts_handler_contract(v->req, v->res, &v->contract, &scope, why));
	scope.read_only = true;
	if (v->stream != NULL)
		scope.sides = ts_handler_sides(v->req->principal, &v->contract);
	return ts_db_tx(ts_req_session(v->req)->db, &scope, body, v, why);
}

static enum ts_err log_of(struct view *v, struct ts_why *why)
{
	struct ts_str log = ts_request_param(v->req, "log");
	if (!ts_str_is(log, "inputs") && !ts_str_is(log, "journal"))
		return ts_why(why, TS_E_NOT_FOUND, "log", "there are inputs and journal");
	v->log = ts_str_is(log, "inputs") ? TS_DB_LOCK_INPUTS : TS_DB_LOCK_JOURNAL;
	return TS_OK;
}

static enum ts_err stream_of(struct view *v)
{
	v->stream = ts_handler_text(v->req, ts_request_param(v->req, "stream"));
	return v->stream == NULL ? TS_E_NO_MEMORY : TS_OK;
}

/* {level} stands in the path of hashes; entries have none. */
static enum ts_err tile_of(struct view *v, bool entries, struct ts_why *why)
{
	struct ts_str level = entries ? TS_STR("entries") : ts_request_param(v->req, "level");
	if (ts_tile_parse(level, ts_request_param(v->req, "tile"), &v->tile) != TS_OK ||
		(!entries && v->tile.level < 0))
		return no_tile(why);
	return TS_OK;
}

/* --- logs --- */

static enum ts_err log_checkpoint_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	struct ts_db_checkpoint checkpoint;
	TS_TRY(ts_checkpoints_published(
		db, v->contract.contract_id, v->log, v->req->region, &checkpoint, why));
	if (checkpoint.size == 0)
		return ts_why(why, TS_E_NOT_FOUND, "log", "no checkpoint is signed yet");
	ts_buf_reset(&v->res->body);
	ts_buf_put(&v->res->body, checkpoint.note.at, checkpoint.note.len);
	return v->res->body.err;
}

static enum ts_err log_checkpoint(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.req = req, .res = res};
	TS_TRY(log_of(&v, why));
	TS_TRY(look(&v, log_checkpoint_tx, why));
	return reply(&v, "text/plain; charset=utf-8", "no-cache", why);
}

/* Older ones: what was cosigned when, which the newest checkpoint does not tell. */
static enum ts_err log_checkpoints_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	struct ts_db_checkpoint newest;
	struct ts_quorum quorum;
	struct ts_str *notes = NULL;
	size_t n = 0;
	int64_t id = v->contract.contract_id;
	const struct ts_query_value *after = ts_request_query(v->req, "after");
	TS_TRY(ts_checkpoints_published(db, id, v->log, v->req->region, &newest, why));
	TS_TRY(ts_witness_quorum(db, id, v->req->region, &quorum, why));
	TS_TRY(ts_db_checkpoint_notes(db, id, v->log, after->text.at != NULL ? after->number : 0,
		newest.size, quorum.n == 0, NOTES_PER_PAGE, v->req->region, &notes, &n, why));
	ts_buf_reset(&v->res->body);
	for (size_t i = 0; i < n; i++) {
		ts_buf_puts(&v->res->body, i > 0 ? "\n" : "");
		ts_buf_put(&v->res->body, notes[i].at, notes[i].len);
	}
	return v->res->body.err;
}

static enum ts_err log_checkpoints(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.req = req, .res = res};
	TS_TRY(log_of(&v, why));
	TS_TRY(look(&v, log_checkpoints_tx, why));
	return reply(&v, "text/plain; charset=utf-8", "no-cache", why);
}

static enum ts_err log_tile_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	struct ts_db_checkpoint checkpoint;
	int64_t id = v->contract.contract_id;
	TS_TRY(ts_checkpoints_published(db, id, v->log, v->req->region, &checkpoint, why));
	if (!ts_tile_exists(&v->tile, checkpoint.size))
		return no_tile(why);
	ts_buf_reset(&v->res->body);
	return ts_db_log_tile(db, &ts_req_session(v->req)->hasher, id, v->log, &v->tile,
		v->req->region, &v->res->body, why);
}

static enum ts_err log_any_tile(
	struct ts_request *req, struct ts_response *res, bool entries, struct ts_why *why)
{
	struct view v = {.req = req, .res = res};
	TS_TRY(log_of(&v, why));
	TS_TRY(tile_of(&v, entries, why));
	TS_TRY(look(&v, log_tile_tx, why));
	return reply(&v, "application/octet-stream", IMMUTABLE, why);
}

static enum ts_err log_tile(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return log_any_tile(req, res, false, why);
}

static enum ts_err log_entries(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return log_any_tile(req, res, true, why);
}

/* --- streams --- */

static enum ts_err stream_find(
	struct ts_db *db, const struct view *v, struct ts_db_stream *out, struct ts_why *why)
{
	enum ts_err err = ts_db_stream_get(db, v->stream, v->req->region, out, why);
	if (err == TS_E_NOT_FOUND || (err == TS_OK && out->contract_id != v->contract.contract_id))
		return ts_why(why, TS_E_NOT_FOUND, "stream", "no stream %s", v->stream);
	return err;
}

/* The last accepted note with the receipt behind its lines. */
static enum ts_err stream_checkpoint_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	struct ts_db_stream stream;
	struct ts_db_batch batch;
	TS_TRY(stream_find(db, v, &stream, why));
	if (stream.range.size == 0)
		return ts_why(why, TS_E_NOT_FOUND, "stream", "nothing was appended yet");
	TS_TRY(ts_db_batch_ended(db, v->contract.contract_id, stream.key.stream_id,
		stream.range.size, v->req->region, &batch, why));
	ts_buf_reset(&v->res->body);
	ts_buf_put(&v->res->body, batch.note.at, batch.note.len);
	ts_buf_put(&v->res->body, batch.receipt.at, batch.receipt.len);
	return v->res->body.err;
}

static enum ts_err stream_checkpoint(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct view v = {.req = req, .res = res};
	TS_TRY(stream_of(&v));
	TS_TRY(look(&v, stream_checkpoint_tx, why));
	return reply(&v, "text/plain; charset=utf-8", "no-cache", why);
}

static enum ts_err stream_tile_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct view *v = arg;
	struct ts_session *session = ts_req_session(v->req);
	struct ts_db_stream stream;
	TS_TRY(stream_find(db, v, &stream, why));
	if (!ts_tile_exists(&v->tile, stream.range.size))
		return no_tile(why);
	if (session->lines == NULL)
		TS_TRY(ts_db_lines_create(&session->lines));
	ts_buf_reset(&v->res->body);
	return ts_db_stream_tile(db, &session->hasher, session->lines, v->contract.contract_id,
		stream.key.stream_id, &v->tile, &v->res->body, why);
}

static enum ts_err stream_any_tile(
	struct ts_request *req, struct ts_response *res, bool entries, struct ts_why *why)
{
	struct view v = {.req = req, .res = res};
	TS_TRY(stream_of(&v));
	TS_TRY(tile_of(&v, entries, why));
	TS_TRY(look(&v, stream_tile_tx, why));
	return reply(&v, "application/octet-stream", IMMUTABLE, why);
}

static enum ts_err stream_tile(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return stream_any_tile(req, res, false, why);
}

static enum ts_err stream_entries(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	return stream_any_tile(req, res, true, why);
}

#define LOG_ROUTE(route_path, run_, flags_, id_, summary_, response_, type)                        \
	{                                                                                          \
		.method = TS_GET, .path = route_path, .handler = run_, .flags = flags_,            \
		.roles = TS_ROLE_READERS, .cls = TS_CLASS_READ, .produces = type, .id = id_,       \
		.tag = "logs", .summary = summary_, .response = response_                          \
	}
#define TEXT "text/plain"
#define BYTES "application/octet-stream"
#define LOG "/log/{contract}/{log}"
#define STREAM "/log/{contract}/streams/{stream}"

static const struct ts_query_param notes_query[] = {
	{"after", TS_QUERY_INT, false, 0, 0, "only sizes above this one"}, {0}};

const struct ts_route ts_routes_log[] = {
	LOG_ROUTE("/v1/contracts/{contract}/log/{log}/checkpoint", log_checkpoint, 0,
		"getCheckpoint", "The newest published checkpoint of a log", "signed note", TEXT),
	LOG_ROUTE(LOG "/checkpoint", log_checkpoint, 0, "logCheckpoint",
		"The newest published checkpoint of a log (C2SP tlog-tiles)", "signed note", TEXT),
	{.method = TS_GET,
		.path = LOG "/checkpoints",
		.handler = log_checkpoints,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = notes_query,
		.produces = TEXT,
		.id = "logCheckpoints",
		.tag = "logs",
		.summary = "Kept checkpoints of a log, sizes rising, with every cosignature",
		.response = "at most 500 signed notes, an empty line between two"},
	LOG_ROUTE(LOG "/tile/{level}/{tile}", log_tile, TS_ROUTE_REST, "logTile",
		"Hashes of a log: tile N of a level, N[.p/W]", "W or 256 hashes of 32 bytes",
		BYTES),
	LOG_ROUTE(LOG "/tile/entries/{tile}", log_entries, TS_ROUTE_REST, "logEntries",
		"Leaves of a log, N[.p/W]", "W or 256 times u16be length, data", BYTES),
	LOG_ROUTE(STREAM "/checkpoint", stream_checkpoint, 0, "streamCheckpoint",
		"The last accepted checkpoint of a stream and its receipt", "signed note", TEXT),
	LOG_ROUTE(STREAM "/tile/{level}/{tile}", stream_tile, TS_ROUTE_REST, "streamTile",
		"Hashes of a stream: tile N of a level, N[.p/W]", "W or 256 hashes of 32 bytes",
		BYTES),
	LOG_ROUTE(STREAM "/tile/entries/{tile}", stream_entries, TS_ROUTE_REST, "streamEntries",
		"Lines of a stream, N[.p/W]", "W or 256 times u16be length, line", BYTES),
	{0},
};
