/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_ROUTE_H
#define TS_SERVICE_ROUTE_H
/* Why: one static table of routes is the dispatcher, the access control, the limits and the OpenAPI
 * document. Rows live in one table per aggregate (`const struct ts_route ts_routes_stream[]`, last
 * row all zero), the tables in routes.def. To add an endpoint: one row, one handler. */
#include "service/http/request.h"

/* Which queue and workers: ingest (the hot path), work (writes), read. */
enum ts_class { TS_CLASS_READ, TS_CLASS_WORK, TS_CLASS_INGEST, TS_CLASS_COUNT };
const char *ts_class_name(enum ts_class cls);

enum ts_query_kind {
	TS_QUERY_TEXT, /* 1..256 bytes of UTF-8 without control characters */
	TS_QUERY_INT, /* 0.. */
	TS_QUERY_TIME, /* RFC 3339 UTC */
	TS_QUERY_DATE, /* YYYY-MM-DD */
	TS_QUERY_MONTH, /* YYYY-MM */
	TS_QUERY_BOOL, /* true, false */
};
struct ts_query_param {
	const char *name; /* last row: NULL */
	enum ts_query_kind kind;
	bool required;
	int64_t min, max; /* INT, both 0: any */
	const char *help;
};

enum ts_route_flag {
	TS_ROUTE_MONEY = 1, /* money effect: Idempotency-Key is required */
	TS_ROUTE_KEY = 2, /* Idempotency-Key is taken but not required */
	TS_ROUTE_INLINE = 4, /* answered in the HTTP thread: must not block, has no worker */
	TS_ROUTE_REST =
		8, /* the last segment, a parameter, takes one or more: it may contain '/' */
};

struct ts_route {
	enum ts_method method;
	/* Segments are literals, `{name}` or `{name}.suffix`; the row with more literal bytes wins.
	 * A parameter is 1..128 bytes of [A-Za-z0-9._~:+-] after decoding. */
	const char *path;
	ts_handler handler; /* or prepare and batch */
	uint32_t roles; /* mask of enum ts_role, or TS_ROLE_PUBLIC; 0 = nobody */
	enum ts_class cls;
	uint32_t flags;
	int64_t deadline_ms; /* queue and handler; 0 = request_deadline_ms */
	size_t body_bytes_max; /* 0 = a body is refused */
	const char *consumes; /* media type of the body; NULL = any */
	const char *produces; /* media types, comma separated, for the document; NULL = JSON */
	const struct ts_query_param *query; /* NULL = none: any parameter is refused */
	/* Group commit. prepare runs alone and in parallel (parse, verify: no transaction), may set
	 * req->group and req->prepared, and ends the request if it fails or sets a status other
	 * than 0 (it starts at 0). batch then takes up to ingest_group_max waiting requests of one
	 * group, one batch per group at a time. group computes the key when there is no prepare. */
	ts_handler prepare;
	ts_batch_handler batch;
	uint64_t (*group)(const struct ts_request *req);
	/* the document */
	const char *id; /* operationId */
	const char *tag;
	const char *summary;
	const char *request; /* what the body is; NULL when there is none */
	const char *response; /* what comes back */
	/* Members of a JSON body: the table that its handler decodes with; NULL: any object. */
	const struct ts_json_field *fields;
	size_t fields_n;
};
/* In a row: a JSON body with the members of that table. */
#define TS_ROUTE_JSON(table)                                                                       \
	.consumes = "application/json", .fields = (table),                                         \
	.fields_n = sizeof(table) / sizeof((table)[0])

/* All tables of the service (routes.def), NULL-terminated. */
extern const struct ts_route *const ts_route_tables[];
extern const struct ts_route ts_routes_frame[];

struct ts_route_match {
	const struct ts_route *route;
	size_t params_n;
	struct ts_str params[TS_ROUTE_PARAMS_MAX]; /* slices of `path` */
	uint32_t methods; /* bit 1 << method for every method of this path: the Allow header */
};
/* path is decoded and starts with '/'. NOT_FOUND, or METHOD with match->methods filled. */
enum ts_err ts_route_find(const struct ts_route *const *tables, enum ts_method method,
	struct ts_str path, struct ts_route_match *match) TS_MUST;
/* "GET, HEAD, POST" */
const char *ts_route_allow(uint32_t methods, char out[64]);
/* Name of the i-th parameter of the template. */
struct ts_str ts_route_param_name(const struct ts_route *route, size_t i);
/* Decodes and checks a raw query string (without '?', at NULL = none) against the declared
 * parameters. raw is decoded in place; the values borrow from it. why->where is the name. */
enum ts_err ts_route_query(const struct ts_route *route, char *raw, size_t len,
	struct ts_query_value values[TS_ROUTE_QUERY_MAX], struct ts_why *why) TS_MUST;
/* Percent-decodes in place; refuses bad escapes, %00, control characters, and non UTF-8. In a path
 * (`path` true) %2F is refused as well, in a query '+' is a space. */
enum ts_err ts_route_decode(char *text, size_t len, bool path, size_t *out_len) TS_MUST;
/* Our own bugs: ambiguous rows, missing descriptions, a money POST that is not flagged. */
enum ts_err ts_route_check(const struct ts_route *const *tables, struct ts_why *why) TS_MUST;

#endif
