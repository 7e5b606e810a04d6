/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_STORE_AUDIT_EVENT_H
#define TS_STORE_AUDIT_EVENT_H
/* Why: who asked for what, and how it ended; failures too. Append-only. The evidence proper is in
 * the contracts' logs; this is for the operator. */
#include "store/db.h"

struct ts_db_audit_event {
	int64_t party_id; /* 0: the operator */
	int64_t at_us;
	const char *token_id, *action, *target, *outcome;
	const char *request_id; /* NULL: none */
};
enum ts_err ts_db_audit_event_add(
	struct ts_db *db, const struct ts_db_audit_event *event, struct ts_why *why) TS_MUST;

#endif
