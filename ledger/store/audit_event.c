/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit_event.h"

enum ts_err ts_db_audit_event_add(
	struct ts_db *db, const struct ts_db_audit_event *event, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, event->party_id);
	ts_arg_time(&args, event->at_us);
	ts_arg_text(&args, event->token_id);
	ts_arg_text(&args, event->action);
	ts_arg_text(&args, event->target);
	ts_arg_text(&args, event->outcome);
	ts_arg_text(&args, event->request_id);
	return ts_db_query(db, "audit_event_add", &args, NULL, why);
}
