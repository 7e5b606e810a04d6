/* SPDX-License-Identifier: Apache-2.0 */
#include "store/idempotency.h"

static void args_key(struct ts_args *args, const struct ts_db_idempotency *id)
{
	ts_args_init(args);
	ts_arg_i64(args, id->party_id);
	ts_arg_i64(args, id->contract_id);
	ts_arg_text(args, id->method);
	ts_arg_text(args, id->path);
	ts_arg_str(args, id->key);
}

static enum ts_err stored_answer(struct ts_db *db, const struct ts_db_idempotency *id,
	struct ts_region *region, struct ts_db_answer *out, struct ts_why *why)
{
	__attribute__((cleanup(ts_rows_cleanup))) struct ts_rows rows = {0};
	struct ts_hash fingerprint;
	struct ts_args args;

	args_key(&args, id);
	TS_TRY(ts_db_query(db, "idempotency_get", &args, &rows, why));
	if (!ts_rows_next(&rows))
		return ts_why(why, TS_E_INTERNAL, "Idempotency-Key", "the row is not visible");
	ts_row_hash(&rows, &fingerprint);
	TS_TRY(rows.err);
	if (!ts_hash_eq(&fingerprint, &id->fingerprint))
		return ts_why(why, TS_E_KEY_REUSED, "Idempotency-Key",
			"the key was used for another request");
	if (ts_row_is_null(&rows)) /* only this very transaction can see it so */
		return ts_why(
			why, TS_E_IN_FLIGHT, "Idempotency-Key", "the request is being processed");
	out->status = ts_row_i32(&rows);
	out->content_type = ts_row_text(&rows, region);
	out->body = ts_row_copy(&rows, region);
	return rows.err;
}

enum ts_err ts_db_idempotency_reserve(struct ts_db *db, const struct ts_db_idempotency *id,
	struct ts_region *region, bool *found, struct ts_db_answer *out, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;
	enum ts_err err = TS_OK;

	args_key(&args, id);
	ts_arg_hash(&args, &id->fingerprint);
	err = ts_db_run(db, "idempotency_reserve", &args, &changed, why);
	if (err == TS_E_RETRY) /* waited for the first request as long as lock_timeout lets us */
		return ts_why(
			why, TS_E_IN_FLIGHT, "Idempotency-Key", "the request is being processed");
	TS_TRY(err);
	*found = changed == 0;
	return *found ? stored_answer(db, id, region, out, why) : TS_OK;
}

enum ts_err ts_db_idempotency_answer(struct ts_db *db, const struct ts_db_idempotency *id,
	const struct ts_db_answer *answer, struct ts_why *why)
{
	struct ts_args args;
	int64_t changed = 0;

	args_key(&args, id);
	ts_arg_i32(&args, answer->status);
	ts_arg_text(&args, answer->content_type);
	ts_arg_bytes(&args, answer->body.at == NULL ? "" : answer->body.at, answer->body.len);
	TS_TRY(ts_db_run(db, "idempotency_answer", &args, &changed, why));
	return changed == 1
		       ? TS_OK
		       : ts_why(why, TS_E_INTERNAL, "Idempotency-Key", "the key is not reserved");
}
