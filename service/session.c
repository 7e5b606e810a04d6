/* SPDX-License-Identifier: Apache-2.0 */
#include "service/session.h"
#include "store/ingest.h"
#include "store/tile.h"
#include <stdlib.h>

enum ts_err ts_session_open(const char *conninfo, struct ts_session **out, struct ts_why *why)
{
	struct ts_session *session = calloc(1, sizeof *session);
	if (session == NULL)
		return TS_E_NO_MEMORY;
	enum ts_err err = ts_hasher_init(&session->hasher);
	if (err == TS_OK)
		err = ts_db_open(&(struct ts_db_options){.conninfo = conninfo}, &session->db, why);
	if (err != TS_OK) {
		ts_session_close(session);
		return err;
	}
	*out = session;
	return TS_OK;
}

enum ts_err ts_session_ingest(struct ts_session *session, const char *conninfo, struct ts_why *why)
{
	TS_TRY(ts_ingest_create(&session->ingest));
	return ts_db_open(&(struct ts_db_options){.conninfo = conninfo}, &session->ingest_db, why);
}

void ts_session_close(struct ts_session *session)
{
	if (session == NULL)
		return;
	ts_db_close(session->db);
	ts_db_close(session->ingest_db);
	ts_ingest_free(session->ingest);
	ts_db_lines_free(session->lines);
	ts_hasher_free(&session->hasher);
	free(session);
}
