/* SPDX-License-Identifier: Apache-2.0 */
#include "store/delivery.h"

/* --- events to deliveries --- */

enum ts_err ts_db_outbox_next(struct ts_db *db, int32_t limit, struct ts_region *region,
	struct ts_db_outbox_row **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_outbox_row *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "outbox_next", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "outbox", "out of memory");
	while (ts_rows_next(&rows)) {
		list[rows.row].contract_id = ts_row_i64(&rows);
		list[rows.row].event_id = ts_row_i64(&rows);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

static void row_args(struct ts_args *args, const struct ts_db_outbox_row *row)
{
	ts_args_init(args);
	ts_arg_i64(args, row->contract_id);
	ts_arg_i64(args, row->event_id);
}

enum ts_err ts_db_outbox_get(struct ts_db *db, const struct ts_db_outbox_row *row,
	struct ts_region *region, struct ts_db_message *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	row_args(&args, row);
	TS_TRY(ts_db_query(db, "outbox_get", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_INTERNAL, "outbox", "an event of the queue is absent");
	out->message_id = ts_row_text(&rows, region);
	out->type = ts_row_text(&rows, region);
	out->at_us = ts_row_time(&rows);
	out->data = ts_row_text(&rows, region);
	out->percent = -1;
	return rows.err;
}

enum ts_err ts_db_outbox_fan(struct ts_db *db, const struct ts_db_outbox_row *row, int64_t party_id,
	int16_t side, const struct ts_db_message *message, const char *body, int64_t now_us,
	struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, party_id);
	ts_arg_i16(&args, side);
	ts_arg_i64(&args, row->contract_id);
	ts_arg_text(&args, message->message_id);
	ts_arg_text(&args, message->type);
	ts_arg_text(&args, body);
	ts_arg_time(&args, now_us);
	if (message->percent < 0)
		ts_arg_null(&args);
	else
		ts_arg_i16(&args, message->percent);
	return ts_db_query(db, "outbox_fan", &args, NULL, why);
}

enum ts_err ts_db_outbox_done(
	struct ts_db *db, const struct ts_db_outbox_row *row, struct ts_why *why)
{
	struct ts_args args;

	row_args(&args, row);
	return ts_db_query(db, "outbox_done", &args, NULL, why);
}

enum ts_err ts_db_delivery_add(struct ts_db *db, int64_t party_id, int64_t webhook_id,
	const struct ts_db_message *message, const char *body, int64_t now_us, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, party_id);
	ts_arg_i64(&args, webhook_id);
	ts_arg_text(&args, message->message_id);
	ts_arg_text(&args, message->type);
	ts_arg_text(&args, body);
	ts_arg_time(&args, now_us);
	return ts_db_query(db, "delivery_add", &args, NULL, why);
}

/* --- deliveries that are due --- */

enum ts_err ts_db_delivery_claim(struct ts_db *db, int64_t now_us, int64_t lease_us, int32_t limit,
	int64_t per_endpoint, struct ts_region *region, struct ts_db_due **out, size_t *n,
	struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_due *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_time(&args, now_us);
	ts_arg_time(&args, lease_us);
	ts_arg_i32(&args, limit);
	ts_arg_i64(&args, per_endpoint);
	TS_TRY(ts_db_query(db, "delivery_claim", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "delivery", "out of memory");
	while (ts_rows_next(&rows)) {
		list[rows.row].delivery_id = ts_row_i64(&rows);
		list[rows.row].party_id = ts_row_i64(&rows);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

enum ts_err ts_db_delivery_get(struct ts_db *db, const struct ts_db_due *due, int64_t now_us,
	struct ts_region *region, struct ts_db_delivery *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, due->party_id);
	ts_arg_i64(&args, due->delivery_id);
	ts_arg_time(&args, now_us);
	TS_TRY(ts_db_query(db, "delivery_get", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_INTERNAL, "delivery", "a delivery of the queue is absent");
	out->party_id = due->party_id;
	out->delivery_id = ts_row_i64(&rows);
	out->webhook_id = ts_row_i64(&rows);
	out->message_id = ts_row_text(&rows, region);
	out->body = ts_row_text(&rows, region);
	out->attempts = ts_row_i32(&rows);
	out->created_us = ts_row_time(&rows);
	out->url = ts_row_text(&rows, region);
	out->secret = ts_row_copy(&rows, region);
	out->old_secret = ts_row_copy(&rows, region);
	out->enabled = ts_str_is(ts_row_str(&rows), "enabled");
	out->failing_since_us = ts_row_time_or(&rows, 0);
	return rows.err;
}

static enum ts_err record_endpoint(struct ts_db *db, const struct ts_db_delivery *delivery,
	const struct ts_db_attempt *attempt, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, delivery->party_id);
	ts_arg_i64(&args, delivery->webhook_id);
	if (attempt->outcome == TS_DB_OUTCOME_DELIVERED)
		return ts_db_query(db, "webhook_worked", &args, NULL, why);
	if (attempt->outcome == TS_DB_OUTCOME_DROPPED)
		return TS_OK;
	ts_arg_time(&args, attempt->now_us);
	ts_arg_text(&args, attempt->error);
	ts_arg_bool(&args, attempt->disable);
	return ts_db_query(db, "webhook_failed", &args, NULL, why);
}

enum ts_err ts_db_delivery_record(struct ts_db *db, const struct ts_db_delivery *delivery,
	const struct ts_db_attempt *attempt, struct ts_why *why)
{
	static const char *const states[] = {"delivered", "waiting", "failed", "dropped"};
	bool again = attempt->outcome == TS_DB_OUTCOME_AGAIN;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, delivery->party_id);
	ts_arg_i64(&args, delivery->delivery_id);
	ts_arg_text(&args, states[attempt->outcome]);
	ts_arg_time(&args, attempt->now_us);
	ts_arg_i32(&args, attempt->status);
	ts_arg_text(&args, attempt->error);
	TS_TRY(ts_db_query(db, "delivery_attempt", &args, NULL, why));
	TS_TRY(record_endpoint(db, delivery, attempt, why));
	ts_args_init(&args);
	ts_arg_i64(&args, delivery->delivery_id);
	if (again)
		ts_arg_time(&args, attempt->next_us);
	return ts_db_query(db, again ? "delivery_later" : "delivery_over", &args, NULL, why);
}

enum ts_err ts_db_delivery_list(struct ts_db *db, int64_t party_id, int64_t webhook_id,
	int64_t before, int32_t limit, struct ts_region *region, struct ts_db_delivery_row **out,
	size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_delivery_row *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, party_id);
	ts_arg_i64(&args, webhook_id);
	ts_arg_i64(&args, before);
	ts_arg_i32(&args, limit);
	TS_TRY(ts_db_query(db, "delivery_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "delivery", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_delivery_row *d = &list[rows.row];

		d->delivery_id = ts_row_i64(&rows);
		d->message_id = ts_row_text(&rows, region);
		d->type = ts_row_text(&rows, region);
		d->created_us = ts_row_time(&rows);
		d->state = ts_row_text(&rows, region);
		d->attempts = ts_row_i32(&rows);
		d->last_us = ts_row_time_or(&rows, 0);
		d->last_status = ts_row_i32_or(&rows, 0);
		d->last_error = ts_row_text(&rows, region);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}
