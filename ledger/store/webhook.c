/* SPDX-License-Identifier: Apache-2.0 */
#include "store/webhook.h"

static enum ts_err types_arg(struct ts_args *args, struct ts_array *array, const char *types)
{
	struct ts_str rest = ts_str(types);

	while (rest.at != NULL && types[0] != '\0')
		ts_array_str(array, ts_str_cut(&rest, ','));
	return ts_arg_array(args, array);
}

enum ts_err ts_db_webhook_add(struct ts_db *db, const struct ts_db_webhook *webhook,
	const uint8_t secret[TS_DB_WEBHOOK_SECRET_BYTES], struct ts_why *why)
{
	struct ts_array types, contracts, thresholds;
	struct ts_args args;
	enum ts_err err = TS_OK;

	ts_array_init(&types, TS_ARRAY_TEXT);
	ts_array_init(&contracts, TS_ARRAY_I64);
	ts_array_init(&thresholds, TS_ARRAY_I16);
	for (size_t i = 0; i < webhook->thresholds_n; i++)
		ts_array_i16(&thresholds, (int16_t)webhook->thresholds[i]);
	for (size_t i = 0; i < webhook->contracts_n; i++)
		ts_array_i64(&contracts, webhook->contracts[i]);
	ts_args_init(&args);
	ts_arg_i64(&args, webhook->party_id);
	ts_arg_text(&args, webhook->public_id);
	ts_arg_text(&args, webhook->url);
	err = types_arg(&args, &types, webhook->types);
	if (webhook->side < 0)
		ts_arg_null(&args);
	else
		ts_arg_i16(&args, webhook->side);
	if (webhook->all_contracts)
		ts_arg_null(&args);
	else if (err == TS_OK)
		err = ts_arg_array(&args, &contracts);
	ts_arg_bytes(&args, secret, TS_DB_WEBHOOK_SECRET_BYTES);
	ts_arg_time(&args, webhook->created_us);
	if (err == TS_OK)
		err = ts_arg_array(&args, &thresholds);
	if (err == TS_OK)
		err = ts_db_query(db, "webhook_add", &args, NULL, why);
	ts_array_free(&types);
	ts_array_free(&contracts);
	ts_array_free(&thresholds);
	return err;
}

enum ts_err ts_db_webhook_list(struct ts_db *db, int64_t party_id, const char *public_id,
	struct ts_region *region, struct ts_db_webhook **out, size_t *n, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_db_webhook *list = NULL;
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, party_id);
	ts_arg_text(&args, public_id);
	TS_TRY(ts_db_query(db, "webhook_list", &args, &rows, why));
	list = ts_region_array(region, (size_t)rows.n + 1, sizeof *list);
	if (list == NULL)
		return ts_why(why, TS_E_NO_MEMORY, "webhook", "out of memory");
	while (ts_rows_next(&rows)) {
		struct ts_db_webhook *w = &list[rows.row];

		w->party_id = party_id;
		w->webhook_id = ts_row_i64(&rows);
		w->public_id = ts_row_text(&rows, region);
		w->url = ts_row_text(&rows, region);
		w->types = ts_row_text(&rows, region);
		w->side = ts_row_i16(&rows);
		w->all_contracts = ts_row_bool(&rows);
		w->contracts = ts_row_i64s(&rows, region, &w->contracts_n);
		w->state = ts_row_text(&rows, region);
		w->failing_since_us = ts_row_time_or(&rows, 0);
		w->last_error = ts_row_text(&rows, region);
		w->created_us = ts_row_time(&rows);
		w->old_until_us = ts_row_time_or(&rows, 0);
		w->thresholds = ts_row_i64s(&rows, region, &w->thresholds_n);
	}
	*out = list;
	*n = (size_t)rows.n;
	return rows.err;
}

static enum ts_err change(
	struct ts_db *db, const char *query, const struct ts_args *args, struct ts_why *why)
{
	int64_t changed = 0;

	TS_TRY(ts_db_run(db, query, args, &changed, why));
	return changed == 1 ? TS_OK : ts_why(why, TS_E_NOT_FOUND, "webhook", "no such webhook");
}

enum ts_err ts_db_webhook_delete(
	struct ts_db *db, int64_t party_id, int64_t webhook_id, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, party_id);
	ts_arg_i64(&args, webhook_id);
	return change(db, "webhook_delete", &args, why);
}

enum ts_err ts_db_webhook_rotate(struct ts_db *db, int64_t party_id, int64_t webhook_id,
	const uint8_t secret[TS_DB_WEBHOOK_SECRET_BYTES], int64_t old_until_us, struct ts_why *why)
{
	struct ts_args args;

	ts_args_init(&args);
	ts_arg_i64(&args, party_id);
	ts_arg_i64(&args, webhook_id);
	ts_arg_bytes(&args, secret, TS_DB_WEBHOOK_SECRET_BYTES);
	ts_arg_time(&args, old_until_us);
	return change(db, "webhook_rotate", &args, why);
}
