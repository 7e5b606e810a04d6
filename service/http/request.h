/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_REQUEST_H
#define TS_SERVICE_REQUEST_H
/* Why: what a handler sees. By the time a handler runs the frame has matched the route, parsed path
 * and query strictly, read the body under its limit, checked the token and the role. A handler is
 * parse, check, transact, reply; it does no HTTP. */
#include "base/buf.h"
#include "base/region.h"
#include "base/text.h"
#include "service/http/auth.h"
#include "service/log.h"
#include "service/metrics.h"
#include <stdbool.h>
#include <stdint.h>

#define TS_ROUTE_PARAMS_MAX 4
#define TS_ROUTE_QUERY_MAX 16
#define TS_RESPONSE_HEADERS_MAX 8
#define TS_REQUEST_ID_CHARS 32
#define TS_IDEMPOTENCY_KEY_MAX 255

enum ts_method { TS_GET = 1, TS_POST, TS_PUT, TS_DELETE };
const char *ts_method_name(enum ts_method method);

struct ts_route;
struct ts_http;

/* One declared query parameter. text.at == NULL: not given. */
struct ts_query_value {
	struct ts_str text;
	int64_t number; /* INT: value; TIME: microseconds; DATE: day; MONTH: month number; BOOL: 0,
			   1 */
};

struct ts_request {
	const struct ts_route *route;
	enum ts_method method; /* HEAD arrives as TS_GET */
	struct ts_str target; /* path and query as sent: the scope of an idempotency key */
	struct ts_str
		params[TS_ROUTE_PARAMS_MAX]; /* decoded, in the order of the route's template */
	struct ts_query_value query[TS_ROUTE_QUERY_MAX]; /* decoded, in the order of route->query */
	struct ts_str idempotency_key; /* without quotes; at == NULL: none (never when required) */
	struct ts_str accept; /* at == NULL: none */
	struct ts_str content_type; /* lower case, without parameters; at == NULL: none */
	struct ts_str body; /* exact bytes */
	const struct ts_principal *principal; /* never NULL; token_id "" on a public route */
	char id[TS_REQUEST_ID_CHARS + 1];
	int64_t now_us; /* UTC when the request line arrived */
	int64_t deadline_mono_us; /* monotonic: the caller is answered by then */
	struct ts_region *region; /* scratch, freed with the request */
	void *app; /* ts_http_options.hooks.app */
	void *worker; /* this thread's context (its connection); never NULL if open is given */
	struct ts_http *http;
	struct ts_log *log;
	struct ts_metrics *metrics;
	uint64_t group; /* set by route->group or by prepare; 0 = alone */
	void *prepared; /* what prepare leaves for the batch handler; lives in region */
};

struct ts_response {
	int status; /* 200 until set; with TS_OK the handler's own status and body are sent as they
		       are */
	const char *content_type; /* "application/json" until set */
	const char *etag; /* without quotes; NULL = none. A matching If-None-Match becomes 304 */
	const char *cache_control; /* "no-store" until set */
	struct {
		const char *name;
		const char *value;
	} headers[TS_RESPONSE_HEADERS_MAX];
	size_t headers_n;
	struct ts_buf body;
	int fd; /* -1 until set: then the body is this file from its start, closed by the frame */
	int64_t fd_bytes;
	int64_t retry_after_s; /* 0 = the default of the error */
	/* for the log line of the request */
	int64_t contract_id;
	int64_t db_us;
	int32_t retries;
	char sqlstate[6];
};

/* Path parameter by name: `{contract}`. It must be in the template (asserted). */
struct ts_str ts_request_param(const struct ts_request *req, const char *name);
/* Query parameter by name; it must be declared (asserted). */
const struct ts_query_value *ts_request_query(const struct ts_request *req, const char *name);
/* The first of types[0..n) that Accept prefers (no Accept: types[0]); TS_E_NOT_ACCEPTABLE. */
enum ts_err ts_request_accepts(const struct ts_request *req, const char *const *types, size_t n,
	size_t *chosen, struct ts_why *why) TS_MUST;
/* Adds a header. name and value are borrowed until the response is sent: region or static. Values
 * with control characters and headers over the limit are refused (TS_E_INTERNAL). */
enum ts_err ts_response_header(
	struct ts_response *res, const char *name, const char *value) TS_MUST;

/* One request. An error becomes problem+json; whatever was put into *res is then dropped. */
typedef enum ts_err (*ts_handler)(
	struct ts_request *req, struct ts_response *res, struct ts_why *why);
/* n requests of one group; errs are preset to TS_E_INTERNAL, each request gets its own answer. */
typedef void (*ts_batch_handler)(struct ts_request **reqs, struct ts_response **ress,
	enum ts_err *errs, struct ts_why *whys, size_t n);

#endif
