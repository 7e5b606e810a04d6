/* SPDX-License-Identifier: Apache-2.0 */
#include "store/outbox.h"

static const struct {
	const char *name, *help;
} events[] = {
#define X(name, wire, help) {wire, help},
#include "store/outbox.def"
#undef X
};

const char *ts_db_event_name(enum ts_db_event event)
{
	return events[event].name;
}

const char *ts_db_event_help(enum ts_db_event event)
{
	return events[event].help;
}

enum ts_err ts_db_outbox_add(struct ts_db *db, int64_t contract_id, enum ts_db_event event,
	int64_t at_us, const char *data, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, contract_id);
	ts_arg_text(&args, ts_db_event_name(event));
	ts_arg_time(&args, at_us);
	ts_arg_text(&args, data);
	return ts_db_query(db, "outbox_add", &args, NULL, why);
}
