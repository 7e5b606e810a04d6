/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks: a company's endpoints and what was delivered to them. */
#include "service/courier/callee.h"
#include "service/handler/handler.h"
#include "service/http/route.h"
#include "service/courier/webhook.h"
#include "store/delivery.h"
#include "store/outbox.h"
#include "store/threshold.h"
#include "store/webhook.h"
#include <sodium.h>
#include <string.h>

#define ENDPOINTS_MAX 32 /* of one company */
#define OVERLAP_S_DEFAULT 86400
#define OVERLAP_S_MAX (30 * 86400)
#define TEST_TYPE "webhook.test"

struct hooks {
	struct ts_request *req;
	const char *id; /* of {webhook} */
	struct ts_db_webhook *list;
	size_t n;
	struct ts_db_webhook one;
	struct ts_db_webhook fresh;
	uint8_t secret[TS_DB_WEBHOOK_SECRET_BYTES];
	int64_t overlap_us;
	struct ts_db_message message;
	const char *body;
	int64_t before;
	int32_t limit;
	struct ts_db_delivery_row *deliveries;
	size_t deliveries_n;
};

static int16_t side_of(const struct ts_principal *who)
{
	return who->role == TS_ROLE_PROVIDER_FINANCE   ? 0
	       : who->role == TS_ROLE_CONSUMER_FINANCE ? 1
						       : -1;
}

/* A token sees the endpoints that it could have made: of its side, with no contract that it lacks.
 */
static bool visible(const struct ts_principal *who, const struct ts_db_webhook *hook)
{
	if (hook->side != side_of(who) || (hook->all_contracts && !who->all_contracts))
		return false;
	for (size_t i = 0; i < hook->contracts_n && !who->all_contracts; i++) {
		bool found = false;
		for (size_t k = 0; k < who->contracts_n; k++)
			found = found || who->contracts[k] == hook->contracts[i];
		if (!found)
			return false;
	}
	return true;
}

static enum ts_err list_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct hooks *h = arg;
	return ts_db_webhook_list(
		db, h->req->principal->party_id, NULL, h->req->region, &h->list, &h->n, why);
}

/* The one of {webhook}, when it is for the caller to see. */
static enum ts_err one_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct hooks *h = arg;
	struct ts_db_webhook *found = NULL;
	size_t n = 0;
	TS_TRY(ts_db_webhook_list(
		db, h->req->principal->party_id, h->id, h->req->region, &found, &n, why));
	if (n != 1 || !visible(h->req->principal, &found[0]))
		return ts_why(why, TS_E_NOT_FOUND, "webhook", "no webhook %s", h->id);
	h->one = found[0];
	return TS_OK;
}

static enum ts_err in_party(struct hooks *h, ts_db_body body, struct ts_why *why)
{
	const struct ts_db_scope scope = {.party_id = h->req->principal->party_id};
	return ts_db_tx(ts_req_session(h->req)->db, &scope, body, h, why);
}

static enum ts_err named(struct hooks *h, struct ts_request *req)
{
	*h = (struct hooks){
		.req = req, .id = ts_handler_text(req, ts_request_param(req, "webhook"))};
	return h->id == NULL ? TS_E_NO_MEMORY : TS_OK;
}

static json_t *types_json(const char *types)
{
	json_t *list = json_array();
	struct ts_str rest = ts_str(types);
	while (rest.at != NULL && types[0] != '\0')
		json_array_append_new(list, ts_json_str(ts_str_cut(&rest, ',')));
	return list;
}

static json_t *percents_json(const struct ts_db_webhook *hook)
{
	json_t *list = json_array();
	for (size_t i = 0; i < hook->thresholds_n; i++)
		json_array_append_new(list, json_integer(hook->thresholds[i]));
	return list;
}

static json_t *hook_json(const struct ts_db_webhook *hook)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:s,s:o,s:o,s:o,s:o}", "id", hook->public_id, "url",
		hook->url, "types", types_json(hook->types), "thresholds", percents_json(hook),
		"state", hook->state, "failing_since",
		hook->failing_since_us == 0 ? json_null() : ts_json_time(hook->failing_since_us),
		"last_error",
		hook->last_error == NULL ? json_null() : json_string(hook->last_error), "created",
		ts_json_time(hook->created_us), "old_secret_until",
		hook->old_until_us == 0 ? json_null() : ts_json_time(hook->old_until_us));
}

/* With the secret: only where it was made, and this once. */
static enum ts_err answer_secret(struct hooks *h, const struct ts_db_webhook *hook,
	struct ts_response *res, int status, struct ts_why *why)
{
	char secret[TS_WEBHOOK_SECRET_CHARS];
	json_t *json = hook_json(hook);
	ts_webhook_secret_format(h->secret, sizeof h->secret, secret);
	json_object_set_new(json, "secret", json_string(secret));
	sodium_memzero(secret, sizeof secret);
	return ts_handler_json(res, status, json, why);
}

/* --- add --- */

struct add_body {
	const char *url;
	const json_t *types, *thresholds;
};
static const int64_t thresholds_default[] = {50, 80, 100};
static const struct ts_json_field add_fields[] = {
	{"url", TS_JSON_STRING, true, offsetof(struct add_body, url), 0, TS_CALLEE_URL_MAX},
	{"types", TS_JSON_ARRAY, false, offsetof(struct add_body, types), 0, TS_DB_EVENT_COUNT},
	{"thresholds", TS_JSON_ARRAY, false, offsetof(struct add_body, thresholds), 0,
		TS_DB_THRESHOLD_MAX / TS_DB_THRESHOLD_STEP},
};

/* Comma separated, in the order of the table, each once. */
static enum ts_err read_types(
	const json_t *list, struct ts_region *region, const char **out, struct ts_why *why)
{
	bool wanted[TS_DB_EVENT_COUNT] = {false};
	const char *types = "";
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *type = json_string_value(json_array_get(list, i));
		int found = -1;
		for (int k = 0; k < TS_DB_EVENT_COUNT && type != NULL; k++)
			if (strcmp(type, ts_db_event_name((enum ts_db_event)k)) == 0)
				found = k;
		if (found < 0)
			return ts_why(why, TS_E_INVALID, "/types", "\"%s\" is no event type",
				type != NULL ? type : "");
		wanted[found] = true;
	}
	for (int k = 0; k < TS_DB_EVENT_COUNT && types != NULL; k++)
		if (wanted[k])
			types = ts_region_printf(region, "%s%s%s", types,
				types[0] != '\0' ? "," : "", ts_db_event_name((enum ts_db_event)k));
	*out = types;
	return types == NULL ? TS_E_NO_MEMORY : TS_OK;
}

/* Steps of 5 %; absent: 50, 80 and 100. */
static enum ts_err read_thresholds(const json_t *list, struct ts_region *region,
	struct ts_db_webhook *hook, struct ts_why *why)
{
	size_t n = json_array_size(list);
	int64_t *percents = ts_region_array(region, n + 1, sizeof *percents);
	if (percents == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		char where[40];
		percents[i] = json_integer_value(json_array_get(list, i));
		snprintf(where, sizeof where, "/thresholds/%zu", i);
		if (percents[i] < TS_DB_THRESHOLD_STEP || percents[i] > TS_DB_THRESHOLD_MAX ||
			percents[i] % TS_DB_THRESHOLD_STEP != 0)
			return ts_why(why, TS_E_RANGE, where,
				"must be a percentage in steps of %d, from %d to %d",
				TS_DB_THRESHOLD_STEP, TS_DB_THRESHOLD_STEP, TS_DB_THRESHOLD_MAX);
	}
	hook->thresholds = list != NULL ? percents : thresholds_default;
	hook->thresholds_n = list != NULL ? n
					  : sizeof thresholds_default / sizeof *thresholds_default;
	return TS_OK;
}

static enum ts_err add_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct hooks *h = arg;
	TS_TRY(list_tx(db, arg, why));
	if (h->n >= ENDPOINTS_MAX)
		return ts_why(why, TS_E_CONFLICT, "", "the company has %d endpoints, the most",
			ENDPOINTS_MAX);
	return ts_db_webhook_add(db, &h->fresh, h->secret, why);
}

static enum ts_err webhook_add(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct hooks h = {.req = req};
	struct add_body in = {0};
	const struct ts_principal *who = req->principal;
	uint8_t random[16];
	char id[3 + 2 * sizeof random + 1] = "we_";
	__attribute__((cleanup(ts_json_cleanup))) json_t *body = NULL;
	TS_TRY(ts_json_parse(req->body.at, req->body.len, &body, why));
	if (!json_is_object(body))
		return ts_why(why, TS_E_MALFORMED, "", "the body must be an object");
	TS_TRY(ts_json_decode(body, add_fields, 3, &in, req->region, "", why));
	TS_TRY(ts_callee_url_check(in.url, ts_req_app(req)->config->webhook_loopback != 0, why));
	TS_TRY(read_types(in.types, req->region, &h.fresh.types, why));
	TS_TRY(read_thresholds(in.thresholds, req->region, &h.fresh, why));
	randombytes_buf(random, sizeof random);
	randombytes_buf(h.secret, sizeof h.secret);
	ts_text_hex(random, sizeof random, id + 3);
	h.fresh.party_id = who->party_id;
	h.fresh.public_id = id;
	h.fresh.url = in.url;
	h.fresh.side = side_of(who);
	h.fresh.all_contracts = who->all_contracts;
	h.fresh.contracts = who->contracts;
	h.fresh.contracts_n = who->contracts_n;
	h.fresh.state = "enabled";
	h.fresh.created_us = req->now_us;
	TS_TRY(in_party(&h, add_tx, why));
	return answer_secret(&h, &h.fresh, res, 201, why);
}

/* --- look, delete, rotate --- */

static enum ts_err webhook_list(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct hooks h = {.req = req};
	TS_TRY(in_party(&h, list_tx, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < h.n; i++)
		if (visible(req->principal, &h.list[i]))
			json_array_append_new(rows, hook_json(&h.list[i]));
	return ts_handler_page(req, res, rows, NULL, why);
}

static enum ts_err webhook_get(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct hooks h;
	TS_TRY(named(&h, req));
	TS_TRY(in_party(&h, one_tx, why));
	return ts_handler_json(res, 200, hook_json(&h.one), why);
}

static enum ts_err delete_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct hooks *h = arg;
	TS_TRY(one_tx(db, arg, why));
	return ts_db_webhook_delete(db, h->one.party_id, h->one.webhook_id, why);
}

static enum ts_err webhook_delete(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct hooks h;
	TS_TRY(named(&h, req));
	TS_TRY(in_party(&h, delete_tx, why));
	return ts_handler_json(res, 200, json_pack("{s:s,s:b}", "id", h.id, "deleted", 1), why);
}

struct rotate_body {
	int64_t overlap_s;
};
static const struct ts_json_field rotate_fields[] = {{"overlap_s", TS_JSON_INT, false,
	offsetof(struct rotate_body, overlap_s), 0, OVERLAP_S_MAX}};

static enum ts_err rotate_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct hooks *h = arg;
	TS_TRY(one_tx(db, arg, why));
	TS_TRY(ts_db_webhook_rotate(db, h->one.party_id, h->one.webhook_id, h->secret,
		h->req->now_us + h->overlap_us, why));
	return one_tx(db, arg, why);
}

static enum ts_err webhook_rotate(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct hooks h;
	struct rotate_body in = {OVERLAP_S_DEFAULT};
	TS_TRY(named(&h, req));
	if (req->body.len > 0)
		TS_TRY(ts_handler_body(req, rotate_fields, 1, &in, why));
	h.overlap_us = in.overlap_s * TS_US_PER_S;
	randombytes_buf(h.secret, sizeof h.secret);
	TS_TRY(in_party(&h, rotate_tx, why));
	return answer_secret(&h, &h.one, res, 200, why);
}

/* --- deliveries --- */

static enum ts_err test_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct hooks *h = arg;
	TS_TRY(one_tx(db, arg, why));
	if (strcmp(h->one.state, "enabled") != 0)
		return ts_why(why, TS_E_CONFLICT, "webhook",
			"the endpoint is disabled; a new secret enables it");
	return ts_db_delivery_add(
		db, h->one.party_id, h->one.webhook_id, &h->message, h->body, h->req->now_us, why);
}

static enum ts_err webhook_test(struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct hooks h;
	uint8_t random[16];
	char id[4 + 2 * sizeof random + 1] = "msg_", at[TS_TIME_CHARS];
	TS_TRY(named(&h, req));
	randombytes_buf(random, sizeof random);
	ts_text_hex(random, sizeof random, id + 4);
	h.message = (struct ts_db_message){.message_id = id, .type = TEST_TYPE};
	h.body = ts_region_printf(req->region,
		"{\"type\":\"" TEST_TYPE "\",\"timestamp\":\"%s\",\"data\":{\"webhook\":\"%s\"}}",
		ts_time_format(req->now_us, at), h.id);
	if (h.body == NULL)
		return TS_E_NO_MEMORY;
	TS_TRY(in_party(&h, test_tx, why));
	return ts_handler_json(res, 202, json_pack("{s:s,s:s}", "id", h.id, "message", id), why);
}

static enum ts_err deliveries_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct hooks *h = arg;
	TS_TRY(one_tx(db, arg, why));
	return ts_db_delivery_list(db, h->one.party_id, h->one.webhook_id, h->before, h->limit,
		h->req->region, &h->deliveries, &h->deliveries_n, why);
}

static json_t *delivery_json(const struct ts_db_delivery_row *row)
{
	return json_pack("{s:s,s:s,s:o,s:s,s:i,s:o,s:o,s:o}", "message", row->message_id, "type",
		row->type, "created", ts_json_time(row->created_us), "state", row->state,
		"attempts", (int)row->attempts, "last_attempt",
		row->last_us == 0 ? json_null() : ts_json_time(row->last_us), "last_status",
		row->last_status == 0 ? json_null() : json_integer(row->last_status), "last_error",
		row->last_error == NULL ? json_null() : json_string(row->last_error));
}

static enum ts_err delivery_list(
	struct ts_request *req, struct ts_response *res, struct ts_why *why)
{
	struct hooks h;
	const char *next = NULL;
	const struct ts_query_value *limit = ts_request_query(req, "limit");
	const struct ts_query_value *after = ts_request_query(req, "after");
	TS_TRY(named(&h, req));
	h.before = after->text.at != NULL ? after->number : INT64_MAX;
	h.limit = limit->text.at != NULL ? (int32_t)limit->number : TS_LIST_LIMIT_DEFAULT;
	TS_TRY(in_party(&h, deliveries_tx, why));
	json_t *rows = json_array();
	for (size_t i = 0; i < h.deliveries_n; i++)
		json_array_append_new(rows, delivery_json(&h.deliveries[i]));
	if (h.deliveries_n == (size_t)h.limit)
		next = ts_region_printf(req->region, "%lld",
			(long long)h.deliveries[h.deliveries_n - 1].delivery_id);
	return ts_handler_page(req, res, rows, next, why);
}

static const struct ts_query_param page_query[] = {
	{"limit", TS_QUERY_INT, false, 1, TS_LIST_LIMIT_MAX, "rows per page"},
	{"after", TS_QUERY_INT, false, 0, 0, "cursor of the page before"}, {0}};

#define WHO (TS_ROLE_FINANCE | TS_ROLE_OPERATOR)

const struct ts_route ts_routes_webhook[] = {
	{.method = TS_POST,
		.path = "/v1/webhooks",
		.handler = webhook_add,
		.roles = WHO,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = TS_BODY_JSON_MAX,
		TS_ROUTE_JSON(add_fields),
		.id = "addWebhook",
		.tag = "webhooks",
		.summary = "Tell an endpoint of your company what happens to its contracts",
		.request = "url (https), types (default: all)",
		.response = "id, url, types, state, secret; the secret is shown this once"},
	{.method = TS_GET,
		.path = "/v1/webhooks",
		.handler = webhook_list,
		.roles = WHO,
		.cls = TS_CLASS_READ,
		.id = "listWebhooks",
		.tag = "webhooks",
		.summary = "Your company's endpoints, and how they do",
		.response = "data: endpoints"},
	{.method = TS_GET,
		.path = "/v1/webhooks/{webhook}",
		.handler = webhook_get,
		.roles = WHO,
		.cls = TS_CLASS_READ,
		.id = "getWebhook",
		.tag = "webhooks",
		.summary = "One endpoint",
		.response = "id, url, types, state, failing_since, last_error, created, "
			    "old_secret_until"},
	{.method = TS_DELETE,
		.path = "/v1/webhooks/{webhook}",
		.handler = webhook_delete,
		.roles = WHO,
		.cls = TS_CLASS_WORK,
		.id = "deleteWebhook",
		.tag = "webhooks",
		.summary = "Delete an endpoint; what waits for it is dropped",
		.response = "id, deleted"},
	{.method = TS_POST,
		.path = "/v1/webhooks/{webhook}/rotate-secret",
		.handler = webhook_rotate,
		.roles = WHO,
		.cls = TS_CLASS_WORK,
		.body_bytes_max = TS_BODY_JSON_MAX,
		TS_ROUTE_JSON(rotate_fields),
		.id = "rotateWebhookSecret",
		.tag = "webhooks",
		.summary = "Make a new secret; the old one signs too for a while. Enables again",
		.request = "overlap_s: how long both sign (default a day)",
		.response = "the endpoint with its new secret, shown this once"},
	{.method = TS_POST,
		.path = "/v1/webhooks/{webhook}/test",
		.handler = webhook_test,
		.roles = WHO,
		.cls = TS_CLASS_WORK,
		.id = "testWebhook",
		.tag = "webhooks",
		.summary = "Deliver a webhook.test message",
		.response = "id, message"},
	{.method = TS_GET,
		.path = "/v1/webhooks/{webhook}/deliveries",
		.handler = delivery_list,
		.roles = WHO,
		.cls = TS_CLASS_READ,
		.query = page_query,
		.id = "listDeliveries",
		.tag = "webhooks",
		.summary = "What was delivered and what was not, newest first",
		.response = "data: message, type, created, state, attempts, last_attempt, "
			    "last_status, last_error"},
	{0},
};
