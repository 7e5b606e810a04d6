/* SPDX-License-Identifier: Apache-2.0 */
#include "service/handler/h_witness.h"
#include <stdlib.h>
#include <string.h>

/* A worker's context is a hasher: nothing is asked of a database. */
static enum ts_err worker_open(void *app, enum ts_class cls, void **worker, struct ts_why *why)
{
	struct ts_hasher *hasher = calloc(1, sizeof *hasher);
	(void)app;
	(void)cls;
	(void)why;
	if (hasher == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_hasher_init(hasher);
	if (err == TS_OK)
		*worker = hasher;
	else
		free(hasher);
	return err;
}

static void worker_close(void *app, void *worker)
{
	(void)app;
	ts_hasher_free(worker);
	free(worker);
}

static enum ts_err lookup(
	void *app, void *worker, const char *id, struct ts_token *out, struct ts_why *why)
{
	(void)app;
	(void)worker;
	(void)id;
	(void)out;
	(void)why;
	return TS_E_NOT_FOUND;
}

struct ts_worker_hooks ts_witness_hooks(struct ts_witness_store *store)
{
	return (struct ts_worker_hooks){
		.app = store, .open = worker_open, .close = worker_close, .lookup = lookup};
}

static enum ts_err add_checkpoint(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_witness_request *request = ts_region_alloc(req->region, sizeof *request);
	int64_t size = 0;
	if (request == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(ts_witness_parse(req->body, request, why));
	enum ts_err err = ts_witness_store_add(
		req->app, req->worker, request, req->now_us / 1000000, &res->body, &size, why);
	if (err == TS_E_STALE) {
		res->status = 409;
		res->content_type = TS_WITNESS_SIZE_TYPE;
		ts_buf_printf(&res->body, "%lld\n", (long long)size);
		return res->body.err;
	}
	TS_TRY(err);
	res->content_type = "text/plain; charset=utf-8";
	return res->body.err;
}

static enum ts_err get_checkpoint(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_str id = ts_request_param(req, "log");
	const char *text = ts_region_copy(req->region, id.at, id.len);
	if (text == NULL)
		return TS_E_NO_MEMORY;
	res->content_type = "text/plain; charset=utf-8";
	res->cache_control = "no-cache";
	return ts_witness_store_get(req->app, text, &res->body, why);
}

static const struct ts_route routes[] = {
	{.method = TS_POST,
		.path = "/add-checkpoint",
		.handler = add_checkpoint,
		.roles = TS_ROLE_PUBLIC,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = TS_WITNESS_REQUEST_BYTES_MAX,
		.produces = "text/plain",
		.id = "addCheckpoint",
		.tag = "witness",
		.summary = "Cosign a newer checkpoint of a known log",
		.request = "old SIZE, proof lines, empty line, checkpoint note",
		.response = "the cosignature line; 409 with the size (text/x.tlog.size)"},
	{.method = TS_GET,
		.path = "/{log}/checkpoint",
		.handler = get_checkpoint,
		.roles = TS_ROLE_PUBLIC,
		.cls = TS_CLASS_READ,
		.produces = "text/plain",
		.id = "getCheckpoint",
		.tag = "witness",
		.summary =
			"The newest cosigned checkpoint of a log, named by SHA-256 of its origin",
		.response = "the note"},
	{.path = NULL},
};

const struct ts_route *const ts_witness_tables[] = {routes, ts_routes_frame, NULL};
