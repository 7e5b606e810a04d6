/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SERVICE_SESSION_H
#define TS_SERVICE_SESSION_H
/* Why: what a worker owns (one database connection, one hasher) and what all of them share (keys,
 * configuration). A handler reaches both through its request. */
#include "evidence/sha256.h"
#include "service/config.h"
#include "service/key/keyring.h"
#include "service/http/request.h"
#include "store/db.h"

struct ts_settler;
struct ts_courier;
struct ts_ingest;
struct ts_signer_client;
struct ts_checkpoints;
struct ts_db_contract;
struct ts_db_pair;
struct ts_db_lines;
struct ts_witnesser;

struct ts_app {
	const struct ts_config *config;
	struct ts_log *log;
	struct ts_metrics *metrics;
	struct ts_keyring *keyring;
	struct ts_document_key *document_key; /* NULL: PDFs are not signed */
	struct ts_signer_client *signer; /* NULL: a process that signs nothing (a bench) */
	struct ts_checkpoints *checkpoints; /* what this process has recomputed */
	/* Called with every pair of checkpoints that was stored; NULL: nobody waits. */
	void (*on_pair)(struct ts_app *app, const struct ts_db_contract *contract,
		const struct ts_db_pair *pair);
	struct ts_settler *settler;
	_Atomic(struct ts_witnesser *) witnesser; /* NULL: not running */
	struct ts_courier *courier;
	_Atomic int32_t month; /* the usage partitions of it and of the next one exist */
};
struct ts_session {
	struct ts_db *db; /* service role */
	struct ts_db *ingest_db; /* ingest role; NULL but in ingest workers */
	struct ts_ingest *ingest; /* likewise */
	struct ts_hasher hasher;
	struct ts_db_lines *lines; /* of the batch read last; NULL until one is */
};
enum ts_err ts_session_open(
	const char *conninfo, struct ts_session **out, struct ts_why *why) TS_MUST;
/* Adds what an ingest worker has. On failure the session is as it was. */
enum ts_err ts_session_ingest(
	struct ts_session *session, const char *conninfo, struct ts_why *why) TS_MUST;
void ts_session_close(struct ts_session *session); /* NULL is allowed */

static inline struct ts_session *ts_req_session(const struct ts_request *req)
{
	return req->worker;
}
static inline struct ts_app *ts_req_app(const struct ts_request *req)
{
	return req->app;
}

#endif
