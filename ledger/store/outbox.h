/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_OUTBOX_H
#define TS_STORE_OUTBOX_H
/* Why: what both companies of a contract are told. An event is a row that is written in the
 * transaction of its cause, so that none is lost and none is of something that did not happen; a
 * thread hands it to the companies' webhooks later (store/webhook.h). Append-only. */
#include "store/db.h"

enum ts_db_event {
#define X(name, wire, help) TS_DB_EVENT_##name,
#include "store/outbox.def"
#undef X
	TS_DB_EVENT_COUNT
};
const char *ts_db_event_name(enum ts_db_event event); /* "stream.quarantined" */
const char *ts_db_event_help(enum ts_db_event event);

/* data: a JSON object. Within a transaction of the contract (or of the ingest role). */
enum ts_err ts_db_outbox_add(struct ts_db *db, int64_t contract_id, enum ts_db_event event,
	int64_t at_us, const char *data, struct ts_why *why) TS_MUST;

#endif
