/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/exchange.h"

#include "service/clock.h"
#include <stdlib.h>
#include <time.h>

/* libmicrohttpd restarts its own timeout on every byte, so one byte a second holds a connection for
 * ever. Here every phase has an absolute deadline, and past it the socket is shut. */
#define REAPER_PERIOD_US 100000

static const char *phase_name(enum ts_peer_phase phase)
{
	switch (phase) {
	case TS_PEER_IDLE:
		return "phase=\"idle\"";
	case TS_PEER_HEADER:
		return "phase=\"header\"";
	case TS_PEER_BODY:
		return "phase=\"body\"";
	case TS_PEER_HELD:
		return "phase=\"held\"";
	case TS_PEER_SEND:
		return "phase=\"send\"";
	}
	return "";
}

static int64_t phase_deadline(const struct ts_http *http, enum ts_peer_phase phase)
{
	int64_t now_us = ts_clock_mono_us();
	switch (phase) {
	case TS_PEER_IDLE:
		return now_us + http->config->idle_deadline_ms * 1000;
	case TS_PEER_HEADER:
		return now_us + http->config->header_deadline_ms * 1000;
	case TS_PEER_BODY:
		return now_us + http->config->body_deadline_ms * 1000;
	case TS_PEER_SEND:
		return now_us + http->config->send_deadline_ms * 1000;
	case TS_PEER_HELD: /* the exchange's own deadline counts */
		break;
	}
	return INT64_MAX;
}

void ts_peer_arm(struct ts_http *http, struct ts_peer *peer, enum ts_peer_phase phase)
{
	int64_t deadline_us = phase_deadline(http, phase);
	if (peer == NULL)
		return;
	pthread_mutex_lock(&http->lock);
	peer->phase = phase;
	peer->deadline_mono_us = deadline_us;
	pthread_mutex_unlock(&http->lock);
}

void ts_peer_extend(struct ts_http *http, struct ts_peer *peer, int64_t ms)
{
	if (peer == NULL)
		return;
	pthread_mutex_lock(&http->lock);
	peer->deadline_mono_us += ms * 1000;
	pthread_mutex_unlock(&http->lock);
}

struct ts_peer *ts_peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info != NULL ? info->socket_context : NULL;
}

static void peer_add(struct ts_http *http, struct ts_peer *peer)
{
	pthread_mutex_lock(&http->lock);
	peer->next = http->peers;
	if (http->peers != NULL)
		http->peers->prev = peer;
	http->peers = peer;
	http->peers_n++;
	pthread_mutex_unlock(&http->lock);
}

static void peer_remove(struct ts_http *http, struct ts_peer *peer)
{
	pthread_mutex_lock(&http->lock);
	if (peer->prev != NULL)
		peer->prev->next = peer->next;
	else
		http->peers = peer->next;
	if (peer->next != NULL)
		peer->next->prev = peer->prev;
	http->peers_n--;
	pthread_mutex_unlock(&http->lock);
}

/* The library calls this before it closes the socket, so the reaper never shuts a reused number. */
void ts_peer_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	struct ts_http *http = cls;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*socket_context != NULL)
			peer_remove(http, *socket_context);
		free(*socket_context);
		*socket_context = NULL;
		return;
	}
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ts_peer *peer = calloc(1, sizeof(*peer));
	*socket_context = peer;
	if (info == NULL)
		return;
	if (peer == NULL) { /* without a record there is no deadline: do not serve it */
		(void)shutdown(info->connect_fd, SHUT_RDWR);
		return;
	}
	peer->fd = info->connect_fd;
	peer->phase = TS_PEER_HEADER;
	peer->deadline_mono_us = phase_deadline(http, TS_PEER_HEADER);
	peer_add(http, peer);
}

static void reap(struct ts_http *http, int64_t now_us)
{
	int64_t n[TS_PEER_SEND + 1] = {0};
	pthread_mutex_lock(&http->lock);
	for (struct ts_peer *peer = http->peers; peer != NULL; peer = peer->next)
		if (!peer->shut && now_us >= peer->deadline_mono_us) {
			peer->shut = true;
			(void)shutdown(peer->fd, SHUT_RDWR);
			n[peer->phase]++;
		}
	pthread_mutex_unlock(&http->lock);
	for (int phase = 0; phase <= TS_PEER_SEND; phase++)
		if (n[phase] > 0)
			ts_metrics_add(http->options.metrics, TS_METRIC_CONNECTIONS_REAPED,
				phase_name((enum ts_peer_phase)phase), n[phase]);
}

static void *reaper_main(void *arg)
{
	struct ts_http *http = arg;
	bool stopping = false;
	while (!stopping) {
		int64_t now_us = ts_clock_mono_us();
		atomic_store(&http->reaper_beat_us, now_us);
		reap(http, now_us);
		ts_exchange_expire(http, now_us, false);
		int64_t at_us = now_us + REAPER_PERIOD_US;
		struct timespec at = {.tv_sec = (time_t)(at_us / 1000000),
			.tv_nsec = (long)(at_us % 1000000) * 1000};
		pthread_mutex_lock(&http->lock);
		if (!http->stopping)
			(void)pthread_cond_timedwait(&http->reaper_wake, &http->lock, &at);
		stopping = http->stopping;
		pthread_mutex_unlock(&http->lock);
	}
	return NULL;
}

enum ts_err ts_reaper_start(struct ts_http *http, struct ts_why *why)
{
	atomic_store(&http->reaper_beat_us, ts_clock_mono_us());
	if (pthread_create(&http->reaper, NULL, reaper_main, http) != 0)
		return ts_why(why, TS_E_NO_MEMORY, "", "cannot start the deadline thread");
	return TS_OK;
}

void ts_reaper_stop(struct ts_http *http)
{
	pthread_mutex_lock(&http->lock);
	http->stopping = true;
	pthread_cond_broadcast(&http->reaper_wake);
	pthread_mutex_unlock(&http->lock);
	TS_ASSERT(pthread_join(http->reaper, NULL) == 0);
}
