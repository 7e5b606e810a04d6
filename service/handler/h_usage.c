/* SPDX-License-Identifier: Apache-2.0 */
/* Usage records and their sums, for people and for reconciliation. */
#include "reports/usage_tsv.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "store/cell.h"
#include "store/stream.h"
#include "store/usage.h"
#include "store/verdict.h"
#include <string.h>

struct standing {
	enum ts_judge_standing what;
	const char *reason; /* NULL: nothing is against it */
};
struct usage {
	struct ts_request *req;
	int64_t contract_id;
	struct ts_db_usage_filter filter;
	const char *stream; /* public id, NULL: any */
	struct ts_db_usage *rows;
	struct standing *standing; /* one per row */
	size_t n;
	struct ts_db_stream *streams;
	size_t streams_n;
	int64_t from_us, to_us, bucket_us;
	bool by_class, by_account;
	struct ts_db_cell_sum *sums;
	size_t sums_n;
};

/* Everything that was decided about a page's lines, in a judge of its own: it knows what stands. */
struct decided {
	struct ts_judge *judge;
	struct ts_db_verdict *lines, *ranges; /* oldest first */
	size_t lines_n, ranges_n;
};

static enum ts_err read_decided(
	struct ts_db *db, const struct usage *u, struct decided *d, struct ts_why *why)
{
	struct ts_region *region = u->req->region;
	int64_t *streams = ts_region_array(region, u->n + 1, sizeof *streams);
	int64_t *indexes = ts_region_array(region, u->n + 1, sizeof *indexes);
	if (streams == NULL || indexes == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < u->n; i++) {
		streams[i] = u->rows[i].stream_id;
		indexes[i] = u->rows[i].index;
	}
	TS_TRY(ts_db_verdict_lines(
		db, u->contract_id, streams, indexes, u->n, region, &d->lines, &d->lines_n, why));
	return ts_db_verdict_ranges(
		db, u->contract_id, INT64_MAX, region, &d->ranges, &d->ranges_n, why);
}

static enum ts_err judge_decided(const struct usage *u, struct decided *d)
{
	const struct ts_judge_source source = {.ctx = NULL}; /* it only remembers */
	TS_TRY(ts_judge_create(u->req->region, &source, 0, &d->judge));
	for (size_t i = 0; i < u->streams_n; i++) {
		const struct ts_db_enrolment *key = &u->streams[i].key;
		TS_TRY(ts_judge_stream(d->judge, key->stream_id, key->leaf, ts_str(key->origin),
			(enum ts_side)key->side));
	}
	for (size_t i = 0; i < d->ranges_n; i++) {
		const struct ts_db_verdict *v = &d->ranges[i];
		if (ts_judge_knows(d->judge, v->stream_id))
			TS_TRY(ts_judge_load_range(d->judge, v->kind, v->stream_id, v->index,
				v->index + v->lines, v->leaf));
	}
	for (size_t i = 0; i < d->lines_n; i++) {
		const struct ts_db_verdict *v = &d->lines[i];
		if (v->kind == TS_JUDGE_PARKED)
			TS_TRY(ts_judge_load_parked(d->judge, v->stream_id, v->index, v->leaf));
		if (v->kind == TS_JUDGE_REVERSED)
			TS_TRY(ts_judge_load_reversed(
				d->judge, v->stream_id, v->index, v->by_stream, v->by_index));
	}
	return TS_OK;
}

/* The newest verdict that says what stands. */
static const char *reason_of(const struct decided *d, const struct ts_db_usage *row,
	enum ts_judge_standing what, int64_t range_leaf)
{
	enum ts_judge_kind kind = what == TS_STANDING_REVERSED ? TS_JUDGE_REVERSED
							       : TS_JUDGE_PARKED;
	const char *reason = "";
	for (size_t i = 0; i < d->lines_n && what != TS_STANDING_CONTESTED; i++)
		if (d->lines[i].stream_id == row->stream_id && d->lines[i].index == row->index &&
			d->lines[i].kind == kind)
			reason = d->lines[i].reason;
	for (size_t i = 0; i < d->ranges_n && what == TS_STANDING_CONTESTED; i++)
		if (d->ranges[i].leaf == range_leaf)
			reason = d->ranges[i].reason;
	return reason;
}

static enum ts_err read_standing(struct ts_db *db, struct usage *u, struct ts_why *why)
{
	struct decided d = {.judge = NULL};
	u->standing = ts_region_array(u->req->region, u->n + 1, sizeof *u->standing);
	if (u->standing == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(read_decided(db, u, &d, why));
	TS_TRY(judge_decided(u, &d));
	for (size_t i = 0; i < u->n; i++) {
		struct standing *s = &u->standing[i];
		int64_t leaf = -1;
		s->what = ts_judge_standing(d.judge, u->rows[i].stream_id, u->rows[i].index, &leaf);
		if (s->what != TS_STANDING_COUNTED)
			s->reason = reason_of(&d, &u->rows[i], s->what, leaf);
	}
	return TS_OK;
}

static const char *standing_name(const struct ts_db_usage *row, const struct standing *standing)
{
	static const char *const names[] = {"accepted", "parked", "contested", "reversed"};
	return row->void_reason != NULL ? "void" : names[standing->what];
}

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
	TS_TRY(ts_db_usage_list(db, u->contract_id, &u->filter, region, &u->rows, &u->n, why));
	return read_standing(db, u, why);
}

static const char *stream_name(const struct usage *u, int64_t stream_id)
{
	for (size_t i = 0; i < u->streams_n; i++)
		if (u->streams[i].key.stream_id == stream_id)
			return u->streams[i].key.public_id;
	return "";
}

static json_t *row_json(const struct usage *u, size_t i)
{
	const struct ts_db_usage *row = &u->rows[i];
	const struct standing *standing = &u->standing[i];
	json_t *out = json_pack("{s:s,s:I,s:s}", "stream", stream_name(u, row->stream_id), "index",
		(json_int_t)row->index, "side", row->side == 0 ? "provider" : "consumer");
	json_object_set_new(out, "verdict", json_string(standing_name(row, standing)));
	if (row->void_reason != NULL) {
		json_object_set_new(out, "void_reason", json_string(row->void_reason));
		return out;
	}
	if (standing->reason != NULL)
		json_object_set_new(out, "reason", json_string(standing->reason));
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

static void limit_sides(const struct ts_request *req, const struct ts_db_contract *contract,
	struct ts_db_scope *scope)
{
	scope->read_only = true;
	scope->sides = ts_handler_sides(req->principal, contract);
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

static enum ts_err read_filter(struct usage *u, struct ts_why *why)
{
	struct ts_request *req = u->req;
	const struct ts_query_value *limit = ts_request_query(req, "limit");
	const struct ts_query_value *from = ts_request_query(req, "from");
	const struct ts_query_value *to = ts_request_query(req, "to");
	u->stream = ts_handler_text(req, ts_request_query(req, "stream")->text);
	u->filter = (struct ts_db_usage_filter){.side = -1,
		.sku = ts_handler_text(req, ts_request_query(req, "sku")->text),
		.pricing_class = ts_handler_text(req, ts_request_query(req, "class")->text),
		.workload = ts_handler_text(req, ts_request_query(req, "workload")->text),
		.resource = ts_handler_text(req, ts_request_query(req, "resource")->text),
		.account = ts_handler_text(req, ts_request_query(req, "account")->text),
		.voids = ts_request_query(req, "voids")->number != 0,
		.limit = limit->text.at != NULL ? (int32_t)limit->number : TS_LIST_LIMIT_DEFAULT};
	if (from->text.at != NULL || to->text.at != NULL) {
		u->filter.from_ms = from->text.at != NULL ? from->number / TS_US_PER_MS : 0;
		u->filter.to_ms = (to->text.at != NULL ? to->number : TS_TIME_MAX) / TS_US_PER_MS;
	}
	return cursor(ts_request_query(req, "after")->text, &u->filter, why);
}

/* One page of records; *next: the cursor behind it, NULL at the end. */
static enum ts_err usage_page(
	struct usage *u, struct ts_response *res, const char **next, struct ts_why *why)
{
	struct ts_db_contract contract;
	struct ts_db_scope scope;
	TS_TRY(ts_handler_contract(u->req, res, &contract, &scope, why));
	limit_sides(u->req, &contract, &scope);
	u->contract_id = contract.contract_id;
	TS_TRY(read_filter(u, why));
	TS_TRY(ts_db_tx(ts_req_session(u->req)->db, &scope, usage_tx, u, why));
	*next = NULL;
	if (u->n < (size_t)u->filter.limit)
		return TS_OK;
	const struct ts_db_usage *last = &u->rows[u->n - 1];
	*next = ts_region_printf(
		u->req->region, "%lld.%lld", (long long)last->batch_id, (long long)last->index);
	return *next == NULL ? TS_E_NO_MEMORY : TS_OK;
}

static enum ts_err usage_list(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct usage u = {.req = req};
	const char *next = NULL;
	TS_TRY(usage_page(&u, res, &next, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < u.n; i++)
		json_array_append_new(rows, row_json(&u, i));
	return ts_handler_page(req, res, rows, next, why);
}

static const char *stream_origin(const struct usage *u, int64_t stream_id)
{
	for (size_t i = 0; i < u->streams_n; i++)
		if (u->streams[i].key.stream_id == stream_id)
			return u->streams[i].key.origin;
	return "";
}

static void tsv_row(const struct usage *u, size_t i, struct ts_buf *out)
{
	const struct ts_db_usage *row = &u->rows[i];
	const struct standing *standing = &u->standing[i];
	struct ts_usage_tsv_row tsv = {.origin = ts_str(stream_origin(u, row->stream_id)),
		.index = row->index,
		.verdict = standing_name(row, standing)};
	if (row->void_reason != NULL) {
		tsv.reason = row->void_reason;
	} else {
		tsv.usage = (struct ts_usage){.start_ms = row->start_ms,
			.end_ms = row->end_ms,
			.devices_milli = row->devices_milli,
			.quantity = row->quantity,
			.sku = ts_str(row->sku),
			.class = ts_str(row->pricing_class),
			.workload = ts_str(row->workload),
			.resource = ts_str(row->resource),
			.account = ts_str(row->account)};
		if (standing->reason != NULL)
			tsv.reason = standing->reason;
	}
	ts_usage_tsv_row(&tsv, out);
}

static enum ts_err usage_tsv(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct usage u = {.req = req};
	const char *next = NULL;
	TS_TRY(usage_page(&u, res, &next, why));
	if (next != NULL)
		TS_TRY(ts_handler_next(req, res, next));
	res->content_type = "text/tab-separated-values; charset=utf-8";
	ts_usage_tsv_header(&res->body);
	for (size_t i = 0; i < u.n; i++)
		tsv_row(&u, i, &res->body);
	return res->body.err;
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
	limit_sides(req, &contract, &scope);
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
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/usage",
		.handler = usage_list,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = list_query,
		.id = "listUsage",
		.tag = "usage",
		.summary = "Usage records, each with what stands against it",
		.response = "data: records"},
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/usage.tsv",
		.handler = usage_tsv,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = list_query,
		.produces = "text/tab-separated-values",
		.id = "listUsageTsv",
		.tag = "usage",
		.summary = "Usage records with origin and verdict; accepted: nothing is against it",
		.response = "a header line, one line per record; Link leads to the next page"},
	{.method = TS_GET,
		.path = "/v1/contracts/{contract}/usage/summary",
		.handler = usage_sums,
		.roles = TS_ROLE_READERS,
		.cls = TS_CLASS_READ,
		.query = sums_query,
		.id = "sumUsage",
		.tag = "usage",
		.summary = "Settled usage per day or hour, with digests",
		.response = "data: sums"},
	{0},
};
