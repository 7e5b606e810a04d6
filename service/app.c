/* SPDX-License-Identifier: Apache-2.0 */
#include "service/app.h"
#include "base/time.h"
#include "service/key/document_key.h"
#include "service/publish/checkpoints.h"
#include "service/clock.h"
#include "service/courier/courier.h"
#include "service/session.h"
#include "service/settle/settle.h"
#include "service/key/signer_client.h"
#include "service/witness/witnesser.h"
#include "store/migrate.h"
#include "store/token.h"
#include "store/usage.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Usage is stored by month received: a month's partition is made when the one before begins. */
static enum ts_err months_ensure(struct ts_app *app, struct ts_db *db, struct ts_why *why)
{
	int32_t month = ts_month_of_day((int32_t)(ts_clock_now_us() / TS_US_PER_DAY));
	if (atomic_load(&app->month) == month)
		return TS_OK;
	TS_TRY(ts_db_partition_ensure(db, month, why));
	TS_TRY(ts_db_partition_ensure(db, month + 1, why));
	atomic_store(&app->month, month);
	return TS_OK;
}

enum ts_err ts_app_open(const struct ts_config *config, struct ts_signer_client *signer,
	struct ts_log *log, struct ts_metrics *metrics, struct ts_app **out, struct ts_why *why)
{
	struct ts_app *app = calloc(1, sizeof *app);
	struct ts_session *probe = NULL;
	if (app == NULL)
		return TS_E_NO_MEMORY;
	app->config = config;
	app->log = log;
	app->metrics = metrics;
	app->signer = signer;
	ts_signer_client_log(signer, log);
	enum ts_err err = ts_checkpoints_create(&app->checkpoints);
	if (err == TS_OK)
		err = ts_keyring_open(config->key_dir, &app->keyring, why);
	if (err == TS_OK && config->document_cert[0] != '\0')
		err = ts_document_key_load(
			config->document_cert, config->document_key, &app->document_key, why);
	if (err == TS_OK)
		err = ts_session_open(config->db_service, &probe, why);
	if (err == TS_OK)
		err = months_ensure(app, probe->db, why);
	ts_session_close(probe);
	if (err != TS_OK) {
		ts_app_close(app);
		return err;
	}
	*out = app;
	return TS_OK;
}

void ts_app_close(struct ts_app *app)
{
	if (app == NULL)
		return;
	ts_document_key_free(app->document_key);
	ts_keyring_close(app->keyring);
	ts_checkpoints_free(app->checkpoints);
	free(app);
}

static enum ts_err worker_open(void *arg, enum ts_class cls, void **worker, struct ts_why *why)
{
	const struct ts_app *app = arg;
	struct ts_session *session = NULL;
	TS_TRY(ts_session_open(app->config->db_service, &session, why));
	enum ts_err err = cls == TS_CLASS_INGEST
				  ? ts_session_ingest(session, app->config->db_ingest, why)
				  : TS_OK;
	if (err != TS_OK) {
		ts_session_close(session);
		return err;
	}
	*worker = session;
	return TS_OK;
}

static void worker_close(void *arg, void *worker)
{
	(void)arg;
	ts_session_close(worker);
}

/* Keeps the connections, or gets new ones, while nobody waits for them. */
static void worker_idle(void *arg, void *worker)
{
	struct ts_app *app = arg;
	struct ts_session *session = worker;
	struct ts_why why = {0};
	/* A lost connection is what the next request meets and is told. */
	if (session->ingest_db != NULL && ts_db_ping(session->ingest_db, &why) != TS_OK)
		return;
	if (ts_db_ping(session->db, &why) != TS_OK)
		return;
	enum ts_err err = months_ensure(app, session->db, &why);
	if (err != TS_OK)
		ts_log_err(app->log, TS_LOG_ERROR, "partition", err, &why);
}

static enum ts_err lookup(
	void *arg, void *worker, const char *id, struct ts_token *out, struct ts_why *why)
{
	struct ts_session *session = worker;
	struct ts_db_token row;
	(void)arg;
	TS_TRY(ts_db_token_find(session->db, id, &row, why));
	*out = (struct ts_token){.not_after_us = row.not_after_us, .revoked = row.revoked};
	memcpy(out->hash, row.hash, sizeof out->hash);
	struct ts_principal *who = &out->principal;
	memcpy(who->token_id, row.id, sizeof who->token_id);
	who->role = (enum ts_role)row.role;
	who->party_id = row.party_id;
	memcpy(who->party, row.party_domain, sizeof who->party);
	who->all_contracts = row.all_contracts;
	who->contracts_n = row.contracts_n;
	memcpy(who->contracts, row.contracts, sizeof who->contracts);
	return TS_OK;
}

struct ts_worker_hooks ts_app_hooks(struct ts_app *app)
{
	return (struct ts_worker_hooks){.app = app,
		.open = worker_open,
		.close = worker_close,
		.idle = worker_idle,
		.lookup = lookup};
}

static enum ts_err database_ready(void *arg, struct ts_why *why)
{
	struct ts_app *app = arg;
	struct ts_session *session = NULL;
	TS_TRY(ts_session_open(app->config->db_service, &session, why));
	enum ts_err err = months_ensure(app, session->db, why);
	ts_session_close(session);
	return err;
}

static enum ts_err signer_ready(void *arg, struct ts_why *why)
{
	const struct ts_app *app = arg;
	return ts_signer_check(app->signer, why);
}

static enum ts_err witnesses_ready(void *arg, struct ts_why *why)
{
	const struct ts_app *app = arg;
	return ts_witnesser_ready(app->witnesser, why);
}

size_t ts_app_checks(struct ts_app *app, struct ts_ready_check checks[TS_APP_CHECKS_MAX])
{
	checks[0] = (struct ts_ready_check){"database", database_ready, app};
	checks[1] = (struct ts_ready_check){"signer", signer_ready, app};
	checks[2] = (struct ts_ready_check){"witnesses", witnesses_ready, app};
	return 3;
}

enum ts_err ts_app_run(struct ts_app *app, struct ts_why *why)
{
	TS_TRY(ts_courier_start(app, &app->courier, why));
	enum ts_err err = ts_witnesser_start(app, why);
	if (err == TS_OK)
		err = ts_settler_start(app, &app->settler, why);
	if (err != TS_OK)
		ts_app_halt(app);
	return err;
}

void ts_app_halt(struct ts_app *app)
{
	ts_settler_stop(app->settler);
	app->settler = NULL;
	ts_witnesser_stop(app);
	ts_courier_stop(app->courier);
	app->courier = NULL;
}
