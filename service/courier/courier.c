/* SPDX-License-Identifier: Apache-2.0 */
#include "service/courier/courier.h"
#include "base/time.h"
#include "service/clock.h"
#include "service/courier/courier_send.h"
#include "service/handler/handler.h"
#include "store/contract.h"
#include "store/delivery.h"
#include "store/outbox.h"
#include <curl/curl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REGION_BYTES_MAX (64u << 20)
#define EVENTS_PER_ROUND 100
#define PER_ENDPOINT 4 /* of one round */
#define LEASE_US (INT64_C(60) * TS_US_PER_S) /* longer than any transfer */
#define PAUSE_US_MAX (INT64_C(43200) * TS_US_PER_S)
#define GONE 410

struct ts_courier {
	struct ts_app *app;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	struct ts_session *session;
	struct ts_region *region;
};

int64_t ts_courier_pause_us(int64_t first_ms, int32_t attempts, uint64_t random)
{
	int64_t pause = first_ms * TS_US_PER_MS;
	for (int32_t i = 1; i < attempts && pause < PAUSE_US_MAX; i++)
		pause *= 2;
	if (pause > PAUSE_US_MAX)
		pause = PAUSE_US_MAX;
	return pause / 2 + (int64_t)(random % (uint64_t)(pause + 1));
}

static bool stopping(void *arg)
{
	struct ts_courier *c = arg;
	pthread_mutex_lock(&c->lock);
	bool stop = c->stop;
	pthread_mutex_unlock(&c->lock);
	return stop;
}

/* --- events to deliveries --- */

struct handing {
	struct ts_courier *courier;
	const struct ts_db_outbox_row *row;
	struct ts_db_message message;
	const char *body;
	int64_t party_id;
	int16_t side;
};

static enum ts_err message_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct handing *h = arg;
	return ts_db_outbox_get(db, h->row, h->courier->region, &h->message, why);
}

static enum ts_err fan_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct handing *h = arg;
	return ts_db_outbox_fan(
		db, h->row, h->party_id, h->side, &h->message, h->body, ts_clock_now_us(), why);
}

/* A step of use goes to the endpoints that name it. */
static enum ts_err find_percent(struct ts_db_message *message, struct ts_why *why)
{
	__attribute__((cleanup(ts_json_cleanup))) json_t *data = NULL;
	if (strcmp(message->type, ts_db_event_name(TS_DB_EVENT_THRESHOLD_REACHED)) != 0)
		return TS_OK;
	TS_TRY(ts_json_parse(message->data, strlen(message->data), &data, why));
	message->percent = (int16_t)json_integer_value(json_object_get(data, "percent"));
	return TS_OK;
}

/* One transaction per company, because each sees its own endpoints only; the event leaves the queue
 * after the last, and a repeat of the first ones changes nothing. */
static enum ts_err hand_out(
	struct ts_courier *c, const struct ts_db_outbox_row *row, struct ts_why *why)
{
	struct ts_db *db = c->session->db;
	struct ts_db_contract contract;
	struct handing h = {.courier = c, .row = row};
	char at[TS_TIME_CHARS];
	TS_TRY(ts_db_contract_locate(db, row->contract_id, &contract, why));
	TS_TRY(ts_db_tx_contract(db, row->contract_id, message_tx, &h, why));
	TS_TRY(find_percent(&h.message, why));
	h.body = ts_region_printf(c->region, "{\"type\":\"%s\",\"timestamp\":\"%s\",\"data\":%s}",
		h.message.type, ts_time_format(h.message.at_us, at), h.message.data);
	if (h.body == NULL)
		return TS_E_NO_MEMORY;
	const int64_t parties[] = {contract.provider_party, contract.consumer_party, 0};
	for (int16_t i = 0; i < 3; i++) {
		h.party_id = parties[i];
		h.side = i < 2 ? i : -1;
		const struct ts_db_scope scope = {.party_id = h.party_id};
		TS_TRY(ts_db_tx(db, &scope, fan_tx, &h, why));
	}
	return ts_db_outbox_done(db, row, why);
}

static enum ts_err hand_out_all(struct ts_courier *c, struct ts_why *why)
{
	struct ts_db_outbox_row *rows = NULL;
	size_t n = EVENTS_PER_ROUND;
	while (n == EVENTS_PER_ROUND && !stopping(c)) {
		ts_region_reset(c->region);
		TS_TRY(ts_db_outbox_next(
			c->session->db, EVENTS_PER_ROUND, c->region, &rows, &n, why));
		for (size_t i = 0; i < n && !stopping(c); i++)
			TS_TRY(hand_out(c, &rows[i], why));
	}
	return TS_OK;
}

/* --- deliveries --- */

struct reading {
	struct ts_courier *courier;
	const struct ts_db_due *due;
	struct ts_db_delivery *delivery;
	struct ts_db_attempt attempt;
};

static enum ts_err get_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct reading *r = arg;
	return ts_db_delivery_get(
		db, r->due, ts_clock_now_us(), r->courier->region, r->delivery, why);
}

static enum ts_err record_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	struct reading *r = arg;
	return ts_db_delivery_record(db, r->delivery, &r->attempt, why);
}

static enum ts_err record(struct ts_courier *c, struct ts_db_delivery *delivery,
	const struct ts_db_attempt *attempt, struct ts_why *why)
{
	static const char *const results[] = {"result=\"delivered\"", "result=\"again\"",
		"result=\"failed\"", "result=\"dropped\""};
	struct reading r = {.courier = c, .delivery = delivery, .attempt = *attempt};
	const struct ts_db_scope scope = {.party_id = delivery->party_id};
	ts_metrics_add(c->app->metrics, TS_METRIC_WEBHOOK_DELIVERIES, results[attempt->outcome], 1);
	if (attempt->disable)
		TS_LOG(c->app->log, TS_LOG_WARN, "webhook_disabled",
			TS_LOG_NUM("webhook", delivery->webhook_id),
			TS_LOG_TEXT("text", attempt->error));
	return ts_db_tx(c->session->db, &scope, record_tx, &r, why);
}

static enum ts_err judge(struct ts_courier *c, struct ts_courier_item *item, struct ts_why *why)
{
	struct ts_db_delivery *d = &item->delivery;
	const struct ts_config *config = c->app->config;
	struct ts_db_attempt attempt = {.now_us = ts_clock_now_us(), .status = item->status};
	int64_t give_up_us = config->webhook_give_up_s * TS_US_PER_S;
	uint64_t random = 0;
	if (item->error[0] == '\0')
		return record(c, d, &attempt, why);
	randombytes_buf(&random, sizeof random);
	attempt.error = item->error;
	attempt.outcome = TS_DB_OUTCOME_AGAIN;
	attempt.next_us = attempt.now_us +
			  ts_courier_pause_us(config->webhook_retry_ms, d->attempts + 1, random);
	attempt.disable =
		item->status == GONE ||
		(d->failing_since_us != 0 && attempt.now_us - d->failing_since_us > give_up_us);
	if (attempt.disable || attempt.next_us - d->created_us > give_up_us)
		attempt.outcome = TS_DB_OUTCOME_FAILED;
	return record(c, d, &attempt, why);
}

/* What is due now, once; *more: there may be more. */
static enum ts_err deliver_round(struct ts_courier *c, bool *more, struct ts_why *why)
{
	struct ts_db_due *due = NULL;
	size_t due_n = 0, n = 0;
	int64_t now_us = ts_clock_now_us();
	ts_region_reset(c->region);
	TS_TRY(ts_db_delivery_claim(c->session->db, now_us, now_us + LEASE_US, TS_COURIER_ROUND_MAX,
		PER_ENDPOINT, c->region, &due, &due_n, why));
	*more = due_n > 0;
	struct ts_courier_item *items = ts_region_array(c->region, due_n + 1, sizeof *items);
	if (items == NULL)
		return TS_E_NO_MEMORY;
	for (size_t i = 0; i < due_n; i++) {
		struct reading r = {.courier = c, .due = &due[i], .delivery = &items[n].delivery};
		const struct ts_db_scope scope = {.party_id = due[i].party_id};
		const struct ts_db_attempt dropped = {.outcome = TS_DB_OUTCOME_DROPPED,
			.now_us = now_us,
			.error = "the endpoint is disabled or deleted"};
		TS_TRY(ts_db_tx(c->session->db, &scope, get_tx, &r, why));
		if (items[n].delivery.enabled)
			n++;
		else
			TS_TRY(record(c, &items[n].delivery, &dropped, why));
	}
	if (n > 0)
		TS_TRY(ts_courier_send(
			items, n, c->app->config->webhook_loopback != 0, stopping, c, why));
	for (size_t i = 0; i < n; i++)
		if (!items[i].given_up)
			TS_TRY(judge(c, &items[i], why));
	return TS_OK;
}

/* --- the thread --- */

static enum ts_err work(struct ts_courier *c, struct ts_why *why)
{
	bool more = true;
	if (c->session == NULL)
		TS_TRY(ts_session_open(c->app->config->db_service, &c->session, why));
	TS_TRY(ts_db_ping(c->session->db, why));
	TS_TRY(hand_out_all(c, why));
	while (more && !stopping(c))
		TS_TRY(deliver_round(c, &more, why));
	return TS_OK;
}

static void wait_for(struct ts_courier *c, int64_t wait_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t ns = until.tv_nsec + wait_ms % 1000 * 1000000;
	until.tv_sec += wait_ms / 1000 + ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	pthread_mutex_lock(&c->lock);
	if (!c->stop)
		pthread_cond_timedwait(&c->wake, &c->lock, &until);
	pthread_mutex_unlock(&c->lock);
}

static void *run(void *arg)
{
	struct ts_courier *c = arg;
	while (!stopping(c)) {
		struct ts_why why = {"", ""};
		enum ts_err err = work(c, &why);
		if (err != TS_OK)
			ts_log_err(c->app->log, TS_LOG_ERROR, "courier", err, &why);
		wait_for(c, c->app->config->webhook_poll_ms);
	}
	ts_session_close(c->session);
	return NULL;
}

enum ts_err ts_courier_start(struct ts_app *app, struct ts_courier **out, struct ts_why *why)
{
	*out = NULL;
	if (app->config->webhook_poll_ms == 0)
		return TS_OK;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ts_why(why, TS_E_INTERNAL, "libcurl", "initialisation failed");
	struct ts_courier *c = calloc(1, sizeof *c);
	if (c == NULL)
		return TS_E_NO_MEMORY;
	c->app = app;
	c->region = ts_region_create(REGION_BYTES_MAX);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&c->lock, NULL);
	if (c->region == NULL || pthread_create(&c->thread, NULL, run, c) != 0) {
		ts_region_free(c->region);
		free(c);
		return ts_why(why, TS_E_UNAVAILABLE, "courier", "cannot start its thread");
	}
	*out = c;
	return TS_OK;
}

void ts_courier_stop(struct ts_courier *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	ts_region_free(c->region);
	free(c);
}
