/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_EXCHANGE_H
#define TS_SERVICE_EXCHANGE_H
/* Why: the inside of the HTTP frame: one exchange is one request with its answer, one peer is one
 * connection with its deadline. Only service/{http,intake,reply,exchange,peer}.c include this.
 *
 * An exchange belongs to the connection and, from push to finish, to a worker too: refs counts
 * both. Invariants of `state`: it leaves WAITING or RUNNING for DONE or EXPIRED exactly once, and
 * whoever makes that change takes the exchange off the held list and resumes the connection, nobody
 * else; after EXPIRED the connection side reads nothing that the worker may write (res, principal).
 */
#include "service/http/http.h"
#include "service/http/guard.h"
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum ts_peer_phase { TS_PEER_IDLE, TS_PEER_HEADER, TS_PEER_BODY, TS_PEER_HELD, TS_PEER_SEND };

/* One connection. Linked while the socket is open; all fields under ts_http.lock. */
struct ts_peer {
	struct ts_peer *prev;
	struct ts_peer *next;
	int fd;
	enum ts_peer_phase phase;
	int64_t deadline_mono_us;
	bool shut;
};

enum ts_stage {
	TS_STAGE_HEAD, /* the request line is there, the headers are not */
	TS_STAGE_BODY, /* admitted: bytes are kept */
	TS_STAGE_DISCARD, /* refused: bytes are dropped, the answer follows them */
	TS_STAGE_HELD, /* suspended: a worker has it, or had it */
	TS_STAGE_SENT, /* the answer is queued */
};
enum ts_exchange_state { TS_STATE_WAITING, TS_STATE_RUNNING, TS_STATE_DONE, TS_STATE_EXPIRED };

struct ts_exchange {
	struct ts_queue_item item; /* first: the queue's pointer is the exchange's */
	struct ts_http *http;
	struct MHD_Connection *connection;
	struct ts_peer *peer;
	struct ts_exchange *prev; /* held list */
	struct ts_exchange *next;
	atomic_int refs;
	atomic_int state;
	enum ts_stage stage;
	bool batch_stage; /* prepare is done, batch is next */
	bool counted; /* in ts_http.unsent */
	bool close; /* end the connection after the answer */
	bool head; /* HEAD: the body is counted, not sent */
	/* the request */
	struct ts_str method_text;
	struct ts_str path; /* as sent, without the query; instance of problems */
	struct ts_str authorization;
	struct ts_str if_none_match;
	struct ts_str client_request_id;
	uint32_t allow;
	bool authenticated;
	bool rated;
	struct ts_rate_state rate;
	struct ts_principal principal;
	struct ts_request req;
	char *body;
	size_t body_len;
	size_t body_cap;
	size_t body_max;
	size_t reserved; /* of the body budget */
	size_t dropped;
	size_t answered; /* of the answers' budget */
	size_t answered_token; /* of the token's share of it */
	/* the answer */
	struct ts_response res;
	enum ts_err err; /* of the refusal or of the handler */
	struct ts_why why;
	enum ts_err expired; /* set with EXPIRED */
	struct ts_buf refusal; /* problem document made on the connection side */
	int status_sent;
	size_t bytes_sent;
	/* times, monotonic */
	int64_t start_us;
	int64_t queued_us;
	int64_t taken_us;
};

struct ts_http {
	struct ts_http_options options;
	const struct ts_config *config;
	struct MHD_Daemon *daemon;
	struct ts_auth *auth;
	struct ts_rate *rate;
	struct ts_queue *queues[TS_CLASS_COUNT];
	struct ts_workers *workers;
	struct ts_buf openapi;
	uint16_t port;
	bool tls;
	bool workers_stuck;
	int listen_fd; /* after quiesce: closed last */
	pthread_t reaper;
	pthread_cond_t reaper_wake;
	atomic_bool draining;
	atomic_bool unready;
	atomic_llong body_bytes;
	atomic_llong answer_bytes;
	atomic_llong reaper_beat_us;
	atomic_llong unsent; /* exchanges held, or answered and not yet sent */
	pthread_mutex_t lock; /* all that follows, and the peers */
	struct ts_peer *peers;
	struct ts_exchange *held;
	size_t peers_n;
	size_t held_n;
	bool closed; /* nothing is held any more */
	bool stopping; /* the reaper ends */
};

/* exchange.c */
struct ts_exchange *ts_exchange_create(struct ts_http *http, struct MHD_Connection *connection,
	struct ts_peer *peer, struct ts_str target); /* NULL without memory */
void ts_exchange_unref(struct ts_exchange *ex);
bool ts_exchange_reserve(struct ts_exchange *ex, size_t bytes); /* from the body budget */
enum ts_err ts_exchange_grow(struct ts_exchange *ex, size_t need) TS_MUST; /* room for the body */
void ts_exchange_count(struct ts_exchange *ex); /* it is owed an answer: a stop waits for it */
/* Suspends and queues; false when the service is stopping: nothing was done. */
bool ts_exchange_hold(struct ts_exchange *ex) TS_MUST;
void ts_exchange_run(void *arg, void *context, enum ts_err err, const struct ts_why *why,
	struct ts_queue_item **items, size_t n); /* ts_worker_jobs.run; arg is the ts_http */
enum ts_err ts_exchange_admit(struct ts_exchange *ex); /* role is checked: rate and flight limits */
/* Answers all held exchanges whose deadline has passed (or all of them). */
void ts_exchange_expire(struct ts_http *http, int64_t mono_us, bool all);
/* Gives err; who lacks the role is told which roles the route takes. */
enum ts_err ts_exchange_refused(struct ts_exchange *ex, enum ts_err err) TS_MUST;

/* intake.c, reply.c: on the connection's thread */
enum MHD_Result ts_intake(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload_data, size_t *upload_data_size,
	void **con_cls);
enum MHD_Result ts_reply_refusal(struct ts_exchange *ex); /* problem of ex->err, ex->why */
enum MHD_Result ts_reply_answer(struct ts_exchange *ex); /* what worker or reaper left */
void ts_reply_log(struct ts_exchange *ex); /* once, when the exchange ends */

/* peer.c */
void ts_peer_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode code);
void ts_peer_arm(struct ts_http *http, struct ts_peer *peer, enum ts_peer_phase phase);
/* More time for a large answer. */
void ts_peer_extend(struct ts_http *http, struct ts_peer *peer, int64_t ms);
struct ts_peer *ts_peer_of(struct MHD_Connection *connection);
enum ts_err ts_reaper_start(struct ts_http *http, struct ts_why *why) TS_MUST;
void ts_reaper_stop(struct ts_http *http);

/* listen.c: HOST:PORT to a listening socket. */
enum ts_err ts_listen_open(
	const char *address, int *fd, uint16_t *port, struct ts_why *why) TS_MUST;

#endif
