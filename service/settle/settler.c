/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that tick every contract with a version in force. One of them runs the passes; in a
 * pass it takes contracts from a list together with as many helpers as there is work for. */
#include "service/publish/checkpoints.h"
#include "service/clock.h"
#include "service/settle/settle.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define CONTRACTS_PER_READ 1000
#define REGION_BYTES_MAX (1024u << 20)
#define TURN_US INT64_C(5000000) /* of one contract, while others may wait */
#define LANES_MAX 64 /* of config->settle_connections */

/* One connection. */
struct lane {
	struct ts_settler *settler;
	struct ts_session *session; /* NULL: not connected yet */
	pthread_t thread;
};
/* What is left of a page of contracts; under the lock. */
struct page {
	const struct ts_db_contract *contracts;
	size_t n, next;
	bool more; /* some contract has more than one turn did */
};
struct ts_settler {
	struct ts_app *app;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	struct page page;
	struct lane lanes[LANES_MAX]; /* the first is the settler's own */
};

static bool stopping(struct ts_settler *settler)
{
	pthread_mutex_lock(&settler->lock);
	bool stop = settler->stop;
	pthread_mutex_unlock(&settler->lock);
	return stop;
}

/* A backlog is worked off by turns, so that nobody's holds up all the others. True: there is more.
 */
static bool tick(struct ts_settler *settler, struct ts_session *session,
	const struct ts_db_contract *contract)
{
	int64_t until_us = ts_clock_mono_us() + TURN_US;
	struct ts_why why = {0};
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	if (region == NULL)
		return false;
	struct ts_settle s = {.app = settler->app,
		.session = session,
		.region = region,
		.contract = *contract,
		.kind = TS_SETTLE_TICK,
		.now_us = ts_clock_now_us(),
		.day = INT32_MIN,
		.only_if_new = true};
	enum ts_err err = TS_OK;
	do {
		err = ts_settle_step(&s, &why);
		if (err == TS_OK && s.done)
			TS_LOG(settler->app->log, TS_LOG_INFO, "tick",
				TS_LOG_TEXT("contract", contract->public_id),
				TS_LOG_NUM("leaf", s.leaf), TS_LOG_NUM("inputs_to", s.to),
				TS_LOG_NUM("entries", s.entries),
				TS_LOG_NUM("statements", (int64_t)s.spent.statements),
				TS_LOG_NUM("db_us", s.spent.wait_us));
	} while (err == TS_OK && s.more && !stopping(settler) && ts_clock_mono_us() < until_us);
	if (err != TS_OK && err != TS_E_CONFLICT) /* no version in force yet: not an error */
		ts_log_err(settler->app->log, TS_LOG_ERROR, "tick", err, &why);
	ts_region_free(region);
	return err == TS_OK && s.more;
}

/* Also leaves that no event of ours caused: receipts promise that they are in a signed checkpoint
 * soon. A pass is at most once a second (tick_s). */
static void sign(struct ts_settler *settler, struct ts_session *session,
	const struct ts_db_contract *contract)
{
	struct ts_why why = {0};
	enum ts_err err = ts_checkpoints_pass(
		settler->app, session, contract, ts_clock_now_us(), &why);
	if (err != TS_OK)
		ts_log_err(settler->app->log, TS_LOG_ERROR, "sign", err, &why);
}

static const struct ts_db_contract *take(struct ts_settler *settler)
{
	const struct ts_db_contract *contract = NULL;
	pthread_mutex_lock(&settler->lock);
	if (!settler->stop && settler->page.next < settler->page.n)
		contract = &settler->page.contracts[settler->page.next++];
	pthread_mutex_unlock(&settler->lock);
	return contract;
}

static enum ts_err connect(struct lane *lane, struct ts_why *why)
{
	if (lane->session == NULL)
		TS_TRY(ts_session_open(
			lane->settler->app->config->db_service, &lane->session, why));
	return ts_db_ping(lane->session->db, why);
}

/* A lane without a connection leaves its contracts to the others. */
static void *work(void *arg)
{
	struct lane *lane = arg;
	struct ts_settler *settler = lane->settler;
	struct ts_why why = {0};
	const struct ts_db_contract *contract = NULL;
	enum ts_err err = connect(lane, &why);
	if (err != TS_OK) {
		ts_log_err(settler->app->log, TS_LOG_ERROR, "settler", err, &why);
		return NULL;
	}
	while ((contract = take(settler)) != NULL) {
		bool more = tick(settler, lane->session, contract);
		sign(settler, lane->session, contract);
		pthread_mutex_lock(&settler->lock);
		settler->page.more |= more;
		pthread_mutex_unlock(&settler->lock);
	}
	return NULL;
}

/* One page of contracts, by as many lanes as it needs. A thread that can't be started is one less.
 */
static bool tick_page(struct ts_settler *settler, const struct ts_db_contract *contracts, size_t n)
{
	size_t lanes = (size_t)settler->app->config->settle_connections, started = 1;
	settler->page = (struct page){.contracts = contracts, .n = n};
	while (started < lanes && started < n &&
		pthread_create(
			&settler->lanes[started].thread, NULL, work, &settler->lanes[started]) == 0)
		started++;
	(void)work(&settler->lanes[0]);
	for (size_t i = 1; i < started; i++)
		pthread_join(settler->lanes[i].thread, NULL);
	return settler->page.more;
}

/* True: some contract has more. */
static bool tick_all(struct ts_settler *settler)
{
	struct ts_region *region = ts_region_create(REGION_BYTES_MAX);
	struct ts_db_contract *contracts = NULL;
	struct ts_why why = {0};
	int64_t after = 0;
	size_t n = CONTRACTS_PER_READ;
	bool more = false;
	while (region != NULL && n == CONTRACTS_PER_READ && !stopping(settler)) {
		ts_region_reset(region);
		enum ts_err err = ts_db_contract_list(settler->lanes[0].session->db, 0, after,
			CONTRACTS_PER_READ, region, &contracts, &n, &why);
		if (err != TS_OK) {
			ts_log_err(settler->app->log, TS_LOG_ERROR, "tick", err, &why);
			break;
		}
		if (n == 0)
			break;
		more |= tick_page(settler, contracts, n);
		after = contracts[n - 1].contract_id;
	}
	ts_region_free(region);
	return more;
}

static void *run(void *arg)
{
	struct ts_settler *settler = arg;
	struct ts_why why = {0};
	bool more = false;
	pthread_mutex_lock(&settler->lock);
	while (!settler->stop) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += more ? 0 : settler->app->config->tick_s;
		pthread_cond_timedwait(&settler->wake, &settler->lock, &until);
		if (settler->stop)
			break;
		pthread_mutex_unlock(&settler->lock);
		more = false;
		enum ts_err err = connect(&settler->lanes[0], &why);
		if (err == TS_OK)
			more = tick_all(settler);
		else
			ts_log_err(settler->app->log, TS_LOG_ERROR, "settler", err, &why);
		pthread_mutex_lock(&settler->lock);
	}
	pthread_mutex_unlock(&settler->lock);
	for (size_t i = 0; i < LANES_MAX; i++)
		ts_session_close(settler->lanes[i].session);
	return NULL;
}

enum ts_err ts_settler_start(struct ts_app *app, struct ts_settler **out, struct ts_why *why)
{
	*out = NULL;
	if (app->config->tick_s == 0)
		return TS_OK;
	struct ts_settler *settler = calloc(1, sizeof *settler);
	if (settler == NULL)
		return TS_E_NO_MEMORY;
	settler->app = app;
	for (size_t i = 0; i < LANES_MAX; i++)
		settler->lanes[i].settler = settler;
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&settler->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&settler->lock, NULL);
	if (pthread_create(&settler->thread, NULL, run, settler) != 0) {
		free(settler);
		return ts_why(why, TS_E_UNAVAILABLE, "settler", "cannot start its thread");
	}
	*out = settler;
	return TS_OK;
}

void ts_settler_stop(struct ts_settler *settler)
{
	if (settler == NULL)
		return;
	pthread_mutex_lock(&settler->lock);
	settler->stop = true;
	pthread_cond_signal(&settler->wake);
	pthread_mutex_unlock(&settler->lock);
	pthread_join(settler->thread, NULL);
	pthread_cond_destroy(&settler->wake);
	pthread_mutex_destroy(&settler->lock);
	free(settler);
}
