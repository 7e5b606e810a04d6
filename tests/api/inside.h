/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_TESTS_API_INSIDE_H
#define TS_TESTS_API_INSIDE_H
/* Why: settle runs in a worker of the service; here it runs in this process, on the database and
 * with the keys of a service that runs beside it, so that limits and time are the caller's. */
#include "api/service.h"
#include "service/config.h"
#include "service/settle/settle.h"

#define INSIDE_REGION_BYTES ((size_t)256 << 20)

struct inside {
	struct ts_config config;
	struct ts_app app;
	struct ts_session *session;
	struct ts_region *region; /* the configuration's strings */
};

static inline void inside_open(const struct svc *svc, struct inside *in)
{
	struct ts_why why = {"", ""};
	memset(in, 0, sizeof *in);
	in->region = ts_region_create(1u << 20);
	if (in->region == NULL || chdir(svc->dir) != 0) /* paths in t.conf are relative */
		svc_die("folder", svc->dir);
	ts_config_default(&in->config);
	svc_ok(ts_config_load("t.conf", in->region, &in->config, &why), &why);
	svc_ok(ts_keyring_open(in->config.key_dir, &in->app.keyring, &why), &why);
	in->app.config = &in->config;
	svc_ok(ts_session_open(in->config.db_service, &in->session, &why), &why);
}

static inline void inside_close(struct inside *in)
{
	ts_session_close(in->session);
	ts_keyring_close(in->app.keyring);
	ts_region_free(in->region);
}

/* A contract's row by its public id. */
static inline void inside_contract(struct inside *in, const char *id, struct ts_db_contract *row)
{
	struct ts_why why = {"", ""};
	svc_ok(ts_db_contract_find(in->session->db, id, row, &why), &why);
}

/* Region and all: to be freed by the caller (settle->region). */
static inline struct ts_settle inside_settle(struct inside *in, const struct ts_db_contract *row,
	enum ts_settle_kind kind, int32_t period, int64_t now_us)
{
	struct ts_settle s = {.app = &in->app,
		.session = in->session,
		.contract = *row,
		.kind = kind,
		.now_us = now_us,
		.day = INT32_MIN,
		.period = period,
		.region = ts_region_create(INSIDE_REGION_BYTES)};
	if (s.region == NULL)
		svc_die("settle", "out of memory");
	return s;
}

#endif
