/* SPDX-License-Identifier: Apache-2.0 */
/* Usage records and their sums, for people and for reconciliation. */
#include "service/handler.h"
#include "service/route.h"
#include "store/cell.h"
#include "store/stream.h"
#include "store/usage.h"
#include <string.h>

struct usage {
	struct ts_request *req;
	int64_t contract_id;
	struct ts_db_usage_filter filter;
	const char *stream; /* public id, NULL: any */
	struct ts_db_usage *rows;
	size_t n;
	struct ts_db_stream *streams;
	size_t streams_n;
	int64_t from_us, to_us, bucket_us;
	bool by_class, by_account;
	struct ts_db_cell_sum *sums;
	size_t sums_n;
};

static enum ts_err usage_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct usage *u = arg;
	struct ts_region *region = u->req->region;
	TS_TRY(ts_db_stream_list(db, u->contract_id, region, &u->streams, &u->streams_n, why));
	for (size_t i = 0; u->stream != NULL && i < u->streams_n; i++)
		if (strcmp(u->streams[i].key.public_id, u->stream) == 0)
			u->filter.stream_id = u->streams[i].key.stream_id;
	if (u->stream != NULL && u->filter.stream_id == 0)
		return ts_why(why, TS_E_NOT_FOUND, "stream", "no stream %s", u->stream);
	return ts_db_usage_list(db, u->contract_id, &u->filter, region, &u->rows, &u->n, why);
}

static const char *stream_name(const struct usage *u, int64_t stream_id)
{
	for (size_t i = 0; i < u->streams_n; i++)
		if (u->streams[i].key.stream_id == stream_id)
			return u->streams[i].key.public_id;
	return "";
}

static json_t *row_json(const struct usage *u, const struct ts_db_usage *row)
{
	json_t *out = json_pack("{s:s,s:I,s:s}", "stream", stream_name(u, row->stream_id), "index",
		(json_int_t)row->index, "side", row->side == 0 ? "provider" : "consumer");
	if (row->void_reason != NULL) {
		json_object_set_new(out, "void_reason", json_string(row->void_reason));
		return out;
	}
	json_object_set_new(out, "start", ts_json_time(row->start_ms * TS_US_PER_MS));
	json_object_set_new(out, "end", ts_json_time(row->end_ms * TS_US_PER_MS));
	json_object_set_new(out, "sku", json_string(row->sku));
	json_object_set_new(out, "devices_milli", json_integer(row->devices_milli));
	json_object_set_new(out, "quantity", ts_json_i128(row->quantity));
	json_object_set_new(out, "class", json_string(row->pricing_class));
	json_object_set_new(out, "workload", json_string(row->workload));
	json_object_set_new(out, "resource", json_string(row->resource));
	json_object_set_new(out, "account", json_string(row->account));
	return out;
}

/* A provider sees the consumer's own records only in a reconciliation. */
static void limit_sides(const struct ts_request *req, struct ts_db_scope *scope)
{
	scope->read_only = true;
	if (req->principal->role == TS_ROLE_PROVIDER_FINANCE)
		scope->sides = TS_DB_SIDE_PROVIDER;
}

static enum ts_err cursor(struct ts_str text, struct ts_db_usage_filter *filter, struct ts_why *why)
{
	struct ts_str rest = text;
	filter->after_batch = 0;
	filter->after_index = -1;
	if (text.at == NULL)
		return TS_OK;
	struct ts_str batch = ts_str_cut(&rest, '.');
	if (ts_text_u63(batch, &filter->after_batch) != TS_OK || rest.at == NULL ||
		ts_text_u63(rest, &filter->after_index) != TS_OK)
		return ts_why(why, TS_E_MALFORMED, "after", "is no cursor of this list");
	return TS_OK;
}

static enum ts_err usage_list(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	const struct ts_query_value *limit = ts_request_query(req, "limit");
	const struct ts_query_value *from = ts_request_query(req, "from");
	const struct ts_query_value *to = ts_request_query(req, "to");
	struct usage u = {.req = req};
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	limit_sides(req, &scope);
	u.contract_id = contract.contract_id;
	u.stream = ts_handler_text(req, ts_request_query(req, "stream")->text);
	u.filter = (struct ts_db_usage_filter){.side = -1,
		.sku = ts_handler_text(req, ts_request_query(req, "sku")->text),
		.pricing_class = ts_handler_text(req, ts_request_query(req, "class")->text),
		.workload = ts_handler_text(req, ts_request_query(req, "workload")->text),
		.resource = ts_handler_text(req, ts_request_query(req, "resource")->text),
		.account = ts_handler_text(req, ts_request_query(req, "account")->text),
		.voids = ts_request_query(req, "voids")->number != 0,
		.limit = limit->text.at != NULL ? (int32_t)limit->number : TS_LIST_LIMIT_DEFAULT};
	if (from->text.at != NULL || to->text.at != NULL) {
		u.filter.from_ms = from->text.at != NULL ? from->number / TS_US_PER_MS : 0;
		u.filter.to_ms = (to->text.at != NULL ? to->number : TS_TIME_MAX) / TS_US_PER_MS;
	}
	TS_TRY(cursor(ts_request_query(req, "after")->text, &u.filter, why));
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, usage_tx, &u, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < u.n; i++)
		json_array_append_new(rows, row_json(&u, &u.rows[i]));
	const char *next = u.n == (size_t)u.filter.limit
		? ts_region_printf(req->region, "%lld.%lld", (long long)u.rows[u.n - 1].batch_id,
			  (long long)u.rows[u.n - 1].index)
		: NULL;
	return ts_handler_page(req, res, rows, next, why);
}

static enum ts_err sums_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct usage *u = arg;
	return ts_db_cell_sums(db, u->contract_id, u->from_us, u->to_us, u->bucket_us, u->by_class,
		u->by_account, u->req->region, &u->sums, &u->sums_n, why);
}

static enum ts_err usage_sums(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	const struct ts_query_value *by = ts_request_query(req, "by");
	struct usage u = {.req = req,
		.from_us = ts_request_query(req, "from")->number,
		.to_us = ts_request_query(req, "to")->number,
		.bucket_us = TS_US_PER_DAY};
	if (by->text.at != NULL && ts_str_is(by->text, "hour"))
		u.bucket_us = TS_US_PER_HOUR;
	else if (by->text.at != NULL && !ts_str_is(by->text, "day"))
		return ts_why(why, TS_E_MALFORMED, "by", "must be day or hour");
	if (u.from_us % u.bucket_us != 0 || u.to_us % u.bucket_us != 0 || u.to_us <= u.from_us)
		return ts_why(why, TS_E_RANGE, "from",
			"from and to must rise and lie on the grid of the buckets");
	u.by_class = u.by_account = true;
	TS_TRY(ts_handler_contract(req, res, &contract, &scope, why));
	limit_sides(req, &scope);
	u.contract_id = contract.contract_id;
	TS_TRY(ts_db_tx(ts_req_session(req)->db, &scope, sums_tx, &u, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < u.sums_n; i++) {
		const struct ts_db_cell_sum *sum = &u.sums[i];
		struct ts_hash digest;
		ts_digest_bytes(&sum->digest, digest.b);
		json_array_append_new(rows,
			json_pack("{s:o,s:s,s:s,s:s,s:s,s:I,s:o,s:o}", "from",
				ts_json_time(sum->bucket_us), "side",
				sum->side == 0 ? "provider" : "consumer", "sku", sum->sku, "class",
				sum->pricing_class, "account", sum->account, "records",
				(json_int_t)sum->records, "base_quantity",
				ts_json_i128(sum->quantity), "digest", ts_json_hash(&digest)));
	}
	return ts_handler_json(res, 200, json_pack("{s:o,s:b}", "data", rows, "has_more", 0), why);
}

static const struct ts_query_param list_query[] = {
	{"from", TS_QUERY_TIME, false, 0, 0, "records that end after"},
	{"to", TS_QUERY_TIME, false, 0, 0, "records that start before"},
	{"sku", TS_QUERY_TEXT, false, 0, 0, "SKU"},
	{"class", TS_QUERY_TEXT, false, 0, 0, "pricing class"},
	{"workload", TS_QUERY_TEXT, false, 0, 0, "workload"},
	{"resource", TS_QUERY_TEXT, false, 0, 0, "node or device"},
	{"account", TS_QUERY_TEXT, false, 0, 0, "account"},
	{"stream", TS_QUERY_TEXT, false, 0, 0, "stream id"},
	{"voids", TS_QUERY_BOOL, false, 0, 0, "also void lines"},
	{"limit", TS_QUERY_INT, false, 1, TS_LIST_LIMIT_MAX, "rows per page"},
	{"after", TS_QUERY_TEXT, false, 0, 0, "cursor of the page before"}, {0}};
static const struct ts_query_param sums_query[] = {
	{"from", TS_QUERY_TIME, true, 0, 0, "first bucket"},
	{"to", TS_QUERY_TIME, true, 0, 0, "end, exclusive"},
	{"by", TS_QUERY_TEXT, false, 0, 0, "day (default) or hour"}, {0}};

const struct ts_route ts_routes_usage[] = {
	{.method = TS_GET, .path = "/v1/contracts/{contract}/usage", .handler = usage_list,
		.roles = TS_ROLE_READERS, .cls = TS_CLASS_READ, .query = list_query,
		.id = "listUsage", .tag = "usage", .summary = "Usage records",
		.response = "data: records"},
	{.method = TS_GET, .path = "/v1/contracts/{contract}/usage/summary", .handler = usage_sums,
		.roles = TS_ROLE_READERS, .cls = TS_CLASS_READ, .query = sums_query,
		.id = "sumUsage", .tag = "usage",
		.summary = "Settled usage per day or hour, with digests",
		.response = "data: sums"},
	{0},
};
