/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_DB_SIGNING_H
#define TS_TESTS_DB_SIGNING_H
/* Why: the service's signing pass on the fixture's contracts, with a real signer in a process of
 * its own on a folder of its own. Included once per program, hence static. */
#include "db/fixture.h"
#include "service/publish/checkpoints.h"
#include "service/key/signer.h"
#include "service/key/signer_client.h"
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ts_app app;
static struct ts_session session;
static struct ts_config config;
static char signer_dir[96];
static const char *signing_text = "leaf"; /* leaf i is the text `leaf i` */

static inline struct ts_signer_client *signing_start_signer(void)
{
	struct ts_signer_client *client = NULL;
	struct ts_signer *signer = NULL;
	struct ts_why why = {"", ""};
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		exit(1);
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		if (ts_signer_open(&(struct ts_signer_options){.dir = signer_dir}, &signer, &why) !=
			TS_OK)
			_exit(1);
		_exit(ts_signer_serve(signer, ends[1], -1, &why) == TS_OK ? 0 : 1);
	}
	(void)close(ends[1]);
	if (pid < 0 || ts_signer_client_wrap(ends[0], &client) != TS_OK)
		exit(1);
	return client;
}

/* What a start of the service does: nothing is recomputed yet. */
static inline void signing_restart(void)
{
	ts_checkpoints_free(app.checkpoints);
	app.checkpoints = NULL;
	if (ts_checkpoints_create(&app.checkpoints) != TS_OK)
		exit(1);
}

static inline void signing_start(void)
{
	struct ts_why why = {"", ""};
	fixture_start();
	fixture_connect();
	fixture_contracts();
	snprintf(signer_dir, sizeof signer_dir, "%s/signer", cluster.dir);
	if (mkdir(signer_dir, 0700) != 0)
		exit(1);
	ts_config_default(&config);
	config.domain = "tally.example";
	config.tick_s = 0;
	app = (struct ts_app){.config = &config};
	OK(ts_log_open("/dev/null", "info", &app.log, &why));
	app.signer = signing_start_signer();
	session = (struct ts_session){.db = service};
	if (ts_hasher_init(&session.hasher) != TS_OK)
		exit(1);
	signing_restart();
	for (int i = 0; i < 2; i++)
		for (int log = 0; log < 2; log++) {
			char origin[TS_ORIGIN_MAX + 1], id[48];
			struct ts_key key;
			snprintf(id, sizeof id, "%032d", i);
			OK(ts_origin_log(TS_STR("tally.example"), ts_str(id), (enum ts_log_kind)log,
				origin));
			OK(ts_signer_make(app.signer, ts_str(origin), &key, &why));
		}
}

static inline void signing_stop(void)
{
	int status = -1;
	ts_signer_client_close(app.signer);
	if (wait(&status) < 0 || status != 0)
		print_error("the signer ended with %d\n", status);
	ts_checkpoints_free(app.checkpoints);
	ts_log_close(app.log);
	ts_hasher_free(&session.hasher);
	fixture_disconnect();
}

static inline struct ts_db_contract signing_contract(int i)
{
	struct ts_db_contract contract = {.contract_id = contracts[i]};
	snprintf(contract.public_id, sizeof contract.public_id, "%032d", i);
	return contract;
}

static inline enum ts_err signing_pass(int contract, struct ts_why *why)
{
	const struct ts_db_contract row = signing_contract(contract);
	return ts_checkpoints_sign(&app, &session, &row, TS_CLUSTER_NOW_US, why);
}

struct signing_leaves {
	int contract;
	enum ts_db_lock log;
	int64_t n;
};
#define SIGNING_LEAVES_MAX 10000

static inline enum ts_err signing_append_tx(struct ts_db *db, void *arg, struct ts_why *why)
{
	const struct signing_leaves *a = arg;
	struct ts_hasher hasher; /* of its own: several threads append */
	struct ts_range range;
	int64_t first = 0;
	TS_TRY(ts_db_lock_take(db, contracts[a->contract], a->log, why));
	TS_TRY(ts_hasher_init(&hasher));
	struct ts_db_leaf *leaves = calloc((size_t)a->n, sizeof *leaves);
	char(*texts)[32] = calloc((size_t)a->n, sizeof *texts);
	TS_ASSERT(leaves != NULL && texts != NULL);
	enum ts_err err = ts_db_log_head(db, contracts[a->contract], a->log, &range, NULL, why);
	for (int64_t i = 0; i < a->n && err == TS_OK; i++) {
		int len = snprintf(texts[i], sizeof texts[i], "%s %lld", signing_text,
			(long long)(range.size + i));
		leaves[i] = (struct ts_db_leaf){.data = {texts[i], (size_t)len}};
		ts_hash_leaf(&hasher, texts[i], (size_t)len, &leaves[i].hash);
	}
	if (err == TS_OK)
		err = ts_db_log_append(db, &hasher, contracts[a->contract], a->log, leaves,
			(size_t)a->n, TS_CLUSTER_NOW_US, &first, why);
	ts_hasher_free(&hasher);
	free(texts);
	free(leaves);
	return err;
}

static inline void signing_append(int contract, enum ts_db_lock log, int64_t n)
{
	struct ts_why why = {"", ""};
	while (n > 0) {
		struct signing_leaves a = {
			contract, log, n < SIGNING_LEAVES_MAX ? n : SIGNING_LEAVES_MAX};
		OK(ts_db_tx_contract(service, contracts[contract], signing_append_tx, &a, &why));
		n -= a.n;
	}
}

#endif
